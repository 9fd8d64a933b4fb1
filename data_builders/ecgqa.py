"""The official ECG-QA questions on PTB-XL (Oh et al. 2023, CC BY 4.0), added to a dataset that holds the ECGs.

    python -m data_builders ecg-qa OUT --directory ECG-QA-FOLDER

The folder holds the official json files (`paraphrased/train/*.json` …, or `ptbxl_train.json` …) and
`answers_for_each_template.csv`. Answers become sentences; the gold keeps the official options, with the words that
stand for each in the sentence ("options"), so that `train.scoring` scores exact option sets. ECG-QA and PTB-XL cut
their splits differently, and a question must not carry an ECG or itself from a held-out split into training:
all ECGs of a question must lie in one of our splits, and what ECG-QA holds out never trains. What is dropped stands in
OUT/rejected/ecg-qa.jsonl.

Questions on numbers (RR, P, PR, QRS, QT, QTc) never train either: they rest on another program's measurements. Where
its answers imply that a number is normal or not (2,815 to 3,606 ECGs each, folds 1-9), our numbers and limits agree on
96 % for RR, whose limits are the same, 72 % for P, 44 % for PR, 55 % for QRS, 71 % for QT and 72 % for QTc; the best
limits for our numbers reach 96, 76, 63, 64, 73 and 72 %, so that other limits explain little of it. Its PR is abnormal
in 82 % of the ECGs where ours is below 137 ms and in half of those between 171 and 205 ms, as if it were some 40 ms
shorter. All six numbers of a pair agree in 891 of 11,140 questions (8 %).
"""

from __future__ import annotations

import ast
import csv
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from anyecg.conversation import SPLITS, conversation_schema
from anyecg.findings import findings_in_text

from .questions.wording import bare, capital, join
from .shards import read_table, write_table
from .sources import SourceError

SOURCE = "ecg-qa"
_PROVENANCE = "ECG-QA (Oh et al. 2023), template {template_id}"
_FEATURES = {
    "rr interval": "RR interval", "p duration": "P duration", "pr interval": "PR interval",
    "qrs duration": "QRS duration", "qt interval": "QT interval", "qt corrected": "QTc",
}  # fmt: skip
_WORDS = {
    **_FEATURES, "inverted t-waves": "inverted T waves", "st/t change": "ST/T changes",
    "electrodes problems": "electrode problems", "any kind of noises": "noise",
    "none of myocardial infarction": "no myocardial infarction",
}  # fmt: skip
_RELATIONS = (
    ({54, 68}, "Normal in ECG 2 and abnormal in ECG 1"), ({55, 69}, "Abnormal in ECG 2 and normal in ECG 1"),
    ({56, 70}, "Abnormal in both ECGs"),
)  # fmt: skip
_LEAD = re.compile(r"\blead (aV[LRF]|III|II|I|V[1-6])\b")


def add_questions(out: Path, directory: Path) -> tuple[Counter[str], Counter[str]]:
    """Write the questions of a folder into a dataset as conversations; files of an earlier call are replaced.

    Returns:
        Questions per split, and dropped ones per reason.

    Raises:
        SourceError: if the folder holds no ECG-QA, or the dataset none of its ECGs.
    """
    splits = _splits_of_ecgs(out)
    options = _options(directory)
    rows: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    dropped: dict[str, str] = {}
    for asked in _questions(directory):
        split, reason = split_of(asked, splits)
        name = f"{SOURCE}-{asked['split']}-{asked['sample_id']}"
        if reason:
            dropped[name] = reason
        else:
            rows[split].append(_row(name, asked, split, options.get(asked["template_id"], ())))
    for split, found in rows.items():
        path = out / "conversations" / f"{SOURCE}-{split}-00000.parquet"
        path.unlink(missing_ok=True)
        if found:
            write_table(path, found, conversation_schema())
    _write_dropped(out, dropped)
    return Counter({split: len(found) for split, found in rows.items()}), Counter(dropped.values())


def split_of(asked: Mapping[str, Any], splits: Mapping[int, str]) -> tuple[str, str]:
    """The split a question goes to and "", or "" and why it is dropped.

    Args:
        asked: a question with "ecg_id" and "split", that of ECG-QA.
        splits: ECG → split of our dataset.
    """
    missing = [ecg for ecg in asked["ecg_id"] if ecg not in splits]
    if missing:
        return "", "an ECG is not in the dataset"
    ours = {splits[ecg] for ecg in asked["ecg_id"]}
    if len(ours) > 1:
        return "", f"its ECGs are in the splits {' and '.join(sorted(ours))}"
    split = ours.pop()
    if split == "train" and asked["split"] != "train":
        return "", f"ECG-QA holds it out ({asked['split']}), its ECGs train here"
    if split == "train" and asked["attribute_type"] == "numeric_feature":
        return "", "its numbers are not those that an answer is given"
    return split, ""


def answer_of(asked: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """The answer as a sentence, from the options and how they are worded."""
    kind, answer = asked["question_type"], list(asked["answer"])
    said = [words.get(option, option) for option in answer if option != "none"]
    if kind.endswith("verify"):
        return _verified(asked, answer[0])
    relation = next((text for templates, text in _RELATIONS if asked["template_id"] in templates), "")
    if asked["attribute_type"] == "numeric_feature" and relation and kind.startswith("comparison"):
        return f"{relation}: {join(said)}." if said else "None of the measured values."
    if not said:
        return "None of them."
    if kind.startswith("comparison") or asked["attribute_type"] == "numeric_feature":
        return f"{capital(join(said))}."
    if answer[0].startswith("lead "):
        return f"In {join(said)}."
    return f"This ECG shows {join(said)}."


def _verified(asked: Mapping[str, Any], answer: str) -> str:
    """ "Yes, static noise is present in lead V1." where the question names one thing, else the bare word."""
    named = [_worded(attribute) for attribute in asked["attribute"] or ()]
    lead = _LEAD.search(asked["question"])
    where = f" in lead {lead[1]}" if lead else ""
    if answer == "not sure" or len(named) != 1 or asked["attribute_type"] not in ("noise", "scp_code"):
        return f"{capital(answer)}."
    if answer == "yes":
        return f"Yes, this ECG shows {named[0]}{where}."
    return f"No, this ECG shows no {named[0]}{where}."


def _worded(option: str) -> str:
    """An official option in our words; those of statements as our reports say them."""
    if option in _WORDS:
        return _WORDS[option]
    codes = [code for code, holds in findings_in_text(option).items() if holds]
    return bare(codes[0]) if len(codes) == 1 else option


def _row(name: str, asked: Mapping[str, Any], split: str, options: Sequence[str]) -> dict[str, Any]:
    choices = (asked["attribute"] or ()) if asked["question_type"].endswith("choose") else options
    words = {option: _worded(option) for option in (*choices, *asked["answer"]) if option != "none"}
    gold: dict[str, Any] = {
        "type": f"{SOURCE} {asked['attribute_type']} {asked['question_type']}", "answer": list(asked["answer"]),
        "codes": [], "template": asked["template_id"], "ecg_qa_split": asked["split"],
    }  # fmt: skip
    if not asked["question_type"].endswith("verify"):
        gold["options"] = words
    ecgs = list(range(len(asked["ecg_id"])))
    return {
        "conversation_id": name, "task": "question", "source": SOURCE, "split": split,
        "record_ids": [_record_id(ecg) for ecg in asked["ecg_id"]],
        "excerpts": [{"start_s": 0.0, "end_s": 10.0} for _ in ecgs], "leads": [[] for _ in ecgs],
        "turns": [
            {"role": "user", "text": asked["question"], "ecgs": ecgs},
            {"role": "assistant", "text": answer_of(asked, words), "ecgs": []},
        ],
        "provenance": [_PROVENANCE.format(**asked)], "gold": json.dumps(gold),
    }  # fmt: skip


def _record_id(ecg: int) -> str:
    return f"ptb-xl/{ecg:05d}"


def _splits_of_ecgs(out: Path) -> dict[int, str]:
    rows = read_table(out, "records", ("record_id", "source", "split"))
    splits = {int(row["record_id"].split("/")[1]): row["split"] for row in rows if row["source"] == "ptb-xl"}
    if not splits:
        raise SourceError(f"{out} holds no PTB-XL record; build it first with --source ptb-xl.")
    return splits


def _options(directory: Path) -> dict[int, list[str]]:
    """Template → the options its answers are drawn from."""
    path = next(iter(sorted(directory.rglob("answers_for_each_template.csv"))), None)
    if path is None:
        raise SourceError(f"{directory} does not hold ECG-QA: answers_for_each_template.csv not found.")
    with path.open(newline="", encoding="utf-8") as file:
        return {int(row["template_id"]): ast.literal_eval(row["classes"]) for row in csv.DictReader(file)}


def _questions(directory: Path) -> Iterator[dict[str, Any]]:
    """Questions with the split that ECG-QA gives them; of the two official versions, the paraphrased one."""
    paths = [p for p in sorted(directory.rglob("*.json")) if not {"template", "mimic-iv-ecg"} & set(p.parts)]
    for path in paths:
        split = next((s for s in SPLITS if re.search(rf"(^|[/_]){s}[/.]", str(path.relative_to(directory)))), None)
        if split is not None:
            yield from ({**asked, "split": split} for asked in json.loads(path.read_text(encoding="utf-8")))


def _write_dropped(out: Path, dropped: Mapping[str, str]) -> None:
    path = out / "rejected" / f"{SOURCE}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text("".join(json.dumps({"row": k, "reason": v}) + "\n" for k, v in dropped.items()))
    os.replace(temporary, path)
