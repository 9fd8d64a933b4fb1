"""Questions for places in time: where are the premature beats, the episodes, the noise?"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .view import Dialogue, View
from .wording import capital, join

Interval = tuple[float, float]


@dataclass(frozen=True)
class Kind:
    """How an event kind is said, and how its intervals are merged."""

    plural: str
    none: str
    """What is said not to be there."""
    bridged_s: float = 0.0
    """Intervals closer than this are one; above zero for what lasts, such as episodes and noise."""
    runs: bool = False
    """Consecutive beats of this kind are one interval."""


LOCALIZABLE = {
    "premature ventricular contraction": Kind("premature ventricular contractions",
    "premature ventricular contraction"),
    "premature atrial contraction": Kind("premature atrial contractions", "premature atrial contraction"),
    "atrial fibrillation": Kind("atrial fibrillation", "atrial fibrillation", 0.5),
    "atrial flutter": Kind("atrial flutter", "atrial flutter", 0.5),
    "left bundle branch block beat": Kind("beats with left bundle branch block",
    "beat with left bundle branch block", runs=True),
    "right bundle branch block beat": Kind("beats with right bundle branch block",
    "beat with right bundle branch block", runs=True),
    "noise": Kind("noise", "noise", 0.5),
    "paced beat": Kind("paced beats", "paced beat", runs=True),
    "ventricular couplet": Kind("ventricular couplets", "ventricular couplet"),
    "pause": Kind("pauses of more than 3 s", "pause of more than 3 s"),
    "bigeminy": Kind("bigeminy", "bigeminy", 0.5),
    "trigeminy": Kind("trigeminy", "trigeminy", 0.5),
    "ventricular tachycardia": Kind("ventricular tachycardia", "ventricular tachycardia", 0.5),
    "ventricular fibrillation": Kind("ventricular fibrillation", "ventricular fibrillation", 0.5),
    "asystole": Kind("asystole", "asystole", 0.5),
    "supraventricular tachycardia": Kind("supraventricular tachycardia", "supraventricular tachycardia", 0.5),
    "atrial tachycardia": Kind("atrial tachycardia", "atrial tachycardia", 0.5),
    "junctional rhythm": Kind("junctional rhythm", "junctional rhythm", 0.5),
    "idioventricular rhythm": Kind("idioventricular rhythm", "idioventricular rhythm", 0.5),
    "third-degree AV block": Kind("third-degree AV block", "third-degree AV block", 0.5),
}  # fmt: skip
QUESTIONS = (
    "Where are the {plural}?", "At which times are there {plural}?", "When do you see {plural}?",
    "Locate the {plural}.",
    "Mark the {plural} in this recording.", "Find all {plural} and give their times.",
    "In which seconds are there {plural}?",
    "Give the start and end of the {plural}.", "Can you point out the {plural}?",
    "Please list the intervals with {plural}.",
    "Show me where {plural} are seen.",
)  # fmt: skip
QUESTIONS_OF_EPISODES = (
    "Where is the {plural}?", "At which times is there {plural}?", "When do you see {plural}?",
    "Locate the {plural}.",
    "Mark the {plural} in this recording.", "Find any {plural} and give the times.",
    "In which seconds is there {plural}?",
    "Give the start and end of the {plural}.", "Can you point out the {plural}?",
    "Please list the intervals with {plural}.",
    "Show me where {plural} is seen.",
)  # fmt: skip
_BLOCK = ({"V1"}, {"V2"}, {"I", "V6"})
_ATRIA = ({"I"}, {"II"}, {"III"}, {"aVF"}, {"V1"}, {"MLII"})
_SHOWN_IN: dict[str, tuple[set[str], ...]] = {
    "left bundle branch block beat": _BLOCK, "right bundle branch block beat": _BLOCK,
    **dict.fromkeys(("atrial flutter", "atrial tachycardia", "junctional rhythm", "third-degree AV block"), _ATRIA),
}  # fmt: skip
"""What is asked for only where one of these sets of leads shows it: block in V1 or V2 or between I and V6 (Surawicz et
al. 2009), what the atria do where their waves are tall enough."""
_VENTRICULAR = "premature ventricular contraction"
_RUNS = ("ventricular tachycardia", "ventricular fibrillation")
_UNEARNED = 0.15  # of the chances to say "none" of a kind that had no place before
_LONGEST_ANSWER = 8  # intervals; with more, another excerpt is taken
_DURATIONS_S = (5.0, 8.0, 10.0, 10.0, 15.0, 20.0, 30.0)
LONG_SHARE = 0.08
"""Of the excerpts, how many last longer than 30 s where the record does."""
LONGEST_S = {"train": 60.0, "valid": 1800.0, "test": 1800.0}
"""Training rows stay affordable (60 s are 150 tokens); what is only answered may last half an hour."""


def ask(
    view: View, rng: random.Random, balance: Counter[str], *, long_share: float = LONG_SHARE,
    longest_s: float | None = None,
) -> Dialogue | None:  # fmt: skip
    """A question for the places of an event kind, on an excerpt.

    Args:
        view: a whole record with annotated events.
        rng: decides excerpt, leads, kind and phrasing.
        balance: per kind, answers with places minus answers without; kept near zero.
        long_share: how many of the excerpts last from 30 s to `longest_s`, shorter ones more often.
        longest_s: None for that of the record's split (`LONGEST_S`).
    """
    longest_s = LONGEST_S[view.split] if longest_s is None else longest_s
    kinds = [kind for kind in LOCALIZABLE if kind in view.known_events]
    if not kinds:
        return None
    counts = Counter(event["kind"] for event in view.events)
    present = sorted((kind for kind in kinds if counts[kind]), key=lambda kind: (balance[kind], kind))
    want = present[0] if present and (balance[present[0]] <= 0 or rng.random() < 0.3) else None
    for _ in range(12):
        part = _excerpt(view, rng, want, _duration(rng, long_share, longest_s))
        choice = want or max(kinds, key=lambda kind: (not part.events_of(kind), balance[kind], rng.random()))
        if not want and (balance[choice] < 0 or (not balance[choice] and rng.random() >= _UNEARNED)):
            return None
        intervals = merged_intervals(part, choice)
        if not _shows(part.record.leads, choice):
            continue
        if choice == _VENTRICULAR and any(part.events_of(run) for run in _RUNS):
            continue  # its beats are premature contractions by name alone
        if len(intervals) <= _LONGEST_ANSWER and bool(intervals) == bool(want):
            balance[choice] += 1 if intervals else -1
            return _dialogue(part, choice, intervals, rng)
    return None


def merged_intervals(view: View, kind: str) -> list[Interval]:
    """The places of a kind in seconds from the start of the view, to a tenth, overlapping ones merged."""
    how = LOCALIZABLE[kind]
    others = sorted(
        e["start_s"] for e in view.events if e["kind"].endswith(("beat", "contraction")) and e["kind"] != kind
    )
    merged: list[Interval] = []
    for event in sorted(view.events_of(kind), key=lambda event: event["start_s"]):
        start, end = round(event["start_s"], 1), round(event["end_s"], 1)
        if merged:
            gap_start, gap_end = merged[-1][1], start
            run = how.runs and gap_end - gap_start < 2 and not any(gap_start <= t < gap_end for t in others)
            if gap_end - gap_start <= how.bridged_s or run:
                merged[-1] = (merged[-1][0], max(gap_start, end))
                continue
        merged.append((start, end))
    return merged


def say_intervals(intervals: Sequence[Interval], duration_s: float) -> str:
    """ "at 3.2-3.6 s and 7.1-7.5 s", or "throughout (0.0-10.0 s)"."""
    if len(intervals) == 1 and intervals[0][0] <= 0.2 and intervals[0][1] >= duration_s - 0.2:
        return f"throughout ({intervals[0][0]:.1f}-{intervals[0][1]:.1f} s)"
    return "at " + join([f"{start:.1f}-{end:.1f} s" for start, end in intervals])


def _duration(rng: random.Random, long_share: float, longest_s: float) -> float:
    """Seconds, to a tenth; the logarithm of the long ones is uniform."""
    if rng.random() < long_share:
        return round(math.exp(rng.uniform(math.log(30.0), math.log(longest_s))), 1)
    return rng.choice(_DURATIONS_S)


def _excerpt(view: View, rng: random.Random, kind: str | None, duration_s: float) -> View:
    """Some seconds and some leads; around one of the events of `kind` if given."""
    total = view.record.duration_s
    duration = min(duration_s, total)
    start = rng.uniform(0, total - duration)
    if kind:
        event = rng.choice(view.events_of(kind))
        middle = rng.uniform(event["start_s"], event["end_s"])
        start = min(max(middle - rng.uniform(0.1, 0.9) * duration, 0), total - duration)
    start = round(start, 1) if total - duration > 0.1 else 0.0
    return view.cut(start, min(start + duration, total), _some_leads(view.record.leads, rng))


def _some_leads(leads: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    draw = rng.random()
    number = len(leads) if draw < 0.4 else 1 if draw < 0.7 else min(rng.choice((2, 3, 6)), len(leads))
    chosen = set(rng.sample(range(len(leads)), number))
    return tuple(lead for k, lead in enumerate(leads) if k in chosen)


def _shows(leads: Sequence[str], kind: str) -> bool:
    return kind not in _SHOWN_IN or any(needed <= set(leads) for needed in _SHOWN_IN[kind])


def _dialogue(part: View, kind: str, intervals: list[Interval], rng: random.Random) -> Dialogue:
    how = LOCALIZABLE[kind]
    question = rng.choice(QUESTIONS_OF_EPISODES if how.bridged_s else QUESTIONS).format(plural=how.plural)
    if intervals:
        answer = f"{capital(how.plural)} {say_intervals(intervals, part.record.duration_s)}{_in_leads(part, kind)}."
    else:
        answer = f"No {how.none} is present in this excerpt."
    gold: dict[str, Any] = {"kind": kind, "intervals": [list(interval) for interval in intervals]}
    return Dialogue("localization", (part,), ((question, answer),), (f"{part.truth}: annotated events",), gold)


def _in_leads(part: View, kind: str) -> str:
    leads = {lead for event in part.events_of(kind) for lead in event["leads"]}
    named = [lead for lead in part.record.leads if lead in leads]
    if kind != "noise" or not named or len(named) == len(part.record.leads):
        return ""
    return f" in lead{'s' if len(named) > 1 else ''} {join(named)}"
