"""CSV: a header row with lead names, then one row per sample; rate and units declared, never guessed.

They are declared by comment lines above the header row (`# sampling_rate: 500`, `# units: mV`), by units
behind each lead name (`II (mV)`), or by the caller. A first column that counts time or samples is not a lead.
Empty cells and "nan" are gaps. Comma, semicolon and tab separate; with the latter two a decimal comma is read.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..record import EcgRecord, RecordError
from .common import check_size, finish, is_ecg_name
from .declared import Declared, is_voltage, require, settle_leads, settle_rate, settle_scale

MAX_BYTES = 2**30

_COMMENT = re.compile(r"^#\s*([\w ]+?)\s*[:=]\s*(.+?)\s*$")
_WITH_UNITS = re.compile(r"^(.*?)\s*[(\[]([^)\]]+)[)\]]$")
_TIME = re.compile(r"^(t|time|times?tamp|seconds?|sec|sample|samples|index|elapsed.*|time[ _].*|)$", re.IGNORECASE)


def read(path: Path, declared: Declared) -> EcgRecord:
    """Read one recording from a CSV (or TSV) file."""
    lines, comments = _split(_text(path))
    if not lines:
        raise RecordError(f"{path.name} holds no rows; expected a header row with lead names and one row per sample.")
    delimiter = max("\t;,", key=lines[0].count)
    cells = [cell.strip().strip('"') for cell in lines[0].split(delimiter)]
    named = not all(_is_number(cell) for cell in cells)
    values = _numbers(lines[1:] if named else lines, delimiter, len(cells), path.name)
    notes: list[str] = []
    stated = _stated_rate(comments, path.name)
    if named:
        leads, columns, units = _columns(cells, comments.get("units"), path.name, notes)
    else:
        leads, columns, units = (
            settle_leads(len(cells), declared, path.name),
            list(range(len(cells))),
            comments.get("units"),
        )
    require(path.name, declared, rate=stated is not None, units=units is not None)
    scale = settle_scale(units, declared, path.name)
    rate = settle_rate(stated, declared, path.name)
    return finish(values[:, columns].T * scale, leads, rate, path, declared, notes, leads_declared=not named)


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise RecordError(f"{path.name} has {path.stat().st_size:,} bytes; store so long a record as WFDB or NPZ.")
    content = path.read_bytes()
    if b"\0" in content:
        raise RecordError(f"{path.name} is not a CSV file: it holds binary data.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _split(text: str) -> tuple[list[str], dict[str, str]]:
    """Data lines (header row first) and what the comment lines declare, keys in lower case."""
    lines = [line for line in text.splitlines() if line.strip(" \t,;")]
    n_comments = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    found = [match for line in lines[:n_comments] if (match := _COMMENT.match(line)) is not None]
    return lines[n_comments:], {match[1].lower().replace(" ", "_"): match[2] for match in found}


def _columns(
    cells: list[str], units: str | None, name: str, notes: list[str]
) -> tuple[tuple[str, ...], list[int], str | None]:
    """Lead names, their columns, and the units behind the names."""
    leads, columns, found, dropped = [], [], set(), []
    for k, cell in enumerate(cells):
        match = _WITH_UNITS.match(cell)
        title, unit = (match[1], match[2]) if match is not None else (cell, None)
        if k == 0 and _TIME.match(title):
            continue
        if (unit is not None and not is_voltage(unit)) or not is_ecg_name(title):
            dropped.append(cell)
            continue
        leads.append(title)
        columns.append(k)
        found.add(unit.strip() if unit else units)
    if not leads:
        raise RecordError(f"{name} has no ECG column; its header row is {', '.join(cells)[:80]!r}.")
    if len(found) > 1:
        raise RecordError(f"{name} gives its columns different units ({', '.join(map(str, found))}); use one for all.")
    if dropped:
        notes.append(f"left out: {', '.join(dropped)} (not an ECG lead in volts)")
    return tuple(leads), columns, found.pop()


def _stated_rate(comments: dict[str, str], name: str) -> float | None:
    text = comments.get("sampling_rate", comments.get("sampling_rate_hz"))
    if text is None:
        return None
    try:
        return float(text.lower().removesuffix("hz"))
    except ValueError:
        raise RecordError(f"{name} states the sampling rate {text!r}, which is not a number of Hz.") from None


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return cell == ""
    return True


def _numbers(lines: list[str], delimiter: str, n_columns: int, name: str) -> np.ndarray:
    """The data rows, shape (n_samples, n_columns)."""
    check_size(n_columns, len(lines), name)
    if not lines:
        raise RecordError(f"{name} holds no samples below its header row.")
    if delimiter != ",":
        lines = [line.replace(",", ".") for line in lines]
    try:
        values = np.loadtxt(lines, delimiter=delimiter, ndmin=2, comments=None)
    except ValueError:  # empty cells, quotes or text: slower, and tells the row
        values = np.array([_row(line, delimiter, n_columns, k, name) for k, line in enumerate(lines)])
    if values.shape[1] != n_columns:
        raise RecordError(f"{name} has {n_columns} names in its header row but {values.shape[1]} columns of numbers.")
    return values


def _row(line: str, delimiter: str, n_columns: int, k: int, name: str) -> list[float]:
    cells = [cell.strip().strip('"') for cell in line.split(delimiter)]
    if len(cells) != n_columns:
        raise RecordError(f"{name} has {len(cells)} cells in data row {k + 1} but {n_columns} columns.")
    try:
        return [float(cell) if cell else float("nan") for cell in cells]
    except ValueError:
        raise RecordError(
            f"{name} holds text where numbers were expected, in data row {k + 1}: {line[:60]!r}."
        ) from None
