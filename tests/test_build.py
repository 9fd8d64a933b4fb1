"""The dataset builder: rows from each source, the same bytes for the same seed, and no duplicates after a kill."""

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import wfdb

from anyecg.conversation import EcgRecord, conversation_schema, record_from_row, record_schema, stored_measurements
from anyecg.findings import HEAD_LABELS
from anyecg.leads import STANDARD_LEADS
from anyecg.measure import measure
from data_builders.__main__ import main
from data_builders.build import BuildError, Options, build
from data_builders.shards import read_table
from data_builders.sources import ludb, mitdb, ptbxl

FIELDS = ("ecg_id", "patient_id", "age", "sex", "recording_date", "report", "scp_codes", "strat_fold", "filename_lr")


def simulated(out, **more):
    return Options("simulated", out, **{"count": 12, "measure": False} | more)


def files(out):
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(Path(out).rglob("*")) if path.is_file()}


def rows(out, table="records"):
    return list(read_table(out, table))


@pytest.fixture
def ptb_xl(tmp_path):
    """A PTB-XL directory as published, with four records of three patients and no other table than the database."""
    folder = tmp_path / "ptb-xl"
    stated = (
        (1, 7, "56.0", "1", "{'NORM': 100.0, 'LVOLT': 0.0, 'SR': 0.0}", 3),
        (2, 7, "56.0", "1", "{'IMI': 15.0, 'ABQRS': 0.0, 'AFIB': 0.0}", 3),
        (3, 8, "300.0", "0", "{'CLBBB': 100.0, 'SR': 0.0}", 9),
        (1004, 9, "", "0", "{'PACE': 0.0}", 10),
    )
    rng = np.random.default_rng(0)
    for ecg_id, *_ in stated:
        place = folder / "records100" / f"{ecg_id // 1000 * 1000:05d}"
        place.mkdir(parents=True, exist_ok=True)
        i, ii = rng.normal(0, 0.1, (2, 1000))
        limb = (i, ii, ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2)
        signal = np.stack([*limb, *rng.normal(0, 0.1, (6, 1000))], axis=1)
        wfdb.wrsamp(
            f"{ecg_id:05d}_lr", 100, ["mV"] * 12, list(STANDARD_LEADS), signal,
            fmt=["16"] * 12, adc_gain=[1000.0] * 12, baseline=[0] * 12, write_dir=str(place),
        )  # fmt: skip
    with (folder / "ptbxl_database.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        for ecg_id, patient, age, sex, codes, fold in stated:
            name = f"records100/{ecg_id // 1000 * 1000:05d}/{ecg_id:05d}_lr"
            writer.writerow((ecg_id, f"{patient}.0", age, sex, "1984-11-09 09:17:34", "", codes, fold, name))
    return folder


def test_the_simulator_fills_all_splits_and_tasks(tmp_path):
    summary = build(simulated(tmp_path, count=20))
    assert summary.records == 20 and summary.conversations > 30
    records, conversations = rows(tmp_path), rows(tmp_path, "conversations")
    assert {row["split"] for row in records} == {"train", "valid", "test"}
    assert len({row["record_id"] for row in records}) == 20
    assert {label for row in records for label in row["findings"]} <= set(HEAD_LABELS)
    assert set(records[0]) == set(record_schema().names) and set(conversations[0]) == set(conversation_schema().names)
    split_of = {row["record_id"]: row["split"] for row in records}
    for row in conversations:
        assert {split_of[record_id] for record_id in row["record_ids"]} == {row["split"]}
        assert [turn["role"] for turn in row["turns"]] == ["user", "assistant"] * (len(row["turns"]) // 2)
        assert len(row["provenance"]) == len(row["turns"]) // 2 and all(row["provenance"])
        assert row["turns"][0]["ecgs"] == list(range(len(row["record_ids"])))
        assert isinstance(json.loads(row["gold"]), dict)


def test_measured_numbers_stand_in_the_row_without_the_beats(tmp_path):
    build(simulated(tmp_path, count=3, measure=True))
    measured = json.loads(rows(tmp_path)[0]["measurements"])
    assert measured["heart_rate_bpm"] > 20 and "beats" not in measured
    whole = {row["record_id"]: row["n_samples"] / row["sampling_rate"] for row in rows(tmp_path)}
    for row in rows(tmp_path, "conversations"):
        shown = row["excerpts"][0]["end_s"] - row["excerpts"][0]["start_s"]
        partial = shown < whole[row["record_ids"][0]] - 0.01 or row["leads"][0]
        assert ("measurements" in json.loads(row["gold"])) == bool(partial)


def test_what_is_stored_as_measured_is_what_the_stored_record_measures(tmp_path):
    build(simulated(tmp_path, count=6, measure=True, tasks=()))
    for row in rows(tmp_path):
        again = json.loads(json.dumps(stored_measurements(measure(record_from_row(row)).to_dict())))
        assert json.loads(row["measurements"]) == again


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        build(simulated(tmp_path / name, seed=seed))
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert not {r["record_id"] for r in rows(tmp_path / "a")} & {r["record_id"] for r in rows(tmp_path / "c")}


@pytest.mark.parametrize(("at", "kept"), [(6, 0), (10, 0), (11, 10), (12, 11)])
def test_a_killed_build_goes_on_without_duplicates(tmp_path, at, kept):
    class Killed(RuntimeError):
        pass

    def kill(done, total):
        if done == at:
            raise Killed

    build(simulated(tmp_path / "whole"))
    with pytest.raises(Killed):
        build(simulated(tmp_path / "killed"), kill)
    left = tmp_path / "killed" / "records" / ".simulated-valid-00000.parquet.tmp"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half")
    summary = build(simulated(tmp_path / "killed"))
    assert summary.records_there_already == kept and summary.records == 12 - kept
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


@pytest.mark.parametrize("processes", [1, 2])
def test_progress_is_told_within_a_shard_and_ends_at_the_whole(tmp_path, processes):
    told = []
    build(simulated(tmp_path, count=30, tasks=(), processes=processes), lambda done, total: told.append((done, total)))
    done = [d for d, _ in told]
    assert done[0] == 0 and done[-1] == 30 and done == sorted(done) and {total for _, total in told} == {30}
    if processes == 1:
        assert [d for d in done if 0 < d <= 24] == [6, 12, 18, 24]  # the first shard has 24 records


def test_another_build_into_the_same_place_is_refused(tmp_path):
    build(simulated(tmp_path, count=3))
    with pytest.raises(BuildError, match=r"seed was 0, now 5.*choose another --out"):
        build(simulated(tmp_path, count=3, seed=5))


def test_tasks_none_builds_records_only(tmp_path):
    summary = build(simulated(tmp_path, count=3, tasks=()))
    assert summary.conversations == 0 and not (tmp_path / "conversations").exists()


def test_the_card_counts_records_tasks_and_findings(tmp_path):
    build(simulated(tmp_path, count=20))
    card = (tmp_path / "README.md").read_text()
    assert "| simulated | train | 16 | 14 | " in card
    assert "| simulated | report |" in card and "SR (sinus rhythm)" in card
    found = [row["findings"] for row in rows(tmp_path)]
    talks = rows(tmp_path, "conversations")
    described = json.loads((tmp_path / "croissant.json").read_text())
    counted = {p["name"]: p["value"] for p in described["variableMeasured"]}
    assert counted["number of records, source simulated"] == 20
    assert counted["number of records, finding SR"] == sum("SR" in labels for labels in found)
    assert counted["number of conversations, task report"] == sum(row["task"] == "report" for row in talks)
    twelve = sum(len(row["leads"]) == 12 for row in rows(tmp_path))
    assert counted["number of records, leads 12 standard leads"] == twelve
    kinds = Counter(json.loads(row["gold"]).get("type") for row in talks)
    assert all(counted[f"number of conversations, question {kind}"] == n for kind, n in kinds.items() if kind)
    shown = sum(len(row["excerpts"]) for row in talks)
    table = card.partition("| leads shown | ECGs |")[2].partition("\n\n")[0]
    assert sum(int(line.split("|")[2].replace(",", "")) for line in table.splitlines()[2:]) == shown


def test_ptb_xl_is_built_from_the_database_table_alone(ptb_xl, tmp_path):
    build(Options("ptb-xl", tmp_path / "out", ptb_xl, measure=False))
    found = {row["record_id"]: row for row in rows(tmp_path / "out")}
    first, second, third, fourth = (found[f"ptb-xl/{n:05d}"] for n in (1, 2, 3, 1004))
    assert (first["split"], third["split"], fourth["split"]) == ("train", "valid", "test")
    assert first["patient_id"] == second["patient_id"] == "ptb-xl/7"
    assert second["findings"] == ["IMI", "ABQRS", "AFIB", "super:MI", "sub:IMI"]  # likelihood 0 counts too
    assert set(first["known"]) == {"statements", "diagnoses", "superclass", "subclass", "form", "rhythm"}
    assert set(fourth["known"]) == {"form", "rhythm"}  # no diagnostic statement: the diagnosis was not judged
    assert [event["kind"] for event in second["events"]] == ["atrial fibrillation"]
    assert (first["sex"], first["age"], third["sex"], third["age"], fourth["age"]) == ("female", 56, "male", 90, None)
    record = record_from_row(first)
    assert isinstance(record, EcgRecord) and record.recorded_at == "1984-11-09T09:17:34"
    np.testing.assert_allclose(record.lead("II"), record.lead("I") + record.lead("III"), atol=0.002)


def test_ptb_xl_labels_serve_the_records_that_the_database_lacks(ptb_xl, tmp_path):
    lines = (ptb_xl / "ptbxl_database.csv").read_text().splitlines()
    (ptb_xl / "ptbxl_database.csv").write_text("\n".join(lines[:2]) + "\n")
    header = "ecg_id,patient_id,strat_fold,super_class,sub_class,form,rhythm,statements,age,sex,report_en"
    (ptb_xl / "ptbxl_labels.csv").write_text(
        f"{header}\n1,7,3,MI,AMI,,AFIB,,56.0,1.0,\n2,7,3,STTC,NST,NST STD,SR,,56.0,1.0,\n3,8,9,,,,PACE,,,0.0,\n"
    )
    build(Options("ptb-xl", tmp_path / "out", ptb_xl, tasks=(), measure=False))
    found = {row["record_id"]: row for row in rows(tmp_path / "out")}
    assert "NORM" in found["ptb-xl/00001"]["findings"]  # the database wins
    assert found["ptb-xl/00002"]["findings"] == ["NST_", "STD_", "SR", "super:STTC", "sub:NST"]
    assert set(found["ptb-xl/00002"]["known"]) == {"form", "superclass", "subclass", "rhythm"}
    assert set(found["ptb-xl/00003"]["known"]) == {"form", "rhythm"}


def test_classes_of_statements_agree_with_the_published_classes(shared_data):
    folder = shared_data("ptb-xl")
    stated = ptbxl._read_database(folder / "ptbxl_database.csv")
    published = ptbxl._read_labels(folder / "ptbxl_labels.csv")
    both = [ecg_id for ecg_id in stated if ecg_id in published]
    classes = [[{x for x in table[ecg_id]["findings"] if ":" in x} for table in (stated, published)] for ecg_id in both]
    differing = sum(ours != theirs for ours, theirs in classes)
    assert len(both) > 10_000 and differing / len(both) < 0.001, f"{differing} of {len(both)} differ"


def test_several_processes_write_the_same_bytes_as_one(tmp_path):
    from dataclasses import replace

    build(simulated(tmp_path / "one"))
    build(replace(simulated(tmp_path / "two"), processes=2))
    one, two = (
        {p.relative_to(d): p.read_bytes() for p in d.rglob("*.parquet")} for d in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two and len(one) == 6


def test_croissant_metadata_describe_every_file_and_column(tmp_path):
    import hashlib

    from anyecg.conversation import conversation_schema, record_schema

    build(simulated(tmp_path))
    described = json.loads((tmp_path / "croissant.json").read_text())
    files = {d["@id"]: d["sha256"] for d in described["distribution"] if d["@type"] == "cr:FileObject"}
    there = {str(p.relative_to(tmp_path)): p for p in tmp_path.rglob("*.parquet")}
    assert files == {name: hashlib.sha256(p.read_bytes()).hexdigest() for name, p in there.items()}
    columns = {r["name"]: [f["name"].split("/")[1] for f in r["field"]] for r in described["recordSet"]}
    assert columns == {"records": record_schema().names, "conversations": conversation_schema().names}
    assert described["license"] == ["Apache-2.0"]


def test_the_tables_stream_with_datasets(tmp_path):
    from datasets import load_dataset

    build(simulated(tmp_path))
    for table in ("records", "conversations"):
        stream = load_dataset(
            "parquet", data_files=str(tmp_path / table / "*.parquet"), streaming=True, split="train", cache_dir=tmp_path
        )
        assert len(list(stream)) == len(rows(tmp_path, table))


def test_simulated_patients_come_back_dated_and_stay_in_one_split(tmp_path):
    build(simulated(tmp_path, count=100, tasks=("comparison",)))
    visits = {}
    for row in rows(tmp_path):
        visits.setdefault(row["patient_id"], []).append((row["recorded_at"], row["split"]))
    several = [v for v in visits.values() if len(v) > 1]
    assert sum(map(len, several)) >= 15 and max(map(len, several)) <= 6
    assert all(len({split for _, split in v}) == 1 and [d for d, _ in v] == sorted(d for d, _ in v) for v in several)
    golds = [json.loads(row["gold"]) for row in rows(tmp_path, "conversations")]
    assert any("steps" in gold for gold in golds)


def test_a_limit_is_shared_among_the_splits(tmp_path):
    build(simulated(tmp_path, count=100, limit=10, tasks=()))
    splits = [row["split"] for row in rows(tmp_path)]
    assert (splits.count("train"), splits.count("valid"), splits.count("test")) == (8, 1, 1)


def write_mitdb(folder, name="101", seconds=120):
    """Two leads of noise with a premature ventricular beat each tenth second and an episode of fibrillation."""
    folder.mkdir()
    rate = 360
    signal = np.random.default_rng(0).normal(0, 0.05, (seconds * rate, 2))
    wfdb.wrsamp(name, rate, ["mV"] * 2, ["MLII", "V5"], signal, fmt=["212"] * 2, write_dir=str(folder))
    samples, symbols, notes, subtypes = [5], ["+"], ["(N"], [0]
    for second in range(1, seconds):
        if second in (60, 90):
            samples.append(second * rate - 50)
            symbols.append("+")
            notes.append("(AFIB" if second == 60 else "(N")
            subtypes.append(0)
        samples.append(second * rate)
        symbols.append("V" if second % 10 == 5 else "F" if second % 10 == 7 else "N")
        notes.append("")
        subtypes.append(0)
    samples += [seconds * rate - 200, seconds * rate - 100]
    symbols += ["~", "~"]
    subtypes += [2, 0]
    notes += ["", ""]
    wfdb.wrann(
        name, "atr", np.array(samples), symbols, aux_note=notes, subtype=np.array(subtypes), write_dir=str(folder)
    )


def test_mitdb_annotations_become_events(tmp_path):
    write_mitdb(tmp_path / "mitdb")
    (labelled,) = mitdb.load(mitdb.plan(tmp_path / "mitdb").entries)
    of_kind = {}
    for event in labelled.events:
        of_kind.setdefault(event["kind"], []).append((event["start_s"], event["end_s"], event["leads"]))
    assert of_kind["premature ventricular contraction"][0] == (4.88, 5.28, [])
    assert len(of_kind["premature ventricular contraction"]) == 12
    assert len(of_kind["normal beat"]) == 119 - 12 - 12  # fusion beats carry no event
    assert of_kind["atrial fibrillation"] == [(59.861, 89.861, [])]
    assert of_kind["noise"] == [(119.444, 119.722, ["V5"])]


def test_excerpts_of_a_long_record_carry_their_own_measurements(tmp_path):
    write_mitdb(tmp_path / "mitdb")
    build(Options("mitdb", tmp_path / "out", tmp_path / "mitdb"))
    assert rows(tmp_path / "out")[0]["measurements"] == ""
    conversations = rows(tmp_path / "out", "conversations")
    assert {row["task"] for row in conversations} == {"report", "localization", "measurement", "question"}
    for row in conversations:
        shown = row["excerpts"][0]["end_s"] - row["excerpts"][0]["start_s"]
        measured = json.loads(row["gold"])["measurements"]
        assert shown < 30.1 and measured["duration_s"] == pytest.approx(shown, abs=0.01)


def test_a_wave_runs_from_its_earliest_onset_to_its_latest_end():
    marks = [("QRS complex", 1.00 + k / 100, 1.05, 1.10 + k / 100) for k in range(3)]
    marks += [("QRS complex", 2.00, 2.05, 2.10), ("P wave", 0.8, 0.84, 0.9), ("P wave", 0.81, 0.85, 0.92)]
    assert ludb.merge_waves(marks, 4) == [
        {"kind": "P wave", "start_s": 0.8, "end_s": 0.92, "leads": []},
        {"kind": "QRS complex", "start_s": 1.0, "end_s": 1.12, "leads": []},
    ]


def test_ludb_diagnoses_are_mapped_only_where_that_is_certain():
    header = (
        "1 12 500 5000\n#<age>: 51\n#Rhythm: Sinus bradycardia.\n#Left ventricular hypertrophy.\n"
        "#Early repolarization syndrome.\n#Ventricular extrasystole, type: single PVC.\n"
    )
    findings, unmapped = ludb.read_diagnoses(header)
    assert findings == ("LVH", "PVC", "SBRAD", "super:HYP", "sub:LVH")
    assert unmapped == ["Early repolarization syndrome"]


def test_ludb_is_built_with_waves_in_millivolts(shared_data, tmp_path):
    build(Options("ludb", tmp_path, shared_data("ludb"), limit=4, tasks=(), measure=False))
    built = rows(tmp_path)
    assert len(built) >= 3
    for row in built:
        record = record_from_row(row)
        assert 4 < record.duration_s <= 10 and 0.2 < np.abs(record.signal).max() < 12
        np.testing.assert_allclose(record.lead("II"), record.lead("I") + record.lead("III"), atol=0.005)
        kinds = {event["kind"] for event in row["events"]}
        assert {"QRS complex", "T wave"} <= kinds


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--source", "ptb-xl"), "PTB-XL is read from a directory; say which one with --directory."),
        (("--source", "ptb-xl", "--directory", "{tmp}"), "does not hold PTB-XL: ptbxl_database.csv not found."),
        (("--source", "mitdb", "--directory", "{tmp}"), "does not hold the MIT-BIH Arrhythmia Database"),
        (("--source", "simulated", "--tasks", "poem"), "unknown task poem; known tasks are report"),
        (("--source", "simulated", "--count", "0"), "count is 0; it must be at least 1."),
        (("--source", "simulated", "--weights", "report=x"), "cannot read the weight 'report=x'"),
    ],
)
def test_wrong_input_ends_in_one_sentence(arguments, sentence, tmp_path, capsys):
    filled = [argument.format(tmp=tmp_path) for argument in arguments]
    assert main(["build", "--out", str(tmp_path / "out"), *filled]) == 2
    assert sentence in capsys.readouterr().err


def test_the_command_says_what_it_built(tmp_path, capsys):
    out = str(tmp_path / "out")
    assert main(["build", "--source", "simulated", "--count", "3", "--no-measure", "--out", out]) == 0
    assert "3 records and" in capsys.readouterr().out
    assert main(["card", out]) == 0
    assert main(["card", str(tmp_path / "nowhere")]) == 2
