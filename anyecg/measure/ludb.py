"""LUDB (Kalyakulina et al., IEEE Access 2020): fiducials set by cardiologists in each lead, and one over all leads.

Used to fit the delineator and to test it, on different records. The records are not part of this project.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb

from ..record import EcgRecord

FIDUCIALS = ("p_on", "p_peak", "p_off", "qrs_on", "qrs_off", "t_on", "t_peak", "t_off")
_WAVE_SYMBOLS = {"p": "p", "N": "qrs", "t": "t"}
EXTREME = 0.1
"""An onset over several leads is this quantile of the leads' onsets, an end one minus this: the second earliest and
latest of twelve. The very extreme is the reading that is furthest off (CSE Working Party 1985 drops such outliers)."""
SAME_BEAT_S = 0.075


@dataclass(frozen=True)
class AnnotatedRecord:
    """A record in mV and what was marked in each lead of each beat."""

    record: EcgRecord
    times_s: np.ndarray
    """One per beat: the median over the leads of the marked QRS peak."""
    marks: list[dict[str, dict[str, np.ndarray]]]
    """Per beat: lead → wave ("p", "qrs", "t") → (onset, peak, end) in seconds."""
    waves: dict[str, dict[str, np.ndarray]]
    """Lead → wave → rows of (onset, peak, end) in seconds: every mark, also of waves that belong to no beat."""


def read_ludb(folder: Path, name: str) -> AnnotatedRecord:
    """Read one record; its integers are microvolts, whatever the gains in the header say."""
    path = str(folder / name)
    header = wfdb.rdrecord(path, physical=False)
    record = EcgRecord(header.d_signal.T / 1000.0, tuple(header.sig_name), float(header.fs), name=name)
    raw_names = dict(zip(record.leads, header.sig_name, strict=True))
    waves = {lead: _lead_waves(wfdb.rdann(path, raw), header.fs) for lead, raw in raw_names.items()}
    peaks = np.sort(np.concatenate([rows["qrs"][:, 1] for rows in waves.values()]))
    groups = np.split(peaks, np.flatnonzero(np.diff(peaks) > SAME_BEAT_S) + 1)
    times_s = np.array([np.median(group) for group in groups if len(group) >= 6])
    bounds = np.concatenate([[-np.inf], times_s, [np.inf]])
    marks = [_marks_at(waves, t, bounds[k], bounds[k + 2]) for k, t in enumerate(times_s)]
    return AnnotatedRecord(record, times_s, marks, waves)


def split_ludb(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the records to fit on and of those to test on: 20 %, by a fixed seed."""
    names = sorted((path.stem for path in folder.glob("*.hea")), key=int)
    order = np.random.default_rng(0).permutation(len(names))
    test = {names[k] for k in order[: round(0.2 * len(names))]}
    return [name for name in names if name not in test], [name for name in names if name in test]


def lead_marks(beats: Sequence[dict[str, dict[str, np.ndarray]]], leads: Sequence[str]) -> np.ndarray:
    """Marks as a table, shape (n_beats, n_leads, 8), one column per name in FIDUCIALS; NaN where nothing was marked."""
    table = np.full((len(beats), len(leads), len(FIDUCIALS)), np.nan)
    for row, beat in zip(table, beats, strict=True):
        for cells, lead in zip(row, leads, strict=True):
            for wave, first, columns in (("p", 0, (0, 1, 2)), ("qrs", 3, (0, 2)), ("t", 5, (0, 1, 2))):
                if lead in beat and wave in beat[lead]:
                    cells[first : first + len(columns)] = beat[lead][wave][list(columns)]
    return table


def typical_marks(table: np.ndarray) -> np.ndarray:
    """Median over the beats of `lead_marks`, shape (n_leads, 8); NaN where fewer than 2 of 5 beats are marked."""
    enough = np.isfinite(table).sum(axis=0) >= max(1.0, 0.4 * len(table))
    return np.where(enough, _quantile(table, 0.5), np.nan)


def over_leads(marks: np.ndarray) -> np.ndarray:
    """Robust extremes over the leads of marks (n_leads, 8), shape (8,); NaN where a third of them or less has it."""
    quantiles = (EXTREME, 0.5, 1 - EXTREME, EXTREME, 1 - EXTREME, EXTREME, 0.5, 1 - EXTREME)
    enough = np.isfinite(marks).sum(axis=0) > len(marks) / 3
    values = [_quantile(marks[:, [k]], quantile)[0] for k, quantile in enumerate(quantiles)]
    return np.where(enough, values, np.nan)


def reference(beats: Sequence[dict[str, dict[str, np.ndarray]]], leads: Sequence[str]) -> np.ndarray:
    """Fiducials over these leads: the median over the beats in each lead, then the robust extreme over the leads.

    Args:
        beats: marks of one beat, or of those that were averaged, each already relative to one common point.

    Returns:
        One value per name in FIDUCIALS; NaN where a third of the leads or less has the wave.
    """
    return over_leads(typical_marks(lead_marks(beats, leads)))


def _quantile(table: np.ndarray, quantile: float) -> np.ndarray:
    """Quantile over the first axis of what is finite, NaN where nothing is."""
    empty = ~np.isfinite(table).any(axis=0)
    finite = np.where(np.isfinite(table), table, np.nan)
    return np.where(empty, np.nan, np.nanquantile(np.where(empty, 0.0, finite), quantile, axis=0))


def shifted(marks: dict[str, dict[str, np.ndarray]], by_s: float) -> dict[str, dict[str, np.ndarray]]:
    """The marks of one beat, moved in time."""
    return {lead: {wave: at + by_s for wave, at in waves.items()} for lead, waves in marks.items()}


def _lead_waves(annotation: wfdb.Annotation, rate: float) -> dict[str, np.ndarray]:
    """Wave → rows of (onset, peak, end) in seconds; NaN where a bracket is missing."""
    rows: dict[str, list[tuple[float, float, float]]] = {"p": [], "qrs": [], "t": []}
    symbols, at = annotation.symbol, annotation.sample / rate
    for k, symbol in enumerate(symbols):
        if symbol in _WAVE_SYMBOLS:
            on = at[k - 1] if k and symbols[k - 1] == "(" else np.nan
            off = at[k + 1] if k + 1 < len(symbols) and symbols[k + 1] == ")" else np.nan
            rows[_WAVE_SYMBOLS[symbol]].append((on, at[k], off))
    return {wave: np.array(found, dtype=float).reshape(-1, 3) for wave, found in rows.items()}


def _marks_at(
    waves: dict[str, dict[str, np.ndarray]], time_s: float, previous_s: float, next_s: float
) -> dict[str, dict[str, np.ndarray]]:
    """What belongs to the beat at `time_s`: its QRS, the last P before it, the first T after it."""
    marks = {}
    for lead, rows in waves.items():
        qrs = rows["qrs"][np.abs(rows["qrs"][:, 1] - time_s) < SAME_BEAT_S]
        if not len(qrs):
            continue
        here = {"qrs": qrs[np.abs(qrs[:, 1] - time_s).argmin()]}
        before = rows["p"][(rows["p"][:, 1] > max(time_s - 0.4, previous_s)) & (rows["p"][:, 1] < time_s)]
        after = rows["t"][(rows["t"][:, 1] > time_s) & (rows["t"][:, 1] < min(time_s + 0.7, next_s))]
        here |= ({"p": before[-1]} if len(before) else {}) | ({"t": after[0]} if len(after) else {})
        marks[lead] = here
    return marks
