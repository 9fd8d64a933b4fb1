"""Questions for findings: is one there, one of a group, one of two; which ones are; is the ECG normal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..abstain import LIKELY, UNJUDGED, UNLIKELY, Verdict
from ..check_findings import percent
from ..events import LOCATABLE
from ..evidence import POSSIBLE, Evidence
from ..findings import CODES, FINDINGS, findings_in_text, phrase, without_findings
from ..knowledge import passage
from ..knowledge.concepts import concepts
from ..measure.normal import LIMITS, judge, say
from .places import ASKS_PLACES, MOST_TOLD, listed
from .said import is_called as _is_called
from .said import named as _named
from .said import rhythm
from .spoken import RECENT, excluding, put_simply, spoken
from .waves import measured_leads, stemi
from .words import CHOOSING, EVIDENCE, GRAMMAR, RECORDING, WORRYING, plain, understood, without_context, word_set

_RATHER = 3
"""Of two findings that are both below their threshold, the one that is so many times as probable fits better."""
_VENTRICULAR = "premature ventricular contraction"
_NORMAL = re.compile(r"\b(?:all right|alright|normal|healthy|fine|ok(?:ay)?)(?: limits)?\b(?: or (?:not|abnormal)\b)?")
_ABNORMAL = re.compile(r"\b(?:abnormal(?:it(?:y|ies))?|wrong|unusual|not normal)\b")
_OF_WHOLE = GRAMMAR | RECORDING - frozenset(
    ("patient", "patients", "person", "lead", "leads", "rhythm", "beat", "beats")
)
_OF_WHOLE = _OF_WHOLE - frozenset(("he", "she", "they", "i", "what", "how", "who")) | frozenset(
    ("call", "everything", "anything", "all", "my", "within", "completely", "entirely", "any", "i", "think", "patient")
)
_ASKS_WHOLE = re.compile(r"(?:is|are|was|would|can|do|does|everything|all|normal|abnormal|any|anything|ecg)\b")
_SCAFFOLD = GRAMMAR | RECORDING | EVIDENCE
"""Words of a question that leave nothing to be understood beside the finding."""
_ASKS_KIND = re.compile(r"(?:which|what kind of|what|name|list|tell me) (?:(?:the|any|all|kinds? of|type of) )?")
_RHYTHM_WORDS = _SCAFFOLD | frozenset(("kind", "underlying", "basic", "main"))
_OR = re.compile(r"\bor\b(?! not)|\bbetween\b|\bwhich of the two\b")
_ATRIAL = ("LAO/LAE", "RAO/RAE")
_ISCHAEMIC = tuple(code for code in CODES if code.startswith("ISC"))
GROUPS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "myocardial infarction": (
        r"(?:myocardial )?infarct(?:ion)?s?|heart attacks?|mi",
        tuple(c for c in CODES if FINDINGS[c].superclass == "MI" and not c.startswith("INJ")), "super:MI",
    ),
    "conduction disturbance": (
        r"conduction (?:disturbance|delay|abnormalit|disorder|problem|defect)(?:s|y|ies)?|"
        r"conduction (?:is )?(?:disturbed|abnormal|delayed)|blocks or conduction delays",
        tuple(c for c in CODES if FINDINGS[c].superclass == "CD"), "super:CD",
    ),
    "hypertrophy": (
        r"(?:ventricular )?hypertrophy",
        tuple(c for c in CODES if FINDINGS[c].superclass == "HYP"), "super:HYP",
    ),
    "bundle branch block": (r"bundle[ -]branch blocks?|bbb", ("CRBBB", "CLBBB", "IRBBB", "ILBBB"), ""),
    "fascicular block": (r"(?:left )?(?:fascicular block|hemiblock)s?", ("LAFB", "LPFB"), ""),
    "AV block": (r"(?:av|atrioventricular|heart)[ -]blocks?", ("1AVB", "2AVB", "3AVB"), "sub:AVB"),
    "ischaemic ST-T changes": (r"isch(?:a)?emi(?:a|c)(?: (?:st-t )?changes?)?", _ISCHAEMIC, "sub:ISC"),
    "ST/T changes": (
        r"repolari[sz]ation (?:abnormalit(?:y|ies)|changes?|disturbances?|(?:is )?abnormal)|st ?(?:/|or) ?t changes?",
        tuple(c for c in CODES if FINDINGS[c].superclass == "STTC"), "super:STTC",
    ),
    "atrial enlargement": (r"atrial (?:enlargement|overload|dilatation)|enlarged atri(?:um|a)", _ATRIAL, ""),
    "chamber enlargement": (
        r"(?:chamber|cardiac|heart) (?:enlargement|hypertrophy)|enlarged (?:chambers?|heart|atrium or ventricle)|"
        r"(?:chambers?|heart) (?:is |are )?enlarged|hypertrophy or enlargement|atrial or ventricular hypertrophy",
        (*_ATRIAL, "LVH", "VCLVH", "RVH", "SEHYP"), "super:HYP",
    ),
    "conduction block": (
        r"(?:conduction )?blocks?",
        ("1AVB", "2AVB", "3AVB", "CRBBB", "CLBBB", "IRBBB", "ILBBB", "LAFB", "LPFB", "IVCD"), "super:CD",
    ),
    "arrhythmia": (
        r"arr?h?ythmias?|rhythm (?:disturbance|disorder|problem)s?",
        ("AFIB", "AFLT", "SVTAC", "PSVT", "SVARR", "BIGU", "TRIGU", "PVC", "PAC", "PRC(S)", "2AVB", "3AVB"), "",
    ),
    "premature beats": (
        r"premature beats?|ectop(?:y|ics?|ic beats?)|extra ?systoles?|(?:extra|early) beats?",
        ("PVC", "PAC", "PRC(S)"), "",
    ),
}  # fmt: skip
"""Names that stand for several statements: how they are asked for, the statements, and the class that holds them."""


def normality(question: str, evidence: Evidence) -> str:
    asked = plain(without_context(question))
    asks_abnormal = _ABNORMAL.search(asked)
    asks_normal = None if asks_abnormal and "normal or" not in asked else _NORMAL.search(asked)
    cue = _NORMAL if asks_normal else _ABNORMAL
    left = cue.sub(" ", asked)
    if not (asks_normal or asks_abnormal) or not _ASKS_WHOLE.match(asked) or not understood(left, _OF_WHOLE):
        return ""
    if re.search(r"\b(?:is|are) (?:the |this |my )?patient\b", asked):
        return ""  # of a person an ECG says less
    called = [(code, p) for code, p in evidence.judged() if _is_called(evidence, code)]
    others = [(code, p) for code, p in called if code != "NORM" and code not in ("SR", "SARRH")]
    verdict = evidence.verdicts["NORM"]
    if verdict.word == UNJUDGED and not others:
        return f"Whether it is normal cannot be judged: {verdict.reason}. What can be judged shows nothing abnormal."
    is_normal = _is_called(evidence, "NORM") and not any(p > evidence.labels["NORM"] for _, p in others)
    word = "Yes" if is_normal == bool(asks_normal) else "No"
    if is_normal:
        return f"{word}: normal ECG {percent(evidence.labels['NORM'])}.{_beside(others)}"
    if others:
        return f"{word}: it shows {_named(others)}."
    return f"{word}, though no single finding stands out: a normal ECG has {percent(evidence.labels['NORM'])}."


def _beside(others: Sequence[tuple[str, float]]) -> str:
    return f" Beside that: {_named(others)}." if others else ""


def presence(question: str, evidence: Evidence) -> str:
    put, ages = put_simply(question)
    asked = _asked_for(put)
    if not asked or (ages and FINDINGS[asked[1][0]].superclass != "MI"):
        return ""
    said = _of_group(*asked, evidence)
    said = excluding(question, said)
    if measured := measured_leads(asked[1][0], evidence) if len(asked[1]) == 1 else "":
        said += f" {measured}"
    if ages & RECENT:
        return f"{said} As to acute infarction: {stemi(evidence, 'is it')}"
    return f"{said} How old an infarction is, one ECG does not tell." if ages else said


def _of_group(name: str, codes: tuple[str, ...], group: str, evidence: Evidence) -> str:
    """Whether one of these statements, or the class that holds them, is there, with what is most probable of them."""
    if codes == ("PVC",) and (events := evidence.locate(_VENTRICULAR)):  # two witnesses; other kinds are less sure
        return f"Yes: {LOCATABLE[_VENTRICULAR]} at {listed(events, MOST_TOLD)}."
    if disagreement := _measured_otherwise(codes, evidence):
        return disagreement
    if all(evidence.verdicts[code].word == UNJUDGED for code in codes):
        return f"This cannot be judged: {evidence.verdicts[codes[0]].reason}."
    called = [(code, p) for code, p in evidence.judged() if code in codes and _is_called(evidence, code)]
    if called:
        surely = any(evidence.verdicts[code].word == LIKELY for code, _ in called)
        return f"{'Yes' if surely else 'Probably yes'}: {_named(called)}.{_rhythm(evidence, called[0][0])}"
    labels = [group] if group else [code for code, _ in evidence.judged() if code in codes][:1]
    verdict = evidence.verdicts[labels[0]]
    if group and _is_called(evidence, group) and verdict.word != UNJUDGED:
        return f"Probably yes: {name} {percent(evidence.labels[group])}, though no single kind of it is likely enough."
    return _denied(name, labels[0], verdict, evidence)


_MEASURED_BY = {
    "LNGQT": ("qtc_bazett_ms", 1), "LPR": ("pr_ms", 1), "1AVB": ("pr_ms", 1), "STACH": ("heart_rate_bpm", 1),
    "SBRAD": ("heart_rate_bpm", -1),
}  # fmt: skip
"""Statements that one measured number decides, and on which side of its normal range it lies then."""


def _measured_otherwise(codes: tuple[str, ...], evidence: Evidence) -> str:
    """That head and measurement disagree, where a statement is denied and its number lies clearly outside its range."""
    if len(codes) != 1 or codes[0] not in _MEASURED_BY or _is_called(evidence, codes[0]):
        return ""
    (key, side), sex = _MEASURED_BY[codes[0]], evidence.record.sex
    value, limit = evidence.measurements.get(key), LIMITS[key]
    if value is None or judge(key, value, sex) != (limit.above if side > 0 else limit.below):
        return ""
    sentence = say(evidence.measurements, key, sex)
    if codes[0] in ("STACH", "SBRAD"):
        return f"{sentence} {rhythm(evidence)}."
    given = percent(evidence.labels[codes[0]])
    other = evidence.measurements.get("qtc_fridericia_ms") if key == "qtc_bazett_ms" else None
    also = f" By Fridericia it is {other:.0f} ms." if other is not None else ""
    return f"Not sure: {sentence[:1].lower()}{sentence[1:]}{also} The finding head gives {phrase(codes[0])} {given}."


def worry(question: str, evidence: Evidence) -> str:
    """Whether a finding of this ECG is dangerous: whether it is there, and what is written on it in general."""
    text = spoken(question.lower())
    codes = [code for code, holds in findings_in_text(text).items() if holds and code not in ("NORM", "SR")]
    rest = without_findings(text)
    words = set(re.findall(r"\w+", rest))
    if (
        len(codes) != 1
        or "delta" in question
        or not words & _WORRY
        or not words & {"the", "this", "these", "his", "her", "my", "that"}
    ):
        return ""
    if not understood(rest, _SCAFFOLD, WORRYING):
        return ""
    general = next((name for name, concept in concepts().items() if concept.get("code") == codes[0]), None)
    said = _of_group(phrase(codes[0]), tuple(codes), "", evidence)
    return f"Whether it is there: {said} In general: {passage(general, 'urgency').text}" if general else ""


_WORRY = word_set(
    "worry worried worrying concern concerned concerning dangerous danger serious alarming bad harmful safe matter "
    "significant important"
)


def kinds(question: str, evidence: Evidence) -> str:
    """Which rhythm, or which statements of a group: "Which conduction disturbances are there?"."""
    plain = spoken(question.lower().strip(" ?.!"))
    if {"rhythm"} <= set(re.findall(r"\w+", plain)) <= _RHYTHM_WORDS:
        return _shown_rhythm(evidence)
    begun = _ASKS_KIND.match(plain)
    if not begun or findings_in_text(question):
        return ""
    rest = plain[begun.end() :]
    for name, (words, codes, group) in GROUPS.items():
        match = re.search(rf"(?<![\w-])(?:{words})(?![\w-])", rest)
        if match and set(re.findall(r"\w+", rest[: match.start()] + rest[match.end() :])) <= _SCAFFOLD | {
            "which",
            "kind",
            "region",
            "wall",
            "territory",
            "site",
        }:
            return _of_group(name, codes, group, evidence)
    return ""


def choice(question: str, evidence: Evidence) -> str:
    """Which of two findings is there: one, both or neither."""
    text = spoken(question.lower())
    codes = list(findings_in_text(text))
    rest = without_findings(text)
    if len(codes) != 2 or not _OR.search(rest) or not set(re.findall(r"\w+", rest)) <= _SCAFFOLD | CHOOSING:
        return ""
    if any(evidence.verdicts[code].word == UNJUDGED for code in codes):
        reasons = [evidence.verdicts[code].reason for code in codes if evidence.verdicts[code].word == UNJUDGED]
        return f"This cannot be judged: {reasons[0]}."
    ranked = sorted(((code, evidence.labels[code]) for code in codes), key=lambda pair: -pair[1])
    called = [(code, p) for code, p in ranked if _is_called(evidence, code)]
    if len(called) == 1:
        (other,) = (pair for pair in ranked if pair not in called)
        return f"It shows {_named(called)}; no {_named([other])}."
    if called:
        return f"Both: {_named(ranked)}."
    first, second = ranked
    if first[1] >= POSSIBLE and first[1] >= _RATHER * second[1]:
        return f"Rather {_named([first])}; no {_named([second])}."
    return f"It shows neither {_named([first])} nor {_named([second])}."


def either(question: str, evidence: Evidence) -> str:
    """Both answers where one of two is a group: "Is it AF or just ectopics?"."""
    halves = re.split(r"\bor\b", spoken(plain(question)))
    if len(halves) != 2 or findings_in_text(halves[0]).keys() == findings_in_text(halves[1]).keys():
        return ""
    said = [presence(f"is there {_JUST.sub('', half).strip()}", evidence) for half in halves]
    return " ".join(said) if all(said) else ""


_JUST = re.compile(
    r"^(?:is|are|was|could|does)(?: (?:it|this|that|these|there|be))*\b|\b(?:just|only|rather|is it|are they)\b"
)


def _shown_rhythm(evidence: Evidence) -> str:
    return f"{rhythm(evidence)}."


def _denied(name: str, label: str, verdict: Verdict, evidence: Evidence) -> str:
    word = "No" if verdict.word in (UNLIKELY, UNJUDGED) else "Probably not"
    return f"{word}: {name} {percent(evidence.labels[label])}.{_rhythm(evidence, label)}"


def _rhythm(evidence: Evidence, code: str) -> str:
    """The most probable rhythm, where another one was asked for."""
    if code not in FINDINGS or "r" not in FINDINGS[code].kinds:
        return ""
    rhythms = [(c, p) for c, p in evidence.judged() if "r" in FINDINGS[c].kinds and _is_called(evidence, c)]
    return f" The rhythm is {_named(rhythms[:1])}." if rhythms and rhythms[0][0] != code else ""


def _asked_for(question: str) -> tuple[str, tuple[str, ...], str] | None:
    """Name, statements and class that a yes-or-no question is about; None for any other question."""
    plain = question.lower().strip()
    if _OR.search(plain) or "?" in plain.rstrip(" ?.!") or ASKS_PLACES.search(plain):
        return None
    named = findings_in_text(question)
    rest = without_findings(plain)
    if len(named) == 1:
        (code,) = named
        return (phrase(code), (code,), "") if named[code] and code != "NORM" and _is_scaffold(rest) else None
    for name, (words, codes, group) in GROUPS.items() if not named else ():
        match = re.search(rf"(?<![\w-])(?:{words})(?![\w-])", rest)
        if match and _is_scaffold(rest[: match.start()] + rest[match.end() :]):
            return name, codes, group
    return None


def _is_scaffold(rest: str) -> bool:
    """Whether what a question says beside the finding's name adds nothing: "is there …", or a mere question mark."""
    words = re.findall(r"[\w'-]+", rest)
    return rest.strip() == "?" or (_ASKS.match(rest.strip()) is not None and set(words) <= _SCAFFOLD)


_ASKS = re.compile(r"(?:is|are|was|does|do|did|can|could|would|has|have|check|any|tell me (?:if|whether)|please)\b")
