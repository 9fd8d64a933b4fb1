"""Scores of predicted texts, task by task, against the gold of the dataset's conversations.

A prediction is a dict: task, patient, text, gold (the parsed JSON of the conversation), gold_text. Every score is a
dict with "value", its 95 % interval by patient ("low", "high") and "n", or a plain number where no interval is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anyecg.claims import interval_claims
from anyecg.findings import FINDINGS, SUPERCLASSES, probabilities_in_text, superclasses_of, without_possible
from anyecg.metrics import (
    interval_iou,
    label_f1,
    localization_scores,
    macro_auroc,
    mean_with_interval,
    merge_intervals,
    with_interval,
)

from .right_answer import asserted, measurement_is_right, number_in, question_is_right
from .text_metrics import text_scores

Prediction = Mapping[str, Any]
Scores = dict[str, Any]

_CLASS_WORDS = {
    "MI": r"myocardial infarction", "STTC": r"st/t changes?", "CD": r"conduction disturbances?", "HYP": r"hypertrophy",
}  # fmt: skip
_COURSE = ("new", "resolved")
_MEASURED = {
    "heart_rate_bpm": "rate (/min)", "pr_ms": "PR (ms)", "qrs_ms": "QRS (ms)", "qt_ms": "QT (ms)",
    "qtc_bazett_ms": "QTc (ms)", "axis_deg": "axis (°)",
}  # fmt: skip
_ASKED = {"new": r"\bnew\b|\bappeared\b", "resolved": r"\bresolved\b|\bgone\b|\bno longer\b|\bdisappeared\b"}
_UNCERTAIN = re.compile(r"[^,:.]*\([^()]*, uncertain\)")
"""A change in a list that is said not to be certain."""
_SECTIONS = (
    ("new in ecg 2", "new"), ("not in ecg 2 any more", "resolved"), ("unchanged", "unchanged"),
    ("only in ecg 2", "new"), ("only in ecg 1", "resolved"), ("in both", "unchanged"),
)  # fmt: skip


def score(predictions: Sequence[Prediction]) -> dict[str, Scores]:
    """Scores per task, for the tasks that occur."""
    scorers = {
        "report": score_reports, "localization": score_localization, "measurement": score_measurements,
        "question": score_questions, "comparison": score_comparisons,
    }  # fmt: skip
    by_task = {task: [p for p in predictions if p["task"] == task] for task in scorers}
    return {task: scorers[task](rows) for task, rows in by_task.items() if rows}


def classes_in_text(text: str) -> set[str]:
    """The superclasses that a report names in its conclusion or through its statements."""
    conclusion = without_possible(text).lower().partition("conclusion:")[2]
    named = {
        name
        for name, words in _CLASS_WORDS.items()
        if any(
            not _DENIES.search(_THIS_CLAUSE.split(conclusion[: at.start()])[-1])
            for at in re.finditer(words, conclusion)
        )
    }
    return named | set(superclasses_of(asserted(text)))


def class_scores_in_text(text: str) -> list[float]:
    """Per superclass the highest probability that a report gives it or its statements; 1 where it is named without."""
    named, given = classes_in_text(text), probabilities_in_text(text)
    scores = []
    for name in SUPERCLASSES:
        found = [p for code, p in given.items() if FINDINGS[code].superclass == name]
        if words := _CLASS_WORDS.get(name):
            stated = re.findall(rf"{words} \((?:over |less than )?(\d+) %", text.lower())
            found += [int(percent) / 100 for percent in stated]
        scores.append(max(found, default=float(name in named)))
    return scores


def score_reports(rows: Sequence[Prediction]) -> Scores:
    """Label F1 by the rule extractor, superclass F1, and how near the words are to the gold text."""
    patients, texts = [row["patient"] for row in rows], [row["text"] for row in rows]
    gold = [set(row["gold"]["findings"]) for row in rows]
    labels = label_f1([asserted(text) for text in texts], gold, patients, FINDINGS)
    classes = label_f1(
        [classes_in_text(text) for text in texts],
        [set(row["gold"]["superclasses"]) for row in rows],
        patients,
        SUPERCLASSES,
    )
    targets = np.array([[float(name in row["gold"]["superclasses"]) for name in SUPERCLASSES] for row in rows])
    ranked = macro_auroc(np.array([class_scores_in_text(text) for text in texts]), targets, None, patients)
    return {
        "superclass AUROC of the text": {key: ranked[key] for key in ("value", "low", "high", "n")},
        "label F1 (micro)": labels["micro_f1"],
        "label precision": labels["precision"],
        "label recall": labels["recall"],
        "label F1 (macro)": labels["macro_f1"],
        "superclass F1 (micro)": classes["micro_f1"],
        "superclass F1 (macro)": classes["macro_f1"],
        **text_scores(texts, [row["gold_text"] for row in rows], patients),
    }


def score_localization(rows: Sequence[Prediction]) -> Scores:
    """IoU and event F1 where the kind is there, "not present" apart; from the text, unless a row has "intervals"."""
    predicted = [
        [tuple(i) for i in row["intervals"]] if "intervals" in row else intervals_of(row["text"]) for row in rows
    ]
    gold = [[(s, e) for s, e in row["gold"]["intervals"]] for row in rows]
    scores = localization_scores(predicted, gold, [row["patient"] for row in rows])
    present = [k for k, places in enumerate(gold) if places]
    kinds, patients = [rows[k]["gold"]["kind"] for k in present], [rows[k]["patient"] for k in present]
    overlaps = np.array([interval_iou(predicted[k], gold[k]) for k in present])
    of_kind = {
        kind: mean_with_interval(overlaps[here], [p for p, it_is in zip(patients, here, strict=True) if it_is])
        for kind in sorted(set(kinds))
        for here in [np.array([name == kind for name in kinds])]
    }
    return {
        "IoU": scores["iou"],
        "IoU (macro over kinds)": _mean_over_kinds(overlaps, kinds, patients),
        "event F1 at 150 ms": scores["event_f1"],
        "present found": scores["present_accuracy"],
        "not present accuracy": scores["not_present_accuracy"],
        **{f"IoU of {kind}": overlap for kind, overlap in of_kind.items()},
    }


def _mean_over_kinds(values: np.ndarray, kinds: Sequence[str], patients: Sequence[str]) -> Scores:
    """The mean of the means of each kind that is among the records drawn."""
    is_kind = np.array([[name == kind for kind in sorted(set(kinds))] for name in kinds], dtype=float)

    def statistic(weights: np.ndarray) -> np.ndarray:
        drawn = weights @ is_kind
        means = np.divide((weights * values) @ is_kind, drawn, out=np.zeros_like(drawn), where=drawn > 0)
        return means.sum(axis=1) / (drawn > 0).sum(axis=1)

    return with_interval(statistic, patients)


def intervals_of(text: str) -> list[tuple[float, float]]:
    """The merged places that a text names."""
    return merge_intervals([(claim.start_s, claim.end_s) for claim in interval_claims(text)])


def score_measurements(rows: Sequence[Prediction]) -> Scores:
    """Exact numbers (to the printed unit), and mean absolute error where a number can be read."""
    right = [measurement_is_right(row["text"], row["gold"]) for row in rows]
    scores: Scores = {"exact": mean_with_interval(right, [row["patient"] for row in rows])}
    for key, name in _MEASURED.items():
        asked = [row for row in rows if row["gold"]["key"] == key and row["gold"]["value"] is not None]
        read = [
            (abs(v - r["gold"]["value"]), r["patient"]) for r in asked if (v := number_in(r["text"], key)) is not None
        ]
        if read:
            errors, patients = np.array([error for error, _ in read]), [patient for _, patient in read]
            scores[f"mean absolute error where a number is said, {name}"] = _mean(errors, patients)
    return scores


def _mean(values: np.ndarray, patients: Sequence[str]) -> Scores:
    return with_interval(lambda w: w @ values / w.sum(axis=1), patients)


def score_questions(rows: Sequence[Prediction]) -> Scores:
    """Exact match of option sets, over all questions and per question type."""
    right = [question_is_right(row["text"], row["gold"], row["gold_text"]) for row in rows]
    scores: Scores = {"exact match": mean_with_interval(right, [row["patient"] for row in rows])}
    for kind in sorted({row["gold"]["type"] for row in rows}):
        here = [k for k, row in enumerate(rows) if row["gold"]["type"] == kind]
        scores[f"exact match of {kind}"] = mean_with_interval(
            [right[k] for k in here], [rows[k]["patient"] for k in here]
        )
    return scores


def score_comparisons(rows: Sequence[Prediction]) -> Scores:
    """F1 of (finding, change) pairs; exact match of "which ECG" and of the two rates."""
    changes = [row for row in rows if "new" in row["gold"]]
    which = [row for row in rows if "code" in row["gold"]]
    rates = [row for row in rows if "rates" in row["gold"]]
    courses = [row for row in rows if "steps" in row["gold"]]
    scores: Scores = {}
    if changes:
        gold = [{f"{c}:{code}" for c in changes_asked(r["question"]) for code in r["gold"][c]} for r in changes]
        said = [changes_in_text(r["text"], r["question"]) for r in changes]
        f1 = label_f1(said, gold, [r["patient"] for r in changes])
        scores["F1 of (finding, change)"] = f1["micro_f1"]
    if courses:
        steps = [
            {f"{k}:{c}:{code}" for k, step in enumerate(r["gold"]["steps"], 2) for c in _COURSE for code in step[c]}
            for r in courses
        ]
        f1 = label_f1([course_in_text(r["text"]) for r in courses], steps, [r["patient"] for r in courses])
        scores["F1 of (ECG, finding, change)"] = f1["micro_f1"]
    if which:
        right = [float(ecgs_in_text(r["text"], r["n_ecgs"]) == set(r["gold"]["answer"])) for r in which]
        scores["which ECG, exact"] = mean_with_interval(right, [r["patient"] for r in which])
    if rates:
        named = [set(map(int, re.findall(r"(\d+) ?/min", r["text"]))) for r in rates]
        right = [float(numbers == set(r["gold"]["rates"])) for numbers, r in zip(named, rates, strict=True)]
        scores["both rates exact"] = mean_with_interval(right, [r["patient"] for r in rates])
    return scores


def changes_asked(question: str) -> tuple[str, ...]:
    """The changes that a question is about: "What is new?" asks for no more than what is new."""
    asked = tuple(change for change, words in _ASKED.items() if re.search(words, question.lower()))
    return asked or tuple(dict.fromkeys(change for _, change in _SECTIONS))


def changes_in_text(text: str, question: str = "") -> set[str]:
    """Pairs "change:code" that a comparison states as certain, of the changes that were asked for.

    A text without headings, after a question for one change, tells of that change.
    """
    asked = changes_asked(question)
    certain = _UNCERTAIN.sub("", text.lower())
    pairs, has_headings = set(), False
    for sentence in re.split(r"\.(?:\s|$)", certain):
        head, _, names = sentence.partition(":")
        change = next((change for words, change in _SECTIONS if head.strip() == words), None)
        has_headings = has_headings or change is not None
        if change in asked:
            pairs |= {f"{change}:{code}" for code in asserted(names)}
    if len(asked) == 1 and not has_headings:
        pairs = {f"{asked[0]}:{code}" for code in asserted(certain)}
    return pairs


def course_in_text(text: str) -> set[str]:
    """Triples "ECG:change:code" of a course over several ECGs ("ECG 2: new …; no longer …")."""
    found = set()
    for number, said in re.findall(r"\becg (\d+)[^:]*:(.*?)(?=\becg \d|$)", text.lower(), re.DOTALL):
        for part in said.split(";"):
            names = part.strip()
            if names.startswith("new "):
                found |= {f"{number}:new:{code}" for code in asserted(names.removeprefix("new "))}
            elif names.startswith("no longer "):
                found |= {f"{number}:resolved:{code}" for code in asserted(names.removeprefix("no longer "))}
    return found


def ecgs_in_text(text: str, n_ecgs: int) -> set[int]:
    """Which ECGs a text says to show what was asked for: those it names and does not deny, "both", "all" or "none"."""
    said = _DENIED.sub("not:", text.lower())
    if re.match(r"\W*(both|all)\b", said):
        return set(range(1, n_ecgs + 1))
    return {int(number) for denied, number, clause in _ECG.findall(said) if not denied and not _DENIES.search(clause)}


_DENIED = re.compile(r"\b(?:not|nor|neither) (?:in )?(?=ecg \d)")
_ECG = re.compile(r"(not:)?\becg (\d+)((?:(?!not:|\becg \d|\bbut\b)[^;.])*)")
"""An ECG, and what is said of it."""
_DENIES = re.compile(r"\b(?:not|no|without)\b")
_THIS_CLAUSE = re.compile(r"[,.;:]|\bbut\b")
