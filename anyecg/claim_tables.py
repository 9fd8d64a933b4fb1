"""Tables in a text, as sentences that can be read: one per cell, with the ECG or lead of its column or row."""

from __future__ import annotations

import re

from .claim_names import ECG_NAME, LEADS, NAME, plain

_RULE = re.compile(r"[\s|:+-]*")
_UNIT_IN_BRACKETS = re.compile(r"\((ms|s|mv|mm|bpm|/min|°|degrees|beats/min)\)|\[(ms|s|mv|mm|bpm|/min|°)\]", re.I)


def untable(text: str) -> str:
    """Replace tables whose first row names quantities, leads or ECGs by sentences; other text stays as it is."""
    out: list[str] = []
    rows: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.count("|") >= 2:
            rows.append([] if _RULE.fullmatch(line) else [cell.strip() for cell in line.strip().strip("|").split("|")])
            continue
        if rows:
            out += _sentences([row for row in rows if row]) or [" | ".join(row) for row in rows if row]
            rows = []
        out.append(line)
    return "\n".join(out[:-1] if not text.endswith("\n") else out)


def _sentences(rows: list[list[str]]) -> list[str]:
    """One sentence per cell; none where the table has no row of names above its numbers."""
    if len(rows) < 2 or not _is_header(rows[0]):
        return []
    header = rows[0]
    by_ecg = any(ECG_NAME.search(plain(cell)) for cell in header)
    said = []
    for row in rows[1:]:
        for name, cell in zip(header, row, strict=False):
            title = row[0]
            if cell is title and (by_ecg or not re.match(r"[-+~]?\d", cell)):
                continue
            said.append(_cell(name, title if title is not cell else "", cell, by_ecg))
    return [sentence for sentence in said if sentence]


def _is_header(row: list[str]) -> bool:
    cells = [plain(cell) for cell in row]
    values = [c for c in cells if re.match(r"[-+~]?\d", c)]
    named = sum(bool(ECG_NAME.search(c) or NAME.search(c)) for c in cells)
    return not values and (named >= 2 or cells[0] in ("lead", "leads"))


def _cell(column: str, title: str, cell: str, by_ecg: bool) -> str:
    if not re.search(r"\d", cell):
        return ""
    name, lead = (title, "") if by_ecg else (column, title)
    unit = _UNIT_IN_BRACKETS.search(name)
    shown = cell if not unit or re.search(r"[a-z°/]", plain(cell)) else f"{cell} {unit.group(1) or unit.group(2)}"
    name = re.sub(r"[(\[].*?[)\]]", "", name).strip() if unit else name
    if by_ecg:
        return f"{column}: {name} {shown}."
    if lead and ECG_NAME.search(plain(lead)):
        return f"{lead}: {name} {shown}."
    return f"{name} in {lead} {shown}." if lead and LEADS.search(plain(lead)) else f"{name} {shown}."
