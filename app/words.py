"""The words of the page: who says an answer, what the terms mean, and a checker's sentence in plain English."""

from __future__ import annotations

import re
from collections.abc import Iterable

ORIGINS = {
    "model": "Written by the language model, then held against the evidence.",
    "evidence": "Taken from the measurements and the network's probabilities, without the language model.",
    "knowledge": "A prepared text with its source, not a reading of this ECG.",
    "scope": "A prepared sentence.",
}
"""Who says so, as the reader of an answer is told; the keys are those of `anyecg.answer.ORIGINS`."""
MEANINGS = {
    "Probability": "Of 100 ECGs with this value, about so many had the finding, among ECGs like those that the "
    "network learned from. Blue: above the limit from which the finding counts as seen.",
    "Cannot be judged": "The leads that would show it are missing or too poor. It may be there or not.",
    "Normal": "The range in most healthy adults at rest. Children, athletes and medication have other ranges.",
    "PVC, PAC": "Premature ventricular and premature atrial contraction: a beat that comes early, from the "
    "ventricles or from the atria.",
    "J, J+60, J+80": "The level of the ST segment where the QRS ends, and 60 and 80 ms later.",
    "Day to day": "How much a number varies in one person without any illness; * marks a larger change.",
}

_MENDED = re.compile(r"; (?:it was added|it was taken out|corrected to .+)\.$")
"""How a sentence ends that tells of something already put right; see `anyecg.mending`."""


def contradictions_and_corrections(sentences: Iterable[str]) -> tuple[list[str], list[str]]:
    """Where text and evidence still disagree, and what was put right in the text, both in plain words."""
    said = [re.sub(r"(?:finding|event) head", "network", sentence) for sentence in sentences]
    return [s for s in said if not _MENDED.search(s)], [s for s in said if _MENDED.search(s)]


def without_way_out(sentence: str) -> str:
    """A reader's sentence without what to declare in a terminal or in Python: the page has fields for that."""
    return re.sub(r"; declare .*", ".", sentence, flags=re.DOTALL)
