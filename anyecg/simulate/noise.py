"""What disturbs an ECG, made at the electrodes so that leads share it as they do in life.

A lead is a difference of electrode potentials: I = LA - RA, II = LL - RA, and a chest electrode against the mean of
the three limbs. Wander, muscle, mains and motion therefore keep Einthoven's relation too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .dipole import SOURCE_LEADS

_ELECTRODES = ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6")
_N_EXTRA = len(SOURCE_LEADS) - 8


def _lead_weights() -> np.ndarray:
    """(n_source_leads, n_electrodes): Frank and modified leads get an electrode of their own."""
    weights = np.zeros((len(SOURCE_LEADS), 9 + _N_EXTRA), dtype=np.float32)
    weights[0, [0, 1]] = -1, 1
    weights[1, [0, 2]] = -1, 1
    weights[2:8, :3] = -1 / 3
    weights[2:8, 3:9] = np.eye(6)
    weights[8:, 9:] = np.eye(_N_EXTRA)
    return weights


_WEIGHTS = _lead_weights()


@dataclass(frozen=True)
class Disturbance:
    """A spell in which leads cannot be read."""

    kind: str
    """"motion", "electrode loss" or "saturation"."""
    start_s: float
    end_s: float
    sources: tuple[str, ...]
    """Source leads concerned; limb leads that follow from them are concerned too."""


# Share of records; typical mV of wander, muscle and mains; chance of motion and of a lost electrode.
_LEVELS = (
    (0.34, 0.030, 0.004, 0.001, 0.00, 0.00),
    (0.44, 0.060, 0.007, 0.003, 0.01, 0.00),
    (0.17, 0.110, 0.014, 0.010, 0.15, 0.03),
    (0.05, 0.220, 0.035, 0.025, 0.60, 0.20),
)


def add_noise(signal: np.ndarray, rows: list[int], sampling_rate: float, rng: np.random.Generator) -> list[Disturbance]:
    """Disturb a record in place, most often lightly.

    Args:
        signal: (n_rows, n_samples), mV.
        rows: which of SOURCE_LEADS each row is.

    Returns:
        The spells of heavy disturbance (motion, lost electrode, saturation).
    """
    _, wander, muscle, mains, motion, loss = _LEVELS[
        int(np.searchsorted(np.cumsum([row[0] for row in _LEVELS]), rng.random()))
    ]
    n = signal.shape[1]
    weights = _WEIGHTS[rows]  # (n_rows, n_electrodes)
    signal += (weights @ _wander_mix(wander, rng)) @ _slow_waves(n, sampling_rate, rng)
    _add_muscle(signal, weights, muscle * np.sqrt(sampling_rate / 500), rng)  # the same density at any rate
    if mains * rng.exponential() > 0.002:
        _add_mains(signal, weights, mains * rng.exponential(), sampling_rate, rng)
    spells = []
    duration = n / sampling_rate
    for _ in range(rng.poisson(motion * max(1.0, duration / 30))):
        spells.append(_add_motion(signal, rows, sampling_rate, rng))
    if rng.random() < loss:
        spells.append(_lose_electrode(signal, rows, sampling_rate, rng))
    if rng.random() < 0.2 * loss:
        spells.append(_saturate(signal, rows, sampling_rate, rng))
    return [spell for spell in spells if spell.end_s > spell.start_s]


_N_SLOW = 5


def _slow_waves(n: int, sampling_rate: float, rng: np.random.Generator) -> np.ndarray:
    """Breathing and drift: (n_slow, n) sinusoids of 0.03-0.5 Hz, computed coarsely and drawn out."""
    hz = np.concatenate([rng.uniform(0.03, 0.12, 2), rng.uniform(0.18, 0.35, 2), rng.uniform(0.35, 0.6, 1)])
    phase = rng.random(_N_SLOW)
    coarse = np.arange(int(np.ceil(n / sampling_rate * 20)) + 2) / 20
    knots = np.sin(2 * np.pi * (hz[:, None] * coarse + phase[:, None]))
    at = np.arange(n) / sampling_rate
    return np.stack([np.interp(at, coarse, row) for row in knots]).astype(np.float32)


def _wander_mix(size: float, rng: np.random.Generator) -> np.ndarray:
    """(n_electrodes, n_slow): how much of each slow wave an electrode picks up."""
    shares = np.array([1.0, 0.7, 0.7, 0.7, 0.25])
    own = rng.standard_normal((_WEIGHTS.shape[1], _N_SLOW)) * shares
    return (own * size * rng.exponential() * 0.5).astype(np.float32)


def _add_muscle(signal: np.ndarray, weights: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """Broad-band muscle and amplifier noise, swelling and fading."""
    n = signal.shape[1]
    size *= 0.4 + rng.exponential() * 0.6
    if rng.random() < 0.15:
        size *= 2
    electrodes = np.flatnonzero(np.abs(weights).any(axis=0))
    raw = rng.standard_normal((len(electrodes), n), dtype=np.float32)
    level = (size * np.exp(rng.normal(0, 0.4, len(electrodes)))).astype(np.float32)
    envelope = np.interp(np.arange(n), np.linspace(0, n, 12), np.exp(rng.normal(0, 0.35, 12))).astype(np.float32)
    signal += ((weights[:, electrodes] * level) @ raw) * envelope


def _add_mains(
    signal: np.ndarray, weights: np.ndarray, size: float, sampling_rate: float, rng: np.random.Generator
) -> None:
    """50 or 60 Hz hum, where the sampling rate can hold it."""
    hz = float(rng.choice([50.0, 50.0, 60.0])) + rng.normal(0, 0.02)
    if hz > 0.45 * sampling_rate:
        return
    angle = (2 * np.pi * hz / sampling_rate) * np.arange(signal.shape[1])
    mix = rng.standard_normal((weights.shape[1], 2)) * size
    signal += (weights @ mix).astype(np.float32) @ np.stack([np.sin(angle), np.cos(angle)]).astype(np.float32)


def _spell(n: int, sampling_rate: float, shortest: float, longest: float, rng: np.random.Generator) -> tuple[int, int]:
    length = min(rng.uniform(shortest, longest), 0.6 * n / sampling_rate)
    start = rng.random() * (n / sampling_rate - length)
    return int(start * sampling_rate), int((start + length) * sampling_rate)


def _add_motion(signal: np.ndarray, rows: list[int], sampling_rate: float, rng: np.random.Generator) -> Disturbance:
    """One or all electrodes move: a burst of large slow swings and muscle."""
    a, b = _spell(signal.shape[1], sampling_rate, 0.6, 2.5, rng)
    width = b - a
    everywhere = rng.random() < 0.4
    moved = np.ones(_WEIGHTS.shape[1], bool) if everywhere else np.arange(_WEIGHTS.shape[1]) == _used(rows, rng)
    knots = rng.standard_normal((moved.sum(), max(6, int(width / sampling_rate * 9))))
    knots[:, [0, -1]] = 0
    grid = np.linspace(0, width, knots.shape[1])
    swing = np.stack([np.interp(np.arange(width), grid, row) for row in knots]) * rng.uniform(0.3, 0.9)
    swing += rng.standard_normal(swing.shape) * 0.08
    part = _WEIGHTS[rows][:, moved]
    signal[:, a:b] += (part @ (swing * np.hanning(width) ** 0.5)).astype(np.float32)
    touched = tuple(SOURCE_LEADS[row] for row, weight in zip(rows, part, strict=True) if np.abs(weight).max() > 0.5)
    return Disturbance("motion", a / sampling_rate, b / sampling_rate, touched)


def _used(rows: list[int], rng: np.random.Generator) -> int:
    """An electrode that matters for these leads."""
    return int(rng.choice(np.flatnonzero(np.abs(_WEIGHTS[rows]).max(axis=0) > 0.5)))


def _lose_electrode(signal: np.ndarray, rows: list[int], sampling_rate: float, rng: np.random.Generator) -> Disturbance:
    """An electrode comes off: a chest lead goes flat, a limb electrode floats with hum and drift."""
    a, b = _spell(signal.shape[1], sampling_rate, 1.5, 12.0, rng)
    electrode = _used(rows, rng)
    part = _WEIGHTS[rows][:, electrode]
    touched = np.flatnonzero(np.abs(part) > 0.5)
    if electrode >= 3:
        signal[touched, a:b] = 0.0
    else:
        t = np.arange(b - a) / sampling_rate
        float_ = 0.6 * np.sin(2 * np.pi * rng.uniform(0.3, 1.0) * t) + 0.25 * rng.standard_normal(b - a)
        signal[:, a:b] += (part[:, None] * float_).astype(np.float32)
    return Disturbance(
        "electrode loss", a / sampling_rate, b / sampling_rate, tuple(SOURCE_LEADS[rows[k]] for k in touched)
    )


def _saturate(signal: np.ndarray, rows: list[int], sampling_rate: float, rng: np.random.Generator) -> Disturbance:
    """An electrode's offset drives the amplifier to its end: the lead stands still at the rail."""
    a, b = _spell(signal.shape[1], sampling_rate, 0.5, 4.0, rng)
    part = _WEIGHTS[rows][:, _used(rows, rng)]
    touched = np.flatnonzero(np.abs(part) > 0.5)
    signal[touched, a:b] = rng.choice([-1.0, 1.0]) * rng.choice([3.2767, 5.0])
    return Disturbance(
        "saturation", a / sampling_rate, b / sampling_rate, tuple(SOURCE_LEADS[rows[k]] for k in touched)
    )
