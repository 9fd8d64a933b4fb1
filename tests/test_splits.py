"""Splits are by patient, decided once, and never changed silently."""

import json

import pytest

from data_builders.sources import Entry
from data_builders.sources.ludb import plan as plan_ludb
from data_builders.sources.mitdb import DS1, DS2, PACED, VALID
from data_builders.sources.mitdb import plan as plan_mitdb
from data_builders.splits import SplitError, settle_splits, split_of_patients


def entry(number, patient, split):
    return Entry(f"db/{number}", f"db/{patient}", split)


def touch(folder, *names):
    for name in names:
        (folder / name).touch()


def test_all_records_of_a_patient_share_a_split():
    entries = [entry(1, "a", "train"), entry(2, "a", "train"), entry(3, "b", "test")]
    assert split_of_patients(entries) == {"db/a": "train", "db/b": "test"}


def test_a_patient_in_two_splits_is_refused_by_name():
    with pytest.raises(SplitError, match=r"patient db/a would sit in two splits: train and test \(by db/2\)"):
        split_of_patients([entry(1, "a", "train"), entry(2, "a", "test")])


def test_an_unknown_split_is_refused():
    with pytest.raises(SplitError, match="'dev'; allowed are train, valid, test"):
        split_of_patients([entry(1, "a", "dev")])


def test_splits_are_stored_and_extended(tmp_path):
    path = tmp_path / "splits.json"
    settle_splits(path, {"db/a": "train"})
    settle_splits(path, {"db/b": "test"})
    assert json.loads(path.read_text()) == {"db/a": "train", "db/b": "test"}


def test_a_stored_patient_cannot_move(tmp_path):
    path = tmp_path / "splits.json"
    settle_splits(path, {"db/a": "train"})
    with pytest.raises(SplitError, match=r"patient db/a is in split train .* would now be in test"):
        settle_splits(path, {"db/a": "test"})
    assert json.loads(path.read_text()) == {"db/a": "train"}


def test_the_aami_division_is_kept():
    assert len(DS1) == len(DS2) == 22
    assert set(VALID) < set(DS1)
    assert not set(DS1) & set(DS2) and not (set(DS1) | set(DS2)) & set(PACED)


def test_mitdb_keeps_paced_records_and_the_shared_patient_out(tmp_path):
    for name in ("101", "114", "100", "102", "201", "202"):
        touch(tmp_path, f"{name}.hea", f"{name}.atr")
    plan = plan_mitdb(tmp_path)
    assert {e.record_id: e.split for e in plan.entries} == {
        "mitdb/100": "test",
        "mitdb/101": "train",
        "mitdb/114": "valid",
        "mitdb/201": "train",
    }
    assert "paced" in plan.left_out["mitdb/102"]
    assert "same patient as 201" in plan.left_out["mitdb/202"]


def test_a_ludb_record_keeps_its_split_whatever_else_is_there(tmp_path):
    few, many = tmp_path / "few", tmp_path / "many"
    for folder, numbers in ((few, range(1, 30)), (many, range(1, 201))):
        folder.mkdir()
        for n in numbers:
            touch(folder, f"{n}.hea", f"{n}.ii")
    some = {e.record_id: e.split for e in plan_ludb(few).entries}
    every = {e.record_id: e.split for e in plan_ludb(many).entries}
    assert some.items() <= every.items()
    assert sorted(every.values()).count("test") == 40


def test_ptb_xl_folds_share_no_patient(shared_data):
    from data_builders.sources.ptbxl import _read_database

    rows = _read_database(shared_data("ptb-xl") / "ptbxl_database.csv").values()
    folds = {}
    for row in rows:
        folds.setdefault(row["patient"], set()).add(row["fold"])
    assert all(len(of_patient) == 1 for of_patient in folds.values())
