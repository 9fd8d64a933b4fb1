"""Texts of the model and of its text baselines for a seeded draw of conversations, kept on disk as they come."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .journal import Journal, Progress, fingerprint


def predict(chat: Any, args: argparse.Namespace) -> list[dict[str, Any]]:
    """The predictions for the drawn conversations; those that an earlier, killed run made are not asked again."""
    from .baselines import constant_answers
    from .data import ConversationDataset

    dataset = ConversationDataset(args.data, args.split, args.tasks or None, targets=False)
    chosen = draw(dataset.rows, args.limit, args.seed)
    journal = Journal(args.out, _about(args))
    open_ones = [k for k in chosen if dataset.rows[k]["conversation_id"] not in journal.done]
    patients = _patients(args)
    constants = {
        source: constant_answers(args.data, source) if "constant" in args.baselines else {}
        for source in {dataset.rows[k]["source"] for k in open_ones}
    }
    progress = Progress("conversations", len(open_ones))
    for first in range(0, len(open_ones), args.batch_size):
        items = [dataset[k] for k in open_ones[first : first + args.batch_size]]
        journal.add(_batch(chat, items, args.baselines, patients, constants))
        progress.add(len(items))
    return [journal.done[dataset.rows[k]["conversation_id"]] for k in chosen]


def _about(args: argparse.Namespace) -> dict[str, Any]:
    tables = sorted(file for folder in args.data for file in (Path(folder) / "conversations").glob("*.parquet"))
    return {
        "model": fingerprint(args.model), "split": args.split, "baselines": sorted(args.baselines),
        "data": {str(file.resolve()): file.stat().st_size for file in tables if f"-{args.split}-" in file.name},
    }  # fmt: skip


def _batch(
    chat: Any,
    items: Sequence[Mapping[str, Any]],
    baselines: Sequence[str],
    patients: Mapping[str, str],
    constants: Mapping[str, Mapping[str, str]],
) -> list[dict[str, Any]]:
    from .baselines import question_kind, withheld_ecgs

    conversations = [(item["ecgs"], item["row"]["turns"][:-1]) for item in items]
    texts = chat.texts(conversations)
    unseen = [""] * len(items)
    if "text-only" in baselines:
        with withheld_ecgs(chat.model):
            unseen = chat.texts(conversations, with_measurements=False)
    predictions = []
    for item, text, blind in zip(items, texts, unseen, strict=True):
        row, gold = item["row"], json.loads(item["row"]["gold"])
        prediction = _prediction(row, gold, text, patients)
        if "text-only" in baselines:
            prediction["text-only"] = blind
        if "constant" in baselines:
            prediction["constant"] = constants[row["source"]].get(question_kind(row["task"], gold), "")
        if row["task"] == "localization":
            prediction["head_intervals"] = _head_intervals(chat, item["ecgs"][0], gold["kind"])
        predictions.append(prediction)
    return predictions


def draw(rows: Sequence[Mapping[str, Any]], limit: int, seed: int) -> list[int]:
    """Indices of at most `limit` conversations per source and task, in the order of source, task and size."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault((row["source"], row["task"]), []).append(index)
    chosen: list[int] = []
    for name in sorted(groups):
        drawn = random.Random(f"{seed}:{name}").sample(groups[name], min(limit, len(groups[name])))
        # Conversations of like length share a batch, which saves padding.
        chosen += sorted(drawn, key=lambda k: sum(e["end_s"] - e["start_s"] for e in rows[k]["excerpts"]))
    return chosen


def _patients(args: argparse.Namespace) -> dict[str, str]:
    from .data import rows_of, tables

    rows = rows_of(tables(args.data, "records", args.split), ["record_id", "patient_id"])
    return {row["record_id"]: row["patient_id"] for row in rows}


def _prediction(
    row: Mapping[str, Any], gold: Mapping[str, Any], text: str, patients: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "conversation_id": row["conversation_id"], "source": row["source"], "task": row["task"],
        "record_ids": list(row["record_ids"]), "patient": patients[row["record_ids"][0]],
        "excerpts": [dict(excerpt) for excerpt in row["excerpts"]], "leads": [list(names) for names in row["leads"]],
        "n_ecgs": len(row["record_ids"]), "question": row["turns"][-2]["text"], "text": text,
        "gold_text": row["turns"][-1]["text"], "gold": {k: v for k, v in gold.items() if k != "measurements"},
    }  # fmt: skip


def _head_intervals(chat: Any, record: Any, kind: str) -> list[list[float]]:
    """Places from the event head, to a tenth of a second as the gold has them."""
    evidence = chat.evidence(record)
    if not evidence.can_locate(kind):
        return []
    return [[round(e["start_s"], 1), round(e["end_s"], 1)] for e in evidence.locate(kind)]
