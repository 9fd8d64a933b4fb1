"""Public benchmarks are read in their own layouts and scored by exact option sets, places, labels and letters."""

import argparse
import csv
import json

import numpy as np
import pytest

from tests.conftest import find_shared_data
from train import adapters, benchmark, ptbxl_folds
from train.adapters import questions
from train.journal import Journal


def write_ecg(path, seconds=10, rate=100, leads=("I", "II", "V1")):
    """A WFDB record of format 16 with 1 µV steps, in the manner of PTB-XL."""
    path.parent.mkdir(parents=True, exist_ok=True)
    n = seconds * rate
    signal = (300 * np.sin(np.arange(n) / 8)).astype("<i2")
    np.stack([signal] * len(leads), axis=1).tofile(path.with_suffix(".dat"))
    lines = [f"{path.name} {len(leads)} {rate} {n}"]
    lines += [f"{path.name}.dat 16 1000.0(0)/mV 16 0 0 0 0 {lead}" for lead in leads]
    path.with_suffix(".hea").write_text("\n".join(lines) + "\n")


class Parrot:
    """A chat that gives prepared texts in order, and counts the questions."""

    def __init__(self, texts):
        self.prepared, self.asked = list(texts), []

    def texts(self, conversations, with_measurements=True):
        self.asked += [turns[-1]["text"] for _, turns in conversations]
        return [self.prepared.pop(0) for _ in conversations]


def arguments(tmp_path, name, **more):
    options = {
        "model": tmp_path / "model", "benchmark": name, "directory": tmp_path / "questions", "ecgs": tmp_path / "ecgs",
        "out": tmp_path / "out", "split": "test", "limit": 0, "seed": 0, "baselines": [], "batch_size": 2,
    }  # fmt: skip
    return argparse.Namespace(**options | more)


@pytest.fixture
def ptbxl(tmp_path):
    """PTB-XL's layout with five records: 1 and 2 of fold 3, 3-5 of fold 10, 4 without signal files."""
    folder = tmp_path / "ecgs"
    for ecg in (1, 2, 3, 5):
        write_ecg(folder / "records100" / "00000" / f"{ecg:05d}_lr")
    columns = ("ecg_id", "patient_id", "age", "sex", "scp_codes", "strat_fold")
    codes = {1: "{'NORM': 100.0}", 2: "{'IMI': 80.0, 'SR': 0.0}", 3: "{'LVH': 50.0, 'AFIB': 0.0}", 4: "{'NORM': 100.0}",
             5: "{'SR': 0.0}"}  # fmt: skip
    with (folder / "ptbxl_database.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([ecg, f"{ecg}.0", "300.0", 1, codes[ecg], 3 if ecg < 3 else 10] for ecg in codes)
    return folder


@pytest.fixture
def ecg_qa(tmp_path, ptbxl):
    """ECG-QA's layout: three questions, one of them about an ECG that is not there."""
    folder = tmp_path / "questions"
    folder.mkdir()

    def row(sample, kind, template, question, answer, ecgs):
        return {"sample_id": sample, "question_type": kind, "template_id": template, "attribute_type": "scp_code",
                "question": question, "answer": answer, "ecg_id": ecgs, "attribute": None}  # fmt: skip

    rows = [
        row(1, "single-verify", 1, "Does this ECG show atrial fibrillation?", ["yes"], [3]),
        row(2, "comparison_irrelevant-query", 70, "Which are still abnormal?", ["qt interval", "rr interval"], [1, 3]),
        row(3, "single-verify", 1, "Does this ECG show noise?", ["no"], [4]),
    ]
    (folder / "ptbxl_test.json").write_text(json.dumps(rows))
    training = [row(k, "single-verify", 1, "?", [answer], [1]) for k, answer in enumerate(("no", "no", "yes"))]
    training.append(row(9, "comparison_irrelevant-query", 70, "?", ["none"], [1, 2]))
    (folder / "ptbxl_train.json").write_text(json.dumps(training))
    with (folder / "answers_for_each_template.csv").open("w", newline="") as file:
        features = "['none', 'p duration', 'pr interval', 'qrs duration', 'qt corrected', 'qt interval', 'rr interval']"
        csv.writer(file).writerows([("template_id", "classes"), (1, "['no', 'not sure', 'yes']"), (70, features)])
    return folder


def test_ecg_qa_gives_questions_with_their_options_ecgs_and_patients(ecg_qa, ptbxl):
    asked, left_out = questions("ecg-qa", ecg_qa, ptbxl)
    assert [a.name for a in asked] == ["ecg-qa/1", "ecg-qa/2"] and left_out == 1
    assert asked[0].options == ("no", "not sure", "yes") and asked[0].gold == ["yes"] and asked[0].constant == "no"
    assert [path.stem for path in asked[1].ecgs] == ["00001_lr", "00003_lr"]
    assert (asked[0].facts["patient"], asked[0].facts["split"], asked[1].facts["split"]) == (
        "ptb-xl/3",
        "held out",
        "train",
    )
    record = asked[0].records()[0]
    assert record.leads == ("I", "II", "V1") and record.age == 90.0 and record.sex == "female"


def test_ecg_qa_is_scored_by_exact_sets_and_a_killed_run_asks_nothing_again(ecg_qa, tmp_path):
    args = arguments(tmp_path, "ecg-qa")
    parrot = Parrot(["Yes, it does.", "The QT interval."])
    scores = benchmark.run_benchmark(parrot, args)["systems"]
    assert scores["anyecg"]["single-verify: exact match"]["value"] == 1.0
    assert scores["anyecg"]["comparison_irrelevant-query: exact match"]["value"] == 0.0
    assert scores["anyecg"]["comparison_irrelevant-query: options shared (Jaccard)"]["value"] == 0.5
    assert scores["anyecg"]["single-verify, folds 9 and 10 only: exact match"]["n"] == 1
    assert scores["anyecg"]["exact match, mean over question types"] == 0.5
    assert scores["constant"]["single-verify: exact match"]["value"] == 0.0

    file = tmp_path / "out" / "predictions.jsonl"
    first = file.read_text().splitlines()[0]
    file.write_text(first + '\n{"conversation_id": "ecg-qa/2", "te')  # killed while it wrote the second answer
    again = Parrot(["QT and RR interval."])
    scores = benchmark.run_benchmark(again, args)["systems"]["anyecg"]
    assert again.asked == ["Which are still abnormal?"] and len(file.read_text().splitlines()) == 2
    assert scores["comparison_irrelevant-query: exact match"]["value"] == 1.0


def test_predictions_of_another_run_are_not_mixed(tmp_path):
    Journal(tmp_path, {"model": "a", "split": "test"}).add([{"conversation_id": "1"}])
    assert set(Journal(tmp_path, {"model": "a", "split": "test"}).done) == {"1"}
    with pytest.raises(ValueError, match=r"written with another model; take another --out or delete"):
        Journal(tmp_path, {"model": "b", "split": "test"})


def test_missing_files_are_told_with_the_way_out(tmp_path, ecg_qa):
    with pytest.raises(ValueError, match=r"has its ECG files in .*00003_lr.hea\. Pass their folder as --ecgs"):
        questions("ecg-qa", ecg_qa, tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no JSON file of split 'valid'"):
        questions("ecg-qa", ecg_qa, tmp_path / "ecgs", "valid")
    with pytest.raises(ValueError, match=r"unknown benchmark 'mmlu'; known are ecg-qa, anyecg"):
        questions("mmlu", ecg_qa, tmp_path)


def test_anyecg_chats_files_are_read_and_places_scored_both_ways(tmp_path):
    folder, ecgs = tmp_path / "questions", tmp_path / "ecgs"
    folder.mkdir()
    write_ecg(ecgs / "mit_bih_arrhythmia" / "100", seconds=30, rate=360, leads=("MLII", "V1"))
    write_ecg(ecgs / "ptbxl" / "records500" / "00000" / "00007_hr")
    beat = {"ecg_path": "100", "dataset": "mit_bih_arrhythmia", "task": "location", "abnormal_type": "V",
            "question": "Where is the Premature ventricular contraction?"}  # fmt: skip
    rows = [
        beat | {"answer": "Duration: 1.0s-2.0s", "ecg_start": 3600, "ecg_end": 7200},
        beat | {"answer": "No Premature ventricular contraction Found", "ecg_start": 0, "ecg_end": 3600},
    ]
    (folder / "mit_bih_arrhythmia_test.json").write_text(json.dumps(rows))
    (folder / "ecgqa_test.json").write_text(json.dumps([{
        "question": "What is it? Please answer briefly.", "answer": "sinus rhythm, inverted t-waves", "template_id": 61,
        "ecg_path": ["records500/00000/00007_hr"], "dataset": "ptbxl", "task": "ecgqa", "question_type": "single-query",
    }]))  # fmt: skip
    asked, _ = questions("anyecg", folder, ecgs)
    by_kind = {a.kind: a for a in asked}
    assert by_kind["options"].question == "What is it?" and by_kind["options"].gold == [
        "inverted t-waves",
        "sinus rhythm",
    ]
    places = [a for a in asked if a.kind == "location"]
    assert places[0].gold == [[1.0, 2.0]] and places[0].records()[0].duration_s == pytest.approx(10.0)
    said = ["Sinus rhythm and T wave inversion.", "Premature ventricular contractions at 1.0-2.0 s.", "No such beat."]
    scores = benchmark.score([by_kind["options"], *places], said)
    assert scores["single-query: exact match"]["value"] == 1.0
    assert scores["mit_bih_arrhythmia: V: IoU"]["value"] == 1.0 and scores["mit_bih_arrhythmia: V: IoU"]["n"] == 1
    assert scores["IoU as published (rightly absent counts as 1)"]["n"] == 2


def test_ecgbench_files_are_read_as_labels_letters_and_options(tmp_path, ptbxl):
    folder = tmp_path / "questions"
    folder.mkdir()

    def write(task, *turns):
        rows = [
            {"id": f"{task}-{k}", "image_path": f"x/{k:05d}_lr-0.png",
             "conversations": [{"from": "human", "value": f"<image>\n{q}"}, {"from": "gpt", "value": a}]}
            for k, (q, a) in turns
        ]  # fmt: skip
        (folder / f"{task}.json").write_text(json.dumps(rows))

    write(
        "ptb-test", (1, ("Pick: NORM, MI, STTC, CD, HYP.", "NORM")), (2, ("Pick: NORM, MI, STTC, CD, HYP.", "MI, HYP"))
    )
    write("csn-test-no-cot", (3, ("Which?\nA. Sinus rhythm\nB. Atrial fibrillation", "B. Atrial fibrillation")))
    listed = "Is it AF? Options: yes, no\n\nOnly answer based on the given Options without any explanation."
    write("ecgqa-test", (5, (listed, ["yes"])))
    asked, left_out = questions("ecgbench", folder, ptbxl)
    kinds = {a.kind: a for a in asked}
    assert set(kinds) == {"labels", "letter", "options"} and left_out == 0
    assert kinds["options"].options == ("yes", "no") and kinds["letter"].gold == "B"
    texts = {"csn-test-no-cot/csn-test-no-cot-3": "Atrial fibrillation.", "ecgqa-test/ecgqa-test-5": "Yes."}
    texts |= {"ptb-test/ptb-test-1": "Normal ECG.", "ptb-test/ptb-test-2": "Inferior myocardial infarction."}
    scores = benchmark.score(asked, [texts[a.name] for a in asked])
    assert scores["csn-test-no-cot: accuracy"]["value"] == scores["ecgqa-test: exact match"]["value"] == 1.0
    assert scores["ptb-test: Hamming loss"]["value"] == pytest.approx(0.1)  # HYP of one record
    assert scores["ptb-test: macro F1"] == pytest.approx(2 / 3)


def test_labels_are_whole_words_and_ours_count_in_their_space():
    space = adapters.LABEL_SPACES["code15-test"]
    assert adapters.labels_in("ABNORMAL, STD", space) == ["ABNORMAL"]
    assert benchmark.labels_of("Sinus tachycardia with complete left bundle branch block.", space) == {"ST", "LBBB"}


def test_the_official_fold_asks_for_reports_and_knows_what_is_not_judged(ptbxl):
    asked, left_out = questions("ptb-xl", ptbxl, ptbxl)
    assert [(a.name, a.gold) for a in asked] == [("ptb-xl/3", ["HYP"])] and left_out == 1
    assert ptbxl_folds.labels_of(("SR",)) == (["SR"], ["rhythm"])
    findings, known = ptbxl_folds.labels_of(("LVH", "AFIB"))
    assert findings == ["LVH", "AFIB", "super:HYP", "sub:LVH"] and set(known) == {
        "diagnoses",
        "superclass",
        "subclass",
        "rhythm",
    }
    with pytest.raises(ValueError, match="no fold of its own"):
        list(ptbxl_folds.fold(ptbxl, "train"))


def test_the_real_excerpt_of_ecg_qa_is_read():
    directory = find_shared_data("text") / "ecg-qa"
    rows = json.loads((directory / "ptbxl_test.json").read_text())
    asked = list(adapters._ecg_qa(directory, directory, "test"))
    assert len(asked) == len(rows) and {a.group for a in asked} == {r["question_type"] for r in rows}
    assert all(set(a.gold) <= set(a.options) and a.constant for a in asked)
    assert all(benchmark._option_right(a, "; ".join(a.gold)) == 1.0 for a in asked[:200])
