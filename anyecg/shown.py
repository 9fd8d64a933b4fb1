"""Which part of a record the language model sees, and where that part lies in time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .record import EcgRecord

MAX_SHOWN_S = 30.0
"""Seconds of an ECG that the language model sees: what the curriculum shows it, and a bound on the cost."""


@dataclass(frozen=True)
class Shown:
    """The part of a record that the language model sees."""

    record: EcgRecord
    starts_s: tuple[float, ...]
    """Where each of its excerpts begins in the whole record."""


def show(record: EcgRecord, extractor: Any, most_s: float = MAX_SHOWN_S) -> Shown:
    """The whole of a short record; evenly spaced excerpts of a long one, joined, each around its own level."""
    excerpt_s = extractor.max_excerpt_s
    starts = [0.0]
    if record.duration_s > most_s + 0.5:
        length = round(excerpt_s * record.sampling_rate)
        firsts = np.linspace(0, record.signal.shape[1] - length, int(most_s // excerpt_s)).astype(int)
        pieces = [record.signal[:, first : first + length] for first in firsts]
        levelled = [piece - np.median(np.nan_to_num(piece), axis=1, keepdims=True) for piece in pieces]
        record_rate = record.sampling_rate
        record, starts = (
            replace(record, signal=np.concatenate(levelled, axis=1)),
            [float(f / record_rate) for f in firsts],
        )
    count = -(-extractor.num_steps(record) // round(excerpt_s / extractor.patch_s))
    starts += [starts[-1] + excerpt_s * (k + 1) for k in range(count - len(starts))]
    return Shown(record, tuple(starts[:count]))
