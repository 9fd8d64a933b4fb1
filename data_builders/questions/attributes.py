"""Attributes of the ECG-QA grammar beside statements and numbers: kinds of noise, stage of infarction, heart axis.

Each is asked as verify, choose and query. The gold's "options" say how each option of the grammar is worded in answers,
so that an answer in a sentence is scored by its set of options.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .leads import NOISE_TRUTH
from .view import Dialogue, View
from .wording import capital, join

NOISES = ("baseline drift", "static noise", "burst noise", "electrode problems")
STAGES = {
    "early": "early stage of myocardial infarction", "middle": "middle stage of myocardial infarction",
    "old": "old stage of myocardial infarction",
}  # fmt: skip
AXES = {
    "normal": "normal heart axis", "left": "left axis deviation", "right": "right axis deviation",
    "extreme": "extreme axis deviation",
}  # fmt: skip
_NOISE_IN_LEAD = (
    "Is there {x} in lead {lead}?", "Does lead {lead} show {x}?", "Can {x} be detected in lead {lead}?",
    "Is {x} present in lead {lead}?", "Do you see {x} in lead {lead}?", "Lead {lead}: is there {x}?",
    "Is lead {lead} disturbed by {x}?", "Does this ECG have {x} in lead {lead}?",
)  # fmt: skip
_NOISE_ANYWHERE = (
    "Is there {x} in this ECG?", "Does {x} disturb this ECG?", "Is {x} visible in this recording?",
    "Are there signs of {x}?", "Is this recording affected by {x}?", "Do you see {x} in any lead?",
    "Is any lead disturbed by {x}?", "Check this recording for {x}.",
)  # fmt: skip
_NOISE_CHOOSE = (
    "Which disturbs lead {lead}: {x} or {y}?", "Is it {x} or {y} in lead {lead}?",
    "Does lead {lead} show {x} or {y}?", "Lead {lead}: {x} or {y}?", "Do you see {x} or {y} in lead {lead}?",
    "Choose for lead {lead}: {x} or {y}.", "Which is present in lead {lead}, {x} or {y}?",
    "Decide between {x} and {y} in lead {lead}.",
)  # fmt: skip
_NOISE_KINDS = (
    "Which kinds of noise does lead {lead} show?", "What disturbs lead {lead}?", "Which noise is in lead {lead}?",
    "Name the kinds of noise in lead {lead}.", "What kind of noise do you see in lead {lead}?",
    "Which disturbances does lead {lead} have?", "Lead {lead}: which kinds of noise?",
    "List the kinds of noise of lead {lead}.",
)  # fmt: skip
_NOISE_LEADS = (
    "Which leads show {x}?", "In which leads is there {x}?", "Name the leads with {x}.", "Where do you see {x}?",
    "Which leads are disturbed by {x}?", "List the leads with {x}.", "In what leads does {x} occur?",
    "Is there {x}, and in which leads?",
)  # fmt: skip
_STAGE_VERIFY = (
    "Is this an infarction of the {x} stage?", "Does this ECG show a myocardial infarction in the {x} stage?",
    "Is the infarction in its {x} stage?", "Is there an {x} stage of myocardial infarction?",
    "Would you put the infarction into the {x} stage?", "Does the infarct look like the {x} stage?",
    "Is the myocardial infarction of the {x} stage?", "Are there signs of an infarction in the {x} stage?",
)  # fmt: skip
_STAGE_CHOOSE = (
    "Is the infarction in the {x} or the {y} stage?", "Which stage fits, {x} or {y}?",
    "Does the ECG show the {x} or the {y} stage of infarction?", "The infarction: {x} stage or {y} stage?",
    "Decide between the {x} and the {y} stage of infarction.", "Which is it, the {x} or the {y} stage of infarction?",
    "Choose the stage of the infarction: {x} or {y}.", "Does the infarct look {x} or {y} in stage?",
)  # fmt: skip
_STAGE_QUERY = (
    "In which stage is the infarction?", "How old is the infarction?", "Which stage of infarction is shown?",
    "What is the stage of the myocardial infarction?", "Can you tell the age of the infarct?",
    "Is the infarction early, middle or old?", "Stage the infarction, please.", "Which stage has the infarction?",
)  # fmt: skip
_AXIS_VERIFY = (
    "Is there {x}?", "Does this ECG show {x}?", "Would you call this {x}?", "Do you see {x}?", "Is this {x}?",
    "Does the frontal axis mean {x}?", "Check this ECG for {x}.", "Has this patient {x}?",
)  # fmt: skip
_AXIS_CHOOSE = (
    "Is it {x} or {y}?", "Which fits the axis: {x} or {y}?", "Does this ECG show {x} or {y}?",
    "Choose: {x} or {y}.", "Decide between {x} and {y}.", "{X} or {y}?", "Which of the two is present: {x} or {y}?",
    "Do you see {x} or {y}?",
)  # fmt: skip
_AXIS_QUERY = (
    "In which direction does the heart axis point?", "How is the heart axis?",
    "Is the axis deviated, and to which side?",
    "What kind of axis does this ECG show?", "Describe the heart axis.", "Which axis deviation is there, if any?",
    "How would you classify the heart axis?", "Name the type of the frontal axis.",
)  # fmt: skip
_MOST_USUAL = 3  # answers of the usual kind (no noise, normal axis) that may precede one of the other kind
_TRUTH = {
    "noise": NOISE_TRUTH, "stage": "PTB-XL infarction stage columns",
    "axis": "PTB-XL heart axis column, confirmed by anyecg.measure",
}  # fmt: skip


def ask(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question on one of the attributes that are known of a record; None if none is.

    Args:
        balance: per attribute, "yes" minus "no" answers so far; kept near zero, so that no question tells its answer.
    """
    ways = [_noise] * 2 if view.facts.get("noise") else []
    ways += [_stage] * 3 if _stages(view) else []
    ways += [_axis] if axis_of(view) else []
    return rng.choice(ways)(view, rng, balance) if ways else None


def axis_of(view: View) -> str | None:
    """The axis where what the database says agrees with the measured angle (Surawicz et al. 2009), else None.

    German readers call an axis of -10° "left" already; the answers keep to -30° and 90°.
    """
    angle, stated = view.measurements.get("axis_deg"), view.facts.get("axis")
    if angle is None or stated is None:
        return None
    measured = "normal" if -30 <= angle <= 90 else "left" if -90 <= angle < -30 else "right" if angle <= 180 else ""
    if (angle > 180 or angle < -90) and stated in ("left", "right"):
        return "extreme"
    return measured if measured == stated else None


def _noise(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    known = {kind: leads for kind, leads in view.facts["noise"].items() if leads is not None}
    noise = {kind: [lead for lead in view.record.leads if lead in leads] for kind, leads in known.items()}
    there = [kind for kind, leads in noise.items() if leads]
    draw = rng.random()
    if not noise or (not there and balance["noise there"] <= -_MOST_USUAL):
        return None  # most recordings are clean, and "no" would be the answer
    balance["noise there"] += 1 if there else -1
    if draw < 0.5 or not there:
        return _noise_verify(view, noise, rng, balance)
    lead = rng.choice(noise[rng.choice(there)])
    kinds = [kind for kind, leads in noise.items() if lead in leads]
    if draw < 0.65:
        return _noise_choose(view, lead, kinds, noise, rng)
    if draw < 0.8 and len(noise) == len(NOISES):
        names = _options(NOISES)
        answer = f"Lead {lead} shows {join(kinds)}."
        return _dialogue(view, rng.choice(_NOISE_KINDS).format(lead=lead), answer, "noise query", kinds, names)
    kind = rng.choice(there)
    question = _plural(rng.choice(_NOISE_LEADS).format(x=kind), kind)
    answer = f"{capital(kind)} {_in_leads(noise[kind], view)}."
    names = {f"lead {lead}": lead for lead in view.record.leads}
    return _dialogue(view, question, answer, "noise query", [f"lead {lead}" for lead in noise[kind]], names)


def _noise_verify(
    view: View, noise: Mapping[str, Sequence[str]], rng: random.Random, balance: Counter[str]
) -> Dialogue | None:
    in_lead = rng.random() < 0.7
    places = [(kind, lead) for kind in noise for lead in (view.record.leads if in_lead else ("",))]
    has = {(kind, lead): lead in noise[kind] if lead else bool(noise[kind]) for kind, lead in places}
    fitting = [place for place in places if has[place] == (balance["noise yes"] <= 0)] or places
    kind, lead = rng.choice(fitting)
    yes = has[kind, lead]
    balance["noise yes"] += 1 if yes else -1
    where = f" in lead {lead}" if lead else f" {_in_leads(noise[kind], view)}" if yes else ""
    there = f"there {'are' if kind == 'electrode problems' else 'is'}"
    said = f"Yes, {there} {kind}{where}." if yes else f"No, {there} no {kind}{where}."
    pattern = rng.choice(_NOISE_IN_LEAD if lead else _NOISE_ANYWHERE)
    question = _plural(pattern.format(x=kind, lead=lead), kind)
    return _dialogue(view, question, said, "noise verify", ["yes" if yes else "no"], {})


def _noise_choose(
    view: View, lead: str, kinds: list[str], noise: Mapping[str, Sequence[str]], rng: random.Random
) -> Dialogue | None:
    others = [kind for kind in noise if kind not in kinds]
    if not others:
        return None
    right, wrong = rng.choice(kinds), rng.choice(others)
    neither = len(others) > 1 and rng.random() < 0.25
    asked = rng.sample(others, 2) if neither else rng.sample((right, wrong), 2)
    question = rng.choice(_NOISE_CHOOSE).format(x=asked[0], y=asked[1], lead=lead)
    answer = f"Neither of them is in lead {lead}." if neither else f"Lead {lead} shows {right}."
    return _dialogue(view, question, answer, "noise choose", [] if neither else [right], _options(asked))


def _stages(view: View) -> list[str]:
    """Stages of a record with an infarction; "unknown" alone is no answer that an ECG gives."""
    stages = [stage for stage in view.facts.get("stages", ()) if stage in STAGES]
    return stages if view.has_class("MI") else []


def _stage(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    stages, draw = _stages(view), rng.random()
    others = [stage for stage in STAGES if stage not in stages]
    said = f"{'between the ' if len(stages) > 1 else 'in the '}{join(stages, 'and the')} stage"
    names = {STAGES[stage]: stage for stage in STAGES}
    if draw < 0.4:
        yes = balance["stage"] <= 0 or not others
        balance["stage"] += 1 if yes else -1
        asked = rng.choice(stages if yes else others)
        question = rng.choice(_STAGE_VERIFY).format(x=asked).replace("an middle", "a middle")
        answer = f"{'Yes' if yes else 'No'}, the infarction is {said}."
        return _dialogue(view, question, answer, "stage verify", ["yes" if yes else "no"], {})
    answer = f"The infarction is {said}."
    if draw < 0.6 and others and len(stages) == 1:
        x, y = rng.sample((stages[0], rng.choice(others)), 2)
        question = rng.choice(_STAGE_CHOOSE).format(x=x, y=y)
        return _dialogue(view, question, answer, "stage choose", [STAGES[stages[0]]], names)
    return _dialogue(view, rng.choice(_STAGE_QUERY), answer, "stage query", [STAGES[s] for s in stages], names)


def _axis(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    axis, draw = str(axis_of(view)), rng.random()
    if axis == "normal" and balance["axis normal"] >= _MOST_USUAL:
        return None
    balance["axis normal"] += 1 if axis == "normal" else -1
    said = {key: ("a " if key == "normal" else "") + name for key, name in AXES.items()}
    others = [key for key in AXES if key != axis]
    if draw < 0.4:
        yes = balance["axis"] <= 0
        balance["axis"] += 1 if yes else -1
        asked = axis if yes else rng.choice(others)
        answer = f"{'Yes' if yes else 'No'}, this ECG shows {said[axis]}."
        question = rng.choice(_AXIS_VERIFY).format(x=said[asked])
        return _dialogue(view, question, answer, "axis verify", ["yes" if yes else "no"], {})
    names, answer = _options(AXES.values()), f"This ECG shows {said[axis]}."
    if draw < 0.65:
        x, y = rng.sample((said[axis], said[rng.choice(others)]), 2)
        question = rng.choice(_AXIS_CHOOSE).format(x=x, y=y, X=capital(x))
        return _dialogue(view, question, answer, "axis choose", [AXES[axis]], names)
    return _dialogue(view, rng.choice(_AXIS_QUERY), answer, "axis query", [AXES[axis]], names)


def _in_leads(leads: Sequence[str], view: View) -> str:
    if len(leads) == len(view.record.leads) > 2:
        return f"in all leads: {join(leads)}"
    return f"in lead{'s' * (len(leads) > 1)} {join(leads)}"


def _plural(question: str, kind: str) -> str:
    """The question with the verb in the plural where the noise is electrode problems."""
    if kind != "electrode problems":
        return question
    for one, many in (("Is ", "Are "), ("is ", "are "), ("Does ", "Do "), ("does ", "do ")):
        question = question.replace(f"{one}there", f"{many}there").replace(f"{one}{kind}", f"{many}{kind}")
    return question


def _options(names: Iterable[str]) -> dict[str, str]:
    return {name: name for name in names}


def _dialogue(
    view: View, question: str, answer: str, kind: str, answers: list[str], options: Mapping[str, str]
) -> Dialogue:
    gold: dict[str, Any] = {"type": kind, "answer": answers or ["none"], "codes": []}
    if options:
        gold["options"] = dict(options)
    return Dialogue("question", (view,), ((question, answer),), (_TRUTH[kind.split()[0]],), gold)
