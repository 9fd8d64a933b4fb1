"""Questions about one thing in an ECG, in open wording, answered with that thing alone rather than with a report.

"Are the T waves normal?", "Anything acute?", "What do I tell the patient?": what is said of each aspect stands in
`aspects`, how it is asked for in `focused_wording`.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence

from . import aspects
from .focused_wording import AND, TWO, WORDINGS, Wording
from .said import ABNORMAL, NORMAL, UNCLEAR, UNJUDGEABLE, Said
from .view import Dialogue, View
from .wording import capital

_NUMBER = re.compile(r"\d+(?: ms|/min)(?!\))")
_TWO = 0.15  # of the questions, on two aspects at once
_CASUAL = 0.15  # typed in lower case and without a mark at the end
_CLOSED = 0.55  # of the questions, such that want a yes or a no
_ABNORMAL_FIRST = 0.5  # of the questions; what is abnormal is rarer in most aspects, and limits how often they come
_OF_FEW_LEADS = 0.3  # of the chances to say that few leads forbid it
_MOST_AHEAD = 1  # answers of "normal" over others, and the other way round
_STARTS = {("normal", NORMAL): "Yes", ("abnormal", ABNORMAL): "Yes", ("normal", ABNORMAL): "No",
           ("abnormal", NORMAL): "No", ("abnormal", UNCLEAR): "Possibly"}  # fmt: skip


def ask(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question on one aspect or two with its answer; None where nothing is known that a fair one could ask for.

    Args:
        balance: per aspect, answers of "normal" minus others so far; kept near zero.
    """
    said: dict[str, Said] = {}
    wanted = 2 if rng.random() < _TWO else 1
    known = {name: found for name in WORDINGS if (found := aspects.said(view, name)) is not None}
    names = rng.sample(list(known), len(known))
    if rng.random() < _ABNORMAL_FIRST:
        names.sort(key=lambda name: known[name].state != ABNORMAL)
    for name in names:
        if wanted == 2 and (not WORDINGS[name].noun or any(_overlap(known[name], other) for other in said.values())):
            continue
        if _is_fair(name, known[name], rng, balance):
            said[name] = known[name]
        if len(said) == wanted:
            break
    if not said:
        return None
    question, answer = _of_two(said, rng) if len(said) == 2 else _of_one(*next(iter(said.items())), view, rng)
    if rng.random() < _CASUAL:
        question = question.lower().rstrip("?.")
    return _dialogue(view, question, answer, said)


def also(view: View, rng: random.Random) -> Dialogue | None:
    """A question that goes on to an aspect with a noun ("And the T waves?"); None if nothing is known of any."""
    nouns = {name: wording.noun for name, wording in WORDINGS.items() if wording.noun}
    known = {name: found for name in nouns if (found := aspects.said(view, name)) is not None}
    abnormal = [name for name, found in known.items() if found.state == ABNORMAL]
    if not known:
        return None
    name = rng.choice(abnormal if abnormal and rng.random() < _ABNORMAL_FIRST else list(known))
    return _dialogue(view, rng.choice(AND).format(nouns[name]), known[name].text, {name: known[name]})


def _overlap(one: Said, two: Said) -> bool:
    """Whether two answers in a row would say the same finding or number twice."""
    return bool(set(one.codes) & set(two.codes) or set(_NUMBER.findall(one.text)) & set(_NUMBER.findall(two.text)))


def _is_fair(name: str, said: Said, rng: random.Random, balance: Counter[str]) -> bool:
    """Whether the answer is not the usual one too often; counted."""
    if said.state == UNJUDGEABLE:
        return rng.random() < _OF_FEW_LEADS
    if said.state in (NORMAL, ABNORMAL):
        sign = 1 if said.state == NORMAL else -1
        if sign * balance[f"focused {name}"] >= _MOST_AHEAD:
            return False
        balance[f"focused {name}"] += sign
    return True


def _of_one(name: str, said: Said, view: View, rng: random.Random) -> tuple[str, str]:
    wording, wanted = WORDINGS[name], "open"
    kinds = [kind for kind in ("normal", "abnormal") if _list(wording, kind)]
    if kinds and rng.random() < _CLOSED:  # whatever the state: how it is asked must not tell the answer
        wanted = rng.choice(kinds)
    question = rng.choice(phrasings(_list(wording, wanted), view.split))
    start = _STARTS.get((wanted, said.state))
    return question, f"{start}. {said.text}" if start else said.text


def _list(wording: Wording, kind: str) -> tuple[str, ...]:
    return {"open": wording.open, "normal": wording.if_normal, "abnormal": wording.if_abnormal}[kind]


def phrasings(wordings: Sequence[str], split: str) -> Sequence[str]:
    """Those that a split uses: the last one is the test split's."""
    return wordings[-1:] if split == "test" else wordings[:-1]


def _of_two(said: dict[str, Said], rng: random.Random) -> tuple[str, str]:
    a, b = (WORDINGS[name].noun for name in said)
    question = rng.choice(TWO).format(a=a, b=b, A=capital(a))
    return question, " ".join(part.text for part in said.values())


def _dialogue(view: View, question: str, answer: str, said: dict[str, Said]) -> Dialogue:
    codes = list(dict.fromkeys(code for part in said.values() for code in part.codes))
    gold = {
        "type": "focused", "topic": " and ".join(said), "answer": [part.state for part in said.values()],
        "codes": codes,
    }  # fmt: skip
    truth = "; ".join(dict.fromkeys(part.truth for part in said.values()))
    return Dialogue("question", (view,), ((question, answer),), (truth,), gold)
