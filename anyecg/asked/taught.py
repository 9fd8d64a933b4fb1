"""What a small language model was taught: questions that only ask for what an ECG shows, and which are left to it."""

from __future__ import annotations

import re

from .relations import EACH, TELLS
from .words import plain

_EVERYDAY = (
    "please|and|so|ok|just|can|could|would|you|your|me|us|my|i|need|want|give|tell|let|what|how|is|are|was|did|do|does|s|the|"
    "this|that|these|a|an|any|some|all|full|whole|everything|anything|of|on|in|for|with|about|from|to|first|quick|short|"
    "long|brief|briefly|version|ecgs?|ekgs?|tracings?|recordings?|strips?|heart|findings?|found|find|see|say|telling|"
    "opinion|thoughts?|view|analy[sz]e|analysis|assess|assessment|evaluate|evaluation|review|explain|help|look|looks|"
    "looking|check|one|ones|show|shows|shown|them|each|both|go|ahead|tl|dr|tldr|out|up|over|it|here|there|doctor|know|"
    "notice|think|thank|thanks|be|have|has|which|list|name|results?|write|note|chart|dictate|walk|talk|through|describe|"
    "catch|catches|eye|stands|remarkable|interesting|special|unusual|striking|wrong|abnormal|abnormalit(?:y|ies)|diagnose|"
    "understand|mean|means|don|t|not|doing|electrocardiogram|(?:patient|father|mother|husband|wife|son|daughter)(?:'s)?|"
    "him|her|his|should i (?:know|notice|see)|chest|pain|palpitations|dizziness|syncope|traces?|seen|at|something|well"
)
"""Words of which a question is made that asks for no more than what an ECG shows: "Thoughts?", "tl;dr"."""
_NOT_OF_PERSONS = r"(?!(?:does|do|did|has|have|had|can|could|how (?:is|was)) (?:he|she|they|her|his|my|the patient)\b)"
_BRIEF = re.compile(r"\b(?:short|brief|briefly|quick|tl|tldr)\b")
_REPORT = re.compile(
    "|".join((
        r"^(?!(?:is|are|does|do|did|was|has|have|should|why|how)\b).*\b(?:report|reporting|interpret|interpretation|sum|"
        r"summari[sz]e|summary|describe|description|read|reading|essentials|conclusion|comment|overview)\b",
        r"^what (?:does|do) (?:this|the|my|it|these)(?: ecgs?| tracings?)? show$|^what is (?:shown|seen|this)$",
        r"^what (?:do|can|would) you (?:make|think|see|tell|say)\b",
        rf"^{_NOT_OF_PERSONS}(?:(?:{_EVERYDAY})\b ?)+$",
    ))
)  # fmt: skip
FOR_MODEL = re.compile(
    "|".join((
        _REPORT.pattern,
        r"^(?:please )?(?:mark|show|locate|find|list|where|when|give|point|can you (?:mark|point)|"
        r"(?:at|in) (?:which|what))\b"
        r".*\b(?:tachycardia|fibrillation|flutter|rhythm|beats?|seconds|times?|intervals with|them|that|where)\b",
        r"\b(?:static|burst) noise\b",
        r"^(?=.*\blead\b).*\b(?:noises?|interference|distortions?|drift|disturbed|electrodes? problems)\b",
    ))
)  # fmt: skip
"""Asks for a report, for places in time, or for noise in one lead: what a small language model was taught."""


def asks_for_report(question: str) -> bool:
    """Whether a question that no rule answers asks for a report."""
    return bool(_REPORT.search(plain(question)))


def as_taught(question: str) -> str:
    """A question that only asks for what an ECG shows, in words that a small language model was taught."""
    asked = plain(question)
    if EACH.search(asked) and (told := TELLS.search(asked)):
        asked = "brief" if _BRIEF.search(asked) or told.group().startswith("summar") else "this"
    if not re.fullmatch(rf"{_NOT_OF_PERSONS}(?:(?:{_EVERYDAY})\b ?)+", asked):
        return question
    return "Summarise in one sentence." if _BRIEF.search(asked) else "What does this ECG show?"
