"""What an English text claims about an ECG: numbers with their quantity, and places in time.

The reading is by rule and leans to silence: a number is taken only when the text names what it is. How one sentence is
read stands in `claim_reading`, what quantities, leads and units may be called in `claim_names`, words in `claim_words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from .claim_names import plain
from .claim_reading import NumberClaim, sentence_claims
from .leads import STANDARD_LEADS, canonical_lead

__all__ = ["IntervalClaim", "NumberClaim", "all_claims", "interval_claims", "number_claims", "plain", "sentences"]


@dataclass(frozen=True)
class IntervalClaim:
    """A stretch of time that a text points at."""

    start_s: float
    end_s: float
    leads: tuple[str, ...] = ()
    span: tuple[int, int] = field(default=(0, 0), compare=False)
    """Where it stands in the text."""


_SENTENCE = re.compile(r"(?<=[a-z°)\]])[.!?](?:\s|$)|(?<=\d)[.!?](?=\s+[a-z(|]|\s*$)|[;\n]")


def sentences(text: str) -> list[str]:
    """Split plain text where a sentence or a line ends; decimal points and "sec." stay whole."""
    return [part.strip() for part in _SENTENCE.split(text) if part and part.strip()]


def number_claims(text: str) -> list[NumberClaim]:
    """Read rates, intervals, angles, amplitudes, ST levels and voltage indices with units and phrasing variants."""
    return [claim for claim in all_claims(text) if not claim.role]


def all_claims(text: str) -> list[NumberClaim]:
    """As `number_claims`, with the two values of each change; their spans count from the start of the text."""
    shown = plain(text)
    found: list[NumberClaim] = []
    for start, end in _sentence_spans(shown):
        found += [
            replace(claim, span=(claim.span[0] + start, claim.span[1] + start))
            for claim in sentence_claims(shown[start:end])
        ]
    return found


def _sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Sentences as positions; a semicolon does not end one here, because a list of values may go on behind it."""
    start = 0
    for match in _SENTENCE.finditer(text):
        if match.group(0)[:1] != ";":
            yield start, match.start()
            start = match.end()
    yield start, len(text)


_BETWEEN = r"\s*(?:s|sec|seconds)?\s*(?:-|to|and|until)\s*"
_TIME = re.compile(
    rf"(?<![\d.:])(?P<start>\d+(?:\.\d+)?){_BETWEEN}(?P<end>\d+(?:\.\d+)?)(?P<unit>\s*(?:s|sec|"
    rf"seconds)\b(?!\s*(?:long|apart)))?"
)
_LIST_GAP = re.compile(r"\s*(?:,|;|and|,\s*and|;\s*and)\s*")
_LEADS_AFTER = re.compile(
    r"\s*\(?\s*(?:in|on|leads?|:|\s)+(?P<leads>(?:[a-z]{1,5}\d?r?)(?:\s*(?:,|and|/)\s*[a-z]{1,5}\d?r?)*)"
)


def interval_claims(text: str) -> list[IntervalClaim]:
    """Read places in time: "3.2-3.6 s", "from 3.2 to 3.6 s", "1.0-1.4, 3.2-3.6 and 5.0-5.4 s in V1".

    In a list only the last entry needs the unit; a range without a unit that leads to none is not a place.
    """
    sentence = plain(text)
    spans = list(_TIME.finditer(sentence))
    claims: list[IntervalClaim] = []
    has_unit, leads = False, tuple[str, ...]()
    for k in range(len(spans) - 1, -1, -1):
        match = spans[k]
        follows = k + 1 < len(spans) and _LIST_GAP.fullmatch(sentence[match.end() : spans[k + 1].start()])
        if not follows:
            has_unit, leads = False, _leads_behind(sentence, match.end())
        has_unit = has_unit or bool(match.group("unit"))
        start, end = float(match.group("start")), float(match.group("end"))
        if has_unit and end > start:
            claims.append(IntervalClaim(start, end, leads, match.span()))
    return claims[::-1]


def _leads_behind(sentence: str, position: int) -> tuple[str, ...]:
    match = _LEADS_AFTER.match(sentence, position)
    if not match:
        return ()
    named = (canonical_lead(name) for name in re.split(r"\s*(?:,|and|/)\s*", match.group("leads")))
    return tuple(name for name in named if name in STANDARD_LEADS)
