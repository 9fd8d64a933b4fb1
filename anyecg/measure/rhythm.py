"""Episodes of arrhythmia: what happens between one time and another, from beats, P waves and the signal itself.

Only what is measured is named. Where the leads do not tell (no P waves to be seen, noise in a gap), nothing is said.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.signal import sosfiltfilt

from ..record import EcgRecord
from .atria import p_wave_times
from .atrial_fibrillation import atrial_fibrillation_spans
from .conduction import av_block
from .fibrillation import SILENT_MV, fibrillation_spans, spans_per_second
from .filters import butter
from .quality import fill_gaps

PAUSE_S = 3.0
"""A pause is an interval of more than 3 s between two QRS complexes (Kusumoto et al., 2018 ACC/AHA/HRS bradycardia
guideline)."""
ASYSTOLE_S = 6.0
"""So long a pause is called asystole (it counts without symptoms in ISSUE-3, Brignole et al., Circulation 2012), as is
any silence of more than PAUSE_S that begins before or lasts beyond the recording."""
LEAST_QRS = 0.2
"""What spans less than this share of the large QRS complexes of the recording is no QRS complex."""
STILL_HZ = 25.0
"""Samples are compared at this rate: enough to see whether a lead moves at all."""
QUIET_SHARE = 0.25
"""In a pause no second of a lead spans more than this share of its QRS complexes: else a beat may have been missed."""
MOST = 0.8
QUIET_MV = 0.1
"""Where QRS complexes are small a second may still span so much."""
STANDSTILL_MV = 0.4
"""P waves that go on in ventricular standstill span less than this in nearly every lead."""
RUN = 3
"""Successive beats that make a run (AHA/ACC/HRS 2017 guideline on ventricular arrhythmias, Al-Khatib et al.)."""
RAGGED, LONG_RUN = 0.3, 8
"""A short run whose RR intervals vary by more than this share is noise taken for beats (9 of 12 such runs in MIT-BIH
DS1 were), unless it is long."""
NEIGHBOURS, QRS_S = 15, (-0.12, 0.18)
SAME_SHAPE = 0.85
"""A run must look different from this many beats before and after it; correlation from which a lead shows the same."""
TACHYCARDIA_BPM = 100.0
ACCELERATED_BPM = 50.0
"""From here to TACHYCARDIA_BPM a ventricular rhythm is accelerated idioventricular; below it is an escape rhythm."""
REPEATS = 3
"""Bigeminy and trigeminy: so many ventricular beats in the pattern."""
EXCERPT_S = 30.0
"""AV block is judged on excerpts of this length, or on the whole recording when it is shorter than twice this."""
HALF_BEAT_S = 0.1
Episode = dict[str, Any]


def find_episodes(
    record: EcgRecord, peaks_s: np.ndarray, kinds: list[str], rows: list[int], *, paced: bool
) -> list[Episode]:
    """Find the episodes of arrhythmia in a recording.

    Args:
        peaks_s: R peaks in seconds; may be empty.
        kinds: "N", "S", "V" or "P" of each.
        rows: the leads to look at; where it is empty (every lead flat) all leads are asked whether they are silent.
        paced: a pacemaker stimulates: AV block is not judged.

    Returns:
        {"kind", "start_s", "end_s", and "rate_bpm" where there is one}, by start. Kinds: "ventricular fibrillation or
        flutter", "asystole", "pause", "no signal" (exactly constant leads: cannot be told from asystole), "ventricular
        tachycardia", "accelerated idioventricular rhythm", "idioventricular rhythm", "supraventricular tachycardia",
        "ventricular bigeminy", "ventricular trigeminy", "atrial fibrillation" (from 30 s on), and the AV blocks of
        `conduction.av_block`.
    """
    rows = rows or list(range(len(record.leads)))
    found = [_episode("no signal", start_s, end_s) for start_s, end_s in still_spans(record)]
    fibrillating = fibrillation_spans(record, rows)
    for start_s, end_s, rate in fibrillating:
        found.append(_episode("ventricular fibrillation or flutter", start_s, end_s, rate))
    spans = spans_per_second(record, rows)
    sure = has_qrs(peaks_s, spans)
    found += _silences(record, peaks_s[sure], rows, spans, fibrillating)
    for start_s, end_s, _ in fibrillating:
        sure &= (peaks_s < start_s) | (peaks_s > end_s)
    kept = [kind if is_sure else "?" for kind, is_sure in zip(kinds, sure, strict=True)]
    found += _runs(record, peaks_s, kept, rows) + _patterns(peaks_s, kept)
    if not paced:
        found += [
            _episode("atrial fibrillation", *span) for span in atrial_fibrillation_spans(record, peaks_s, kinds, rows)
        ]
    if not paced and not fibrillating and sure.all():
        found += _blocks(record, peaks_s, kinds, rows)
    inside = [
        episode | {"start_s": max(episode["start_s"], 0.0), "end_s": min(episode["end_s"], round(record.duration_s, 3))}
        for episode in found
    ]
    return sorted(inside, key=lambda episode: (episode["start_s"], episode["end_s"]))


def _episode(kind: str, start_s: float, end_s: float, rate_bpm: float | None = None) -> Episode:
    episode: Episode = {"kind": kind, "start_s": round(float(start_s), 3), "end_s": round(float(end_s), 3)}
    return episode if rate_bpm is None else episode | {"rate_bpm": round(float(rate_bpm), 1)}


def still_spans(record: EcgRecord) -> list[tuple[float, float]]:
    """Where every lead is exactly constant or missing for more than PAUSE_S; whole seconds."""
    rate = record.sampling_rate
    step = max(int(rate // STILL_HZ), 1)
    thin = fill_gaps(record.signal[:, ::step])
    edges = np.ceil(np.arange(int(record.duration_s) + 1) * rate / step).astype(int)
    moves = np.concatenate([[0], np.cumsum((np.diff(thin, axis=1) != 0).any(axis=0))])
    last = len(moves) - 1
    still = moves[np.minimum(edges[1:], last)] == moves[np.minimum(edges[:-1], last)]
    bounds = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(int), [0]])))
    return [(float(a), float(b)) for a, b in zip(bounds[::2], bounds[1::2], strict=True) if b - a > PAUSE_S]


def has_qrs(peaks_s: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Which beats are as large as QRS complexes are: in asystole P waves and noise are all that a detector finds.

    Args:
        spans: `spans_per_second` of the leads, shape (n_leads, n_seconds), mV.
    """
    if not len(peaks_s) or not spans.size:
        return np.zeros(len(peaks_s), dtype=bool)
    size = np.median(spans, axis=0) if len(spans) > 2 else spans.max(axis=0)
    size = size[np.clip(peaks_s.astype(int), 0, len(size) - 1)]
    return (size > SILENT_MV) & (size > LEAST_QRS * np.percentile(size, 80))


def _silences(
    record: EcgRecord,
    peaks_s: np.ndarray,
    rows: list[int],
    spans: np.ndarray,
    fibrillating: list[tuple[float, float, float]],
) -> list[Episode]:
    """Pauses and asystole: gaps without a QRS complex in which the leads are connected and quiet."""
    edges = np.concatenate([[0.0], peaks_s, [record.duration_s]])
    gaps = [k for k in np.flatnonzero(np.diff(edges) > PAUSE_S).tolist()]
    gaps = [k for k in gaps if not any(a < edges[k + 1] and b > edges[k] for a, b, _ in fibrillating)]
    if not gaps:
        return []
    if len(peaks_s) < 2:
        return _no_beats(record)
    beat_seconds = np.unique(np.clip(peaks_s.astype(int), 0, spans.shape[1] - 1))
    limit = np.maximum(QUIET_SHARE * np.median(spans[:, beat_seconds], axis=1, keepdims=True), QUIET_MV)
    found = []
    for k in gaps:
        start_s, end_s = float(edges[k]), float(edges[k + 1])
        open_ended = k == 0 or k == len(edges) - 2
        first, last = int(np.ceil(start_s + (k > 0) * 0.5)), int(end_s - (end_s < record.duration_s) * 0.2)
        inside = spans[:, first:last]
        if inside.shape[1] < 1 or not np.mean(inside < limit) > MOST:
            continue
        if _connected(record, rows, first, last):
            kind = "asystole" if open_ended or end_s - start_s > ASYSTOLE_S else "pause"
            found.append(_episode(kind, start_s, end_s))
    return found


def _connected(record: EcgRecord, rows: list[int], first_s: float, last_s: float) -> bool:
    """Most leads still carry their small noise: a lead that is exactly constant is not connected."""
    a, b = round(first_s * record.sampling_rate), round(last_s * record.sampling_rate)
    part = record.signal[rows, a:b]
    moving = np.nan_to_num(np.abs(np.diff(part, axis=1))) > 0
    return bool((moving.mean(axis=1) > 0.02).mean() > 0.5)


def _no_beats(record: EcgRecord) -> list[Episode]:
    """Without any beat: asystole when most leads are silent and none has more than P waves."""
    everything = list(range(len(record.leads)))
    connected = [k for k in everything if _connected(record, [k], 0.0, record.duration_s)]
    if not connected:
        return []
    spans = spans_per_second(record, connected)
    silent = (np.median(spans, axis=0) < SILENT_MV) & (np.mean(spans < STANDSTILL_MV, axis=0) > MOST)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], silent.astype(int), [0]])))
    gaps = [(a, b) for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True) if b - a > PAUSE_S]
    return [_episode("asystole", a, b) for a, b in gaps] if silent.mean() > MOST else []


def _runs(record: EcgRecord, peaks_s: np.ndarray, kinds: list[str], rows: list[int]) -> list[Episode]:
    """Three and more ventricular or supraventricular premature beats in a row."""
    found = []
    for first, last in _stretches(np.array(kinds)):
        kind, rate = kinds[first], 60 * (last - first) / (peaks_s[last] - peaks_s[first])
        start_s, end_s = peaks_s[first] - HALF_BEAT_S, peaks_s[last] + HALF_BEAT_S
        rr = np.diff(peaks_s[first : last + 1])
        if len(rr) < LONG_RUN and rr.std() > RAGGED * rr.mean():
            continue
        if kind == "V" and not _other_shape(record, peaks_s, kinds, rows, first, last):
            continue
        if kind == "S" and rate > TACHYCARDIA_BPM:
            found.append(_episode("supraventricular tachycardia", start_s, end_s, rate))
        if kind == "V":
            name = "idioventricular rhythm" if rate < ACCELERATED_BPM else "accelerated idioventricular rhythm"
            if rate > TACHYCARDIA_BPM:
                name = "ventricular tachycardia"
            found.append(_episode(name, start_s, end_s, rate))
    return found


def _other_shape(
    record: EcgRecord, peaks_s: np.ndarray, kinds: list[str], rows: list[int], first: int, last: int
) -> bool:
    """Whether most leads, each by itself, show a run of another shape than the normal beats around it."""
    near = np.arange(max(first - NEIGHBOURS, 0), min(last + NEIGHBOURS + 1, len(kinds)))
    normal = np.array([kinds[k] == "N" for k in near])
    run = (near >= first) & (near <= last)
    if normal.sum() < 2:
        return True
    shapes = _qrs_shapes(record, peaks_s[near], rows)
    usual = np.median(shapes[normal], axis=0)
    size = np.linalg.norm(shapes[run], axis=2) * np.linalg.norm(usual, axis=1)
    likeness = (shapes[run] * usual).sum(axis=2) / np.maximum(size, 1e-9)
    return float(np.median(likeness)) < SAME_SHAPE


def _qrs_shapes(record: EcgRecord, peaks_s: np.ndarray, rows: list[int]) -> np.ndarray:
    """QRS complexes of neighbouring beats without their mean, 1-35 Hz, shape (n_beats, n_leads, n_points)."""
    rate = record.sampling_rate
    first = max(int((peaks_s[0] - 1.0) * rate), 0)
    piece = fill_gaps(record.signal[rows, first : int((peaks_s[-1] + 1.0) * rate)])
    band = butter(2, [1.0, min(35.0, 0.45 * rate)], "bandpass", fs=rate, output="sos")
    piece = sosfiltfilt(band, piece, axis=1, padlen=min(int(rate), piece.shape[1] - 1))
    offsets = np.arange(round(QRS_S[0] * rate), round(QRS_S[1] * rate) + 1)
    index = np.round(peaks_s * rate).astype(int)[:, None] - first + offsets
    shapes = piece[:, np.clip(index, 0, piece.shape[1] - 1)].transpose(1, 0, 2)
    return shapes - shapes.mean(axis=2, keepdims=True)


def _stretches(kinds: np.ndarray) -> list[tuple[int, int]]:
    """First and last beat of every stretch of RUN or more of one kind, S or V."""
    if len(kinds) < RUN:
        return []
    cuts = np.concatenate([[0], np.flatnonzero(kinds[1:] != kinds[:-1]) + 1, [len(kinds)]])
    pairs = zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
    return [(a, b - 1) for a, b in pairs if b - a >= RUN and kinds[a] in ("S", "V")]


def _patterns(peaks_s: np.ndarray, kinds: list[str]) -> list[Episode]:
    """Bigeminy (every second beat ventricular) and trigeminy (every third)."""
    found = []
    ventricular = np.flatnonzero(np.array(kinds) == "V")
    steps = np.diff(ventricular)
    for step, name in ((2, "ventricular bigeminy"), (3, "ventricular trigeminy")):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], (steps == step).astype(int), [0]])))
        for a, b in zip(edges[::2], edges[1::2], strict=True):
            if b - a + 1 >= REPEATS:
                first, last = max(ventricular[a] - step + 1, 0), ventricular[b]
                found.append(_episode(name, peaks_s[first] - HALF_BEAT_S, peaks_s[last] + HALF_BEAT_S))
    return found


def _blocks(record: EcgRecord, peaks_s: np.ndarray, kinds: list[str], rows: list[int]) -> list[Episode]:
    """AV block, excerpt by excerpt; only where the rhythm leaves room for one (a slow rate or a long interval)."""
    if len(peaks_s) < 4 or not rows:
        return []
    n = 1 if record.duration_s < 2 * EXCERPT_S else round(record.duration_s / EXCERPT_S)
    found: list[Episode] = []
    for start_s in np.arange(n) * record.duration_s / n:
        end_s = start_s + record.duration_s / n
        here = np.flatnonzero((peaks_s >= start_s) & (peaks_s < end_s))
        if len(here) < 4 or not _room_for_block(peaks_s[here]) or _ectopic([kinds[k] for k in here]):
            continue
        excerpt = record if n == 1 else record.excerpt(start_s, end_s)
        block = av_block(peaks_s[here] - start_s, p_wave_times(excerpt, peaks_s[here] - start_s, rows))
        if block is not None:
            name, a, b = block
            rate = 60 * (len(here) - 1) / (peaks_s[here[-1]] - peaks_s[here[0]])
            _append(found, _episode(name, a + start_s, b + start_s, rate))
    return found


def _room_for_block(peaks_s: np.ndarray) -> bool:
    """A P wave without its QRS complex makes a slow rate or an interval much longer than the others."""
    rr = np.diff(peaks_s)
    return bool(rr.mean() > 0.9 or rr.max() > 1.3 * np.median(rr))


def _ectopic(kinds: list[str]) -> bool:
    """So many premature beats that their pauses look like dropped beats."""
    return sum(kind in ("S", "V") for kind in kinds) > 0.1 * len(kinds)


def _append(found: list[Episode], episode: Episode) -> None:
    """Add an episode, or lengthen the last one if it is the same one going on."""
    if found and found[-1]["kind"] == episode["kind"] and episode["start_s"] - found[-1]["end_s"] < 5.0:
        found[-1]["end_s"] = episode["end_s"]
        found[-1]["rate_bpm"] = round((found[-1]["rate_bpm"] + episode["rate_bpm"]) / 2, 1)
    else:
        found.append(episode)
