"""One visitor's conversation: recordings, turns, and what a turn does. Knows nothing of Gradio."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyecg.answer import critical_sentences
from anyecg.asked import given
from anyecg.record import EcgRecord

from .evidence_view import evidence_html
from .strips import describe, strips_html
from .uploads import Uploads
from .words import ORIGINS, contradictions_and_corrections, without_way_out

MAX_ECGS = 10
NOTHING_LOADED = (
    "There is no ECG yet. Add one with the paper clip (for WFDB the .hea and its .dat together), "
    "or press one of the samples above."
)
LACKING = (
    "Nothing is lost: add what is missing (a rate, units or lead names in the fields below the question), "
    "and send again."
)
WORKING = "*Reading the ECG …*"
QUESTION_KEPT = "Your question still stands in the box below."
UNSHADED = (
    "left bundle branch block beat", "right bundle branch block beat", "paced beat", "normal beat", "bigeminy",
    "trigeminy", "ventricular couplet",
)  # fmt: skip
"""Beats that mostly come one after the other, and patterns of beats that are shaded one by one."""
RHYTHM_OF = {"atrial fibrillation": "AFIB", "atrial flutter": "AFLT"}
LEAST_RHYTHM, SHORT_S = 0.2, 60.0
LOADED, ASK = "Loaded. ", "What would you like to know?"


@dataclass
class Session:
    """What one visitor has loaded and said."""

    uploads: Uploads
    records: list[EcgRecord] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    """Turns as in `conversation.py`."""
    messages: list[dict[str, str]] = field(default_factory=list)
    """What the chat shows: {"role", "content"}."""
    answers: list[tuple[str, Any]] = field(default_factory=list)
    """Every question with its finished `Answer`, for the report that can be saved."""
    intervals: list[dict[str, Any]] = field(default_factory=list)
    """What the last answer marked on the traces."""
    stop: threading.Event = field(default_factory=threading.Event)
    begun_anew: int = 0
    """Counts how often the patient or the ECGs changed, so that an answer still being written does not come back."""

    @property
    def unseen(self) -> list[int]:
        """Indices of the recordings that no turn has shown yet."""
        seen = {index for turn in self.history for index in turn["ecgs"]}
        return [index for index in range(len(self.records)) if index not in seen]

    def clear(self) -> None:
        """Forget the patient: recordings, files and turns."""
        self.stop.set()
        self.begun_anew += 1
        self.uploads.clear()
        for part in (self.records, self.history, self.messages, self.answers, self.intervals):
            part.clear()

    def remove(self, index: int) -> None:
        """Take one recording away; the conversation begins anew, for its answers spoke of other ECGs."""
        if not 0 <= index < len(self.records):
            return
        self.stop.set()
        self.begun_anew += 1
        gone = self.records.pop(index)
        for part in (self.history, self.answers, self.intervals):
            part.clear()
        left = f"{len(self.records)} left, numbered anew" if self.records else "none is left"
        self.say(
            "assistant", plain(f"ECG {index + 1} ({gone.name}) was removed; {left}. Earlier answers no longer hold.")
        )

    def say(self, role: str, text: str) -> None:
        self.messages.append({"role": role, "content": text})

    def say_once(self, text: str) -> None:
        """Say something, but not twice in a row."""
        if not self.messages or self.messages[-1] != {"role": "assistant", "content": text}:
            self.say("assistant", text)


@dataclass(frozen=True)
class View:
    """What changes on the page; None leaves a part as it is."""

    strips: str | None = None
    evidence: str | None = None
    question: str | None = None
    """What stands in the question box afterwards."""
    lacking: bool = False
    """A file could not be read as it is: unfold the fields for what it lacks."""
    was_read: bool = False
    """ECGs were read: fold those fields again."""


def take_turn(
    chat: Any,
    session: Session,
    text: str,
    files: Sequence[str | Path],
    declared: Mapping[str, Any] | None = None,
) -> Iterator[View]:
    """Take files and a question, and answer; the chat itself is in `session.messages`.

    Args:
        chat: an `EcgChat`.
        files: paths of new uploads; they are moved.
        declared: sampling_rate (Hz), units … for files that lack them.
    """
    text = text.strip()
    problems = session.uploads.add(files)
    records, unread = session.uploads.read(declared)
    room = MAX_ECGS - len(session.records)
    if len(records) > room:
        problems.append(f"Only {MAX_ECGS} ECGs fit in one conversation; press New patient to start over.")
    yield from take_records(chat, session, text, records[:room], [*problems, *unread])


def take_records(
    chat: Any, session: Session, text: str, records: Sequence[EcgRecord], problems: Sequence[str] = ()
) -> Iterator[View]:
    """Add recordings to the conversation, say what is wrong, or answer the question."""
    first = len(session.records)
    session.records.extend(records)
    lines = [f"ECG {first + k}: {record.name} ({describe(record)})" for k, record in enumerate(records, 1)]
    added = [f"*{plain(line)}*" for line in lines]
    if text or added:
        session.say("user", "\n\n".join(part for part in (plain(text), "\n".join(added)) if part))
    strips = strips_html(session.records, session.intervals, opened=len(session.records) - 1) if records else None
    yield View(strips=strips, question="", was_read=bool(records))
    if problems:
        yield _problems(session, text, problems)
    elif not session.records:
        yield _without_ecg(session, text)
    elif not text:
        notes = [f"ECG {first + k}: {without_way_out(note)}." for k, r in enumerate(records, 1) for note in r.notes]
        session.say_once("\n\n".join([*map(plain, notes), f"{LOADED if records else ''}{ASK}"]))
        yield View()
    else:
        yield from _answer(chat, session, text)


def _without_ecg(session: Session, text: str) -> View:
    """Answer what needs no recording, else ask for one; the question waits for it."""
    general, origin = given(text, ())
    if general and origin == "knowledge":
        session.say("assistant", f"{plain(general)}\n\n*{plain(ORIGINS[origin])}*")
        return View(question="")
    session.say_once("\n\n".join([*([plain(general)] if general else []), NOTHING_LOADED]))
    return View(question=text)


def _problems(session: Session, text: str, problems: Sequence[str]) -> View:
    """Say what is wrong with the files; the question waits."""
    sentences = [without_way_out(problem) for problem in problems]
    lacking = sentences != list(problems)
    end = [LACKING] if lacking else [QUESTION_KEPT] if text else []
    session.say("assistant", "\n\n".join([*map(plain, sentences), *end]))
    return View(question=text, lacking=lacking)


def _answer(chat: Any, session: Session, question: str) -> Iterator[View]:
    """Stream the answer into the last message, then the evidence and the marks."""
    session.stop.clear()
    session.say("assistant", WORKING)
    yield View()
    message, answer, begun, patient = session.messages[-1], None, False, session.begun_anew
    records, history = list(session.records), list(session.history)
    try:
        for answer in chat.stream(records, question, history=history, stop=session.stop):
            if session.begun_anew != patient:
                return
            message["content"] = _said(answer) or WORKING
            yield View(evidence=None if begun or answer.done else evidence_html(answer, session.records))
            begun = True
    except ValueError as error:  # what the caller can mend, RecordError included; its text is a sentence for the user
        message["content"] = plain(str(error))
        yield View(question=question)
        return
    if answer is None or session.begun_anew != patient:
        return
    message["content"] = _finished(answer)
    new = session.unseen
    session.history.append({"role": "user", "text": question, "ecgs": new})
    session.history.append({"role": "assistant", "text": answer.text, "ecgs": []})
    session.answers.append((question, answer))
    marks = marked(answer, session.records)
    changed = session.intervals != marks
    session.intervals = marks
    # The ECG of the first place that the answer names, else one that came with the question.
    opened = marks[0]["ecg"] - 1 if answer.intervals else new[-1] if new else None
    strips = strips_html(session.records, marks, opened=opened) if changed else None
    yield View(strips=strips, evidence=evidence_html(answer, session.records, marks))


def _said(answer: Any) -> str:
    """What the chat shows of an answer: critical values first, then the text."""
    first = [f"**{plain(sentence)}**" for sentence in critical_sentences(answer)]
    return "\n\n".join([*first, *([plain(answer.text)] if answer.text.strip() else [])])


def _finished(answer: Any) -> str:
    """The whole message: what was said, who says it, and that the evidence disagrees where it does."""
    parts = [_said(answer)] if answer.text.strip() else [_said(answer), "*(no text)*"]
    if answer.stopped:
        parts.append("*(stopped)*")
    wrong, corrected = contradictions_and_corrections(answer.contradictions)
    if wrong:
        parts.append("**The text and the evidence disagree; see the evidence.**")
    if corrected:
        parts.append("*The evidence put something right in this text; see there.*")
    return "\n\n".join([*(part for part in parts if part), f"*{plain(ORIGINS[answer.origin])}*"])


def plain(text: str) -> str:
    """Text as Markdown that shows it as it is; line breaks stay."""
    for mark in "\\`*_[]<>#|~$":
        text = text.replace(mark, "\\" + mark)
    return text.replace("\\<", "&lt;").replace("\\>", "&gt;").strip()


def marked(answer: Any, records: Sequence[EcgRecord]) -> list[dict[str, Any]]:
    """What the strip shades: the places that the text names, and beats or episodes of the evidence beside them.

    An answer that the evidence gave names the first places of one kind: then all places of that kind are shaded, and
    nothing else. Any other answer shades what the text names, and what else is likelier than not and stands out. Noise
    where a beat is marked would only hide it.
    """
    marks = [dict(interval) for interval in answer.intervals]
    asked = {mark["kind"] for mark in marks} if answer.origin == "evidence" else set()
    for number, (evidence, record) in enumerate(zip(answer.evidence, records, strict=False), start=1):
        named = [mark for mark in marks if mark["ecg"] == number]
        for event in evidence.get("events") or ():
            wanted = event["kind"] in asked if asked else _stands_out(event, evidence, record.duration_s)
            if wanted and not any(_same(mark, event) for mark in named):
                marks.append({"ecg": number, **{key: event[key] for key in ("start_s", "end_s", "kind", "leads")}})
    return [mark for mark in marks if mark["kind"] != "noise" or not any(_hides(mark, other) for other in marks)]


def _stands_out(event: Mapping[str, Any], evidence: Mapping[str, Any], duration_s: float) -> bool:
    """Whether a place is worth a colour where nobody asked for it: what lasts would only colour the whole strip.

    A measured place has no probability. In a short recording an episode needs the rhythm of the whole on its side, else
    a strip with "atrial fibrillation" on it stood above an answer that says sinus rhythm.
    """
    rhythm = evidence.get("rhythms", {}).get(RHYTHM_OF.get(event["kind"]))
    if rhythm is not None and rhythm < LEAST_RHYTHM and duration_s <= SHORT_S:
        return False
    is_brief = event["end_s"] - event["start_s"] < 0.8 * duration_s
    probability = event.get("probability")
    return is_brief and (probability is None or probability >= 0.5) and event["kind"] not in UNSHADED


def _same(mark: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    return mark["kind"] == event["kind"] and mark["start_s"] < event["end_s"] and event["start_s"] < mark["end_s"]


def _hides(noise: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether noise is no more than a beat's own place, give or take 0.1 s."""
    within = noise["start_s"] > other["start_s"] - 0.1 and noise["end_s"] < other["end_s"] + 0.1
    return other["kind"] != "noise" and other["ecg"] == noise["ecg"] and within
