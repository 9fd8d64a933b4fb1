"""Questions and answers: true to the labels, numbers as the prompt prints them, nothing denied that nobody judged."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from anyecg.conversation import LABEL_GROUPS
from anyecg.findings import CODES, FINDINGS, SUBCLASSES, findings_in_text, superclasses_of
from anyecg.leads import STANDARD_LEADS
from anyecg.record import EcgRecord
from data_builders.questions import comparison, knowledge, localization, measurement, question, report
from data_builders.questions.view import View
from data_builders.questions.wording import IMPORTANCE, RHYTHM_ORDER, SUBCLASS_NAMES, bare
from data_builders.sources.ptbxl import labels_of_classes, labels_of_statements

MEASURED = {
    "heart_rate_bpm": 83.6, "pr_ms": 231.0, "qrs_ms": 90.0, "qt_ms": 380.0, "qtc_bazett_ms": 449.0, "axis_deg": -44.4,
    "rhythm_regularity": "regular", "quality": {},
}  # fmt: skip
ALL_EVENTS = (*localization.LOCALIZABLE, "normal beat")


def view(codes=(), *, known=LABEL_GROUPS, events=(), measured=MEASURED, seconds=10.0, sex="female", name="a"):
    findings, _ = labels_of_statements(codes)
    record = EcgRecord(np.zeros((12, int(seconds * 50)), np.float32), STANDARD_LEADS, 50.0, name, 50.0, sex)
    return View(
        name, f"patient-{name}", "train", record, 0.0, seconds, (), frozenset(findings), frozenset(known),
        tuple(events), frozenset(ALL_EVENTS if events else ()), "test", measured, lambda part: dict(MEASURED),
    )  # fmt: skip


def event(kind, start, end, leads=()):
    return {"kind": kind, "start_s": start, "end_s": end, "leads": list(leads)}


def asserted(text):
    return {code for code, holds in findings_in_text(text).items() if holds}


def test_every_statement_has_a_place_in_reports():
    placed = [code for group in IMPORTANCE for code in group] + list(RHYTHM_ORDER) + ["NORM"]
    assert sorted(placed) == sorted(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_wording_of_a_statement_is_read_back_as_it(code):
    assert asserted(f"It shows {bare(code)}.") == {code}


def test_every_open_subclass_has_a_name_that_claims_no_statement():
    several = [name for name in SUBCLASSES if sum(f.subclass == name for f in FINDINGS.values()) > 1]
    assert sorted(SUBCLASS_NAMES) == sorted(several)
    assert not any(asserted(name) for name in SUBCLASS_NAMES.values())


def test_a_report_goes_from_rhythm_to_conclusion():
    told = report.ask(view(["SR", "IMI", "LAFB", "QWAVE"]), random.Random(0))
    assert told.turns[0][1] == (
        "Sinus rhythm, rate 84/min. PR 231 ms (long) and axis -44° (slightly left). Inferior myocardial infarction, "
        "left anterior fascicular block and Q waves. Conclusion: abnormal ECG with myocardial infarction and "
        "a conduction disturbance."
    )
    assert told.gold == {"findings": ["SR", "IMI", "LAFB", "QWAVE"], "superclasses": ["MI", "CD"]}


def test_a_report_asserts_exactly_its_gold_findings():
    rng = random.Random(1)
    for _ in range(300):
        codes = rng.sample([c for c in CODES if c != "NORM"], rng.randint(1, 6))
        told = report.ask(view(codes), rng)
        assert asserted(told.turns[0][1]) == set(told.gold["findings"]), told.turns[0][1]
        assert set(told.gold["superclasses"]) == set(superclasses_of(codes))


def test_a_normal_report_is_short():
    told = report.ask(view(["NORM", "SR"]), random.Random(0))
    assert told.turns[0][1] == "Sinus rhythm, rate 84/min. Conclusion: normal ECG."


def test_a_report_from_classes_alone_names_no_statement_that_is_not_certain():
    findings, known = labels_of_classes(["MI", "HYP"], ["IMI", "LVH"], [], ["SR"])
    classes_only = replace(view(), findings=frozenset(findings), known=frozenset(known))
    text = report.ask(classes_only, random.Random(0)).turns[0][1]
    assert asserted(text) == {"SR", "LVH"}
    assert "yocardial infarction of the inferior region" in text


def test_absence_is_said_only_where_it_is_known():
    rhythm_only = view(["AFIB"], known=["rhythm"])
    assert rhythm_only.has("AFIB") is True
    assert rhythm_only.has("AFLT") is False
    assert rhythm_only.has("IMI") is None and rhythm_only.has_class("MI") is None
    asked = [question._verify(rhythm_only, random.Random(seed), Counter()) for seed in range(80)]
    assert sum(dialogue is not None for dialogue in asked) > 30
    for dialogue in filter(None, asked):
        about = asserted(dialogue.turns[0][0])
        assert all("r" in FINDINGS[code].kinds for code in about), dialogue.turns


def test_an_absent_class_denies_its_statements():
    findings, known = labels_of_classes(["CD"], ["IRBBB"], [], ["SR"])
    classes_only = replace(view(), findings=frozenset(findings), known=frozenset(known))
    assert classes_only.has("IRBBB") is True
    assert classes_only.has("LVH") is False
    assert replace(classes_only, findings=frozenset(["super:MI", "sub:IMI"])).has("IMI") is None


def test_a_no_that_would_mislead_is_not_said():
    assert view(["SBRAD"]).has("SR") is None
    assert view(["ASMI"]).has("AMI") is None
    assert view(["PVC"]).has("PRC(S)") is None
    assert view(["SR"]).has("PRC(S)") is False


def test_yes_and_no_are_balanced_for_each_statement():
    rng, balance = random.Random(3), Counter()
    views = [view(codes) for codes in (["AFIB", "LVH"], ["SR", "NORM"], ["SR", "PVC", "CLBBB"], ["STACH", "IMI"])]
    answers = Counter()
    for _ in range(400):
        asked = question._verify(rng.choice(views), rng, balance)
        if asked is None:
            continue
        answers[asked.gold["answer"][0]] += 1
    assert answers.total() > 200 and abs(answers["yes"] - answers["no"]) <= 2
    assert max(abs(number) for number in balance.values()) <= 2


@pytest.mark.parametrize("seed", range(40))
def test_closed_answers_agree_with_the_labels(seed):
    rng = random.Random(seed)
    shown = view(["AFIB", "ASMI", "CLBBB", "PVC"])
    asked = question.ask(shown, rng, Counter())
    if asked.gold["type"] in ("verify", "choose", "query"):
        assert set(asked.gold["codes"]) <= {"AFIB", "ASMI", "CLBBB", "PVC"}
        assert set(asked.gold["codes"]) <= asserted(asked.turns[0][1])


def test_numbers_are_printed_as_the_prompt_prints_them():
    shown = view(["SR"])
    assert measurement.say(shown, "heart_rate_bpm") == "The heart rate is 84/min, which is normal (normal 60-100/min)."
    assert measurement.say(shown, "pr_ms") == "The PR interval is 231 ms, which is long (normal 120-200 ms)."
    assert measurement.say(shown, "axis_deg") == (
        "The frontal QRS axis is -44°, a slight left axis deviation (normal -30° to 90°)."
    )


def test_what_cannot_be_measured_says_why():
    lacking = MEASURED | {"pr_ms": None, "not_measurable": {"pr_ms": "no P wave found"}}
    assert measurement.say(view(measured=lacking), "pr_ms") == (
        "The PR interval cannot be measured because no P wave was found."
    )


@pytest.mark.parametrize(
    ("key", "value", "sex", "verdict"),
    [
        ("heart_rate_bpm", 59.6, None, "normal"), ("heart_rate_bpm", 54.0, None, "slow"),
        ("qrs_ms", 119.4, None, "normal"),
        ("qrs_ms", 120, None, "slightly wide"), ("qtc_bazett_ms", 455, "male", "slightly long"),
        ("qtc_bazett_ms", 455, "female", "normal"), ("pr_ms", 201, None, "slightly long"),
        ("axis_deg", -100, None, "extreme"), ("axis_deg", 120, None, "right"),
    ],
)  # fmt: skip
def test_a_number_is_judged_as_it_is_printed(key, value, sex, verdict):
    assert measurement.judge(key, value, sex) == verdict


def test_places_are_merged_and_said_in_seconds():
    beats = [event("premature ventricular contraction", s, s + 0.4) for s in (3.2, 3.5, 7.1)]
    shown = view(events=beats)
    intervals = localization.merged_intervals(shown, "premature ventricular contraction")
    assert intervals == [(3.2, 3.9), (7.1, 7.5)]
    assert localization.say_intervals(intervals, 10.0) == "at 3.2-3.9 s and 7.1-7.5 s"
    assert localization.say_intervals([(0.0, 10.0)], 10.0) == "throughout (0.0-10.0 s)"


def test_a_run_of_block_beats_is_one_place_until_another_beat_comes():
    block = [event("left bundle branch block beat", s, s + 0.3) for s in (1.0, 2.0, 4.0)]
    other = event("normal beat", 3.0, 3.3)
    found = localization.merged_intervals(view(events=[*block, other]), "left bundle branch block beat")
    assert found == [(1.0, 2.3), (4.0, 4.3)]


def test_an_excerpt_moves_its_events_and_drops_beats_that_are_cut_off():
    beats = [event("premature ventricular contraction", s, s + 0.4) for s in (1.8, 3.0)]
    part = view(events=beats, seconds=20.0).cut(2.1, 8.0, ("V1",))
    assert [round(e["start_s"], 2) for e in part.events] == [0.9]
    assert part.record.leads == part.leads == ("V1",)
    assert part.record.duration_s == pytest.approx(5.9)
    assert part.findings == part.known == frozenset()


def test_places_asked_for_lie_in_the_excerpt_and_absence_is_balanced():
    rng, balance, found = random.Random(5), Counter(), Counter()
    long = view(
        events=[event("premature ventricular contraction", 37.0 * k + 3, 37.0 * k + 3.4) for k in range(40)]
        + [event("atrial fibrillation", 600.0, 700.0)],
        seconds=1500.0,
    )
    for _ in range(200):
        asked = localization.ask(long, rng, balance)
        if asked is None:
            continue
        part, intervals = asked.views[0], asked.gold["intervals"]
        assert 5 <= part.record.duration_s <= 60.1
        assert all(0 <= start < end <= part.record.duration_s + 0.1 for start, end in intervals)
        assert bool(intervals) == (not asked.turns[0][1].startswith("No "))
        found[asked.gold["kind"], bool(intervals)] += 1
    for kind in ("premature ventricular contraction", "atrial fibrillation"):
        assert found[kind, True] > 10
        assert abs(found[kind, True] - found[kind, False]) <= 12


def test_comparison_names_new_resolved_and_unchanged_findings():
    before, after = view(["SR", "PVC", "LVH"], name="a"), view(["AFIB", "LVH"], name="b")
    same = replace(after, patient_id=before.patient_id)
    told = comparison._changes((before, same), True, random.Random(0))
    assert told.turns[0][1] == (
        "New in ECG 2: atrial fibrillation. Not in ECG 2 any more: sinus rhythm and premature ventricular "
        "contractions. Unchanged: left ventricular hypertrophy. Rate 84/min in ECG 1, 84/min in ECG 2."
    )
    assert told.gold == {"new": ["AFIB"], "resolved": ["SR", "PVC"], "unchanged": ["LVH"], "same_patient": True}


def test_comparison_is_silent_about_what_is_not_known_of_both():
    known, unknown = view(["SR", "LVH"]), view(["SR"], known=["rhythm"], name="b")
    assert comparison._changes((known, unknown), False, random.Random(0)) is None
    asked = [comparison._which((known, unknown), False, random.Random(seed), Counter()) for seed in range(100)]
    kinds = [FINDINGS[a.gold["code"]].kinds for a in asked if a is not None]
    assert kinds and all("r" in kind for kind in kinds)


def test_the_ecgs_that_show_a_finding_are_named():
    three = [view(["AFIB"], name="a"), view(["SR"], name="b"), view(["AFIB"], name="c")]
    asked = [comparison._which(three, False, random.Random(seed), Counter()) for seed in range(100)]
    answers = {a.turns[0][1] for a in asked if a is not None and a.gold["code"] == "AFIB"}
    assert answers == {"ECG 1 and ECG 3 show atrial fibrillation."}


def test_which_ecg_shows_a_finding_is_not_told_by_the_finding():
    ecgs = [view(codes, name=f"v{k}") for k, codes in enumerate((["SR"], ["AFIB"], ["SR", "PVC"], ["SR", "IMI"]))]
    balance, said, rng = Counter(), {}, random.Random(0)
    for _ in range(2000):
        asked = comparison._which(rng.sample(ecgs, 2), False, rng, balance)
        if asked is not None:
            said.setdefault(asked.gold["code"], Counter())[len(asked.gold["answer"])] += 1
    assert said["SR"].keys() == {1, 2} and max(said["SR"].values()) < 0.75 * said["SR"].total()
    assert all(max(said[code].values()) < 0.75 * said[code].total() for code in ("AFIB", "PVC", "IMI"))
    assert sum(n.total() for code, n in said.items() if code not in ("SR", "AFIB", "PVC", "IMI")) < 150


def test_every_question_has_at_least_eight_phrasings():
    tables = [
        report.QUESTIONS, localization.QUESTIONS, localization.QUESTIONS_OF_EPISODES, measurement._PATTERNS,
        measurement._REGULAR, measurement._ALL, question._VERIFY, question._VERIFY_RHYTHM, question._VERIFY_NORMAL,
        question._CHOOSE, *question._QUERY.values(), comparison._CHANGES, comparison._WHICH, comparison._RATE,
        *knowledge.BEYOND.values(), comparison._WHICH_NORMAL,
        *(knowledge.ASPECTS[aspect] + knowledge.HELD_OUT[aspect] for aspect in knowledge.ASPECTS),
    ]  # fmt: skip
    assert all(len(set(table)) == len(table) >= 8 for table in tables)


def test_every_concept_is_whole_sourced_and_named_once():
    concepts = knowledge.concepts()
    assert len(concepts) >= 120
    for name, concept in concepts.items():
        assert concept.keys() - {"code", "also", "part", "chat_only"} == {"name", "source", *knowledge.ASPECTS}, name
        assert concept.get("code", "NORM") in FINDINGS, name
        assert all(concept[aspect].endswith(".") for aspect in knowledge.ASPECTS), name
        assert concept["source"], name
    answers = [concept["means"] for concept in concepts.values()]
    assert len(set(answers)) == len(answers)
    assert concepts.keys() >= knowledge.MEASURED_TERMS


def test_only_test_questions_use_the_held_out_phrasings():
    from dataclasses import replace

    held_out = {p.format(name) for ps in knowledge.HELD_OUT.values() for p in ps for name in knowledge.concepts()}
    for split, expected in (("train", False), ("valid", False), ("test", True)):
        shown = replace(view(["SR"]), split=split)
        asked = [knowledge.ask(shown, random.Random(seed)) for seed in range(200)]
        known = [d.turns[0][0] for d in asked if d.gold["type"] == "knowledge"]
        assert len(known) > 100
        assert all((question in held_out) == expected for question in known)


def test_every_written_answer_is_a_whole_text():
    assert all(text[-1] == "." and text == text.strip() for text in knowledge.BEYOND)


def test_a_place_is_asked_for_only_in_leads_that_show_its_kind():
    block = {"kind": "right bundle branch block beat", "start_s": 1.0, "end_s": 1.3, "leads": ()}
    asked_in = set()
    for seed in range(60):
        said = localization.ask(view(events=[block]), random.Random(seed), Counter())
        if said and said.gold["kind"] == block["kind"]:
            asked_in.add(said.views[0].record.leads)
    assert asked_in and all({"V1", "V2"} & set(leads) or {"I", "V6"} <= set(leads) for leads in asked_in)


def test_no_number_is_asked_of_a_signal_that_nobody_can_judge():
    for quality, asked in (({"I": "loose", "II": "noisy"}, False), ({"I": "loose", "II": "good"}, True)):
        part = view(measured=MEASURED | {"quality": quality})
        assert any(measurement.ask(part, random.Random(seed)) for seed in range(20)) == asked
