"""Headers of EDF, EDF+ and BDF, held against the size of the file before a sample is read.

A file that was cut short keeps its header, and a library that reads what is left would shorten the record silently.
Formats: https://www.edfplus.info/specs/edf.html, https://www.edfplus.info/specs/edfplus.html (EDF+),
https://www.biosemi.com/faq/file_format.htm (BDF, 24 bits).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from ..record import RecordError
from .common import age_at, plain_text

MAGIC = {b"0       ": 2, b"\xffBIOSEMI": 3}
"""First eight bytes → bytes per sample."""
_FIELDS = {"label": 16, "transducer": 80, "units": 8, "low": 8, "high": 8, "first": 8, "last": 8, "filter": 80, "n": 8}
ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
_PATIENT = re.compile(r"^\S+ ([FMX]) (X|\d\d-[A-Za-z]{3}-\d{4})(?: |$)")


@dataclass(frozen=True)
class Channel:
    """One signal of the header."""

    label: str
    units: str | None
    low: float
    high: float
    first: int
    last: int
    n: int
    """Samples per data record."""
    start: int
    """Where its samples begin in a data record, in samples."""


@dataclass(frozen=True)
class Header:
    """What stands before the data records."""

    width: int
    """Bytes per sample."""
    size: int
    n_records: int
    record_s: float
    channels: tuple[Channel, ...]
    interrupted: bool
    patient: str
    recording: str
    started: str

    @property
    def record_bytes(self) -> int:
        return self.width * sum(channel.n for channel in self.channels)


def read_header(path: Path) -> Header:
    """Read and check what stands before the data records.

    Raises:
        RecordError: if a field makes no sense, or the file does not hold what the header states.
    """
    with path.open("rb") as file:
        main = file.read(256)
        if len(main) < 256 or main[:8] not in MAGIC:
            raise RecordError(f"{path.name} is not an EDF or BDF file: it does not begin with their header.")
        n_signals = _count(main[252:256], "number of signals", path.name)
        fields = _signal_fields(file, n_signals, path.name)
    width, size = MAGIC[main[:8]], _count(main[184:192], "header size", path.name)
    if not n_signals or size != 256 * (n_signals + 1):
        raise RecordError(f"{path.name} states a header of {size} bytes for {n_signals} signals; the file is damaged.")
    channels, start = [], 0
    for k in range(n_signals):
        channels.append(_channel({key: values[k] for key, values in fields.items()}, start, width, path.name))
        start += channels[-1].n
    if not start:
        raise RecordError(f"{path.name} stores no sample in its data records; export it again.")
    stated, reserved = _text(main[236:244]), _text(main[192:236])
    n_records = _n_records(stated, start * width, path.stat().st_size - size, path.name)
    record_s = _number(main[244:252], "data record duration", path.name)
    return Header(
        width, size, n_records, record_s, tuple(channels), reserved[:5] in ("EDF+D", "BDF+D"),
        _text(main[8:88]), _text(main[88:168]), _text(main[168:184]),
    )  # fmt: skip


def _signal_fields(file: BinaryIO, n_signals: int, name: str) -> dict[str, list[bytes]]:
    fields = {}
    for key, width in _FIELDS.items():
        content = file.read(width * n_signals)
        if len(content) < width * n_signals:
            raise RecordError(f"{name} ends within its header; copy it again.")
        fields[key] = [content[k : k + width] for k in range(0, len(content), width)]
    file.read(32 * n_signals)
    return fields


def _channel(fields: dict[str, bytes], start: int, width: int, name: str) -> Channel:
    label = _text(fields["label"])
    where = f"of {label!r}"
    first = _number(fields["first"], f"digital minimum {where}", name)
    last = _number(fields["last"], f"digital maximum {where}", name)
    if max(abs(first), abs(last)) > 1 << (8 * width - 1):
        raise RecordError(f"{name} lets {label!r} run from {first:g} to {last:g}, more than {8 * width} bits hold.")
    return Channel(
        label, _text(fields["units"]) or None,
        _number(fields["low"], f"physical minimum {where}", name),
        _number(fields["high"], f"physical maximum {where}", name),
        round(first), round(last), _count(fields["n"], f"samples per data record {where}", name), start,
    )  # fmt: skip


def _n_records(stated: str, record_bytes: int, stored: int, name: str) -> int:
    """Data records, after the file was found to hold exactly as many as its header states."""
    held, rest = divmod(max(0, stored), record_bytes)
    if stated == "-1" and held and not rest:  # as the format wants it while recording
        return held
    n_records = _count(stated.encode(), "number of data records", name)
    if n_records == 0:
        raise RecordError(f"{name} holds no samples; export it again.")
    if (held, rest) != (n_records, 0):
        fault = "it was cut short" if held < n_records else "its header or its end is damaged"
        raise RecordError(
            f"{name} states {n_records} data records of {record_bytes} bytes but holds {stored} bytes of data; "
            f"{fault}: copy or export it again."
        )
    return n_records


def patient_of(header: Header) -> dict:
    """Age in years, sex and date; names and numbers stay in the file."""
    match, told = _PATIENT.match(header.patient), re.match(r"^Startdate (\S+)", header.recording)
    short, clock = header.started[:8], header.started[8:]
    day = _date(told[1], "%d-%b-%Y") if told else None if short == "01.01.85" else _date(short, "%d.%m.%y")
    known = day.isoformat() if day else None
    if day and re.match(r"^([01]\d|2[0-3])\.[0-5]\d\.[0-5]\d$", clock):
        known = f"{known}T{clock.replace('.', ':')}"
    sex = {"F": "female", "M": "male"}.get(match[1]) if match else None
    return {"age": age_at(_date(match[2], "%d-%b-%Y"), day) if match else None, "sex": sex, "recorded_at": known}


def _date(text: str, pattern: str) -> date | None:
    try:
        day = datetime.strptime(text.title(), pattern).date()
    except ValueError:
        return None
    # Two digits of a year mean 1985 to 2084 (EDF+), which is not what strptime takes them for.
    return day.replace(year=day.year + 100) if "%y" in pattern and day.year < 1985 else day


def _text(field: bytes) -> str:
    return plain_text(field.decode("latin-1"), 80)


def _count(field: bytes, what: str, name: str) -> int:
    text = _text(field)
    if not re.match(r"^\d{1,8}$", text, re.ASCII):
        raise RecordError(f"{name} states the {what} as {text[:20]!r}, which is not a count; the file is damaged.")
    return int(text)


def _number(field: bytes, what: str, name: str) -> float:
    text = _text(field)
    if not (re.match(r"^[-+\d.eE]{1,8}$", text, re.ASCII) and _is_finite(text)):
        raise RecordError(f"{name} states the {what} as {text[:20]!r}, which is not a number; the file is damaged.")
    return float(text)


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
