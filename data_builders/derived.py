"""Episodes that follow from annotated beats: couplets, runs, bigeminy, trigeminy and pauses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any

from .sources import Labelled
from .sources.annotations import BEAT_EVENTS, event

TACHYCARDIA_RR_S = 0.6
"""Three or more ventricular beats in a row, faster than 100/min, are ventricular tachycardia (AHA/ACC/HRS 2017)."""
PAUSE_S = 3.0
"""More than this between two QRS complexes is a pause (ACC/AHA/HRS 2018)."""
REPEATS = 3
"""So many ventricular beats in the pattern make bigeminy or trigeminy."""
KINDS = ("ventricular couplet", "ventricular tachycardia", "bigeminy", "trigeminy", "pause")
_VENTRICULAR = "premature ventricular contraction"
_AROUND_S = {_VENTRICULAR: (0.12, 0.28)}
_USUAL_S = (0.1, 0.2)
Beat = tuple[float, str]
"""R peak in seconds and kind."""


def with_derived(labelled: Labelled) -> Labelled:
    """Add the derived episodes where every beat is annotated, else nothing."""
    if not {"normal beat", _VENTRICULAR} <= set(labelled.known_events):
        return labelled
    stated = {e["kind"] for e in labelled.events}
    new = [e for e in derived_events(labelled.events) if e["kind"] not in stated]
    events = sorted([*labelled.events, *new], key=lambda e: (e["start_s"], e["kind"]))
    known = dict.fromkeys((*labelled.known_events, *KINDS))
    return replace(labelled, events=tuple(events), known_events=tuple(known))


def derived_events(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Episodes of `KINDS` from events of beats."""
    beats = sorted(
        (e["start_s"] + _AROUND_S.get(e["kind"], _USUAL_S)[0], e["kind"]) for e in events if e["kind"] in BEAT_EVENTS
    )
    return [*_runs(beats), *_patterns(beats, 2, "bigeminy"), *_patterns(beats, 3, "trigeminy"), *_pauses(beats)]


def _runs(beats: Sequence[Beat]) -> list[dict[str, Any]]:
    found = []
    for is_ventricular, group in groupby(beats, key=lambda beat: beat[1] == _VENTRICULAR):
        times = [time for time, _ in group]
        steps = [b - a for a, b in pairwise(times)]
        if not is_ventricular or len(times) < 2 or max(steps) > 1.5:
            continue
        if len(times) == 2:
            found.append(_episode("ventricular couplet", times[0], times[-1]))
        elif sum(steps) / len(steps) < TACHYCARDIA_RR_S:
            found.append(_episode("ventricular tachycardia", times[0], times[-1]))
    return found


def _patterns(beats: Sequence[Beat], every: int, name: str) -> list[dict[str, Any]]:
    """Stretches in which exactly every second, or every third, beat is ventricular."""
    places = [k for k, (_, kind) in enumerate(beats) if kind == _VENTRICULAR]
    found, begun = [], 0
    for k in range(1, len(places) + 1):
        if k < len(places) and places[k] - places[k - 1] == every:
            continue
        if k - begun >= REPEATS:
            found.append(_episode(name, beats[places[begun]][0], beats[places[k - 1]][0]))
        begun = k
    return found


def _pauses(beats: Sequence[Beat]) -> list[dict[str, Any]]:
    return [event("pause", a, b) for (a, _), (b, _) in pairwise(beats) if b - a > PAUSE_S]


def _episode(kind: str, first_r_s: float, last_r_s: float) -> dict[str, Any]:
    before, after = _AROUND_S[_VENTRICULAR]
    return event(kind, max(first_r_s - before, 0.0), last_r_s + after)
