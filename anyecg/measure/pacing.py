"""Find the spikes of a pacemaker and the beats they drive.

A spike is a deflection of a few milliseconds that rises from a calm baseline and falls back to it, in several leads
at once, while even the sharpest QRS has slopes on both sides. A pacemaker's pulse lasts under 2.5 ms; AHA/ACC/HRS
(Kligfield et al., Circulation 2007) advise 500 Hz or more, since filters and low rates smear it away. Where the
sampling rate does not let spikes be seen nothing is said, and `Pacing.reason` tells why; where a filter has removed
them they are not found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import grey_closing, grey_opening
from scipy.signal import find_peaks

from ..record import EcgRecord
from .quality import fill_gaps
from .slope_energy import chunks

MIN_RATE_HZ = 250.0
"""Below this rate an anti-alias filter has spread a spike over the width of a QRS notch."""
SPIKE_S = 0.010
"""What is narrower than this is kept by the top-hat filter: a spike of 2 ms, smeared by a 100 Hz filter."""
CALM_BEFORE_S, CALM_AFTER_S, GUARD_S = 0.024, 0.010, 0.006
LEAST_MV = 0.05
"""Least height of a spike, root mean square over the leads."""
CALM_BEFORE, CALM_AFTER = 0.45, 0.9
"""The signal may move by these shares of the spike's height in the 24 ms before and 10 ms after it, or"""
VERY_CALM_BEFORE, QRS_AFTER = 0.22, 3.5
"""by these, when the QRS complex follows at once."""
VENTRICULAR_S = (-0.16, 0.04)
"""Where the spike of a ventricular lead lies from the R peak found for the beat it drives."""
ATRIAL_S = (-0.42, -0.16)
STEADY_S = 0.025
"""Median distance of the spikes of one chamber from their own median time before R: farther apart is chance."""
LEAST_BEATS, ENOUGH_BEATS = 3, 10
LEAST_SHARE, LEAST_SHARE_FEW_LEADS, LEAST_SHARE_LONG = 0.10, 0.40, 0.01
"""Pacing is said to be there from three driven beats on, if they are a tenth of all; in one or two leads, where noise
is more easily taken for a spike, four tenths. Ten beats are enough, but always one in a hundred."""
PACED_QRS_MS = 180.0
"""Without P waves and spikes, QRS complexes from this long on fit a stimulated ventricle: they last 188-233 ms in the
four paced records of MIT-BIH, whose spikes cannot be seen, and 170 ms in bundle branch block there (DS1)."""
ALIEN = 1.0
"""More other spikes than this multiple of those before beats are interference, not a pacemaker."""


@dataclass(frozen=True)
class Pacing:
    """What is seen of a pacemaker."""

    spikes_s: np.ndarray
    """Times of the spikes in seconds."""
    paced_beats: np.ndarray
    """(n_beats,) bool: the ventricle was stimulated."""
    mode: str | None
    """"atrial", "ventricular", "dual", or None: no pacing seen."""
    reason: str | None = None
    """Why pacing cannot be seen in this recording; None where it could have been."""


def find_pacing(record: EcgRecord, peaks_s: np.ndarray) -> Pacing:
    """Find pacing spikes and the beats after them.

    Args:
        record: any leads.
        peaks_s: R peaks in seconds.
    """
    none = np.zeros(len(peaks_s), dtype=bool)
    if record.sampling_rate < MIN_RATE_HZ:
        reason = f"the sampling rate is {record.sampling_rate:g} Hz; pacing spikes take {MIN_RATE_HZ:g} Hz"
        return Pacing(np.empty(0), none, None, reason)
    spikes_s = find_spikes(record)
    ventricular, at_v = _steady(spikes_s, peaks_s, VENTRICULAR_S)
    atrial, at_a = _steady(spikes_s, peaks_s, ATRIAL_S)
    strange = len(spikes_s) - len(at_v | at_a)
    n, share = len(peaks_s), LEAST_SHARE if len(record.leads) > 2 else LEAST_SHARE_FEW_LEADS
    enough = max(LEAST_BEATS, min(share * n, ENOUGH_BEATS), LEAST_SHARE_LONG * n)
    has_v, has_a = bool(ventricular.sum() >= enough), bool(atrial.sum() >= enough)
    if not (has_v or has_a) or strange > ALIEN * len(at_v | at_a):
        return Pacing(np.empty(0), none, None)
    mode = "dual" if has_v and has_a else "ventricular" if has_v else "atrial"
    return Pacing(spikes_s, ventricular if has_v else none, mode)


def pacing_note(pacing: Pacing, qrs_ms: float | None, *, p_wave: bool | None) -> str | None:
    """What is not known of a pacemaker; None where its spikes were seen."""
    if pacing.mode is not None:
        return None
    if qrs_ms is not None and qrs_ms >= PACED_QRS_MS and not p_wave:
        why = pacing.reason or "filters and low rates remove spikes"
        return (
            f"QRS complexes of {qrs_ms:.0f} ms without P waves fit ventricular pacing, which cannot be excluded: {why}"
        )
    if pacing.reason:
        return f"pacing was not looked for: {pacing.reason}"
    return "no pacing spike was seen, which does not exclude a pacemaker: filters remove spikes"


def with_pacing(kinds: list[str], pacing: Pacing) -> list[str]:
    """The kinds of beats, with "P" for those whose ventricle was stimulated."""
    return ["P" if paced else kind for kind, paced in zip(kinds, pacing.paced_beats.tolist(), strict=True)]


def find_spikes(record: EcgRecord) -> np.ndarray:
    """Times in seconds of deflections of a few milliseconds between calm stretches, in the leads together."""
    rate = record.sampling_rate
    found = []
    for first, last, start, stop in chunks(record.signal.shape[1], rate):
        at = _spikes(fill_gaps(record.signal[:, start:stop]), rate) + start
        found.append(at[(at >= first) & (at < last)])
    return np.concatenate(found) / rate


def _spikes(signal: np.ndarray, rate: float) -> np.ndarray:
    width = max(round(SPIKE_S * rate), 3)
    hat = np.maximum(signal - grey_opening(signal, size=(1, width)), grey_closing(signal, size=(1, width)) - signal)
    height = _together(hat)
    at, _ = find_peaks(height, height=LEAST_MV, distance=max(int(0.02 * rate), 1))
    guard = max(round(GUARD_S * rate), 2)
    before = _calm(signal, at, -guard - max(round(CALM_BEFORE_S * rate), 3), -guard)
    after = _calm(signal, at, guard, guard + max(round(CALM_AFTER_S * rate), 2))
    top = height[at]
    alone = (before < CALM_BEFORE * top) & (after < CALM_AFTER * top)
    return at[alone | ((before < VERY_CALM_BEFORE * top) & (after < QRS_AFTER * top))]


def _together(leads: np.ndarray) -> np.ndarray:
    return np.sqrt((leads.astype(float) ** 2).mean(axis=0))


def _calm(signal: np.ndarray, at: np.ndarray, first: int, last: int) -> np.ndarray:
    """Span of the signal in [at + first, at + last], leads together."""
    index = np.clip(at[:, None] + np.arange(first, last + 1), 0, signal.shape[1] - 1)
    return _together(np.ptp(signal[:, index], axis=2)) if len(at) else np.empty(0)


def _steady(spikes_s: np.ndarray, peaks_s: np.ndarray, window_s: tuple[float, float]) -> tuple[np.ndarray, set[int]]:
    """Which beats have a spike in this window from R, at about the same time; and which spikes these are."""
    beats = np.zeros(len(peaks_s), dtype=bool)
    first = np.searchsorted(spikes_s, peaks_s + window_s[0])
    inside = np.flatnonzero((first < len(spikes_s)) & (np.append(spikes_s, np.inf)[first] < peaks_s + window_s[1]))
    if not len(inside):
        return beats, set()
    offset = spikes_s[first[inside]] - peaks_s[inside]
    away = np.abs(offset - np.median(offset))
    if np.median(away) > STEADY_S:
        return beats, set()
    beats[inside] = True
    return beats, set(first[inside].tolist())
