"""The parts of encoder pretraining, each with its weight in a stage's `objectives`; their heads live in training only.

findings, events   supervised, as the shipped heads do it
superclasses       the five superclasses of the finding head once more, which are lost among its many rare labels
masked             hidden patches are reconstructed from the states of their time steps (He et al. 2022)
text               ECG and statements in words find each other by a sigmoid loss (SigLIP, Zhai et al. 2023)
simclr             two augmented views of an excerpt find each other (NT-Xent, Chen et al. 2020): the control of CLEF
clef               the same, but negatives weigh more the further their clinical risk is (CLEF, arXiv 2512.02180), as we
                   found it to work: ranks of risk, weights of mean 1, distance loss × 3
clef-literal       the same as published: squared differences, weights by a row softmax, halves of both losses

Risk is SCORE2 (`anyecg/score2.py`) of what the records table says; see `train/views.py` for what is missing there.
With several processes, contrasts see the excerpts of their own process alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from anyecg.configuration_anyecg import AnyEcgEncoderConfig
from anyecg.feature_extraction_anyecg import ECG_INPUTS
from anyecg.findings import HEAD_LABELS
from anyecg.modeling_anyecg import supervision_loss

from .stages import CONTRASTS

SUPERCLASS_COLUMNS = [k for k, label in enumerate(HEAD_LABELS) if label.startswith("super:")]
NUM_WORDS = 1024
"""Words are hashed, so that any text can be read; 0 is no word."""
WIDTH = 64
TEMPERATURE = 0.07
LEAST_DISTANCE = 0.2
DISTANCE_WEIGHT = 3.0
TEXT_SCALE, TEXT_BIAS = 10.0, -4.0
"""SigLIP's first bias of -10 is for batches of thousands; -4 is about the log-odds of one match among 64."""
LEAST_RMS_MV = 0.05


class Objectives(nn.Module):
    """Weighted sum of the parts; holds the heads that only they need.

    Args:
        weights: part → weight.
        config: of the encoder.
        seed: of the heads' first weights, so that they draw nothing from the chance of the model.
    """

    def __init__(self, weights: Mapping[str, float], config: AnyEcgEncoderConfig, seed: int = 0):
        super().__init__()
        self.weights = {part: weight for part, weight in weights.items() if weight}
        width, self.patch = config.hidden_size, config.patch_samples
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if "masked" in self.weights:
                self.decoder = nn.Linear(width, config.num_lead_ids * self.patch)
            if "text" in self.weights:
                self.words = nn.Embedding(NUM_WORDS, WIDTH, padding_idx=0)
                self.to_text = nn.Linear(2 * width, WIDTH)
                self.text_scale = nn.Parameter(torch.tensor(math.log(TEXT_SCALE)))
                self.text_bias = nn.Parameter(torch.tensor(TEXT_BIAS))
            if set(CONTRASTS) & set(self.weights):
                self.project = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, WIDTH))

    def forward(self, outputs: Any, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The loss.

        Args:
            outputs: of the model without text: findings_logits, event_logits, time_states, summary_state.
            batch: of `PretrainingCollator`.
        """
        parts = self.parts(outputs, batch)
        return torch.stack([self.weights[name] * part for name, part in parts.items()]).sum()

    def average_gradients(self, accelerator: Any) -> None:
        """With several processes, the mean of the heads' gradients, as the wrapped model has it by itself."""
        if accelerator.num_processes > 1:
            for head in self.parameters():
                gradient = torch.zeros_like(head) if head.grad is None else head.grad
                head.grad = accelerator.reduce(gradient, reduction="mean")

    def parts(self, outputs: Any, batch: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Every part's loss before its weight."""
        found = {}
        for part in self.weights:
            if part == "findings":
                found[part] = supervision_loss(outputs.findings_logits.float(), batch["findings_labels"])
            elif part == "superclasses":
                columns = outputs.findings_logits[:, SUPERCLASS_COLUMNS].float()
                found[part] = supervision_loss(columns, batch["findings_labels"][:, SUPERCLASS_COLUMNS])
            elif part == "events":
                found[part] = supervision_loss(outputs.event_logits.float(), batch["event_labels"])
            elif part == "masked":
                found[part] = self._masked(outputs.time_states, batch)
            elif part == "text":
                found[part] = self._text(outputs.summary_state, batch["words"])
        contrasts = [part for part in CONTRASTS if part in self.weights]
        if contrasts:
            views = F.normalize(self.project(outputs.summary_state).float(), dim=1)
            found |= {part: self._contrast(part, views, batch) for part in contrasts}
        return found

    def _masked(self, time_states: torch.Tensor, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Smooth L1 of the hidden samples, in units of their lead's size in the excerpt."""
        hidden, original = batch["hidden"], batch["original"]
        if not hidden.any():
            return time_states.sum() * 0
        steps = hidden.any(dim=1)  # (excerpts, steps)
        decoded = self.decoder(time_states[steps]).float().unflatten(1, (-1, self.patch))
        row, lead, step = hidden.nonzero(as_tuple=True)
        place = (steps.flatten().cumsum(0) - 1).view_as(steps)[row, step]
        said = decoded[place, batch["lead_ids"][row, lead]]
        recorded = (hidden | batch["ecg_mask"]).sum(dim=2).clamp(min=1)
        size = (original.square().mean(dim=3).sum(dim=2) / recorded).sqrt().clamp(min=LEAST_RMS_MV)  # (excerpts, leads)
        return F.smooth_l1_loss(said, original[row, lead, step] / size[row, lead, None])

    def _text(self, summary: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """Sigmoid loss over all pairs of excerpts with text, averaged over excerpts; equal texts belong together."""
        told = (words > 0).any(dim=1)
        if int(told.sum()) < 2:
            return summary.sum() * 0
        words = words[told]
        bag = self.words(words).sum(1) / (words > 0).sum(1, keepdim=True)
        texts, ecgs = F.normalize(bag.float(), dim=1), F.normalize(self.to_text(summary[told]).float(), dim=1)
        logits = ecgs @ texts.T * self.text_scale.exp().clamp(max=100) + self.text_bias
        together = (words[:, None] == words[None]).all(dim=2)
        return -F.logsigmoid(torch.where(together, logits, -logits)).sum() / len(words)

    def _contrast(self, part: str, views: torch.Tensor, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        patients, risk = batch["patient"], batch["risk"]
        if part == "simclr":
            return contrast(views, patients)
        if part == "clef":
            return clef(views, patients, risk)
        return clef_literal(views, patients, risk, batch["completeness"])


def model_loss(model: Any, objectives: Any, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """One pass of the model over a batch of `PretrainingCollator` and its loss."""
    return objectives(model(**{name: batch[name] for name in ECG_INPUTS if name in batch}), batch)


def contrast(views: torch.Tensor, patients: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """NT-Xent: each view finds its partner among all views of other patients.

    Args:
        views: unit vectors (2 n, width); rows k and n + k show the same excerpt.
        patients: (2 n,) numbers; views of one patient are no negatives of each other.
        weights: (2 n, 2 n) of the negatives; None for 1.
    """
    logits = views @ views.T / TEMPERATURE
    positive = logits.diagonal(len(views) // 2)
    positive = torch.cat([positive, positive])[:, None]
    if weights is not None:
        logits = logits + weights.clamp(min=1e-9).log()
    logits = logits.masked_fill(patients[:, None] == patients[None], -math.inf)
    return (torch.cat([positive, logits], dim=1).logsumexp(dim=1) - positive[:, 0]).mean()


def clef(views: torch.Tensor, patients: torch.Tensor, risk: torch.Tensor) -> torch.Tensor:
    """Contrast with negatives by distance of risk rank, and similarities drawn towards 1 - distance.

    A pair with an unknown risk weighs 1 and has no distance; equal risks give the plain contrast.

    Args:
        risk: (2 n,), NaN where it is unknown.
    """
    known = risk.isfinite()[:, None] & risk.isfinite()[None]
    above, equal = risk[:, None] > risk[None], risk[:, None] == risk[None]
    rank = above.sum(dim=1) + equal.sum(dim=1) / 2
    distance = distances(rank.to(views.dtype), known)
    others = known & (patients[:, None] != patients[None])
    spread = distance.masked_fill(~others, -math.inf).softmax(dim=1) * others.sum(dim=1, keepdim=True)
    weights = torch.where(others, spread, torch.ones_like(spread))
    loss = contrast(views, patients, weights)
    if len(risk[risk.isfinite()].unique()) < 2:
        return loss
    return loss + DISTANCE_WEIGHT * (_to_unit(views @ views.T) - (1 - distance)).square()[known].mean()


def clef_literal(
    views: torch.Tensor, patients: torch.Tensor, risk: torch.Tensor, completeness: torch.Tensor
) -> torch.Tensor:
    """CLEF as published: weights are a softmax over each row, so that negatives shrink with the batch.

    Distances are damped by exp(-c_i c_k), c the share of the score's attributes that are known. The paper does not say
    what a record without a risk gets; here its pairs have the mean distance.
    """
    known = risk.isfinite()[:, None] & risk.isfinite()[None]
    distance = distances(risk.nan_to_num(), known)
    same = distance == 0
    distance = torch.where(known | same, distance, distance[known & ~same].mean().nan_to_num(1.0))
    damped = distance * torch.exp(-completeness[:, None] * completeness[None])
    near = (_to_unit(views @ views.T) - (1 - damped)).square().mean()
    return (contrast(views, patients, damped.softmax(dim=1)) + near) / 2


def distances(values: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Squared differences scaled to `LEAST_DISTANCE`…1, and 0 between views of the same excerpt: (2 n, 2 n)."""
    squared = (values[:, None] - values[None]).square() * known
    distance = LEAST_DISTANCE + (1 - LEAST_DISTANCE) * squared / squared.amax().clamp(min=1e-12)
    excerpt = torch.arange(len(values), device=values.device) % (len(values) // 2)
    return distance.masked_fill(excerpt[:, None] == excerpt[None], 0.0)


def _to_unit(values: torch.Tensor) -> torch.Tensor:
    low, high = values.amin(), values.amax()
    return (values - low) / (high - low).clamp(min=1e-6)
