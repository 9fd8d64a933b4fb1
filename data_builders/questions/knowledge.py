"""ECG concepts and questions beyond an ECG (yaml files in anyecg/knowledge), asked for in many phrasings."""

from __future__ import annotations

import random

from anyecg.knowledge.beyond import written
from anyecg.knowledge.concepts import MEASURED_TERMS, concepts

from .view import Dialogue, View, scored

_EXPLAIN = ("What does {} mean?", "Explain {}.", "Can you explain {} in simple words?", "Define {}.",
            "Please give a short definition of {}.", "What should I understand by {}?")  # fmt: skip
ASPECTS: dict[str, tuple[str, ...]] = {
    "means": ("What is {}?", "Tell me what {} is.", "I have read about {}; what is that?", *_EXPLAIN),
    "criteria": (
        "What are the criteria of {}?", "How is {} recognised?", "By what do I recognise {} on an ECG?",
        "Which ECG criteria define {}?", "Which limits apply to {}?", "What does {} look like on the ECG?",
    ),
    "causes": (
        "What causes {}?", "What are the causes of {}?", "Why does one see {}?", "What can be behind {}?",
        "Where does {} come from?", "Name causes of {}.",
    ),
    "look_alikes": (
        "What can be confused with {}?", "What looks like {}?", "What is the differential diagnosis of {}?",
        "Name look-alikes of {}.", "What imitates {}?", "What must be told apart from {}?",
    ),
    "urgency": (
        "Is {} dangerous?", "How urgent is {}?", "Is {} an emergency?", "How serious is {}?",
        "Must one act at once because of {}?", "Should I worry about {}?",
    ),
    "next": (
        "What should be checked next with {}?", "What comes next after finding {}?", "How do I go on with {}?",
        "What is the next step with {}?", "What should one look at when there is {}?", "What follows from {}?",
    ),
}  # fmt: skip
HELD_OUT: dict[str, tuple[str, ...]] = {
    "means": ("What is meant by {}?", "Could you tell me in a sentence what {} means?"),
    "criteria": ("How can I see {} on a tracing?", "What defines {}?"),
    "causes": ("What leads to {}?", "What are possible reasons for {}?"),
    "look_alikes": ("What else could look like {}?", "What is {} easily mistaken for?"),
    "urgency": ("How dangerous is {}?", "Does {} need immediate action?"),
    "next": ("What would you do next about {}?", "What are sensible next steps with {}?"),
}
"""Phrasings that only test questions use: whoever answers them has understood the question."""
_WEIGHTS = {"means": 4, "criteria": 3, "causes": 1, "look_alikes": 1, "urgency": 1, "next": 1}


BEYOND: dict[str, tuple[str, ...]] = {
    group["answer"]: tuple(group["questions"]) for group in written()["answers"] if group["questions"]
}
"""What an ECG cannot answer: the answer → questions."""


def ask(view: View, rng: random.Random) -> Dialogue:
    """A question about a concept or beyond the reach of an ECG, with its answer."""
    if rng.random() < 0.75:
        name = rng.choice(sorted(name for name, concept in concepts().items() if "chat_only" not in concept))
        aspect = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        question = rng.choice(_phrasings(name, aspect, view.split)).format(name)
        answer, kind, source = concepts()[name][aspect], "knowledge", concepts()[name]["source"]
    else:
        answer = rng.choice(sorted(BEYOND))
        question, kind, source = rng.choice(BEYOND[answer]), "out of scope", ""
    return scored(view, question, answer, kind, [answer], f"written by the project {source}".strip())


def _phrasings(name: str, aspect: str, split: str) -> tuple[str, ...]:
    if split == "test":
        return HELD_OUT[aspect]
    return _EXPLAIN if aspect == "means" and name in MEASURED_TERMS else ASPECTS[aspect]
