"""What is true of a simulated ECG: waves, beats, events, findings and intervals, from the drawn state alone."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..findings import CODES, EVENT_KINDS
from ..leads import LIMB_LEADS
from .activity import Beats
from .episodes import rhythm_codes
from .morphology import Heart
from .patient import Patient
from .spells import Disturbance

_BEAT_EVENT = {"S": "premature atrial contraction", "V": "premature ventricular contraction", "P": "paced beat"}
_IMPLIED = {"1AVB": ("LPR",), "WPW": ("ABQRS",), "IVCD": ("ABQRS",)}
_BEAT_HALF_WIDTH_S = 0.1  # a beat's event is its R peak and this much on both sides
_VENTRICULAR = ("V", "P")
# Statements of the vocabulary for conditions that have no name there of their own.
_SCP_OF = {"MOBITZ1": "2AVB", "MOBITZ2": "2AVB", "2:1AVB": "2AVB"}
_SINUS = ("SR", "SARRH", "SBRAD")
_ECTOPY = ("PVC", "PAC", "BIGU", "TRIGU", "MULTIFORM", "COUPLET", "NSVT")


def repolarisation_stretch(patient: Patient, heart: Heart, beats: Beats) -> np.ndarray:
    """(n_beats,) how much longer or shorter each beat's ST-T is than the shape drawn, by its cycle length."""
    reference = 60 / patient.rate_bpm
    qt = patient.qtc_ms * np.cbrt(reference)
    adapted = patient.qtc_ms * np.cbrt(beats.rr_s)
    return (adapted - patient.qrs_ms) / (qt - patient.qrs_ms)


def find_waves(heart: Heart, beats: Beats, stretch: np.ndarray, duration_s: float) -> list[dict[str, Any]]:
    """Onset, peak and end of every wave that can be seen and lies inside the record, in time order."""
    marks, rows = {}, []
    for suffix in set(beats.shape.tolist()):
        qrs, st_t = heart.shapes["QRS" + suffix], heart.shapes["T" + suffix]
        marks[suffix] = [ms / 1000 for ms in (qrs.peak_ms, qrs.end_ms, st_t.onset_ms, st_t.peak_ms, st_t.end_ms)]
    starts = beats.qrs_s.tolist()
    j_points = [at + marks[suffix][1] for at, suffix in zip(starts, beats.shape.tolist(), strict=True)]
    followed_by = [at - 0.004 for at in (*starts[1:], math.inf)][: len(starts)]
    for at, suffix, j, factor, following in zip(
        starts, beats.shape.tolist(), j_points, stretch.tolist(), followed_by, strict=True
    ):
        r, _, t_onset, t_peak, t_end = marks[suffix]
        rows.append((at, at + r, min(j, following), "QRS complex"))
        if j + factor * t_peak < following - 0.016:
            rows.append((j + factor * t_onset, j + factor * t_peak, min(j + factor * t_end, following), "T wave"))
    for at, name in zip(beats.p_s.tolist(), beats.p_shape.tolist(), strict=True):
        peak, end = at + heart.shapes[name].peak_ms / 1000, at + heart.shapes[name].end_ms / 1000
        before = bisect_left(starts, end)  # QRS complexes that begin before the P wave has ended
        if not before or j_points[before - 1] <= at:
            rows.append((at, peak, end, "P wave"))
    return [
        {"kind": kind, "start_s": round(start, 4), "peak_s": round(peak, 4), "end_s": round(end, 4)}
        for start, peak, end, kind in sorted(rows)
        if start >= 0 and end <= duration_s
    ]


def find_beats(heart: Heart, beats: Beats, duration_s: float) -> list[dict[str, Any]]:
    """R time and class of every beat whose R peak lies in the record."""
    rows = []
    for at, kind, suffix in zip(beats.qrs_s.tolist(), beats.kind.tolist(), beats.shape.tolist(), strict=True):
        r = at + heart.shapes["QRS" + suffix].peak_ms / 1000
        if 0 <= r < duration_s:
            rows.append({"time_s": round(r, 4), "kind": kind})
    return rows


def find_findings(
    patient: Patient, heart: Heart, beats: Beats, seen: list[dict[str, Any]], duration_s: float
) -> tuple[str, ...]:
    """SCP codes, in the order of the vocabulary."""
    kinds = [beat["kind"] for beat in seen]
    codes = rhythm_codes(patient, beats, duration_s)
    if "N" in kinds or "S" in kinds:  # what conducted beats show
        drawn = {code for code in patient.codes if code not in heart.unseen}
        shown = {_SCP_OF.get(code, code) for code in {*drawn, *heart.codes} if code not in _ECTOPY}
        codes |= shown | {extra for code in shown for extra in _IMPLIED.get(code, ())}
    codes |= _ectopy_codes(patient.ectopy, kinds)
    if patient.av == "3AVB":
        codes.add("3AVB")
    if not codes - set(_SINUS) and codes and patient.rhythm in _SINUS and not set(patient.codes) - heart.unseen:
        codes.add("NORM")
    return tuple(code for code in CODES if code in codes)


def _ectopy_codes(drawn: str, kinds: list[str]) -> set[str]:
    codes = {code for code, kind in (("PVC", "V"), ("PAC", "S")) if drawn and kind in kinds}
    if drawn in ("BIGU", "TRIGU") and kinds.count("V") >= 2:
        codes.add(drawn)
    return codes


def find_events(
    patient: Patient,
    waves: Iterable[dict[str, Any]],
    seen: Iterable[dict[str, Any]],
    beats: Beats,
    episodes: Iterable[dict[str, Any]],
    spells: Iterable[Disturbance],
    leads: tuple[str, ...],
    duration_s: float,
) -> list[dict[str, Any]]:
    """Rows of {kind, start_s, end_s, leads} for the dataset; no leads means all of them."""
    events = [{"kind": w["kind"], "start_s": w["start_s"], "end_s": w["end_s"], "leads": []} for w in waves]
    escape = " E" in beats.shape
    conducted = "normal beat"
    if "CLBBB" in patient.conduction:
        conducted = "left bundle branch block beat"
    elif "CRBBB" in patient.conduction:
        conducted = "right bundle branch block beat"
    for beat in seen:
        r = beat["time_s"]
        if beat["kind"] == "V" and escape:
            continue  # neither normal nor premature
        kind = _BEAT_EVENT.get(beat["kind"], conducted)
        events.append(_event(kind, r - _BEAT_HALF_WIDTH_S, r + _BEAT_HALF_WIDTH_S, [], duration_s))
    for row in episodes:
        if row["kind"] in EVENT_KINDS and row["end_s"] > row["start_s"]:
            events.append(_event(row["kind"], row["start_s"], row["end_s"], [], duration_s))
    for spell in spells:
        touched = _touched(spell.sources, leads)
        if touched and spell.kind != "recorded noise":  # at any level: the ECG may be read through it
            events.append(
                _event("noise", spell.start_s, spell.end_s, [] if len(touched) == len(leads) else touched, duration_s)
            )
    return events


def find_disturbances(spells: Iterable[Disturbance], leads: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows of {kind, start_s, end_s, leads} and what else is known, of heavy disturbances and of recorded noise."""
    rows = [(spell, _touched(spell.sources, leads)) for spell in spells]
    return [
        {
            "kind": spell.kind, "start_s": round(spell.start_s, 4), "end_s": round(spell.end_s, 4), "leads": touched,
            **spell.facts,
        }
        for spell, touched in rows
        if touched
    ]  # fmt: skip


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
    heart: Heart, beats: Beats, stretch: np.ndarray, seen: list[dict[str, Any]], waves: list[dict[str, Any]]
) -> dict[str, float | None]:
    """True rate, intervals and axis of the conducted beats or, without any, of the ventricular ones.

    None where there is none.
    """
    out: dict[str, float | None] = dict.fromkeys(
        ("heart_rate_bpm", "p_ms", "pr_ms", "qrs_ms", "qt_ms", "axis_deg"), None
    )
    if len(seen) > 1:
        out["heart_rate_bpm"] = round(60 * (len(seen) - 1) / (seen[-1]["time_s"] - seen[0]["time_s"]), 1)
    if seen:
        out |= _ventricular_intervals(heart, beats, stretch, [beat["kind"] for beat in seen])
    if any(wave["kind"] == "P wave" for wave in waves):
        out["p_ms"] = round(heart.shapes[_commonest(beats.p_shape.tolist())].end_ms, 1)
    if beats.pr_ms is not None and out["p_ms"] is not None:
        out["pr_ms"] = round(beats.pr_ms, 1)
    return out


def _commonest(names: list[str]) -> str:
    return max(sorted(set(names)), key=names.count)


def _ventricular_intervals(
    heart: Heart, beats: Beats, stretch: np.ndarray, kinds: list[str]
) -> dict[str, float | None]:
    wanted = set(kinds) - set(_VENTRICULAR) or {_commonest(kinds)}
    shapes = list(zip(beats.shape.tolist(), beats.kind.tolist(), strict=True))
    suffix = _commonest([shape for shape, kind in shapes if kind in wanted])
    such = [k for k, (shape, kind) in enumerate(shapes) if shape == suffix and kind in wanted]
    qrs, st_t = heart.shapes["QRS" + suffix], heart.shapes["T" + suffix]
    stretches, cycles = (sorted(values[such].tolist()) for values in (stretch, beats.rr_s))
    qt = qrs.end_ms + st_t.end_ms * stretches[len(such) // 2]
    merged = qt > 1000 * cycles[len(such) // 2] - 4  # T runs into the next beat
    twisting = bool(suffix) and bool(np.any(beats.twist))
    return {
        "qrs_ms": None if twisting else round(qrs.end_ms, 1),
        "qt_ms": None if merged and suffix else round(qt, 1),
        "axis_deg": None if twisting else round(heart.axis_deg(suffix), 1),
    }
