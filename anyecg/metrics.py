"""Scores of findings, texts, intervals and answers, on plain arrays, strings and intervals.

Scores keep one value per record, so that a 95 % interval can be drawn by resampling patients: a statistic
takes weights (n_resamples, n_records), how often each record was drawn, and gives one value per resample.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

Interval = tuple[float, float]
"""Start and end in seconds."""
Statistic = Callable[[np.ndarray], np.ndarray]
_LEAST = 1e-12


# ---- resampling


def patient_weights(patients: Sequence[str], n_resamples: int = 1000, seed: int = 0) -> np.ndarray:
    """How often each record is drawn when patients are drawn with replacement: (n_resamples, n_records)."""
    _, patient_of_record = np.unique(np.asarray(patients), return_inverse=True)
    n_patients = int(patient_of_record.max()) + 1
    drawn = np.random.default_rng(seed).integers(0, n_patients, size=(n_resamples, n_patients))
    counts = np.stack([np.bincount(row, minlength=n_patients) for row in drawn])
    return counts[:, patient_of_record].astype(np.float64)


def with_interval(
    statistic: Statistic, patients: Sequence[str], n_resamples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """A statistic and its 95 % interval by patient: {"value", "low", "high", "n", "patients"}; None where undefined."""
    n = len(patients)
    if n == 0:
        return {"value": None, "low": None, "high": None, "n": 0, "patients": 0}
    value = float(statistic(np.ones((1, n)))[0])
    resampled = statistic(patient_weights(patients, n_resamples, seed))
    resampled = resampled[np.isfinite(resampled)]
    low, high = np.percentile(resampled, [2.5, 97.5]) if resampled.size else (np.nan, np.nan)
    found = {"value": _or_none(value), "low": _or_none(float(low)), "high": _or_none(float(high)), "n": n}
    return found | {"patients": len(set(patients))}


def mean_with_interval(values: Sequence[float], patients: Sequence[str], n_resamples: int = 1000) -> dict[str, Any]:
    """The mean of one value of 0 to 1 per record, with its interval by patient.

    Where all are 0, or all 1, resampling finds no spread; the exact binomial bound for so many patients stands instead.
    """
    column = np.asarray(values, dtype=np.float64)
    found = with_interval(lambda w: _ratio(w @ column, w.sum(axis=1)), patients, n_resamples)
    if len(column) and (column == 1).all():
        return found | {"low": 0.025 ** (1 / found["patients"])}
    if len(column) and (column == 0).all():
        return found | {"high": 1 - 0.025 ** (1 / found["patients"])}
    return found


# ---- findings from scores


def auroc_per_label(scores: np.ndarray, targets: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
    """Area under the ROC curve of every label by torchmetrics; NaN without a positive or a negative.

    Args:
        scores: (n_records, n_labels), probabilities.
        targets: (n_records, n_labels), 0 or 1.
        known: (n_records, n_labels), False where the truth is missing; such cells do not count.
    """
    import torch
    from torchmetrics.functional.classification import binary_auroc

    known = np.ones(targets.shape, dtype=bool) if known is None else known.astype(bool)
    areas = np.full(targets.shape[1], np.nan)
    for label in range(targets.shape[1]):
        rows = known[:, label]
        truth = targets[rows, label].astype(np.int64)
        if 0 < truth.sum() < len(truth):
            column = np.ascontiguousarray(scores[rows, label], dtype=np.float64)
            areas[label] = float(binary_auroc(torch.from_numpy(column), torch.from_numpy(truth)))
    return areas


def macro_auroc(
    scores: np.ndarray,
    targets: np.ndarray,
    known: np.ndarray | None = None,
    patients: Sequence[str] | None = None,
    n_resamples: int = 500,
) -> dict[str, Any]:
    """Mean AUROC over the labels that have both classes, with its interval by patient and what was left out.

    Returns:
        {"value", "low", "high", "n", "n_labels", "per_label"}; per_label holds NaN for labels left out.
    """
    areas = auroc_per_label(scores, targets, known)
    scored = np.flatnonzero(np.isfinite(areas))
    value = float(areas[scored].mean()) if scored.size else None
    found: dict[str, Any] = {"value": value, "low": None, "high": None, "n": len(targets)}
    if scored.size and patients is not None:
        bounds = with_interval(macro_auroc_of(scores, targets, known), patients, n_resamples)
        found |= {key: bounds[key] for key in ("low", "high", "patients")}
    return found | {"n_labels": int(scored.size), "per_label": areas}


def macro_auroc_of(scores: np.ndarray, targets: np.ndarray, known: np.ndarray | None = None) -> Statistic:
    """Mean AUROC over the labels with both classes, as a statistic of weights; arguments as in `macro_auroc`."""
    mask = np.ones(targets.shape, dtype=bool) if known is None else known.astype(bool)
    held = (mask & (targets == 1)).any(axis=0) & (mask & (targets != 1)).any(axis=0)

    def statistic(weights: np.ndarray) -> np.ndarray:
        areas = [_weighted_auroc(scores[:, k], targets[:, k], weights * mask[:, k]) for k in np.flatnonzero(held)]
        columns = np.stack(areas) if areas else np.full((1, len(weights)), np.nan)
        present = np.isfinite(columns)
        return _ratio(np.where(present, columns, 0.0).sum(axis=0), present.sum(axis=0))

    return statistic


def _weighted_auroc(scores: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUROC under each row of weights (n_resamples, n_records); ties count half."""
    order = np.argsort(scores, kind="stable")
    positive, w = targets[order].astype(np.float64), weights[:, order]
    _, group = np.unique(scores[order], return_inverse=True)
    first = np.searchsorted(group, group)  # where the ties of each record begin
    last = np.searchsorted(group, group, side="right")
    below = np.concatenate([np.zeros((len(w), 1)), np.cumsum(w * (1 - positive), axis=1)], axis=1)
    wins = (w * positive * (below[:, first] + below[:, last]) / 2).sum(axis=1)
    return _ratio(wins, (w @ positive) * (w @ (1 - positive)))


def expected_calibration_error(
    probabilities: np.ndarray,
    targets: np.ndarray,
    known: np.ndarray | None = None,
    patients: Sequence[str] | None = None,
    n_bins: int = 15,
) -> dict[str, Any]:
    """Mean gap between stated probability and observed frequency over all known cells, in bins of equal width.

    Resampled records have larger gaps than the records themselves, so the interval keeps the width that resampling
    gives and is moved around the value.

    Returns:
        {"value", "low", "high", "n", "cells"}; n counts records with a known cell.
    """
    mask = np.ones(targets.shape, dtype=bool) if known is None else known.astype(bool)
    mask, p, t = (part.reshape(len(part), -1) for part in (mask, probabilities, targets))
    place = np.minimum((p * n_bins).astype(int), n_bins - 1)
    gaps = np.stack([((p - t) * (mask & (place == k))).sum(axis=1) for k in range(n_bins)], axis=1)  # (n, n_bins)
    cells = mask.sum(axis=1)
    found = with_interval(lambda w: _ratio(np.abs(w @ gaps).sum(axis=1), w @ cells), _patients(patients, len(p)))
    if found["value"] is not None:
        half = (found["high"] - found["low"]) / 2
        found |= {"low": max(found["value"] - half, 0.0), "high": found["value"] + half}
    return found | {"n": int((cells > 0).sum()), "cells": int(cells.sum())}


# ---- label sets


def label_f1(
    predicted: Sequence[Collection[str]],
    gold: Sequence[Collection[str]],
    patients: Sequence[str] | None = None,
    labels: Collection[str] | None = None,
) -> dict[str, Any]:
    """Precision, recall and F1 of label sets: micro over all cells, macro over the labels in `gold`.

    Args:
        predicted, gold: one set of labels per record.
        patients: one id per record, for the 95 % intervals; None makes every record its own patient.
        labels: count only these; None counts every label met on either side.
    """
    wanted = set(labels) if labels is not None else {label for row in (*predicted, *gold) for label in row}
    names = sorted(wanted)
    p = np.array([[name in row for name in names] for row in predicted], dtype=float).reshape(len(gold), len(names))
    g = np.array([[name in row for name in names] for row in gold], dtype=float).reshape(len(gold), len(names))
    hits, stated, true = (p * g).sum(axis=1), p.sum(axis=1), g.sum(axis=1)
    who = _patients(patients, len(gold))
    return {
        "micro_f1": with_interval(lambda w: _ratio(2 * w @ hits, w @ (stated + true)), who),
        "precision": with_interval(lambda w: _ratio(w @ hits, w @ stated), who),
        "recall": with_interval(lambda w: _ratio(w @ hits, w @ true), who),
        "macro_f1": with_interval(_macro_f1(p, g), who),
    }


def macro_f1_at_thresholds(
    probabilities: np.ndarray,
    targets: np.ndarray,
    thresholds: np.ndarray,
    known: np.ndarray | None = None,
    patients: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Macro F1 over labels with a positive, at thresholds (n_labels,) that were fixed on other records."""
    mask = np.ones(targets.shape, dtype=bool) if known is None else known.astype(bool)
    stated, true = ((probabilities >= thresholds) & mask).astype(float), (targets.astype(bool) & mask).astype(float)
    found = with_interval(_macro_f1(stated, true), _patients(patients, len(true)))
    return found | {"n": int(mask.any(axis=1).sum())}


def _macro_f1(stated: np.ndarray, true: np.ndarray) -> Statistic:
    """Mean F1 of the columns (n_records, n_labels) that hold a true one among the records drawn."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        held = weights @ true > 0
        f1 = _ratio(2 * weights @ (stated * true), weights @ (stated + true))
        return _ratio(np.where(held, f1, 0).sum(axis=1), held.sum(axis=1))

    return statistic


def _patients(patients: Sequence[str] | None, n_records: int) -> Sequence[str]:
    return patients if patients is not None else [str(k) for k in range(n_records)]


# ---- intervals


def merge_intervals(intervals: Sequence[Interval], gap_s: float = 0.0) -> list[Interval]:
    """Sort intervals and join those that overlap or lie at most `gap_s` apart."""
    merged: list[Interval] = []
    for start, end in sorted((float(s), float(e)) for s, e in intervals):
        if merged and start <= merged[-1][1] + gap_s:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def interval_iou(predicted: Sequence[Interval], gold: Sequence[Interval]) -> float | None:
    """Intersection over union of the merged intervals; None when both are empty (a "not present" case)."""
    a, b = merge_intervals(predicted), merge_intervals(gold)
    if not a and not b:
        return None
    both = sum(max(0.0, min(e, f) - max(s, t)) for s, e in a for t, f in b)
    either = sum(e - s for s, e in a) + sum(f - t for t, f in b) - both
    return both / max(either, _LEAST)


def match_events(
    predicted: Sequence[Interval], gold: Sequence[Interval], tolerance_s: float = 0.15
) -> tuple[int, int, int]:
    """Count (found, invented, missed) events; a pair matches when start and end both lie in tolerance.

    Each event matches once, in order of time, so a repeated answer counts as invented.
    """
    waiting = sorted(gold)
    found = 0
    for start, end in sorted(predicted):
        near = [g for g in waiting if abs(g[0] - start) <= tolerance_s + 1e-9 and abs(g[1] - end) <= tolerance_s + 1e-9]
        if near:
            waiting.remove(near[0])
            found += 1
    return found, len(predicted) - found, len(gold) - found


def localization_scores(
    predicted: Sequence[Sequence[Interval]],
    gold: Sequence[Sequence[Interval]],
    patients: Sequence[str],
    tolerance_s: float = 0.15,
) -> dict[str, Any]:
    """IoU and event F1 where the finding is present, and apart from them the accuracy of "not present".

    Returns:
        {"iou", "event_f1"}: over records where `gold` is not empty; {"not_present_accuracy"}: over the rest;
        {"present_accuracy"}: how often a present finding is said to be present at all.
    """
    present = [k for k, events in enumerate(gold) if events]
    absent = [k for k, events in enumerate(gold) if not events]
    counts = np.array([match_events(predicted[k], gold[k], tolerance_s) for k in present], dtype=float).reshape(-1, 3)

    def f1(weights: np.ndarray) -> np.ndarray:
        found, invented, missed = (weights @ counts).T
        return _ratio(2 * found, 2 * found + invented + missed)

    who = [patients[k] for k in present]
    return {
        "iou": mean_with_interval([interval_iou(predicted[k], gold[k]) or 0.0 for k in present], who),
        "event_f1": with_interval(f1, who),
        "present_accuracy": mean_with_interval([float(bool(predicted[k])) for k in present], who),
        "not_present_accuracy": mean_with_interval(
            [float(not predicted[k]) for k in absent], [patients[k] for k in absent]
        ),
    }


def _ratio(top: np.ndarray | float, bottom: np.ndarray | float) -> np.ndarray:
    """top / bottom, NaN where bottom is 0."""
    top, bottom = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    return np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, np.nan), where=bottom > _LEAST)


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
