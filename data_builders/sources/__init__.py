"""One module per database. Each has `plan(...)`, which lists records without reading them, and `load(entries)`.

What a source hands over is a record with what is known of it (`Labelled`); turning that into rows is `build.py`,
turning it into questions and answers is `questions/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from anyecg.record import EcgRecord

from .catalogue import CATALOGUE, SOURCES


class SourceError(ValueError):
    """A directory that does not hold the database it should; the message says what is missing."""


@dataclass(frozen=True)
class Entry:
    """A record that a source can load, before it is read."""

    record_id: str
    patient_id: str
    split: str
    details: Mapping[str, Any] = field(default_factory=dict)
    """What the source needs to load it."""


@dataclass(frozen=True)
class Labelled:
    """A record with what its database says about it."""

    entry: Entry
    record: EcgRecord
    findings: tuple[str, ...] = ()
    """Statement codes and "super:…", "sub:…" classes that hold."""
    known: tuple[str, ...] = ()
    """The label groups in which absence means no (`anyecg.conversation.LABEL_GROUPS`)."""
    events: tuple[Mapping[str, Any], ...] = ()
    known_events: tuple[str, ...] = ()
    note: str = ""
    truth: str = "database labels"
    """Where findings and events come from, for the provenance of answers."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else is known, by name: "noise" (kind → leads), "stages" of infarction, "axis", "reason" of a visit …"""


@dataclass(frozen=True)
class Plan:
    """All records of a source that will be built, and those left out, with the reason."""

    entries: Sequence[Entry]
    left_out: Mapping[str, str] = field(default_factory=dict)
    shard_records: int = 512
    """Records per Parquet file; fewer where records are long, so that memory stays bounded."""
    batch_records: int = 1
    """Entries that one call of `load` takes; a record that cannot be read drops its batch."""


class Source(Protocol):
    """What lists and reads the records of one database: a module, or an object of a module that reads several."""

    def plan(self, directory: Path | None, **options: Any) -> Plan: ...

    def load(self, entries: Sequence[Entry]) -> Iterator[Labelled]: ...


def module_of(source: str) -> Source:
    """What reads a source.

    Raises:
        ValueError: for an unknown name; the sentence lists the known ones.
    """
    if source not in CATALOGUE:
        raise ValueError(f"unknown source {source!r}; known sources are {', '.join(SOURCES)}.")
    module: Any = import_module(f".{CATALOGUE[source].module}", __package__)
    databases = getattr(module, "DATABASES", {})
    return databases.get(source, module)


def require_directory(directory: Path | None, database: str, *needed: str) -> Path:
    """Check that a directory holds the files that make it this database.

    Raises:
        SourceError: if no directory was given or a file is missing.
    """
    if directory is None:
        raise SourceError(f"{database} is read from a directory; say which one with --directory.")
    missing = [name for name in needed if not (directory / name).exists()]
    if not directory.is_dir() or missing:
        raise SourceError(f"{directory} does not hold {database}: {', '.join(missing) or 'the directory'} not found.")
    return directory
