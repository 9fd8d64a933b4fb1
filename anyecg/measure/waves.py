"""Find onset, peak and end of P, QRS and T on a beat, over all leads and in each lead.

A convolutional network reads the curves of `features`: the same layers run over every lead, each lead seeing also the
curves of all leads together, and what they find is pooled (mean and maximum over the leads) for the global fiducials.
For each fiducial it gives a probability over time; `fit.py` made its weights. One set of weights serves any leads.

What the times mean is what the cardiologists of LUDB marked (see `ludb.reference`): a global onset is the second
earliest of twelve leads, an end the second latest, all in one time frame. They mark the QRS complex widely, from the
first deviation off the PR level to where the ST segment is steady: the global QRS of LUDB's training records has a
median of 112 ms (94 ms in a single lead; the lowest tenth of the records is below 98 ms), and a threshold at 9 % of the
spatial velocity reads 27 ms less. QRS durations here follow LUDB, so a normal one is about 100-110 ms where an
electrocardiograph that cuts at a slope threshold prints 90-95 ms.
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
LATEST_QRS_ON_STEPS, LATEST_QRS_OFF_STEPS = 40, 65
"""No QRS begins earlier than 160 ms before, or ends later than 260 ms after, its R peak."""
NEIGHBOURS = (18, 8, 18, 12, 12, 18, 8, 18)
"""The time of each fiducial is the mean over this many steps (4 ms) on either side of the most probable one."""
LEAST_QRS_MV = 0.03
"""A lead whose QRS stays below this has no fiducials of its own."""
DILATIONS = (1, 2, 4, 8, 2)
BEATS_AT_ONCE = 2
"""So many beats' curves fit into the processor's cache."""
P, T = slice(0, 3), slice(5, 8)
"""Columns of P and of T among the eight fiducials of `Fiducials`."""


@dataclass(frozen=True)
class Waves:
    """Fiducial points in samples at 500 Hz; None where the wave was not found."""

    p_on: float | None
    p_peak: float | None
    p_off: float | None
    qrs_on: float
    r_peak: float
    """In a single lead: the largest deflection of its QRS."""
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


@dataclass(frozen=True)
class Fiducials:
    """Fiducials of many beats, or of many leads of them, as arrays; rows are beats, or beats × leads."""

    times: np.ndarray
    """(..., 8) samples at 500 Hz: P onset, peak, end, QRS onset, end, T onset, peak, end; all of them, found or not."""
    present: np.ndarray
    """(..., 2) probability that there is a P, and a T wave."""


def ms(value: float) -> int:
    """Milliseconds to samples at 500 Hz."""
    return round(value * RATE / 1000)


def wave_times(average: AverageBeat) -> Waves:
    """Delineate the representative beat: earliest onset and latest end over all leads."""
    over_all, _ = average_fiducials(average)
    return to_waves(over_all.times[0], over_all.present[0], float(average.r))


def lead_waves(average: AverageBeat) -> list[Waves | None]:
    """Delineate the representative beat in each lead.

    Returns:
        One per row of `average.signal`; None for a lead without a QRS complex. A wave that was not found over all
        leads together is not reported in any lead.
    """
    over_all, own = average_fiducials(average)
    present = np.where(over_all.present >= PRESENT, own.present[0], 0.0)
    peaks = lead_peaks(average.signal[None], own.times)[0]
    rows = zip(own.times[0], present, peaks, strict=True)
    return [None if np.isnan(peak) else to_waves(times, there, float(peak)) for times, there, peak in rows]


def average_fiducials(average: AverageBeat) -> tuple[Fiducials, Fiducials]:
    """`find_fiducials` of the representative beat alone."""
    rr = np.array([average.rr_s]), np.array([average.rr_after_s])
    return find_fiducials(average.signal[None], average.r, *rr)


def find_fiducials(
    signal: np.ndarray, r: int, rr_before_s: np.ndarray, rr_after_s: np.ndarray
) -> tuple[Fiducials, Fiducials]:
    """Delineate beats over all leads, and in each lead.

    Args:
        signal: (n_beats, n_leads, n_samples) mV at 500 Hz, baseline removed.
        r: sample of the R peak in all of them.
        rr_before_s, rr_after_s: (n_beats,) intervals to the neighbouring beats.

    Returns:
        Fiducials with rows (n_beats,) and (n_beats, n_leads).
    """
    found = []
    for first in range(0, len(signal), BEATS_AT_ONCE):
        some = slice(first, first + BEATS_AT_ONCE)
        shared, own = features(signal[some], r, rr_before_s[some], rr_after_s[some])
        found.append(network(shared, own, _weights()))
    over_all, leads = (np.concatenate(scores) for scores in zip(*found, strict=True))
    absent = _weights()["absent"]
    alone = decode(leads.reshape(-1, *leads.shape[2:]), absent[1], r)
    shape = signal.shape[:2]
    return decode(over_all, absent[0], r), Fiducials(alone.times.reshape(*shape, 8), alone.present.reshape(*shape, 2))


def lead_peaks(signal: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Sample of the largest deflection within each lead's QRS; NaN in leads without a QRS.

    Args:
        signal: (n_beats, n_leads, n_samples) mV.
        times: (n_beats, n_leads, 8) of `Fiducials`.
    """
    at = np.arange(signal.shape[2])
    on, off = np.round(times[..., 3:4]), np.round(times[..., 4:5])
    level = np.take_along_axis(signal, np.clip(on, 0, len(at) - 1).astype(int), axis=2)
    size = np.where((at >= on) & (at <= off), np.abs(signal - level), 0.0)
    return np.where(size.max(axis=2) >= LEAST_QRS_MV, size.argmax(axis=2), np.nan)


@cache
def _weights() -> dict[str, np.ndarray]:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return {key: stored[key].astype(np.float32) for key in stored.files}


def network(shared: np.ndarray, own: np.ndarray, w: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Scores over time of each fiducial: over all leads, (n_beats, 8, n), and in each, (n_beats, n_leads, 8, n)."""
    n_beats, n_leads = own.shape[:2]
    start = _convolve(shared.transpose(1, 0, 2), w["shared.weight"], w["shared.bias"], stride=2)
    x = _convolve(own.reshape(-1, *own.shape[2:]).transpose(1, 0, 2), w["own.weight"], stride=2)
    x = np.maximum(x + np.repeat(start, n_leads, axis=1), 0)  # (width, n_beats * n_leads, n / 2)
    for k, dilation in enumerate(DILATIONS):
        x += np.maximum(_convolve(x, w[f"trunk.{k}.weight"], w[f"trunk.{k}.bias"], dilation=dilation), 0)
    leads = _interleaved(_convolve(x, w["lead.weight"], w["lead.bias"]))
    by_beat = x.reshape(len(x), n_beats, n_leads, -1)
    pooled = np.concatenate([by_beat.mean(axis=2), by_beat.max(axis=2), np.maximum(start, 0)])
    y = np.maximum(_convolve(pooled, w["pool.weight"], w["pool.bias"]), 0)
    y += np.maximum(_convolve(y, w["mix.weight"], w["mix.bias"], dilation=3), 0)
    over_all = _interleaved(_convolve(y, w["out.weight"], w["out.bias"]))
    return over_all, leads.reshape(n_beats, n_leads, *leads.shape[1:])


def _convolve(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, *, dilation: int = 1, stride: int = 1
) -> np.ndarray:
    """One-dimensional convolution with zeros around, as torch.nn.Conv1d, but x is (channels, rows, n)."""
    taps, n = weight.shape[2], -(-x.shape[2] // stride)
    reach = dilation * (taps // 2)
    padded = np.pad(x, ((0, 0), (0, 0), (reach, reach)))
    columns = np.concatenate([padded[:, :, k * dilation :: stride][:, :, :n] for k in range(taps)])
    flat = weight.transpose(0, 2, 1).reshape(len(weight), -1) @ columns.reshape(len(columns), -1)
    if bias is not None:
        flat += bias[:, None]
    return flat.reshape(len(weight), x.shape[1], n)


def _interleaved(x: np.ndarray) -> np.ndarray:
    """(16, rows, n / 2) scores of even and odd steps to (rows, 8, n)."""
    _, rows, half = x.shape
    return x.reshape(8, 2, rows, half).transpose(2, 0, 3, 1).reshape(rows, 8, 2 * half)


def decode(scores: np.ndarray, absent: np.ndarray, r: int) -> Fiducials:
    """Pick the fiducials in the order QRS, T, P, each where the ones before it allow.

    Args:
        scores: (n_rows, 8, n) of `network`.
        absent: scores of "there is no P", "there is no T".
        r: sample of the R peak.
    """
    rows, _, n = scores.shape
    at_r, picked = np.full(rows, float(r // STEP)), np.empty((rows, 8))

    def pick(k: int, first: np.ndarray, last: np.ndarray) -> None:
        picked[:, k] = _pick(scores[:, k], first, last, NEIGHBOURS[k])

    pick(3, at_r - LATEST_QRS_ON_STEPS, at_r + 1)
    on = np.floor(picked[:, 3])
    pick(4, np.maximum(at_r, on + 6), at_r + LATEST_QRS_OFF_STEPS)
    off = np.floor(picked[:, 4])
    pick(1, np.full(rows, 3.0), on - 2)
    pick(0, np.zeros(rows), np.floor(picked[:, 1]))
    pick(2, np.floor(picked[:, 1]) + 1, on + 1)
    pick(6, off + 4, np.full(rows, n - 3.0))
    pick(5, off + 1, np.floor(picked[:, 6]))
    pick(7, np.floor(picked[:, 6]) + 1, np.full(rows, float(n)))
    steps = np.arange(n)
    p = _probability(scores[:, 1], (steps < on[:, None]) & (on[:, None] >= 10), absent[0])
    t = _probability(scores[:, 6], (steps > off[:, None]) & (off[:, None] < n - 10), absent[1])
    return Fiducials(STEP * picked, np.stack([p, t], axis=1))


def _pick(scores: np.ndarray, first: np.ndarray, last: np.ndarray, neighbours: int) -> np.ndarray:
    """Most probable step of each row in [first, last), refined by the mean around it."""
    n = scores.shape[1]
    first = np.clip(first, 0, n - 1)[:, None]
    last = np.clip(last[:, None], first + 1, n)
    steps = np.arange(n)
    allowed = np.where((steps >= first) & (steps < last), scores, -np.inf)
    best = allowed.argmax(axis=1)[:, None]
    around = np.abs(steps - best) <= neighbours
    weight = np.where(around, np.exp(allowed - np.take_along_axis(allowed, best, axis=1)), 0.0)
    return (weight @ steps) / weight.sum(axis=1)


def _probability(scores: np.ndarray, where: np.ndarray, absent: float) -> np.ndarray:
    """Probability that the wave is somewhere rather than nowhere."""
    inside = np.where(where, scores, -60.0)
    top = inside.max(axis=1)
    anywhere = top + np.log(np.exp(inside - top[:, None]).sum(axis=1))
    return 1 / (1 + np.exp(np.clip(absent - anywhere, -60, 60)))


def to_waves(times: np.ndarray, present: np.ndarray, r: float) -> Waves:
    """One row of `Fiducials` as `Waves`."""
    rows = (times[P] if present[0] >= PRESENT else [None] * 3, times[T] if present[1] >= PRESENT else [None] * 3)
    (p_on, p_peak, p_off), (t_on, t_peak, t_off) = ((None if v is None else float(v) for v in row) for row in rows)
    qrs_on, qrs_off = float(times[3]), float(times[4])
    return Waves(
        p_on, p_peak, p_off, qrs_on, r, qrs_off, t_on, t_peak, t_off, float(present[0]), float(present[1])
    )  # fmt: skip
