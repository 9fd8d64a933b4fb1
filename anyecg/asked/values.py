"""Questions for measured numbers of one ECG, and for what one lead shows: answered from the measurements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..evidence import Evidence
from ..findings import findings_in_text
from ..knowledge import passage
from ..measure.normal import LIMITS, Q_MV, ST_MV, T_MV, judge, say
from .said import asks_yes_or_no, rhythm
from .words import EVIDENCE, GRAMMAR, JUDGING, MEASURING, RECORDING, WORRYING, plain, understood, without_context

NAMES = {
    "axis_deg": r"(?:frontal )?(?:qrs |heart |electrical )?axis",
    "heart_rate_bpm": (
        r"(?:heart|ventricular|pulse) rate|rate|pulse|hr|bpm|beats (?:per|a) minute|how fast|"
        r"(?:rapid )?ventricular response|rvr"
    ),
    "qtc_bazett_ms": (
        r"qtc(?: interval| time)?(?: (?:by |in )?bazett)?|bazett(?:'s)?(?: qtc)?|corrected qt(?: interval)?"
    ),
    "qt_ms": r"(?:uncorrected )?qt(?: interval| time| duration)?",
    "pr_ms": r"p[rq](?: interval| time| duration)?",
    "qrs_ms": r"qrs(?: complex)?(?: duration| width)?|width of the qrs(?: complex)?",
}
"""How each number is asked for; the first that fits takes the words."""
_ALL = re.compile(
    r"\b(?:all (?:the )?(?:intervals|measurements|values|numbers)|basic measurements|"
    r"list the (?:measurements|intervals)|measure this ecg|which values do you measure|"
    r"the numbers of this recording|rate,? intervals,? and axis|^(?:the )?intervals(?: please)?$|"
    r"^(?:what are|give me|show me) the (?:intervals|numbers|measurements))\b"
)
_NORMAL = frozenset(("normal", "within", "ok", "okay", "kept", "should", "fine"))
_ABOVE = frozenset(("prolonged", "long", "wide", "widened", "fast", "high", "above", "increased"))
_BELOW = frozenset(("short", "shortened", "slow", "low", "below"))
_WORRY = frozenset(
    ("safe", "dangerous", "worry", "worried", "worrying", "concerning", "concerned", "serious", "risky", "bad")
)
_CONCEPTS = {
    "heart_rate_bpm": "the heart rate", "qt_ms": "the QT interval", "qtc_bazett_ms": "QTc", "pr_ms": "the PR interval",
    "qrs_ms": "the QRS complex", "axis_deg": "the heart axis",
}  # fmt: skip
"""The written passage on each number."""
_NONE = "None of them lies outside its normal range."
_WITHIN = re.compile(r"\b(?:normal|within)\b")
_ABNORMAL = re.compile(r"\b(?:abnormal|not normal|outside)\b")
_VALUES = re.compile(r"\b(?:values?|intervals?|measurements?|numbers?|features)\b")
_REGULAR = re.compile(r"\b(?:ir)?regular(?:ity|ly)?\b")
_WORDS = GRAMMAR | RECORDING | JUDGING | MEASURING | WORRYING
"""Words of a question that leave nothing to be understood beside the number that it asks for."""
_ABOVE_LIMIT = (
    r"above|over|more than|greater than|longer than|higher than|wider than|faster than|at least|exceeds?|exceeding|>"
)
_BELOW_LIMIT = r"below|under|less than|shorter than|lower than|narrower than|slower than|at most|<"
_LIMIT = re.compile(
    rf"(?<!\w)(?P<above>{_ABOVE_LIMIT})? ?(?P<below>{_BELOW_LIMIT})? ?"
    r"(?P<value>\d+(?:\.\d+)?)(?: ?(?:ms|bpm|/min|degrees?|°|mv))?"
    r"(?: or (?:(?P<more>more|above|over|longer|higher|wider|greater)|(?P<less>less|below|under|shorter|lower)))?"
)
"""A number with which a measured one is to be compared: "above 500", "120 or more"."""
_LEAD = re.compile(r"\b(?:leads? )?(v[1-6]|avr|avl|avf)\b|\bleads? (iii|ii|i)\b|\bin (iii|ii)\b")
_SIGNS = {
    "ST elevation": (r"st[ -](?:segment )?elevations?|elevated st(?: segment)?", "st", 1),
    "ST depression": (r"st[ -](?:segment )?depressions?|depressed st(?: segment)?", "st", -1),
    "inverted T wave": (
        r"t[ -]?waves? inversions?|inverted t(?: waves?)?|negative t(?: waves?)?|t inversions?", "t", -1
    ),
    "Q wave": (r"(?:pathological )?q[ -]?waves?(?: of at least \d\.\d mv)?", "q", -1),
}  # fmt: skip
"""What one lead may show: how it is asked for, the wave, and its direction."""
_ABOUT_LEAD = re.compile(r"isch(?:a)?emi[ac](?: changes?)?|st[ -]?segment|st/?-?t(?: changes?)?|t[ -]?waves?|\bst\b")
_OF_LEAD_WORDS = _WORDS | EVIDENCE


def answered_values(question: str, evidence: Evidence) -> str:
    """The measured numbers that a question asks for, in sentences that judge them; "" for any other question."""
    asked = plain(without_context(question))
    return _of_lead(asked, evidence.measurements) or _more_numbers(asked, evidence) or _numbers(asked, evidence)


def _numbers(question: str, evidence: Evidence) -> str:
    measured, sex = evidence.measurements, evidence.record.sex
    if _ALL.search(question) and not _ABNORMAL.search(question) and not findings_in_text(question):
        return _all(measured)
    keys, rest = [], question
    for key, names in NAMES.items():
        shorter = re.sub(rf"\b(?:{names})\b", " ", rest)
        keys += [key] if shorter != rest else []
        rest = shorter
    limit = _LIMIT.search(rest) if len(keys) == 1 else None
    if limit and understood(_LIMIT.sub(" ", rest), _WORDS):
        return _against_limit(limit, keys[0], measured, sex)
    if not understood(_ABNORMAL.sub(" ", rest), _WORDS, frozenset(("why",)) if keys else frozenset()):
        return ""
    if not keys and _VALUES.search(question) and (_ABNORMAL.search(question) or _WITHIN.search(question)):
        outside = _abnormal(measured, sex)
        asks_normal = asks_yes_or_no(question) and not _ABNORMAL.search(question)
        return f"{'Yes' if outside == _NONE else 'No'}. {outside}" if asks_normal else outside
    if _REGULAR.search(question) and set(keys) <= {"heart_rate_bpm"}:
        return _regularity(measured)
    if keys and re.search(r"\brhythm\b", rest):
        others = [say(measured, key, sex) for key in LIMITS if key in keys and key != "heart_rate_bpm"]
        return " ".join([f"{rhythm(evidence)}.", *others])
    said = " ".join(say(measured, key, sex) for key in LIMITS if key in keys)
    verdict = _verdict(question, keys[0], measured, sex) if len(keys) == 1 else ""
    if len(keys) == 1 and keys[0] in _CONCEPTS and (asked := set(question.split()) & (_WORRY | {"why"})):
        aspect = "causes" if "why" in asked else "urgency"
        return f"{said} In general: {passage(_CONCEPTS[keys[0]], aspect).text}"
    return f"{verdict}: {said[:1].lower()}{said[1:]}" if verdict else said


def _against_limit(limit: re.Match[str], key: str, measured: Mapping[str, Any], sex: str | None) -> str:
    """Whether a number lies above or below the one that a question names."""
    value = measured.get(key)
    if value is None or not any(limit.group(name) for name in ("above", "below", "more", "less")):
        return say(measured, key, sex)
    at, shown = float(limit.group("value")), round(value)
    equal = limit.group("more") or limit.group("less") or limit.group("above") == "at least"
    is_above = shown > at or (equal and shown == at)
    is_below = shown < at or (equal and shown == at)
    holds = is_above if limit.group("above") or limit.group("more") else is_below
    sentence = say(measured, key, sex)
    return f"{'Yes' if holds else 'No'}: {sentence[:1].lower()}{sentence[1:]}"


def _more_numbers(question: str, evidence: Evidence) -> str:
    """Numbers without a sentence of `normal.say`: P duration, further axes, QTc by other formulas, the RR interval."""
    measured = evidence.measurements
    if "regular" in question:
        return ""
    formulas = [name for name in ("bazett", "fridericia", "framingham", "hodges") if name in question]
    if len(formulas) > 1:
        values = [(name, measured.get(f"qtc_{name}_ms")) for name in formulas]
        listed = ", ".join(f"{name.capitalize()} {v:.0f} ms" if v else f"{name.capitalize()} ?" for name, v in values)
        return f"QTc by formula: {listed}. Bazett's is too high at fast rates and too low at slow ones."
    if set(question.split()) & _WORRY:
        return ""
    for key, (names, title, unit, low, high) in _MORE.items():
        rest = re.sub(rf"\b(?:{names})\b", " ", question)
        if rest == question or not understood(_LIMIT.sub(" ", rest), _WORDS):
            continue
        value = 60_000 / rate if key == "rr_ms" and (rate := measured.get("heart_rate_bpm")) else measured.get(key)
        if value is None:
            reason = str((measured.get("not_measurable") or {}).get(key) or "it is not clear enough in this recording")
            return f"The {title} cannot be measured because {reason[:1].lower()}{reason[1:].rstrip('.')}."
        shown = f"{value:.0f}{unit}"
        if low is None or high is None:
            return f"The {title} is {shown}."
        is_normal = low <= round(value) <= high
        verdict = "normal" if is_normal else "above the normal range" if value > high else "below the normal range"
        yes = ""
        if re.match(r"(?:is|are|does|has|would)\b", question) and set(question.split()) & (
            _NORMAL | _ABOVE | {"abnormal"}
        ):
            wants_normal = bool(set(question.split()) & _NORMAL)
            yes = "Yes: " if is_normal == wants_normal else "No: "
        said = f"the {title} is {shown}, which is {verdict} (normal {_limits(low, high)}{unit})."
        return f"{yes}{said}" if yes else said[:1].upper() + said[1:]
    return ""


def _limits(low: float, high: float) -> str:
    return f"{low:.0f} to {high:.0f}" if low or high < 100 else f"up to {high:.0f}"


_MORE: dict[str, tuple[str, str, str, float | None, float | None]] = {
    "p_ms": (r"p(?:[ -]waves?)? (?:duration|width)|(?:duration|width) of the p[ -]wave", "P duration", " ms", 0, 120),
    "p_axis_deg": (r"p(?:[ -]waves?)? axis|axis of the p[ -]wave", "P axis", "°", 0, 75),
    "t_axis_deg": (r"t(?:[ -]waves?)? axis|axis of the t[ -]wave", "T axis", "°", None, None),
    "qrs_t_angle_deg": (r"(?:frontal )?qrs[ -]t angle", "frontal QRS-T angle", "°", None, None),
    "qtc_fridericia_ms": (
        r"(?:qtc )?(?:by |with |using |after |according to )?fridericia(?:'s)?(?: formula)?(?: qtc)?",
        "QTc by Fridericia", " ms", 350, 460,
    ),
    "qtc_framingham_ms": (r"(?:qtc )?(?:by |with |using )?framingham(?: qtc)?", "QTc by Framingham", " ms", 350, 460),
    "qtc_hodges_ms": (r"(?:qtc )?(?:by |with |using )?hodges(?: formula)?(?: qtc)?", "QTc by Hodges", " ms", 350, 460),
    "rr_ms": (r"(?:mean |average )?rr(?: interval)?|r-r(?: interval)?", "mean RR interval", " ms", 600, 1000),
}  # fmt: skip
"""How it is asked for, its name, its unit and its normal range: Kligfield et al. 2007 (P), Rautaharju et al. 2009 (QTc,
here without the lower limit for men), Soliman and Rautaharju 2013 (P axis)."""


def _verdict(question: str, key: str, measured: Mapping[str, Any], sex: str | None) -> str:
    """ "Yes", "No", or the range, where a question asks to judge one number rather than for it; else ""."""
    key = "qtc_bazett_ms" if key == "qt_ms" else key  # a QT is long or short for its rate
    value, words = measured.get(key), set(re.findall(r"[a-z]+", question))
    if value is None:
        return ""
    judged, limit = judge(key, value, sex), LIMITS[key]
    if key == "qrs_ms" and "narrow" in words and not words & {"or", "wide", "broad"}:
        return "Yes" if judged == "normal" else "No"
    if "or" in words and len([group for group in (_NORMAL, _ABOVE, _BELOW) if words & group]) > 1:
        above = value > limit.high if key == "axis_deg" else judged.endswith(limit.above)
        return "Within" if judged == "normal" else "Above" if above else "Below"
    if not re.match(r"(?:is|are|do|does|has|have|would)\b", question):
        return ""
    if words & _NORMAL:
        return "Yes" if judged == "normal" else "No"
    if words & (_ABOVE | _BELOW):
        return "Yes" if judged.endswith(limit.above if words & _ABOVE else limit.below) else "No"
    return ("No" if judged == "normal" else "Yes") if words & {"abnormal", "deviated", "deviation"} else ""


def _abnormal(measured: Mapping[str, Any], sex: str | None) -> str:
    """Which numbers lie outside their normal range."""
    values = {key: measured[key] for key in LIMITS if measured.get(key) is not None and key != "qt_ms"}
    judged = {key: judge(key, value, sex) for key, value in values.items()}
    outside = [
        f"{LIMITS[key].short} {value:.0f}{LIMITS[key].unit} ({judged[key]})"
        for key, value in values.items()
        if judged[key] != "normal"
    ]
    return f"Outside the normal range: {', '.join(outside)}." if outside else _NONE


def _all(measured: Mapping[str, Any]) -> str:
    have = {key: measured.get(key) for key in LIMITS}
    listed = ", ".join(
        f"{LIMITS[key].short} {value:.0f}{LIMITS[key].unit}" for key, value in have.items() if value is not None
    )
    lacking = ", ".join(LIMITS[key].short for key, value in have.items() if value is None)
    text = f"{listed[:1].upper()}{listed[1:]}." if listed else ""
    return f"{text} Not measurable: {lacking}.".strip() if lacking else text


def _regularity(measured: Mapping[str, Any]) -> str:
    regularity, rate = measured.get("rhythm_regularity"), measured.get("heart_rate_bpm")
    if not regularity:
        return "I cannot tell: there are too few clear beats to judge the rhythm's regularity."
    return f"The rhythm is {regularity}" + (f", at a rate of {rate:.0f}/min." if rate is not None else ".")


def _of_lead(question: str, measured: Mapping[str, Any]) -> str:
    """What the ST segment, T wave or Q wave of one lead measures."""
    leads = [next(name for name in found if name) for found in _LEAD.findall(question)]
    if len(set(leads)) != 1:
        return ""
    lead = leads[0].upper().replace("AV", "aV")
    rest = _LEAD.sub(" ", question)
    asked = [name for name, (words, _, _) in _SIGNS.items() if re.search(rf"\b(?:{words})\b", rest)]
    for name in asked:
        rest = re.sub(rf"\b(?:{_SIGNS[name][0]})\b", " ", rest)
    general = _ABOUT_LEAD.search(rest)
    if not set(re.findall(r"\w+", _ABOUT_LEAD.sub(" ", rest))) <= _OF_LEAD_WORDS or not (asked or general):
        return ""
    row = (measured.get("leads") or {}).get(lead)
    if row is None:
        return f"I cannot tell: lead {lead} is not in this recording or could not be measured."
    return _sign(asked[0], lead, row) if len(asked) == 1 else _waves(lead, row)


def _sign(name: str, lead: str, row: Mapping[str, float | None]) -> str:
    _, wave, sign = _SIGNS[name]
    level = _level(row) if wave == "st" else row.get(f"{wave}_mv")
    if level is None:
        return (
            f"I cannot tell: the {'ST level' if wave == 'st' else f'{wave.upper()} wave'} in {lead} was not measurable."
        )
    limit = {"st": ST_MV, "t": -T_MV, "q": -Q_MV}[wave]
    what = "the ST level" if wave == "st" else f"the {wave.upper()} wave"
    holds = "Yes" if round(sign * level, 2) >= limit else "No"
    return f"{holds}: in {lead} {what} is {_mv(level)} (from {_mv(sign * limit)} on it counts)."


def _waves(lead: str, row: Mapping[str, float | None]) -> str:
    parts = {"the ST level": _level(row), "the T wave": row.get("t_mv"), "the Q wave": row.get("q_mv")}
    said = [f"{what} is {_mv(value)}" for what, value in parts.items() if value is not None]
    if not said:
        return f"I cannot tell: no wave of lead {lead} was measurable."
    limits = f"An ST shift of {_mv(ST_MV)}, a T wave of {_mv(T_MV)} or a Q wave of {_mv(Q_MV)} would count."
    return f"In {lead} {', '.join(said)}. {limits}"


def _level(row: Mapping[str, float | None]) -> float | None:
    level = row.get("st_j_mv")
    return row.get("st_mv") if level is None else level


def _mv(value: float) -> str:
    shown = f"{value:.2f} mV"
    return "0.00 mV" if shown == "-0.00 mV" else shown
