"""What the page shows, as HTML with all text escaped: recordings on paper, and the evidence of an answer."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from anyecg.abstain import UNJUDGED
from anyecg.answer import ORIGINS
from anyecg.conversation import describe_leads
from anyecg.draw import draw_strip
from anyecg.findings import SUPERCLASS_NAMES
from anyecg.record import EcgRecord
from anyecg.strip_layout import ROW_S, lay_out, sheet_start

if TYPE_CHECKING:
    from anyecg.answer import Answer

NO_EVIDENCE = """<div class="quiet">The evidence stands here beside an answer: measured intervals, findings with
their calibrated probability, where they lie in time and leads, and whatever contradicts the text.</div>"""
MAX_EVENTS = 12
BEAT_NAMES = {"N": "normal", "S": "supraventricular", "V": "ventricular", "P": "paced"}
_MEASURED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("Heart rate", ("heart_rate_bpm",), "/min"),
    ("Lowest - highest", ("heart_rate_min_bpm", "heart_rate_max_bpm"), "/min"),
    ("SD of RR", ("rr_sd_ms",), "ms"),
    ("P duration", ("p_ms",), "ms"),
    ("PR interval", ("pr_ms",), "ms"),
    ("QRS duration", ("qrs_ms",), "ms"),
    ("QT interval", ("qt_ms",), "ms"),
    ("QTc (Bazett)", ("qtc_bazett_ms",), "ms"),
    ("QTc (Fridericia)", ("qtc_fridericia_ms",), "ms"),
    ("QTc (Framingham)", ("qtc_framingham_ms",), "ms"),
    ("QTc (Hodges)", ("qtc_hodges_ms",), "ms"),
    ("Frontal axis", ("axis_deg",), "°"),
    ("P axis", ("p_axis_deg",), "°"),
    ("T axis", ("t_axis_deg",), "°"),
    ("QRS-T angle, frontal", ("qrs_t_angle_deg",), "°"),
    ("QRS-T angle, spatial", ("spatial_qrs_t_angle_deg",), "°"),
    ("Sokolow-Lyon", ("sokolow_lyon_mv",), "mV"),
    ("Cornell", ("cornell_mv",), "mV"),
)


def describe(record: EcgRecord) -> str:
    """One line about a recording: leads, length, rate, patient, date."""
    parts = [describe_leads(record.leads), f"{record.duration_s:.1f} s", f"{record.sampling_rate:g} Hz"]
    if record.age is not None:
        parts.append(f"{record.age:.0f} y")
    return ", ".join([*parts, *(part for part in (record.sex, record.recorded_at) if part)])


def sheet_starts(records: Sequence[EcgRecord], intervals: Iterable[Mapping[str, Any]]) -> dict[int, float]:
    """For each recording too long for one sheet, by its index: where to begin so that a marked place is seen."""
    marks = list(intervals)
    return {
        k: sheet_start(record, [mark for mark in marks if mark["ecg"] == k + 1])
        for k, record in enumerate(records)
        if lay_out(record).end_s < record.duration_s - 1e-6
    }


def strips_html(
    records: Sequence[EcgRecord], intervals: Iterable[Mapping[str, Any]] = (), start_s: float | None = None
) -> str:
    """The recordings on paper with an answer's intervals shaded; of several, one is unfolded at a time.

    Args:
        intervals: {ecg (from 1), start_s, end_s, kind, leads}.
        start_s: where the sheet of a long recording begins; None turns to its first interval.
    """
    marks = list(intervals)
    starts = sheet_starts(records, marks)
    opened = marks[0]["ecg"] - 1 if marks else len(records) - 1
    sheets = []
    for k, record in enumerate(records):
        begin = starts.get(k, 0.0)
        if k in starts and start_s is not None:
            begin = min(start_s, record.duration_s - ROW_S)
        title = f"ECG {k + 1}: {record.name}"
        own = [mark for mark in marks if mark["ecg"] == k + 1]
        image = draw_strip(record, intervals=own, title=title, start_s=begin)
        caption = escape(f"{title} ({describe(record)})", quote=True)
        sheet = f'<div class="sheet"><img alt="{caption}" src="{_data_url(image)}"></div>'
        if len(records) > 1:
            state = " open" if k == opened else ""
            sheet = f'<details name="sheets"{state}><summary>{caption}</summary>{sheet}</details>'
        sheets.append(sheet)
    return "".join(sheets)


def _data_url(image: Any) -> str:
    """The picture inside the page itself, so that no address exists at which somebody else could fetch it."""
    buffer = io.BytesIO()
    image.quantize(48).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def evidence_html(answer: Answer) -> str:
    """The evidence panel of an `Answer`."""
    parts = [
        _alerts("Critical, measured", _critical(answer), "contradiction"),
        _alerts("The text and the evidence disagree", answer.contradictions, "contradiction"),
        _alerts("Please note", answer.warnings, "warning"),
        _marked(answer.intervals),
    ]
    if answer.changes:
        parts.append(_changes(answer.changes))
    parts += [_ecg(number, entry) for number, entry in enumerate(answer.evidence, 1)]
    return "".join(parts) + _timing(answer)


def _alerts(title: str, sentences: Sequence[str], kind: str) -> str:
    if not sentences:
        return ""
    items = "".join(f"<li>{escape(str(sentence))}</li>" for sentence in sentences)
    return f'<div class="alert {kind}" role="alert"><b>{title}</b><ul>{items}</ul></div>'


def _critical(answer: Answer) -> list[str]:
    several = len(answer.evidence) > 1
    return [
        (f"ECG {value['ecg']}: " if several else "") + f"{value['sentence']} ({value['source']})"
        for value in answer.critical
    ]


def _changes(changes: Mapping[str, Any]) -> str:
    """What changed between the ECGs by measurement; what exceeds day-to-day variation has an asterisk."""
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in changes["sentences"])
    head = ("", *(f"ECG {number}" for number in changes["order"]), "± day to day")
    rows = []
    for row in changes["rows"]:
        if row["leads"] or all(value is None for value in row["values"]):
            continue
        limit = "" if row["limit"] is None else f"{row['limit']:g} {row['unit'] or ''}".strip()
        rows.append((row["title"], *map(_changed, row["values"], row["exceeds"]), limit))
    notes = _alerts("For this comparison", changes["warnings"], "warning")
    return _section("What changed, measured", f"<ul>{said}</ul>{notes}{_table(head, rows)}")


def _changed(value: Any, exceeds: bool | None) -> str:
    text = "–" if value is None else value if isinstance(value, str) else f"{value:g}"
    return text + (" *" if exceeds else "")


def _marked(intervals: Sequence[Mapping[str, Any]]) -> str:
    """The intervals that the answer names and the strip shows."""
    if not intervals:
        return ""
    several = len({mark["ecg"] for mark in intervals}) > 1
    rows = [
        (
            (f"ECG {mark['ecg']}: " if several else "") + str(mark.get("kind") or "interval"),
            _span(mark),
            ", ".join(mark.get("leads") or ()) or "all",
        )
        for mark in intervals
    ]
    return _section("Marked on the trace", _table(("what", "seconds", "leads"), rows))


def _ecg(number: int, entry: Mapping[str, Any]) -> str:
    """Everything that is known of one recording."""
    changes = entry.get("differences_from_ecg_1") if number > 1 else None
    if entry["abstained"]:
        body = f'<div class="alert warning">This ECG cannot be judged: {escape(str(entry["reason"]))}.</div>'
    else:
        body = _section("Findings, calibrated probability", _findings(entry))
    body += _section("Measured", _measurements(entry["measurements"], changes or {}))
    body += _section("Events seen by the network", _events(entry["events"]))
    body += _amplitudes(entry["measurements"])
    return f'<section class="ecg"><h3>ECG {number} <span>{escape(entry["record"])}</span></h3>{body}</section>'


def _findings(entry: Mapping[str, Any]) -> str:
    """The likeliest statements as bars, those above their decision limit in full colour; then the classes."""
    bars = "".join(_bar(finding) for finding in entry["findings"])
    chips = "".join(
        f'<span title="{escape(SUPERCLASS_NAMES.get(code, code))}">{escape(code)} {_percent(p)}</span>'
        for code, p in entry["superclasses"].items()
    )
    return bars + (f'<div class="chips">{chips}</div>' if chips else "")


def _bar(finding: Mapping[str, Any]) -> str:
    width = max(0.0, min(100.0, 100 * finding["probability"]))
    kind, said = (
        ("present", "above the decision limit") if finding["present"] else ("absent", "below the decision limit")
    )
    right = _percent(finding["probability"])
    if finding.get("verdict") == UNJUDGED:
        width, right, said = 0.0, UNJUDGED, finding["reason"]
    return (
        f'<div class="bar {kind}" title="{escape(said)}"><div class="fill" style="width:{width:.0f}%"></div>'
        f"<span>{escape(finding['phrase'])} <i>{escape(finding['code'])}</i></span><b>{right}</b></div>"
    )


def _percent(probability: float) -> str:
    percent = 100 * probability
    return "<1%" if percent < 1 else ">99%" if percent > 99 else f"{percent:.0f}%"


def _measurements(values: Mapping[str, Any], changes: Mapping[str, float]) -> str:
    reasons = values.get("not_measurable") or {}
    rows = []
    for name, keys, unit in _MEASURED:
        numbers = [values.get(k) for k in keys]
        reason = next((reasons[k] for k in keys if k in reasons), "")
        if all(number is not None for number in numbers):
            change = f" ({changes[keys[0]]:+.0f} against ECG 1)" if keys[0] in changes else ""
            digits = 2 if unit == "mV" else 0
            rows.append((name, "-".join(f"{number:.{digits}f}" for number in numbers) + f" {unit}{change}"))
        elif reason:
            rows.append((name, f"not measurable: {reason}"))
    if values.get("rhythm_regularity"):
        rows.insert(1, ("Rhythm", str(values["rhythm_regularity"])))
    beats = Counter(beat["kind"] for beat in values.get("beats") or ())
    if beats:
        rows.append(("Beats", ", ".join(f"{n} {BEAT_NAMES.get(kind, kind)}" for kind, n in beats.most_common())))
    if values.get("paced"):
        rows.append(("Pacing", str(values["paced"])))
    if progression := values.get("r_progression"):
        rows.append(("R progression", f"{progression['word']} (transition {progression['transition_lead']})"))
    rows += [(f"Episode, {_span(e)} s", str(e["kind"])) for e in (values.get("episodes") or ())[:MAX_EVENTS]]
    poor = [f"{lead} {flag}" for lead, flag in (values.get("quality") or {}).items() if flag != "good"]
    if values.get("quality"):
        rows.append(("Signal quality", ", ".join(poor) or "good in all leads"))
    return _table((), rows)


def _events(events: Sequence[Mapping[str, Any]]) -> str:
    events = [event for event in events if event.get("probability") is not None]  # what is measured stands above
    rows = [
        (
            str(event["kind"]),
            _span(event),
            ", ".join(event.get("leads") or ()) or "all",
            _percent(event["probability"]),
        )
        for event in events[:MAX_EVENTS]
    ]
    more = f'<div class="quiet">and {len(events) - MAX_EVENTS} more</div>' if len(events) > MAX_EVENTS else ""
    return _table(("what", "seconds", "leads", ""), rows) + more


def _amplitudes(values: Mapping[str, Any]) -> str:
    """R, S, ST and T per lead, folded away."""
    keys = ("p_mv", "q_mv", "r_mv", "s_mv", "st_j_mv", "st_mv", "st80_mv", "t_mv")
    rows = [
        (lead, *("" if levels.get(key) is None else f"{levels[key]:.2f}" for key in keys))
        for lead, levels in (values.get("leads") or {}).items()
    ]
    if not rows:
        return ""
    table = _table(("lead", "P", "Q", "R", "S", "J", "J+60", "J+80", "T"), rows)
    return f"<details><summary>Amplitudes per lead, mV</summary>{table}</details>"


def _timing(answer: Answer) -> str:
    if not answer.done:
        return ""
    parts = [f"{answer.tokens} tokens"] if answer.tokens else []
    if answer.first_token_s is not None:
        parts.insert(0, f"first token after {answer.first_token_s:.2f} s")
    if answer.total_s:
        parts.append(f"done after {answer.total_s:.2f} s")
    parts.insert(0, ORIGINS[answer.origin])
    return f'<div class="quiet timing">{" · ".join(parts)}{" · stopped" if answer.stopped else ""}</div>'


def _section(title: str, body: str) -> str:
    return f"<h4>{title}</h4>{body}" if body else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    top = "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>" if any(head) else ""
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{top}{lines}</table>"


def _span(event: Mapping[str, Any]) -> str:
    return f"{event['start_s']:.1f}-{event['end_s']:.1f}"
