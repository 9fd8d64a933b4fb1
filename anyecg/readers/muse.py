"""GE MUSE XML (RestingECG): the rhythm waveform, 16-bit samples in base64; limb leads left out are derived."""

from __future__ import annotations

import base64
import binascii
import math
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from ..record import EcgRecord, RecordError
from .common import age_at, check_size, finish, plain_text
from .declared import Declared, settle_rate, settle_step

_YEARS = {"YEARS": 1.0, "MONTHS": 1 / 12, "WEEKS": 7 / 365.2425, "DAYS": 1 / 365.2425}


def read(root: Element, path: Path, declared: Declared) -> EcgRecord:
    """Read the rhythm of a MUSE export; its median beat is left out with a note."""
    waveforms = [(_text(item, "WaveformType").lower(), item) for item in root.findall("Waveform")]
    rhythms = [item for kind, item in waveforms if kind == "rhythm"]
    others = [plain_text(kind) or "without a type" for kind, _ in waveforms if kind != "rhythm"]
    if len(rhythms) != 1:
        what = f"{len(rhythms)} rhythm waveforms" + (f" and {', '.join(others)}" if others else "")
        raise RecordError(f"{path.name} holds {what}; exactly one rhythm is read: export it again.")
    notes = [f"read: the rhythm; left out: {', '.join(others)}"] if others else []
    rate = settle_rate(_rate(rhythms[0], path.name), declared, path.name)
    items = rhythms[0].findall("LeadData")
    names = [plain_text(_text(item, "LeadID")) for item in items]
    if not items or not all(names):
        raise RecordError(f"{path.name} has {len(items)} leads, not all with a name; export it again.")
    coded = [_text(item, "WaveFormData") for item in items]
    check_size(len(items), max(map(len, coded)) // 2, path.name)
    rows = [
        _millivolts(item, text, name, declared, path.name) for item, text, name in zip(items, coded, names, strict=True)
    ]
    if len({len(row) for row in rows}) > 1:
        raise RecordError(
            f"{path.name} holds leads of {min(map(len, rows))} to {max(map(len, rows))} samples; it is damaged."
        )
    return finish(np.stack(rows), names, rate, path, declared, notes, derive=True, **_patient(root))


def _text(element: Element, key: str) -> str:
    return (element.findtext(key) or "").strip()


def _number(element: Element, key: str, name: str) -> float | None:
    """A number, or None where the file has none."""
    text = _text(element, key)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RecordError(f"{name} states {plain_text(text)!r} as {key}, which is not a number; it is damaged.")
    return number


def _rate(waveform: Element, name: str) -> float | None:
    base, exponent = _number(waveform, "SampleBase", name), _number(waveform, "SampleExponent", name) or 0.0
    if not -6 <= exponent <= 6:
        raise RecordError(f"{name} states a sample exponent of {exponent:g}; it is damaged.")
    return base * 10.0**exponent if base is not None else None


def _millivolts(item: Element, text: str, lead: str, declared: Declared, name: str) -> np.ndarray:
    """Samples of one lead, shape (n_samples,), mV."""
    size, count = _number(item, "LeadSampleSize", name), _number(item, "LeadSampleCountTotal", name)
    if size not in (None, 2.0):
        raise RecordError(f"{name} stores {lead} in samples of {size:g} bytes; 2 are read: export it again.")
    try:
        stored = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        stored = b""
    n_samples = len(stored) // 2
    if not stored or len(stored) % 2 or count not in (None, float(n_samples)):
        raise RecordError(f"{name} states {count or 0:g} samples of {lead} but holds {n_samples}; it is damaged.")
    steps = np.frombuffer(stored, "<i2").astype(np.float64)
    per_step, units = _number(item, "LeadAmplitudeUnitsPerBit", name), _text(item, "LeadAmplitudeUnits") or None
    return steps * settle_step(per_step, units, declared, f"{lead} in {name}")


def _patient(root: Element) -> dict[str, Any]:
    """Age in years, sex and date; name and numbers stay in the file."""
    person, test = (root.find(key) for key in ("PatientDemographics", "TestDemographics"))
    day = _date(_text(test, "AcquisitionDate")) if test is not None else None
    recorded_at = day.isoformat() if day else None
    clock = _text(test, "AcquisitionTime") if test is not None else ""
    if day and re.match(r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$", clock):
        recorded_at = f"{day.isoformat()}T{clock}" + ":00" * (len(clock) == 5)
    if person is None:
        return {"age": None, "sex": None, "recorded_at": recorded_at}
    stated, unit = re.match(r"^\d{1,3}$", _text(person, "PatientAge")), _text(person, "AgeUnits").upper()
    age = float(stated[0]) * _YEARS[unit] if stated and unit in _YEARS else None
    if age is None:
        age = age_at(_date(_text(person, "DateofBirth")), day)
    sex = _text(person, "Gender").lower()
    return {"age": age, "sex": sex if sex in ("female", "male") else None, "recorded_at": recorded_at}


def _date(text: str) -> date | None:
    """MUSE writes months first: 05-01-2021."""
    try:
        return datetime.strptime(text, "%m-%d-%Y").date()
    except ValueError:
        return None
