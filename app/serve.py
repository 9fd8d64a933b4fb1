"""Serve the page: address, login, limits."""

from __future__ import annotations

import atexit
import logging
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from .access import Accounts
from .ui import build_demo
from .uploads import MAX_FILE_MB

logger = logging.getLogger(__name__)

CSS = Path(__file__).with_name("page.css")
LOCAL = ("127.0.0.1", "localhost", "::1")
LOGIN_MESSAGE = "<b>anyecg is not a medical device.</b> For research and teaching only."


@dataclass(frozen=True)
class Options:
    """Where and for whom the page is served."""

    host: str = "127.0.0.1"
    port: int = 7860
    root_path: str | None = None
    """The path under which a reverse proxy shows the page, such as /anyecg."""
    accounts: Accounts | None = None
    """Who may log in; None: everybody who reaches the address."""
    max_upload_mb: int = MAX_FILE_MB
    queue: int = 64
    """Questions that may wait; one is answered at a time."""


def launch(chat: Any, options: Options, *, block: bool = True) -> Any:
    """Serve the page until interrupted; visitors' files live in a private folder, deleted at the end.

    Args:
        chat: an `EcgChat`, or anything with its `stream`.
    """
    if options.host not in LOCAL and not options.accounts:
        logger.warning(
            "listening on %s without a login: everyone who reaches this address can use the page and its memory; "
            "--auth-file asks for a name and a password",
            options.host,
        )
    folder = Path(tempfile.mkdtemp(prefix="anyecg-page-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    demo = build_demo(chat, folder=folder, max_file_mb=options.max_upload_mb)
    demo.queue(default_concurrency_limit=1, max_size=options.queue, api_open=False).launch(
        server_name=options.host, server_port=options.port, root_path=options.root_path,
        auth=options.accounts.allow if options.accounts else None, auth_message=LOGIN_MESSAGE,
        theme=page_theme(), css_paths=CSS, max_file_size=f"{options.max_upload_mb}mb", footer_links=[], share=False,
        enable_monitoring=False, mcp_server=False, ssr_mode=False, pwa=False, quiet=True, run_history=False,
        prevent_thread_lock=not block,
    )  # fmt: skip
    return demo


def page_theme() -> gr.themes.Base:
    """Only fonts that the computer has."""
    fonts = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "DejaVu Sans", "sans-serif")
    return gr.themes.Default(
        primary_hue="blue",
        neutral_hue="slate",
        font=fonts,
        font_mono=("ui-monospace", "DejaVu Sans Mono", "monospace"),
    )
