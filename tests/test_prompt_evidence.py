"""What training tells the language model of the heads is what the chat tells it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import anyecg
from anyecg.conversation import full_measurements, stored_measurements, to_messages
from anyecg.evidence import gather, weigh
from anyecg.findings import CODES, EVENT_KINDS, HEAD_LABELS, phrase
from anyecg.heads import encode, encode_together
from anyecg.measure import measure
from anyecg.simulate import simulate
from tests.test_train import CONFIGS, write_dataset
from train.assemble import load_model
from train.collator import SILENT_EVERY, ConversationCollator, corrected
from train.run import run
from train.stages import load_curriculum


@pytest.fixture(scope="module")
def nano():
    model, processor = load_model(Path(anyecg.__file__).parent / "checkpoints" / "nano")
    return model.eval(), processor


@pytest.fixture(scope="module")
def records():
    beats = next(simulate(1, seed=3, conditions=["PVC"])).record
    return [beats, next(simulate(1, seed=4, conditions=["AFIB"], leads=("I", "II"), duration_s=14.0)).record]


def talk(number, records, measured):
    turns = [
        {"role": "user", "text": "What?", "ecgs": list(range(len(records)))},
        {"role": "assistant", "text": "This."},
    ]
    row = {"conversation_id": f"talk-{number}", "turns": turns}
    return {"row": row, "ecgs": records, "measurements": measured, "truth": [UNKNOWN] * len(records), "targets": []}


UNKNOWN = {
    "labels": np.full(len(HEAD_LABELS), -1, np.int8), "events": np.zeros((0, 3), np.float32),
    "known_events": np.zeros(len(EVENT_KINDS), bool),
}  # fmt: skip


def test_records_encoded_together_are_encoded_alike(nano, records):
    model, processor = nano
    together = encode_together(model, processor.feature_extractor, records)
    for one, record in zip(together, records, strict=True):
        alone = encode(model, processor.feature_extractor, record)
        np.testing.assert_allclose(one.findings_logits, alone.findings_logits, atol=1e-3)
        np.testing.assert_allclose(one.event_logits, alone.event_logits, atol=1e-3)


def test_the_dataset_tells_what_the_chat_tells(nano, records):
    model, processor = nano
    for record in records:
        stored = json.loads(json.dumps(stored_measurements(measure(record).to_dict())))
        encoded = encode(model, processor.feature_extractor, record)
        said = weigh(model, record, full_measurements(stored), encoded).said()
        assert said == gather(model, processor.feature_extractor, record).said()
        assert said["likely"]


def test_the_collator_tells_it_where_the_ecgs_were_measured(nano, records):
    model, processor = nano
    measured = [full_measurements(stored_measurements(measure(record).to_dict())) for record in records]
    talks = [talk(k, records, measured) for k in range(2 * SILENT_EVERY)] + [talk("bare", records, [None, None])]
    said = ConversationCollator(processor, model)._said(talks)
    told = [words is not None for words in said]
    assert not told[-1] and SILENT_EVERY < sum(told) < len(told)
    words = said[told.index(True)]
    assert len(words) == 2 and all({"likely", "possible", "located"} == set(one) for one in words)


def test_the_tokens_hold_the_words(nano, records):
    model, processor = nano
    measured = [full_measurements(stored_measurements(measure(records[0]).to_dict()))]
    batch = [talk(k, records[:1], measured) for k in range(2)]
    collate = ConversationCollator(processor, model)
    said = collate._said(batch)
    texts = processor.batch_decode(collate(batch)["input_ids"])
    for text, words in zip(texts, said, strict=True):
        assert ("Likely:" in text) == (words is not None)
    without = ConversationCollator(processor)(batch)
    assert not any("Likely:" in text for text in processor.batch_decode(without["input_ids"]))


def test_training_tells_what_the_heads_would_say_if_they_were_right(nano, records):
    model, processor = nano
    evidence = gather(model, processor.feature_extractor, records[0])
    assert corrected(evidence, UNKNOWN, np.random.default_rng(0)).said() == evidence.said()
    labels = np.zeros(len(HEAD_LABELS), np.int8)
    labels[[HEAD_LABELS.index(code) for code in ("AFIB", "CLBBB")]] = 1
    noise = [EVENT_KINDS.index("noise"), -1.0, 2.5]
    known = np.array([kind in ("noise", "premature ventricular contraction") for kind in EVENT_KINDS])
    truth = {"labels": labels, "events": np.array([noise], np.float32), "known_events": known}
    right = corrected(evidence, truth, np.random.default_rng(0))
    said = right.said()
    assert {name for name, _ in said["likely"]} == {phrase("AFIB"), phrase("CLBBB")}
    assert ("noise", 2.5) in said["located"] and "premature ventricular contraction" not in dict(said["located"])
    agreed = [
        code for code in CODES if evidence.labels[code] < evidence.thresholds[code] and code not in ("AFIB", "CLBBB")
    ]
    assert all(right.labels[code] == evidence.labels[code] for code in agreed)


def test_a_class_is_at_least_as_probable_as_its_statements(nano, records):
    labels = gather(*[nano[0], nano[1].feature_extractor], records[0]).labels
    assert labels["super:MI"] >= max(labels["IMI"], labels["ASMI"])


def test_an_ecg_that_nobody_can_judge_is_told_without_evidence():
    messages = to_messages(
        [{"role": "user", "text": "What?", "ecgs": [0]}], [next(simulate(1, seed=1)).record], None, [None]
    )
    assert "Likely" not in messages[0]["content"][0]["text"]


def test_what_the_leads_cannot_show_is_neither_told_nor_called(nano, records):
    model, processor = nano
    strip = records[0].select(["II"])
    evidence = gather(model, processor.feature_extractor, strip)
    sure = replace(evidence, labels=dict.fromkeys(evidence.labels, 0.99))
    told = {phrase for phrase, _ in sure.said()["likely"]}
    assert "sinus rhythm" in {p for p, _ in [(phrase(c), x) for c, x in sure.judged()]}
    assert not told & {"inferior myocardial infarction", "complete right bundle branch block", "normal ECG"}
    shown = {row["code"]: row for row in sure.to_dict(top=80)["findings"]}
    assert shown["IMI"]["verdict"] == "cannot be judged" and not shown["IMI"]["present"]
    assert "not usable: III, aVF" in shown["IMI"]["reason"]
    assert shown["AFIB"]["verdict"] == "likely" and shown["AFIB"]["present"]


def test_a_curriculum_calibrates_the_heads_that_it_tells(tmp_path):
    curriculum = load_curriculum(CONFIGS / "smoke.yaml")
    stages = tuple(replace(stage, steps=2) for stage in curriculum.stages[:2])
    curriculum = replace(curriculum, stages=stages, evidence_in_prompt=True)
    data = write_dataset(tmp_path / "data")
    last = run(curriculum, [data], tmp_path / "run")
    config = json.loads((last / "config.json").read_text())
    assert config["evidence_in_prompt"] and set(config["calibration"]["findings"]) == set(HEAD_LABELS)
    before = json.loads((tmp_path / "run" / stages[0].name / "config.json").read_text())["calibration"]
    assert before == config["calibration"]


def test_an_encoder_that_learns_again_is_calibrated_again(tmp_path):
    first = replace(load_curriculum(CONFIGS / "smoke.yaml").stages[0], steps=2)
    stages = (first, replace(first, name="again", seed=1))
    curriculum = replace(load_curriculum(CONFIGS / "smoke.yaml"), stages=stages, evidence_in_prompt=True)
    last = run(curriculum, [write_dataset(tmp_path / "data")], tmp_path / "run")
    of = [
        json.loads((tmp_path / "run" / s.name / "config.json").read_text())["calibration"]["findings"] for s in stages
    ]
    assert last.name == "again" and of[0] and of[1] and of[0] != of[1]
