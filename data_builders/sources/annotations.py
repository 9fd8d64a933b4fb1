"""WFDB annotations as events: beats around their R peak, rhythm episodes, noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anyecg.record import EcgRecord

_BEATS = {
    **dict.fromkeys("Nejn", "normal beat"), **dict.fromkeys("AaS", "premature atrial contraction"),
    "V": "premature ventricular contraction", "L": "left bundle branch block beat",
    "R": "right bundle branch block beat", "/": "paced beat",
}  # fmt: skip
_AROUND_R_S = {"premature ventricular contraction": (-0.12, 0.28)}
_RHYTHMS = {
    "(AFIB": "atrial fibrillation", "(AFL": "atrial flutter", "(SVTA": "supraventricular tachycardia",
    "(NOD": "junctional rhythm", "(IVR": "idioventricular rhythm",
}  # fmt: skip
BEAT_EVENTS = tuple(dict.fromkeys(_BEATS.values()))
RHYTHM_EVENTS = tuple(_RHYTHMS.values())[:2]
FURTHER_RHYTHM_EVENTS = tuple(_RHYTHMS.values())[2:]
"""Rhythms that only the arrhythmia databases mark."""


def beat_events(times_s: np.ndarray, symbols: Sequence[str], duration_s: float) -> list[dict[str, Any]]:
    """Beats as intervals around the R peak; kinds that have no name of ours are left out."""
    events = []
    for time, symbol in zip(times_s.tolist(), symbols, strict=True):
        kind = _BEATS.get(symbol)
        if kind:
            before, after = _AROUND_R_S.get(kind, (-0.1, 0.2))
            events.append(event(kind, max(time + before, 0), min(time + after, duration_s)))
    return events


def episodes(marks: Any, record: EcgRecord, kinds: Mapping[str, str] = _RHYTHMS) -> list[dict[str, Any]]:
    """Rhythms of these kinds; each lasts until the next rhythm mark."""
    changes = [
        (sample / record.sampling_rate, note.rstrip("\x00"))
        for sample, symbol, note in zip(marks.sample.tolist(), marks.symbol, marks.aux_note, strict=True)
        if symbol == "+" and note.startswith("(")
    ]
    return [event(kinds[name], start, end) for start, end, name in _spans(changes, record) if name in kinds]


def noise(marks: Any, record: EcgRecord) -> list[dict[str, Any]]:
    """Bit k of a quality mark says that signal k is noisy until the next mark; a negative mark, that all are."""
    changes = [
        (sample / record.sampling_rate, int(subtype))
        for sample, symbol, subtype in zip(marks.sample.tolist(), marks.symbol, marks.subtype, strict=True)
        if symbol == "~"
    ]
    events = []
    for start, end, bits in _spans(changes, record):
        leads = tuple(lead for k, lead in enumerate(record.leads) if bits < 0 or bits & 1 << k)
        if leads:
            events.append(event("noise", start, end, () if len(leads) == len(record.leads) else leads))
    return events


def event(kind: str, start_s: float, end_s: float, leads: tuple[str, ...] = ()) -> dict[str, Any]:
    """One event; no leads means all of them."""
    return {"kind": kind, "start_s": round(start_s, 3), "end_s": round(end_s, 3), "leads": list(leads)}


def _spans(changes: list[tuple[float, Any]], record: EcgRecord) -> list[tuple[float, float, Any]]:
    """(start, end, state) of each state that begins at a change and lasts until the next one."""
    ends = [*(time for time, _ in changes[1:]), record.duration_s]
    return [(start, end, state) for (start, state), end in zip(changes, ends, strict=False) if end > start]
