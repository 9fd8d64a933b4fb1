"""How right are rates, axes, amplitudes and ST levels: against simulated truth, against readers, against themselves.

    python -m benchmarks.intervals [--data FOLDER] [--records N] [--seed N]

Prints Markdown. Simulated records carry noise; their truth is read from the same records without it. LUDB is its
training records, PTB-XL fold 9 and the 500 Hz records of folds 1-9, MIT-BIH DS1: nothing here is a test record.
"""

from __future__ import annotations

import argparse
import ast
import csv
import math
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import wfdb

from anyecg.leads import STANDARD_LEADS
from anyecg.measure import detect_r_peaks, measure
from anyecg.measure.intervals import rates
from anyecg.measure.ludb import read_ludb, split_ludb
from anyecg.record import EcgRecord
from anyecg.simulate import Simulated, simulate

from .measure import BEATS, DEFAULT_DATA, DS1

LEAD_KEYS = ("p_mv", "q_mv", "r_mv", "s_mv", "st_j_mv", "st_mv", "st80_mv", "t_mv")
AXIS_KEYS = ("p_axis_deg", "axis_deg", "t_axis_deg", "qrs_t_angle_deg")
INTERVAL_KEYS = ("heart_rate_bpm", "p_ms", "pr_ms", "qrs_ms", "qt_ms")
READER_WORDS = {"left axis deviation": (-180, 0), "horizontal": (0, 30), "normal": (30, 70), "vertical": (70, 90),
                "right axis deviation": (90, 180)}  # fmt: skip
"""Degrees that the words of LUDB's readers stand for (the Russian convention, left from 0° on)."""
Measured = dict[str, Any]
Errors = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder that holds ludb/, mitdb/, ptb-xl/")
    parser.add_argument("--records", type=int, default=400, help="simulated records")
    parser.add_argument("--seed", type=int, default=21)
    args = parser.parse_args()
    print_simulated(args.records, args.seed)
    print_ludb_axes(args.data / "ludb" / "data")
    print_ptbxl(args.data / "ptb-xl")
    print_sampling_rates(args.data / "ptb-xl")
    print_rates(args.data / "mitdb")


def measured(record: EcgRecord) -> Measured:
    return measure(record).to_dict()


# ---- simulated truth


def print_simulated(n: int, seed: int) -> None:
    """Measured minus true, with the noise of a usual mixture of rhythms and conditions."""
    errors: Errors = {}
    for noisy, clean in zip(simulate(n, seed=seed), _without_noise(n, seed), strict=True):
        found = measured(noisy.record)
        if found["leads"]:
            _compare(found, noisy, clean.record.signal.astype(float), errors)
    print(f"\n| {n} simulated records | mean ± sd | median of amounts | 95 % within | n |\n|---|--:|--:|--:|--:|")
    for key in (*INTERVAL_KEYS, *AXIS_KEYS, *LEAD_KEYS):
        e = np.array(errors[key])
        digits = 3 if key.endswith("mv") else 1
        size = [f"{value:.{digits}f}" for value in (np.median(abs(e)), np.quantile(abs(e), 0.95))]
        print(f"| {key} | {e.mean():+.{digits}f} ± {e.std():.{digits}f} | {size[0]} | {size[1]} | {len(e)} |")


def _without_noise(n: int, seed: int) -> list[Simulated]:
    """The same hearts, recorded without disturbance (noise is drawn from a stream of its own)."""
    with patch("anyecg.simulate.assembly.add_noise", lambda *_: []):
        return list(simulate(n, seed=seed))


def _compare(found: Measured, truth: Simulated, clean: np.ndarray, errors: Errors) -> None:
    for key in INTERVAL_KEYS:
        if found[key] is not None and truth.measurements[key] is not None:
            errors.setdefault(key, []).append(found[key] - truth.measurements[key])
    beats = [beat for beat in _true_beats(truth, clean) if beat]
    for key in {key for beat in beats for key in beat}:
        values = [beat[key] for beat in beats if key in beat]
        if key in AXIS_KEYS:
            if found[key] is not None:
                angle = math.degrees(np.angle(np.exp(1j * np.radians(values)).mean()))
                errors.setdefault(key, []).append((found[key] - angle + 180) % 360 - 180)
        else:
            middle = np.median(values, axis=0)
            for lead, true in zip(STANDARD_LEADS, middle, strict=True):
                own = found["leads"].get(lead, {}).get(key)
                if own is not None:
                    errors.setdefault(key, []).append(own - true)


def _true_beats(truth: Simulated, clean: np.ndarray) -> Iterator[dict[str, Any]]:
    """Amplitudes (one per lead) and axes of each normal beat, read off the clean signal at the true fiducials."""
    for beat in truth.beats[1:-1]:
        near = [w for w in truth.waves if w["kind"] == "QRS complex" and w["start_s"] <= beat["time_s"] <= w["end_s"]]
        if beat["kind"] == "N" and near:
            yield _true_beat(truth, near[0], clean)


def _true_beat(truth: Simulated, qrs: dict[str, Any], clean: np.ndarray) -> dict[str, Any]:
    start, j = (round(qrs[key] * 500) for key in ("start_s", "end_s"))
    signal = clean - clean[:, max(start - 2, 0) : start + 1].mean(axis=1, keepdims=True)
    part = signal[:, start : j + 1]
    values = [_true_qrs(row) for row in part]
    found: dict[str, Any] = {key: [v[k] for v in values] for k, key in enumerate(("q_mv", "r_mv", "s_mv"))}
    found["axis_deg"] = _angle((np.maximum(part.max(axis=1), 0) + np.minimum(part.min(axis=1), 0))[:, None])
    after = [w for w in truth.waves if w["kind"] == "T wave" and 0 <= w["peak_s"] - qrs["end_s"] < 0.5]
    before = [w for w in truth.waves if w["kind"] == "P wave" and 0.05 < qrs["start_s"] - w["start_s"] < 0.35]
    for key, after_ms in (("st_j_mv", 0), ("st_mv", 60), ("st80_mv", 80)):
        at = j + after_ms // 2
        if at < signal.shape[1] and (not after or at < after[0]["peak_s"] * 500):
            found[key] = signal[:, at]
    if after:
        t = _cut(signal, after[0])
        found |= {"t_mv": _largest(t), "t_axis_deg": _angle(t)}
        found["qrs_t_angle_deg"] = abs((found["axis_deg"] - found["t_axis_deg"] + 180) % 360 - 180)
    if before:
        p = _cut(signal, before[-1])
        p = p - np.linspace(p[:, 0], p[:, -1], p.shape[1], axis=1)
        found |= {"p_mv": _largest(p), "p_axis_deg": _angle(p)}
    return found


def _true_qrs(row: np.ndarray) -> tuple[float, float, float]:
    up = np.flatnonzero(row - np.maximum(np.linspace(0, row[-1], len(row)), 0) > 0.05)
    first = int(up[0]) if len(up) else 0
    q = row[:first].min() if (row[:first] < -0.03).sum() >= 3 else 0.0
    return float(q), float(row[up].max()) if len(up) else 0.0, min(float(row[first:].min()), 0.0)


def _cut(signal: np.ndarray, wave: dict[str, Any]) -> np.ndarray:
    return signal[:, round(wave["start_s"] * 500) : round(wave["end_s"] * 500) + 1]


def _largest(part: np.ndarray) -> np.ndarray:
    return part[np.arange(len(part)), np.abs(part).argmax(axis=1)]


def _angle(part: np.ndarray) -> float:
    left, down = part[STANDARD_LEADS.index("I")].sum(), part[STANDARD_LEADS.index("aVF")].sum() * 2 / math.sqrt(3)
    return math.degrees(math.atan2(down, left))


# ---- readers' words


def print_ludb_axes(folder: Path) -> None:
    """The axis against the word in the header, LUDB training records."""
    rows: dict[str, list[float | None]] = {word: [] for word in READER_WORDS}
    for name in split_ludb(folder)[0]:
        text = (folder / f"{name}.hea").read_text().lower()
        word = next((word for word in READER_WORDS if f"axis of the heart: {word}" in text), None)
        if word:
            rows[word].append(measured(read_ludb(folder, name).record)["axis_deg"])
    print("\n| LUDB training records, reader's axis | records | QRS axis, median (5-95 %) | within ±10° of the word |")
    print("|---|--:|--:|--:|")
    for word, found in rows.items():
        values = np.array([value for value in found if value is not None])
        low, high = READER_WORDS[word]
        inside = np.mean((values > low - 10) & (values < high + 10))
        print(f"| {word} ({low}° to {high}°) | {len(found)} | {_spread(values)} | {100 * inside:.0f} % |")


def print_ptbxl(folder: Path) -> None:
    """The axis against PTB-XL's heart_axis, and R progression against statements, fold 9."""
    rows = _table(folder, 9)
    found = {number: measured(record) for number, record in _records(folder, 9, set(rows))}
    print("\n| PTB-XL fold 9, heart_axis | records | QRS axis, median (5-95 %) | no axis |\n|---|--:|--:|--:|")
    for word in ("MID", "LAD", "ALAD", "AXL", "RAD", "ARAD", "AXR"):
        axes = [found[k]["axis_deg"] for k, row in rows.items() if row["heart_axis"] == word and k in found]
        print(f"| {word} | {len(axes)} | {_spread([a for a in axes if a is not None])} | {axes.count(None)} |")
    print("\n| PTB-XL fold 9, R progression | records | normal | early | late | poor | reversed | not measurable |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for title, codes in (("NORM", {"NORM"}), ("anterior infarction", {"AMI", "ASMI", "ALMI"}), ("CRBBB", {"CRBBB"})):
        part = [found[k] for k, row in rows.items() if codes & set(row["codes"]) and k in found]
        words = Counter((one["r_progression"] or {}).get("word") for one in part)
        cells = [f"{100 * words[w] / len(part):.0f} %" for w in ("normal", "early", "late", "poor", "reversed", None)]
        print(f"| {title} | {len(part)} | {' | '.join(cells)} |")


def _table(folder: Path, fold: int) -> dict[int, dict[str, Any]]:
    with (folder / "ptbxl_database.csv").open() as file:
        rows = {int(row["ecg_id"]): dict(row) for row in csv.DictReader(file) if int(row["strat_fold"]) == fold}
    for row in rows.values():
        row["codes"] = list(ast.literal_eval(str(row["scp_codes"])))
    return rows


def _records(folder: Path, fold: int, wanted: set[int]) -> Iterator[tuple[int, EcgRecord]]:
    """Records of a compact fold, 100 Hz, with the limb leads that follow from I and II."""
    with np.load(folder / f"records100_fold{fold:02d}.npz", allow_pickle=False) as stored:
        steps = (stored["high"].astype(np.int16) << 8 | stored["low"]).astype(np.int16)
        signal = np.cumsum(steps, axis=2, dtype=np.int32) * 0.005
        numbers = stored["ecg_id"].tolist()
    for number, eight in zip(numbers, signal, strict=True):
        if number in wanted:
            names = ("I", "II", *STANDARD_LEADS[6:])
            yield number, EcgRecord(eight, names, 100.0, str(number)).with_derived_leads()


def _spread(values: Any) -> str:
    if not len(values):
        return "-"
    low, middle, high = np.quantile(np.asarray(values, dtype=float), [0.05, 0.5, 0.95])
    return f"{middle:.0f}° ({low:.0f} to {high:.0f}°)"


# ---- agreement with itself


def print_sampling_rates(folder: Path) -> None:
    """The same recordings at 100 and 500 Hz, as the database holds them; and Einthoven's law."""
    errors: Errors = {}
    law: list[float] = []
    spent = []
    for fold in range(1, 10):
        files = {int(path.stem[:5]): path.with_suffix("") for path in (folder / "records500").glob("*/*_hr.hea")}
        for number, slow in _records(folder, fold, set(files)):
            header = wfdb.rdrecord(str(files[number]))
            fast = EcgRecord(header.p_signal.T, tuple(header.sig_name), float(header.fs))
            started = time.process_time()
            at_500 = measured(fast)
            spent.append(time.process_time() - started)
            _differences(measured(slow), at_500, errors)
            limb = [at_500["leads"].get(lead, {}).get("st_mv") for lead in ("I", "II", "III")]
            if None not in limb:
                law.append(abs(limb[2] - (limb[1] - limb[0])))
    print("\n| PTB-XL, 100 Hz minus 500 Hz | mean ± sd | 95 % within | n |\n|---|--:|--:|--:|")
    for key, values in errors.items():
        e, digits = np.array(values), 3 if key.endswith("mv") else 1
        cells = f"{e.mean():+.{digits}f} ± {e.std():.{digits}f} | {np.quantile(abs(e), 0.95):.{digits}f} | {len(e)}"
        print(f"| {key} | {cells} |")
    print(f"\nST of III minus (II - I): at most {max(law):.3f} mV in {len(law)} records.")
    print(f"`measure` of a 10 s record of 12 leads at 500 Hz takes {1000 * float(np.median(spent)):.0f} ms.")


def _differences(slow: Measured, fast: Measured, errors: Errors) -> None:
    for key in (*INTERVAL_KEYS, "axis_deg", "t_axis_deg", "spatial_qrs_t_angle_deg", "sokolow_lyon_mv", "cornell_mv"):
        if slow.get(key) is not None and fast.get(key) is not None:
            change = slow[key] - fast[key]
            errors.setdefault(key, []).append((change + 180) % 360 - 180 if "axis" in key else change)
    for lead in set(slow["leads"]) & set(fast["leads"]):
        for key in LEAD_KEYS:
            if slow["leads"][lead][key] is not None and fast["leads"][lead][key] is not None:
                errors.setdefault(key, []).append(slow["leads"][lead][key] - fast["leads"][lead][key])


def print_rates(folder: Path) -> None:
    """Lowest and highest rate of each minute, from found and from annotated beats; 207 (flutter) is left out."""
    keys = ("heart_rate_bpm", "heart_rate_min_bpm", "heart_rate_max_bpm")
    rows: dict[str, list[float]] = {key: [] for key in (*keys, "highest of single intervals")}
    for name in DS1:
        if name == "207" or not (folder / f"{name}.hea").exists():
            continue
        header, marks = wfdb.rdrecord(str(folder / name)), wfdb.rdann(str(folder / name), "atr")
        true = marks.sample[np.isin(marks.symbol, list(BEATS))] / header.fs
        found = detect_r_peaks(EcgRecord(header.p_signal.T, tuple(header.sig_name), header.fs))
        for start in range(0, 1800, 60):
            one, other = (at[(at >= start) & (at < start + 60)] for at in (true, found))
            if min(len(one), len(other)) > 3:
                marked, ours = rates(one), rates(other)
                for key in keys:
                    rows[key].append((ours[key] or 0) - (marked[key] or 0))
                rows["highest of single intervals"].append(60 / np.diff(other).min() - 60 / np.diff(one).min())
    print(
        "\n| MIT-BIH DS1, each minute, found minus annotated | mean ± sd | within 2/min | minutes |\n|---|--:|--:|--:|"
    )
    for key, values in rows.items():
        e = np.array(values)
        print(f"| {key} | {e.mean():+.1f} ± {e.std():.1f} | {100 * np.mean(abs(e) <= 2):.1f} % | {len(e)} |")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
