"""From a patient to the shape of each wave: dipole loops for P, QRS and T, normal and changed by disease.

Loops are drawn on an arbitrary clock, then stretched so that what a reader would mark has the patient's intervals.
Vectors are (x left, y down, z back) in mV.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .dipole import Vector, Wave, jitter, rotation_matrix
from .patient import Patient
from .repolarisation import Recovery, repolarisation, t_loop
from .syndromes import after_p
from .torso import Torso, draw_views, extents, net_axis, views
from .ventricles import changed_forces, first_forces, turn_to_axis, voltage
from .visible import earned

Marks = tuple[float, float, float]
# What counts as having left the baseline, per wave: mV, and the share of the largest deflection on any lead.
MARKS = {"P": (0.005, 0.03), "QRS": (0.006, 0.005), "T": (0.012, 0.035)}
# Readers who mark twelve leads one by one put the outermost marks a little further out than the deflection itself
# (LUDB: 8 to 17 ms longer than the median lead); ms before the onset and after the end.
MARGINS = {"P": (3.0, 3.0), "QRS": (4.0, 5.0), "T": (0.0, 6.0)}


@dataclass(frozen=True)
class Shape:
    """One kind of wave of one patient, with its marked extent in ms from the wave's origin.

    The origin of P and QRS is their onset, that of ST-T is the end of the QRS.
    """

    wave: Wave
    onset_ms: float
    peak_ms: float
    end_ms: float


@dataclass(frozen=True)
class Heart:
    """Every wave shape of a patient."""

    shapes: dict[str, Shape]
    """ "P", "QRS", "T", with the suffixes of `Beats.shape` and `Beats.p_shape`; " W" is what a " V" twists into."""
    seen: dict[str, np.ndarray]
    """For each shape, how leads see its bumps, (n_source_leads, n_bumps) mV."""
    torso: Torso
    st_vector: np.ndarray
    """(3,) the ST segment's level."""
    codes: tuple[str, ...]
    """Form statements that hold because of the shape drawn (QWAVE, STE_, INVT …)."""
    unseen: frozenset[str]
    """Conditions of the patient of which the conducted beat shows nothing."""

    def axis_deg(self, suffix: str) -> float:
        """Frontal axis of the noise-free beat between the marks of its QRS."""
        qrs, st_t = self.shapes["QRS" + suffix], self.shapes["T" + suffix].wave
        beat = qrs.wave.joined(st_t.timed(1, qrs.end_ms))
        weights = np.concatenate((self.seen["QRS" + suffix][:2], self.seen["T" + suffix][:2]), axis=1)
        return net_axis(weights @ beat.bumps(np.arange(0.0, qrs.end_ms, 2.0)))

    def qrs_size(self) -> np.ndarray:
        """(n_source_leads,) peak-to-peak amplitude of the conducted QRS, mV."""
        wave = self.shapes["QRS"].wave
        return np.ptp(self.seen["QRS"] @ wave.bumps(np.arange(*wave.span, 2.0)), axis=1)


def draw_hearts(
    patients: Sequence[Patient], torsos: Sequence[Torso], streams: Sequence[Sequence[np.random.Generator]]
) -> list[Heart]:
    """Draw the wave shapes of patients, step by step for all.

    Args:
        streams: for each, five generators (activation, its changes, voltage, repolarisation, atria and other beats).
            Where they are five and start alike, the same heart is drawn again but for what the patient has new.
    """
    every = list(zip(patients, torsos, streams, strict=True))
    first = [first_forces(patient, own[0]) for patient, _, own in every]
    turned = turn_to_axis(first, torsos, [patient.axis_deg for patient in patients])
    qrs = [changed_forces(patient, wave, own[1]) for wave, (patient, _, own) in zip(turned, every, strict=True)]
    t, leads = views(qrs, [torso.matrices["QRS"] for torso in torsos])
    sizes = [voltage(patient, seen, own[2]) for seen, (patient, _, own) in zip(leads, every, strict=True)]
    qrs = [wave.scaled(size) for wave, size in zip(qrs, sizes, strict=True)]
    leads *= np.array(sizes, dtype=np.float32)[:, None, None]
    recoveries = [
        repolarisation(patient, wave, _qt_ms(patient) - patient.qrs_ms, own[3])
        for wave, (patient, _, own) in zip(qrs, every, strict=True)
    ]
    atria = [_atrial(patient, own[4]) for patient, _, own in every]
    marks = zip(
        extents(*views(atria, [torso.matrices["P"] for torso in torsos]), *MARKS["P"]),
        extents(t, leads, *MARKS["QRS"]),
        extents(
            *views([recovery[0] for recovery in recoveries], [torso.matrices["T"] for torso in torsos]), *MARKS["T"]
        ),
        strict=True,
    )
    return [_heart(*each) for each in zip(patients, torsos, streams, qrs, atria, recoveries, marks, strict=True)]


def _heart(
    patient: Patient, torso: Torso, streams: Sequence[np.random.Generator], qrs: Wave, atrial: Wave, recovery: Recovery,
    marks: tuple[Marks, Marks, Marks],
) -> Heart:  # fmt: skip
    """A heart from its main waves and where they are marked: P, QRS, T."""
    _, changes, _, _, rng = streams
    t_wave, st_level, early, codes, further = recovery
    p, j_to_t_end = _fitted(atrial, marks[0], "P", patient.p_ms), _qt_ms(patient) - patient.qrs_ms
    shapes = {
        "P": _with(p, after_p(patient, p.wave, patient.p_ms)),
        "QRS": _fitted(qrs, marks[1], "QRS", patient.qrs_ms),
        "T": _with(_fitted_t(t_wave, st_level, early, marks[2], j_to_t_end), further),
    }
    for suffix in _further_shapes(patient):
        if suffix in _ATRIAL:
            shapes |= _atrial_shape(suffix, patient, torso, rng)
        else:
            shapes |= _wide(suffix, patient, torso, rng, unlike=shapes.get("QRS V"))
    seen = draw_views({name: shape.wave for name, shape in shapes.items()}, torso, changes)
    return Heart(shapes, seen, torso, st_level, *earned(patient, codes, shapes, seen))


def _marks(wave: Wave, kind: str, torso: Torso) -> Marks:
    """Onset, peak and end of one wave as this chest sees it."""
    return extents(*views([wave], [torso.matrices[kind]]), *MARKS[kind])[0]


def _with(shape: Shape, further: Wave | None) -> Shape:
    """Add what does not change where the wave is marked."""
    return shape if further is None else replace(shape, wave=shape.wave.joined(further))


def _qt_ms(patient: Patient) -> float:
    return patient.qtc_ms * (60 / patient.rate_bpm) ** (1 / 3)


def _fitted(wave: Wave, marks: Marks, kind: str, duration_ms: float) -> Shape:
    """Stretch and shift a wave so that its marked extent is [0, duration]; marks: its onset, peak and end now."""
    onset, peak, end = marks
    before, after = MARGINS[kind]
    factor = (duration_ms - before - after) / (end - onset)
    shift = before - onset * factor
    return Shape(wave.timed(factor, shift), 0.0, peak * factor + shift, duration_ms)


def _fitted_t(t_wave: Wave, st_level: np.ndarray, early: float, marks: Marks, end_ms: float) -> Shape:
    """Stretch ST-T so that its marked end lies where QT ends, and add the ST segment's level.

    Args:
        early: the share of this level that is there from the J point on; the rest comes slowly until T.
    """
    onset, peak, end = marks
    factor = (end_ms - MARGINS["T"][1]) / end
    top = peak * factor
    falls = 0.9 * (end_ms - 0.45 * top)
    plateau = Wave.of([
        (4.0, 0.45 * top, 26.0, falls, tuple(early * st_level)),
        (0.42 * top, 0.05 * top, 0.42 * top + 10, falls, tuple((1 - early) * st_level)),
    ])  # fmt: skip
    return Shape(t_wave.timed(factor).joined(plateau), max(onset * factor, 12.0), top, end_ms)


def _atrial(patient: Patient, rng: np.random.Generator) -> Wave:
    """Right atrium (down, forward), then left atrium (left, back)."""
    right, left, lag = (0.085, 0.078, -0.100), (0.128, 0.056, 0.045), 34.0
    if patient.atria == "LAO/LAE":
        right, left, lag = (0.070, 0.080, -0.095), (0.165, 0.066, 0.105), 52.0
    elif patient.atria == "RAO/RAE":
        right, left = (0.16, 0.24, -0.07), (0.20, 0.12, 0.03)
    size = float(np.exp(rng.normal(-0.10, 0.22))) * (0.4 if patient.repolarisation == "HYPERK" else 1)
    return Wave.of([
        (48, 0, 46, 50, jitter(right, rng)),
        (48 + lag, 0, 46, 48, jitter(left, rng)),
    ]).scaled(size)  # fmt: skip


def _further_shapes(patient: Patient) -> tuple[str, ...]:
    """Suffixes of the shapes that this patient's rhythm needs beside the conducted one."""
    if patient.ectopy:
        return {"PAC": (" S",), "MULTIFORM": (" V", " V2")}.get(patient.ectopy, (" V",))
    if patient.av == "3AVB":
        return (" E",)
    return _SHAPES_OF_RHYTHM.get(patient.rhythm, ())


_SHAPES_OF_RHYTHM = {
    "VTACH": (" V",), "PVT": (" V", " W"), "IVR": (" E",), "AIVR": (" E",), "ATACH": (" S",), "AVNRT": (" R",),
    "AVRT": (" R",), "JUNC": (" R",), "PACE-A": (" A",), "PACE-V": (" P",), "PACE-AV": (" A", " P"),
    "PACE-FAIL": (" P", " E"),
}  # fmt: skip
_ATRIAL = (" S", " R", " A")


def _atrial_shape(suffix: str, patient: Patient, torso: Torso, rng: np.random.Generator) -> dict[str, Shape]:
    """A P wave from elsewhere: an ectopic focus, the AV node (upward, short), or an electrode in the right atrium."""
    if suffix == " S":
        wave, share = _ectopic_atrial(rng), rng.normal(0.9, 0.05)
    elif suffix == " R":
        wave, share = _from_two((0.015, -0.10, 0.0), (0.0, -0.085, -0.03), rng), rng.normal(0.68, 0.04)
    else:
        wave, share = _from_two((0.04, 0.07, -0.03), (0.09, 0.03, 0.05), rng), rng.normal(1.08, 0.04)
    return {"P" + suffix: _fitted(wave, _marks(wave, "P", torso), "P", share * patient.p_ms)}


def _ectopic_atrial(rng: np.random.Generator) -> Wave:
    """From low or left in the atria: the loop runs another way than the sinus one."""
    low = rng.random() < 0.5
    first = (0.05, -0.10, -0.03) if low else (-0.06, 0.06, 0.05)
    second = (0.03, -0.07, 0.04) if low else (0.02, 0.09, -0.05)
    return _from_two(first, second, rng)


def _from_two(first: Vector, second: Vector, rng: np.random.Generator) -> Wave:
    return Wave.of([(44, 0, 42, 44, jitter(first, rng, 0.25)), (70, 0, 42, 44, jitter(second, rng, 0.25))])


def _wide(
    suffix: str, patient: Patient, torso: Torso, rng: np.random.Generator, unlike: Shape | None = None
) -> dict[str, Shape]:
    """A beat that spreads from within a ventricle: wide, with T the other way.

    From the right ventricle it looks like LBBB, from the left one like RBBB; paced from the right ventricle's apex
    it also runs upward.
    """
    if suffix == " P":
        side, duration = (0.75, -0.75, 0.8), rng.uniform(140, 190)
    else:
        upward = rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 1.0)
        side = (0.8, upward, 0.95) if rng.random() < 0.6 else (-0.55, upward, -1.0)
        duration = rng.uniform(128, 172)
    main = np.array(side) * (rng.uniform(0.95, 1.5) if suffix == " P" else rng.uniform(1.15, 2.1))
    if unlike is not None and suffix == " V2" and main @ unlike.wave.area() > 0:
        main = -main  # another focus, another side
    bend = main @ rotation_matrix(*rng.normal(0, 25, 3)).T
    qrs = Wave.of(
        [(44, 0, 44, 44, tuple(0.62 * main)), (74, 0, 46, 48, tuple(0.80 * bend)), (104, 0, 38, 44, tuple(0.35 * main))]
    )
    t = -0.36 * (main + 0.3 * bend)
    j_to_t_end = max(_qt_ms(patient) + 0.5 * (duration - 100) - duration + rng.normal(0, 12), 150)
    shape = _fitted(qrs, _marks(qrs, "QRS", torso), "QRS", duration)
    wave = t_loop(t, rng)
    t_shape = _fitted_t(wave, 0.25 * t, 1.0, _marks(wave, "T", torso), j_to_t_end)
    return {"QRS" + suffix: shape, "T" + suffix: t_shape}
