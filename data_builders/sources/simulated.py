"""ECGs of the simulator: three quarters 12-lead, 10 s, 500 Hz; the others two leads, 10-30 s, as a monitor or Holter.

Each record has a seed of its own; the splits are ranges of seeds, so that no split can meet another's record.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyecg.conversation import LABEL_GROUPS, SPLITS
from anyecg.findings import subclasses_of, superclasses_of
from anyecg.leads import STANDARD_LEADS

from . import Entry, Labelled, Plan

if TYPE_CHECKING:
    from anyecg.simulate import Simulated

_OF_SERIES, _MOST_VISITS = 0.2, 6  # of the records: visits of patients who come several times
_HELD_OUT = 0.1  # of the records, in each of valid and test
_RANGE = 10_000_000  # seeds per split
_PAIRS = (("I", "II"), ("MLII", "MV5"), ("MLII", "V1"), ("II", "V1"), ("II", "V5"), ("MLII", "MV1"))
_SHORT_RATES = (100.0, 125.0, 200.0, 250.0, 360.0, 500.0)
# The simulator marks 0.1 s before and after an R peak; real beats are marked like this (before, after).
_AROUND_R_S = {"premature ventricular contraction": (0.12, 0.28)}
_USUAL_S, _MARKED_S = (0.1, 0.2), 0.1
_KNOWN_EVENTS = (
    "P wave", "QRS complex", "T wave", "normal beat", "premature atrial contraction",
    "premature ventricular contraction", "left bundle branch block beat", "right bundle branch block beat",
    "paced beat",
    "atrial fibrillation", "atrial flutter", "noise",
)  # fmt: skip
_EPISODES = (
    "ventricular tachycardia", "ventricular fibrillation", "asystole", "supraventricular tachycardia",
    "atrial tachycardia", "junctional rhythm", "idioventricular rhythm", "pause", "third-degree AV block",
)  # fmt: skip
_NAMES = {
    "second-degree AV block (Mobitz 1)": "second-degree AV block of Mobitz type I",
    "second-degree AV block (Mobitz 2)": "second-degree AV block of Mobitz type II",
    "2:1 AV block": "2:1 AV block", "pause": "sinus pause",
}  # fmt: skip
_FAST_ESCAPE_BPM = 50
"""An idioventricular rhythm above this is accelerated."""
_COLUMNS = ("kind", "start_s", "end_s")


def plan(directory: Path | None, *, count: int = 1000, seed: int = 0) -> Plan:
    """List `count` records; `seed` chooses other ones."""
    held_out = round(count * _HELD_OUT) or min(1, (count - 1) // 2)
    numbers = {"train": count - 2 * held_out, "valid": held_out, "test": held_out}
    entries = []
    for split in SPLITS:
        first = (SPLITS.index(split) + len(SPLITS) * seed) * _RANGE
        for k in range(numbers[split] - round(_OF_SERIES * numbers[split])):
            name = f"simulated/{first + k:010d}"
            entries.append(Entry(name, name, split, {"seed": first + k}))
        entries += _series(split, first + _RANGE // 2, round(_OF_SERIES * numbers[split]))
    return Plan(entries, batch_records=_MOST_VISITS)


def _series(split: str, first: int, number: int) -> list[Entry]:
    """Patients with two to six dated visits, `number` records in all."""
    entries: list[Entry] = []
    for k in range(number):
        seed, visits = first + k, random.Random(f"visits:{first + k}").randint(2, _MOST_VISITS)
        visits = min(visits, number - len(entries))
        patient = f"simulated/{seed:010d}"
        entries += [
            Entry(f"{patient}-{visit + 1}", patient, split, {"seed": seed, "visit": visit, "visits": visits})
            for visit in range(visits)
        ]
        if len(entries) == number:
            break
    return entries


def load(entries: Sequence[Entry]) -> Iterator[Labelled]:
    """Simulate the records; all that can be said of them is known."""
    for entry in entries:
        ecg = _ecg(**entry.details)
        classes = [f"super:{name}" for name in superclasses_of(ecg.findings)]
        classes += [f"sub:{name}" for name in subclasses_of(ecg.findings)]
        events = _as_in_real_records([*ecg.events, *_episodes(ecg)], ecg.record.duration_s)
        yield Labelled(
            entry, ecg.record, (*ecg.findings, *classes), LABEL_GROUPS, events, (*_KNOWN_EVENTS, *_EPISODES),
            truth="simulator ground truth", facts=_facts(ecg, entry.details.get("visit")),
        )  # fmt: skip


def _facts(ecg: Simulated, visit: int | None) -> dict[str, Any]:
    """Rhythms by their usual names; of a visit, its number, potassium and why the ECG differs from the one before."""
    rhythms = [{**e, "name": name} for e in ecg.episodes if (name := _rhythm_name(e, ecg))]
    failed = [spike["time_s"] for spike in ecg.spikes if not spike["captured"]]
    if failed:
        span = {"start_s": max(failed[0] - 0.05, 0.0), "end_s": min(failed[-1] + 0.5, ecg.record.duration_s)}
        rhythms.append({"name": "failure of the pacemaker to capture", **span})
    if visit is None:
        return {"rhythms": rhythms}
    reason = ecg.changes["reason"] if ecg.changes else ""
    return {"rhythms": rhythms, "visit": visit, "potassium": ecg.patient["potassium_mmol_l"], "reason": reason}


def _rhythm_name(episode: dict[str, Any], ecg: Simulated) -> str | None:
    kind = episode["kind"]
    if kind == "ventricular tachycardia":
        return f"{episode.get('form', 'monomorphic')} {kind}"
    if kind == "idioventricular rhythm":
        beats = sum(episode["start_s"] <= beat["time_s"] <= episode["end_s"] for beat in ecg.beats)
        fast = beats * 60 > _FAST_ESCAPE_BPM * (episode["end_s"] - episode["start_s"])
        return f"accelerated {kind}" if fast else kind
    return _NAMES.get(kind, kind if kind in _EPISODES else None)


def _episodes(ecg: Simulated) -> list[dict[str, Any]]:
    """Episodes that questions know by name, beside the events."""
    return [{"leads": [], **{k: e[k] for k in _COLUMNS}} for e in ecg.episodes if e["kind"] in _EPISODES]


@lru_cache(maxsize=1)
def _visits(seed: int, visits: int) -> list[Simulated]:
    from anyecg.simulate import simulate_visits

    return next(simulate_visits(1, visits, seed=seed))


def _ecg(seed: int, visit: int | None = None, visits: int = 1) -> Simulated:
    """One record, or one visit of a patient, who is simulated once for all visits."""
    from anyecg.simulate import simulate

    return next(simulate(1, seed=seed, **_shape(seed))) if visit is None else _visits(seed, visits)[visit]


def _as_in_real_records(events: Sequence[dict[str, Any]], duration_s: float) -> tuple[dict[str, Any], ...]:
    """Give beats the extent that sources with annotated R peaks give them."""
    widened = []
    for event in events:
        if event["kind"].endswith(("beat", "contraction")):
            before, after = _AROUND_R_S.get(event["kind"], _USUAL_S)
            start, end = event["start_s"] + _MARKED_S - before, event["end_s"] - _MARKED_S + after
            event = {**event, "start_s": round(max(start, 0.0), 4), "end_s": round(min(end, duration_s), 4)}
        widened.append(event)
    return tuple(widened)


def _shape(seed: int) -> dict[str, Any]:
    rng = random.Random(f"shape:{seed}")
    if rng.random() < 0.75:
        return {"leads": STANDARD_LEADS, "duration_s": 10.0, "sampling_rate": 500.0}
    duration = float(rng.choice((10, 15, 20, 30)))
    return {"leads": rng.choice(_PAIRS), "duration_s": duration, "sampling_rate": rng.choice(_SHORT_RATES)}
