"""Find beats in real recordings and compare with what people marked; neurokit2 runs beside it when it is installed.

    python -m benchmarks.beats [--data FOLDER] [--without-neurokit]

Prints Markdown: R peaks within 150 ms (wfdb's comparison) by part of MIT-BIH and by record, gross (all beats) and
average (mean over the records), other databases, kinds, noise added to clean records, pacing, and a day of three leads.
Only DS1 was used for fitting and choosing; DS2, the paced records and the recorded noise were not. Flutter waves
between [ and ] are left out, as EC57 says.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import wfdb
from wfdb.processing import compare_annotations

from anyecg.measure import detect_r_peaks
from anyecg.measure.beats import usable_leads
from anyecg.measure.fit_beats import BEATS, DS1
from anyecg.measure.kinds import classify_beats
from anyecg.measure.ludb import read_ludb, split_ludb
from anyecg.measure.pacing import find_pacing
from anyecg.measure.slope_energy import peaks_by_energy
from anyecg.readers import read_record
from anyecg.record import EcgRecord, resample

DEFAULT_DATA = Path(os.environ.get("ANYECG_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
PACED = ("102", "104", "107", "217")
KINDS = dict.fromkeys("NLRej", "N") | dict.fromkeys("AaJS", "S") | dict.fromkeys("VE", "V")
TOLERANCE_S = 0.15
SNR_DB = (24, 18, 12, 6, 0, -6)
CLEAN = ("101", "112", "115", "122", "230", "119", "209", "215")
"""DS1 records for the noise table."""
Method = Callable[[EcgRecord], np.ndarray]
Marked = tuple[EcgRecord, np.ndarray, np.ndarray, np.ndarray]
"""Record, times of beats (s), their symbols, and spans of flutter (n, 2) in s."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder that holds mitdb/, ludb/data/, …")
    parser.add_argument("--without-neurokit", action="store_true")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    methods = methods_to_run(with_peer=not args.without_neurokit)
    print_mitdb(args.data / "mitdb", methods)
    print_others(args.data, methods)
    print_kinds(args.data)
    print_noise(args.data, methods)
    print_pacing(args.data)
    print_day(args.data)


def methods_to_run(*, with_peer: bool) -> dict[str, Method]:
    """Name → R peaks of a record, in s."""
    methods: dict[str, Method] = {
        "anyecg": lambda record: detect_r_peaks(record),
        "anyecg, first lead": lambda record: detect_r_peaks(_first(record)),
        "slope energy": lambda record: peaks_by_energy(record, usable_leads(record)),
        "slope energy, first lead": lambda record: peaks_by_energy(_first(record), [0]),
    }
    try:
        import neurokit2
    except ImportError:
        return methods
    if with_peer:

        def peer(record: EcgRecord) -> np.ndarray:
            rate = int(record.sampling_rate)
            cleaned = neurokit2.ecg_clean(record.signal[0], sampling_rate=rate)
            return np.asarray(neurokit2.ecg_peaks(cleaned, sampling_rate=rate)[1]["ECG_R_Peaks"]) / rate

        methods["neurokit2, first lead"] = peer
    return methods


def _first(record: EcgRecord) -> EcgRecord:
    return record.select(record.leads[:1])


def read_marked(path: Path) -> Marked:
    """A WFDB record with its beats."""
    stored, marks = wfdb.rdrecord(str(path)), wfdb.rdann(str(path), "atr")
    symbols, times = np.array(marks.symbol), marks.sample / stored.fs
    keep = np.isin(symbols, list(BEATS))
    leads = tuple(stored.sig_name)
    leads = leads if len(set(leads)) == len(leads) else tuple(f"ECG{k + 1}" for k in range(len(leads)))
    flutter = list(zip(times[symbols == "["], times[symbols == "]"], strict=False))
    record = EcgRecord(stored.p_signal.T, leads, stored.fs, name=path.stem)
    return record, times[keep], symbols[keep], np.array(flutter).reshape(-1, 2)


def compare(true_s: np.ndarray, found_s: np.ndarray, left_out: np.ndarray | None = None) -> np.ndarray:
    """Hits, misses and extras within 150 ms."""
    for first, last in left_out if left_out is not None else ():
        true_s, found_s = (t[(t < first) | (t > last)] for t in (true_s, found_s))
    if not len(true_s) or not len(found_s):
        return np.array([0, len(true_s), len(found_s)])
    result = compare_annotations(*(np.round(t * 1000).astype(int) for t in (true_s, found_s)), int(1000 * TOLERANCE_S))
    return np.array([result.tp, result.fn, result.fp])


def percent(hits: int, others: int) -> str:
    return f"{100 * hits / (hits + others):.2f}" if hits + others else "-"


def _rates(counts: Sequence[np.ndarray]) -> str:
    """Gross and average Se and +P as cells of a table."""
    tp, fn, fp = np.sum(counts, axis=0)
    each = np.array([[c[0] / max(c[0] + c[1], 1), c[0] / max(c[0] + c[2], 1)] for c in counts]).mean(axis=0) * 100
    return f"{tp + fn} | {percent(tp, fn)} | {percent(tp, fp)} | {each[0]:.2f} | {each[1]:.2f}"


def print_mitdb(folder: Path, methods: dict[str, Method]) -> None:
    """R peaks by part and by record."""
    names = sorted(path.stem for path in folder.glob("*.hea"))
    counts: dict[str, dict[str, np.ndarray]] = {}
    for name in names:
        record, times, _, flutter = read_marked(folder / name)
        counts[name] = {method: compare(times, run(record), flutter) for method, run in methods.items()}
    ds2 = [name for name in names if name not in (*DS1, *PACED)]
    parts = {"all": names, "DS1": [n for n in names if n in DS1], "DS2": ds2, "paced": [n for n in names if n in PACED]}
    print("\n| MIT-BIH | method | records | beats | gross Se % | gross +P % | average Se % | average +P % |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for title, part in parts.items():
        for method in methods:
            print(f"| {title} | {method} | {len(part)} | {_rates([counts[n][method] for n in part])} |")
    print("\n| record | beats | both leads: Se %, +P % (missed, extra) | first lead: Se %, +P % (missed, extra) |")
    print("|---|--:|---|---|")
    for name in names:
        cells = [f"{percent(tp, fn)}, {percent(tp, fp)} ({fn}, {fp})" for tp, fn, fp in
                 (counts[name][m] for m in ("anyecg", "anyecg, first lead"))]  # fmt: skip
        print(f"| {name} | {sum(counts[name]['anyecg'][:2])} | {' | '.join(cells)} |")


def print_others(data: Path, methods: dict[str, Method]) -> None:
    """R peaks in databases that were not fitted on."""
    sets = {
        "SVDB 800, 2 leads, 128 Hz": [data / "svdb" / "800"],
        "CPSC2021, 2 leads, 200 Hz": [p.with_suffix("") for p in sorted((data / "cpsc2021").glob("*.hea"))],
    }
    print("\n| other databases | method | records | beats | gross Se % | gross +P % | average Se % | average +P % |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for title, paths in sets.items():
        marked = [read_marked(path) for path in paths]
        for method, run in methods.items():
            print(
                f"| {title} | {method} | {len(marked)} | {_rates([compare(t, run(r), f) for r, t, _, f in marked])} |"
            )
    folder = data / "ludb" / "data"
    annotated = [read_ludb(folder, name) for name in split_ludb(folder)[1]]
    for rate in (500.0, 100.0):
        for method, run in methods.items():
            counts = [compare(*_within(a.times_s, run(resample(a.record, rate)))) for a in annotated]
            print(f"| LUDB test, 12 leads, {rate:g} Hz | {method} | {len(annotated)} | {_rates(counts)} |")


def _within(true_s: np.ndarray, found_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """LUDB marks only the middle of a record."""
    return true_s, found_s[(found_s > true_s.min() - TOLERANCE_S) & (found_s < true_s.max() + TOLERANCE_S)]


def print_kinds(data: Path) -> None:
    """Supraventricular and ventricular beats, among the beats found."""
    names = sorted(path.stem for path in (data / "mitdb").glob("*.hea"))
    sets = {"MIT-BIH DS1 (fitted on)": [data / "mitdb" / n for n in names if n in DS1],
            "MIT-BIH DS2": [data / "mitdb" / n for n in names if n not in (*DS1, *PACED)],
            "SVDB 800": [data / "svdb" / "800"]}  # fmt: skip
    print("\n| kinds | leads | S: n, Se %, +P % | V: n, Se %, +P % | N called S or V, % |\n|---|---|---|---|--:|")
    for title, paths in sets.items():
        marked = [read_marked(path) for path in paths]
        for leads in ("two", "first"):
            total = sum((_kinds(m, alone=leads == "first") for m in marked), Counter[str]())
            wrong = 100 * (total["NS"] + total["NV"]) / max(sum(total["N" + k] for k in "NSV"), 1)
            print(f"| {title} | {leads} | {_kind_cell(total, 'S')} | {_kind_cell(total, 'V')} | {wrong:.2f} |")


def _kind_cell(counts: Counter[str], kind: str) -> str:
    marked, called = (sum(counts[k + kind] if swap else counts[kind + k] for k in "NSV") for swap in (False, True))
    hits = counts[kind + kind]
    return f"{marked}, {percent(hits, marked - hits)}, {percent(hits, called - hits)}"


def _kinds(marked: Marked, *, alone: bool) -> Counter[str]:
    record, times, symbols = _first(marked[0]) if alone else marked[0], marked[1], marked[2]
    rows = usable_leads(record)
    found = detect_r_peaks(record, rows=rows)
    called, _ = classify_beats(record, found, rows)
    counts: Counter[str] = Counter()
    for at, symbol in zip(times, symbols, strict=True):
        nearest = int(np.abs(found - at).argmin())
        if symbol in KINDS and abs(found[nearest] - at) < TOLERANCE_S:
            counts[KINDS[symbol] + called[nearest]] += 1
    return counts


def print_noise(data: Path, methods: dict[str, Method]) -> None:
    """Recorded wander, electrode motion and muscle noise, added to clean records in their units of QRS size."""
    from scipy.io import loadmat

    marked = [read_marked(data / "mitdb" / name) for name in CLEAN]
    print(f"\n| noise on {len(CLEAN)} DS1 records, 5 min, first lead | SNR dB | " + " | ".join(
        f"{m}: Se %, +P %" for m in methods if "first" in m) + " |")  # fmt: skip
    print("|---|--:|" + "---|" * sum("first" in m for m in methods))
    for title, key in (("baseline wander", "BW"), ("electrode motion", "EM"), ("muscle", "MA")):
        noise = loadmat(data / "nstdb" / f"{key}.mat")[key][:, 1].astype(float)
        for snr in SNR_DB:
            pieces = [(_first(_noisy(m[0].excerpt(0, 300), noise, snr)), m[1][m[1] < 300]) for m in marked]
            cells = []
            for method in (m for m in methods if "first" in m):
                tp, fn, fp = np.sum([compare(true, methods[method](r)) for r, true in pieces], axis=0)
                cells.append(f"{percent(tp, fn)}, {percent(tp, fp)}")
            print(f"| {title} | {snr} | {' | '.join(cells)} |")


def _noisy(record: EcgRecord, noise: np.ndarray, snr_db: float) -> EcgRecord:
    """Add noise so that (QRS peak to peak)² / 8 is this far above its power, as NSTDB defines it."""
    repeated = np.resize(np.concatenate([noise, noise[::-1]]), record.signal.shape[1])
    repeated = repeated - repeated.mean()
    pieces = record.signal[0][: len(repeated) // 360 * 360].reshape(-1, 360)
    power = np.median(np.ptp(pieces, axis=1)) ** 2 / 8
    gain = np.sqrt(power / 10 ** (snr_db / 10) / repeated.var())
    return EcgRecord(record.signal + gain * repeated, record.leads, record.sampling_rate)


def print_pacing(data: Path) -> None:
    """Recordings said to be paced by measurement, against what their doctors wrote, 250 Hz and more."""
    print("\n| pacing | paced: found / n | not paced: alarms / n | paced beats: Se %, +P % |\n|---|--:|--:|---|")
    names = sorted(path.stem for path in (data / "mitdb").glob("*.hea"))
    found: Counter[tuple[bool, bool]] = Counter()
    beats = np.zeros(3, dtype=int)
    for name in names:
        record, times, symbols, _ = read_marked(data / "mitdb" / name)
        pacing = find_pacing(record, times)
        paced = np.isin(symbols, ["/", "f"])
        found[name in PACED, pacing.mode is not None] += 1
        hits = pacing.paced_beats & paced
        beats += [hits.sum(), (paced & ~hits).sum(), (pacing.paced_beats & ~hits).sum()]
    _pacing_row("MIT-BIH, 2 leads, 360 Hz", found, f"{percent(beats[0], beats[1])}, {percent(beats[0], beats[2])}")
    for title, records in (("LUDB, 12 leads, 500 Hz", _ludb_pacing(data)), ("PTB-XL, 12 leads, 500 Hz", _ptbxl(data))):
        counts: Counter[tuple[bool, bool]] = Counter()
        for record, paced_record in records:
            counts[paced_record, find_pacing(record, detect_r_peaks(record)).mode is not None] += 1
        _pacing_row(title, counts, "")


def _pacing_row(title: str, found: Counter[tuple[bool, bool]], beats: str) -> None:
    paced, others = (f"{found[truth, True]} / {found[truth, True] + found[truth, False]}" for truth in (True, False))
    print(f"| {title} | {paced} | {others} | {beats} |")


def _ludb_pacing(data: Path):
    folder = data / "ludb" / "data"
    for header in sorted(folder.glob("*.hea")):
        text = header.read_text()
        yield read_ludb(folder, header.stem).record, " pacing." in text or "P-synchrony" in text


def _ptbxl(data: Path):
    import csv

    with open(data / "ptb-xl" / "ptbxl_labels.csv", encoding="utf-8") as file:
        paced = {int(row["ecg_id"]) for row in csv.DictReader(file) if "PACE" in row["rhythm"].split()}
    for header in sorted((data / "ptb-xl" / "records500").rglob("*.hea")):
        yield read_record(header), int(header.stem[:5]) in paced


def print_day(data: Path) -> None:
    """Processor time and memory for 24 h of three leads at 250 Hz."""
    folder = data / "ludb" / "data"
    ten = resample(read_ludb(folder, split_ludb(folder)[1][0]).record, 250.0).select(["I", "II", "V1"])
    day = EcgRecord(np.tile(ten.signal, (1, 8640)), ten.leads, 250.0)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"\n| 24 h, 3 leads, 250 Hz ({day.signal.nbytes / 2**20:.0f} MB of samples) | s on one core |\n|---|--:|")
    started = time.process_time()
    peaks = detect_r_peaks(day, rows=[0, 1, 2])
    found = time.process_time()
    classify_beats(day, peaks, [0, 1, 2])
    called = time.process_time()
    find_pacing(day, peaks)
    done = time.process_time()
    print(f"| R peaks ({len(peaks)}) | {found - started:.0f} |\n| kinds | {called - found:.0f} |")
    print(f"| pacing | {done - called:.0f} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"\nPeak memory {peak / 1024:.0f} MB, of which {held / 1024:.0f} MB were held at the start.")


if __name__ == "__main__":
    main()
