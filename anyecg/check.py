"""Hold a text against the measurements and the finding head; each difference is a sentence to show.

With several ECGs a sentence is held against the ECG that it names ("ECG 2: …", valid until the next name or
line); a sentence that names none contradicts only if it fits no ECG.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from .claims import NumberClaim, axis_words, number_claims, plain, sentences
from .findings import FINDINGS, SUPERCLASS_NAMES, findings_in_text, phrase

RATE_TOLERANCE_BPM = 2.0
INTERVAL_TOLERANCE_MS = 10.0
AXIS_TOLERANCE_DEG = 10.0
UNLIKELY = 0.1
"""A finding that the text asserts contradicts the heads below this calibrated probability."""
LIKELY = 0.6
"""A finding that the text denies contradicts the heads above this calibrated probability."""

_TITLES = {
    "heart_rate_bpm": ("heart rate", "/min"), "p_ms": ("P wave duration", " ms"),
    "pr_ms": ("PR interval", " ms"),
    "qrs_ms": ("QRS duration", " ms"), "qt_ms": ("QT interval", " ms"), "qtc_ms": ("QTc", " ms"),
    "qtc_bazett_ms": ("QTc (Bazett)", " ms"), "qtc_fridericia_ms": ("QTc (Fridericia)", " ms"),
    "axis_deg": ("axis", "°"),
}  # fmt: skip
_ECG_NAME = re.compile(
    r"\b(?:ecgs?|ekgs?)\s*#?\s*\d+(?:\s*(?:and|,|&)\s*(?:ecg )?\d{1,2}(?![\d.]|\s*(?:/|°|ms\b|s\b|bpm\b|beats\b)))*"
)
_OPENING = re.compile(rf"(?:(?:only|new|not|in|on|for|of|the)\s+)*{_ECG_NAME.pattern}")
_CLAUSE = re.compile(r",| against | versus | vs\.? | while | whereas | but | and ")
_GENERAL = re.compile(
    r"(?:can you |could you |please )?(?:explain|define|give a short definition|tell me what|what (?:is|are|does|do)|"
    r"what should i understand|i have read about|how does)\b"
)
# Groups of statements that a text may deny or assert at once.
_GROUPS = {
    "a conduction disturbance": (r"conduction (?:disturbance|delay|block)s?|conduction is normal", ("CD",)),
    "myocardial infarction": (r"(?:myocardial )?infarct(?:ion)?s?", ("MI",)),
    "hypertrophy": (r"(?:ventricular )?hypertrophy", ("HYP",)),
    "ST/T changes": (r"st[/-]t (?:wave )?changes?|st[/-]t abnormalit(?:y|ies)", ("STTC",)),
    "premature beats": (r"premature beats?|ectop(?:y|ic beats?)|extrasystoles?", ("PVC", "PAC")),
}
_NONE_OF = {
    name: re.compile(rf"\b(?:no|without)\b(?: \w+){{0,3}}? (?:{words})(?![\w-])(?! in \b)")
    for name, (words, _) in _GROUPS.items()
}
_CALLED_NORMAL = re.compile(r"(-?\d+) ?[^\s\d]*, which is normal \(normal (-?\d+)[^\d-]*-(-?\d+)")
# What no one calls abnormal in an adult of either sex; QTc after Rautaharju et al. 2009, the others textbook limits.
_NORMAL = {"pr": (120, 200), "qrs": (60, 110), "qtc": (360, 450), "rate": (60, 100), "axis": (-30, 90)}
_CALLED_ABNORMAL = re.compile(
    r"\b(pr|qrs|qtc|rate|axis) (-?\d+)(?: ms|/min|°)? \((?:slightly )?(long|short|wide|fast|slow|left|right|extreme)",
    re.I,
)
_OF_ALL = re.compile(r"\b(?:both|unchanged|all of them|all ecgs|the same)\b")
_FASTER = re.compile(r"\becg (\d) is faster: (\d+)/min against (\d+)/min in ecg (\d)")
_REPORT = re.compile(r"\bconclusion\b|\bnormal ecg\b")
_CHANGED = re.compile(r"\b(?:no longer|resolved|disappeared|gone|new|newly|appeared|previously|compared|unchanged)\b")

Measured = Mapping[str, Any]
Probabilities = Mapping[str, float]


def contradictions(
    text: str,
    measurements: Measured | Sequence[Measured | None] | None,
    findings_probabilities: Probabilities | Sequence[Probabilities] | None,
    *,
    question: str = "",
    unlikely: float = UNLIKELY,
    likely: float = LIKELY,
) -> list[str]:
    """What a text says against the evidence, as sentences to show.

    Args:
        text: the answer, in English.
        measurements: `Measurements.to_dict()` of the ECG, or one per ECG; None leaves the numbers unchecked.
        findings_probabilities: calibrated {code: probability} of the ECG, or one per ECG; missing codes
            are not checked.
        question: what was asked. A bare "yes" or "no" is read as an answer about the finding it names; an answer
            to a general question ("What is atrial fibrillation?") is checked for single numbers only.
        unlikely, likely: limits in probability for asserted and for denied findings.
    """
    measured = _as_list(measurements)
    probabilities = _as_list(findings_probabilities)
    n_ecgs = max(len(measured), len(probabilities))
    is_general = bool(_GENERAL.match(question.strip().lower())) and "ecg" not in question.lower()
    said: list[str] = []
    for part, scope in _scoped(text, n_ecgs):
        missing = [k + 1 for k in scope if k >= n_ecgs]
        if missing:
            there_are = "there is 1" if n_ecgs == 1 else f"there are {n_ecgs}"
            said.append(f"The text speaks of ECG {missing[0]}, but {there_are}.")
            continue
        of = [measured[k] for k in scope if k < len(measured) and measured[k] is not None]
        said += _number_contradictions(part, [m for m in of if m is not None], is_general)
        heads = [probabilities[k] for k in scope if k < len(probabilities)]
        if not is_general and n_ecgs > 1 and _OF_ALL.search(part.lower()):
            said += _shared_contradictions(_stated(part), probabilities, scope, unlikely)
        if not is_general and not (n_ecgs > 1 and _CHANGED.search(part)):
            known_heads = [h for h in heads if h]
            said += _finding_contradictions(_stated(part), known_heads, unlikely, likely)
            said += _group_contradictions(part, known_heads, likely)
    said += _faster_contradictions(text, measured)
    if n_ecgs == 1 and _REPORT.search(text.lower()):
        said += _omissions(text, probabilities, likely)
    answered = _yes_or_no(question, text)
    said += _finding_contradictions(answered, [h for h in probabilities if h], unlikely, likely)
    return list(dict.fromkeys(said))


def _stated(part: str) -> dict[str, bool]:
    """Findings that are asserted or denied; "not in ECG 2 any more: …" denies what follows the colon."""
    return findings_in_text(part.replace(":", " ") if part.startswith("not ") else part)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return [value] if isinstance(value, Mapping) else list(value)


def _scoped(text: str, n_ecgs: int) -> list[tuple[str, list[int]]]:
    """Parts of sentences with the ECGs (0-based) that each speaks of."""
    everything = list(range(n_ecgs))
    parts: list[tuple[str, list[int]]] = []
    for line in plain(text).splitlines():
        standing = everything
        for sentence in sentences(line):
            clauses = [clause for clause in _CLAUSE.split(sentence) if clause.strip()]
            if all(_ECG_NAME.search(clause) for clause in clauses):  # "70/min in ECG 1, 62/min in ECG 2"
                parts += [(clause, _named(clause)) for clause in clauses]
            else:
                parts += _from_name_to_name(sentence, standing)
            opening = _OPENING.match(sentence)
            standing = _named(opening.group(0)) if opening else standing
    return [(part, scope) for part, scope in parts if part.strip()]


def _from_name_to_name(sentence: str, scope: list[int]) -> list[tuple[str, list[int]]]:
    """Each name of an ECG governs what follows it, up to the next one; a word like "not" before it stays with it."""
    starts = [match.start() for match in _ECG_NAME.finditer(sentence)]
    if len(starts) == 1 and _OPENING.match(sentence):
        return [(sentence, _named(sentence))]
    cuts = [0, *(start for start in starts if start), len(sentence)]
    pieces = [sentence[start:end] for start, end in pairwise(cuts)]
    return [(piece, _named(piece) if _ECG_NAME.match(piece) else scope) for piece in pieces]


def _named(text: str) -> list[int]:
    return [int(number) - 1 for match in _ECG_NAME.finditer(text) for number in re.findall(r"\d+", match.group(0))]


def _number_contradictions(text: str, measured: list[Measured], is_general: bool) -> list[str]:
    said = []
    for claim in number_claims(text):
        if is_general and claim.low != claim.high:
            continue
        if measured and not any(_agrees(claim, values) for values in measured):
            title, unit = _TITLES[claim.key]
            value = f"{claim.low:.0f}" + (f"-{claim.high:.0f}" if claim.high != claim.low else "")
            found = _measured_value(claim.key, measured)
            said.append(f"The text gives {_a(title)} {title} of {value}{unit}; {found}.")
    said += _limit_contradictions(text)
    if is_general:
        return said
    for words, low, high in axis_words(text):
        axes = [values.get("axis_deg") for values in measured]
        if axes and not any(a is None or _within_axis(a, low, high) for a in axes):
            said.append(f'The text says "{words}"; {_measured_value("axis_deg", measured)}.')
    return said + _regularity_contradictions(text, measured)


def _agrees(claim: NumberClaim, values: Measured) -> bool:
    if claim.key == "axis_deg":
        axis = values.get("axis_deg")
        return axis is not None and _within_axis(axis, claim.low, claim.high)
    keys = ("qtc_bazett_ms", "qtc_fridericia_ms") if claim.key == "qtc_ms" else (claim.key,)
    tolerance = RATE_TOLERANCE_BPM if claim.key == "heart_rate_bpm" else INTERVAL_TOLERANCE_MS
    known = [values[key] for key in keys if values.get(key) is not None]
    return any(claim.low - tolerance - 0.5 <= value <= claim.high + tolerance + 0.5 for value in known)


def _within_axis(axis: float, low: float, high: float) -> bool:
    """Whether an angle lies between two others or at most the tolerance outside, on the circle."""
    width = (high - low) % 360
    from_low = (axis - low + AXIS_TOLERANCE_DEG + 0.5) % 360
    return from_low <= width + 2 * AXIS_TOLERANCE_DEG + 1


def _measured_value(key: str, measured: list[Measured]) -> str:
    unit = _TITLES[key][1]
    keys = ("qtc_bazett_ms", "qtc_fridericia_ms") if key == "qtc_ms" else (key,)
    values = [m[k] for m in measured for k in keys if m.get(k) is not None]
    if values:
        return "measured " + " or ".join(dict.fromkeys(f"{value:.0f}{unit}" for value in values))
    reasons = [(m.get("not_measurable") or {}).get(k) for m in measured for k in keys]
    reason = next((r for r in reasons if r), None)
    return "it could not be measured" + (f" ({str(reason).rstrip('.')})" if reason else "")


def _limit_contradictions(text: str) -> list[str]:
    """Values that the text calls normal outside the limits that it gives itself."""
    said = []
    for match in _CALLED_NORMAL.finditer(text):
        value, low, high = (float(group) for group in match.groups())
        if not low <= value <= high:
            said.append(f"The text calls {value:.0f} normal, but gives {low:.0f} to {high:.0f} as normal.")
    for match in _CALLED_ABNORMAL.finditer(text):
        low, high = _NORMAL[match.group(1).lower()]
        if low <= float(match.group(2)) <= high:
            said.append(
                f"The text calls {match.group(1)} {match.group(2)} {match.group(3)}; {low} to {high} is normal."
            )
    return said


def _regularity_contradictions(text: str, measured: list[Measured]) -> list[str]:
    known = [m["rhythm_regularity"] for m in measured if m.get("rhythm_regularity")]
    if len(known) < max(1, len(measured)):
        return []
    said = {m.group(1) for m in re.finditer(r"\b(?<!not )((?:ir)?regular)(?:,? \w+)? rhythm\b", text)}
    said |= {m.group(1) for m in re.finditer(r"\brhythm is ((?:ir)?regular)\b", text)}
    return [
        f"The text says the rhythm is {word}; the RR intervals measured {known[0]}."
        for word in said
        if word not in known
    ]


def _finding_contradictions(
    stated: Mapping[str, bool], heads: list[Probabilities], unlikely: float, likely: float
) -> list[str]:
    said = []
    for code, asserted in stated.items():
        known = [head[code] for head in heads if code in head]
        if not known:
            continue
        if asserted and max(known) < unlikely:
            said.append(f"The text says {phrase(code)}; the finding head gives it {_percent(max(known))}.")
        if not asserted and min(known) > likely:
            said.append(f"The text denies {phrase(code)}; the finding head gives it {_percent(min(known))}.")
    return said


def _faster_contradictions(text: str, measured: Sequence[Measured | None]) -> list[str]:
    """Which ECG the text calls faster, with which rates, against the measured ones."""
    said = []
    for match in _FASTER.finditer(text.lower()):
        fast, rate_fast, rate_slow, slow = map(int, match.groups())
        if max(fast, slow) > len(measured) or min(fast, slow) < 1:
            continue
        first, second = ((measured[k - 1] or {}).get("heart_rate_bpm") for k in (fast, slow))
        if first is None or second is None:
            continue
        apart = max(abs(first - rate_fast), abs(second - rate_slow))
        if apart > RATE_TOLERANCE_BPM + 0.5 or first < second - 0.5:
            said.append(f"The text calls ECG {fast} faster; measured {first:.0f}/min against {second:.0f}/min.")
    return said


def _shared_contradictions(
    stated: Mapping[str, bool], heads: list[Probabilities], scope: Sequence[int], unlikely: float
) -> list[str]:
    """Findings that the text gives to all ECGs though the heads find them unlikely in one."""
    return [
        f"The text says {phrase(code)} of all ECGs; "
        f"in ECG {k + 1} the finding head gives it {_percent(heads[k][code])}."
        for code, asserted in stated.items()
        for k in scope
        if asserted and k < len(heads) and heads[k].get(code, 1.0) < unlikely
    ]


def _group_contradictions(text: str, heads: list[Probabilities], likely: float) -> list[str]:
    """Groups that the text denies as a whole while the heads find one of their statements likely."""
    said = []
    for name, denied in _NONE_OF.items():
        if heads and denied.search(text.lower()):
            members = [c for c, f in FINDINGS.items() if f.superclass in _GROUPS[name][1] or c in _GROUPS[name][1]]
            best = [max(((h[c], c) for c in members if c in h), default=(0.0, "")) for h in heads]
            lowest, code = min(best)
            if lowest > likely:
                said.append(f"The text denies {name}; the finding head gives {phrase(code)} {_percent(lowest)}.")
    return said


def _omissions(text: str, heads: list[Probabilities], likely: float) -> list[str]:
    """Diagnoses that the heads find likely and of whose class a report says nothing."""
    named = {FINDINGS[code].superclass for code, positive in findings_in_text(text).items() if positive}
    lower = text.lower()
    said = []
    for superclass, name in SUPERCLASS_NAMES.items():
        if superclass == "NORM" or superclass in named or name.lower() in lower:
            continue
        members = [code for code, f in FINDINGS.items() if f.superclass == superclass]
        best = max(((head[code], code) for head in heads for code in members if code in head), default=(0.0, ""))
        if best[0] > likely:
            said.append(f"The text does not mention {phrase(best[1])}; the finding head gives it {_percent(best[0])}.")
    return said


def _yes_or_no(question: str, text: str) -> dict[str, bool]:
    """The findings that a question names, as a bare yes or no answers them."""
    word = re.match(r"\W*(yes|no)\b", text.lower())
    asked = [code for code, positive in findings_in_text(question).items() if positive]
    if not word or len(asked) != 1 or findings_in_text(text):
        return {}
    return {asked[0]: word.group(1) == "yes"}


def _percent(probability: float) -> str:
    return "less than 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"


def _a(title: str) -> str:
    return "an" if title[0] == "a" else "a"
