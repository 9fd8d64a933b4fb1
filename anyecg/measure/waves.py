"""Find onset, peak and end of P, QRS and T on a beat seen in all leads at once.

A small convolutional network reads the curves of `features` (which are blind to the number of leads) and gives, for
each fiducial, a probability over time; `fit.py` made its 6,000 weights from LUDB's training records. Thresholds on the
spatial velocity and the trapezium's area, tried first and tuned on the same records, came close for the QRS complex
(standard deviation of the onset 8 ms against 7 ms on unseen records) but not for the end of T (37 ms against 14 ms).
All fiducials stand in one time frame, so that the onset is the earliest and the end the latest of the leads.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from .average import RATE, AverageBeat
from .features import STEP, features

WEIGHTS = Path(__file__).parent / "waves.npz"
PRESENT = 0.5
"""Probability from which a P or T wave is taken to be there."""
LATEST_QRS_ON_S, LATEST_QRS_OFF_S = 0.16, 0.26
"""No QRS begins earlier before, or ends later after, its R peak."""
NEIGHBOURS = 5
"""The time is the mean over this many steps (4 ms) on either side of the most probable one."""


@dataclass(frozen=True)
class Waves:
    """Fiducial points in samples at 500 Hz; None where the wave was not found."""

    p_on: float | None
    p_peak: float | None
    p_off: float | None
    qrs_on: float
    r_peak: float
    qrs_off: float
    t_on: float | None
    t_peak: float | None
    t_off: float | None
    p_probability: float
    t_probability: float

    def times(self) -> tuple[float | None, ...]:
        """The nine fiducials in order."""
        p, t = (self.p_on, self.p_peak, self.p_off), (self.t_on, self.t_peak, self.t_off)
        return (*p, self.qrs_on, self.r_peak, self.qrs_off, *t)


def ms(value: float) -> int:
    """Milliseconds to samples at 500 Hz."""
    return round(value * RATE / 1000)


def wave_times(average: AverageBeat) -> Waves:
    """Delineate the representative beat."""
    curves = features(average.signal, average.r, average.rr_s, average.rr_after_s)
    return find_waves(curves[None], average.r)[0]


def find_waves(curves: np.ndarray, r: int) -> list[Waves]:
    """Delineate beats.

    Args:
        curves: `features` of each beat, shape (n_beats, n_curves, n_steps).
        r: sample of the R peak in all of them.
    """
    scores, absent = _network(curves)
    return [_decode(score, absent, r) for score in scores]


@cache
def _weights() -> dict[str, np.ndarray]:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def _network(curves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores of each fiducial over time, (n_beats, 8, n_steps), and those of "there is no P", "there is no T"."""
    w = _weights()
    hidden = np.maximum(_convolve(curves, w["near.weight"], w["near.bias"], 2), 0)
    hidden = hidden + np.maximum(_convolve(hidden, w["far.weight"], w["far.bias"], 6), 0)
    return _convolve(hidden, w["out.weight"], w["out.bias"], 1), w["absent"]


def _convolve(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, dilation: int) -> np.ndarray:
    """One-dimensional convolution with zeros around, as torch.nn.Conv1d; x is (n_beats, n_in, n_steps)."""
    n, taps = x.shape[2], weight.shape[2]
    padded = np.pad(x, ((0, 0), (0, 0), (dilation * (taps // 2),) * 2))
    out = bias[None, :, None] + weight[:, :, 0] @ padded[:, :, :n]
    for k in range(1, taps):
        out += weight[:, :, k] @ padded[:, :, k * dilation : k * dilation + n]
    return out


def _decode(scores: np.ndarray, absent: np.ndarray, r: int) -> Waves:
    """Pick the fiducials in the order QRS, T, P, each where the ones before it allow."""
    n, at_r = scores.shape[1], r // STEP
    qrs_on = _pick(scores[3], at_r - ms(1000 * LATEST_QRS_ON_S) // STEP, at_r + 1)
    qrs_off = _pick(scores[4], max(at_r, int(qrs_on) + 6), at_r + ms(1000 * LATEST_QRS_OFF_S) // STEP)
    p_probability = _probability(scores[1, : int(qrs_on)], absent[0])
    t_probability = _probability(scores[6, int(qrs_off) + 1 :], absent[1])
    p = _wave(scores[:3], 0, int(qrs_on) + 1) if p_probability >= PRESENT else (None, None, None)
    t = _wave(scores[5:8], int(qrs_off) + 1, n) if t_probability >= PRESENT else (None, None, None)
    p_on, p_peak, p_off = (None if v is None else STEP * v for v in p)
    t_on, t_peak, t_off = (None if v is None else STEP * v for v in t)
    q_on, q_off = STEP * qrs_on, STEP * qrs_off
    return Waves(p_on, p_peak, p_off, q_on, float(r), q_off, t_on, t_peak, t_off, p_probability, t_probability)


def _wave(scores: np.ndarray, first: int, last: int) -> tuple[float, float, float] | tuple[None, None, None]:
    """Peak, then onset before and end after it; a wave needs room."""
    if last - first < 10:
        return None, None, None
    peak = _pick(scores[1], first + 3, last - 3)
    return _pick(scores[0], first, int(peak)), peak, _pick(scores[2], int(peak) + 1, last)


def _pick(scores: np.ndarray, first: int, last: int) -> float:
    """Most probable step in [first, last), refined by the mean around it."""
    first, last = max(first, 0), min(max(last, first + 1), len(scores))
    first = min(first, last - 1)
    best = first + int(scores[first:last].argmax())
    low, high = max(best - NEIGHBOURS, first), min(best + NEIGHBOURS + 1, last)
    weight = np.exp(scores[low:high] - scores[best])
    return float(weight @ np.arange(low, high) / weight.sum())


def _probability(scores: np.ndarray, absent: float) -> float:
    """Probability that the wave is somewhere rather than nowhere."""
    if not len(scores):
        return 0.0
    top = float(scores.max())
    anywhere = top + float(np.log(np.exp(scores - top).sum()))
    return float(1 / (1 + np.exp(np.clip(absent - anywhere, -60, 60))))
