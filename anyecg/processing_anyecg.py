"""Processor: conversations and records in, model inputs out; every `<|ecg|>` grows to its number of tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import BatchFeature, ProcessorMixin

from . import register
from .record import EcgRecord

ECG_TOKEN = "<|ecg|>"
SPECIAL_TOKENS = ("<|im_start|>", "<|im_end|>", ECG_TOKEN)


def default_chat_template() -> str:
    """The chat template that ships with anyecg: turns between <|im_start|> and <|im_end|>, <|ecg|> for an ECG."""
    return (Path(__file__).parent / "chat_template.jinja").read_text(encoding="utf-8")


class AnyEcgProcessor(ProcessorMixin):
    """Joins the feature extractor and a tokenizer.

    Args:
        feature_extractor: an `AnyEcgFeatureExtractor`.
        tokenizer: any fast tokenizer that has the token `<|ecg|>`; `prepare_tokenizer` adds it.
        chat_template: Jinja text; the one of this package by default.
    """

    def __init__(self, feature_extractor=None, tokenizer=None, chat_template: str | None = None, **kwargs: Any):
        super().__init__(feature_extractor, tokenizer, chat_template=chat_template or default_chat_template(), **kwargs)

    @classmethod
    def from_pretrained(cls, *args: Any, **kwargs: Any):
        """As every processor; its parts are found through the Auto classes, so these are told of anyecg first."""
        register()
        return super().from_pretrained(*args, **kwargs)

    @property
    def ecg_token_id(self) -> int:
        return self.tokenizer.convert_tokens_to_ids(ECG_TOKEN)

    def __call__(
        self,
        text: str | Sequence[str] | None = None,
        ecgs: Sequence[EcgRecord] | Sequence[Sequence[EcgRecord]] | None = None,
        return_tensors: str | None = "pt",
        return_text_replacement_offsets: bool = False,
        **kwargs: Any,
    ) -> BatchFeature:
        """Tokenise and extract features.

        Args:
            text: one prompt or several, with `<|ecg|>` where an ECG stands.
            ecgs: the records of one prompt, or one list of records per prompt.
            return_text_replacement_offsets: tell where placeholders grew, which answer masks depend on.
            kwargs: for the tokenizer.

        Raises:
            ValueError: when the placeholders and the ECGs of a prompt do not match; the sentence says both numbers.
        """
        texts = [text] if isinstance(text, str) else list(text or [])
        per_text = _nested(ecgs, len(texts))
        expanded, offsets = [], []
        for prompt, records in zip(texts, per_text, strict=True):
            grown, spans = self._grow(prompt, records)
            expanded.append(grown)
            offsets.append(spans)
        kwargs = {k: v for k, v in kwargs.items() if k != "sanitize_control_tokens"}
        tensors = None if kwargs.get("return_offsets_mapping") else return_tensors
        if len(expanded) > 1:
            kwargs.setdefault("padding", True)
        data = dict(self.tokenizer(expanded, return_tensors=tensors, **kwargs))
        data.pop("token_type_ids", None)
        if return_text_replacement_offsets:
            data["text_replacement_offsets"] = offsets
        records = [record for group in per_text for record in group]
        if records:
            data |= self.feature_extractor(records, return_tensors=return_tensors)
        return BatchFeature(data)

    def _grow(self, prompt: str, records: Sequence[EcgRecord]) -> tuple[str, list[dict[str, Any]]]:
        """Repeat each placeholder as often as its ECG has tokens, and say where."""
        places = list(re.finditer(re.escape(ECG_TOKEN), prompt))
        if len(places) != len(records):
            raise ValueError(
                f"the prompt has {len(places)} {ECG_TOKEN} placeholders but {len(records)} ECGs were given; "
                "give one ECG per placeholder, in order."
            )
        pieces, spans, last, gained = [], [], 0, 0
        for place, record in zip(places, records, strict=True):
            replacement = ECG_TOKEN * self.feature_extractor.num_tokens(record)
            start, end = place.span()
            pieces += [prompt[last:start], replacement]
            new_span = (start + gained, start + gained + len(replacement))
            spans.append(
                {
                    "type": "ecg",
                    "span": (start, end),
                    "new_span": new_span,
                    "text": ECG_TOKEN,
                    "replacement": replacement,
                }
            )
            gained += len(replacement) - (end - start)
            last = end
        return "".join([*pieces, prompt[last:]]), spans

    def batch_decode(self, *args: Any, **kwargs: Any) -> list[str]:
        return self.tokenizer.batch_decode(*args, **kwargs)

    def decode(self, *args: Any, **kwargs: Any) -> str:
        return self.tokenizer.decode(*args, **kwargs)

    @property
    def model_input_names(self) -> list[str]:
        return [*self.tokenizer.model_input_names, *self.feature_extractor.model_input_names]


def prepare_tokenizer(tokenizer: Any) -> int:
    """Add the special tokens that a tokenizer lacks; returns how many were added (embeddings must grow by as many)."""
    missing = [token for token in SPECIAL_TOKENS if token not in tokenizer.get_vocab()]
    added = tokenizer.add_special_tokens({"additional_special_tokens": missing}) if missing else 0
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or "<|im_end|>"
    return added


def _nested(ecgs: Any, count: int) -> list[list[EcgRecord]]:
    if not ecgs:
        return [[] for _ in range(count)]
    if isinstance(ecgs[0], EcgRecord):
        if count != 1:
            raise ValueError(f"{count} prompts came with one flat list of ECGs; give one list of ECGs per prompt.")
        return [list(ecgs)]
    if len(ecgs) != count:
        raise ValueError(f"{count} prompts came with {len(ecgs)} lists of ECGs; give one list per prompt.")
    return [list(group) for group in ecgs]
