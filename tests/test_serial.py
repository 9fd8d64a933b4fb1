"""Comparison of several ECGs: what is beyond day-to-day variation, in numbers, beats and sentences."""

import copy
import json

import numpy as np
import pytest

from anyecg.leads import LIMB_LEADS, PRECORDIAL_LEADS, STANDARD_LEADS
from anyecg.measure import measure
from anyecg.measure.serial import compare
from anyecg.measure.serial_beats import align, exchanged_electrodes, qrs_likeness
from anyecg.simulate import simulate

FIDUCIALS = {"p_on": 150.0, "p_peak": 175.0, "p_off": 200.0, "qrs_on": 230.0, "r_peak": 250.0, "qrs_off": 275.0,
             "t_on": 330.0, "t_peak": 380.0, "t_off": 430.0}  # fmt: skip


def bump(start, end):
    x = np.clip((np.arange(700) - start) / (end - start), 0, 1)
    return 0.5 * (1 - np.cos(2 * np.pi * x))


def beat(shift=0):
    """A median beat whose twelve leads all look different."""
    first, main, last, t = (bump(a + shift, b + shift) for a, b in ((230, 245), (240, 262), (255, 275), (330, 430)))
    i, ii = 0.7 * main - 0.1 * first + 0.25 * t, 1.1 * main - 0.15 * last - 0.1 * first + 0.3 * t
    leads = {"I": i, "II": ii, "III": ii - i, "aVR": -(i + ii) / 2, "aVL": i - ii / 2, "aVF": ii - i / 2}
    weights = (
        (0.2, 0.1, -1.3),
        (0.5, 0.2, -1.5),
        (0.4, 0.8, -0.8),
        (0.0, 1.4, -0.5),
        (-0.1, 1.5, -0.2),
        (-0.2, 1.1, 0),
    )
    leads |= {
        lead: a * first + b * main + c * last + 0.3 * t
        for lead, (a, b, c) in zip(PRECORDIAL_LEADS, weights, strict=True)
    }
    marks = {name: at + shift for name, at in FIDUCIALS.items()}
    return {
        "sampling_rate_hz": 500,
        "r_sample": 250,
        "leads": {lead: np.round(leads[lead], 3).tolist() for lead in STANDARD_LEADS},
        "fiducials": marks,
    }


def ecg(**changes):
    """Measurements of a normal ECG, changed as asked; `leads={"V2": {"st_mv": 0.4}}` changes only that."""
    row = {"p_mv": 0.1, "q_mv": 0.0, "r_mv": 1.0, "s_mv": -0.2, "st_mv": 0.02, "t_mv": 0.3}
    found = {
        "sampling_rate_hz": 500.0, "quality": dict.fromkeys(STANDARD_LEADS, "good"), "heart_rate_bpm": 70.0,
        "rhythm_regularity": "regular", "p_wave_present": True, "paced": None, "p_ms": 104.0, "pr_ms": 162.0,
        "qrs_ms": 94.0, "qt_ms": 390.0, "qtc_fridericia_ms": 410.0, "p_axis_deg": 50.0, "axis_deg": 40.0,
        "t_axis_deg": 35.0, "qrs_t_angle_deg": 5.0, "spatial_qrs_t_angle_deg": 30.0, "sokolow_lyon_mv": 2.2,
        "cornell_mv": 1.1, "r_progression": {"transition_lead": "V3", "word": "normal"},
        "leads": {lead: dict(row) for lead in STANDARD_LEADS}, "median_beat": beat(), "not_measurable": {},
    }  # fmt: skip
    for lead, own in changes.pop("leads", {}).items():
        found["leads"][lead] |= own
    return found | changes


def row_of(found, key, lead=None):
    return next(row for row in found["rows"] if row["key"] == key and row["leads"] == ([lead] if lead else []))


def said(*ecgs, same_patient=True):
    found = compare(ecgs, [f"2024-0{k + 1}-01" for k in range(len(ecgs))], same_patient=same_patient)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return " ".join(found["sentences"])


def test_two_like_ecgs_have_not_changed():
    text = said(ecg(), ecg(pr_ms=170.0, qrs_ms=98.0, axis_deg=28.0))
    assert text.startswith("No measured difference exceeds day-to-day variation.")
    assert "Within day-to-day variation: Heart rate, PR, QRS, QTc (Fridericia) and QRS axis." in text


def test_a_longer_pr_is_said_with_its_numbers_and_limit():
    found = compare([ecg(), ecg(pr_ms=214.0)], ["2024-01-01", "2024-02-01"], same_patient=True)
    row = row_of(found, "pr_ms")
    assert (row["values"], row["differences"], row["exceeds"]) == ([162, 214], [0, 52], [False, True])
    assert found["sentences"][0] == "PR 162 → 214 ms (+52 ms, beyond ±30 ms from day to day)."
    assert found["warnings"] == []


def test_dated_ecgs_are_put_in_order_and_undated_ones_are_not():
    later, earlier = ecg(heart_rate_bpm=110.0), ecg()
    found = compare([later, earlier], ["2024-05-01T08:00", "2023-05-01"])
    assert found["order"] == [2, 1]
    assert row_of(found, "heart_rate_bpm")["values"] == [70, 110]
    undated = compare([later, earlier], ["2024-05-01", None])
    assert undated["order"] == [1, 2]
    assert "Not every ECG is dated; they are compared in the order given." in undated["warnings"]


def test_several_ecgs_are_compared_with_the_first_and_with_the_one_before():
    found = compare([ecg(), ecg(qrs_ms=112.0), ecg(qrs_ms=140.0)], [None] * 3)
    row = row_of(found, "qrs_ms")
    assert (row["differences"], row["from_previous"]) == ([0, 18, 46], [None, 18, 28])
    assert row["exceeds"] == [False, True, True]
    assert "QRS 94 → 112 → 140 ms (+46 ms from the first ECG, beyond ±15 ms from day to day)." in found["sentences"]


def test_an_axis_turns_the_shorter_way_round():
    found = compare([ecg(axis_deg=170.0), ecg(axis_deg=-175.0)], [None, None])
    assert row_of(found, "axis_deg")["differences"] == [0, 15]


def test_what_is_missing_is_not_comparable_and_says_why():
    without = ecg(pr_ms=None, p_wave_present=False, not_measurable={"pr_ms": "no P wave found"})
    found = compare([ecg(), without], [None, None])
    row = row_of(found, "pr_ms")
    assert row["reasons"] == [None, "not comparable, because ECG 2: no P wave found"]
    assert (row["exceeds"], row["differences"]) == ([False, None], [0, None])
    assert "P waves: present → absent." in found["sentences"]
    assert "PR is not comparable, because ECG 2: no P wave found." in found["sentences"]


def test_a_shift_of_st_counts_in_two_neighbouring_leads_only():
    alone = said(ecg(), ecg(leads={"V2": {"st_mv": 0.4}}))
    assert "ST level" not in alone
    text = said(ecg(), ecg(leads={"V2": {"st_mv": 0.4}, "V3": {"st_mv": 0.3}, "aVF": {"st_mv": -0.2}}))
    assert "ST level (J + 60 ms) higher in V2 and V3, most in V2: 0.02 → 0.40 mV" in text
    assert "lower" not in text


def test_new_t_inversion_is_named():
    text = said(ecg(), ecg(leads={lead: {"t_mv": -0.3} for lead in ("V4", "V5", "V6")}))
    assert "T wave newly inverted in V4, V5 and V6." in text


def test_a_newly_wide_qrs_has_its_pattern():
    left = {"V1": {"r_mv": 0.1, "s_mv": -1.8}, "I": {"s_mv": 0.0}, "V6": {"s_mv": 0.0}}
    right = {"V1": {"r_mv": 0.9, "s_mv": -0.3}, "I": {"s_mv": -0.4}, "V6": {"s_mv": -0.4}}
    assert "newly wide (at least 120 ms), with a pattern of left" in said(ecg(), ecg(qrs_ms=150.0, leads=left))
    assert "with a pattern of right bundle-branch block" in said(ecg(), ecg(qrs_ms=150.0, leads=right))
    assert "is narrow again" in said(ecg(qrs_ms=150.0), ecg())


def test_r_progression_changes_by_more_than_a_neighbouring_lead():
    near, far = ({"transition_lead": lead, "word": "late"} for lead in ("V4", "V6"))
    assert "R progression" not in said(ecg(), ecg(r_progression=near))
    assert "R progression: normal → late." in said(ecg(), ecg(r_progression=far))


def test_a_rhythm_is_not_called_changed_while_its_intervals_scatter_as_before():
    near = said(ecg(rr_sd_ms=60.0), ecg(rr_sd_ms=75.0, rhythm_regularity="irregular"))
    far = said(ecg(rr_sd_ms=20.0), ecg(rr_sd_ms=180.0, rhythm_regularity="irregular"))
    assert "Rhythm" not in near and "Rhythm: regular → irregular." in far


def test_beats_are_laid_over_one_another():
    found = align([beat(), beat(shift=12), None])
    first, second, third = found["leads"]["V2"]
    np.testing.assert_allclose(first[200:300], second[200:300], atol=0.002)
    assert third is None and found["fiducials"][2] is None
    assert found["fiducials"][1]["qrs_on"] == 230
    assert min(qrs_likeness(found, 0, 1).values()) > 0.99
    assert align([beat(), None]) is None


SWAPS = {
    ("RA", "LA"): lambda d: {"I": -d["I"], "II": d["II"] - d["I"]},
    ("RA", "LL"): lambda d: {"I": d["I"] - d["II"], "II": -d["II"]},
    ("V1", "V4"): lambda d: {"V1": d["V4"], "V4": d["V1"]},
}


@pytest.mark.parametrize("electrodes", SWAPS)
def test_exchanged_electrodes_are_recognised(electrodes):
    swapped = beat(shift=3)
    values = {lead: np.array(row) for lead, row in swapped["leads"].items()}
    values |= SWAPS[electrodes](values)
    swapped["leads"] = {lead: row.tolist() for lead, row in values.items()}
    assert exchanged_electrodes(align([beat(), swapped]), 0, 1)["electrodes"] == list(electrodes)
    assert exchanged_electrodes(align([beat(), beat(shift=3)]), 0, 1) is None
    text = said(ecg(), ecg(median_beat=swapped))
    assert f"explained by exchanged electrodes {electrodes[0]} and {electrodes[1]}" in text


def test_another_shape_in_the_chest_leads_leaves_the_electrodes_as_an_explanation():
    other = copy.deepcopy(beat())
    for lead in ("V2", "V3"):
        other["leads"][lead] = (-np.array(other["leads"]["V5"])).tolist()
    text = said(ecg(), ecg(median_beat=other))
    assert "QRS morphology changed in V2 and V3. Another position of the chest electrodes would do the same." in text


def test_warnings_name_what_limits_the_comparison():
    few = ecg(sampling_rate_hz=100.0, heart_rate_bpm=101.0, paced="ventricular", beats_used={"rate": 9, "intervals": 2})
    few["quality"] = dict.fromkeys(LIMB_LEADS, "good") | {"V1": "flat"}
    few["placement"] = [{"kind": "arm leads", "leads": ["I"], "sentence": "The arm electrodes look exchanged."}]
    text = " ".join(compare([ecg(), few], [None, None], same_patient=False)["warnings"])
    for part in ("not of one patient", "ECG 2 lacks V2, V3", "ECG 2: V1 is flat", "100 and 500 Hz",
                 "heart rates differ", "ECG 2: The arm electrodes", "paced rhythm",
                 "rests on fewer than three beats"):  # fmt: skip
        assert part in text
    assert "not stated" in " ".join(compare([ecg(), ecg()], [None, None])["warnings"])


def test_records_without_beats_or_leads_are_compared_as_far_as_they_go():
    empty = {"quality": {"II": "flat"}, "sampling_rate_hz": 250.0, "leads": {}, "not_measurable": {}}
    found = compare([empty, ecg()], [None, None])
    assert json.dumps(found, allow_nan=False)
    assert found["aligned_beats"] is None
    assert not any(any(row["exceeds"]) for row in found["rows"])


def test_measured_ecgs_are_compared_as_they_come():
    ecgs = [next(simulate(1, seed=5, conditions=[name])) for name in ("NORM", "CLBBB", "NORM")]
    found = compare([measure(one.record).to_dict() for one in ecgs], ["2024-01-01", "2024-02-01", "2024-03-01"])
    assert json.dumps(found, allow_nan=False)
    assert row_of(found, "qrs_ms")["exceeds"] == [False, True, False]
    pattern = "The QRS complex in the second ECG is newly wide (at least 120 ms), with a pattern of left bundle"
    assert pattern in " ".join(found["sentences"])
    assert row_of(found, "qrs_likeness", "V5")["exceeds"] == [False, True, False]


def test_bad_input_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="1 given to compare; give 2 to 6"):
        compare([ecg()], [None])
    with pytest.raises(ValueError, match="1 for 2 ECGs"):
        compare([ecg(), ecg()], [None])
    with pytest.raises(ValueError, match="'May' is not an ISO date"):
        compare([ecg(), ecg()], ["2024-01-01", "May"])
