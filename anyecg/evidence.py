"""Evidence beside the text: measurements, calibrated findings, events in seconds, and what cannot be judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from .abstain import UNJUDGED, Verdict, verdicts
from .events import (
    BEAT_KINDS,
    COUPLET,
    MEASURED_KIND,
    NOTABLE,
    STANDSTILLS,
    TOGETHER,
    WHOLE_S,
    beat_probabilities,
    couplets,
    events_of_kind,
    measured_episodes,
    rhythm_throughout,
    to_edges,
    together,
    with_measured_episodes,
    with_measured_kind,
)
from .findings import CODES, EVENT_KINDS, HEAD_LABELS, RHYTHMS, SUBCLASSES, SUPERCLASSES, phrase
from .heads import Encoded, encode, event_probabilities, finding_probabilities
from .measure import measure
from .measure.measurements import without_p
from .measure.noise_spells import noise_odds, noise_spells
from .measure.quality import forbidden
from .metrics import merge_intervals
from .record import EcgRecord
from .wording import join

POSSIBLE = 0.1
"""The probability from which on the language model is told of a statement that is not called."""
MOST_SAID, MOST_POSSIBLE = 8, 5
THROUGHOUT = 0.9
"""Share of a record from which a rhythm is that of the whole record."""
_VENTRICULAR = "premature ventricular contraction"
_CHANGES = ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "qtc_bazett_ms", "qtc_fridericia_ms", "axis_deg")


@dataclass(frozen=True)
class Evidence:
    """Everything that is known of one ECG beside the text."""

    record: EcgRecord
    measurements: dict[str, Any]
    labels: dict[str, float]
    """Calibrated probability of every label of the finding head."""
    event_probabilities: np.ndarray
    """(n_steps, n_kinds), calibrated."""
    step_s: float
    events: list[dict[str, Any]]
    """Notable events: {kind, start_s, end_s, leads, probability}."""
    thresholds: Mapping[str, float]
    """Decision limits of finding labels and event kinds."""
    beat_calibration: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Per kind of beat, how the event head and the measured kind are joined; see `events.with_measured_kind`."""
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Per finding label, the calibration with the limits of "likely" and "unlikely"; see `abstain.verdicts`."""
    warnings: list[str] = field(default_factory=list)
    unjudgeable: str | None = None
    """Why nothing can be said, or None."""

    @property
    def findings(self) -> dict[str, float]:
        return {code: self.labels[code] for code in CODES}

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """Per finding label how it may be put, given the leads and their quality."""
        quality = self.measurements.get("quality") or {}
        return verdicts(self.labels, self.limits, self.record.leads, quality, self.unjudgeable)

    def judged(self) -> list[tuple[str, float]]:
        """The statements that these leads can show with their probabilities, the most probable first."""
        ranked = sorted(self.findings.items(), key=lambda item: -item[1])
        return [(code, p) for code, p in ranked if self.verdicts[code].word != UNJUDGED]

    def classes(self, prefix: str, names: Sequence[str]) -> dict[str, float]:
        return {name: self.labels[prefix + name] for name in names}

    def at_peaks(self, kind: str) -> np.ndarray:
        """How likely each measured beat is of a kind, from the event head and, where calibrated, the measured kind."""
        beats = self.measurements["beats"]
        times = np.array([beat["time_s"] for beat in beats])
        said = beat_probabilities(self.event_probabilities[:, EVENT_KINDS.index(kind)], times, self.step_s)
        if kind in TOGETHER and self.record.duration_s <= WHOLE_S:
            code, least = TOGETHER[kind]
            ventricular = self.at_peaks(_VENTRICULAR) >= self.thresholds[_VENTRICULAR]
            return together(said, ~ventricular, self.labels[code], least, self.thresholds[kind])
        if kind not in self.beat_calibration:
            return said
        agrees = np.array([beat["kind"] == MEASURED_KIND[kind] for beat in beats], dtype=bool)
        return with_measured_kind(said, agrees, self.beat_calibration[kind])

    def can_locate(self, kind: str) -> bool:
        """Whether a kind can be looked for: noise also in an ECG of which it leaves nothing to judge."""
        return not self.unjudgeable or (kind == "noise" and not self.measurements.get("not_an_ecg"))

    def locate(self, kind: str) -> list[dict[str, Any]]:
        """Where a kind of beat, wave or episode lies; see `events.events_of_kind` and `events.measured_episodes`."""
        times = [beat["time_s"] for beat in self.measurements["beats"]]
        if kind == COUPLET:
            return couplets(times, self.at_peaks(_VENTRICULAR) >= self.thresholds[_VENTRICULAR])
        if kind not in EVENT_KINDS:
            return self._episodes(kind, times)
        if kind == "noise":
            odds, step_s = self._noise
            return [{"kind": kind, **e} for e in noise_spells(odds, step_s, self.record.leads, self.record.duration_s)]
        probability = self._per_step(kind)
        at_peaks = self.at_peaks(kind) if kind in BEAT_KINDS else None
        return events_of_kind(kind, self.record, times, probability, self.step_s, self.thresholds[kind], at_peaks)

    def _episodes(self, kind: str, beats_s: Sequence[float]) -> list[dict[str, Any]]:
        """A kind of rhythm where it was measured, else throughout where its statement is called."""
        found = measured_episodes(kind, self.measurements.get("episodes") or ())
        if not found and not self.unjudgeable:
            called = {code: p for code, p in self.judged() if p >= self.thresholds[code]}
            return rhythm_throughout(kind, called, self.measurements, self.record.duration_s)
        return found if kind in STANDSTILLS else to_edges(found, beats_s, self.record.duration_s)

    def probability(self, kind: str) -> float | None:
        """How likely the most likely place of a kind is; None for episodes, which are measured."""
        if kind not in EVENT_KINDS:
            return None
        if kind == "noise":
            return float(1 / (1 + np.exp(-self._noise[0].max(initial=-30.0))))
        if kind in BEAT_KINDS and self.measurements["beats"]:
            return float(self.at_peaks(kind).max())
        return float(self._per_step(kind).max())

    @cached_property
    def _noise(self) -> tuple[np.ndarray, float]:
        """Noise is measured, per lead: the event head called most of an ambulatory recording noisy."""
        return noise_odds(self.record, self.measurements["beats"])

    def _per_step(self, kind: str) -> np.ndarray:
        """Probability of an event kind per time step, from the event head and, for some episodes, the measurements."""
        said = self.event_probabilities[:, EVENT_KINDS.index(kind)]
        return with_measured_episodes(kind, said, self.step_s, self.measurements.get("episodes") or ())

    def said(self) -> dict[str, list[tuple[str, Any]]]:
        """What the language model is told of the heads; see `conversation.prompt_line`.

        Returns:
            "likely" and "possible": statements with their probability, from their threshold and from `POSSIBLE` on, the
            most probable first; "located": event kinds with the number of beats, or the seconds of episodes.
        """
        ranked = self.judged()
        called = [(phrase(code), p) for code, p in ranked if p >= self.thresholds[code]]
        open_ones = [(phrase(code), p) for code, p in ranked if POSSIBLE <= p < self.thresholds[code]]
        located: dict[str, Any] = {}
        for kind in dict.fromkeys(event["kind"] for event in self.events):
            spans = [(event["start_s"], event["end_s"]) for event in self.events if event["kind"] == kind]
            lasts = kind not in BEAT_KINDS and kind != COUPLET
            located[kind] = sum(end - start for start, end in merge_intervals(spans)) if lasts else len(spans)
        return {"likely": called[:MOST_SAID], "possible": open_ones[:MOST_POSSIBLE], "located": list(located.items())}

    def summary(self) -> dict[str, Any]:
        """{"findings", "superclasses", "subclasses", "rhythms", "abstained", "reason"}; empty when abstained."""
        if self.unjudgeable:
            empty: dict[str, Any] = {"findings": {}, "superclasses": {}, "subclasses": {}, "rhythms": {}}
            return empty | {"abstained": True, "reason": self.unjudgeable}
        return {
            "findings": self.findings,
            "superclasses": self.classes("super:", SUPERCLASSES),
            "subclasses": self.classes("sub:", SUBCLASSES),
            "rhythms": {code: self.labels[code] for code in RHYTHMS},
            "abstained": False,
            "reason": None,
        }

    def to_dict(self, top: int = 8) -> dict[str, Any]:
        """The part of an answer's evidence that belongs to this ECG."""
        said = self.summary()
        ranked = [] if said["abstained"] else sorted(self.findings.items(), key=lambda item: -item[1])[:top]
        return {
            "record": self.record.name,
            "measurements": {key: value for key, value in self.measurements.items() if key != "median_beat"},
            "findings": [
                {
                    "code": code,
                    "phrase": phrase(code),
                    "probability": p,
                    "verdict": self.verdicts[code].word,
                    "present": p >= self.thresholds[code] and self.verdicts[code].word != UNJUDGED,
                    "reason": self.verdicts[code].reason,
                }
                for code, p in ranked
            ],
            "superclasses": said["superclasses"],
            "rhythms": said["rhythms"],
            "events": self.events,
            "quality": self.measurements.get("quality") or {},
            "critical": self.measurements.get("critical") or [],
            "abstained": said["abstained"],
            "reason": said["reason"],
        }


def gather(model: Any, extractor: Any, record: EcgRecord, batch_size: int = 32) -> Evidence:
    """Measure a record, run the encoder over all of it, and decide what cannot be judged.

    Raises:
        RecordError: if the record is too short for the encoder.
    """
    measurements = measure(record).to_dict()
    return weigh(model, record, measurements, encode(model, extractor, record, batch_size))


def weigh(model: Any, record: EcgRecord, measurements: dict[str, Any], encoded: Encoded) -> Evidence:
    """Evidence from what was measured and encoded.

    Args:
        model: whose calibration and measured head count.
        measurements: `Measurements.to_dict()`.
    """
    calibration: Mapping[str, Any] = model.config.calibration
    labels = finding_probabilities(encoded, calibration, model.measured_logits(measurements))
    events = event_probabilities(encoded, calibration.get("events", {}))
    thresholds = {label: _limit(calibration, "findings", label) for label in HEAD_LABELS}
    thresholds |= {kind: _limit(calibration, "events", kind) for kind in EVENT_KINDS}
    beats = calibration.get("beats", {})
    thresholds |= {kind: fitted["threshold"] for kind, fitted in beats.items()}
    evidence = Evidence(
        record, measurements, labels, events, encoded.step_s, [], thresholds, beats, calibration.get("findings", {}),
        [*_warnings(record, measurements), *map(_sentence, record.notes)], _unjudgeable(measurements),
    )  # fmt: skip
    if not evidence.unjudgeable:
        evidence.events.extend(event for kind in NOTABLE for event in evidence.locate(kind))
        evidence.events.sort(key=lambda event: event["start_s"])
    return without_p_in_fibrillation(evidence)


def without_p_in_fibrillation(evidence: Evidence) -> Evidence:
    """Take back P waves and PR where event head and finding head agree on fibrillation or flutter throughout."""
    for kind, code in (("atrial fibrillation", "AFIB"), ("atrial flutter", "AFLT")):
        lasting = sum(event["end_s"] - event["start_s"] for event in evidence.events if event["kind"] == kind)
        if lasting >= THROUGHOUT * evidence.record.duration_s and evidence.labels[code] >= evidence.thresholds[code]:
            return replace(evidence, measurements=without_p(evidence.measurements, f"no P waves in {kind}"))
    return evidence


def differences(evidences: Sequence[Evidence]) -> list[dict[str, float]]:
    """How the measured values of each ECG differ from those of the first; the axis by the shorter way round."""
    found: list[dict[str, float]] = []
    for evidence in evidences:
        first, here = evidences[0].measurements, evidence.measurements
        both = [key for key in _CHANGES if first.get(key) is not None and here.get(key) is not None]
        change = {key: float(here[key] - first[key]) for key in both}
        if "axis_deg" in change:
            change["axis_deg"] = (change["axis_deg"] + 180) % 360 - 180
        found.append(change)
    return found


def _warnings(record: EcgRecord, measurements: Mapping[str, Any]) -> list[str]:
    """What poor, missing or misplaced leads forbid, and in which leads lesser disturbances are."""
    said = forbidden(measurements.get("quality") or {}, measurements.get("placement") or [], record.leads)
    disturbed: dict[str, list[str]] = {}
    for lead, faults in (measurements.get("disturbances") or {}).items():
        for fault in faults:
            disturbed.setdefault(fault, []).append(lead)
    for fault, leads in disturbed.items():
        where = "all leads" if len(leads) == len(record.leads) > 1 else join(leads)
        said.append(f"{fault[:1].upper()}{fault[1:]} in {where}: small deflections there are uncertain.")
    return said


def _unjudgeable(measurements: Mapping[str, Any]) -> str | None:
    if measurements.get("not_an_ecg"):
        return f"it does not look like an ECG ({measurements['not_an_ecg']})"
    quality = measurements.get("quality") or {}
    if quality and not any(flag == "good" for flag in quality.values()):
        flags = ", ".join(f"{lead} {flag}" for lead, flag in quality.items())
        return f"no lead has a usable signal ({flags})"
    return None if measurements["beats"] else "no heart beat was found in it"


def _limit(calibration: Mapping[str, Any], part: str, name: str) -> float:
    return float(calibration.get(part, {}).get(name, {}).get("threshold", 0.5))


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:].rstrip('.')}."
