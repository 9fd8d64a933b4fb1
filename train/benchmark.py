"""Ask a model the questions of a public benchmark and score its texts by that benchmark's kind of answer.

Called by `python -m train evaluate MODEL --benchmark NAME --directory FOLDER --ecgs FOLDER --out RESULTS`. Beside the
model stand the same model without the ECG ("text-only") and the most frequent training answer ("constant"), where the
benchmark has a training part.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from anyecg.metrics import interval_iou, localization_scores, mean_with_interval

from .adapters import Asked, labels_in, questions
from .journal import Journal, Progress, fingerprint
from .options import chosen, chosen_letter
from .scoring import asserted, classes_in_text, intervals_of
from .text_metrics import text_scores

_MEANT_BY = {
    "AF": ("AFIB",), "I-AVB": ("1AVB",), "1dAVb": ("1AVB",), "LBBB": ("CLBBB",), "RBBB": ("CRBBB",), "PAC": ("PAC",),
    "PVC": ("PVC",), "STD": ("STD_",), "STE": ("STE_",), "SB": ("SBRAD",), "ST": ("STACH",),
}  # fmt: skip
_CLASSES = ("NORM", "MI", "STTC", "CD", "HYP")


def run_benchmark(chat: Any, args: argparse.Namespace) -> dict[str, Any]:
    """Predictions and scores; returns {"benchmark", "questions", "left_out", "systems"}."""
    asked, left_out = questions(args.benchmark, args.directory, args.ecgs, args.split)
    if args.limit and args.limit < len(asked):
        asked = sorted(random.Random(args.seed).sample(asked, args.limit), key=lambda a: [str(p) for p in a.ecgs])
    about = {"model": fingerprint(args.model), "benchmark": args.benchmark, "baselines": sorted(args.baselines)}
    journal = Journal(args.out, about | {"directory": str(args.directory.resolve()), "split": args.split})
    _ask(chat, [a for a in asked if a.name not in journal.done], journal, args)
    rows = [journal.done[a.name] for a in asked]
    systems = {"anyecg": [row["text"] for row in rows]}
    systems |= {"text-only": [row["text-only"] for row in rows]} if all("text-only" in row for row in rows) else {}
    systems |= {"constant": [a.constant for a in asked]} if all(a.constant for a in asked) else {}
    scores = {name: score(asked, texts) for name, texts in systems.items()}
    return {"benchmark": args.benchmark, "questions": len(asked), "left_out": left_out, "systems": scores}


def _ask(chat: Any, asked: Sequence[Asked], journal: Journal, args: argparse.Namespace) -> None:
    from .baselines import withheld_ecgs

    progress = Progress("questions", len(asked))
    for first in range(0, len(asked), args.batch_size):
        batch = asked[first : first + args.batch_size]
        conversations = [(a.records(), [{"role": "user", "text": a.question, "ecgs": []}]) for a in batch]
        predictions = [_prediction(a, text) for a, text in zip(batch, chat.texts(conversations), strict=True)]
        if "text-only" in args.baselines:
            with withheld_ecgs(chat.model):
                for prediction, text in zip(
                    predictions, chat.texts(conversations, with_measurements=False), strict=True
                ):
                    prediction["text-only"] = text
        journal.add(predictions)
        progress.add(len(batch))


def _prediction(asked: Asked, text: str) -> dict[str, Any]:
    return {
        "conversation_id": asked.name, "task": asked.group, "question": asked.question, "text": text,
        "gold": asked.gold, "ecgs": [path.stem for path in asked.ecgs], "patient": asked.facts.get("patient", ""),
    }  # fmt: skip


def score(asked: Sequence[Asked], texts: Sequence[str]) -> dict[str, Any]:
    """Scores of every group of questions, and of those about held-out ECGs where some were trained on."""
    scores: dict[str, Any] = {}
    groups: dict[tuple[str, str], list[int]] = {}
    for k, a in enumerate(asked):
        groups.setdefault((a.kind, a.group), []).append(k)
        if a.facts.get("split") == "held out":
            groups.setdefault((a.kind, f"{a.group}, folds 9 and 10 only"), []).append(k)
    for (kind, group), ks in sorted(groups.items()):
        found = _SCORERS[kind]([asked[k] for k in ks], [texts[k] for k in ks])
        scores |= {f"{group}: {figure}": value for figure, value in found.items()}
    return scores | _over_groups(asked, texts)


def _over_groups(asked: Sequence[Asked], texts: Sequence[str]) -> dict[str, Any]:
    """The published summaries: mean over question types, and mean IoU that counts a rightly absent finding as 1."""
    scores: dict[str, Any] = {}
    right = {a.group: list[float]() for a in asked if a.kind == "options"}
    for a, text in zip(asked, texts, strict=True):
        if a.kind == "options":
            right[a.group].append(_option_right(a, text))
    if len(right) > 1:
        scores["exact match, mean over question types"] = float(np.mean([np.mean(v) for v in right.values()]))
    places = [(a, text) for a, text in zip(asked, texts, strict=True) if a.kind == "location"]
    if places:
        values = [interval_iou(intervals_of(text), a.gold) for a, text in places]
        published = [1.0 if value is None else value for value in values]
        patients = _patients_of([a for a, _ in places])
        scores["IoU as published (rightly absent counts as 1)"] = mean_with_interval(published, patients)
    return scores


def _patients_of(asked: Sequence[Asked]) -> list[str]:
    return [a.facts.get("patient", a.name) for a in asked]


def _option_right(a: Asked, text: str) -> float:
    return float({option.lower() for option in chosen(text, a.options)} == set(a.gold))


def _score_options(asked: Sequence[Asked], texts: Sequence[str]) -> dict[str, Any]:
    patients = _patients_of(asked)
    picked = [{option.lower() for option in chosen(text, a.options)} for a, text in zip(asked, texts, strict=True)]
    overlap = [len(p & set(a.gold)) / len(p | set(a.gold)) for p, a in zip(picked, asked, strict=True)]
    return {
        "exact match": mean_with_interval(
            [float(p == set(a.gold)) for p, a in zip(picked, asked, strict=True)], patients
        ),
        "options shared (Jaccard)": mean_with_interval(overlap, patients),
        "no option could be read": mean_with_interval([float(not p) for p in picked], patients),
    }


def _score_letters(asked: Sequence[Asked], texts: Sequence[str]) -> dict[str, Any]:
    picked = [chosen_letter(text, a.question) for a, text in zip(asked, texts, strict=True)]
    right = [float(letter == a.gold) for letter, a in zip(picked, asked, strict=True)]
    patients = _patients_of(asked)
    unread = mean_with_interval([float(letter is None) for letter in picked], patients)
    return {"accuracy": mean_with_interval(right, patients), "no option could be read": unread}


def _score_labels(asked: Sequence[Asked], texts: Sequence[str]) -> dict[str, Any]:
    """Macro F1, macro AUROC of the 0/1 answers and Hamming loss, as ECGBench has them."""
    space = list(asked[0].options)
    said = np.array([[label in labels_of(text, space) for label in space] for text in texts], dtype=float)
    gold = np.array([[label in a.gold for label in space] for a in asked], dtype=float)
    both, hits = gold.any(axis=0) & ~gold.all(axis=0), (said * gold).sum(axis=0)
    f1 = 2 * hits / np.maximum(said.sum(axis=0) + gold.sum(axis=0), 1)
    recall = hits / np.maximum(gold.sum(axis=0), 1)
    specificity = ((1 - said) * (1 - gold)).sum(axis=0) / np.maximum((1 - gold).sum(axis=0), 1)
    patients = _patients_of(asked)
    return {
        "macro F1": float(f1[gold.any(axis=0)].mean()),
        "macro AUROC of 0/1 answers": float(((recall + specificity) / 2)[both].mean()) if both.any() else None,
        "Hamming loss": mean_with_interval((said != gold).mean(axis=1).tolist(), patients),
    }


def labels_of(text: str, space: Sequence[str]) -> set[str]:
    """The labels of a benchmark's space that a text states, spelt out or in our words."""
    found, codes = set(labels_in(text, space)), asserted(text)
    found |= {label for label in space if codes & set(_MEANT_BY.get(label, ()))}
    if "STTC" in space:
        found |= classes_in_text(text) & set(_CLASSES)
    elif "NORM" in space and "NORM" in codes:
        found.add("NORM")
    if "ABNORMAL" in space and re.search(r"\babnormal ecg\b", text.lower()):
        found.add("ABNORMAL")
    return found


def _score_places(asked: Sequence[Asked], texts: Sequence[str]) -> dict[str, Any]:
    gold = [[(s, e) for s, e in a.gold] for a in asked]
    patients = _patients_of(asked)
    scores = localization_scores([intervals_of(text) for text in texts], gold, patients)
    return {"IoU": scores["iou"], "event F1 at 150 ms": scores["event_f1"],
            "not present accuracy": scores["not_present_accuracy"]}  # fmt: skip


def _score_texts(asked: Sequence[Asked], texts: Sequence[str]) -> dict[str, Any]:
    return text_scores(texts, [a.gold for a in asked], _patients_of(asked))


_SCORERS = {
    "options": _score_options, "letter": _score_letters, "labels": _score_labels, "location": _score_places,
    "text": _score_texts,
}  # fmt: skip
