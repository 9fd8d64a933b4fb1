"""One ECG recording in memory: millivolts, lead names, sampling rate, and what is known of the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from scipy.signal import resample_poly

from .leads import canonical_lead, derive_limb_leads, find_lead

MAX_SAMPLES = 15 * 1000 * 86_400  # 15 leads, 1 kHz, 24 h: the most that is accepted in memory


class RecordError(ValueError):
    """A recording that cannot be used as it is; the message says why and the way out."""


@dataclass(frozen=True)
class EcgRecord:
    """An ECG of any leads, rate and length.

    Raises:
        RecordError: if the signal is empty, not two-dimensional, wholly NaN, or the rate is not positive.
    """

    signal: np.ndarray
    """(n_leads, n_samples), float32, mV; NaN where nothing was recorded."""
    leads: tuple[str, ...]
    """Canonical names, one per row (`anyecg.leads.canonical_lead` is applied on construction)."""
    sampling_rate: float
    """Hz."""
    name: str = "record"
    """A short name to show; never a path."""
    age: float | None = None
    sex: str | None = None
    """"female", "male" or None."""
    recorded_at: str | None = None
    """ISO date or date-time, as far as the file says."""
    notes: tuple[str, ...] = ()
    """What was done on reading, in sentences ("III, aVR, aVL and aVF were derived from I and II")."""

    def __post_init__(self) -> None:
        signal = np.ascontiguousarray(self.signal, dtype=np.float32)
        object.__setattr__(self, "signal", signal)
        object.__setattr__(self, "leads", tuple(canonical_lead(lead) for lead in self.leads))
        _check(signal, self.leads, self.sampling_rate, self.name)

    @property
    def duration_s(self) -> float:
        return self.signal.shape[1] / self.sampling_rate

    def lead(self, name: str) -> np.ndarray:
        """The samples of one lead, shape (n_samples,), mV. Raises ValueError with the leads there are."""
        return self.signal[find_lead(name, self.leads, self.name)]

    def select(self, names: Sequence[str]) -> EcgRecord:
        """Keep only these leads, in this order."""
        rows = [find_lead(name, self.leads, self.name) for name in names]
        return replace(self, signal=self.signal[rows], leads=tuple(self.leads[k] for k in rows))

    def excerpt(self, start_s: float = 0.0, end_s: float | None = None) -> EcgRecord:
        """Cut a slice of time.

        Raises:
            RecordError: if the slice is empty or begins outside the record.
        """
        end = self.duration_s if end_s is None else min(end_s, self.duration_s)
        if not 0 <= start_s < end:
            raise RecordError(
                f"excerpt {start_s:g}-{end_s if end_s is not None else end:g} s is outside {self.name}, "
                f"which lasts {self.duration_s:g} s; choose 0 ≤ start < end ≤ {self.duration_s:g}."
            )
        first, last = round(start_s * self.sampling_rate), round(end * self.sampling_rate)
        return replace(self, signal=self.signal[:, first : max(last, first + 1)])

    def with_derived_leads(self) -> EcgRecord:
        """Add the limb leads that two recorded ones determine; the note says which."""
        signal, leads, derived = derive_limb_leads(self.signal, self.leads)
        if not derived:
            return self
        note = f"{', '.join(derived)} derived from the recorded limb leads"
        return replace(self, signal=signal, leads=leads, notes=(*self.notes, note))


def _check(signal: np.ndarray, leads: tuple[str, ...], sampling_rate: float, name: str) -> None:
    if signal.ndim != 2 or 0 in signal.shape:
        raise RecordError(f"{name} holds no samples: its signal has shape {signal.shape}, expected (leads, samples).")
    if signal.shape[0] != len(leads):
        raise RecordError(
            f"{name} has {signal.shape[0]} signals but {len(leads)} lead names; give one name per signal."
        )
    if len(set(leads)) != len(leads):
        raise RecordError(f"{name} names a lead twice ({', '.join(leads)}); give every signal its own name.")
    if not (np.isfinite(sampling_rate) and sampling_rate > 0):
        raise RecordError(
            f"{name} has a sampling rate of {sampling_rate:g} Hz; it must be positive: declare the right one."
        )
    if not np.isfinite(signal).any():
        raise RecordError(f"{name} holds no finite sample (all NaN); export the record again.")


def resample(record: EcgRecord, sampling_rate: float) -> EcgRecord:
    """Bring a record to another sampling rate with an anti-alias (polyphase FIR) filter.

    Args:
        record: signal of shape (n_leads, n_samples), in mV; gaps (NaN) stay gaps.
        sampling_rate: the new rate in Hz. No default: a guessed rate falsifies every interval.

    Raises:
        ValueError: if the rate is not positive.
    """
    if not sampling_rate > 0:
        raise ValueError(f"the new sampling rate is {sampling_rate:g} Hz; it must be positive.")
    if sampling_rate == record.sampling_rate:
        return record
    ratio = _ratio(record, sampling_rate)
    gaps = ~np.isfinite(record.signal)
    filled = np.where(gaps, 0.0, record.signal)
    signal = resample_poly(filled, ratio.numerator, ratio.denominator, axis=1, padtype="line").astype(np.float32)
    if gaps.any():
        index = np.minimum((np.arange(signal.shape[1]) / float(ratio)).astype(int), gaps.shape[1] - 1)
        signal[gaps[:, index]] = np.nan
    return replace(record, signal=signal, sampling_rate=float(sampling_rate))


def resampled_length(record: EcgRecord, sampling_rate: float) -> int:
    """Samples per lead that `resample` gives."""
    ratio = _ratio(record, sampling_rate)
    return -(-record.signal.shape[1] * ratio.numerator // ratio.denominator)


def _ratio(record: EcgRecord, sampling_rate: float) -> Fraction:
    return Fraction(sampling_rate / record.sampling_rate).limit_denominator(1000)
