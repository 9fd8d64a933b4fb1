"""MIMIC-IV-ECG in its official layout: record_list.csv, machine_measurements.csv and WFDB files below files/.

Access is credentialed: the files stay where they are, and what is built from them must not be passed on. The machine's
report lines become statements through the reading of findings in text (`anyecg.findings`); lines in which no statement
is read are listed in the note.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from anyecg.findings import findings_in_text
from anyecg.readers import read_record

from . import Entry, Labelled, Plan, SourceError, require_directory
from .snomed import with_classes

_TITLE = "MIMIC-IV-ECG"


def plan(directory: Path | None, **_: Any) -> Plan:
    """List the records that are in the directory; subjects are the patients."""
    from ..splits import split_by_hash

    folder = require_directory(directory, _TITLE, "record_list.csv", "machine_measurements.csv")
    reports = _places(folder / "machine_measurements.csv")
    entries, left_out = [], {}
    for row in _lines(folder / "record_list.csv"):
        patient, record_id = f"mimic-iv-ecg/{row['subject_id']}", f"mimic-iv-ecg/{row['study_id']}"
        path = folder / row["path"]
        if not path.with_name(path.name + ".hea").exists():
            left_out[record_id] = "its signal files are not in the directory"
            continue
        at = (str(folder / "machine_measurements.csv"), reports.get(row["study_id"]))
        details = {"path": str(path), "report_at": at, "recorded_at": row.get("ecg_time", "")}
        entries.append(Entry(record_id, patient, split_by_hash(patient), details))
    if not entries:
        raise SourceError(f"{folder} holds none of the records of its record_list.csv.")
    return Plan(entries, left_out)


def load(entries: Sequence[Entry]) -> Iterator[Labelled]:
    """Read the records with the statements of the machine's report; what it leaves out is not known."""
    for entry in entries:
        record = read_record(entry.details["path"])
        at = entry.details["recorded_at"].replace(" ", "T") or None
        record = replace(record, name=entry.record_id, recorded_at=at)
        findings, unread = read_report(_report(*entry.details["report_at"]))
        yield Labelled(
            entry, record, findings, note=f"not mapped to statements: {'; '.join(unread)}" if unread else "",
            truth="MIMIC-IV-ECG machine report",
        )  # fmt: skip


def read_report(lines: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Statements of a machine's report, and the lines in which none was read; "possible" asserts nothing."""
    statements, unread = [], []
    for line in lines:
        lower = line.lower()
        doubtful = any(word in lower for word in ("possible", "consider", "probable", "cannot rule out", "borderline"))
        found = {} if doubtful else findings_in_text(line)
        statements += [code for code, asserted in found.items() if asserted]
        if not found:
            unread.append(line)
    return with_classes(statements), unread


def _places(path: Path) -> dict[str, int]:
    """Study → byte at which its row begins: 800,000 reports need not wait in memory."""
    places = {}
    with path.open("rb") as file:
        column = _cells(file.readline()).index("study_id")
        at = file.tell()
        for line in iter(file.readline, b""):
            places[_cells(line)[column]] = at
            at += len(line)
    return places


def _report(path: str, at: int | None) -> list[str]:
    """The lines of one machine's report."""
    if at is None:
        return []
    with open(path, "rb") as file:
        names = _cells(file.readline())
        file.seek(at)
        cells = _cells(file.readline())
    return [
        cell.strip() for name, cell in zip(names, cells, strict=False) if name.startswith("report_") and cell.strip()
    ]


def _cells(line: bytes) -> list[str]:
    return next(csv.reader([line.decode("utf-8")]))


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)
