"""Rows that cannot be true are kept out of a dataset, with the reason."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import make_record

from data_builders import build as builds
from data_builders.build import Options, build
from data_builders.checks import why_not_a_conversation, why_not_a_record


def test_an_ecg_in_millivolts_passes():
    assert why_not_a_record(make_record()) is None


@pytest.mark.parametrize(
    ("factor", "said"), [(1000.0, "no ECG in millivolts"), (0.001, "no ECG in millivolts"), (0.0, "spreads over 0 mV")]
)
def test_wrong_units_are_found(factor, said):
    record = make_record()
    assert said in why_not_a_record(replace(record, signal=record.signal * factor))


def test_a_record_of_less_than_a_second_is_refused():
    assert "it lasts 0.50 s" in why_not_a_record(make_record(duration_s=0.5))


def conversation(answer, question="What is the heart rate?", **fields):
    turns = [{"role": "user", "text": question, "ecgs": [0]}, {"role": "assistant", "text": answer, "ecgs": []}]
    return {
        "conversation_id": "x-0", "turns": turns, "record_ids": ["a"], "leads": [[]], "gold": "{}",
        "excerpts": [{"start_s": 0.0, "end_s": 10.0}],
    } | fields  # fmt: skip


MEASURED = {"a": json.dumps({"duration_s": 10.0, "heart_rate_bpm": 72.0, "pr_ms": 160.0})}


def test_an_answer_against_the_measurements_is_found():
    assert why_not_a_conversation(conversation("The heart rate is 72/min."), MEASURED) is None
    assert "contradicts" in why_not_a_conversation(conversation("The heart rate is 95/min."), MEASURED)


def test_numbers_of_an_excerpt_are_held_against_its_own_measurements():
    part = {"excerpts": [{"start_s": 2.0, "end_s": 7.0}]}
    assert why_not_a_conversation(conversation("The heart rate is 95/min.", **part), MEASURED) is None
    gold = json.dumps({"measurements": {"heart_rate_bpm": 80.0}})
    said = why_not_a_conversation(conversation("The heart rate is 95/min.", gold=gold, **part), MEASURED)
    assert "measured 80/min" in said


@pytest.mark.parametrize(("rate", "kept"), [(100.0, True), (500.0, False)])
def test_a_rate_that_shows_no_spikes_says_nothing_against_pacing(rate, kept):
    measured = {"a": json.dumps({"duration_s": 10.0, "sampling_rate_hz": rate, "paced": None})}
    reason = why_not_a_conversation(conversation("Paced rhythm.", "Which rhythm is shown?"), measured)
    assert (reason is None) == kept


@pytest.mark.parametrize("answer", ["None.", "None of them."])
def test_none_is_an_answer(answer):
    assert why_not_a_conversation(conversation(answer), {}) is None


@pytest.mark.parametrize(
    "answer", ["", "  ", "The rate is None/min.", "None bpm.", "It is None.", "The {plural} are at 1.0-1.2 s."]
)
def test_empty_and_broken_answers_are_found(answer):
    assert why_not_a_conversation(conversation(answer), {}) is not None


def test_a_build_lists_what_it_rejects(tmp_path, monkeypatch):
    monkeypatch.setattr(builds, "why_not_a_record", lambda record: "odd" if record.name.endswith("-3-0") else None)
    summary = build(Options("simulated", Path(tmp_path), count=12, tasks=()))
    assert summary.records == 11 and summary.rejected == {"simulated/0000000003": "odd"}
    (line,) = (tmp_path / "rejected" / "simulated-train-00000.jsonl").read_text().splitlines()
    assert json.loads(line) == {"row": "simulated/0000000003", "reason": "odd"}


def test_simulated_answers_contradict_nothing(tmp_path):
    summary = build(Options("simulated", tmp_path, count=60))
    assert summary.conversations > 100
    assert len(summary.rejected) <= 0.03 * summary.conversations, summary.rejected


def test_the_check_of_units_looks_at_the_liveliest_lead():
    record = make_record()
    signal = np.array(record.signal)
    signal[0] = 0.0
    assert why_not_a_record(replace(record, signal=signal)) is None
