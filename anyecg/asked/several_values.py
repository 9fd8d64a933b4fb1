"""Measured numbers of several ECGs: which is longest, by how much one changed, how it went, which became abnormal.

A difference is held against day-to-day variation (`measure.serial_limits`): what lies within it is not called a change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ..evidence import Evidence
from ..findings import findings_in_text
from ..measure.serial import compare
from .features import DAY_TO_DAY, FEATURES, SAME, Feature, is_outside, shown, value
from .relations import ALL_WORDS, HOLDS, dated, in_order, numbers, referring, relation_of
from .said import asks_yes_or_no, capital, join
from .words import JUDGING, MEASURING, understood, word_set

_QUERIED = ("rr_ms", "p_ms", "pr_ms", "qrs_ms", "qtc_bazett_ms", "axis_deg", "qt_ms")
SAME_RATE_BPM = 1.0
"""Rates that print alike are not told apart."""
_MOST = (
    r"rank|order|sort|longest|highest|greatest|largest|widest|fastest|biggest|most prolonged|maxim\w+|quickest|broadest"
)
_LEAST = r"shortest|lowest|smallest|narrowest|slowest|least|minim\w+"
_UP = r"longer|wider|higher|faster|increas\w+|ris(?:e|en|ing)|widen\w*|prolong\w*|lengthen\w*|(?:gone|going|go) up"
_DOWN = (
    r"shorter|narrower|lower|slower|decreas\w+|fall(?:en|ing)?|shorten\w*|(?:come|coming|gone|going|go) down|smaller"
)
_CHANGE = (
    r"chang\w*|shift\w*|develop\w*|trend|course|differ\w*|same|how much|evol\w+|progress\w*|compare|turned|moved|"
    r"stable|constant|"
    rf"{_UP}|{_DOWN}"
)
_OUTSIDE = re.compile(r"\b(?:abnormal|outside|atypical|irregular|unusual|not normal|deviat\w+)\b")
_WITHIN = re.compile(r"\b(?:normal|within|typical|standard|limits)\b")
_VALUES = re.compile(
    r"\b(?:(?:abnormal )?(?:measured|numeric|numerical) (?:values?|features?|measurements?|attributes?|factors?)|"
    r"measured numbers|"
    r"abnormal (?:values?|numbers?|intervals?|measurements?)|measurements|values)\b"
)
_TABLE = re.compile(r"\b(?:all )?(?:the )?(?:intervals|measurements|values|numbers)\b")
_WORDS = ALL_WORDS | JUDGING | MEASURING | word_set(
    "table tabulate list getting get much out considered regarded established atypical typical deviate deviates steady "
    "steadily stable constant step amount difference differences how each all clearly really significantly up down "
    "by them their according persist relative state continue continues "
    "alone finding kind turn remain stay left its their interval intervals"
)  # fmt: skip


def answered_numbers(question: str, evidences: Sequence[Evidence]) -> str:
    """The answer to a question for numbers of several ECGs; "" for any other."""
    asked = referring(question, evidences)
    features, rest = [], asked
    for feature in FEATURES:
        shorter = re.sub(rf"\b(?:{feature.cue})\b", " ", rest)
        features += [feature] if shorter != rest else []
        rest = shorter
    if findings_in_text(rest):
        return ""
    if said := _queried(asked, evidences):
        return said
    if not features and re.search(r"\b(?:fastest|slowest|faster|slower)\b", rest):
        features = [feature for feature in FEATURES if feature.key == "heart_rate_bpm"]
    if not features and re.search(r"\b(?:widest|narrowest|broadest)\b", rest):
        features = [feature for feature in FEATURES if feature.key == "qrs_ms"]
    left = re.sub(rf"\b(?:{_MOST}|{_LEAST}|{_CHANGE})\b", " ", rest)
    if not understood(left, _WORDS):
        return ""
    if not features:
        return table(evidences) if _TABLE.search(rest) and not _OUTSIDE.search(rest) else ""
    if len(features) > 1:
        return table(evidences)
    return _of_feature(asked, rest, features[0], evidences)


def _of_feature(asked: str, rest: str, feature: Feature, evidences: Sequence[Evidence]) -> str:
    if feature.key == "heart_rate_bpm" and len(evidences) == 2 and "how much" not in rest and not _OUTSIDE.search(rest):
        return _faster(evidences)
    if re.search(rf"\b(?:{_MOST}|{_LEAST})\b", rest):
        return _extreme(feature, evidences, most=not re.search(rf"\b(?:{_LEAST})\b", rest))
    if re.search(r"\becg (\d) than (?:in )?ecg (\d)\b|\becg \d .*\bthan\b.*\becg \d\b", asked):
        return _direct(asked, feature, evidences)
    if both := _BOTH.search(asked):
        return _as_stated(both, feature, evidences)
    if (_OUTSIDE.search(rest) or _WITHIN.search(rest)) and relation_of(asked):
        return _state(asked, rest, feature, evidences) if len(evidences) == 2 else _states(rest, feature, evidences)
    if re.search(rf"\b(?:{_CHANGE})\b", rest) or re.search(r"\b(?:each|all|are|list|over time|values?)\b", rest):
        return course(feature, evidences, asked)
    return ""


def _faster(evidences: Sequence[Evidence]) -> str:
    """Which of two ECGs is faster."""
    measured = [evidence.measurements.get("heart_rate_bpm") for evidence in evidences]
    missing = [k for k, rate in enumerate(measured) if rate is None]
    if missing:
        return f"I cannot tell: no heart rate could be measured in {numbers(missing)}."
    first, second = (float(rate) for rate in measured if rate is not None)
    if abs(first - second) < SAME_RATE_BPM:
        return f"The rates are the same: {first:.0f}/min in ECG 1, {second:.0f}/min in ECG 2."
    fast, slow = (1, 2) if first > second else (2, 1)
    return f"ECG {fast} is faster: {max(first, second):.0f}/min against {min(first, second):.0f}/min in ECG {slow}."


def _lacking(feature: Feature, values: Sequence[float | None]) -> str:
    missing = [k for k, number in enumerate(values) if number is None]
    return f" It could not be measured in {numbers(missing)}." if missing else ""


_EXTREMES = {
    "heart_rate_bpm": ("fastest", "slowest"), "qrs_ms": ("widest", "narrowest"), "axis_deg": ("rightmost", "leftmost"),
}  # fmt: skip


def _extreme(feature: Feature, evidences: Sequence[Evidence], most: bool) -> str:
    values = [value(feature, evidence) for evidence in evidences]
    known = sorted(((v, k) for k, v in enumerate(values) if v is not None), reverse=most)
    if len(known) < 2:
        return f"I cannot tell: the {feature.name} could be measured in fewer than two of these ECGs."
    name = _EXTREMES.get(feature.key, ("longest", "shortest"))[0 if most else 1]
    (best, k), others = known[0], known[1:]
    listed = ", ".join(f"{shown(feature, v)} in ECG {i + 1}" for v, i in others)
    text = f"ECG {k + 1} has the {name} {feature.name}: {shown(feature, best)}, against {listed}."
    near = [i for v, i in others if abs(v - best) < SAME.get(feature.key, 5.0)]
    text += f" That is not told apart from {numbers(near)} by the error of the measurement." if near else ""
    return text + _lacking(feature, values)


def _direct(asked: str, feature: Feature, evidences: Sequence[Evidence]) -> str:
    """Whether the number of one ECG lies above or below that of another, both named."""
    named = [int(k) - 1 for k in re.findall(r"\becg (\d)\b", asked)][:2]
    if max(named) >= len(evidences) or len(set(named)) < 2:
        return ""
    one, other = (value(feature, evidences[k]) for k in named)
    if one is None or other is None:
        return f"I cannot tell.{_lacking(feature, [value(feature, e) for e in evidences])}"
    wants_more = not re.search(rf"\b(?:{_DOWN})\b", asked)
    near = abs(one - other) < SAME.get(feature.key, 5.0)
    holds = (one > other) == wants_more and one != other
    told = [f"{shown(feature, v)} in ECG {k + 1}" for v, k in ((one, named[0]), (other, named[1]))]
    pair = f"the {feature.name} is {' and '.join(told)}"
    if near:
        return f"Not clearly: {pair}, which is the same within the error of the measurement."
    return f"{'Yes' if holds else 'No'}: {pair}{_variation(feature, one - other)}."


def _variation(feature: Feature, change: float) -> str:
    limit = DAY_TO_DAY.get(feature.key)
    if limit is None:
        return ""
    where = "within" if abs(change) <= limit else "beyond"
    return f"; that is {where} day-to-day variation (±{limit:.0f}{feature.unit})"


def course(feature: Feature, evidences: Sequence[Evidence], asked: str) -> str:
    """A number in the order of the dates, and its change from the first to the last against day-to-day variation."""
    order = in_order(evidences)
    values = [value(feature, evidences[k]) for k in order]
    listed = ", ".join(f"{shown(feature, v)} in {dated(k, evidences[k])}" for k, v in zip(order, values, strict=True))
    text = f"{capital(feature.name)}: {listed}."
    known = [(k, v) for k, v in zip(order, values, strict=True) if v is not None]
    if len(known) < 2:
        return f"I cannot tell how it changed. {text}"
    (first, a), (last, b) = known[0], known[-1]
    change = (b - a + 180) % 360 - 180 if feature.key == "axis_deg" else b - a
    steps = [after - before for (_, before), (_, after) in pairwise(known)]
    by_fridericia = _fridericia(order, evidences) if feature.key == "qtc_bazett_ms" else None
    judged = change if by_fridericia is None else by_fridericia[-1] - by_fridericia[0]
    variation = _variation(feature, change) if by_fridericia is None else ""
    step = f" From ECG {first + 1} to ECG {last + 1}: {change:+.0f}{feature.unit}{variation}."
    if len(known) > 2 and (all(s > 0 for s in steps) or all(s < 0 for s in steps)):
        step += f" It {'rose' if steps[0] > 0 else 'fell'} from each to the next."
    elif len(known) > 2 and max(v for _, v in known) - min(v for _, v in known) > DAY_TO_DAY.get(feature.key, 1e9):
        step += " Between them it went up and down by more than that."
    if by_fridericia is not None:
        listed = ", ".join(f"{v:.0f}" for v in by_fridericia)
        step += f" By Fridericia, less dependent on rate: {listed} ms, {judged:+.0f} ms{_variation(feature, judged)}."
    return _direction(asked, feature, judged, by_fridericia or [v for _, v in known]) + text + step


def _direction(asked: str, feature: Feature, change: float, values: Sequence[float]) -> str:
    """ "Yes.", "No." or "Not clearly.", where a question asks whether a number rose, fell, changed or stayed."""
    if not asks_yes_or_no(asked):
        return ""
    limit = DAY_TO_DAY.get(feature.key, 0.0)
    if re.search(r"\bsame\b|\bstable\b|\bconstant\b|\bunchanged\b", asked):
        return "Yes, within day-to-day variation. " if max(values) - min(values) <= limit else "No. "
    up, down = re.search(rf"\b(?:{_UP})\b", asked), re.search(rf"\b(?:{_DOWN})\b", asked)
    near = abs(change) <= limit
    if near and (up or down) and (change > 0) == bool(up) and abs(change) >= SAME.get(feature.key, 5.0):
        return "Not clearly. "
    if up or down:
        return "Yes. " if not near and (change > 0) == bool(up) else "No. "
    return "Not beyond day-to-day variation. " if near else "Yes. "


def _fridericia(order: Sequence[int], evidences: Sequence[Evidence]) -> list[float] | None:
    """QTc by Fridericia in this order; None where one lacks it."""
    values = [evidences[k].measurements.get("qtc_fridericia_ms") for k in order]
    return None if any(v is None for v in values) else [float(v) for v in values if v is not None]


def _relation_to_outside(asked: str, rest: str) -> str | None:
    """The relation of being outside the normal range that a question asks for."""
    relation = relation_of(asked)
    if relation is None:
        return "new" if _OUTSIDE.search(rest) else None
    if _OUTSIDE.search(rest) or re.search(r"from (?:ab)?normal to", rest):
        return relation
    return {"new": "gone", "gone": "new", "still": "absent", "absent": "still"}[relation]


def _state(asked: str, rest: str, feature: Feature, evidences: Sequence[Evidence]) -> str:
    """Whether a number left or came back to its normal range from the first of two ECGs to the second."""
    relation = _relation_to_outside(asked, rest)
    outside = tuple(is_outside(feature, evidence) for evidence in evidences)
    values = [value(feature, evidence) for evidence in evidences]
    if relation is None or None in outside:
        return f"I cannot tell.{_lacking(feature, values)}" if None in outside else ""
    holds = HOLDS[relation] == outside
    one, two = (shown(feature, v) for v in values)
    change = float(values[1] or 0) - float(values[0] or 0)
    unsure = _variation(feature, change) if outside[0] != outside[1] else ""
    return f"{'Yes' if holds else 'No'}: the {feature.name} is {one} in ECG 1 and {two} in ECG 2{unsure}."


_BOTH = re.compile(r"\b(within|outside)\b.*\becg (\d)\b.*\b(within|outside)\b.*\becg (\d)\b")


def _as_stated(both: re.Match[str], feature: Feature, evidences: Sequence[Evidence]) -> str:
    """Whether a number lies within its range in the one ECG and outside in the other, as the question says of both."""
    stated = {int(both.group(2)) - 1: both.group(1) == "outside", int(both.group(4)) - 1: both.group(3) == "outside"}
    if max(stated) >= len(evidences):
        return ""
    found = {k: is_outside(feature, evidences[k]) for k in stated}
    if None in found.values():
        return f"I cannot tell.{_lacking(feature, [value(feature, evidence) for evidence in evidences])}"
    listed = [f"{shown(feature, value(feature, evidences[k]))} in ECG {k + 1}" for k in sorted(stated)]
    return f"{'Yes' if found == stated else 'No'}: the {feature.name} is {join(listed)}."


def _states(rest: str, feature: Feature, evidences: Sequence[Evidence]) -> str:
    """In which of three ECGs and more a number lies outside its normal range."""
    outside = [is_outside(feature, evidence) for evidence in evidences]
    listed = ", ".join(f"{shown(feature, value(feature, e))} in ECG {k + 1}" for k, e in enumerate(evidences))
    those = [k for k, lies_outside in enumerate(outside) if lies_outside]
    text = f"{capital(feature.name)}: {listed}. Outside the normal range: {numbers(those) if those else 'none'}."
    if re.search(r"\ball\b|\bevery\b|\beach\b", rest) and None not in outside and asks_yes_or_no(rest):
        holds = all(outside) if _OUTSIDE.search(rest) else not any(outside)
        return f"{'Yes' if holds else 'No'}. {text}"
    return text


def _queried(asked: str, evidences: Sequence[Evidence]) -> str:
    """Which numbers are newly, no longer or still outside their normal range."""
    if len(evidences) != 2 or not _VALUES.search(asked) or not (_OUTSIDE.search(asked) or _WITHIN.search(asked)):
        return ""
    rest = _VALUES.sub(lambda match: "abnormal " if "abnormal" in match.group() else " ", asked)
    relation = _relation_to_outside(asked, rest)
    if relation is None or not understood(re.sub(rf"\b(?:{_CHANGE})\b", " ", rest), _WORDS):
        return ""
    found = []
    for feature in (f for key in _QUERIED for f in FEATURES if f.key == key):
        outside = tuple(is_outside(feature, evidence) for evidence in evidences)
        if None not in outside and HOLDS[relation] == outside:
            one, two = (shown(feature, value(feature, evidence)) for evidence in evidences)
            found.append(f"{feature.name} ({one} → {two})")
    return f"{capital(join(found))}." if found else "None of them."


def table(evidences: Sequence[Evidence]) -> str:
    """The numbers of every ECG, one line each, and what changed beyond day-to-day variation."""
    keys = ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "qtc_bazett_ms", "axis_deg")
    listed = [feature for key in keys for feature in FEATURES if feature.key == key]
    lines = [
        f"{dated(k, evidence)}: " + ", ".join(f"{f.name} {shown(f, value(f, evidence))}" for f in listed)
        for k, evidence in enumerate(evidences)
    ]
    return "\n".join(lines) + f"\n{measured_changes(evidences, ('Heart rate', 'PR', 'QRS', 'QTc'))}"


def measured_changes(evidences: Sequence[Evidence], begins: tuple[str, ...]) -> str:
    """The sentences of the measured comparison that begin so; that nothing changed is said as well."""
    found = compare([e.measurements for e in evidences], [e.record.recorded_at for e in evidences])
    said = [s for s in found["sentences"] if s.startswith(begins) and "not comparable" not in s]
    return " ".join(said) or "No measured difference of these exceeds day-to-day variation."
