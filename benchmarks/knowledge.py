"""How many general questions get the right written passage, and how many other questions are left alone.

Run: OMP_NUM_THREADS=1 python -m benchmarks.knowledge [--data FOLDER] [--show]
FOLDER holds a built dataset: its questions about ECGs must get no written answer. --show lists the errors of what was
developed on; the other half of the free phrasings is only counted.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable
from pathlib import Path

import yaml

from anyecg.knowledge import Knowledge, answer_back, answer_from_knowledge, beyond
from anyecg.knowledge.beyond import kind_beyond
from anyecg.knowledge.concepts import MEASURED_TERMS, concepts
from data_builders.questions import followup
from data_builders.questions.knowledge import ASPECTS, BEYOND, HELD_OUT

PHRASINGS = Path(__file__).with_name("knowledge_phrasings.yaml")
NOT_BEYOND = ("self", "greeting", "rewriting", "language", "unclear")
NOT_ABOUT_ECG = ("knowledge", "out of scope")


def halves(items: list, seed: int = 0) -> tuple[list, list]:
    """What to develop on, and what to report."""
    mixed = random.Random(seed).sample(items, len(items))
    return mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]


def is_right(question: str, concept: str, aspect: str) -> bool:
    """Whether the answer is the passage asked for; for two concepts, their difference."""
    answer = answer_from_knowledge(question)
    wanted = "difference" if " | " in concept else aspect
    return answer is not None and _named(answer) == set(concept.split(" | ")) and answer.aspect == wanted


def is_right_back(question: str, concept: str, aspect: str) -> bool:
    """Whether a question that refers back gets the passage on the finding that was named before."""
    answer = answer_back(question, [concepts()[concept]["code"]])
    return answer is not None and (answer.concept, answer.aspect) == (concept, aspect)


def back_questions() -> list[tuple[str, str, str]]:
    """Every question that refers back, with every concept that is an SCP statement."""
    named = [name for name, concept in concepts().items() if "code" in concept]
    return [(q, name, aspect) for aspect, asked in followup._BACK.items() for q in asked for name in named]


def is_left_alone(question: str) -> bool:
    """Whether neither a passage nor a sentence on what is beyond an ECG is given.

    Some of these questions are about the program, or not in English: those may get the sentence that says so.
    """
    return answer_from_knowledge(question) is None and kind_beyond(question) in (None, *NOT_BEYOND)


def is_caught(question: str) -> bool:
    """Whether a question that no ECG can answer gets a sentence that says so, and no passage."""
    return beyond(question) is not None and answer_from_knowledge(question) is None


def templates(table: dict[str, tuple[str, ...]]) -> list[tuple[str, str, str]]:
    """Every phrasing with every concept; "What is the PR interval?" is left out, since it asks for the value."""
    return [
        (phrasing.format(name), name, aspect)
        for aspect, phrasings in table.items()
        for phrasing in phrasings
        for name in concepts()
        if not (table is ASPECTS and aspect == "means" and name in MEASURED_TERMS and phrasing in phrasings[:3])
    ]


def questions_about_ecgs(folder: Path) -> list[str]:
    """The distinct questions of a built dataset that are neither about a concept nor beyond an ECG."""
    import pyarrow.parquet as pq

    general = {question for table in (ASPECTS, HELD_OUT) for question, *_ in templates(table)}
    general |= {f"What is {name}?" for name in concepts()} | {q for asked in BEYOND.values() for q in asked}
    asked: set[str] = set()
    for file in sorted((folder / "conversations").glob("*.parquet")):
        for row in pq.read_table(file, columns=["turns", "gold"]).to_pylist():
            if json.loads(row["gold"] or "{}").get("type") not in NOT_ABOUT_ECG:
                asked |= {turn["text"] for turn in row["turns"] if turn["role"] == "user"}
    back = {question for questions in followup._BACK.values() for question in questions}
    return sorted((asked | back) - general)


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of a built dataset")
    parser.add_argument("--show", action="store_true", help="list the errors of what was developed on")
    args = parser.parse_args(argv)
    free = yaml.safe_load(PHRASINGS.read_text(encoding="utf-8"))
    print("| questions | number | as they should be % |\n|---|--:|--:|")
    errors = _row("training phrasings × concepts: passage right", is_right, templates(ASPECTS))
    errors += _row("held-out phrasings × concepts: passage right", is_right, templates(HELD_OUT))
    for name, key, judge in (
        ("free phrasings: passage right", "knowledge", is_right),
        ("beyond an ECG or off the topic: said so", "beyond", is_caught),
        ("about the ECG, colloquial: left alone", "about_ecg", is_left_alone),
    ):
        developed, reported = (_as_tuples(half) for half in halves(free[key]))
        errors += _row(f"{name} (developed on)", judge, developed)
        _row(f"{name} (other half)", judge, reported)
    for order in ("second", "third"):
        for key, judge in (("knowledge", is_right), ("beyond", is_caught), ("about_ecg", is_left_alone)):
            errors += _row(f"{key}, {order} set", judge, _as_tuples(free[f"{key}_{order}"]))
    errors += _row(
        "about the ECG, with a story: left alone (developed on)", is_left_alone, _as_tuples(free["about_ecg_stories"])
    )
    errors += _row(
        "builder's questions beyond an ECG: said so", is_caught, _as_tuples(q for v in BEYOND.values() for q in v)
    )
    errors += _row("questions that refer back × findings: passage right", is_right_back, back_questions())
    if args.data:
        errors += _row(
            "dataset's questions about ECGs: left alone", is_left_alone, _as_tuples(questions_about_ecgs(args.data))
        )
    if args.show:
        print(*errors, sep="\n")


def _named(answer: Knowledge) -> set[str]:
    return set(answer.concept.split(" | "))


def _as_tuples(items: Iterable[str | list[str]]) -> list[tuple[str, ...]]:
    return [(item,) if isinstance(item, str) else tuple(item) for item in items]


def _row(name, judge, cases: list[tuple[str, ...]]) -> list[str]:
    """Print a row of the table; returns what went wrong."""
    wrong = [case for case in cases if not judge(*case)]
    print(f"| {name} | {len(cases)} | {100 * (1 - len(wrong) / len(cases)):.1f} |", flush=True)
    return [f"{name}: {case} → {answer_from_knowledge(case[0])} / {beyond(case[0])}" for case in wrong]


if __name__ == "__main__":
    main()
