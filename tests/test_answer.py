"""Wrong numbers of an answer are mended where that is certain, and its places belong to what the text says they are."""

from types import SimpleNamespace

import pytest

from anyecg.answer import Answer, checked, mended

MEASURED = {"heart_rate_bpm": 72.0, "pr_ms": 160.0, "not_measurable": {}}


def about(duration_s=10.0, events=(), **measured):
    """The evidence of one ECG."""
    record = SimpleNamespace(duration_s=duration_s)
    return SimpleNamespace(record=record, measurements=MEASURED | measured, findings={}, events=list(events))


def test_a_mended_number_is_told_once_and_no_longer_a_contradiction():
    answer = checked(Answer(text="Sinus rhythm, rate 95/min, PR 162 ms."), "What is shown?", [about()])
    assert answer.text == "Sinus rhythm, rate 72/min, PR 162 ms."
    assert answer.contradictions == ["The text gave a heart rate of 95/min; corrected to 72/min."]


def test_what_is_not_certain_stays_and_is_shown():
    answer = checked(Answer(text="The PR interval is 240 ms, which is prolonged."), "What is the PR?", [about()])
    assert "240 ms" in answer.text
    assert any("240 ms; measured 160 ms" in sentence for sentence in answer.contradictions)


@pytest.mark.parametrize("question", ["What is first-degree AV block?", "Explain the PR interval."])
def test_an_answer_about_things_in_general_is_not_mended(question):
    text = "The PR interval is 240 ms in first-degree AV block."
    assert mended(text, question, [about()]) == (text, [])


def test_an_answer_about_two_ecgs_is_not_mended():
    assert mended("Rate 95/min.", "What changed?", [about(), about()]) == ("Rate 95/min.", [])
