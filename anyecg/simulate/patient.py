"""Who is simulated: age, sex, the conditions of the heart, and the intervals that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# One independent choice per axis, with its share among abnormal records; "" is nothing unusual, "+" joins two.
AXES: dict[str, dict[str, float]] = {
    "rhythm": {
        "SR": 0.574, "SARRH": 0.06, "SBRAD": 0.07, "STACH": 0.07, "AFIB": 0.13, "AFLT": 0.03, "SVTAC": 0.012,
        "AVNRT": 0.004, "AVRT": 0.003, "ATACH": 0.005, "JUNC": 0.006, "PAUSE": 0.004, "IVR": 0.001, "AIVR": 0.001,
        "VTACH": 0.003, "PVT": 0.001, "VFIB": 0.001, "ASYSTOLE": 0.001, "PACE-A": 0.003, "PACE-V": 0.012,
        "PACE-AV": 0.007, "PACE-FAIL": 0.002,
    },
    "ectopy": {
        "": 0.80, "PVC": 0.086, "PAC": 0.06, "BIGU": 0.02, "TRIGU": 0.02, "MULTIFORM": 0.006, "COUPLET": 0.006,
        "NSVT": 0.002,
    },
    "av": {"": 0.90, "1AVB": 0.08, "MOBITZ1": 0.005, "MOBITZ2": 0.003, "2:1AVB": 0.003, "3AVB": 0.009},
    "conduction": {
        "": 0.60, "CRBBB": 0.08, "IRBBB": 0.07, "CLBBB": 0.07, "LAFB": 0.08, "CRBBB+LAFB": 0.02, "LPFB": 0.015,
        "IVCD": 0.035, "WPW": 0.02, "ILBBB": 0.01,
    },
    "infarct": {
        "": 0.70, "IMI": 0.09, "ASMI": 0.08, "AMI": 0.05, "ALMI": 0.025, "LMI": 0.02, "ILMI": 0.025, "PMI": 0.01,
    },
    "hypertrophy": {"": 0.83, "LVH": 0.13, "RVH": 0.03, "HVOLT": 0.01},
    "repolarisation": {
        "": 0.66, "NDT": 0.06, "LOWT": 0.04, "LNGQT": 0.04, "STD_": 0.03, "STE_": 0.02, "ISC_": 0.03, "ISCAL": 0.03,
        "ISCIN": 0.02, "ISCIL": 0.015, "ISCAS": 0.02, "ISCLA": 0.015, "ISCAN": 0.01, "DIG": 0.01,
    },
    "atria": {"": 0.93, "LAO/LAE": 0.05, "RAO/RAE": 0.02},
    "voltage": {"": 0.96, "LVOLT": 0.04},
}  # fmt: skip
_HABIT = {"rhythm": "SR"}  # the usual value of an axis, where it is not ""
# What some statements are made of, when a caller asks for them by name.
_MADE_OF = {
    "LPR": ("1AVB",), "QWAVE": ("IMI", "ASMI", "AMI", "ALMI", "LMI", "ILMI"), "VCLVH": ("LVH",),
    "INVT": ("ISCAN", "ISCAS", "ISCAL", "ISCLA", "ISCIN", "ISCIL"), "2AVB": ("MOBITZ1", "MOBITZ2", "2:1AVB"),
    "PACE": ("PACE-A", "PACE-V", "PACE-AV"),
}  # fmt: skip
_AXIS_OF = {name: axis for axis, choices in AXES.items() for name in choices if name and "+" not in name}
CONDITIONS = ("NORM", *_AXIS_OF, *_MADE_OF)
_SHARE_OF_NORMALS = 0.40
NO_P_WAVE = ("AFIB", "AFLT", "SVTAC")
# Rhythms of the ventricles, or of none: nothing else is read beside them.
VENTRICULAR = ("VTACH", "PVT", "VFIB", "IVR", "AIVR", "ASYSTOLE", "PACE-V", "PACE-AV", "PACE-FAIL")
_BLOCKING = ("MOBITZ1", "MOBITZ2", "2:1AVB", "3AVB")
_SINUS = ("SR", "SARRH", "SBRAD", "STACH")


@dataclass(frozen=True)
class Patient:
    """The state of one heart; conditions are names of `CONDITIONS`, "" where an axis is unremarkable."""

    age: float
    sex: str
    rhythm: str
    ectopy: str
    av: str
    conduction: tuple[str, ...]
    infarct: str
    stage: str
    """Of the infarct: "acute" (ST elevation), "recent" (Q, inverted T) or "old" (Q)."""
    hypertrophy: str
    repolarisation: str
    atria: str
    low_voltage: bool
    inverted_t: bool
    """Ischaemia, if any, inverts T; otherwise it lowers ST."""
    rate_bpm: float
    """Of the usual rhythm."""
    arrhythmia_bpm: float
    """Of atria or ventricles in an attack, otherwise the same."""
    pacing: str
    """What the atria do under ventricular pacing: "tracking", "independent" or "fibrillating"."""
    av_delay_s: float
    """Of the pacemaker."""
    p_ms: float
    pr_ms: float
    qrs_ms: float
    qtc_ms: float
    """By Fridericia."""
    axis_deg: float

    @property
    def codes(self) -> tuple[str, ...]:
        """The names of conditions that are not usual, without rhythm."""
        voltage = ("LVOLT",) if self.low_voltage else ()
        named = (
            self.ectopy,
            self.av,
            *self.conduction,
            self.infarct,
            self.hypertrophy,
            self.repolarisation,
            self.atria,
        )
        return tuple(code for code in (*named, *voltage) if code)


def draw_patient(rng: np.random.Generator, conditions: Sequence[str] | None) -> Patient:
    """Draw a patient of the usual mixture, or one who has exactly one of `conditions` (drawn evenly).

    Raises:
        ValueError: for a condition that cannot be simulated, with those that can.
    """
    wanted = None if conditions is None else str(rng.choice(list(conditions)))
    chosen = _mixture(rng) if wanted is None else _only(wanted, rng)
    state = _compatible(chosen)
    age = _age(state, rng)
    return Patient(
        age=age, sex="male" if rng.random() < 0.52 else "female", rhythm=state["rhythm"], ectopy=state["ectopy"],
        av=state["av"], conduction=tuple(c for c in state["conduction"].split("+") if c), infarct=state["infarct"],
        stage=str(rng.choice(["acute", "recent", "old"], p=[0.15, 0.30, 0.55])), hypertrophy=state["hypertrophy"],
        repolarisation=state["repolarisation"], atria=state["atria"], low_voltage=state["voltage"] == "LVOLT",
        inverted_t=bool(rng.random() < 0.7) or wanted == "INVT",
        pacing=str(rng.choice(["tracking", "independent", "fibrillating"])), av_delay_s=rng.uniform(0.14, 0.2),
        **_intervals(state, age, rng),
    )  # fmt: skip


def check_conditions(conditions: Sequence[str] | None) -> None:
    """Refuse conditions that cannot be simulated."""
    unknown = [name for name in conditions or () if name not in CONDITIONS]
    if unknown or (conditions is not None and not len(conditions)):
        raise ValueError(
            f"cannot simulate {', '.join(map(repr, unknown)) or 'an empty choice of conditions'}; "
            f"conditions are {', '.join(CONDITIONS)}. Leave `conditions` out for the usual mixture."
        )


def _usual() -> dict[str, str]:
    return {axis: _HABIT.get(axis, "") for axis in AXES}


def _mixture(rng: np.random.Generator) -> dict[str, str]:
    if rng.random() < _SHARE_OF_NORMALS:
        return _usual() | {"rhythm": str(rng.choice(["SR", "SBRAD", "SARRH"], p=[0.88, 0.06, 0.06]))}
    return {axis: _pick(choices, rng.random()) for axis, choices in AXES.items()}


def _pick(choices: dict[str, float], level: float) -> str:
    for name, share in choices.items():
        level -= share
        if level < 0:
            return name
    return next(iter(choices))


def _only(condition: str, rng: np.random.Generator) -> dict[str, str]:
    if condition == "NORM":
        return _usual()
    name = str(rng.choice(_MADE_OF[condition])) if condition in _MADE_OF else condition
    return _usual() | {_AXIS_OF[name]: name}


def _compatible(state: dict[str, str]) -> dict[str, str]:
    """Drop what cannot be seen, or is not read, beside the rest."""
    state = dict(state)
    if state["rhythm"] in NO_P_WAVE:
        state |= {"av": "", "atria": "", "ectopy": "PVC" if state["ectopy"] == "PVC" else ""}
    if state["rhythm"] in VENTRICULAR:
        state = _usual() | {"rhythm": state["rhythm"], "repolarisation": "LNGQT" if state["rhythm"] == "PVT" else ""}
    if state["rhythm"] not in _SINUS:
        state["av"] = ""
    if state["av"] in _BLOCKING:
        state["rhythm"] = "SR"
    if state["rhythm"] not in ("SR", "SBRAD", "AFIB") or state["av"] in _BLOCKING:
        state["ectopy"] = ""
    if state["rhythm"] in ("JUNC", "ATACH", "AVNRT", "AVRT"):
        state["atria"] = ""
    if state["conduction"] in ("CLBBB", "WPW"):
        state |= {"infarct": "", "hypertrophy": "", "repolarisation": "", "voltage": ""}
    if state["conduction"] == "WPW":
        state["av"] = "" if state["av"] == "1AVB" else state["av"]
    if state["conduction"] in ("LAFB", "CRBBB+LAFB", "LPFB") and state["infarct"] in ("IMI", "ILMI", "LMI", "ALMI"):
        state["infarct"] = ""
    if state["infarct"] or state["hypertrophy"]:
        state |= {"repolarisation": "", "voltage": ""}
    if state["hypertrophy"] == "RVH" or state["infarct"] == "PMI":
        state |= {"infarct": state["infarct"] if state["hypertrophy"] != "RVH" else "", "conduction": ""}
    return state


def _age(state: dict[str, str], rng: np.random.Generator) -> float:
    ill = any(state[axis] for axis in ("infarct", "hypertrophy", "av", "repolarisation")) or state["rhythm"] == "AFIB"
    blocked = any(name in state["conduction"] for name in ("CLBBB", "CRBBB", "LAFB"))
    mean, spread = (68, 12) if ill or blocked else (52, 18)
    if state["conduction"] == "WPW" or state["rhythm"] == "SARRH":
        mean, spread = 42, 16
    return float(np.clip(round(rng.normal(mean, spread)), 18, 95))


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
_AXIS_USUAL = (32, 27, -26, 84)  # degrees at 50 years
_AXIS = {
    "LAFB": (-58, 8, -78, -46), "LPFB": (112, 8, 100, 135), "RVH": (112, 10, 97, 140),
    "CLBBB": (-15, 26, -62, 45), "LVH": (28, 23, -25, 75), "LMI": (75, 15, 40, 100),
}  # fmt: skip


def _clipped(row: tuple[float, float, float, float], rng: np.random.Generator) -> float:
    return float(np.clip(rng.normal(row[0], row[1]), row[2], row[3]))


def _intervals(state: dict[str, str], age: float, rng: np.random.Generator) -> dict[str, float]:
    first = state["conduction"].split("+")[0]
    rate = _clipped(_RATES.get(state["rhythm"], _RATES["SR"]), rng)
    tilt = 0.4 * (50 - age)  # the axis turns left with age
    causes = (state["conduction"].split("+")[-1], state["hypertrophy"], state["infarct"])
    axis_row = next((_AXIS[cause] for cause in causes if cause in _AXIS), None)
    mean, spread, low, high = axis_row or _AXIS_USUAL
    pr = _clipped((158 + 0.12 * (age - 50) - 0.3 * max(rate - 80, 0), 18, 120, 196), rng)
    if state["av"] == "1AVB":
        pr = _clipped((235, 22, 208, 330), rng)
    if first == "WPW":
        pr = _clipped((104, 8, 84, 118), rng)
    p = _clipped((138, 6, 130, 155), rng) if state["atria"] == "LAO/LAE" else _clipped((114, 8, 92, 124), rng)
    qtc = _clipped((414, 16, 374, 448), rng)
    if state["repolarisation"] == "LNGQT":
        qtc = _clipped((500, 20, 476, 570), rng)
    elif state["repolarisation"] == "DIG":
        qtc = _clipped((375, 12, 345, 400), rng)
    qrs = _clipped(_QRS_MS[first], rng) + (6 if state["hypertrophy"] == "LVH" else 0)
    attacks = _ATTACKS.get(state["rhythm"])
    attack = _clipped(attacks, rng) if attacks else rate
    return {
        "arrhythmia_bpm": attack,
        "rate_bpm": rate, "p_ms": min(p, pr - 8), "pr_ms": pr, "qrs_ms": qrs, "qtc_ms": qtc + 0.6 * max(qrs - 108, 0),
        "axis_deg": _clipped((mean + (tilt if axis_row is None else 0), spread, low, high), rng),
    }  # fmt: skip
