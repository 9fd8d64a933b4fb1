"""The numbers by which several ECGs are compared: how each is asked for, its normal range, and how far it may vary."""

from __future__ import annotations

from dataclasses import dataclass

from ..evidence import Evidence
from ..measure.serial_limits import QUANTITIES


@dataclass(frozen=True)
class Feature:
    """A number that several ECGs are compared by, with its normal range in adults at rest (see measure.normal)."""

    key: str
    name: str
    cue: str
    unit: str
    low: float
    high: float
    """QT goes with the rate; 350-440 ms are the usual limits at rest."""


FEATURES = (
    Feature(
        "qtc_bazett_ms", "QTc", r"qtc(?: interval| time)?(?: by bazett)?|(?:corrected qt|qt corrected)(?: interval)?",
        " ms", 350, 460,
    ),
    Feature("qt_ms", "QT interval", r"(?:uncorrected )?qt(?: interval| time| duration)?s?", " ms", 350, 440),
    Feature("p_ms", "P duration", r"p(?:[ -]waves?)? (?:duration|width)", " ms", 0, 120),
    Feature("pr_ms", "PR interval", r"p[rq](?: intervals?| times?| durations?)?", " ms", 120, 200),
    Feature("qrs_ms", "QRS duration", r"qrs(?: complex(?:es)?)?(?: durations?| widths?)?", " ms", 0, 119),
    Feature("axis_deg", "frontal axis", r"(?:frontal |heart |electrical |qrs )?axis", "°", -30, 90),
    Feature("rr_ms", "RR interval", r"r-?r(?: interval)?", " ms", 600, 1000),
    Feature(
        "heart_rate_bpm", "heart rate",
        r"(?:heart |ventricular )?rates?|pulse|hr|frequency|how fast|rvr|(?:rapid )?ventricular response",
        "/min", 60, 100,
    ),
)  # fmt: skip
DAY_TO_DAY = {quantity.key: quantity.limit for quantity in QUANTITIES} | {"qtc_bazett_ms": 40.0}
"""How far a number moves from day to day; that of QTc is Fridericia's (`measure.serial_limits`)."""
SAME = {"heart_rate_bpm": 2.0, "axis_deg": 5.0}
"""Values nearer than this, or than 5 ms, are not told apart: the error of the measurement."""


def value(feature: Feature, evidence: Evidence) -> float | None:
    """The number as it is printed, or None."""
    key = "heart_rate_bpm" if feature.key == "rr_ms" else feature.key
    measured = evidence.measurements.get(key)
    if measured is None:
        return None
    return float(round(60_000 / measured if feature.key == "rr_ms" else measured))


def shown(feature: Feature, number: float | None) -> str:
    """The number with its unit, or "?"."""
    return "?" if number is None else f"{number:.0f}{feature.unit}"


def is_outside(feature: Feature, evidence: Evidence) -> bool | None:
    """Whether the number lies outside its normal range; None where it was not measured."""
    number = value(feature, evidence)
    high = 450 if feature.key == "qtc_bazett_ms" and evidence.record.sex == "male" else feature.high
    return None if number is None else not feature.low <= number <= high
