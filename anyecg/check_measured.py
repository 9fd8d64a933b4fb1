"""Findings in words held against what is measured, where that is plain.

ST levels beyond the limits of the Fourth Universal Definition of Myocardial Infarction (Thygesen et al., Circulation
2018) by more than the measuring tolerance, a normal ECG, P waves with regularity, pacing, ventricular beats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

Measured = Mapping[str, Any]
Probabilities = Mapping[str, float]

_ST_LIMIT_MV, _ST_LIMIT_V2_V3_MV = 0.1, 0.25
"""New ST elevation at J in two contiguous leads; in V2-V3 the highest of the limits by age and sex (men below 40)."""
_EARLY_REPOLARISATION_MV = 0.3
"""Elevation up to here is found in ECGs that cardiologists call normal (PTB-XL, folds 1-9)."""
_CONTIGUOUS = (("aVL", "I", "II", "aVF", "III"), ("V1", "V2", "V3", "V4", "V5", "V6"))
_MARGIN_MV = 0.05
_NO_ST = re.compile(
    r"\b(?:no|without)(?: \w+){0,2}? st[- ]?(?:segment )?(?P<what>elevations?|depressions?|changes|deviations?|"
    r"shifts?)(?! in\b)|"
    r"\bst[- ]?segments? (?:is|are) (?P<iso>isoelectric|normal)(?! in\b)"
)
_ST_IN = re.compile(r"\bst[- ]?(?:segment )?(?P<what>elevation|depression)s?\b")
_WHOLLY_NORMAL = re.compile(
    r"(?<!ab)(?<!near )(?<!otherwise )(?<!borderline )\bnormal (?:ecg|ekg|electrocardiogram|tracing)\b(?! but|"
    r" except| apart| with)"
)
_ABNORMAL = (
    ("qrs_ms", 0.0, 130.0, "QRS duration", " ms"), ("pr_ms", 90.0, 230.0, "PR interval", " ms"),
    ("qtc_fridericia_ms", 320.0, 480.0, "QTc (Fridericia)", " ms"),
    ("heart_rate_bpm", 40.0, 120.0, "heart rate", "/min"),
)  # fmt: skip
"""What no one calls a normal ECG: limits of `claim_words` and what passes as their borderline."""
_PACED = re.compile(
    r"\b(?:paced (?:rhythm|beats?)|pacemaker rhythm|(?:atrial|ventricular|dual)[- ]paced|pacing spikes?)\b"
)
_DENIED = re.compile(r"\b(?:no|not|none|without|never|absence of)\b[^,:;]*$")
_SINUS = re.compile(r"\b(?:sinus (?:rhythm|tachycardia|bradycardia)|nsr)\b")
_PARTLY = re.compile(
    r"\b(?:paroxysm\w*|episodes?|runs?|intermittent\w*|then|until|followed|converts?|at \d|from \d|in part)\b"
)
_FIBRILLATION = re.compile(r"\b(?:atrial fibrillation|afib)\b")


def measured_contradictions(text: str, measured: Sequence[Measured], heads: Sequence[Probabilities]) -> list[str]:
    """Findings in words against what is measured: ST levels, a normal ECG, rhythm, pacing, ectopic beats."""
    lower = text.lower()
    if not measured:
        return []
    said = (
        _st(lower, measured)
        + _normal(lower, measured)
        + _rhythm(lower, measured, heads)
        + _pacing(lower, measured, heads)
    )
    return said + _ectopy(lower, measured, heads)


def elevated_leads(values: Measured, sign: int = 1, least_mv: float = 0.0) -> list[str]:
    """Contiguous leads whose ST level is beyond limit and `least_mv` by more than the tolerance, or []."""
    rows = values.get("leads") or {}
    for chain in _CONTIGUOUS:
        over = [lead for lead in chain if _beyond(lead, rows.get(lead) or {}, sign, least_mv)]
        for first, second in pairwise(chain):
            if first in over and second in over:
                return over
    return []


def _beyond(lead: str, row: Mapping[str, float | None], sign: int, least_mv: float) -> bool:
    levels = [row[key] for key in ("st_j_mv", "st_mv") if row.get(key) is not None]
    limit = _ST_LIMIT_V2_V3_MV if sign > 0 and lead in ("V2", "V3") else _ST_LIMIT_MV
    return bool(levels) and all(sign * float(level or 0.0) > max(limit, least_mv) + _MARGIN_MV for level in levels)


def _st(text: str, measured: Sequence[Measured]) -> list[str]:
    said = []
    match = _NO_ST.search(text)
    if match:
        what = match.group("what") or "changes"
        signs = [sign for sign, word in ((1, "elevation"), (-1, "depression")) if what.startswith(word)] or [1, -1]
        for sign in signs:
            leads = [elevated_leads(values, sign) for values in measured]
            if all(leads):
                word = "elevated" if sign > 0 else "depressed"
                denied = "calls the ST segments normal" if match.group("iso") else f"denies ST {what}"
                said.append(f"The text {denied}; ST measured {word} in {', '.join(leads[0])}.")
    return said + _asserted_st(text, measured)


def _asserted_st(text: str, measured: Sequence[Measured]) -> list[str]:
    """ST elevation or depression that a text sees though no lead comes near 0.1 mV of it."""
    said = []
    for match in _ST_IN.finditer(text):
        if _DENIED.search(text[: match.start()]) or re.search(
            r"\b(?:if|may|can|would|new|criteri\w+|reciprocal)\b", text
        ):
            continue
        sign = 1 if match.group("what") == "elevation" else -1
        rows = [values.get("leads") or {} for values in measured]
        levels = [
            [sign * row[k] for row in r.values() for k in ("st_mv", "st_j_mv", "st80_mv") if row.get(k) is not None]
            for r in rows
        ]
        if all(len(level) >= 6 and max(level) < _MARGIN_MV for level in levels):
            most = max(max(level) for level in levels)
            said.append(
                f"The text says ST {match.group('what')}; no lead measured more than {max(most, 0.0):.2f} mV of it."
            )
    return said


def _normal(text: str, measured: Sequence[Measured]) -> list[str]:
    match = _WHOLLY_NORMAL.search(text)
    if not match or re.search(r"\b(?:not|no|isn't) (?:a |an )?$", text[: match.start()]):
        return []
    faults = [_not_normal(values) for values in measured]
    return [f"The text calls the ECG normal; {faults[0]}."] if all(faults) else []


def _not_normal(values: Measured) -> str:
    for key, low, high, title, unit in _ABNORMAL:
        value = values.get(key)
        if value is not None and not low <= value <= high:
            return f"{title} measured {value:.0f}{unit}"
    critical = values.get("critical") or []
    if critical:
        return str(critical[0]["sentence"]).rstrip(".")
    if values.get("paced"):
        return f"{values['paced']} pacing was found"
    leads = elevated_leads(values, least_mv=_EARLY_REPOLARISATION_MV)
    return f"ST measured elevated in {', '.join(leads)}" if leads else ""


def _rhythm(text: str, measured: Sequence[Measured], heads: Sequence[Probabilities]) -> list[str]:
    """Sinus rhythm without P waves in an irregular rhythm; fibrillation with P waves in a regular one.

    What the head finds likely is let pass: P waves are small, and one measurement may be wrong.
    """
    sinus_likely = any(head.get(code, 0.0) > 0.5 for head in heads for code in ("SR", "STACH", "SBRAD", "SARRH"))
    af_likely = any(head.get("AFIB", 0.0) > 0.5 for head in heads)
    if _PARTLY.search(text):
        return []
    said = []
    found = [(values.get("p_wave_present"), values.get("rhythm_regularity")) for values in measured]
    sinus, fibrillation = _SINUS.search(text), _FIBRILLATION.search(text)
    if (
        sinus
        and not _DENIED.search(text[: sinus.start()])
        and not sinus_likely
        and all(f == (False, "irregular") for f in found)
    ):
        said.append("The text says sinus rhythm; no P waves were found and the RR intervals are irregular.")
    if (
        fibrillation
        and not _DENIED.search(text[: fibrillation.start()])
        and not af_likely
        and all(f == (True, "regular") for f in found)
    ):
        said.append("The text says atrial fibrillation; P waves were found and the RR intervals are regular.")
    return said


def _pacing(text: str, measured: Sequence[Measured], heads: Sequence[Probabilities]) -> list[str]:
    match = _PACED.search(text)
    if not match or not all("paced" in values for values in measured):
        return []
    denied = _DENIED.search(text[: match.start()])
    paced = [values["paced"] for values in measured]
    if denied and all(paced):
        return [f"The text denies pacing; {paced[0]} pacing was found."]
    likely = any(head.get("PACE", 0.0) >= 0.1 for head in heads)  # filters may have taken the spikes away
    if not denied and not any(paced) and not likely:
        return ["The text says that the heart is paced; no pacing spikes were found."]
    return []


_NO_VENTRICULAR = re.compile(
    r"\b(?:no|without)(?: \w+){0,2}? (?:pvcs?|premature ventricular (?:contractions?|beats?|complexes)|"
    r"ventricular (?:extrasystoles?|ectop\w+))"
    r"(?! (?:at|in|between)\b)"
)


def _ectopy(text: str, measured: Sequence[Measured], heads: Sequence[Probabilities]) -> list[str]:
    """A denial of ventricular premature beats where two or more were measured and the head does not rule them out."""
    if not _NO_VENTRICULAR.search(text) or any(head.get("PVC", 1.0) < 0.3 for head in heads):
        return []
    found = [sum(beat["kind"] == "V" for beat in values.get("beats") or ()) for values in measured]
    if all(n >= 2 for n in found):
        return [f"The text denies premature ventricular contractions; {found[0]} were measured."]
    return []
