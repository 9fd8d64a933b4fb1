"""Noise by kind and lead, stage of infarction and heart axis: read from PTB-XL's columns, asked, scored by options."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from test_questions import MEASURED, view

from data_builders.questions import attributes, leads
from data_builders.sources.ptbxl_columns import facts_of, leads_named
from train.scoring import question_is_right

EMPTY = {"baseline_drift": "", "static_noise": "", "burst_noise": "", "electrodes_problems": ""}
NOISE = {"baseline drift": ["V6"], "static noise": ["I", "II"], "burst noise": [], "electrode problems": ["V1"]}


def shown(**facts):
    return replace(view(("IMI",), measured=MEASURED | {"axis_deg": 40.0}), facts=facts)


def asked_of(shown, n=400):
    balance = Counter()
    made = [attributes.ask(shown, random.Random(seed), balance) for seed in range(n)]
    return [dialogue for dialogue in made if dialogue is not None]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", []), (" , I-AVR,  ", ["I", "II", "III", "aVR"]), ("v5-6,  ", ["V5", "V6"]), (" , V 4", ["V4"]),
        ("I,III-AVR", ["I", "III", "aVR"]), (" , I --AVL,  ", ["I", "II", "III", "aVR", "aVL"]), ("leicht", []),
        ("II-AVL.AVF,V1???", ["II", "III", "aVR", "aVL", "aVF", "V1"]), ("v2 mittel", ["V2"]), ("V2,3", ["V2", "V3"]),
    ],
)  # fmt: skip
def test_remarks_on_noise_name_their_leads(text, named):
    assert leads_named(text) == named


def test_all_leads_are_meant_by_alles():
    assert len(leads_named(" , alles, noisy recording,  ")) == 12


def test_columns_say_only_what_is_clear():
    line = EMPTY | {"static_noise": " , leicht, ", "infarction_stadium1": "Stadium II-III", "heart_axis": "ALAD"}
    facts = facts_of(line)
    assert facts["noise"]["static noise"] is None and facts["noise"]["burst noise"] == []
    assert facts["stages"] == ["middle", "old"] and facts["axis"] == "left"
    assert facts_of({"ecg_id": "1"}) == {}
    assert facts_of({"heart_axis": "AXR"}) == {"axis": None}


def test_every_answer_on_attributes_is_scored_right_and_an_empty_one_wrong():
    known = shown(noise=NOISE, stages=["old"], axis="normal")
    made = [attributes.ask(known, random.Random(seed), Counter()) for seed in range(600)]
    asked = [dialogue for dialogue in made if dialogue is not None]
    kinds = {a.gold["type"] for a in asked}
    assert kinds == {
        f"{what} {how}" for what in ("noise", "stage", "axis", "extrasystole") for how in ("verify", "choose", "query")
    }
    for a in asked:
        (question, answer), gold = a.turns[0], dict(a.gold)
        assert question_is_right(answer, gold, answer) == 1.0, (question, answer, gold)
        assert question_is_right("", gold, answer) == 0.0


def test_answers_on_noise_follow_the_columns():
    for a in asked_of(shown(noise=NOISE)):
        question, answer = a.turns[0]
        if a.gold["type"] == "noise verify" and "burst noise" in question:
            assert a.gold["answer"] == ["no"] and answer.startswith("No, there is no burst noise")
        if question == "Which leads show static noise?":
            assert answer == "Static noise in leads I and II." and a.gold["answer"] == ["lead I", "lead II"]
        assert "is electrode problems" not in question + answer and "is there electrode problems" not in question


def test_yes_and_no_are_even_where_both_are_possible():
    known, other = shown(noise=NOISE), shown(noise={kind: [] for kind in NOISE})
    rng, balance = random.Random(0), Counter()
    told = [attributes.ask(rng.choice((known, other)), rng, balance) for _ in range(400)]
    answers = Counter(a.gold["answer"][0] for a in told if a and a.gold["type"] == "noise verify")
    assert answers.total() > 50
    assert abs(answers["yes"] - answers["no"]) <= 6


def test_two_stages_are_both_the_answer():
    asked = asked_of(shown(stages=["middle", "old"]))
    queries = {(a.turns[0][1], tuple(a.gold["answer"])) for a in asked if a.gold["type"] == "stage query"}
    stages = ("middle stage of myocardial infarction", "old stage of myocardial infarction")
    assert queries == {("The infarction is between the middle and the old stage.", stages)}


def test_an_axis_that_the_measurement_denies_is_not_asked_for():
    assert attributes.axis_of(shown(axis="normal")) == "normal"
    assert attributes.axis_of(shown(axis="left")) is None
    assert attributes.axis_of(replace(shown(axis="right"), stored_measurements={"axis_deg": -120.0})) == "extreme"


def test_noise_of_unknown_place_asks_nothing_of_any_lead():
    assert leads.noisy_leads(shown(noise=NOISE | {"static noise": None})) is None
    assert leads.noisy_leads(shown(noise=NOISE))[0] == [
        le for le in shown().record.leads if le in ("I", "II", "V1", "V6")
    ]


def test_an_excerpt_knows_nothing_of_the_noise_of_the_whole():
    whole = shown(noise=NOISE)
    assert whole.cut(0.0, whole.record.duration_s / 2).facts == {}
