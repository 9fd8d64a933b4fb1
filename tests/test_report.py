"""Figures and examples of an evaluation show what was measured; what a command cannot do it says."""

import numpy as np
import pytest

from anyecg import cli
from anyecg.findings import HEAD_LABELS
from anyecg.leads import STANDARD_LEADS
from tests.conftest import make_record
from train import curves, figures
from train.evaluate import evaluate, make_parser
from train.report import choose_examples


def heads_of_a_cohort(n=300, seed=0):
    """Heads whose probabilities are right as frequencies, two records per patient."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.6, 1.5, (n, len(HEAD_LABELS))).astype(np.float32)
    return {
        "probabilities": p, "labels": (rng.random(p.shape) < p).astype(np.int8),
        "patients": np.array([str(k // 2) for k in range(n)]), "records": np.arange(n).astype(str),
        "thresholds": np.full(len(HEAD_LABELS), 0.5),
    }  # fmt: skip


def test_the_reliability_of_honest_probabilities_is_good_and_of_squared_ones_is_not(tmp_path):
    heads = heads_of_a_cohort()
    honest = figures.reliability(heads, tmp_path / "a.png")["statements"]
    squared = figures.reliability(heads | {"probabilities": heads["probabilities"] ** 2}, tmp_path / "b.png")[
        "statements"
    ]
    assert honest["low"] <= honest["value"] <= honest["high"] < 0.03 < 0.1 < squared["low"]
    assert (honest["n"], honest["cells"]) == (300, 300 * 71)


def test_a_source_without_superclasses_has_figures_too(tmp_path):
    heads = heads_of_a_cohort()
    heads["labels"][:, [label.startswith("super:") for label in HEAD_LABELS]] = -1
    figures.roc_curves(heads, tmp_path / "roc.png")
    assert "superclasses" not in figures.reliability(heads, tmp_path / "reliability.png")
    assert "superclasses" not in figures.risk_coverage_curves(heads, tmp_path / "risk.png")
    assert len(list(tmp_path.iterdir())) == 3


def test_the_roc_gives_the_sensitivity_at_each_false_positive_rate():
    p, truth = np.array([0.9, 0.8, 0.7, 0.6]), np.array([1, 0, 1, 0])
    curve = figures.sensitivity_at(p, truth, np.ones((1, 4)))[0]
    assert curve[0] == 0.5 and curve[50] == 1.0 and curve[-1] == 1.0  # at rates 0, 0.5 and 1
    tied = figures.sensitivity_at(np.full(4, 0.5), truth, np.ones((1, 4)))[0]
    np.testing.assert_allclose(tied, np.linspace(0, 1, 101))


def test_examples_are_right_and_wrong_and_not_picked_by_look():
    rows = [
        {"task": "question", "text": text, "gold": {"type": "verify", "answer": ["yes"], "codes": []}, "gold_text": "",
         "n_ecgs": 1, "conversation_id": f"c-{k}"}
        for k, text in enumerate(("No.", "Yes.", "Yes.", "Yes.", "Yes.", "Yes."))
    ]  # fmt: skip
    chosen = choose_examples(rows)
    assert [(right, row["conversation_id"]) for right, row in chosen] == [
        *((True, f"c-{k}") for k in range(1, 5)),
        (False, "c-0"),
    ]


def test_the_cuts_give_the_leads_seconds_and_rates_that_their_names_say():
    record = make_record(STANDARD_LEADS, duration_s=10.0, sampling_rate=250.0)
    cuts = curves.cuts_of(500.0)
    assert [len(cut(record).leads) for cut in cuts["leads"].values()] == [12, 6, 2, 2, 1, 1]
    assert [cut(record).duration_s for cut in cuts["duration"].values()] == pytest.approx([10.0, 5.0, 2.5], abs=0.005)
    np.testing.assert_array_equal(cuts["duration"]["5 s"](record).signal, record.signal[:, 625:1875])
    assert [cut(record).sampling_rate for cut in cuts["sampling rate"].values()] == [500.0, 250.0, 100.0]
    assert "sampling rate" not in curves.cuts_of(100.0) and len(curves.cuts_of(360.0)["sampling rate"]) == 2


def test_either_a_dataset_or_a_benchmark_is_scored(tmp_path):
    for given, message in (
        ([], "give either --data"),
        (["--benchmark", "ecg-qa", "--ecgs", "x"], "--benchmark ecg-qa needs --directory"),
    ):
        with pytest.raises(ValueError, match=message):
            evaluate(make_parser().parse_args([str(tmp_path), "--out", str(tmp_path), *given]))


def test_the_command_of_the_library_hands_over_or_says_what_is_missing(tmp_path, monkeypatch, capfd):
    assert cli.main(["evaluate", "--help"]) == 0
    assert "python -m train evaluate" in capfd.readouterr().out
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "site-packages" / "anyecg" / "cli.py"))
    assert cli.main(["evaluate", "model"]) == 2
    assert "needs the project's checkout" in capfd.readouterr().err
