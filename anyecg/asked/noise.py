"""Questions for a kind of noise in a lead or anywhere: static or burst noise, baseline drift, electrode problems."""

from __future__ import annotations

import re

from ..evidence import Evidence
from ..measure.noise_spells import kinds_of_noise
from .said import asks_yes_or_no, capital, join

ELECTRODES = "electrode problems"
_KINDS = {
    "static noise": r"\bstatic\b", "burst noise": r"\bbursts?\b", "baseline drift": r"\b(?:drift\w*|wander\w*)\b",
    ELECTRODES: r"\belectrodes? problems?\b",
}  # fmt: skip
_ANY = re.compile(r"\b(?:nois\w+|interference|distort\w*)\b")


def noise(evidence: Evidence, question: str, asked: list[str]) -> str:
    """Which of the asked kinds are there, and in which of the asked leads; "" where the question names neither.

    Noise of no kind in particular that is not found is left to `recording.quality`, which knows further faults; so is
    noise of no kind and no lead, as some lead of four in ten undisturbed ECGs reaches a limit.

    Args:
        question: a plain one.
        asked: leads that it names, all of them in the recording; none for anywhere.
    """
    kinds = [kind for kind, cue in _KINDS.items() if re.search(cue, question)]
    if not kinds and not (asked and _ANY.search(question)):
        return ""
    quality = evidence.measurements.get("quality") or {}
    everywhere = kinds_of_noise(evidence.record)
    everywhere[ELECTRODES] = [lead for lead, flag in quality.items() if flag not in ("good", "noisy")]
    found = {kind: leads for kind in kinds or _KINDS if (leads := everywhere[kind])}
    here = {kind: [lead for lead in leads if not asked or lead in asked] for kind, leads in found.items()}
    here = {kind: leads for kind, leads in here.items() if leads}
    if not kinds and not here:
        return ""
    yes_or_no = asks_yes_or_no(question)
    if here:
        said = "; ".join(f"{kind} in {_leads(leads, evidence)}" for kind, leads in here.items())
        return capital(f"{'Yes: ' if yes_or_no else ''}{said}.")
    elsewhere = "; ".join(f"{kind} in {_leads(leads, evidence)} only" for kind, leads in found.items())
    where = f" in {_leads(asked, evidence)}" if asked else ""
    said = f"no {' or '.join(kinds)} was found{where}{f' ({elsewhere})' if elsewhere else ''}"
    return capital(f"{'No: ' if yes_or_no else ''}{said}.")


def _leads(leads: list[str], evidence: Evidence) -> str:
    if len(leads) == len(evidence.record.leads) > 1:
        return "all leads"
    return f"lead{'s' if len(leads) > 1 else ''} {join(leads)}"
