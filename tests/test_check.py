"""A text's numbers, places and findings are read in many phrasings, and held against the evidence."""

import pytest

from anyecg.check import contradictions
from anyecg.claims import IntervalClaim, interval_claims, number_claims

MEASURED = {
    "heart_rate_bpm": 72.0, "pr_ms": 160.0, "qrs_ms": 92.0, "qt_ms": 400.0, "qtc_bazett_ms": 438.0,
    "qtc_fridericia_ms": 425.0, "axis_deg": 45.0, "rhythm_regularity": "regular", "p_ms": 104.0,
}  # fmt: skip


def values(text):
    return [(claim.key, claim.low) for claim in number_claims(text)]


@pytest.mark.parametrize(
    "text",
    [
        "rate 72/min", "Heart rate: 72 bpm.", "The heart rate is about 72 beats per minute.", "HR 72",
        "72 beats/min",
        "Sinus rhythm at 72/min.", "a ventricular rate of 72 / min", "The rate is 72 a minute", "**Heart rate:** 72",
    ],
)  # fmt: skip
def test_a_rate_is_read_in_many_phrasings(text):
    assert values(text) == [("heart_rate_bpm", 72.0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PR interval 160 ms", ("pr_ms", 160)),
        ("the PR interval is normal (160 ms)", ("pr_ms", 160)),
        ("PQ 0.16 s", ("pr_ms", 160)),
        ("a 160 ms PR interval", ("pr_ms", 160)),
        ("PR 160", ("pr_ms", 160)),
        ("QRS duration: 92 milliseconds", ("qrs_ms", 92)),
        ("narrow QRS complexes of 92 ms", ("qrs_ms", 92)),
        ("QT 400 ms", ("qt_ms", 400)),
        ("QTc 438 ms", ("qtc_ms", 438)),
        ("QTcF 425 ms", ("qtc_fridericia_ms", 425)),
        ("QTc (Bazett) 438 ms", ("qtc_bazett_ms", 438)),
        ("QTc is 425 ms by Fridericia", ("qtc_fridericia_ms", 425)),
        ("the corrected QT is 438 ms", ("qtc_ms", 438)),
        ("QRS axis: 45°", ("axis_deg", 45)),
        ("axis −30 degrees", ("axis_deg", -30)),
        ("the axis is at minus 30 deg", ("axis_deg", -30)),
        ("left axis (-45º)", ("axis_deg", -45)),
        ("P wave duration 104 ms", ("p_ms", 104)),
    ],
)
def test_intervals_and_axis_are_read_in_many_phrasings(text, expected):
    assert values(text) == [expected]


def test_a_whole_report_line_is_read():
    text = "Sinus rhythm, rate 72/min. PR 160 ms, QRS 92 ms, QT 400 ms, QTc 438 ms, axis 45°."
    assert dict(values(text)) == {
        "heart_rate_bpm": 72, "pr_ms": 160, "qrs_ms": 92, "qt_ms": 400, "qtc_ms": 438, "axis_deg": 45,
    }  # fmt: skip


def test_joined_names_take_joined_values():
    assert values("PR/QRS/QT 160/92/400 ms") == [("pr_ms", 160), ("qrs_ms", 92), ("qt_ms", 400)]
    assert values("QT/QTc: 400/438 ms") == [("qt_ms", 400), ("qtc_ms", 438)]


@pytest.mark.parametrize(
    "text",
    [
        "a QRS above 120 ms would be wide", "QTc < 450 ms is normal", "the PR interval is 20 ms longer",
        "QRS complex at 3.2 s", "PVC at 3.2-3.6 s", "the rate rose by 12/min",
        "an atrial rate of 300/min", "recorded 2024-05-01", "12 leads, 10.0 s", "25 mm/s, 10 mm/mV",
        "the rate changed from 70 to 85/min", "normal 60-100/min", "the axis (normal -30° to 90°)",
    ],
)  # fmt: skip
def test_limits_differences_and_places_are_not_values(text):
    assert values(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at 3.2-3.6 s", [(3.2, 3.6)]),
        ("from 3.2 to 3.6 seconds", [(3.2, 3.6)]),
        ("between 3.2 s and 3.6 s", [(3.2, 3.6)]),
        ("at 1.0–1.4, 3.2–3.6 and 5.0–5.4 s.", [(1.0, 1.4), (3.2, 3.6), (5.0, 5.4)]),
        ("1.0-1.4 s; 12-14.5 s", [(1.0, 1.4), (12.0, 14.5)]),
        ("PR 160-180 ms", []),
        ("the rate is 60-80/min", []),
        ("not present", []),
    ],
)
def test_places_in_time_are_read(text, expected):
    assert [(c.start_s, c.end_s) for c in interval_claims(text)] == expected


def test_a_place_keeps_its_leads():
    assert interval_claims("noise at 2-4 s in V1 and aVL.") == [IntervalClaim(2.0, 4.0, ("V1", "aVL"))]


def test_a_text_that_quotes_the_measurements_is_not_contradicted():
    text = "Regular sinus rhythm at 73/min, PR 165 ms, QRS 90 ms, QT 398 ms, QTc 425 ms, normal axis (50°)."
    assert contradictions(text, MEASURED, {}) == []


@pytest.mark.parametrize(
    "text",
    [
        "The heart rate is 120/min, which is fast (normal 60-100/min).",
        "The frontal QRS axis is -45°, a left axis deviation (normal -30° to 90°).",
        "The QRS duration is 150 ms, which is wide (normal below 120 ms).",
        "The QTc by Bazett is 470 ms, which is long (normal 350-450 ms in men, 350-460 ms in women).",
        "PR 220 ms (long) and QRS 150 ms (wide).",
    ],
)
def test_a_normal_range_behind_a_value_is_no_second_value(text):
    measured = {"heart_rate_bpm": 120.0, "axis_deg": -45.0, "qrs_ms": 150.0, "qtc_bazett_ms": 470.0, "pr_ms": 220.0}
    assert number_claims(text) and contradictions(text, measured, {}) == []


def test_each_wrong_number_gives_one_sentence_with_both_values():
    said = contradictions("Rate 90/min, PR 160 ms, QRS 130 ms, axis -40°.", MEASURED, {})
    assert said == [
        "The text gives a heart rate of 90/min; measured 72/min.",
        "The text gives a QRS duration of 130 ms; measured 92 ms.",
        "The text gives an axis of -40°; measured 45°.",
    ]


def test_a_number_that_could_not_be_measured_is_shown_with_the_reason():
    measured = {"pr_ms": None, "not_measurable": {"pr_ms": "no P wave was found"}}
    assert contradictions("PR interval 160 ms.", measured, {}) == [
        "The text gives a PR interval of 160 ms; it could not be measured (no P wave was found)."
    ]


def test_the_axis_is_compared_on_the_circle():
    measured = {"axis_deg": 178.0}
    assert contradictions("axis -176°", measured, {}) == []
    assert contradictions("axis 150°", measured, {}) != []
    assert contradictions("right axis deviation", measured, {}) == []
    assert contradictions("normal axis", measured, {}) == ['The text says "normal axis"; measured 178°.']
    assert contradictions("no right axis deviation", {"axis_deg": 20.0}, {}) == []


def test_irregular_is_held_against_the_measured_rhythm():
    assert len(contradictions("Irregular rhythm.", MEASURED, {})) == 1
    assert contradictions("Regular rhythm.", MEASURED, {}) == []


def test_findings_are_held_against_their_probability():
    head = {"AFIB": 0.02, "PVC": 0.95, "LVH": 0.4}
    assert contradictions("Atrial fibrillation, left ventricular hypertrophy, PVCs.", {}, head) == [
        "The text says atrial fibrillation; the finding head gives it 2 %."
    ]
    assert contradictions("No premature ventricular contractions, no atrial fibrillation.", {}, head) == [
        "The text denies premature ventricular contractions; the finding head gives it 95 %."
    ]


def test_a_bare_yes_or_no_answers_for_the_finding_in_the_question():
    asked = "Does this ECG show atrial fibrillation?"
    assert len(contradictions("Yes.", {}, {"AFIB": 0.01}, question=asked)) == 1
    assert contradictions("No.", {}, {"AFIB": 0.01}, question=asked) == []
    assert len(contradictions("No.", {}, {"AFIB": 0.99}, question=asked)) == 1


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is sinus rhythm?", "In sinus rhythm every QRS complex follows a P wave, at 60-100/min at rest."),
        ("Explain the heart axis.", "The main direction of activation. -30° to 90° is normal in adults."),
        ("What is atrial fibrillation?", "In atrial fibrillation the RR intervals are irregular."),
        ("Define left anterior fascicular block.", "The axis turns to the left, beyond -45°."),
    ],
)
def test_a_definition_is_no_claim_about_this_ecg(question, text):
    measured = {"heart_rate_bpm": 130.0, "axis_deg": 100.0, "rhythm_regularity": "regular"}
    assert contradictions(text, measured, {"AFIB": 0.0, "SR": 0.0, "LAFB": 0.0}, question=question) == []
    assert contradictions("The heart rate is 72/min.", measured, {}, question="What is the heart rate?") != []


def test_with_several_ecgs_a_sentence_is_held_against_the_one_it_names():
    both = [{"heart_rate_bpm": 60.0}, {"heart_rate_bpm": 90.0}]
    assert contradictions("ECG 1: rate 60/min. ECG 2: rate 90/min.", both, [{}, {}]) == []
    assert len(contradictions("ECG 1: rate 90/min. ECG 2: rate 60/min.", both, [{}, {}])) == 2
    assert contradictions("The rate is 90/min.", both, [{}, {}]) == []
    assert contradictions("ECG 2 shows sinus rhythm. The rate is 60/min.", both, [{}, {}]) != []


@pytest.mark.parametrize(
    "text",
    [
        "Rate 60/min in ECG 1, 110/min in ECG 2.",
        "ECG 2 is faster: 110/min against 60/min in ECG 1.",
        "In ECG 1 the rate is 60/min and in ECG 2 the rate is 110/min.",
        "Only in ECG 2: sinus tachycardia, atrial fibrillation. Only in ECG 1: sinus rhythm.",
        "New in ECG 2: atrial fibrillation. Not in ECG 2 any more: sinus rhythm, bigeminy.",
        "ECG 1 and 2 differ.",
    ],
)
def test_sentences_that_name_the_right_ecg_are_not_contradicted(text):
    both = [{"heart_rate_bpm": 60.0}, {"heart_rate_bpm": 110.0}]
    heads = [
        {"SR": 0.97, "AFIB": 0.01, "BIGU": 0.9, "STACH": 0.01},
        {"SR": 0.01, "AFIB": 0.97, "BIGU": 0.01, "STACH": 0.9},
    ]
    assert contradictions(text, both, heads) == []
    swapped = contradictions(text, both[::-1], heads[::-1])
    assert swapped or text in (
        "ECG 1 and 2 differ.",
        "New in ECG 2: atrial fibrillation. Not in ECG 2 any more: sinus rhythm, bigeminy.",
    )


def test_an_ecg_that_was_not_shown_is_named():
    assert contradictions("ECG 3 is normal.", [{}, {}], [{}, {}]) == ["The text speaks of ECG 3, but there are 2."]


@pytest.mark.parametrize(
    ("text", "heads", "caught"),
    [
        ("No conduction disturbance is present.", {"CLBBB": 0.98, "SR": 0.9}, True),
        ("No sign of myocardial infarction is present.", {"IMI": 0.9}, True),
        ("No premature beats are present.", {"PVC": 0.95}, True),
        ("No conduction disturbance is present.", {"CLBBB": 0.3}, False),
        ("No sign of myocardial infarction is present.", {"CLBBB": 0.98}, False),
        ("Complete left bundle branch block.", {"CLBBB": 0.98}, False),
    ],
)
def test_denying_a_whole_group_is_held_against_its_statements(text, heads, caught):
    assert bool(contradictions(text, None, heads)) is caught


def test_a_value_called_normal_outside_the_limits_given_is_caught():
    measured = {"qtc_bazett_ms": 465.0, "axis_deg": -15.0}
    wrong = contradictions("The QTc by Bazett is 465 ms, which is normal (normal 350-460 ms).", measured, None)
    assert wrong == ["The text calls 465 normal, but gives 350 to 460 as normal."]
    assert not contradictions("The frontal QRS axis is -15°, which is normal (normal -30° to 90°).", measured, None)
    assert not contradictions("The QTc by Bazett is 465 ms, which is long (normal 350-460 ms).", measured, None)


def test_a_normal_value_called_abnormal_is_caught():
    said = contradictions("Sinus rhythm, rate 81/min. QTc 431 ms (slightly long).", {"qtc_bazett_ms": 431.0}, None)
    assert any("431 long; 360 to 450 is normal" in sentence for sentence in said)
    assert not contradictions("QTc 476 ms (slightly long).", {"qtc_bazett_ms": 476.0}, None)


def test_limits_are_checked_in_answers_to_short_questions():
    text = "The QTc by Bazett is 465 ms, which is normal (normal 350-450 ms)."
    assert contradictions(text, {"qtc_bazett_ms": 465.0}, None, question="What is the QTc?")


def test_a_report_that_leaves_out_a_likely_diagnosis_is_told():
    heads = {"IMI": 0.72, "SR": 0.99, "LVH": 0.2}
    said = contradictions("Sinus rhythm, rate 68/min. Conclusion: normal ECG.", None, heads)
    assert said == ["The text does not mention inferior myocardial infarction; the finding head gives it 72 %."]
    told = "Sinus rhythm. Conclusion: abnormal ECG with myocardial infarction."
    assert not contradictions(told, None, heads)
    assert not contradictions("The rhythm is regular.", None, heads)


def test_a_finding_given_to_all_ecgs_must_fit_each():
    heads = [{"SR": 0.98, "AFIB": 0.01}, {"SR": 0.02, "AFIB": 0.95}]
    said = contradictions("The findings are the same. In both: sinus rhythm.", [None, None], heads)
    assert said == ["The text says sinus rhythm of all ECGs; in ECG 2 the finding head gives it 2 %."]
    assert not contradictions("In both: sinus rhythm.", [None, None], [heads[0], heads[0]])


def test_the_wrong_ecg_called_faster_is_caught():
    measured = [{"heart_rate_bpm": 52.0}, {"heart_rate_bpm": 55.0}]
    assert contradictions("ECG 1 is faster: 55/min against 52/min in ECG 2.", measured, None)
    assert not contradictions("ECG 2 is faster: 55/min against 52/min in ECG 1.", measured, None)
