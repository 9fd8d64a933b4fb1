"""The evidence of an answer, as HTML with all text escaped; what it tells in rows is in tables.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from anyecg.abstain import UNJUDGED
from anyecg.record import EcgRecord

from .tables import (
    ROWS,
    amplitude_table,
    change_table,
    critical_line,
    group_lines,
    measured_lines,
    number,
    percent,
    signal_lines,
    span,
)
from .words import MEANINGS, ORIGINS, contradictions_and_corrections, without_way_out

if TYPE_CHECKING:
    from anyecg.answer import Answer

NO_EVIDENCE = """<div class="quiet"><b>Evidence.</b> Beside each answer stands here what it rests on: measured
intervals, findings with their probability, the places on the trace, and whatever contradicts the text.</div>"""
MAX_PLACES = 1000
MAX_UNFOLDED = 2
"""With more ECGs than this, the evidence of each is folded away below the comparison."""


def evidence_html(answer: Answer, records: Sequence[EcgRecord] = (), marks: Sequence[Mapping[str, Any]] = ()) -> str:
    """The evidence panel of an `Answer`.

    Args:
        records: the ECGs; they tell the patient's sex, for normal ranges, and the leads.
        marks: the places that are shaded on the trace: {ecg (from 1), start_s, end_s, kind, leads}.
    """
    wrong, corrected = contradictions_and_corrections(answer.contradictions)
    parts = [
        _alert("Critical, measured", _critical(answer, records), "contradiction"),
        _alerts("The text and the evidence disagree", wrong, "contradiction"),
        _alerts("Put right in the text, by the evidence", corrected, "warning"),
        _alerts("Please note", map(without_way_out, answer.warnings), "warning"),
        _section("Marked on the trace (press a place to see it)", _marked(marks, len(answer.evidence)), 2),
    ]
    if answer.changes:
        parts.append(_changes(answer.changes))
    for ecg, entry in enumerate(answer.evidence, 1):
        record = records[ecg - 1] if ecg <= len(records) else None
        above = Counter(mark.get("kind") for mark in marks if mark["ecg"] == ecg)
        parts.append(_ecg(ecg, entry, record, len(answer.evidence) <= MAX_UNFOLDED, above))
    inside = "".join(parts) + _glossary() + _timing(answer)
    return f'<section aria-label="Evidence">{inside}</section>'


def _alerts(title: str, sentences: Iterable[str], kind: str) -> str:
    return _alert(title, [escape(str(sentence)) for sentence in sentences], kind)


def _alert(title: str, items: Sequence[str], kind: str) -> str:
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f'<div class="alert {kind}" role="alert"><b>{title}</b><ul>{listed}</ul></div>' if listed else ""


def _critical(answer: Answer, records: Sequence[EcgRecord]) -> list[str]:
    """Critical values as HTML; one that does not last throughout has a button that shows it."""
    items = []
    for value in answer.critical:
        ecg = value["ecg"]
        lasts = ecg > len(records) or value["end_s"] - value["start_s"] > 0.99 * records[ecg - 1].duration_s
        items.append(
            escape(critical_line(value, len(answer.evidence))) + ("" if lasts else f"<br>{_place(ecg, value)}")
        )
    return items


def _marked(marks: Sequence[Mapping[str, Any]], n_ecgs: int) -> str:
    """The shaded places by ECG and kind, each a button."""
    groups: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for mark in marks:
        groups.setdefault((mark["ecg"], str(mark.get("kind") or "named by the text")), []).append(mark)
    shown = []
    for (ecg, kind), places in groups.items():
        head = (f"ECG {ecg}: " if n_ecgs > 1 else "") + kind + (f" ({len(places)})" if len(places) > 1 else "")
        shown.append(f"<p>{escape(head)}</p>" + _places(ecg, places))
    return "".join(shown)


def _places(ecg: int, places: Sequence[Mapping[str, Any]]) -> str:
    ordered = sorted(places, key=lambda place: place["start_s"])[:MAX_PLACES]
    more = f" and {len(places) - MAX_PLACES} more" if len(places) > MAX_PLACES else ""
    return f'<div class="places">{" ".join(_place(ecg, place) for place in ordered)}{more}</div>'


def _place(ecg: int, place: Mapping[str, Any]) -> str:
    """A button that turns the trace to a place."""
    leads = ", ".join(place.get("leads") or ())
    text = escape(f"{span(place)} s" + (f" in {leads}" if leads else ""), quote=True)
    kind = escape(str(place.get("kind") or ""), quote=True)
    data = f'data-ecg="{ecg}" data-start="{place["start_s"]:.3f}" data-end="{place["end_s"]:.3f}" data-kind="{kind}"'
    label = f"Show {text} on the trace of ECG {ecg}"
    return f'<button type="button" class="place" {data} aria-label="{label}">{text}</button>'


def _changes(changes: Mapping[str, Any]) -> str:
    """What changed between the ECGs by measurement; what exceeds day-to-day variation has an asterisk."""
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in changes["sentences"])
    notes = _alerts("For this comparison", changes["warnings"], "warning")
    head, rows = change_table(changes)
    return _section("What changed, measured", f"<ul>{said}</ul>{notes}{_table(head, rows)}", 2)


def _ecg(ecg: int, entry: Mapping[str, Any], record: EcgRecord | None, unfolded: bool, above: Mapping[Any, int]) -> str:
    """Everything that is known of one recording; so many places of a kind stand `above` already."""
    changes = entry.get("differences_from_ecg_1") if ecg > 1 else None
    if entry["abstained"]:
        body = f'<div class="alert warning">This ECG cannot be judged: {escape(str(entry["reason"]))}.</div>'
    else:
        body = _section("Findings and their probability", _findings(entry, record))
    body += _section("Measured", _measurements(entry["measurements"], changes or {}, record.sex if record else None))
    body += _section("Episodes, measured", _kinds(ecg, entry["measurements"].get("episodes") or (), {}))
    seen = [event for event in entry["events"] if event.get("probability") is not None]
    body += _section("Seen by the network", _kinds(ecg, seen, above))
    body += _amplitudes(entry["measurements"])
    state = " open" if unfolded else ""
    name = f"<summary><h2>ECG {ecg} <span>{escape(entry['record'])}</span></h2></summary>"
    return f'<details class="ecg"{state}>{name}{body}</details>'


def _findings(entry: Mapping[str, Any], record: EcgRecord | None) -> str:
    """The likeliest statements as bars, those above their decision limit in full colour; then the classes."""
    bars = "".join(_bar(finding) for finding in entry["findings"])
    rows = group_lines(entry, record)
    return bars + (f"<details><summary>Groups of findings</summary>{_table((), rows)}</details>" if rows else "")


def _bar(finding: Mapping[str, Any]) -> str:
    width = max(0.0, min(100.0, 100 * finding["probability"]))
    kind = "present" if finding["present"] else "absent"
    said = "above the limit from which it counts as seen" if finding["present"] else "below that limit"
    right = percent(finding["probability"])
    if finding.get("verdict") == UNJUDGED:
        width, right, said = 0.0, UNJUDGED, finding["reason"]
    seen = '<span class="unseen">, counts as seen</span>' if finding["present"] else ""  # else told by colour alone
    return (
        f'<div class="bar {kind}" title="{escape(said)}"><div class="fill" style="width:{width:.0f}%"></div>'
        f"<span>{escape(finding['phrase'])} <i>{escape(finding['code'])}</i></span><b>{right}{seen}</b></div>"
    )


def _measurements(values: Mapping[str, Any], changes: Mapping[str, float], sex: str | None) -> str:
    known = {row.name: row for row in ROWS}
    rows = []
    for line in measured_lines(values, sex):
        row = known.get(line.name)
        change = changes.get(row.keys[0]) if row else None
        value = escape(line.value) + (f" <b>{escape(line.verdict)}</b>" if line.verdict else "")
        if row and change is not None:
            value += f" <i>{'+' * (change >= 0)}{number(change, row.unit)} against ECG 1</i>"
        normal = f"<i>normal {escape(line.normal)}</i>" if line.normal else ""
        rows.append(
            f'<tr><td title="{escape(line.meaning, quote=True)}">{escape(line.name)}</td>'
            f"<td{'' if normal else ' colspan=2'}>{value}</td>{f'<td>{normal}</td>' if normal else ''}</tr>"
        )
    rows += [
        f"<tr><td>{escape(name)}</td><td colspan=2>{escape(text)}</td></tr>" for name, text in signal_lines(values)
    ]
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _kinds(ecg: int, events: Sequence[Mapping[str, Any]], above: Mapping[Any, int]) -> str:
    """Places by kind with the highest probability that one of them has; not again if all of them stand above."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for event in events:
        groups.setdefault(str(event["kind"]), []).append(event)
    shown = []
    for kind, places in groups.items():
        likely = [place["probability"] for place in places if place.get("probability") is not None]
        told = ([f"{len(places)} places"] if len(places) > 1 else []) + (
            [f"up to {percent(max(likely))}"] if likely else []
        )
        head = kind + (f" ({', '.join(told)})" if told else "")
        brief = above.get(kind, 0) >= len(places) > 1
        shown.append(f"<p>{escape(head)}{', marked above' if brief else ''}</p>{'' if brief else _places(ecg, places)}")
    return "".join(shown)


def _amplitudes(values: Mapping[str, Any]) -> str:
    """R, S, ST and T per lead, folded away."""
    head, rows = amplitude_table(values)
    return f"<details><summary>Amplitudes per lead, mV</summary>{_table(head, rows)}</details>" if rows else ""


def _glossary() -> str:
    """What the words mean, for those who cannot point at them with a mouse."""
    meanings = MEANINGS | {row.name: row.meaning for row in ROWS}
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in meanings.items())
    return f'<details class="glossary"><summary>What these words mean</summary><dl>{items}</dl></details>'


def _timing(answer: Answer) -> str:
    if not answer.done:
        return ""
    parts = [ORIGINS[answer.origin].rstrip(".")]
    if answer.first_token_s is not None:
        parts.append(f"first word after {answer.first_token_s:.2f} s")
    if answer.total_s:
        parts.append(f"done after {answer.total_s:.2f} s")
    return f'<div class="quiet timing">{" · ".join(parts)}{" · stopped" if answer.stopped else ""}</div>'


def _section(title: str, body: str, level: int = 3) -> str:
    return f"<h{level}>{title}</h{level}>{body}" if body else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>" if any(head) else ""
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{top}{lines}</table>" if lines else ""
