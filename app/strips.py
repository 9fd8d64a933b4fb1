"""The recordings on ECG paper, as HTML with all text escaped."""

from __future__ import annotations

import base64
import io
import weakref
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from PIL import Image

from anyecg.conversation import describe_leads
from anyecg.draw import draw_strip
from anyecg.record import EcgRecord
from anyecg.strip_layout import PX_PER_MM, ROW_S, interval_leads, lay_out, sheet_start

_TALL = 0.9
"""A sheet higher than this against its width is scrolled; others are shown whole."""
_KEPT: dict[int, tuple[weakref.ref[EcgRecord], str, tuple[str, bool]]] = {}
"""The last drawing of each recording, as long as that lives: of ten ECGs, mostly one changes."""


def describe(record: EcgRecord) -> str:
    """One line about a recording: leads, length, rate, patient, date."""
    leads = describe_leads(record.leads) if len(record.leads) > 1 else f"lead {record.leads[0]}"
    parts = [leads, _duration(record.duration_s), f"{record.sampling_rate:g} Hz"]
    if record.age is not None:
        parts.append(f"{record.age:.0f} y")
    date = (record.recorded_at or "").replace("T", " ")[:16]
    return ", ".join([*parts, *(part for part in (record.sex, date) if part)])


def _duration(seconds: float) -> str:
    """ "10.0 s", from two minutes on "30 min 6 s", from two hours on "23 h 59 min"."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    return f"{minutes} min {left} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def sheet_starts(records: Sequence[EcgRecord], intervals: Iterable[Mapping[str, Any]]) -> dict[int, float]:
    """For each recording too long for one sheet, by its index: where to begin so that a marked place is seen."""
    marks = list(intervals)
    return {
        k: sheet_start(record, [mark for mark in marks if mark["ecg"] == k + 1])
        for k, record in enumerate(records)
        if lay_out(record).end_s < record.duration_s - 1e-6
    }


def longest_paged(records: Sequence[EcgRecord]) -> int | None:
    """Index of the longest recording that does not fit on one sheet; None if all do."""
    return max(sheet_starts(records, ()), key=lambda k: records[k].duration_s, default=None)


def strips_html(
    records: Sequence[EcgRecord],
    intervals: Iterable[Mapping[str, Any]] = (),
    start_s: float | None = None,
    opened: int | None = None,
) -> str:
    """The recordings on paper with an answer's intervals shaded; of several, one is unfolded at first.

    Args:
        intervals: {ecg (from 1), start_s, end_s, kind, leads}.
        start_s: where the sheet of a long recording begins; None turns to its first interval.
        opened: index of the recording to unfold; None unfolds the first that is marked, else the newest.
    """
    if not records:
        return ""
    marks = list(intervals)
    starts = sheet_starts(records, marks)
    if opened is None:
        opened = marks[0]["ecg"] - 1 if marks else len(records) - 1
    sheets = []
    for k, record in enumerate(records):
        begin = starts.get(k, 0.0)
        if k in starts and start_s is not None:
            begin = max(0.0, min(start_s, record.duration_s - ROW_S))
        own = [mark for mark in marks if mark["ecg"] == k + 1]
        picture = _drawn(record, own, f"ECG {k + 1}: {record.name}", begin)
        sheets.append(_sheet(k + 1, record, picture, k == opened, _look_at(record, own, begin)))
    several = " several" if len(records) > 1 else ""
    bar = _BAR.format(grow="Side by side" if several else "Full screen")
    return f'<div id="sheets" class="sheets{several}" popover>{bar}{"".join(sheets)}</div>'


_BAR = (
    '<div class="bar"><button type="button" popovertarget="sheets" class="grow">{grow}</button>'
    '<button type="button" popovertarget="sheets" class="shrink">Close full screen</button></div>'
)


def _look_at(record: EcgRecord, marks: Sequence[Mapping[str, Any]], begin_s: float) -> str:
    """Where on the sheet the chosen or else the first marked place is, as parts of its width and height."""
    sheet = lay_out(record, intervals=marks, start_s=begin_s)
    for mark in sorted(marks, key=lambda mark: (not mark.get("chosen"), mark["start_s"])):
        leads = interval_leads(mark) or record.leads
        for row in sheet.rows:
            for piece in row.pieces:
                if piece.lead in leads and piece.start_s <= mark["start_s"] < piece.end_s:
                    x, y = piece.x(mark["start_s"]) / (sheet.width_mm * PX_PER_MM), row.top_mm / sheet.height_mm
                    return f' data-x="{x:.3f}" data-y="{y if row is not sheet.rows[0] else 0:.3f}"'
    return ""


def _drawn(record: EcgRecord, marks: Sequence[Mapping[str, Any]], title: str, start_s: float) -> tuple[str, bool]:
    """The picture as a data address, and whether it is tall; the last one of each recording is kept."""
    key = repr((title, start_s, [sorted(mark.items()) for mark in marks]))
    kept = _KEPT.get(id(record))
    if not kept or kept[0]() is not record or kept[1] != key:
        image = draw_strip(record, intervals=marks, title=title, start_s=start_s)
        known = id(record)
        alive = weakref.ref(record, lambda _: _KEPT.pop(known, None))
        kept = _KEPT[known] = (alive, key, (_data_url(image), image.height > _TALL * image.width))
    return kept[2]


def _sheet(number: int, record: EcgRecord, drawn: tuple[str, bool], opened: bool, look_at: str) -> str:
    caption = escape(f"ECG {number}: {record.name} ({describe(record)})", quote=True)
    address, is_tall = drawn
    tall = " tall" if is_tall else ""
    state = " open" if opened else ""
    remove = f'<button type="button" class="remove" data-remove="{number}">Remove ECG {number}</button>'
    label = f'role="group" aria-label="Trace of ECG {number}" tabindex="0"'
    picture = f'<div class="sheet{tall}" {label}{look_at}><img alt="{caption}" src="{address}"></div>'
    return f"<details{state}><summary>{caption}</summary>{picture}{remove}</details>"


def _data_url(image: Image.Image) -> str:
    """The picture inside the page itself, so that no address exists at which somebody else could fetch it."""
    buffer = io.BytesIO()
    image.quantize(128, method=Image.Quantize.FASTOCTREE).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
