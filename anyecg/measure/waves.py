"""Find onset, peak and end of P, QRS and T on a beat seen in all leads at once.

QRS: where the spatial velocity (root mean square over the leads of the slope, after Sörnmo, IEEE Trans Biomed
Eng 1998) leaves and reaches its resting level. T end: the point below which the trapezium's area is largest
(Zhang et al., Comput Cardiol 2006, "trapezium's area"), on the lead combination that carries most of the T
wave. P: the same on both sides. All of it in one time frame, so that the onset is the earliest and the end
the latest of any lead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from .average import RATE, AverageBeat


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


QRS_ON_LEVEL, QRS_OFF_LEVEL = 0.06, 0.08
"""Share of the highest spatial velocity at which the QRS begins and ends."""
P_MIN_MV = 0.03
"""A P wave is looked for above this root mean square amplitude over the leads."""


def ms(value: float) -> int:
    """Milliseconds to samples at 500 Hz."""
    return round(value * RATE / 1000)


def find_waves(signal: np.ndarray, r: int, rr_s: float) -> Waves:
    """Delineate one beat.

    Args:
        signal: (n_leads, n_samples), mV at 500 Hz, baseline removed.
        r: sample of the R peak.
        rr_s: RR interval, which bounds where P and T may lie.
    """
    velocity = spatial_velocity(signal, 2.0)
    on, off = qrs_bounds(velocity, r)
    end_limit = min(signal.shape[1] - 1, r + ms(1000 * rr_s) - ms(100), r + ms(750))
    t_on, t_peak, t_off = find_t(signal, off, end_limit)
    previous_t = (t_off if t_off is not None else off + ms(200)) - ms(1000 * rr_s)
    start_limit = max(0, round(on) - ms(300), round(previous_t) + ms(10))
    p_on, p_peak, p_off = find_p(signal, start_limit, on)
    return Waves(p_on, p_peak, p_off, on, float(r), off, t_on, t_peak, t_off)


def spatial_velocity(signal: np.ndarray, sigma: float) -> np.ndarray:
    """Root mean square over the leads of the slope, mV per sample, smoothed by a Gaussian of `sigma` samples."""
    slope = gaussian_filter1d(signal, sigma, axis=1, order=1)
    return np.sqrt((slope**2).mean(axis=0))


def qrs_bounds(velocity: np.ndarray, r: int) -> tuple[float, float]:
    """Go outwards from the QRS to where the velocity stays at rest."""
    first, last = max(r - ms(130), 0), min(r + ms(180), len(velocity))
    top = velocity[max(r - ms(60), 0) : r + ms(60)].max()
    active = np.flatnonzero(velocity[first:last] > 0.25 * top) + first
    left, right = (active[0], active[-1]) if len(active) else (r, r)
    # Beats apart by a long rest are not one complex: keep the part around R.
    left = _walk_core(velocity, r, left, -1, 0.12 * top)
    right = _walk_core(velocity, r, right, 1, 0.12 * top)
    rest_before = _rest(velocity[max(left - ms(100), 0) : left])
    rest_after = _rest(velocity[right : right + ms(120)])
    on = _quiet(velocity, left, -1, max(QRS_ON_LEVEL * top, 1.5 * rest_before))
    off = _quiet(velocity, right, 1, max(QRS_OFF_LEVEL * top, 1.3 * rest_after))
    return float(on), float(off)


def _rest(velocity: np.ndarray) -> float:
    return float(np.percentile(velocity, 15)) if len(velocity) else 0.0


def _walk_core(velocity: np.ndarray, r: int, bound: int, direction: int, level: float) -> int:
    """The bound, or the last active sample before a rest of 40 ms on the way to it."""
    quiet = 0
    for k in range(r, bound, direction):
        quiet = quiet + 1 if velocity[k] < level else 0
        if quiet >= ms(40):
            return k - direction * quiet
    return bound


def _quiet(velocity: np.ndarray, start: int, direction: int, level: float) -> int:
    """First sample from `start` on after which the velocity stays under `level` for 10 ms."""
    quiet, k = 0, start
    stop = 0 if direction < 0 else len(velocity) - 1
    limit = ms(80)
    while k != stop and abs(k - start) < limit:
        quiet = quiet + 1 if velocity[k] < level else 0
        if quiet >= ms(10):
            return k - direction * (quiet - 1)
        k += direction
    return k


def _principal(signal: np.ndarray) -> np.ndarray:
    """The combination of leads with most energy, its larger deflection upwards."""
    centred = signal - signal.mean(axis=1, keepdims=True)
    u, _, _ = np.linalg.svd(centred, full_matrices=False)
    wave = u[:, 0] @ centred
    return wave if wave.max() >= -wave.min() else -wave


def find_t(signal: np.ndarray, qrs_off: float, limit: int) -> tuple[float | None, float | None, float | None]:
    """T wave between the end of QRS and `limit`."""
    first = round(qrs_off) + ms(40)
    if limit - first < ms(120):
        return None, None, None
    part = gaussian_filter1d(signal[:, first:limit], 6.0, axis=1)
    part = part - np.median(part[:, -ms(40) :], axis=1, keepdims=True)
    strength = np.sqrt((part**2).mean(axis=0))
    peak = int(strength[ms(40) : -ms(40)].argmax()) + ms(40)
    if strength[peak] < 0.03:
        return None, None, None
    off = trapezium_end(part, peak)
    on = part.shape[1] - 1 - trapezium_end(part[:, ::-1], part.shape[1] - 1 - peak)
    return float(first + on), float(first + peak), float(first + off)


def trapezium_end(part: np.ndarray, peak: int) -> int:
    """Where the area between the curve and its level at that point, over the last 120 ms, is largest."""
    wave = _principal(part)
    wave = wave * np.sign(wave[peak] - np.median(wave[-ms(20) :]) or 1.0)
    width = ms(120)
    total = np.concatenate([[0.0], np.cumsum(wave)])
    at = np.arange(peak + ms(30), part.shape[1])
    if not len(at):
        return part.shape[1] - 1
    low = np.maximum(at - width, 0)
    area = total[at] - total[low] - (at - low) * wave[at]
    return int(at[area.argmax()])


def find_p(signal: np.ndarray, first: int, qrs_on: float) -> tuple[float | None, float | None, float | None]:
    """P wave between `first` and the QRS onset."""
    last = round(qrs_on)
    if last - first < ms(70):
        return None, None, None
    part = gaussian_filter1d(signal[:, first:last], 4.0, axis=1)
    line = np.linspace(0, 1, part.shape[1])
    ends = part[:, : ms(10)].mean(axis=1), part[:, -ms(12) :].mean(axis=1)
    part = part - (ends[0][:, None] * (1 - line) + ends[1][:, None] * line)
    strength = np.sqrt((part**2).mean(axis=0))
    inner = strength[ms(20) : -ms(20)]
    peak = int(inner.argmax()) + ms(20)
    if strength[peak] < P_MIN_MV:
        return None, None, None
    slope = np.sqrt((np.gradient(part, axis=1) ** 2).mean(axis=0))
    top = slope[max(peak - ms(50), 0) : peak + ms(50)].max()
    on = _quiet(minimum_filter1d(slope, 3), max(peak - ms(25), 0), -1, 0.2 * top)
    off = _quiet(minimum_filter1d(slope, 3), min(peak + ms(25), len(slope) - 1), 1, 0.2 * top)
    return float(first + on), float(first + peak), float(first + off)


def wave_times(average: AverageBeat) -> Waves:
    """Delineate the representative beat."""
    return find_waves(average.signal, average.r, average.rr_s)
