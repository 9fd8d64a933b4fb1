"""The loss on validation conversations, by which a conversation stage keeps its best weights and stops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from .data import ConversationDataset, MixtureSampler, kinds_of
from .stages import Stage


class ConversationValidation:
    """Mean loss per answer token over validation conversations of the stage's mixture, the same ones each time."""

    def __init__(self, data: Sequence[Path], stage: Stage, collate: Callable[[Any], dict[str, torch.Tensor]]):
        self.dataset, self.collate = ConversationDataset(data, "valid", targets=False), collate
        kinds = [kinds_of(row) for row in self.dataset.rows]
        if not kinds:
            raise ValueError(f"stage {stage.name!r} validates, but {list(map(str, data))} hold no valid conversation.")
        lengths, size = self.dataset.lengths(), stage.batch_size
        drawn = list(MixtureSampler(kinds, stage.mixture, stage.validation_rows, 0, 0, lengths, size))
        self.batches = [drawn[first : first + size] for first in range(0, len(drawn), size)]

    @torch.no_grad()
    def score(self, model: Any) -> float:
        """Loss in nats per token. The model is left as it was, also whether it is training."""
        training = {module for module in model.modules() if module.training}
        model.eval()
        total, tokens = 0.0, 0
        for rows in self.batches:
            batch = {n: t.to(model.device) for n, t in self.collate([self.dataset[row] for row in rows]).items()}
            total += float(model(**batch, num_items_in_batch=1).loss)
            tokens += int((batch["labels"][:, 1:] != -100).sum())
        for module in training:
            module.training = True
        return total / max(1, tokens)
