"""Where leads are disturbed: spells of movement, muscle or a lost electrode in seconds and leads, and noise of a lead.

Each lead is described in windows of 0.1 s by what is quick in it, what is left of it without its own median beat, how
its baseline moves, and whether it stands still; a small network joins these (`noise_net`). It was fitted on simulated
records (`anyecg.simulate`, whose heavy spells are known by lead), the limits were chosen on other ones. The limits of
`kinds_of_noise` give the best F1 per lead against the columns of PTB-XL's reviewers (4,282 records of folds 1-4 at
100 Hz).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.ndimage import maximum_filter1d, median_filter, minimum_filter1d, percentile_filter, uniform_filter1d

from ..record import EcgRecord
from .noise_net import disturbed_odds
from .quality import fill_gaps

WINDOW_S, RATE_HZ, SLOW_HZ = 0.1, 100.0, 25.0
"""Levels are taken per window at about 100 Hz (the baseline at 25 Hz), so that they hardly depend on the rate."""
PIECE_S, MARGIN_S = 300.0, 2.0
"""Long records are read in pieces of about this length, each compared with itself; they overlap by the latter."""
BEFORE_R_S, AFTER_R_S = 0.35, 0.6
"""What belongs to a beat."""
FEWEST_ALIKE = 3
"""Beats of a kind that make a median beat of their own."""
EDGE_S = 0.3
"""A beat that the end of the record cuts has no place among the others."""
STILL_S, STILL_MV = 0.5, 1e-4
"""A lead that spans no more than this stands still: even a quiet one changes by a step of its recorder."""
FAST, AWAY = 0, 3
"""Columns of `levels` that tell kinds of noise."""
SURE, POSSIBLE = 1.0, -0.25
"""Log-odds that a spell reaches somewhere, and to which it extends in time and leads."""
GAP_S, SHORTEST_S = 0.5, 0.4
ALIKE = 0.35
"""Leads share a spell from this intersection over union in time on."""
KINDS_OF_NOISE = ("static noise", "burst noise", "baseline drift")
"""As PTB-XL's reviewers note them, per lead."""
STATIC_MV, DRIFT_MV = 0.0187, 0.586
"""Static noise: median of the quick changes. Drift: for 3 % of the time the baseline is this far from its median."""
BURST, BURST_OF_USUAL = -0.053, 0.7
"""Burst noise: 98th percentile of FAST less this share of its median."""
BLOCKED = 0.16
"""What FAST loses where samples are averaged to 100 Hz, against PTB-XL's own records at 100 Hz (40 of both rates)."""
PART_S, ENDS = 10.0, 2
"""Windows at both ends of a record, where a beat that is cut looks like a burst, say nothing of its kinds of noise."""
NOTHING = np.log([0.002, 0.01, 0.02, 0.02, 1.0, 1.0, 0.002, 0.01])
"""Levels of a lead without any disturbance."""


def noise_odds(record: EcgRecord, beats: Sequence[Mapping[str, Any]]) -> tuple[np.ndarray, float]:
    """Log-odds that a lead is heavily disturbed, per window, (n_leads, n_windows), and the length of a window in s.

    Args:
        beats: those of `Measurements`.
    """
    measured, step_s = levels_of(record, beats)
    return np.concatenate([disturbed_odds(piece) for piece in measured], axis=1), step_s


def noise_spells(odds: np.ndarray, step_s: float, leads: Sequence[str], duration_s: float) -> list[dict[str, Any]]:
    """Spells of heavy disturbance from `noise_odds`; leads that are disturbed at about the same time share one.

    Returns:
        {"start_s", "end_s", "leads", "probability"}, in order; no leads means all of them.
    """
    runs = [run for lead in odds for run in _runs(lead, step_s)]
    together: list[list[int]] = []
    for start, end in sorted(runs, key=lambda run: run[0] - run[1]):
        for one in together:
            if min(end, one[1]) - max(start, one[0]) >= ALIKE * (max(end, one[1]) - min(start, one[0])):
                one[:] = min(start, one[0]), max(end, one[1])
                break
        else:
            together.append([start, end])
    found = []
    for start, end in sorted(together):
        here = odds[:, start:end].mean(axis=1)
        named = [lead for lead, mean in zip(leads, here, strict=True) if mean >= min(POSSIBLE, here.max())]
        last = duration_s if end == odds.shape[1] else end * step_s
        certain = 1 / (1 + np.exp(-odds[:, start:end].max(axis=0)))
        found.append({
            "start_s": round(start * step_s, 3), "end_s": round(min(last, duration_s), 3),
            "leads": [] if len(named) == len(leads) else named, "probability": round(float(certain.mean()), 4),
        })  # fmt: skip
    return found


def _runs(odds: np.ndarray, step_s: float) -> list[tuple[int, int]]:
    """Windows from POSSIBLE on that reach SURE somewhere, small gaps closed, short ones dropped."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (odds >= POSSIBLE).astype(int), [0]]))).reshape(-1, 2)
    runs: list[tuple[int, int]] = []
    for start, end in edges.tolist():
        if odds[start:end].max() < SURE:
            continue
        if runs and (start - runs[-1][1]) * step_s < GAP_S:
            start = runs.pop()[0]
        runs.append((start, end))
    return [(start, end) for start, end in runs if (end - start) * step_s >= SHORTEST_S]


def kinds_of_noise(record: EcgRecord) -> dict[str, list[str]]:
    """KINDS_OF_NOISE, each with the leads that show it."""
    found = noise_levels(record) >= 0
    return {
        kind: [lead for lead, here in zip(record.leads, column, strict=True) if here]
        for kind, column in zip(KINDS_OF_NOISE, found.T, strict=True)
    }


def noise_levels(record: EcgRecord) -> np.ndarray:
    """How far each of KINDS_OF_NOISE is above its limit (below: negative), (n_leads, 3) logarithms.

    Of longer records: in the median (static noise) or worst of their parts of 10 s.
    """
    pieces, step_s = levels_of(record, ())
    measured = np.concatenate(pieces, axis=1)
    measured = measured[:, ENDS:-ENDS] if measured.shape[1] > 4 * ENDS else measured
    parts = np.array_split(measured, max(round(measured.shape[1] * step_s / PART_S), 1), axis=1)
    above = np.stack([_above(part, record.sampling_rate) for part in parts])
    return np.column_stack([np.median(above[:, :, 0], axis=0), above[:, :, 1:].max(axis=0)])


def _above(part: np.ndarray, rate: float) -> np.ndarray:
    fast = part[:, :, FAST] + (BLOCKED if round(rate / RATE_HZ) > 1 else 0.0)
    usual, top = np.percentile(fast, (50, 98), axis=1)
    away = np.percentile(part[:, :, AWAY], 97, axis=1)
    limits = np.log([STATIC_MV + 0.002, np.exp(BURST), DRIFT_MV + 0.02])
    return np.column_stack([usual, top - BURST_OF_USUAL * usual, away]) - limits


def levels_of(record: EcgRecord, beats: Sequence[Mapping[str, Any]]) -> tuple[list[np.ndarray], float]:
    """`levels` of a record in pieces of about PIECE_S, without their margins."""
    rate = record.sampling_rate
    factor = max(round(rate / RATE_HZ), 1)
    window = factor * max(round(WINDOW_S * rate / factor), 2)
    step_s = window / rate
    n = record.signal.shape[1] // window
    if n < 2:
        return [np.tile(NOTHING, (len(record.leads), 1, 1))], step_s
    ends = np.linspace(0, n, max(round(n * step_s / PIECE_S), 1) + 1).astype(int)
    margin = round(MARGIN_S / step_s)
    times = np.array([beat["time_s"] for beat in beats])
    pieces = []
    for first, last in pairwise(ends.tolist()):
        start, end = max(first - margin, 0), min(last + margin, n)
        inside = slice(*np.searchsorted(times, [start * step_s, end * step_s]))
        seen = [(beat["time_s"] - start * step_s, beat["kind"] == "V") for beat in beats[inside]]
        signal = fill_gaps(record.signal[:, start * window : end * window]).astype(float)
        pieces.append(levels(signal, rate, seen)[0][:, first - start : last - start])
    return pieces, step_s


def levels(signal: np.ndarray, rate: float, beats: Sequence[tuple[float, bool]]) -> tuple[np.ndarray, float]:
    """What disturbs a lead, per window.

    Args:
        signal: (n_leads, n_samples) mV without gaps.
        beats: R peaks in s from the first sample, each with whether it is ventricular.

    Returns:
        (n_leads, n_windows, 8) and the length of a window in s. Natural logarithms of mV of: the quick changes (lower
        third within 0.5 s, so that a QRS does not count), what differs from the median beat (lower 40 % within 0.5 s),
        the span of the baseline within 1 s, its distance from the usual; then the share of the window that stands
        still, and the share that no median beat can explain; and the first two of the window alone.
    """
    factor = max(round(rate / RATE_HZ), 1)
    slow = _blocks(signal, factor).mean(axis=2)
    slow_rate = rate / factor
    width = max(round(WINDOW_S * slow_rate), 2)
    change = np.zeros_like(slow)
    change[:, 1:-1] = slow[:, 2:] - 2 * slow[:, 1:-1] + slow[:, :-2]
    quick = _rms(change, width)
    rest, strange = _beside_beats(slow, slow_rate, beats)
    beside = _rms(rest, width)
    span, away = _baseline(slow, slow_rate, (np.arange(quick.shape[1]) + 0.5) * width / slow_rate)
    columns = (
        np.log(percentile_filter(quick, 30, size=(1, 5)) + 0.002),
        np.log(percentile_filter(beside, 40, size=(1, 5)) + 0.01),
        np.log(span + 0.02), np.log(away + 0.02), _blocks(_still(slow, slow_rate), width).mean(axis=2),
        np.broadcast_to(_blocks(strange[None], width).mean(axis=2), quick.shape),
        np.log(quick + 0.002), np.log(beside + 0.01),
    )  # fmt: skip
    return np.stack(columns, axis=2), width / slow_rate


def _blocks(signal: np.ndarray, width: int) -> np.ndarray:
    n = signal.shape[1] // width
    return signal[:, : n * width].reshape(len(signal), n, width)


def _rms(signal: np.ndarray, width: int) -> np.ndarray:
    return np.asarray(np.sqrt((_blocks(signal, width) ** 2).mean(axis=2)))


def _beside_beats(slow: np.ndarray, rate: float, beats: Sequence[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    """What is left without the median beat of each kind, and where (n_samples,) there is none for it, 0 or 1."""
    n = slow.shape[1]
    signal = slow - uniform_filter1d(slow, max(int(0.8 * rate), 1), axis=1)
    rest, strange = np.abs(signal), np.zeros(n)
    edge = int(EDGE_S * rate)
    strange[:edge], strange[n - edge :] = 1, 1
    if len(beats) < FEWEST_ALIKE:
        return rest, strange
    peaks = np.round([time * rate for time, _ in beats]).astype(int)
    ventricular = np.array([kind for _, kind in beats])
    before, after = int(BEFORE_R_S * rate), int(AFTER_R_S * rate)
    owner = np.searchsorted((peaks[1:] + peaks[:-1]) // 2, np.arange(n))
    offset = np.clip(np.arange(n) - peaks[owner], -before, after) + before
    for alike in (ventricular, ~ventricular):
        here = alike[owner]
        if alike.sum() < FEWEST_ALIKE:
            strange[here] = 1
            continue
        index = np.clip(peaks[alike][:, None] + np.arange(-before, after + 1), 0, n - 1)
        usual = np.pad(np.median(signal[:, index], axis=1), ((0, 0), (1, 1)), mode="edge")
        # The R peak lies between samples: the best of three places counts.
        shifted = [np.abs(signal[:, here] - usual[:, offset[here] + k]) for k in range(3)]
        rest[:, here] = np.minimum.reduce(shifted)
    return rest, strange


def _baseline(slow: np.ndarray, rate: float, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the baseline spans within a second, and how far it is from its median, at some times, mV."""
    factor = max(round(rate / SLOW_HZ), 1)
    base_rate = rate / factor
    base = median_filter(np.median(_blocks(slow, factor), axis=2), size=(1, int(0.6 * base_rate) | 1))
    second = max(int(base_rate), 1)
    span = maximum_filter1d(base, second, axis=1) - minimum_filter1d(base, second, axis=1)
    at = np.minimum((times_s * base_rate).astype(int), base.shape[1] - 1)
    return span[:, at], np.abs(base - np.median(base, axis=1, keepdims=True))[:, at]


def _still(slow: np.ndarray, rate: float) -> np.ndarray:
    """Where a lead stands still, 0 or 1; where all are 0 mV nothing was recorded."""
    width = max(int(STILL_S * rate), 2)
    span = maximum_filter1d(slow, width, axis=1) - minimum_filter1d(slow, width, axis=1)
    still = maximum_filter1d((span < STILL_MV).astype(float), width, axis=1)
    return np.asarray(still * (np.abs(slow).max(axis=0) > STILL_MV))
