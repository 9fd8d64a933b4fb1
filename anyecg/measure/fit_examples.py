"""Examples for `fit`: views of LUDB's training records with their marks, and PTB-XL averages with or without a P wave.

Each LUDB record is seen as representative and as single beats, in all leads and in random subsets of them (the
global marks are then those of the subset), at lower sampling rates, stretched in time, with white noise or real muscle
and electrode noise (nstdb), and as a tachycardia, so that the delineator learns none of these by heart.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.io
from scipy.signal import resample_poly

from ..record import EcgRecord, resample
from .average import AFTER_S, BEFORE_S, RATE, AverageBeat, average_beat, clean, rr_around
from .beats import detect_r_peaks, usable_leads
from .features import features
from .kinds import classify_beats
from .ludb import AnnotatedRecord, lead_marks, over_leads, typical_marks
from .report import representative

BEATS_PER_VIEW = 5
FASTER = 0.6
"""Share of the views in which the representative beat is also turned into a tachycardia."""
ABSENT, UNKNOWN, SOMEWHERE = np.nan, np.inf, -np.inf
"""Targets that are no time: a wave that is not there, one nobody marked, and one that is there, place unknown."""
RHYTHMS = {"STACH": 500, "AFIB": 350, "SR": 250, "SARRH": 60, "SBRAD": 40}
"""How many PTB-XL records of each rhythm teach whether there is a P wave; in AFIB there is none."""
PTBXL_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
JITTER = 5
"""Samples by which the centre of a single beat is moved."""


@dataclass(frozen=True)
class Example:
    """A beat and what is known of it."""

    shared: np.ndarray
    """(13, n) curves of all leads."""
    own: np.ndarray
    """(n_leads, 8, n) curves of each."""
    targets: np.ndarray
    """(8,) global fiducials in ms from the R sample, or ABSENT, UNKNOWN, SOMEWHERE."""
    lead_targets: np.ndarray
    """(n_leads, 8) fiducials of each lead."""


class RealNoise:
    """Muscle and electrode-motion noise of nstdb at 500 Hz, unit variance."""

    def __init__(self, folder: Path) -> None:
        self._noises = [self._read(folder, name) for name in ("MA", "EM")]

    @staticmethod
    def _read(folder: Path, name: str) -> np.ndarray:
        samples = scipy.io.loadmat(folder / f"{name}.mat")[name].T.astype(float)
        return np.asarray(resample_poly(samples, 25, 18, axis=1))  # from 360 Hz

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Noise of shape (n_leads, n_samples), each lead from another place."""
        rows = []
        for _ in range(shape[0]):
            noise = self._noises[int(rng.random() > 0.6)]
            first = int(rng.integers(noise.shape[1] - shape[1]))
            row = noise[int(rng.integers(len(noise))), first : first + shape[1]]
            rows.append((row - row.mean()) / (row.std() + 1e-9))
        return np.stack(rows)


def ludb_examples(
    annotated: AnnotatedRecord, noise: RealNoise, rng: np.random.Generator, views: int
) -> Iterator[Example]:
    """Random views of one record."""
    record = annotated.record
    rows = usable_leads(record)
    peaks_s = detect_r_peaks(record, rows=rows)
    kinds, likeness = classify_beats(record, peaks_s, rows)
    marks = lead_marks(annotated.marks, record.leads)
    for _ in range(views):
        view, stretch, chosen = _random_view(record, noise, rng)
        seen = _View(view, stretch, marks[:, chosen], annotated.times_s, peaks_s)
        yield from _single_beats(seen, rng)
        yield from _averages(seen, representative(kinds, likeness), rng)


@dataclass(frozen=True)
class _View:
    """A view of a record; times of marks and peaks are those of the record before it was stretched."""

    record: EcgRecord
    stretch: float
    marks: np.ndarray
    """(n_beats, n_leads, 8) seconds."""
    times_s: np.ndarray
    peaks_s: np.ndarray

    def marks_at(self, beat: int, time_s: float) -> np.ndarray:
        """(n_leads, 8) ms in stretched time from a time of the view."""
        return np.asarray((self.marks[beat] * self.stretch - time_s) * 1000)


def _random_view(record: EcgRecord, noise: RealNoise, rng: np.random.Generator) -> tuple[EcgRecord, float, np.ndarray]:
    """The record with noise, stretched in time, at another rate and with some of its leads; the stretch; the leads."""
    kind = rng.random()
    n = len(record.leads)
    count = n if kind < 0.35 else 1 if kind < 0.5 else int(rng.integers(2, 9))
    chosen = rng.permutation(n)[:count]
    signal = record.signal[chosen].astype(float)
    kind = rng.random()
    if kind < 0.25:
        signal += rng.uniform(0.003, 0.03) * rng.standard_normal(signal.shape)
    elif kind < 0.5:
        signal += rng.uniform(0.005, 0.05) * noise.draw(signal.shape, rng)
    stretch = float(rng.choice([0.8, 0.9, 1.1, 1.25])) if rng.random() < 0.3 else 1.0
    view = EcgRecord(signal, tuple(record.leads[k] for k in chosen), record.sampling_rate / stretch)
    if rng.random() < 0.4:
        view = resample(view, float(rng.choice([100.0, 125.0, 250.0])))
    return view, stretch, chosen


def _single_beats(view: _View, rng: np.random.Generator) -> Iterator[Example]:
    """Some single beats of any kind."""
    before, after = rr_around(view.peaks_s * view.stretch)
    signal, origin_s = clean(view.record, 0.0, view.record.duration_s)
    offsets = np.arange(-round(BEFORE_S * RATE), round(AFTER_S * RATE))
    distance = np.abs(view.times_s[None] - view.peaks_s[:, None])
    marked = np.flatnonzero(distance.min(axis=1) < 0.15)
    for k in rng.permutation(marked)[:BEATS_PER_VIEW]:
        beat = int(distance[k].argmin())
        centre = round((view.peaks_s[k] * view.stretch - origin_s) * RATE) + int(rng.integers(-JITTER, JITTER + 1))
        marks = view.marks_at(beat, centre / RATE + origin_s)
        target, own = over_leads(marks), _lead_targets(marks)
        for t in (target, *own):  # marking began and ended in the midst of a beat
            if beat == 0:
                t[:3] = np.where(np.isnan(t[:3]), UNKNOWN, t[:3])
            if beat == len(view.times_s) - 1:
                t[5:] = np.where(np.isnan(t[5:]), UNKNOWN, t[5:])
        window = signal[:, np.clip(centre + offsets, 0, signal.shape[1] - 1)]
        yield _example(window, before[k], after[k], target, own)


def _lead_targets(marks: np.ndarray) -> np.ndarray:
    """Marks of each lead with what nobody marked told from what is not there."""
    own = marks.copy()
    for part in (slice(0, 3), slice(5, 8)):
        some = np.isfinite(own[:, part]).any(axis=1, keepdims=True)
        own[:, part] = np.where(some & np.isnan(own[:, part]), UNKNOWN, own[:, part])
    own[:, 3:5] = np.where(np.isnan(own[:, 3:5]), UNKNOWN, own[:, 3:5])
    own[~np.isfinite(own[:, 3:5]).any(axis=1)] = UNKNOWN
    return own


def _averages(view: _View, chosen: np.ndarray, rng: np.random.Generator) -> Iterator[Example]:
    """The representative beat with the marks of the beats in it, and the same in a tachycardia."""
    average = average_beat(view.record, view.peaks_s * view.stretch, chosen)
    if average is None:
        return
    marks = []
    for time_s in average.times_s:
        beat = int(np.abs(view.times_s * view.stretch - time_s).argmin())
        if abs(view.times_s[beat] * view.stretch - time_s) < 0.15:
            marks.append(view.marks_at(beat, time_s))
    if not marks:
        return
    own = typical_marks(np.stack(marks))
    target, own = over_leads(own), _lead_targets(own)
    yield _example(average.signal, average.rr_s, average.rr_after_s, target, own)
    if rng.random() < FASTER and np.isfinite(target[3:]).all():
        yield _faster(average, target, own, rng)


def _faster(average: AverageBeat, target: np.ndarray, own: np.ndarray, rng: np.random.Generator) -> Example:
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

    def move(times: np.ndarray) -> np.ndarray:
        finite = np.isfinite(times)
        return np.where(finite, np.interp(np.where(finite, times, 0.0), known, moved), times)

    return _example(fast, rr_s, rr_s, move(target), move(own))


def _example(signal: np.ndarray, before_s: float, after_s: float, targets: np.ndarray, own: np.ndarray) -> Example:
    shared, curves = features(signal[None], round(BEFORE_S * RATE), np.array([before_s]), np.array([after_s]))
    return Example(shared[0], curves[0], targets, own)


def ptbxl_examples(folder: Path, rng: np.random.Generator) -> Iterator[Example]:
    """Averages of PTB-XL records of folds 1-8 (compact folds at 100 Hz): only whether there is a P wave is known."""
    with open(folder / "ptbxl_labels.csv", newline="") as rows:
        rhythm = {int(row["ecg_id"]): row["rhythm"] for row in csv.DictReader(rows)}
    wanted = dict.fromkeys(RHYTHMS, 0)
    for fold in range(1, 9):
        with np.load(folder / f"records100_fold{fold:02d}.npz", allow_pickle=False) as stored:
            names = stored["ecg_id"]
            steps = (stored["high"].astype(np.int16) << 8 | stored["low"]).astype(np.int16)
        order = rng.permutation(len(names))
        for kind, most in RHYTHMS.items():
            here = [k for k in order if rhythm[int(names[k])] == kind][: -(-most // 8)]
            wanted[kind] += len(here)
            for k in here:
                signal = np.cumsum(steps[k], axis=1, dtype=np.int32) * 0.005
                yield from _with_or_without_p(_twelve(signal), kind != "AFIB", rng)


def _twelve(eight: np.ndarray) -> EcgRecord:
    return EcgRecord(eight, PTBXL_LEADS, 100.0).with_derived_leads()


def _with_or_without_p(record: EcgRecord, present: bool, rng: np.random.Generator) -> Iterator[Example]:
    """The representative beat in random leads."""
    rows = usable_leads(record)
    peaks_s = detect_r_peaks(record, rows=rows)
    if len(peaks_s) < 3:
        return
    kinds, likeness = classify_beats(record, peaks_s, rows)
    kind = rng.random()
    count = len(rows) if kind < 0.4 else 1 if kind < 0.5 else min(len(rows), int(rng.integers(2, 9)))
    view = record.select([record.leads[k] for k in rng.permutation(rows)[:count]])
    average = average_beat(view, peaks_s, representative(kinds, likeness))
    if average is not None:
        target, own = np.full(8, UNKNOWN), np.full((count, 8), UNKNOWN)
        target[:3] = SOMEWHERE if present else ABSENT
        yield _example(average.signal, average.rr_s, average.rr_after_s, target, own)
