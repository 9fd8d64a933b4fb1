"""Decisions and causes that an ECG bears on but does not settle: drugs, devices, the cath lab, the artery, potassium.

A decision is the clinicians'; the answer says so and tells what of this ECG bears on it.
"""

from __future__ import annotations

import re

from ..check_findings import percent
from ..evidence import Evidence
from ..findings import FINDINGS, phrase
from ..knowledge import passage
from .said import called, capital, critical, mv, named, rhythm, shows
from .waves import q_waves, st_changes, stemi

_CLINICIAN = "That is for the treating clinician to decide, with history and examination; an ECG alone cannot say."
REGIONAL = [c for c, f in FINDINGS.items() if f.superclass == "MI" or (c.startswith("ISC") and c != "ISC_")]
"""Statements of a wall's infarction, injury or ischaemia."""
_ARTERIES = {
    "inferior": "the right coronary artery, less often the circumflex",
    "inferolateral": "the circumflex or the right coronary artery",
    "inferoposterior": "the right coronary artery or the circumflex",
    "inferoposterolateral": "the right coronary artery or the circumflex",
    "posterior": "the circumflex or the right coronary artery",
    "anterior": "the left anterior descending artery", "anteroseptal": "the left anterior descending artery",
    "anterolateral": "the left anterior descending artery with its diagonal branches, less often the circumflex",
    "lateral": "the circumflex or a diagonal branch",
}  # fmt: skip
"""The usual artery of each region: Wagner et al., AHA/ACCF/HRS recommendations for the ECG, part VI (2009)."""


def decision(evidence: Evidence, question: str) -> str:
    return f"{_CLINICIAN} What this ECG adds: {shows(evidence)}"


def pacemaker(evidence: Evidence, question: str) -> str:
    measured = evidence.measurements
    found = called(evidence, ("2AVB", "3AVB", "1AVB", "CLBBB", "CRBBB", "LAFB", "LPFB", "SBRAD", "PACE"))
    slow = measured.get("heart_rate_min_bpm")
    pauses = evidence.locate("pause")
    parts = [named(found) if found else "no AV block, bundle branch block or bradycardia is called"]
    parts += [f"slowest rate {slow:.0f}/min"] if slow is not None else []
    parts.append(
        f"{len(pauses)} pause{'s' if len(pauses) > 1 else ''} of more than 3 s"
        if pauses
        else "no pause of more than 3 s"
    )
    urgent = critical(evidence)
    return f"{_CLINICIAN} What bears on it: {'; '.join(parts)}.{f' Critical: {urgent}' if urgent else ''}"


def device(evidence: Evidence, question: str) -> str:
    """What an ECG contributes to resynchronisation (CRT) or a defibrillator (ICD); who gets one is not said.

    Source: Glikson et al., ESC guidelines on cardiac pacing and resynchronisation therapy 2021 (QRS width and left
    bundle branch block); Zeppenfeld et al., ESC guidelines on ventricular arrhythmias 2022 (ICD).
    """
    qrs = evidence.measurements.get("qrs_ms")
    width = f"QRS {qrs:.0f} ms" if qrs is not None else "QRS not measurable"
    blocks = called(evidence, ("CLBBB", "CRBBB", "IVCD", "PACE"))
    adds = f"{width}; {named(blocks) if blocks else 'no bundle branch block is called'}; {rhythm(evidence)}."
    if re.search(r"\b(?:icd|defibrillator)\b", question):
        runs = evidence.locate("ventricular tachycardia") + evidence.locate("ventricular fibrillation")
        ventricular = "ventricular tachycardia was measured" if runs else "no ventricular tachycardia was measured"
        return (
            f"{_CLINICIAN} It goes by ejection fraction, cause and earlier arrhythmias, which a resting ECG does not "
            f"show. What this ECG adds: {adds[:-1]}; {ventricular} in {evidence.record.duration_s:.0f} s. "
            "(Source: ESC guideline on ventricular arrhythmias 2022.)"
        )
    return (
        f"{_CLINICIAN} It also takes the ejection fraction and symptoms of heart failure under treatment. What this "
        f"ECG adds: {adds} An ECG speaks most for it with left bundle branch block and a QRS of 150 ms or more, less "
        "from 130 ms on or without that block, and against it below 130 ms. (Source: ESC guideline on pacing and "
        "resynchronisation 2021.)"
    )


def cath_lab(evidence: Evidence, question: str) -> str:
    return f"{_CLINICIAN} {stemi(evidence, 'is it')} With ongoing symptoms, do not wait for a program."


def drug(evidence: Evidence, question: str) -> str:
    """What bears on a drug that prolongs QT or slows the AV node; no advice whether to give it."""
    measured = evidence.measurements
    parts = []
    values = {"rate": ("heart_rate_bpm", "/min"), "PR": ("pr_ms", " ms"), "QRS": ("qrs_ms", " ms"),
              "QTc by Bazett": ("qtc_bazett_ms", " ms"), "by Fridericia": ("qtc_fridericia_ms", " ms")}  # fmt: skip
    for name, (key, unit) in values.items():
        value = measured.get(key)
        parts.append(f"{name} {value:.0f}{unit}" if value is not None else f"{name} not measurable")
    blocks = called(evidence, ("1AVB", "2AVB", "3AVB", "LNGQT", "AFIB", "SBRAD", "WPW"))
    text = (
        "I cannot advise on drugs or doses: an ECG does not show weight, kidney function or other drugs. Please ask "
        f"the treating doctor or a pharmacist. What this ECG adds: {', '.join(parts)}"
    )
    text += f"; {named(blocks)}." if blocks else "."
    if re.search(_QT_DRUGS, question):
        text += f" {passage('drug-induced QT prolongation', 'criteria').text}"
    return text


_VESSEL = re.compile(r"\b(?:arter\w+|vessels?|culprit|territory|walls?)\b")


def region(evidence: Evidence, question: str) -> str:
    """The wall of a called infarction, injury or ischaemia; asked for wall or artery, also what usually supplies it."""
    found = called(evidence, REGIONAL)
    names = [(item, phrase(item[0]).split()[0]) for item in found]
    known = [(item, name) for item, name in names if name in _ARTERIES]
    hedge = "An ECG shows a region, not the vessel, and arteries differ from one person to the next"
    if not known:
        likely = max(REGIONAL, key=lambda code: evidence.labels[code])
        also = named(called(evidence, ("ISC_", "STE_", "STD_", "INVT")))
        return (
            "No wall can be named: no infarction, injury or ischaemia of one is likely enough (the most likely is "
            f"{named([(likely, evidence.labels[likely])])}).{f' Called: {also}.' if also else ''} {hedge}."
        )
    if question and not _VESSEL.search(question):
        return f"{capital(named([item for item, _ in known]))}."
    told = [f"{capital(named([item]))}: usually {_ARTERIES[name]}." for item, name in known[:2]]
    signs = q_waves(evidence, "") if any(FINDINGS[c].superclass == "MI" for c, _ in found) else st_changes(evidence, "")
    only_st = not any(FINDINGS[c].superclass == "MI" for c, _ in found)
    poorly = " ST depression and inverted T waves tell the region poorly." if only_st else ""
    return (
        f"{' '.join(told)} {signs} {hedge}.{poorly} (Source: AHA/ACCF/HRS recommendations for the ECG, part VI, 2009.)"
    )


def electrolytes(evidence: Evidence, question: str) -> str:
    """What is measured of the signs of high and low potassium (Chou's Electrocardiography; AHA/ACCF/HRS part IV)."""
    measured = evidence.measurements
    rows = measured.get("leads") or {}
    heights = {lead: v for lead, row in rows.items() if (v := row.get("t_mv")) is not None}
    tallest = max(heights, key=lambda lead: heights[lead], default=None)
    tall = f"the tallest T wave is {mv(heights[tallest])}, in {tallest}" if tallest else "no T wave was measurable"
    numbers = [
        f"{name} {v:.0f} ms" if (v := measured.get(key)) is not None else f"{name} not measurable"
        for name, key in (("PR", "pr_ms"), ("QRS", "qrs_ms"), ("QTc", "qtc_bazett_ms"))
    ]
    waves = {True: "P waves were found", False: "no P waves were found", None: "P waves were not judgeable"}
    p_waves = waves[measured.get("p_wave_present")]
    return (
        "I cannot tell: a blood test decides, and an ECG can look normal with a dangerous potassium. Measured of the "
        f"signs of a high one: {tall}; {p_waves}; {', '.join(numbers[:2])}. Of a low one: {numbers[2]}; "
        f"{st_changes(evidence, 'depression')} U waves are not measured. The finding head gives "
        f"{phrase('EL')} {percent(evidence.labels['EL'])}. {passage('hyperkalaemia', 'criteria').text}"
    )


_QT_DRUGS = (
    r"\b(?:sotalol|amiodarone|dofetilide|quinidine|ondansetron|zofran|haloperidol|haldol|(?:es)?citalopram|methadone|"
    r"\w+thromycin|erythromycin|\w+floxacin|quetiapine|ziprasidone|risperidone|olanzapine|fluconazole|domperidone|"
    r"(?:hydroxy)?chloroquine|donepezil|droperidol|amitriptyline|qt drugs?|\w+psychotics?)\b"
)
ANSWERS = {
    "drug": drug, "device": device, "pacemaker": pacemaker, "cath_lab": cath_lab, "decision": decision,
    "region": region, "electrolytes": electrolytes,
}  # fmt: skip
