"""What disturbs an ECG, made at the electrodes so that leads share it as they do in life.

A lead is a difference of electrode potentials: I = LA - RA, II = LL - RA, and a chest electrode against the mean of
the three limbs. Wander, muscle, mains and motion therefore keep Einthoven's relation too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

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


@dataclass(frozen=True)
class _Level:
    """How carefully a record was taken."""

    share: float
    wander: float
    """Factor on the usual baseline wander."""
    muscle_mv: float
    mains_mv: float
    motion: float
    """Bursts per 30 s."""
    loss: float
    """Chance that an electrode comes off."""


_LEVELS = (
    _Level(0.34, 0.55, 0.004, 0.001, 0.00, 0.00),
    _Level(0.44, 1.0, 0.007, 0.003, 0.01, 0.00),
    _Level(0.17, 1.9, 0.014, 0.010, 0.15, 0.03),
    _Level(0.05, 3.6, 0.035, 0.025, 0.60, 0.20),
)
_LEVEL_EDGES = np.cumsum([level.share for level in _LEVELS])


def add_noise(signal: np.ndarray, rows: list[int], sampling_rate: float, rng: np.random.Generator) -> list[Disturbance]:
    """Disturb a record in place, most often lightly.

    Args:
        signal: (n_rows, n_samples), mV.
        rows: which of SOURCE_LEADS each row is.

    Returns:
        The spells of heavy disturbance (motion, lost electrode, saturation).
    """
    level = _LEVELS[min(int(np.searchsorted(_LEVEL_EDGES, rng.random())), len(_LEVELS) - 1)]
    weights = _WEIGHTS[rows]  # (n_rows, n_electrodes)
    _add_wander(signal, weights, level.wander, sampling_rate, rng)
    _add_muscle(signal, weights, level.muscle_mv * np.sqrt(sampling_rate / 500), rng)  # the same density at any rate
    hum = level.mains_mv * rng.exponential()
    if hum > 0.002:
        _add_mains(signal, weights, hum, sampling_rate, rng)
    if sampling_rate < _DECIMATED_BELOW_HZ:
        _soften(signal)
    spells = []
    duration = signal.shape[1] / sampling_rate
    for _ in range(rng.poisson(level.motion * max(1.0, duration / 30))):
        spells.append(_add_motion(signal, rows, sampling_rate, rng))
    if rng.random() < level.loss:
        spells.append(_lose_electrode(signal, rows, sampling_rate, rng))
    if rng.random() < 0.2 * level.loss:
        spells.append(_saturate(signal, rows, sampling_rate, rng))
    return [spell for spell in spells if spell.end_s > spell.start_s]


# Recordings at low rates were made at higher ones and went through an anti-alias filter; as PTB-XL's at 100 Hz: from
# 0.35 of the rate on it takes away, 3 dB at 0.4.
_DECIMATED_BELOW_HZ = 200.0
_TAPS = (0.8638, 0.1145, -0.0700, 0.0238)


def _soften(signal: np.ndarray) -> None:
    """Low-pass in place, with the taps on both sides; the ends repeat their last sample."""
    reach = len(_TAPS) - 1
    padded = np.pad(signal, ((0, 0), (reach, reach)), mode="edge")
    n = signal.shape[1]
    scale = _TAPS[0] + 2 * sum(_TAPS[1:])
    signal *= _TAPS[0] / scale
    for k, tap in enumerate(_TAPS[1:], 1):
        signal += (tap / scale) * (padded[:, reach - k : reach - k + n] + padded[:, reach + k : reach + k + n])


# Wander has a spectral amplitude of this at 0.25 Hz and falls with frequency; by electrode, fitted to PTB-XL:
# the leg's and the chest's electrodes move with breathing, the arms' do not.
_WANDER_MV = 0.034
_WANDER_OF = np.concatenate([[0.42, 0.42, 1.0, 0.84, 0.89, 1.0, 1.06, 1.12, 1.16], np.full(_N_EXTRA, 1.0)])
_COARSE_HZ = 10.0


def _add_wander(
    signal: np.ndarray, weights: np.ndarray, factor: float, sampling_rate: float, rng: np.random.Generator
) -> None:
    """Breathing and drift of the electrodes, 0.05 to 3 Hz, computed coarsely and drawn out."""
    n = signal.shape[1]
    n_coarse = int(n / sampling_rate * _COARSE_HZ) + 8
    n_coarse += n_coarse % 2
    hz = np.fft.rfftfreq(n_coarse, 1 / _COARSE_HZ)
    usual = _WANDER_MV * 0.25 / np.maximum(hz, 0.12) / (1 + (hz / 0.8) ** 2) ** 0.5
    usual[0] = 0
    sizes = factor * _WANDER_OF * np.exp(rng.normal(0, 0.35, len(_WANDER_OF)) + rng.normal(0, 0.45))
    electrodes = np.flatnonzero(np.abs(weights).any(axis=0))
    raw = rng.standard_normal((len(electrodes), len(hz), 2))
    spectrum = (raw[..., 0] + 1j * raw[..., 1]) * (usual * np.sqrt(0.5 * _COARSE_HZ * n_coarse))
    drift = (weights[:, electrodes] * sizes[electrodes]) @ np.fft.irfft(spectrum, n_coarse, axis=1)
    if rng.random() < 0.6:
        breath = np.sin(2 * np.pi * (rng.uniform(0.17, 0.36) * np.arange(n_coarse) / _COARSE_HZ + rng.random()))
        pull = _WANDER_MV * rng.normal(0, 0.8, len(electrodes)) * sizes[electrodes]
        drift += np.outer(weights[:, electrodes] @ pull, breath)
    _add_drawn_out(signal, drift.astype(np.float32), sampling_rate)


def _add_drawn_out(signal: np.ndarray, coarse: np.ndarray, sampling_rate: float) -> None:
    """Add straight lines between coarse samples."""
    n = signal.shape[1]
    ratio = sampling_rate / _COARSE_HZ
    if ratio == int(ratio):  # the same ramp everywhere: several times faster
        steps = -(-n // int(ratio))
        ramp = np.arange(int(ratio), dtype=np.float32) / np.float32(ratio)
        rise = (coarse[:, 1 : steps + 1] - coarse[:, :steps])[:, :, None] * ramp
        rise += coarse[:, :steps, None]
        signal += rise.reshape(len(coarse), -1)[:, :n]
        return
    at = np.arange(n) / ratio
    k = at.astype(np.int32)
    part = (at - k).astype(np.float32)
    signal += coarse[:, k] * (1 - part) + coarse[:, k + 1] * part


_POOL_SAMPLES = 1 << 20


@lru_cache(maxsize=1)
def _pool() -> np.ndarray:
    """Standard normal samples from which records take stretches: drawing them afresh would cost most of the time."""
    return np.random.default_rng(20240501).standard_normal(_POOL_SAMPLES, dtype=np.float32)


def _normal(n_rows: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """(n_rows, n) standard normal noise."""
    if 4 * n > _POOL_SAMPLES:
        return rng.standard_normal((n_rows, n), dtype=np.float32)
    starts = rng.integers(0, _POOL_SAMPLES - n, n_rows).tolist()
    return np.stack([_pool()[start : start + n] for start in starts])


_KNOTS, _LONGEST_HATS = 12, 20_000


@lru_cache(maxsize=4)
def _hats(n: int) -> np.ndarray:
    """(n_knots, n): weights of straight lines between evenly spaced knots."""
    places = np.linspace(0, n, _KNOTS)
    return np.stack([np.interp(np.arange(n), places, row) for row in np.eye(_KNOTS)]).astype(np.float32)


_MUSCLE_OF = np.concatenate([np.ones(3), np.full(6, 0.4), np.full(_N_EXTRA, 1.0)]).astype(np.float32)


def _add_muscle(signal: np.ndarray, weights: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """Broad-band muscle and amplifier noise, swelling and fading; the arms and legs have more of it than the chest."""
    n = signal.shape[1]
    size *= 0.55 + rng.exponential() * 0.75
    if rng.random() < 0.15:
        size *= 2
    electrodes = np.flatnonzero(np.abs(weights).any(axis=0))
    level = (size * np.exp(rng.normal(0, 0.4, len(electrodes)))).astype(np.float32) * _MUSCLE_OF[electrodes]
    noise = (weights[:, electrodes] * level) @ _normal(len(electrodes), n, rng)
    knots = np.exp(rng.normal(0, 0.35, _KNOTS))
    if n <= _LONGEST_HATS:
        noise *= knots.astype(np.float32) @ _hats(n)
    else:
        noise *= np.interp(np.arange(n), np.linspace(0, n, _KNOTS), knots).astype(np.float32)
    signal += noise


def _add_mains(
    signal: np.ndarray, weights: np.ndarray, size: float, sampling_rate: float, rng: np.random.Generator
) -> None:
    """50 or 60 Hz hum, where the sampling rate can hold it."""
    hz = float(rng.choice([50.0, 50.0, 60.0])) + rng.normal(0, 0.02)
    if hz > 0.45 * sampling_rate:
        return
    cycles = (hz / sampling_rate) * np.arange(signal.shape[1])
    angle = ((cycles - np.floor(cycles)) * (2 * np.pi)).astype(np.float32)
    mix = rng.standard_normal((weights.shape[1], 2)) * size
    signal += (weights @ mix).astype(np.float32) @ np.stack([np.sin(angle), np.cos(angle)])


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
