"""PTB-XL in its official layout: 12-lead ECGs of 10 s with SCP-ECG statements (Wagner et al. 2020, CC BY 4.0).

`ptbxl_database.csv` is enough. Where a `ptbxl_labels.csv` lies beside it (classes, form and rhythm statements of
every record), it serves the records that the former lacks. As in the benchmark of its authors, every statement of a
record counts, whatever its likelihood; folds 1-8 train, 9 validates, 10 tests.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from anyecg.findings import CODES, FINDINGS, SUBCLASSES, SUPERCLASSES, subclasses_of, superclasses_of
from anyecg.readers import read_record

from . import Entry, Labelled, Plan, SourceError, require_directory
from .ptbxl_columns import facts_of

# The labels file drops the underscore that some codes end with.
_WITH_UNDERSCORE = {"NST": "NST_", "NT": "NT_", "STD": "STD_", "STE": "STE_", "TAB": "TAB_"}
_SEX = {"0": "male", "1": "female"}


def plan(directory: Path | None, **_: Any) -> Plan:
    """List the records whose signal files are there, at 100 Hz where both rates exist."""
    folder = require_directory(directory, "PTB-XL", "ptbxl_database.csv")
    rows = _read_labels(folder / "ptbxl_labels.csv") | _read_database(folder / "ptbxl_database.csv")
    have = _signal_files(folder)
    entries, left_out = [], {}
    for ecg_id, row in sorted(rows.items()):
        if ecg_id not in have:
            left_out[f"ptb-xl/{ecg_id:05d}"] = "its signal files are not in the directory"
            continue
        split = {9: "valid", 10: "test"}.get(row["fold"], "train")
        details = row | {"path": str(have[ecg_id])}
        entries.append(Entry(f"ptb-xl/{ecg_id:05d}", f"ptb-xl/{row['patient']}", split, details))
    if not entries:
        raise SourceError(f"{folder} has neither records100 nor records500 with records of ptbxl_database.csv.")
    return Plan(entries, left_out)


def load(entries: Sequence[Entry]) -> Iterator[Labelled]:
    """Read the records, with findings from the statements or, without these, from the classes."""
    for entry in entries:
        row = entry.details
        record = replace(
            read_record(row["path"]),
            name=entry.record_id,
            age=row["age"],
            sex=row["sex"],
            recorded_at=row["date"],
        )
        events, known_events = _rhythm_events(row, record.duration_s)
        yield Labelled(
            entry, record, row["findings"], row["known"], events, known_events,
            note=row["note"], truth="PTB-XL statements" if "diagnoses" in row["known"] else "PTB-XL labels",
            facts=row["facts"],
        )  # fmt: skip


def labels_of_statements(codes: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Findings with their classes, and the groups in which an absent label is a no, from all of a record's statements.

    Without any diagnostic statement the diagnoses were not judged, without any rhythm statement the rhythm was not.
    """
    known = ["form"]
    if any("d" in FINDINGS[code].kinds for code in codes):
        known += ["diagnoses", "superclass", "subclass"]
    if any("r" in FINDINGS[code].kinds for code in codes):
        known.append("rhythm")
    if len(known) == 5:
        known.insert(0, "statements")
    return _ordered(codes, superclasses_of(codes), subclasses_of(codes)), tuple(known)


def labels_of_classes(
    super_: Sequence[str], sub: Sequence[str], form: Sequence[str], rhythm: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The same from classes, form and rhythm statements alone: which diagnosis of a class stays open."""
    known = ["form", *(["superclass", "subclass"] if super_ else []), *(["rhythm"] if rhythm else [])]
    codes = [_WITH_UNDERSCORE.get(code, code) for code in (*form, *rhythm)]
    subclasses = [_WITH_UNDERSCORE.get(name, name) if name not in SUBCLASSES else name for name in sub]
    return _ordered(codes, super_, subclasses), tuple(known)


def _ordered(codes: Sequence[str], super_: Sequence[str], sub: Sequence[str]) -> tuple[str, ...]:
    return (
        *(code for code in CODES if code in codes),
        *(f"super:{name}" for name in SUPERCLASSES if name in super_),
        *(f"sub:{name}" for name in SUBCLASSES if name in sub),
    )


def _read_database(path: Path) -> dict[int, dict[str, Any]]:
    rows = {}
    for line in _lines(path):
        stated = ast.literal_eval(line["scp_codes"])
        unknown = sorted(set(stated) - set(CODES))
        if unknown:
            raise SourceError(
                f"{path.name} states {', '.join(unknown)} for ECG {line['ecg_id']}; anyecg/findings.py lacks it."
            )
        findings, known = labels_of_statements(tuple(stated))
        rows[int(line["ecg_id"])] = _row(line, findings, known, date=line["recording_date"].replace(" ", "T") or None)
    return rows


def _read_labels(path: Path) -> dict[int, dict[str, Any]]:
    if not path.exists():
        return {}
    rows = {}
    for line in _lines(path):
        groups = (line[name].split() for name in ("super_class", "sub_class", "form", "rhythm"))
        findings, known = labels_of_classes(*groups)
        rows[int(line["ecg_id"])] = _row(line, findings, known, date=None)
    return rows


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _row(line: dict[str, str], findings: tuple[str, ...], known: tuple[str, ...], date: str | None) -> dict[str, Any]:
    age = float(line["age"]) if line["age"] else None
    over = age is not None and age > 89  # published as 300, so that nobody is recognised by a great age
    return {
        "patient": int(float(line["patient_id"])), "fold": int(float(line["strat_fold"])), "date": date,
        "age": 90.0 if over else age, "sex": _SEX.get(line["sex"].split(".")[0]), "findings": findings, "known": known,
        "note": "age over 89" if over else "", "facts": facts_of(line),
    }  # fmt: skip


def _signal_files(folder: Path) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for rate in ("records500", "records100"):  # the later one wins: 100 Hz
        found |= {int(path.name[:5]): path.with_suffix("") for path in (folder / rate).glob("*/*_?r.hea")}
    return found


def _rhythm_events(row: Any, duration_s: float) -> tuple[tuple[dict[str, Any], ...], tuple[str, ...]]:
    """A rhythm that is stated alone lasts the whole 10 s; one beside another cannot be placed."""
    if "rhythm" not in row["known"]:
        return (), ()
    rhythms = [code for code in row["findings"] if code in FINDINGS and "r" in FINDINGS[code].kinds]
    kinds = {"AFIB": "atrial fibrillation", "AFLT": "atrial flutter"}
    present = [code for code in rhythms if code in kinds]
    if not present:
        return (), tuple(kinds.values())
    if len(rhythms) > 1:
        return (), tuple(kind for code, kind in kinds.items() if code not in present)
    whole = {"kind": kinds[present[0]], "start_s": 0.0, "end_s": duration_s, "leads": []}
    return (whole,), tuple(kinds.values())
