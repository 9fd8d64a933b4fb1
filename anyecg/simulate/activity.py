"""When atria, ventricles and a pacemaker fire: what the rhythms write down, and what the drawing and the truth read."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np


@dataclass
class Activity:
    """Activations of one stretch of rhythm, in seconds from the start of the record; rhythms add to it."""

    beats: list[tuple[float, str, str, float]] = field(default_factory=list)
    """(QRS onset, kind "N", "S", "V" or "P", shape suffix, twist in radians)."""
    atrial: list[tuple[float, str]] = field(default_factory=list)
    """(P onset, shape name)."""
    spikes: list[tuple[float, str, bool]] = field(default_factory=list)
    """(time, "atrium" or "ventricle", captured)."""
    spells: list[tuple[str, float, float]] = field(default_factory=list)
    """(episode, start, end) of what beats alone do not tell."""
    pr_ms: float | None = None
    """Where it is constant."""

    def beat(self, at: float, kind: str = "N", *, p: float | None = None, shape: str = "", twist: float = 0.0) -> None:
        """Add a ventricular activation, with a sinus P wave where `p` says when."""
        self.beats.append((at, kind, shape, twist))
        if p is not None:
            self.p_wave(p)

    def p_wave(self, at: float, shape: str = "P") -> None:
        self.atrial.append((at, shape))

    @property
    def last_s(self) -> float:
        """Onset of the last ventricular activation."""
        return self.beats[-1][0]


@dataclass(frozen=True)
class Beats:
    """Activations in time order; times are onsets in seconds and may lie outside the record."""

    qrs_s: np.ndarray
    """(n_beats,)"""
    kind: np.ndarray
    """(n_beats,) "N", "S", "V" or "P" (ventricle paced)."""
    shape: np.ndarray
    """(n_beats,) suffix of the QRS and T shapes: "" conducted, " V", " V2" ectopic, " E" escape, " P" paced."""
    twist: np.ndarray
    """(n_beats,) radians by which a polymorphic beat has turned from its shape towards that shape's other one."""
    rr_s: np.ndarray
    """(n_beats,) the cycle length to which repolarisation has adapted."""
    p_s: np.ndarray
    """(n_p,)"""
    p_shape: np.ndarray
    """(n_p,) "P" sinus, "P S" ectopic, "P R" retrograde, "P A" paced."""
    pr_ms: float | None
    """Of conducted beats; None without a constant one."""
    spikes: tuple[tuple[float, str, bool], ...]
    """(time, chamber, captured) of a pacemaker's pulses."""
    spells: tuple[tuple[str, float, float], ...]
    """(episode, start, end), inside the record."""
    flutter_s: float = 0.2
    """Atrial cycle of flutter."""
    flutter_from_s: float = 0.0

    @classmethod
    def of(cls, parts: list[Activity], rr_default_s: float, **more: float) -> Beats:
        """Join stretches of rhythm; repolarisation adapts to the rate of its own stretch."""
        settled = [_settled([row[0] for row in part.beats], rr_default_s) for part in parts]
        beats = [row for part in parts for row in part.beats]
        atrial = [row for part in parts for row in part.atrial]
        qrs, kind, shape, twist = zip(*beats, strict=True) if beats else ((), (), (), ())
        p, p_shape = zip(*atrial, strict=True) if atrial else ((), ())
        constant = [part.pr_ms for part in parts if part.pr_ms is not None]
        return cls(
            np.array(qrs, float), np.array(kind, "<U1"), np.array(shape, "<U4"), np.array(twist, float),
            np.concatenate(settled) if settled else np.zeros(0), np.array(p, float), np.array(p_shape, "<U3"),
            constant[0] if constant else None, tuple(row for part in parts for row in part.spikes),
            tuple(row for part in parts for row in part.spells), **more,
        )  # fmt: skip


def _settled(onsets: list[float], rr_default_s: float) -> np.ndarray:
    """Cycle lengths, each drawn towards the middle of its stretch."""
    if not onsets:
        return np.zeros(0)
    rr = [b - a for a, b in pairwise(onsets)]
    middle = sorted(rr)[len(rr) // 2] if rr else rr_default_s
    return np.array([min(max(0.75 * middle + 0.25 * cycle, 0.24), 2.2) for cycle in (rr_default_s, *rr)])
