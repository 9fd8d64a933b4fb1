"""EDF, EDF+ and BDF: labels, units, rates, gaps, and what is refused."""

import datetime

import edfio
import numpy as np
import pytest
from damage import damage, refused

from anyecg.readers import read_record
from anyecg.readers.edf import lead_of

STEPS = np.round(1500 * np.sin(np.arange(1000) / 17.0) * np.exp(-np.arange(1000) / 900.0)).astype(np.int16)


def channel(label="ECG II", units="uV", n=250, low=-8192, high=8191.75, first=-32768, last=32767):
    return {"label": label, "units": units, "low": low, "high": high, "first": first, "last": last, "n": n}


def write(path, channels, data, *, n_records=None, record_s=1, reserved="", patient="X X X X", width=2, trailer=b""):
    """An EDF file of our own: `data` holds one array of steps (or bytes) per channel."""
    n_records = n_records if n_records is not None else len(data[0]) // channels[0]["n"]

    def field(value, size):
        return str(value).encode("latin-1").ljust(size)[:size]

    started = field("24.12.2411.05.30", 16)
    head = [b"\xffBIOSEMI" if width == 3 else field(0, 8), field(patient, 80), field("Startdate 24-DEC-2024 X X X", 80)]
    head += [started, field(256 * (len(channels) + 1), 8), field(reserved, 44), field(n_records, 8)]
    head += [field(record_s, 8), field(len(channels), 4)]
    for key, size in (("label", 16), ("", 80), ("units", 8), ("low", 8), ("high", 8), ("first", 8), ("last", 8)):
        head += [field(c.get(key, ""), size) for c in channels]
    head += [field("", 80) for _ in channels] + [field(c["n"], 8) for c in channels] + [b" " * 32 for _ in channels]
    body = []
    for k in range(max(int(n_records), 1)):
        for c, steps in zip(channels, data, strict=True):
            part = steps[k * c["n"] : (k + 1) * c["n"]]
            body.append(b"".join(int(s).to_bytes(width, "little", signed=True) for s in part))
    path.write_bytes(b"".join(head) + b"".join(body) + trailer)
    return path


def onsets(times, n=16):
    """The time keeping annotations of an EDF+D file, as 16-bit steps."""
    texts = [f"+{t}".encode() + b"\x14\x14\x00" for t in times]
    return np.frombuffer(b"".join(text.ljust(2 * n, b"\0") for text in texts), "<i2")


def test_what_edfio_writes_is_read_to_the_last_bit(tmp_path):
    signals = [
        edfio.EdfSignal(STEPS * 0.25, 250, label=label, physical_dimension=unit, physical_range=(-8192, 8191.75))
        for label, unit in (("ECG I", "uV"), ("EKG V1-Ref", "mV"))
    ]
    person = edfio.Patient(code="HOSP-4711", sex="F", birthdate=datetime.date(1951, 5, 2), name="Doe_Jane")
    taken = edfio.Recording(startdate=datetime.date(2021, 5, 1))
    edf = edfio.Edf(signals, patient=person, recording=taken, starttime=datetime.time(9, 30), annotations=[])
    edf.write(tmp_path / "a.edf")
    record = read_record(tmp_path / "a.edf")
    np.testing.assert_array_equal(record.signal[0], (STEPS * 0.25 / 1000).astype(np.float32))
    np.testing.assert_array_equal(record.signal[1], (STEPS * 0.25).astype(np.float32))
    assert (record.leads, record.sampling_rate) == (("I", "V1"), 250.0)
    assert (record.age, record.sex, record.recorded_at) == (69.0, "female", "2021-05-01T09:30:00")
    assert not any(told in repr(record) for told in ("Doe", "4711", "1951"))


def test_bdf_has_24_bits(tmp_path):
    steps = STEPS.astype(np.int32) * 5000
    wide = {"low": -8388608, "high": 8388607, "first": -8388608, "last": 8388607}
    path = write(tmp_path / "a.bdf", [channel(n=250, **wide)], [steps], width=3)
    np.testing.assert_array_equal(read_record(path).signal[0], (steps / 1000).astype(np.float32))
    signal = edfio.BdfSignal(
        STEPS * 3.0, 250, label="ECG II", physical_dimension="mV",
        physical_range=(-8388608, 8388607), digital_range=(-8388608, 8388607),
    )  # fmt: skip
    edfio.Bdf([signal]).write(tmp_path / "b.bdf")
    np.testing.assert_array_equal(read_record(tmp_path / "b.bdf").signal[0], (STEPS * 3.0).astype(np.float32))


@pytest.mark.parametrize(
    ("label", "lead"),
    [
        ("ECG I", "I"), ("EKG II", "II"), ("ECG V1-Ref", "V1"), ("ecg avr", "aVR"), ("ECG", "ECG"), ("ECG1", "ECG1"),
        ("V5", "V5"), ("Lead III", "III"), ("ECG C3", "V3"), ("EKG", "EKG"), ("ECG LA-RA", "ECG LA-RA"),
        ("MLII", "MLII"), ("C3", None), ("C3-A2", None), ("Fp1", None), ("EEG Fpz-Cz", None), ("Resp", None),
        ("ECG Marker", None), ("EMG I", None), ("", None),
    ],
)  # fmt: skip
def test_labels_name_leads_or_are_no_ecg(label, lead):
    assert lead_of(label) == lead


def test_other_channels_and_rates_are_left_out_with_a_note(tmp_path):
    slow = STEPS[::5]
    channels = [channel(), channel("Resp", "", 50), channel("ECG I", "degC"), channel("C3-A2")]
    record = read_record(write(tmp_path / "a.edf", channels, [STEPS, slow, STEPS, STEPS]))
    assert record.leads == ("II",) and record.signal.shape == (1, 1000)
    assert any("Resp" in note and "C3-A2" in note and "degC" in note for note in record.notes)


def test_ecg_channels_of_unequal_rates_are_brought_to_the_highest(tmp_path):
    time = np.arange(2000) / 500
    fast = np.round(4000 * np.sin(2 * np.pi * 3 * time))
    channels = [channel("ECG I", n=250), channel("ECG II", n=500)]
    record = read_record(write(tmp_path / "a.edf", channels, [fast[::2], fast], n_records=4))
    assert record.sampling_rate == 500 and any("resampled" in note for note in record.notes)
    np.testing.assert_allclose(record.lead("I")[50:-50], record.lead("II")[50:-50], atol=0.01)


def test_interruptions_become_gaps(tmp_path):
    channels = [channel(), channel("EDF Annotations", "", 16, -1, 1)]
    data = [STEPS, onsets([10, 11, 14.5, 15.5])]
    path = write(tmp_path / "a.edf", channels, data, reserved="EDF+D", n_records=4)
    record = read_record(path)
    expected = (STEPS * 0.25 / 1000).astype(np.float32)
    np.testing.assert_array_equal(record.signal[0, :500], expected[:500])
    assert np.isnan(record.signal[0, 500:1125]).all() and record.duration_s == 6.5
    np.testing.assert_array_equal(record.signal[0, 1125:], expected[500:])
    assert any("kept as gaps: 1" in note for note in record.notes)
    for times, words in (
        ([0, 2, 1, 3], "overlap"), ([0, 1, 2, 10**9], "at most"), ([0, 1, 2, 600_000], "too far apart"),
        (["x"] * 4, "does not tell when"),
    ):  # fmt: skip
        data = [STEPS, onsets(times)]
        assert words in refused(write(path, channels, data, reserved="EDF+D", n_records=4))
    assert "no annotation channel" in refused(write(path, channels[:1], data[:1], reserved="EDF+D"))
    assert read_record(write(path, channels, data, reserved="EDF+C", n_records=4)).duration_s == 4


def test_a_file_that_was_cut_short_is_refused_not_shortened(tmp_path):
    path = write(tmp_path / "a.edf", [channel()], [STEPS])
    whole = path.read_bytes()
    for size in (len(whole) - 500, len(whole) - 1, 600, 512, 300, 100):
        path.write_bytes(whole[:size])
        assert "a.edf" in refused(path)
    path.write_bytes(whole[:-500])
    assert "cut short" in refused(path)
    path.write_bytes(whole + whole[-500:])
    assert "its end is damaged" in refused(path)
    write(path, [channel()], [STEPS], n_records=4)
    path.write_bytes(path.read_bytes()[:236] + b"-1      " + path.read_bytes()[244:])
    assert read_record(path).duration_s == 4, "-1: as the format wants it while recording"


def test_nameless_ecg_channels_keep_their_label_or_take_declared_names(tmp_path):
    path = write(tmp_path / "a.edf", [channel("ECG"), channel("ECG"), channel("EEG Cz")], [STEPS, STEPS, STEPS])
    record = read_record(path)
    assert record.leads == ("ECG1", "ECG2") and any("which leads" in note for note in record.notes)
    assert read_record(path, leads=["II", "V5"]).leads == ("II", "V5")
    write(path, [channel("ch 1"), channel("ch 2")], [STEPS, STEPS])
    assert "'ch 1', 'ch 2'" in refused(path) and "; declare their leads" in refused(path)
    assert read_record(path, leads=["I", "II"]).leads == ("I", "II")
    assert "choose another" in refused(write(path, [channel("EEG Cz")], [STEPS]))


def test_units_are_declared_where_the_file_has_none(tmp_path):
    path = write(tmp_path / "a.edf", [channel(units="")], [STEPS])
    assert "--units" in refused(path)
    np.testing.assert_array_equal(read_record(path, units="mV").signal[0], (STEPS * 0.25).astype(np.float32))
    np.testing.assert_allclose(read_record(path, microvolts_per_step=2).signal[0], STEPS * 0.002, rtol=1e-6)
    write(path, [channel(units="µV", low=8191.75, high=-8192)], [STEPS])
    np.testing.assert_allclose(read_record(path).signal[0], (-0.25 - STEPS * 0.25) / 1000, atol=1e-6)
    assert "calibrate" in refused(write(path, [channel(low=5, high=5)], [STEPS]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n_records": "9e9"}, "number of data records"),
        ({"n_records": "99999999"}, "cut short"),
        ({"record_s": "0.00001"}, "sampling rate"),
        ({"record_s": "nan"}, "data record duration"),
        ({"record_s": "0"}, "--sampling-rate"),
        ({"first": "-9e90"}, "16 bits"),
    ],
)
def test_headers_that_lie_are_refused_before_anything_is_allocated(tmp_path, changes, words):
    path = write(tmp_path / "a.edf", [channel()], [STEPS])
    content = bytearray(path.read_bytes())
    at = {"n_records": 236, "record_s": 244, "first": 256 + 16 + 80 + 8 + 8 + 8}
    for key, value in changes.items():
        content[at[key] : at[key] + 8] = value.encode().ljust(8)
    path.write_bytes(bytes(content))
    assert words in refused(path)


def test_damaged_edf_files_are_refused_in_one_sentence(tmp_path):
    channels = [channel("ECG I"), channel("ECG II", n=125), channel("EDF Annotations", "", 16, -1, 1)]
    data = [STEPS, STEPS[::2], onsets(range(4))]
    n_read, n_refused = damage(
        write(tmp_path / "a.edf", channels, data, reserved="EDF+C", n_records=4), 400, header=1024
    )
    assert n_read > 20 and n_refused > 50
    damage(tmp_path / "a.edf", 100, seed=3, header=1024, letters=b"0123456789.-+eE")
    path = write(tmp_path / "d.edf", channels[::2], data[::2], reserved="EDF+D", n_records=4)
    damage(path, 100, seed=1, header=768)
    damage(write(tmp_path / "b.bdf", channels[:1], data[:1], width=3), 50, seed=2, header=512)


def test_real_containers_are_read_or_refused_for_the_right_reason(shared_data):
    folder = shared_data("interchange")
    path = folder / "wfdb-edf" / "test_generator_2.edf"
    record, theirs = read_record(path), edfio.read_edf(path).get_signal("ECG")
    np.testing.assert_allclose(record.lead("ECG"), theirs.data / 1000, atol=1e-6)
    assert (record.sampling_rate, record.duration_s) == (200.0, 600.0)
    for name in ("edfio/short_psg.edf", "edfio/short_psg.bdf", "edfio/test_subsecond.edf"):
        assert "labels no" in refused(folder / name)
