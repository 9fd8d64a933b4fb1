"""The person around the heart: build, blood pressure, smoking, drugs and electrolytes that fit what the ECG shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .patient import Patient
from .torso import Torso


@dataclass(frozen=True)
class Person:
    """Facts that a referral would give."""

    age: float
    sex: str
    bmi_kg_m2: float
    systolic_mmhg: int
    diastolic_mmhg: int
    smoking: str
    """"never", "former" or "current"."""
    drugs: tuple[str, ...]
    potassium_mmol_l: float
    calcium_mmol_l: float
    heart_position: str
    """"horizontal", "intermediate" or "vertical", by the frontal axis."""


_QT_DRUGS = ("amiodarone", "sotalol", "citalopram", "methadone", "haloperidol", "clarithromycin")
_POTASSIUM = {"HYPOK": (2.3, 3.1), "HYPERK": (6.1, 7.8)}


def draw_person(patient: Patient, torso: Torso, rng: np.random.Generator) -> Person:
    """Draw a person whose facts fit this heart and this chest; the same draws give the same person at every visit."""
    build, pressure, salt, lime = rng.standard_normal(4).tolist()
    luck = rng.random(4).tolist()
    old_infarct = bool(patient.infarct)
    systolic = 122 + 0.35 * (patient.age - 50) + 11 * pressure + 22 * (patient.hypertrophy == "LVH")
    if patient.hypertrophy == "PE" or patient.rhythm in ("VTACH", "PVT") or patient.av == "3AVB":
        systolic -= 28
    low, high = _POTASSIUM.get(patient.repolarisation, (0.0, 0.0))
    potassium = low + luck[0] * (high - low) if low else _within(4.2 + 0.25 * salt, 3.6, 5.0)
    # A thick chest wall attenuates the chest leads; a raised diaphragm turns the axis to the left.
    bmi = 26.5 - 18 * math.log(torso.chest_gain) - 0.04 * (patient.axis_deg - 35) + 3 * build + 3 * patient.low_voltage
    return Person(
        age=patient.age, sex=patient.sex, bmi_kg_m2=round(_within(bmi, 16.5, 48), 1),
        systolic_mmhg=round(_within(systolic, 78, 215)),
        diastolic_mmhg=round(_within(0.55 * systolic + 12 + 4 * lime, 45, 125)),
        smoking="never" if luck[1] > (0.75 if old_infarct else 0.45) else "current" if luck[1] < 0.22 else "former",
        drugs=_drugs(patient, luck[2]), potassium_mmol_l=round(potassium, 1),
        calcium_mmol_l=round(_within(2.35 + 0.08 * lime, 2.15, 2.6), 2),
        heart_position=("horizontal", "intermediate", "vertical")[(patient.axis_deg > 10) + (patient.axis_deg > 70)],
    )  # fmt: skip


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _drugs(patient: Patient, luck: float) -> tuple[str, ...]:
    drugs: list[str] = []
    if patient.infarct:
        drugs += ["aspirin", "atorvastatin", "metoprolol"]
    if patient.hypertrophy == "LVH":
        drugs.append("ramipril")
    if patient.rhythm in ("AFIB", "AFLT"):
        drugs += ["apixaban", "bisoprolol"]
    by_repolarisation = {
        "DIG": ["digoxin"], "LNGQT": [_QT_DRUGS[int(luck * len(_QT_DRUGS))]], "HYPOK": ["furosemide"],
        "HYPERK": ["spironolactone", "ramipril"],
    }  # fmt: skip
    drugs += by_repolarisation.get(patient.repolarisation, [])
    return tuple(dict.fromkeys(drugs))
