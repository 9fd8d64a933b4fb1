"""The report of a long recording is written from the evidence, as a Holter report."""

from dataclasses import replace

import numpy as np
from test_asked import evidence

from anyecg.asked import given
from anyecg.asked.long_records import lasting, long_report
from anyecg.record import EcgRecord


def holter(**probabilities):
    """Two leads of two minutes with a beat every second, of which seven are premature ventricular ones."""
    known = evidence(leads=("II", "V1"), ventricular_at=range(1, 8), PVC=0.99, **probabilities)
    events = [
        {"kind": "atrial fibrillation", "start_s": 10.0, "end_s": 30.0, "leads": [], "probability": 0.9},
        {"kind": "atrial fibrillation", "start_s": 60.0, "end_s": 65.0, "leads": [], "probability": 0.9},
    ]
    record = EcgRecord(np.zeros((2, 12000), np.float32), ("II", "V1"), 100.0)
    numbers = {"heart_rate_bpm": 60.0, "heart_rate_min_bpm": 52.0, "heart_rate_max_bpm": 75.0}
    measured = known.measurements | numbers | {"rhythm_regularity": "irregular", "pr_ms": 150.0, "qrs_ms": 140.0}
    return replace(known, record=record, events=events, measurements=measured)


def test_rates_episodes_and_burdens_are_told():
    text = long_report(holter(AFIB=0.9, LVH=0.01))
    assert text.startswith(
        "2.0 min in leads II and V1. Rate 60/min (52 to 75), irregular.\nAtrial fibrillation: 2 episodes, "
    )
    assert "25 s in all, the longest at 10.0-30.0 s." in text
    assert "Premature ventricular contractions: 7 of 9 beats (78 %)" in text
    assert "Premature atrial contractions: none found." in text and "No pause of more than 3 s." in text
    assert "QRS 140 ms (wide)" in text and "PR" not in text, "no PR interval beside fibrillation"
    assert text.endswith("What these leads do not show cannot be judged.")


def test_findings_and_rhythms_stand_with_their_probability():
    text = long_report(replace(holter(SR=0.8, **{"1AVB": 0.6}), events=[]))
    assert "Sinus rhythm (80 %)." in text and "First-degree AV block (60 %)." in text and "PR 150 ms" in text


def test_only_long_recordings_are_reported_so():
    assert given("Write a report for this ECG.", [holter(SR=0.9)])[0].startswith("2.0 min in leads")
    assert given("What does this ECG show?", [evidence(SR=0.9)]) == ("", "model")


def test_how_long_a_rhythm_lasts_is_its_share_and_not_the_length_of_the_record():
    asked = "Is there atrial fibrillation, and how long does it last?"
    said = given(asked, [holter(AFIB=0.9)])[0]
    assert said.startswith("Yes: atrial fibrillation 90 %.") and "The recording lasts" not in said


def test_spans_of_time_are_put_in_the_unit_that_reads_well():
    assert [lasting(s) for s in (81.2, 1806, 86400)] == ["81 s", "30.1 min", "24.0 h"]
