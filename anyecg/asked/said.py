"""How findings, numbers and leads are put in the answers of this package."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..abstain import UNJUDGED
from ..check_findings import percent
from ..evidence import Evidence
from ..findings import FINDINGS, phrase
from ..measure.normal import LIMITS, judge

MOST_NAMED = 4
"""Findings that an answer to a question about a group or about normality names."""
SINUS = ("SR", "STACH", "SBRAD", "SARRH")
_URGENT = (
    "3AVB", "2AVB", "SVTAC", "PSVT", "AFLT", "AFIB", "STE_", "INJAS", "INJAL", "INJIN", "INJLA", "INJIL",
)  # fmt: skip
"""Rhythms and injury that are told before other findings."""
_WEIGHT = ("MI", "CD", "HYP", "STTC", "")
_YES_OR_NO = re.compile(r"(?:is|are|was|were|does|do|did|has|have|had|can|could|would|should|any|will)\b")


def is_called(evidence: Evidence, label: str) -> bool:
    """Whether a label is above its threshold and these leads can show it."""
    return evidence.labels[label] >= evidence.thresholds[label] and evidence.verdicts[label].word != UNJUDGED


def called(evidence: Evidence, codes: Iterable[str] | None = None) -> list[tuple[str, float]]:
    """The statements that are called (of these, where `codes` is given) with their probability, most probable first."""
    among = None if codes is None else set(codes)
    return [(c, p) for c, p in evidence.judged() if (among is None or c in among) and is_called(evidence, c)]


def abnormal(evidence: Evidence) -> list[tuple[str, float]]:
    """What is called beside a normal ECG and sinus rhythm at any rate; the urgent and the weighty first."""

    def weight(item: tuple[str, float]) -> tuple[int, int, float]:
        code, p = item
        urgent = _URGENT.index(code) if code in _URGENT else len(_URGENT)
        return urgent, _WEIGHT.index(FINDINGS[code].superclass), -p

    left_out = ("NORM", "SR", "SARRH")
    return sorted((item for item in called(evidence) if item[0] not in left_out), key=weight)


def named(findings: Sequence[tuple[str, float]], most: int = MOST_NAMED) -> str:
    """ "atrial fibrillation 95 %, left ventricular hypertrophy 61 %"."""
    return ", ".join(f"{phrase(code)} {percent(p)}" for code, p in findings[:most])


def rhythm(evidence: Evidence) -> str:
    """The called rhythms and the rate, without a full stop; "" where none is called and none measured."""
    rhythms = [(c, p) for c, p in called(evidence) if "r" in FINDINGS[c].kinds]
    if any(code in SINUS[1:] for code, _ in rhythms):
        rhythms = [(code, p) for code, p in rhythms if code != "SR"]  # which they are
    said = named(rhythms) if rhythms else "no rhythm is likely enough to be named"
    rate = evidence.measurements.get("heart_rate_bpm")
    return capital(said) + (f"; rate {rate:.0f}/min" if rate is not None else "")


def outside_limits(evidence: Evidence) -> list[str]:
    """ "QTc 504 ms (long)" for every measured number outside its normal range."""
    measured, sex = evidence.measurements, evidence.record.sex
    found = []
    for key, limit in LIMITS.items():
        value = measured.get(key)
        if value is not None and key != "qt_ms" and (word := judge(key, value, sex)) != "normal":
            found.append(f"{limit.short} {value:.0f}{limit.unit} ({word})")
    return found


def critical(evidence: Evidence) -> str:
    """The critical values in sentences; "" where none was measured."""
    return " ".join(value["sentence"] for value in evidence.measurements.get("critical") or ())


def shows(evidence: Evidence) -> str:
    """Critical values, what is called and what lies outside its limits, in sentences."""
    found = abnormal(evidence)
    urgent = critical(evidence)
    parts = [f"Critical: {urgent}" if urgent else "No critical value was measured."]
    if found:
        parts.append(f"It shows {named(found)}.")
    elif is_called(evidence, "NORM"):
        parts.append(f"Normal ECG {percent(evidence.labels['NORM'])}.")
    else:
        parts.append("No abnormal finding is likely enough to be named.")
    if evidence.verdicts["NORM"].word == UNJUDGED:
        parts.append("These leads cannot show all that could be there.")
    if outside := outside_limits(evidence):
        parts.append(f"Outside the normal range: {', '.join(outside)}.")
    return " ".join(parts)


def asks_yes_or_no(question: str) -> bool:
    """Whether a question wants "yes" or "no"."""
    return bool(_YES_OR_NO.match(question))


SOUND = re.compile(r"(?<!not )\b(?:normal|ok|okay|fine|good|all right|alright|unremarkable|as (?:it|they) should)\b")
"""A question whose "yes" means that nothing is there."""


def yes_or_no(question: str, measured: bool, by_head: bool) -> str:
    """The word that a yes-or-no question wants, "Not sure" where only the head sees it; "" for any other question."""
    if not asks_yes_or_no(question):
        return ""
    if by_head and not measured:
        return "Not sure. "
    return "Yes. " if measured != bool(SOUND.search(question)) else "No. "


def mv(value: float) -> str:
    shown = f"{value:.2f} mV"
    return "0.00 mV" if shown == "-0.00 mV" else shown


def join(names: Sequence[str], last: str = "and") -> str:
    return f"{', '.join(names[:-1])} {last} {names[-1]}" if len(names) > 1 else "".join(names)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
