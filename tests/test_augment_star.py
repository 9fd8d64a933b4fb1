"""STAR moves beats, their marks and nothing else, and takes back the labels that it could make false."""

import numpy as np
import pytest

from anyecg.feature_extraction_anyecg import AnyEcgFeatureExtractor
from anyecg.findings import EVENT_KINDS, HEAD_LABELS
from anyecg.measure.slope_energy import peaks_by_energy
from anyecg.readers import read_record
from anyecg.record import EcgRecord
from anyecg.simulate import simulate
from train.augment_star import CAREFUL, GUARDED, USUAL, resample_beats, star

PATCH, RATE = 20, 100.0
QRS, FIBRILLATION = EVENT_KINDS.index("QRS complex"), EVENT_KINDS.index("atrial fibrillation")


def sine(n, size=USUAL):
    return 1 + size * np.sin(0.4 + 0.9 * np.arange(n))


def excerpt(ecg, findings=()):
    """A training row of a simulated ECG whose QRS complexes are marked."""
    piece = AnyEcgFeatureExtractor().excerpts(ecg.record)[0]
    labels = np.zeros(len(HEAD_LABELS), dtype=np.int8)
    labels[[HEAD_LABELS.index(code) for code in findings]] = 1
    beats = np.array([[QRS, e["start_s"], e["end_s"]] for e in ecg.events if e["kind"] == "QRS complex"])
    return {
        "values": piece["ecg_values"].astype(np.float16), "mask": piece["ecg_mask"], "start_s": 0.0, "labels": labels,
        "events": beats.astype(np.float32).reshape(-1, 3),
    }  # fmt: skip


def peaks_of(values):
    flat = values.astype(np.float32).reshape(len(values), -1)
    names = tuple(f"lead {k}" for k in range(len(flat)))
    return peaks_by_energy(EcgRecord(flat, names, RATE), list(range(len(flat))))


@pytest.fixture(scope="module")
def sinus():
    return next(iter(simulate(1, seed=5, conditions=["NORM"])))


def irregularity(peaks):
    intervals = np.diff(peaks)
    return intervals.std() / intervals.mean()


def check_resampling(signal, peaks, rate):
    warped, moved = resample_beats(signal, peaks, sine(len(peaks) - 1))
    expected = moved(peaks) / rate
    names = tuple(f"lead {k}" for k in range(len(signal)))
    found = peaks_by_energy(EcgRecord(warped, names, rate), list(range(len(signal))))
    before = peaks_by_energy(EcgRecord(signal, names, rate), list(range(len(signal))))
    assert len(found) == len(before)
    errors = np.abs(found - moved(before * rate) / rate)
    # Which of two like deflections of a QRS complex is the largest may change with the gain.
    assert np.median(errors) <= 0.002 and errors.max() < 0.06
    first, last = int(peaks[0]), int(np.ceil(peaks[-1])) + 1
    assert np.array_equal(warped[:, :first], signal[:, :first]) and np.allclose(warped[:, last:], signal[:, last:])
    assert expected[0] == peaks[0] / rate and expected[-1] == pytest.approx(peaks[-1] / rate)
    return warped, moved


def test_beats_keep_their_number_and_head_and_tail_stay(sinus):
    signal = sinus.record.signal.astype(np.float64)
    peaks = peaks_by_energy(sinus.record, list(range(12))) * sinus.record.sampling_rate
    warped, moved = check_resampling(signal, peaks, sinus.record.sampling_rate)
    assert (
        np.abs(warped[1] - warped[0] - warped[2]).max() < 1e-4 + np.abs(signal[1] - signal[0] - signal[2]).max() * 1.1
    )
    assert np.abs(warped - signal).max() > 0.05
    middles = (peaks[1:] + peaks[:-1]) / 2
    back = np.interp(moved(middles), moved(np.arange(signal.shape[1])), np.arange(signal.shape[1]))
    assert np.abs(back - middles).max() < 1


def test_beats_of_a_real_record_keep_their_number(shared_data):
    record = (
        read_record(sorted(shared_data("ptbdb").rglob("*.hea"))[0])
        .select(["I", "II", "III", "V1", "V5"])
        .excerpt(0, 20)
    )
    peaks = peaks_by_energy(record, list(range(5))) * record.sampling_rate
    check_resampling(np.nan_to_num(record.signal).astype(np.float64), peaks, record.sampling_rate)


def test_events_move_with_their_beats(sinus):
    row = excerpt(sinus)
    new = star(row, np.random.default_rng(0), RATE)
    shift = np.abs(new["events"][:, 1] - row["events"][:, 1])
    assert shift.max() > 0.01
    middles = new["events"][:, 1:].mean(axis=1)
    found = peaks_of(new["values"])
    inside = middles[(middles > 0.3) & (middles < 9.7)]
    assert all(np.abs(found - middle).min() < 0.05 for middle in inside)


def test_labels_that_hang_on_intervals_are_unknown_afterwards(sinus):
    row = excerpt(sinus, ["SR", "IMI"])
    new = star(row, np.random.default_rng(0), RATE)
    said = dict(zip(HEAD_LABELS, new["labels"], strict=True))
    assert all(said[label] == -1 for label in GUARDED)
    assert said["SR"] == said["IMI"] == 1 and said["PVC"] == said["STACH"] == 0
    assert (row["labels"] >= 0).all()


@pytest.mark.parametrize("sign", ["a finding", "an event"])
def test_a_record_with_such_a_finding_is_changed_less_and_keeps_it(sinus, sign):
    row = excerpt(sinus, ["1AVB"] if sign == "a finding" else [])
    if sign == "an event":
        row["events"] = np.vstack([row["events"], [[FIBRILLATION, 0, 10]]]).astype(np.float32)
    new = star(row, np.random.default_rng(0), RATE)
    assert np.array_equal(new["labels"], row["labels"])
    usual = star(excerpt(sinus), np.random.default_rng(0), RATE)

    def moved(changed):
        return np.abs(changed["events"][: len(usual["events"]), 1] - row["events"][: len(usual["events"]), 1]).max()

    assert moved(new) < (CAREFUL / USUAL) * moved(usual) * 1.15


def test_atrial_fibrillation_stays_as_irregular_as_it_was():
    for seed in range(3):
        ecg = next(iter(simulate(1, seed=seed, conditions=["AFIB"])))
        row = excerpt(ecg, ["AFIB"])
        new = star(row, np.random.default_rng(seed), RATE)
        before, after = (irregularity(peaks_of(r["values"])) for r in (row, new))
        assert after == pytest.approx(before, rel=0.1)


def test_what_has_no_beats_or_a_gap_is_left_alone(sinus):
    row = excerpt(sinus)
    rng = np.random.default_rng(0)
    gap = row | {"mask": row["mask"].copy()}
    gap["mask"][0, 3] = False
    flat = {k: v for k, v in row.items() if k != "r_peaks"} | {"values": np.zeros_like(row["values"])}
    assert star(gap, rng, RATE)["values"] is row["values"] and star(flat, rng, RATE)["values"] is flat["values"]
