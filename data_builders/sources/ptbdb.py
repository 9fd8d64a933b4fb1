"""PTB Diagnostic ECG Database: 12 leads and Frank X, Y, Z at 1 kHz; the header tells why the patient came (ODC-BY 1.0).

"Reason for admission" and the place of an infarction become statements where the meaning is certain. The rest of the
header (drugs, catheter, blood pressure) is not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from anyecg.readers import read_record

from . import Entry, Labelled, Plan, SourceError, require_directory
from .snomed import with_classes

_PLACES = {
    "anterior": "AMI", "antero-septal": "ASMI", "antero-lateral": "ALMI", "antero-septo-lateral": "ALMI",
    "inferior": "IMI", "infero-lateral": "ILMI", "infero-latera": "ILMI", "infero-posterior": "IPMI",
    "infero-poster-lateral": "IPLMI", "infero-postero-lateral": "IPLMI", "posterior": "PMI",
    "postero-lateral": "PMI", "lateral": "LMI",
}  # fmt: skip
_REASONS = {"healthy control": "NORM"}
_CLASSES = {"myocardial infarction": "super:MI", "hypertrophy": "super:HYP"}


def plan(directory: Path | None, **_: Any) -> Plan:
    """List the records; the folder (patientNNN) is the patient."""
    from ..splits import split_by_hash

    folder = require_directory(directory, "the PTB Diagnostic ECG Database")
    entries = []
    for header in sorted(folder.glob("patient*/s*.hea")):
        patient = f"ptbdb/{header.parent.name}"
        entries.append(
            Entry(f"{patient}/{header.stem}", patient, split_by_hash(patient), {"path": str(header.with_suffix(""))})
        )
    if not entries:
        raise SourceError(f"{folder} holds no record of the PTB Diagnostic ECG Database (patientNNN/sNNNN.hea).")
    return Plan(entries, shard_records=32)


def load(entries: Sequence[Entry]) -> Iterator[Labelled]:
    """Read whole records with what the header says."""
    for entry in entries:
        path = Path(entry.details["path"])
        record = replace(read_record(path), name=entry.record_id)
        findings, unmapped = read_header(path.with_suffix(".hea").read_text(encoding="latin-1"))
        yield Labelled(
            entry, record, findings, note=f"not mapped to statements: {'; '.join(unmapped) or 'nothing'}",
            truth="PTB clinical header",
        )  # fmt: skip


def read_header(text: str) -> tuple[tuple[str, ...], list[str]]:
    """Statements and classes of a header's comments, and what has no certain equivalent."""
    statements, classes, unmapped = [], [], []
    reason = _field(text, "Reason for admission").lower()
    if reason in _REASONS:
        statements.append(_REASONS[reason])
    elif reason in _CLASSES:
        classes.append(_CLASSES[reason])
    elif reason:
        unmapped.append(reason)
    for key in ("Acute infarction (localization)", "Former infarction (localization)"):
        place = _field(text, key).lower()
        if place in _PLACES:
            statements.append(_PLACES[place])
        elif place not in ("", "no", "n/a", "unknown"):
            unmapped.append(f"{key}: {place}")
    return with_classes(statements, classes), unmapped


def _field(text: str, key: str) -> str:
    found = re.search(rf"^#\s*{re.escape(key)}:[ \t]*(.*)$", text, re.MULTILINE)
    return found.group(1).strip() if found else ""
