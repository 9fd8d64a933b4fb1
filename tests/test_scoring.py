"""Texts are scored task by task as the rules say."""

import pytest

from train.scoring import (
    changes_in_text,
    class_scores_in_text,
    classes_in_text,
    ecgs_in_text,
    measurement_is_right,
    question_is_right,
    score,
)


def prediction(task, text, gold, gold_text="", patient="p", n_ecgs=1):
    return {"task": task, "text": text, "gold": gold, "gold_text": gold_text, "patient": patient, "n_ecgs": n_ecgs}


def test_a_report_is_scored_by_its_statements_and_conclusion():
    gold = {"findings": ["SR", "LVH"], "superclasses": ["HYP"]}
    text = "Sinus rhythm, rate 70/min. Conclusion: abnormal ECG with hypertrophy."
    scores = score([prediction("report", text, gold, text)])["report"]
    assert scores["label recall"]["value"] == 0.5 and scores["label precision"]["value"] == 1.0
    assert scores["superclass F1 (micro)"]["value"] == 1.0 and scores["BLEU-4"]["value"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Conclusion: normal ECG.", {"NORM"}),
        ("Conclusion: abnormal ECG with ST/T changes and a conduction disturbance.", {"STTC", "CD"}),
        ("Conclusion: abnormal ECG.", set()),
        ("Inferior myocardial infarction.", {"MI"}),
        ("Conclusion: not a clearly normal ECG, without a finding that is likely enough to be named.", set()),
        ("Conclusion: normal ECG but for hypertrophy.", {"NORM", "HYP"}),
        ("Conclusion: no myocardial infarction, but hypertrophy.", {"HYP"}),
    ],
)
def test_superclasses_are_read_from_the_conclusion_and_the_statements(text, expected):
    assert classes_in_text(text) == expected


def test_localization_keeps_absent_cases_apart_and_prefers_given_intervals():
    here = {"kind": "noise", "intervals": [[1.0, 2.0]]}
    rows = [
        prediction("localization", "Noise at 1.0-2.0 s.", here),
        prediction("localization", "No noise is present.", {"kind": "noise", "intervals": []}),
    ]
    scores = score(rows)["localization"]
    assert scores["IoU"]["value"] == 1.0 and scores["IoU"]["n"] == 1
    assert scores["not present accuracy"]["value"] == 1.0 and scores["not present accuracy"]["n"] == 1
    assert score([{**rows[0], "intervals": []}])["localization"]["IoU"]["value"] == 0.0


def test_every_kind_counts_alike_in_the_macro_overlap():
    def row(kind, text):
        return prediction("localization", text, {"kind": kind, "intervals": [[1.0, 2.0]]})

    rows = [row("noise", "Noise at 1.0-2.0 s.")] * 3 + [row("pause", "There is no pause.")]
    scores = score(rows)["localization"]
    assert scores["IoU"]["value"] == 0.75 and scores["IoU (macro over kinds)"]["value"] == 0.5
    assert scores["IoU of noise"]["n"] == 3 and scores["IoU of pause"]["value"] == 0.0


@pytest.mark.parametrize(
    ("text", "gold", "right"),
    [
        ("The heart rate is 72/min, which is normal.", {"key": "heart_rate_bpm", "value": 72.3}, 1),
        ("The heart rate is 73/min.", {"key": "heart_rate_bpm", "value": 72.3}, 0),
        ("The QTc by Bazett is 440 ms.", {"key": "qtc_bazett_ms", "value": 440.2}, 1),
        ("The PR interval cannot be measured because there is no P wave.", {"key": "pr_ms", "value": None}, 1),
        ("The PR interval is 160 ms.", {"key": "pr_ms", "value": None}, 0),
        ("The rhythm is irregular.", {"key": "rhythm_regularity", "value": "regular"}, 0),
        ("The rhythm is not regular.", {"key": "rhythm_regularity", "value": "regular"}, 0),
        (
            "Rate 72/min, PR 160 ms.",
            {"key": "all", "value": {"heart_rate_bpm": 72.0, "pr_ms": 160.0, "qt_ms": None}},
            1,
        ),
        ("Rate 72/min, PR 170 ms.", {"key": "all", "value": {"heart_rate_bpm": 72.0, "pr_ms": 160.0}}, 0),
    ],
)
def test_a_measurement_is_right_when_the_number_is(text, gold, right):
    assert measurement_is_right(text, gold) == right


@pytest.mark.parametrize(
    ("text", "kind", "answer", "codes", "right"),
    [
        ("Yes, this ECG shows PVCs.", "verify", ["yes"], ["PVC"], 1),
        ("No, this ECG shows no PVC.", "verify", ["yes"], ["PVC"], 0),
        ("ST depression and Q waves.", "query", ["Q waves", "ST depression"], ["QWAVE", "STD_"], 1),
        ("Q waves.", "query", ["Q waves", "ST depression"], ["QWAVE", "STD_"], 0),
        ("No premature beats are present.", "query", ["none"], [], 1),
        ("ST/T changes.", "query", ["ST/T changes"], [], 1),
        ("Not sure.", "verify", ["no"], [], 0),
        ("Not sure.", "verify", ["not sure"], [], 1),
        ("Probably not: PVC 12 %.", "verify", ["no"], [], 1),
        ("This cannot be judged.", "verify", ["yes"], [], 0),
        ("Three premature atrial contractions.", "count", ["3"], [], 1),
        ("There are 3 PVCs, at 1.0-1.4 s, 2.0-2.4 s and 7.0-7.4 s.", "count", ["3"], [], 1),
        ("PVC at 3 s: 12 of them, rate 72/min.", "count", ["12"], [], 1),
        ("This ECG shows no PVC.", "count", ["0"], [], 1),
        ("None.", "count", ["3"], [], 0),
        ("PVCs.", "count", ["0"], [], 0),
        ("The P wave.", "knowledge", ["The P wave."], [], 1),
        ("The P wave. (Source: Willems et al. 1985 (CSE).)", "knowledge", ["The P wave."], [], 1),
        ("The T wave. (Source: Willems et al. 1985 (CSE).)", "knowledge", ["The P wave."], [], 0),
    ],
)
def test_a_question_is_right_when_the_set_of_options_is(text, kind, answer, codes, right):
    assert question_is_right(text, {"type": kind, "answer": answer, "codes": codes}, "The P wave.") == right


@pytest.mark.parametrize(
    ("text", "lies"),
    [
        ("Within: the PR interval is 173 ms (normal 120-200 ms).", "within"),
        ("The PR interval is 173 ms, which is normal (normal 120-200 ms).", "within"),
        ("The PR interval is 173 ms, inside the limits; normal is 120-200 ms.", "within"),
        ("The PR interval is 230 ms, which is slightly long (normal 120-200 ms).", "above"),
        ("Above the normal range.", "above"),
        ("The frontal QRS axis is -45°, a left axis deviation (normal -30° to 90°).", "below"),
        ("The QTc is not prolonged but normal.", "within"),
        ("The QTc is not normal.", None),
        ("The QTc may be short or long.", None),
        ("The PR interval is 173 ms.", None),
    ],
)
def test_where_a_number_lies_is_read_from_the_sentence(text, lies):
    for answer in ("below", "within", "above"):
        gold = {"type": "numeric range", "answer": [answer], "codes": []}
        assert question_is_right(text, gold, "") == float(answer == lies)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("ECG 2 shows it, ECG 1 does not.", {2}),
        ("ECG 1 and ECG 3 show noise, not ECG 2.", {1, 3}),
        ("ECG 2 shows atrial fibrillation (3 %, 90 %) but no PVC.", {2}),
        ("Neither ECG 1 nor ECG 2.", set()),
        ("None of them shows noise.", set()),
    ],
)
def test_an_ecg_that_a_text_denies_is_not_named(text, named):
    assert ecgs_in_text(text, 3) == named


def test_a_comparison_is_read_as_pairs_of_finding_and_change():
    text = "New in ECG 2: atrial fibrillation. Not in ECG 2 any more: sinus rhythm. Rate 70/min in ECG 1."
    assert changes_in_text(text) == {"new:AFIB", "resolved:SR"}


def test_a_question_for_one_change_is_scored_by_that_change():
    told = "Sinus arrhythmia (76 % against less than 1 %)."
    assert changes_in_text(told, "What is new in ECG 2?") == {"new:SARRH"}
    assert changes_in_text(told, "What has resolved?") == {"resolved:SARRH"}
    assert changes_in_text(told, "Compare both.") == set()
    headed = "New in ECG 2: atrial fibrillation. Unchanged: left ventricular hypertrophy."
    assert changes_in_text(headed, "What is new?") == {"new:AFIB"}
    gold = {"new": ["SARRH"], "resolved": [], "unchanged": ["NORM"]}
    row = {"task": "comparison", "patient": "p", "question": "What is new?", "text": told, "gold": gold, "n_ecgs": 2}
    assert score([row])["comparison"]["F1 of (finding, change)"]["value"] == 1.0


def test_a_change_that_is_said_to_be_uncertain_is_not_stated():
    text = "New in ECG 2: atrial fibrillation (2 % → 98 %), normal ECG (18 % → 37 %, uncertain). Unchanged: Q waves."
    assert changes_in_text(text) == {"new:AFIB", "unchanged:QWAVE"}
    assert ecgs_in_text("Both of them show noise.", 2) == {1, 2} and ecgs_in_text("ECG 2 shows it.", 3) == {2}
    gold = {"rates": [70, 82], "difference": 12}
    said = "ECG 2 is faster: 82/min against 70/min in ECG 1."
    assert score([prediction("comparison", said, gold, n_ecgs=2)])["comparison"]["both rates exact"]["value"] == 1.0


@pytest.mark.parametrize(
    ("text", "gold", "right"),
    [
        ("No: the QRS duration is 112 ms, which is normal.", "No. The QRS complexes are normal; QRS 112 ms.", True),
        ("No: the QRS duration is 112 ms, which is normal.", "Yes. Complete right bundle branch block.", False),
        ("Probably yes: premature ventricular contractions 37 %.", "Yes. Premature ventricular contractions.", True),
        ("Sinus rhythm 99 %; rate 92/min.", "Yes. Sinus rhythm, rate 92/min, regular.", False),
        ("The PR interval is 173 ms.", "The PR interval is 137 ms, which is normal.", False),
        ("Sinus rhythm. Left ventricular hypertrophy.", "The T waves are normal.", False),
        ("The T waves are abnormal.", "The T waves are normal.", False),
        ("The T waves look normal.", "The T waves are normal.", True),
        ("The rate is 72.", "Rate 72.", True),
        ("The rate is 72.5.", "Rate 72.", False),
    ],
)
def test_an_answer_on_one_thing_is_right_when_it_says_the_same(text, gold, right):
    assert question_is_right(text, {"type": "focused", "answer": []}, gold) == float(right)


def test_a_report_scores_classes_by_the_probabilities_that_it_states():
    text = (
        "Sinus rhythm. Inferior myocardial infarction (83 %). Conclusion: abnormal ECG with myocardial infarction "
        "(86 %) and hypertrophy. Also possible: ST/T changes (22 %), left anterior fascicular block (less than 1 %), "
        "normal ECG (15 %)."
    )
    assert class_scores_in_text(text) == [0.15, 0.86, 0.22, 0.01, 1.0]
