"""Fiducials of every beat, over all leads and in each lead, drawn towards those of the representative beat."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..record import EcgRecord
from .average import AFTER_S, BEFORE_S, RATE, AverageBeat, average_beat, clean, rr_around
from .beats import detect_r_peaks, usable_leads
from .intervals import regularity
from .kinds import classify_beats
from .pwave import has_p_wave
from .report import representative
from .waves import PRESENT, Fiducials, P, T, average_fiducials, find_fiducials, lead_peaks, to_waves

CHUNK_S = 30.0
OWN_SHARE = 0.6
"""Weight of a beat's own fiducials against those of the representative beat, for a beat of its family: what differs
between beats of one shape is mostly the reading of noise (chosen on training records of LUDB that were held out)."""
SAME_FAMILY = 0.9
"""Correlation of the QRS complex with the representative one, over all leads, from which a beat is of its family."""
MAX_SHIFT = 10
"""Samples at 500 Hz by which a beat is moved to fit the representative one."""


@dataclass(frozen=True, slots=True)
class LeadWaves:
    """Where the waves of one beat begin, culminate and end in one lead, in seconds of the recording."""

    p_on_s: float | None
    p_peak_s: float | None
    p_off_s: float | None
    qrs_on_s: float
    r_peak_s: float
    """The largest deflection of the QRS complex, up or down."""
    qrs_off_s: float
    t_on_s: float | None
    t_peak_s: float | None
    t_off_s: float | None


@dataclass(frozen=True, slots=True)
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
    leads: dict[str, LeadWaves] = field(default_factory=dict)
    """The same in each usable lead that shows the beat."""


@dataclass(frozen=True)
class _Typical:
    """The representative beat, its fiducials, and whether the rhythm has P waves."""

    average: AverageBeat
    over_all: Fiducials
    leads: Fiducials
    with_p: bool


def delineate(record: EcgRecord) -> list[BeatWaves]:
    """Delineate every beat of a recording, in time order.

    A ventricular beat, or a rhythm without consistent P waves, gets no P wave; nor does a wave get fiducials that is
    cut off by the beginning or end of the recording.
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
    over_all, leads = average_fiducials(average)
    waves = to_waves(over_all.times[0], over_all.present[0], float(average.r))
    with_p = has_p_wave(average, waves, regularity(peaks_s, kinds))
    typical = _Typical(average, over_all, leads, with_p)
    found: list[BeatWaves] = []
    for start_s in np.arange(0, record.duration_s, CHUNK_S):
        found += _chunk(good, peaks_s, kinds, float(start_s), typical)
    return found


def _chunk(
    good: EcgRecord, peaks_s: np.ndarray, kinds: list[str], start_s: float, typical: _Typical
) -> list[BeatWaves]:
    """Delineate the beats of one chunk on the cleaned signal."""
    here = np.flatnonzero((peaks_s >= start_s) & (peaks_s < start_s + CHUNK_S))
    if not len(here):
        return []
    signal, origin_s = clean(good, max(start_s - 2, 0), min(start_s + CHUNK_S + 2, good.duration_s))
    r = round(BEFORE_S * RATE)
    offsets = np.arange(-r, round(AFTER_S * RATE))
    centres = np.round((peaks_s[here] - origin_s) * RATE).astype(int)
    windows = signal[:, np.clip(centres[:, None] + offsets, 0, signal.shape[1] - 1)].transpose(1, 0, 2)
    before, after = rr_around(peaks_s)
    over_all, leads = find_fiducials(windows, r, before[here], after[here])
    here_kinds = np.array(kinds)[here]
    shift, likeness = _fit(windows, typical.average)
    share = np.where((likeness >= SAME_FAMILY) & (here_kinds == "N"), OWN_SHARE, 1.0)
    over_all, leads = (
        _towards(of_beats, of_average, shift, share)
        for of_beats, of_average in ((over_all, typical.over_all), (leads, typical.leads))
    )
    over_all.present[:, 0] *= (here_kinds != "V") & typical.with_p
    leads.present[:] *= over_all.present[:, None] >= PRESENT
    peaks = np.concatenate([np.full((len(here), 1), r), lead_peaks(windows, leads.times)], axis=1)
    times = np.concatenate([over_all.times[:, None], leads.times], axis=1)
    present = np.concatenate([over_all.present[:, None], leads.present], axis=1)
    start_of_window_s = centres / RATE + origin_s - r / RATE
    seconds = _in_seconds(times, present, peaks, start_of_window_s, good.duration_s)
    return [_beat(kind, rows, good.leads) for kind, rows in zip(here_kinds.tolist(), seconds, strict=True)]


def _fit(windows: np.ndarray, average: AverageBeat) -> tuple[np.ndarray, np.ndarray]:
    """How far each beat lies from the representative one, in samples, and the correlation of their QRS complexes."""
    half, r = round(0.08 * RATE), average.r
    target = average.signal[:, r - half : r + half]
    target = target - target.mean(axis=1, keepdims=True)
    shifts = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)
    scores = np.empty((len(shifts), len(windows)))
    for row, s in zip(scores, shifts, strict=True):
        part = windows[:, :, r - half + s : r + half + s]
        part = part - part.mean(axis=2, keepdims=True)
        norms = np.linalg.norm(target) * np.sqrt((part**2).sum(axis=(1, 2)))
        row[:] = np.einsum("blt,lt->b", part, target) / np.maximum(norms, 1e-9)
    return shifts[scores.argmax(axis=0)].astype(float), scores.max(axis=0)


def _towards(found: Fiducials, typical: Fiducials, shift: np.ndarray, share: np.ndarray) -> Fiducials:
    """Draw the fiducials of beats, in rows (n_beats, ...), to those of the representative beat, moved by `shift`."""
    extra = (1,) * (found.times.ndim - 1)
    shift, share = shift.reshape(-1, *extra), share.reshape(-1, *extra)
    times = share * found.times + (1 - share) * (typical.times + shift)
    for k, part in enumerate((P, T)):  # a wave that is not there has no time
        lacking = typical.present[..., k : k + 1] < PRESENT
        times[..., part] = np.where(lacking, found.times[..., part], times[..., part])
    return Fiducials(times, share * found.present + (1 - share) * typical.present)


def _in_seconds(
    times: np.ndarray, present: np.ndarray, peaks: np.ndarray, start_s: np.ndarray, duration_s: float
) -> np.ndarray:
    """The nine fiducials of each beat (over all leads first, then each lead), NaN where there is none."""
    nine = np.concatenate([times[..., :4], peaks[..., None], times[..., 4:]], axis=2) / RATE + start_s[:, None, None]
    for k, part in enumerate((slice(0, 3), slice(6, 9))):
        there = (present[..., k] >= PRESENT) & (nine[..., part.start] >= 0) & (nine[..., part.stop - 1] <= duration_s)
        nine[..., part] = np.where(there[..., None], nine[..., part], np.nan)
    return nine.round(3)


def _beat(kind: str, seconds: np.ndarray, leads: tuple[str, ...]) -> BeatWaves:
    rows = [[None if np.isnan(v) else v for v in row] for row in seconds.tolist()]
    own = {
        lead: LeadWaves(*row)  # type: ignore[arg-type]
        for lead, row in zip(leads, rows[1:], strict=True)
        if row[4] is not None
    }
    return BeatWaves(kind, *rows[0], leads=own)  # type: ignore[arg-type, misc]
