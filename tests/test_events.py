"""Where beats and episodes lie: beats that vote, episodes that reach the edge, rhythms that last."""

import numpy as np
import pytest

from anyecg.events import rhythm_throughout, to_edges, together


def test_beats_of_a_constant_rhythm_do_not_flicker_about_the_limit():
    said = np.array([0.9, 0.45, 0.8, 0.4, 0.9])
    everyone = np.ones(5, dtype=bool)
    called = together(said, everyone, of_record=0.9, least=-0.5, limit=0.5)
    assert np.ptp(called) == 0 and called[0] > 0.5
    refused = together(said, everyone, of_record=0.01, least=-0.5, limit=0.5)
    assert np.ptp(refused) == 0 and refused[0] < 0.5


def test_a_beat_that_does_not_vote_keeps_its_own_probability():
    said = np.array([0.9, 0.02, 0.8])
    called = together(said, np.array([True, False, True]), of_record=0.9, least=-0.5, limit=0.5)
    assert called[1] == 0.02 and (called[[0, 2]] > 0.5).all()
    assert together(said, np.zeros(3, dtype=bool), 0.9, -0.5, 0.5) is said


def test_beats_of_which_the_head_is_sure_either_way_are_left_apart():
    said = np.array([0.97, 0.98, 0.02, 0.01])
    assert together(said, np.ones(4, dtype=bool), of_record=0.99, least=-0.5, limit=0.5) is said


def test_an_episode_within_one_beat_of_the_edge_reaches_it():
    beats = np.arange(0.5, 10.0, 1.0)
    episode = {"kind": "atrial flutter", "start_s": 0.6, "end_s": 9.2}
    (found,) = to_edges([episode], beats, 10.0)
    assert (found["start_s"], found["end_s"]) == (0.0, 10.0)
    (inside,) = to_edges([episode | {"start_s": 1.2, "end_s": 8.8}], beats, 10.0)
    assert (inside["start_s"], inside["end_s"]) == (1.2, 8.8)


@pytest.mark.parametrize(
    ("kind", "called", "rr_s", "qrs_ms", "lasts"),
    [
        ("third-degree AV block", {"3AVB": 0.8}, 1.5, 100.0, True),
        ("third-degree AV block", {}, 1.5, 100.0, False),
        ("idioventricular rhythm", {"3AVB": 0.8}, 1.5, 170.0, True),
        ("idioventricular rhythm", {"3AVB": 0.8}, 1.5, 100.0, False),
        ("idioventricular rhythm", {"3AVB": 0.8}, 1.0, 170.0, False),
        ("supraventricular tachycardia", {"SVTAC": 0.8}, 0.35, 90.0, True),
        ("supraventricular tachycardia", {"SVTAC": 0.8}, 0.7, 90.0, False),
        ("supraventricular tachycardia", {"SVTAC": 0.6, "AFLT": 0.9}, 0.35, 90.0, False),
        ("bigeminy", {"BIGU": 0.9}, 0.8, 90.0, False),
    ],
)
def test_a_called_rhythm_of_a_short_record_lasts_throughout(kind, called, rr_s, qrs_ms, lasts):
    beats = [{"time_s": float(t)} for t in np.arange(0.2, 10.0, rr_s)]
    measured = {"beats": beats, "heart_rate_bpm": 60 / rr_s, "qrs_ms": qrs_ms}
    found = rhythm_throughout(kind, called, measured, 10.0)
    assert [(e["kind"], e["start_s"], e["end_s"]) for e in found] == ([(kind, 0.0, 10.0)] if lasts else [])
    assert rhythm_throughout(kind, called, measured, 60.0) == []
