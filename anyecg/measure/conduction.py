"""Atrioventricular block of second and third degree, from the times of P waves and QRS complexes.

The definitions are those of the 2018 ACC/AHA/HRS guideline on bradycardia and conduction delay (Kusumoto et al.,
Circulation 2019, table 3). Nothing is said unless the P waves march: a train of regular P waves must explain nearly all
waves found, and be seen nearly everywhere it can be seen. So fibrillation, flutter, blocked premature beats and noise
give no block, at the price of missing some.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ATRIAL_RATE = (40.0, 135.0)
"""Per minute; faster atria (atrial tachycardia, flutter) conduct every second wave without a diseased node."""
ON_TIME = 0.12
"""A P wave comes within this share of the cycle of where it is expected: an earlier one is premature."""
HIDDEN_S = (-0.12, 0.40)
"""Around the R peak a P wave may be hidden by QRS complex and T wave; elsewhere it must be seen."""
SEEN, EXPLAINED = 0.85, 0.75
"""Share of the places in plain sight that hold a P wave; share of the waves found that lie in the train."""
FEWEST = 5
PR_S = (0.09, 0.50)
"""Middle of the P wave to R peak of a conducted beat."""
LOST_SEEN = 0.7
"""Share of the P waves without a QRS complex that must be seen, where the others are conducted."""
CONSTANT_PR_S = 0.03
"""Standard deviation of the intervals from P to R that are still the same."""
LENGTHENS_S = 0.05
"""Wenckebach: the PR interval before the dropped beat exceeds the one after it by this."""
ESCAPE_BPM = 62.0
"""Escape rhythms under complete block are no faster (junctional 40-60 per minute)."""
ESCAPE_CV = 0.06
"""Their RR intervals vary less than this."""


@dataclass(frozen=True)
class AtrialTrain:
    """P waves that march through a recording."""

    times_s: np.ndarray
    """Every P wave of the train, seen or hidden."""
    seen: np.ndarray
    """(n,) bool."""
    cycle_s: float


def av_block(peaks_s: np.ndarray, p_s: np.ndarray) -> tuple[str, float, float] | None:
    """Name the block in an excerpt of some 10 to 60 s.

    Args:
        peaks_s: R peaks of the excerpt in seconds.
        p_s: all P waves (`p_wave_times`).

    Returns:
        (kind, start, end) in seconds, or None where none is shown.
    """
    train = find_train(peaks_s, p_s)
    if train is None:
        return None
    inside = peaks_s[(peaks_s > train.times_s[0]) & (peaks_s < train.times_s[-1] + PR_S[1])]
    if len(inside) < 3:
        return None
    kind = _kind(inside, train)
    return None if kind is None else (kind, float(train.times_s[0]), float(inside[-1]))


def find_train(peaks_s: np.ndarray, p_s: np.ndarray) -> AtrialTrain | None:
    """The regular P waves, those hidden in QRS complexes and T waves filled in; None when they do not march."""
    if len(p_s) < FEWEST or len(peaks_s) < 3:
        return None
    steps = np.concatenate([np.diff(p_s), p_s[2:] - p_s[:-2], np.diff(p_s) / 2])
    steps = np.unique(np.round(steps[(steps > 60 / ATRIAL_RATE[1]) & (steps < 60 / ATRIAL_RATE[0])], 2))
    hidden = _hidden(peaks_s)
    best, best_score = None, 0.0
    for cycle in steps[:: max(len(steps) // 12, 1)].tolist():
        for first in p_s[:3].tolist():
            train, score = _march(p_s, first, cycle, hidden)
            if score > best_score:
                best, best_score = train, score
    return best


def _hidden(peaks_s: np.ndarray):
    """A test: is this time within a QRS complex or T wave?"""

    def test(times: np.ndarray) -> np.ndarray:
        k = np.searchsorted(peaks_s, times + abs(HIDDEN_S[0]), side="right") - 1
        since = times - peaks_s[np.maximum(k, 0)]
        return (k >= 0) & (since > HIDDEN_S[0]) & (since < HIDDEN_S[1])

    return test


def _march(p_s: np.ndarray, first: float, cycle: float, hidden) -> tuple[AtrialTrain | None, float]:
    """Step from P to P, following slow changes of the cycle; the score is high when every wave is met."""
    times, seen, step = [first], [True], cycle
    while times[-1] + step < p_s[-1] + 0.5 * step:
        expected = times[-1] + step
        nearest = float(p_s[np.abs(p_s - expected).argmin()])
        met = abs(nearest - expected) < ON_TIME * step
        if met and seen[-1]:
            step += 0.3 * (nearest - times[-1] - step)
        times.append(nearest if met else expected)
        seen.append(met)
    at, was_seen = np.array(times), np.array(seen)
    plain = ~hidden(at)
    n = int(was_seen.sum())
    in_sight = float(was_seen[plain].mean()) if plain.any() else 0.0
    explained = n / int((p_s > first - 0.01).sum())
    if n < FEWEST or in_sight < SEEN or explained < EXPLAINED or first > p_s[0] + 2.5 * cycle or n < 0.6 * len(at):
        return None, 0.0
    return AtrialTrain(at, was_seen, float(np.median(np.diff(at)))), n * in_sight * explained * n / len(at)


def _kind(peaks_s: np.ndarray, train: AtrialTrain) -> str | None:
    """Which block the order of P waves and QRS complexes shows."""
    p = train.times_s
    owner = np.searchsorted(p, peaks_s - PR_S[0], side="right") - 1  # the last P wave that can have led to each R peak
    peaks_s, owner = peaks_s[owner >= 0], owner[owner >= 0]
    if len(peaks_s) < 3:
        return None
    pr, rr, atria = peaks_s - p[owner], np.diff(peaks_s), np.diff(owner)
    dropped = atria - 1
    if dropped.max(initial=0) < 1 or dropped.min(initial=0) < 0:
        return _dissociated(pr, rr, atria, train)
    if np.any(pr > PR_S[1]) or pr.std() > 0.15:
        return _dissociated(pr, rr, atria, train)
    if np.all(atria >= 2):
        if pr.std() > CONSTANT_PR_S or _lost_seen(owner, train) < LOST_SEEN:
            return _dissociated(pr, rr, atria, train)
        return "2:1 AV block" if np.mean(atria == 2) > 0.7 else "high-grade AV block"
    third = _dissociated(pr, rr, atria, train)
    return third or _second_degree(pr, owner, dropped, train)


def _lost_seen(owner: np.ndarray, train: AtrialTrain) -> float:
    """Share of the P waves between two conducted ones that are seen, not only expected."""
    between = np.setdiff1d(np.arange(owner[0], owner[-1]), owner)
    return float(train.seen[between].mean()) if len(between) else 0.0


def _dissociated(pr: np.ndarray, rr: np.ndarray, atria: np.ndarray, train: AtrialTrain) -> str | None:
    """Complete block: a slow regular escape rhythm, faster atria, P waves at every distance from the QRS complex."""
    slow = 60 / rr.mean() < ESCAPE_BPM and rr.std() < ESCAPE_CV * rr.mean()
    faster = atria.mean() > 1.15
    angle = 2 * np.pi * pr / train.cycle_s
    spread = float(np.abs(np.exp(1j * angle).mean()))
    if slow and faster and len(rr) >= 3 and spread < 0.75 and np.ptp(pr) > 0.2:
        return "third-degree AV block"
    return None


def _second_degree(pr: np.ndarray, owner: np.ndarray, dropped: np.ndarray, train: AtrialTrain) -> str | None:
    """Single P waves that are not conducted, the others being: Mobitz 1 or 2."""
    at = np.flatnonzero(dropped == 1)
    if dropped.max() > 2 or not len(at) or _lost_seen(owner, train) < LOST_SEEN:
        return None
    if dropped.max() == 2:
        return "high-grade AV block" if pr.std() < CONSTANT_PR_S else None
    change = pr[at] - pr[at + 1]
    if np.median(change) > LENGTHENS_S and np.mean(change > 0) > 0.8:
        return "second-degree AV block (Mobitz 1)"
    if pr.std() < CONSTANT_PR_S and np.abs(change).max() < CONSTANT_PR_S:
        return "second-degree AV block (Mobitz 2)"
    return None
