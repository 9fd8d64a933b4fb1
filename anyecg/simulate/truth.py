"""What is true of a simulated ECG: waves, beats, events, findings and intervals, from the drawn state alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..findings import CODES
from ..leads import LIMB_LEADS
from .morphology import Heart
from .noise import Disturbance
from .patient import NO_P_WAVE, Patient
from .rhythm import Beats

_BEAT_EVENT = {"S": "premature atrial contraction", "V": "premature ventricular contraction"}
_EPISODE_EVENT = {"AFIB": "atrial fibrillation", "AFLT": "atrial flutter"}
_IMPLIED = {"1AVB": ("LPR",), "LVH": ("VCLVH",), "WPW": ("ABQRS",), "IVCD": ("ABQRS",)}
_BEAT_HALF_WIDTH_S = 0.1  # a beat's event is its R peak and this much on both sides
_ECTOPY = ("PVC", "PAC", "BIGU", "TRIGU")


def repolarisation_stretch(patient: Patient, heart: Heart, beats: Beats) -> np.ndarray:
    """(n_beats,) how much longer or shorter each beat's ST-T is than the shape drawn, by its cycle length."""
    reference = 60 / patient.rate_bpm
    qt = patient.qtc_ms * np.cbrt(reference)
    adapted = patient.qtc_ms * np.cbrt(beats.rr_s)
    return (adapted - patient.qrs_ms) / (qt - patient.qrs_ms)


def find_waves(heart: Heart, beats: Beats, stretch: np.ndarray, duration_s: float) -> list[dict[str, Any]]:
    """Onset, peak and end of every wave that begins and ends inside the record, in time order."""
    rows: list[tuple[str, float, float, float]] = []
    for at, ectopic in zip(beats.p_s.tolist(), beats.p_ectopic.tolist(), strict=True):
        shape = heart.shapes["P S" if ectopic else "P"]
        rows.append(("P wave", at, at + shape.peak_ms / 1000, at + shape.end_ms / 1000))
    following = [*beats.qrs_s[1:].tolist(), np.inf]
    for at, kind, factor, next_at in zip(
        beats.qrs_s.tolist(), beats.kind.tolist(), stretch.tolist(), following, strict=True
    ):
        suffix = " V" if kind == "V" else ""
        qrs, st_t = heart.shapes["QRS" + suffix], heart.shapes["T" + suffix]
        j = at + qrs.end_ms / 1000
        rows.append(("QRS complex", at, at + qrs.peak_ms / 1000, j))
        onset, peak, end = (j + ms * factor / 1000 for ms in (st_t.onset_ms, st_t.peak_ms, st_t.end_ms))
        if peak < next_at - 0.02:
            rows.append(("T wave", onset, peak, min(end, next_at - 0.004)))
    rows = [row for row in rows if row[1] >= 0 and row[3] <= duration_s]
    rows.sort(key=lambda row: row[1])
    return [
        {"kind": kind, "start_s": round(start, 4), "peak_s": round(peak, 4), "end_s": round(end, 4)}
        for kind, start, peak, end in rows
    ]


def find_beats(heart: Heart, beats: Beats, duration_s: float) -> list[dict[str, Any]]:
    """R time and class of every beat whose R peak lies in the record."""
    rows = []
    for at, kind in zip(beats.qrs_s.tolist(), beats.kind.tolist(), strict=True):
        r = at + heart.shapes["QRS V" if kind == "V" else "QRS"].peak_ms / 1000
        if 0 <= r < duration_s:
            rows.append({"time_s": round(r, 4), "kind": kind})
    return rows


def find_findings(
    patient: Patient, heart: Heart, beats: Beats, seen: list[dict[str, Any]], duration_s: float
) -> tuple[str, ...]:
    """SCP codes, in the order of the vocabulary."""
    codes = {code for code in (*patient.codes, *heart.codes) if code not in _ECTOPY}
    codes |= {extra for code in tuple(codes) for extra in _IMPLIED.get(code, ())}
    kinds = [beat["kind"] for beat in seen]
    codes |= _ectopy_codes(patient.ectopy, kinds)
    shown = {rhythm: end - start for rhythm, start, end in beats.episodes if end > 0 and start < duration_s}
    codes |= set(shown)
    if patient.rhythm not in NO_P_WAVE:
        codes.add(patient.rhythm)
    elif sum(end - start for _, start, end in beats.episodes) < duration_s - 4:
        codes.add("SR")
    if not codes - {"SR", "SARRH", "SBRAD"}:
        codes.add("NORM")
    return tuple(code for code in CODES if code in codes)


def _ectopy_codes(drawn: str, kinds: list[str]) -> set[str]:
    codes = {code for code, kind in (("PVC", "V"), ("PAC", "S")) if kind in kinds}
    if drawn in ("BIGU", "TRIGU") and kinds.count("V") >= 2:
        codes.add(drawn)
    return codes


def find_events(
    patient: Patient,
    waves: Iterable[dict[str, Any]],
    seen: Iterable[dict[str, Any]],
    beats: Beats,
    spells: Iterable[Disturbance],
    leads: tuple[str, ...],
    duration_s: float,
) -> list[dict[str, Any]]:
    """Rows of {kind, start_s, end_s, leads} for the dataset; no leads means all of them."""
    events = [{"kind": w["kind"], "start_s": w["start_s"], "end_s": w["end_s"], "leads": []} for w in waves]
    conducted = "normal beat"
    if "CLBBB" in patient.conduction:
        conducted = "left bundle branch block beat"
    elif "CRBBB" in patient.conduction:
        conducted = "right bundle branch block beat"
    for beat in seen:
        r = beat["time_s"]
        kind = _BEAT_EVENT.get(beat["kind"], conducted)
        events.append(_event(kind, r - _BEAT_HALF_WIDTH_S, r + _BEAT_HALF_WIDTH_S, [], duration_s))
    for rhythm, start, end in beats.episodes:
        if rhythm in _EPISODE_EVENT and end > start:
            events.append(_event(_EPISODE_EVENT[rhythm], start, end, [], duration_s))
    for spell in spells:
        touched = _touched(spell.sources, leads)
        if touched:
            events.append(
                _event("noise", spell.start_s, spell.end_s, [] if len(touched) == len(leads) else touched, duration_s)
            )
    return events


def _event(kind: str, start_s: float, end_s: float, leads: list[str], duration_s: float) -> dict[str, Any]:
    return {
        "kind": kind,
        "start_s": round(max(start_s, 0.0), 4),
        "end_s": round(min(end_s, duration_s), 4),
        "leads": leads,
    }


def _touched(sources: tuple[str, ...], leads: tuple[str, ...]) -> list[str]:
    """The recorded leads that contain a disturbed source lead."""
    limb = set(sources) & {"I", "II"}
    reached = {"I": ("I", "III", "aVR", "aVL", "aVF"), "II": ("II", "III", "aVR", "aVL", "aVF")}
    names = {name for source in limb for name in reached[source]} | (set(sources) - set(LIMB_LEADS))
    return [lead for lead in leads if lead in names]


def find_measurements(
    patient: Patient, heart: Heart, beats: Beats, seen: list[dict[str, Any]]
) -> dict[str, float | None]:
    """True rate, intervals and axis of the conducted beats; None where there is none."""
    times = np.array([beat["time_s"] for beat in seen])
    rr = np.diff(times)
    regular = np.array([beat["kind"] != "V" for beat in seen], bool)
    qrs = heart.shapes["QRS"].end_ms
    stretch = repolarisation_stretch(patient, heart, beats)[beats.kind != "V"]
    qt = qrs + heart.shapes["T"].end_ms * float(np.median(stretch)) if len(stretch) else None
    return {
        "heart_rate_bpm": round(60 / float(rr.mean()), 1) if len(rr) else None,
        "p_ms": round(heart.shapes["P"].end_ms, 1) if len(beats.p_s) else None,
        "pr_ms": round(beats.pr_ms, 1) if beats.pr_ms is not None else None,
        "qrs_ms": round(qrs, 1) if regular.any() else None,
        "qt_ms": round(qt, 1) if qt is not None and regular.any() else None,
        "axis_deg": round(heart.axis_deg, 1) if regular.any() else None,
    }
