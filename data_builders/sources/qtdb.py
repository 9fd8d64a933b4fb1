"""QT Database: two leads, 15 min; P, QRS and T of some 30 beats marked by a cardiologist (.q1c, ODC-BY 1.0).

Its records are excerpts of other databases: sel1xx and sel2xx are of MIT-BIH, sel8xx of svdb, sele of edb. They keep
the patient, and so the split, of those. Only the marked stretch is built: a wave without a mark is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from anyecg.readers import read_record

from . import Entry, Labelled, Plan, SourceError, mitdb, require_directory
from .annotations import event

_KINDS = {"p": "P wave", "N": "QRS complex", "t": "T wave"}
_MARGIN_S = 0.05


def plan(directory: Path | None, **_: Any) -> Plan:
    """List the records with marks of the first cardiologist."""
    folder = require_directory(directory, "the QT Database")
    entries, left_out = [], {}
    for header in sorted(folder.glob("sel*.hea")):
        record_id = f"qtdb/{header.stem}"
        patient, split = origin(header.stem)
        if not header.with_suffix(".q1c").exists():
            left_out[record_id] = "it has no marks of the first cardiologist (.q1c)"
        elif split is None:
            left_out[record_id] = f"it is an excerpt of {patient}, which is in no split"
        else:
            entries.append(Entry(record_id, patient, split, {"path": str(header.with_suffix(""))}))
    if not entries:
        raise SourceError(f"{folder} holds no record of the QT Database with marks (sel….hea and .q1c).")
    return Plan(entries, left_out)


def origin(name: str) -> tuple[str, str | None]:
    """Patient and split of the recording that a record was taken from; no split for what belongs to none."""
    from ..splits import split_by_hash

    if re.fullmatch(r"sel[12]\d\d", name):
        number = name[3:]
        split = "valid" if number in mitdb.VALID else "train" if number in mitdb.DS1 else None
        return f"mitdb/{number}", "test" if number in mitdb.DS2 else split
    if re.fullmatch(r"sel8\d\d", name):
        return f"svdb/{name[3:]}", split_by_hash(f"svdb/{name[3:]}")
    if name.startswith("sele"):
        return f"edb/{name[3:]}", "train"
    return f"qtdb/{name}", split_by_hash(f"qtdb/{name}")


def load(entries: Sequence[Entry]) -> Iterator[Labelled]:
    """Read the marked stretch of each record with its waves."""
    import wfdb

    for entry in entries:
        record = read_record(entry.details["path"])
        marks = wfdb.rdann(entry.details["path"], "q1c")
        waves = _waves((marks.sample / record.sampling_rate).tolist(), marks.symbol)
        start = max(min(wave["start_s"] for wave in waves) - _MARGIN_S, 0.0)
        end = min(max(wave["end_s"] for wave in waves) + _MARGIN_S, record.duration_s)
        start = round(start * record.sampling_rate) / record.sampling_rate
        moved = [w | {"start_s": round(w["start_s"] - start, 3), "end_s": round(w["end_s"] - start, 3)} for w in waves]
        kinds = {wave["kind"] for wave in waves}
        yield Labelled(
            entry, replace(record.excerpt(start, end), name=entry.record_id), events=tuple(moved),
            known_events=tuple(kind for kind in _KINDS.values() if kind in kinds or kind == "P wave"),
            note=f"cut to the annotated span, {start:.3f}-{end:.3f} s", truth="QT Database annotations",
        )  # fmt: skip


def _waves(times: Sequence[float], symbols: Sequence[str]) -> list[dict[str, Any]]:
    """Waves with both ends; T waves often lack their onset and are then not placed."""
    waves = []
    for k in range(1, len(times) - 1):
        if symbols[k] in _KINDS and symbols[k - 1] == "(" and symbols[k + 1] == ")":
            waves.append(event(_KINDS[symbols[k]], times[k - 1], times[k + 1]))
    if not waves:
        raise SourceError("a record of the QT Database has marks, but none of a whole wave.")
    return waves
