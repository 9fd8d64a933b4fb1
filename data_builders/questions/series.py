"""Three to six dated ECGs of one patient: what came and went from each to the next."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from . import comparison, rhythms
from .view import Dialogue, View

MOST = 6
_ASKED = (
    "How has this patient's ECG developed?", "What has changed over time?", "Go through the ECGs in order.",
    "Describe the course over these ECGs.", "What came and went between the recordings?",
    "Tell me for each ECG what is new against the one before.", "Summarise the changes from ECG to ECG.",
    "Follow the findings through these recordings.",
)  # fmt: skip


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


def _said(step: dict[str, list[str]]) -> str:
    parts = []
    if step["new"]:
        parts.append(f"new {comparison.names(step['new'])}")
    if step["resolved"]:
        parts.append(f"no longer {comparison.names(step['resolved'], last='or')}")
    return "; ".join(parts) or "unchanged"


def _of_date(view: View) -> str:
    return f" ({view.record.recorded_at[:10]})" if view.record.recorded_at else ""
