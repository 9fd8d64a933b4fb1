"""The dataset's two tables and the way a row becomes a conversation that the processor can read.

`records` holds signals (int16, lossless to a microvolt) with labels, events and measurements; `conversations` holds
turns that point at records. This file owns both row formats and the line of text that introduces each ECG.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .record import EcgRecord

if TYPE_CHECKING:
    import pyarrow as pa

TASKS = ("report", "localization", "measurement", "comparison", "question")
SPLITS = ("train", "valid", "test")
LABEL_GROUPS = ("statements", "diagnoses", "superclass", "subclass", "form", "rhythm")
_GAP = -32768  # the int16 that stands for "nothing recorded here"


def record_schema() -> pa.Schema:
    """Columns of the records table."""
    import pyarrow as pa

    event = pa.struct(
        {"kind": pa.string(), "start_s": pa.float32(), "end_s": pa.float32(), "leads": pa.list_(pa.string())}
    )
    return pa.schema(
        {
            "record_id": pa.string(),
            "source": pa.string(),
            "patient_id": pa.string(),
            "split": pa.string(),
            "leads": pa.list_(pa.string()),
            "sampling_rate": pa.float64(),
            "n_samples": pa.int64(),
            "uv_per_step": pa.float32(),
            "signal": pa.large_binary(),
            "age": pa.float32(),
            "sex": pa.string(),
            "recorded_at": pa.string(),
            # SCP codes and "super:…", "sub:…" classes that hold, and the label groups in which absence means no.
            "findings": pa.list_(pa.string()),
            "known": pa.list_(pa.string()),
            "events": pa.list_(event),
            # Event kinds whose absence from `events` means that they do not occur.
            "known_events": pa.list_(pa.string()),
            "measurements": pa.string(),  # JSON of `stored_measurements`, or "" if not measured
            "note": pa.string(),
        }
    )


def conversation_schema() -> pa.Schema:
    """Columns of the conversations table."""
    import pyarrow as pa

    excerpt = pa.struct({"start_s": pa.float32(), "end_s": pa.float32()})
    turn = pa.struct({"role": pa.string(), "text": pa.string(), "ecgs": pa.list_(pa.int32())})
    return pa.schema(
        {
            "conversation_id": pa.string(),
            "task": pa.string(),
            "source": pa.string(),
            "split": pa.string(),
            "record_ids": pa.list_(pa.string()),
            "excerpts": pa.list_(excerpt),  # one per record; start 0 and end = duration for the whole
            "leads": pa.list_(pa.list_(pa.string())),  # one list per record; an empty list means all its leads
            # role "user" or "assistant"; `ecgs` are indices into record_ids shown before this turn's text.
            "turns": pa.list_(turn),
            "provenance": pa.list_(pa.string()),  # one per assistant turn: where the answer comes from
            "gold": pa.string(),  # JSON for scoring: {"findings": […]}, {"kind": …, "intervals": [[s, e], …]}, …
        }
    )


def signal_to_bytes(signal: np.ndarray) -> tuple[bytes, float]:
    """Pack mV (n_leads, n_samples) as little-endian int16, lead after lead; returns (bytes, microvolts per step)."""
    finite = np.isfinite(signal)
    peak = float(np.abs(signal, where=finite, out=np.zeros_like(signal)).max())
    uv_per_step = max(1.0, peak * 1000 / 32767)
    steps = np.where(finite, np.round(np.nan_to_num(signal) * (1000 / uv_per_step)), _GAP)
    return steps.astype("<i2").tobytes(), uv_per_step


def signal_from_bytes(data: bytes, n_leads: int, uv_per_step: float) -> np.ndarray:
    """Undo `signal_to_bytes`: float32 mV of shape (n_leads, n_samples), NaN where nothing was recorded."""
    steps = np.frombuffer(data, dtype="<i2").reshape(n_leads, -1)
    signal = steps * np.float32(uv_per_step / 1000)
    signal[steps == _GAP] = np.nan
    return signal


def as_stored(record: EcgRecord) -> EcgRecord:
    """The record as the table gives it back: what is measured on it is what its reader measures."""
    data, uv_per_step = signal_to_bytes(record.signal)
    return replace(record, signal=signal_from_bytes(data, len(record.leads), uv_per_step))


def record_row(
    record: EcgRecord,
    *,
    record_id: str,
    source: str,
    patient_id: str,
    split: str,
    findings: Iterable[str] = (),
    known: Iterable[str] = (),
    events: Iterable[Mapping[str, Any]] = (),
    known_events: Iterable[str] = (),
    measurements: Mapping[str, Any] | None = None,
    note: str = "",
) -> dict[str, Any]:
    """Make a row of the records table; `events` are {kind, start_s, end_s, leads}: `EVENT_KINDS` or named episodes."""
    data, uv_per_step = signal_to_bytes(record.signal)
    return {
        "record_id": record_id, "source": source, "patient_id": patient_id, "split": split,
        "leads": list(record.leads), "sampling_rate": record.sampling_rate, "n_samples": record.signal.shape[1],
        "uv_per_step": uv_per_step, "signal": data, "age": record.age, "sex": record.sex,
        "recorded_at": record.recorded_at, "findings": list(findings), "known": list(known),
        "events": [dict(event) for event in events], "known_events": list(known_events),
        "measurements": json.dumps(stored_measurements(measurements)) if measurements else "",
        "note": note,
    }  # fmt: skip


def stored_measurements(measurements: Mapping[str, Any]) -> dict[str, Any]:
    """`Measurements.to_dict()` in short: beats as times and one letter each, no samples of the median beat."""
    kept = {key: value for key, value in measurements.items() if key not in ("beats", "median_beat")}
    beats = measurements.get("beats")
    if beats is None:
        return kept
    return kept | {"beat_times_s": [beat["time_s"] for beat in beats], "beat_kinds": "".join(b["kind"] for b in beats)}


def full_measurements(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Undo `stored_measurements`; what was stored without beats has none."""
    beats = zip(stored.get("beat_times_s") or (), stored.get("beat_kinds") or "", strict=True)
    return {**stored, "beats": [{"time_s": time_s, "kind": kind} for time_s, kind in beats]}


def record_from_row(row: Mapping[str, Any]) -> EcgRecord:
    """The record that a row of the records table holds."""
    return EcgRecord(
        signal=signal_from_bytes(row["signal"], len(row["leads"]), row["uv_per_step"]),
        leads=tuple(row["leads"]), sampling_rate=row["sampling_rate"], name=row["record_id"], age=row["age"],
        sex=row["sex"], recorded_at=row["recorded_at"],
    )  # fmt: skip


def describe_leads(leads: Sequence[str]) -> str:
    """ "12 leads" for the standard set, else the names."""
    from .leads import STANDARD_LEADS

    return "12 leads" if set(leads) == set(STANDARD_LEADS) else f"leads {', '.join(leads)}"


def prompt_line(
    number: int,
    record: EcgRecord,
    measurements: Mapping[str, Any] | None = None,
    said: Mapping[str, Sequence[tuple[str, Any]]] | None = None,
) -> str:
    """The line that introduces an ECG to the language model: leads, length, patient, date, numbers and evidence.

    Args:
        number: 1 for the first ECG of the conversation.
        record: the excerpt that is shown.
        measurements: `Measurements.to_dict()`; None leaves the numbers out (the ablation without them).
        said: `Evidence.said()`, what the heads say; None leaves it out.
    """
    parts = [describe_leads(record.leads), f"{record.duration_s:.1f} s"]
    if record.age is not None and np.isfinite(record.age):
        parts.append(f"age {record.age:.0f}")
    if record.sex:
        parts.append(record.sex)
    if record.recorded_at:
        parts.append(f"recorded {record.recorded_at[:10]}")
    line = f"ECG {number}: {', '.join(parts)}." + (f" {_measured(measurements)}" if measurements else "")
    return line + (f" {_judged(said)}" if said else "")


def _judged(said: Mapping[str, Sequence[tuple[str, Any]]]) -> str:
    """ "Likely: sinus rhythm 97%. Possible: … Located: premature ventricular contraction ×3, noise 2.4 s." """

    def listed(name: str) -> str:
        return f" {name}: " + ", ".join(f"{phrase} {100 * p:.0f}%" for phrase, p in said[name.lower()]) + "."

    text = listed("Likely") if said["likely"] else " Likely: nothing."
    text += listed("Possible") if said["possible"] else ""
    places = [f"{kind} ×{much}" if isinstance(much, int) else f"{kind} {much:.1f} s" for kind, much in said["located"]]
    return (text + f" Located: {', '.join(places) or 'nothing'}.").strip()


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What is likely in one of two ECGs or in both: "Only ECG 1: … Only ECG 2: … Both: …"."""
    first, second = ([phrase for phrase, _ in said["likely"]] for said in (before, after))
    groups = {
        "Only ECG 1": [phrase for phrase in first if phrase not in second],
        "Only ECG 2": [phrase for phrase in second if phrase not in first],
        "Both": [phrase for phrase in second if phrase in first],
    }
    return " ".join(f"{name}: {', '.join(phrases) or 'nothing'}." for name, phrases in groups.items())


def _measured(values: Mapping[str, Any]) -> str:
    named = (
        ("rate", "heart_rate_bpm", "/min"), ("PR", "pr_ms", " ms"), ("QRS", "qrs_ms", " ms"), ("QT", "qt_ms", " ms"),
        ("QTc", "qtc_bazett_ms", " ms"), ("axis", "axis_deg", "°"),
    )  # fmt: skip
    parts = [
        f"{name} {values[key]:.0f}{unit}" if values.get(key) is not None else f"{name} ?" for name, key, unit in named
    ]
    if values.get("rhythm_regularity"):
        parts.insert(1, str(values["rhythm_regularity"]))
    poor = [f"{lead} {flag}" for lead, flag in (values.get("quality") or {}).items() if flag != "good"]
    said = "Measured: " + ", ".join(parts) + "." + (f" Poor: {', '.join(poor)}." if poor else "")
    urgent = dict.fromkeys(str(value["kind"]) for value in values.get("critical") or ())
    said += f" Critical: {', '.join(urgent)}." if urgent else ""
    exchanged = [str(suspicion["kind"]) for suspicion in values.get("placement") or ()]
    said += f" Electrodes exchanged: {', '.join(exchanged)}." if exchanged else ""
    return said + (f" Paced: {values['paced']}." if values.get("paced") else "")


_BACK = re.compile(
    r"^(?:and|so|but|then|ok|what about|how about|where|why|how come)\b|"
    r"\b(?:that|those|them|they|also|too|again|else|more|before|previous(?:ly)?|earlier|you (?:said|say|mean|wrote)|"
    r"sure|the first|the second|places|times)\b"
)


def refers_back(question: str) -> bool:
    """Whether a question may need what was said before it: "And where?", "What else could that be?"."""
    return bool(_BACK.search(question.strip().lower()))


def to_messages(
    turns: Sequence[Mapping[str, Any]],
    records: Sequence[EcgRecord],
    measurements: Sequence[Mapping[str, Any] | None] | None = None,
    said: Sequence[Mapping[str, Any] | None] | None = None,
) -> list[dict[str, Any]]:
    """Turn a conversation into chat-template messages.

    Args:
        turns: {role, text, ecgs}; `ecgs` are indices into `records`, shown before the text.
        records: the excerpts in the order of `record_ids`.
        measurements: one `Measurements.to_dict()` per record, or None.
        said: one `Evidence.said()` per record, or None.

    Returns:
        Messages whose content is a list of {"type": "text"} and {"type": "ecg"} parts; the ECGs appear in order.
    """
    nothing = [None] * len(records)
    measured, judged = measurements or nothing, said or nothing
    messages = []
    for turn in turns:
        content: list[dict[str, str]] = []
        for k in turn.get("ecgs") or ():
            line = _as_words(prompt_line(k + 1, records[k], measured[k], judged[k]))
            content += [{"type": "text", "text": line + "\n"}, {"type": "ecg"}]
        if len(records) == 2 and 1 in (turn.get("ecgs") or ()) and judged[0] and judged[1]:
            content.append({"type": "text", "text": "\n" + _changed(judged[0], judged[1])})
        gap = "\n" if content else ""
        messages.append(
            {"role": turn["role"], "content": [*content, {"type": "text", "text": gap + _as_words(turn["text"])}]}
        )
    return messages


def _as_words(text: str) -> str:
    """Text of a person or a file in which "<|ecg|>" is words, not a placeholder."""
    return text.replace("<|", "< |")
