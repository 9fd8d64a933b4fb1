"""Lead names and the limb leads that follow from two others."""

import itertools

import numpy as np
import pytest

from anyecg.leads import KNOWN_LEADS, LIMB_LEADS, STANDARD_LEADS, canonical_lead, derive_limb_leads, find_lead

I_AND_II = {"I": np.sin(np.arange(50) / 5.0), "II": np.cos(np.arange(50) / 7.0)}
LIMB = I_AND_II | {
    "III": I_AND_II["II"] - I_AND_II["I"],
    "aVR": -(I_AND_II["I"] + I_AND_II["II"]) / 2,
    "aVL": I_AND_II["I"] - I_AND_II["II"] / 2,
    "aVF": I_AND_II["II"] - I_AND_II["I"] / 2,
}


@pytest.mark.parametrize(
    "spelling, name",
    [
        ("AVR", "aVR"), ("avf", "aVF"), ("DII", "II"), (" v1 ", "V1"), ("Lead II", "II"), ("ECG V5", "V5"),
        ("MDC_ECG_LEAD_AVL", "aVL"), ("ML2", "MLII"), ("x", "VX"), ("vx", "VX"), ("C3", "V3"), ("v4r", "V4R"),
    ],
)  # fmt: skip
def test_spellings_of_a_lead_mean_the_same(spelling, name):
    assert canonical_lead(spelling) == name


def test_known_names_are_their_own_spelling_and_unknown_ones_are_kept():
    assert all(canonical_lead(name) == name for name in KNOWN_LEADS)
    assert canonical_lead("  chest   strap ") == "chest strap"
    assert canonical_lead("MLII") != "II"


@pytest.mark.parametrize("pair", list(itertools.combinations(LIMB_LEADS, 2)))
def test_any_two_limb_leads_give_the_other_four(pair):
    signal, leads, derived = derive_limb_leads(np.stack([LIMB[name] for name in pair]), pair)
    assert leads == LIMB_LEADS and set(derived) == set(LIMB_LEADS) - set(pair)
    for name in LIMB_LEADS:
        np.testing.assert_allclose(signal[leads.index(name)], LIMB[name], atol=1e-12)


def test_derived_leads_stand_in_the_usual_order_before_unknown_ones():
    rows = np.stack([np.zeros(50), LIMB["II"], np.ones(50), LIMB["I"]])
    signal, leads, _ = derive_limb_leads(rows, ("strap", "II", "V1", "I"))
    assert leads == (*LIMB_LEADS, "V1", "strap")
    assert (signal[leads.index("V1")] == 1).all() and (signal[leads.index("strap")] == 0).all()


@pytest.mark.parametrize("leads", [("II",), ("V1", "V2"), ("MLII", "V5"), ("I", "MLII")])
def test_nothing_is_derived_without_two_limb_leads(leads):
    signal = np.ones((len(leads), 5))
    same, names, derived = derive_limb_leads(signal, leads)
    assert same is signal and names == leads and derived == ()


def test_a_lead_is_found_by_any_spelling_and_a_missing_one_lists_what_there_is():
    assert find_lead("avl", STANDARD_LEADS) == 4
    with pytest.raises(ValueError, match="strip has no lead 'V7'; its leads are I, II"):
        find_lead("V7", ("I", "II"), "strip")
