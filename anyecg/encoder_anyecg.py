"""ECG encoder: samples of any leads in, states of steps and leads, finding and event scores out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from transformers import PreTrainedModel
from transformers.utils import ModelOutput

from .configuration_anyecg import AnyEcgConfig, AnyEcgEncoderConfig


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


KERNEL_SAMPLES = 15


def bent(signal: torch.Tensor) -> torch.Tensor:
    """Artefacts of tens of mV are bent, voltages of an ECG hardly."""
    return 5 * torch.tanh(signal / 5)


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
        hidden = F.gelu(self.first_norm(self.first(bent(signal)[:, None])))
        hidden = hidden * present.repeat_interleave(2, dim=1)[:, None]
        hidden = self.second_norm(self.second(hidden))
        scale, shift = self.lead_scale_shift(lead_ids)[..., None].chunk(2, dim=1)
        return F.gelu(hidden * (1 + scale) + shift) * present[:, None]


class LeadKernels(nn.Module):
    """The first convolution with kernels of each lead's own, summed over the leads: a plain network for any leads."""

    def __init__(self, config: AnyEcgEncoderConfig):
        super().__init__()
        self.kernels = nn.Embedding(config.num_lead_ids, KERNEL_SAMPLES * config.trunk_width)
        self.norm = nn.BatchNorm1d(config.trunk_width)
        self.single = nn.Conv1d(1, config.stem_width, 9, stride=4, padding=4)

    def forward(self, signal: torch.Tensor, lead_ids: torch.Tensor, recorded: torch.Tensor) -> torch.Tensor:
        """signal (n, leads, samples) bent mV, recorded (n, samples // 2) leads → (n, trunk_width, samples // 2)."""
        half = KERNEL_SAMPLES // 2
        windows = F.pad(signal, (half, half)).unfold(2, KERNEL_SAMPLES, 2).transpose(1, 2).flatten(2)
        kernels = self.kernels(lead_ids).unflatten(2, (KERNEL_SAMPLES, -1)).flatten(1, 2)
        fused = (windows @ kernels).transpose(1, 2)
        return F.gelu(self.norm(fused / recorded[:, None].clamp(min=1).sqrt()))


class TrunkBlock(nn.Module):
    """Residual pair of convolutions over time on the fused leads; a stride thins the samples."""

    def __init__(self, width: int, stride: int = 1, kernel: int = 7):
        super().__init__()
        self.stride = stride
        self.first = nn.Conv1d(width, width, kernel, stride=stride, padding=kernel // 2, bias=False)
        self.first_norm = nn.BatchNorm1d(width)
        self.second = nn.Conv1d(width, width, kernel, padding=kernel // 2, bias=False)
        self.second_norm = nn.BatchNorm1d(width)

    def forward(self, hidden: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """hidden (n, width, samples), present (n, 1, samples // stride) → (n, width, samples // stride)."""
        inner = F.gelu(self.first_norm(self.first(hidden))) * present
        if self.stride > 1:
            hidden = F.avg_pool1d(hidden, self.stride)
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
            if module.lead_kernels is not None:
                nn.init.normal_(module.lead_kernels.kernels.weight, std=KERNEL_SAMPLES**-0.5)
            nn.init.constant_(module.findings_head.bias, -3.0)
            nn.init.constant_(module.event_head.bias, -3.0)
        else:
            super()._init_weights(module)


class AnyEcgEncoder(AnyEcgPreTrainedModel):
    """Encoder of ECG excerpts of any leads and length.

    Early fusion: a convolutional stem per lead, a lead-named mixing into one stream at a quarter of the rate, residual
    convolutions, then a transformer over one token per time step and one per lead. Direct fusion: the same, but leads
    meet in the first convolution, at half the rate. Grid fusion: one token per lead and step, with attention factored
    along time and then across leads.
    """

    config_class = AnyEcgEncoderConfig
    base_model_prefix = "ecg_tower"
    main_input_name = "ecg_values"

    def __init__(self, config: AnyEcgEncoderConfig):
        super().__init__(config)
        width, early, direct = config.hidden_size, config.fusion == "early", config.fusion == "direct"
        fused = config.stem_width if config.fusion == "grid" else config.trunk_width
        self.stem: Any = None if direct else LeadStem(config)
        self.lead_kernels: Any = LeadKernels(config) if direct else None
        self.lead_mixing: Any = nn.Embedding(config.num_lead_ids, config.stem_width * fused) if early else None
        strides = [2 if direct and k == 0 else 1 for k in range(config.num_trunk_blocks)]
        self.trunk = nn.ModuleList(TrunkBlock(fused, stride) for stride in strides if config.fusion != "grid")
        self.to_step = nn.Conv1d(fused, width, config.patch_samples // 4, stride=config.patch_samples // 4)
        self.step_blocks = nn.ModuleList(TrunkBlock(width, kernel=5) for _ in range(config.num_step_blocks))
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
        encode = self._encode_grid if self.config.fusion == "grid" else self._encode_fused
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

    def _encode_fused(self, ecg_values, ecg_mask, lead_ids, patch_times, step_mask, lead_mask):
        per_step, dtype = self.config.patch_samples // 4, ecg_values.dtype
        recorded = ecg_mask.sum(1).to(dtype)  # leads per step
        fuse = self._fuse_by_kernels if self.config.fusion == "direct" else self._fuse_by_mixing
        fused, stems, present = fuse(ecg_values, ecg_mask, lead_ids, lead_mask, recorded)
        quarter_mask = step_mask.to(dtype).repeat_interleave(per_step, dim=1)[:, None]
        for block in self.trunk:
            fused = block(fused, quarter_mask)
        steps = self.to_step(fused)
        for block in self.step_blocks:
            steps = block(steps, step_mask[:, None].to(dtype))
        steps = steps.transpose(1, 2)  # (num_excerpts, max_steps, hidden)
        steps = steps + self._positions(steps)
        leads = steps.new_zeros(*lead_ids.shape, steps.shape[-1])
        leads[lead_mask] = self._lead_tokens(stems, present, lead_ids[lead_mask]).to(leads.dtype)
        hidden, mask = torch.cat([steps, leads], dim=1), torch.cat([step_mask, lead_mask], dim=1)
        for layer in self.layers:
            hidden = self._run(layer, hidden, mask)
        hidden = self.final_norm(hidden)
        return hidden.split([steps.shape[1], leads.shape[1]], dim=1)

    def _fuse_by_mixing(self, ecg_values, ecg_mask, lead_ids, lead_mask, recorded):
        """Fused leads (num_excerpts, trunk_width, quarter_samples), the stems of single leads, and where these are."""
        stems, present = self._stems(ecg_values, ecg_mask, lead_ids, lead_mask)
        dense = stems.new_zeros(*lead_mask.shape, *stems.shape[1:]) if not lead_mask.all() else None
        dense = (
            stems.view(*lead_mask.shape, *stems.shape[1:])
            if dense is None
            else dense.masked_scatter(lead_mask[..., None, None], stems)
        )
        mixing = self.lead_mixing(lead_ids).unflatten(2, (self.config.trunk_width, -1)).transpose(1, 2).flatten(2)
        fused = mixing @ dense.flatten(1, 2)
        count = recorded.clamp(min=1).to(fused.dtype).repeat_interleave(self.config.patch_samples // 4, dim=1)
        return fused / count[:, None].sqrt(), stems, present

    def _fuse_by_kernels(self, ecg_values, ecg_mask, lead_ids, lead_mask, recorded):
        """The same from kernels of each lead's own; (num_excerpts, trunk_width, half_samples)."""
        per_step = self.config.patch_samples // 4
        signal = bent(ecg_values.flatten(2))
        count = recorded.repeat_interleave(2 * per_step, dim=1)
        fused = self.lead_kernels(signal, lead_ids, count) * (count > 0).to(signal.dtype)[:, None]
        present = ecg_mask[lead_mask].to(signal.dtype).repeat_interleave(per_step, dim=1)
        single = F.gelu(self.lead_kernels.single(signal[lead_mask][:, None])) * present[:, None]
        return fused, single, present

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
