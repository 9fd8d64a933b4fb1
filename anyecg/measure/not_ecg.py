"""Say when a recording is not an ECG: noise, sound, a test signal, a pulse wave, breathing.

A recording is refused only when every channel that moves is refused (without beats: three of four), and in doubt it
is an ECG: fibrillation, flutter, paced rhythms, asystole and very noisy leads must pass. The limits lie beyond
everything seen in real ECGs (PTB-XL, all of MIT-BIH's first part with its ventricular flutter, and samples of six other
databases); figures in `benchmarks/quality.py`. What cannot be told apart by its signal is not tried: a walking
accelerometer moves like ventricular flutter, a drifting baseline like asystole, a slow EEG like fine fibrillation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.signal import sosfiltfilt, welch

from ..leads import KNOWN_LEADS
from ..record import EcgRecord
from .filters import butter
from .quality import fill_gaps, pieces

OTHER_CHANNELS = re.compile(
    r"\b(p?pleth\w*|ppg|resp\w*|rsp|abp|art|cvp|pap|icp|spo2|eeg\w*|eog\w*|emg\w*|eda|gsr|pcg|acc\w*|gyro\w*|temp\w*)\b",
    re.IGNORECASE,
)
"""Names of channels that monitors and sleep laboratories record beside the ECG."""
SAME_BEATS = 0.8
"""From this median likeness the beats found are beats."""
WHITE, NO_QRS_AT_ALL = 0.72, 3.0
"""Density at 20-40 Hz by that at 2-15 Hz: below 0.61 in every real ECG, about 1 in noise, more in sound. Above the
latter even beats that look alike are no QRS complexes, which have most of their energy below 20 Hz."""
TONE = 0.95
"""Share of the power above 0.7 Hz within 0.2 Hz of its highest line; up to 0.75 in flutter, 1 in a sine."""
SLOW = 0.03
"""Power at 5-30 Hz by that at 1-5 Hz; 0.04 in the slowest ventricular flutter seen, less in pulse and breathing."""
FASTEST_VF_HZ, GAUSSIAN = 8.5, 3.7
"""A rhythm faster than fibrillation (3-8 Hz) without peaks (kurtosis near 3) is an EEG or a test signal."""
LEAST_MV = 0.2
"""Noise that spans less (98 % of the samples) may be what an amplifier shows in asystole."""
TWO_LEVELS = 0.9
MIN_S = 2.0


@dataclass(frozen=True)
class _Shape:
    """What the spectrum and the values of one channel look like."""

    white: float
    tone: float
    slow: float
    two_levels: float
    span_mv: float
    kurtosis: float
    peak_hz: float


def not_an_ecg(record: EcgRecord, quality: Mapping[str, str], peaks_s: np.ndarray, likeness: np.ndarray) -> str | None:
    """Say why a recording is not an ECG, or None when it is, or may be, one.

    Args:
        quality: lead → word, from `quality.signal_quality`.
        peaks_s: R peaks, where any were found.
        likeness: of each beat to the dominant one, from `kinds.classify_beats`.
    """
    if all(OTHER_CHANNELS.search(lead) and lead not in KNOWN_LEADS for lead in record.leads):
        return f"its channels are {', '.join(record.leads)}, and none of them is an ECG lead"
    moving = [k for k, lead in enumerate(record.leads) if quality[lead] != "flat"]
    if not moving:
        return "every channel is flat"
    if record.duration_s < MIN_S or record.sampling_rate < 50:
        return None
    beats = (len(peaks_s) >= 3 and float(np.median(likeness)) >= SAME_BEATS) or _obeys_einthoven(record)
    parts = pieces(record)
    spared = 0 if beats else len(moving) // 4  # of many noisy channels one may look like fibrillation by chance
    reasons: list[str] = []
    for row in moving:
        reason = _why_not([_shape(part[row], record.sampling_rate) for part in parts], beats)
        reasons += [reason] if reason else []
        spared -= reason is None
        if spared < 0:
            return None
    return Counter(reasons).most_common(1)[0][0]


def may_hide_arrest(reason: str) -> bool:
    """Whether what is refused for this reason may be a heart that fibrillates or stands still, in noise or too small.

    Channels that are named otherwise, and signals that only a generator makes, are not.
    """
    return "test signal" not in reason and "none of them is an ECG lead" not in reason


def _obeys_einthoven(record: EcgRecord) -> bool:
    """Whether II = I + III: then electrodes on limbs recorded it, be it nothing but noise."""
    if not {"I", "II", "III"} <= set(record.leads):
        return False
    one, two, three = (fill_gaps(record.lead(name)[None])[0] for name in ("I", "II", "III"))
    span = min(float(np.ptp(lead)) for lead in (one, two, three))
    return span > 0.05 and float(np.percentile(np.abs(two - one - three), 95)) < 0.1 * span


def _why_not(shapes: list[_Shape], beats: bool) -> str | None:
    """The reason against one channel, if most of its pieces agree on any."""
    found = [reason for shape in shapes if (reason := _reason(shape, beats))]
    return Counter(found).most_common(1)[0][0] if len(found) > 0.7 * len(shapes) else None


def _reason(shape: _Shape, beats: bool) -> str | None:
    if shape.two_levels > TWO_LEVELS:
        return "the signal only jumps between two levels, as a test signal does"
    if shape.tone > TONE:
        return f"the signal is a pure tone of {shape.peak_hz:.2g} Hz, as a test signal is"
    if shape.slow < SLOW:
        return "the signal has no quick deflection such as a QRS complex: it moves like a pulse wave or breathing"
    if shape.span_mv < LEAST_MV:
        return None
    if shape.white > NO_QRS_AT_ALL or (shape.white > WHITE and not beats):
        return "no beat repeats, and the quick changes are as strong as the slow ones: it is noise, muscle or sound"
    if not beats and shape.peak_hz > FASTEST_VF_HZ and shape.kurtosis < GAUSSIAN:
        return f"no beat repeats, and the signal swings at {shape.peak_hz:.2g} Hz, faster than any heart rhythm"
    return None


def _shape(samples: np.ndarray, rate: float) -> _Shape:
    """Measure one piece of one channel."""
    signal = fill_gaps(samples[None])[0].astype(float)
    signal = signal - np.median(signal)
    low, high = np.quantile(signal, [0.02, 0.98])
    close = 0.02 * (high - low) + 1e-9
    two = float(((np.abs(signal - low) < close) | (np.abs(signal - high) < close)).mean())
    passed = butter(4, 0.9, "highpass", fs=rate, output="sos")  # a wandering baseline is no pulse wave
    signal = sosfiltfilt(passed, signal, padlen=min(len(signal) - 1, int(2 * rate)))
    hz, power = welch(signal, rate, nperseg=min(len(signal), int(6 * rate)))
    for mains in (50, 60, 100, 120, 150, 180):
        power[np.abs(hz - mains) < 1.5] = 0
    power[hz < 0.9] = 0
    top = int(power.argmax())
    near = power[np.abs(hz - hz[top]) < 0.4].sum()
    fastest = min(40.0, rate / 2)
    return _Shape(
        white=_density(hz, power, 20, fastest) / (_density(hz, power, 2, 15) + 1e-12),
        tone=float(near / (power.sum() + 1e-12)),
        slow=float(power[(hz >= 5) & (hz < 30)].sum() / (power[(hz >= 1) & (hz < 5)].sum() + 1e-12)),
        two_levels=two,
        span_mv=float(np.subtract(*np.quantile(signal, [0.98, 0.02]))),
        kurtosis=_kurtosis(signal, rate),
        peak_hz=float(hz[top]),
    )


def _density(hz: np.ndarray, power: np.ndarray, low: float, high: float) -> float:
    return float(power[(hz >= low) & (hz < high)].mean())


def _kurtosis(signal: np.ndarray, rate: float) -> float:
    """Of the QRS band (5-25 Hz): 3 for noise, 8 and more where QRS complexes stand out."""
    band = butter(2, [5, min(25, 0.45 * rate)], "bandpass", fs=rate, output="sos")
    part = sosfiltfilt(band, signal, padlen=min(len(signal) - 1, int(rate)))
    edge = round(0.3 * rate)
    part = part[edge : len(part) - edge]
    return float((part**4).mean() / ((part**2).mean() ** 2 + 1e-30))
