"""Hold the noise that is found against simulated spells and against what PTB-XL's reviewers noted.

    python -m benchmarks.noise [--data FOLDER] [--fold 9] [--records 500]

Prints Markdown: spells in time and leads on simulated ECGs of their own seed, kinds of noise per lead and record of a
fold of PTB-XL (10 is the test fold), and how often records without a complaint get a spell.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np

from anyecg.measure.noise_spells import KINDS_OF_NOISE, noise_levels, noise_odds, noise_spells
from anyecg.measure.placement_fit import read_fold
from anyecg.measure.quality import signal_quality
from anyecg.measure.report import beats_of
from anyecg.metrics import interval_iou
from anyecg.record import EcgRecord
from anyecg.simulate import Simulated, simulate
from data_builders.sources.ptbxl_columns import facts_of

from .quality import COMPLAINTS, DEFAULT_DATA, twelve_leads

SEED, STEP_S = 2_000_003, 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder that holds ptb-xl/")
    parser.add_argument("--fold", type=int, default=9, help="fold of PTB-XL; 10 is the test fold")
    parser.add_argument("--records", type=int, default=500, help="simulated records")
    args = parser.parse_args()
    print_simulated(args.records)
    print_noted(args.data / "ptb-xl", args.fold)


def print_simulated(count: int) -> None:
    """Spells on simulated 12-lead ECGs of 10 s: average precision per step of 0.2 s, IoU in time, leads."""
    from sklearn.metrics import average_precision_score

    true, odds, overlaps, shared, false = [], [], [], [], 0
    for ecg in simulate(count, seed=SEED):
        gold = [event for event in ecg.events if event["kind"] == "noise"]
        here, step_s, found = _spells(ecg.record)
        middle = (np.arange(int(ecg.record.duration_s / STEP_S)) + 0.5) * STEP_S
        true.append(_per_lead(ecg, middle))
        odds.append(here[:, np.minimum((middle / step_s).astype(int), here.shape[1] - 1)])
        if not gold:
            false += bool(found)
            continue
        overlaps.append(interval_iou(*([(e["start_s"], e["end_s"]) for e in events] for events in (found, gold))) or 0)
        named, meant = ({k for e in events for k in e["leads"] or ecg.record.leads} for events in (found, gold))
        shared.append(len(named & meant) / len(named | meant))
    per_lead = average_precision_score(np.concatenate(true, axis=None), np.concatenate(odds, axis=None))
    anywhere = average_precision_score(
        np.concatenate([y.any(axis=0) for y in true]), np.concatenate([z.max(axis=0) for z in odds])
    )
    print("| simulated ECGs (with spells) | AP per 0.2 s | AP per lead and 0.2 s | IoU | IoU of leads | false |")
    print("|--:|--:|--:|--:|--:|--:|")
    print(f"| {count} ({len(overlaps)}) | {anywhere:.3f} | {per_lead:.3f} | {np.mean(overlaps):.3f} | "
          f"{np.mean(shared):.3f} | {false} of {count - len(overlaps)} |")  # fmt: skip


def _spells(record: EcgRecord) -> tuple[np.ndarray, float, list[dict[str, Any]]]:
    odds, step_s = noise_odds(record, beats_of(record, signal_quality(record)))
    return odds, step_s, noise_spells(odds, step_s, record.leads, record.duration_s)


def _per_lead(ecg: Simulated, times_s: np.ndarray) -> np.ndarray:
    """(n_leads, n_times): whether a spell is in a lead at a time."""
    true = np.zeros((len(ecg.record.leads), len(times_s)), dtype=bool)
    for event in (e for e in ecg.events if e["kind"] == "noise"):
        rows = [ecg.record.leads.index(lead) for lead in event["leads"] or ecg.record.leads]
        true[rows] |= (times_s >= event["start_s"]) & (times_s < event["end_s"])
    return true


def print_noted(folder: Path, fold: int) -> None:
    """Kinds of noise against the reviewers' columns, and spells where they noted nothing."""
    with (folder / "ptbxl_database.csv").open(newline="", encoding="utf-8") as file:
        rows = {int(row["ecg_id"]): row for row in csv.DictReader(file)}
    records = [(twelve_leads(s), rows[int(k)]) for k, s in zip(*read_fold(folder, fold), strict=True) if int(k) in rows]
    above = np.stack([noise_levels(record) for record, _ in records])
    print("\n| noted | of | n | noted % | AUROC | accuracy | always no | sensitivity | specificity |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|")
    for k, kind in enumerate(KINDS_OF_NOISE):
        noted = [facts_of(row)["noise"][kind] for _, row in records]
        placed = [n for n, leads in enumerate(noted) if leads is not None]
        leads = [[lead in noted[n] for lead in records[n][0].leads] for n in placed]
        _print_row(kind, "lead", np.ravel(leads), above[placed, :, k].ravel())
        _print_row(
            kind, "record", np.array([leads is None or bool(leads) for leads in noted]), above[:, :, k].max(axis=1)
        )
    clean = [record for record, row in records if not any(row[name].strip(" ,") for name in COMPLAINTS)]
    hit = sum(bool(_spells(record)[2]) for record in clean)
    print(f"\nSpells in {hit} of {len(clean)} records about which nothing was noted.")


def _print_row(kind: str, of: str, noted: np.ndarray, above: np.ndarray) -> None:
    from sklearn.metrics import roc_auc_score

    said = above >= 0
    print(f"| {kind} | {of} | {len(noted)} | {100 * noted.mean():.1f} | {roc_auc_score(noted, above):.3f} | "
          f"{(said == noted).mean():.3f} | {1 - noted.mean():.3f} | {said[noted].mean():.3f} | "
          f"{(~said[~noted]).mean():.3f} |")  # fmt: skip


if __name__ == "__main__":
    main()
