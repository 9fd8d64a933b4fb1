"""Rhythm episodes of a simulated ECG: from when to when, and which statements they earn."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from .activity import Beats
from .pacing import PACED_RHYTHMS
from .patient import Patient
from .sinus import SHORTEST_PAUSE_S

_NAMES = {
    "AFIB": "atrial fibrillation", "AFLT": "atrial flutter", "SVTAC": "supraventricular tachycardia",
    "AVNRT": "supraventricular tachycardia", "AVRT": "supraventricular tachycardia", "ATACH": "atrial tachycardia",
    "VFIB": "ventricular fibrillation", "ASYSTOLE": "asystole", "JUNC": "junctional rhythm",
}  # fmt: skip
_BLOCKS = {
    "MOBITZ1": "second-degree AV block (Mobitz 1)", "MOBITZ2": "second-degree AV block (Mobitz 2)",
    "2:1AVB": "2:1 AV block", "3AVB": "third-degree AV block",
}  # fmt: skip
EPISODE_KINDS = tuple(
    dict.fromkeys((
        *_NAMES.values(), *_BLOCKS.values(), "ventricular tachycardia", "idioventricular rhythm", "pause",
        "paced rhythm",
    ))
)  # fmt: skip
_RUN_OF_BEATS = 3  # fewer ventricular beats in a row are a couplet
_TACHYCARDIA_BPM = 100.0
_LONGEST_DIASTOLE_S = 2.0
_FORMS = {"AVNRT": "AVNRT", "AVRT": "AVRT"}


def find_episodes(
    patient: Patient, beats: Beats, seen: list[dict[str, Any]], duration_s: float
) -> list[dict[str, Any]]:
    """Rows of {"kind", "start_s", "end_s"}, in time order; some say their "form" or their "conduction".

    Ventricular tachycardia is three or more ventricular beats in a row faster than 100/min, slower runs are
    idioventricular; a pause is more than 3 s between two beats; asystole is drawn, and lasts to the next beat.
    """
    rows = [_row(name, a, b) for name, a, b in beats.spells if name not in _WIDE]
    rows = [row for row in rows if row["end_s"] > row["start_s"]]
    if patient.av in _BLOCKS:
        rows.append({"kind": _BLOCKS[patient.av], "start_s": 0.0, "end_s": duration_s})
    if patient.rhythm in PACED_RHYTHMS:
        rows.append({"kind": "paced rhythm", "start_s": 0.0, "end_s": duration_s})
    rows += _runs(seen, duration_s, "polymorphic" if patient.rhythm == "PVT" else "monomorphic")
    rows += _pauses(seen, [row for row in rows if row["kind"] in ("asystole", "ventricular fibrillation")])
    return sorted(rows, key=lambda row: row["start_s"])


def _row(name: str, start: float, end: float) -> dict[str, Any]:
    code, _, ratio = name.partition(" ")
    row: dict[str, Any] = {"kind": _NAMES[code], "start_s": round(start, 4), "end_s": round(end, 4)}
    if ratio:
        row["conduction"] = ratio
    if code in _FORMS:
        row["form"] = _FORMS[code]
    return row


def _runs(seen: list[dict[str, Any]], duration_s: float, form: str) -> list[dict[str, Any]]:
    """Runs of ventricular beats, from 0.1 s before the first R peak to 0.2 s after the last one."""
    rows, first = [], None
    for k, beat in enumerate([*seen, {"kind": "", "time_s": np.inf}]):
        if beat["kind"] == "V" and first is None:
            first = k
        elif beat["kind"] != "V" and first is not None:
            run = [row["time_s"] for row in seen[first:k]]
            if len(run) >= _RUN_OF_BEATS:
                fast = 60 * (len(run) - 1) / (run[-1] - run[0]) > _TACHYCARDIA_BPM
                kind = "ventricular tachycardia" if fast else "idioventricular rhythm"
                start = 0.0 if first == 0 and run[0] < 1.2 * (run[1] - run[0]) else max(run[0] - 0.1, 0.0)
                last = k == len(seen) and duration_s - run[-1] < 1.2 * (run[-1] - run[-2])
                end = duration_s if last else min(run[-1] + 0.2, duration_s)
                rows.append({"kind": kind, "start_s": round(start, 4), "end_s": round(end, 4)})
                if fast:
                    rows[-1]["form"] = form
            first = None
    return rows


def _pauses(seen: list[dict[str, Any]], elsewhere: list[dict[str, Any]]) -> list[dict[str, Any]]:
    times = [beat["time_s"] for beat in seen]
    return [
        {"kind": "pause", "start_s": a, "end_s": b}
        for a, b in pairwise(times)
        if b - a > SHORTEST_PAUSE_S and not any(row["start_s"] < b and row["end_s"] > a for row in elsewhere)
    ]


_RHYTHM_CODES = {
    "JUNC": "SVARR", "ATACH": "SVTAC", "AVNRT": "SVTAC", "AVRT": "SVTAC", "AFIB": "AFIB", "AFLT": "AFLT",
    "SVTAC": "SVTAC",
}  # fmt: skip
_WIDE = ("VTACH", "PVT", "IVR", "AIVR")
_NEVER_SINUS = ("JUNC", "IVR", "AIVR")
_ARRHYTHMIA_S, _CLEAR_ARRHYTHMIA_S = 0.12, 0.16
"""RR intervals that differ by less are no sinus arrhythmia; that differ by more are one, whatever was drawn."""
_SHOWN_S = 4.0  # this much sinus rhythm beside attacks is worth a statement


def _sinus_code(patient: Patient, beats: Beats, duration_s: float) -> str:
    """The name of a sinus rhythm: an arrhythmia if its RR intervals differ by as much as the drawn word wants."""
    if patient.rhythm not in ("SR", "SARRH") or patient.av:
        return patient.rhythm
    cycles = np.diff(beats.qrs_s[(beats.qrs_s >= 0) & (beats.qrs_s < duration_s)])
    if patient.rhythm == "SARRH":
        return "SARRH" if patient.ectopy or (len(cycles) and np.ptp(cycles) > _ARRHYTHMIA_S) else "SR"
    return "SARRH" if not patient.ectopy and len(cycles) and np.ptp(cycles) > _CLEAR_ARRHYTHMIA_S else "SR"


def rhythm_codes(patient: Patient, beats: Beats, duration_s: float) -> set[str]:
    """The statements about rhythm; the vocabulary has none for ventricular rhythms and asystole."""
    spells = [(name.partition(" ")[0], a, b) for name, a, b in beats.spells if b > a]
    codes = {_RHYTHM_CODES[name] for name, _, _ in spells if name in _RHYTHM_CODES}
    attack = sum(b - a for _, a, b in spells)
    if patient.rhythm in PACED_RHYTHMS:
        return codes | {"PACE"}
    if patient.rhythm in _WIDE:
        codes.add("ABQRS")
    starts_or_stops = any(a > 0.5 or b < duration_s - 0.5 for _, a, b in spells)
    if patient.rhythm in ("AVNRT", "AVRT") and starts_or_stops:
        codes.add("PSVT")
    if patient.rhythm in ("SR", "SARRH", "SBRAD", "STACH"):
        codes.add(_sinus_code(patient, beats, duration_s))
    elif patient.rhythm not in _NEVER_SINUS and attack < duration_s - _SHOWN_S:
        codes.add("SR")
    return codes
