"""A number in an answer about one ECG is the measured one, whatever the language model would have written."""

import pytest
import torch

from anyecg.measured_numbers import MeasuredNumbers, values_of, values_of_two
from tests.conftest import make_tokenizer

MEASURED = {"heart_rate_bpm": 120.4, "pr_ms": 202.0, "qtc_bazett_ms": 431.2, "axis_deg": -15.0, "qt_ms": None}


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


def written(tokenizer, wanted, measured=MEASURED):
    """What comes out when a model wants to write a text token by token, and must go on after a changed number."""
    processor = MeasuredNumbers(tokenizer, [values_of(measured) if measured else {}])
    plan = tokenizer.encode(wanted, add_special_tokens=False)
    ids: list[int] = []
    while plan and len(ids) < 80:
        with torch.inference_mode():
            scores = torch.zeros(1, len(tokenizer))
            scores[0, plan[0]] = 1.0
        token = int(processor(torch.tensor([ids], dtype=torch.long), scores)[0].argmax())
        ids.append(token)
        digit = tokenizer.decode([plan[0]]).strip("-").isdigit()
        if token == plan[0] or digit:
            plan = plan[1:]
    return tokenizer.decode(ids)


@pytest.mark.parametrize(
    ("wanted", "right"),
    [
        ("Sinus rhythm, rate 102/min.", "Sinus rhythm, rate 120/min."),
        ("The PR interval is 199 ms, which is normal.", "The PR interval is 202 ms, which is normal."),
        ("QTc 444 ms (slightly long).", "QTc 431 ms (slightly long)."),
        ("The frontal QRS axis is 45°, normal.", "The frontal QRS axis is -15°, normal."),
        ("Rate 7/min.", "Rate 120/min."),
    ],
)
def test_a_wrong_number_is_replaced_by_the_measured_one(tokenizer, wanted, right):
    assert written(tokenizer, wanted) == right


@pytest.mark.parametrize(
    "text",
    [
        "The QT interval is 400 ms.",  # not measured
        "QTc is the QT interval corrected for the rate.",
        "First-degree AV block: a PR interval longer than 200 ms.",
        "Normal 60-100/min.",
        "at 3.2-3.6 s",
    ],
)
def test_other_text_stays_as_it_is(tokenizer, text):
    assert written(tokenizer, text) == text


def test_without_measurements_nothing_changes(tokenizer):
    assert written(tokenizer, "rate 102/min", None) == "rate 102/min"


def test_a_number_that_would_go_on_too_long_ends_with_its_unit():
    assert MeasuredNumbers.due("PR 202", "9", {"pr_ms": "202"}) == " ms"
    assert MeasuredNumbers.due("PR 202", " ms", {"pr_ms": "202"}) == ""


def test_a_number_that_would_end_too_early_goes_on():
    assert MeasuredNumbers.due("PR 20", " ms", {"pr_ms": "202"}) == "2"


EVENTS = [
    {"kind": "premature ventricular contraction", "start_s": 5.27, "end_s": 5.67},
    {"kind": "premature ventricular contraction", "start_s": 12.0, "end_s": 12.4},
]


SIZES = {
    "sokolow_lyon_mv": 3.214, "p_axis_deg": 52.0, "axis_deg": -15.0, "heart_rate_bpm": 150.0,
    "leads": {"V1": {"r_mv": 0.0, "s_mv": -1.2, "st_mv": -0.001, "t_mv": -0.3}, "V5": {"r_mv": 2.014, "st_mv": 0.15}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "right"),
    [
        ("The R wave in V5 is 1.50 mV, which", "The R wave in V5 is 2.01 mV, which"),
        ("S in V1 of 0.90 mV.", "S in V1 of 1.20 mV."),
        ("T in lead V1 is -0.10 mV.", "T in lead V1 is -0.30 mV."),
        ("ST level in V5 is 0.02 mV.", "ST level in V5 is 0.15 mV."),
        ("Sokolow-Lyon index 2.75 mV.", "Sokolow-Lyon index 3.21 mV."),
        ("The P axis is 10°.", "The P axis is 52°."),
    ],
)
def test_sizes_of_waves_and_levels_are_the_measured_ones(tokenizer, wanted, right):
    assert written(tokenizer, wanted, SIZES) == right


@pytest.mark.parametrize(
    "text", ["The T axis is 30°.", "R in V1 of 0.40 mV.", "R in V6 is 1.00 mV.", "The atrial rate is 300/min."]
)
def test_what_was_not_measured_takes_no_other_value(tokenizer, text):
    assert written(tokenizer, text, SIZES) == text


def test_places_are_those_of_the_event_head():
    values = values_of({}, EVENTS)
    start = "Premature ventricular contractions at "
    assert MeasuredNumbers.due(start, "1", values) == "5.3-5.7 s and 12.0-12.4 s."
    assert MeasuredNumbers.due(start + "5.3-5.7 s and 12", ".", values) == ".0-12.4 s."
    assert MeasuredNumbers.due(start + "5.3-5.7 s and 12.0-12.4 s.", "<|im_end|>", values) == ""


@pytest.mark.parametrize("text", ["No premature ventricular contraction is present at ", "Atrial fibrillation at "])
def test_places_of_other_kinds_or_denials_are_left_to_the_model(text):
    assert MeasuredNumbers.due(text, "1", values_of({}, EVENTS)) == ""


def test_many_places_are_cut_and_counted():
    many = [{"kind": "noise", "start_s": float(k), "end_s": k + 0.5} for k in range(20)]
    assert values_of({}, many)["noise"].endswith("11.0-11.5 s and 8 more places.")


def test_a_comparison_states_both_measured_rates():
    values = values_of_two({"heart_rate_bpm": 92.6}, {"heart_rate_bpm": 67.2})
    assert MeasuredNumbers.due("Unchanged: sinus rhythm. Rate ", "8", values) == "93/min in ECG 1, 67/min in ECG 2."
    assert MeasuredNumbers.due("Rate 93/min in ECG 1, 6", "5", values) == "7/min in ECG 2."
    assert MeasuredNumbers.due("ECG 1 is faster: ", "5", values) == "93/min against 67/min in ECG 2."
    assert not values_of_two({"heart_rate_bpm": None}, {"heart_rate_bpm": 60.0})


def test_a_long_list_of_places_is_written_to_its_end():
    many = [{"kind": "noise", "start_s": float(k), "end_s": k + 0.5} for k in range(20)]
    values, text = values_of({}, many), "Noise at "
    while due := MeasuredNumbers.due(text, "7", values):
        text += due[:3]
    assert text == f"Noise at {values['noise']} " and text.endswith("and 8 more places. ")
