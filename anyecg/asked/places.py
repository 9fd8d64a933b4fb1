"""Questions for the places of one kind of beat or episode."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..answer import kind_in
from ..check import asks_generally
from ..events import LOCATABLE
from ..evidence import Evidence

MOST_TOLD = 12
"""Places that an answer's text lists; the trace shows all."""

ASKS_PLACES = re.compile(
    r"\b(?:where|locate|when do you|(?:which|what|the|their) times?|times of|which seconds|start and end|point out|"
    r"mark|(?:list|name) the (?:intervals|places))\b"
)


def in_words(kind: str, events: Sequence[Mapping[str, Any]], most: int = 20) -> str:
    """Places in a sentence."""
    if not events:
        return f"No {kind} is found in this record."
    plural = LOCATABLE[kind]
    return f"{plural[:1].upper()}{plural[1:]} at {listed(events, most)}."


def listed(events: Sequence[Mapping[str, Any]], most: int) -> str:
    places = ", ".join(f"{event['start_s']:.1f}-{event['end_s']:.1f} s" for event in events[:most])
    return places + (f" and {len(events) - most} more places" if len(events) > most else "")


def places(question: str, evidence: Evidence) -> str:
    kind = kind_in(question)
    if kind is None or asks_generally(question) or not ASKS_PLACES.search(question.lower()):
        return ""
    return in_words(kind, evidence.locate(kind), MOST_TOLD)
