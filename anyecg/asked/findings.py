"""Questions for findings: is one there, one of a group, one of two; which ones are; is the ECG normal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..abstain import LIKELY, UNJUDGED, UNLIKELY, Verdict
from ..check_findings import percent
from ..events import LOCATABLE
from ..evidence import POSSIBLE, Evidence
from ..findings import CODES, FINDINGS, findings_in_text, phrase, without_findings
from .places import ASKS_PLACES, MOST_TOLD, listed

_RATHER = 3
"""Of two findings that are both below their threshold, the one that is so many times as probable fits better."""
_VENTRICULAR = "premature ventricular contraction"
MOST_NAMED = 4
"""Findings that an answer to a question about a group or about normality names."""

_NORMAL = re.compile(
    r"^(?:is|was|would you call|can i tell my patient that|do you (?:think|find)) (?:this|the|my|it|that|everything)"
    r"(?: (?:ecg|ekg|tracing|recording|record|one))?(?: is)? (?:all )?(?:a |an )?"
    r"(?:normal|healthy|fine|ok(?:ay)?|within normal limits)(?: (?:ecg|ekg|tracing|recording|one))?"
    r"(?: (?:here|or abnormal|or not))?$"
)
_ABNORMAL = re.compile(
    r"^(?:is (?:there anything|anything|this (?:ecg|ekg|tracing)?)|do you (?:see|find) (?:anything|any abnormality))"
    r"(?: (?:abnormal|wrong|unusual))?(?: (?:in|with|on|about) (?:this|the|my) (?:ecg|ekg|tracing|recording))?$"
)
_SCAFFOLD = frozenset(
    re.findall(
        r"\w+",
        """
        is are was there does do did this the an a any you see can could be seen here ecg ekg recording record tracing
        it show shows have has contain compatible with signs sign of evidence for would diagnose present check rhythm
        call called in on suggest suggestive indicate patient really also and please tell me whether if now what about
        my these reveal demonstrate display think i not feature features pattern patterns got
        """,
    )
)
"""Words of a question that leave nothing to be understood beside the finding."""
_ASKS_KIND = re.compile(r"(?:which|what kind of|what|name|list|tell me) (?:(?:the|any|all|kinds? of|type of) )?")
_RHYTHM_WORDS = _SCAFFOLD | frozenset(
    ("which", "what", "kind", "name", "identify", "describe", "how", "underlying", "basic", "shown", "heart", "main")
)
_OR = re.compile(r"\bor\b(?! not)|\bbetween\b|\bwhich of the two\b")
_CHOICE_WORDS = frozenset(
    ("or", "which", "two", "fits", "better", "decide", "between", "choose", "one", "either", "more", "likely", "both")
)
_ISCHAEMIC = tuple(code for code in CODES if code.startswith("ISC"))
GROUPS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "myocardial infarction": (
        r"(?:myocardial )?infarct(?:ion)?s?|heart attacks?|mi",
        tuple(c for c in CODES if FINDINGS[c].superclass == "MI" and not c.startswith("INJ")), "super:MI",
    ),
    "conduction disturbance": (
        r"conduction (?:disturbance|delay|abnormalit|disorder|problem)(?:s|y|ies)?",
        tuple(c for c in CODES if FINDINGS[c].superclass == "CD"), "super:CD",
    ),
    "hypertrophy": (
        r"(?:ventricular )?hypertrophy",
        tuple(c for c in CODES if FINDINGS[c].superclass == "HYP"), "super:HYP",
    ),
    "bundle branch block": (r"bundle[ -]branch blocks?|bbb", ("CRBBB", "CLBBB", "IRBBB", "ILBBB"), ""),
    "fascicular block": (r"(?:left )?(?:fascicular block|hemiblock)s?", ("LAFB", "LPFB"), ""),
    "AV block": (r"(?:av|atrioventricular|heart)[ -]blocks?", ("1AVB", "2AVB", "3AVB"), "sub:AVB"),
    "ischaemic ST-T changes": (r"isch(?:a)?emi(?:a|c)(?: (?:st-t )?changes?)?", _ISCHAEMIC, ""),
    "premature beats": (
        r"premature beats?|ectop(?:y|ic beats?)|extra ?systoles?|extra beats?", ("PVC", "PAC", "PRC(S)"), "",
    ),
}  # fmt: skip
"""Names that stand for several statements: how they are asked for, the statements, and the class that holds them."""


def normality(question: str, evidence: Evidence) -> str:
    plain = " ".join(re.sub(r"[^\w\s-]", " ", question.lower()).split())
    asks_normal, asks_abnormal = _NORMAL.match(plain), _ABNORMAL.match(plain)
    if not asks_normal and not asks_abnormal:
        return ""
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
    asked = _asked_for(question)
    return _of_group(*asked, evidence) if asked else ""


def _of_group(name: str, codes: tuple[str, ...], group: str, evidence: Evidence) -> str:
    """Whether one of these statements, or the class that holds them, is there, with what is most probable of them."""
    if codes == ("PVC",) and (events := evidence.locate(_VENTRICULAR)):  # two witnesses; other kinds are less sure
        return f"Yes: {LOCATABLE[_VENTRICULAR]} at {listed(events, MOST_TOLD)}."
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


def kinds(question: str, evidence: Evidence) -> str:
    """Which rhythm, or which statements of a group: "Which conduction disturbances are there?"."""
    plain = question.lower().strip(" ?.!")
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
        }:
            return _of_group(name, codes, group, evidence)
    return ""


def choice(question: str, evidence: Evidence) -> str:
    """Which of two findings is there: one, both or neither."""
    plain = question.lower()
    codes = list(findings_in_text(question))
    rest = without_findings(plain)
    if len(codes) != 2 or not _OR.search(rest) or not set(re.findall(r"\w+", rest)) <= _SCAFFOLD | _CHOICE_WORDS:
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


def _shown_rhythm(evidence: Evidence) -> str:
    rhythms = [(c, p) for c, p in evidence.judged() if "r" in FINDINGS[c].kinds and _is_called(evidence, c)]
    if any(code in ("STACH", "SBRAD", "SARRH") for code, _ in rhythms):
        rhythms = [(code, p) for code, p in rhythms if code != "SR"]  # which they are
    rate = evidence.measurements.get("heart_rate_bpm")
    said = _named(rhythms) if rhythms else "no rhythm is likely enough to be named"
    return f"{said[:1].upper()}{said[1:]}" + (f"; rate {rate:.0f}/min." if rate is not None else ".")


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


def _is_called(evidence: Evidence, label: str) -> bool:
    return evidence.labels[label] >= evidence.thresholds[label] and evidence.verdicts[label].word != UNJUDGED


def _named(findings: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{phrase(code)} {percent(p)}" for code, p in findings[:MOST_NAMED])
