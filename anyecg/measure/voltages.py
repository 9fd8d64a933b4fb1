"""Voltages that take two leads or more: Sokolow-Lyon, Cornell, and how R grows across the chest."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from ..leads import PRECORDIAL_LEADS

POOR_R_V3_MV = 0.3
"""Zema & Kligfield, J Electrocardiol 1979;12:3 and Arch Intern Med 1982;142:1145: R in V3 of 3 mm or less."""
REVERSED_LOSS_MV = 0.1
"""R falls from one chest lead to the next by more than this, between V1 and V4, before R has overtaken S: a loss of
R height (reversed progression, ibid.) and not the breadth of a pen."""

Rows = Mapping[str, Mapping[str, float | None]]


def voltages(lead_rows: Rows) -> dict[str, Any]:
    """Voltage sums and R-wave progression.

    Args:
        lead_rows: lead → {"r_mv", "s_mv" (negative), ...} as `intervals.amplitudes` gives them.

    Returns:
        sokolow_lyon_mv: S in V1 plus the larger R of V5 and V6 (Sokolow & Lyon, Am Heart J 1949;37:161; 3.5 mV and
        above suggests left ventricular hypertrophy). cornell_mv: R in aVL plus S in V3 (Casale et al., Circulation
        1987;75:565; above 2.8 mV in men, 2.0 mV in women). A QS complex counts as S in both.
        r_progression: {"transition_lead", "word"}: the first of V1 to V6 where R is as large as Q or S ("none": none),
        and "reversed", "poor" (R in V3 ≤ 0.3 mV), "early" (transition in V1 or V2), "late" (V5, V6 or none) or
        "normal" (V3, V4), the first that holds.
        not_measurable: {key: reason} for each that is None.
    """
    found: dict[str, Any] = {"not_measurable": {}}
    for key, needed, compute in (
        ("sokolow_lyon_mv", ("V1", "V5", "V6"), _sokolow_lyon),
        ("cornell_mv", ("aVL", "V3"), _cornell),
        ("r_progression", PRECORDIAL_LEADS, _r_progression),
    ):
        absent = [lead for lead in needed if lead not in lead_rows]
        found[key] = None if absent else compute(lead_rows)
        if absent:
            found["not_measurable"][key] = f"it takes {', '.join(absent)} as well"
    return found


def _r(rows: Rows, lead: str) -> float:
    return rows[lead]["r_mv"] or 0.0


def _s(rows: Rows, lead: str) -> float:
    return -(rows[lead]["s_mv"] or 0.0)


def _depth(rows: Rows, lead: str) -> float:
    return max(_s(rows, lead), -(rows[lead].get("q_mv") or 0.0))


def _sokolow_lyon(rows: Rows) -> float:
    return _s(rows, "V1") + max(_r(rows, "V5"), _r(rows, "V6"))


def _cornell(rows: Rows) -> float:
    return _r(rows, "aVL") + _s(rows, "V3")


def _r_progression(rows: Rows) -> dict[str, str]:
    overtaken = [lead for lead in PRECORDIAL_LEADS if 0 < _r(rows, lead) >= _depth(rows, lead)]
    transition = overtaken[0] if overtaken else "none"
    before = PRECORDIAL_LEADS[: PRECORDIAL_LEADS.index(transition)] if overtaken else PRECORDIAL_LEADS
    pairs = [(a, b) for a, b in pairwise(PRECORDIAL_LEADS[:4]) if b in before]
    if any(_r(rows, a) - _r(rows, b) > REVERSED_LOSS_MV for a, b in pairs):
        word = "reversed"
    elif _r(rows, "V3") <= POOR_R_V3_MV:
        word = "poor"
    else:
        word = {"V1": "early", "V2": "early", "V3": "normal", "V4": "normal"}.get(transition, "late")
    return {"transition_lead": transition, "word": word}
