"""Repolarisation: the T loop, the ST level, and the statements that their changes earn."""

from __future__ import annotations

import numpy as np

from .dipole import Wave, rotation_matrix
from .patient import Patient
from .syndromes import syndrome
from .territory import TERRITORY


def t_loop(vector: np.ndarray, rng: np.random.Generator, width: float = 1.0) -> Wave:
    """Slow rise, faster fall; the tip lags a little in another direction. Origin: end of QRS, T end near 300."""
    twist = vector @ rotation_matrix(*rng.normal(0, 8, 3)).T
    peak = 197 + rng.normal(0, 7)
    return Wave.of([
        (peak - 22 * width, 0, 165 * width, 100 * width, tuple(0.42 * vector)),
        (peak, 0, 95 * width, 88 * width, tuple(0.68 * twist)),
    ])  # fmt: skip


def _usual_st_t(patient: Patient, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """T to the left, a little down and forward, less forward in women; ST slightly raised in front."""
    male = patient.sex == "male"
    axis = np.deg2rad(0.4 * np.clip(patient.axis_deg, -15, 95) + 9 + rng.normal(0, 8))
    if patient.axis_deg < -40:  # after left anterior block, T keeps its place
        axis = np.deg2rad(40 + rng.normal(0, 14))
    faded = 1 - 0.006 * (patient.age - 45) - (0.18 if patient.codes else 0)
    size = 0.345 * faded * float(np.exp(rng.normal(0.06 if male else -0.10, 0.28)))
    forward = faded**0.5 * rng.normal(-0.28 if male else -0.20, 0.09)
    t = np.array([size * np.cos(axis), size * np.sin(axis), forward])
    raised = float(np.clip(rng.normal(0.085 if male else 0.055, 0.035), 0.0, 0.15))
    return t, 0.03 * t + np.append(rng.normal(0, 0.024, 2), -raised)


def repolarisation(
    patient: Patient, qrs: Wave, j_to_t_end: float, rng: np.random.Generator
) -> tuple[Wave, np.ndarray, tuple[str, ...], Wave | None]:
    """The T loop, the ST level, the form statements they earn, and what else follows the QRS."""
    t, st = _usual_st_t(patient, rng)
    codes: list[str] = []
    if patient.conduction[:1] in (("CLBBB",), ("IVCD",), ("WPW",), ("ILBBB",)):
        area = qrs.area() / 1000
        share = {"CLBBB": 5.2, "WPW": 3.0, "IVCD": 1.5, "ILBBB": 2.0}[patient.conduction[0]]
        t = (0.15 if share > 3.5 else 0.7) * t - share * area * rng.uniform(0.8, 1.2)
        st = -share * 0.35 * area
    if "CRBBB" in patient.conduction:
        t, st = t + np.array([0.10, 0.0, 0.34]), np.array([0.02, 0.0, 0.03])
    if patient.hypertrophy == "LVH" and rng.random() < 0.45:
        t, st = _strain(t, qrs, rng)
        codes += ["STD_", "INVT", "ISC_"]
    elif patient.hypertrophy == "RVH":
        t, st = t + np.array([0.12, -0.10, 0.48]), np.array([0.02, -0.03, 0.07])
    elif patient.hypertrophy == "PE":
        t, st = t * (1, 0.5, 1) + np.array([0.08, -0.05, 0.42]) * rng.uniform(0.85, 1.2), np.array([-0.02, 0.0, -0.03])
        codes.append("INVT")
    if patient.infarct:
        t, st, more = _infarct_st_t(patient, t, st, rng)
        codes += more
    t, st, more = _primary_st_t(patient, t, st, rng)
    named = syndrome(patient, t, st, j_to_t_end, rng)
    return t_loop(named.t, rng, named.t_width), named.st, (*codes, *more, *named.codes), named.further


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
    if patient.stage == "recent":
        return _inverted(t, wall, rng.uniform(0.10, 0.36)), st + 0.04 * wall, [*codes, "INVT"]
    return _inverted(t, wall, rng.uniform(-0.12, 0.02)), st, codes


def _inverted(t: np.ndarray, wall: np.ndarray, depth: float) -> np.ndarray:
    """The T vector with its part toward this wall replaced by one of this depth (mV) away from it."""
    unit = wall / np.linalg.norm(wall)
    return t - unit * (t @ unit + depth)


def _primary_st_t(
    patient: Patient, t: np.ndarray, st: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """ST-T changes that are no consequence of the QRS."""
    kind = patient.repolarisation
    if kind == "NDT":
        return 0.42 * t + rng.normal(0, 0.02, 3), st, []
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
            return _inverted(t, wall, rng.uniform(0.18, 0.45)), st - 0.02 * wall, ["INVT"]
        return 0.5 * t, 0.3 * st - wall * rng.uniform(0.11, 0.2), ["STD_"]
    return t, st, []
