"""How many: annotated beats and episodes of an excerpt, counted."""

from __future__ import annotations

import random
from collections import Counter

from .localization import LOCALIZABLE
from .view import Dialogue, View

COUNTED = ("premature ventricular contraction", "premature atrial contraction", "paced beat", "normal beat")
_ASKED = (
    "How many {plural} are there?", "Count the {plural}.", "What is the number of {plural}?",
    "How many {plural} do you see in this excerpt?", "Please count the {plural} of this recording.",
    "Give me the number of {plural}.", "How often do {plural} occur here?", "Number of {plural}?",
)  # fmt: skip
_PLURALS = {"paced beat": "paced beats", "normal beat": "normal beats"}
_WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")
_MOST = 12


def ask(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question for a number of beats on an excerpt of at most 30 s; None where beats are not annotated."""
    kinds = [kind for kind in COUNTED if kind in view.known_events]
    counts = {kind: n for kind in kinds if (n := len(view.events_of(kind))) <= _MOST}
    there = [kind for kind, n in counts.items() if n]
    empty = [kind for kind, n in counts.items() if not n and balance[f"count {kind}"] > -2]
    if not there and not empty:
        return None
    kind = rng.choice(there if there and (not empty or rng.random() < 0.7) else empty)
    number = counts[kind]
    balance[f"count {kind}"] += 1 if number else -1
    plural = LOCALIZABLE[kind].plural if kind in LOCALIZABLE else _PLURALS[kind]
    answer = f"{_WORDS[number]} {kind if number == 1 else plural}."
    gold = {"type": "count", "answer": [str(number)], "codes": [], "kind": kind}
    question = rng.choice(_ASKED).format(plural=plural)
    return Dialogue("question", (view,), ((question, answer),), (f"{view.truth}: annotated beats, counted",), gold)
