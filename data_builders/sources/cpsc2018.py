"""CPSC 2018 in its own layout: .mat structs and REFERENCE.csv with up to three of nine classes per record."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from anyecg.readers import read_record

from . import Entry, Labelled, Plan, SourceError, require_directory
from .challenge import rhythm_events
from .snomed import CPSC2018, with_classes

_CLASSES = tuple(CPSC2018)  # the number in REFERENCE.csv counts in this order, from 1
_TITLE = "CPSC 2018"


def plan(directory: Path | None, **_: Any) -> Plan:
    """List the records of REFERENCE.csv whose .mat lies in the directory or below."""
    from ..splits import split_by_hash

    folder = require_directory(directory, _TITLE, "REFERENCE.csv")
    have = {path.stem: path for path in folder.rglob("A*.mat")}
    entries, left_out = [], {}
    with (folder / "REFERENCE.csv").open(newline="") as file:
        for name, *numbers in list(csv.reader(file))[1:]:
            record_id, labels = f"cpsc2018/{name}", [_class(n, name) for n in numbers if n.strip()]
            if name in have:
                details = {"path": str(have[name]), "labels": labels}
                entries.append(Entry(record_id, record_id, split_by_hash(record_id), details))
            else:
                left_out[record_id] = "its .mat file is not in the directory"
    if not entries:
        raise SourceError(f"{folder} holds none of the .mat files of its REFERENCE.csv.")
    return Plan(entries, left_out)


def load(entries: Sequence[Entry]) -> Iterator[Labelled]:
    """Read the records; every record was judged for all nine classes, which fill no label group of ours."""
    for entry in entries:
        record = replace(read_record(entry.details["path"]), name=entry.record_id)
        findings = with_classes(entry.details["labels"])
        known = ("rhythm",) if "AFIB" in findings else ()
        events, known_events = rhythm_events(findings, record.duration_s) if known else ((), ())
        yield Labelled(entry, record, findings, known, events, known_events, truth="CPSC 2018 classes")


def _class(number: str, name: str) -> str:
    if not number.isdigit() or not 1 <= int(number) <= len(_CLASSES):
        raise SourceError(f"REFERENCE.csv gives {name} the class {number!r}; there are 1 to {len(_CLASSES)}.")
    return CPSC2018[_CLASSES[int(number) - 1]]
