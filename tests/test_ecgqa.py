"""The official ECG-QA files become conversations whose gold scores their own answers right and keeps the splits."""

import csv
import json
from collections import Counter

import pytest

from data_builders import ecgqa
from data_builders.__main__ import main
from data_builders.shards import read_table, write_table
from train.scoring import question_is_right

COMPARED = {"question_type": "comparison_irrelevant-query", "attribute_type": "numeric_feature", "attribute": None}
QUESTIONS = [
    {"template_id": 26, "sample_id": 1, "question_type": "single-verify", "attribute_type": "noise",
     "question": "Is static noise present in lead aVL?", "answer": ["no"], "ecg_id": [1],
     "attribute": ["static noise"]},
    {"template_id": 69, "sample_id": 2, "question": "Which are now abnormal?",
     "answer": ["qt corrected", "pr interval"], "ecg_id": [4, 5], **COMPARED},
    {"template_id": 70, "sample_id": 3, "question": "Which are still abnormal?", "answer": ["none"],
     "ecg_id": [5, 4], **COMPARED},
    {"template_id": 5, "sample_id": 4, "question": "Which of LAFB and first degree AV block?",
     "question_type": "single-choose", "attribute_type": "scp_code", "answer": ["first degree av block"],
     "attribute": ["left anterior fascicular block", "first degree av block"], "ecg_id": [2]},
    {"template_id": 19, "sample_id": 5, "question": "Which leads show inverted T waves?",
     "answer": ["lead V1", "lead V2"], "question_type": "single-query", "attribute_type": "scp_code",
     "attribute": ["inverted t-waves"], "ecg_id": [1]},
    {"template_id": 1, "sample_id": 6, "question": "Does this ECG show LVH?", "answer": ["not sure"],
     "question_type": "single-verify", "attribute_type": "scp_code", "attribute": ["left ventricular hypertrophy"],
     "ecg_id": [1]},
    {"template_id": 69, "sample_id": 7, "question": "Across?", "answer": ["none"], "ecg_id": [1, 3], **COMPARED},
    {"template_id": 69, "sample_id": 8, "question": "Elsewhere?", "answer": ["none"], "ecg_id": [1, 9], **COMPARED},
    {"template_id": 69, "sample_id": 9, "question": "In training?", "answer": ["none"], "ecg_id": [1, 2], **COMPARED},
]  # fmt: skip
OPTIONS = {
    5: ["first degree av block", "left anterior fascicular block", "none"],
    19: ["lead I", "lead V1", "lead V2", "none"],
    69: (NUMBERS := ["none", "p duration", "pr interval", "qt corrected", "qt interval"]),
    70: NUMBERS,
    1: (WORDS := ["no", "not sure", "yes"]),
    26: WORDS,
}


@pytest.fixture
def folder(tmp_path):
    """An ECG-QA folder in the official layout, and a records table of three ECGs."""
    for split, questions in (
        ("train", QUESTIONS),
        ("test", QUESTIONS[:1]),
        ("valid", [QUESTIONS[0] | {"ecg_id": [3]}]),
    ):
        path = tmp_path / "qa" / "paraphrased" / split / "00000.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(questions))
    with (tmp_path / "qa" / "answers_for_each_template.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("template_id", "classes"), *((k, str(v)) for k, v in OPTIONS.items())])
    return tmp_path / "qa"


@pytest.fixture
def dataset(tmp_path):
    import pyarrow as pa

    rows = [
        {"record_id": f"ptb-xl/{k:05d}", "source": "ptb-xl", "split": s}
        for k, s in ((1, "train"), (2, "train"), (3, "test"), (4, "valid"), (5, "valid"))
    ]
    write_table(
        tmp_path / "out" / "records" / "ptb-xl-train-00000.parquet",
        rows,
        pa.schema(dict.fromkeys(rows[0], pa.string())),
    )
    return tmp_path / "out"


def conversations(dataset):
    rows = read_table(dataset, "conversations")
    return {row["conversation_id"]: row | {"gold": json.loads(row["gold"])} for row in rows}


def test_answers_are_sentences_and_their_gold_scores_them_right(folder, dataset):
    kept, _ = ecgqa.add_questions(dataset, folder)
    made = conversations(dataset)
    assert kept == Counter(train=4, valid=2, test=1)
    said = {name.rpartition("-")[2]: row["turns"][1]["text"] for name, row in made.items() if row["split"] != "test"}
    assert said == {
        "1": "No, this ECG shows no static noise in lead aVL.",
        "2": "Abnormal in ECG 2 and normal in ECG 1: QTc and PR interval.",
        "3": "None of the measured values.", "4": "This ECG shows first-degree AV block.",
        "5": "In lead V1 and lead V2.", "6": "Not sure.",
    }  # fmt: skip
    for row in made.values():
        text = row["turns"][1]["text"]
        assert question_is_right(text, row["gold"], text) == 1.0, text
        assert question_is_right("Maybe.", row["gold"], text) == 0.0
    assert made["ecg-qa-train-2"]["gold"]["answer"] == ["qt corrected", "pr interval"]
    assert question_is_right("Abnormal: QT interval and PR interval.", made["ecg-qa-train-2"]["gold"], "") == 0.0


def test_what_either_side_holds_out_never_trains(folder, dataset):
    _, dropped = ecgqa.add_questions(dataset, folder)
    made = conversations(dataset)
    assert made["ecg-qa-valid-1"]["split"] == "test"
    assert dropped == Counter({
        "its ECGs are in the splits test and train": 1, "an ECG is not in the dataset": 1,
        "ECG-QA holds it out (test), its ECGs train here": 1, "its numbers are not those that an answer is given": 1,
    })  # fmt: skip
    lines = (dataset / "rejected" / "ecg-qa.jsonl").read_text().splitlines()
    assert {json.loads(line)["row"] for line in lines} == {
        f"ecg-qa-{name}" for name in ("train-7", "train-8", "train-9", "test-1")
    }


def test_a_folder_without_the_files_is_refused_in_one_sentence(tmp_path, dataset, capsys):
    assert main(["ecg-qa", str(dataset), "--directory", str(tmp_path / "none")]) == 2
    assert "answers_for_each_template.csv not found" in capsys.readouterr().err


def test_a_dataset_without_ptbxl_is_refused(folder, tmp_path, capsys):
    assert main(["ecg-qa", str(tmp_path / "empty"), "--directory", str(folder)]) == 2
    assert "holds no PTB-XL record" in capsys.readouterr().err


# Attribute type and question type of the official grammar → the gold types of our own questions that cover it.
COVERAGE = {
    ("scp_code", "single-verify"): {"verify"}, ("scp_code", "single-choose"): {"choose"},
    ("scp_code", "single-query"): {"query", "lead query"},
    ("noise", "single-verify"): {"noise verify"}, ("noise", "single-choose"): {"noise choose"},
    ("noise", "single-query"): {"noise query"},
    ("stage_of_infarction", "single-verify"): {"stage verify"},
    ("stage_of_infarction", "single-choose"): {"stage choose"},
    ("stage_of_infarction", "single-query"): {"stage query"},
    ("extra_systole", "single-verify"): {"verify"}, ("extra_systole", "single-choose"): {"choose"},
    ("extra_systole", "single-query"): {"query", "count"},
    ("heart_axis", "single-verify"): {"axis verify"}, ("heart_axis", "single-choose"): {"axis choose"},
    ("heart_axis", "single-query"): {"axis query"},
    ("numeric_feature", "single-verify"): {"numeric verify"}, ("numeric_feature", "single-choose"): {"numeric range"},
    ("numeric_feature", "single-query"): {"numeric query"},
    **{(what, f"comparison_{relation}-{how}"): {f"pair {'numeric ' * (what != 'scp_code' and how == 'query')}{how}"}
       for what in ("scp_code", "numeric_feature") for relation in ("consecutive", "irrelevant")
       for how in ("verify", "query")},
}  # fmt: skip


def test_every_attribute_and_question_type_of_the_files_has_its_own_template(shared_data):
    folder = shared_data("text/ecg-qa")
    occurring = Counter((q["attribute_type"], q["question_type"]) for q in ecgqa._questions(folder))
    assert occurring and set(occurring) <= set(COVERAGE), occurring


def test_every_official_answer_can_be_said_and_scored(shared_data):
    folder = shared_data("text/ecg-qa")
    options = ecgqa._options(folder)
    for asked in list(ecgqa._questions(folder))[::7]:
        row = ecgqa._row("x", asked, "train", options[asked["template_id"]])
        text = row["turns"][1]["text"]
        assert question_is_right(text, json.loads(row["gold"]), text) == 1.0, (asked, text)


def test_every_option_of_the_vocabulary_is_told_from_the_others(shared_data):
    for template, options in ecgqa._options(shared_data("text/ecg-qa")).items():
        kind = "single-verify" if set(options) <= {"yes", "no", "not sure"} else "single-query"
        for option in options:
            asked = {"template_id": template, "question_type": kind, "attribute_type": "scp_code", "question": "?",
                     "answer": [option], "attribute": None, "ecg_id": [1], "split": "train"}  # fmt: skip
            row = ecgqa._row("x", asked, "train", options)
            text = row["turns"][1]["text"]
            assert question_is_right(text, json.loads(row["gold"]), text) == 1.0, (template, option, text)
