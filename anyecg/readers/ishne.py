"""ISHNE Holter files (ISHNE 1.0): up to 12 leads of 16-bit samples, for a day or more.

Format: Badilini 1998, The ISHNE Holter Standard Output File Format, Ann Noninvasive Electrocardiol 3:263-266.
"""

from __future__ import annotations

import binascii
import struct
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np

from ..record import EcgRecord, RecordError
from .common import age_at, check_size, finish, to_float32
from .declared import Declared, settle_rate, settle_step

MAGIC = b"ISHNE1.0"
FAULT = -32768
"""Stored while a lead was off."""
_START, _HEADER = 10, 522
_LEADS = {1: "bipolar", 2: "X", 3: "Y", 4: "Z"} | dict(
    enumerate(["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6", "ES", "AS", "AI"], 5)
)


def read(path: Path, declared: Declared) -> EcgRecord:
    """Read a Holter recording; samples that were stored while a lead was off are gaps."""
    head, size = _header(path), path.stat().st_size
    n_samples, begin = struct.unpack_from("<i", head, 14)[0], struct.unpack_from("<i", head, 22)[0]
    n_leads = struct.unpack_from("<H", head, 156)[0]
    if not (1 <= n_leads <= 12 and n_samples > 0):
        raise RecordError(f"{path.name} states {n_leads} leads of {n_samples} samples; it is damaged.")
    if (held := (size - begin) // (2 * n_leads)) < n_samples:
        raise RecordError(
            f"{path.name} states {n_samples} samples per lead but holds {held}; it was cut short: copy it again."
        )
    check_size(n_leads, n_samples, path.name)
    kinds, nanovolts = struct.unpack_from("<12h", head, 158)[:n_leads], struct.unpack_from("<12h", head, 206)[:n_leads]
    names = [_LEADS.get(kind, f"lead {k + 1}") for k, kind in enumerate(kinds)]
    rate = settle_rate(float(struct.unpack_from("<H", head, 272)[0]) or None, declared, path.name)
    scales = [
        settle_step(max(step, 0) / 1000.0, "uV", declared, f"{name} in {path.name}")
        for step, name in zip(nanovolts, names, strict=True)
    ]
    stored = np.fromfile(path, "<i2", n_samples * n_leads, offset=begin).reshape(n_samples, n_leads)
    signal = np.empty((n_leads, n_samples), np.float32)
    for k, scale in enumerate(scales):
        signal[k] = to_float32(stored[:, k] * np.float64(scale))
        signal[k, stored[:, k] == FAULT] = np.nan
    return finish(signal, names, rate, path, declared, [], **_patient(head))


def _header(path: Path) -> bytes:
    """The fixed header, after its checksum, which covers the variable block too, was found right."""
    with path.open("rb") as file:
        head = file.read(_HEADER)
        if len(head) < _HEADER or not head.startswith(MAGIC):
            raise RecordError(f"{path.name} is not an ISHNE file: it does not begin with its header of 522 bytes.")
        extra, begin = struct.unpack_from("<i", head, 10)[0], struct.unpack_from("<i", head, 22)[0]
        if not 0 <= extra <= 2**24 or begin != _HEADER + extra:
            raise RecordError(f"{path.name} has a header of {extra} and samples from byte {begin}; it is damaged.")
        checksum = struct.unpack_from("<H", head, 8)[0]
        if checksum not in (0, binascii.crc_hqx(head[_START:] + file.read(extra), 0xFFFF)):  # 0: not computed
            raise RecordError(f"{path.name} has a wrong checksum in its header; it is damaged: copy it again.")
    return head


def _patient(head: bytes) -> dict[str, Any]:
    """Age in years, sex and date; names and number stay in the file."""
    sex = struct.unpack_from("<H", head, 128)[0]
    born, day, clock = (struct.unpack_from("<3H", head, at) for at in (132, 138, 150))
    recorded = _date(*day)
    recorded_at = recorded.isoformat() if recorded else None
    if recorded and clock[0] < 24 and max(clock[1:]) < 60:
        recorded_at = f"{recorded.isoformat()}T{time(*clock).isoformat()}"
    return {"age": age_at(_date(*born), recorded), "sex": {1: "male", 2: "female"}.get(sex), "recorded_at": recorded_at}


def _date(day: int, month: int, year: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
