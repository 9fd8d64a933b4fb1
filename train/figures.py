"""The figures of an evaluation, each with its number of records and 95 % intervals by bootstrap over patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anyecg.findings import CODES, HEAD_LABELS, SUPERCLASS_NAMES, SUPERCLASSES
from anyecg.metrics import (
    Interval,
    expected_calibration_error,
    interval_iou,
    macro_auroc,
    mean_with_interval,
    patient_weights,
)

from .limits import confidence, risk_coverage

Heads = Mapping[str, np.ndarray]
"""What `evaluate_heads.heads_of` returns."""
GROUPS = {"superclasses": tuple(f"super:{name}" for name in SUPERCLASSES), "statements": CODES}
N_BINS = 10
FEWEST_PATIENTS = 5
"""An interval by resampling fewer patients would promise what it cannot hold."""
_GRID = np.linspace(0, 1, 101)
_RESAMPLES = 200


def interval(value: Mapping[str, Any]) -> str:
    """ "0.912 (0.901-0.923)", no interval with fewer than `FEWEST_PATIENTS`, or a dash without a value."""
    if value.get("value") is None:
        return "–"
    if value.get("low") is None or value.get("patients", FEWEST_PATIENTS) < FEWEST_PATIENTS:
        return f"{value['value']:.3f}"
    return f"{value['value']:.3f} ({value['low']:.3f}-{value['high']:.3f})"


def roc_curves(heads: Heads, path: Path) -> None:
    """ROC of every superclass with its AUROC; the bands are 95 % intervals of sensitivity."""
    figure, axes = _figure(5.2, 5.2)
    for name in SUPERCLASSES:
        p, truth, patients = _known(heads, f"super:{name}")
        if not 0 < truth.sum() < len(truth):
            continue
        area = macro_auroc(p[:, None], truth[:, None], patients=patients)
        curve = sensitivity_at(p, truth, np.ones((1, len(p))))[0]
        low, high = np.percentile(sensitivity_at(p, truth, patient_weights(patients, _RESAMPLES)), [2.5, 97.5], axis=0)
        label = f"{SUPERCLASS_NAMES[name]}: {interval(area)}, {truth.sum()} of {len(p)}"
        (line,) = axes.plot(_GRID, curve, label=label, linewidth=1.5)
        axes.fill_between(_GRID, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.7, linestyle=":")
    axes.set(
        xlabel="1 − specificity",
        ylabel="sensitivity",
        title=f"ROC of the superclasses, n = {len(heads['patients'])} records",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    if len(axes.lines) > 1:
        axes.legend(fontsize=7, loc="lower right", title="AUROC (95 % interval), positives of n", title_fontsize=7)
    else:
        axes.text(0.5, 0.4, "no superclass is both present and absent here", ha="center", fontsize=8)
    figure.savefig(path)


def sensitivity_at(p: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sensitivity at the false positive rates 0, 0.01, …, 1 under each row of weights (n_resamples, n)."""
    order = np.argsort(-p, kind="stable")
    last_of_ties = np.append(np.diff(p[order]) < 0, True)
    w, positive = weights[:, order], truth[order].astype(float)
    hits, alarms = np.cumsum(w * positive, axis=1), np.cumsum(w * (1 - positive), axis=1)
    curves = [
        np.interp(_GRID, np.append(0, fp / max(fp[-1], 1e-12)), np.append(0, tp / max(tp[-1], 1e-12)))
        for tp, fp in zip(hits[:, last_of_ties], alarms[:, last_of_ties], strict=True)
    ]
    return np.array(curves)


def reliability(heads: Heads, path: Path) -> dict[str, dict[str, Any]]:
    """Observed against stated frequency, above how many cells each bin holds; returns the ECE of each group."""
    figure, (axes, counts) = _figure(5.2, 6.2, rows=2)
    errors, patients = {}, heads["patients"].tolist()
    for name, labels in GROUPS.items():
        p, truth, known = _cells(heads, labels)
        if not known.any():
            continue
        sums = _binned(p, truth, known)
        n, stated, seen = (part.sum(axis=0) for part in sums)
        filled = n > 0
        weights = patient_weights(patients, _RESAMPLES)
        with np.errstate(invalid="ignore", divide="ignore"):
            resampled = (weights @ sums[2][:, filled]) / (weights @ sums[0][:, filled])
        low, high = np.nanpercentile(resampled, [2.5, 97.5], axis=0)
        x, y = stated[filled] / n[filled], seen[filled] / n[filled]
        errors[name] = expected_calibration_error(p, truth, known, patients)
        spread = np.abs(np.stack([y - low, high - y]))
        title = f"{name}: ECE {interval(errors[name])}, {int(n.sum())} cells"
        axes.errorbar(x, y, yerr=spread, marker="o", markersize=3, capsize=2, linewidth=1, label=title)
        counts.step(np.linspace(0, 1, N_BINS + 1), np.append(n, n[-1]), where="post", label=name)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.7, linestyle=":")
    records = len(heads["patients"])
    axes.set(ylabel="observed frequency", title=f"Calibrated probabilities, n = {records} records")
    axes.legend(fontsize=7, loc="upper left")
    counts.set(xlabel="stated probability", ylabel="cells", yscale="log")
    figure.savefig(path)
    return errors


def _cells(heads: Heads, labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, truth, and where it is known, (n_records, n_labels); labels of one kind only are not known."""
    columns = [HEAD_LABELS.index(label) for label in labels]
    p, truth = heads["probabilities"][:, columns].astype(float), heads["labels"][:, columns]
    two_sided = (truth == 1).any(axis=0) & (truth == 0).any(axis=0)
    return p, truth == 1, (truth >= 0) & two_sided


def _binned(p: np.ndarray, truth: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Per record and bin of probability: cells, sum of probabilities, positives; (3, n_records, n_bins)."""
    place = np.minimum((p * N_BINS).astype(int), N_BINS - 1)
    sums = np.zeros((3, len(p), N_BINS))
    for k in range(N_BINS):
        here = known & (place == k)
        sums[:, :, k] = here.sum(axis=1), (p * here).sum(axis=1), (truth & here).sum(axis=1)
    return sums


def risk_coverage_curves(heads: Heads, path: Path) -> dict[str, dict[str, Any]]:
    """Accuracy against the share answered, abstaining where the probability is near its limit; returns the AURC."""
    figure, axes = _figure(5.2, 4.2)
    areas = {}
    for name, labels in GROUPS.items():
        p, truth, known = _cells(heads, labels)
        limits = heads["thresholds"][[HEAD_LABELS.index(label) for label in labels]]
        if not known.any():
            continue
        wrong = ((p >= limits) != truth)[known]
        who = np.broadcast_to(np.asarray(heads["patients"])[:, None], known.shape)[known]
        curve = risk_coverage(confidence(p, limits)[known], wrong, list(who), 100)
        areas[name] = curve["aurc"]
        label = f"{name}: AURC {curve['aurc']['value']:.4f} ({curve['aurc']['low']:.4f}-{curve['aurc']['high']:.4f})"
        (line,) = axes.plot(curve["coverage"], 1 - curve["risk"], label=f"{label}, {known.sum()} answers")
        axes.fill_between(
            curve["coverage"], 1 - curve["high"], 1 - curve["low"], color=line.get_color(), alpha=0.15, linewidth=0
        )
    title = f"Abstaining when unsure, n = {len(heads['patients'])} records"
    axes.set(xlabel="share of findings answered", ylabel="accuracy of the answers", title=title, xlim=(0, 1))
    axes.legend(fontsize=7, loc="lower left")
    figure.savefig(path)
    return areas


def iou_histogram(
    said: Mapping[str, Sequence[Sequence[Interval]]],
    gold: Sequence[Sequence[Interval]],
    patients: Sequence[str],
    path: Path,
) -> dict[str, dict[str, Any]]:
    """How well places overlap where there is something to find, per system; returns the mean IoU of each."""
    present = [k for k, places in enumerate(gold) if places]
    figure, axes = _figure(5.2, 3.6)
    means, values, names = {}, [], []
    for system, places in said.items():
        overlap = [interval_iou(places[k], gold[k]) or 0.0 for k in present]
        means[system] = mean_with_interval(overlap, [patients[k] for k in present])
        values.append(overlap)
        names.append(f"{system}: mean {interval(means[system])}")
    axes.hist(values, bins=np.linspace(0, 1, 11).tolist(), label=names)
    title = f"Overlap of places, n = {len(present)} excerpts with the event"
    axes.set(xlabel="intersection over union", ylabel="excerpts", title=title)
    axes.legend(fontsize=7)
    figure.savefig(path)
    return means


def lines_with_bands(
    rows: Sequence[tuple[str, Mapping[str, Mapping[str, Any]]]], path: Path, title: str, ylabel: str
) -> None:
    """One line per series over named conditions, with error bars; `rows` are (condition, {series: figure})."""
    figure, axes = _figure(6.4, 4.0)
    names = list(dict.fromkeys(name for _, figures in rows for name in figures))
    for place, series in enumerate(names):
        here = [(k, figures[series]) for k, (_, figures) in enumerate(rows) if _has_value(figures.get(series))]
        aside = 0.05 * (place - (len(names) - 1) / 2)  # so that error bars do not hide each other
        x, y = [k + aside for k, _ in here], np.array([f["value"] for _, f in here])
        spread = np.abs(np.array([[f["value"] - f["low"], f["high"] - f["value"]] for _, f in here]).reshape(-1, 2).T)
        axes.errorbar(x, y, yerr=spread, marker="o", markersize=3, capsize=2, label=series)
    axes.set_xticks(range(len(rows)), [name for name, _ in rows], fontsize=7, rotation=20, ha="right")
    axes.set(title=title, ylabel=ylabel)
    axes.legend(fontsize=7)
    figure.savefig(path)


def _has_value(figure: Mapping[str, Any] | None) -> bool:
    return figure is not None and figure.get("value") is not None


def _known(heads: Heads, label: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    column = HEAD_LABELS.index(label)
    known = heads["labels"][:, column] >= 0
    truth = (heads["labels"][known, column] == 1).astype(int)
    return heads["probabilities"][known, column].astype(float), truth, list(np.asarray(heads["patients"])[known])


def _figure(width: float, height: float, rows: int = 1) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=130, layout="constrained")
    ratios = {"height_ratios": [4, 1]} if rows == 2 else None
    return figure, figure.subplots(rows, 1, sharex=rows > 1, gridspec_kw=ratios)
