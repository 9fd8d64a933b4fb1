"""The embedded model: it loads, it is small, and it reads simulated and, where they are at hand, real recordings."""

import csv
import sys

import numpy as np
import pytest

from anyecg.chat import EcgChat
from anyecg.findings import SUPERCLASSES
from anyecg.leads import STANDARD_LEADS
from anyecg.loading import EMBEDDED
from anyecg.metrics import macro_auroc
from anyecg.record import EcgRecord
from anyecg.simulate import simulate

pytestmark = pytest.mark.skipif(
    not (EMBEDDED / "config.json").exists(), reason="no embedded checkpoint in this checkout"
)


@pytest.fixture(scope="module")
def chat():
    return EcgChat.from_pretrained()


def first(condition, seed=100, **options):
    return next(iter(simulate(1, seed=seed, conditions=(condition,), **options))).record


def test_it_is_small_and_comes_as_safetensors_with_a_card():
    files = list(EMBEDDED.iterdir())
    assert sum(file.stat().st_size for file in files) < 30e6
    assert {"model.safetensors", "README.md", "config.json"} <= {file.name for file in files}
    assert not [file for file in files if file.suffix in (".bin", ".pt", ".pkl")]


def test_its_probabilities_are_calibrated_on_validation_records(chat):
    calibration = chat.model.config.calibration
    assert {"findings", "events", "beats"} <= set(calibration)
    assert calibration["beats"]["premature ventricular contraction"]["measured"] > 0


def test_heads_tell_simulated_rhythms_and_blocks_apart(chat):
    for condition in ("AFIB", "CLBBB", "CRBBB"):
        here = [chat.findings(first(condition, seed))["findings"][condition] for seed in range(100, 106)]
        normal = [chat.findings(first("NORM", seed))["findings"][condition] for seed in range(100, 106)]
        limit = chat.evidence(first("NORM")).thresholds[condition]
        assert np.median(here) > max(limit, 0.3) and np.median(normal) < 0.1


def test_a_report_of_a_normal_ecg_gives_its_measured_rate(chat):
    record = first("NORM")
    answer = chat.report(record)
    rate = answer.evidence[0]["measurements"]["heart_rate_bpm"]
    assert "inus" in answer.text and f"{rate:.0f}/min" in answer.text and not answer.contradictions


def test_it_places_simulated_ventricular_beats(chat):
    hits = total = 0
    for made in simulate(8, seed=300, conditions=("PVC",), leads=("II", "V1"), duration_s=20.0):
        true = [b["time_s"] for b in made.beats if b["kind"] == "V" and 1 < b["time_s"] < 19]
        found = chat.locate(made.record, "PVC")["intervals"]
        middles = np.array([(i["start_s"] + i["end_s"]) / 2 for i in found] or [-9.0])
        hits += sum(np.abs(middles - t).min() < 0.15 for t in true)
        total += len(true)
    assert hits / total > 0.7


def test_superclasses_of_real_test_records(chat, shared_data):
    folder = shared_data("ptb-xl")
    sys.path.insert(0, str(folder))
    try:
        from expand import load_fold, twelve_leads
    finally:
        sys.path.remove(str(folder))
    with (folder / "ptbxl_labels.csv").open(encoding="utf-8") as file:
        classes = {int(row["ecg_id"]): row["super_class"].split() for row in csv.DictReader(file)}
    ids, signals = load_fold(10)
    chosen = [k for k, ecg in enumerate(ids) if classes[int(ecg)]][:250]
    labels = np.array([[name in classes[int(ids[k])] for name in SUPERCLASSES] for k in chosen]).astype(int)
    records = [EcgRecord(twelve_leads(signals[k]), STANDARD_LEADS, 100.0) for k in chosen]
    scores = np.array([list(chat.findings(record)["superclasses"].values()) for record in records])
    area = macro_auroc(scores, labels, np.ones_like(labels, dtype=bool), [str(k) for k in chosen])
    assert area["value"] > 0.88


def test_it_locates_measured_episodes_too(chat):
    for condition, kind in (("VFIB", "ventricular fibrillation"), ("ASYSTOLE", "asystole")):
        found = [chat.locate(first(condition, seed), kind) for seed in range(100, 104)]
        assert sum(result["present"] for result in found) >= 2
        assert all(result["probability"] is None for result in found)
        assert not chat.locate(first("NORM"), kind)["present"]
        assert f"No {kind} is found" in chat.locate(first("NORM"), kind)["answer"]


def test_the_text_gives_the_places_that_the_evidence_gives(chat):
    record = first("PVC", 300, leads=("II", "V1"), duration_s=20.0)
    answer = chat.ask([record], "Where are the premature ventricular contractions?")
    found = chat.locate(record, "PVC")["intervals"]
    said = [(place["start_s"], place["end_s"]) for place in answer.intervals]
    assert found and said == [(round(i["start_s"], 1), round(i["end_s"], 1)) for i in found][:12]
    assert not answer.contradictions
    none = chat.ask([first("NORM")], "At which times is there atrial fibrillation?")
    assert none.text == "No atrial fibrillation is found in this record." and not none.intervals
    turns = [{"role": "user", "text": "Locate the PVCs.", "ecgs": [0]}]
    assert chat.texts([([record], turns)])[0] == answer.text
