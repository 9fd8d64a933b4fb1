"""SCORE2: the 10-year risk of fatal and non-fatal cardiovascular disease in people of 40 to 69 years without one.

Formula and coefficients: SCORE2 working group and ESC, Eur Heart J 2021;42:2439, with its supplement. It was fitted to
Europeans and says nothing about anybody else, about younger or older people, or about those who are ill already.
"""

from __future__ import annotations

from typing import Any

import numpy as np

ATTRIBUTES = ("age", "sex", "smoker", "systolic_mmhg", "cholesterol_mmol", "hdl_mmol")
"""What the score asks for; diabetes is an extra."""
REGIONS = ("low", "moderate", "high", "very high")
"""Risk regions of European countries, as the ESC lists them."""
# age, smoker, systolic, diabetes, cholesterol, HDL, then age times each of the five in the same order
_WEIGHTS = {
    "male": (0.3742, 0.6012, 0.2777, 0.6457, 0.1458, -0.2698, -0.0755, -0.0255, -0.0983, -0.0281, 0.0426),
    "female": (0.4648, 0.7744, 0.3131, 0.8096, 0.1002, -0.2606, -0.1088, -0.0277, -0.1272, -0.0226, 0.0613),
}
_BASELINE_SURVIVAL = {"male": 0.9605, "female": 0.9776}
_RECALIBRATION = {
    "male": {"low": (-0.5699, 0.7476), "moderate": (-0.1565, 0.8009), "high": (0.3207, 0.9360),
             "very high": (0.5836, 0.8294)},
    "female": {"low": (-0.7380, 0.7019), "moderate": (-0.3143, 0.7701), "high": (0.5710, 0.9369),
               "very high": (0.9412, 0.8329)},
}  # fmt: skip
_ALLOWED = {
    "age": (40, 69, "years"), "systolic_mmhg": (60, 260, "mmHg"), "cholesterol_mmol": (1, 15, "mmol/l"),
    "hdl_mmol": (0.2, 5, "mmol/l"),
}  # fmt: skip


def score2(
    *,
    age: float,
    sex: str,
    smoker: bool,
    systolic_mmhg: float,
    cholesterol_mmol: float,
    hdl_mmol: float,
    diabetes: bool = False,
    region: str = "moderate",
) -> float:
    """Risk in 10 years, 0 to 1.

    Args:
        age: years, 40 to 69.
        sex: "female" or "male".
        smoker: smokes now.
        systolic_mmhg: systolic blood pressure.
        cholesterol_mmol, hdl_mmol: total and HDL cholesterol, mmol/l.
        diabetes: SCORE2 is meant for people without; for those with it SCORE2-Diabetes is the better score.
        region: risk region of the country, one of `REGIONS`.

    Raises:
        ValueError: for a value outside the range that the score was made for.
    """
    given: dict[str, Any] = {
        "age": age, "systolic_mmhg": systolic_mmhg, "cholesterol_mmol": cholesterol_mmol, "hdl_mmol": hdl_mmol,
    }  # fmt: skip
    for name, value in given.items():
        low, high, unit = _ALLOWED[name]
        if not low <= value <= high:
            raise ValueError(f"SCORE2 is not defined for {name} {value:g}; it needs {low:g} to {high:g} {unit}.")
    if sex not in _WEIGHTS:
        raise ValueError(f"SCORE2 is not defined for sex {sex!r}; it knows 'female' and 'male'.")
    return float(risk(sex=sex, smoker=smoker, diabetes=diabetes, region=region, **given))


def risk(
    *,
    age: float,
    sex: str,
    smoker: float = 0.0,
    systolic_mmhg: float = 120.0,
    cholesterol_mmol: float = 6.0,
    hdl_mmol: float = 1.3,
    diabetes: float = 0.0,
    region: str = "moderate",
) -> float:
    """The formula itself, at any age, with the score's own centre for what is not given: to order people, not to tell.

    Raises:
        ValueError: for an unknown region.
    """
    if region not in REGIONS:
        raise ValueError(f"unknown risk region {region!r}; choose from {', '.join(REGIONS)}.")
    years = (age - 60) / 5
    others = np.array(
        [smoker, (systolic_mmhg - 120) / 20, diabetes, cholesterol_mmol - 6, (hdl_mmol - 1.3) / 0.5], dtype=float
    )
    score = float(np.dot(_WEIGHTS[sex], [years, *others, *(years * others)]))
    uncalibrated = 1 - _BASELINE_SURVIVAL[sex] ** np.exp(score)
    shift, scale = _RECALIBRATION[sex][region]
    return float(1 - np.exp(-np.exp(shift + scale * np.log(-np.log(1 - uncalibrated)))))
