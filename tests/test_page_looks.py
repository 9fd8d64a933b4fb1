"""What a visitor sees of the page: contrast in both themes, what is in sight, files dropped anywhere."""

import pytest
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
    wait_for_value,
    write_record,
)

pytest_plugins = ("page_fixtures",)
pytestmark = pytest.mark.browser

# Every text with its contrast (WCAG 2.2) where that is below 4.5.
FAINT = """() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return [m[0], m[1], m[2], m[3] ?? 1]; };
  const linear = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
  const over = (a, b) => a.slice(0, 3).map((v, k) => v * a[3] + b[k] * (1 - a[3])).concat(1);
  const back = e => { const layers = [];
    for (; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reduceRight((below, c) => over(c, below), [255, 255, 255, 1]); };
  const contrast = (e, colour) => { const below = back(e);
    const [dark, bright] = [light(over(parse(colour), below)), light(below)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05); };
  const seen = [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() &&
    [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()));
  const texts = seen.map(e => [contrast(e, getComputedStyle(e).color), e.innerText]);
  const hints = [...document.querySelectorAll('textarea')].filter(e => e.placeholder && e.checkVisibility())
    .map(e => [contrast(e, getComputedStyle(e, '::placeholder').color), e.placeholder]);
  return [...texts, ...hints].filter(t => t[0] < 4.5); }"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(browser, address, theme):
    with visit(browser, address, color_scheme=theme) as page:
        wait_for_value(page, FAINT, [])  # colours may be on their way
        press_sample(page, "Two leads")
        wait_for_answer(page)
        wait_for_value(page, FAINT, [])  # colours may be on their way


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_the_question_box_is_in_sight_below_a_long_trace(browser, address, size):
    with visit(browser, address) as page:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        press_sample(page, "Two leads")
        wait_for_answer(page)
        page.wait_for_function("document.querySelector('#question').getBoundingClientRect().bottom <= innerHeight + 1")


def test_a_file_dropped_anywhere_is_taken_for_the_question(page, tmp_path):
    page.evaluate("""() => { const files = new DataTransfer(); files.items.add(new File(['I'], 'dropped.csv'));
      const drop = new DragEvent('drop', {dataTransfer: files, bubbles: true, cancelable: true});
      window.kept = !document.querySelector('#chat').dispatchEvent(drop); }""")
    page.wait_for_selector("text=To be sent: dropped.csv")
    assert page.evaluate("window.kept"), "the browser would open the file instead of the page"


def test_samples_that_would_clear_a_patient_are_hidden_till_the_next(page, tmp_path):
    upload(page, write_record(tmp_path))
    ask(page, "What is the rhythm?")
    wait_for_answer(page)
    wait_for_count(page, "#samples button:visible", 0)
    page.click("#clear")
    page.wait_for_selector("#samples button")


def test_an_answer_longer_than_the_view_is_shown_from_its_beginning(page, chat):
    with slowly(chat, 400, pause_s=0.0):
        press_sample(page, "Normal sinus rhythm")
        wait_for_answer(page)
    expect(last_answer(page)).to_contain_text("word399")
    page.wait_for_function("""() => { const top = e => document.querySelector(e).getBoundingClientRect().top;
      const distance = top('#chat [data-testid=bot]') - top('#chat .bubble-wrap');
      return 0 <= distance && distance < 40; }""")


def test_the_keyboard_goes_on_beside_an_ecg_that_was_removed(page, tmp_path):
    upload(page, [*write_record(tmp_path, "one"), *write_record(tmp_path, "two")])
    ask(page, "What has changed?")
    wait_for_answer(page)
    page.locator("#strips .remove:visible").first.press("Enter")
    wait_for_count(page, "#strips summary:focus", 1)
    page.locator("#strips .remove:visible").first.press("Enter")
    wait_for_count(page, "#question textarea:focus", 1)


def test_a_restart_of_the_server_is_told_and_a_reload_is_not(page):
    page.evaluate("sessionStorage.setItem('anyecg', 'the server before')")
    page.reload()
    expect(page.locator("#lost")).to_contain_text("uploads and conversation are gone")
    press_sample(page, "Normal sinus rhythm")
    wait_for_answer(page)
    wait_for_count(page, "#lost:visible", 0)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    wait_for_page(page)
    wait_for_count(page, "#lost", 0)
