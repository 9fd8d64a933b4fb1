"""What learns in a stage and how fast: frozen parts, parameter groups, the one-cycle schedule, averaged weights."""

from __future__ import annotations

import math
from typing import Any

import torch

from .stages import Stage


def freeze_all_but(model: torch.nn.Module, trainable: tuple[str, ...]) -> None:
    """Let only these parts learn, and the adapters when there are some; a tied output layer follows the embeddings."""
    for name, parameter in model.named_parameters():
        words = name.split(".")
        learns = any(part in words for part in trainable) or ("lm_head" in words and "language_model" in trainable)
        parameter.requires_grad_(learns or "lora_" in name)


def make_optimizer(model: torch.nn.Module, objectives: torch.nn.Module, stage: Stage) -> torch.optim.Optimizer:
    """AdamW with a rate per part; vectors (biases, norms) and the objectives' heads without weight decay."""
    groups: list[dict[str, Any]] = []
    for part in ("ecg_tower", "ecg_projector", "language_model", "lm_head"):
        rate = stage.learning_rates.get("language_model" if part == "lm_head" else part, stage.learning_rate)
        learning = [p for n, p in model.named_parameters() if p.requires_grad and part in n.split(".")]
        for decayed in (True, False):
            params = [p for p in learning if (p.dim() > 1) == decayed]
            if params:
                groups.append({"params": params, "lr": rate, "weight_decay": stage.weight_decay if decayed else 0.0})
    if heads := list(objectives.parameters()):
        groups.append({"params": heads, "lr": stage.learning_rate, "weight_decay": 0.0})
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=False)


def one_cycle(step: int, stage: Stage) -> float:
    """Share of the peak learning rate at a step: linear warm-up, then a cosine to 1 %."""
    warm = max(1, round(stage.warmup * stage.steps))
    if step < warm:
        return (step + 1) / warm
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, stage.steps - warm))))


@torch.no_grad()
def moved_average(
    average: dict[str, torch.Tensor] | None, model: torch.nn.Module, step: int, decay: float
) -> dict[str, torch.Tensor]:
    """Exponential average of the weights that learn, moved in place by one step; None begins one.

    The decay warms up with the steps, so that early weights are forgotten.
    """
    current = {n: p.detach() for n, p in model.named_parameters() if p.requires_grad}
    average = average or {n: p.clone() for n, p in current.items()}
    for name, value in current.items():
        average[name].lerp_(value, 1 - min(decay, (1 + step) / (10 + step)))
    return average
