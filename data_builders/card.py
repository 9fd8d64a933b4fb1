"""The dataset card, OUT/README.md: how many records and conversations of which source, split, task and finding."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from anyecg.conversation import SPLITS
from anyecg.findings import CODES, phrase
from anyecg.leads import STANDARD_LEADS

from .croissant import write_croissant
from .shards import read_column, read_table
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


_LENGTHS = {"to 10 s": 10.05, "to 30 s": 30.05, "to 1 min": 60.5, "to 10 min": 600.5, "to 30 min": 1800.5,
            "longer": float("inf")}  # fmt: skip


def write_card(out: Path) -> Path:
    """Count what is in `out`, write its README.md and croissant.json; returns the path of the former."""
    tables = [name for name in ("records", "conversations") if any((out / name).glob("*.parquet"))]
    configs = [f"- config_name: {name}\n  data_files: {name}/*.parquet" for name in tables]
    parts = [_HEAD.format(configs="\n".join(configs)), _records_part(out)]
    if "conversations" in tables:
        parts.append(_conversations_part(out))
    path = out / "README.md"
    temporary = path.with_suffix(".tmp")
    temporary.write_text("\n".join(parts))
    os.replace(temporary, path)
    write_croissant(out, sorted(set(read_column(out, "records", "source"))))
    return path


def _records_part(out: Path) -> str:
    per_source: Counter[tuple[str, str]] = Counter()
    patients: dict[tuple[str, str], set[str]] = {}
    hours: Counter[tuple[str, str]] = Counter()
    findings: Counter[tuple[str, str]] = Counter()
    events: Counter[tuple[str, str]] = Counter()
    lengths: Counter[str] = Counter()
    lead_sets: Counter[str] = Counter()
    columns = ("source", "split", "patient_id", "n_samples", "sampling_rate", "findings", "events", "leads")
    for row in read_table(out, "records", columns):
        key = (row["source"], row["split"])
        per_source[key] += 1
        patients.setdefault(key, set()).add(row["patient_id"])
        hours[key] += row["n_samples"] / row["sampling_rate"] / 3600  # type: ignore[assignment]
        lengths[_length_class(row["n_samples"] / row["sampling_rate"])] += 1
        lead_sets[_lead_set(row["leads"])] += 1
        findings.update((label, row["split"]) for label in row["findings"])
        events.update((event["kind"], row["split"]) for event in row["events"])
    lines = ["## Records", "", "| source | split | records | patients | hours |", "|---|---|---|---|---|"]
    for source, split in sorted(per_source, key=lambda key: (key[0], SPLITS.index(key[1]))):
        key = (source, split)
        lines.append(f"| {source} | {split} | {per_source[key]:,} | {len(patients[key]):,} | {hours[key]:.1f} |")
    named = sorted({source for source, _ in per_source})
    lines += ["", *(f"- **{source}**: {_about(source)}" for source in named)]
    lines += ["", "| length | records |", "|---|---|", *(f"| {name} | {lengths[name]:,} |" for name in _LENGTHS)]
    lines += ["", "| leads | records |", "|---|---|", *(f"| {k} | {n:,} |" for k, n in lead_sets.most_common(12))]
    if findings:
        lines += ["", "## Findings", "", *_by_split("finding", findings)]
    if events:
        lines += ["", "## Events", "", *_by_split("event", events)]
    return "\n".join(lines) + "\n"


def _length_class(duration_s: float) -> str:
    return next(name for name, most_s in _LENGTHS.items() if duration_s <= most_s)


def _lead_set(leads: Sequence[str]) -> str:
    names = set(leads)
    if names == set(STANDARD_LEADS):
        return "12 standard leads"
    if names > set(STANDARD_LEADS):
        return f"12 standard leads and {', '.join(sorted(names - set(STANDARD_LEADS)))}"
    return ", ".join(leads)


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


def _conversations_part(out: Path) -> str:
    counts: Counter[tuple[str, str, str]] = Counter()
    words: Counter[str] = Counter()
    example: dict[str, tuple[str, str]] = {}
    for row in read_table(out, "conversations", ("source", "split", "task", "turns")):
        counts[row["source"], row["task"], row["split"]] += 1
        answer = row["turns"][-1]["text"]
        words[row["task"]] += len(answer.split())
        example.setdefault(row["task"], (row["turns"][-2]["text"], answer))
    lines = ["## Conversations", "", f"| source | task | {' | '.join(SPLITS)} |", "|---|---|---|---|---|"]
    for source, task in sorted({key[:2] for key in counts}):
        lines.append(f"| {source} | {task} | {' | '.join(f'{counts[source, task, split]:,}' for split in SPLITS)} |")
    totals: Counter[str] = Counter()
    for (_, task, _), number in counts.items():
        totals[task] += number
    lines += ["", "| task | words per answer | an example |", "|---|---|---|"]
    lines += [f"| {t} | {words[t] / totals[t]:.0f} | {q} — {a} |" for t, (q, a) in sorted(example.items())]
    return "\n".join(lines) + "\n"
