"""Uploaded files come together, are read, and leave nothing behind; what is missing is named and waited for."""

import shutil

import numpy as np
import pytest
import wfdb

from app.uploads import Uploads, safe_name


@pytest.fixture
def uploads(tmp_path):
    folder = Uploads(tmp_path)
    yield folder
    folder.close()


def write_wfdb(folder, name, n_leads=2, value=0.5):
    """Write a short WFDB record; returns the paths of its header and its signal file."""
    folder.mkdir(parents=True, exist_ok=True)
    signal = np.tile(np.sin(np.arange(500) / 20)[:, None] * value, (1, n_leads))
    leads = ["I", "II", "V1"][:n_leads]
    wfdb.wrsamp(name, 100, ["mV"] * n_leads, leads, p_signal=signal, fmt=["16"] * n_leads, write_dir=str(folder))
    return folder / f"{name}.hea", folder / f"{name}.dat"


def test_header_and_signal_file_from_different_folders_become_one_record(uploads, tmp_path):
    header, signal = write_wfdb(tmp_path / "one", "r1")
    elsewhere = tmp_path / "two" / "r1.dat"
    elsewhere.parent.mkdir()
    signal.rename(elsewhere)
    assert uploads.add([header, elsewhere]) == []
    records, problems = uploads.read()
    assert problems == []
    assert [(r.name, r.leads, r.sampling_rate) for r in records] == [("r1", ("I", "II"), 100.0)]


def test_uploads_are_moved_and_deleted_once_read(uploads, tmp_path):
    header, signal = write_wfdb(tmp_path / "in", "r1")
    uploads.add([header, signal])
    assert not header.exists() and not signal.exists()
    assert uploads.waiting == ["r1.dat", "r1.hea"]
    uploads.read()
    assert uploads.waiting == []


def test_a_missing_signal_file_is_named_and_the_header_waits_for_it(uploads, tmp_path):
    header, signal = write_wfdb(tmp_path / "in", "r1")
    uploads.add([header])
    assert uploads.read() == ([], ["r1.hea needs r1.dat; upload that too, r1.hea is kept till then."])
    uploads.add([signal])
    records, problems = uploads.read()
    assert [record.name for record in records] == ["r1"] and problems == []


def test_a_signal_file_alone_asks_for_its_header(uploads, tmp_path):
    header, signal = write_wfdb(tmp_path / "in", "r1")
    uploads.add([signal])
    assert "needs its header r1.hea" in uploads.read()[1][0]
    uploads.add([header])
    assert len(uploads.read()[0]) == 1


def test_several_records_at_once_keep_apart(uploads, tmp_path):
    paths = [*write_wfdb(tmp_path / "in", "a", 2), *write_wfdb(tmp_path / "in", "b", 3)]
    uploads.add(paths[::-1])
    records, problems = uploads.read()
    assert [(r.name, len(r.leads)) for r in records] == [("a", 2), ("b", 3)] and problems == []


def test_a_record_of_several_segments_is_one_record(uploads, tmp_path):
    paths = [*write_wfdb(tmp_path / "in", "s1"), *write_wfdb(tmp_path / "in", "s2")]
    master = tmp_path / "in" / "whole.hea"
    master.write_text("whole/2 2 100 1000\ns1 500\ns2 500\n")
    uploads.add([master, *paths[:2]])
    records, problems = uploads.read()
    assert records == [] and "whole.hea needs s2.hea" in problems[0]
    uploads.add(paths[2:])
    records, problems = uploads.read()
    assert [(r.name, r.duration_s) for r in records] == [("whole", 10.0)] and problems == []
    assert uploads.waiting == []


def test_an_annotation_file_beside_a_record_does_not_make_a_second_one(uploads, tmp_path):
    header, signal = write_wfdb(tmp_path / "in", "r1")
    notes = tmp_path / "in" / "r1.atr"
    notes.write_bytes(b"\x00\x04\x00\x00")
    uploads.add([notes, header, signal])
    records, problems = uploads.read()
    assert len(records) == 1 and problems == [] and uploads.waiting == []


def test_a_file_beside_a_recording_of_another_format_is_not_taken_for_one(uploads, tmp_path):
    table, notes = tmp_path / "h1.csv", tmp_path / "h1.ann"
    table.write_text("I\n" + "0.1\n0.2\n" * 200)
    notes.write_bytes(b"ANN  1.0")
    uploads.add([notes, table])
    records, problems = uploads.read({"sampling_rate": 100.0, "units": "mV"})
    assert len(records) == 1 and problems == [] and uploads.waiting == []


def test_what_is_too_short_for_any_answer_is_refused_when_it_comes(uploads, tmp_path):
    table = tmp_path / "blink.csv"
    table.write_text("I\n" + "0.1\n0.2\n" * 20)
    uploads.add([table])
    records, problems = uploads.read({"sampling_rate": 100.0, "units": "mV"})
    assert records == [] and problems == ["blink.csv lasts 0.4 s; at least 1 s are needed."]
    assert uploads.waiting == []


def test_leads_can_be_declared_for_a_file_that_is_read_but_does_not_name_them(uploads, shared_data, tmp_path):
    edf = shared_data("interchange") / "wfdb-edf" / "test_generator_2.edf"
    for declared, leads in (({}, ("ECG",)), ({"leads": ("II",)}, ("II",)), ({"leads": ("I", "II")}, ("ECG",))):
        shutil.copy(edf, tmp_path / "a.edf")
        uploads.add([tmp_path / "a.edf"])
        assert [record.leads for record in uploads.read(declared)[0]] == [leads]


def test_a_file_without_rate_waits_for_the_declaration(uploads, tmp_path):
    table = tmp_path / "holter.csv"
    table.write_text("I,II\n" + "\n".join(f"{np.sin(k / 9):.3f},0.1" for k in range(300)))
    uploads.add([table])
    records, problems = uploads.read()
    assert records == [] and "sampling rate" in problems[0]
    assert uploads.read() == ([], []), "the same sentence is not told twice"
    records, problems = uploads.read({"sampling_rate": 100.0, "units": "mV"})
    assert problems == [] and records[0].sampling_rate == 100.0


def test_a_header_that_waits_does_not_stop_another_file_whose_rate_is_declared(uploads, tmp_path):
    table = tmp_path / "norate.csv"
    table.write_text("I\n" + "0.1\n0.2\n" * 200)
    uploads.add([write_wfdb(tmp_path / "in", "r1")[0], table])
    assert len(uploads.read()[1]) == 2
    records, problems = uploads.read({"sampling_rate": 100.0, "units": "mV"})
    assert len(records) == 1 and problems == [] and uploads.waiting == ["r1.hea"]


def test_a_declaration_does_not_touch_a_file_that_states_its_rate(uploads, tmp_path):
    uploads.add(write_wfdb(tmp_path / "in", "r1"))
    records, problems = uploads.read({"sampling_rate": 500.0, "units": "uV"})
    assert problems == [] and records[0].sampling_rate == 100.0


def test_one_unreadable_file_does_not_hinder_the_others(uploads, tmp_path):
    text = tmp_path / "letter.txt"
    text.write_text("Dear colleague")
    uploads.add([text, *write_wfdb(tmp_path / "in", "r1")])
    records, problems = uploads.read()
    assert [record.name for record in records] == ["r1"]
    assert len(problems) == 1 and "letter.txt" in problems[0]


def test_limits_are_told_in_a_sentence(tmp_path):
    uploads = Uploads(tmp_path, max_file_mb=0.001)
    empty, large = tmp_path / "empty.csv", tmp_path / "large.csv"
    empty.write_bytes(b"")
    large.write_bytes(b"x" * 2000)
    problems = uploads.add([empty, large, tmp_path / "gone.csv"])
    assert "empty.csv is empty" in problems[0]
    assert "large.csv has" in problems[1] and "at most" in problems[1]
    assert "gone.csv did not arrive" in problems[2]
    assert uploads.waiting == [] and not large.exists()


def test_the_number_of_waiting_files_is_limited(uploads, tmp_path, monkeypatch):
    monkeypatch.setattr("app.uploads.MAX_FILES", 1)
    header, signal = write_wfdb(tmp_path / "in", "r1")
    assert "at most 1 files" in uploads.add([header, signal])[0]


@pytest.mark.parametrize(
    ("name", "hint"), [("scan.PNG", "digital recording"), ("ecg.pdf", "digital"), ("a.zip", "unpack")]
)
def test_what_is_no_recording_is_refused_with_the_way_out(uploads, tmp_path, name, hint):
    file = tmp_path / name
    file.write_bytes(b"PK\x03\x04 or anything else")
    assert hint in uploads.add([file])[0]
    assert uploads.waiting == [] and not file.exists()


def test_a_file_that_nothing_can_mend_does_not_wait_and_not_come_up_again(uploads, tmp_path):
    letter, table = tmp_path / "letter.txt", tmp_path / "norate.csv"
    letter.write_text("Dear colleague")
    table.write_text("I\n" + "0.1\n0.2\n" * 200)
    uploads.add([letter, table])
    assert len(uploads.read()[1]) == 2
    assert uploads.waiting == ["norate.csv"], "its rate can still be declared"
    records, problems = uploads.read({"sampling_rate": 100.0, "units": "mV"})
    assert len(records) == 1 and problems == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\100.HEA", "100.hea"),
        ("a<b>|c\n.csv", "a_b__c_.csv"),
        ("..", "file"),
        (".hidden", "hidden"),
        ("x" * 300 + ".dat", "x" * 100 + ".dat"),
        ("Müller 1.csv", "Müller 1.csv"),
    ],
)
def test_file_names_are_made_safe(name, safe):
    assert safe_name(name) == safe


def test_a_header_cannot_reach_outside_the_folder(uploads, tmp_path):
    (tmp_path / "secret.dat").write_bytes(bytes(1000))
    header = tmp_path / "evil.hea"
    header.write_text("evil 1 100 500\n../secret.dat 16 200(0)/mV 16 0 0 0 0 I\n")
    uploads.add([header])
    records, problems = uploads.read()
    assert records == [] and len(problems) == 1


def test_two_visitors_have_folders_of_their_own_that_others_cannot_open(tmp_path):
    one, other = Uploads(tmp_path), Uploads(tmp_path)
    one.add(write_wfdb(tmp_path / "in", "r1"))
    assert other.waiting == [] and other.read() == ([], [])
    assert one.folder.stat().st_mode & 0o077 == 0
    one.close()
    assert not one.folder.exists()
