"""A wrong number is put right where it is certain what is meant, and left to be shown where it is not."""

import pytest

from anyecg.correct import corrected

MEASURED = {
    "heart_rate_bpm": 72.4, "pr_ms": 160.0, "qrs_ms": 92.0, "axis_deg": -45.0, "qt_ms": None,
    "not_measurable": {"qt_ms": "no T wave found"},
    "leads": {"V5": {"r_mv": 2.1, "s_mv": -0.35, "st_mv": 0.15}, "V1": {"r_mv": 0.2, "s_mv": -1.2, "st_mv": 0.02}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Sinus rhythm, rate 90/min.", "Sinus rhythm, rate 72/min."),
        ("HR 90, PR 210, QRS 92", "HR 72, PR 160, QRS 92"),
        ("**PR interval:** 0.21 s", "**PR interval:** 0.16 s"),
        ("The axis is 45°.", "The axis is -45°."),
        ("R wave in V5 of 1.5 mV, S in V1 20 mm.", "R wave in V5 of 2.1 mV, S in V1 12 mm."),
        ("The R wave in V5 is 15.0 mm.", "The R wave in V5 is 21.0 mm."),
    ],
)
def test_a_wrong_value_is_replaced_in_its_unit_and_style(text, right):
    fixed, said = corrected(text, MEASURED)
    assert fixed == right and said
    assert corrected(fixed, MEASURED) == (fixed, [])


@pytest.mark.parametrize(
    "text",
    [
        "Rate 73/min, PR 165 ms.",  # within the tolerance
        "QT 400 ms",  # not measurable
        "The PR interval is 210 ms, which is prolonged.",  # the word would be wrong
        "Left axis deviation (-80°).",
        "PR 210 ms, later PR 190 ms.",  # which one is meant
        "rate 90-100/min",
        "ST depression of 1 mm in V5.",
        "ECG 1: rate 90/min.",
        "QTc 440 ms",  # nothing is known of it
    ],
)
def test_what_is_not_certain_is_left_alone(text):
    assert corrected(text, MEASURED) == (text, [])


def test_each_correction_is_told():
    assert corrected("Rate 90/min, PR 210 ms.", MEASURED)[1] == [
        "The text gave a heart rate of 90/min; corrected to 72/min.",
        "The text gave a PR interval of 210 ms; corrected to 160 ms.",
    ]
