"""What stands beside an answer: evidence and traces as HTML, and what both tell in rows."""

from dataclasses import replace

from fake_chat import evidence
from test_session import make_record

import app.strips
from anyecg.answer import Answer
from app.evidence_view import evidence_html
from app.session import plain
from app.strips import describe, longest_paged, sheet_starts, strips_html
from app.tables import ROWS, change_table, measured_lines


def test_nothing_that_comes_from_a_file_or_a_model_is_taken_for_html():
    name = "<script>alert(1)</script>"
    record = make_record(name)
    answer = Answer(text="", contradictions=[name], warnings=[name], evidence=[evidence(record)], done=True)
    answer.intervals = [{"ecg": 1, "start_s": 1.0, "end_s": 2.0, "kind": name, "leads": [name]}]
    answer.evidence[0]["findings"].append({"code": name, "phrase": name, "probability": 0.5, "present": True})
    assert "<script" not in evidence_html(answer) + strips_html([record], answer.intervals)
    assert "<script" not in plain(name)


def test_a_long_recording_is_shown_where_the_answer_points():
    records = [make_record(duration_s=10.0), make_record(duration_s=300.0)]
    late = {"ecg": 2, "start_s": 200.0, "end_s": 201.0, "kind": "noise", "leads": []}
    assert sheet_starts(records, []) == {1: 0.0}
    assert sheet_starts(records, [late]) == {1: 198.0}


def test_what_cannot_be_judged_is_said_and_has_no_probabilities():
    entry = evidence(make_record()) | {"abstained": True, "reason": "no beat was found", "findings": []}
    shown = evidence_html(Answer(evidence=[entry], done=True))
    assert "cannot be judged: no beat was found" in shown and "Findings and their probability" not in shown


def test_serial_ecgs_show_how_the_measurements_changed():
    entries = [evidence(make_record("a")), evidence(make_record("b")) | {"differences_from_ecg_1": {"qrs_ms": 14.2}}]
    shown = evidence_html(Answer(evidence=entries, done=True))
    assert "92 ms" in shown and "+14 against ECG 1" in shown


def test_of_several_ecgs_the_marked_or_else_the_newest_is_unfolded():
    records = [make_record("a"), make_record("b"), make_record("c")]
    mark = {"ecg": 2, "start_s": 1.0, "end_s": 2.0, "kind": None, "leads": []}
    folds = [part.split(">")[0] for part in strips_html(records).split("<details")[1:]]
    assert [" open" in fold for fold in folds] == [False, False, True]
    folds = [part.split(">")[0] for part in strips_html(records, [mark]).split("<details")[1:]]
    assert [" open" in fold for fold in folds] == [False, True, False]


def test_every_place_in_the_evidence_is_a_button_with_its_time():
    mark = {"ecg": 2, "start_s": 1.5, "end_s": 2.0, "kind": "noise", "leads": ["II"]}
    shown = evidence_html(Answer(evidence=[evidence(make_record()), evidence(make_record())], done=True), (), [mark])
    assert 'data-ecg="2" data-start="1.500" data-end="2.000" data-kind="noise"' in shown
    assert "ECG 2: noise" in shown and "1.5-2.0 s in II" in shown


def test_a_value_outside_its_normal_range_is_told_beside_the_range():
    values = evidence(make_record())["measurements"] | {"qrs_ms": 140.0, "qtc_bazett_ms": 455.0}
    lines = {line.name: line for line in measured_lines(values, "male")}
    assert (lines["QRS duration"].value, lines["QRS duration"].verdict) == ("140 ms", "wide")
    assert lines["QTc (Bazett)"].verdict == "slightly long" and not lines["PR interval"].verdict
    assert lines["QTc (Bazett)"].normal == "350-450 ms in men"
    woman = {line.name: line for line in measured_lines(values, "female")}
    assert not woman["QTc (Bazett)"].verdict
    shown = evidence_html(Answer(evidence=[evidence(make_record()) | {"measurements": values}], done=True))
    assert "<b>wide</b>" in shown and "normal below 120 ms" in shown


def test_groups_that_the_leads_cannot_show_have_no_probability():
    shown = evidence_html(Answer(evidence=[evidence(make_record())], done=True), [make_record(leads=("II", "V1"))])
    assert "<td>myocardial infarction</td><td>cannot be judged</td>" in shown
    assert "<td>conduction disturbance</td><td>5%</td>" in shown


def test_the_first_marked_place_or_the_chosen_one_is_scrolled_to():
    early = {"ecg": 1, "start_s": 1.0, "end_s": 2.0, "kind": "noise", "leads": []}
    late = early | {"start_s": 8.0, "end_s": 8.5}
    places = [
        float(strips_html([make_record()], marks).split('data-x="')[1].split('"')[0])
        for marks in ([late, early], [late | {"chosen": True}, early])
    ]
    assert 0.1 < places[0] < 0.2 and 0.7 < places[1] < 0.85
    assert "data-x" not in strips_html([make_record()])


def test_only_the_sheet_that_changed_is_drawn_again_and_nothing_is_kept_of_what_is_gone(monkeypatch):
    drawn = []
    draw = app.strips.draw_strip
    monkeypatch.setattr(
        "app.strips.draw_strip", lambda record, **options: drawn.append(record.name) or draw(record, **options)
    )
    records = [make_record("a"), make_record("b")]
    mark = {"ecg": 2, "start_s": 1.0, "end_s": 2.0, "kind": "noise", "leads": []}
    before = strips_html(records)
    assert strips_html(records, [mark]) != before == strips_html(records)
    assert drawn == ["a", "b", "b", "b"]
    kept = {id(record) for record in records}
    del records
    assert not kept & set(app.strips._KEPT)


def test_what_was_not_measured_is_told_once_per_reason():
    reasons = {"axis_deg": "no limb leads", "p_axis_deg": "no limb leads", "cornell_mv": "it takes aVL as well"}
    values = evidence(make_record())["measurements"] | {"not_measurable": reasons}
    told = [line.value for line in measured_lines(values) if line.name == "Not measurable"]
    assert told == ["QRS axis, P axis: no limb leads", "Cornell voltage: it takes aVL as well"]
    none = {"not_measurable": {key: "no QRS complex was found" for row in ROWS for key in row.keys}}
    assert [line.value for line in measured_lines(none)] == ["rate, intervals and axes: no QRS complex was found"]


def test_changes_have_the_digits_of_their_unit():
    rows = [
        {"title": "T axis", "leads": [], "values": [22.4, -0.3], "exceeds": [None, False], "unit": "°", "limit": 60},
        {"title": "Voltage", "leads": [], "values": [3.2, 0.97], "exceeds": [None, True], "unit": "mV", "limit": 1.28},
        {
            "title": "Rhythm",
            "leads": [],
            "values": ["regular", None],
            "exceeds": [None, None],
            "unit": "",
            "limit": None,
        },
    ]
    assert change_table({"order": [1, 2], "rows": rows})[1] == [
        ["T axis", "22", "0", "60°"], ["Voltage", "3.20", "0.97 *", "1.28 mV"], ["Rhythm", "regular", "–", ""]
    ]  # fmt: skip


def test_a_critical_value_that_does_not_last_can_be_shown_on_the_trace():
    value = {"kind": "pause", "sentence": "A pause.", "source": "rule", "leads": [], "ecg": 1, "start_s": 3.0}
    answer = Answer(evidence=[evidence(make_record())], done=True, critical=[value | {"end_s": 6.5}])
    assert 'A pause. (rule)<br><button type="button" class="place" data-ecg="1" data-start="3.000"' in evidence_html(
        answer, [make_record()]
    )
    answer.critical = [value | {"start_s": 0.0, "end_s": 10.0}]
    assert "A pause. (rule)</li>" in evidence_html(answer, [make_record()])


def test_places_are_listed_again_unless_all_of_them_stand_above():
    entry = evidence(make_record())
    beat = entry["events"][0]
    entry["events"] = [beat, beat | {"start_s": 5.0, "end_s": 5.4}]
    marks = [{"ecg": 1, **place} for place in entry["events"]]
    answer = Answer(evidence=[entry], done=True)
    assert evidence_html(answer, (), marks).count('data-start="5.000"') == 1
    assert evidence_html(answer, (), marks[:1]).count('data-start="5.000"') == 1
    assert "marked above" not in evidence_html(answer, (), marks[:1])


def test_a_recording_is_described_in_a_line_that_people_read():
    holter = replace(make_record(duration_s=1806.0, leads=("II",)), recorded_at="2024-05-01T08:30:00")
    assert describe(holter) == "lead II, 30 min 6 s, 100 Hz, 2024-05-01 08:30"
    assert describe(make_record()) == "leads I, II, 10.0 s, 100 Hz"


def test_the_longest_recording_that_needs_pages_is_found():
    assert longest_paged([make_record()]) is None
    assert longest_paged([make_record(), make_record(duration_s=300.0), make_record(duration_s=90.0)]) == 1
