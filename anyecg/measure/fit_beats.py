"""Fit the weights of the QRS detector (about eight minutes on one core).

    python -m anyecg.measure.fit_beats DATA_FOLDER [--out anyecg/measure/beats.npz]

DATA_FOLDER holds mitdb/ (only DS1 is read: marked beats) and ptb-xl/ (only folds 1-8: beats found by slope energy in
all twelve leads, kept where chest or limb leads alone give the same). Simulated records add bigeminy, fast and slow
rhythms, bundle-branch block. Every example is seen in one to six random leads, stretched in time and with made-up
noise; recorded noise is kept for the benchmark.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..leads import STANDARD_LEADS
from ..record import EcgRecord
from ..simulate import simulate
from .beat_net import DILATIONS, STEP_HZ, TAPS, WEIGHTS, lead_curves
from .slope_energy import peaks_by_energy

DS1 = ("101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122", "124", "201", "203", "205", "207",
       "208", "209", "215", "220", "223", "230")  # fmt: skip
"""Training records of the AAMI inter-patient division (de Chazal et al. 2004)."""
BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")
EXCERPT_S = 10.0
LEAD_CHANNELS, CHANNELS = 12, 20
EPOCHS, BATCH, LEARNING_RATE = 7, 64, 4e-3
NEAR_S = 0.02
"""Standard deviation of the target around an R peak."""
CONDITIONS = (None, None, ["BIGU"], ["TRIGU"], ["PVC"], ["PAC"], ["AFIB"], ["SVTAC"], ["SBRAD"], ["STACH"], ["3AVB"],
              ["CLBBB"], ["CRBBB"], ["LVOLT"], ["STE_"], ["AFLT"], ["RVH"])  # fmt: skip
Example = tuple[np.ndarray, float, np.ndarray, np.ndarray]
"""Signal (n_leads, n) mV, its rate, R peaks in s, and spans (n, 2) in s where nothing is said."""


class BeatNet(nn.Module):
    """The network of `beat_net.qrs_scores`, to be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.lead = nn.Conv1d(1, LEAD_CHANNELS, 7, padding=3)
        self.slow = nn.Conv1d(LEAD_CHANNELS, LEAD_CHANNELS, 7, stride=2, padding=3)
        self.join = nn.Conv1d(2 * LEAD_CHANNELS, CHANNELS, TAPS, padding=TAPS // 2)
        self.wide = nn.ModuleList(
            nn.Conv1d(CHANNELS, CHANNELS, TAPS, dilation=d, padding=d * (TAPS // 2)) for d in DILATIONS
        )
        self.out = nn.Conv1d(CHANNELS, 1, 1)

    def forward(self, curves: torch.Tensor) -> torch.Tensor:
        """Log-odds (batch, n / 2) from curves (batch, n_leads, n)."""
        batch, leads, n = curves.shape
        hidden = torch.relu(self.slow(torch.relu(self.lead(curves.reshape(batch * leads, 1, n)))))
        hidden = hidden.reshape(batch, leads, LEAD_CHANNELS, -1)
        hidden = torch.relu(self.join(torch.cat([hidden.mean(1), hidden.amax(1)], dim=1)))
        for layer in self.wide:
            hidden = hidden + torch.relu(layer(hidden))
        return self.out(hidden)[:, 0]


def mitdb_examples(folder: Path, names: tuple[str, ...]) -> Iterator[Example]:
    """Excerpts of 10 s of MIT-BIH records with their marked beats; flutter without beats is left unsaid."""
    import wfdb

    for name in names:
        stored, marks = wfdb.rdrecord(str(folder / name)), wfdb.rdann(str(folder / name), "atr")
        symbols, times = np.array(marks.symbol), marks.sample / stored.fs
        peaks = times[np.isin(symbols, list(BEATS))]
        unsaid = np.stack([times[symbols == "["], times[symbols == "]"]], axis=1)
        width = int(EXCERPT_S * stored.fs)
        for first in range(0, stored.p_signal.shape[0] - width, width):
            start = first / stored.fs
            inside = peaks[(peaks >= start) & (peaks < start + EXCERPT_S)] - start
            piece = stored.p_signal[first : first + width].T.astype(np.float32)
            yield piece, float(stored.fs), inside, unsaid - start


def ptbxl_examples(folder: Path, per_fold: int) -> Iterator[Example]:
    """Records of folds 1-8, twelve leads, whose beats are beyond doubt."""
    for fold in range(1, 9):
        with np.load(folder / f"records100_fold{fold:02d}.npz", allow_pickle=False) as stored:
            steps = (stored["high"][:per_fold].astype(np.int16) << 8 | stored["low"][:per_fold]).astype(np.int16)
        for eight in np.cumsum(steps, axis=2, dtype=np.int32).astype(np.float32) * 0.005:
            peaks = _agreed_peaks(EcgRecord(eight, ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), 100.0))
            if peaks is not None:
                i, ii = eight[0], eight[1]
                limb = np.stack([ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2])
                yield np.concatenate([eight, limb]), 100.0, peaks, np.empty((0, 2))


def _agreed_peaks(record: EcgRecord) -> np.ndarray | None:
    """Beats found in all leads, if the limb leads or the chest leads alone show the same ones."""
    every = peaks_by_energy(record, list(range(8)))
    for rows in ([0, 1], list(range(2, 8))):
        some = peaks_by_energy(record, rows)
        if len(some) == len(every) > 2 and np.abs(some - every).max() < 0.06:
            return every
    return None


def simulated_examples(per_condition: int) -> Iterator[Example]:
    """Simulated records of many conditions, half of them with the rhythm of a faster or slower heart."""
    for seed, condition in enumerate(CONDITIONS):
        for ecg in simulate(per_condition, seed=7000 + seed, sampling_rate=100.0, leads=STANDARD_LEADS,
                            conditions=condition):  # fmt: skip
            peaks = np.array([beat["time_s"] for beat in ecg.beats])
            yield ecg.record.signal, 100.0, peaks, np.empty((0, 2))


def views_of(example: Example, rng: np.random.Generator, leads: int, n: int) -> tuple[np.ndarray, ...]:
    """Curves (leads, n) at 100 Hz, target and weight (n / 2,) of a random view of an example."""
    signal, rate, peaks, unsaid = example
    stretch = float(np.exp(rng.uniform(-0.35, 0.35))) if rng.random() < 0.5 else 1.0
    rows = rng.permutation(len(signal))[:leads]
    rows = np.resize(rows, leads)
    noisy = signal[rows] + _noise(rng, leads, signal.shape[1], rate, np.ptp(signal[rows], axis=1))
    curves = lead_curves(noisy.astype(float), rate / stretch)
    curves = curves * rng.choice([-1, 1], (leads, 1)).astype(np.float32)
    width = min(curves.shape[1], n)
    first = int(rng.integers(0, curves.shape[1] - width + 1)) // 2 * 2
    out = np.zeros((leads, n), dtype=np.float32)
    out[:, :width] = curves[:, first : first + width]
    at = np.arange(n // 2) / STEP_HZ + first / 100.0
    gap = np.abs(at[:, None] - peaks * stretch).min(axis=1, initial=9.0)
    weight = (np.arange(n // 2) < width // 2) & (at > 0.1) & (at < (first + width) / 100.0 - 0.1)
    for start, end in unsaid * stretch:
        weight &= (at < start - 0.3) | (at > end + 0.3)
    return out, np.exp(-0.5 * (gap / NEAR_S) ** 2).astype(np.float32), weight.astype(np.float32)


def _noise(rng: np.random.Generator, leads: int, n: int, rate: float, span: np.ndarray) -> np.ndarray:
    """Nothing, or muscle-like, wander-like and step-like noise on some leads for some time, by their own size."""
    if rng.random() < 0.4:
        return np.zeros((leads, n))
    white = rng.standard_normal((leads, n))
    kind = rng.random()
    if kind < 0.5:
        noise = white
    elif kind < 0.8:
        noise = np.cumsum(white, axis=1) * np.sqrt(1 / rate)
    else:
        noise = np.cumsum(white * (rng.random((leads, n)) < 3 / rate), axis=1) + 0.3 * white
    size = span * rng.choice([0.01, 0.03, 0.08, 0.2], leads) * rng.random(leads)
    start, end = np.sort(rng.uniform(-0.3, 1.3, 2)) * n
    burst = (np.arange(n) >= start) & (np.arange(n) < end)
    return noise * size[:, None] / max(float(noise.std()), 1e-6) * burst


def batches(examples: list[Example], rng: np.random.Generator) -> Iterator[tuple[torch.Tensor, ...]]:
    """Random views in batches; each batch has its own number of leads."""
    order = rng.permutation(len(examples))
    for first in range(0, len(order) - BATCH + 1, BATCH):
        leads = int(rng.choice([1, 1, 1, 2, 2, 3, 6]))
        views = [views_of(examples[k], rng, leads, 800) for k in order[first : first + BATCH]]
        yield tuple(torch.from_numpy(np.stack(column)) for column in zip(*views, strict=True))


def fit(examples: list[Example], epochs: int = EPOCHS, seed: int = 0) -> BeatNet:
    """Train with Adam and a falling rate on weighted cross entropy."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = BeatNet()
    steps = epochs * (len(examples) // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=max(steps, 1))
    for epoch in range(epochs):
        losses = []
        for curves, target, weight in batches(examples, rng):
            loss = nn.functional.binary_cross_entropy_with_logits(model(curves), target, weight)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}", flush=True)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    examples = [*mitdb_examples(args.data / "mitdb", DS1), *ptbxl_examples(args.data / "ptb-xl", 300),
                *simulated_examples(70)]  # fmt: skip
    noise = np.random.default_rng(1)
    examples += [(noise.standard_normal((3, 1000)), 100.0, np.empty(0), np.empty((0, 2))) for _ in range(150)]
    model = fit(examples)
    np.savez_compressed(args.out, **{k: v.detach().numpy().astype(np.float16) for k, v in model.state_dict().items()})


if __name__ == "__main__":
    main()
