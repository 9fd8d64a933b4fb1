"""Hold the delineation against what people marked, beside a classical method and neurokit2.

    python -m benchmarks.waves [--data FOLDER] [--without-neurokit]

Prints Markdown: intervals of the representative beat, fiducials of every beat over all leads and in each lead (LUDB's
test records), P waves by rhythm (PTB-XL fold 9, simulator), and checks on other databases and rates. Errors are
measured minus marked, in ms, mean ± standard deviation; CSE is the tolerance of the CSE Working Party (1985) for the
standard deviation. The delineator was fitted to LUDB's training records and, for whether there is a P wave, to
PTB-XL's folds 1-8.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from anyecg.measure import delineate, measure
from anyecg.measure.ludb import FIDUCIALS, AnnotatedRecord, read_ludb, reference, shifted, split_ludb
from anyecg.record import EcgRecord, resample

from .classical_waves import classical_fiducials
from .waves_elsewhere import print_agreement, print_other_databases, print_p_waves

DEFAULT_DATA = Path(os.environ.get("ANYECG_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
CSE_MS = {"p_on": 10.2, "p_off": 12.7, "qrs_on": 6.5, "qrs_off": 11.6, "t_off": 30.6}
TOLERANCE_S = 0.15
WAVES = {"p": ("p_on", "p_peak", "p_off"), "qrs": ("qrs_on", "r_peak", "qrs_off"), "t": ("t_on", "t_peak", "t_off")}
Fiducials = Callable[[EcgRecord], list[list[float]]]
"""Rows of FIDUCIALS and the R peak, seconds, NaN where not found."""
LeadRows = dict[str, np.ndarray]
"""Wave → rows of (onset, peak, end) in seconds, in one lead."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder with ludb, ptb-xl, qtdb, ptbdb, mitdb")
    parser.add_argument("--without-neurokit", action="store_true")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    with_peer = not args.without_neurokit and _has_neurokit()
    folder = args.data / "ludb" / "data"
    records = [read_ludb(folder, name) for name in split_ludb(folder)[1]]
    print_intervals(records)
    print_beats(records, with_peer)
    print_leads(records, with_peer)
    print_p_waves(args.data / "ptb-xl")
    print_other_databases(args.data)
    print_agreement(args.data / "ptb-xl")
    print_speed([marked.record for marked in records[:10]])


def _has_neurokit() -> bool:
    try:
        import neurokit2  # noqa: F401
    except ImportError:
        return False
    return True


def print_intervals(records: list[AnnotatedRecord]) -> None:
    """Intervals of the representative beat, by rate and leads."""
    print(f"\n| LUDB test, {len(records)} records | 12 leads, 500 Hz | 12 leads, 100 Hz | I + II | II |")
    print("|---|---|---|---|---|")
    views = [(500.0, None), (100.0, None), (500.0, ["I", "II"]), (500.0, ["II"])]
    columns = [_interval_errors(records, rate, leads) for rate, leads in views]
    for key in columns[0]:
        print(f"| {key} | " + " | ".join(_summary(column[key]) for column in columns) + " |")


def _summary(errors: list[float]) -> str:
    e = np.array(errors)[np.isfinite(errors)]
    return f"{e.mean():+.1f} ± {e.std():.1f} (n {len(e)})"


def _interval_errors(records: list[AnnotatedRecord], rate: float, leads: list[str] | None) -> dict[str, list[float]]:
    errors: dict[str, list[float]] = {"p_ms": [], "pr_ms": [], "qrs_ms": [], "qt_ms": []}
    for marked in records:
        view = resample(marked.record, rate)
        view = view.select(leads) if leads else view
        normal = [shifted(m, -t) for m, t in zip(marked.marks, marked.times_s, strict=True)]
        p_on, _, p_off, on, off, _, _, t_off = reference(normal, view.leads) * 1000
        truth = {"p_ms": p_off - p_on, "pr_ms": on - p_on, "qrs_ms": off - on, "qt_ms": t_off - on}
        found = measure(view)
        for key, value in truth.items():
            measured = getattr(found, key)
            errors[key].append(np.nan if measured is None else measured - value)
    return errors


def print_beats(records: list[AnnotatedRecord], with_peer: bool) -> None:
    """Fiducials over all leads of each marked beat but the first and last, whose marks are cut off."""
    methods: dict[str, tuple[Fiducials, list[str] | None]] = {
        "anyecg": (our_fiducials, None),
        "classical": (classical_fiducials, None),
    }
    if with_peer:
        methods["neurokit2, lead II"] = (_neurokit_fiducials, ["II"])
    errors = {title: _beat_errors(records, *method) for title, method in methods.items()}
    print("\n| LUDB test, every beat, all leads | CSE sd | " + " | ".join(methods) + " |")
    print("|---|--:|" + "---|" * len(methods))
    for k, key in enumerate(FIDUCIALS):
        cells = [_found(errors[title][:, k]) for title in methods]
        print(f"| {key} | {CSE_MS.get(key, '')} | " + " | ".join(cells) + " |")


def our_fiducials(record: EcgRecord) -> list[list[float]]:
    """`delineate` as rows."""
    names = [*FIDUCIALS, "r_peak"]
    return [[np.nan if (at := getattr(b, f"{name}_s")) is None else at for name in names] for b in delineate(record)]


def _neurokit_fiducials(record: EcgRecord) -> list[list[float]]:
    import neurokit2

    rate = int(record.sampling_rate)
    try:
        cleaned = neurokit2.ecg_clean(record.signal[0], sampling_rate=rate)
        peaks = neurokit2.ecg_peaks(cleaned, sampling_rate=rate)[1]["ECG_R_Peaks"]
        waves = neurokit2.ecg_delineate(cleaned, peaks, sampling_rate=rate, method="dwt")[1]
    except (ValueError, IndexError, ZeroDivisionError, TypeError):
        return []  # it fails on a few leads, in which nothing counts as found
    names = ["P_Onsets", "P_Peaks", "P_Offsets", "R_Onsets", "R_Offsets", "T_Onsets", "T_Peaks", "T_Offsets"]
    columns = [np.array(waves[f"ECG_{name}"], dtype=float)[: len(peaks)] / rate for name in names]
    return np.stack([*columns, np.asarray(peaks) / rate], axis=1).tolist()


def _beat_errors(records: list[AnnotatedRecord], method: Fiducials, leads: list[str] | None) -> np.ndarray:
    """(n_beats, 8, 3): error in ms or NaN, whether marked, whether found."""
    rows = []
    for marked in records:
        view = marked.record.select(leads) if leads else marked.record
        found = np.array(method(view)).reshape(-1, 9)
        for marks, time_s in list(zip(marked.marks, marked.times_s, strict=True))[1:-1]:
            truth = reference([marks], view.leads)
            row = found[np.abs(found[:, 8] - time_s).argmin()] if len(found) else np.full(9, np.nan)
            at = row[:8] if abs(row[8] - time_s) < TOLERANCE_S else np.full(8, np.nan)
            rows.append(np.stack([(at - truth) * 1000, np.isfinite(truth), np.isfinite(at)], axis=1))
    return np.array(rows)


def _found(rows: np.ndarray) -> str:
    """Mean ± sd, sensitivity and positive predictivity; beyond 150 ms it is not the same wave."""
    errors = rows[np.abs(rows[:, 0]) < 1000 * TOLERANCE_S, 0]
    marked, found = rows[:, 1].sum(), rows[:, 2].sum()
    return (f"{errors.mean():+.1f} ± {errors.std():.1f} (n {len(errors)}; "
            f"Se {100 * len(errors) / marked:.1f}, +P {100 * len(errors) / found:.1f} %)")  # fmt: skip


def print_leads(records: list[AnnotatedRecord], with_peer: bool) -> None:
    """Every mark of every lead between the first and the last QRS, matched by the peak within 150 ms."""
    methods = {"anyecg": _our_leads} | ({"neurokit2": _neurokit_leads} if with_peer else {})
    print("\n| LUDB test, marks of each lead | method | marks | Se % | +P % | onset | peak | end |")
    print("|---|---|--:|--:|--:|---|---|---|")
    found = {title: [method(marked.record) for marked in records] for title, method in methods.items()}
    for wave in WAVES:
        for title, per_record in found.items():
            pairs = [_matched(marked, leads, wave) for marked, leads in zip(records, per_record, strict=True)]
            errors = np.concatenate([p[0] for p in pairs])
            marked, called = (sum(p[k] for p in pairs) for k in (1, 2))
            rates = f"{marked} | {100 * len(errors) / marked:.1f} | {100 * len(errors) / max(called, 1):.1f}"
            cells = " | ".join(_summary(column.tolist()) for column in errors.T)
            print(f"| {wave} | {title} | {rates} | {cells} |")


def _our_leads(record: EcgRecord) -> dict[str, LeadRows]:
    beats = delineate(record)
    rows: dict[str, LeadRows] = {}
    for lead in record.leads:
        own = [beat.leads[lead] for beat in beats if lead in beat.leads]
        rows[lead] = {
            wave: np.array([[getattr(b, f"{name}_s") for name in names] for b in own
                            if getattr(b, f"{names[0]}_s") is not None], dtype=float).reshape(-1, 3)
            for wave, names in WAVES.items()
        }  # fmt: skip
    return rows


def _neurokit_leads(record: EcgRecord) -> dict[str, LeadRows]:
    rows: dict[str, LeadRows] = {}
    for lead in record.leads:
        found = np.array(_neurokit_fiducials(record.select([lead]))).reshape(-1, 9)
        columns = {"p": (0, 1, 2), "qrs": (3, 8, 4), "t": (5, 6, 7)}
        rows[lead] = {wave: found[np.isfinite(found[:, at[1]])][:, at] for wave, at in columns.items()}
    return rows


def _matched(marked: AnnotatedRecord, leads: dict[str, LeadRows], wave: str) -> tuple[np.ndarray, int, int]:
    """Errors in ms of the matched waves, (n, 3), and how many were marked and found."""
    errors, n_marked, n_found = [], 0, 0
    first, last = marked.times_s[0], marked.times_s[-1]
    for lead, waves in marked.waves.items():
        marks = _between(waves[wave], first, last)
        rows = _between(leads[lead][wave] if lead in leads else np.empty((0, 3)), first, last)
        n_marked, n_found = n_marked + len(marks), n_found + len(rows)
        free = np.ones(len(rows), dtype=bool)
        for mark in marks:
            distance = np.where(free, np.abs(rows[:, 1] - mark[1]), np.inf)
            if len(distance) and distance.min() < TOLERANCE_S:
                free[distance.argmin()] = False
                errors.append((rows[distance.argmin()] - mark) * 1000)
    return np.array(errors).reshape(-1, 3), n_marked, n_found


def _between(rows: np.ndarray, first_s: float, last_s: float) -> np.ndarray:
    """Waves whose peak lies well inside the marked part."""
    return rows[(rows[:, 1] > first_s + TOLERANCE_S) & (rows[:, 1] < last_s - TOLERANCE_S)]


def print_speed(records: list[EcgRecord]) -> None:
    """Processor time of one call on a 10 s record of 12 leads."""
    print("\n| processor time, 10 s, 12 leads | measure | delineate |\n|---|--:|--:|")
    for rate in (100.0, 500.0):
        views = [resample(record, rate) for record in records]
        print(f"| {rate:g} Hz | {_clock(measure, views):.0f} ms | {_clock(delineate, views):.0f} ms |")


def _clock(function: Callable[[EcgRecord], object], records: list[EcgRecord]) -> float:
    function(records[0])  # loads the weights
    started = time.process_time()
    for record in records:
        function(record)
    return 1000 * (time.process_time() - started) / len(records)


if __name__ == "__main__":
    main()
