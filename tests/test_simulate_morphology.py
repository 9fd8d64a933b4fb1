"""Shapes of the simulator: what a reader looks for in each condition is there."""

import numpy as np
import pytest

from anyecg.simulate import CONDITIONS, simulate


def level(ecg, lead, start_ms, end_ms, wave="QRS complex", after="start_s"):
    """Median over beats of a lead's mean between two times from a wave's mark, against the level before the P; mV."""
    signal, rate = ecg.record.lead(lead), ecg.record.sampling_rate
    p = [w["start_s"] for w in ecg.waves if w["kind"] == "P wave"]
    out = []
    for mark in ecg.waves:
        before = [at for at in p if at < mark["start_s"]]
        k = round(mark[after] * rate)
        a, b = k + round(start_ms * rate / 1000), k + round(end_ms * rate / 1000)
        if mark["kind"] == wave and before and a >= 0 and b < len(signal):
            zero = round(before[-1] * rate)
            out.append(signal[a:b].mean() - signal[max(zero - 10, 0) : zero].mean())
    return float(np.median(out))


def levels(condition, lead, *window, n=12, **marks):
    return np.array([level(ecg, lead, *window, **marks) for ecg in simulate(n, seed=6, conditions=(condition,))])


@pytest.mark.parametrize(
    ("condition", "lead", "sign"),
    [
        ("WPW:left lateral", "V1", 1), ("WPW:left lateral", "aVL", -1), ("WPW:posteroseptal", "aVF", -1),
        ("WPW:posteroseptal", "I", 1), ("WPW:right", "V1", -1), ("WPW:right", "I", 1),
        ("WPW:anteroseptal", "V1", -1), ("WPW:anteroseptal", "aVF", 1),
    ],
)  # fmt: skip
def test_the_delta_wave_points_away_from_its_pathway(condition, lead, sign):
    assert np.mean(np.sign(levels(condition, lead, 20, 40)) == sign) >= 0.8


@pytest.mark.parametrize(
    ("condition", "lead", "least_mv"),
    [
        ("IMI:acute", "III", 0.1), ("AMI:acute", "V3", 0.12), ("ASMI:acute", "V2", 0.12), ("ALMI:acute", "V4", 0.1),
        ("PERICARDITIS", "II", 0.08), ("PERICARDITIS", "V5", 0.08), ("EARLYREP", "V4", 0.1), ("BRUGADA", "V2", 0.12),
    ],
)  # fmt: skip
def test_st_is_raised_where_it_should_be(condition, lead, least_mv):
    assert np.median(levels(condition, lead, 20, 50, after="end_s")) > least_mv


def test_a_posterior_infarct_and_reciprocal_leads_show_depression():
    assert np.median(levels("PMI:acute", "V2", 20, 50, after="end_s")) < -0.05
    assert np.median(levels("IMI:acute", "aVL", 20, 50, after="end_s")) < -0.03


@pytest.mark.parametrize(("condition", "lead"), [("BRUGADA", "V1"), ("PE", "V2"), ("ASMI:recent", "V2")])
def test_t_is_inverted(condition, lead):
    middle = levels(condition, lead, -15, 15, wave="T wave", after="peak_s")
    assert np.mean(middle < 0) >= 0.8


def test_potassium_changes_t():
    usual = np.median(np.abs(levels("NORM", "V4", -15, 15, wave="T wave", after="peak_s")))
    assert np.median(levels("HYPERK", "V4", -15, 15, wave="T wave", after="peak_s")) > 1.4 * usual
    low = levels("HYPOK", "V3", -15, 15, wave="T wave", after="peak_s")
    u = levels("HYPOK", "V3", 50, 75, wave="T wave", after="end_s")
    assert np.median(np.abs(low)) < 0.7 * usual and np.median(u) > 0.06


def test_pulmonary_embolism_has_s_in_i_and_is_fast():
    for ecg in simulate(6, seed=3, conditions=("PE",)):
        assert ecg.measurements["heart_rate_bpm"] > 100 and "NORM" not in ecg.findings
    assert np.mean(levels("PE", "I", 62, 85) < 0) >= 0.8


def test_qt_is_short_when_asked_for():
    for ecg in simulate(6, seed=3, conditions=("SHORTQT",)):
        rr = 60 / ecg.measurements["heart_rate_bpm"]
        assert ecg.measurements["qt_ms"] / np.cbrt(rr) < 350


@pytest.mark.parametrize("condition", [name for name in CONDITIONS if ":" in name and "AVB" not in name])
def test_sites_and_stages_give_the_statement_of_their_condition(condition):
    (ecg,) = simulate(1, seed=4, conditions=(condition,))
    assert condition.partition(":")[0] in ecg.findings and "NORM" not in ecg.findings


def test_fifteen_leads_with_back_right_and_frank_leads_see_the_same_heart():
    leads = ("I", "II", "V1", "V6", "V7", "V8", "V9", "V3R", "V4R", "V5R", "V6R", "VX", "VY", "VZ", "V2")
    usual = list(simulate(8, seed=2, conditions=("NORM",), leads=leads))
    assert all(ecg.record.leads == leads for ecg in usual)
    size = {lead: np.median([np.ptp(ecg.record.lead(lead)) for ecg in usual]) for lead in leads}
    assert size["V9"] < size["V8"] < size["V6"]
    posterior = [
        level(ecg, "V8", 20, 50, after="end_s") for ecg in simulate(8, seed=2, conditions=("PMI:acute",), leads=leads)
    ]
    right = [level(ecg, "V4R", 30, 60) for ecg in usual]
    assert np.median(posterior) > 0.05 and np.median(right) < 0
