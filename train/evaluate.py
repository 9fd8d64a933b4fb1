"""Score a model on a built dataset, or on a public benchmark in its own layout.

    python -m train evaluate MODEL --data FOLDER --out RESULTS
    python -m train evaluate MODEL --benchmark ecg-qa --directory ECG-QA --ecgs PTB-XL --out RESULTS

Findings come from the heads, texts from `EcgChat` with the shipped template and greedy decoding. Each source is
scored by itself (simulated and real records are never averaged), beside a constant answer, the text without the ECG
and a random encoder with fitted heads. Written to RESULTS: predictions.jsonl (as they come: a killed evaluation goes on
where it stopped when the same command is given again), results.json, results.md, and report.md with figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .figures import FEWEST_PATIENTS, interval

BENCHMARKS = ("ecg-qa", "anyecg", "ecgbench", "ptb-xl")
BASELINES = ("constant", "text-only", "random-encoder")
_WITHOUT_ECG = ("constant", "text-only", "random encoder")
CHIEF = {
    "findings": ("macro AUROC, superclasses", "macro AUROC, rhythm"),
    "report": ("label F1 (micro)",),
    "localization": ("IoU",),
    "measurement": ("exact",),
    "question": ("exact match",),
    "comparison": ("F1 of (finding, change)", "which ECG"),
}
"""Per task the figure that stands for it, the first that there is."""


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m train evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("--data", type=Path, nargs="+", help="folders that data_builders wrote")
    parser.add_argument("--benchmark", choices=BENCHMARKS, help="a public benchmark instead; see train/adapters.py")
    parser.add_argument("--directory", type=Path, help="the benchmark's own files")
    parser.add_argument("--ecgs", type=Path, help="the ECG files that the benchmark asks about")
    parser.add_argument("--out", type=Path, required=True, help="folder for predictions and results")
    parser.add_argument("--split", default="test", choices=("test", "valid", "train"))
    parser.add_argument(
        "--limit",
        type=int,
        default=200,
        help="conversations per source and task, or questions of a benchmark (0: no texts)",
    )
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
    try:
        carry_out(evaluate, args)
    except KeyboardInterrupt:
        sys.exit(f"stopped; give the same command again to go on from {args.out / 'predictions.jsonl'}")


def carry_out(work: Callable[[argparse.Namespace], str], args: argparse.Namespace) -> None:
    """Print what a command gives, on `args.threads` threads; wrong input ends it in one sentence."""
    import torch

    torch.set_num_threads(args.threads)
    try:
        print(work(args))
    except (ValueError, FileNotFoundError) as error:
        sys.exit(f"error: {error}")


def evaluate(args: argparse.Namespace) -> str:
    """Run everything; returns the Markdown table.

    Raises:
        ValueError: unless either a dataset or a benchmark with its folders is given.
    """
    if bool(args.data) == bool(args.benchmark):
        raise ValueError("give either --data (a built dataset) or --benchmark (a public one).")
    wanted = {"--ecgs": args.ecgs} | ({} if args.benchmark == "ptb-xl" else {"--directory": args.directory})
    missing = [name for name, value in wanted.items() if args.benchmark and value is None]
    if missing:
        raise ValueError(f"--benchmark {args.benchmark} needs {' and '.join(missing)}; see --help.")
    from anyecg.chat import EcgChat

    from .journal import fingerprint

    started = time.monotonic()
    chat = EcgChat.from_pretrained(args.model)
    args.out.mkdir(parents=True, exist_ok=True)
    about = {"model": args.model.name, "fingerprint": fingerprint(args.model), "split": args.split}
    about |= {"limit": args.limit, "seed": args.seed}
    results = _benchmark(chat, args) if args.benchmark else _dataset(chat, args)
    _write(args, about | results | {"seconds": round(time.monotonic() - started)})
    return (args.out / "results.md").read_text(encoding="utf-8")


def _dataset(chat: Any, args: argparse.Namespace) -> dict[str, Any]:
    from .evaluate_heads import score_beats, score_findings
    from .predict import predict

    predictions = predict(chat, args) if args.limit else []
    findings, beats = score_findings(chat, args), score_beats(chat, args)
    sources = {}
    for source in sorted({*findings, *beats, *(p["source"] for p in predictions)}):
        here = [p for p in predictions if p["source"] == source]
        sources[source] = {
            "findings": findings.get(source, {}),
            "beats": beats.get(source, {}),
            "texts": _text_scores(here),
        }
    return {"sources": sources}


def _benchmark(chat: Any, args: argparse.Namespace) -> dict[str, Any]:
    from .benchmark import run_benchmark

    nothing: dict[str, Any] = {"questions": 0, "left_out": 0, "systems": {}}
    found = run_benchmark(chat, args) if args.limit else nothing
    parts: dict[str, Any] = {"findings": {}, "beats": {}, "texts": {}}
    if args.benchmark == "ptb-xl":
        from .evaluate_heads import score_official_fold

        parts["findings"] = {"anyecg": score_official_fold(chat, args)}
    title = f"{found['questions']} questions ({found['left_out']} left out, their ECGs are not there)"
    parts["texts"] = {name: {title: scores} for name, scores in found["systems"].items()}
    return {"sources": {args.benchmark: parts}}


def _text_scores(predictions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Scores per system ("anyecg", "event head", "constant", "text-only") and task."""
    from .scoring import score

    systems = {"anyecg": [p for p in predictions]}
    for name in ("constant", "text-only"):
        systems[name] = [{**p, "text": p[name]} for p in predictions if name in p]
    systems["event head"] = [{**p, "intervals": p["head_intervals"]} for p in predictions if "head_intervals" in p]
    return {name: score(rows) for name, rows in systems.items() if rows}


def _write(args: argparse.Namespace, results: dict[str, Any]) -> None:
    (args.out / "results.json").write_text(json.dumps(results, indent=1, default=_plain) + "\n", encoding="utf-8")
    (args.out / "results.md").write_text(markdown(results), encoding="utf-8")
    from .report import write_report

    write_report(args.out, results, args.data)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON.")


def markdown(results: Mapping[str, Any]) -> str:
    """Tables per source: findings, beats and texts, each figure with its interval and number of records."""
    lines = [
        f"# {results['model']} on the {results['split']} split",
        "",
        *_about(results),
        *in_short(results["sources"]),
    ]
    for source, parts in results["sources"].items():
        lines += ["", f"## {source}"]
        for title, systems in (("Findings (heads)", parts["findings"]), ("Beats in long records", parts["beats"])):
            if systems:
                lines += ["", f"### {title}", "", *_table({k: v for k, v in systems.items()})]
        for task in sorted({task for scores in parts["texts"].values() for task in scores}):
            systems = {name: scores[task] for name, scores in parts["texts"].items() if task in scores}
            lines += ["", f"### {task}", "", *_table(systems)]
    return "\n".join(lines) + "\n"


def _about(results: Mapping[str, Any]) -> list[str]:
    """What was drawn and how to read the figures; `results` of an older version may not say what was drawn."""
    drawn = "At most {limit} conversations per source and task (seed {seed}); model {fingerprint}. "
    made = drawn.format(**results) if "fingerprint" in results else ""
    return [f"{made}95 % intervals by bootstrap over patients, none for fewer than {FEWEST_PATIENTS} of them; n counts "
            "records or conversations, for beats in long records patients.", ""]  # fmt: skip


def in_short(sources: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The chief figure of every task beside its best baseline: learned when its interval lies above that."""
    rows = []
    for source, parts in sources.items():
        tasks = {task: {s: scores.get(task, {}) for s, scores in parts["texts"].items()} for task in CHIEF}
        for task, systems in {**tasks, "findings": parts["findings"]}.items():
            ours = systems.get("anyecg", {})
            chief = [k for c in CHIEF[task] for k in ours if k.startswith(c) and _value(ours[k]) is not None]
            if chief:
                others = {s: _value(scores.get(chief[0])) for s, scores in systems.items() if s in _WITHOUT_ECG}
                rows.append(f"| {source} | {task}: {chief[0]} | {_against(ours[chief[0]], others)} |")
    head = ["| source | figure | anyecg | best baseline | n | learned |", "|---|---|---|---|--:|---|"]
    return [*head, *rows] if rows else []


def _against(ours: Mapping[str, Any], others: Mapping[str, float | None]) -> str:
    known = {system: value for system, value in others.items() if value is not None}
    cells = [_figure(ours), "–", str(ours["n"]), "–"]
    if known:
        best = max(known, key=lambda system: known[system])
        few = ours.get("patients", 0) < FEWEST_PATIENTS
        cells[1] = f"{known[best]:.3f} {best}"
        cells[3] = "too few to say" if few else "yes" if ours["low"] > known[best] else "no"
    return " | ".join(cells)


def _value(figure: Any) -> float | None:
    return figure.get("value") if isinstance(figure, Mapping) else None


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
    return interval(value if isinstance(value, Mapping) else {"value": value})


if __name__ == "__main__":
    main()
