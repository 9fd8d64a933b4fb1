"""Questions for voltages and R progression of one ECG, and for signs of strain: from amplitudes and called findings."""

from __future__ import annotations

import re

from ..evidence import Evidence
from ..findings import FINDINGS
from ..measure.infarction import LVH_MV
from .said import SOUND, asks_yes_or_no, called, capital, join, mv, named

CORNELL_WOMEN_MV = 2.0


def progression(evidence: Evidence, question: str) -> str:
    found = evidence.measurements.get("r_progression")
    if not found:
        return "I cannot tell: R wave progression needs the chest leads, and was not measurable here."
    is_normal = found["word"] == "normal"
    where = (
        f"R exceeds S from {found['transition_lead']} on"
        if found["transition_lead"] != "none"
        else "R exceeds S in no chest lead"
    )
    yes = ""
    if asks_yes_or_no(question):
        wants_normal = not re.search(r"poor|abnormal|late|early|reduced", question)
        holds = (
            is_normal
            if wants_normal
            else found["word"] != "normal" and ("poor" not in question or found["word"] in ("poor", "reversed"))
        )
        yes = f"{'Yes' if holds else 'No'}: "
    return capital(f"{yes}R wave progression is {found['word']}; {where}.")


def voltages(evidence: Evidence, question: str) -> str:
    measured, parts, over = evidence.measurements, [], False
    women = evidence.record.sex == "female"
    limits = {
        "sokolow_lyon_mv": ("Sokolow-Lyon", LVH_MV["sokolow_lyon_mv"], ""),
        "cornell_mv": ("Cornell", CORNELL_WOMEN_MV, " in women") if women
        else ("Cornell", LVH_MV["cornell_mv"], " in men"),
    }  # fmt: skip
    asked = [key for key in limits if key.split("_")[0] in question] or list(limits)
    for key in asked:
        name, limit, whom = limits[key]
        value = measured.get(key)
        if value is not None:
            over = over or round(value, 2) >= limit
            parts.append(f"{name} {mv(value)} (for left ventricular hypertrophy from {mv(limit)} on{whom})")
    if not parts:
        return "I cannot tell: the voltage criteria need chest and limb leads, which could not be measured here."
    low, high = called(evidence, ("LVOLT",)), called(evidence, ("LVH", "VCLVH", "HVOLT"))
    head = [*high, *low]
    yes = ""
    if asks_yes_or_no(question):
        wants_normal = bool(SOUND.search(question))
        yes = f"{'Yes' if (over or bool(head if wants_normal else high)) != wants_normal else 'No'}: "
    text = f"{yes}{join(parts)}."
    return text + (f" The finding head calls {named(head)}." if head else "")


def s1q3t3(evidence: Evidence, question: str) -> str:
    rows = evidence.measurements.get("leads") or {}
    values = [rows.get("I", {}).get("s_mv"), rows.get("III", {}).get("q_mv"), rows.get("III", {}).get("t_mv")]
    if any(value is None for value in values):
        return "I cannot tell: it needs S in lead I and Q and T in lead III, which could not all be measured."
    s, q, t = (float(value) for value in values if value is not None)
    holds = s <= -0.15 and q <= -0.15 and t < 0
    yes = f"{'Yes' if holds else 'No'}: " if asks_yes_or_no(question) else "S1Q3T3: "
    return (
        f"{yes}S in I is {mv(s)}, Q in III {mv(q)}, T in III {mv(t)} (the pattern asks for S and Q "
        "of 0.15 mV and an inverted T wave). It neither proves nor excludes a pulmonary embolism."
    )


def right_strain(evidence: Evidence, question: str) -> str:
    found = called(evidence, ("RVH", "RAO/RAE", "CRBBB", "IRBBB"))
    axis = evidence.measurements.get("axis_deg")
    right = f"a right axis ({axis:.0f}°)" if axis is not None and round(axis) > 90 else ""
    there = [*([named(found)] if found else []), *([right] if right else [])]
    said = f"Possible signs: {join(there)}." if there else (
        "None of the usual signs (right ventricular hypertrophy, right atrial enlargement, right bundle branch block, "
        "right axis) is called."
    )  # fmt: skip
    return f"{said} {s1q3t3(evidence, '')}"


def left_strain(evidence: Evidence, question: str) -> str:
    hypertrophy, change = (
        called(evidence, ("LVH", "VCLVH", "RVH", "SEHYP")),
        called(evidence, [code for code, f in FINDINGS.items() if f.superclass == "STTC"]),
    )
    if hypertrophy and change:
        return f'Possibly: {named(hypertrophy)} with {named(change)}; "strain" itself has no probability.'
    if hypertrophy or change:
        other = "ST/T changes" if hypertrophy else "hypertrophy"
        return f"Not as a pattern: {named(hypertrophy or change)}, without {other}."
    return "No: neither hypertrophy nor ST/T changes are likely enough to be named."


ANSWERS = {
    "progression": progression, "voltages": voltages, "s1q3t3": s1q3t3, "right_strain": right_strain,
    "left_strain": left_strain,
}  # fmt: skip
