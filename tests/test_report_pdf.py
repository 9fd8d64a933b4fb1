"""The report to take away: all that was said, with who says it, the numbers, and the traces to scale."""

import re
import zlib

import pytest
from fake_chat import FakeChat
from test_session import make_record, run

from anyecg.answer import Answer
from anyecg.leads import STANDARD_LEADS
from app.report_pdf import DISCLAIMER, _paragraphs, _set, _table, _trace, file_name, write_pdf
from app.session import Session, take_records
from app.uploads import Uploads
from app.words import ORIGINS


@pytest.fixture
def session(tmp_path):
    session = Session(Uploads(tmp_path))
    chat = FakeChat(contradictions=["The text says 72/min, but 81/min was measured."])
    run(take_records(chat, session, "What costs $5 and $6?", [make_record("anna")]))
    run(take_records(chat, session, "And now?", [make_record("anna2", leads=STANDARD_LEADS)]))
    return session


def test_every_answer_stands_in_it_with_its_origin_numbers_and_contradictions(session):
    texts = [text for text, _ in _paragraphs(session)]
    for part in ("Question: What costs $5 and $6?", ORIGINS["model"], "ECG 2: anna2 (12 leads, 10.0 s, 100 Hz)"):
        assert part in texts
    assert sum("81/min was measured" in text for text in texts) == 2
    table = "\n".join(texts)
    assert re.search(r"QRS duration +92 ms +normal below 120 ms", table)
    assert re.search(r"premature ventricular contraction +2.0-2.4 s +all leads +network, 90%", table)
    assert re.search(r"sinus rhythm +SR +97% +counts as seen", table)


def test_it_is_one_pdf_with_the_disclaimer_on_every_page(session):
    pdf = write_pdf(session)
    assert pdf.startswith(b"%PDF")
    pages = int(re.search(rb"/Count (\d+)", pdf).group(1))
    assert pages >= 4
    streams = [zlib.decompress(s) for s in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S) if s[:1] == b"x"]
    text = [s for s in streams if b"BT" in s]
    assert len(text) == pages and DISCLAIMER.split()[0] == "anyecg"
    assert all(b"medical" in re.sub(rb"[^a-z]", b"", s) for s in text)
    assert b"anna" not in file_name().encode()


def test_a_trace_of_ten_seconds_is_printed_at_25_mm_per_second(session):
    page = _trace(session, 1)
    wide_mm = page.axes[0].get_position().width * page.get_figwidth() * 25.4
    pixels = page.axes[0].images[0].get_size()[1]
    assert wide_mm == pytest.approx(pixels / 6, abs=0.1)
    assert any("printed to scale" in text.get_text() for text in page.texts)


def test_a_session_without_a_question_has_its_traces_only(tmp_path):
    session = Session(Uploads(tmp_path))
    run(take_records(FakeChat(), session, "", [make_record()]))
    assert any("No question" in text for text, _ in _paragraphs(session))
    assert write_pdf(session).startswith(b"%PDF")


def test_what_cannot_be_judged_has_no_probability(tmp_path):
    session = Session(Uploads(tmp_path))
    run(take_records(FakeChat(), session, "q", [make_record()]))
    answer = session.answers[-1][1]
    answer.evidence[0] |= {"abstained": True, "reason": "no beat was found", "findings": [], "superclasses": {}}
    texts = [text for text, _ in _paragraphs(session)]
    assert "This ECG cannot be judged: no beat was found." in texts and isinstance(answer, Answer)
    assert not any("97%" in text for text in texts)


def test_a_heading_stays_with_its_table():
    block = [("head", "head"), *[(f"row {k}", "table") for k in range(5)]]
    pages = _set([("x", "text")] * 7 + block, room=10)
    assert [len(page) for page in pages] == [7, 7]
    assert ("head", "head") in pages[1]


def test_a_long_last_cell_does_not_push_the_columns_apart():
    rows = _table([["a", "not measurable: " + "x" * 60, ""], ["bb", "1 ms", "normal"]])
    assert rows[1] == ("bb  1 ms  normal", "table")
