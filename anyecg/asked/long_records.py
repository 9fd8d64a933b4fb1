"""The report of a long recording, as a Holter report puts it: rates, rhythms, ectopy, pauses, intervals and findings.

A language model sees half a minute of such a record; counts, burdens and longest episodes are the evidence's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..abstain import UNJUDGED
from ..check_findings import percent
from ..events import RUNS
from ..evidence import Evidence
from ..findings import RHYTHMS, phrase
from ..mending import intervals
from ..metrics import merge_intervals
from .said import called, capital, join

LONG_S = 60.0
"""From here on a record is reported like a Holter recording."""
_COMMON = 0.1
"""Share of the beats from which on bundle branch block beats are reported."""
_BEATS = {
    "premature ventricular contraction": "Premature ventricular contractions",
    "premature atrial contraction": "Premature atrial contractions",
}
_OF_BEATS = {"PVC", "PAC", "PRC(S)", "BIGU", "TRIGU"}
"""Statements that the counts say better."""
_RHYTHMS = (
    "atrial fibrillation", "atrial flutter", "supraventricular tachycardia", "ventricular tachycardia",
    "ventricular fibrillation", "idioventricular rhythm", "third-degree AV block", "asystole", "bigeminy", "trigeminy",
)  # fmt: skip
_BY_EPISODES = ("AFIB", "AFLT", "SVTAC", "PSVT", "3AVB")


def long_report(evidence: Evidence) -> str:
    """The report of a recording of more than `LONG_S`."""
    told_otherwise = {*_OF_BEATS, "NORM", *_named_by_episodes(evidence)}
    found = [(code, p) for code, p in called(evidence) if code not in told_otherwise]
    noise = sum(end - start for start, end in _spans(evidence, "noise"))
    whole = evidence.record.duration_s
    limits = [f"Disturbed for {lasting(noise)}."] if noise >= 0.01 * whole else []
    limits += ["What these leads do not show cannot be judged."] if evidence.verdicts["NORM"].word == UNJUDGED else []
    rhythms = [_findings([item for item in found if item[0] in RHYTHMS]), *(_episodes(evidence, k) for k in _RHYTHMS)]
    others = [item for item in found if item[0] not in RHYTHMS]
    groups = [
        [f"{lasting(whole)} in leads {join(evidence.record.leads)}.", _rate(evidence.measurements)],
        [*rhythms, _episodes(evidence, "pause") or "No pause of more than 3 s."],
        [_beats(evidence, kind) for kind in (*_BEATS, *RUNS)],
        [_sentence(intervals(evidence)), _findings(others)],
        limits,
    ]
    return "\n".join(line for group in groups if (line := " ".join(part for part in group if part)))


def lasting(seconds: float) -> str:
    """ "8 s", "30.1 min" or "24.0 h"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _rate(measured: dict[str, Any]) -> str:
    rate, low, high = (measured.get(key) for key in ("heart_rate_bpm", "heart_rate_min_bpm", "heart_rate_max_bpm"))
    if rate is None:
        return "The rate is not measurable."
    between = f" ({low:.0f} to {high:.0f})" if low is not None and high is not None else ""
    return f"Rate {rate:.0f}/min{between}, {measured.get('rhythm_regularity') or 'regularity not measurable'}."


def _findings(found: Sequence[tuple[str, float]]) -> str:
    return _sentence([f"{phrase(code)} ({percent(p)})" for code, p in found])


def _sentence(items: Sequence[str]) -> str:
    return f"{capital(join(items))}." if items else ""


def _spans(evidence: Evidence, kind: str) -> list[tuple[float, float]]:
    return merge_intervals([(event["start_s"], event["end_s"]) for event in evidence.events if event["kind"] == kind])


def _named_by_episodes(evidence: Evidence) -> set[str]:
    """Rhythms of which the episodes are listed."""
    kinds = {event["kind"] for event in evidence.events}
    return {code for code in _BY_EPISODES if phrase(code).removeprefix("paroxysmal ") in kinds}


def _episodes(evidence: Evidence, kind: str) -> str:
    """ "Atrial fibrillation: 3 episodes, 7.4 min in all, the longest at 0.4-388.0 s."."""
    spans = _spans(evidence, kind)
    if not spans:
        return ""
    start, end = max(spans, key=lambda span: span[1] - span[0])
    many = (
        f"{len(spans)} episodes, {lasting(sum(b - a for a, b in spans))} in all, the longest"
        if len(spans) > 1
        else "once,"
    )
    return f"{capital(kind)}: {many} at {start:.1f}-{end:.1f} s."


def _beats(evidence: Evidence, kind: str) -> str:
    """ "Premature ventricular contractions: 265 of 1,957 beats (14 %), 9 couplets."."""
    n = len(evidence.measurements["beats"])
    if not n:
        return ""
    count = int((evidence.at_peaks(kind) >= evidence.thresholds[kind]).sum())
    if kind in RUNS and count < _COMMON * n:
        return ""
    name = _BEATS.get(kind, f"{capital(kind)}s")
    if not count:
        return f"{name}: none found."
    couplets = len(evidence.locate("ventricular couplet")) if kind.startswith("premature ventricular") else 0
    also = f", {couplets} couplet{'s' if couplets > 1 else ''}" if couplets else ""
    share = percent(count / n) if count < n else "all"
    return f"{name}: {count:,} of {n:,} beats ({share}){also}."
