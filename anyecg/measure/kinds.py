"""Call each beat normal (N), supraventricular premature (S) or ventricular (V), by timing and shape.

A ventricular beat looks different from the dominant beat and is early or wide; a supraventricular premature
beat looks the same and is early (the classes of ANSI/AAMI EC57; de Chazal et al., IEEE Trans Biomed Eng 2004,
use the same evidence). The rule prefers N in doubt: an irregular rhythm has no "early" beats, and a single odd
shape may be noise.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter
from scipy.signal import butter, sosfiltfilt

from ..record import EcgRecord
from .beats import chunks
from .quality import fill_gaps

BLOCK_BEATS = 400
"""The dominant shape is learnt anew every so many beats, since it drifts over hours."""
SHAPE_HZ = 125.0
WINDOW_S = (-0.12, 0.18)
SAME_SHAPE = 0.85
"""Correlation with the dominant beat, over all leads together, from which the shape counts as the same."""
OTHER_SHAPE = 0.65
EARLY = 0.85
"""A beat is early below this share of the usual RR interval."""
WIDE = 1.25
"""A beat is wide above this multiple of the dominant beat's width."""
IRREGULAR = 0.10
"""Above this median relative change between RR intervals the rhythm itself is irregular and nothing is called S."""


def classify_beats(record: EcgRecord, peaks_s: np.ndarray, rows: list[int]) -> tuple[list[str], np.ndarray]:
    """Give a kind to each beat.

    Args:
        peaks_s: R peaks in seconds.
        rows: the leads to look at.

    Returns:
        One of "N", "S", "V" per beat, and each beat's correlation with the dominant shape around it.
    """
    if len(peaks_s) < 3:
        return ["N"] * len(peaks_s), np.ones(len(peaks_s))
    shapes = beat_shapes(record, peaks_s, rows)
    early, irregular = _timing(peaks_s)
    likeness, width = np.empty(len(peaks_s)), np.empty(len(peaks_s))
    n_blocks = max(round(len(peaks_s) / BLOCK_BEATS), 1)
    for block in np.array_split(np.arange(len(peaks_s)), n_blocks):
        likeness[block], width[block] = _against_dominant(shapes[block], early[block] < EARLY)
    premature = early < EARLY
    ventricular = (likeness < OTHER_SHAPE) & (premature | (width > WIDE))
    ventricular |= (likeness < SAME_SHAPE) & premature & (width > WIDE)
    supra = premature & (likeness >= SAME_SHAPE) & ~irregular & ~ventricular
    return np.where(ventricular, "V", np.where(supra, "S", "N")).tolist(), likeness


def beat_shapes(record: EcgRecord, peaks_s: np.ndarray, rows: list[int]) -> np.ndarray:
    """Cut the QRS complex of every beat, shape (n_beats, n_leads, n_points), band-passed, at about 125 Hz."""
    factor = max(int(record.sampling_rate // SHAPE_HZ), 1)
    rate = record.sampling_rate / factor
    band = butter(2, [1.0, min(35.0, 0.45 * rate)], "bandpass", fs=rate, output="sos")
    offsets = np.arange(round(WINDOW_S[0] * rate), round(WINDOW_S[1] * rate) + 1)
    position = np.round(peaks_s * rate).astype(int)
    shapes = np.zeros((len(position), len(rows), len(offsets)), dtype=np.float32)
    n = record.signal.shape[1] // factor
    for first, last, start, stop in chunks(n, rate):
        here = np.flatnonzero((position >= first) & (position < last))
        if not len(here):
            continue
        piece = fill_gaps(record.signal[rows, start * factor : stop * factor])
        piece = piece.reshape(len(rows), -1, factor).mean(axis=2)
        piece = sosfiltfilt(band, piece, axis=1, padlen=min(int(rate), piece.shape[1] - 1))
        index = np.clip(position[here, None] - start + offsets, 0, piece.shape[1] - 1)
        shapes[here] = piece[:, index].transpose(1, 0, 2)
    return shapes


def _timing(peaks_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each RR interval before a beat as a share of the usual one, and whether the rhythm around it is irregular."""
    rr = np.diff(peaks_s)
    rr = np.concatenate([rr[:1], rr])
    usual = median_filter(rr, size=min(15, len(rr) | 1), mode="nearest")
    change = np.abs(np.diff(rr, prepend=rr[0])) / usual
    irregular = median_filter(change, size=min(21, len(rr) | 1), mode="nearest") > IRREGULAR
    share = rr / usual
    share[0] = 1.0
    return share, irregular


def _against_dominant(shapes: np.ndarray, premature: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of each beat with the dominant one, and its width as a multiple of the dominant one's."""
    flat = shapes.reshape(len(shapes), -1)
    centred = flat - flat.mean(axis=1, keepdims=True)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    pool = np.flatnonzero(~premature) if (~premature).sum() >= 2 else np.arange(len(shapes))
    pool = pool[:: max(len(pool) // 80, 1)]
    likeness = unit[pool] @ unit[pool].T
    medoid = pool[np.argmax((likeness > SAME_SHAPE).sum(axis=1) + likeness.mean(axis=1))]
    family = unit @ unit[medoid] > SAME_SHAPE
    dominant = np.median(flat[family], axis=0)
    dominant = (dominant - dominant.mean()) / max(float(np.linalg.norm(dominant - dominant.mean())), 1e-9)
    widths = _widths(shapes)
    return unit @ dominant, widths / max(float(np.median(widths[family])), 1e-9)


def _widths(shapes: np.ndarray) -> np.ndarray:
    """Spread of the slope energy around its centre: grows with the QRS duration, needs no threshold."""
    energy = (np.diff(shapes, axis=2) ** 2).sum(axis=1)  # (n_beats, n_points - 1)
    energy /= np.maximum(energy.sum(axis=1, keepdims=True), 1e-12)
    at = np.arange(energy.shape[1])
    centre = energy @ at
    return np.sqrt((energy * (at - centre[:, None]) ** 2).sum(axis=1))
