"""Parquet files of a build: which records go where, written under a temporary name and renamed when whole."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyecg.conversation import SPLITS, conversation_schema, record_schema

from .sources import Entry

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Shard:
    """The records of one Parquet file."""

    source: str
    split: str
    number: int
    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        return f"{self.source}-{self.split}-{self.number:05d}"

    def records_path(self, out: Path) -> Path:
        return out / "records" / f"{self.name}.parquet"

    def conversations_path(self, out: Path) -> Path:
        return out / "conversations" / f"{self.name}.parquet"


def cut_shards(source: str, entries: Sequence[Entry], seed: int, limit: int | None, size: int) -> list[Shard]:
    """Group entries by split and patient, patients in a random order, and cut them into shards of `size` records.

    A limit is shared among the splits in proportion.
    """
    shards = []
    for split, quota in _quotas([entry.split for entry in entries], limit).items():
        ordered = _by_patient([entry for entry in entries if entry.split == split], seed)[:quota]
        for number, start in enumerate(range(0, len(ordered), size)):
            shards.append(Shard(source, split, number, tuple(ordered[start : start + size])))
    return shards


def _quotas(splits: Sequence[str], limit: int | None) -> dict[str, int]:
    """Records per split: all, or `limit` in proportion, at least one of each split while that is possible."""
    numbers = {split: splits.count(split) for split in SPLITS}
    if limit is None or limit >= len(splits):
        return numbers
    quotas = {split: min(number, max(1, limit * number // len(splits))) for split, number in numbers.items()}
    largest = max(numbers, key=lambda split: numbers[split])
    quotas[largest] += limit - sum(quotas.values())
    return {split: max(0, quota) for split, quota in quotas.items()}


def _by_patient(entries: list[Entry], seed: int) -> list[Entry]:
    patients: dict[str, list[Entry]] = {}
    for entry in entries:
        patients.setdefault(entry.patient_id, []).append(entry)
    order = sorted(patients)
    random.Random(f"shards:{seed}").shuffle(order)
    return [entry for patient in order for entry in patients[patient]]


def is_complete(shard: Shard, out: Path) -> bool:
    """The records file is renamed last, so its presence says that the shard is whole."""
    return shard.records_path(out).exists()


def write_shard(shard: Shard, out: Path, rows: list[dict[str, Any]], conversations: list[dict[str, Any]]) -> None:
    """Write both tables of a shard; the conversations file is left out when there are none."""
    if conversations:
        write_table(shard.conversations_path(out), conversations, conversation_schema())
    write_table(shard.records_path(out), rows, record_schema())


def write_table(path: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    """Write a Parquet file under a temporary name and rename it when it is whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), temporary, compression="zstd", row_group_size=128)
    os.replace(temporary, path)


def clean_up(out: Path, source: str) -> None:
    """Remove what a killed build left half-written."""
    for temporary in out.glob(f"*/.{source}-*.tmp"):
        temporary.unlink()


def read_column(out: Path, table: str, column: str) -> Iterator[Any]:
    """The values of one column."""
    return (row[column] for row in read_table(out, table, (column,)))


def read_table(out: Path, table: str, columns: Sequence[str] | None = None) -> Iterator[Mapping[str, Any]]:
    """The rows of a table ("records" or "conversations") of a build, shard by shard."""
    import pyarrow.parquet as pq

    for path in sorted((out / table).glob("*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches(batch_size=64, columns=list(columns) if columns else None):
            yield from batch.to_pylist()
