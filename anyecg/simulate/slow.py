"""Slow and absent ventricular rhythms: junctional, idioventricular, asystole."""

from __future__ import annotations

import numpy as np

from .activity import Activity
from .patient import Patient
from .sinus import sinus_times


def _regular(rate_bpm: float, start: float, end: float, spread: float, rng: np.random.Generator) -> list[float]:
    cycle = 60 / rate_bpm
    n = int((end - start) / cycle * 1.3) + 3
    times = start + rng.random() * cycle + np.cumsum(cycle * np.clip(rng.normal(1, spread, n), 0.85, 1.15)) - cycle
    return [float(at) for at in times[times < end]]


def junctional(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """The AV junction paces: the usual QRS, its P wave hidden in it."""
    out = Activity()
    for at in _regular(patient.rate_bpm, start, end, 0.008, rng):
        out.beat(at)
        out.p_wave(at + 0.02, "P R")
    return out


def idioventricular(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """A ventricle paces, wide; faster than 50 per minute it is called accelerated."""
    out = Activity()
    for at in _regular(patient.rate_bpm, start, end, 0.015, rng):
        out.beat(at, "V", shape=" E")
    return out


def asystole(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """No ventricular beat; in half, P waves go on (ventricular standstill)."""
    out = Activity()
    if rng.random() < 0.5:
        for at in sinus_times(patient, start, end, rng).tolist():
            if at < end:
                out.p_wave(at)
    return out
