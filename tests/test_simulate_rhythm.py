"""Rhythms of the simulator: their waves, beats, pulses and episodes say the same thing."""

import numpy as np
import pytest

from anyecg.simulate import CONDITIONS, EPISODE_KINDS, simulate

RHYTHMS = (
    "VTACH", "PVT", "VFIB", "ASYSTOLE", "PAUSE", "JUNC", "IVR", "AIVR", "MOBITZ1", "MOBITZ2", "2:1AVB", "3AVB", "ATACH",
    "AVNRT", "AVRT", "AFLT", "PACE-A", "PACE-V", "PACE-AV", "PACE-FAIL", "COUPLET", "MULTIFORM", "NSVT",
)  # fmt: skip


def many(condition, n=8, seed=31, **options):
    return list(simulate(n, seed=seed, conditions=(condition,), **options))


def starts(ecg, kind):
    return np.array([wave["start_s"] for wave in ecg.waves if wave["kind"] == kind])


def episodes(ecg, kind):
    return [row for row in ecg.episodes if row["kind"] == kind]


@pytest.mark.parametrize("condition", RHYTHMS)
@pytest.mark.parametrize("duration_s", [2.0, 10.0, 45.0])
def test_every_rhythm_has_an_orderly_truth_at_any_length(condition, duration_s):
    for ecg in many(condition, 3, duration_s=duration_s, sampling_rate=250, leads=("I", "II", "V1")):
        assert np.isfinite(ecg.record.signal).all()
        times = [wave["start_s"] for wave in ecg.waves]
        assert times == sorted(times)
        for wave in ecg.waves:
            assert 0 <= wave["start_s"] < wave["peak_s"] < wave["end_s"] <= duration_s
        for row in ecg.episodes:
            assert row["kind"] in EPISODE_KINDS and 0 <= row["start_s"] < row["end_s"] <= duration_s
        beats = [beat["time_s"] for beat in ecg.beats]
        assert beats == sorted(beats) and {beat["kind"] for beat in ecg.beats} <= set("NSVP")
        assert all(np.diff(beats) > 0.15)


@pytest.mark.parametrize("condition", ["AFIB", "AFLT", "VFIB", "JUNC", "SVTAC", "IVR", "AIVR", "AVNRT"])
def test_no_p_wave_is_listed_where_there_is_none(condition):
    for ecg in many(condition):
        inside = [
            at for at in starts(ecg, "P wave") for row in ecg.episodes if row["start_s"] + 0.3 < at < row["end_s"]
        ]
        assert not inside


def test_qrs_complexes_and_p_waves_do_not_overlap():
    for condition in ("3AVB", "VTACH", "PACE-FAIL", "MOBITZ1", "2:1AVB", "AVRT"):
        for ecg in many(condition, 4):
            qrs = [wave for wave in ecg.waves if wave["kind"] == "QRS complex"]
            for p in (wave for wave in ecg.waves if wave["kind"] == "P wave"):
                assert not [q for q in qrs if q["start_s"] < p["end_s"] and p["start_s"] < q["end_s"]]


def pr_before(ecg):
    """For each QRS, the time since the last P wave began, s; and how many P waves lie between QRS complexes."""
    p, qrs = starts(ecg, "P wave"), starts(ecg, "QRS complex")
    qrs = qrs[qrs > p[0]]
    last = np.searchsorted(p, qrs) - 1
    return qrs - p[last], np.diff(last)


def test_mobitz_two_keeps_its_pr_and_mobitz_one_prolongs_it():
    for ecg in many("MOBITZ2"):
        pr, between = pr_before(ecg)
        assert np.ptp(pr) < 0.002 and between.max() == 2
        assert ecg.measurements["pr_ms"] == pytest.approx(1000 * pr[0], abs=2)
    for ecg in many("MOBITZ1"):
        pr, between = pr_before(ecg)
        grows = np.diff(pr)[between == 1]
        assert (grows > 0.01).all() and (np.diff(pr)[between == 2] < 0).all() and between.max() == 2
        assert ecg.measurements["pr_ms"] is None


def test_two_to_one_block_conducts_every_second_p_wave():
    for ecg in many("2:1AVB"):
        pr, between = pr_before(ecg)
        assert set(between.tolist()) == {2} and np.ptp(pr) < 0.002
        assert "2AVB" in ecg.findings


def test_third_degree_block_has_a_regular_slow_escape_and_no_constant_pr():
    for ecg in many("3AVB"):
        r = np.array([beat["time_s"] for beat in ecg.beats])
        assert np.ptp(np.diff(r)) < 0.08 and 60 / np.diff(r).mean() < 50
        assert ecg.measurements["pr_ms"] is None and episodes(ecg, "third-degree AV block")


def test_ventricular_tachycardia_is_fast_and_wide_within_its_episode():
    for ecg in many("VTACH") + many("PVT"):
        for row in episodes(ecg, "ventricular tachycardia"):
            inside = [b for b in ecg.beats if row["start_s"] <= b["time_s"] <= row["end_s"]]
            assert {b["kind"] for b in inside} == {"V"} and len(inside) >= 3
            assert 60 / np.diff([b["time_s"] for b in inside]).mean() > 100
        assert "SR" not in ecg.findings or "N" in {b["kind"] for b in ecg.beats}


def test_fibrillating_ventricles_have_waves_but_no_beats():
    for ecg in many("VFIB"):
        (row,) = episodes(ecg, "ventricular fibrillation")
        a, b = round(row["start_s"] * 500) + 200, round(row["end_s"] * 500)
        assert not [beat for beat in ecg.beats if row["start_s"] < beat["time_s"] < row["end_s"]]
        spectrum = np.abs(np.fft.rfft(ecg.record.lead("II")[a:b] - ecg.record.lead("II")[a:b].mean()))
        hz = np.fft.rfftfreq(b - a, 1 / 500)
        band = hz > 2
        assert 3 < hz[band][spectrum[band].argmax()] < 12


def test_asystole_has_no_beats_and_p_waves_in_some():
    made = many("ASYSTOLE", 12)
    with_p = 0
    for ecg in made:
        (row,) = episodes(ecg, "asystole")
        assert row["end_s"] - row["start_s"] >= 4
        assert not [beat for beat in ecg.beats if row["start_s"] + 0.2 < beat["time_s"] < row["end_s"]]
        with_p += any(row["start_s"] < at < row["end_s"] for at in starts(ecg, "P wave"))
    assert 2 <= with_p <= 10


def test_a_pause_lasts_more_than_three_seconds_without_a_wave():
    for ecg in many("PAUSE", duration_s=20):
        assert episodes(ecg, "pause") and "NORM" not in ecg.findings
        for row in episodes(ecg, "pause"):
            assert row["end_s"] - row["start_s"] > 3
            assert not [at for at in starts(ecg, "P wave") if row["start_s"] < at < row["end_s"] - 0.4]


def test_retrograde_p_waves_follow_the_qrs_in_avrt_and_precede_it_in_atrial_tachycardia():
    for ecg in many("AVRT"):
        (row, *_) = episodes(ecg, "supraventricular tachycardia")
        qrs = starts(ecg, "QRS complex")
        p = [at for at in starts(ecg, "P wave") if row["start_s"] + 0.4 < at < row["end_s"]]
        assert p and all(0.08 < at - qrs[qrs < at][-1] < 0.22 for at in p)
    for ecg in many("ATACH"):
        assert len(starts(ecg, "P wave")) > len(ecg.beats) / 2


def test_flutter_says_its_conduction():
    ratios = {row["conduction"] for ecg in many("AFLT", 20) for row in episodes(ecg, "atrial flutter")}
    assert {"2:1", "variable"} <= ratios


def steepest(ecg, at, half_ms=6):
    """Largest second difference near a time, on any lead, mV: what a pulse of one or two samples stands out by."""
    k, half = round(at * ecg.record.sampling_rate), max(round(half_ms * ecg.record.sampling_rate / 1000), 2)
    piece = ecg.record.signal[:, max(k - half, 0) : k + half]
    return np.abs(np.diff(piece, 2, axis=1)).max()


def test_pacing_pulses_precede_what_they_start_and_stand_out_at_500_hz():
    for condition in ("PACE-V", "PACE-AV"):
        for ecg in many(condition):
            qrs = starts(ecg, "QRS complex")
            pulses = [s["time_s"] for s in ecg.spikes if s["chamber"] == "ventricle" and 0.05 < s["time_s"] < 9.5]
            assert pulses and all(np.abs(qrs - at).min() < 0.012 for at in pulses)
            assert {beat["kind"] for beat in ecg.beats} == {"P"} and "PACE" in ecg.findings
            assert {e["kind"] for e in ecg.events} >= {"paced beat"}
            if ecg.device["low_pass_hz"] > 40:
                assert np.median([steepest(ecg, at) for at in pulses]) > 0.05
    for ecg in many("PACE-A"):
        assert {s["chamber"] for s in ecg.spikes} == {"atrium"} and {b["kind"] for b in ecg.beats} == {"N"}


def test_pulses_are_smeared_at_100_hz():
    for seed in range(3):
        fine = next(simulate(1, seed=seed, conditions=("PACE-V",)))
        coarse = next(simulate(1, seed=seed, conditions=("PACE-V",), sampling_rate=100))
        assert fine.spikes == coarse.spikes
        at = next(s["time_s"] for s in fine.spikes if s["time_s"] > 1)
        k, m = round(at * 500), round(at * 100)
        height = np.ptp(fine.record.signal[:, k - 4 : k + 2], axis=1).max()
        assert np.ptp(coarse.record.signal[:, m - 2 : m + 1], axis=1).max() < height


def test_failure_to_capture_leaves_pulses_without_a_beat():
    for ecg in many("PACE-FAIL"):
        lost = [s["time_s"] for s in ecg.spikes if not s["captured"] and 0.2 < s["time_s"] < 9]
        paced = starts(ecg, "QRS complex")
        assert lost and all(not ((paced > at) & (paced < at + 0.02)).any() for at in lost)


def test_couplets_runs_and_several_forms_of_ectopic_beats():
    for ecg in many("COUPLET"):
        assert "VV" in "".join(b["kind"] for b in ecg.beats)
    for ecg in many("NSVT"):
        assert episodes(ecg, "ventricular tachycardia") and "PVC" in ecg.findings
    different = 0
    for ecg in many("MULTIFORM"):
        shots = [ecg.record.signal[:, k - 30 : k + 30] for b in ecg.beats
                 if b["kind"] == "V" and 40 < (k := round(b["time_s"] * 500)) < 4960]  # fmt: skip
        different += any(np.corrcoef(a.ravel(), shots[0].ravel())[0, 1] < 0.8 for a in shots[1:])
    assert different >= 6


def test_new_rhythms_are_rare_in_the_usual_mixture():
    seen = [row["kind"] for ecg in simulate(400, seed=77, leads=("II",), sampling_rate=100) for row in ecg.episodes]
    common = ("atrial fibrillation", "atrial flutter")
    assert 4 < len([kind for kind in seen if kind not in common]) < 50
    assert {"VTACH", "PACE-V"} <= set(CONDITIONS)
