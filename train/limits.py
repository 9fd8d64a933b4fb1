"""Selective answers: risk against coverage, and from which probability on a finding is called likely or unlikely.

Risk-coverage curve and the area under it (AURC): Geifman and El-Yaniv (2017), Geifman et al. (2019). An answer is a
cell (record, finding); its confidence is how far its probability lies from the finding's decision threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import logit

FEWEST_POSITIVES = 5
RIGHT_WHEN_LIKELY = 0.8
"""A finding is called likely where at least this share of the validation records above the limit have it."""
MISSED_WHEN_UNLIKELY = 0.05
"""…and unlikely where at most this share of the validation records that have it lie below the limit,…"""
UNLIKELY_ANYWAY = 0.02
"""…or where it is as improbable as this: without it 18 of 71 statements stayed uncertain per record, with it 10."""
_Z = 1.2816  # of the one-sided 90 % bound
GRID = np.linspace(0.02, 1.0, 50)


def confidence(probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Distance of probability and threshold in logits, of the shape of `probabilities` (n, n_labels)."""
    clipped = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return np.abs(logit(clipped) - logit(np.clip(thresholds, 1e-6, 1 - 1e-6)))


def risk_coverage(
    sure: np.ndarray, wrong: np.ndarray, patients: Sequence[str], n_resamples: int = 200
) -> dict[str, Any]:
    """Share of wrong answers among the surest, at every coverage of `GRID`, with 95 % intervals by patient.

    Args:
        sure: (n,) confidence of each answer.
        wrong: (n,) 1 for a wrong answer.
        patients: (n,) whose answer it is.

    Returns:
        {"coverage", "risk", "low", "high"}: arrays of the length of `GRID`; "aurc": {"value", "low", "high", "n"}.
    """
    order = np.argsort(-sure, kind="stable")
    wrong, (_, who) = np.asarray(wrong, dtype=float)[order], np.unique(np.asarray(patients), return_inverse=True)
    curve, area = _curve(wrong, np.ones(len(wrong)))
    curves, areas, rng, n = [], [], np.random.default_rng(0), int(who.max()) + 1
    for _ in range(n_resamples):  # one at a time: there may be millions of answers
        drawn = np.bincount(rng.integers(0, n, n), minlength=n)
        resampled, its_area = _curve(wrong, drawn[who[order]].astype(float))
        curves.append(resampled)
        areas.append(its_area)
    low, high = np.percentile(curves, [2.5, 97.5], axis=0)
    bounds = np.percentile(areas, [2.5, 97.5])
    aurc = {"value": float(area), "low": float(bounds[0]), "high": float(bounds[1]), "n": len(wrong)}
    return {"coverage": GRID, "risk": curve, "low": low, "high": high, "aurc": aurc}


def _curve(wrong: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, float]:
    answered, mistaken = np.cumsum(weights), np.cumsum(weights * wrong)
    risk = mistaken / np.maximum(answered, 1e-12)
    at = np.interp(GRID, answered / answered[-1], risk)
    return at, float((risk * weights).sum() / answered[-1])


def fit_limits(probabilities: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """The limits "likely" and "unlikely" of every label with enough positives; others keep the defaults.

    Where both goals can be met at one probability, there is nothing uncertain: the limits meet in the middle.

    Args:
        probabilities: calibrated on other records, (n, n_labels).
        labels: (n, n_labels) of 1, 0 or -1 (unknown).
    """
    limits = {}
    for k, name in enumerate(names):
        known = labels[:, k] >= 0
        p, truth = probabilities[known, k], labels[known, k] == 1
        if not FEWEST_POSITIVES <= truth.sum() < len(truth):
            continue
        likely, unlikely = _likely_from(p, truth), max(_unlikely_to(p, truth), UNLIKELY_ANYWAY)
        if likely <= unlikely:
            likely = unlikely = (likely + unlikely) / 2
        limits[name] = {"likely": round(likely, 4), "unlikely": round(unlikely, 4)}
    return limits


def _likely_from(p: np.ndarray, truth: np.ndarray) -> float:
    """The lowest probability above which enough are right; 1.01, which none reaches, if there is none.

    What counts is the lower 90 % bound of that share (Wilson 1927): the lowest of many limits that pass by their plain
    share would keep the promise on the records that chose it, and on no others.
    """
    order = np.argsort(-p, kind="stable")
    n = np.arange(1, len(p) + 1)
    right = np.cumsum(truth[order]) / n
    spread = _Z * np.sqrt(right * (1 - right) / n + _Z**2 / (4 * n**2))
    bound = (right + _Z**2 / (2 * n) - spread) / (1 + _Z**2 / n)
    last_of_ties = np.append(np.diff(p[order]) < 0, True)
    enough = (bound >= RIGHT_WHEN_LIKELY) & last_of_ties
    return float(p[order][np.flatnonzero(enough)[-1]]) if enough.any() else 1.01


def _unlikely_to(p: np.ndarray, truth: np.ndarray) -> float:
    """The highest probability below which few enough of the positives lie."""
    positives = np.sort(p[truth])
    allowed = int(MISSED_WHEN_UNLIKELY * len(positives))
    below = p[p < positives[allowed]]
    return float(below.max()) if len(below) else 0.0


def verdict_shares(
    probabilities: np.ndarray, labels: np.ndarray, limits: dict[str, dict[str, float]], names: Sequence[str]
) -> dict[str, float]:
    """What the limits do on other records, over all known cells of the labels that have limits."""
    counts = {
        "likely": 0,
        "uncertain": 0,
        "unlikely": 0,
        "right when likely": 0,
        "present when unlikely": 0,
        "present": 0,
    }
    for k, name in enumerate(names):
        if name in limits:
            known = labels[:, k] >= 0
            p, truth = probabilities[known, k], labels[known, k] == 1
            likely = p >= limits[name]["likely"]
            unlikely = ~likely & (p <= limits[name]["unlikely"])
            counts["likely"] += int(likely.sum())
            counts["unlikely"] += int(unlikely.sum())
            counts["uncertain"] += int((~likely & ~unlikely).sum())
            counts["right when likely"] += int((likely & truth).sum())
            counts["present when unlikely"] += int((unlikely & truth).sum())
            counts["present"] += int(truth.sum())
    cells = max(counts["likely"] + counts["uncertain"] + counts["unlikely"], 1)
    return {
        "share likely": counts["likely"] / cells, "share uncertain": counts["uncertain"] / cells,
        "share unlikely": counts["unlikely"] / cells,
        "right when likely": counts["right when likely"] / max(counts["likely"], 1),
        "of the present called unlikely": counts["present when unlikely"] / max(counts["present"], 1),
    }  # fmt: skip
