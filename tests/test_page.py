"""The chat page in headless Chromium: upload a record, ask, read the streamed answer and its evidence."""

import contextlib
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import wfdb
from conftest import free_port
from fake_chat import slowly
from page_driver import (
    ask,
    expect,
    last_answer,
    press_sample,
    upload,
    visit,
    wait_for_answer,
    wait_for_count,
    wait_for_page,
    wait_for_turn,
    wait_for_value,
    write_record,
)

pytest_plugins = ("page_fixtures",)
pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[1]
CHECKPOINT = ROOT / "anyecg" / "checkpoints" / "nano" / "model.safetensors"


def test_an_uploaded_record_is_drawn_asked_about_and_answered_with_evidence(page, chat, tmp_path):
    upload(page, write_record(tmp_path))
    ask(page, "What is the first rhythm?")
    wait_for_answer(page)
    expect(last_answer(page)).to_contain_text("You asked: What is the first rhythm?")
    for part in ("72/min", "sinus rhythm", "97%", "2.0-2.4", "81/min was measured", "first word after 0.21 s"):
        expect(page.locator("#evidence")).to_contain_text(part)
    expect(page.locator("#evidence .contradiction")).to_be_visible()
    wait_for_count(page, "#strips img", 1)
    strip = page.locator("#strips img")
    assert "visit1" in strip.get_attribute("alt")
    assert strip.get_attribute("src").startswith("data:image/png"), "no address at which others could fetch it"
    page.wait_for_function("document.querySelector('#strips img').naturalWidth > 1000")
    [call] = [call for call in chat.calls if call["question"] == "What is the first rhythm?"]
    assert call["records"][0].leads == ("I", "II")
    assert page.outside == []


def test_no_upload_stays_where_its_address_could_be_guessed(page, cache, tmp_path):
    upload(page, write_record(tmp_path, "private"))
    assert list(cache.rglob("private.*")), "Gradio keeps an upload until it is taken"
    ask(page, "What is the rhythm?")
    wait_for_answer(page)
    assert not list(cache.rglob("private.*"))


def test_a_long_recording_can_be_paged_with_buttons_and_the_keyboard(page, tmp_path):
    signal = np.sin(np.arange(30_000) / 15)[:, None] * 0.5
    wfdb.wrsamp("long", 100, ["mV"], ["II"], p_signal=signal, fmt=["16"], write_dir=str(tmp_path))
    upload(page, [str(tmp_path / "long.hea"), str(tmp_path / "long.dat")])
    page.press("#question textarea", "Enter")
    page.wait_for_selector("#start input[type=number]")
    page.wait_for_selector("text=Loaded.")
    wait_for_turn(page)
    for turn, second in (("Later", 60), ("Later", 120), ("Earlier", 60), ("ArrowRight", 61)):
        before = page.locator("#strips img").get_attribute("src")
        page.focus("#start input[type=range]") if turn == "ArrowRight" else page.focus(f"#paging >> text={turn}")
        page.keyboard.press(turn if turn == "ArrowRight" else "Enter")
        page.wait_for_function("old => document.querySelector('#strips img').src != old", arg=before)
        expect(page.locator("#start input[type=number]")).to_have_value(str(second))


def test_a_sample_is_loaded_and_asked_with_one_press(page, chat):
    press_sample(page, "Premature beats")
    wait_for_answer(page)
    assert "simulated" in page.locator("#strips img").get_attribute("alt")
    expect(last_answer(page)).to_contain_text("premature ventricular contractions?")
    calls = [call for call in chat.calls if call["question"] == "Where are the premature ventricular contractions?"]
    assert set(calls[-1]["records"][0].leads) >= {"I", "V1", "V6"}


def test_a_table_is_read_once_what_it_lacks_is_declared_and_the_fields_fold_again(page, tmp_path):
    table = tmp_path / "bare.csv"
    table.write_text("I,II\n" + "0.1,0.3\n0.2,0.1\n" * 400)
    upload(page, [str(table)])
    ask(page, "What is the rhythm of the table?")
    page.wait_for_selector("text=does not state its sampling rate and units")
    wait_for_turn(page)
    page.fill("#rate input", "200")
    page.fill("#step input", "1000")
    ask(page, "What is the rhythm of the table?")
    wait_for_answer(page)
    wait_for_count(page, "#rate input:visible", 0)
    expect(page.locator("#strips summary")).to_contain_text("bare (leads I, II, 4.0 s, 200 Hz)")


def test_a_missing_companion_is_named_and_joins_in_the_next_turn(page, tmp_path):
    header, signal = write_record(tmp_path, "visit2")
    upload(page, [header])
    ask(page, "Report this ECG.")
    page.wait_for_selector("text=needs visit2.dat")
    wait_for_turn(page)
    expect(page.locator("#question textarea")).to_have_value("Report this ECG.")  # the question is not lost
    upload(page, [signal])
    ask(page, "Report this ECG.")
    wait_for_answer(page)
    expect(last_answer(page)).to_contain_text("You asked: Report this ECG.")


def test_what_is_about_to_be_sent_is_named(page, tmp_path):
    upload(page, write_record(tmp_path, "visit3"))
    page.wait_for_selector("text=To be sent: visit3.hea, visit3.dat")
    page.press("#question textarea", "Enter")
    page.wait_for_selector("text=Loaded.")
    expect(page.locator("#names")).to_have_text("")


def test_a_place_in_the_evidence_is_shown_on_the_trace(page):
    press_sample(page, "Two leads")
    wait_for_answer(page)
    before = page.locator("#strips img").get_attribute("src")
    page.locator("#evidence .place").first.press("Enter")
    page.wait_for_function("old => document.querySelector('#strips img').src != old", arg=before)


def test_the_report_is_saved_as_one_pdf_of_any_size(page, monkeypatch):
    monkeypatch.setattr("app.report_pdf.write_pdf", lambda session: b"%PDF" + bytes(3_000_000))
    press_sample(page, "Normal sinus rhythm")
    wait_for_answer(page)
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename.endswith(".pdf")
    assert Path(download.value.path()).read_bytes() == b"%PDF" + bytes(3_000_000)
    expect(page.locator("#file textarea, #file input")).to_have_value("")


def test_one_of_two_ecgs_can_be_removed_and_both_be_seen_at_once(page, tmp_path):
    upload(page, [*write_record(tmp_path, "visit4"), *write_record(tmp_path, "visit5")])
    ask(page, "What has changed?")
    wait_for_answer(page)
    page.click("#strips .grow")
    wait_for_count(page, "#strips img:visible", 2)  # a picture has no size, so is not visible, until it is decoded
    page.keyboard.press("Escape")
    page.locator("#strips .remove:visible").first.click()
    page.wait_for_selector("text=was removed; 1 left")
    wait_for_count(page, "#strips img", 1)


# The words of an answer come half a second late, as on a slow line, and each frame is looked at once it was blank.
LATE = """const fetched = window.fetch; window.fetch = async (...call) => { const answer = await fetched(...call);
  if (!String(call[0].url || call[0]).includes('/queue/data')) return answer;
  const late = new ReadableStream({ async start(out) { const reader = answer.body.getReader();
    for (;;) { const {done, value} = await reader.read();
      setTimeout(() => done ? out.close() : out.enqueue(value), 500); if (done) return; } } });
  return new Response(late, {status: answer.status, headers: answer.headers}); };"""
WATCH = """() => { window.came = []; let gone = false; const look = () => {
  const seen = [...document.querySelectorAll('#chat [data-testid=bot], #strips img, #evidence .timing')].filter(
    e => e.checkVisibility({visibilityProperty: true}));
  gone ||= !seen.length; if (gone) seen.forEach(e => window.came.push(e.innerText || e.tagName));
  requestAnimationFrame(look); }; look(); }"""


def test_nothing_of_an_answer_comes_back_once_the_next_patient_began(page, chat):
    page.add_init_script(LATE)
    page.reload()
    wait_for_page(page)
    with slowly(chat, 4000, pause_s=0.02):
        press_sample(page, "Normal sinus rhythm")
        page.wait_for_selector("text=word3")
        page.evaluate(WATCH)
        page.click("#clear")
        wait_for_count(page, "#strips img", 0)
        page.wait_for_timeout(1500)  # what is seen meanwhile would be a fault, however long it took
    assert page.evaluate("window.came") == [], "not even for a moment"
    expect(page.locator("#chat [data-testid=bot]:visible")).to_have_count(0)
    expect(page.locator("#evidence:has-text('72/min'):visible")).to_have_count(0)
    press_sample(page, "Atrial fibrillation")
    wait_for_answer(page)


def test_no_more_is_said_of_an_ecg_that_was_removed(page, chat):
    with slowly(chat, 4000, pause_s=0.02):
        press_sample(page, "Normal sinus rhythm")
        page.wait_for_selector("text=word3")
        page.click("#strips .remove")
        page.wait_for_selector("text=none is left")
        page.wait_for_timeout(1500)  # time for a fault to be seen
        wait_for_turn(page)
    expect(last_answer(page)).to_contain_text("none is left")
    expect(page.locator("#chat")).not_to_contain_text("word3999")
    wait_for_count(page, "#strips img", 0)


def test_a_sample_does_not_wait_for_the_answer_that_is_being_written(page, chat):
    with slowly(chat, 4000):
        press_sample(page, "Normal sinus rhythm")
        page.wait_for_selector("text=word3")
        press_sample(page, "Atrial fibrillation")
        page.wait_for_selector("#strips img[alt*='atrial fibrillation']")


def test_a_reload_in_the_middle_of_an_answer_does_not_hold_up_the_next_visitor(page, chat):
    with slowly(chat, 4000):  # 200 s
        press_sample(page, "Normal sinus rhythm")
        page.wait_for_selector("text=word3")
        page.once("dialog", lambda dialog: dialog.accept())  # the page asks before an ECG is lost
        page.reload()
        wait_for_page(page)
        press_sample(page, "Atrial fibrillation")
        page.wait_for_selector("text=word3")


def test_stop_ends_the_answer_and_the_next_question_works(page, chat):
    with slowly(chat, 4000):
        press_sample(page, "Normal sinus rhythm")
        page.wait_for_selector("text=word3")
        page.click("#question .stop-button")
        page.wait_for_selector("text=(stopped)")
        wait_for_turn(page)
    expect(last_answer(page)).not_to_contain_text("word3999")
    ask(page, "And now?")
    page.wait_for_selector("text=You asked: And now?")


def test_a_new_patient_clears_the_page(page):
    press_sample(page, "Atrial fibrillation")
    wait_for_answer(page)
    page.click("#clear")
    wait_for_count(page, "#strips img, #chat [data-testid=bot]", 0)
    expect(page.locator("#evidence")).not_to_contain_text("72/min")


def test_what_was_declared_for_one_patient_does_not_hold_for_the_next(page, tmp_path):
    table = tmp_path / "norate.csv"
    table.write_text("I\n" + "0.1\n0.2\n" * 300)
    upload(page, [str(table)])
    ask(page, "What is the rhythm?")
    page.wait_for_selector("text=does not state its sampling rate")
    wait_for_turn(page)
    page.fill("#rate input", "200")
    page.fill("#leads textarea", "II")
    page.click("#clear")
    wait_for_count(page, "#chat [data-testid=bot]", 0)
    wait_for_count(page, "#rate input:visible", 0)  # folded again
    page.click("#lacks button")
    expect(page.locator("#rate input")).to_have_value("")
    expect(page.locator("#leads textarea")).to_have_value("")


def test_visitors_do_not_see_each_other(page, browser, address, chat):
    press_sample(page, "Inferior infarction")
    wait_for_answer(page)
    with visit(browser, address) as other:
        assert other.locator("#strips img").count() == 0
        ask(other, "What do you see?")
        other.wait_for_selector("text=There is no ECG yet")


def test_a_narrow_screen_has_no_sideways_scrolling_and_keeps_the_banner_in_sight(page):
    page.set_viewport_size({"width": 390, "height": 844})
    press_sample(page, "Normal sinus rhythm")
    wait_for_answer(page)
    wait_for_value(page, "Math.max(390, document.documentElement.scrollWidth)", 390)
    page.wait_for_function("() => { window.scrollTo(0, 900); return window.scrollY > 300; }")
    expect(page.locator("#banner")).to_contain_text("not a medical device")
    page.wait_for_function("Math.abs(document.querySelector('#banner').getBoundingClientRect().y) < 2")


@pytest.mark.skipif(not CHECKPOINT.exists(), reason="the embedded checkpoint is not there")
def test_the_command_serves_the_embedded_model(browser):
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "app", "--port", str(port)], cwd=ROOT)
    try:
        wait_for_server(server, port)
        with visit(browser, f"http://127.0.0.1:{port}") as page:
            press_sample(page, "Normal sinus rhythm")
            wait_for_answer(page)
            expect(last_answer(page)).to_have_text(re.compile(".{10}"))
            expect(page.locator("#evidence")).to_contain_text("/min")
            assert page.outside == []
    finally:
        server.terminate()
        server.wait(300)


def wait_for_server(server, port):
    """Some seconds; on a busy computer many more."""
    for _ in range(600):
        assert server.poll() is None, "the page ended"
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=60):
            return
        time.sleep(0.5)
    pytest.fail("the page did not answer")
