"""The dataset card, OUT/README.md: how many records and conversations of which source, split, task and finding."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from anyecg.conversation import SPLITS
from anyecg.findings import CODES, phrase

from .counts import LENGTHS, Counts, count
from .croissant import write_croissant
from .sources.catalogue import CATALOGUE

_HEAD = """---
license: other
task_categories: [question-answering]
tags: [ecg, medical]
configs:
{configs}
---
# ECG records and conversations

Built by `python -m data_builders`. Not for clinical use. `anyecg/conversation.py` describes the rows of both tables;
signals are int16 with `uv_per_step` microvolts each. Splits are by patient (`splits.json`). A label that is absent
means "no" only in the groups that a row's `known` names, an absent event only for the kinds of `known_events`.
Answers come from labels, annotations, measurements or the simulator's ground truth; `provenance` says from which.
"""


def write_card(out: Path) -> Path:
    """Count what is in `out`, write its README.md and croissant.json; returns the path of the former."""
    counts = count(out)
    tables = [name for name in ("records", "conversations") if any((out / name).glob("*.parquet"))]
    configs = [f"- config_name: {name}\n  data_files: {name}/*.parquet" for name in tables]
    parts = [_HEAD.format(configs="\n".join(configs)), _records_part(counts)]
    if "conversations" in tables:
        parts.append(_conversations_part(counts))
    path = out / "README.md"
    temporary = path.with_suffix(".tmp")
    temporary.write_text("\n".join(parts))
    os.replace(temporary, path)
    write_croissant(out, sorted({source for source, _ in counts.records}), counts.totals())
    return path


def _records_part(counts: Counts) -> str:
    lines = ["## Records", "", "| source | split | records | patients | hours |", "|---|---|---|---|---|"]
    for key in sorted(counts.records, key=lambda key: (key[0], SPLITS.index(key[1]))):
        numbers = f"{counts.records[key]:,} | {len(counts.patients[key]):,} | {counts.hours[key]:.1f}"
        lines.append(f"| {key[0]} | {key[1]} | {numbers} |")
    named = sorted({source for source, _ in counts.records})
    lines += ["", *(f"- **{source}**: {_about(source)}" for source in named)]
    lines += ["", *_table("length", "records", counts.lengths, list(LENGTHS))]
    lines += ["", *_table("leads", "records", counts.lead_sets, [k for k, _ in counts.lead_sets.most_common(12)])]
    if counts.findings:
        lines += ["", "## Findings", "", *_by_split("finding", counts.findings)]
    if counts.events:
        lines += ["", "## Events", "", "Records that hold at least one.", "", *_by_split("event", counts.events)]
    return "\n".join(lines) + "\n"


def _conversations_part(counts: Counts) -> str:
    lines = ["## Conversations", "", f"| source | task | {' | '.join(SPLITS)} |", "|---|---|---|---|---|"]
    for source, task in sorted({key[:2] for key in counts.conversations}):
        numbers = " | ".join(f"{counts.conversations[source, task, split]:,}" for split in SPLITS)
        lines.append(f"| {source} | {task} | {numbers} |")
    if counts.kinds:
        lines += ["", *_by_split("kind of question", counts.kinds)]
    for title, of, named in (
        ("length shown", "ECGs", counts.shown_lengths), ("leads shown", "ECGs", counts.shown_leads),
        ("ECGs shown", "conversations", counts.shown_ecgs), ("questions in a row", "conversations", counts.turns),
    ):  # fmt: skip
        order = [name for name in LENGTHS if named[name]] or sorted(named, key=lambda name: (len(name), name))
        lines += ["", *_table(title, of, named, order)]
    lines += [
        "",
        *_table("where answers come from", "answers", counts.truths, [k for k, _ in counts.truths.most_common(20)]),
    ]
    lines += ["", "| task | words per answer | an example |", "|---|---|---|"]
    for task, (question, answer) in sorted(counts.examples.items()):
        said = " / ".join(answer.splitlines())
        lines.append(f"| {task} | {counts.words[task] / counts.of_task(task):.0f} | {question} — {said} |")
    return "\n".join(lines) + "\n"


def _table(title: str, of: str, counted: Mapping[str, int], order: Sequence[str]) -> list[str]:
    return [f"| {title} | {of} |", "|---|---|", *(f"| {name} | {counted.get(name, 0):,} |" for name in order)]


def _about(source: str) -> str:
    database = CATALOGUE[source]
    return (
        f"{database.title}; {database.licence}. Signals: {database.signals}. Truth: {database.truth}. "
        f"Splits: {database.splits}."
    )


def _by_split(title: str, counts: Counter[tuple[str, str]]) -> list[str]:
    totals: Counter[str] = Counter()
    for (name, _), number in counts.items():
        totals[name] += number
    lines = [f"| {title} | {' | '.join(SPLITS)} |", "|---|---|---|---|"]
    for name in sorted(totals, key=lambda name: (":" in name, -totals[name], name)):
        shown = f"{name} ({phrase(name)})" if name in CODES else name
        lines.append(f"| {shown} | {' | '.join(f'{counts[name, split]:,}' for split in SPLITS)} |")
    return lines
