"""Who is simulated: age, sex, the conditions of the heart, and the intervals that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .physiology import draw_age, draw_intervals

# One independent choice per axis, with its share among abnormal records; "" is nothing unusual, "+" joins two.
AXES: dict[str, dict[str, float]] = {
    "rhythm": {
        "SR": 0.554, "SARRH": 0.08, "SBRAD": 0.07, "STACH": 0.07, "AFIB": 0.13, "AFLT": 0.03, "SVTAC": 0.012,
        "AVNRT": 0.004, "AVRT": 0.003, "ATACH": 0.005, "JUNC": 0.006, "PAUSE": 0.004, "IVR": 0.001, "AIVR": 0.001,
        "VTACH": 0.003, "PVT": 0.001, "VFIB": 0.001, "ASYSTOLE": 0.001, "PACE-A": 0.003, "PACE-V": 0.012,
        "PACE-AV": 0.007, "PACE-FAIL": 0.002,
    },
    "ectopy": {
        "": 0.775, "PVC": 0.086, "PAC": 0.085, "BIGU": 0.02, "TRIGU": 0.02, "MULTIFORM": 0.006, "COUPLET": 0.006,
        "NSVT": 0.002,
    },
    "av": {"": 0.90, "1AVB": 0.08, "MOBITZ1": 0.005, "MOBITZ2": 0.003, "2:1AVB": 0.003, "3AVB": 0.009},
    "conduction": {
        "": 0.60, "CRBBB": 0.08, "IRBBB": 0.07, "CLBBB": 0.07, "LAFB": 0.08, "CRBBB+LAFB": 0.02, "LPFB": 0.006,
        "CRBBB+LPFB": 0.009, "IVCD": 0.035, "WPW": 0.02, "ILBBB": 0.01,
    },
    "pathway": {"": 1.0, "WPW:left lateral": 0, "WPW:posteroseptal": 0, "WPW:right": 0, "WPW:anteroseptal": 0},
    "infarct": {
        "": 0.63, "IMI": 0.12, "ASMI": 0.10, "AMI": 0.05, "ALMI": 0.025, "LMI": 0.03, "ILMI": 0.025, "PMI": 0.01,
        "IPMI": 0.006, "IPLMI": 0.004,
    },
    "hypertrophy": {"": 0.828, "LVH": 0.13, "RVH": 0.03, "HVOLT": 0.01, "PE": 0.002},
    "repolarisation": {
        "": 0.521, "NDT": 0.06, "LOWT": 0.04, "LNGQT": 0.04, "STD_": 0.03, "STE_": 0.02, "ISC_": 0.03, "ISCAL": 0.03,
        "ISCIN": 0.02, "ISCIL": 0.015, "ISCAS": 0.02, "ISCLA": 0.015, "ISCAN": 0.01, "DIG": 0.01,
        "NT_": 0.03, "NST_": 0.035, "INJAS": 0.012, "INJAL": 0.012, "INJIN": 0.006, "INJLA": 0.003, "INJIL": 0.004,
        "EL": 0.01, "EARLYREP": 0.01, "PERICARDITIS": 0.004, "BRUGADA": 0.002, "HYPERK": 0.004, "HYPOK": 0.005,
        "SHORTQT": 0.002,
    },
    "atria": {"": 0.93, "LAO/LAE": 0.05, "RAO/RAE": 0.02},
    "voltage": {"": 0.96, "LVOLT": 0.04},
}  # fmt: skip
_HABIT = {"rhythm": "SR"}  # the usual value of an axis, where it is not ""
# What some statements are made of, when a caller asks for them by name.
_MADE_OF = {
    "LPR": ("1AVB",), "QWAVE": ("IMI", "ASMI", "AMI", "ALMI", "LMI", "ILMI"), "VCLVH": ("LVH",),
    "INVT": ("ISCAN", "ISCAS", "ISCAL", "ISCLA", "ISCIN", "ISCIL"), "2AVB": ("MOBITZ1", "MOBITZ2", "2:1AVB"),
    "PACE": ("PACE-A", "PACE-V", "PACE-AV"), "ANEUR": ("ASMI:aneurysm", "AMI:aneurysm", "ALMI:aneurysm"),
}  # fmt: skip
_STRONGLY = {"INVT": {"inverted": "yes"}, "QWAVE": {"deep_q": "yes"}}  # so that a reader could not miss it
_AXIS_OF = {name: axis for axis, choices in AXES.items() for name in choices if name and "+" not in name}
_STAGES = ("acute", "recent", "old")
CONDITIONS = (
    "NORM", *_AXIS_OF, *_MADE_OF, *(f"{code}:{stage}" for code in AXES["infarct"] if code for stage in _STAGES),
)  # fmt: skip
_SHARE_OF_NORMALS = 0.40
NO_P_WAVE = ("AFIB", "AFLT", "SVTAC")
# Rhythms of the ventricles, or of none: nothing else is read beside them.
VENTRICULAR = ("VTACH", "PVT", "VFIB", "IVR", "AIVR", "ASYSTOLE", "PACE-V", "PACE-AV", "PACE-FAIL")
# Changes of repolarisation by name that also change QRS or P, or that stand alone.
SYNDROMES = ("EARLYREP", "PERICARDITIS", "BRUGADA", "HYPERK", "HYPOK", "SHORTQT")
FRONTAL = ("ASMI", "AMI", "ALMI")
BACK = ("PMI", "IPMI", "IPLMI")
_BLOCKING = ("MOBITZ1", "MOBITZ2", "2:1AVB", "3AVB")
_RIGHT = ("CRBBB", "IRBBB")
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
    pathway: str
    """Of pre-excitation: "left lateral", "posteroseptal", "right" or "anteroseptal"."""
    infarct: str
    stage: str
    """Of the infarct: "acute" (ST elevation), "recent" (Q, inverted T), "old" (Q) or "aneurysm" (Q, ST stays up)."""
    hypertrophy: str
    repolarisation: str
    atria: str
    low_voltage: bool
    inverted_t: bool
    """Ischaemia, if any, inverts T; otherwise it lowers ST."""
    deep_q: bool
    """Of an infarct: asked for its Q waves."""
    rate_bpm: float
    """Of the usual rhythm."""
    arrhythmia_bpm: float
    """Of atria or ventricles in an attack, otherwise the same."""
    pacing: str
    """What the atria do under ventricular pacing: "tracking", "independent" or "fibrillating"."""
    av_delay_s: float
    """Of the pacemaker."""
    escape: str
    """What beats in complete AV block: "junctional" or "ventricular"."""
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


def draw_state(rng: np.random.Generator, conditions: Sequence[str] | None) -> dict[str, str]:
    """Axis → what is chosen there: the usual mixture, or exactly one of `conditions` (drawn evenly)."""
    wanted = None if conditions is None else str(rng.choice(list(conditions)))
    return compatible(_mixture(rng) if wanted is None else _only(wanted, rng))


def draw_patient(state: dict[str, str], rng: np.random.Generator, age: float | None = None) -> Patient:
    """Draw a patient who has this, by default of an age that goes with it."""
    if age is None:
        age = draw_age(state, rng)
    stage = _pick({"old": 0.60, "recent": 0.19, "acute": 0.12, "aneurysm": 0.09}, rng.random())
    if stage == "aneurysm" and state["infarct"] not in FRONTAL:
        stage = "old"
    sites = {"left lateral": 0.5, "posteroseptal": 0.25, "right": 0.15, "anteroseptal": 0.1}
    pathway = _pick(sites, rng.random())
    return Patient(
        age=age, sex="male" if rng.random() < 0.52 else "female", rhythm=state["rhythm"], ectopy=state["ectopy"],
        av=state["av"], conduction=tuple(c for c in state["conduction"].split("+") if c),
        pathway=state["pathway"].partition(":")[2] or pathway, infarct=state["infarct"],
        stage=state.get("stage") or stage, hypertrophy=state["hypertrophy"],
        repolarisation=state["repolarisation"], atria=state["atria"], low_voltage=state["voltage"] == "LVOLT",
        inverted_t=bool(rng.random() < 0.7) or "inverted" in state, deep_q="deep_q" in state,
        pacing=("tracking", "independent", "fibrillating")[int(3 * rng.random())], av_delay_s=rng.uniform(0.14, 0.2),
        escape="junctional" if rng.random() < 0.6 else "ventricular",
        **draw_intervals(state, age, rng),
    )  # fmt: skip


def check_conditions(conditions: Sequence[str] | None) -> None:
    """Refuse conditions that cannot be simulated."""
    unknown = [name for name in conditions or () if name not in CONDITIONS]
    if unknown or (conditions is not None and not len(conditions)):
        raise ValueError(
            f"cannot simulate {', '.join(map(repr, unknown)) or 'an empty choice of conditions'}; "
            f"conditions are {', '.join(CONDITIONS)}. Leave `conditions` out for the usual mixture."
        )


def usual_state() -> dict[str, str]:
    """A heart without anything unusual."""
    return {axis: _HABIT.get(axis, "") for axis in AXES}


def _mixture(rng: np.random.Generator) -> dict[str, str]:
    if rng.random() < _SHARE_OF_NORMALS:
        return usual_state() | {"rhythm": _pick({"SR": 0.86, "SBRAD": 0.06, "SARRH": 0.08}, rng.random())}
    return _together({axis: _pick(choices, rng.random()) for axis, choices in AXES.items()}, rng.random())


def _together(state: dict[str, str], luck: float) -> dict[str, str]:
    """Add what often comes with the rest: a large left ventricle with its atrium, a right bundle block with RVH."""
    if state["atria"] == "LAO/LAE" and luck < 0.35 and not state["hypertrophy"]:
        return state | {"hypertrophy": "LVH"}
    if state["hypertrophy"] == "RVH" and luck < 0.55:
        return state | {"conduction": "CRBBB" if luck < 0.4 else "IRBBB"}
    return state


def _pick(choices: dict[str, float], level: float) -> str:
    for name, share in choices.items():
        level -= share
        if level < 0:
            return name
    return next(iter(choices))


def _only(condition: str, rng: np.random.Generator) -> dict[str, str]:
    if condition == "NORM":
        return usual_state()
    name = str(rng.choice(_MADE_OF[condition])) if condition in _MADE_OF else condition
    if name in _AXIS_OF:
        return usual_state() | {_AXIS_OF[name]: name} | _STRONGLY.get(condition, {})
    code, _, stage = name.partition(":")
    return usual_state() | {"infarct": code, "stage": stage}


def compatible(state: dict[str, str]) -> dict[str, str]:
    """Drop what cannot be seen, or is not read, beside the rest."""
    state = dict(state)
    if state["pathway"]:
        state["conduction"] = "WPW"
    if state["rhythm"] in NO_P_WAVE:
        state |= {"av": "", "atria": "", "ectopy": "PVC" if state["ectopy"] == "PVC" else ""}
    if state["rhythm"] in VENTRICULAR:
        state = usual_state() | {
            "rhythm": state["rhythm"],
            "repolarisation": "LNGQT" if state["rhythm"] == "PVT" else "",
        }
    if state["rhythm"] not in _SINUS:
        state["av"] = ""
    if state["av"] in _BLOCKING:
        state["rhythm"] = "SR"
    if state["rhythm"] not in ("SR", "SBRAD", "AFIB") or state["av"] in _BLOCKING:
        state["ectopy"] = ""
    if state["rhythm"] in ("JUNC", "ATACH", "AVNRT", "AVRT"):
        state["atria"] = ""
    if state["repolarisation"] in SYNDROMES:
        state |= {"conduction": "", "infarct": "", "hypertrophy": "", "voltage": ""}
    if state["conduction"] in ("CLBBB", "WPW"):
        state |= {"infarct": "", "hypertrophy": "", "repolarisation": "", "voltage": ""}
    if state["conduction"] == "WPW":
        state["av"] = "" if state["av"] == "1AVB" else state["av"]
    if state["conduction"].endswith(("LAFB", "LPFB")) and state["infarct"] in ("IMI", "ILMI", "LMI", "ALMI"):
        state["infarct"] = ""
    if state["infarct"] or state["hypertrophy"]:
        state |= {"repolarisation": "", "voltage": ""}
    if state["hypertrophy"] == "PE":
        state |= {"rhythm": "STACH", "ectopy": "", "av": "", "infarct": "", "conduction": ""}
    if state["hypertrophy"] == "RVH":
        state |= {"infarct": "", "conduction": state["conduction"] if state["conduction"] in _RIGHT else ""}
    elif state["infarct"] == "PMI":
        state["conduction"] = ""
    return state
