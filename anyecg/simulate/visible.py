"""Which statements a drawn beat earns: what is too small to be read in a lead is not stated.

Q waves by the fourth universal definition of infarction (Thygesen et al. 2018), or a quarter of R as older criteria
want; voltage by Sokolow-Lyon and Cornell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..leads import STANDARD_LEADS
from .patient import BACK, FRONTAL, Patient
from .territory import LEADS_OVER
from .torso import TO_STANDARD

if TYPE_CHECKING:
    from .morphology import Shape

_ROW = {lead: row for row, lead in enumerate(STANDARD_LEADS)}
_NEIGHBOURS = np.array(
    [(_ROW[a], _ROW[b]) for a, b in (("aVL", "I"), ("II", "aVF"), ("aVF", "III"), ("I", "V6"))]
    + [(row, row + 1) for row in range(_ROW["V1"], _ROW["V6"])]
)
"""Pairs of leads that look at walls beside each other."""
_OVER = {code: np.isin(STANDARD_LEADS, leads) for code, leads in LEADS_OVER.items()}
_SEPTAL = np.isin(np.arange(12), [_ROW["V1"], _ROW["V2"], _ROW["V3"]])
_OFTEN_Q = np.isin(STANDARD_LEADS, ("III", "aVR", "aVL", "V1"))
_LEFT = np.isin(STANDARD_LEADS, ("I", "II", "V3", "V4", "V5", "V6"))
_RAISED_MV = np.where(np.isin(STANDARD_LEADS, ("V2", "V3")), 0.2, 0.1)
"""From where ST is raised, by the universal definition."""
_STEP_MS = 2.0
_NOTHING_MV = 0.025
_Q_MV, _Q_MS, _SHORT_Q_MS, _NO_R_MV = 0.1, 30.0, 20.0, 0.05
_ST_AFTER_J_MS, _ST_MV, _CLEAR_ST_MV = 60.0, 0.05, 0.1
_T_MV, _CLEAR_T_MV = 0.05, 0.1
_POOR_R_MV = 0.3
_LOW_T_MV, _NON_SPECIFIC = 0.15, ("NDT", "NT_", "NST_", "EL")
_RIGHT_R_MV, _RIGHT_P_MV = 0.7, 0.2
_SOKOLOW_MV, _CORNELL_MV = 3.5, {"male": 2.8, "female": 2.0}
_SECONDARY = frozenset(("CLBBB", "ILBBB", "CRBBB", "IRBBB", "WPW", "IVCD"))
"""After these, ST and T run against the QRS, which nobody states apart."""


def earned(
    patient: Patient, drawn: Sequence[str], shapes: Mapping[str, Shape], seen: Mapping[str, np.ndarray]
) -> tuple[tuple[str, ...], frozenset[str]]:
    """What the conducted beat shows.

    Args:
        drawn: what the change of the heart usually earns (QWAVE, ABQRS, STD_, INVT …).
        shapes, seen: of the heart; "P", "QRS" and "T" are looked at.

    Returns:
        The form statements that it shows, of those that were drawn and of those that come with them; and the
        conditions of the patient of which it shows nothing.
    """
    if not patient.codes:
        return tuple(drawn), frozenset()
    qrs, st, t = _beat(shapes, seen)
    q = _q_waves(qrs)
    codes = list(drawn)
    has_q = _in_neighbours(q)
    shown = {
        "QWAVE": has_q, "ABQRS": has_q or _other_qrs(patient, qrs),
        "STD_": _in_two(st <= -_ST_MV), "INVT": _in_two(t <= -_T_MV), "ISC_": _is_ischaemic("ISC_", st, t),
    }  # fmt: skip
    codes = [code for code in codes if shown.get(code, True)]
    if patient.hypertrophy == "LVH" and _is_high(qrs, patient.sex):
        codes.append("VCLVH")
    primary = _SECONDARY.isdisjoint(patient.conduction) and patient.hypertrophy not in ("RVH", "PE")
    if primary:
        codes += ["STD_"] if _in_neighbours(_not_v1(st <= -_CLEAR_ST_MV)) else []
        by_itself = patient.infarct or patient.repolarisation or patient.hypertrophy
        codes += ["INVT"] if by_itself and _in_neighbours(_not_v1(t <= -_CLEAR_T_MV)) else []
    unseen = set()
    if patient.infarct and not _is_infarct(patient, primary, q, qrs, st, t):
        unseen.add(patient.infarct)
    if patient.hypertrophy and not _is_thick(patient, qrs) and "ISC_" not in codes:
        unseen.add(patient.hypertrophy)
    if not _is_repolarised_so(patient.repolarisation, st, t):
        unseen.add(patient.repolarisation)
    if patient.atria == "RAO/RAE" and _p_wave(shapes, seen)[[_ROW["II"], _ROW["III"], _ROW["aVF"]]].max() < _RIGHT_P_MV:
        unseen.add(patient.atria)
    return tuple(dict.fromkeys(codes)), frozenset(unseen)


def _is_infarct(patient: Patient, primary: bool, q: np.ndarray, qrs: np.ndarray, st: np.ndarray, t: np.ndarray) -> bool:
    """Whether anything is there of the infarct in its leads: Q waves, little or mirrored R, ST, T."""
    over = _OVER[patient.infarct]
    if (q & over & ~_OFTEN_Q).any() or np.count_nonzero(q & over) >= 2:
        return True
    mirrored = patient.infarct in BACK and np.count_nonzero((st <= -_ST_MV) & _SEPTAL) >= 2
    if mirrored or (_other_qrs(patient, qrs) and not {"CRBBB", "IRBBB"} & set(patient.conduction)):
        return True
    own = over if primary else over & ~_SEPTAL  # ST and T of V1-V3 follow the QRS of a block
    raised, inverted = own & (st >= _RAISED_MV), over & (t <= -_T_MV)
    return bool(np.count_nonzero(raised) >= 2 or (primary and np.count_nonzero(inverted) >= 2))


def _is_thick(patient: Patient, qrs: np.ndarray) -> bool:
    if patient.hypertrophy == "RVH":  # tall R in V1, or a right axis
        r, s, i = qrs[_ROW["V1"]].max(), -qrs[_ROW["V1"]].min(), qrs[_ROW["I"]]
        return bool(r >= min(s, _RIGHT_R_MV) or i.max() + i.min() < 0)
    return patient.hypertrophy == "PE" or _is_high(qrs, patient.sex)


def _is_repolarised_so(kind: str, st: np.ndarray, t: np.ndarray) -> bool:
    if kind in _OVER:
        return _is_ischaemic(kind, st, t)
    if kind in _NON_SPECIFIC:
        return bool(np.count_nonzero(_LEFT & ((t < _LOW_T_MV) | (st <= -_ST_MV))) >= 2)
    return True


def _is_ischaemic(kind: str, st: np.ndarray, t: np.ndarray) -> bool:
    return bool(np.count_nonzero(_OVER[kind] & ((st <= -_ST_MV) | (t <= -_T_MV))) >= 2)


def _p_wave(shapes: Mapping[str, Shape], seen: Mapping[str, np.ndarray]) -> np.ndarray:
    """(12, n) mV."""
    p = shapes["P"]
    return np.asarray(TO_STANDARD @ (seen["P"][:8] @ p.wave.bumps(np.arange(0.0, p.end_ms, 2 * _STEP_MS))))


def _beat(shapes: Mapping[str, Shape], seen: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The QRS (12, n), the ST level (12,) and the T wave's height (12,), mV."""
    qrs, st_t = shapes["QRS"], shapes["T"]
    end = qrs.end_ms
    at = np.concatenate((np.arange(0.0, end, _STEP_MS), [end + _ST_AFTER_J_MS, end + st_t.peak_ms]))
    of_qrs, of_t = seen["QRS"][:8] @ qrs.wave.bumps(at), seen["T"][:8] @ st_t.wave.bumps(at - end)
    leads = TO_STANDARD @ (of_qrs + of_t)
    return leads[:, :-2], leads[:, -2], leads[:, -1]


def _q_waves(qrs: np.ndarray) -> np.ndarray:
    """(12,) whether a lead begins with a Q wave that counts, or is one (QS)."""
    first = np.maximum.accumulate(qrs > _NOTHING_MV, axis=1)
    before = np.where(first, 0.0, qrs)
    depth, ms = -before.min(axis=1), _STEP_MS * (before < -_NOTHING_MV).sum(axis=1)
    r = np.maximum(qrs.max(axis=1), 0.0)
    deep = depth >= _Q_MV
    wide = (ms >= _Q_MS) | ((ms >= _SHORT_Q_MS) & ((depth >= 0.25 * r) | _SEPTAL))
    return np.asarray((deep & wide) | ((r < _NO_R_MV) & (qrs.min(axis=1) <= -_Q_MV)))


def _other_qrs(patient: Patient, qrs: np.ndarray) -> bool:
    """What makes the QRS of an infarct abnormal without a Q wave: little R in front, or tall R over the back wall."""
    if patient.infarct in BACK:
        front = qrs[[_ROW["V1"], _ROW["V2"]]]
        return bool(np.any(front.max(axis=1) >= -front.min(axis=1)))
    return patient.infarct in FRONTAL and float(qrs[_ROW["V3"]].max()) <= _POOR_R_MV


def _is_high(qrs: np.ndarray, sex: str) -> bool:
    left = max(qrs[_ROW["V5"]].max(), qrs[_ROW["V6"]].max())
    cornell = qrs[_ROW["aVL"]].max() - qrs[_ROW["V3"]].min()
    return bool(left - qrs[_ROW["V1"]].min() >= _SOKOLOW_MV or cornell >= _CORNELL_MV[sex])


def _in_neighbours(holds: np.ndarray) -> bool:
    return bool(holds[_NEIGHBOURS].all(axis=1).any())


def _in_two(holds: np.ndarray) -> bool:
    """Whether two leads show it, of those in which it is not usual."""
    return bool(np.count_nonzero(np.delete(holds, (_ROW["aVR"], _ROW["V1"]))) >= 2)


def _not_v1(holds: np.ndarray) -> np.ndarray:
    return np.where(np.arange(12) == _ROW["V1"], False, holds)
