"""Tables of `benchmarks.waves` outside LUDB: P waves by rhythm, other databases and leads, agreement between rates."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy.io
import wfdb

from anyecg.leads import STANDARD_LEADS
from anyecg.measure import delineate, measure
from anyecg.record import EcgRecord, resample
from anyecg.simulate import simulate

RHYTHMS = {"SR": True, "STACH": True, "SBRAD": True, "SARRH": True, "AFIB": False, "AFLT": False, "SVTAC PSVT": False}
"""PTB-XL rhythm statements, and whether a P wave before the QRS complex belongs to them."""
SIMULATED = {"SR": True, "STACH": True, "SBRAD": True, "AFIB": False, "AFLT": False}
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
INTERVALS = ("p_ms", "pr_ms", "qrs_ms", "qt_ms")


def compact_fold(folder: Path, fold: int) -> Iterator[tuple[int, EcgRecord]]:
    """Number and record, 12 leads at 100 Hz, of a compact fold of PTB-XL."""
    with np.load(folder / f"records100_fold{fold:02d}.npz", allow_pickle=False) as stored:
        names, steps = stored["ecg_id"], (stored["high"].astype(np.int16) << 8 | stored["low"]).astype(np.int16)
    for name, rows in zip(names, steps, strict=True):
        signal = np.cumsum(rows, axis=1, dtype=np.int32) * 0.005
        yield int(name), EcgRecord(signal, EIGHT, 100.0).with_derived_leads().select(STANDARD_LEADS)


def labels(folder: Path) -> dict[int, dict[str, str]]:
    """Rows of ptbxl_labels.csv by record number."""
    with open(folder / "ptbxl_labels.csv", newline="") as rows:
        return {int(row["ecg_id"]): row for row in csv.DictReader(rows)}


def print_p_waves(folder: Path) -> None:
    """Share of records in which a P wave is found, where one is expected and where none is."""
    print("\n| P wave found | expected | records | share % | not measurable |\n|---|---|--:|--:|--:|")
    rows = labels(folder)
    called: dict[str, list[bool | None]] = {key: [] for key in RHYTHMS}
    normal_qrs = []
    for name, record in compact_fold(folder, 9):
        rhythm = rows[name]["rhythm"]
        group = next((key for key in RHYTHMS if rhythm and set(rhythm.split()) <= set(key.split())), None)
        if group is None:
            continue
        found = measure(record)
        called[group].append(found.p_wave_present)
        if rows[name]["statements"].split()[:1] == ["NORM"] and found.qrs_ms is not None:
            normal_qrs.append(found.qrs_ms)
    for key, expected in RHYTHMS.items():
        _print_share(f"PTB-XL fold 9, {key}", expected, called[key])
    print_simulated_p()
    low, median, high = np.percentile(normal_qrs, [2.5, 50, 97.5])
    print(f"\nQRS of {len(normal_qrs)} records of fold 9 called normal: median {median:.0f} ({low:.0f}-{high:.0f}) ms.")


def print_simulated_p(n: int = 400) -> None:
    """The same on simulated records, whose truth is known."""
    called: dict[str, list[bool | None]] = {key: [] for key in SIMULATED}
    for ecg in simulate(n, seed=11):
        group = next((key for key in reversed(SIMULATED) if key in ecg.findings), None)
        if group is not None:
            called[group].append(measure(ecg.record).p_wave_present)
    for key, expected in SIMULATED.items():
        _print_share(f"simulated, {key}", expected, called[key])


def _print_share(title: str, expected: bool, called: list[bool | None]) -> None:
    judged = [value for value in called if value is not None]
    share = f"{100 * np.mean(judged):.1f}" if judged else "-"
    print(f"| {title} | {'yes' if expected else 'no'} | {len(called)} | {share} | {len(called) - len(judged)} |")


def print_other_databases(data: Path) -> None:
    """QTDB's marks, and one recording in other leads and at other rates."""
    _print_qtdb(data / "qtdb" / "sel32.mat")
    print("\n| recording | leads, rate | PR | QRS | QT |\n|---|---|--:|--:|--:|")
    header = wfdb.rdrecord(str(data / "ptbdb" / "s0010_re"), physical=False)
    full = EcgRecord(header.d_signal.T / 2000.0, tuple(header.sig_name), 1000.0)
    chest = [lead for lead in full.leads if lead not in ("VX", "VY", "VZ")]
    views = {"12 leads, 1000 Hz": full.select(chest), "Frank X Y Z, 1000 Hz": full.select(["VX", "VY", "VZ"])}
    views |= {f"12 leads, {rate} Hz": resample(full.select(chest), rate) for rate in (500, 250, 100)}
    for title, view in views.items():
        _print_row("ptbdb s0010_re", title, view)
    holter = wfdb.rdrecord(str(data / "mitdb" / "100"), sampto=60 * 360)
    both = EcgRecord(holter.p_signal.T, tuple(holter.sig_name), holter.fs)
    for leads in (both.leads, both.leads[:1], both.leads[1:]):
        _print_row("mitdb 100, 60 s", f"{' + '.join(leads)}, 360 Hz", both.select(leads))


def _print_row(name: str, title: str, record: EcgRecord) -> None:
    found = measure(record)
    cells = ["-" if (v := getattr(found, key)) is None else f"{v:.0f}" for key in ("pr_ms", "qrs_ms", "qt_ms")]
    print(f"| {name} | {title} | {' | '.join(cells)} |")


def _print_qtdb(path: Path) -> None:
    """The thirty beats of sel32 that were marked by hand, on both leads together."""
    stored = scipy.io.loadmat(path, simplify_cells=True)
    rate, marks = int(stored["fs"]), stored["true_position"]
    first, last = int(marks["R"][0]) - 10 * rate, int(marks["R"][-1]) + 10 * rate
    beats = delineate(EcgRecord(stored["ecg"][first:last].T, ("ECG1", "ECG2"), rate))
    peaks = np.array([beat.r_peak_s for beat in beats])
    nearest = [int(np.abs(peaks - (r - first) / rate).argmin()) for r in marks["R"]]
    print(f"\n| QTDB sel32, {len(nearest)} beats, 2 leads, {rate} Hz | error |\n|---|---|")
    names = {"Pon": "p_on", "P": "p_peak", "Poff": "p_off", "QRSon": "qrs_on", "QRSoff": "qrs_off",
             "T": "t_peak", "Toff": "t_off"}  # fmt: skip
    for theirs, ours in names.items():
        at = [getattr(beats[k], f"{ours}_s") for k in nearest]
        errors = [np.nan if v is None else 1000 * (v - (t - first) / rate)
                  for v, t in zip(at, marks[theirs], strict=True)]  # fmt: skip
        found = np.isfinite(errors)
        print(f"| {ours} | {np.nanmean(errors):+.1f} ± {np.nanstd(errors):.1f} (found {found.sum()}) |")


def print_agreement(folder: Path) -> None:
    """The same ten seconds at 500 and at 100 Hz, PTB-XL folds 1-9."""
    rows = labels(folder)
    slow = {}
    names = {int(path.stem[:5]): path.with_suffix("") for path in sorted((folder / "records500").glob("*/*.hea"))}
    for fold in range(1, 10):
        if any(name in rows and rows[name]["strat_fold"] == str(fold) for name in names):
            slow |= {name: record for name, record in compact_fold(folder, fold) if name in names}
    differences: dict[str, list[float]] = {key: [] for key in INTERVALS}
    for name, record in slow.items():
        header = wfdb.rdrecord(str(names[name]))
        fast = measure(EcgRecord(header.p_signal.T, tuple(header.sig_name), header.fs))
        other = measure(record)
        for key in INTERVALS:
            a, b = getattr(other, key), getattr(fast, key)
            if a is not None and b is not None:
                differences[key].append(a - b)
    print(f"\n| PTB-XL, {len(slow)} records, 100 Hz less 500 Hz | difference | 95 % within |\n|---|---|--:|")
    for key, values in differences.items():
        d = np.array(values)
        spread = np.percentile(np.abs(d), 95)
        print(f"| {key} | {d.mean():+.1f} ± {d.std():.1f} (n {len(d)}) | {spread:.0f} ms |")
