"""Each source reads its database's official layout: small files written here, real excerpts where there are some."""

import csv
import shutil

import numpy as np
import pytest
import wfdb

from data_builders.sources import CATALOGUE, SourceError, module_of
from data_builders.sources.code15 import without_zeros
from data_builders.sources.mimic import read_report
from data_builders.sources.ptbdb import read_header
from data_builders.sources.qtdb import origin
from data_builders.sources.snomed import CPSC2018, TO_CLASS, TO_STATEMENT, labels_of_codes
from data_builders.splits import split_by_hash, split_of_patients

TWELVE = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def write_wfdb(folder, name, seconds=10, rate=250, leads=("ECG1", "ECG2"), comments=()):
    folder.mkdir(parents=True, exist_ok=True)
    t = np.arange(int(seconds * rate)) / rate
    signal = np.stack([np.sin(2 * np.pi * (1 + k / 10) * t) for k in range(len(leads))], axis=1)
    wfdb.wrsamp(
        name, rate, ["mV"] * len(leads), list(leads), signal, fmt=["16"] * len(leads), write_dir=str(folder),
        comments=list(comments),
    )  # fmt: skip
    return folder / name


def annotate(path, times_s, symbols, notes=None, extension="atr"):
    header = wfdb.rdheader(str(path))
    samples = np.round(np.array(times_s) * header.fs).astype(int)
    notes = notes or [""] * len(samples)
    wfdb.wrann(path.name, "atr", samples, list(symbols), aux_note=notes, write_dir=str(path.parent))
    path.with_suffix(".atr").rename(path.with_suffix(f".{extension}"))  # wrann knows no digits in an extension


def only(source, folder):
    module = module_of(source)
    (labelled,) = module.load(module.plan(folder).entries)
    return labelled


def test_every_database_of_the_catalogue_has_a_reader_terms_and_an_address():
    assert len(CATALOGUE) >= 18
    for name, database in CATALOGUE.items():
        module = module_of(name)
        assert callable(module.plan) and callable(module.load), name
        assert database.title and database.licence and database.signals and database.truth and database.splits, name
        assert database.download or database.home or name == "simulated", name


@pytest.mark.parametrize("source", [name for name in CATALOGUE if name != "simulated"])
def test_an_empty_directory_is_refused_in_one_sentence(source, tmp_path):
    with pytest.raises(SourceError) as error:
        module_of(source).plan(tmp_path)
    assert str(tmp_path) in str(error.value) or "holds" in str(error.value)
    with pytest.raises(SourceError, match="say which one with --directory"):
        module_of(source).plan(None)


def test_beats_and_episodes_of_a_holter_become_events(tmp_path):
    path = write_wfdb(tmp_path, "00", seconds=60, rate=128)
    annotate(path, [1, 5, 6, 7, 40], ["+", "N", "V", "A", "+"], ["(AFIB", "", "", "", "(N"])
    labelled = only("ltafdb", tmp_path)
    kinds = [event["kind"] for event in labelled.events]
    assert kinds == [
        "atrial fibrillation", "normal beat", "premature ventricular contraction", "premature atrial contraction"
    ]  # fmt: skip
    assert (labelled.events[0]["start_s"], labelled.events[0]["end_s"]) == (1.0, 40.0)
    assert "atrial flutter" not in labelled.known_events


def test_a_long_recording_is_cut_into_half_hours_of_one_patient(tmp_path):
    path = write_wfdb(tmp_path, "04015", seconds=4000, rate=25, leads=("ECG1",))
    annotate(path, [100, 1700, 1900], ["+", "+", "+"], ["(AFIB", "(N", "(AFIB"])
    plan = module_of("afdb").plan(tmp_path)
    assert [entry.record_id for entry in plan.entries] == ["afdb/04015-00", "afdb/04015-01", "afdb/04015-02"]
    assert len({(entry.patient_id, entry.split) for entry in plan.entries}) == 1
    pieces = list(module_of("afdb").load(plan.entries))
    assert [round(piece.record.duration_s) for piece in pieces] == [1800, 1800, 400]
    assert [(e["start_s"], e["end_s"]) for e in pieces[0].events] == [(100, 1700)]
    assert [(e["start_s"], e["end_s"]) for e in pieces[1].events] == [(100, 1800)]
    assert [(e["start_s"], e["end_s"]) for e in pieces[2].events] == [(0, 400)]


def test_incart_patients_come_from_the_header(tmp_path):
    for name, patient in (("I01", 1), ("I02", 1), ("I03", 2)):
        annotate(write_wfdb(tmp_path, name, comments=[f"patient {patient}"]), [1.0], ["N"])
    annotate(write_wfdb(tmp_path, "I04"), [1.0], ["N"])
    plan = module_of("incartdb").plan(tmp_path)
    assert [entry.patient_id for entry in plan.entries] == ["incartdb/1", "incartdb/1", "incartdb/2"]
    assert plan.left_out == {"incartdb/I04": "its header names no patient"}


@pytest.mark.parametrize("source", ["edb", "stdb"])
def test_a_database_without_named_patients_only_trains(source, tmp_path):
    for k in range(12):
        annotate(write_wfdb(tmp_path, f"e{k:04d}", seconds=2), [1.0], ["N"])
    assert {entry.split for entry in module_of(source).plan(tmp_path).entries} == {"train"}


def test_waves_of_the_qt_database_keep_the_split_of_their_origin(tmp_path):
    path = write_wfdb(tmp_path, "sel103", seconds=30)
    times = [10.0, 10.05, 10.1, 10.16, 10.2, 10.25, 10.5, 10.55]
    annotate(path, times, ["(", "p", ")", "(", "N", ")", "t", ")"], extension="q1c")
    labelled = only("qtdb", tmp_path)
    assert (labelled.entry.patient_id, labelled.entry.split) == ("mitdb/103", "test")
    assert [(e["kind"], e["start_s"]) for e in labelled.events] == [("P wave", 0.048), ("QRS complex", 0.208)]
    assert "T wave" not in labelled.known_events  # its onset is not marked
    assert origin("sel102") == ("mitdb/102", None)
    assert origin("sele0104") == ("edb/e0104", "train")
    assert origin("sel808")[0] == "svdb/808"
    assert origin("sel30")[0] == "qtdb/sel30"


def test_snomed_codes_become_statements_and_unmapped_ones_are_listed(tmp_path):
    comments = ["Age: 61", "Sex: Female", "Dx: 164889003,59118001,39732003"]
    write_wfdb(tmp_path / "g1", "E00001", leads=TWELVE, comments=comments)
    labelled = only("georgia", tmp_path)
    assert labelled.findings[:2] == ("CRBBB", "AFIB") and "super:CD" in labelled.findings
    assert labelled.known == ("rhythm",)
    assert labelled.events[0]["kind"] == "atrial fibrillation"
    assert labelled.note == "not mapped to statements: 39732003"
    assert (labelled.record.age, labelled.record.sex) == (61, "female")


def test_maps_lead_only_to_statements_and_classes_that_exist():
    from anyecg.findings import CODES, HEAD_LABELS

    assert set(TO_STATEMENT.values()) | set(CPSC2018.values()) <= set(CODES)
    assert set(TO_CLASS.values()) <= set(HEAD_LABELS)
    assert not set(TO_STATEMENT) & set(TO_CLASS)
    assert labels_of_codes(["426627000"]) == ((), (), ["426627000"])  # "bradycardia" of no named kind


def test_records_that_live_in_other_databases_are_left_out_of_the_challenge(tmp_path):
    for name in ("E00001", "HR00001", "S0001", "I0001"):
        write_wfdb(tmp_path, name, seconds=2, leads=TWELVE, comments=["Dx: 426783006"])
    plan = module_of("georgia").plan(tmp_path)
    assert [entry.record_id for entry in plan.entries] == ["georgia/E00001"]
    assert "source ptb-xl" in plan.left_out["georgia/HR00001"]
    assert "source ptbdb" in plan.left_out["georgia/S0001"]
    assert "source incartdb" in plan.left_out["georgia/I0001"]


def test_chapman_and_ningbo_records_are_told_apart_by_number(tmp_path):
    for name in ("JS00001", "JS10646", "JS10647", "JS45551"):
        write_wfdb(tmp_path, name, seconds=1, leads=TWELVE, comments=["Dx: 426177001"])
    chapman = [entry.record_id for entry in module_of("chapman-shaoxing").plan(tmp_path).entries]
    ningbo = [entry.record_id for entry in module_of("ningbo").plan(tmp_path).entries]
    assert chapman == ["chapman-shaoxing/JS00001", "chapman-shaoxing/JS10646"]
    assert ningbo == ["ningbo/JS10647", "ningbo/JS45551"]


def test_cpsc2018_classes_come_from_the_reference(tmp_path):
    scipy_io = pytest.importorskip("scipy.io")
    ecg = {"sex": "Female", "age": 70.0, "data": np.random.default_rng(0).normal(0, 0.1, (12, 3000))}
    scipy_io.savemat(tmp_path / "A0001.mat", {"ECG": ecg})
    (tmp_path / "REFERENCE.csv").write_text("Recording,First_label,Second_label,Third_label\nA0001,2,5,\nA0002,1,,\n")
    labelled = only("cpsc2018", tmp_path)
    assert labelled.findings[:2] == ("CRBBB", "AFIB")
    assert labelled.record.sampling_rate == 500 and labelled.record.sex == "female"
    assert module_of("cpsc2018").plan(tmp_path).left_out == {"cpsc2018/A0002": "its .mat file is not in the directory"}
    (tmp_path / "REFERENCE.csv").write_text("Recording,First_label\nA0001,12\n")
    with pytest.raises(SourceError, match="class '12'; there are 1 to 9"):
        module_of("cpsc2018").plan(tmp_path)


def test_cinc2017_records_are_lead_i_with_one_class(tmp_path):
    labels = {"A00001": "N", "A00002": "A", "A00003": "O", "A00004": "~"}
    for name in labels:
        write_wfdb(tmp_path / "training2017", name, seconds=12, rate=300, leads=("ECG",))
    (tmp_path / "REFERENCE.csv").write_text("".join(f"{k},{v}\n" for k, v in labels.items()))
    module = module_of("cinc2017")
    of = {item.entry.record_id[-1]: item for item in module.load(module.plan(tmp_path).entries)}
    assert of["1"].findings == ("SR",) and of["1"].known_events == ("atrial fibrillation",)
    assert of["2"].findings == ("AFIB",) and of["2"].events[0]["end_s"] == 12
    assert of["3"].findings == () and of["3"].known == () and "neither" in of["3"].note
    assert of["4"].events[0]["kind"] == "noise"
    assert of["1"].record.leads == ("I",)


def test_the_ptb_header_names_reason_and_place():
    text = (
        "# Reason for admission: Myocardial infarction\n"
        "# Acute infarction (localization): antero-septal\n"
        "# Former infarction (localization): somewhere\n"
    )
    findings, unmapped = read_header(text)
    assert findings == ("ASMI", "super:MI", "sub:AMI")
    assert unmapped == ["Former infarction (localization): somewhere"]
    assert read_header("# Reason for admission: Healthy control\n")[0][0] == "NORM"
    assert read_header("# Reason for admission: Bundle branch block\n") == ((), ["bundle branch block"])


def test_ptb_folders_are_the_patients(tmp_path):
    for patient, name in (("patient001", "s0010_re"), ("patient001", "s0014lre"), ("patient002", "s0015lre")):
        write_wfdb(tmp_path / patient, name, seconds=2, rate=1000, leads=[*TWELVE, "vx", "vy", "vz"])
    entries = module_of("ptbdb").plan(tmp_path).entries
    assert [entry.patient_id for entry in entries] == ["ptbdb/patient001", "ptbdb/patient001", "ptbdb/patient002"]
    assert len(split_of_patients(entries)) == 2


def test_code15_reads_hdf5_and_cuts_the_filling_zeros(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    signal = np.zeros((2, 4096, 12), np.float32)
    signal[1, 648:3448] = np.random.default_rng(0).normal(0, 0.2, (2800, 12))
    with h5py.File(tmp_path / "exams_part0.hdf5", "w") as file:
        file["exam_id"], file["tracings"] = np.array([7, 8]), signal
    columns = ["exam_id", "age", "is_male", "1dAVb", "RBBB", "LBBB", "SB", "ST", "AF", "patient_id", "normal_ecg"]
    rows = [[8, 50, "True", "False", "True", "False", "False", "True", "False", 3, "False"]]
    with (tmp_path / "exams.csv").open("w", newline="") as file:
        csv.writer(file).writerows([[*columns, "trace_file"], *[[*row, "exams_part0.hdf5"] for row in rows]])
    labelled = only("code-15", tmp_path)
    assert labelled.record.duration_s == pytest.approx(7.0)
    assert (labelled.record.sex, labelled.record.age) == ("male", 50)
    assert labelled.findings[:2] == ("CRBBB", "STACH") and labelled.known == ("rhythm",)
    np.testing.assert_allclose(labelled.record.signal, signal[1, 648:3448].T)


def test_a_recording_of_zeros_is_refused():
    with pytest.raises(ValueError, match="code-15/1 holds only zeros"):
        without_zeros(np.zeros((12, 100)), "code-15/1")


def test_mimic_reports_become_statements_and_unread_lines_are_listed(tmp_path):
    write_wfdb(tmp_path / "files" / "p1000" / "p10000032" / "s40689238", "40689238", leads=TWELVE, rate=500)
    (tmp_path / "record_list.csv").write_text(
        "subject_id,study_id,file_name,ecg_time,path\n"
        "10000032,40689238,40689238,2180-07-23 08:44:00,files/p1000/p10000032/s40689238/40689238\n"
        "10000032,44458630,44458630,2180-07-23 09:54:00,files/p1000/p10000032/s44458630/44458630\n"
    )
    (tmp_path / "machine_measurements.csv").write_text(
        "subject_id,study_id,cart_id,report_0,report_1,report_2,rr_interval\n"
        "10000032,44458630,1,Sinus rhythm,,,800\n10000032,40689238,1,Atrial fibrillation,"
        '"Possible inferior infarct, age undetermined",Artifact present,800\n'
    )
    labelled = only("mimic-iv-ecg", tmp_path)
    assert labelled.findings == ("AFIB",)
    assert labelled.note.startswith("not mapped to statements: Possible inferior infarct")
    assert "Artifact present" in labelled.note
    assert labelled.record.recorded_at == "2180-07-23T08:44:00"
    assert list(module_of("mimic-iv-ecg").plan(tmp_path).left_out) == ["mimic-iv-ecg/44458630"]
    assert read_report(["Sinus tachycardia", "No significant change"]) == (("STACH",), ["No significant change"])


def test_the_split_of_a_patient_depends_on_the_id_alone():
    splits = [split_by_hash(f"georgia/E{k:05d}") for k in range(5000)]
    assert splits == [split_by_hash(f"georgia/E{k:05d}") for k in range(5000)]
    shares = {name: splits.count(name) / 5000 for name in ("train", "valid", "test")}
    assert shares["train"] == pytest.approx(0.8, abs=0.03) and shares["test"] == pytest.approx(0.1, abs=0.02)


def test_real_holter_excerpts_are_read(shared_data):
    labelled = only("svdb", shared_data("svdb"))
    kinds = [event["kind"] for event in labelled.events]
    assert kinds.count("premature atrial contraction") == 30 and kinds.count("normal beat") == 1846
    module = module_of("cpsc2021")
    plan = module.plan(shared_data("cpsc2021"))
    assert {entry.patient_id for entry in plan.entries} == {"cpsc2021/21", "cpsc2021/35", "cpsc2021/101"}
    of = {item.entry.record_id: item for item in module.load(plan.entries)}
    episodes = of["cpsc2021/data_101_6"].events
    assert [event["kind"] for event in episodes] == ["atrial fibrillation"] * 4
    assert not of["cpsc2021/data_21_8"].events


def test_real_challenge_excerpts_are_read(shared_data):
    folder = shared_data("challenge-2021")
    georgia, ningbo = module_of("georgia"), module_of("ningbo")
    first = next(georgia.load(georgia.plan(folder).entries))
    assert first.findings[:2] == ("LAO/LAE", "SBRAD") and first.record.age == 78
    assert len(list(ningbo.load(ningbo.plan(folder).entries))) == 5
    cpsc = module_of("cpsc2018-challenge")
    named = {
        item.entry.record_id: item for item in cpsc.load(cpsc.plan(shared_data("challenge-2020-cpsc2018")).entries)
    }
    assert named["cpsc2018-challenge/A0001"].findings[0] == "CRBBB"


def test_real_cpsc2018_and_ptb_excerpts_are_read(shared_data, tmp_path):
    for path in shared_data("cpsc2018").glob("*.mat"):
        shutil.copy(path, tmp_path)
    (tmp_path / "REFERENCE.csv").write_text("Recording,First_label\nA1980,1\n")
    assert only("cpsc2018", tmp_path).record.leads == tuple(TWELVE)
    patient = tmp_path / "ptb" / "patient001"
    patient.mkdir(parents=True)
    for path in shared_data("ptbdb").glob("s0010_re.*"):
        shutil.copy(path, patient)
    labelled = only("ptbdb", tmp_path / "ptb")
    assert len(labelled.record.leads) == 15 and labelled.findings[0] == "ILMI"
