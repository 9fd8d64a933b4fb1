"""Findings of the simulator as `anyecg.measure` reads them: textbook criteria, levels of PTB-XL's training folds."""

from functools import lru_cache

import numpy as np
import pytest

from anyecg.measure import measure
from anyecg.simulate import simulate
from anyecg.simulate.morphology import draw_heart
from anyecg.simulate.patient import compatible, draw_patient, usual_state
from anyecg.simulate.torso import draw_torso


@lru_cache(maxsize=32)
def found(condition, n=12):
    """What is measured in records of this condition, and their truth."""
    ecgs = list(simulate(n, seed=61, conditions=(condition,), sampling_rate=250.0))
    return [measure(ecg.record).to_dict() for ecg in ecgs], ecgs


def levels(condition, lead, key):
    return np.array([row["leads"][lead][key] for row in found(condition)[0] if row["leads"][lead][key] is not None])


def values(condition, key):
    return np.array([row[key] for row in found(condition)[0] if row[key] is not None])


def test_a_normal_heart_has_the_amplitudes_of_real_ones():
    for lead, key, low, high in (
        ("II", "p_mv", 0.08, 0.15), ("V5", "r_mv", 0.9, 1.6), ("V2", "s_mv", -1.3, -0.65), ("V3", "t_mv", 0.28, 0.55),
        ("I", "t_mv", 0.12, 0.25), ("V6", "q_mv", -0.08, 0.0),
    ):  # fmt: skip
        assert low < np.median(levels("NORM", lead, key)) < high, (lead, key)


def test_st_of_a_normal_heart_rises_from_the_j_point_and_that_of_an_injury_begins_there():
    rises = levels("NORM", "V3", "st80_mv") - levels("NORM", "V3", "st_j_mv")
    assert np.median(rises) > 0.04 and abs(np.median(levels("NORM", "V5", "st_j_mv"))) < 0.03
    acute = levels("AMI:acute", "V3", "st_j_mv")
    assert np.median(acute) > 0.1


def test_sinus_rhythm_varies_and_sinus_arrhythmia_much_more():
    assert 12 < np.median(values("NORM", "rr_sd_ms")) < 50
    arrhythmia = values("SARRH", "rr_sd_ms")
    assert np.median(arrhythmia) > 60 and (arrhythmia > 40).mean() > 0.8
    assert {"SARRH"} <= {code for ecg in found("SARRH")[1] for code in ecg.findings}


def test_non_specific_changes_lower_t_but_not_below_what_is_called_low():
    usual = np.median(levels("NORM", "V5", "t_mv"))
    for condition in ("NT_", "NST_", "NDT", "EL"):
        assert 0.1 * usual < np.median(levels(condition, "V5", "t_mv")) < 0.7 * usual, condition
    assert np.median(levels("NST_", "V5", "st_j_mv")) < -0.02 < np.median(levels("NT_", "V5", "st_j_mv"))


@pytest.mark.parametrize(
    ("condition", "leads"),
    [
        ("INJAS", ("V3", "V4", "V5")), ("INJAL", ("V5", "V6", "I")), ("INJIN", ("II", "aVF")), ("INJLA", ("I", "V6")),
        ("INJIL", ("II", "V6")),
    ],
)  # fmt: skip
def test_subendocardial_injury_depresses_st_and_turns_t_over(condition, leads):
    for lead in leads:
        assert np.median(levels(condition, lead, "st_j_mv")) < -0.025, lead
        assert np.mean(levels(condition, lead, "t_mv") < 0) >= 0.5, lead
    assert all(condition in ecg.findings and "NORM" not in ecg.findings for ecg in found(condition)[1])


def test_an_aneurysm_keeps_st_up_over_q_waves_with_a_shallow_t():
    for ecg in found("ANEUR")[1]:
        assert {"ANEUR", "QWAVE"} <= set(ecg.findings) and {"ASMI", "AMI", "ALMI"} & set(ecg.findings)
    assert np.median(levels("ANEUR", "V2", "st_j_mv")) > 0.07
    # Smith 2005: T over QRS in V1-V4 below 0.36 in aneurysm, above in an acute infarct.
    t, qrs = (np.median(sum(np.abs(levels("ANEUR", lead, key)) for key in keys)) for lead, keys in (
        ("V2", ("t_mv",)), ("V2", ("s_mv", "r_mv"))))  # fmt: skip
    assert t / qrs < 0.36


def test_right_ventricular_hypertrophy_has_a_tall_r_in_v1_and_s_in_v6():
    r, s = levels("RVH", "V1", "r_mv"), levels("RVH", "V1", "s_mv")
    assert np.mean(r > np.abs(s)) >= 0.6 and np.median(r) > 0.45
    assert np.median(levels("RVH", "V6", "s_mv")) < -0.2 and np.median(values("RVH", "axis_deg")) > 60
    assert np.median(levels("RVH", "V4", "r_mv")) > 0.4


def test_posterior_fascicular_block_has_a_right_axis_with_s_in_i_and_r_in_iii():
    assert (values("LPFB", "axis_deg") > 80).mean() > 0.8
    assert np.median(levels("LPFB", "I", "s_mv")) < -0.2 and np.median(levels("LPFB", "III", "r_mv")) > 0.5
    both = compatible(usual_state() | {"conduction": "CRBBB+LPFB"})
    assert draw_patient(both, np.random.default_rng(0)).conduction == ("CRBBB", "LPFB")


def test_atrial_enlargement_is_tall_in_ii_or_long_and_late():
    assert np.median(levels("RAO/RAE", "II", "p_mv")) > 0.2 > np.median(levels("NORM", "II", "p_mv"))
    assert np.median(levels("RAO/RAE", "I", "p_mv")) > 0
    assert np.median(values("LAO/LAE", "p_ms")) > 130 > np.median(values("NORM", "p_ms"))
    assert np.median(levels("LAO/LAE", "V1", "p_mv")) < -0.03 < 0 < np.median(levels("LAO/LAE", "V3", "p_mv"))


def test_an_inferior_infarct_takes_r_from_the_inferior_leads_only():
    for lead in ("III", "aVF"):
        assert np.median(levels("IMI", lead, "r_mv")) < 0.5 * np.median(levels("NORM", lead, "r_mv")) + 0.05
    assert np.median(levels("IMI", "V5", "r_mv")) > 0.8
    assert np.median(values("1AVB", "pr_ms")) > 200


def test_ventricular_ectopic_beats_are_larger_than_the_others():
    ratios = []
    for ecg in simulate(20, seed=5, conditions=("PVC", "BIGU"), leads=("MLII", "V1"), sampling_rate=250.0):
        sizes = {"N": [], "V": []}
        for beat in ecg.beats:
            k = round(beat["time_s"] * 250)
            if 25 < k < 2475:
                sizes[beat["kind"]].append(np.ptp(ecg.record.signal[0, k - 20 : k + 20]))
        if sizes["V"] and sizes["N"]:
            ratios.append(np.log(np.median(sizes["V"]) / np.median(sizes["N"])))
    assert 0.15 < np.median(ratios) < 1.0


def test_the_axis_shown_is_the_axis_wanted():
    off = []
    for k in range(60):
        rng = np.random.default_rng(k)
        patient = draw_patient(usual_state(), rng)
        heart = draw_heart(patient, draw_torso(rng), [rng] * 5)
        off.append(heart.axis_deg("") - patient.axis_deg)
    assert abs(np.median(off)) < 2.5 and np.percentile(np.abs(off), 90) < 12
