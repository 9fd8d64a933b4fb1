"""A small network that gives the probability of a QRS complex over time, from any number of leads.

Every lead is brought to 100 Hz and to the size of its own largest deflections and read by the same two convolutions;
the mean and the maximum over the leads go on to dilated convolutions that see 1.3 s to either side (time enough to
tell a T wave by the QRS before it). About 11,000 weights, fitted by `python -m anyecg.measure.fit_beats`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from scipy.ndimage import median_filter
from scipy.signal import sosfiltfilt

from .filters import butter

WEIGHTS = Path(__file__).with_name("beats.npz")
LEAD_HZ = 100.0
STEP_HZ = 50.0
"""Rate of the probabilities: the second convolution takes every other sample."""
BAND_HZ = (1.5, 35.0)
SCALE_S, SCALE_WINDOWS = 3.0, 5
"""The size of a lead is the median, over five windows of 3 s, of its largest deflection."""
LEAST_MV = 0.03
"""A lead is not enlarged beyond this size, so that rest is not blown up to a rhythm."""
LIMIT = 3.0
TAPS, DILATIONS = 5, (1, 2, 4, 8, 16)


def lead_curves(signal: np.ndarray, rate: float) -> np.ndarray:
    """Leads at 100 Hz in units of their own size.

    Args:
        signal: (n_leads, n_samples) mV without gaps.
        rate: Hz, at least 50.

    Returns:
        (n_leads, n), float32, clipped to ±3, n even; sample k lies at k / 100 s.
    """
    band = butter(2, [BAND_HZ[0], min(BAND_HZ[1], 0.42 * rate)], "bandpass", fs=rate, output="sos")
    filtered = sosfiltfilt(band, signal - signal[:, :1], axis=1, padlen=min(int(rate), signal.shape[1] - 1))
    n = int(signal.shape[1] / rate * LEAD_HZ) // 2 * 2
    if rate != LEAD_HZ:
        at, known = np.arange(n) * (rate / LEAD_HZ), np.arange(signal.shape[1])
        filtered = np.stack([np.interp(at, known, lead) for lead in filtered])
    curves = filtered[:, :n]
    return np.clip(curves / _sizes(curves), -LIMIT, LIMIT).astype(np.float32)


def _sizes(curves: np.ndarray) -> np.ndarray:
    width = int(SCALE_S * LEAD_HZ)
    windows = max(curves.shape[1] // width, 1)
    largest = np.abs(curves[:, : windows * width]).reshape(len(curves), windows, -1).max(axis=2)
    usual = median_filter(largest, size=(1, min(SCALE_WINDOWS, windows)), mode="nearest")
    return np.maximum(usual, LEAST_MV)[:, np.minimum(np.arange(curves.shape[1]) // width, windows - 1)]


def qrs_scores(curves: np.ndarray) -> np.ndarray:
    """Log-odds of a QRS complex at each step of 20 ms, shape (n / 2,), from `lead_curves`."""
    w = _weights()
    hidden = np.maximum(_convolve(curves[:, None], w["lead.weight"], w["lead.bias"]), 0)
    hidden = np.maximum(_convolve(hidden, w["slow.weight"], w["slow.bias"], stride=2), 0)
    hidden = np.concatenate([hidden.mean(axis=0), hidden.max(axis=0)])[None]
    hidden = np.maximum(_convolve(hidden, w["join.weight"], w["join.bias"]), 0)
    for k, dilation in enumerate(DILATIONS):
        weight, bias = w[f"wide.{k}.weight"], w[f"wide.{k}.bias"]
        hidden = hidden + np.maximum(_convolve(hidden, weight, bias, dilation), 0)
    return _convolve(hidden, w["out.weight"], w["out.bias"])[0, 0]


@cache
def _weights() -> dict[str, np.ndarray]:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return {key: stored[key].astype(np.float32) for key in stored.files}


def _convolve(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, dilation: int = 1, stride: int = 1) -> np.ndarray:
    """One-dimensional convolution with zeros around, as torch.nn.Conv1d; x is (n, n_in, n_steps)."""
    n, taps = x.shape[2], weight.shape[2]
    padded = np.pad(x, ((0, 0), (0, 0), (dilation * (taps // 2),) * 2))
    out = bias[None, :, None] + weight[:, :, 0] @ padded[:, :, :n:stride]
    for k in range(1, taps):
        out += weight[:, :, k] @ padded[:, :, k * dilation : k * dilation + n : stride]
    return out
