"""Builds one source into a directory: plans, checks the splits, writes shard after shard, and resumes after a kill."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from zlib import crc32

from anyecg.conversation import TASKS, as_stored, record_row, stored_measurements
from anyecg.record import EcgRecord, RecordError

from .card import write_card
from .checks import read_rejected, why_not_a_conversation, why_not_a_record, write_rejected
from .derived import with_derived
from .questions.make import WEIGHTS, Conversations
from .questions.view import LONG_S
from .shards import Shard, clean_up, cut_shards, is_complete, write_shard
from .sources import Entry, Labelled, Plan, Source, module_of
from .splits import settle_splits, split_of_patients

logger = logging.getLogger(__name__)
_TICK_S = 0.5
_counter: Any = None  # of a process that builds shards, given when it starts


class BuildError(ValueError):
    """A build that cannot be done as asked; the message says why and the way out."""


@dataclass(frozen=True)
class Options:
    """What is built, and how."""

    source: str
    out: Path
    directory: Path | None = None
    """Where the database lies; the simulator needs none."""
    count: int = 1000
    """Records that the simulator makes."""
    seed: int = 0
    tasks: tuple[str, ...] = TASKS
    limit: int | None = None
    """At most so many records, shared among the splits in proportion."""
    measure: bool = True
    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    """Conversations per task and record."""
    processes: int = 1
    """Shards built at the same time; what is built does not depend on it."""

    def __post_init__(self) -> None:
        unknown = [task for task in self.tasks if task not in TASKS]
        if unknown:
            raise BuildError(f"unknown task {', '.join(unknown)}; known tasks are {', '.join(TASKS)}, or none.")
        for name, value in (("count", self.count), ("limit", self.limit), ("processes", self.processes)):
            if value is not None and value < 1:
                raise BuildError(f"{name} is {value}; it must be at least 1.")


@dataclass
class Summary:
    """What a build did."""

    records: int = 0
    conversations: int = 0
    records_there_already: int = 0
    seconds: float = 0.0
    left_out: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    """Rows that failed a check, by record or conversation; they also stand in OUT/rejected/SOURCE.jsonl."""


def build(options: Options, on_progress: Callable[[int, int], None] = lambda done, total: None) -> Summary:
    """Build what is not built yet.

    Args:
        options: what to build.
        on_progress: called with (records done, records in all), every few records of every process.

    Raises:
        BuildError: if the directory holds a build of this source with other options.
        SplitError: if a patient would sit in two splits.
        SourceError: if the source's directory is not what it should be.
    """
    started, module = time.monotonic(), module_of(options.source)
    plan: Plan = module.plan(options.directory, count=options.count, seed=options.seed)
    splits = split_of_patients(plan.entries)
    options.out.mkdir(parents=True, exist_ok=True)
    _settle_options(options, plan)
    settle_splits(options.out / "splits.json", splits)
    clean_up(options.out, options.source)
    summary = Summary(left_out=dict(plan.left_out))
    _log_left_out(plan.left_out)
    _build_shards(options, plan, summary, on_progress)
    write_card(options.out)
    summary.seconds = time.monotonic() - started
    return summary


def _build_shards(
    options: Options,
    plan: Plan,
    summary: Summary,
    on_progress: Callable[[int, int], None],
) -> None:
    shards = cut_shards(options.source, plan.entries, options.seed, options.limit, plan.shard_records)
    total = sum(len(shard.entries) for shard in shards)
    waiting = [shard for shard in shards if not is_complete(shard, options.out)]
    done = summary.records_there_already = total - sum(len(shard.entries) for shard in waiting)
    on_progress(done, total)

    def add(more: int) -> None:
        nonlocal done
        done += more
        on_progress(done, total)

    for built in _built(options, plan.batch_records, waiting, add):
        summary.records += built.records
        summary.conversations += built.conversations
        summary.left_out |= built.left_out
    summary.rejected = read_rejected(options.out, options.source)


def _built(options: Options, batch: int, shards: Sequence[Shard], on_more: Callable[[int], None]) -> Iterator[Summary]:
    """Build shards, in this process or in several; they come as they are finished."""
    if options.processes == 1 or len(shards) < 2:
        yield from (build_shard(options, batch, shard, on_more) for shard in shards)
        return
    # Fresh processes: a fork of one that has used torch or Arrow threads can hang.
    context = multiprocessing.get_context("spawn")
    counter, counted = context.Value("q", 0), 0
    processes = min(options.processes, len(shards))
    with ProcessPoolExecutor(processes, context, initializer=_start_worker, initargs=(counter,)) as pool:
        waiting = {pool.submit(build_shard, options, batch, shard, _count) for shard in shards}
        try:
            while waiting:
                finished, waiting = wait(waiting, timeout=_TICK_S, return_when=FIRST_COMPLETED)
                more = counter.value - counted
                counted += more
                on_more(more)
                yield from (future.result() for future in finished)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _start_worker(counter: Any) -> None:
    """One thread each, as processes share the cores already; a counter of records that all of them know."""
    global _counter
    _counter = counter
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def _count(more: int) -> None:
    with _counter.get_lock():
        _counter.value += more


def build_shard(
    options: Options, batch: int, shard: Shard, on_more: Callable[[int], None] = lambda more: None
) -> Summary:
    """Build and write one shard: the same bytes in any process, at any time.

    Args:
        batch: how many entries the source reads at once.
        on_more: called after each batch with the number of its entries.
    """
    summary, rows, rejected = Summary(), list[dict[str, Any]](), dict[str, str]()
    asked = Conversations(options.tasks, options.seed, shard, options.weights)
    loaded = _load(module_of(options.source), shard.entries, batch, summary.left_out, on_more)
    for labelled in map(with_derived, loaded):
        reason = why_not_a_record(labelled.record)
        if reason:
            rejected[labelled.entry.record_id] = reason
            continue
        labelled = replace(labelled, record=as_stored(labelled.record))
        measurements = _measure(labelled.record) if options.measure and not is_long(labelled) else None
        rows.append(_row(options.source, labelled, measurements))
        asked.add(labelled, measurements, _measure if options.measure else None)
    asked.compare()
    measured = {row["record_id"]: row["measurements"] for row in rows}
    conversations = []
    for row in asked.rows:
        reason = why_not_a_conversation(row, measured)
        if reason:
            rejected[row["conversation_id"]] = reason
        else:
            conversations.append(row)
    write_rejected(options.out, shard, rejected)
    write_shard(shard, options.out, rows, conversations)
    summary.records, summary.conversations = len(rows), len(conversations)
    return summary


def _load(
    module: Source, entries: Sequence[Entry], size: int, left_out: dict[str, str], on_more: Callable[[int], None]
) -> Iterator[Labelled]:
    for start in range(0, len(entries), size):
        batch = entries[start : start + size]
        try:
            yield from module.load(batch)
        except RecordError as error:
            left_out |= {entry.record_id: str(error) for entry in batch}
            logger.warning("left out %s: %s", ", ".join(entry.record_id for entry in batch), error)
        on_more(len(batch))


def _measure(record: EcgRecord) -> dict[str, Any]:
    from anyecg.measure import measure

    return stored_measurements(measure(record).to_dict())


def is_long(labelled: Labelled) -> bool:
    """Longer records are measured per excerpt, when a conversation shows one."""
    return labelled.record.duration_s > LONG_S


def _row(source: str, labelled: Labelled, measurements: Mapping[str, Any] | None) -> dict[str, Any]:
    entry = labelled.entry
    return record_row(
        labelled.record, record_id=entry.record_id, source=source, patient_id=entry.patient_id, split=entry.split,
        findings=labelled.findings, known=labelled.known, events=labelled.events, known_events=labelled.known_events,
        measurements=measurements, note=labelled.note,
    )  # fmt: skip


def _settle_options(options: Options, plan: Plan) -> None:
    """Store what was asked for, so that a resumed build cannot mix two kinds of rows."""
    path = options.out / "builds" / f"{options.source}.json"
    not_asked = ("out", "directory", "processes")
    asked = {k: v for k, v in asdict(options).items() if k not in not_asked} | {"tasks": list(options.tasks)}
    # Other records would be cut into other shards.
    asked["records"] = f"{len(plan.entries)}-{crc32(' '.join(e.record_id for e in plan.entries).encode()):08x}"
    if path.exists():
        stored = json.loads(path.read_text())
        differing = [f"{k} was {stored.get(k)!r}, now {v!r}" for k, v in asked.items() if stored.get(k) != v]
        if differing:
            raise BuildError(
                f"{options.out} holds a build of {options.source} with other options ({'; '.join(differing)}); "
                "choose another --out, or remove that build."
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(asked, indent=1) + "\n")
    os.replace(temporary, path)


def _log_left_out(left_out: Mapping[str, str]) -> None:
    reasons: dict[str, list[str]] = {}
    for record_id, reason in left_out.items():
        reasons.setdefault(reason, []).append(record_id)
    for reason, ids in reasons.items():
        shown = ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
        logger.warning("left out %s: %s", shown, reason)
