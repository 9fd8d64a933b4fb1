"""Closed questions on several ECGs that the evidence answers.

They are: what changed, which one shows a finding, whether it is new, gone or still there, and which one is faster.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ..abstain import UNJUDGED
from ..check_findings import percent
from ..evidence import Evidence
from ..findings import findings_in_text, phrase, without_findings

_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        which of these the ecg ecgs recording recordings tracing tracings in do you see find name with where has have is
        are any show shows a an one ones and it does as other first second earlier later compared to among two both all
        1 2 3 4 5 6 there been since only newly new now appeared no longer resolved gone still remained that lacks not
        unlike contrast common was did patient this with same from for i what
        """,
    )
)
"""Words of a question that leave nothing to be understood beside the finding and the relation."""
_WHICH = re.compile(r"\bwhich\b|\bname the\b|\bwhat ecgs?\b|\bwhere do you\b")
_RELATIONS = (
    ("still", re.compile(r"\bstill\b|\bremained\b|\bboth\b|\bcommon\b|\bas (?:ecg 1|in the earlier|the first)\b")),
    ("gone", re.compile(
        r"\bno longer\b|\bresolved\b|\bgone\b|\bdisappeared\b|\bonly the first\b|\becg 1 only\b|"
        r"ecg 1 show.*(?:unlike|not)|in contrast to ecg 2"
    )),
    ("new", re.compile(
        r"\bnew(?:ly)?\b|\bappeared\b|\bnow show|\bonly the second\b|\becg 2 only\b|\bunlike ecg 1\b|"
        r"in contrast to ecg 1"
    )),
)  # fmt: skip
"""How a question words the relation of the second ECG to the first; the first pattern that fits counts."""
_COMPARING = frozenset(
    re.findall(
        r"\w+",
        """
        change changed changes compare compared comparing comparison difference differences differ different between
        describe finding findings please how course over time developed develop go through order came went tell each
        what against before summarise summarize follow these side by me about happened evolution evolved s my
        """,
    )
)
_CHANGED = re.compile(r"\b(?:chang|compar|differ|new|develop|course|came and went|follow|evol|happened)")
_WHOSE = re.compile(
    r"\b(?:both are of the same patient|the ecgs belong to (?:one patient|different patients)|"
    r"two patients, one ecg each|same patient, two recordings|"
    r"they are of two different patients|(?:from|of) (?:the same|one) patient)\b"
)
_COURSE = ("New in ECG 2", "Not in ECG 2 any more", "Unchanged")
_APART = ("Only in ECG 2", "Only in ECG 1", "In both")
_NORMAL = re.compile(r"\b(?:everything (?:is )?normal|normal|no abnormality)\b")
_ORDINALS = ("first|earlier", "second|later|latter", "third", "fourth", "fifth", "sixth")
_FASTER = re.compile(r"\bfaster\b|\bslower\b|\bheart rates?\b|\bthe rates?\b|\brates of\b")
SAME_RATE_BPM = 1.0
"""Rates that print alike are not told apart."""


def answered_of_several(question: str, evidences: Sequence[Evidence]) -> str:
    """The answer to a closed question on several ECGs, or "" where the language model has to answer."""
    if len(evidences) < 2 or any(evidence.unjudgeable for evidence in evidences):
        return ""
    plain = question.lower()
    return _of_one_finding(plain, evidences) or _of_rates(plain, evidences) or _of_all_findings(plain, evidences)


def about_one(question: str, n_ecgs: int) -> tuple[int, str] | None:
    """Which single ECG a question is about, counted from 0, and the question without that; None if about several."""
    named = {int(number) - 1 for number in re.findall(r"\becg (\d)\b", question.lower())}
    named |= {k for k, words in enumerate(_ORDINALS) if re.search(rf"\b(?:{words})\b", question.lower())}
    if len(named) != 1 or max(named) >= n_ecgs or any(words.search(question.lower()) for _, words in _RELATIONS):
        return None
    (number,) = named
    which = rf"(?:\bin )?(?:\bthe )?\b(?:ecg {number + 1}|{_ORDINALS[number]})\b(?: (?:one|ecg|recording|tracing))?"
    rest = re.sub(which, " this ecg", question, flags=re.I)
    return number, " ".join(rest.split())


def _of_one_finding(question: str, evidences: Sequence[Evidence]) -> str:
    named = findings_in_text(question)
    asked = without_findings(question)
    if not named and _NORMAL.search(asked):
        named, asked = {"NORM": True}, _NORMAL.sub(" ", asked)
    if len(named) != 1 or not set(re.findall(r"\w+", asked)) <= _WORDS:
        return ""
    (code,) = named
    if any(evidence.verdicts[code].word == UNJUDGED for evidence in evidences):
        return ""
    has = [evidence.labels[code] >= evidence.thresholds[code] for evidence in evidences]
    if _WHICH.search(asked) or code == "NORM":
        return _which(code, has, evidences)
    relation = next((name for name, words in _RELATIONS if words.search(asked)), None)
    return _related(relation, code, has, evidences) if relation and len(evidences) == 2 else ""


def _which(code: str, has: Sequence[bool], evidences: Sequence[Evidence]) -> str:
    those = [f"ECG {k}" for k, it_has in enumerate(has, start=1) if it_has]
    given = f"({_probabilities(code, evidences)})"
    if code == "NORM":
        return _which_normal(those, len(has), given)
    if not those:
        return f"None of them shows {_noun(code)} {given}."
    if len(those) == len(has):
        return f"{'Both' if len(has) == 2 else 'All'} of them show {_noun(code)} {given}."
    listed = those[0] if len(those) == 1 else f"{', '.join(those[:-1])} and {those[-1]}"
    return f"{listed} show{'s' if len(those) == 1 else ''} {_noun(code)} {given}."


def _which_normal(those: Sequence[str], n_ecgs: int, given: str) -> str:
    if not those:
        return f"None of them is normal {given}."
    if len(those) == n_ecgs:
        return f"{'Both' if n_ecgs == 2 else 'All'} of them are normal {given}."
    return f"{' and '.join(those)} {'is' if len(those) == 1 else 'are'} normal {given}."


def _related(relation: str, code: str, has: Sequence[bool], evidences: Sequence[Evidence]) -> str:
    holds = {"new": (False, True), "gone": (True, False), "still": (True, True)}[relation] == tuple(has)
    shows = ["shows" if it_has else "does not show" for it_has in has]
    if has[0] == has[1]:
        said = f"{'both ECGs show' if has[0] else 'neither ECG shows'} {_noun(code)}"
    else:
        said = f"ECG 1 {shows[0]} {_noun(code)} and ECG 2 {shows[1]} it"
    return f"{'Yes' if holds else 'No'}: {said} ({_probabilities(code, evidences)})."


def _of_all_findings(question: str, evidences: Sequence[Evidence]) -> str:
    """What came, went and stayed from each ECG to the next, with the probabilities of what changed."""
    asked = _WHOSE.sub(" ", question)
    if not _CHANGED.search(asked) or not set(re.findall(r"\w+", asked)) <= _WORDS | _COMPARING:
        return ""
    if len(evidences) == 2:
        words = _APART if "different patients" in question or "two patients" in question else _COURSE
        steps = _steps(*evidences)
        parts = [f"{word}: {', '.join(names)}." for word, names in zip(words, steps, strict=True) if names]
        if not steps[0] and not steps[1]:
            parts.insert(0, "The findings are the same.")
        return " ".join([*parts, *_both_rates(evidences)])
    first = [phrase(code) for code in _called(evidences[0])]
    parts = [f"ECG 1: {', '.join(first) or 'no finding'}."]
    for number, (before, after) in enumerate(pairwise(evidences), start=2):
        new, gone, _ = _steps(before, after)
        said = [f"new {', '.join(new)}"] if new else []
        said += [f"no longer {', '.join(gone)}"] if gone else []
        parts.append(f"ECG {number}: {'; '.join(said) or 'unchanged'}.")
    return " ".join(parts)


def _steps(before: Evidence, after: Evidence) -> tuple[list[str], list[str], list[str]]:
    """What is called in the second ECG only, in the first only, and in both; what one cannot show is left out."""
    first, second = _called(before), _called(after)
    shown = [
        code for code in (*first, *second) if UNJUDGED not in (before.verdicts[code].word, after.verdicts[code].word)
    ]

    def change(code: str) -> str:
        return f"{phrase(code)} ({percent(before.labels[code])} → {percent(after.labels[code])})"

    return (
        [change(code) for code in second if code not in first and code in shown],
        [change(code) for code in first if code not in second and code in shown],
        [phrase(code) for code in second if code in first],
    )


def _called(evidence: Evidence) -> list[str]:
    """The statements above their threshold, the most probable first."""
    return [code for code, p in evidence.judged() if p >= evidence.thresholds[code]]


def _both_rates(evidences: Sequence[Evidence]) -> list[str]:
    rates = [evidence.measurements.get("heart_rate_bpm") for evidence in evidences]
    return [] if None in rates else [f"Rate {rates[0]:.0f}/min in ECG 1, {rates[1]:.0f}/min in ECG 2."]


def _of_rates(question: str, evidences: Sequence[Evidence]) -> str:
    measured = [evidence.measurements.get("heart_rate_bpm") for evidence in evidences]
    if not _FASTER.search(question) or findings_in_text(question) or len(question.split()) > 12:
        return ""
    rates = [float(rate) for rate in measured if rate is not None]
    if len(rates) < len(measured):
        missing = [f"ECG {k}" for k, rate in enumerate(measured, start=1) if rate is None]
        return f"I cannot tell: no heart rate could be measured in {' and '.join(missing)}."
    if len(rates) > 2:
        return f"Rates: {', '.join(f'{rate:.0f}/min in ECG {k}' for k, rate in enumerate(rates, start=1))}."
    first, second = rates
    if abs(first - second) < SAME_RATE_BPM:
        return f"The rates are the same: {first:.0f}/min in ECG 1, {second:.0f}/min in ECG 2."
    fast, slow = (1, 2) if first > second else (2, 1)
    return f"ECG {fast} is faster: {max(rates):.0f}/min against {min(rates):.0f}/min in ECG {slow}."


def _probabilities(code: str, evidences: Sequence[Evidence]) -> str:
    return ", ".join(percent(evidence.labels[code]) for evidence in evidences)


def _noun(code: str) -> str:
    return "a normal ECG" if code == "NORM" else phrase(code)
