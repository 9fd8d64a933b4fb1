"""Questions on single leads: noise, ST level, signal quality, and what missing leads forbid."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from anyecg.leads import STANDARD_LEADS

from .view import Dialogue, View
from .wording import capital, join

ST_MV = 0.1
"""Elevation or depression that counts (Kligfield et al. 2007); less than half of it is "no"."""
NOISE_TRUTH = "PTB-XL noise columns"
_TERRITORIES = {
    "an anterior infarction": ("V1", "V2", "V3", "V4"), "a lateral infarction": ("I", "aVL", "V5", "V6"),
    "an inferior infarction": ("II", "III", "aVF"), "right bundle branch block": ("V1", "V6"),
    "left bundle branch block": ("V1", "V6"), "left ventricular hypertrophy by voltage": ("V1", "V5"),
    "the frontal axis": ("I", "II"),
}  # fmt: skip
_CODES = {
    "an anterior infarction": ("AMI", "ASMI", "ALMI"), "an inferior infarction": ("IMI", "ILMI", "IPMI", "IPLMI"),
    "right bundle branch block": ("CRBBB",), "left bundle branch block": ("CLBBB",),
}  # fmt: skip
_NOISE_VERIFY = (
    "Is there noise in lead {lead}?", "Does lead {lead} show noise?", "Is lead {lead} disturbed by noise?",
    "Can noise be seen in lead {lead}?", "Is the signal of lead {lead} noisy?", "Does noise disturb lead {lead}?",
    "Do you see interference in lead {lead}?", "Lead {lead}: is it noisy?",
)  # fmt: skip
_NOISE_QUERY = (
    "Which leads are noisy?", "In which leads do you see noise?", "Which leads are disturbed?",
    "Name the leads with noise.", "Is any lead noisy, and which?", "List the leads with a disturbed signal.",
    "Where is the signal disturbed: in which leads?", "Which leads show interference?",
)  # fmt: skip
_ST_VERIFY = (
    "Is there ST {what} in lead {lead}?", "Does lead {lead} show ST {what}?", "Do you see ST {what} in {lead}?",
    "Lead {lead}: is there ST {what}?", "Is the ST segment of lead {lead} {adjective}?",
    "Can you see ST {what} in lead {lead}?", "Has lead {lead} an ST {what}?", "ST {what} in {lead}?",
)  # fmt: skip
_ST_QUERY = (
    "Which leads show ST {what}?", "In which leads is there ST {what}?", "Name the leads with ST {what}.",
    "Where do you see ST {what}: in which leads?", "List the leads with ST {what}.",
    "Is there ST {what}, and in which leads?", "Which leads have an ST segment that is {adjective}?",
    "Tell me the leads with ST {what}.",
)  # fmt: skip
_JUDGE = (
    "Does this recording show {x}?", "Can you judge {x} here?", "Can you see {x}?", "What about {x}?",
    "Please look for {x}.", "Can {x} be recognised here?", "Do these leads show {x}?", "Would you see {x} here?",
)  # fmt: skip


def ask(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question on leads; None where nothing is known of them."""
    draw = rng.random()
    if draw < 0.3:
        return _unjudgeable(view, rng) if rng.random() < 0.5 else _judgeable(view, rng, balance)
    return _noise(view, rng, balance) if draw < 0.6 else _st(view, rng, balance)


def noisy_leads(view: View) -> tuple[list[str], str] | None:
    """Leads with noise and where that is known from; None where nobody looked."""
    if "noise" in view.known_events:
        events = view.events_of("noise")
        named = {lead for event in events for lead in event["leads"] or view.record.leads}
        return [lead for lead in view.record.leads if lead in named], f"{view.truth}: annotated noise"
    if "noise" in view.facts:
        stated = view.facts["noise"].values()
        named = {lead for leads in stated for lead in leads or ()}
        return None if None in stated else ([le for le in view.record.leads if le in named], NOISE_TRUTH)
    quality = view.measurements.get("quality")
    if not quality:
        return None
    disturbed = view.measurements.get("disturbances") or {}
    noise = [
        lead
        for lead in view.record.leads
        if quality.get(lead) == "noisy" or {"muscle noise", "mains hum"} & set(disturbed.get(lead, ()))
    ]
    return noise, "signal quality measured by anyecg.measure"


def _noise(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    known = noisy_leads(view)
    if known is None:
        return None
    leads, truth = known
    clean = [lead for lead in view.record.leads if lead not in leads]
    if rng.random() < 0.4 and len(view.record.leads) > 2:
        answer = _leads_said(leads, view.record.leads)
        return _dialogue(view, rng.choice(_NOISE_QUERY), answer, "noise query", leads or ["no lead"], truth)
    yes = bool(leads) and (not clean or balance["noise"] <= 0)
    if not yes and (not clean or balance["noise"] <= -3):
        return None  # clean leads are so frequent that "no" would be the answer
    lead = rng.choice(leads if yes else clean)
    balance["noise"] += 1 if yes else -1
    answer = f"Yes, lead {lead} is noisy." if yes else f"No, lead {lead} is not noisy."
    question = rng.choice(_NOISE_VERIFY).format(lead=lead)
    return _dialogue(view, question, answer, "noise verify", ["yes" if yes else "no"], truth)


def _st(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    levels = {
        lead: row.get("st_j_mv", row.get("st_mv"))
        for lead, row in (view.measurements.get("leads") or {}).items()
        if lead in view.record.leads
    }
    levels = {lead: level for lead, level in levels.items() if level is not None}
    if not levels:
        return None
    what, adjective, sign = rng.choice((("elevation", "elevated", 1), ("depression", "depressed", -1)))
    shifted = [lead for lead, level in levels.items() if sign * round(level, 2) >= ST_MV]
    clear = [lead for lead, level in levels.items() if sign * level < ST_MV / 2]
    if len(shifted) + len(clear) == len(levels) and rng.random() < 0.3 and (shifted or balance[what] > -2):
        balance[what] += 1 if shifted else -1
        question = rng.choice(_ST_QUERY).format(what=what, adjective=adjective)
        answer = _leads_said(shifted, tuple(levels))
        return _dialogue(view, question, answer, "lead query", shifted or ["no lead"], "ST level measured")
    yes = bool(shifted) and balance[what] <= 0
    if not yes and (not clear or balance[what] <= -3):
        return None
    lead = rng.choice(shifted if yes else clear)
    balance[what] += 1 if yes else -1
    answer = f"Yes, lead {lead} shows ST {what}." if yes else f"No, lead {lead} shows no ST {what}."
    question = rng.choice(_ST_VERIFY).format(what=what, adjective=adjective, lead=lead)
    return _dialogue(view, question, answer, "lead verify", ["yes" if yes else "no"], "ST level measured")


def _unjudgeable(view: View, rng: random.Random) -> Dialogue | None:
    """A question that the leads at hand cannot answer, and what is missing."""
    leads = view.record.leads
    if len(leads) == 12 and rng.random() < 0.8:
        view = view.cut(0.0, view.record.duration_s, rng.choice((leads[:6], leads[:2], leads[1:2], leads[6:])))
        leads = view.record.leads
    have = set(leads) | ({"I", "II", "III", "aVR", "aVL", "aVF"} if len({"I", "II", "III"} & set(leads)) > 1 else set())
    lacking = {
        x: missing
        for x, needed in _TERRITORIES.items()
        if len(missing := [lead for lead in needed if lead not in have]) == len(needed)
    }
    if not lacking or not set(leads) & set(STANDARD_LEADS):
        return None
    x = rng.choice(sorted(lacking))
    names = join(lacking[x])
    answer = f"{capital(x)} cannot be judged: {'leads' if len(lacking[x]) > 1 else 'lead'} {names} "
    answer += f"{'are' if len(lacking[x]) > 1 else 'is'} missing."
    return _dialogue(view, rng.choice(_JUDGE).format(x=x), answer, "unjudgeable", [x], "leads of the record")


def _judgeable(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """The same words where the leads do suffice, so that the words alone do not give the answer away."""
    if len(view.record.leads) < 12:
        return None
    known = {x: [view.has(code) for code in codes] for x, codes in _CODES.items()}
    present = [x for x, said in known.items() if any(said)]
    absent = [x for x, said in known.items() if all(value is False for value in said)]
    yes = bool(present) and (not absent or balance["judgeable"] <= 0)
    if not (present if yes else absent) or (not yes and balance["judgeable"] <= -2):
        return None
    x = rng.choice(present if yes else absent)
    balance["judgeable"] += 1 if yes else -1
    bare = x.removeprefix("an ")
    answer = f"Yes, this ECG shows {x}." if yes else f"No, this ECG shows no {bare}."
    return _dialogue(view, rng.choice(_JUDGE).format(x=x), answer, "lead verify", ["yes" if yes else "no"], view.truth)


def _leads_said(leads: Sequence[str], of: Sequence[str]) -> str:
    return f"{join(leads)}." if leads else "No lead."


def _dialogue(view: View, question: str, answer: str, kind: str, answers: list[str], truth: str) -> Dialogue:
    gold = {"type": kind, "answer": answers, "codes": []}
    return Dialogue("question", (view,), ((question, answer),), (truth,), gold)
