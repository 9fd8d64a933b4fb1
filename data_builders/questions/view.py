"""What a conversation shows of a record: the whole or an excerpt, all leads or some, and what is known of that part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from anyecg.abstain import lacking, usable_leads
from anyecg.findings import FINDINGS, SUBCLASSES, subclasses_of, superclasses_of
from anyecg.record import EcgRecord

LONG_S = 30.0  # longer records are shown in excerpts only
_LEAST_SHOWN_S = 1.0  # of an episode; less shows no rhythm
Measurer = Callable[[EcgRecord], dict[str, Any]]
_BEATS = ("normal beat", "premature atrial contraction", "premature ventricular contraction", "paced beat",
          "left bundle branch block beat", "right bundle branch block beat")  # fmt: skip
# A statement is in an excerpt if and only if such an event is.
EVENT_OF_CODE = {
    "CLBBB": "left bundle branch block beat", "CRBBB": "right bundle branch block beat",
    "PVC": "premature ventricular contraction", "PAC": "premature atrial contraction",
    "AFIB": "atrial fibrillation",
    "AFLT": "atrial flutter",
}  # fmt: skip
# A "no" to the first would mislead where one of the others holds: it is a kind of it, or says much the same.
_COVERED_BY = {
    "SR": ("SARRH", "STACH", "SBRAD"), "PRC(S)": ("PVC",
    "PAC"), "LPR": ("1AVB",), "1AVB": ("LPR",), "SVTAC": ("PSVT",),
    "PSVT": ("SVTAC",), "SVARR": ("SVTAC", "PSVT", "AFIB", "AFLT"), "VCLVH": ("LVH",), "CRBBB": ("IRBBB",),
    "CLBBB": ("ILBBB",), "IRBBB": ("CRBBB",), "ILBBB": ("CLBBB",), "IVCD": ("CRBBB", "CLBBB"),
    "ABQRS": tuple(c for c, f in FINDINGS.items() if f.superclass in ("MI", "CD")),
    "QWAVE": tuple(c for c, f in FINDINGS.items() if f.superclass == "MI"),
    **{
        code: tuple(c for c, f in FINDINGS.items() if f.superclass == "STTC" or c in ("STD_", "NT_", "LOWT",
        "INVT", "TAB_"))
        for code in ("NDT", "NST_", "NT_", "TAB_", "STD_", "LOWT", "INVT", "ISC_")
    },
}  # fmt: skip
_HIDDEN_BY_PACING = frozenset(
    (c for c, f in FINDINGS.items() if f.superclass in ("MI", "STTC", "CD", "HYP")),
) | {"ABQRS", "QWAVE", "LPR", "VCLVH", "STE_", "STD_", "INVT", "LOWT", "NT_", "TAB_", "HVOLT", "LVOLT"}  # fmt: skip
"""What a paced beat neither shows nor excludes."""
_FAMILIES = ("AMI", "IMI", "ISCA", "ISCI")  # subclasses whose statements overlap in region
_CODES_OF_SUBCLASS = {name: [f.code for f in FINDINGS.values() if f.subclass == name] for name in SUBCLASSES}


@dataclass(frozen=True)
class Dialogue:
    """A conversation before it becomes a row."""

    task: str
    views: tuple[View, ...]
    """Shown before the first question."""
    turns: tuple[tuple[str, str], ...]
    """Questions with their answers."""
    provenance: tuple[str, ...]
    """One per answer."""
    gold: Mapping[str, Any]
    """What an answer to the last question is scored against."""


@dataclass(frozen=True)
class View:
    """A record, or a part of it, as one conversation shows it."""

    record_id: str
    patient_id: str
    split: str
    record: EcgRecord
    """The part that is shown."""
    start_s: float
    end_s: float
    leads: tuple[str, ...]
    """Empty for all leads of the record."""
    findings: frozenset[str]
    known: frozenset[str]
    events: tuple[Mapping[str, Any], ...]
    """In seconds from the start of the part."""
    known_events: frozenset[str]
    truth: str
    stored_measurements: Mapping[str, Any] | None
    """Of the whole record."""
    measurer: Measurer | None
    """Measures a part; None when the build leaves measurements out."""
    whole: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)
    """`sources.Labelled.facts` where all of the record's time is shown."""

    @property
    def is_long(self) -> bool:
        return self.record.duration_s > LONG_S

    @cached_property
    def measurements(self) -> Mapping[str, Any]:
        """Measured numbers of what is shown; empty when the build leaves them out."""
        if self.whole:
            return self.stored_measurements or {}
        if self.measurer is None:
            return {}
        return dict(self.measurer(self.record))

    def cut(self, start_s: float, end_s: float, leads: Sequence[str] = ()) -> View:
        """Show an excerpt, or some leads only. Statements about the whole record are dropped when time is cut."""
        record = self.record.excerpt(start_s, end_s)
        kept = tuple(leads) if leads and len(leads) < len(record.leads) else ()
        record = record.select(kept) if kept else record
        uncut = start_s <= 0 and end_s >= self.record.duration_s
        findings, known = visible(self.findings, self.known, record.leads) if uncut else (frozenset(), frozenset())
        return replace(
            self, record=record, leads=kept, start_s=self.start_s + start_s,
            end_s=self.start_s + min(end_s, self.record.duration_s),
            findings=findings, known=known, events=_clip(self.events, start_s, end_s, record.leads),
            whole=self.whole and uncut and not kept,
            facts=self.facts if uncut else {},
        )  # fmt: skip

    def events_of(self, kind: str) -> list[Mapping[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]

    def has(self, code: str) -> bool | None:
        """Whether a statement holds; None where nobody has said so."""
        kind = EVENT_OF_CODE.get(code)
        if code in self.findings or (kind and self.events_of(kind)):
            return True
        finding = FINDINGS[code]
        if finding.subclass and f"sub:{finding.subclass}" in self.findings:
            if len(_CODES_OF_SUBCLASS[finding.subclass]) == 1:
                return True
        elif "PACE" in self.findings and code in _HIDDEN_BY_PACING:
            return None
        elif finding.subclass and "subclass" in self.known:
            return False
        if self._is_covered(code):
            return None
        return False if self.can_deny(code) else None

    def can_deny(self, code: str) -> bool:
        """Whether the absence of a statement would be known; if not, asking for it would tell that it holds."""
        finding, kind = FINDINGS[code], EVENT_OF_CODE.get(code)
        groups = {"d": "diagnoses", "f": "form", "r": "rhythm"}
        denied = any(groups[kind] in self.known for kind in finding.kinds) or "statements" in self.known
        return denied or bool(kind and kind in self.known_events)

    def _is_covered(self, code: str) -> bool:
        subclass = FINDINGS[code].subclass
        family = _CODES_OF_SUBCLASS[subclass] if subclass in _FAMILIES else ()
        return any(other in self.findings for other in (*_COVERED_BY.get(code, ()), *family))

    def has_class(self, name: str) -> bool | None:
        """Whether a PTB-XL superclass holds; None where nobody has said so."""
        if f"super:{name}" in self.findings:
            return True
        return False if "superclass" in self.known and (name == "NORM" or "PACE" not in self.findings) else None

    def present(self) -> list[str]:
        """The statements that hold, in the order of `findings.FINDINGS`."""
        return [code for code in FINDINGS if self.has(code)]

    def unnamed_subclasses(self) -> list[str]:
        """Subclasses that hold while none of their statements is known to."""
        codes = set(self.present())
        return [
            name for name in SUBCLASSES if f"sub:{name}" in self.findings and not codes & set(_CODES_OF_SUBCLASS[name])
        ]


def visible(
    findings: frozenset[str], known: frozenset[str], leads: Sequence[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """What these leads can show of statements and classes, and the label groups whose absence they can show.

    Without the leads of a whole ECG only a rhythm can be denied; a finding is there where its own leads are.
    """
    usable = usable_leads(leads, {})
    if not lacking("NORM", usable):
        return findings, known
    codes = [code for code in FINDINGS if code in findings and not lacking(code, usable)]
    classes = [f"super:{name}" for name in superclasses_of(codes)] + [f"sub:{name}" for name in subclasses_of(codes)]
    return frozenset((*codes, *classes)), known & {"rhythm"}


def scored(
    view: View, question: str, answer: str, kind: str, answers: Sequence[str], truth: str,
    options: Mapping[str, str] | None = None, codes: Sequence[str] = (),
) -> Dialogue:  # fmt: skip
    """A question on one ECG of a kind that is scored by its set of answers.

    Args:
        answers: the options of the grammar that hold; none gives "none".
        truth: where the answer is from.
        options: each option of the grammar → how answers word it, so that an answer in a sentence is scored by them.
        codes: the statements that the answer asserts.
    """
    gold: dict[str, Any] = {"type": kind, "answer": list(answers) or ["none"], "codes": list(codes)}
    if options:
        gold["options"] = dict(options)
    return Dialogue("question", (view,), ((question, answer),), (truth,), gold)


def _clip(events: Sequence[Mapping[str, Any]], start_s: float, end_s: float, leads: tuple[str, ...]) -> tuple:
    """Events of an excerpt; a beat or wave counts if most of it is shown, an episode if a second of it is."""
    kept = []
    for event in events:
        first, last = max(event["start_s"], start_s), min(event["end_s"], end_s)
        shown, length = last - first, event["end_s"] - event["start_s"]
        brief = event["kind"] in _BEATS or length < 1
        event_leads = [lead for lead in event["leads"] if lead in leads]
        enough = 0.6 * length if brief else _LEAST_SHOWN_S
        if shown <= 0 or shown < enough or (event["leads"] and not event_leads):
            continue
        kept.append({**event, "start_s": first - start_s, "end_s": last - start_s, "leads": event_leads})
    return tuple(kept)
