"""Hold a text against the measurements and the finding head; each difference is a sentence to show.

Numbers: `check_numbers`; findings: `check_findings`; which of several ECGs a part is about: `check_ecgs`. A sentence
that names no ECG contradicts only if it fits none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import check_findings as findings
from .check_ecgs import as_list, comparison_contradictions, number_contradictions, numbered, scoped
from .check_limits import limit_contradictions
from .check_measured import measured_contradictions
from .check_numbers import words_contradictions
from .claim_tables import untable
from .findings import without_possible

UNLIKELY = 0.1
"""A finding that the text asserts contradicts the heads below this calibrated probability."""
LIKELY = 0.6
"""A finding that the text denies contradicts the heads above this calibrated probability."""

_GENERAL = re.compile(
    r"(?:can you |could you |please )?(?:explain|define|give a short definition|tell me what|what (?:is|are|does|do)|"
    r"what should i understand|i have read about|how does|how (?:can|do) (?:i|you|we) (?:see|recogni[sz]e|tell)|"
    r"what (?:must|can|could) it|what causes|which (?:\w+ )?(?:criteria|signs|causes)|should i worry)\b"
)
_THIS_ECG = re.compile(r"\b(?<!an )(?<!a )(?<!a normal )(?<!which )ecgs?\b")
_OF_ALL = re.compile(r"\b(?:both|unchanged|all of them|all ecgs|the same|none of (?:them|the ecgs|these))\b")
_QUESTION = re.compile(r"[^.!?\n]*\?(?=\s|$)")
_ANSWER_WORD = re.compile(r"^\W*(?:yes|no),\s+(?=\w+ \w+)", re.I)
_REPORT = re.compile(r"\bconclusion\b|\bnormal ecg\b")
_CHANGED = re.compile(r"\b(?:no longer|resolved|disappeared|gone|new|newly|appeared|previously|compared|unchanged)\b")

Measured = Mapping[str, Any]
Probabilities = Mapping[str, float]


def contradictions(
    text: str,
    measurements: Measured | Sequence[Measured | None] | None,
    findings_probabilities: Probabilities | Sequence[Probabilities] | None,
    *,
    question: str = "",
    unlikely: float = UNLIKELY,
    likely: float = LIKELY,
) -> list[str]:
    """What a text says against the evidence, as sentences to show.

    Args:
        text: the answer, in English.
        measurements: `Measurements.to_dict()` of the ECG, or one per ECG; None leaves the numbers unchecked, as does
            a key that a mapping lacks.
        findings_probabilities: calibrated {code: probability} of the ECG, or one per ECG; missing codes
            are not checked.
        question: what was asked. A bare "yes" or "no" is read as an answer about the finding it names; an answer
            to a general question ("What is atrial fibrillation?") is checked for single numbers only.
        unlikely, likely: limits in probability for asserted and for denied findings.
    """
    measured, probabilities = as_list(measurements), as_list(findings_probabilities)
    n_ecgs = max(len(measured), len(probabilities))
    is_general = asks_generally(question)
    text = numbered(untable(without_possible(text)), n_ecgs)
    parts = scoped(_QUESTION.sub(" ", _ANSWER_WORD.sub("", text)), n_ecgs)
    missing = [k + 1 for _, scope in parts for k in scope if k >= n_ecgs]
    there_are = "there is 1" if n_ecgs == 1 else f"there are {n_ecgs}"
    said = [f"The text speaks of ECG {k}, but {there_are}." for k in missing]
    said += number_contradictions(text, measured, is_general) if measured else []
    for part, scope in parts:
        said += limit_contradictions(part)
        if not is_general:
            said += _part_contradictions(part, scope, measured, probabilities, (unlikely, likely))
    said += comparison_contradictions(text, measured)
    if n_ecgs == 1 and not is_general and _REPORT.search(text.lower()):
        said += findings.omissions(text, probabilities, likely)
    answered = findings.yes_or_no(question, text)
    said += findings.finding_contradictions(answered, [h for h in probabilities if h], unlikely, likely)
    return list(dict.fromkeys(said))


def asks_generally(question: str) -> bool:
    """Whether a question is about a thing as such ("What is atrial fibrillation?"), not about these ECGs."""
    return bool(_GENERAL.match(question.strip().lower())) and not _THIS_ECG.search(question.lower())


def _part_contradictions(
    part: str,
    scope: Sequence[int],
    measured: Sequence[Measured | None],
    probabilities: Sequence[Probabilities],
    limits: tuple[float, float],
) -> list[str]:
    """Words and findings of a part of a sentence against the ECGs it speaks of."""
    unlikely, likely = limits
    n_ecgs = max(len(measured), len(probabilities))
    of = [values for k in scope if k < len(measured) and (values := measured[k]) is not None]
    stated = findings.stated(part)
    said = []
    if n_ecgs > 1 and _OF_ALL.search(part.lower()):
        said += findings.shared_contradictions(stated, probabilities, scope, unlikely, likely)
    if n_ecgs > 1 and _CHANGED.search(part):
        return said
    heads = [head for k in scope if k < len(probabilities) and (head := probabilities[k])]
    said += words_contradictions(part, of) + measured_contradictions(part, of, heads)
    said += findings.finding_contradictions(stated, heads, unlikely, likely)
    return said + findings.group_contradictions(part, heads, likely)
