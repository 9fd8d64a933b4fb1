"""The heart's electrical axes: mean directions of P, QRS and T in the frontal plane, and their angles in space.

The QRS axis is that of the net deflection in the limb leads (R less the deeper of Q and S), as it is read: it follows
the dominant deflection (Surawicz et al., Circulation 2009, part III). The net area, tried first, is turned by the broad
end of a right bundle-branch block: in 19 such records of PTB-XL called left (folds 1-9) half the axes were more than 30
degrees off, by the net deflection none. P and T are single waves, and their axes are those of their net area.
"""

from __future__ import annotations

import math

import numpy as np

from ..leads import derive_limb_leads
from .average import RATE, AverageBeat
from .waves import Waves, ms

_AXES = {"p_axis_deg": ("P", 2.0), "axis_deg": ("QRS", 0.15), "t_axis_deg": ("T", 4.0)}
"""Key → wave, and the net area (mV ms), for QRS the net deflection (mV), in the frontal plane below which it has no
direction, since noise decides it there."""
KORS_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
KORS = np.array([
    [0.38, -0.07, -0.13, 0.05, -0.01, 0.14, 0.06, 0.54],
    [-0.07, 0.93, 0.06, -0.02, -0.05, 0.06, -0.17, 0.13],
    [0.11, -0.23, -0.43, -0.06, -0.14, -0.20, -0.11, 0.31],
])  # fmt: skip
"""Frank's X (left), Y (down) and Z (back) from eight leads, by regression: Kors et al., Eur Heart J 1990;11:1083."""
_NO_LIMB = "it takes two limb leads"


def axes(average: AverageBeat, leads: tuple[str, ...], waves: Waves) -> dict:
    """Directions of the waves of the representative beat.

    Args:
        leads: names of the rows of `average.signal`, only leads that can be judged.
        waves: without a P wave (`p_on` None) where none was accepted.

    Returns:
        p_axis_deg, axis_deg (QRS) and t_axis_deg, degrees in the frontal plane, -180 < axis ≤ 180, left negative;
        qrs_t_angle_deg, 0 to 180, the difference of the latter two (Oehler et al., Ann Noninvasive Electrocardiol 2014:
        above 90-100 abnormal); spatial_qrs_t_angle_deg, 0 to 180, between the mean QRS and T vectors of Kors' leads
        (Kardys et al., Eur Heart J 2003; Scherptong et al., J Electrocardiol 2008: normal to 105, abnormal above 135);
        and not_measurable, {key: reason} for each of them that is None.
    """
    frontal = _frontal(average, leads, waves)
    missing: dict[str, str] = {}
    values: dict[str, float | None] = {}
    for key, (wave, least) in _AXES.items():
        net = None if frontal is None else frontal[wave]
        values[key] = None
        if frontal is None:
            missing[key] = _NO_LIMB
        elif net is None:
            missing[key] = f"no {wave} wave found"
        elif math.hypot(*net) < least:
            missing[key] = f"the net {wave} {'deflection' if wave == 'QRS' else 'area'} has no clear frontal direction"
        else:
            values[key] = math.degrees(math.atan2(net[1], net[0]))
    values["qrs_t_angle_deg"] = turn(values["axis_deg"], values["t_axis_deg"])
    if values["qrs_t_angle_deg"] is None:
        missing["qrs_t_angle_deg"] = missing.get("axis_deg") or missing["t_axis_deg"]
    values["spatial_qrs_t_angle_deg"] = spatial_angle(average, leads, waves)
    if values["spatial_qrs_t_angle_deg"] is None:
        absent = [lead for lead in KORS_LEADS if lead not in _with_limb_leads(average, leads)[1]]
        missing["spatial_qrs_t_angle_deg"] = f"it takes {', '.join(absent)} as well" if absent else "no T wave found"
    return {**values, "not_measurable": missing}


def turn(one_deg: float | None, other_deg: float | None) -> float | None:
    """Smaller angle between two directions, 0 to 180 degrees."""
    if one_deg is None or other_deg is None:
        return None
    return abs((one_deg - other_deg + 180) % 360 - 180)


def spatial_angle(average: AverageBeat, leads: tuple[str, ...], waves: Waves) -> float | None:
    """Angle in space between the mean QRS and T vectors, degrees; None without the eight leads or a T wave."""
    signal, names = _with_limb_leads(average, leads)
    if waves.t_on is None or waves.t_off is None or any(lead not in names for lead in KORS_LEADS):
        return None
    eight = signal[[names.index(lead) for lead in KORS_LEADS]]
    qrs, t = (KORS @ area for area in (_qrs_area(eight, waves), _t_area(eight, waves)))
    size = float(np.linalg.norm(qrs) * np.linalg.norm(t))
    return math.degrees(math.acos(np.clip(qrs @ t / size, -1, 1))) if size > 0 else None


def _frontal(
    average: AverageBeat, leads: tuple[str, ...], waves: Waves
) -> dict[str, tuple[float, float] | None] | None:
    """How far each wave points to the left and downwards: net area of P and T in mV ms, net deflection of QRS in mV.

    Lead I looks left; aVF looks down but is smaller than a bipolar lead by √3/2, hence the factor (Novosel et al., Int
    J Cardiol 1999).
    """
    signal, names = _with_limb_leads(average, leads)
    if "I" not in names or "aVF" not in names:
        return None
    plane = signal[[names.index("I"), names.index("aVF")]] * np.array([[1.0], [2 / math.sqrt(3)]])
    found: dict[str, tuple[float, float] | None] = dict.fromkeys(("P", "T"))
    qrs = (plane - level_before(plane, waves.qrs_on))[:, round(waves.qrs_on) : round(waves.qrs_off) + 1]
    x, y = np.maximum(qrs.max(axis=1), 0) + np.minimum(qrs.min(axis=1), 0)
    found["QRS"] = (float(x), float(y))
    if waves.p_on is not None and waves.p_off is not None:
        x, y = _area(plane, waves.p_on, min(waves.p_off, waves.qrs_on))
        found["P"] = (float(x), float(y))
    if waves.t_on is not None and waves.t_off is not None:
        x, y = _t_area(plane, waves)
        found["T"] = (float(x), float(y))
    return found


def _with_limb_leads(average: AverageBeat, leads: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    signal, names, _ = derive_limb_leads(average.signal, leads)
    return signal, names


def _qrs_area(signal: np.ndarray, waves: Waves) -> np.ndarray:
    """Against the level before it, not the line to J: half an elevated ST would be taken from the QRS."""
    return _area(signal, waves.qrs_on, waves.qrs_off, level_before(signal, waves.qrs_on))


def _t_area(signal: np.ndarray, waves: Waves) -> np.ndarray:
    """Against the same level, since T begins where ST is."""
    assert waves.t_on is not None and waves.t_off is not None
    return _area(signal, waves.t_on, waves.t_off, level_before(signal, waves.qrs_on))


def _area(signal: np.ndarray, start: float, end: float, level: np.ndarray | None = None) -> np.ndarray:
    """Net area in mV ms of each row, against a level or else against the line between both ends."""
    part = signal[:, max(round(start), 0) : round(end) + 1]
    base = np.linspace(part[:, 0], part[:, -1], part.shape[1], axis=1) if level is None else level
    return (part - base).sum(axis=1) * 1000 / RATE


def level_before(signal: np.ndarray, onset: float) -> np.ndarray:
    """Level of each row just before a wave begins, shape (n_rows, 1), mV: the median from 20 to 2 ms before it."""
    on = round(onset)
    return np.median(signal[:, max(on - ms(20), 0) : max(on - ms(2), 1)], axis=1, keepdims=True)
