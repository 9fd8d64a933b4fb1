"""What changed: two to six ECGs of one patient compared, measurement by measurement and beat by beat.

from anyecg.measure.serial import compare
found = compare([measure(old).to_dict(), measure(new).to_dict()], ["2024-05-01", "2024-06-12"])
print("\\n".join(found["sentences"]))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from .serial_beats import align, qrs_likeness
from .serial_limits import (
    LEAD_QUANTITIES,
    LIKENESS,
    QUANTITIES,
    WORDS,
    Quantity,
    leads_of,
    same_word,
    value_of,
    why_missing,
    word_of,
)
from .serial_text import sentences_of, warnings_of

FEWEST, MOST = 2, 6
Measured = Mapping[str, Any]


def compare(
    measurements: Sequence[Measured], dates: Sequence[str | None], *, same_patient: bool | None = None
) -> dict[str, Any]:
    """Compare ECGs of one patient.

    Args:
        measurements: `Measurements.to_dict()` of each ECG, two to six.
        dates: ISO date or date-time of each, as far as known. If all are known the ECGs are put into that order,
            else they stay in the order given.
        same_patient: whether the caller knows that they are of one patient; the answer warns if not.

    Returns:
        Plain JSON values. ecgs: their number. order: which of the ECGs given stands where, counted from 1; every list
        below is in this order. rows: {key, title, unit, leads (the lead of a measurement of one lead, else empty),
        values, differences (from the first), from_previous, limit (of day-to-day variation, as large as it is for the
        last difference; None for words), source, exceeds (per ECG, whether its difference from the first is beyond
        the limit; None where it cannot be compared), reasons (per ECG, why its value is missing, or None)}.
        sentences: what changed, most important first, ready to be shown. warnings: what to bear in mind.
        aligned_beats: median beats laid over one another (see `serial_beats.align`), or None.

    Raises:
        ValueError: for fewer than two or more than six ECGs, another number of dates, or a date that is not ISO.
    """
    _check(measurements, dates)
    order = _order(dates)
    ecgs = [measurements[k] for k in order]
    aligned = align([ecg.get("median_beat") for ecg in ecgs])
    rows = [_word_row(ecgs, key, title, order) for key, title in WORDS.items()]
    rows += [_row(quantity, ecgs, None, order) for quantity in QUANTITIES]
    rows += [_row(quantity, ecgs, lead, order) for quantity in LEAD_QUANTITIES for lead in leads_of(ecgs)]
    rows += _likeness_rows(aligned, len(ecgs))
    return {
        "ecgs": len(ecgs),
        "order": [k + 1 for k in order],
        "rows": rows,
        "sentences": sentences_of(rows, ecgs, aligned),
        "warnings": warnings_of(ecgs, [k + 1 for k in order], dates, same_patient),
        "aligned_beats": aligned,
    }


def _check(measurements: Sequence[Measured], dates: Sequence[str | None]) -> None:
    if not FEWEST <= len(measurements) <= MOST:
        raise ValueError(f"ECGs: {len(measurements)} given to compare; give {FEWEST} to {MOST}.")
    if len(dates) != len(measurements):
        raise ValueError(f"dates: {len(dates)} for {len(measurements)} ECGs; give one for each, or None.")


def _order(dates: Sequence[str | None]) -> list[int]:
    """Positions by date if all are known, else as given."""
    known = [_moment(date) for date in dates if date]
    if len(known) < len(dates):
        return list(range(len(dates)))
    return sorted(range(len(dates)), key=lambda k: known[k])


def _moment(date: str) -> datetime:
    try:
        return datetime.fromisoformat(date).replace(tzinfo=None)
    except ValueError:
        raise ValueError(f"the date {date!r} is not an ISO date; write 2024-05-01 or 2024-05-01T10:30.") from None


def _row(quantity: Quantity, ecgs: Sequence[Measured], lead: str | None, order: Sequence[int]) -> dict[str, Any]:
    """One line of the table: a number of each ECG, and how far it is from the first."""
    values = [value_of(ecg, quantity.key, lead) for ecg in ecgs]
    return _numbers(quantity, values, lead) | {"reasons": _reasons(values, ecgs, quantity.key, lead, order)}


def _reasons(
    values: Sequence[Any], ecgs: Sequence[Measured], key: str, lead: str | None, order: Sequence[int]
) -> list[str | None]:
    """Why an ECG has no value, as "not comparable, because ECG 2: no P wave found"."""
    return [
        None if value is not None else f"not comparable, because ECG {k + 1}: {why_missing(ecg, key, lead)}"
        for value, ecg, k in zip(values, ecgs, order, strict=True)
    ]


def _numbers(quantity: Quantity, values: Sequence[float | None], lead: str | None) -> dict[str, Any]:
    first = values[0]
    differences = [_difference(quantity, first, value) for value in values]
    limits = [
        None if first is None or value is None else quantity.limit_between(first, value, lead) for value in values
    ]
    exceeds = [
        None if change is None or limit is None else abs(change) > limit
        for change, limit in zip(differences, limits, strict=True)
    ]
    known = [limit for limit in limits if limit is not None]
    return {
        "key": quantity.key,
        "title": f"{quantity.title} in {lead}" if lead else quantity.title,
        "unit": quantity.unit,
        "leads": [lead] if lead else [],
        "values": list(values),
        "differences": differences,
        "from_previous": [None, *(_difference(quantity, a, b) for a, b in pairwise(values))],
        "limit": round(known[-1] if known else quantity.limit, 3),
        "source": quantity.source,
        "exceeds": exceeds,
    }


def _difference(quantity: Quantity, one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else round(quantity.difference(one, other), 3)


def _word_row(ecgs: Sequence[Measured], key: str, title: str, order: Sequence[int]) -> dict[str, Any]:
    values = [word_of(ecg, key) for ecg in ecgs]
    same = [same_word(ecgs[0], ecg, key) for ecg in ecgs]
    return {
        "key": key,
        "title": title,
        "unit": "",
        "leads": [],
        "values": values,
        "differences": [None] * len(values),
        "from_previous": [None] * len(values),
        "limit": None,
        "source": "any change of the word",
        "exceeds": [None if is_same is None else not is_same for is_same in same],
        "reasons": _reasons(values, ecgs, key, None, order),
    }


def _likeness_rows(aligned: Mapping[str, Any] | None, n: int) -> list[dict[str, Any]]:
    if aligned is None:
        return []
    found = [qrs_likeness(aligned, 0, k) for k in range(n)]
    rows = []
    for lead in aligned["leads"]:
        values = [None if lead not in one else round(one[lead], 3) for one in found]
        if sum(value is not None for value in values) > 1:
            missing = [None if value is not None else "not comparable, because the QRS is small" for value in values]
            rows.append(_numbers(LIKENESS, values, lead) | {"reasons": missing})
    return rows
