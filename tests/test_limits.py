"""Findings are likely, uncertain, unlikely or cannot be judged; unsure answers are held back for a lower risk."""

import numpy as np
import pytest

from anyecg.abstain import lacking, put, usable_leads, verdicts
from anyecg.findings import HEAD_LABELS
from anyecg.leads import LIMB_LEADS, STANDARD_LEADS
from train.limits import GRID, confidence, fit_limits, risk_coverage, verdict_shares


@pytest.fixture
def calibrated():
    """Probabilities that are right as frequencies: 4000 records, two labels."""
    rng = np.random.default_rng(0)
    p = rng.beta(0.5, 1.5, (4000, 2))
    return p, (rng.random(p.shape) < p).astype(int)


def test_with_twelve_good_leads_the_probability_decides():
    said = verdicts({"IMI": 0.9, "AFIB": 0.3, "LVH": 0.01}, {}, STANDARD_LEADS)
    assert [said[code].word for code in said] == ["likely", "uncertain", "unlikely"]
    assert said["IMI"].probability == 0.9


def test_a_label_keeps_to_its_own_limits():
    limits = {"likely": 0.4, "unlikely": 0.2}
    assert [put(p, limits) for p in (0.4, 0.3, 0.2)] == ["likely", "uncertain", "unlikely"]
    assert put(0.4, {}) == "uncertain"


@pytest.mark.parametrize(
    ("leads", "label", "word"),
    [
        (("II",), "AFIB", "likely"),
        (("II",), "IMI", "cannot be judged"),
        (("II",), "NORM", "cannot be judged"),
        (("I", "II"), "IMI", "likely"),  # III and aVF follow from I and II
        (LIMB_LEADS, "ASMI", "cannot be judged"),
        (LIMB_LEADS, "LAFB", "likely"),
        (("V1",), "CRBBB", "likely"),
        (("V1",), "CLBBB", "cannot be judged"),
        (("V1", "V6"), "CLBBB", "likely"),
        (STANDARD_LEADS, "NORM", "likely"),
    ],
)
def test_a_finding_needs_the_leads_it_is_seen_in(leads, label, word):
    said = verdicts({label: 0.95}, {}, leads)[label]
    assert said.word == word
    assert (said.probability is None) == bool(said.reason) == (word == "cannot be judged")


def test_a_poor_lead_is_as_good_as_none():
    poor = {"V1": "noisy", "V2": "flat", "V3": "good"}
    said = verdicts({"ASMI": 0.01}, {}, STANDARD_LEADS, poor)["ASMI"]
    assert said.word == "cannot be judged" and "not usable: V1, V2" in said.reason
    assert usable_leads(("I", "II", "V1"), {"V1": "loose"}) == set(LIMB_LEADS)


def test_what_one_lead_shows_is_there_but_what_it_does_not_show_is_not_absent():
    words = [verdicts({"STD_": p}, {}, ("II",))["STD_"].word for p in (0.9, 0.3, 0.01)]
    assert words == ["likely", "uncertain", "cannot be judged"]
    assert verdicts({"STD_": 0.01}, {}, STANDARD_LEADS)["STD_"].word == "unlikely"


def test_an_unjudgeable_record_says_why_for_every_finding():
    said = verdicts({"AFIB": 0.99, "IMI": 0.0}, {}, STANDARD_LEADS, unjudgeable="no heart beat was found in it")
    assert {v.word for v in said.values()} == {"cannot be judged"} and said["IMI"].reason.startswith("no heart beat")
    assert lacking("AFIB", frozenset()) == "no lead has a usable signal"


def test_every_label_of_the_head_can_be_judged_from_twelve_leads():
    said = verdicts(dict.fromkeys(HEAD_LABELS, 0.99), {}, STANDARD_LEADS)
    assert {verdict.word for verdict in said.values()} == {"likely"}


def test_limits_keep_their_promise_on_other_records():
    rng = np.random.default_rng(1)
    p = rng.beta(0.5, 1.5, (20_000, 2))
    labels = (rng.random(p.shape) < p).astype(int)
    names = ("a", "b")
    limits = fit_limits(p[:2000], labels[:2000], names)
    shares = verdict_shares(p[2000:], labels[2000:], limits, names)
    assert 0.78 <= shares["right when likely"] <= 0.9
    assert shares["of the present called unlikely"] == pytest.approx(0.05, abs=0.03)
    assert shares["share uncertain"] > 0.05


def test_few_positives_give_no_limit_and_clear_labels_leave_nothing_uncertain():
    p = np.linspace(0, 1, 100)[:, None].repeat(2, axis=1)
    labels = np.zeros((100, 2), dtype=int)
    labels[97:, 0] = 1
    labels[60:, 1] = 1
    limits = fit_limits(p, labels, ("rare", "clear"))
    assert set(limits) == {"clear"} and limits["clear"]["likely"] == limits["clear"]["unlikely"]


def test_a_useless_score_is_never_called_likely():
    rng = np.random.default_rng(1)
    labels = (rng.random((1000, 1)) < 0.1).astype(int)
    assert fit_limits(rng.random((1000, 1)), labels, ("noise",))["noise"]["likely"] > 1


def test_unknown_cells_do_not_move_the_limits(calibrated):
    p, labels = calibrated
    extended = np.concatenate([p, np.full((500, 2), 0.5)]), np.concatenate([labels, np.full((500, 2), -1)])
    assert fit_limits(*extended, ("a", "b")) == fit_limits(p, labels, ("a", "b"))


def test_holding_back_unsure_answers_lowers_the_risk(calibrated):
    p, labels = calibrated
    sure, wrong = confidence(p, np.array([0.5, 0.5])), (p >= 0.5) != (labels == 1)
    patients = [str(k // 2) for k in range(4000)]
    curve = risk_coverage(sure[:, 0], wrong[:, 0], patients, 50)
    assert curve["risk"][-1] == pytest.approx(wrong[:, 0].mean())
    assert curve["risk"][len(GRID) // 2] < 0.6 * curve["risk"][-1]
    assert (curve["low"] <= curve["risk"] + 1e-9).all() and (curve["risk"] <= curve["high"] + 1e-9).all()
    shuffled = risk_coverage(np.random.default_rng(0).random(4000), wrong[:, 0], patients, 10)
    assert curve["aurc"]["value"] < 0.6 * shuffled["aurc"]["value"]
    assert curve["aurc"]["low"] < curve["aurc"]["value"] < curve["aurc"]["high"] and curve["aurc"]["n"] == 4000
