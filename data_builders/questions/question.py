"""Questions on one ECG in the manner of ECG-QA (verify, choose, query), on ECG terms, and on what no ECG can say."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

from anyecg.findings import CODES, FINDINGS, phrase

from . import attributes, classes, counting, focused, knowledge, leads, numeric, rhythms, topics
from .balance import rival, verified
from .view import Dialogue, View, scored
from .wording import (
    CLASS_NAMES,
    RHYTHM_ORDER,
    SUBCLASS_NAMES,
    bare,
    by_importance,
    capital,
    is_plural,
    join,
    noun,
    number,
    rhythm_phrase,
)  # fmt: skip

_VERIFY = (
    "{Be} there {x}?", "Does this ECG show {x}?", "Do you see {x} in this ECG?", "Can {x} be seen here?",
    "Is this ECG compatible with {x}?", "Are there signs of {x}?", "Does the recording contain {x}?",
    "Would you diagnose {x}?",
    "Is {x} present?", "Check this ECG for {x}.",
)  # fmt: skip
_VERIFY_RHYTHM = (
    "Is the rhythm {x}?", "Is this {x}?", "Does this ECG show {x}?", "Is there {x}?",
    "Would you call this {x}?",
    "Do you see {x}?", "Could the rhythm be {x}?", "Check this ECG for {x}.",
)  # fmt: skip
_VERIFY_NORMAL = (
    "Is this ECG normal?", "Is this a normal ECG?", "Is everything normal here?",
    "Would you call this ECG normal?",
    "Is this tracing within normal limits?", "Is there anything abnormal in this ECG?",
    "Do you see any abnormality?",
    "Can I tell my patient that this ECG is normal?", "Is this a healthy ECG?",
)  # fmt: skip
_ABNORMAL_ASKED = ("Is there anything abnormal in this ECG?", "Do you see any abnormality?")
_CHOOSE = (
    "Does this ECG show {x} or {y}?", "Which of the two is present: {x} or {y}?", "Is it {x} or {y}?",
    "Do you see {x} or {y}?",
    "{X} or {y}: which one is it?", "Which fits this ECG better, {x} or {y}?", "Decide between {x} and {y}.",
    "Choose: {x} or {y}.",
)  # fmt: skip
_QUERY = {
    "rhythm": (
        "Which rhythm is shown?", "What is the rhythm?", "What rhythm is this?", "Name the rhythm.",
        "Which rhythm do you see?",
        "What kind of rhythm does this ECG show?", "How would you describe the rhythm?",
        "Please identify the rhythm.",
    ),
    "CD": (
        "Which conduction disturbances are present?", "Is there a conduction disturbance, and which?",
        "Name the conduction disturbances of this ECG.", "What blocks or conduction delays do you see?",
        "Which kind of block is shown?", "Is conduction disturbed?",
        "What about AV and intraventricular conduction?",
        "List all conduction abnormalities.",
    ),
    "MI": (
        "Are there signs of a myocardial infarction, and where?", "Which infarction does this ECG show?",
        "Is there an infarction, and in which region?", "Does this ECG point to a myocardial infarction?",
        "Has this patient had a heart attack?", "Name the region of an infarction, if there is one.",
        "Do you see an infarct pattern?", "What does the ECG say about infarction?",
    ),
    "HYP": (
        "Is there hypertrophy, and of which chamber?", "Which chambers are enlarged?",
        "Do you see signs of hypertrophy?",
        "Name any hypertrophy or enlargement.", "Is the heart enlarged according to this ECG?",
        "Which hypertrophy does this ECG show?", "What about atrial or ventricular hypertrophy?",
        "Does this ECG show an enlarged atrium or ventricle?",
    ),
    "STTC": (
        "Which ST or T changes are present?", "Describe the ST/T changes.", "Is repolarisation abnormal?",
        "Are there ischaemic changes?", "What is wrong with the ST segment or T wave?",
        "Do you see ST/T changes?",
        "Name the repolarisation abnormalities.", "How do ST segment and T wave look?",
    ),
    "beats": (
        "Are there premature beats, and of which kind?", "Which extra beats do you see?",
        "Do you see extrasystoles?",
        "Is there any ectopy?", "What kind of ectopic beats are there?", "Are there any early beats?",
        "Name the premature beats of this recording.", "Does this recording contain ectopic beats?",
    ),
    "form": (
        "Which findings of form does this ECG show?", "What is abnormal about the form of the waves?",
        "Name the form-related findings.", "Which abnormalities of form do you see?",
        "List the findings that concern the form of the curve.", "How is the form of the waves abnormal?",
        "Which form-related signs are present?", "What findings of wave form are there?",
    ),
    "diagnoses": (
        "Which diagnoses does this ECG support?", "What are the diagnostic findings of this ECG?",
        "Name the diagnoses of this ECG.", "Which diagnostic statements apply?", "List the diagnostic findings.",
        "What would you diagnose from this ECG?", "Which diagnostic findings are present?",
        "What diagnoses can be read from this recording?",
    ),
}  # fmt: skip
_NONE_OF = {
    "CD": "No conduction disturbance is present.", "MI": "No sign of myocardial infarction is present.",
    "HYP": "No sign of hypertrophy is present.", "STTC": "No ST/T changes are present.",
    "beats": "No premature beats are present.", "form": "No finding of form is present.",
    "diagnoses": "No abnormal diagnostic finding is present.",
}  # fmt: skip
_FOCUSED = 0.3  # of the questions, in open words on one thing in the ECG
_TRIES = 6  # kinds of question that are drawn before a record is left
_CATEGORY = {code: "rhythm" if "r" in f.kinds else f.superclass or "form" for code, f in FINDINGS.items()}


def ask(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question with its answer.

    Args:
        view: what is shown.
        rng: decides kind and phrasing.
        balance: per code, "yes" minus "no" answers so far; kept near zero, so that a question does not tell its answer.
    """
    if view.is_long:
        return None
    for _ in range(_TRIES):
        if asked := _asked(view, rng, balance):
            return asked
    return None


def _asked(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question of a kind drawn by chance; None if nothing is known that it could ask for."""
    if rng.random() < _FOCUSED:
        return focused.ask(view, rng, balance)
    draw = rng.random()
    if rhythms.present(view) and rng.random() < 0.4:
        return rhythms.ask(view, rng, balance)
    if draw < 0.12:
        return knowledge.ask(view, rng)
    if draw < 0.22:
        return numeric.ask(view, rng, balance)
    if draw < 0.32:
        return leads.ask(view, rng, balance)
    if draw < 0.37:
        return counting.ask(view, rng, balance)
    if draw < 0.49 and (asked := attributes.ask(view, rng, balance) or rhythms.ask(view, rng, balance)):
        return asked
    if draw < 0.55 and (asked := classes.ask(view, rng, balance)):
        return asked
    if draw < 0.7:
        return _verify(view, rng, balance)
    return _choose(view, rng, balance) if draw < 0.8 else _query(view, rng, balance)


def _verify(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    absent = [code for code in CODES if view.has(code) is False]
    present = [code for code in view.present() if view.can_deny(code) or "subclass" in view.known]
    chosen = verified("verify", present, absent, balance, rng)
    if chosen is None:
        return None
    code, yes = chosen
    if code == "NORM":
        question, answer = _normal(view, rng, yes)
    else:
        question = _verify_question(code, rng)
        answer = _yes(view, code) if yes else _no(view, code)
    answered = "yes" if yes else "no"
    if question in _ABNORMAL_ASKED:
        answered = "no" if yes else "yes"
    return _dialogue(view, question, answer, "verify", [answered], [code] if yes else [])


def _verify_question(code: str, rng: random.Random) -> str:
    rhythm = "r" in FINDINGS[code].kinds and code not in ("BIGU", "TRIGU")
    patterns = [p for p in (_VERIFY_RHYTHM if rhythm else _VERIFY) if not (is_plural(code) and p.startswith("Is {x}"))]
    return rng.choice(patterns).format(x=noun(code), Be="Are" if is_plural(code) else "Is")


def _yes(view: View, code: str) -> str:
    rate = number(view.measurements, "heart_rate_bpm")
    if "r" in FINDINGS[code].kinds and rate:
        return f"Yes, this ECG shows {noun(code)}, at a rate of {rate}/min."
    return f"Yes, this ECG shows {noun(code)}."


def _no(view: View, code: str) -> str:
    rhythms = [c for c in RHYTHM_ORDER if view.has(c)]
    answer = f"No, this ECG shows no {bare(code)}."
    if "r" in FINDINGS[code].kinds and rhythms:
        return f"{answer} The rhythm is {rhythm_phrase(rhythms)}."
    return answer


def _normal(view: View, rng: random.Random, normal: bool) -> tuple[str, str]:
    question = rng.choice(_VERIFY_NORMAL)
    if question in _ABNORMAL_ASKED:
        lead_in = "No, this is a normal ECG." if normal else "Yes, this ECG is not normal"
    else:
        lead_in = "Yes, this is a normal ECG." if normal else "No, this ECG is not normal"
    if normal:
        return question, lead_in
    names = [noun(code) for code in by_importance(view.present())[:3]]
    names = names or [CLASS_NAMES[name] for name in CLASS_NAMES if name != "NORM" and view.has_class(name)]
    return question, f"{lead_in}: it shows {join(names)}." if names else f"{lead_in}."


def _choose(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    present = [code for code in view.present() if code != "NORM"]
    absent = [code for code in CODES if code != "NORM" and view.has(code) is False]
    chosen = _fair_choice(present, absent, balance, rng) if rng.random() < 0.85 else None
    if chosen:
        right, wrong = chosen
        codes, answer = [right], f"It shows {noun(right)}."
    else:
        groups: dict[str, list[str]] = {}
        for code in absent:
            groups.setdefault(_CATEGORY[code], []).append(code)
        choices = [codes for codes in groups.values() if len(codes) > 1]
        if not choices or balance["neither"] > balance["one of two"] // 5:
            return None
        right, wrong = rng.sample(rng.choice(choices), 2)
        codes, answer = [], f"Neither: this ECG shows no {bare(right)} and no {bare(wrong)}."
    balance["one of two" if codes else "neither"] += 1
    x, y = rng.sample((noun(right), noun(wrong)), 2)
    question = rng.choice(_CHOOSE).format(x=x, y=y, X=capital(x))
    return _dialogue(view, question, answer, "choose", [phrase(code) for code in codes] or ["none"], codes)


def _fair_choice(
    present: list[str], absent: list[str], balance: Counter[str], rng: random.Random
) -> tuple[str, str] | None:
    """A statement that holds, and one of its category that does not."""
    for right in rng.sample(present, len(present)):
        others = [code for code in absent if _CATEGORY[code] == _CATEGORY[right]]
        wrong = rival("choose", right, others, balance, rng)
        if wrong is not None:
            return right, wrong
    return None


def _query(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """Which ones of a topic; what is there is asked for more often than what is not."""
    known = [topic for topic in _QUERY if topics.is_known(view, topic)]
    if not known:
        return None
    topic = max(rng.sample(known, min(2, len(known))), key=lambda name: len(topics.codes_of(view, name)))
    codes = topics.codes_of(view, topic)
    if topic == "rhythm":
        usual = codes == ["SR"]
        if usual and balance["sinus rhythm"] > 0:
            return None
        balance["sinus rhythm"] += 1 if usual else -1
        rate = number(view.measurements, "heart_rate_bpm")
        answer = capital(rhythm_phrase(codes)) + (f", rate {rate}/min." if rate else ".")
        names = [phrase(code) for code in codes]
    else:
        names = [bare(code) for code in codes]
        names += [
            SUBCLASS_NAMES[s]
            for s in view.unnamed_subclasses()
            if SUBCLASS_NAMES.get(s) and topics.of_subclass(s) == topic
        ]
        names = names or ([CLASS_NAMES[topic]] if topic in CLASS_NAMES and view.has_class(topic) else [])
        if not names and balance[f"none of {topic}"] > 0:
            return None
        balance[f"none of {topic}"] += -1 if names else 2
        answer = f"{capital(join(names))}." if names else _NONE_OF[topic]
    asked = _dialogue(view, rng.choice(_QUERY[topic]), answer, "query", names or ["none"], codes)
    return replace(asked, gold={**asked.gold, "topic": topic})


def _dialogue(view: View, question: str, answer: str, kind: str, answers: list[str], codes: list[str]) -> Dialogue:
    return scored(view, question, answer, kind, answers, view.truth, codes=codes)
