"""What disturbs an ECG all the time, made at the electrodes so that leads share it as they do in life.

A lead is a difference of electrode potentials: I = LA - RA, II = LL - RA, and a chest electrode against the mean of
the three limbs. Wander, muscle, mains and motion therefore keep Einthoven's relation too. Only numbers are drawn here;
`drawing.draw` makes signals of them.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
import scipy.fft

from .drawing import COARSE_HZ, Drawing, Muscle
from .pool import COLOURS, POOL_SAMPLES
from .spells import LEAD_WEIGHTS, N_EXTRA, Disturbance, add_motion, lose_electrode, saturate


@dataclass(frozen=True)
class _Level:
    """How carefully a record was taken."""

    share: float
    wander: float
    """Factor on the usual baseline wander."""
    muscle: float
    """Factor on the usual muscle noise."""
    mains_mv: float
    motion: float
    """Bursts per 30 s."""
    loss: float
    """Chance that an electrode comes off."""


_LEVELS = (
    _Level(0.34, 0.55, 0.6, 0.001, 0.00, 0.00),
    _Level(0.44, 1.0, 1.0, 0.003, 0.01, 0.00),
    _Level(0.17, 1.9, 1.8, 0.010, 0.15, 0.03),
    _Level(0.05, 3.6, 4.0, 0.025, 0.60, 0.20),
)
_LEVEL_EDGES = list(accumulate(level.share for level in _LEVELS))


def add_noise(drawing: Drawing, rows: list[int], rng: np.random.Generator) -> list[Disturbance]:
    """Disturb a record, most often lightly.

    Args:
        drawing: gets wander, muscle noise, mains, and patches and held levels for the spells.
        rows: which of SOURCE_LEADS each of its rows is.

    Returns:
        The spells of heavy disturbance (motion, lost electrode, saturation).
    """
    level = _LEVELS[min(bisect_left(_LEVEL_EDGES, rng.random()), len(_LEVELS) - 1)]
    used = _used_electrodes(tuple(rows))
    drawing.wander = _draw_wander(drawing, used, level.wander, rng)
    drawing.muscle = _draw_muscle(used, level.muscle, rng)
    hum = level.mains_mv * rng.exponential()
    if hum > 0.002:
        _add_mains(drawing, used.weights, hum, rng)
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

_KNOTS = 12
# Noise between T and P waves of PTB-XL, by electrode (RA, LA, LL, V1-V6, further ones): its fast and its slow part as
# white noise of this size at 500 Hz, mV. Neighbouring chest electrodes share a little of both, all chest leads a
# slow part, which II has, too; the mean of the limbs brings hardly any fast noise to them.
_FAST_MV = np.concatenate([[0.0138, 0.0160, 0.005], np.full(6, 0.0033), np.full(N_EXTRA, 0.007), [0]])
_SLOW_MV = np.concatenate([[0.040, 0.038, 0.022], np.full(6, 0.033), np.full(N_EXTRA, 0.035), [0.021]])
_MUSCLE_WEIGHTS = np.concatenate([LEAD_WEIGHTS, np.zeros((len(LEAD_WEIGHTS), 1), dtype=np.float32)], axis=1)
_MUSCLE_WEIGHTS[2:8, :3] *= 0.08
_MUSCLE_WEIGHTS[2:8, 3:9] += 0.03 * (np.eye(6, k=1) + np.eye(6, k=-1))
_MUSCLE_WEIGHTS[1:8, -1] = [0.4, *[1] * 6]
with np.errstate(divide="ignore"):
    _USUAL_RATIO = np.log(_SLOW_MV / _FAST_MV)
_PER_COLOUR = np.array([*COLOURS[:-1], 1.0])
_COLOUR_EDGES = np.log(np.sqrt(np.multiply(COLOURS[1:-2], COLOURS[2:-1])))


@dataclass(frozen=True)
class _Used:
    """The electrodes that some rows need, and what is usual there."""

    electrodes: np.ndarray
    weights: np.ndarray
    """(n_rows, n_electrodes) float32."""
    wander: np.ndarray
    """(n_electrodes,)"""
    noisy: np.ndarray
    """(n_noisy,) places in `_FAST_MV`."""
    muscle: np.ndarray
    """(n_rows, n_noisy) float32: how rows see the noise there."""


@lru_cache(maxsize=64)
def _used_electrodes(rows: tuple[int, ...]) -> _Used:
    weights = LEAD_WEIGHTS[list(rows)]
    used = np.flatnonzero(weights.any(axis=0))
    muscle = _MUSCLE_WEIGHTS[list(rows)]
    noisy = np.flatnonzero(muscle.any(axis=0))
    return _Used(used, weights[:, used], _WANDER_OF[used], noisy, muscle[:, noisy])


@lru_cache(maxsize=8)
def _usual_wander(n: int) -> np.ndarray:
    """(n // 2 + 1,) spectral amplitudes of n coarse samples."""
    hz = np.fft.rfftfreq(n, 1 / COARSE_HZ)
    usual = _WANDER_MV * 0.25 / np.maximum(hz, 0.12) / (1 + (hz / 0.8) ** 2) ** 0.5
    usual[0] = 0
    return (usual * np.sqrt(0.5 * COARSE_HZ * n)).astype(np.float32)


def _draw_wander(drawing: Drawing, used: _Used, factor: float, rng: np.random.Generator) -> np.ndarray:
    """(n_rows, n) mV at the coarse rate: breathing and drift of the electrodes, 0.05 to 3 Hz."""
    n = drawing.n_coarse + 7
    n += n % 2
    own = rng.standard_normal(len(_WANDER_OF) + 1)
    sizes = factor * used.wander * np.exp(0.35 * own[used.electrodes + 1] + 0.45 * own[0])
    usual = _usual_wander(n)
    seen = used.weights * sizes.astype(np.float32)
    raw = seen @ rng.standard_normal((len(sizes), 2 * len(usual)), dtype=np.float32)  # real and imaginary parts
    drift = scipy.fft.irfft(raw.view(np.complex64) * usual, n, axis=1)
    if rng.random() < 0.6:
        breath = np.sin(2 * np.pi * (rng.uniform(0.17, 0.36) / COARSE_HZ * np.arange(n) + rng.random()))
        drift += ((seen @ rng.standard_normal(len(sizes))) * (0.8 * _WANDER_MV))[:, None] * breath
    return np.asarray(drift, dtype=np.float32)


def _draw_muscle(used: _Used, factor: float, rng: np.random.Generator) -> Muscle:
    """Noise of muscle, skin and amplifier at every electrode, swelling and fading."""
    n = len(used.noisy)
    own = rng.standard_normal(2 * n + _KNOTS + 2)
    fast = np.log(factor) + 0.55 * own[0] + 0.3 * own[2 : n + 2]
    slow = 0.35 * np.log(factor) + 0.22 * own[1] + 0.2 * own[n + 2 : 2 * n + 2]
    sizes = np.exp(slow) * _SLOW_MV[used.noisy]
    ratio = slow - fast + _USUAL_RATIO[used.noisy]
    colours = np.where(np.isinf(ratio), len(COLOURS) - 1, np.searchsorted(_COLOUR_EDGES, ratio) + 1)
    starts = rng.integers(0, POOL_SAMPLES - POOL_SAMPLES // 4, n)
    weights = used.muscle * (sizes / _PER_COLOUR[colours]).astype(np.float32)
    return Muscle(starts, colours, weights, np.exp(0.35 * own[-_KNOTS:]).astype(np.float32))


def _add_mains(drawing: Drawing, weights: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """50 or 60 Hz hum, where the sampling rate can hold it."""
    hz = (50.0 if rng.random() < 2 / 3 else 60.0) + rng.normal(0, 0.02)
    if hz < 0.45 * drawing.sampling_rate:
        drawing.mains_hz = hz
        drawing.mains = (weights @ (rng.standard_normal((weights.shape[1], 2)) * size)).astype(np.float32)
