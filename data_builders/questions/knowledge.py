"""ECG concepts (concepts.yaml) asked for in many phrasings, and questions that an ECG cannot answer."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import yaml

from .view import Dialogue, View

CONCEPTS_FILE = Path(__file__).with_name("concepts.yaml")
# "What is the PR interval?" asks for the value.
MEASURED_TERMS = frozenset({
    "the PR interval", "the QT interval", "QTc", "the heart axis", "the RR interval", "the Sokolow-Lyon index",
    "the Cornell voltage", "the QRS-T angle",
})  # fmt: skip
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


@cache
def concepts() -> dict[str, dict[str, str]]:
    """Name → one answer per aspect, and `source`; see the head of concepts.yaml."""
    return {entry["name"]: entry for entry in yaml.safe_load(CONCEPTS_FILE.read_text(encoding="utf-8"))}


_DOSE = (
    "I cannot advise on drugs or doses: an ECG does not show weight, kidney function or other drugs. "
    "Please ask the treating doctor or a pharmacist."
)
_FUTURE = (
    "An ECG cannot tell that: it is a short snapshot of the heart's electrical activity. A doctor "
    "can estimate risk from history, examination and further tests."
)
_BLOOD = (
    "An ECG cannot show that: it records electrical activity, not blood values or blood pressure. "
    "That needs a separate measurement."
)
_PERSON = (
    "An ECG does not show that: it says nothing about who somebody is or how somebody lives. I can "
    "describe rhythm, intervals and findings."
)
_EMERGENCY = (
    "I cannot judge symptoms. With chest pain, fainting or shortness of breath, call the "
    "emergency services now; this program is not a medical device."
)
_IMAGING = (
    "An ECG cannot show that directly: it records electrical activity, not pump function or "
    "vessels. An echocardiogram or another imaging test can answer it."
)
BEYOND = {
    _DOSE: (
        "What drug dose should I give?", "Which medicine should the patient take?",
        "Should I stop the beta blocker?",
        "How many milligrams of amiodarone are right?", "Can you prescribe something?",
        "Should anticoagulation be started?",
        "Is it safe to give this patient digoxin?", "What treatment do you recommend?",
    ),
    _FUTURE: (
        "How long will this patient live?", "Will there be a heart attack next year?",
        "Is this patient going to die?",
        "When will the next episode come?", "Can you predict a stroke from this?",
        "What is the chance of sudden death?",
        "Will this get worse?", "Can the patient run a marathon next month?",
    ),
    _BLOOD: (
        "What is the blood pressure?", "What is the cholesterol level?", "What is the troponin?",
        "What is the oxygen saturation?",
        "How high is the blood sugar?", "What is the haemoglobin?", "Can you see the kidney function here?",
        "Is there a fever?",
    ),
    _PERSON: (
        "What is the name of the patient?", "Does the patient smoke?", "Where does the patient live?",
        "What is the job of this person?",
        "Is the patient married?", "How much does the patient weigh?", "Does this person do sports?",
        "Is the patient anxious?",
    ),
    _EMERGENCY: (
        "I have chest pain right now, what should I do?", "I feel dizzy, is that serious?",
        "Do I need an ambulance?",
        "Can I wait until tomorrow with my chest pain?", "My arm hurts, is it my heart?",
        "I fainted this morning; am I safe?",
        "I am short of breath, is this normal?", "Should I go to hospital?",
    ),
    _IMAGING: (
        "What is the ejection fraction?", "Are the coronary arteries narrowed?", "Is a valve leaking?",
        "How thick is the septum?",
        "Which vessel is blocked by how many percent?", "Is there fluid around the heart?",
        "How large is the left atrium in millimetres?",
        "Does the heart pump well?",
    ),
}  # fmt: skip


def ask(view: View, rng: random.Random) -> Dialogue:
    """A question about a concept or beyond the reach of an ECG, with its answer."""
    if rng.random() < 0.75:
        name = rng.choice(sorted(concepts()))
        aspect = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        question = rng.choice(_phrasings(name, aspect, view.split)).format(name)
        answer, kind, source = concepts()[name][aspect], "knowledge", concepts()[name]["source"]
    else:
        answer = rng.choice(sorted(BEYOND))
        question, kind, source = rng.choice(BEYOND[answer]), "out of scope", ""
    gold = {"type": kind, "answer": [answer], "codes": []}
    return Dialogue("question", (view,), ((question, answer),), (f"written by the project {source}".strip(),), gold)


def _phrasings(name: str, aspect: str, split: str) -> tuple[str, ...]:
    if split == "test":
        return HELD_OUT[aspect]
    return _EXPLAIN if aspect == "means" and name in MEASURED_TERMS else ASPECTS[aspect]
