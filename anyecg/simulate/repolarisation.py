"""Repolarisation: the T loop, the ST level, and the statements that their changes earn."""

from __future__ import annotations

import math

import numpy as np

from .dipole import Wave, rotation_matrix
from .patient import Patient
from .syndromes import syndrome
from .territory import TERRITORY


def t_loop(vector: np.ndarray, rng: np.random.Generator, width: float = 1.0) -> Wave:
    """Slow rise, faster fall; forward first, then to the left. Origin: end of QRS, T end near 300."""
    twist = vector @ rotation_matrix(*rng.normal(0, 8, 3)).T
    peak = 193 + rng.normal(0, 7)
    return Wave.of([
        (peak - 24 * width, 0, 165 * width, 104 * width, tuple(0.42 * vector * (1, 1, 1.6))),
        (peak, 0, 95 * width, 92 * width, tuple(0.68 * twist * (1, 1, 0.66))),
    ])  # fmt: skip


Recovery = tuple[Wave, np.ndarray, float, tuple[str, ...], Wave | None]
"""The T loop, the ST level, its share from the J point on, form statements, and what else follows the QRS."""


def _usual_st_t(patient: Patient, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """T to the left, a little down and forward, less forward in women; ST slightly raised in front."""
    male = patient.sex == "male"
    axis = math.radians(0.4 * min(max(patient.axis_deg, -15), 95) + 9 + rng.normal(0, 8))
    if patient.axis_deg < -40 or "LPFB" in patient.conduction:  # after fascicular block, T keeps its place
        axis = math.radians((40 if patient.axis_deg < 0 else 15) + rng.normal(0, 14))
    faded = 1 - 0.006 * (patient.age - 45) - (0.18 if patient.codes else 0)
    size = 0.345 * faded * math.exp(rng.normal(0.06 if male else -0.10, 0.28))
    forward = faded**0.5 * rng.normal(-0.28 if male else -0.20, 0.09)
    t = np.array([size * math.cos(axis), size * math.sin(axis), forward])
    raised = min(max(rng.normal(0.085 if male else 0.055, 0.035), 0.0), 0.15) - (0.02 if patient.codes else 0.0)
    return t, 0.03 * t + np.array([rng.normal(-0.020, 0.024), rng.normal(-0.012, 0.024), -raised])


def repolarisation(patient: Patient, qrs: Wave, j_to_t_end: float, rng: np.random.Generator) -> Recovery:
    """Draw how the ventricles recover; from the J point to the end of T it takes this many ms."""
    t, st = _usual_st_t(patient, rng)
    codes: list[str] = []
    if patient.conduction[:1] in (("CLBBB",), ("IVCD",), ("WPW",), ("ILBBB",)):
        area = qrs.area() / 1000
        share = {"CLBBB": 5.2, "WPW": 3.0, "IVCD": 2.4, "ILBBB": 2.0}[patient.conduction[0]]
        t = (0.15 if share > 3.5 else 0.7) * t - share * area * rng.uniform(0.8, 1.2)
        st = -share * 0.35 * area
    if "CRBBB" in patient.conduction:
        t, st = t + np.array([0.10, 0.0, 0.34]), np.array([0.02, 0.0, 0.03])
    if "IRBBB" in patient.conduction:
        t = t + np.array([-0.06, -0.02, 0.22])
    if patient.hypertrophy == "LVH":
        st = st - np.array([0.03, 0.015, 0.0])
    if patient.hypertrophy == "LVH" and rng.random() < 0.45:
        t, st = _strain(t, qrs, rng)
        codes += ["STD_", "INVT", "ISC_"]
    elif patient.hypertrophy == "RVH":
        t, st = t + np.array([0.10, -0.10, 0.10]), np.array([0.02, -0.03, 0.05])
    elif patient.hypertrophy == "PE":
        t, st = t * (1, 0.5, 1) + np.array([0.08, -0.05, 0.42]) * rng.uniform(0.85, 1.2), np.array([-0.02, 0.0, -0.03])
        codes.append("INVT")
    if patient.infarct:
        t, st, more = _infarct_st_t(patient, t * np.array([0.68, 0.72, 0.9]), st, rng)
        codes += more
    t, st, more = _primary_st_t(patient, t, st, rng)
    named = syndrome(patient, t, st, j_to_t_end, rng)
    codes = [*codes, *more, *named.codes]
    early = 0.9 if not _SHIFTED.isdisjoint((*codes, *patient.codes)) else 0.2  # injury begins with the J point
    return t_loop(named.t, rng, named.t_width), named.st, early, tuple(codes), named.further


_INJURIES = ("INJAS", "INJAL", "INJIN", "INJLA", "INJIL")
_SHIFTED = {"STD_", "STE_", "CLBBB", "IVCD", "WPW", "ILBBB", "RVH", "PE", "NST_", "ANEUR", *_INJURIES}


def _strain(t: np.ndarray, qrs: Wave, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Left ventricular strain: ST and T against the main QRS direction."""
    main = qrs.area() / np.linalg.norm(qrs.area())
    return -main * rng.uniform(0.25, 0.45) + 0.1 * t, -main * rng.uniform(0.08, 0.15)


def _infarct_st_t(
    patient: Patient, t: np.ndarray, st: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    wall = np.array(TERRITORY[patient.infarct])
    codes = ["ABQRS"] if patient.infarct == "PMI" else ["QWAVE", "ABQRS"]
    if patient.stage == "acute":  # a posterior injury shows as depression in front
        shift = "STD_" if patient.infarct == "PMI" else "STE_"
        return t + 0.35 * wall, st + wall * rng.uniform(0.16, 0.34), [*codes, shift]
    if patient.infarct == "PMI":
        return _inverted(t, wall, rng.uniform(0.25, 0.40)), st, codes
    if patient.stage == "aneurysm":  # ST stays up after the acute stage, T is shallow (Smith, Am J Emerg Med 2005)
        shallow = _inverted(t * np.array([1, 0.55, 0.9]), np.array(TERRITORY["ISCLA"]), 0.06)
        return shallow, 0.6 * st + wall * rng.uniform(0.06, 0.16), [*codes, "ANEUR"]
    if patient.stage == "recent":
        return _inverted(t, wall, rng.uniform(0.10, 0.36)), st + 0.04 * wall, [*codes, "INVT"]
    return _inverted(t, wall, -rng.uniform(*_LEFT_OF_T.get(patient.infarct, (-0.06, 0.16)))), st, codes


# T toward the wall of an old infarct, mV: PTB-XL keeps most of it in front, little below, and none at the side.
_LEFT_OF_T = {"ASMI": (0.06, 0.40), "AMI": (0.12, 0.45), "ALMI": (-0.12, 0.14), "LMI": (-0.12, 0.16)}


def _inverted(t: np.ndarray, wall: np.ndarray, depth: float) -> np.ndarray:
    """The T vector with its part toward this wall replaced by one of this depth (mV) away from it."""
    unit = wall / np.linalg.norm(wall)
    return t - unit * (t @ unit + depth)


# What is left of T (x, y, z), and how much it varies (mV).
_LESS_T = {
    "NDT": ((0.40, 0.48, 0.66), 0.025), "NT_": ((0.56, 0.85, 0.90), 0.045), "NST_": ((0.45, 0.48, 0.66), 0.03),
    "EL": ((0.50, 0.55, 0.62), 0.03),
}  # fmt: skip
# ST depression of subendocardial injury is widest over the left wall, whatever its name says.
_DEPRESSED = {
    "INJAS": np.array([0.08, 0.035, -0.03]), "INJAL": np.array([0.08, 0.02, -0.01]),
    "INJIN": np.array([0.10, 0.075, -0.01]), "INJLA": np.array([0.10, 0.01, 0.0]),
    "INJIL": np.array([0.10, 0.06, -0.01]),
}  # fmt: skip


def _primary_st_t(
    patient: Patient, t: np.ndarray, st: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """ST-T changes that are no consequence of the QRS."""
    kind = patient.repolarisation
    if kind in _LESS_T:  # PTB-XL: left leads lose more of T than V1-V3
        less, fine = _LESS_T[kind]
        lowered = np.array([0.075, 0.025, 0.0]) * rng.uniform(0.8, 1.6) if kind == "NST_" else 0.0
        return t * np.array(less) + rng.normal(0, fine, 3), 0.7 * st - lowered, []
    if kind in _INJURIES:  # subendocardial injury: ST depression and, in most, deep negative T
        depth = rng.uniform(0.16, 0.42) if patient.inverted_t else -0.05
        return _inverted(t, np.array(TERRITORY[kind]), depth), 0.2 * st - _DEPRESSED[kind] * rng.uniform(0.7, 1.5), []
    if kind == "LOWT":
        return t * (0.06 / np.linalg.norm(t)), 0.3 * st, []
    if kind in ("STD_", "DIG"):
        return (
            0.5 * t,
            0.3 * st - np.array([0.13, 0.09, -0.06]) * rng.uniform(0.8, 1.4),
            ["STD_"] if kind == "DIG" else [],
        )
    if kind == "STE_":
        return 1.15 * t, st + np.array([0.09, 0.07, -0.11]) * rng.uniform(0.9, 1.4), []
    if kind in TERRITORY:
        wall = np.array(TERRITORY[kind])
        if kind != "ISC_" and patient.inverted_t:
            return _inverted(t, wall, rng.uniform(0.10, 0.38)), st - 0.02 * wall, ["INVT"]
        return 0.5 * t, 0.3 * st - wall * rng.uniform(0.11, 0.2), ["STD_"]
    return t, st, []
