"""One patient, several visits: the same heart and chest, and one thing that happened in between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from .assembly import Case, Shape, Simulated, plan_records
from .patient import Patient, compatible, draw_patient, usual_state
from .person import draw_person
from .torso import Torso, draw_torso, moved

_AT_FIRST = (
    ("", 0.5), ("hypertrophy=LVH", 0.1), ("conduction=IRBBB", 0.06), ("conduction=LAFB", 0.06),
    ("conduction=CRBBB", 0.05), ("infarct=IMI", 0.06), ("av=1AVB", 0.05), ("rhythm=AFIB", 0.06),
    ("repolarisation=NDT", 0.06),
)  # fmt: skip
_INFARCTS = ("IMI", "ASMI", "AMI", "ALMI", "LMI", "ILMI", "PMI")
_USUAL_GAP_DAYS, _SHORT_GAP_DAYS = (30, 900), (2, 45)


@dataclass(frozen=True)
class _Step:
    """Something that may happen between two visits."""

    weight: float
    reason: str
    change: tuple[tuple[str, str], ...] = ()
    gap_days: tuple[int, int] = _USUAL_GAP_DAYS
    misplaced: float = 1.0


def _steps(state: dict[str, str], rng: np.random.Generator) -> list[_Step]:
    """What may happen to a patient in this state; what ends an acute disorder comes soon and often."""
    steps = [
        _Step(2.0, "no change"),
        _Step(1.0, "no change; the electrodes lie differently", misplaced=2.5),
        _Step(1.5, "new infarction", (("infarct", str(rng.choice(_INFARCTS))), ("stage", "acute"))),
        _Step(0.7, "low potassium", (("repolarisation", "HYPOK"),)),
        _Step(0.5, "high potassium", (("repolarisation", "HYPERK"),)),
        _Step(0.8, "a drug that prolongs QT was started", (("repolarisation", "LNGQT"),)),
        _Step(0.6, "digoxin was started", (("repolarisation", "DIG"),)),
        _Step(1.0, "new left bundle branch block", (("conduction", "CLBBB"),)),
        _Step(0.5, "new right bundle branch block", (("conduction", "CRBBB"),)),
        _Step(1.2, "atrial fibrillation has begun", (("rhythm", "AFIB"),)),
        _Step(0.5, "complete AV block", (("av", "3AVB"),)),
        _Step(0.4, "pulmonary embolism", (("hypertrophy", "PE"),)),
        _Step(0.6, "years of high blood pressure", (("hypertrophy", "LVH"),), (900, 3000)),
        _Step(0.5, "ventricular extrasystoles have appeared", (("ectopy", "PVC"),)),
    ]
    fits = [step for step in steps if _fits(state, step)]
    return fits + _ends(state)


def _ends(state: dict[str, str]) -> list[_Step]:
    """What brings a disorder to its next stage or to an end."""
    steps: list[_Step] = []
    if state.get("stage") == "acute":
        steps.append(_Step(12, "the infarction is some days old", (("stage", "recent"),), (2, 14)))
    elif state.get("stage") == "recent":
        steps.append(_Step(8, "the infarction has healed", (("stage", "old"),), (60, 700)))
    cured = {
        "HYPOK": "potassium was corrected", "HYPERK": "potassium was corrected",
        "LNGQT": "the drug that prolonged QT was stopped", "DIG": "digoxin was stopped",
    }  # fmt: skip
    if state["repolarisation"] in cured:
        steps.append(_Step(12, cured[state["repolarisation"]], (("repolarisation", ""),), _SHORT_GAP_DAYS))
    if state["rhythm"] == "AFIB":
        steps.append(_Step(6, "cardioversion", (("rhythm", "SR"),), _SHORT_GAP_DAYS))
    if state["av"] == "3AVB" and state["rhythm"] == "SR":
        steps.append(_Step(20, "a pacemaker was implanted", (("rhythm", "PACE-AV"),), (1, 20)))
    if state["hypertrophy"] == "PE":
        steps.append(_Step(15, "the pulmonary embolism was treated", (("hypertrophy", ""),), _SHORT_GAP_DAYS))
    if state["ectopy"] == "PVC":
        steps.append(_Step(3, "the extrasystoles have ceased", (("ectopy", ""),)))
    return steps


def _fits(state: dict[str, str], step: _Step) -> bool:
    """Whether a step adds something to an axis that is free and can be seen beside the rest."""
    if any(state.get(axis) not in (None, "", "SR", "old") for axis, _ in step.change):
        return False
    after = compatible(state | dict(step.change))
    kept = [axis for axis in state if axis not in dict(step.change) and axis != "stage"]
    return all(after.get(axis) == value for axis, value in step.change) and all(
        after[axis] == compatible(state)[axis] for axis in kept
    )


def draw_visits(seed: tuple[int, int], visits: int, shape: Shape) -> list[Simulated]:
    """Draw all visits of one patient, in order of time."""
    story = np.random.default_rng([*seed, 10])
    torso = draw_torso(np.random.default_rng([*seed, 11]))
    state, age = _at_first(story)
    day = date(1998, 1, 1) + timedelta(days=int(story.integers(0, 2500)))
    made: list[Simulated] = []
    born = day - timedelta(days=round(365.25 * age))
    for visit in range(visits):
        step = _Step(1, "first visit")
        if visit:
            choices = _steps(state, story)
            weights = np.array([choice.weight for choice in choices])
            step = choices[int(story.choice(len(choices), p=weights / weights.sum()))]
            gap = int(np.exp(story.uniform(*np.log(step.gap_days))))
            state, day = state | dict(step.change), day + timedelta(days=gap)
        ecg = _visit(seed, visit, state, float((day - born).days // 365.25), torso, step.misplaced, shape, day)
        made.append(_with_changes(ecg, made[-1], step.reason) if made else ecg)
    return made


def _at_first(story: np.random.Generator) -> tuple[dict[str, str], float]:
    names, shares = zip(*_AT_FIRST, strict=True)
    axis, _, value = str(story.choice(names, p=np.array(shares) / sum(shares))).partition("=")
    state = usual_state() | ({axis: value} if axis else {}) | {"stage": "old"}
    return state, float(np.clip(round(story.normal(63, 13)), 25, 88))


def _visit(
    seed: tuple[int, int],
    visit: int,
    state: dict[str, str],
    age: float,
    torso: Torso,
    misplaced: float,
    shape: Shape,
    day: date,
) -> Simulated:
    now = np.random.default_rng([*seed, 20, visit])
    placed = moved(torso, misplaced, now)
    # The same draws as at every visit, but for what is new.
    patient = _today(draw_patient(compatible(state), np.random.default_rng([*seed, 12]), age), now)
    person = draw_person(patient, torso, np.random.default_rng([*seed, 13]))
    heart = [np.random.default_rng([*seed, 14, part]) for part in range(5)]
    streams = (*heart, now, np.random.default_rng([*seed, 21, visit]))
    name = f"simulated-{seed[0]}-{seed[1]}-visit-{visit + 1}"
    case = Case(patient, person, placed, streams, name, seed, day.isoformat())
    return plan_records([case], shape)[0].simulated()


_WITHIN = {"SR": (60, 99), "SBRAD": (38, 59), "STACH": (101, 160)}


def _today(patient: Patient, rng: np.random.Generator) -> Patient:
    """Rate, intervals and axis vary from day to day (Schijvenaars et al. 2008)."""
    rate, p, pr, qrs, qtc, axis = rng.standard_normal(6).tolist()
    low, high = _WITHIN.get(patient.rhythm, (30, 240))
    pr_ms = patient.pr_ms + 4 * pr
    if (patient.pr_ms > 200) != (pr_ms > 200):
        pr_ms = patient.pr_ms
    return replace(
        patient,
        rate_bpm=float(np.clip(patient.rate_bpm * np.exp(0.07 * rate), low, high)),
        p_ms=min(patient.p_ms + 2.5 * p, pr_ms - 8), pr_ms=pr_ms, qrs_ms=patient.qrs_ms + 1.5 * qrs,
        qtc_ms=patient.qtc_ms + 6 * qtc, axis_deg=patient.axis_deg + 3 * axis,
    )  # fmt: skip


def _with_changes(ecg: Simulated, before: Simulated, reason: str) -> Simulated:
    then, now = set(before.findings), set(ecg.findings)
    days = (date.fromisoformat(str(ecg.record.recorded_at)) - date.fromisoformat(str(before.record.recorded_at))).days
    return replace(ecg, changes={
        "reason": reason, "days": days,
        "new": [code for code in ecg.findings if code not in then],
        "resolved": [code for code in before.findings if code not in now],
        "unchanged": [code for code in ecg.findings if code in then],
    })  # fmt: skip
