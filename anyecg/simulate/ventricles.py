"""Depolarisation of the ventricles: how the QRS loop runs, normally and when conduction or muscle has changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from .dipole import Wave, drawn, jitter, mixed, rotation_matrix
from .patient import BACK, FRONTAL, Patient
from .territory import TERRITORY
from .torso import I_AND_AVF, Torso


def first_forces(patient: Patient, rng: np.random.Generator) -> Wave:
    """The sequence of activation by the way the left ventricle is reached."""
    conduction = next((code for code in patient.conduction if code in _FIRST_FORCES), "")
    if "WPW" in patient.conduction:
        loop = _preexcited(patient.pathway, rng)
    else:
        loop = _FIRST_FORCES.get(conduction, _normal_qrs)(rng)
    loop.rows[0, 2] *= 1.9  # a QRS starts and ends gently
    loop.rows[-1, 3] *= 1.6
    backward = 0 if conduction == "CLBBB" else 0.15 * (patient.age - 50)  # the loop turns with age
    turned = loop.rotated(rotation_matrix(0, -backward, 0))
    return turned.joined(_fragments(rng))


def changed_forces(patient: Patient, wave: Wave, rng: np.random.Generator) -> Wave:
    """Add what a late or thick right ventricle brings, and take what an infarct leaves out."""
    if "CRBBB" in patient.conduction:  # the left ventricle's backward forces meet the late right ones
        wave = wave.with_vector(wave.vector * (0.8, 0.8, 0.5)).joined(_late_right(rng, 1.0))
    elif "IRBBB" in patient.conduction:
        basal = wave.rows[:, :1] > 60
        kept = np.where(wave.rows[:, :1] > 45, wave.vector * (1, 1, 0.7), wave.vector)
        wave = wave.with_vector(np.where(basal, 0.2 * wave.vector, kept)).joined(_late_right(rng, 0.55))
    if patient.hypertrophy == "LVH":  # the thick wall pulls the loop backward
        wave = wave.rotated(rotation_matrix(0, -rng.normal(7, 4), 0))
    if patient.hypertrophy == "RVH":
        late = (-0.95, -0.02, -1.50) if not patient.conduction else (-0.3, 0.0, -0.35)  # a block is late by itself
        wave = wave.joined(Wave.of([(54, 0, 30, 34, jitter(late, rng))]))
    elif patient.hypertrophy == "PE":  # S in I, Q in III, a late right ventricle
        wave = wave.joined(
            Wave.of(
                [(16, 0, 15, 18, jitter((0.10, -0.22, 0.0), rng)), (72, 0, 24, 30, jitter((-0.55, 0.05, -0.40), rng))]
            )
        )
    if patient.infarct:
        wave = _infarcted(wave, patient, rng)
    return wave


def _normal_qrs(rng: np.random.Generator) -> Wave:
    """Septum (right, forward), apex and free wall (left, down), then lateral and basal walls (back)."""
    return Wave.of([
        (15, 0, 15, 20, jitter((-0.05, -0.02, -0.19), rng, 0.45)),
        (38, 0, 27, 28.5, jitter((0.97, 0.70, -0.16), rng)),
        (55.5, 0, 32, 34, jitter((0.38, 0.27, 0.80), rng, 0.22)),
        (71, 0, 22, 27, jitter((-0.07, -0.05, 0.27), rng, 0.45)),
    ])  # fmt: skip


def _left_bundle(rng: np.random.Generator) -> Wave:
    """All forces leftward and backward, slow, with a notch between septum and free wall."""
    return Wave.of([
        (20, 0, 20, 26, jitter((0.16, 0.10, -0.10), rng, 0.35)),
        (48, 0, 34, 42, jitter((0.60, 0.20, 1.45), rng, 0.12)),
        (84, 0, 40, 40, jitter((0.92, 0.05, 1.10), rng, 0.12)),
        (112, 0, 34, 36, jitter((0.52, -0.08, 0.45), rng, 0.2)),
    ])  # fmt: skip


def _left_bundle_incomplete(rng: np.random.Generator) -> Wave:
    return Wave.of([
        (20, 0, 20, 22, jitter((0.15, 0.10, -0.08), rng, 0.3)),
        (50, 0, 36, 34, jitter((0.95, 0.45, 0.40), rng)),
        (74, 0, 30, 34, jitter((0.55, 0.15, 0.80), rng)),
    ])  # fmt: skip


def _left_anterior(rng: np.random.Generator) -> Wave:
    """First down and right, then up and left; the turn is set by the axis afterwards."""
    return Wave.of([
        (15, 0, 15, 20, jitter((-0.16, 0.20, -0.24), rng, 0.2)),
        (42, 0, 28, 28, jitter((0.90, -0.35, 0.05), rng)),
        (60, 0, 26, 28, jitter((0.35, -0.70, 0.90), rng, 0.2)),
        (79, 0, 22, 26, jitter((-0.36, -0.26, 0.48), rng, 0.3)),
    ])  # fmt: skip


def _left_posterior(rng: np.random.Generator) -> Wave:
    return Wave.of([
        (15, 0, 15, 20, jitter((0.14, -0.22, -0.20), rng, 0.2)),
        (38, 0, 26, 26, jitter((1.40, 0.40, -0.10), rng)),
        (56, 0, 26, 28, jitter((-0.05, 0.85, 0.50), rng)),
        (76, 0, 24, 28, jitter((-0.62, 0.35, 0.25), rng, 0.2)),
    ])  # fmt: skip


# Where the delta wave points, by the accessory pathway's site: away from where the ventricles are reached first
# (Arruda et al. 1998): left lateral positive in V1 and negative in I and aVL, posteroseptal negative in II, III, aVF.
_DELTA = {
    "left lateral": (-0.28, 0.20, -0.42), "posteroseptal": (0.26, -0.44, -0.16), "right": (0.44, -0.02, 0.26),
    "anteroseptal": (0.24, 0.42, 0.22),
}  # fmt: skip


def _preexcited(pathway: str, rng: np.random.Generator) -> Wave:
    """A slow start (delta wave) from the accessory pathway's side, then the normal way."""
    kept = Wave(_normal_qrs(rng).timed(1, 22).rows[1:])  # the septum is taken by the delta wave
    return Wave.of([(44, 0, 44, 42, jitter(_DELTA[pathway], rng))]).joined(kept)


def _slow(rng: np.random.Generator) -> Wave:
    """Unspecific delay: the normal sequence with a slurred, scattered second half."""
    late = tuple(rng.normal(0, 0.2, 3))
    backward = Wave(_normal_qrs(rng).rows * (1, 1, 1, 1, 1, 0.9, 1.6))
    return backward.joined(Wave.of([(84, 0, 30, 36, (0.28 + late[0], 0.02 + late[1], 0.5 + late[2]))]))


_FIRST_FORCES: dict[str, Callable[[np.random.Generator], Wave]] = {
    "CLBBB": _left_bundle, "ILBBB": _left_bundle_incomplete, "LAFB": _left_anterior, "LPFB": _left_posterior,
    "IVCD": _slow,
}  # fmt: skip


def _late_right(rng: np.random.Generator, size: float) -> Wave:
    """The right ventricle after everything else: right and forward, slow."""
    if size > 0.7:
        centre, width, first, then = 92, 36, (-0.42, -0.05, -0.68), (-0.22, 0.0, -0.22)
    else:  # incomplete: S in II, III and aVF rather than in I
        centre, width, first, then = 78, 22, (-0.26, -0.30, -0.68), (-0.14, -0.16, -0.24)
    vector = jitter((size * first[0], size * first[1], size * first[2]), rng, 0.2)
    late = jitter((size * then[0], size * then[1], size * then[2]), rng, 0.2)
    return Wave.of([(centre, 0, width, width, vector), (centre + 0.7 * width, 0, width, width, late)])


# Of an infarct's Q waves, mV, where it is not that of its side; and the share of later forces that is lost.
_DEPTH = {"AMI": (0.44, 0.74), "LMI": (0.12, 0.24), "ILMI": (0.12, 0.28), "PMI": (0.30, 0.52)}
_LOST = {"LMI": (0.04, 0.26), "AMI": (0.0, 0.2)}
_Q_MS = (30.0, 52.0)
"""Until the wall would have been reached: Q waves of 30 to 50 ms are what leads over it see."""


def _infarcted(wave: Wave, patient: Patient, rng: np.random.Generator) -> Wave:
    """Take away the first forces toward the dead wall: Q waves over it, smaller R."""
    infarct, stage = patient.infarct, patient.stage
    wall = np.array(TERRITORY[infarct])
    towards = np.maximum(wave.vector @ wall / (wall @ wall), 0)
    early = wave.rows[:, 0] < 30
    lost = np.where(early, 1.0, rng.uniform(*_LOST.get(infarct, (0.12, 0.42)))) * towards
    vector = wave.vector - lost[:, None] * wall
    if stage == "aneurysm" or infarct == "LMI":
        late = wave.rows[:, 0] > 45
        vector[late, 2] *= 1.35  # deep S: nothing stands against the back wall
    front = infarct in FRONTAL
    depth = -rng.uniform(*_DEPTH.get(infarct, (0.40, 0.72) if front else (0.12, 0.34))) * wall
    until = rng.uniform(*_Q_MS)
    if patient.deep_q:
        depth *= 1.5
        until = max(until, 42.0)
    if infarct == "PMI":  # seen from the front: a tall, broad R in V1-V3
        return wave.with_vector(vector).joined(Wave.of([(46, 0, 30, 36, tuple(3.0 * depth))]))
    if front:
        if patient.deep_q:
            depth -= 0.2 * wall
            vector = np.where(wave.rows[:, :1] < 50, wave.vector - towards[:, None] * wall, vector)
        depth *= (0.5, 1, 1) if infarct == "AMI" else 1
        return wave.with_vector(vector).joined(Wave.of([(30, 0, 25, 34, tuple(depth))]))
    left = _reached_late(wave.with_vector(vector), wall, until)
    x, y, z = depth.tolist()
    gap = [(12.0, until - 24, 17.0, 24.0, (x, y, z))]
    if infarct in BACK:
        gap.append((48.0, 0.0, 30.0, 36.0, (0.0, 0.0, -rng.uniform(0.3, 1.0))))
    return left.joined(Wave.of(gap))


def _reached_late(wave: Wave, wall: np.ndarray, from_ms: float) -> Wave:
    """The same forces, but those toward this wall begin only now: the muscle beneath it is dead."""
    beside = 0.55 if wall[0] > 0.3 else 0.0  # of the forces aside, else aVL sees a Q as deep as R
    towards = np.maximum(wave.vector @ wall / (wall @ wall), 0)
    too_early = (towards > 0) & (wave.rows[:, 0] - wave.rows[:, 2] < from_ms)
    kept, moved = wave.rows.copy(), wave.rows[too_early]
    part = towards[too_early, None] * wall
    part += beside * (moved[:, 4:] - part)
    kept[too_early, 4:] -= part
    peak = np.maximum(moved[:, 0], from_ms + 14)
    moved[:, 3] = np.maximum(moved[:, 0] + moved[:, 3] - peak, 16)
    moved[:, 0], moved[:, 2], moved[:, 4:] = peak, peak - from_ms, part
    return Wave(np.concatenate((kept, moved)))


def _fragments(rng: np.random.Generator) -> Wave:
    """Small individual notches, so that no two patients share a QRS."""
    rows = np.zeros((3, 7))
    rows[:, [0, 2, 3]] = (22, 10, 10) + rng.random((3, 3)) * (44, 8, 8)
    rows[:, 4:] = rng.normal(0, 0.055, (3, 3))
    return Wave(rows)


# Turns in the frontal plane that are tried, degrees, and as matrices.
_TURNS = np.arange(-180.0, 181.0, 12.0)
_STEPS = 48
_TURNED = np.array([rotation_matrix(0, 0, angle) for angle in _TURNS])


def turn_to_axis(waves: Sequence[Wave], torsos: Sequence[Torso], axes_deg: Sequence[float]) -> list[Wave]:
    """Turn each loop in the frontal plane until the net deflections of I and aVF show its axis."""
    _, heights, vectors = drawn(waves, _STEPS)
    loops = mixed(vectors.transpose(0, 2, 1).astype(np.float32), heights)  # (n_waves, 3, n_steps)
    seen = np.stack([(I_AND_AVF @ torso.matrices["QRS"][:2]) @ _TURNED for torso in torsos])  # (n_waves, n_turns, 2, 3)
    turned = seen.reshape(len(waves), -1, 3).astype(np.float32) @ loops
    net = np.maximum(turned.max(axis=2), 0) + np.minimum(turned.min(axis=2), 0)
    shown = np.degrees(np.arctan2(net[:, 1::2], net[:, ::2], dtype=float))
    off = (shown - np.array(axes_deg)[:, None] + 180) % 360 - 180
    return [wave.rotated(rotation_matrix(0, 0, _turn(row))) for wave, row in zip(waves, off, strict=True)]


def _turn(off: np.ndarray) -> float:
    """The smallest turn that shows the axis, by how far off it is after each of `_TURNS`."""
    # It passes zero there, upwards and not by a jump through the far side.
    passes = np.flatnonzero((off[:-1] < 0) & (off[1:] >= 0) & (off[1:] - off[:-1] < 180))
    if not len(passes):
        return float(_TURNS[np.abs(off).argmin()])
    angles = _TURNS[passes] + (_TURNS[1] - _TURNS[0]) * off[passes] / (off[passes] - off[passes + 1])
    return float(angles[np.abs(angles).argmin()])


_WIDEST_MV = {"CLBBB": 5.5, "CRBBB": 3.8}  # largest chest-lead QRS, where the Sokolow index says nothing


def voltage(patient: Patient, leads: np.ndarray, rng: np.random.Generator) -> float:
    """The factor that gives the QRS its size: usual, high (hypertrophy) or low, by the criteria that readers apply.

    Args:
        leads: the QRS on 12 leads, (12, n), mV.
    """
    usual = math.exp(rng.normal(0.08 if patient.sex == "male" else -0.02, 0.25))
    usual *= 1 - 0.002 * max(patient.axis_deg - 30, 0)  # upright hearts are seen smaller
    high, low = leads.max(axis=1).tolist(), leads.min(axis=1).tolist()
    size = [a - b for a, b in zip(high, low, strict=True)]
    sokolow, limb, chest = max(high[10], high[11]) - low[6], max(size[:6]), max(size[6:])
    if patient.low_voltage:
        return float(min(rng.uniform(0.32, 0.47) / limb, 0.97 / chest))
    if patient.hypertrophy in ("LVH", "HVOLT"):
        return float((3.62 + 1.0 * rng.beta(1, 3)) / sokolow)
    block = next((code for code in patient.conduction if code in _WIDEST_MV), "")
    most = _WIDEST_MV[block] / chest if block else 3.45 / sokolow
    return max(min(usual, most), 0.62 / limb)
