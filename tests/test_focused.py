"""Open questions about one thing are answered with that thing, by statements and measurements, and nothing else."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from test_questions import asserted, event, view

from anyecg.findings import CODES, findings_in_text
from data_builders.questions import aspects, focused
from data_builders.questions.focused_wording import AND, TWO, WORDINGS
from data_builders.questions.plain import plain_phrases
from data_builders.questions.said import ABNORMAL, NORMAL, UNJUDGEABLE
from data_builders.questions.styles import styled

GOOD = {
    "heart_rate_bpm": 72.0, "pr_ms": 160.0, "qrs_ms": 92.0, "qt_ms": 380.0, "qtc_bazett_ms": 416.0, "axis_deg": 45.0,
    "p_ms": 102.0, "rhythm_regularity": "regular", "quality": {"I": "good", "V1": "good"}, "disturbances": {},
    "critical": [], "r_progression": {"word": "normal", "transition_lead": "V4"}, "sokolow_lyon_mv": 2.0,
    "leads": {lead: {"st_j_mv": 0.01, "t_mv": 0.3} for lead in ("I", "II", "V2", "V3", "V4", "V5", "V6")},
}  # fmt: skip
WELL = view(["SR", "NORM"], measured=GOOD)


def text(aspect, codes, **measured):
    found = aspects.said(view(codes, measured=GOOD | measured), aspect)
    return found and found.text


@pytest.mark.parametrize(
    ("aspect", "codes", "measured", "said"),
    [
        ("rhythm", ["AFIB"], {"rhythm_regularity": "irregular"}, "Atrial fibrillation, rate 72/min, irregular."),
        ("rhythm", ["SR", "PVC"], {}, "Sinus rhythm, rate 72/min, with premature ventricular contractions."),
        ("P waves", ["AFIB"], {}, "There are no P waves: atrial fibrillation."),
        ("conduction", ["SR", "LAFB"], {}, "Left anterior fascicular block. PR 160 ms and QRS 92 ms."),
        ("PR interval", ["SR", "1AVB"], {"pr_ms": 231.0},
         "First-degree AV block. The PR interval is 231 ms, which is long (normal 120-200 ms)."),
        ("QRS complexes", ["SR", "CLBBB"], {"qrs_ms": 150.0}, "Complete left bundle branch block; QRS 150 ms."),
        ("T waves", ["SR", "INVT"], {"leads": {"V2": {"t_mv": -0.2}, "V3": {"t_mv": 0.2}}}, "Inverted T waves in V2."),
        ("ST segments", ["SR", "STD_"], {"leads": {"V5": {"st_j_mv": -0.15}}}, "ST depression; ST is depressed in V5."),
        ("QT interval", ["SR", "LNGQT"], {"qtc_bazett_ms": 500.0},
         "Long QT interval. The QTc by Bazett is 500 ms, which is long (normal 350-460 ms)."),
        ("hypertrophy", ["SR", "LVH"], {"sokolow_lyon_mv": 4.1},
         "Left ventricular hypertrophy; Sokolow-Lyon index 4.10 mV."),
        ("ischaemia", ["SR", "IMI"], {}, "Inferior myocardial infarction."),
        ("urgency", ["SR", "INJAS"], {}, "Anteroseptal subendocardial injury. This may be acute: ask for symptoms and "
         "an earlier ECG, and take troponin."),
        ("urgency", ["SR", "3AVB"], {}, "Third-degree AV block. Monitor the patient and be ready to pace."),
        ("quality", ["SR"], {"quality": {"I": "loose", "V1": "good"}}, "I is loose and cannot be judged."),
        ("quality", ["SR"], {"disturbances": {"I": ["mains hum"]}}, "All leads are readable, with mains hum in I."),
        ("against normal", ["SR", "IRBBB"], {"axis_deg": -50.0},
         "Incomplete right bundle branch block. Axis -50° (left)."),
        ("plain words", ["AFIB"], {}, "The heartbeat is irregular because the upper chambers flicker instead of "
         "beating. A doctor has to judge this together with how you feel."),
        ("next", ["SR", "LVH"], {"critical": []}, None),
    ],
)  # fmt: skip
def test_an_aspect_is_said_by_itself(aspect, codes, measured, said):
    if said is None:
        assert text(aspect, codes, **measured).startswith("Left ventricular hypertrophy: ")
    else:
        assert text(aspect, codes, **measured) == said


def test_a_normal_ecg_is_normal_in_each_aspect():
    states = {name: found.state for name in aspects.ASPECTS if (found := aspects.said(WELL, name))}
    assert {name for name, state in states.items() if state != NORMAL} == {"next", "plain words"}
    assert states.keys() == aspects.ASPECTS.keys()


@pytest.mark.parametrize(
    ("aspect", "codes", "measured"),
    [
        ("conduction", ["SR"], {"pr_ms": 240.0}), ("T waves", ["SR"], {"leads": {"V4": {"t_mv": -0.4}}}),
        ("ST segments", ["SR"], {"leads": {"V5": {"st_j_mv": -0.2}}}),
        ("QT interval", ["SR"], {"qtc_bazett_ms": 510.0}),
        ("P waves", ["SR"], {"p_ms": 140.0}), ("urgency", ["SR", "WPW"], {}),
    ],
)  # fmt: skip
def test_nothing_is_said_where_statement_and_measurement_part(aspect, codes, measured):
    assert text(aspect, codes, **measured) is None


def test_nothing_is_called_normal_that_nobody_judged():
    rhythm_only = view(["SR"], known=["rhythm"], measured=GOOD)
    known = {name for name in aspects.ASPECTS if aspects.said(rhythm_only, name)}
    assert known == {"rhythm", "rate", "axis", "PR interval", "R progression", "quality"} - {"PR interval"}


def test_answers_assert_their_codes_and_deny_nothing_that_holds():
    rng = random.Random(0)
    for _ in range(300):
        shown = view(rng.sample([c for c in CODES if c != "NORM"], rng.randint(1, 5)), measured=GOOD)
        for name in aspects.ASPECTS:
            if found := aspects.said(shown, name):
                assert asserted(found.text) == set(found.codes), (name, found)
                denied = [code for code, holds in findings_in_text(found.text).items() if not holds]
                assert not any(shown.has(code) for code in denied), (name, found)
                assert set(found.codes) <= set(shown.present()) and found.truth, (name, found)


def test_an_answer_is_short():
    for codes in (["SR", "NORM"], ["AFIB", "IMI", "LVH", "ISCAL"], ["SR", "CLBBB", "INVT"]):
        for name in aspects.ASPECTS:
            assert len(text(name, codes) or "") <= 260, name


def test_yes_and_no_fit_the_wording_of_the_question():
    sick, rng, seen = view(["AFIB", "IMI", "INVT"], measured=GOOD), random.Random(1), Counter()
    for _ in range(800):
        shown = rng.choice((WELL, sick))
        asked = focused.ask(shown, rng, Counter())
        if asked is None or " and " in asked.gold["topic"]:
            continue
        (question, answer), topic = asked.turns[0], asked.gold["topic"]
        start = answer.partition(". ")[0]
        start = start if start in ("Yes", "No", "Possibly") else ""
        wording, state = WORDINGS[topic], asked.gold["answer"][0]
        among = lambda texts: question in texts or question in [t.lower().rstrip("?.") for t in texts]  # noqa: E731, B023
        kind = "normal" if among(wording.if_normal) else "abnormal" if among(wording.if_abnormal) else "open"
        expected = {("normal", NORMAL): "Yes", ("normal", ABNORMAL): "No", ("abnormal", NORMAL): "No",
                    ("abnormal", ABNORMAL): "Yes", ("abnormal", "unclear"): "Possibly"}  # fmt: skip
        assert start == expected.get((kind, state), ""), (question, answer)
        seen[start] += 1
    assert min(seen[start] for start in ("Yes", "No", "Possibly", "")) > 2


def test_normal_and_abnormal_answers_are_even_per_aspect():
    views = [WELL, WELL, WELL, view(["AFIB", "IMI", "INVT", "LVH"], measured=GOOD)]
    rng, balance, said = random.Random(2), Counter(), Counter()
    for _ in range(600):
        asked = focused.ask(rng.choice(views), rng, balance)
        for topic, state in (
            zip(*(asked.gold["topic"].split(" and "), asked.gold["answer"]), strict=True) if asked else ()
        ):
            said[topic, state] += 1
    topics = {topic for topic, _ in said if said[topic, NORMAL] and said[topic, ABNORMAL]}
    assert len(topics) > 5
    assert all(abs(said[topic, NORMAL] - said[topic, ABNORMAL]) <= 1 for topic in topics)


def test_every_aspect_has_its_wordings_and_a_new_one_for_the_test_split():
    assert WORDINGS.keys() == aspects.ASPECTS.keys() and len(WORDINGS) >= 12
    lists = [texts for w in WORDINGS.values() for texts in (w.open, w.if_normal, w.if_abnormal) if texts]
    assert all(len(set(texts)) == len(texts) >= 5 for texts in lists)
    assert all(len(wording.open) >= 7 for wording in WORDINGS.values())
    everything = [text for texts in lists for text in texts]
    assert len(everything) == len(set(everything))
    assert min(len(TWO), len(AND)) >= 6
    of_test = {texts[-1] for texts in lists}
    for split in ("train", "test"):
        shown = replace(WELL, split=split)
        asked = [focused.ask(shown, random.Random(seed), Counter()) for seed in range(150)]
        single = [d.turns[0][0] for d in asked if d and " and " not in d.gold["topic"]]
        plain = {text.lower().rstrip("?.") for text in of_test}
        assert all((question.lower().rstrip("?.") in plain) == (split == "test") for question in single)


def test_few_leads_forbid_what_they_cannot_show():
    one = WELL.cut(0.0, 10.0, ("II",))
    found = aspects.said(one, "ischaemia")
    assert found.state == UNJUDGEABLE and found.text == "Ischaemia cannot be judged from lead II alone."
    assert aspects.said(one, "T waves") is None and aspects.said(one, "rhythm").state == NORMAL


def test_a_rhythm_without_a_statement_is_told_with_its_place():
    facts = {"rhythms": [{"name": "ventricular fibrillation", "start_s": 0.0, "end_s": 10.0}]}
    shown = replace(view(["SR"], measured=GOOD), facts=facts)
    assert aspects.said(shown, "rhythm").text == "Ventricular fibrillation throughout (0.0-10.0 s)."
    assert "emergency" in aspects.said(shown, "urgency").text and aspects.said(shown, "axis") is None


def test_early_beats_are_placed():
    shown = view(["SR", "PVC"], events=[event("premature ventricular contraction", 3.2, 3.6)], measured=GOOD)
    assert aspects.said(shown, "extra beats").text == "Premature ventricular contractions at 3.2-3.6 s."


def test_a_conversation_goes_on_to_another_aspect():
    then = [focused.also(WELL, random.Random(seed)) for seed in range(100)]
    said = {t.gold["topic"]: t.turns[0] for t in then}
    assert "T waves" in said["T waves"][0] and said["T waves"][1] == "The T waves are normal."
    sick = view(["SR", "CLBBB"], measured=GOOD | {"qrs_ms": 150.0})
    states = Counter(focused.also(sick, random.Random(seed)).gold["answer"][0] for seed in range(100))
    assert states[ABNORMAL] > 40


def test_plain_words_name_no_statement_and_fit_all_of_them():
    assert all(plain_phrases([code]) and not asserted(plain_phrases([code])[0]) for code in CODES)


def test_a_style_leaves_focused_answers_alone():
    asked = focused.ask(WELL, random.Random(0), Counter())
    assert all(styled(asked, random.Random(seed)) is asked for seed in range(50))
