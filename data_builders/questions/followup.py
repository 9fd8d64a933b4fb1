"""Second questions that refer back: "Where exactly?", "And the QTc?", "What can cause that?"."""

from __future__ import annotations

import random
from dataclasses import replace

from anyecg.findings import FINDINGS

from . import focused, localization, measurement
from .knowledge import concepts
from .localization import LOCALIZABLE
from .view import EVENT_OF_CODE, Dialogue, View, scored
from .wording import by_importance, capital

_WHERE = (
    "Where exactly?", "When do they occur?", "At which times?", "Show me where.", "Give me the places, please.",
    "And where in the recording?", "Can you mark them?", "Where do you see that?",
)  # fmt: skip
_AND = (
    "And the {}?", "What about the {}?", "And what is the {}?", "Please also give me the {}.", "The {} too, please.",
    "How about the {}?", "And how is the {}?", "Now the {}, please.",
)  # fmt: skip
_BACK = {
    "causes": ("What can cause that?", "Why does one see that?", "What could be behind it?", "Where does it come from?",
               "What are usual causes of it?", "What might be the reason?", "How does that come about?",
               "Name some causes of it."),
    "urgency": ("Is that dangerous?", "How urgent is that?", "Is it an emergency?", "Should I worry about it?",
                "How serious is it?", "Must one act at once?", "Is that a reason for alarm?",
                "How quickly must one act?"),
    "next": ("What should be checked next?", "What would you do next?", "How do I go on?", "What is the next step?",
             "What follows from that?", "And now?", "What else should I look at?", "What do you recommend to check?"),
    "look_alikes": ("What could it be confused with?", "What else could it be?", "What imitates that?",
                    "What is the differential diagnosis?", "Could it be something else?", "What looks similar?",
                    "Which look-alikes should I think of?", "What must it be told apart from?"),
    "criteria": ("By what do you recognise it?", "What are the criteria?", "What defines it?", "How is it recognised?",
                 "What are the signs of it?", "Which criteria apply?", "How does one see that?",
                 "What does one look for?"),
}  # fmt: skip
_KEYS = {"pr_ms": "PR interval", "qrs_ms": "QRS duration", "qtc_bazett_ms": "QTc", "axis_deg": "axis",
         "qt_ms": "QT interval", "heart_rate_bpm": "heart rate"}  # fmt: skip


def ask(first: Dialogue, rng: random.Random) -> Dialogue | None:
    """Go on with a conversation about one ECG; the gold answer is that of the new question. None if nothing fits."""
    if len(first.views) != 1:
        return None
    view, codes = first.views[0], _spoken_of(first)
    ways = [_where, _back, _and, _aspect] if codes else [_and, _aspect]
    for way in rng.sample(ways, len(ways)):
        then = way(view, codes, rng)
        if then is not None and not {*then.turns[0]} & {text for turn in first.turns for text in turn}:
            return replace(then, turns=first.turns + then.turns, provenance=first.provenance + then.provenance)
    return None


def _spoken_of(first: Dialogue) -> list[str]:
    """The findings that the last answer asserts, most important first."""
    codes = first.gold.get("codes") or first.gold.get("findings") or ()
    known = [code for code in codes if code in FINDINGS and code != "NORM"]
    return by_importance(known) or known


def _where(view: View, codes: list[str], rng: random.Random) -> Dialogue | None:
    kinds = [EVENT_OF_CODE[code] for code in codes if code in EVENT_OF_CODE]
    kinds = [kind for kind in kinds if kind in LOCALIZABLE and kind in view.known_events]
    if len(kinds) != 1:
        return None
    intervals = localization.merged_intervals(view, kinds[0])
    if not 0 < len(intervals) <= 8:
        return None
    answer = f"{capital(LOCALIZABLE[kinds[0]].plural)} {localization.say_intervals(intervals, view.record.duration_s)}."
    gold = {"kind": kinds[0], "intervals": [list(interval) for interval in intervals]}
    truth = (f"{view.truth}: annotated events",)
    return Dialogue("localization", (view,), ((rng.choice(_WHERE), answer),), truth, gold)


def _and(view: View, codes: list[str], rng: random.Random) -> Dialogue | None:
    keys = [key for key in _KEYS if view.measurements.get(key) is not None]
    keys = [key for key in keys if key != "pr_ms" or not measurement.without_pr(view)]
    if not keys:
        return None
    key = rng.choice(keys)
    gold = {"key": key, "value": view.measurements[key]}
    turn = (rng.choice(_AND).format(_KEYS[key]), measurement.say(view, key))
    return Dialogue("measurement", (view,), (turn,), ("measured by anyecg.measure",), gold)


def _aspect(view: View, codes: list[str], rng: random.Random) -> Dialogue | None:
    """What can be said of another part of the ECG."""
    return focused.also(view, rng)


def _back(view: View, codes: list[str], rng: random.Random) -> Dialogue | None:
    """What is known of the most important finding that was named."""
    concept = next((entry for entry in concepts().values() if entry.get("code") == codes[0]), None)
    if concept is None:
        return None
    aspect = rng.choice(sorted(_BACK))
    source = f"written by the project {concept['source']}"
    return scored(view, rng.choice(_BACK[aspect]), concept[aspect], "knowledge", [concept[aspect]], source)
