"""Scores of the encoder's heads: findings per source and label group, and beats of long records as EC57 counts them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from anyecg.conversation import record_from_row
from anyecg.evidence import encode, finding_probabilities
from anyecg.findings import CODES, DIAGNOSES, FORMS, HEAD_LABELS, RHYTHMS, SUBCLASSES, SUPERCLASSES
from anyecg.metrics import Interval, expected_calibration_error, macro_auroc, macro_f1_at_thresholds, with_interval
from anyecg.record import EcgRecord

from .baselines import random_encoder, ridge_scores
from .data import label_vector, rows_of, tables

GROUPS = {
    "superclasses": tuple(f"super:{c}" for c in SUPERCLASSES), "subclasses": tuple(f"sub:{c}" for c in SUBCLASSES),
    "diagnostic statements": DIAGNOSES, "form statements": FORMS, "rhythm statements": RHYTHMS, "all statements": CODES,
}  # fmt: skip
LONG_S = 30.0
TOLERANCE_S = 0.15
BEATS = ("premature ventricular contraction", "premature atrial contraction")
MOST_TRAINING_RECORDS = 2000
"""Records that the linear heads of the random encoder are fitted on."""


def score_findings(chat: Any, args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Per source and system: macro AUROC, calibration error and macro F1 of every label group with known truth."""
    extractor, calibration = chat.processor.feature_extractor, chat.model.config.calibration.get("findings", {})
    results: dict[str, dict[str, Any]] = {}
    for source, files in sources_of(tables(args.data, "records", args.split)).items():
        records, labels, patients = labelled_records(files, args.records)
        if not records:
            continue
        p = [finding_probabilities(encode(chat.model, extractor, record), calibration) for record in records]
        probabilities = np.array([[row[label] for label in HEAD_LABELS] for row in p])
        results[source] = {"anyecg": group_scores(probabilities, labels, patients, calibration)}
        if "random-encoder" in args.baselines:
            scores = _random_scores(chat, args, source, records)
            if scores is not None:
                results[source]["random encoder"] = group_scores(scores, labels, patients, None)
    return results


def sources_of(files: Sequence[Path]) -> dict[str, list[Path]]:
    """Parquet files per source; their names are source-split-number."""
    found: dict[str, list[Path]] = {}
    for file in files:
        found.setdefault(file.stem.rsplit("-", 2)[0], []).append(file)
    return found


def labelled_records(files: Sequence[Path], limit: int | None) -> tuple[list[EcgRecord], np.ndarray, list[str]]:
    """Records with some known label, their label vectors (1, 0, -1 for unknown) and patients."""
    records: list[EcgRecord] = []
    labels, patients = [], []
    for row in rows_of(files):
        vector = label_vector(row["findings"], row["known"])
        if (vector >= 0).any() and (limit is None or len(records) < limit):
            records.append(record_from_row(row))
            labels.append(vector)
            patients.append(row["patient_id"])
    return records, np.array(labels), patients


def _random_scores(chat: Any, args: argparse.Namespace, source: str, test: Sequence[EcgRecord]) -> np.ndarray | None:
    """Scores of ridge heads on a random encoder; None without training records of this source."""
    try:
        files = sources_of(tables(args.data, "records", "train")).get(source, [])
    except FileNotFoundError:
        return None
    train, labels, _ = labelled_records(files, MOST_TRAINING_RECORDS)
    if not train:
        return None
    encoder, extractor = random_encoder(chat.model), chat.processor.feature_extractor
    x, z = (pooled_features(encoder, records, extractor, args.batch_size) for records in (train, test))
    return np.clip(ridge_scores(x, labels.astype(float), z), 0, 1)


@torch.inference_mode()
def pooled_features(encoder: Any, records: Sequence[EcgRecord], extractor: Any, batch_size: int) -> np.ndarray:
    """The encoder's pooled state of each record, averaged over its excerpts: (n_records, width)."""
    pooled = []
    for first in range(0, len(records), batch_size):
        inputs = extractor(records[first : first + batch_size])
        states = encoder(**inputs).summary_state.float().numpy()
        owner = inputs["ecg_index"].numpy()
        pooled += [states[owner == k].mean(axis=0) for k in range(int(owner.max()) + 1)]
    return np.stack(pooled)


def group_scores(
    probabilities: np.ndarray,
    labels: np.ndarray,
    patients: Sequence[str],
    calibration: Mapping[str, Mapping[str, float]] | None,
) -> dict[str, Any]:
    """Macro AUROC of every group; with a calibration also its calibration error and F1 at the validation thresholds."""
    scores: dict[str, Any] = {}
    for group, names in GROUPS.items():
        columns = [HEAD_LABELS.index(name) for name in names]
        p, truth, known = probabilities[:, columns], labels[:, columns] == 1, labels[:, columns] >= 0
        # A label whose absence is never known says nothing about false alarms.
        known = known & (known & truth).any(axis=0) & (known & ~truth).any(axis=0)
        area = macro_auroc(p, truth.astype(int), known, patients)
        if area["value"] is None:
            continue
        area.pop("per_label")
        area["n"] = int(known.any(axis=1).sum())
        scores[f"macro AUROC, {group} ({area.pop('n_labels')} of {len(names)} labels)"] = area
        if calibration is not None:
            limits = np.array([calibration.get(name, {}).get("threshold", 0.5) for name in names])
            scores[f"ECE, {group}"] = expected_calibration_error(p, truth, known)
            scores[f"macro F1, {group}"] = macro_f1_at_thresholds(p, truth, limits, known)
    return scores


def score_beats(chat: Any, args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Per source: sensitivity and positive predictivity of ectopic beats in records longer than 30 s."""
    found: dict[str, dict[str, dict[str, list[tuple[int, int, int]]]]] = {}
    for row in _long_rows(args.data, args.split, args.records):
        evidence = chat.evidence(record_from_row(row))
        for kind in BEATS:
            if kind in row["known_events"]:
                gold = [(e["start_s"], e["end_s"]) for e in row["events"] if e["kind"] == kind]
                said = [(e["start_s"], e["end_s"]) for e in evidence.events if e["kind"] == kind]
                of_patient = found.setdefault(row["source"], {}).setdefault(kind, {})
                of_patient.setdefault(row["patient_id"], []).append(match_beats(said, gold))
    return {source: {"anyecg": _beat_scores(kinds)} for source, kinds in found.items()}


def _long_rows(folders: Sequence[Path], split: str, limit: int | None) -> list[dict[str, Any]]:
    rows = rows_of(tables(folders, "records", split))
    return [row for row in rows if row["n_samples"] / row["sampling_rate"] > LONG_S][:limit]


def match_beats(said: Sequence[Interval], gold: Sequence[Interval]) -> tuple[int, int, int]:
    """(found, invented, missed) beats; a pair matches when the middles lie within 150 ms, each beat once."""
    middles = sorted((s + e) / 2 for s, e in gold)
    found = 0
    for middle in sorted((s + e) / 2 for s, e in said):
        near = next((m for m in middles if abs(m - middle) <= TOLERANCE_S), None)
        if near is not None:
            middles.remove(near)
            found += 1
    return found, len(said) - found, len(gold) - found


def _beat_scores(kinds: Mapping[str, Mapping[str, Sequence[tuple[int, int, int]]]]) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    for kind, of_patient in kinds.items():
        patients = list(of_patient)
        counts = np.array([np.sum(of_patient[p], axis=0) for p in patients], dtype=float)
        found, invented, missed = counts.T
        for name, right, all_of in (
            ("sensitivity", found, found + missed),
            ("positive predictivity", found, found + invented),
            ("F1", 2 * found, 2 * found + invented + missed),
        ):
            scores[f"{kind}: {name}, gross"] = with_interval(partial(_gross, right, all_of), patients)
            each = _share(right, all_of)
            scores[f"{kind}: {name}, average"] = float(np.nanmean(each)) if np.isfinite(each).any() else None
    return scores


def _gross(right: np.ndarray, all_of: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _share(weights @ right, weights @ all_of)


def _share(right: np.ndarray, total: np.ndarray) -> np.ndarray:
    return np.divide(right, total, out=np.full(np.shape(total), np.nan), where=total > 0)
