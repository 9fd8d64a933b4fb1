"""What disturbs an ECG all the time, made at the electrodes so that leads share it as they do in life.

A lead is a difference of electrode potentials: I = LA - RA, II = LL - RA, and a chest electrode against the mean of
the three limbs. Wander, muscle, mains and motion therefore keep Einthoven's relation too. Only numbers are drawn here;
`drawing.draw` makes signals of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .drawing import COARSE_HZ, Drawing, Muscle
from .pool import POOL_SAMPLES
from .spells import LEAD_WEIGHTS, N_EXTRA, Disturbance, add_motion, lose_electrode, saturate


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


def add_noise(drawing: Drawing, rows: list[int], rng: np.random.Generator) -> list[Disturbance]:
    """Disturb a record, most often lightly.

    Args:
        drawing: gets wander, muscle noise, mains, and patches and held levels for the spells.
        rows: which of SOURCE_LEADS each of its rows is.

    Returns:
        The spells of heavy disturbance (motion, lost electrode, saturation).
    """
    level = _LEVELS[min(int(np.searchsorted(_LEVEL_EDGES, rng.random())), len(_LEVELS) - 1)]
    weights = LEAD_WEIGHTS[rows]  # (n_rows, n_electrodes)
    electrodes = np.flatnonzero(weights.any(axis=0))
    drawing.wander = _draw_wander(drawing, weights[:, electrodes], electrodes, level.wander, rng)
    drawing.muscle = _draw_muscle(rows, electrodes, level.muscle_mv, rng)
    hum = level.mains_mv * rng.exponential()
    if hum > 0.002:
        _add_mains(drawing, weights[:, electrodes], hum, rng)
    spells = []
    duration = drawing.n_samples / drawing.sampling_rate
    for _ in range(rng.poisson(level.motion * max(1.0, duration / 30))):
        spells.append(add_motion(drawing, rows, rng))
    if rng.random() < level.loss:
        spells.append(lose_electrode(drawing, rows, rng))
    if rng.random() < 0.4 * level.loss:
        spells.append(saturate(drawing, rows, rng))
    return [spell for spell in spells if spell.end_s > spell.start_s]


# Wander has a spectral amplitude of this at 0.25 Hz and falls with frequency; by electrode, fitted to PTB-XL:
# the leg's and the chest's electrodes move with breathing, the arms' do not.
_WANDER_MV = 0.038
_WANDER_OF = np.concatenate([[0.42, 0.42, 1.0, 0.84, 0.89, 1.0, 1.06, 1.12, 1.16], np.full(N_EXTRA, 1.0)])


def _draw_wander(
    drawing: Drawing, weights: np.ndarray, electrodes: np.ndarray, factor: float, rng: np.random.Generator
) -> np.ndarray:
    """(n_rows, n) mV at the coarse rate: breathing and drift of the electrodes, 0.05 to 3 Hz."""
    n = drawing.n_coarse + 7
    n += n % 2
    hz = np.fft.rfftfreq(n, 1 / COARSE_HZ)
    usual = _WANDER_MV * 0.25 / np.maximum(hz, 0.12) / (1 + (hz / 0.8) ** 2) ** 0.5
    usual[0] = 0
    own = rng.standard_normal(len(_WANDER_OF) + 1)
    sizes = (factor * _WANDER_OF * np.exp(0.35 * own[1:] + 0.45 * own[0]))[electrodes]
    raw = rng.standard_normal((2, len(electrodes), len(hz)))
    seen = weights * sizes
    spectrum = (seen @ raw[0] + 1j * (seen @ raw[1])) * (usual * np.sqrt(0.5 * COARSE_HZ * n))
    drift = np.fft.irfft(spectrum, n, axis=1)
    if rng.random() < 0.6:
        breath = np.sin(2 * np.pi * (rng.uniform(0.17, 0.36) * np.arange(n) / COARSE_HZ + rng.random()))
        drift += np.outer(seen @ (_WANDER_MV * rng.normal(0, 0.8, len(electrodes))), breath)
    return drift.astype(np.float32)


_KNOTS = 12
# Arms have more muscle noise than the leg and the chest. The mean of the limbs brings less of it to the chest leads
# than a third of each: in PTB-XL neighbouring chest leads share 0.1 to 0.25 of the noise between waves.
_MUSCLE_OF = np.concatenate([[1.25, 2.0, 0.7], np.full(6, 0.58), np.full(N_EXTRA, 1.0)])
_MUSCLE_WEIGHTS = LEAD_WEIGHTS.copy()
_MUSCLE_WEIGHTS[2:8, :3] *= 0.35


def _draw_muscle(rows: list[int], electrodes: np.ndarray, size: float, rng: np.random.Generator) -> Muscle:
    """Broad-band muscle and amplifier noise, swelling and fading."""
    size *= 0.55 + rng.exponential() * 0.75
    if rng.random() < 0.15:
        size *= 2
    own = rng.standard_normal(len(electrodes) + _KNOTS)
    level = size * np.exp(0.4 * own[_KNOTS:]) * _MUSCLE_OF[electrodes]
    starts = rng.integers(0, POOL_SAMPLES - POOL_SAMPLES // 4, len(electrodes))
    weights = (_MUSCLE_WEIGHTS[rows][:, electrodes] * level).astype(np.float32)
    return Muscle(starts, weights, np.exp(0.35 * own[:_KNOTS]).astype(np.float32))


def _add_mains(drawing: Drawing, weights: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """50 or 60 Hz hum, where the sampling rate can hold it."""
    hz = float(rng.choice([50.0, 50.0, 60.0])) + rng.normal(0, 0.02)
    if hz < 0.45 * drawing.sampling_rate:
        drawing.mains_hz = hz
        drawing.mains = (weights @ (rng.standard_normal((weights.shape[1], 2)) * size)).astype(np.float32)
