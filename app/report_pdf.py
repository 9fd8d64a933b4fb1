"""A conversation as one PDF to take away: answers with who says so, evidence, measurements, and the traces to scale."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from anyecg.answer import critical_sentences
from anyecg.draw import draw_strip
from anyecg.strip_layout import PX_PER_MM

from .session import Session
from .strips import describe, sheet_starts
from .tables import (
    amplitude_table,
    change_table,
    critical_line,
    group_lines,
    measured_lines,
    percent,
    signal_lines,
    span,
)
from .words import ORIGINS, contradictions_and_corrections, without_way_out

A4_MM = (210.0, 297.0)
MARGIN_MM = 15.0
DISCLAIMER = (
    "anyecg is not a medical device. For research and teaching only: answers can be wrong; do not diagnose or treat "
    "with them."
)
_LINE_MM, _SIZE = 4.4, 9.0
_MM = 25.4
_WIDTH = 108
"""Characters of a line of text in the size above."""
_RED, _GREY, _INK = "#8a1c1c", "#5b6670", "#101418"
MAX_PLACES = 40

Paragraph = tuple[str, str]
"""A text and its kind: "head", "text", "strong", "alarm", "quiet" or "table" (fixed width, not wrapped)."""


def file_name() -> str:
    """A name that tells nothing of the patient."""
    return f"anyecg-{datetime.now():%Y-%m-%d-%H%M}.pdf"


def write_pdf(session: Session) -> bytes:
    """The conversation of a session as a PDF on A4: text pages upright, then each ECG on a sheet lying."""
    buffer = io.BytesIO()
    with PdfPages(buffer, metadata={"Title": "anyecg report", "Creator": "anyecg"}) as pdf:
        for page in _pages(_paragraphs(session)):
            pdf.savefig(page)
        for k in range(len(session.records)):
            pdf.savefig(_trace(session, k))
    return buffer.getvalue()


def _paragraphs(session: Session) -> list[Paragraph]:
    """All text of the report, in order."""
    parts: list[Paragraph] = [(f"Made on {datetime.now():%Y-%m-%d at %H:%M}.", "quiet"), ("Recordings", "head")]
    parts += [(f"ECG {k}: {r.name} ({describe(r)})", "text") for k, r in enumerate(session.records, 1)]
    if not session.answers:
        parts.append(("No question has been answered yet; the traces follow.", "text"))
    for question, answer in session.answers:
        parts += _answered(question, answer)
    if session.answers:
        parts += _evidence(session, session.answers[-1][1])
    return parts


def _answered(question: str, answer: Any) -> list[Paragraph]:
    """A question, what was answered, and who says each part."""
    parts: list[Paragraph] = [(f"Question: {question}", "head")]
    if critical := critical_sentences(answer):
        parts += [(sentence, "strong") for sentence in critical]
        parts.append(("Critical values are measured and told by fixed rules, without the language model.", "quiet"))
    parts += [(answer.text.strip() or "(no text)", "text"), (ORIGINS[answer.origin], "quiet")]
    if answer.stopped:
        parts.append(("The answer was stopped before its end.", "quiet"))
    wrong, corrected = contradictions_and_corrections(answer.contradictions)
    for title, sentences in (("The text and the evidence disagree:", wrong), ("Put right by the evidence:", corrected)):
        parts += [(title, "alarm")] * bool(sentences) + [(f"- {sentence}", "alarm") for sentence in sentences]
    return parts + [(f"Note: {without_way_out(sentence)}", "quiet") for sentence in answer.warnings]


def _evidence(session: Session, answer: Any) -> list[Paragraph]:
    """What the last answer rests on, which is all there is to know of the ECGs."""
    parts: list[Paragraph] = []
    if answer.critical:
        parts += [
            ("Critical, measured, with their rules", "head"),
            *((critical_line(value, len(answer.evidence)), "text") for value in answer.critical),
        ]
    if answer.changes:
        head, rows = change_table(answer.changes)
        parts += [("What changed, measured", "head"), *((f"- {line}", "text") for line in answer.changes["sentences"])]
        parts += [*((f"Note: {line}", "quiet") for line in answer.changes["warnings"]), *_table([head, *rows])]
    for number, (entry, record) in enumerate(zip(answer.evidence, session.records, strict=False), 1):
        parts.append((f"ECG {number}, {entry['record']}: findings and their probability (neural network)", "head"))
        parts += _findings(entry, record)
        parts.append((f"ECG {number}: measured on the signal", "head"))
        lines = [
            [row.name, row.value, row.verdict, f"normal {row.normal}" if row.normal else ""]
            for row in measured_lines(entry["measurements"], record.sex)
        ]
        parts += _table([*lines, *([name, text] for name, text in signal_lines(entry["measurements"]))])
        parts += _places(number, entry)
        head, rows = amplitude_table(entry["measurements"])
        if rows:
            parts += [(f"ECG {number}: amplitudes per lead, mV", "head"), *_table([head, *rows])]
    return parts


def _findings(entry: Any, record: Any) -> list[Paragraph]:
    if entry["abstained"]:
        return [(f"This ECG cannot be judged: {entry['reason']}.", "alarm")]
    rows = []
    for finding in entry["findings"]:
        judged = finding.get("verdict") != "cannot be judged"
        seen = "counts as seen" if finding["present"] else "" if judged else f"cannot be judged: {finding['reason']}"
        rows.append([finding["phrase"], finding["code"], percent(finding["probability"]) if judged else "", seen])
    return _table([*rows, *([f"group: {name}", "", value] for name, value in group_lines(entry, record))])


def _places(number: int, entry: Any) -> list[Paragraph]:
    """Where beats and episodes lie, and whether the network or a measurement says so."""
    places = [(e, "network, " + percent(e["probability"])) for e in entry["events"] if e.get("probability") is not None]
    places += [(e, "measured") for e in entry["measurements"].get("episodes") or ()]
    if not places:
        return []
    rows = [[str(e["kind"]), f"{span(e)} s", ", ".join(e.get("leads") or ()) or "all leads", by] for e, by in places]
    more = [(f"and {len(rows) - MAX_PLACES} more places", "quiet")] if len(rows) > MAX_PLACES else []
    return [(f"ECG {number}: places", "head"), *_table(rows[:MAX_PLACES]), *more]


def _table(rows: Iterable[Sequence[str]]) -> list[Paragraph]:
    """Rows in columns as wide as their longest cell; the last cell of a row is not counted."""
    cells = [[str(cell) for cell in row] for row in rows]
    for row in cells:
        while row and not row[-1]:
            row.pop()
    widths = [
        max((len(row[k]) for row in cells if k < len(row) - 1), default=0)
        for k in range(max((len(row) for row in cells), default=0))
    ]
    return [("  ".join(cell.ljust(widths[k]) for k, cell in enumerate(row)).rstrip(), "table") for row in cells]


_STYLES: dict[str, dict[str, Any]] = {
    "head": {"weight": "bold", "size": _SIZE + 1.5}, "text": {}, "strong": {"weight": "bold"},
    "alarm": {"color": _RED}, "quiet": {"color": _GREY, "size": _SIZE - 1},
    "table": {"family": "monospace", "size": _SIZE - 2},
}  # fmt: skip


def _pages(paragraphs: Iterable[Paragraph]) -> Iterable[Figure]:
    """Text set on pages, each with the disclaimer on top."""
    pages = _set(paragraphs, int((A4_MM[1] - 2 * MARGIN_MM - 20) / _LINE_MM))
    for number, lines in enumerate(pages, 1):
        page = _page(A4_MM, f"anyecg report, page {number} of {len(pages)} and the traces")
        y = A4_MM[1] - MARGIN_MM - 10
        for line, kind in lines:
            _write(page, MARGIN_MM, y, line, A4_MM, **_STYLES[kind])
            y -= _LINE_MM
        yield page


def _set(paragraphs: Iterable[Paragraph], room: int) -> list[list[Paragraph]]:
    """Lines by page; a heading stays with what stands under it where that fits on a page."""
    blocks: list[list[Paragraph]] = [[]]
    for text, kind in paragraphs:
        if kind == "head":
            blocks.append([])
        blocks[-1] += [(line, kind) for line in _wrapped(text, kind)]
    pages: list[list[Paragraph]] = [[]]
    for block in blocks:
        if pages[-1] and len(pages[-1]) + len(block) > room >= len(block):
            pages.append([])
        for line in block:
            if len(pages[-1]) == room:
                pages.append([])
            pages[-1].append(line)
    return pages


def _wrapped(text: str, kind: str) -> list[str]:
    width = {"head": 84, "quiet": 124, "table": 126}.get(kind, _WIDTH)
    lines = [line for part in text.splitlines() for line in textwrap.wrap(part, width) or [""]]
    if kind == "table":
        lines = textwrap.wrap(text, width, subsequent_indent="    ", drop_whitespace=False, replace_whitespace=False)
    return ["", *lines] if kind == "head" else lines


def _trace(session: Session, k: int) -> Figure:
    """One recording with its marks, 25 mm/s on paper where the sheet fits, else reduced and told so."""
    record = session.records[k]
    start = sheet_starts(session.records, session.intervals).get(k, 0.0)
    own = [mark for mark in session.intervals if mark["ecg"] == k + 1]
    image = draw_strip(record, intervals=own, title=f"ECG {k + 1}: {record.name}", start_s=start)
    size = (A4_MM[1], A4_MM[0]) if image.width > image.height else A4_MM
    wide, high = image.width / PX_PER_MM, image.height / PX_PER_MM
    scale = min(1.0, (size[0] - 20) / wide, (size[1] - 40) / high)
    said = "printed to scale" if scale == 1.0 else f"reduced to {100 * scale:.0f} %: measure against the 1 mV pulse"
    page = _page(size, f"anyecg report, trace of ECG {k + 1}, {said} (print without fitting to the page)")
    left, bottom = (size[0] - wide * scale) / 2, size[1] - 28 - high * scale
    box = (left / size[0], bottom / size[1], wide * scale / size[0], high * scale / size[1])
    axes = page.add_axes(box)
    axes.imshow(image, aspect="auto", interpolation="none")
    axes.set_axis_off()
    return page


def _page(paper: tuple[float, float], foot: str) -> Figure:
    page = Figure(figsize=(paper[0] / _MM, paper[1] / _MM))
    for k, line in enumerate(textwrap.wrap(DISCLAIMER, 90 if paper[0] < paper[1] else 140)):
        _write(page, MARGIN_MM, paper[1] - 10 - k * _LINE_MM, line, paper, color=_RED, weight="bold", size=_SIZE - 0.5)
    _write(page, MARGIN_MM, 8, foot, paper, color=_GREY, size=_SIZE - 1)
    return page


def _write(page: Figure, x_mm: float, y_mm: float, text: str, paper: tuple[float, float], **style: Any) -> None:
    # "$" is a dollar, not the beginning of a formula.
    options: dict[str, Any] = {"size": _SIZE, "color": _INK, "va": "top", "parse_math": False} | style
    page.text(x_mm / paper[0], y_mm / paper[1], text, **options)
