"""Keeps a question from telling its answer: each option is right about as often as it is wrong.

Counts are kept per shard. What is rare would be the wrong one of two once in every shard, so an option that has not
been right yet is offered as a wrong one only now and then.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

_MOST_AHEAD = 2  # times that an option may be right more often than it was wrong
_UNEARNED = 0.15  # of the questions that could offer an option that was not right before


def rival(topic: str, right: str, others: Sequence[str], balance: Counter[str], rng: random.Random) -> str | None:
    """The wrong one of two options, or None if none would be fair; both are counted.

    Args:
        topic: what keeps the counts of these options apart from others.
        right: the option that holds.
        others: options that do not.
        balance: option → times right minus times wrong.
    """
    wrong = denied(topic, others, balance, rng)
    if wrong is not None:
        balance[f"{topic} {right}"] += 1
    return wrong


def denied(topic: str, others: Sequence[str], balance: Counter[str], rng: random.Random) -> str | None:
    """The option that was right most often, to be offered where it is not, or None if none would be fair; counted."""
    wrong = max(others, key=lambda other: (balance[f"{topic} {other}"], rng.random()), default=None)
    if wrong is None or balance[f"{topic} {wrong}"] < 0:
        return None
    if not balance[f"{topic} {wrong}"] and rng.random() >= _UNEARNED:
        return None
    balance[f"{topic} {wrong}"] -= 1
    return wrong


def evenly(topic: str, can_yes: bool, can_no: bool, balance: Counter[str], rng: random.Random) -> bool | None:
    """Whether to ask what is answered with "yes"; None if neither answer would be fair; counted."""
    said = balance[topic]
    if can_yes and (said < 0 or (said == 0 and (not can_no or rng.random() < 0.5))):
        yes = True
    elif can_no and (said > 0 or (said == 0 and (can_yes or rng.random() < _UNEARNED))):
        yes = False
    else:
        return None
    balance[topic] += 1 if yes else -1
    return yes


def least_told(places: Sequence[str], yes: bool, topic: str, balance: Counter[str], rng: random.Random) -> str:
    """The place, a lead for example, whose name tells the answer least; counted."""
    sign = 1 if yes else -1
    place = min(places, key=lambda place: (sign * balance[f"{topic} {place}"], rng.random()))
    balance[f"{topic} {place}"] += sign
    return place


def verified(
    topic: str, there: Sequence[str], absent: Sequence[str], balance: Counter[str], rng: random.Random
) -> tuple[str, bool] | None:
    """An option to be asked for and whether it holds; None if neither answer would be fair; counted."""
    yes = evenly(f"{topic}, any", bool(there), bool(absent), balance, rng)
    if yes is None:
        return None
    if yes and min(balance[f"{topic} {option}"] for option in there) < _MOST_AHEAD:
        return asserted(topic, there, balance, rng), True
    wrong = None if yes else denied(topic, absent, balance, rng)
    if wrong is None:
        balance[f"{topic}, any"] -= 1 if yes else -1
        return None
    return wrong, False


def paired(
    topic: str, there: Sequence[str], absent: Sequence[str], balance: Counter[str], rng: random.Random
) -> tuple[str, bool] | None:
    """An option and whether it holds, each "yes" followed by a "no" to the same option as soon as a record lacks it.

    For questions that come only a few times per shard, on options that most records lack: evening out over all of them
    would never end. Half of the
    shards begin with a "no": the first "yes" is owed its "no" without being asked. None if nothing is owed and nothing
    holds; counted.
    """
    owed = [option for option in absent if balance[f"{topic} {option}"] > 0]
    if not owed and (not there or balance[f"{topic}, owed"] > _MOST_AHEAD):
        return None
    option, sign = rng.choice(owed or there), -1 if owed else 1
    balance[f"{topic} {option}"] += sign
    balance[f"{topic}, owed"] += sign
    balance[f"{topic}, asked"] += 1
    if balance[f"{topic}, asked"] == 1 and rng.random() < 0.5:
        return None
    return option, not owed


def asserted(topic: str, there: Sequence[str], balance: Counter[str], rng: random.Random) -> str:
    """The option that was right least often of those that hold; counted."""
    right = min(there, key=lambda option: (balance[f"{topic} {option}"], rng.random()))
    balance[f"{topic} {right}"] += 1
    return right
