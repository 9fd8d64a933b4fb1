"""Score a model on a built dataset: python -m train evaluate MODEL --data FOLDER --out RESULTS

Findings come from the heads, texts from `EcgChat` with the shipped template and greedy decoding. Each source is
scored by itself (simulated and real records are never averaged), beside a constant answer, the text without the ECG
and a random encoder with fitted heads. Written to RESULTS: predictions.jsonl, results.json, results.md.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

logger = logging.getLogger(__name__)
BASELINES = ("constant", "text-only", "random-encoder")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m train evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders that data_builders wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for predictions and results")
    parser.add_argument("--split", default="test", choices=("test", "valid", "train"))
    parser.add_argument("--limit", type=int, default=200, help="conversations per source and task (0: no texts)")
    parser.add_argument("--records", type=int, help="at most this many records per source for the heads")
    parser.add_argument("--tasks", nargs="*", help="score only these tasks")
    parser.add_argument("--baselines", nargs="*", default=list(BASELINES), choices=BASELINES)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0, help="which conversations are drawn")
    parser.add_argument("--threads", type=int, default=1)
    return parser


def main(argv: list[str] | None = None) -> None:
    """Evaluate, write the results and print the table."""
    args = make_parser().parse_args(argv)
    import torch

    torch.set_num_threads(args.threads)
    try:
        print(evaluate(args))
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"error: {error}")


def evaluate(args: argparse.Namespace) -> str:
    """Run everything; returns the Markdown table."""
    from anyecg.chat import EcgChat

    from .evaluate_heads import score_beats, score_findings

    started = time.monotonic()
    chat = EcgChat.from_pretrained(args.model)
    args.out.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {
        "model": args.model.name, "split": args.split, "limit": args.limit, "seed": args.seed, "sources": {},
    }  # fmt: skip
    findings = score_findings(chat, args)
    beats = score_beats(chat, args)
    predictions = predict(chat, args) if args.limit else []
    for source in sorted({*findings, *beats, *(p["source"] for p in predictions)}):
        here = [p for p in predictions if p["source"] == source]
        results["sources"][source] = {
            "findings": findings.get(source, {}),
            "beats": beats.get(source, {}),
            "texts": _text_scores(here),
        }
    results["seconds"] = round(time.monotonic() - started)
    _write(args.out, results, predictions)
    return (args.out / "results.md").read_text(encoding="utf-8")


def _text_scores(predictions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Scores per system ("anyecg", "event head", "constant", "text-only") and task."""
    from .scoring import score

    systems = {"anyecg": [p for p in predictions]}
    for name in ("constant", "text-only"):
        systems[name] = [{**p, "text": p[name]} for p in predictions if name in p]
    systems["event head"] = [{**p, "intervals": p["head_intervals"]} for p in predictions if "head_intervals" in p]
    return {name: score(rows) for name, rows in systems.items() if rows}


def predict(chat: Any, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Texts of the model and of the text baselines for a seeded draw of conversations."""
    from .baselines import constant_answers, question_kind, withheld_ecgs
    from .data import ConversationDataset

    dataset = ConversationDataset(args.data, args.split, args.tasks or None)
    chosen = _draw(dataset.rows, args.limit, args.seed)
    patients = _patients(args)
    constants = {
        source: constant_answers(args.data, source) if "constant" in args.baselines else {}
        for source in {dataset.rows[k]["source"] for k in chosen}
    }
    predictions = []
    for first in range(0, len(chosen), args.batch_size):
        items = [dataset[k] for k in chosen[first : first + args.batch_size]]
        conversations = [(item["ecgs"], item["row"]["turns"][:-1]) for item in items]
        texts = chat.texts(conversations)
        blind = [""] * len(items)
        if "text-only" in args.baselines:
            with withheld_ecgs(chat.model):
                blind = chat.texts(conversations, with_measurements=False)
        for item, text, unseen in zip(items, texts, blind, strict=True):
            row, gold = item["row"], json.loads(item["row"]["gold"])
            prediction = _prediction(row, gold, text, patients)
            if "text-only" in args.baselines:
                prediction["text-only"] = unseen
            if "constant" in args.baselines:
                prediction["constant"] = constants[row["source"]].get(question_kind(row["task"], gold), "")
            if row["task"] == "localization":
                prediction["head_intervals"] = _head_intervals(chat, item["ecgs"][0], gold["kind"])
            predictions.append(prediction)
        logger.info("%d of %d conversations", len(predictions), len(chosen))
    return predictions


def _draw(rows: Sequence[Mapping[str, Any]], limit: int, seed: int) -> list[int]:
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
        "n_ecgs": len(row["record_ids"]), "question": row["turns"][-2]["text"], "text": text,
        "gold_text": row["turns"][-1]["text"], "gold": {k: v for k, v in gold.items() if k != "measurements"},
    }  # fmt: skip


def _head_intervals(chat: Any, record: Any, kind: str) -> list[list[float]]:
    """Places from the event head, to a tenth of a second as the gold has them."""
    evidence = chat.evidence(record)
    if evidence.unjudgeable:
        return []
    return [[round(e["start_s"], 1), round(e["end_s"], 1)] for e in evidence.locate(kind)]


def _write(out: Path, results: dict[str, Any], predictions: Sequence[Mapping[str, Any]]) -> None:
    with (out / "predictions.jsonl").open("w", encoding="utf-8") as file:
        for prediction in predictions:
            file.write(json.dumps(prediction) + "\n")
    (out / "results.json").write_text(json.dumps(results, indent=1, default=_plain) + "\n", encoding="utf-8")
    (out / "results.md").write_text(markdown(results), encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON.")


def markdown(results: Mapping[str, Any]) -> str:
    """Tables per source: findings, beats and texts, each figure with its interval and number of records."""
    lines = [f"# {results['model']} on the {results['split']} split", ""]
    lines.append("95 % intervals by bootstrap over patients; n counts records or conversations.")
    for source, parts in results["sources"].items():
        lines += ["", f"## {source}"]
        for title, systems in (("Findings (heads)", parts["findings"]), ("Beats in long records", parts["beats"])):
            if systems:
                lines += ["", f"### {title}", "", *_table({k: v for k, v in systems.items()})]
        for task in sorted({task for scores in parts["texts"].values() for task in scores}):
            systems = {name: scores[task] for name, scores in parts["texts"].items() if task in scores}
            lines += ["", f"### {task}", "", *_table(systems)]
    return "\n".join(lines) + "\n"


def _table(systems: Mapping[str, Mapping[str, Any]]) -> list[str]:
    names = list(systems)
    figures = list(dict.fromkeys(figure for scores in systems.values() for figure in scores))
    rows = ["| | " + " | ".join(names) + " | n |", "|---" * (len(names) + 2) + "|"]
    for figure in figures:
        values = [systems[name].get(figure) for name in names]
        n = next((str(v["n"]) for v in values if isinstance(v, Mapping) and "n" in v), "")
        rows.append(f"| {figure} | " + " | ".join(_figure(value) for value in values) + f" | {n} |")
    return rows


def _figure(value: Any) -> str:
    if isinstance(value, Mapping):
        if value.get("value") is None:
            return "–"
        interval = f" ({value['low']:.3f}-{value['high']:.3f})" if value.get("low") is not None else ""
        return f"{value['value']:.3f}{interval}"
    return "–" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
