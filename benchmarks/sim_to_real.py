"""Train on simulated ECGs, test on real ones: area under the ROC curve per finding, beside a model trained on real.

    python -m benchmarks.sim_to_real --data FOLDER --out FOLDER [--records 10240] [--split valid]

--data is a build of PTB-XL (`data_builders build --source ptb-xl --tasks none`). An encoder learns from simulated
records alone (sim_to_real.yaml); nothing is chosen by real ones. The peer is the embedded model, which learnt from
PTB-XL. Findings that the first reads worse than the second are what the simulator draws unlike life. OUT keeps the
simulated records and the encoder, so that another split costs only its scoring.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

CONFIG = Path(__file__).with_name("sim_to_real.yaml")
NANO = Path(__file__).parents[1] / "anyecg" / "checkpoints" / "nano"
FEWEST = 10
"""Records with a finding from which its area is printed."""
SEED = 77


def prepare(out: Path, records: int, processes: int) -> tuple[Path, Path]:
    """Simulate and train what is not there yet; the folders of the records and of the encoder."""
    made, run = out / "simulated", out / "run"
    build = ["data_builders", "build", "--source", "simulated", "--count", str(records), "--seed", str(SEED)]
    build += ["--tasks", "report", "--no-measure", "--processes", str(processes), "--out", str(made)]
    train = ["train", "run", str(CONFIG), "--data", str(made), "--out", str(run)]
    for command in (build, train):
        subprocess.run([sys.executable, "-m", *command], check=True)
    return made, run / "evidence"


def scored(folder: Path, rows: list[dict[str, Any]]) -> np.ndarray:
    """Finding scores of a model folder, (n_records, n_labels)."""
    from train.assemble import load_model
    from train.selection import finding_logits

    model, processor = load_model(folder)
    return finding_logits(model.eval(), rows, processor.feature_extractor)


def real_rows(data: Path, split: str) -> list[dict[str, Any]]:
    """PTB-XL records as the encoder's input, with labels."""
    from train.assemble import load_model
    from train.data import EvidenceDataset

    rows = EvidenceDataset([data], split, load_model(NANO)[1].feature_extractor).rows
    return [row for row in rows if row["source"] == "ptb-xl"]


def positives(data: Path) -> np.ndarray:
    """Simulated training records per label."""
    from train.data import label_vector, rows_of, tables

    files = tables([data], "records", "train")
    vectors = [label_vector(row["findings"], row["known"]) for row in rows_of(files, ["findings", "known"])]
    return (np.stack(vectors) == 1).sum(axis=0)


def table(rows: list[dict[str, Any]], scores: dict[str, np.ndarray], simulated: np.ndarray) -> list[str]:
    """A line per finding with enough records, those that the simulated encoder reads worst against the peer first."""
    from anyecg.findings import CODES, HEAD_LABELS, phrase
    from anyecg.metrics import auroc_per_label

    labels = np.stack([row["labels"] for row in rows])
    areas = {name: auroc_per_label(s, labels == 1, labels >= 0) for name, s in scores.items()}
    ours, peer = areas.values()
    n = (labels == 1).sum(axis=0)
    shown = [k for k in range(len(HEAD_LABELS)) if n[k] >= FEWEST and np.isfinite(ours[k])]
    lines = [f"| finding | real records | simulated records | {' | '.join(scores)} |", "|---|--:|--:|--:|--:|"]
    for k in sorted(shown, key=lambda k: ours[k] - peer[k]):
        label = HEAD_LABELS[k]
        name = f"{label} ({phrase(label)})" if label in CODES else label
        lines.append(f"| {name} | {n[k]:,} | {simulated[k]:,} | {ours[k]:.3f} | {peer[k]:.3f} |")
    return lines


def groups(rows: list[dict[str, Any]], scores: dict[str, np.ndarray]) -> list[str]:
    """Macro areas of the label groups, with 95 % intervals by patient."""
    from anyecg.findings import HEAD_LABELS
    from anyecg.metrics import macro_auroc
    from train.evaluate_heads import GROUPS

    labels = np.stack([row["labels"] for row in rows])
    patients = [row["patient_id"] for row in rows]
    lines = [f"| macro AUROC | {' | '.join(scores)} |", "|---|---|---|"]
    for group, names in GROUPS.items():
        columns = [HEAD_LABELS.index(name) for name in names]
        truth, known = labels[:, columns] == 1, labels[:, columns] >= 0
        found = [macro_auroc(s[:, columns], truth, known, patients) for s in scores.values()]
        cells = [f"{f['value']:.3f} ({f['low']:.3f}-{f['high']:.3f})" for f in found]
        lines.append(f"| {group}, {found[0]['n_labels']} labels | {' | '.join(cells)} |")
    return lines


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--records", type=int, default=10_240, help="simulated (default 10240, of which 8192 train)")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--split", default="valid", choices=("valid", "test"))
    args = parser.parse_args(argv)
    made, encoder = prepare(args.out, args.records, args.processes)
    rows = real_rows(args.data, args.split)
    scores = {"trained on simulated": scored(encoder, rows), "nano, trained on real": scored(NANO, rows)}
    print(f"{len(rows):,} records of PTB-XL, split {args.split}; {args.records:,} simulated ones.\n")
    print("\n".join([*groups(rows, scores), "", *table(rows, scores, positives(made))]))


if __name__ == "__main__":
    main()
