"""PTB-XL in its official layout, read without building a dataset: paths, patients, and the records of a fold.

As in the benchmark of Strodthoff et al. (2021) every statement counts, whatever its likelihood; fold 9 validates,
fold 10 tests, and a record without any statement of a group is not scored on that group.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from anyecg.findings import FINDINGS, subclasses_of, superclasses_of

FOLD_OF_SPLIT = {"valid": 9, "test": 10}
_SEX = {"0": "male", "1": "female"}


def path_of(folder: Path, ecg: int) -> Path:
    """The record at 500 Hz if it is there, else at 100 Hz; without ending."""
    thousand = f"{ecg // 1000 * 1000:05d}"
    high = folder / "records500" / thousand / f"{ecg:05d}_hr"
    return high if high.with_suffix(".hea").is_file() else folder / "records100" / thousand / f"{ecg:05d}_lr"


@lru_cache(maxsize=2)
def database(folder: Path) -> dict[int, dict[str, Any]]:
    """patient, fold, age, sex and SCP codes per ECG, from `ptbxl_database.csv`; empty where that file is not."""
    file = folder / "ptbxl_database.csv"
    if not file.is_file():
        return {}
    with file.open(newline="", encoding="utf-8") as opened:
        return {int(row["ecg_id"]): _about(row) for row in csv.DictReader(opened)}


def _about(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        "patient": f"ptb-xl/{int(float(row['patient_id']))}", "fold": int(float(row["strat_fold"])),
        "age": min(float(row["age"]), 90.0) if row["age"] else None,  # ages above 89 are published as 300
        "sex": _SEX.get(row["sex"].split(".")[0]),
        "codes": tuple(code for code in ast.literal_eval(row["scp_codes"]) if code in FINDINGS),
    }  # fmt: skip


def facts(folder: Path, ids: Sequence[int], paths: Sequence[Path]) -> dict[str, Any]:
    """What `adapters.Asked.facts` holds: patient, whether an ECG stands in the training folds, age and sex."""
    known = [database(folder).get(int(ecg), {}) for ecg in ids]
    trained = any(1 <= about.get("fold", 1) <= 8 for about in known)  # an ECG of unknown fold may have been seen
    return {
        "patient": known[0].get("patient", f"ptb-xl ECG {ids[0]}"), "split": "train" if trained else "held out",
        "ecgs": dict(zip((path.stem for path in paths), known, strict=True)),
    }  # fmt: skip


def fold(folder: Path, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The ECGs of the official fold of a split, with what `database` says of each.

    Raises:
        ValueError: for a split without a fold of its own, or without `ptbxl_database.csv`.
    """
    if split not in FOLD_OF_SPLIT:
        raise ValueError(f"split {split!r} has no fold of its own; choose {' or '.join(FOLD_OF_SPLIT)}.")
    rows = database(folder)
    if not rows:
        raise ValueError(f"{folder} holds no ptbxl_database.csv; pass the folder of PTB-XL as --ecgs.")
    yield from ((ecg, about) for ecg, about in sorted(rows.items()) if about["fold"] == FOLD_OF_SPLIT[split])


def labels_of(codes: Sequence[str]) -> tuple[list[str], list[str]]:
    """Statements with their classes, and the groups in which an absent label means no."""
    findings = [*codes, *(f"super:{c}" for c in superclasses_of(codes)), *(f"sub:{c}" for c in subclasses_of(codes))]
    known = ["form"] if any("f" in FINDINGS[code].kinds for code in codes) else []
    if any("d" in FINDINGS[code].kinds for code in codes):
        known += ["diagnoses", "superclass", "subclass"]
    if any("r" in FINDINGS[code].kinds for code in codes):
        known.append("rhythm")
    return findings, known
