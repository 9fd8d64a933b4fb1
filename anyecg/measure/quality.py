"""Signal quality of each lead: which leads cannot be judged and why, lesser disturbances, and what a flag forbids.

A lead is judged in pieces of 10 s (at most twelve of them, spread over longer recordings) against its neighbours in
time and the other leads. The limits lie between what PTB-XL records without any quality complaint show (folds 1-8 and
records at 500 Hz: 98-99 % of them stay below) and what seeded faults show (`faults`); `benchmarks/quality.py` prints
both sides. The kinds of fault follow the rules for unusable leads of the CinC 2011 challenge (Silva et al., Comput
Cardiol 2011; Clifford et al., Physiol Meas 2012): flat line, saturation, steps of the baseline, noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.ndimage import median_filter
from scipy.signal import sosfiltfilt

from ..leads import PRECORDIAL_LEADS, STANDARD_LEADS, derive_limb_leads
from ..record import EcgRecord
from ..wording import join
from .filters import butter

QUALITY_FLAGS = ("good", "flat", "saturated", "loose", "noisy")
DISTURBANCES = ("mains hum", "baseline wander", "muscle noise")
PIECE_S, MAX_PIECES = 10.0, 12
POOR_SHARE = 0.4
"""A lead is poor when this share of its pieces is."""
FLAT_MV = 0.02
"""A window whose samples span less than this holds no QRS: the least QRS called low voltage in a lead is 0.5 mV."""
FLAT_SHARE = 0.5
"""A lead is flat when more than this share of its windows of 2 s (longer than any normal RR interval) is flat."""
ACTIVE_MV = 0.2
"""While half of the leads span this within a second, a flat one has lost its electrode (all flat: asystole)."""
TIED_SHARE = 0.004
"""Saturated: this share of the samples lies exactly on the lead's highest or lowest value; natural peaks rarely tie."""
RAIL_S, RAIL_MV = 0.3, 0.5
"""Saturated: the lead rests this long on its extreme, this far from the rest of it."""
STEP_MV, DRIFT_MV = 1.4, 3.2
"""Loose: the baseline (median over 1 s) moves by the former within half a second or spans the latter in 10 s."""
NOISE_RATIO = 0.35
"""Noisy: rapid changes between beats reach this share of the rapid changes of the beats, and lie above 20 Hz."""
NOISE_MV = 0.02
"""Below this change per 8 ms between the beats nothing is called noisy."""
HUM_MV = 0.05
"""Peak to peak of the line at 50 or 60 Hz."""
WANDER_S, WANDER_MV = 1.5, 0.51
"""Baseline wander: the baseline spans the latter within the former, half of the time."""
MUSCLE_MV, MUSCLE_FAST_MV = 0.03, 0.018
"""Root mean square between the beats at 20-40 Hz, and at 70-95 Hz where the sampling rate holds that."""
TERRITORIES = {
    "anterior": ("V1", "V2", "V3", "V4"), "lateral": ("I", "aVL", "V5", "V6"), "inferior": ("II", "III", "aVF"),
}  # fmt: skip


def fill_gaps(signal: np.ndarray) -> np.ndarray:
    """Replace missing samples (NaN, infinite) by the last one known, or 0 mV where none is; shape is kept."""
    missing = ~np.isfinite(signal)
    if not missing.any():
        return signal
    index = np.where(missing, 0, np.arange(signal.shape[1]))
    np.maximum.accumulate(index, axis=1, out=index)
    filled = np.take_along_axis(signal, index, axis=1)
    return np.nan_to_num(filled, nan=0.0, posinf=0.0, neginf=0.0)


def signal_quality(record: EcgRecord) -> dict[str, str]:
    """Judge every lead: "good", or why it cannot be judged.

    "flat": no signal; "saturated": clipped or on the rail; "loose": the electrode comes off (steps, contact that comes
    and goes, great drift); "noisy": noise drowns the waves.
    """
    words = [_judge(piece, record.sampling_rate) for piece in pieces(record)]
    quality = {}
    for k, lead in enumerate(record.leads):
        here = [piece[k] for piece in words]
        poor = [word for word in here if word != "good"]
        quality[lead] = max(set(poor), key=poor.count) if len(poor) >= POOR_SHARE * len(here) else "good"
    return quality


def disturbances(record: EcgRecord, quality: Mapping[str, str]) -> dict[str, list[str]]:
    """Lesser faults of the leads that stay readable: lead → some of "mains hum", "baseline wander", "muscle noise".

    Args:
        quality: what `signal_quality` said; leads that are not good are left out, and so are undisturbed ones.
    """
    found = [_disturbances(piece, record.sampling_rate) for piece in pieces(record)]
    share = np.mean(found, axis=0)  # (n_leads, 3)
    named = {
        lead: [name for name, part in zip(DISTURBANCES, row, strict=True) if part >= POOR_SHARE]
        for lead, row in zip(record.leads, share, strict=True)
        if quality.get(lead) == "good"
    }
    return {lead: names for lead, names in named.items() if names}


def pieces(record: EcgRecord) -> list[np.ndarray]:
    """Up to twelve pieces of about 10 s, (n_leads, n_samples) each, spread over the record; short ones stay whole."""
    n, length = record.signal.shape[1], max(int(PIECE_S * record.sampling_rate), 2)
    count = min(max(round(n / length), 1), MAX_PIECES)
    if count == 1:
        return [record.signal[:, : 2 * length]]
    starts = np.linspace(0, n - length, count).astype(int)
    return [record.signal[:, start : start + length] for start in starts]


def _judge(piece: np.ndarray, rate: float) -> list[str]:
    if piece.shape[1] < 2:
        return ["flat"] * len(piece)
    signal = fill_gaps(piece).astype(float)
    flat = ((~np.isfinite(piece)).mean(axis=1) > 0.5) | (_flat_share(signal, rate) > FLAT_SHARE)
    saturated = np.array([_saturated(lead, rate) for lead in signal])
    base, base_rate = baseline(signal, rate)
    loose = (_steps(base, base_rate) > STEP_MV) | (np.ptp(base, axis=1) > DRIFT_MV) | _lost(signal, flat, rate)
    noisy = _noise_ratio(signal, rate) > NOISE_RATIO
    if noisy.any():  # ventricular fibrillation and flutter are quick, but not above 20 Hz
        noisy &= _between_beats(signal, rate, (20.0, min(95.0, 0.44 * rate))) > MUSCLE_MV
    chosen = np.select([saturated & ~_still(signal), flat, saturated, loose, noisy], [2, 1, 2, 3, 4], 0)
    return [QUALITY_FLAGS[word] for word in chosen]


def _blocks(signal: np.ndarray, width: int) -> np.ndarray:
    """(n_leads, n_windows, width); a signal shorter than one window is one window."""
    width = max(min(width, signal.shape[1]), 1)
    n = signal.shape[1] // width
    return signal[:, : n * width].reshape(signal.shape[0], n, width)


def _still(signal: np.ndarray) -> np.ndarray:
    return np.ptp(signal, axis=1) < FLAT_MV


def _flat_share(signal: np.ndarray, rate: float) -> np.ndarray:
    return (np.ptp(_blocks(signal, max(int(2 * rate), 2)), axis=2) < FLAT_MV).mean(axis=1)


def _lost(signal: np.ndarray, flat: np.ndarray, rate: float) -> np.ndarray:
    """Leads without signal for two seconds while the other leads beat."""
    span = np.ptp(_blocks(signal, max(int(rate), 2)), axis=2)
    if (~flat).sum() < 3:
        return np.zeros(len(signal), dtype=bool)
    active = np.median(span[~flat], axis=0) > ACTIVE_MV
    silent = (span < FLAT_MV) & active
    return (silent[:, 1:] & silent[:, :-1]).any(axis=1) & (np.median(span, axis=1) > 2 * FLAT_MV)


def _saturated(lead: np.ndarray, rate: float) -> bool:
    """Whether many samples tie on an extreme that few come near, or the lead rests on an extreme far from the rest."""
    span = np.ptp(lead)
    if span < FLAT_MV:
        return False
    for extreme in (lead.max(), lead.min()):
        distance = np.abs(lead - extreme)
        tied = distance < 1e-5
        count = int(tied.sum())
        if count < 4 or count == len(lead):
            continue
        away = float(np.median(distance[~tied]))
        if away > RAIL_MV and _longest_run(tied) >= RAIL_S * rate:
            return True
        near = int(((distance < 0.02 * span) & ~tied).sum())
        visits = int((np.diff(tied.astype(np.int8)) == 1).sum())  # one stay of 0.1 s is how some recorders start
        if count >= max(TIED_SHARE * len(lead), 6) and visits >= 3 and count > 2 * near and away > 0.05:
            return True
    return False


def _longest_run(flags: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0


def baseline(signal: np.ndarray, rate: float) -> tuple[np.ndarray, float]:
    """Median over 1 s of each lead at about 25 Hz, (n_leads, n), and that rate: the waves vanish, the steps stay."""
    factor = max(round(rate / 25), 1)
    slow = np.median(_blocks(signal, factor), axis=2)
    slow_rate = rate / factor
    width = min(int(slow_rate) | 1, 2 * slow.shape[1] - 1)
    return median_filter(slow, size=(1, max(width, 1)), mode="reflect"), slow_rate


def _steps(base: np.ndarray, rate: float) -> np.ndarray:
    apart = max(round(0.5 * rate), 1)
    if base.shape[1] <= apart:
        return np.zeros(len(base))
    return np.abs(base[:, apart:] - base[:, :-apart]).max(axis=1)


def _noise_ratio(signal: np.ndarray, rate: float) -> np.ndarray:
    """Median against highest change per 50 ms window: small when only the QRS is quick, near 1 in noise.

    The change is taken at about 125 Hz, so that the ratio does not depend on the sampling rate.
    """
    factor = max(round(rate / 125), 1)
    slow = _blocks(signal, factor).mean(axis=2)
    width = max(round(0.05 * rate / factor), 2)
    if slow.shape[1] < 2 * width:
        return np.zeros(signal.shape[0])
    steps = _blocks(np.abs(np.diff(slow, axis=1)), width).max(axis=2)
    if steps.shape[1] < 20:
        return np.zeros(signal.shape[0])
    low, high = np.percentile(steps, [50, 97], axis=1)
    return np.where(low > NOISE_MV, low / np.maximum(high, 1e-6), 0.0)


def _disturbances(piece: np.ndarray, rate: float) -> np.ndarray:
    """(n_leads, 3) of truth values, in the order of DISTURBANCES."""
    signal = fill_gaps(piece).astype(float)
    if signal.shape[1] < max(rate, 40):
        return np.zeros((len(signal), 3), dtype=bool)
    base, base_rate = baseline(signal, rate)
    hum, quiet = _hum(signal - base.mean(axis=1, keepdims=True), rate)
    muscle = _between_beats(quiet, rate, (20.0, 40.0)) > MUSCLE_MV
    muscle |= _between_beats(quiet, rate, (70.0, 95.0)) > MUSCLE_FAST_MV
    return np.stack([hum > HUM_MV, _wander(base, base_rate) > WANDER_MV, muscle], axis=1)


def _wander(base: np.ndarray, rate: float) -> np.ndarray:
    """Median over time of what the baseline spans within WANDER_S, mV."""
    width = max(min(round(WANDER_S * rate), base.shape[1]), 1)
    windows = np.lib.stride_tricks.sliding_window_view(base, width, axis=1)
    return np.asarray(np.median(np.ptp(windows, axis=2), axis=1))


def _hum(signal: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Peak to peak of the line at 50 or 60 Hz above what lies beside it, and the signal without a line that is there.

    The QRS complex has a smooth spectrum at 50 Hz; only what exceeds it within 0.4 Hz belongs to the mains.
    """
    n = signal.shape[1]
    hz = np.fft.rfftfreq(n, 1 / rate)
    window = np.hanning(n)
    power = 2 * np.abs(np.fft.rfft(signal * window, axis=1)) ** 2 / (n * (window**2).sum())
    size = np.zeros(len(signal))
    for mains in (50.0, 60.0):
        if mains > rate / 2 - 5:
            continue
        off = np.abs(hz - mains)
        line, beside = off <= 0.4, (off > 0.8) & (off < 4)
        excess = power[:, line].sum(axis=1) - power[:, beside].mean(axis=1) * line.sum()
        here = 2 * np.sqrt(2 * np.maximum(excess, 0))
        if (here > HUM_MV).any():
            spectrum = np.fft.rfft(signal, axis=1)
            spectrum[:, off <= 1.0] = 0
            signal = np.fft.irfft(spectrum, n, axis=1)
        size = np.maximum(size, here)
    return size, signal


def _between_beats(signal: np.ndarray, rate: float, band: tuple[float, float]) -> np.ndarray:
    """Median over windows of 0.1 s of the root mean square in a band; 0 where the rate cannot hold it."""
    factor = max(int(rate / (2.5 * band[1])), 1)
    slow = _blocks(signal, factor).mean(axis=2)
    slow_rate = rate / factor
    if band[1] > 0.45 * slow_rate or band[0] >= band[1]:
        return np.zeros(len(signal))
    fast = sosfiltfilt(butter(3, band, "bandpass", fs=slow_rate, output="sos"), slow, axis=1)
    return np.median(np.sqrt((_blocks(fast, round(0.1 * slow_rate)) ** 2).mean(axis=2)), axis=1)


def forbidden(quality: Mapping[str, str], placement: Sequence[Mapping[str, object]], leads: Sequence[str]) -> list[str]:
    """Say what missing, poor or misplaced leads forbid to judge, in sentences.

    Args:
        quality: lead → word, from `signal_quality`.
        placement: from `placement.find_misplacement`; each sentence already says what it forbids.
        leads: those of the record.
    """
    said = [str(found["sentence"]) for found in placement]
    _, available, _ = derive_limb_leads(np.zeros((len(leads), 1)), tuple(leads))
    missing = [lead for lead in STANDARD_LEADS if lead not in available]
    if len(missing) >= len(PRECORDIAL_LEADS):
        names = f"lead {leads[0]}" if len(leads) == 1 else f"leads {join(leads)}"
        poor = [f"{lead} is {flag}: it cannot be judged." for lead, flag in quality.items() if flag != "good"]
        return [
            f"Only {names}: territory findings (infarction, ischaemia, hypertrophy) cannot be judged.",
            *poor,
            *said,
        ]
    lost: dict[tuple[str, str], list[str]] = {}
    for lead in STANDARD_LEADS:
        flag = "missing" if lead in missing else quality.get(lead, "good")
        territory = next((name for name, members in TERRITORIES.items() if lead in members), "")
        if flag != "good" and territory:
            lost.setdefault((territory, flag), []).append(lead)
    return said + [
        f"{join(group)} {'is' if len(group) == 1 else 'are'} {flag}: {territory} findings cannot be judged."
        for (territory, flag), group in lost.items()
    ]
