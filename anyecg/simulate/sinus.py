"""Sinus rhythm: its ectopic beats, its pauses and its way through the AV node."""

from __future__ import annotations

import math

import numpy as np

from .activity import Activity
from .patient import Patient


def sinus_times(patient: Patient, start: float, end: float, rng: np.random.Generator) -> np.ndarray:
    """Sinus node with breathing, slow waves and a little noise."""
    rr = 60 / patient.rate_bpm
    n = int((end - start) / rr * 1.5) + 4
    breath = (0.014 + 0.045 * math.exp(-(patient.age - 20) / 25)) * min(rr, 1.0) ** 2 * rng.lognormal(0, 0.6)
    restless = 0.007 * rng.lognormal(0, 0.5)
    if patient.rhythm == "SARRH":  # PTB-XL: SD of RR 106 ms (54 to 211), of its steps 138 ms
        breath, restless = rng.uniform(0.04, 0.14), 0.05 * rng.lognormal(0, 0.6)
    rate = rng.uniform(0.18, 0.33) * rr
    k = np.arange(n)
    wave = breath * np.sin(2 * np.pi * (rate * k + rng.random())) + 0.4 * breath * np.sin(
        2 * np.pi * (0.1 * rr * k + rng.random())
    )
    cycle = rr * np.maximum(1 + wave + restless * rng.standard_t(4, n), 0.55)
    return start + rng.random() * rr + np.concatenate([[0.0], np.cumsum(cycle)])


def sinus(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """Sinus rhythm with its ectopic beats and its AV conduction."""
    if patient.av == "3AVB":
        return _dissociated(patient, start, end, rng)
    times = sinus_times(patient, start, end, rng)
    if patient.av in _BLOCKED:
        return _BLOCKED[patient.av](patient, times[times < end], rng)
    flags = _ectopic_flags(patient, len(times), times, end, rng)
    rr, pr = 60 / patient.rate_bpm, patient.pr_ms / 1000
    coupling = float(np.clip(rng.uniform(0.52, 0.70) * rr, 0.34, 0.9 * rr))
    more = _followers(patient, rng)
    out = Activity(pr_ms=patient.pr_ms)
    shift = 0.0
    for at, flag in zip(times.tolist(), flags.tolist(), strict=True):
        at += shift
        if at > end:
            break
        if flag == "V" and out.beats:
            _premature(patient, out, coupling, more, rr, rng)
        elif flag == "S" and out.beats:
            early = out.last_s + float(np.clip(rng.uniform(0.58, 0.78) * rr, 0.33, 0.92 * rr))
            shift += early - at + rng.uniform(0.02, 0.3) * rr
            out.beat(early, "S")
            out.p_wave(early - pr * rng.uniform(0.95, 1.1), "P S")
        elif not out.beats or at - out.last_s > max(0.3, 0.42 * rr):
            out.beat(at, p=at - pr)
    return out


def _ectopic_flags(patient: Patient, n: int, times: np.ndarray, end: float, rng: np.random.Generator) -> np.ndarray:
    """Which sinus beats are forestalled by an ectopic one: "", "S" or "V" for each."""
    flags = np.full(n, "", dtype="<U1")
    if patient.ectopy in ("BIGU", "TRIGU"):
        step = 2 if patient.ectopy == "BIGU" else 3
        flags[step - 1 :: step] = "V"
    elif patient.ectopy:
        letter = "S" if patient.ectopy == "PAC" else "V"
        hit = rng.random(n) < (rng.choice([0.06, 0.12, 0.2]) if letter == "S" else rng.choice([0.04, 0.09, 0.16]))
        hit[1:] &= ~hit[:-1]
        inside = np.flatnonzero((times > 1.2) & (times < end - 2.3))
        if patient.ectopy == "MULTIFORM" and len(inside) > 4:
            hit[rng.choice(inside[::3], min(3, len(inside[::3])), replace=False)] = True
        if len(inside) and not hit[inside].any():  # the finding must be visible
            hit[rng.choice(inside)] = True
        flags[hit] = letter
    flags[0] = ""
    return flags


def _followers(patient: Patient, rng: np.random.Generator) -> tuple[int, int]:
    """Fewest and most further beats that one premature ventricular beat may bring."""
    if patient.ectopy == "COUPLET":
        return 1, 1
    if patient.ectopy == "NSVT":
        return 2, 7
    return (0, 1) if patient.ectopy == "PVC" and rng.random() < 0.2 else (0, 0)


def _premature(
    patient: Patient, out: Activity, coupling: float, more: tuple[int, int], rr: float, rng: np.random.Generator
) -> None:
    """A premature ventricular beat, or a couplet or run of them."""
    form = " V2" if patient.ectopy == "MULTIFORM" and _forms(out) % 2 else " V"
    out.beat(out.last_s + coupling * rng.normal(1, 0.02), "V", shape=form)
    if more == (0, 0):
        return
    cycle = max(0.36, 0.55 * rr) if patient.ectopy == "PVC" else rng.uniform(0.33, 0.46)
    for _ in range(int(rng.integers(more[0], more[1] + 1))):
        out.beat(out.last_s + cycle * rng.normal(1, 0.03), "V", shape=form)


def _forms(out: Activity) -> int:
    return sum(kind == "V" for _, kind, _, _ in out.beats)


def _wenckebach(patient: Patient, times: np.ndarray, rng: np.random.Generator) -> Activity:
    """Mobitz 1: PR grows beat by beat, by less and less, until one P wave is not conducted."""
    out = Activity()
    group, k, step = int(rng.integers(3, 6)), 0, rng.uniform(0.04, 0.08)
    for at in times.tolist():
        if k == group - 1:
            out.p_wave(at)
            k, group = 0, int(rng.integers(3, 6))
            continue
        out.beat(at + patient.pr_ms / 1000 + step * (k + 0.4 * (k > 0)), p=at)
        k += 1
    return out


def _mobitz_two(patient: Patient, times: np.ndarray, rng: np.random.Generator) -> Activity:
    """Mobitz 2: PR is constant, and now and then one P wave is not conducted."""
    out, left = Activity(pr_ms=patient.pr_ms), int(rng.integers(1, 5))
    for at in times.tolist():
        if left:
            out.beat(at + patient.pr_ms / 1000, p=at)
            left -= 1
        else:
            out.p_wave(at)
            left = int(rng.integers(2, 6))
    return out


def _every_second(patient: Patient, times: np.ndarray, rng: np.random.Generator) -> Activity:
    """2:1 block: every second P wave is conducted, with a constant PR."""
    out, first = Activity(pr_ms=patient.pr_ms), int(rng.integers(2))
    for k, at in enumerate(times.tolist()):
        if k % 2 == first:
            out.beat(at + patient.pr_ms / 1000, p=at)
        else:
            out.p_wave(at)
    return out


_BLOCKED = {"MOBITZ1": _wenckebach, "MOBITZ2": _mobitz_two, "2:1AVB": _every_second}


def _dissociated(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """Complete block: atria and an escape rhythm, each on its own; the escape is junctional or ventricular."""
    out = Activity()
    narrow = patient.escape == "junctional"
    escape = 60 / (rng.uniform(35, 48) if narrow else rng.uniform(26, 40))
    beats = start + rng.random() * escape + np.arange(int((end - start) / escape)) * escape
    for at in (beats + rng.normal(0, 0.008, len(beats))).tolist():
        out.beat(at, "N" if narrow else "V", shape="" if narrow else " E")
    for at in sinus_times(patient, start, end, rng).tolist():
        if at < end:
            out.p_wave(at)
    return out


SHORTEST_PAUSE_S = 3.0


def pausing(patient: Patient, start: float, end: float, rng: np.random.Generator) -> Activity:
    """Sinus arrest: pauses beyond 3 s without P waves, ended by the sinus node or by a junctional beat."""
    times = sinus_times(patient, start, end, rng)
    pr = patient.pr_ms / 1000
    out, shift, at_least = Activity(pr_ms=patient.pr_ms), 0.0, rng.uniform(1.2, 3.0)
    for at in times.tolist():
        at += shift
        if at > end:
            break
        if out.beats and at >= at_least:
            rest = min(SHORTEST_PAUSE_S + 0.15 + rng.exponential(0.8), 6.0)
            if rng.random() < 0.35:
                out.beat(out.last_s + rest)  # junctional escape
                rest = 60 / patient.rate_bpm
            resumes = out.last_s + rest
            shift += resumes - at
            at, at_least = resumes, resumes + rng.uniform(5, 20)
        out.beat(at, p=at - pr)
    return out
