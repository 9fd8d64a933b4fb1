"""WFDB records (PhysioNet): every storage format, one segment or many, fixed or variable layout.

The package wfdb decodes the signal files. Before it may, names and rates (wfdb_header.py) and sizes are checked;
after it, the steps become millivolts (wfdb_calibration.py) and channels that are no ECG stay out.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..record import EcgRecord, RecordError
from .common import (
    check_size,
    check_span,
    finish,
    first_line,
    is_ecg_name,
    number_duplicates,
    to_float32,
    to_frame_rate,
)
from .declared import Declared, is_voltage, settle_rate
from .wfdb_calibration import steps_to_millivolts
from .wfdb_header import Header, SignalLine, patient_of, read_header

_BYTES_PER_SAMPLE = {
    "8": Fraction(1), "16": Fraction(2), "24": Fraction(3), "32": Fraction(4), "61": Fraction(2),
    "80": Fraction(1), "160": Fraction(2), "212": Fraction(3, 2), "310": Fraction(4, 3), "311": Fraction(4, 3),
}  # fmt: skip
_FLAC = ("508", "516", "524")
MAX_SEGMENTS = 20_000


def read(path: Path, declared: Declared) -> EcgRecord:
    """Read the record of a header file.

    Args:
        path: the .hea file.
    """
    header = read_header(path)
    notes: list[str] = []
    if header.segments is None:
        signal, names, per_frame = _read_segment(header, declared, notes)
    else:
        signal, names, per_frame = _read_segments(header, declared, notes)
    rate = settle_rate(header.rate if header.rate is None else header.rate * per_frame, declared, path.name)
    return finish(signal, names, rate, path, declared, notes, **patient_of(header))


def companions(path: Path) -> list[str]:
    """Names of the files that a header needs beside it, in order, those of its segments included."""
    header = read_header(path)
    if header.segments is None:
        return list(dict.fromkeys(s.file_name for s in header.signals if s.file_name != "~"))
    needed: dict[str, None] = {}
    for name in dict.fromkeys(name for name, _ in header.segments[:MAX_SEGMENTS]):
        if name == "~":
            continue
        needed[f"{name}.hea"] = None
        part = path.with_name(f"{name}.hea")
        if part.is_file() and (segment := read_header(part)).segments is None:
            needed |= dict.fromkeys(s.file_name for s in segment.signals if s.file_name != "~")
    return list(needed)


def _read_segment(header: Header, declared: Declared, notes: list[str]) -> tuple[np.ndarray, tuple[str, ...], int]:
    """Signal in mV (n_leads, n_samples), lead names, and samples per frame."""
    channels, dropped = _voltage_channels(header)
    if not channels:
        what = ", ".join(dropped) or "no signal at all"
        raise RecordError(f"{header.path.name} has no ECG channel, only {what}; give a record with a lead in volts.")
    if dropped:
        notes.append(f"left out: {', '.join(dropped)}")
    lines = [header.signals[k] for k in channels]
    per_frame = max(line.samples_per_frame for line in lines)
    n_frames = _checked_length(header)
    check_size(len(channels), n_frames * per_frame, header.path.name)
    digital = _decode(header, channels, n_frames)
    scales = steps_to_millivolts(header, lines, digital, declared, notes)
    signal = np.empty((len(lines), n_frames * per_frame), dtype=np.float32)
    for k, (line, steps, (gain, baseline)) in enumerate(zip(lines, digital, scales, strict=True)):
        row = to_float32((steps - baseline) * gain)
        signal[k] = to_frame_rate(row, line.samples_per_frame, per_frame, n_frames)
    if any(line.samples_per_frame != per_frame for line in lines):
        notes.append(f"signals of fewer samples per frame were resampled to the highest number, {per_frame} per frame")
    return (
        signal,
        tuple(line.name or f"signal {k + 1}" for k, line in zip(channels, lines, strict=True)),
        per_frame,
    )


def _voltage_channels(header: Header) -> tuple[list[int], list[str]]:
    """Indices of the channels that hold an ECG, and what the others are."""
    ecg, dropped = [], []
    for k, line in enumerate(header.signals):
        name = line.name or f"signal {k + 1}"
        if line.fmt == "0" or line.file_name == "~":
            dropped.append(f"{name} (nothing stored)")
        elif line.units is not None and not is_voltage(line.units):
            dropped.append(f"{name} (in {line.units})")
        elif not is_ecg_name(name):
            dropped.append(f"{name} (not an ECG lead)")
        else:
            ecg.append(k)
    return ecg, dropped


def _checked_length(header: Header) -> int:
    """Frames in the record, after the signal files were found to hold as much as the header declares."""
    files: dict[str, list[SignalLine]] = {}
    for k, line in enumerate(header.signals):
        if line.file_name in files and header.signals[k - 1].file_name != line.file_name:
            raise RecordError(f"{header.path.name} lists the signals of {line.file_name} apart; put them together.")
        files.setdefault(line.file_name, []).append(line)
    held = [_frames_held(header, lines) for lines in files.values() if any(line.fmt != "0" for line in lines)]
    n_frames = header.n_frames if header.n_frames is not None else min(held)
    if n_frames == 0:
        raise RecordError(f"{header.path.name} holds no samples; export the record again.")
    if min(held) < n_frames:
        raise RecordError(
            f"{header.path.name} states {n_frames} samples per signal but its files hold only {min(held)}; "
            "they are cut short or belong to another header: copy them again."
        )
    if (skew := max(line.skew for line in header.signals)) >= n_frames:
        raise RecordError(f"{header.path.name} shifts a signal by {skew} of {n_frames} samples; the header is damaged.")
    return n_frames


def _frames_held(header: Header, lines: list[SignalLine]) -> int:
    """How many frames a signal file can hold at most, from its size."""
    first, path = lines[0], header.path.with_name(lines[0].file_name)
    if not path.is_file():
        raise RecordError(f"{header.path.name} needs the file {first.file_name} beside it, which is missing.")
    if any((line.fmt, line.byte_offset) != (first.fmt, first.byte_offset) for line in lines):
        raise RecordError(f"{header.path.name} gives signals of {first.file_name} different formats; it must be one.")
    per_frame = sum(line.samples_per_frame for line in lines)
    if min(line.samples_per_frame for line in lines) < 1:
        raise RecordError(f"{header.path.name} states 0 samples per frame in {first.file_name}; at least 1 is needed.")
    if first.fmt not in _FLAC:
        n_bytes = max(0, path.stat().st_size - first.byte_offset)
        return math.floor(n_bytes / _BYTES_PER_SAMPLE[first.fmt]) // per_frame
    if header.n_frames is None:
        raise RecordError(f"{header.path.name} does not state its length, which FLAC signals need; add it to line 1.")
    import soundfile  # only FLAC-coded records need it

    try:
        return (soundfile.info(str(path)).frames - first.byte_offset) // first.samples_per_frame
    except soundfile.LibsndfileError as error:
        raise RecordError(f"{first.file_name} is not the FLAC file its header announces: {first_line(error)}") from None


def _decode(header: Header, channels: list[int], n_frames: int) -> list[np.ndarray]:
    """The stored integers, one float64 array per channel; NaN where the format marks a gap."""
    import wfdb  # brings pandas: only when a WFDB record is read

    record_name = str(header.path.resolve().with_suffix(""))
    if "::" in record_name:
        raise RecordError(f"{header.path.name}: wfdb cannot open a path with '::'; rename the file or folder.")
    layout = [(line.fmt, line.samples_per_frame, line.skew) for line in header.signals]
    try:
        seen = wfdb.rdheader(record_name)
        parsed = zip(seen.fmt, seen.samps_per_frame, seen.skew, strict=True)
        if [(fmt, per_frame or 1, skew or 0) for fmt, per_frame, skew in parsed] != layout:
            raise RecordError(f"{header.path.name} can be read in two ways; write its signal lines plainly.")
        record = wfdb.rdrecord(record_name, channels=channels, smooth_frames=False)
    except RecordError:
        raise
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, OSError, RuntimeError) as error:
        raise RecordError(f"{header.path.name} cannot be decoded: {first_line(error)}") from None
    # wfdb cannot hand out the integers of format 61 (big-endian), so its calibration is undone instead: exact
    # in float64, and wfdb has marked the gaps of each format.
    steps = zip(record.e_p_signal, record.adc_gain, record.baseline, record.samps_per_frame, strict=True)
    return [np.rint(row[: n_frames * per] * gain + zero) for row, gain, zero, per in steps]


def _read_segments(header: Header, declared: Declared, notes: list[str]) -> tuple[np.ndarray, tuple[str, ...], int]:
    """Put the segments of a record one after the other; what a segment does not record is NaN."""
    segments = [(name, length) for name, length in header.segments or () if length > 0]
    total = sum(length for _, length in segments)
    if len(segments) > MAX_SEGMENTS:
        raise RecordError(f"{header.path.name} has {len(segments)} segments; at most {MAX_SEGMENTS} are read.")
    if header.n_frames not in (None, total) or total == 0:
        raise RecordError(f"{header.path.name} states {header.n_frames} samples but its segments hold {total}.")
    parts, start = [], 0
    for name, length in segments:
        if name != "~" and (part := _read_part(header, name, length, declared, notes, total)) is not None:
            parts.append((start, *part))
        start += length
    notes[:] = list(dict.fromkeys(notes))
    frames = {per_frame for *_, per_frame in parts}
    if len(frames) != 1:
        raise RecordError(
            f"{header.path.name} has segments of {sorted(frames)} samples per frame; "
            "at least one ECG segment is needed, and the number must be the same in all."
        )
    per_frame = frames.pop()
    leads = list(dict.fromkeys(name for _, _, names, _ in parts for name in names))
    recorded = sum(signal.size for _, signal, _, _ in parts)
    check_span(len(leads), total * per_frame, recorded, header.path.name)
    whole = np.full((len(leads), total * per_frame), np.nan, dtype=np.float32)
    for start, signal, names, _ in parts:
        first = start * per_frame
        whole[[leads.index(name) for name in names], first : first + signal.shape[1]] = signal
    return whole, tuple(leads), per_frame


def _read_part(
    header: Header, name: str, length: int, declared: Declared, notes: list[str], total: int
) -> tuple[np.ndarray, tuple[str, ...], int] | None:
    """One segment as `_read_segment` gives it, or None if it records no ECG."""
    path = header.path.with_name(f"{name}.hea")
    if not path.is_file():
        raise RecordError(f"{header.path.name} needs the segment {path.name} beside it, which is missing.")
    part = read_header(path)
    if part.segments is not None:
        raise RecordError(
            f"{header.path.name} names {path.name}, which has segments itself; only one level is allowed."
        )
    if part.rate != header.rate or part.n_frames not in (None, length):
        raise RecordError(f"{path.name} differs from {header.path.name} in rate or length; the record is damaged.")
    if not _voltage_channels(part)[0]:
        return None
    check_size(len(part.signals), total, header.path.name)
    signal, names, per_frame = _read_segment(replace(part, n_frames=length), declared, notes)
    return signal, number_duplicates(names, notes), per_frame
