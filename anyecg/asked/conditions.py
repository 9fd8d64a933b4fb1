"""Illnesses and patterns for which there is no probability: how they are recognised, and what this ECG shows.

"Could this be pericarditis?" gets the written criteria with their source, what was measured, and that no program part
looks for it.
"""

from __future__ import annotations

import re

from ..evidence import Evidence
from ..findings import findings_in_text
from ..knowledge import concept_named, passage
from .findings import GROUPS
from .said import shows
from .spoken import spoken
from .words import EVIDENCE, GRAMMAR, RECORDING, WORRYING, plain, understood, word_set

_WORDS = (
    GRAMMAR
    | RECORDING
    | EVIDENCE
    | WORRYING
    | word_set(
        """
    be have got has type form kind syndrome changes change effect due caused toxicity poisoning acute early late old new
    possible could might maybe heart disease consistent
    """
    )
)
_BEGINS = ("is", "are", "could", "does", "do", "can", "any", "might", "has", "may", "would", "look", "check")


def condition(question: str, evidence: Evidence) -> str:
    """The answer to a yes-or-no question for a concept without a statement of its own; "" for any other."""
    asked = plain(question)
    grouped = any(re.search(rf"\b(?:{words})\b", asked) for words, _, _ in GROUPS.values())
    if not asked.startswith(_BEGINS) or findings_in_text(spoken(asked)) or grouped:
        return ""
    found = concept_named(asked)
    if found is None:
        return ""
    name, rest = found
    if not understood(rest, _WORDS):
        return ""
    bare = name.removeprefix("the ").removeprefix("an ").removeprefix("a ")
    criteria = passage(name, "criteria").text
    return f"I cannot tell: there is no probability for {bare}. {criteria} This ECG: {shows(evidence)}"
