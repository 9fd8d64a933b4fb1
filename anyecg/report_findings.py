"""The findings of a report are those of the heads: what its list, rhythm and conclusion say is written anew by them.

A small language model that is told "inferior myocardial infarction 66 %" still writes "normal ECG" now and then. A
report in the sentences of the training data is therefore brought into line, and what was changed is told. Text in any
other form is left as it is; `check.py` shows where it disagrees.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .abstain import LIKELY_FROM, UNJUDGED
from .check_findings import percent
from .evidence import Evidence
from .findings import ANY_PHRASE, RHYTHMS, code_of, findings_in_text, phrase, superclasses_of
from .wording import capital, join

MOST_LISTED = 8
SURELY_LEFT_OUT, SURELY_ADDED = 0.5, 0.1
"""A finding as probable as this was left out, or as improbable added: then the change is told."""
CLASS_NAMES = {
    "MI": "myocardial infarction", "CD": "a conduction disturbance", "HYP": "hypertrophy", "STTC": "ST/T changes",
}  # fmt: skip
_CLASS = re.compile(rf"\b(?:{'|'.join(re.escape(words) for words in CLASS_NAMES.values())})(?! \()")
_UNNAMED = "not a clearly normal ECG, without a finding that is likely enough to be named"
_SINUS = ("STACH", "SBRAD", "SARRH")
_EXTRA_BEATS = ("PVC", "PAC", "PRC(S)", "BIGU", "TRIGU")
_NO_SINUS_RHYTHM = {"AFIB", "AFLT", "SVTAC", "PSVT", "SVARR", "PACE"}
CONCLUSION = re.compile(r"(?<![^\s])Conclusion: [^\n]*?\.(?=\s|$)")
RHYTHM_AND_RATE = re.compile(
    r"^(?P<head>Rhythm: )?(?P<rhythm>[A-Z][\w ,-]*?), (?:ventricular )?rate (?P<rate>\d+)/min\."
)
ONE_LINE = re.compile(
    r"^(?P<begin>(?:(?P<rhythm>[A-Z][\w ,-]*?), (?:ventricular )?r|R)ate (?P<rate>\d+)/min(?:, (?:ir)?regular)?)"
    r": (?P<said>[^.:\n]*?)\.(?=\s|$)"
)
"""A report in one sentence: "Sinus rhythm, rate 74/min: normal ECG."."""
_SENTENCE = re.compile(r"(?<![^\s])(?P<head>Findings: )?(?P<list>[A-Z][^.:\d\n]*)\.(?=\s|$)")

_SUBCLASS = re.compile(
    r"(?:myocardial infarction|signs of ischaemia) of the (?:anterior|inferior) region|left fascicular block"
    r"|av block|st/t changes", re.IGNORECASE,
)  # fmt: skip
"""How the training data names a subclass none of whose statements is known."""


def with_called_findings(text: str, evidence: Evidence) -> tuple[str, list[str]]:
    """A report whose rhythm, list of findings and conclusion name what the heads call, and a sentence per change.

    Only text in the sentences of the training data is changed: one with a conclusion, or with rhythm, rate and more,
    which gets a conclusion.
    """
    if evidence.unjudgeable:
        return text, []
    said = {code for code, holds in findings_in_text(text).items() if holds}
    begun = RHYTHM_AND_RATE.match(text)
    if begun and text[begun.end() :].strip() and "Conclusion:" not in text:
        text = f"{text.rstrip()} Conclusion: normal ECG."  # to be written anew below
    called = [code for code, p in evidence.judged() if p >= evidence.thresholds[code]]
    if not CONCLUSION.search(text):
        new = _in_one_line(text, called, evidence)
        return new, _changes(said, called, evidence) if new != text else []
    new = _with_rhythm(text, called, evidence)
    new = _with_list(new, called)
    conclusion = _conclusion(called, evidence)
    conclusion = capital(conclusion) if re.search(r"Conclusion: [A-Z]", text) else conclusion
    new = CONCLUSION.sub(lambda _: f"Conclusion: {conclusion}.", new, count=1)
    return new, _changes(said, called, evidence) if new != text else []


def _in_one_line(text: str, called: Sequence[str], evidence: Evidence) -> str:
    """A report in one sentence with the rhythm and the findings that are called; any other text as it is."""
    short = ONE_LINE.match(text)
    if not short:
        return text
    begun = _with_rhythm(f"{short.group('begin')}.", called, evidence)
    begin = begun.removesuffix(".")
    rhythms = [code for code in called if code in RHYTHMS and code not in ("SR", *findings_in_text(begin))]
    listed = [code for code in called if code not in RHYTHMS and code != "NORM"]
    found = join([phrase(code) for code in [*rhythms, *listed][:MOST_LISTED]])
    if not found:
        is_open = evidence.verdicts["NORM"].word == UNJUDGED
        found = "normal ECG" if "NORM" in called else "nothing abnormal in these leads" if is_open else _UNNAMED
    return f"{begin}: {found}.{text[short.end() :]}"


def _with_rhythm(text: str, called: Sequence[str], evidence: Evidence) -> str:
    """The rhythm is what is called; one that is named and surely not there is taken out."""
    begun = RHYTHM_AND_RATE.match(text)
    named = findings_in_text(begun.group("rhythm")) if begun else {}
    if not begun or not named:
        return text
    rhythms = [code for code in called if code in RHYTHMS]
    if any(code in _SINUS for code in rhythms):
        rhythms = [code for code in rhythms if code != "SR"]
    head, rest = begun.group("head") or "", text[begun.end() :]
    if not rhythms:
        is_wrong = all(evidence.labels.get(code, 1.0) < SURELY_ADDED for code in named)
        return f"{head}Rate {begun.group('rate')}/min.{rest}" if is_wrong else text
    kind = "ventricular rate" if {"AFIB", "AFLT"} & set(rhythms) else "rate"
    return f"{head}{capital(join([phrase(code) for code in rhythms]))}, {kind} {begun.group('rate')}/min.{rest}"


def _with_list(text: str, called: Sequence[str]) -> str:
    """The sentence that lists findings with those that are called, the most probable first; put before the conclusion
    where there was none.
    """
    listed = [code for code in called if code not in RHYTHMS and code != "NORM"][:MOST_LISTED]
    sentence = f"{capital(join([phrase(code) for code in listed]))}." if listed else ""
    conclusion = CONCLUSION.search(text)
    end = conclusion.start() if conclusion else len(text)
    lists = [found for found in _SENTENCE.finditer(text, 0, end) if _is_list(found.group("list"))]
    for found in reversed(lists):
        first = f"{found.group('head') or ''}{sentence}" if sentence and found is lists[0] else ""
        text = text[: found.start()] + first + text[found.end() :]
    if lists:
        return re.sub(r" {2,}", " ", text).strip()
    if not sentence or conclusion is None:
        return text
    gap = "\n" if "\nConclusion" in text else " "
    head = "Findings: " if gap == "\n" else ""
    return f"{text[: conclusion.start()]}{head}{sentence}{gap}{text[conclusion.start() :]}"


def _is_list(sentence: str) -> bool:
    """Whether a sentence names statements that are no rhythm, and nothing else."""
    items = [item for item in re.split(r", | and ", sentence) if item]
    known = [name for item in items if (name := _named(item))]
    return bool(known) and len(known) >= len(items) / 2 and not any(code in RHYTHMS for code in known[:1])


def _named(item: str) -> str | None:
    """The code of a statement, "subclass" for the name of one, else None."""
    return "subclass" if _SUBCLASS.fullmatch(item) else code_of(item) or code_of(re.sub("^[Aa] ", "", item))


def _conclusion(called: Sequence[str], evidence: Evidence) -> str:
    classes = set(superclasses_of(called)) - {"NORM"}
    classes |= {
        name
        for name, p in _class_probabilities(evidence).items()
        if p >= max(evidence.thresholds[f"super:{name}"], SURELY_LEFT_OUT)
    }
    named = join([CLASS_NAMES[name] for name in sorted(classes, key=lambda name: -evidence.labels[f"super:{name}"])])
    if "NORM" in called and not named:
        beats = join([phrase(code) for code in called if code in _EXTRA_BEATS])
        if set(called) & _NO_SINUS_RHYTHM:
            return "abnormal ECG as said"
        p, name = max(((p, name) for name, p in _class_probabilities(evidence).items()), default=(0.0, ""))
        if p > evidence.labels["NORM"]:
            return f"uncertain, normal ECG or {CLASS_NAMES[name]}"
        return f"normal ECG but for {beats}" if beats else "normal ECG"
    if "NORM" in called and "MI" not in classes and evidence.labels["NORM"] >= SURELY_LEFT_OUT:
        return f"normal ECG but for {named}"
    if named:
        return f"abnormal ECG with {named}"
    if evidence.verdicts["NORM"].word == UNJUDGED:
        if set(called) - {"SR"}:
            return "as said; what these leads do not show cannot be judged"
        return "normal ECG"  # put in other words where the leads cannot show it
    if set(called) - {"SR"}:
        return "abnormal ECG as said"  # a rhythm, or a finding of form that belongs to no class
    return _UNNAMED


def with_probabilities(text: str, evidence: Evidence) -> str:
    """A report with the calibrated probability behind each statement that it asserts, once, and behind each class in
    its conclusion. A rhythm that is likely needs none.
    """
    if evidence.unjudgeable:
        return text
    judged, said, classes = dict(evidence.judged()), findings_in_text(text), _class_probabilities(evidence)
    stated = {code for code in judged if said.get(code)}
    due = {code for code in stated if not (code in RHYTHMS and judged[code] >= LIKELY_FROM)}

    def behind_statement(found: re.Match[str]) -> str:
        code = code_of(found.group())
        if code not in due:
            return found.group()
        due.remove(code)
        return f"{found.group()} ({percent(judged[code])})"

    def behind_class(found: re.Match[str]) -> str:
        name = next(name for name, words in CLASS_NAMES.items() if words == found.group())
        return f"{found.group()} ({percent(classes[name])})" if name in classes else found.group()

    text = re.sub(f"{ANY_PHRASE.pattern}(?! [(0-9])", behind_statement, text, flags=re.IGNORECASE)
    return CONCLUSION.sub(lambda found: _CLASS.sub(behind_class, found.group()), text, count=1)


def unnamed_classes(text: str, evidence: Evidence) -> dict[str, float]:
    """The classes of abnormal findings that a report names neither in its conclusion nor by a statement, if they can be
    judged, with their probabilities.
    """
    conclusion = CONCLUSION.search(text)
    named = set(superclasses_of(code for code, holds in findings_in_text(text).items() if holds))
    named |= {name for name, words in CLASS_NAMES.items() if conclusion and words in conclusion.group()}
    return {name: p for name, p in _class_probabilities(evidence).items() if name not in named}


def _class_probabilities(evidence: Evidence) -> dict[str, float]:
    judged = {name: evidence.verdicts[f"super:{name}"].word != UNJUDGED for name in CLASS_NAMES}
    return {name: evidence.labels[f"super:{name}"] for name in CLASS_NAMES if judged[name]}


def _changes(said: set[str], called: Sequence[str], evidence: Evidence) -> list[str]:
    left_out = [c for c in called if c not in said and evidence.labels[c] >= SURELY_LEFT_OUT and c != "SR"]
    added = [c for c in said if c not in called and evidence.labels[c] < SURELY_ADDED]
    return [
        *(f"The text left out {phrase(c)}; the finding head gives it {percent(evidence.labels[c])}; it was added."
          for c in left_out),
        *(f"The text named {phrase(c)}; the finding head gives it {percent(evidence.labels[c])}; it was taken out."
          for c in added),
    ]  # fmt: skip
