"""English that several tasks share: lists, numbers as the prompt prints them, statements as nouns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from anyecg.findings import FINDINGS, SUPERCLASS_NAMES, phrase

PLURAL = frozenset(
    ("PVC", "PAC", "PRC(S)", "QWAVE", "LOWT", "INVT", "NDT", "NST_", "NT_", "ANEUR", "VCLVH", "ABQRS",
     "ISC_", "ISCAL", "ISCIN", "ISCIL", "ISCAS", "ISCLA", "ISCAN")
)  # fmt: skip
_NOUNS = {
    "LNGQT": "a long QT interval", "NORM": "a normal ECG", "WPW": "a Wolff-Parkinson-White pattern",
    "IVCD": "a non-specific intraventricular conduction delay", "ABQRS": "abnormal QRS complexes",
    "TAB_": "a T wave abnormality", "LPR": "a prolonged PR interval", "EL": "an electrolyte or drug effect",
    "DIG": "a digitalis effect", "PACE": "a paced rhythm", "SVARR": "a supraventricular arrhythmia",
}  # fmt: skip
# Subclasses with several statements, where only the subclass is known.
SUBCLASS_NAMES = {
    "STTC": "ST/T changes", "IMI": "myocardial infarction of the inferior region",
    "AMI": "myocardial infarction of the anterior region", "LAFB/LPFB": "left fascicular block",
    "ISCA": "signs of ischaemia of the anterior region", "ISCI": "signs of ischaemia of the inferior region",
    "AVB": "AV block",
}  # fmt: skip
CLASS_NAMES = {**SUPERCLASS_NAMES, "STTC": "ST/T changes", "CD": "a conduction disturbance"}
# Most important first; within a group, the order of the vocabulary.
IMPORTANCE = (
    ("3AVB", "2AVB"), ("INJAS", "INJAL", "INJIN", "INJLA", "INJIL"),
    tuple(code for code, f in FINDINGS.items() if f.superclass == "MI" and not code.startswith("INJ")),
    tuple(code for code, f in FINDINGS.items() if f.subclass.startswith("ISC")),
    tuple(code for code, f in FINDINGS.items() if f.superclass == "CD" and code not in ("3AVB", "2AVB")),
    tuple(code for code, f in FINDINGS.items() if f.superclass == "HYP"), ("PVC", "PAC", "PRC(S)"),
    tuple(code for code, f in FINDINGS.items() if f.superclass == "STTC" and not f.subclass.startswith("ISC")),
    tuple(code for code, f in FINDINGS.items() if f.kinds == "f" and code not in ("PVC", "PAC", "PRC(S)")),
)  # fmt: skip
RHYTHM_ORDER = ("PACE", "AFIB", "AFLT", "PSVT", "SVTAC", "SVARR", "STACH", "SBRAD", "SARRH", "SR", "BIGU", "TRIGU")


def by_importance(codes: Sequence[str]) -> list[str]:
    """Statements that are no rhythm and not NORM, most important first."""
    return [code for group in IMPORTANCE for code in group if code in codes]


def join(words: Sequence[str], last: str = "and") -> str:
    """Words as a list in a sentence: "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def noun(code: str) -> str:
    """The statement as a noun that can follow "shows", with its article where English wants one."""
    return _NOUNS.get(code, phrase(code))


def bare(code: str) -> str:
    """The statement without article, as it stands in a list or after "no"."""
    return noun(code).removeprefix("an ").removeprefix("a ")


def is_plural(code: str) -> bool:
    """Whether the noun takes "are"."""
    return code in PLURAL


def agree(question: str, noun: str, plural: bool) -> str:
    """The question with the verbs before a noun in the plural, where the noun is one."""
    if not plural:
        return question
    for one, many in (("Is", "Are"), ("is", "are"), ("Does", "Do"), ("does", "do"), ("Has", "Have"), ("has", "have")):
        question = re.sub(rf"\b{one} (there (?:new )?)?(?={re.escape(noun)})", rf"{many} \1", question)
    return question


def capital(text: str) -> str:
    """The first letter in upper case, the others as they are."""
    return text[:1].upper() + text[1:]


def number(measurements: Mapping[str, Any], key: str) -> str | None:
    """A measured number as the prompt line prints it, or None."""
    value = measurements.get(key)
    return None if value is None else f"{value:.0f}"


def rhythm_phrase(rhythms: Sequence[str]) -> str:
    """All rhythm statements in one noun phrase, as in "sinus rhythm with bigeminy"."""
    ordered = [code for code in RHYTHM_ORDER if code in rhythms]
    patterns = [phrase(code) for code in ordered if code in ("BIGU", "TRIGU")]
    main = [phrase(code) for code in ordered if code not in ("BIGU", "TRIGU")]
    if not main:
        return join(patterns)
    return join(main) + (f" with {join(patterns)}" if patterns else "")
