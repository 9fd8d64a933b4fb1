"""Spells in which leads cannot be read, and real noise laid over a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..record import EcgRecord, resample
from .drawing import Drawing, Held
from .torso import SOURCE_LEADS

N_EXTRA = len(SOURCE_LEADS) - 8


def _lead_weights() -> np.ndarray:
    """(n_source_leads, n_electrodes): RA, LA, LL, V1-V6; Frank and modified leads get an electrode of their own."""
    weights = np.zeros((len(SOURCE_LEADS), 9 + N_EXTRA), dtype=np.float32)
    weights[0, [0, 1]] = -1, 1
    weights[1, [0, 2]] = -1, 1
    weights[2:8, :3] = -1 / 3
    weights[2:8, 3:9] = np.eye(6)
    weights[8:, 9:] = np.eye(N_EXTRA)
    return weights


LEAD_WEIGHTS = _lead_weights()


@dataclass(frozen=True)
class Disturbance:
    """A spell of disturbance."""

    kind: str
    """"motion", "electrode loss", "saturation" (leads cannot be read) or "recorded noise"."""
    start_s: float
    end_s: float
    sources: tuple[str, ...]
    """Source leads concerned; limb leads that follow from them are concerned too."""
    facts: dict[str, Any] = field(default_factory=dict)


def _spell(drawing: Drawing, shortest: float, longest: float, rng: np.random.Generator) -> tuple[float, float]:
    duration = drawing.n_samples / drawing.sampling_rate
    length = min(rng.uniform(shortest, longest), 0.6 * duration)
    start = rng.random() * (duration - length)
    return start, start + length


def add_motion(drawing: Drawing, rows: list[int], rng: np.random.Generator) -> Disturbance:
    """One or all electrodes move: a burst of large slow swings and muscle."""
    start, end = _spell(drawing, 0.6, 2.5, rng)
    rate = drawing.inner_rate
    first, width = int(start * rate), int(end * rate) - int(start * rate)
    everywhere = rng.random() < 0.4
    moved = np.ones(LEAD_WEIGHTS.shape[1], bool) if everywhere else np.arange(LEAD_WEIGHTS.shape[1]) == _used(rows, rng)
    knots = rng.standard_normal((moved.sum(), max(6, int((end - start) * 9))))
    knots[:, [0, -1]] = 0
    grid = np.linspace(0, width, knots.shape[1])
    swing = np.stack([np.interp(np.arange(width), grid, row) for row in knots]) * rng.uniform(0.3, 0.9)
    swing += rng.standard_normal(swing.shape) * 0.08
    part = LEAD_WEIGHTS[rows][:, moved]
    drawing.add_patch(first, part, swing * np.hanning(width) ** 0.5)
    touched = tuple(SOURCE_LEADS[row] for row, weight in zip(rows, part, strict=True) if np.abs(weight).max() > 0.5)
    return Disturbance("motion", start, end, touched)


def _used(rows: list[int], rng: np.random.Generator) -> int:
    """An electrode that matters for these leads."""
    return int(rng.choice(np.flatnonzero(np.abs(LEAD_WEIGHTS[rows]).max(axis=0) > 0.5)))


def lose_electrode(drawing: Drawing, rows: list[int], rng: np.random.Generator) -> Disturbance:
    """An electrode comes off: a chest lead goes flat, a limb electrode floats with hum and drift."""
    start, end = _spell(drawing, 1.5, 12.0, rng)
    electrode = _used(rows, rng)
    part = LEAD_WEIGHTS[rows][:, electrode]
    touched = np.flatnonzero(np.abs(part) > 0.5)
    if electrode >= 3:
        start, end = _hold(drawing, touched, start, end, 0.0)
    else:
        n = int((end - start) * drawing.inner_rate)
        t = np.arange(n) / drawing.inner_rate
        floating = 0.6 * np.sin(2 * np.pi * rng.uniform(0.3, 1.0) * t) + 0.25 * rng.standard_normal(n)
        drawing.add_patch(int(start * drawing.inner_rate), part[:, None], floating[None])
    return Disturbance("electrode loss", start, end, tuple(SOURCE_LEADS[rows[k]] for k in touched))


def saturate(drawing: Drawing, rows: list[int], rng: np.random.Generator) -> Disturbance:
    """An electrode's offset drives the amplifier to its end: the lead stands still at the rail."""
    start, end = _spell(drawing, 0.5, 4.0, rng)
    touched = np.flatnonzero(np.abs(LEAD_WEIGHTS[rows][:, _used(rows, rng)]) > 0.5)
    start, end = _hold(drawing, touched, start, end, float(rng.choice([-1.0, 1.0]) * rng.choice([3.2767, 5.0])))
    return Disturbance("saturation", start, end, tuple(SOURCE_LEADS[rows[k]] for k in touched))


def _hold(drawing: Drawing, touched: np.ndarray, start: float, end: float, level: float) -> tuple[float, float]:
    """Hold rows at a level; returns the extent in whole samples."""
    rate = drawing.sampling_rate
    first, last = int(start * rate), int(end * rate)
    drawing.held.append(Held(tuple(touched.tolist()), first, last, level))
    return first / rate, last / rate


@dataclass(frozen=True)
class RecordedNoise:
    """Noise recorded without an ECG, such as the records bw, em and ma of the MIT-BIH Noise Stress Test Database."""

    records: Sequence[EcgRecord]
    """One of them is chosen for each ECG; each electrode gets a stretch of one of its signals."""
    snr_db: float
    """Signal: the square of the QRS's peak-to-peak amplitude over 8, noise: its mean square, both as means over the
    leads drawn (as `nst` of the WFDB software defines them)."""

    def __post_init__(self) -> None:
        if not len(self.records):
            raise ValueError("there are no noise records; give at least one EcgRecord, or leave noise out.")
        if not np.isfinite(self.snr_db):
            raise ValueError(f"the noise's SNR is {self.snr_db}; give a number of decibels, such as 12.")
        for record in self.records:
            if not np.nanstd(record.signal) > 0:
                raise ValueError(f"noise record {record.name} is flat; give records that hold noise.")


def add_recorded(
    drawing: Drawing, rows: list[int], noise: RecordedNoise, qrs_mv: np.ndarray, rng: np.random.Generator
) -> Disturbance:
    """Lay real noise over the whole record.

    Args:
        qrs_mv: (n_rows,) peak-to-peak amplitude of the QRS.
    """
    record = noise.records[int(rng.integers(len(noise.records)))]
    weights = LEAD_WEIGHTS[rows]
    electrodes = np.flatnonzero(weights.any(axis=0))
    weights = weights[:, electrodes]
    course = np.stack([_stretch_of(record, drawing, rng) for _ in electrodes])
    size = np.sqrt(np.mean(np.square(weights @ course)))
    rms = float(np.sqrt(np.mean(np.square(qrs_mv)) / 8 / 10 ** (noise.snr_db / 10)))
    drawing.add_patch(0, weights * (rms / size), course)
    duration = drawing.n_samples / drawing.sampling_rate
    facts = {"record": record.name, "snr_db": noise.snr_db, "rms_mv": round(rms, 5)}
    return Disturbance("recorded noise", 0.0, duration, tuple(SOURCE_LEADS[row] for row in rows), facts)


def _stretch_of(record: EcgRecord, drawing: Drawing, rng: np.random.Generator) -> np.ndarray:
    """(n_inner,) a stretch of one of the noise record's signals at the drawing's rate, mean 0; short records repeat."""
    row, duration = int(rng.integers(len(record.leads))), drawing.n_samples / drawing.sampling_rate
    start = float(rng.random() * max(record.duration_s - duration - 1, 0))
    piece = resample(record.select([record.leads[row]]).excerpt(start, start + duration + 1), drawing.inner_rate)
    values = np.nan_to_num(np.resize(piece.signal[0], drawing.n_inner))
    return values - values.mean()
