"""Three to six dated ECGs of one patient: what came and went, all findings, one alone, or the rate."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from anyecg.findings import CODES

from . import comparison, rhythms
from .balance import verified
from .view import Dialogue, View
from .wording import bare, join, noun, number

MOST = 6
_ASKED = (
    "How has this patient's ECG developed?", "What has changed over time?", "Go through the ECGs in order.",
    "Describe the course over these ECGs.", "What came and went between the recordings?",
    "Tell me for each ECG what is new against the one before.", "Summarise the changes from ECG to ECG.",
    "Follow the findings through these recordings.",
)  # fmt: skip
_OF_ONE = (
    "Follow {x} through the ECGs.", "When did {x} come or go?", "What about {x} over time?", "How did {x} develop?",
    "Was {x} there all the time?", "In which ECG does {x} begin or end?", "Tell me the course of {x}.",
    "Since which ECG, and until which, is there {x}?",
)  # fmt: skip
_OF_RATES = (
    "How did the heart rate change over the ECGs?", "Give me the heart rate of each ECG.", "Follow the heart rate.",
    "What was the rate each time?", "How fast was the heart in each ECG?", "The rates in order, please.",
    "Tell me the course of the heart rate.", "List the heart rate ECG by ECG.",
)  # fmt: skip
_RATES = 0.25  # of the questions on one thing


def ask(views: Sequence[View], rng: random.Random) -> Dialogue | None:
    """The course over ECGs of one patient, earliest first; None where not all findings are known.

    The gold holds one {"new", "resolved", "unchanged"} per ECG after the first.
    """
    if not 3 <= len(views) <= MOST or len({view.patient_id for view in views}) > 1:
        return None
    if not all({"form", "rhythm", "superclass"} <= view.known for view in views):
        return None
    if any(rhythms.unnamed(view) for view in views):
        return None
    labels = [comparison.labels(view, views) for view in views]
    steps = [comparison.difference(before, after) for before, after in pairwise(labels)]
    sentences = [f"ECG 1: {comparison.names(labels[0])}."] if labels[0] else []
    sentences += [f"ECG {k}{_of_date(views[k - 1])}: {_said(step)}." for k, step in enumerate(steps, start=2)]
    gold: dict[str, Any] = {"steps": steps, "same_patient": True}
    truth = " and ".join(sorted({view.truth for view in views}))
    reasons = [reason for pair in pairwise(views) if (reason := comparison.reason_of(pair))]
    truth += f"; simulated: {', then '.join(reasons)}" if reasons else ""
    return Dialogue("comparison", tuple(views), ((rng.choice(_ASKED), " ".join(sentences)),), (truth,), gold)


def follow(views: Sequence[View], rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """The course of one finding, or of the heart rate; None where nothing fair can be asked.

    Args:
        balance: per statement, how often it was there in some of the ECGs minus how often in none; kept near zero.
    """
    if not 3 <= len(views) <= MOST or len({view.patient_id for view in views}) > 1:
        return None
    if rng.random() < _RATES:
        return _of_rates(views, rng)
    judged = [code for code in CODES if code != "NORM" and all(view.has(code) is not None for view in views)]
    there = [code for code in judged if any(view.has(code) for view in views)]
    chosen = verified("course", there, [code for code in judged if code not in there], balance, rng)
    if chosen is None:
        return None
    code = chosen[0]
    answer, gold = _course_of(code, views)
    truth = " and ".join(sorted({view.truth for view in views}))
    turn = (rng.choice(_OF_ONE).format(x=noun(code)), answer)
    return Dialogue("comparison", tuple(views), (turn,), (f"{truth}: {code}",), gold | {"same_patient": True})


def _course_of(code: str, views: Sequence[View]) -> tuple[str, dict[str, Any]]:
    """Where a statement comes and goes, and the gold: its changes, or which ECGs show it where it never changes."""
    shown = [[code] if view.has(code) else [] for view in views]
    having = [k for k, codes in enumerate(shown, start=1) if codes]
    if len(having) in (0, len(views)):
        text = f"All of them show {noun(code)}." if having else f"None of them shows {noun(code)}."
        return text, {"code": code, "answer": having}
    steps = [comparison.difference(before, after) for before, after in pairwise(shown)]
    changed = [(k, step) for k, step in enumerate(steps, start=2) if step["new"] or step["resolved"]]
    parts = [f"ECG 1: {bare(code)}."] if shown[0] else []
    return " ".join([*parts, *(f"ECG {k}: {_said(step)}." for k, step in changed)]), {"steps": steps}


def _of_rates(views: Sequence[View], rng: random.Random) -> Dialogue | None:
    rates = [number(view.measurements, "heart_rate_bpm") for view in views]
    if None in rates or any(rhythms.emergency(view) for view in views):
        return None
    answer = f"Rate {join([f'{rate}/min in ECG {k}' for k, rate in enumerate(rates, start=1)])}."
    gold = {"rates": [int(rate) for rate in rates if rate], "same_patient": True}
    truth = ("rates measured by anyecg.measure",)
    return Dialogue("comparison", tuple(views), ((rng.choice(_OF_RATES), answer),), truth, gold)


def _said(step: dict[str, list[str]]) -> str:
    parts = []
    if step["new"]:
        parts.append(f"new {comparison.names(step['new'])}")
    if step["resolved"]:
        parts.append(f"no longer {comparison.names(step['resolved'], last='or')}")
    return "; ".join(parts) or "unchanged"


def _of_date(view: View) -> str:
    return f" ({view.record.recorded_at[:10]})" if view.record.recorded_at else ""
