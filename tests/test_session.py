"""A turn of the page: files in, answer out, nothing lost on an error, every visitor for himself."""

import numpy as np
import pytest
from fake_chat import FakeChat, evidence

import anyecg.answer
from anyecg.answer import Answer
from anyecg.correct import corrected
from anyecg.record import EcgRecord, RecordError
from app.session import MAX_ECGS, Session, marked, take_records, take_turn
from app.uploads import Uploads
from app.words import ORIGINS, contradictions_and_corrections


@pytest.fixture
def session(tmp_path):
    return Session(Uploads(tmp_path))


def make_record(name="r1", duration_s=10.0, leads=("I", "II")):
    t = np.arange(round(duration_s * 100)) / 100
    return EcgRecord(np.tile(np.sin(6 * t), (len(leads), 1)), leads, 100.0, name=name)


def run(turn):
    views = list(turn)
    strips = [view.strips for view in views if view.strips is not None]
    shown = [view.evidence for view in views if view.evidence is not None]
    return views, strips, shown


def test_a_question_is_answered_with_strips_and_evidence(session):
    chat = FakeChat()
    views, strips, shown = run(take_records(chat, session, "What is the rate?", [make_record()]))
    assert len(views) > 5, "the answer streams"
    assert session.messages[-1]["content"].startswith("Sinus rhythm at 72/min")
    assert len(strips) == 2 and strips[0] != strips[1], "drawn on loading, and again with the answer's intervals"
    assert "QRS axis: no limb leads" in shown[-1] and "97%" in shown[-1]


def test_later_turns_know_the_earlier_ones_and_a_new_ecg_belongs_to_its_question(session):
    chat = FakeChat()
    run(take_records(chat, session, "first", [make_record("a")]))
    run(take_records(chat, session, "second", [make_record("b")]))
    assert [turn["ecgs"] for turn in session.history] == [[0], [], [1], []]
    assert chat.calls[1]["history"][0]["text"] == "first"
    assert [record.name for record in chat.calls[1]["records"]] == ["a", "b"]


def test_files_alone_are_shown_and_wait_for_a_question(session):
    chat = FakeChat()
    _, strips, _ = run(take_records(chat, session, "", [make_record()]))
    assert chat.calls == [] and len(strips) == 1
    assert "What would you like to know" in session.messages[-1]["content"]
    run(take_records(chat, session, "now", []))
    assert session.history[0]["ecgs"] == [0]


def test_an_unreadable_file_keeps_the_question_and_the_file(session, tmp_path):
    table = tmp_path / "holter.csv"
    table.write_text("I\n" + "\n".join(f"{np.sin(k / 9):.3f}" for k in range(300)))
    chat = FakeChat()
    views, _, _ = run(take_turn(chat, session, "What is the rate?", [table]))
    assert chat.calls == [] and views[-1].question == "What is the rate?"
    assert "sampling rate" in session.messages[-1]["content"] and views[-1].lacking
    assert "--" not in session.messages[-1]["content"], "the page has fields, not options of a command"
    run(take_turn(chat, session, "What is the rate?", [], {"sampling_rate": 100.0, "units": "mV"}))
    assert len(chat.calls) == 1 and chat.calls[0]["records"][0].sampling_rate == 100.0


def test_a_question_without_any_ecg_asks_for_one(session):
    for question in ("hello", "Is this normal?"):
        views, _, _ = run(take_turn(FakeChat(), session, question, []))
        assert "no ECG yet" in session.messages[-1]["content"] and views[-1].question == question


def test_an_empty_question_is_answered_once(session):
    for _ in range(2):
        run(take_turn(FakeChat(), session, "", []))
    assert len(session.messages) == 1 and "no ECG yet" in session.messages[0]["content"]
    run(take_records(FakeChat(), session, "", [make_record()]))
    for _ in range(2):
        run(take_turn(FakeChat(), session, "", []))
    assert session.messages[-2]["content"] == "Loaded. What would you like to know?"
    assert session.messages[-1]["content"] == "What would you like to know?"


def test_an_error_of_the_model_is_a_sentence_and_the_question_stays(session):
    chat = FakeChat(error=RecordError("r1 is too long."))
    views, _, _ = run(take_records(chat, session, "why?", [make_record()]))
    assert session.messages[-1]["content"] == "r1 is too long."
    assert views[-1].question == "why?" and session.history == [] and session.unseen == [0]


def test_stopping_keeps_what_was_said(session):
    turn = take_records(FakeChat(words=[f"w{k}" for k in range(50)]), session, "go", [make_record()])
    for _ in range(6):
        next(turn)
    session.stop.set()
    list(turn)
    said = session.messages[-1]["content"]
    assert "w1" in said and "w49" not in said and "stopped" in said
    assert session.history[-1]["text"].startswith("w0")


def test_a_new_patient_leaves_nothing_of_the_old_one(session, tmp_path):
    table = tmp_path / "x.csv"
    table.write_text("I\n0.1\n")
    run(take_records(FakeChat(), session, "q", [make_record()]))
    run(take_turn(FakeChat(), session, "q", [table]))
    session.clear()
    parts = (session.records, session.history, session.messages, session.intervals, session.answers)
    assert not any(parts) and not session.uploads.waiting


def test_an_answer_that_is_still_written_does_not_come_back_after_the_patient_is_cleared(session):
    turn = take_records(FakeChat(), session, "q", [make_record()])
    for _ in range(4):
        next(turn)
    session.clear()
    assert list(turn) == []
    assert not any((session.history, session.answers, session.messages, session.intervals))


def test_an_ecg_can_be_removed_and_the_conversation_forgets_what_was_said_of_it(session):
    chat = FakeChat()
    run(take_records(chat, session, "first", [make_record("a"), make_record("b")]))
    session.remove(0)
    assert [record.name for record in session.records] == ["b"]
    assert not session.history and not session.answers and not session.intervals
    assert "ECG 1 (a) was removed; 1 left" in session.messages[-1]["content"]
    run(take_records(chat, session, "now", []))
    assert [record.name for record in chat.calls[-1]["records"]] == ["b"] and chat.calls[-1]["history"] == []
    session.remove(5)
    assert len(session.records) == 1


def test_the_number_of_ecgs_is_limited(session, tmp_path):
    run(take_records(FakeChat(), session, "", [make_record(f"r{k}") for k in range(MAX_ECGS)]))
    table = tmp_path / "more.csv"
    table.write_text("I\n" + "0.1\n0.2\n" * 100)
    run(take_turn(FakeChat(), session, "q", [table], {"sampling_rate": 100.0, "units": "mV"}))
    assert f"Only {MAX_ECGS} ECGs" in session.messages[-1]["content"] and len(session.records) == MAX_ECGS


def event(kind, start_s, end_s):
    return {"kind": kind, "start_s": start_s, "end_s": end_s, "leads": [], "probability": 0.9}


EVENTS = [
    event("premature ventricular contraction", 1.0, 1.2),
    event("premature ventricular contraction", 5.0, 5.2),
    event("premature atrial contraction", 3.0, 3.2),
    event("noise", 2.95, 3.25),
    event("noise", 7.0, 8.0),
    event("atrial fibrillation", 0.0, 10.0),
]
NAMED = {"ecg": 1, "start_s": 1.0, "end_s": 1.2, "kind": "premature ventricular contraction", "leads": []}


def marked_starts(origin, intervals):
    answer = Answer(intervals=intervals, evidence=[{"events": EVENTS}], origin=origin)
    return sorted((mark["kind"], mark["start_s"]) for mark in marked(answer, [make_record()]))


def test_an_answer_about_one_kind_shades_all_places_of_it_and_nothing_else():
    pvc = "premature ventricular contraction"
    assert marked_starts("evidence", [NAMED]) == [(pvc, 1.0), (pvc, 5.0)]


def test_a_report_shades_every_brief_place_but_noise_that_only_covers_a_beat():
    kinds = marked_starts("model", [NAMED])
    pvc = "premature ventricular contraction"
    assert kinds == [("noise", 7.0), ("premature atrial contraction", 3.0), (pvc, 1.0), (pvc, 5.0)]


def test_a_report_shades_neither_what_is_unlikely_nor_what_nearly_every_beat_is():
    events = [
        event("atrial fibrillation", 2.0, 4.0) | {"probability": 0.3},
        event("left bundle branch block beat", 5.0, 8.0),
        event("bigeminy", 1.0, 6.0) | {"probability": None},
        event("pause", 6.0, 9.0) | {"probability": None},
    ]
    for origin, intervals, kinds in (
        ("model", [], ["pause"]),
        ("evidence", [NAMED | {"kind": "atrial fibrillation", "start_s": 2.0, "end_s": 4.0}], ["atrial fibrillation"]),
        ("evidence", [NAMED | {"kind": "bigeminy", "start_s": 0.0, "end_s": 0.5}], ["bigeminy"] * 2),
    ):
        answer = Answer(intervals=intervals, evidence=[{"events": events}], origin=origin)
        assert [mark["kind"] for mark in marked(answer, [make_record()])] == kinds


def test_each_answer_says_where_it_is_from(session):
    run(take_records(FakeChat(contradictions=["No."]), session, "q", [make_record()]))
    said = session.messages[-1]["content"]
    assert "Written by the language model" in said and "disagree" in said
    assert set(ORIGINS) == set(anyecg.answer.ORIGINS)


def test_what_was_put_right_is_told_apart_from_what_still_disagrees(session):
    right = "The text left out sinus rhythm; the finding head gives it 97 %; it was added."
    wrong = "The text places noise at 1.0-2.0 s; the evidence has none there."
    assert contradictions_and_corrections([right, wrong]) == (
        [wrong.replace("event head", "network")], [right.replace("finding head", "network")]
    )  # fmt: skip
    text, corrections = corrected("The heart rate is 90/min.", evidence(make_record())["measurements"])
    assert "72/min" in text and contradictions_and_corrections(corrections) == ([], corrections)
    run(take_records(FakeChat(contradictions=[right]), session, "q", [make_record()]))
    assert "put something right" in session.messages[-1]["content"]
    assert "disagree" not in session.messages[-1]["content"]


def test_a_general_question_needs_no_recording(session):
    list(take_turn(FakeChat(), session, "What is atrial fibrillation?", []))
    assert "Source: " in session.messages[-1]["content"]


@pytest.mark.parametrize(("sure", "kinds"), [(0.05, []), (0.4, ["atrial fibrillation"])])
def test_a_rhythm_that_the_whole_strip_denies_is_not_shaded(sure, kinds):
    entry = evidence(make_record()) | {
        "events": [{"kind": "atrial fibrillation", "start_s": 0.0, "end_s": 4.0, "leads": [], "probability": 0.7}],
        "rhythms": {"SR": 0.9, "AFIB": sure},
    }
    answer = Answer(text="Sinus rhythm.", evidence=[entry], done=True)
    assert [mark["kind"] for mark in marked(answer, [make_record()])] == kinds
