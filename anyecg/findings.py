"""The vocabulary of findings: SCP-ECG statements as PTB-XL uses them, their wording, and how to read them in a text.

Codes, classes and their meaning follow `scp_statements.csv` of PTB-XL 1.0.3 (Wagner et al. 2020, CC BY 4.0); the
wording is ours. This file is the only owner of code, wording and label order.
"""

# ruff: noqa: E501  (the vocabulary reads best as one line per statement)

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One SCP-ECG statement."""

    code: str
    phrase: str
    """How a report of ours says it, lower case."""
    kinds: str
    """Any of d (diagnostic), f (form), r (rhythm)."""
    superclass: str = ""
    subclass: str = ""
    synonyms: tuple[str, ...] = ()
    """Other spellings that the extractor reads."""


def _table() -> tuple[Finding, ...]:
    f = Finding
    return (
        f("NORM", "normal ECG", "d", "NORM", "NORM", ("normal electrocardiogram", "within normal limits", "no abnormality")),
        f("NDT", "non-diagnostic T wave abnormalities", "df", "STTC", "STTC", ("non-diagnostic t abnormalities",)),
        f("NST_", "non-specific ST changes", "df", "STTC", "NST", ("nonspecific st changes", "non-specific st-t changes")),
        f("DIG", "digitalis effect", "df", "STTC", "STTC", ("digoxin effect",)),
        f("LNGQT", "long QT interval", "df", "STTC", "STTC", ("prolonged qt interval", "qt prolongation", "long qt", "long qt-interval")),
        f("IMI", "inferior myocardial infarction", "d", "MI", "IMI", ("inferior infarction", "inferior infarct", "myocardial infarction in inferior leads")),
        f("ASMI", "anteroseptal myocardial infarction", "d", "MI", "AMI", ("anteroseptal infarction", "septal infarction", "myocardial infarction in anteroseptal leads")),
        f("LVH", "left ventricular hypertrophy", "d", "HYP", "LVH", ("lv hypertrophy", "lvh")),
        f("LAFB", "left anterior fascicular block", "d", "CD", "LAFB/LPFB", ("left anterior hemiblock", "lafb")),
        f("ISC_", "non-specific ischaemic ST-T changes", "d", "STTC", "ISC", ("non-specific ischemic", "non-specific ischaemia")),
        f("IRBBB", "incomplete right bundle branch block", "d", "CD", "IRBBB", ("incomplete rbbb", "irbbb")),
        f("1AVB", "first-degree AV block", "d", "CD", "AVB", ("first degree av block", "av block i", "1st degree av block", "1st-degree av block")),
        f("IVCD", "non-specific intraventricular conduction delay", "d", "CD", "IVCD", ("non-specific intraventricular conduction disturbance", "intraventricular conduction delay")),
        f("ISCAL", "anterolateral ischaemic ST-T changes", "d", "STTC", "ISCA", ("ischemic in anterolateral leads", "anterolateral ischaemia")),
        f("CRBBB", "complete right bundle branch block", "d", "CD", "CRBBB", ("right bundle branch block", "rbbb")),
        f("CLBBB", "complete left bundle branch block", "d", "CD", "CLBBB", ("left bundle branch block", "lbbb")),
        f("ILMI", "inferolateral myocardial infarction", "d", "MI", "IMI", ("inferolateral infarction", "myocardial infarction in inferolateral leads")),
        f("LAO/LAE", "left atrial enlargement", "d", "HYP", "LAO/LAE", ("left atrial overload", "left atrial overload/enlargement")),
        f("AMI", "anterior myocardial infarction", "d", "MI", "AMI", ("anterior infarction", "anterior infarct", "myocardial infarction in anterior leads")),
        f("ALMI", "anterolateral myocardial infarction", "d", "MI", "AMI", ("anterolateral infarction", "myocardial infarction in anterolateral leads")),
        f("ISCIN", "inferior ischaemic ST-T changes", "d", "STTC", "ISCI", ("ischemic in inferior leads", "inferior ischaemia")),
        f("INJAS", "anteroseptal subendocardial injury", "d", "MI", "AMI", ("subendocardial injury in anteroseptal leads",)),
        f("LMI", "lateral myocardial infarction", "d", "MI", "LMI", ("lateral infarction", "myocardial infarction in lateral leads")),
        f("ISCIL", "inferolateral ischaemic ST-T changes", "d", "STTC", "ISCI", ("ischemic in inferolateral leads", "inferolateral ischaemia")),
        f("LPFB", "left posterior fascicular block", "d", "CD", "LAFB/LPFB", ("left posterior hemiblock", "lpfb")),
        f("ISCAS", "anteroseptal ischaemic ST-T changes", "d", "STTC", "ISCA", ("ischemic in anteroseptal leads", "anteroseptal ischaemia")),
        f("INJAL", "anterolateral subendocardial injury", "d", "MI", "AMI", ("subendocardial injury in anterolateral leads",)),
        f("ISCLA", "lateral ischaemic ST-T changes", "d", "STTC", "ISCA", ("ischemic in lateral leads", "lateral ischaemia")),
        f("RVH", "right ventricular hypertrophy", "d", "HYP", "RVH", ("rv hypertrophy", "rvh")),
        f("ANEUR", "ST-T changes compatible with ventricular aneurysm", "d", "STTC", "STTC", ("ventricular aneurysm",)),
        f("RAO/RAE", "right atrial enlargement", "d", "HYP", "RAO/RAE", ("right atrial overload", "right atrial overload/enlargement")),
        f("EL", "electrolyte or drug effect", "d", "STTC", "STTC", ("electrolytic disturbance",)),
        f("WPW", "Wolff-Parkinson-White pattern", "d", "CD", "WPW", ("wolff-parkinson-white", "wpw", "pre-excitation")),
        f("ILBBB", "incomplete left bundle branch block", "d", "CD", "ILBBB", ("incomplete lbbb",)),
        f("IPLMI", "inferoposterolateral myocardial infarction", "d", "MI", "IMI", ("inferoposterolateral infarction", "myocardial infarction in inferoposterolateral leads")),
        f("ISCAN", "anterior ischaemic ST-T changes", "d", "STTC", "ISCA", ("ischemic in anterior leads", "anterior ischaemia")),
        f("IPMI", "inferoposterior myocardial infarction", "d", "MI", "IMI", ("inferoposterior infarction", "myocardial infarction in inferoposterior leads")),
        f("SEHYP", "septal hypertrophy", "d", "HYP", "SEHYP"),
        f("INJIN", "inferior subendocardial injury", "d", "MI", "IMI", ("subendocardial injury in inferior leads",)),
        f("INJLA", "lateral subendocardial injury", "d", "MI", "AMI", ("subendocardial injury in lateral leads",)),
        f("PMI", "posterior myocardial infarction", "d", "MI", "PMI", ("posterior infarction", "myocardial infarction in posterior leads")),
        f("3AVB", "third-degree AV block", "d", "CD", "AVB", ("third degree av block", "complete heart block", "complete av block")),
        f("INJIL", "inferolateral subendocardial injury", "d", "MI", "IMI", ("subendocardial injury in inferolateral leads",)),
        f("2AVB", "second-degree AV block", "d", "CD", "AVB", ("second degree av block",)),
        f("ABQRS", "abnormal QRS", "f", synonyms=("abnormal qrs complexes",)),
        f("PVC", "premature ventricular contractions", "f", synonyms=("premature ventricular contraction", "ventricular premature beats", "ventricular premature complexes", "ventricular extrasystoles", "ventricular premature complex", "pvcs", "pvc")),
        f("STD_", "ST depression", "f", synonyms=("non-specific st depression", "st-segment depression")),
        f("VCLVH", "voltage criteria for left ventricular hypertrophy", "f", synonyms=("voltage criteria (qrs) for left ventricular hypertrophy",)),
        f("QWAVE", "Q waves", "f", synonyms=("q waves present", "pathological q waves")),
        f("LOWT", "low-amplitude T waves", "f", synonyms=("low amplitude t-wave", "low amplitude t waves", "flat t waves")),
        f("NT_", "non-specific T wave changes", "f", synonyms=("non-specific t-wave changes",)),
        f("PAC", "premature atrial contractions", "f", synonyms=("premature atrial contraction", "atrial premature beats", "atrial premature complexes", "atrial premature complex", "atrial extrasystoles", "supraventricular extrasystoles", "pacs", "pac")),
        f("LPR", "prolonged PR interval", "f", synonyms=("long pr interval",)),
        f("INVT", "inverted T waves", "f", synonyms=("t wave inversion", "t-wave inversion")),
        f("LVOLT", "low QRS voltage", "f", synonyms=("low qrs voltages in the frontal and horizontal leads", "low voltage")),
        f("HVOLT", "high QRS voltage", "f", synonyms=("high voltage",)),
        f("TAB_", "T wave abnormality", "f", synonyms=("t-wave abnormality",)),
        f("STE_", "ST elevation", "f", synonyms=("non-specific st elevation", "st-segment elevation")),
        f("PRC(S)", "premature complexes", "f", synonyms=("premature complex(es)",)),
        f("SR", "sinus rhythm", "r"),
        f("AFIB", "atrial fibrillation", "r", synonyms=("afib", "a-fib", "af")),
        f("STACH", "sinus tachycardia", "r"),
        f("SARRH", "sinus arrhythmia", "r"),
        f("SBRAD", "sinus bradycardia", "r"),
        f("PACE", "paced rhythm", "r", synonyms=("normal functioning artificial pacemaker", "pacemaker rhythm", "paced beats")),
        f("SVARR", "supraventricular arrhythmia", "r"),
        f("BIGU", "bigeminy", "r", synonyms=("bigeminal pattern (unknown origin, sv or ventricular)", "bigeminal pattern")),
        f("AFLT", "atrial flutter", "r", synonyms=("aflutter", "a-flutter")),
        f("SVTAC", "supraventricular tachycardia", "r", synonyms=("svt",)),
        f("PSVT", "paroxysmal supraventricular tachycardia", "r"),
        f("TRIGU", "trigeminy", "r", synonyms=("trigeminal pattern",)),
    )  # fmt: skip


FINDINGS = {finding.code: finding for finding in _table()}
CODES = tuple(FINDINGS)
SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
SUPERCLASS_NAMES = {
    "NORM": "normal ECG", "MI": "myocardial infarction", "STTC": "ST/T change", "CD": "conduction disturbance",
    "HYP": "hypertrophy",
}  # fmt: skip
SUBCLASSES = tuple(dict.fromkeys(f.subclass for f in FINDINGS.values() if f.subclass))
FORMS = tuple(code for code, f in FINDINGS.items() if "f" in f.kinds)
RHYTHMS = tuple(code for code, f in FINDINGS.items() if "r" in f.kinds)
DIAGNOSES = tuple(code for code, f in FINDINGS.items() if "d" in f.kinds)
# The output order of the finding head: statements, then the classes they fold into.
HEAD_LABELS = CODES + tuple(f"super:{c}" for c in SUPERCLASSES) + tuple(f"sub:{c}" for c in SUBCLASSES)
# The output order of the event head, one sigmoid per time step.
EVENT_KINDS = (
    "P wave", "QRS complex", "T wave", "normal beat", "premature atrial contraction",
    "premature ventricular contraction", "left bundle branch block beat", "right bundle branch block beat", "paced beat",
    "atrial fibrillation", "atrial flutter", "noise",
)  # fmt: skip


def superclasses_of(codes: Iterable[str]) -> tuple[str, ...]:
    """The PTB-XL superclasses that these statements fold into, in the order of `SUPERCLASSES`."""
    present = {FINDINGS[code].superclass for code in codes}
    return tuple(name for name in SUPERCLASSES if name in present)


def subclasses_of(codes: Iterable[str]) -> tuple[str, ...]:
    """The PTB-XL subclasses that these statements fold into, in the order of `SUBCLASSES`."""
    present = {FINDINGS[code].subclass for code in codes}
    return tuple(name for name in SUBCLASSES if name in present)


def phrase(code: str) -> str:
    """How a report says this statement. Raises KeyError for an unknown code."""
    return FINDINGS[code].phrase


def code_of(name: str) -> str | None:
    """The statement that a name stands for (code, phrase or synonym, any case), or None."""
    text = " ".join(name.strip().split())
    if text.upper() in FINDINGS:
        return text.upper()
    return _PHRASES.get(text.lower())


def findings_in_text(text: str) -> dict[str, bool]:
    """Read the statements that a text asserts (True) or denies (False).

    The longest phrase wins, so "incomplete right bundle branch block" is not also a complete one; a denial reaches
    from its word ("no", "without", "not", …) to the end of the clause. Asserted anywhere outranks denied elsewhere. What
    is only called possible (`without_possible`) is neither.
    """
    found: dict[str, bool] = {}
    for clause in _CLAUSE.split(without_possible(text).lower()):
        denied_from = [m.end() for m in _DENIAL.finditer(clause)]
        for match in ANY_PHRASE.finditer(clause):
            code = _PHRASES[match.group(0)]
            denied = any(end <= match.start() for end in denied_from) and not match.group(0).startswith("no ")
            found[code] = found.get(code, False) or not denied
    return found


def without_possible(text: str) -> str:
    """A text without the sentence on what is only possible."""
    return _POSSIBLE.sub(" ", text)


def probabilities_in_text(text: str) -> dict[str, float]:
    """The statements that a text gives a probability, with it: "inferior myocardial infarction (83 %)"."""
    named = re.findall(rf"({ANY_PHRASE.pattern}) \(?(?:over |less than )?(\d+) %", text.lower())
    return {_PHRASES[name]: int(percent) / 100 for name, percent in named}


def without_findings(text: str) -> str:
    """A text in lower case with a space for every statement that it names."""
    return ANY_PHRASE.sub(" ", text.lower())


_PHRASES = {spelling.lower(): f.code for f in FINDINGS.values() for spelling in (*f.synonyms, f.phrase)}
ANY_PHRASE = re.compile(
    r"(?<![\w-])(?:" + "|".join(re.escape(p) for p in sorted(_PHRASES, key=len, reverse=True)) + r")(?![\w-])"
)
"""Any spelling of a statement, in lower case."""
ALSO_POSSIBLE = "Also possible:"
"""How a report begins the list of what it does not call, but cannot exclude."""
_POSSIBLE = re.compile(rf"{ALSO_POSSIBLE}[^.\n]*\.?", re.IGNORECASE)
_CLAUSE = re.compile(r"[.;:\n]|, but |\bbut\b|\bhowever\b")
_DENIAL = re.compile(
    r"\b(?:no|not|without|absence of|absent|neither|nor|never|cannot see|excludes?|excluded|free of)\b"
)
