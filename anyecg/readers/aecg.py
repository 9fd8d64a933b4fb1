"""HL7 annotated ECG (aECG, 2003): the rhythm series, never the representative beat that is derived from it.

Each sequence set has one time sequence (head and increment) and a sequence per lead: origin + scale × digits.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from ..leads import KNOWN_LEADS, canonical_lead
from ..record import EcgRecord, RecordError
from .common import age_at, check_size, finish, is_ecg_name, number_duplicates, plain_text, to_float32
from .declared import Declared, is_voltage, settle_rate, settle_scale, settle_step
from .groups import Group, join, require_any
from .lead_numbers import LEAD_NUMBERS

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_TIME = re.compile(r"^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?(\.\d{1,9})?)?")
_PART = 2**20
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_OTHERS = {name.upper(): name for name in LEAD_NUMBERS.values()}
_UNAUGMENTED = {"VR", "VL", "VF"}
"""Of MDC: not aVR, aVL and aVF, as elsewhere, but two thirds of them."""


def read(root: Element, path: Path, declared: Declared) -> EcgRecord:
    """Read the first rhythm series of an aECG document."""
    notes: list[str] = []
    found = [(series, _code(series)) for series in root.iterfind("{*}component/{*}series")]
    rhythms = [series for series, code in found if code == "RHYTHM"]
    others = [code for _, code in found if code != "RHYTHM"]
    others += [_code(series) for series in root.iterfind("{*}component/{*}series/{*}derivation/{*}derivedSeries")]
    names = [f"the series {code}" for code in others]
    if len(rhythms) > 1:
        names = [f"{len(rhythms) - 1} further series RHYTHM", *names]
    sets = rhythms[0].iterfind("{*}component/{*}sequenceSet") if rhythms else []
    groups = [group for item in sets if (group := _group(item, declared, path.name, notes)) is not None]
    require_any(groups, path.name, names)
    if names:
        notes.append(f"read: the first series RHYTHM; left out: {', '.join(names)}")
    signal, leads, rate = join(groups, path.name, notes)
    return finish(signal, leads, rate, path, declared, notes, **_patient(root))


def local(tag: Any) -> str:
    """An element's name without its name space."""
    return str(tag).rpartition("}")[2]


def _code(element: Element) -> str:
    code = element.find("{*}code")
    return plain_text(code.get("code", "") if code is not None else "")


def _group(sequences: Element, declared: Declared, name: str, notes: list[str]) -> Group | None:
    """One set of leads that were sampled together; None if it holds no lead."""
    start_s, rate, leads, values, lengths = 0.0, None, [], [], []
    for sequence in sequences.iterfind("{*}component/{*}sequence"):
        code, value = _code(sequence), sequence.find("{*}value")
        if value is None:
            continue
        if code in ("TIME_ABSOLUTE", "TIME_RELATIVE"):
            start_s, rate = _time(value, name)
        elif (lead := _lead(code)) is None or not is_voltage(_unit(value, "scale") or "uV"):
            notes.append(f"left out: {code or 'a sequence without code'} (not an ECG lead in volts)")
        else:
            leads.append(lead)
            values.append(value)
            lengths.append(_count(_digits(value)))
    if not leads:
        return None
    if len(set(lengths)) > 1 or not lengths[0]:
        raise RecordError(
            f"{name} holds leads of {min(lengths)} to {max(lengths)} samples in one set; they must be of one length."
        )
    check_size(len(leads), lengths[0], name)
    rate = settle_rate(rate, declared, name)
    unique = number_duplicates(leads, notes)
    decode = partial(_decode, values, unique, declared, name)
    return Group("the rhythm", unique, lengths[0], rate, start_s, decode)


def _lead(code: str) -> str | None:
    """The lead of an MDC code; None if the code is that of something else."""
    scheme, _, lead = code.rpartition("_ECG_LEAD_")
    if not lead or (scheme != "MDC" and canonical_lead(lead) not in KNOWN_LEADS) or not is_ecg_name(lead):
        return None
    if lead.upper() in _UNAUGMENTED:
        return f"unaugmented-{lead.upper()}"
    if lead.upper() == "AVRNEG":
        return "-aVR"
    if re.match(r"^[df][A-Z]|^da", lead):  # dI, dV1: derived; fI: of Frank
        return f"{'derived' if lead[0] == 'd' else 'Frank'}-{lead[1:]}"
    return _OTHERS.get(lead.upper()) or canonical_lead(lead)


def _time(value: Element, name: str) -> tuple[float, float | None]:
    """Begin in seconds and rate in Hz of a time sequence."""
    head, increment = value.find("{*}head"), value.find("{*}increment")
    if not value.get(_TYPE, "GLIST").startswith("GLIST") or increment is None:
        raise RecordError(f"{name} lists the time of every sample; only equal steps (GLIST) are read.")
    step = _number(increment, name) * _SECONDS.get(increment.get("unit", "s"), math.nan)
    if not step > 0:
        raise RecordError(
            f"{name} has a time step of {plain_text(increment.get('value', ''))} "
            f"{plain_text(increment.get('unit', ''))}; it must be positive and in s, ms or us."
        )
    start_s = 0.0
    if head is not None and head.get("value"):
        moment = _moment(head.get("value", ""))
        is_number = head.get("unit") is not None or moment is None
        if is_number:
            start_s = _number(head, name) * _SECONDS.get(head.get("unit", "s"), math.nan)
        elif moment is not None:
            start_s = (moment - datetime(2000, 1, 1)).total_seconds()
    if not abs(start_s) < 1e12:
        raise RecordError(f"{name} begins at a time that is not understood; it is damaged.")
    return start_s, 1.0 / step


def _decode(values: list[Element], leads: tuple[str, ...], declared: Declared, name: str) -> np.ndarray:
    """Signal in mV, (n_leads, n_samples)."""
    rows = []
    for value, lead in zip(values, leads, strict=True):
        if not value.get(_TYPE, "SLIST").startswith("SLIST"):
            raise RecordError(f"{name} stores {lead} as {plain_text(value.get(_TYPE, ''))}; SLIST_PQ is read.")
        steps = _numbers(_digits(value), lead, name)
        scale, what = value.find("{*}scale"), f"{lead} in {name}"
        per_step = settle_step(
            _number(scale, name) if scale is not None else None, _unit(value, "scale"), declared, what
        )
        rows.append(to_float32(steps * per_step + _origin(value, declared, what, name)))
    return np.stack(rows)


def _origin(value: Element, declared: Declared, what: str, name: str) -> float:
    """Millivolts of the step 0."""
    element = value.find("{*}origin")
    origin = _number(element, name) if element is not None else 0.0
    if not origin or declared.microvolts_per_step is not None:  # a constant in units that the file does not state
        return 0.0
    return origin * settle_scale(_unit(value, "origin"), declared, what)


def _digits(value: Element) -> str:
    return value.findtext("{*}digits") or ""


def _count(text: str) -> int:
    """How many words a text has, without making them."""
    letters = np.frombuffer(b" " + text.encode("ascii", "replace"), np.uint8) > 32
    return int(np.count_nonzero(letters[1:] & ~letters[:-1]))


def _numbers(text: str, lead: str, name: str) -> np.ndarray:
    """The samples, a part of the text at a time: its words take ten times the memory of their numbers."""
    parts, begin = [np.empty(0)], 0
    try:
        while begin < len(text):
            end = begin + _PART
            while end < len(text) and not text[end].isspace():
                end += 1
            parts.append(np.array(text[begin:end].split(), np.float64))
            begin = end
    except ValueError:
        raise RecordError(
            f"{name} holds something else than numbers among the samples of {lead}; it is damaged."
        ) from None
    numbers = np.concatenate(parts)
    if len(numbers) != (stated := _count(text)):  # blanks that are no ASCII part words for Python alone
        raise RecordError(f"{name} holds {stated} or {len(numbers)} samples of {lead}; it is damaged: export it again.")
    return numbers


def _number(element: Element, name: str) -> float:
    try:
        number = float(element.get("value", ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RecordError(
            f"{name} states {plain_text(element.get('value', ''))!r} as {local(element.tag)}, which is not a number."
        )
    return number


def _unit(value: Element, key: str) -> str | None:
    element = value.find("{*}" + key)
    return plain_text(element.get("unit", "")) or None if element is not None else None


def _moment(text: str) -> datetime | None:
    """An HL7 time, yyyymmdd or yyyymmddhhmm[ss[.ffff]]; zones are left aside."""
    match = _TIME.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        return datetime(year, month, day, hour, minute, second) + timedelta(seconds=float(match[7] or 0))
    except (ValueError, OverflowError):
        return None


def _patient(root: Element) -> dict[str, Any]:
    """Age in years, sex and date; name and numbers stay in the file."""
    person, time = root.find(".//{*}subjectDemographicPerson"), root.find("{*}effectiveTime")
    texts = [time.find(key) for key in ("{*}center", "{*}low")] if time is not None else []
    text = next((t.get("value", "") for t in texts if t is not None), "")
    moment = _moment(text)
    born = person.find("{*}birthTime") if person is not None else None
    gender = person.find("{*}administrativeGenderCode") if person is not None else None
    birth = _moment(born.get("value", "")) if born is not None else None
    recorded_at = None
    if moment is not None:
        recorded_at = moment.isoformat(timespec="seconds") if len(text) >= 12 else moment.date().isoformat()
    return {
        "age": age_at(birth.date() if birth else None, moment.date() if moment else None),
        "sex": {"F": "female", "M": "male"}.get(gender.get("code", "")) if gender is not None else None,
        "recorded_at": recorded_at,
    }
