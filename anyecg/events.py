"""Where beats, waves and episodes lie: the event head says what, the measurements say exactly where.

Beats of a kind are placed at the measured R peaks, waves where they were delineated; episodes are runs of time steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .findings import EVENT_KINDS
from .measure import delineate
from .metrics import merge_intervals
from .record import EcgRecord

BEAT_KINDS = EVENT_KINDS[EVENT_KINDS.index("normal beat") : EVENT_KINDS.index("paced beat") + 1]
AROUND_R_S = {"premature ventricular contraction": (0.12, 0.28)}
"""How long a beat is said to last before and after its R peak, in s, as in the training data."""
AROUND_ANY_R_S = (0.1, 0.2)
EPISODES = {"atrial fibrillation": 2.0, "atrial flutter": 2.0}
"""Kinds that last, each with the seconds over which steps are averaged, gaps closed and shorter runs dropped."""
RUNS = ("left bundle branch block beat", "right bundle branch block beat", "paced beat")
"""Kinds whose consecutive beats are one place, when less than `RUN_GAP_S` lies between them."""
RUN_GAP_S = 2.0
TOGETHER = {
    "left bundle branch block beat": ("CLBBB", -0.5),
    "right bundle branch block beat": ("CRBBB", -2.0),
    "paced beat": ("PACE", -2.0),
}
"""What holds for all beats of a short record: its statement, and the least sum of the log-odds of both heads. Chosen on
simulated records for the best F1, and looked at on PTB-XL's fold 9 so that false alarms stay few."""
WHOLE_S = 30.0
"""Longer recordings may change; in shorter ones a called statement says what all beats are, or a rhythm throughout."""
MIXED = 2.5
"""Log-odds of the event head: where it is as sure of one beat as of the contrary of another, beats differ."""
MEASURED_KIND = {"premature ventricular contraction": "V", "premature atrial contraction": "S"}
"""Kinds that the measurements also call, from timing and shape, each with its letter in `Measurements.beats`."""
WAVES = {"P wave": ("p_on_s", "p_off_s"), "QRS complex": ("qrs_on_s", "qrs_off_s"), "T wave": ("t_on_s", "t_off_s")}
MEASURED_EPISODES = {
    "ventricular fibrillation or flutter": "ventricular fibrillation",
    "ventricular tachycardia": "ventricular tachycardia",
    "asystole": "asystole", "pause": "pause", "accelerated idioventricular rhythm": "idioventricular rhythm",
    "idioventricular rhythm": "idioventricular rhythm", "supraventricular tachycardia": "supraventricular tachycardia",
    "ventricular bigeminy": "bigeminy", "ventricular trigeminy": "trigeminy",
    "third-degree AV block": "third-degree AV block",
}  # fmt: skip
"""Episodes of `Measurements.episodes` that can be asked for, each with the name it is asked by."""
STANDSTILLS = ("asystole", "pause")
"""Those that lie between beats, not over them."""
MEASURED_TOO = {"atrial fibrillation": 0.9}
"""Episodes of the event head that the measurements find as well, in recordings of 30 s and more: least probability
there (97.9 % of the seconds called on MIT-BIH DS1 were right; the limits were chosen there)."""
COUPLET = "ventricular couplet"
COUPLET_S = 1.5
"""Two ventricular beats further apart than this are no couplet."""
NOTABLE = (
    *(kind for kind in BEAT_KINDS if kind != "normal beat"), *EPISODES, "noise", COUPLET,
    *dict.fromkeys(MEASURED_EPISODES.values()),
)  # fmt: skip
"""What an answer's evidence lists."""
LOCATABLE = {
    "premature ventricular contraction": "premature ventricular contractions",
    "premature atrial contraction": "premature atrial contractions",
    "atrial fibrillation": "atrial fibrillation",
    "atrial flutter": "atrial flutter",
    "left bundle branch block beat": "beats with left bundle branch block",
    "right bundle branch block beat": "beats with right bundle branch block",
    "paced beat": "paced beats",
    "normal beat": "normal beats",
    "noise": "noise",
    "P wave": "P waves",
    "QRS complex": "QRS complexes",
    "T wave": "T waves",
    COUPLET: "ventricular couplets",
    "pause": "pauses of more than 3 s",
} | {kind: kind for kind in MEASURED_EPISODES.values() if kind != "pause"}
"""Event kinds that `EcgChat.locate` finds, each as a question asks for it."""
Run = tuple[float, float, float]
"""Start, end (s) and probability."""
TACHYCARDIA_RR_S = 0.6
ESCAPE_BPM, ESCAPE_QRS_MS = 50.0, 150.0
"""A rhythm slower and wider than this below a third-degree AV block is ventricular."""


def events_of_kind(
    kind: str,
    record: EcgRecord,
    beats_s: Sequence[float],
    probability: np.ndarray,
    step_s: float,
    limit: float,
    at_peaks: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """Where a kind lies: {kind, start_s, end_s, leads, probability}, an empty list of leads for all of them.

    Args:
        beats_s: measured R peaks.
        probability: of this kind, calibrated, per time step.
        limit: the probability from which on the kind is called.
        at_peaks: of a kind of beat, per R peak, where more than the event head decides; else taken from it.
    """
    runs: list[Run]
    if kind in EPISODES:
        runs = episodes(probability, step_s, limit, EPISODES[kind])
    elif kind in WAVES:
        runs = _waves(kind, record, probability, step_s)
    else:
        if at_peaks is None:
            at_peaks = beat_probabilities(probability, np.array(beats_s), step_s)
        chosen = at_peaks >= limit
        before, after = AROUND_R_S.get(kind, AROUND_ANY_R_S)
        runs = [(t - before, t + after, p) for t, p, c in zip(beats_s, at_peaks, chosen, strict=True) if c]
        if kind in RUNS:
            runs = _joined(beats_s, at_peaks, chosen)
    end = record.duration_s
    found = [
        {"kind": kind, "start_s": round(max(0.0, float(s)), 3), "end_s": round(min(end, float(e)), 3), "leads": [],
         "probability": round(float(p), 4)}
        for s, e, p in runs
    ]  # fmt: skip
    return to_edges(found, beats_s, end) if kind in EPISODES else found


def measured_episodes(kind: str, episodes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Episodes of `Measurements.episodes` under the name they are asked by; measured, so without a probability."""
    spans = merge_intervals([(e["start_s"], e["end_s"]) for e in episodes if MEASURED_EPISODES.get(e["kind"]) == kind])
    return [{"kind": kind, "start_s": s, "end_s": e, "leads": [], "probability": None} for s, e in spans]


def to_edges(episodes: Sequence[dict[str, Any]], beats_s: Sequence[float], duration_s: float) -> list[dict[str, Any]]:
    """Episodes that begin or end within one RR interval of the record's edge last to it: no beat there says otherwise.

    Args:
        beats_s: measured R peaks.
    """
    rr = float(np.median(np.diff(beats_s))) if len(beats_s) > 1 else 0.0
    return [
        episode
        | {
            "start_s": 0.0 if episode["start_s"] <= rr else episode["start_s"],
            "end_s": round(duration_s, 3) if episode["end_s"] >= duration_s - rr else episode["end_s"],
        }
        for episode in episodes
    ]


def rhythm_throughout(
    kind: str, called: Mapping[str, float], measurements: Mapping[str, Any], duration_s: float
) -> list[dict[str, Any]]:
    """A lasting rhythm that has no measured episode, where the finding head calls its statement: throughout, or [].

    Args:
        called: the statements that are called, with their probability.
        measurements: `Measurements.to_dict()`.
    """
    times = [beat["time_s"] for beat in measurements["beats"]]
    slowest, rate = max(np.diff(times), default=0.0), measurements.get("heart_rate_bpm") or 0.0
    holds = {
        "third-degree AV block": "3AVB" in called,
        "idioventricular rhythm": "3AVB" in called and rate < ESCAPE_BPM
        and (measurements.get("qrs_ms") or 0.0) >= ESCAPE_QRS_MS,
        "supraventricular tachycardia": "SVTAC" in called and slowest < TACHYCARDIA_RR_S
        and called["SVTAC"] > max(called.get("AFLT", 0.0), called.get("AFIB", 0.0)),
    }  # fmt: skip
    if duration_s > WHOLE_S or not holds.get(kind):
        return []
    probability = called["SVTAC" if kind == "supraventricular tachycardia" else "3AVB"]
    return [
        {"kind": kind, "start_s": 0.0, "end_s": round(duration_s, 3), "leads": [], "probability": round(probability, 4)}
    ]


def with_measured_episodes(
    kind: str, probability: np.ndarray, step_s: float, episodes: Sequence[Mapping[str, Any]]
) -> np.ndarray:
    """Raise the event head's probability of a kind, per step, to `MEASURED_TOO` where the measurements find it."""
    middle = (np.arange(len(probability)) + 0.5) * step_s
    inside = np.zeros(len(probability), dtype=bool)
    for episode in episodes:
        if episode["kind"] == kind and kind in MEASURED_TOO:
            inside |= (middle >= episode["start_s"]) & (middle < episode["end_s"])
    return np.where(inside, np.maximum(probability, MEASURED_TOO.get(kind, 0.0)), probability)


def couplets(beats_s: Sequence[float], ventricular: np.ndarray) -> list[dict[str, Any]]:
    """Exactly two ventricular beats in a row, from a little before the first R peak to a little after the second.

    Args:
        beats_s: measured R peaks.
        ventricular: booleans, (n_beats,).
    """
    before, after = AROUND_R_S["premature ventricular contraction"]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], ventricular.astype(int), [0]]))).reshape(-1, 2)
    pairs = [(beats_s[a], beats_s[a + 1]) for a, b in edges if b - a == 2]
    return [
        {"kind": COUPLET, "start_s": round(max(0.0, first - before), 3), "end_s": round(second + after, 3), "leads": [],
         "probability": None}
        for first, second in pairs
        if second - first <= COUPLET_S
    ]  # fmt: skip


def with_measured_kind(at_peaks: np.ndarray, agrees: np.ndarray, fitted: Mapping[str, float]) -> np.ndarray:
    """Join what the event head says of each beat with whether the measurements call it the same kind.

    Args:
        at_peaks: calibrated probabilities of the event head, (n_beats,).
        agrees: booleans, (n_beats,).
        fitted: "scale" of the head's log-odds, "measured" for the agreement, and "shift".
    """
    return 1 / (1 + np.exp(-(fitted["scale"] * _log_odds(at_peaks) + fitted["measured"] * agrees + fitted["shift"])))


def together(at_peaks: np.ndarray, among: np.ndarray, of_record: float, least: float, limit: float) -> np.ndarray:
    """Let the beats of a constant rhythm vote, so that they do not flicker about the limit.

    Args:
        at_peaks: calibrated probabilities of the event head, (n_beats,).
        among: which beats vote and take the result, booleans, (n_beats,); the others keep their own.
        of_record: probability of the statement that says the same of the whole record.
        least: sum of both log-odds from which the beats are of the kind.
        limit: the probability that stands for `least` in the result.
    """
    odds = _log_odds(at_peaks)
    if not among.any() or (odds[among].max() >= MIXED and odds[among].min() <= -MIXED):
        return at_peaks
    total = odds[among].mean() + _log_odds(np.array(of_record)) - least
    return np.where(among, 1 / (1 + np.exp(-(total / 2 + _log_odds(np.array(limit))))), at_peaks)


def _log_odds(probability: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.clip(probability, 1e-6, 1 - 1e-6) / np.clip(1 - probability, 1e-6, 1)))


def _joined(beats_s: Sequence[float], at_peaks: np.ndarray, chosen: np.ndarray) -> list[Run]:
    """Consecutive chosen beats as one run, with the mean probability."""
    groups: list[list[int]] = []
    for k in map(int, np.flatnonzero(chosen)):
        follows = groups and groups[-1][-1] == k - 1 and beats_s[k] - beats_s[k - 1] - sum(AROUND_ANY_R_S) < RUN_GAP_S
        if follows:
            groups[-1].append(k)
        else:
            groups.append([k])
    before, after = AROUND_ANY_R_S
    return [(beats_s[g[0]] - before, beats_s[g[-1]] + after, float(at_peaks[g].mean())) for g in groups]


def _waves(kind: str, record: EcgRecord, probability: np.ndarray, step_s: float) -> list[Run]:
    """Delineated waves; the head's probability is told, but a measured wave is there."""
    start, end = WAVES[kind]
    places = [(getattr(beat, start), getattr(beat, end)) for beat in delineate(record)]
    last = len(probability) - 1
    return [
        (s, e, float(probability[min(last, int(s / step_s)) : min(last, int(e / step_s)) + 1].max()))
        for s, e in places
        if s is not None and e is not None
    ]


def beat_probabilities(probability: np.ndarray, times_s: np.ndarray, step_s: float) -> np.ndarray:
    """The highest probability of the steps that touch 50 ms around each R peak."""
    last = len(probability) - 1
    first = np.clip(((times_s - 0.05) / step_s).astype(int), 0, last)
    final = np.clip(((times_s + 0.05) / step_s).astype(int), 0, last)
    return np.maximum(probability[first], probability[final]) if len(times_s) else np.zeros(0)


def episodes(probability: np.ndarray, step_s: float, limit: float, scale_s: float) -> list[tuple[float, float, float]]:
    """Runs of steps at or above a limit after averaging: (start_s, end_s, mean probability)."""
    width = max(1, round(scale_s / step_s))
    kernel = np.ones(min(width, len(probability)))
    count = np.convolve(np.ones(len(probability)), kernel, mode="same")
    smooth = np.convolve(probability, kernel, mode="same") / count
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (smooth >= limit).astype(int), [0]])))
    runs: list[list[int]] = []
    for start, end in edges.reshape(-1, 2):
        if runs and start - runs[-1][1] < width:
            runs[-1][1] = int(end)
        else:
            runs.append([int(start), int(end)])
    shortest = min(width, len(probability))
    return [(s * step_s, e * step_s, float(probability[s:e].mean())) for s, e in runs if e - s >= shortest]
