"""The ECG concepts of concepts.yaml, and the spellings by which each is known."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from ..findings import FINDINGS
from .terms import stem, words

MEASURED_TERMS = frozenset({
    "the PR interval", "the QT interval", "QTc", "the heart axis", "the RR interval", "the Sokolow-Lyon index",
    "the Cornell voltage", "the QRS-T angle", "the heart rate",
})  # fmt: skip
"""Concepts that are measured: "What is the PR interval?" asks for the value."""

ARTICLE = re.compile(r"(?:the|an?) ")


@cache
def concepts() -> dict[str, dict[str, Any]]:
    """Name → one passage per aspect, `source`, and where given `code`, `part` and `also`; see concepts.yaml."""
    text = (files(__package__) / "concepts.yaml").read_text(encoding="utf-8")
    return {entry["name"]: entry for entry in yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))}


@cache
def terms() -> dict[tuple[str, ...], str]:
    """The words of each name and of each other spelling of a concept, as `stem` gives them → the concept.

    Findings that are no concept lead to "", so that "anterior ischaemic ST-T changes" is not read as something shorter.
    """
    names = {spelling: name for name, concept in concepts().items() for spelling in (name, *concept.get("also", ()))}
    others = {spelling: "" for f in FINDINGS.values() for spelling in (f.phrase, *f.synonyms)}
    both = [*others.items(), *names.items()]
    return {tuple(stem(word) for word in words(ARTICLE.sub("", text, count=1))): name for text, name in both}


@cache
def vocabulary() -> frozenset[str]:
    """Every word of the concepts: what a mistyped word is corrected to."""
    texts = [value for concept in concepts().values() for value in concept.values() if isinstance(value, str)]
    return frozenset(stem(word) for text in texts for word in words(text)) | {w for term in terms() for w in term}
