"""Which windows of a lead are heavily disturbed: a small network over the levels of `noise_spells` around each window.

It sees how loud a lead is, by itself, against its own median and against the other leads, up to 0.8 s before and after,
so that it tells where a spell begins. Weights: `python -m anyecg.measure.fit_noise`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

WEIGHTS = Path(__file__).with_name("noise.npz")
NEAR = (-8, -5, -3, -2, -1, 0, 1, 2, 3, 5, 8)
"""Windows around each one that the network sees."""
FURTHEST = 10
"""Windows to the record's edge from which on it is far away."""
LOUD, STILL = [2, 3, 6, 7], 4
"""Columns of the levels that say how loud a window is (those of 0.5 s would begin before the spell), and that of
standing still."""
MOST = 5.0
"""Inputs are cut at so many standard deviations: what the simulator does not know is not extrapolated."""


def net_inputs(levels: np.ndarray) -> np.ndarray:
    """What the network weighs, (n_leads, n_windows, n_inputs).

    Args:
        levels: (n_leads, n_windows, 8) of `noise_spells.levels`.
    """
    n_leads, n = levels.shape[:2]
    usual = np.stack([_usual(lead) for lead in levels])[:, None, LOUD]
    above = levels[:, :, LOUD] - usual
    both = np.concatenate([levels[:, :, 2:], above], axis=2)
    at = np.arange(n)
    around = [both[:, np.clip(at + k, 0, n - 1)] for k in NEAR]
    edge = np.minimum(np.minimum(at, n - 1 - at), FURTHEST) / FURTHEST
    anywhere = (np.broadcast_to(part, (n_leads, n, part.shape[2])) for part in (above.max(axis=0)[None], usual))
    columns = [*around, *anywhere, np.broadcast_to(edge[None, :, None], (n_leads, n, 1))]
    return np.concatenate(columns, axis=2).astype(np.float32)


def _usual(lead: np.ndarray) -> np.ndarray:
    """Median over time while the lead moves, or over all of it."""
    moves = lead[:, STILL] == 0
    return np.asarray(np.median(lead[moves] if moves.any() else lead, axis=0))


def disturbed_odds(levels: np.ndarray, weights: dict[str, np.ndarray] | None = None) -> np.ndarray:
    """Log-odds of a heavy disturbance, (n_leads, n_windows); with other weights than the stored ones to try a fit."""
    w = weights or _weights()
    scaled = np.clip((net_inputs(levels) - w["mean"]) / w["scale"], -MOST, MOST)
    hidden = np.maximum(scaled @ w["hidden.weight"].T + w["hidden.bias"], 0)
    return np.asarray((hidden @ w["out.weight"].T + w["out.bias"])[:, :, 0])


@cache
def _weights() -> dict[str, np.ndarray]:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}
