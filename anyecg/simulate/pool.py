"""A pool of noise from which records take stretches: drawing it afresh would cost most of the time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.fft

from .device import low_pass

POOL_SAMPLES = 1 << 20
_CORNER_HZ = 40.0  # muscle and amplifier noise of PTB-XL at 500 Hz falls from about here on


@lru_cache(maxsize=8)
def noise_pool(rate: float, low_pass_hz: float) -> np.ndarray:
    """(POOL_SAMPLES,) float32: muscle noise of unit density at low frequencies as a recorder with this filter keeps it.

    Unit density is that of white noise of variance 1 at 500 Hz, whatever the rate.
    """
    white = np.random.default_rng(20240501).standard_normal(POOL_SAMPLES, dtype=np.float32)
    hz = np.fft.rfftfreq(POOL_SAMPLES, 1 / rate)
    shape = low_pass(hz, low_pass_hz) / np.sqrt(1 + (hz / _CORNER_HZ) ** 2)
    coloured = scipy.fft.irfft(scipy.fft.rfft(white) * shape.astype(np.float32), POOL_SAMPLES)
    return np.asarray(coloured * np.float32(np.sqrt(rate / 500)), dtype=np.float32)


@lru_cache(maxsize=4)
def hats(n: int, n_knots: int) -> np.ndarray:
    """(n_knots, n) float32: weights of straight lines between evenly spaced knots."""
    places = np.linspace(0, n, n_knots)
    return np.stack([np.interp(np.arange(n), places, row) for row in np.eye(n_knots)]).astype(np.float32)
