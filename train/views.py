"""Batches for the parts of pretraining: second views, hidden patches, words, and clinical risk.

Hidden patches are shown to the encoder as a gap in the recording, which it knows from real ECGs; nothing in the shipped
model stands for them. The text of a record is its statements in words (`anyecg/findings.py`): no more than its labels
say, so the text part can only change how they are learned.

Risk: SCORE2 asks for age, sex, smoking, blood pressure, and total and HDL cholesterol. What a record lacks takes the
score's own centre (non-smoker, 120 mmHg, 6.0 and 1.3 mmol/l); without age or sex there is no risk. PTB-XL gives age and
sex alone, so there the risk orders people by these two. Outside 40 to 69 years the formula is extrapolated, which is
enough for an order; such a number is never told to anybody.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import torch

from anyecg.findings import FINDINGS, SUPERCLASS_NAMES, phrase
from anyecg.score2 import ATTRIBUTES, risk

from .augment_star import star
from .collator import EvidenceCollator
from .objectives import NUM_WORDS
from .stages import CONTRASTS, Stage

MASKED_EXCERPTS, MASKED_STEPS = 0.5, 0.2
"""Share of the excerpts in which something is hidden, and of their steps."""
SPAN_STEPS = (1, 6)


class PretrainingCollator(EvidenceCollator):
    """What `EvidenceCollator` makes, and beside it what the parts of the stage need.

    With a contrast each excerpt comes twice, augmented by itself: rows k and n + k of the batch; both are supervised.
    """

    def __init__(self, patch: int, step_s: float, seed: int, stage: Stage, batch_number: int = 0):
        super().__init__(patch, step_s, seed, stage.augment, batch_number, stage.mixup, stage.fewer_leads)
        self.star = stage.star
        self.parts = {part for part, weight in stage.objectives.items() if weight}

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng([self.seed, self.batch_number, 1])
        if self.parts & set(CONTRASTS):
            rows = [*rows, *rows]
        if self.star:
            rate = self.patch / self.step_s
            rows = [star(row, rng, rate) if rng.random() < self.star else row for row in rows]
        batch = super().__call__(rows)
        if "masked" in self.parts:
            hide(batch, rng)
        if "text" in self.parts:
            batch["words"] = torch.from_numpy(_padded([word_ids(text_of(row)) for row in rows]))
        if self.parts & set(CONTRASTS):
            clinical = [row["clinical"] for row in rows]
            patients = np.unique([row["patient_id"] for row in rows], return_inverse=True)[1]
            batch["patient"] = torch.from_numpy(patients)
            batch["risk"] = torch.tensor([risk_of(known) for known in clinical])
            batch["completeness"] = torch.tensor([completeness_of(known) for known in clinical])
        return batch


def hide(batch: dict[str, torch.Tensor], rng: np.random.Generator) -> None:
    """Hide spans of steps, of all leads or of half of them, in place; adds `hidden` and the `original` values.

    Events of steps that are hidden in all leads become unknown.
    """
    recorded = batch["ecg_mask"].numpy()
    hidden = np.zeros_like(recorded)
    for k in np.flatnonzero(rng.random(len(recorded)) < MASKED_EXCERPTS):
        n_steps = int(recorded[k].any(axis=0).sum())
        for _ in range(round(MASKED_STEPS * n_steps / np.mean(np.arange(*SPAN_STEPS)))):
            first = rng.integers(n_steps)
            leads = rng.random(len(recorded[k])) < (1.0 if rng.random() < 0.5 else 0.5)
            hidden[k, leads, first : first + rng.integers(*SPAN_STEPS)] = True
    hidden &= recorded
    hidden &= (recorded & ~hidden).any(axis=2, keepdims=True)  # a lead that is hidden wholly would not exist
    shown = torch.from_numpy(recorded & ~hidden)
    lost = torch.from_numpy(hidden.any(axis=1)) & ~shown.any(dim=1)
    batch["hidden"], batch["original"] = torch.from_numpy(hidden), batch["ecg_values"]
    batch["ecg_values"], batch["ecg_mask"] = batch["ecg_values"] * shown[..., None], shown
    batch["event_labels"] = batch["event_labels"].masked_fill(lost[..., None], -1)


def text_of(row: Mapping[str, Any]) -> str:
    """A record's statements and classes in words; nothing where its labels do not hold for the excerpt."""
    if not (row["labels"] >= 0).any():
        return ""
    said = [phrase(code) for code in row["findings"] if code in FINDINGS]
    classes = [code.removeprefix("super:") for code in row["findings"] if code.startswith("super:")]
    return " ".join([*said, *(SUPERCLASS_NAMES[name] for name in classes)])


def word_ids(text: str) -> list[int]:
    """Words of a text as sorted numbers below `NUM_WORDS`, each once."""
    return sorted({1 + crc32(word.encode()) % (NUM_WORDS - 1) for word in text.lower().split()})


def _padded(lists: Sequence[Sequence[int]]) -> np.ndarray:
    padded = np.zeros((len(lists), max(1, *map(len, lists))), dtype=np.int64)
    for row, numbers in zip(padded, lists, strict=True):
        row[: len(numbers)] = numbers
    return padded


def risk_of(known: Mapping[str, Any]) -> float:
    """SCORE2 of what is known (names of `ATTRIBUTES`), NaN without age or sex."""
    given = {name: known[name] for name in ATTRIBUTES if _is_known(known.get(name))}
    return risk(**given) if "age" in given and "sex" in given else math.nan


def completeness_of(known: Mapping[str, Any]) -> float:
    """Share of the score's attributes that are known."""
    return sum(_is_known(known.get(name)) for name in ATTRIBUTES) / len(ATTRIBUTES)


def _is_known(value: Any) -> bool:
    return value is not None and value == value
