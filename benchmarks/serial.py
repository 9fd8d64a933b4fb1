"""What `serial.compare` calls a change: between ECGs that should be alike, between others, and of simulated patients.

    python -m benchmarks.serial [--data FOLDER] [--patients N] [--seed N]

Prints Markdown. PTB-XL: pairs of dated ECGs of one patient. The limits were set on folds 1-8 (pairs within 30 days that
bear the same statements); fold 9 is the independent figure. Equal statements do not mean that nothing changed.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from anyecg.measure import measure
from anyecg.measure.serial import compare
from anyecg.measure.serial_beats import align, exchanged_electrodes
from anyecg.measure.serial_limits import LEAD_QUANTITIES, LIKENESS, QUANTITIES, WORDS
from anyecg.record import EcgRecord
from anyecg.simulate import simulate_visits

from .intervals import _records, _table
from .measure import DEFAULT_DATA

NEAR_DAYS = 30
EXPECTED = {
    "new infarction": ("st_mv", "t_mv", "qrs_likeness", "depth_mv"), "low potassium": ("st_mv", "t_mv"),
    "high potassium": ("t_mv", "qrs_ms"), "a drug that prolongs QT was started": ("qtc_fridericia_ms",),
    "digoxin was started": ("st_mv", "t_mv"), "new left bundle branch block": ("qrs_ms",),
    "new right bundle branch block": ("qrs_ms",),
    "atrial fibrillation has begun": ("rhythm_regularity", "p_wave_present"),
    "cardioversion": ("rhythm_regularity", "p_wave_present"), "complete AV block": ("heart_rate_bpm",),
    "pulmonary embolism": ("heart_rate_bpm", "axis_deg", "t_mv", "qrs_likeness"),
    "years of high blood pressure": ("sokolow_lyon_mv", "cornell_mv", "r_mv", "depth_mv"),
}  # fmt: skip
"""What happened to a simulated patient → rows of which one at least should exceed its limit."""
Measured = dict[str, Any]
Pair = tuple[Measured, Measured]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder that holds ptb-xl/")
    parser.add_argument("--patients", type=int, default=300, help="simulated patients with three visits each")
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    folder = args.data / "ptb-xl"
    early = [pair for fold in range(1, 9) for pair in _pairs(folder, fold)]
    late = _pairs(folder, 9)
    alike = [pair for pair, days, same in early if same and days <= NEAR_DAYS]
    print_rows(alike, [p for p, _, same in late if same], [p for p, _, same in late if not same])
    print_exchanges([pair for pair, _, _ in late])
    print_visits(args.patients, args.seed)


def measured(record: EcgRecord) -> Measured:
    return measure(record).to_dict()


def _pairs(folder: Path, fold: int) -> list[tuple[Pair, float, bool]]:
    """Pairs of one patient in order of time, days between them, and whether they bear the same statements."""
    patients: dict[str, list[tuple[datetime, int, frozenset[str]]]] = {}
    for number, row in _table(folder, fold).items():
        at = datetime.fromisoformat(row["recording_date"])
        patients.setdefault(row["patient_id"], []).append((at, number, frozenset(row["codes"])))
    several = {number for ecgs in patients.values() if len(ecgs) > 1 for _, number, _ in ecgs}
    found = {number: measured(record) for number, record in _records(folder, fold, several)}
    return [
        ((found[a[1]], found[b[1]]), (b[0] - a[0]).total_seconds() / 86400, a[2] == b[2])
        for ecgs in patients.values()
        for a, b in combinations(sorted(ecgs, key=lambda ecg: ecg[:2]), 2)
        if a[1] in found and b[1] in found
    ]


def print_rows(alike: Sequence[Pair], same: Sequence[Pair], different: Sequence[Pair]) -> None:
    """Repeatability, and the share of rows beyond their limit."""
    tables = [[compare(pair, [None, None])["rows"] for pair in pairs] for pairs in (alike, same, different)]
    print(
        f"\nPairs: {len(alike)} in folds 1-8 with equal statements within {NEAR_DAYS} days, {len(same)} in fold 9 with"
    )
    print(f"equal statements (median share of rows, per lead where there are leads), {len(different)} with others.\n")
    print("| row | limit | within-patient sd | 95 % differ by | folds 1-8 equal | fold 9 equal | fold 9 others |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for quantity in (*QUANTITIES, *LEAD_QUANTITIES, LIKENESS):
        changes = np.array(_changes(tables[0], quantity.key))
        chest = "" if quantity.chest_limit is None else f" / {quantity.chest_limit:g} chest"
        cells = [f"{100 * np.mean(_flags(rows, quantity.key)):.1f} %" for rows in tables]
        numbers = f"{np.sqrt(np.mean(changes**2) / 2):.{quantity.digits + 1}f}"
        numbers += f" | {np.quantile(abs(changes), 0.95):.{quantity.digits}f}"
        print(f"| {quantity.title} ({quantity.unit}) | {quantity.limit:g}{chest} | {numbers} | {' | '.join(cells)} |")
    for key, title in WORDS.items():
        cells = [f"{100 * np.mean(flags):.1f} %" if (flags := _flags(rows, key)) else "-" for rows in tables]
        print(f"| {title} | any change | | | {' | '.join(cells)} |")
    shares = [
        np.mean([_says_change(compare(pair, [None, None])) for pair in pairs]) for pairs in (alike, same, different)
    ]
    print(f"| a sentence says a change | | | | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |")


def _changes(tables: Sequence[Sequence[dict[str, Any]]], key: str) -> list[float]:
    return [row["differences"][1] for rows in tables for row in rows if row["key"] == key and _known(row)]


def _flags(tables: Sequence[Sequence[dict[str, Any]]], key: str) -> list[bool]:
    return [row["exceeds"][1] for rows in tables for row in rows if row["key"] == key and row["exceeds"][1] is not None]


def _known(row: dict[str, Any]) -> bool:
    return row["differences"][1] is not None


def _says_change(found: dict[str, Any]) -> bool:
    return not found["sentences"][0].startswith(("No measured", "Within"))


def print_exchanges(pairs: Sequence[Pair]) -> None:
    """Electrodes exchanged in the second ECG of real pairs, and what is suspected without."""
    usable = [pair for pair in pairs if all(one.get("median_beat") and len(one["leads"]) == 12 for one in pair)]
    found: Counter[str] = Counter()
    for first, second in usable:
        beats = [first["median_beat"], second["median_beat"]]
        found["none"] += exchanged_electrodes(align(beats) or {}, 0, 1) is not None
        for title in ("RA-LA", "RA-LL", "LA-LL", "V1-V2", "V1-V3", "V2-V3"):
            swapped = _exchanged(beats[1], title)
            suspected = exchanged_electrodes(align([beats[0], swapped]) or {}, 0, 1)
            found[title] += suspected is not None and suspected["electrodes"] == title.split("-")
    print(f"\n| electrodes exchanged in one of two ECGs, {len(usable)} pairs of fold 9 | suspected |\n|---|--:|")
    for title, count in found.items():
        print(f"| {title} | {100 * count / len(usable):.1f} % |")


def _exchanged(beat: dict[str, Any], title: str) -> dict[str, Any]:
    rows = {lead: np.array(values) for lead, values in beat["leads"].items()}
    one, other = title.split("-")
    i, ii = rows["I"], rows["II"]
    limb = {"RA-LA": (-i, ii - i), "RA-LL": (i - ii, -ii), "LA-LL": (ii, i)}
    if title in limb:
        rows["I"], rows["II"] = limb[title]
    else:
        rows[one], rows[other] = rows[other], rows[one]
    return beat | {"leads": {lead: values.tolist() for lead, values in rows.items()}}


def print_visits(n: int, seed: int) -> None:
    """Simulated patients: is the row exceeded that the cause should move?"""
    hits: dict[str, list[bool]] = {}
    for visits in simulate_visits(n, 3, seed=seed):
        found = [measured(ecg.record) for ecg in visits]
        for before, after, ecg in zip(found, found[1:], visits[1:], strict=False):
            reason = (ecg.changes or {})["reason"]
            rows = compare([before, after], [None, None], same_patient=True)["rows"]
            if reason == "no change":
                hits.setdefault("no change: any row", []).append(any(row["exceeds"][1] for row in rows))
                hits.setdefault("no change: a row", []).extend(bool(row["exceeds"][1]) for row in rows)
            elif reason in EXPECTED:
                hits.setdefault(reason, []).append(any(r["exceeds"][1] for r in rows if r["key"] in EXPECTED[reason]))
    print(f"\n| {n} simulated patients, three visits | n | flagged | by |\n|---|--:|--:|---|")
    for reason, flags in sorted(hits.items(), key=lambda item: -len(item[1])):
        print(f"| {reason} | {len(flags)} | {100 * np.mean(flags):.1f} % | {', '.join(EXPECTED.get(reason, ()))} |")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
