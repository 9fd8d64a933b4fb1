"""What is told of an ECG in rows, for the page and the PDF: measurements, amplitudes, changes, groups of findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anyecg.abstain import UNJUDGED, lacking, usable_leads
from anyecg.findings import SUPERCLASS_NAMES
from anyecg.measure.normal import LIMITS, judge
from anyecg.record import EcgRecord

BEAT_NAMES = {"N": "normal", "S": "early from the atria", "V": "early from the ventricles", "P": "paced"}


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
    Row("Frontal QRS-T angle", ("qrs_t_angle_deg",), "°", "Between the QRS axis and the T axis."),
    Row("Spatial QRS-T angle", ("spatial_qrs_t_angle_deg",), "°", "Between QRS and T in three dimensions."),
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
    """What was measured in one ECG, then what was not and why.

    Args:
        values: `Measurements.to_dict()`.
        sex: "female", "male" or None; the limit of QTc depends on it.
    """
    lines = [line for row in ROWS if (line := _line(row, values, sex))]
    if values.get("rhythm_regularity"):
        lines.insert(min(1, len(lines)), Line("Rhythm", str(values["rhythm_regularity"])))
    return lines + _not_measured(values)


def _line(row: Row, values: Mapping[str, Any], sex: str | None) -> Line | None:
    numbers = [values[key] for key in row.keys if values.get(key) is not None]
    if len(numbers) < len(row.keys):
        return None
    shown = dict.fromkeys(number(measured, row.unit) for measured in numbers)
    value = _with_unit(" to ".join(shown), row.unit)
    limit = LIMITS.get(row.keys[0]) if len(row.keys) == 1 else None
    if not limit or not limit.normal:
        return Line(row.name, value, meaning=row.meaning)
    verdict = judge(row.keys[0], float(numbers[0]), sex)
    by_sex = dict(zip(("male", "female"), limit.normal.split(", "), strict=False))  # "… in men, … in women"
    normal = by_sex.get(sex or "", limit.normal) if len(by_sex) == 2 else limit.normal
    return Line(row.name, value, "" if verdict == "normal" else verdict, normal, row.meaning)


def _not_measured(values: Mapping[str, Any]) -> list[Line]:
    """One line per reason, with all that it kept from being measured."""
    reasons = values.get("not_measurable") or {}
    names: dict[str, list[str]] = {}
    for row in ROWS:
        reason = next((reasons[key] for key in row.keys if values.get(key) is None and key in reasons), None)
        if reason:
            names.setdefault(reason, []).append(row.name)
    if len(names) == 1 and len(next(iter(names.values()))) == len(ROWS):
        return [Line("Not measurable", f"rate, intervals and axes: {reason}") for reason in names]
    return [Line("Not measurable", f"{', '.join(rows)}: {reason}") for reason, rows in names.items()]


def number(value: float, unit: str) -> str:
    """As many digits as the unit is worth."""
    digits = 2 if unit in ("mV", "") else 0
    return f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0: no "-0"


def _with_unit(number: str, unit: str) -> str:
    return number + ("" if unit in ("°", "/min") else " ") + unit


def change_table(changes: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the comparison, a column per ECG."""
    head = ["", *(f"ECG {number}" for number in changes["order"]), "± day to day"]
    rows = []
    for row in changes["rows"]:
        if row["leads"] or all(value is None for value in row["values"]):
            continue
        unit, limit = row["unit"] or "", row["limit"]
        cells = [
            _changed(value, unit) + (" *" if exceeds else "")
            for value, exceeds in zip(row["values"], row["exceeds"], strict=True)
        ]
        rows.append([row["title"], *cells, "" if limit is None else _with_unit(number(limit, unit), unit)])
    return head, rows


def _changed(value: float | str | None, unit: str) -> str:
    return "–" if value is None else value if isinstance(value, str) else number(value, unit)


def group_lines(entry: Mapping[str, Any], record: EcgRecord | None) -> list[tuple[str, str]]:
    """The five diagnostic groups with their probability, or that these leads cannot show them."""
    usable = usable_leads(record.leads, entry["quality"]) if record else None
    return [
        (
            SUPERCLASS_NAMES.get(code, code),
            UNJUDGED if usable is not None and lacking(f"super:{code}", usable) else percent(p),
        )
        for code, p in entry["superclasses"].items()
    ]


def percent(probability: float) -> str:
    """A probability as people read it."""
    value = 100 * probability
    return "<1%" if value < 1 else ">99%" if value > 99 else f"{value:.0f}%"


def signal_lines(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Beats, pacing, R progression and signal quality in words."""
    lines = []
    beats = Counter(beat["kind"] for beat in values.get("beats") or ())
    if beats:
        lines.append(("Beats", ", ".join(f"{n} {BEAT_NAMES.get(kind, kind)}" for kind, n in beats.most_common())))
    if values.get("paced"):
        lines.append(("Pacing", str(values["paced"])))
    if progression := values.get("r_progression"):
        lines.append(("R progression", f"{progression['word']} (transition {progression['transition_lead']})"))
    if values.get("quality"):
        poor = [f"{lead} {flag}" for lead, flag in values["quality"].items() if flag != "good"]
        lines.append(("Signal quality", ", ".join(poor) or "good in all leads"))
    return lines


_AMPLITUDES = (("P", "p_mv"), ("Q", "q_mv"), ("R", "r_mv"), ("S", "s_mv"), ("J", "st_j_mv"), ("J+60", "st_mv"),
              ("J+80", "st80_mv"), ("T", "t_mv"))  # fmt: skip


def amplitude_table(values: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the amplitudes in mV, a row per lead."""
    rows = [
        [lead, *("" if levels.get(key) is None else f"{levels[key]:.2f}" for _, key in _AMPLITUDES)]
        for lead, levels in (values.get("leads") or {}).items()
    ]
    return ["lead", *(name for name, _ in _AMPLITUDES)], rows


def span(place: Mapping[str, Any]) -> str:
    """From when to when, in seconds."""
    return f"{place['start_s']:.1f}-{place['end_s']:.1f}"


def critical_line(value: Mapping[str, Any], n_ecgs: int) -> str:
    """A critical value with the rule that calls it so."""
    return (f"ECG {value['ecg']}: " if n_ecgs > 1 else "") + f"{value['sentence']} ({value['source']})"
