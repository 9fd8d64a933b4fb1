"""What can be said of one aspect of an ECG (its rhythm, its T waves, its urgency, …), from statements and measurements.

Each function gives `Said`, or None where nothing is known or where statement and measurement do not go together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from anyecg.findings import FINDINGS
from anyecg.leads import PRECORDIAL_LEADS, STANDARD_LEADS

from . import measurement, overall, rhythms
from .leads import SIGNS
from .said import ABNORMAL, MEASURED, NORMAL, UNJUDGEABLE, Said, denied, is_normal, measured, names, present, source
from .view import View
from .wording import RHYTHM_ORDER, bare, capital, join, number, rhythm_phrase

_AV = ("1AVB", "2AVB", "3AVB", "LPR")
_VENTRICULAR = ("CLBBB", "CRBBB", "ILBBB", "IRBBB", "LAFB", "LPFB", "IVCD", "WPW")
_VOLTAGE = ("LVOLT", "HVOLT", "VCLVH")
_OF_QRS = (*_VENTRICULAR, "QWAVE", "ABQRS", *_VOLTAGE)
_THICK = ("LVH", "RVH")
_ATRIA = ("LAO/LAE", "RAO/RAE")
_ENLARGED = ("LVH", "RVH", "SEHYP", "VCLVH", *_ATRIA)
_ISCHAEMIC = tuple(code for code, f in FINDINGS.items() if f.subclass.startswith("ISC"))
_INJURY = tuple(code for code in FINDINGS if code.startswith("INJ"))
_OF_ST = ("STE_", "STD_", "NST_", "ANEUR", "DIG", *_INJURY, *_ISCHAEMIC)
_OF_T = ("INVT", "LOWT", "NT_", "TAB_", "NDT", "EL", *_ISCHAEMIC)
_MAY_BE_ISCHAEMIC = ("QWAVE", "STE_", "STD_", "INVT")
_INFARCT = tuple(code for code, f in FINDINGS.items() if f.superclass == "MI")
_NO_R_PROGRESSION = ("CLBBB", "WPW", "PACE")  # abnormal activation decides over the R waves
_WITHOUT_TRANSITION = ("poor", "reversed")
_WITHOUT_P = ("AFIB", "AFLT")


def said(view: View, aspect: str) -> Said | None:
    """What can be said of an aspect, one of `ASPECTS`."""
    if rhythms.emergency(view) and aspect not in ("rhythm", "urgency", "plain words", "quality"):
        return None  # the numbers of the whole record mix two rhythms
    if aspect in _NEED_ALL_LEADS and not set(STANDARD_LEADS) <= set(view.record.leads):
        return _of_few_leads(view, aspect)
    return ASPECTS[aspect](view)


def _of_few_leads(view: View, aspect: str) -> Said | None:
    missing = _NEED_ALL_LEADS[aspect]
    leads = view.record.leads
    if len(leads) > 2 or not missing or not set(leads) & set(STANDARD_LEADS):
        return None
    text = f"{capital(missing)} cannot be judged from {'lead' if len(leads) == 1 else 'leads'} {join(leads)} alone."
    return Said(text, UNJUDGEABLE, (), "leads of the record")


def _rhythm(view: View) -> Said | None:
    codes, early = present(view, RHYTHM_ORDER), present(view, ("PVC", "PAC"))
    if special := rhythms.present(view):
        rest = f" Otherwise {rhythm_phrase(codes)}." if codes and not rhythms.without_beats(view) else ""
        text = f"{'. '.join(rhythms.said(view, name) for name in special)}.{rest}"
        shown = codes if rest else ()
        shown += ("3AVB",) if "third-degree AV block" in special else ()
        shown += ("2AVB",) if any(name.startswith("second-degree") for name in special) else ()
        return Said(text, ABNORMAL, tuple(c for c in shown if c), f"{view.truth}: episodes")
    if not codes:
        return None
    text = capital(rhythm_phrase(codes))
    rate, regularity = number(view.measurements, "heart_rate_bpm"), view.measurements.get("rhythm_regularity")
    text += f", rate {rate}/min" if rate else ""
    irregular = bool({"AFIB", "SARRH", "BIGU", "TRIGU"} & set(codes) or early)
    if rate and regularity and (regularity == "irregular") == irregular:
        text += f", {regularity}"
    text += f", with {join([bare(code) for code in early])}" if early else ""
    state = "" if codes == ("SARRH",) else NORMAL if codes == ("SR",) and not early else ABNORMAL
    return Said(f"{text}.", state, codes + early, source(view, codes + early, measured="rate"))


def _rate(view: View) -> Said | None:
    return measured(view, "heart_rate_bpm")


def _axis(view: View) -> Said | None:
    told, found = view.facts.get("axis"), measured(view, "axis_deg")
    if found is None or not told:
        return found
    words = measurement.judge("axis_deg", view.measurements["axis_deg"], view.record.sex)
    return found if told in words else None  # the database says otherwise


def _p_waves(view: View) -> Said | None:
    if without := present(view, _WITHOUT_P):
        text = f"There are no P waves: {bare(without[0])}."
        return Said(text, ABNORMAL, without[:1], source(view, without[:1]))
    width, atria = number(view.measurements, "p_ms"), present(view, _ATRIA)
    lasting = f" P waves last {width} ms." if width else ""
    if atria:
        return Said(f"{names(atria)}.{lasting}", ABNORMAL, atria, source(view, atria, measured="P duration"))
    sinus = present(view, ("SR", "SBRAD", "STACH", "SARRH"))
    if not sinus or not width or int(width) > 120 or not denied(view, _ATRIA):
        return None
    text = f"There are normal P waves of {width} ms, without a sign of an enlarged atrium."
    return Said(text, NORMAL, (), source(view, (), "no atrial enlargement", "P duration"))


def _conduction(view: View) -> Said | None:
    codes = present(view, (*_AV, *_VENTRICULAR))
    pr, qrs = (number(view.measurements, key) for key in ("pr_ms", "qrs_ms"))
    pr = None if measurement.without_pr(view) else pr
    numbers = join([f"{name} {value} ms" for name, value in (("PR", pr), ("QRS", qrs)) if value] or [""])
    if codes:
        text = f"{names(codes)}." + (f" {numbers}." if numbers else "")
        return Said(text, ABNORMAL, codes, source(view, codes, measured="PR and QRS"))
    if (
        not pr
        or not qrs
        or not denied(view, (*_AV, *_VENTRICULAR))
        or not (is_normal(view, "pr_ms") and is_normal(view, "qrs_ms"))
    ):
        return None
    text = f"Conduction is normal: {numbers}."
    return Said(text, NORMAL, (), source(view, (), "no conduction disturbance", "PR and QRS"))


def _pr(view: View) -> Said | None:
    if without := present(view, _WITHOUT_P):
        return Said(
            f"No PR interval can be given: {bare(without[0])}.", ABNORMAL, without[:1], source(view, without[:1])
        )
    codes, found = present(view, _AV), measured(view, "pr_ms")
    if codes:
        text = f"{names(codes)}." + (f" {found.text}" if found and found.state == ABNORMAL else "")
        return Said(text, ABNORMAL, codes, source(view, codes, measured="PR"))
    if found is None or not denied(view, _AV) or " long" in found.text:
        return None
    return found


def _qrs(view: View) -> Said | None:
    codes, found = present(view, _OF_QRS), measured(view, "qrs_ms")
    width = number(view.measurements, "qrs_ms")
    if codes and width:
        text = f"{names(codes)}; QRS {width} ms."
        return Said(text, ABNORMAL, codes, source(view, codes, measured="QRS"))
    if found is None or found.state != NORMAL or not denied(view, (*_OF_QRS, *_THICK)):
        return None
    text = f"The QRS complexes are normal; QRS {width} ms."
    return Said(text, NORMAL, (), source(view, (), "no finding of the QRS complex", "QRS"))


def _voltage(view: View) -> Said | None:
    codes = present(view, _VOLTAGE)
    if codes:
        return Said(f"{names(codes)}{_sokolow(view)}.", ABNORMAL, codes, source(view, codes, measured="voltage"))
    if not denied(view, (*_VOLTAGE, *_THICK)):
        return None
    text = "The QRS voltage is neither low nor high."
    return Said(text, NORMAL, (), source(view, (), "no finding of voltage"))


def _sokolow(view: View) -> str:
    """The index where it reaches its limit."""
    index = view.measurements.get("sokolow_lyon_mv")
    return f"; Sokolow-Lyon index {index:.2f} mV" if view.has("LVH") and index and round(index, 2) >= 3.5 else ""


def _r_progression(view: View) -> Said | None:
    found = view.measurements.get("r_progression") or {}
    word = found.get("word")
    if not word or not set(PRECORDIAL_LEADS) <= set(view.record.leads) or present(view, _NO_R_PROGRESSION):
        return None
    if word != "normal" and view.has("NORM"):
        return None  # who called the ECG normal did not mind
    where = found.get("transition_lead")
    at = f", with the transition in {where}" if where in PRECORDIAL_LEADS and word not in _WITHOUT_TRANSITION else ""
    state = NORMAL if word == "normal" else ABNORMAL
    return Said(f"R progression is {word}{at}.", state, (), f"R progression {MEASURED}")


def leads_with(view: View, sign: str) -> list[str]:
    """The leads that are measured to show one of `leads.SIGNS`."""
    rows: Mapping[str, Any] = view.measurements.get("leads") or {}
    return [lead for lead in SIGNS[sign].leads if lead in rows and SIGNS[sign].holds(rows[lead])]


def _st(view: View) -> Said | None:
    codes = present(view, _OF_ST)
    up, down = leads_with(view, "ST elevation"), leads_with(view, "ST depression")
    down = [lead for lead in down if lead != "aVR"]
    if codes:
        parts = [names(codes)]
        parts += [f"ST is raised in {join(up)}"] if up and "STE_" in codes else []
        parts += [f"ST is depressed in {join(down)}"] if down and {"STD_", *_INJURY, *_ISCHAEMIC} & set(codes) else []
        return Said(f"{'; '.join(parts)}.", ABNORMAL, codes, source(view, codes, measured="ST level"))
    if down or set(up) - {"V1", "V2", "V3"} or not view.measurements or not denied(view, _OF_ST):
        return None
    return Said("The ST segments are normal.", NORMAL, (), source(view, (), "no ST change", "ST level"))


def _t(view: View) -> Said | None:
    codes, inverted = present(view, _OF_T), leads_with(view, "T wave inversion")
    if codes == ("INVT",) and inverted:
        return Said(f"Inverted T waves in {join(inverted)}.", ABNORMAL, codes, source(view, codes, measured="T waves"))
    if codes:
        parts = [names(codes), *([f"T is inverted in {join(inverted)}"] if inverted else [])]
        return Said(f"{'; '.join(parts)}.", ABNORMAL, codes, source(view, codes, measured="T waves"))
    if inverted or not view.measurements or not denied(view, _OF_T):
        return None
    return Said("The T waves are normal.", NORMAL, (), source(view, (), "no T wave change", "T waves"))


def _qt(view: View) -> Said | None:
    found, long = measured(view, "qtc_bazett_ms"), present(view, ("LNGQT",))
    if found is None or bool(long) != (" long" in found.text) or (not long and not denied(view, ("LNGQT",))):
        return None
    text = f"{names(long)}. {found.text}" if long else found.text
    return Said(text, found.state, long, source(view, long, measured="QTc"))


def _hypertrophy(view: View) -> Said | None:
    codes = present(view, _ENLARGED)
    if codes:
        return Said(f"{names(codes)}{_sokolow(view)}.", ABNORMAL, codes, source(view, codes, measured="voltage"))
    if not denied(view, _ENLARGED):
        return None
    text = "No ventricle looks thickened and no atrium enlarged."
    return Said(text, NORMAL, (), source(view, (), "no hypertrophy"))


def _ischaemia(view: View) -> Said | None:
    codes = present(view, (*_INFARCT, *_ISCHAEMIC))
    if codes:
        stage = view.facts.get("stages") if present(view, _INFARCT) else None
        at = f", {stage[0]} stage" if stage and len(stage) == 1 and stage[0] != "unknown" else ""
        return Said(f"{names(codes)}{at}.", ABNORMAL, codes, source(view, codes))
    if view.has_class("MI") is not False or not denied(view, (*_INFARCT, *_ISCHAEMIC, *_MAY_BE_ISCHAEMIC)):
        return None
    text = "There is no sign of infarction or ischaemia."
    return Said(text, NORMAL, (), source(view, (), "no infarction and no ischaemia"))


ASPECTS: dict[str, Callable[[View], Said | None]] = {
    "rhythm": _rhythm, "rate": _rate, "axis": _axis, "P waves": _p_waves, "conduction": _conduction,
    "PR interval": _pr, "QRS complexes": _qrs, "voltage": _voltage, "R progression": _r_progression,
    "ST segments": _st, "T waves": _t, "QT interval": _qt, "hypertrophy": _hypertrophy, "ischaemia": _ischaemia,
    "extra beats": overall.extra_beats, "urgency": overall.urgency, "next": overall.what_next,
    "quality": overall.quality, "against normal": overall.against_normal, "plain words": overall.plain_words,
}  # fmt: skip
_NEED_ALL_LEADS = {
    "P waves": "", "conduction": "", "QRS complexes": "", "voltage": "QRS voltage", "R progression": "R progression",
    "ST segments": "", "T waves": "", "hypertrophy": "hypertrophy", "ischaemia": "ischaemia", "next": "",
    "against normal": "", "plain words": "",
}  # fmt: skip
"""Aspects that want all twelve leads: what is said not to be judged from one or two, "" where nothing is said then."""
