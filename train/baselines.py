"""What a model has to beat: the constant answer, the text without the ECG, and a random encoder with fitted heads."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from anyecg.modeling_anyecg import AnyEcgEncoder

from .data import rows_of, tables


def constant_answers(folders: Sequence[Path], source: str, split: str = "train") -> dict[str, str]:
    """The most frequent answer per kind of question (`question_kind`), on training conversations.

    Numbers count as equal, and the first answer of the most frequent form stands for it.
    """
    counts: dict[str, Counter[str]] = {}
    first: dict[tuple[str, str], str] = {}
    for row in rows_of(tables(folders, "conversations", split), ["task", "source", "turns", "gold"]):
        if row["source"] != source:
            continue
        kind, answer = question_kind(row["task"], json.loads(row["gold"] or "{}")), row["turns"][-1]["text"]
        form = re.sub(r"-?\d+(?:\.\d+)?", "#", answer)
        counts.setdefault(kind, Counter())[form] += 1
        first.setdefault((kind, form), answer)
    return {kind: first[kind, forms.most_common(1)[0][0]] for kind, forms in counts.items()}


def question_kind(task: str, gold: Mapping[str, Any]) -> str:
    """What a question asks for, as far as the question alone tells."""
    part = gold.get("kind") or gold.get("key") or gold.get("type") or gold.get("code") or ""
    return f"{task}:{part}" if part else f"{task}:{'rates' if 'rates' in gold else 'new' if 'new' in gold else ''}"


@contextmanager
def withheld_ecgs(model: torch.nn.Module) -> Iterator[None]:
    """Within this block the language model gets zeros in place of every ECG feature."""
    projector = next(m for name, m in model.named_modules() if name.endswith("ecg_projector"))
    handle = projector.register_forward_hook(lambda module, inputs, output: torch.zeros_like(output))
    try:
        yield
    finally:
        handle.remove()


def random_encoder(model: Any, seed: int = 0) -> AnyEcgEncoder:
    """An untrained encoder of the same architecture."""
    torch.manual_seed(seed)
    return AnyEcgEncoder._from_config(model.config.ecg_config).eval()


def ridge_scores(train: np.ndarray, labels: np.ndarray, test: np.ndarray, strength: float = 10.0) -> np.ndarray:
    """Scores of linear heads that are fitted by ridge regression on standardised features.

    Args:
        train, test: features, (n, width).
        labels: (n_train, n_labels), 1, 0 or -1 for unknown, which counts as the label's mean.
    """
    mean, sd = train.mean(axis=0), train.std(axis=0) + 1e-6
    x, z = (train - mean) / sd, (test - mean) / sd
    known = labels >= 0
    share = (labels * known).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    y = np.where(known, labels, share) - share
    weights = np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ y)
    return z @ weights + share
