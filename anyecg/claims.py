"""What an English text claims about an ECG: numbers with their quantity, places in time, words for the axis.

The reading is by rule and leans to silence: a number is taken only when the text names what it is. Limits
("above 120 ms"), differences ("12 ms longer"), extremes ("maximum 140/min") and atrial rates are not values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .leads import STANDARD_LEADS, canonical_lead


@dataclass(frozen=True)
class NumberClaim:
    """A value, or a range of values, that a text gives to a measurement."""

    key: str
    """A key of `Measurements.to_dict()`; "qtc_ms" when the text names no correction formula."""
    low: float
    high: float
    """Equal to `low` for a single value. Milliseconds, beats per minute or degrees."""
    said: str
    """The words that were read."""


@dataclass(frozen=True)
class IntervalClaim:
    """A stretch of time that a text points at."""

    start_s: float
    end_s: float
    leads: tuple[str, ...] = ()


_NUMBER = r"[-+]?\d+(?:[.,]\d+)?"
_VALUE = rf"(?P<low>{_NUMBER})(?:\s*(?:°|ms|/min)?\s*(?:-|to|and)\s*(?P<high>\d+(?:[.,]\d+)?))?"
_MS, _S = r"(?:ms|msec|milliseconds?)\b", r"(?:s|sec|seconds?)\b"
_PER_MINUTE = r"(?:bpm\b|/\s?min\b|(?:beats?|per|a)\s?(?:/|per|a)?\s?min(?:ute)?s?\b)"
_DEGREES = r"(?:°|degrees?\b|deg\b)"

# Longest names first: "qtc" must not be read as "qt", nor "pr" inside another word.
_NAMES = {
    "qtc_bazett_ms": r"qtc ?\(?b(?:azett)?\)?(?![\w])|bazett",
    "qtc_fridericia_ms": r"qtc ?\(?f(?:ridericia)?\)?(?![\w])|fridericia",
    "qtc_ms": r"(?:heart[- ]rate[- ])?corrected qt|qt ?c\b",
    "qt_ms": r"qt\b",
    "qrs_ms": r"qrs(?! (?:axis|voltage|amplitude))\b",
    "pr_ms": r"p[rq]\b",
    "p_ms": r"\bp[- ]waves? (?:duration|width)|\bp duration",
    "heart_rate_bpm": r"(?:heart|ventricular|pulse|sinus|mean|average) ?rate|\brate\b|\bhr\b",
    "axis_deg": r"\baxis\b",
}
_NAME = re.compile("|".join(rf"(?P<{key}>(?<![\w-])(?:{pattern}))" for key, pattern in _NAMES.items()))
_INTERVAL_KEYS = ("p_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_ms", "qtc_bazett_ms", "qtc_fridericia_ms")
_UNIT = rf"(?:{_MS}|{_PER_MINUTE}|{_DEGREES}|{_S})"
_QUANTITY = re.compile(rf"(?<![\w.,-]){_VALUE}\s*(?P<unit>{_UNIT})?")
_NORMAL_RANGE = re.compile(r"\bnormal(?:ly|:| range| values?)?[ (:]*$")
_NOT_A_VALUE = re.compile(
    r"[<>≤≥]|\b(?:below|above|under|over|exceed\w*|at least|at most|up to|less|more|greater|fewer|than|"
    r"beyond|limit|threshold|reference|by|maxim\w*|minim\w*|max|min|highest|lowest|atrial|flutter|difference|changed?|from)\b"
)
_NOT_ITS_VALUE = re.compile(
    r"\b(?:limit|threshold|maxim\w*|minim\w*|max|min|highest|lowest|atrial|difference|change)\b"
)
_DIFFERENCE_AFTER = re.compile(
    r"\s*(?:longer|shorter|wider|narrower|faster|slower|higher|lower|more|less|difference|apart|upper|"
    r"limit|or (?:more|less|above|longer|shorter))\b"
)
_SENTENCE = re.compile(r"(?<=[a-z°)\]])[.!?](?:\s|$)|(?<=\d)[.!?](?=\s+[a-z(]|\s*$)|[;\n]")
_JOINED = re.compile(r"(?P<names>[a-z]+(?: ?/ ?[a-z]+)+)[^\d.;]{0,25}(?P<values>\d{2,3}(?: ?/ ?\d{2,3})+)\s*ms\b")


_ONE_SPELLING = str.maketrans("−–—‐‑º˚\xa0", "-----°° ")


def plain(text: str) -> str:
    """Lower case with one kind of minus, dash, degree and blank; dates are taken out."""
    text = text.lower().translate(_ONE_SPELLING)
    text = re.sub(r"\b\d{4}-\d{2}-\d{2}\b", " ", text).replace("**", "").replace("`", "")
    return re.sub(r"\bminus (?=\d)", "-", re.sub(r"\bplus (?=\d)", "+", text))


def sentences(text: str) -> list[str]:
    """Split plain text where a sentence or a line ends; decimal points and "sec." stay whole."""
    return [part.strip() for part in _SENTENCE.split(text) if part and part.strip()]


def number_claims(text: str) -> list[NumberClaim]:
    """Read rate, P, PR, QRS, QT, QTc and axis values with their units and phrasing variants."""
    claims = []
    for sentence in sentences(plain(text)):
        for match in _JOINED.finditer(sentence):
            claims += _joined_claims(match)
        sentence = _JOINED.sub(lambda m: " " * len(m.group(0)), sentence)
        names = [(m.start(), m.end(), str(m.lastgroup)) for m in _NAME.finditer(sentence)]
        previous_end = 0
        for match in _QUANTITY.finditer(sentence):
            claim = _claim(sentence, match, names, previous_end)
            claims += [claim] if claim else []
            previous_end = match.end()
    return claims


def _joined_claims(match: re.Match[str]) -> list[NumberClaim]:
    """ "PR/QRS/QT 160/90/400 ms": names and values in the same order."""
    names = [_NAME.fullmatch(name.strip()) for name in match.group("names").split("/")]
    values = [float(value) for value in match.group("values").split("/")]
    if len(names) != len(values):
        return []
    return [
        NumberClaim(str(name.lastgroup), value, value, match.group(0).strip())
        for name, value in zip(names, values, strict=True)
        if name and name.lastgroup in _INTERVAL_KEYS
    ]


def _claim(
    sentence: str, match: re.Match[str], names: list[tuple[int, int, str]], previous_end: int
) -> NumberClaim | None:
    low, unit = float(match.group("low").replace(",", ".")), (match.group("unit") or "").strip()
    high = float(match.group("high").replace(",", ".")) if match.group("high") else low
    before = [name for name in names if previous_end <= name[0] and name[1] <= match.start()]
    name = before[-1] if before else None
    gap = sentence[name[1] if name else previous_end : match.start()]
    if _NOT_A_VALUE.search(gap[-40:]) or _DIFFERENCE_AFTER.match(sentence, match.end()):
        return None
    if match.group("high") and _NORMAL_RANGE.search(gap):
        return None
    if name and _NOT_ITS_VALUE.search(sentence[max(previous_end, name[0] - 12) : name[0]]):
        return None
    key = _key_of(unit, name[2] if name else None, gap, sentence[match.end() :])
    if key is None:
        return None
    if key == "qtc_ms":  # the formula may stand in brackets behind or in between
        near = gap + sentence[match.end() : match.end() + 25]
        formula = "bazett" if "bazett" in near else "fridericia" if "fridericia" in near else ""
        key = f"qtc_{formula}_ms" if formula else key
    scale = 1000.0 if re.fullmatch(_S, unit) else 1.0
    said = sentence[name[0] if name else match.start() : match.end()].strip()
    return NumberClaim(key, low * scale, high * scale, said)


def _key_of(unit: str, name: str | None, gap: str, after: str) -> str | None:
    """Which measurement a number belongs to, by its unit and the nearest name, or None."""
    if re.fullmatch(_PER_MINUTE, unit):
        return "heart_rate_bpm"
    if re.fullmatch(_DEGREES, unit):
        return "axis_deg"
    if re.fullmatch(_MS, unit):
        if name in _INTERVAL_KEYS and len(gap) <= 50:
            return name
        behind = _NAME.match(after.lstrip(" -"))
        return str(behind.lastgroup) if behind and behind.lastgroup in _INTERVAL_KEYS else None
    if re.fullmatch(_S, unit):  # "QRS at 3.2 s" is a place in time, "QRS 0.09 s" a duration
        is_place = len(gap) > 25 or re.search(r"\b(?:at|in|after|within|complex|beats?)\b", gap)
        return name if name in _INTERVAL_KEYS and not is_place else None
    is_close = re.fullmatch(r"(?: (?:interval|duration|is|was|of|about|around|approximately))*[ :=(~]*", gap)
    return name if name and is_close and not re.match(r"\s*(?:mm|mv|%|leads?|s\b)", after) else None


_BETWEEN = r"\s*(?:s|sec|seconds)?\s*(?:-|to|and|until)\s*"
_TIME = re.compile(
    rf"(?<![\d.:])(?P<start>\d+(?:\.\d+)?){_BETWEEN}(?P<end>\d+(?:\.\d+)?)(?P<unit>\s*(?:s|sec|seconds)\b(?!\s*(?:long|apart)))?"
)
_LIST_GAP = re.compile(r"\s*(?:,|;|and|,\s*and|;\s*and)\s*")
_LEADS_AFTER = re.compile(
    r"\s*\(?\s*(?:in|on|leads?|:|\s)+(?P<leads>(?:[a-z]{1,5}\d?r?)(?:\s*(?:,|and|/)\s*[a-z]{1,5}\d?r?)*)"
)


def interval_claims(text: str) -> list[IntervalClaim]:
    """Read places in time: "3.2-3.6 s", "from 3.2 to 3.6 s", "1.0-1.4, 3.2-3.6 and 5.0-5.4 s in V1".

    In a list only the last entry needs the unit; a range without a unit that leads to none is not a place.
    """
    sentence = plain(text)
    spans = list(_TIME.finditer(sentence))
    claims: list[IntervalClaim] = []
    has_unit, leads = False, tuple[str, ...]()
    for k in range(len(spans) - 1, -1, -1):
        match = spans[k]
        follows = k + 1 < len(spans) and _LIST_GAP.fullmatch(sentence[match.end() : spans[k + 1].start()])
        if not follows:
            has_unit, leads = False, _leads_behind(sentence, match.end())
        has_unit = has_unit or bool(match.group("unit"))
        start, end = float(match.group("start")), float(match.group("end"))
        if has_unit and end > start:
            claims.append(IntervalClaim(start, end, leads))
    return claims[::-1]


def _leads_behind(sentence: str, position: int) -> tuple[str, ...]:
    match = _LEADS_AFTER.match(sentence, position)
    if not match:
        return ()
    names = (canonical_lead(name) for name in re.split(r"\s*(?:,|and|/)\s*", match.group("leads")))
    return tuple(name for name in names if name in STANDARD_LEADS)


_AXIS_WORDS = (
    ("left axis deviation", -150.0, -30.0),
    ("right axis deviation", 90.0, 180.0),
    ("extreme axis", 150.0, 270.0),
    ("normal axis", -30.0, 90.0),
    ("axis is normal", -30.0, 90.0),
    ("axis normal", -30.0, 90.0),
)


def axis_words(text: str) -> list[tuple[str, float, float]]:
    """Words for the frontal axis that a text asserts, each with the range in degrees that it stands for."""
    said = []
    for sentence in sentences(plain(text)):
        for words, low, high in _AXIS_WORDS:
            at = sentence.find(words)
            denied = re.search(r"\b(?:no|not|without|never)\b[^,]*$", sentence[: max(at, 0)])
            if at >= 0 and not denied:
                said.append((words, low, high))
    return said
