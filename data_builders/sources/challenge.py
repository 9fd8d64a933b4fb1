"""Twelve-lead databases in the layout of the PhysioNet/CinC Challenges 2020 and 2021: .hea and .mat, "Dx" in comments.

PTB-XL, PTB and INCART are part of the Challenges too: their records are left out here, since their own sources know
patient and split.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anyecg.readers import read_record

from . import Entry, Labelled, Plan, SourceError, require_directory
from .annotations import RHYTHM_EVENTS, event
from .catalogue import CATALOGUE
from .snomed import labels_of_codes

_ELSEWHERE = {
    r"HR\d{5}": "it is a record of PTB-XL; build the source ptb-xl, which knows its patient and fold",
    r"S\d{4}": "it is a record of the PTB database; build the source ptbdb, which knows its patient",
    r"I\d{4}": "it is a record of INCART; build the source incartdb, which knows its patient",
}
_RHYTHM_EVENT = {"AFIB": RHYTHM_EVENTS[0], "AFLT": RHYTHM_EVENTS[1]}
_EXCLUSIVE = {"SR", "SBRAD", "STACH", "SARRH", "AFIB", "AFLT", "SVTAC", "PSVT", "PACE"}


@dataclass(frozen=True)
class ChallengeDatabase:
    """One hospital's records; has `plan` and `load` like a source module."""

    name: str
    records: str
    """Expression that the names of its records match."""

    def plan(self, directory: Path | None, **_: Any) -> Plan:
        """List its records anywhere below the directory."""
        from ..splits import split_by_hash

        title = CATALOGUE[self.name].title
        folder = require_directory(directory, title)
        entries, left_out = [], {}
        for header in sorted(folder.rglob("*.hea")):
            record_id = f"{self.name}/{header.stem}"
            reason = next((why for what, why in _ELSEWHERE.items() if re.fullmatch(what, header.stem)), None)
            if reason:
                left_out[record_id] = reason
            elif re.fullmatch(self.records, header.stem):
                entries.append(
                    Entry(record_id, record_id, split_by_hash(record_id), {"path": str(header.with_suffix(""))})
                )
        if not entries:
            raise SourceError(f"{folder} holds no record of {title} (names like {self.records}).")
        return Plan(entries, left_out)

    def load(self, entries: Sequence[Entry]) -> Iterator[Labelled]:
        """Read the records with the statements of their codes."""
        for entry in entries:
            record = replace(read_record(entry.details["path"]), name=entry.record_id)
            findings, known, unmapped = labels_of_codes(codes_of(Path(entry.details["path"] + ".hea")))
            events, known_events = rhythm_events(findings, record.duration_s) if known else ((), ())
            yield Labelled(
                entry, record, findings, known, events, known_events,
                note=f"not mapped to statements: {', '.join(unmapped)}" if unmapped else "",
                truth=f"{self.name} diagnoses (SNOMED-CT)",
            )  # fmt: skip


def codes_of(header: Path) -> list[str]:
    """The codes, or class names, in the line "# Dx: …" of a header."""
    found = re.search(r"^#\s*Dx:\s*(.*)$", header.read_text(encoding="latin-1"), re.MULTILINE)
    return [code.strip() for code in found.group(1).split(",") if code.strip()] if found else []


def rhythm_events(findings: Sequence[str], duration_s: float) -> tuple[tuple[dict[str, Any], ...], tuple[str, ...]]:
    """Fibrillation or flutter that is the only rhythm lasts throughout; beside another rhythm it cannot be placed."""
    rhythms = [code for code in findings if code in _EXCLUSIVE]
    present = [code for code in rhythms if code in _RHYTHM_EVENT]
    if not present:
        return (), RHYTHM_EVENTS
    if len(rhythms) > 1:
        return (), tuple(kind for code, kind in _RHYTHM_EVENT.items() if code not in present)
    return (event(_RHYTHM_EVENT[present[0]], 0.0, duration_s),), RHYTHM_EVENTS


DATABASES = {
    database.name: database
    for database in (
        ChallengeDatabase("georgia", r"E\d{5}"),
        ChallengeDatabase("chapman-shaoxing", r"JS(?:0\d{4}|10[0-5]\d{2}|106[0-3]\d|1064[0-6])"),
        ChallengeDatabase("ningbo", r"JS(?:1064[7-9]|106[5-9]\d|10[7-9]\d{2}|1[1-9]\d{3}|[2-4]\d{4})"),
        ChallengeDatabase("cpsc2018-challenge", r"[AQ]\d{4}"),
    )
}
