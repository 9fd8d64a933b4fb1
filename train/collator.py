"""Batches: padded excerpts with targets, and tokenised conversations with loss on the answers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np
import torch

from anyecg.conversation import to_messages
from anyecg.events import NOTABLE
from anyecg.evidence import Evidence, weigh
from anyecg.findings import EVENT_KINDS, HEAD_LABELS
from anyecg.heads import encode_together
from anyecg.processing_anyecg import AnyEcgProcessor

from .augment import augment, blend
from .data import event_labels


class EvidenceCollator:
    """Pads excerpts of `EvidenceDataset` into one masked batch, augmenting when asked.

    `batch_number` seeds the augmentation of the next batch, so a resumed run continues with the same chance.
    """

    def __init__(
        self,
        patch: int,
        step_s: float,
        seed: int,
        augmented: bool,
        batch_number: int = 0,
        mixup: float = 0.0,
        fewer_leads: float = 0.35,
    ):
        self.patch, self.step_s, self.seed = patch, step_s, seed
        self.augmented, self.batch_number, self.mixup = augmented, batch_number, mixup
        self.fewer_leads = fewer_leads
        self.stride = 1  # of several processes, each makes every so many-th batch

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng([self.seed, self.batch_number])
        if self.mixup:
            rows = blend(rows, self.mixup, rng)
        if self.augmented:
            rows = [self._augmented(row, rng) for row in rows]
        self.batch_number += self.stride
        shape = np.max([row["values"].shape for row in rows], axis=0)
        size = len(rows)
        batch = {
            "ecg_values": np.zeros((size, *shape), dtype=np.float32),
            "ecg_mask": np.zeros((size, *shape[:2]), dtype=bool),
            "lead_ids": np.zeros((size, shape[0]), dtype=np.int64),
            "patch_times": np.full((size, shape[1]), -1, dtype=np.float32),
            "findings_labels": np.stack([row["labels"] for row in rows]).astype(np.float32),
            "event_labels": np.full((size, shape[1], len(EVENT_KINDS)), -1, dtype=np.int8),
        }
        for k, row in enumerate(rows):
            n_leads, n_steps = row["mask"].shape
            batch["ecg_values"][k, :n_leads, :n_steps] = row["values"]
            batch["ecg_mask"][k, :n_leads, :n_steps] = row["mask"]
            batch["lead_ids"][k, :n_leads] = row["lead_ids"]
            batch["patch_times"][k, :n_steps] = np.arange(n_steps) * self.step_s
            batch["event_labels"][k, :n_steps] = event_labels(
                row["events"], row["known_events"], row["start_s"], n_steps, self.step_s
            )
        return {name: torch.from_numpy(value) for name, value in batch.items()}

    def _augmented(self, row: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        new = augment(row, rng, self.patch, self.fewer_leads)
        return new | {"start_s": row["start_s"] + (new["start_s"] - row["start_s"]) * self.step_s}


SILENT_EVERY = 10
"""One conversation in so many goes without the evidence, so that the language model keeps looking at the ECG itself."""
SUREST = 0.98
"""The highest probability that a corrected finding is given."""


class ConversationCollator:
    """Applies the processor to conversations of `ConversationDataset`; labels are -100 outside the answers.

    Args:
        processor: of the model.
        model: a model whose configuration has `evidence_in_prompt`: its encoder, as it is now, says what the heads see
            of each ECG, and that is told to the language model, corrected where the labels know better (see
            `corrected`); None leaves it out.
    """

    def __init__(self, processor: AnyEcgProcessor, model: Any = None):
        self.processor, self.model = processor, model

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        said = self._said(items) if self.model is not None else [None] * len(items)
        batch: Any = self.processor.apply_chat_template(
            [
                to_messages(item["row"]["turns"], item["ecgs"], item["measurements"], words)
                for item, words in zip(items, said, strict=True)
            ],
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            return_assistant_tokens_mask=True,
            processor_kwargs={"ecgs": [item["ecgs"] for item in items], "padding": True},
        )
        answers = torch.as_tensor(batch.pop("assistant_masks")).bool()
        batch["labels"] = batch["input_ids"].masked_fill(~answers, -100)
        targets = self._targets(items, batch["patch_times"]) if items[0]["targets"] else {}
        return dict(batch) | targets

    def _said(self, items: Sequence[dict[str, Any]]) -> list[list[Any] | None]:
        """Per conversation, `Evidence.said()` of its ECGs; None where an ECG was not measured, and for some others."""
        told = [all(item["measurements"]) and crc32(_key(item)) % SILENT_EVERY > 0 for item in items]
        records = [record for item, is_told in zip(items, told, strict=True) if is_told for record in item["ecgs"]]
        if not records:
            return [None] * len(items)
        encoded = iter(encode_together(self.model, self.processor.feature_extractor, records))
        return [
            [
                _words(weigh(self.model, record, measured, next(encoded)), truth, _key(item))
                for record, measured, truth in zip(item["ecgs"], item["measurements"], item["truth"], strict=True)
            ]
            if is_told
            else None
            for item, is_told in zip(items, told, strict=True)
        ]

    def _targets(self, items: Sequence[dict[str, Any]], patch_times: torch.Tensor) -> dict[str, torch.Tensor]:
        """Finding and event targets of every excerpt, in the order of the feature extractor."""
        step_s = self.processor.feature_extractor.patch_s
        per_excerpt = round(self.processor.feature_extractor.max_excerpt_s / step_s)
        findings, events = [], []
        for item in items:
            for record, target in zip(item["ecgs"], item["targets"], strict=True):
                n_steps = self.processor.feature_extractor.num_steps(record)
                for first in range(0, n_steps, per_excerpt):
                    length = min(per_excerpt, n_steps - first)
                    labels = event_labels(target["events"], target["known_events"], first * step_s, length, step_s)
                    fill = patch_times.shape[1] - length
                    events.append(np.pad(labels, ((0, fill), (0, 0)), constant_values=-1))
                    findings.append(target["labels"])
        return {
            "findings_labels": torch.from_numpy(np.stack(findings)),
            "event_labels": torch.from_numpy(np.stack(events)),
        }


def _key(item: dict[str, Any]) -> bytes:
    return str(item["row"]["conversation_id"]).encode()


def _words(evidence: Evidence, truth: Mapping[str, Any], key: bytes) -> Any:
    return None if evidence.unjudgeable else corrected(evidence, truth, np.random.default_rng(crc32(key))).said()


def corrected(evidence: Evidence, truth: Mapping[str, Any], rng: np.random.Generator) -> Evidence:
    """What the heads would say if they were right: a language model that learns from it learns to say what they say.

    With the heads' own errors the answers would contradict the prompt in every third conversation, and the language
    model would learn when to distrust the heads, from which it knows nothing that they do not.

    Args:
        evidence: of an excerpt.
        truth: "labels" (num_findings,), "events" (n, 3) and "known_events" (num_kinds,), as in `ConversationDataset`.
        rng: draws the probability of a finding that the heads got wrong, on the right side of its threshold.
    """
    labels = dict(evidence.labels)
    for code, label in zip(HEAD_LABELS, truth["labels"], strict=True):
        threshold = evidence.thresholds[code]
        if label >= 0 and (label == 1) != (labels[code] >= threshold):
            labels[code] = float(rng.uniform(threshold, SUREST) if label == 1 else rng.uniform(0, threshold))
    known = {kind for kind, is_known in zip(EVENT_KINDS, truth["known_events"], strict=True) if is_known}
    duration = evidence.record.duration_s
    events = [event for event in evidence.events if event["kind"] not in known]
    for number, start, end in truth["events"]:
        kind = EVENT_KINDS[int(number)]
        if kind in known and kind in NOTABLE and end > 0 and start < duration:
            events.append({"kind": kind, "start_s": max(float(start), 0.0), "end_s": min(float(end), duration)})
    return replace(evidence, labels=labels, events=events)
