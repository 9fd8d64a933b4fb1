"""Wrong sentences about simulated ECGs are caught and right ones let pass, in phrasings that were not developed on."""

import pytest

from benchmarks.phrasings import FINDINGS_HELD_OUT, HELD_OUT, WORDS_HELD_OUT
from benchmarks.sentence_cases import finding_cases, number_cases, word_cases
from benchmarks.sentences import measured_ecgs, verdicts


@pytest.fixture(scope="module")
def ecgs():
    return measured_ecgs(60, seed=11)


def shares(cases):
    """How many of the wrong sentences are caught and of the right ones flagged, and how many there are."""
    rows = verdicts(list(cases))
    wrong = [bool(said) for case, said in rows if case.wrong]
    right = [bool(said) for case, said in rows if not case.wrong]
    return sum(wrong), len(wrong), sum(right), len(right)


def test_wrong_numbers_are_caught_and_right_ones_let_pass(ecgs):
    caught, wrong, flagged, right = shares(number_cases(HELD_OUT, ecgs, 130, 200, seed=3))
    assert wrong >= 100 and right >= 190
    assert caught >= 0.97 * wrong and flagged <= 0.02 * right


def test_wrong_words_are_caught_and_right_ones_let_pass(ecgs):
    caught, wrong, flagged, right = shares(word_cases(WORDS_HELD_OUT, ecgs, 4, seed=3))
    assert wrong >= 40 and caught >= 0.95 * wrong and flagged <= 0.05 * right


def test_wrong_findings_are_caught_and_right_ones_let_pass(ecgs):
    caught, wrong, flagged, right = shares(finding_cases(FINDINGS_HELD_OUT, ecgs, 150, seed=3))
    assert wrong >= 30 and caught >= 0.95 * wrong and flagged <= 0.05 * right


def test_the_same_seed_gives_the_same_sentences(ecgs):
    first, second = ([case.text for case in number_cases(HELD_OUT, ecgs, 20, 20, seed=4)] for _ in range(2))
    assert first == second
