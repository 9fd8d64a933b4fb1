"""WFDB records: what every storage format gives in millivolts, and which headers are refused with which sentence."""

import numpy as np
import pytest
import wfdb
from damage import refused

from anyecg.leads import STANDARD_LEADS
from anyecg.readers import companions, read_record
from anyecg.record import RecordError

RATE = 250
STEPS = np.round(800 * np.sin(np.arange(500) / 25.0)[:, None] * [1.0, -0.5, 0.25]).astype("<i2")


def write_wfdb(folder, header, data=STEPS, name="rec", signal_file="rec.dat"):
    """A header as given and a signal file of 16-bit integers."""
    (folder / f"{name}.hea").write_text(header, encoding="utf-8")
    np.asarray(data).astype("<i2").tofile(folder / signal_file)
    return folder / f"{name}.hea"


def header(first="rec 3 250 500", names=("I", "II", "V1"), gain="1000(0)/mV", fmt="16", comments=""):
    lines = [f"rec.dat {fmt} {gain} 16 0 0 0 0 {name}" for name in names]
    return "\n".join([first, *lines, comments]) + "\n"


# Values


def test_gain_and_baseline_give_millivolts(tmp_path):
    record = read_record(write_wfdb(tmp_path, header(gain="200(100)/mV")))
    np.testing.assert_allclose(record.signal, (STEPS.T - 100.0) / 200.0, atol=1e-6)
    assert (record.leads, record.sampling_rate, record.name) == (("I", "II", "V1"), 250.0, "rec")


@pytest.mark.parametrize("unit, factor", [("mV", 1.0), ("uV", 0.001), ("µV", 0.001), ("V", 1000.0)])
def test_voltage_units_are_converted(tmp_path, unit, factor):
    record = read_record(write_wfdb(tmp_path, header(gain=f"200(0)/{unit}")))
    np.testing.assert_allclose(record.signal, STEPS.T / 200.0 * factor, rtol=1e-6)


def test_missing_units_are_millivolts_and_a_note_says_so(tmp_path):
    record = read_record(write_wfdb(tmp_path, header(gain="200")))
    np.testing.assert_allclose(record.signal, STEPS.T / 200.0, rtol=1e-6)
    assert any("no units" in note for note in record.notes)


def test_a_marked_gap_becomes_nan(tmp_path):
    steps = STEPS.copy()
    steps[10:20, 1] = -32768
    record = read_record(write_wfdb(tmp_path, header(), steps))
    assert np.isnan(record.signal[1, 10:20]).all() and np.isfinite(record.signal[0]).all()


@pytest.mark.parametrize("fmt", ["80", "212", "16", "24", "32", "508", "516", "524"])
def test_storage_formats_agree_with_wfdb(tmp_path, fmt):
    steps = np.round(STEPS[:, :2] / 8).astype(np.int64)
    wfdb.wrsamp(
        "rec", fs=RATE, units=["mV"] * 2, sig_name=["I", "II"], d_signal=steps, fmt=[fmt] * 2,
        adc_gain=[200.0, 150.0], baseline=[0, 5], write_dir=str(tmp_path),
    )  # fmt: skip
    expected = (steps.T - np.array([[0], [5]])) / np.array([[200.0], [150.0]])
    np.testing.assert_allclose(read_record(tmp_path / "rec.hea").signal, expected, atol=1e-6)


def test_any_file_of_a_record_and_its_bare_name_open_it(tmp_path):
    path = write_wfdb(tmp_path, header())
    for name in (path, path.with_suffix(".dat"), path.with_suffix("")):
        assert read_record(name).signal.shape == (3, 500)


def test_fixed_segments_are_joined(tmp_path):
    write_wfdb(tmp_path, header("a 3 250 500"), name="a")
    path = tmp_path / "whole.hea"
    path.write_text("whole/2 3 250 1000\na 500\na 500\n")
    record = read_record(path)
    np.testing.assert_allclose(record.signal, np.tile(STEPS.T / 1000.0, 2), atol=1e-6)
    assert companions(path) == ["a.hea", "rec.dat"]


def test_variable_segments_leave_gaps_where_nothing_was_recorded(tmp_path):
    write_wfdb(tmp_path, header("a 3 250 500"), name="a")
    (tmp_path / "b.hea").write_text("b 1 250 500\nrec.dat 16x3 500(0)/mV 16 0 0 0 0 II\n".replace("16x3", "16"))
    (tmp_path / "whole_layout.hea").write_text("whole_layout 3 250 0\n" + "~ 0 1/mV 0 0 0 0 0 I\n" * 3)
    path = tmp_path / "whole.hea"
    path.write_text("whole/4 3 250 1100\nwhole_layout 0\na 500\n~ 100\nb 500\n")
    record = read_record(path)
    assert record.leads == ("I", "II", "V1") and record.signal.shape == (3, 1100)
    assert np.isnan(record.signal[:, 500:600]).all() and np.isnan(record.lead("I")[600:]).all()
    np.testing.assert_allclose(record.lead("II")[600:], STEPS.ravel()[:500] / 500.0, atol=1e-6)
    path.write_text("whole/4 3 250 60001000\nwhole_layout 0\na 500\n~ 60000000\nb 500\n")
    assert "too far apart" in refused(path)


def test_several_samples_per_frame_keep_the_highest_rate(tmp_path):
    time = np.arange(1000) / 500.0
    fast, slow = np.sin(2 * np.pi * 3 * time), np.sin(2 * np.pi * 3 * time[::2])
    frames = np.column_stack([fast.reshape(-1, 2), slow]) * 1000
    text = "rec 2 250 500\nrec.dat 16x2 1000(0)/mV 16 0 0 0 0 I\nrec.dat 16 1000(0)/mV 16 0 0 0 0 II\n"
    record = read_record(write_wfdb(tmp_path, text, np.round(frames)))
    assert record.sampling_rate == 500.0 and record.signal.shape == (2, 1000)
    np.testing.assert_allclose(record.lead("I"), fast, atol=1e-3)
    np.testing.assert_allclose(record.lead("II")[50:-50], fast[50:-50], atol=0.01)
    assert any("resampled" in note for note in record.notes)


def test_doubled_lead_names_are_numbered(tmp_path):
    record = read_record(write_wfdb(tmp_path, header(names=("ECG", "ECG", "II"))))
    assert record.leads == ("ECG1", "ECG2", "II")
    assert any("ECG" in note and "numbered" in note for note in record.notes)


@pytest.mark.parametrize(
    "comment, age, sex",
    [
        ("# 69 M 1085 1629 x1", 69.0, "male"),
        ("#Age: 74\n#Sex: Female", 74.0, "female"),
        ("#<age>: 51\n#<sex>: F", 51.0, "female"),
        ("# age: 300\n# sex: n/a", None, None),
    ],
)
def test_age_and_sex_come_from_the_comments(tmp_path, comment, age, sex):
    record = read_record(write_wfdb(tmp_path, header(comments=comment)))
    assert (record.age, record.sex) == (age, sex)


def test_the_recording_date_is_read(tmp_path):
    record = read_record(write_wfdb(tmp_path, header("rec 3 250 500 11:05:00 25/12/1989")))
    assert record.recorded_at == "1989-12-25T11:05:00"


def test_channels_that_are_no_ecg_are_left_out(tmp_path):
    text = header(names=("II", "PLETH", "RESP")).replace("1000(0)/mV 16 0 0 0 0 RESP", "5/NU 16 0 0 0 0 RESP")
    record = read_record(write_wfdb(tmp_path, text))
    assert record.leads == ("II",)
    assert any("PLETH" in note and "RESP" in note for note in record.notes)
    assert "no ECG channel" in refused(write_wfdb(tmp_path, header(names=("ABP", "CVP", "PLETH"))))


def test_leads_of_a_record_can_be_chosen_by_any_spelling(tmp_path):
    path = write_wfdb(tmp_path, header())
    assert read_record(path, leads=["v1", "DI"]).leads == ("V1", "I")
    assert "V6" in refused(path, leads=["V6"])


# Gains that cannot be


def _einthoven_steps():
    one, three = STEPS[:, 0].astype(int), np.roll(STEPS[:, 0], 31).astype(int)
    return np.column_stack([one, one + three, three])


EINTHOVEN = "rec 3 250 500\n" + "".join(
    f"rec.dat 16 {gain}(0)/mV 16 0 0 0 0 {name}\n" for gain, name in ((1716, "i"), (1206, "ii"), (1229, "iii"))
)


def test_gains_that_break_einthoven_are_refused_with_the_way_out(tmp_path):
    path = write_wfdb(tmp_path, EINTHOVEN, _einthoven_steps())
    assert "--microvolts-per-step" in refused(path)
    record = read_record(path, microvolts_per_step=2)
    np.testing.assert_allclose(record.signal, _einthoven_steps().T * 0.002, atol=1e-6)


def test_a_ludb_header_means_one_microvolt_per_step(tmp_path):
    path = write_wfdb(tmp_path, EINTHOVEN + "#<age>: 51\n#<sex>: F\n#<diagnoses>:\n", _einthoven_steps())
    record = read_record(path)
    np.testing.assert_allclose(record.signal, _einthoven_steps().T / 1000.0, atol=1e-6)
    assert any("LUDB" in note for note in record.notes)


def test_different_gains_are_believed_where_einthoven_holds_in_millivolts(tmp_path):
    steps = np.round(_einthoven_steps() * [1.0, 2.0, 0.5])
    text = EINTHOVEN.replace("1716", "500").replace("1206", "1000").replace("1229", "250")
    record = read_record(write_wfdb(tmp_path, text, steps))
    np.testing.assert_allclose(record.lead("II"), record.lead("I") + record.lead("III"), atol=0.01)


@pytest.mark.parametrize("gain", ["0", "0.0/mV", "0(12)/mV"])
def test_an_uncalibrated_gain_is_refused(tmp_path, gain):
    path = write_wfdb(tmp_path, header(gain=gain))
    assert "--microvolts-per-step" in refused(path)
    assert np.nanmax(read_record(path, microvolts_per_step=5).signal) > 3


# Headers that lie


@pytest.mark.parametrize("rate", ["0", "-250", "nan", "inf", "1e3", "fast", "0.0001"])
def test_an_impossible_rate_is_refused(tmp_path, rate):
    assert "sampling rate" in refused(write_wfdb(tmp_path, header(f"rec 3 {rate} 500")))


def test_an_unknown_rate_can_be_declared_but_not_contradicted(tmp_path):
    assert "--sampling-rate" in refused(write_wfdb(tmp_path, header("rec 3")))
    assert read_record(write_wfdb(tmp_path, header("rec 3 0 500")), sampling_rate=500).sampling_rate == 500.0
    assert "250 Hz" in refused(write_wfdb(tmp_path, header()), sampling_rate=500)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\secret.dat", "sub/rec.dat", "..", "~root"])
def test_a_header_cannot_name_files_elsewhere(tmp_path, name):
    path = write_wfdb(tmp_path, header().replace("rec.dat", name))
    assert "plain names" in refused(path)
    with pytest.raises(RecordError):
        companions(path)
    (tmp_path / "many.hea").write_text(f"many/1 3 250 500\n{name} 500\n")
    refused(tmp_path / "many.hea")


def test_headers_that_name_themselves_are_refused(tmp_path):
    (tmp_path / "loop.hea").write_text("loop/1 1 250 500\nloop 500\n")
    assert "only one level" in refused(tmp_path / "loop.hea")


@pytest.mark.parametrize("samples", [501, 10**9, 10**14])
def test_a_header_cannot_declare_more_than_its_files_hold(tmp_path, samples):
    assert "hold only 500" in refused(write_wfdb(tmp_path, header(f"rec 3 250 {samples}")))


def test_a_flac_header_cannot_declare_more_than_its_file_holds(tmp_path):
    wfdb.wrsamp(
        "rec", fs=RATE, units=["mV"], sig_name=["I"], d_signal=STEPS[:, :1].astype(np.int64), fmt=["516"],
        adc_gain=[200.0], baseline=[0], write_dir=str(tmp_path),
    )  # fmt: skip
    path = tmp_path / "rec.hea"
    path.write_text(path.read_text().replace(" 500", " 999999999999", 1))
    assert "hold only 500" in refused(path)
    (tmp_path / "rec.dat").write_bytes(b"not flac")
    assert "FLAC" in refused(path)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "is empty"),
        ("hello world, this is a letter\n", "not a WFDB header"),
        ("rec 3 250 500\n", "announces 3 signals"),
        (header("rec 3 250 0"), "holds no samples"),
        (header(fmt="999"), "known WFDB formats"),
        (header(fmt="16:1000000000000"), "shifts"),
        (header(fmt="16x0"), "0 samples per frame"),
        (header(fmt="16+99999999999"), "hold only 0"),
        (header(gain="ten/mV"), "gain"),
        (header(gain="1e999/mV"), "gain"),
    ],
)
def test_damaged_headers_are_refused_in_one_sentence(tmp_path, text, sentence):
    assert sentence in refused(write_wfdb(tmp_path, text))


def test_a_missing_signal_file_is_named(tmp_path):
    path = write_wfdb(tmp_path, header())
    (tmp_path / "rec.dat").unlink()
    assert companions(path) == ["rec.dat"]
    assert "rec.dat" in refused(path)


# Real recordings


def test_every_stored_format_of_real_files_agrees_with_wfdb(shared_data):
    folder = shared_data("interchange") / "wfdb-formats"
    for name in ("binformats", "flacformats", "100skew", "100-no-len", "100_3chan"):
        ours, theirs = read_record(folder / f"{name}.hea"), wfdb.rdrecord(str(folder / name)).p_signal
        np.testing.assert_array_equal(ours.signal, theirs.T.astype(np.float32))


def test_real_segments_and_monitor_channels(shared_data):
    record = read_record(shared_data("challenge-2015") / "v102s.hea")
    assert record.leads == ("II", "V") and record.duration_s == 900
    assert any("PLETH" in note for note in record.notes)


def test_ludb_obeys_einthoven_in_millivolts(shared_data):
    for path in sorted((shared_data("ludb") / "data").glob("*.hea"))[::4]:
        record = read_record(path)
        misfit = record.lead("I") + record.lead("III") - record.lead("II")
        assert np.abs(misfit).max() < 0.002 and any("LUDB" in note for note in record.notes), path.name


def test_challenge_matlab_files_open_with_their_header(shared_data):
    record = read_record(next((shared_data("challenge-2021")).glob("E*.mat")))
    assert record.leads == STANDARD_LEADS and record.sampling_rate == 500 and record.sex in ("male", "female")
