"""MATLAB files: the struct of CPSC2018, `feats` with its rate, the bare `val` of the PhysioNet challenges.

A .mat with a WFDB header beside it is read as WFDB (readers/wfdb.py). What a bare one does not say (leads and
units, mostly the rate) has to be declared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..leads import STANDARD_LEADS
from ..record import EcgRecord, RecordError
from .common import check_size, finish
from .declared import Declared, require, settle_leads, settle_rate, settle_scale
from .matfile import MatFileError, read_variables

WANTED = ("val", "feats", "curr_sample_rate", "ECG")


def read(path: Path, declared: Declared) -> EcgRecord:
    """Read one recording from a MATLAB file (version 4 to 7.2)."""
    arrays = _load(path)
    if isinstance(arrays.get("ECG"), dict):
        return _cpsc2018(arrays["ECG"], path, declared)
    key = next((key for key in ("val", "feats") if key in arrays), None)
    if key is None:
        raise RecordError(
            f"{path.name} holds neither 'val', 'feats' nor 'ECG' but {', '.join(arrays) or 'nothing'}; "
            "export signal, leads, sampling_rate and units as NPZ instead."
        )
    signal = _rows(arrays[key], key, path.name)
    stated = _number(arrays.get("curr_sample_rate"))
    require(path.name, declared, rate=stated is not None, units=False, leads=False)
    leads = settle_leads(len(signal), declared, path.name)
    scale = settle_scale(None, declared, path.name)
    rate_hz = settle_rate(stated, declared, path.name)
    return finish(signal * scale, leads, rate_hz, path, declared, [], leads_declared=True)


def _load(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        start = file.read(128)
    if start.startswith(b"\x89HDF") or b"MATLAB 7.3" in start:
        raise RecordError(f"{path.name} is a MATLAB 7.3 file; save it again with save(..., '-v7').")
    try:
        return read_variables(path, WANTED)
    except MatFileError as error:
        raise RecordError(f"{path.name} is not a readable MATLAB file: {error}.") from None


def _rows(array: Any, key: str, name: str) -> np.ndarray:
    if not isinstance(array, np.ndarray) or array.ndim != 2 or 0 in array.shape:
        shape = array.shape if isinstance(array, np.ndarray) else "of no numbers"
        raise RecordError(f"{name} holds {key!r} with the shape {shape}; expected numbers of (leads, samples).")
    check_size(len(array), array.shape[1], name)
    return array.astype(np.float64)


def _number(value: Any) -> float | None:
    single = isinstance(value, np.ndarray) and value.size == 1 and np.isfinite(value).all()
    return float(value.ravel()[0]) if single else None


def _cpsc2018(fields: dict[str, Any], path: Path, declared: Declared) -> EcgRecord:
    """The database documents what its files leave out: 500 Hz, mV, the 12 leads in the usual order."""
    if not {"sex", "age", "data"} <= set(fields):
        raise RecordError(f"{path.name} holds a struct 'ECG' without sex, age and data; export it as NPZ instead.")
    signal = _rows(fields["data"], "ECG.data", path.name)
    if len(signal) != len(STANDARD_LEADS):
        raise RecordError(f"{path.name} holds {len(signal)} signals in 'ECG.data'; CPSC2018 has 12.")
    sex = str(fields["sex"]).lower()
    notes = ["the layout is that of CPSC2018, which documents 500 Hz, mV and I, II, III, aVR, aVL, aVF, V1-V6"]
    return finish(
        signal * settle_scale("mV", declared, path.name), STANDARD_LEADS,
        settle_rate(500.0, declared, path.name), path, declared, notes,
        age=_number(fields["age"]), sex=sex if sex in ("female", "male") else None,
    )  # fmt: skip
