"""Columns of PTB-XL's table beside the statements: noise, stage of infarction, type of the axis, extra beats.

Read so, the noise columns give all 5,499 noise answers of ECG-QA (Oh et al. 2023) that were compared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from anyecg.leads import STANDARD_LEADS

NOISE_COLUMNS = {
    "baseline drift": "baseline_drift", "static noise": "static_noise", "burst noise": "burst_noise",
    "electrode problems": "electrodes_problems",
}  # fmt: skip
_STAGES = {
    "Stadium I": ("early",), "Stadium I-II": ("early", "middle"), "Stadium II": ("middle",),
    "Stadium II-III": ("middle", "old"), "Stadium III": ("old",), "unknown": ("unknown",),
}  # fmt: skip
_AXES = {"MID": "normal", "LAD": "left", "ALAD": "left", "RAD": "right", "ARAD": "right"}
"""AXL, AXR and SAG are left out: they are described nowhere, and the measured axes of AXR (60 to 105°) fit no name."""
_NAMES = {lead.upper(): lead for lead in STANDARD_LEADS}


def facts_of(line: Mapping[str, str]) -> dict[str, Any]:
    """What the columns say: "noise" (kind → leads), "stages" (of infarction), "axis" and "extrasystoles" (their kinds,
    "unknown" among them); only where the columns exist.

    A remark without a lead ("leicht", "noisy recording") leaves the leads of that kind open: None. So is an axis that
    the column names in a way that is described nowhere.
    """
    facts: dict[str, Any] = {}
    if all(column in line for column in NOISE_COLUMNS.values()):
        facts["noise"] = {
            kind: leads_named(line[column]) or (None if line[column].strip(" ,") else [])
            for kind, column in NOISE_COLUMNS.items()
        }
    stated = (line.get(column, "").strip() for column in ("infarction_stadium1", "infarction_stadium2"))
    stages = [stage for text in stated for stage in _STAGES.get(text, ())]
    if stages:
        facts["stages"] = list(dict.fromkeys(stages))
    if line.get("heart_axis"):
        facts["axis"] = _AXES.get(line["heart_axis"])
    if "extra_beats" in line:
        facts["extrasystoles"] = _extrasystoles(line["extra_beats"].strip(" ,").upper())
    return facts


def _extrasystoles(text: str) -> list[str]:
    """Kinds of a remark such as "VES,SVES1,alles", "2ES" or "1,V4"; a number or "ES" alone leaves the kind open."""
    rest = text.replace("SVES", "")
    kinds = ["supraventricular"] * ("SVES" in text) + ["ventricular"] * ("VES" in rest)
    return kinds or (["unknown"] if text else [])


def leads_named(text: str) -> list[str]:
    """The leads that a remark names, in their usual order: "alles", "I-AVF", "v5-6", "V 4" …"""
    named: set[str] = set()
    for part in re.split(r"[,;.]", re.sub(r"[\s?!]", "", text).upper()):
        first, last = _ends(part)
        if part in ("ALLES", "ALLE", "ALLEABL"):
            named.update(STANDARD_LEADS)
        elif first in _NAMES and last in _NAMES:
            a, b = STANDARD_LEADS.index(_NAMES[first]), STANDARD_LEADS.index(_NAMES[last])
            named.update(STANDARD_LEADS[a : b + 1])
    return [lead for lead in STANDARD_LEADS if lead in named]


def _ends(part: str) -> tuple[str, str]:
    """First and last lead of a range, or the one lead twice; a bare digit is a chest lead."""
    part = re.sub(r"(LEICHT|MITTEL|STARK)$", "", part)
    first, _, last = part.replace("--", "-").partition("-")
    first, last = (f"V{end}" if end in "123456" and end else end for end in (first, last or first))
    return first, last
