"""Quality: seeded faults are named, sound leads are left alone, and what a flag forbids is said."""

import numpy as np
import pytest

from anyecg.leads import STANDARD_LEADS
from anyecg.measure.average import average_beat
from anyecg.measure.beats import detect_r_peaks, usable_leads
from anyecg.measure.faults import SIGNAL_FAULTS, SWAPS, apply_fault
from anyecg.measure.kinds import classify_beats
from anyecg.measure.not_ecg import not_an_ecg
from anyecg.measure.placement import KINDS, find_misplacement, undo
from anyecg.measure.quality import disturbances, forbidden, signal_quality
from anyecg.measure.waves import wave_times
from anyecg.record import EcgRecord

RATE = 500.0
TERRITORY = "territory findings (infarction, ischaemia, hypertrophy) cannot be judged."
# centre (s from R), width (s), and size in mV in I, II, V1-V6: an ordinary beat with an axis of 45 degrees
WAVES = (
    (-0.16, 0.022, (0.06, 0.12, 0.05, 0.06, 0.06, 0.06, 0.05, 0.05)),
    (-0.028, 0.009, (-0.06, -0.06, 0.0, 0.0, 0.0, -0.03, -0.08, -0.09)),
    (0.0, 0.011, (0.75, 0.95, 0.22, 0.45, 0.85, 1.35, 1.25, 0.95)),
    (0.03, 0.011, (-0.12, -0.15, -0.85, -1.25, -0.85, -0.45, -0.18, -0.06)),
    (0.27, 0.045, (0.20, 0.28, -0.05, 0.35, 0.42, 0.40, 0.30, 0.22)),
)


def make_ecg(seed=0, duration_s=10.0, rr_s=0.85, noise=0.004):
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * RATE)) / RATE
    eight = rng.normal(0, noise, (8, len(t)))
    for peak in np.arange(0.4, duration_s, rr_s):
        for centre, width, sizes in WAVES:
            eight += np.outer(sizes, np.exp(-0.5 * ((t - peak - centre) / width) ** 2))
    i, ii = eight[:2]
    limbs = [i, ii, ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2]
    return EcgRecord(np.stack([*limbs, *eight[2:]]), STANDARD_LEADS, RATE)


def beats_of(record):
    rows = usable_leads(record)
    peaks_s = detect_r_peaks(record, rows=rows)
    return peaks_s, classify_beats(record, peaks_s, rows)[1]


def misplaced(record, **options):
    peaks_s, _ = beats_of(record)
    average = average_beat(record, peaks_s, np.arange(len(peaks_s)))
    return find_misplacement(average, record.leads, wave_times(average), **options)


def refusal(signal, rate=250.0, leads=None):
    signal = np.atleast_2d(signal)
    record = EcgRecord(signal, leads or STANDARD_LEADS[1 : 1 + len(signal)], rate)
    return not_an_ecg(record, signal_quality(record), *beats_of(record))


def test_a_sound_ecg_carries_no_flag_at_any_rate_or_length():
    for record in (make_ecg(), make_ecg().select(["II"]), make_ecg(duration_s=95.0), make_ecg().excerpt(0, 3)):
        quality = signal_quality(record)
        assert set(quality.values()) == {"good"}
        assert disturbances(record, quality) == {}
        assert not_an_ecg(record, quality, *beats_of(record)) is None
    assert misplaced(make_ecg()) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("flat", {"flat"}), ("nearly flat", {"flat"}), ("flat spell", {"loose"}), ("saturated", {"saturated"}),
        ("railed", {"saturated", "loose"}), ("loose contact", {"loose"}), ("loose drift", {"loose", "baseline wander"}),
        ("mains hum", {"mains hum", "noisy"}), ("baseline wander", {"baseline wander", "loose"}),
        ("muscle noise", {"muscle noise", "noisy"}),
    ],
)  # fmt: skip
def test_a_fault_at_a_chest_electrode_is_named_there_and_nowhere_else(kind, words):
    for seed in range(3):
        faulty, fault = apply_fault(make_ecg(seed), kind, np.random.default_rng(seed), "V3")
        quality = signal_quality(faulty)
        lesser = disturbances(faulty, quality)
        assert fault.leads[0] == "V3"
        assert words & {quality["V3"], *lesser.get("V3", [])}
        assert all(quality[lead] == "good" and lead not in lesser for lead in STANDARD_LEADS if lead != "V3")


def test_a_loose_arm_electrode_spoils_the_leads_that_hold_it_and_spares_the_one_that_does_not():
    faulty, fault = apply_fault(make_ecg(), "loose contact", np.random.default_rng(1), "RA")
    quality = signal_quality(faulty)
    assert set(fault.leads[:3]) == {"I", "II", "aVR"} and "III" not in fault.leads
    assert [quality[lead] for lead in ("I", "II", "aVR", "III")] == ["loose", "loose", "loose", "good"]
    np.testing.assert_allclose(faulty.lead("II"), faulty.lead("I") + faulty.lead("III"), atol=1e-4)


def test_asystole_in_all_leads_is_not_a_lost_electrode():
    record = make_ecg()
    signal = record.signal.copy()
    signal[:, 2000:4000] = 0.0
    assert set(signal_quality(EcgRecord(signal, record.leads, RATE)).values()) == {"good"}


def test_fibrillation_is_neither_noise_nor_no_ecg():
    t = np.arange(5000) / RATE
    swing = np.sin(2 * np.pi * 5 * t + 2 * np.sin(2 * np.pi * 0.31 * t)) * (1 + 0.4 * np.sin(2 * np.pi * 0.4 * t))
    assert signal_quality(EcgRecord(swing[None], ("II",), RATE)) == {"II": "good"}
    assert refusal(swing, RATE) is None


@pytest.mark.parametrize("kind", [kind for kind in SWAPS if not kind.endswith("RL")])
def test_an_exchange_of_electrodes_is_undone_exactly(kind):
    record = make_ecg().select([*STANDARD_LEADS[:3], *STANDARD_LEADS[6:]])
    swapped, fault = apply_fault(record, kind, np.random.default_rng(0))
    np.testing.assert_allclose(undo(kind) @ swapped.signal, record.signal, atol=1e-5)
    assert kind in KINDS and len(fault.leads) >= 2


def test_exchanged_limbs_leave_the_chest_leads_alone_but_the_right_leg_does_not():
    record = make_ecg()
    arms, _ = apply_fault(record, "RA-LA", np.random.default_rng(0))
    np.testing.assert_allclose(arms.lead("I"), -record.lead("I"), atol=1e-5)
    np.testing.assert_allclose(arms.lead("II"), record.lead("III"), atol=1e-5)
    np.testing.assert_array_equal(arms.lead("V2"), record.lead("V2"))
    leg, _ = apply_fault(record, "RA-RL", np.random.default_rng(0))
    assert np.ptp(leg.lead("II")) < 0.1 < np.abs(leg.lead("V2") - record.lead("V2")).max()


@pytest.mark.parametrize("kind", ["RA-LA", "RA-LL", "clockwise", "RA-RL", "LA-RL", "V1-V3", "V1-V6 reversed"])
def test_plain_exchanges_are_suspected_by_name(kind):
    swapped, _ = apply_fault(make_ecg(), kind, np.random.default_rng(0))
    (found,) = misplaced(swapped)
    assert found["kind"] == kind and found["leads"] and "cannot be judged" in found["sentence"]
    assert misplaced(swapped, paced=True) == []


def test_few_leads_show_what_they_can():
    arms, _ = apply_fault(make_ecg(), "RA-LA", np.random.default_rng(0))
    assert misplaced(arms.select(["I", "II"]))[0]["kind"] == "RA-LA"
    assert misplaced(arms.select(["II"])) == [] and misplaced(make_ecg().select(["V1", "V2"])) == []


def test_what_is_no_ecg_is_refused_with_the_reason():
    rng = np.random.default_rng(0)
    t = np.arange(2500) / 250
    assert "noise" in refusal(rng.normal(0, 0.3, (6, 2500)))
    assert "noise" in refusal(rng.integers(0, 255, 2500) / 100)
    assert "pure tone of 5 Hz" in refusal(np.sin(2 * np.pi * 5 * t))
    assert "two levels" in refusal(np.sign(np.sin(2 * np.pi * t + 0.1)))
    assert "pulse wave or breathing" in refusal(np.exp(-(((t % 0.8 - 0.3) / 0.12) ** 2)))
    assert "flat" in refusal(np.full(2500, 0.7))
    assert "PLETH" in refusal(make_ecg().signal[:2, :2500], leads=("PLETH", "RESP"))


def test_one_ecg_lead_among_other_channels_is_enough():
    record = make_ecg()
    noise = np.random.default_rng(0).normal(0, 0.3, (2, record.signal.shape[1]))
    mixed = EcgRecord(np.vstack([noise, record.signal[1:2]]), ("PLETH", "RESP", "II"), RATE)
    assert not_an_ecg(mixed, signal_quality(mixed), *beats_of(record)) is None


def test_a_flag_says_what_it_forbids():
    poor = dict.fromkeys(STANDARD_LEADS, "good") | {"V2": "flat", "V3": "flat", "aVF": "loose"}
    assert forbidden(poor, [], STANDARD_LEADS) == [
        "aVF is loose: inferior findings cannot be judged.",
        "V2 and V3 are flat: anterior findings cannot be judged.",
    ]
    assert forbidden({"II": "noisy"}, [], ("II",)) == [
        f"Only lead II: {TERRITORY}",
        "II is noisy: it cannot be judged.",
    ]
    assert forbidden({}, [], ("I", "II")) == [f"Only leads I and II: {TERRITORY}"]
    without, _ = apply_fault(make_ecg(), "missing lead", np.random.default_rng(0), "V5")
    assert forbidden({}, [], without.leads) == ["V5 is missing: lateral findings cannot be judged."]
    arms = misplaced(apply_fault(make_ecg(), "RA-LA", np.random.default_rng(0))[0])
    assert forbidden({}, arms, STANDARD_LEADS)[0].startswith("The arm leads look reversed (lead I, aVR, aVL")


def test_a_long_recording_is_judged_by_most_of_its_pieces():
    long = np.tile(make_ecg().signal[:2], (1, 60))
    long[1, : long.shape[1] * 2 // 3] = 0.0
    long[0, 10_000:15_000] = 0.0
    assert signal_quality(EcgRecord(long, ("I", "II"), RATE)) == {"I": "good", "II": "flat"}


def test_short_or_slow_recordings_do_not_break():
    for n, rate in ((1, 100.0), (5, 100.0), (60, 100.0), (300, 1.0), (40, 20.0), (200, 40.0)):
        record = EcgRecord(np.random.default_rng(0).normal(0, 1, (3, n)), ("I", "II", "V1"), rate)
        quality = signal_quality(record)
        assert set(quality) == {"I", "II", "V1"}
        disturbances(record, quality)
        not_an_ecg(record, quality, np.empty(0), np.empty(0))


def test_an_impossible_fault_is_refused_in_a_sentence():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="unknown fault 'rust'; known are flat"):
        apply_fault(make_ecg(), "rust", rng)
    with pytest.raises(ValueError, match="do not show the electrode RA"):
        apply_fault(make_ecg().select(["V1", "V2"]), "RA-LA", rng)
    with pytest.raises(ValueError, match="takes 130 Hz"):
        apply_fault(EcgRecord(np.zeros((1, 1000)), ("II",), 100.0), "mains hum", rng)
    with pytest.raises(ValueError, match="no lead of I, II sees the electrode 'V9'"):
        apply_fault(make_ecg().select(["I", "II"]), "flat", rng, "V9")
    assert set(SIGNAL_FAULTS).isdisjoint(SWAPS)
