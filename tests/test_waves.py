"""Fiducials over all leads and in each lead, on beats that were drawn, and on real ones when there are any."""

from typing import Any

import numpy as np
import pytest

from anyecg.leads import STANDARD_LEADS
from anyecg.measure import delineate, measure
from anyecg.measure.average import average_beat
from anyecg.measure.features import features
from anyecg.measure.ludb import lead_marks, over_leads, reference, typical_marks
from anyecg.measure.waves import _weights, decode, lead_waves, network, wave_times
from anyecg.record import EcgRecord

PR_S, P_S, QRS_S, QT_S, R_S = 0.15, 0.09, 0.09, 0.36, 0.04
SIZES = np.array([0.8, 1.0, 0.3, -0.9, 0.3, 0.7, -0.6, -0.9, 0.4, 1.2, 1.3, 1.0])


def bump(t, start, end):
    """A smooth wave that begins and ends exactly there (raised cosine)."""
    return 0.5 * (1 - np.cos(2 * np.pi * np.clip((t - start) / (end - start), 0, 1)))


def drawn_ecg(rr_s=0.8, n_beats=12, *, pr_s=PR_S, qt_s=QT_S, first_s=0.5, rate=500, seed=0):
    """Twelve leads of one shape and many sizes, and the QRS onsets."""
    onsets = first_s + rr_s * np.arange(n_beats)
    t = np.arange(int((onsets[-1] + 0.7) * rate)) / rate
    wave = np.zeros_like(t)
    for on in onsets:
        wave += 0.12 * bump(t, on - pr_s, on - pr_s + P_S) - 0.12 * bump(t, on, on + 0.03)
        wave += bump(t, on + 0.015, on + 0.065) - 0.2 * bump(t, on + 0.055, on + QRS_S)
        wave += 0.25 * bump(t, on + qt_s - 0.16, on + qt_s)
    signal = SIZES[:, None] * wave + 0.006 * np.random.default_rng(seed).standard_normal((12, len(t)))
    return EcgRecord(signal, STANDARD_LEADS, rate), onsets


def average_of(record, onsets):
    return average_beat(record, onsets + R_S, np.arange(1, len(onsets) - 1))


def test_numpy_gives_the_scores_of_the_trained_network():
    torch = pytest.importorskip("torch")
    from anyecg.measure.fit import Delineator

    rng = np.random.default_rng(0)
    shared, own = (rng.standard_normal(shape).astype(np.float32) for shape in ((2, 13, 350), (2, 3, 8, 350)))
    model = Delineator()
    model.load_state_dict({name: torch.from_numpy(value) for name, value in _weights().items()})
    with torch.no_grad():
        expected = model(*(torch.from_numpy(x) for x in (shared, own.reshape(6, 8, 350))), torch.arange(6) // 3)
    found = network(shared, own, _weights())
    np.testing.assert_allclose(found[0], expected[0].numpy(), atol=2e-3)
    np.testing.assert_allclose(found[1].reshape(6, 8, 350), expected[1].numpy(), atol=2e-3)


def test_the_weights_are_few():
    assert sum(value.size for value in _weights().values()) < 60_000


def test_fitting_moves_the_fiducials_to_their_marks():
    pytest.importorskip("torch")
    from anyecg.measure.fit import fit
    from anyecg.measure.fit_examples import Example

    record, onsets = drawn_ecg()
    average = average_of(record, onsets)
    shared, own = features(average.signal[None, :3], average.r, np.array([0.8]), np.array([0.8]))
    target = np.array([-190.0, -145, -100, -40, 50, np.nan, np.nan, np.nan])
    examples = [Example(shared[0], own[0], target, np.tile(target, (3, 1)))] * 24
    model = fit(examples, epochs=150)
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    for scores, absent in zip(network(shared, own, weights), weights["absent"], strict=True):
        found = decode(scores.reshape(-1, 8, scores.shape[-1]), absent, average.r)
        np.testing.assert_allclose(2 * (found.times[0, :5] - average.r), target[:5], atol=8)
        assert found.present[0, 0] > 0.9
        assert found.present[0, 1] < 0.1


def test_every_lead_has_its_own_fiducials():
    record, onsets = drawn_ecg()
    waves = lead_waves(average_of(record, onsets))
    assert len(waves) == 12
    for lead in waves:
        assert lead is not None
        assert lead.p_on is not None
        assert lead.t_off is not None
        assert 2 * (lead.qrs_off - lead.qrs_on) == pytest.approx(1000 * QRS_S, abs=25)
        assert 2 * (lead.qrs_on - lead.p_on) == pytest.approx(1000 * PR_S, abs=30)
        assert 2 * (lead.t_off - lead.qrs_on) == pytest.approx(1000 * QT_S, abs=30)
        assert abs(lead.r_peak - lead.qrs_on - 20) < 8


def test_a_lead_without_a_signal_has_no_fiducials():
    record, onsets = drawn_ecg()
    signal = record.signal.copy()
    signal[4] = 0.0
    waves = lead_waves(average_of(EcgRecord(signal, record.leads, 500), onsets))
    assert [wave is None for wave in waves] == [k == 4 for k in range(12)]


def test_the_global_qrs_is_not_narrower_than_that_of_most_leads():
    record, onsets = drawn_ecg()
    average = average_of(record, onsets)
    over_all, leads = wave_times(average), [wave for wave in lead_waves(average) if wave is not None]
    assert len(leads) == 12
    assert over_all.qrs_on <= np.median([wave.qrs_on for wave in leads]) + 2
    assert over_all.qrs_off >= np.median([wave.qrs_off for wave in leads]) - 2


def test_each_beat_has_fiducials_in_each_lead_in_order():
    record, onsets = drawn_ecg()
    beats = delineate(record)
    assert len(beats) == len(onsets)
    for beat, on in zip(beats[1:-1], onsets[1:-1], strict=True):
        assert set(beat.leads) == set(STANDARD_LEADS)
        every: list[Any] = [beat, *beat.leads.values()]
        for waves in every:
            times = [waves.p_on_s, waves.p_peak_s, waves.p_off_s, waves.qrs_on_s, waves.qrs_off_s,
                     waves.t_on_s, waves.t_peak_s, waves.t_off_s]  # fmt: skip
            assert times == sorted(times)
            assert waves.qrs_on_s == pytest.approx(on, abs=0.02)
            assert waves.qrs_on_s <= waves.r_peak_s <= waves.qrs_off_s


def test_a_wave_cut_off_by_the_beginning_is_not_reported():
    record, _ = drawn_ecg(first_s=0.10)
    first, second = delineate(record)[:2]
    assert first.p_on_s is None
    assert second.p_on_s is not None


@pytest.mark.parametrize("rr_s", [0.36, 0.42, 0.5])
def test_p_waves_are_found_at_fast_rates(rr_s):
    squeezed = (rr_s / 0.8) ** 0.5
    record, _ = drawn_ecg(rr_s, 20, pr_s=0.12, qt_s=QT_S * squeezed)
    assert measure(record).p_wave_present is True


def test_one_lead_is_enough():
    record, _ = drawn_ecg()
    found = measure(record.select(["II"]))
    assert found.qrs_ms == pytest.approx(1000 * QRS_S, abs=25)
    assert found.qt_ms == pytest.approx(1000 * QT_S, abs=30)
    assert list(delineate(record.select(["II"]))[3].leads) == ["II"]


def test_a_lead_read_wrongly_does_not_move_the_reference():
    marks = {f"V{k}": {"qrs": np.array([0.0, 0.04, 0.1])} for k in range(1, 12)}
    outlier = {"II": {"qrs": np.array([-0.08, 0.04, 0.2])}}
    clean, with_outlier = (reference([rows], tuple(rows)) for rows in (marks, marks | outlier))
    np.testing.assert_allclose(clean[3:5], [0.0, 0.1])
    np.testing.assert_allclose(with_outlier[3:5], clean[3:5], atol=0.001)
    assert np.isnan(with_outlier[[0, 1, 2, 5, 6, 7]]).all()


def test_a_wave_marked_in_a_few_leads_only_is_not_global():
    table = np.full((3, 9, 8), np.nan)
    table[:, :3] = np.arange(8)
    assert np.isnan(over_leads(typical_marks(table))).all()
    table[:, :4] = np.arange(8)
    np.testing.assert_allclose(over_leads(typical_marks(table)), np.arange(8))
    assert lead_marks([{}], ("I",)).shape == (1, 1, 8)


def test_marks_of_real_records_are_met(shared_data):
    from anyecg.measure.ludb import read_ludb

    folder = shared_data("ludb") / "data"
    errors = []
    for name in ("11", "44", "90", "135"):  # training records that were held out when the network was fitted
        marked = read_ludb(folder, name)
        beats = delineate(marked.record)
        peaks = np.array([beat.r_peak_s for beat in beats])
        for marks, time_s in list(zip(marked.marks, marked.times_s, strict=True))[1:-1]:
            beat = beats[int(np.abs(peaks - time_s).argmin())]
            truth = reference([marks], marked.record.leads)
            errors.append([beat.qrs_on_s - truth[3], beat.qrs_off_s - truth[4], (beat.t_off_s or np.nan) - truth[7]])
    assert (np.nanmean(np.abs(errors), axis=0) < [0.010, 0.012, 0.030]).all()
