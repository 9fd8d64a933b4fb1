"""The dataset's rows: signals survive storage, and a row becomes the conversation that the model reads."""

import json

import numpy as np
import pyarrow as pa
import pytest

from anyecg.conversation import (
    conversation_schema,
    full_measurements,
    prompt_line,
    record_from_row,
    record_row,
    record_schema,
    refers_back,
    signal_from_bytes,
    signal_to_bytes,
    to_messages,
)
from anyecg.record import EcgRecord

MEASURED = {
    "heart_rate_bpm": 61.6,
    "pr_ms": None,
    "qrs_ms": 92.0,
    "qt_ms": 380.4,
    "qtc_bazett_ms": 385.0,
    "axis_deg": -12.3,
    "rhythm_regularity": "irregular",
    "quality": {"I": "good", "II": "noisy"},
}


@pytest.fixture
def record():
    signal = np.random.default_rng(0).normal(0, 0.5, (2, 500)).round(3).astype(np.float32)
    return EcgRecord(signal, ("I", "II"), 250.0, "one", 64.0, "female", "2024-05-01T10:00:00")


def row_of(record, **more):
    return record_row(record, record_id="one", source="test", patient_id="p", split="train", **more)


def test_a_signal_survives_storage_to_half_a_microvolt(record):
    data, step = signal_to_bytes(record.signal)
    assert step == 1.0
    np.testing.assert_allclose(signal_from_bytes(data, 2, step), record.signal, atol=0.0005)


def test_gaps_stay_gaps(record):
    signal = record.signal.copy()
    signal[1, 10:20] = np.nan
    data, step = signal_to_bytes(signal)
    np.testing.assert_array_equal(np.isnan(signal_from_bytes(data, 2, step)), np.isnan(signal))


def test_a_signal_beyond_the_range_of_int16_gets_a_coarser_step():
    signal = np.array([[0.0, 50.0, -65.534]], np.float32)
    data, step = signal_to_bytes(signal)
    assert 1 < step < 2.1
    np.testing.assert_allclose(signal_from_bytes(data, 1, step), signal, atol=step / 1000)


def test_a_record_comes_back_from_its_row(record):
    back = record_from_row(row_of(record))
    np.testing.assert_allclose(back.signal, record.signal, atol=0.0005)
    assert (back.leads, back.sampling_rate, back.age, back.sex) == (("I", "II"), 250.0, 64.0, "female")
    assert back.recorded_at == "2024-05-01T10:00:00"


def test_a_row_fits_its_schema(record):
    events = [{"kind": "noise", "start_s": 0.5, "end_s": 1.0, "leads": ["I"]}]
    beats = [{"time_s": 0.4, "kind": "N"}, {"time_s": 1.1, "kind": "V"}]
    measured = MEASURED | {"beats": beats, "median_beat": {"I": [0.0]}}
    row = row_of(record, findings=["SR"], known=["rhythm"], events=events, measurements=measured)
    back = pa.Table.from_pylist([row], schema=record_schema()).to_pylist()[0]
    assert back["events"] == events and back["findings"] == ["SR"]
    stored = json.loads(back["measurements"])
    assert "beats" not in stored and "median_beat" not in stored and stored["beat_kinds"] == "NV"
    assert full_measurements(stored)["beats"] == beats
    assert full_measurements(MEASURED)["beats"] == []


def test_a_conversation_fits_its_schema():
    names = set(conversation_schema().names)
    assert names == {
        "conversation_id", "task", "source", "split", "record_ids", "excerpts", "leads", "turns", "provenance", "gold",
    }  # fmt: skip


def test_the_prompt_line_says_who_what_and_the_numbers(record):
    assert prompt_line(2, record, MEASURED) == (
        "ECG 2: leads I, II, 2.0 s, age 64, female, recorded 2024-05-01. Measured: rate 62/min, irregular, PR ?, "
        "QRS 92 ms, QT 380 ms, QTc 385 ms, axis -12°. Poor: II noisy."
    )


def test_the_prompt_line_leaves_out_what_is_not_known(record):
    bare = EcgRecord(record.signal, record.leads, record.sampling_rate)
    assert prompt_line(1, bare) == "ECG 1: leads I, II, 2.0 s."


def test_messages_hold_the_ecgs_in_order_before_their_question(record):
    turns = [
        {"role": "user", "text": "Compare.", "ecgs": [0, 1]},
        {"role": "assistant", "text": "The same.", "ecgs": []},
    ]
    user, assistant = to_messages(turns, [record, record], [MEASURED, None])
    assert [part["type"] for part in user["content"]] == ["text", "ecg", "text", "ecg", "text"]
    assert user["content"][0]["text"].startswith("ECG 1: ") and user["content"][2]["text"].startswith("ECG 2: ")
    assert user["content"][-1]["text"] == "\nCompare."
    assert assistant == {"role": "assistant", "content": [{"type": "text", "text": "The same."}]}


def test_the_prompt_names_what_is_urgent_paced_or_exchanged_only_where_it_is():
    record = EcgRecord(np.zeros((1, 500), np.float32), ("II",), 50.0)
    plain = {"heart_rate_bpm": 70.0, "rhythm_regularity": "regular"}
    assert "Critical" not in prompt_line(1, record, plain) and "Paced" not in prompt_line(1, record, plain)
    urgent = plain | {
        "critical": [{"kind": "asystole"}, {"kind": "asystole"}, {"kind": "rate below 40"}],
        "placement": [{"kind": "RA-LA"}], "paced": "ventricular",
    }  # fmt: skip
    said = prompt_line(1, record, urgent)
    assert said.endswith("Critical: asystole, rate below 40. Electrodes exchanged: RA-LA. Paced: ventricular.")


def test_the_prompt_tells_what_the_heads_say(record):
    said = {
        "likely": [("sinus rhythm", 0.974)], "possible": [("left ventricular hypertrophy", 0.22)],
        "located": [("premature ventricular contraction", 3), ("noise", 2.4)],
    }  # fmt: skip
    assert prompt_line(1, record, MEASURED, said).endswith(
        "Poor: II noisy. Likely: sinus rhythm 97%. Possible: left ventricular hypertrophy 22%. "
        "Located: premature ventricular contraction ×3, noise 2.4 s."
    )
    nothing = prompt_line(1, record, None, {"likely": [], "possible": [], "located": []})
    assert nothing.endswith("2024-05-01. Likely: nothing. Located: nothing.")
    messages = to_messages([{"role": "user", "text": "What?", "ecgs": [0]}], [record], [None], [said])
    assert "Likely: sinus rhythm 97%" in messages[0]["content"][0]["text"]


def test_a_question_that_needs_no_history_is_told_from_one_that_does():
    alone = ("What does this ECG show?", "Write a report for this ECG.", "Is he okay?", "What does it show?", "report")
    assert not any(refers_back(question) for question in alone)
    back = (
        "And where?",
        "What else could that be?",
        "Why?",
        "Are you sure?",
        "Give me the places, please.",
        "What about V4?",
    )
    assert all(refers_back(question) for question in back)


def test_the_prompt_tells_what_two_ecgs_have_in_common(record):
    def said(*names):
        return {"likely": [(name, 0.9) for name in names], "possible": [], "located": []}

    first, second = said("sinus rhythm", "Q waves"), said("low QRS voltage", "sinus rhythm")
    at_once = [{"role": "user", "text": "Compare.", "ecgs": [0, 1]}]
    content = to_messages(at_once, [record, record], None, [first, second])[0]["content"]
    assert content[-2]["text"] == "\nOnly ECG 1: Q waves. Only ECG 2: low QRS voltage. Both: sinus rhythm."
    turns = [{"role": "user", "text": "And this?", "ecgs": [k]} for k in range(2)]
    later = to_messages(turns, [record, record], None, [first, first])
    assert len(later[0]["content"]) == 3 and "Only ECG 1: nothing." in later[1]["content"][-2]["text"]
    assert all(
        "Only" not in part.get("text", "") for part in to_messages(at_once, [record] * 2, None, None)[0]["content"]
    )


def test_words_of_a_file_or_a_person_are_no_placeholders(record):
    odd = EcgRecord(record.signal, ("I", "<|ecg|>"), 250.0)
    (message,) = to_messages([{"role": "user", "text": "What is <|ecg|>?", "ecgs": [0]}], [odd])
    texts = [part["text"] for part in message["content"] if part["type"] == "text"]
    assert not any("<|" in text for text in texts) and sum(part["type"] == "ecg" for part in message["content"]) == 1
