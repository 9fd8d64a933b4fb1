"""The Gradio page: layout and wiring. What a turn does is in session.py, how things look in views.py."""

from __future__ import annotations

import atexit
import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from anyecg.strip_layout import ROW_S

from .samples import SAMPLES, Sample, make_sample
from .session import Session, View, take_records, take_turn
from .uploads import MAX_FILE_MB, Uploads
from .views import NO_EVIDENCE, sheet_starts, strips_html

logger = logging.getLogger(__name__)

BANNER = (
    "<b>anyecg is not a medical device.</b> For research and teaching only: answers can be wrong; "
    "do not diagnose or treat with them."
)
TITLE = "<h1>anyecg <span>from any ECG file to an answer you can check</span></h1>"
GREETING = (
    "Upload one or several ECGs with the paper clip (WFDB: the .hea and its .dat together; also CSV, NPZ, MAT), "
    "ask, and check the answer against the evidence beside it. Or press a sample above."
)
LACKS = "My file lacks the sampling rate or the units"
UNITS = ("as the file says", "mV", "uV", "V")
CSS = Path(__file__).with_name("page.css")
_SESSION_S = 3600


def build_demo(chat: Any, *, folder: Path | None = None) -> gr.Blocks:
    """Lay out the page.

    Args:
        chat: an `EcgChat`, or anything with its `stream`.
        folder: where visitors' files wait until they can be read; a private temporary folder if None.
    """
    with gr.Blocks(title="anyecg", analytics_enabled=False, fill_width=True, delete_cache=(600, _SESSION_S)) as demo:
        page = Page(chat, folder)
        page.wire(demo)
    return demo


class Page:
    """The components of the page, and what happens on each event."""

    def __init__(self, chat: Any, folder: Path | None) -> None:
        self.chat, self.folder = chat, folder
        self.session = gr.State(None, time_to_live=24 * _SESSION_S, delete_callback=_forget)
        gr.HTML(BANNER, elem_id="banner")
        with gr.Row(elem_id="head"):
            gr.HTML(TITLE, elem_id="title")
            with gr.Row(elem_id="samples"):
                self.samples = [gr.Button(s.label, size="sm", min_width=0) for s in SAMPLES]
            self.clear = gr.Button("New patient (clear all)", size="sm", elem_id="clear")
        with gr.Row(elem_id="desk"):
            with gr.Column(scale=7, min_width=320):
                self._conversation()
            with gr.Column(scale=4, min_width=300):
                self.evidence = gr.HTML(NO_EVIDENCE, elem_id="evidence", container=True, padding=True)

    def _conversation(self) -> None:
        """Strip, chat, question box and the fields for what a file lacks."""
        self.strips = gr.HTML("", elem_id="strips")
        self.start = gr.Slider(0, 1, 0, step=1, label="Show a long recording from (s)", visible=False, elem_id="start")
        self.chatbot = gr.Chatbot(
            elem_id="chat", height=None, show_label=False, placeholder=GREETING, latex_delimiters=[],
            feedback_options=None, buttons=[], allow_file_downloads=False, layout="bubble",
        )  # fmt: skip
        self.box = gr.MultimodalTextbox(
            placeholder="Ask about the ECG, or add files", file_count="multiple", show_label=False,
            autofocus=True, submit_btn=True, stop_btn=False, elem_id="question", max_plain_text_length=4000,
        )  # fmt: skip
        with gr.Accordion(LACKS, open=False, elem_id="lacks") as self.lacks, gr.Row():
            self.rate = gr.Number(None, label="Sampling rate (Hz; 0: in the file)", elem_id="rate")
            self.units = gr.Dropdown(UNITS, value=UNITS[0], label="Units", elem_id="units")
            self.step = gr.Number(None, label="or microvolts per step (0: none)", elem_id="step")
            self.leads = gr.Textbox("", label="Leads in order (I, II, V1 …)", elem_id="leads")

    def wire(self, demo: gr.Blocks) -> None:
        """Connect events; private, so that no API to other people's sessions is documented."""
        shown = [self.session, self.chatbot, self.box, self.strips, self.evidence, self.start, self.lacks]
        asked = self.box.submit(
            self.ask, [self.session, self.box, self.rate, self.units, self.step, self.leads], shown,
            show_progress="hidden", concurrency_id="model", api_visibility="private",
        )  # fmt: skip
        runs = [asked]
        for button, sample in zip(self.samples, SAMPLES, strict=True):
            runs.append(
                button.click(
                    self._sampler(sample),
                    [self.session],
                    shown,
                    show_progress="hidden",
                    concurrency_id="model",
                    api_visibility="private",
                )
            )
        for run in runs:  # also after a failure, so that the question can be sent again
            run.then(_ready, None, self.box, show_progress="hidden", api_visibility="private")
        private: dict[str, Any] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
        self.box.stop(_stop, self.session, None, **private)
        self.clear.click(self.forget, [self.session], shown, **private)
        self.start.release(self.turn_to, [self.session, self.start], self.strips, **private)

    def ask(
        self,
        session: Session | None,
        value: dict[str, Any],
        rate: float | None,
        units: str,
        step: float | None,
        leads: str,
    ) -> Iterator[list[Any]]:
        """Take what stands in the question box."""
        session = session or self._new_session()
        declared = {
            "sampling_rate": rate or None,
            "units": None if units == UNITS[0] else units,
            "microvolts_per_step": step or None,
            "leads": tuple(name.strip() for name in leads.split(",") if name.strip()) or None,
        }
        given = {key: item for key, item in declared.items() if item is not None}
        turn = take_turn(self.chat, session, value.get("text") or "", value.get("files") or (), given)
        yield from self._show(session, turn)

    def _sampler(self, sample: Sample) -> Any:
        def load_and_ask(session: Session | None) -> Iterator[list[Any]]:
            session = session or self._new_session()
            session.clear()
            turn = take_records(self.chat, session, sample.question, [make_sample(sample)])
            yield [session, *self._blank()[1:]]
            yield from self._show(session, turn)

        return load_and_ask

    def _show(self, session: Session, turn: Iterator[View]) -> Iterator[list[Any]]:
        """Each step of a turn as new values of the components."""
        for view in turn:
            yield [
                session,
                session.messages,
                _busy(view.question),
                gr.skip() if view.strips is None else view.strips,
                gr.skip() if view.evidence is None else view.evidence,
                gr.skip() if view.strips is None else _slider(session),
                gr.update(open=True) if view.lacking else gr.skip(),
            ]

    def forget(self, session: Session | None) -> list[Any]:
        """Drop the patient."""
        if session:
            session.clear()
        return [session, *self._blank()[1:]]

    def _blank(self) -> list[Any]:
        return [None, [], _ready(clear=True), "", NO_EVIDENCE, gr.update(visible=False, value=0), gr.update(open=False)]

    def turn_to(self, session: Session | None, start_s: float) -> str:
        """Show long recordings from another second."""
        return strips_html(session.records, session.intervals, start_s) if session else ""

    def _new_session(self) -> Session:
        return Session(Uploads(self.folder))


def _slider(session: Session) -> Any:
    """The slider of long recordings, at where the sheet of the longest begins."""
    starts = sheet_starts(session.records, session.intervals)
    longest = max(starts, key=lambda k: session.records[k].duration_s, default=None)
    if longest is None:
        return gr.update(visible=False, value=0)
    last = session.records[longest].duration_s - ROW_S
    return gr.update(visible=True, maximum=round(last), value=starts[longest])


def _busy(question: str | None) -> Any:
    box: dict[str, Any] = {"submit_btn": False, "stop_btn": True}
    return gr.update(**box) if question is None else gr.update(value={"text": question, "files": []}, **box)


def _ready(*, clear: bool = False) -> Any:
    box: dict[str, Any] = {"submit_btn": True, "stop_btn": False}
    return gr.update(value={"text": "", "files": []}, **box) if clear else gr.update(**box)


def _stop(session: Session | None) -> None:
    if session:
        session.stop.set()


def _forget(session: Session | None) -> None:
    if session:
        session.uploads.close()


def launch(chat: Any, *, host: str, port: int, block: bool = True) -> Any:
    """Serve the page until interrupted; visitors' files live in a private folder, deleted at the end."""
    if host not in ("127.0.0.1", "localhost", "::1"):
        logger.warning("listening on %s: everyone who reaches this address can use the page and its memory", host)
    folder = Path(tempfile.mkdtemp(prefix="anyecg-page-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    demo = build_demo(chat, folder=folder)
    demo.queue(default_concurrency_limit=1, max_size=64, api_open=False).launch(
        server_name=host, server_port=port, theme=page_theme(), css_paths=CSS,
        max_file_size=f"{MAX_FILE_MB}mb", footer_links=[], share=False, enable_monitoring=False,
        mcp_server=False, ssr_mode=False, pwa=False, quiet=True, run_history=False,
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
