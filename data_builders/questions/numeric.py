"""Numeric features as the ECG-QA grammar asks for them: within, above or below the normal range; which lie outside.

The features are those of Oh et al. (ECG-QA, 2023): RR interval, P duration, PR, QRS, QT, QT corrected, and the axis
beside them. All values are measured by anyecg.measure.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .view import Dialogue, View, scored
from .wording import capital, join

TRUTH = "measured by anyecg.measure"


@dataclass(frozen=True)
class Feature:
    """A number with its normal range in adults at rest."""

    name: str
    key: str
    unit: str
    low: float
    high: float
    """Kligfield et al. 2007; Surawicz et al. 2009; QTc by Bazett, Rautaharju et al. 2009 (450 ms in men). QT goes
    with the rate; 350-440 ms are the usual limits at rest (docs/decisions.md)."""


FEATURES = (
    Feature("RR interval", "heart_rate_bpm", " ms", 600, 1000), Feature("P duration", "p_ms", " ms", 0, 120),
    Feature("PR interval", "pr_ms", " ms", 120, 200), Feature("QRS duration", "qrs_ms", " ms", 0, 119),
    Feature("QTc", "qtc_bazett_ms", " ms", 350, 460), Feature("frontal axis", "axis_deg", "°", -30, 90),
    Feature("QT interval", "qt_ms", " ms", 350, 440),
)  # fmt: skip
_VERIFY = (
    "Is the {f} within the normal range?", "Is the {f} normal here?", "Does the {f} lie within its normal limits?",
    "Would you call the {f} normal?", "Is the {f} of this ECG in the normal range?", "Are the limits of the {f} kept?",
    "Is the {f} as it should be?", "Does this ECG have a normal {f}?",
)  # fmt: skip
_RANGE = (
    "Is the {f} below, within or above the normal range?", "In which range does the {f} lie?",
    "Which range does the {f} fall into: below, within or above normal?", "Is the {f} low, normal or high?",
    "Where does the {f} lie with respect to the normal range?", "How does the {f} compare with its normal range?",
    "Does the {f} fall below, within or above normal limits?", "Classify the {f}: below, within or above normal.",
)  # fmt: skip
_CHOOSE = (
    "Is the {f} {a} or {b} the normal range?", "Does the {f} lie {a} or {b} its normal range?",
    "The {f}: {a} or {b} the normal limits?", "Choose for the {f}: {a} or {b} normal.",
    "Decide whether the {f} is {a} or {b} normal limits.", "Which is right of the {f}: {a} or {b} the normal range?",
    "Would you place the {f} {a} or {b} the normal range?", "Is the {f} found {a} or {b} its limits?",
)  # fmt: skip
_QUERY = (
    "Which measured values are outside their normal range?", "Which numeric features are not normal?",
    "Are any of the intervals outside their limits, and which?", "Name the measurements that are abnormal.",
    "Which values of this ECG are abnormal?", "Which of the numbers lie outside the normal range?",
    "List the intervals that are not normal.", "What is abnormal among the measured values?",
)  # fmt: skip


def value_of(feature: Feature, measurements: Mapping[str, Any]) -> float | None:
    """The value as it is printed, or None."""
    value = measurements.get(feature.key)
    if value is None:
        return None
    return round(60_000 / value) if feature.name == "RR interval" else round(value)


def status(feature: Feature, view: View) -> str | None:
    """ "below", "within" or "above" the normal range; None where nothing was measured."""
    value = value_of(feature, view.measurements)
    if value is None:
        return None
    high = 450 if feature.key == "qtc_bazett_ms" and view.record.sex == "male" else feature.high
    return "below" if value < feature.low else "above" if value > high else "within"


def outside(view: View) -> list[str]:
    """Names of the features that lie outside their range."""
    return [feature.name for feature in FEATURES if status(feature, view) in ("below", "above")]


def known(view: View) -> list[Feature]:
    """The features that were measured."""
    return [feature for feature in FEATURES if status(feature, view)]


def ask(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question on one ECG.

    Args:
        balance: per feature, answers "within" minus others so far; kept near zero as far as the ECGs allow.
    """
    features = known(view)
    if not features:
        return None
    if rng.random() < 0.2 and len(features) == len(FEATURES):
        names = outside(view)
        answer = f"{capital(join(names))}." if names else "None of them."
        options = {feature.name: feature.name for feature in FEATURES}
        return _dialogue(view, rng.choice(_QUERY), answer, "numeric query", names or ["none"], options)
    feature = min(features, key=lambda f: (balance[f.name] * (1 if status(f, view) == "within" else -1), rng.random()))
    lies = str(status(feature, view))
    balance[feature.name] += 1 if lies == "within" else -1
    said = f"the {feature.name} is {value_of(feature, view.measurements)}{feature.unit}"
    limits, draw = _limits(feature, view), rng.random()
    if draw < 0.2:
        return _choose(view, feature, lies, f"{said} ({limits})", rng)
    if draw < 0.7:
        word = "Yes" if lies == "within" else "No"
        where = "which is normal" if lies == "within" else f"{lies} the normal range"
        answer = f"{word}, {said}, {where} ({limits})."
        return _dialogue(view, rng.choice(_VERIFY).format(f=feature.name), answer, "numeric verify", [word.lower()])
    answer = f"{capital(lies)}: {said} ({limits})."
    return _dialogue(view, rng.choice(_RANGE).format(f=feature.name), answer, "numeric range", [lies])


def _choose(view: View, feature: Feature, lies: str, said: str, rng: random.Random) -> Dialogue:
    """One of two ranges, or neither."""
    ranges = ("below", "within", "above")[feature.low == 0 :]
    others = [name for name in ranges if name != lies]
    neither = len(others) == 2 and rng.random() < 0.33
    a, b = rng.sample(others if neither else [lies, rng.choice(others)], 2)
    answer = f"{'Neither' if neither else capital(lies)}: {said}."
    question = rng.choice(_CHOOSE).format(f=feature.name, a=a, b=b)
    options = {name: name for name in ranges}
    return _dialogue(view, question, answer, "numeric choose", ["none"] if neither else [lies], options)


def _limits(feature: Feature, view: View) -> str:
    high = 450 if feature.key == "qtc_bazett_ms" and view.record.sex == "male" else feature.high
    if feature.low == 0:
        return f"normal up to {high:g}{feature.unit}"
    return f"normal {feature.low:g}{'° to ' if feature.unit == '°' else '-'}{high:g}{feature.unit}"


def _dialogue(
    view: View, question: str, answer: str, kind: str, answers: list[str], options: Mapping[str, str] | None = None
) -> Dialogue:
    return scored(view, question, answer, kind, answers, TRUTH, options)
