"""Critical values from measurements that are written down here, so that every limit can be tried on both sides."""

import numpy as np
import pytest

from anyecg.measure import measure
from anyecg.measure.critical import URGENCY, critical_values
from anyecg.measure.infarction import limit_mv
from anyecg.record import EcgRecord

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def patient(age=60.0, sex="male", duration_s=10.0):
    return EcgRecord(np.zeros((1, round(duration_s * 100))), ("II",), 100, age=age, sex=sex)


def measured(st=None, *, rate=70.0, **changes):
    """Measurements of an unremarkable ECG; `st` gives the ST level of some leads, `changes` anything else."""
    down = {"aVR", "V1", "V2"}
    leads = {
        lead: {"r_mv": 0.2, "s_mv": -1.0, "q_mv": 0.0} if lead in down else {"r_mv": 1.0, "s_mv": -0.2, "q_mv": 0.0}
        for lead in LEADS
    }
    for lead, row in leads.items():
        level = (st or {}).get(lead, 0.0)
        row |= {"st_j_mv": level, "st_mv": level, "st80_mv": level, "t_mv": 0.3}
    beats = [{"time_s": 0.3 + k * 60 / rate, "kind": "N"} for k in range(int(9.5 * rate / 60))]
    values = {
        "duration_s": 10.0, "quality": dict.fromkeys(LEADS, "good"), "beats": beats, "heart_rate_bpm": rate,
        "rhythm_regularity": "regular", "p_wave_present": True, "pr_ms": 160.0, "qrs_ms": 92.0, "qt_ms": 380.0,
        "qtc_bazett_ms": 410.0, "qtc_fridericia_ms": 400.0, "leads": leads, "episodes": [], "placement": [],
        "paced": None, "sokolow_lyon_mv": 2.0, "cornell_mv": 1.0,
    }  # fmt: skip
    return values | changes


def kinds(values, who=None):
    return [row["kind"] for row in critical_values(values, who or patient())]


def test_an_unremarkable_ecg_has_no_critical_value():
    assert critical_values(measured(), patient()) == []


@pytest.mark.parametrize(
    "lead, age, sex, limit",
    [
        ("V2", 60, "male", 0.20), ("V3", 39, "male", 0.25), ("V2", 30, "female", 0.15), ("V3", 80, "female", 0.15),
        ("V2", None, "male", 0.25), ("V2", 60, None, 0.20), ("V2", None, None, 0.25), ("II", 60, "male", 0.10),
        ("V7", 60, "male", 0.05), ("V8", 30, "male", 0.10), ("V4R", 35, "male", 0.05), ("V4R", 25, "male", 0.10),
    ],
)  # fmt: skip
def test_st_limits_are_those_of_the_universal_definition(lead, age, sex, limit):
    assert limit_mv(lead, age, sex) == limit


def test_inferior_st_elevation_names_territory_numbers_and_reciprocal_depression():
    values = measured({"II": 0.12, "III": 0.22, "aVF": 0.17, "aVL": -0.11})
    found = critical_values(values, patient())
    assert [row["kind"] for row in found] == ["ST elevation"]
    assert found[0]["leads"] == ["II", "III", "aVF"]
    assert "(inferior), with ST depression of 0.11 mV in aVL" in found[0]["sentence"]
    assert "0.22 mV in III" in found[0]["sentence"]
    assert found[0]["source"].endswith("2018")
    assert (found[0]["start_s"], found[0]["end_s"]) == (0.0, 10.0)


def test_one_lead_or_two_that_are_no_neighbours_are_not_enough():
    assert kinds(measured({"III": 0.3})) == []
    assert kinds(measured({"III": 0.3, "V5": 0.3, "I": -0.1})) == []
    assert kinds(measured({"V3": 0.3, "V4": 0.3})) == ["ST elevation"]


def test_the_same_elevation_counts_in_a_woman_and_not_in_a_young_man():
    values = measured({"V2": 0.18, "V3": 0.18, "III": -0.1})
    assert kinds(values, patient(60, "female")) == ["ST elevation"]
    assert kinds(values, patient(30, "male")) == []


def test_unknown_age_and_sex_take_the_highest_limit_and_say_so():
    assert kinds(measured({"V2": 0.22, "V3": 0.22, "III": -0.1}), patient(None, None)) == []
    found = critical_values(measured({"V2": 0.3, "V3": 0.3, "III": -0.1}), patient(None, None))
    assert "Age and sex are not known, so the highest limit was used." in found[0]["sentence"]


def test_st_at_60_ms_serves_where_the_j_point_was_not_measured():
    values = measured({"II": 0.15, "III": 0.2, "aVF": 0.2, "aVL": -0.1})
    for row in values["leads"].values():
        del row["st_j_mv"]
    assert kinds(values) == ["ST elevation"]


def test_bad_or_misplaced_leads_are_not_judged():
    st = {"II": 0.15, "III": 0.2, "aVF": 0.2, "aVL": -0.1}
    swapped = [{"kind": "arm leads", "leads": ["I", "II", "III", "aVR", "aVL", "aVF"], "sentence": ""}]
    assert kinds(measured(st, placement=swapped)) == []
    loose = dict.fromkeys(LEADS, "good") | {"aVF": "loose"}
    assert kinds(measured(st, quality=loose)) == []


def test_early_repolarisation_and_hypertrophy_are_no_infarction():
    early = measured({"V3": 0.22, "V4": 0.2}, qtc_bazett_ms=380.0)
    early["leads"]["V4"]["r_mv"] = 2.5
    assert kinds(early) == []
    thick = measured({"V1": 0.22, "V2": 0.3, "V6": -0.1}, sokolow_lyon_mv=4.5)
    thick["leads"]["V1"]["s_mv"] = thick["leads"]["V2"]["s_mv"] = -2.5
    assert kinds(thick) == []
    thick["leads"]["V2"]["st_j_mv"] = thick["leads"]["V1"]["st_j_mv"] = 0.9
    assert kinds(thick) == ["ST elevation"]


def test_left_bundle_branch_block_is_judged_by_sgarbossa():
    usual = {"V1": 0.15, "V2": 0.2, "V6": -0.1}
    assert kinds(measured(usual, qrs_ms=150.0)) == []
    concordant = critical_values(measured(usual | {"I": 0.13}, qrs_ms=150.0), patient())
    assert [row["kind"] for row in concordant] == ["ST elevation"]
    assert "With left bundle branch block the usual ST limits do not hold" in concordant[0]["sentence"]
    assert "concordant ST elevation of 0.13 mV in I" in concordant[0]["sentence"]
    assert kinds(measured({"V2": 0.3}, qrs_ms=150.0)) == ["ST elevation"]  # 30 % of the S wave


def test_a_regular_wide_rhythm_without_p_waves_is_not_called_bundle_branch_block():
    wide = measured({"I": 0.2, "V2": 0.2}, qrs_ms=170.0, p_wave_present=False, pr_ms=None)
    assert kinds(wide) == []
    assert kinds(wide | {"rhythm_regularity": "irregular"}) == ["ST elevation"]


def test_a_paced_rhythm_is_judged_by_sgarbossa_too():
    found = critical_values(measured({"V2": -0.15}, paced="ventricular"), patient())
    assert "With ventricular pacing" in found[0]["sentence"]


def episode(kind, start_s, end_s, rate=None):
    return {"kind": kind, "start_s": start_s, "end_s": end_s} | ({} if rate is None else {"rate_bpm": rate})


def test_fibrillation_silences_what_cannot_be_measured_in_it():
    row = episode("ventricular fibrillation or flutter", 0.0, 10.0, 280.0)
    found = critical_values(measured({"II": 0.4, "III": 0.4, "aVF": 0.4}, rate=190.0, episodes=[row]), patient())
    assert [c["kind"] for c in found] == ["ventricular fibrillation or flutter"]
    assert "throughout the 10 s" in found[0]["sentence"]


def test_episodes_become_sentences_most_urgent_first():
    rows = [
        episode("pause", 4.0, 7.4), episode("third-degree AV block", 0.0, 10.0, 34.0),
        episode("ventricular tachycardia", 7.5, 9.0, 150.0), episode("ventricular bigeminy", 1.0, 3.0),
        episode("second-degree AV block (Mobitz 1)", 0.0, 10.0, 60.0),
    ]  # fmt: skip
    found = critical_values(measured(episodes=rows), patient())
    assert [c["kind"] for c in found] == ["ventricular tachycardia", "third-degree AV block", "pause"]
    assert "Pause of 3.4 s between two QRS complexes" in found[2]["sentence"]
    assert all(c["kind"] in URGENCY and c["source"] and c["sentence"].endswith(".") for c in found)


def test_a_run_of_thirty_seconds_is_sustained():
    row = episode("ventricular tachycardia", 10.0, 45.0, 170.0)
    found = critical_values(measured(episodes=[row]), patient(duration_s=60))
    assert found[0]["kind"] == "sustained ventricular tachycardia"
    assert found[0]["sentence"].startswith("Sustained ventricular tachycardia at 170/min")


def test_repeated_episodes_make_one_sentence():
    rows = [episode("pause", 4.0, 7.4), episode("pause", 14.0, 18.0)]
    found = critical_values(measured(episodes=rows), patient(duration_s=30))
    assert len(found) == 1
    assert found[0]["start_s"] == 14.0
    assert found[0]["sentence"].endswith("The longest of 2 episodes.")


@pytest.mark.parametrize(
    "rate, found", [(38.0, ["very slow rate"]), (41.0, []), (149.0, []), (152.0, ["very fast rate"])]
)
def test_rates_below_40_and_above_150_are_critical(rate, found):
    assert kinds(measured(rate=rate)) == found


def test_ten_seconds_of_a_fast_rate_are_found_in_a_long_recording():
    slow, fast = np.arange(0.5, 60, 1.0), np.arange(60, 80, 0.36)
    beats = [{"time_s": t, "kind": "N"} for t in np.concatenate([slow, fast, np.arange(80.5, 120, 1.0)])]
    found = critical_values(measured(beats=beats), patient(duration_s=120))
    assert [row["kind"] for row in found] == ["very fast rate"]
    assert 55 <= found[0]["start_s"] <= 75


def test_qtc_of_500_ms_names_its_formula():
    found = critical_values(measured(qt_ms=510.0, qtc_fridericia_ms=520.0, qtc_bazett_ms=531.0), patient())
    assert [row["kind"] for row in found] == ["long QTc"]
    assert "QTc 520 ms by Fridericia and 520 ms by Hodges (531 ms by Bazett" in found[0]["sentence"]
    assert kinds(measured(qtc_fridericia_ms=505.0, qtc_hodges_ms=492.0)) == []
    assert kinds(measured(qtc_fridericia_ms=495.0, qtc_bazett_ms=530.0)) == []


def test_a_wide_qrs_is_allowed_for_in_qtc():
    wide = measured(qt_ms=500.0, qtc_fridericia_ms=510.0, qtc_bazett_ms=520.0, qrs_ms=160.0)
    assert kinds(wide) == []
    longer = critical_values(wide | {"qt_ms": 640.0, "qtc_fridericia_ms": 650.0}, patient())
    assert [row["kind"] for row in longer] == ["long QTc"]
    assert "Bogossian" in longer[0]["sentence"]


def test_a_wide_tachycardia_is_ventricular_until_shown_otherwise():
    wide = measured(rate=140.0, qrs_ms=150.0, p_wave_present=False, pr_ms=None)
    found = critical_values(wide, patient())
    assert "wide-complex tachycardia" in [row["kind"] for row in found]
    assert "Ventricular tachycardia until shown otherwise" in found[0]["sentence"]
    assert "wide-complex tachycardia" not in kinds(wide | {"paced": "ventricular"})
    with_p = measured(rate=110.0, qrs_ms=150.0)
    assert "wide-complex tachycardia" not in kinds(with_p)


def test_what_is_no_ecg_has_no_critical_values():
    assert critical_values(measured(rate=200.0, not_an_ecg="it is a constant line"), patient()) == []


def test_a_record_without_measurements_has_no_critical_values():
    assert critical_values({"quality": {"II": "flat"}, "beats": []}, patient()) == []


def test_a_lead_on_the_rail_is_no_standstill():
    rng = np.random.default_rng(0)
    lead = np.full(5000, 0.06)
    for start in range(0, 5000, 100):
        lead[start : start + 30] -= 0.08 * (0.6 + 0.4 * rng.random(30))
    found = measure(EcgRecord(lead[None].astype(np.float32), ("II",), 500.0))
    assert found.quality == {"II": "saturated"} and not found.critical and not found.episodes
