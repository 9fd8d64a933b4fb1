"""The evidence: events at measured beats and over steps, findings over excerpts, and how long it is kept."""

import gc
from dataclasses import replace

import numpy as np
import pytest
import torch

from anyecg.chat import EcgChat
from anyecg.events import episodes, events_of_kind
from anyecg.evidence import without_p_in_fibrillation
from anyecg.findings import EVENT_KINDS, HEAD_LABELS
from anyecg.heads import encode, finding_probabilities
from anyecg.simulate import simulate
from tests.conftest import beats_like, make_record, make_tiny_model


@pytest.fixture(scope="module")
def chat():
    torch.set_num_threads(1)
    return EcgChat(*make_tiny_model())


@pytest.fixture(scope="module")
def records():
    return [sim.record for sim in simulate(3, seed=4, sampling_rate=100.0, conditions=("SR",))]


def test_beats_are_placed_at_measured_peaks_and_decided_at_the_threshold(chat):
    record = beats_like(10.0)
    evidence = chat.evidence(record)
    pvc = EVENT_KINDS.index("premature ventricular contraction")
    probabilities = np.zeros_like(evidence.event_probabilities)
    probabilities[[6, 14], pvc] = 0.9, 0.4  # the steps of the beats at 1.2 and 2.8 s
    known = replace(evidence, event_probabilities=probabilities)
    events = known.locate("premature ventricular contraction")
    assert [(e["start_s"], e["end_s"]) for e in events] == [
        (pytest.approx(1.08, abs=0.03), pytest.approx(1.48, abs=0.03))
    ]
    lower = replace(known, thresholds={**known.thresholds, "premature ventricular contraction": 0.3})
    assert len(lower.locate("premature ventricular contraction")) == 2


def test_consecutive_bundle_branch_beats_are_one_place_and_extra_beats_are_not():
    beats, probability = [1.0, 2.0, 3.0, 4.0, 8.0], np.ones(60)
    probability[15:16] = 0.0  # the step of the beat at 3.0 s
    probability[14] = 0.0
    record = make_record(duration_s=12.0)
    found = {
        kind: [(e["start_s"], e["end_s"]) for e in events_of_kind(kind, record, beats, probability, 0.2, 0.5)]
        for kind in ("left bundle branch block beat", "premature atrial contraction")
    }
    assert found["left bundle branch block beat"] == [(0.9, 2.2), (3.9, 4.2), (7.9, 8.2)]
    assert len(found["premature atrial contraction"]) == 4


def test_waves_are_located_where_they_were_delineated(chat, records):
    located = chat.locate(records[0], "QRS complexes")
    beats = [beat["time_s"] for beat in chat.evidence(records[0]).measurements["beats"]]
    assert located["present"] and len(located["intervals"]) == len(beats)
    assert all(i["start_s"] < r < i["end_s"] for i, r in zip(located["intervals"], beats, strict=True))


def test_an_episode_is_a_run_of_steps_without_its_flicker():
    probability = np.zeros(100)
    probability[20:60] = 0.95
    probability[40] = 0.0
    probability[90] = 1.0
    ((start, end, mean),) = episodes(probability, 0.2, 0.5, 2.0)
    assert start == pytest.approx(4.0, abs=0.6) and end == pytest.approx(12.0, abs=0.6) and mean > 0.8


def test_ectopy_in_one_of_many_excerpts_counts_and_form_is_averaged(chat):
    encoded = encode(chat.model, chat.processor.feature_extractor, beats_like(60.0))
    logits = np.full_like(encoded.findings_logits, -4.0)
    logits[:2] = 4.0
    p = finding_probabilities(replace(encoded, findings_logits=logits), {})
    assert p["PVC"] > 0.9 and p["LVH"] < 0.5
    logits[1] = -4.0  # a single excerpt of six does not decide
    assert finding_probabilities(replace(encoded, findings_logits=logits), {})["PVC"] < 0.1


def test_fibrillation_throughout_takes_p_waves_back_when_both_heads_say_so(chat, records):
    evidence = chat.evidence(records[0])
    assert evidence.measurements["pr_ms"] is not None
    whole = [{"kind": "atrial fibrillation", "start_s": 0.0, "end_s": 10.0, "leads": [], "probability": 0.9}]
    both = replace(evidence, events=whole, labels=evidence.labels | {"AFIB": 1.0})
    taken = without_p_in_fibrillation(both).measurements
    assert taken["p_wave_present"] is False and taken["pr_ms"] is None
    assert taken["not_measurable"]["pr_ms"] == "no P waves in atrial fibrillation"
    assert taken["qrs_ms"] == evidence.measurements["qrs_ms"]
    one_head = replace(both, labels=evidence.labels | {"AFIB": 0.0})
    brief = replace(both, events=[whole[0] | {"end_s": 4.0}])
    for other in (one_head, brief):
        assert without_p_in_fibrillation(other).measurements["pr_ms"] is not None


def test_calibration_scales_and_shifts_the_logits(chat):
    encoded = encode(chat.model, chat.processor.feature_extractor, beats_like(10.0))
    raw = finding_probabilities(encoded, {})
    tuned = finding_probabilities(encoded, {"findings": {"AFIB": {"scale": 2.0, "shift": 1.0, "threshold": 0.3}}})
    logit = encoded.findings_logits[0, HEAD_LABELS.index("AFIB")]
    assert tuned["AFIB"] == pytest.approx(1 / (1 + np.exp(-(2 * logit + 1))), rel=1e-5)
    assert {k: v for k, v in tuned.items() if k != "AFIB"} == {k: v for k, v in raw.items() if k != "AFIB"}


def test_noise_is_placed_in_an_ecg_that_it_makes_unjudgeable(chat):
    record = beats_like(10.0)
    noisy = replace(chat.evidence(record), unjudgeable="no lead has a usable signal (II noisy, V5 noisy)")
    assert noisy.can_locate("noise") and not noisy.can_locate("premature ventricular contraction")
    not_one = replace(noisy, measurements=noisy.measurements | {"not_an_ecg": "white noise"})
    assert not not_one.can_locate("noise")


def test_evidence_is_kept_while_the_record_lives_and_no_longer(chat):
    record = beats_like(5.0)
    assert chat.evidence(record) is chat.evidence(record)
    before = len(chat._evidence)
    del record
    gc.collect()
    assert len(chat._evidence) == before - 1
