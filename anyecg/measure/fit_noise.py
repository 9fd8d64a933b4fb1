"""Fit the weights that tell disturbed windows of a lead (some minutes on one core).

    python -m anyecg.measure.fit_noise [--records 10000] [--out anyecg/measure/noise.npz]

Learns from simulated records, whose heavy spells are known by time and lead: all that have one, each with three drawn
sets of leads, and a share of those without. Some of these are shaken, more abruptly and louder than the simulator does,
and in some nothing was recorded at the end, which is no noise.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..leads import STANDARD_LEADS
from ..record import EcgRecord
from ..simulate import simulate
from .noise_net import MOST, WEIGHTS, net_inputs
from .noise_spells import levels_of
from .quality import signal_quality
from .report import beats_of

SEED = 31_000_003
SHAPES = ((STANDARD_LEADS, 500.0, 10.0, 0.75), (("MLII", "V1"), 250.0, 15.0, 0.15), (("II", "V5"), 125.0, 10.0, 0.1))
"""Leads, rate in Hz and length in s, each with its share of the records."""
VIEWS, CLEAN = 3, 0.12
"""Drawn sets of leads of a record with spells; share of the records without one, and of the windows outside, that is
learnt from (the constant is put right for the windows)."""
OUTSIDE = 0.35
SHAKEN, UNRECORDED = 0.3, 0.1
"""Shares of the records without a spell that are shaken, and that end early."""
HIDDEN, EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 16, 16, 512, 5e-3, 1e-2


def examples(records: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Inputs of the network and whether there is a spell, window by window, from every view of simulated records."""
    rng = random.Random(SEED)
    for k, (leads, rate, duration_s, share) in enumerate(SHAPES):
        for ecg in simulate(
            round(share * records), seed=SEED + k, sampling_rate=rate, duration_s=duration_s, leads=leads
        ):
            noisy = any(event["kind"] == "noise" for event in ecg.events)
            for _ in range(VIEWS if noisy else int(rng.random() < CLEAN)):
                record = ecg.record.select(_some(leads, rng))
                spells = [event for event in ecg.events if event["kind"] == "noise"]
                if not noisy and (draw := rng.random()) < SHAKEN + UNRECORDED:
                    record, spells = _shaken(record, rng) if draw < SHAKEN else (_ended(record, rng), [])
                yield _windows(record, spells)


def _some(leads: tuple[str, ...], rng: random.Random) -> list[str]:
    """All leads, one, or some, as records have them."""
    count = rng.choice((len(leads), 1, min(len(leads), rng.choice((2, 3, 6)))))
    return sorted(rng.sample(leads, count), key=leads.index)


def _shaken(record: EcgRecord, rng: random.Random) -> tuple[EcgRecord, list[dict[str, Any]]]:
    """Some leads swing and shiver from one sample to the next."""
    draw = np.random.default_rng(rng.randrange(2**32))
    length = rng.uniform(0.5, 4.0)
    start_s = rng.uniform(0.0, record.duration_s - length)
    first, n = round(start_s * record.sampling_rate), round(length * record.sampling_rate)
    rows = sorted(rng.sample(range(len(record.leads)), rng.randint(1, len(record.leads))))
    knots = draw.normal(0, rng.uniform(0.2, 1.0), (len(rows), max(round(length * rng.uniform(3.0, 9.0)), 3)))
    swing = [np.interp(np.arange(n), np.linspace(0, n, len(row)), row) for row in knots]
    signal = record.signal.copy()
    signal[rows, first : first + n] += np.array(swing) + draw.normal(0, rng.uniform(0.02, 0.1), (len(rows), n))
    leads = [record.leads[k] for k in rows]
    return replace(record, signal=signal), [{"start_s": start_s, "end_s": start_s + length, "leads": leads}]


def _ended(record: EcgRecord, rng: random.Random) -> EcgRecord:
    """The record with zeros behind it."""
    n = round(rng.uniform(1.0, 5.0) * record.sampling_rate)
    return replace(record, signal=np.pad(record.signal, ((0, 0), (0, n))))


def _windows(record: EcgRecord, spells: Sequence[Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    pieces, step_s = levels_of(record, beats_of(record, signal_quality(record)))
    inputs = np.concatenate([net_inputs(piece) for piece in pieces], axis=1)
    middle = (np.arange(inputs.shape[1]) + 0.5) * step_s
    there = np.zeros(inputs.shape[:2], dtype=bool)
    for spell in spells:
        rows = [k for k, lead in enumerate(record.leads) if not spell["leads"] or lead in spell["leads"]]
        there[rows] |= (middle >= spell["start_s"]) & (middle < spell["end_s"])
    return inputs.reshape(-1, inputs.shape[2]), there.ravel()


def fit(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Weights of the network.

    Args:
        x: inputs, (n, n_inputs).
        y: whether there is a spell, (n,).
    """
    torch.manual_seed(0)
    kept = y | (np.random.default_rng(0).random(len(y)) < OUTSIDE)
    x, y = x[kept], y[kept]
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-3
    inputs = torch.from_numpy(np.clip((x - mean) / scale, -MOST, MOST).astype(np.float32))
    labels = torch.from_numpy(y.astype(np.float32))
    hidden, out = torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, 1)
    parameters = [*hidden.parameters(), *out.parameters()]
    optimizer = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * (len(labels) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(labels))[: len(labels) // BATCH * BATCH].reshape(-1, BATCH):
            scores = out(torch.relu(hidden(inputs[batch])))[:, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return {
        "mean": mean, "scale": scale, "hidden.weight": hidden.weight.detach().numpy(),
        "hidden.bias": hidden.bias.detach().numpy(), "out.weight": out.weight.detach().numpy(),
        "out.bias": out.bias.detach().numpy() + np.float32(np.log(OUTSIDE)),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000, help="simulated records to draw from")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    x, y = (np.concatenate(part) for part in zip(*examples(args.records), strict=True))
    weights: dict[str, Any] = fit(x, y)
    np.savez_compressed(args.out, **weights)
    print(f"{len(y)} windows of leads, {100 * y.mean():.1f} % of them disturbed; weights in {args.out}.")


if __name__ == "__main__":
    main()
