"""Chromium, the page with a stand-in for the model, and a visitor, for the browser tests; a plugin of pytest."""

import contextlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import free_port
from fake_chat import FakeChat
from page_driver import PATIENCE_MS, visit

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage"]
QUIET += ["--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium or Playwright's own; skips where there is neither."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        try:
            chromium = driver.chromium.launch(executable_path=path, args=QUIET, timeout=4 * PATIENCE_MS)
        except playwright.Error as error:
            pytest.skip(f"no browser to drive: {str(error).splitlines()[0]}")
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def chat():
    return FakeChat(pause_s=0.02, contradictions=["The text says 72/min, but 81/min was measured."])


@pytest.fixture(scope="session")
def address(chat, tmp_path_factory):
    """The page with a stand-in for the model, on a free port."""
    os.environ["GRADIO_TEMP_DIR"] = str(tmp_path_factory.mktemp("gradio"))
    from app.serve import Options

    with served(chat, Options()) as address:
        yield address


@contextlib.contextmanager
def served(chat, options):
    """The page on a free port; Gradio gives a server five seconds to start, which can be too few on a busy computer."""
    from app.serve import launch

    for left in (2, 1, 0):
        port = free_port()
        try:
            demo = launch(chat, replace(options, port=port), block=False)
            break
        except OSError:
            if not left:
                raise
    yield f"http://127.0.0.1:{port}"
    demo.close()


@pytest.fixture(scope="session")
def cache(address):
    """Where Gradio itself keeps uploads."""
    return Path(os.environ["GRADIO_TEMP_DIR"])


@pytest.fixture
def page(browser, address):
    """A fresh visitor, who notes every request that leaves this computer."""
    with visit(browser, address) as visitor:
        yield visitor
