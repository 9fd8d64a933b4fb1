"""Fiducials of every beat: the waves of the representative beat, moved to each beat and fitted to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..record import EcgRecord
from .average import AFTER_S, BEFORE_S, RATE, average_beat, clean, rr_around
from .beats import detect_r_peaks, usable_leads
from .features import features
from .intervals import regularity
from .kinds import classify_beats
from .pwave import has_p_wave
from .report import representative
from .waves import find_waves, wave_times

CHUNK_S = 30.0


@dataclass(frozen=True)
class BeatWaves:
    """Where the waves of one beat begin, culminate and end, over all leads together, in seconds of the recording."""

    kind: str
    """"N", "S" or "V"."""
    p_on_s: float | None
    p_peak_s: float | None
    p_off_s: float | None
    qrs_on_s: float
    r_peak_s: float
    qrs_off_s: float
    t_on_s: float | None
    t_peak_s: float | None
    t_off_s: float | None


def delineate(record: EcgRecord) -> list[BeatWaves]:
    """Delineate every beat of a recording, in time order.

    A ventricular beat, or a rhythm without consistent P waves, gets no P wave.
    """
    rows = usable_leads(record)
    peaks_s = detect_r_peaks(record, rows=rows)
    if len(peaks_s) < 2:
        return []
    kinds, likeness = classify_beats(record, peaks_s, rows)
    good = EcgRecord(record.signal[rows], tuple(record.leads[k] for k in rows), record.sampling_rate)
    average = average_beat(good, peaks_s, representative(kinds, likeness))
    if average is None:
        return []
    with_p = has_p_wave(average, wave_times(average), regularity(peaks_s, kinds))
    found: list[BeatWaves] = []
    for start_s in np.arange(0, record.duration_s, CHUNK_S):
        found += _chunk(good, peaks_s, kinds, float(start_s), with_p)
    return found


def _chunk(good: EcgRecord, peaks_s: np.ndarray, kinds: list[str], start_s: float, with_p: bool) -> list[BeatWaves]:
    """Delineate the beats of one chunk on the cleaned signal."""
    here = np.flatnonzero((peaks_s >= start_s) & (peaks_s < start_s + CHUNK_S))
    if not len(here):
        return []
    signal, origin_s = clean(good, max(start_s - 2, 0), min(start_s + CHUNK_S + 2, good.duration_s))
    r = round(BEFORE_S * RATE)
    offsets = np.arange(-r, round(AFTER_S * RATE))
    before, after = rr_around(peaks_s)
    centres = np.round((peaks_s[here] - origin_s) * RATE).astype(int)
    windows = [signal[:, np.clip(centre + offsets, 0, signal.shape[1] - 1)] for centre in centres]
    curves = [features(w, r, before[k], after[k]) for w, k in zip(windows, here, strict=True)]
    beats = []
    for k, centre, waves in zip(here, centres, find_waves(np.stack(curves), r), strict=True):
        shift = centre / RATE + origin_s - r / RATE
        at = [None if v is None else round(float(v) / RATE + shift, 3) for v in waves.times()]
        if kinds[k] == "V" or not with_p:
            at[:3] = [None, None, None]
        beats.append(BeatWaves(kinds[k], *at))  # type: ignore[arg-type]
    return beats
