"""Simulated ECGs whose truth is known: one dipole per wave, seen by any leads, with every wave, beat and finding.

from anyecg.simulate import simulate, simulate_visits
for ecg in simulate(3, seed=1):
    print(ecg.record.duration_s, ecg.findings, ecg.measurements)
for first, second in simulate_visits(3, 2, seed=1):
    print(second.changes)
signals, truths = simulate_batch(range(64), device="cuda")
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence

from ..leads import STANDARD_LEADS, canonical_lead
from .assembly import Case, Plan, Shape, Simulated, Truth, plan_records
from .episodes import EPISODE_KINDS
from .patient import CONDITIONS, check_conditions, draw_patient, draw_state
from .person import draw_person
from .spells import RecordedNoise
from .torso import LEADS, draw_torso
from .visits import draw_visits

if TYPE_CHECKING:
    import torch

__all__ = [
    "CONDITIONS", "EPISODE_KINDS", "LEADS", "RecordedNoise", "Simulated", "Truth", "simulate", "simulate_batch",
    "simulate_visits",
]  # fmt: skip

MIN_DURATION_S, MAX_DURATION_S = 1.0, 86_400.0
MOST_VISITS = 12
LONGEST_IN_BATCH_S = 120.0
# Records planned and drawn together.
_MOST_TOGETHER, _TOGETHER_S = 32, 320.0


def simulate(
    n: int,
    *,
    seed: int,
    sampling_rate: float = 500.0,
    duration_s: float = 10.0,
    leads: Sequence[str] = STANDARD_LEADS,
    conditions: Sequence[str] | None = None,
    noise: RecordedNoise | None = None,
) -> Iterator[Simulated]:
    """Simulate ECGs; record k of a seed is the same whatever n is.

    Args:
        n: how many.
        seed: not negative; the same seed and arguments give the same bytes.
        sampling_rate: Hz; waves are drawn for 100 Hz and more.
        duration_s: length of each record.
        leads: standard, Frank (VX, VY, VZ), back (V7-V9), right (V3R-V6R) or modified leads, in any order.
        conditions: each record shows exactly one of these (drawn evenly), None for the usual mixture; what is too small
            in a record to be read there is not among its findings (`visible`).
        noise: recorded noise to lay over every record, beside what is simulated; it stands in `disturbances`.

    Raises:
        ValueError: for a lead, condition, rate or length that cannot be simulated.
    """
    shape = _checked(leads, sampling_rate, duration_s, seed, noise)
    check_conditions(conditions)
    return _simulated(n, seed, shape, conditions)


def simulate_batch(
    seeds: Sequence[int],
    *,
    device: str | torch.device = "cpu",
    sampling_rate: float = 500.0,
    duration_s: float = 10.0,
    leads: Sequence[str] = STANDARD_LEADS,
    conditions: Sequence[str] | None = None,
    noise: RecordedNoise | None = None,
) -> tuple[torch.Tensor, list[Truth]]:
    """Simulate ECGs and draw their signals together with torch.

    The ECG of a seed is the first that `simulate` gives for it, noise included; rounding differs (below 1e-4 mV). What
    is drawn at random is drawn on the CPU, about as long as NumPy needs for the whole; the signals are made on
    `device`.

    Args:
        seeds: one per ECG, not negative.
        device: where the tensor is made, "cpu", "cuda" and so on.
        duration_s: at most 120.
        sampling_rate, leads, conditions, noise: as in `simulate`.

    Returns:
        Signals in mV, (batch, n_leads, n_samples) float32, on `device`; and what is true of each.

    Raises:
        ValueError: for no seed, or a lead, condition, rate or length that cannot be simulated.
    """
    if not len(seeds):
        raise ValueError("there are no seeds; give one per ECG, such as range(64).")
    if duration_s > LONGEST_IN_BATCH_S:
        raise ValueError(
            f"cannot simulate batches of {duration_s:g} s; choose up to {LONGEST_IN_BATCH_S:g} s, or use simulate."
        )
    shape = _checked(leads, sampling_rate, duration_s, min(seeds), noise)
    check_conditions(conditions)
    from .batch import draw_batch  # torch only when needed

    plans = plan_all([(int(seed), 0) for seed in seeds], shape, conditions)
    return draw_batch(plans, device), [plan.truth() for plan in plans]


def simulate_visits(
    n_patients: int,
    visits: int,
    *,
    seed: int,
    sampling_rate: float = 500.0,
    duration_s: float = 10.0,
    leads: Sequence[str] = STANDARD_LEADS,
) -> Iterator[list[Simulated]]:
    """Simulate patients who come several times; between visits one thing happens, or nothing.

    The heart and the chest stay the same; age, rate, intervals and electrodes vary as they do from day to day.
    `Simulated.changes` says what happened and which statements are new, resolved or unchanged.

    Args:
        n_patients: how many; patient k of a seed is the same whatever their number is.
        visits: of each patient, 1 to 12.
        seed, sampling_rate, duration_s, leads: as in `simulate`.

    Raises:
        ValueError: for a lead, rate, length or number of visits that cannot be simulated.
    """
    shape = _checked(leads, sampling_rate, duration_s, seed)
    if not 1 <= visits <= MOST_VISITS:
        raise ValueError(f"cannot simulate {visits} visits of a patient; choose 1 to {MOST_VISITS}.")
    return (draw_visits((seed, k), visits, shape) for k in range(n_patients))


def _checked(
    wanted: Sequence[str], sampling_rate: float, duration_s: float, seed: int, noise: RecordedNoise | None = None
) -> Shape:
    leads = tuple(canonical_lead(lead) for lead in wanted)
    unknown = [lead for lead in leads if lead not in LEADS]
    if unknown or not leads:
        raise ValueError(
            f"cannot simulate lead {', '.join(map(repr, unknown)) or '(none)'}; choose from {', '.join(LEADS)}."
        )
    if not 50 <= sampling_rate <= 4000:
        raise ValueError(f"cannot simulate at {sampling_rate:g} Hz; choose 50 to 4000 Hz.")
    if not MIN_DURATION_S <= duration_s <= MAX_DURATION_S:
        raise ValueError(f"cannot simulate {duration_s:g} s; choose {MIN_DURATION_S:g} to {MAX_DURATION_S:g} s.")
    if seed < 0:
        raise ValueError(f"the seed is {seed}; it must not be negative.")
    return Shape(sampling_rate, duration_s, leads, noise)


class _Words(ISeedSequence):
    """The state of one generator, drawn before."""

    def __init__(self, words: np.ndarray) -> None:
        self.words = words

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> np.ndarray:
        return self.words


def _streams(seed: tuple[int, int]) -> list[np.random.Generator]:
    """Four independent generators; drawing their states at once takes a quarter of the time of four seeds."""
    words = np.random.SeedSequence((seed[0] << 64) + seed[1]).generate_state(16, np.uint64)
    seeds: list[Any] = [_Words(four) for four in words.reshape(4, 4)]
    return [np.random.Generator(np.random.PCG64(four)) for four in seeds]


def plan_all(seeds: Sequence[tuple[int, int]], shape: Shape, conditions: Sequence[str] | None) -> list[Plan]:
    """Plan the records that these pairs of numbers stand for."""
    # Separate streams, so that the heart is the same at any rate, in any leads.
    streams = [_streams(seed) for seed in seeds]
    patients = [draw_patient(draw_state(body, conditions), body) for body, *_ in streams]
    torsos = [draw_torso(body) for body, *_ in streams]
    cases = [
        Case(
            patient, draw_person(patient, torso, private), torso, (*[body] * 5, timing, disturbing),
            f"simulated-{seed[0]}-{seed[1]}", seed,
        )
        for patient, torso, (body, timing, disturbing, private), seed in zip(
            patients, torsos, streams, seeds, strict=True
        )
    ]  # fmt: skip
    return plan_records(cases, shape)


def _simulated(n: int, seed: int, shape: Shape, conditions: Sequence[str] | None) -> Iterator[Simulated]:
    """Make records in groups that grow, so that who wants one does not wait for many."""
    most = max(1, min(_MOST_TOGETHER, int(_TOGETHER_S / shape.duration_s)))
    first, together = 0, 1
    while first < n:
        last = min(first + together, n)
        plans = plan_all([(seed, k) for k in range(first, last)], shape, conditions)
        yield from [plan.simulated() for plan in plans]
        first, together = last, min(2 * together, most)
