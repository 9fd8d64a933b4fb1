"""Leakage is found: patients in two splits, copies of a signal, questions that give their answer away."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import make_record

from anyecg.conversation import record_row
from anyecg.record import resample
from anyecg.simulate import simulate
from data_builders.__main__ import main
from data_builders.build import Options, build
from data_builders.leakage import as_markdown, check, fingerprints, guessing
from data_builders.shards import Shard, write_shard


def write(folder, rows):
    """Records as (id, patient, split, record)."""
    for split in ("train", "valid", "test"):
        part = [
            record_row(record, record_id=name, source="x", patient_id=patient, split=split)
            for name, patient, where, record in rows
            if where == split
        ]
        if part:
            write_shard(Shard("x", split, 0, ()), folder, part, [])
    return folder


def ecgs(n, seed=5):
    return [ecg.record for ecg in simulate(n, seed=seed, conditions=["SR"])]


def test_a_clean_dataset_passes(tmp_path):
    build(Options("simulated", tmp_path, count=20))
    report = check([tmp_path])
    assert report.records == 20 and report.patients == 18
    assert not report.patients_in_two_splits and not report.duplicates


def test_a_patient_in_two_datasets_with_other_splits_is_found(tmp_path):
    one, two = ecgs(2)
    a = write(tmp_path / "a", [("x/1", "patient 7", "train", one)])
    b = write(tmp_path / "b", [("y/1", "patient 7", "test", two)])
    assert check([a]).patients_in_two_splits == {}
    assert check([a, b]).patients_in_two_splits == {"patient 7": ["test", "train"]}


@pytest.mark.parametrize("change", ["rate", "gain", "inverted", "noise", "later"])
def test_a_changed_copy_is_found_and_other_hearts_are_not(tmp_path, change):
    records = ecgs(8)
    copy = records[0]
    signal = np.array(copy.signal)
    copy = {
        "rate": lambda: resample(copy, 100.0),
        "gain": lambda: replace(copy, signal=signal * 0.7 + 0.2),
        "inverted": lambda: replace(copy, signal=-signal),
        "noise": lambda: replace(copy, signal=signal + np.random.default_rng(0).normal(0, 0.02, signal.shape)),
        "later": lambda: copy.excerpt(0.333, 10.0),
    }[change]()
    rows = [(f"x/{k}", f"p{k}", "train", record) for k, record in enumerate(records)]
    report = check([write(tmp_path, [*rows, ("x/copy", "other", "test", copy)])])
    assert [pair[:2] for pair in report.duplicates] == [("x/copy", "x/0")]
    assert "x/copy and x/0" in as_markdown(report)


def test_short_and_flat_records_have_no_fingerprint():
    assert fingerprints(make_record(duration_s=5.0)) == []
    flat = make_record(leads=("II",), duration_s=10.0)
    assert fingerprints(replace(flat, signal=np.zeros_like(flat.signal))) == []


def conversation(question, answer, split):
    return {
        "task": "question", "split": split, "gold": json.dumps({"type": "verify", "answer": [answer]}),
        "turns": [{"role": "user", "text": question}, {"role": "assistant", "text": answer}],
    }  # fmt: skip


def test_questions_that_give_their_answer_away_are_measured():
    told = [
        conversation(f"Is it {x}?", x, split) for split in ("train", "test") for x in ("yes", "no") for _ in range(9)
    ]
    found = guessing(told)["question, verify"]
    assert found == {"questions": 18, "prior": 0.5, "from_question": 1.0, "from_words": 1.0}
    fair = [conversation("Is it so?", x, split) for split in ("train", "test") for x in ("yes", "no") for _ in range(9)]
    found = guessing(fair)["question, verify"]
    assert found["from_question"] == found["from_words"] == 0.5


def test_a_topic_has_a_prior_of_its_own_and_the_style_is_no_part_of_a_question():
    rows = [conversation("What is the rhythm?", ["sinus rhythm"], split) for split in ("train", "test")]
    rows.append(conversation("Which infarction? Be brief.", ["none"], "train"))
    rows.append(conversation("Which infarction?", ["none"], "test"))
    for row, topic in zip(rows, ("rhythm", "rhythm", "MI", "MI"), strict=True):
        row["gold"] = json.dumps(json.loads(row["gold"]) | {"topic": topic})
    found = guessing(rows)
    assert {task.rpartition(" of ")[2]: row["prior"] for task, row in found.items()} == {"rhythm": 1.0, "MI": 1.0}
    assert all(row["from_question"] == 1.0 for row in found.values())


def test_words_give_an_answer_away_in_a_phrasing_that_was_never_met():
    asks = ("Is there", "Do you see", "Any")
    train = [
        conversation(f"{ask} {x}?", said, "train") for ask in asks for x, said in (("flutter", "yes"), ("VT", "no"))
    ]
    asked = [conversation("Could it be flutter?", "yes", "test"), conversation("Could it be VT?", "no", "test")]
    found = guessing([*train, *asked])["question, verify"]
    assert (found["from_question"], found["from_words"]) == (0.5, 1.0)


def test_the_command_says_what_it_found_by_its_exit_code(tmp_path, capsys):
    one, two = ecgs(2)
    write(tmp_path / "a", [("x/1", "p1", "train", one), ("x/2", "p2", "test", two)])
    assert main(["check", str(tmp_path / "a")]) == 0
    write(tmp_path / "b", [("y/1", "p1", "test", two)])
    assert main(["check", str(tmp_path / "a"), str(tmp_path / "b")]) == 1
    assert "Patients in two splits: 1." in capsys.readouterr().out
    assert main(["check", str(tmp_path / "nothing")]) == 2
