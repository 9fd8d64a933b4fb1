"""Patients of the simulator who come several times: the same heart, a stated reason, and the truth about changes."""

from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from anyecg.simulate import simulate, simulate_visits


@pytest.fixture(scope="module")
def patients():
    return list(simulate_visits(60, 4, seed=5))


def pairs(patients, *reasons):
    return [
        (before, now)
        for ecgs in patients
        for before, now in pairwise(ecgs)
        if any(word in now.changes["reason"] for word in reasons)
    ]


def mean_beat(ecg):
    """(12, 250) mean of the conducted beats around R, mV."""
    times = [round(b["time_s"] * 500) for b in ecg.beats if b["kind"] == "N"]
    cut = [ecg.record.signal[:, k - 100 : k + 150] for k in times if 100 <= k < 4850]
    beat = np.mean(cut, axis=0)
    return beat - beat[:, 55:65].mean(axis=1, keepdims=True)


def test_visits_are_dated_in_order_of_one_person_growing_older(patients):
    for ecgs in patients:
        dates = [date.fromisoformat(ecg.record.recorded_at) for ecg in ecgs]
        assert dates == sorted(set(dates)) and len({ecg.patient["sex"] for ecg in ecgs}) == 1
        ages = [ecg.record.age for ecg in ecgs]
        assert ages == sorted(ages) and abs(ages[-1] - ages[0] - (dates[-1] - dates[0]).days / 365.25) <= 1
        assert len({ecg.record.name for ecg in ecgs}) == len(ecgs)


def test_changes_are_the_difference_of_findings_with_a_reason(patients):
    for ecgs in patients:
        assert ecgs[0].changes is None
        for before, now in pairwise(ecgs):
            change = now.changes
            assert change["reason"] and change["days"] >= 1
            assert set(change["new"]) == set(now.findings) - set(before.findings)
            assert set(change["resolved"]) == set(before.findings) - set(now.findings)
            assert set(change["unchanged"]) == set(before.findings) & set(now.findings)


def test_without_a_change_the_beats_look_alike_and_the_findings_stay(patients):
    same = pairs(patients, "no change")
    assert len(same) > 20
    for _, now in same:
        assert not {"IMI", "CLBBB", "AFIB", "LNGQT", "LVH"} & {*now.changes["new"], *now.changes["resolved"]}
    narrow = [(a, b) for a, b in same if not {"PACE", "3AVB"} & {*a.findings, *b.findings}]
    alike = [np.corrcoef(mean_beat(a).ravel(), mean_beat(b).ravel())[0, 1] for a, b in narrow]
    others = [np.corrcoef(mean_beat(a).ravel(), mean_beat(c).ravel())[0, 1]
              for (a, _), (c, _) in zip(narrow, narrow[5:], strict=False)]  # fmt: skip
    assert np.median(alike) > 0.93 and np.median(alike) > np.median(others) + 0.05


def test_beats_differ_more_after_what_changes_them_than_without_a_reason(patients):
    def likeness(*reasons):
        both = [(mean_beat(a), mean_beat(b)) for a, b in pairs(patients, *reasons) if "PACE" not in b.findings]
        return [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in both]

    changed = likeness("new left bundle", "new infarction", "potassium was", "low potassium", "high potassium")
    assert len(changed) > 8 and np.median(changed) < np.median(likeness("no change")) - 0.05


def test_each_reason_brings_its_finding(patients):
    for word, code in (("left bundle", "CLBBB"), ("fibrillation has begun", "AFIB"), ("prolongs QT", "LNGQT")):
        for _, now in pairs(patients, word):
            assert code in now.changes["new"]
    for _, now in pairs(patients, "new infarction"):
        assert any(code.endswith("MI") for code in now.changes["new"])
    for _, now in pairs(patients, "cardioversion"):
        assert "AFIB" in now.changes["resolved"] and "AFIB" not in now.findings
    for _, now in pairs(patients, "pacemaker"):
        assert "PACE" in now.changes["new"] and now.spikes
    assert len({row[1].changes["reason"] for row in pairs(patients, "")}) > 12


def test_an_acute_infarct_becomes_recent_and_old(patients):
    for before, now in pairs(patients, "some days old"):
        acute = {"STE_", "STD_"} & set(before.findings)
        assert acute and not acute & set(now.changes["new"])
    assert pairs(patients, "healed")


def test_the_same_seed_gives_the_same_visits_whatever_their_number():
    (first, *_), (again,) = list(simulate_visits(3, 3, seed=8)), list(simulate_visits(1, 2, seed=8))
    for a, b in zip(first, again, strict=False):
        assert a.record.signal.tobytes() == b.record.signal.tobytes() and a.changes == b.changes


def test_facts_about_the_person_fit_the_ecg():
    for condition, fact in (
        ("HYPOK", lambda p: p["potassium_mmol_l"] < 3.2), ("HYPERK", lambda p: p["potassium_mmol_l"] > 6),
        ("NORM", lambda p: 3.5 < p["potassium_mmol_l"] < 5.1), ("DIG", lambda p: "digoxin" in p["drugs"]),
        ("AFIB", lambda p: "apixaban" in p["drugs"]),
    ):  # fmt: skip
        for ecg in simulate(5, seed=1, conditions=(condition,), leads=("II",), sampling_rate=100):
            assert fact(ecg.patient) and 15 < ecg.patient["bmi_kg_m2"] < 50
            assert ecg.patient["age"] == ecg.record.age and ecg.patient["sex"] == ecg.record.sex
    high = [e.patient["systolic_mmhg"] for e in simulate(20, seed=1, conditions=("LVH",), leads=("II",))]
    usual = [e.patient["systolic_mmhg"] for e in simulate(20, seed=1, conditions=("NORM",), leads=("II",))]
    assert np.mean(high) > np.mean(usual) + 8


def test_too_many_visits_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="cannot simulate 99 visits of a patient; choose 1 to 12"):
        simulate_visits(1, 99, seed=0)


def test_heavy_disturbances_are_listed_and_seen():
    kinds = set()
    for ecg in simulate(1000, seed=12, leads=("II", "V1", "V3", "V6"), sampling_rate=100):
        for row in ecg.disturbances:
            kinds.add(row["kind"])
            a, b = round(row["start_s"] * 100) + 1, round(row["end_s"] * 100) - 1
            piece = ecg.record.lead(row["leads"][0])[a:b]
            if row["kind"] == "saturation" and row["leads"][0].startswith("V") and b > a:
                assert np.ptp(piece) == 0 or len(ecg.disturbances) > 1
    assert kinds == {"motion", "electrode loss", "saturation"}
