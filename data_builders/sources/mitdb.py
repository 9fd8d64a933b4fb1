"""MIT-BIH Arrhythmia Database: two leads, 30 min, every beat and rhythm change annotated (ODC-BY 1.0).

The AAMI inter-patient division: DS1 trains (three of its records validate), DS2 tests; the four records of paced
patients are in neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from anyecg.readers import read_record
from anyecg.record import EcgRecord

from . import Entry, Labelled, Plan, require_directory

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
_BEATS = {
    **dict.fromkeys("Nejn", "normal beat"), **dict.fromkeys("AaS", "premature atrial contraction"),
    "V": "premature ventricular contraction", "L": "left bundle branch block beat",
    "R": "right bundle branch block beat", "/": "paced beat",
}  # fmt: skip
_AROUND_R_S = {"premature ventricular contraction": (-0.12, 0.28)}
_RHYTHMS = {"(AFIB": "atrial fibrillation", "(AFL": "atrial flutter"}
_KNOWN_EVENTS = (*dict.fromkeys(_BEATS.values()), *_RHYTHMS.values())


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
        events += _episodes(marks, record)
        events += _noise(marks, record)
        events.sort(key=lambda event: (event["start_s"], event["kind"]))
        yield Labelled(
            entry, record, events=tuple(events), known_events=_KNOWN_EVENTS, truth="MIT-BIH annotations",
            note="fusion, escape, junctional premature and unclassifiable beats carry no event",
        )  # fmt: skip


def beat_events(times_s: np.ndarray, symbols: Sequence[str], duration_s: float) -> list[dict[str, Any]]:
    """Beats as intervals around the R peak; kinds that have no name of ours are left out."""
    events = []
    for time, symbol in zip(times_s.tolist(), symbols, strict=True):
        kind = _BEATS.get(symbol)
        if kind:
            before, after = _AROUND_R_S.get(kind, (-0.1, 0.2))
            events.append(_event(kind, max(time + before, 0), min(time + after, duration_s), ()))
    return events


def _episodes(marks: Any, record: EcgRecord) -> list[dict[str, Any]]:
    """Each rhythm lasts until the next rhythm mark."""
    changes = [
        (sample / record.sampling_rate, note.rstrip("\x00"))
        for sample, symbol, note in zip(marks.sample.tolist(), marks.symbol, marks.aux_note, strict=True)
        if symbol == "+" and note.startswith("(")
    ]
    return [_event(_RHYTHMS[name], start, end, ()) for start, end, name in _spans(changes, record) if name in _RHYTHMS]


def _noise(marks: Any, record: EcgRecord) -> list[dict[str, Any]]:
    """Bit k of a quality mark says that signal k is noisy until the next mark; a negative mark, that both are."""
    changes = [
        (sample / record.sampling_rate, int(subtype))
        for sample, symbol, subtype in zip(marks.sample.tolist(), marks.symbol, marks.subtype, strict=True)
        if symbol == "~"
    ]
    events = []
    for start, end, bits in _spans(changes, record):
        leads = tuple(lead for k, lead in enumerate(record.leads) if bits < 0 or bits & 1 << k)
        if leads:
            events.append(_event("noise", start, end, () if len(leads) == len(record.leads) else leads))
    return events


def _spans(changes: list[tuple[float, Any]], record: EcgRecord) -> list[tuple[float, float, Any]]:
    """(start, end, state) of each state that begins at a change and lasts until the next one."""
    ends = [*(time for time, _ in changes[1:]), record.duration_s]
    return [(start, end, state) for (start, state), end in zip(changes, ends, strict=False) if end > start]


def _event(kind: str, start_s: float, end_s: float, leads: tuple[str, ...]) -> dict[str, Any]:
    return {"kind": kind, "start_s": round(start_s, 3), "end_s": round(end_s, 3), "leads": list(leads)}
