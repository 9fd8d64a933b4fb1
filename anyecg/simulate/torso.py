"""How leads see the dipole: the lead matrix of a chest, and what is particular to each electrode.

The lead matrix is Dower's (1980) for I, II and V1-V6; every other limb lead follows from I and II, so Einthoven's and
Goldberger's relations hold exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..leads import EXTRA_LEADS, FRANK_LEADS, LIMB_LEADS, MODIFIED_LEADS, STANDARD_LEADS
from .dipole import Wave, drawn, mixed, rotation_matrix

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
_CHEST = np.array([0.77, 0.95, 0.88, 1.06, 1.03, 1.04])
_MORE = np.array([(0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0), (-0.08, 0, -0.14), (-0.10, 0, -0.22), (-0.05, 0, -0.21),
                  (-0.07, 0, -0.08)])  # fmt: skip
_ATRIA_FROM_CHEST = np.array([0.75, 0.42, 0.34, 0.31, 0.35, 0.44])
_T_BY_LEAD = np.array([1.3, 1.15, 0.78, 1.04, 0.89, 0.68, 0.82, 1.22])
_OWN = np.array([0.03, 0.0, 0.05]).reshape(3, 1, 1)  # how much a chest lead's view of P, QRS and T is its own
_OF_KIND = np.stack([np.array([1, 1, *_ATRIA_FROM_CHEST]), np.array([1.05, 1.05, *np.ones(6)]), _T_BY_LEAD])[:, :, None]
_USUAL = np.array([*DOWER.values(), *np.eye(3), *(_SEEN[name] for name in MODIFIED_LEADS.values()), *_AROUND.values()])
_USUAL[:8] += _MORE
# How much each lead's view varies from person to person: the limbs' does not, Frank's three are exact by definition.
_PLACED = np.full((len(SOURCE_LEADS), 1), 0.12)
_PLACED[:11, 0] = (0, 0, 0.10, 0.14, 0.18, 0.19, 0.15, 0.11, 0, 0, 0)
# What is particular to one person's chest changes smoothly from V1 to V6: (6, 6), makes neighbours correlate.
_APART = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
_SMOOTH = np.linalg.cholesky(0.5 * np.exp(-((_APART / 2.0) ** 2)) + 0.5 * np.eye(6))


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
    way = rng.standard_normal(10).tolist()
    turn = rotation_matrix(5 * way[0], 15 * way[1], 4 * way[2])
    noise = rng.standard_normal((3, len(SOURCE_LEADS), 3))
    noise[:, 2:8] = _SMOOTH @ noise[:, 2:8]
    chest = np.array(way[4:])
    chest *= 0.08
    chest += 0.12 * way[3]  # precordial gain: chest wall, electrode height
    placed = _USUAL + _PLACED * noise[0]
    placed[2:8] *= (np.exp(chest) * _CHEST)[:, None]
    near = np.stack((placed, placed, placed))
    near[2, 2, 0] -= 0.12  # the late part of T is hardly seen in V1
    near[:, 2:8] += _OWN * noise[[1, 0, 2], 2:8]
    near[:, :8] *= _OF_KIND
    p, qrs, t = (near @ turn).astype(np.float32)
    return Torso({"P": p, "QRS": qrs, "T": t}, math.exp(chest.mean()))


_NEAR = np.concatenate([[0.03, 0.03], np.full(6, 0.17), np.zeros(3), np.full(len(SOURCE_LEADS) - 11, 0.10)])[:, None]


def draw_views(waves: dict[str, Wave], torso: Torso, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """(n_source_leads, n_bumps) mV for each wave by name: how leads see its bumps.

    Neither atria nor ventricles are a single dipole: a chest electrode sees best what lies below it.
    """
    size = np.sqrt(np.square(np.concatenate([wave.vector for wave in waves.values()])).sum(axis=1))
    scores = rng.standard_normal((len(SOURCE_LEADS), len(size)))
    scores[2:8] = _SMOOTH @ scores[2:8]
    scores *= _NEAR
    seen, end = {}, 0
    for name, wave in waves.items():
        kind, first = name.split(" ")[0], end
        end += len(wave.rows)
        usual = 0.8 * size[first:end] if kind == "P" else np.minimum(np.maximum(size[first:end], _LEAST[kind]), 1.2)
        seen[name] = torso.matrices[kind] @ wave.vector.T + scores[:, first:end] * usual
    return seen


_LEAST = {"QRS": 0.18, "T": 0.08}  # mV: even a small part of the wave is seen differently by this size
_STEPS = 96


def views(waves: Sequence[Wave], matrices: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Times (n_waves, n_steps), ms from each wave's origin, over whole waves; the leads, (n_waves, 12, n_steps).

    Args:
        matrices: how the independent leads, or these and more, see the dipole, (8 or more, 3) each.
    """
    t, heights, vectors = drawn(waves, _STEPS)
    seen = mixed(vectors, np.stack([matrix[:8].T for matrix in matrices]))  # (n_waves, n_bumps, 8)
    return t, mixed((seen @ TO_STANDARD.T).transpose(0, 2, 1).astype(np.float32), heights)


def extents(t: np.ndarray, leads: np.ndarray, threshold: float, share: float) -> list[tuple[float, float, float]]:
    """Onset, peak and end (ms from the wave's origin) of each wave, as a reader marks them on 12 aligned leads.

    Args:
        t, leads: what `views` gives.
        threshold, share: a lead has left its baseline beyond `threshold` mV or `share` of the largest deflection.
    """
    size = np.abs(leads).max(axis=1)
    level = np.maximum(threshold, share * size.max(axis=1))[:, None]
    above = size > level
    every = np.arange(len(t))
    energy = sum(leads[:, row] ** 2 for row in _INDEPENDENT_ROWS)
    peak = t[every, np.asarray(energy).argmax(axis=1)]
    last = t.shape[1] - 1
    rise, fall = above.argmax(axis=1), last - above[:, ::-1].argmax(axis=1)
    onset = _crossing(t, size, level[:, 0], rise, np.maximum(rise - 1, 0))
    end = _crossing(t, size, level[:, 0], fall, np.minimum(fall + 1, last))
    seen = above.any(axis=1)
    onset, end = np.where(seen, onset, t[:, 0]), np.where(seen, end, t[:, -1])
    return list(zip(onset.tolist(), peak.tolist(), end.tolist(), strict=True))


def _crossing(
    t: np.ndarray, size: np.ndarray, level: np.ndarray, last: np.ndarray, following: np.ndarray
) -> np.ndarray:
    """When sizes pass their levels between their last sample above it and the next one, on a straight line."""
    every = np.arange(len(t))
    high, low = size[every, last], size[every, following]
    part = np.where(last == following, 0.0, (high - level) / np.maximum(high - low, 1e-12))
    return np.asarray(t[every, last] + part * (t[every, following] - t[every, last]))


def net_axis(limbs: np.ndarray) -> float:
    """Frontal axis in degrees of a QRS by its net deflections in I and aVF, as `anyecg.measure.vectors` reads it.

    Args:
        limbs: leads I and II from the onset to the end of the QRS, (2, n), mV from the baseline.
    """
    seen = I_AND_AVF @ limbs
    (a, b), (c, d) = seen.max(axis=1).tolist(), seen.min(axis=1).tolist()
    return math.degrees(math.atan2(max(b, 0.0) + min(d, 0.0), max(a, 0.0) + min(c, 0.0)))


# From I and II to I and aVF, the latter as large as I.
I_AND_AVF = np.array([[1, 0], [-1 / math.sqrt(3), 2 / math.sqrt(3)]], dtype=np.float32)
