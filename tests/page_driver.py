"""What a visitor does in the browser tests."""

import contextlib
import socket

import numpy as np
import wfdb

PATIENCE_MS = 30_000


@contextlib.contextmanager
def visit(browser, address, **options):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
    visitor = context.new_page()
    visitor.set_default_timeout(PATIENCE_MS)
    visitor.outside = []
    visitor.on("request", lambda request: note_outside(visitor.outside, request.url))
    visitor.goto(address)
    visitor.wait_for_selector("#question textarea")
    yield visitor
    context.close()


def note_outside(outside, url):
    if not url.startswith(("http://127.0.0.1", "data:", "blob:")):
        outside.append(url)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def write_record(folder, name="visit1"):
    """A two-lead WFDB record of ten seconds; returns its two paths."""
    signal = np.sin(np.arange(1000) / 15)[:, None] * [0.5, 0.8]
    wfdb.wrsamp(name, 100, ["mV", "mV"], ["I", "II"], p_signal=signal, fmt=["16", "16"], write_dir=str(folder))
    return [str(folder / f"{name}.hea"), str(folder / f"{name}.dat")]


def upload(page, paths):
    page.set_input_files("#question input[type=file]", paths)
    page.wait_for_function("n => document.querySelectorAll('#question .thumbnail-item').length == n", arg=len(paths))


def ask(page, question):
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")


def last_answer(page):
    return page.locator("#chat [data-testid=bot]").last.inner_text()


def wait_for_count(page, selector, n):
    from playwright.sync_api import expect

    expect(page.locator(selector)).to_have_count(n, timeout=PATIENCE_MS)
