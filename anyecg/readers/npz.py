"""NPZ: arrays `signal` (n_leads, n_samples), `leads`, `sampling_rate` (Hz), `units`; also age, sex, recorded_at.

Only plain arrays are read (`allow_pickle=False`), and sizes are checked before anything is unpacked.
"""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from datetime import datetime
from pathlib import Path

import numpy as np

from ..record import MAX_SAMPLES, EcgRecord, RecordError
from .common import finish, first_line, most_unpacked
from .declared import Declared, require, settle_leads, settle_rate, settle_scale

MAX_OTHER_BYTES = 2**20
"""Of an array that is not the signal."""
_BROKEN = (
    zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, KeyError, SyntaxError, TypeError, OverflowError,
    NotImplementedError, RuntimeError, tokenize.TokenError,
)  # fmt: skip


def read(path: Path, declared: Declared) -> EcgRecord:
    """Read one recording from an NPZ file."""
    arrays = _load(path)
    signal = arrays.get("signal")
    if signal is None or signal.ndim != 2 or signal.dtype.kind not in "fiu" or 0 in signal.shape:
        found = "no array 'signal'" if signal is None else f"'signal' of shape {signal.shape} and type {signal.dtype}"
        raise RecordError(f"{path.name} has {found}; expected numbers of shape (n_leads, n_samples) under 'signal'.")
    names, notes = _texts(arrays.get("leads")), []
    units, rate = _texts(arrays.get("units")), _number(arrays.get("sampling_rate"), "sampling_rate", path.name)
    require(path.name, declared, rate=rate is not None, units=bool(units), leads=bool(names))
    leads = names or settle_leads(len(signal), declared, path.name)
    if len(leads) == signal.shape[1] != signal.shape[0]:
        signal, notes = signal.T, ["the signal was stored as (n_samples, n_leads) and was turned"]
    if len(leads) != len(signal):
        raise RecordError(f"{path.name} has a signal of shape {signal.shape} but {len(leads)} lead names.")
    scale = settle_scale(units[0] if units else None, declared, path.name)
    sex, recorded_at = _texts(arrays.get("sex")), _texts(arrays.get("recorded_at"))
    millivolts, hertz = signal * np.float64(scale), settle_rate(rate, declared, path.name)
    return finish(
        millivolts, leads, hertz, path, declared, notes,
        leads_declared=not names, age=_number(arrays.get("age"), "age", path.name),
        sex=sex[0] if sex and sex[0] in ("female", "male") else None,
        recorded_at=_moment(recorded_at[0]) if recorded_at else None,
    )  # fmt: skip


def _load(path: Path) -> dict[str, np.ndarray]:
    wanted = ("signal", "leads", "sampling_rate", "units", "age", "sex", "recorded_at")
    try:
        with zipfile.ZipFile(path) as archive:
            present, n_bytes = set(archive.namelist()), path.stat().st_size
            return {key: _array(archive, f"{key}.npy", n_bytes) for key in wanted if f"{key}.npy" in present}
    except _BROKEN as error:
        raise RecordError(f"{path.name} is not a readable NPZ file of plain arrays: {first_line(error)}") from None


def _array(archive: zipfile.ZipFile, member: str, n_bytes: int) -> np.ndarray:
    """One array, after its header was held against the size of what is stored: numpy allocates what is declared.

    Args:
        n_bytes: of the whole file; the archive's own list may state any size for a packed member.
    """
    info = archive.getinfo(member)
    stored, packed = info.file_size, min(info.compress_size, n_bytes)
    if stored > (MAX_OTHER_BYTES if member != "signal.npy" else most_unpacked(packed)):
        raise ValueError(f"{member} would unpack to {stored:,} bytes, more than is accepted")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(file)
    if dtype.hasobject:
        raise ValueError(f"{member} holds Python objects")
    size = math.prod(shape)
    if size > MAX_SAMPLES or size * dtype.itemsize > stored:
        raise ValueError(f"{member} states an array of shape {shape}, more than is stored or accepted")
    with archive.open(member) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _texts(array: np.ndarray | None) -> tuple[str, ...]:
    if array is None:
        return ()
    flat = array.ravel().tolist()
    return tuple(item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item) for item in flat)


def _moment(text: str) -> str | None:
    """An ISO date or date-time; None for any other text."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def _number(array: np.ndarray | None, key: str, name: str) -> float | None:
    if array is None:
        return None
    if array.size != 1 or array.dtype.kind not in "fiu":
        raise RecordError(f"{name} holds {key!r} as {array.dtype} of shape {array.shape}; expected one number.")
    return float(array.ravel()[0])
