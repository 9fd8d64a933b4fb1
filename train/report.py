"""The Markdown report of an evaluation: its tables, its figures, and answers right and wrong drawn on ECG paper.

It holds drawings of the records that were evaluated, so it belongs where those records may be, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anyecg.metrics import interval_iou

EXAMPLES = 4
"""Of each source, so many right and so many wrong answers are shown, of different tasks where possible."""


def write_report(out: Path, results: Mapping[str, Any], data: Sequence[Path] | None) -> Path:
    """Write report.md and its pictures from what an evaluation left in its folder.

    Args:
        out: holds results.md, predictions.jsonl and heads-SOURCE.npz; the last two may be missing.
        results: as in results.json.
        data: the folders with the records, for the examples; None for a public benchmark, which gets none.
    """
    predictions = _predictions(out / "predictions.jsonl") if data else []
    title, _, tables = (out / "results.md").read_text(encoding="utf-8").partition("\n## ")
    lines = [
        title,
        "",
        "Figures and answers first, all tables after them. Research software, not a medical device.",
        "",
    ]
    (out / "figures").mkdir(exist_ok=True)
    for source in results["sources"]:
        here = [p for p in predictions if p["source"] == source]
        lines += [f"## {source}", ""]
        lines += _head_figures(out, source)
        lines += _iou_figure(out, source, [p for p in here if p["task"] == "localization"])
        lines += _examples(out, source, here, data or (), str(results["split"]))
    report = out / "report.md"
    report.write_text("\n".join(lines) + "\n# Tables\n\n## " + tables, encoding="utf-8")
    return report


def _predictions(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _head_figures(out: Path, source: str) -> list[str]:
    file = out / f"heads-{source}.npz"
    if not file.exists():
        return []
    from . import figures

    with np.load(file) as stored:
        heads = {name: stored[name] for name in stored.files}
    made = {name: f"figures/{source}-{name}.png" for name in ("roc", "reliability", "risk-coverage")}
    figures.roc_curves(heads, out / made["roc"])
    errors = figures.reliability(heads, out / made["reliability"])
    areas = figures.risk_coverage_curves(heads, out / made["risk-coverage"])
    said = [f"n = {len(heads['patients'])} records of {len(set(heads['patients'].tolist()))} patients."]
    said += [f"ECE of {name}: {figures.interval(value)} over {value['cells']} cells." for name, value in errors.items()]
    said += [f"AURC of {name}: {figures.interval(value)}." for name, value in areas.items()]
    pictures = [f"![{name.replace('-', ' ')}]({path})" for name, path in made.items()]
    return ["### Findings from the heads", "", " ".join(said), "", *pictures, ""]


def _iou_figure(out: Path, source: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not any(row["gold"]["intervals"] for row in rows):
        return []
    from . import figures
    from .scoring import intervals_of

    gold = [[(s, e) for s, e in row["gold"]["intervals"]] for row in rows]
    said = {
        "text": [intervals_of(row["text"]) for row in rows],
        "event head": [[(s, e) for s, e in row.get("head_intervals", [])] for row in rows],
    }
    path = f"figures/{source}-iou.png"
    means = figures.iou_histogram(said, gold, [row["patient"] for row in rows], out / path)
    text = ", ".join(f"{name} {figures.interval(value)}" for name, value in means.items())
    return ["### Places", "", f"Mean IoU where the event is there (n = {means['text']['n']}): {text}.", "",
            f"![overlap]({path})", ""]  # fmt: skip


def is_right(prediction: Mapping[str, Any]) -> bool | None:
    """Whether a text is wholly right; None for tasks without such a judgement."""
    from .scoring import asserted, intervals_of, measurement_is_right, question_is_right

    text, gold = prediction["text"], prediction["gold"]
    if prediction["task"] == "report":
        return asserted(text) == set(gold["findings"])
    if prediction["task"] == "measurement":
        return bool(measurement_is_right(text, gold))
    if prediction["task"] == "question":
        return bool(question_is_right(text, gold, prediction["gold_text"]))
    if prediction["task"] == "localization":
        overlap = interval_iou(intervals_of(text), [(s, e) for s, e in gold["intervals"]])
        return overlap is None or overlap >= 0.5
    return None


def choose_examples(predictions: Iterable[Mapping[str, Any]]) -> list[tuple[bool, Mapping[str, Any]]]:
    """A few right and wrong answers about one ECG: the first of each task in the order of their ids, no picking."""
    chosen: list[tuple[bool, Mapping[str, Any]]] = []
    single = sorted((p for p in predictions if p["n_ecgs"] == 1), key=lambda p: p["conversation_id"].split("-")[::-1])
    for wanted in (True, False):
        judged = [p for p in single if is_right(p) is wanted]
        first = {p["task"]: p for p in reversed(judged)}
        rest = [p for p in judged if p is not first[p["task"]]]
        chosen += [(wanted, p) for p in [*first.values(), *rest][:EXAMPLES]]
    return chosen


def _examples(
    out: Path, source: str, predictions: Sequence[Mapping[str, Any]], data: Sequence[Path], split: str
) -> list[str]:
    chosen = choose_examples(predictions)
    if not chosen:
        return []
    from anyecg.draw import draw_strip

    rows = _record_rows(data, split, {p["record_ids"][0] for _, p in chosen})
    lines = ["### Answers", ""]
    for number, (right, prediction) in enumerate(chosen, start=1):
        word = "right" if right else "wrong"
        path = f"figures/{source}-{number}-{word}.png"
        record = _shown(rows[prediction["record_ids"][0]], prediction)
        draw_strip(record, intervals=_places(prediction), title=f"{record.name}: {word}").save(out / path)
        lines += [f"**{word.capitalize()}** ({prediction['task']}). Asked: {_plain(prediction['question'])}", "",
                  f"- said: {_plain(prediction['text'])}", f"- true: {_plain(prediction['gold_text'])}", "",
                  f"![{word}]({path})", ""]  # fmt: skip
    return lines


def _places(prediction: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The true places, and those of the text, to shade."""
    if prediction["task"] != "localization":
        return []
    from .scoring import intervals_of

    truth = [{"start_s": s, "end_s": e, "kind": "true", "leads": []} for s, e in prediction["gold"]["intervals"]]
    return truth + [
        {"start_s": s, "end_s": e, "kind": "said", "leads": []} for s, e in intervals_of(prediction["text"])
    ]


def _record_rows(data: Sequence[Path], split: str, ids: set[str]) -> dict[str, dict[str, Any]]:
    import pyarrow.dataset as ds

    files = [str(file) for folder in data for file in sorted((Path(folder) / "records").glob(f"*-{split}-*.parquet"))]
    table = ds.dataset(files).to_table(filter=ds.field("record_id").isin(sorted(ids)))
    return {row["record_id"]: row for row in table.to_pylist()}


def _shown(row: Mapping[str, Any], prediction: Mapping[str, Any]) -> Any:
    from anyecg.conversation import record_from_row

    record = record_from_row(row)
    excerpt, leads = prediction["excerpts"][0], prediction["leads"][0]
    record = record.excerpt(excerpt["start_s"], excerpt["end_s"])
    return record.select(leads) if leads else record


def _plain(text: str) -> str:
    return " ".join(text.replace("<", "&lt;").split()).replace("*", "\\*").replace("_", "\\_")
