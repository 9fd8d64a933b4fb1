"""Rhythms without an SCP statement, critical ones among them: ventricular fibrillation, asystole, escape rhythms …

They come from the simulator's truth (`View.facts["rhythms"]`: name, start, end), asked as verify, choose and query.
"""

from __future__ import annotations

import random
from collections import Counter

from .balance import verified
from .localization import say_intervals
from .view import Dialogue, View, scored
from .wording import RHYTHM_ORDER, capital, join

EMERGENCIES = (
    "ventricular fibrillation", "asystole", "polymorphic ventricular tachycardia",
    "monomorphic ventricular tachycardia", "failure of the pacemaker to capture",
)  # fmt: skip
NAMES = (
    *EMERGENCIES, "idioventricular rhythm", "accelerated idioventricular rhythm", "junctional rhythm",
    "atrial tachycardia", "supraventricular tachycardia", "third-degree AV block",
    "second-degree AV block of Mobitz type I", "second-degree AV block of Mobitz type II", "2:1 AV block",
    "sinus pause",
)  # fmt: skip
_VERIFY = (
    "Is there {x}?", "Does this ECG show {x}?", "Do you see {x}?", "Is {x} present in this recording?",
    "Check this ECG for {x}.", "Can {x} be seen here?", "Would you diagnose {x}?", "Is this compatible with {x}?",
)  # fmt: skip
_CHOOSE = (
    "Is it {x} or {y}?", "Which is present, {x} or {y}?", "Does this ECG show {x} or {y}?", "{X} or {y}?",
    "Decide between {x} and {y}.", "Do you see {x} or {y}?", "Which fits better: {x} or {y}?", "Choose: {x} or {y}.",
)  # fmt: skip
_QUERY = (
    "Which rhythm disturbance is shown?", "What is wrong with the rhythm?", "Name the rhythm disturbance.",
    "What rhythm disturbance do you see?", "Which disturbance of the rhythm is there?",
    "What is the main rhythm problem?",
    "Which arrhythmia does this ECG show?", "Identify the arrhythmia, please.",
)  # fmt: skip


def present(view: View) -> list[str]:
    """The rhythms of a whole record, the most urgent first."""
    names = {row["name"] for row in view.facts.get("rhythms", ())}
    return [name for name in NAMES if name in names]


def unnamed(view: View) -> list[str]:
    """Those that the statements of a record leave out, so that a comparison of statements would hide them."""
    named = {"third-degree AV block", "2:1 AV block"} | {name for name in NAMES if name.startswith("second-degree")}
    return [] if view.has("3AVB") else [name for name in present(view) if name not in named]


def emergency(view: View) -> bool:
    """Whether one of the rhythms is an emergency; rate and intervals of the whole then mix two rhythms."""
    return any(name in EMERGENCIES for name in present(view))


def places(view: View, name: str) -> list[tuple[float, float]]:
    """Where a rhythm is, in seconds to a tenth."""
    rows = (row for row in view.facts.get("rhythms", ()) if row["name"] == name)
    return [(round(row["start_s"], 1), round(row["end_s"], 1)) for row in rows]


def said(view: View, name: str) -> str:
    """ "Asystole at 3.4-10.0 s"."""
    return f"{capital(name)} {say_intervals(places(view, name), view.record.duration_s)}"


def without_beats(view: View) -> bool:
    """Whether fibrillation or asystole fills most of the record, so that rate and intervals mean nothing."""
    spans = [span for name in ("ventricular fibrillation", "asystole") for span in places(view, name)]
    return sum(end - start for start, end in spans) > 0.5 * view.record.duration_s


def ask(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question on these rhythms; None where a record says nothing of them.

    Args:
        balance: per rhythm, "yes" minus "no" answers so far; kept near zero.
    """
    if "rhythms" not in view.facts:
        return None
    there, draw = present(view), rng.random()
    if there and draw < 0.35:
        answer = f"{'. '.join(said(view, name) for name in there)}."
        return _dialogue(view, rng.choice(_QUERY), answer, "rhythm query", there, NAMES)
    absent = [name for name in NAMES if name not in there and not _may_be(view, name)]
    if there and draw < 0.55:
        right, wrong = rng.choice(there), rng.choice(absent)
        x, y = rng.sample((right, wrong), 2)
        question = rng.choice(_CHOOSE).format(x=_with_article(x), y=_with_article(y), X=capital(_with_article(x)))
        return _dialogue(view, question, f"{said(view, right)}.", "rhythm choose", [right], (x, y))
    chosen = verified("rhythm", there, absent, balance, rng)
    if chosen is None:
        return None
    name, yes = chosen
    question = rng.choice(_VERIFY).format(x=_with_article(name))
    answer = f"Yes: {said(view, name)[0].lower() + said(view, name)[1:]}." if yes else f"No, there is no {name}."
    return _dialogue(view, question, answer, "rhythm verify", ["yes" if yes else "no"], ())


def _may_be(view: View, name: str) -> bool:
    """Whether a "no" could mislead, because a statement says much the same."""
    if name == "sinus pause" and "asystole" in present(view):
        return True
    if name == "supraventricular tachycardia" and "atrial tachycardia" in present(view):
        return True
    return name == "atrial tachycardia" and any(view.has(code) for code in RHYTHM_ORDER if code in ("SVTAC", "PSVT"))


def _with_article(name: str) -> str:
    article = (
        "an " if name.startswith(("idio", "accel")) else "a " if name.startswith(("junctional", "sinus p")) else ""
    )
    return article + name


def _dialogue(
    view: View, question: str, answer: str, kind: str, answers: list[str], options: tuple[str, ...]
) -> Dialogue:
    return scored(view, question, answer, kind, answers, f"{view.truth}: episodes", {name: name for name in options})


def conclusion(view: View) -> str:
    """What a report ends with where an emergency is present, else ""."""
    urgent = [name for name in present(view) if name in EMERGENCIES]
    return f"Conclusion: {join(urgent)}, an emergency." if urgent else ""
