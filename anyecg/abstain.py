"""How a finding may be put: likely, uncertain, unlikely, or cannot be judged.

A calibrated probability alone does not say whether a recording could show the finding at all: an infarction of the
inferior wall needs inferior leads, and no lead that is absent can be normal. So each finding names the leads it needs.
With them, it is likely or unlikely beyond the limits that validation records gave (`train/limits.py`), and uncertain
between. Which leads a finding needs follows its usual criteria: two contiguous leads for infarction (Thygesen et al.
2018, fourth universal definition), V1 with I or V6 for bundle branch block (Surawicz et al. 2009), the frontal plane
for fascicular block and low voltage, any one lead for rhythm and intervals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .leads import LIMB_LEADS, PRECORDIAL_LEADS, derive_limb_leads

LIKELY, UNCERTAIN, UNLIKELY, UNJUDGED = "likely", "uncertain", "unlikely", "cannot be judged"
LIKELY_FROM, UNLIKELY_TO = 0.8, 0.02
"""Limits of a label without limits of its own: what its calibrated probability says by itself."""

Need = tuple[tuple[str, ...], int]
"""Of these leads at least so many must be usable."""
_INFERIOR: Need = (("II", "III", "aVF"), 2)
_SEPTAL: Need = (("V1", "V2", "V3"), 2)
_ANTERIOR: Need = (("V2", "V3", "V4"), 2)
_LATERAL: Need = (("I", "aVL", "V5", "V6"), 2)
_FRONTAL: Need = (LIMB_LEADS, 6)
_V1: Need = (("V1", "V2"), 1)
_LEFT: Need = (("I", "aVL", "V5", "V6"), 1)
_CHEST: Need = (PRECORDIAL_LEADS, 4)
_WHOLE: tuple[Need, ...] = (_FRONTAL, (PRECORDIAL_LEADS, 5))
_NEEDS: dict[str, tuple[Need, ...]] = {
    **dict.fromkeys(("IMI", "ISCIN", "INJIN"), (_INFERIOR,)),
    **dict.fromkeys(("ILMI", "ISCIL", "INJIL", "IPLMI"), (_INFERIOR, _LATERAL)),
    "IPMI": (_INFERIOR, _V1),
    "PMI": (_SEPTAL,),
    **dict.fromkeys(("ASMI", "ISCAS", "INJAS"), (_SEPTAL,)),
    **dict.fromkeys(("AMI", "ISCAN", "ANEUR"), (_ANTERIOR,)),
    **dict.fromkeys(("ALMI", "ISCAL", "INJAL"), (_ANTERIOR, _LATERAL)),
    **dict.fromkeys(("LMI", "ISCLA", "INJLA"), (_LATERAL,)),
    **dict.fromkeys(("CRBBB", "IRBBB", "RVH"), (_V1,)),
    **dict.fromkeys(("CLBBB", "ILBBB"), (_V1, _LEFT)),
    **dict.fromkeys(("LVH", "VCLVH", "HVOLT", "SEHYP"), (_CHEST,)),
    **dict.fromkeys(("LAFB", "LPFB", "LVOLT"), (_FRONTAL,)),
    **dict.fromkeys(("LAO/LAE", "RAO/RAE"), ((("II", "V1"), 1),)),
    **dict.fromkeys(("ISC_", "super:HYP", "sub:AMI"), (_CHEST,)),
    "super:MI": (_INFERIOR, _CHEST),
    **dict.fromkeys(("NORM", "super:NORM", "sub:NORM"), _WHOLE),
    "sub:IMI": (_INFERIOR,), "sub:LMI": (_LATERAL,), "sub:PMI": (_SEPTAL,), "sub:LVH": (_CHEST,), "sub:RVH": (_V1,),
    "sub:CRBBB": (_V1,), "sub:IRBBB": (_V1,), "sub:CLBBB": (_V1, _LEFT), "sub:ILBBB": (_V1, _LEFT),
    "sub:LAFB/LPFB": (_FRONTAL,), "sub:LAO/LAE": ((("II", "V1"), 1),), "sub:RAO/RAE": ((("II", "V1"), 1),),
    "sub:ISCI": (_INFERIOR,), "sub:ISCA": (_CHEST,), "sub:ISC": (_CHEST,), "sub:SEHYP": (_CHEST,),
}  # fmt: skip
_LOCAL = frozenset({
    "STD_", "STE_", "INVT", "LOWT", "NT_", "NDT", "NST_", "TAB_", "QWAVE", "ABQRS", "super:STTC", "sub:STTC", "sub:NST",
})  # fmt: skip
"""What may show in some leads only, so that its absence needs all of them."""


@dataclass(frozen=True)
class Verdict:
    """How one finding may be put."""

    word: str
    """One of "likely", "uncertain", "unlikely", "cannot be judged"."""
    probability: float | None
    """Calibrated; None where it cannot be judged."""
    reason: str = ""
    """Why it cannot be judged, as the rest of a sentence."""


def verdicts(
    probabilities: Mapping[str, float],
    calibration: Mapping[str, Mapping[str, float]],
    leads: Sequence[str],
    quality: Mapping[str, str] | None = None,
    unjudgeable: str | None = None,
) -> dict[str, Verdict]:
    """Say for every label how it may be put.

    Args:
        probabilities: calibrated, per label of the finding head.
        calibration: per label "likely" (the probability from which it is) and "unlikely" (up to which it is).
        leads: those of the record.
        quality: lead → "good" or what is wrong with it, from the measurements; a lead without a word counts as good.
        unjudgeable: why nothing of the record can be judged, or None.
    """
    if unjudgeable:
        return {label: Verdict(UNJUDGED, None, unjudgeable) for label in probabilities}
    usable = usable_leads(leads, quality or {})
    return {label: _verdict(label, p, calibration.get(label, {}), usable) for label, p in probabilities.items()}


def usable_leads(leads: Sequence[str], quality: Mapping[str, str]) -> frozenset[str]:
    """The leads of good quality, with the limb leads that follow from them."""
    good = tuple(lead for lead in leads if quality.get(lead, "good") == "good")
    return frozenset(derive_limb_leads(np.zeros((len(good), 1)), good)[1]) if good else frozenset()


def put(probability: float, limits: Mapping[str, float]) -> str:
    """likely, uncertain or unlikely, by the label's limits."""
    if probability >= limits.get("likely", LIKELY_FROM):
        return LIKELY
    return UNLIKELY if probability <= limits.get("unlikely", UNLIKELY_TO) else UNCERTAIN


def lacking(label: str, usable: frozenset[str]) -> str:
    """What a record with these usable leads lacks to judge a label, or an empty string."""
    if not usable:
        return "no lead has a usable signal"
    for group, at_least in _NEEDS.get(label, ()):
        there = [lead for lead in group if lead in usable]
        if len(there) < at_least:
            gone = ", ".join(lead for lead in group if lead not in usable)
            return f"it needs {'all' if at_least == len(group) else at_least} of {', '.join(group)}; not usable: {gone}"
    return ""


def _verdict(label: str, probability: float, limits: Mapping[str, float], usable: frozenset[str]) -> Verdict:
    missing = lacking(label, usable)
    if missing:
        return Verdict(UNJUDGED, None, missing)
    word = put(probability, limits)
    if word == UNLIKELY and label in _LOCAL and not _complete(usable):
        # What one lead shows is there; what it does not show may stand in the leads that are not.
        return Verdict(UNJUDGED, None, "it may stand in a lead that is not usable")
    return Verdict(word, probability)


def _complete(usable: frozenset[str]) -> bool:
    return all(sum(lead in usable for lead in group) >= at_least for group, at_least in _WHOLE)
