"""Questions for measured numbers: rate, PR, QRS, QT, QTc, axis, regularity; answered with unit and judgement."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from .view import Dialogue, View
from .wording import capital, join, number

_AXIS_WORDS = {
    "left": "a left axis deviation", "slightly left": "a slight left axis deviation",
    "right": "a right axis deviation",
    "slightly right": "a slight right axis deviation", "extreme": "an extreme axis deviation",
}  # fmt: skip
# Outside the limits by no more than this is "slightly".
_SLIGHT = {"heart_rate_bpm": 5, "pr_ms": 20, "qrs_ms": 10, "qtc_bazett_ms": 20, "axis_deg": 15}


@dataclass(frozen=True)
class Limit:
    """The normal range of a measured number, in adults at rest."""

    name: str
    short: str
    unit: str
    low: float
    high: float
    below: str
    above: str
    normal: str


LIMITS = {
    "heart_rate_bpm": Limit("heart rate", "rate", "/min", 60, 100, "slow", "fast", "60-100/min"),
    "pr_ms": Limit("PR interval", "PR", " ms", 120, 200, "short", "long", "120-200 ms"),
    "qrs_ms": Limit("QRS duration", "QRS", " ms", 0, 119, "short", "wide", "below 120 ms"),
    "qt_ms": Limit("QT interval", "QT", " ms", 0, 0, "", "", ""),
    "qtc_bazett_ms": Limit("QTc by Bazett", "QTc", " ms", 350, 460, "short", "long",
    "350-450 ms in men, 350-460 ms in women"),
    "axis_deg": Limit("frontal QRS axis", "axis", "°", -30, 90, "left", "right", "-30° to 90°"),
}  # fmt: skip
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


def ask(view: View, rng: random.Random) -> Dialogue | None:
    """A question for a number with its answer; None if nothing was measured."""
    if view.is_long or not view.measurements:
        return None
    draw = rng.random()
    if draw < 0.1:
        question, answer, gold = rng.choice(_ALL), _say_all(view), {"key": "all", "value": _values(view)}
    elif draw < 0.2 and view.measurements.get("rhythm_regularity"):
        question, answer, gold = rng.choice(_REGULAR), _say_regularity(view), _gold(view, "rhythm_regularity")
    else:
        key = rng.choice(tuple(LIMITS))
        question = rng.choice(_PATTERNS).format(rng.choice(_ASKED[key]))
        answer, gold = say(view, key), _gold(view, key)
    return Dialogue("measurement", (view,), ((question, answer),), ("measured by anyecg.measure",), gold)


def judge(key: str, value: float, sex: str | None) -> str:
    """The word for where the value, rounded as it is printed, lies: "normal", "long", "slightly long", …"""
    limit, shown = LIMITS[key], round(value)
    high = 450 if key == "qtc_bazett_ms" and sex == "male" else limit.high
    if key == "axis_deg" and (shown > 180 or shown < -90):
        return "extreme"
    outside = max(limit.low - shown, shown - high, 0)
    if not outside:
        return "normal"
    word = limit.below if shown < limit.low else limit.above
    return f"slightly {word}" if outside <= _SLIGHT[key] else word


def say(view: View, key: str) -> str:
    """One sentence with the number, its unit and how it lies to the normal range."""
    limit, shown = LIMITS[key], number(view.measurements, key)
    if shown is None:
        reasons = view.measurements.get("not_measurable") or {}
        reason = (
            str(reasons.get(key) or "it is not clear enough in this recording")
            .rstrip(".")
            .replace("wave found", "wave was found")
        )
        return f"The {limit.name} cannot be measured because {reason[:1].lower() + reason[1:]}."
    if key == "qt_ms":
        qtc = number(view.measurements, "qtc_bazett_ms")
        corrected = f"; corrected for the rate, the QTc is {qtc} ms" if qtc else ""
        return f"The {limit.name} is {shown} ms{corrected}."
    verdict = judge(key, view.measurements[key], view.record.sex)
    if key == "axis_deg":
        said = "which is normal" if verdict == "normal" else _AXIS_WORDS[verdict]
        return f"The {limit.name} is {shown}°, {said} (normal {limit.normal})."
    return f"The {limit.name} is {shown}{limit.unit}, which is {verdict} (normal {_range(key, view.record.sex)})."


def _range(key: str, sex: str | None) -> str:
    if key != "qtc_bazett_ms":
        return LIMITS[key].normal
    return {"male": "350-450 ms", "female": "350-460 ms"}.get(sex or "", "350-460 ms")


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
