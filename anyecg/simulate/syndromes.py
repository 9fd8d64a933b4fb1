"""Syndromes that are seen in ST and T: what each does to T, ST, the J point, the P and the U wave.

Vectors are (x left, y down, z back) in mV, times in ms from the end of the QRS. Patterns after Wagner et al.,
AHA/ACCF/HRS recommendations part IV (2009); Macfarlane et al., early repolarisation (2015); Wilde et al., Brugada
syndrome (2002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .dipole import Wave
from .patient import Patient


@dataclass(frozen=True)
class Syndrome:
    """Changes to the usual ST-T."""

    t: np.ndarray
    st: np.ndarray
    codes: tuple[str, ...]
    further: Wave | None = None
    """Added at the end of the QRS: J wave, coved ST, U wave."""
    t_width: float = 1.0


def syndrome(patient: Patient, t: np.ndarray, st: np.ndarray, j_to_t_end: float, rng: np.random.Generator) -> Syndrome:
    """What the patient's syndrome makes of the usual T vector and ST level, both (3,)."""
    size = rng.uniform(0.8, 1.3)
    match patient.repolarisation:
        case "EARLYREP":
            notch = Wave.of([(-8, 0, 12, 26, (0.11 * size, 0.12 * size, -0.04))])
            return Syndrome(1.35 * t, st + size * np.array([0.10, 0.07, -0.10]), ("STE_",), notch)
        case "PERICARDITIS":
            return Syndrome(0.9 * t, 0.4 * st + size * np.array([0.14, 0.14, -0.12]), ("STE_",))
        case "BRUGADA":
            coved = Wave.of([(6, 10, 26, 190, (-0.20 * size, 0.0, -0.30 * size))])
            inverted = np.array([t[0] + 0.08, t[1], abs(t[2]) * 0.5 + 0.16 * size])
            return Syndrome(inverted, 0.3 * st, ("STE_", "INVT"), coved)
        case "HYPERK":
            tented = t * (0.5 + 0.45 * size) / max(float(np.linalg.norm(t)), 0.2) + np.array([0.0, 0.0, -0.25])
            return Syndrome(tented, 0.3 * st, ("EL",), t_width=0.62)
        case "HYPOK":
            u = 0.6 * t / max(float(np.linalg.norm(t)), 0.1) * 0.30 * size
            wave = Wave.of([(j_to_t_end + 62, 0, 75, 80, (float(u[0]), float(u[1]), float(u[2]) - 0.06))])
            lowered = 0.2 * st - size * np.array([0.07, 0.05, -0.05])
            return Syndrome(0.35 * t, lowered, ("EL", "LOWT", "STD_"), wave)
    return Syndrome(t, st, (), _u_wave(j_to_t_end, size))


def _u_wave(j_to_t_end: float, size: float) -> Wave:
    """The small wave after T, seen best in V2-V4."""
    return Wave.of([(j_to_t_end + 45, 0, 90, 130, (0.010 * size, 0.008 * size, -0.034 * size))])


def after_p(patient: Patient, wave: Wave, p_end_ms: float) -> Wave:
    """What follows the P wave, from its onset: recovery of the atria, against P; in pericarditis PR is depressed."""
    mean = wave.area() / (p_end_ms * 0.5)
    x, y, z = (-0.16 * mean).tolist()
    recovery = Wave.of([(p_end_ms + 30, 0, 95, 210, (x, y, z))])
    if patient.repolarisation != "PERICARDITIS":
        return recovery
    return recovery.joined(Wave.of([(p_end_ms - 20, 70, 30, 40, (-0.05, -0.06, 0.02))]))
