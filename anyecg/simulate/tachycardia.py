"""Fast rhythms of atria, AV junction and ventricles."""

from __future__ import annotations

import numpy as np

from .activity import Activity
from .patient import Patient
from .sinus import sinus_times


def fibrillation(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """Irregularly irregular: cycles without memory, no shorter than the AV node allows."""
    mean = 60 / patient.rate_bpm
    n = int((end - start) / mean * 1.6) + 6
    floor = max(0.31, 0.6 * mean)
    shape = rng.uniform(2.5, 5.0)
    cycles = floor + (mean - floor) * rng.gamma(shape, 1 / shape, n)
    times = start + np.cumsum(cycles)
    times = times[times < end]
    kinds = np.full(len(times), "N")
    if patient.ectopy == "PVC" and len(times) > 3:
        gaps = np.diff(times)
        late = np.flatnonzero(gaps > 0.55)
        inside = late[(times[late + 1] > 1) & (times[late + 1] < end - 2)]
        for k in inside[rng.random(len(inside)) < max(0.08, 1 / max(len(inside), 1))]:
            kinds[k + 1] = "V"
            times[k + 1] = times[k] + max(0.36, 0.62 * gaps[k])
    out = Activity()
    for at, kind in zip(times.tolist(), kinds.tolist(), strict=True):
        out.beat(at, kind, shape=" V" if kind == "V" else "")
    return out


def flutter(
    patient: Patient, start: float, end: float, rng: np.random.Generator, flutter_s: float
) -> tuple[Activity, str]:
    """The AV node lets every second, third or fourth flutter wave through; also says the ratio."""
    wanted = 60 / patient.rate_bpm / flutter_s
    n = int((end - start) / flutter_s / 2) + 3
    ratio = int(np.clip(round(wanted), 2, 4))
    fixed = rng.random() < 0.6
    steps = np.full(n, ratio) if fixed else rng.choice([2, 3, 4], n, p=[0.45, 0.15, 0.40])
    times = start + 0.12 + np.cumsum(steps) * flutter_s + rng.normal(0, 0.004, n)
    out = Activity()
    for at in times[times < end].tolist():
        out.beat(at)
    return out, f"{ratio}:1" if fixed else "variable"


def _clockwork(cycle: float, start: float, end: float, spread: float, rng: np.random.Generator) -> list[float]:
    times = start + rng.random() * cycle + np.arange(int((end - start) / cycle)) * cycle
    return [float(at) for at in times + rng.normal(0, spread, len(times))]


def reentry(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """Fast, clockwork-regular, no P wave to be seen."""
    out = Activity()
    for at in _clockwork(60 / patient.rate_bpm, start, end, 0.002, rng):
        out.beat(at)
    return out


def nodal_reentry(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """AVNRT, slow-fast: the retrograde P wave lies in the end of the QRS (pseudo r' in V1, pseudo S in II)."""
    out, delay = Activity(), rng.uniform(0.45, 0.75) * patient.qrs_ms / 1000
    for at in _clockwork(60 / patient.arrhythmia_bpm, start, end, 0.002, rng):
        out.beat(at)
        out.p_wave(at + delay, "P R")
    return out


def bypass_reentry(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """Orthodromic AVRT: the retrograde P wave follows the QRS, RP shorter than PR."""
    cycle = 60 / patient.arrhythmia_bpm
    out, delay = Activity(), patient.qrs_ms / 1000 + float(np.clip(rng.normal(0.045, 0.012), 0.025, 0.07))
    for at in _clockwork(cycle, start, end, 0.002, rng):
        out.beat(at)
        out.p_wave(at + delay, "P R")
    return out


def atrial_tachycardia(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """A focus in the atria, conducted 1:1 or, when it is very fast, 2:1."""
    cycle = 60 / patient.arrhythmia_bpm
    every = 2 if patient.arrhythmia_bpm > 178 else 1
    pr = float(np.clip(patient.pr_ms / 1000 - 0.02, 0.1, 0.72 * cycle * every))
    out = Activity(pr_ms=1000 * pr)
    for k, at in enumerate(_clockwork(cycle, start, end, 0.003, rng)):
        out.p_wave(at, "P S")
        if k % every == 0:
            out.beat(at + pr)
    return out


def ventricular_tachycardia(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """One wide shape, nearly regular; in most the sinus node goes on by itself."""
    out = Activity()
    for at in _clockwork(60 / patient.arrhythmia_bpm, start, end, 0.005, rng):
        out.beat(at, "V", shape=" V")
    if rng.random() < 0.6:
        for at in sinus_times(patient, start, end, rng).tolist():
            if at < end:
                out.p_wave(at)
    return out


def polymorphic_tachycardia(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """The QRS twists around the baseline within 5 to 12 beats, its rate wavers."""
    cycle, turn = 60 / patient.arrhythmia_bpm, np.pi / rng.uniform(5, 12)
    out, at, twist = Activity(), start, rng.uniform(0, np.pi)
    while at < end:
        out.beat(at, "V", shape=" V", twist=twist)
        twist += turn * rng.uniform(0.6, 1.4)
        at += cycle * float(np.clip(rng.normal(1, 0.07), 0.8, 1.25))
    return out


def ventricular_fibrillation(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """No beats at all; the waves are drawn by `ventricular_chaos`."""
    return Activity()
