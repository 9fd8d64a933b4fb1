"""SCORE2 gives the worked examples of its supplement and refuses people whom it was not made for."""

import pytest

from anyecg.score2 import REGIONS, risk, score2

SMOKER = {"age": 50, "smoker": True, "systolic_mmhg": 140, "cholesterol_mmol": 6.3, "hdl_mmol": 1.4}
WORKED_EXAMPLES = {"male": (6.3, 8.1, 8.8, 15.1), "female": (4.3, 5.2, 7.1, 14.1)}


@pytest.mark.parametrize("sex", WORKED_EXAMPLES)
@pytest.mark.parametrize("k", range(4), ids=REGIONS)
def test_the_worked_examples_of_the_supplement(sex, k):
    assert round(100 * score2(**SMOKER, sex=sex, region=REGIONS[k]), 1) == WORKED_EXAMPLES[sex][k]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"age": 39}, "age 39; it needs 40 to 69 years"),
        ({"age": float("nan")}, "age nan"),
        ({"systolic_mmhg": 14}, "systolic_mmhg 14"),
        ({"sex": "x"}, "knows 'female' and 'male'"),
        ({"region": "mild"}, "choose from low, moderate, high, very high"),
    ],
)
def test_what_the_score_was_not_made_for_is_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        score2(**{**SMOKER, "sex": "male", **change})


def test_every_risk_factor_raises_the_risk_and_hdl_lowers_it():
    plain = score2(**{**SMOKER, "sex": "male", "smoker": False})
    higher = {"age": 60, "smoker": True, "systolic_mmhg": 160, "cholesterol_mmol": 8, "diabetes": True}
    for name, value in higher.items():
        assert score2(**{**SMOKER, "sex": "male", "smoker": False, name: value}) > plain
    assert score2(**{**SMOKER, "sex": "male", "smoker": False, "hdl_mmol": 2.0}) < plain


def test_the_formula_rises_with_age_beyond_the_range_too():
    for sex in ("female", "male"):
        risks = [risk(age=age, sex=sex) for age in range(20, 95, 5)]
        assert risks == sorted(risks) and 0 < risks[0] < risks[-1] < 1
