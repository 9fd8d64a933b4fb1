"""PhysioNet/CinC Challenge 2017: one lead of a hand-held device; each record is N, A, O or noise (REFERENCE.csv)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from anyecg.readers import read_record

from . import Entry, Labelled, Plan, SourceError, require_directory
from .annotations import RHYTHM_EVENTS, event
from .snomed import with_classes

_RHYTHMS = {"N": ("SR",), "A": ("AFIB",), "O": (), "~": ()}


def plan(directory: Path | None, **_: Any) -> Plan:
    """List the records of REFERENCE.csv (name, class) that lie in the directory or below."""
    from ..splits import split_by_hash

    folder = require_directory(directory, "the PhysioNet/CinC Challenge 2017", "REFERENCE.csv")
    have = {path.stem: path for path in folder.rglob("A*.hea")}
    entries, left_out = [], {}
    with (folder / "REFERENCE.csv").open(newline="") as file:
        for name, label in csv.reader(file):
            record_id = f"cinc2017/{name}"
            if label not in _RHYTHMS:
                raise SourceError(f"REFERENCE.csv gives {name} the class {label!r}; there are {', '.join(_RHYTHMS)}.")
            if name in have:
                details = {"path": str(have[name].with_suffix("")), "label": label}
                entries.append(Entry(record_id, record_id, split_by_hash(record_id), details))
            else:
                left_out[record_id] = "its header is not in the directory"
    if not entries:
        raise SourceError(f"{folder} holds none of the records of its REFERENCE.csv.")
    return Plan(entries, left_out)


def load(entries: Sequence[Entry]) -> Iterator[Labelled]:
    """Read the records; "other rhythm" says only that it is neither sinus rhythm nor fibrillation."""
    for entry in entries:
        label = entry.details["label"]
        # The headers say "ECG"; the device of the database records lead I between the hands.
        record = replace(read_record(entry.details["path"]), name=entry.record_id, leads=("I",))
        whole = {"A": RHYTHM_EVENTS[0], "~": "noise"}.get(label)
        yield Labelled(
            entry, record, with_classes(_RHYTHMS[label]), ("rhythm",) if label in "NA" else (),
            (event(whole, 0.0, record.duration_s),) if whole else (), RHYTHM_EVENTS[:1] if label != "~" else ("noise",),
            note="class O: neither sinus rhythm nor atrial fibrillation" if label == "O" else "",
            truth="CinC 2017 classes",
        )  # fmt: skip
