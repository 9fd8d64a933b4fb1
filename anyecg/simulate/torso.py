"""How leads see the dipole: the lead matrix of a chest, and what is particular to each electrode.

The lead matrix is Dower's (1980) for I, II and V1-V6; every other limb lead follows from I and II, so Einthoven's and
Goldberger's relations hold exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..leads import EXTRA_LEADS, FRANK_LEADS, LIMB_LEADS, MODIFIED_LEADS, STANDARD_LEADS
from .dipole import Wave, rotation_matrix

# Dower's coefficients, lead by lead, for x (left), y (down), z (back).
DOWER = {
    "I": (0.632, -0.235, 0.059), "II": (0.235, 1.066, -0.132), "V1": (-0.515, 0.157, -0.917),
    "V2": (0.044, 0.164, -1.387), "V3": (0.882, 0.098, -1.277), "V4": (1.213, 0.127, -0.601),
    "V5": (1.125, 0.127, -0.086), "V6": (0.831, 0.076, 0.230),
}  # fmt: skip
INDEPENDENT_LEADS = tuple(DOWER)
# Leads on the back and on the right, set by continuing Dower's chest leads around the thorax: V7-V9 see what V1-V3 see
# in the mirror, ever smaller; V3R-V6R see the right ventricle.
_AROUND = {
    "V7": (0.62, 0.06, 0.36), "V8": (0.38, 0.05, 0.46), "V9": (0.14, 0.04, 0.50), "V3R": (-0.72, 0.17, -0.60),
    "V4R": (-0.74, 0.18, -0.28), "V5R": (-0.64, 0.18, -0.06), "V6R": (-0.52, 0.16, 0.08),
}  # fmt: skip
SOURCE_LEADS = INDEPENDENT_LEADS + FRANK_LEADS + tuple(MODIFIED_LEADS) + EXTRA_LEADS
LEADS = tuple(dict.fromkeys(STANDARD_LEADS + SOURCE_LEADS))
# (12, 8): standard leads from the independent ones.
_IN_I_II = {"I": (1, 0), "II": (0, 1), "III": (-1, 1), "aVR": (-0.5, -0.5), "aVL": (1, -0.5), "aVF": (-0.5, 1)}
TO_STANDARD = np.zeros((12, 8), dtype=np.float32)
TO_STANDARD[:6, :2] = [_IN_I_II[name] for name in LIMB_LEADS]
TO_STANDARD[6:, 2:] = np.eye(6)
_INDEPENDENT_ROWS = [0, 1, *range(6, 12)]
_SEEN = dict(zip(STANDARD_LEADS, TO_STANDARD @ np.array([*DOWER.values()]), strict=True))
# Set by comparing amplitudes with those of real records: V1 sees less than Dower says, V3-V6 see more of the backward
# forces (deeper S), and the atria lie far from the chest electrodes.
_CHEST = np.array([0.70, 1.0, 1.0, 1.0, 1.0, 1.0])
_MORE = np.array([(0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0), (-0.08, 0, -0.14), (-0.10, 0, -0.22), (-0.05, 0, -0.15),
                  (-0.07, 0, -0.08)])  # fmt: skip
_ATRIA_FROM_CHEST = 0.45
_T_BY_LEAD = np.array([1.3, 1.0, 0.97, 1.12, 0.89, 0.73, 0.84, 1.0])
_USUAL = np.array([*DOWER.values(), *np.eye(3), *(_SEEN[name] for name in MODIFIED_LEADS.values()), *_AROUND.values()])
_USUAL[:8] += _MORE
# How much each lead's view varies from person to person: the limbs' does not, Frank's three are exact by definition.
_PLACED = np.full((len(SOURCE_LEADS), 1), 0.12)
_PLACED[:11, 0] = (0, 0, 0.08, 0.10, 0.13, 0.15, 0.12, 0.10, 0, 0, 0)
# What is particular to one person's chest changes smoothly from V1 to V6: (6, 6), makes neighbours correlate.
_APART = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
_SMOOTH = np.linalg.cholesky(0.65 * np.exp(-((_APART / 2.2) ** 2)) + 0.35 * np.eye(6))


@dataclass(frozen=True)
class Torso:
    """How leads see the dipole: one matrix per kind of wave, as atria, depolarisation and repolarisation lie apart."""

    matrices: dict[str, np.ndarray]
    """Wave kind ("P", "QRS", "T") → (n_source_leads, 3), rows in the order of SOURCE_LEADS."""
    chest_gain: float = 1.0
    """How well chest electrodes see the heart: less through a thick wall."""


def moved(torso: Torso, size: float, rng: np.random.Generator) -> Torso:
    """The same chest at another visit: the body lies, and the chest electrodes stick, a little differently.

    Args:
        size: 1 for what careful staff does, 2 and more for a different placement.
    """
    turn = rotation_matrix(*(size * rng.normal(0, (1.5, 3.0, 1.5)))).astype(np.float32)
    shift = rng.standard_normal((len(SOURCE_LEADS), 3)).astype(np.float32)
    gain = np.exp(size * 0.04 * rng.standard_normal(len(SOURCE_LEADS))).astype(np.float32)
    limb_and_frank = [0, 1, *range(8, 8 + len(FRANK_LEADS))]
    shift[limb_and_frank], gain[limb_and_frank] = 0, 1
    return Torso(
        {kind: ((matrix + 0.04 * size * shift) * gain[:, None]) @ turn for kind, matrix in torso.matrices.items()},
        torso.chest_gain,
    )


def draw_torso(rng: np.random.Generator) -> Torso:
    """Draw heart position, chest shape and electrode placement."""
    turn = rotation_matrix(*rng.normal(0, (5, 12, 4)))
    noise = rng.standard_normal((3, len(SOURCE_LEADS), 3))
    noise[:, 2:8] = _SMOOTH @ noise[:, 2:8]
    chest = np.exp(rng.normal(0, 0.12) + 0.08 * rng.standard_normal(6))  # precordial gain: chest wall, electrode height
    placed = _USUAL + _PLACED * noise[0]
    placed[2:8] *= (chest * _CHEST)[:, None]
    matrices = {}
    for kind, own, spread in (("P", noise[1], 0.03), ("QRS", noise[0], 0.0), ("T", noise[2], 0.05)):
        near = placed.copy()
        near[2:8] += spread * own[2:8]
        if kind == "P":
            near[2:8] *= _ATRIA_FROM_CHEST
        elif kind == "T":
            near[:8] *= _T_BY_LEAD[:, None]
        matrices[kind] = (near @ turn).astype(np.float32)
    return Torso(matrices, float(np.exp(np.log(chest).mean())))


_NEAR = np.concatenate([[0.03, 0.03], np.full(6, 0.14), np.zeros(3), np.full(len(SOURCE_LEADS) - 11, 0.10)])


def draw_near(wave: Wave, rng: np.random.Generator) -> np.ndarray:
    """(n_source_leads, n_bumps) mV: the heart is no single dipole; a chest electrode sees best what lies below it."""
    size = np.linalg.norm(wave.vector, axis=1)
    scores = rng.standard_normal((len(SOURCE_LEADS), len(size)))
    scores[2:8] = _SMOOTH @ scores[2:8]
    return _NEAR[:, None] * scores * np.clip(size, 0.18, 1.2)


def extent(wave: Wave, matrix: np.ndarray, threshold: float, share: float) -> tuple[float, float, float]:
    """Onset, peak and end (ms from the wave's origin) as a reader marks them on 12 aligned leads.

    Args:
        matrix: rows of the independent leads, (8, 3).
        threshold, share: a lead has left its baseline beyond `threshold` mV or `share` of the largest deflection.
    """
    t = np.arange(wave.start, wave.end + 1, 1.0)
    leads = ((TO_STANDARD @ matrix) @ wave.vector.T).astype(np.float32) @ wave.bumps(t)
    size = np.abs(leads).max(axis=0)
    above = np.flatnonzero(size > max(threshold, share * size.max()))
    if not len(above):
        above = np.array([0, len(t) - 1])
    peak = np.square(leads[_INDEPENDENT_ROWS]).sum(axis=0).argmax()
    return float(t[above[0]]), float(t[peak]), float(t[above[-1]])


def net_axis(i: np.ndarray, ii: np.ndarray) -> float:
    """Frontal axis in degrees of a QRS by its net deflections in I and aVF, as `anyecg.measure.vectors` reads it.

    Args:
        i, ii: leads I and II from the onset to the end of the QRS, mV from the baseline.
    """
    x, y = (max(float(lead.max()), 0.0) + min(float(lead.min()), 0.0) for lead in (i, ii - i / 2))
    return math.degrees(math.atan2(2 / math.sqrt(3) * y, x))
