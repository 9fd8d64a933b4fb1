"""Numeric, lead, counting, pair and follow-up questions: answers that agree with numbers, events and statements."""

import random
from collections import Counter

import pytest
from test_questions import MEASURED, asserted, event, view

from anyecg.leads import STANDARD_LEADS
from data_builders.questions import counting, followup, judgeable, leads, numeric, pair, question, report, series
from data_builders.questions.view import Dialogue
from train.options import option_set
from train.scoring import course_in_text, question_is_right

ABNORMAL = MEASURED | {"p_ms": 100.0, "qtc_bazett_ms": 520.0}


def all_of(ask, n=300):
    """The dialogues of many seeds, those without an answer left out."""
    return [asked for seed in range(n) if (asked := ask(random.Random(seed), Counter())) is not None]


def test_numeric_answers_follow_the_normal_ranges():
    shown = view(measured=ABNORMAL)
    said = {f.name: numeric.status(f, shown) for f in numeric.FEATURES}
    assert said == {
        "RR interval": "within", "P duration": "within", "PR interval": "above", "QRS duration": "within",
        "QTc": "above", "frontal axis": "below", "QT interval": "within",
    }  # fmt: skip
    assert (
        numeric.status(numeric.FEATURES[4], view(measured=MEASURED | {"qtc_bazett_ms": 455.0}, sex="male")) == "above"
    )
    assert numeric.status(numeric.FEATURES[1], view()) is None


def test_numeric_questions_come_in_four_forms_and_are_scored_right():
    asked = all_of(lambda rng, balance: numeric.ask(view(measured=ABNORMAL), rng, balance))
    assert {a.gold["type"] for a in asked} == {"numeric verify", "numeric choose", "numeric range", "numeric query"}
    for a in asked:
        text = a.turns[0][1]
        assert question_is_right(text, a.gold, text) == 1.0
    (query,) = {a.turns[0][1] for a in asked if a.gold["type"] == "numeric query"}
    assert query == "PR interval, QTc and frontal axis."
    ranged = {a.turns[0][1] for a in asked if "PR interval" in a.turns[0][0] and a.gold["type"] == "numeric range"}
    assert ranged <= {"Above: the PR interval is 231 ms (normal 120-200 ms)."}


def test_nothing_measured_asks_no_numeric_question():
    assert numeric.ask(view(measured=None), random.Random(0), Counter()) is None


ST = {
    "quality": {lead: "good" for lead in ("I", "II", "III", "V1", "V2", "V3")} | {"V3": "noisy"},
    "disturbances": {"V1": ["mains hum"], "I": ["baseline wander"]},
    "leads": {lead: {"st_j_mv": 0.01} for lead in STANDARD_LEADS}
    | {"V1": {"st_j_mv": 0.21}, "V2": {"st_j_mv": 0.14}, "II": {"st_j_mv": -0.12}},
}


def test_st_questions_name_the_leads_beyond_a_millimetre():
    asked = all_of(lambda rng, balance: leads._signs(view(measured=ST), rng, balance))
    queries = {a.turns[0][1] for a in asked if a.gold["type"] == "lead query"}
    assert queries == {"V1 and V2.", "II."}
    for a in asked:
        text = a.turns[0][1]
        assert question_is_right(text, a.gold, text) == 1.0
        if a.gold["type"] == "lead verify":
            shifted = {"V1", "V2"} if "elevation" in text else {"II"}
            assert (a.gold["answer"] == ["yes"]) == bool(shifted & set(text.replace(",", "").split())), text


def test_noisy_leads_come_from_annotation_before_measurement():
    assert leads.noisy_leads(view(measured=ST))[0] == ["V1", "V3"]
    marked = view(events=[event("noise", 1, 3, ["V6"])], measured=ST)
    assert leads.noisy_leads(marked)[0] == ["V6"]
    assert leads.noisy_leads(view(measured={})) is None


def test_what_the_leads_do_not_show_cannot_be_judged():
    asked = all_of(lambda rng, balance: judgeable.unjudgeable(view(), rng, balance))
    assert len(asked) > 50
    for a in asked:
        text, shown = a.turns[0][1], a.views[0].record.leads
        assert "cannot be judged" in text and "missing" in text
        missing = text.split(" is missing")[0].split(" are missing")[0].rpartition("lead")[2]
        assert not option_set(missing.removeprefix("s")) & {lead.lower() for lead in shown}
        assert not ({"I", "II"} <= set(shown) and "inferior" in text)  # III and aVF follow from I and II


def test_the_same_words_are_asked_where_the_leads_suffice():
    shown = view(["CRBBB"], known=["statements"])
    balance = Counter()
    asked = [judgeable.judged(shown, random.Random(seed), balance) for seed in range(60)]
    told = [a for a in asked if a is not None]
    assert {a.gold["answer"][0] for a in told} == {"yes", "no"}
    for a in told:
        question, text = a.turns[0]
        assert ("right bundle branch block" in text) == (a.gold["answer"] == ["yes"])
        assert question_is_right(text, a.gold, text) == 1.0
        assert any(question == q.format(x=x) for q in judgeable.ASKED for x in judgeable.CODES)
    assert judgeable.judged(view().cut(0.0, 10.0, ("I", "II")), random.Random(0), Counter()) is None


BEATS = [event("premature ventricular contraction", t, t + 0.4) for t in (1.0, 4.0, 4.35)]


def test_what_cannot_be_judged_is_asked_in_the_words_of_what_can():
    balance, said = Counter(), {}
    for seed in range(400):
        codes = (["CRBBB"], ["IMI"], ["LVH"], ["NORM"])[seed % 4]
        asked = judgeable.ask(view(codes, known=["statements"]), random.Random(seed), balance)
        if asked is not None:
            topic = next(x for x in judgeable.CODES if x in asked.turns[0][0])
            said.setdefault(topic, Counter())[asked.gold["type"]] += 1
    assert said.keys() == judgeable.CODES.keys()
    assert all(0.3 < n["unjudgeable"] / n.total() < 0.7 for n in said.values()), said


def test_beats_are_counted():
    shown = view(events=[*BEATS, event("normal beat", 2, 2.3)])
    asked = all_of(lambda rng, balance: counting.ask(shown, rng, balance))
    said = {a.gold["kind"]: a.turns[0][1] for a in asked}
    assert said["premature ventricular contraction"] == "Three premature ventricular contractions."
    assert said["normal beat"] == "One normal beat."
    assert said["premature atrial contraction"] == "No premature atrial contractions."
    assert question_is_right("3 of them.", {"type": "count", "answer": ["3"], "codes": []}, "") == 1.0
    assert question_is_right("Two.", {"type": "count", "answer": ["3"], "codes": []}, "") == 0.0
    assert counting.ask(view(), random.Random(0), Counter()) is None


def two(first, second, same=True, **measured):
    from dataclasses import replace

    one, other = view(first, name="a"), view(second, name="b", measured=MEASURED | measured)
    return (one, replace(other, patient_id=one.patient_id)) if same else (one, other)


@pytest.mark.parametrize("same", [True, False])
def test_pair_answers_agree_with_the_statements_of_both(same):
    views = two(["SR", "IMI", "PVC"], ["AFIB", "IMI"], same)
    assert pair.related(views, "new") == ["AFIB"]
    assert pair.related(views, "gone") == ["PVC", "SR"]
    assert pair.related(views, "still") == ["IMI"]
    asked = all_of(lambda rng, balance: pair.ask(views, rng, balance))
    assert {a.gold["type"] for a in asked} == {"pair verify", "pair query", "pair numeric verify", "pair numeric query"}
    assert {a.gold["relation"] for a in asked} == {"consecutive" if same else "irrelevant"}
    for a in asked:
        text = a.turns[0][1]
        assert question_is_right(text, a.gold, text) == 1.0, a
        if a.gold["type"] == "pair query":
            assert asserted(text) == set(a.gold["codes"])
        words = ("no longer", "resolved", "since", "still", "earlier")
        assert same or not any(word in a.turns[0][0] for word in words)


def test_pair_questions_do_not_tell_their_answer():
    views, balance, answers = two(["SR", "IMI", "PVC"], ["AFIB", "IMI"]), Counter(), Counter()
    for seed in range(400):
        asked = pair.ask(views, random.Random(seed), balance)
        if asked and asked.gold["type"] == "pair verify":
            answers[asked.gold["answer"][0]] += 1
    assert abs(answers["yes"] - answers["no"]) < 0.2 * sum(answers.values())


def test_numeric_changes_follow_the_normal_ranges():
    views = two(["SR"], ["SR"], pr_ms=180.0, qrs_ms=140.0)
    asked = all_of(lambda rng, balance: pair._numeric_query(views, rng, balance))
    assert {a.turns[0][1] for a in asked} == {"QRS duration.", "PR interval.", "Frontal axis."}


def test_a_course_tells_each_step_and_is_scored_as_it_is_told():
    from dataclasses import replace

    codes = (["SR", "IMI"], ["AFIB", "IMI"], ["AFIB", "IMI"], ["SR", "IMI", "LAFB"])
    views = [view(c, name=f"v{k}") for k, c in enumerate(codes)]
    views = [
        replace(v, patient_id="p", record=replace(v.record, recorded_at=f"202{k}-03-01T10:00:00"))
        for k, v in enumerate(views)
    ]
    told = series.ask(views, random.Random(0))
    assert told.turns[0][1] == (
        "ECG 1: sinus rhythm and inferior myocardial infarction. "
        "ECG 2 (2021-03-01): new atrial fibrillation; no longer sinus rhythm. ECG 3 (2022-03-01): unchanged. "
        "ECG 4 (2023-03-01): new sinus rhythm and left anterior fascicular block; no longer atrial fibrillation."
    )
    assert course_in_text(told.turns[0][1]) == {
        "2:new:AFIB", "2:resolved:SR", "4:new:SR", "4:new:LAFB", "4:resolved:AFIB"
    }  # fmt: skip
    assert told.gold["steps"][1] == {"new": [], "resolved": [], "unchanged": ["AFIB", "IMI"]}
    assert series.ask(views[:2], random.Random(0)) is None
    assert series.ask([*views[:2], view(["SR"], name="other")], random.Random(0)) is None


def test_one_finding_is_followed_through_a_course():
    from dataclasses import replace

    codes = (["SR"], ["AFIB", "IMI"], ["SR", "IMI"])
    views = [replace(view(c, name=f"v{k}"), patient_id="p") for k, c in enumerate(codes)]
    told = all_of(lambda rng, balance: series.follow(views, rng, balance))
    said = {t.provenance[0]: t.turns[0][1] for t in told}
    assert said["test: AFIB"] == "ECG 2: new atrial fibrillation. ECG 3: no longer atrial fibrillation."
    assert said["test: SR"] == "ECG 1: sinus rhythm. ECG 2: no longer sinus rhythm. ECG 3: new sinus rhythm."
    assert said["rates measured by anyecg.measure"] == "Rate 84/min in ECG 1, 84/min in ECG 2 and 84/min in ECG 3."
    steps = next(t.gold["steps"] for t in told if t.provenance == ("test: AFIB",))
    assert course_in_text(said["test: AFIB"]) == {
        f"{k}:{change}:AFIB" for k, step in enumerate(steps, 2) for change in ("new", "resolved") if step[change]
    }
    assert series.follow(views[:2], random.Random(0), Counter()) is None


def test_a_finding_that_is_followed_is_there_as_often_as_not():
    from dataclasses import replace

    views = [replace(view(["SR", "AFIB"][k % 2 : k % 2 + 1], name=f"v{k}"), patient_id="p") for k in range(3)]
    rng, balance = random.Random(0), Counter()
    told = [t for _ in range(400) if (t := series.follow(views, rng, balance)) and "rates" not in t.gold]
    absent = [t for t in told if t.gold.get("answer") == []]
    assert absent and all(t.turns[0][1].startswith("None of them shows") for t in absent)
    assert abs(len(told) - 2 * len(absent)) <= 2


def test_follow_ups_refer_back_and_keep_their_own_gold():
    shown = view(["SR", "PVC"], events=BEATS)
    first = Dialogue("question", (shown,), (("Are there PVCs?", "Yes."),), ("x",), {"type": "verify", "codes": ["PVC"]})
    then = all_of(lambda rng, balance: followup.ask(first, rng))
    assert {t.task for t in then} == {"localization", "measurement", "question"}
    for t in then:
        assert len(t.turns) == 2 and t.turns[0] == first.turns[0] and len(t.provenance) == 2
        if t.task == "localization":
            assert "1.0-1.4 s" in t.turns[1][1]
        if t.task == "question" and t.gold["type"] == "knowledge":
            assert t.turns[1][1] == t.gold["answer"][0]


def test_without_a_finding_only_numbers_and_other_aspects_follow():
    first = Dialogue("report", (view(["NORM", "SR"]),), (("Report.", "x"),), ("x",), {"findings": ["NORM"]})
    then = all_of(lambda rng, balance: followup.ask(first, rng))
    assert {t.task for t in then} == {"measurement", "question"}
    assert {t.gold["type"] for t in then if t.task == "question"} == {"focused"}


def test_reports_come_in_three_styles_that_say_only_what_holds():
    shown, styles = view(["SR", "IMI", "LAFB", "QWAVE", "PVC"]), set()
    for seed in range(80):
        told = report.ask(shown, random.Random(seed))
        asked, text = told.turns[0]
        styles.add("brief" if asked in report.BRIEF else "structured" if asked in report.STRUCTURED else "prose")
        assert asserted(text) == set(told.gold["findings"])
        if asked in report.BRIEF:
            assert text == (
                "Sinus rhythm, rate 84/min: inferior myocardial infarction, left anterior fascicular block and "
                "premature ventricular contractions."
            )
        if asked in report.STRUCTURED:
            assert [line.split(":")[0] for line in text.splitlines()] == [
                "Rhythm", "Intervals", "Findings", "Conclusion"
            ]  # fmt: skip
    assert styles == {"brief", "structured", "prose"}


def test_questions_cover_all_kinds():
    shown = view(["SR", "PVC", "IMI"], events=[*BEATS, event("noise", 2.0, 3.0, ["V1"])], measured=ABNORMAL | ST)
    kinds = {a.gold["type"] for a in all_of(lambda rng, balance: question.ask(shown, rng, balance), 1200)}
    assert kinds >= {
        "verify", "choose", "query", "knowledge", "out of scope", "numeric verify", "numeric range", "noise verify",
        "lead verify", "unjudgeable", "count", "focused",
    }  # fmt: skip


@pytest.mark.parametrize(
    "table",
    [
        numeric._VERIFY, numeric._RANGE, numeric._QUERY, leads._NOISE_VERIFY, leads._NOISE_QUERY, leads._SIGN_VERIFY,
        leads._SIGN_QUERY, leads._SIGNS_OF_LEAD, judgeable.ASKED, counting._ASKED,
        followup._WHERE, followup._AND, *followup._BACK.values(),
        report.BRIEF, report.STRUCTURED, series._ASKED,
    ],
)  # fmt: skip
def test_every_table_has_eight_phrasings_or_more(table):
    assert len(set(table)) == len(table) >= 8
