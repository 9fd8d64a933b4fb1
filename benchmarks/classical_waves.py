"""The classical delineator that anyecg's network is compared with: thresholds on the velocity, areas for the ends.

QRS bounds are where the spatial velocity falls below a share of its peak (Sörnmo, IEEE Trans Biomed Eng 1998); P and T
peak where the signal deviates most from the line across their span, and begin and end where the area under the curve is
greatest (Zhang et al., Comput Cardiol 2006). Thresholds and shifts were tuned on LUDB's training records.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from anyecg.measure import detect_r_peaks
from anyecg.measure.average import RATE, clean
from anyecg.record import EcgRecord

QRS_SHARE = (0.12, 0.05)
"""Velocity at the QRS onset and end, as a share of the beat's highest."""
AREA_S = 0.06
P_SHARE = 0.05
"""A P wave deviates by this share of the R wave."""
SHIFT_MS = (16.3, 4.9, -3.4, 13.1, -4.8, 71.2, -1.4, -39.8)
"""Mean error on the training records, taken off."""


def classical_fiducials(record: EcgRecord) -> list[list[float]]:
    """Rows of the eight fiducials and the R peak, seconds, NaN where not found."""
    peaks_s = detect_r_peaks(record)
    if len(peaks_s) < 2:
        return []
    signal, _ = clean(record, 0.0, record.duration_s)
    velocity = _rms(gaussian_filter1d(signal, 3.0, axis=1, order=1))
    smooth = gaussian_filter1d(signal, 5.0, axis=1)
    width = round(AREA_S * RATE)
    mean_past = uniform_filter1d(smooth, width, axis=1, origin=(width - 1) // 2)
    mean_future = uniform_filter1d(smooth, width, axis=1, origin=-(width // 2))
    curves = velocity, smooth, _rms(mean_future - smooth), _rms(mean_past - smooth)
    rr = np.diff(peaks_s)
    following = np.append(rr, rr[-1])
    rows = [_beat(curves, round(t * RATE), round(after * RATE)) for t, after in zip(peaks_s, following, strict=True)]
    return [[*(np.array(row) / RATE - np.array(SHIFT_MS) / 1000), t] for row, t in zip(rows, peaks_s, strict=True)]


def _rms(curves: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt((curves**2).mean(axis=0)))


def _beat(curves: tuple[np.ndarray, ...], r: int, to_next: int) -> list[float]:
    """Samples of P onset, peak, end, QRS onset, end, T onset, peak, end."""
    velocity, smooth, onset_area, end_area = curves
    n = len(velocity)
    first, last = max(r - 60, 0), min(r + 100, n)
    top = velocity[max(r - 30, 0) : r + 30].max()
    slow = np.flatnonzero(velocity[first : max(r - 10, first + 1)] < QRS_SHARE[0] * top)
    on = first + int(slow[-1]) if len(slow) else first
    slow = np.flatnonzero(velocity[min(r + 10, last - 1) : last] < QRS_SHARE[1] * top)
    off = min(r + 10 + (int(slow[0]) if len(slow) else 90), n - 1)
    size = _rms(smooth[:, max(r - 30, 0) : r + 30]).max()
    p = _wave(smooth, onset_area, end_area, (max(on - 130, 0), on - 5), P_SHARE * size)
    t = _wave(smooth, onset_area, end_area, (off + 20, min(off + 260, r + round(0.75 * to_next), n - 1)), 0.0)
    return [*(p or [np.nan] * 3), on, off, *(t or [np.nan] * 3)]


def _wave(
    smooth: np.ndarray, onset_area: np.ndarray, end_area: np.ndarray, span: tuple[int, int], least: float
) -> list[int] | None:
    """Onset, peak and end of the wave in a span of samples, if it deviates enough from the line between the ends."""
    first, last = span
    if last - first < 30:
        return None
    part = smooth[:, first:last]
    deviation = _rms(part - np.linspace(part[:, 0], part[:, -1], last - first, axis=1))
    peak = first + int(deviation.argmax())
    if deviation.max() < least:
        return None
    start, stop = max(peak - 60, first), min(peak + 75, last)
    on = start + int(onset_area[start : max(peak - 5, start + 1)].argmax())
    return [on, peak, min(peak + 5, stop - 1) + int(end_area[min(peak + 5, stop - 1) : stop].argmax())]
