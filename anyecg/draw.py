"""Draw a recording on ECG paper: 25 mm/s, 10 mm/mV, intervals shaded in time and lead.

The gain is never changed: a row grows with its signal up to 40 mm either way, and what goes beyond is cut,
marked and named. Where each lead lies is decided in `strip_layout.py`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .findings import EVENT_KINDS, code_of
from .record import EcgRecord
from .strip_layout import (
    LINE_MM,
    MAX_SWING_MM,
    MM_PER_MV,
    MM_PER_S,
    PX_PER_MM,
    Interval,
    Piece,
    Row,
    Sheet,
    interval_leads,
    lay_out,
    samples,
)

_SMOOTH = 3  # traces are drawn three times too large and reduced
_PAPER, _FINE, _COARSE, _INK, _GREY, _RED = "#fffaf8", "#fbe3de", "#f1bdb4", "#101418", "#5b6670", "#c1121f"
_SHADES = ("#1f77b4", "#2a9d4a", "#9b5de5", "#d98200", "#0f8b8d", "#b5179e", "#7f5539")

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""
Busy = dict[int, list[tuple[float, float]]]
"""Per line of labels, the stretches that are written on already."""


def draw_strip(
    record: EcgRecord,
    *,
    intervals: Sequence[Interval] = (),
    title: str = "",
    start_s: float = 0.0,
    end_s: float | None = None,
) -> Image.Image:
    """Draw a recording on standard paper.

    Twelve standard leads of up to ten seconds are printed 3 x 4 with lead II below; anything else in stacked
    rows of ten seconds, as many as fit on a sheet (the sheet says which seconds it shows).

    Args:
        record: the recording.
        intervals: {start_s, end_s, kind, leads} to shade, in s; empty leads mean all, "chosen" ones get two lines.
        title: the heading; the record's name if empty.
        start_s: where the sheet begins.
        end_s: where it ends at the latest; None means the end of the record.

    Raises:
        RecordError: if the stretch of time is empty or outside the record.
    """
    sheet = lay_out(record, intervals=intervals, start_s=start_s, end_s=end_s)
    colours = colours_of({_kind(interval) for interval in intervals})
    # What lasts lies below what is brief, so that a beat within an episode keeps its colour.
    by_length = sorted(intervals, key=lambda i: float(i["start_s"]) - float(i["end_s"]))
    shaded = [(_kind(interval), _boxes(sheet, record, interval)) for interval in by_length]
    image = _paper(sheet)
    for interval, (kind, boxes) in zip(by_length, shaded, strict=True):
        _shade(image, boxes, colours[kind], bool(interval.get("chosen")))
    clipped = [lead for row in sheet.rows for lead in _draw_row(image, row, record)]
    _label(image, sheet, shaded, colours)
    _write_head(image, title or record.name, shaded, colours)
    _write_foot(image, sheet, record, list(dict.fromkeys(clipped)), sum(not boxes for _, boxes in shaded))
    return image


def _paper(sheet: Sheet) -> Image.Image:
    image = Image.new("RGB", (sheet.width_mm * PX_PER_MM, sheet.height_mm * PX_PER_MM), _PAPER)
    draw = ImageDraw.Draw(image)
    for colour, step in ((_FINE, 1), (_COARSE, 5)):
        for x in range(0, sheet.width_mm, step):
            draw.line([(x * PX_PER_MM, 0), (x * PX_PER_MM, image.height)], colour)
        for y in range(0, sheet.height_mm, step):
            draw.line([(0, y * PX_PER_MM), (image.width, y * PX_PER_MM)], colour)
    return image


def _draw_row(image: Image.Image, row: Row, record: EcgRecord) -> list[str]:
    """Draw pulse, traces and names of a row; returns the leads that had to be cut."""
    top, height = row.top_mm * PX_PER_MM, (row.above_mm + row.below_mm) * PX_PER_MM
    ink = Image.new("L", (image.width * _SMOOTH, height * _SMOOTH), 0)
    pen, draw = ImageDraw.Draw(ink), ImageDraw.Draw(image)
    mm = PX_PER_MM * _SMOOTH
    base = row.above_mm * mm
    pulse = [(3, 0), (5, 0), (5, -10), (10, -10), (10, 0), (12, 0)]  # 1 mV for 0.2 s
    pen.line([(x * mm, base + y * mm) for x, y in pulse], 255, 6)
    clipped = []
    for k, piece in enumerate(row.pieces):
        levels = _trace(pen, record, piece, base, mm)
        if k:  # a short stroke parts the leads of one row
            x = round(piece.x(piece.start_s))
            draw.line([(x, row.baseline_px - 18), (x, row.baseline_px + 18)], _GREY, 2)
        over = np.nanmax(np.abs(levels), initial=0.0) * MM_PER_MV
        if over > MAX_SWING_MM:
            clipped.append(piece.lead)
            _mark_clipped(draw, row, record, piece)
        if not np.isfinite(levels).any():
            _text(draw, (piece.x(piece.start_s) + 60, row.baseline_px - 24), "nothing recorded", 20, _GREY)
    image.paste(_INK, (0, top), ink.reduce(_SMOOTH))
    for piece in row.pieces:
        _text(draw, (piece.x(piece.start_s) + 6, top + 3), piece.lead, 26, _INK, backed=True)
    if row.ends_block:
        _write_seconds(draw, row)
    return clipped


def _trace(pen: ImageDraw.ImageDraw, record: EcgRecord, piece: Piece, base: float, mm: int) -> np.ndarray:
    """Draw one lead, lifting the pen over gaps; returns its levels in mV."""
    times, levels = samples(record, piece)
    x = (piece.left_mm + (times - piece.start_s) * MM_PER_S) * mm
    y = base - levels * (MM_PER_MV * mm)
    finite = np.flatnonzero(np.isfinite(y))
    for run in np.split(finite, np.flatnonzero(np.diff(finite) > 1) + 1):
        points = [(float(a), float(b)) for a, b in zip(x[run], y[run], strict=True)]
        if len(points) > 1:
            pen.line(points, 255, 7, joint="curve" if len(points) < 3000 else None)
        elif points:
            pen.ellipse([points[0][0] - 3, points[0][1] - 3, points[0][0] + 3, points[0][1] + 3], 255)
    return levels


def _mark_clipped(draw: ImageDraw.ImageDraw, row: Row, record: EcgRecord, piece: Piece) -> None:
    """Red triangles where the trace leaves the row, at most one per 2 mm."""
    times, levels = samples(record, piece)
    for sign, edge_mm in ((1, row.top_mm), (-1, row.top_mm + row.above_mm + row.below_mm)):
        beyond = times[np.nan_to_num(levels) * sign * MM_PER_MV > MAX_SWING_MM]
        places = {round(piece.x(t)) // 12: round(piece.x(t)) for t in beyond}
        for x in places.values():
            y = edge_mm * PX_PER_MM + (1 if sign > 0 else -1)
            draw.polygon([(x - 6, y + 10 * sign), (x + 6, y + 10 * sign), (x, y)], _RED)


def _write_seconds(draw: ImageDraw.ImageDraw, row: Row) -> None:
    y = (row.top_mm + row.above_mm + row.below_mm) * PX_PER_MM
    for piece in row.pieces:
        for second in range(math.ceil(piece.start_s - 1e-6), math.floor(piece.end_s + 1e-6) + 1):
            x = round(piece.x(second))
            draw.line([(x, y), (x, y + 6)], _GREY, 2)
            _text(draw, (x, y + 7), f"{second} s", 18, _GREY, anchor="ma")


def colours_of(kinds: Collection[str]) -> dict[str, str]:
    """A colour per kind of place; of what the network knows always the same, so that blue stays a PVC."""
    known = EVENT_KINDS[EVENT_KINDS.index("premature ventricular contraction") :] + EVENT_KINDS
    colours: dict[str, str] = {}
    for kind in sorted(kinds, key=lambda kind: (kind not in known, kind)):
        own = known.index(kind) if kind in known else 0
        ring = [_SHADES[(own + step) % len(_SHADES)] for step in range(len(_SHADES))]
        colours[kind] = next((shade for shade in ring if shade not in colours.values()), ring[0])
    return colours | ({"noise": _GREY} if "noise" in kinds else {})


def _kind(interval: Interval) -> str:
    return str(interval.get("kind") or "interval")


def _boxes(sheet: Sheet, record: EcgRecord, interval: Interval) -> list[Box]:
    """Where an interval lies on the sheet: one box per piece that it touches."""
    start, end = float(interval["start_s"]), float(interval["end_s"])
    leads = interval_leads(interval) or record.leads
    boxes = []
    for row in sheet.rows:
        for piece in row.pieces:
            if piece.lead in leads and start < piece.end_s and max(end, start + 1e-3) > piece.start_s:
                left, right = piece.x(max(start, piece.start_s)), piece.x(min(end, piece.end_s))
                top, bottom = row.top_mm * PX_PER_MM, (row.top_mm + row.above_mm + row.below_mm) * PX_PER_MM
                boxes.append((round(left), top, max(round(right), round(left) + 3), bottom))
    return boxes


def _shade(image: Image.Image, boxes: Sequence[Box], colour: str, framed: bool) -> None:
    for left, top, right, bottom in boxes:
        image.paste(colour, (left, top), Image.new("L", (right - left, bottom - top), 56))
        if framed:
            ImageDraw.Draw(image).line([(left - 2, top), (left - 2, bottom)], colour, 5)
            ImageDraw.Draw(image).line([(right + 2, top), (right + 2, bottom)], colour, 5)


def _label(image: Image.Image, sheet: Sheet, shaded: Sequence[tuple[str, list[Box]]], colours: dict[str, str]) -> None:
    """Name each shaded stretch once per block: in full, as its code, or left to the legend."""
    draw = ImageDraw.Draw(image)
    busy: Busy = {}
    for row in sheet.rows:
        names = [(piece.x(piece.start_s), piece.lead) for piece in row.pieces]
        busy[row.top_mm * PX_PER_MM + 3] = [(x, x + 12 + _font(26).getlength(name)) for x, name in names]
    for kind, boxes in shaded:
        covered = {(left, bottom) for left, _, _, bottom in boxes}
        for left, top, right, _ in boxes:
            if (left, top) not in covered:  # no box of this interval right above
                code = (code_of(kind) or kind).rstrip("_")
                wide = _font(20).getlength(kind) < right - left
                texts = dict.fromkeys((kind, code) if wide else (code, kind))
                _place_label(draw, (left + 2, top + 3), tuple(texts), colours[kind], busy)


def _place_label(draw: ImageDraw.ImageDraw, at: tuple[int, int], texts: Sequence[str], colour: str, busy: Busy) -> None:
    for text in texts:
        width = _font(20).getlength(text) + 4
        for y in (at[1], at[1] + 26):
            spans = busy.setdefault(y, [])
            x = max([at[0], *(b for a, b in spans if a <= at[0] < b)])  # step past the lead's name
            free = all(x + width <= a or x >= b for a, b in spans)
            if free and x - at[0] < 70 and x + width < draw.im.size[0]:
                spans.append((x, x + width))
                _text(draw, (x, y), text, 20, colour, backed=True)
                return


def _write_head(
    image: Image.Image, title: str, shaded: Sequence[tuple[str, list[Box]]], colours: dict[str, str]
) -> None:
    """The heading, the scale, and below them what each colour means."""
    draw = ImageDraw.Draw(image)
    scale = f"{MM_PER_S} mm/s   {MM_PER_MV} mm/mV"
    _text(draw, (image.width - 12, 10), scale, 24, _INK, anchor="ra", backed=True)
    room = image.width - 40 - _font(24).getlength(scale)
    _text(draw, (12, 8), _fit(title, 28, room), 28, _INK, backed=True)
    x = 12.0
    for kind, text in legend(shaded).items():
        colour = colours[kind]
        width = 28 + _font(20).getlength(text)
        if x + width > image.width - 40:
            _text(draw, (x, 50), "…", 20, _GREY)
            return
        draw.rectangle([x, 54, x + 18, 70], colour)
        _text(draw, (x + 24, 50), text, 20, colour, backed=True)
        x += width + 24


def legend(shaded: Sequence[tuple[str, list[Box]]]) -> dict[str, str]:
    """The text of each kind that is seen on this sheet: its name, and how often if more than once."""
    seen = Counter(kind for kind, boxes in shaded if boxes)
    return {kind: f"{kind} ({n})" if n > 1 else kind for kind, n in seen.items()}


def _write_foot(image: Image.Image, sheet: Sheet, record: EcgRecord, clipped: Sequence[str], unseen: int) -> None:
    """What is shown, how it was drawn, and what is not to be seen."""
    draw = ImageDraw.Draw(image)
    filters = [note for note in record.notes if "filter" in note.lower()] or ["drawn without filter"]
    shown = f"{record.duration_s:.4g} s"
    if sheet.start_s > 0 or sheet.end_s < record.duration_s - 1e-6:
        shown = f"shown: {sheet.start_s:.4g}-{sheet.end_s:.4g} s of {record.duration_s:.6g} s"
    facts = [shown, f"{record.sampling_rate:g} Hz", "each lead about its median", *filters]
    warnings = [f"cut at {MAX_SWING_MM / MM_PER_MV:g} mV: {', '.join(clipped)}"] if clipped else []
    if unseen:
        warnings.append(f"{unseen} marked place{'s' * (unseen > 1)} outside this sheet")
    y = image.height - 2 * LINE_MM * PX_PER_MM
    room = image.width - 24
    _text(draw, (12, y + 2), _fit("  ·  ".join(facts), 20, room), 20, _INK, backed=True)
    if warnings:
        _text(draw, (12, y + 32), _fit("  ·  ".join(warnings), 20, room), 20, _RED, backed=True)


def _fit(text: str, size: int, room: float) -> str:
    """Shorten a line so that it fits, with an ellipsis."""
    text = " ".join(text.split())
    full = text
    while text and _font(size).getlength(text + "…" * (text != full)) > room:
        text = text[: min(len(text) - 1, int(len(text) * 0.95))]
    return text if text == full else text.rstrip() + "…"


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.truetype("DejaVuSans.ttf", size)
    except OSError:  # not installed: the font that Pillow brings along
        return ImageFont.load_default(size)


def _text(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: int,
    colour: str,
    *,
    anchor: str = "la",
    backed: bool = False,
) -> None:
    """Write one line; `backed` lays paper under it so that the grid does not cross the letters."""
    if backed:
        left, top, right, bottom = draw.textbbox(at, text, _font(size), anchor=anchor)
        draw.rectangle([left - 2, top - 1, right + 2, bottom + 1], _PAPER)
    draw.text(at, text, colour, _font(size), anchor=anchor)
