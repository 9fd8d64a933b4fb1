"""R peaks in what is hard for them, pacing spikes, and the network in numpy against the one that was trained."""

import numpy as np
import pytest

from anyecg.leads import STANDARD_LEADS
from anyecg.measure import detect_r_peaks
from anyecg.measure.beat_net import lead_curves, qrs_scores
from anyecg.measure.pacing import find_pacing, pacing_note, with_pacing
from anyecg.record import EcgRecord, resample
from anyecg.simulate import simulate


def simulated(condition, *, seed=11, n=1, **options):
    return list(simulate(n, seed=seed, conditions=[condition] if condition else None, **options))


def missed_and_extra(found, true, duration_s):
    """Counts within 150 ms, without the first and last 0.2 s."""
    true, found = (t[(t > 0.2) & (t < duration_s - 0.2)] for t in (np.asarray(true), np.asarray(found)))
    gaps = np.abs(true[:, None] - found)
    return int((gaps.min(axis=1, initial=9) > 0.15).sum()), int((gaps.min(axis=0, initial=9) > 0.15).sum())


@pytest.mark.parametrize("condition", ["NORM", "BIGU", "TRIGU", "PAC", "AFIB", "SVTAC", "SBRAD", "CLBBB", "STE_"])
def test_nearly_every_simulated_beat_is_found(condition):
    total = wrong = 0
    for ecg in simulated(condition, n=8):
        times = [beat["time_s"] for beat in ecg.beats]
        missed, extra = missed_and_extra(detect_r_peaks(ecg.record), times, ecg.record.duration_s)
        total, wrong = total + len(times), wrong + missed + extra
    assert wrong <= (0.1 if condition == "BIGU" else 0.03) * total


@pytest.mark.parametrize("rate_bpm", [20, 25, 40, 150, 220, 250])
def test_very_slow_and_very_fast_hearts_are_counted(rate_bpm):
    t = np.arange(20 * 500) / 500
    beats = np.arange(0.7, 19.5, 60 / rate_bpm)
    signal = sum(np.exp(-(((t - b) / 0.012) ** 2)) for b in beats)
    late = 0.2 + 0.1 * min(60 / rate_bpm, 1.0)
    signal = signal + sum(0.2 * np.exp(-(((t - b - late) / 0.04) ** 2)) for b in beats)
    signal = signal + 0.005 * np.random.default_rng(0).standard_normal(len(t))
    assert missed_and_extra(detect_r_peaks(EcgRecord(signal[None], ("II",), 500)), beats, 20.0) == (0, 0)


@pytest.mark.parametrize("rate", [100, 128, 200, 360, 1000])
def test_the_place_of_r_does_not_depend_on_the_rate(rate):
    ecg = simulated("NORM")[0]
    reference = detect_r_peaks(ecg.record)
    found = detect_r_peaks(resample(ecg.record, rate))
    assert missed_and_extra(found, reference, 10.0) == (0, 0)
    assert np.median([np.abs(found - r).min() for r in reference]) < 0.01


def test_beats_at_the_seams_of_a_long_recording_are_found_once():
    ecg = simulated("NORM", leads=("II", "V1"), sampling_rate=250)[0]
    alone = detect_r_peaks(ecg.record)
    long = EcgRecord(np.tile(ecg.record.signal, (1, 30)), ecg.record.leads, 250)
    assert len(detect_r_peaks(long)) == pytest.approx(30 * len(alone), abs=32)


def test_numpy_gives_the_scores_of_the_trained_network():
    torch = pytest.importorskip("torch")
    from anyecg.measure.beat_net import _weights
    from anyecg.measure.fit_beats import BeatNet

    curves = np.random.default_rng(0).standard_normal((3, 600)).astype(np.float32)
    model = BeatNet()
    model.load_state_dict({name: torch.from_numpy(value) for name, value in _weights().items()})
    with torch.no_grad():
        expected = model(torch.from_numpy(curves[None]))[0].numpy()
    np.testing.assert_allclose(qrs_scores(curves), expected, atol=1e-3)


def test_curves_have_one_sample_per_10_ms_and_one_size():
    signal = np.random.default_rng(0).standard_normal((2, 3600)) * [[0.1], [5.0]]
    curves = lead_curves(signal, 360.0)
    assert curves.shape == (2, 1000)
    assert curves[0].std() == pytest.approx(curves[1].std(), rel=0.3)


def paced(before_r_s, *, rate=500, spike_mv=0.8):
    """A simulated ECG with spikes of 2 ms at these times before each R peak."""
    ecg = simulated("CLBBB", sampling_rate=500, seed=3)[0]
    signal, times = ecg.record.signal.copy(), np.array([beat["time_s"] for beat in ecg.beats])
    for offset in before_r_s:
        at = np.round((times - offset) * 500).astype(int)
        signal[:, at[at > 0]] += spike_mv
    return resample(EcgRecord(signal, STANDARD_LEADS, 500), rate), times


@pytest.mark.parametrize(("offsets", "mode"), [((), None), ((0.11,), "ventricular"), ((0.3,), "atrial"),
                                               ((0.11, 0.3), "dual")])  # fmt: skip
def test_the_chamber_that_is_paced_is_named(offsets, mode):
    record, times = paced(offsets)
    pacing = find_pacing(record, times)
    assert pacing.mode == mode
    assert pacing.reason is None
    assert (pacing.paced_beats.mean() > 0.7) == (mode in ("ventricular", "dual"))
    assert pacing.paced_beats.any() == (mode in ("ventricular", "dual"))


def test_a_paced_beat_has_its_own_letter():
    record, times = paced((0.11,))
    kinds = with_pacing(["N"] * len(times), find_pacing(record, times))
    assert kinds.count("P") > 0.7 * len(times)
    assert set(kinds) <= {"N", "P"}


def test_spikes_are_not_looked_for_at_100_hz_and_the_reason_is_given():
    record, times = paced((0.11,), rate=100)
    pacing = find_pacing(record, times)
    assert pacing.mode is None
    assert pacing.reason == "the sampling rate is 100 Hz; pacing spikes take 250 Hz"


@pytest.mark.parametrize(
    ("qrs_ms", "p_wave", "start"),
    [(210.0, False, "QRS complexes of 210 ms without P waves fit ventricular pacing, which cannot be excluded"),
     (210.0, True, "no pacing spike was seen"), (95.0, False, "no pacing spike was seen"),
     (None, None, "no pacing spike was seen")],
)  # fmt: skip
def test_wide_beats_without_p_waves_may_be_paced_even_if_no_spike_is_seen(qrs_ms, p_wave, start):
    record, times = paced(())
    assert pacing_note(find_pacing(record, times), qrs_ms, p_wave=p_wave).startswith(start)


def test_nothing_is_unsure_where_spikes_are_seen():
    record, times = paced((0.11,))
    assert pacing_note(find_pacing(record, times), 210.0, p_wave=False) is None


def test_noise_is_not_a_pacemaker():
    rng = np.random.default_rng(0)
    for ecg in simulated(None, n=10):
        noisy = ecg.record.signal + 0.05 * rng.standard_normal(ecg.record.signal.shape)
        times = np.array([beat["time_s"] for beat in ecg.beats])
        assert find_pacing(EcgRecord(noisy, STANDARD_LEADS, 500), times).mode is None


def test_a_real_pacemaker_is_found_and_its_neighbour_has_none(shared_data):
    from anyecg.measure.ludb import read_ludb

    folder = shared_data("ludb") / "data"
    modes = [find_pacing(r, detect_r_peaks(r)).mode for r in (read_ludb(folder, name).record for name in ("104", "1"))]
    assert modes == ["ventricular", None]


def kinds_of(ecg):
    from anyecg.measure.beats import usable_leads
    from anyecg.measure.kinds import classify_beats

    rows = usable_leads(ecg.record)
    found = detect_r_peaks(ecg.record, rows=rows)
    called, _ = classify_beats(ecg.record, found, rows)
    near = [int(np.abs(found - beat["time_s"]).argmin()) for beat in ecg.beats]
    pairs = [(beat["kind"], called[k]) for beat, k in zip(ecg.beats, near, strict=True)
             if abs(found[k] - beat["time_s"]) < 0.15]  # fmt: skip
    return [pair for pair in pairs if pair[0] in "NSV"]


@pytest.mark.parametrize(("condition", "kind", "least"), [("PVC", "V", 0.9), ("BIGU", "V", 0.8), ("PAC", "S", 0.6)])
def test_most_early_beats_are_called_what_they_are(condition, kind, least):
    pairs = [pair for ecg in simulated(condition, n=10, duration_s=20.0) for pair in kinds_of(ecg)]
    called = [second for first, second in pairs if first == kind]
    normal = [second for first, second in pairs if first == "N"]
    assert called.count(kind) >= least * len(called) > 0
    assert normal.count("N") >= 0.97 * len(normal)


def test_fibrillation_has_hardly_any_premature_beats():
    pairs = [pair for ecg in simulated("AFIB", n=10, duration_s=20.0) for pair in kinds_of(ecg)]
    assert sum(called == "S" for _, called in pairs) <= 0.06 * len(pairs)


def test_two_beats_are_too_few_to_tell_kinds():
    from anyecg.measure.kinds import classify_beats

    record = simulated("NORM")[0].record
    kinds, likeness = classify_beats(record, np.array([1.0, 2.0]), [0, 1])
    assert kinds == ["N", "N"]
    assert likeness.tolist() == [1.0, 1.0]


def run_of(rr_s):
    """`beat_features` of regular beats of one shape with these RR intervals, as far as timing goes."""
    from anyecg.measure.kinds import FEATURES, _timing

    peaks_s = 1.0 + np.cumsum(np.array([0.8] * 20 + list(rr_s) + [0.8] * 20))
    timing, _ = _timing(peaks_s)
    features = np.zeros((len(peaks_s), len(FEATURES)), dtype=np.float32)
    features[:, [0, 1, 3, 4, 5, 6]] = timing
    return features


def test_intervals_are_told_against_those_before_a_run_not_against_the_run_itself():
    from anyecg.measure.kinds import shortening

    features = run_of([0.45] * 30)
    short = np.exp(shortening(features, np.zeros(len(features), dtype=bool)))
    assert short[20:50] == pytest.approx(0.45 / 0.8, abs=0.02)
    assert short[51:] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("likely", "last"), [(0.4, 25), (0.1, 20)])
def test_a_run_goes_on_until_the_interval_is_back_and_while_it_is_likely(likely, last):
    from anyecg.measure.kinds import _with_runs

    features = run_of([0.45] * 6)
    probability = np.where(np.arange(len(features)) == 20, 0.9, likely)
    found = _with_runs(probability, features, np.zeros(len(features), dtype=bool))
    assert np.flatnonzero(found).tolist() == list(range(20, last + 1))


def test_extra_beats_alone_do_not_make_a_rhythm_one_in_which_none_are_called():
    from anyecg.measure.kinds import _regular

    every_fifth = run_of([0.8, 0.8, 0.8, 0.5, 1.0] * 6)
    wild = run_of(0.8 * np.exp(0.25 * np.random.default_rng(0).standard_normal(24)))
    assert _regular(every_fifth).all()
    assert not _regular(wild)[28:36].any()
