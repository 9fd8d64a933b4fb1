"""CSV, NPZ and MATLAB files: what they give in millivolts, and what is refused with which sentence."""

import zipfile

import numpy as np
import pytest
from damage import refused
from scipy.io import loadmat, savemat
from test_readers_wfdb import STEPS, header, write_wfdb

from anyecg.leads import STANDARD_LEADS
from anyecg.readers import read_record
from anyecg.readers.matfile import read_variables
from anyecg.record import RecordError

# CSV


def test_csv_comments_declare_rate_and_units(tmp_path):
    path = tmp_path / "strip.csv"
    path.write_text("# sampling_rate: 500\n# units: uV\ntime,I,V2\n0,100,-200\n0.002,150,\n")
    record = read_record(path)
    assert (record.leads, record.sampling_rate, record.name) == (("I", "V2"), 500.0, "strip")
    np.testing.assert_allclose(record.signal, [[0.1, 0.15], [-0.2, np.nan]], rtol=1e-6)


def test_csv_units_may_stand_behind_the_names_and_commas_be_decimal(tmp_path):
    path = tmp_path / "strip.csv"
    path.write_text("time (s);II (mV);RESP\n0,0;0,25;1\n0,01;-0,5;2\n", encoding="utf-8-sig")
    record = read_record(path, sampling_rate=100)
    assert record.leads == ("II",)
    np.testing.assert_allclose(record.signal, [[0.25, -0.5]])


def test_csv_without_rate_or_units_is_refused_with_every_way_out(tmp_path):
    path = tmp_path / "strip.csv"
    path.write_text("I,II\n1,2\n3,4\n")
    message = refused(path)
    assert "--sampling-rate" in message and "--units" in message
    assert read_record(path, sampling_rate=100, units="V").lead("I")[0] == 1000.0


def test_csv_without_names_needs_them_declared(tmp_path):
    path = tmp_path / "strip.csv"
    path.write_text("1,2\n3,4\n")
    assert "--leads" in refused(path, sampling_rate=100, units="mV")
    assert read_record(path, sampling_rate=100, units="mV", leads=["II", "V1"]).leads == ("II", "V1")


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "no rows"),
        ("I,II\n", "no samples"),
        ("I,II\n1,2\n3\n", "data row 2"),
        ("I,II\n1,2\n3,x\n", "data row 2"),
        ("I,II\nnan,nan\n", "NaN"),
        ("Dear colleague\nI am well.\n", "data row 1"),
        ("RESP,PLETH\n1,2\n", "no ECG column"),
    ],
)
def test_damaged_csv_is_refused_in_one_sentence(tmp_path, text, sentence):
    (tmp_path / "bad.csv").write_text(text)
    assert sentence in refused(tmp_path / "bad.csv", sampling_rate=100, units="mV")


@pytest.mark.parametrize("rate", [0, -5, float("nan")])
def test_an_impossible_declared_rate_is_refused(tmp_path, rate):
    (tmp_path / "a.csv").write_text("I\n1\n")
    assert "sampling rate" in refused(tmp_path / "a.csv", sampling_rate=rate, units="mV")


def test_names_notes_and_leads_of_a_file_are_bounded(tmp_path):
    path = tmp_path / "many.csv"
    names = [f"A{k}" for k in range(60)]
    path.write_text(",".join(names) + "\n" + ",".join("1" * 60) + "\n")
    assert "60 leads" in refused(path, sampling_rate=100, units="mV")
    assert len(read_record(path, sampling_rate=100, units="mV", leads=names[:40]).leads) == 40
    path.write_text(
        "I," + "x" * 1000 + "," + ",".join(f"RESP{k}" for k in range(200)) + "\n" + ",".join("1" * 202) + "\n"
    )
    record = read_record(path, sampling_rate=100, units="mV")
    assert record.leads == ("I", "x" * 40) and max(map(len, record.notes)) == 400


# NPZ


def test_npz_round_trip_and_orientation(tmp_path):
    signal = STEPS.T / 1000.0
    about = {"leads": ["I", "II", "V1"], "sampling_rate": 250, "age": 60, "sex": "male"}
    np.savez_compressed(tmp_path / "a.npz", signal=signal * 1000, units="uV", **about)
    np.savez(tmp_path / "b.npz", signal=signal.T, units="mV", **about)
    one, two = read_record(tmp_path / "a.npz"), read_record(tmp_path / "b.npz")
    np.testing.assert_allclose(one.signal, signal, atol=1e-6)
    np.testing.assert_allclose(two.signal, signal, atol=1e-6)
    assert (one.age, one.sex) == (60.0, "male") and any("turned" in note for note in two.notes)


def test_an_age_and_a_date_that_cannot_be_are_left_out(tmp_path):
    usual = {"signal": STEPS.T, "leads": ["I", "II", "V1"], "sampling_rate": 250, "units": "uV"}
    for age, at, known in ((-1, "Jane Doe", (None, None)), (121, "2024-13-01", (None, None)),
                           (np.nan, "2024-05-01T09:30:00", (None, "2024-05-01T09:30:00"))):  # fmt: skip
        np.savez(tmp_path / "a.npz", **usual, age=age, recorded_at=at)
        record = read_record(tmp_path / "a.npz")
        assert (record.age, record.recorded_at) == known


def test_an_error_does_not_repeat_the_file(tmp_path):
    np.savez(tmp_path / "a.npz", signal=STEPS.T, leads=["I", "II", "V1"], sampling_rate=250, units="uV")
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(content[:26] + b"\xff\x0f" + content[28:])  # a member name of 4095 bytes
    assert len(refused(tmp_path / "a.npz")) < 300


def test_npz_without_units_and_with_a_pickle_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", signal=STEPS.T, leads=["I", "II", "V1"], sampling_rate=250)
    assert "--units" in refused(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", signal=np.array([{"a": 1}], dtype=object))
    assert "plain arrays" in refused(tmp_path / "b.npz")
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.writestr("letter.txt", "hello")
    assert "no array 'signal'" in refused(tmp_path / "c.npz")


@pytest.mark.parametrize(
    ("arrays", "member"),
    [({"signal": np.zeros((12, 12_000_000), np.int8)}, "signal"), ({"leads": np.full(300_000, "I")}, "leads")],
)
def test_an_npz_that_unpacks_to_far_more_than_it_holds_is_refused(tmp_path, arrays, member):
    usual = {"signal": STEPS.T, "leads": ["I", "II", "V1"], "sampling_rate": 250, "units": "uV"}
    np.savez_compressed(tmp_path / "a.npz", **(usual | arrays))
    assert f"{member}.npy would unpack to" in refused(tmp_path / "a.npz")


def test_an_npz_that_lies_about_its_packed_size_is_refused(tmp_path):
    signal = np.zeros((12, 12_000_000), np.int8)
    np.savez_compressed(tmp_path / "a.npz", signal=signal, leads=["I"] * 12, sampling_rate=250, units="uV")
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive:
        archive.writestr("more", bytes(2**19))  # what is read ahead must be there
    content = bytearray((tmp_path / "a.npz").read_bytes())
    entry = content.index(b"PK\x01\x02")  # of the list at the end, whose first member is the signal
    content[entry + 20 : entry + 24] = (2**31).to_bytes(4, "little")
    (tmp_path / "a.npz").write_bytes(content)
    assert "signal.npy would unpack to" in refused(tmp_path / "a.npz")


# MATLAB


def test_a_matlab_file_that_unpacks_to_far_more_than_it_holds_is_refused(tmp_path):
    savemat(tmp_path / "a.mat", {"val": np.zeros((12, 12_000_000), np.int8)}, do_compression=True)
    assert "unpacks to more" in refused(tmp_path / "a.mat", sampling_rate=500, units="mV", leads=STANDARD_LEADS)


def test_a_bare_val_needs_everything_declared(tmp_path):
    savemat(tmp_path / "a.mat", {"val": STEPS.T})
    message = refused(tmp_path / "a.mat")
    assert all(way in message for way in ("--sampling-rate", "--units", "--leads"))
    record = read_record(tmp_path / "a.mat", sampling_rate=300, microvolts_per_step=1, leads=["I", "II", "V1"])
    np.testing.assert_allclose(record.signal, STEPS.T / 1000.0, atol=1e-6)


def test_the_cpsc2018_struct_is_known(tmp_path):
    signal = np.tile(STEPS[:, :1].T / 1000.0, (12, 1))
    savemat(tmp_path / "a.mat", {"ECG": {"sex": "Female", "age": 48, "data": signal}})
    record = read_record(tmp_path / "a.mat")
    assert (record.leads, record.sampling_rate) == (STANDARD_LEADS, 500.0)
    assert (record.age, record.sex) == (48.0, "female") and any("CPSC2018" in note for note in record.notes)


def test_unknown_matlab_contents_are_refused(tmp_path):
    savemat(tmp_path / "a.mat", {"ecg": STEPS})
    assert "ecg" in refused(tmp_path / "a.mat")
    (tmp_path / "b.mat").write_bytes(b"MATLAB 7.3 MAT-file" + b" " * 600)
    assert "-v7" in refused(tmp_path / "b.mat")
    (tmp_path / "c.mat").write_bytes(b"\1\2\3\4" * 100)
    assert "MATLAB" in refused(tmp_path / "c.mat")


def test_matlab_variables_are_read_as_scipy_reads_them(tmp_path):
    values = {
        "val": STEPS.T, "feats": STEPS.T.astype("f4"), "small": np.array([[1, 200, 3]]), "flag": np.array([[True]]),
        "ECG": {"sex": "Male", "age": 52, "data": STEPS.T / 1000.0}, "empty": np.empty((0, 0)),
    }  # fmt: skip
    for compressed in (False, True):
        savemat(tmp_path / "five.mat", values, do_compression=compressed)
        ours, theirs = read_variables(tmp_path / "five.mat", list(values)), loadmat(tmp_path / "five.mat")
        for name in ("val", "feats", "small", "flag", "empty"):
            np.testing.assert_array_equal(ours[name], theirs[name])
        np.testing.assert_array_equal(ours["ECG"]["data"], theirs["ECG"]["data"][0, 0])
        assert (ours["ECG"]["sex"], ours["ECG"]["age"].item()) == ("Male", 52)
    savemat(tmp_path / "four.mat", {"val": STEPS.T}, format="4")
    np.testing.assert_array_equal(read_variables(tmp_path / "four.mat", ["val"])["val"], STEPS.T)


def test_damaged_files_are_refused_and_never_crash(tmp_path):
    savemat(tmp_path / "v5.mat", {"val": STEPS.T}, do_compression=True)
    savemat(tmp_path / "v4.mat", {"val": STEPS.T}, format="4")
    savemat(tmp_path / "st.mat", {"ECG": {"sex": "Male", "age": 52, "data": np.ones((12, 9))}})
    np.savez_compressed(tmp_path / "a.npz", signal=STEPS.T, leads=["I", "II", "V1"], sampling_rate=250, units="uV")
    write_wfdb(tmp_path, header())
    missing = {"sampling_rate": 250, "units": "uV", "leads": "abc"}
    declared = {"a.npz": {}, "rec.hea": {}, "st.mat": {}}
    random = np.random.default_rng(0)
    for name in ("v5.mat", "v4.mat", "st.mat", "a.npz", "rec.hea"):
        content = np.frombuffer((tmp_path / name).read_bytes(), dtype=np.uint8)
        for _ in range(150):
            damaged = content.copy()[: random.integers(1, len(content) + 1) if random.random() < 0.3 else None]
            damaged[random.integers(0, len(damaged), 3)] = random.integers(0, 256, 3)
            (tmp_path / name).write_bytes(damaged.tobytes())
            try:
                read_record(tmp_path / name, **declared.get(name, missing))
            except RecordError as error:
                assert "\n" not in str(error)


def test_an_array_that_declares_more_than_is_stored_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", signal=STEPS.T, leads=["I", "II", "V1"], sampling_rate=250, units="uV")
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["signal.npy"] = members["signal.npy"].replace(b"(3, 500), }      ", b"(3, 500000000), }")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert "more than is stored" in refused(tmp_path / "b.npz")


# Anything else


@pytest.mark.parametrize(
    ("error", "words"), [(MemoryError(), "does not fit"), (OSError(5, "Input/output error"), "Input/output error")]
)
def test_what_the_computer_cannot_do_is_told_in_a_sentence(tmp_path, monkeypatch, error, words):
    def fail(*args, **options):
        raise error

    np.savez(tmp_path / "a.npz", signal=STEPS.T, leads=["I", "II", "V1"], sampling_rate=250, units="uV")
    monkeypatch.setattr("anyecg.readers.npz.finish", fail)
    assert words in refused(tmp_path / "a.npz")


def test_what_is_no_ecg_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear colleague")
    (tmp_path / "empty.dat").touch()
    (tmp_path / "empty.bin").touch()
    assert "WFDB" in refused(tmp_path / "letter.txt")
    assert "header" in refused(tmp_path / "empty.dat")
    assert "empty" in refused(tmp_path / "empty.bin")
    assert "folder" in refused(tmp_path)
    assert "does not exist" in refused(tmp_path / "missing.hea")
