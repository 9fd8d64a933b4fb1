"""Statements about form follow from the beat as it is drawn: what no reader could see is not stated."""

from dataclasses import replace

import numpy as np
import pytest

from anyecg.leads import STANDARD_LEADS
from anyecg.simulate import simulate
from anyecg.simulate.morphology import draw_hearts
from anyecg.simulate.patient import draw_patient, draw_state
from anyecg.simulate.torso import draw_torso
from anyecg.simulate.visible import _q_waves, earned

ROW = {lead: row for row, lead in enumerate(STANDARD_LEADS)}


def qrs_with(**leads):
    """(12, 50) mV in steps of 2 ms: a plain R everywhere but in these leads, given as (mV, ms) after each other."""
    qrs = np.tile(np.repeat([0.0, 1.0, 0.0], [2, 40, 8]), (12, 1))
    for lead, parts in leads.items():
        row = np.concatenate([np.full(ms // 2, mv) for mv, ms in parts])
        qrs[ROW[lead]] = np.pad(row, (0, 50 - len(row)))
    return qrs


@pytest.mark.parametrize(
    ("parts", "counts"),
    [
        ([(-0.2, 30), (1.0, 40)], True), ([(-0.3, 20), (1.0, 40)], True), ([(-0.2, 20), (1.0, 40)], False),
        ([(-0.3, 12), (1.0, 40)], False), ([(-0.06, 40), (1.0, 40)], False), ([(-0.6, 70)], True),
        ([(0.2, 10), (-0.6, 60)], False),
    ],
)  # fmt: skip
def test_a_q_wave_is_wide_or_a_quarter_of_r(parts, counts):
    q = _q_waves(qrs_with(aVF=parts))
    assert q[ROW["aVF"]] == counts and not q[ROW["I"]]


def test_a_short_q_wave_counts_in_front_of_the_septum():
    q = _q_waves(qrs_with(V2=[(-0.12, 20), (1.0, 40)], V5=[(-0.12, 20), (1.0, 40)]))
    assert q[ROW["V2"]] and not q[ROW["V5"]]


def records(condition, n=40, **more):
    return list(simulate(n, seed=6, conditions=[condition], sampling_rate=100.0, **more))


def test_not_every_infarct_has_q_waves_and_not_every_record_says_so():
    stated = np.mean(["QWAVE" in ecg.findings for ecg in records("IMI")])
    assert 0.3 < stated < 0.95
    assert np.mean(["QWAVE" in ecg.findings for ecg in records("QWAVE")]) > 0.9
    assert all("IMI" in ecg.findings for ecg in records("IMI", 5))


def test_a_sinus_rhythm_is_named_by_its_intervals():
    for condition in ("SR", "SARRH"):
        for ecg in records(condition):
            varies = np.ptp(np.diff([beat["time_s"] for beat in ecg.beats]))
            assert varies < 0.17 if "SR" in ecg.findings else varies > 0.11
            assert "NORM" in ecg.findings


def test_voltage_is_stated_where_it_can_be_measured():
    for ecg in records("LVH", 25):
        if "VCLVH" not in ecg.findings:
            clean = ecg.record.signal[ROW["V5"]].max() - ecg.record.signal[ROW["V1"]].min()
            assert clean < 4.5
    assert np.mean(["VCLVH" in ecg.findings for ecg in records("LVH", 25)]) > 0.7


def test_what_was_drawn_too_small_is_dropped_and_what_is_large_is_added():
    rng = np.random.default_rng(3)
    patient = draw_patient(draw_state(rng, ["ISC_"]), rng)
    (heart,) = draw_hearts([patient], [draw_torso(rng)], [[np.random.default_rng(k) for k in range(5)]])
    assert "STD_" in heart.codes
    flat = {name: 0.02 * own if name == "T" else own for name, own in heart.seen.items()}
    assert "STD_" not in earned(patient, heart.codes, heart.shapes, flat)
    deep = {name: 3.0 * own if name == "T" else own for name, own in heart.seen.items()}
    assert "STD_" in earned(patient, (), heart.shapes, deep)
    assert "STD_" not in earned(replace(patient, conduction=("CLBBB",)), (), heart.shapes, deep)
