"""Find R peaks by slope energy and thresholds, the classical way; and the magnitude that tells where in a QRS R lies.

Pan & Tompkins (IEEE Trans Biomed Eng 1985) gave the parts: band-pass, slope energy, adaptive threshold,
refractory period of 200 ms, T-wave test up to 360 ms, search-back after 1.66 RR. Two things differ: the
energies of all usable leads are added, each in units of its own QRS, and the thresholds look both ways in time,
because the recording is whole. `beats.detect_r_peaks` asks a network instead, which was taught in part by this.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.signal import find_peaks, sosfiltfilt

from ..record import EcgRecord
from .filters import butter
from .quality import fill_gaps

CHUNK_S = 60.0
MARGIN_S = 3.0
ENERGY_HZ = 250.0
"""The energy is kept at no more than about this rate, so that 24 h need 90 MB at most."""
QRS_BAND_HZ = (5.0, 18.0)
REFRACTORY_S = 0.2
T_WAVE_S = 0.36
SEARCH_BACK = 1.66
THRESHOLD = 0.30
"""Where a beat begins, between the level of the noise (0) and of the beats (1) around it."""
CONTRAST = 3.0
"""Where the beats do not rise this far above what lies between them there is noise, not an ECG."""
QUIET = 0.03
"""A lead whose slope between the beats is below this share of that of its QRS has its full say."""
WEAK = 0.47
"""Below this share of the usual energy a maximum must also fit the rhythm."""
FULL_GAP = 1.3
"""A gap below this many usual RR intervals has no room for another beat that is weak."""


def chunks(n_samples: int, sampling_rate: float) -> Iterator[tuple[int, int, int, int]]:
    """Cut a recording into pieces with margins: (first, last) to keep and (from, to) to read, in samples."""
    step, margin = int(CHUNK_S * sampling_rate), int(MARGIN_S * sampling_rate)
    if n_samples < 1.5 * step:
        step = n_samples
    for first in range(0, n_samples, step):
        last = min(first + step, n_samples)
        yield first, last, max(first - margin, 0), min(last + margin, n_samples)


def peaks_by_energy(record: EcgRecord, rows: list[int]) -> np.ndarray:
    """R peaks in seconds by slope energy and thresholds alone."""
    energy, magnitude, rate = qrs_energy(record, rows)
    found = _accept(energy, rate)
    return sharpen(found, magnitude, rate) / rate


def qrs_energy(record: EcgRecord, rows: list[int]) -> tuple[np.ndarray, np.ndarray, float]:
    """Slope energy and magnitude in the QRS band over the leads, both in units of a typical QRS, and their rate."""
    factor = max(int(record.sampling_rate // ENERGY_HZ), 1)
    rate = record.sampling_rate / factor
    high = min(QRS_BAND_HZ[1], 0.45 * rate)
    band = butter(2, [QRS_BAND_HZ[0], high], "bandpass", fs=rate, output="sos")
    energies, magnitudes = [], []
    for first, last, start, stop in chunks(record.signal.shape[1] // factor, rate):
        piece = fill_gaps(record.signal[rows, start * factor : stop * factor])
        piece = piece.reshape(len(rows), -1, factor).mean(axis=2)
        piece = piece - piece[:, :1]
        filtered = sosfiltfilt(band, piece, axis=1, padlen=min(int(rate), piece.shape[1] - 1))
        energy, magnitude = _combine(filtered, rate)
        energies.append(energy[first - start : last - start])
        magnitudes.append(magnitude[first - start : last - start])
    return np.concatenate(energies), np.concatenate(magnitudes), rate


def _combine(filtered: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Add the leads, each scaled by its own QRS and weighted by how far its QRS rises above what lies between."""
    window = max(int(1.5 * rate), 1)
    n = max(filtered.shape[1] // window, 1)
    slope = np.abs(np.gradient(filtered, axis=1)) * rate
    peaks = slope[:, : n * window].reshape(len(slope), n, -1).max(axis=2)
    scale = np.maximum(np.median(peaks, axis=1), 1e-4)
    weight = _weights(slope / scale[:, None], rate)
    power = (weight * (slope / scale[:, None]) ** 2).sum(axis=0)
    energy = np.sqrt(np.maximum(uniform_filter1d(power, max(int(0.1 * rate), 1)), 0))  # a running sum can dip below 0
    amplitude = np.abs(filtered) / scale[:, None]
    return energy.astype(np.float32), np.sqrt((weight * amplitude**2).sum(axis=0)).astype(np.float32)


def _weights(slope: np.ndarray, rate: float) -> np.ndarray:
    """Share of each lead at each time: a lead loses its say where the rest between its beats is not quiet."""
    width = max(int(rate), 1)
    n = max(slope.shape[1] // width, 1)
    rest = np.median(slope[:, : n * width].reshape(len(slope), n, -1), axis=2)
    rest = np.maximum(uniform_filter1d(rest, 3, axis=1, mode="nearest"), 1e-3)
    weight = np.clip(QUIET / rest, 0.02, 1.0) ** 3
    weight /= weight.sum(axis=0)
    return weight[:, np.minimum(np.arange(slope.shape[1]) // width, n - 1)]


def _levels(energy: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Running level of the beats and of what lies between, one value per sample (about ±6 s around it)."""
    width = max(int(1.2 * rate), 1)
    n = max(len(energy) // width, 1)
    blocks = energy[: n * width].reshape(n, -1)
    span = min(11, n)
    signal = median_filter(blocks.max(axis=1), size=span, mode="nearest")
    noise = median_filter(np.percentile(blocks, 30, axis=1), size=span, mode="nearest")
    at = np.minimum(np.arange(len(energy)) // width, n - 1)
    return signal[at], noise[at]


def _accept(energy: np.ndarray, rate: float) -> np.ndarray:
    """Choose among the maxima of the energy those that are QRS complexes (samples)."""
    signal, noise = _levels(energy, rate)
    threshold = noise + THRESHOLD * (signal - noise)
    candidates, _ = find_peaks(energy, distance=max(int(REFRACTORY_S * rate), 1))
    candidates = candidates[signal[candidates] > CONTRAST * noise[candidates]]
    strong = candidates[energy[candidates] > threshold[candidates]]
    strong = _reject_t_waves(strong, energy, rate)
    found = _search_back(strong, candidates, energy, threshold, rate)
    return _drop_weak_extras(found, energy, signal)


def _reject_t_waves(found: np.ndarray, energy: np.ndarray, rate: float) -> np.ndarray:
    """Drop a maximum within 360 ms of a beat with less than half its slope energy (Pan & Tompkins 1985)."""
    kept: list[int] = []
    for position in found.tolist():
        if kept and position - kept[-1] < T_WAVE_S * rate and energy[position] < 0.5 * energy[kept[-1]]:
            continue
        kept.append(position)
    return np.array(kept, dtype=int)


def _search_back(
    found: np.ndarray, candidates: np.ndarray, energy: np.ndarray, threshold: np.ndarray, rate: float
) -> np.ndarray:
    """Where no beat came for 1.66 local RR intervals, take the best maximum above half the threshold."""
    if len(found) < 3:
        return found
    gaps = np.diff(found)
    usual = median_filter(gaps, size=min(9, len(gaps)), mode="nearest")
    added = []
    for k in np.flatnonzero(gaps > SEARCH_BACK * usual):
        between = candidates[(candidates > found[k] + T_WAVE_S * rate) & (candidates < found[k + 1] - 0.25 * rate)]
        between = between[energy[between] > 0.5 * threshold[between]]
        if len(between):
            added.append(between[np.argmax(energy[between])])
    return np.sort(np.concatenate([found, np.array(added, dtype=int)]))


def _drop_weak_extras(found: np.ndarray, energy: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Drop a weak maximum between two beats that already follow each other at the usual RR interval."""
    if len(found) < 5:
        return found
    strength = energy[found] / np.maximum(signal[found], 1e-9)
    sure = found[strength > WEAK]
    if len(sure) < 4:
        return found
    gaps = np.diff(sure)
    usual = median_filter(gaps, size=min(9, len(gaps)), mode="nearest")
    after = np.clip(np.searchsorted(sure, found, side="right"), 1, len(sure) - 1)
    inside = (found > sure[0]) & (found < sure[-1]) & (gaps[after - 1] < FULL_GAP * usual[after - 1])
    return found[(strength > WEAK) | ~inside]


def sharpen(found: np.ndarray, magnitude: np.ndarray, rate: float) -> np.ndarray:
    """Move each detection to the largest magnitude within 80 ms, then between samples by a parabola."""
    if not len(found):
        return np.empty(0)
    reach = round(0.08 * rate)
    padded = np.pad(magnitude, reach)
    windows = padded[found[:, None] + np.arange(2 * reach + 1)]
    peak = found - reach + windows.argmax(axis=1)
    peak = np.unique(np.clip(peak, 1, len(magnitude) - 2))
    left, mid, right = (magnitude[peak + k].astype(float) for k in (-1, 0, 1))
    bend = left - 2 * mid + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, -1.0), 0.0)
    return peak + np.clip(shift, -0.5, 0.5)
