"""Statements about form follow from the beat as it is drawn: what no reader could see is not stated."""

from dataclasses import replace

import numpy as np
import pytest

from anyecg.leads import STANDARD_LEADS
from anyecg.simulate import simulate
from anyecg.simulate.morphology import draw_hearts
from anyecg.simulate.patient import draw_patient, draw_state
from anyecg.simulate.territory import LEADS_OVER
from anyecg.simulate.torso import draw_torso
from anyecg.simulate.visible import _beat, _q_waves, earned

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


def hearts(condition, n=60):
    """Patients and their hearts."""
    made = []
    for k in range(n):
        rng = np.random.default_rng([k, 8])
        patient = draw_patient(draw_state(rng, [condition]), rng)
        made.append((patient, *draw_hearts([patient], [draw_torso(rng)], [[rng] * 5])))
    return made


def test_most_infarcts_have_q_waves_and_not_every_record_says_so():
    stated = {code: np.mean(["QWAVE" in ecg.findings for ecg in records(code)]) for code in ("IMI", "LMI", "AMI")}
    assert all(share > 0.5 for share in stated.values()) and min(stated.values()) < 0.95
    assert np.mean(["QWAVE" in ecg.findings for ecg in records("QWAVE")]) > 0.9


def test_q_waves_of_an_old_inferior_infarct_last_30_to_50_ms():
    widths = []
    for _, heart in hearts("IMI:old"):
        qrs, _, _ = _beat(heart.shapes, heart.seen)
        row = qrs[ROW["aVF"]]
        up = np.flatnonzero(row > 0.05)
        if len(up) and row[: up[0]].min(initial=0) < -0.1:
            widths.append(2 * np.count_nonzero(row[: up[0]] < -0.025))
    assert len(widths) > 15 and 30 <= np.median(widths) <= 50


@pytest.mark.parametrize("code", ["IMI", "ASMI", "LMI", "ILMI", "IPLMI", "ISCAL", "INJIN", "LVH", "NDT"])
def test_hardly_any_condition_is_drawn_so_that_nobody_sees_it(code):
    assert np.mean([bool(heart.unseen) for _, heart in hearts(code)]) < 0.12


def test_an_infarct_that_leaves_nothing_in_the_beat_is_not_stated():
    patient, heart = hearts("LMI:old", 1)[0]
    assert not heart.unseen
    plain = hearts("NORM", 1)[0][1]
    assert earned(patient, ("QWAVE", "ABQRS"), plain.shapes, plain.seen) == ((), frozenset({"LMI"}))
    stated, hidden = 0, 0
    for ecg in records("LMI"):
        stated += "LMI" in ecg.findings
        hidden += "NORM" in ecg.findings
    assert stated >= 36 and stated + hidden == 40


def test_every_stated_infarct_shows_something_in_its_leads():
    for code in ("IMI", "AMI", "IPMI"):
        for _, heart in hearts(code, 40):
            qrs, st, t = _beat(heart.shapes, heart.seen)
            over = [ROW[lead] for lead in LEADS_OVER[code]] + [ROW[lead] for lead in ("V1", "V2")]
            signs = _q_waves(qrs)[over].any() or (t[over] <= -0.05).any() or (st[over] >= 0.1).any()
            little_r, tall_r = qrs[ROW["V3"]].max() <= 0.3, qrs[ROW["V2"]].max() >= 0.4
            assert heart.unseen or signs or little_r or tall_r


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
    assert "STD_" not in earned(patient, heart.codes, heart.shapes, flat)[0]
    assert earned(patient, heart.codes, heart.shapes, flat)[1] == {"ISC_"}
    deep = {name: 3.0 * own if name == "T" else own for name, own in heart.seen.items()}
    assert "STD_" in earned(patient, (), heart.shapes, deep)[0]
    assert "STD_" not in earned(replace(patient, conduction=("CLBBB",)), (), heart.shapes, deep)[0]
