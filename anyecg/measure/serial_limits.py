"""Which measurements are compared between ECGs of one patient, and how far each may move from day to day.

Electrodes, breath, pulse and time of day move an ECG without the heart having changed (Schijvenaars et al.,
Intraindividual variability in electrocardiograms, J Electrocardiol 2008;41:190). In 20 healthy subjects R in X and Z
differed by up to 0.61 and 0.35 mV from day to day (Willems et al., Circulation 1972;45:1057). A limit is about what
95 % of 255 pairs of PTB-XL stay within, rounded: two ECGs of one patient within 30 days that bear the same statements
(folds 1-8, measured by this package at 100 Hz). Beside it stands what has been published. These are limits for hospital
recordings, in which some hearts did change unnoticed; healthy people with marked electrodes differ by half as much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..leads import PRECORDIAL_LEADS, STANDARD_LEADS


@dataclass(frozen=True)
class Quantity:
    """One measurement that is compared."""

    key: str
    title: str
    unit: str
    limit: float
    """A difference beyond this exceeds day-to-day variation."""
    source: str
    chest_limit: float | None = None
    """The limit in the chest leads, for a measurement of each lead, if it is another one there."""
    chest: tuple[str, ...] = PRECORDIAL_LEADS
    """Where that limit holds."""
    share: float = 0.0
    """The limit is not less than this share of the larger of both values."""
    digits: int = 0
    is_angle: bool = False
    """A direction, whose difference is taken the shorter way round."""

    def limit_between(self, one: float, other: float, lead: str | None = None) -> float:
        """The limit for a pair of values."""
        own = self.chest_limit if self.chest_limit is not None and lead in self.chest else self.limit
        return max(own, self.share * max(abs(one), abs(other)))

    def difference(self, one: float, other: float) -> float:
        """How far the other value lies above the one."""
        return (other - one + 180) % 360 - 180 if self.is_angle else other - one


OWN = "95 % of pairs of PTB-XL with the same statements"
HOOGEN = "van den Hoogen et al., Eur Heart J 1992;13:1606"
QUANTITIES = (
    Quantity(
        "heart_rate_bpm", "Heart rate", "/min", 25,
        "90 % of pairs of PTB-XL with the same statements: the others' pulse did differ, since it is measured to 2/min",
    ),
    Quantity("p_ms", "P duration", "ms", 21, OWN),
    Quantity("pr_ms", "PR", "ms", 30, OWN),
    Quantity("qrs_ms", "QRS", "ms", 15, OWN),
    Quantity("qt_ms", "QT", "ms", 65, f"{OWN}; QT follows the rate"),
    Quantity(
        "qtc_fridericia_ms", "QTc (Fridericia)", "ms", 40,
        "91 % of pairs of PTB-XL with the same statements (54 ms would hold 95 %, and hide a drug's effect); "
        "QT at 60/min of ten healthy subjects: 19 ms (Ann Noninvasive Electrocardiol 2001;6:24)",
    ),
    Quantity("p_axis_deg", "P axis", "°", 30, OWN, is_angle=True),
    Quantity("axis_deg", "QRS axis", "°", 25, OWN, is_angle=True),
    Quantity("t_axis_deg", "T axis", "°", 60, OWN, is_angle=True),
    Quantity("qrs_t_angle_deg", "Frontal QRS-T angle", "°", 50, OWN),
    Quantity("spatial_qrs_t_angle_deg", "Spatial QRS-T angle", "°", 45, OWN),
    Quantity(
        "sokolow_lyon_mv", "Sokolow-Lyon voltage", "mV", 0.6,
        f"{OWN}; coefficient of variation 10 % within a week ({HOOGEN}); 19 % were classed otherwise a day later "
        "(Angeli et al., J Cardiovasc Med 2006)",
        share=0.4, digits=2,
    ),
    Quantity(
        "cornell_mv", "Cornell voltage", "mV", 0.6,
        f"{OWN}; 0.24 mV under a research protocol (Meyer et al., Ann Noninvasive Electrocardiol 2020)",
        share=0.4, digits=2,
    ),
)  # fmt: skip
LEAD_QUANTITIES = (
    Quantity("r_mv", "R", "mV", 0.3, f"{OWN}; {HOOGEN}", chest_limit=0.5, share=0.45, digits=2),
    Quantity("depth_mv", "Q or S", "mV", 0.3, f"{OWN}; {HOOGEN}", chest_limit=0.5, share=0.45, digits=2),
    Quantity(
        "st_mv", "ST level (J + 60 ms)", "mV", 0.1,
        f"{OWN}; a new shift of 0.1 mV, in V2 and V3 of 0.2 mV, in two neighbouring leads is the usual criterion "
        "(Thygesen et al., Circulation 2018;138:e618); healthy subjects: 0.024 mV in magnitude from day to day "
        "(Norgaard et al., J Electrocardiol 1999;32:149)",
        chest_limit=0.2, chest=("V1", "V2", "V3", "V4"), digits=2,
    ),
    Quantity(
        "t_mv", "T", "mV", 0.22, f"{OWN}; coefficient of variation up to 42 % ({HOOGEN})", chest_limit=0.4, digits=2
    ),
)  # fmt: skip
LIKENESS = Quantity("qrs_likeness", "QRS likeness to the first", "", 0.3, OWN, digits=2)
"""Correlation of the QRS complex in a lead with the first ECG's, which is 1 there."""
WORDS = {
    "rhythm_regularity": "Rhythm",
    "p_wave_present": "P waves",
    "paced": "Pacing",
    "r_progression": "R progression",
}
"""Measurements that are words. A change is any other word, but for a rhythm whose RR intervals scatter much as before
(`SCATTER`) and for R progression that moved by a neighbouring lead only."""
SCATTER = 0.08
"""Change of the standard deviation of RR by the mean RR below which "regular" and "irregular" lie side by side."""


def value_of(measured: Mapping[str, Any], key: str, lead: str | None = None) -> float | None:
    """A measurement of an ECG, or of one of its leads; the depth is the deeper of Q and S."""
    if lead is None:
        return measured.get(key)
    row = (measured.get("leads") or {}).get(lead, {})
    if key == "depth_mv":
        depths = [row[name] for name in ("q_mv", "s_mv") if row.get(name) is not None]
        return min(depths) if depths else None
    return row.get(key)


def word_of(measured: Mapping[str, Any], key: str) -> str | None:
    """A measurement that is a word."""
    value = measured.get(key)
    if key == "p_wave_present":
        return None if value is None else "present" if value else "absent"
    if key == "paced":
        return value or "none"
    if key == "r_progression":
        return None if value is None else value["word"]
    return value


def same_word(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> bool | None:
    """Whether two ECGs bear the same word, as far as it can differ for a reason; None where one has none."""
    words = word_of(one, key), word_of(other, key)
    if None in words:
        return None
    if key == "r_progression":
        order = [*PRECORDIAL_LEADS, "none"]
        steps = [order.index(measured[key]["transition_lead"]) for measured in (one, other)]
        return words[0] == words[1] or abs(steps[1] - steps[0]) < 2
    if key == "rhythm_regularity":
        scatter = [(ecg.get("rr_sd_ms") or 0) * (ecg.get("heart_rate_bpm") or 0) / 60_000 for ecg in (one, other)]
        return words[0] == words[1] or abs(scatter[1] - scatter[0]) < SCATTER
    return words[0] == words[1]


def why_missing(measured: Mapping[str, Any], key: str, lead: str | None = None) -> str:
    """The reason in half a sentence why an ECG lacks a measurement."""
    reasons = measured.get("not_measurable") or {}
    if lead is None:
        return reasons.get(key, "it was not measured")
    if lead not in (measured.get("quality") or {}):
        return f"it has no lead {lead}"
    own = reasons.get(f"leads.{lead}") or reasons.get(f"leads.{key}")
    return own or reasons.get("leads") or f"{lead} was not measured"


def leads_of(measurements: Sequence[Mapping[str, Any]]) -> list[str]:
    """Leads that at least two ECGs have measured, in the usual order."""
    names = [lead for measured in measurements for lead in measured.get("leads") or {}]
    order = [*STANDARD_LEADS, *dict.fromkeys(name for name in names if name not in STANDARD_LEADS)]
    return [lead for lead in order if names.count(lead) > 1]
