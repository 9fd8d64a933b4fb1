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

from .uploads import Uploads
from .views import describe, evidence_html, strips_html

MAX_ECGS = 10
NOTHING_LOADED = (
    "There is no ECG yet. Add one with the paper clip (for WFDB the .hea and its .dat together), "
    "or press one of the samples above."
)
LACKING = (
    "Nothing is lost: add what is missing (a rate, units or lead names in the fields below the question), "
    "and send again."
)


@dataclass
class Session:
    """What one visitor has loaded and said."""

    uploads: Uploads
    records: list[EcgRecord] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    """Turns as in `conversation.py`."""
    messages: list[dict[str, str]] = field(default_factory=list)
    """What the chat shows: {"role", "content"}."""
    intervals: list[dict[str, Any]] = field(default_factory=list)
    """What the last answer marked on the traces."""
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def unseen(self) -> list[int]:
        """Indices of the recordings that no turn has shown yet."""
        seen = {index for turn in self.history for index in turn["ecgs"]}
        return [index for index in range(len(self.records)) if index not in seen]

    def clear(self) -> None:
        """Forget the patient: recordings, files and turns."""
        self.stop.set()
        self.uploads.clear()
        for part in (self.records, self.history, self.messages, self.intervals):
            part.clear()

    def say(self, role: str, text: str) -> None:
        self.messages.append({"role": role, "content": text})


@dataclass(frozen=True)
class View:
    """What changes on the page; None leaves a part as it is."""

    strips: str | None = None
    evidence: str | None = None
    question: str | None = None
    """What stands in the question box afterwards."""
    lacking: bool = False
    """A file could not be read as it is: unfold the fields for what it lacks."""


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
    yield View(strips=strips_html(session.records, session.intervals) if records else None, question="")
    if problems:
        # What to declare in a terminal or in Python is no help here; the page has fields for it.
        sentences = [problem.split("; declare ")[0].rstrip(".") + "." for problem in problems]
        session.say("assistant", "\n\n".join([*map(plain, sentences), LACKING]))
        yield View(question=text, lacking=True)
    elif not session.records:
        general = given(text, ())[0]
        session.say("assistant", plain(general) if general else NOTHING_LOADED)
        yield View(question=text)
    elif not text:
        notes = [plain(f"ECG {first + k}: {note}.") for k, r in enumerate(records, 1) for note in r.notes]
        session.say("assistant", "\n\n".join([*notes, "Loaded. What would you like to know?"]))
        yield View()
    else:
        yield from _answer(chat, session, text)


def _answer(chat: Any, session: Session, question: str) -> Iterator[View]:
    """Stream the answer into the last message, then the evidence and the marks."""
    session.stop.clear()
    session.say("assistant", "…")
    message, answer, begun = session.messages[-1], None, False
    try:
        for answer in chat.stream(session.records, question, history=list(session.history), stop=session.stop):
            message["content"] = _said(answer) or "…"
            yield View(evidence=evidence_html(answer) if answer.done or not begun else None)
            begun = True
    except ValueError as error:  # what the caller can mend, RecordError included; its text is a sentence for the user
        message["content"] = plain(str(error))
        yield View(question=question)
        return
    if answer is None:
        return
    if not answer.text.strip():
        message["content"] = f"{_said(answer)}\n\n*(no text)*".strip()
    if answer.stopped:
        message["content"] += "\n\n*(stopped)*"
    session.history.append({"role": "user", "text": question, "ecgs": session.unseen})
    session.history.append({"role": "assistant", "text": answer.text, "ecgs": []})
    marks = marked(answer, session.records)
    changed = session.intervals != marks
    session.intervals = marks
    yield View(strips=strips_html(session.records, session.intervals) if changed else None)


def _said(answer: Any) -> str:
    """What the chat shows of an answer: critical values first, then the text."""
    first = [f"**{plain(sentence)}**" for sentence in critical_sentences(answer)]
    return "\n\n".join([*first, *([plain(answer.text)] if answer.text.strip() else [])])


def plain(text: str) -> str:
    """Text as Markdown that shows it as it is; line breaks stay."""
    for mark in "\\`*_[]<>#|~$":
        text = text.replace(mark, "\\" + mark)
    return text.replace("\\<", "&lt;").replace("\\>", "&gt;").strip()


def marked(answer: Any, records: Sequence[EcgRecord]) -> list[dict[str, Any]]:
    """What the strip shades: the places that the text names, and beats or episodes of the evidence beside them.

    Of a kind that the text places, the evidence's own places stay in the table; what lasts nearly all of a record
    would only colour the whole strip.
    """
    marks = [dict(interval) for interval in answer.intervals]
    named = {(mark["ecg"], mark["kind"]) for mark in marks}
    for number, (evidence, record) in enumerate(zip(answer.evidence, records, strict=False), start=1):
        for event in evidence.get("events") or ():
            brief = event["end_s"] - event["start_s"] < 0.8 * record.duration_s
            if brief and (number, event["kind"]) not in named:
                marks.append({"ecg": number, **{key: event[key] for key in ("start_s", "end_s", "kind", "leads")}})
    return marks
