"""The network that finds disturbed windows, and its fit."""

import random

import numpy as np

from anyecg.measure.fit_noise import _shaken as shaken
from anyecg.measure.fit_noise import examples, fit
from anyecg.measure.noise_net import NEAR, disturbed_odds, net_inputs
from tests.conftest import beats_like

QUIET = np.log([0.004, 0.02, 0.05, 0.03, 1.0, 1.0, 0.004, 0.02]) * [1, 1, 1, 1, 0, 0, 1, 1]
LOUD = [2, 3, 6, 7]


def levels_with_a_spell():
    levels = np.tile(QUIET, (3, 100, 1))
    levels[1, 40:60, LOUD] += 3.0
    return levels


def test_a_loud_stretch_of_one_lead_is_found_there_and_not_in_the_others():
    odds = disturbed_odds(levels_with_a_spell())
    assert (odds[1, 43:57] > 1).all() and (odds[1, :30] < -1).all() and (odds[[0, 2]] < 0).all()


def test_the_network_sees_its_neighbours_within_the_record():
    inputs = net_inputs(levels_with_a_spell())
    assert inputs.shape == (3, 100, len(NEAR) * 10 + 9)
    assert np.isfinite(inputs).all() and inputs[0, 0, -1] == 0 and inputs[0, 50, -1] == 1


def test_a_fit_tells_loud_windows_from_quiet_ones():
    draw = np.random.default_rng(0)
    there = draw.random(30000) < 0.2
    x = draw.normal(0, 1, (30000, 4)).astype(np.float32)
    x[there, 0] += 4
    w = fit(x, there)
    hidden = np.maximum((x - w["mean"]) / w["scale"] @ w["hidden.weight"].T + w["hidden.bias"], 0)
    said = (hidden @ w["out.weight"].T + w["out.bias"])[:, 0] > 0
    assert (said == there).mean() > 0.93


def test_a_shaken_record_differs_only_within_its_spell():
    record = beats_like(10.0)
    other, (spell,) = shaken(record, random.Random(3))
    changed = np.flatnonzero((other.signal != record.signal).any(axis=0)) / record.sampling_rate
    assert abs(changed[0] - spell["start_s"]) < 0.02 and abs(changed[-1] - spell["end_s"]) < 0.02


def test_examples_hold_windows_with_and_without_a_spell():
    x, y = (np.concatenate(part) for part in zip(*examples(40), strict=True))
    assert len(x) == len(y) and 0 < y.mean() < 0.5 and np.isfinite(x).all()
