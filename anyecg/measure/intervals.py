"""Numbers from beats and waves: rate, regularity, corrected QT, amplitudes and ST level of each lead, median beat."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .average import RATE, AverageBeat
from .vectors import level_before
from .waves import Waves, ms

IRREGULAR_CV = 0.08
"""RR intervals whose steps from beat to beat (root mean square, by the mean RR) exceed this make an irregular rhythm:
sinus arrhythmia is usually called above 120 ms or 10 % (Surawicz & Knilans, Chou's Electrocardiography)."""
PLAUSIBLE_RR_S = (0.2, 6.0)
RUN_OF_RR = 7
"""Lowest and highest rate are those of this many successive RR intervals, by their median (Holter recorders take four
to eight beats): a false or missed beat decides neither, and a premature beat is not a rate. On MIT-BIH DS1, minute by
minute, the highest rate so differs from that of the annotated beats by 3/min (sd), of single intervals by 18/min."""
ST_AFTER_J_MS = {"st_j_mv": 0, "st_mv": 60, "st80_mv": 80}
WAVE_MV = 0.05
"""An upward deflection within the QRS counts as an R wave above this."""
Q_MV, Q_MS = 0.03, 6
"""A Q wave is at least this deep for this long: the smallest wave to be measured by IEC 60601-2-51:2003, annex GG."""


def rates(peaks_s: np.ndarray) -> dict[str, float | None]:
    """Mean, lowest and highest rate in beats/min from all RR intervals, and their standard deviation in ms.

    The mean rate is 60 / mean RR; the standard deviation is SDNN (Task Force of the ESC and NASPE, Circulation 1996);
    lowest and highest are the extremes of the running median over seven RR intervals.
    """
    rr = np.diff(peaks_s)
    rr = rr[(rr > PLAUSIBLE_RR_S[0]) & (rr < PLAUSIBLE_RR_S[1])]
    if len(rr) < 1:
        return dict.fromkeys(("heart_rate_bpm", "heart_rate_min_bpm", "heart_rate_max_bpm", "rr_sd_ms"))
    runs = np.median(np.lib.stride_tricks.sliding_window_view(rr, min(RUN_OF_RR, len(rr))), axis=1)
    mean = float(rr.mean())
    return {
        "heart_rate_bpm": 60.0 / mean,
        "heart_rate_min_bpm": 60.0 / max(float(runs.max()), mean),
        "heart_rate_max_bpm": 60.0 / min(float(runs.min()), mean),
        "rr_sd_ms": 1000.0 * float(rr.std(ddof=1)) if len(rr) > 1 else None,
    }


def regularity(peaks_s: np.ndarray, kinds: list[str]) -> str | None:
    """Call the intervals between successive normal beats "regular" or "irregular"; None with fewer than three."""
    rr = np.diff(peaks_s)
    normal = np.array([kind == "N" for kind in kinds], dtype=bool)
    both = rr[normal[1:] & normal[:-1]] if len(rr) else rr
    use = both if len(both) >= 3 else rr
    if len(use) < 3:
        return None
    step = np.sqrt(np.mean(np.diff(use) ** 2)) if len(use) > 3 else np.std(use)
    early = 1 - normal.mean()
    return "irregular" if step / use.mean() > IRREGULAR_CV or early > 0.1 else "regular"


def corrected_qts(qt_ms: float, rr_s: float) -> dict[str, float]:
    """QT corrected for the rate by four formulas, in ms.

    Bazett (Heart 1920;7:353): QT / RR^1/2; Fridericia (Acta Med Scand 1920;53:469): QT / RR^1/3; Framingham (Sagie et
    al., Am J Cardiol 1992;70:797): QT + 154 (1 - RR); Hodges (J Am Coll Cardiol 1983;1:694): QT + 1.75 (rate - 60).
    Rautaharju et al. (Circulation 2009;119:e241) advise a linear formula; Bazett overcorrects above 90 beats/min.

    Args:
        qt_ms: QT interval.
        rr_s: the RR interval before it, s, positive.
    """
    return {
        "qtc_bazett_ms": qt_ms / math.sqrt(rr_s),
        "qtc_fridericia_ms": qt_ms / rr_s ** (1 / 3),
        "qtc_framingham_ms": qt_ms + 154.0 * (1.0 - rr_s),
        "qtc_hodges_ms": qt_ms + 1.75 * (60.0 / rr_s - 60.0),
    }


def amplitudes(
    average: AverageBeat,
    leads: tuple[str, ...],
    waves: Waves,
    lead_waves: Sequence[Waves | None] | None = None,
) -> dict[str, dict[str, float | None]]:
    """Amplitudes of each lead in mV; those of QRS, ST and T against the level just before the QRS onset.

    Args:
        leads: names of the rows of `average.signal`.
        waves: fiducials over all leads; without a P wave where none was accepted.
        lead_waves: fiducials of each lead, if they were found; adds qrs_ms and qt_ms per lead.

    Returns:
        lead → p_mv: largest deflection of P with its sign, against the line from its onset to its end (before a fast
        next beat P rides on T). q_mv: depth (negative) of a deflection before the first R, 0 if there is none. r_mv:
        highest point of the QRS complex, be it R or R' (0 if nothing rises 0.05 mV). s_mv: lowest point after the first
        upward deflection (negative; 0 if none); a QS complex, which has no R, counts as S and not as Q.
        st_j_mv, st_mv, st80_mv: level at J, J + 60 ms and J + 80 ms (Kligfield et al. 2007, part I; Rautaharju et
        al., Circulation 2009, part IV; J is the end of QRS over all leads), None where T has passed its peak or the
        next P may have begun, as at fast rates. t_mv: largest deflection of T with its sign.
    """
    on, off = round(waves.qrs_on), round(waves.qrs_off)
    signal = average.signal - level_before(average.signal, waves.qrs_on)
    until = _st_room(average, waves)
    rows: dict[str, dict[str, float | None]] = {}
    for k, (lead, beat) in enumerate(zip(leads, signal, strict=True)):
        q, r, s = _qrs_amplitudes(beat[on : off + 1])
        row: dict[str, float | None] = {"p_mv": _p_amplitude(beat, waves), "q_mv": q, "r_mv": r, "s_mv": s}
        for key, after_ms in ST_AFTER_J_MS.items():
            row[key] = _st_level(beat, off + ms(after_ms), off, until)
        row["t_mv"] = _t_amplitude(beat, waves)
        if lead_waves is not None:
            own = lead_waves[k]
            row["qrs_ms"] = None if own is None else (own.qrs_off - own.qrs_on) * 1000 / RATE
            row["qt_ms"] = None if own is None or own.t_off is None else (own.t_off - own.qrs_on) * 1000 / RATE
        rows[lead] = row
    return rows


def missing_amplitudes(rows: Mapping[str, Mapping[str, float | None]]) -> dict[str, str]:
    """Why amplitudes are None: "leads.st80_mv" → reason in half a sentence, for those that a lead lacks."""
    reasons = {"p_mv": "no P wave found", "t_mv": "no T wave found"}
    for key, after_ms in ST_AFTER_J_MS.items():
        reasons[key] = f"{after_ms} ms after J lies beyond the peak of T or in the next P wave"
    return {
        f"leads.{key}": reason
        for key, reason in reasons.items()
        if any(key in row and row[key] is None for row in rows.values())
    }


def _qrs_amplitudes(qrs: np.ndarray) -> tuple[float, float, float]:
    """Q, R and S of one lead; `qrs` goes from onset to J and has its zero at the onset.

    What rises above the line from onset to J is R: the end of a QS complex that climbs to a raised ST is not.
    """
    line = np.maximum(np.linspace(0.0, qrs[-1], len(qrs)), 0.0)
    up = np.flatnonzero(qrs - line > WAVE_MV)
    first_up = int(up[0]) if len(up) else 0
    before = qrs[:first_up]
    deep = len(before) and (before < -Q_MV).sum() >= ms(Q_MS)
    return (
        float(before.min()) if deep else 0.0,
        float(qrs[up].max()) if len(up) else 0.0,
        min(float(qrs[first_up:].min()), 0.0),
    )


def _p_amplitude(beat: np.ndarray, waves: Waves) -> float | None:
    if waves.p_on is None or waves.p_off is None:
        return None
    wave = beat[max(round(waves.p_on), 0) : round(min(waves.p_off, waves.qrs_on)) + 1]
    if len(wave) < 3:
        return None
    wave = wave - np.linspace(wave[:3].mean(), wave[-3:].mean(), len(wave))
    return float(wave[np.abs(wave).argmax()])


def _t_amplitude(beat: np.ndarray, waves: Waves) -> float | None:
    if waves.t_on is None or waves.t_off is None:
        return None
    wave = beat[round(waves.t_on) : round(waves.t_off) + 1]
    return float(wave[np.abs(wave).argmax()]) if len(wave) else None


def _st_room(average: AverageBeat, waves: Waves) -> float:
    """Sample up to which ST may be read: the peak of T, and no later than the next beat's P (or its QRS)."""
    until = float(average.signal.shape[1] - 1)
    if waves.t_peak is not None:
        until = min(until, waves.t_peak)
    first = waves.qrs_on if waves.p_on is None else waves.p_on
    return min(until, first + average.rr_after_s * RATE)


def _st_level(beat: np.ndarray, at: int, off: int, until: float) -> float | None:
    """Mean over 8 ms about the point; at J itself only what comes after, since R or S still falls before."""
    if at > until:
        return None
    first = at if at == off else at - ms(4)
    return float(beat[first : at + ms(4) + 1].mean())


def median_beat(average: AverageBeat, leads: tuple[str, ...], waves: Waves) -> dict[str, Any]:
    """The representative beat as plain JSON values, to be drawn, and compared with another ECG's.

    Returns:
        sampling_rate_hz (500), r_sample, leads: lead → mV against the level before the QRS, three decimals, and
        fiducials: name → sample or None.
    """
    signal = np.round(average.signal - level_before(average.signal, waves.qrs_on), 3) + 0.0
    names = ("p_on", "p_peak", "p_off", "qrs_on", "r_peak", "qrs_off", "t_on", "t_peak", "t_off")
    at = zip(names, waves.times(), strict=True)
    return {
        "sampling_rate_hz": RATE,
        "r_sample": average.r,
        "leads": dict(zip(leads, signal.tolist(), strict=True)),
        "fiducials": {name: None if time is None else round(float(time), 1) for name, time in at},
    }
