"""What is changed in a text about one ECG after the language model wrote it, by its evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .abstain import UNJUDGED
from .check import asks_generally
from .correct import corrected
from .evidence import POSSIBLE, Evidence
from .findings import ALSO_POSSIBLE, FINDINGS, findings_in_text, phrase
from .measure.normal import LIMITS, judge
from .report_findings import with_called_findings

MOST_ALSO = 3
"""Findings that a report's last sentence calls possible."""
_REPORT = re.compile(r"\bconclusion\b|\bnormal ecg\b")
_NORMAL = re.compile(r"(?<=Conclusion: )[Nn]ormal ECG(?! but)")
_ITEM = r"(?:PR|QRS|QTc|[Aa]xis) -?\d+(?: ms|°) \([a-z ]+\)"
_INTERVALS = re.compile(rf"(?<![^\s]){_ITEM}(?:(?:, | and ){_ITEM})*\.(?:\s+|$)")
"""The sentence of a report that lists abnormal intervals: "QRS 133 ms (wide) and QTc 480 ms (long)."."""
_REPEATED = re.compile(r"\b((?:[\w/-]+ ){1,4}[\w/-]+)(?:(?:,| and) \1\b)+")
"""A finding that a list names twice in a row."""
OF_THIS_ECG = re.compile(r"what (?:is|are|was) (?:the|this|my|shown|seen|measured)\b")
"""Questions that may be meant in general and are answered from this ECG: "What is the heart rate?"."""


def mended(text: str, question: str, evidences: Sequence[Evidence]) -> tuple[str, list[str]]:
    """A text about one ECG with its certainly wrong numbers replaced by the measured ones; a sentence for each.

    A report's list of abnormal intervals becomes that of the measurements, and what it names twice in a row is named
    once. It also gets a last sentence with what is possible: nobody should take its silence for a "no". And where the
    leads cannot show that an ECG is normal, it is not called so.
    """
    is_lesson = asks_generally(question) and not OF_THIS_ECG.match(question.strip().lower())
    if len(evidences) != 1 or is_lesson:
        return text, []
    text, corrections = corrected(text, evidences[0].measurements)
    text = _REPEATED.sub(r"\1", _with_judged_intervals(text, evidences[0]))
    text, changes = with_called_findings(text, evidences[0])
    corrections = [*corrections, *changes]
    if evidences[0].verdicts["NORM"].word == UNJUDGED:
        text = _NORMAL.sub("nothing abnormal in these leads", text)
    return (f"{text} {possible}" if (possible := also_possible(text, evidences[0])) else text), corrections


def _with_judged_intervals(text: str, evidence: Evidence) -> str:
    """A report whose sentence of abnormal intervals holds those that are abnormal by measurement, and no others."""
    judged = [
        (key, judge(key, value, evidence.record.sex), value)
        for key in ("pr_ms", "qrs_ms", "qtc_bazett_ms", "axis_deg")
        if (value := evidence.measurements.get(key)) is not None
    ]
    items = [
        f"{LIMITS[key].short} {value:.0f}{LIMITS[key].unit} ({word})" for key, word, value in judged if word != "normal"
    ]
    listed = f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else "".join(items)
    return _INTERVALS.sub(f"{listed[:1].upper()}{listed[1:]}. " if listed else "", text).strip()


def also_possible(text: str, evidence: Evidence) -> str:
    """What a report does not name and the heads cannot exclude, in a sentence; "" for any other text.

    That is a diagnosis or rhythm whose verdict is uncertain, from `POSSIBLE` on, the most probable `MOST_ALSO`.
    """
    if not _REPORT.search(text.lower()) or evidence.unjudgeable:
        return ""
    named = findings_in_text(text)
    open_ones = [
        (code, p)
        for code, p in evidence.judged()
        if p >= POSSIBLE and code not in named and code != "NORM" and set(FINDINGS[code].kinds) & {"d", "r"}
    ]
    listed = ", ".join(f"{phrase(code)} {100 * p:.0f} %" for code, p in open_ones[:MOST_ALSO])
    return f"{ALSO_POSSIBLE} {listed}." if listed else ""
