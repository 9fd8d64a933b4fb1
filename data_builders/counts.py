"""What is in a dataset, counted: by source, split, task, kind of question, finding, event, length and leads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyecg.leads import STANDARD_LEADS

from .shards import read_table

LENGTHS = {"to 10 s": 10.05, "to 30 s": 30.05, "to 1 min": 60.5, "to 10 min": 600.5, "to 30 min": 1800.5,
           "longer": float("inf")}  # fmt: skip
_RECORD = ("source", "split", "patient_id", "n_samples", "sampling_rate", "findings", "events", "leads")
_CONVERSATION = ("source", "split", "task", "turns", "gold", "excerpts", "leads", "provenance")


@dataclass
class Counts:
    """Numbers of rows; a key of two ends in the split."""

    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(source, split)."""
    patients: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    hours: dict[tuple[str, str], float] = field(default_factory=dict)
    findings: Counter[tuple[str, str]] = field(default_factory=Counter)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    lengths: Counter[str] = field(default_factory=Counter)
    lead_sets: Counter[str] = field(default_factory=Counter)
    conversations: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(source, task, split)."""
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Kinds of question, of the last turn."""
    shown_ecgs: Counter[str] = field(default_factory=Counter)
    """How many ECGs a conversation shows."""
    shown_lengths: Counter[str] = field(default_factory=Counter)
    shown_leads: Counter[str] = field(default_factory=Counter)
    turns: Counter[str] = field(default_factory=Counter)
    truths: Counter[str] = field(default_factory=Counter)
    """Where answers come from, as `provenance` says it up to the first colon or semicolon."""
    words: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)

    def of_task(self, task: str) -> int:
        return sum(n for (_, name, _), n in self.conversations.items() if name == task)

    def totals(self) -> dict[str, int]:
        """ "records, finding AFIB" → number, over all splits."""
        numbers: Counter[str] = Counter()
        for (source, split), n in self.records.items():
            numbers[f"records, source {source}"] += n
            numbers[f"records, split {split}"] += n
        for (source, task, split), n in self.conversations.items():
            for name in (f"source {source}", f"split {split}", f"task {task}"):
                numbers[f"conversations, {name}"] += n
        for what, counted in (("finding", self.findings), ("event", self.events)):
            for (name, _), n in counted.items():
                numbers[f"records, {what} {name}"] += n
        numbers.update({f"conversations, question {name}": 0 for name, _ in self.kinds})
        for (name, _), n in self.kinds.items():
            numbers[f"conversations, question {name}"] += n
        for what, named in (("length", self.lengths), ("leads", self.lead_sets)):
            numbers.update({f"records, {what} {name}": n for name, n in named.items()})
        return dict(sorted(numbers.items()))


def count(out: Path) -> Counts:
    """Count both tables of a dataset, row by row."""
    counts = Counts()
    for row in read_table(out, "records", _RECORD):
        _add_record(counts, row)
    for row in read_table(out, "conversations", _CONVERSATION):
        _add_conversation(counts, row)
    return counts


def _add_record(counts: Counts, row: Mapping[str, Any]) -> None:
    key, seconds = (row["source"], row["split"]), row["n_samples"] / row["sampling_rate"]
    counts.records[key] += 1
    counts.patients.setdefault(key, set()).add(row["patient_id"])
    counts.hours[key] = counts.hours.get(key, 0.0) + seconds / 3600
    counts.lengths[length_class(seconds)] += 1
    counts.lead_sets[_lead_set(row["leads"])] += 1
    counts.findings.update((label, row["split"]) for label in row["findings"])
    counts.events.update({(event["kind"], row["split"]) for event in row["events"]})


def _add_conversation(counts: Counts, row: Mapping[str, Any]) -> None:
    task, gold, answer = row["task"], json.loads(row["gold"]), row["turns"][-1]["text"]
    counts.conversations[row["source"], task, row["split"]] += 1
    if "type" in gold:
        counts.kinds[gold["type"], row["split"]] += 1
    counts.shown_ecgs[str(len(row["excerpts"]))] += 1
    counts.turns[str(len(row["turns"]) // 2)] += 1
    for excerpt, leads in zip(row["excerpts"], row["leads"], strict=True):
        counts.shown_lengths[length_class(excerpt["end_s"] - excerpt["start_s"])] += 1
        counts.shown_leads[f"{len(leads)} of them" if leads else "all"] += 1
    counts.truths.update(text.replace(":", ";").split(";")[0] for text in row["provenance"])
    counts.words[task] += len(answer.split())
    counts.examples.setdefault(task, (row["turns"][-2]["text"], answer))


def length_class(seconds: float) -> str:
    return next(name for name, most_s in LENGTHS.items() if seconds <= most_s)


def _lead_set(leads: Sequence[str]) -> str:
    names = set(leads)
    if names == set(STANDARD_LEADS):
        return "12 standard leads"
    if names > set(STANDARD_LEADS):
        return f"12 standard leads and {', '.join(sorted(names - set(STANDARD_LEADS)))}"
    return ", ".join(leads)
