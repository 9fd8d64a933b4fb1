"""Which measurement a number belongs to, by its unit, name and size; which leads, and with which sign."""

from __future__ import annotations

import re

from . import claim_names as names
from .claim_names import Word

_FILLER = (
    r"(?:interval|intervals|int|durations?|dur|width|time|complex(?:es)?|rate|is|was|are|of|at|about|around|"
    r"approximately|"
    r"approx|roughly|circa|ca|near|nearly|measured|measures|measuring|comes to|amounts to|equals|reads?|calculated|"
    r"estimated|an?|the|normal|unremarkable|prolonged|long|short|wide|narrow|value|points to|lies|with|degrees|in ms|"
    r"ms|bpm|mean|frontal|plane|now|lead|index|ratio|ms/bpm)"
)
_CLOSE = re.compile(rf"(?:[\s:=(~|@*)]|{_FILLER}\b)*")
_NO_UNIT_BUT = re.compile(
    r"\s*-?\s*(?:leads?|mm|mv|%|s\b|x\b|times|of \d|years?|y\b|pvcs?|pacs?|h\b|hours?|/\s*\d|min\b|minutes?|"
    r"days?|ecgs?|beats?|st\b|"
    r"premature|extra|square|small|large)"
)
_PLAUSIBLE = {
    "axis": (-180, 270),
    "qt": (150, 800),
    "pr": (20, 700),
    "qrs": (10, 400),
    "p": (10, 300),
    "rr": (180, 4000),
}
_DOWN = re.compile(r"\b(?:depress\w*|std)\b")
_UP = re.compile(r"\b(?:elevat\w*|ste)\b")
_INVERTED = re.compile(r"\b(?:invert\w*|inversions?|negative)\b")
_TRAILING_LEADS = re.compile(
    r"\s*\)?,?\s*(?:each )?(?:(?:is|are|was|were) (?:seen |present |found |visible |noted |"
    r"recorded )?)?(?:\(?(?:of |deep |high |tall )?(?:st[- ]\w+ )?(?:in|at|for|over|across|on) (?:the )?|\(|"
    r"leads? |(?=leads? ))"
)
_OF_LAST_VALUE = re.compile(r"\s*\)?\s*(?:\((?:in |at |for |of )?|(?:in|at|for|over|of)\s)(?:leads? )?(?:the )?")
_HEADING = re.compile(r"\s*(?:[:=|]|shows?\b|has\b|had\b)")


_AXIS_OF = {
    "": "axis_deg",
    "rhythm": "axis_deg",
    "qrs_ms": "axis_deg",
    "r_mv": "axis_deg",
    "p_mv": "p_axis_deg",
    "t_mv": "t_axis_deg",
}
"""In degrees, "P 50°, QRS 45°, T 30°" are axes."""


def key_of(unit: str, name: str, gap: str, after: str, value: float) -> tuple[str, float] | None:
    """Which measurement a number belongs to, by its unit and name, with the size of the unit; or None."""
    if re.fullmatch(names.PER_MINUTE, unit):
        return (name if name in names.RATE_KEYS else "heart_rate_bpm"), 1.0
    if re.fullmatch(names.HZ, unit):
        return ("heart_rate_bpm", 60.0) if name == "heart_rate_bpm" and value < 5 else None
    if re.fullmatch(names.DEGREES, unit):
        angle = name if name in names.ANGLE_KEYS else _AXIS_OF.get(name)
        return (angle, 1.0) if angle else None
    for pattern, scale in ((names.MV, 1.0), (names.UV, 0.001), (names.MM, 0.1)):
        if re.fullmatch(pattern, unit):
            return (name, scale) if name in names.WAVE_KEYS + names.INDEX_KEYS else None
    name = "p_ms" if name == "p_mv" else name
    if re.fullmatch(names.MS, unit):
        return (name, 1.0) if name in names.INTERVAL_KEYS and len(gap) <= 60 else None
    if re.fullmatch(names.S, unit):  # "QRS at 3.2 s" is a place in time, "QRS 0.09 s" a duration
        is_place = len(gap) > 60 or (re.search(r"\b(?:at|in|after|within|complex|beats?)\b", gap) and value >= 1)
        return (name, 1000.0) if name in names.INTERVAL_KEYS and not is_place and value < 3 else None
    return None if unit else _key_without_unit(name, gap, after, value)


def _key_without_unit(name: str, gap: str, after: str, value: float) -> tuple[str, float] | None:
    """A bare number right behind its name, if it is of the size of the name's usual unit."""
    gap = re.sub(r" in .*", "", gap) if name == "r_s" else gap
    if len(gap) > 40 or not _CLOSE.fullmatch(gap) or _NO_UNIT_BUT.match(after):
        return None
    if name == "rhythm":
        return ("heart_rate_bpm", 1.0) if re.search(r"(?:\bat|@) *$", gap) and 20 <= value <= 350 else None
    if name in names.RATE_KEYS:
        return (name, 1.0) if 15 <= value <= 400 else None
    if name == "r_s":
        return name, 1.0
    if name in names.INDEX_KEYS:
        return name, 1.0 if value < 10 else 0.1
    if name not in names.INTERVAL_KEYS + names.ANGLE_KEYS:
        return None
    if name in names.INTERVAL_KEYS and 0.03 <= value < 3:
        return name, 1000.0
    low, high = _PLAUSIBLE["axis" if name in names.ANGLE_KEYS else name.split("_")[0].removesuffix("c")]
    return (name, 1.0) if low <= value <= high else None


def leads_for(
    sentence: str, words: list[Word], name: Word, match: re.Match[str], previous_end: int, following: int
) -> tuple[str, ...]:
    """The leads of an amplitude: between name and value, behind the value, or the last ones before."""
    groups = [w for w in words if w.what == "leads"]
    start = max(name.end - 1, previous_end) if name.end <= match.start() else previous_end
    own = [w for w in groups if not (previous_end and _OF_LAST_VALUE.fullmatch(sentence, previous_end, w.start))]
    between = [w for w in own if start <= w.start and w.end <= match.start()]
    if between:
        return between[-1].leads
    for word in groups:
        if match.end() <= word.start < following:
            lead_in = sentence[match.end() : word.start]
            behind_name = name.start >= match.end() and lead_in.startswith(sentence[match.end() : name.end])
            lead_in = sentence[name.end : word.start] if behind_name else lead_in
            is_heading = _HEADING.match(sentence, word.end)
            if (
                _TRAILING_LEADS.fullmatch(lead_in) or (not lead_in.strip() and behind_name) or lead_in.strip() == ","
            ) and not is_heading:
                return word.leads
            break
    before = [w for w in groups if w.end <= match.start()]
    if before:
        return before[-1].leads
    behind = [w for w in groups if w.start >= match.end()]  # "R wave 4 mm and S wave 13 mm in V2"
    return behind[0].leads if behind and not _HEADING.match(sentence, behind[0].end) else ()


def signed(key: str, low: float, high: float, near: str) -> tuple[float, float]:
    """ST depression and T wave inversion are negative; S and Q are, however they are written."""
    if key == "st_mv":
        down = _DOWN.search(near) and not (_UP.search(near) and _UP.search(near).start() < _DOWN.search(near).start())  # type: ignore[union-attr]
        return (-abs(high), -abs(low)) if down else (low, high)
    if key == "t_mv" and _INVERTED.search(near):
        return -abs(high), -abs(low)
    if key in ("s_mv", "q_mv"):
        return -abs(high), -abs(low)
    return low, high
