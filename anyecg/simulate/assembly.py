"""From a drawn patient to a record with its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..leads import LIMB_LEADS
from ..record import EcgRecord
from .activity import Beats
from .atria import add_atrial_activity
from .chaos import add_ventricular_chaos
from .dipole import SOURCE_LEADS, Torso, render
from .episodes import find_episodes
from .morphology import Heart, draw_heart
from .noise import add_noise
from .pacing import add_spikes
from .patient import Patient
from .person import Person
from .rhythm import draw_beats
from .truth import (
    find_beats,
    find_disturbances,
    find_events,
    find_findings,
    find_measurements,
    find_waves,
    repolarisation_stretch,
)


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
    disturbances: list[dict[str, Any]] = field(default_factory=list)
    """Heavy ones: {"kind": "motion", "electrode loss" or "saturation", "start_s", "end_s", "leads"}."""
    patient: dict[str, Any] = field(default_factory=dict)
    """Facts about the person (`person.Person`) and the conditions drawn, as plain values."""
    changes: dict[str, Any] | None = None
    """Against the visit before: {"reason", "days", "new", "resolved", "unchanged"} (SCP codes); None at the first."""


@dataclass(frozen=True)
class Shape:
    """What a record looks like from outside."""

    sampling_rate: float
    duration_s: float
    leads: tuple[str, ...]


def assemble(
    patient: Patient,
    person: Person,
    torso: Torso,
    streams: Sequence[np.random.Generator],
    shape: Shape,
    *,
    name: str,
    seed: tuple[int, int],
    recorded_at: str | None = None,
) -> Simulated:
    """Let this heart beat for a while and record it.

    Args:
        streams: five generators for the heart (`draw_heart`), one for its timing and one for disturbances.
    """
    *of_heart, timing, disturbing = streams
    heart = draw_heart(patient, torso, of_heart)
    beats = draw_beats(patient, shape.duration_s, timing)
    stretch = repolarisation_stretch(patient, heart, beats)
    sources = _needed_sources(shape.leads)
    rows = [SOURCE_LEADS.index(source) for source in sources]
    signal = _draw_signal(heart, beats, stretch, rows, shape.sampling_rate, shape.duration_s, timing)
    spells = add_noise(signal, rows, shape.sampling_rate, disturbing)
    waves = find_waves(heart, beats, stretch, shape.duration_s)
    seen = find_beats(heart, beats, shape.duration_s)
    episodes = find_episodes(patient, beats, seen, shape.duration_s)
    return Simulated(
        record=EcgRecord(
            _to_leads(signal, sources, shape.leads), shape.leads, shape.sampling_rate, name, patient.age, patient.sex,
            recorded_at,
        ),
        findings=find_findings(patient, heart, beats, seen, shape.duration_s),
        beats=seen,
        waves=waves,
        events=find_events(patient, waves, seen, beats, episodes, spells, shape.leads, shape.duration_s),
        measurements=find_measurements(patient, heart, beats, seen, waves),
        seed=seed,
        episodes=episodes,
        spikes=[
            {"time_s": round(at, 4), "chamber": chamber, "captured": captured}
            for at, chamber, captured in beats.spikes
            if 0 <= at < shape.duration_s
        ],
        disturbances=find_disturbances(spells, shape.leads),
        patient=vars(person) | {"conditions": [patient.rhythm, *patient.codes]},
    )  # fmt: skip


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
    for suffix in sorted(set(beats.shape.tolist())):
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
    for name in sorted(set(beats.p_shape.tolist())):
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
    render(
        out,
        qrs.wave,
        matrices["QRS"][rows],
        onset,
        np.ones(len(onset)),
        gain,
        sampling_rate,
        heart.near["QRS" + suffix][rows],
    )
    render(
        out,
        st_t.wave,
        matrices["T"][rows],
        onset + qrs.end_ms / 1000,
        stretch,
        gain,
        sampling_rate,
        heart.near["T" + suffix][rows],
    )
