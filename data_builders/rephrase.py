"""Optional: a language model says answers in other words; what changes a fact is thrown away.

    python -m data_builders rephrase OUT --model DIR_OR_HUB_NAME --share 0.2
    python -m data_builders rephrase OUT --endpoint http://localhost:8000/v1 --model NAME

The endpoint is any that speaks the OpenAI chat protocol; its key is read from OPENAI_API_KEY. The model sees question
and answer only, never a signal or a patient. What is accepted is written beside the others with its provenance.
"""

from __future__ import annotations

import json
import os
import random
import re
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyecg.conversation import conversation_schema
from anyecg.findings import findings_in_text

from .shards import write_table

Writer = Callable[[str], str]
"""Prompt in, the model's words out."""
TASKS = ("report", "question", "comparison", "measurement")
PROMPT = (
    "Say the answer in other words, as a careful cardiologist would write to a colleague. Keep every finding, every "
    "number with its unit, every lead, every ECG number and every yes or no. Add nothing. Give the new answer only.\n\n"
    "Question: {question}\nAnswer: {answer}\nNew answer:"
)
_TIMEOUT_S = 120
_LONGEST = 2.5  # times the length of the answer
_CERTAINTY = re.compile(r"\b(?:certainly|definitely|undoubtedly|surely|always|never)\b", re.IGNORECASE)


class RephraseError(ValueError):
    """A model that cannot be asked; the message says why."""


@dataclass
class Rephrased:
    """What came of it."""

    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Reason → how often."""


def rephrase(
    out: Path, write: Writer, *, name: str, share: float = 0.1, seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Rephrased:  # fmt: skip
    """Rephrase the last answer of some conversations of a dataset; shards that have been rephrased are left alone.

    Args:
        out: a dataset.
        write: the model.
        name: of the model, for the provenance.
        share: of the conversations of `TASKS` that are tried.
        on_progress: called with (shards done, shards in all).

    Raises:
        RephraseError: if there are no conversations, or the model cannot be asked.
    """
    import pyarrow.parquet as pq

    shards = [path for path in sorted((out / "conversations").glob("*.parquet")) if "-rephrased" not in path.name]
    if not shards:
        raise RephraseError(f"{out} holds no conversations; build a dataset with tasks first.")
    result = Rephrased()
    for count, path in enumerate(shards, start=1):
        target = path.with_name(f"{path.stem}-rephrased.parquet")
        if not target.exists():
            rng = random.Random(f"rephrase:{seed}:{path.stem}")
            rows = [row for row in pq.read_table(path).to_pylist() if row["task"] in TASKS and rng.random() < share]
            new = [row for row in (_again(row, write, name, result) for row in rows) if row]
            result.accepted += len(new)
            write_table(target, new, conversation_schema())
        on_progress(count, len(shards))
    return result


def _again(row: dict[str, Any], write: Writer, name: str, result: Rephrased) -> dict[str, Any] | None:
    question, answer = row["turns"][-2]["text"], row["turns"][-1]["text"]
    said = write(PROMPT.format(question=question, answer=answer)).strip().strip('"').strip()
    reason = why_not_the_same(answer, said)
    if reason:
        result.refused[reason] += 1
        return None
    turns = [*row["turns"][:-1], row["turns"][-1] | {"text": said}]
    provenance = [*row["provenance"][:-1], f"{row['provenance'][-1]}; rephrased by {name}"]
    new_id = f"{row['conversation_id']}-r"
    return row | {"conversation_id": new_id, "turns": turns, "provenance": provenance}


def why_not_the_same(answer: str, said: str) -> str | None:
    """Why a rephrased answer does not say the same as the answer, or None."""
    if not said or said == answer:
        return "nothing new was said"
    if len(said) > _LONGEST * len(answer) + 40:
        return "it is too long"
    checks: dict[str, Callable[[str], Any]] = {
        "the findings differ": findings_in_text, "the numbers differ": _numbers, "the ECGs differ": _ecgs,
        "the leads differ": _leads, "yes and no differ": _yes_no, "what cannot be told differs": _cannot,
        "the judgement differs": _judgement,
    }  # fmt: skip
    for reason, read in checks.items():
        if read(answer) != read(said):
            return reason
    return "it claims certainty" if _CERTAINTY.search(said) and not _CERTAINTY.search(answer) else None


def _numbers(text: str) -> Counter[str]:
    return Counter(re.findall(r"-?\d+(?:\.\d+)?", re.sub(r"\b(?:[Ee][Cc][Gg]|V)\s?\d+", " ", text)))


def _ecgs(text: str) -> set[str]:
    return set(re.findall(r"\becg\s?(\d+)", text.lower()))


def _leads(text: str) -> set[str]:
    return set(re.findall(r"\b(?:V[1-9]R?|aV[RLF]|III|II|I(?=[,. ]|$))\b", text))


def _yes_no(text: str) -> str:
    match = re.match(r"\W*(yes|no)\b", text.lower())
    return match.group(1) if match else ""


def _judgement(text: str) -> set[str]:
    said = set(re.findall(r"\b(none|neither|nothing|abnormal|normal|noise|sure)\b", text.lower()))
    return {"none" if word in ("neither", "nothing") else word for word in said}


def _cannot(text: str) -> bool:
    return bool(re.search(r"cannot|can't|not possible|unable", text.lower()))


def endpoint_writer(endpoint: str, model: str, key: str | None = None) -> Writer:
    """A model behind an OpenAI-compatible address, asked for its likeliest words.

    Args:
        endpoint: up to and including "/v1".
        key: sent as bearer token; OPENAI_API_KEY unless given.
    """
    key = key if key is not None else os.environ.get("OPENAI_API_KEY", "")
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})

    def write(prompt: str) -> str:
        body = {"model": model, "messages": [{"role": "user", "content": prompt}], "temperature": 0}
        request = urllib.request.Request(
            f"{endpoint.rstrip('/')}/chat/completions", json.dumps(body).encode(), headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
                content = json.load(answer)
            return str(content["choices"][0]["message"]["content"])
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            raise RephraseError(f"{endpoint} does not answer: {getattr(error, 'reason', error)}.") from None
        except (KeyError, IndexError, TypeError, json.JSONDecodeError):
            raise RephraseError(f"{endpoint} does not answer in the OpenAI chat protocol.") from None

    return write


def local_writer(model: str, max_new_tokens: int = 200) -> Writer:
    """A transformers model on this machine, decoded greedily; safetensors only, no code of the model is run."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForCausalLM.from_pretrained(model, use_safetensors=True, dtype="auto").eval()

    def write(prompt: str) -> str:
        text = prompt
        if tokenizer.chat_template:
            messages = [{"role": "user", "content": prompt}]
            text = str(tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))
        inputs: Any = tokenizer(text, return_tensors="pt", add_special_tokens=not tokenizer.chat_template)
        with torch.inference_mode():
            out = network.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
        return str(tokenizer.decode(out[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))

    return write
