"""The head that reads the measurements: its numbers, its fit, and how calibration joins it with the encoder."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import train.measured as fitting
from anyecg.evidence import gather
from anyecg.findings import HEAD_LABELS
from anyecg.heads import encode, finding_probabilities
from anyecg.leads import STANDARD_LEADS
from anyecg.loading import EMBEDDED
from anyecg.measure import measure
from anyecg.measured_head import LONGEST_S, NAMES, MeasuredHead, features
from anyecg.simulate import simulate
from tests.test_train import smoke, write_dataset
from train.assemble import load_model, save_model
from train.calibrate import calibrate, fit_findings
from train.run import run


@pytest.fixture(scope="module")
def record():
    return next(simulate(1, seed=5)).record


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data"), ecgs=[ecg.record for ecg in simulate(8, seed=6)])


def test_the_numbers_are_what_was_measured(record):
    measured = measure(record).to_dict()
    numbers = dict(zip(NAMES, features(measured).tolist(), strict=True))
    assert numbers["heart_rate_bpm"] == pytest.approx(measured["heart_rate_bpm"])
    assert numbers["V2 r_mv"] == pytest.approx(measured["leads"]["V2"]["r_mv"])
    assert numbers["cos of axis_deg"] == pytest.approx(np.cos(np.radians(measured["axis_deg"])), abs=1e-5)
    assert numbers["beats"] == len(measured["beats"])


def test_a_missing_lead_is_missing_numbers_and_the_head_bears_them(record):
    numbers = features(measure(record.select(["II"])).to_dict())
    assert np.isnan(numbers[NAMES.index("V1 r_mv")]) and np.isnan(numbers[NAMES.index("sokolow_lyon_mv")])
    assert np.isfinite(numbers[NAMES.index("II r_mv")])
    logits = MeasuredHead(8, 3).eval()(torch.from_numpy(numbers)[None])
    assert logits.shape == (1, 3) and torch.isfinite(logits).all()


def test_it_says_nothing_of_long_records_and_of_what_has_no_beats(record):
    measured = measure(record).to_dict()
    assert features(measured | {"duration_s": LONGEST_S + 1}) is None
    assert features(measured | {"beats": []}) is None
    assert features(measured | {"not_an_ecg": "noise"}) is None
    assert features({}) is None


def test_fewer_leads_hide_exactly_what_they_cannot_give(record):
    for leads, hidden in zip(fitting.LEAD_SETS, fitting._hidden_by_leads(), strict=True):
        numbers = features(measure(record.select(list(leads))).to_dict())
        others = [f"{lead} r_mv" for lead in STANDARD_LEADS if lead not in leads]
        assert all(hidden[NAMES.index(name)] and np.isnan(numbers[NAMES.index(name)]) for name in others)
        assert not hidden[NAMES.index("heart_rate_bpm")] and not hidden[NAMES.index(f"{leads[0]} r_mv")]


def test_a_label_that_follows_from_a_number_is_learned():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(1500, len(NAMES))).astype(np.float32)
    values[rng.random(values.shape) < 0.1] = np.nan
    rate = values[:, NAMES.index("heart_rate_bpm")]
    labels = np.full((1500, len(HEAD_LABELS)), -1, np.int8)
    labels[:, 3] = np.nan_to_num(rate) > 1
    table = {"values": values, "labels": labels, "sources": np.array(["simulated"] * 1500)}
    head = fitting.fit(table, fitting._weights(table["sources"], None), seed=0).eval()
    said = head(torch.from_numpy(values))[:, 3].detach().numpy()
    right = (said[:, None] > said[labels[:, 3] == 0][None])[labels[:, 3] == 1].mean()
    assert right > 0.9


def test_sources_are_drawn_by_weight_and_unknown_ones_refused():
    sources = np.array(["a"] * 3 + ["b"])
    np.testing.assert_allclose(fitting._weights(sources, {"a": 0.25, "b": 0.75}), [1 / 12] * 3 + [0.75])
    with pytest.raises(ValueError, match="names no source"):
        fitting._weights(sources, {"c": 1.0})


def test_records_are_measured_once(data, tmp_path, monkeypatch):
    files = sorted((data / "records").glob("*-train-*.parquet"))
    whole = fitting.measured_table(files, tmp_path)
    assert len(whole["values"]) and len(whole["values"]) == len(whole["labels"]) == len(whole["records"])
    monkeypatch.setattr(fitting, "_measured_rows", lambda file: 1 / 0)
    again = fitting.measured_table(files, tmp_path)
    np.testing.assert_array_equal(whole["values"], again["values"])
    monkeypatch.setattr(fitting, "measuring", lambda: "another version")
    with pytest.raises(ZeroDivisionError):
        fitting.measured_table(files, tmp_path)


def test_a_curriculum_fits_it_and_calibration_joins_it(data, tmp_path, record):
    curriculum = replace(smoke(), evidence_in_prompt=True, measured_mixture={"simulated": 1.0})
    folder = run(replace(curriculum, stages=curriculum.stages[:1]), [data], tmp_path)
    calibration = json.loads((folder / "config.json").read_text())["calibration"]
    assert set(calibration["joined"]) == set(HEAD_LABELS)
    model, processor = load_model(folder)
    assert model.config.measured_width == fitting.WIDTH
    measured = model.measured_logits(measure(record).to_dict())
    encoded = encode(model.eval(), processor.feature_extractor, record)
    labels = gather(model, processor.feature_extractor, record).labels
    assert labels == finding_probabilities(encoded, calibration, measured)
    assert labels != finding_probabilities(encoded, calibration)


def test_joining_helps_where_the_measured_head_knows_more():
    rng = np.random.default_rng(1)
    labels = np.repeat(rng.integers(0, 2, (400, 1)), len(HEAD_LABELS), axis=1)
    logits, measured = (rng.normal(size=labels.shape) + gain * (labels - 0.5) for gain in (0.5, 4.0))
    measured[:20] = np.nan
    found = fit_findings(logits, measured, labels)
    weights = found["joined"]["AFIB"]
    assert weights["measured"] > weights["scale"]
    assert "joined" not in fit_findings(logits, None, labels)


def test_it_is_kept_by_saving_and_stays_as_it_is_in_training(tmp_path):
    model, processor = load_model(EMBEDDED)
    torch.manual_seed(0)
    model.model.measured_head, model.config.measured_width = MeasuredHead(16, len(HEAD_LABELS)), 16
    save_model(model, processor, tmp_path / "saved")
    calibrated, _ = load_model(tmp_path / "saved")
    for name, tensor in model.model.measured_head.state_dict().items():
        assert torch.equal(tensor, calibrated.model.measured_head.state_dict()[name])
    assert not calibrated.train().model.measured_head.training


def test_a_model_without_it_is_calibrated_as_before(data, tmp_path):
    curriculum = smoke()
    folder = run(replace(curriculum, stages=curriculum.stages[:1]), [data], tmp_path)
    calibrate(folder, [data])
    assert "joined" not in json.loads((folder / "config.json").read_text())["calibration"]
