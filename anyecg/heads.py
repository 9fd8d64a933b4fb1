"""What the encoder's heads say of a whole record, calibrated.

The encoder reads a record in excerpts of at most 10 s. A statement about form or diagnosis gets the mean of its
calibrated logits over the excerpts, weighted by their length; what may come and go (ectopic beats, fibrillation,
flutter, …) gets the highest one, or the second highest of more than three, so that one poor excerpt does not decide.
In short records the head that reads the measurements has a say, too (`measured_head`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from .findings import EVENT_KINDS, FINDINGS, HEAD_LABELS, SUPERCLASSES
from .record import EcgRecord

CHUNK_S = 300.0
"""Long records pass through the feature extractor in pieces of this length, to bound memory."""
SHORTEST_EXCERPT_STEPS = 20
"""A last excerpt with fewer steps does not judge findings when there are longer ones."""
PAROXYSMAL = ("PVC", "PAC", "PRC(S)", "AFIB", "AFLT", "SVTAC", "PSVT", "SVARR", "BIGU", "TRIGU")


@dataclass(frozen=True)
class Encoded:
    """What the encoder's heads say of one record."""

    findings_logits: np.ndarray
    """(n_excerpts, n_labels)."""
    excerpt_steps: np.ndarray
    """(n_excerpts,), how many time steps each excerpt has."""
    event_logits: np.ndarray
    """(n_steps, n_kinds)."""
    step_s: float


def encode(model: Any, extractor: Any, record: EcgRecord, batch_size: int = 32) -> Encoded:
    """Run the encoder over every excerpt of a record, in batches."""
    findings, steps, events = [], [], []
    for chunk, is_last in _chunks(record):
        inputs = extractor([chunk])
        per_chunk = round(CHUNK_S / extractor.patch_s)
        n_excerpts = len(inputs["ecg_index"])
        for first in range(0, n_excerpts, batch_size):
            batch = {name: value[first : first + batch_size].to(model.device) for name, value in inputs.items()}
            with torch.inference_mode():
                out = model.encode(**batch)
            exists = batch["patch_times"] >= 0
            findings.append(out.findings_logits.float().cpu().numpy())
            steps.append(exists.sum(1).cpu().numpy())
            events.append(out.event_logits[exists].float().cpu().numpy())
        if not is_last:  # rounding of odd sampling rates must not shift the next chunk
            surplus = sum(len(e) for e in events) % per_chunk
            events[-1] = events[-1][: len(events[-1]) - surplus]
    return Encoded(np.concatenate(findings), np.concatenate(steps), np.concatenate(events), extractor.patch_s)


def encode_together(model: Any, extractor: Any, records: Sequence[EcgRecord]) -> list[Encoded]:
    """`encode` of several short records in one batch."""
    inputs = extractor(list(records)).to(model.device)
    with torch.inference_mode():
        out = model.encode(**inputs)
    exists = inputs["patch_times"] >= 0
    of_record = inputs["ecg_index"].cpu().numpy()
    findings, steps = out.findings_logits.float().cpu().numpy(), exists.sum(1).cpu().numpy()
    events = [e[here].float().cpu().numpy() for e, here in zip(out.event_logits, exists, strict=True)]
    return [
        Encoded(
            findings[mine], steps[mine], np.concatenate([events[k] for k in np.flatnonzero(mine)]), extractor.patch_s
        )
        for mine in (of_record == k for k in range(len(records)))
    ]


def _chunks(record: EcgRecord) -> list[tuple[EcgRecord, bool]]:
    """Pieces of `CHUNK_S`; a rest of less than 1 s stays with the piece before it."""
    count = max(1, int(np.ceil((record.duration_s - 1.0) / CHUNK_S)))
    ends = [CHUNK_S * (k + 1) for k in range(count - 1)] + [record.duration_s]
    if count == 1:
        return [(record, True)]
    return [(record.excerpt(CHUNK_S * k, end), k == count - 1) for k, end in enumerate(ends)]


def finding_probabilities(
    encoded: Encoded, calibration: Mapping[str, Any], measured: np.ndarray | None = None
) -> dict[str, float]:
    """Calibrated probability per label for the whole record; see the file's docstring for several excerpts.

    Args:
        encoded: what the encoder's heads say.
        calibration: of the model's configuration.
        measured: (n_labels,) logits of the measured head, which count where the calibration joins them.
    """
    joined = calibration.get("joined") if measured is not None else None
    scale, shift = _scale_and_shift(joined or calibration.get("findings", {}), HEAD_LABELS)
    if joined and measured is not None:
        shift = shift + measured * [joined[label]["measured"] for label in HEAD_LABELS]
    logits = encoded.findings_logits * scale + shift
    long_enough = encoded.excerpt_steps >= min(SHORTEST_EXCERPT_STEPS, encoded.excerpt_steps.max())
    logits, weight = logits[long_enough], encoded.excerpt_steps[long_enough].astype(float)
    mean = (weight @ logits) / weight.sum()
    highest = np.sort(logits, axis=0)[-1 if len(logits) <= 3 else -2]
    whole = [highest[k] if label in PAROXYSMAL else mean[k] for k, label in enumerate(HEAD_LABELS)]
    labels = {label: float(p) for label, p in zip(HEAD_LABELS, _sigmoid(np.array(whole)), strict=True)}
    infarcted = max(labels[code] for code in _STATEMENTS["super:MI"])
    labels |= {name: min(labels[name], 1 - infarcted) for name in ("NORM", "super:NORM", "sub:NORM")}
    return labels | {name: max(labels[name], *(labels[code] for code in codes)) for name, codes in _STATEMENTS.items()}


_STATEMENTS = {
    f"super:{name}": [code for code, finding in FINDINGS.items() if finding.superclass == name] for name in SUPERCLASSES
}
"""A superclass is at least as probable as each of its statements, whatever its own output says; and an ECG is normal at
most as probably as it shows no infarction."""


def event_probabilities(encoded: Encoded, calibration: Mapping[str, Mapping[str, float]]) -> np.ndarray:
    """Calibrated probability per time step and event kind, (n_steps, n_kinds)."""
    scale, shift = _scale_and_shift(calibration, EVENT_KINDS)
    return _sigmoid(encoded.event_logits * scale + shift)


def _scale_and_shift(
    calibration: Mapping[str, Mapping[str, float]], names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    scale = [calibration.get(name, {}).get("scale", 1.0) for name in names]
    shift = [calibration.get(name, {}).get("shift", 0.0) for name in names]
    return np.array(scale), np.array(shift)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
