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

EXACT_SOURCES = ("simulated",)
"""Sources whose truth no teacher knows better, and by which no stage is stopped."""
SUPERCLASS_COLUMNS = [k for k, label in enumerate(HEAD_LABELS) if label.startswith("super:")]


def soften(rows: Sequence[dict[str, Any]], teachers: Sequence[Path], weight: float) -> None:
    """Blend the mean finding probabilities of trained models into the targets, in place (Hinton et al. 2015).

    A known label becomes (1 - weight) * label + weight * probability, an unknown one of the same record the
    probability. Records without any label stay so, and so do simulated ones, whose truth is exact.

    Args:
        rows: excerpts of `EvidenceDataset`.
        teachers: model folders.
        weight: 0 to 1.
    """
    judged = [row for row in rows if (row["labels"] >= 0).any() and row["source"] not in EXACT_SOURCES]
    probabilities = np.mean([_probabilities(folder, judged) for folder in teachers], axis=0)
    for row, said in zip(judged, probabilities, strict=True):
        row["labels"] = np.where(row["labels"] >= 0, (1 - weight) * row["labels"] + weight * said, said)


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
