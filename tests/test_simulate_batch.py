"""Drawing simulated ECGs: with torch as with NumPy, through the recorder's filters, under recorded noise."""

from unittest.mock import patch

import numpy as np
import pytest

from anyecg.record import EcgRecord
from anyecg.simulate import RecordedNoise, simulate, simulate_batch

SEEDS = range(5, 21)
KINDS = ("PACE-AV", "AFIB", "VFIB", "PVT", "PVC", "NORM")


def noise_record(name="bw", rate=360.0, seconds=30.0):
    rng = np.random.default_rng(1)
    return EcgRecord(rng.standard_normal((2, int(rate * seconds))).cumsum(axis=1) / 50, ("one", "two"), rate, name)


@pytest.mark.parametrize(
    "options",
    [
        {}, {"conditions": KINDS}, {"sampling_rate": 100.0}, {"sampling_rate": 256.0, "duration_s": 7.3},
        {"leads": ("V4R", "MLII", "VX", "aVF"), "noise": RecordedNoise([noise_record()], 6.0)},
    ],
)  # fmt: skip
def test_torch_draws_what_numpy_draws_and_tells_the_same_truth(options):
    signals, truths = simulate_batch(SEEDS, **options)
    for seed, signal, truth in zip(SEEDS, signals, truths, strict=True):
        (ecg,) = simulate(1, seed=seed, **options)
        np.testing.assert_allclose(signal.numpy(), ecg.record.signal, atol=1e-4)
        assert truth.waves == ecg.waves and truth.findings == ecg.findings and truth.device == ecg.device


def test_without_noise_torch_draws_the_same_heart():
    with patch("anyecg.simulate.assembly.add_noise", lambda *_: []):
        signals, _ = simulate_batch(SEEDS)
        alone = np.stack([next(simulate(1, seed=seed)).record.signal for seed in SEEDS])
    np.testing.assert_allclose(signals.numpy(), alone, atol=1e-4)
    assert np.abs(alone).max() > 0.5


def test_the_axis_in_the_truth_is_the_net_deflection_of_the_clean_beat():
    with patch("anyecg.simulate.assembly.add_noise", lambda *_: []):
        ecgs = list(simulate(12, seed=3, conditions=("NORM", "CRBBB", "LAFB", "IMI")))
    for ecg in ecgs:
        read = []
        for wave in ecg.waves:
            a, b = round(wave["start_s"] * 500), round(wave["end_s"] * 500)
            if wave["kind"] == "QRS complex" and a > 0:
                i, avf = (ecg.record.lead(lead)[a:b] - ecg.record.lead(lead)[a] for lead in ("I", "aVF"))
                net = [max(lead.max(), 0) + min(lead.min(), 0) for lead in (i, avf)]
                read.append(np.degrees(np.arctan2(2 / np.sqrt(3) * net[1], net[0])))
        off = (np.median(read) - ecg.measurements["axis_deg"] + 180) % 360 - 180
        assert abs(off) < 6


def test_the_recorder_is_named_and_takes_away_what_its_filters_do_not_let_through():
    ecgs = list(simulate(60, seed=4, leads=("II",)))
    assert {ecg.device["low_pass_hz"] for ecg in ecgs} == {40, 100, 150}
    assert {ecg.device["high_pass_hz"] for ecg in ecgs} == {0.05, 0.5}
    assert 0.002 < np.std([ecg.device["gain"] for ecg in ecgs]) < 0.03
    window = np.hanning(5000)  # without it, what lies below 1 Hz leaks in
    fine = [np.square(np.abs(np.fft.rfft(window * ecg.record.signal[0]))[900:1400]).mean() for ecg in ecgs]  # 90-140 Hz
    of = {}
    for hz in (40, 150):
        of[hz] = np.median([power for power, ecg in zip(fine, ecgs, strict=True) if ecg.device["low_pass_hz"] == hz])
    assert of[40] < of[150] / 20
    for hz, most in ((0.05, 0.02), (0.5, 0.01)):
        means = [abs(ecg.record.signal.mean()) for ecg in ecgs if ecg.device["high_pass_hz"] == hz]
        assert np.median(means) < most


def test_recorded_noise_has_the_stated_size_and_stands_in_the_truth():
    noise = RecordedNoise([noise_record("em")], 6.0)
    for options in ({"leads": ("II", "V2")}, {"sampling_rate": 100.0, "leads": ("V5",)}):
        (usual,), (noisy,) = (
            list(simulate(1, seed=7, conditions=("NORM",), noise=given, **options)) for given in (None, noise)
        )
        (row,) = [row for row in noisy.disturbances if row["kind"] == "recorded noise"]
        assert row["record"] == "em" and row["snr_db"] == 6.0 and row["leads"] == list(options["leads"])
        added = noisy.record.signal - usual.record.signal
        assert 0.3 * row["rms_mv"] < np.sqrt(np.mean(np.square(added))) < 1.1 * row["rms_mv"]  # less what is filtered
        with patch("anyecg.simulate.assembly.add_noise", lambda *_: []):
            (clean,) = simulate(1, seed=7, conditions=("NORM",), **options)
        a, b = next((w["start_s"], w["end_s"]) for w in clean.waves if w["kind"] == "QRS complex")
        size = np.sqrt(np.mean(np.square(np.ptp(clean.record.excerpt(a, b).signal, axis=1))) / 8)
        assert 20 * np.log10(size / row["rms_mv"]) == pytest.approx(6.0, abs=2.0)
        assert usual.waves == noisy.waves and not [e for e in noisy.events if e["kind"] == "noise"]


def test_impossible_batches_and_noise_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="there are no seeds; give one per ECG"):
        simulate_batch([])
    with pytest.raises(ValueError, match="cannot simulate batches of 600 s; choose up to 120 s"):
        simulate_batch([1], duration_s=600)
    with pytest.raises(ValueError, match="the seed is -1"):
        simulate_batch([3, -1])
    with pytest.raises(ValueError, match="there are no noise records"):
        RecordedNoise([], 6.0)
    with pytest.raises(ValueError, match="noise record still is flat"):
        RecordedNoise([EcgRecord(np.zeros((1, 100)), ("x",), 100.0, "still")], 6.0)
