"""Waves as moving dipoles: smooth compact bumps in time with 3-D amplitudes.

The heart's dipole has Frank's axes: x to the patient's left, y to the feet, z to the back, in mV. A bump is (1 - u²)⁴,
which looks like a Gaussian but ends: onset and end are real.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

BUMP_AREA = 128 / 315  # ∫₀¹ (1 - u²)⁴ du


Vector = tuple[float, float, float]


class Wave:
    """A sum of bumps; every time is in ms from the wave's origin."""

    __slots__ = ("rows",)

    def __init__(self, rows: np.ndarray) -> None:
        """Take rows of (centre, flat, left, right, x, y, z), shape (n_bumps, 7).

        The flat top begins at the centre (0 long for a plain bump); left and right are from zero to the top and from
        the top to zero; x, y, z is the amplitude in mV.
        """
        self.rows = rows

    @classmethod
    def of(cls, rows: list[tuple[float, float, float, float, Vector]]) -> Wave:
        """From rows of (centre, flat, left, right, (x, y, z))."""
        return cls(np.array([(*times, *vector) for *times, vector in rows], dtype=float))

    @property
    def vector(self) -> np.ndarray:
        """(n_bumps, 3) mV."""
        return self.rows[:, 4:]

    @property
    def span(self) -> tuple[float, float]:
        """Where the first bump begins and the last one ends, ms."""
        times = self.rows[:, :4].tolist()  # faster than array operations on so few
        return min(row[0] - row[2] for row in times), max(row[0] + row[1] + row[3] for row in times)

    def area(self) -> np.ndarray:
        """∫ dipole dt, shape (3,), mV·ms."""
        return (BUMP_AREA * (self.rows[:, 2] + self.rows[:, 3]) + self.rows[:, 1]) @ self.vector

    def with_vector(self, vector: np.ndarray) -> Wave:
        rows = self.rows.copy()
        rows[:, 4:] = vector
        return Wave(rows)

    def scaled(self, gain: float) -> Wave:
        rows = self.rows.copy()
        rows[:, 4:] *= gain
        return Wave(rows)

    def rotated(self, rotation: np.ndarray) -> Wave:
        return self.with_vector(self.vector @ rotation.T)

    def timed(self, factor: float, shift_ms: float = 0.0) -> Wave:
        """Stretch time about the origin, then shift."""
        rows = self.rows.copy()
        rows[:, :4] *= factor
        rows[:, 0] += shift_ms
        return Wave(rows)

    def joined(self, other: Wave) -> Wave:
        return Wave(np.concatenate((self.rows, other.rows)))

    def bumps(self, t: np.ndarray) -> np.ndarray:
        """Each bump's height at times t (ms), shape (n_bumps, *t.shape), float32."""
        return bump_heights(self.rows[:, :4], t)


def bump_heights(times: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(n_bumps, *t.shape) float32: (1 - u²)⁴ where u goes from 0 at the top to 1 at either end.

    Args:
        times: (n_bumps, 4) centre, flat, left, right, in ms.
        t: ms.
    """
    centre, flat, left, right = times.astype(np.float32).T.reshape(4, -1, *[1] * t.ndim)
    past = np.asarray(t, dtype=np.float32) - centre
    before = past * (-1 / left)
    if flat.any():
        past -= flat
        np.maximum(before, 0, out=before)
    past *= 1 / right
    height = np.maximum(past, before, out=before)
    height *= height
    np.subtract(1, height, out=height)
    np.maximum(height, 0, out=height)
    height *= height
    height *= height
    return height


def drawn(waves: Sequence[Wave], steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Waves over their whole spans, in even steps.

    Returns:
        Times (n_waves, steps) in ms from each wave's origin; heights of bumps (n_waves, most_bumps, steps) float32; and
        what each bump adds to the dipole, (n_waves, most_bumps, 3), 0 where a wave has fewer bumps than another.
    """
    rows = np.zeros((len(waves), max(len(wave.rows) for wave in waves), 7))
    rows[:, :, 2:4] = 1.0
    for own, wave in zip(rows, waves, strict=True):
        own[: len(wave.rows)] = wave.rows
    start, end = np.array([wave.span for wave in waves]).T[:, :, None]
    t = start + (end - start) * (np.arange(steps) / steps)
    centre, flat, left, right = rows[:, :, :4].astype(np.float32).transpose(2, 0, 1)[..., None]
    past = t.astype(np.float32)[:, None] - centre
    u = np.maximum((past - flat) / right, -past / left)
    np.maximum(u, 0, out=u)
    heights = np.maximum(1 - u * u, 0)
    heights *= heights
    heights *= heights
    return t, heights, rows[:, :, 4:]


def mixed(weights: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Bumps (n, n_bumps, steps) as rows with these weights (n, n_rows, n_bumps) see them: (n, n_rows, steps).

    Added up in order, so that a wave is the same to the last bit beside waves of more bumps.
    """
    out = weights[:, :, :1] * heights[:, :1]
    for k in range(1, heights.shape[1]):
        out += weights[:, :, k, None] * heights[:, k, None]
    return out


def rotation_matrix(around_x: float, around_y: float, around_z: float) -> np.ndarray:
    """Rotation by three angles in degrees; around z turns the frontal axis, around y the horizontal one."""
    x, y, z = math.radians(around_x), math.radians(around_y), math.radians(around_z)
    a, b, c, s, t, u = math.cos(x), math.cos(y), math.cos(z), math.sin(x), math.sin(y), math.sin(z)
    # in_z @ in_y @ in_x, multiplied out
    return np.array([
        [c * b, c * t * s - u * a, c * t * a + u * s],
        [u * b, u * t * s + c * a, u * t * a - c * s],
        [-t, b * s, b * a],
    ])  # fmt: skip


def jitter(vector: Vector, rng: np.random.Generator, spread: float = 0.12) -> Vector:
    """Vary a vector's size and direction a little."""
    size, *way = rng.standard_normal(4).tolist()
    gain, off = math.exp(spread * size), 0.6 * spread * math.hypot(*vector)
    x, y, z = (gain * own + off * aside for own, aside in zip(vector, way, strict=True))
    return x, y, z
