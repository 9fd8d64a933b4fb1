"""LUDB: 12 leads, 500 Hz, 10 s, with P, QRS and T marked in every lead by cardiologists (ODC-BY 1.0).

A wave of the ECG runs from its earliest onset to its latest end over the leads. The first and last cycle are not
marked, so a record is cut to the marked span: inside it, a wave that is not marked is not there. The header's rhythm
and diagnoses become statements where the meaning is certain; all of them stand in `note`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from anyecg.findings import CODES, subclasses_of, superclasses_of
from anyecg.readers import read_record
from anyecg.record import EcgRecord

from . import Entry, Labelled, Plan, require_directory

_RECORDS = 200
_TEST, _VALID = 40, 20
_KINDS = {"p": "P wave", "N": "QRS complex", "t": "T wave"}
_SAME_WAVE_S = {"P wave": 0.1, "QRS complex": 0.1, "T wave": 0.15}  # between the peaks of two leads
_MARGIN_S = 0.05
_RHYTHMS = {
    "sinus rhythm": "SR", "sinus bradycardia": "SBRAD", "sinus tachycardia": "STACH",
    "sinus arrhythmia": "SARRH",
    "atrial fibrillation": "AFIB", "atrial flutter, typical": "AFLT",
}  # fmt: skip
_DIAGNOSES = {
    "incomplete right bundle branch block": "IRBBB", "complete right bundle branch block": "CRBBB",
    "incomplete left bundle branch block": "ILBBB", "complete left bundle branch block": "CLBBB",
    "left anterior hemiblock": "LAFB", "i degree av block": "1AVB", "iii degree av-block": "3AVB",
    "non-specific intravintricular conduction delay": "IVCD", "left ventricular hypertrophy": "LVH",
    "right ventricular hypertrophy": "RVH", "left atrial hypertrophy": "LAO/LAE",
    "left atrial overload": "LAO/LAE",
    "right atrial hypertrophy": "RAO/RAE", "right atrial overload": "RAO/RAE",
    "scar formation: inferior wall": "IMI", "scar formation: anterior wall": "AMI",
    "scar formation: lateral wall": "LMI",
    "scar formation: posterior wall": "PMI", "stemi: inferior wall": "IMI", "stemi: anterior wall": "AMI",
    "stemi: lateral wall": "LMI", "ischemia: inferior wall": "ISCIN", "ischemia: anterior wall": "ISCAN",
    "ischemia: lateral wall": "ISCLA",
}  # fmt: skip
_BEGINNINGS = {"ventricular extrasystole": "PVC", "atrial extrasystole": "PAC",
"unipolar ventricular pacing": "PACE",
               "bipolar ventricular pacing": "PACE", "biventricular pacing": "PACE",
               "unipolar atrial pacing": "PACE"}  # fmt: skip


def plan(directory: Path | None, **_: Any) -> Plan:
    """List the records; a record's split depends on its number alone, not on which others are there."""
    folder = require_directory(directory, "LUDB")
    folder = folder / "data" if (folder / "data").is_dir() else folder
    numbers = list(range(1, _RECORDS + 1))
    random.Random("ludb").shuffle(numbers)
    split_of = {n: "test" if k < _TEST else "valid" if k < _TEST + _VALID else "train" for k, n in enumerate(numbers)}
    entries = []
    for header in sorted(folder.glob("*.hea"), key=lambda path: (len(path.stem), path.stem)):
        if header.stem.isdigit() and int(header.stem) in split_of and header.with_suffix(".ii").exists():
            record_id = f"ludb/{int(header.stem):03d}"
            entries.append(
                Entry(record_id, record_id, split_of[int(header.stem)], {"path": str(header.with_suffix(""))})
            )
    if not entries:
        require_directory(folder, "LUDB", "1.hea", "1.ii")
    return Plan(entries)


def load(entries: Sequence[Entry]) -> Iterator[Labelled]:
    """Read records with their waves, cut to the span that is marked."""
    for entry in entries:
        path = Path(entry.details["path"])
        record = replace(read_record(path), name=entry.record_id)
        record = replace(record, **_patient(path))
        findings, unmapped = read_diagnoses(path.with_suffix(".hea").read_text(encoding="utf-8", errors="replace"))
        record, waves, span = _cut_to_marks(record, merge_waves(_marks(path, record), len(record.leads)))
        rhythm = [code for code in findings if code in _RHYTHMS.values()]
        episode = {"AFIB": "atrial fibrillation", "AFLT": "atrial flutter"}
        for code in rhythm:
            if code in episode:
                waves.append({"kind": episode[code], "start_s": 0.0, "end_s": record.duration_s, "leads": []})
        known_rhythm = tuple(episode.values()) if rhythm else ()
        yield Labelled(
            entry, record, findings, ("rhythm",) if rhythm else (), tuple(waves), (*_KINDS.values(), *known_rhythm),
            note=f"{span}; not mapped to statements: {'; '.join(unmapped) or 'nothing'}",
            truth="LUDB annotations",
        )  # fmt: skip


def read_diagnoses(header: str) -> tuple[tuple[str, ...], list[str]]:
    """Statements, with their classes, of a header's comment lines, and the lines that have no certain equivalent."""
    codes: list[str] = []
    unmapped: list[str] = []
    for line in header.splitlines():
        text = line.lstrip("#").strip().rstrip(".").strip()
        if not line.startswith("#") or not text or text.startswith("<"):
            continue
        low = text.lower()
        code = _RHYTHMS.get(low.removeprefix("rhythm:").strip()) if low.startswith("rhythm:") else _DIAGNOSES.get(low)
        begun = next((value for start, value in _BEGINNINGS.items() if low.startswith(start)), None)
        code = code or (begun if "sa-nodal" not in low else None)
        (codes if code else unmapped).append(code or text)
    known = [code for code in CODES if code in codes]
    classes = [f"super:{name}" for name in superclasses_of(known)] + [f"sub:{name}" for name in subclasses_of(known)]
    return (*known, *classes), unmapped


def merge_waves(marks: Sequence[tuple[str, float, float, float]], n_leads: int) -> list[dict[str, Any]]:
    """One wave per beat from the marks of all leads.

    Args:
        marks: (kind, onset, peak, end) in seconds, of any lead.
        n_leads: a wave counts if at least half of them show it.
    """
    events = []
    for kind, tolerance in _SAME_WAVE_S.items():
        group: list[tuple[str, float, float, float]] = []
        ordered = sorted((mark for mark in marks if mark[0] == kind), key=lambda mark: mark[2])
        for mark in [*ordered, None]:
            if mark is not None and (not group or mark[2] - median(m[2] for m in group) <= tolerance):
                group.append(mark)
                continue
            if len(group) * 2 >= n_leads:
                start, end = min(m[1] for m in group), max(m[3] for m in group)
                events.append({"kind": kind, "start_s": round(start, 3), "end_s": round(end, 3), "leads": []})
            group = [mark] if mark is not None else []
    return sorted(events, key=lambda event: event["start_s"])


def _marks(path: Path, record: EcgRecord) -> list[tuple[str, float, float, float]]:
    """Onset, peak and end of each wave that has all three."""
    import wfdb

    marks = []
    for lead in record.leads:
        got = wfdb.rdann(str(path), lead.lower())
        times = (got.sample / record.sampling_rate).tolist()
        for k in range(1, len(times) - 1):
            if got.symbol[k] in _KINDS and got.symbol[k - 1] == "(" and got.symbol[k + 1] == ")":
                marks.append((_KINDS[got.symbol[k]], times[k - 1], times[k], times[k + 1]))
    return marks


def _cut_to_marks(record: EcgRecord, waves: list[dict[str, Any]]) -> tuple[EcgRecord, list[dict[str, Any]], str]:
    start = max(min(wave["start_s"] for wave in waves) - _MARGIN_S, 0.0)
    end = min(max(wave["end_s"] for wave in waves) + _MARGIN_S, record.duration_s)
    first = round(start * record.sampling_rate) / record.sampling_rate
    moved = [
        {**wave, "start_s": round(wave["start_s"] - first, 3), "end_s": round(wave["end_s"] - first, 3)}
        for wave in waves
    ]
    return record.excerpt(first, end), moved, f"cut to the annotated span, {first:.3f}-{end:.3f} s"


def _patient(path: Path) -> dict[str, Any]:
    lines = path.with_suffix(".hea").read_text(encoding="utf-8", errors="replace").splitlines()
    values = {}
    for line in lines:
        for key in ("age", "sex"):
            if line.startswith(f"#<{key}>:"):
                values[key] = line.split(":", 1)[1].strip()
    age = values.get("age", "").lstrip(">")
    return {
        "age": float(age) if age.replace(".", "", 1).isdigit() else None,
        "sex": {"M": "male", "F": "female"}.get(values.get("sex", "")),
    }
