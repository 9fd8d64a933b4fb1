"""Results as tables and lines for people: answers, measurements, findings, places, comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from .abstain import UNJUDGED

if TYPE_CHECKING:
    from rich.table import Table

TOP_FINDINGS = 10
_INTERVALS = {
    "heart_rate_bpm": "/min", "heart_rate_min_bpm": "/min", "heart_rate_max_bpm": "/min", "rr_sd_ms": "ms",
    "rhythm_regularity": "", "p_wave_present": "", "p_ms": "ms", "pr_ms": "ms", "qrs_ms": "ms", "qt_ms": "ms",
    "qtc_bazett_ms": "ms", "qtc_fridericia_ms": "ms", "qtc_framingham_ms": "ms", "qtc_hodges_ms": "ms",
    "axis_deg": "°", "p_axis_deg": "°", "t_axis_deg": "°", "qrs_t_angle_deg": "°", "spatial_qrs_t_angle_deg": "°",
    "sokolow_lyon_mv": "mV", "cornell_mv": "mV", "paced": "",
}  # fmt: skip


def show_answer(result: Mapping[str, Any]) -> None:
    """What an answer rests on, below its streamed text."""
    if result["changes"]:
        show_changes(result["changes"])
    for sentence in result["contradictions"]:
        typer.secho(f"! {sentence}", fg="red")
    for sentence in result["warnings"]:
        typer.secho(f"! {sentence}", fg="yellow")
    if result["intervals"]:
        _print(_places(result["intervals"], many=len(result["evidence"]) > 1))
    for number, evidence in enumerate(result["evidence"], start=1):
        title = f"Evidence, ECG {number}" if len(result["evidence"]) > 1 else "Evidence"
        table = _table(title, "measured", "", "likeliest findings", "probability")
        measured = _measured(evidence.get("measurements") or {})
        likely = [(f["phrase"], _put(f)) for f in evidence.get("findings") or ()]
        for k in range(max(len(measured), len(likely))):
            table.add_row(
                *(measured[k] if k < len(measured) else ("", "")), *(likely[k] if k < len(likely) else ("", ""))
            )
        _print(table)
    from .answer import ORIGINS

    first = f"{result['first_token_s']:.2f} s to the first word, " if result["first_token_s"] is not None else ""
    spent = f"{first}{result['total_s']:.2f} s in all, {result['tokens']} tokens"
    typer.secho(f"{ORIGINS[result['origin']]}; {spent}", dim=True)


def _put(finding: Mapping[str, Any]) -> str:
    """The probability of a finding, or that these leads cannot show it."""
    return UNJUDGED if finding.get("verdict") == UNJUDGED else f"{finding['probability']:.2f}"


def show_info(result: Mapping[str, Any]) -> None:
    table = _table("", "", "")
    table.show_header = False
    table.add_row("leads", ", ".join(result["leads"]))
    table.add_row("sampling rate", f"{result['sampling_rate_hz']:g} Hz")
    table.add_row("duration", f"{result['duration_s']:g} s ({result['samples']} samples)")
    known = {"age": result["age"], "sex": result["sex"], "recorded": result["recorded_at"]}
    for key, value in known.items():
        if value is not None:
            table.add_row(key, f"{value:g}" if isinstance(value, float) else value)
    for note in result["notes"]:
        table.add_row("note", note)
    _print(table)


def show_measurements(result: Mapping[str, Any]) -> None:
    show_critical(value["sentence"] for value in result["critical"])
    table = _table("", "measured", "")
    for row in _measured(result):
        table.add_row(*row)
    if progression := result["r_progression"]:
        table.add_row("R progression", f"{progression['word']} (transition {progression['transition_lead']})")
    kinds = [beat["kind"] for beat in result["beats"]]
    names = {"N": "normal", "S": "supraventricular premature", "V": "ventricular", "P": "paced"}
    table.add_row("beats", ", ".join(f"{kinds.count(k)} {name}" for k, name in names.items() if k in kinds) or "none")
    _print(table)
    columns = {"P": "p_mv", "Q": "q_mv", "R": "r_mv", "S": "s_mv", "ST J": "st_j_mv", "J+60": "st_mv",
               "J+80": "st80_mv", "T": "t_mv"}  # fmt: skip
    amplitudes = _table("", "lead", *(f"{name} mV" for name in columns), "quality")
    for lead, quality in result["quality"].items():
        values = result["leads"].get(lead, {})
        lesser = ", ".join(result["disturbances"].get(lead, ()))
        amplitudes.add_row(lead, *(_number(values.get(key), 2) for key in columns.values()), lesser or quality)
    _print(amplitudes)
    if result["episodes"]:
        _print(_places([{"leads": (), **episode} for episode in result["episodes"]]))
    for suspicion in result["placement"]:
        typer.secho(f"! {suspicion['sentence']}", fg="yellow")
    for key, reason in result["not_measurable"].items():
        typer.echo(f"{key}: {reason}")
    for note in result["notes"]:
        typer.echo(note)


def show_critical(sentences: Iterable[str]) -> None:
    """Critical values, before everything else."""
    for sentence in sentences:
        typer.secho(f"CRITICAL: {sentence}", fg="red", bold=True)


def show_changes(changes: Mapping[str, Any]) -> None:
    """What changed between ECGs, as measured: sentences, and the rows that exceed day-to-day variation."""
    for sentence in changes["sentences"]:
        typer.echo(sentence)
    names = [f"ECG {number}" for number in changes["order"]]
    table = _table("Measured", "", *names, "limit")
    for row in changes["rows"]:
        if not row["leads"] and any(value is not None for value in row["values"]):
            limit = "" if row["limit"] is None else f"± {_with_digits(row['limit'], row['unit'])}"
            table.add_row(row["title"], *change_cells(row), limit)
    _print(table)
    for warning in changes["warnings"]:
        typer.secho(f"! {warning}", fg="yellow")


def change_cells(row: Mapping[str, Any]) -> list[str]:
    """The values of one row of a comparison; an asterisk marks what is beyond day-to-day variation."""
    cells = []
    for value, exceeds in zip(row["values"], row["exceeds"], strict=True):
        text = "–" if value is None else value if isinstance(value, str) else _with_digits(value, row["unit"])
        cells.append(f"{text} {row['unit'] or ''}".strip() + ("*" if exceeds else "") if value is not None else text)
    return cells


def _with_digits(value: float, unit: str | None) -> str:
    """As many digits as the unit is worth; a likeness has no unit."""
    return f"{round(value, digits := 2 if unit in ('mV', '', None) else 0) + 0.0:.{digits}f}"  # + 0.0: no "-0"


def show_findings(result: Mapping[str, Any]) -> None:
    if result.get("abstained"):
        typer.secho(f"No statement: {result['reason']}", fg="yellow")
        return
    from .findings import SUPERCLASS_NAMES, phrase

    table = _table("", "probability", "code", "finding")
    ranked = sorted(result["findings"].items(), key=lambda item: -item[1])
    for code, probability in ranked[:TOP_FINDINGS]:
        table.add_row(f"{probability:.3f}", code, phrase(code))
    _print(table)
    classes = _table("", "probability", "class", "")
    for code, probability in result["superclasses"].items():
        classes.add_row(f"{probability:.3f}", code, SUPERCLASS_NAMES.get(code, ""))
    _print(classes)


def show_places(result: Mapping[str, Any]) -> None:
    typer.echo(result["answer"])
    if result["intervals"]:
        _print(_places(result["intervals"]))
    if result.get("probability") is not None:
        typer.echo(f"highest probability {result['probability']:.2f}")


def show_image(result: Mapping[str, Any]) -> None:
    typer.echo(f"{result['image']} ({result['width']} × {result['height']} pixels)")


def _measured(measurements: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = []
    for key, unit in _INTERVALS.items():
        if (value := measurements.get(key)) is not None:
            text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
            digits = 2 if unit == "mV" else 0
            shown = text if isinstance(text, str) else f"{_number(text, digits)}{'' if unit == '°' else ' '}{unit}"
            name = key.removesuffix("_bpm").removesuffix("_ms").removesuffix("_deg").removesuffix("_mv")
            rows.append((name.replace("_", " "), shown))
    return rows


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def _places(intervals: Sequence[Mapping[str, Any]], many: bool = False) -> Table:
    table = _table("", *(["ECG"] if many else []), "from s", "to s", "leads", "kind")
    for place in intervals:
        cells = [str(place["ecg"])] if many else []
        leads = ", ".join(place.get("leads") or ()) or "all"
        table.add_row(*cells, f"{place['start_s']:.2f}", f"{place['end_s']:.2f}", leads, place.get("kind") or "")
    return table


def _table(title: str, *columns: str) -> Table:
    from rich import box
    from rich.table import Table

    return Table(*columns, title=title or None, box=box.SIMPLE, title_justify="left", pad_edge=False)


def _print(table: Table) -> None:
    from rich.console import Console

    Console(highlight=False, markup=False).print(table)
