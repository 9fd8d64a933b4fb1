"""Follow-ups that name nothing themselves: "Where exactly?", "How many?", "In which leads?", "How deep?", "Why?".

They are asked of the beats, episodes and findings that the question before named or, where it named none, of those
that its answer asserted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..evidence import Evidence
from ..findings import findings_in_text, phrase
from ..named_places import KIND_OF_CODE
from .decisions import REGIONAL, region
from .features import FEATURES
from .findings import GROUPS
from .named import behind, of_finding
from .places import everywhere, kinds_named, number_of, placed, share
from .relations import about_one, of_each
from .said import SINUS, capital, is_called
from .several_values import course
from .spoken import spoken
from .waves import abnormal_leads, measured_leads, waves_named
from .words import plain, understood, word_set

_WORDS = word_set(
    """
    and so but ok okay yes then please kindly can could you i we let me us tell give say show mark point list name
    locate find draw highlight where when whereabouts abouts at in on which what exactly precisely exact times time
    seconds second place places position positions location locations spot spots moment moments leads lead did do does
    is are was were there have has they them it its that this these those one ones occur occurs occurring happen
    happens appear see seen found begin begins start starts end ends the a of out to how many much often number count
    long last lasts since all deep high tall big large mm mv millimetres millimeters millivolts by
    """
)
_HERE = re.compile(r"\b(?:in|on|of) (?:the|this) (?:strip|trace|tracing|recording|record|ecg)\b")
_WHY = re.compile(
    r"(?:and |but )?(?:why|how come|how do you know(?: that)?|based on what|on what basis|"
    r"(?:why|what makes you) (?:is that|do you|say|think)(?: (?:say|think))?(?: (?:so|that))?)"
)
_PLACED = re.compile(r"\d\.\d-\d+\.\d s\b")
_FORMS = (
    ("leads", re.compile(r"\b(?:which|what|where)\b.*\bleads?\b")),
    ("size", re.compile(r"\bhow (?:deep|high|tall|big|large|much)\b|\bm[mv]\b|\bmilli\w+")),
    ("count", re.compile(r"\bhow (?:many|often)\b|\bnumber\b|\bcount\b")),
    ("lasting", re.compile(r"\bhow long\b(?!.*\b(?:record|recording|strip|ecg)\b)")),
    ("places", re.compile(
        r"\b(?:where(?:abouts)?|when|times?|seconds?|places?|positions?|locations?|spots?|moments?)\b|"
        r"\b(?:mark|locate|highlight|point out|show me$|show (?:them|it|those|that|these)\b)")),
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """What a follow-up is about."""

    kinds: tuple[str, ...] = ()
    """Kinds of beats and episodes."""
    codes: tuple[str, ...] = ()
    """Statements, those with a kind among them."""


def follow_up(question: str, before: str, last: str, evidences: Sequence[Evidence]) -> str:
    """The answer to a bare follow-up; "" for any other question.

    Args:
        before: the question before.
        last: the answer to it.
    """
    about = about_one(question, evidences) if len(evidences) > 1 else None
    form = _form(about[1] if about else question)
    subject = _subject(before, last)
    if not form or not (before or last):
        return ""
    if form in ("places", "lasting"):
        subject = _still_to_place(subject, last)
    if form == "size" and len(evidences) > 1 and (numbers := _numbers(before)):
        return "\n".join(numbers(evidences))
    if not subject.codes and not subject.kinds and form in ("size", "count", "why", "lasting"):
        return ""
    if about:
        return f"ECG {about[0] + 1}: {_ANSWERS[form](subject, evidences[about[0]])}"
    can_be_unjudged = subject.kinds == ("noise",)
    return of_each(lambda evidence: _ANSWERS[form](subject, evidence), evidences, judged_only=not can_be_unjudged)


def _form(question: str) -> str:
    """How a bare follow-up is put; "" for a question that names something itself."""
    asked = _HERE.sub(" ", plain(question)).replace("this ecg", " ")
    if _WHY.fullmatch(asked.strip()):
        return "why"
    if not understood(asked, _WORDS) or re.search(r"\bhow many leads\b", asked):
        return ""
    return next((form for form, cue in _FORMS if cue.search(asked)), "")


def _subject(question: str, answer: str) -> Subject:
    """What was named by the question, as far as its answer asserts it; else what the answer asserts; else a group."""
    asked, said = spoken(plain(question)), _asserted(answer)
    codes = [*findings_in_text(asked), *waves_named(asked)]
    kinds = kinds_named(asked)
    if not codes and not kinds and not said.codes and not said.kinds:
        codes = [c for words, members, _ in GROUPS.values() if re.search(rf"\b(?:{words})\b", asked) for c in members]
        kinds = [KIND_OF_CODE[code] for code in codes if code in KIND_OF_CODE]
    if not codes and not kinds:
        return said
    held = Subject(_both(kinds, said.kinds), _both(codes, said.codes))
    return held if held.kinds or held.codes else Subject(tuple(dict.fromkeys(kinds)), tuple(dict.fromkeys(codes)))


def _both(named: Sequence[str], asserted: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(named) if name in asserted)


def _asserted(answer: str) -> Subject:
    codes = [c for c, holds in findings_in_text(answer).items() if holds and c not in ("NORM", *SINUS)]
    return Subject(tuple(_kinds_asserted(answer)), tuple(codes))


def _kinds_asserted(answer: str) -> list[str]:
    return kinds_named(re.sub(r"\bno [a-z][\w -]*", " ", answer.lower()))


def _still_to_place(subject: Subject, answer: str) -> Subject:
    """Without the kinds that the answer has placed already, where it named others without their places."""
    unplaced = _kinds_asserted(" ".join(part for part in re.split(r"(?<=\.)\s", answer) if not _PLACED.search(part)))
    kinds = tuple(kind for kind in subject.kinds if kind in unplaced)
    return replace(subject, kinds=kinds) if kinds else subject


def _numbers(before: str) -> Callable[[Sequence[Evidence]], list[str]] | None:
    """How the numbers that the question before named went, for "By how much?"."""
    asked = plain(before)
    named = [feature for feature in FEATURES if re.search(rf"\b(?:{feature.cue})\b", asked)]
    return (lambda evidences: [course(feature, evidences, "") for feature in named]) if named else None


def _places(subject: Subject, evidence: Evidence) -> str:
    if not subject.kinds and not subject.codes:
        return everywhere(evidence)
    if not subject.kinds:
        return _whole(subject, evidence)
    found = {kind: evidence.locate(kind) for kind in subject.kinds}
    there = [kind for kind in found if found[kind]] or list(found)
    return " ".join(placed(kind, found[kind], evidence) for kind in there)


def _lasting(subject: Subject, evidence: Evidence) -> str:
    """The places of what lasts, and its share of the record."""
    found = [event for kind in subject.kinds for event in evidence.locate(kind)]
    return _places(subject, evidence) + (share(found, evidence) if found else "")


def _whole(subject: Subject, evidence: Evidence) -> str:
    """That findings of the whole recording have no times, and by what they are recognised."""
    codes = [code for code in subject.codes if is_called(evidence, code)] or list(subject.codes)
    if any(code in REGIONAL for code in codes):
        return region(evidence, "")
    verb = "are" if len(codes) > 1 else "is"
    names = capital(" and ".join(phrase(code) for code in codes[:_MOST]))
    return f"{names} {verb} judged over the whole recording, without times. {_behind(codes, evidence)}".strip()


def _behind(codes: Sequence[str], evidence: Evidence) -> str:
    return " ".join(dict.fromkeys(text for code in codes[:_MOST] if (text := behind(code, evidence))))


def _leads(subject: Subject, evidence: Evidence) -> str:
    if subject.codes and (told := [text for c in subject.codes if (text := measured_leads(c, evidence))]):
        return " ".join(told)
    if subject.kinds and "noise" not in subject.kinds:
        return f"Beats and episodes are judged over all leads together. {_places(subject, evidence)}"
    if subject.kinds:
        return _places(subject, evidence)
    return (_behind(subject.codes, evidence) if subject.codes else "") or abnormal_leads(evidence, "")


def _count(subject: Subject, evidence: Evidence) -> str:
    return number_of(subject.kinds, evidence) if subject.kinds else _leads(subject, evidence)


def _why(subject: Subject, evidence: Evidence) -> str:
    told = [f"{capital(of_finding(code, evidence))} {behind(code, evidence)}".strip() for code in subject.codes[:_MOST]]
    return " ".join(dict.fromkeys(told)) or _places(subject, evidence)


_MOST = 3
_ANSWERS = {"places": _places, "leads": _leads, "size": _leads, "count": _count, "why": _why, "lasting": _lasting}
