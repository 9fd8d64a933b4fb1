"""General questions about ECGs answered from written, sourced passages (concepts.yaml), word for word.

    >>> answer_from_knowledge("what causes right axis deviation?").passage
    'Right ventricular overload, lung disease, lateral infarction, left posterior fascicular block, …'

A question is answered here only if it names a concept and asks about it as such: how the question is put decides, by
the cues of concept_questions.yaml. Questions about the ECG at hand give None, and so does what `beyond` answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .beyond import is_beyond_any_ecg
from .concept_question import asks_difference, aspect_of, back_put, is_about_ecg_at_hand, is_bare
from .concepts import ARTICLE, MEASURED_TERMS, concepts, terms, vocabulary
from .terms import Span, corrected, find_terms, stem, words

_MEASURED = re.compile(r"\b(?:duration|width|time)\b")
_LOOKED_FOR = frozenset({
    "ventricular tachycardia", "polymorphic ventricular tachycardia", "ventricular fibrillation", "asystole",
    "an idioventricular rhythm", "atrial tachycardia", "a junctional rhythm", "a ventricular couplet", "ST elevation",
    "ST depression", "a myocardial infarction", "a STEMI", "an NSTEMI", "sinus arrest", "AV block", "tachycardia",
    "a bundle branch block", "bradycardia", "an arrhythmia", "an ectopic beat", "myocardial ischaemia", "a pacemaker",
    "extreme axis deviation", "left axis deviation", "right axis deviation",
})  # fmt: skip
"""Concepts without an SCP code that one looks for in an ECG."""
_IN_FULL = (
    (r"\bmobitz (?:type )?(?:1|i|one) (and|vs\.?|versus|or|from) (?:type )?(?:2|ii|two)\b", r"mobitz 1 \1 mobitz 2"),
    (r"\bleft (and|vs\.?|versus|or|from) right bundle branch block", r"LBBB \1 RBBB"),
)
"""Two concepts of which the first is named in part."""
_HEADINGS = {
    "criteria": "how it is recognised", "causes": "causes", "look_alikes": "what looks like it", "urgency": "urgency",
    "next": "what comes next",
}  # fmt: skip
_SOURCES = {
    "AHA": "AHA/ACCF/HRS recommendations for the ECG, part",
    "UDMI": "Fourth Universal Definition of Myocardial Infarction 2018",
    "BRADY": "ACC/AHA/HRS bradycardia guideline 2018", "VA": "AHA/ACC/HRS ventricular arrhythmia guideline 2017",
    "CHOU": "Chou's Electrocardiography in Clinical Practice", "ESC-AF": "ESC guideline on atrial fibrillation",
    "ESC-VA": "ESC guideline on ventricular arrhythmias",
    "ESC-SVT": "ESC guideline on supraventricular tachycardia", "ESC-ACS": "ESC guideline on acute coronary syndromes",
}  # fmt: skip


@dataclass(frozen=True)
class Knowledge:
    """A written answer to a general question."""

    passage: str
    """The answer as it is written in concepts.yaml."""
    source: str
    """Where it is from, in words."""
    concept: str
    """The name of the concept; two, joined by " | ", where a difference was asked for."""
    aspect: str
    """"means", "criteria", "causes", "look_alikes", "urgency", "next", or "difference"."""

    @property
    def text(self) -> str:
        """What to show: what was understood, unless the passage says so itself; the passage, and its source."""
        heading = f"{_title(self.concept)}, {_HEADINGS[self.aspect]}: " if self.aspect in _HEADINGS else ""
        return f"{heading}{self.passage} (Source: {self.source}.)"


def answer_from_knowledge(question: str) -> Knowledge | None:
    """The written answer to a general question about one concept, or about the difference between two.

    None if the question is about the ECG at hand, names no concept or several, or is one that `beyond` answers.
    """
    for short, full in _IN_FULL:
        question = re.sub(short, full, question, flags=re.I)
    typed = words(question)
    spans = find_terms(corrected([stem(word) for word in typed], vocabulary()), terms())
    named = _named(spans)
    if not 1 <= len(named) <= 2 or "" in named or is_beyond_any_ecg(question):
        return None
    put = _with_placeholders(typed, [span for span in spans if span.term in named])
    if is_about_ecg_at_hand(put):
        return None
    if len(named) == 2:
        return _difference(*named) if asks_difference(put) else None
    is_measured = named[0] in MEASURED_TERMS or bool(_MEASURED.search(" ".join(typed)))
    aspect = aspect_of(put, is_part="part" in concepts()[named[0]], is_measured=is_measured)
    if aspect is None and is_bare(put) and not _is_looked_for(named[0]):
        aspect = "means"
    return _answer(named[0], aspect) if aspect else None


def answer_back(question: str, codes: Sequence[str], before: str = "") -> Knowledge | None:
    """The written answer to a question about what was said before: "Is that dangerous?", "What can cause it?".

    Args:
        question: what was asked; all that could be about something else gives None.
        codes: SCP codes of the findings that the last answer asserted, most important first; the first one counts.
        before: the last question and its answer; the first concept that is named there counts where no code does.
    """
    concept = next((c for c in concepts().values() if codes and c.get("code") == codes[0]), None)
    names = [span.term for span in find_terms([stem(word) for word in words(before)], terms()) if span.term]
    concept = concept or (concepts()[names[0]] if names else None)
    put = back_put(words(question))
    if concept is None or put is None:
        return None
    aspect = aspect_of(put, is_part=False, is_measured=False)
    return _answer(concept["name"], aspect) if aspect else None


def passage(name: str, aspect: str) -> Knowledge:
    """The passage on one aspect of a concept, by its exact name; raises KeyError for an unknown one."""
    return _answer(name, aspect)


def concept_named(question: str) -> tuple[str, str] | None:
    """The one concept that a question names, if it has no SCP code and is no part of an ECG, and the other words."""
    typed = words(question)
    spans = find_terms(corrected([stem(word) for word in typed], vocabulary()), terms())
    names = _named(spans)
    if len(names) != 1 or not names[0] or "code" in concepts()[names[0]] or "part" in concepts()[names[0]]:
        return None
    inside = {k for span in spans for k in range(span.start, span.stop)}
    return names[0], " ".join(word for k, word in enumerate(typed) if k not in inside)


def _named(spans: list[Span]) -> list[str]:
    """The concepts of a question; a wave, an interval or a lead gives way to a finding that is named beside it."""
    names = list(dict.fromkeys(span.term for span in spans))
    return [name for name in names if not name or "part" not in concepts()[name]] or names


def _with_placeholders(typed: list[str], spans: list[Span]) -> str:
    """The question with X for its concepts, without an article that belongs to the name ("the delta wave")."""
    put = typed[:]
    for span in reversed(spans):
        belongs = concepts()[span.term]["name"].startswith("the ") and put[span.start - 1 : span.start] == ["the"]
        put[span.start - belongs : span.stop] = ["X"]
    return " ".join(put)


def _is_looked_for(name: str) -> bool:
    """Whether the term alone ("AF?") asks for what anyecg finds or measures in the ECG at hand."""
    return "code" in concepts()[name] or name in MEASURED_TERMS or name in _LOOKED_FOR


def _answer(name: str, aspect: str) -> Knowledge:
    concept = concepts()[name]
    return Knowledge(concept[aspect], _sources(concept["source"]), name, aspect)


def _difference(first: str, second: str) -> Knowledge:
    """What both mean and by what they are recognised, one paragraph each."""
    told = [concepts()[name] for name in (first, second)]
    paragraphs = [f"{_title(c['name'])}: {c['means']} {c['criteria']}" for c in told]
    source = "; ".join(dict.fromkeys("; ".join(c["source"] for c in told).split("; ")))
    return Knowledge("\n\n".join(paragraphs), _sources(source), f"{first} | {second}", "difference")


def _sources(short: str) -> str:
    """ "AHA 4; CHOU" in words; the abbreviations stand at the head of concepts.yaml."""
    return "; ".join(re.sub(r"^\S+", lambda m: _SOURCES[m.group()], part) for part in short.split("; "))


def _title(name: str) -> str:
    plain = ARTICLE.sub("", name, count=1)
    return plain[0].upper() + plain[1:]
