"""The two-ECG questions of the ECG-QA grammar: what is new, gone, still there or still absent, for one patient or two.

Findings come from the statements, numeric features from measurement, noise from PTB-XL's remarks. Whether the ECGs are
of one patient decides the words (`pair_wording`): "no longer" needs one, "unlike the first" does not.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from anyecg.findings import CODES, FINDINGS

from . import noise, numeric
from .balance import verified
from .pair_wording import ASKED, NUMERIC, QUERIES
from .view import Dialogue, View
from .wording import agree, bare, by_importance, capital, is_plural, join, noun

RELATIONS = ("new", "gone", "still", "absent")
_OF_BOTH = {"new": (False, True), "gone": (True, False), "still": (True, True), "absent": (False, False)}
"""Whether it is in ECG 1 and in ECG 2."""
_KINDS = {"diagnostic findings": "d", "findings of form": "f", "rhythms": "r"}
_ABNORMAL = "abnormal measured values"
_NOISE = "kinds of noise"
_TRIES = 4  # kinds of question that are drawn before a pair is left


def ask(views: Sequence[View], rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question on two whole ECGs with its answer; None if they share nothing that is known.

    Args:
        balance: per relation and what is asked, "yes" minus "no" answers; kept near zero, so that no question tells
            its answer.
    """
    if len(views) != 2:
        return None
    for _ in range(_TRIES):
        if asked := _asked(views, rng, balance):
            return asked
    return None


def _asked(views: Sequence[View], rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    draw = rng.random()
    if draw < 0.15 and (asked := _noise(views, rng, balance)):
        return asked
    if draw < 0.5:
        return _verify(views, rng, balance)
    if draw < 0.7:
        return _query(views, rng, balance)
    return _numeric_verify(views, rng, balance) if draw < 0.88 else _numeric_query(views, rng, balance)


def related(views: Sequence[View], relation: str) -> list[str]:
    """Statements that are new, gone, still there or still absent, of those known of both ECGs."""
    wanted = _OF_BOTH[relation]
    return [code for code in CODES if code != "NORM" and (views[0].has(code), views[1].has(code)) == wanted]


def _same(views: Sequence[View]) -> bool:
    return views[0].patient_id == views[1].patient_id


def _verify(views: Sequence[View], rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    found = _yes_or_no({relation: related(views, relation) for relation in RELATIONS}, "pair", rng, balance)
    if found is None:
        return None
    relation, code, yes = found
    first, second = ("shows" if view.has(code) else "does not show" for view in views)
    it = "them" if is_plural(code) else "it"
    how = f"ECG 1 {first} {it} and ECG 2 {second} {it}"
    if first == second:
        how = f"both ECGs show {noun(code)}" if first == "shows" else f"neither ECG shows {noun(code)}"
    what = bare(code) if relation == "absent" else noun(code)
    question = agree(rng.choice(ASKED[_same(views)][relation]).format(x=what), what, is_plural(code))
    codes = [code] if yes and relation != "absent" else []
    answer = f"{'Yes' if yes else 'No'}: {how}."
    return _dialogue(views, question, answer, "pair verify", ["yes" if yes else "no"], codes=codes)


def _yes_or_no(
    related: Mapping[str, Sequence[str]], topic: str, rng: random.Random, balance: Counter[str]
) -> tuple[str, str, bool] | None:
    """A relation, what it is asked of and whether it holds; what holds is asked as often as what does not."""
    for relation in rng.sample(RELATIONS, len(RELATIONS)):
        others = [x for other in RELATIONS if other != relation for x in related[other]]
        chosen = verified(f"{topic} {relation}", related[relation], others, balance, rng)
        if chosen is not None:
            return relation, *chosen
    return None


def _query(views: Sequence[View], rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    topics = [
        (of, kind) for of, kind in _KINDS.items()
        if all(view.known & {"d": {"diagnoses"}, "f": {"form"}, "r": {"rhythm"}}[kind] for view in views)
    ]  # fmt: skip
    if not topics:
        return None
    (of, kind), relation = rng.choice(topics), rng.choice(RELATIONS[:3])
    codes = [code for code in related(views, relation) if kind in FINDINGS[code].kinds]
    if not _may_be_none(f"pair query {of}", codes, balance):
        return None
    ordered = by_importance(codes) + [code for code in codes if code not in by_importance(codes)]
    names = [bare(code) for code in ordered]
    answer = f"{capital(join(names))}." if names else "None."
    question = rng.choice(QUERIES[_same(views)][relation]).format(of=of)
    return _dialogue(views, question, answer, "pair query", names or ["none"], codes=ordered)


def _may_be_none(topic: str, found: Sequence[str], balance: Counter[str]) -> bool:
    """Whether "none" is an answer that has not been given too often; every third may be."""
    if not found and balance[topic] > 0:
        return False
    balance[topic] += -1 if found else 2
    return True


def _numeric(views: Sequence[View], relation: str) -> list[str]:
    """Features whose being outside the normal range is new, gone, still so or still not so."""
    known = [f for f in numeric.FEATURES if all(numeric.status(f, view) for view in views)]
    outside = {f.name: tuple(numeric.status(f, view) != "within" for view in views) for f in known}
    return [name for name, both in outside.items() if both == _OF_BOTH[relation]]


def _numeric_verify(views: Sequence[View], rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    found = _yes_or_no({relation: _numeric(views, relation) for relation in RELATIONS}, "pair numeric", rng, balance)
    if found is None:
        return None
    relation, name, yes = found
    feature = next(f for f in numeric.FEATURES if f.name == name)
    one, two = (f"{numeric.value_of(feature, view.measurements)}{feature.unit}" for view in views)
    question = rng.choice(NUMERIC[_same(views)][relation]).format(f=name)
    answer = f"{'Yes' if yes else 'No'}: the {name} is {one} in ECG 1 and {two} in ECG 2."
    return _dialogue(views, question, answer, "pair numeric verify", ["yes" if yes else "no"])


def _numeric_query(views: Sequence[View], rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    if sum(len(_numeric(views, relation)) for relation in RELATIONS) < 3:
        return None
    relation = rng.choice(RELATIONS[:3])
    names = _numeric(views, relation)
    if not _may_be_none("pair numeric query", names, balance):
        return None
    question = rng.choice(QUERIES[_same(views)][relation]).format(of=_ABNORMAL)
    answer = f"{capital(join(names))}." if names else "None of them."
    options = {feature.name: feature.name for feature in numeric.FEATURES}
    return _dialogue(views, question, answer, "pair numeric query", names or ["none"], options)


def _noise(views: Sequence[View], rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """Noise in a lead or anywhere that only one ECG has, both or neither; kinds of noise that are new, gone, still."""
    one, two = (noise.known(view) for view in views)
    kinds = [kind for kind in one if kind in two]
    if not kinds or not any(leads for found in (one, two) for leads in found.values()):
        return None  # that neither has noise is the usual case
    lead = rng.choice(views[0].record.leads) if rng.random() < 0.4 else ""
    if lead and any(lead not in view.record.leads for view in views):
        return None
    both = {kind: (noise.holds(one, kind, lead), noise.holds(two, kind, lead)) for kind in kinds}
    of = {relation: [k for k in kinds if both[k] == _OF_BOTH[relation]] for relation in RELATIONS}
    where = f" in lead {lead}" if lead else ""
    if rng.random() < 0.35 and len(kinds) == len(noise.KINDS):
        relation = rng.choice(RELATIONS[:3])
        if _may_be_none("pair noise query", of[relation], balance):
            question = rng.choice(QUERIES[_same(views)][relation]).format(of=f"{_NOISE}{where}")
            answer = f"{capital(join(of[relation]))}." if of[relation] else "None of them."
            options = {kind: kind for kind in noise.KINDS}
            return _dialogue(views, question, answer, "pair noise query", of[relation] or ["none"], options)
    found = _yes_or_no(of, "pair noise", rng, balance)
    if found is None:
        return None
    relation, kind, yes = found
    said = " and ".join(f"ECG {k} {'shows' if holds else 'does not show'} it" for k, holds in enumerate(both[kind], 1))
    question = noise.worded(rng.choice(ASKED[_same(views)][relation]).format(x=f"{kind}{where}"), kind)
    answer = f"{'Yes' if yes else 'No'}: {said}."
    return _dialogue(views, question, answer, "pair noise verify", ["yes" if yes else "no"])


def _dialogue(
    views: Sequence[View], question: str, answer: str, kind: str, answers: Sequence[str],
    options: Mapping[str, str] | None = None, codes: Sequence[str] = (),
) -> Dialogue:  # fmt: skip
    truth = {"pair numeric": numeric.TRUTH, "pair noise": noise.NOISE_TRUTH}.get(kind.rsplit(" ", 1)[0])
    gold: dict[str, Any] = {
        "type": kind, "answer": list(answers), "codes": list(codes),
        "relation": "consecutive" if _same(views) else "irrelevant",
    }  # fmt: skip
    if options:
        gold["options"] = dict(options)
    truth = truth or " and ".join(sorted({view.truth for view in views}))
    return Dialogue("question", tuple(views), ((question, answer),), (truth,), gold)
