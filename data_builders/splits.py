"""Which patient is in which split: decided once, stored beside the data, never changed silently."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from zlib import crc32

from anyecg.conversation import SPLITS

from .sources import Entry


class SplitError(ValueError):
    """A patient would sit in two splits."""


def split_by_hash(patient_id: str) -> str:
    """A patient's split where the database prescribes none: 80 % train, 10 % validate, 10 % test, by the id alone."""
    part = crc32(patient_id.encode()) % 10
    return "valid" if part == 8 else "test" if part == 9 else "train"


def split_of_patients(entries: Iterable[Entry]) -> dict[str, str]:
    """Each patient's split.

    Raises:
        SplitError: if two records of a patient are in different splits, or a split has an unknown name.
    """
    splits: dict[str, str] = {}
    for entry in entries:
        if entry.split not in SPLITS:
            raise SplitError(f"{entry.record_id} is in split {entry.split!r}; allowed are {', '.join(SPLITS)}.")
        before = splits.setdefault(entry.patient_id, entry.split)
        if before != entry.split:
            raise SplitError(
                f"patient {entry.patient_id} would sit in two splits: {before} and {entry.split} "
                f"(by {entry.record_id}); leave one of the records out."
            )
    return splits


def settle_splits(path: Path, splits: Mapping[str, str]) -> dict[str, str]:
    """Add patients to the stored splits and return all of them.

    Raises:
        SplitError: if a patient is stored in another split already.
    """
    stored: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    for patient, split in splits.items():
        if stored.get(patient, split) != split:
            raise SplitError(
                f"patient {patient} is in split {stored[patient]} in {path} and would now be in {split}; "
                "build into another directory."
            )
    merged = dict(sorted({**stored, **splits}.items()))
    if merged != stored:
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(merged, indent=0) + "\n")
        os.replace(temporary, path)
    return merged
