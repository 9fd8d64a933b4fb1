"""From a drawn patient to a record with its truth: the plan is made here, `drawing` makes the signal of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from ..leads import LIMB_LEADS
from ..record import EcgRecord
from .activity import Beats
from .atria import add_atrial_activity
from .chaos import add_ventricular_chaos
from .device import draw_device
from .drawing import Drawing, draw
from .episodes import find_episodes
from .morphology import Heart, draw_hearts
from .noise import add_noise
from .pacing import add_spikes
from .patient import Patient
from .person import Person
from .rhythm import draw_beats
from .spells import Disturbance, RecordedNoise, add_recorded
from .torso import SOURCE_LEADS, Torso
from .truth import (
    find_beats,
    find_disturbances,
    find_events,
    find_findings,
    find_measurements,
    find_waves,
    repolarisation_stretch,
)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """All that is known of a simulated ECG."""

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
    """Heavy ones: {"kind": "motion", "electrode loss" or "saturation", "start_s", "end_s", "leads"}; and "recorded
    noise" with "record" (its name), "snr_db" and "rms_mv" (over the leads drawn)."""
    device: dict[str, Any] = field(default_factory=dict)
    """The recorder: "high_pass_hz", "low_pass_hz", "notch_hz" (None without), "gain" (mean over its channels)."""
    patient: dict[str, Any] = field(default_factory=dict)
    """Facts about the person (`person.Person`) and the conditions drawn, as plain values."""
    changes: dict[str, Any] | None = None
    """Against the visit before: {"reason", "days", "new", "resolved", "unchanged"} (SCP codes); None at the first."""


@dataclass(frozen=True, kw_only=True)
class Simulated(Truth):
    """An ECG with its truth."""

    record: EcgRecord


@dataclass(frozen=True)
class Shape:
    """What a record looks like from outside."""

    sampling_rate: float
    duration_s: float
    leads: tuple[str, ...]
    noise: RecordedNoise | None = None


@dataclass(frozen=True)
class Layout:
    """Which rows are drawn, and how the recorded leads follow from them."""

    rows: list[int]
    """Places in SOURCE_LEADS."""
    to_leads: np.ndarray
    """(n_leads, n_rows) float32."""


@dataclass(frozen=True)
class Plan:
    """A record before its signal is drawn."""

    drawing: Drawing
    layout: Layout
    shape: Shape
    facts: dict[str, Any]
    """The fields of `Truth`."""
    about: dict[str, Any]
    """Name, age, sex and date of the record."""

    def record(self, signal: np.ndarray) -> EcgRecord:
        """The record of this plan with this signal (n_leads, n_samples)."""
        return EcgRecord(signal, self.shape.leads, self.shape.sampling_rate, **self.about)

    def truth(self) -> Truth:
        return Truth(**self.facts)

    def simulated(self) -> Simulated:
        """Draw the signal with NumPy."""
        return Simulated(record=self.record(self.layout.to_leads @ draw(self.drawing)), **self.facts)


@dataclass(frozen=True)
class Case:
    """Whose record is to be planned."""

    patient: Patient
    person: Person
    torso: Torso
    streams: Sequence[np.random.Generator]
    """Five generators for the heart (`draw_hearts`), one for its timing and one for disturbances."""
    name: str
    seed: tuple[int, int]
    recorded_at: str | None = None


def plan_records(cases: Sequence[Case], shape: Shape) -> list[Plan]:
    """Let these hearts beat for a while and say how they are recorded.

    Step by step for all: a processor runs the same step of many records faster than all steps of one, by a third.
    """
    layout = _layout(shape.leads)
    rows = layout.rows
    patients = [case.patient for case in cases]
    hearts = draw_hearts(patients, [case.torso for case in cases], [case.streams[:-2] for case in cases])
    beats = [draw_beats(case.patient, shape.duration_s, case.streams[-2]) for case in cases]
    stretches = [repolarisation_stretch(*each) for each in zip(patients, hearts, beats, strict=True)]
    drawings = [_empty_drawing(shape, len(rows), case.streams[-1]) for case in cases]
    for case, drawing, heart, of_heart, stretch in zip(cases, drawings, hearts, beats, stretches, strict=True):
        _add_heart(drawing, heart, of_heart, stretch, rows, case.streams[-2])
    spells = [add_noise(drawing, rows, case.streams[-1]) for drawing, case in zip(drawings, cases, strict=True)]
    if shape.noise is not None:
        for case, drawing, heart, more in zip(cases, drawings, hearts, spells, strict=True):
            more.append(add_recorded(drawing, rows, shape.noise, heart.qrs_size()[rows], case.streams[-1]))
    facts = [_find_facts(*each, shape) for each in zip(cases, hearts, beats, stretches, spells, strict=True)]
    return [
        Plan(drawing, layout, shape, found | {"device": drawing.device.facts()}, _about(case))
        for case, drawing, found in zip(cases, drawings, facts, strict=True)
    ]


def _empty_drawing(shape: Shape, n_rows: int, rng: np.random.Generator) -> Drawing:
    samples = round(shape.duration_s * shape.sampling_rate)
    return Drawing(samples, shape.sampling_rate, n_rows, draw_device(n_rows, rng))


def _about(case: Case) -> dict[str, Any]:
    patient = case.patient
    return {"name": case.name, "age": patient.age, "sex": patient.sex, "recorded_at": case.recorded_at}


def _find_facts(
    case: Case, heart: Heart, beats: Beats, stretch: np.ndarray, spells: list[Disturbance], shape: Shape
) -> dict[str, Any]:
    patient = case.patient
    waves = find_waves(heart, beats, stretch, shape.duration_s)
    seen = find_beats(heart, beats, shape.duration_s)
    episodes = find_episodes(patient, beats, seen, shape.duration_s)
    return {
        "findings": find_findings(patient, heart, beats, seen, shape.duration_s),
        "beats": seen,
        "waves": waves,
        "events": find_events(patient, waves, seen, beats, episodes, spells, shape.leads, shape.duration_s),
        "measurements": find_measurements(heart, beats, stretch, seen, waves),
        "episodes": episodes,
        "spikes": [
            {"time_s": round(at, 4), "chamber": chamber, "captured": captured}
            for at, chamber, captured in beats.spikes
            if 0 <= at < shape.duration_s
        ],
        "disturbances": find_disturbances(spells, shape.leads),
        "patient": vars(case.person) | {"conditions": [patient.rhythm, *patient.codes]},
        "seed": case.seed,
    }


_LIMB_IN_I_II = {"I": (1, 0), "II": (0, 1), "III": (-1, 1), "aVR": (-0.5, -0.5), "aVL": (1, -0.5), "aVF": (-0.5, 1)}


@lru_cache(maxsize=64)
def _layout(leads: tuple[str, ...]) -> Layout:
    """The rows to draw for these leads: I and II stand for every limb lead."""
    wanted = {"I", "II"} if any(lead in LIMB_LEADS for lead in leads) else set()
    wanted |= {lead for lead in leads if lead not in LIMB_LEADS}
    sources = tuple(name for name in SOURCE_LEADS if name in wanted)
    matrix = np.zeros((len(leads), len(sources)), dtype=np.float32)
    for row, lead in zip(matrix, leads, strict=True):
        if lead in _LIMB_IN_I_II:
            row[[sources.index("I"), sources.index("II")]] = _LIMB_IN_I_II[lead]
        else:
            row[sources.index(lead)] = 1
    return Layout([SOURCE_LEADS.index(source) for source in sources], matrix)


def _add_heart(
    drawing: Drawing, heart: Heart, beats: Beats, stretch: np.ndarray, rows: list[int], rng: np.random.Generator
) -> None:
    as_p, as_qrs = heart.torso.matrices["P"][rows], heart.torso.matrices["QRS"][rows]
    gain = _breathing_gain(beats.qrs_s, rng)[rows]
    suffixes = beats.shape.tolist()
    for suffix in sorted(set(suffixes)):
        which = np.array([shape == suffix for shape in suffixes])
        of_them = (beats.qrs_s[which], stretch[which], gain[:, which])
        if not beats.twist[which].any():
            _add_beats(drawing, heart, suffix, rows, *of_them)
            continue
        onset, factor, size = of_them
        twist = beats.twist[which]
        _add_beats(drawing, heart, suffix, rows, onset, factor, size * np.cos(twist))
        _add_beats(drawing, heart, " W", rows, onset, factor, size * np.sin(twist))
    names = beats.p_shape.tolist()
    for name in sorted(set(names)):
        onset = beats.p_s[[own == name for own in names]]
        wave = heart.shapes[name].wave
        size = np.exp(0.06 * rng.standard_normal(len(onset)))
        drawing.add_copies(wave, heart.seen[name][rows], onset, None, np.broadcast_to(size, (len(rows), len(size))))
    add_atrial_activity(drawing, beats, as_p, rng)
    add_ventricular_chaos(drawing, beats, as_qrs, rng)
    add_spikes(drawing, beats, as_qrs, rng)


# How leads' beats vary together (PTB-XL: correlations of the sizes of sinus beats among I, II, V1-V6): the heart
# swings in the frontal plane, so that I and V1 grow as II and V4-V6 shrink.
_VARY_ALIKE = np.array([
    [1.0, -0.60, 0.60, 0.50, 0.0, -0.40, -0.45, -0.35], [-0.60, 1.0, -0.15, -0.15, 0.25, 0.55, 0.65, 0.68],
    [0.60, -0.15, 1.0, 0.62, 0.20, -0.20, -0.25, -0.20], [0.50, -0.15, 0.62, 1.0, 0.58, 0.05, -0.10, -0.05],
    [0.0, 0.25, 0.20, 0.58, 1.0, 0.75, 0.50, 0.35], [-0.40, 0.55, -0.20, 0.05, 0.75, 1.0, 0.94, 0.80],
    [-0.45, 0.65, -0.25, -0.10, 0.50, 0.94, 1.0, 0.95], [-0.35, 0.68, -0.20, -0.05, 0.35, 0.80, 0.95, 1.0],
])  # fmt: skip
_SWING = np.zeros((len(SOURCE_LEADS), len(SOURCE_LEADS)))
_SWING[:8, :8] = np.linalg.cholesky(_VARY_ALIKE + 0.03 * np.eye(8)) * [[1.25], [0.9], [1.3], [1.15], [1], [1], [1], [1]]
_SWING[8:, 8:] = np.eye(len(SOURCE_LEADS) - 8)


def _breathing_gain(at_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n_source_leads, n_beats) factor on each beat: the heart moves with breathing, and a little by itself."""
    size, rate, phase = 0.034 * rng.lognormal(0.0, 0.5), rng.uniform(0.18, 0.3), rng.random()
    ways = _SWING @ rng.standard_normal((len(SOURCE_LEADS), 2))
    breath = np.sqrt(1.4) * np.sin(2 * np.pi * (rate * at_s + phase))
    courses = np.stack((breath, 0.55 * rng.standard_normal(len(at_s))))
    return np.asarray(1 + size * (ways @ courses) + 0.003 * rng.standard_normal((len(SOURCE_LEADS), len(at_s))))


def _add_beats(
    drawing: Drawing, heart: Heart, suffix: str, rows: list[int], onset: np.ndarray, stretch: np.ndarray,
    gain: np.ndarray,
) -> None:  # fmt: skip
    qrs, st_t = heart.shapes["QRS" + suffix], heart.shapes["T" + suffix]
    drawing.add_copies(qrs.wave, heart.seen["QRS" + suffix][rows], onset, None, gain)
    drawing.add_copies(st_t.wave, heart.seen["T" + suffix][rows], onset + qrs.end_ms / 1000, stretch, gain)
