"""CODE-15%: exams.csv and exams_partN.hdf5 with 12 leads at 400 Hz and six classes (CC BY 4.0).

The published note on units contradicts itself ("scale 1e-4 V", "multiply by 1000 to obtain V"); the amplitudes are
millivolts. Recordings of 7 s are filled up with zeros on both sides, which are cut away.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anyecg.leads import STANDARD_LEADS
from anyecg.record import EcgRecord, RecordError

from . import Entry, Labelled, Plan, SourceError, require_directory
from .challenge import rhythm_events
from .snomed import with_classes

RATE_HZ = 400.0
_CLASSES = {"1dAVb": "1AVB", "RBBB": "CRBBB", "LBBB": "CLBBB", "SB": "SBRAD", "ST": "STACH", "AF": "AFIB"}


def plan(directory: Path | None, **_: Any) -> Plan:
    """List the exams whose HDF5 file is in the directory."""
    from ..splits import split_by_hash

    folder = require_directory(directory, "CODE-15%", "exams.csv")
    entries, left_out = [], {}
    with (folder / "exams.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            record_id, patient = f"code-15/{row['exam_id']}", f"code-15/p{row['patient_id']}"
            if (folder / row["trace_file"]).exists():
                entries.append(Entry(record_id, patient, split_by_hash(patient), _details(row, folder)))
            else:
                left_out[record_id] = f"{row['trace_file']} is not in the directory"
    if not entries:
        raise SourceError(f"{folder} holds none of the HDF5 files that exams.csv names.")
    return Plan(entries, left_out)


def _details(row: dict[str, str], folder: Path) -> dict[str, Any]:
    labels = [code for name, code in _CLASSES.items() if row[name].lower() == "true"]
    if row.get("normal_ecg", "").lower() == "true":
        labels.append("NORM")
    return {
        "file": str(folder / row["trace_file"]), "exam": int(row["exam_id"]), "labels": labels,
        "age": float(row["age"]) if row["age"] else None,
        "sex": {"true": "male", "false": "female"}.get(row["is_male"].lower()),
    }  # fmt: skip


def load(entries: Sequence[Entry]) -> Iterator[Labelled]:
    """Read exams; needs h5py (`pip install h5py`)."""
    try:
        import h5py
    except ImportError:
        raise SourceError("CODE-15% is stored in HDF5; install h5py (pip install h5py) to read it.") from None
    rows: dict[str, dict[int, int]] = {}
    for entry in entries:
        path = entry.details["file"]
        with h5py.File(path, "r") as file:
            if path not in rows:
                rows[path] = {int(exam): k for k, exam in enumerate(file["exam_id"][:])}
            signal = file["tracings"][rows[path][entry.details["exam"]]].T  # (12, 4096)
        record = EcgRecord(
            without_zeros(signal, entry.record_id), STANDARD_LEADS, RATE_HZ, entry.record_id,
            age=entry.details["age"], sex=entry.details["sex"],
        )  # fmt: skip
        findings = with_classes(entry.details["labels"])
        known = ("rhythm",) if {"AFIB", "SBRAD", "STACH"} & set(findings) else ()
        events, known_events = rhythm_events(findings, record.duration_s) if known else ((), ())
        yield Labelled(entry, record, findings, known, events, known_events, truth="CODE-15% classes")


def without_zeros(signal: np.ndarray, name: str) -> np.ndarray:
    """Cut away the samples at both ends at which every lead is exactly zero.

    Raises:
        RecordError: if nothing is left.
    """
    there = np.flatnonzero((signal != 0).any(axis=0))
    if not len(there):
        raise RecordError(f"{name} holds only zeros.")
    return signal[:, there[0] : there[-1] + 1]
