"""`measure`: everything that is measured on one ECG."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..record import EcgRecord
from .average import EXCERPT_S, MAX_EXCERPTS, AverageBeat, average_beat
from .beats import MIN_DURATION_S, MIN_RATE_HZ, detect_r_peaks, usable_leads
from .critical import critical_values
from .intervals import amplitudes, corrected_qts, median_beat, missing_amplitudes, rates, regularity
from .kinds import classify_beats
from .measurements import AXIS_KEYS, QTC_KEYS, RATE_KEYS, VOLTAGE_KEYS, WAVE_KEYS, Measurements
from .not_ecg import may_hide_arrest, not_an_ecg
from .pacing import Pacing, find_pacing, pacing_note, with_pacing
from .placement import find_misplacement
from .pwave import has_p_wave
from .quality import disturbances, signal_quality
from .rhythm import find_episodes
from .vectors import axes
from .voltages import voltages
from .waves import Waves, lead_waves, wave_times

MIN_BEATS = 2
CUT_S = (0.12, 0.18)
"""From a cut QRS complex no ventricular kind is read: the window that `kinds` looks at, before and after R."""
_STANDSTILL = ("asystole", "pause", "no signal")
_ARREST = ("ventricular fibrillation or flutter", "asystole", "no signal")
"""What is said even of a signal that does not look like an ECG."""
_LIMB_LEADS = {"I", "II", "III", "aVR", "aVL", "aVF"}


@dataclass(frozen=True)
class _Beats:
    """The beats of a recording."""

    peaks_s: np.ndarray
    kinds: list[str]
    """"N", "S", "V" or "P" of each."""
    likeness: np.ndarray
    """Of each to the dominant one."""
    pacing: Pacing


def measure(record: EcgRecord) -> Measurements:
    """Measure one ECG of any leads, rate and length.

    Rate and beats come from the whole recording; intervals, axes and amplitudes from its representative beat
    (for recordings over a minute: from excerpts spread over it).
    """
    quality = signal_quality(record)
    rows = usable_leads(record, quality)
    found = Measurements(
        record.duration_s, float(record.sampling_rate), quality, disturbances=disturbances(record, quality)
    )
    beats = _find_beats(record, rows)
    if record.sampling_rate < MIN_RATE_HZ or record.duration_s < MIN_DURATION_S:
        return _without_beats(found, _why_no_beats(record, rows, 0))
    no_ecg = not_an_ecg(record, quality, beats.peaks_s, beats.likeness)
    paced = beats.pacing.mode is not None
    episodes = find_episodes(record, beats.peaks_s, beats.kinds, rows, paced=paced)
    if set(quality.values()) == {"saturated"}:  # a signal on the rail is as quiet as a heart that stands still
        episodes = [e for e in episodes if e["kind"] not in ("asystole", "pause")]
    if no_ecg:
        arrest = [e for e in episodes if e["kind"] in _ARREST] if may_hide_arrest(no_ecg) else []
        found = _without_beats(replace(found, not_an_ecg=no_ecg, episodes=arrest), f"this is not an ECG: {no_ecg}")
        return replace(found, critical=critical_values(found.to_dict(), record))
    beats = _outside(beats, [e for e in episodes if e["kind"] in _STANDSTILL])
    found = replace(_with_beats(found, beats), paced=beats.pacing.mode, episodes=episodes)
    if len(beats.peaks_s) < MIN_BEATS:
        found = _without_beats(found, _why_no_beats(record, rows, len(beats.peaks_s)))
    else:
        found = _with_representative(_with_rates(found, beats), record, rows, beats)
    return replace(found, critical=critical_values(found.to_dict(), record))


def beats_of(record: EcgRecord, quality: dict[str, str]) -> list[dict[str, Any]]:
    """The beats that `measure` lists, by themselves and faster; those of a standstill are not taken out.

    Args:
        quality: `Measurements.quality` of the record.
    """
    return list(_with_beats(Measurements(0.0, 0.0, quality), _find_beats(record, usable_leads(record, quality))).beats)


def _outside(beats: _Beats, standstill: list[dict[str, Any]]) -> _Beats:
    """The beats without those that were found while the ventricles stand still: P waves and noise."""
    kept = np.ones(len(beats.peaks_s), dtype=bool)
    for episode in standstill:
        kept &= (beats.peaks_s < episode["start_s"] + 0.01) | (beats.peaks_s > episode["end_s"] - 0.01)
    kinds = [kind for kind, is_kept in zip(beats.kinds, kept, strict=True) if is_kept]
    pacing = replace(beats.pacing, paced_beats=beats.pacing.paced_beats[kept])
    return _Beats(beats.peaks_s[kept], kinds, beats.likeness[kept], pacing)


def _find_beats(record: EcgRecord, rows: list[int]) -> _Beats:
    peaks_s = detect_r_peaks(record, rows=rows)
    pacing = find_pacing(record, peaks_s)
    kinds, likeness = classify_beats(record, peaks_s, rows)
    # A QRS complex that the edge of the recording cuts has no shape of its own.
    cut = (peaks_s < CUT_S[0]) | (peaks_s > record.duration_s - CUT_S[1])
    kinds = ["N" if kind == "V" and is_cut else kind for kind, is_cut in zip(kinds, cut, strict=True)]
    return _Beats(peaks_s, with_pacing(kinds, pacing), likeness, pacing)


def _with_beats(found: Measurements, beats: _Beats) -> Measurements:
    rows = zip(beats.peaks_s, beats.kinds, strict=True)
    return replace(found, beats=tuple({"time_s": round(float(t), 3), "kind": kind} for t, kind in rows))


def _with_rates(found: Measurements, beats: _Beats) -> Measurements:
    rounded: dict[str, Any] = {key: _rounded(value) for key, value in rates(beats.peaks_s).items()}
    regular = regularity(beats.peaks_s, beats.kinds)
    missing = dict(found.not_measurable)
    if regular is None:
        missing["rhythm_regularity"] = f"only {len(beats.peaks_s)} beats were found; it takes 4"
    if rounded["rr_sd_ms"] is None:
        missing["rr_sd_ms"] = f"only {len(beats.peaks_s)} beats were found; it takes 3"
    used = {"rate": len(beats.peaks_s), "intervals": 0}
    return replace(found, rhythm_regularity=regular, beats_used=used, not_measurable=missing, **rounded)


def representative(kinds: list[str], likeness: np.ndarray) -> np.ndarray:
    """The beats to average: normal in kind and in shape, else normal in kind, else paced, else those most alike."""
    normal, paced = (np.array([kind == letter for kind in kinds]) for letter in "NP")
    for accepted in (normal & (likeness > 0.85), normal, paced & (likeness > 0.6), paced, likeness > 0.6):
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


def _without_beats(found: Measurements, reason: str) -> Measurements:
    keys = (*RATE_KEYS, "p_wave_present", *WAVE_KEYS)
    used = {"rate": len(found.beats), "intervals": 0}
    return replace(found, beats_used=used, not_measurable=found.not_measurable | dict.fromkeys(keys, reason))


def _with_representative(found: Measurements, record: EcgRecord, rows: list[int], beats: _Beats) -> Measurements:
    """Add what the representative beat tells."""
    good = EcgRecord(record.signal[rows], tuple(record.leads[k] for k in rows), record.sampling_rate)
    average = average_beat(good, beats.peaks_s, representative(beats.kinds, beats.likeness))
    if average is None:
        reason = "no beat lies whole within the recording"
        missing = found.not_measurable | dict.fromkeys((*WAVE_KEYS, "p_wave_present"), reason)
        return replace(found, not_measurable=missing)
    waves = wave_times(average)
    p_found = has_p_wave(average, waves, found.rhythm_regularity)
    if not p_found:
        waves = replace(waves, p_on=None, p_peak=None, p_off=None)
    found = _with_intervals(replace(found, p_wave_present=p_found), average, waves)
    found = _with_leads(found, average, good.leads, waves, record)
    paced = bool(beats.pacing.paced_beats.any())
    placement = find_misplacement(average, good.leads, waves, has_p=p_found, paced=paced)
    used = found.beats_used | {"intervals": len(average.beats)}
    return _placed(replace(found, placement=placement, beats_used=used, notes=_notes(found, record, average, beats)))


def _with_intervals(found: Measurements, average: AverageBeat, waves: Waves) -> Measurements:
    """P, PR, QRS, QT and QTc over all leads."""
    values: dict[str, float | None] = {
        "p_ms": _span(waves.p_on, waves.p_off), "pr_ms": _span(waves.p_on, waves.qrs_on),
        "qrs_ms": _span(waves.qrs_on, waves.qrs_off), "qt_ms": _span(waves.qrs_on, waves.t_off),
    }  # fmt: skip
    missing = {} if found.p_wave_present else dict.fromkeys(("p_ms", "pr_ms"), "no P wave found")
    if values["qt_ms"] is None:
        missing |= dict.fromkeys(("qt_ms", *QTC_KEYS), "no T wave found")
    else:
        values |= corrected_qts(values["qt_ms"], average.rr_s)
    rounded: dict[str, Any] = {key: _rounded(value) for key, value in values.items()}
    return replace(found, not_measurable=found.not_measurable | missing, **rounded)


def _with_leads(
    found: Measurements, average: AverageBeat, leads: tuple[str, ...], waves: Waves, record: EcgRecord
) -> Measurements:
    """Axes, amplitudes, voltages and the median beat."""
    directions = axes(average, leads, waves)
    missing = directions.pop("not_measurable")
    if "axis_deg" in missing and len(_LIMB_LEADS & set(record.leads)) >= 2 > len(_LIMB_LEADS & set(leads)):
        missing["axis_deg"] = "fewer than two limb leads are of good quality"
    rows = amplitudes(average, leads, waves, lead_waves(average))
    rows = {lead: {key: _rounded(v, 1 if key.endswith("_ms") else 3) for key, v in row.items()}
            for lead, row in rows.items()}  # fmt: skip
    missing |= missing_amplitudes(rows)
    sums = voltages(rows)
    missing |= sums.pop("not_measurable")
    missing |= {f"leads.{lead}": f"the lead is {found.quality[lead]}" for lead in record.leads if lead not in rows}
    progression = sums.pop("r_progression")
    values: dict[str, Any] = {key: _rounded(value) for key, value in directions.items()}
    values |= {key: _rounded(value, 2) for key, value in sums.items()}
    return replace(
        found, leads=rows, median_beat=median_beat(average, leads, waves), r_progression=progression,
        not_measurable=found.not_measurable | missing, **values,
    )  # fmt: skip


def _placed(found: Measurements) -> Measurements:
    """Take back what exchanged electrodes falsify."""
    missing: dict[str, str] = {}
    for suspicion in found.placement:
        limb = bool(_LIMB_LEADS & set(suspicion["leads"]))
        keys = (*AXIS_KEYS, "cornell_mv") if limb else (*VOLTAGE_KEYS, "spatial_qrs_t_angle_deg")
        missing |= dict.fromkeys(keys, f"the electrodes of {'the limbs' if limb else 'the chest'} look exchanged")
    taken: dict[str, Any] = dict.fromkeys(missing)
    return replace(found, not_measurable=found.not_measurable | missing, **taken)


def _notes(found: Measurements, record: EcgRecord, average: AverageBeat, beats: _Beats) -> tuple[str, ...]:
    notes = [f"intervals from the median of {len(average.beats)} of {len(beats.kinds)} beats"]
    if record.duration_s > EXCERPT_S * MAX_EXCERPTS:
        notes.append(f"taken from {MAX_EXCERPTS} excerpts of {EXCERPT_S:g} s spread over the recording")
    if record.sampling_rate < 250:
        notes.append(f"at {record.sampling_rate:g} Hz amplitudes of narrow waves are underestimated (250 Hz advised)")
    unsure = pacing_note(beats.pacing, found.qrs_ms, p_wave=found.p_wave_present)
    return (*notes, unsure) if unsure else tuple(notes)


def _span(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else (end - start) * 2.0


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(float(value), digits)
