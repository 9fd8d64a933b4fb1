"""Intervals, axes, amplitudes and voltages on beats whose waves are drawn, so that every number is known."""

import json
from dataclasses import replace

import numpy as np
import pytest

from anyecg.leads import STANDARD_LEADS
from anyecg.measure.average import AverageBeat
from anyecg.measure.intervals import amplitudes, corrected_qts, median_beat, missing_amplitudes, rates
from anyecg.measure.vectors import axes, turn
from anyecg.measure.voltages import voltages
from anyecg.measure.waves import Waves

LIMB_DEG = {"I": 0, "II": 60, "III": 120, "aVR": -150, "aVL": -30, "aVF": 90}
WAVES = Waves(150, 175, 200, 230, 250, 275, 330, 380, 430, 1.0, 1.0)  # samples at 500 Hz
N = 700


def bump(start, end, height=1.0):
    """A smooth wave between two samples."""
    x = np.clip((np.arange(N) - start) / (end - start), 0, 1)
    return height * 0.5 * (1 - np.cos(2 * np.pi * x))


def average_of(signal, rr_after_s=1.0):
    signal = np.atleast_2d(signal)
    return AverageBeat(signal, signal[None], np.zeros(1), 250, 0.8, rr_after_s)


def seen_by_limb_leads(wave, axis_deg):
    """A wave of this frontal direction in the six limb leads; augmented leads are smaller by √3/2."""
    sizes = [np.cos(np.radians(deg - axis_deg)) * (0.866 if lead[0] == "a" else 1) for lead, deg in LIMB_DEG.items()]
    return np.outer(sizes, wave)


def one_lead(wave, lead="V2"):
    return amplitudes(average_of(wave), (lead,), WAVES)[lead]


def test_four_corrections_agree_at_sixty_beats_a_minute():
    assert set(corrected_qts(400, 1.0).values()) == {400.0}
    fast = corrected_qts(320, 0.6)
    assert fast["qtc_bazett_ms"] == pytest.approx(413.1, abs=0.1)
    assert fast["qtc_fridericia_ms"] == pytest.approx(379.4, abs=0.1)
    assert fast["qtc_framingham_ms"] == pytest.approx(381.6, abs=0.1)
    assert fast["qtc_hodges_ms"] == pytest.approx(390.0, abs=0.1)


def test_one_false_or_missed_beat_decides_neither_the_lowest_nor_the_highest_rate():
    steady = np.arange(20) * 0.8
    for peaks in (np.sort(np.append(steady, 6.8)), np.delete(steady, 9)):
        found = rates(peaks)
        assert found["heart_rate_min_bpm"] == pytest.approx(75, abs=4)
        assert found["heart_rate_max_bpm"] == pytest.approx(75, abs=4)
        assert found["heart_rate_min_bpm"] <= found["heart_rate_bpm"] <= found["heart_rate_max_bpm"]


def test_a_change_of_rate_shows_in_the_lowest_and_highest():
    found = rates(np.cumsum([1.0] * 15 + [0.5] * 15))
    assert (found["heart_rate_min_bpm"], found["heart_rate_max_bpm"]) == (60, 120)
    assert rates(np.array([0.0, 1.0]))["heart_rate_max_bpm"] == 60


@pytest.mark.parametrize("axis_deg", [-150, -75, -30, 0, 60, 110, 170])
def test_each_wave_has_its_own_axis(axis_deg):
    qrs, p, t = bump(235, 270), bump(150, 200, 0.15), bump(330, 430, 0.3)
    signal = sum(seen_by_limb_leads(w, deg) for w, deg in ((qrs, axis_deg), (p, 55), (t, 20)))
    found = axes(average_of(signal), tuple(LIMB_DEG), WAVES)
    assert found["axis_deg"] == pytest.approx(axis_deg, abs=0.5)
    assert found["p_axis_deg"] == pytest.approx(55, abs=0.5)
    assert found["t_axis_deg"] == pytest.approx(20, abs=0.5)
    assert found["qrs_t_angle_deg"] == pytest.approx(turn(axis_deg, 20), abs=1)
    assert 0 <= found["qrs_t_angle_deg"] <= 180


def test_a_raised_st_segment_does_not_turn_the_qrs_axis():
    raised = seen_by_limb_leads(np.where(np.arange(N) > 275, 0.3, 0.0), 120)
    signal = seen_by_limb_leads(bump(235, 270), -20) + raised
    assert axes(average_of(signal), tuple(LIMB_DEG), WAVES)["axis_deg"] == pytest.approx(-20, abs=1)


def test_the_broad_end_of_a_bundle_branch_block_does_not_turn_the_axis():
    signal = seen_by_limb_leads(bump(230, 250), -45) + seen_by_limb_leads(bump(245, 275, 0.5), 170)
    assert -75 < axes(average_of(signal), tuple(LIMB_DEG), WAVES)["axis_deg"] < -45


def test_axes_follow_from_any_two_limb_leads():
    signal = seen_by_limb_leads(bump(235, 270), 75)
    assert axes(average_of(signal[[2, 4]]), ("III", "aVL"), WAVES)["axis_deg"] == pytest.approx(75, abs=0.5)


def test_what_has_no_axis_says_why():
    flat = average_of(np.zeros((6, N)))
    found = axes(flat, tuple(LIMB_DEG), replace(WAVES, p_on=None, p_off=None))
    assert found["not_measurable"]["p_axis_deg"] == "no P wave found"
    assert "no clear frontal direction" in found["not_measurable"]["axis_deg"]
    assert found["not_measurable"]["spatial_qrs_t_angle_deg"] == "it takes V1, V2, V3, V4, V5, V6 as well"
    alone = axes(average_of(np.zeros((1, N))), ("II",), WAVES)
    assert alone["not_measurable"]["axis_deg"] == "it takes two limb leads"
    assert {key for key, value in alone.items() if value is None} == set(alone["not_measurable"])


def test_the_spatial_angle_is_that_between_the_vectors():
    leads = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    weights = np.linspace(-1, 1, 8)
    same = np.outer(weights, bump(235, 270) + bump(330, 430, 0.3))
    against = np.outer(weights, bump(235, 270) - bump(330, 430, 0.3))
    assert axes(average_of(same), leads, WAVES)["spatial_qrs_t_angle_deg"] == pytest.approx(0, abs=1)
    assert axes(average_of(against), leads, WAVES)["spatial_qrs_t_angle_deg"] == pytest.approx(180, abs=1)


def test_q_r_and_s_are_told_apart():
    qrs = bump(230, 240, -0.2) + bump(240, 258, 1.2) + bump(258, 275, -0.4)
    row = one_lead(qrs)
    assert (row["q_mv"], row["r_mv"], row["s_mv"]) == pytest.approx((-0.2, 1.2, -0.4), abs=0.02)


def test_a_qs_complex_is_an_s_and_no_q():
    row = one_lead(bump(230, 275, -0.9))
    assert (row["q_mv"], row["r_mv"], row["s_mv"]) == pytest.approx((0, 0, -0.9), abs=0.01)


def test_r_prime_counts_as_r_when_it_is_the_larger():
    row = one_lead(bump(230, 245, 0.2) + bump(245, 255, -0.5) + bump(255, 275, 0.8))
    assert (row["q_mv"], row["r_mv"], row["s_mv"]) == pytest.approx((0, 0.8, -0.5), abs=0.02)


def test_a_notch_of_noise_is_no_q_wave():
    assert one_lead(bump(230, 240, -0.02) + bump(240, 270))["q_mv"] == 0


def test_st_is_read_at_j_sixty_and_eighty_against_the_level_before_the_qrs():
    ramp = np.clip((np.arange(N) - 275) / 40, 0, 1) * 0.4  # 0.4 mV at J + 80 ms
    for wander in (0.0, -0.7):
        row = one_lead(bump(240, 270) + ramp + wander)
        assert (row["st_j_mv"], row["st_mv"], row["st80_mv"]) == pytest.approx((0, 0.3, 0.39), abs=0.02)


def test_st_is_not_read_beyond_the_peak_of_t_nor_in_the_next_p():
    early = replace(WAVES, t_on=290, t_peak=310, t_off=340)
    rows = amplitudes(average_of(bump(240, 270)), ("V2",), early)
    assert rows["V2"]["st_mv"] is not None and rows["V2"]["st80_mv"] is None
    reason = "80 ms after J lies beyond the peak of T or in the next P wave"
    assert missing_amplitudes(rows) == {"leads.st80_mv": reason}
    hurried = amplitudes(average_of(bump(240, 270), rr_after_s=0.3), ("V2",), WAVES)["V2"]
    assert hurried["st_j_mv"] is not None and hurried["st_mv"] is None


def test_a_p_wave_on_the_slope_of_a_t_wave_keeps_its_height():
    slope = np.linspace(0.8, -0.6, N)
    assert one_lead(slope + bump(150, 200, 0.15))["p_mv"] == pytest.approx(0.15, abs=0.02)
    assert one_lead(bump(150, 200, -0.15))["p_mv"] == pytest.approx(-0.15, abs=0.02)


def test_a_lead_may_have_intervals_of_its_own():
    own = [replace(WAVES, qrs_on=235, t_off=420), None]
    rows = amplitudes(average_of(np.zeros((2, N))), ("I", "II"), WAVES, own)
    assert (rows["I"]["qrs_ms"], rows["I"]["qt_ms"]) == (80, 370)
    assert rows["II"]["qrs_ms"] is None


def test_limb_amplitudes_obey_einthoven():
    signal = seen_by_limb_leads(bump(240, 270), 40) + seen_by_limb_leads(bump(330, 430, 0.3), 10)
    rows = amplitudes(average_of(signal), tuple(LIMB_DEG), WAVES)
    for key in ("st_mv", "t_mv"):
        assert rows["III"][key] == pytest.approx(rows["II"][key] - rows["I"][key], abs=1e-6)


def chest(r, s):
    rows = {lead: {"r_mv": a, "s_mv": -b} for lead, a, b in zip(STANDARD_LEADS[6:], r, s, strict=True)}
    return rows | {"aVL": {"r_mv": 0.6, "s_mv": 0.0}}


def test_voltages_add_what_their_names_say():
    found = voltages(chest((0.2, 0.4, 0.8, 1.5, 2.1, 1.6), (1.3, 1.6, 1.1, 0.5, 0.2, 0.1)))
    assert found["sokolow_lyon_mv"] == pytest.approx(1.3 + 2.1)
    assert found["cornell_mv"] == pytest.approx(0.6 + 1.1)
    assert found["r_progression"] == {"transition_lead": "V4", "word": "normal"}
    assert not found["not_measurable"]


@pytest.mark.parametrize(
    ("r", "s", "lead", "word"),
    [
        ((0.1, 0.2, 0.25, 0.5, 1.2, 1.0), (1.2, 1.4, 1.3, 0.9, 0.3, 0.1), "V5", "poor"),
        ((0.5, 0.3, 0.1, 0.4, 1.2, 1.0), (1.2, 1.4, 1.3, 0.9, 0.3, 0.1), "V5", "reversed"),
        ((0.4, 1.4, 1.6, 1.7, 1.6, 1.2), (1.0, 0.9, 0.5, 0.3, 0.1, 0.0), "V2", "early"),
        ((0.1, 0.2, 0.4, 0.5, 0.6, 0.6), (1.2, 1.4, 1.3, 1.2, 1.0, 0.7), "none", "late"),
        ((0.1, 0.2, 0.4, 0.5, 1.1, 0.9), (1.2, 1.4, 1.3, 1.2, 1.0, 0.7), "V5", "late"),
    ],
)
def test_r_progression_has_a_word(r, s, lead, word):
    assert voltages(chest(r, s))["r_progression"] == {"transition_lead": lead, "word": word}


def test_voltages_that_lack_a_lead_say_which():
    found = voltages({"I": {"r_mv": 1.0, "s_mv": 0.0}, "V1": {"r_mv": 0.2, "s_mv": -1.0}})
    assert found["sokolow_lyon_mv"] is None
    assert found["not_measurable"]["sokolow_lyon_mv"] == "it takes V5, V6 as well"
    assert found["not_measurable"]["cornell_mv"] == "it takes aVL, V3 as well"


def test_the_median_beat_is_json_with_zero_before_the_qrs():
    found = median_beat(average_of(bump(240, 270) + 0.4), ("V2",), replace(WAVES, p_on=None))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["leads"]["V2"][229] == 0.0 and max(found["leads"]["V2"]) == pytest.approx(1.0, abs=0.01)
    assert found["fiducials"]["qrs_on"] == 230 and found["fiducials"]["p_on"] is None
    assert (found["sampling_rate_hz"], found["r_sample"]) == (500, 250)
