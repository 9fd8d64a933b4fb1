"""Measure real recordings and compare with what people marked; neurokit2 is run beside it when it is installed.

    python -m benchmarks.measure [--data FOLDER] [--without-neurokit]

Prints Markdown: R peaks and beat kinds on MIT-BIH, fiducials and intervals on LUDB's test records, time per record.
Errors are measured minus marked, in ms, mean ± standard deviation; CSE is the tolerance of the CSE Working Party (1985)
for the standard deviation. The MIT-BIH thresholds were chosen on DS1 and the delineator was fitted to the LUDB training
records, so DS2 and the LUDB test records are the independent figures.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import wfdb
from wfdb.processing import compare_annotations

from anyecg.measure import delineate, detect_r_peaks, measure
from anyecg.measure.ludb import FIDUCIALS, AnnotatedRecord, read_ludb, reference, shifted, split_ludb
from anyecg.record import EcgRecord, resample

DEFAULT_DATA = Path(os.environ.get("ANYECG_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
DS1 = ["101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122", "124", "201", "203", "205", "207",
       "208", "209", "215", "220", "223", "230"]  # fmt: skip
PACED = ["102", "104", "107", "217"]
BEATS = set("NLRBAaJSVrFejnE/fQ?")
KINDS = dict.fromkeys("NLRej", "N") | dict.fromkeys("AaJS", "S") | dict.fromkeys("VE", "V")
CSE_MS = {"p_on": 10.2, "p_off": 12.7, "qrs_on": 6.5, "qrs_off": 11.6, "t_off": 30.6}
TOLERANCE_S = 0.15
Counts = Counter[str]
Fiducials = Callable[[EcgRecord], list[list[float]]]
"""Rows of FIDUCIALS and the R peak, seconds, NaN where not found."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder that holds mitdb/ and ludb/data/")
    parser.add_argument("--without-neurokit", action="store_true")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    with_peer = not args.without_neurokit and _has_neurokit()
    print_beats(args.data / "mitdb", with_peer)
    print_waves(args.data / "ludb" / "data", with_peer)
    print_speed(args.data / "ludb" / "data")


def _has_neurokit() -> bool:
    try:
        import neurokit2  # noqa: F401
    except ImportError:
        return False
    return True


def print_beats(folder: Path, with_peer: bool) -> None:
    """R peaks within 150 ms and kinds, by part of the database; flutter between [ and ] is left out (EC57)."""
    names = sorted(path.stem for path in folder.glob("*.hea"))
    ds2 = [name for name in names if name not in DS1 + PACED]
    print("\n| MIT-BIH | method | records | beats | Se % | +P % | S: Se, +P % | V: Se, +P % |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    per_record = {name: _count_beats(folder / name, with_peer) for name in names}
    for title, part in (("all", names), ("DS1", DS1), ("DS2", ds2), ("paced", PACED)):
        part = [name for name in part if name in per_record]
        for method in per_record[part[0]]:
            total = sum((per_record[name][method] for name in part), Counter())
            cells = [f"{_share(total, kind)}" for kind in "SV"] if method == "anyecg" else ["", ""]
            found, missed, extra = total["tp"], total["fn"], total["fp"]
            rates = [_percent(found, missed), _percent(found, extra), *cells]
            print(f"| {title} | {method} | {len(part)} | {found + missed} | {' | '.join(rates)} |")
    errors = {name: (counts["anyecg"]["fn"], counts["anyecg"]["fp"]) for name, counts in per_record.items()}
    worst = sorted(names, key=lambda name: -sum(errors[name]))[:6]
    print("\nMost errors: " + ", ".join(f"{n} ({errors[n][0]} missed, {errors[n][1]} extra)" for n in worst))


def _percent(hits: int, others: int) -> str:
    return f"{100 * hits / (hits + others):.2f}" if hits + others else "-"


def _share(counts: Counts, kind: str) -> str:
    hits = counts[kind + kind]
    marked = sum(n for key, n in counts.items() if len(key) == 2 and key.isupper() and key[0] == kind)
    called = sum(n for key, n in counts.items() if len(key) == 2 and key.isupper() and key[1] == kind)
    return f"{_percent(hits, marked - hits)}, {_percent(hits, called - hits)}"


def _count_beats(path: Path, with_peer: bool) -> dict[str, Counts]:
    """Hits, misses and extras per method, and for ours marked kind + called kind ("VN" is a missed V)."""
    header, marks = wfdb.rdrecord(str(path)), wfdb.rdann(str(path), "atr")
    record = EcgRecord(header.p_signal.T, tuple(header.sig_name), header.fs)
    symbols = np.array(marks.symbol)
    keep = np.isin(symbols, list(BEATS))
    beats, kinds = marks.sample[keep], symbols[keep]
    flutter = list(zip(marks.sample[symbols == "["], marks.sample[symbols == "]"], strict=False))
    ours = measure(record).beats
    found = {"anyecg": np.round(np.array([b["time_s"] for b in ours]) * header.fs).astype(int)}
    found["anyecg, first lead alone"] = np.round(detect_r_peaks(record.select(record.leads[:1])) * header.fs).astype(
        int
    )
    if with_peer:
        import neurokit2

        cleaned = neurokit2.ecg_clean(record.signal[0], sampling_rate=header.fs)
        found["neurokit2, first lead"] = neurokit2.ecg_peaks(cleaned, sampling_rate=header.fs)[1]["ECG_R_Peaks"]
    counts = {}
    for method, at in found.items():
        result = compare_annotations(
            *(_outside(samples, flutter) for samples in (beats, at)), int(TOLERANCE_S * header.fs)
        )
        counts[method] = Counter(tp=result.tp, fn=result.fn, fp=result.fp)
    for sample, kind in zip(beats, kinds, strict=True):
        nearest = int(np.abs(found["anyecg"] - sample).argmin())
        if kind in KINDS and abs(found["anyecg"][nearest] - sample) < TOLERANCE_S * header.fs:
            counts["anyecg"][KINDS[kind] + ours[nearest]["kind"]] += 1
    return counts


def _outside(samples: np.ndarray, spans: list[tuple[int, int]]) -> np.ndarray:
    for first, last in spans:
        samples = samples[(samples < first) | (samples > last)]
    return np.asarray(samples)


def print_waves(folder: Path, with_peer: bool) -> None:
    """Intervals of the representative beat and fiducials of every beat, LUDB test records."""
    records = [read_ludb(folder, name) for name in split_ludb(folder)[1]]
    print(f"\n| LUDB test, {len(records)} records | 12 leads, 500 Hz | 12 leads, 100 Hz | I + II | II |")
    print("|---|---|---|---|---|")
    views = [(500.0, None), (100.0, None), (500.0, ["I", "II"]), (500.0, ["II"])]
    columns = [_interval_errors(records, rate, leads) for rate, leads in views]
    for key in columns[0]:
        print(f"| {key} | " + " | ".join(_summary(column[key]) for column in columns) + " |")
    print("\n| LUDB test, every beat | anyecg | CSE sd |" + (" neurokit2, lead II |" if with_peer else ""))
    print("|---|---|--:|" + ("---|" if with_peer else ""))
    ours, peer = _beat_errors(records, _our_fiducials, None), {}
    if with_peer:
        peer = _beat_errors(records, _neurokit_fiducials, ["II"])
    for key in FIDUCIALS:
        extra = f" {_found(peer[key])} |" if with_peer else ""
        print(f"| {key} | {_found(ours[key])} | {CSE_MS.get(key, '')} |{extra}")


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


def _our_fiducials(record: EcgRecord) -> list[list[float]]:
    names = [*FIDUCIALS, "r_peak"]
    return [[np.nan if (at := getattr(b, f"{name}_s")) is None else at for name in names] for b in delineate(record)]


def _neurokit_fiducials(record: EcgRecord) -> list[list[float]]:
    import neurokit2

    rate = int(record.sampling_rate)
    cleaned = neurokit2.ecg_clean(record.signal[0], sampling_rate=rate)
    peaks = neurokit2.ecg_peaks(cleaned, sampling_rate=rate)[1]["ECG_R_Peaks"]
    waves = neurokit2.ecg_delineate(cleaned, peaks, sampling_rate=rate, method="dwt")[1]
    names = ["P_Onsets", "P_Peaks", "P_Offsets", "R_Onsets", "R_Offsets", "T_Onsets", "T_Peaks", "T_Offsets"]
    columns = [np.array(waves[f"ECG_{name}"], dtype=float)[: len(peaks)] / rate for name in names]
    return np.stack([*columns, np.asarray(peaks) / rate], axis=1).tolist()


def _beat_errors(
    records: list[AnnotatedRecord], method, leads: list[str] | None
) -> dict[str, list[tuple[float, bool, bool]]]:
    """Per fiducial: (error in ms or NaN, marked, found), for each marked beat but the first and last."""
    errors: dict[str, list[tuple[float, bool, bool]]] = {key: [] for key in FIDUCIALS}
    for marked in records:
        view = marked.record.select(leads) if leads else marked.record
        found = np.array(method(view)).reshape(-1, 9)
        for marks, time_s in list(zip(marked.marks, marked.times_s, strict=True))[1:-1]:
            truth = reference([marks], view.leads)
            row = found[np.abs(found[:, 8] - time_s).argmin()] if len(found) else np.full(9, np.nan)
            if not abs(row[8] - time_s) < TOLERANCE_S:
                row = np.full(9, np.nan)
            for key, true, at in zip(FIDUCIALS, truth, row, strict=False):
                errors[key].append(((at - true) * 1000, bool(np.isfinite(true)), bool(np.isfinite(at))))
    return errors


def _found(rows: list[tuple[float, bool, bool]]) -> str:
    """Mean ± sd, sensitivity and positive predictivity; beyond 150 ms it is not the same wave."""
    hits = [abs(error) < 1000 * TOLERANCE_S for error, _, _ in rows]
    errors = [error for (error, _, _), hit in zip(rows, hits, strict=True) if hit]
    marked, found = sum(row[1] for row in rows), sum(row[2] for row in rows)
    return (f"{np.mean(errors):+.1f} ± {np.std(errors):.1f} (n {len(errors)}; "
            f"Se {100 * len(errors) / marked:.1f}, +P {100 * len(errors) / found:.1f} %)")  # fmt: skip


def print_speed(folder: Path) -> None:
    """Processor time of one call on a 10 s record of 12 leads, and on a day of three leads."""
    records = [read_ludb(folder, name).record for name in split_ludb(folder)[1][:10]]
    print("\n| processor time | measure | delineate |\n|---|--:|--:|")
    for rate in (100.0, 500.0):
        views = [resample(record, rate) for record in records]
        print(f"| 10 s, 12 leads, {rate:g} Hz | {_clock(measure, views):.0f} ms | {_clock(delineate, views):.0f} ms |")
    hour = resample(records[0], 250.0).select(["I", "II", "V1"])
    day = EcgRecord(np.tile(hour.signal, (1, 8640)), hour.leads, 250.0)
    print(f"| 24 h, 3 leads, 250 Hz | {_clock(measure, [day]) / 1000:.0f} s | |")


def _clock(function: Callable, records: list[EcgRecord]) -> float:
    if len(records) > 1:
        function(records[0])  # loads the weights
    started = time.process_time()
    for record in records:
        function(record)
    return 1000 * (time.process_time() - started) / len(records)


if __name__ == "__main__":
    main()
