"""Questions for the places of beats, waves and episodes in time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..check import asks_generally
from ..check_findings import percent
from ..events import COUPLET, LOCATABLE, WAVES
from ..evidence import Evidence
from ..findings import phrase
from ..metrics import merge_intervals
from ..named_places import KIND_OF_CODE, kind_in, kinds_in
from .said import capital, is_called, join

MOST_TOLD = 12
"""Places that an answer's text lists; the trace shows all."""

ASKS_PLACES = re.compile(
    r"\b(?:how much of the time|how long|"
    r"where|locate|when do you|(?:which|what|the|their) times?|times of|(?:which|what) seconds?|"
    r"when (?:is|are|was|does|do) the|start and end|point out|"
    r"mark|(?:list|name) the (?:intervals|places))\b"
)
RUNS = {
    "ventricular fibrillation": r"ventricular fibrillation|vf(?:ib)?\b|v fib",
    "ventricular tachycardia": r"ventricular tachycardia|(?:ns)?vt\b|v tach|\bruns?\b|salvos?",
    "supraventricular tachycardia": r"supraventricular runs?|runs? of (?:svt|supraventricular)",
    COUPLET: r"couplets?", "asystole": r"asystole", "idioventricular rhythm": r"idioventricular rhythm",
}  # fmt: skip
"""Episodes that are measured, and how they are asked for."""
_CODE_OF_KIND = {kind: code for code, kind in reversed(KIND_OF_CODE.items())}


def kinds_named(text: str) -> list[str]:
    """The kinds of beats and episodes, without waves, that a plain text names."""
    runs = [kind for kind, words in RUNS.items() if re.search(rf"\b(?:{words})", text)]
    pauses = ["pause"] if re.search(r"\bpauses?\b", text) else []
    return [kind for kind in dict.fromkeys((*kinds_in(text), *runs, *pauses)) if kind not in (*WAVES, "normal beat")]


def placed(kind: str, events: Sequence[Mapping[str, Any]], evidence: Evidence) -> str:
    """Places in a sentence; where there are none although the finding head calls the kind, that is said."""
    code = _CODE_OF_KIND.get(kind)
    if events or code is None or not is_called(evidence, code):
        return in_words(kind, events, MOST_TOLD)
    return (
        f"I cannot place it: the recording as a whole has {phrase(code)} {percent(evidence.labels[code])}, but no "
        f"{kind} is certain enough at any one time."
    )


def everywhere(evidence: Evidence) -> str:
    """All beats and episodes that were found, kind by kind."""
    kinds = list(dict.fromkeys(event["kind"] for event in evidence.events))
    if not kinds:
        return "No extra beat, episode or noise was found that has a place in time."
    return " ".join(in_words(kind, [e for e in evidence.events if e["kind"] == kind], MOST_TOLD) for kind in kinds)


def number_of(kinds: Sequence[str], evidence: Evidence) -> str:
    """How many beats or episodes of these kinds there are, and where."""
    parts = []
    for kind in kinds:
        events = evidence.locate(kind)
        where = f" (at {listed(events, MOST_TOLD)})" if events else ""
        parts.append(f"{len(events) or 'no'} {_counted(kind, len(events))}{where}")
    return f"{capital(join(parts))}, among {len(evidence.measurements['beats'])} beats."


def _counted(kind: str, number: int) -> str:
    """The name behind a number: what lasts is counted in episodes."""
    if LOCATABLE[kind] == kind:
        return f"{'episode' if number == 1 else 'episodes'} of {kind}"
    return kind if number == 1 else LOCATABLE[kind]


def in_words(kind: str, events: Sequence[Mapping[str, Any]], most: int = 20) -> str:
    """Places in a sentence."""
    if not events:
        return f"No {kind} is found in this record."
    plural = LOCATABLE[kind]
    return f"{plural[:1].upper()}{plural[1:]} at {listed(events, most)}."


def listed(events: Sequence[Mapping[str, Any]], most: int) -> str:
    others = " in all leads" if any(event.get("leads") for event in events) else ""
    places = ", ".join(
        f"{max(0.0, event['start_s']):.1f}-{event['end_s']:.1f} s{in_leads(event) or others}" for event in events[:most]
    )
    return places + (f" and {len(events) - most} more places" if len(events) > most else "")


def in_leads(event: Mapping[str, Any]) -> str:
    """ " in leads V5 and V6"; "" for all of them."""
    named = event.get("leads") or ()
    return f" in lead{'s' if len(named) > 1 else ''} {join(named)}" if named else ""


def places(question: str, evidence: Evidence) -> str:
    kind = kind_in(question)
    asked = question.lower()
    if kind is None or asks_generally(question) or not ASKS_PLACES.search(asked):
        return ""
    if kind != "noise" and _OF_SHAPE.search(asked):
        return ""
    found = evidence.locate(kind)
    if end := re.search(r"\b(?:first|last)\b", asked):
        found = found[:1] if end.group() == "first" else found[-1:]
    return placed(kind, found, evidence) + (share(found, evidence) if _HOW_MUCH.search(asked) else "")


def share(events: Sequence[Mapping[str, Any]], evidence: Evidence) -> str:
    """ " That is 81 of 121 s (67 %)."."""
    spans = merge_intervals([(event["start_s"], event["end_s"]) for event in events])
    total, whole = sum(end - start for start, end in spans), evidence.record.duration_s
    return f" That is {total:.0f} of {whole:.0f} s ({100 * total / whole:.0f} %)."


_HOW_MUCH = re.compile(r"\bhow much\b|\bhow long\b|\bpercent\w*\b|\bburden\b|\btotal\b")
_OF_SHAPE = re.compile(r"\b(?:inver\w+|depress\w+|elevat\w+|flat\w*|peaked|negative|leads?|abnormal|pathological)\b")
"""A wave's shape is asked for, not its time."""


def at_time(question: str, evidence: Evidence) -> str:
    """What was found around a time that a question names ("What happened at 12 minutes?"); "" where it names none."""
    match = _AT.search(question.lower())
    if match is None:
        return ""
    number, unit = match.group("number"), match.group("unit") or match.group("before")
    seconds = _seconds(number, unit)
    last = evidence.record.duration_s
    if seconds > last:
        return f"I cannot tell: the recording lasts {last:.1f} s."
    start, end = max(0.0, seconds - AROUND_S), min(last, seconds + AROUND_S)
    beats = [beat["time_s"] for beat in evidence.measurements["beats"] if start <= beat["time_s"] <= end]
    rate = f", {60 * (len(beats) - 1) / (beats[-1] - beats[0]):.0f}/min" if len(beats) > 2 else ""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for event in evidence.events:
        if event["start_s"] < end and event["end_s"] > start:
            found.setdefault(event["kind"], []).append(event)
    told = "; ".join(f"{LOCATABLE.get(kind, kind)} at {listed(events, MOST_TOLD)}" for kind, events in found.items())
    return f"From {start:.0f} to {end:.0f} s: {len(beats)} beats{rate}. {told or 'No event was found there'}."


def _seconds(number: str, unit: str) -> float:
    if ":" in number:
        minutes, seconds = number.split(":")
        return 60 * float(minutes) + float(seconds)
    return float(number) * (60 if unit.startswith("m") else 3600 if unit.startswith("h") else 1)


AROUND_S = 5.0
_AT = re.compile(
    r"\b(?:at|around|near|after|(?P<before>minute|second)) (?:the )?(?P<number>\d+(?:[.:]\d+)?)"
    r"(?(before)| ?(?P<unit>minutes?|mins?|min|seconds?|secs?|sec|s|hours?|h)\b)"
)
