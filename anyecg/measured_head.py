"""Findings from what was measured: a small network beside the encoder, whose scores calibration joins with its own.

Statements about intervals, voltages and regularity follow from numbers that `measure` finds more exactly than a network
reads them off the trace; computer programs for ECGs have long been made of such numbers (PTB-XL+, Strodthoff et al.,
Sci Data 2023, compares both kinds on the same records).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from .leads import STANDARD_LEADS

LONGEST_S = 30.0
"""Recordings beyond this are not judged by one set of numbers."""
_VALUES = (
    "heart_rate_bpm", "heart_rate_min_bpm", "heart_rate_max_bpm", "rr_sd_ms", "p_ms", "pr_ms", "qrs_ms", "qt_ms",
    "qtc_bazett_ms", "qtc_fridericia_ms", "qtc_hodges_ms", "qrs_t_angle_deg", "spatial_qrs_t_angle_deg",
    "sokolow_lyon_mv", "cornell_mv",
)  # fmt: skip
_AXES = ("axis_deg", "p_axis_deg", "t_axis_deg")
_LEAD_VALUES = ("p_mv", "q_mv", "r_mv", "s_mv", "st_j_mv", "st_mv", "st80_mv", "t_mv", "qrs_ms", "qt_ms")
_EPISODES = ("atrial fibrillation", "supraventricular tachycardia", "bigeminy", "trigeminy", "ventricular tachycardia")
_RR = ("rr_jitter", "rr_step", "rr_shortest", "rr_longest")
NAMES = (
    *_VALUES,
    *(f"{part} of {axis}" for axis in _AXES for part in ("cos", "sin")),
    *(f"share of beats {kind}" for kind in "NSVP"),
    "beats", *_RR, "p_wave_present", "paced", "irregular",
    *(f"episode of {kind}" for kind in _EPISODES),
    *(f"{lead} {value}" for lead in STANDARD_LEADS for value in _LEAD_VALUES),
)  # fmt: skip
NEEDED_LEADS = {
    "sokolow_lyon_mv": ("V1", "V5", "V6"), "cornell_mv": ("aVL", "V3"),
    "spatial_qrs_t_angle_deg": STANDARD_LEADS,
} | {f"{part} of {axis}": STANDARD_LEADS[:6] for axis in _AXES for part in ("cos", "sin")} | {
    "qrs_t_angle_deg": STANDARD_LEADS[:6]
} | {f"{lead} {value}": (lead,) for lead in STANDARD_LEADS for value in _LEAD_VALUES}  # fmt: skip
"""Which leads a number comes from, where it does not come from whatever leads there are."""


def features(measurements: Mapping[str, Any]) -> np.ndarray | None:
    """The numbers of `NAMES`, NaN where one was not measurable; milliseconds, millivolts, beats per minute and shares.

    Args:
        measurements: `Measurements.to_dict()`.

    Returns:
        (len(NAMES),) float32, or None for what has no beats, is no ECG or lasts longer than `LONGEST_S`.
    """
    beats = measurements.get("beats") or []
    too_long = (measurements.get("duration_s") or 0.0) > LONGEST_S
    if too_long or len(beats) < 2 or measurements.get("not_an_ecg"):
        return None
    found = [_number(measurements.get(key)) for key in _VALUES]
    for key in _AXES:
        angle = np.radians(_number(measurements.get(key)))
        found += [np.cos(angle), np.sin(angle)]
    kinds = [beat["kind"] for beat in beats]
    found += [kinds.count(kind) / len(kinds) for kind in "NSVP"]
    found += [len(beats), *_rr_features(np.diff([beat["time_s"] for beat in beats]))]
    regularity = {"irregular": 1.0, "regular": 0.0}.get(measurements.get("rhythm_regularity") or "", np.nan)
    found += [_number(measurements.get("p_wave_present")), float(measurements.get("paced") is not None), regularity]
    seen = {episode["kind"] for episode in measurements.get("episodes") or ()}
    found += [float(kind in seen) for kind in _EPISODES]
    rows = measurements.get("leads") or {}
    found += [_number(rows.get(lead, {}).get(value)) for lead in STANDARD_LEADS for value in _LEAD_VALUES]
    return np.array(found, dtype=np.float32)


def _number(value: float | bool | None) -> float:
    return np.nan if value is None else float(value)


def _rr_features(rr_s: np.ndarray) -> list[float]:
    """Median and mean change from one RR interval to the next, shortest and longest, all as shares of the usual one."""
    if len(rr_s) < 3:
        return [np.nan] * len(_RR)
    steps = np.abs(np.diff(rr_s))
    return [
        float(np.median(steps) / np.median(rr_s)), float(steps.mean() / rr_s.mean()),
        float(rr_s.min() / rr_s.mean()), float(rr_s.max() / rr_s.mean()),
    ]  # fmt: skip


class MeasuredHead(nn.Module):
    """Numbers in, finding logits out; a number that is missing is told as missing.

    Args:
        width: of both hidden layers.
        num_findings: outputs.
    """

    centre: torch.Tensor
    spread: torch.Tensor

    def __init__(self, width: int, num_findings: int, dropout: float = 0.6):
        super().__init__()
        self.register_buffer("centre", torch.zeros(len(NAMES)))
        self.register_buffer("spread", torch.ones(len(NAMES)))
        self.layers = nn.Sequential(
            nn.Linear(2 * len(NAMES), width), nn.GELU(), nn.Dropout(dropout),
            nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, num_findings),
        )  # fmt: skip

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """values (n, len(NAMES)) as `features` gives them → (n, num_findings)."""
        first: Any = self.layers[0]
        return self.layers(self.scaled(values.float()).to(first.weight.dtype))

    def scaled(self, values: torch.Tensor) -> torch.Tensor:
        """Standardised numbers, bounded at 4 spreads, 0 where missing, and beside them which are missing."""
        missing = values.isnan()
        numbers = ((values - self.centre) / self.spread).clamp(-4, 4)
        return torch.cat([numbers.masked_fill(missing, 0.0), missing.to(numbers.dtype)], dim=1)
