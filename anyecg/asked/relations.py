"""How a question sets several ECGs in relation: which ECG a word means; whether something is new, gone, still there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..answer import abstention
from ..evidence import Evidence
from .said import join
from .words import COMPARING, EVIDENCE, GRAMMAR, RECORDING, RELATING, plain

KNOWN = GRAMMAR | RECORDING | RELATING | EVIDENCE
"""Words that are understood in a question on several ECGs."""
ALL_WORDS = KNOWN | COMPARING
_NOUN = r"(?: (?:one|ecgs?|recordings?|tracings?|trace|ekg))?"
_ORDINALS = ("first|earlier", "second", "third", "fourth", "fifth", "sixth")
_LAST, _LATEST, _EARLIEST = "last|later|latter", "latest|most recent|newest|current|recent", "earliest|oldest|baseline"
HOLDS = {"new": (False, True), "gone": (True, False), "still": (True, True), "absent": (False, False)}
"""Whether something is in ECG 1 and in ECG 2."""
_RELATIONS = (
    ("new", r"\bfrom normal to abnormal\b"),
    ("gone", r"\bfrom abnormal to normal\b"),
    ("absent", r"\b(?:neither|absent|free of|without|missing|none of|lack both|both (?:ecgs )?(?:lack|free))\b"),
    ("absent", r"\bstill (?:show )?no\b|\bstay(?:ed)? away\b"),
    ("gone", r"\b(?:no longer|resolved?|gone|disappear\w*|vanished|went away|left)\b"),
    ("gone", r"\bonly (?:\w+ ){0,4}?ecg 1\b|\becg 1 (?:only|alone)\b|\b(?:unlike|in contrast to) ecg 2\b"),
    ("gone", r"\bnot (?:\w+ ){0,3}ecg 2\b|\becg 2 (?:lacks|has not|does not)\b|\becg 1 that ecg 2\b"),
    (
        "still",
        r"\b(?:still|continue\w*|remain\w*|both|common|shared?|persist\w*|stay(?:ed)?|unchanged|agree)\b",
    ),
    ("still", r"\bas (?:in )?ecg 1\b|\bin ecg 1 and (?:in )?ecg 2\b|\bin all\b"),
    ("new", r"\b(?:new(?:ly)?|appear\w*|c[ao]me up|now|become|became|turn(?:ed)?|back|returned|developed)\b"),
    ("new", r"\bonly (?:\w+ ){0,4}?ecg 2\b|\becg 2 (?:only|alone)\b|\b(?:unlike|in contrast to|opposed to) ecg 1\b"),
    ("new", r"\bnot (?:\w+ ){0,3}ecg 1\b|\becg 1 (?:lacks|has not|does not)\b"),
)
"""How a question words the relation of the second ECG to the first; the first pattern that fits counts."""


def referring(question: str, evidences: Sequence[Evidence]) -> str:
    """A plain question in which every word for one of the ECGs is its number: "the latest one" → "ecg 3".

    "First" and "last" are meant as they were given, "latest" and "earliest" by date.
    """
    n_ecgs, order = len(evidences), in_order(evidences)
    text = re.sub(r"\becgs? (?:no|number|#)? ?(\d)\b", r"ecg \1", plain(question))
    text = re.sub(r"\b(?:ekg|recording|tracing|number) ([1-6])\b", r"ecg \1", text)
    if n_ecgs == 2:
        text = re.sub(rf"\b(?:the )?(?:previous|prior|other|old|older){_NOUN}\b(?! of)", "ecg 1", text)
    for words, k in ((_LAST, n_ecgs - 1), (_LATEST, order[-1]), (_EARLIEST, order[0])):
        text = re.sub(rf"\b(?:the )?(?:{words}){_NOUN}\b", f"ecg {k + 1}", text)
    for number, words in enumerate(_ORDINALS[:n_ecgs], start=1):
        text = re.sub(rf"\b(?:the )?(?:{words})(?![ -]degree){_NOUN}\b", f"ecg {number}", text)
    return " ".join(text.split())


def relation_of(question: str) -> str | None:
    """ "new", "gone", "still" or "absent", as `referring` has put the question; None if it asks for no relation."""
    return next((name for name, words in _RELATIONS if re.search(words, question)), None)


def about_one(question: str, evidences: Sequence[Evidence]) -> tuple[int, str] | None:
    """Which single ECG a question is about, counted from 0, and the question without that; None if about several."""
    text = referring(question, evidences)
    named = {int(number) - 1 for number in re.findall(r"\becg (\d)\b", text)}
    if len(named) != 1 or max(named) >= len(evidences) or relation_of(text) or re.search(r"\bwhich\b.*\becg\b", text):
        return None
    (number,) = named
    rest = re.sub(rf"(?:\b(?:in|of|on|at|from) )?\becg {number + 1}\b", " this ecg", text)
    return number, " ".join(rest.split())


_RELATES = re.compile(
    r"\b(?:compar\w+|differ\w*|chang\w+|between|versus|vs|than|same|alike|common|new\w*|old\w*|previous\w*|earlier|before|since"
    r"|develop\w*|progress\w*|which|all|both|each|trend|course|over time|worse\w*|better|improv\w+|ecg \d)\b"
)


EACH = re.compile(r"\b(?:each|both|all|every)\b")
TELLS = re.compile(r"\b(?:reports?|interpret\w*|interpretations?|summari[sz]e|summar(?:y|ies)|describe|read|show)\b")


def each_apart(question: str, evidences: Sequence[Evidence]) -> list[int]:
    """The ECGs, counted from 0, that a question asks about one by one; empty where it relates them to each other."""
    if len(evidences) < 2:
        return []
    if one := about_one(question, evidences):
        return [one[0]]
    text = referring(question, evidences)
    if TELLS.search(text):  # "Report both."
        text = EACH.sub(" ", text)
    return [] if relation_of(text) or _RELATES.search(text) else list(range(len(evidences)))


def in_order(evidences: Sequence[Evidence]) -> list[int]:
    """Positions by date where all are dated, else as given."""
    dates = [evidence.record.recorded_at for evidence in evidences]
    known = [date for date in dates if date]
    return sorted(range(len(dates)), key=lambda k: known[k]) if len(known) == len(dates) else list(range(len(dates)))


def dated(number: int, evidence: Evidence) -> str:
    """ "ECG 2 (1985-01-23)", with its date if it has one; `number` counts from 0."""
    when = evidence.record.recorded_at
    return f"ECG {number + 1} ({when[:10]})" if when else f"ECG {number + 1}"


def numbers(positions: Sequence[int]) -> str:
    """ "ECG 1 and ECG 3"."""
    return join([f"ECG {k + 1}" for k in positions])


def of_each(answer: Callable[[Evidence], str], evidences: Sequence[Evidence], *, judged_only: bool = True) -> str:
    """The answer of each ECG, one paragraph for all that have the same; "" if one has none.

    Args:
        judged_only: whether an ECG that cannot be judged is said to be one, instead of its answer.
    """
    said = [abstention([e]) if e.unjudgeable and judged_only else answer(e) for e in evidences]
    if len(said) == 1 or not all(said):
        return said[0] if len(said) == 1 else ""
    return "\n\n".join(
        f"{numbers([k for k, other in enumerate(said) if other == text])}: {text}" for text in dict.fromkeys(said)
    )
