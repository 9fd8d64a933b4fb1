"""Signal quality of each lead: flat, saturated, noisy or good; and a signal without gaps to measure on.

Limits follow what ECG practice calls unusable: a lead that does not move for most of its time is disconnected,
one that rests on its extremes is clipped, one whose energy above the QRS band (Tompkins 1985: 5-15 Hz holds
most of QRS energy) rivals the QRS itself drowns its waves (compare the flatline, saturation and noise rules of
the CinC 2011 challenge, Silva et al.).
"""

from __future__ import annotations

import numpy as np

from ..record import EcgRecord

QUALITY_FLAGS = ("good", "flat", "saturated", "noisy")
FLAT_MV = 0.02
"""A window whose samples span less than this holds no QRS: the least QRS called low voltage in a lead is 0.5 mV."""
FLAT_SHARE = 0.5
"""A lead is flat when this share of its half-second windows spanning no beat is flat."""
SATURATED_SHARE = 0.02
"""A lead is saturated when this share of its samples lies in runs on its highest or lowest value."""
NOISE_RATIO = 0.35
"""Noisy: rapid changes between beats reach this share of the rapid changes of the beats."""
NOISE_MV = 0.02
"""Below this change per 8 ms between the beats nothing is called noisy."""
MAX_SAMPLES_PER_LEAD = 120_000
"""Quality is judged on excerpts spread over longer recordings."""


def fill_gaps(signal: np.ndarray) -> np.ndarray:
    """Replace missing samples (NaN, infinite) by the last one known, or 0 mV where none is; shape is kept."""
    missing = ~np.isfinite(signal)
    if not missing.any():
        return signal
    index = np.where(missing, 0, np.arange(signal.shape[1]))
    np.maximum.accumulate(index, axis=1, out=index)
    filled = np.take_along_axis(signal, index, axis=1)
    return np.nan_to_num(filled, nan=0.0, posinf=0.0, neginf=0.0)


def signal_quality(record: EcgRecord) -> dict[str, str]:
    """Judge every lead: "good", "flat" (no signal), "saturated" (clipped) or "noisy"."""
    signal = _spread_excerpts(record)
    if signal.shape[1] < 2:
        return dict.fromkeys(record.leads, "flat")
    filled = fill_gaps(signal)
    missing = (~np.isfinite(signal)).mean(axis=1)
    flat = _flat_share(filled, record.sampling_rate)
    saturated = _saturated_share(filled, record.sampling_rate)
    noise = _noise_ratio(filled, record.sampling_rate)
    flags = {}
    for k, lead in enumerate(record.leads):
        if missing[k] > 0.5 or flat[k] > FLAT_SHARE:
            flags[lead] = "flat"
        elif saturated[k] > SATURATED_SHARE:
            flags[lead] = "saturated"
        else:
            flags[lead] = "noisy" if noise[k] > NOISE_RATIO else "good"
    return flags


def _spread_excerpts(record: EcgRecord, pieces: int = 12) -> np.ndarray:
    signal = record.signal
    n = signal.shape[1]
    if n <= MAX_SAMPLES_PER_LEAD:
        return signal
    length = MAX_SAMPLES_PER_LEAD // pieces
    starts = np.linspace(0, n - length, pieces).astype(int)
    return np.concatenate([signal[:, s : s + length] for s in starts], axis=1)


def _windows(signal: np.ndarray, width: int) -> np.ndarray:
    width = min(width, signal.shape[1])
    n = signal.shape[1] // width
    return signal[:, : n * width].reshape(signal.shape[0], n, width)


def _flat_share(signal: np.ndarray, sampling_rate: float) -> np.ndarray:
    """Share of 2 s windows (longer than any normal RR interval) that span less than FLAT_MV."""
    windows = _windows(signal, max(int(2 * sampling_rate), 2))
    return (np.ptp(windows, axis=2) < FLAT_MV).mean(axis=1)


def _saturated_share(signal: np.ndarray, sampling_rate: float) -> np.ndarray:
    """Share of samples in runs of ≥ 20 ms (at least 4 samples) on the lead's own extreme, if that is beyond 0.5 mV."""
    run = max(int(0.02 * sampling_rate), 4)
    share = np.zeros(signal.shape[0])
    still = np.abs(np.diff(signal, axis=1)) < 1e-6
    for k, lead in enumerate(signal):
        for extreme in (lead.max(), lead.min()):
            on = np.flatnonzero((np.abs(lead[1:] - extreme) < 1e-3) & still[k])
            if abs(extreme) < 0.5 or len(on) < run:
                continue
            groups = np.split(on, np.flatnonzero(np.diff(on) > 1) + 1)
            share[k] += sum(len(group) for group in groups if len(group) >= run) / len(lead)
    return share


def _noise_ratio(signal: np.ndarray, sampling_rate: float) -> np.ndarray:
    """Median against highest change per 50 ms window: small when only the QRS is quick, near 1 in noise.

    The change is taken at about 125 Hz, so that the ratio does not depend on the sampling rate.
    """
    factor = max(round(sampling_rate / 125), 1)
    slow = _windows(signal, factor).mean(axis=2)
    width = max(round(0.05 * sampling_rate / factor), 2)
    if slow.shape[1] < 2 * width:
        return np.zeros(signal.shape[0])
    steps = _windows(np.abs(np.diff(slow, axis=1)), width).max(axis=2)
    if steps.shape[1] < 20:
        return np.zeros(signal.shape[0])
    low, high = np.percentile(steps, [50, 97], axis=1)
    return np.where(low > NOISE_MV, low / np.maximum(high, 1e-6), 0.0)
