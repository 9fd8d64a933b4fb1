"""Mixes the tasks: how many conversations a record gets, which records are compared, and the rows they become."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from anyecg.conversation import stored_measurements
from anyecg.record import EcgRecord

from ..shards import Shard
from ..sources import Labelled
from . import comparison, followup, localization, measurement, pair, question, report, series
from .localization import LOCALIZABLE
from .styles import styled
from .view import LONG_S, Dialogue, Measurer, View, visible

# Conversations per record (per 30 s of a long one) that are tried; a task without truth in a record gives none.
WEIGHTS = {"report": 0.9, "localization": 0.9, "measurement": 0.5, "question": 1.7, "comparison": 0.4}
_FOLLOWED = 0.15  # of what can be followed; again of what was followed
_IN_GRAMMAR = 0.35  # of the groups of ECGs, asked in the ECG-QA grammar rather than for a comparison
_MOST_TURNS = 4
_SHOWN_S = (10.0, 10.0, 15.0, 20.0, 30.0)


class Conversations:
    """Collects the conversations of one shard, record by record; the same seed gives the same ones."""

    def __init__(self, tasks: Sequence[str], seed: int, shard: Shard, weights: Mapping[str, float] = WEIGHTS):
        self.rows: list[dict[str, Any]] = []
        self._tasks, self._weights, self._shard = tasks, weights, shard
        self._rng = random.Random(f"{seed}:{shard.name}")
        self._yes: Counter[str] = Counter()
        self._shown: Counter[str] = Counter()
        self._related: Counter[str] = Counter()
        self._placed: Counter[str] = Counter()
        self._seen: list[View] = []

    def add(self, labelled: Labelled, measurements: Mapping[str, Any] | None, measurer: Measurer | None) -> None:
        """Ask about one record."""
        view = view_of(labelled, measurements, measurer)
        repeats = view.record.duration_s / LONG_S if view.is_long else 1.0
        for task in self._tasks:
            if task == "comparison":
                continue
            for _ in range(self._number(task, repeats)):
                self._keep(self._followed(self._ask(task, view)))
        if not view.is_long:
            self._seen.append(replace(view, record=_without_samples(view.record)))

    def compare(self) -> None:
        """Ask about several of the records at once; called when the shard's records are all there."""
        if "comparison" not in self._tasks:
            return
        for views in self._groups():
            if len(views) > 2 and views[0].patient_id == views[1].patient_id:
                self._keep(self._styled(series.ask(views, self._rng)))
                self._keep(self._styled(series.follow(views, self._rng, self._shown)))
                continue
            grammar = "question" in self._tasks and self._rng.random() < _IN_GRAMMAR
            asked = pair.ask(views, self._rng, self._related) if grammar else None
            self._keep(self._styled(asked or comparison.ask(views, self._rng, self._shown)))

    def _styled(self, dialogue: Dialogue | None) -> Dialogue | None:
        return None if dialogue is None else styled(dialogue, self._rng)

    def _number(self, task: str, repeats: float) -> int:
        wanted = self._weights[task] * repeats
        return int(wanted) + (self._rng.random() < wanted % 1)

    def _ask(self, task: str, view: View) -> Dialogue | None:
        rng = self._rng
        if task == "localization":
            return localization.ask(view, rng, self._placed)
        if view.is_long:
            view = self._excerpt(view)
        if task == "question":
            return question.ask(view, rng, self._yes)
        return {"report": report, "measurement": measurement}[task].ask(view, rng)

    def _excerpt(self, view: View) -> View:
        """Some seconds of a long record; half the time around something that is not a normal beat."""
        duration = self._rng.choice(_SHOWN_S)
        last = view.record.duration_s - duration
        start = self._rng.uniform(0, last)
        kinds = sorted({event["kind"] for event in view.events} & set(LOCALIZABLE) - {"noise"})
        if kinds and self._rng.random() < 0.5:
            event = self._rng.choice(view.events_of(self._rng.choice(kinds)))
            start = min(max(event["start_s"] - self._rng.uniform(0, duration - 1), 0), last)
        start = round(start, 1)
        return view.cut(start, start + duration)

    def _followed(self, first: Dialogue | None) -> Dialogue | None:
        """Some conversations go on with questions that refer back; the gold answer is that of the last."""
        first = self._styled(first)
        if first is None or len(first.turns) >= _MOST_TURNS or self._rng.random() >= _FOLLOWED:
            return first
        then = followup.ask(first, self._rng)
        if then is None or then.task not in self._tasks:
            return first
        return self._followed(then)

    def _groups(self) -> Iterator[tuple[View, ...]]:
        """ECGs of one patient in pairs and courses, and groups of two or three of different patients."""
        wanted = round(self._weights["comparison"] * len(self._seen))
        pairs = _of_same_patient(self._seen)
        self._rng.shuffle(pairs)
        yield from pairs[:wanted]
        yield from _courses(self._seen)
        if len({view.patient_id for view in self._seen}) < 3:
            return
        for _ in range(wanted - len(pairs[:wanted])):
            group = self._rng.sample(self._seen, 2 if self._rng.random() < 0.75 else 3)
            if len({view.patient_id for view in group}) == len(group):
                yield tuple(group)

    def _keep(self, dialogue: Dialogue | None) -> None:
        if dialogue is not None:
            self.rows.append(_row(dialogue, self._shard, len(self.rows)))


def view_of(labelled: Labelled, measurements: Mapping[str, Any] | None, measurer: Measurer | None) -> View:
    """A whole record as conversations see it."""
    entry, record = labelled.entry, labelled.record
    findings, known = visible(frozenset(labelled.findings), frozenset(labelled.known), record.leads)
    return View(
        entry.record_id, entry.patient_id, entry.split, record, start_s=0.0, end_s=record.duration_s, leads=(),
        findings=findings, known=known, events=tuple(labelled.events),
        known_events=frozenset(labelled.known_events), truth=labelled.truth, stored_measurements=measurements,
        measurer=measurer, facts=labelled.facts,
    )  # fmt: skip


def _without_samples(record: EcgRecord) -> EcgRecord:
    """The same record with one sample per lead, so that a shard's records can wait for comparison in little memory."""
    return replace(record, signal=np.zeros((len(record.leads), 1), np.float32))


def _of_same_patient(views: Sequence[View]) -> list[tuple[View, ...]]:
    return [pair for ordered in _patients(views) for pair in pairwise(ordered)]


def _courses(views: Sequence[View]) -> list[tuple[View, ...]]:
    """The first ECGs of each patient who has three or more."""
    return [tuple(ordered[: series.MOST]) for ordered in _patients(views) if len(ordered) > 2]


def _patients(views: Sequence[View]) -> list[list[View]]:
    """Each patient's ECGs, earlier first where the dates are known, in the order of ids where they are not."""
    patients: dict[str, list[View]] = {}
    for view in views:
        patients.setdefault(view.patient_id, []).append(view)
    return [sorted(v, key=lambda view: (view.record.recorded_at or "", view.record_id)) for v in patients.values()]


def _row(dialogue: Dialogue, shard: Shard, number: int) -> dict[str, Any]:
    views, turns = dialogue.views, []
    for k, (asked, answered) in enumerate(dialogue.turns):
        turns.append({"role": "user", "text": asked, "ecgs": list(range(len(views))) if k == 0 else []})
        turns.append({"role": "assistant", "text": answered, "ecgs": []})
    gold = dict(dialogue.gold)
    partial = [view for view in views if not view.whole]
    if partial and partial[0].measurements:
        gold["measurements"] = stored_measurements(partial[0].measurements)
    return {
        "conversation_id": f"{shard.name}-{number:06d}", "task": dialogue.task, "source": shard.source,
        "split": shard.split, "record_ids": [view.record_id for view in views],
        "excerpts": [{"start_s": view.start_s, "end_s": view.end_s} for view in views],
        "leads": [list(view.leads) for view in views], "turns": turns, "provenance": list(dialogue.provenance),
        "gold": json.dumps(gold),
    }  # fmt: skip
