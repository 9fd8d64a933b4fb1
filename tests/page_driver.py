"""What a visitor does in the browser tests."""

import contextlib

import numpy as np
import wfdb

PATIENCE_MS = 60_000
"""How long anything may take on a busy computer. What is seen is waited for, never looked at once."""


@contextlib.contextmanager
def visit(browser, address, **options):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
    visitor = context.new_page()
    visitor.set_default_timeout(PATIENCE_MS)
    visitor.outside = []
    visitor.on("request", lambda request: note_outside(visitor.outside, request.url))
    visitor.goto(address)
    wait_for_page(visitor)
    yield visitor
    context.close()


def wait_for_page(page):
    """Till the page listens: its own script marks the body once everything is in place."""
    page.wait_for_selector("body.ready #question textarea")
    page.wait_for_selector("#question input[type=file]", state="attached")


def note_outside(outside, url):
    if not url.startswith(("http://127.0.0.1", "data:", "blob:")):
        outside.append(url)


def write_record(folder, name="visit1"):
    """A two-lead WFDB record of ten seconds; returns its two paths."""
    signal = np.sin(np.arange(1000) / 15)[:, None] * [0.5, 0.8]
    wfdb.wrsamp(name, 100, ["mV", "mV"], ["I", "II"], p_signal=signal, fmt=["16", "16"], write_dir=str(folder))
    return [str(folder / f"{name}.hea"), str(folder / f"{name}.dat")]


def upload(page, paths):
    wait_for_turn(page)
    page.set_input_files("#question input[type=file]", paths)
    wait_for_count(page, "#question .thumbnail-item", len(paths))


def ask(page, question):
    wait_for_turn(page)
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")


def press_sample(page, label):
    page.click(f"#samples button:has-text('{label}')")


def wait_for_turn(page):
    """Till the page is the visitor's again: nothing is written or drawn any more."""
    page.wait_for_selector("#question .submit-button")


def wait_for_answer(page):
    """Till the first answer of a page stands there with its evidence; of a later one, wait for its words instead."""
    page.wait_for_selector("#evidence .timing")
    wait_for_turn(page)


def expect(where):
    """Playwright's `expect` with patience; imported late, as without Playwright the fixtures skip."""
    from playwright import sync_api

    sync_api.expect.set_options(timeout=PATIENCE_MS)
    return sync_api.expect(where)


def last_answer(page):
    return page.locator("#chat [data-testid=bot]").last


def wait_for_count(page, selector, n):
    expect(page.locator(selector)).to_have_count(n)


def wait_for_value(page, script, wanted):
    """Till a script returns what is wanted; after that, what it returns instead is shown."""
    for _ in range(PATIENCE_MS // 200):
        if page.evaluate(script) == wanted:
            return
        page.wait_for_timeout(200)
    assert page.evaluate(script) == wanted
