"""Free questions about one ECG are answered from its evidence, and only where every word is understood."""

import re
from dataclasses import replace

import pytest
import yaml
from test_asked import evidence

from anyecg.asked import decisions, given, overview, recording, rhythm, topics, waves
from anyecg.asked.words import GRAMMAR, plain, understood, without_context
from anyecg.leads import STANDARD_LEADS
from data_builders.questions.knowledge import ASPECTS, HELD_OUT

ROW = {"st_mv": 0.0, "st_j_mv": 0.0, "t_mv": 0.3, "q_mv": 0.0, "r_mv": 0.8, "s_mv": -0.2}
LEADS = {lead: ROW for lead in STANDARD_LEADS} | {
    "V5": ROW | {"st_j_mv": -0.12, "t_mv": -0.2}, "V6": ROW | {"t_mv": -0.15}, "III": ROW | {"q_mv": -0.2},
}  # fmt: skip
MEASURED = {
    "heart_rate_bpm": 60.0, "heart_rate_max_bpm": 64.0, "heart_rate_min_bpm": 58.0, "pr_ms": 160.0, "qrs_ms": 98.0,
    "qt_ms": 510.0, "qtc_bazett_ms": 510.0, "qtc_fridericia_ms": 505.0, "axis_deg": 40.0, "leads": LEADS,
    "rhythm_regularity": "irregular", "p_wave_present": True, "sokolow_lyon_mv": 3.67, "cornell_mv": 2.04,
    "quality": dict.fromkeys(STANDARD_LEADS, "good"), "disturbances": {}, "placement": [], "critical": [], "notes": (),
}  # fmt: skip
SHOWN = {"super:MI": 0.3, "SR": 0.97, "PVC": 0.9, "LVH": 0.8, "IMI": 0.2}


def ecg(**changes):
    one = evidence(ventricular_at=(3,), **SHOWN)
    return replace(one, measurements=one.measurements | MEASURED | changes)


def asked(question, **changes):
    return given(question, [ecg(**changes)])


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Which leads show ST depression?", "ST depression: V5 -0.12 mV."),
        ("Is there any ST elevation?", "No: ST elevation 1 %. Measured: no ST elevation of 0.10 mV or more."),
        ("Is there any ST change?", "Yes. No ST elevation of 0.10 mV or more. ST depression: V5 -0.12 mV."),
        ("Are the T waves inverted anywhere?", "Yes. Inverted T waves: V5 -0.20 mV and V6 -0.15 mV."),
        ("Should I worry about the T waves?", "Inverted T waves: V5 -0.20 mV and V6 -0.15 mV. In general:"),
        ("Which leads have Q waves?", "Q waves: III -0.20 mV."),
        ("Is this a STEMI?", "No ST elevation that meets the criteria in two neighbouring leads was measured"),
        ("What do the lateral leads show?", "I: ST 0.00 mV, T 0.30 mV"),
        ("What's the Sokolow-Lyon?", "Sokolow-Lyon 3.67 mV (for left ventricular hypertrophy from 3.50 mV on)."),
        ("Are there P waves?", "Yes: P waves were found before the QRS complexes, with a PR interval of 160 ms."),
        ("why is it irregular?", "The rhythm is irregular, at a rate of 60/min. This goes with premature"),
        ("Is there a pause?", "No: no pause of more than 3 s was found; the longest RR interval is 1.00 s"),
        ("How many PVCs are there?", "1 premature ventricular contraction (at 2.9-3.3 s), among 9 beats."),
        ("Any couplets?", "No: no ventricular couplet was found by measurement"),
        ("Is it narrow or broad complex?", "The QRS complexes are narrow: 98 ms (wide from 120 ms on)."),
        ("What is the fastest rate?", "The fastest rate is 64/min, the slowest 58/min, the mean 60/min."),
        ("Is this a wide complex tachycardia?", "No: the QRS complexes are narrow: 98 ms (wide from 120 ms on)"),
        ("Is there artefact?", "No: all 12 leads are usable, and no noise, drift or loose electrode was flagged."),
        ("How many leads are recorded?", "12 leads: I, II, III"),
        ("what's the main problem?", "The most important finding is left ventricular hypertrophy 80 %. Beside it:"),
        ("Is he okay?", "How somebody is, an ECG alone does not tell. No critical value was measured. It shows"),
        ("Am I healthy?", "How somebody is, an ECG alone does not tell."),
        ("Anything acute here?", "Nothing acute was found: no critical value was measured"),
        ("Does he need a pacemaker?", "That is for the treating clinician to decide, with history and examination"),
        ("Can he go home?", "That is for the treating clinician to decide"),
        ("What does all of this mean for me?", "Sinus rhythm 97 %; rate 60/min. Left ventricular"),
        ("Can you exclude an infarction?", "It is rather unlikely, but not excluded: myocardial infarction 30 %."),
        ("Does this look like an old inferior MI?", "Probably not: inferior myocardial infarction 20 %. How old"),
        ("Is conduction normal?", "The PR interval is 160 ms, which is normal (normal 120-200 ms). The QRS duration"),
        ("Why is the QTc long?", "The QTc by Bazett is 510 ms, which is long (normal 350-450 ms in men,"),
        ("Is the ST segment fine?", "No. No ST elevation of 0.10 mV or more. ST depression: V5 -0.12 mV."),
        ("Is the ST segment abnormal?", "Yes. No ST elevation of 0.10 mV or more. ST depression: V5 -0.12 mV."),
        ("ST segments ok?", "No ST elevation of 0.10 mV or more. ST depression: V5 -0.12 mV."),
        ("rate and rhythm", "Sinus rhythm 97 %; rate 60/min."),
        ("Which bundle branch is blocked?", "No: bundle branch block 1 %."),
        ("Is it AF or just ectopics?", "No: atrial fibrillation 1 %. The rhythm is sinus rhythm 97 %. Yes: premature"),
        ("QT ok for haloperidol?", "I cannot advise on drugs or doses"),
        ("Bazett or Fridericia?", "QTc by formula: Bazett 510 ms, Fridericia 505 ms."),
        ("Does it look like Brugada?", "I cannot tell: there is no probability for Brugada pattern."),
        ("Tell me about lead aVR.", "aVR: ST 0.00 mV"),
        ("What is your differential?", "Left ventricular hypertrophy 80 %, premature ventricular contractions 90 %."),
        ("Is the ECG consistent with the patient's chest pain?", "No critical value was measured. No finding that"),
        ("Is anything new?", "I cannot tell what is new or has changed: there is one ECG."),
        ("Could this be pericarditis?", "I cannot tell: there is no probability for pericarditis. Pericarditis,"),
        ("does he have long qt syndrome", "Not sure: the QTc by Bazett is 510 ms, which is long"),
        ("72F, syncope this morning. Is there LVH?", "Yes: left ventricular hypertrophy 80 %."),
        ("Is the QTc dangerous?", "The QTc by Bazett is 510 ms, which is long (normal 350-450 ms in men"),
        ("Are the PVCs dangerous?", "Whether it is there: Yes: premature ventricular contractions at 2.9-3.3 s."),
    ],
)  # fmt: skip
def test_a_free_question_is_answered_from_the_evidence(question, said):
    text, origin = asked(question)
    assert origin == "evidence"
    assert text.startswith(said)


@pytest.mark.parametrize(
    "question",
    [
        "Is the pause due to digoxin?", "Which leads were recorded during exercise in space?",
        "Is the ST depression from LVH?",
        "How many ECGs did she have last year?", "Is the T wave like that of his brother?",
    ],
)  # fmt: skip
def test_a_question_with_a_word_that_is_not_understood_is_left_to_the_model(question):
    assert asked(question) == ("", "model")


def test_a_drug_is_never_advised_and_its_numbers_are_told():
    text, _ = asked("Can I give this patient sotalol?")
    assert text.startswith("I cannot advise on drugs or doses") and "QTc by Bazett 510 ms, by Fridericia 505 ms" in text
    assert (
        "Drug-induced QT prolongation" in text
        and "Drug-induced QT prolongation" not in asked("ok to give verapamil?")[0]
    )


def test_what_was_not_measured_is_not_told():
    strip = replace(
        evidence(leads=("II",)), measurements=evidence(leads=("II",)).measurements | {"leads": {}, "critical": []}
    )
    for question in ("Are the T waves inverted anywhere?", "Is this a STEMI?", "Is R wave progression normal?",
                     "What's the Sokolow-Lyon?", "Are there P waves?", "why is it irregular?"):  # fmt: skip
        assert given(question, [strip])[0].startswith("I cannot tell"), question
    assert asked("Is it narrow or broad complex?", qrs_ms=None)[0].startswith("The QRS duration cannot be measured")
    assert asked("Are there P waves?", p_wave_present=None)[0].startswith("I cannot tell whether there are P waves")


def test_a_critical_value_comes_first():
    urgent = [{"kind": "pause", "sentence": "Pause of 3.4 s.", "source": "", "leads": [], "start_s": 1.0, "end_s": 4.4}]
    for question, begins in (
        ("Anything acute here?", "Yes, critical by measurement: Pause of 3.4 s."),
        ("what's the main problem?", "Critical by measurement: Pause of 3.4 s."),
    ):
        assert asked(question, critical=urgent)[0].startswith(begins)
    assert "Critical: Pause of 3.4 s." in asked("Is it safe to fly?", critical=urgent)[0]


def test_poor_leads_and_exchanged_electrodes_are_told():
    poor = {"quality": dict.fromkeys(STANDARD_LEADS, "good") | {"V1": "loose"}, "disturbances": {"II": ["mains hum"]}}
    text = asked("Is the quality good enough?", **poor)[0]
    assert "V1 (loose)" in text and "II (mains hum)" in text and text.startswith("No: 11 of 12 leads")
    assert asked("Which leads are noisy?", **poor)[0] == "V1 (loose), II (mains hum)."
    swapped = [{"kind": "arms", "leads": ["I"], "sentence": "The arm electrodes look exchanged."}]
    assert asked("Could the arm leads be swapped?", placement=swapped)[0] == (
        "Possibly yes: The arm electrodes look exchanged."
    )


def test_every_topic_has_its_function_and_every_function_a_topic():
    written = yaml.safe_load((topics.files("anyecg.asked") / "topics.yaml").read_text(encoding="utf-8"))
    functions = {
        "decisions": decisions.ANSWERS, "rhythm": rhythm.ANSWERS, "recording": recording.ANSWERS,
        "whole": overview.ANSWERS, "plainly": overview.PLAINLY,
        "waves": waves.WAVES, "by_lead": waves.BY_LEAD,
    }  # fmt: skip
    assert {group: {topic["answer"] for topic in found} for group, found in written.items()} == {
        group: set(names) for group, names in functions.items()
    }
    assert all(re.compile(cue) for found in written.values() for topic in found for cue in topic["cues"])


@pytest.mark.parametrize("table", [ASPECTS, HELD_OUT])
def test_general_questions_still_get_their_passage(table):
    one = ecg()
    for name in ("atrial fibrillation", "a premature ventricular contraction", "ST elevation", "torsades de pointes"):
        for phrasings in table.values():
            for phrasing in phrasings:
                assert given(phrasing.format(name), [one])[1] == "knowledge", phrasing.format(name)


def test_words_are_understood_in_one_spelling_and_context_is_dropped():
    assert plain("What’s the EKG’s QTc, pls?") == "what is the ecg's qtc please"
    assert understood("is there a", GRAMMAR) and not understood("is there a banana", GRAMMAR)
    assert without_context("72F, syncope this morning. Any block?") == "Any block?"
    assert without_context("Potassium was 6.4. Any block?") == "Potassium was 6.4. Any block?"


def test_leads_are_read_alone_as_a_range_and_as_a_territory():
    assert waves.leads_in("st in v1 to v3")[0] == ["V1", "V2", "V3"]
    assert waves.leads_in("the inferior leads")[0] == ["II", "III", "aVF"]
    assert waves.leads_in("lead avr") == (["aVR"], "")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("would he qualify for CRT?", "What this ECG adds: QRS 98 ms; no bundle branch block is called"),
        ("Does she need an ICD?", "no ventricular tachycardia was measured in 10 s. (Source: ESC guideline"),
        ("which wall?", "No wall can be named: no infarction, injury or ischaemia of one is likely enough"),
        ("could this be potassium?", "I cannot tell: a blood test decides, and an ECG can look normal"),
        ("how many mm of ST depression in V5?", "In V5 the ST level is -0.12 mV (-1.2 mm) at the J point and 0.00 mV"),
        ("worse?", "I cannot tell what is new or has changed: there is one ECG."),
        ("better since last time?", "I cannot tell what is new or has changed: there is one ECG."),
        ("Which beats are abnormal?", "Premature ventricular contractions at 2.9-3.3 s."),
    ],
)
def test_decisions_and_what_a_cardiologist_adds_are_answered_with_hedges(question, said):
    text, origin = asked(question)
    assert said in text and origin == "evidence"


def test_the_wall_of_a_called_infarction_has_its_usual_artery():
    one = evidence(IMI=0.9)
    said = given("Which artery?", [one])[0]
    assert said.startswith("Inferior myocardial infarction 90 %: usually the right coronary artery")
    assert "An ECG shows a region, not the vessel" in said


def test_a_region_is_named_alone_and_with_its_artery_where_that_is_asked():
    ecg = evidence(IMI=0.7)
    region = given("Name the region of an infarction, if there is one.", [ecg])[0]
    assert region == "Inferior myocardial infarction 70 %."
    assert "right coronary artery" in given("Which artery?", [ecg])[0]
