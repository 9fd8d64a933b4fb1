"""EDF, EDF+ and BDF: every ECG channel by its label, in physical units, with the gaps of interrupted recordings.

An EDF holds anything that a sleep laboratory records, so that a channel is an ECG only if its label says so.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..leads import KNOWN_LEADS, canonical_lead
from ..record import EcgRecord, RecordError
from .common import check_size, check_span, finish, is_ecg_name, to_float32, to_frame_rate
from .declared import Declared, check_rate, is_voltage, settle_rate, settle_scale
from .edf_header import ANNOTATIONS, Channel, Header, patient_of, read_header

_PREFIX = re.compile(r"^(?:ECG|EKG)[\s_:-]*", re.IGNORECASE)
_REFERENCE = re.compile(r"\s*[-_ ]\s*(?:ref|wct)$", re.IGNORECASE)
_EEG_OR_LEAD = re.compile(r"^C[1-6]$", re.IGNORECASE)
"""Old names of V1 to V6, and places of an EEG electrode: an ECG lead only if the label says so."""
_ONSET = re.compile(rb"^([+-]\d{1,12}(?:\.\d{1,12})?)(?:\x15[^\x14\x00]*)?\x14")


def read(path: Path, declared: Declared) -> EcgRecord:
    """Read the ECG channels of an EDF, EDF+ or BDF file."""
    header = read_header(path)
    notes: list[str] = []
    channels, names, named = _ecg_channels(header, declared, path.name, notes)
    per_record = max(channel.n for channel in channels)
    stated = per_record / header.record_s if header.record_s > 0 else None
    rate = settle_rate(stated, declared, path.name)
    check_size(len(channels), header.n_records * per_record, path.name)
    # Not mapped: a file that another upload replaces while it is read would end the process.
    stored = np.fromfile(path, np.uint8, header.n_records * header.record_bytes, offset=header.size)
    records = stored.reshape(header.n_records, header.record_bytes)
    if any(channel.n != per_record for channel in channels):
        if header.interrupted:
            raise RecordError(
                f"{path.name} is interrupted (EDF+D) and samples its ECG channels at different rates; "
                "export it without interruptions."
            )
        notes.append(f"signals of lower rates were resampled to the highest, {rate:g} Hz")
    signal = np.empty((len(channels), header.n_records * per_record), np.float32)
    for k, channel in enumerate(channels):
        row = _millivolts(records, header, channel, declared, path.name)
        signal[k] = to_frame_rate(row, channel.n, per_record, header.n_records)
    if header.interrupted:
        signal = _with_gaps(signal, _onsets(records, header, path.name), per_record, rate, header, path.name, notes)
    return finish(signal, names, rate, path, declared, notes, leads_declared=named, **patient_of(header))


def _ecg_channels(
    header: Header, declared: Declared, name: str, notes: list[str]
) -> tuple[list[Channel], tuple[str, ...], bool]:
    """The ECG channels, their names, and whether the names are the caller's."""
    kept, names, left_out = [], [], []
    for channel in header.channels:
        lead = lead_of(channel.label)
        if channel.label in ANNOTATIONS or not channel.n:
            continue
        if lead is None:
            left_out.append(channel.label or "a signal without label")
        elif channel.units is not None and not is_voltage(channel.units):
            left_out.append(f"{channel.label} (in {channel.units})")
        else:
            kept.append(channel)
            names.append(lead)
    nameless = not any(canonical_lead(lead) in KNOWN_LEADS for lead in names)
    candidates = kept or [c for c in header.channels if _may_be_ecg(c)]
    if nameless and declared.leads is not None and candidates and len(declared.leads) == len(candidates):
        return candidates, declared.leads, True
    if not kept:
        others = ", ".join(repr(channel.label) for channel in candidates)
        if not others:
            raise RecordError(
                f"{name} labels no channel as an ECG lead in volts, such as 'ECG II'; choose another file."
            )
        raise RecordError(
            f"{name} labels none of its channels {others} as an ECG lead, such as 'ECG II'; declare their leads "
            "with leads= or --leads if they are ECG."
        )
    if nameless:
        notes.append(f"the file does not say which leads {', '.join(names)} are; declare them if you know")
    if left_out:
        notes.append(f"left out: {', '.join(left_out)} (not labelled as ECG leads in volts)")
    return kept, tuple(names), False


def lead_of(label: str) -> str | None:
    """The lead that a channel label names ("EKG II-Ref" → "II"); None if the label is not that of an ECG."""
    text = _REFERENCE.sub("", " ".join(label.split()))
    bare = _PREFIX.sub("", text)
    if bare == text:  # the label does not say ECG: only the name of a lead will do
        is_lead = canonical_lead(text) in KNOWN_LEADS and not _EEG_OR_LEAD.match(text)
        return canonical_lead(text) if is_lead else None
    if not is_ecg_name(bare):
        return None
    lead = canonical_lead(bare)
    return lead if lead in KNOWN_LEADS else text


def _may_be_ecg(channel: Channel) -> bool:
    is_volts = channel.units is None or is_voltage(channel.units)
    return is_volts and channel.n > 0 and channel.label not in ANNOTATIONS and is_ecg_name(channel.label)


def _millivolts(records: np.ndarray, header: Header, channel: Channel, declared: Declared, name: str) -> np.ndarray:
    """All samples of a channel, shape (n_samples,), mV."""
    if header.record_s > 0:
        check_rate(channel.n / header.record_s, f"{channel.label} in {name}")
    begin = channel.start * header.width
    stored = np.ascontiguousarray(records[:, begin : begin + channel.n * header.width]).reshape(-1, header.width)
    steps = stored.view("<i2")[:, 0] if header.width == 2 else _from_24_bits(stored)
    scale = settle_scale(channel.units, declared, f"{channel.label} in {name}")
    if channel.units is None and declared.microvolts_per_step is not None:
        return to_float32(steps * np.float64(scale))
    if channel.first >= channel.last or channel.low == channel.high:
        raise RecordError(
            f"{name} does not calibrate {channel.label}: its steps {channel.first} to {channel.last} are "
            f"{channel.low:g} to {channel.high:g} {channel.units}; correct the header or export the file again."
        )
    per_step = (channel.high - channel.low) / (channel.last - channel.first)
    return to_float32(((steps - float(channel.first)) * per_step + channel.low) * scale)


def _from_24_bits(stored: np.ndarray) -> np.ndarray:
    wide = np.zeros((len(stored), 4), np.uint8)
    wide[:, 1:] = stored
    return wide.view("<i4")[:, 0] >> 8  # the shift keeps the sign


def _onsets(records: np.ndarray, header: Header, name: str) -> list[float]:
    """When each data record begins, in seconds: the first annotation in it says so (EDF+, 2.2.4)."""
    keeper = next((channel for channel in header.channels if channel.label in ANNOTATIONS), None)
    if keeper is None:
        raise RecordError(f"{name} is interrupted (EDF+D) but has no annotation channel that tells when; export again.")
    begin = keeper.start * header.width
    texts = [row[begin : begin + min(keeper.n * header.width, 64)].tobytes() for row in records]
    found = [_ONSET.match(text) for text in texts]
    onsets = [float(match[1]) for match in found if match is not None]
    if len(onsets) < len(texts):
        raise RecordError(
            f"{name} is interrupted (EDF+D) and does not tell when each data record begins; it is damaged."
        )
    return onsets


def _with_gaps(
    signal: np.ndarray, onsets: list[float], per_record: int, rate: float, header: Header, name: str, notes: list[str]
) -> np.ndarray:
    """The data records at their times, NaN between them."""
    starts = [round((onset - onsets[0]) * rate) for onset in onsets]
    steps = np.diff(starts)
    if (steps < per_record - 1).any():
        raise RecordError(f"{name} has data records that overlap or run backwards in time; it is damaged.")
    total = starts[-1] + per_record
    check_span(len(signal), total, signal.size, name)
    whole = np.full((len(signal), total), np.nan, np.float32)
    for k, start in enumerate(starts):
        whole[:, start : start + per_record] = signal[:, k * per_record : (k + 1) * per_record]
    if n_gaps := int((steps > per_record).sum()):
        notes.append(f"interruptions of the recording are kept as gaps: {n_gaps}")
    return whole
