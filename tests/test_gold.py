"""The gold does not contradict itself: what a strict reader found in the conversations and what is said instead."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from test_questions import MEASURED, event, view

from data_builders.questions import (
    aspects,
    comparison,
    focused,
    followup,
    judgeable,
    localization,
    measurement,
    pair,
    report,
    topics,
)
from data_builders.questions.question import _query, _verify
from data_builders.questions.styles import styles

WELL = MEASURED | {"pr_ms": 160.0, "axis_deg": 40.0}


@pytest.mark.parametrize(
    ("topic", "codes", "there"),
    [
        ("STTC", ["SR", "INVT"], ["INVT"]), ("STTC", ["SR", "ISC_", "STD_"], ["ISC_", "STD_"]),
        ("HYP", ["SR", "VCLVH"], ["VCLVH"]), ("HYP", ["SR", "LVH", "VCLVH"], ["LVH"]), ("CD", ["SR", "LPR"], ["LPR"]),
        ("CD", ["SR", "CRBBB"], ["CRBBB"]), ("MI", ["SR", "IMI", "QWAVE"], ["IMI"]),
    ],
)  # fmt: skip
def test_none_of_a_topic_is_not_said_beside_its_findings_of_form(topic, codes, there):
    assert topics.is_known(view(codes), topic)
    assert topics.codes_of(view(codes), topic) == there


def test_q_waves_leave_open_whether_there_was_an_infarction():
    assert not topics.is_known(view(["SR", "QWAVE"]), "MI")
    assert aspects.said(view(["SR", "QWAVE"], measured=WELL), "ischaemia") is None
    assert aspects.said(view(["SR", "STD_"], measured=WELL), "ischaemia") is None


def test_what_pacing_hides_is_neither_stated_nor_denied():
    paced, before = view(["PACE"], name="a"), view(["SR", "LVH", "CRBBB"], name="a")
    assert (paced.has("LVH"), paced.has("CRBBB"), paced.has("QWAVE")) == (None, None, None)
    assert (paced.has("PACE"), paced.has("AFIB"), paced.has("NORM"), paced.has_class("NORM")) == (
        True, False, False, False,
    )  # fmt: skip
    assert paced.has_class("MI") is None
    assert comparison.labels(before, (before, paced)) == ["SR"]
    for seed in range(60):
        asked = _query(paced, random.Random(seed), Counter())
        assert asked is None or asked.gold["topic"] in ("rhythm", "beats", "form", "diagnoses")


def test_a_rhythm_that_comes_in_an_excerpt_is_told_with_its_time_only():
    part = view(events=[event("atrial fibrillation", 6.0, 30.0)], seconds=30.0, known=()).cut(0.0, 10.0)
    text = report._prose(part)
    assert "Atrial fibrillation at 6.0-10.0 s." in text and "fibrillation, ventricular" not in text
    assert text.startswith("Rate ")


def test_less_than_a_second_of_an_episode_is_no_episode():
    shown = view(events=[event("junctional rhythm", 9.9, 30.0)], seconds=30.0, known=()).cut(0.0, 10.0)
    assert shown.events == ()
    assert view(events=[event("junctional rhythm", 8.9, 30.0)], seconds=30.0, known=()).cut(0.0, 10.0).events


def test_a_tachycardia_throughout_is_told_once():
    facts = {"rhythms": [{"name": "supraventricular tachycardia", "start_s": 0.0, "end_s": 10.0}]}
    told = report._prose(replace(view(["SVTAC"], measured=WELL), facts=facts))
    assert told.lower().count("supraventricular tachycardia") == 1
    parted = {"rhythms": [facts["rhythms"][0] | {"start_s": 3.0}]}
    assert report._prose(replace(view(["SVTAC"], measured=WELL), facts=parted)).startswith(
        "Supraventricular tachycardia at 3.0-10.0 s."
    )


def test_the_rate_of_an_av_block_is_that_of_the_ventricles():
    text = report._prose(view(["SR", "3AVB"], measured=WELL | {"pr_ms": None, "heart_rate_bpm": 38.0}))
    assert text.startswith("Sinus rhythm, ventricular rate 38/min.")


def test_two_answers_in_a_row_say_nothing_twice():
    shown = view(["SR", "LAFB", "ISCLA", "INVT"], measured=WELL | {"axis_deg": -50.0, "leads": {"I": {"t_mv": -0.2}}})
    asked = [focused.ask(shown, random.Random(seed), Counter()) for seed in range(400)]
    topics_of = [a.gold["topic"] for a in asked if a and " and " in a.gold["topic"]]
    assert len(topics_of) > 20
    assert not {"rhythm and rate", "rate and rhythm", "conduction and QRS complexes", "ST segments and T waves",
                "conduction and PR interval"} & set(topics_of)  # fmt: skip


def test_r_progression_is_left_out_where_it_means_nothing():
    poor = WELL | {"r_progression": {"word": "poor", "transition_lead": "V4"}}
    assert aspects.said(view(["SR", "CLBBB"], measured=poor), "R progression") is None
    assert aspects.said(view(["SR", "NORM"], measured=poor), "R progression") is None
    assert aspects.said(view(["SR", "IMI"], measured=poor), "R progression").text == "R progression is poor."


def test_st_elevation_is_not_urgent_where_nobody_stated_any():
    raised = WELL | {"critical": [{"kind": "ST elevation", "leads": ["V1", "V2"], "source": "a"}]}
    assert aspects.said(view(["SR", "ISCLA"], measured=raised), "urgency") is None
    assert aspects.said(view(["SR", "STE_"], measured=raised), "urgency").text.startswith("The ST segments are raised")


def test_what_is_plural_stays_plural_in_pairs_of_ecgs():
    views = view(["SR", "QWAVE"], name="a"), view(["SR"], name="b")
    answers = {a.turns[0][1] for s in range(300) if (a := pair._verify(views, random.Random(s), Counter()))}
    assert any("ECG 1 shows them and ECG 2 does not show them" in text for text in answers)


def test_two_patients_are_not_asked_what_changed():
    views = view(["SR", "IMI"], name="a"), view(["SR"], name="b")
    for seed in range(200):
        asked = comparison.ask(views, random.Random(seed), Counter())
        asked_for = asked.turns[0][0] if asked and "code" not in asked.gold else ""
        assert not {"new", "changed", "changes", "resolved"} & set(asked_for.strip("?.").split())


def test_a_second_question_does_not_get_the_same_answer():
    shown = view(["SR"], measured=WELL)
    for seed in range(300):
        first = measurement.ask(shown, random.Random(seed))
        then = followup.ask(first, random.Random(seed))
        assert then is None or len({answer for _, answer in then.turns}) == len(then.turns)


def test_a_brief_number_is_judged_where_the_question_wants_it():
    judged = 0
    for seed in range(400):
        asked = measurement.ask(view(["SR"], measured=WELL), random.Random(seed))
        brief, question = styles(asked).get("briefly", ""), asked.turns[0][0]
        if asked.gold["key"] == "axis_deg" and ("normal" in question or "judge" in question):
            assert brief == "Axis 40°, normal."
            judged += 1
        if asked.gold["key"] == "qt_ms":
            assert "normal" not in question and brief == "QT 380 ms."
    assert judged > 3


def test_poor_leads_are_not_asked_for_what_they_would_show():
    poor = view(["SR"], measured=WELL | {"quality": dict.fromkeys(("V1", "II", "I"), "noisy")})
    assert all(judgeable.judged(poor, random.Random(s), Counter()) is None for s in range(100))
    clean = view(["SR"], measured=WELL | {"quality": {"V1": "good"}})
    assert any(judgeable.judged(clean, random.Random(s), Counter()) for s in range(100))


def test_the_beats_of_a_ventricular_tachycardia_are_not_asked_for_one_by_one():
    run = [event("premature ventricular contraction", t, t + 0.3) for t in (1.0, 1.4, 1.8, 2.2)]
    shown = view(events=[*run, event("ventricular tachycardia", 1.0, 2.6)], seconds=5.0)
    for seed in range(200):
        asked = localization.ask(shown, random.Random(seed), Counter())
        assert asked is None or asked.gold["kind"] != "premature ventricular contraction"


def test_few_leads_show_their_own_findings_and_deny_only_rhythms():
    shown = view(["SR", "IMI", "ASMI", "LVH", "1AVB"]).cut(0.0, 10.0, ("I", "II"))
    assert (shown.has("IMI"), shown.has("1AVB"), shown.has("AFIB")) == (True, True, False)
    assert (shown.has("ASMI"), shown.has("LVH"), shown.has("CLBBB"), shown.has("NORM")) == (None, None, None, None)
    assert (shown.has_class("MI"), shown.has_class("CD"), shown.has_class("HYP")) == (True, True, None)
    assert report.gold(view(["SR", "NORM"]).cut(0.0, 10.0, ("II",))) == {"findings": ["SR"], "superclasses": []}
    limbs_and_chest = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    assert view(["SR", "NORM"]).cut(0.0, 10.0, limbs_and_chest).has("NORM")


def test_a_rhythm_without_pr_interval_has_none():
    fluttering = view(["AFLT"])  # 231 ms were measured
    assert "PR" not in report._prose(fluttering)
    assert "PR" not in aspects.said(view(["AFIB", "CRBBB"]), "conduction").text
    for seed in range(200):
        asked = measurement.ask(fluttering, random.Random(seed))
        assert asked is None or asked.gold["key"] != "pr_ms"
    assert any(measurement.ask(view(["SR"]), random.Random(seed)).gold["key"] == "pr_ms" for seed in range(60))


def test_what_few_leads_cannot_deny_is_not_asked_for():
    shown = view(["SR", "LNGQT", "WPW"]).cut(0.0, 10.0, ("II", "V5"))
    assert shown.has("LNGQT") and not shown.can_deny("LNGQT") and shown.can_deny("SR")
    asked = [_verify(shown, random.Random(seed), Counter()) for seed in range(100)]
    assert {code for a in asked if a for code in a.gold["codes"]} == {"SR"}
