"""The five diagnostic classes of PTB-XL as the ECG-QA grammar asks for them: verify, choose and query."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from anyecg.findings import SUPERCLASS_NAMES

from .balance import rival, verified
from .view import Dialogue, View, scored
from .wording import capital, join

_VERIFY = (
    "Does this ECG belong to the class {x}?", "Is any kind of {x} present?", "Does this ECG show any {x}?",
    "Is there {x} of any kind?", "Do you see some form of {x}?", "Is any form of {x} to be seen?",
    "Would you put this ECG into the class {x}?", "Are there signs of any {x}?",
)  # fmt: skip
_CHOOSE = (
    "Which class fits, {x} or {y}?", "Is it some {x} or some {y}?", "Does this ECG show any {x} or any {y}?",
    "Class {x} or class {y}?", "Choose the class: {x} or {y}.", "Decide between the classes {x} and {y}.",
    "To which class does this ECG belong, {x} or {y}?", "Which of the two classes is it: {x} or {y}?",
)  # fmt: skip
_QUERY = (
    "Which diagnostic classes does this ECG show?", "To which diagnostic classes does this ECG belong?",
    "Name the diagnostic classes of this ECG.", "Which groups of diagnoses are present?",
    "Classify this ECG: which diagnostic classes?", "What are the diagnostic classes here?",
    "List the diagnostic classes of this recording.", "Which classes of abnormality do you see?",
)  # fmt: skip
_NAMES = {name: SUPERCLASS_NAMES[name] for name in ("MI", "STTC", "CD", "HYP")}
_WITH_ARTICLE = {"ST/T change": "an ST/T change", "hypertrophy": "hypertrophy"}
_NEITHER = 0.2  # of the choices offer two classes that both do not hold


def ask(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question on classes; None where they are not known, or where "no" would be the answer once too often.

    Args:
        balance: per class, answers in which it holds minus others; kept near zero.
    """
    if any(view.has_class(name) is None for name in _NAMES):
        return None
    there = [name for name in _NAMES if view.has_class(name)]
    absent, draw = [name for name in _NAMES if name not in there], rng.random()
    if draw < 0.4:
        return _verify(view, there, absent, rng, balance)
    if draw < 0.65 and absent and (asked := _choose(view, there, absent, rng, balance)):
        return asked
    if not there and balance["no class"] > 0:
        return None
    balance["no class"] += -1 if there else 2
    words = [_NAMES[name] for name in there]
    answer = f"{capital(join(words))}." if there else "None of them: this is a normal ECG."
    if not there and not view.has_class("NORM"):
        return None
    return _dialogue(view, rng.choice(_QUERY), answer, "class query", words)


def _verify(
    view: View, there: Sequence[str], absent: Sequence[str], rng: random.Random, balance: Counter[str]
) -> Dialogue | None:
    chosen = verified("class", there, absent, balance, rng)
    if chosen is None:
        return None
    word, yes = _NAMES[chosen[0]], chosen[1]
    answer = f"Yes, this ECG shows {_with_article(word)}." if yes else f"No, this ECG shows no {word}."
    question = rng.choice(_VERIFY).format(x=word)
    return _dialogue(view, question, answer, "class verify", ["yes" if yes else "no"], options=False)


def _choose(
    view: View, there: Sequence[str], absent: Sequence[str], rng: random.Random, balance: Counter[str]
) -> Dialogue | None:
    if len(absent) > 1 and rng.random() < _NEITHER:
        pair, right, answer = rng.sample(absent, 2), "", "Neither of them."
    else:
        right = rng.choice(there) if there else ""
        wrong = rival("class choose", right, absent, balance, rng) if right else None
        if wrong is None:
            return None
        pair, answer = rng.sample((right, wrong), 2), f"It shows {_with_article(_NAMES[right])}."
    question = rng.choice(_CHOOSE).format(x=_NAMES[pair[0]], y=_NAMES[pair[1]])
    return _dialogue(view, question, answer, "class choose", [_NAMES[right]] if right else ["none"])


def _with_article(word: str) -> str:
    return _WITH_ARTICLE.get(word, f"a {word}")


def _dialogue(
    view: View, question: str, answer: str, kind: str, answers: Sequence[str], options: bool = True
) -> Dialogue:
    names = {word: word for word in _NAMES.values()}
    return scored(view, question, answer, kind, answers, view.truth, names if options else None)
