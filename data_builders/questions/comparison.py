"""Questions on two or three ECGs: what is new, resolved, unchanged, which one shows it, how the numbers differ."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from anyecg.findings import CODES, FINDINGS

from . import rhythms
from .view import Dialogue, View
from .wording import CLASS_NAMES, RHYTHM_ORDER, bare, by_importance, capital, join, noun, number

_CHANGES = (
    "What has changed from ECG 1 to ECG 2?", "Compare the two ECGs.", "What is new in ECG 2?",
    "How do the two recordings differ?",
    "Which findings are new and which have resolved?", "Describe the changes between these ECGs.",
    "Is ECG 2 different from ECG 1?", "Please compare ECG 2 with ECG 1.",
    "What are the differences between these two tracings?",
)  # fmt: skip
_DIFFERENCES = (
    "Compare the two ECGs.", "How do the two recordings differ?", "Is ECG 2 different from ECG 1?",
    "Please compare ECG 2 with ECG 1.", "What are the differences between these two tracings?",
    "What does ECG 2 show that ECG 1 does not, and the other way round?",
    "Describe the differences between these ECGs.",
    "Which findings has only one of the ECGs?",
)  # fmt: skip
"""What can be asked of two patients, whose second ECG shows nothing "new"."""
_SAME = ("Both are of the same patient.", "The ECGs belong to one patient.", "Same patient, two recordings.")
_OTHER = (
    "They are of two different patients.",
    "The ECGs belong to different patients.",
    "Two patients, one ECG each.",
)
_WHICH = (
    "Which of these ECGs shows {x}?", "In which ECG do you see {x}?", "Which ECG has {x}?",
    "Find {x}: in which ECG?",
    "{X}: which of the recordings?", "Which recordings show {x}?", "Name the ECGs with {x}.",
    "Where do you find {x}: which ECG?",
)  # fmt: skip
_WHICH_NORMAL = (
    "Which of these ECGs is normal?", "Is any of these ECGs normal?", "Which recordings are normal?",
    "Find the normal ECG.",
    "Which ECG shows no abnormality?", "Name the normal ECGs among these.",
    "In which ECG is everything normal?",
    "Are these ECGs normal, and which?",
)  # fmt: skip
_RATE = (
    "Has the heart rate changed?",
    "Which ECG has the faster heart rate?", "In which ECG is the heart faster?", "Compare the heart rates.",
    "How do the heart rates differ?", "Which of the ECGs is the faster one?",
    "What is the difference in heart rate?", "Compare the rates of these ECGs.",
)  # fmt: skip
_MAX_NAMED = 4
_UNEARNED = 0.15  # of the chances to ask for a statement whose answers are even, or that was not asked for yet
# Why an ECG differs from the visit before: what the question states, and what the answer may then say.
_REASONS = {
    "low potassium": ("Potassium was {k2} mmol/l at ECG 2.", "The low potassium of {k2} mmol/l fits this."),
    "high potassium": ("Potassium was {k2} mmol/l at ECG 2.", "The high potassium of {k2} mmol/l fits this."),
    "potassium was corrected": (
        "Potassium was {k1} mmol/l at ECG 1 and {k2} mmol/l at ECG 2.",
        "The correction of potassium to {k2} mmol/l fits this.",
    ),
    "a drug that prolongs QT was started": (
        "A drug that prolongs QT was started in between.", "The new drug fits this.",
    ),
    "the drug that prolonged QT was stopped": (
        "A drug that prolongs QT was stopped in between.", "The end of the drug fits this.",
    ),
    "digoxin was started": ("Digoxin was started in between.", "Digoxin fits this."),
    "digoxin was stopped": ("Digoxin was stopped in between.", "The end of digoxin fits this."),
    "cardioversion": ("The patient was cardioverted in between.", "The cardioversion fits this."),
    "a pacemaker was implanted": ("A pacemaker was implanted in between.", "The pacemaker fits this."),
    "the pulmonary embolism was treated": (
        "A pulmonary embolism was treated in between.", "The treatment fits this.",
    ),
}  # fmt: skip
_STATED = 0.5  # of the pairs with such a reason, whose question states it


def ask(views: Sequence[View], rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question on several ECGs with its answer; None if they share no known group of labels.

    Args:
        views: two or three whole records.
        rng: decides kind and phrasing.
        balance: per code, how often some, all and none of the ECGs showed it; kept even.
    """
    same = len({view.patient_id for view in views}) == 1
    draw = rng.random()
    if len(views) == 2 and (draw < 0.6 if same else draw < 0.35):
        return _changes(views, same, rng)
    if draw < 0.8 or len(views) > 2:
        return _which(views, same, rng, balance)
    return _rates(views, same, rng)


def _changes(views: Sequence[View], same: bool, rng: random.Random) -> Dialogue | None:
    if not all({"form", "rhythm", "superclass"} <= view.known for view in views):
        return None  # "the findings are the same" needs all of them
    if any(rhythms.unnamed(view) for view in views):
        return None
    before, after = (labels(view, views) for view in views)
    gold: dict[str, Any] = {**difference(before, after), "same_patient": same}
    says = (
        ("New in ECG 2", "Not in ECG 2 any more", "Unchanged")
        if same
        else ("Only in ECG 2", "Only in ECG 1", "In both")
    )
    named = zip(says, ("new", "resolved", "unchanged"), strict=True)
    sentences = [f"{word}: {names(gold[key])}." for word, key in named if gold[key]]
    if not gold["new"] and not gold["resolved"]:
        sentences.insert(0, "The findings are the same.")
    answer = " ".join([*sentences, *_rate_change(*views)])
    stated, fits = _reason(views, rng) if gold["new"] or gold["resolved"] else ("", "")
    asked = rng.choice(_CHANGES if same else _DIFFERENCES)
    question = f"{rng.choice(_SAME if same else _OTHER)} {stated}{asked}"
    return _dialogue(views, question, answer + fits, gold)


def _reason(views: Sequence[View], rng: random.Random) -> tuple[str, str]:
    """What question and answer say of why two visits in a row differ; nothing of what the question does not state."""
    texts = _REASONS.get(reason_of(views))
    if texts is None or rng.random() >= _STATED:
        return "", ""
    values = {f"k{k}": view.facts["potassium"] for k, view in enumerate(views, start=1)}
    return f"{texts[0].format(**values)} ", f" {texts[1].format(**values)}"


def reason_of(views: Sequence[View]) -> str:
    """Why the second of two ECGs differs from the first, where they are visits in a row of one patient, else ""."""
    first, second = views[0].facts.get("visit"), views[-1].facts.get("visit")
    in_a_row = first is not None and second == first + 1 and views[0].patient_id == views[-1].patient_id
    return str(views[-1].facts["reason"]) if len(views) == 2 and in_a_row else ""


def labels(view: View, views: Sequence[View]) -> list[str]:
    """What holds, of what is known of all ECGs: statements, or the class where the statements are not known."""
    judged = [code for code in CODES if all(other.has(code) is not None for other in views)]
    named = {FINDINGS[code].superclass for code in judged for other in views if other.has(code)}
    codes = [code for code in judged if view.has(code)]
    labels = [code for code in RHYTHM_ORDER if code in codes] + by_importance(codes)
    known = [name for name in CLASS_NAMES if all(other.has_class(name) is not None for other in views)]
    classes = [name for name in known if name != "NORM" and name not in named and view.has_class(name)]
    return labels + [f"super:{name}" for name in classes] + [code for code in ("NORM",) if code in codes]


def difference(before: Sequence[str], after: Sequence[str]) -> dict[str, list[str]]:
    """Labels that came, went and stayed."""
    return {
        "new": [label for label in after if label not in before],
        "resolved": [label for label in before if label not in after],
        "unchanged": [label for label in after if label in before],
    }


def names(labels: Sequence[str], last: str = "and") -> str:
    """Labels as a list in a sentence, the first few of them."""
    return join([_name(label) for label in labels[:_MAX_NAMED]], last)


def _name(label: str) -> str:
    return CLASS_NAMES[label.removeprefix("super:")] if label.startswith("super:") else bare(label)


def _rate_change(first: View, second: View) -> list[str]:
    before, after = number(first.measurements, "heart_rate_bpm"), number(second.measurements, "heart_rate_bpm")
    if before is None or after is None:
        return []
    return [f"Rate {before}/min in ECG 1, {after}/min in ECG 2."]


def _which(views: Sequence[View], same: bool, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    code = _fair_code(views, rng, balance)
    if code is None:
        return None
    having = [k + 1 for k, view in enumerate(views) if view.has(code)]
    if code == "NORM":
        question, answer = rng.choice(_WHICH_NORMAL), _which_normal(having, len(views))
    else:
        question = rng.choice(_WHICH).format(x=noun(code), X=capital(noun(code)))
        answer = _which_shows(code, having, len(views))
    return _dialogue(views, question, answer, {"code": code, "answer": having, "same_patient": same})


def _fair_code(views: Sequence[View], rng: random.Random, balance: Counter[str]) -> str | None:
    """A statement of which "some", "all" or "none" of the ECGs is not its usual answer; counted."""
    groups: dict[str, list[str]] = {}
    for code in CODES:
        said = {view.has(code) for view in views}
        if None not in said:
            groups.setdefault("some" if len(said) == 2 else "all" if True in said else "none", []).append(code)

    def excess(code: str, group: str) -> int:
        others = sum(balance[f"{code} {other}"] for other in ("some", "all", "none") if other != group)
        return 2 * balance[f"{code} {group}"] - others

    chosen = None
    for group in sorted(groups, key=lambda group: (balance[f"which {group}"], rng.random())):
        code = min(groups[group], key=lambda code: (excess(code, group), rng.random()))
        if excess(code, group) < 0 or (excess(code, group) == 0 and rng.random() < _UNEARNED):
            chosen = code, group
            break
    if chosen is None and "some" in groups:
        chosen = rng.choice(groups["some"]), "some"
    if chosen is None:
        return None
    code, group = chosen
    balance[f"{code} {group}"] += 1
    balance[f"which {group}"] += 1
    return code


def _which_shows(code: str, having: list[int], number_of_ecgs: int) -> str:
    if not having:
        return f"None of them shows {noun(code)}."
    if len(having) == number_of_ecgs:
        return f"{'Both' if number_of_ecgs == 2 else 'All'} of them show {noun(code)}."
    return f"{join([f'ECG {k}' for k in having])} show{'s' if len(having) == 1 else ''} {noun(code)}."


def _which_normal(having: list[int], number_of_ecgs: int) -> str:
    if not having:
        return "None of them is normal."
    if len(having) == number_of_ecgs:
        return f"{'Both' if number_of_ecgs == 2 else 'All'} of them are normal."
    return f"{join([f'ECG {k}' for k in having])} {'is' if len(having) == 1 else 'are'} normal."


def _rates(views: Sequence[View], same: bool, rng: random.Random) -> Dialogue | None:
    shown = [number(view.measurements, "heart_rate_bpm") for view in views]
    if None in shown or len(views) != 2 or any(rhythms.emergency(view) for view in views):
        return None
    one, two = (int(rate) for rate in shown if rate is not None)
    if one == two:
        answer = f"Both have the same rate of {one}/min."
    else:
        faster, slower = (1, 2) if one > two else (2, 1)
        answer = f"ECG {faster} is faster: {max(one, two)}/min against {min(one, two)}/min in ECG {slower}."
    gold = {"rates": [one, two], "difference": abs(one - two), "same_patient": same}
    return _dialogue(views, rng.choice(_RATE if same else _RATE[1:]), answer, gold)


def _dialogue(views: Sequence[View], question: str, answer: str, gold: dict[str, Any]) -> Dialogue:
    truth = " and ".join(sorted({view.truth for view in views}))
    measured = "; rates measured by anyecg.measure" if any(view.measurements for view in views) else ""
    reason = f"; simulated: {reason_of(views)}" if reason_of(views) else ""
    return Dialogue("comparison", tuple(views), ((question, answer),), (truth + measured + reason,), gold)
