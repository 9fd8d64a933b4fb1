"""STAR, beat-wise sinusoidal time-amplitude resampling (arXiv 2510.24740), in a form that keeps labels true.

Between R peaks, every beat becomes a little longer and larger or shorter and smaller, by a sine over the beats. Ours
differs from the released code so that the rhythm stays what it is: RR intervals keep their order of size (they are not
made equal first), their sum stays the same, head and tail are untouched, and the gain has no jumps.

What it changes: PR, QRS and QT scale with their beat, and a regular rhythm gets an RR variation. So the sine is at most
7 %, and 3 % where a record shows a finding of `GUARDED`, which says something about intervals or regularity.
Beyond 3 %, absence of these findings is no longer known: their targets become unknown. Rate and events stay true, since
events move with their beats.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anyecg.findings import EVENT_KINDS, HEAD_LABELS
from anyecg.measure.slope_energy import peaks_by_energy
from anyecg.record import EcgRecord

USUAL, CAREFUL = 0.07, 0.03
"""Largest change of a beat's length and size, as a share."""
GUARDED = (
    "AFIB", "AFLT", "SARRH", "SVARR", "PAC", "PRC(S)", "1AVB", "2AVB", "3AVB", "LPR", "LNGQT", "WPW", "sub:AVB",
    "sub:WPW",
)  # fmt: skip
"""Findings that are read from regularity, PR or QT. A QRS of 120 ms changes by 8 ms, less than it can be read to."""
GUARDED_EVENTS = tuple(EVENT_KINDS.index(kind) for kind in ("atrial fibrillation", "atrial flutter"))
FEWEST_PEAKS = 4
_GUARDED_COLUMNS = np.array([HEAD_LABELS.index(label) for label in GUARDED])


def star(row: dict[str, Any], rng: np.random.Generator, sampling_rate: float) -> dict[str, Any]:
    """A resampled variant of an excerpt; the same row where R peaks are few or something was not recorded.

    Args:
        row: an excerpt of `EvidenceDataset`, values (n_leads, n_steps, patch_samples). R peaks are looked for once and
            kept in it.
        rng: source of chance: phase and wavelength of the sine.
        sampling_rate: of the values, Hz.
    """
    peaks = _peaks(row, sampling_rate)
    phase, turn = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.5)
    if len(peaks) < FEWEST_PEAKS or not row["mask"].all():
        return row
    careful = (row["labels"][_GUARDED_COLUMNS] > 0).any() or np.isin(row["events"][:, 0], GUARDED_EVENTS).any()
    change = 1 + (CAREFUL if careful else USUAL) * np.sin(phase + turn * np.arange(len(peaks) - 1))
    flat = row["values"].reshape(len(row["values"]), -1).astype(np.float64)
    warped, moved = resample_beats(flat, peaks, change)
    events = row["events"].copy()
    events[:, 1:] = row["start_s"] + moved((events[:, 1:] - row["start_s"]) * sampling_rate) / sampling_rate
    labels = row["labels"].copy()
    if not careful:
        labels[_GUARDED_COLUMNS] = -1
    new = {"values": warped.astype(np.float32).reshape(row["values"].shape), "events": events, "labels": labels}
    return row | new


def resample_beats(signal: np.ndarray, peaks: np.ndarray, change: np.ndarray) -> tuple[np.ndarray, Any]:
    """Stretch and amplify the intervals between R peaks.

    Args:
        signal: (n_leads, n_samples).
        peaks: R peaks in samples, ascending, (n_peaks,).
        change: factor of each interval, (n_peaks - 1,); only ratios between them change lengths, as the sum stays.

    Returns:
        The new signal, and the map from old to new times in samples. Leads keep their sums: all of them are resampled
        and amplified alike.
    """
    intervals = np.diff(peaks) * change
    moved_peaks = peaks[0] + np.concatenate([[0], np.cumsum(intervals * np.ptp(peaks) / intervals.sum())])
    samples = np.arange(signal.shape[1], dtype=np.float64)
    before, after = (np.array([0.0, *at, samples[-1]]) for at in (peaks, moved_peaks))
    before, after = (np.maximum.accumulate(at) for at in (before, after))
    sources = np.interp(samples, after, before)
    middles = (moved_peaks[1:] + moved_peaks[:-1]) / 2
    gain = np.interp(samples, [moved_peaks[0], *middles, moved_peaks[-1]], [1.0, *change, 1.0])
    warped = _between_samples(signal, sources) * gain

    def moved(times: np.ndarray) -> np.ndarray:
        inside = np.interp(times, before, after)
        return np.where((times < 0) | (times > samples[-1]), times, inside)

    return warped, moved


def _between_samples(signal: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Cubic convolution (Keys, IEEE Trans ASSP 1981): values at fractional samples, exact at whole ones."""
    whole = np.minimum(places.astype(int), signal.shape[1] - 2)
    t = places - whole
    weights = (
        ((2 - t) * t - 1) * t / 2, ((3 * t - 5) * t * t + 2) / 2, ((4 - 3 * t) * t + 1) * t / 2, (t - 1) * t * t / 2,
    )  # fmt: skip
    padded = np.pad(signal, ((0, 0), (1, 1)), mode="edge")
    return sum(weight * padded[:, whole + k] for k, weight in enumerate(weights))


def _peaks(row: dict[str, Any], sampling_rate: float) -> np.ndarray:
    """R peaks in samples by slope energy, cheap enough for training; found once per row."""
    if "r_peaks" not in row:
        signal = row["values"].reshape(len(row["values"]), -1).astype(np.float32)
        names = tuple(f"lead {k + 1}" for k in range(len(signal)))
        found = peaks_by_energy(EcgRecord(signal, names, sampling_rate), list(range(len(signal))))
        row["r_peaks"] = found * sampling_rate
    return row["r_peaks"]
