"""Options are right about as often as they are wrong, however rare they are."""

import random
from collections import Counter

from data_builders.questions.balance import evenly, paired, rival, verified

COMMON, RARE = ("sinus rhythm", "atrial fibrillation"), ("flutter", "trigeminy")
OPTIONS = COMMON + RARE


def drawn(n, seed=0):
    """What holds in each of n records: nearly always one of the common options."""
    rng = random.Random(seed)
    return rng.choices(OPTIONS, weights=(70, 26, 3, 1), k=n)


def test_the_wrong_one_of_two_cannot_be_told_by_its_name():
    balance, rng, times = Counter(), random.Random(1), {option: Counter() for option in OPTIONS}
    for right in drawn(4000):
        wrong = rival("rhythm", right, [option for option in OPTIONS if option != right], balance, rng)
        if wrong is not None:
            times[right]["right"] += 1
            times[wrong]["wrong"] += 1
    assert sum(times["flutter"].values()) > 20
    assert all(abs(n["right"] - n["wrong"]) <= 2 for n in times.values()), times


def test_yes_and_no_are_even_for_each_option_and_over_all():
    balance, rng, said = Counter(), random.Random(2), {option: Counter() for option in OPTIONS}
    for there in drawn(4000):
        chosen = verified("rhythm", [there], [option for option in OPTIONS if option != there], balance, rng)
        if chosen is not None:
            said[chosen[0]][chosen[1]] += 1
            assert chosen[1] == (chosen[0] == there)
    assert all(abs(n[True] - n[False]) <= 2 for n in said.values()) and said["flutter"].total() > 20, said
    assert abs(sum(n[True] - n[False] for n in said.values())) <= 3


def test_what_is_never_there_is_hardly_asked_for():
    balance, rng = Counter(), random.Random(3)
    asked = [evenly("noise", False, True, balance, rng) for _ in range(500)]
    assert set(asked) == {None, False} and asked.count(False) == 1
    assert [evenly("lead", True, True, Counter(lead=-1), rng) for _ in range(20)] == [True] * 20


def test_each_yes_is_followed_by_a_no_to_the_same_and_half_of_the_shards_begin_with_no():
    answers, first = Counter(), Counter()
    for shard in range(300):
        balance, rng, told = Counter(), random.Random(shard), []
        for there in rng.choices(OPTIONS, k=14):
            chosen = paired("noise", [there], [option for option in OPTIONS if option != there], balance, rng)
            told += [chosen] if chosen is not None else []
            assert chosen is None or chosen[1] == (chosen[0] == there)
        first[told[0][1]] += 1
        answers.update(told)
    assert all(0.4 < answers[o, True] / (answers[o, True] + answers[o, False]) < 0.6 for o in OPTIONS), answers
    assert 0.4 < first[True] / first.total() < 0.7
    assert paired("noise", [], ["flutter"], Counter(), random.Random(0)) is None
