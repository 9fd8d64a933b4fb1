"""Episodes of atrial fibrillation in long recordings: RR intervals that change from beat to beat, and no P wave.

Irregularity alone takes extra beats for fibrillation, the absence of P waves alone takes noise for it; both must hold
over some thirty beats. Below `LEAST_S` nothing is said: an episode counts as atrial fibrillation from 30 s on
(Hindricks et al., 2020 ESC guideline), and a shorter recording has too few beats to tell.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter, uniform_filter1d

from ..record import EcgRecord
from .kinds import FEATURES, beat_features

LEAST_S = 30.0
CHANGE = 0.12
"""Mean relative change from one RR interval to the next, from which a rhythm may be fibrillation."""
LARGEST_CHANGE = 0.5
"""A pause or a missed beat counts no more than this."""
P_ALIKE = 0.6
"""Median correlation of what precedes the QRS complex with that of the usual beat, from which there are P waves. This
limit and `CHANGE` were chosen on MIT-BIH DS1."""
BEATS, USUAL_BEATS = 31, 15
"""Beats over which the changes, the P waves and the decision are averaged, and over which the usual RR interval is."""


def atrial_fibrillation_spans(
    record: EcgRecord, peaks_s: np.ndarray, kinds: list[str], rows: list[int]
) -> list[tuple[float, float, float]]:
    """Find atrial fibrillation that lasts 30 s or longer.

    Args:
        peaks_s: R peaks in seconds.
        kinds: of each; ventricular beats and the intervals beside them are left out.
        rows: the leads to look at.

    Returns:
        (start, end) in seconds and the mean rate of the ventricles per minute, in order.
    """
    if record.duration_s < LEAST_S or len(peaks_s) < BEATS or not rows:
        return []
    p_alike = beat_features(record, peaks_s, rows)[:, FEATURES.index("p_likeness")]
    ventricular = np.array([kind == "V" for kind in kinds])
    fibrillating = (rr_change(peaks_s, ventricular) >= CHANGE) & (median_filter(p_alike, BEATS) < P_ALIKE)
    steady = median_filter(fibrillating.astype(np.int8), BEATS)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], steady, [0]])))
    spans = [(float(peaks_s[a]), float(peaks_s[b - 1]), int(b - a)) for a, b in edges.reshape(-1, 2)]
    return [(start, end, 60 * (n - 1) / (end - start)) for start, end, n in spans if end - start >= LEAST_S]


def rr_change(peaks_s: np.ndarray, ventricular: np.ndarray) -> np.ndarray:
    """Mean relative change between neighbouring RR intervals, without those beside ventricular beats, (n_beats,)."""
    rr = np.diff(peaks_s, prepend=peaks_s[0])
    rr[0] = np.median(rr[1:])
    beside = ventricular | np.append(False, ventricular[:-1])
    counted = ~(beside | np.append(False, beside[:-1]))
    change = np.abs(np.diff(rr, prepend=rr[0])) / np.maximum(median_filter(rr, USUAL_BEATS), 0.2)
    total = uniform_filter1d(np.where(counted, np.minimum(change, LARGEST_CHANGE), 0.0), BEATS)
    return total / np.maximum(uniform_filter1d(counted.astype(float), BEATS), 0.1)
