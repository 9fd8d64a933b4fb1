"""Is there a P wave: does every beat bring the same small wave before its QRS, or is there only fibrillation?"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .average import RATE, AverageBeat
from .waves import Waves, ms

CONSISTENT = 0.5
"""Correlation of the P wave of a typical beat with the mean of the others, from which there is a P wave. In sinus
rhythm 19 of 20 recordings of PTB-XL exceed 0.95, in atrial fibrillation 1 of 20 exceeds 0.3."""
PRESENT_IF_IRREGULAR = 0.9
"""Least `Waves.p_probability` where the rhythm is irregular, since that is how fibrillation and flutter look. Both were
chosen on PTB-XL folds 1-8: P is found in 99 % of sinus rhythm, 96 % of sinus tachycardia, 98 % of sinus arrhythmia, 4 %
of fibrillation; of flutter see `FLUTTER_BPM`."""
FLUTTER_BPM, FLUTTER_LIKE = 120.0, 0.5
"""From this rate on a wave before every QRS complex is no P wave where the same wave comes half a cycle later, as in
flutter with 2:1 conduction: `halves_alike` above the limit, which one of 166 sinus tachycardias of PTB-XL folds 1-8
exceeds and four of the ten flutters in which a P wave was found before; a P wave is now found in 19 % of flutter."""
QRS_S = (0.06, 0.08)
"""Before and after R, left out where half cycles are compared."""


def p_consistency(average: AverageBeat, waves: Waves) -> float:
    """How alike the P waves of single beats are, 0 (only noise or fibrillation) to 1."""
    if waves.p_on is None or waves.p_off is None:
        return 0.0
    first, last = max(round(waves.p_on) - ms(20), 0), min(round(waves.p_off) + ms(20), round(waves.qrs_on))
    if last - first < ms(30):
        return 0.0
    parts = gaussian_filter1d(average.beats[:, :, first:last], 4.0, axis=2)[:, :, ::4]
    line = np.linspace(0, 1, parts.shape[2])
    parts = parts - (parts[:, :, :1] * (1 - line) + parts[:, :, -1:] * line)
    flat = parts.reshape(len(parts), -1)
    if len(flat) < 3:
        return 0.5
    total = flat.sum(axis=0)
    others = (total - flat) / (len(flat) - 1)
    norms = np.linalg.norm(flat, axis=1) * np.linalg.norm(others, axis=1)
    return float(np.median((flat * others).sum(axis=1) / np.maximum(norms, 1e-9)))


def halves_alike(average: AverageBeat) -> float:
    """How alike what follows the QRS complex and what comes half a cycle later are, -1 to 1.

    The mean correlation of the three leads in which it is highest; 0 where the cycle is too short or too long to tell.
    """
    half = round(0.5 * average.rr_s * RATE)
    first, last = average.r + ms(1000 * QRS_S[1]), average.r + half - ms(1000 * QRS_S[0])
    if last - first < ms(30) or last + half > average.signal.shape[1]:
        return 0.0
    early, late = (average.signal[:, first + k : last + k] for k in (0, half))
    level = 0.5 * (early + late).mean(axis=1, keepdims=True)  # one for both: T stands higher than what precedes P
    early, late = early - level, late - level
    size = 0.5 * (early**2 + late**2).sum(axis=1)
    return float(np.sort((early * late).sum(axis=1) / np.maximum(size, 1e-9))[-3:].mean())


def has_p_wave(average: AverageBeat, waves: Waves, rhythm: str | None) -> bool:
    """Whether the representative beat has a P wave (`Waves.p_probability`) that the single beats share."""
    if rhythm == "irregular" and waves.p_probability < PRESENT_IF_IRREGULAR:
        return False
    if 60 / average.rr_s >= FLUTTER_BPM and halves_alike(average) > FLUTTER_LIKE:
        return False
    return waves.p_on is not None and p_consistency(average, waves) >= CONSISTENT
