"""Wrong and right sentences about measured ECGs, drawn with a seed from the phrasings of `benchmarks/phrasings.py`.

A right sentence gives rounded values, half of them moved within the tolerance; a wrong one has one value beyond it, in
half of them only just. Findings come with made-up calibrated probabilities of what the simulator knows to be true.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anyecg.findings import FINDINGS, phrase

Measured = tuple[dict[str, Any], tuple[str, ...]]
"""`Measurements.to_dict()` of an ECG and the statements that are true of it."""
CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
GROUPS = {"V2-V4": ("V2", "V3", "V4"), "II, III and aVF": ("II", "III", "aVF"), "V5 and V6": ("V5", "V6")}
RATE, INTERVAL, ANGLE, AMPLITUDE, ST, RATIO, EXTREME = (
    "rate",
    "interval",
    "angle",
    "amplitude",
    "ST",
    "ratio",
    "extreme",
)


@dataclass(frozen=True)
class Field:
    """What a field of a phrasing stands for."""

    key: str
    kind: str
    unit: float = 1.0
    """Size of the printed unit in that of the key."""
    digits: int = 0


FIELDS = {
    "rate": Field("heart_rate_bpm", RATE), "min": Field("heart_rate_min_bpm", EXTREME),
    "max": Field("heart_rate_max_bpm", EXTREME), "rr": Field("rr", "RR"), "rr_s": Field("rr", "RR", 1000, 2),
    "p": Field("p_ms", INTERVAL), "pr": Field("pr_ms", INTERVAL), "pr_s": Field("pr_ms", INTERVAL, 1000, 2),
    "qrs": Field("qrs_ms", INTERVAL), "qrs_s": Field("qrs_ms", INTERVAL, 1000, 2), "qt": Field("qt_ms", INTERVAL),
    "qt_s": Field("qt_ms", INTERVAL, 1000, 2), "qtc": Field("qtc_bazett_ms", INTERVAL),
    "qtcf": Field("qtc_fridericia_ms", INTERVAL), "qtcfra": Field("qtc_framingham_ms", INTERVAL),
    "qtch": Field("qtc_hodges_ms", INTERVAL), "axis": Field("axis_deg", ANGLE), "paxis": Field("p_axis_deg", ANGLE),
    "taxis": Field("t_axis_deg", ANGLE), "angle": Field("qrs_t_angle_deg", ANGLE),
    "r_mv": Field("r_mv", AMPLITUDE, 1, 2), "r_mm": Field("r_mv", AMPLITUDE, 0.1, 0),
    "s_mv": Field("s_mv", AMPLITUDE, 1, 2), "s_mm": Field("s_mv", AMPLITUDE, 0.1, 0),
    "t_mv": Field("t_mv", AMPLITUDE, 1, 2), "q_mv": Field("q_mv", AMPLITUDE, 1, 2),
    "p_mv": Field("p_mv", AMPLITUDE, 1, 2), "rs": Field("rs", RATIO, 1, 2), "st_mv": Field("st_mv", ST, 1, 2),
    "st_mm": Field("st_mv", ST, 0.1, 1), "gst_mm": Field("gst", ST, 0.1, 1), "gst_mv": Field("gst", ST, 1, 2),
    "sok_mv": Field("sokolow_lyon_mv", AMPLITUDE, 1, 2), "sok_mm": Field("sokolow_lyon_mv", AMPLITUDE, 0.1, 0),
    "cor_mv": Field("cornell_mv", AMPLITUDE, 1, 2), "cor_mm": Field("cornell_mv", AMPLITUDE, 0.1, 0),
    "npvc": Field("npvc", "count"), "transition": Field("transition", "transition"),
}  # fmt: skip
JUST = {RATE: (3, 6), INTERVAL: (12, 25), ANGLE: (12, 30), AMPLITUDE: (0.13, 0.25), ST: (0.07, 0.12), RATIO: (0.3, 0.6),
        EXTREME: (8, 12), "RR": (60, 90), "count": (3, 5)}  # fmt: skip
"""By how much a value that is only just wrong is moved, in the unit of its key."""
TITLES = {
    RATE: "rate", INTERVAL: "interval", ANGLE: "axis or angle", AMPLITUDE: "amplitude, voltage index", ST: "ST level",
    RATIO: "R/S ratio", EXTREME: "lowest, highest rate", "RR": "RR interval", "count": "number of beats",
    "transition": "transition zone",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A text with what it is held against."""

    text: str
    wrong: bool
    kind: str
    measured: list[dict[str, Any]]
    heads: list[dict[str, float]]
    just: bool = False


def number_cases(
    texts: Sequence[str], ecgs: Sequence[Measured], n_wrong: int, n_right: int, seed: int
) -> Iterator[Case]:
    """Filled phrasings in turn, the wrong ones with each of their fields wrong in turn."""
    rng = random.Random(seed)
    turn: Counter[str] = Counter()
    for wrong, wanted in ((True, n_wrong), (False, n_right)):
        made = tried = 0
        while made < wanted and tried < 50 * wanted:
            text = texts[tried % len(texts)]
            tried += 1
            case = _filled(text, rng, ecgs, wrong, bool(made % 2), turn)
            if case:
                made += 1
                yield case


_SINUS = ("SR", "STACH", "SBRAD", "SARRH")
_FITS = (
    (r"sinus|nsr", lambda v, found: bool(set(found) & set(_SINUS)) and not {"AFIB", "AFLT"} & set(found)),
    (r"\bregular", lambda v, found: v["rhythm_regularity"] == "regular"),
    (r"narrow|qrs complex is unremarkable", lambda v, found: (v["qrs_ms"] or 999) < 115),
    (r"pr interval normal", lambda v, found: 125 < (v["pr_ms"] or 0) < 195),
)
"""What else a phrasing says, and the ECGs of which it is true."""


def _fitting(text: str, ecgs: Sequence[Measured]) -> list[Measured]:
    tests = [fits for words, fits in _FITS if re.search(words, text.lower())]
    return [(values, found) for values, found in ecgs if all(fits(values, found) for fits in tests)]


def _filled(
    text: str,
    rng: random.Random,
    ecgs: Sequence[Measured],
    wrong: bool,
    just: bool,
    turn: Counter[str],
) -> Case | None:
    names = list(dict.fromkeys(re.findall(r"\{(\w+)\}", text)))
    two = any(name[-1] in "12" for name in names)
    chosen = rng.sample(_fitting(text, ecgs), 2 if two else 1)
    measured = [values for values, _ in chosen]
    lead, group = rng.choice(CHEST), rng.choice(list(GROUPS))
    fields = [name for name in names if name not in ("lead", "group", "stdir")]
    true = {name: _value(name, measured, lead, group) for name in fields}
    if any(value is None for value in true.values()):
        return None
    bad = ""
    if wrong:
        bad = fields[turn[text] % len(fields)]
        turn[text] += 1
    shown = {"lead": lead, "group": group}
    for name in fields:
        printed = _print(name, true[name], rng, just if name == bad else None, name == bad)
        if printed is None:
            return None
        shown[name] = printed
    if "stdir" in names:
        shown["stdir"] = "ST elevation" if true[next(n for n in names if n.startswith("gst"))] > 0 else "ST depression"
    if "min" in shown and "max" in shown and int(shown["min"]) >= int(shown["max"]):
        return None
    filled = text.format(**shown)
    kind = TITLES[_field(bad or fields[0]).kind]
    if wrong and _field(bad).key in ("st_mv", "gst") and _fits_another_point(_field(bad), shown, measured[0]):
        return None
    if wrong and "qtc" in bad and _fits_another_qtc(shown[bad], measured):
        return None
    return Case(filled[:1].upper() + filled[1:], wrong, kind, measured, [{}] * len(measured), just)


def _fits_another_qtc(shown: str, measured: Sequence[Mapping[str, Any]]) -> bool:
    """A wrong QTc by one formula that is right by another is no clear mistake."""
    keys = ("qtc_bazett_ms", "qtc_fridericia_ms")
    return any(abs(float(shown) - (m.get(k) or 0)) < 12 for m in measured for k in keys)


def _fits_another_point(field: Field, shown: Mapping[str, str], measured: Mapping[str, Any]) -> bool:
    """A wrong ST level that is right at J or J + 80 ms, or in another lead of the group, is no clear mistake."""
    leads = GROUPS[shown["group"]] if field.key == "gst" else (shown["lead"],)
    printed = next(float(shown[name]) * f.unit for name, f in FIELDS.items() if f == field and name in shown)
    rows = [measured["leads"].get(lead) or {} for lead in leads]
    levels = [row[k] for row in rows for k in ("st_mv", "st_j_mv", "st80_mv") if row.get(k) is not None]
    if field.key == "gst":
        return min(abs(x) for x in levels) - 0.06 < printed < max(abs(x) for x in levels) + 0.06
    return any(abs(level - printed) < 0.06 for level in levels)


def _field(name: str) -> Field:
    return FIELDS[name if name in FIELDS else name.rstrip("12")]


def _value(name: str, measured: Sequence[Mapping[str, Any]], lead: str, group: str) -> Any:
    """The true value of a field in the unit of its key; None where a sentence could not say it."""
    values, key = measured[int(name[-1]) - 1 if name[-1] in "12" else 0], _field(name).key
    if key == "rr":
        return 60_000 / values["heart_rate_bpm"]
    if key == "npvc":
        n = sum(beat["kind"] == "V" for beat in values["beats"])
        return n if n >= 2 else None
    if key == "transition":
        lead = (values["r_progression"] or {}).get("transition_lead")
        return lead if lead in CHEST else None
    if key == "gst":
        levels = [values["leads"][x]["st_mv"] for x in GROUPS[group] if x in values["leads"]]
        most = max(levels, key=abs, default=0.0)
        return most if len(levels) == len(GROUPS[group]) and abs(most) > 0.08 else None
    row = values["leads"].get(lead)
    if key == "rs":
        ratio = row["r_mv"] / -row["s_mv"] if row and row["r_mv"] and row["s_mv"] else None
        return ratio if ratio and 0.1 < ratio < 9 else None
    if key in ("r_mv", "s_mv", "t_mv", "q_mv", "p_mv", "st_mv"):
        value = row[key] if row else None
        return value if value is not None and abs(value) > 0.02 else None
    return values.get(key)


def _print(name: str, true: Any, rng: random.Random, just: bool | None, wrong: bool) -> str | None:
    field = _field(name)
    if field.kind == "transition":
        far = [lead for lead in CHEST if abs(CHEST.index(lead) - CHEST.index(true)) >= 2]
        return rng.choice(far) if wrong else true
    unsigned = name in ("s_mv", "s_mm", "q_mv", "gst_mm", "gst_mv", "npvc")
    value = abs(true) if unsigned else true
    shown = value + (_off(name, field.kind, value, rng, bool(just)) if wrong else _jitter(field.kind, value, rng, name))
    smallest = 0.0 if unsigned or (field.kind not in (ANGLE, ST) and name != "t_mv") else -999.0
    if wrong and field.kind == INTERVAL and shown < 20:
        return None
    if wrong and (shown <= smallest or (field.kind in (ANGLE,) and abs(shown) > 180)):
        shown = 2 * value - shown
        if shown <= smallest:
            return None
    printed = f"{shown / field.unit:.{field.digits}f}"
    if not wrong and abs(float(printed) * field.unit - value) > _tolerance(field.kind, value):
        printed = f"{value / field.unit:.{field.digits}f}"
    if wrong and abs(float(printed) * field.unit - value) < _tolerance(field.kind, value) * 1.05 + 0.6 * (
        field.digits == 0 and field.unit == 1
    ):
        return None
    return printed


def _tolerance(kind: str, value: float) -> float:
    return {
        RATE: 2, INTERVAL: 10, ANGLE: 10, AMPLITUDE: max(0.1, 0.1 * abs(value)), ST: 0.05, RATIO: max(0.1, 0.2 * value),
        EXTREME: max(2, 0.05 * value), "RR": max(10, 2 * value**2 / 60_000), "count": max(1, 0.1 * value),
    }[kind]  # fmt: skip


def _jitter(kind: str, value: float, rng: random.Random, name: str) -> float:
    if kind == "count" or rng.random() < 0.5:
        return 0.0
    return rng.uniform(-0.9, 0.9) * _tolerance(kind, value)


def _off(name: str, kind: str, value: float, rng: random.Random, just: bool) -> float:
    low, high = JUST[kind]
    size = rng.uniform(low, high) if just else rng.uniform(2 * high, 4 * high)
    size = round(size) if kind == "count" else size
    extra = _tolerance(kind, value) - _tolerance(kind, 0)
    sign = 1 if name.startswith("gst") else rng.choice((-1, 1))  # less than the highest of a group is not wrong
    return sign * (size + max(extra, 0.0))


def word_cases(
    words: Sequence[tuple[str, str, float, float]], ecgs: Sequence[Measured], per_word: int, seed: int
) -> Iterator[Case]:
    """Sentences in words on ECGs whose value lies in the range, or beyond it by more than the tolerance."""
    rng = random.Random(seed)
    for text, key, low, high in words:
        margin = 2.6 if key == "heart_rate_bpm" else 10.6
        pool: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
        for values, _ in _fitting(text, ecgs):
            keys = ("qtc_bazett_ms", "qtc_fridericia_ms") if key == "qtc" else (key,)
            found = [values[k] for k in keys if values.get(k) is not None]
            if found and all(low <= v <= high for v in found):
                pool[False].append(values)
            elif found and all(v < low - margin or v > high + margin for v in found):
                far = key != "axis_deg" or all(-90 < v < 170 for v in found)
                pool[True] += [values] if far else []
        for wrong, candidates in pool.items():
            for values in rng.sample(candidates, min(per_word, len(candidates))):
                yield Case(text, wrong, "words for values", [values], [{}])


def finding_cases(texts: Sequence[tuple[str, bool]], ecgs: Sequence[Measured], n: int, seed: int) -> Iterator[Case]:
    """Statements asserted and denied, rightly and wrongly, against probabilities made up from the true findings."""
    rng = random.Random(seed)
    for k in range(n):
        _values, findings = rng.choice(list(ecgs))
        heads = {code: rng.uniform(0.7, 0.99) if code in findings else rng.uniform(0.0, 0.08) for code in FINDINGS}
        text, asserts = texts[k % len(texts)]
        wrong = bool((k // len(texts)) % 2)
        present = [code for code in findings if code not in ("NORM", "SR")]
        absent = [code for code in FINDINGS if code not in (*findings, "NORM", "SR") and not _overlaps(code, findings)]
        pool = present if asserts != wrong else absent
        if pool:
            filled = text.format(f=phrase(rng.choice(pool)))
            yield Case(filled[:1].upper() + filled[1:], wrong, "finding", [{}], [heads])


def _overlaps(code: str, findings: Sequence[str]) -> bool:
    """Statements that say much the same as one that holds."""
    same = {FINDINGS[f].superclass for f in findings if FINDINGS[f].superclass}
    return FINDINGS[code].superclass in same if FINDINGS[code].superclass else code in ("PRC(S)", "ABQRS", "SVARR")
