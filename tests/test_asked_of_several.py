"""Closed questions on several ECGs are answered by their evidence."""

from dataclasses import replace

import pytest
from test_asked import evidence

from anyecg.asked import as_taught, by_evidence, given
from anyecg.asked.relations import each_apart
from anyecg.asked.several import answered_of_several
from anyecg.findings import phrase
from data_builders.questions.pair_wording import ASKED, NUMERIC, QUERIES
from train.scoring import changes_in_text

SINUS_GONE = "ECG 1 shows sinus rhythm and ECG 2 does not show it (97 %, 4 %)."
FIBRILLATION_NEW = "ECG 1 does not show atrial fibrillation and ECG 2 shows it (3 %, 96 %)."
CHANGES = (
    "New in ECG 2: atrial fibrillation (3 % → 96 %). Not in ECG 2 any more: sinus rhythm (97 % → 4 %). "
    "Unchanged: left ventricular hypertrophy. Rate 62/min in ECG 1, 118/min in ECG 2."
)
APART = (
    CHANGES.replace("New in", "Only in")
    .replace("Not in ECG 2 any more", "Only in ECG 1")
    .replace("Unchanged", "In both")
)


def ecg(rate=70.0, **probabilities):
    one = evidence(**probabilities)
    return one.__class__(**{**one.__dict__, "measurements": one.measurements | {"heart_rate_bpm": rate}})


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Which of these ECGs shows atrial fibrillation?", "ECG 2 shows atrial fibrillation (3 %, 96 %)."),
        ("LVH: which of the recordings?", "Both of them show left ventricular hypertrophy (80 %, 70 %)."),
        ("Name the ECGs with sinus tachycardia.", "None of them shows sinus tachycardia (1 %, 1 %)."),
        ("Is atrial fibrillation new in ECG 2?", f"Yes: {FIBRILLATION_NEW}"),
        ("Does ECG 2 no longer show sinus rhythm?", f"Yes: {SINUS_GONE}"),
        ("Has sinus rhythm resolved in ECG 2?", f"Yes: {SINUS_GONE}"),
        ("Does ECG 1 show sinus rhythm, unlike ECG 2?", f"Yes: {SINUS_GONE}"),
        ("Does ECG 2 show sinus rhythm, unlike ECG 1?", f"No: {SINUS_GONE}"),
        ("Do both ECGs show LVH?", "Yes: both ECGs show left ventricular hypertrophy (80 %, 70 %)."),
        ("Does ECG 2 still show sinus tachycardia?", "No: neither ECG shows sinus tachycardia (1 %, 1 %)."),
        ("Which ECG has the faster heart rate?", "ECG 2 is faster: 118/min against 62/min in ECG 1."),
        ("Has the heart rate changed?", "ECG 2 is faster: 118/min against 62/min in ECG 1."),
        ("Describe the changes between these ECGs.", CHANGES),
        ("Same patient, two recordings. What has changed from ECG 1 to ECG 2?", CHANGES),
        ("They are of two different patients. Compare the two ECGs.", APART),
        ("Potassium was 6.4 mmol/l at ECG 2. What has changed?", ""),
        ("Is the atrial fibrillation in ECG 2 dangerous?", ""),
        ("Describe sinus rhythm.", ""),
        ("Is any of these ECGs normal?", "None of them is normal (1 %, 1 %)."),
    ],
)  # fmt: skip
def test_closed_questions_on_two_ecgs(question, said):
    two = [ecg(62.0, SR=0.97, AFIB=0.03, LVH=0.8), ecg(118.0, SR=0.04, AFIB=0.96, LVH=0.7)]
    assert answered_of_several(question, two) == said


def test_three_ecgs_and_what_cannot_be_told():
    three = [ecg(62.0), ecg(75.0, PVC=0.9), ecg(118.0, PVC=0.95)]
    assert answered_of_several("Which ECGs show PVCs?", three) == (
        "ECG 2 and ECG 3 show premature ventricular contractions (1 %, 90 %, 95 %)."
    )
    assert (
        answered_of_several("Compare the heart rates.", three)
        == "Heart rate: 62/min in ECG 1, 75/min in ECG 2, 118/min in ECG 3. From ECG 1 to ECG 3: +56/min; that is "
        "beyond day-to-day variation (±25/min). It rose from each to the next."
    )
    assert answered_of_several("Compare the heart rates.", [ecg(62.0), ecg(None)]).startswith("I cannot tell: no heart")
    assert answered_of_several("Which is faster?", [ecg(62.0), ecg(62.3)]).startswith("The rates are the same")
    assert answered_of_several("Which ECG shows PVCs?", three[:1]) == ""


def test_a_course_tells_each_step_and_leaves_out_what_an_ecg_cannot_show():
    three = [ecg(SR=0.9), ecg(SR=0.9, IMI=0.8), ecg(SR=0.2, AFIB=0.9, IMI=0.8)]
    assert answered_of_several("What has changed over time?", three) == (
        "ECG 1: sinus rhythm. ECG 2: new inferior myocardial infarction (1 % → 80 %). "
        "ECG 3: new atrial fibrillation (1 % → 90 %); no longer sinus rhythm (90 % → 20 %)."
    )
    pair = [ecg(SR=0.9, IMI=0.8), ecg(SR=0.9, leads=("II", "V1"))]
    assert answered_of_several("Compare these ECGs.", pair).startswith(
        "The findings are the same. Unchanged: sinus rhythm."
    )
    pairs = changes_in_text(CHANGES)
    assert pairs == {"new:AFIB", "resolved:SR", "unchanged:LVH"} == changes_in_text(APART)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "Does the second one show sinus rhythm?",
            "ECG 2: Probably not: sinus rhythm 4 %. The rhythm is atrial fibrillation 96 %.",
        ),
        ("Is ECG 1 normal?", "ECG 1: No, though no single finding stands out: a normal ECG has 1 %."),
        ("What is the heart rate in ECG 2?", "ECG 2: The heart rate is 118/min, which is fast (normal 60-100/min)."),
        ("Is there LVH in the first ECG?", "ECG 1: No: left ventricular hypertrophy 1 %."),
        (
            "Is there LVH?",
            "ECG 1 and ECG 2: No: left ventricular hypertrophy 1 %.",
        ),
        ("Does ECG 3 show LVH?", ""),
    ],
)
def test_a_question_about_one_of_two_ecgs(question, said):
    assert by_evidence(question, [ecg(62.0, SR=0.97), ecg(118.0, SR=0.04, AFIB=0.96)]) == said


OF = {"new": "AFIB", "gone": "SR", "still": "LVH", "absent": "IMI"}
NUMBERS = {"new": "PR interval", "gone": "QRS duration", "still": "QTc", "absent": "frontal axis"}
VALUES = {"heart_rate_bpm": 62.0, "p_ms": 100.0, "qt_ms": 400.0, "qtc_fridericia_ms": 470.0}


def measured(changes, **probabilities):
    one = evidence(**probabilities)
    return replace(one, measurements=one.measurements | VALUES | changes)


PAIR = [
    measured({"pr_ms": 160.0, "qrs_ms": 130.0, "qtc_bazett_ms": 480.0, "axis_deg": 40.0}, SR=0.97, AFIB=0.03, LVH=0.8),
    measured({"pr_ms": 220.0, "qrs_ms": 100.0, "qtc_bazett_ms": 485.0, "axis_deg": 42.0}, SR=0.04, AFIB=0.96, LVH=0.7),
]


@pytest.mark.parametrize("same_patient", [True, False])
def test_every_phrasing_of_a_relation_is_understood(same_patient):
    for relation, phrasings in ASKED[same_patient].items():
        for phrasing in phrasings:
            for holds, code in OF.items():
                said = answered_of_several(phrasing.format(x=phrase(code)), PAIR)
                assert said.startswith("Yes" if holds == relation else "No"), phrasing
    for relation, phrasings in NUMERIC[same_patient].items():
        for phrasing in phrasings:
            for holds, name in NUMBERS.items():
                said = answered_of_several(phrasing.format(f=name), PAIR)
                assert said.startswith("Yes" if holds == relation else "No"), phrasing
    named = {"new": "PR interval (160 ms → 220 ms).", "gone": "QRS duration (130 ms → 100 ms).",
             "still": "QTc (480 ms → 485 ms)."}  # fmt: skip
    for relation, phrasings in QUERIES[same_patient].items():
        for phrasing in phrasings:
            assert answered_of_several(phrasing.format(of="abnormal measured values"), PAIR) == named[relation], (
                phrasing
            )
            rhythms = {"new": "Atrial fibrillation", "gone": "Sinus rhythm", "still": "None."}[relation]
            assert answered_of_several(phrasing.format(of="rhythms"), PAIR).startswith(rhythms), phrasing


FIRST = measured({"pr_ms": 150.0, "qtc_bazett_ms": 440.0, "qtc_fridericia_ms": 430.0, "qrs_ms": 98.0}, SR=0.97)
LAST = measured({"pr_ms": 210.0, "qtc_bazett_ms": 500.0, "qtc_fridericia_ms": 490.0, "qrs_ms": 100.0}, AFIB=0.95)
MIDDLE = measured({"pr_ms": 160.0, "qtc_bazett_ms": 460.0, "qtc_fridericia_ms": 435.0, "qrs_ms": 97.0}, SR=0.9, LVH=0.5)
COURSE = [
    replace(one, record=replace(one.record, recorded_at=f"2024-05-0{day}T10:00"))
    for day, one in ((1, FIRST), (9, LAST), (4, MIDDLE))
]
RISING = (
    "Yes. PR interval: 150 ms in ECG 1 (2024-05-01), 160 ms in ECG 3 (2024-05-04), 210 ms in ECG 2 (2024-05-09). "
    "From ECG 1 to ECG 2: +60 ms; that is beyond day-to-day variation (±30 ms). It rose from each to the next."
)
WIDEST = (
    "ECG 2 has the widest QRS duration: 100 ms, against 98 ms in ECG 1, 97 ms in ECG 3. "
    "That is not told apart from ECG 1 and ECG 3 by the error of the measurement."
)
SINCE = "Atrial fibrillation is first seen in ECG 2 (2024-05-09), after ECG 3 (2024-05-04) (1 %, 95 %, 1 %)."
NORMAL_PR = "No. PR interval: 150 ms in ECG 1, 210 ms in ECG 2, 160 ms in ECG 3. Outside the normal range: ECG 2."
CHANGED = "ECG 1: sinus rhythm. ECG 3: new left ventricular hypertrophy (1 % → 50 %, uncertain)."
BETTER = "Whether that is better or worse is for a clinician to judge. ECG 3 (2024-05-04):"
DATES = "In the order of their dates: ECG 1 (2024-05-01 10:00), ECG 3 (2024-05-04 10:00)"


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Is the PR getting longer?", RISING),
        ("Is the QRS widening?", "No. QRS duration: 98 ms in ECG 1"),
        ("Has the QTc gone up?", "Yes. QTc: 440 ms in ECG 1 (2024-05-01), 460 ms in ECG 3 (2024-05-04), 500 ms in"),
        ("How has the QTc developed?", "QTc: 440 ms in ECG 1 (2024-05-01), 460 ms in ECG 3 (2024-05-04), 500 ms in"),
        ("Which one has the longest QTc?", "ECG 2 has the longest QTc: 500 ms, against 460 ms in ECG 3, 440 ms in"),
        ("Which ECG has the widest QRS?", WIDEST),
        ("Is the QTc longer in ECG 2 than in ECG 1?", "Yes: the QTc is 500 ms in ECG 2 and 440 ms in ECG 1; that is"),
        ("When did the atrial fibrillation appear?", SINCE),
        ("When did the LVH start?", "Left ventricular hypertrophy is first seen in ECG 3 (2024-05-04), after ECG 1"),
        ("Does the latest one still show sinus rhythm?", "No: ECG 1 and ECG 3 show sinus rhythm"),
        ("Which findings are only in the second?", "Atrial fibrillation (95 % against 1 %)."),
        ("What do they have in common?", "None."),
        ("Which findings are only in ECG 3?", "Left ventricular hypertrophy (50 % against 1 %, uncertain)."),
        ("What has changed over time?", CHANGED),
        ("Anything new?", CHANGED),
        (
            "Compare ECG 1 and ECG 2.",
            "From ECG 1 to ECG 2: new atrial fibrillation (1 % → 95 %); no longer sinus rhythm",
        ),
        ("Are there PVCs in any of them?", "None of them shows premature ventricular contractions (1 %, 1 %, 1 %)."),
        ("How long has he been in AF?", SINCE),
        ("How did the ECG change after the treatment?", CHANGED),
        ("Are the QRS durations the same?", "Yes, within day-to-day variation. QRS duration: 98 ms in ECG 1"),
        ("Which ECG was recorded first?", DATES),
        ("Which is the most abnormal?", "ECG 2 has the most findings and values outside their range (3)."),
        ("Is it getting better or worse?", BETTER),
        ("Are they from the same patient?", "I cannot tell: an ECG does not show whose it is."),
        ("Give me a table of the intervals.", "ECG 1 (2024-05-01): heart rate 62/min, PR interval 150 ms"),
        ("Is the PR normal in all?", NORMAL_PR),
        ("What is the rhythm?", "ECG 1: Sinus rhythm 97 %; rate 62/min.\n\nECG 2: Atrial fibrillation 95 %; rate"),
        ("Tell me about the last one.", "ECG 3: Sinus rhythm 90 %; rate 62/min"),
        ("Is the QTc of his brother longer?", ""),
    ],
)
def test_a_course_is_told_in_the_order_of_the_dates(question, said):
    text = by_evidence(question, COURSE)
    assert text.startswith(said) and (said or not text)


def test_a_change_within_the_error_or_without_a_value_is_not_called_one():
    unmeasured = [COURSE[0], replace(COURSE[1], measurements=COURSE[1].measurements | {"pr_ms": None})]
    assert by_evidence("Is the PR getting longer?", unmeasured).startswith("I cannot tell how it changed.")
    assert by_evidence("Which one has the longest PR?", unmeasured).startswith("I cannot tell")
    near = [COURSE[0], replace(COURSE[2], measurements=COURSE[2].measurements | {"pr_ms": 152.0})]
    assert by_evidence("Is the PR longer in ECG 2 than in ECG 1?", near).startswith(
        "Not clearly: the PR interval is 152 ms"
    )
    assert by_evidence("Which ECG was recorded first?", [COURSE[0], PAIR[0]]).startswith(
        "I cannot tell: ECG 2 has no date"
    )


def test_is_it_new_refers_to_what_was_said_before():
    text, origin = given("Is it new?", PAIR, last_answer="ECG 2: Yes: atrial fibrillation 96 %.")
    assert (text, origin) == (f"Yes: {FIBRILLATION_NEW}", "evidence")


def test_an_ecg_that_cannot_be_judged_is_not_answered_for():
    noise = replace(PAIR[1], unjudgeable="no lead has a usable signal")
    text = by_evidence("Is there atrial fibrillation?", [PAIR[0], noise])
    assert text.startswith("ECG 1: ") and "ECG 2: I cannot tell: this ECG cannot be judged" in text
    assert by_evidence("What is the rhythm in ECG 2?", [PAIR[0], noise]).startswith("ECG 2: I cannot tell")


def test_what_has_changed_names_an_interval_beyond_day_to_day_variation():
    common = evidence().measurements | {"qrs_ms": 90.0}
    before, after = (replace(evidence(SR=0.97), measurements=common | {"qtc_fridericia_ms": v}) for v in (443.0, 491.0))
    said = by_evidence("What has changed?", [before, after])
    assert "QTc (Fridericia) 443 → 491 ms, beyond day-to-day variation." in said and "QRS" not in said
    assert "beyond" not in by_evidence("What has changed?", [before, before])


def test_what_is_new_and_what_has_resolved_are_told_apart():
    said = by_evidence("Which findings are new and which have resolved?", PAIR)
    assert said.startswith("New in ECG 2: atrial fibrillation (") and "Not in ECG 2 any more: sinus rhythm (" in said
    assert given("Which findings are new and which have resolved?", PAIR)[0] == said


def test_a_report_of_each_is_written_for_each():
    for question in (
        "Report both.",
        "Write a report for each ECG.",
        "What does each one show?",
        "Give a report of all.",
    ):
        assert each_apart(question, PAIR) == [0, 1], question
        assert as_taught(question) == "What does this ECG show?"
    for question in (
        "What do both have in common?",
        "Report what both share.",
        "Compare both.",
        "Describe the changes.",
    ):
        assert each_apart(question, PAIR) == [], question
