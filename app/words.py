"""The words of the evidence: what each measured number is called, means and should be, in plain English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from anyecg.measure.normal import LIMITS, judge

ORIGINS = {
    "model": "Written by the language model, then held against the evidence.",
    "evidence": "Taken from the measurements and the network's probabilities, without the language model.",
    "knowledge": "A prepared text with its source, not a reading of this ECG.",
    "scope": "A prepared sentence.",
}
"""Who says so, as the reader of an answer is told; the keys are those of `anyecg.answer.ORIGINS`."""
BEAT_NAMES = {"N": "normal", "S": "early from the atria", "V": "early from the ventricles", "P": "paced"}
MEANINGS = {
    "Probability": "Of 100 ECGs with this value, about so many had the finding, among ECGs like those that the "
    "network learned from. Blue: above the limit from which the finding counts as seen.",
    "Cannot be judged": "The leads that would show it are missing or too poor. It may be there or not.",
    "Normal": "The range in most healthy adults at rest. Children, athletes and medication have other ranges.",
    "PVC, PAC": "Premature ventricular and premature atrial contraction: a beat that comes early, from the "
    "ventricles or from the atria.",
    "J, J+60, J+80": "The level of the ST segment where the QRS ends, and 60 and 80 ms later.",
    "Day to day": "How much a number varies in one person without any illness; * marks a larger change.",
}


_MENDED = re.compile(r"; (?:it was added|it was taken out|corrected to .+)\.$")
"""How a sentence ends that tells of something already put right; see `anyecg.mending`."""


def contradictions_and_corrections(sentences: Iterable[str]) -> tuple[list[str], list[str]]:
    """Where text and evidence still disagree, and what was put right in the text, both in plain words."""
    said = [re.sub(r"(?:finding|event) head", "network", sentence) for sentence in sentences]
    return [s for s in said if not _MENDED.search(s)], [s for s in said if _MENDED.search(s)]


@dataclass(frozen=True)
class Row:
    """One line of the table of measurements."""

    name: str
    keys: tuple[str, ...]
    """Of `Measurements.to_dict()`; two make a range."""
    unit: str
    meaning: str


ROWS = (
    Row("Heart rate", ("heart_rate_bpm",), "/min", "Beats per minute, on average over the recording."),
    Row("Lowest to highest rate", ("heart_rate_min_bpm", "heart_rate_max_bpm"), "/min",
        "Lowest and highest heart rate, each over eight beats in a row."),
    Row("Spread of RR", ("rr_sd_ms",), "ms",
        "How much the time from beat to beat (RR) varies: its standard deviation over all beats, early ones included."),
    Row("P duration", ("p_ms",), "ms", "How long the atria take to be excited."),
    Row("PR interval", ("pr_ms",), "ms", "From the start of the P wave to the start of the QRS: atria to ventricles."),
    Row("QRS duration", ("qrs_ms",), "ms", "How long the ventricles take to be excited."),
    Row("QT interval", ("qt_ms",), "ms", "From the start of the QRS to the end of the T wave; shorter at fast rates."),
    Row("QTc (Bazett)", ("qtc_bazett_ms",), "ms", "QT corrected for the heart rate, the usual formula."),
    Row("QTc (Fridericia)", ("qtc_fridericia_ms",), "ms", "QT corrected for the rate; better at fast rates."),
    Row("QTc (Framingham)", ("qtc_framingham_ms",), "ms", "QT corrected for the rate, a linear formula."),
    Row("QTc (Hodges)", ("qtc_hodges_ms",), "ms", "QT corrected for the rate, a linear formula."),
    Row("QRS axis", ("axis_deg",), "°", "Main direction of the QRS seen from the front; 0° points to the left arm."),
    Row("P axis", ("p_axis_deg",), "°", "Main direction of the P wave seen from the front."),
    Row("T axis", ("t_axis_deg",), "°", "Main direction of the T wave seen from the front."),
    Row("QRS-T angle, front", ("qrs_t_angle_deg",), "°", "Between the QRS axis and the T axis."),
    Row("QRS-T angle in space", ("spatial_qrs_t_angle_deg",), "°", "Between QRS and T in three dimensions."),
    Row("Sokolow-Lyon voltage", ("sokolow_lyon_mv",), "mV",
        "S in V1 plus the taller R of V5 and V6; high values suggest a thick left ventricle."),
    Row("Cornell voltage", ("cornell_mv",), "mV", "R in aVL plus S in V3; high values suggest a thick left ventricle."),
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A measured value as it is shown."""

    name: str
    value: str
    verdict: str = ""
    """"long", "slightly short" … where there is a normal range and the value is outside."""
    normal: str = ""
    meaning: str = ""


def measured_lines(values: Mapping[str, Any], sex: str | None = None) -> list[Line]:
    """What was measured in one ECG, or why it was not.

    Args:
        values: `Measurements.to_dict()`.
        sex: "female", "male" or None; the limit of QTc depends on it.
    """
    lines = [line for row in ROWS if (line := _line(row, values, sex))]
    if values.get("rhythm_regularity"):
        lines.insert(1, Line("Rhythm", str(values["rhythm_regularity"])))
    return lines


def _line(row: Row, values: Mapping[str, Any], sex: str | None) -> Line | None:
    numbers = [values.get(key) for key in row.keys]
    if any(number is None for number in numbers):
        reasons = values.get("not_measurable") or {}
        reason = next((reasons[key] for key in row.keys if key in reasons), None)
        return Line(row.name, f"not measurable: {reason}", meaning=row.meaning) if reason else None
    digits = 2 if row.unit == "mV" else 0
    shown = list(dict.fromkeys(f"{number:.{digits}f}" for number in numbers))
    value = " to ".join(shown) + ("" if row.unit in ("°", "/min") else " ") + row.unit
    limit = LIMITS.get(row.keys[0]) if len(row.keys) == 1 else None
    if not limit or not limit.normal:
        return Line(row.name, value, meaning=row.meaning)
    verdict = judge(row.keys[0], float(numbers[0] or 0.0), sex)
    by_sex = dict(zip(("male", "female"), limit.normal.split(", "), strict=False))  # "… in men, … in women"
    normal = by_sex.get(sex or "", limit.normal) if len(by_sex) == 2 else limit.normal
    return Line(row.name, value, "" if verdict == "normal" else verdict, normal, row.meaning)
