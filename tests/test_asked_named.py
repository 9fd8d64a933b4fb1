"""What no rule understands is told by what it names, where the language model is too small to be asked."""

import pytest
from test_asked_topics import ecg

from anyecg.asked import given
from anyecg.asked.reading import completed, parts_of, spelt


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Could the LVH be due to rowing?", "Left ventricular hypertrophy 80 % (likely)."),
        ("Could the LVH be due to rowing?", "Sokolow-Lyon 3.67 mV"),
        ("Does the rate suit a diver?", "The heart rate is 60/min"),
        ("Is it AF with RVR", "Atrial fibrillation 1 % (unlikely)."),
        ("Should she be cardioverted at once?", "That is for the treating clinician to decide"),
        ("Does rowing suit him?", "I have no answer to that question. What the ECG shows instead:"),
        ("Is there LVH, and does rowing suit him?", "To the rest of the question I have no answer."),
    ],
)
def test_a_small_model_is_not_asked_what_it_was_not_taught(question, said):
    text, origin = given(question, [ecg()], for_small_model=True)
    assert said in text and origin == "evidence" and not text.startswith(("Yes: sinus", "No."))


def test_a_capable_model_is_asked_also_in_another_language():
    for question in ("Welcher Rhythmus ist das?", "Could the LVH be due to rowing?", "Quel est le rythme ?"):
        assert given(question, [ecg()]) == ("", "model")
    assert given("Welcher Rhythmus ist das?", [ecg()], for_small_model=True)[1] == "scope"
    assert given("Welcher Rhythmus ist das?", [])[1] == "scope"


@pytest.mark.parametrize("question", ["Write a report for this ECG.", "What is shown?", "What do you make of it?"])
def test_reports_are_the_models_of_any_size(question):
    assert given(question, [ecg()], for_small_model=True) == ("", "model")


def test_every_part_of_a_question_is_answered_and_a_tale_is_left_out():
    assert parts_of("He is 80. Is it AF, and what is the rate?") == ["Is it AF", "what is the rate?"]
    text = given("My uncle rows. Is there LVH? Is the axis normal?", [ecg()])[0]
    assert text.startswith("Yes: left ventricular hypertrophy 80 %.") and "axis is 40" in text


def test_slips_of_the_keyboard_are_put_right():
    assert spelt("Whats the pr intervall") == "Whats the pr interval"
    assert spelt("Is sotalol safe, and amiodarone?") == "Is sotalol safe, and amiodarone?"


def test_a_follow_up_takes_up_the_question_before():
    assert completed("And in V2?", "Is there ST elevation in V1?") == "Is there ST elevation in v2?"
    before = {"last_answer": "The PR interval is 160 ms.", "last_question": "How long is the PR interval?"}
    assert "120 to 200 ms is normal" in given("what is the normal range?", [ecg()], **before)[0]


def test_sokolow_is_not_read_as_ok():
    assert given("Does it fulfil Sokolow-Lyon?", [ecg()])[0].startswith("Yes: Sokolow-Lyon 3.67 mV")
