"""MATLAB files: the struct of CPSC2018, `feats` with its rate, the bare `val` of the PhysioNet challenges.

A .mat with a WFDB header beside it is read as WFDB (readers/wfdb.py). What a bare one does not say (leads and
units, mostly the rate) has to be declared.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from ..leads import STANDARD_LEADS
from ..record import EcgRecord, RecordError
from .common import Declared, check_size, finish, require, settle_leads, settle_rate, settle_scale

MAX_BYTES = 2**32
_BROKEN = (ValueError, TypeError, KeyError, IndexError, OSError, EOFError, NotImplementedError, zlib.error)


def read(path: Path, declared: Declared) -> EcgRecord:
    """Read one recording from a MATLAB file (version 4 to 7.2)."""
    arrays = _load(path)
    if "ECG" in arrays and arrays["ECG"].dtype.names is not None:
        return _cpsc2018(arrays["ECG"], path, declared)
    key = next((key for key in ("val", "feats") if key in arrays), None)
    if key is None:
        raise RecordError(
            f"{path.name} holds neither 'val', 'feats' nor 'ECG' but {', '.join(arrays) or 'nothing'}; "
            "export signal, leads, sampling_rate and units as NPZ instead."
        )
    signal = _rows(arrays[key], key, path.name)
    rate = arrays.get("curr_sample_rate")
    stated = float(rate.ravel()[0]) if rate is not None and rate.size == 1 and rate.dtype.kind in "fiu" else None
    require(path.name, declared, rate=stated is not None, units=False, leads=False)
    leads = settle_leads(len(signal), declared, path.name)
    scale = settle_scale(None, declared, path.name)
    rate_hz = settle_rate(stated, declared, path.name)
    return finish((signal * scale).astype(np.float32), leads, rate_hz, path, declared, [], leads_declared=True)


def _load(path: Path) -> dict[str, np.ndarray]:
    from scipy.io import loadmat, whosmat  # only MATLAB files need it

    with path.open("rb") as file:
        start = file.read(128)
    if start.startswith(b"\x89HDF") or b"MATLAB 7.3" in start:
        raise RecordError(f"{path.name} is a MATLAB 7.3 file; save it again with save(..., '-v7').")
    if path.stat().st_size > MAX_BYTES:
        raise RecordError(f"{path.name} has {path.stat().st_size:,} bytes, more than any record; cut it into parts.")
    wanted = ["val", "feats", "curr_sample_rate", "ECG"]
    try:
        for name, shape, _ in whosmat(path):
            check_size(1, int(np.prod([abs(int(n)) for n in shape], dtype=object)), f"{path.name} ({name})")
        arrays = loadmat(path, variable_names=wanted)
        names = [name for name, _, _ in whosmat(path)]
    except RecordError:
        raise
    except _BROKEN as error:
        raise RecordError(f"{path.name} is not a readable MATLAB file: {error}") from None
    return {key: arrays[key] for key in wanted if isinstance(arrays.get(key), np.ndarray)} | {
        name: np.empty(0) for name in names if name not in wanted
    }


def _rows(array: np.ndarray, key: str, name: str) -> np.ndarray:
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind not in "fiu":
        raise RecordError(
            f"{name} holds {key!r} of shape {array.shape} and type {array.dtype}; expected (leads, samples)."
        )
    return array.astype(np.float64)


def _cpsc2018(struct: np.ndarray, path: Path, declared: Declared) -> EcgRecord:
    """The database documents what its files leave out: 500 Hz, mV, the 12 leads in the usual order."""
    fields = struct.ravel()[0] if struct.size else None
    if fields is None or struct.dtype.names is None or not {"sex", "age", "data"} <= set(struct.dtype.names):
        raise RecordError(f"{path.name} holds a struct 'ECG' without sex, age and data; export it as NPZ instead.")
    signal = _rows(np.asarray(fields["data"]), "ECG.data", path.name)
    if len(signal) != len(STANDARD_LEADS):
        raise RecordError(f"{path.name} holds {len(signal)} signals in 'ECG.data'; CPSC2018 has 12.")
    sex = str(np.asarray(fields["sex"]).ravel()[0]).lower() if np.asarray(fields["sex"]).size else ""
    age = np.asarray(fields["age"]).ravel()
    notes = ["the layout is that of CPSC2018, which documents 500 Hz, mV and I, II, III, aVR, aVL, aVF, V1-V6"]
    return finish(
        (signal * settle_scale("mV", declared, path.name)).astype(np.float32), STANDARD_LEADS,
        settle_rate(500.0, declared, path.name), path, declared, notes,
        age=float(age[0]) if age.size and age.dtype.kind in "fiu" and np.isfinite(age[0]) else None,
        sex=sex if sex in ("female", "male") else None,
    )  # fmt: skip
