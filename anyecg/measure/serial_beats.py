"""Median beats of several ECGs laid over one another: how alike their QRS complexes are, and whether exchanged
electrodes would explain that they are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, permutations
from typing import Any

import numpy as np

from ..leads import LIMB_LEADS, PRECORDIAL_LEADS

MAX_SHIFT = 25
"""Samples at 500 Hz by which a beat is moved onto the first one's QRS: R may have been marked at another peak."""
MARGIN = 10
"""Samples on either side of the QRS complex that are compared as well."""
SMALL_MV = 0.3
"""A QRS complex smaller than this from top to bottom has no shape to compare."""
EXPLAINED = 0.9
"""Likeness that an exchange of electrodes must bring about to be named, ..."""
BETTER_BY = 0.25
"""... and by how much it must be better than the leads as they are."""
_POTENTIALS = {"RA": (0.0, 0.0), "LA": (1.0, 0.0), "LL": (0.0, 1.0)}  # each electrode as (weight of I, of II), RA zero

Beat = Mapping[str, Any]
"""A `median_beat` of `Measurements`."""


def align(beats: Sequence[Beat | None]) -> dict[str, Any] | None:
    """Lay the median beats of several ECGs over one another at their QRS.

    Returns:
        sampling_rate_hz, r_sample, leads: lead → one list of mV per ECG (None where it lacks the lead), over all leads
        that two ECGs have, and fiducials per ECG. None unless two ECGs have a median beat.
    """
    present = [k for k, beat in enumerate(beats) if beat is not None]
    if len(present) < 2:
        return None
    first = beats[present[0]]
    assert first is not None
    shifts = {k: _shift(first, beats[k]) for k in present}
    counts = [lead for k in present for lead in (beats[k] or {})["leads"]]
    leads = [lead for lead in dict.fromkeys(counts) if counts.count(lead) > 1]
    n = len(next(iter(first["leads"].values())))
    rows = {lead: [_moved(beats[k], lead, shifts.get(k, 0), n) for k in range(len(beats))] for lead in leads}
    fiducials = [None if beat is None else _moved_fiducials(beat, shifts[k]) for k, beat in enumerate(beats)]
    return {
        "sampling_rate_hz": first["sampling_rate_hz"],
        "r_sample": first["r_sample"],
        "leads": rows,
        "fiducials": fiducials,
    }


def qrs_likeness(aligned: Mapping[str, Any], one: int, other: int) -> dict[str, float]:
    """Correlation of the QRS complexes of two ECGs in each lead, -1 to 1; leads without a QRS to speak of are left out.

    Args:
        aligned: what `align` returned.
        one, other: positions of the ECGs.
    """
    a, b, leads = _qrs_pair(aligned, one, other)
    found = {}
    for lead, x, y in zip(leads, a, b, strict=True):
        if min(np.ptp(x), np.ptp(y)) >= SMALL_MV:
            found[lead] = float(np.corrcoef(x, y)[0, 1])
    return found


def exchanged_electrodes(aligned: Mapping[str, Any], one: int, other: int) -> dict[str, Any] | None:
    """The exchange of electrodes that would turn the other ECG's QRS complexes into the first one's, if there is one.

    Every exchange of the three limb electrodes and of two chest electrodes is tried (Batchvarov et al.,
    Europace 2007;9:1081).

    Returns:
        {"electrodes": ["RA", "LA"], "before", "after"} with the likeness (cosine over the leads concerned) before and
        after, or None.
    """
    a, b, leads = _qrs_pair(aligned, one, other)
    found = []
    for group, hypotheses in ((LIMB_LEADS[:2], _limb_exchanges()), (PRECORDIAL_LEADS, _chest_exchanges())):
        if any(lead not in leads for lead in group):
            continue
        rows = [leads.index(lead) for lead in group]
        x, y = a[rows], b[rows]
        for electrodes, mixing in hypotheses:
            touched = np.abs(mixing - np.eye(len(group))).sum(axis=1) > 0
            before, after = _cosine(x[touched], y[touched]), _cosine(x[touched], (mixing @ y)[touched])
            if after >= EXPLAINED and after - before >= BETTER_BY:
                found.append((after - before, {"electrodes": electrodes, "before": before, "after": after}))
    return max(found, key=lambda item: item[0])[1] if found else None


def _limb_exchanges() -> list[tuple[list[str], np.ndarray]]:
    """Exchanges of RA, LA and LL: what I and II would have been, from what they are."""
    names = list(_POTENTIALS)
    found = []
    for order in permutations(names):
        moved = [name for name, at in zip(names, order, strict=True) if name != at]
        if moved:
            ra, la, ll = (np.array(_POTENTIALS[name]) for name in order)
            found.append((moved, np.stack([la - ra, ll - ra])))
    return found


def _chest_exchanges() -> list[tuple[list[str], np.ndarray]]:
    found = []
    for one, other in combinations(range(6), 2):
        order = list(range(6))
        order[one], order[other] = other, one
        found.append(([PRECORDIAL_LEADS[one], PRECORDIAL_LEADS[other]], np.eye(6)[order]))
    return found


def _cosine(x: np.ndarray, y: np.ndarray) -> float:
    size = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float((x * y).sum()) / size if size > 0 else 0.0


def _qrs_pair(aligned: Mapping[str, Any], one: int, other: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """QRS complexes of two ECGs over the leads both have, each (n_leads, n_samples), mV."""
    marks = [aligned["fiducials"][k] for k in (one, other)]
    rows = {lead: (beats[one], beats[other]) for lead, beats in aligned["leads"].items()}
    leads = [lead for lead, pair in rows.items() if None not in pair and None not in marks]
    if not leads:
        return np.zeros((0, 0)), np.zeros((0, 0)), []
    start = max(round(min(mark["qrs_on"] for mark in marks)) - MARGIN, 0)
    end = round(max(mark["qrs_off"] for mark in marks)) + MARGIN
    a, b = (np.array([rows[lead][k][start:end] for lead in leads]) for k in (0, 1))
    return a, b, leads


def _shift(first: Beat, other: Beat | None) -> int:
    """Samples by which the other beat lies later, found on the leads that both have, in absolute value.

    The absolute value serves so that a bundle-branch block or exchanged electrodes do not pull the beats apart.
    """
    assert other is not None
    leads = [lead for lead in first["leads"] if lead in other["leads"]]
    offset = int(other["r_sample"]) - int(first["r_sample"])
    if other is first or not leads:
        return offset
    r, half = int(first["r_sample"]), 40
    a = np.abs(np.array([first["leads"][lead][r - half : r + half] for lead in leads])).sum(axis=0)
    whole = np.abs(np.array([other["leads"][lead] for lead in leads])).sum(axis=0)
    shifts = range(offset - MAX_SHIFT, offset + MAX_SHIFT + 1)
    pieces = [whole[r - half + s : r + half + s] for s in shifts]
    return shifts[int(np.argmax([_cosine(a, piece) if len(piece) == len(a) else -1.0 for piece in pieces]))]


def _moved(beat: Beat | None, lead: str, shift: int, n: int) -> list[float] | None:
    if beat is None or lead not in beat["leads"]:
        return None
    values = np.asarray(beat["leads"][lead])
    return values[np.clip(np.arange(n) + shift, 0, len(values) - 1)].tolist()


def _moved_fiducials(beat: Beat, shift: int) -> dict[str, float | None]:
    return {name: None if at is None else round(at - shift, 1) for name, at in beat["fiducials"].items()}
