"""Projector and chat model around the ECG encoder: ECGs and text in, next-token logits and evidence out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from transformers import AutoModel, GenerationMixin
from transformers.utils import ModelOutput

from .configuration_anyecg import AnyEcgConfig
from .encoder_anyecg import AnyEcgEncoder, AnyEcgEncoderOutput, AnyEcgPreTrainedModel, sinusoids
from .feature_extraction_anyecg import ECG_INPUTS
from .measured_head import MeasuredHead, features


@dataclass
class AnyEcgModelOutput(ModelOutput):
    """Language-model output with the encoder's evidence beside it."""

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    past_key_values: Any = None
    last_hidden_state: torch.Tensor | None = None
    findings_logits: torch.Tensor | None = None
    event_logits: torch.Tensor | None = None
    time_states: torch.Tensor | None = None
    summary_state: torch.Tensor | None = None


class EcgProjector(nn.Module):
    """From encoder states to language-model embeddings: one summary, the time tokens, the lead tokens of each ECG."""

    def __init__(self, config: AnyEcgConfig):
        super().__init__()
        width, out = config.ecg_config.hidden_size, config.text_config.hidden_size
        self.steps_per_token, self.time_width = config.ecg_config.steps_per_token, 64
        self.summary_in = nn.Linear(2 * width, out)
        self.step_in = nn.Linear(self.steps_per_token * width + self.time_width, out)
        self.lead_in = nn.Linear(width, out)
        self.norm = nn.LayerNorm(out)
        self.mixed = nn.Linear(out, out)
        # Scaled to the size of token embeddings, so that a language model trained on text is not drowned.
        self.scale = nn.Parameter(torch.full((out,), 0.1))

    def forward(self, encoded: AnyEcgEncoderOutput, patch_times, lead_mask, ecg_index) -> torch.Tensor:
        """All tokens of all ECGs in order, (num_tokens, text_hidden)."""
        steps, step_owner = self._merge_steps(encoded.time_states, patch_times, ecg_index)
        num_ecgs = int(ecg_index.max()) + 1
        first = torch.zeros(num_ecgs, dtype=torch.long, device=ecg_index.device)
        first = first.scatter_reduce(
            0, ecg_index, torch.arange(len(ecg_index), device=ecg_index.device), "amin", include_self=False
        )
        summary = _mean_by(encoded.summary_state, ecg_index, num_ecgs)
        lead_states = _mean_by(encoded.lead_states, ecg_index, num_ecgs)[lead_mask[first]]
        lead_owner = lead_mask[first].nonzero()[:, 0]
        parts = [self.summary_in(summary), self.step_in(steps), self.lead_in(lead_states)]
        owners = [torch.arange(num_ecgs, device=ecg_index.device), step_owner, lead_owner]
        tokens, owner = torch.cat(parts), torch.cat(owners)
        tokens = tokens[torch.argsort(owner, stable=True)]  # ECG after ECG; within one: summary, times, leads
        return self.norm(tokens + self.mixed(F.gelu(tokens))) * self.scale

    def _merge_steps(self, states, patch_times, ecg_index):
        """Join neighbouring steps, with their absolute time: (n, steps_per_token * width + time_width), owners (n,)."""
        merge = self.steps_per_token
        fill = -patch_times.shape[1] % merge
        mask = F.pad(patch_times >= 0, (0, fill)).unflatten(1, (-1, merge))
        states = F.pad(states, (0, 0, 0, fill)).unflatten(1, (-1, merge)) * mask[..., None].to(states.dtype)
        times = F.pad(patch_times, (0, fill)).unflatten(1, (-1, merge))[..., 0]
        encoded_time = sinusoids(times, self.time_width, longest=4000.0).to(states.dtype)
        exists = mask[..., 0]
        joined = torch.cat([states.flatten(2), encoded_time], dim=-1)[exists]
        return joined, ecg_index[:, None].expand_as(exists)[exists]


def _mean_by(values: torch.Tensor, owner: torch.Tensor, count: int) -> torch.Tensor:
    total = values.new_zeros(count, *values.shape[1:]).index_add(0, owner, values)
    size = torch.bincount(owner, minlength=count).to(values.dtype)
    return total / size.view(-1, *[1] * (values.dim() - 1))


class AnyEcgModel(AnyEcgPreTrainedModel):
    """Encoder, projector and the body of a language model; ECG features replace the placeholder tokens."""

    def __init__(self, config: AnyEcgConfig):
        super().__init__(config)
        self.ecg_tower = AnyEcgEncoder._from_config(config.ecg_config)
        second = config.evidence_config
        self.evidence_tower: Any = AnyEcgEncoder._from_config(second) if second else None
        width = config.measured_width
        self.measured_head: Any = MeasuredHead(width, config.ecg_config.num_findings) if width else None
        self.ecg_projector = EcgProjector(config)
        self.language_model = AutoModel.from_config(config.text_config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.language_model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.language_model.set_input_embeddings(value)

    def encode(self, ecg_values, ecg_mask, lead_ids, patch_times, ecg_index=None, **kwargs) -> AnyEcgEncoderOutput:
        """Run the encoder whose heads speak, alone: states, finding logits and event logits per excerpt."""
        tower = self.evidence_tower or self.ecg_tower
        return tower(ecg_values.to(tower.to_lead.weight.dtype), ecg_mask, lead_ids, patch_times)

    def train(self, mode: bool = True) -> AnyEcgModel:
        """As every module; a second encoder and the measured head are finished and stay as they are."""
        super().train(mode)
        for finished in (self.evidence_tower, self.measured_head):
            if finished is not None:
                finished.eval()
        return self

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        ecg_values: torch.Tensor | None = None,
        ecg_mask: torch.Tensor | None = None,
        lead_ids: torch.Tensor | None = None,
        patch_times: torch.Tensor | None = None,
        ecg_index: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> AnyEcgModelOutput:
        """Language-model inputs plus the feature extractor's; see `AnyEcgFeatureExtractor`."""
        if inputs_embeds is None:
            inputs_embeds = self.get_input_embeddings()(input_ids)
        encoded = AnyEcgEncoderOutput()
        if ecg_values is not None:
            values = ecg_values.to(self.ecg_tower.to_lead.weight.dtype)
            encoded = self.ecg_tower(values, ecg_mask, lead_ids, patch_times)
            features = self.ecg_projector(encoded, patch_times, ecg_mask.any(dim=2), ecg_index)
            inputs_embeds = self._place(features, input_ids, inputs_embeds)
        outputs = self.language_model(inputs_embeds=inputs_embeds, attention_mask=attention_mask, **kwargs)
        return AnyEcgModelOutput(
            last_hidden_state=outputs.last_hidden_state,
            past_key_values=outputs.past_key_values,
            findings_logits=encoded.findings_logits,
            event_logits=encoded.event_logits,
        )

    def _place(self, features, input_ids, inputs_embeds):
        if input_ids is None:
            raise ValueError("ECG features need input_ids, to see where their placeholders stand; pass input_ids.")
        places = input_ids == self.config.ecg_token_id
        if int(places.sum()) != len(features):
            raise ValueError(
                f"the prompt has {int(places.sum())} ECG placeholders but the ECGs give {len(features)} features; "
                "make both with the same processor."
            )
        return inputs_embeds.masked_scatter(places[..., None], features.to(inputs_embeds.dtype))


class AnyEcgForConditionalGeneration(AnyEcgPreTrainedModel, GenerationMixin):
    """The chat model: text with ECGs in, text out, evidence beside it."""

    _tied_weights_keys = {"lm_head.weight": "model.language_model.embed_tokens.weight"}  # noqa: RUF012

    def __init__(self, config: AnyEcgConfig):
        super().__init__(config)
        self.model = AnyEcgModel(config)
        self.lm_head = nn.Linear(config.text_config.hidden_size, config.text_config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.model.set_input_embeddings(value)

    def get_output_embeddings(self) -> nn.Module:
        return self.lm_head

    def set_output_embeddings(self, value: nn.Module) -> None:
        self.lm_head = value

    def encode(self, **ecg_inputs: torch.Tensor) -> AnyEcgEncoderOutput:
        """Run the encoder alone on the feature extractor's output."""
        return self.model.encode(**ecg_inputs)

    @torch.inference_mode()
    def measured_logits(self, measurements: Mapping[str, Any]) -> np.ndarray | None:
        """What the measured head says of `Measurements.to_dict()`: (num_findings,), or None where it says nothing."""
        head = self.model.measured_head
        numbers = None if head is None else features(measurements)
        if numbers is None:
            return None
        return head(torch.from_numpy(numbers)[None].to(head.centre.device)).float().cpu().numpy()[0]

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        ecg_values: torch.Tensor | None = None,
        ecg_mask: torch.Tensor | None = None,
        lead_ids: torch.Tensor | None = None,
        patch_times: torch.Tensor | None = None,
        ecg_index: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        logits_to_keep: int | torch.Tensor = 0,
        findings_labels: torch.Tensor | None = None,
        event_labels: torch.Tensor | None = None,
        num_items_in_batch: int | torch.Tensor | None = None,
        **kwargs: Any,
    ) -> AnyEcgModelOutput:
        """Next-token logits and, with labels, the loss.

        Args:
            labels: token ids, -100 where no loss is wanted; not shifted.
            findings_labels: (num_excerpts, num_findings), 1, 0 or -1 for unknown.
            event_labels: (num_excerpts, max_steps, num_event_kinds), 1, 0 or -1 for unknown.
            num_items_in_batch: tokens with loss in the whole optimisation step (gradient accumulation).
        """
        ecgs = dict(zip(ECG_INPUTS, (ecg_values, ecg_mask, lead_ids, patch_times, ecg_index), strict=True))
        if input_ids is None and "inputs_embeds" not in kwargs:
            return self._evidence_only(ecgs, findings_labels, event_labels)
        outputs = self.model(input_ids=input_ids, attention_mask=attention_mask, **ecgs, **kwargs)
        keep = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        outputs.logits = self.lm_head(outputs.last_hidden_state[:, keep])
        if labels is not None:
            outputs.loss = self.loss_function(
                logits=outputs.logits,
                labels=labels,
                vocab_size=self.config.text_config.vocab_size,
                num_items_in_batch=num_items_in_batch,
            )
            if outputs.findings_logits is not None:
                extra = evidence_loss(outputs, findings_labels, event_labels)
                outputs.loss = outputs.loss + self.config.auxiliary_loss_weight * extra
        return outputs

    def _evidence_only(self, ecgs, findings_labels, event_labels) -> AnyEcgModelOutput:
        """Without text: the encoder's scores, and their loss when there are labels."""
        encoded = self.encode(**ecgs)
        outputs = AnyEcgModelOutput(
            findings_logits=encoded.findings_logits,
            event_logits=encoded.event_logits,
            time_states=encoded.time_states,
            summary_state=encoded.summary_state,
        )
        if findings_labels is not None or event_labels is not None:
            outputs.loss = evidence_loss(outputs, findings_labels, event_labels)
        return outputs

    def prepare_inputs_for_generation(self, input_ids, is_first_iteration=False, **kwargs):
        """Hand the ECGs over once: after the first step they live in the key-value cache."""
        inputs = super().prepare_inputs_for_generation(input_ids, is_first_iteration=is_first_iteration, **kwargs)
        if not is_first_iteration and kwargs.get("use_cache", True):
            for name in ECG_INPUTS:
                inputs[name] = None
        return inputs


def evidence_loss(
    outputs: AnyEcgModelOutput, findings_labels: torch.Tensor | None, event_labels: torch.Tensor | None
) -> torch.Tensor:
    """Loss of both evidence heads."""
    findings = supervision_loss(outputs.findings_logits.float(), findings_labels)
    return findings + supervision_loss(outputs.event_logits.float(), event_labels)


def supervision_loss(logits: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
    """Binary cross-entropy over the entries whose label is known (not -1); 0 without any."""
    if labels is None:
        return logits.new_zeros(())
    known = (labels >= 0).to(logits.dtype)
    loss = F.binary_cross_entropy_with_logits(logits, labels.clamp(min=0).to(logits.dtype), reduction="none")
    return (loss * known).sum() / known.sum().clamp(min=1)
