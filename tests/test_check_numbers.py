"""Numbers, amplitudes, words and changes in a text are held against measurements."""

import pytest

from anyecg.check import contradictions
from tests.test_check import MEASURED

LEADS = {
    lead: {"r_mv": 1.0, "s_mv": -0.4, "st_mv": 0.0, "t_mv": 0.3} for lead in ("I", "II", "III", "aVF", "V1", "V2", "V5")
}


def with_st(**levels):
    """Measurements with other ST levels in some leads."""
    return {
        **MEASURED,
        "leads": {lead: {**row, "st_mv": levels.get(lead, row["st_mv"])} for lead, row in LEADS.items()},
    }


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("R wave in V5 of 1.08 mV.", False),
        ("R wave in V5 of 1.2 mV.", True),
        ("S in V1 12 mm.", True),
        ("T wave inversion of 0.3 mV in V2.", True),
        ("R wave in V4 of 3 mV.", False),  # not measured
        ("Sokolow-Lyon index 3.9 mV.", False),  # a key that is lacking is not checked
        ("QTc (Hodges) 300 ms.", False),
        ("RR interval 833 ms.", False),
        ("RR interval 700 ms.", True),
    ],
)
def test_amplitudes_are_held_against_their_lead(text, wrong):
    assert bool(contradictions(text, with_st(), None)) is wrong


def test_a_wrong_amplitude_is_told_with_lead_and_value():
    assert contradictions("R wave in V5 of 15 mm.", with_st(), None) == [
        "The text gives an R wave in V5 of 1.50 mV; measured 1.00 mV."
    ]


def test_st_elevation_is_held_against_the_level_of_its_leads():
    inferior = with_st(II=0.2, III=0.25, aVF=0.22)
    assert not contradictions("ST elevation of 2 mm in II, III and aVF.", inferior, None)
    assert contradictions("ST elevation of 4 mm in II, III and aVF.", inferior, None)
    assert contradictions("ST depression of 2 mm in II, III and aVF.", inferior, None)
    assert contradictions("No ST elevation.", inferior, None) == [
        "The text denies ST elevation; ST measured elevated in II, aVF, III."
    ]
    assert not contradictions("No ST elevation.", with_st(V2=0.2, V1=0.1), None)
    assert contradictions("ST elevation.", with_st(), None)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("The PR interval is prolonged.", True),
        ("Normal PR interval and narrow QRS.", False),
        ("Sinus tachycardia.", True),
        ("No tachycardia.", False),
        ("Wide QRS complexes.", True),
        ("The QTc is prolonged.", True),
        ("First-degree AV block.", True),
        ("Poor R wave progression.", True),
        ("Transition zone in V5.", True),
        ("R/S transition between V2 and V3.", False),
        ("No P waves are seen.", True),
        ("Two PVCs are seen.", True),
        ("The ECG is paced: ventricular-paced rhythm.", True),
        ("No pacing spikes.", False),
        ("Sokolow-Lyon criterion met.", True),
        ("This is a normal ECG.", False),
    ],
)
def test_words_are_held_against_measurements(text, wrong):
    measured = {
        **MEASURED, "r_progression": {"transition_lead": "V3", "word": "normal"}, "p_wave_present": True, "paced": None,
        "beats": [{"time_s": 1.0, "kind": "V"}] * 6, "sokolow_lyon_mv": 2.1,
    }  # fmt: skip
    assert bool(contradictions(text, measured, None)) is wrong


def test_rhythm_words_are_held_against_p_waves_and_regularity():
    fibrillating = {"p_wave_present": False, "rhythm_regularity": "irregular"}
    assert contradictions("Sinus rhythm.", fibrillating, None)
    assert not contradictions("Sinus rhythm.", fibrillating, {"SR": 0.9})
    assert contradictions("Atrial fibrillation.", {"p_wave_present": True, "rhythm_regularity": "regular"}, None)
    assert not contradictions("No atrial fibrillation.", {"p_wave_present": True, "rhythm_regularity": "regular"}, None)


def test_a_normal_ecg_has_no_critical_value():
    critical = [{"kind": "pause", "sentence": "A pause of 4.1 s.", "source": "", "leads": []}]
    assert contradictions("Conclusion: normal ECG.", {**MEASURED, "critical": critical}, None) == [
        "The text calls the ECG normal; A pause of 4.1 s."
    ]
    assert contradictions("Normal ECG.", {**MEASURED, "qrs_ms": 150.0}, None)
    assert not contradictions("Not a normal ECG.", {**MEASURED, "qrs_ms": 150.0}, None)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("PR increased from 160 to 210 ms.", False),
        ("PR increased from 160 to 190 ms.", True),
        ("PR 160 ms in ECG 1 and 210 ms in ECG 2.", False),
        ("PR 160 ms in ECG 1 and 190 ms in ECG 2.", True),
        ("The PR interval of ECG 2 is 50 ms longer.", False),
        ("The PR interval of ECG 2 is 20 ms longer.", True),
        ("First tracing: PR 160 ms. Second tracing: PR 160 ms.", True),
        ("ECG 1\n- PR: 160 ms\n\nECG 2\n- PR: 210 ms", False),
        ("ECG 1\n- PR: 210 ms\n\nECG 2\n- PR: 160 ms", True),
        ("| | ECG 1 | ECG 2 |\n|---|---|---|\n| PR (ms) | 160 | 160 |", True),
    ],
)
def test_changes_between_two_ecgs_are_checked(text, wrong):
    assert bool(contradictions(text, [{"pr_ms": 160.0}, {"pr_ms": 210.0}], None)) is wrong


def test_none_of_them_denies_a_finding_of_all():
    heads = [{"AFIB": 0.02}, {"AFIB": 0.95}]
    text = "None of them shows atrial fibrillation."
    assert contradictions(text, None, heads) == [
        "The text denies atrial fibrillation in all ECGs; in ECG 2 the finding head gives it 95 %."
    ]
    assert not contradictions(text, None, [heads[0], heads[0]])
    assert not contradictions("No, this is a normal ECG.", None, {"NORM": 0.9})
    assert not contradictions("No inferior myocardial infarction.", None, {"IMI": 0.01, "LMI": 0.9})


CAREFUL = {
    **MEASURED, "heart_rate_min_bpm": 66.0, "heart_rate_max_bpm": 80.0, "p_wave_present": True, "paced": None,
    "beats": [{"time_s": float(k), "kind": "N"} for k in range(12)], "sokolow_lyon_mv": 2.5, "cornell_mv": 1.2,
    "r_progression": {"transition_lead": "V3", "word": "normal"},
    "leads": {
        lead: {"r_mv": r, "s_mv": s, "st_mv": st, "t_mv": 0.3, "q_mv": -0.05, "p_mv": 0.1}
        for lead, r, s, st in (("II", 1.2, -0.2, 0.02), ("V1", 0.2, -1.0, 0.03), ("V2", 0.5, -1.4, 0.12),
                               ("V3", 1.0, -0.9, 0.1), ("V4", 1.8, -0.5, 0.06), ("V5", 1.5, -0.3, 0.03))
    },
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "**Rhythm:** Normal sinus rhythm with a P wave before every QRS complex.\n"
        "**Rate:** 72 bpm, within the normal range (60-100 bpm).\n"
        "**PR interval:** 160 ms (normal: 120-200 ms).\n"
        "**QRS duration:** 92 ms, which is narrow (<120 ms).\n"
        "**QT/QTc:** 400/438 ms; a QTc above 460 ms would be prolonged.\n"
        "**Axis:** +45°, normal (-30° to +90°).\n"
        "**ST segments:** No significant elevation or depression. ST elevation of at least 1 mm (0.1 mV)"
        " in two contiguous leads would be needed.\n"
        "**Conclusion:** Normal ECG.",
        "The heart rate is 72/min. Tachycardia is defined as a rate above 100/min and bradycardia as a "
        "rate below 60/min.",
        "First-degree AV block is present when the PR interval exceeds 200 ms; here it is 160 ms, so "
        "there is no AV block.",
        "There is no evidence of left ventricular hypertrophy: the Sokolow-Lyon index is 2.5 mV (limit "
        "3.5 mV), Cornell voltage 1.2 mV (limit 2.8 mV in men).",
        "The rate varies between 66 and 80/min; sinus arrhythmia is physiological. RR intervals range "
        "from 750 to 909 ms.",
        "A pause of 2.5 s would be significant. The longest RR interval is 0.91 s.",
        "The R wave grows from 0.2 mV in V1 to 1.8 mV in V4; the transition is in V3.",
        "QTc 438 ms by Bazett and 425 ms by Fridericia; the difference of 13 ms is due to the rate of 72/min.",
        "If the QRS were 150 ms wide, one would speak of bundle branch block; at 92 ms it is narrow.",
        "An axis of -45° would suggest left anterior fascicular block; the axis here is 45°.",
        "To summarise: rate 72/min, PR 160 ms, QRS 92 ms, QTc 438 ms. Repeat the ECG in 6 to 12 hours if"
        " chest pain persists.",
        "S waves: 1.0 mV (V1), 1.4 mV (V2), 0.9 mV (V3).",
        "Sinus rhythm at 72/min (previously 95/min). PR 160 ms (previously 150 ms).",
        "With a rate of 72/min, a QT of 400 ms corresponds to a QTc of 438 ms. Normal is below 450 ms in"
        " men and 460 ms in women.",
        "Wide QRS (> 120 ms): no. Long QTc (> 460 ms): no. Tachycardia (> 100/min): no.",
        "Is the rhythm regular? Yes. Is there tachycardia? No.",
        "The absence of a prolonged PR interval and of a wide QRS argues against conduction disease.",
        "There are no runs of ventricular tachycardia and no pauses above 2 s.",
    ],
)
def test_limits_conditions_and_earlier_values_in_a_right_answer_are_let_pass(text):
    assert contradictions(text, CAREFUL, {"SR": 0.97, "NORM": 0.9}) == []


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What should I understand by a normal ECG?", "A normal ECG shows sinus rhythm with normal intervals."),
        ("Which ECG criteria define hypokalaemia?", "Flat T waves, ST depression and a seemingly long QT."),
        ("Can the block be judged?", "Left bundle branch block cannot be judged: leads V1 and V6 are missing."),
        ("Is there ST elevation in lead V2?", "Yes, lead V2 shows ST elevation."),
    ],
)
def test_knowledge_and_what_cannot_be_judged_are_no_findings(question, text):
    heads = {"NORM": 0.0, "SR": 0.0, "STD_": 0.0, "STE_": 0.02, "CLBBB": 0.02, "LOWT": 0.0, "LNGQT": 0.0}
    assert contradictions(text, {"heart_rate_bpm": 150.0}, heads, question=question) == []
