"""Questions that need no language model: what written passages answer, and what the evidence answers word for word.

What is asked is read by rule, and only where nothing is left over that the rule does not understand: "Is there atrial
fibrillation?" is answered from the heads, "Is the atrial fibrillation new?" is the language model's. So the answer to
a closed question is the calibrated probability that stands beside it, and no second opinion of a small model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..answer import abstention
from ..check import asks_generally
from ..evidence import Evidence
from ..findings import findings_in_text
from ..knowledge import answer_back, answer_from_knowledge, beyond
from ..mending import OF_THIS_ECG
from .findings import choice, kinds, normality, presence
from .places import in_words, places
from .several import about_one, answered_of_several
from .values import answered_values

__all__ = ["answered", "by_evidence", "given", "in_words"]

_PARTS = re.compile(r"\?\s+|,?\s+and\s+(?=(?:is|are|was|does|do|has|what|how|which|where)\b)", re.I)
"""Where one question ends and the next begins."""


def given(
    question: str, evidences: Sequence[Evidence], last_answer: str = "", with_measurements: bool = True
) -> tuple[str, str]:
    """An answer that needs no language model, and where it is from; ("", "model") where one has to answer.

    Args:
        last_answer: what was said before, to which "Is that dangerous?" refers.
        with_measurements: whether the evidence may answer.
    """
    said = [code for code, holds in findings_in_text(last_answer).items() if holds and code not in ("NORM", "SR")]
    if knowledge := answer_from_knowledge(question) or answer_back(question, said):
        return knowledge.text, "knowledge"
    if outside := beyond(question):
        return outside, "scope"
    if evidences and all(evidence.unjudgeable for evidence in evidences):
        return abstention(evidences), "evidence"
    text = by_evidence(question, evidences) if with_measurements else ""
    return text, "evidence" if text else "model"


def by_evidence(question: str, evidences: Sequence[Evidence]) -> str:
    """The answer to a question, or to each part of one ("Which rate, and is it regular?"), if the evidence has all."""
    whole = answered(question, evidences) or _of_one(question, evidences) or answered_of_several(question, evidences)
    parts = [part for part in _PARTS.split(question) if part and part.strip()]
    if whole or len(parts) < 2:
        return whole
    said = [answered(part, evidences) or answered_of_several(part, evidences) for part in parts]
    return " ".join(said) if all(said) else ""


def _of_one(question: str, evidences: Sequence[Evidence]) -> str:
    """The answer to a question about one of several ECGs ("Does the second one show sinus rhythm?")."""
    about = about_one(question, len(evidences)) if len(evidences) > 1 else None
    said = answered(about[1], [evidences[about[0]]]) if about else ""
    return f"ECG {about[0] + 1}: {said}" if about and said else ""


def answered(question: str, evidences: Sequence[Evidence]) -> str:
    """The answer that the evidence of one ECG gives by itself, or "" where the language model has to answer."""
    if len(evidences) != 1:
        return ""
    (evidence,) = evidences
    if first := places(question, evidence) or answered_values(question, evidence):
        return first  # "What is the heart rate?" sounds general and is not
    if asks_generally(question) and not OF_THIS_ECG.match(question.strip().lower()):
        return ""
    of_findings = (normality, presence, kinds, choice)
    return next((text for answer in of_findings if (text := answer(question, evidence))), "")
