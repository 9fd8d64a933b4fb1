"""Changes to an excerpt that keep its labels true: fewer leads, another gain, noise, a shifted or shorter window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

FEW_LEADS = (1, 2, 2, 3, 6, 8)
GAIN_SD = 0.05  # of the logarithm; a voltage criterion survives 5 %
SHORTEST_STEPS = 20
BLEND_BETA = 0.4


def augment(row: dict[str, Any], rng: np.random.Generator, patch: int, fewer_leads: float = 0.35) -> dict[str, Any]:
    """Make a training variant of an excerpt.

    Args:
        row: an excerpt of `EvidenceDataset`, values (n_leads, n_steps, patch_samples).
        rng: source of chance.
        patch: samples per step.
        fewer_leads: how often only some of the leads are kept.

    Returns:
        A new row; `start_s` moves with the window, so that event targets stay in place.
    """
    values, mask, lead_ids = row["values"], row["mask"], row["lead_ids"]
    if rng.random() < fewer_leads and len(lead_ids) > 1:
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


def blend(rows: Sequence[dict[str, Any]], share: float, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Mix signals and finding targets of excerpts that have the same leads and length (mixup, Zhang et al. 2018).

    The greater part is a row's own. Events of a blend are unknown, as beats of both lie in it; so are findings that are
    unknown in either. Rows without findings or without a partner stay as they are.
    """
    mixed = []
    for row, place in zip(rows, rng.permutation(len(rows)), strict=True):
        wanted, part = rng.random() < share, rng.beta(BLEND_BETA, BLEND_BETA)
        blended = wanted and _alike(row, rows[place])
        mixed.append(_blended(row, rows[place], np.float32(max(part, 1 - part))) if blended else row)
    return mixed


def _alike(row: dict[str, Any], other: dict[str, Any]) -> bool:
    same = row["values"].shape == other["values"].shape and np.array_equal(row["lead_ids"], other["lead_ids"])
    return same and bool(((row["labels"] >= 0) & (other["labels"] >= 0)).any())


def _blended(row: dict[str, Any], other: dict[str, Any], part: np.float32) -> dict[str, Any]:
    known = (row["labels"] >= 0) & (other["labels"] >= 0)
    return row | {
        "values": part * row["values"] + (1 - part) * other["values"],
        "mask": row["mask"] & other["mask"] | ~(row["mask"] & other["mask"]).any(axis=1, keepdims=True),
        "labels": np.where(known, part * row["labels"] + (1 - part) * other["labels"], -1),
        "known_events": np.zeros_like(row["known_events"]),
        "events": row["events"][:0],
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
