"""Closed questions about one ECG are answered by its evidence, word for word; anything else is left alone."""

import numpy as np
import pytest

from anyecg.asked import answered, as_taught, given
from anyecg.asked.findings import GROUPS
from anyecg.evidence import Evidence
from anyecg.findings import EVENT_KINDS, HEAD_LABELS
from anyecg.leads import STANDARD_LEADS
from anyecg.record import EcgRecord
from train.scoring import class_scores_in_text, score_reports

HYPERTROPHY = "Probably yes: left ventricular hypertrophy 55 %."
PVC = EVENT_KINDS.index("premature ventricular contraction")


def evidence(leads=STANDARD_LEADS, ventricular_at=(), limits=None, **probabilities):
    """An ECG of 10 s with a beat every second; findings not named have 1 %."""
    labels = dict.fromkeys(HEAD_LABELS, 0.01) | probabilities
    events = np.zeros((100, len(EVENT_KINDS)), np.float32)
    for second in ventricular_at:
        events[round(10 * second) - 1 : round(10 * second) + 2, PVC] = 0.99
    beats = [{"time_s": float(second), "kind": "N"} for second in range(1, 10)]
    seconds = np.arange(1000) / 100 % 1  # a P wave, a QRS complex and a T wave every second, without noise
    beat = sum(
        h * np.exp(-(((seconds - at) / w) ** 2)) for h, at, w in ((0.1, 0.4, 0.03), (1, 0.55, 0.015), (0.3, 0.85, 0.06))
    )
    return Evidence(
        record=EcgRecord(np.tile(beat, (len(leads), 1)).astype(np.float32), tuple(leads), 100.0),
        measurements={"beats": beats, "quality": {}, "episodes": []}, labels=labels, event_probabilities=events,
        step_s=0.1, events=[], thresholds=dict.fromkeys((*HEAD_LABELS, *EVENT_KINDS), 0.4), limits=limits or {},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Is there atrial fibrillation?", "Yes: atrial fibrillation 97 %."),
        ("AF?", "Yes: atrial fibrillation 97 %."),
        ("any afib?", "Yes: atrial fibrillation 97 %."),
        ("does this ecg show left ventricular hypertrophy", "Probably yes: left ventricular hypertrophy 55 %."),
        ("Are there signs of inferior myocardial infarction?", "Probably not: inferior myocardial infarction 20 %."),
        ("Is there a left bundle branch block?", "No: complete left bundle branch block 1 %."),
        ("Do you see complete left bundle branch block?", "No: complete left bundle branch block 1 %."),
        ("Is the rhythm sinus rhythm?", "No: sinus rhythm 1 %. The rhythm is atrial fibrillation 97 %."),
        ("Is there a bundle branch block?", "No: bundle branch block 1 %."),
        ("Is there any hypertrophy?", "Probably yes: left ventricular hypertrophy 55 %."),
        ("Is there a myocardial infarction?", "Probably not: myocardial infarction 30 %."),
        (
            "Has the patient had a heart attack?",
            "Probably not: myocardial infarction 30 %. How old an infarction is, one ECG does not tell.",
        ),
        ("How likely is an infarction?", "Probably not: myocardial infarction 30 %."),
        ("Is there AV block, and which degree?", "No: AV block 1 %."),
        ("Is the left atrium enlarged?", "No: left atrial enlargement 1 %."),
        ("Is that flutter or fib?", "It shows atrial fibrillation 97 %; no atrial flutter 1 %."),
        ("Is this ECG normal?", "No: it shows atrial fibrillation 97 %, left ventricular hypertrophy 55 %."),
        (
            "Do you see any abnormality in this ECG?",
            "Yes: it shows atrial fibrillation 97 %, left ventricular hypertrophy 55 %.",
        ),
        ("Is the atrial fibrillation new?", ""),
        (
            "Is there atrial fibrillation or atrial flutter?",
            "It shows atrial fibrillation 97 %; no atrial flutter 1 %.",
        ),
        ("Decide between sinus rhythm and a paced rhythm.", "It shows neither sinus rhythm 1 % nor paced rhythm 1 %."),
        ("Which fits better, IMI or RVH?", ""),
        (
            "Inferior infarction or RVH?",
            "Rather inferior myocardial infarction 20 %; no right ventricular hypertrophy 1 %.",
        ),
        ("AF or LVH?", "Both: atrial fibrillation 97 %, left ventricular hypertrophy 55 %."),
        ("How would you describe the rhythm?", "Atrial fibrillation 97 %."),
        ("What is the rhythm?", "Atrial fibrillation 97 %."),
        ("Which rhythm is shown?", "Atrial fibrillation 97 %."),
        ("Which rhythm is shown, and is there hypertrophy?", f"Atrial fibrillation 97 %. {HYPERTROPHY}"),
        ("Which rhythm is shown, and is it the patient's own?", ""),
        ("Which hypertrophy does this ECG show?", HYPERTROPHY),
        ("Name the conduction disturbances of this ECG.", "No: conduction disturbance 1 %."),
        ("Which drugs cause hypertrophy?", ""),
        ("What is atrial fibrillation?", ""),
        (
            "Is there acute inferior myocardial infarction?",
            "Probably not: inferior myocardial infarction 20 %. As to acute infarction: I cannot tell: the waves of no "
            "lead could be measured in this recording.",
        ),
        ("Why is there atrial fibrillation?", ""),
        ("atrial fibrillation", ""),
        ("", ""),
    ],
)
def test_one_finding_is_answered_with_its_probability(question, said):
    probabilities = {"AFIB": 0.97, "LVH": 0.55, "IMI": 0.2, "super:MI": 0.3}
    answer, origin = given(question, [evidence(**probabilities)])
    assert (answer if origin == "evidence" else "") == said


@pytest.mark.parametrize("wish", ["Short answer, please.", "Just the answer, please.", "Be brief.", "Keep it short."])
def test_the_wish_for_a_short_answer_is_no_part_of_the_question(wish):
    question = "Is there an inferior infarction?"
    assert given(f"{question} {wish}", [evidence(IMI=0.66)]) == given(question, [evidence(IMI=0.66)])
    assert given(f"{question} {wish}", [evidence(IMI=0.66)])[1] == "evidence"


def test_a_normal_ecg_is_called_so_both_ways_round():
    normal = evidence(NORM=0.95, SR=0.97)
    assert answered("Is this ECG normal?", [normal]) == "Yes: normal ECG 95 %."
    assert answered("Is there anything abnormal in this ECG?", [normal]) == "No: normal ECG 95 %."
    mixed = evidence(NORM=0.6, IMI=0.72)
    assert answered("Is this ECG normal?", [mixed]) == "No: it shows inferior myocardial infarction 72 %."
    assert answered("Is this ECG normal?", [evidence(NORM=0.2)]) == (
        "No, though no single finding stands out: a normal ECG has 20 %."
    )


def test_what_the_leads_cannot_show_is_not_answered_with_a_number():
    strip = evidence(leads=("II",), IMI=0.9, NORM=0.9)
    assert answered("Is there inferior myocardial infarction?", [strip]).startswith(
        "This cannot be judged: it needs 2 of II"
    )
    assert answered("Is this ECG normal?", [strip]).startswith("Whether it is normal cannot be judged")
    assert answered("Is there a myocardial infarction?", [strip]).startswith("This cannot be judged")
    assert answered("Is there atrial fibrillation?", [strip]) == "No: atrial fibrillation 1 %."


def test_a_class_that_is_likely_without_any_of_its_statements():
    said = answered("Is there a myocardial infarction?", [evidence(**{"super:MI": 0.5, "IMI": 0.3, "ASMI": 0.25})])
    assert said == "Probably yes: myocardial infarction 50 %, though no single kind of it is likely enough."


def test_ventricular_beats_that_were_found_answer_whatever_the_finding_says():
    found = evidence(ventricular_at=(3, 7))
    assert answered("Are there PVCs?", [found]) == ("Yes: premature ventricular contractions at 2.9-3.3 s, 6.9-7.3 s.")
    assert answered("Are there PVCs?", [evidence()]) == "No: premature ventricular contractions 1 %."


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Where are the premature ventricular contractions?", "Premature ventricular contractions at 2.9-3.3 s."),
        ("Locate the PVCs.", "Premature ventricular contractions at 2.9-3.3 s."),
        ("Please list the intervals with PVCs.", "Premature ventricular contractions at 2.9-3.3 s."),
        ("Find all PVCs and give their times.", "Premature ventricular contractions at 2.9-3.3 s."),
        ("At which times is there atrial fibrillation?", "No atrial fibrillation is found in this record."),
        ("Give the start and end of the asystole.", "No asystole is found in this record."),
        ("Where is the infarction?", ""),
        ("Describe the premature ventricular contractions.", ""),
        ("What are premature ventricular contractions?", ""),
        ("Where are the premature ventricular contractions and the premature atrial contractions?", ""),
    ],
)
def test_a_question_for_places_is_answered_by_the_evidence(question, said):
    one = evidence(ventricular_at=(3,))
    assert answered(question, [one]) == said
    assert answered(question, [one, one]) == ""


def test_every_group_has_statements_and_a_class_of_the_head():
    for _, codes, group in GROUPS.values():
        assert codes and set(codes) <= set(HEAD_LABELS) and (not group or group in HEAD_LABELS)


def test_the_classes_of_a_report_are_ranked_by_what_it_says():
    text = "Inferior myocardial infarction. Conclusion: abnormal ECG. Also possible: left ventricular hypertrophy 31 %."
    assert class_scores_in_text(text) == [0.0, 1.0, 0.0, 0.0, 0.31]
    row = {"patient": "1", "gold": {"findings": [], "superclasses": ["MI"]}, "gold_text": text}
    rows = [
        row | {"text": text},
        row | {"patient": "2", "text": "Nothing.", "gold": {"findings": [], "superclasses": []}},
    ]
    assert score_reports(rows)["superclass AUROC of the text"]["value"] == 1.0


def test_a_question_of_everyday_words_is_put_as_a_small_model_was_taught():
    for question in (
        "Thoughts?", "What did you find?", "how's the heart?", "Everything you can see, please.", "results please",
        "Explain this ECG to me.", "Walk me through this tracing.", "This is my father's ECG, what does it show?",
        "Well?", "ECG of a patient with chest pain: what do you see?", "Name the abnormalities.",
        "What catches your eye?",
    ):  # fmt: skip
        assert as_taught(question) == "What does this ECG show?"
        assert given(question, [evidence()], for_small_model=True) == ("", "model")
    assert as_taught("tl;dr") == as_taught("The short version, please.") == "Summarise in one sentence."
    for question in ("Is there a delta wave?", "Thoughts on the ST segments?", "Please report in sections."):
        assert as_taught(question) == question
