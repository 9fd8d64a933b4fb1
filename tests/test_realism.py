"""What the realism benchmarks compute: rhythm of a strip, distance of states, areas per finding."""

import numpy as np
import pytest

from anyecg.findings import HEAD_LABELS
from benchmarks.realism import frechet
from benchmarks.realism_beats import RR, rhythm, simulated_strips, within
from benchmarks.sim_to_real import CONFIG, table
from train.stages import load_curriculum


def rhythm_of(rr_s):
    times = np.cumsum(rr_s)
    return dict(zip(RR, rhythm(times, ["N"] * len(times)), strict=True))


def test_a_regular_rhythm_does_not_vary_and_an_irregular_one_does():
    regular = rhythm_of(np.full(40, 0.8))
    fibrillating = rhythm_of(np.random.default_rng(0).uniform(0.5, 1.1, 40))
    assert regular["mean RR, ms"] == pytest.approx(800) and regular["RMSSD, ms"] == pytest.approx(0, abs=1e-6)
    assert regular["RR steps over 50 ms, %"] == 0 and fibrillating["RR steps over 50 ms, %"] > 60
    assert fibrillating["sample entropy of RR"] > regular["sample entropy of RR"] + 0.5


def test_too_few_beats_have_no_rhythm():
    assert np.isnan(rhythm(np.arange(5.0), ["N"] * 5)).all()


def test_beats_of_a_strip_are_those_within_it():
    times, kinds = within((1.0, 12.0, 41.9, 42.1), ("N", "V", "N", "S"), 12.0 - 1e-9)
    np.testing.assert_allclose(times, [0, 29.9], atol=1e-6)
    assert kinds == ["V", "N"]


def test_simulated_strips_come_with_their_beats():
    (_, record, times, kinds), *rest = simulated_strips(2, seed=1)
    assert len(rest) == 1 and record.duration_s == 30 and record.leads == ("MLII", "V1")
    assert len(times) == len(kinds) and (np.diff(times) > 0).all()


def test_the_frechet_distance_is_none_to_itself_and_the_squared_shift_of_the_mean():
    states = np.random.default_rng(0).normal(size=(500, 4))
    assert frechet(states, states) == pytest.approx(0, abs=1e-6)
    assert frechet(states, states + np.array([3.0, 0, 0, 0])) == pytest.approx(9, abs=1e-6)
    assert frechet(states, 2 * states) == pytest.approx(np.square(states.mean(axis=0)).sum() + 4, rel=0.2)


def test_findings_that_simulated_training_reads_worse_stand_first():
    rng = np.random.default_rng(0)
    labels = np.zeros((60, len(HEAD_LABELS)), dtype=np.int8)
    first, second = HEAD_LABELS.index("LVH"), HEAD_LABELS.index("AFIB")
    labels[:20, first] = labels[30:50, second] = 1
    good = labels + rng.normal(0, 0.1, labels.shape)
    poor = good.copy()
    poor[:, first] = rng.normal(size=60)
    rows = [{"labels": row} for row in labels]
    lines = table(rows, {"simulated": poor, "real": good}, np.arange(len(HEAD_LABELS)))
    assert len(lines) == 4 and lines[2].startswith("| LVH") and lines[3].startswith("| AFIB")
    assert lines[3].endswith("| 1.000 | 1.000 |") and f"| 20 | {second} |" in lines[3]


def test_the_encoder_of_the_benchmark_sees_simulated_records_alone():
    (stage,) = load_curriculum(CONFIG).stages
    assert not stage.teachers and not stage.validate_every and not stage.mixture
    recipe = load_curriculum(CONFIG.parents[1] / "train" / "configs" / "nano.yaml")
    assert load_curriculum(CONFIG).ecg_config == recipe.ecg_config
