"""`measure`: everything that is measured on one ECG, as numbers with units in their names."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from ..record import EcgRecord
from .average import EXCERPT_S, MAX_EXCERPTS, AverageBeat, average_beat
from .beats import MIN_DURATION_S, MIN_RATE_HZ, detect_r_peaks, usable_leads
from .intervals import amplitudes, corrected_qt, frontal_axis, rates, regularity
from .kinds import classify_beats
from .pwave import has_p_wave
from .quality import signal_quality
from .waves import wave_times

MIN_BEATS = 2


@dataclass(frozen=True)
class Measurements:
    """What was measured on one ECG. None: not measurable; `not_measurable` says why, under the same name."""

    duration_s: float
    sampling_rate_hz: float
    quality: dict[str, str]
    """Lead → "good", "flat", "saturated" or "noisy"."""
    beats: tuple[dict[str, Any], ...] = ()
    """{"time_s": R peak, "kind": "N" normal, "S" supraventricular premature or "V" ventricular}, in order."""
    heart_rate_bpm: float | None = None
    """From the mean RR interval of all beats."""
    heart_rate_min_bpm: float | None = None
    heart_rate_max_bpm: float | None = None
    rr_sd_ms: float | None = None
    rhythm_regularity: str | None = None
    """"regular" or "irregular", extra beats included."""
    p_wave_present: bool | None = None
    p_ms: float | None = None
    pr_ms: float | None = None
    """Onset of P to onset of QRS, on the representative normal beat, over all leads; so are p_ms, qrs_ms and qt_ms."""
    qrs_ms: float | None = None
    qt_ms: float | None = None
    qtc_bazett_ms: float | None = None
    qtc_fridericia_ms: float | None = None
    axis_deg: float | None = None
    """Frontal QRS axis, -180 < axis ≤ 180; left is negative."""
    leads: dict[str, dict[str, float | None]] = field(default_factory=dict)
    """Lead → {"r_mv", "s_mv", "st_mv" (J + 60 ms), "t_mv"} against the PR level."""
    notes: tuple[str, ...] = ()
    """How it was measured, where that is not obvious."""
    not_measurable: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return asdict(self) | {"beats": [dict(beat) for beat in self.beats], "notes": list(self.notes)}


WAVE_KEYS = ("p_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_bazett_ms", "qtc_fridericia_ms", "axis_deg", "leads")
RATE_KEYS = ("heart_rate_bpm", "heart_rate_min_bpm", "heart_rate_max_bpm", "rr_sd_ms", "rhythm_regularity")


def measure(record: EcgRecord) -> Measurements:
    """Measure one ECG of any leads, rate and length.

    Rate and beats come from the whole recording; intervals, axis and amplitudes from its representative beat
    (for recordings over a minute: from excerpts spread over it).
    """
    quality = signal_quality(record)
    empty = Measurements(record.duration_s, float(record.sampling_rate), quality)
    rows = usable_leads(record, quality)
    peaks_s = detect_r_peaks(record, rows=rows)
    if len(peaks_s) < MIN_BEATS:
        return _without_beats(empty, peaks_s, _why_no_beats(record, rows, len(peaks_s)))
    kinds, likeness = classify_beats(record, peaks_s, rows)
    rounded_rates: dict[str, Any] = {key: _rounded(value) for key, value in rates(peaks_s).items()}
    timed = replace(
        empty,
        beats=tuple({"time_s": round(float(t), 3), "kind": k} for t, k in zip(peaks_s, kinds, strict=True)),
        rhythm_regularity=regularity(peaks_s, kinds),
        **rounded_rates,
    )
    if timed.rhythm_regularity is None:
        timed.not_measurable["rhythm_regularity"] = f"only {len(peaks_s)} beats were found; it takes 4"
    if timed.rr_sd_ms is None:
        timed.not_measurable["rr_sd_ms"] = f"only {len(peaks_s)} beats were found; it takes 3"
    chosen = representative(kinds, likeness)
    good = EcgRecord(record.signal[rows], tuple(record.leads[k] for k in rows), record.sampling_rate)
    average = average_beat(good, peaks_s, chosen)
    if average is None:
        reason = "no beat lies whole within the recording"
        return replace(
            timed, not_measurable=timed.not_measurable | dict.fromkeys((*WAVE_KEYS, "p_wave_present"), reason)
        )
    return _with_waves(timed, good, average, kinds, record)


def representative(kinds: list[str], likeness: np.ndarray) -> np.ndarray:
    """The beats to average: normal in kind and in shape, else normal in kind, else those most alike."""
    normal = np.array([kind == "N" for kind in kinds])
    for accepted in (normal & (likeness > 0.85), normal, likeness > 0.6):
        if accepted.sum() >= MIN_BEATS:
            return np.flatnonzero(accepted)
    return np.arange(len(kinds))


def _why_no_beats(record: EcgRecord, rows: list[int], found: int) -> str:
    if record.sampling_rate < MIN_RATE_HZ:
        return f"the sampling rate is {record.sampling_rate:g} Hz; it takes {MIN_RATE_HZ:g} Hz"
    if record.duration_s < MIN_DURATION_S:
        return f"the recording lasts {record.duration_s:.2g} s; it takes {MIN_DURATION_S:g} s"
    if not rows:
        return "no lead carries a signal"
    return "only one QRS complex was found" if found else "no QRS complex was found"


def _without_beats(empty: Measurements, peaks_s: np.ndarray, reason: str) -> Measurements:
    beats = tuple({"time_s": round(float(t), 3), "kind": "N"} for t in peaks_s)
    keys = (*RATE_KEYS, "p_wave_present", *WAVE_KEYS)
    return replace(empty, beats=beats, not_measurable=dict.fromkeys(keys, reason))


def _with_waves(
    timed: Measurements, good: EcgRecord, average: AverageBeat, kinds: list[str], record: EcgRecord
) -> Measurements:
    """Add what the representative beat tells."""
    waves = wave_times(average)
    missing = dict(timed.not_measurable)
    p_found = has_p_wave(average, waves, timed.rhythm_regularity)
    values: dict[str, float | None] = {"qrs_ms": _span(waves.qrs_on, waves.qrs_off)}
    values["p_ms"] = _span(waves.p_on, waves.p_off) if p_found else None
    values["pr_ms"] = _span(waves.p_on, waves.qrs_on) if p_found else None
    values["qt_ms"] = _span(waves.qrs_on, waves.t_off)
    if not p_found:
        missing |= dict.fromkeys(("p_ms", "pr_ms"), "no P wave found")
    if values["qt_ms"] is None:
        missing |= dict.fromkeys(("qt_ms", "qtc_bazett_ms", "qtc_fridericia_ms"), "no T wave found")
        values |= {"qtc_bazett_ms": None, "qtc_fridericia_ms": None}
    else:
        bazett, fridericia = corrected_qt(values["qt_ms"], average.rr_s)
        values |= {"qtc_bazett_ms": bazett, "qtc_fridericia_ms": fridericia}
    values["axis_deg"] = frontal_axis(average, good.leads, waves)
    if values["axis_deg"] is None:
        missing["axis_deg"] = _no_axis(record, timed.quality)
    leads = amplitudes(average, good.leads, waves)
    for lead in record.leads:
        if lead not in leads:
            missing[f"leads.{lead}"] = f"the lead is {timed.quality[lead]}"
    rounded: dict[str, Any] = {key: _rounded(value) for key, value in values.items()}
    return replace(
        timed,
        p_wave_present=p_found,
        leads={lead: {key: _rounded(v, 3) for key, v in row.items()} for lead, row in leads.items()},
        notes=_notes(record, average, kinds),
        not_measurable=missing,
        **rounded,
    )


def _no_axis(record: EcgRecord, quality: dict[str, str]) -> str:
    limb = [lead for lead in record.leads if lead in ("I", "II", "III", "aVR", "aVL", "aVF")]
    if len(limb) < 2:
        return "it takes two limb leads"
    if len([lead for lead in limb if quality[lead] == "good"]) < 2:
        return "fewer than two limb leads are of good quality"
    return "the net QRS area in the frontal plane has no clear direction"


def _notes(record: EcgRecord, average: AverageBeat, kinds: list[str]) -> tuple[str, ...]:
    notes = [f"intervals from the median of {len(average.beats)} of {len(kinds)} beats"]
    if record.duration_s > EXCERPT_S * MAX_EXCERPTS:
        notes.append(f"taken from {MAX_EXCERPTS} excerpts of {EXCERPT_S:g} s spread over the recording")
    if record.sampling_rate < 250:
        notes.append(f"at {record.sampling_rate:g} Hz amplitudes of narrow waves are underestimated (250 Hz advised)")
    return tuple(notes)


def _span(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else (end - start) * 2.0


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(float(value), digits)
