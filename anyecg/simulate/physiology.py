"""Numbers that go with what a patient has: age, rate, intervals and axis."""

from __future__ import annotations

import numpy as np

_WITH_AGE = ("infarct", "hypertrophy", "av", "repolarisation", "ectopy", "atria")


def draw_age(state: dict[str, str], rng: np.random.Generator) -> float:
    """Years, by what the patient has."""
    ill = any(state[axis] for axis in _WITH_AGE) or state["rhythm"] == "AFIB"
    blocked = any(name in state["conduction"] for name in ("CLBBB", "CRBBB", "LAFB"))
    mean, spread = (68, 12) if ill or blocked else (52, 18)
    if state["conduction"] == "WPW":
        mean, spread = 42, 16
    elif state["rhythm"] == "SARRH" and not ill:
        mean, spread = 56, 18
    return float(min(max(round(rng.normal(mean, spread)), 18), 95))


_RATES = {  # mean, spread, lowest, highest per minute
    "SR": (72, 11, 60, 99),
    "SARRH": (70, 9, 58, 90),
    "SBRAD": (53, 5, 38, 59),
    "STACH": (113, 11, 101, 160),
    "AFIB": (92, 24, 48, 165),
    "AFLT": (110, 35, 65, 160),
    "SVTAC": (168, 14, 140, 190),
    "JUNC": (53, 11, 36, 98),
    "IVR": (35, 5, 22, 45),
    "AIVR": (78, 13, 54, 108),
    "PAUSE": (62, 9, 44, 88),
    "PACE-A": (66, 6, 55, 90),
    "PACE-V": (66, 7, 50, 90),
    "PACE-AV": (66, 6, 55, 90),
    "PACE-FAIL": (66, 6, 55, 80),
}
_ATTACKS = {
    "VTACH": (168, 26, 112, 230), "PVT": (218, 22, 170, 270), "AVNRT": (176, 18, 140, 220),
    "AVRT": (188, 18, 150, 235), "ATACH": (160, 26, 112, 225),
}  # fmt: skip
_QRS_MS = {  # mean, spread, lowest, highest
    "": (103, 7, 86, 116), "IRBBB": (111, 4, 102, 119), "CRBBB": (150, 12, 126, 178), "CLBBB": (159, 12, 134, 188),
    "LAFB": (106, 6, 90, 119), "LPFB": (106, 6, 90, 119), "IVCD": (122, 7, 112, 140), "WPW": (132, 10, 116, 158),
    "ILBBB": (112, 4, 104, 119),
}  # fmt: skip
_AXIS_USUAL = (29, 26, -26, 82)  # degrees at 50 years
_AXIS = {
    "LAFB": (-58, 8, -78, -46), "LPFB": (104, 9, 91, 130), "RVH": (75, 22, 10, 110), "IMI": (22, 18, -8, 55),
    "ASMI": (14, 24, -22, 75), "AMI": (10, 20, -20, 60), "RAO/RAE": (55, 30, -20, 95),
    "CLBBB": (-15, 26, -62, 45), "LVH": (28, 23, -25, 75), "LMI": (55, 30, -20, 105), "PE": (82, 14, 50, 112),
}  # fmt: skip


def _clipped(row: tuple[float, float, float, float], score: float) -> float:
    return min(max(row[0] + row[1] * score, row[2]), row[3])


def draw_intervals(state: dict[str, str], age: float, rng: np.random.Generator) -> dict[str, float]:
    """Rate, intervals and axis: the fields of `Patient` of these names.

    The scores are drawn first, so that one more condition leaves what it does not concern as it was.
    """
    of_rate, of_pr, of_p, of_qtc, of_qrs, of_axis, of_attack = rng.standard_normal(7).tolist()
    level = rng.random(2)
    first = state["conduction"].split("+")[0]
    rate = _clipped(_RATES.get(state["rhythm"], _RATES["SR"]), of_rate)
    tilt = 0.4 * (50 - age)  # the axis turns left with age
    causes = (state["conduction"].split("+")[-1], state["hypertrophy"], state["infarct"], state["atria"])
    axis_row = next((_AXIS[cause] for cause in causes if cause in _AXIS), None)
    mean, spread, low, high = axis_row or _AXIS_USUAL
    pr = _clipped((158 + 0.12 * (age - 50) - 0.3 * max(rate - 80, 0), 18, 120, 196), of_pr)
    left_atrium = state["atria"] == "LAO/LAE"
    if left_atrium:
        pr = _clipped((182, 18, 158, 199), of_pr)
    if state["av"] == "1AVB":
        pr = _clipped((222, 16, 204, 330), of_pr)
    if first == "WPW":
        pr = _clipped((104, 8, 84, 118), of_pr)
    slow = state["av"] == "1AVB"  # atria that conduct slowly, too
    p = _clipped((140, 7, 130, 158) if left_atrium else (128, 10, 105, 146) if slow else (117, 12, 90, 137), of_p)
    if state["atria"] == "RAO/RAE" and state["rhythm"] == "SR":
        rate = _clipped((86, 10, 62, 99), of_rate)
    qtc = _clipped((414, 16, 374, 448), of_qtc)
    if state["repolarisation"] == "LNGQT":
        qtc = _clipped((500, 20, 476, 570), of_qtc)
    elif state["repolarisation"] == "DIG":
        qtc = _clipped((375, 12, 345, 400), of_qtc)
    elif state["repolarisation"] == "SHORTQT":
        qtc = _clipped((318, 12, 285, 338), of_qtc)
    elif state["repolarisation"] == "EL":
        qtc = _clipped((448, 18, 410, 490), of_qtc)
    elif state["repolarisation"] == "HYPOK":
        qtc = _clipped((442, 18, 405, 480), of_qtc)
    qrs = _clipped(_QRS_MS[first], of_qrs) + (6 if state["hypertrophy"] == "LVH" else 0)
    if state["repolarisation"] == "HYPERK":
        qrs, pr, qtc = qrs + 6 + 28 * level[0], pr + 6 + 24 * level[1], qtc - 20
    if state["hypertrophy"] == "PE":
        qrs += 10 * level[0]
    attacks = _ATTACKS.get(state["rhythm"])
    attack = _clipped(attacks, of_attack) if attacks else rate
    return {
        "arrhythmia_bpm": attack,
        "rate_bpm": rate, "p_ms": min(p, pr - 25), "pr_ms": pr, "qrs_ms": qrs, "qtc_ms": qtc + 0.6 * max(qrs - 108, 0),
        "axis_deg": _clipped((mean + (tilt if axis_row is None else 0), spread, low, high), of_axis),
    }  # fmt: skip
