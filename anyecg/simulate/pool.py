"""A pool of noise from which records take stretches: drawing it afresh would cost most of the time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.fft

from .device import low_pass

POOL_SAMPLES = 1 << 18
"""Of one colour; the colours' pools follow each other and hold the same white noise."""
COLOURS = (0.0, 1.5, 3.0, 6.0, 12.0, 24.0, np.inf)
"""How much larger the slow part's amplitude density is than the fast part's; the last is the slow part alone."""
_FAST_CORNER_HZ = 28.0  # muscle and amplifier noise of PTB-XL falls from about here on
_SLOW_CORNER_HZ, _SLOW_ORDER = 7.0, 4.0  # between its T and P waves, noise below some 15 Hz is larger: it falls so

_SWELL, _SWELL_HZ = 0.55, 9.0  # it comes in twitches: excess kurtosis of its second differences is 2 there


@lru_cache(maxsize=8)
def noise_pool(rate: float, low_pass_hz: float) -> np.ndarray:
    """(len(COLOURS) * POOL_SAMPLES,) float32: noise at an electrode as a recorder with this filter keeps it.

    The fast part (muscle, amplifier), or in the last colour the slow part (skin, tremor), has unit density at low
    frequencies: that of white noise of variance 1 at 500 Hz, whatever the rate.
    """
    white, swell = np.random.default_rng(20240501).standard_normal((2, POOL_SAMPLES), dtype=np.float32)
    hz = np.fft.rfftfreq(POOL_SAMPLES, 1 / rate)
    slowly = scipy.fft.irfft(scipy.fft.rfft(swell) * (hz < _SWELL_HZ), POOL_SAMPLES)
    swelling = np.exp(_SWELL * slowly / slowly.std())
    white *= (swelling / np.sqrt(np.mean(np.square(swelling)))).astype(np.float32)
    fast = 1 / (1 + (hz / _FAST_CORNER_HZ) ** 2)
    slow = 1 / (1 + (hz / _SLOW_CORNER_HZ) ** _SLOW_ORDER)
    power = [slow if colour == np.inf else fast + colour**2 * slow for colour in COLOURS]
    shapes = low_pass(hz, low_pass_hz) * np.sqrt(np.array(power) * (rate / 500))
    coloured = scipy.fft.irfft(scipy.fft.rfft(white) * shapes.astype(np.float32), POOL_SAMPLES)
    return np.asarray(coloured, dtype=np.float32).reshape(-1)


@lru_cache(maxsize=4)
def hats(n: int, n_knots: int) -> np.ndarray:
    """(n_knots, n) float32: weights of straight lines between evenly spaced knots."""
    places = np.linspace(0, n, n_knots)
    return np.stack([np.interp(np.arange(n), places, row) for row in np.eye(n_knots)]).astype(np.float32)
