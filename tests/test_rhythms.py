"""Rhythms that no SCP statement names: reported, asked for, and scored; reasons of changes between visits."""

import random
from collections import Counter
from dataclasses import replace

from test_questions import MEASURED, event, view

from data_builders.questions import comparison, localization, report, rhythms
from data_builders.sources import simulated
from train.scoring import changes_in_text, question_is_right


def shown(name, start=0.0, end=10.0, codes=(), measured=MEASURED):
    rows = [{"name": name, "start_s": start, "end_s": end}]
    return replace(view(codes, measured=measured), facts={"rhythms": rows})


def reports(shown, n=60):
    return {report.ask(shown, random.Random(seed)).turns[0][1] for seed in range(n)}


def test_ventricular_fibrillation_is_reported_without_rate_and_intervals():
    fibrillating = shown("ventricular fibrillation")
    for text in reports(fibrillating):
        assert "entricular fibrillation throughout (0.0-10.0 s)" in text
        assert "/min" not in text and "QRS" not in text
    assert any("an emergency" in text for text in reports(fibrillating))


def test_tachycardia_of_the_ventricles_is_named_first_and_without_a_rate():
    texts = reports(shown("monomorphic ventricular tachycardia", 2.0, 7.0, ("ABQRS", "SR")))
    assert any(t.startswith("Monomorphic ventricular tachycardia at 2.0-7.0 s. Otherwise sinus rhythm.") for t in texts)
    assert not any("/min" in t for t in texts)  # a rate over two rhythms is that of neither
    assert all("onomorphic ventricular tachycardia at 2.0-7.0 s" in t for t in texts)


def test_questions_on_rhythms_are_scored_right_and_even():
    asked, balance = [], Counter()
    for seed in range(300):
        sick = shown("asystole", 3.4, 10.0) if seed % 2 else replace(shown("x"), facts={"rhythms": []})
        asked.append(rhythms.ask(sick, random.Random(seed), balance))
    asked = [dialogue for dialogue in asked if dialogue is not None]
    assert {a.gold["type"] for a in asked} == {"rhythm verify", "rhythm choose", "rhythm query"}
    for a in asked:
        text = a.turns[0][1]
        assert question_is_right(text, a.gold, text) == 1.0, text
    verified = Counter(
        a.gold["answer"][0] for a in asked if a.gold["type"] == "rhythm verify" and "asystole" in a.turns[0][0]
    )
    assert verified["yes"] and verified["no"]


def test_a_record_that_does_not_say_is_not_asked():
    assert rhythms.ask(view(), random.Random(0), Counter()) is None


def test_the_simulator_names_every_critical_rhythm():
    from anyecg.simulate import simulate

    named = {}
    for condition in ("VFIB", "ASYSTOLE", "PVT", "IVR", "AIVR", "PACE-FAIL", "JUNC", "MOBITZ2"):
        ecg = next(simulate(1, seed=3, conditions=[condition], sampling_rate=100.0))
        named[condition] = {row["name"] for row in simulated._facts(ecg, None)["rhythms"]}
    assert named["VFIB"] == {"ventricular fibrillation"} and named["ASYSTOLE"] == {"asystole"}
    assert named["PVT"] == {"polymorphic ventricular tachycardia"} and named["JUNC"] == {"junctional rhythm"}
    assert named["IVR"] == {"idioventricular rhythm"} and named["AIVR"] == {"accelerated idioventricular rhythm"}
    assert "failure of the pacemaker to capture" in named["PACE-FAIL"]
    assert named["MOBITZ2"] == {"second-degree AV block of Mobitz type II"}
    assert set().union(*named.values()) <= set(rhythms.NAMES)


def visits(reason, potassium=(4.1, 6.8), numbers=(0, 1)):
    codes = (("NORM", "SR"), ("SR", "LOWT"))
    pair = [replace(view(code), patient_id="p", record_id=str(k)) for k, code in enumerate(codes)]
    return [
        replace(one, facts={"visit": number, "potassium": value, "reason": reason})
        for one, number, value in zip(pair, numbers, potassium, strict=True)
    ]


def compared(views, n=80):
    return [comparison._changes(views, True, random.Random(seed)) for seed in range(n)]


def test_an_answer_gives_potassium_only_where_the_question_does():
    made = compared(visits("high potassium"))
    for dialogue in made:
        question, answer = dialogue.turns[0]
        assert ("6.8 mmol/l" in answer) == ("6.8 mmol/l" in question)
        assert dialogue.provenance[0].endswith("; simulated: high potassium")
        assert changes_in_text(answer) == {"new:LOWT", "resolved:NORM", "unchanged:SR"}
    assert 20 < sum("6.8" in dialogue.turns[0][1] for dialogue in made) < 60


def test_statements_are_not_compared_where_they_hide_a_rhythm():
    pair = [view(("NORM", "SR")), replace(shown("idioventricular rhythm", codes=("ABQRS",)), patient_id="other")]
    assert comparison._changes(pair, False, random.Random(0)) is None
    pair[1] = shown("third-degree AV block", codes=("3AVB", "SR"))
    assert comparison._changes(pair, False, random.Random(0)) is not None


def test_visits_that_do_not_follow_each_other_have_no_reason():
    assert comparison.reason_of(visits("high potassium", numbers=(0, 2))) == ""
    assert comparison.reason_of([view(), view()]) == ""


def test_excerpts_last_up_to_a_minute_in_training_and_half_an_hour_in_tests():
    events = [event("atrial fibrillation", 100.0, 1500.0), event("normal beat", 10.0, 10.3)]
    long = view(events=events, seconds=1800.0, measured=None)
    for split, longest in localization.LONGEST_S.items():
        balance, lengths = Counter(), []
        for seed in range(150):
            dialogue = localization.ask(replace(long, split=split), random.Random(seed), balance, long_share=0.5)
            lengths += [dialogue.views[0].record.duration_s] if dialogue else []
        assert min(lengths) == 5.0 and max(lengths) <= longest + 0.1
        assert max(lengths) > min(longest / 4, 50)
