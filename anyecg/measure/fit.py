"""Fit the delineator's weights to LUDB's training records and to PTB-XL's rhythm labels (minutes on one core).

    python -m anyecg.measure.fit DATA [--out anyecg/measure/waves.npz]

DATA holds `ludb/data`, `nstdb` (noise) and `ptb-xl` (compact folds). Only LUDB gives places; PTB-XL's folds 1-8 only
say whether there is a P wave, also in sinus tachycardia, of which LUDB has little.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .average import BEFORE_S, RATE
from .features import LEAD_CURVES, SHARED_CURVES, STEP
from .fit_examples import Example, RealNoise, ludb_examples, ptbxl_examples
from .ludb import read_ludb, split_ludb
from .waves import DILATIONS, WEIGHTS

WIDTH = 24
EPOCHS = 12
BATCH = 24
LEARNING_RATE = 4e-3
VIEWS = 4
"""How many random views are taken of every LUDB record."""
HELD_OUT = slice(5, None, 8)
"""These of LUDB's training records are not fitted on: on them the settings of `waves` and `delineate` were chosen."""
SPREAD_MS = (8.0, 12.0, 8.0, 5.0, 6.0, 16.0, 10.0, 10.0)
"""Standard deviation of the target around each fiducial: how far cardiologists differ from each other."""
CAN_BE_ABSENT = (1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0)
logger = logging.getLogger(__name__)


class _Convolution(nn.Conv1d):
    """A one-dimensional convolution that torch computes twice as fast on a CPU."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        stride, padding, dilation = (1, self.stride[0]), (0, int(self.padding[0])), (1, self.dilation[0])
        weight = self.weight.unsqueeze(2)
        return functional.conv2d(flat, weight, self.bias, stride, padding, dilation).squeeze(2)


class Delineator(nn.Module):
    """The network of `waves.network`, to be trained."""

    def __init__(self, shared: int = SHARED_CURVES, own: int = LEAD_CURVES, width: int = WIDTH) -> None:
        super().__init__()
        self.shared = _Convolution(shared, width, 9, stride=2, padding=4)
        self.own = _Convolution(own, width, 9, stride=2, padding=4, bias=False)
        self.trunk = nn.ModuleList([_Convolution(width, width, 5, dilation=d, padding=2 * d) for d in DILATIONS])
        self.lead = _Convolution(width, 16, 3, padding=1)
        self.pool = _Convolution(3 * width, width, 5, padding=2)
        self.mix = _Convolution(width, width, 5, dilation=3, padding=6)
        self.out = _Convolution(width, 16, 3, padding=1)
        self.absent = nn.Parameter(torch.zeros(2, 2))
        """Rows: over all leads, in a lead; columns: no P, no T."""

    def forward(self, shared: torch.Tensor, own: torch.Tensor, beat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores over all leads (n_beats, 8, n) and in each (n_rows, 8, n).

        Args:
            shared: (n_beats, 13, n).
            own: (n_rows, 8, n), the leads of all beats one after the other.
            beat: (n_rows,) which beat each row belongs to.
        """
        start = self.shared(shared)
        x = torch.relu(start[beat] + self.own(own))
        for layer in self.trunk:
            x = x + torch.relu(layer(x))
        pooled = torch.cat([*_pooled(x, beat, len(shared)), torch.relu(start)], dim=1)
        y = torch.relu(self.pool(pooled))
        y = y + torch.relu(self.mix(y))
        return _interleaved(self.out(y)), _interleaved(self.lead(x))


def _pooled(x: torch.Tensor, beat: torch.Tensor, n_beats: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and maximum over the leads of each beat."""
    zeros = x.new_zeros(n_beats, *x.shape[1:])
    count = torch.bincount(beat, minlength=n_beats)[:, None, None]
    highest = zeros.scatter_reduce(0, beat[:, None, None].expand_as(x), x, "amax", include_self=False)
    return zeros.index_add(0, beat, x) / count, highest


def _interleaved(x: torch.Tensor) -> torch.Tensor:
    return x.view(len(x), 8, 2, -1).transpose(2, 3).reshape(len(x), 8, -1)


def loss_of(scores: torch.Tensor, absent: torch.Tensor, targets_ms: torch.Tensor) -> torch.Tensor:
    """Cross entropy over time and "nowhere", against a Gaussian around the marked time.

    Args:
        scores: (n_rows, 8, n).
        absent: scores of "no P", "no T".
        targets_ms: (n_rows, 8) from the R sample, or one of `fit_examples`'s ABSENT, UNKNOWN, SOMEWHERE.
    """
    grid = (torch.arange(scores.shape[2]) * STEP - round(BEFORE_S * RATE)) * (1000.0 / RATE)
    never = torch.full((len(scores), 2, 1), -20.0)
    nowhere = torch.cat([absent[0].expand(len(scores), 3, 1), never, absent[1].expand(len(scores), 3, 1)], dim=1)
    log_p = torch.log_softmax(torch.cat([scores, nowhere], dim=2), dim=2)
    known = torch.isfinite(targets_ms)
    at = torch.where(known, targets_ms, 0.0)
    target = torch.exp(-0.5 * ((grid - at[..., None]) / torch.tensor(SPREAD_MS)[:, None]) ** 2)
    target = target / target.sum(2, keepdim=True).clamp_min(1e-6)
    loss = -(target * log_p[..., :-1]).sum(2) * known
    loss = loss - log_p[..., -1] * torch.isnan(targets_ms) * torch.tensor(CAN_BE_ABSENT)
    somewhere = torch.log1p(-log_p[..., -1].exp().clamp(max=0.9999))
    return (loss - somewhere * torch.isneginf(targets_ms)).mean()


def fit(examples: Sequence[Example], *, epochs: int = EPOCHS, seed: int = 0) -> Delineator:
    """Train on examples; AdamW with one learning-rate cycle, forward in bfloat16."""
    torch.manual_seed(seed)
    model = Delineator()
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=2e-2)
    batches = -(-len(examples) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, epochs * batches)
    for epoch in range(epochs):
        losses = []
        for chosen in torch.randperm(len(examples)).split(BATCH):
            loss = _batch_loss(model, [examples[k] for k in chosen.tolist()])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimizer.step()
            schedule.step()
            losses.append(float(loss))
        logger.info("epoch %d of %d: loss %.3f", epoch + 1, epochs, np.mean(losses))
    return model


def _batch_loss(model: Delineator, examples: Sequence[Example]) -> torch.Tensor:
    """Loss over all leads plus loss in each lead."""
    beat = torch.repeat_interleave(torch.tensor([len(example.own) for example in examples]))
    shared = torch.from_numpy(np.stack([example.shared for example in examples]))
    own = torch.from_numpy(np.concatenate([example.own for example in examples]))
    targets = torch.from_numpy(np.stack([example.targets for example in examples])).float()
    lead_targets = torch.from_numpy(np.concatenate([example.lead_targets for example in examples])).float()
    with torch.autocast("cpu", torch.bfloat16):
        over_all, leads = model(shared, own, beat)
    return loss_of(over_all.float(), model.absent[0], targets) + loss_of(leads.float(), model.absent[1], lead_targets)


def save(model: Delineator, path: Path) -> None:
    """Store the weights as plain arrays, for `waves._weights`."""
    arrays: dict[str, np.ndarray] = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    np.savez(path, **arrays)  # type: ignore[arg-type]


def examples_of(data: Path, names: Iterable[str], views: int = VIEWS) -> list[Example]:
    """Views of these LUDB records, and the PTB-XL averages."""
    rng = np.random.default_rng(1)
    noise = RealNoise(data / "nstdb")
    examples: list[Example] = []
    for name in names:
        examples += ludb_examples(read_ludb(data / "ludb" / "data", name), noise, rng, views)
    return examples + list(ptbxl_examples(data / "ptb-xl", rng))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with ludb/data, nstdb and ptb-xl")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    names = split_ludb(args.data / "ludb" / "data")[0]
    held_out = names[HELD_OUT]
    examples = examples_of(args.data, [name for name in names if name not in held_out])
    logger.info("%d examples, %d leads", len(examples), sum(len(example.own) for example in examples))
    save(fit(examples), args.out)


if __name__ == "__main__":
    main()
