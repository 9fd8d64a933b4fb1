"""Ventricular fibrillation: no beats, waves of 4 to 7 Hz that change in size, shape and direction."""

from __future__ import annotations

import numpy as np

from .activity import Beats
from .drawing import Drawing


def add_ventricular_chaos(drawing: Drawing, beats: Beats, matrix: np.ndarray, rng: np.random.Generator) -> None:
    """Add fibrillation waves during its spells; `matrix` (n_rows, 3) is how rows see a dipole.

    The dominant frequency is 4-7 Hz and the amplitude falls within minutes (Strohmenger 1997; Eftestøl 2000).
    """
    rate = drawing.inner_rate
    for rhythm, start_s, end_s in beats.spells:
        first, last = round(start_s * rate), min(round(end_s * rate), drawing.n_inner)
        if rhythm == "VFIB" and last > first:
            t = np.arange(first, last) / rate
            rise = np.minimum((t - t[0]) / 0.3, 1.0) if start_s > 0 else 1.0
            drawing.add_patch(first, matrix, _waves(t, rng) * rise)


def _waves(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(3, n) mV: three wandering oscillations, each in its own slowly turning direction."""
    size = float(np.clip(rng.lognormal(np.log(0.32), 0.45), 0.12, 0.8)) * np.exp(-(t - t[0]) / 180)
    hz = rng.uniform(4.2, 6.8)
    knots = np.arange(t[0], t[-1] + 0.6, 0.25)
    out = np.zeros((3, len(t)))
    for share, ratio in ((0.8, 1.0), (0.55, rng.uniform(0.75, 0.95)), (0.4, rng.uniform(1.1, 1.6))):
        drift = 0.09 * np.cumsum(rng.standard_normal(len(knots)))
        cycle = 2 * np.pi * (hz * ratio * t + np.interp(t, knots, drift) + rng.random())
        swell = np.interp(t, knots, np.abs(1 + 0.55 * np.convolve(rng.standard_normal(len(knots)), [0.6, 0.6], "same")))
        shape = np.sin(cycle) + 0.25 * np.sin(2 * cycle + rng.uniform(0, 6))
        way = rng.standard_normal((3, 1)) + 0.6 * np.stack(
            [np.interp(t, knots[::4], row[::4]) for row in rng.standard_normal((3, len(knots)))]
        )
        out += share * way / np.sqrt(3) * (shape * swell * size)
    return out
