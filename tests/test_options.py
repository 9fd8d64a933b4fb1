"""A free text is mapped to options by what it says alone, and what it does not say is never chosen."""

import inspect

import pytest

from train.options import chosen, chosen_letter, option_set, split_options

FEATURES = ("none", "p duration", "pr interval", "qrs duration", "qt corrected", "qt interval", "rr interval")
BIGEMINY = "bigeminal pattern (unknown origin, supraventricular, or ventricular)"


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("Yes, this ECG shows it.", ("no", "not sure", "yes"), {"yes"}),
        ("No ST depression is seen.", ("no", "yes"), {"no"}),
        ("I cannot tell.", ("no", "not sure", "yes"), {"not sure"}),
        ("I cannot tell.", ("no", "yes"), set()),
        ("Sinus rhythm at 70/min.", ("no", "yes"), set()),
        ("QRS duration and QTc.", FEATURES, {"qrs duration", "qt corrected"}),
        ("The corrected QT and the RR interval, but not the PR interval.", FEATURES, {"qt corrected", "rr interval"}),
        ("None of the measured values is abnormal.", FEATURES, {"none"}),
        ("The findings are the same.", FEATURES, set()),
        ("Anterior myocardial infarction.", ("myocardial infarction in anterior leads", "none"),
         {"myocardial infarction in anterior leads"}),
        ("Right bundle branch block.", ("conduction disturbance", "hypertrophy", "none"), {"conduction disturbance"}),
        ("Incomplete right bundle branch block.",
         ("complete right bundle branch block", "incomplete right bundle branch block"),
         {"incomplete right bundle branch block"}),
        ("T-wave inversion without ST depression.", ("inverted t-waves", "non-specific st depression", "none"),
         {"inverted t-waves"}),
        ("Leads I, V2 and aVF.", ("lead I", "lead II", "lead V2", "lead aVF", "none"),
         {"lead I", "lead V2", "lead aVF"}),
        ("Static noise in all leads: I, II and V2.", ("lead I", "lead II", "lead V2", "lead V3", "none"),
         {"lead I", "lead II", "lead V2"}),
        ("I see it in no lead.", ("lead I", "lead II", "none"), {"none"}),
        ("It is above normal.", ("above the normal range", "below the normal range", "within the normal range"),
         {"above the normal range"}),
        ("Left axis deviation.", ("left axis deviation", "normal heart axis"), {"left axis deviation"}),
        (f"{BIGEMINY}, sinus rhythm", (BIGEMINY, "sinus rhythm", "none"), {BIGEMINY, "sinus rhythm"}),
    ],
)  # fmt: skip
def test_options_are_read_from_what_the_text_says(text, options, expected):
    assert chosen(text, options) == expected


def test_the_rule_cannot_see_the_gold():
    assert list(inspect.signature(chosen).parameters) == ["text", "options"]
    assert list(inspect.signature(chosen_letter).parameters) == ["text", "question"]


def test_the_order_of_the_options_changes_nothing():
    text = "Prolonged QTc, and a wide QRS."
    assert chosen(text, FEATURES) == chosen(text, FEATURES[::-1]) == {"qt corrected", "qrs duration"}


def test_an_answer_of_options_alone_is_split_and_prose_is_not():
    assert split_options("qt interval, qrs duration", FEATURES) == {"qt interval", "qrs duration"}
    assert split_options(["none"], FEATURES) == {"none"}
    assert split_options("the qt interval is long", FEATURES) is None


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("B. Atrial fibrillation", "B"),
        ("The correct option is C.", "C"),
        ("Atrial fibrillation with a rate of 90/min.", "B"),
        ("Atrial fibrillation or atrial flutter.", None),
        ("An ECG.", None),
    ],
)
def test_a_letter_is_the_one_option_that_is_said(text, letter):
    question = "What is the rhythm?\nA. Sinus rhythm\nB. Atrial fibrillation\nC. Atrial flutter"
    assert chosen_letter(text, question) == letter


def test_options_match_as_sets_and_not_as_characters():
    assert option_set("Lead II and lead I.") == {"lead i", "lead ii"}
    assert option_set("ab") != option_set("b, a") == option_set(["a", "b"])
