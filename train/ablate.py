"""Train each evidence stage of a curriculum from the same start, not in turn, and print what each is worth.

python -m train ablate train/configs/ablation.yaml --data DATA --out runs/ablation

The stages differ in what is compared; steps and batches decide whether their budgets are equal. Beside them stands the
encoder that all start from, untrained, with linear heads fitted by ridge regression. One seed, so a difference that is
smaller than that of a second run of the first stage says nothing.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch

from anyecg.feature_extraction_anyecg import ECG_INPUTS, AnyEcgFeatureExtractor
from anyecg.findings import FORMS, HEAD_LABELS, RHYTHMS, SUBCLASSES, SUPERCLASSES
from anyecg.metrics import macro_auroc

from .assemble import first_model, load_model
from .baselines import ridge_scores
from .collator import EvidenceCollator
from .data import EvidenceDataset
from .selection import finding_logits
from .stage_run import StageRun
from .stages import Curriculum, Stage, load_curriculum, selected

logger = logging.getLogger(__name__)
GROUPS = {
    "superclasses": [f"super:{name}" for name in SUPERCLASSES], "subclasses": [f"sub:{name}" for name in SUBCLASSES],
    "form": list(FORMS), "rhythm": list(RHYTHMS),
}  # fmt: skip
RANDOM = "random encoder, fitted heads"
MOST_FOR_HEADS = 2000
Rows = list[dict[str, Any]]


def make_parser() -> argparse.ArgumentParser:
    """The command line of `python -m train ablate`."""
    parser = argparse.ArgumentParser(prog="python -m train ablate", description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path, help="YAML of evidence stages, for example train/configs/ablation.yaml")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders that data_builders wrote")
    parser.add_argument("--out", type=Path, required=True, help="run folder; a killed run goes on where it stopped")
    parser.add_argument("--split", default="valid", help="whose records are scored (valid, or test in the end)")
    parser.add_argument("--source", default="ptb-xl", help="whose records are scored")
    parser.add_argument("--label-share", type=float, default=1.0, help="share of that source's patients with labels")
    parser.add_argument("--seed", type=int, help="instead of the config's")
    parser.add_argument("--stages", nargs="+", help="only the stages of these names")
    parser.add_argument("--max-steps", type=int, help="at most this many steps per stage")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    return parser


def main(argv: list[str] | None = None) -> None:
    """Parse, train, print the table."""
    args = make_parser().parse_args(argv)
    torch.set_num_threads(args.threads)
    curriculum = selected(load_curriculum(args.config), args.stages, args.max_steps)
    options = {"split": args.split, "source": args.source, "label_share": args.label_share, "seed": args.seed}
    print(ablate(curriculum, args.data, args.out, **options))


class _Variant(StageRun):
    """A stage whose excerpts are read once for all."""

    rows: EvidenceDataset

    def _evidence(self) -> EvidenceDataset:
        return self.rows


def ablate(
    curriculum: Curriculum,
    data: list[Path],
    out: Path,
    *,
    split: str = "valid",
    source: str = "ptb-xl",
    label_share: float = 1.0,
    seed: int | None = None,
) -> str:
    """Train what is not trained yet and score it; returns a table in Markdown and writes it to OUT/<split>.md.

    Args:
        curriculum: evidence stages to compare.
        data: dataset folders.
        out: run folder; OUT/<stage> holds each model, so a killed ablation goes on where it stopped.
        split: whose records are scored: "valid" to choose, "test" once everything is chosen.
        source: whose records are scored.
        label_share: share of the patients of that source whose labels are used in training.
        seed: instead of the curriculum's.

    Raises:
        ValueError: for a stage that does not train evidence.
    """
    if talks := [stage.name for stage in curriculum.stages if stage.objective != "evidence"]:
        raise ValueError(f"{', '.join(talks)} of {curriculum.name} trains conversations; ablate takes evidence stages.")
    curriculum = replace(curriculum, seed=curriculum.seed if seed is None else seed)
    start = first_model(curriculum, data, out, None, None)
    extractor = load_model(start)[1].feature_extractor
    training = EvidenceDataset(data, "train", extractor)
    training.rows = [_unlabelled(row, source, label_share) for row in training.rows]
    judged = _judged(EvidenceDataset(data, split, extractor).rows, source)
    labels = np.stack([row["labels"] for row in judged])
    patients = [row["patient_id"] for row in judged]
    scores = {RANDOM: _random_scores(start, _judged(training.rows, source), judged, extractor)}
    costs: dict[str, float | None] = {RANDOM: None}
    for stage in curriculum.stages:
        costs[stage.name] = _train(curriculum, stage, data, start, out, training)
        scores[stage.name] = finding_logits(load_model(out / stage.name)[0].eval(), judged, extractor)
        logger.info("%s\n%s", stage.name, table(scores, labels, patients, costs))
    text = table(scores, labels, patients, costs)
    (out / f"{split}.md").write_text(text, encoding="utf-8")
    return text


def _train(
    curriculum: Curriculum, stage: Stage, data: list[Path], start: Path, out: Path, training: EvidenceDataset
) -> float | None:
    """Train a stage if need be; CPU seconds, None where it was resumed."""
    told = out / f"{stage.name}.json"
    if not (out / stage.name).exists():
        run = _Variant(curriculum, stage, data, start, out / stage.name)
        run.rows = training
        began = time.process_time()
        run.train()
        cost = time.process_time() - began if run.first_step == 0 else None
        told.write_text(json.dumps({"cpu_s": cost}), encoding="utf-8")
    return json.loads(told.read_text(encoding="utf-8"))["cpu_s"] if told.exists() else None


def _unlabelled(row: dict[str, Any], source: str, label_share: float) -> dict[str, Any]:
    """The row, without labels where its patient is not in the share."""
    if row["source"] != source or crc32(row["patient_id"].encode()) % 1000 < 1000 * label_share:
        return row
    return row | {
        "labels": np.full_like(row["labels"], -1),
        "known_events": np.zeros_like(row["known_events"]),
        "events": row["events"][:0],
    }


def _judged(rows: Sequence[dict[str, Any]], source: str) -> Rows:
    kept = [row for row in rows if row["source"] == source and (row["labels"] >= 0).any()]
    if not kept:
        raise ValueError(f"no record of {source!r} has labels; build it into the data or name another --source.")
    return kept


def _random_scores(start: Path, training: Rows, judged: Rows, extractor: AnyEcgFeatureExtractor) -> np.ndarray:
    """Scores of ridge heads on the untrained encoder."""
    model = load_model(start)[0].eval()
    training = training[:: max(1, len(training) // MOST_FOR_HEADS)]
    known, asked = (_pooled(model, rows, extractor) for rows in (training, judged))
    return ridge_scores(known, np.stack([row["labels"] for row in training]).astype(float), asked)


@torch.inference_mode()
def _pooled(model: Any, rows: Rows, extractor: AnyEcgFeatureExtractor, batch_size: int = 64) -> np.ndarray:
    collate = EvidenceCollator(round(extractor.sampling_rate * extractor.patch_s), extractor.patch_s, 0, False)
    states = []
    for first in range(0, len(rows), batch_size):
        batch = collate(rows[first : first + batch_size])
        states.append(model.encode(**{n: batch[n] for n in ECG_INPUTS if n in batch}).summary_state.float().numpy())
    return np.concatenate(states)


def table(
    scores: Mapping[str, np.ndarray],
    labels: np.ndarray,
    patients: Sequence[str],
    costs: Mapping[str, float | None],
) -> str:
    """Macro AUROC per encoder and label group, the first group with its 95 % interval by patient, in Markdown."""
    names = list(GROUPS)
    lines = [f"| encoder (n = {len(labels):,}) | {' | '.join(names)} | CPU s |", f"|---|{'--:|' * (len(names) + 1)}"]
    for name, said in scores.items():
        cells = [_cell(said, labels, group, patients if group == names[0] else None) for group in names]
        cost = costs.get(name)
        lines.append(f"| {name} | {' | '.join(cells)} | {'' if cost is None else round(cost)} |")
    return "\n".join(lines) + "\n"


def _cell(said: np.ndarray, labels: np.ndarray, group: str, patients: Sequence[str] | None) -> str:
    columns = [HEAD_LABELS.index(name) for name in GROUPS[group]]
    area = macro_auroc(said[:, columns], (labels[:, columns] == 1).astype(int), labels[:, columns] >= 0, patients)
    if area["value"] is None:
        return "-"
    return f"{area['value']:.3f}" + (f" ({area['low']:.3f}-{area['high']:.3f})" if patients else "")
