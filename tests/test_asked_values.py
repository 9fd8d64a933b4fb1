"""Measured numbers and single leads are answered from the measurements, with the right judgement."""

from dataclasses import replace

import pytest
from test_asked import evidence

from anyecg.asked import by_evidence

LEAD = {"st_mv": 0.03, "st_j_mv": 0.12, "t_mv": -0.2, "q_mv": -0.04, "r_mv": 0.8}
MEASURED = {
    "heart_rate_bpm": 104.0, "pr_ms": 212.0, "qrs_ms": 98.0, "qt_ms": 380.0, "qtc_bazett_ms": 455.0, "axis_deg": None,
    "not_measurable": {"axis_deg": "No limb leads."}, "rhythm_regularity": "regular", "leads": {"V4": LEAD},
}  # fmt: skip
LONG_PR = "the PR interval is 212 ms, which is slightly long (normal 120-200 ms)."
OUTSIDE = "Outside the normal range: rate 104/min (slightly fast), PR 212 ms (slightly long)."
NUMBERS = "Rate 104/min, PR 212 ms, QRS 98 ms, QT 380 ms, QTc 455 ms."


def asked(question, sex=None, **changes):
    one = evidence()
    one = replace(one, record=replace(one.record, sex=sex), measurements=one.measurements | MEASURED | changes)
    return by_evidence(question, [one])


BOTH_SEXES = "350-450 ms in men, 350-460 ms in women"


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is the heart rate?", "The heart rate is 104/min, which is slightly fast (normal 60-100/min)."),
        ("Is the PR interval normal?", f"No: {LONG_PR}"),
        ("hr?", "The heart rate is 104/min, which is slightly fast (normal 60-100/min)."),
        ("Read off the QRS duration.", "The QRS duration is 98 ms, which is normal (normal below 120 ms)."),
        ("Where is the supraventricular tachycardia?", "No supraventricular tachycardia is found in this record."),
        ("Please tell me the axis.", "The frontal QRS axis cannot be measured because there are no limb leads."),
        ("What is the axis?", "The frontal QRS axis cannot be measured because there are no limb leads."),
        ("Is the rhythm regular?", "The rhythm is regular, at a rate of 104/min."),
        ("Give me all the intervals.", f"{NUMBERS} Not measurable: axis."),
        ("Is there ST elevation in lead V4?", "Yes: in V4 the ST level is 0.12 mV (from 0.10 mV on it counts)."),
        ("Is there ST depression in V4?", "No: in V4 the ST level is 0.12 mV (from -0.10 mV on it counts)."),
        ("T wave inversion in V4?", "Yes: in V4 the T wave is -0.20 mV (from -0.10 mV on it counts)."),
        ("Does lead V4 show Q waves?", "No: in V4 the Q wave is -0.04 mV (from -0.10 mV on it counts)."),
        ("Is there ST elevation in aVL?", "I cannot tell: lead aVL is not in this recording or could not be measured."),
        ("Is the PR prolonged?", f"Yes: {LONG_PR}"),
        ("Is the QRS wide?", "No: the QRS duration is 98 ms, which is normal (normal below 120 ms)."),
        ("Is the PR low, normal or high?", f"Above: {LONG_PR}"),
        ("Which values are abnormal?", OUTSIDE),
        ("Now the QRS duration, please.", "The QRS duration is 98 ms, which is normal (normal below 120 ms)."),
        ("What is the P axis?", "The P axis cannot be measured because it is not clear enough in this recording."),
        ("is the qtc above 500", f"No: the QTc by Bazett is 455 ms, which is normal (normal {BOTH_SEXES})."),
        ("Is the PR over 200?", f"Yes: {LONG_PR}"),
        ("QRS 98 or more?", "Yes: the QRS duration is 98 ms, which is normal (normal below 120 ms)."),
        ("Is the heart rate below 50?", "No: the heart rate is 104/min, which is slightly fast (normal 60-100/min)."),
        ("Is the QRS narrow?", "Yes: the QRS duration is 98 ms, which is normal (normal below 120 ms)."),
        ("How deep is the T wave in V4?", "In V4 the T wave is -0.20 mV (-2.0 mm); inverted from -0.10 mV on."),
        ("Why is the PR interval so hard?", ""),
        (
            "What is the longest RR interval?",
            "The longest RR interval is 1.00 s (from 1.0 to 2.0 s); no pause of more than 3 s was found.",
        ),
        ("Does the QRS look like a delta wave?", ""),
        ("Is lead V4 noisy?", "No: lead V4 is usable, and no noise, drift or loose electrode was flagged."),
        ("What is the PR interval in V4 at night?", ""),
    ],
)  # fmt: skip
def test_numbers_of_one_ecg(question, said):
    assert asked(question) == said


def test_the_limit_of_qtc_depends_on_the_sex_and_several_numbers_come_in_order():
    assert asked("What is the QTc and is it prolonged?", sex="female") == (
        "The QTc by Bazett is 455 ms, which is normal (normal 350-460 ms)."
    )
    assert asked("QTc?", sex="male").endswith("which is slightly long (normal 350-450 ms).")
    assert asked("PR and heart rate please").startswith("The heart rate is 104/min")
    assert "ischaemia" not in asked("Any sign of ischemia in V4?")
    assert asked("Any sign of ischemia in V4?").startswith(
        "In V4 the ST level is 0.12 mV, the T wave is -0.20 mV, the Q"
    )
    assert asked("Is the rhythm regular?", rhythm_regularity=None).startswith("I cannot tell")


def test_how_regular_the_intervals_are_is_not_answered_with_their_mean():
    assert "mean RR interval" not in asked("How regular are the RR intervals?")
    assert asked("What is the RR interval?").startswith("The mean RR interval")
