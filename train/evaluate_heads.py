"""Scores of the encoder's heads: findings per source and label group, and beats of long records as EC57 counts them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from anyecg.conversation import record_from_row
from anyecg.findings import CODES, DIAGNOSES, FORMS, HEAD_LABELS, RHYTHMS, SUBCLASSES, SUPERCLASSES
from anyecg.metrics import (
    Interval,
    expected_calibration_error,
    macro_auroc,
    macro_f1_at_thresholds,
    mean_with_interval,
    with_interval,
)
from anyecg.readers import read_record
from anyecg.record import EcgRecord

from .baselines import random_encoder, ridge_scores
from .data import label_vector, rows_of, tables
from .journal import Progress
from .ptbxl_folds import fold, labels_of, path_of

GROUPS = {
    "superclasses": tuple(f"super:{c}" for c in SUPERCLASSES), "subclasses": tuple(f"sub:{c}" for c in SUBCLASSES),
    "diagnostic statements": DIAGNOSES, "form statements": FORMS, "rhythm statements": RHYTHMS, "all statements": CODES,
    "form statements where there is one": FORMS,
}  # fmt: skip
AS_PUBLISHED = "form statements where there is one"
"""The published benchmark of PTB-XL (Strodthoff et al. 2021) scores form on the records that have a form statement."""
LONG_S = 30.0
TOLERANCE_S = 0.15
BEATS = ("premature ventricular contraction", "premature atrial contraction")
MOST_TRAINING_RECORDS = 2000
"""Records that the linear heads of the random encoder are fitted on."""


def score_findings(chat: Any, args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Per source and system: macro AUROC, calibration error and macro F1 of every label group with known truth.

    Beside the scores, heads-SOURCE.npz keeps probabilities, labels and patients: what the figures are drawn from.
    """
    calibration = chat.model.config.calibration.get("findings", {})
    results: dict[str, dict[str, Any]] = {}
    for source, files in sources_of(tables(args.data, "records", args.split)).items():
        heads = read_heads(chat, source, files, args.records)
        if not len(heads["labels"]):
            continue
        np.savez_compressed(args.out / f"heads-{source}.npz", **heads)
        probabilities, labels, patients = heads["probabilities"], heads["labels"], heads["patients"].tolist()
        results[source] = {"anyecg": group_scores(probabilities, labels, patients, calibration)}
        if "random-encoder" in args.baselines:
            scores = _random_scores(chat, args, source, files)
            if scores is not None:
                results[source]["random encoder"] = group_scores(scores, labels, patients, None)
    return results


def read_heads(chat: Any, source: str, files: Sequence[Path], limit: int | None) -> dict[str, Any]:
    """`heads_of` for the labelled records of a source of a built dataset."""
    rows = (
        (record_from_row(row), vector, row["patient_id"], row["record_id"])
        for row, vector in labelled_rows(files, limit)
    )
    return heads_of(chat, rows, source, min(limit or 10**9, count_rows(files)))


def heads_of(
    chat: Any, rows: Iterable[tuple[EcgRecord, np.ndarray, str, str]], source: str, total: int
) -> dict[str, Any]:
    """The finding head over records with label vector, patient and name, one record in memory at a time.

    Returns:
        probabilities (n, n_labels) float32, labels (n, n_labels) int8 of 1, 0 or -1, patients and records (n,) names,
        and thresholds (n_labels,), the decision limits from validation.
    """
    calibration = chat.model.config.calibration.get("findings", {})
    probabilities, labels, patients, names = [], [], [], []
    progress = Progress(f"records of {source} through the encoder", total)
    for record, vector, patient, name in rows:
        p = chat.evidence(record).labels
        probabilities.append([p[label] for label in HEAD_LABELS])
        labels.append(vector)
        patients.append(patient)
        names.append(name)
        progress.add()
    shape = (-1, len(HEAD_LABELS))
    return {
        "probabilities": np.array(probabilities, dtype=np.float32).reshape(shape),
        "labels": np.array(labels, dtype=np.int8).reshape(shape),
        "patients": np.array(patients, dtype=str), "records": np.array(names, dtype=str),
        "thresholds": np.array([calibration.get(label, {}).get("threshold", 0.5) for label in HEAD_LABELS]),
    }  # fmt: skip


def score_official_fold(chat: Any, args: argparse.Namespace) -> dict[str, Any]:
    """The finding head on the fold of PTB-XL's official layout that belongs to the split; see `ptbxl_folds`."""
    labelled = [(ecg, about, *labels_of(about["codes"])) for ecg, about in fold(args.ecgs, args.split)]
    there = [row for row in labelled if row[3] and path_of(args.ecgs, row[0]).with_suffix(".hea").is_file()]
    rows = (
        (
            replace(read_record(path_of(args.ecgs, ecg)), age=about["age"], sex=about["sex"]),
            label_vector(findings, known),
            about["patient"],
            f"ptb-xl/{ecg:05d}",
        )
        for ecg, about, findings, known in there[: args.records]
    )
    heads = heads_of(chat, rows, "ptb-xl", len(there))
    np.savez_compressed(args.out / "heads-ptb-xl.npz", **heads)
    calibration = chat.model.config.calibration.get("findings", {})
    return group_scores(heads["probabilities"], heads["labels"], heads["patients"].tolist(), calibration)


def sources_of(files: Sequence[Path]) -> dict[str, list[Path]]:
    """Parquet files per source; their names are source-split-number."""
    found: dict[str, list[Path]] = {}
    for file in files:
        found.setdefault(file.stem.rsplit("-", 2)[0], []).append(file)
    return found


def labelled_rows(files: Sequence[Path], limit: int | None) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """Rows of the records table with some known label, and their label vectors (1, 0, -1 for unknown)."""
    labelled = ((row, label_vector(row["findings"], row["known"])) for row in rows_of(files))
    yield from islice(((row, vector) for row, vector in labelled if (vector >= 0).any()), limit)


def count_rows(files: Sequence[Path]) -> int:
    """How many rows Parquet files hold, by their footers."""
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(file).num_rows for file in files)


def _random_scores(chat: Any, args: argparse.Namespace, source: str, test: Sequence[Path]) -> np.ndarray | None:
    """Scores of ridge heads on a random encoder; None without training records of this source."""
    try:
        files = sources_of(tables(args.data, "records", "train")).get(source, [])
    except FileNotFoundError:
        return None
    encoder, extractor = random_encoder(chat.model), chat.processor.feature_extractor
    x, labels = pooled_features(encoder, labelled_rows(files, MOST_TRAINING_RECORDS), extractor, args.batch_size)
    if not len(x):
        return None
    z, _ = pooled_features(encoder, labelled_rows(test, args.records), extractor, args.batch_size)
    return np.clip(ridge_scores(x, labels.astype(float), z), 0, 1)


@torch.inference_mode()
def pooled_features(
    encoder: Any, rows: Iterable[tuple[dict[str, Any], np.ndarray]], extractor: Any, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """The encoder's pooled state of each record, averaged over its excerpts: (n, width), and labels (n, n_labels)."""
    pooled: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    rows = iter(rows)
    while batch := list(islice(rows, batch_size)):
        inputs = extractor([record_from_row(row) for row, _ in batch])
        states = encoder(**inputs).summary_state.float().numpy()
        owner = inputs["ecg_index"].numpy()
        pooled += [states[owner == k].mean(axis=0) for k in range(len(batch))]
        labels += [vector for _, vector in batch]
    return np.array(pooled), np.array(labels)


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
        if group == AS_PUBLISHED:
            known = known & truth.any(axis=1, keepdims=True)
        known = known & two_sided(np.where(known, labels[:, columns], -1))
        area = macro_auroc(p, truth.astype(int), known, patients)
        if area["value"] is None:
            continue
        area.pop("per_label")
        area["n"] = int(known.any(axis=1).sum())
        scores[f"macro AUROC, {group} ({area.pop('n_labels')} of {len(names)} labels)"] = area
        if calibration is not None:
            limits = np.array([calibration.get(name, {}).get("threshold", 0.5) for name in names])
            scores[f"ECE, {group}"] = expected_calibration_error(p, truth, known, patients)
            scores[f"macro F1, {group}"] = macro_f1_at_thresholds(p, truth, limits, known, patients)
    return scores


def two_sided(labels: np.ndarray) -> np.ndarray:
    """Labels with a known positive and a known negative; one whose absence is never known has no false alarms."""
    return (labels == 1).any(axis=0) & (labels == 0).any(axis=0)


def score_beats(chat: Any, args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Per source: sensitivity and positive predictivity of ectopic beats in records longer than 30 s."""
    rows = long_rows(rows_of(tables(args.data, "records", args.split)), args.records)
    scores = beat_scores(chat, ((record_from_row(row), row) for row in rows))
    return {source: {"anyecg": figures} for source, figures in scores.items()}


def long_rows(rows: Iterable[dict[str, Any]], limit: int | None) -> Iterator[dict[str, Any]]:
    """Those rows of the records table that last longer than 30 s, at most so many."""
    return islice((row for row in rows if row["n_samples"] / row["sampling_rate"] > LONG_S), limit)


def beat_scores(chat: Any, rows: Iterable[tuple[EcgRecord, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Per source: the figures of each kind of ectopic beat, from records as they are read and their rows."""
    found: dict[str, dict[str, dict[str, list[tuple[int, int, int]]]]] = {}
    for record, row in rows:
        evidence = chat.evidence(record)
        for kind in BEATS:
            if kind in row["known_events"]:
                gold = [(e["start_s"], e["end_s"]) for e in row["events"] if e["kind"] == kind]
                said = [(e["start_s"], e["end_s"]) for e in evidence.events if e["kind"] == kind]
                of_patient = found.setdefault(row["source"], {}).setdefault(kind, {})
                of_patient.setdefault(row["patient_id"], []).append(match_beats(said, gold))
    return {source: _beat_scores(kinds) for source, kinds in found.items()}


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
            each, held = _share(right, all_of), all_of > 0
            scores[f"{kind}: {name}, average"] = mean_with_interval(each[held], np.array(patients)[held].tolist())
    return scores


def _gross(right: np.ndarray, all_of: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _share(weights @ right, weights @ all_of)


def _share(right: np.ndarray, total: np.ndarray) -> np.ndarray:
    return np.divide(right, total, out=np.full(np.shape(total), np.nan), where=total > 0)
