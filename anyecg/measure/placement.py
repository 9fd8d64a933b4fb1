"""Suspect misplaced electrodes: exchanged limb leads, a limb lead on the right leg, chest leads out of order.

Each suspected exchange is undone and the result compared with the ECG as it came: a small network, fitted by
`placement_fit` on PTB-XL folds 1-7 with seeded exchanges, says how well P, QRS and T waves of the leads fit together
(what the rules of Abdollah & Milliken 1997, Kors & van Herpen 2001 and Xia et al. 2014 look at one by one: P and QRS
of lead I against V5-V6, upright aVR, P of II against III, R progression). An exchange is reported when it explains the
leads better by a margin that at most 1-2 % of unselected records reach. An arm or leg cable on the right leg leaves
lead II or III almost flat, since both legs share one potential (Haisty et al. 1992).

What cannot be told: LA and LL exchanged look like another normal heart axis (P of I and III trade places), and V4-V6
are so alike that two neighbours exchanged show less often; both are reported only when they are plain.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from ..leads import PRECORDIAL_LEADS, derive_limb_leads
from .average import AverageBeat
from .faults import SWAPS
from .waves import Waves, ms

WEIGHTS = Path(__file__).parent / "placement.npz"
SEEN_LEADS = ("I", "II", "III", *PRECORDIAL_LEADS)
N_POINTS = {"p": 8, "qrs": 20, "t": 10}
FLOOR_MV = {"p": 0.03, "qrs": 0.1, "t": 0.1}
"""Waves smaller than this (root mean square over the leads) are not scaled up: they are noise."""
KINDS = ("right", "RA-LA", "RA-LL", "LA-LL", "clockwise", "anticlockwise", "V1-V2", "V1-V3", "V2-V3", "V3-V4",
         "V4-V5", "V5-V6", "V4-V6", "V1-V6 reversed")  # fmt: skip
LIMB_KINDS, CHEST_KINDS = KINDS[1:6], KINDS[6:]
LEG_SHARE, LEG_MV = 0.18, 0.11
"""A limb lead of less than this share of the others' span, and less than this span, lies between the two legs."""
MIN_CHEST_LEADS = 5
WIDE_MS, DOUBT = 140, 0.5
"""A wider QRS complex and a missing P wave each make other axes and progressions possible: they raise the margin by
this share. A ventricular tachycardia has both and is fast; there nothing is suspected."""
FAST_RR_S = 0.55


def find_misplacement(
    average: AverageBeat, leads: tuple[str, ...], waves: Waves, *, has_p: bool = True, paced: bool = False
) -> list[dict[str, object]]:
    """Suspect exchanged electrodes.

    Args:
        average: the representative beat, (n_leads, n_samples).
        leads: its row names; it takes two limb leads, or five chest leads.
        waves: its fiducials.
        has_p: whether there is a P wave; without one its place is not looked at.
        paced: a ventricle stimulated by a pacemaker has any axis and progression: nothing is suspected.

    Returns:
        At most one {"kind": a key of `faults.SWAPS` or "V4-V6", "leads": those concerned, "sentence"}.
    """
    if paced:
        return []
    signal, names, _ = derive_limb_leads(average.signal, leads)
    rows = dict(zip(names, signal, strict=True))
    leg = _on_right_leg(rows, waves)
    if leg:
        return [_report(leg)]
    doubts = (not has_p) + (waves.qrs_off - waves.qrs_on > ms(WIDE_MS))
    points, there = wave_points(rows, waves, has_p)
    kinds = _possible(there)
    if len(kinds) < 2 or (doubts > 1 and average.rr_s < FAST_RR_S):
        return []
    gains = scores(points, there, kinds)
    best = int(gains[1:].argmax()) + 1
    which = "limbs" if kinds[-1] in LIMB_KINDS else "all" if kinds[1] in LIMB_KINDS else "chest"
    return [_report(kinds[best])] if gains[best] > (1 + DOUBT * doubts) * margin(which) else []


def wave_points(rows: dict[str, np.ndarray], waves: Waves, has_p: bool) -> tuple[np.ndarray, np.ndarray]:
    """Bring P, QRS and ST-T to a fixed number of points, each scaled by its own size over all leads.

    Returns:
        Shape (9, 38), zeros for leads that are not there or too little known; and (9,), which leads are there.
    """
    there = np.array([lead in rows for lead in SEEN_LEADS])
    length = len(next(iter(rows.values())))
    signal = np.stack([rows.get(lead, np.zeros(length)) for lead in SEEN_LEADS]).astype(float)
    on, off = waves.qrs_on, waves.qrs_off
    signal = signal - np.median(
        signal[:, max(round(on) - ms(20), 0) : max(round(on) - ms(2), 1)], axis=1, keepdims=True
    )
    end = waves.t_off if waves.t_off is not None and waves.t_off > off + ms(80) else off + ms(320)
    spans = {"qrs": (on - ms(10), off + ms(10)), "t": (off + ms(10), end)}
    if has_p and waves.p_on is not None and waves.p_off is not None:
        spans["p"] = (waves.p_on - ms(6), min(waves.p_off + ms(6), on))
    parts = []
    for name, count in N_POINTS.items():
        part = _means(signal, *spans[name], count) if name in spans else np.zeros((len(signal), count))
        size = np.sqrt((part[there] ** 2).mean()) if there.any() else 0.0
        parts.append(part / max(float(size), FLOOR_MV[name]))
    return np.concatenate(parts, axis=1), there


def _means(signal: np.ndarray, start: float, end: float, count: int) -> np.ndarray:
    """Means over equal parts of [start, end) samples."""
    total = np.concatenate([np.zeros((len(signal), 1)), np.cumsum(signal, axis=1)], axis=1)
    edges = np.clip(np.linspace(start, max(end, start + count), count + 1), 0, signal.shape[1])
    at = np.minimum(edges.astype(int), signal.shape[1] - 1)
    cumulated = total[:, at] + (edges - at) * signal[:, at]
    return np.diff(cumulated, axis=1) / np.maximum(np.diff(edges), 1e-3)


@cache
def undo(kind: str) -> np.ndarray:
    """The matrix (9, 9) over SEEN_LEADS that undoes an exchange; the inverse of what the exchange does."""
    limb = {"I": {"LA": 1, "RA": -1}, "II": {"LL": 1, "RA": -1}, "III": {"LL": 1, "LA": -1}}
    swap = {"right": {}, "V4-V6": {"V4": "V6", "V6": "V4"}}.get(kind, SWAPS.get(kind, {}))
    potential = {"RA": (-1 / 3, -1 / 3), "LA": (2 / 3, -1 / 3), "LL": (-1 / 3, 2 / 3)}  # in I and II
    matrix = np.eye(9)
    for row, lead in enumerate(SEEN_LEADS):
        if lead in limb:
            matrix[row] = 0
            for electrode, weight in limb[lead].items():
                # the exchange moved source → electrode; what the electrode should see is at the cable that lies on it
                back = next((e for e, source in swap.items() if source == electrode), electrode)
                matrix[row, :2] += weight * np.array(potential[back])
        elif lead in swap:
            matrix[row] = np.eye(9)[SEEN_LEADS.index(next(e for e, source in swap.items() if source == lead))]
    return matrix


def concerned_leads(kind: str) -> tuple[str, ...]:
    """The leads of SEEN_LEADS that must be there to tell an exchange."""
    if kind in LIMB_KINDS:
        return ("I", "II", "III")
    if kind == "V1-V6 reversed":
        return PRECORDIAL_LEADS
    return tuple(kind.split("-")) if kind in CHEST_KINDS else ()


def _possible(there: np.ndarray) -> list[str]:
    """Exchanges that these leads can show, the right placement first."""
    has = dict(zip(SEEN_LEADS, there, strict=True))
    enough = sum(has[lead] for lead in PRECORDIAL_LEADS) >= MIN_CHEST_LEADS
    return [
        kind for kind in KINDS
        if all(has[lead] for lead in concerned_leads(kind)) and (enough or kind not in CHEST_KINDS)
    ]  # fmt: skip


def scores(points: np.ndarray, there: np.ndarray, kinds: list[str]) -> np.ndarray:
    """How much better the leads fit with each exchange undone than as they are, (n_kinds,), as logarithms of odds."""
    views = np.stack([undo(kind) @ points for kind in kinds]).reshape(len(kinds), -1)
    views = np.concatenate([views, np.repeat(there[None].astype(float), len(kinds), axis=0)], axis=1)
    fit = np.zeros(len(kinds))
    for layers in _networks():
        hidden = views
        for k, (weight, bias) in enumerate(layers):
            hidden = hidden @ weight + bias
            if k < len(layers) - 1:
                hidden = np.maximum(hidden, 0)
        fit += hidden[:, 0] / len(_networks())
    return fit - fit[0]


@cache
def _networks() -> tuple[tuple[tuple[np.ndarray, np.ndarray], ...], ...]:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        count, depth = int(stored["count"]), int(stored["depth"])
        return tuple(
            tuple((stored[f"w{n}{k}"].astype(np.float32), stored[f"b{n}{k}"].astype(np.float32)) for k in range(depth))
            for n in range(count)
        )


@cache
def margin(which: str) -> float:
    """What an exchange must gain to be suspected, for records with "limbs", "chest" or "all" leads."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return float(stored[f"margin_{which}"])


def _on_right_leg(rows: dict[str, np.ndarray], waves: Waves) -> str | None:
    """RA on the right leg leaves lead II almost flat, LA lead III."""
    if "I" not in rows or "II" not in rows:
        return None
    first = round(waves.p_on if waves.p_on is not None else waves.qrs_on - ms(40))
    last = round(waves.t_off if waves.t_off is not None else waves.qrs_off + ms(320))
    span = {lead: float(np.ptp(rows[lead][max(first, 0) : last])) for lead in ("I", "II", "III")}
    for lead, kind in (("II", "RA-RL"), ("III", "LA-RL")):
        others = min(value for name, value in span.items() if name != lead)
        if span[lead] < min(LEG_MV, LEG_SHARE * others):
            return kind
    return None


_FORBIDS = {
    "RA-LA": (("I", "aVR", "aVL"), "The arm leads look reversed (lead I, aVR, aVL; or dextrocardia): the frontal axis "
              "and limb-lead findings cannot be judged."),
    "RA-LL": (("I", "II", "III", "aVR", "aVF"), "The right arm and left leg leads look exchanged (II, aVR, aVF): the "
              "frontal axis and limb-lead findings, inferior infarction above all, cannot be judged."),
    "LA-LL": (("I", "II", "III", "aVL", "aVF"), "The left arm and left leg leads may be exchanged (I and II, aVL and "
              "aVF): the frontal axis, inferior and high lateral findings cannot be judged."),
    "RA-RL": (("I", "II", "III", "aVR", "aVL", "aVF"), "Lead II is almost flat, as when the right arm and right leg "
              "cables are exchanged: limb-lead findings and the frontal axis cannot be judged."),
    "LA-RL": (("I", "II", "III", "aVR", "aVL", "aVF"), "Lead III is almost flat, as when the left arm and right leg "
              "cables are exchanged: limb-lead findings and the frontal axis cannot be judged."),
    "V1-V6 reversed": (PRECORDIAL_LEADS, "The chest leads look connected in reverse order (V6 to V1): R progression, "
                       "anterior and lateral findings cannot be judged."),
}  # fmt: skip


def _report(kind: str) -> dict[str, object]:
    if kind in _FORBIDS:
        leads, sentence = _FORBIDS[kind]
    elif kind in LIMB_KINDS:
        leads = ("I", "II", "III", "aVR", "aVL", "aVF")
        sentence = ("The limb leads look rotated (all three cables one place on): the frontal axis and limb-lead "
                    "findings cannot be judged.")  # fmt: skip
    else:
        leads = tuple(kind.split("-"))
        part = "lateral" if kind in ("V4-V5", "V5-V6", "V4-V6") else "anterior"
        sentence = f"{leads[0]} and {leads[1]} look exchanged: R progression and {part} findings cannot be judged."
    return {"kind": kind, "leads": list(leads), "sentence": sentence}
