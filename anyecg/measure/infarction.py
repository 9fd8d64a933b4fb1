"""ST elevation that meets the criteria for acute infarction, and the conditions under which they do not hold.

Criteria: Fourth Universal Definition of Myocardial Infarction (Thygesen et al., Circulation 2018;138:e618, table 2):
new elevation at the J point in two contiguous leads, 0.1 mV in all leads but V2 and V3, where it is 0.2 mV in men of 40
and over, 0.25 mV in younger men, 0.15 mV in women; 0.05 mV in V7-V9 and in V3R and V4R (0.1 mV in men under 40 and
under 30). "New" cannot be seen on one ECG. With left bundle branch block or ventricular pacing the rule of Sgarbossa
(N Engl J Med 1996;334:481) as modified by Smith (Ann Emerg Med 2012;60:766) is used in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..wording import join

UDMI = "Fourth Universal Definition of Myocardial Infarction, 2018"
SGARBOSSA = "Sgarbossa criteria, 1996, as modified by Smith et al., 2012"
CONTIGUOUS = (
    ("aVL", "I"), ("II", "aVF"), ("aVF", "III"), ("V1", "V2"), ("V2", "V3"), ("V3", "V4"), ("V4", "V5"), ("V5", "V6"),
    ("V7", "V8"), ("V8", "V9"), ("V3R", "V4R"),
)  # fmt: skip
"""Neighbours within the lead groups of that definition: anterior (V1-V6), inferior (II, III, aVF), lateral (I, aVL)."""
TERRITORY = {
    "V1": "anterior", "V2": "anterior", "V3": "anterior", "V4": "anterior", "V5": "lateral", "V6": "lateral",
    "I": "lateral", "aVL": "lateral", "II": "inferior", "aVF": "inferior", "III": "inferior",
    "V7": "posterior", "V8": "posterior", "V9": "posterior", "V3R": "right ventricular", "V4R": "right ventricular",
}  # fmt: skip
DEPRESSION_MV = 0.05
"""ST depression counts from here (the same definition); in leads that are not elevated it is called reciprocal."""
SUSTAINED = 0.5
"""At J + 60 ms this share of the limit must remain: the end of a QRS complex is no ST segment."""
WIDE_QRS_MS = 120.0
LEFT_BUNDLE_MS = {"female": 130.0, "male": 140.0}
"""True left bundle branch block (Strauss et al., Am J Cardiol 2011;107:927); 140 ms where the sex is unknown."""
FASTEST_BPM = 150.0
"""Faster, P and T waves overlap and there is no PR level to measure against."""
LVH_MV = {"sokolow_lyon_mv": 3.5, "cornell_mv": 2.8}
LVH_SHARE = 0.25
"""In left ventricular hypertrophy elevation in V1-V4 is secondary below this share of the R-S height (Armstrong et al.,
Am J Cardiol 2012;110:977)."""
CLEAR_EXCESS = 1.25
"""Without reciprocal depression the leads must exceed their limits by a quarter, all together: the bare limit is within
the error of the measurement (0.02 mV)."""
CLEAR_NET_MV = 0.3
"""A QRS complex whose peaks differ by less is neither upright nor inverted: nothing is concordant with it."""
EARLY_REPOLARISATION = 23.4
"""1.196 · ST at J+60 in V3 (mm) + 0.059 · QTc Bazett (ms) - 0.326 · R in V4 (mm): up to here anterior elevation without
reciprocal depression is more likely early repolarisation (Smith et al., Ann Emerg Med 2012;60:45)."""

Rows = Mapping[str, Mapping[str, float | None]]
Values = Mapping[str, Any]


def infarction(values: Values, age: float | None, sex: str | None) -> list[dict[str, Any]]:
    """Apply the criteria to the measurements of one ECG.

    Args:
        values: `Measurements.to_dict()`.
        age: years, or None. sex: "female", "male" or None. Where one is unknown the highest limit that could apply is
            used, and the sentence says so.

    Returns:
        At most one {"kind", "sentence", "source", "leads"}; none where ST cannot be judged or is explained otherwise.
    """
    rate, qrs_ms = values.get("heart_rate_bpm"), values.get("qrs_ms")
    rows = _judged(values)
    if rate is None or rate > FASTEST_BPM or qrs_ms is None or not rows:
        return []
    if values.get("paced") in ("ventricular", "dual"):
        return _modified_sgarbossa(rows, "ventricular pacing")
    if qrs_ms < WIDE_QRS_MS:
        return _universal(rows, values, age, sex)
    if _net(rows.get("V1", {})) < 0:
        left = qrs_ms >= LEFT_BUNDLE_MS.get(sex or "male", 140.0) and _lateral_is_upright(rows) and _conducted(values)
        return _modified_sgarbossa(rows, "left bundle branch block") if left else []
    # Behind a wide QRS complex that is not left bundle branch block the ST segment of V1-V3 is not to be believed, and
    # that of the others only when its opposite is depressed.
    others = {lead: row for lead, row in rows.items() if lead not in ("V1", "V2", "V3")}
    return [row for row in _universal(others, values, age, sex) if "without reciprocal" not in row["sentence"]]


def _judged(values: Values) -> Rows:
    """The leads whose ST can be believed: of good quality, and not suspected to be another lead."""
    misplaced = {lead for row in values.get("placement") or () for lead in row["leads"]}
    quality = values.get("quality") or {}
    rows = values.get("leads") or {}
    return {k: row for k, row in rows.items() if k not in misplaced and quality.get(k, "good") == "good"}


def st_j(row: Mapping[str, float | None]) -> float:
    """ST level at the J point, or at J + 60 ms where only that was measured; mV."""
    value = row.get("st_j_mv")
    return float((value if value is not None else row.get("st_mv")) or 0.0)


def _number(row: Mapping[str, float | None], key: str) -> float:
    return float(row.get(key) or 0.0)


def _net(row: Mapping[str, float | None]) -> float:
    return _number(row, "r_mv") + min(_number(row, "s_mv"), _number(row, "q_mv"))


def _lateral_is_upright(rows: Rows) -> bool:
    lateral = [rows[lead] for lead in ("I", "V6") if lead in rows]
    return bool(lateral) and all(_net(row) > 0 for row in lateral)


def _conducted(values: Values) -> bool:
    """Bundle branch block is a word for conducted beats: a regular wide rhythm without P waves may as well be paced
    (spikes are lost at a low sampling rate) or ventricular."""
    return bool(values.get("p_wave_present")) or values.get("rhythm_regularity") == "irregular"


def limit_mv(lead: str, age: float | None, sex: str | None) -> float:
    """Elevation at the J point from which a lead counts; mV."""
    if lead in ("V2", "V3"):
        if sex == "female":
            return 0.15
        return 0.20 if age is not None and age >= 40 else 0.25
    if lead in ("V7", "V8", "V9", "V3R", "V4R"):
        oldest = 40 if lead.startswith("V") and lead[1:] in ("7", "8", "9") else 30
        return 0.05 if sex == "female" or (age is not None and age >= oldest) else 0.10
    return 0.10


def _universal(rows: Rows, values: Values, age: float | None, sex: str | None) -> list[dict[str, Any]]:
    elevated = [lead for lead, row in rows.items() if _elevated(row, limit_mv(lead, age, sex))]
    if _hypertrophy(values, sex):
        elevated = [lead for lead in elevated if not _secondary(lead, rows[lead])]
    found = {lead for pair in CONTIGUOUS if set(pair) <= set(elevated) for lead in pair}
    leads = [lead for lead in rows if lead in found]
    if not leads:
        return []
    depressed = [lead for lead, row in rows.items() if lead not in ("aVR", *elevated) and st_j(row) <= -DEPRESSION_MV]
    if not depressed and _early_repolarisation(leads, rows, values):
        return []
    excess = sum(st_j(rows[lead]) for lead in leads) / sum(limit_mv(lead, age, sex) for lead in leads)
    if not depressed and excess < CLEAR_EXCESS:
        return []
    territory = join(list(dict.fromkeys(TERRITORY[lead] for lead in leads)))
    sentence = (
        f"ST elevation at the J point of {_levels(leads, rows)} reaches the limits for acute infarction ({territory}), "
        + (f"with ST depression of {_levels(depressed, rows)}." if depressed else "without reciprocal ST depression.")
        + _unknown(leads, age, sex)
        + " One ECG cannot show whether it is new: compare with an earlier one and with the symptoms."
    )
    return [{"kind": "ST elevation", "sentence": sentence, "source": UDMI, "leads": leads}]


def _elevated(row: Mapping[str, float | None], limit: float) -> bool:
    return st_j(row) >= limit and _number(row, "st_mv") >= SUSTAINED * limit


def _hypertrophy(values: Values, sex: str | None) -> bool:
    cornell = 2.0 if sex == "female" else LVH_MV["cornell_mv"]
    return (values.get("sokolow_lyon_mv") or 0) >= LVH_MV["sokolow_lyon_mv"] or (
        values.get("cornell_mv") or 0
    ) > cornell


def _secondary(lead: str, row: Mapping[str, float | None]) -> bool:
    height = _number(row, "r_mv") - _number(row, "s_mv")
    return lead in ("V1", "V2", "V3", "V4") and st_j(row) < LVH_SHARE * height


def _early_repolarisation(leads: Sequence[str], rows: Rows, values: Values) -> bool:
    """The anterior formula; elevation of other leads alone is not explained by it."""
    qtc = values.get("qtc_bazett_ms")
    anterior = all(lead.startswith("V") for lead in leads) and "V3" in rows and "V4" in rows
    if not anterior or qtc is None:
        return False
    score = 11.96 * _number(rows["V3"], "st_mv") + 0.059 * qtc - 3.26 * _number(rows["V4"], "r_mv")
    return score <= EARLY_REPOLARISATION


def _modified_sgarbossa(rows: Rows, reason: str) -> list[dict[str, Any]]:
    """Concordant elevation of 0.1 mV, concordant depression in V1-V3, or elevation over a quarter of the S wave."""
    concordant, depressed, excessive = [], [], []
    for lead, row in rows.items():
        level, s = st_j(row), min(_number(row, "s_mv"), _number(row, "q_mv"))
        later, net = _number(row, "st_mv"), _net(row)
        if lead == "aVR" or abs(net) < CLEAR_NET_MV:
            continue
        if min(level, later) >= 0.1 and net > 0:
            concordant.append(lead)
        if lead in ("V1", "V2", "V3") and max(level, later) <= -0.1 and net < 0:
            depressed.append(lead)
        if level >= 0.1 and net < 0 and level >= -0.25 * s:
            excessive.append(lead)
    parts = []
    for leads, words in (
        (concordant, "concordant ST elevation of"),
        (depressed, "concordant ST depression of"),
        (excessive, "ST elevation beyond a quarter of the S wave of"),
    ):
        if leads:
            parts.append(f"{words} {_levels(leads, rows)}")
    if not parts:
        return []
    sentence = (
        f"With {reason} the usual ST limits do not hold, but the modified Sgarbossa criteria for acute coronary "
        f"occlusion are met: {join(parts)}."
    )
    leads = list(dict.fromkeys([*concordant, *depressed, *excessive]))
    return [{"kind": "ST elevation", "sentence": sentence, "source": SGARBOSSA, "leads": leads}]


def _levels(leads: Sequence[str], rows: Rows) -> str:
    return join([f"{abs(st_j(rows[lead])):.2f} mV in {lead}" for lead in leads])


def _unknown(leads: Sequence[str], age: float | None, sex: str | None) -> str:
    missing = [word for word, value in (("age", age), ("sex", sex)) if value is None]
    if not missing or not set(leads) & {"V2", "V3", "V7", "V8", "V9", "V3R", "V4R"} or sex == "female":
        return ""
    verb = "is" if len(missing) == 1 else "are"
    return f" {join(missing).capitalize()} {verb} not known, so the highest limit was used."
