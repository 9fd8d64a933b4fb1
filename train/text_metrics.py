"""How near a text is to the gold text in words: BLEU-4, ROUGE-L and METEOR, each with its interval by patient.

They are there for comparison with papers; what a report asserts is scored by its findings (`scoring.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from anyecg.metrics import mean_with_interval, with_interval

Texts = Sequence[str]


def text_scores(predicted: Texts, gold: Texts, patients: Sequence[str]) -> dict[str, Any]:
    """The three scores of texts against one gold text each."""
    return {
        "BLEU-4": bleu4(predicted, gold, patients),
        "ROUGE-L": mean_with_interval(rouge_l(predicted, gold), patients),
        "METEOR (exact, stem)": mean_with_interval(meteor(predicted, gold), patients),
    }


def bleu4(predicted: Texts, gold: Texts, patients: Sequence[str]) -> dict[str, Any]:
    """Cumulative corpus BLEU of orders 1-4 by sacrebleu, in 0-1, its interval from resampled counts of n-grams."""
    from sacrebleu import BLEU

    counter = BLEU(effective_order=True)  # of which only the counts are used; False warns at every sentence
    rows = [counter.sentence_score(p, [g]) for p, g in zip(predicted, gold, strict=True)]
    counts = np.array([[*row.counts, *row.totals, row.sys_len, row.ref_len] for row in rows], dtype=float)

    def corpus(weights: np.ndarray) -> np.ndarray:
        sums = [[int(n) for n in row] for row in weights @ counts]
        scores = [BLEU.compute_bleu(row[:4], row[4:8], row[8], row[9], smooth_method="exp").score for row in sums]
        return np.array(scores) / 100

    return with_interval(corpus, patients)


def rouge_l(predicted: Texts, gold: Texts) -> list[float]:
    """ROUGE-L F-measure of each text by rouge-score, in 0-1."""
    from rouge_score.rouge_scorer import RougeScorer
    from rouge_score.tokenizers import DefaultTokenizer

    scorer = RougeScorer(["rougeL"], tokenizer=DefaultTokenizer(use_stemmer=False))
    return [scorer.score(g, p)["rougeL"].fmeasure for p, g in zip(predicted, gold, strict=True)]


def meteor(predicted: Texts, gold: Texts) -> list[float]:
    """METEOR of each text by NLTK with its exact and stem (Porter) modules, in 0-1.

    Alpha 0.9, beta 3, gamma 0.5 (Lavie and Agarwal 2007). The module of WordNet synonyms is left out: it needs a
    download, and WordNet knows no ECG words. Words are those that ROUGE-L compares.
    """
    from nltk.translate.meteor_score import single_meteor_score
    from rouge_score.tokenizers import DefaultTokenizer

    words = DefaultTokenizer(use_stemmer=False).tokenize
    without_synonyms: Any = _NoSynonyms()
    return [
        float(single_meteor_score(words(g), words(p), wordnet=without_synonyms))
        for p, g in zip(predicted, gold, strict=True)
    ]


class _NoSynonyms:
    """Stands where NLTK expects WordNet."""

    def synsets(self, word: str) -> list[Any]:
        return []
