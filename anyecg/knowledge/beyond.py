"""Questions that no ECG program can answer: drugs and doses, the future, blood values, persons, own symptoms, imaging,
other illnesses, the program itself, other languages, and whatever is off the topic or no question at all. Cues, words
and answers are written in beyond.yaml.

A question is off the topic if it is English, none of its words belongs to ECGs or points at something ("it"), and one
is foreign: neither common nor close in spelling to a word that is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from ..findings import EVENT_KINDS, FINDINGS
from .concepts import terms
from .terms import corrected, stem, words


@dataclass(frozen=True)
class _Group:
    kind: str
    answer: str
    cues: tuple[re.Pattern[str], ...]


def beyond(question: str) -> str | None:
    """The written answer to a question that no ECG can answer; None for all others."""
    kind = kind_beyond(question)
    return None if kind is None else next(group.answer for group in _groups() if group.kind == kind)


def kind_beyond(question: str) -> str | None:
    """The kind of such a question, as beyond.yaml names it ("treatment", …, "off topic"), or None."""
    kind = _cued(question)
    if kind is None and _is_in_another_language(question):
        kind = "language"
    if kind is None and _is_off_topic(question):
        kind = "off topic"
    return "unclear" if kind is None and _is_unknown(question) else kind


def is_beyond_any_ecg(question: str) -> bool:
    """Whether a question has a cue of something that an ECG cannot answer, whatever else it names."""
    return _cued(question) is not None


@cache
def written() -> dict[str, Any]:
    """beyond.yaml: `answers` (kind, answer, questions, cues) and the word lists."""
    text = (files(__package__) / "beyond.yaml").read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def _groups() -> tuple[_Group, ...]:
    return tuple(
        _Group(entry["kind"], entry["answer"], tuple(re.compile(cue) for cue in entry["cues"]))
        for entry in written()["answers"]
    )


def _cued(question: str) -> str | None:
    asked = " ".join(words(question))
    return next((group.kind for group in _groups() if any(cue.search(asked) for cue in group.cues)), None)


def _is_off_topic(question: str) -> bool:
    typed = [word for word in words(question) if not word.isdigit()]
    if any(letter.isdigit() for word in typed for letter in word):
        return False  # as in V3, 2:1, 62M
    english, other, pointing = (_is_any(typed, key) for key in ("english", "other_languages", "pointing_words"))
    if not question.isascii() or not english or other or pointing:
        return False
    of_ecgs, common = _lexicons()
    stems = corrected([stem(word) for word in typed], of_ecgs | common)
    return not of_ecgs & set(stems) and any(not _is_common(word, common) for word in stems)


def _is_in_another_language(question: str) -> bool:
    """Whether a question has no English word of grammar, and letters, or two words, or one beside an unknown one, of
    another language."""
    typed = [word for word in words(question) if not word.isdigit()]
    if not typed or _is_any(typed, "english"):
        return False
    foreign = [word for word in typed if word in written()["other_languages"].split()]
    letters = any(letter.isalpha() and not letter.isascii() and letter != "µ" for letter in question)
    return (
        letters
        or len(foreign) > 1
        or (bool(foreign) and any(not _is_known(word) for word in typed if word not in foreign))
    )


def _is_unknown(question: str) -> bool:
    """Whether there are two words or more, and not one of them is known."""
    typed = [word for word in words(question) if not word.isdigit()]
    return len(typed) > 1 and not any(_is_known(word) for word in typed)


def _is_known(word: str) -> bool:
    of_ecgs, common = _lexicons()
    (stemmed,) = corrected([stem(word)], of_ecgs | common)
    known_form = stemmed in of_ecgs or _is_common(stemmed, common)
    return known_form or word in written()["english"].split() or any(letter.isdigit() for letter in word)


def _is_any(typed: list[str], key: str) -> bool:
    return not set(typed).isdisjoint(written()[key].split())


def _is_common(word: str, common: frozenset[str]) -> bool:
    return len(word) == 1 or any(word.removesuffix(end) in common for end in ("", "ed", "d", "ing", "ly", "er", "est"))


@cache
def _lexicons() -> tuple[frozenset[str], frozenset[str]]:
    """Stems of the words of ECGs (written, and those of all concepts and findings), and of common words."""
    of_ecgs, common = (_stems(written()[key]) for key in ("ecg_words", "common_words"))
    findings = [text for f in FINDINGS.values() for text in (f.phrase, *f.synonyms)]
    names = frozenset(word for term in terms() for word in term) | _stems(" ".join((*findings, *EVENT_KINDS)))
    return of_ecgs | (names - common), common


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words(text))
