"""Numbers from beats and waves: rate, regularity, corrected QT, frontal axis, amplitudes and ST level of each lead."""

from __future__ import annotations

import math

import numpy as np

from ..leads import derive_limb_leads
from .average import RATE, AverageBeat
from .waves import Waves, ms

IRREGULAR_CV = 0.08
"""RR intervals whose steps from beat to beat (root mean square, by the mean RR) exceed this make an irregular rhythm:
sinus arrhythmia is usually called above 120 ms or 10 % (Surawicz & Knilans, Chou's Electrocardiography)."""
PLAUSIBLE_RR_S = (0.2, 6.0)
AXIS_MIN_MV_MS = 2.0
"""Below this net QRS area in the frontal plane the axis has no direction."""
ST_AFTER_J_MS = 60
WAVE_MV = 0.05
"""An upward deflection within the QRS counts as an R wave above this."""


def rates(peaks_s: np.ndarray) -> dict[str, float | None]:
    """Mean, lowest and highest rate from all RR intervals, and their standard deviation (SDNN, Task Force 1996)."""
    rr = np.diff(peaks_s)
    rr = rr[(rr > PLAUSIBLE_RR_S[0]) & (rr < PLAUSIBLE_RR_S[1])]
    if len(rr) < 1:
        return dict.fromkeys(("heart_rate_bpm", "heart_rate_min_bpm", "heart_rate_max_bpm", "rr_sd_ms"))
    return {
        "heart_rate_bpm": 60.0 / float(rr.mean()),
        "heart_rate_min_bpm": 60.0 / float(rr.max()),
        "heart_rate_max_bpm": 60.0 / float(rr.min()),
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


def corrected_qt(qt_ms: float, rr_s: float) -> tuple[float, float]:
    """QTc in ms by Bazett (Heart 1920; QT / RR^1/2) and Fridericia (Acta Med Scand 1920; QT / RR^1/3), RR in s."""
    return qt_ms / math.sqrt(rr_s), qt_ms / rr_s ** (1 / 3)


def frontal_axis(average: AverageBeat, leads: tuple[str, ...], waves: Waves) -> float | None:
    """Mean QRS axis from the net QRS areas of I and aVF: atan2(2/√3 · aVF, I) in degrees, -180 < axis ≤ 180.

    The Goldberger lead aVF is smaller than a bipolar lead by √3/2, hence the factor (Novosel et al., Int J
    Cardiol 1999; Kligfield et al. 2007 define the axis over the QRS area). aVF may follow from I and another limb lead.
    Returns None without two limb leads or when the area has no direction.
    """
    signal, names, _ = derive_limb_leads(average.signal, leads)
    if "I" not in names or "aVF" not in names:
        return None
    on, off = round(waves.qrs_on), round(waves.qrs_off)
    part = signal[[names.index("I"), names.index("aVF")], on : off + 1]
    line = np.linspace(part[:, :1], part[:, -1:], part.shape[1], axis=1)[..., 0]
    area = (part - line).sum(axis=1) * 1000 / RATE
    x, y = float(area[0]), float(area[1]) * 2 / math.sqrt(3)
    if math.hypot(x, y) < AXIS_MIN_MV_MS:
        return None
    return math.degrees(math.atan2(y, x))


def amplitudes(average: AverageBeat, leads: tuple[str, ...], waves: Waves) -> dict[str, dict[str, float | None]]:
    """R, S, ST and T of each lead in mV against the PR level just before the QRS onset.

    R is the highest point of the QRS complex (0 if none above the PR level), S the lowest after its first upward
    deflection (0 if none, else negative; a Q before it is not counted, a QS complex counts as S), ST the level 60 ms
    after the J point (Kligfield et al. 2007; Rautaharju et al. 2009), T the largest deflection of the T wave with its
    sign.
    """
    on, off = round(waves.qrs_on), round(waves.qrs_off)
    base = np.median(average.signal[:, max(on - ms(20), 0) : max(on - ms(2), 1)], axis=1, keepdims=True)
    signal = average.signal - base
    st_at = min(off + ms(ST_AFTER_J_MS), signal.shape[1] - 1)
    rows = {}
    for lead, beat in zip(leads, signal, strict=True):
        qrs = beat[on : off + 1]
        r = max(float(qrs.max()), 0.0)
        up = np.flatnonzero(qrs > WAVE_MV)
        s = min(float(qrs[up[0] if len(up) else 0 :].min()), 0.0)
        t = None
        if waves.t_on is not None and waves.t_off is not None:
            wave = beat[round(waves.t_on) : round(waves.t_off) + 1]
            t = float(wave[np.abs(wave).argmax()]) if len(wave) else None
        st = float(beat[max(st_at - ms(4), 0) : st_at + ms(4) + 1].mean())
        rows[lead] = {"r_mv": r, "s_mv": s, "st_mv": st, "t_mv": t}
    return rows
