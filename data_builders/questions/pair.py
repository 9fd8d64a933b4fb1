"""The two-ECG questions of the ECG-QA grammar: what is new, gone or still there, for one patient or two.

Findings come from the statements, numeric features from measurement. The relation decides the words: "no longer" needs
one patient, "unlike the first" does not.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from anyecg.findings import CODES, FINDINGS

from . import numeric
from .view import Dialogue, View
from .wording import bare, by_importance, capital, join, noun

RELATIONS = ("new", "gone", "still")
_ASKED = {
    True: {
        "new": ("Does ECG 2 newly show {x}?", "Is {x} new in ECG 2?", "Has {x} appeared since ECG 1?",
                "Compared with the earlier ECG, does ECG 2 now show {x}?"),
        "gone": ("Does ECG 2 no longer show {x}?", "Has {x} resolved in ECG 2?", "Has {x} gone since ECG 1?",
                 "Compared with the earlier ECG, is {x} gone in ECG 2?"),
        "still": ("Does ECG 2 still show {x}?", "Is {x} still there in ECG 2?", "Has {x} remained since ECG 1?",
                  "As in the earlier ECG, does ECG 2 show {x}?"),
    },
    False: {
        "new": ("Does ECG 2 show {x}, unlike ECG 1?", "Is {x} in ECG 2 only?", "Does only the second ECG show {x}?",
                "In contrast to ECG 1, does ECG 2 show {x}?"),
        "gone": ("Does ECG 1 show {x}, unlike ECG 2?", "Is {x} in ECG 1 only?", "Does only the first ECG show {x}?",
                 "In contrast to ECG 2, does ECG 1 show {x}?"),
        "still": ("Do both ECGs show {x}?", "Is {x} in both ECGs?", "Is {x} common to the two ECGs?",
                  "Does ECG 2 show {x} as ECG 1 does?"),
    },
}  # fmt: skip
_QUERIES = {
    True: {
        "new": ("Which {of} are new in ECG 2?", "Which {of} have appeared since ECG 1?",
                "Name the {of} that ECG 2 newly shows.", "What is new among the {of}?"),
        "gone": ("Which {of} are gone in ECG 2?", "Which {of} have resolved since ECG 1?",
                 "Name the {of} that ECG 2 no longer shows.", "What has gone among the {of}?"),
        "still": ("Which {of} are still there in ECG 2?", "Which {of} have remained since ECG 1?",
                  "Name the {of} that ECG 2 still shows.", "What is unchanged among the {of}?"),
    },
    False: {
        "new": ("Which {of} are in ECG 2 only?", "Which {of} does only the second ECG show?",
                "Name the {of} of ECG 2 that ECG 1 lacks.", "What has ECG 2 that ECG 1 has not, among the {of}?"),
        "gone": ("Which {of} are in ECG 1 only?", "Which {of} does only the first ECG show?",
                 "Name the {of} of ECG 1 that ECG 2 lacks.", "What has ECG 1 that ECG 2 has not, among the {of}?"),
        "still": ("Which {of} are in both ECGs?", "Which {of} do the two ECGs share?",
                  "Name the {of} that both ECGs show.", "What do the ECGs have in common among the {of}?"),
    },
}  # fmt: skip
_KINDS = {"diagnostic findings": "d", "findings of form": "f", "rhythms": "r"}
_ABNORMAL = "abnormal measured values"
_IS = {
    "new": ("is outside its normal range in ECG 2 and was within it in ECG 1", "within", "outside"),
    "gone": ("is within its normal range in ECG 2 and was outside it in ECG 1", "outside", "within"),
    "still": ("is outside its normal range in both ECGs", "outside", "outside"),
}


def ask(views: Sequence[View], rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question on two whole ECGs with its answer; None if they share no known group of labels.

    Args:
        balance: per relation and "yes"/"no", kept even, so that a question does not tell its answer.
    """
    if len(views) != 2:
        return None
    same = views[0].patient_id == views[1].patient_id
    draw = rng.random()
    if draw < 0.5:
        return _verify(views, same, rng, balance)
    if draw < 0.75:
        return _query(views, same, rng)
    return _numeric_verify(views, rng, balance) if draw < 0.9 else _numeric_query(views, same, rng)


def related(views: Sequence[View], relation: str) -> list[str]:
    """Statements that are new, gone or still there, of those known of both ECGs."""
    wanted = {"new": (False, True), "gone": (True, False), "still": (True, True)}[relation]
    return [code for code in CODES if code != "NORM" and (views[0].has(code), views[1].has(code)) == wanted]


def _verify(views: Sequence[View], same: bool, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    relation = rng.choice(RELATIONS)
    fitting = related(views, relation)
    others = [code for other in RELATIONS if other != relation for code in related(views, other)]
    absent = [code for code in CODES if code != "NORM" and not any(view.has(code) is not False for view in views)]
    yes = bool(fitting) and balance[f"{relation} yes"] <= balance[f"{relation} no"]
    if not yes and not others and not absent:
        return None
    code = (
        rng.choice(fitting) if yes else rng.choice(others if others and (not absent or rng.random() < 0.7) else absent)
    )
    balance[f"{relation} {'yes' if yes else 'no'}"] += 1
    first, second = ("shows" if view.has(code) else "does not show" for view in views)
    how = (
        f"Both ECGs show {noun(code)}"
        if first == second == "shows"
        else (f"neither ECG shows {noun(code)}" if first == second else f"ECG 1 {first} it and ECG 2 {second} it")
    )
    answer = f"{'Yes' if yes else 'No'}: {how[0].lower() + how[1:] if how.startswith('Both') else how}."
    question = rng.choice(_ASKED[same][relation]).format(x=noun(code))
    return _dialogue(views, question, answer, "pair verify", ["yes" if yes else "no"], [code] if yes else [])


def _query(views: Sequence[View], same: bool, rng: random.Random) -> Dialogue | None:
    topics = [
        (of, kind) for of, kind in _KINDS.items()
        if all(view.known & {"d": {"diagnoses"}, "f": {"form"}, "r": {"rhythm"}}[kind] for view in views)
    ]  # fmt: skip
    if not topics:
        return None
    (of, kind), relation = rng.choice(topics), rng.choice(RELATIONS)
    codes = [code for code in related(views, relation) if kind in FINDINGS[code].kinds]
    ordered = by_importance(codes) + [code for code in codes if code not in by_importance(codes)]
    answer = f"{capital(join([bare(code) for code in ordered]))}." if ordered else "None."
    question = rng.choice(_QUERIES[same][relation]).format(of=of)
    return _dialogue(views, question, answer, "pair query", [bare(code) for code in ordered] or ["none"], ordered)


def _both_known(views: Sequence[View]) -> list[numeric.Feature]:
    return [feature for feature in numeric.FEATURES if all(numeric.status(feature, view) for view in views)]


def _is_related(feature: numeric.Feature, views: Sequence[View], relation: str) -> bool:
    wanted = _IS[relation][1:]
    return all(
        (numeric.status(feature, view) == "within") == (w == "within") for view, w in zip(views, wanted, strict=True)
    )


def _numeric_verify(views: Sequence[View], rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    features, relation = _both_known(views), rng.choice(RELATIONS)
    fitting = [f for f in features if _is_related(f, views, relation)]
    others = [f for f in features if f not in fitting]
    yes = bool(fitting) and (not others or balance["numeric yes"] <= balance["numeric no"])
    if not features or (not yes and not others):
        return None
    feature = rng.choice(fitting if yes else others)
    balance[f"numeric {'yes' if yes else 'no'}"] += 1
    one, two = (numeric.value_of(feature, view.measurements) for view in views)
    question = f"Is it true that the {feature.name} {_IS[relation][0]}?"
    answer = (
        f"{'Yes' if yes else 'No'}: the {feature.name} is {one}{feature.unit} in ECG 1 and "
        f"{two}{feature.unit} in ECG 2."
    )
    return _dialogue(views, question, answer, "pair verify", ["yes" if yes else "no"], [])


def _numeric_query(views: Sequence[View], same: bool, rng: random.Random) -> Dialogue | None:
    features, relation = _both_known(views), rng.choice(RELATIONS)
    if len(features) < 3:
        return None
    names = [feature.name for feature in features if _is_related(feature, views, relation)]
    question = rng.choice(_QUERIES[same][relation]).format(of=_ABNORMAL)
    answer = f"{capital(join(names))}." if names else "None of them."
    return _dialogue(views, question, answer, "pair numeric query", names or ["none of them"], [])


def _dialogue(
    views: Sequence[View], question: str, answer: str, kind: str, answers: list[str], codes: list[str]
) -> Dialogue:
    truth = " and ".join(sorted({view.truth for view in views}))
    gold = {
        "type": kind, "answer": answers, "codes": codes,
        "relation": "consecutive" if views[0].patient_id == views[1].patient_id else "irrelevant",
    }  # fmt: skip
    return Dialogue("question", tuple(views), ((question, answer),), (f"{truth}; numbers measured",), gold)
