"""Find the R peaks of any lead set, at any rate and length: a small network says where a QRS complex is, the largest
deflection of the leads together says where in it R is."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter
from scipy.signal import find_peaks

from ..record import EcgRecord
from .beat_net import STEP_HZ, lead_curves, qrs_scores
from .quality import fill_gaps, signal_quality
from .slope_energy import chunks, qrs_energy, sharpen

MIN_DURATION_S = 1.0
MIN_RATE_HZ = 50.0
"""Below this rate the QRS band (up to 18 Hz) does not fit and an interval is a guess."""
REFRACTORY_S = 0.2
ONE_BEAT = 2.5
"""Sum of the probabilities over the steps of a QRS complex that is certain, as the network was taught."""
SURE, USUAL, IN_A_GAP, EXTRA = 0.7, 0.45, 0.2, 0.65
"""Share of such a sum from which there is a QRS complex: whatever lies around it, at the start and end or in a
somewhat long interval, in an interval above `GAP`, in one that is below `FULL` without it."""
GAP, FULL = 1.6, 1.3
"""Multiples of the usual interval between sure beats: room for one more, and none."""


def usable_leads(record: EcgRecord, quality: dict[str, str] | None = None) -> list[int]:
    """Rows worth measuring on: the good leads, else whatever is not flat."""
    quality = quality or signal_quality(record)
    good = [k for k, lead in enumerate(record.leads) if quality[lead] == "good"]
    moving = [k for k, lead in enumerate(record.leads) if quality[lead] != "flat"]
    return good or moving


def detect_r_peaks(record: EcgRecord, *, rows: list[int] | None = None) -> np.ndarray:
    """Find every QRS complex.

    Args:
        record: any leads, 50 Hz to some kHz.
        rows: leads to use; those of good quality unless given.

    Returns:
        Times in seconds of the largest deflection of each QRS complex, over the used leads together, ascending.
    """
    rows = usable_leads(record) if rows is None else rows
    if not rows or record.duration_s < MIN_DURATION_S or record.sampling_rate < MIN_RATE_HZ:
        return np.empty(0)
    found = _choose(_scores(record, rows))
    _, magnitude, rate = qrs_energy(record, rows)
    return sharpen(np.round(found * rate / STEP_HZ).astype(int), magnitude, rate) / rate


def _choose(scores: np.ndarray) -> np.ndarray:
    """Steps at which there is a QRS complex; where the network is in doubt, the rhythm around it decides."""
    shares = np.convolve(1 / (1 + np.exp(-np.clip(scores, -30, 30))), np.ones(5), mode="same") / ONE_BEAT
    heights = np.pad(shares + 1e-3 * np.clip(scores, -10, 10), 1, constant_values=-9.0)
    at = find_peaks(heights, height=IN_A_GAP, distance=REFRACTORY_S * STEP_HZ)[0] - 1
    share = shares[at]
    sure = at[share >= SURE]
    if len(sure) < 4:
        return at[share >= USUAL]
    gaps = np.diff(sure)
    usual = median_filter(gaps, size=min(9, len(gaps)), mode="nearest")
    k = np.clip(np.searchsorted(sure, at, side="right"), 1, len(sure) - 1) - 1
    room = np.where((at > sure[0]) & (at < sure[-1]), gaps[k] / usual[k], 0.5 * (GAP + FULL))
    limit = np.select([room > GAP, room < FULL], [IN_A_GAP, EXTRA], USUAL)
    return at[(share >= limit) | (share >= SURE)]


def _scores(record: EcgRecord, rows: list[int]) -> np.ndarray:
    """Log-odds of a QRS complex every 20 ms over the whole recording, piece by piece."""
    rate = record.sampling_rate
    scores = np.full(int(record.duration_s * STEP_HZ) + 1, -99.0, dtype=np.float32)
    for first, last, start, stop in chunks(record.signal.shape[1], rate):
        piece = qrs_scores(lead_curves(fill_gaps(record.signal[rows, start:stop]), rate))
        low, high = (round(at / rate * STEP_HZ) for at in (first, last))
        offset = round(start / rate * STEP_HZ)
        kept = piece[low - offset : high - offset]
        scores[low : low + len(kept)] = kept
    return scores
