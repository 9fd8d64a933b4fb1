"""Beside the labels of evidence stages: what teachers say of a record, and which weights validation records prefer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from anyecg.feature_extraction_anyecg import ECG_INPUTS, AnyEcgFeatureExtractor
from anyecg.findings import HEAD_LABELS
from anyecg.metrics import macro_auroc

from .assemble import load_model
from .collator import EvidenceCollator
from .data import EvidenceDataset
from .stages import Curriculum

EXACT_SOURCES = ("simulated",)
"""Sources whose truth no teacher knows better, and by which no stage is stopped."""
SUPERCLASS_COLUMNS = [k for k, label in enumerate(HEAD_LABELS) if label.startswith("super:")]


def teacher_folders(curriculum: Curriculum, out: Path) -> dict[str, list[Path]]:
    """For each stage with teachers their model folders: earlier stages of the run in `out`, else folders of that name.

    Raises:
        ValueError: before anything is trained, when a teacher is neither.
    """
    found = {}
    for k, stage in enumerate(curriculum.stages):
        of_run = {earlier.name for earlier in curriculum.stages[:k]}
        found[stage.name] = [
            out / name if name in of_run or (out / name).is_dir() else Path(name) for name in stage.teachers
        ]
        for name, folder in zip(stage.teachers, found[stage.name], strict=True):
            if name not in of_run and not folder.is_dir():
                raise ValueError(
                    f"stage {stage.name!r} has the teacher {name!r}, which is no earlier stage of the run and no "
                    f"folder; its earlier stages are {', '.join(sorted(of_run)) or 'none'}."
                )
    return found


def softened(rows: Sequence[dict[str, Any]], teachers: Sequence[Path], weight: float) -> list[dict[str, Any]]:
    """The rows with the mean finding probabilities of trained models blended into their targets (Hinton et al. 2015).

    A known label becomes (1 - weight) * label + weight * probability, an unknown one of the same record the
    probability. Records without any label stay so, and so do simulated ones, whose truth is exact.

    Args:
        rows: excerpts of `EvidenceDataset`, which stay as they are.
        teachers: model folders.
        weight: 0 to 1.
    """
    judged = [k for k, row in enumerate(rows) if (row["labels"] >= 0).any() and row["source"] not in EXACT_SOURCES]
    asked, taught = [rows[k] for k in judged], list(rows)
    probabilities = np.mean([_probabilities(folder, asked) for folder in teachers], axis=0)
    for k, said in zip(judged, probabilities, strict=True):
        labels = rows[k]["labels"]
        taught[k] = rows[k] | {"labels": np.where(labels >= 0, (1 - weight) * labels + weight * said, said)}
    return taught


def _probabilities(folder: Path, rows: Sequence[dict[str, Any]]) -> np.ndarray:
    model, processor = load_model(folder)
    return 1 / (1 + np.exp(-finding_logits(model.eval(), rows, processor.feature_extractor)))


@torch.inference_mode()
def finding_logits(
    model: Any, rows: Sequence[dict[str, Any]], extractor: AnyEcgFeatureExtractor, batch_size: int = 64
) -> np.ndarray:
    """Scores of excerpts as they are, all leads and not augmented: (n_rows, num_findings)."""
    collate = EvidenceCollator(round(extractor.sampling_rate * extractor.patch_s), extractor.patch_s, 0, False)
    logits = []
    for first in range(0, len(rows), batch_size):
        batch = collate(rows[first : first + batch_size])
        inputs = {name: batch[name].to(model.device) for name in ECG_INPUTS if name in batch}
        logits.append(model.encode(**inputs).findings_logits.float().cpu().numpy())
    return np.concatenate(logits)


class Validation:
    """Macro AUROC of the superclasses on real validation records; the figure that a stage is stopped by."""

    def __init__(self, data: Sequence[Path], extractor: AnyEcgFeatureExtractor):
        rows = EvidenceDataset(data, "valid", extractor).rows
        self.extractor = extractor
        rows = [row for row in rows if row["source"] not in EXACT_SOURCES]
        self.rows = [row for row in rows if (row["labels"][SUPERCLASS_COLUMNS] >= 0).any()]
        if not self.rows:
            raise ValueError("validate_every needs validation records with superclasses; build PTB-XL into the data.")

    def score(self, model: Any) -> float:
        """0 to 1. The model is left as it was, also whether it is training."""
        training = {module for module in model.modules() if module.training}
        logits = finding_logits(model.eval(), self.rows, self.extractor)[:, SUPERCLASS_COLUMNS]
        for module in training:
            module.training = True
        labels = np.stack([row["labels"] for row in self.rows])[:, SUPERCLASS_COLUMNS]
        return float(macro_auroc(logits, labels == 1, labels >= 0)["value"] or 0.0)
