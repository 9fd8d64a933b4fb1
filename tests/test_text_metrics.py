"""BLEU-4, ROUGE-L and METEOR give the values of the papers' formulas, with intervals by patient, offline."""

import pytest
from sacrebleu import corpus_bleu

from train.text_metrics import bleu4, meteor, rouge_l, text_scores

GOLD = "Sinus rhythm at 70 per minute and normal axis."
OTHER = "Atrial fibrillation with a wide complex."


def f_mean(precision, recall):
    return precision * recall / (0.9 * precision + 0.1 * recall)


@pytest.mark.parametrize(
    ("text", "gold", "expected"),
    [
        # All six words match in one chunk: the penalty is 0.5 (1/6)³.
        ("the cat sat on the mat", "the cat sat on the mat", 1 - 0.5 / 6**3),
        # Every word is said, but in six chunks: half of the score is lost.
        ("e d c b a f", "a b c d e f", 0.5),
        # "waves" and "inverted" match by their stems, "T" exactly: three of three words, one chunk.
        ("T wave inverting", "T waves inverted", 1 - 0.5 / 3**3),
        # Two of three words said, two of four true: one chunk.
        ("sinus rhythm here", "sinus rhythm with PVCs", f_mean(2 / 3, 2 / 4) * (1 - 0.5 / 2**3)),
        # Two chunks, "atrial" and "rapid response", of three matches in four words.
        ("atrial flutter rapid response", "atrial fibrillation rapid response", 3 / 4 * (1 - 0.5 * (2 / 3) ** 3)),
        # A synonym is no match, for there is no WordNet.
        ("quick", "fast", 0.0),
        ("", "fast", 0.0),
    ],
)
def test_meteor_equals_the_value_worked_out_by_hand(text, gold, expected):
    assert meteor([text], [gold]) == [pytest.approx(expected)]


def test_bleu_is_that_of_the_corpus_and_its_interval_is_by_patient():
    texts, gold = [GOLD, OTHER, "Sinus rhythm at 80 per minute."] * 4, [GOLD, GOLD, GOLD] * 4
    patients = [str(k // 3) for k in range(12)]
    score = bleu4(texts, gold, patients)
    assert score["value"] == pytest.approx(corpus_bleu(texts, [gold]).score / 100)
    assert score["low"] == pytest.approx(score["high"])  # every patient has the same texts
    by_record = bleu4(texts, gold, [str(k) for k in range(12)])
    assert by_record["low"] < by_record["value"] < by_record["high"]


def test_text_scores_reward_the_same_words_and_count_them():
    same, other = text_scores([GOLD], [GOLD], ["p"]), text_scores([OTHER], [GOLD], ["p"])
    assert set(same) == {"BLEU-4", "ROUGE-L", "METEOR (exact, stem)"}
    assert rouge_l([GOLD], [GOLD]) == [1.0] and same["BLEU-4"]["value"] == pytest.approx(1.0)
    assert all(other[name]["value"] < 0.2 < same[name]["value"] and same[name]["n"] == 1 for name in same)
