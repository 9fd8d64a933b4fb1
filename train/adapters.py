"""Public ECG benchmarks in their published layouts, as questions about ECG files.

    ecg-qa    DIRECTORY holds the JSON files of ECG-QA (Oh et al. 2023) and answers_for_each_template.csv; ECGs: PTB-XL
    anyecg    DIRECTORY holds the *_test.json files of anyECG-chat; ECGs: a folder with one folder per database
    ecgbench  DIRECTORY holds ptb-test.json, ecgqa-test.json, … of ECGBench (PULSE, GEM); ECGs as for anyecg
    ptb-xl    the official folds: a report of every record; DIRECTORY is not needed

The layouts were read from the published files and evaluation scripts of each project.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from anyecg.findings import superclasses_of
from anyecg.readers import read_record
from anyecg.record import EcgRecord

from . import ptbxl_folds
from .options import split_options

BENCHMARKS = ("ecg-qa", "anyecg", "ecgbench", "ptb-xl")
LABEL_SPACES = {
    "ptb-test": ("NORM", "MI", "STTC", "CD", "HYP"),
    "cpsc-test": ("NORM", "AF", "I-AVB", "LBBB", "RBBB", "PAC", "PVC", "STD", "STE"),
    "code15-test": ("NORM", "ABNORMAL", "1dAVb", "RBBB", "LBBB", "SB", "ST", "AF"),
}
REPORT_QUESTION = "Write a report for this ECG."
_LETTERED = ("csn-test", "g12-test", "mmmu-ecg")


@dataclass(frozen=True)
class Asked:
    """One question of a benchmark about one or several ECG files."""

    name: str
    group: str
    """What is scored together, for example "single-verify"."""
    kind: str
    """How it is scored: "options", "letter", "labels", "location" or "text"."""
    question: str
    ecgs: tuple[Path, ...]
    gold: Any
    options: tuple[str, ...] = ()
    constant: str = ""
    """The most frequent answer to questions of its form in the benchmark's training part, if that is there."""
    samples: tuple[int, int] | None = None
    """The part of the record that is shown, in samples of the file."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """patient, split ("train" where an ECG stands in the training folds of PTB-XL), age and sex by file stem."""

    def records(self) -> list[EcgRecord]:
        """Read the ECGs, with the patient's age and sex where the database states them."""
        return [self._record(path) for path in self.ecgs]

    def _record(self, path: Path) -> EcgRecord:
        record = _read(path)
        if self.samples is not None:
            start, end = (sample / record.sampling_rate for sample in self.samples)
            record = record.excerpt(start, end)
        about = self.facts.get("ecgs", {}).get(path.stem, {})
        return replace(record, name=path.stem, age=about.get("age", record.age), sex=about.get("sex", record.sex))


@lru_cache(maxsize=2)  # successive questions often share a long record
def _read(path: Path) -> EcgRecord:
    return read_record(path)


def questions(benchmark: str, directory: Path, ecgs: Path, split: str = "test") -> tuple[list[Asked], int]:
    """The questions whose ECG files are there, and how many were left out because theirs are not.

    Raises:
        ValueError: for an unknown benchmark, a folder without its files, or no ECG file at all.
    """
    readers: dict[str, Callable[[Path, Path, str], Iterable[Asked]]] = {
        "ecg-qa": _ecg_qa, "anyecg": _anyecg, "ecgbench": _ecgbench, "ptb-xl": _ptbxl,
    }  # fmt: skip
    if benchmark not in readers:
        raise ValueError(f"unknown benchmark {benchmark!r}; known are {', '.join(readers)}.")
    everything = list(readers[benchmark](directory, ecgs, split))
    there = [asked for asked in everything if all(path.with_suffix(".hea").is_file() for path in asked.ecgs)]
    if not there:
        missing = f"; the first one wanted is {everything[0].ecgs[0]}.hea" if everything else ""
        raise ValueError(
            f"no question of {directory} has its ECG files in {ecgs}{missing}. Pass their folder as --ecgs."
        )
    return there, len(everything) - len(there)


# ---- ECG-QA


def _ecg_qa(directory: Path, ecgs: Path, split: str) -> Iterable[Asked]:
    files = _of_split(directory, split)
    rows = [row for file in files for row in _load(file)]
    vocabulary = _vocabulary(directory)
    training = [row for file in _of_split(directory, "train", required=False) for row in _load(file)]
    constants = _constants(rows=training or [])
    for row in rows:
        template = int(row["template_id"])
        paths = tuple(ptbxl_folds.path_of(ecgs, int(ecg)) for ecg in row["ecg_id"])
        options = vocabulary.get(template) or _answers_of(rows, template)
        yield Asked(
            f"ecg-qa/{row['sample_id']}", row["question_type"], "options", row["question"], paths,
            sorted(answer.lower() for answer in row["answer"]), options, constants.get(template, ""),
            facts=ptbxl_folds.facts(ecgs, row["ecg_id"], paths),
        )  # fmt: skip


def _of_split(directory: Path, split: str, required: bool = True) -> list[Path]:
    """`ptbxl_test.json`, or the many files of …/test/; paraphrased questions rather than their templates."""
    files = sorted(directory.rglob("*.json"))
    found = [file for file in files if file.stem.endswith(f"_{split}") or file.parent.name == split]
    paraphrased = [file for file in found if "paraphrased" in file.parts]
    found = paraphrased or found
    if required and not found:
        raise ValueError(
            f"{directory} holds no JSON file of split {split!r}; expected ptbxl_{split}.json or {split}/*.json."
        )
    return found


def _vocabulary(directory: Path) -> dict[int, tuple[str, ...]]:
    file = next(iter(sorted(directory.rglob("answers_for_each_template.csv"))), None)
    if file is None:
        return {}
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    return {int(row["template_id"]): tuple(ast.literal_eval(row["classes"])) for row in rows}


def _answers_of(rows: Sequence[Mapping[str, Any]], template: int) -> tuple[str, ...]:
    """Without a vocabulary: every answer that occurs to questions of this template, and "none"."""
    return tuple(
        sorted({a.lower() for row in rows if int(row["template_id"]) == template for a in row["answer"]} | {"none"})
    )


def _constants(rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    counts: dict[int, Counter[str]] = {}
    for row in rows:
        counts.setdefault(int(row["template_id"]), Counter())["; ".join(sorted(row["answer"]))] += 1
    return {template: count.most_common(1)[0][0] for template, count in counts.items()}


# ---- anyECG-chat


def _anyecg(directory: Path, ecgs: Path, split: str) -> Iterable[Asked]:
    for file in _of_split(directory, split):
        rows = [row for row in _load(file) if "ecg_path" in row]
        seen: dict[int, set[str]] = {}
        for row in rows:
            if row["task"] == "ecgqa":
                seen.setdefault(int(row["template_id"]), set()).update(row["answer"].lower().split(", "))
        vocabulary = _vocabulary(directory)
        for number, row in enumerate(rows):
            yield _anyecg_question(f"{file.stem}/{number}", row, ecgs, vocabulary, seen)


def _anyecg_question(
    name: str,
    row: Mapping[str, Any],
    ecgs: Path,
    vocabulary: Mapping[int, tuple[str, ...]],
    seen: Mapping[int, set[str]],
) -> Asked:
    listed = [row["ecg_path"]] if isinstance(row["ecg_path"], str) else row["ecg_path"]
    root = ecgs / row["dataset"] if (ecgs / row["dataset"]).is_dir() else ecgs
    paths = tuple(root / path for path in listed)
    patient = {"patient": f"{row['dataset']}/{_patient_of(listed[0])}"}
    if row["task"] == "location":
        part = (int(row["ecg_start"]), int(row["ecg_end"])) if "ecg_start" in row else None
        places = [[float(s), float(e)] for s, e in re.findall(r"([\d.]+)s-([\d.]+)s", row["answer"])]
        group = f"{row['dataset']}: {row['abnormal_type']}"
        return Asked(name, group, "location", row["question"], paths, places, samples=part, facts=patient)
    if row["task"] == "ecgqa":
        options = vocabulary.get(int(row["template_id"])) or tuple(sorted(seen[int(row["template_id"])] | {"none"}))
        gold = sorted(split_options(row["answer"], options) or {row["answer"].lower()})
        question = row["question"].removesuffix(" Please answer briefly.")
        return Asked(name, row["question_type"], "options", question, paths, gold, options, facts=patient)
    return Asked(name, row["task"], "text", row["question"], paths, row["answer"], facts=patient)


def _patient_of(path: str) -> str:
    found = re.search(r"\bp\d{8}\b", path)  # MIMIC-IV-ECG names the patient in the path
    return found.group(0) if found else Path(path).stem


# ---- ECGBench


def _ecgbench(directory: Path, ecgs: Path, split: str) -> Iterable[Asked]:
    found = False
    for file in sorted(directory.rglob("*.json")):
        if f"-{split}" not in file.stem and file.stem != "mmmu-ecg":
            continue
        rows = [row for row in _load(file) if "conversations" in row]
        found = found or bool(rows)
        for row in rows:
            yield _ecgbench_question(file.stem, row, ecgs)
    if not found:
        raise ValueError(
            f"{directory} holds no file of ECGBench's layout; expected ptb-{split}.json, ecgqa-{split}.json, …"
        )


def _ecgbench_question(task: str, row: Mapping[str, Any], ecgs: Path) -> Asked:
    prompt, answer = (turn["value"] for turn in row["conversations"][:2])
    prompt = "".join(prompt) if isinstance(prompt, list) else prompt
    listed = [answer] if isinstance(answer, str) else list(answer)
    # PTB-XL's pictures are called 00009_hr-0.png, and others after their record, too.
    picture = Path(row.get("image_path") or row.get("image") or row["id"]).stem
    stem = picture.rpartition("-")[0] or picture
    paths = (_found(ecgs, stem),)
    question = prompt.replace("<image>", "").strip()
    facts = {"patient": f"{task}/{stem}"}
    name = f"{task}/{row['id']}"
    if task in LABEL_SPACES:
        gold = labels_in("".join(listed), LABEL_SPACES[task])
        return Asked(name, task, "labels", question, paths, gold, LABEL_SPACES[task], facts=facts)
    if task.startswith(_LETTERED):
        return Asked(name, task, "letter", question, paths, listed[0].strip()[:1], facts=facts)
    if "Options:" in question:
        listing = question.split("Options:")[-1].partition("Only answer")[0]
        options = tuple(option.strip().lower() for option in listing.split(",") if option.strip())
        gold = sorted(split_options(listed, options) or (part.lower() for part in listed))
        return Asked(name, task, "options", question, paths, gold, options, facts=facts)
    return Asked(name, task, "text", question, paths, " ".join(listed), facts=facts)


def labels_in(text: str, space: Sequence[str]) -> list[str]:
    """The labels that a text spells out, as whole words ("STD" is not "ST", nor "ABNORMAL" "NORM")."""
    return [label for label in space if re.search(rf"(?<![\w-]){re.escape(label)}(?![\w-])", text)]


def _found(ecgs: Path, stem: str) -> Path:
    if re.fullmatch(r"\d{5}_[hl]r", stem):
        return ptbxl_folds.path_of(ecgs / "ptb-xl" if (ecgs / "ptb-xl").is_dir() else ecgs, int(stem[:5]))
    return _headers(ecgs).get(stem, ecgs / stem)


@lru_cache(maxsize=1)
def _headers(ecgs: Path) -> dict[str, Path]:
    return {path.stem: path.with_suffix("") for path in ecgs.rglob("*.hea")}


# ---- PTB-XL


def _ptbxl(directory: Path, ecgs: Path, split: str) -> Iterable[Asked]:
    """A report of every record of the fold, scored by the superclasses it states."""
    for ecg, about in ptbxl_folds.fold(ecgs, split):
        path, classes = ptbxl_folds.path_of(ecgs, ecg), list(superclasses_of(about["codes"]))
        if classes:
            facts = ptbxl_folds.facts(ecgs, [ecg], [path])
            space = LABEL_SPACES["ptb-test"]
            group = "superclasses stated in the report"
            yield Asked(f"ptb-xl/{ecg}", group, "labels", REPORT_QUESTION, (path,), classes,
                        space, facts=facts)  # fmt: skip


@lru_cache(maxsize=4)
def _load(file: Path) -> list[dict[str, Any]]:
    rows = json.loads(file.read_text(encoding="utf-8"))
    return rows if isinstance(rows, list) else [rows]
