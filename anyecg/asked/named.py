"""What the evidence says on all that a question names, where no rule understands the whole of it.

"Is this AF paroxysmal?" names atrial fibrillation: its probability and what was measured of it are told, without a
"yes" or "no" that the question did not ask for in these words. It stands in for a language model too small to answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..abstain import UNCERTAIN, UNJUDGED
from ..check_findings import percent
from ..evidence import Evidence
from ..findings import FINDINGS, findings_in_text, phrase, without_findings
from ..knowledge import concept_named, passage
from ..measure.normal import say
from .decisions import ANSWERS as DECISIONS
from .decisions import decision
from .features import FEATURES
from .findings import GROUPS
from .overview import ANSWERS as OF_WHOLE
from .overview import PLAINLY
from .recording import ANSWERS as OF_RECORDING
from .rhythm import ANSWERS as OF_RHYTHM
from .rhythm import pacing, regularity
from .said import called, capital, is_called, shows
from .said import named as listed
from .several_values import course
from .spoken import spoken
from .together import each_in_a_line
from .topics import cued
from .values import answered_values
from .voltages import voltages
from .waves import BY_LEAD, WAVES, leads_in, q_waves, st_changes, territory
from .words import plain

MOST = 4
"""Things named in one question that are told of."""
_SPECIFIC = (
    ("decisions", DECISIONS),
    ("waves", WAVES),
    ("by_lead", BY_LEAD),
    ("rhythm", OF_RHYTHM),
    ("recording", OF_RECORDING),
)
_GENERAL = (("plainly", PLAINLY), ("whole", OF_WHOLE))


def named(question: str, evidences: Sequence[Evidence]) -> str:
    """The evidence on every finding, number, wave and topic that a question names; "" where it names none.

    With several ECGs, each in its paragraph; a number in its course.
    """
    asked = spoken(plain(question))
    if len(evidences) == 1:
        told = _of_one(asked, evidences[0])
        return f"What this ECG gives on that: {' '.join(told)}" if told else ""
    numbers = [feature for feature in FEATURES if re.search(rf"\b(?:{feature.cue})\b", asked)]
    if numbers:
        return "\n".join(course(feature, evidences, "") for feature in numbers[:MOST])
    each = [" ".join(_of_one(asked, evidence)) for evidence in evidences]
    return "\n\n".join(f"ECG {k}: {text}" for k, text in enumerate(each, start=1)) if all(each) else ""


def instead(evidences: Sequence[Evidence]) -> str:
    """An overview, said to be none of what was asked."""
    if len(evidences) == 1:
        return f"I have no answer to that question. What the ECG shows instead: {shows(evidences[0])}"
    return f"I have no answer to that question. What the ECGs show instead:\n{each_in_a_line('', evidences)}"


def _of_one(asked: str, evidence: Evidence) -> list[str]:
    """The most specific first; topics of the whole ECG only where nothing else is named."""
    told = [*_findings(asked, evidence), *_numbers(without_findings(asked), evidence)]
    rest = without_findings(asked)
    told += [text for group, answers in _SPECIFIC for text in cued(asked, evidence, group, answers, among=rest)]
    leads, _ = leads_in(rest)
    if leads and not told:
        told = [text for text in (territory(evidence, " ".join(leads).lower()),) if text]
    told = told or _concept(rest, evidence)
    told = told or [text for group, answers in _GENERAL for text in cued(asked, evidence, group, answers, among=rest)]
    if not told and re.match(r"(?:and |so )?(?:should|shall|must|ought|do (?:i|we) need)\b", asked):
        told = [decision(evidence, asked)]
    return list(dict.fromkeys(told))[:MOST]


def _findings(asked: str, evidence: Evidence) -> list[str]:
    codes = [code for code in findings_in_text(asked) if code != "NORM"]
    told = [f"{capital(of_finding(code, evidence))} {behind(code, evidence)}".strip() for code in codes]
    rest = without_findings(asked)
    for name, (words, members, group) in GROUPS.items():
        if re.search(rf"(?<![\w-])(?:{words})(?![\w-])", rest):
            found = called(evidence, members)
            p = f" {percent(evidence.labels[group])}" if group else ""
            told.append(f"{capital(name)}{p}: {listed(found) if found else 'no kind of it is called'}.")
            told += [text for text in (behind((found or [(members[0], 0.0)])[0][0], evidence),) if text]
            rest = re.sub(rf"(?<![\w-])(?:{words})(?![\w-])", " ", rest)
    return told


def of_finding(code: str, evidence: Evidence) -> str:
    """ "atrial fibrillation 99 % (likely)."."""
    verdict = evidence.verdicts[code]
    if verdict.word == UNJUDGED:
        return f"{phrase(code)} cannot be judged: {verdict.reason}."
    uncertain = "called, but uncertain" if is_called(evidence, code) else "uncertain, not called"
    word = uncertain if verdict.word == UNCERTAIN else verdict.word
    return f"{phrase(code)} {percent(evidence.labels[code])} ({word})."


def behind(code: str, evidence: Evidence) -> str:
    """What was measured of that by which a finding is recognised; "" where nothing is measured for it."""
    of_code: dict[str, Callable[[Evidence, str], str]] = {
        **dict.fromkeys(("AFIB", "AFLT", "SARRH", "SVARR"), regularity), "PACE": pacing, "LVH": voltages,
    }  # fmt: skip
    of_number = {
        "1AVB": "pr_ms", "LPR": "pr_ms", "LNGQT": "qtc_bazett_ms", "STACH": "heart_rate_bpm", "SBRAD": "heart_rate_bpm",
        "LAFB": "axis_deg", "LPFB": "axis_deg", "SVTAC": "heart_rate_bpm", "PSVT": "heart_rate_bpm",
        **dict.fromkeys(("CLBBB", "CRBBB", "IRBBB", "ILBBB", "IVCD", "WPW"), "qrs_ms"),
    }  # fmt: skip
    if code in of_code:
        return of_code[code](evidence, "")
    if code in of_number:
        return say(evidence.measurements, of_number[code], evidence.record.sex)
    if FINDINGS[code].superclass == "MI":
        return q_waves(evidence, "") + masked(evidence)
    return st_changes(evidence, "") + masked(evidence) if FINDINGS[code].superclass == "STTC" else ""


def masked(evidence: Evidence) -> str:
    """That left bundle branch block or pacing hides infarction and ischaemia, where one is called."""
    hides = called(evidence, ("CLBBB", "PACE"))
    return f" With {listed(hides)}, ST, T and Q tell little about infarction and ischaemia." if hides else ""


def _numbers(rest: str, evidence: Evidence) -> list[str]:
    told = []
    for feature in FEATURES:
        if match := re.search(rf"\b(?:{feature.cue})\b", rest):
            told.append(answered_values(match.group(), evidence))
            rest = rest.replace(match.group(), " ")
    return [text for text in told if text]


def _concept(rest: str, evidence: Evidence) -> list[str]:
    """A concept without a probability: how it is recognised, and what this ECG shows."""
    found = concept_named(rest)
    if found is None:
        return []
    return [f"There is no probability for it. {passage(found[0], 'criteria').text} This ECG: {shows(evidence)}"]
