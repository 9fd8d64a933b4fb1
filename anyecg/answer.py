"""The answer to a question about ECGs: text, evidence, places in time, and where text and evidence disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .check import contradictions
from .events import NOTABLE
from .evidence import Evidence, differences
from .measure.serial import MOST as MOST_COMPARED
from .measure.serial import compare
from .mending import mended
from .named_places import kind_in as kind_in
from .named_places import named_intervals

ORIGINS = {
    "model": "written by the language model, held against the evidence",
    "evidence": "answered by measurements and heads, without the language model",
    "knowledge": "a written passage, not a reading of this ECG",
    "scope": "a written sentence",
}
"""How to tell where an answer is from; see `Answer.origin`."""


@dataclass
class Answer:
    """What is shown to the user; while it streams, `text` grows and the rest of the checks is still missing."""

    text: str = ""
    evidence: list[dict[str, Any]] = field(default_factory=list)
    """Per ECG, see `Evidence.to_dict`; with several also "differences_from_ecg_1"."""
    critical: list[dict[str, Any]] = field(default_factory=list)
    """Critical values that were measured, to be shown before everything else: those of `Measurements.critical` with
    "ecg" (1-based). They stand in the first answer already and owe nothing to the language model."""
    changes: dict[str, Any] | None = None
    """What changed between two to six ECGs, as measured; see `measure.serial.compare`."""
    intervals: list[dict[str, Any]] = field(default_factory=list)
    """Places that the text names: {"ecg": 1-based, "start_s", "end_s", "kind", "leads"}."""
    contradictions: list[str] = field(default_factory=list)
    """Where the text disagrees, or disagreed before it was corrected, with measurements or heads, in sentences."""
    warnings: list[str] = field(default_factory=list)
    """What cannot be judged, and what the language model did not see, in sentences."""
    first_token_s: float | None = None
    """Seconds from the question to the first piece of text; None when no text was generated."""
    total_s: float = 0.0
    tokens: int = 0
    """Generated tokens."""
    origin: str = "model"
    """Who says so: "model" (the language model, checked), "evidence" (measurements and heads, word for word),
    "knowledge" (a written, sourced passage) or "scope" (a sentence on what no ECG can tell)."""
    done: bool = False
    stopped: bool = False
    """The user stopped it."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def checked(answer: Answer, question: str, evidences: Sequence[Evidence], *, mend: bool = True) -> Answer:
    """A finished answer with its numbers mended, its places read, and what still disagrees with the evidence."""
    text, corrections = mended(answer.text, question, evidences) if mend else (answer.text, [])
    intervals = named_intervals(text, question, len(evidences))
    said = [*corrections, *disagreements(text, question, evidences, intervals)]
    return replace(answer, text=text, intervals=intervals, contradictions=said)


def disagreements(
    text: str, question: str, evidences: Sequence[Evidence], intervals: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Every sentence that text and evidence of a conversation give cause to."""
    measured = [evidence.measurements for evidence in evidences]
    said = contradictions(text, measured, [dict(e.judged()) for e in evidences], question=question)
    for place in intervals:
        if 1 <= place["ecg"] <= len(evidences):
            said += _misplaced(place, evidences[place["ecg"] - 1])
    if intervals and "more places" not in text:
        said += _overlooked(intervals, evidences)
    return list(dict.fromkeys(said))


def _misplaced(place: Mapping[str, Any], evidence: Evidence) -> list[str]:
    start, end, kind = place["start_s"], place["end_s"], place["kind"]
    where = f"{start:.1f}-{end:.1f} s"
    if end > evidence.record.duration_s + 0.25:
        return [f"The text points at {where}, but the record lasts {evidence.record.duration_s:.1f} s."]
    if kind not in NOTABLE:
        return []
    near = [e for e in evidence.events if e["kind"] == kind and e["start_s"] < end + 0.15 and e["end_s"] > start - 0.15]
    return [] if near else [f"The text places {kind} at {where}; the evidence has none there."]


def _is_at(place: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether a named place is that of an event of its kind, or of no kind."""
    same = place["kind"] in (event["kind"], None)
    return same and place["start_s"] < event["end_s"] + 0.15 and place["end_s"] > event["start_s"] - 0.15


def _overlooked(intervals: Sequence[Mapping[str, Any]], evidences: Sequence[Evidence], most: int = 5) -> list[str]:
    """Events of the kind that the text speaks of, but does not name."""
    said = []
    for number, evidence in enumerate(evidences, start=1):
        here = [place for place in intervals if place["ecg"] == number]
        kinds = {place["kind"] for place in here}
        missed = [
            event
            for event in evidence.events
            if event["kind"] in kinds and not any(_is_at(place, event) for place in here)
        ]
        said += [
            f"The evidence has {event['kind']} at {event['start_s']:.1f}-{event['end_s']:.1f} s, "
            "which the text does not name."
            for event in missed[:most]
        ]
    return said


def critical_of(evidences: Sequence[Evidence]) -> list[dict[str, Any]]:
    """The critical values of every ECG, most urgent first within each."""
    return [
        {"ecg": number, **value}
        for number, evidence in enumerate(evidences, start=1)
        for value in evidence.measurements.get("critical") or ()
    ]


def critical_sentences(answer: Answer) -> list[str]:
    """What to show first, one sentence per critical value, with the ECG's number when there are several."""
    several = len(answer.evidence) > 1
    return [(f"ECG {value['ecg']}: " if several else "") + value["sentence"] for value in answer.critical]


def changes_of(evidences: Sequence[Evidence]) -> dict[str, Any] | None:
    """What changed between the ECGs by measurement; None for fewer than two or more than six."""
    if not 2 <= len(evidences) <= MOST_COMPARED:
        return None
    return compare([e.measurements for e in evidences], [e.record.recorded_at for e in evidences])


def as_dicts(evidences: Sequence[Evidence]) -> list[dict[str, Any]]:
    """The evidence of every ECG; with several, how the measured numbers differ from those of the first."""
    dicts = [evidence.to_dict() for evidence in evidences]
    if len(dicts) > 1:
        for entry, change in zip(dicts, differences(evidences), strict=True):
            entry["differences_from_ecg_1"] = change
    return dicts


def warnings_of(evidences: Sequence[Evidence], most_s: float) -> list[str]:
    """What cannot be judged, and which part of a long record the language model sees."""
    said = []
    for k, evidence in enumerate(evidences):
        prefix = f"ECG {k + 1}: " if len(evidences) > 1 else ""
        said += [prefix + warning for warning in evidence.warnings]
        if evidence.unjudgeable:
            said.append(f"{prefix}It cannot be judged: {evidence.unjudgeable}.")
        if evidence.record.duration_s > most_s + 0.5:
            said.append(
                f"{prefix}The text is based on {most_s:.0f} s, evenly spread over the record; measurements, "
                f"findings and events cover all {evidence.record.duration_s:.0f} s."
            )
    return said


def abstention(evidences: Sequence[Evidence]) -> str:
    """The answer when no ECG can be judged."""
    if len(evidences) == 1:
        return f"I cannot tell: this ECG cannot be judged, because {evidences[0].unjudgeable}."
    reasons = "; ".join(f"ECG {k + 1}: {e.unjudgeable}" for k, e in enumerate(evidences))
    return f"I cannot tell: none of these ECGs can be judged ({reasons})."


def in_paragraphs(said: Mapping[int, str]) -> str:
    """Texts about ECGs (position → text), each in a paragraph that begins with its ECG."""
    return "\n\n".join(f"ECG {k + 1}: {text}" for k, text in said.items())


def of_each(answer: Answer, said: Mapping[int, Answer]) -> Answer:
    """`answer`, which has what all ECGs share, with the answers about single ones (position → answer) put together."""
    parts, origins = list(said.values()), {part.origin for part in said.values()}
    return replace(
        answer,
        text=in_paragraphs({k: part.text for k, part in said.items()}),
        tokens=sum(part.tokens for part in parts),
        first_token_s=parts[0].first_token_s,
        origin=origins.pop() if len(origins) == 1 else "model",
        intervals=[place | {"ecg": k + 1} for k, part in said.items() for place in part.intervals],
        contradictions=[f"ECG {k + 1}: {told}" for k, part in said.items() for told in part.contradictions],
        stopped=any(part.stopped for part in parts),
    )
