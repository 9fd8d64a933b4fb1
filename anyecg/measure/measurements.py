"""`Measurements`: everything that `measure` finds on one ECG, as numbers with units in their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

RATE_KEYS = ("heart_rate_bpm", "heart_rate_min_bpm", "heart_rate_max_bpm", "rr_sd_ms", "rhythm_regularity")
QTC_KEYS = ("qtc_bazett_ms", "qtc_fridericia_ms", "qtc_framingham_ms", "qtc_hodges_ms")
AXIS_KEYS = ("axis_deg", "p_axis_deg", "t_axis_deg", "qrs_t_angle_deg", "spatial_qrs_t_angle_deg")
VOLTAGE_KEYS = ("sokolow_lyon_mv", "cornell_mv", "r_progression")
WAVE_KEYS = ("p_ms", "pr_ms", "qrs_ms", "qt_ms", *QTC_KEYS, *AXIS_KEYS, *VOLTAGE_KEYS, "leads", "median_beat")
BULKY_KEYS = ("beats", "median_beat")
"""What a prompt, a dataset row or an answer's evidence leaves out."""


@dataclass(frozen=True)
class Measurements:
    """What was measured on one ECG. None: not measurable; `not_measurable` says why, under the same name.

    Intervals, axes and amplitudes belong to the representative beat (see `average`), with all leads in one time frame
    unless the name says otherwise; definitions and sources stand in `intervals`, `vectors` and `voltages`.
    """

    duration_s: float
    sampling_rate_hz: float
    quality: dict[str, str]
    """Lead → "good", or why the lead is not judged: "flat", "saturated", "loose" or "noisy"."""
    disturbances: dict[str, list[str]] = field(default_factory=dict)
    """Lead → lesser faults with which it stays readable: "mains hum", "baseline wander", "muscle noise"."""
    placement: list[dict[str, Any]] = field(default_factory=list)
    """Electrodes that look misplaced: {"kind", "leads", "sentence"}."""
    not_an_ecg: str | None = None
    """Why this is taken for something else than an ECG, or None."""
    beats: tuple[dict[str, Any], ...] = ()
    """{"time_s": R peak, "kind": "N" normal, "S" supraventricular premature, "V" ventricular, "P" paced}, in order."""
    beats_used: dict[str, int] = field(default_factory=dict)
    """How many beats stand behind the numbers: {"rate", "intervals"}."""
    paced: str | None = None
    """What a pacemaker stimulates: "atrial", "ventricular" or "dual"; None where no spike was found, which a
    filter, or a rate below 250 Hz, may have removed."""
    heart_rate_bpm: float | None = None
    """From the mean RR interval of all beats."""
    heart_rate_min_bpm: float | None = None
    heart_rate_max_bpm: float | None = None
    rr_sd_ms: float | None = None
    rhythm_regularity: str | None = None
    """"regular" or "irregular", extra beats included."""
    episodes: list[dict[str, Any]] = field(default_factory=list)
    """Arrhythmias found by measurement: {"kind", "start_s", "end_s"} and where it applies "rate_bpm"."""
    p_wave_present: bool | None = None
    p_ms: float | None = None
    pr_ms: float | None = None
    """Onset of P to onset of QRS."""
    qrs_ms: float | None = None
    qt_ms: float | None = None
    qtc_bazett_ms: float | None = None
    qtc_fridericia_ms: float | None = None
    qtc_framingham_ms: float | None = None
    qtc_hodges_ms: float | None = None
    axis_deg: float | None = None
    """Frontal QRS axis, -180 < axis ≤ 180; left is negative."""
    p_axis_deg: float | None = None
    t_axis_deg: float | None = None
    qrs_t_angle_deg: float | None = None
    """Between the frontal axes of QRS and T, 0 to 180."""
    spatial_qrs_t_angle_deg: float | None = None
    """The same in space."""
    sokolow_lyon_mv: float | None = None
    cornell_mv: float | None = None
    r_progression: dict[str, str] | None = None
    """{"transition_lead": "V1" … "V6" or "none", "word": "normal", "early", "late", "poor" or "reversed"}."""
    leads: dict[str, dict[str, float | None]] = field(default_factory=dict)
    """Lead → amplitudes in mV against the PR level: {"p_mv", "q_mv", "r_mv", "s_mv", "st_j_mv" (J point), "st_mv"
    (J + 60 ms), "st80_mv" (J + 80 ms), "t_mv"} and the lead's own "qrs_ms" and "qt_ms"."""
    median_beat: dict[str, Any] | None = None
    """{"sampling_rate_hz", "r_sample", "leads": {lead: [mV, …]}, "fiducials": {name: sample or None}}."""
    critical: list[dict[str, Any]] = field(default_factory=list)
    """Critical values, most urgent first: {"kind", "sentence", "source", "leads", "start_s", "end_s"}."""
    notes: tuple[str, ...] = ()
    """How it was measured, where that is not obvious."""
    not_measurable: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values; what is nested is shared, not copied."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return values | {"beats": list(self.beats), "notes": list(self.notes)}

    def summary(self) -> dict[str, Any]:
        """`to_dict` without what grows with the recording: the beats and the median beat."""
        return {key: value for key, value in self.to_dict().items() if key not in BULKY_KEYS}


def without_p(values: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """`Measurements.to_dict()` with everything that rests on P waves taken back."""
    keys = ("p_ms", "pr_ms", "p_axis_deg")
    leads = {lead: row | {"p_mv": None} for lead, row in values["leads"].items()}
    missing = values["not_measurable"] | dict.fromkeys((*keys, *(["leads.p_mv"] if leads else [])), reason)
    taken = {"p_wave_present": False, "leads": leads, "not_measurable": missing}
    return {**values, **dict.fromkeys(keys), **taken}
