"""Fit the network of `placement` on PTB-XL with seeded exchanges: folds 1-7 train, fold 8 sets the margins.

    python -m anyecg.measure.placement_fit PTBXL_FOLDER [--out placement.npz]

The network gives one number for how well P, QRS and T waves of the leads fit together; of all exchanges of a record,
the record as it came shall have the highest (cross-entropy over the exchanges), so each record teaches every exchange.
Leads are left out at random, that a few suffice. Needs torch, and the compact folds (`records100_fold01.npz`, ...).
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import numpy as np

from ..record import EcgRecord
from .average import average_beat
from .beats import detect_r_peaks, usable_leads
from .intervals import regularity
from .kinds import classify_beats
from .placement import CHEST_KINDS, KINDS, LIMB_KINDS, SEEN_LEADS, WEIGHTS, concerned_leads, undo, wave_points
from .pwave import has_p_wave
from .quality import signal_quality
from .report import representative
from .waves import wave_times

logger = logging.getLogger(__name__)
FOLD_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
SEEDS, EPOCHS, BATCH = (1, 2), 50, 128
HIDDEN = (128, 48)
FALSE_ALARMS = 0.018
"""Share of fold 8, all records, whose best exchange exceeds the margin; wide QRS and missing P take some of it away."""


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="PTB-XL folder with records100_foldNN.npz")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    train = np.concatenate([points_of_fold(args.folder, fold) for fold in range(1, 8)])
    networks = [train_network(train, seed) for seed in SEEDS]
    save(args.out, networks, points_of_fold(args.folder, 8))


def read_fold(folder: Path, fold: int) -> tuple[np.ndarray, np.ndarray]:
    """PTB-XL's compact fold: ecg_id (n,), and signal (n, 8, 1000) in mV of FOLD_LEADS at 100 Hz."""
    with np.load(folder / f"records100_fold{fold:02d}.npz", allow_pickle=False) as stored:
        steps = (stored["high"].astype(np.int16) << 8 | stored["low"]).astype(np.int16)
        return stored["ecg_id"], np.cumsum(steps, axis=2, dtype=np.int32).astype(np.float32) * 0.005


def points_of_fold(folder: Path, fold: int) -> np.ndarray:
    """Wave points of every record with a representative beat, (n, 9, 38)."""
    points = [_points(EcgRecord(signal, FOLD_LEADS, 100.0)) for signal in read_fold(folder, fold)[1]]
    logger.info("fold %d: %d records", fold, len(points))
    return np.stack([one for one in points if one is not None]).astype(np.float32)


def _points(record: EcgRecord) -> np.ndarray | None:
    rows = usable_leads(record, signal_quality(record))
    peaks_s = detect_r_peaks(record, rows=rows)
    if len(peaks_s) < 2:
        return None
    kinds, likeness = classify_beats(record, peaks_s, rows)
    average = average_beat(record, peaks_s, representative(kinds, likeness))
    if average is None:
        return None
    waves = wave_times(average)
    lead = dict(zip(record.leads, average.signal, strict=True))
    lead["III"] = lead["II"] - lead["I"]
    return wave_points(lead, waves, has_p_wave(average, waves, regularity(peaks_s, kinds)))[0]


def train_network(points: np.ndarray, seed: int) -> Any:
    """Train one network; see the file's docstring for what it learns."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    n_in = points[0].size + len(SEEN_LEADS)
    network = nn.Sequential(
        nn.Linear(n_in, HIDDEN[0]), nn.ReLU(), nn.Dropout(0.1), nn.Linear(*HIDDEN), nn.ReLU(), nn.Linear(HIDDEN[1], 1)
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    n_steps = EPOCHS * (len(points) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=n_steps)
    for epoch in range(EPOCHS):
        order = rng.permutation(len(points))
        for first in range(0, len(order) - BATCH + 1, BATCH):
            seen, there = _disturb(points[order[first : first + BATCH]], rng)
            loss = nn.functional.cross_entropy(fits(network, seen, there), torch.zeros(BATCH, dtype=torch.long))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        logger.info("seed %d epoch %d loss %.3f", seed, epoch, loss.item())
    return network.eval()


def _disturb(points: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Vary the amplitudes, hide the P wave of some, and leave out leads: the chest, the limbs or one chest lead."""
    n = len(points)
    seen = points * rng.normal(1, 0.05, (n, 9, 1)) + rng.normal(0, 0.03, points.shape)
    seen[:, 2] = seen[:, 1] - seen[:, 0]
    seen[rng.random(n) < 0.1, :, :8] = 0
    there = np.ones((n, 9))
    drawn = rng.random(n)
    there[drawn < 0.12, 3:] = 0
    there[(drawn >= 0.12) & (drawn < 0.20), :3] = 0
    one = np.flatnonzero((drawn >= 0.20) & (drawn < 0.32))
    there[one, rng.integers(3, 9, len(one))] = 0
    return seen.astype(np.float32), there.astype(np.float32)


def fits(network: Any, points: np.ndarray, there: np.ndarray) -> Any:
    """How well each record fits with each exchange of KINDS undone, tensor (n, n_kinds); impossible ones are lowest."""
    import torch

    matrices = torch.tensor(np.stack([undo(kind) for kind in KINDS]), dtype=torch.float32)
    views = torch.einsum("hij,bjp->bhip", matrices, torch.tensor(points * there[:, :, None])).flatten(2)
    known = torch.tensor(there)[:, None].expand(-1, len(KINDS), -1)
    needed = np.array([[lead in concerned_leads(kind) for lead in SEEN_LEADS] for kind in KINDS])
    impossible = torch.tensor((needed[None] & (there[:, None] < 0.5)).any(axis=2))
    return network(torch.cat([views, known], dim=2))[..., 0].masked_fill(impossible, -1e4)


def save(path: Path, networks: list[Any], points: np.ndarray) -> None:
    """Store weights (float16) and the margins that hold FALSE_ALARMS on `points`."""
    import torch

    arrays: dict[str, Any] = {}
    for n, network in enumerate(networks):
        layers = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
        for k, layer in enumerate(layers):
            arrays[f"w{n}{k}"] = layer.weight.detach().numpy().T.astype(np.float16)
            arrays[f"b{n}{k}"] = layer.bias.detach().numpy().astype(np.float16)
    arrays |= {"count": np.array(len(networks)), "depth": np.array(len(layers))}
    for name, kept in (("limbs", LIMB_KINDS), ("chest", CHEST_KINDS), ("all", (*LIMB_KINDS, *CHEST_KINDS))):
        there = np.ones((len(points), 9), dtype=np.float32)
        there[:, 3:] = name != "limbs"
        there[:, :3] = name != "chest"
        with torch.no_grad():
            fit = sum(fits(network, points, there).numpy() for network in networks) / len(networks)
        columns = [KINDS.index(kind) for kind in kept]
        best = (fit[:, columns] - fit[:, :1]).max(axis=1)
        arrays[f"margin_{name}"] = np.array(np.quantile(best, 1 - FALSE_ALARMS), dtype=np.float32)
        logger.info("margin with %s leads: %.2f", name, arrays[f"margin_{name}"])
    np.savez(path, **arrays)


if __name__ == "__main__":
    main()
