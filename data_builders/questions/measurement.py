"""Questions for measured numbers: rate, PR, QRS, QT, QTc, axis, regularity; answered with unit and judgement."""

from __future__ import annotations

import random
from typing import Any

from anyecg.measure import normal
from anyecg.measure.normal import LIMITS, judge

from .view import Dialogue, View
from .wording import capital, join, number

_ASKED = {
    "heart_rate_bpm": ("heart rate", "rate", "ventricular rate", "pulse rate"),
    "pr_ms": ("PR interval", "PR time", "PQ interval"),
    "qrs_ms": ("QRS duration", "QRS width", "width of the QRS complex"),
    "qt_ms": ("QT interval", "uncorrected QT interval", "QT time"),
    "qtc_bazett_ms": ("QTc", "corrected QT interval", "QTc by Bazett"),
    "axis_deg": ("axis", "electrical axis", "frontal QRS axis", "heart axis"),
}
_PATTERNS = (
    "What is the {}?", "What is the {} of this ECG?", "Tell me the {}.", "Please measure the {}.",
    "Give me the {} and say whether it is normal.", "Is the {} normal?", "Which value does the {} have?",
    "How would you judge the {} here?", "Read off the {}.", "What do you measure as the {}?",
)  # fmt: skip
_REGULAR = (
    "Is the rhythm regular?", "Are the beats regular?", "Is this rhythm regular or irregular?",
    "How regular are the RR intervals?",
    "Does the rhythm look regular to you?", "Do the beats come at regular intervals?",
    "Regular or irregular?",
    "Please judge the regularity of the rhythm.",
)  # fmt: skip
_ALL = (
    "Give me all the intervals.", "List the measurements of this ECG.",
    "What are rate, PR, QRS, QT, QTc and axis?",
    "Which values do you measure?", "Please list the basic measurements.", "Measure this ECG.",
    "What are the numbers of this recording?", "Rate, intervals and axis, please.",
)  # fmt: skip


__all__ = ["LIMITS", "ask", "judge", "say", "without_pr"]


def ask(view: View, rng: random.Random) -> Dialogue | None:
    """A question for a number with its answer; None if nothing was measured, or on a signal that nobody can judge."""
    if view.is_long or not view.measurements:
        return None
    quality = view.measurements.get("quality") or {}
    if quality and "good" not in quality.values():
        return None
    draw = rng.random()
    if draw < 0.1:
        question, answer, gold = rng.choice(_ALL), _say_all(view), {"key": "all", "value": _values(view)}
    elif draw < 0.2 and view.measurements.get("rhythm_regularity"):
        question, answer, gold = rng.choice(_REGULAR), _say_regularity(view), _gold(view, "rhythm_regularity")
    else:
        key = rng.choice(tuple(LIMITS))
        if key == "pr_ms" and view.measurements.get(key) is not None and without_pr(view):
            return None
        patterns = _PATTERNS if LIMITS[key].normal else [p for p in _PATTERNS if "normal" not in p and "judge" not in p]
        question = rng.choice(patterns).format(rng.choice(_ASKED[key]))
        answer, gold = say(view, key), _gold(view, key)
    return Dialogue("measurement", (view,), ((question, answer),), ("measured by anyecg.measure",), gold)


def without_pr(view: View) -> bool:
    """Whether a rhythm is stated that has no PR interval, so that a measured one is a mistake."""
    return any(view.has(code) for code in ("AFIB", "AFLT", "3AVB"))


def say(view: View, key: str) -> str:
    """`anyecg.measure.normal.say` of a view."""
    return normal.say(view.measurements, key, view.record.sex)


def _say_all(view: View) -> str:
    shown = {key: number(view.measurements, key) for key in LIMITS}
    have = [f"{LIMITS[key].short} {value}{LIMITS[key].unit}" for key, value in shown.items() if value is not None]
    lacking = [LIMITS[key].short for key, value in shown.items() if value is None]
    text = f"{capital(', '.join(have))}." if have else ""
    return (text + (f" {capital(join(lacking))} cannot be measured." if lacking else "")).strip()


def _say_regularity(view: View) -> str:
    regularity, rate = view.measurements["rhythm_regularity"], number(view.measurements, "heart_rate_bpm")
    return f"The rhythm is {regularity}" + (f", at a rate of {rate}/min." if rate else ".")


def _values(view: View) -> dict[str, float | None]:
    return {key: view.measurements.get(key) for key in LIMITS}


def _gold(view: View, key: str) -> dict[str, Any]:
    return {"key": key, "value": view.measurements.get(key)}
