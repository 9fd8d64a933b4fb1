"""Measurements on beats whose waves are known, on faults, and on real recordings when there are any."""

import json

import numpy as np
import pytest

from anyecg.leads import STANDARD_LEADS
from anyecg.measure import delineate, detect_r_peaks, measure, signal_quality
from anyecg.measure.faults import apply_fault
from anyecg.record import EcgRecord, resample
from anyecg.simulate import simulate

# Direction of each lead in the frontal plane (degrees), and a chest pattern that is good enough for a ruler.
LIMB_DEG = {"I": 0, "II": 60, "III": 120, "aVR": -150, "aVL": -30, "aVF": 90}
CHEST = {"V1": -0.6, "V2": -0.9, "V3": 0.3, "V4": 1.2, "V5": 1.3, "V6": 1.0}
PR_S, QRS_S, QT_S, P_S = 0.16, 0.09, 0.38, 0.10
R_S = 0.0425  # from the onset of QRS to its peak


def bump(t, start, end):
    """A smooth wave that begins and ends exactly there (raised cosine)."""
    x = np.clip((t - start) / (end - start), 0, 1)
    return 0.5 * (1 - np.cos(2 * np.pi * x))


def make_ecg(rr=(0.8,) * 12, *, axis_deg=40, rate=500, with_p=True, ventricular=(), noise_mv=0.008, seed=0):
    """A 12-lead ECG with known fiducials; `rr` are the intervals between QRS onsets, the first from 0.4 s on."""
    onsets = 0.4 + np.concatenate([[0.0], np.cumsum(rr)])
    t = np.arange(int((onsets[-1] + 0.6) * rate)) / rate
    qrs, small = np.zeros_like(t), np.zeros_like(t)
    for k, on in enumerate(onsets):
        if k in ventricular:
            qrs -= 1.5 * bump(t, on, on + 0.16)
        else:
            qrs += (
                bump(t, on + 0.02, on + 0.065) - 0.15 * bump(t, on, on + 0.03) - 0.2 * bump(t, on + 0.055, on + QRS_S)
            )
        small += 0.3 * bump(t, on + QT_S - 0.16, on + QT_S)
        if with_p and k not in ventricular:
            small += 0.12 * bump(t, on - PR_S, on - PR_S + P_S)
    limb = {lead: np.cos(np.radians(deg - axis_deg)) for lead, deg in LIMB_DEG.items()}
    scale = {lead: limb[lead] * (np.sqrt(3) / 2 if lead.startswith("a") else 1) for lead in limb} | CHEST
    signal = np.stack([scale[lead] * (qrs + small) for lead in STANDARD_LEADS])
    signal += noise_mv * np.random.default_rng(seed).standard_normal(signal.shape)
    return EcgRecord(signal, STANDARD_LEADS, rate), onsets + R_S


@pytest.mark.parametrize("rate", [100, 250, 500, 1000])
def test_every_beat_is_found_at_any_rate(rate):
    record, peaks = make_ecg(rate=rate)
    np.testing.assert_allclose(detect_r_peaks(record), peaks, atol=0.02)


@pytest.mark.parametrize("lead", ["I", "II", "aVR", "V1", "V5"])
def test_one_lead_is_enough_for_the_beats(lead):
    record, peaks = make_ecg()
    assert len(detect_r_peaks(record.select([lead]))) == len(peaks)


def test_a_large_t_wave_is_not_a_beat():
    record, peaks = make_ecg()
    tall = record.signal.copy()
    t = np.arange(tall.shape[1]) / 500
    for peak in peaks:
        tall += 0.8 * bump(t, peak + 0.12, peak + 0.36)
    assert len(detect_r_peaks(EcgRecord(tall, STANDARD_LEADS, 500))) == len(peaks)


@pytest.mark.parametrize("rate", [100, 500])
def test_intervals_match_the_waves_that_were_drawn(rate):
    record, _ = make_ecg(rate=500)
    m = measure(resample(record, rate))
    assert m.heart_rate_bpm == pytest.approx(75, abs=0.5)
    assert m.rhythm_regularity == "regular"
    # A raised cosine leaves zero so slowly that no reader sees its first milliseconds.
    assert m.pr_ms == pytest.approx(PR_S * 1000, abs=20)
    assert m.qrs_ms == pytest.approx(QRS_S * 1000, abs=20)
    assert m.qt_ms == pytest.approx(QT_S * 1000, abs=25)
    assert m.qtc_bazett_ms == pytest.approx(m.qt_ms / np.sqrt(0.8), abs=1)
    assert m.qtc_fridericia_ms == pytest.approx(m.qt_ms / 0.8 ** (1 / 3), abs=1)


def test_the_axis_is_the_one_that_was_drawn():
    record, _ = make_ecg(axis_deg=60)
    assert measure(record).axis_deg == pytest.approx(60, abs=4)


def test_exchanged_electrodes_take_back_what_they_falsify():
    (normal,) = (ecg.record for ecg in simulate(1, seed=8, conditions=["NORM"]))
    exchanged, _ = apply_fault(normal, "RA-LA", np.random.default_rng(0))
    right, wrong = measure(normal), measure(exchanged)
    assert right.axis_deg is not None and not right.placement
    assert [suspicion["kind"] for suspicion in wrong.placement] == ["RA-LA"]
    for key in ("axis_deg", "qrs_t_angle_deg", "cornell_mv"):
        assert getattr(wrong, key) is None
        assert wrong.not_measurable[key] == "the electrodes of the limbs look exchanged"
    assert wrong.qrs_ms == pytest.approx(right.qrs_ms, abs=8)


def test_flutter_waves_twice_per_beat_are_no_p_waves():
    onsets, rate = 0.3 + 0.42 * np.arange(23), 500
    t = np.arange(10 * rate) / rate
    beats = sum(bump(t, on, on + 0.06) - 0.3 * bump(t, on + 0.05, on + 0.09) for on in onsets)
    flutter = 0.15 * np.sin(2 * np.pi * (t - onsets[0]) / 0.21 - 2.0)
    sinus = sum(0.15 * bump(t, on - 0.14, on - 0.04) + 0.3 * bump(t, on + 0.14, on + 0.26) for on in onsets)
    noise = 0.006 * np.random.default_rng(0).standard_normal((3, len(t)))
    gains = np.array([[0.7], [1.0], [0.4]])
    in_flutter, in_sinus = (
        measure(EcgRecord(gains * (beats + atria) + noise, ("I", "II", "V1"), rate)) for atria in (flutter, sinus)
    )
    assert in_sinus.p_wave_present and in_sinus.pr_ms is not None
    assert in_flutter.p_wave_present is False and in_flutter.pr_ms is None
    assert in_flutter.not_measurable["pr_ms"] == "no P wave found"


def test_p_waves_during_standstill_are_not_counted_as_beats():
    t = np.arange(15 * 500) / 500
    train = sum(bump(t, on, on + 0.09) for on in (0.5, 1.3, 2.1, 2.9, 10.9, 11.7, 12.5, 13.3))
    atria = sum(0.13 * bump(t, on, on + 0.1) for on in np.arange(0.3, 14.5, 0.8))
    noise = 0.006 * np.random.default_rng(0).standard_normal((2, len(t)))
    found = measure(EcgRecord(np.array([[1.0], [0.8]]) * (train + atria) + noise, ("II", "V5"), 500))
    assert "asystole" in [episode["kind"] for episode in found.episodes]
    assert len(found.beats) == 8 and not [b for b in found.beats if 3.2 < b["time_s"] < 10.7]


def test_a_silent_signal_is_no_ecg_and_still_an_alarm():
    noise = 0.001 * np.random.default_rng(0).standard_normal((3, 5000))
    found = measure(EcgRecord(noise, ("I", "II", "V1"), 500))
    assert found.not_an_ecg and not found.beats
    assert [row["kind"] for row in found.critical] == ["asystole"]
    other = measure(EcgRecord(noise, ("Pleth", "Resp", "ABP"), 500))
    assert other.not_an_ecg and not other.episodes and not other.critical


def test_what_was_looked_for_in_vain_is_noted():
    notes = measure(make_ecg()[0]).notes
    assert any(note.startswith("no pacing spike was seen") for note in notes)
    assert not any("pacing was not looked for" in note for note in notes)


def test_what_is_no_ecg_is_not_measured():
    t = np.arange(5000) / 500
    tone = measure(EcgRecord(np.sin(2 * np.pi * 7 * t)[None], ("II",), 500.0))
    assert tone.not_an_ecg and tone.heart_rate_bpm is None and not tone.critical
    assert tone.not_measurable["qrs_ms"] == f"this is not an ECG: {tone.not_an_ecg}"


def test_the_most_urgent_comes_with_its_source():
    (ecg,) = simulate(1, seed=3, conditions=["VFIB"])
    found = measure(ecg.record)
    assert found.critical[0]["kind"].startswith("ventricular fibrillation") and found.critical[0]["source"]
    (paced,) = simulate(1, seed=3, conditions=["PACE-V"])
    assert measure(paced.record).paced == "ventricular"
    assert {beat["kind"] for beat in measure(paced.record).beats} == {"P"}


def test_the_summary_leaves_out_what_grows_with_the_recording():
    record, _ = make_ecg()
    found = measure(record)
    assert found.to_dict().keys() - found.summary().keys() == {"beats", "median_beat"}
    assert found.beats_used["rate"] == 13 and 3 <= found.beats_used["intervals"] <= 13


def test_the_axis_needs_two_limb_leads_and_says_so():
    record, _ = make_ecg()
    alone = measure(record.select(["II", "V1"]))
    assert alone.axis_deg is None
    assert alone.not_measurable["axis_deg"] == "it takes two limb leads"
    assert measure(record.select(["I", "II"])).axis_deg == pytest.approx(40, abs=4)


def test_amplitudes_and_st_level_are_in_millivolts():
    record, peaks = make_ecg(axis_deg=0)
    lifted = record.signal.copy()
    t = np.arange(lifted.shape[1]) / 500
    for peak in peaks:
        lifted[7] += 0.25 * bump(t, peak + 0.04, peak + 0.20)  # V2, highest 75 ms after J
    leads = measure(EcgRecord(lifted, STANDARD_LEADS, 500)).leads
    assert leads["I"]["r_mv"] == pytest.approx(1.0, abs=0.06)
    assert leads["V2"]["s_mv"] == pytest.approx(-0.9, abs=0.06)
    assert leads["I"]["t_mv"] == pytest.approx(0.3, abs=0.05)
    assert leads["V2"]["st_mv"] > 0.15
    assert abs(leads["I"]["st_mv"]) < 0.05


def test_a_deep_q_is_not_an_s_and_the_s_of_rsr_is():
    record, peaks = make_ecg(axis_deg=0)
    signal = record.signal * 0
    t = np.arange(signal.shape[1]) / 500
    for peak in peaks:
        on = peak - R_S
        signal[0] += bump(t, on + 0.04, on + 0.09) - 0.6 * bump(t, on, on + 0.04)
        signal[6] += 0.3 * bump(t, on, on + 0.03) - 0.5 * bump(t, on + 0.03, on + 0.06) + bump(t, on + 0.06, on + 0.1)
    leads = measure(EcgRecord(record.signal + signal, STANDARD_LEADS, 500)).leads
    alone = measure(EcgRecord(signal + 0.05 * record.signal, STANDARD_LEADS, 500).select(["I", "V1"])).leads
    assert leads["I"]["r_mv"] > 0.8
    assert alone["I"]["s_mv"] == pytest.approx(0, abs=0.05)
    assert alone["V1"]["s_mv"] == pytest.approx(-0.5, abs=0.08)


def test_early_beats_are_told_apart_by_shape():
    rr = [0.8] * 12
    rr[3], rr[4], rr[8], rr[9] = 0.5, 1.1, 0.5, 1.0
    record, _ = make_ecg(rr, ventricular=(4,))
    kinds = [beat["kind"] for beat in measure(record).beats]
    assert kinds == ["N"] * 4 + ["V"] + ["N"] * 4 + ["S"] + ["N"] * 3


def test_no_p_wave_is_reported_in_fibrillation():
    rng = np.random.default_rng(1)
    record, _ = make_ecg(rng.uniform(0.5, 1.1, 13), with_p=False)
    t = np.arange(record.signal.shape[1]) / 500
    waves = 0.05 * np.sin(2 * np.pi * 6.1 * t + 3 * np.sin(2 * np.pi * 0.4 * t))
    m = measure(EcgRecord(record.signal + waves, STANDARD_LEADS, 500))
    assert m.rhythm_regularity == "irregular"
    assert m.p_wave_present is False
    assert m.pr_ms is None
    assert m.not_measurable["pr_ms"] == "no P wave found"


def test_quality_names_each_fault():
    record, _ = make_ecg()
    signal = record.signal.copy()
    signal[0] = 0.01
    signal[1] = np.clip(signal[1] * 4, -5, 0.6)
    signal[2] += np.random.default_rng(0).standard_normal(signal.shape[1]) * 0.4
    quality = signal_quality(EcgRecord(signal, STANDARD_LEADS, 500))
    assert [quality[lead] for lead in STANDARD_LEADS] == ["flat", "saturated", "noisy"] + ["good"] * 9


def test_everything_that_is_none_has_a_reason():
    noise = np.random.default_rng(0).standard_normal((1, 3000))
    for signal, rate in ((noise, 300), (np.zeros((2, 3000)), 300), (noise[:, :5], 300), (noise, 5), (noise[:, :1], 1)):
        m = measure(EcgRecord(signal, ("I", "II")[: len(signal)], rate))
        found = m.to_dict()
        assert json.dumps(found, allow_nan=False)
        lacking = {key for key, value in found.items() if value is None} - {"paced", "not_an_ecg"}
        assert lacking <= set(m.not_measurable)
    assert m.not_measurable["qt_ms"] == "the sampling rate is 1 Hz; it takes 50 Hz"


def test_gaps_do_not_hide_the_beats_around_them():
    record, peaks = make_ecg((0.8,) * 20)
    signal = record.signal.copy()
    signal[:, 3000:4000] = np.nan
    found = detect_r_peaks(EcgRecord(signal, STANDARD_LEADS, 500))
    outside = peaks[(peaks < 5.9) | (peaks > 8.1)]
    assert all(np.abs(found - peak).min() < 0.03 for peak in outside)


def test_fiducials_of_each_beat_are_in_order():
    record, peaks = make_ecg()
    found = delineate(record)
    assert len(found) == len(peaks)
    for beat, peak in zip(found[1:-1], peaks[1:-1], strict=True):
        times = [beat.p_on_s, beat.p_peak_s, beat.p_off_s, beat.qrs_on_s, beat.r_peak_s, beat.qrs_off_s,
                 beat.t_on_s, beat.t_peak_s, beat.t_off_s]  # fmt: skip
        assert times == sorted(times)
        assert beat.qrs_on_s == pytest.approx(peak - R_S, abs=0.02)
        assert beat.t_off_s == pytest.approx(peak - R_S + QT_S, abs=0.03)


def test_an_hour_gives_every_beat():
    record, _ = make_ecg((0.8,) * 74, rate=125)
    hour = EcgRecord(np.tile(record.signal[:2], (1, 60)), ("I", "II"), 125)
    m = measure(hour)
    assert len(m.beats) == pytest.approx(75 * 60, abs=5)
    assert any("excerpts" in note for note in m.notes)


def test_real_beats_are_found(shared_data):
    import wfdb
    from wfdb.processing import compare_annotations

    path = str(shared_data("mitdb") / "100")
    header = wfdb.rdrecord(path)
    annotation = wfdb.rdann(path, "atr")
    beats = np.array([s for s, y in zip(annotation.sample, annotation.symbol, strict=True) if y in "NAVLR"])
    record = EcgRecord(header.p_signal.T, tuple(header.sig_name), header.fs)
    found = np.round(detect_r_peaks(record) * header.fs).astype(int)
    result = compare_annotations(beats, found, int(0.15 * header.fs))
    assert result.sensitivity > 0.998
    assert result.positive_predictivity > 0.998


def test_measurements_of_real_records_are_near_the_cardiologists(shared_data):
    from anyecg.measure.ludb import FIDUCIALS, read_ludb, reference, shifted, split_ludb

    folder = shared_data("ludb") / "data"
    errors = []
    for name in split_ludb(folder)[1][:8]:
        marked = read_ludb(folder, name)
        beats = [shifted(m, -t) for m, t in zip(marked.marks, marked.times_s, strict=True)]
        at = dict(zip(FIDUCIALS, reference(beats, marked.record.leads) * 1000, strict=True))
        m = measure(marked.record)
        errors.append([m.qrs_ms - (at["qrs_off"] - at["qrs_on"]), m.qt_ms - (at["t_off"] - at["qrs_on"])])
    assert np.abs(np.median(errors, axis=0)).max() < 15


def test_noise_alone_has_no_beats():
    rng = np.random.default_rng(0)
    found = [len(detect_r_peaks(EcgRecord(rng.standard_normal((leads, 5000)), STANDARD_LEADS[:leads], 500)))
             for leads in (1, 2, 12)]  # fmt: skip
    assert found == [0, 0, 0]
