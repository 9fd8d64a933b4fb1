"""Questions for the whole of one ECG: what is urgent, what matters most, what is missing, how sure it is."""

from __future__ import annotations

import re

from ..abstain import UNCERTAIN, UNJUDGED, UNLIKELY
from ..check_findings import percent
from ..evidence import POSSIBLE, Evidence
from ..findings import FINDINGS, phrase
from ..knowledge import passage
from ..knowledge.concepts import concepts
from ..measure.normal import LIMITS, say
from ..mending import also_possible
from .said import (
    abnormal,
    called,
    capital,
    critical,
    is_called,
    named,
    outside_limits,
    rhythm,
    shows,
)  # fmt: skip

_ACUTE = (
    "3AVB", "2AVB", "SVTAC", "PSVT", "AFLT", "AFIB", "STE_", "STD_",
    *(code for code, f in FINDINGS.items() if f.superclass == "MI" or code.startswith("ISC")), "CLBBB", "EL",
)  # fmt: skip
"""Findings that may be acute; whether they are, one ECG does not say."""
_NEGATIVES = {
    "AFIB": "AFIB", "AFLT": "AFLT", "AV block": "sub:AVB", "left bundle branch block": "CLBBB",
    "right bundle branch block": "CRBBB", "myocardial infarction": "super:MI", "ST elevation": "STE_",
    "ischaemic ST-T changes": "sub:ISC", "left ventricular hypertrophy": "LVH", "long QT interval": "LNGQT",
    "pre-excitation": "WPW", "premature ventricular contractions": "PVC",
}  # fmt: skip
"""What a careful reader says is absent, each with its label."""
_NOT_DEVICE = "anyecg is no medical device."
MOST_LISTED, MOST_OPEN = 10, 3


def acute(evidence: Evidence, question: str) -> str:
    urgent, found = critical(evidence), called(evidence, _ACUTE)
    if urgent:
        text = f"Yes, critical by measurement: {urgent}"
    elif found:
        text = "Possibly: no critical value was measured, but some findings may be acute."
    else:
        text = "Nothing acute was found: no critical value was measured, and no finding that is often acute is called."
    text += f" Called: {named(found)}; an ECG alone does not tell how old they are." if found else ""
    return f"{text} An ECG excludes no acute illness: symptoms and earlier ECGs decide."


def main_finding(evidence: Evidence, question: str) -> str:
    urgent, found = critical(evidence), abnormal(evidence)
    if urgent:
        return f"Critical by measurement: {urgent}" + (f" Beside it: {named(found)}." if found else "")
    if found:
        text = f"The most important finding is {named(found[:1])}."
        text += (f" Beside it: {named(found[1:])}." if found[1:] else "") + " No critical value was measured."
        return _with_possible(text, evidence)
    return _with_possible(_nothing(evidence), evidence)


def worrying(evidence: Evidence, question: str) -> str:
    if not critical(evidence) and not abnormal(evidence):
        return _with_possible(f"Nothing of note: {_nothing(evidence)[:1].lower()}{_nothing(evidence)[1:]}", evidence)
    shown = _with_possible(shows(evidence), evidence)
    return f"{shown} How much that matters depends on symptoms and earlier ECGs. {_NOT_DEVICE}"


def wellbeing(evidence: Evidence, question: str) -> str:
    return f"How somebody is, an ECG alone does not tell. {shows(evidence)} {_NOT_DEVICE}"


def _nothing(evidence: Evidence) -> str:
    outside = outside_limits(evidence)
    also = f" Outside the normal range: {', '.join(outside)}." if outside else ""
    also += " These leads cannot show all that could be there." if evidence.verdicts["NORM"].word == UNJUDGED else ""
    if is_called(evidence, "NORM"):
        return f"Normal ECG {percent(evidence.labels['NORM'])}; no critical value was measured.{also}"
    return f"No abnormal finding is likely enough to be named, and no critical value was measured.{also}"


def everything(evidence: Evidence, question: str) -> str:
    found, outside, urgent = abnormal(evidence), outside_limits(evidence), critical(evidence)
    if not found and not urgent:
        return _with_possible(_nothing(evidence), evidence)
    parts = [f"Critical: {urgent}"] if urgent else []
    parts += (
        [f"{capital(named(found, MOST_LISTED))}."] if found else ["No abnormal finding is likely enough to be named."]
    )
    parts += [f"Outside the normal range: {', '.join(outside)}."] if outside else []
    return _with_possible(" ".join(parts), evidence)


def _with_possible(text: str, evidence: Evidence) -> str:
    """A text about the whole ECG with what it does not name and cannot be excluded."""
    return f"{text} {also_possible(text, evidence)}".rstrip()


def why(evidence: Evidence, question: str) -> str:
    return f"What stands behind it, by measurement and by the finding head: {shows(evidence)}"


def negatives(evidence: Evidence, question: str) -> str:
    words = {name: evidence.verdicts[label].word for name, label in _NEGATIVES.items()}
    absent = [name for name, word in words.items() if word == UNLIKELY and not is_called(evidence, _NEGATIVES[name])]
    open_ones = [
        name for name, word in words.items() if word == UNCERTAIN and not is_called(evidence, _NEGATIVES[name])
    ]
    unseen = [name for name, word in words.items() if word == UNJUDGED]

    def told(names: list[str]) -> str:
        return ", ".join(
            f"{phrase(name) if name in FINDINGS else name} {percent(evidence.labels[_NEGATIVES[name]])}"
            for name in names
        )

    parts = [f"Unlikely: {told(absent)}."] if absent else ["Nothing can be called unlikely."]
    parts += [f"Not excluded: {told(open_ones)}."] if open_ones else []
    names = [phrase(name) if name in FINDINGS else name for name in unseen]
    parts += [f"Cannot be judged with these leads: {', '.join(names)}."] if unseen else []
    return " ".join(parts)


def not_excluded(evidence: Evidence, question: str) -> str:
    open_ones = [(c, p) for c, p in evidence.judged() if p >= POSSIBLE and not is_called(evidence, c) and c != "NORM"]
    unseen = [code for code in FINDINGS if evidence.verdicts[code].word == UNJUDGED]
    parts = [f"Not called, but possible: {named(open_ones)}."] if open_ones else ["No further finding reaches 10 %."]
    if unseen:
        listed = ", ".join(phrase(code) for code in unseen[:MOST_OPEN])
        parts.append(f"{len(unseen)} findings cannot be judged with these leads, for instance {listed}.")
    parts += evidence.warnings[:MOST_OPEN]
    parts.append(
        "No ECG shows symptoms, blood values or pump function, says how old a finding is, or excludes coronary disease."
    )
    return " ".join(parts)


def sureness(evidence: Evidence, question: str) -> str:
    found = called(evidence)
    uncertain = [(c, p) for c, p in found if evidence.verdicts[c].word == UNCERTAIN]
    text = (
        f"Each finding has its calibrated probability: {named(found, MOST_LISTED)}."
        if found
        else "No finding is called."
    )
    text += f" Of these, uncertain: {named(uncertain, MOST_LISTED)}." if uncertain else ""
    return f"{text} {not_excluded(evidence, question).split('.')[0]}."


def normal_variant(evidence: Evidence, question: str) -> str:
    return f"There is no probability for a normal variant. {shows(evidence)} Age, symptoms and earlier ECGs tell more."


_FAINTING = ("2AVB", "3AVB", "1AVB", "CLBBB", "CRBBB", "LNGQT", "WPW", "SVTAC", "PSVT", "AFIB", "AFLT", "SBRAD")


def symptoms(evidence: Evidence, question: str) -> str:
    """What may go with chest pain, or else with fainting and palpitations; an ECG does not prove it."""
    pain = bool(re.search(r"pain|angina", question))
    urgent, found = critical(evidence), called(evidence, _ACUTE if pain else _FAINTING)
    outside = outside_limits(evidence)
    parts = [f"Critical: {urgent}"] if urgent else ["No critical value was measured."]
    parts.append(
        f"Findings that may go with it: {named(found)}." if found else "No finding that often explains it is called."
    )
    parts += [f"Outside the normal range: {', '.join(outside)}."] if outside else []
    last = "excludes no infarction" if pain else "between attacks excludes no arrhythmia"
    return f"{' '.join(parts)} A short ECG {last}."


def differential(evidence: Evidence, question: str) -> str:
    return f"{everything(evidence, question)} {not_excluded(evidence, question).split('. ')[0].rstrip('.')}."


def in_full(evidence: Evidence, question: str) -> str:
    """Rate, rhythm, axis, intervals and findings in the order in which an ECG is read."""
    measured, sex = evidence.measurements, evidence.record.sex
    lines = [f"{rhythm(evidence)}, {measured.get('rhythm_regularity') or 'regularity not measurable'}."]
    lines += [say(measured, key, sex) for key in LIMITS if key != "heart_rate_bpm"]
    return " ".join([*lines, everything(evidence, question)])


def one_line(evidence: Evidence, question: str) -> str:
    found = [c for c in abnormal(evidence) if "r" not in FINDINGS[c[0]].kinds]
    outside = [said for said in outside_limits(evidence) if not said.startswith(LIMITS["heart_rate_bpm"].short)]
    parts = [rhythm(evidence), *([named(found)] if found else []), *([", ".join(outside)] if outside else [])]
    if not found and is_called(evidence, "NORM"):
        parts.append(f"normal ECG {percent(evidence.labels['NORM'])}")
    urgent = critical(evidence)
    text = f"{'; '.join(parts)}." + (f" Critical: {urgent}" if urgent else " No critical value.")
    return _with_possible(text, evidence)


def single(evidence: Evidence, question: str) -> str:
    return "I cannot tell what is new or has changed: there is one ECG. Add an earlier one, and I compare them."


def lay(evidence: Evidence, question: str) -> str:
    """What is called, each with the written meaning of the term."""
    told = [*abnormal(evidence)[:3]] or [("NORM", evidence.labels["NORM"])] * is_called(evidence, "NORM")
    names = {concept["code"]: name for name, concept in concepts().items() if "code" in concept}
    lines = [
        f"{capital(named([item]))}" + (f": {passage(names[item[0]], 'means').passage}" if item[0] in names else ".")
        for item in told
    ]
    urgent = critical(evidence)
    text = f"{rhythm(evidence)}. " + (" ".join(lines) or "No finding is likely enough to be named.")
    text += f" Critical: {urgent}" if urgent else " No critical value was measured."
    return f"{text} A doctor has to judge what it means for you."


PLAINLY = {"lay": lay, "in_full": in_full, "differential": differential}
ANSWERS = {
    "symptoms": symptoms, "normal_variant": normal_variant, "acute": acute, "main_finding": main_finding,
    "everything": everything, "negatives": negatives, "not_excluded": not_excluded, "sureness": sureness, "why": why,
    "worrying": worrying, "wellbeing": wellbeing, "single": single, "one_line": one_line,
}  # fmt: skip
