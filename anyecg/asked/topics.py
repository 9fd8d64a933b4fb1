"""Topics: what a question is about, by a cue and the words that may stand beside it; topics.yaml lists them.

A topic answers a question if its cue is there and nothing is left over that it does not understand: "Is there a pause?"
is answered, "Is the pause due to digoxin?" is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

import yaml

from ..evidence import Evidence
from .words import DOING, EVIDENCE, GRAMMAR, JUDGING, LOOKED_FOR, RECORDING, WORRYING, understood, word_set

Answering = Callable[[Evidence, str], str]
"""Evidence of one ECG and the plain question → the answer, or "" if it is none of its questions after all."""
_LISTS = {
    "evidence": EVIDENCE, "judging": JUDGING, "worrying": WORRYING, "looked_for": LOOKED_FOR, "doing": DOING,
}  # fmt: skip


def by_topic(
    question: str, evidence: Evidence, group: str, answers: Mapping[str, Answering], *, asked: str = ""
) -> str:
    """The answer of the first topic that understands every word of a plain question; "" if none does.

    Args:
        group: of topics.yaml.
        answers: the functions by the names that topics.yaml gives them.
        asked: the question without the leads that it names, where these are looked for apart.
    """
    put = asked or question
    for name, cue, known in _topics()[group]:
        rest = cue.sub(" ", put)
        if rest != put and understood(rest, known) and (said := answers[name](evidence, question)):
            return said
    return ""


def cued(question: str, evidence: Evidence, group: str, answers: Mapping[str, Answering], *, among: str) -> list[str]:
    """What each topic of a group whose cue is in `among` says to a plain question, whatever else is in it; no "yes"."""
    names = dict.fromkeys(name for name, cue, _ in _topics()[group] if cue.search(among) and name in answers)
    # "about" in front: nothing begins as a yes-or-no question any more
    return [said for name in names if (said := answers[name](evidence, f"about {question}"))]


@cache
def spelled_in_topics() -> frozenset[str]:
    """The words of topics.yaml."""
    return frozenset(re.findall(r"[a-z]+", _text().lower()))


@cache
def _topics() -> dict[str, list[tuple[str, re.Pattern[str], frozenset[str]]]]:
    written = yaml.load(_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {group: [_topic(topic) for topic in topics] for group, topics in written.items()}


def _text() -> str:
    return (files(__package__) / "topics.yaml").read_text(encoding="utf-8")


def _topic(topic: Mapping[str, object]) -> tuple[str, re.Pattern[str], frozenset[str]]:
    also = frozenset().union(*(_LISTS[name] for name in topic.get("also", ())))  # type: ignore[attr-defined]
    known = GRAMMAR | RECORDING | also | word_set(str(topic.get("words", "")))
    return str(topic["answer"]), re.compile("|".join(topic["cues"])), known  # type: ignore[arg-type]
