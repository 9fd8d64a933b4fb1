"""Questions for the waves of one ECG, over all leads, a territory, or in one lead: answered from the amplitudes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ..evidence import Evidence
from ..findings import FINDINGS, phrase
from ..knowledge import passage
from ..leads import STANDARD_LEADS
from ..measure.infarction import UDMI
from ..measure.normal import Q_MV, ST_MV, T_MV
from .said import SOUND, asks_yes_or_no, called, capital, is_called, join, mv, named, yes_or_no
from .topics import by_topic
from .voltages import ANSWERS as VOLTAGES
from .words import EVIDENCE, GRAMMAR, JUDGING, LOOKED_FOR, RECORDING, understood, word_set

Row = Mapping[str, float | None]
T_LEADS = ("I", "II", "aVL", "V2", "V3", "V4", "V5", "V6")
"""Where a negative T wave counts; in III, aVF, aVR and V1 it may be normal (Rautaharju et al. 2009)."""
Q_LEADS = ("I", "II", "III", "aVL", "aVF", "V2", "V3", "V4", "V5", "V6")
TERRITORIES = {
    "inferior": ("II", "III", "aVF"), "lateral": ("I", "aVL", "V5", "V6"), "septal": ("V1", "V2"),
    "anteroseptal": ("V1", "V2", "V3"), "anterior": ("V1", "V2", "V3", "V4"),
    "anterolateral": ("I", "aVL", "V3", "V4", "V5", "V6"),
    "inferolateral": ("II", "III", "aVF", "I", "aVL", "V5", "V6"),
    "limb": STANDARD_LEADS[:6], "precordial": STANDARD_LEADS[6:], "chest": STANDARD_LEADS[6:],
}  # fmt: skip
_TERRITORY = re.compile(
    rf"\b({'|'.join(sorted(TERRITORIES, key=len, reverse=True))})(?! pain)(?: (?:leads?|wall|region|ecg))?\b"
)
_RANGE = re.compile(r"\bv([1-6])(?: ?(?:-|to|through) ?|-)v?([1-6])\b")
_LEAD = re.compile(
    r"\b(?:leads? )?(v[1-6]|avr|avl|avf|mlii)\b|\bleads? (iii|ii|i)\b|\b(?:in|of|and) (iii|ii|i)\b|^(iii|ii)\b"
)
_AMPLITUDES = {"p": "P wave", "q": "Q wave", "r": "R wave", "s": "S wave", "t": "T wave"}


def leads_in(question: str) -> tuple[list[str], str]:
    """The leads that a question names, by themselves, as a range or as a territory, and the question without them."""
    found: list[str] = []
    for first, last in _RANGE.findall(question):
        found += [f"V{k}" for k in range(int(first), int(last) + 1)]
    rest = _RANGE.sub(" ", question)
    for names in _LEAD.findall(rest):
        found.append(next(name for name in names if name).upper().replace("AV", "aV"))
    rest = _LEAD.sub(" ", rest)
    for name in _TERRITORY.findall(rest):
        found += TERRITORIES[name]
    return list(dict.fromkeys(found)), " ".join(_TERRITORY.sub(" ", rest).split())


def level(row: Row) -> float | None:
    """The ST level at the J point, or 60 ms behind it where that was not measured."""
    at_j = row.get("st_j_mv")
    return row.get("st_mv") if at_j is None else at_j


def beyond_limit(
    evidence: Evidence, value: Callable[[Row], float | None], limit: float, leads: Sequence[str]
) -> dict[str, float]:
    """Leads whose value, as printed, reaches a limit in its direction → the value."""
    rows = evidence.measurements.get("leads") or {}
    values = {lead: v for lead in leads if lead in rows and (v := value(rows[lead])) is not None}
    sign = 1 if limit > 0 else -1
    return {lead: v for lead, v in values.items() if sign * round(v, 2) >= sign * limit}


def in_mm(value: float) -> str:
    """ "-0.12 mV (-1.2 mm)": the same on paper at 10 mm/mV."""
    return f"{mv(value)} ({10 * round(value, 2) + 0.0:.1f} mm)"


def _told(values: Mapping[str, float]) -> str:
    return join([f"{lead} {mv(value)}" for lead, value in values.items()])


def _without(evidence: Evidence, leads: Sequence[str]) -> str:
    """Which of these leads could not be looked at, in a sentence."""
    rows = evidence.measurements.get("leads") or {}
    lacking = [lead for lead in leads if lead not in rows]
    if not lacking:
        return ""
    everything = len(lacking) == len(leads)
    return f" Not looked at: {'any lead, since none could be measured' if everything else join(lacking)}."


def _verdict(evidence: Evidence, codes: Sequence[str]) -> str:
    listed = [(code, evidence.labels[code]) for code in codes if is_called(evidence, code)]
    return f" The finding head calls {named(listed)}." if listed else ""


def _measurable(evidence: Evidence) -> str:
    if evidence.measurements.get("leads"):
        return ""
    return "I cannot tell: the waves of no lead could be measured in this recording."


def st_changes(evidence: Evidence, question: str) -> str:
    up, down = bool(re.search(r"elevat|raised", question)), bool(re.search(r"depress|lowered", question))
    up, down = (up, down) if up or down else (True, True)
    asked, _ = leads_in(question)
    leads = asked or list(evidence.record.leads)
    parts, there = [], False
    codes = ("STE_",) * up + ("STD_",) * down
    for wanted, word, limit in ((up, "elevation", ST_MV), (down, "depression", -ST_MV)):
        if not wanted:
            continue
        found = beyond_limit(evidence, level, limit, leads)
        there = there or bool(found)
        if found and re.search(r"greatest|most|highest|largest|maxim|deepest|worst", question):
            top = max(found, key=lambda lead: abs(found[lead]))
            found = {top: found[top], **found}
        where = f" in {join(asked)}" if asked else ""
        parts.append(f"ST {word}: {_told(found)}." if found else f"No ST {word} of {mv(abs(limit))} or more{where}.")
    urgent = " ".join(v["sentence"] for v in evidence.measurements.get("critical") or () if v["kind"] == "ST elevation")
    if SOUND.search(question):
        codes = (*codes, "NST_")
    yes = yes_or_no(question, there, bool(called(evidence, codes)) and not asked)
    text = f"{_measurable(evidence) or yes + ' '.join(parts)} {urgent}".strip()
    note = ""
    if up and set(beyond_limit(evidence, level, ST_MV, leads)) & {"V2", "V3"}:
        note = " In V2 and V3 up to 0.15 mV in women and 0.20 to 0.25 mV in men can be normal."
    return (
        text
        + note
        + _verdict(evidence, tuple(dict.fromkeys((*codes, "NST_"))))
        + _without(evidence, asked or STANDARD_LEADS)
    )


def stemi(evidence: Evidence, question: str) -> str:
    measured = evidence.measurements
    found = [value for value in measured.get("critical") or () if value["kind"] == "ST elevation"]
    if found:
        return f"Yes by measurement: {found[0]['sentence']} (Source: {found[0]['source']}.)"
    if not measured.get("leads"):
        return _measurable(evidence)
    lacking = _without(evidence, STANDARD_LEADS)
    text = f"No ST elevation that meets the criteria in two neighbouring leads was measured (Source: {UDMI})."
    text += (
        lacking + " That excludes no infarction: it may show little or nothing on an ECG; with symptoms, act on them."
    )
    old = called(evidence, [code for code, f in FINDINGS.items() if f.superclass == "MI"])
    return f"{text} Called: {named(old)}, of unknown age." if old else text


def t_waves(evidence: Evidence, question: str) -> str:
    if said := _measurable(evidence):
        return said
    asked, _ = leads_in(question)
    leads = asked or T_LEADS
    found = beyond_limit(evidence, lambda row: row.get("t_mv"), T_MV, leads)
    words = ("INVT", "TAB_", "NT_", "NDT", "LOWT")
    there = bool(found) if re.search(r"invert|inversion|negativ", question) else bool(found or called(evidence, words))
    tall = bool(re.search(r"tall|peak|hyperacute|tented|high|big|large", question))
    rows = evidence.measurements["leads"]
    heights = {lead: v for lead, row in rows.items() if (v := row.get("t_mv")) is not None}
    if tall and heights:
        top = max(heights, key=lambda lead: heights[lead])
        return (
            f"The tallest T wave is {mv(heights[top])}, in {top}; there is no probability for peaked T waves."
            + _verdict(evidence, words)
        )
    asks_which = bool(re.search(r"invert|inversion|negativ", question))
    yes = (
        ("Yes. " if there else "Not sure. " if asks_which and called(evidence, ("INVT",)) else "No. ")
        if asks_yes_or_no(question) and (asks_which or "abnormal" in question)
        else ""
    )
    where = f" in {join(asked)}" if asked else ""
    text = f"Inverted T waves: {_told(found)}." if found else f"No inverted T wave{where}."
    return yes + text + _verdict(evidence, words) + _without(evidence, leads)


def q_waves(evidence: Evidence, question: str) -> str:
    if said := _measurable(evidence):
        return said
    leads = leads_in(question)[0] or Q_LEADS
    found = beyond_limit(evidence, lambda row: row.get("q_mv"), Q_MV, leads)
    yes = yes_or_no(question, bool(found), bool(called(evidence, ("QWAVE",))))
    text = f"Q waves: {_told(found)}." if found else f"No Q wave of {mv(-Q_MV)} or more."
    return yes + text + _verdict(evidence, ("QWAVE",)) + _without(evidence, leads)


def abnormal_leads(evidence: Evidence, question: str) -> str:
    """ST, T and Q beyond their limits, each with its leads."""
    return " ".join(answer(evidence, "") for answer in (st_changes, t_waves, q_waves))


def reciprocal(evidence: Evidence, question: str) -> str:
    up, down = (beyond_limit(evidence, level, limit, evidence.record.leads) for limit in (ST_MV, -ST_MV))
    if said := _measurable(evidence):
        return said
    if up and down:
        return f"ST elevation in {_told(up)}, with ST depression in {_told(down)}: that may be reciprocal."
    one = f"ST elevation in {_told(up)}, but no ST depression" if up else "No ST elevation"
    return f"No: {one[:1].lower() if not up else one[:1]}{one[1:]} of {mv(ST_MV)} or more was measured."


def territory(evidence: Evidence, question: str) -> str:
    """ST, T and Q of each lead that a question names, and the findings of that region."""
    asked, rest = leads_in(question)
    if not asked or re.search(r"\b(?:ischaem|infarct|mi\b|injur|qrs|pr\b|qt|axis|lvh|rvh|block)", rest):
        return ""
    rows = evidence.measurements.get("leads") or {}
    lines = []
    for lead in asked:
        row = rows.get(lead)
        if row is None:
            continue
        values = {
            "ST": level(row),
            "T": row.get("t_mv"),
            "Q": row.get("q_mv"),
            "R": row.get("r_mv"),
            "S": row.get("s_mv"),
        }
        lines.append(f"{lead}: " + ", ".join(f"{name} {mv(v)}" for name, v in values.items() if v is not None))
    if not lines:
        verb = "is" if len(asked) == 1 else "are"
        return f"I cannot tell: {join(asked)} {verb} not in this recording or could not be measured."
    counts = []
    for word, value, limit in (
        ("ST elevation", level, ST_MV), ("ST depression", level, -ST_MV),
        ("an inverted T wave", lambda row: row.get("t_mv"), T_MV), ("a Q wave", lambda row: row.get("q_mv"), Q_MV),
    ):  # fmt: skip
        usual = [lead for lead in asked if word.startswith("ST") or lead in (T_LEADS if "T" in word else Q_LEADS)]
        counts += [f"{word} in {join(list(found))}"] if (found := beyond_limit(evidence, value, limit, usual)) else []
    text = f"{'; '.join(lines)}. " + (
        f"This counts as {join(counts)}." if counts else "Nothing of this counts as abnormal."
    )
    names = _TERRITORY.findall(question)
    local = [(c, p) for c, p in called(evidence) if any(re.search(rf"\b{name}\b", phrase(c)) for name in names)]
    return text + (f" Called: {named(local)}." if local else "") + _without(evidence, asked)


def amplitude(evidence: Evidence, question: str) -> str:
    """The size of one wave in each lead that a question names ("How deep is the T wave in V5?"); ST at three times."""
    asked, rest = leads_in(question)
    match = re.search(r"\b([pqrst])(?:[ -]waves?| amplitude| voltage)\b|\bst\b|\bj[ -]?point|\bj ?\+", rest)
    if not asked or match is None:
        return ""
    letter = match.group(1)
    what = _AMPLITUDES[letter] if letter else "ST level"
    keys = {f"{letter}_mv": ""} if letter else ST_KEYS
    rows = evidence.measurements.get("leads") or {}
    sizes = {lead: [f"{in_mm(v)}{at}" for k, at in keys.items() if (v := rows.get(lead, {}).get(k)) is not None]
             for lead in asked}  # fmt: skip
    if not any(sizes.values()):
        return f"I cannot tell: the {what} in {join(asked)} was not measurable."
    counts = {"t": f"; inverted from {mv(T_MV)} on", "q": f"; it counts from {mv(Q_MV)} on"}
    limit = counts.get(letter, "") if letter else f"; a shift counts from {mv(ST_MV)} on"
    told = "; ".join(f"in {lead} the {what} is {join(told) or 'not measurable'}" for lead, told in sizes.items())
    return f"{capital(told)}{limit}."


ST_KEYS = {"st_j_mv": " at the J point", "st_mv": " 60 ms later", "st80_mv": " 80 ms later"}
"""Where the ST level is measured (`measure.intervals`)."""


def _urgency(question: str) -> str:
    is_q, is_st = re.search(r"\bq[ -]?wave", question), re.search(r"\bst\b", question)
    return passage("a pathological Q wave" if is_q else "the ST segment" if is_st else "the T wave", "urgency").text


_WORRY = word_set("worry worried worrying concern concerned concerning dangerous serious alarming bad safe matter")
_ABOUT = word_set(
    "morphology shape anything something wrong going "
    "what tell about happen happening up see appearance look do show there leads lead"
)


def waves_named(question: str) -> list[str]:
    """The statements of form that a plain question names by their wave ("T inversion", "pathological Qs")."""
    return [code for cue, codes in _NAMED.items() if re.search(cue, question) for code in codes]


_NAMED = {
    r"\bst(?:[ -]segments?| changes?| shifts?)?\b(?! (?:elev|depr))": ("STE_", "STD_"), r"\bst elev": ("STE_",),
    r"\bst depr": ("STD_",), r"\bt[ -](?:waves?|inversions?)\b": ("INVT",), r"\bqs?\b(?:[ -]waves?)?": ("QWAVE",),
}  # fmt: skip


def measured_leads(code: str, evidence: Evidence) -> str:
    """The leads in which a form statement was measured, in a sentence; "" for other statements or without leads."""
    if code not in _FORMS or not evidence.measurements.get("leads"):
        return ""
    name, value, limit, leads = _FORMS[code]
    found = beyond_limit(evidence, value, limit, leads)
    if not found:
        return f"Measured: no {name} of {mv(abs(limit))} or more."
    return f"Measured: {name} {join([f'{lead} {in_mm(value)}' for lead, value in found.items()])}."


_FORMS: dict[str, tuple[str, Callable[[Row], float | None], float, Sequence[str]]] = {
    "STE_": ("ST elevation", level, ST_MV, STANDARD_LEADS), "STD_": ("ST depression", level, -ST_MV, STANDARD_LEADS),
    "INVT": ("inverted T waves", lambda row: row.get("t_mv"), T_MV, T_LEADS),
    "QWAVE": ("Q waves", lambda row: row.get("q_mv"), Q_MV, Q_LEADS),
}  # fmt: skip


def sizes(question: str, evidence: Evidence) -> str:
    """The size of a wave in a lead, if a plain question asks for it."""
    asked, rest = leads_in(question)
    if not asked or not _ASKS_SIZE.search(question):
        return ""
    return amplitude(evidence, question) if understood(rest, GRAMMAR, RECORDING, JUDGING, LOOKED_FOR, _SIZE) else ""


_ASKS_SIZE = re.compile(
    r"\bhow (?:big|deep|high|tall|large|much)\b|\bwhat is the\b|\bamplitude\b|\b(?:upright|positive)\b|"
    r"\bm[mv]\b|\bmilli(?:met|vol)\w+|\bj ?\+|\bj[ -]?point"
)


def answered_waves(question: str, evidence: Evidence) -> str:
    """The answer to a plain question about waves; "" for any other."""
    if said := by_topic(question, evidence, "waves", WAVES):
        return said
    asked, rest = leads_in(question)
    if said := by_topic(question, evidence, "by_lead", BY_LEAD, asked=rest):
        return said + (f" In general: {_urgency(rest)}" if set(rest.split()) & _WORRY else "")
    if asked and understood(rest, GRAMMAR, RECORDING, EVIDENCE, JUDGING, _ABOUT):
        return territory(evidence, question)
    return ""


WAVES = {"stemi": stemi, "reciprocal": reciprocal, "abnormal_leads": abnormal_leads} | VOLTAGES
BY_LEAD = {"st_changes": st_changes, "t_waves": t_waves, "q_waves": q_waves}
_SIZE = word_set(
    "upright positive wave waves amplitude voltage level height depth size st segment p q r s t mm mv millimetres "
    "millimeters millivolts j point + 60 80 ms after behind"
)
