"""Normal ranges of measured numbers in adults at rest, and the words and sentences that judge a number by them.

Rate, PR, QRS and axis: AHA/ACCF/HRS recommendations (Kligfield et al. 2007; Surawicz et al. 2009); QTc: Rautaharju et
al. 2009, part IV; single leads: Kligfield et al. 2007 (ST), Rautaharju et al. 2009 (T), Thygesen et al. 2018 (Q).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ST_MV = 0.1
"""Elevation or depression of the ST segment that counts in one lead."""
T_MV = -0.1
"""A T wave this negative is inverted."""
Q_MV = -0.1
"""A Q wave this deep counts; the universal definition also asks for 30 ms."""
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


def say(measurements: Mapping[str, Any], key: str, sex: str | None) -> str:
    """One sentence with the number, its unit and how it lies to the normal range, or why it could not be measured.

    Args:
        measurements: `Measurements.to_dict()`.
        key: one of `LIMITS`.
        sex: "male", "female" or None, which decides the limit of QTc.
    """
    limit, shown = LIMITS[key], _printed(measurements, key)
    if shown is None:
        reasons = measurements.get("not_measurable") or {}
        reason = (
            str(reasons.get(key) or "it is not clear enough in this recording")
            .rstrip(".")
            .replace("wave found", "wave was found")
        )
        reason = re.sub(r"^[Nn]o (?=(?:P waves|limb leads|chest leads)\b)", "there are no ", reason)
        return f"The {limit.name} cannot be measured because {reason[:1].lower() + reason[1:]}."
    if key == "qt_ms":
        qtc = _printed(measurements, "qtc_bazett_ms")
        corrected = f"; corrected for the rate, the QTc is {qtc} ms" if qtc else ""
        return f"The {limit.name} is {shown} ms{corrected}."
    verdict = judge(key, measurements[key], sex)
    if key == "axis_deg":
        said = "which is normal" if verdict == "normal" else _AXIS_WORDS[verdict]
        return f"The {limit.name} is {shown}°, {said} (normal {limit.normal})."
    return f"The {limit.name} is {shown}{limit.unit}, which is {verdict} (normal {_range(key, sex)})."


def _range(key: str, sex: str | None) -> str:
    if key != "qtc_bazett_ms":
        return LIMITS[key].normal
    return {"male": "350-450 ms", "female": "350-460 ms"}.get(sex or "", LIMITS[key].normal)


def _printed(measurements: Mapping[str, Any], key: str) -> str | None:
    value = measurements.get(key)
    return None if value is None else f"{value:.0f}"
