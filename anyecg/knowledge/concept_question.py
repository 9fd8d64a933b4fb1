"""How a general question is put: which aspect of a concept it asks for, or that it is about the ECG at hand.

The cues are written in concept_questions.yaml. All functions read a question in lower case, without punctuation, in
which X stands for the concept: "what causes X".
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_OF_HAND = "ecgs?|ekg|tracings?|trace|strip|record|recording|patients?|person|case|man|woman|rhythm|excerpt|leads?"
_SHORT = (("OFHAND", f"({_OF_HAND})"), ("WHO", "(i|you|one|we|they|u)"))
_FILLERS = re.compile(r"\b(?:please|pls|plz|hi|hello|hey|ok|so|but|and|the|an?|thanks)\b")
_IS_NORMAL = re.compile(r"(?:is|are) (?:an? )?X (?:normal|ok|okay)\b")
_SAID = re.compile(r"\b(?:it|that|this|these|those|they|them)\b")
_OF_PROGRAM = re.compile(r"\bcan you do$|\bdo you do\b")
_ON_YES_NO = ("urgency", "look_alikes", "next")


def is_about_ecg_at_hand(put: str) -> bool:
    """Whether words point at an ECG ("here", "this patient") or send somebody to look in it ("mark", "which leads")."""
    the_x = re.compile(rf"\bthe X\b(?! {_pattern(_written()['of_concept'])})")
    return bool(_cues("at_hand").search(put) or the_x.search(put) or _cues("search").match(_begun(put)))


def back_put(words: list[str]) -> str | None:
    """A question that refers back ("is that dangerous"), with X for what it refers to; None if it is none."""
    if not set(words) <= set(_written()["back_words"].split()) or _OF_PROGRAM.search(" ".join(words)):
        return None
    return _SAID.sub("X", " ".join(words), count=1)


def asks_difference(put: str) -> bool:
    """Whether a question sets concepts side by side ("difference between X and X")."""
    return bool(_cues("difference").search(put))


def is_bare(put: str) -> bool:
    """Whether nothing but the term was typed."""
    return _FILLERS.sub("", put).split() == ["X"]


def aspect_of(put: str, *, is_part: bool, is_measured: bool) -> str | None:
    """The aspect that a question asks for; None if it asks for none, as "has he X" does.

    Args:
        put: the question.
        is_part: the concept is a wave, an interval or a lead: "is X normal" asks about the ECG at hand.
        is_measured: the concept is a measurement, so that "what is X" asks for its value.
    """
    found = next((aspect for aspect in _written()["aspects"] if _cues("aspects", aspect).search(put)), None)
    if _IS_NORMAL.match(put) and not is_part:
        return "urgency"
    if _cues("yes_no").match(_begun(put)):
        return found if found in _ON_YES_NO else None
    if found is None and not is_measured and _cues("what_is").search(put):
        return "means"
    return found


def _begun(put: str) -> str:
    """The question from its first word of weight on."""
    return re.sub(rf"^(?:{_FILLERS.pattern} ?)+", "", put)


@cache
def _cues(key: str, aspect: str | None = None) -> re.Pattern[str]:
    """One expression for all cues of a list."""
    listed = _written()[key][aspect] if aspect else _written()[key]
    return re.compile(rf"(?<!\w)(?:{'|'.join(_pattern(cue.strip()) for cue in listed.split(';'))})(?!\w)")


def _pattern(cue: str) -> str:
    """The expression that a written cue stands for."""
    for short, instead in _SHORT:
        cue = cue.replace(short, instead)
    cue = re.sub(r"(?<!\w)X(?!\w)", "(an? |the )?X", re.sub(r"(?<![.)])\*", r"\\w*", cue))
    return re.sub(r"\((?!\?)", "(?:", cue)


@cache
def _written() -> dict[str, Any]:
    text = (files(__package__) / "concept_questions.yaml").read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
