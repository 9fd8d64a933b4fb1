"""Proof against leakage: patients and near-duplicate signals across splits, and answers that the question alone gives.

    python -m data_builders check OUT [OUT …]

Several datasets can be checked together, since a patient of one may live in another.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import butter, find_peaks, resample_poly, sosfiltfilt

from anyecg.conversation import SPLITS, record_from_row
from anyecg.record import EcgRecord

from .questions.styles import CUES
from .shards import read_table

PRINT_HZ, PRINT_S = 25, 8.0
SAME = 0.985
"""Correlation of two fingerprints from which two signals count as one recording."""
_CUES = tuple(cue for cues in CUES.values() for cue in cues)
_LIMB = ("II", "I", "MLII")
_BLOCK = 4096
_MAX_PRINTS = 40  # of one long record
ONE_OF_TWO = 0.5
"""Share of questions with two named options that a coin answers rightly."""
DRAWN = 10
"""Weight, in questions, of the words of all questions against those of one answer."""
MOST_ANSWERS = 50
"""So many answers of a task are tried from the words."""


@dataclass
class Report:
    """What was found."""

    records: int = 0
    patients: int = 0
    patients_in_two_splits: dict[str, list[str]] = field(default_factory=dict)
    duplicates: list[tuple[str, str, float]] = field(default_factory=list)
    """(record, record of another split, correlation)."""
    guessing: dict[str, dict[str, float]] = field(default_factory=dict)
    """Task → {"questions", "prior", "from_question", "from_words"}: share right of the commonest answer (half where two
    options are named), of the commonest answer to the same question in training, and of what its words suggest."""


def check(folders: Sequence[Path]) -> Report:
    """Check one dataset, or several that will be used together.

    Raises:
        ValueError: if a folder holds no records.
    """
    report = Report()
    seen: dict[str, set[str]] = defaultdict(set)
    prints: list[tuple[str, str, np.ndarray]] = []
    for row in _rows(folders, "records"):
        report.records += 1
        seen[row["patient_id"]].add(row["split"])
        prints += [(row["record_id"], row["split"], p) for p in fingerprints(record_from_row(row))]
    if not report.records:
        raise ValueError(f"{', '.join(map(str, folders))} hold no records; build a dataset first.")
    report.patients = len(seen)
    report.patients_in_two_splits = {patient: sorted(splits) for patient, splits in seen.items() if len(splits) > 1}
    report.duplicates = _duplicates(prints)
    report.guessing = guessing(_rows(folders, "conversations"))
    return report


def _rows(folders: Sequence[Path], table: str) -> Iterator[Mapping[str, Any]]:
    for folder in folders:
        yield from read_table(folder, table)


def fingerprints(record: EcgRecord) -> list[np.ndarray]:
    """Band-passed stretches of one limb lead, each beginning at a beat, of unit norm, shape (200,).

    They are the same at any rate, gain, offset or polarity, and wherever a copy begins. Two recordings of one heart
    differ, since their beats do not lie at the same distances to some milliseconds.
    """
    lead = next((name for name in _LIMB if name in record.leads), record.leads[0])
    signal = np.nan_to_num(record.lead(lead)).astype(np.float64)
    if record.duration_s < PRINT_S:
        return []
    rate = round(record.sampling_rate)
    signal = resample_poly(signal, 100, rate)[: int(record.duration_s * 100)]
    band = butter(2, (0.7, 10.0), "bandpass", fs=100, output="sos")
    signal = sosfiltfilt(band, signal)
    size = np.abs(signal)
    beats, _ = find_peaks(size, height=0.5 * float(np.percentile(size, 99)), distance=30)
    n = int(PRINT_S * 100)
    starts = beats[beats <= len(signal) - n]
    pieces = [signal[start : start + n : 100 // PRINT_HZ] for start in starts[:: max(len(starts) // _MAX_PRINTS, 1)]]
    norms = [float(np.linalg.norm(piece)) for piece in pieces]
    return [(piece / norm).astype(np.float16) for piece, norm in zip(pieces, norms, strict=True) if norm > 1e-3]


def _duplicates(prints: Sequence[tuple[str, str, np.ndarray]]) -> list[tuple[str, str, float]]:
    """Pairs of records of different splits whose fingerprints agree; the smaller splits against all later ones."""
    found: dict[tuple[str, str], float] = {}
    by_split = {split: [k for k, p in enumerate(prints) if p[1] == split] for split in SPLITS}
    for one, other in (("test", "train"), ("test", "valid"), ("valid", "train")):
        for rows, a in _blocks(prints, by_split[one]):
            for columns, b in _blocks(prints, by_split[other]):
                alike = np.abs(a @ b.T)
                for i, j in np.argwhere(alike > SAME):
                    pair = (prints[rows[i]][0], prints[columns[j]][0])
                    found[pair] = max(found.get(pair, 0.0), float(alike[i, j]))
    return sorted((a, b, round(r, 4)) for (a, b), r in found.items())


def _blocks(
    prints: Sequence[tuple[str, str, np.ndarray]], chosen: Sequence[int]
) -> Iterator[tuple[Sequence[int], np.ndarray]]:
    for start in range(0, len(chosen), _BLOCK):
        part = chosen[start : start + _BLOCK]
        yield part, np.stack([prints[k][2] for k in part]).astype(np.float32)


def guessing(conversations: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """How often an answer can be had without the ECG: by the commonest answer, and by the question alone.

    What is compared is the gold answer (option, kind of places, finding), not its wording. The tables of answers and
    the word counts come from the training split; they are scored on validation and test.
    """
    of_question: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    of_task: dict[str, Counter[str]] = defaultdict(Counter)
    of_words: dict[str, WordGuesser] = defaultdict(WordGuesser)
    asked: list[tuple[str, str, str]] = []
    for row in conversations:
        for task, question, answer in _asked(row):
            if row["split"] == "train":
                of_question[task, question][answer] += 1
                of_task[task][answer] += 1
                of_words[task].add(question, answer)
            else:
                asked.append((task, question, answer))
    right: dict[str, Counter[str]] = defaultdict(Counter)
    for task, question, answer in asked:
        prior = of_task[task].most_common(1)
        table = of_question.get((task, question), of_task[task]).most_common(1)
        right[task]["n"] += 1
        right[task]["prior"] += bool(prior) and prior[0][0] == answer
        right[task]["question"] += bool(table) and table[0][0] == answer
        right[task]["words"] += of_words[task].guess(question) == answer
    return {
        task: {
            "questions": c["n"], "prior": ONE_OF_TWO if task.endswith("choose") else c["prior"] / c["n"],
            "from_question": c["question"] / c["n"], "from_words": c["words"] / c["n"],
        }
        for task, c in sorted(right.items())
    }  # fmt: skip


class WordGuesser:
    """Naive Bayes of the answer given the words of a question; what is rare is drawn to the words of all questions."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.words: dict[str, Counter[str]] = defaultdict(Counter)
        self.everywhere: Counter[str] = Counter()

    def add(self, question: str, answer: str) -> None:
        self.answers[answer] += 1
        self.words[answer].update(_words(question))
        self.everywhere.update(_words(question))

    def guess(self, question: str) -> str | None:
        """The likeliest of the commonest answers; None if nothing was learnt."""
        total = self.answers.total()
        usual = {word: self.everywhere[word] / total for word in _words(question) if word in self.everywhere}

        def score(answer: str) -> float:
            n, seen = self.answers[answer], self.words[answer]
            shares = ((seen[word] + DRAWN * share) / (n + DRAWN) for word, share in usual.items())
            return math.log(n) + sum(map(math.log, shares))

        return max((answer for answer, _ in self.answers.most_common(MOST_ANSWERS)), key=score, default=None)


def _words(question: str) -> set[str]:
    """Words and pairs of words, so that the order of two named options shows."""
    words = re.findall(r"[\w/#-]+", question.lower())
    return {*words, *(f"{a} {b}" for a, b in pairwise(words))}


def _asked(row: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(task, last question without its numbers, gold answer as text) where there is a gold answer to guess."""
    gold = json.loads(row["gold"])
    question = re.sub(r"\d+(?:\.\d+)?", "#", _without_style(row["turns"][-2]["text"]))
    task = f"{row['task']}, {gold['type']}" if "type" in gold else row["task"]
    task += f" of {gold['topic']}" if "topic" in gold else ""
    if gold.get("type") in ("unjudgeable", "judged verify"):  # the same questions with more or fewer leads
        yield f"{row['task']}, judgeable", question, "cannot" if gold["type"] == "unjudgeable" else gold["answer"][0]
    elif "intervals" in gold:
        yield task, question, "present" if gold["intervals"] else "not present"
    elif "answer" in gold:
        yield f"{task}, which ECG" if "code" in gold else task, question, json.dumps(gold["answer"])
    elif "findings" in gold:
        yield task, question, json.dumps(sorted(gold["findings"]))
    elif "new" in gold:
        yield f"{task}, changes", question, json.dumps([sorted(gold["new"]), sorted(gold["resolved"])])
    elif "key" in gold:
        yield f"{task} of {gold['key']}", question, json.dumps(gold["value"])


def _without_style(question: str) -> str:
    """The question without the sentence that asks for a style, which says nothing of the ECG."""
    return next((question.removesuffix(f" {cue}") for cue in _CUES if question.endswith(f" {cue}")), question)


def as_markdown(report: Report) -> str:
    """The report for people."""
    lines = [
        f"{report.records:,} records of {report.patients:,} patients.",
        "",
        f"Patients in two splits: {len(report.patients_in_two_splits)}.",
        *(f"- {patient}: {', '.join(splits)}" for patient, splits in list(report.patients_in_two_splits.items())[:20]),
        "",
        f"Near-duplicate signals across splits (correlation above {SAME}): {len(report.duplicates)}.",
        *(f"- {a} and {b}: {r}" for a, b, r in report.duplicates[:20]),
        "",
        "| task | questions | prior | guessed from the question | from its words | gain |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for task, row in report.guessing.items():
        shares = [row["prior"], row["from_question"], row["from_words"]]
        gain = max(shares[1:]) - shares[0]
        lines.append(f"| {task} | {row['questions']:,.0f} | {' | '.join(f'{s:.3f}' for s in shares)} | {gain:+.3f} |")
    return "\n".join(lines) + "\n"
