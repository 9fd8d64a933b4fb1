"""A question brought into shape before it is answered: its spelling, its parts, and what a follow-up leaves out."""

from __future__ import annotations

import re
from functools import cache

from ..knowledge.beyond import written
from ..knowledge.concepts import vocabulary
from ..knowledge.terms import corrected, stem, words
from .topics import spelled_in_topics
from .words import lists, plain

_BEGINS = (
    r"(?:please |kindly |also |then |so |but |and |just )*(?:is|are|was|were|do|does|did|has|have|had|can|could|should|"
    r"would|will|may|might|what|whats|which|how|hows|why|where|when|who|whose|any|tell|explain|describe|show|list|name|"
    r"give|compare|rank|find|count|check|write|interpret|report|summari[sz]e|rate|locate|mark|look|in which|at what|"
    r"at which|i (?:want|need|would like|wonder))\b"
)
_ASKS = re.compile(_BEGINS, re.I)
_SENTENCE = re.compile(r"(?<=[.?!;])\s+|\n+")
_AND = re.compile(
    r",?\s+(?:and|also)\s+(?=(?:is|are|does|do|has|have|can|could|should|would|what|how|which|where|why|"
    r"when|if so|tell me|give me)\b)",
    re.I,
)
_LED = re.compile(
    r"(?:(?:and|so|but|ok|okay|then|also|now|what about|how about|what of|about|in|for|the|same|with)\b ?)+"
)
_ONE = r"(?:ecg \d|(?:first|second|third|fourth|fifth|sixth|last|latest|previous|other|old|new|earlier)(?: one| ecg)?)"
_PLACE = re.compile(
    rf"(?:{_ONE}|(?:leads? )?(?:v[1-6]|i|ii|iii|avr|avl|avf)|"
    r"(?:at )?j ?\+ ?\d+(?: ?ms)?|(?:by )?(?:bazett|fridericia|framingham|hodges)(?:'s)?(?: formula)?)"
)


def parts_of(question: str) -> list[str]:
    """What a text asks, one question each; sentences that only tell are left out where others ask.

    >>> parts_of("He is 80. Is it AF, and what is the rate?")
    ['Is it AF', 'what is the rate?']
    """
    sentences = [part for part in _SENTENCE.split(question.strip()) if part]
    asking = [part for part in sentences if part.endswith("?") or _ASKS.match(part)]
    parts = [part for sentence in asking or [question] for part in _AND.split(sentence) if part.strip()]
    return parts or [question]


def completed(question: str, last_question: str) -> str:
    """A follow-up that only names an ECG or a lead ("And in the second one?") with the question that it takes up."""
    asked = plain(question)
    begun = _LED.match(asked)
    rest = asked[begun.end() :] if begun else asked
    if not last_question or not _PLACE.fullmatch(rest):
        return question
    before = re.sub(rf"\b(?:in|of|on) (?:the )?{_PLACE.pattern}(?![\w])", "", last_question.rstrip(" ?.!"), flags=re.I)
    return f"{before.strip()} in {'the ' if re.match('[fstlpon]', rest) else ''}{rest}?"


def bare(question: str) -> str:
    """A wish to hear of one thing as a question for it: "Please comment on the T waves too." → "What about the T
    waves?"."""
    match = _WISH.fullmatch(plain(question))
    return f"What about the {match.group('what') or match.group('alone')}?" if match else question


_ONE_THING = r"(?!.*\b(?:ecgs?|recordings?|tracing|and|or|it|this|that|them|these|each|both|all)\b)[\w -]+?"
_WISH = re.compile(
    r"(?:and |also |now |please )*(?:"
    rf"(?:comment on|also give me|anything (?:on|about)) (?:the )?(?P<what>{_ONE_THING})(?: as well| too)?(?: please)?|"
    rf"(?:now |and )?the (?P<alone>{_ONE_THING})(?: as well| too| please)+)"
)


def spelt(question: str) -> str:
    """A question with slips of the keyboard in its longer words put right: "intervall" → "interval"."""

    def right(match: re.Match[str]) -> str:
        word = match.group().lower()
        if word in _known() or stem(word) in _known():
            return match.group()
        return corrected([word], _known())[0]

    return re.sub(r"[A-Za-z]{6,}", right, question)


@cache
def _known() -> frozenset[str]:
    listed = (written()[key] for key in ("common_words", "ecg_words", "english", "other_languages"))
    return frozenset(word for text in listed for word in words(text)) | vocabulary() | lists() | spelled_in_topics()
