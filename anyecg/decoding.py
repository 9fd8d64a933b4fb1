"""From messages to model inputs, and greedy decoding token by token, so that an answer can be streamed and stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from transformers import LogitsProcessor

from .shown import Shown


def inputs_of(
    processor: Any, messages: Sequence[Any], shown: Sequence[Sequence[Shown]], tokenizing: threading.Lock
) -> Any:
    """Model inputs of a batch of conversations; excerpts of long records get their own place in time.

    Args:
        processor: of the model.
        messages: per conversation, `conversation.to_messages`.
        shown: per conversation, its ECGs in the order of the messages.
        tokenizing: held while the tokenizer pads.
    """
    processor.tokenizer.padding_side = "left"
    with tokenizing:
        inputs = processor.apply_chat_template(
            list(messages),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"ecgs": [[s.record for s in group] for group in shown], "padding": True},
        )
    times = inputs["patch_times"]
    starts = torch.tensor([start for group in shown for s in group for start in s.starts_s], dtype=times.dtype)
    moved = times - times[:, :1] + starts[:, None]
    inputs["patch_times"] = torch.where(times >= 0, moved, times)
    return inputs


def greedy(
    model: Any,
    tokenizer: Any,
    inputs: Mapping[str, Any],
    numbers: LogitsProcessor,
    max_new_tokens: int,
    stop: threading.Event | None,
    tokenizing: threading.Lock,
) -> Iterator[tuple[str, int]]:
    """Decode greedily: the text so far and its number of tokens, after every token that adds text.

    Args:
        inputs: of one conversation, see `inputs_of`.
        numbers: changes the scores of the next token; see `measured_numbers`.
        stop: ends the text when set.
    """
    ends = _end_tokens(model)
    step, mask, cache, tokens, shown = dict(inputs), inputs["attention_mask"], None, list[int](), ""
    while len(tokens) < max_new_tokens and not (stop and stop.is_set()):
        with torch.inference_mode():
            out = model(**step, past_key_values=cache, use_cache=True, logits_to_keep=1)
        written = torch.tensor([tokens], dtype=torch.long, device=mask.device)
        token = int(numbers(written, out.logits[:, -1].float())[0].argmax())
        if token in ends:
            break
        tokens.append(token)
        with tokenizing:
            text = tokenizer.decode(tokens, skip_special_tokens=True)
        if text != shown and not text.endswith("\ufffd"):  # a character may need several tokens
            shown = text
            yield text.strip(), len(tokens)
        cache, mask = out.past_key_values, torch.cat([mask, mask.new_ones(1, 1)], dim=1)
        step = {"input_ids": torch.tensor([[token]], device=mask.device), "attention_mask": mask}


def batched(
    model: Any, processor: Any, inputs: Mapping[str, Any], numbers: LogitsProcessor, max_new_tokens: int
) -> list[str]:
    """The texts of many conversations, decoded greedily together; arguments as of `greedy`."""
    with torch.inference_mode():
        out = model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False, logits_processor=[numbers])
    fresh = out[:, inputs["input_ids"].shape[1] :]
    return [text.strip() for text in processor.batch_decode(fresh, skip_special_tokens=True)]


def _end_tokens(model: Any) -> set[int]:
    ends = model.generation_config.eos_token_id
    return set(ends) if isinstance(ends, list) else {ends}
