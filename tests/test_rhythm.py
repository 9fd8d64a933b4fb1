"""Episodes of arrhythmia on drawn beats, on simulated records, and on real recordings when there are any."""

import time

import numpy as np
import pytest

from anyecg.leads import STANDARD_LEADS
from anyecg.measure import detect_r_peaks, signal_quality
from anyecg.measure.atria import p_wave_times
from anyecg.measure.beats import usable_leads
from anyecg.measure.conduction import av_block
from anyecg.measure.fibrillation import fibrillation_spans
from anyecg.measure.kinds import classify_beats
from anyecg.measure.rhythm import find_episodes
from anyecg.record import EcgRecord
from anyecg.simulate import simulate

RATE = 250


def bump(t, start, width):
    x = np.clip((t - start) / width, 0, 1)
    return 0.5 * (1 - np.cos(2 * np.pi * x))


def draw(qrs_s, p_s=(), *, wide=(), duration_s=10.0, leads=("I", "II", "V1", "V5"), noise_mv=0.006, seed=0):
    """An ECG with QRS complexes that begin at `qrs_s` and P waves at `p_s`; `wide` are the ventricular ones."""
    t = np.arange(round(duration_s * RATE)) / RATE
    wave = np.zeros_like(t)
    for k, at in enumerate(qrs_s):
        wave += -1.3 * bump(t, at, 0.17) if k in wide else bump(t, at, 0.07) - 0.25 * bump(t, at + 0.05, 0.05)
        wave += 0.25 * bump(t, at + 0.2, 0.17)
    for at in p_s:
        wave += 0.13 * bump(t, at, 0.1)
    signal = np.linspace(0.7, 1.3, len(leads))[:, None] * wave
    return EcgRecord(signal + noise_mv * np.random.default_rng(seed).standard_normal(signal.shape), leads, RATE)


def fibrillate(duration_s=10.0, n_leads=3, seed=0, size_mv=0.4):
    """Ventricular fibrillation: three narrow-band waves, each with its own direction."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * RATE)) / RATE
    waves = np.zeros((n_leads, len(t)))
    for hz in rng.uniform(3.5, 6.0, 3):
        phase = 2 * np.pi * np.cumsum(hz + 0.4 * np.sin(2 * np.pi * 0.3 * t + rng.uniform(0, 6))) / RATE
        waves = waves + rng.normal(0, size_mv, (n_leads, 1)) * np.sin(phase)
    return waves + 0.01 * rng.standard_normal((n_leads, len(t)))


def episodes(record, *, paced=False):
    rows = usable_leads(record, signal_quality(record))
    peaks = detect_r_peaks(record, rows=rows)
    kinds = classify_beats(record, peaks, rows)[0]
    return find_episodes(record, peaks, kinds, rows, paced=paced)


def names(record, **options):
    return [episode["kind"] for episode in episodes(record, **options)]


def test_a_regular_rhythm_has_no_episodes():
    beats = 0.5 + 0.8 * np.arange(12)
    assert names(draw(beats, beats - 0.17)) == []


def test_ventricular_fibrillation_is_told_from_the_signal_alone():
    leads = ("I", "II", "V1")
    found = episodes(EcgRecord(fibrillate(), leads, RATE))
    assert found[0]["kind"] == "ventricular fibrillation or flutter"
    assert found[0]["end_s"] - found[0]["start_s"] > 8
    assert 180 < found[0]["rate_bpm"] < 400


def test_fibrillation_begins_where_the_beats_end():
    beats = 0.5 + 0.8 * np.arange(12)
    calm = draw(beats, beats - 0.17, leads=("I", "II", "V1"))
    both = np.concatenate([calm.signal, fibrillate()], axis=1)
    spans = fibrillation_spans(EcgRecord(both, calm.leads, RATE), [0, 1, 2])
    assert len(spans) == 1
    assert spans[0][0] == pytest.approx(10, abs=2)


def test_tremor_in_one_lead_is_no_fibrillation():
    beats = 0.5 + 0.8 * np.arange(12)
    record = draw(beats, beats - 0.17)
    signal = record.signal.copy()
    signal[0] += 0.4 * np.sin(2 * np.pi * 4.8 * np.arange(signal.shape[1]) / RATE)
    assert "ventricular fibrillation or flutter" not in names(EcgRecord(signal, record.leads, RATE))


def test_a_pause_is_longer_than_three_seconds():
    before, after = 0.5 + 0.8 * np.arange(4), 6.3 + 0.8 * np.arange(5)
    found = episodes(draw(np.concatenate([before, after])))
    assert [row["kind"] for row in found] == ["pause"]
    assert found[0]["end_s"] - found[0]["start_s"] == pytest.approx(3.4, abs=0.05)
    assert names(draw(np.concatenate([before, after - 0.6]))) == []


def test_asystole_lasts_to_the_end_or_longer_than_a_pause():
    beats = 0.5 + 0.8 * np.arange(5)
    assert names(draw(beats)) == ["asystole"]
    assert names(draw(np.concatenate([beats, 10.5 + 0.8 * np.arange(5)]), duration_s=15.0)) == ["asystole"]


def test_p_waves_that_go_on_in_standstill_are_no_beats():
    found = names(draw(0.5 + 0.8 * np.arange(4), 0.33 + 0.8 * np.arange(12)))
    assert "asystole" in found
    assert not any("ventricular" in name and "tachycardia" in name for name in found)


def test_a_record_of_faint_noise_only_is_asystole_and_a_constant_one_tells_nothing():
    noise = 0.004 * np.random.default_rng(0).standard_normal((3, 10 * RATE))
    assert names(EcgRecord(noise, ("I", "II", "V1"), RATE)) == ["asystole"]
    assert names(EcgRecord(np.zeros((3, 10 * RATE)), ("I", "II", "V1"), RATE)) == ["no signal"]


def test_leads_that_come_off_are_not_asystole():
    record = draw(0.5 + 0.8 * np.arange(12))
    signal = record.signal.copy()
    signal[:, 4 * RATE :] = 0.25
    assert names(EcgRecord(signal, record.leads, RATE)) == ["no signal"]


def test_noise_in_a_gap_says_nothing():
    record = draw(np.concatenate([0.5 + 0.8 * np.arange(4), 6.6 + 0.8 * np.arange(4)]))
    signal = record.signal.copy()
    signal[:, 3 * RATE : 6 * RATE] += 0.4 * np.random.default_rng(0).standard_normal((4, 3 * RATE))
    found = names(EcgRecord(signal, record.leads, RATE))
    assert "pause" not in found
    assert "asystole" not in found


@pytest.mark.parametrize(
    "rr, name",
    [(0.40, "ventricular tachycardia"), (0.75, "accelerated idioventricular rhythm"), (1.4, "idioventricular rhythm")],
)
def test_a_run_of_three_ventricular_beats_is_named_by_its_rate(rr, name):
    peaks = np.concatenate([np.arange(5) * 0.8, 4.0 + np.arange(4) * rr, 10 + np.arange(5) * 0.8]) + 0.4
    record = draw(peaks, duration_s=15.0, wide=range(5, 9))
    kinds = ["N"] * 5 + ["V"] * 4 + ["N"] * 5
    found = [row for row in find_episodes(record, peaks, kinds, [0, 1, 2, 3], paced=False) if "rate_bpm" in row]
    assert [row["kind"] for row in found] == [name]
    assert found[0]["rate_bpm"] == pytest.approx(60 / rr, abs=1)


def test_an_episode_at_the_edge_ends_with_the_recording():
    at = 0.02 + 0.4 * np.arange(25)
    record = draw(at, wide=range(25), duration_s=9.8)
    (found,) = [e for e in find_episodes(record, at + 0.03, ["V"] * 25, [0, 1, 2, 3], paced=False) if "rate_bpm" in e]
    assert found["kind"] == "ventricular tachycardia" and (found["start_s"], found["end_s"]) == (0.0, 9.75)


def test_a_ragged_short_run_is_noise():
    peaks = np.concatenate([np.arange(5) * 0.8, 4.0 + np.array([0, 0.22, 0.8, 1.05]), 7 + np.arange(5) * 0.8]) + 0.4
    kinds = ["N"] * 5 + ["V"] * 4 + ["N"] * 5
    assert find_episodes(draw(peaks, duration_s=12.0), peaks, kinds, [0, 1, 2, 3], paced=False) == []


def test_a_run_that_looks_like_the_other_beats_in_most_leads_is_not_ventricular():
    peaks = 0.4 + np.arange(14) * 0.5
    kinds = ["N"] * 5 + ["V"] * 4 + ["N"] * 5
    assert find_episodes(draw(peaks, duration_s=7.5), peaks, kinds, [0, 1, 2, 3], paced=False) == []


def test_two_ventricular_beats_are_no_tachycardia():
    peaks = 0.4 + np.arange(12) * 0.8
    kinds = ["N"] * 5 + ["V"] * 2 + ["N"] * 5
    assert find_episodes(draw(peaks), peaks, kinds, [0, 1, 2, 3], paced=False) == []


@pytest.mark.parametrize("step, name", [(2, "ventricular bigeminy"), (3, "ventricular trigeminy")])
def test_every_second_or_third_ventricular_beat_is_a_pattern(step, name):
    peaks = 0.4 + np.arange(12) * 0.8
    kinds = ["V" if k % step == step - 1 else "N" for k in range(12)]
    found = find_episodes(draw(peaks), peaks, kinds, [0, 1, 2, 3], paced=False)
    assert [row["kind"] for row in found] == [name]


def test_every_p_wave_is_found_also_those_without_a_beat():
    p = 0.3 + 0.75 * np.arange(12)
    beats = p[::2] + 0.17
    found = p_wave_times(draw(beats, p), beats + 0.035, [0, 1, 2, 3])
    assert all(np.abs(found - at - 0.05).min() < 0.05 for at in p)
    assert len(found) <= len(p) + 1


def test_the_kinds_of_av_block_follow_from_p_and_r_times():
    p = 0.3 + 0.8 * np.arange(13)
    wenckebach = np.array([0.16, 0.26, 0.32, 0.0] * 3 + [0.16])
    for beats, name in (
        (p[::2] + 0.2, "2:1 AV block"),
        (np.delete(p, [4, 9]) + 0.2, "second-degree AV block (Mobitz 2)"),
        ((p + wenckebach)[wenckebach > 0], "second-degree AV block (Mobitz 1)"),
        (0.5 + 1.43 * np.arange(7), "third-degree AV block"),
        (p[::3] + 0.2, "high-grade AV block"),
    ):
        block = av_block(beats, p)
        assert block is not None
        assert block[0] == name
    assert av_block(p + 0.2, p) is None


def test_blocked_premature_atrial_beats_are_no_av_block():
    p = 0.3 + 0.8 * np.arange(13)
    early = p.copy()
    early[[4, 9]] -= 0.3
    assert av_block(np.delete(p, [4, 9]) + 0.2, early) is None


def test_av_block_is_not_judged_under_a_pacemaker():
    p = 0.3 + 0.75 * np.arange(12)
    record = draw(p[::2] + 0.17, p)
    assert names(record) == ["2:1 AV block"]
    assert names(record, paced=True) == []


@pytest.mark.parametrize(
    "condition, name, least",
    [
        ("VFIB", "ventricular fibrillation or flutter", 6), ("ASYSTOLE", "asystole", 6), ("PAUSE", "pause", 7),
        ("3AVB", "third-degree AV block", 4), ("MOBITZ1", "second-degree AV block (Mobitz 1)", 2),
    ],
)  # fmt: skip
def test_simulated_episodes_are_found(condition, name, least):
    drawn = [ecg.record for ecg in simulate(10, seed=3, conditions=[condition])]
    assert sum(name in names(record) for record in drawn) >= least


@pytest.mark.parametrize("condition", ["NORM", "AFIB", "1AVB", "PAC", "STACH"])
def test_other_simulated_rhythms_raise_no_alarm(condition):
    alarms = {"ventricular fibrillation or flutter", "asystole", "pause", "ventricular tachycardia"}
    for ecg in simulate(10, seed=4, conditions=[condition]):
        found = set(names(ecg.record))
        assert not found & alarms
        assert not any("AV block" in name for name in found)


def test_flutter_in_a_real_recording_is_found(shared_data):
    import wfdb

    path = str(shared_data("mitdb") / "207")
    header = wfdb.rdrecord(path, sampto=360 * 300)
    record = EcgRecord(header.p_signal.T, tuple(header.sig_name), header.fs)
    spans = fibrillation_spans(record, [0, 1])
    assert any(start < 45 and end > 46 for start, end, _ in spans)  # marked from 40.7 to 51.0 s
    assert all(35 < start < 290 for start, _, _ in spans)


def test_ten_seconds_of_twelve_leads_take_a_few_hundredths_of_a_second():
    record = draw(0.5 + 1.2 * np.arange(8), 0.33 + 0.6 * np.arange(16), leads=STANDARD_LEADS)
    rows = list(range(12))
    peaks = detect_r_peaks(record, rows=rows)
    times = []
    for _ in range(10):  # of this thread alone, and the best: a busy computer only ever adds
        started = time.thread_time()
        find_episodes(record, peaks, ["N"] * len(peaks), rows, paced=False)
        times.append(time.thread_time() - started)
    assert min(times) < 0.1


@pytest.mark.parametrize(("spread", "p_waves", "share"), [(0.2, False, 0.9), (0.2, True, 0.0), (0.01, False, 0.0)])
def test_fibrillation_of_the_atria_is_irregular_and_without_p_waves(spread, p_waves, share):
    rr = 0.8 * np.exp(spread * np.random.default_rng(0).standard_normal(75))
    beats = 0.5 + np.cumsum(np.maximum(rr, 0.4))
    record = draw(beats, beats - 0.17 if p_waves else (), duration_s=beats[-1] + 1, noise_mv=0.06)
    found = [row for row in episodes(record) if row["kind"] == "atrial fibrillation"]
    lasting = sum(row["end_s"] - row["start_s"] for row in found)
    assert share * record.duration_s <= lasting <= (record.duration_s if share else 0.0)


def test_half_a_minute_is_too_short_to_call_it_fibrillation():
    rr = 0.8 * np.exp(0.2 * np.random.default_rng(0).standard_normal(34))
    beats = 0.5 + np.cumsum(np.maximum(rr, 0.4))
    record = draw(beats, duration_s=29.0, noise_mv=0.06)
    assert "atrial fibrillation" not in names(record)


def test_measured_fibrillation_fills_what_the_event_head_leaves_out():
    from anyecg.events import with_measured_episodes

    said = np.full(100, 0.1)
    found = [{"kind": "atrial fibrillation", "start_s": 4.0, "end_s": 16.0}]
    joined = with_measured_episodes("atrial fibrillation", said, 0.2, found)
    assert joined[20:80].tolist() == [0.9] * 60
    assert joined[:20].max() == joined[80:].max() == 0.1
    assert with_measured_episodes("atrial flutter", said, 0.2, found).max() == 0.1
