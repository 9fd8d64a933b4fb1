"""Where the signal itself shows ventricular fibrillation or flutter, or nothing at all: told without any QRS detector.

Fibrillation has no quiet stretch between complexes and no sharp complex, and its power lies in a narrow band: what
Kuo & Dillman (Comput Cardiol 1978) measure as filter leakage, Arafat et al. (Signal Image Video Process 2011) as the
share of time away from the baseline, Barro et al. (J Med Eng Technol 1989) in the spectrum. Amann et al. (Biomed Eng
Online 2005) compare such measures; each alone gives false alarms, so all must agree, in most leads at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy.signal import sosfiltfilt

from ..record import EcgRecord
from .beats import chunks
from .filters import butter
from .quality import fill_gaps

RATE_HZ = 100.0
BAND_HZ = (1.0, 30.0)
WINDOW_S, STEP_S = 4.0, 1.0
MIN_SPAN_S = 5.0
"""Two successive windows that agree."""
LEAKAGE = 0.60
"""Kuo & Dillman's upper limit is 0.625; on PTB-XL 99 of 100 windows lie above 0.74."""
KURTOSIS = 4.2
"""A sine has 1.5, Gaussian noise 3, a train of QRS complexes above 6."""
BUSY = 0.42
"""Share of time beyond a fifth of the peak amplitude; Arafat et al. use 0.48 on windows of 3 s."""
IN_BAND = 0.70
"""Share of the power (1-25 Hz) between 2 and 9 Hz."""
SHARP = 0.10
"""No more of the power than this lies between 10 and 25 Hz, where QRS complexes and muscle have much of theirs."""
LOWEST_HZ = 3.0
"""Slower than 180 per minute it is tachycardia, whatever its shape."""
LEAST_MV = 0.1
"""Smaller waves cannot be told from noise (fine fibrillation, asystole)."""
AGREEING = 0.65
"""Share of the leads that must show it."""
SILENT_MV = 0.15
"""A second that spans less than this, in the band, holds no QRS complex."""


def fibrillation_spans(record: EcgRecord, rows: list[int]) -> list[tuple[float, float, float]]:
    """Find ventricular fibrillation, flutter or polymorphic tachycardia without a QRS structure.

    Args:
        rows: the leads to look at.

    Returns:
        (start, end) in seconds and the dominant frequency in cycles per minute, in order.
    """
    if not rows or record.duration_s < MIN_SPAN_S:
        return []
    starts, hits, cycles = [], [], []
    for piece, first_s, last_s, origin_s, rate in _pieces(record, rows):
        width, step = round(WINDOW_S * rate), round(STEP_S * rate)
        if piece.shape[1] < width:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(piece, width, axis=1)[:, ::step]
        at = origin_s + np.arange(windows.shape[1]) * step / rate
        keep = (at >= first_s) & (at < last_s)
        hit, frequency = _fibrillating(windows[:, keep], rate)
        starts.append(at[keep])
        hits.append(hit)
        cycles.append(60 * frequency)
    return _joined(np.concatenate(starts), np.concatenate(hits), np.concatenate(cycles)) if starts else []


def spans_per_second(record: EcgRecord, rows: list[int]) -> np.ndarray:
    """Lowest to highest value of each lead in every whole second between 1 and 30 Hz, shape (n_rows, n_seconds), mV."""
    spans = []
    for piece, first_s, last_s, origin_s, rate in _pieces(record, rows):
        first, n = round((first_s - origin_s) * rate), int(last_s + 1e-6) - int(first_s)
        edges = first + np.round(np.arange(n + 1) * rate).astype(int)
        edges[-1] = min(edges[-1], piece.shape[1])
        spans += [np.ptp(piece[:, a:b], axis=1) for a, b in pairwise(edges.tolist()) if b > a]
    return np.stack(spans, axis=1) if spans else np.empty((len(rows), 0))


def _pieces(record: EcgRecord, rows: list[int]) -> Iterator[tuple[np.ndarray, float, float, float, float]]:
    """Band-passed pieces of at most a minute: signal, seconds to keep (first, last), second it begins at, rate."""
    factor = max(int(record.sampling_rate // RATE_HZ), 1)
    rate = record.sampling_rate / factor
    band = butter(2, [BAND_HZ[0], min(BAND_HZ[1], 0.45 * rate)], "bandpass", fs=rate, output="sos")
    for first, last, start, stop in chunks(record.signal.shape[1] // factor, rate):
        piece = fill_gaps(record.signal[rows, start * factor : stop * factor])
        piece = piece.reshape(len(rows), -1, factor).mean(axis=2)
        piece = piece - np.median(piece, axis=1, keepdims=True)
        piece = sosfiltfilt(band, piece, axis=1, padlen=min(int(rate), piece.shape[1] - 1))
        yield piece, first / rate, last / rate, start / rate, rate


def _fibrillating(windows: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Which windows fibrillate, and their dominant frequency in Hz; windows: (n_leads, n_windows, n_points)."""
    windows = windows - windows.mean(axis=2, keepdims=True)
    power = np.abs(np.fft.rfft(windows * np.hanning(windows.shape[2]), axis=2)) ** 2
    hz = np.fft.rfftfreq(windows.shape[2], 1 / rate)
    total = power[:, :, (hz >= 1) & (hz <= 25)].sum(axis=2) + 1e-12
    in_band, sharp = (hz >= 2) & (hz <= 9), (hz >= 10) & (hz <= 25)
    dominant = hz[np.where(in_band, power, 0).argmax(axis=2)]
    magnitude = np.abs(windows)
    top = np.percentile(magnitude, 99, axis=2, keepdims=True)
    second = (windows**2).mean(axis=2) + 1e-12
    votes = (
        (power[:, :, in_band].sum(axis=2) > IN_BAND * total)
        & (power[:, :, sharp].sum(axis=2) < SHARP * total)
        & (dominant >= LOWEST_HZ)
        & ((windows**4).mean(axis=2) / second**2 < KURTOSIS)
        & ((magnitude > 0.2 * top).mean(axis=2) > BUSY)
    )
    visible = np.ptp(windows, axis=2) > LEAST_MV
    for lead, k in np.argwhere(votes & visible):
        votes[lead, k] = _leakage(windows[lead, k]) < LEAKAGE
    counted = visible.sum(axis=0)
    agree = (votes & visible).sum(axis=0)
    hit = (counted > 0.5 * len(windows)) & (agree >= AGREEING * counted) & (agree > 0)
    return hit, np.median(dominant, axis=0)


def _leakage(window: np.ndarray) -> float:
    """What a band-stop filter at the mean frequency leaves (Kuo & Dillman 1978): 0 for a sine, near 1 for beats."""
    half_period = np.pi * np.abs(window).sum() / max(float(np.abs(np.diff(window)).sum()), 1e-9) + 0.5
    shift = int(min(max(half_period, 1), len(window) - 1))
    late, early = window[shift:], window[:-shift]
    return float(np.abs(late + early).sum() / max(float((np.abs(late) + np.abs(early)).sum()), 1e-9))


def _joined(starts: np.ndarray, hits: np.ndarray, cycles: np.ndarray) -> list[tuple[float, float, float]]:
    """Runs of windows that fibrillate, long enough to count."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hits.astype(int), [0]])))
    spans = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        start_s, end_s = float(starts[first]), float(starts[last - 1]) + WINDOW_S
        if end_s - start_s >= MIN_SPAN_S:
            spans.append((start_s, end_s, float(np.median(cycles[first:last]))))
    return spans
