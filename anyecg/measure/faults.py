"""Seeded faults of recording: what electrodes, cables and amplifiers do to a good ECG, for tests and benchmarks.

Every fault happens where it happens in life, at an electrode, and reaches the leads by their definition (Einthoven,
Goldberger, Wilson): a chest electrode disturbs its own lead; a limb electrode disturbs two limb leads wholly, the
augmented ones, and every chest lead by a third through Wilson's central terminal. Exchanged arms and left leg leave
the chest leads as they are, since the terminal is their mean; an exchange with the right leg does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import butter, sosfilt

from ..leads import LIMB_LEADS, PRECORDIAL_LEADS, derive_limb_leads
from ..record import EcgRecord

LIMBS = ("RA", "LA", "LL", "RL")
_THIRD = {"RA": -1 / 3, "LA": -1 / 3, "LL": -1 / 3}
_LIMB_WEIGHTS: dict[str, dict[str, float]] = {
    "I": {"LA": 1, "RA": -1}, "II": {"LL": 1, "RA": -1}, "III": {"LL": 1, "LA": -1},
    "aVR": {"RA": 1, "LA": -0.5, "LL": -0.5}, "aVL": {"LA": 1, "RA": -0.5, "LL": -0.5},
    "aVF": {"LL": 1, "RA": -0.5, "LA": -0.5},
}  # fmt: skip

SWAPS: dict[str, dict[str, str]] = {
    "RA-LA": {"RA": "LA", "LA": "RA"},
    "RA-LL": {"RA": "LL", "LL": "RA"},
    "LA-LL": {"LA": "LL", "LL": "LA"},
    "clockwise": {"RA": "LL", "LA": "RA", "LL": "LA"},
    "anticlockwise": {"RA": "LA", "LA": "LL", "LL": "RA"},
    "RA-RL": {"RA": "RL", "RL": "RA"},
    "LA-RL": {"LA": "RL", "RL": "LA"},
    "V1-V2": {"V1": "V2", "V2": "V1"},
    "V1-V3": {"V1": "V3", "V3": "V1"},
    "V2-V3": {"V2": "V3", "V3": "V2"},
    "V3-V4": {"V3": "V4", "V4": "V3"},
    "V4-V5": {"V4": "V5", "V5": "V4"},
    "V5-V6": {"V5": "V6", "V6": "V5"},
    "V1-V6 reversed": {f"V{k}": f"V{7 - k}" for k in range(1, 7)},
}
"""Kind → where each electrode's cable picks up instead ("RA": "LA" reads: the RA cable lies on the left arm)."""
SIGNAL_FAULTS = ("flat", "nearly flat", "flat spell", "saturated", "railed", "loose steps", "loose contact",
                 "loose drift", "mains hum", "baseline wander", "muscle noise", "missing lead")  # fmt: skip
RL_SHARE = 0.03
"""The right leg lies almost at the potential of the left: how much of LL - RA remains between them."""


@dataclass(frozen=True)
class Fault:
    """What was done to a record."""

    kind: str
    leads: tuple[str, ...]
    """Leads whose signal is no longer what their name says, most disturbed first."""
    start_s: float
    end_s: float


def apply_fault(
    record: EcgRecord, kind: str, rng: np.random.Generator, electrode: str | None = None
) -> tuple[EcgRecord, Fault]:
    """Put one fault into a record.

    Args:
        record: the signal must hold the leads of the fault; any other leads stay as they are.
        kind: one of SIGNAL_FAULTS or SWAPS.
        electrode: where ("RA", "V3", or the name of a lead that is no standard one); drawn when not given.

    Returns:
        The faulty record, and what was done.

    Raises:
        ValueError: for an unknown kind, or one that these leads or this sampling rate cannot show.
    """
    if kind in SWAPS:
        return _swap(record, kind, rng)
    if kind not in SIGNAL_FAULTS:
        raise ValueError(f"unknown fault {kind!r}; known are {', '.join((*SIGNAL_FAULTS, *SWAPS))}.")
    electrode = electrode or str(rng.choice(electrodes_of(record.leads)))
    if kind == "missing lead":
        lead = _main_leads(record.leads, electrode)[0]
        kept = [name for name in record.leads if name != lead]
        return record.select(kept), Fault(kind, (lead,), 0.0, record.duration_s)
    if kind in ("flat", "nearly flat", "flat spell", "saturated", "railed"):
        return _at_channel(record, kind, rng, _main_leads(record.leads, electrode)[0])
    return _at_electrode(record, kind, rng, electrode)


def electrodes_of(leads: Sequence[str]) -> list[str]:
    """The electrodes that these leads see wholly; a lead that is no standard one has its own."""
    limbs = [e for e in LIMBS[:3] if any(e in _LIMB_WEIGHTS.get(lead, {}) for lead in leads)]
    return limbs + [lead for lead in leads if lead not in LIMB_LEADS]


def lead_weights(leads: Sequence[str], electrode: str) -> np.ndarray:
    """How much of an electrode's potential each lead holds, shape (n_leads,)."""
    return np.array([_weights(lead).get(electrode, 0.0) for lead in leads])


def _weights(lead: str) -> dict[str, float]:
    if lead in _LIMB_WEIGHTS:
        return _LIMB_WEIGHTS[lead]
    return {lead: 1.0} | (_THIRD if lead in PRECORDIAL_LEADS else {})


def _main_leads(leads: Sequence[str], electrode: str) -> list[str]:
    """Leads that hold an electrode wholly, else those that hold most of it."""
    weights = np.abs(lead_weights(leads, electrode))
    if not weights.any():
        raise ValueError(f"no lead of {', '.join(leads)} sees the electrode {electrode!r}.")
    return [lead for lead, weight in zip(leads, weights, strict=True) if weight > 0.9 * weights.max()]


def _swap(record: EcgRecord, kind: str, rng: np.random.Generator) -> tuple[EcgRecord, Fault]:
    """Exchange the potentials of electrodes and derive the leads anew."""
    exchanged = SWAPS[kind]
    signal, names, _ = derive_limb_leads(record.signal, record.leads)
    row = dict(zip(names, signal.astype(float), strict=True))
    potential = {lead: row[lead] for lead in PRECORDIAL_LEADS if lead in row}
    if "I" in row and "II" in row:  # with Wilson's terminal as zero
        one, two = row["I"], row["II"]
        potential |= {"RA": -(one + two) / 3, "LA": (2 * one - two) / 3, "LL": (2 * two - one) / 3}
        noise = rng.normal(0, 0.004, record.signal.shape[1])
        potential["RL"] = potential["LL"] - RL_SHARE * (potential["LL"] - potential["RA"]) + noise
    missing = [electrode for electrode in exchanged if electrode not in potential]
    if missing:
        raise ValueError(f"the leads {', '.join(record.leads)} do not show the electrode {missing[0]} of {kind}.")
    moved = potential | {electrode: potential[source] for electrode, source in exchanged.items()}
    rows, touched = [], []
    for lead, old in zip(record.leads, record.signal, strict=True):
        weights = _weights(lead)
        concerned = any(electrode in exchanged for electrode in weights) and set(weights) <= set(moved)
        new = sum(weight * moved[electrode] for electrode, weight in weights.items()) if concerned else old
        rows.append(new)
        if concerned and not np.allclose(new, old, atol=1e-4, equal_nan=True):
            touched.append(lead)
    fault = Fault(kind, tuple(touched), 0.0, record.duration_s)
    return replace(record, signal=np.stack(rows)), fault


def _spell(record: EcgRecord, rng: np.random.Generator, shortest: float, longest: float) -> slice:
    length = min(rng.uniform(shortest, longest), 0.8 * record.duration_s)
    start = rng.uniform(0, record.duration_s - length)
    return slice(int(start * record.sampling_rate), int((start + length) * record.sampling_rate))


def _at_channel(record: EcgRecord, kind: str, rng: np.random.Generator, lead: str) -> tuple[EcgRecord, Fault]:
    """Spoil the amplifier's output of one lead."""
    signal = record.signal.copy()
    row = signal[record.leads.index(lead)]
    n = len(row)
    span, level = slice(0, n), float(np.nanmedian(row))
    if kind in ("flat", "nearly flat", "flat spell"):
        span = _spell(record, rng, 3.0, 6.0) if kind == "flat spell" else span
        row[span] = level + (rng.normal(0, 0.002, span.stop - span.start) if kind == "nearly flat" else 0.0)
    elif kind == "saturated":  # the amplifier's range ends within the QRS complex
        size = 2 * rng.uniform(0.35, 0.75) * float(np.nanmax(np.abs(row - level)))
        np.clip(row, level - size / 2, level + size / 2, out=row)
    else:  # rests on the rail for a while
        span = _spell(record, rng, 2.0, 8.0)
        row[span] = float(rng.choice([-5.0, 5.0, 3.2, -3.2]))
    rate = record.sampling_rate
    return replace(record, signal=signal), Fault(kind, (lead,), span.start / rate, span.stop / rate)


def _at_electrode(record: EcgRecord, kind: str, rng: np.random.Generator, electrode: str) -> tuple[EcgRecord, Fault]:
    """Add something to an electrode's potential; a limb electrode passes it on to all leads that hold it."""
    n, rate = record.signal.shape[1], record.sampling_rate
    if kind == "mains hum" and rate < 130:
        raise ValueError(f"mains hum of 50 or 60 Hz cannot be held at {rate:g} Hz; it takes 130 Hz.")
    if kind == "loose contact":
        added = _lost_contact(record, rng, electrode)
    else:
        make = {"loose steps": _steps, "loose drift": _drift, "mains hum": _hum, "baseline wander": _wander}
        added = make.get(kind, _muscle)(n, rate, rng)
    weights = lead_weights(record.leads, electrode)
    signal = record.signal + weights[:, None] * added
    main = _main_leads(record.leads, electrode)
    order = main + [record.leads[k] for k in np.argsort(-np.abs(weights)) if weights[k] and record.leads[k] not in main]
    return replace(record, signal=signal), Fault(kind, tuple(order), 0.0, record.duration_s)


def _steps(n: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    """A plaster that moves: jumps of 1-4 mV that fade as the amplifier's high-pass lets them (0.5-3 s)."""
    t, out = np.arange(n) / rate, np.zeros(n)
    for _ in range(int(rng.integers(2, 7)) * max(1, round(n / rate / 30))):
        at = rng.uniform(0, 0.95) * n / rate
        since = np.maximum(t - at, 0)
        out += (t >= at) * rng.choice([-1, 1]) * rng.uniform(1, 4) * np.exp(-since / rng.uniform(0.5, 3))
    return out


def _lost_contact(record: EcgRecord, rng: np.random.Generator, electrode: str) -> np.ndarray:
    """Contact comes and goes: in spells of 0.3-2 s the electrode's own potential gives way to a floating input."""
    n, rate = record.signal.shape[1], record.sampling_rate
    own = np.nan_to_num(record.signal[record.leads.index(_main_leads(record.leads, electrode)[0])].astype(float))
    sign = np.sign(lead_weights(record.leads, electrode)[record.leads.index(_main_leads(record.leads, electrode)[0])])
    added = np.zeros(n)
    for _ in range(int(rng.integers(3, 7)) * max(1, round(n / rate / 30))):
        span = _spell(record, rng, 0.3, 2.0)
        length = span.stop - span.start
        floating = rng.choice([-1, 1]) * rng.uniform(0.8, 3.0) + rng.normal(0, 0.1, length)
        added[span] = floating - sign * own[span]
    return added


def _drift(n: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    """An electrode that dries or is pulled: a slow random walk over 3-8 mV in 10 s."""
    knots = max(int(n / rate), 3) + 1
    walk = np.cumsum(rng.normal(0, 1, knots))
    walk *= rng.uniform(3, 8) / max(float(np.ptp(walk)), 1e-6)
    return np.interp(np.arange(n), np.linspace(0, n, knots), walk)


def _hum(n: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    """50 or 60 Hz of 0.15-0.6 mV peak to peak."""
    hz = rng.choice([50.0, 60.0]) + rng.normal(0, 0.03)
    size = rng.uniform(0.075, 0.3)
    t = np.arange(n) / rate
    return size * np.sin(2 * np.pi * hz * t + rng.uniform(0, 6.3)) * (1 + 0.1 * np.sin(2 * np.pi * 0.3 * t))


def _wander(n: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Breathing and movement at 0.1-0.5 Hz, 1-3 mV peak to peak (drift noted in PTB-XL: 1.7 mV in the median)."""
    t = np.arange(n) / rate
    waves = sum(rng.uniform(0.3, 1) * np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * t + rng.uniform(0, 6.3)) for _ in "ab")
    return np.asarray(waves * rng.uniform(1, 3) / max(float(np.ptp(waves)), 1e-6))


def _muscle(n: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Muscle noise of 20-150 Hz, 0.06-0.2 mV root mean square."""
    band = butter(2, [20, min(150, 0.49 * rate)], "bandpass", fs=rate, output="sos")
    noise = sosfilt(band, rng.normal(0, 1, n))
    envelope = np.interp(np.arange(n), np.linspace(0, n, 12), np.exp(rng.normal(0, 0.3, 12)))
    noise = noise * envelope
    return noise * rng.uniform(0.06, 0.2) / max(float(noise.std()), 1e-9)
