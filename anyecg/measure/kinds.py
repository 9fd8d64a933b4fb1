"""Call each beat normal (N), supraventricular premature (S) or ventricular (V), by timing, shape and P wave.

The evidence is that of de Chazal et al. (IEEE Trans Biomed Eng 2004), the classes are those of ANSI/AAMI EC57: RR
intervals before and after against those around, the QRS complex against the dominant one (likeness, width, size), and
what lies before and after it, where a P wave and the T wave should be. Two networks of one small hidden layer, fitted
by `python -m anyecg.measure.fit_kinds`, weigh them. For ventricular beats a rule (of another shape and early or wide)
has to agree, unless the network is sure; where the rhythm itself is irregular nothing is called S. A run that an S beat
begins lasts until the interval is back at what it was before.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import median_filter
from scipy.signal import sosfiltfilt

from ..record import EcgRecord
from .filters import butter
from .quality import fill_gaps
from .slope_energy import chunks

WEIGHTS = Path(__file__).with_name("kinds.npz")
KINDS = ("N", "S", "V")
V_BY_RULE, V_ALONE = 0.2, 0.7
"""Probability from which a beat is ventricular, with the rule and without it."""
S_LIMIT = 0.55
IRREGULAR, IRREGULAR_WITHOUT_P = 0.15, 0.08
"""Median relative change between RR intervals from which the rhythm itself is irregular, and nothing is called S: the
lower one where what lies before the beats is not alike, as in atrial fibrillation."""
P_ALIKE = 0.5
CALM = 0.05
"""Below this median change between the beats that are not early, only the extra beats make the rhythm irregular."""
AROUND, FEWEST_CALM = 21, 3
"""Beats over which that median is taken, and how many of them must not be early."""
USUAL_RR = (0.87, 1.25)
"""An RR interval between these multiples of the one before counts to the running RR interval, the median of"""
KEPT_RR, FORGET_S = 8, 60.0
"""so many of them; what differs from it for longer than this is the new one."""
RUN_RR = 0.2
"""Intervals within a run differ by no more than this share."""
RUN_LIMIT = 0.3
"""Probability of being supraventricular from which a beat continues a run; without it a sinus rhythm that sets in
suddenly is one."""
BLOCK_BEATS = 400
"""The dominant shape is learnt anew every so many beats, since it drifts over hours."""
SHAPE_HZ = 125.0
WINDOW_S = (-0.30, 0.40)
QRS_S, P_S, T_S = (-0.12, 0.18), (-0.26, -0.07), (0.16, 0.40)
SAME_SHAPE = 0.85
"""Correlation with the dominant beat, over all leads together, from which the shape counts as the same."""
OTHER_SHAPE = 0.65
WIDE = 1.25
"""A beat is wide above this multiple of the dominant beat's width."""
EARLY_BEFORE_PAUSE = 0.75
"""A beat is early, too, when the interval before it is below this share of the one after it (bigeminy)."""
EARLY = 0.85
"""A beat is early below this share of the usual RR interval."""
FEATURES = ("rr_before", "rr_after", "rr_before_block", "rr_change", "compensation", "irregularity", "usual_rr",
            "likeness", "width", "size", "spread", "p_likeness", "p_size", "p_in_block", "t_likeness", "family",
            "like_previous", "worst_lead")  # fmt: skip
"""What the network weighs, in this order; ratios are logarithms."""


def classify_beats(record: EcgRecord, peaks_s: np.ndarray, rows: list[int]) -> tuple[list[str], np.ndarray]:
    """Give a kind to each beat.

    Args:
        peaks_s: R peaks in seconds.
        rows: the leads to look at.

    Returns:
        One of "N", "S", "V" per beat, and each beat's correlation with the dominant shape around it.
    """
    if len(peaks_s) < 3:
        return ["N"] * len(peaks_s), np.ones(len(peaks_s))
    features = beat_features(record, peaks_s, rows)
    return call_kinds(features), features[:, FEATURES.index("likeness")]


def call_kinds(features: np.ndarray, weights: dict[str, np.ndarray] | None = None) -> list[str]:
    """Kinds from `beat_features`; with other weights than the stored ones to validate a fit."""
    weights = weights or _weights()
    ventricular = is_ventricular(features, weights)
    probability = np.where(ventricular, 0.0, _probability(features, weights, "supraventricular"))
    supra = _with_runs(probability, features, ventricular) & _regular(features)
    return np.where(ventricular, "V", np.where(supra, "S", "N")).tolist()


def is_ventricular(features: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Which beats are ventricular, (n_beats,) bool."""
    probability = _probability(features, weights, "ventricular")
    return (_ventricular_rule(features) & (probability >= V_BY_RULE)) | (probability >= V_ALONE)


def shortening(features: np.ndarray, ventricular: np.ndarray) -> np.ndarray:
    """Logarithm of each RR interval as a share of the running one before it, (n_beats,).

    The running interval is the median of the last ones that are neither early nor late nor beside a ventricular beat.
    """
    before = _rr_before(features)
    skipped = (ventricular | np.append(False, ventricular[:-1])).tolist()
    first = [rr for rr, skip in zip(before[1:16].tolist(), skipped[1:16], strict=True) if not skip]
    kept = [float(np.median(first if first else before))] * 3
    strange: list[float] = []
    usual = np.empty(len(before))
    for k, rr in enumerate(before.tolist()):
        usual[k] = sorted(kept)[len(kept) // 2]
        if skipped[k]:
            continue
        if USUAL_RR[0] * usual[k] <= rr <= USUAL_RR[1] * usual[k]:
            kept, strange = [*kept, rr][-KEPT_RR:], []
        else:
            strange.append(rr)
            if sum(strange) > FORGET_S:
                kept, strange = strange[-KEPT_RR:], []
    return np.log(before / usual)


def _rr_before(features: np.ndarray) -> np.ndarray:
    """RR interval before each beat in s."""
    return np.exp(features[:, FEATURES.index("rr_before")] + features[:, FEATURES.index("usual_rr")])


def _with_runs(probability: np.ndarray, features: np.ndarray, ventricular: np.ndarray) -> np.ndarray:
    """Beats that are premature by themselves, and those that follow one at the same short interval."""
    rr = _rr_before(features)
    goes_on = (shortening(features, ventricular) < np.log(USUAL_RR[0])) & (probability >= RUN_LIMIT)
    goes_on[1:] &= np.abs(rr[1:] / rr[:-1] - 1) < RUN_RR
    found = probability >= S_LIMIT
    for k in np.flatnonzero(goes_on[1:]) + 1:
        found[k] |= found[k - 1]
    return found


def _regular(features: np.ndarray) -> np.ndarray:
    """Where premature beats can be told: the rhythm is regular, or it is without its early beats."""
    irregular, p_alike = (features[:, FEATURES.index(name)] for name in ("irregularity", "p_in_block"))
    regular = irregular < np.where(p_alike > P_ALIKE, IRREGULAR, IRREGULAR_WITHOUT_P)
    return regular | (_calm_irregularity(features) < CALM)


def _calm_irregularity(features: np.ndarray) -> np.ndarray:
    """Median relative change between neighbouring RR intervals, leaving out early beats and those after them."""
    column = dict(zip(FEATURES, features.T, strict=True))
    rr, usual = _rr_before(features), np.exp(column["usual_rr"])
    early = _early(column)
    calm = ~early & ~np.append(False, early[:-1])
    calm &= np.append(False, calm[:-1])
    change = np.where(calm, np.abs(np.diff(rr, prepend=rr[0])) / usual, np.nan)
    around = sliding_window_view(np.pad(change, AROUND // 2, constant_values=np.nan), AROUND)
    enough = (~np.isnan(around)).sum(axis=1) >= FEWEST_CALM
    median = np.ones(len(change))
    median[enough] = np.nanmedian(around[enough], axis=1)
    return median


def _early(column: dict[str, np.ndarray]) -> np.ndarray:
    return (column["rr_before"] < np.log(EARLY)) | (column["compensation"] > -np.log(EARLY_BEFORE_PAUSE))


def _ventricular_rule(features: np.ndarray) -> np.ndarray:
    """Early or wide, and unlike the dominant beat; both, and somewhat unlike it."""
    column = dict(zip(FEATURES, features.T, strict=True))
    early = _early(column)
    wide = column["width"] > np.log(WIDE)
    other, somewhat = column["likeness"] < OTHER_SHAPE, column["likeness"] < SAME_SHAPE
    return (other & (early | wide)) | (somewhat & early & wide)


def _probability(features: np.ndarray, weights: dict[str, np.ndarray], kind: str) -> np.ndarray:
    """Probability of "ventricular", or of "supraventricular" for a beat that is not ventricular."""
    w = {key.removeprefix(f"{kind}."): value for key, value in weights.items() if key.startswith(f"{kind}.")}
    scaled = np.clip((features - w["mean"]) / w["scale"], -4, 4)
    hidden = np.maximum(scaled @ w["hidden.weight"].T + w["hidden.bias"], 0)
    scores = hidden @ w["out.weight"].T + w["out.bias"]
    return 1 / (1 + np.exp(-np.clip(scores[:, 0], -30, 30)))


@cache
def _weights() -> dict[str, np.ndarray]:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return {key: stored[key].astype(np.float32) for key in stored.files}


def beat_features(record: EcgRecord, peaks_s: np.ndarray, rows: list[int]) -> np.ndarray:
    """Evidence for the kind of each beat, shape (n_beats, len(FEATURES)); needs three beats."""
    timing, early = _timing(peaks_s)
    parts = []
    for block in np.array_split(np.arange(len(peaks_s)), max(round(len(peaks_s) / BLOCK_BEATS), 1)):
        shapes, rate = _cut(record, peaks_s[block], rows)
        before = timing[block, 0] + timing[block, 5]
        around = np.insert(timing[block], 2, before - np.median(before), axis=1)
        parts.append(np.concatenate([around, _against_dominant(shapes, rate, early[block])], axis=1))
    return np.concatenate(parts).astype(np.float32)


def _cut(record: EcgRecord, peaks_s: np.ndarray, rows: list[int]) -> tuple[np.ndarray, float]:
    """Cut out every beat, shape (n_beats, n_leads, n_points), 1-35 Hz, at about 125 Hz; and that rate."""
    factor = max(int(record.sampling_rate // SHAPE_HZ), 1)
    rate = record.sampling_rate / factor
    band = butter(2, [1.0, min(35.0, 0.45 * rate)], "bandpass", fs=rate, output="sos")
    offsets = np.arange(round(WINDOW_S[0] * rate), round(WINDOW_S[1] * rate) + 1)
    position = np.round(peaks_s * rate).astype(int)
    shapes = np.zeros((len(position), len(rows), len(offsets)), dtype=np.float32)
    for first, last, start, stop in chunks(record.signal.shape[1] // factor, rate):
        here = np.flatnonzero((position >= first) & (position < last))
        if not len(here):
            continue
        piece = fill_gaps(record.signal[rows, start * factor : stop * factor])
        piece = piece.reshape(len(rows), -1, factor).mean(axis=2)
        piece = sosfiltfilt(band, piece, axis=1, padlen=min(int(rate), piece.shape[1] - 1))
        index = np.clip(position[here, None] - start + offsets, 0, piece.shape[1] - 1)
        shapes[here] = piece[:, index].transpose(1, 0, 2)
    return shapes, rate


def _timing(peaks_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """RR evidence (n_beats, 6), all but that of the block, and whether each beat is early."""
    rr = np.maximum(np.diff(peaks_s), 0.15)
    before, after = np.concatenate([[np.median(rr)], rr]), np.concatenate([rr, [np.median(rr)]])
    usual = median_filter(before, size=min(15, len(before) | 1), mode="nearest")
    change = np.abs(np.diff(before, prepend=before[0])) / usual
    irregular = median_filter(change, size=min(21, len(before) | 1), mode="nearest")
    previous = np.concatenate([before[:1], before[:-1]])
    columns = [np.log(before / usual), np.log(after / usual), np.log(before / previous), np.log(after / before),
               np.minimum(irregular, 1.0), np.log(usual)]  # fmt: skip
    early = (before < EARLY * usual) | (before < EARLY_BEFORE_PAUSE * after)
    return np.stack(columns, axis=1), early


def _against_dominant(shapes: np.ndarray, rate: float, early: np.ndarray) -> np.ndarray:
    """Each beat against the dominant one of the block: QRS, what lies before and after it."""
    qrs = _part(shapes, rate, QRS_S)
    unit, norm = _unit(qrs)
    family = _dominant_family(unit, early)
    dominant = _unit(np.median(qrs[family], axis=0)[None])[0][0]
    spread = _spreads(qrs) / rate
    p_parts, t_parts = (_part(shapes, rate, window) for window in (P_S, T_S))
    (p_unit, p_norm), (t_unit, _) = _unit(p_parts), _unit(t_parts)
    p_likeness = p_unit @ _unit(np.median(p_parts[family], axis=0)[None])[0][0]
    alike = unit @ unit[:: max(len(unit) // 80, 1)].T > SAME_SHAPE
    columns = [
        unit @ dominant,
        np.log(spread / np.median(spread[family])),
        np.log(norm / np.median(norm[family])),
        np.log(spread / 0.03),
        p_likeness,
        np.log(p_norm / np.median(p_norm[family])),
        np.full(len(unit), np.median(p_likeness[family])),
        t_unit @ _unit(np.median(t_parts[family], axis=0)[None])[0][0],
        alike.mean(axis=1),
        (unit * np.roll(unit, 1, axis=0)).sum(axis=1),
        _worst_lead(qrs, family),
    ]
    return np.stack(columns, axis=1)


def _part(shapes: np.ndarray, rate: float, window_s: tuple[float, float]) -> np.ndarray:
    first, last = (round((at - WINDOW_S[0]) * rate) for at in window_s)
    return shapes[:, :, first : last + 1]


def _unit(parts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Beats flat, each lead without its mean, at length one; and their length."""
    flat = (parts - parts.mean(axis=2, keepdims=True)).reshape(len(parts), -1)
    norm = np.maximum(np.linalg.norm(flat, axis=1), 1e-6)
    return flat / norm[:, None], norm


def _dominant_family(unit: np.ndarray, early: np.ndarray) -> np.ndarray:
    """Which beats look like the commonest shape among those that are not early."""
    pool = np.flatnonzero(~early) if (~early).sum() >= 2 else np.arange(len(unit))
    pool = pool[:: max(len(pool) // 80, 1)]
    likeness = unit[pool] @ unit[pool].T
    medoid = pool[np.argmax((likeness > SAME_SHAPE).sum(axis=1) + likeness.mean(axis=1))]
    return unit @ unit[medoid] > SAME_SHAPE


def _worst_lead(qrs: np.ndarray, family: np.ndarray) -> np.ndarray:
    """Least correlation with the dominant beat in any single lead."""
    centred = qrs - qrs.mean(axis=2, keepdims=True)
    dominant = np.median(centred[family], axis=0)
    dominant /= np.maximum(np.linalg.norm(dominant, axis=1, keepdims=True), 1e-6)
    norms = np.maximum(np.linalg.norm(centred, axis=2), 1e-6)
    return ((centred * dominant).sum(axis=2) / norms).min(axis=1)


def _spreads(qrs: np.ndarray) -> np.ndarray:
    """Spread of the slope energy around its centre in samples: grows with the QRS duration, needs no threshold."""
    energy = (np.diff(qrs, axis=2) ** 2).sum(axis=1)  # (n_beats, n_points - 1)
    energy /= np.maximum(energy.sum(axis=1, keepdims=True), 1e-12)
    at = np.arange(energy.shape[1])
    centre = energy @ at
    return np.maximum(np.sqrt((energy * (at - centre[:, None]) ** 2).sum(axis=1)), 0.2)
