"""Files that hold several groups of leads: the recording is chosen, what lies beside it is told, never mixed silently.

DICOM multiplex groups and HL7 sequence sets come as the rhythm and the median beat, as three leads after the other
(2.5 s each), or as all leads and a rhythm strip. A group is joined to the largest one if both have the same rate and
no lead would get two values at one time; any other is left out, and a note says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..record import RecordError
from .common import check_span


@dataclass(frozen=True)
class Group:
    """Leads that were sampled together; their samples are decoded only when the group is wanted."""

    label: str
    leads: tuple[str, ...]
    """Unique within the group."""
    n_samples: int
    sampling_rate: float
    """Hz."""
    start_s: float
    decode: Callable[[], np.ndarray]
    """Gives the signal, shape (n_leads, n_samples), mV."""

    def __str__(self) -> str:
        n = len(self.leads)
        length = self.n_samples / self.sampling_rate
        return f"{self.label} ({n} lead{'s' * (n != 1)}, {length:g} s at {self.sampling_rate:g} Hz)"


def join(groups: list[Group], name: str, notes: list[str]) -> tuple[np.ndarray, tuple[str, ...], float]:
    """Put the groups of one recording on one time line.

    Returns:
        The signal of shape (n_leads, n_samples) in mV, NaN where a lead was not recorded; leads; rate in Hz.

    Raises:
        RecordError: if the whole would be larger than what is accepted.
    """
    ordered = sorted(groups, key=lambda group: -len(group.leads) * group.n_samples)
    rate, joined = ordered[0].sampling_rate, [ordered[0]]
    left_out: list[Group] = []
    for group in ordered[1:]:
        fits = group.sampling_rate == rate and not any(_collide(group, other) for other in joined)
        (joined if fits else left_out).append(group)
    if left_out:
        notes.append(f"read: {', '.join(map(str, joined))}; left out: {', '.join(map(str, left_out))}")
    begin = min(group.start_s for group in joined)
    starts = [round((group.start_s - begin) * rate) for group in joined]
    total = max(start + group.n_samples for start, group in zip(starts, joined, strict=True))
    leads = tuple(dict.fromkeys(lead for group in joined for lead in group.leads))
    check_span(len(leads), total, sum(len(group.leads) * group.n_samples for group in joined), name)
    if len(joined) == 1:
        return joined[0].decode(), leads, rate
    whole = np.full((len(leads), total), np.nan, np.float32)
    for start, group in zip(starts, joined, strict=True):
        whole[[leads.index(lead) for lead in group.leads], start : start + group.n_samples] = group.decode()
    if not left_out:
        notes.append(f"{len(joined)} groups of leads were put on one time line")
    return whole, leads, rate


def _collide(one: Group, other: Group) -> bool:
    """Whether a lead of both would get two values at one time."""
    ends = [group.start_s + group.n_samples / group.sampling_rate for group in (one, other)]
    together = min(ends) - max(one.start_s, other.start_s) > 0.5 / one.sampling_rate
    return together and not set(one.leads).isdisjoint(other.leads)


def require_any(groups: list[Group], name: str, others: list[str]) -> None:
    """Refuse a file without a recording.

    Raises:
        RecordError: that lists what the file has instead.
    """
    if not groups:
        what = f"only {', '.join(others)}" if others else "no ECG waveform"
        raise RecordError(f"{name} holds {what}; export the recording itself (the rhythm, not the median beat).")
