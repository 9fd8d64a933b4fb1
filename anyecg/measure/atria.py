"""Find every P wave, also those that no QRS complex follows: what AV block is told from.

QRS complexes are cut out and the T wave of the dominant beat is subtracted from every beat (Slocum et al., Comput
Cardiol 1985, subtracted the average beat to see atrial activity). What is left is projected on the one direction across
the leads that holds most of it, and searched with a matched filter whose template is learnt from the waves it found.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks, sosfiltfilt

from ..record import EcgRecord
from .beats import chunks
from .filters import butter
from .quality import fill_gaps

ATRIAL_HZ = 100.0
BAND_HZ = (2.0, 20.0)
QRS_S, WIDE_QRS_S = (-0.08, 0.10), (-0.12, 0.16)
"""Around the R peak of a dominant beat, or of another one, nothing atrial can be seen."""
T_END_S = 0.44
"""The T wave ends this much after the R peak at 60 beats/min; it follows ∛RR, as QT does (Fridericia 1920)."""
ROOM_S = 0.22
"""The T wave is taken to end this much before the next R peak at the latest."""
FADE_S = 0.08
"""The subtraction fades out over this time, so that its end makes no edge."""
SAME_BEAT = 0.9
"""A beat less like the dominant one than this is given the wide span."""
TEMPLATE_S = 0.09
"""A P wave and what surrounds it: this long on both sides."""
LIKE_P = 0.6
"""Correlation with the learnt P wave over all leads together."""
SIZE = (0.45, 2.2)
"""Size as a multiple of the typical P wave's."""
APART_S = 0.18
"""Flutter waves (up to 330 per minute) are still told apart, so that nobody takes every second one for a P wave."""


def p_wave_times(record: EcgRecord, peaks_s: np.ndarray, rows: list[int]) -> np.ndarray:
    """Find all P waves, conducted or not.

    A wave that lies within a QRS complex cannot be seen; whether the times make a rhythm is for the caller to judge
    (in atrial fibrillation they do not).

    Args:
        peaks_s: R peaks in seconds.
        rows: the leads to look at.

    Returns:
        Times in seconds of the middle of each P wave, ascending.
    """
    if len(peaks_s) < 2 or not rows:
        return np.empty(0)
    factor = max(int(record.sampling_rate // ATRIAL_HZ), 1)
    rate = record.sampling_rate / factor
    found = []
    for first, last, start, stop in chunks(record.signal.shape[1] // factor, rate):
        piece = fill_gaps(record.signal[rows, start * factor : stop * factor])
        piece = piece.reshape(len(rows), -1, factor).mean(axis=2)
        here = peaks_s[(peaks_s * rate >= start) & (peaks_s * rate < stop)] - start / rate
        at = _find(piece - np.median(piece, axis=1, keepdims=True), here, rate) + start
        found.append(at[(at >= first) & (at < last)] / rate)
    return np.concatenate(found)


def _find(signal: np.ndarray, peaks_s: np.ndarray, rate: float) -> np.ndarray:
    """P waves of one piece, in samples."""
    if len(peaks_s) < 2:
        return np.empty(0)
    rest, visible, quiet = without_ventricles(signal, peaks_s, rate)
    half = round(TEMPLATE_S * rate)
    seeds = _seeds(rest, quiet, rate, half)
    if len(seeds) < 3:
        return np.empty(0)
    return _match(rest, visible, _template(rest, seeds, half), seeds, rate)


def without_ventricles(
    signal: np.ndarray, peaks_s: np.ndarray, rate: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bridge every QRS complex by a straight line, band-pass, and subtract the T wave of the dominant beat.

    The QRS complex goes before the filter, which would smear it over the P wave.

    Args:
        signal: shape (n_leads, n_samples), mV.

    Returns:
        What is left; where it can be believed (not in a QRS complex); where neither QRS nor T wave was; the last two of
        shape (n_samples,) bool.
    """
    n = signal.shape[1]
    centre = np.round(peaks_s * rate).astype(int)
    visible = _outside_qrs(signal, centre, rate)
    at = np.arange(n)
    bridged = np.stack([np.interp(at, at[visible], lead[visible]) for lead in signal])
    band = butter(2, [BAND_HZ[0], min(BAND_HZ[1], 0.45 * rate)], "bandpass", fs=rate, output="sos")
    rest = sosfiltfilt(band, bridged, axis=1, padlen=min(int(rate), n - 1))
    rr = np.diff(peaks_s, append=2 * peaks_s[-1] - peaks_s[-2])
    t_end = np.minimum(T_END_S * np.cbrt(rr), np.maximum(rr - ROOM_S, QRS_S[1]))
    offsets = np.arange(round(1.3 * T_END_S * rate))
    dominant = np.median(rest[:, np.clip(centre[:, None] + offsets, 0, n - 1)], axis=1)  # (n_leads, n_points)
    quiet = visible.copy()
    for first, end_s in zip(centre.tolist(), t_end.tolist(), strict=True):
        m = min(len(offsets), n - first)
        fade = np.clip((end_s + FADE_S - offsets[:m] / rate) / FADE_S, 0, 1)
        rest[:, first : first + m] -= fade * dominant[:, :m]
        quiet[first : first + round(end_s * rate)] = False
    return rest, visible, quiet


def _outside_qrs(signal: np.ndarray, centre: np.ndarray, rate: float) -> np.ndarray:
    """Samples that no QRS complex hides, shape (n_samples,) bool; a beat of another shape hides more."""
    n = signal.shape[1]
    offsets = np.arange(round(WIDE_QRS_S[0] * rate), round(WIDE_QRS_S[1] * rate) + 1)
    index = np.clip(centre[:, None] + offsets, 0, n - 1)
    shapes = signal[:, index].transpose(1, 0, 2)
    shapes = (shapes - shapes.mean(axis=2, keepdims=True)).reshape(len(centre), -1)
    dominant = np.median(shapes, axis=0)
    size = np.linalg.norm(shapes, axis=1) * np.linalg.norm(dominant)
    same = shapes @ dominant > SAME_BEAT * np.maximum(size, 1e-9)
    narrow = (offsets >= QRS_S[0] * rate) & (offsets <= QRS_S[1] * rate)
    visible = np.ones(n, dtype=bool)
    visible[index[~same]] = False
    visible[index[same][:, narrow]] = False
    return visible


def _seeds(rest: np.ndarray, quiet: np.ndarray, rate: float, half: int) -> np.ndarray:
    """The largest waves of P-like width along the direction that holds most of what is left in diastole (samples)."""
    if quiet.sum() < rate:
        return np.empty(0, dtype=int)
    scaled = rest * quiet / np.maximum(np.percentile(np.abs(rest[:, quiet]), 60, axis=1, keepdims=True), 0.005)
    _, vectors = np.linalg.eigh(scaled @ scaled.T)
    along = vectors[:, -1] @ scaled
    along *= np.sign((along**3).sum()) or 1.0
    smooth = uniform_filter1d(along, max(round(0.07 * rate), 1))
    smooth -= uniform_filter1d(along, max(round(0.25 * rate), 1))
    at, _ = find_peaks(smooth, distance=max(round(APART_S * rate), 1), height=0)
    at = at[(at >= half) & (at < len(smooth) - half)]
    at = at[quiet[at]]
    if not len(at):
        return at
    return at[smooth[at] > 0.5 * np.percentile(smooth[at], 85)]


def _template(rest: np.ndarray, seeds: np.ndarray, half: int) -> np.ndarray:
    """Median wave around the seeds, shape (n_leads, 2 · half + 1), without its mean."""
    windows = rest[:, seeds[:, None] + np.arange(-half, half + 1)]
    template = np.median(windows, axis=1)
    return template - template.mean(axis=1, keepdims=True)


def _match(rest: np.ndarray, visible: np.ndarray, template: np.ndarray, seeds: np.ndarray, rate: float) -> np.ndarray:
    """Where the template fits in shape and size."""
    half = template.shape[1] // 2
    energy = np.sqrt((template**2).sum())
    if energy < 1e-6:
        return np.empty(0)
    windows = np.lib.stride_tricks.sliding_window_view(rest, template.shape[1], axis=1)
    dot = np.einsum("lnt,lt->n", windows, template, optimize=True)
    square = (windows**2).sum(axis=2) - windows.sum(axis=2) ** 2 / template.shape[1]
    likeness = dot / energy / np.sqrt(np.maximum(square.sum(axis=0), 1e-12))
    size = dot / energy**2
    typical = float(np.median(size[seeds - half])) or 1.0
    at, _ = find_peaks(dot, distance=max(round(APART_S * rate), 1), height=0)
    fits = (likeness[at] > LIKE_P) & (size[at] > SIZE[0] * typical) & (size[at] < SIZE[1] * typical)
    at = at[fits] + half
    return at[visible[at]]
