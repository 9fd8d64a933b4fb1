from types import SimpleNamespace

import numpy as np
import pytest

from anyecg.asked.noise import noise
from anyecg.asked.places import in_words
from anyecg.record import EcgRecord
from anyecg.simulate import simulate


@pytest.fixture(scope="module")
def evidence():
    """An ECG with static noise in I and drift in V6; V2 has lost its electrode."""
    (ecg,) = simulate(1, seed=7, conditions=["NORM"])
    signal, leads = ecg.record.signal.copy(), ecg.record.leads
    n = signal.shape[1]
    signal[leads.index("I")] += np.random.default_rng(0).normal(0, 0.06, n)
    signal[leads.index("V6")] += 1.2 * np.sin(np.linspace(0, 2 * np.pi, n))
    record = EcgRecord(signal, leads, 500.0)
    return SimpleNamespace(record=record, measurements={"quality": dict.fromkeys(leads, "good") | {"V2": "flat"}})


@pytest.mark.parametrize(
    ("question", "asked", "text"),
    [
        ("is static noise visible", [], "Yes: static noise in lead I."),
        ("is there static noise in lead i", ["I"], "Yes: static noise in lead I."),
        (
            "is there static noise in lead v4", ["V4"],
            "No: no static noise was found in lead V4 (static noise in lead I only).",
        ),
        ("is burst noise visible in lead v1", ["V1"], "No: no burst noise was found in lead V1."),
        ("does this ecg show baseline drift", [], "Yes: baseline drift in lead V6."),
        ("where is the baseline wander", [], "Baseline drift in lead V6."),
        ("are there electrodes problems", [], "Yes: electrode problems in lead V2."),
        ("is there any noise in lead v6", ["V6"], "Yes: baseline drift in lead V6."),
    ],
)  # fmt: skip
def test_a_kind_of_noise_is_answered_with_its_leads(evidence, question, asked, text):
    assert noise(evidence, question, asked) == text


@pytest.mark.parametrize(("question", "asked"), [("is there noise in lead v4", ["V4"]), ("is there noise", []),
                                                 ("is the quality good", [])])  # fmt: skip
def test_what_names_no_kind_and_is_not_found_is_left_to_the_quality(evidence, question, asked):
    assert noise(evidence, question, asked) == ""


def test_places_name_their_leads():
    first, second = ({"start_s": 2.8, "end_s": 3.7, "leads": ["V6"]}, {"start_s": 5.0, "end_s": 6.0, "leads": []})
    assert in_words("noise", [first]) == "Noise at 2.8-3.7 s in lead V6."
    assert in_words("noise", [second]) == "Noise at 5.0-6.0 s."
    assert in_words("noise", [first, second]) == "Noise at 2.8-3.7 s in lead V6, 5.0-6.0 s in all leads."
