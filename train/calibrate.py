"""Turn head logits into probabilities and decisions, on validation records: Platt scaling and F1-best thresholds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize

from anyecg.findings import EVENT_KINDS, HEAD_LABELS
from anyecg.modeling_anyecg import AnyEcgForConditionalGeneration

from .assemble import load_model, save_model
from .collator import EvidenceCollator
from .data import EvidenceDataset

FEWEST = 5  # positives below which a label takes the scaling of all labels together
MOST_EVENT_STEPS = 200_000


def head_scores(
    model: AnyEcgForConditionalGeneration, dataset: EvidenceDataset, batch_size: int = 64
) -> dict[str, np.ndarray]:
    """Logits and targets of both heads over a dataset.

    Returns:
        findings_logits and findings_labels (n, num_findings), event_logits and event_labels (n_steps, num_kinds).
    """
    extractor = dataset.extractor
    patch = round(extractor.sampling_rate * extractor.patch_s)
    collate = EvidenceCollator(patch, extractor.patch_s, seed=0, augmented=False)
    found: dict[str, list[np.ndarray]] = {}
    model.eval()
    for first in range(0, len(dataset), batch_size):
        batch = collate(dataset.rows[first : first + batch_size])
        labels, events = batch.pop("findings_labels"), batch.pop("event_labels")
        with torch.no_grad():
            encoded: Any = model.encode(**batch)
        exists = batch["patch_times"] >= 0
        for name, value in (
            ("findings_logits", encoded.findings_logits),
            ("findings_labels", labels),
            ("event_logits", encoded.event_logits[exists]),
            ("event_labels", events[exists]),
        ):
            found.setdefault(name, []).append(value.float().numpy())
    return {name: np.concatenate(parts) for name, parts in found.items()}


def platt(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Scale and shift that minimise the log loss (Platt 1999), with his smoothed targets against over-confidence."""
    positives, negatives = (labels == 1).sum(), (labels == 0).sum()
    targets = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        z = x[0] * logits + x[1]
        error = 1 / (1 + np.exp(-z)) - targets
        return float(np.mean(np.logaddexp(0, z) - targets * z)), np.array([np.mean(error * logits), np.mean(error)])

    best = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.05, 10), (-10, 10)])
    return float(best.x[0]), float(best.x[1])


def best_threshold(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The probability above which calling the label gives the highest F1."""
    order = np.argsort(-probabilities)
    hits = np.cumsum(labels[order] == 1)
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + (labels == 1).sum())
    return float(np.clip(probabilities[order][int(np.argmax(f1))], 0.05, 0.95))


def fit(logits: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Scale, shift and threshold per name; `positives` says on how many the fit rests."""
    known = labels >= 0
    common = platt(logits[known], labels[known]) if known.any() else (1.0, 0.0)
    fitted = {}
    for k, name in enumerate(names):
        here = known[:, k]
        positives = int((labels[here, k] == 1).sum())
        enough = FEWEST <= positives < here.sum()
        scale, shift = platt(logits[here, k], labels[here, k]) if enough else common
        threshold = 0.5
        if enough:
            probabilities = 1 / (1 + np.exp(-(scale * logits[here, k] + shift)))
            threshold = best_threshold(probabilities, labels[here, k])
        values = {"scale": scale, "shift": shift, "threshold": threshold}
        fitted[name] = {key: round(value, 4) for key, value in values.items()} | {"positives": positives}
    return fitted


def calibrate(folder: Path, data: list[Path], sources: list[str] | None = None) -> str:
    """Fit on the validation records of these sources (all by default) and keep the result in the model's config."""
    model, processor = load_model(folder)
    dataset = EvidenceDataset(data, "valid", processor.feature_extractor)
    dataset.rows = [row for row in dataset.rows if not sources or row["source"] in sources]
    if not dataset.rows:
        raise ValueError(f"no validation record is of the sources {', '.join(sources or [])}.")
    scores = head_scores(model, dataset)
    stride = max(1, len(scores["event_logits"]) // MOST_EVENT_STEPS)
    calibration: dict[str, Any] = {
        "findings": fit(scores["findings_logits"], scores["findings_labels"], HEAD_LABELS),
        "events": fit(scores["event_logits"][::stride], scores["event_labels"][::stride], EVENT_KINDS),
    }
    model.config.calibration = calibration
    save_model(model, processor, folder)
    return json.dumps({"validation_excerpts": len(dataset), "labels": len(calibration["findings"])})
