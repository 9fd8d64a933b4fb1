"""Episodes follow from beats: couplets, runs, bigeminy, trigeminy and pauses."""

import pytest

from anyecg.record import EcgRecord
from data_builders.derived import KINDS, derived_events, with_derived
from data_builders.sources import Entry, Labelled
from data_builders.sources.annotations import beat_events

PVC = "premature ventricular contraction"


def beats(symbols, rr=0.8):
    """Events of beats; "v" comes early, a blank is a beat left out."""
    import numpy as np

    times, kept, t = [], [], 1.0
    for symbol in symbols:
        t += 0.5 if symbol in "vV" and symbol == "v" else rr
        if symbol != " ":
            times.append(t)
            kept.append("V" if symbol in "vV" else symbol)
    return beat_events(np.array(times), kept, 1000.0)


def kinds(symbols, **options):
    return [e["kind"] for e in derived_events(beats(symbols, **options))]


@pytest.mark.parametrize(
    ("symbols", "expected"),
    [
        ("NNNVNNN", []),
        ("NNvvNNN", ["ventricular couplet"]),
        ("NNvvvNN", ["ventricular tachycardia"]),
        ("NNVVVNN", []),  # three at 75/min are no tachycardia
        ("NVNVNVN", ["bigeminy"]),
        ("NVNVN", []),
        ("NNVNNVNNVNN", ["trigeminy"]),
        ("NNN   NNN", ["pause"]),
        ("NNN NNN", []),
    ],
)
def test_patterns_of_beats_have_their_names(symbols, expected):
    assert kinds(symbols) == expected


def test_an_episode_lasts_from_its_first_to_its_last_beat():
    (couplet,) = derived_events(beats("NNvvNN"))
    first = [e for e in beats("NNvvNN") if e["kind"] == PVC]
    assert couplet["start_s"] == pytest.approx(first[0]["start_s"]) and couplet["end_s"] == first[1]["end_s"]


def labelled(events, known):
    import numpy as np

    record = EcgRecord(np.zeros((1, 500), np.float32), ("II",), 50.0)
    return Labelled(Entry("a", "p", "train"), record, events=tuple(events), known_events=known)


def test_only_completely_annotated_records_get_episodes():
    events = beats("NVNVNVN")
    assert with_derived(labelled(events, ())).known_events == ()
    told = with_derived(labelled(events, ("normal beat", PVC)))
    assert set(KINDS) <= set(told.known_events) and "bigeminy" in {e["kind"] for e in told.events}


def test_what_a_database_marks_itself_is_not_derived_again():
    marked = [*beats("NNvvvNN"), {"kind": "ventricular tachycardia", "start_s": 1.0, "end_s": 9.0, "leads": []}]
    told = with_derived(labelled(marked, ("normal beat", PVC)))
    assert [e["start_s"] for e in told.events if e["kind"] == "ventricular tachycardia"] == [1.0]
