"""Findings that a text asserts, denies or leaves out, held against the calibrated probabilities of the finding head."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .findings import FINDINGS, SUPERCLASS_NAMES, findings_in_text, phrase

Probabilities = Mapping[str, float]

_GENERAL_WORDS = {
    "a conduction disturbance": (r"conduction (?:disturbance|delay|block)s?|conduction is normal", ("CD",)),
    "myocardial infarction": (r"(?:myocardial )?infarct(?:ion)?s?", ("MI",)),
    "hypertrophy": (r"(?:ventricular )?hypertrophy", ("HYP",)),
    "ST/T changes": (r"st[/-]t (?:wave )?changes?|st[/-]t abnormalit(?:y|ies)", ("STTC",)),
    "premature beats": (r"premature beats?|ectop(?:y|ic beats?)|extrasystoles?", ("PVC", "PAC")),
}
"""Groups of statements that a text may deny or assert at once."""
_NONE_OF = {
    name: re.compile(rf"\b(?:no|without)\b(?: \w+){{0,3}}? (?:{words})(?![\w-])(?! in \b)")
    for name, (words, _) in _GENERAL_WORDS.items()
}
_NOT_JUDGED = re.compile(r"\bcannot be (?:judged|assessed|determined|decided|seen|excluded)\b")
_OF_LEADS = re.compile(r"\bleads? (?:v[1-9]|av[rlf]|i{1,3})\b")
_DENIED_BEHIND = re.compile(
    r"(?P<what>[^.,;:]{3,60}?) (?:is|are|was|were|can be) (?:absent|excluded|ruled out|not (?:present|seen|"
    r"found|visible))|"
    r"\b(?:absence of|negative for|free from|excludes) (?P<that>[^.,;:]{3,60})"
)


def stated(part: str) -> dict[str, bool]:
    """Findings that are asserted or denied; "not in ECG 2 any more: …" denies what follows the colon."""
    if _NOT_JUDGED.search(part.lower()):
        return {}
    part = re.sub(r"\bnone of\b", "not of", re.sub(r"[ \t]+", " ", part))
    found = findings_in_text(part.replace(":", " ") if part.startswith("not ") else part)
    for match in _DENIED_BEHIND.finditer(part.lower()):
        inner = findings_in_text(match.group("what") or match.group("that"))
        found |= {code: False for code, asserted in inner.items() if asserted and code in found}
    of_leads = _OF_LEADS.search(part.lower())  # the head speaks of the ECG, not of one lead
    return {code: said for code, said in found.items() if not (of_leads and code in ("STE_", "STD_", "INVT", "QWAVE"))}


def finding_contradictions(
    said_of: Mapping[str, bool], heads: Sequence[Probabilities], unlikely: float, likely: float
) -> list[str]:
    """Asserted findings that every head finds unlikely, denied ones that every head finds likely."""
    said = []
    for code, asserted in said_of.items():
        known = [head[code] for head in heads if code in head]
        if not known:
            continue
        if asserted and max(known) < unlikely:
            said.append(f"The text says {phrase(code)}; the finding head gives it {percent(max(known))}.")
        if not asserted and min(known) > likely:
            said.append(f"The text denies {phrase(code)}; the finding head gives it {percent(min(known))}.")
    return said


def shared_contradictions(
    said_of: Mapping[str, bool],
    heads: Sequence[Probabilities],
    scope: Sequence[int],
    unlikely: float,
    likely: float,
) -> list[str]:
    """Findings that the text gives to all ECGs, or to none, though the head says otherwise of one."""
    said = []
    for code, asserted in said_of.items():
        for k in scope:
            probability = heads[k].get(code) if k < len(heads) else None
            if probability is not None and (probability < unlikely if asserted else probability > likely):
                says = f"says {phrase(code)} of all ECGs" if asserted else f"denies {phrase(code)} in all ECGs"
                said.append(f"The text {says}; in ECG {k + 1} the finding head gives it {percent(probability)}.")
    return said


def group_contradictions(text: str, heads: Sequence[Probabilities], likely: float) -> list[str]:
    """Groups that the text denies as a whole while the heads find one of their statements likely."""
    said = []
    for name, denied in _NONE_OF.items():
        match = denied.search(text.lower())
        if heads and match and not findings_in_text(match.group(0)):  # "no inferior infarction" denies that one only
            group = _GENERAL_WORDS[name][1]
            members = [code for code, finding in FINDINGS.items() if finding.superclass in group or code in group]
            best = [max(((h[c], c) for c in members if c in h), default=(0.0, "")) for h in heads]
            lowest, code = min(best)
            if lowest > likely:
                said.append(f"The text denies {name}; the finding head gives {phrase(code)} {percent(lowest)}.")
    return said


def omissions(text: str, heads: Sequence[Probabilities], likely: float) -> list[str]:
    """Diagnoses that the heads find likely and of whose class a report says nothing."""
    named = {FINDINGS[code].superclass for code, positive in findings_in_text(text).items() if positive}
    lower = text.lower()
    said = []
    for superclass, name in SUPERCLASS_NAMES.items():
        if superclass == "NORM" or superclass in named or name.lower() in lower:
            continue
        members = [code for code, f in FINDINGS.items() if f.superclass == superclass]
        best = max(((head[code], code) for head in heads for code in members if code in head), default=(0.0, ""))
        if best[0] > likely:
            said.append(f"The text does not mention {phrase(best[1])}; the finding head gives it {percent(best[0])}.")
    return said


def yes_or_no(question: str, text: str) -> dict[str, bool]:
    """The findings that a question names, as a bare yes or no answers them."""
    word = re.match(r"\W*(yes|no)\b", text.lower())
    asked = [code for code, positive in findings_in_text(question).items() if positive]
    if not word or len(asked) != 1 or findings_in_text(text):
        return {}
    return {asked[0]: word.group(1) == "yes"}


def percent(probability: float) -> str:
    """A probability in a sentence; never 0 or 100 %."""
    if probability >= 0.995:
        return "over 99 %"
    return "less than 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"
