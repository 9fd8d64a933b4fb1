"""What a row must satisfy before it is written; what fails is listed with the reason in OUT/rejected."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from anyecg.check import contradictions
from anyecg.measure.pacing import MIN_RATE_HZ
from anyecg.record import EcgRecord

from .shards import Shard

SHORTEST_S = 1.0
QUIETEST_MV, LOUDEST_MV = 0.005, 20.0
"""Between these lies the spread (5th to 95th percentile) of the liveliest lead of an ECG in millivolts; microvolts or
volts taken for millivolts do not."""
PLACEHOLDER = re.compile(r"[<>{}|]|(?<=.)\bNone\b(?! of)|^None\b(?! of|\.$)|\bnan\b")  # "None." is an answer


def why_not_a_record(record: EcgRecord) -> str | None:
    """Why a record must not be used, or None."""
    if record.duration_s < SHORTEST_S:
        return f"it lasts {record.duration_s:.2f} s; {SHORTEST_S:g} s are needed"
    parts = record.signal[:, :: max(record.signal.shape[1] // 20_000, 1)]
    alive = [row[np.isfinite(row)] for row in parts]
    if not any(len(row) for row in alive):
        return "it holds no finite sample"
    spread = max(float(np.subtract(*np.percentile(row, (95, 5)))) for row in alive if len(row))
    if not QUIETEST_MV <= spread <= LOUDEST_MV:
        return f"its liveliest lead spreads over {spread:.3g} mV, which is no ECG in millivolts"
    return None


def why_not_a_conversation(row: Mapping[str, Any], measured: Mapping[str, str]) -> str | None:
    """Why a conversation must not be used, or None: an answer that is empty, broken or against the measured numbers.

    Args:
        row: of the conversations table.
        measured: record id → JSON of its measurements, "" where there are none.
    """
    answers = [turn["text"] for turn in row["turns"] if turn["role"] == "assistant"]
    if not answers or not all(text.strip() for text in answers):
        return "an answer is empty"
    broken = next((text for turn in row["turns"] if PLACEHOLDER.search(text := turn["text"])), None)
    if broken is not None:
        return f"it holds a placeholder: {broken[:80]!r}"
    gold = json.loads(row["gold"])
    values = _measurements_of(row, gold, measured)
    if all(value is None for value in values):
        return None
    if gold.get("type") in ("knowledge", "out of scope"):
        answers.pop()  # it speaks of no ECG
    asked = [turn["text"] for turn in row["turns"] if turn["role"] == "user"]
    for question, text in zip(asked, answers, strict=False):
        said = contradictions(text, values, None, question=question)
        if said:
            return f"an answer contradicts the measurements: {said[0]}"
    return None


def _measurements_of(
    row: Mapping[str, Any], gold: Mapping[str, Any], measured: Mapping[str, str]
) -> list[dict[str, Any] | None]:
    """Per record what was measured on the part that is shown; None where only the whole was measured."""
    if "measurements" in gold:
        return [_seen(gold["measurements"])]
    values = [_seen(json.loads(measured[name])) if measured.get(name) else None for name in row["record_ids"]]
    whole = [
        value is not None and not leads and excerpt["start_s"] <= 0 and excerpt["end_s"] >= value["duration_s"] - 0.05
        for value, leads, excerpt in zip(values, row["leads"], row["excerpts"], strict=True)
    ]
    return values if all(whole) else [None] * len(values)


def _seen(values: dict[str, Any]) -> dict[str, Any]:
    """Without the pacing of a rate that shows no spikes: none found says nothing there."""
    return {k: v for k, v in values.items() if k != "paced" or values.get("sampling_rate_hz", 0.0) >= MIN_RATE_HZ}


def write_rejected(out: Path, shard: Shard, rejected: Mapping[str, str]) -> None:
    """Store what was rejected of a shard; the file is there only if there is something in it."""
    path = out / "rejected" / f"{shard.name}.jsonl"
    if not rejected:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text("".join(json.dumps({"row": k, "reason": v}) + "\n" for k, v in rejected.items()))
    os.replace(temporary, path)


def read_rejected(out: Path, source: str) -> dict[str, str]:
    """Record or conversation → reason, of all shards of a source."""
    lines = [
        json.loads(line)
        for path in sorted((out / "rejected").glob(f"{source}-*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    return {line["row"]: line["reason"] for line in lines}
