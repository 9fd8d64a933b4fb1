"""Wrong numbers of an answer are mended where that is certain, and its places belong to what the text says they are."""

from collections import defaultdict
from types import SimpleNamespace

import pytest

from anyecg.answer import Answer, checked
from anyecg.findings import findings_in_text, probabilities_in_text
from anyecg.mending import mended

MEASURED = {"heart_rate_bpm": 72.0, "pr_ms": 160.0, "not_measurable": {}}

PROBABLE = {"LVH": 0.6, "IMI": 0.31, "NORM": 0.3, "QWAVE": 0.2, "AFIB": 0.12, "ASMI": 0.11}


def about(duration_s=10.0, events=(), normal="likely", **measured):
    """The evidence of one ECG."""
    record = SimpleNamespace(duration_s=duration_s, sex=None)
    return SimpleNamespace(
        record=record, measurements=MEASURED | measured, findings={}, events=list(events), unjudgeable=None,
        verdicts=defaultdict(lambda: SimpleNamespace(word=normal)), thresholds=defaultdict(lambda: 0.5),
        labels=defaultdict(float, {**PROBABLE, "super:HYP": 0.6}), judged=lambda: list(PROBABLE.items()),
    )  # fmt: skip


def test_a_mended_number_is_told_once_and_no_longer_a_contradiction():
    answer = checked(Answer(text="Sinus rhythm, rate 95/min, PR 162 ms."), "What is shown?", [about()])
    assert answer.text == "Sinus rhythm, rate 72/min, PR 162 ms."
    assert answer.contradictions == ["The text gave a heart rate of 95/min; corrected to 72/min."]


def test_what_is_not_certain_stays_and_is_shown():
    answer = checked(Answer(text="The PR interval is 240 ms, which is prolonged."), "What is the PR?", [about()])
    assert "240 ms" in answer.text
    assert any("240 ms; measured 160 ms" in sentence for sentence in answer.contradictions)


@pytest.mark.parametrize("question", ["What is first-degree AV block?", "Explain the PR interval."])
def test_an_answer_about_things_in_general_is_not_mended(question):
    text = "The PR interval is 240 ms in first-degree AV block."
    assert mended(text, question, [about()]) == (text, [])


def test_an_answer_about_two_ecgs_is_not_mended():
    assert mended("Rate 95/min.", "What changed?", [about(), about()]) == ("Rate 95/min.", [])


PVC, PAC, AFIB = "premature ventricular contraction", "premature atrial contraction", "atrial fibrillation"


def test_places_in_several_ecgs_are_held_against_their_own_events():
    first, second = ([{"kind": PVC, "start_s": at, "end_s": at + 0.4}] for at in (1.0, 5.0))
    text = "ECG 1: PVC at 1.0-1.4 s.\n\nECG 2: PVC at 5.0-5.4 s."
    both = [about(events=first), about(events=second)]
    assert checked(Answer(text=text), "Where are the PVCs?", both).contradictions == []


def test_places_of_one_kind_are_not_borne_out_by_beats_of_another():
    events = [{"kind": PVC, "start_s": 1.0, "end_s": 1.4}, {"kind": PAC, "start_s": 5.0, "end_s": 5.3}]
    right = checked(Answer(text="PVC at 1.0-1.4 s and PAC at 5.0-5.3 s."), "Where?", [about(events=events)])
    assert right.contradictions == []
    swapped = checked(Answer(text="PAC at 1.0-1.4 s and PVC at 5.0-5.3 s."), "Where?", [about(events=events)])
    assert f"The text places {PAC} at 1.0-1.4 s; the evidence has none there." in swapped.contradictions
    assert f"The evidence has {PVC} at 1.0-1.4 s, which the text does not name." in swapped.contradictions


def test_a_list_that_says_it_is_cut_short_overlooks_nothing():
    events = [{"kind": PVC, "start_s": float(k), "end_s": k + 0.4} for k in range(9)]
    said = checked(Answer(text="PVCs at 0.0-0.4 s, 1.0-1.4 s and 7 more places."), "Where?", [about(events=events)])
    assert said.contradictions == []


def test_a_report_ends_with_what_it_cannot_exclude():
    said, _ = mended("Left ventricular hypertrophy. Conclusion: abnormal ECG.", "Report.", [about()])
    possible = "inferior myocardial infarction (31 %), normal ECG (30 %), atrial fibrillation (12 %)"
    possible += ", anteroseptal myocardial infarction (11 %)"
    conclusion = "Conclusion: abnormal ECG with hypertrophy (60 %)."
    assert said == f"Left ventricular hypertrophy (60 %). {conclusion} Also possible: {possible}."
    assert findings_in_text(said) == {"LVH": True}
    assert probabilities_in_text(said) == {"LVH": 0.6, "IMI": 0.31, "NORM": 0.3, "AFIB": 0.12, "ASMI": 0.11}
    assert mended("The rate is 72/min.", "What is the rate?", [about()])[0] == "The rate is 72/min."


def test_a_report_in_one_line_ends_with_what_it_cannot_exclude_and_no_rhythm_that_is_called():
    ecg = about()
    ecg.judged = lambda: [("SR", 0.9), ("LVH", 0.6), ("IMI", 0.31)]
    said, _ = mended("Rate 72/min: left ventricular hypertrophy.", "Briefly.", [ecg])
    assert (
        said
        == "Rate 72/min: left ventricular hypertrophy (60 %). Also possible: inferior myocardial infarction (31 %)."
    )


def test_beside_fibrillation_no_pr_interval_is_listed():
    ecg = about()
    text = "Atrial fibrillation, ventricular rate 72/min. Conclusion: abnormal ECG."
    assert "PR 160 ms" in mended(text, "Report.", [ecg])[0]
    ecg.judged = lambda: [("AFIB", 0.9)]
    assert "PR" not in mended(text, "Report.", [ecg])[0]


def test_what_is_only_possible_contradicts_nothing_and_what_cannot_be_judged_is_not_missed():
    ecg = about(p_wave_present=False, rhythm_regularity="irregular")
    ecg.judged = lambda: [("AFIB", 0.47), ("SR", 0.21)]
    ecg.findings = {"LVH": 0.98}
    text = "Atrial fibrillation (47 %). Conclusion: abnormal ECG. Also possible: sinus rhythm (21 %)."
    assert checked(Answer(text=text), "Report.", [ecg], mend=False).contradictions == []


def test_an_answer_that_reassures_is_told_what_is_called():
    said, _ = mended("The T waves are normal.", "How do the T waves look?", [about()])
    assert said == "The T waves are normal. The finding head, however, calls left ventricular hypertrophy 60 %."
    for text in ("Left ventricular hypertrophy, otherwise normal.", "The rate is 72/min."):
        assert mended(text, "And?", [about()])[0] == text
    healthy = about()
    healthy.judged = lambda: [("NORM", 0.95), ("SR", 0.99)]
    assert mended("The T waves are normal.", "T waves?", [healthy])[0] == "The T waves are normal."


def test_what_the_leads_cannot_show_is_not_called_normal():
    text = "Sinus rhythm. Conclusion: normal ECG."
    few = about(normal="cannot be judged")
    few.judged = lambda: [("AFIB", 0.12)]
    said = mended(text, "Report.", [few])[0]
    assert said.startswith("Sinus rhythm. Conclusion: nothing abnormal in these leads. Also possible:")


def test_a_report_lists_the_measured_intervals_and_judges_the_abnormal_ones():
    measured = {"pr_ms": 230.0, "qrs_ms": 133.0, "qtc_bazett_ms": 436.0, "axis_deg": 20.0}
    text = "Sinus rhythm, rate 72/min. QRS 133 ms (slightly wide) and QTc 436 ms (long). Left ventricular hypertrophy."
    said, _ = mended(text, "Report.", [about(**measured)])
    intervals = "PR 230 ms (long), QRS 133 ms (wide), QTc 436 ms and axis 20°."
    assert said.startswith(f"Sinus rhythm, rate 72/min. {intervals} Left ventricular")
    headed = "Rhythm: Sinus rhythm, rate 72/min.\nIntervals: QTc 500 ms (long).\nConclusion: Normal ECG."
    assert mended(headed, "Report.", [about(**measured)])[0].split("\n")[:2] == [
        "Rhythm: Sinus rhythm, rate 72/min.", f"Intervals: {intervals}",
    ]  # fmt: skip


def test_an_abnormal_qtc_at_a_fast_rate_is_also_given_by_fridericia():
    fast = about(heart_rate_bpm=128.0, qtc_bazett_ms=537.0, qtc_fridericia_ms=474.0)
    said, _ = mended("Sinus tachycardia, rate 128/min. Conclusion: normal ECG.", "Report.", [fast])
    assert "QTc 537 ms (long) and QTc by Fridericia 474 ms." in said
    assert not any("QTc" in sentence for sentence in checked(Answer(text=said), "Report.", [fast]).contradictions)


def test_text_that_is_no_report_lists_the_abnormal_intervals_alone():
    clean = mended("Rate 72/min. QTc 436 ms (long). Low voltage.", "Report.", [about(qtc_bazett_ms=436.0)])[0]
    assert clean == "Rate 72/min. Low voltage."
    twice = "Low voltage, premature atrial contractions and premature atrial contractions."
    assert mended(twice, "What?", [about()])[0] == "Low voltage, premature atrial contractions."


def test_a_report_is_mended_whatever_was_asked():
    said, _ = mended("Sinus rhythm, rate 95/min. Conclusion: normal ECG.", "What do you see?", [about()])
    assert said.startswith("Sinus rhythm, rate 72/min. PR 160 ms")
