"""What is changed in a text about one ECG after the language model wrote it, by its evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .abstain import UNJUDGED
from .check import asks_generally
from .check_findings import percent
from .correct import corrected
from .evidence import POSSIBLE, Evidence
from .findings import ALSO_POSSIBLE, FINDINGS, RHYTHMS, findings_in_text, phrase
from .measure.normal import LIMITS, judge
from .report_findings import (
    CLASS_NAMES,
    CONCLUSION,
    ONE_LINE,
    RHYTHM_AND_RATE,
    unnamed_classes,
    with_called_findings,
    with_probabilities,
)
from .wording import capital, join

BUT_CALLED = "The finding head, however, calls"
MOST_ALSO = 4
"""Findings that a report's last sentence calls possible."""
_REPORT = re.compile(r"\bconclusion\b|\bnormal ecg\b")
_NORMAL = re.compile(r"(?<=Conclusion: )[Nn]ormal ECG(?! but)")
_ITEM = r"(?:PR|QRS|QTc|[Aa]xis) -?\d+(?: ms|°)"
_VERDICT = r" \([A-Za-z0-9; ]+\)"


def _sentence_of(item: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\s]){item}(?:(?:, | and ){item})*\.(?:\s+|$)")


_ABNORMAL = _sentence_of(_ITEM + _VERDICT)
"""The sentence of a report that lists abnormal intervals: "QRS 133 ms (wide) and QTc 480 ms (long)."."""
_INTERVALS = _sentence_of(f"{_ITEM}(?:{_VERDICT})?")
_NO_P = ("AFIB", "AFLT")
"""Rhythms beside which a PR interval, which is that of other parts of the record, would mislead."""
_REASSURING = re.compile(r"\b(?:normal|no|not|none|nothing|without|neither)\b")
_HEADING = re.compile(r"^Intervals:\s*")
_REPEATED = re.compile(r"\b((?:[\w/-]+ ){1,4}[\w/-]+)(?:(?:,| and) \1\b)+")
"""A finding that a list names twice in a row."""
OF_THIS_ECG = re.compile(r"what (?:is|are|was) (?:the|this|my|shown|seen|measured)\b")
"""Questions that may be meant in general and are answered from this ECG: "What is the heart rate?"."""


def mended(text: str, question: str, evidences: Sequence[Evidence]) -> tuple[str, list[str]]:
    """A text about one ECG with its certainly wrong numbers replaced by the measured ones; a sentence for each.

    A report's list of intervals becomes that of the measurements, and what it names twice in a row is named once. It
    also gets probabilities, and a last sentence with what is possible: nobody should take its silence for a "no"; an
    answer that reassures gets what is called nevertheless. And where the leads cannot show that an ECG is normal, it is
    not called so.
    """
    is_lesson = asks_generally(question) and not OF_THIS_ECG.match(question.strip().lower())
    is_lesson = is_lesson and not RHYTHM_AND_RATE.match(text)
    if len(evidences) != 1 or is_lesson:
        return text, []
    text, corrections = corrected(text, evidences[0].measurements)
    text, changes = with_called_findings(_REPEATED.sub(r"\1", text), evidences[0])
    text = _with_intervals(text, evidences[0])
    corrections = [*corrections, *changes]
    if evidences[0].verdicts["NORM"].word == UNJUDGED:
        text = _NORMAL.sub("nothing abnormal in these leads", text)
    if not _REPORT.search(text.lower()) and not ONE_LINE.match(text):
        more = but_called(text, evidences[0])
    else:
        more = also_possible(text, evidences[0])
        text = with_probabilities(text, evidences[0])
    return (f"{text} {more}" if more else text), corrections


def _with_intervals(text: str, evidence: Evidence) -> str:
    """A report with its measured intervals: all behind rhythm and rate where it begins with these, else, where it lists
    abnormal ones, those that are abnormal by measurement.
    """
    begun = RHYTHM_AND_RATE.match(text)
    if not begun or not CONCLUSION.search(text):
        abnormal = _listed(intervals(evidence, abnormal=True))
        return _ABNORMAL.sub(f"{abnormal} " if abnormal else "", text).strip()
    rest = _INTERVALS.sub("", text[begun.end() :]).lstrip()
    items = _listed(intervals(evidence))
    if not items:
        return f"{begun.group()} {rest}"
    if begun.group("head"):
        return f"{begun.group()}\nIntervals: {items}\n{_HEADING.sub('', rest)}"
    return f"{begun.group()} {items} {rest}"


def intervals(evidence: Evidence, abnormal: bool = False) -> list[str]:
    """The measured intervals and the axis, each with the word for where it lies when that is not normal."""
    said = []
    fibrillates = any(code in _NO_P and p >= evidence.thresholds[code] for code, p in evidence.judged())
    for key in ("pr_ms", "qrs_ms", "qtc_bazett_ms", "axis_deg"):
        value = None if fibrillates and key == "pr_ms" else evidence.measurements.get(key)
        word = "normal" if value is None else judge(key, value, evidence.record.sex)
        if value is not None and not (abnormal and word == "normal"):
            said.append(f"{LIMITS[key].short} {value:.0f}{LIMITS[key].unit}" + f" ({word})" * (word != "normal"))
        if key == "qtc_bazett_ms" and word != "normal":
            said += _by_fridericia(evidence)
    return said


def _by_fridericia(evidence: Evidence) -> list[str]:
    """The other QTc, at a rate where an abnormal one by Bazett misleads (Rautaharju et al. 2009)."""
    rate, other = evidence.measurements.get("heart_rate_bpm"), evidence.measurements.get("qtc_fridericia_ms")
    misleads = rate is not None and not 60 <= rate <= 90
    return [f"QTc by Fridericia {other:.0f} ms"] if misleads and other is not None else []


def _listed(items: Sequence[str]) -> str:
    said = join(items)
    return f"{capital(said)}." if said else ""


def but_called(text: str, evidence: Evidence) -> str:
    """The abnormal findings that are called, in a sentence, for an answer that speaks of something normal or absent and
    names none of them; "" for any other text. A small language model that says "The T waves are normal" may be wrong.
    """
    if evidence.unjudgeable or not _REASSURING.search(text.lower()):
        return ""
    named = findings_in_text(text)
    called = [
        f"{phrase(code)} {100 * p:.0f} %"
        for code, p in evidence.judged()
        if p >= evidence.thresholds[code] and code not in ("SR", "NORM") and not named.get(code)
    ]
    if not called or any(holds for code, holds in named.items() if code not in ("SR", "NORM")):
        return ""
    return f"{BUT_CALLED} {join(called)}."


def also_possible(text: str, evidence: Evidence) -> str:
    """What a text about the whole ECG does not name and the heads cannot exclude, in a sentence.

    That is a diagnosis, a rhythm that is not called, a class of diagnoses of which the likeliest has not half the
    probability, or that the ECG is normal, from `POSSIBLE` on, the most probable `MOST_ALSO`.
    """
    if evidence.unjudgeable:
        return ""
    named = findings_in_text(text)
    called = {code for code, p in evidence.judged() if code in RHYTHMS and p >= evidence.thresholds[code]}
    open_ones = {phrase(code): p for code, p in evidence.judged() if p >= POSSIBLE and code not in called
                 and not named.get(code) and set(FINDINGS[code].kinds) & {"d", "r"}}  # fmt: skip
    for name, p in unnamed_classes(text, evidence).items():
        members = [phrase(code) for code, finding in FINDINGS.items() if finding.superclass == name]
        if p >= POSSIBLE and max(open_ones.get(member, 0.0) for member in members) < p / 2:
            open_ones = {words: q for words, q in open_ones.items() if words not in members} | {CLASS_NAMES[name]: p}
    ranked = sorted(open_ones.items(), key=lambda item: -item[1])[:MOST_ALSO]
    listed = ", ".join(f"{words} ({percent(p)})" for words, p in ranked)
    return f"{ALSO_POSSIBLE} {listed}." if listed else ""
