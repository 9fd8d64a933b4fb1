"""Findings of the simulator as `anyecg.measure` reads them: textbook criteria, levels of PTB-XL's training folds."""

from functools import lru_cache
from unittest.mock import patch

import numpy as np
import pytest

from anyecg.measure import measure
from anyecg.simulate import simulate
from anyecg.simulate.morphology import draw_hearts
from anyecg.simulate.patient import compatible, draw_patient, usual_state
from anyecg.simulate.torso import draw_torso


@lru_cache(maxsize=32)
def found(condition):
    """What is measured in records of this condition, and their truth."""
    n = 30 if condition == "NORM" else 12  # the others are held against it
    ecgs = list(simulate(n, seed=61, conditions=(condition,), sampling_rate=250.0))
    return [measure(ecg.record).to_dict() for ecg in ecgs], ecgs


def levels(condition, lead, key):
    of_lead = [row["leads"][lead][key] for row in found(condition)[0] if lead in row["leads"]]  # noisy ones are not
    return np.array([level for level in of_lead if level is not None])


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
        assert "ANEUR" in ecg.findings and {"ASMI", "AMI", "ALMI"} & set(ecg.findings)
    assert np.mean(["ABQRS" in ecg.findings for ecg in found("ANEUR")[1]]) > 0.7
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
        (heart,) = draw_hearts([patient], [draw_torso(rng)], [[rng] * 5])
        off.append(heart.axis_deg("") - patient.axis_deg)
    assert abs(np.median(off)) < 2.5 and np.percentile(np.abs(off), 90) < 12


def test_beats_of_neighbouring_chest_leads_grow_together_and_those_of_i_and_ii_do_not():
    with patch("anyecg.simulate.assembly.add_noise", lambda *_: []):
        ecgs = list(simulate(16, seed=3, conditions=("NORM",), leads=("I", "II", "V5", "V6"), duration_s=20.0))
    alike = []
    for ecg in ecgs:
        at = [round(wave["start_s"] * 500) for wave in ecg.waves if wave["kind"] == "QRS complex"]
        sizes = np.array([np.ptp(ecg.record.signal[:, k : k + 60], axis=1) for k in at if k + 60 <= 10_000])
        assert 0.002 < np.median(sizes.std(axis=0) / sizes.mean(axis=0)) < 0.2
        alike.append(np.corrcoef(sizes.T))
    alike = np.median(alike, axis=0)
    assert alike[2, 3] > 0.7 and alike[0, 1] < 0.2


def test_after_t_comes_a_u_wave_and_after_p_the_recovery_of_the_atria():
    with patch("anyecg.simulate.assembly.add_noise", lambda *_: []):
        ecgs = list(simulate(12, seed=3, conditions=("NORM",), leads=("II", "V3")))
    after_t, before_qrs = [], []
    for ecg in ecgs:
        ends = [round(wave["end_s"] * 500) for wave in ecg.waves if wave["kind"] == "T wave"]
        starts = [round(wave["start_s"] * 500) for wave in ecg.waves if wave["kind"] == "QRS complex"]
        p_starts = [round(wave["start_s"] * 500) for wave in ecg.waves if wave["kind"] == "P wave"]
        rest = np.median([ecg.record.signal[:, k - 10 : k].mean(axis=1) for k in p_starts if k > 10], axis=0)
        after_t.append(np.median([ecg.record.signal[1, k + 20 : k + 25].mean() for k in ends if k < 4975]) - rest[1])
        before_qrs.append(np.median([ecg.record.signal[0, k - 5 : k].mean() for k in starts if k > 5]) - rest[0])
    assert 0.008 < np.median(after_t) < 0.08 and -0.05 < np.median(before_qrs) < -0.005


def test_noise_between_beats_is_slow_in_chest_leads_and_broad_and_larger_in_limb_leads():
    power = {"I": [], "V4": []}
    for ecg in simulate(60, seed=9, conditions=("NORM",), leads=("I", "V4"), sampling_rate=200.0):
        for lead in power:
            for wave in ecg.waves:
                k = round(wave["start_s"] * 200)
                if wave["kind"] == "P wave" and k > 50:
                    piece = ecg.record.lead(lead)[k - 48 : k] * np.hanning(48)
                    power[lead].append(np.abs(np.fft.rfft(piece - piece.mean())) ** 2)
    slow, fast = (
        {lead: np.median(np.array(rows)[:, a:b]) for lead, rows in power.items()} for a, b in ((2, 4), (8, 13))
    )
    assert slow["V4"] > 10 * fast["V4"] and fast["I"] > 4 * fast["V4"] and slow["I"] > slow["V4"]
