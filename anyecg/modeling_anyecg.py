"""Patch encoder, projector and chat model: ECG samples in, finding and event scores and next-token logits out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from transformers import AutoModel, GenerationMixin, PreTrainedModel
from transformers.utils import ModelOutput

from .configuration_anyecg import AnyEcgConfig, AnyEcgEncoderConfig
from .feature_extraction_anyecg import ECG_INPUTS


@dataclass
class AnyEcgEncoderOutput(ModelOutput):
    """What the encoder says of each excerpt.

    time_states: (num_excerpts, max_steps, hidden); lead_states: (num_excerpts, max_leads, hidden);
    summary_state: (num_excerpts, hidden); findings_logits: (num_excerpts, num_findings);
    event_logits: (num_excerpts, max_steps, num_event_kinds).
    """

    time_states: torch.Tensor | None = None
    lead_states: torch.Tensor | None = None
    summary_state: torch.Tensor | None = None
    findings_logits: torch.Tensor | None = None
    event_logits: torch.Tensor | None = None


@dataclass
class AnyEcgModelOutput(ModelOutput):
    """Language-model output with the encoder's evidence beside it."""

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    past_key_values: Any = None
    last_hidden_state: torch.Tensor | None = None
    findings_logits: torch.Tensor | None = None
    event_logits: torch.Tensor | None = None


class LeadStem(nn.Module):
    """Convolutions that every lead passes through by itself, told its name by a learned scale and shift."""

    def __init__(self, config: AnyEcgEncoderConfig):
        super().__init__()
        width = config.stem_width
        self.first = nn.Conv1d(1, width, 9, stride=2, padding=4, bias=False)
        self.first_norm = nn.BatchNorm1d(width)
        self.second = nn.Conv1d(width, width, 7, stride=2, padding=3, bias=False)
        self.second_norm = nn.BatchNorm1d(width)
        self.lead_scale_shift = nn.Embedding(config.num_lead_ids, 2 * width)

    def forward(self, signal: torch.Tensor, lead_ids: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """signal (n, samples) mV, lead_ids (n,), present (n, samples // 4) → (n, width, samples // 4)."""
        signal = 5 * torch.tanh(signal / 5)  # artefacts of tens of mV are bent, voltages of an ECG hardly
        hidden = F.gelu(self.first_norm(self.first(signal[:, None])))
        hidden = hidden * present.repeat_interleave(2, dim=1)[:, None]
        hidden = self.second_norm(self.second(hidden))
        scale, shift = self.lead_scale_shift(lead_ids)[..., None].chunk(2, dim=1)
        return F.gelu(hidden * (1 + scale) + shift) * present[:, None]


class TrunkBlock(nn.Module):
    """Residual pair of convolutions over time on the fused leads."""

    def __init__(self, width: int):
        super().__init__()
        self.first = nn.Conv1d(width, width, 7, padding=3, bias=False)
        self.first_norm = nn.BatchNorm1d(width)
        self.second = nn.Conv1d(width, width, 7, padding=3, bias=False)
        self.second_norm = nn.BatchNorm1d(width)

    def forward(self, hidden: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        inner = F.gelu(self.first_norm(self.first(hidden))) * present
        return F.gelu(hidden + self.second_norm(self.second(inner))) * present


class EncoderLayer(nn.Module):
    """Pre-norm transformer layer with a key mask."""

    def __init__(self, config: AnyEcgEncoderConfig):
        super().__init__()
        width = config.hidden_size
        self.num_heads, self.dropout = config.num_attention_heads, config.dropout
        self.attention_norm = nn.LayerNorm(width)
        self.attention_in = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, config.intermediate_size)
        self.mlp_out = nn.Linear(config.intermediate_size, width)

    def forward(self, hidden: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """hidden (batch, tokens, width), present (batch, tokens)."""
        batch, tokens, width = hidden.shape
        qkv = self.attention_in(self.attention_norm(hidden)).view(batch, tokens, 3, self.num_heads, -1)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=present[:, None, None, :])
        attended = self.attention_out(attended.transpose(1, 2).reshape(batch, tokens, width))
        hidden = hidden + F.dropout(attended, self.dropout, self.training)
        inner = self.mlp_out(F.gelu(self.mlp_in(self.mlp_norm(hidden))))
        return hidden + F.dropout(inner, self.dropout, self.training)


def sinusoids(positions: torch.Tensor, width: int, longest: float) -> torch.Tensor:
    """Sine and cosine of positions at `width // 2` wavelengths from 2 units to `longest` units: (..., width)."""
    exponents = torch.linspace(0, 1, width // 2, device=positions.device)
    wavelengths = 2 * (longest / 2) ** exponents
    angles = positions[..., None].float() * (2 * math.pi / wavelengths)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


class AnyEcgPreTrainedModel(PreTrainedModel):
    """Weight initialisation and names that all models of this file share."""

    config_class = AnyEcgConfig
    base_model_prefix = "model"
    input_modalities = ("text",)
    supports_gradient_checkpointing = True
    _no_split_modules = ["EncoderLayer"]  # noqa: RUF012
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_attention_backend = True

    def _init_weights(self, module: nn.Module) -> None:
        std = getattr(self.config, "initializer_range", 0.02)
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv1d):
            nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=std)
        elif isinstance(module, AnyEcgEncoder):
            if module.lead_mixing is not None:
                nn.init.normal_(module.lead_mixing.weight, std=module.config.stem_width**-0.5)
            nn.init.constant_(module.findings_head.bias, -3.0)
            nn.init.constant_(module.event_head.bias, -3.0)
        else:
            super()._init_weights(module)


class AnyEcgEncoder(AnyEcgPreTrainedModel):
    """Encoder of ECG excerpts of any leads and length.

    Early fusion: a convolutional stem per lead, a lead-named mixing into one stream at a quarter of the rate, residual
    convolutions, then a transformer over one token per time step and one per lead. Grid fusion: one token per lead and
    step, with attention factored along time and then across leads.
    """

    config_class = AnyEcgEncoderConfig
    base_model_prefix = "ecg_tower"
    main_input_name = "ecg_values"

    def __init__(self, config: AnyEcgEncoderConfig):
        super().__init__(config)
        width, early = config.hidden_size, config.fusion == "early"
        fused = config.trunk_width if early else config.stem_width
        self.stem = LeadStem(config)
        self.lead_mixing = nn.Embedding(config.num_lead_ids, config.stem_width * fused) if early else None
        self.trunk = nn.ModuleList(TrunkBlock(fused) for _ in range(config.num_trunk_blocks if early else 0))
        self.to_step = nn.Conv1d(fused, width, config.patch_samples // 4, stride=config.patch_samples // 4)
        self.to_lead = nn.Linear(2 * config.stem_width, width)
        self.lead_embedding = nn.Embedding(config.num_lead_ids, width)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_hidden_layers))
        self.final_norm = nn.LayerNorm(width)
        self.findings_head = nn.Linear(2 * width, config.num_findings)
        self.event_head = nn.Linear(width, config.num_event_kinds)
        self.post_init()

    def forward(
        self,
        ecg_values: torch.Tensor,
        ecg_mask: torch.Tensor,
        lead_ids: torch.Tensor,
        patch_times: torch.Tensor,
        **kwargs: Any,
    ) -> AnyEcgEncoderOutput:
        """See `AnyEcgFeatureExtractor.__call__` for the shapes; steps with a negative time are padding."""
        step_mask, lead_mask = patch_times >= 0, ecg_mask.any(dim=2)
        encode = self._encode_early if self.config.fusion == "early" else self._encode_grid
        time_states, lead_states = encode(ecg_values, ecg_mask, lead_ids, patch_times, step_mask, lead_mask)
        pooled = torch.cat([_masked_mean(time_states, step_mask), _masked_max(time_states, step_mask)], dim=-1)
        dropped = F.dropout(pooled, self.config.dropout, self.training)
        return AnyEcgEncoderOutput(
            time_states=time_states,
            lead_states=lead_states,
            summary_state=pooled,
            findings_logits=self.findings_head(dropped),
            event_logits=self.event_head(time_states),
        )

    def _stems(self, ecg_values, ecg_mask, lead_ids, lead_mask):
        """Run the stem on the leads that exist: (n, width, quarter_samples), present (n, quarter_samples)."""
        present = ecg_mask[lead_mask].to(ecg_values.dtype).repeat_interleave(self.config.patch_samples // 4, dim=1)
        signal = ecg_values[lead_mask].flatten(1)  # (n, samples)
        return self.stem(signal, lead_ids[lead_mask], present), present

    def _encode_early(self, ecg_values, ecg_mask, lead_ids, patch_times, step_mask, lead_mask):
        stems, present = self._stems(ecg_values, ecg_mask, lead_ids, lead_mask)
        dense = stems.new_zeros(*lead_mask.shape, *stems.shape[1:]) if not lead_mask.all() else None
        dense = (
            stems.view(*lead_mask.shape, *stems.shape[1:])
            if dense is None
            else dense.masked_scatter(lead_mask[..., None, None], stems)
        )
        mixing = self.lead_mixing(lead_ids).unflatten(2, (self.config.trunk_width, -1)).transpose(1, 2).flatten(2)
        fused = mixing @ dense.flatten(1, 2)  # (num_excerpts, trunk_width, quarter_samples)
        count = ecg_mask.sum(1).clamp(min=1).to(fused.dtype).repeat_interleave(self.config.patch_samples // 4, dim=1)
        fused = fused / count[:, None].sqrt()
        quarter_mask = step_mask.to(fused.dtype).repeat_interleave(self.config.patch_samples // 4, dim=1)[:, None]
        for block in self.trunk:
            fused = block(fused, quarter_mask)
        steps = self.to_step(fused).transpose(1, 2)  # (num_excerpts, max_steps, hidden)
        steps = steps + self._positions(steps)
        leads = steps.new_zeros(*lead_ids.shape, steps.shape[-1])
        leads[lead_mask] = self._lead_tokens(stems, present, lead_ids[lead_mask]).to(leads.dtype)
        hidden, mask = torch.cat([steps, leads], dim=1), torch.cat([step_mask, lead_mask], dim=1)
        for layer in self.layers:
            hidden = self._run(layer, hidden, mask)
        hidden = self.final_norm(hidden)
        return hidden.split([steps.shape[1], leads.shape[1]], dim=1)

    def _encode_grid(self, ecg_values, ecg_mask, lead_ids, patch_times, step_mask, lead_mask):
        stems, _ = self._stems(ecg_values, ecg_mask, lead_ids, lead_mask)
        patches = self.to_step(stems).transpose(1, 2)
        patches = patches + self._positions(patches) + self.lead_embedding(lead_ids[lead_mask])[:, None]
        grid_mask = lead_mask[..., None] & step_mask[:, None]
        hidden = patches.new_zeros(*grid_mask.shape, patches.shape[-1])  # (num_excerpts, leads, steps, hidden)
        hidden[lead_mask] = patches
        batch, n_leads, n_steps, width = hidden.shape
        for k, layer in enumerate(self.layers):
            # Every token may look at itself, so that padded rows stay finite; they are dropped afterwards.
            if k % 2 == 0:
                flat, mask = hidden.reshape(batch * n_leads, n_steps, width), grid_mask.reshape(-1, n_steps)
                hidden = self._run(layer, flat, mask | ~mask.any(1, keepdim=True)).view_as(hidden)
            else:
                flat = hidden.transpose(1, 2).reshape(batch * n_steps, n_leads, width)
                mask = grid_mask.transpose(1, 2).reshape(-1, n_leads)
                flat = self._run(layer, flat, mask | ~mask.any(1, keepdim=True))
                hidden = flat.view(batch, n_steps, n_leads, width).transpose(1, 2)
        hidden = self.final_norm(hidden)
        weight = grid_mask[..., None].to(hidden.dtype)
        time_states = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)
        lead_states = (hidden * weight).sum(2) / weight.sum(2).clamp(min=1)
        return time_states, lead_states

    def _positions(self, tokens: torch.Tensor) -> torch.Tensor:
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        return sinusoids(positions, tokens.shape[2], longest=200.0).to(tokens.dtype)

    def _lead_tokens(self, stems, present, lead_ids):
        mean = stems.sum(2) / present.sum(1, keepdim=True).clamp(min=1)
        return self.to_lead(torch.cat([mean, stems.amax(2)], dim=1)) + self.lead_embedding(lead_ids)

    def _run(self, layer, hidden, mask):
        if getattr(self, "gradient_checkpointing", False) and self.training:
            return torch.utils.checkpoint.checkpoint(layer, hidden, mask, use_reentrant=False)
        return layer(hidden, mask)


def _masked_mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weight = mask[..., None].to(states.dtype)
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1)


def _masked_max(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return states.masked_fill(~mask[..., None], -1e4).amax(1)


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
        self.ecg_projector = EcgProjector(config)
        self.language_model = AutoModel.from_config(config.text_config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.language_model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.language_model.set_input_embeddings(value)

    def encode(self, ecg_values, ecg_mask, lead_ids, patch_times, ecg_index=None, **kwargs) -> AnyEcgEncoderOutput:
        """Run the encoder alone: states, finding logits and event logits per excerpt."""
        values = ecg_values.to(self.ecg_tower.to_lead.weight.dtype)
        return self.ecg_tower(values, ecg_mask, lead_ids, patch_times)

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
            encoded = self.encode(ecg_values, ecg_mask, lead_ids, patch_times)
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
        outputs = AnyEcgModelOutput(findings_logits=encoded.findings_logits, event_logits=encoded.event_logits)
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
