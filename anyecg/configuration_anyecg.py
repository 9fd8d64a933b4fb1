"""Configuration of the ECG encoder and of the whole chat model."""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig, PretrainedConfig

from .findings import EVENT_KINDS, HEAD_LABELS
from .leads import KNOWN_LEADS


class AnyEcgEncoderConfig(PretrainedConfig):
    """Architecture of the variable-lead, variable-length ECG encoder.

    Args:
        sampling_rate: Hz at which the encoder reads; the feature extractor resamples to it.
        patch_s: length of a time step in seconds.
        max_excerpt_s: longest piece that is encoded at once; longer records become several excerpts.
        fusion: "early" fuses leads into one token per time step, "direct" does so in the first convolution (twice as
            fast), "grid" keeps leads × steps tokens.
        stem_width: channels of the convolutional stem that every lead passes through.
        trunk_width, num_trunk_blocks: residual convolutions on the fused leads at a quarter of the sampling rate
            (not for grid fusion).
        num_step_blocks: residual convolutions over the time steps (not for grid fusion).
        hidden_size, num_hidden_layers, num_attention_heads, intermediate_size: the transformer.
        steps_per_token: time steps that are merged into one token for the language model.
        dropout: in the transformer and before the finding head.
    """

    model_type = "anyecg_encoder"

    def __init__(
        self,
        sampling_rate: float = 100.0,
        patch_s: float = 0.2,
        max_excerpt_s: float = 10.0,
        fusion: str = "early",
        stem_width: int = 24,
        trunk_width: int = 64,
        num_trunk_blocks: int = 2,
        num_step_blocks: int = 0,
        hidden_size: int = 192,
        num_hidden_layers: int = 3,
        num_attention_heads: int = 6,
        intermediate_size: int = 576,
        steps_per_token: int = 2,
        dropout: float = 0.1,
        initializer_range: float = 0.02,
        num_lead_ids: int = len(KNOWN_LEADS) + 1,
        num_findings: int = len(HEAD_LABELS),
        num_event_kinds: int = len(EVENT_KINDS),
        **kwargs: Any,
    ):
        if fusion not in ("early", "direct", "grid"):
            raise ValueError(f"fusion is {fusion!r}; choose 'early', 'direct' or 'grid'.")
        if fusion == "direct" and num_trunk_blocks < 1:
            raise ValueError("direct fusion needs num_trunk_blocks of 1 or more; the first one halves the rate.")
        if round(sampling_rate * patch_s) % 4:
            raise ValueError(
                f"a patch of {patch_s:g} s at {sampling_rate:g} Hz has {sampling_rate * patch_s:g} samples; "
                "the stem halves twice, so choose a multiple of 4."
            )
        self.sampling_rate, self.patch_s, self.max_excerpt_s = sampling_rate, patch_s, max_excerpt_s
        self.fusion, self.stem_width = fusion, stem_width
        self.trunk_width, self.num_trunk_blocks = trunk_width, num_trunk_blocks
        self.num_step_blocks = num_step_blocks
        self.hidden_size, self.num_hidden_layers = hidden_size, num_hidden_layers
        self.num_attention_heads, self.intermediate_size = num_attention_heads, intermediate_size
        self.steps_per_token, self.dropout, self.initializer_range = (
            steps_per_token,
            dropout,
            initializer_range,
        )
        self.num_lead_ids, self.num_findings, self.num_event_kinds = (
            num_lead_ids,
            num_findings,
            num_event_kinds,
        )
        super().__init__(**kwargs)

    @property
    def patch_samples(self) -> int:
        """Samples in one time step of one lead."""
        return round(self.sampling_rate * self.patch_s)


class AnyEcgConfig(PretrainedConfig):
    """An ECG encoder, a projector and any causal language model.

    Args:
        ecg_config: an `AnyEcgEncoderConfig` or its dict.
        evidence_config: an `AnyEcgEncoderConfig` or its dict for a second encoder, whose heads then speak instead of
            the first one's; it reads the same input, and the language model does not see its states. None: one encoder.
        measured_width: hidden width of the head that reads the measurements (`measured_head`); 0: there is none.
        text_config: configuration of the language model (any that `AutoModelForCausalLM` knows) or its dict.
        ecg_token_id: id of the placeholder token that ECG features replace.
        auxiliary_loss_weight: how much the finding and event losses count beside the language loss in training.
        evidence_in_prompt: whether the line that introduces an ECG tells the language model what the heads say of it.
        calibration: what turns head logits into probabilities and decisions, fitted on validation records:
            {"findings": {label: {"scale", "shift", "threshold"}}, "joined": {label: {"scale", "measured", "shift"}},
            "events": {kind: {…}}}; "joined" is for records that the measured head judges, too.
    """

    model_type = "anyecg"
    sub_configs = {"ecg_config": AnyEcgEncoderConfig, "text_config": AutoConfig}  # noqa: RUF012

    def __init__(
        self,
        ecg_config: AnyEcgEncoderConfig | dict[str, Any] | None = None,
        text_config: PretrainedConfig | dict[str, Any] | None = None,
        evidence_config: AnyEcgEncoderConfig | dict[str, Any] | None = None,
        measured_width: int = 0,
        ecg_token_id: int = 3,
        auxiliary_loss_weight: float = 1.0,
        evidence_in_prompt: bool = False,
        calibration: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        if isinstance(ecg_config, dict):
            ecg_config = AnyEcgEncoderConfig(**ecg_config)
        if isinstance(text_config, dict):
            text_config = AutoConfig.for_model(**text_config)
        self.ecg_config = ecg_config or AnyEcgEncoderConfig()
        self.text_config = text_config or AutoConfig.for_model("qwen3")
        if isinstance(evidence_config, dict):
            evidence_config = AnyEcgEncoderConfig(**evidence_config)
        self.evidence_config = evidence_config
        self.measured_width = measured_width
        self.ecg_token_id = ecg_token_id
        self.auxiliary_loss_weight = auxiliary_loss_weight
        self.evidence_in_prompt = evidence_in_prompt
        self.calibration = calibration or {}
        kwargs.setdefault("tie_word_embeddings", getattr(self.text_config, "tie_word_embeddings", False))
        super().__init__(**kwargs)

    @property
    def initializer_range(self) -> float:
        return getattr(self.text_config, "initializer_range", 0.02)
