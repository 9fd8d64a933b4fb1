"""A number in an answer about one ECG is the measured one, whatever the language model would have written."""

import pytest
import torch

from anyecg.measured_numbers import MeasuredNumbers
from tests.conftest import make_tokenizer

MEASURED = {"heart_rate_bpm": 120.4, "pr_ms": 202.0, "qtc_bazett_ms": 431.2, "axis_deg": -15.0, "qt_ms": None}


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


def written(tokenizer, wanted, measured=MEASURED):
    """What comes out when a model wants to write a text token by token, and must go on after a changed number."""
    processor = MeasuredNumbers(tokenizer, [measured], 0)
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


def test_a_number_that_would_go_on_too_long_ends_with_its_unit(tokenizer):
    processor = MeasuredNumbers(tokenizer, [MEASURED], 0)
    tail = tokenizer.encode("PR 202", add_special_tokens=False)
    chosen = tokenizer.encode("9", add_special_tokens=False)[0]
    token = processor.next_token(tail, chosen, {"pr_ms": "202"})
    assert tokenizer.decode([token]) in (" ", " m", " ms")
