"""Atrial activity without P waves: the restless baseline of fibrillation and the saw-tooth of flutter."""

from __future__ import annotations

import numpy as np

from .activity import Beats
from .drawing import Drawing


def add_atrial_activity(drawing: Drawing, beats: Beats, matrix: np.ndarray, rng: np.random.Generator) -> None:
    """Add fibrillatory or flutter waves during their spells; `matrix` (n_rows, 3) is how rows see a dipole."""
    rate = drawing.inner_rate
    for rhythm, start_s, end_s in beats.spells:
        if not rhythm.startswith(("AFIB", "AFLT")):
            continue
        first, last = round(start_s * rate), min(round(end_s * rate), drawing.n_inner)
        if last > first:
            t = np.arange(first, last) / rate
            dipole = _flutter(t, beats, rng) if rhythm.startswith("AFLT") else _fibrillation(t, rng)
            drawing.add_patch(first, matrix, dipole)


def _fibrillation(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(3, n) mV: a wandering rhythm of 4.5-8.5 Hz, strongest forward and to the right (V1), finer or coarser."""
    size = float(np.clip(rng.lognormal(np.log(0.035), 0.5), 0.008, 0.10))
    hz = rng.uniform(4.8, 8.2)
    slow = np.arange(t[0], t[-1] + 0.2, 0.1)
    dipole = np.zeros((3, len(t)))
    for share in (0.75, 0.5):
        drift = np.cumsum(rng.normal(0, 0.22, len(slow)))
        drift -= np.linspace(0, 1, len(slow)) * drift[-1]
        phase = np.interp(t, slow, hz * slow + 0.12 * drift)
        swell = np.interp(t, slow[::6], np.abs(1 + 0.4 * rng.standard_normal(len(slow[::6]))))
        cycle = 2 * np.pi * phase
        shape = np.sin(cycle) + 0.35 * np.sin(2 * cycle + 0.8) + 0.12 * np.sin(3 * cycle + 1.7)
        direction = np.array([-0.35, 0.45, -0.8]) + rng.normal(0, 0.35, 3)
        dipole += (size * share * direction / np.linalg.norm(direction))[:, None] * (shape * swell)
        hz *= rng.uniform(0.85, 1.15)
    return dipole


def _flutter(t: np.ndarray, beats: Beats, rng: np.random.Generator) -> np.ndarray:
    """(3, n) mV: saw-tooth, negative in II, III and aVF, upright and small in V1."""
    cycle = 2 * np.pi * (t - beats.flutter_from_s) / beats.flutter_s
    saw = np.sin(cycle) + 0.45 * np.sin(2 * cycle + 0.3) + 0.18 * np.sin(3 * cycle + 0.6)
    loop = np.cos(cycle)
    size = rng.uniform(0.09, 0.20)
    return size * (np.outer([0.08, -0.85, -0.28], saw) + np.outer([-0.25, 0.0, -0.25], loop) * rng.uniform(0.2, 0.6))
