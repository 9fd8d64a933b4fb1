"""Fit the delineator's weights to the training records of LUDB (about four minutes on one core).

    python -m anyecg.measure.fit LUDB_FOLDER [--out anyecg/measure/waves.npz]

Each record is seen whole and by single beats, in all leads and in random subsets of them (the reference is then
that of the subset), at lower sampling rates, stretched in time and with noise, so that the delineator learns
none of these by heart.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.signal import butter, sosfilt
from torch import nn

from ..record import EcgRecord, resample
from .average import AFTER_S, BEFORE_S, RATE, AverageBeat, average_beat, clean, rr_around
from .beats import detect_r_peaks, usable_leads
from .features import STEP, features
from .kinds import classify_beats
from .ludb import AnnotatedRecord, read_ludb, reference, shifted, split_ludb
from .waves import WEIGHTS

HIDDEN = 16
EPOCHS = 24
BATCH = 64
LEARNING_RATE = 6e-3
VIEWS = 8
"""How many random views are taken of every record."""
BEATS_PER_VIEW = 4
FASTER = 0.35
"""Share of the averages that are turned into a tachycardia."""
SPREAD_MS = (8.0, 12.0, 8.0, 5.0, 6.0, 16.0, 10.0, 10.0)
"""Standard deviation of the target around each fiducial: how far cardiologists differ from each other."""
UNKNOWN = np.inf
"""Target of a wave that lies beyond the marked part of a record; NaN is a wave that is not there."""


class Delineator(nn.Module):
    """The network of `waves._network`, to be trained."""

    def __init__(self, curves: int) -> None:
        super().__init__()
        self.near = nn.Conv1d(curves, HIDDEN, 15, dilation=2, padding=14)
        self.far = nn.Conv1d(HIDDEN, HIDDEN, 9, dilation=6, padding=24)
        self.out = nn.Conv1d(HIDDEN, 8, 1)
        self.absent = nn.Parameter(torch.zeros(2))

    def forward(self, curves: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(self.near(curves))
        return self.out(hidden + torch.relu(self.far(hidden)))


def loss_of(model: Delineator, curves: torch.Tensor, targets_ms: torch.Tensor) -> torch.Tensor:
    """Cross entropy over time and "nowhere", against a Gaussian around the marked time."""
    scores = model(curves)  # (batch, 8, n_steps)
    grid = (torch.arange(scores.shape[2]) * STEP - round(BEFORE_S * RATE)) * (1000.0 / RATE)
    nowhere = torch.full((len(curves), 8, 1), -20.0)
    nowhere = torch.cat([model.absent[0].expand(len(curves), 3, 1), nowhere[:, 3:5],
                         model.absent[1].expand(len(curves), 3, 1)], dim=1)  # fmt: skip
    log_p = torch.log_softmax(torch.cat([scores, nowhere], dim=2), dim=2)
    known = torch.isfinite(targets_ms)
    at = torch.where(known, targets_ms, 0.0)
    target = torch.exp(-0.5 * ((grid - at[..., None]) / torch.tensor(SPREAD_MS)[:, None]) ** 2)
    target = target / target.sum(2, keepdim=True).clamp_min(1e-6)
    loss = -(target * log_p[..., :-1]).sum(2) * known
    can_miss = torch.tensor([1.0, 1, 1, 0, 0, 1, 1, 1])
    return (loss - log_p[..., -1] * torch.isnan(targets_ms) * can_miss).mean()


def views_of(
    annotated: AnnotatedRecord, rng: np.random.Generator, views: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Curves and targets (ms from the R sample) of random views of one record."""
    record = annotated.record
    rows = usable_leads(record)
    peaks_s = detect_r_peaks(record, rows=rows)
    kinds, likeness = classify_beats(record, peaks_s, rows)
    usual = np.array([kind == "N" for kind in kinds]) & (likeness > 0.8)
    chosen = np.flatnonzero(usual) if usual.any() else np.arange(len(peaks_s))
    curves: list[np.ndarray] = []
    targets: list[np.ndarray] = []
    for _ in range(views):
        view, stretch = _random_view(record, rng)
        for one in (_average_example(annotated, view, stretch, peaks_s, chosen, rng),
                    *_beat_examples(annotated, view, stretch, peaks_s, rng)):  # fmt: skip
            if one is not None:
                curves.append(one[0])
                targets.append(one[1])
    return curves, targets


def _random_view(record: EcgRecord, rng: np.random.Generator) -> tuple[EcgRecord, float]:
    """The record with noise, stretched in time, at another rate and with some of its leads; and the stretch."""
    signal = record.signal.copy()
    if rng.random() < 0.4:
        noise = rng.standard_normal(signal.shape)
        if rng.random() < 0.5:
            noise = sosfilt(butter(1, [20, 120], "bandpass", fs=record.sampling_rate, output="sos"), noise, axis=1)
        signal = signal + rng.uniform(0.003, 0.03) * noise / noise.std()
    stretch = float(rng.choice([0.8, 0.9, 1.1, 1.25])) if rng.random() < 0.3 else 1.0
    view = EcgRecord(signal, record.leads, record.sampling_rate / stretch)
    if rng.random() < 0.4:
        view = resample(view, float(rng.choice([100.0, 125.0, 250.0])))
    n, kind = len(record.leads), rng.random()
    count = n if kind < 0.5 else 1 if kind < 0.75 else int(rng.integers(2, 9))
    return view.select([record.leads[k] for k in rng.permutation(n)[:count]]), stretch


Example = tuple[np.ndarray, np.ndarray]


def _average_example(
    annotated: AnnotatedRecord,
    view: EcgRecord,
    stretch: float,
    peaks_s: np.ndarray,
    chosen: np.ndarray,
    rng: np.random.Generator,
) -> Example | None:
    """The representative beat, with the marks of the beats in it."""
    average = average_beat(view, peaks_s * stretch, chosen)
    if average is None:
        return None
    marks = []
    for time_s in average.times_s / stretch:
        nearest = int(np.abs(annotated.times_s - time_s).argmin())
        if abs(annotated.times_s[nearest] - time_s) < 0.15:
            marks.append(shifted(annotated.marks[nearest], -time_s))
    if not marks:
        return None
    target = reference(marks, view.leads) * 1000 * stretch
    if rng.random() < FASTER and np.isfinite(target[3:]).all():
        return _faster(average, target, rng)
    return features(average.signal, average.r, average.rr_s, average.rr_after_s), target


def _faster(average: AverageBeat, target: np.ndarray, rng: np.random.Generator) -> Example:
    """The same beat in a tachycardia, where P and T run into each other: LUDB has next to none.

    The beat is cut from before P to after T, T is brought nearer as the root of RR (Bazett) and P a little, and the
    beat is repeated at the new interval, overlapping where it must.
    """
    rr_s = rng.uniform(0.33, 0.62)
    squeeze = min((rr_s / max(average.rr_s, 0.4)) ** 0.5, 1.0)
    qrs_on, qrs_off = target[3], target[4]
    start = (target[0] if np.isfinite(target[0]) else qrs_on) - 24
    known = np.array([start, qrs_on, qrs_off, target[7] + 24])
    moved = np.array([qrs_on + (start - qrs_on) * squeeze**0.5, qrs_on, qrs_off,
                      qrs_off + (known[3] - qrs_off) * squeeze])  # fmt: skip
    t_ms = (np.arange(average.signal.shape[1]) - average.r) * 1000 / RATE
    fast = np.zeros_like(average.signal)
    for k in range(-3, 5):
        at = np.interp(t_ms - k * rr_s * 1000, moved, known, left=np.nan, right=np.nan)
        inside = np.isfinite(at)
        for lead, beat in zip(fast, average.signal, strict=True):
            ends = np.interp([known[0], known[3]], t_ms, beat)
            line = np.interp(at[inside], known[[0, 3]], ends)
            lead[inside] += np.interp(at[inside], t_ms, beat) - line
    fast += rng.uniform(0.001, 0.006) * rng.standard_normal(fast.shape)
    return features(fast, average.r, rr_s, rr_s), np.interp(target, known, moved)


def _beat_examples(
    annotated: AnnotatedRecord, view: EcgRecord, stretch: float, peaks_s: np.ndarray, rng: np.random.Generator
) -> list[Example]:
    """Some single beats of any kind."""
    before, after = rr_around(peaks_s * stretch)
    signal, origin_s = clean(view, 0.0, view.duration_s)
    offsets = np.arange(-round(BEFORE_S * RATE), round(AFTER_S * RATE))
    distance = np.abs(annotated.times_s[None] - peaks_s[:, None])
    marked = np.flatnonzero(distance.min(axis=1) < 0.15)
    examples = []
    for k in rng.permutation(marked)[:BEATS_PER_VIEW]:
        beat = int(distance[k].argmin())
        centre = round((peaks_s[k] * stretch - origin_s) * RATE)
        at_s = (centre / RATE + origin_s) / stretch
        target = reference([shifted(annotated.marks[beat], -at_s)], view.leads) * 1000 * stretch
        if beat == 0:  # marking began in the midst of this beat
            target[:3] = np.where(np.isnan(target[:3]), UNKNOWN, target[:3])
        if beat == len(annotated.times_s) - 1:
            target[5:] = np.where(np.isnan(target[5:]), UNKNOWN, target[5:])
        window = signal[:, np.clip(centre + offsets, 0, signal.shape[1] - 1)]
        examples.append((features(window, -offsets[0], before[k], after[k]), target))
    return examples


def fit(curves: np.ndarray, targets_ms: np.ndarray, *, epochs: int = EPOCHS, seed: int = 0) -> Delineator:
    """Train on examples; AdamW with one learning-rate cycle."""
    torch.manual_seed(seed)
    x, y = torch.from_numpy(curves), torch.from_numpy(targets_ms.astype(np.float32))
    model = Delineator(curves.shape[1])
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=1e-2)
    batches = max(len(x) // BATCH, 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, epochs * batches)
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for batch in order[: batches * BATCH].split(BATCH):
            loss = loss_of(model, x[batch], y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model


def save(model: Delineator, path: Path) -> None:
    """Store the weights as plain arrays, for `waves._weights`."""
    np.savez(path, **{name: value.detach().numpy() for name, value in model.state_dict().items()})


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ludb", type=Path, help="folder with LUDB's .hea, .dat and annotation files")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args(argv)
    rng = np.random.default_rng(1)
    curves: list[np.ndarray] = []
    targets: list[np.ndarray] = []
    for name in split_ludb(args.ludb)[0]:
        more_curves, more_targets = views_of(read_ludb(args.ludb, name), rng, VIEWS)
        curves += more_curves
        targets += more_targets
    save(fit(np.stack(curves), np.stack(targets)), args.out)


if __name__ == "__main__":
    main()
