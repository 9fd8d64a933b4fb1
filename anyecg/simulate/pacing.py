"""Pacemakers: when they fire, what that starts, and the pulses as an electrocardiograph records them.

A pulse of about 0.5 ms is far shorter than a sample. What a recorder keeps of it is its area through the recorder's
low-pass filter: 1-3 mV high and 3 ms wide at 150 Hz and 500 samples/s, three to five times lower and 25 ms wide at
40 Hz and 100 samples/s. Unipolar pulses are large, bipolar ones small and sometimes unseen.
"""

from __future__ import annotations

import numpy as np

from .activity import Activity, Beats
from .drawing import Drawing
from .patient import Patient
from .sinus import sinus_times

CAPTURE_DELAY_S = 0.008  # from the pulse to the onset of what it starts


def paced(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """The pacing mode that the patient's rhythm names."""
    return _MODES[patient.rhythm](patient, start, end, rng)


def _atrial(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """Atrial pulse, P wave, and the usual QRS."""
    cycle, pr = 60 / patient.rate_bpm, patient.pr_ms / 1000
    out, at = Activity(pr_ms=patient.pr_ms), start + rng.random() * cycle
    while at < end:
        out.spikes.append((at, "atrium", True))
        out.p_wave(at + CAPTURE_DELAY_S, "P A")
        out.beat(at + CAPTURE_DELAY_S + pr * rng.normal(1, 0.01))
        at += cycle
    return out


def _ventricular(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """Fixed-rate ventricular pulses: over fibrillating or independent atria, or after each sinus P wave."""
    out = Activity()
    tracking = patient.pacing == "tracking"
    sinus = sinus_times(patient, start, end, rng)
    if tracking:
        out.pr_ms = 1000 * patient.av_delay_s
        for at in sinus[sinus < end].tolist():
            out.p_wave(at)
            _stimulate(out, at + patient.av_delay_s - CAPTURE_DELAY_S)
        return out
    cycle = 60 / patient.rate_bpm
    at = start + rng.random() * cycle
    while at < end:
        _stimulate(out, at)
        at += cycle
    if patient.pacing == "independent":
        for p in _own_sinus(patient, start, end, rng):
            out.p_wave(p)
    else:
        out.spells.append(("AFIB", start, end))
    return out


def _dual(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """Atrial pulse and P wave, then ventricular pulse and wide QRS."""
    cycle = 60 / patient.rate_bpm
    out, at = Activity(pr_ms=1000 * patient.av_delay_s), start + rng.random() * cycle
    while at < end:
        out.spikes.append((at, "atrium", True))
        out.p_wave(at + CAPTURE_DELAY_S, "P A")
        _stimulate(out, at + patient.av_delay_s)
        at += cycle
    return out


def _failing(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """Some ventricular pulses start nothing; a slow escape beat comes in long gaps. Sinus P waves go on."""
    out, cycle = Activity(), 60 / patient.rate_bpm
    at, share = start + rng.random() * cycle, rng.uniform(0.25, 0.6)
    failed_in_row = 0
    while at < end:
        fails = bool(rng.random() < share) or abs(at - 0.45 * end) <= cycle / 2  # seen in any record
        if out.beats and at - out.last_s < 0.42:  # the ventricle has just fired by itself
            fails = True
        failed_in_row = failed_in_row + 1 if fails else 0
        if fails:
            out.spikes.append((at, "ventricle", False))
        else:
            _stimulate(out, at)
        if out.beats and failed_in_row >= 2 and at + 0.6 * cycle - out.last_s > 1.3:
            out.beat(at + 0.6 * cycle, "V", shape=" E")
            failed_in_row = 0
        at += cycle
    for p in _own_sinus(patient, start, end, rng):
        out.p_wave(p)
    return out


def _stimulate(out: Activity, at: float) -> None:
    out.spikes.append((at, "ventricle", True))
    out.beat(at + CAPTURE_DELAY_S, "P", shape=" P")


def _own_sinus(patient: Patient, start: float, end: float, rng: np.random.Generator) -> list[float]:
    """P waves of atria that the ventricles do not follow."""
    cycle = 60 / float(np.clip(rng.normal(82, 10), 62, 105))
    n = int((end - start) / cycle) + 1
    times = start + rng.random() * cycle + np.cumsum(cycle * rng.normal(1, 0.02, n))
    return [float(at) for at in times[times < end]]


_MODES = {"PACE-A": _atrial, "PACE-V": _ventricular, "PACE-AV": _dual, "PACE-FAIL": _failing}
PACED_RHYTHMS = tuple(_MODES)

_VENTRICLE = (-0.35, -1.0, 0.15)  # from the tip in the right ventricle's apex to the generator under the collar bone
_ATRIUM = (-0.15, -0.9, -0.25)


def add_spikes(drawing: Drawing, beats: Beats, matrix: np.ndarray, rng: np.random.Generator) -> None:
    """Add the pacemaker's pulses as a filtered recording shows them; `matrix` (n_rows, 3) is how rows see a dipole."""
    if not beats.spikes:
        return
    bipolar = rng.random() < 0.6
    area_mvs = rng.uniform(0.5e-3, 1.8e-3) if bipolar else rng.uniform(3e-3, 8e-3)
    sign = -1.0 if bipolar and rng.random() < 0.5 else 1.0
    bend = rng.normal(0, 0.35 if bipolar else 0.15, (2, 3))
    size = {"ventricle": 1.0, "atrium": rng.uniform(0.5, 1.0)}
    cut_off_hz = min(150.0, 0.4 * drawing.sampling_rate)
    seen = {
        "ventricle": matrix @ (sign * (np.array(_VENTRICLE) + bend[0])),
        "atrium": matrix @ (sign * (np.array(_ATRIUM) + bend[1])),
    }
    for at, chamber, _ in beats.spikes:
        first, course = _pulse(at, cut_off_hz, drawing.inner_rate)
        drawing.add_patch(first, seen[chamber][:, None] * (area_mvs * size[chamber]), course[None])


def _pulse(at: float, cut_off_hz: float, rate: float) -> tuple[int, np.ndarray]:
    """A pulse of area 1 through a low-pass filter, a windowed sinc: its first sample, and it, 1/s."""
    half_s = 1.5 / cut_off_hz
    first, last = int(np.ceil((at - half_s) * rate)), int((at + half_s) * rate)
    t = np.arange(first, last + 1) / rate - at
    return first, 2 * cut_off_hz * np.sinc(2 * cut_off_hz * t) * np.cos(0.5 * np.pi * t / half_s) ** 2
