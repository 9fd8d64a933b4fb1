"""The evidence of an answer, as HTML with all text escaped; what it shows of an ECG is in words.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from anyecg.abstain import UNJUDGED, lacking, usable_leads
from anyecg.findings import SUPERCLASS_NAMES
from anyecg.record import EcgRecord

from .words import BEAT_NAMES, MEANINGS, ORIGINS, ROWS, contradictions_and_corrections, measured_lines

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
        _alerts("Critical, measured", critical_lines(answer), "contradiction"),
        _alerts("The text and the evidence disagree", wrong, "contradiction"),
        _alerts("Put right in the text, by the evidence", corrected, "warning"),
        _alerts("Please note", answer.warnings, "warning"),
        _section("Marked on the trace (press a place to see it)", _marked(marks, len(answer.evidence))),
    ]
    if answer.changes:
        parts.append(_changes(answer.changes))
    for number, entry in enumerate(answer.evidence, 1):
        record = records[number - 1] if number <= len(records) else None
        above = {mark.get("kind") for mark in marks if mark["ecg"] == number}
        parts.append(_ecg(number, entry, record, len(answer.evidence) <= MAX_UNFOLDED, above))
    return "".join(parts) + _glossary() + _timing(answer)


def _alerts(title: str, sentences: Sequence[str], kind: str) -> str:
    if not sentences:
        return ""
    items = "".join(f"<li>{escape(str(sentence))}</li>" for sentence in sentences)
    return f'<div class="alert {kind}" role="alert"><b>{title}</b><ul>{items}</ul></div>'


def critical_lines(answer: Answer) -> list[str]:
    """Critical values with the rule that calls them so."""
    several = len(answer.evidence) > 1
    return [
        (f"ECG {value['ecg']}: " if several else "") + f"{value['sentence']} ({value['source']})"
        for value in answer.critical
    ]


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
    return _section("What changed, measured", f"<ul>{said}</ul>{notes}{_table(head, rows)}")


def change_table(changes: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the comparison, a column per ECG."""
    head = ["", *(f"ECG {number}" for number in changes["order"]), "± day to day"]
    rows = []
    for row in changes["rows"]:
        if row["leads"] or all(value is None for value in row["values"]):
            continue
        limit = "" if row["limit"] is None else f"{row['limit']:.3g} {row['unit'] or ''}".strip()
        rows.append([row["title"], *map(_changed, row["values"], row["exceeds"]), limit])
    return head, rows


def _changed(value: Any, exceeds: bool | None) -> str:
    text = (
        "–"
        if value is None
        else value
        if isinstance(value, str)
        else f"{value:.0f}"
        if abs(value) >= 10
        else f"{value:.3g}"
    )
    return text + (" *" if exceeds else "")


def _ecg(
    number: int, entry: Mapping[str, Any], record: EcgRecord | None, unfolded: bool, above: Collection[Any]
) -> str:
    """Everything that is known of one recording; places of the kinds `above` stand above already."""
    changes = entry.get("differences_from_ecg_1") if number > 1 else None
    if entry["abstained"]:
        body = f'<div class="alert warning">This ECG cannot be judged: {escape(str(entry["reason"]))}.</div>'
    else:
        body = _section("Findings and their probability", _findings(entry, record))
    body += _section("Measured", _measurements(entry["measurements"], changes or {}, record.sex if record else None))
    body += _section("Episodes, measured", _kinds(number, entry["measurements"].get("episodes") or (), ()))
    seen = [event for event in entry["events"] if event.get("probability") is not None]
    body += _section("Seen by the network", _kinds(number, seen, above))
    body += _amplitudes(entry["measurements"])
    state = " open" if unfolded else ""
    name = f"<summary><h3>ECG {number} <span>{escape(entry['record'])}</span></h3></summary>"
    return f'<details class="ecg"{state}>{name}{body}</details>'


def _findings(entry: Mapping[str, Any], record: EcgRecord | None) -> str:
    """The likeliest statements as bars, those above their decision limit in full colour; then the classes."""
    bars = "".join(_bar(finding) for finding in entry["findings"])
    rows = [(name, percent) for name, percent in group_lines(entry, record)]
    return bars + (f"<details><summary>Groups of findings</summary>{_table((), rows)}</details>" if rows else "")


def group_lines(entry: Mapping[str, Any], record: EcgRecord | None) -> list[tuple[str, str]]:
    """The five diagnostic groups with their probability, or that these leads cannot show them."""
    usable = usable_leads(record.leads, entry["quality"]) if record else None
    return [
        (
            SUPERCLASS_NAMES.get(code, code),
            UNJUDGED if usable is not None and lacking(f"super:{code}", usable) else percent(p),
        )
        for code, p in entry["superclasses"].items()
    ]


def _bar(finding: Mapping[str, Any]) -> str:
    width = max(0.0, min(100.0, 100 * finding["probability"]))
    kind = "present" if finding["present"] else "absent"
    said = "above the limit from which it counts as seen" if finding["present"] else "below that limit"
    right = percent(finding["probability"])
    if finding.get("verdict") == UNJUDGED:
        width, right, said = 0.0, UNJUDGED, finding["reason"]
    return (
        f'<div class="bar {kind}" title="{escape(said)}"><div class="fill" style="width:{width:.0f}%"></div>'
        f"<span>{escape(finding['phrase'])} <i>{escape(finding['code'])}</i></span><b>{right}</b></div>"
    )


def percent(probability: float) -> str:
    """A probability as people read it."""
    value = 100 * probability
    return "<1%" if value < 1 else ">99%" if value > 99 else f"{value:.0f}%"


def _measurements(values: Mapping[str, Any], changes: Mapping[str, float], sex: str | None) -> str:
    keys = {row.name: row.keys[0] for row in ROWS}
    rows = []
    for line in measured_lines(values, sex):
        change = changes.get(keys.get(line.name, ""))
        value = escape(line.value) + (f" <b>{escape(line.verdict)}</b>" if line.verdict else "")
        value += f" <i>{change:+.0f} against ECG 1</i>" if change is not None else ""
        normal = f"<i>normal {escape(line.normal)}</i>" if line.normal else ""
        rows.append(
            f'<tr><td title="{escape(line.meaning, quote=True)}">{escape(line.name)}</td>'
            f"<td{'' if normal else ' colspan=2'}>{value}</td>{f'<td>{normal}</td>' if normal else ''}</tr>"
        )
    rows += [
        f"<tr><td>{escape(name)}</td><td colspan=2>{escape(text)}</td></tr>" for name, text in signal_lines(values)
    ]
    return f"<table>{''.join(rows)}</table>" if rows else ""


def signal_lines(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Beats, pacing, R progression and signal quality in words."""
    lines = []
    beats = Counter(beat["kind"] for beat in values.get("beats") or ())
    if beats:
        lines.append(("Beats", ", ".join(f"{n} {BEAT_NAMES.get(kind, kind)}" for kind, n in beats.most_common())))
    if values.get("paced"):
        lines.append(("Pacing", str(values["paced"])))
    if progression := values.get("r_progression"):
        lines.append(("R progression", f"{progression['word']} (transition {progression['transition_lead']})"))
    if values.get("quality"):
        poor = [f"{lead} {flag}" for lead, flag in values["quality"].items() if flag != "good"]
        lines.append(("Signal quality", ", ".join(poor) or "good in all leads"))
    return lines


def _kinds(ecg: int, events: Sequence[Mapping[str, Any]], above: Collection[Any]) -> str:
    """Places by kind, most first seen on top, with the highest probability that one of them has."""
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
        brief = kind in above and len(places) > 1
        shown.append(f"<p>{escape(head)}{', marked above' if brief else ''}</p>{'' if brief else _places(ecg, places)}")
    return "".join(shown)


AMPLITUDES = (("P", "p_mv"), ("Q", "q_mv"), ("R", "r_mv"), ("S", "s_mv"), ("J", "st_j_mv"), ("J+60", "st_mv"),
              ("J+80", "st80_mv"), ("T", "t_mv"))  # fmt: skip


def amplitude_table(values: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the amplitudes in mV, a row per lead."""
    rows = [
        [lead, *("" if levels.get(key) is None else f"{levels[key]:.2f}" for _, key in AMPLITUDES)]
        for lead, levels in (values.get("leads") or {}).items()
    ]
    return ["lead", *(name for name, _ in AMPLITUDES)], rows


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


def _section(title: str, body: str) -> str:
    return f"<h4>{title}</h4>{body}" if body else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>" if any(head) else ""
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{top}{lines}</table>" if lines else ""


def span(place: Mapping[str, Any]) -> str:
    """From when to when, in seconds."""
    return f"{place['start_s']:.1f}-{place['end_s']:.1f}"
