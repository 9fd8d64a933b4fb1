"""What the language model sees of a conversation: which part of each record, and where it lies in time; messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .conversation import to_messages
from .evidence import Evidence
from .record import EcgRecord

MAX_SHOWN_S = 30.0
"""Seconds of an ECG that the language model sees: what the curriculum shows it, and a bound on the cost."""


@dataclass(frozen=True)
class Shown:
    """The part of a record that the language model sees."""

    record: EcgRecord
    starts_s: tuple[float, ...]
    """Where each of its excerpts begins in the whole record."""


def show(record: EcgRecord, extractor: Any, most_s: float = MAX_SHOWN_S) -> Shown:
    """The whole of a short record; evenly spaced excerpts of a long one, joined, each around its own level."""
    excerpt_s = extractor.max_excerpt_s
    starts = [0.0]
    if record.duration_s > most_s + 0.5:
        length = round(excerpt_s * record.sampling_rate)
        firsts = np.linspace(0, record.signal.shape[1] - length, int(most_s // excerpt_s)).astype(int)
        pieces = [record.signal[:, first : first + length] for first in firsts]
        levelled = [piece - np.median(np.nan_to_num(piece), axis=1, keepdims=True) for piece in pieces]
        record_rate = record.sampling_rate
        record, starts = (
            replace(record, signal=np.concatenate(levelled, axis=1)),
            [float(f / record_rate) for f in firsts],
        )
    count = -(-extractor.num_steps(record) // round(excerpt_s / extractor.patch_s))
    starts += [starts[-1] + excerpt_s * (k + 1) for k in range(count - len(starts))]
    return Shown(record, tuple(starts[:count]))


def prompt_of(
    evidences: Sequence[Evidence],
    question: str,
    history: Sequence[Mapping[str, Any]],
    extractor: Any,
    tells_numbers: bool,
    tells_heads: bool,
) -> tuple[list[Shown], list[dict[str, Any]]]:
    """The ECGs in the order in which the messages show them, and the messages; see `conversation.to_messages`.

    Args:
        evidences: of all ECGs of the conversation.
        question: put behind the ECGs that the history has not shown.
        history: earlier turns.
        extractor: the feature extractor, which says how long an excerpt may be.
        tells_numbers, tells_heads: whether the prompt has the measured numbers, and what the heads say.
    """
    shown = [show(evidence.record, extractor) for evidence in evidences]
    seen = {k for turn in history for k in turn.get("ecgs") or ()}
    unseen = [k for k in range(len(evidences)) if k not in seen]
    turns = [*history, {"role": "user", "text": question, "ecgs": unseen}]
    measured = [evidence.measurements if tells_numbers else None for evidence in evidences]
    said = [None if evidence.unjudgeable or not tells_heads else evidence.said() for evidence in evidences]
    messages = to_messages(turns, [part.record for part in shown], measured, said)
    return [shown[k] for turn in turns for k in turn.get("ecgs") or ()], messages
