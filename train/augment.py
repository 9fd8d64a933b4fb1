"""Changes to an excerpt that keep its labels true: fewer leads, another gain, noise, a shifted or shorter window."""

from __future__ import annotations

from typing import Any

import numpy as np

FEW_LEADS = (1, 2, 2, 3, 6, 8)
GAIN_SD = 0.05  # of the logarithm; a voltage criterion survives 5 %
SHORTEST_STEPS = 20


def augment(row: dict[str, Any], rng: np.random.Generator, patch: int) -> dict[str, Any]:
    """Make a training variant of an excerpt.

    Args:
        row: an excerpt of `EvidenceDataset`, values (n_leads, n_steps, patch_samples).
        rng: source of chance.
        patch: samples per step.

    Returns:
        A new row; `start_s` moves with the window, so that event targets stay in place.
    """
    values, mask, lead_ids = row["values"], row["mask"], row["lead_ids"]
    if rng.random() < 0.35 and len(lead_ids) > 2:
        kept = np.sort(rng.choice(len(lead_ids), min(int(rng.choice(FEW_LEADS)), len(lead_ids)), replace=False))
        values, mask, lead_ids = values[kept], mask[kept], lead_ids[kept]
    values = values.astype(np.float32) * np.exp(rng.normal(0, GAIN_SD))
    values, mask, shift = _window(values, mask, rng, patch)
    if rng.random() < 0.4:
        values = values + _noise(values, rng)
    return row | {
        "values": values * mask[..., None],
        "mask": mask,
        "lead_ids": lead_ids,
        "start_s": row["start_s"] + shift,
    }


def _window(
    values: np.ndarray, mask: np.ndarray, rng: np.random.Generator, patch: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Shift by a part of a step, sometimes shorten; returns values, mask and the shift in steps."""
    n_leads, n_steps, _ = values.shape
    if n_steps < 2 or rng.random() < 0.3:
        return values, mask, 0.0
    offset = int(rng.integers(patch))
    if offset:
        flat = values.reshape(n_leads, -1)[:, offset : offset - patch]
        values, mask = flat.reshape(n_leads, n_steps - 1, patch), mask[:, :-1] & mask[:, 1:]
    first = 0
    if rng.random() < 0.15 and values.shape[1] > SHORTEST_STEPS:
        length = int(rng.integers(SHORTEST_STEPS, values.shape[1] + 1))
        first = int(rng.integers(values.shape[1] - length + 1))
        values, mask = values[:, first : first + length], mask[:, first : first + length]
    mask = mask.copy()
    mask[:, 0] |= ~mask.any(axis=1)
    return values, mask, first + offset / patch


def _noise(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """White noise of 5-40 µV and, half the time, a slow wander of up to 0.15 mV, per lead."""
    n_leads, n_steps, patch = values.shape
    noise = rng.standard_normal(values.shape, dtype=np.float32) * rng.uniform(0.005, 0.04)
    if rng.random() < 0.5:
        t = np.arange(n_steps * patch, dtype=np.float32) / (n_steps * patch)
        phase = rng.uniform(0, 6.3, (n_leads, 1)) + 6.3 * rng.uniform(2, 6, (n_leads, 1)) * t
        noise += (np.sin(phase) * rng.uniform(0, 0.15, (n_leads, 1))).reshape(values.shape).astype(np.float32)
    return noise
