"""The electrocardiograph: its filters and its gain errors.

High-pass at 0.05 Hz with one pole, as diagnostic recorders have it, or at 0.5 Hz without phase shift, as monitors have
it; low-pass at 40, 100 or 150 Hz; a notch at the mains frequency in some (Kligfield et al., Circulation 2007;
IEC 60601-2-25 allows gain errors of 5 %).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.signal import lfilter

_STEP_S = 0.1  # of the coarse samples that the high-pass filter works on
_HIGH_PASS_HZ = ((0.05, 0.95), (0.5, 1.0))
_LOW_PASS_HZ = ((150.0, 0.74), (100.0, 0.90), (40.0, 1.0))
_NOTCHED = {150.0: 0.03, 100.0: 0.05, 40.0: 0.4}  # share with a notch, by the low-pass filter
_GAIN_SPREAD, _CHANNEL_SPREAD = 0.012, 0.006
_SHARPNESS = 6  # of the low-pass filter: half of the poles of a Butterworth filter run forwards and backwards
_NOTCH_QUALITY = 30.0
_LONGEST_MATRIX = 1300


@dataclass(frozen=True)
class Device:
    """One recorder."""

    high_pass_hz: float
    low_pass_hz: float
    notch_hz: float
    """0 without a notch."""
    gain: np.ndarray
    """(n_rows,) float32: what a millivolt is recorded as, by channel."""

    @property
    def shapes_spectrum(self) -> bool:
        """Whether the filters change more than noise, which is drawn filtered: waves have hardly more than 80 Hz."""
        return self.low_pass_hz < 100 or self.notch_hz > 0

    def facts(self) -> dict[str, Any]:
        """What a record's truth says of it."""
        return {
            "high_pass_hz": self.high_pass_hz, "low_pass_hz": self.low_pass_hz, "notch_hz": self.notch_hz or None,
            "gain": round(float(self.gain.mean()), 4),
        }  # fmt: skip

    def slow_part(self, level: np.ndarray) -> np.ndarray:
        """What the high-pass filter takes away, (n_rows, n) as the coarse levels (10 Hz) given, mV."""
        if level.shape[1] > _LONGEST_MATRIX:
            return slow_part(level, self.high_pass_hz)
        return level @ slow_matrix(level.shape[1], self.high_pass_hz)

    def response(self, length: int, rate: float) -> np.ndarray:
        """(length // 2 + 1,) float32: gain by frequency, of the low-pass filter, the notch and the decimation."""
        return _response(length, rate, self.low_pass_hz, self.notch_hz)


def draw_device(n_rows: int, rng: np.random.Generator) -> Device:
    """Draw a recorder, most often a diagnostic one."""
    which, limit, notch = rng.random(3).tolist()
    gain = np.exp(_GAIN_SPREAD * rng.standard_normal() + _CHANNEL_SPREAD * rng.standard_normal(n_rows))
    low_pass_hz = _pick(_LOW_PASS_HZ, limit)
    share = _NOTCHED[low_pass_hz]
    notch_hz = (50.0 if notch < 0.8 * share else 60.0) if notch < share else 0.0
    return Device(_pick(_HIGH_PASS_HZ, which), low_pass_hz, notch_hz, gain.astype(np.float32))


def _pick(choices: tuple[tuple[float, float], ...], level: float) -> float:
    return next(value for value, up_to in choices if level < up_to)


def low_pass(hz: np.ndarray, cut_off_hz: float) -> np.ndarray:
    """Gain by frequency of a low-pass filter without phase shift, 3 dB at the cut-off."""
    return 1 / np.sqrt(1 + (hz / cut_off_hz) ** _SHARPNESS)


@lru_cache(maxsize=64)
def _response(length: int, rate: float, low_pass_hz: float, notch_hz: float) -> np.ndarray:
    hz = np.fft.rfftfreq(length, 1 / rate)
    gain = low_pass(hz, low_pass_hz)
    if notch_hz:
        gain *= np.abs(hz**2 - notch_hz**2) / np.hypot(hz**2 - notch_hz**2, hz * notch_hz / _NOTCH_QUALITY)
    if rate < 200:  # the anti-alias filter of PTB-XL's records at 100 Hz is flat to 0.42 of the rate and ends at 0.485
        gain *= np.cos(0.5 * np.pi * np.clip((hz / rate - 0.42) / 0.065, 0, 1)) ** 2
    return gain.astype(np.float32)


def slow_part(level: np.ndarray, high_pass_hz: float) -> np.ndarray:
    """The low-pass complement of the high-pass filter, along the last axis; it has run before the record began."""
    share = 1 - np.exp(-2 * np.pi * high_pass_hz * _STEP_S)
    before = level[:, : round(10 / _STEP_S)].mean(axis=1, keepdims=True)
    off = level - before
    slow = lfilter([share], [1, share - 1], off, axis=1)
    if high_pass_hz >= 0.3:  # once more from the end: no phase shift
        slow = lfilter([share], [1, share - 1], slow[:, ::-1], axis=1)[:, ::-1]
    return (slow + before).astype(np.float32)


@lru_cache(maxsize=8)
def slow_matrix(n: int, high_pass_hz: float) -> np.ndarray:
    """(n, n) float32: `slow_part` of n samples as a matrix to multiply with from the right."""
    return slow_part(np.eye(n), high_pass_hz)
