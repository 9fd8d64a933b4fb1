"""Names of kinds and places: which kind a name stands for, and to which kind and ECG a place of a text belongs."""

import pytest

from anyecg.named_places import kind_in, kind_of, named_intervals

PVC, PAC, AFIB = "premature ventricular contraction", "premature atrial contraction", "atrial fibrillation"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("PVCs at 1.0-1.4 s and 3.0-3.4 s, premature atrial contraction at 5.0-5.3 s.", [PVC, PVC, PAC]),
        ("PVC at 1.0-1.4 s. PAC at 5.0-5.3 s.", [PVC, PAC]),
        ("1.0-1.4 s: PVC; 5.0-5.3 s: PAC.", [PVC, PAC]),
        ("No PVCs, but PACs at 5.0-5.3 s.", [PAC]),
        ("Atrial fibrillation (0.0-10.0 s) and PVCs at 2.0-2.4 s.", [AFIB, PVC]),
        ("There are two: 1.0-1.4 s and 3.0-3.4 s. Both are PVCs.", [PVC, PVC]),
        ("PVCs and PACs at 1.0-1.4 s.", [None]),  # which of them is meant
    ],
)
def test_a_place_belongs_to_the_kind_that_stands_with_it(text, kinds):
    assert [place["kind"] for place in named_intervals(text, "", 1)] == kinds


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("ECG 1: PVC at 1.0-1.4 s.\n\nECG 2: PAC at 2.0-2.4 s.", [(1, 1.0, PVC), (2, 2.0, PAC)]),
        ("ECG 1 (2024-05-01): 1.0-1.4 s.\n\nECG 2: no PVC.\n\nECG 3: 3.0-3.4 s.", [(1, 1.0, PVC), (3, 3.0, PVC)]),
        ("ECG 2:\nPVC at 1.0-1.4 s.\n\nAlso at 5.0-5.4 s.", [(2, 1.0, PVC), (2, 5.0, PVC)]),
        (
            "PVCs at 1.0-1.4 and 2.0-2.4 s in ECG 2 and at 3.0-3.4 s in ECG 1.",
            [(2, 1.0, PVC), (2, 2.0, PVC), (1, 3.0, PVC)],
        ),
        ("In ECG 1 PVC at 1.0-1.4 s, in ECG 2 at 2.0-2.4 s.", [(1, 1.0, PVC), (2, 2.0, PVC)]),
        ("ECGs 1 and 2: PVC at 1.0-1.4 s.", [(1, 1.0, PVC), (2, 1.0, PVC)]),
        ("PVC at 1.0-1.4 s.", [(3, 1.0, PVC)]),  # the last one shown
    ],
)
def test_a_place_belongs_to_the_ecg_that_stands_with_it(text, places):
    found = named_intervals(text, "Where are the PVCs?", 3)
    assert [(place["ecg"], place["start_s"], place["kind"]) for place in found] == places


def test_the_ecg_of_a_place_is_the_one_that_the_text_names():
    assert named_intervals("In ECG 2 there is noise at 1.0-2.0 s.", "", 3)[0]["ecg"] == 2
    assert kind_in("PVCs at 1.0-1.2 s") == "premature ventricular contraction"
    assert kind_in("PVCs and atrial fibrillation") is None


def test_a_finding_is_located_by_code_phrase_or_kind():
    names = (
        "PVC",
        "premature ventricular contractions",
        "ventricular extrasystoles",
        " Premature  ventricular contraction ",
    )
    assert {kind_of(name) for name in names} == {"premature ventricular contraction"}


@pytest.mark.parametrize(
    ("name", "start"), [("LVH", "'LVH' is a finding of the whole ECG"), ("x", "unknown finding 'x'")]
)
def test_what_cannot_be_located_says_what_can(name, start):
    with pytest.raises(ValueError, match=start) as error:
        kind_of(name)
    assert "atrial fibrillation" in str(error.value)
