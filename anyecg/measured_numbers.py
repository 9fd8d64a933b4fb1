"""Numbers in an answer about one ECG come from its measurements, not from the language model.

Where the text stands right before a rate, an interval or the axis ("PR interval is …") and the model is about to write
a number, the measured one is written in its place; the words after it are the model's again, with the right number
before its eyes. Without a measured value, or with several ECGs, nothing is changed: check.py shows what disagrees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import LogitsProcessor

_SLOTS = {
    "heart_rate_bpm": r"rate(?: is| of)?",
    "pr_ms": r"PR(?: interval| time)?(?: is| of)?",
    "qrs_ms": r"QRS(?: duration| width)?(?: is| of)?",
    "qt_ms": r"QT(?: interval| time)?(?: is| of)?",
    "qtc_bazett_ms": r"QTc(?: by Bazett| \(Bazett\))?(?: is| of)?",
    "axis_deg": r"axis(?: is| of)?",
}
_ENDS = {key: re.compile(rf"(?<![\w-])(?i:{words}) (-?\d*)$") for key, words in _SLOTS.items()}
_TAIL_TOKENS = 16


class MeasuredNumbers(LogitsProcessor):
    """Writes measured numbers where a text is about to give one.

    Args:
        tokenizer: of the language model.
        measurements: `Measurements.to_dict()` per sequence of the batch; None leaves that sequence alone.
        prompt_tokens: length of the prompt; only what follows it is looked at.
    """

    def __init__(self, tokenizer: Any, measurements: Sequence[Mapping[str, Any] | None], prompt_tokens: int):
        self.tokenizer, self.prompt_tokens = tokenizer, prompt_tokens
        self.values = [_as_text(values) if values else {} for values in measurements]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """input_ids (batch, tokens), scores (batch, vocabulary); returns scores, changed where a number is due."""
        scores = scores.clone()  # the model's own may be read-only
        for row, values in enumerate(self.values):
            if values:
                tail = input_ids[row, max(self.prompt_tokens, input_ids.shape[1] - _TAIL_TOKENS) :]
                token = self.next_token(tail.tolist(), int(scores[row].argmax()), values)
                if token is not None:
                    scores[row] = float("-inf")
                    scores[row, token] = 0.0
        return scores

    def next_token(self, tail: list[int], chosen: int, values: Mapping[str, str]) -> int | None:
        """The token that must come next, or None where the model is free."""
        if not tail or not re.fullmatch(r"-?\d*", piece := self.tokenizer.decode([chosen])) or not piece:
            return self._unit(tail, values) if tail else None
        text = self.tokenizer.decode(tail)
        for key, value in values.items():
            written = _ENDS[key].search(text)
            if written and value != written.group(1) and value.startswith(written.group(1)):
                return self._first_token(value[len(written.group(1)) :])
            if written and value == written.group(1):
                return self._first_token(_UNITS[key])
        return None

    def _unit(self, tail: list[int], values: Mapping[str, str]) -> int | None:
        """A number that the model would end too early goes on."""
        text = self.tokenizer.decode(tail)
        for key, value in values.items():
            written = _ENDS[key].search(text)
            if (
                written
                and written.group(1).strip("-")
                and value != written.group(1)
                and value.startswith(written.group(1))
            ):
                return self._first_token(value[len(written.group(1)) :])
        return None

    def _first_token(self, text: str) -> int:
        return self.tokenizer.encode(text, add_special_tokens=False)[0]


_UNITS = {"heart_rate_bpm": "/min", "axis_deg": "°"} | {key: " ms" for key in _SLOTS if key.endswith("_ms")}


def _as_text(measurements: Mapping[str, Any]) -> dict[str, str]:
    """The measured values as the prompt prints them."""
    return {key: f"{measurements[key]:.0f}" for key in _SLOTS if measurements.get(key) is not None}
