"""Which rhythm rules when: one throughout, or attacks that begin and end inside the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from .activity import Activity, Beats
from .pacing import PACED_RHYTHMS, paced
from .patient import Patient
from .sinus import pausing, sinus
from .slow import asystole, idioventricular, junctional
from .tachycardia import (
    atrial_tachycardia,
    bypass_reentry,
    fibrillation,
    flutter,
    nodal_reentry,
    polymorphic_tachycardia,
    reentry,
    ventricular_fibrillation,
    ventricular_tachycardia,
)

__all__ = ["Beats", "draw_beats"]

_LEAD_IN_S = 2.5  # simulated before the record starts, so that it starts in the middle of something
_Rhythm = Callable[[Patient, float, float, np.random.Generator], Activity]
_RHYTHMS: dict[str, _Rhythm] = {
    "SR": sinus, "AFIB": fibrillation, "SVTAC": reentry, "AVNRT": nodal_reentry, "AVRT": bypass_reentry,
    "ATACH": atrial_tachycardia, "VTACH": ventricular_tachycardia, "PVT": polymorphic_tachycardia,
    "VFIB": ventricular_fibrillation, "JUNC": junctional, "IVR": idioventricular, "AIVR": idioventricular,
    "ASYSTOLE": asystole, "PAUSE": pausing, **dict.fromkeys(PACED_RHYTHMS, paced),
}  # fmt: skip
# Rhythms that may come as attacks out of sinus rhythm: the share of 10 s records in which they rule throughout.
_THROUGHOUT = {"VTACH": 0.5, "PVT": 0.3, "VFIB": 0.55, "AVNRT": 0.6, "AVRT": 0.6, "ATACH": 0.6, "ASYSTOLE": 0.3}
_TO_THE_END = ("VFIB", "ASYSTOLE")  # nothing stops them here
# Episodes that a stretch of rhythm is by itself; others are found from the beats (`truth.find_episodes`).
_SPELLS = (
    "AFIB", "AFLT", "SVTAC", "AVNRT", "AVRT", "ATACH", "VFIB", "ASYSTOLE", "JUNC", "VTACH", "PVT",
)  # fmt: skip


def draw_beats(patient: Patient, duration_s: float, rng: np.random.Generator) -> Beats:
    """Draw the activations of a record of this length."""
    flutter_s = 60 / rng.uniform(270, 330)
    parts: list[Activity] = []
    last: float | None = None
    for rhythm, start, end in _segments(patient, duration_s, rng):
        begin = start if last is None else last + (0.5 if rhythm in _TO_THE_END else 60 / patient.rate_bpm)
        if begin >= end:
            continue
        part, name = _stretch(patient, rhythm, begin, end, flutter_s, rng)
        parts.append(part)
        last = part.last_s if part.beats else end - 0.3
        if rhythm in _SPELLS:
            part.spells.append((name, max(begin, 0.0) if start > 0 else 0.0, min(end, duration_s)))
    more = {"flutter_s": flutter_s, "flutter_from_s": -_LEAD_IN_S}
    made = Beats.of(parts, 60 / patient.rate_bpm, **more)
    return replace(made, spells=tuple((n, max(a, 0.0), min(b, duration_s)) for n, a, b in made.spells))


def _stretch(
    patient: Patient, rhythm: str, begin: float, end: float, flutter_s: float, rng: np.random.Generator
) -> tuple[Activity, str]:
    if rhythm == "AFLT":
        part, ratio = flutter(patient, begin, end, rng, flutter_s)
        return part, f"AFLT {ratio}"
    return _RHYTHMS[rhythm](patient, begin, end, rng), rhythm


def _segments(patient: Patient, duration_s: float, rng: np.random.Generator) -> list[tuple[str, float, float]]:
    """(rhythm, start, end): one rhythm throughout, or attacks of it."""
    end = duration_s + 1.5
    rhythm = patient.rhythm
    if rhythm in _THROUGHOUT:
        return _attacks(rhythm, duration_s, end, rng)
    if rhythm != "AFIB" or duration_s < 20 or rng.random() < 0.35:
        return [(rhythm if rhythm in _RHYTHMS or rhythm == "AFLT" else "SR", -_LEAD_IN_S, end)]
    return _several("AFIB", duration_s, end, 8.0, rng)


def _attacks(rhythm: str, duration_s: float, end: float, rng: np.random.Generator) -> list[tuple[str, float, float]]:
    if duration_s < 6 or rng.random() < _THROUGHOUT[rhythm]:
        return [(rhythm, -_LEAD_IN_S, end)]
    if rhythm in _TO_THE_END:
        starts = rng.uniform(0.15, 0.5) * duration_s
        return [("SR", -_LEAD_IN_S, float(starts)), (rhythm, float(starts), end)]
    if duration_s >= 20:
        return _several(rhythm, duration_s, end, 5.0, rng)
    starts = float(rng.uniform(0.15, 0.4) * duration_s)
    stops = float(starts + rng.uniform(0.35, 0.9) * duration_s)
    if stops > 0.9 * duration_s:
        return [("SR", -_LEAD_IN_S, starts), (rhythm, starts, end)]
    return [("SR", -_LEAD_IN_S, starts), (rhythm, starts, stops), ("SR", stops, end)]


def _several(
    rhythm: str, duration_s: float, end: float, shortest_s: float, rng: np.random.Generator
) -> list[tuple[str, float, float]]:
    """Sinus rhythm with some attacks."""
    n = int(rng.integers(1, 2 + min(int(duration_s // 120), 4)))
    cuts = np.sort(rng.uniform(0.08, 0.92, 2 * n)) * duration_s
    cuts[1::2] = np.maximum(cuts[1::2], cuts[::2] + min(shortest_s, 0.2 * duration_s))
    edges = [-_LEAD_IN_S, *[float(c) for c in np.maximum.accumulate(cuts)], end]
    return [(rhythm if k % 2 else "SR", a, b) for k, (a, b) in enumerate(pairwise(edges)) if b - a > 3.0]
