"""When the heart beats: atrial and ventricular activations for each rhythm, and where an arrhythmia begins and ends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .patient import Patient

_LEAD_IN_S = 2.5  # simulated before the record starts, so that it starts in the middle of something


@dataclass(frozen=True)
class Beats:
    """Activations in time order; times are onsets in seconds and may lie outside the record."""

    qrs_s: np.ndarray
    """(n_beats,)"""
    kind: np.ndarray
    """(n_beats,) "N", "S" or "V"."""
    rr_s: np.ndarray
    """(n_beats,) the cycle length to which repolarisation has adapted."""
    p_s: np.ndarray
    """(n_p,)"""
    p_ectopic: np.ndarray
    """(n_p,) bool."""
    pr_ms: float | None
    """Of conducted sinus beats; None without a constant one."""
    episodes: tuple[tuple[str, float, float], ...]
    """(rhythm code, start, end) of AFIB, AFLT, SVTAC."""
    flutter_s: float = 0.2
    """Atrial cycle of flutter."""
    flutter_from_s: float = 0.0


def draw_beats(patient: Patient, duration_s: float, rng: np.random.Generator) -> Beats:
    """Draw the activations of a record of this length."""
    flutter_s = 60 / rng.uniform(270, 330)
    t: list[float] = []
    kinds: list[str] = []
    p: list[float] = []
    ectopic: list[bool] = []
    episodes: list[tuple[str, float, float]] = []
    for rhythm, start, end in _segments(patient, duration_s, rng):
        begin = t[-1] + 60 / patient.rate_bpm if t else start
        times, kind, p_times, p_kind = _SEGMENT[rhythm](patient, begin, end, flutter_s, rng)
        t += times
        kinds += kind
        p += p_times
        ectopic += p_kind
        if rhythm in ("AFIB", "AFLT", "SVTAC"):
            episodes.append((rhythm, max(begin, 0.0) if start > 0 else 0.0, min(end, duration_s)))
    qrs = np.array(t)
    rr = np.diff(qrs, prepend=qrs[0] - 60 / patient.rate_bpm)
    settled = 0.75 * float(np.median(rr)) + 0.25 * rr
    pr = None if patient.rhythm in ("AFIB", "AFLT", "SVTAC") or patient.av in ("2AVB", "3AVB") else patient.pr_ms
    return Beats(
        qrs, np.array(kinds), settled, np.array(p), np.array(ectopic, bool), pr, tuple(episodes), flutter_s, -_LEAD_IN_S
    )


def _segments(patient: Patient, duration_s: float, rng: np.random.Generator) -> list[tuple[str, float, float]]:
    """One rhythm throughout, or paroxysms of atrial fibrillation in a long record."""
    end = duration_s + 1.5
    rhythm = patient.rhythm
    if rhythm != "AFIB" or duration_s < 20 or rng.random() < 0.35:
        return [(rhythm if rhythm in _SEGMENT else "SR", -_LEAD_IN_S, end)]
    n = int(rng.integers(1, 2 + min(int(duration_s // 120), 4)))
    cuts = np.sort(rng.uniform(0.08, 0.92, 2 * n)) * duration_s
    cuts[1::2] = np.maximum(cuts[1::2], cuts[::2] + min(8.0, 0.2 * duration_s))
    edges = [-_LEAD_IN_S, *[float(c) for c in np.maximum.accumulate(cuts)], end]
    return [("AFIB" if k % 2 else "SR", a, b) for k, (a, b) in enumerate(pairwise(edges)) if b - a > 3.0]


Activations = tuple[list[float], list[str], list[float], list[bool]]


def _sinus_times(patient: Patient, start: float, end: float, rng: np.random.Generator) -> np.ndarray:
    """Sinus node with breathing, slow waves and a little noise."""
    rr = 60 / patient.rate_bpm
    n = int((end - start) / rr * 1.5) + 4
    breath = (0.018 + 0.04 * np.exp(-(patient.age - 20) / 25)) * min(rr, 1.0) * rng.lognormal(0, 0.5)
    if patient.rhythm == "SARRH":
        breath = rng.uniform(0.10, 0.17)
    rate = rng.uniform(0.18, 0.30) * rr
    k = np.arange(n)
    wave = breath * np.sin(2 * np.pi * (rate * k + rng.random())) + 0.3 * breath * np.sin(
        2 * np.pi * (0.1 * rr * k + rng.random())
    )
    cycle = rr * (1 + wave + rng.normal(0, 0.006, n))
    return start + rng.random() * rr + np.concatenate([[0.0], np.cumsum(cycle)])


def _ectopic_flags(patient: Patient, n: int, times: np.ndarray, end: float, rng: np.random.Generator) -> np.ndarray:
    """Which sinus beats are forestalled by an ectopic one: "", "S" or "V" for each."""
    flags = np.full(n, "", dtype="<U1")
    if patient.ectopy in ("BIGU", "TRIGU"):
        step = 2 if patient.ectopy == "BIGU" else 3
        flags[step - 1 :: step] = "V"
    elif patient.ectopy:
        letter = "V" if patient.ectopy == "PVC" else "S"
        hit = rng.random(n) < rng.choice([0.04, 0.09, 0.16])
        hit[1:] &= ~hit[:-1]
        inside = np.flatnonzero((times > 1.2) & (times < end - 2.3))
        if len(inside) and not hit[inside].any():  # the finding must be visible
            hit[rng.choice(inside)] = True
        flags[hit] = letter
    flags[0] = ""
    return flags


def _sinus(patient: Patient, start: float, end: float, flutter_s: float, rng: np.random.Generator) -> Activations:
    """Sinus rhythm with its ectopic beats and its AV conduction."""
    if patient.av == "3AVB":
        return _dissociated(patient, start, end, rng)
    sinus = _sinus_times(patient, start, end, rng)
    if patient.av == "2AVB":
        return _wenckebach(patient, sinus[sinus < end], rng)
    flags = _ectopic_flags(patient, len(sinus), sinus, end, rng)
    rr, pr = 60 / patient.rate_bpm, patient.pr_ms / 1000
    coupling = float(np.clip(rng.uniform(0.52, 0.70) * rr, 0.34, 0.9 * rr))
    couplets = patient.ectopy == "PVC" and rng.random() < 0.2
    out: Activations = ([], [], [], [])
    shift = 0.0
    for at, flag in zip((sinus).tolist(), flags.tolist(), strict=True):
        at += shift
        if at > end:
            break
        if flag == "V" and out[0]:
            _add(out, out[0][-1] + coupling * rng.normal(1, 0.02), "V")
            if couplets and rng.random() < 0.5:
                _add(out, out[0][-1] + max(0.36, 0.55 * rr), "V")
        elif flag == "S" and out[0]:
            early = out[0][-1] + float(np.clip(rng.uniform(0.58, 0.78) * rr, 0.33, 0.92 * rr))
            shift += early - at + 0.06 * rr
            _add(out, early, "S", early - pr * rng.uniform(0.95, 1.1), True)
        elif not out[0] or at - out[0][-1] > max(0.3, 0.42 * rr):
            _add(out, at, "N", at - pr, False)
    return out


def _add(out: Activations, at: float, kind: str, p: float | None = None, ectopic: bool = False) -> None:
    out[0].append(at)
    out[1].append(kind)
    if p is not None:
        out[2].append(p)
        out[3].append(ectopic)


def _wenckebach(patient: Patient, sinus: np.ndarray, rng: np.random.Generator) -> Activations:
    """PR grows beat by beat until one P wave is not conducted."""
    out: Activations = ([], [], [], [])
    group, k, step = int(rng.integers(3, 6)), 0, rng.uniform(0.04, 0.08)
    for at in sinus.tolist():
        if k == group - 1:
            out[2].append(at)
            out[3].append(False)
            k, group = 0, int(rng.integers(3, 6))
            continue
        _add(out, at + patient.pr_ms / 1000 + step * (k + 0.4 * (k > 0)), "N", at, False)
        k += 1
    return out


def _dissociated(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activations:
    """Complete block: atria and an escape rhythm, each on its own."""
    escape = 60 / rng.uniform(35, 48)
    beats = start + rng.random() * escape + np.arange(int((end - start) / escape)) * escape
    beats = beats + rng.normal(0, 0.008, len(beats))
    atrial = _sinus_times(patient, start, end, rng)
    atrial = atrial[atrial < end]
    return beats.tolist(), ["N"] * len(beats), atrial.tolist(), [False] * len(atrial)


def _fibrillation(
    patient: Patient, start: float, end: float, flutter_s: float, rng: np.random.Generator
) -> Activations:
    """Irregularly irregular: cycles without memory, no shorter than the AV node allows."""
    mean = 60 / patient.rate_bpm
    n = int((end - start) / mean * 1.6) + 6
    floor = max(0.31, 0.56 * mean)
    shape = rng.uniform(2.5, 5.0)
    cycles = floor + (mean - floor) * rng.gamma(shape, 1 / shape, n)
    times = start + np.cumsum(cycles)
    times = times[times < end]
    kinds = np.full(len(times), "N")
    if patient.ectopy == "PVC" and len(times) > 3:
        gaps = np.diff(times)
        late = np.flatnonzero(gaps > 0.55)
        inside = late[(times[late + 1] > 1) & (times[late + 1] < end - 2)]
        for k in inside[rng.random(len(inside)) < max(0.08, 1 / max(len(inside), 1))]:
            kinds[k + 1] = "V"
            times[k + 1] = times[k] + max(0.36, 0.62 * gaps[k])
    return times.tolist(), kinds.tolist(), [], []


def _flutter(patient: Patient, start: float, end: float, flutter_s: float, rng: np.random.Generator) -> Activations:
    """The AV node lets every second, third or fourth flutter wave through."""
    wanted = 60 / patient.rate_bpm / flutter_s
    n = int((end - start) / flutter_s / 2) + 3
    if rng.random() < 0.6:
        steps = np.full(n, int(np.clip(round(wanted), 2, 4)))
    else:
        steps = rng.choice([2, 3, 4], n, p=[0.45, 0.15, 0.40])
    times = start + 0.12 + np.cumsum(steps) * flutter_s + rng.normal(0, 0.004, n)
    times = times[times < end]
    return times.tolist(), ["N"] * len(times), [], []


def _reentry(patient: Patient, start: float, end: float, flutter_s: float, rng: np.random.Generator) -> Activations:
    """Fast, clockwork-regular, no P wave to be seen."""
    cycle = 60 / patient.rate_bpm
    times = start + rng.random() * cycle + np.arange(int((end - start) / cycle)) * cycle
    times = times + rng.normal(0, 0.002, len(times))
    return times.tolist(), ["N"] * len(times), [], []


_SEGMENT = {"SR": _sinus, "AFIB": _fibrillation, "AFLT": _flutter, "SVTAC": _reentry}
