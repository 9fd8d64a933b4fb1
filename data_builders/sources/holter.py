"""Long recordings with annotated beats, rhythms or both: svdb, afdb, ltafdb, incartdb, edb, stdb, cpsc2021.

Recordings of hours are cut into pieces of half an hour, which keep their patient. A database that does not say which
records share a patient only trains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from anyecg.readers import read_record
from anyecg.record import EcgRecord

from . import Entry, Labelled, Plan, SourceError, require_directory
from .annotations import BEAT_EVENTS, FURTHER_RHYTHM_EVENTS, RHYTHM_EVENTS, beat_events, episodes, noise
from .catalogue import CATALOGUE

PIECE_S = 1800.0
_SHORTEST_PIECE_S = 60.0


@dataclass(frozen=True)
class Holter:
    """One database of long recordings; has `plan` and `load` like a source module."""

    name: str
    known: tuple[str, ...]
    """Kinds of event whose absence from the annotations means that they do not occur."""
    patient: str = r".*"
    """Expression that finds the patient in the record's name; with `in_header` in the header's comments."""
    in_header: bool = False
    named: bool = True
    """Whether patients can be told apart, so that records may validate and test."""

    def plan(self, directory: Path | None, **_: Any) -> Plan:
        """List the pieces of every annotated recording of the directory."""
        from ..splits import split_by_hash

        database = CATALOGUE[self.name]
        folder = require_directory(directory, database.title)
        entries, left_out = [], {}
        for header in sorted(folder.rglob("*.hea")):
            record_id = f"{self.name}/{header.stem}"
            patient = self._patient(header)
            if _first_line(header)[1:2] == ["0"]:
                left_out[record_id] = "it has annotations only, no signal"
                continue
            if not header.with_suffix(".atr").exists():
                left_out[record_id] = "it has no annotations (.atr)"
                continue
            if patient is None:
                left_out[record_id] = "its header names no patient"
                continue
            patient_id = f"{self.name}/{patient}"
            split = split_by_hash(patient_id) if self.named else "train"
            entries += _pieces(record_id, patient_id, split, header)
        if not entries:
            raise SourceError(f"{folder} holds no annotated recording of {database.title}.")
        return Plan(entries, left_out, shard_records=24, batch_records=24)

    def load(self, entries: Sequence[Entry]) -> Iterator[Labelled]:
        """Read pieces with their beats, episodes and noise; a recording is read once for all of its pieces."""
        import wfdb

        for path, pieces in groupby(entries, key=lambda entry: entry.details["path"]):
            record = read_record(path)
            marks = wfdb.rdann(path, "atr")
            events = self._events(marks, record)
            for entry in pieces:
                start, end = entry.details["start_s"], entry.details["end_s"] or record.duration_s
                piece = replace(record.excerpt(start, end), name=entry.record_id)
                yield Labelled(
                    entry, piece, events=tuple(_within(events, start, end)), known_events=self.known,
                    truth=f"{self.name} annotations",
                )  # fmt: skip

    def _events(self, marks: Any, record: EcgRecord) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        if BEAT_EVENTS[0] in self.known:
            events += beat_events(marks.sample / record.sampling_rate, marks.symbol, record.duration_s)
            events += noise(marks, record)
        if RHYTHM_EVENTS[0] in self.known:
            events += [event for event in episodes(marks, record) if event["kind"] in self.known]
        return sorted(events, key=lambda event: (event["start_s"], event["kind"]))

    def _patient(self, header: Path) -> str | None:
        text = header.read_text(encoding="latin-1") if self.in_header else header.stem
        found = re.search(self.patient, text, re.IGNORECASE)
        return found.group(found.lastindex or 0) if found else None


def _pieces(record_id: str, patient_id: str, split: str, header: Path) -> list[Entry]:
    """Half-hour pieces of a recording, as long as its header tells its length."""
    fields = _first_line(header)
    rate = float(re.split(r"[/(]", fields[2])[0]) if len(fields) > 2 else 0.0
    duration = int(fields[3]) / rate if len(fields) > 3 and rate else 0.0
    path = str(header.with_suffix(""))
    if duration <= PIECE_S + _SHORTEST_PIECE_S:
        return [Entry(record_id, patient_id, split, {"path": path, "start_s": 0.0, "end_s": None})]
    starts = [k * PIECE_S for k in range(int((duration - _SHORTEST_PIECE_S) // PIECE_S) + 1)]
    return [
        Entry(f"{record_id}-{k:02d}", patient_id, split, {"path": path, "start_s": start, "end_s": start + PIECE_S})
        for k, start in enumerate(starts)
    ]


def _first_line(header: Path) -> list[str]:
    """Name, number of signals, rate and number of samples, as far as the header gives them."""
    lines = [line for line in header.read_text(encoding="latin-1").splitlines() if line.strip() and line[0] != "#"]
    return lines[0].split() if lines else []


def _within(events: Sequence[dict[str, Any]], start: float, end: float) -> Iterator[dict[str, Any]]:
    """The events of a piece, in seconds from its start; what reaches over an edge is cut there."""
    for event in events:
        first, last = max(event["start_s"], start), min(event["end_s"], end)
        if first < last:
            yield {**event, "start_s": round(first - start, 3), "end_s": round(last - start, 3)}


DATABASES = {
    database.name: database
    for database in (
        Holter("svdb", BEAT_EVENTS),
        Holter("afdb", RHYTHM_EVENTS),
        Holter("ltafdb", (*BEAT_EVENTS, RHYTHM_EVENTS[0], *FURTHER_RHYTHM_EVENTS)),
        Holter("incartdb", BEAT_EVENTS, patient=r"patient\s+(\d+)", in_header=True),
        Holter("edb", (*BEAT_EVENTS, *RHYTHM_EVENTS), named=False),
        Holter("stdb", BEAT_EVENTS, named=False),
        Holter("cpsc2021", RHYTHM_EVENTS, patient=r"^data_(\d+)_"),
    )
}
