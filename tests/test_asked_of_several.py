"""Closed questions on several ECGs are answered by their evidence."""

import pytest
from test_asked import evidence

from anyecg.asked import by_evidence
from anyecg.asked.several import answered_of_several
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
        == "Rates: 62/min in ECG 1, 75/min in ECG 2, 118/min in ECG 3."
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
        ("Is there LVH?", ""),
        ("Does ECG 3 show LVH?", ""),
    ],
)
def test_a_question_about_one_of_two_ecgs(question, said):
    assert by_evidence(question, [ecg(62.0, SR=0.97), ecg(118.0, SR=0.04, AFIB=0.96)]) == said
