"""Which lead lies where on a sheet of ECG paper, and for which seconds; `draw.py` paints it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .leads import STANDARD_LEADS, canonical_lead
from .record import EcgRecord, RecordError

PX_PER_MM = 6
MM_PER_S, MM_PER_MV = 25, 10
ROW_S = 10.0
"""Seconds of paper in one row."""
MAX_ROWS, MAX_BLOCKS = 24, 6
"""At most six times ten seconds, and at most 24 rows unless one block alone has more leads."""
LEFT_MM, RIGHT_MM, HEAD_MM, LINE_MM, MIN_WIDTH_MM = 15, 5, 15, 5, 150
MAX_SWING_MM = 40
"""A row grows with its signal up to this, either way."""
_COLUMNS = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))

Interval = Mapping[str, Any]
"""{"start_s", "end_s", "kind", "leads"}; no leads means all of them."""


@dataclass(frozen=True)
class Piece:
    """One lead over one stretch of time, placed on the paper."""

    lead: str
    start_s: float
    end_s: float
    left_mm: float

    def x(self, time_s: float) -> float:
        """Where a moment lies, in pixels from the left edge."""
        return (self.left_mm + (time_s - self.start_s) * MM_PER_S) * PX_PER_MM


@dataclass(frozen=True)
class Row:
    """Pieces side by side on one baseline."""

    pieces: tuple[Piece, ...]
    top_mm: int
    above_mm: int
    below_mm: int
    ends_block: bool
    """Seconds are written under the last row of a block."""

    @property
    def baseline_px(self) -> int:
        return (self.top_mm + self.above_mm) * PX_PER_MM


@dataclass(frozen=True)
class Sheet:
    """The whole paper."""

    rows: tuple[Row, ...]
    width_mm: int
    height_mm: int
    start_s: float
    end_s: float


def lay_out(
    record: EcgRecord, *, intervals: Sequence[Interval] = (), start_s: float = 0.0, end_s: float | None = None
) -> Sheet:
    """Decide which lead is drawn where, and for which seconds."""
    end = record.duration_s if end_s is None else min(end_s, record.duration_s)
    if not 0 <= start_s < end:
        raise RecordError(
            f"{start_s:g}-{end:g} s cannot be drawn: {record.name} lasts {record.duration_s:g} s; "
            f"choose 0 ≤ start < end ≤ {record.duration_s:g}."
        )
    if _standard(record, end - start_s, intervals):
        blocks = [_three_by_four(record, start_s, end)]
    else:
        alone = end - start_s <= ROW_S + 0.5  # a few samples more than ten seconds do not start a new row
        wanted = 1 if alone else math.ceil((end - start_s) / ROW_S)
        n_blocks = max(1, min(MAX_BLOCKS, MAX_ROWS // len(record.leads), wanted))
        end = end if alone else min(end, start_s + n_blocks * ROW_S)
        blocks = [_stacked(record, start_s + k * ROW_S, end, alone) for k in range(n_blocks)]
    rows, top = [], HEAD_MM
    for block in blocks:
        for k, pieces in enumerate(block):
            above, below = _room(record, pieces)
            rows.append(Row(pieces, top, above, below, k == len(block) - 1))
            top += above + below
        top += LINE_MM
    right = max(piece.x(piece.end_s) for row in rows for piece in row.pieces) / PX_PER_MM
    width = max(MIN_WIDTH_MM, 5 * math.ceil((right + RIGHT_MM) / 5))
    return Sheet(tuple(rows), width, top + 2 * LINE_MM, start_s, end)


def sheet_start(record: EcgRecord, intervals: Sequence[Interval]) -> float:
    """Where a sheet of a long record should begin to have the first interval on it; 0 if it is."""
    starts = [float(interval["start_s"]) for interval in intervals]
    if not starts or min(starts) < lay_out(record).end_s:
        return 0.0
    return max(0.0, math.floor(min(min(starts), record.duration_s - ROW_S)) - 2.0)


def interval_leads(interval: Interval) -> tuple[str, ...]:
    """The leads an interval names, in their usual spelling; empty means all."""
    return tuple(canonical_lead(lead) for lead in interval.get("leads") or ())


def _standard(record: EcgRecord, duration_s: float, intervals: Sequence[Interval]) -> bool:
    """Whether 3 x 4 serves: an interval of a single lead may fall where that lead is not printed."""
    whole = all(not interval_leads(i) or set(interval_leads(i)) >= set(record.leads) for i in intervals)
    return whole and 4.0 <= duration_s <= ROW_S + 0.5 and set(STANDARD_LEADS) <= set(record.leads)


def _three_by_four(record: EcgRecord, start_s: float, end_s: float) -> list[tuple[Piece, ...]]:
    quarter = (end_s - start_s) / 4
    times = [start_s + k * quarter for k in range(5)]
    rows = [
        tuple(Piece(_COLUMNS[c][r], times[c], times[c + 1], LEFT_MM + c * quarter * MM_PER_S) for c in range(4))
        for r in range(3)
    ]
    others = [lead for lead in record.leads if lead not in STANDARD_LEADS]
    return rows + [(Piece(lead, start_s, end_s, LEFT_MM),) for lead in ("II", *others)]


def _stacked(record: EcgRecord, start_s: float, end_s: float, alone: bool) -> list[tuple[Piece, ...]]:
    end = end_s if alone else min(end_s, start_s + ROW_S)
    return [(Piece(lead, start_s, end, LEFT_MM),) for lead in record.leads]


def _room(record: EcgRecord, pieces: Sequence[Piece]) -> tuple[int, int]:
    """Millimetres above and below the baseline; whole large squares, so baselines lie on coarse lines."""
    levels = np.concatenate([samples(record, piece)[1] for piece in pieces]) * MM_PER_MV
    levels = levels[np.isfinite(levels)]
    high, low = (levels.max(), -levels.min()) if levels.size else (0.0, 0.0)
    above, below = (5 * math.ceil((min(v, MAX_SWING_MM) + 2) / 5) for v in (high, low))
    return min(max(above, 15), MAX_SWING_MM), min(max(below, 10), MAX_SWING_MM)


def samples(record: EcgRecord, piece: Piece) -> tuple[np.ndarray, np.ndarray]:
    """Times in seconds and levels in mV about the median of the piece (paper is AC-coupled)."""
    first = math.ceil(piece.start_s * record.sampling_rate - 1e-6)
    last = max(first + 1, min(math.ceil(piece.end_s * record.sampling_rate - 1e-6), record.signal.shape[1]))
    levels = record.lead(piece.lead)[first:last]
    times = np.arange(first, first + levels.size) / record.sampling_rate
    return times, levels - np.nanmedian(levels) if np.isfinite(levels).any() else levels
