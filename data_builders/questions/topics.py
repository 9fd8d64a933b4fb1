"""Topics of a question for several findings (conduction, infarction, form …): what is known and what holds of one."""

from __future__ import annotations

from anyecg.findings import FINDINGS

from .view import View
from .wording import RHYTHM_ORDER, by_importance

_OF_ST_T = ("STE_", "STD_", "INVT", "LOWT", "NT_", "TAB_")
_INSTEAD = {"HYP": ("VCLVH",), "CD": ("LPR",)}
"""Findings of form that answer for a topic where none of its diagnoses holds; "none" would contradict them."""


def is_known(view: View, topic: str) -> bool:
    """Whether an answer, "none" included, is known."""
    if topic == "rhythm":
        return any(view.has(code) for code in RHYTHM_ORDER)
    if topic == "beats":
        return view.has("PVC") is not None and view.has("PAC") is not None
    if topic in ("form", "diagnoses"):
        return topic in view.known
    if topic == "MI" and view.has("QWAVE") and not view.has_class("MI"):
        return False  # whether the Q waves are such a sign is open
    return view.has_class(topic) is not None


def codes_of(view: View, topic: str) -> list[str]:
    """The statements of a topic that hold."""
    if topic == "rhythm":
        return [code for code in RHYTHM_ORDER if view.has(code)]
    if topic == "beats":
        return [code for code in ("PVC", "PAC", "PRC(S)") if view.has(code)]
    if topic in ("form", "diagnoses"):
        return [code for code in by_importance(view.present()) if topic[0] in FINDINGS[code].kinds]
    there = by_importance(view.present())
    codes = [code for code in there if FINDINGS[code].superclass == topic]
    if topic == "STTC":
        return codes + [code for code in there if code in _OF_ST_T]
    return codes or [code for code in there if code in _INSTEAD.get(topic, ()) and not view.has_class(topic)]


def of_subclass(subclass: str) -> str:
    """The topic that a subclass belongs to."""
    return next(f.superclass for f in FINDINGS.values() if f.subclass == subclass)
