"""Numbers, leads, words, counts and tables are read from free clinical English as what they claim."""

import pytest

from anyecg.claim_names import plain
from anyecg.claim_tables import untable
from anyecg.claim_words import axis_words, counts, transition_leads, word_claims
from anyecg.claims import all_claims, number_claims


def claims(text):
    return [(claim.key, round(claim.low, 3), claim.leads) for claim in number_claims(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R wave in V5 of 2.1 mV", [("r_mv", 2.1, ("V5",))]),
        ("S in V1 12 mm", [("s_mv", -1.2, ("V1",))]),
        ("RV5 21 mm", [("r_mv", 2.1, ("V5",))]),
        ("a 2.1 mV R wave in V5", [("r_mv", 2.1, ("V5",))]),
        ("V5: R 2.1 mV, S 0.3 mV", [("r_mv", 2.1, ("V5",)), ("s_mv", -0.3, ("V5",))]),
        ("R in V5 2.1 mV, V6 1.8 mV", [("r_mv", 2.1, ("V5",)), ("r_mv", 1.8, ("V6",))]),
        ("T wave inversion of 0.3 mV in V3", [("t_mv", -0.3, ("V3",))]),
        ("ST elevation of 2 mm in V2-V4", [("st_mv", 0.2, ("V2", "V3", "V4"))]),
        ("ST depression 0.1 mV in II, III, aVF", [("st_mv", -0.1, ("II", "III", "aVF"))]),
        ("up to 2 mm of ST elevation in the inferior leads", [("st_mv", 0.2, ("II", "III", "aVF"))]),
        ("the R/S ratio in V1 is 0.3", [("r_s", 0.3, ("V1",))]),
        ("an amplitude of 2 mV", []),
        ("R wave of 2.1 mV", []),
    ],
)
def test_amplitudes_and_st_levels_are_read_with_their_leads(text, expected):
    assert claims(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sokolow-Lyon index 3.9 mV", [("sokolow_lyon_mv", 3.9)]),
        ("SV1 + RV5/6 = 39 mm", [("sokolow_lyon_mv", 3.9)]),
        ("Cornell voltage 18 mm", [("cornell_mv", 1.8)]),
        ("QTc (Framingham) 403 ms, QTcH 404 ms", [("qtc_framingham_ms", 403), ("qtc_hodges_ms", 404)]),
        ("QTc 440 ms (Bazett) or 411 ms (Fridericia)", [("qtc_bazett_ms", 440), ("qtc_fridericia_ms", 411)]),
        ("P axis 50°, T axis 30°, QRS-T angle 15°", [("p_axis_deg", 50), ("t_axis_deg", 30), ("qrs_t_angle_deg", 15)]),
        ("P-R-T axes 50 45 -30", [("p_axis_deg", 50), ("axis_deg", 45), ("t_axis_deg", -30)]),
        ("rate between 60 and 140/min", [("heart_rate_min_bpm", 60), ("heart_rate_max_bpm", 140)]),
        ("RR interval 800 ms", [("rr_ms", 800)]),
        ("NSR at 72", [("heart_rate_bpm", 72)]),
        ("a heart rate of 1.2 Hz", [("heart_rate_bpm", 72)]),
        ("HR 72, PR 160, QT/QTc 380/412", [("heart_rate_bpm", 72), ("pr_ms", 160), ("qt_ms", 380), ("qtc_ms", 412)]),
        ("PR and QRS are 160 and 92 ms", [("pr_ms", 160), ("qrs_ms", 92)]),
        ("PR interval normal, longest pause 1200 ms", []),
        ("a run of ventricular tachycardia at 180/min", []),
        ("paper speed 25 mm/s, 10 mm/mV, 2:1 conduction, J + 60 ms", []),
    ],
)
def test_indices_axes_formulas_and_lists_are_read(text, expected):
    assert [(key, value) for key, value, _ in claims(text)] == expected


def test_both_values_of_a_change_are_read_with_their_role():
    for text in ("PR increased from 160 to 210 ms", "PR 160 ms -> 210 ms", "The PR went from 160 ms to 210 ms."):
        assert [(c.key, c.low, c.role) for c in all_claims(text)] == [("pr_ms", 160, "before"), ("pr_ms", 210, "after")]
        assert number_claims(text) == []


def test_a_claim_knows_where_its_value_stands():
    text = "Sinus rhythm.\n**PR:** 0.16 s (lead II)"
    [claim] = number_claims(text)
    assert text[slice(*claim.span)] == "0.16" and claim.low == 160 and len(plain(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The PR interval is prolonged.", [("pr_ms", 200)]),
        ("PR prolongation", [("pr_ms", 200)]),
        ("QTc is within normal limits", [("qtc_ms", 350)]),
        ("Wide QRS complexes", [("qrs_ms", 120)]),
        ("First-degree AV block", [("pr_ms", 200)]),
        ("sinus tachycardia", [("heart_rate_bpm", 100)]),
        ("no PR prolongation", [("pr_ms", 0)]),
        ("PR, QRS and QTc are normal", [("qtc_ms", 350), ("pr_ms", 120), ("qrs_ms", 0)]),
        ("possibly a prolonged PR interval", []),
        ("runs of ventricular tachycardia", []),
        ("incomplete right bundle branch block", []),
    ],
)
def test_words_stand_for_ranges(text, expected):
    assert [(word.key, word.low) for word in word_claims(text)] == expected


def test_words_for_the_axis_are_read():
    assert [low for _, low, _ in axis_words("The axis is deviated to the left. No axis deviation.")] == [-150.0, -30.0]
    assert axis_words("normal P axis") == [] == axis_words("no left axis deviation")


def test_beats_are_counted_and_the_transition_is_found():
    assert counts("Three PVCs and 2 premature atrial contractions.") == [
        ("V", 3, "three pvcs"),
        ("S", 2, "2 premature atrial contractions"),
    ]
    assert counts("a run of 3 PVCs, 12 PVCs/h") == []
    assert transition_leads("Transition zone between V3 and V4") == ("V3", "V4")
    assert transition_leads("R wave in V3") is None


def test_tables_become_sentences():
    table = "Values:\n| | ECG 1 | ECG 2 |\n|---|---|---|\n| PR (ms) | 160 | 210 |\nDone."
    assert untable(table) == "Values:\nECG 1: PR 160 ms.\nECG 2: PR 210 ms.\nDone."
    assert untable("| Lead | R (mV) |\n|---|---|\n| V5 | 2.1 |") == "R in V5 2.1 mV."
    assert untable("no table") == "no table"
