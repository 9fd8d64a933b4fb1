"""How often a critical value is told rightly, and how often wrongly.

    python -m benchmarks.critical [--data FOLDER] [--fold 9] [--simulated 60]

Prints Markdown: false alarms on a fold of PTB-XL (100 Hz, half of the records normal), episodes on MIT-BIH against its
rhythm annotations, alarms that a monitor raised wrongly (challenge 2015), simulated ECGs with known truth, time. Limits
were chosen on PTB-XL folds 8 and 9, DS1 of MIT-BIH and simulated records of other seeds, so fold 10, DS2 and the table
of simulated records are the independent figures.
"""

from __future__ import annotations

import argparse
import csv
import logging
import os
import time
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import wfdb

from anyecg.leads import STANDARD_LEADS
from anyecg.measure import measure
from anyecg.measure.beats import usable_leads
from anyecg.measure.critical import URGENCY, critical_values
from anyecg.measure.rhythm import find_episodes
from anyecg.record import EcgRecord
from anyecg.simulate import simulate

DEFAULT_DATA = Path(os.environ.get("ANYECG_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
DS1 = ["101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122", "124", "201", "203", "205", "207",
       "208", "209", "215", "220", "223", "230"]  # fmt: skip
PACED = ["102", "104", "107", "217"]
MARKED = {
    "VT": ("ventricular tachycardia", "ventricular fibrillation or flutter"),
    "VFL": ("ventricular fibrillation or flutter", "ventricular tachycardia"), "B": ("ventricular bigeminy",),
    "T": ("ventricular trigeminy",), "SVTA": ("supraventricular tachycardia",),
}  # fmt: skip
"""Rhythm of MIT-BIH → the kinds that count as finding it, the first one being its own."""
MARGIN_S = 0.5
TRUTH = {
    "VFIB": ("ventricular fibrillation or flutter",), "ASYSTOLE": ("asystole",), "PAUSE": ("pause", "asystole"),
    "VTACH": ("ventricular tachycardia", "sustained ventricular tachycardia", "wide-complex tachycardia",
              "ventricular fibrillation or flutter"),
    "PVT": ("ventricular tachycardia", "sustained ventricular tachycardia", "wide-complex tachycardia",
            "ventricular fibrillation or flutter"),
    "3AVB": ("third-degree AV block",), "MOBITZ2": ("second-degree AV block (Mobitz 2)",), "2:1AVB": ("2:1 AV block",),
    "IMI:acute": ("ST elevation",), "AMI:acute": ("ST elevation",),
}  # fmt: skip
"""Simulated condition → the kinds of which one must be told."""
HARMLESS = ("NORM", "SARRH", "1AVB", "AFIB", "PAC", "PVC", "BIGU", "CRBBB", "LAFB", "LVH", "MOBITZ1", "PACE-AV")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder that holds ptb-xl/, mitdb/ and others")
    parser.add_argument("--fold", type=int, default=9, help="fold of PTB-XL")
    parser.add_argument("--simulated", type=int, default=60, help="simulated records per condition")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    print_ptb_xl(args.data / "ptb-xl", args.fold)
    print_mit_bih(args.data / "mitdb")
    print_monitor_alarms(args.data / "challenge-2015")
    print_simulated(args.simulated)
    print_speed(args.data / "ptb-xl", args.fold)


def judge(record: EcgRecord) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Measurements with their episodes, and the critical values among them."""
    values = measure(record).to_dict()
    return values, values["critical"]


def read_fold(folder: Path, fold: int) -> list[tuple[dict[str, str], EcgRecord]]:
    """Labels and records of one compact fold (leads I, II, V1-V6 in 5 µV steps; the others follow)."""
    with (folder / "ptbxl_labels.csv").open(encoding="utf-8") as file:
        labels = {int(row["ecg_id"]): row for row in csv.DictReader(file)}
    with np.load(folder / f"records100_fold{fold:02d}.npz", allow_pickle=False) as packed:
        steps = (packed["high"].astype(np.int16) << 8 | packed["low"]).astype(np.int16)
        ids, signals = packed["ecg_id"], np.cumsum(steps, axis=2, dtype=np.int32).astype(np.float32) * 0.005
    rows = []
    for ecg_id, signal in zip(ids.tolist(), signals, strict=True):
        label = labels[ecg_id]
        record = EcgRecord(signal, ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), 100.0)
        full = record.with_derived_leads().select(STANDARD_LEADS)
        age = float(label["age"]) if label["age"] else None
        sex = {"0.0": "male", "1.0": "female"}.get(label["sex"])
        rows.append((label, EcgRecord(full.signal, full.leads, 100.0, str(ecg_id), age, sex)))
    return rows


def print_ptb_xl(folder: Path, fold: int) -> None:
    """Alarms on normal and on all records, and what the labelled blocks and tachycardias gave."""
    counts: dict[str, Counter[str]] = {"normal": Counter(), "paced": Counter(), "other": Counter()}
    totals: Counter[str] = Counter()
    labelled: dict[str, list[str]] = defaultdict(list)
    for label, record in read_fold(folder, fold):
        values, critical = judge(record)
        group = "normal" if label["super_class"] == "NORM" else "paced" if "PACE" in label["rhythm"] else "other"
        totals[group] += 1
        counts[group].update({row["kind"] for row in critical} or set())
        found = {row["kind"] for row in values["episodes"]} | {row["kind"] for row in critical}
        for code in ("2AVB", "3AVB", "PSVT", "SVTAC", "BIGU", "TRIGU"):
            if code in f"{label['statements']} {label['rhythm']}".split():
                labelled[code].append(", ".join(sorted(found)) or "nothing")
    groups = list(counts)
    print(f"\n| PTB-XL fold {fold}: alarms | " + " | ".join(f"{g} (n {totals[g]})" for g in groups) + " |")
    print("|---|" + "--:|" * len(groups))
    for kind in URGENCY:
        cells = [f"{counts[g][kind]} ({100 * counts[g][kind] / max(totals[g], 1):.2f} %)" for g in groups]
        print(f"| {kind} | " + " | ".join(cells) + " |")
    print("\n| labelled | records | told |\n|---|--:|---|")
    for code, told in labelled.items():
        print(f"| {code} | {len(told)} | {'; '.join(f'{n} × {text}' for text, n in Counter(told).most_common())} |")


def print_mit_bih(folder: Path) -> None:
    """Marked episodes that overlap a found one, and found ones that overlap no marked one, per hour."""
    names = sorted(path.stem for path in folder.glob("*.hea") if path.stem not in PACED)
    print(
        "\n| MIT-BIH | records | "
        + " | ".join(f"{rhythm}: found, extra/h" for rhythm in MARKED)
        + " | block, pause/h |"
    )
    print("|---|--:|" + "---|" * len(MARKED) + "--:|")
    per_record = {name: _compare_rhythms(folder / name) for name in names}
    for title, part in (("DS1", [n for n in names if n in DS1]), ("DS2", [n for n in names if n not in DS1])):
        total = sum((per_record[name] for name in part), Counter())
        hours = total["seconds"] / 3600
        cells = [f"{total[r, 'hit']}/{total[r, 'marked']}, {total[r, 'extra'] / hours:.1f}" for r in MARKED]
        print(f"| {title} | {len(part)} | " + " | ".join(cells) + f" | {total['other'] / hours:.2f} |")


def _compare_rhythms(path: Path) -> Counter[Any]:
    header, marks = wfdb.rdrecord(str(path)), wfdb.rdann(str(path), "atr")
    record = EcgRecord(header.p_signal.T, tuple(header.sig_name), header.fs)
    starts = [
        (s / header.fs, a.strip("\x00(")) for s, a in zip(marks.sample, marks.aux_note, strict=True) if a[:1] == "("
    ]
    ends = [start for start, _ in starts[1:]] + [record.duration_s]
    spans = [(rhythm, start, end) for (start, rhythm), end in zip(starts, ends, strict=True)]
    episodes = judge(record)[0]["episodes"]
    counts: Counter[Any] = Counter(seconds=round(record.duration_s))
    for rhythm, kinds in MARKED.items():
        marked = [(a, b) for name, a, b in spans if name == rhythm]
        found = [(row["start_s"], row["end_s"]) for row in episodes if row["kind"] in kinds]
        counts[rhythm, "marked"] += len(marked)
        counts[rhythm, "hit"] += sum(any(_meet(span, other) for other in found) for span in marked)
        own = [(row["start_s"], row["end_s"]) for row in episodes if row["kind"] == kinds[0]]
        like = [(a, b) for name, a, b in spans if kinds[0] in MARKED.get(name, ())]
        counts[rhythm, "extra"] += sum(not any(_meet(span, other) for other in like) for span in own)
    counts["other"] += sum("AV block" in row["kind"] or row["kind"] in ("pause", "asystole") for row in episodes)
    return counts


def _meet(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] + MARGIN_S and other[0] < one[1] + MARGIN_S


def print_monitor_alarms(folder: Path) -> None:
    """Two alarms of a bedside monitor that were false."""
    print("\n| challenge 2015, false alarms of a monitor | raised | found in the last 10 s |\n|---|---|---|")
    for name, raised in (("a103l", "asystole"), ("v102s_1", "ventricular tachycardia")):
        header = wfdb.rdrecord(str(folder / name))
        rows = [k for k, lead in enumerate(header.sig_name) if lead in ("II", "V")]
        record = EcgRecord(header.p_signal[:, rows].T, tuple(header.sig_name[k] for k in rows), header.fs)
        late = [row["kind"] for row in judge(record.excerpt(0, 300))[0]["episodes"] if row["end_s"] > 290]
        print(f"| {name} | {raised} | {', '.join(late) or 'nothing'} |")


def print_simulated(n: int) -> None:
    """Share of simulated records where the right kind is told, and where any kind is told without cause."""
    print(f"\n| simulated, {n} each | told rightly | other kinds told |\n|---|--:|---|")
    for condition, right in (TRUTH | dict.fromkeys(HARMLESS, ())).items():
        hits, others = 0, Counter[str]()
        for ecg in simulate(n, seed=31, conditions=[condition]):
            kinds = {row["kind"] for row in judge(ecg.record)[1]}
            hits += bool(kinds & set(right))
            others.update(kinds - set(right))
        told = ", ".join(f"{count} {kind}" for kind, count in others.most_common())
        print(f"| {condition} | {f'{hits}/{n}' if right else '-'} | {told or '-'} |")


def print_speed(folder: Path, fold: int) -> None:
    """Processor time of `find_episodes` and `critical_values` together."""
    records = [record for _, record in read_fold(folder, fold)[:100]]
    print("\n| processor time | episodes and critical values |\n|---|--:|")
    print(f"| 10 s, 12 leads, 100 Hz | {_clock(records):.1f} ms |")
    fine = [ecg.record for ecg in simulate(40, seed=1, conditions=["3AVB"])]
    print(f"| 10 s, 12 leads, 500 Hz, AV block | {_clock(fine):.1f} ms |")
    hour = next(iter(simulate(1, seed=1, duration_s=3600.0, sampling_rate=250.0, leads=("I", "II", "V1")))).record
    day = EcgRecord(np.tile(hour.signal, (1, 24)), hour.leads, 250.0)
    print(f"| 24 h, 3 leads, 250 Hz | {_clock([day]) / 1000:.0f} s |")


def _clock(records: list[EcgRecord]) -> float:
    spent = 0.0
    for record in records:
        values = measure(record).to_dict()
        peaks_s = np.array([beat["time_s"] for beat in values["beats"]])
        kinds = [beat["kind"] for beat in values["beats"]]
        rows = usable_leads(record, values["quality"])
        started = time.process_time()
        values["episodes"] = find_episodes(record, peaks_s, kinds, rows, paced=False)
        critical_values(values, record)
        spent += time.process_time() - started
    return 1000 * spent / len(records)


if __name__ == "__main__":
    main()
