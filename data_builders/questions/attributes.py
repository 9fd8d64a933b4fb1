"""Attributes of the ECG-QA grammar beside statements, noise and numbers: stage of infarction, axis, extrasystoles.

Each is asked as verify, choose and query. The gold's "options" say how each option of the grammar is worded in answers,
so that an answer in a sentence is scored by its set of options.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

from . import noise
from .balance import rival, verified
from .view import Dialogue, View, scored
from .wording import capital, join

STAGES = {
    "early": "early stage of myocardial infarction", "middle": "middle stage of myocardial infarction",
    "old": "old stage of myocardial infarction",
}  # fmt: skip
AXES = {
    "normal": "normal heart axis", "left": "left axis deviation", "right": "right axis deviation",
    "extreme": "extreme axis deviation",
}  # fmt: skip
EXTRASYSTOLES = {
    "any": "extrasystoles", "supraventricular": "supraventricular extrasystoles",
    "ventricular": "ventricular extrasystoles",
}  # fmt: skip
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
_EXTRA_VERIFY = (
    "Are there {x}?", "Does this ECG show {x}?", "Do you see {x}?", "Are {x} present in this ECG?",
    "Check this ECG for {x}.", "Can {x} be seen here?", "Is this ECG disturbed by {x}?", "Do {x} occur here?",
)  # fmt: skip
_EXTRA_CHOOSE = (
    "Are these {x} or {y}?", "Does this ECG show {x} or {y}?", "Do you see {x} or {y}?", "Choose: {x} or {y}.",
    "Which of the two are present: {x} or {y}?", "Decide between {x} and {y}.", "{X} or {y}?",
    "Which does this ECG show, {x} or {y}?",
)  # fmt: skip
_EXTRA_QUERY = (
    "What kind of extrasystoles does this ECG show?", "Which extrasystoles are there?",
    "From where do the extrasystoles come?", "Are there extrasystoles, and of which kind?",
    "Name the kind of the extrasystoles.", "Which type of extrasystoles do you see?",
    "Extrasystoles: which kind?", "Tell me the kind of extrasystoles in this ECG.",
)  # fmt: skip
_NEITHER = 0.2  # of the choices offer two options that both do not hold
AXIS_MARGIN_DEG = 10.0
"""Where no column names the axis, the measured angle must keep this far from the limits."""
_TRUTH = {
    "stage": "PTB-XL infarction stage columns", "axis": "PTB-XL heart axis column, confirmed by anyecg.measure",
    "measured": "axis measured by anyecg.measure",
}  # fmt: skip


def ask(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question on one of the attributes that are known of a record; None if none is.

    Args:
        balance: per attribute, "yes" minus "no" answers so far; kept near zero, so that no question tells its answer.
    """
    ways = [noise.ask] * 2 if view.facts.get("noise") else []
    ways += [_stage] * 3 if _stages(view) else [_no_stage] if _may_deny_stage(view) else []
    ways += [_axis] if axis_of(view) else []
    ways += [_extrasystoles] * 2 if extrasystoles(view) else []
    rng.shuffle(ways)
    return next((asked for way in ways if (asked := way(view, rng, balance))), None)


def axis_of(view: View) -> str | None:
    """The axis where what the database says agrees with the measured angle (Surawicz et al. 2009), else None.

    German readers call an axis of -10° "left" already; the answers keep to -30° and 90°. Where a database says
    nothing, the angle alone counts, unless it lies near a limit.
    """
    angle = view.measurements.get("axis_deg")
    if angle is None:
        return None
    angle = (angle + 180) % 360 - 180
    if "axis" not in view.facts:
        near = any(abs(angle - limit) < AXIS_MARGIN_DEG for limit in (-180, -90, -30, 90, 180))
        return None if near else _of_angle(angle)
    stated, measured = view.facts["axis"], _of_angle(angle)
    return measured if measured == stated or (measured == "extreme" and stated in ("left", "right")) else None


def _of_angle(angle: float) -> str:
    return "normal" if -30 <= angle <= 90 else "left" if -90 <= angle < -30 else "right" if angle > 90 else "extreme"


def _stages(view: View) -> list[str]:
    """Stages of a record with an infarction; "unknown" alone is no answer that an ECG gives."""
    stages = [stage for stage in view.facts.get("stages", ()) if stage in STAGES]
    return stages if view.has_class("MI") else []


def _may_deny_stage(view: View) -> bool:
    """Whether a record that has these columns is known to show no infarction."""
    return "noise" in view.facts and view.has_class("MI") is False and not view.facts.get("stages")


def _stage(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    stages, draw = _stages(view), rng.random()
    balance["no stage"] -= 1
    others = [stage for stage in STAGES if stage not in stages]
    said = f"{'between the ' if len(stages) > 1 else 'in the '}{join(stages, 'and the')} stage"
    if draw < 0.4 and (chosen := verified("stage", stages, others, balance, rng)):
        question = rng.choice(_STAGE_VERIFY).format(x=chosen[0]).replace("an middle", "a middle")
        answer = f"{'Yes' if chosen[1] else 'No'}, the infarction is {said}."
        return _dialogue(view, question, answer, "stage verify", ["yes" if chosen[1] else "no"], {})
    answer = f"The infarction is {said}."
    if draw < 0.6 and len(stages) == 1 and (wrong := rival("stage choose", stages[0], others, balance, rng)):
        x, y = rng.sample((stages[0], wrong), 2)
        balance[f"stages {sorted((x, y))}"] += 1
        question = rng.choice(_STAGE_CHOOSE).format(x=x, y=y)
        return _dialogue(view, question, answer, "stage choose", [STAGES[stages[0]]], _stage_names())
    names = _stage_names()
    return _dialogue(view, rng.choice(_STAGE_QUERY), answer, "stage query", [STAGES[s] for s in stages], names)


def _no_stage(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """The same questions where there is no infarction."""
    if balance["no stage"] > 0:
        return None
    balance["no stage"] += 2
    if asked := verified("stage", (), tuple(STAGES), balance, rng):
        question = rng.choice(_STAGE_VERIFY).format(x=asked[0]).replace("an middle", "a middle")
        return _dialogue(view, question, "No, this ECG shows no infarction.", "stage verify", ["no"], {})
    x, y = rng.sample(tuple(STAGES), 2)
    if balance[f"stages {sorted((x, y))}"] > 0:
        balance[f"stages {sorted((x, y))}"] -= 3
        question = rng.choice(_STAGE_CHOOSE).format(x=x, y=y)
        answer = "Neither: this ECG shows no infarction."
        return _dialogue(view, question, answer, "stage choose", [], _stage_names())
    answer = "There is none: this ECG shows no infarction."
    return _dialogue(view, rng.choice(_STAGE_QUERY), answer, "stage query", [], _stage_names())


def _stage_names() -> dict[str, str]:
    return {STAGES[stage]: stage for stage in STAGES}


def _axis(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    axis, draw = str(axis_of(view)), rng.random()
    if axis == "normal" and balance["axis normal"] > 0:
        return None
    balance["axis normal"] += 1 if axis == "normal" else -1
    said = {key: ("a " if key == "normal" else "an " if key == "extreme" else "") + name for key, name in AXES.items()}
    others = [key for key in AXES if key != axis]
    if draw < 0.4 and (chosen := verified("axis verify", [axis], others, balance, rng)):
        answer = f"{'Yes' if chosen[1] else 'No'}, this ECG shows {said[axis]}."
        question = rng.choice(_AXIS_VERIFY).format(x=said[chosen[0]])
        return _dialogue(view, question, answer, "axis verify", ["yes" if chosen[1] else "no"], {})
    names, answer = {name: name for name in AXES.values()}, f"This ECG shows {said[axis]}."
    if draw < 0.65:
        neither = rng.random() < _NEITHER
        wrong = rng.choice(others) if neither else rival("axis choose", axis, others, balance, rng)
        if wrong is not None:
            first = rng.choice([key for key in others if key != wrong]) if neither else axis
            x, y = rng.sample((said[first], said[wrong]), 2)
            question = rng.choice(_AXIS_CHOOSE).format(x=x, y=y, X=capital(x))
            answer = "Neither of them." if neither else answer
            return _dialogue(view, question, answer, "axis choose", [] if neither else [AXES[axis]], names)
    return _dialogue(view, rng.choice(_AXIS_QUERY), answer, "axis query", [AXES[axis]], names)


def extrasystoles(view: View) -> dict[str, bool]:
    """Which kinds of `EXTRASYSTOLES` are there, of those where statements and PTB-XL's column do not disagree."""
    column = view.facts.get("extrasystoles")
    holds: dict[str, bool] = {}
    for kind, code in (("ventricular", "PVC"), ("supraventricular", "PAC")):
        stated = view.has(code)
        if stated is not None and (stated or kind not in (column or ())):
            holds[kind] = stated
    if True in holds.values() or view.has("PRC(S)") or column:
        return {**holds, "any": True}
    return {**holds, "any": False} if len(holds) == 2 and view.has("PRC(S)") is False else holds


def _extrasystoles(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    holds, draw = extrasystoles(view), rng.random()
    there = [kind for kind, value in holds.items() if value]
    absent = [kind for kind in holds if kind not in there]
    truth = view.truth + (" and its column of extra beats" if "extrasystoles" in view.facts else "")
    if not there and balance["no extrasystoles"] > 0:
        return None
    balance["no extrasystoles"] += -1 if there else 2
    if draw < 0.4 or not {"ventricular", "supraventricular"} <= holds.keys():
        chosen = verified("extrasystoles", there, absent, balance, rng)
        if chosen is None:
            return None
        x, yes = EXTRASYSTOLES[chosen[0]], chosen[1]
        answer = f"Yes, there are {x}." if yes else f"No, there are no {x}."
        question = rng.choice(_EXTRA_VERIFY).format(x=x)
        return _dialogue(view, question, answer, "extrasystole verify", ["yes" if yes else "no"], {}, truth)
    kinds = [EXTRASYSTOLES[kind] for kind in there if kind != "any"]
    if not kinds and there:
        return None  # of unknown origin
    names = {name: name for key, name in EXTRASYSTOLES.items() if key != "any"}
    answer = f"This ECG shows {join(kinds)}." if kinds else "There are none."
    x, y = rng.sample(tuple(names), 2)
    asked = rng.choice(_EXTRA_CHOOSE).format(x=x, y=y, X=capital(x)) if draw < 0.65 else rng.choice(_EXTRA_QUERY)
    return _dialogue(view, asked, answer, f"extrasystole {'choose' if draw < 0.65 else 'query'}", kinds, names, truth)


def _dialogue(
    view: View, question: str, answer: str, kind: str, answers: Sequence[str], options: Mapping[str, str],
    truth: str = "",
) -> Dialogue:  # fmt: skip
    known = "measured" if kind.startswith("axis") and "axis" not in view.facts else kind.split()[0]
    return scored(view, question, answer, kind, answers, truth or _TRUTH[known], options)
