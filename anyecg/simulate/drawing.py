"""All that is to be drawn on one record, as numbers; and the drawing of it with NumPy (with torch: `batch.py`).

A record is drawn as: copies of waves and patches (atrial activity, pulses, motion) → the recorder's high-pass filter
and the wander → muscle noise and mains → its low-pass filter and notch → its gain errors → what lost electrodes and
saturation leave. Rows are the leads that others follow from; rates below 200 Hz are drawn at twice the rate first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import scipy.fft

from .device import Device
from .dipole import Wave, bump_heights
from .pool import POOL_SAMPLES, hats, noise_pool

COARSE_HZ = 10.0  # wander and the high-pass filter are computed at this rate and drawn out
_DRAWN_TWICE_BELOW_HZ = 200.0


@dataclass(frozen=True)
class Copies:
    """One wave at several times."""

    times: np.ndarray
    """(n_bumps, 4) centre, flat, left, right, in ms."""
    weights: np.ndarray
    """(n_rows, n_bumps) float32, mV: how each row sees each bump."""
    first: np.ndarray
    """(n_copies,) int: the sample in which each copy begins; may lie outside the record."""
    late_s: np.ndarray
    """(n_copies,) float32: how much later than the copy's origin that sample is."""
    stretch: np.ndarray
    """(n_copies,) float32, factor on time about the origin."""
    gain: np.ndarray
    """(n_rows, n_copies) float32, factor on amplitude."""
    width: int
    """Samples that hold the longest copy."""


@dataclass(frozen=True)
class Patch:
    """A piece of signal from one sample on: weights (n_rows, k) times courses (k, n), mV."""

    first: int
    weights: np.ndarray
    course: np.ndarray


@dataclass(frozen=True)
class Muscle:
    """Broad-band noise at the electrodes, swelling and fading."""

    starts: np.ndarray
    """(n_electrodes,) where each one's stretch begins in the pool of its colour."""
    colours: np.ndarray
    """(n_electrodes,) int: which of `pool.COLOURS`."""
    weights: np.ndarray
    """(n_rows, n_electrodes) float32, mV."""
    knots: np.ndarray
    """(n_knots,) float32, factors at even distances."""


@dataclass(frozen=True)
class Held:
    """Rows that stand at a level (mV) for a while: a lost chest electrode, a saturated amplifier."""

    rows: tuple[int, ...]
    first: int
    last: int
    level: float


@dataclass
class Drawing:
    """One record before it is drawn; sample numbers count at `inner_rate`."""

    n_samples: int
    """Of the record."""
    sampling_rate: float
    n_rows: int
    device: Device
    copies: list[Copies] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    wander: np.ndarray | None = None
    """(n_rows, at least n_coarse) float32, mV."""
    muscle: Muscle | None = None
    mains_hz: float = 0.0
    mains: np.ndarray | None = None
    """(n_rows, 2) float32, mV: sine and cosine."""
    held: list[Held] = field(default_factory=list)

    @property
    def factor(self) -> int:
        """How many times finer than the record it is drawn."""
        return 2 if self.sampling_rate < _DRAWN_TWICE_BELOW_HZ else 1

    @property
    def inner_rate(self) -> float:
        return self.factor * self.sampling_rate

    @property
    def n_inner(self) -> int:
        return self.factor * self.n_samples

    @property
    def n_coarse(self) -> int:
        """Coarse samples that span the record, one on each end."""
        return int((self.n_inner - 1) * (COARSE_HZ / self.inner_rate)) + 2

    def add_copies(
        self, wave: Wave, weights: np.ndarray, origin_s: np.ndarray, stretch: np.ndarray | None, gain: np.ndarray
    ) -> None:
        """Add a wave at every origin.

        Args:
            weights: (n_rows, n_bumps) mV.
            origin_s: (n,) where each copy's time 0 lies.
            stretch: (n,) factor on time about the origin; None for 1.
            gain: (n_rows, n) factor on amplitude.
        """
        if not len(origin_s):
            return
        (start, end), rate = wave.span, self.inner_rate
        factor = np.ones(len(origin_s)) if stretch is None else stretch
        first = np.ceil((origin_s + (start / 1000) * factor) * rate)
        late = (first / rate - origin_s).astype(np.float32)
        width = int((end - start) * (1.0 if stretch is None else float(factor.max())) / 1000 * rate) + 2
        self.copies.append(Copies(
            wave.rows[:, :4].astype(np.float32), weights.astype(np.float32), first.astype(np.int64), late,
            factor.astype(np.float32), gain.astype(np.float32), width,
        ))  # fmt: skip

    def add_patch(self, first: int, weights: np.ndarray, course: np.ndarray) -> None:
        """Add `weights` (n_rows, k) times `course` (k, n) from sample `first` of the inner rate on."""
        if first < self.n_inner and first + course.shape[1] > 0:
            self.patches.append(Patch(first, weights.astype(np.float32), course.astype(np.float32)))


def draw(drawing: Drawing) -> np.ndarray:
    """The rows as they are recorded, shape (n_rows, n_samples), float32, mV."""
    out = np.zeros((drawing.n_rows, drawing.n_inner), dtype=np.float32)
    for copies in drawing.copies:
        _draw_copies(out, copies, drawing.inner_rate)
    for patch in drawing.patches:
        a, b = max(patch.first, 0), min(patch.first + patch.course.shape[1], out.shape[1])
        out[:, a:b] += patch.weights @ patch.course[:, a - patch.first : b - patch.first]
    _add_slow(out, drawing)
    if drawing.muscle is not None:
        _add_muscle(out, drawing.muscle, drawing)
    if drawing.mains is not None:
        step = 2 * np.pi * drawing.mains_hz / drawing.inner_rate
        for a in range(0, out.shape[1], _AT_ONCE):
            out[:, a : a + _AT_ONCE] += drawing.mains @ _sine_and_cosine(step, a, min(_AT_ONCE, out.shape[1] - a))
    if drawing.factor > 1 or drawing.device.shapes_spectrum:
        out = _through_filters(out, drawing)
    out *= drawing.device.gain[:, None]
    for held in drawing.held:
        out[list(held.rows), held.first : held.last] = held.level
    return out


_AT_ONCE = 1 << 17


def _sine_and_cosine(step: float, first: int, n: int) -> np.ndarray:
    """(2, n) float32: sine and cosine of n angles in steps, by the products of few large and few small ones."""
    block = 128
    small, large = np.exp(1j * step * np.arange(block)), np.exp(1j * step * (first + np.arange(0, n, block)))
    turning = (large[:, None] * small).reshape(-1)[:n].astype(np.complex64)
    return np.stack((turning.imag, turning.real))


def _draw_copies(out: np.ndarray, copies: Copies, rate: float) -> None:
    steps = np.arange(copies.width, dtype=np.float32) * np.float32(1000 / rate)
    t = (copies.late_s * 1000)[:, None] + steps
    t /= copies.stretch[:, None]
    heights = bump_heights(copies.times, t)  # (n_bumps, n_copies, width)
    values = (copies.weights @ heights.reshape(len(heights), -1)).reshape(len(out), *t.shape)
    values *= copies.gain[:, :, None]
    n = out.shape[1]
    for k, at in enumerate(copies.first.tolist()):
        low, high = max(at, 0), min(at + copies.width, n)
        if low < high:
            out[:, low:high] += values[:, k, low - at : high - at]


def _add_slow(out: np.ndarray, drawing: Drawing) -> None:
    """Take away what the high-pass filter does not let through, and add the wander."""
    level = coarse_levels(out, drawing)
    wander = 0.0 if drawing.wander is None else drawing.wander[:, : drawing.n_coarse]
    _add_drawn_out(out, wander - drawing.device.slow_part(level + wander), drawing.inner_rate)


def coarse_levels(signal: np.ndarray, drawing: Drawing) -> np.ndarray:
    """(n_rows, n_coarse) mean level around every coarse sample."""
    ratio, n = drawing.inner_rate / COARSE_HZ, signal.shape[1]
    if ratio == int(ratio) and n % int(ratio) == 0:  # a product is faster than sums
        blocks = signal.reshape(len(signal), -1, int(ratio)) @ np.full(int(ratio), 1 / ratio, dtype=np.float32)
    else:
        edges = np.ceil(np.arange(drawing.n_coarse - 1) * ratio).astype(np.int64)
        blocks = np.add.reduceat(signal, edges, axis=1) / np.diff(edges, append=n).astype(np.float32)
    level = np.empty((len(signal), drawing.n_coarse), dtype=np.float32)
    level[:, 0], level[:, -1] = blocks[:, 0], blocks[:, -1]
    level[:, 1:-1] = 0.5 * (blocks[:, 1:] + blocks[:, :-1])
    return level


def _add_drawn_out(signal: np.ndarray, coarse: np.ndarray, rate: float) -> None:
    """Add straight lines between coarse samples."""
    n = signal.shape[1]
    ratio = rate / COARSE_HZ
    if ratio == int(ratio) and n % int(ratio) == 0:  # the same ramp everywhere: several times faster
        ends = np.stack((coarse[:, :-1], coarse[:, 1:]), axis=2).reshape(-1, 2)
        signal += (ends @ _ramps(int(ratio))).reshape(len(coarse), -1)
        return
    at = np.arange(n) / ratio
    k = at.astype(np.int32)
    part = (at - k).astype(np.float32)
    signal += coarse[:, k] * (1 - part) + coarse[:, k + 1] * part


@lru_cache(maxsize=8)
def _ramps(steps: int) -> np.ndarray:
    """(2, steps) float32: how much of either end a straight line has at each step."""
    rise = np.arange(steps, dtype=np.float32) / np.float32(steps)
    return np.stack((1 - rise, rise))


def _add_muscle(out: np.ndarray, muscle: Muscle, drawing: Drawing) -> None:
    n, longest = out.shape[1], POOL_SAMPLES // 4
    pool = noise_pool(drawing.inner_rate, drawing.device.low_pass_hz)
    begin = muscle.colours * POOL_SAMPLES
    if n <= longest:
        noise = muscle.weights @ _stretches(pool, begin + muscle.starts, n)
        noise *= muscle.knots @ hats(n, len(muscle.knots))
        out += noise
        return
    places = np.linspace(0, n, len(muscle.knots))
    for a in range(0, n, longest):  # a long record: the pool again, from elsewhere
        b = min(a + longest, n)
        at = begin + (muscle.starts + 3 * a + 7919 * (a // 1000)) % (POOL_SAMPLES - (b - a))
        noise = muscle.weights @ _stretches(pool, at, b - a)
        out[:, a:b] += noise * np.interp(np.arange(a, b), places, muscle.knots).astype(np.float32)


def _stretches(pool: np.ndarray, starts: np.ndarray, n: int) -> np.ndarray:
    """(n_starts, n) pieces of the pool."""
    return np.concatenate([pool[start : start + n] for start in starts.tolist()]).reshape(-1, n)


def padded_length(n: int) -> int:
    """Samples for the Fourier transform: room for a line from the last sample back to the first."""
    length = scipy.fft.next_fast_len(n + 64, real=True)
    return length if length % 4 == 0 else padded_length(length + 1 - 64)


def _through_filters(signal: np.ndarray, drawing: Drawing) -> np.ndarray:
    """Low-pass, notch and, where it was drawn finer, decimation: one row at a time, as records may be long."""
    n, length, factor = signal.shape[1], padded_length(signal.shape[1]), drawing.factor
    response = drawing.device.response(length // factor, drawing.sampling_rate)
    back = np.linspace(0, 1, length - n + 2, dtype=np.float32)[1:-1]
    out = np.empty((len(signal), n // factor), dtype=np.float32)
    step = len(signal) if n < 100_000 else 1
    for k in range(0, len(signal), step):
        rows = signal[k : k + step]
        joined = np.concatenate((rows, rows[:, -1:] + (rows[:, :1] - rows[:, -1:]) * back), axis=1)
        spectrum = scipy.fft.rfft(joined, axis=1)[:, : len(response)] * (response / np.float32(factor))
        out[k : k + step] = scipy.fft.irfft(spectrum, length // factor, axis=1)[:, : n // factor]
    return out
