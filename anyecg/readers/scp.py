"""SCP-ECG (EN 1064, ISO 11073-91064): rhythm of section 6, Huffman coded or not, with reference beats added back.

Checksums, sizes and places of the sections are held against the file first. Bimodal compression, which thins out
what lies between the QRS complexes, is refused: what it took away cannot be brought back.
"""

from __future__ import annotations

import binascii
import struct
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np

from ..record import EcgRecord, RecordError
from .common import age_at, finish
from .declared import Declared, settle_rate, settle_step
from .lead_numbers import lead_of_number
from .scp_huffman import Table, decode, read_tables, undo_differences

MAX_BYTES = 64 * 2**20
MOST_SAMPLES = 8_000_000
"""15 leads at the most that a lead's 65,535 bytes can hold."""
MOST_SECTIONS = 1024
"""Numbers from 1024 on are reserved."""
_HEADER = 16
_YEARS = {1: 1.0, 2: 1 / 12, 3: 7 / 365.2425, 4: 1 / 365.2425, 5: 1 / 8765.82}


@dataclass(frozen=True)
class Lead:
    """One lead of section 3; its samples are numbered from 1 on a time line that all leads share."""

    number: int
    first: int
    last: int

    @property
    def n_samples(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class Coded:
    """Sections 5 and 6: bits of each lead, and what one step and one sample are."""

    nanovolts: int
    interval_us: int
    order: int
    """Of the differences."""
    bimodal: bool
    data: list[bytes]


def read(path: Path, declared: Declared) -> EcgRecord:
    """Read the rhythm of an SCP-ECG file; limb leads that it leaves out are derived, as the standard wants it."""
    if path.stat().st_size > MAX_BYTES:
        raise RecordError(f"{path.name} has {path.stat().st_size:,} bytes, which no SCP-ECG file has.")
    content = path.read_bytes()
    try:
        return _read(content, path, declared)
    except (struct.error, IndexError):
        raise RecordError(f"{path.name} ends within a section; it is damaged: export it again.") from None


def _read(content: bytes, path: Path, declared: Declared) -> EcgRecord:
    sections, protocol = _sections(content, path.name)
    for number, what in ((3, "leads"), (6, "rhythm")):
        if number not in sections:
            raise RecordError(f"{path.name} has no section {number} ({what}); export the ECG with its waveforms.")
    leads, flags = _leads(sections[3], path.name)
    rhythm = _coded(sections[6], len(leads), path.name)
    if rhythm.bimodal and protocol < 30:
        raise RecordError(
            f"{path.name} uses bimodal compression, which thins out the signal between the QRS complexes; "
            "export it without (high compression off)."
        )
    rate = settle_rate(1e6 / rhythm.interval_us if rhythm.interval_us else None, declared, path.name)
    per_step = settle_step(rhythm.nanovolts / 1000.0, "uV", declared, path.name) / (rhythm.nanovolts or 1)
    tables = read_tables(sections[2], path.name) if 2 in sections else None
    notes: list[str] = []
    rows = [
        _samples(bits, lead.n_samples, rhythm.order, tables, path.name).astype(np.int64) * (rhythm.nanovolts or 1)
        for lead, bits in zip(leads, rhythm.data, strict=True)
    ]
    if flags & 1:
        _add_reference_beats(rows, leads, rhythm, sections, tables, path.name)
        notes.append("the reference beat was added back to what the file stores")
    begin, end = min(lead.first for lead in leads), max(lead.last for lead in leads)
    signal = np.full((len(leads), end - begin + 1), np.nan, np.float64)
    for k, (lead, row) in enumerate(zip(leads, rows, strict=True)):
        signal[k, lead.first - begin : lead.last - begin + 1] = row * per_step
    names = [lead_of_number(lead.number) for lead in leads]
    return finish(signal, names, rate, path, declared, notes, derive=True, **_patient(sections.get(1, b"")))


def _sections(content: bytes, name: str) -> tuple[dict[int, bytes], int]:
    """Bodies of the standard sections, and ten times the protocol version."""
    total = struct.unpack_from("<I", content, 2)[0]
    number, length = struct.unpack_from("<HI", content, 8)
    if number != 0 or not 2 * _HEADER <= length <= total - 6:
        raise RecordError(f"{name} is not an SCP-ECG file: it does not begin with its section 0.")
    if total > len(content):
        raise RecordError(f"{name} states {total} bytes but holds {len(content)}; it was cut short: copy it again.")
    if length > _HEADER + 10 * MOST_SECTIONS:
        raise RecordError(f"{name} lists more than {MOST_SECTIONS} sections, which no SCP-ECG file has; it is damaged.")
    found: dict[int, bytes] = {}
    for at in range(6 + _HEADER, 6 + length - 9, 10):
        number, size, index = struct.unpack_from("<HII", content, at)
        if number in found:
            raise RecordError(f"{name} lists its section {number} twice; it is damaged: export it again.")
        if size > _HEADER and 1 <= number <= 6:
            found[number] = _body(content[:total], number, size, index - 1, name)
    return found, content[15]


def _body(content: bytes, number: int, size: int, begin: int, name: str) -> bytes:
    section = content[begin : begin + size] if begin >= 0 else b""
    if len(section) < size or struct.unpack_from("<HI", section, 2) != (number, size):
        raise RecordError(f"{name} has no section {number} where it says; it is damaged: export it again.")
    checksum = struct.unpack_from("<H", section)[0]
    if number > 1 and checksum not in (0, binascii.crc_hqx(section[2:], 0xFFFF)):  # 0: not computed by the writer
        raise RecordError(f"{name} has a wrong checksum in section {number}; it is damaged: copy or export it again.")
    return section[_HEADER:]


def _leads(body: bytes, name: str) -> tuple[list[Lead], int]:
    """The leads and the flags of section 3."""
    leads = []
    for k in range(body[0]):
        first, last, number = struct.unpack_from("<IIB", body, 2 + 9 * k)
        leads.append(Lead(number, first, last))
    if not leads or any(not 1 <= lead.first <= lead.last for lead in leads):
        raise RecordError(f"{name} defines {len(leads)} leads, one of them without samples; it is damaged.")
    length = max(lead.last for lead in leads) - min(lead.first for lead in leads) + 1
    if len(leads) * length > MOST_SAMPLES:
        raise RecordError(
            f"{name} states {len(leads)} × {length} samples, more than an SCP-ECG file holds; it is damaged."
        )
    return leads, body[1]


def _coded(body: bytes, n_leads: int, name: str) -> Coded:
    nanovolts, interval_us, order, bimodal = struct.unpack_from("<HHBB", body)
    sizes = struct.unpack_from(f"<{n_leads}H", body, 6)
    at = 6 + 2 * n_leads
    if order > 2 or at + sum(sizes) > len(body):
        raise RecordError(
            f"{name} codes its samples as differences of order {order} in {sum(sizes)} bytes, of which "
            f"{len(body) - at} are there; it is damaged."
        )
    data = []
    for size in sizes:
        data.append(body[at : at + size])
        at += size
    return Coded(nanovolts, interval_us, order, bimodal != 0, data)


def _samples(bits: bytes, n_samples: int, order: int, tables: list[Table] | None, name: str) -> np.ndarray:
    if n_samples > (8 * len(bits) if tables else len(bits) // 2):
        raise RecordError(f"{name} states {n_samples} samples of a lead but stores {len(bits)} bytes; it is damaged.")
    values = decode(bits, n_samples, tables, name) if tables else np.frombuffer(bits, "<i2", n_samples)
    return undo_differences(values.astype(np.int64), order)


def _add_reference_beats(
    rows: list[np.ndarray],
    leads: list[Lead],
    rhythm: Coded,
    sections: dict[int, bytes],
    tables: list[Table] | None,
    name: str,
) -> None:
    """Add the beat of section 5 where section 4 says that it was subtracted (beats of type 0), in nV."""
    if not {4, 5} <= set(sections):
        raise RecordError(f"{name} subtracted a reference beat but lacks section 4 or 5; it is damaged.")
    reference = _coded(sections[5], len(leads), name)
    length_ms, fiducial, n_beats = struct.unpack_from("<HHH", sections[4])
    if reference.interval_us != rhythm.interval_us or 0 in (rhythm.interval_us, rhythm.nanovolts, reference.nanovolts):
        raise RecordError(f"{name} samples its reference beat and its rhythm differently; export it uncompressed.")
    beats = [struct.unpack_from("<HIII", sections[4], 6 + 14 * k) for k in range(n_beats)]
    subtracted = [(start, centre, end) for kind, start, centre, end in beats if kind == 0 and start <= end]
    length = max(lead.last for lead in leads)
    if sum(end - start + 1 for start, _, end in subtracted) > 2 * length:
        raise RecordError(f"{name} subtracts {n_beats} beats that overlap each other; it is damaged: export it again.")
    n_samples = round(length_ms * 1000 / reference.interval_us)
    for row, lead, bits in zip(rows, leads, reference.data, strict=True):
        beat = _samples(bits, n_samples, reference.order, tables, name).astype(np.int64) * reference.nanovolts
        for start, centre, end in subtracted:
            shift = centre - fiducial  # sample 1 of the reference beat lies on sample shift + 1
            first, last = max(start, lead.first, shift + 1), min(end, lead.last, shift + n_samples)
            if first <= last:
                part = beat[first - shift - 1 : last - shift]
                row[first - lead.first : last - lead.first + 1] += part


def _patient(body: bytes) -> dict[str, Any]:
    """Age in years, sex and date from section 1; names and numbers stay in the file."""
    tags: dict[int, bytes] = {}
    at = 0
    while at + 3 <= len(body) and body[at] != 255:
        size = struct.unpack_from("<H", body, at + 1)[0]
        tags[body[at]] = body[at + 3 : at + 3 + size]
        at += 3 + size
    day, clock = _date(tags.get(25, b"")), tags.get(26, b"")
    count, unit = struct.unpack("<HB", tags[4]) if len(tags.get(4, b"")) == 3 else (0, 0)
    age = count * _YEARS[unit] if count and unit in _YEARS else age_at(_date(tags.get(5, b"")), day)
    recorded_at = day.isoformat() if day else None
    if day and len(clock) == 3 and clock[0] < 24 and max(clock[1:]) < 60:
        recorded_at = f"{day.isoformat()}T{time(*clock).isoformat()}"
    sex = {b"\1": "male", b"\2": "female"}.get(tags.get(8, b""))
    return {"age": age, "sex": sex, "recorded_at": recorded_at}


def _date(value: bytes) -> date | None:
    try:
        return date(*struct.unpack("<HBB", value))
    except (struct.error, ValueError):
        return None
