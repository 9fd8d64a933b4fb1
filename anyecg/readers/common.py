"""What every reader shares: bounds on a file, names of channels and leads, the step to `EcgRecord`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from ..leads import KNOWN_LEADS, canonical_lead
from ..record import MAX_SAMPLES, EcgRecord, RecordError, resample
from .declared import Declared

MOST_UNPACKED, LEAST_PACKED = 100, 2**20
"""A compressed ECG grows by 2 to 10 times; what would grow more is not unpacked. Less than so many bytes count as so
many, for a short flat trace is small."""
MOST_SPAN = 2**27
"""Samples of a recording with its gaps that are always accepted: a day of 12 leads at 125 Hz, 0.5 GB."""
MOST_LEADS, LONGEST_NAME = 40, 40
"""Of a record: every lead is measured, and its name stands in notes, pages and the prompt of the language model."""
MOST_NOTES, LONGEST_NOTE = 30, 400
HIGHEST_AGE = 120.0

# Channels that monitors store beside the ECG, some of them in millivolts too.
_NOT_ECG = re.compile(
    r"(pleth|ppg|spo2|resp|eeg|emg|eog|marker|trigger|event|annotation|pressure|sound)|"
    r"(abp|art|cvp|pap|icp|bp|eda|gsr|temp|co2|flow|pcg|acc|status)([^a-z].*)?$",
    re.IGNORECASE,
)


def first_line(error: BaseException) -> str:
    """What another library says of a broken file, in one short line: some repeat what stands in the file."""
    return plain_text(str(error).strip().split("\n")[0], 160) or type(error).__name__


def plain_text(text: str, longest: int = 60) -> str:
    """Text of a file that can stand in a sentence: one line, nothing that does not print."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:longest]


def is_ecg_name(name: str) -> bool:
    """Whether a channel of this name can be an ECG lead, not a pressure, respiration, pulse or EEG."""
    return not _NOT_ECG.match(name.strip())


def check_size(n_leads: int, n_samples: int, name: str) -> None:
    """Refuse what would not fit in memory, before it is allocated."""
    if n_leads * n_samples > MAX_SAMPLES:
        raise RecordError(
            f"{name} states {n_leads} × {n_samples} samples; at most {MAX_SAMPLES:,} are accepted: cut it."
        )


def check_span(n_leads: int, n_samples: int, n_recorded: int, name: str) -> None:
    """Refuse parts that lie so far apart that the gaps between them would fill the memory: a date takes a few bytes.

    Args:
        n_samples: per lead, from the begin of the first part to the end of the last.
        n_recorded: samples of all leads that are stored.
    """
    check_size(n_leads, n_samples, name)
    if n_leads * n_samples > max(MOST_UNPACKED * n_recorded, MOST_SPAN):
        raise RecordError(
            f"{name} holds {n_recorded:,} samples but spans {n_leads} × {n_samples:,}; its times are damaged, or it is "
            "cut into parts that lie too far apart: export them as files of their own."
        )


def most_unpacked(packed: int) -> int:
    """Bytes to which so many compressed bytes may grow: a small file must not fill the memory."""
    return MOST_UNPACKED * max(packed, LEAST_PACKED)


def to_float32(values: np.ndarray) -> np.ndarray:
    """float32; what is too large for it becomes infinite, which `finish` takes as a gap."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32, copy=False)


def to_frame_rate(row: np.ndarray, per_frame: int, wanted: int, n_frames: int) -> np.ndarray:
    """Resample one signal from its own samples per frame to another number of them."""
    if per_frame == wanted:
        return row
    if not np.isfinite(row).any():
        return np.full(n_frames * wanted, np.nan, dtype=np.float32)
    return resample(EcgRecord(row[None], ("I",), float(per_frame)), float(wanted)).signal[0, : n_frames * wanted]


def age_at(birth: date | None, recorded: date | None) -> float | None:
    """Whole years from birth to recording, if both are known."""
    if birth is None or recorded is None:
        return None
    return float(recorded.year - birth.year - ((recorded.month, recorded.day) < (birth.month, birth.day)))


def number_duplicates(names: Sequence[str], notes: list[str]) -> tuple[str, ...]:
    """Make lead names unique: ECG, ECG → ECG1, ECG2; the first II keeps its name: II, II (2)."""
    canonical = [canonical_lead(name) for name in names]
    doubled = {name for name, count in Counter(canonical).items() if count > 1}
    seen: Counter[str] = Counter()
    unique = []
    for name in canonical:
        seen[name] += 1
        k = seen[name]
        if name in doubled and name in KNOWN_LEADS:
            name = name if k == 1 else f"{name} ({k})"
        elif name in doubled:
            name = f"{name}{k}"
        unique.append(name)
    if doubled:
        notes.append(f"several signals are named {', '.join(sorted(doubled))}; numbered in the order of the file")
    return tuple(unique)


def finish(
    signal: np.ndarray,
    leads: Sequence[str],
    sampling_rate: float,
    path: Path,
    declared: Declared,
    notes: list[str],
    *,
    leads_declared: bool = False,
    derive: bool = False,
    age: float | None = None,
    sex: str | None = None,
    recorded_at: str | None = None,
) -> EcgRecord:
    """Number doubled names, drop leads without a sample and an age that cannot be, keep the wanted leads.

    Args:
        signal: shape (n_leads, n_samples), in mV.
        leads_declared: the names are the caller's own, so that there is nothing left to choose.
        derive: the format stores two limb leads for six, so that the others are computed.

    Raises:
        RecordError: with more leads than are measured, or without one that is wanted.
    """
    names = number_duplicates([plain_text(lead, LONGEST_NAME) for lead in leads], notes)
    signal = to_float32(signal)
    if signal.ndim == 2 and signal.size and np.isinf(signal).any():
        signal = np.where(np.isinf(signal), np.nan, signal)
        notes.append("infinite values were taken as gaps")
    if signal.ndim == 2 and signal.size and len(names) == len(signal):
        empty = ~np.isfinite(signal).any(axis=1)
        if empty.any() and not empty.all():
            notes.append(f"{', '.join(n for n, e in zip(names, empty, strict=True) if e)} left out: no finite sample")
            signal, names = signal[~empty], tuple(n for n, e in zip(names, empty, strict=True) if not e)
    age = age if age is not None and 0 <= age <= HIGHEST_AGE else None
    record = EcgRecord(signal, names, sampling_rate, path.stem, age, sex, recorded_at, _in_short(notes))
    if derive:
        record = record.with_derived_leads()
    if declared.leads is not None and not leads_declared:
        try:
            record = record.select(declared.leads)
        except ValueError as error:
            raise RecordError(plain_text(str(error), LONGEST_NOTE)) from None
    if len(record.leads) > MOST_LEADS:
        raise RecordError(
            f"{path.name} has {len(record.leads)} leads, of which {MOST_LEADS} can be measured; name those to use with "
            "leads= or --leads."
        )
    return record


def _in_short(notes: Sequence[str]) -> tuple[str, ...]:
    """Each note once, no longer and no more than somebody will read."""
    once = [note if len(note) <= LONGEST_NOTE else f"{note[: LONGEST_NOTE - 1]}…" for note in dict.fromkeys(notes)]
    more = len(once) - MOST_NOTES
    return tuple(once if more <= 0 else [*once[:MOST_NOTES], f"and {more} more of the kind"])
