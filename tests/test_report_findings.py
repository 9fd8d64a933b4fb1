"""A report names what the heads call; other text is left alone."""

import pytest
from test_asked import evidence

from anyecg.report_findings import unnamed_classes, with_called_findings, with_probabilities

ABNORMAL = "abnormal ECG with myocardial infarction"
LEFT_OUT = "The text left out inferior myocardial infarction; the finding head gives it 66 %; it was added."


@pytest.mark.parametrize(
    ("text", "becomes", "told"),
    [
        (
            "Sinus rhythm, rate 65/min. Conclusion: normal ECG.",
            f"Sinus rhythm, rate 65/min. Inferior myocardial infarction. Conclusion: {ABNORMAL}.",
            [LEFT_OUT],
        ),
        (
            "Atrial fibrillation, ventricular rate 65/min. QTc 480 ms (long). Long QT interval and inferior myocardial "
            "infarction. Conclusion: abnormal ECG with ST/T changes.",
            f"Sinus rhythm, rate 65/min. QTc 480 ms (long). Inferior myocardial infarction. Conclusion: {ABNORMAL}.",
            ["atrial fibrillation", "long QT interval"],
        ),
        (
            "Rhythm: Sinus rhythm, rate 65/min.\nFindings: Low QRS voltage.\nConclusion: Normal ECG.",
            "Rhythm: Sinus rhythm, rate 65/min.\nFindings: Inferior myocardial infarction.\n"
            f"Conclusion: A{ABNORMAL[1:]}.",
            [LEFT_OUT, "low QRS voltage"],
        ),
        (
            "Sinus rhythm, rate 65/min. Myocardial infarction of the inferior region and left fascicular block. Low "
            f"QRS voltage. Conclusion: {ABNORMAL}.",
            f"Sinus rhythm, rate 65/min. Inferior myocardial infarction. Conclusion: {ABNORMAL}.",
            [LEFT_OUT, "low QRS voltage"],
        ),
        ("Inferior myocardial infarction is there.", None, []),
    ],
)
def test_findings_of_a_report_are_those_of_the_heads(text, becomes, told):
    said, changes = with_called_findings(text, evidence(SR=0.97, IMI=0.66, NORM=0.2))
    if becomes is not None:
        assert said == becomes
    for words, change in zip(told, sorted(changes), strict=True):
        assert words in change
    assert with_called_findings(said, evidence(SR=0.97, IMI=0.66, NORM=0.2))[0] == said


def test_a_faithful_report_stays_word_for_word():
    text = (
        "Sinus rhythm, rate 65/min. PVC at 1.0-1.4 s. Inferior myocardial infarction and left ventricular hypertrophy. "
        "Conclusion: abnormal ECG with myocardial infarction and hypertrophy."
    )
    assert with_called_findings(text, evidence(SR=0.97, IMI=0.9, LVH=0.66)) == (text, [])
    other_way_round = with_called_findings(text, evidence(SR=0.97, IMI=0.66, LVH=0.9))[0]
    assert "Left ventricular hypertrophy and inferior myocardial infarction." in other_way_round
    normal = "Sinus bradycardia, rate 50/min. Conclusion: normal ECG."
    assert with_called_findings(normal, evidence(SR=0.5, SBRAD=0.9, NORM=0.9)) == (normal, [])
    mixed = "Sinus rhythm, rate 65/min. Low QRS voltage. Conclusion: normal ECG."
    assert with_called_findings(mixed, evidence(SR=0.97, LVOLT=0.6, NORM=0.9)) == (mixed, [])


def test_a_report_without_a_conclusion_gets_one_and_what_it_left_out():
    text = "Sinus rhythm, rate 90/min. QTc 500 ms (long)."
    said, changes = with_called_findings(text, evidence(SR=0.9, IMI=0.66))
    assert said == f"{text} Inferior myocardial infarction. Conclusion: {ABNORMAL}." and changes == [LEFT_OUT]
    assert (
        with_called_findings("Sinus rhythm, rate 90/min.", evidence(SR=0.9, IMI=0.66))[1] == []
    )  # the rhythm was asked


def test_a_report_in_one_line_names_what_is_called():
    known = evidence(SR=0.97, IMI=0.66, NORM=0.2)
    for text in ("Sinus rhythm, rate 74/min: normal ECG.", "Atrial fibrillation, ventricular rate 74/min: normal ECG."):
        assert with_called_findings(text, known)[0] == "Sinus rhythm, rate 74/min: inferior myocardial infarction."
    text, changes = with_called_findings("Rate 74/min, irregular: low QRS voltage.", evidence(AFIB=0.9, SR=0.02))
    assert text == "Rate 74/min, irregular: atrial fibrillation." and len(changes) == 2
    normal = "Sinus rhythm, rate 74/min: normal ECG."
    assert with_called_findings(normal, evidence(SR=0.97, NORM=0.9)) == (normal, [])
    unsure = with_called_findings(normal, evidence(SR=0.97, NORM=0.2))[0]
    assert unsure.startswith("Sinus rhythm, rate 74/min: not a clearly normal ECG")


def test_an_ecg_with_extra_beats_or_another_rhythm_is_not_simply_normal():
    text = "Sinus rhythm, rate 65/min. Premature atrial contractions. Conclusion: normal ECG."
    said = with_called_findings(text, evidence(SR=0.9, NORM=0.8, PAC=0.7))[0]
    assert said.endswith("Conclusion: normal ECG but for premature atrial contractions.")
    text = "Atrial fibrillation, ventricular rate 65/min. Conclusion: normal ECG."
    said = with_called_findings(text, evidence(AFIB=0.9, NORM=0.6, SR=0.1))[0]
    assert said == "Atrial fibrillation, ventricular rate 65/min. Conclusion: abnormal ECG as said."


def test_a_rhythm_that_is_surely_not_there_is_taken_out():
    text = "Atrial flutter, ventricular rate 150/min. Conclusion: normal ECG."
    surely_not = with_called_findings(text, evidence(SR=0.2, AFLT=0.03, NORM=0.6))[0]
    assert surely_not == "Rate 150/min. Conclusion: normal ECG."
    assert with_called_findings(text, evidence(SR=0.2, AFLT=0.3, NORM=0.6))[0] == text


def test_few_leads_with_a_finding_are_not_without_anything_abnormal():
    text, _ = with_called_findings("Rate 84/min. Conclusion: normal ECG.", evidence(leads=("II",), SR=0.9, PVC=0.8))
    assert text == (
        "Rate 84/min. Premature ventricular contractions. "
        "Conclusion: as said; what these leads do not show cannot be judged."
    )


def test_nothing_called_is_not_called_normal():
    text, _ = with_called_findings("Sinus rhythm, rate 65/min. Conclusion: normal ECG.", evidence(SR=0.97, NORM=0.2))
    assert "Conclusion: not a clearly normal ECG" in text
    text = "Atrial fibrillation, ventricular rate 107/min. QTc 485 ms (long)."
    rhythm, _ = with_called_findings(text, evidence(AFIB=0.97))
    assert rhythm.endswith("QTc 485 ms (long). Conclusion: abnormal ECG as said.")


def test_every_finding_of_a_report_stands_with_its_probability():
    known = evidence(SR=0.97, AFIB=0.02, IMI=0.66, PVC=0.999, LAFB=0.3, **{"super:MI": 0.7, "super:CD": 0.55})
    text = (
        "Sinus rhythm, rate 65/min. Inferior myocardial infarction and premature ventricular contractions, no left "
        "anterior fascicular block. Conclusion: abnormal ECG with myocardial infarction and a conduction disturbance."
    )
    said = with_probabilities(text, known)
    assert said == (
        "Sinus rhythm, rate 65/min. Inferior myocardial infarction (66 %) and premature ventricular contractions "
        "(over 99 %), no left anterior fascicular block. Conclusion: abnormal ECG with myocardial infarction (70 %) "
        "and a conduction disturbance (55 %)."
    )
    assert with_probabilities(said, known) == said
    calibrated_as_likely = evidence(AFIB=0.6, limits={"AFIB": {"likely": 0.5}})
    assert "fibrillation (60 %)" in with_probabilities(
        "Atrial fibrillation, rate 9/min. Conclusion: x.", calibrated_as_likely
    )
    doubtful = with_probabilities(
        "Atrial fibrillation, ventricular rate 90/min. Conclusion: abnormal ECG.", evidence(AFIB=0.4)
    )
    assert doubtful.startswith("Atrial fibrillation (40 %), ventricular rate 90/min.")


def test_the_probability_of_what_leads_cannot_show_is_not_said():
    text = "Inferior myocardial infarction. Conclusion: abnormal ECG with myocardial infarction."
    assert with_probabilities(text, evidence(leads=("V5",), IMI=0.66)) == text


def test_classes_that_a_report_leaves_out_are_known():
    text = "Inferior myocardial infarction. Conclusion: abnormal ECG with hypertrophy."
    assert unnamed_classes(text, evidence(**{"super:STTC": 0.4})) == {"CD": 0.01, "STTC": 0.4}


def test_a_normal_ecg_that_is_less_likely_than_a_class_is_called_uncertain():
    text = "Sinus rhythm, rate 65/min. Conclusion: normal ECG."
    said = with_called_findings(text, evidence(SR=0.97, NORM=0.42, **{"super:STTC": 0.48}))[0]
    assert said == "Sinus rhythm, rate 65/min. Conclusion: uncertain, normal ECG or ST/T changes."
