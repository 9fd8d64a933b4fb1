"""Questions about the recording itself: its quality, its leads and electrodes, length, rate, date, and whose it is."""

from __future__ import annotations

import re

from ..evidence import Evidence
from ..leads import STANDARD_LEADS
from .noise import noise
from .places import listed
from .said import asks_yes_or_no, capital, join
from .waves import leads_in

MOST_SPELLS = 4


def quality(evidence: Evidence, question: str) -> str:
    """Which leads are not usable, which are disturbed, and whether electrodes look exchanged."""
    measured = evidence.measurements
    asked = leads_in(question)[0] or evidence.record.leads
    poor = {lead: flag for lead, flag in (measured.get("quality") or {}).items() if flag != "good" and lead in asked}
    disturbed = {
        lead: faults for lead, faults in (measured.get("disturbances") or {}).items() if faults and lead in asked
    }
    parts = []
    if poor:
        parts.append(f"not usable: {', '.join(f'{lead} ({flag})' for lead, flag in poor.items())}")
    if disturbed:
        parts.append("disturbed but readable: " + ", ".join(f"{le} ({join(f)})" for le, f in disturbed.items()))
    n = len(set(asked) & set(evidence.record.leads))
    if n < len(asked):
        return f"I cannot tell: {join(asked)} {'is' if len(asked) == 1 else 'are'} not in this recording."
    if said := noise(evidence, question, leads_in(question)[0]):
        return said
    if spells := [e for e in evidence.locate("noise") if not e["leads"] or set(e["leads"]) & set(asked)]:
        parts.append(f"noise at {listed(spells, MOST_SPELLS)}")
    if not parts:
        found = f"all {n} leads are usable" if n > 1 else f"lead {asked[0]} is usable"
        found += ", and no noise, drift or loose electrode was flagged"
    else:
        found = f"{n - len(poor)} of {n} leads are usable; {'; '.join(parts)}"
    wants_fault = re.search(r"artefact|nois|distort|disturb|interfer|bad|poor|wander|drift", question)
    yes = f"{'Yes' if bool(parts) == bool(wants_fault) else 'No'}: " if asks_yes_or_no(question) else ""
    if yes and not wants_fault and parts and not poor:
        yes = "Yes: "
    text = capital(f"{yes}{found}.")
    misplaced = [suspicion["sentence"] for suspicion in measured.get("placement") or ()]
    n = len(evidence.record.leads)
    fewer = "" if n >= len(STANDARD_LEADS) else f" It has {n} of the 12 leads, so that not everything can be judged."
    return " ".join([text, *misplaced]) + fewer


def noisy_leads(evidence: Evidence, question: str) -> str:
    measured = evidence.measurements
    poor = {lead: [flag] for lead, flag in (measured.get("quality") or {}).items() if flag != "good"}
    disturbed = {lead: faults for lead, faults in (measured.get("disturbances") or {}).items() if faults}
    found = poor | {lead: faults for lead, faults in disturbed.items() if lead not in poor}
    if not found:
        return "No lead."
    return ", ".join(f"{lead} ({join(faults)})" for lead, faults in found.items()) + "."


def electrodes(evidence: Evidence, question: str) -> str:
    found = [suspicion["sentence"] for suspicion in evidence.measurements.get("placement") or ()]
    asks_fault = re.search(r"swap|switch|exchang|revers|misplac|wrong|mix", question)
    if found:
        yes = ("Possibly yes: " if asks_fault else "Possibly not: ") if asks_yes_or_no(question) else ""
        return yes + " ".join(found)
    if len(set(evidence.record.leads) & set(STANDARD_LEADS)) < len(STANDARD_LEADS):
        return "I cannot tell: exchanged electrodes are looked for with all 12 leads only."
    return "No sign of exchanged electrodes was found; a wrong height of the chest electrodes would not be noticed."


def leads(evidence: Evidence, question: str) -> str:
    names = evidence.record.leads
    return f"{len(names)} lead{'s' if len(names) != 1 else ''}: {', '.join(names)}."


def length(evidence: Evidence, question: str) -> str:
    return f"The recording lasts {evidence.record.duration_s:.1f} s."


def sampling(evidence: Evidence, question: str) -> str:
    return f"The sampling rate is {evidence.record.sampling_rate:g} Hz."


def age(evidence: Evidence, question: str) -> str:
    years = evidence.record.age
    return (
        "The file states no age."
        if years is None or years != years
        else f"The file states an age of {years:.0f} years."
    )


def sex(evidence: Evidence, question: str) -> str:
    return f"The file states the sex: {evidence.record.sex}." if evidence.record.sex else "The file states no sex."


def date(evidence: Evidence, question: str) -> str:
    when = evidence.record.recorded_at
    return f"It was recorded {when[:16].replace('T', ' ')}, by the file." if when else "The file states no date."


ANSWERS = {
    "quality": quality, "noisy_leads": noisy_leads, "electrodes": electrodes, "leads": leads, "length": length,
    "sampling": sampling, "age": age, "sex": sex, "date": date,
}  # fmt: skip
