"""What the caller declares of a file, and what holds where the file says it itself: rate, units, step, lead names."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..record import RecordError
from ..wording import join

MILLIVOLTS_PER_UNIT = {
    "mv": 1.0, "millivolt": 1.0, "millivolts": 1.0, "v": 1000.0, "volt": 1000.0, "volts": 1000.0,
    "uv": 0.001, "µv": 0.001, "μv": 0.001, "microvolt": 0.001, "microvolts": 0.001,
}  # fmt: skip
LOWEST_RATE, HIGHEST_RATE = 20.0, 100_000.0
"""Hz; outside this no ECG was ever recorded, and a waveform cannot be read."""


@dataclass(frozen=True)
class Declared:
    """What the caller says about a file that does not say it itself."""

    sampling_rate: float | None = None
    """Hz."""
    units: str | None = None
    """"mV", "uV" or "V"."""
    leads: tuple[str, ...] | None = None
    """Names of the rows in order if the file names none, else the leads to keep."""
    microvolts_per_step: float | None = None
    """Size of one step of the stored integers; replaces the file's gain."""

    def __post_init__(self) -> None:
        if self.units is not None and not is_voltage(self.units):
            raise RecordError(f"unknown units {self.units!r}; choose mV, uV or V.")
        if self.sampling_rate is not None:
            check_rate(self.sampling_rate, "the declaration")
        step = self.microvolts_per_step
        if step is not None and not (math.isfinite(step) and step > 0):
            raise RecordError(f"{step:g} microvolts per step cannot be; declare a positive number.")
        if step is not None and self.units is not None:
            raise RecordError("both units and microvolts per step are declared; declare one of them.")
        if self.leads is not None and not all(name.strip() for name in self.leads):
            raise RecordError(f"the declared leads {list(self.leads)} hold an empty name; name every lead.")


def is_voltage(units: str) -> bool:
    """Whether these units are volts of some size."""
    return units.strip().lower() in MILLIVOLTS_PER_UNIT


def check_rate(rate: float, where: str) -> None:
    """Refuse a sampling rate that cannot be.

    Raises:
        RecordError: if the rate is not a number from 20 to 100,000 Hz.
    """
    if not (math.isfinite(rate) and LOWEST_RATE <= rate <= HIGHEST_RATE):
        raise RecordError(
            f"{where} has a sampling rate of {rate:g} Hz, not {LOWEST_RATE:g} to {HIGHEST_RATE:,.0f}; "
            "declare the right one with sampling_rate= or --sampling-rate."
        )


def require(name: str, declared: Declared, *, rate: bool = True, units: bool = True, leads: bool = True) -> None:
    """Name everything in one sentence that neither the file nor the caller tells.

    Args:
        rate, units, leads: whether the file states them itself.
    """
    has_units = units or declared.units is not None or declared.microvolts_per_step is not None
    missing: list[str] = []
    ways: list[str] = []
    if not (rate or declared.sampling_rate is not None):
        missing, ways = [*missing, "sampling rate"], [*ways, "--sampling-rate HZ"]
    if not has_units:
        missing, ways = [*missing, "units"], [*ways, "--units mV|uV|V (or --microvolts-per-step)"]
    if not (leads or declared.leads is not None):
        missing, ways = [*missing, "lead names"], [*ways, "--leads I,II,…"]
    if missing:
        raise RecordError(
            f"{name} does not state its {join(missing)}; declare {join(ways)} "
            "(in Python: sampling_rate=, units=, microvolts_per_step=, leads=)."
        )


def settle_rate(stated: float | None, declared: Declared, name: str) -> float:
    """Choose between the rate in Hz that a file states and the one the caller declares.

    Raises:
        RecordError: if there is neither, or if both exist and differ.
    """
    if stated is None:
        require(name, declared, rate=False)
    if stated is None or (declared.sampling_rate is not None and not stated > 0):
        return float(declared.sampling_rate or 0.0)
    check_rate(stated, name)
    if declared.sampling_rate is not None and not math.isclose(stated, declared.sampling_rate, rel_tol=1e-6):
        raise RecordError(
            f"{name} states {stated:g} Hz but {declared.sampling_rate:g} Hz was declared; "
            "leave the declaration out or correct the file."
        )
    return float(stated)


def settle_scale(stated: str | None, declared: Declared, name: str) -> float:
    """Millivolts per number in the file, from the units it states or the caller declares.

    Raises:
        RecordError: if there are no units, if they are not volts, or if the file and the caller differ.
    """
    if stated is not None and not is_voltage(stated):
        raise RecordError(f"{name} is in {stated!r}, which is not a voltage; export it in mV, uV or V.")
    if declared.microvolts_per_step is not None:
        if stated is not None:
            raise RecordError(f"{name} states its units ({stated}); leave the microvolts per step out.")
        return declared.microvolts_per_step / 1000.0
    require(name, declared, units=stated is not None)
    units = stated or declared.units or ""
    scale = MILLIVOLTS_PER_UNIT[units.strip().lower()]
    if declared.units is not None and MILLIVOLTS_PER_UNIT[declared.units.strip().lower()] != scale:
        raise RecordError(
            f"{name} states {stated} but {declared.units} was declared; leave the declaration out or correct the file."
        )
    return scale


def settle_step(step: float | None, units: str | None, declared: Declared, what: str) -> float:
    """Millivolts per stored integer step, from the file, or from the caller where the file leaves out size or units.

    Args:
        step: size of a step in `units`; None or 0 where the file does not say it.

    Raises:
        RecordError: if neither says it, if both do, or if the units are not volts.
    """
    if declared.microvolts_per_step is not None and not (step and units is not None):
        return declared.microvolts_per_step / 1000.0
    if not step:
        raise RecordError(
            f"{what} states no size of its steps (0 or nothing: not calibrated); declare it with "
            "microvolts_per_step= or --microvolts-per-step."
        )
    return step * settle_scale(units, declared, what)


def settle_leads(n_signals: int, declared: Declared, name: str) -> tuple[str, ...]:
    """Names for the rows of a file that names none.

    Raises:
        RecordError: if none are declared, or not one per signal.
    """
    require(name, declared, leads=False)
    names = declared.leads or ()
    if len(names) != n_signals:
        raise RecordError(f"{name} has {n_signals} signals but {len(names)} leads were declared; name each once.")
    return names
