"""Simulated ECGs whose truth is known: one dipole per wave, seen by any leads, with every wave, beat and finding.

from anyecg.simulate import simulate
for ecg in simulate(3, seed=1):
    print(ecg.record.duration_s, ecg.findings, ecg.measurements)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..leads import LIMB_LEADS, STANDARD_LEADS, canonical_lead
from ..record import EcgRecord
from .activity import Beats
from .atria import add_atrial_activity
from .chaos import add_ventricular_chaos
from .dipole import LEADS, SOURCE_LEADS, draw_torso, render
from .episodes import EPISODE_KINDS, find_episodes
from .morphology import Heart, draw_heart
from .noise import add_noise
from .pacing import add_spikes
from .patient import CONDITIONS, check_conditions, draw_patient, draw_state
from .rhythm import draw_beats
from .truth import find_beats, find_events, find_findings, find_measurements, find_waves, repolarisation_stretch

__all__ = ["CONDITIONS", "EPISODE_KINDS", "LEADS", "Simulated", "simulate"]

MIN_DURATION_S, MAX_DURATION_S = 1.0, 86_400.0


@dataclass(frozen=True)
class Simulated:
    """An ECG with its truth."""

    record: EcgRecord
    findings: tuple[str, ...]
    """SCP codes that hold; NORM only when nothing else is abnormal; a rhythm where the vocabulary has its name."""
    beats: list[dict[str, Any]]
    """{"time_s": R peak, "kind": "N", "S", "V" or "P" (ventricle paced)}."""
    waves: list[dict[str, Any]]
    """{"kind": "P wave", "QRS complex" or "T wave", "start_s", "peak_s", "end_s"}, global across leads.

    P waves that are not conducted are among them, those that lie in a QRS are not."""
    events: list[dict[str, Any]]
    """{"kind": one of EVENT_KINDS, "start_s", "end_s", "leads"}; an empty list of leads means all."""
    measurements: dict[str, float | None]
    """True heart_rate_bpm, p_ms, pr_ms, qrs_ms, qt_ms, axis_deg; None where there is none."""
    seed: tuple[int, int]
    """(seed, index): what makes this record again."""
    episodes: list[dict[str, Any]] = field(default_factory=list)
    """{"kind": one of EPISODE_KINDS, "start_s", "end_s"}, with "form" or "conduction" where there are several."""
    spikes: list[dict[str, Any]] = field(default_factory=list)
    """Pacemaker pulses: {"time_s", "chamber": "atrium" or "ventricle", "captured"}."""


def simulate(
    n: int,
    *,
    seed: int,
    sampling_rate: float = 500.0,
    duration_s: float = 10.0,
    leads: Sequence[str] = STANDARD_LEADS,
    conditions: Sequence[str] | None = None,
) -> Iterator[Simulated]:
    """Simulate ECGs; record k of a seed is the same whatever n is.

    Args:
        n: how many.
        seed: not negative; the same seed and arguments give the same bytes.
        sampling_rate: Hz; waves are drawn for 100 Hz and more.
        duration_s: length of each record.
        leads: standard, Frank (VX, VY, VZ) or modified leads, in any order.
        conditions: each record shows exactly one of these (drawn evenly); None for the usual mixture.

    Raises:
        ValueError: for a lead, condition, rate or length that cannot be simulated.
    """
    names = tuple(canonical_lead(lead) for lead in leads)
    _check(names, sampling_rate, duration_s, seed)
    check_conditions(conditions)
    return (_simulate_one((seed, k), sampling_rate, duration_s, names, conditions) for k in range(n))


def _check(leads: tuple[str, ...], sampling_rate: float, duration_s: float, seed: int) -> None:
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


def _simulate_one(
    seed: tuple[int, int],
    sampling_rate: float,
    duration_s: float,
    leads: tuple[str, ...],
    conditions: Sequence[str] | None,
) -> Simulated:
    # Separate streams, so that the heart is the same at any rate, in any leads.
    body, timing, disturbing = (np.random.default_rng([*seed, stream]) for stream in range(3))
    patient = draw_patient(draw_state(body, conditions), body)
    torso = draw_torso(body)
    heart = draw_heart(patient, torso, body)
    beats = draw_beats(patient, duration_s, timing)
    stretch = repolarisation_stretch(patient, heart, beats)
    sources = _needed_sources(leads)
    rows = [SOURCE_LEADS.index(name) for name in sources]
    signal = _draw_signal(heart, beats, stretch, rows, sampling_rate, duration_s, timing)
    spells = add_noise(signal, rows, sampling_rate, disturbing)
    waves = find_waves(heart, beats, stretch, duration_s)
    seen = find_beats(heart, beats, duration_s)
    episodes = find_episodes(patient, beats, seen, duration_s)
    return Simulated(
        record=EcgRecord(
            _to_leads(signal, sources, leads),
            leads,
            sampling_rate,
            f"simulated-{seed[0]}-{seed[1]}",
            patient.age,
            patient.sex,
        ),
        findings=find_findings(patient, heart, beats, seen, duration_s),
        beats=seen,
        waves=waves,
        events=find_events(patient, waves, seen, beats, episodes, spells, leads, duration_s),
        measurements=find_measurements(patient, heart, beats, seen, waves),
        seed=seed,
        episodes=episodes,
        spikes=[
            {"time_s": round(at, 4), "chamber": chamber, "captured": captured}
            for at, chamber, captured in beats.spikes
            if 0 <= at < duration_s
        ],
    )


def _needed_sources(leads: tuple[str, ...]) -> tuple[str, ...]:
    """The leads to compute: I and II stand for every limb lead."""
    wanted = {"I", "II"} if any(lead in LIMB_LEADS for lead in leads) else set()
    wanted |= {lead for lead in leads if lead not in LIMB_LEADS}
    return tuple(name for name in SOURCE_LEADS if name in wanted)


def _to_leads(signal: np.ndarray, sources: tuple[str, ...], leads: tuple[str, ...]) -> np.ndarray:
    """Arrange the asked-for leads; limb leads are computed from I and II."""
    out = np.empty((len(leads), signal.shape[1]), dtype=np.float32)
    i, ii = (signal[sources.index(name)] if name in sources else signal[:0] for name in ("I", "II"))
    make = {
        "III": lambda: ii - i, "aVR": lambda: (i + ii) * np.float32(-0.5),
        "aVL": lambda: i - ii * np.float32(0.5), "aVF": lambda: ii - i * np.float32(0.5),
    }  # fmt: skip
    for k, lead in enumerate(leads):
        out[k] = make[lead]() if lead in make else signal[sources.index(lead)]
    return out


def _draw_signal(
    heart: Heart,
    beats: Beats,
    stretch: np.ndarray,
    rows: list[int],
    sampling_rate: float,
    duration_s: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """(n_sources, n_samples) float32, mV, without noise."""
    torso, shapes = heart.torso, heart.shapes
    out = np.zeros((len(rows), round(duration_s * sampling_rate)), dtype=np.float32)
    breath = rng.uniform(0.01, 0.06) * np.sin(2 * np.pi * (rng.uniform(0.18, 0.3) * beats.qrs_s + rng.random()))
    gain = 1 + breath
    for suffix in np.unique(beats.shape).tolist():
        which = beats.shape == suffix
        _draw_beats_of(
            out,
            heart,
            suffix,
            beats.qrs_s[which],
            stretch[which],
            gain[which] * np.cos(beats.twist[which]),
            rows,
            sampling_rate,
        )
        if beats.twist[which].any():
            _draw_beats_of(
                out,
                heart,
                " W",
                beats.qrs_s[which],
                stretch[which],
                gain[which] * np.sin(beats.twist[which]),
                rows,
                sampling_rate,
            )
    for name in np.unique(beats.p_shape).tolist():
        onset = beats.p_s[beats.p_shape == name]
        once = np.ones(len(onset))
        render(out, shapes[name].wave, torso.matrices["P"][rows], onset, once, once, sampling_rate)
    add_atrial_activity(out, beats, torso.matrices["P"][rows], sampling_rate, rng)
    add_ventricular_chaos(out, beats, torso.matrices["QRS"][rows], sampling_rate, rng)
    add_spikes(out, beats, torso.matrices["QRS"][rows], sampling_rate, rng)
    return out


def _draw_beats_of(
    out: np.ndarray,
    heart: Heart,
    suffix: str,
    onset: np.ndarray,
    stretch: np.ndarray,
    gain: np.ndarray,
    rows: list[int],
    sampling_rate: float,
) -> None:
    qrs, st_t = heart.shapes["QRS" + suffix], heart.shapes["T" + suffix]
    matrices = heart.torso.matrices
    render(out, qrs.wave, matrices["QRS"][rows], onset, np.ones(len(onset)), gain, sampling_rate)
    render(out, st_t.wave, matrices["T"][rows], onset + qrs.end_ms / 1000, stretch, gain, sampling_rate)
