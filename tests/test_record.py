"""The record in memory: what it refuses, how it is cut, and that resampling keeps time and amplitude."""

import numpy as np
import pytest

from anyecg.record import EcgRecord, RecordError, resample


def make(signal=None, leads=("I", "II"), rate=500.0, **about):
    return EcgRecord(np.ones((len(leads), 1000)) if signal is None else signal, leads, rate, **about)


@pytest.mark.parametrize(
    "signal, leads, rate, sentence",
    [
        (np.ones(10), ("I",), 500, "shape"),
        (np.ones((0, 10)), (), 500, "no samples"),
        (np.ones((1, 0)), ("I",), 500, "no samples"),
        (np.ones((2, 10)), ("I",), 500, "lead names"),
        (np.ones((2, 10)), ("II", "DII"), 500, "twice"),
        (np.ones((1, 10)), ("I",), 0, "0 Hz"),
        (np.ones((1, 10)), ("I",), -5, "-5 Hz"),
        (np.ones((1, 10)), ("I",), float("nan"), "nan Hz"),
        (np.full((1, 10), np.nan), ("I",), 500, "all NaN"),
    ],
)
def test_a_record_that_cannot_be_is_refused_in_one_sentence(signal, leads, rate, sentence):
    with pytest.raises(RecordError, match=sentence):
        EcgRecord(signal, leads, rate)


def test_names_become_canonical_and_samples_float32():
    record = make(leads=("avr", "DII"))
    assert record.leads == ("aVR", "II") and record.signal.dtype == np.float32
    assert record.duration_s == 2.0


def test_leads_are_selected_by_name_not_position():
    record = make(np.array([[1.0] * 5, [2.0] * 5]), ("II", "I"))
    assert record.lead("i")[0] == 2.0
    assert record.select(["I", "II"]).signal[:, 0].tolist() == [2.0, 1.0]
    with pytest.raises(ValueError, match="its leads are II, I"):
        record.lead("V1")


def test_an_excerpt_is_a_slice_of_time():
    record = make(np.arange(1000.0)[None], ("I",), 500.0)
    assert record.excerpt(0.5, 1.0).signal[0, [0, -1]].tolist() == [250.0, 499.0]
    assert record.excerpt(1.5).duration_s == 0.5
    assert record.excerpt(1.0, 99.0).duration_s == 1.0


@pytest.mark.parametrize("start, end", [(-1, 1), (2, 3), (1, 1), (1.5, 0.5), (float("nan"), 1)])
def test_an_excerpt_outside_the_record_is_refused(start, end):
    with pytest.raises(RecordError, match="lasts 2 s"):
        make().excerpt(start, end)


def test_derived_leads_are_noted():
    record = make(np.array([[1.0] * 5, [3.0] * 5])).with_derived_leads()
    assert record.lead("III")[0] == 2.0 and record.lead("aVR")[0] == -2.0
    assert "III, aVR, aVL, aVF" in record.notes[-1]
    assert record.with_derived_leads() is record


@pytest.mark.parametrize("old, new", [(500, 100), (360, 100), (257, 100), (100, 500), (1000, 360)])
def test_resampling_keeps_time_and_amplitude(old, new):
    time, later = np.arange(4 * old) / old, np.arange(4 * new) / new
    record = resample(make(np.sin(2 * np.pi * 5 * time)[None], ("I",), float(old)), new)
    assert record.sampling_rate == new and abs(record.duration_s - 4) < 0.02
    inner = slice(new // 2, 3 * new)
    np.testing.assert_allclose(record.signal[0, inner], np.sin(2 * np.pi * 5 * later)[inner], atol=0.02)


def test_resampling_filters_what_the_new_rate_cannot_carry():
    time = np.arange(2000) / 500.0
    record = resample(make(np.sin(2 * np.pi * 120 * time)[None], ("I",), 500.0), 100.0)
    assert np.abs(record.signal[0, 20:-20]).max() < 0.05


def test_gaps_stay_gaps_when_resampled():
    signal = np.ones((1, 1000))
    signal[0, 400:500] = np.nan
    gaps = ~np.isfinite(resample(make(signal, ("I",)), 100.0).signal[0])
    assert gaps[80:100].all() and not gaps[:80].any() and not gaps[100:].any()


def test_a_rate_to_resample_to_must_be_positive():
    with pytest.raises(ValueError, match="0 Hz"):
        resample(make(), 0)
