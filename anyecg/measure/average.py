"""The representative beat: aligned normal beats, their median, and how far single beats differ from it.

A global interval is measured once, on the median of the dominant beats with all leads in one time frame, as
electrocardiographs do (CSE Working Party, Eur Heart J 1985; AHA/ACC/HRS recommendations part I, Kligfield et
al., Circulation 2007). The beats are brought to 500 Hz before they are aligned, so that a 100 Hz recording is
not measured in steps of 10 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import resample_poly, sosfiltfilt

from ..record import EcgRecord
from .filters import butter
from .quality import fill_gaps

RATE = 500
"""Hz of the representative beat."""
BEFORE_S, AFTER_S = 0.5, 0.9
EXCERPT_S, MAX_EXCERPTS = 10.0, 6
"""Longer recordings are represented by this many excerpts, spread over them."""
BASELINE_HZ = 0.5
"""Zero-phase high-pass; up to 0.67 Hz leaves the ST level right if the phase is zero (Kligfield et al. 2007)."""
MAX_SHIFT = 8
"""Samples at 500 Hz by which a beat may be moved onto the others."""


@dataclass(frozen=True)
class AverageBeat:
    """The representative beat of a recording at 500 Hz."""

    signal: np.ndarray
    """(n_leads, n_samples) mV, baseline removed, median over the beats."""
    beats: np.ndarray
    """(n_beats, n_leads, n_samples) mV, the aligned beats."""
    times_s: np.ndarray
    """Where sample `r` of each aligned beat lies in the recording."""
    r: int
    """Sample of the R peak."""
    rr_s: float
    """Median RR interval before these beats, which QT is corrected for."""
    rr_after_s: float
    """Shortest RR interval after these beats: beyond it the next QRS blurs the average."""


def average_beat(record: EcgRecord, peaks_s: np.ndarray, chosen: np.ndarray) -> AverageBeat | None:
    """Align and average beats.

    Args:
        peaks_s: all R peaks.
        chosen: which of them to use (indices).

    Returns:
        None when no chosen beat lies whole within the recording's excerpts.
    """
    before, after = rr_around(peaks_s)
    rr_s = float(np.median(before[chosen]))
    chosen = _unhurried(chosen, after)
    stacks, times = [], []
    for start_s, end_s in _excerpts(record.duration_s):
        inside = chosen[(peaks_s[chosen] >= start_s) & (peaks_s[chosen] < end_s)]
        if len(inside):
            beats, at = _cut(record, start_s, end_s, peaks_s[inside])
            stacks.append(beats)
            times.append(at)
    if not stacks:
        return None
    beats, times_s = np.concatenate(stacks), np.concatenate(times)
    r = round(BEFORE_S * RATE)
    beats, shift = _align(beats, r)
    return AverageBeat(_median(beats), beats, times_s + shift / RATE, r, rr_s, float(after[chosen].min()))


def rr_around(peaks_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """RR interval before and after each beat in seconds; the first and last beat take their only neighbour's."""
    rr = np.diff(peaks_s) if len(peaks_s) > 1 else np.ones(1)
    return np.concatenate([rr[:1], rr])[: len(peaks_s)], np.concatenate([rr, rr[-1:]])[: len(peaks_s)]


def _unhurried(chosen: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Leave out beats that the next one follows sooner than usual, if three others remain."""
    kept = chosen[after[chosen] >= 0.85 * np.median(after[chosen])]
    return kept if len(kept) >= 3 else chosen


def _median(beats: np.ndarray) -> np.ndarray:
    """Median over the beats; with few beats their mean, which is smoother."""
    return np.median(beats, axis=0) if len(beats) > 3 else beats.mean(axis=0)


def _excerpts(duration_s: float) -> list[tuple[float, float]]:
    if duration_s <= EXCERPT_S * MAX_EXCERPTS:
        return [(0.0, duration_s)]
    starts = np.linspace(0, duration_s - EXCERPT_S, MAX_EXCERPTS)
    return [(float(start), float(start) + EXCERPT_S) for start in starts]


def clean(record: EcgRecord, start_s: float, end_s: float) -> tuple[np.ndarray, float]:
    """An excerpt at 500 Hz without baseline wander, shape (n_leads, n_samples), and the time of its first sample."""
    rate = record.sampling_rate
    first, last = int(start_s * rate), min(round(end_s * rate), record.signal.shape[1])
    piece = fill_gaps(record.signal[:, first:last]).astype(float)
    piece -= np.median(piece, axis=1, keepdims=True)
    if rate != RATE:
        up, down = _ratio(rate)
        piece = resample_poly(piece, up, down, axis=1, padtype="line")
    high_pass = butter(1, BASELINE_HZ, "highpass", fs=RATE, output="sos")
    piece = sosfiltfilt(high_pass, piece, axis=1, padlen=min(RATE, piece.shape[1] - 1))
    return piece, first / rate


def _ratio(rate: float) -> tuple[int, int]:
    from fractions import Fraction

    ratio = Fraction(RATE / rate).limit_denominator(500)
    return ratio.numerator, ratio.denominator


def _cut(record: EcgRecord, start_s: float, end_s: float, peaks_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut the beats out of one excerpt; what lies outside it is repeated from its edge."""
    signal, origin_s = clean(record, start_s, end_s)
    centre = np.round((peaks_s - origin_s) * RATE).astype(int)
    offsets = np.arange(-round(BEFORE_S * RATE), round(AFTER_S * RATE))
    index = centre[:, None] + offsets
    whole = (index[:, 0] >= -0.2 * RATE) & (index[:, -1] < signal.shape[1] + 0.3 * RATE)
    if whole.sum() >= 3:
        index, centre = index[whole], centre[whole]
    index = np.clip(index, 0, signal.shape[1] - 1)
    return signal[:, index].transpose(1, 0, 2), centre / RATE + origin_s


def _align(beats: np.ndarray, r: int) -> tuple[np.ndarray, np.ndarray]:
    """Shift each beat by up to 16 ms so that its QRS fits the others best; returns the shifts in samples too."""
    if len(beats) < 2:
        return beats, np.zeros(len(beats))
    half, n = round(0.06 * RATE), beats.shape[2]
    target = _median(beats)[:, r - half : r + half]
    target = target - target.mean(axis=1, keepdims=True)
    shifts = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)
    scores = np.stack([np.einsum("blt,lt->b", beats[:, :, r - half + s : r + half + s], target) for s in shifts])
    best = shifts[scores.argmax(axis=0)]
    index = np.clip(np.arange(n) + best[:, None], 0, n - 1)
    return np.take_along_axis(beats, index[:, None, :], axis=2), best.astype(float)
