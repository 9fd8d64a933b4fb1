"""Numbers and words for numbers in a text, held against measured values; each difference is a sentence to show.

Tolerances: rates ± 2/min, intervals ± 10 ms, angles ± 10°, amplitudes ± 0.1 mV or 10 % (whichever is more), ST levels
± 0.05 mV, voltage indices ± 0.1 mV or 10 %, R/S ± 0.1 or 20 %, each plus the rounding of printed numbers. Lowest and
highest rates are of single RR intervals; they get ± 2/min or 5 %. A value that a mapping has no key for is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .claim_words import WordClaim, axis_words, counts, transition_leads, word_claims
from .claims import NumberClaim
from .wording import join

RATE_TOLERANCE_BPM = 2.0
INTERVAL_TOLERANCE_MS = 10.0
AXIS_TOLERANCE_DEG = 10.0
AMPLITUDE_TOLERANCE_MV, AMPLITUDE_SHARE = 0.1, 0.1
ST_TOLERANCE_MV = 0.05
_CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
_TITLES = {
    "heart_rate_bpm": ("heart rate", "/min"), "heart_rate_min_bpm": ("lowest heart rate", "/min"),
    "heart_rate_max_bpm": ("highest heart rate", "/min"), "rr_ms": ("mean RR interval", " ms"),
    "p_ms": ("P wave duration", " ms"), "pr_ms": ("PR interval", " ms"), "qrs_ms": ("QRS duration", " ms"),
    "qt_ms": ("QT interval", " ms"), "qtc_ms": ("QTc", " ms"), "qtc_bazett_ms": ("QTc (Bazett)", " ms"),
    "qtc_fridericia_ms": ("QTc (Fridericia)", " ms"), "qtc_framingham_ms": ("QTc (Framingham)", " ms"),
    "qtc_hodges_ms": ("QTc (Hodges)", " ms"), "axis_deg": ("axis", "°"), "p_axis_deg": ("P axis", "°"),
    "t_axis_deg": ("T axis", "°"), "qrs_t_angle_deg": ("QRS-T angle", "°"),
    "spatial_qrs_t_angle_deg": ("spatial QRS-T angle", "°"), "sokolow_lyon_mv": ("Sokolow-Lyon index", " mV"),
    "cornell_mv": ("Cornell voltage", " mV"), "p_mv": ("P wave amplitude", " mV"), "q_mv": ("Q wave", " mV"),
    "r_mv": ("R wave", " mV"), "s_mv": ("S wave", " mV"), "t_mv": ("T wave amplitude", " mV"),
    "st_mv": ("ST level", " mV"), "r_s": ("R/S ratio", ""),
}  # fmt: skip
_CIRCULAR = ("axis_deg", "p_axis_deg", "t_axis_deg")
_WAVES = ("p_mv", "q_mv", "r_mv", "s_mv", "t_mv", "st_mv", "r_s")
_QTC = ("qtc_bazett_ms", "qtc_fridericia_ms")

Measured = Mapping[str, Any]
Value = tuple[str, float | None]
"""What a measured value belongs to ("" or a lead) and the value; None where it could not be measured."""


def known_values(key: str, leads: Sequence[str], values: Measured) -> list[Value]:
    """Every measured value that a claim may mean; empty if the mapping says nothing about it."""
    if key in _WAVES:
        return [value for lead in leads for value in _of_lead(key, lead, values)]
    if key == "rr_ms":
        rate = values.get("heart_rate_bpm")
        return [("", 60_000 / rate if rate else None)] if "heart_rate_bpm" in values else []
    if key != "qtc_ms":
        return [("", values[key])] if key in values else []
    return [("", values[k]) for k in _QTC if k in values]


def _of_lead(key: str, lead: str, values: Measured) -> list[Value]:
    row = (values.get("leads") or {}).get(lead)
    if row is None:
        return [(lead, None)] if f"leads.{lead}" in (values.get("not_measurable") or {}) else []
    if key == "r_s":
        r, s = row.get("r_mv"), row.get("s_mv")
        return [(lead, r / abs(s))] if r is not None and s else []
    keys = ("st_mv", "st_j_mv", "st80_mv") if key == "st_mv" else (key,)
    return [(lead, row[k]) for k in keys if k in row]


def agrees(claim: NumberClaim, values: Measured) -> bool | None:
    """Whether a value lies within the tolerance of what was measured; None where nothing is known about it."""
    known = known_values(claim.key, claim.leads, values)
    found = [value for _, value in known if value is not None]
    if not known:
        return None
    if not found:
        return False
    if claim.key in _CIRCULAR:
        return any(within_angle(value, claim.low, claim.high) for value in found)
    if claim.key == "st_mv" and len(claim.leads) > 1:  # one value for several leads: one has it, the others less
        return min(found) - _tolerance(claim, 0.0) <= claim.high and claim.low <= max(found) + _tolerance(claim, 0.0)
    return any(claim.low - _tolerance(claim, v) <= v <= claim.high + _tolerance(claim, v) for v in found)


def _tolerance(claim: NumberClaim, value: float) -> float:
    key = claim.key
    if key == "heart_rate_bpm":
        return RATE_TOLERANCE_BPM + 0.5
    if key in ("heart_rate_min_bpm", "heart_rate_max_bpm"):
        return max(RATE_TOLERANCE_BPM, 0.05 * value) + 0.5
    if key == "rr_ms":  # as far off as 10 ms, or as the rate may be
        return max(INTERVAL_TOLERANCE_MS, value * RATE_TOLERANCE_BPM / (60_000 / value)) + 0.5
    if key == "st_mv":
        return ST_TOLERANCE_MV + 0.005
    if key == "r_s":
        return max(0.1, 0.2 * value) + 0.005
    if key in _WAVES or key in ("sokolow_lyon_mv", "cornell_mv"):
        return max(AMPLITUDE_TOLERANCE_MV, AMPLITUDE_SHARE * abs(value)) + 0.005
    return (AXIS_TOLERANCE_DEG if key.endswith("_deg") else INTERVAL_TOLERANCE_MS) + 0.5


def within_angle(axis: float, low: float, high: float) -> bool:
    """Whether an angle lies between two others or at most the tolerance outside, on the circle."""
    width = (high - low) % 360
    from_low = (axis - low + AXIS_TOLERANCE_DEG + 0.5) % 360
    return from_low <= width + 2 * AXIS_TOLERANCE_DEG + 1


def claim_contradiction(claim: NumberClaim, measured: Sequence[Measured]) -> list[str]:
    """A sentence if a claim agrees with none of the ECGs that it may be about and is known for each."""
    verdicts = [agrees(claim, values) for values in measured]
    if not verdicts or any(verdict is not False for verdict in verdicts):
        return []
    return [f"The text gives {claim_words(claim)}; {measured_words(claim.key, claim.leads, measured)}."]


def claim_words(claim: NumberClaim) -> str:
    """ "a PR interval of 160 ms"."""
    title, unit = _TITLES[claim.key]
    where = f" in {join(claim.leads)}" if claim.leads else ""
    value = printed(claim.low, claim.key) + (f"-{printed(claim.high, claim.key)}" if claim.high != claim.low else "")
    return f"{_a(title)} {title}{where} of {value}{unit}"


def printed_with_unit(value: float, key: str) -> str:
    """ "160 ms", as `printed` with the unit."""
    return printed(value, key) + _TITLES[key][1]


def printed(value: float, key: str) -> str:
    """A value as a sentence prints it: whole numbers, millivolts with two decimals."""
    return f"{value:.2f}" if key.endswith("_mv") or key == "r_s" else f"{value:.0f}"


def measured_words(key: str, leads: Sequence[str], measured: Sequence[Measured]) -> str:
    """ "measured 72/min", or that it could not be measured and why."""
    unit = _TITLES[key][1]
    known = [value for values in measured for value in known_values(key, leads, values)]
    found = [
        f"{lead} {printed(v, key)}{unit}" if len(leads) > 1 else f"{printed(v, key)}{unit}"
        for lead, v in known
        if v is not None
    ]
    if found:
        return "measured " + " or ".join(dict.fromkeys(found))
    keys = (
        [*_QTC]
        if key == "qtc_ms"
        else ["heart_rate_bpm" if key == "rr_ms" else key, *(f"leads.{lead}" for lead in leads)]
    )
    reasons = [(values.get("not_measurable") or {}).get(k) for values in measured for k in keys]
    reason = next((r for r in reasons if r), None)
    return "it could not be measured" + (f" ({str(reason).rstrip('.')})" if reason else "")


def words_contradictions(text: str, measured: Sequence[Measured]) -> list[str]:
    """Words for rate, intervals, axis, regularity, counts, transition and voltage against the measured values."""
    if not measured:
        return []
    said: list[str] = []
    for word in word_claims(text):
        if all(_word_agrees(word, values) is False for values in measured):
            said.append(f'The text says "{word.said}"; {_word_measured(word, measured)}.')
    for words, low, high in axis_words(text):
        axes = [values.get("axis_deg") for values in measured]
        if not any(a is None or within_angle(a, low, high) for a in axes):
            said.append(f'The text says "{words}"; {measured_words("axis_deg", (), measured)}.')
    said += _regularity(text, measured) + _p_waves(text, measured) + _counted(text, measured)
    return said + _transition(text, measured) + _voltage(text, measured)


def _word_agrees(word: WordClaim, values: Measured) -> bool | None:
    found = [v for _, v in known_values(word.key, (), values) if v is not None]
    tolerance = (RATE_TOLERANCE_BPM if word.key == "heart_rate_bpm" else INTERVAL_TOLERANCE_MS) + 0.5
    return any(word.low - tolerance <= v <= word.high + tolerance for v in found) if found else None


def _word_measured(word: WordClaim, measured: Sequence[Measured]) -> str:
    return f"{_TITLES[word.key][0]} {measured_words(word.key, (), measured)}"


_REGULAR = (
    re.compile(r"\b(?<!not )((?:ir)?regular)(?:,? \w+)? (?:rhythm|ventricular response|ventricular rhythm)\b"),
    re.compile(r"\b(?:rhythm|rr[- ]intervals?|heart ?beat|ventricular (?:rhythm|response))(?: is| are|"
        r":)?(?: completely| totally| absolutely| irregularly)? ((?:ir)?regular)\b(?!ly)"),
    re.compile(r"\birregularly (irregular)\b"),
)  # fmt: skip


def _regularity(text: str, measured: Sequence[Measured]) -> list[str]:
    known = [m["rhythm_regularity"] for m in measured if m.get("rhythm_regularity")]
    if len(known) < max(1, len(measured)):
        return []
    said = list(dict.fromkeys(m.group(1) for pattern in _REGULAR for m in pattern.finditer(text.lower())))
    return [
        f"The text says the rhythm is {word}; the RR intervals measured {known[0]}."
        for word in said
        if word not in known
    ]


_NO_P = re.compile(
    r"\b(?:no|without|absen(?:t|ce of)) (?:any |visible |discernible |clear |identifiable |distinct |"
    r"recogni[sz]able )*p[- ]?waves?"
    r"(?! (?:abnormal|enlarge|chang|invers|inverted|duration|axis|amplitude|morph|before))|"
    r"\bp[- ]?waves? (?:is|are) (?:absent|not (?:seen|visible|present|identifiable|discernible))"
)
_WITH_P = re.compile(
    r"\bp[- ]?waves? (?:is|are) (?:present|seen|visible|clearly \w+)|\bp[- ]?waves? (?:before|"
    r"precedes?) (?:every|each)|"
    r"\b(?:every|each) qrs(?: complex)? (?:is preceded by|follows) a p|\bp[- ]?waves? precedes? (?:every|each)"
)


def _p_waves(text: str, measured: Sequence[Measured]) -> list[str]:
    known = [m.get("p_wave_present") for m in measured]
    if None in known:
        return []
    if _NO_P.search(text.lower()) and all(known):
        return ["The text denies P waves; the measurement finds P waves."]
    if _WITH_P.search(text.lower()) and not any(known):
        return ["The text speaks of P waves; the measurement finds none."]
    return []


_BEATS = {"V": "ventricular premature beats", "S": "supraventricular premature beats", "": "beats"}


def _counted(text: str, measured: Sequence[Measured]) -> list[str]:
    """Numbers of beats; one more or less, or 20 %, is let pass."""
    said = []
    lists = [values["beats"] for values in measured if values.get("beats")]
    for kind, number, words in counts(text) if len(lists) == len(measured) else ():
        found = [sum(not kind or beat["kind"] == kind for beat in beats) for beats in lists]
        if all(abs(n - number) > max(1, 0.2 * n) for n in found):
            said.append(f'The text says "{words}"; {" or ".join(map(str, found))} {_BEATS[kind]} were measured.')
    return said


def _transition(text: str, measured: Sequence[Measured]) -> list[str]:
    """The R/S transition; one lead beside it is let pass, because "in" and "between" leads are used alike."""
    named = transition_leads(text)
    found = [(values.get("r_progression") or {}).get("transition_lead") for values in measured]
    if named is None or not found or any(lead not in _CHEST for lead in found):
        return []
    low, high = sorted(_CHEST.index(lead) for lead in named)
    if any(low - 1 <= _CHEST.index(lead) <= high + 1 for lead in found):
        return []
    where, measured_at = "-".join(dict.fromkeys(named)), " or ".join(map(str, found))
    return [f"The text puts the R/S transition at {where}; measured {measured_at}."]


_POOR_R = re.compile(r"\bpoor r[- ]?(?:wave )?progression|r[- ]?(?:wave )?progression is poor")
_NORMAL_R = re.compile(r"\b(?:normal|good|regular) r[- ]?(?:wave )?progression|r[- ]?(?:wave )?progression is normal")
_SOKOLOW = re.compile(
    r"\bsokolow[- ]?lyon(?: \w+)?(?: is| are)? (?P<word>not (?:met|fulfilled)|positive|met\b|fulfilled|negative)"
)


def _voltage(text: str, measured: Sequence[Measured]) -> list[str]:
    """Words for R progression and the Sokolow-Lyon criterion (SV1 + RV5 or RV6 ≥ 3.5 mV; Am Heart J 1949)."""
    lower, said = text.lower(), list[str]()
    progress = [(values.get("r_progression") or {}).get("word") for values in measured]
    denied = re.search(r"\b(?:no|without) poor r", lower)
    if _POOR_R.search(lower) and not denied and all(word == "normal" for word in progress):
        said.append("The text says the R wave progression is poor; it measured normal.")
    if _NORMAL_R.search(lower) and all(word in ("poor", "reversed") for word in progress):
        said.append(f"The text says the R wave progression is normal; it measured {progress[0]}.")
    met = _SOKOLOW.search(lower)
    found = [value for values in measured if (value := values.get("sokolow_lyon_mv")) is not None]
    if met and len(found) == len(measured):
        is_met = met.group("word") in ("positive", "met", "fulfilled")
        wrong = [v < 3.5 - AMPLITUDE_TOLERANCE_MV if is_met else v > 3.5 + AMPLITUDE_TOLERANCE_MV for v in found]
        if all(wrong):
            said.append(f'The text says "{met.group(0)}"; {measured_words("sokolow_lyon_mv", (), measured)}.')
    return said


def _a(title: str) -> str:
    return "an" if title[0] == "a" or title.startswith(("R ", "R/", "S ", "ST ")) else "a"
