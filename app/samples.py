"""Sample recordings with a question each, made by the simulator with fixed seeds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from anyecg.record import EcgRecord
from anyecg.simulate import simulate


@dataclass(frozen=True)
class Sample:
    """One button of the page."""

    label: str
    question: str
    seed: int
    conditions: tuple[str, ...]
    leads: tuple[str, ...] | None = None
    """None means the twelve standard leads."""
    duration_s: float = 10.0


SAMPLES = (
    Sample("Normal sinus rhythm", "Write a report for this ECG.", 11, ("NORM",)),
    Sample("Atrial fibrillation", "Is the rhythm regular or irregular?", 12, ("AFIB",)),
    Sample("Premature beats", "Where are the premature ventricular contractions?", 48, ("PVC",)),
    Sample("Inferior infarction", "What does this ECG show?", 22, ("IMI",)),
    Sample("Left bundle branch block", "Is there a conduction disturbance, and which?", 15, ("CLBBB",)),
    Sample("Two leads, 30 s", "Locate the premature ventricular contractions.", 16, ("PVC",), ("II", "V1"), 30.0),
)


@lru_cache(maxsize=len(SAMPLES))
def make_sample(sample: Sample) -> EcgRecord:
    """The recording of a sample: the same bytes every time."""
    options: dict[str, Any] = {"leads": sample.leads} if sample.leads else {}
    made = next(
        iter(simulate(1, seed=sample.seed, conditions=sample.conditions, duration_s=sample.duration_s, **options))
    )
    return replace(made.record, name=f"simulated, {sample.label.lower()}")
