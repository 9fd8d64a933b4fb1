"""Turn head logits into probabilities and decisions, on validation records: Platt scaling and F1-best thresholds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import logit

from anyecg.conversation import record_from_row
from anyecg.events import MEASURED_KIND
from anyecg.evidence import gather
from anyecg.findings import EVENT_KINDS, HEAD_LABELS
from anyecg.modeling_anyecg import AnyEcgForConditionalGeneration

from .assemble import load_model, save_model
from .collator import EvidenceCollator
from .data import EvidenceDataset, rows_of, tables
from .limits import fit_limits
from .measured import measured_table

FEWEST = 5  # positives below which a label takes the scaling of all labels together
MOST_EVENT_STEPS = 200_000
FEWEST_JOINED = 40
"""Positives from which on a label weighs encoder and measured head by itself."""
CALLED_FROM = (0.3, 0.5)
"""Bounds of a finding's decision threshold: a report may not state what is far more likely absent, whatever F1 says."""
LONG_S = 30.0  # records longer than this carry annotated beats
FEWEST_BEATS = 80
SAME_BEAT_S = 0.15


def head_scores(
    model: AnyEcgForConditionalGeneration, dataset: EvidenceDataset, batch_size: int = 64
) -> dict[str, np.ndarray]:
    """Logits and targets of both heads over a dataset.

    Returns:
        findings_logits and findings_labels (n, num_findings), event_logits and event_labels (n_steps, num_kinds).
    """
    extractor = dataset.extractor
    patch = round(extractor.sampling_rate * extractor.patch_s)
    collate = EvidenceCollator(patch, extractor.patch_s, seed=0, augmented=False)
    found: dict[str, list[np.ndarray]] = {}
    model.eval()
    for first in range(0, len(dataset), batch_size):
        batch = collate(dataset.rows[first : first + batch_size])
        labels, events = batch.pop("findings_labels"), batch.pop("event_labels")
        with torch.no_grad():
            encoded: Any = model.encode(**batch)
        exists = batch["patch_times"] >= 0
        for name, value in (
            ("findings_logits", encoded.findings_logits),
            ("findings_labels", labels),
            ("event_logits", encoded.event_logits[exists]),
            ("event_labels", events[exists]),
        ):
            found.setdefault(name, []).append(value.float().numpy())
    return {name: np.concatenate(parts) for name, parts in found.items()}


def logistic(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Non-negative weights per feature, then the shift, that minimise the log loss.

    Targets are smoothed against over-confidence as in Platt (1999).

    Args:
        features: (n, k).
        labels: (n,), 1 or 0.
    """
    positives, negatives = (labels == 1).sum(), (labels == 0).sum()
    targets = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    columns = np.column_stack([features, np.ones(len(features))])

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        z = columns @ x
        error = 1 / (1 + np.exp(-z)) - targets
        return float(np.mean(np.logaddexp(0, z) - targets * z)), columns.T @ error / len(z)

    start = np.append(np.ones(features.shape[1]), 0.0)
    bounds = [(0.05, 10.0)] * features.shape[1] + [(-10.0, 10.0)]
    return minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x


def platt(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Scale and shift of logits that minimise the log loss (Platt 1999)."""
    scale, shift = logistic(logits[:, None], labels)
    return float(scale), float(shift)


def best_threshold(probabilities: np.ndarray, labels: np.ndarray, within: tuple[float, float] = (0.05, 0.95)) -> float:
    """The probability above which calling the label gives the highest F1, between two bounds."""
    order = np.argsort(-probabilities)
    hits = np.cumsum(labels[order] == 1)
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + (labels == 1).sum())
    return float(np.clip(probabilities[order][int(np.argmax(f1))], *within))


def fit(
    logits: np.ndarray, labels: np.ndarray, names: tuple[str, ...], within: tuple[float, float] = (0.05, 0.95)
) -> dict[str, dict[str, float]]:
    """Scale, shift and threshold per name; `positives` says on how many the fit rests."""
    known = labels >= 0
    common = platt(logits[known], labels[known]) if known.any() else (1.0, 0.0)
    fitted = {}
    for k, name in enumerate(names):
        here = known[:, k]
        positives = int((labels[here, k] == 1).sum())
        enough = FEWEST <= positives < here.sum()
        scale, shift = platt(logits[here, k], labels[here, k]) if enough else common
        threshold = 0.5
        if enough:
            probabilities = 1 / (1 + np.exp(-(scale * logits[here, k] + shift)))
            threshold = best_threshold(probabilities, labels[here, k], within)
        values = {"scale": scale, "shift": shift, "threshold": threshold}
        fitted[name] = {key: round(value, 4) for key, value in values.items()} | {"positives": positives}
    return fitted


def fit_findings(logits: np.ndarray, measured: np.ndarray | None, labels: np.ndarray) -> dict[str, Any]:
    """The finding head's calibration: "findings", and "joined" where there is a measured head.

    Thresholds and the limits of "likely" and "unlikely" rest on what is said in the end.

    Args:
        logits: (n, num_findings) of the encoder.
        measured: the same of the measured head, NaN where it says nothing; None without one.
        labels: (n, num_findings), 1, 0 or -1.
    """
    fitted = fit(logits, labels, HEAD_LABELS, CALLED_FROM)
    scale, shift = (np.array([fitted[name][key] for name in HEAD_LABELS]) for key in ("scale", "shift"))
    odds = logits * scale + shift
    found: dict[str, Any] = {}
    if measured is not None and (both := np.isfinite(measured).all(axis=1)).any():
        found["joined"] = join(logits[both], measured[both], labels[both])
        weights = {key: [found["joined"][name][key] for name in HEAD_LABELS] for key in ("scale", "measured", "shift")}
        odds[both] = logits[both] * weights["scale"] + measured[both] * weights["measured"] + weights["shift"]
    probabilities = 1 / (1 + np.exp(-odds))
    limits = fit_limits(probabilities, labels, HEAD_LABELS)
    for k, name in enumerate(HEAD_LABELS):
        known = labels[:, k] >= 0
        if FEWEST <= fitted[name]["positives"] < known.sum():
            called = best_threshold(probabilities[known, k], labels[known, k], CALLED_FROM)
            fitted[name]["threshold"] = round(called, 4)
    return found | {"findings": {name: fitted[name] | limits.get(name, {}) for name in HEAD_LABELS}}


def join(logits: np.ndarray, measured: np.ndarray, labels: np.ndarray) -> dict[str, dict[str, float]]:
    """Per label the weights of both heads and the shift; a rare label takes the proportion that all labels have."""
    known = labels >= 0
    common = logistic(np.column_stack([logits[known], measured[known]]), labels[known])
    joined = {}
    for k, name in enumerate(HEAD_LABELS):
        here = known[:, k]
        positives = int((labels[here, k] == 1).sum())
        weights = common
        if FEWEST <= positives < here.sum():
            both = np.column_stack([logits[here, k], measured[here, k]])
            if positives >= FEWEST_JOINED:
                weights = logistic(both, labels[here, k])
            else:
                scale, shift = platt(both @ common[:2], labels[here, k])
                weights = np.append(scale * common[:2], shift)
        keys = ("scale", "measured", "shift")
        joined[name] = {key: round(float(value), 4) for key, value in zip(keys, weights, strict=True)}
    return joined


def fit_beats(model: Any, extractor: Any, rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Per kind of beat that the measurements call, too: how to join both, fitted on annotated beats of long records."""
    said: dict[str, list[np.ndarray]] = {}
    for row in rows:
        evidence = gather(model, extractor, record_from_row(row))
        beats = evidence.measurements["beats"]
        times = np.array([beat["time_s"] for beat in beats])
        for kind, letter in MEASURED_KIND.items():
            if kind in row["known_events"] and len(beats):
                middles = [(e["start_s"] + e["end_s"]) / 2 for e in row["events"] if e["kind"] == kind]
                away = np.abs(times[:, None] - np.array([*middles, np.inf])).min(axis=1)
                agrees = [beat["kind"] == letter for beat in beats]
                odds = logit(np.clip(evidence.at_peaks(kind), 1e-6, 1 - 1e-6))
                said.setdefault(kind, []).append(np.column_stack([odds, agrees, away <= SAME_BEAT_S]))
    fitted = {}
    for kind, parts in said.items():
        table = np.concatenate(parts)
        if table[:, 2].sum() >= FEWEST_BEATS:
            scale, measured, shift = logistic(table[:, :2], table[:, 2])
            p = 1 / (1 + np.exp(-(table[:, :2] @ [scale, measured] + shift)))
            values = {"scale": scale, "measured": measured, "shift": shift, "threshold": best_threshold(p, table[:, 2])}
            fitted[kind] = {key: round(float(value), 4) for key, value in values.items()}
    return fitted


def measured_scores(model: Any, table: Mapping[str, np.ndarray], records: Sequence[str]) -> np.ndarray:
    """Logits of the measured head for each of these records, NaN for one that the table lacks: (n, num_findings)."""
    with torch.inference_mode():
        logits = model.model.measured_head(torch.from_numpy(table["values"])).float().numpy()
    place = {name: k for k, name in enumerate(table["records"].tolist())}
    missing = np.full(logits.shape[1], np.nan, dtype=np.float32)
    return np.stack([logits[place[name]] if name in place else missing for name in records])


def calibrate(
    folder: Path, data: list[Path], sources: list[str] | None = None, cache: Path | None = None, processes: int = 1
) -> str:
    """Fit on the validation records of these sources (all by default) and keep the result in the model's config.

    Args:
        folder: the model.
        data: folders that data_builders wrote.
        sources: of the records.
        cache: where a measured head's numbers are kept; beside the model by default.
        processes: for measuring.

    Raises:
        ValueError: when there is no such record.
    """
    model, processor = load_model(folder)
    dataset = EvidenceDataset(data, "valid", processor.feature_extractor)
    dataset.rows = [row for row in dataset.rows if not sources or row["source"] in sources]
    if not dataset.rows:
        raise ValueError(f"no validation record is of the sources {', '.join(sources or [])}.")
    scores = head_scores(model, dataset)
    stride = max(1, len(scores["event_logits"]) // MOST_EVENT_STEPS)
    measured = None
    if model.model.measured_head is not None:
        files = [f for f in tables(data, "records", "valid") if not sources or f.stem.rsplit("-", 2)[0] in sources]
        table = measured_table(files, cache or folder.parent / "measured", processes)
        measured = measured_scores(model, table, [row["record_id"] for row in dataset.rows])
    calibration: dict[str, Any] = fit_findings(scores["findings_logits"], measured, scores["findings_labels"])
    calibration["events"] = fit(scores["event_logits"][::stride], scores["event_labels"][::stride], EVENT_KINDS)
    model.config.calibration = calibration
    rows = (row for row in rows_of(tables(data, "records", "valid")) if not sources or row["source"] in sources)
    long = (row for row in rows if row["n_samples"] / row["sampling_rate"] > LONG_S)
    calibration["beats"] = fit_beats(model, processor.feature_extractor, long)
    save_model(model, processor, folder)
    return json.dumps({"validation_excerpts": len(dataset), "labels": len(calibration["findings"])})
