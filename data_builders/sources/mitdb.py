"""MIT-BIH Arrhythmia Database: two leads, 30 min, every beat and rhythm change annotated (ODC-BY 1.0).

The AAMI inter-patient division: DS1 trains (three of its records validate), DS2 tests; the four records of paced
patients are in neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from anyecg.readers import read_record

from . import Entry, Labelled, Plan, require_directory
from .annotations import BEAT_EVENTS, FURTHER_RHYTHM_EVENTS, RHYTHM_EVENTS, beat_events, episodes, noise

VALID = ("114", "203", "223")
DS1 = (
    "101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122", "124", "201", "203", "205",
    "207", "208",
    "209", "215", "220", "223", "230",
)  # fmt: skip
DS2 = (
    "100", "103", "105", "111", "113", "117", "121", "123", "200", "202", "210", "212", "213", "214", "219",
    "221", "222",
    "228", "231", "232", "233", "234",
)  # fmt: skip
PACED = ("102", "104", "107", "217")
_PATIENT = {"202": "201"}  # the only patient with two records
_KNOWN_EVENTS = (*BEAT_EVENTS, *RHYTHM_EVENTS, *FURTHER_RHYTHM_EVENTS)


def plan(directory: Path | None, **_: Any) -> Plan:
    """List the records of the directory that belong to a split."""
    folder = require_directory(directory, "the MIT-BIH Arrhythmia Database")
    entries, left_out = [], {}
    for header in sorted(folder.glob("[12][0-9][0-9].hea")):
        name, record_id = header.stem, f"mitdb/{header.stem}"
        split = "valid" if name in VALID else "train" if name in DS1 else "test" if name in DS2 else None
        if name in PACED:
            left_out[record_id] = "paced, which the AAMI division puts in neither set"
        elif not header.with_suffix(".atr").exists():
            left_out[record_id] = "it has no annotations (.atr)"
        elif name in _PATIENT and (folder / f"{_PATIENT[name]}.hea").exists():
            left_out[record_id] = f"it is of the same patient as {_PATIENT[name]}, which is in the other set"
        elif split:
            patient = f"mitdb/{_PATIENT.get(name, name)}"
            entries.append(Entry(record_id, patient, split, {"path": str(header.with_suffix(""))}))
    if not entries:
        require_directory(folder, "the MIT-BIH Arrhythmia Database", "100.hea")
    return Plan(entries, left_out, shard_records=4)


def load(entries: Sequence[Entry]) -> Iterator[Labelled]:
    """Read whole records with their beats, episodes and noise."""
    import wfdb

    for entry in entries:
        record = replace(read_record(entry.details["path"]), name=entry.record_id)
        marks = wfdb.rdann(entry.details["path"], "atr")
        events = beat_events(marks.sample / record.sampling_rate, marks.symbol, record.duration_s)
        events += episodes(marks, record)
        events += noise(marks, record)
        events.sort(key=lambda event: (event["start_s"], event["kind"]))
        yield Labelled(
            entry, record, events=tuple(events), known_events=_KNOWN_EVENTS, truth="MIT-BIH annotations",
            note="fusion, escape, junctional premature and unclassifiable beats carry no event",
        )  # fmt: skip
