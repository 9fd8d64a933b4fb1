"""Follow-ups that name nothing are answered on what was spoken of before."""

from dataclasses import replace

import pytest
from test_asked import evidence
from test_asked_topics import ecg

from anyecg.asked import given
from anyecg.asked.reading import bare

AT = "Premature ventricular contractions at 2.9-3.3 s."


def follow(question, before, last="", one=None):
    return given(question, [one or ecg()], last, last_question=before)


@pytest.mark.parametrize("before", ["Are there premature ventricular contractions?", "ectopics?", "PVCs or Q waves?"])
@pytest.mark.parametrize(
    "question",
    ["Give me the places, please.", "At which times?", "When do they occur?", "Where exactly?", "Show me.", "where",
     "Can you mark them?", "and when in the strip?"],
)  # fmt: skip
def test_places_are_those_of_what_was_asked(before, question):
    last = given(before, [ecg()])[0]
    assert follow(question, before, last) == (AT, "evidence")


def test_places_are_those_of_what_a_report_found():
    report = "Sinus rhythm, rate 60/min. Premature ventricular contractions. Left ventricular hypertrophy."
    assert follow("Where exactly?", "Please report this ECG.", report)[0] == AT
    assert follow("Where exactly?", "Please report this ECG.", "Normal ECG.")[0].startswith("No extra beat, episode")


@pytest.mark.parametrize(
    ("question", "before", "said"),
    [
        ("How many?", "Any PVCs?", "1 premature ventricular contraction (at 2.9-3.3 s), among 9 beats."),
        ("in which leads", "ST depression?", "Measured: ST depression V5 -0.12 mV (-1.2 mm)."),
        ("how many mm?", "Where is the ST depression?", "Measured: ST depression V5 -0.12 mV (-1.2 mm)."),
        ("how deep?", "T inversion?", "Measured: inverted T waves V5 -0.20 mV (-2.0 mm) and V6 -0.15 mV (-1.5 mm)."),
        ("in which leads?", "pathological Qs?", "Measured: Q waves III -0.20 mV (-2.0 mm)."),
        ("where?", "LVH?", "Left ventricular hypertrophy is judged over the whole recording, without times. Sokolow"),
        ("what makes you say so?", "LVH?", "Left ventricular hypertrophy 80 % (likely). Sokolow-Lyon 3.67 mV"),
        ("where?", "any couplets?", "No ventricular couplet is found in this record."),
    ],
)
def test_leads_sizes_numbers_and_reasons_are_of_what_was_asked(question, before, said):
    last = given(before, [ecg()])[0]
    assert follow(question, before, last)[0].startswith(said)


def test_what_is_called_but_has_no_place_is_not_denied():
    said = follow("Where exactly?", "Is there atrial fibrillation?", "Yes.", evidence(AFIB=0.9))[0]
    assert said.startswith("I cannot place it: the recording as a whole has atrial fibrillation 90 %")


@pytest.mark.parametrize(
    "question",
    ["How long is the recording?", "How many leads are there?", "Where does it come from?", "When was it recorded?"],
)
def test_a_question_that_names_something_is_no_follow_up(question):
    assert AT not in follow(question, "Are there premature ventricular contractions?")[0]


def test_each_of_several_ecgs_has_its_places():
    other = replace(ecg(), event_probabilities=evidence().event_probabilities)
    before = {"last_question": "Do they show PVCs?"}
    said = given("where?", [ecg(), other], "", **before)[0]
    assert said.startswith(f"ECG 1: {AT}\n\nECG 2: I cannot place it")
    assert given("And where in the first one?", [ecg(), other], "", **before)[0] == f"ECG 1: {AT}"


def test_what_cannot_be_judged_still_tells_its_noise_and_its_length():
    one = replace(ecg(), unjudgeable="every lead is noisy")
    assert "cannot be judged" in given("Is there AF?", [one])[0]
    assert given("Where is the noise?", [one])[0] == "No noise is found in this record."
    assert given("How long is the recording?", [one])[0] == "The recording lasts 10.0 s."
    assert follow("where?", "Is there noise?", "", one)[0] == "No noise is found in this record."


@pytest.mark.parametrize(
    ("wish", "question"),
    [
        ("Please comment on the T waves too.", "What about the t waves?"),
        ("The rhythm as well, please.", "What about the rhythm?"),
        ("Anything on the conduction?", "What about the conduction?"),
        ("Now the QTc, please.", "What about the qtc?"),
        ("Comment on signal quality and T waves, please.", "Comment on signal quality and T waves, please."),
        ("Please comment on this ECG.", "Please comment on this ECG."),
        ("Is there LVH too?", "Is there LVH too?"),
    ],
)
def test_a_wish_to_hear_of_one_thing_is_a_question_for_it(wish, question):
    assert bare(wish) == question


def test_where_is_asked_of_what_the_report_named_without_its_places():
    ecg = evidence(ventricular_at=(3, 6), PVC=0.9, BIGU=0.9)
    report = "Rate 82/min. 2 premature ventricular contractions. Bigeminy at 5.4-8.9 s."
    said = given("Where exactly?", [ecg], report, last_question="Give me your read.")[0]
    assert said.startswith("Premature ventricular contractions at 2.9-3.3 s") and "igeminy" not in said
