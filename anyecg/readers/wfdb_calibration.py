"""What one stored step of a WFDB signal is worth in millivolts, and when the header's gains cannot be believed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..leads import canonical_lead
from ..record import RecordError
from .declared import Declared, settle_scale
from .wfdb_header import Header, SignalLine

MISFIT_THAT_CONTRADICTS = 0.02
"""Of lead II; rounding to integers explains less."""


def steps_to_millivolts(
    header: Header,
    lines: Sequence[SignalLine],
    digital: list[np.ndarray],
    declared: Declared,
    notes: list[str],
) -> list[tuple[float, int]]:
    """For each channel the millivolts per step and the step that is zero."""
    step_uv = declared.microvolts_per_step
    misfit = _einthoven_misfit(lines, digital)
    one_scale = misfit is not None and (misfit > MISFIT_THAT_CONTRADICTS or _is_ludb(header))
    if one_scale and step_uv is None:
        if not _is_ludb(header):
            raise RecordError(
                f"the gains in {header.path.name} cannot be right: II = I + III holds for the stored integers, "
                "not in millivolts; declare the step with microvolts_per_step= or --microvolts-per-step."
            )
        step_uv = 1.0
        notes.append("header gains ignored: II = I + III holds without them; 1 µV per step, as LUDB documents")
    if step_uv is not None:
        return [(step_uv / 1000.0, 0 if one_scale else line.baseline) for line in lines]
    if uncalibrated := [line.name or line.file_name for line in lines if line.gain is None]:
        raise RecordError(
            f"{header.path.name} states no gain for {', '.join(uncalibrated)} (0 or missing: uncalibrated); "
            "declare the step with microvolts_per_step= or --microvolts-per-step."
        )
    if declared.units is None and any(line.units is None for line in lines):
        notes.append("the header names no units; millivolts, as the WFDB format defines")
    default = declared.units or "mV"
    scales = [settle_scale(line.units or default, declared, header.path.name) for line in lines]
    return [(scale / (line.gain or 1.0), line.baseline) for scale, line in zip(scales, lines, strict=True)]


def _is_ludb(header: Header) -> bool:
    return {"<age>", "<diagnoses>"} <= {comment.split(":")[0] for comment in header.comments}


def _einthoven_misfit(lines: Sequence[SignalLine], digital: list[np.ndarray]) -> float | None:
    """How far II = I + III fails in millivolts, relative to II, when it holds for the stored integers; else None."""
    rows = {canonical_lead(line.name or ""): k for k, line in enumerate(lines)}
    if not {"I", "II", "III"} <= set(rows):
        return None
    limb = [rows[name] for name in ("I", "II", "III")]
    if len({digital[k].size for k in limb}) > 1:
        return None
    one, two, three = (digital[k] for k in limb)
    misfit = one + three - two
    known = np.isfinite(misfit)
    if not known.any() or np.std(two[known]) < 5:  # a flat trace obeys every law
        return None
    if np.mean(np.abs(misfit[known] - np.median(misfit[known])) <= 2) < 0.98:
        return None
    gains = [lines[k].gain or 1.0 for k in limb]
    physical = one / gains[0] + three / gains[2] - two / gains[1]
    return float(np.std(physical[known]) / np.std(two[known] / gains[1]))
