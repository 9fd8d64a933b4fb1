"""Words of a typed question in one spelling, and known terms found among them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

_WORD = re.compile(r"\d+:\d+|\w+")
_SPELLINGS = (
    (r"ae|oe", "e"), (r"is(?=(?:ations?|ed|ing|es?)$)", "iz"), (r"artefact", "artifact"), (r"rythm", "rhythm"),
    (r"^ekg$", "ecg"), (r"fibre", "fiber"), (r"our$", "or"),
)  # fmt: skip
_NO_PLURAL = ("ss", "us", "is")
_TYPO_RATIO, _TYPO_LENGTH = 0.85, 6
"""Likeness (difflib) above which a word of at least so many letters counts as a slip of the keyboard."""


class Span(NamedTuple):
    """A term found in a question: which, and its first word and the word after its last."""

    term: str
    start: int
    stop: int


def words(text: str) -> list[str]:
    """The words of a text in lower case; hyphens separate, apostrophes join ("what's" → "whats")."""
    return _WORD.findall(re.sub(r"['’`´]", "", text.lower()).replace("_", " "))


def stem(word: str) -> str:
    """One spelling for British and American, singular and plural: "ischaemias" → "ischemia"."""
    for pattern, instead in _SPELLINGS:
        word = re.sub(pattern, instead, word)
    if len(word) > 3 and word.endswith("s") and not word.endswith(_NO_PLURAL):
        word = re.sub(r"(?<=[xh])es$|s$", "", word)
    return word


def corrected(stems: Iterable[str], known: Collection[str]) -> list[str]:
    """Long words that are in no list, replaced by the known word they differ from by about a letter."""
    return [_corrected(word, known) for word in stems]


def _corrected(word: str, known: Collection[str]) -> str:
    if len(word) < _TYPO_LENGTH or word in known:
        return word
    near = [k for k in known if abs(len(k) - len(word)) <= 1 and k[0] == word[0]]
    return next(iter(difflib.get_close_matches(word, near, n=1, cutoff=_TYPO_RATIO)), word)


def find_terms(stems: list[str], terms: Mapping[tuple[str, ...], str]) -> list[Span]:
    """Terms among words, the longest first where they overlap, in the order of the words.

    Args:
        stems: the words of a question as `stem` gives them.
        terms: the words of each term, as `stem` gives them → what it stands for.
    """
    longest = max(map(len, terms))
    spans, k = [], 0
    while k < len(stems):
        sizes = range(min(longest, len(stems) - k), 0, -1)
        size = next((n for n in sizes if tuple(stems[k : k + n]) in terms), 0)
        if size:
            spans.append(Span(terms[tuple(stems[k : k + size])], k, k + size))
        k += size or 1
    return spans
