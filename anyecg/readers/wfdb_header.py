"""WFDB headers, read strictly: every field is checked before the signal files are touched.

wfdb's own parser takes the longest prefix that fits: it reads a negative rate as 250 Hz, a gain of 0 as 200 and
"µV" as "V". Here such a field is an error. Format: https://wfdb.io/spec/header-files.html
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..record import RecordError

MAX_HEADER_BYTES = 16 * 2**20
FORMATS = ("0", "8", "16", "24", "32", "61", "80", "160", "212", "310", "311", "508", "516", "524")

_FILE_NAME = re.compile(r"^(~|[-\w]+(\.\w+)?)$", re.ASCII)
_FORMAT = re.compile(r"^(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d+))?$", re.ASCII)
_GAIN = re.compile(r"^(-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)?(?:\((-?[0-9]{1,10})\))?(?:/(\S+))?$")
_AGE = re.compile(r"^<?age>?\s*:\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
_SEX = re.compile(r"^<?(?:sex|gender)>?\s*:\s*(male|female|m|f)\b", re.IGNORECASE)
_MITDB = re.compile(r"^(\d{1,3})\s+([MF])\s+\d+\s+\d+\s+x\d+")
_DATE = re.compile(r"^(?:ECG|recording) date\s*:\s*(\d{1,2})/(\d{1,2})/(\d{4})", re.IGNORECASE)
_NUMBER = re.compile(r"^\d+(\.\d*)?$", re.ASCII)


@dataclass(frozen=True)
class SignalLine:
    """One signal of a header."""

    file_name: str
    fmt: str
    samples_per_frame: int
    skew: int
    byte_offset: int
    gain: float | None
    """Steps per unit; None where the header says 0 or nothing: uncalibrated."""
    baseline: int
    units: str | None
    name: str | None


@dataclass(frozen=True)
class Header:
    """A header of one segment (signals) or of several (segments)."""

    path: Path
    rate: float | None
    """Hz, of frames."""
    n_frames: int | None
    signals: tuple[SignalLine, ...]
    segments: tuple[tuple[str, int], ...] | None
    recorded_at: str | None
    comments: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.stem


def read_header(path: Path) -> Header:
    """Parse a .hea file.

    Raises:
        RecordError: if it is not a header, or a field cannot be understood or trusted.
    """
    lines, comments = _read_lines(path)
    fields = lines[0].split()
    match = re.match(r"^([^/\s]+)(?:/(\d+))?$", fields[0])
    if match is None or len(fields) < 2 or not fields[1].isdigit():
        raise RecordError(f"{path.name} is not a WFDB header: its first line is {lines[0][:60]!r}.")
    rate = _rate(fields[2], path.name) if len(fields) > 2 else None
    n_frames = _count(fields[3], "number of samples", path.name) if len(fields) > 3 else None
    if match[2] is None:
        signals, segments = tuple(_signal_line(line, path.name) for line in lines[1:]), None
        found, expected, what = len(signals), int(fields[1]), "signals"
    else:
        signals, segments = (), tuple(_segment_line(line, path.name) for line in lines[1:])
        found, expected, what = len(segments), int(match[2]), "segments"
    if found != expected:
        raise RecordError(f"{path.name} announces {expected} {what} but describes {found}; the header is damaged.")
    return Header(path, rate, n_frames, signals, segments, _date(fields[4:]), comments)


def patient_of(header: Header) -> dict:
    """Age in years, sex and date, as far as the comments say."""
    known: dict = {"age": None, "sex": None, "recorded_at": header.recorded_at}
    for line in header.comments:
        if (match := _MITDB.match(line)) is not None:
            known["age"], known["sex"] = float(match[1]), _sex(match[2])
        if (match := _AGE.match(line)) is not None:
            known["age"] = float(match[1])
        if (match := _SEX.match(line)) is not None:
            known["sex"] = _sex(match[1])
        if (match := _DATE.match(line)) is not None and known["recorded_at"] is None:
            known["recorded_at"] = _iso(f"{match[1]}/{match[2]}/{match[3]}", "%d/%m/%Y")
    return known


def _read_lines(path: Path) -> tuple[list[str], tuple[str, ...]]:
    if path.stat().st_size > MAX_HEADER_BYTES:
        raise RecordError(f"{path.name} has {path.stat().st_size:,} bytes, which no WFDB header has.")
    content = path.read_bytes()
    if b"\0" in content:
        raise RecordError(f"{path.name} is not a WFDB header: it holds binary data.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    stripped = [line.strip() for line in text.splitlines()]
    lines = [line for line in stripped if line and not line.startswith("#")]
    if not lines:
        raise RecordError(f"{path.name} is empty; a WFDB header begins with the record's name, signals and rate.")
    return lines, tuple(line.strip("# \t") for line in stripped if line.startswith("#"))


def _rate(token: str, name: str) -> float:
    text = token.split("/")[0]
    try:
        rate = float(text)
    except ValueError:
        raise RecordError(f"{name} states the sampling rate {text!r}, which is not a number of Hz.") from None
    if rate > 0 and not _NUMBER.match(text):
        raise RecordError(f"{name} writes its sampling rate as {text!r}; write it as a plain decimal number.")
    return rate


def _count(token: str, what: str, name: str) -> int:
    if not (token.isascii() and token.isdigit() and len(token) < 16):
        raise RecordError(f"{name} states the {what} {token[:20]!r}, which is not a plain count.")
    return int(token)


def check_file_name(token: str, name: str) -> str:
    """Refuse file names that point out of the header's folder, or that wfdb cannot open."""
    if not _FILE_NAME.match(token):
        raise RecordError(
            f"{name} names the file {token[:60]!r}; only plain names beside the header are read "
            "(letters, digits, - and _, with one extension)."
        )
    return token


def _segment_line(line: str, name: str) -> tuple[str, int]:
    fields = line.split()
    if len(fields) != 2 or "." in fields[0]:
        raise RecordError(f"{name} holds the segment line {line[:60]!r}; expected a segment name and a length.")
    return check_file_name(fields[0], name), _count(fields[1], "segment length", name)


def _signal_line(line: str, name: str) -> SignalLine:
    fields = line.split(None, 8)
    file_name = check_file_name(fields[0], name)
    match = _FORMAT.match(fields[1]) if len(fields) > 1 else None
    if match is None or match[1] not in FORMATS:
        raise RecordError(
            f"{name} stores {file_name} in format {fields[1] if len(fields) > 1 else ''!r}; "
            f"known WFDB formats are {', '.join(FORMATS[1:])}."
        )
    numbers = [_count(text, "format field", name) if text else None for text in match.groups()[1:]]
    gain, baseline, units = _gain(fields[2] if len(fields) > 2 else "", name)
    if baseline is None:  # by the format's definition the baseline is the ADC zero, which is 0 where missing
        zero = fields[4] if len(fields) > 4 else "0"
        baseline = int(zero) if re.match(r"^-?\d{1,10}$", zero) else 0
    return SignalLine(
        file_name, match[1], 1 if numbers[0] is None else numbers[0], numbers[1] or 0, numbers[2] or 0, gain,
        baseline, units, fields[8].strip() if len(fields) > 8 else None,
    )  # fmt: skip


def _gain(token: str, name: str) -> tuple[float | None, int | None, str | None]:
    match = _GAIN.match(token)
    if match is None:
        raise RecordError(f"{name} states the gain {token[:40]!r}; expected steps per unit, as in 200(1024)/mV.")
    gain = float(match[1]) if match[1] else None
    if gain is not None and not math.isfinite(gain):
        raise RecordError(f"{name} states the gain {token[:40]!r}, which is not finite.")
    return gain or None, int(match[2]) if match[2] else None, match[3]


def _sex(text: str) -> str:
    return "female" if text.lower().startswith("f") else "male"


def _date(fields: list[str]) -> str | None:
    """ISO date of "time dd/mm/yyyy" (the format's order) or "05-Feb-2020 11:39:16" (some databases)."""
    text = " ".join(fields[:2])
    for pattern in ("%H:%M:%S %d/%m/%Y", "%H:%M:%S.%f %d/%m/%Y", "%d-%b-%Y %H:%M:%S"):
        if (found := _iso(text, pattern)) is not None:
            return found
    return None


def _iso(text: str, pattern: str) -> str | None:
    try:
        moment = datetime.strptime(text, pattern)
    except ValueError:
        return None
    return moment.isoformat(timespec="seconds") if "%H" in pattern else moment.date().isoformat()
