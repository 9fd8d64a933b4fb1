"""A turn of the page: files in, answer out, nothing lost on an error, every visitor for himself."""

import numpy as np
import pytest
from fake_chat import FakeChat, evidence

from anyecg.answer import Answer
from anyecg.record import EcgRecord, RecordError
from app.session import MAX_ECGS, Session, plain, take_records, take_turn
from app.uploads import Uploads
from app.views import evidence_html, sheet_starts, strips_html


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
    assert "not measurable: no limb leads" in shown[-1] and "97%" in shown[-1]


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
    views, _, _ = run(take_turn(FakeChat(), session, "hello", []))
    assert "no ECG yet" in session.messages[-1]["content"] and views[-1].question == "hello"


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
    parts = (session.records, session.history, session.messages, session.intervals, session.uploads.waiting)
    assert not any(parts)


def test_the_number_of_ecgs_is_limited(session, tmp_path):
    run(take_records(FakeChat(), session, "", [make_record(f"r{k}") for k in range(MAX_ECGS)]))
    table = tmp_path / "more.csv"
    table.write_text("I\n" + "0.1\n0.2\n" * 100)
    run(take_turn(FakeChat(), session, "q", [table], {"sampling_rate": 100.0, "units": "mV"}))
    assert f"Only {MAX_ECGS} ECGs" in session.messages[-1]["content"] and len(session.records) == MAX_ECGS


def test_nothing_that_comes_from_a_file_or_a_model_is_taken_for_html(session):
    name = "<script>alert(1)</script>"
    record = make_record(name)
    answer = Answer(text="", contradictions=[name], warnings=[name], evidence=[evidence(record)], done=True)
    answer.intervals = [{"ecg": 1, "start_s": 1.0, "end_s": 2.0, "kind": name, "leads": [name]}]
    answer.evidence[0]["findings"].append({"code": name, "phrase": name, "probability": 0.5, "present": True})
    assert "<script" not in evidence_html(answer) + strips_html([record], answer.intervals)
    assert "<script" not in plain(name)


def test_a_long_recording_is_shown_where_the_answer_points():
    records = [make_record(duration_s=10.0), make_record(duration_s=300.0)]
    late = {"ecg": 2, "start_s": 200.0, "end_s": 201.0, "kind": "noise", "leads": []}
    assert sheet_starts(records, []) == {1: 0.0}
    assert sheet_starts(records, [late]) == {1: 198.0}


def test_what_cannot_be_judged_is_said_and_has_no_probabilities():
    entry = evidence(make_record()) | {"abstained": True, "reason": "no beat was found", "findings": []}
    shown = evidence_html(Answer(evidence=[entry], done=True))
    assert "cannot be judged: no beat was found" in shown and "calibrated probability" not in shown


def test_serial_ecgs_show_how_the_measurements_changed():
    entries = [evidence(make_record("a")), evidence(make_record("b")) | {"differences_from_ecg_1": {"qrs_ms": 14.2}}]
    shown = evidence_html(Answer(evidence=entries, done=True))
    assert "92 ms" in shown and "+14 against ECG 1" in shown


def test_of_several_ecgs_the_marked_or_else_the_newest_is_unfolded():
    records = [make_record("a"), make_record("b"), make_record("c")]
    mark = {"ecg": 2, "start_s": 1.0, "end_s": 2.0, "kind": None, "leads": []}
    folds = [part.split(">")[0] for part in strips_html(records).split("<details")[1:]]
    assert [" open" in fold for fold in folds] == [False, False, True]
    folds = [part.split(">")[0] for part in strips_html(records, [mark]).split("<details")[1:]]
    assert [" open" in fold for fold in folds] == [False, True, False]


def test_the_strip_shades_named_places_and_the_brief_events_beside_them():
    from types import SimpleNamespace

    from app.session import marked

    named = {"ecg": 1, "start_s": 1.0, "end_s": 1.2, "kind": "premature ventricular contraction", "leads": []}
    events = [
        {"kind": "premature ventricular contraction", "start_s": 1.0, "end_s": 1.2, "leads": [], "probability": 0.9},
        {"kind": "premature atrial contraction", "start_s": 3.0, "end_s": 3.2, "leads": [], "probability": 0.9},
        {"kind": "atrial fibrillation", "start_s": 0.0, "end_s": 10.0, "leads": [], "probability": 0.9},
    ]
    answer = SimpleNamespace(intervals=[named], evidence=[{"events": events}])
    marks = marked(answer, [SimpleNamespace(duration_s=10.0)])
    assert [mark["kind"] for mark in marks] == ["premature ventricular contraction", "premature atrial contraction"]


def test_a_general_question_needs_no_recording(session):
    list(take_turn(FakeChat(), session, "What is atrial fibrillation?", []))
    assert "Source: " in session.messages[-1]["content"]
