"""Made signals that are no ECG: noise, tones, sound, pulse waves, breathing, for `benchmarks.quality`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from anyecg.leads import STANDARD_LEADS
from anyecg.record import EcgRecord


def other_signals() -> dict[str, list[EcgRecord]]:
    """Made signals of 10 s that are no ECG, ten of each at 100, 250 and 500 Hz."""
    made = {}
    for name, make in MAKERS.items():
        made[name] = [
            EcgRecord(make(np.arange(int(10 * rate)) / rate, np.random.default_rng(k))[None], ("II",), rate)
            for k in range(10) for rate in (100.0, 250.0, 500.0)
        ]  # fmt: skip
    noise = np.random.default_rng(0)
    made["white noise, 12 leads"] = [
        EcgRecord(noise.normal(0, 0.3, (12, 2000)), STANDARD_LEADS, 250) for _ in range(10)
    ]
    return made


def _sound(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    notes = rng.choice([60.0, 72.0, 90.0, 110.0], 20)[np.minimum((t * 2).astype(int), 19)]
    return np.sin(2 * np.pi * np.cumsum(notes) * (t[1] - t[0])) * np.abs(np.sin(4 * np.pi * t))


def _heart_sounds(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    out = rng.normal(0, 0.01, len(t))
    for at in np.arange(0.3, 9.5, rng.uniform(0.7, 1.0)):
        for delay, size in ((0.0, 1.0), (0.3, 0.7)):
            out += (
                size * np.exp(-(((t - at - delay) / 0.03) ** 2)) * np.sin(2 * np.pi * 40 * (t - at) + rng.uniform(0, 6))
            )
    return out


def _pulse(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    phase = (t * rng.uniform(0.9, 1.7)) % 1
    return np.exp(-(((phase - 0.3) / 0.15) ** 2)) + 0.4 * np.exp(-(((phase - 0.65) / 0.15) ** 2))


def _eeg(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 10 * t + np.cumsum(rng.normal(0, 0.05, len(t)))) + rng.normal(0, 0.08, len(t))


MAKERS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "white noise": lambda t, rng: rng.normal(0, 0.3, len(t)),
    "random integers": lambda t, rng: rng.integers(0, 255, len(t)) / 100.0,
    "sine": lambda t, rng: np.sin(2 * np.pi * rng.uniform(0.8, 20) * t),
    "square wave": lambda t, rng: np.sign(np.sin(2 * np.pi * rng.uniform(0.5, 3) * t)),
    "constant": lambda t, rng: np.full(len(t), rng.normal()),
    "breathing": lambda t, rng: np.sin(2 * np.pi * rng.uniform(0.2, 0.4) * t) + 0.1 * np.sin(2 * np.pi * 0.7 * t),
    "pulse wave": _pulse,
    "music": _sound,
    "heart sounds": _heart_sounds,
    "EEG with alpha rhythm": _eeg,
    "random walk": lambda t, rng: np.cumsum(rng.normal(0, 0.02, len(t))),
    "walking accelerometer": lambda t, rng: (
        sum(np.sin(2 * np.pi * 1.8 * k * t + rng.uniform(0, 6)) / k for k in range(1, 6)) + rng.normal(0, 0.1, len(t))
    ),
}
