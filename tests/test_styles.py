"""Answers in other styles: brief and as a list, with the same facts, and said so in question and provenance."""

import importlib
import pkgutil
import random
from collections import Counter

import pytest
from test_grammar import SHOWN
from test_questions import event, view

from data_builders import questions
from data_builders.questions import comparison, localization, measurement, pair, question, report, series, styles
from train.scoring import (
    changes_in_text,
    course_in_text,
    ecgs_in_text,
    intervals_of,
    measurement_is_right,
    question_is_right,
)

PVCS = [event("premature ventricular contraction", t, t + 0.4) for t in (1.0, 3.2, 7.1)]
TWO = (view(["SR", "IMI"], name="a"), view(["AFIB", "IMI", "PVC"], name="b"))
COURSE = [view(codes, name=f"v{k}") for k, codes in enumerate((["SR", "IMI"], ["AFIB", "IMI"], ["SR", "IMI"]))]


def restyled(ask, n=400, share=1.0, monkeypatch=None):
    monkeypatch.setattr(styles, "SHARE", share)
    made = ((ask(random.Random(seed)), seed) for seed in range(n))
    return [(first, styles.styled(first, random.Random(f"style {seed}"))) for first, seed in made if first is not None]


def changed(pairs):
    """Style → (first, restyled) of those that were said otherwise."""
    found = {}
    for first, other in pairs:
        if other is not first:
            found.setdefault(other.provenance[-1].rpartition("answered ")[2], []).append((first, other))
    return found


def test_places_are_said_briefly_and_listed(monkeypatch):
    shown, balance = view(["SR", "PVC"], events=PVCS, seconds=10.0), Counter()
    pairs = restyled(lambda rng: localization.ask(shown, rng, balance, long_share=0), monkeypatch=monkeypatch)
    found = changed(pairs)
    assert found.keys() == {"briefly", "as a list"}
    for first, other in (told for pairs in found.values() for told in pairs):
        assert intervals_of(other.turns[0][1]) == [tuple(i) for i in first.gold["intervals"]]
    assert "None." in {other.turns[0][1] for _, other in found["briefly"]}


def test_numbers_keep_their_name_and_unit(monkeypatch):
    found = changed(restyled(lambda rng: measurement.ask(view(), rng), monkeypatch=monkeypatch))
    assert found.keys() == {"briefly", "as a list"}
    for first, other in (told for pairs in found.values() for told in pairs):
        assert measurement_is_right(other.turns[0][1], first.gold) == 1.0, other.turns
    assert "PR 231 ms." in {other.turns[0][1] for _, other in found["briefly"]}


def test_comparisons_name_the_same_changes_line_by_line(monkeypatch):
    ask = lambda rng: comparison.ask(TWO, rng, Counter())  # noqa: E731
    found = changed(restyled(ask, monkeypatch=monkeypatch))
    assert found.keys() == {"briefly", "as a list"}
    for first, other in found["as a list"]:
        text = other.turns[0][1]
        assert changes_in_text(text) == {f"{c}:{x}" for c in ("new", "resolved", "unchanged") for x in first.gold[c]}
        assert len(text.splitlines()) >= 3
    which = [(first, other.turns[0][1]) for first, other in found["briefly"] if "code" in first.gold]
    assert which and all(ecgs_in_text(text, 2) == set(first.gold["answer"]) for first, text in which)


def test_a_course_is_told_line_by_line(monkeypatch):
    from dataclasses import replace

    ecgs = [replace(v, patient_id="p") for v in COURSE]
    ((first, other), *_) = changed(restyled(lambda rng: series.ask(ecgs, rng), monkeypatch=monkeypatch))["as a list"]
    assert course_in_text(other.turns[0][1]) == course_in_text(first.turns[0][1])
    assert len(other.turns[0][1].splitlines()) == 3


@pytest.mark.parametrize("two", [False, True])
def test_questions_in_any_style_are_scored_as_the_sentence_is(two, monkeypatch):
    balance = Counter()

    def ask(rng):
        if two:
            return pair.ask((SHOWN["sick"], SHOWN["other"]), rng, balance)
        return question.ask(SHOWN[rng.choice(("sick", "other", "well"))], rng, balance)

    found = changed(restyled(ask, n=800, monkeypatch=monkeypatch))
    assert found.keys() == {"briefly", "as a list"}
    for first, other in (told for pairs in found.values() for told in pairs):
        asked, said = other.turns[0]
        assert question_is_right(said, first.gold, first.turns[0][1]) == 1.0, (asked, said, first.gold)
        assert asked.startswith(first.turns[0][0]) and asked != first.turns[0][0]
        assert other.gold == first.gold


def test_most_answers_keep_their_style_and_reports_always(monkeypatch):
    pairs = restyled(lambda rng: question.ask(SHOWN["sick"], rng, Counter()), share=0.2, monkeypatch=monkeypatch)
    others = sum(other is not first for first, other in pairs)
    assert 0.04 < others / len(pairs) < 0.25
    assert not changed(restyled(lambda rng: report.ask(SHOWN["sick"], rng), monkeypatch=monkeypatch))


def phrasings(value):
    """All tuples of questions in a table, however deep."""
    if isinstance(value, dict):
        return [texts for part in value.values() for texts in phrasings(part)]
    if isinstance(value, tuple) and value and all(isinstance(text, str) for text in value):
        return [value] if sum(text.endswith(("?", ".")) for text in value) > len(value) / 2 else []
    return []


def test_every_question_and_style_has_six_phrasings_or_more():
    tables = {}
    for found in pkgutil.iter_modules(questions.__path__):
        module = importlib.import_module(f"{questions.__name__}.{found.name}")
        tables |= {f"{found.name}.{name}": phrasings(value) for name, value in vars(module).items() if name.isupper()}
    not_asked = ("comparison._SAME", "comparison._OTHER", "comparison._REASONS", "knowledge.HELD_OUT")
    not_asked += ("question._ABNORMAL_ASKED",)
    tables = {name: found for name, found in tables.items() if found and name not in not_asked}
    assert {"pair_wording.ASKED", "noise._IN_LEAD", "followup._BACK", "localization.QUESTIONS"} <= tables.keys()
    thin = {name for name, found in tables.items() if any(not len(set(texts)) == len(texts) >= 6 for texts in found)}
    assert not thin
