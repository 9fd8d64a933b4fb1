"""The Gradio page: layout and wiring. A turn is in session.py, looks are in strips.py and evidence_view.py."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from anyecg.strip_layout import ROW_S, lay_out

from .evidence_view import NO_EVIDENCE
from .samples import SAMPLES, Sample, make_sample
from .scripts import NAME_FILES, NAME_NONE, ON_EVIDENCE, ON_LOAD, ON_PATIENT, ON_STRIPS, SAVE_FILE
from .session import Session, View, take_records, take_turn
from .strips import longest_paged, sheet_starts, strips_html
from .uploads import MAX_FILE_MB, Uploads

BANNER = (
    "<div role='note'><b>anyecg is not a medical device.</b> For research and teaching only: answers can be wrong; "
    "do not diagnose or treat with them.</div>"
)
TITLE = "<h1>anyecg <span>from any ECG file to an answer you can check</span></h1>"
GREETING = (
    "Upload one or several ECGs with the paper clip (WFDB: the .hea and its .dat together; also DICOM, "
    "SCP-ECG, HL7 aECG, MUSE XML, EDF, BDF, ISHNE, CSV, NPZ, MAT) or drop the files here, ask, and check the answer "
    "against the evidence. Or press a sample above."
)
SAVE = "Save as PDF"
LACKS = "My file does not say its sampling rate, units or leads"
UNITS = ("as the file says", "mV", "uV", "V")
PLACE_BEFORE_S = 2.0
"""Seconds of a long recording that are shown before a place that was pressed."""
_SESSION_S = 3600


def build_demo(chat: Any, *, folder: Path | None = None, max_file_mb: int = MAX_FILE_MB) -> gr.Blocks:
    """Lay out the page.

    Args:
        chat: an `EcgChat`, or anything with its `stream`.
        folder: where visitors' files wait until they can be read; a private temporary folder if None.
        max_file_mb: the largest upload in MB.
    """
    with gr.Blocks(title="anyecg", analytics_enabled=False, fill_width=True, delete_cache=(600, _SESSION_S)) as demo:
        page = Page(chat, folder, max_file_mb)
        page.wire(demo)
    return demo


class Page:
    """The components of the page, and what happens on each event."""

    def __init__(self, chat: Any, folder: Path | None, max_file_mb: int) -> None:
        self.chat, self.folder, self.max_file_mb = chat, folder, max_file_mb
        self.session = gr.State(None, time_to_live=24 * _SESSION_S, delete_callback=_forget)
        gr.HTML(BANNER, elem_id="banner")
        with gr.Row(elem_id="head"):
            gr.HTML(TITLE, elem_id="title")
            with gr.Row(elem_id="samples"):
                gr.HTML("Samples:", elem_id="samples-label")
                self.samples = [gr.Button(s.label, size="sm", min_width=0) for s in SAMPLES]
            with gr.Row(elem_id="file-menu"):
                self.save = gr.Button(SAVE, size="sm", min_width=0, elem_id="save")
                self.clear = gr.Button("New patient (clear all)", size="sm", min_width=0, elem_id="clear")
        with gr.Row(elem_id="desk"):
            with gr.Column(scale=7, min_width=320):
                self._conversation()
            with gr.Column(scale=4, min_width=300):
                self.evidence = gr.HTML(
                    NO_EVIDENCE, elem_id="evidence", container=True, padding=True, js_on_load=ON_EVIDENCE
                )
        self.file = gr.Textbox("", visible="hidden", elem_id="file")
        self.patient = gr.HTML("", elem_id="patient", js_on_load=ON_PATIENT)

    def _conversation(self) -> None:
        """Strip, chat, question box and the fields for what a file lacks."""
        self.strips = gr.HTML("", elem_id="strips", js_on_load=ON_STRIPS)
        with gr.Row(elem_id="paging"):
            self.start = gr.Slider(0, 1, 0, step=1, label="Show from second", visible=False, elem_id="start")
            self.earlier = gr.Button("Earlier", size="sm", min_width=0)
            self.later = gr.Button("Later", size="sm", min_width=0)
        self.chatbot = gr.Chatbot(
            elem_id="chat", height=None, show_label=False, placeholder=GREETING, latex_delimiters=[],
            feedback_options=None, buttons=[], allow_file_downloads=False, layout="bubble", label="Conversation",
            autoscroll=False,
        )  # fmt: skip
        self.names = gr.HTML("", elem_id="names")
        self.box = gr.MultimodalTextbox(
            placeholder="Ask about the ECG, or add files", file_count="multiple", show_label=False, label="Question",
            autofocus=True, submit_btn=True, stop_btn=False, elem_id="question", max_plain_text_length=4000,
        )  # fmt: skip
        with gr.Accordion(LACKS, open=False, elem_id="lacks") as self.lacks, gr.Row():
            self.rate = gr.Number(None, label="Sampling rate in Hz", elem_id="rate")
            self.units = gr.Dropdown(UNITS, value=UNITS[0], label="Units", filterable=False, elem_id="units")
            self.step = gr.Number(None, label="or µV per step", elem_id="step")
            self.leads = gr.Textbox("", label="Lead names in order", placeholder="I, II, V1 …", elem_id="leads")

    def wire(self, demo: gr.Blocks) -> None:
        """Connect events; private, so that no API to other people's sessions is documented."""
        shown = [self.session, self.chatbot, self.box, self.strips, self.evidence, self.start, self.lacks]
        shown.append(self.patient)
        slow: dict[str, Any] = {"concurrency_id": "model", "api_visibility": "private"}
        slow |= {"show_progress": "minimal", "show_progress_on": self.chatbot}  # tells the place in the queue
        private: dict[str, Any] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
        self.box.submit(None, None, self.names, js=NAME_NONE, **private)
        fields = [self.rate, self.units, self.step, self.leads]
        runs = [self.box.submit(self.ask, [self.session, self.box, *fields], shown, **slow)]
        for button, sample in zip(self.samples, SAMPLES, strict=True):
            button.click(_stop, self.session, None, **private)  # what is being written is not waited for
            runs.append(button.click(self._sampler(sample), [self.session], shown, **slow))
        for run in runs:  # also after a failure, so that the question can be sent again
            run.then(_ready, None, self.box, show_progress="hidden", api_visibility="private")
        self.box.stop(_stop, self.session, None, **private)
        self.box.change(None, self.box, self.names, js=NAME_FILES, **private)
        self.clear.click(self.forget, self.session, shown, **private)
        # Else what was declared would hold for the next patient's file.
        self.clear.click(lambda: [None, UNITS[0], None, ""], None, fields, **private)
        self.strips.click(self.remove, self.session, shown, **private)
        trace = [self.strips, self.start]
        self.start.input(self.turn_to, [self.session, self.start], self.strips, trigger_mode="always_last", **private)
        self.earlier.click(self._pager(-1), [self.session, self.start], trace, **private)
        self.later.click(self._pager(1), [self.session, self.start], trace, **private)
        self.evidence.click(self.show_place, self.session, trace, **private)
        making = self.save.click(_making, None, self.save, **private)
        made = making.then(self.to_pdf, self.session, self.file, api_visibility="private", show_progress="hidden")
        saved = made.then(None, self.file, self.file, js=SAVE_FILE, **private)
        saved.then(_made, None, self.save, **private)
        demo.load(None, None, None, js=ON_LOAD, **private)

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
            yield self._blank(session)
            yield from self._show(session, turn)

        return load_and_ask

    def _show(self, session: Session, turn: Iterator[View]) -> Iterator[list[Any]]:
        """Each step of a turn as new values of the components.

        Gradio shows the last of them again when a turn is over: of one that another patient has overtaken, that is the
        page as it is now. What is still on its way from before is hidden by the number of its patient.
        """
        patient = session.begun_anew
        for view in turn:
            if session.begun_anew != patient:
                break
            yield [
                session,
                session.messages,
                _busy(view.question),
                gr.skip() if view.strips is None else view.strips,
                gr.skip() if view.evidence is None else view.evidence,
                gr.skip() if view.strips is None else _slider(session),
                gr.update(open=view.lacking) if view.lacking or view.was_read else gr.skip(),
                str(patient),
            ]
        if session.begun_anew != patient:
            yield self._begun_anew(session)

    def forget(self, session: Session | None) -> list[Any]:
        """Drop the patient."""
        if session:
            session.clear()
        return self._blank(session)

    def _blank(self, session: Session | None) -> list[Any]:
        patient = str(session.begun_anew) if session else gr.skip()
        slider, fields = gr.update(visible=False, value=0), gr.update(open=False)
        return [session, [], _ready(clear=True), "", NO_EVIDENCE, slider, fields, patient]

    def turn_to(self, session: Session | None, start_s: float) -> str:
        """Show long recordings from another second."""
        if not session:
            return ""
        return strips_html(session.records, session.intervals, start_s, opened=longest_paged(session.records))

    def _pager(self, sheets: int) -> Callable[[Session | None, float], list[Any]]:
        def turn(session: Session | None, start_s: float) -> list[Any]:
            longest = longest_paged(session.records) if session else None
            if not session or longest is None:
                return [gr.skip(), gr.skip()]
            record = session.records[longest]
            start_s = max(0.0, min(start_s + sheets * lay_out(record).end_s, record.duration_s - ROW_S))
            return [self.turn_to(session, start_s), gr.update(value=round(start_s))]

        return turn

    def show_place(self, session: Session | None, event: gr.EventData) -> list[Any]:
        """Turn the trace to a place that was pressed in the evidence, and frame it."""
        place = _place(session, event)
        if not session or not place:
            return [gr.skip(), gr.skip()]
        same = ("ecg", "start_s", "end_s")
        marks = [mark for mark in session.intervals if any(abs(mark[key] - place[key]) > 2e-3 for key in same)]
        start_s = max(0.0, place["start_s"] - PLACE_BEFORE_S)
        strips = strips_html(session.records, [*marks, place], start_s, opened=place["ecg"] - 1)
        return [strips, gr.update(value=round(start_s)) if sheet_starts(session.records, ()) else gr.skip()]

    def remove(self, session: Session | None, event: gr.EventData) -> list[Any]:
        """Take away the ECG whose button was pressed."""
        number = (event._data or {}).get("remove")
        if not session or not isinstance(number, int):
            return [gr.skip()] * 8
        session.remove(number - 1)
        return self._begun_anew(session)

    def _begun_anew(self, session: Session) -> list[Any]:
        """The page without an answer, after the patient or the ECGs changed."""
        strips, patient = strips_html(session.records), str(session.begun_anew)
        return [session, session.messages, _ready(), strips, NO_EVIDENCE, _slider(session), gr.skip(), patient]

    def to_pdf(self, session: Session | None) -> str:
        """The report as "name base64"; it travels in the page's own channel, so that no address for it exists."""
        if not session or not session.records:
            gr.Info("There is no ECG to save yet.")
            return ""
        from .report_pdf import file_name, write_pdf  # matplotlib only when needed

        return f"{file_name()} {base64.b64encode(write_pdf(session)).decode('ascii')}"

    def _new_session(self) -> Session:
        return Session(Uploads(self.folder, self.max_file_mb))


def _place(session: Session | None, event: gr.EventData) -> dict[str, Any] | None:
    """The place that was pressed, if it is one of a loaded ECG."""
    data = event._data or {}
    numbers = [data.get(key) for key in ("ecg", "start", "end")]
    if not session or not all(isinstance(number, int | float) for number in numbers):
        return None
    ecg, start, end = (float(number) for number in numbers if number is not None)
    if ecg not in range(1, len(session.records) + 1) or not 0 <= start <= session.records[int(ecg) - 1].duration_s:
        return None
    known = [mark for mark in session.intervals if mark["ecg"] == ecg and abs(mark["start_s"] - start) < 2e-3]
    rest = known[0] if known else {"kind": str(data.get("kind") or "pressed place")[:60], "leads": []}
    return rest | {"ecg": int(ecg), "start_s": start, "end_s": end, "chosen": True}


def _slider(session: Session) -> Any:
    """The slider of long recordings, at where the sheet of the longest begins."""
    longest = longest_paged(session.records)
    if longest is None:
        return gr.update(visible=False, value=0)
    last = session.records[longest].duration_s - ROW_S
    return gr.update(visible=True, maximum=round(last), value=sheet_starts(session.records, session.intervals)[longest])


def _busy(question: str | None) -> Any:
    box: dict[str, Any] = {"submit_btn": False, "stop_btn": True}
    return gr.update(**box) if question is None else gr.update(value={"text": question, "files": []}, **box)


def _ready(*, clear: bool = False) -> Any:
    box: dict[str, Any] = {"submit_btn": True, "stop_btn": False}
    return gr.update(value={"text": "", "files": []}, **box) if clear else gr.update(**box)


def _making() -> Any:
    return gr.update(value="Writing the PDF …", interactive=False)


def _made() -> Any:
    return gr.update(value=SAVE, interactive=True)


def _stop(session: Session | None) -> None:
    if session:
        session.stop.set()


def _forget(session: Session | None) -> None:
    if session:
        session.uploads.close()
