import numpy as np
import pytest

from anyecg.leads import STANDARD_LEADS
from anyecg.measure.noise_spells import kinds_of_noise, noise_odds, noise_spells
from anyecg.record import EcgRecord, resample
from anyecg.simulate import simulate

RATE = 500.0


@pytest.fixture(scope="module")
def quiet():
    """A clean simulated ECG with its beats."""
    (ecg,) = simulate(1, seed=7, conditions=["NORM"])
    assert not ecg.disturbances
    return ecg.record, [{"time_s": beat["time_s"], "kind": "N"} for beat in ecg.beats]


def disturbed(record, lead, start_s, end_s, make):
    """The record with its lead replaced by `make(samples)` in a spell."""
    signal = record.signal.copy()
    first, last = round(start_s * record.sampling_rate), round(end_s * record.sampling_rate)
    row = record.leads.index(lead)
    signal[row, first:last] = make(signal[row, first:last])
    return EcgRecord(signal, record.leads, record.sampling_rate)


def shake(samples):
    """Slow swings and muscle, as where an electrode is touched."""
    rng = np.random.default_rng(1)
    knots = rng.normal(0, 0.8, max(len(samples) // 60, 3))
    swing = np.interp(np.arange(len(samples)), np.linspace(0, len(samples), len(knots)), knots)
    return samples + swing + rng.normal(0, 0.08, len(samples))


def spells_of(record, beats):
    odds, step_s = noise_odds(record, beats)
    return noise_spells(odds, step_s, record.leads, record.duration_s)


def test_a_clean_ecg_has_no_spell(quiet):
    assert spells_of(*quiet) == []


@pytest.mark.parametrize("rate", [100.0, 250.0, 500.0, 1000.0])
def test_a_shaken_electrode_is_placed_in_time_and_lead_at_any_rate(quiet, rate):
    record, beats = quiet
    (spell,) = spells_of(resample(disturbed(record, "V6", 3.0, 4.8, shake), rate), beats)
    assert spell["leads"] == ["V6"]
    assert abs(spell["start_s"] - 3.0) < 0.35 and abs(spell["end_s"] - 4.8) < 0.35
    assert spell["probability"] > 0.5


def test_a_lead_that_stands_still_is_a_spell(quiet):
    record, beats = quiet
    (spell,) = spells_of(disturbed(record, "V2", 2.0, 8.0, lambda samples: 0 * samples), beats)
    assert spell["leads"] == ["V2"]
    assert abs(spell["start_s"] - 2.0) < 0.25 and abs(spell["end_s"] - 8.0) < 0.25


def test_what_was_not_recorded_is_no_noise(quiet):
    record, beats = quiet
    padded = np.pad(record.signal, ((0, 0), (0, 2000)))
    found = spells_of(EcgRecord(padded, record.leads, RATE), beats)
    assert not any(spell["end_s"] > 10.6 for spell in found)


def test_two_leads_at_different_times_are_two_spells(quiet):
    record, beats = quiet
    both = disturbed(disturbed(record, "V1", 1.0, 3.0, shake), "V5", 6.0, 8.0, shake)
    assert [spell["leads"] for spell in spells_of(both, beats)] == [["V1"], ["V5"]]


def test_leads_disturbed_together_share_a_spell_and_all_of_them_are_no_names(quiet):
    record, beats = quiet
    for lead in STANDARD_LEADS:
        record = disturbed(record, lead, 4.0, 6.0, shake)
    assert [spell["leads"] for spell in spells_of(record, beats)] == [[]]


def test_a_long_record_is_read_in_pieces_at_the_right_time(quiet):
    record, beats = quiet
    long = EcgRecord(np.tile(record.signal[:2], (1, 70)), record.leads[:2], RATE)
    many = [{**beat, "time_s": beat["time_s"] + 10 * k} for k in range(70) for beat in beats]
    found = spells_of(disturbed(long, "II", 651.0, 653.0, shake), many)
    near = [spell for spell in found if spell["end_s"] > 650.9 and spell["start_s"] < 653.1]
    assert near and near[0]["leads"] == ["II"] and abs(near[0]["start_s"] - 651) < 0.4


@pytest.mark.parametrize(("n_leads", "n_samples", "rate"), [(1, 1, 100.0), (1, 30, 500.0), (15, 500, 250.0)])
def test_tiny_records_and_gaps_are_no_error(n_leads, n_samples, rate):
    signal = np.random.default_rng(0).normal(0, 0.1, (n_leads, n_samples)).astype(np.float32)
    signal[:, n_samples // 2 : n_samples // 2 + 20] = np.nan
    signal[:, :1] = 0.1
    record = EcgRecord(signal, tuple(f"X{k}" for k in range(n_leads)), rate)
    odds, _ = noise_odds(record, [])
    assert odds.shape[0] == n_leads and np.isfinite(odds).all()
    spells_of(record, [])
    assert set(kinds_of_noise(record)) == {"static noise", "burst noise", "baseline drift"}


def test_kinds_of_noise_are_told_apart_per_lead(quiet):
    record, _ = quiet
    rng = np.random.default_rng(2)
    assert kinds_of_noise(record) == {"static noise": [], "burst noise": [], "baseline drift": []}
    static = disturbed(record, "I", 0, 10, lambda x: x + rng.normal(0, 0.06, len(x)))
    assert kinds_of_noise(static)["static noise"] == ["I"]
    burst = disturbed(record, "V3", 4.0, 5.2, lambda x: x + rng.normal(0, 0.3, len(x)))
    assert kinds_of_noise(burst)["burst noise"] == ["V3"] and not kinds_of_noise(burst)["static noise"]
    drift = disturbed(record, "V6", 0, 10, lambda x: x + 1.2 * np.sin(np.linspace(0, 2 * np.pi, len(x))))
    assert kinds_of_noise(drift) == {"static noise": [], "burst noise": [], "baseline drift": ["V6"]}
