"""Training rows from the dataset's Parquet tables: excerpts with labels for the encoder, conversations for the chat."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset, Sampler

from anyecg.conversation import full_measurements, record_from_row
from anyecg.feature_extraction_anyecg import AnyEcgFeatureExtractor
from anyecg.findings import CODES, DIAGNOSES, EVENT_KINDS, FORMS, HEAD_LABELS, RHYTHMS
from anyecg.measure.report import beats_of
from anyecg.record import EcgRecord
from anyecg.score2 import ATTRIBUTES

_LABEL_INDEX = {label: k for k, label in enumerate(HEAD_LABELS)}
_EVENT_INDEX = {kind: k for k, kind in enumerate(EVENT_KINDS)}
_SUPER = tuple(label for label in HEAD_LABELS if label.startswith("super:"))
_SUB = tuple(label for label in HEAD_LABELS if label.startswith("sub:"))
_GROUPS = {
    "statements": CODES + _SUPER + _SUB, "diagnoses": DIAGNOSES, "superclass": _SUPER, "subclass": _SUB, "form": FORMS,
    "rhythm": RHYTHMS,
}  # fmt: skip


def tables(folders: Sequence[Path | str], kind: str, split: str) -> list[Path]:
    """Parquet files of one table ("records" or "conversations") and split, sorted.

    Raises:
        FileNotFoundError: when a folder holds none.
    """
    files: list[Path] = []
    for folder in folders:
        found = sorted((Path(folder) / kind).glob(f"*-{split}-*.parquet"))
        if not found and kind == "records":
            raise FileNotFoundError(
                f"{folder} holds no {kind} of split {split!r}; build them with python -m data_builders."
            )
        files += found
    return files


def rows_of(files: Sequence[Path], columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Rows of Parquet files, a small batch in memory at a time."""
    import pyarrow.parquet as pq

    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(batch_size=64, columns=columns):
            yield from batch.to_pylist()


def mapped(files: Sequence[Path], columns: Sequence[str] | None = None) -> Any:
    """Parquet files as one memory-mapped `datasets.Dataset`."""
    import datasets

    datasets.disable_progress_bars()
    options = {"columns": list(columns)} if columns else {}
    names = [str(file) for file in files]
    return datasets.load_dataset("parquet", data_files=names, split="train", **options)


def label_vector(findings: Sequence[str], known: Sequence[str]) -> np.ndarray:
    """Targets of the finding head: 1, 0, or -1 where the record's labels do not say. Shape (num_findings,)."""
    labels = np.full(len(HEAD_LABELS), -1, dtype=np.int8)
    for group in known:
        labels[[_LABEL_INDEX[label] for label in _GROUPS[group]]] = 0
    labels[[_LABEL_INDEX[label] for label in findings if label in _LABEL_INDEX]] = 1
    return labels


def event_array(events: Sequence[dict[str, Any]]) -> np.ndarray:
    """Events as rows (kind index, start, end) in seconds, shape (n, 3)."""
    rows = [(_EVENT_INDEX[e["kind"]], e["start_s"], e["end_s"]) for e in events if e["kind"] in _EVENT_INDEX]
    return np.array(rows, dtype=np.float32).reshape(-1, 3)


def event_labels(events: np.ndarray, known: np.ndarray, start_s: float, n_steps: int, step_s: float) -> np.ndarray:
    """Targets of the event head for steps that begin at `start_s`: (n_steps, num_event_kinds) of 1, 0 or -1 (unknown).

    A step is positive when the event covers at least a quarter of it or lies wholly inside it.
    """
    labels = np.where(known, 0, -1).astype(np.int8)[None].repeat(n_steps, axis=0)
    inside = events[(events[:, 2] > start_s) & (events[:, 1] < start_s + n_steps * step_s)]
    for kind, begin, end in inside:
        first, last = (begin - start_s) / step_s, (end - start_s) / step_s
        slack = min(0.25, (last - first) / 2)
        labels[max(0, int(np.floor(first + slack))) : max(0, int(np.ceil(last - slack))), int(kind)] = 1
    return labels


class EvidenceDataset(Dataset):
    """Excerpts with finding and event targets; signals stay in memory as half floats at the encoder's rate."""

    def __init__(
        self,
        folders: Sequence[Path | str],
        split: str,
        extractor: AnyEcgFeatureExtractor,
        limit: int | None = None,
    ):
        self.extractor, self.split = extractor, split
        self.rows: list[dict[str, Any]] = []
        for n, row in enumerate(rows_of(tables(folders, "records", split))):
            if limit is not None and n >= limit:
                break
            self.rows += self._excerpts(row)

    def _excerpts(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        labels = label_vector(row["findings"], row["known"])
        events = event_array(row["events"])
        known = np.array([kind in row["known_events"] for kind in EVENT_KINDS])
        pieces = self.extractor.excerpts(record_from_row(row))
        for piece in pieces:
            yield {
                "values": piece["ecg_values"].astype(np.float16),
                "mask": piece["ecg_mask"],
                "lead_ids": piece["lead_ids"],
                "start_s": float(piece["patch_times"][0]),
                # What holds for a long record need not hold for each excerpt of it.
                "labels": labels if len(pieces) == 1 else np.full_like(labels, -1),
                "events": events[
                    (events[:, 2] > piece["patch_times"][0]) & (events[:, 1] < piece["patch_times"][-1] + 1)
                ],
                "known_events": known,
                "source": row["source"],
                "record_id": row["record_id"],
                "patient_id": row["patient_id"],
                "findings": row["findings"],
                "clinical": {name: row.get(name) for name in ATTRIBUTES},
            }

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.rows[index]


class ConversationDataset(Dataset):
    """Conversations with their record excerpts; `task` and `source` decide the mixture.

    Signals stay on disk: `datasets` maps the records table into memory, so a large dataset needs little of it.
    Targets of the evidence heads are left out on request: a frozen encoder has no use for them.
    """

    def __init__(
        self, folders: Sequence[Path | str], split: str, tasks: Sequence[str] | None = None, targets: bool = True
    ):
        self.targets = targets
        talks = mapped(tables(folders, "conversations", split))
        self.rows = [row for row in talks if not tasks or row["task"] in tasks]
        self.records = mapped(tables(folders, "records", split), _RECORD_COLUMNS)
        self.places = {record_id: k for k, record_id in enumerate(self.records["record_id"])}

    def record(self, record_id: str) -> dict[str, Any]:
        """A row of the records table."""
        return self.records[self.places[record_id]]

    def __len__(self) -> int:
        return len(self.rows)

    def lengths(self) -> list[int]:
        """About how many tokens each conversation has: four characters of text, or 0.4 s of ECG, are one."""
        return [
            sum(len(turn["text"]) for turn in row["turns"]) // 4
            + sum(int((e["end_s"] - e["start_s"]) * 2.5) + 45 for e in row["excerpts"])
            for row in self.rows
        ]

    def __getitem__(self, index: int) -> dict[str, Any]:
        row = self.rows[index]
        shown = [self._shown(row, k) for k in range(len(row["record_ids"]))]
        records = [record for record, _ in shown]
        truth = [self._truth(row, k) for k in range(len(records))]
        return {
            "ecgs": records,
            "measurements": [measured for _, measured in shown],
            "truth": truth,
            "targets": truth if self.targets else [],
            "row": row,
        }

    def _shown(self, row: dict[str, Any], k: int) -> tuple[EcgRecord, dict[str, Any] | None]:
        stored = self.record(row["record_ids"][k])
        excerpt, leads = row["excerpts"][k], row["leads"][k]
        record = record_from_row(stored)
        whole = excerpt["start_s"] <= 0 and excerpt["end_s"] >= record.duration_s - 0.01
        if not whole:
            record = record.excerpt(excerpt["start_s"], excerpt["end_s"])
        measured = json.loads(stored["measurements"]) if stored["measurements"] and whole else None
        measured = (json.loads(row["gold"]) if row["gold"] else {}).get("measurements", measured)
        if leads:
            record = record.select(leads)
            if measured and measured.get("quality"):
                measured = measured | {"quality": {n: f for n, f in measured["quality"].items() if n in record.leads}}
        return record, _with_beats(full_measurements(measured), record) if measured else None

    def _truth(self, row: dict[str, Any], k: int) -> dict[str, Any]:
        stored, excerpt = self.record(row["record_ids"][k]), row["excerpts"][k]
        duration = stored["n_samples"] / stored["sampling_rate"]
        labels = label_vector(stored["findings"], stored["known"])
        short = duration <= 10.5 and excerpt["end_s"] - excerpt["start_s"] > 0.9 * duration
        return {
            "labels": labels if short else np.full_like(labels, -1),
            "events": event_array(stored["events"])
            - np.array([0, excerpt["start_s"], excerpt["start_s"]], dtype=np.float32),
            "known_events": np.array([kind in stored["known_events"] for kind in EVENT_KINDS]),
        }


def _with_beats(measured: dict[str, Any], record: EcgRecord) -> dict[str, Any]:
    """What was measured once and stored without beats gets them now, as evidence needs to know where beats are."""
    if measured["beats"] or measured.get("heart_rate_bpm") is None:
        return measured
    quality = dict.fromkeys(record.leads, "good") | (measured.get("quality") or {})
    return measured | {"beats": beats_of(record, quality)}


_RECORD_COLUMNS = (
    "record_id", "source", "leads", "sampling_rate", "n_samples", "uv_per_step", "signal", "age", "sex", "recorded_at",
    "measurements", "findings", "known", "events", "known_events",
)  # fmt: skip


def kinds_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What a mixture may call a conversation: "source:task", "task:type" or "task"; the first that it names counts."""
    kind = json.loads(row["gold"] or "{}").get("type")
    return (f"{row['source']}:{row['task']}", *([f"{row['task']}:{kind}"] if kind else []), row["task"])


class MixtureSampler(Sampler[int]):
    """Seeded draws by weight of kind, without replacement inside a kind until it is used up; resumes at any draw.

    With lengths, rows of like length come together: blocks of eight batches are sorted, then their batches shuffled,
    which spares padding and keeps the mixture of every block.
    """

    def __init__(
        self,
        kinds: Sequence[tuple[str, ...]],
        mixture: dict[str, float],
        draws: int,
        seed: int,
        start: int = 0,
        lengths: Sequence[int] | None = None,
        batch_size: int = 1,
    ):
        self.draws, self.seed, self.start = draws, seed, start
        self.lengths, self.batch_size = lengths, batch_size
        groups: dict[str, list[int]] = {}
        for index, names in enumerate(kinds):
            match = next((name for name in names if name in mixture), None) if mixture else "all"
            if match is not None:
                groups.setdefault(match, []).append(index)
        if not groups:
            raise ValueError(f"the mixture {mixture} matches no row; the rows are of {sorted(set(kinds))}.")
        self.groups = list(groups.values())
        weights = np.array([mixture.get(name, 1.0) for name in groups])
        self.weights = weights / weights.sum()

    def __len__(self) -> int:
        return self.draws - self.start

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng(self.seed)
        choices = rng.choice(len(self.groups), size=self.draws, p=self.weights)
        streams = [self._endless(group, np.random.default_rng([self.seed, k])) for k, group in enumerate(self.groups)]
        drawn = np.array([next(streams[choice]) for choice in choices])
        if self.lengths is not None:
            drawn = self._grouped(drawn, np.asarray(self.lengths)[drawn], rng)
        yield from drawn[self.start :].tolist()

    def _grouped(self, drawn: np.ndarray, lengths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        block = 8 * self.batch_size
        whole = len(drawn) // block * block
        blocks = []
        for first in range(0, whole, block):
            order = first + np.argsort(lengths[first : first + block], kind="stable")
            blocks.append(drawn[rng.permutation(order.reshape(8, self.batch_size)).ravel()])
        return np.concatenate([*blocks, drawn[whole:]])

    @staticmethod
    def _endless(group: list[int], rng: np.random.Generator) -> Iterator[int]:
        while True:
            yield from np.array(group)[rng.permutation(len(group))].tolist()
