"""Seed faults into real recordings and count what is flagged, and count what is flagged where nobody complained.

    python -m benchmarks.quality [--data FOLDER] [--fold 9] [--records 100]

Prints Markdown: signal faults, exchanged electrodes, false flags on records without a quality complaint of PTB-XL's
reviewers, agreement with their complaints, and recordings that are no ECG. Limits were chosen on PTB-XL folds 1-8 (with
their records at 500 Hz) and on LUDB's training records; the network of `placement` never saw LUDB.
"""

from __future__ import annotations

import argparse
import csv
import logging
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb

from anyecg.leads import derive_limb_leads
from anyecg.measure.average import average_beat
from anyecg.measure.beats import detect_r_peaks, usable_leads
from anyecg.measure.faults import SIGNAL_FAULTS, SWAPS, apply_fault
from anyecg.measure.intervals import regularity
from anyecg.measure.kinds import classify_beats
from anyecg.measure.ludb import read_ludb, split_ludb
from anyecg.measure.not_ecg import not_an_ecg
from anyecg.measure.placement import find_misplacement
from anyecg.measure.placement_fit import FOLD_LEADS, read_fold
from anyecg.measure.pwave import has_p_wave
from anyecg.measure.quality import DISTURBANCES, QUALITY_FLAGS, disturbances, signal_quality
from anyecg.measure.report import representative
from anyecg.measure.waves import wave_times
from anyecg.readers import read_record
from anyecg.record import EcgRecord

from .other_signals import other_signals

DEFAULT_DATA = Path(os.environ.get("ANYECG_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
COMPLAINTS = ("baseline_drift", "static_noise", "burst_noise", "electrodes_problems")
DS1 = ["101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122", "124", "201", "203", "205", "207",
       "208", "209", "215", "220", "223", "230", "102", "104", "107", "217"]  # fmt: skip
SEED = 7


@dataclass(frozen=True)
class Flags:
    """All that quality says of one record."""

    quality: dict[str, str]
    disturbances: dict[str, list[str]]
    placement: list[dict[str, object]]
    not_an_ecg: str | None

    def of(self, lead: str) -> list[str]:
        """What is said of one lead; a record that lacks it says "missing"."""
        if lead not in self.quality:
            return ["missing"]
        word = self.quality[lead]
        return [word] if word != "good" else self.disturbances.get(lead, [])


@dataclass(frozen=True)
class Beats:
    """R peaks of a record, and the rows they were found on."""

    rows: list[int]
    peaks_s: np.ndarray
    kinds: list[str]
    likeness: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder that holds ptb-xl/, ludb/ and mitdb/")
    parser.add_argument("--fold", type=int, default=9, help="fold of PTB-XL; 10 is the test fold")
    parser.add_argument("--records", type=int, default=100, help="records per set that faults are seeded into")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    complaints = read_complaints(args.data / "ptb-xl")
    fold = zip(*read_fold(args.data / "ptb-xl", args.fold), strict=True)
    records = {int(number): twelve_leads(signal) for number, signal in fold}
    name = f"PTB-XL fold {args.fold}, 100 Hz"
    sets = {name: spread([record for k, record in records.items() if complaints.get(k) == ()], args.records)}
    sets["PTB-XL, 500 Hz"] = spread(list(records_at_500(args.data / "ptb-xl", complaints, args.fold)), args.records)
    sets["LUDB training, 500 Hz"] = spread(list(ludb_records(args.data / "ludb" / "data")), args.records)
    print_swaps(sets)
    flags = {number: analyse(record) for number, record in records.items()}
    others = {title: [analyse(record) for record in chosen] for title, chosen in sets.items() if title != name}
    print_clean({name: [found for k, found in flags.items() if complaints.get(k) == ()], **others})
    print_agreement(flags, complaints)
    print_faults(sets)
    print_not_ecg(args.data, list(records.values()), list(flags.values()))


def analyse(record: EcgRecord) -> Flags:
    """Quality, disturbances, placement and nature of a record, as `measure` finds them."""
    quality = signal_quality(record)
    beats = find_beats(record, quality)
    reason = not_an_ecg(record, quality, beats.peaks_s, beats.likeness)
    return Flags(quality, disturbances(record, quality), suspected(record, beats), reason)


def find_beats(record: EcgRecord, quality: dict[str, str]) -> Beats:
    """Beats on the leads that can be used."""
    rows = usable_leads(record, quality)
    peaks_s = detect_r_peaks(record, rows=rows)
    return Beats(rows, peaks_s, *classify_beats(record, peaks_s, rows))


def suspected(record: EcgRecord, beats: Beats) -> list[dict[str, object]]:
    """Exchanged electrodes that the representative beat shows."""
    if len(beats.peaks_s) < 2:
        return []
    good = EcgRecord(record.signal[beats.rows], tuple(record.leads[k] for k in beats.rows), record.sampling_rate)
    average = average_beat(good, beats.peaks_s, representative(beats.kinds, beats.likeness))
    if average is None:
        return []
    waves = wave_times(average)
    has_p = has_p_wave(average, waves, regularity(beats.peaks_s, beats.kinds))
    return find_misplacement(average, good.leads, waves, has_p=has_p)


def read_complaints(folder: Path) -> dict[int, tuple[str, ...]]:
    """ecg_id → what PTB-XL's reviewers noted of the signal; records that the table lacks are not known."""
    with (folder / "ptbxl_database.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {int(row["ecg_id"]): tuple(name for name in COMPLAINTS if row[name].strip()) for row in rows}


def twelve_leads(signal: np.ndarray) -> EcgRecord:
    """A record of the compact folds with its derived leads."""
    widened, leads, _ = derive_limb_leads(signal, FOLD_LEADS)
    return EcgRecord(widened, leads, 100.0)


def spread(records: list[EcgRecord], count: int) -> list[EcgRecord]:
    """At most so many records, evenly taken."""
    return [records[k] for k in np.linspace(0, len(records) - 1, min(count, len(records))).astype(int)]


def records_at_500(folder: Path, complaints: dict[int, tuple[str, ...]], fold: int) -> Iterator[EcgRecord]:
    """Records at 500 Hz without a complaint: fold 10 for fold 10, else all other folds."""
    with (folder / "ptbxl_labels.csv").open(newline="", encoding="utf-8") as file:
        of_fold = {int(row["ecg_id"]): int(row["strat_fold"]) for row in csv.DictReader(file)}
    for path in sorted((folder / "records500").glob("*/*.hea")):
        number = int(path.name[:5])
        if complaints.get(number) == () and (of_fold.get(number) == 10) == (fold == 10):
            yield read_record(str(path.with_suffix("")))


def ludb_records(folder: Path) -> Iterator[EcgRecord]:
    """LUDB's training records."""
    for name in split_ludb(folder)[0]:
        yield read_ludb(folder, name).record


def print_faults(sets: dict[str, list[EcgRecord]]) -> None:
    """Share of seeded signal faults that are flagged on the lead disturbed most, by word."""
    print("\n| seeded fault | " + " | ".join(f"{name}: flagged %, n (words %)" for name in sets) + " |")
    print("|---|" + "---|" * len(sets))
    for kind in SIGNAL_FAULTS:
        cells = [_fault_cell(records, kind) for records in sets.values()]
        print(f"| {kind} | " + " | ".join(cells) + " |", flush=True)


def _fault_cell(records: list[EcgRecord], kind: str) -> str:
    rng = np.random.default_rng(SEED)
    if kind == "mains hum" and records[0].sampling_rate < 130:
        return "not held"
    words: Counter[str] = Counter()
    flagged = 0
    for record in records:
        faulty, fault = apply_fault(record, kind, rng)
        quality = signal_quality(faulty)
        said = Flags(quality, disturbances(faulty, quality), [], None).of(fault.leads[0])
        words.update(said)
        flagged += bool(said)
    detail = ", ".join(f"{word} {100 * n / len(records):.0f}" for word, n in words.most_common())
    return f"**{100 * flagged / len(records):.1f}**, {len(records)} ({detail})"


def print_swaps(sets: dict[str, list[EcgRecord]]) -> None:
    """Share of seeded exchanges that are suspected, and that are named rightly; R peaks are those before the exchange.

    A limb lead called flat counts as suspected where a cable lies on the right leg.
    """
    print(
        "\n| exchanged electrodes | " + " | ".join(f"{name}: suspected %, named rightly %, n" for name in sets) + " |"
    )
    print("|---|" + "---|" * len(sets))
    beats = {name: [find_beats(r, signal_quality(r)) for r in records] for name, records in sets.items()}
    for kind in SWAPS:
        rng = np.random.default_rng(SEED)
        cells = []
        for name, records in sets.items():
            swapped = [apply_fault(record, kind, rng)[0] for record in records]
            found = [suspected(*pair) for pair in zip(swapped, beats[name], strict=True)]
            flat = [kind.endswith("RL") and "flat" in signal_quality(record).values() for record in swapped]
            flagged = np.mean([bool(one) or lost for one, lost in zip(found, flat, strict=True)])
            named = np.mean([bool(one) and one[0]["kind"] == kind for one in found])
            cells.append(f"**{100 * flagged:.1f}**, {100 * named:.1f}, {len(found)}")
        print(f"| {kind} | " + " | ".join(cells) + " |", flush=True)


def print_clean(sets: dict[str, list[Flags]]) -> None:
    """Share of records without a complaint that carry a flag on any lead."""
    names = (*QUALITY_FLAGS[1:], "any of these", *DISTURBANCES, "placement", "not an ECG")
    print("\n| no complaint, flagged % | " + " | ".join(names) + " |")
    print("|---|" + "--:|" * len(names))
    for title, found in sets.items():
        counts = _count(found)
        print(f"| {title}, n {len(found)} | " + " | ".join(f"{100 * counts[n] / len(found):.1f}" for n in names) + " |")
    kinds = Counter(str(one.placement[0]["kind"]) for found in sets.values() for one in found if one.placement)
    print("\nSuspected there: " + ", ".join(f"{kind} {n}" for kind, n in kinds.most_common()), flush=True)


def _count(found: list[Flags]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for flags in found:
        poor = {word for word in flags.quality.values() if word != "good"}
        counts.update(poor | {word for words in flags.disturbances.values() for word in words})
        counts["any of these"] += bool(poor)
        counts["placement"] += bool(flags.placement)
        counts["not an ECG"] += flags.not_an_ecg is not None
    return counts


def print_agreement(flags: dict[int, Flags], complaints: dict[int, tuple[str, ...]]) -> None:
    """What is flagged on any lead by what the reviewers noted."""
    print("\n| reviewers noted | records | loose or wander % | noisy or muscle % | flat % | any % |")
    print("|---|--:|--:|--:|--:|--:|")
    groups = ({"loose", "baseline wander"}, {"noisy", "muscle noise"}, {"flat"}, {*QUALITY_FLAGS, *DISTURBANCES})
    for name in (*COMPLAINTS, "nothing"):
        chosen = [one for k, one in flags.items() if k in complaints and name in (complaints[k] or ("nothing",))]
        rows = [{word for lead in one.quality for word in one.of(lead)} for one in chosen]
        cells = [f"{100 * np.mean([bool(row & group) for row in rows]):.0f}" if rows else "-" for group in groups]
        print(f"| {name} | {len(chosen)} | " + " | ".join(cells) + " |", flush=True)


def print_not_ecg(data: Path, records: list[EcgRecord], flags: list[Flags]) -> None:
    """Share refused as no ECG: real ECGs of several sources, then signals that are none."""
    print("\n| recordings | n | refused % |\n|---|--:|--:|")
    refused = np.mean([one.not_an_ecg is not None for one in flags])
    print(f"| PTB-XL, 12 leads, all records of the fold | {len(flags)} | {100 * refused:.2f} |")
    groups: dict[str, list[EcgRecord]] = {
        "PTB-XL, lead II alone": [record.select(["II"]) for record in spread(records, 300)],
        "PTB-XL, V1 alone, 3 s": [record.select(["V1"]).excerpt(0, 3) for record in spread(records, 300)],
        "MIT-BIH DS1 and paced, 10 s excerpts": list(mitdb_excerpts(data / "mitdb", DS1, 120)),
        "MIT-BIH 207 (ventricular flutter), 10 s excerpts": list(mitdb_excerpts(data / "mitdb", ["207"], 20)),
        **{f"not an ECG: {name}": made for name, made in other_signals().items()},
    }
    for name, chosen in groups.items():
        share = np.mean([_refused(record) for record in chosen])
        print(f"| {name} | {len(chosen)} | {100 * share:.1f} |", flush=True)


def _refused(record: EcgRecord) -> bool:
    quality = signal_quality(record)
    beats = find_beats(record, quality)
    return not_an_ecg(record, quality, beats.peaks_s, beats.likeness) is not None


def mitdb_excerpts(folder: Path, names: list[str], every_s: int) -> Iterator[EcgRecord]:
    """Excerpts of 10 s of both leads."""
    for name in names:
        stored = wfdb.rdrecord(str(folder / name))
        record = EcgRecord(stored.p_signal.T, tuple(stored.sig_name), stored.fs)
        for start in range(0, int(record.duration_s) - 10, every_s):
            yield record.excerpt(start, start + 10)


if __name__ == "__main__":
    main()
