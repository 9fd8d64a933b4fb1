"""Scores do what their names say, and cannot be gamed by repetition, order or missing truth."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import binary_calibration_error

from anyecg.metrics import (
    _weighted_auroc,
    auroc_per_label,
    expected_calibration_error,
    interval_iou,
    label_f1,
    localization_scores,
    macro_auroc,
    macro_f1_at_thresholds,
    match_events,
    mean_with_interval,
    merge_intervals,
    patient_weights,
)


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    targets = (rng.random((200, 3)) < 0.3).astype(int)
    return np.round(rng.random((200, 3)) + targets * 0.5, 1), targets  # rounded: many ties


def test_the_resampled_auroc_equals_that_of_torchmetrics(scores):
    values, targets = scores
    ours = [_weighted_auroc(values[:, k], targets[:, k], np.ones((1, 200)))[0] for k in range(3)]
    np.testing.assert_allclose(ours, auroc_per_label(np.clip(values / 2, 0, 1), targets), atol=1e-6)


def test_drawing_a_record_twice_equals_having_it_twice(scores):
    values, targets = scores[0][:, 0], scores[1][:, 0]
    twice = np.ones((1, 200))
    twice[0, :50] = 2
    repeated = np.concatenate([np.arange(200), np.arange(50)])
    expected = _weighted_auroc(values[repeated], targets[repeated], np.ones((1, 250)))
    np.testing.assert_allclose(_weighted_auroc(values, targets, twice), expected)


def test_cells_of_unknown_truth_do_not_count(scores):
    values, targets = np.clip(scores[0] / 2, 0, 1), scores[1]
    known = np.ones_like(targets, dtype=bool)
    known[100:, 1] = False
    spoilt = targets.copy()
    spoilt[100:, 1] = 1 - spoilt[100:, 1]
    a, b = (macro_auroc(values, t, known, [str(k) for k in range(200)], 50) for t in (targets, spoilt))
    assert (a["value"], a["low"], a["high"]) == (b["value"], b["low"], b["high"])


def test_a_label_without_a_positive_is_left_out_and_counted(scores):
    values, targets = np.clip(scores[0] / 2, 0, 1), scores[1].copy()
    targets[:, 2] = 0
    result = macro_auroc(values, targets)
    assert result["n_labels"] == 2 and np.isnan(result["per_label"][2])
    assert result["value"] == pytest.approx(auroc_per_label(values, targets)[:2].mean())


def test_records_of_one_patient_are_drawn_together():
    weights = patient_weights(["a", "a", "b", "c"], 50)
    assert (weights[:, 0] == weights[:, 1]).all() and len(np.unique(weights)) > 1


def test_an_interval_by_patient_is_wider_than_one_by_record():
    values = np.repeat(np.random.default_rng(1).random(20), 10)
    by_patient = mean_with_interval(values, np.repeat(np.arange(20), 10).astype(str))
    by_record = mean_with_interval(values, [str(k) for k in range(200)])
    assert by_patient["high"] - by_patient["low"] > 1.5 * (by_record["high"] - by_record["low"])
    assert by_patient["low"] < by_patient["value"] < by_patient["high"]


def test_nothing_to_score_gives_none_and_not_a_number():
    assert mean_with_interval([], []) == {"value": None, "low": None, "high": None, "n": 0, "patients": 0}


def test_answers_that_are_all_right_are_not_certainly_right():
    right, wrong = mean_with_interval([1.0] * 20, list("abcde") * 4), mean_with_interval([0.0] * 8, list("abcdefgh"))
    assert right["low"] == pytest.approx(1 - 0.5218, abs=1e-4) and right["high"] == 1.0  # Clopper-Pearson, 5 of 5
    assert wrong["low"] == 0.0 and wrong["high"] == pytest.approx(0.3694, abs=1e-4)  # 0 of 8


def test_overconfidence_shows_as_calibration_error():
    targets = np.array([1, 0] * 50)
    assert expected_calibration_error(np.full(100, 0.5), targets)["value"] == pytest.approx(0.0)
    assert expected_calibration_error(np.full(100, 0.9), targets)["value"] == pytest.approx(0.4)


def test_the_calibration_error_is_that_of_torchmetrics_over_the_known_cells(scores):
    p, targets = np.clip(scores[0] / 1.6, 0.01, 0.99), scores[1]
    known = np.ones_like(targets, dtype=bool)
    known[150:, 2] = False
    ours = expected_calibration_error(p, targets, known, [str(k // 2) for k in range(200)])
    theirs = binary_calibration_error(torch.from_numpy(p[known]), torch.from_numpy(targets[known]), n_bins=15)
    assert ours["value"] == pytest.approx(float(theirs), abs=1e-6)
    assert (
        (ours["n"], ours["cells"]) == (200, 550) and ours["low"] < ours["value"] + 0.02 and ours["high"] > ours["low"]
    )


def test_label_f1_counts_labels_and_not_substrings():
    result = label_f1([{"STD_"}, {"PVC", "AFIB"}], [{"ST"}, {"PVC"}])
    assert result["precision"]["value"] == pytest.approx(1 / 3) and result["recall"]["value"] == pytest.approx(1 / 2)
    assert result["micro_f1"]["value"] == pytest.approx(0.4)
    assert result["macro_f1"]["value"] == pytest.approx(0.5)  # over ST and PVC, the labels of the truth


def test_macro_f1_uses_the_given_thresholds():
    p, t = np.array([[0.2], [0.3], [0.1]]), np.array([[1], [1], [0]])
    assert macro_f1_at_thresholds(p, t, np.array([0.15]))["value"] == 1.0
    assert macro_f1_at_thresholds(p, t, np.array([0.5]))["value"] == 0.0


def test_a_repeated_interval_does_not_raise_the_iou():
    gold = [(1.0, 2.0)]
    assert interval_iou([(1.0, 2.0)] * 2, gold) == pytest.approx(1.0)
    assert interval_iou([(1.5, 2.0), (1.5, 2.5)], gold) == pytest.approx(0.5 / 1.5)


def test_intervals_within_a_gap_become_one():
    assert merge_intervals([(3, 4), (0, 1), (1.1, 2)], gap_s=0.2) == [(0, 2), (3, 4)]


def test_two_empty_answers_are_not_an_iou():
    assert interval_iou([], []) is None and interval_iou([], [(0, 1)]) == 0.0


def test_events_match_once_and_within_150_ms():
    assert match_events([(1.0, 1.4), (1.0, 1.4)], [(1.1, 1.5)]) == (1, 1, 0)
    assert match_events([(1.0, 1.4)], [(1.2, 1.6)]) == (0, 1, 1)


def test_always_not_found_earns_nothing_but_the_absent_cases():
    result = localization_scores([[], [], []], [[(0, 1)], [], []], ["a", "b", "c"])
    assert result["iou"]["value"] == 0 and result["event_f1"]["value"] == 0
    assert (result["not_present_accuracy"]["value"], result["not_present_accuracy"]["n"]) == (1.0, 2)
