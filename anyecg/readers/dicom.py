"""DICOM waveforms: 12-lead, general (also 32-bit) and ambulatory ECG storage, uncompressed little endian.

pydicom parses the data set; which multiplex group is the recording, what its steps are worth and whether its sizes
can be is decided here. Waveform module: DICOM PS3.3 C.10.9; leads: PS3.16 CID 3001.
"""

from __future__ import annotations

import logging
import re
import struct
import warnings
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..leads import KNOWN_LEADS, canonical_lead
from ..record import EcgRecord, RecordError
from .common import age_at, check_size, finish, is_ecg_name, number_duplicates, plain_text, to_float32
from .declared import Declared, is_voltage, settle_rate, settle_scale, settle_step
from .groups import Group, join, require_any
from .lead_numbers import LEAD_NUMBERS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_ECG_STORAGE = re.compile(r"^1\.2\.840\.10008\.5\.1\.4\.1\.1\.9\.1\.[1-4]$")
_PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
SHORTEST_PADDING_S = 0.2
"""A run of one value that no ECG keeps for so long."""
_DTYPES = {"SB": "i1", "UB": "u1", "SS": "<i2", "US": "<u2", "SL": "<i4", "UL": "<u4"}
_AVERAGE = re.compile(r"median|average|representative|template|reference beat", re.IGNORECASE)
_CODE = {"SCPECG": re.compile(r"^5\.6\.3-9-(\d{1,3})$"), "MDC": re.compile(r"^2:(\d{1,3})$")}
_PER_YEAR = {"Y": 1.0, "M": 12.0, "W": 52.1775, "D": 365.2425}
_BROKEN = (
    ValueError, TypeError, AttributeError, KeyError, IndexError, EOFError, OverflowError, NotImplementedError,
    RecursionError, struct.error, OSError, AssertionError, MemoryError,
)  # fmt: skip


def read(path: Path, declared: Declared) -> EcgRecord:
    """Read the recording of a DICOM waveform file; groups that are an average beat are left out with a note."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    # pydicom tells every oddity of a data set, and the patient's name with it; what matters is checked here.
    logging.getLogger("pydicom").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"pydicom\.")
    try:
        return _read(path, declared)
    except RecordError:
        raise
    except (*_BROKEN, BytesLengthException, InvalidDicomError) as error:
        # Not pydicom's own words: they repeat what stands in the file.
        raise RecordError(
            f"{path.name} is not a readable DICOM file ({type(error).__name__}); it is damaged: export it again."
        ) from None


def _read(path: Path, declared: Declared) -> EcgRecord:
    data = _data_set(path)
    notes: list[str] = []
    groups, others = [], []
    items = list(data.WaveformSequence)
    originality = {str(item.get("WaveformOriginality", "")).upper() for item in items}
    for k, item in enumerate(items):
        label = plain_text(str(item.get("MultiplexGroupLabel", "") or "")) or f"group {k + 1}"
        derived = str(item.get("WaveformOriginality", "")).upper() == "DERIVED" and "ORIGINAL" in originality
        if derived or _AVERAGE.search(label):
            others.append(f"{label} ({'derived' if derived else 'average beat'})")
        elif (group := _group(item, label, declared, path.name, notes)) is not None:
            groups.append(group)
    require_any(groups, path.name, others)
    if others:
        notes.append(f"read: {', '.join(map(str, groups))}; left out: {', '.join(others)}")
    signal, names, rate = join(groups, path.name, notes)
    return finish(signal, names, rate, path, declared, notes, **_patient(data))


def _data_set(path: Path) -> Dataset:
    """The data set, after its kind and its coding were found to be readable."""
    import pydicom

    meta = pydicom.filereader.read_file_meta_info(path)
    syntax = meta.TransferSyntaxUID
    if syntax not in _PLAIN:  # told before parsing: a deflated file unpacks to any size
        raise RecordError(
            f"{path.name} is stored as {plain_text(syntax.name)}; only uncompressed little endian DICOM is read: "
            "export it so."
        )
    data = pydicom.dcmread(path, stop_before_pixels=True)
    kind = data.SOPClassUID
    if not _ECG_STORAGE.match(kind):
        raise RecordError(
            f"{path.name} is a DICOM object of another kind ({plain_text(kind.name)}); export the ECG as a waveform "
            "(12-lead, general or ambulatory ECG), not as an image or a document."
        )
    if not data.get("WaveformSequence"):
        raise RecordError(f"{path.name} holds no waveform; export the ECG again.")
    return data


def _group(item: Dataset, label: str, declared: Declared, name: str, notes: list[str]) -> Group | None:
    """One multiplex group with its ECG channels; None if it has none."""
    n_channels, n_samples = int(item.NumberOfWaveformChannels), int(item.NumberOfWaveformSamples)
    definitions = list(item.ChannelDefinitionSequence)
    check_size(n_channels, n_samples, name)
    dtype = _sample_type(item, label, name)
    expected, stored = n_channels * n_samples * dtype.itemsize, len(item.WaveformData)
    if min(n_channels, n_samples) < 1 or len(definitions) != n_channels or stored - expected not in (0, expected % 2):
        raise RecordError(
            f"{label} of {name} states {n_channels} × {n_samples} samples, defines {len(definitions)} channels and "
            f"holds {stored} bytes, which does not agree; the file is damaged."
        )
    rows, names, scales = [], [], []
    for k, channel in enumerate(definitions):
        lead = _lead_name(channel, k, name)
        units = _units(channel)
        if (units is not None and not is_voltage(units)) or not is_ecg_name(lead):
            notes.append(f"left out: {lead} (not an ECG lead in volts)")
            continue
        rows.append(k)
        names.append(lead)
        scales.append(_scale(channel, units, declared, f"{lead} in {name}"))
    if not rows:
        return None
    rate = settle_rate(_number(item, "SamplingFrequency"), declared, f"{label} of {name}")
    start_s = (_number(item, "MultiplexGroupTimeOffset") or 0.0) / 1000.0
    if not abs(start_s) < 1e7:
        raise RecordError(f"{label} of {name} begins {start_s:g} s off; the file is damaged.")
    decode = partial(_decode, item, dtype, (n_samples, n_channels), rows, scales, round(SHORTEST_PADDING_S * rate))
    return Group(label, number_duplicates(names, notes), n_samples, rate, start_s, decode)


def _sample_type(item: Dataset, label: str, name: str) -> np.dtype:
    kind, bits = str(item.WaveformSampleInterpretation), int(item.WaveformBitsAllocated)
    if kind not in _DTYPES:
        raise RecordError(
            f"{label} of {name} stores its samples as {kind[:8]!r} (MB and AB are voice codes that no ECG may use); "
            f"{', '.join(_DTYPES)} are read: export it again."
        )
    dtype = np.dtype(_DTYPES[kind])
    if bits != 8 * dtype.itemsize:
        raise RecordError(f"{label} of {name} stores {kind} samples in {bits} bits, which contradicts itself.")
    return dtype


def _lead_name(channel: Dataset, k: int, name: str) -> str:
    """The lead by its code; by its meaning or label where the code is of a scheme that has no lead numbers.

    Raises:
        RecordError: if code and meaning name two different leads.
    """
    source = (channel.get("ChannelSourceSequence") or [{}])[0]
    scheme, code = str(source.get("CodingSchemeDesignator", "")), str(source.get("CodeValue", ""))
    meaning = _plain(str(source.get("CodeMeaning", "")))
    match = _CODE[scheme].match(code) if scheme in _CODE else None
    coded = LEAD_NUMBERS.get(int(match[1])) if match else None
    if coded is None and canonical_lead(code) in KNOWN_LEADS:
        coded = canonical_lead(code)
    if coded is None:
        return meaning or _plain(str(channel.get("ChannelLabel", "") or "")) or f"channel {k + 1}"
    if meaning in KNOWN_LEADS and meaning != canonical_lead(coded) and canonical_lead(coded) in KNOWN_LEADS:
        raise RecordError(f"{name} codes a channel as lead {coded} and calls it {meaning}; correct the file.")
    return coded


def _plain(text: str) -> str:
    """A lead's name without what explains it: "Lead I (Einthoven)", "aVR, augmented voltage, right"."""
    return canonical_lead(plain_text(re.split(r"[(,]", text)[0]))


def _units(channel: Dataset) -> str | None:
    units = channel.get("ChannelSensitivityUnitsSequence")
    return (plain_text(str(units[0].get("CodeValue", ""))) or None) if units else None


def _scale(channel: Dataset, units: str | None, declared: Declared, what: str) -> tuple[float, float]:
    """Millivolts per step, and millivolts of the step 0 (PS3.3 C.10.9.1.4: sensitivity × correction, baseline)."""
    sensitivity = _number(channel, "ChannelSensitivity")
    correction = _number(channel, "ChannelSensitivityCorrectionFactor")
    if sensitivity is not None and correction is not None:
        sensitivity *= correction
    per_step = settle_step(sensitivity, units, declared, what)
    if declared.microvolts_per_step is not None:
        return per_step, 0.0
    return per_step, (_number(channel, "ChannelBaseline") or 0.0) * settle_scale(units, declared, what)


def _decode(
    item: Dataset,
    dtype: np.dtype,
    shape: tuple[int, int],
    rows: list[int],
    scales: list[tuple[float, float]],
    shortest_padding: int,
) -> np.ndarray:
    """Signal in mV, (n_leads, n_samples), NaN where it was padded."""
    stored = np.frombuffer(item.WaveformData, dtype, shape[0] * shape[1]).reshape(shape)
    padding = item.get("WaveformPaddingValue")
    if isinstance(padding, bytes):
        padding = int(np.frombuffer(padding, dtype, 1)[0]) if len(padding) >= dtype.itemsize else None
    signal = np.empty((len(rows), shape[0]), np.float32)
    for k, (row, (per_step, offset)) in enumerate(zip(rows, scales, strict=True)):
        steps = stored[:, row]
        signal[k] = to_float32(steps * np.float64(per_step) + offset)
        if padding is not None:
            signal[k, _is_padding(steps, padding, shortest_padding)] = np.nan
    return signal


def _is_padding(steps: np.ndarray, padding: int, shortest: int) -> np.ndarray:
    """Which samples are no measurement: a padding value that is also a voltage (some write 0) only in long runs."""
    same = steps == padding
    others = steps[~same]
    if not others.size or not others.min() < padding < others.max():
        return same
    edges = np.diff(np.concatenate(([0], same.view(np.int8), [0])))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    long = ends - starts >= max(shortest, 2)
    steps_of = np.zeros(len(steps) + 1, np.int64)
    steps_of[starts[long]], steps_of[ends[long]] = 1, -1
    return np.cumsum(steps_of[:-1]) > 0


def _number(item: Dataset, keyword: str) -> float | None:
    """A finite number, or None where the file has none."""
    value = item.get(keyword)
    if value is None or value == "":
        return None
    number = float(value)
    if not np.isfinite(number):
        raise ValueError(f"{keyword} is {value}")
    return number


def _patient(data: Dataset) -> dict[str, Any]:
    """Age in years, sex and date; name and numbers stay in the file."""
    taken = str(data.get("AcquisitionDateTime", "") or "")
    taken = taken or str(data.get("StudyDate", "") or "") + str(data.get("StudyTime", "") or "")
    match = re.match(r"^(\d{8})(\d{6})?", taken)
    day, born = (_date(match[1]) if match else None), _date(str(data.get("PatientBirthDate", "") or ""))
    stated = re.match(r"^(\d{3})([YMWD])$", str(data.get("PatientAge", "") or ""))
    age = float(stated[1]) / _PER_YEAR[stated[2]] if stated else age_at(born, day)
    sex = {"F": "female", "M": "male"}.get(str(data.get("PatientSex", "") or ""))
    recorded_at = day.isoformat() if day else None
    if day and match and match[2] and re.match(r"^([01]\d|2[0-3])[0-5]\d[0-5]\d$", match[2]):
        recorded_at = datetime.strptime(match[1] + match[2], "%Y%m%d%H%M%S").isoformat()
    return {"age": age, "sex": sex, "recorded_at": recorded_at}


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        return None
