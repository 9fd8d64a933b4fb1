"""Questions on single leads: noise, ST level, inverted T waves and Q waves."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from anyecg.leads import STANDARD_LEADS
from anyecg.measure.normal import Q_MV, ST_MV, T_MV

from . import judgeable
from .balance import evenly, least_told, paired
from .view import Dialogue, View, scored
from .wording import capital, join

Row = Mapping[str, float | None]


@dataclass(frozen=True)
class Sign:
    """Something measured in single leads."""

    name: str
    plural: bool
    leads: tuple[str, ...]
    """Where it is asked for."""
    holds: Callable[[Row], bool | None]
    """Of one lead's measurements; None where it is unclear."""
    truth: str


def _st_shift(row: Row, sign: int) -> bool | None:
    level = row.get("st_j_mv", row.get("st_mv"))
    if level is None:
        return None
    return True if sign * round(level, 2) >= ST_MV else False if sign * level < ST_MV / 2 else None


def _inverted_t(row: Row) -> bool | None:
    height = row.get("t_mv")
    return None if height is None else True if height <= T_MV else False if height > 0 else None


def _q_wave(row: Row) -> bool | None:
    depth = row.get("q_mv")
    if depth is None or not row.get("r_mv"):  # a QS complex is no Q wave and no absence of one
        return None
    return True if depth <= Q_MV else False if depth > Q_MV / 2 else None


SIGNS = {
    "ST elevation": Sign("ST elevation", False, STANDARD_LEADS, lambda row: _st_shift(row, 1), "ST level measured"),
    "ST depression": Sign("ST depression", False, STANDARD_LEADS, lambda row: _st_shift(row, -1), "ST level measured"),
    "T wave inversion": Sign(
        "T wave inversion", False, ("I", "II", "aVL", "V2", "V3", "V4", "V5", "V6"), _inverted_t, "T amplitude measured"
    ),
    "Q waves": Sign(
        "Q waves of at least 0.1 mV", True, ("I", "II", "III", "aVL", "aVF", "V2", "V3", "V4", "V5", "V6"), _q_wave,
        "Q amplitude measured",
    ),
}  # fmt: skip
NOISE_TRUTH = "PTB-XL noise columns"
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
_SIGN_VERIFY = (
    "{Is} there {what} in lead {lead}?", "Does lead {lead} show {what}?", "Do you see {what} in {lead}?",
    "Lead {lead}: {is} there {what}?", "Can you see {what} in lead {lead}?", "Has lead {lead} {what}?",
    "{What} in {lead}?", "Check lead {lead} for {what}.",
)  # fmt: skip
_SIGN_QUERY = (
    "Which leads show {what}?", "In which leads {is} there {what}?", "Name the leads with {what}.",
    "Where do you see {what}: in which leads?", "List the leads with {what}.", "{Is} there {what}, and in which leads?",
    "Which leads have {what}?", "Tell me the leads with {what}.",
)  # fmt: skip
_SIGNS_OF_LEAD = (
    "What does lead {lead} show: {signs}?", "Which of {signs} is in lead {lead}?", "Look at lead {lead}: {signs}?",
    "Lead {lead}: which of {signs} do you see?", "Does lead {lead} show any of {signs}, and which?",
    "Name what lead {lead} shows of {signs}.", "Which of these has lead {lead}: {signs}?",
    "Check lead {lead} for {signs}.",
)  # fmt: skip


def ask(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question on leads; None where nothing is known of them."""
    draw = rng.random()
    if draw < 0.3:
        return judgeable.ask(view, rng, balance)
    return _noise(view, rng, balance) if draw < 0.5 else _signs(view, rng, balance)


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
    if rng.random() < 0.4 and len(view.record.leads) > 2 and (leads or balance["noisy leads"] > 0):
        balance["noisy leads"] += 1 if leads else -2
        return _which_leads(view, rng.choice(_NOISE_QUERY), leads, "noise query", truth)
    chosen = paired("noise in", leads, clean, balance, rng)
    if chosen is None:
        return None  # clean leads are so frequent that "no" would be the answer
    lead, yes = chosen
    answer = f"Yes, lead {lead} is noisy." if yes else f"No, lead {lead} is not noisy."
    question = rng.choice(_NOISE_VERIFY).format(lead=lead)
    return scored(view, question, answer, "noise verify", ["yes" if yes else "no"], truth)


def signs(view: View, sign: Sign) -> dict[str, bool]:
    """Lead → whether it shows a sign, for the leads where that is clear."""
    rows = view.measurements.get("leads") or {}
    asked = [lead for lead in view.record.leads if lead in sign.leads and lead in rows]
    return {lead: holds for lead in asked if (holds := sign.holds(rows[lead])) is not None}


def _signs(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """Whether a lead shows a sign, which leads do, or which signs a lead shows."""
    known = {name: signs(view, sign) for name, sign in SIGNS.items()}
    if rng.random() < 0.2 and (asked := _signs_of_lead(view, known, rng, balance)):
        return asked
    names = sorted((n for n in known if known[n]), key=lambda n: (not any(known[n].values()), rng.random()))
    for name in names:
        if asked := _sign(view, name, known[name], rng, balance):
            return asked
    return None


def _sign(
    view: View, name: str, known: Mapping[str, bool], rng: random.Random, balance: Counter[str]
) -> Dialogue | None:
    sign = SIGNS[name]
    showing = [lead for lead, holds in known.items() if holds]
    clear = [lead for lead in known if lead not in showing]
    words = {
        "what": sign.name, "What": capital(sign.name), "is": "are" if sign.plural else "is",
        "Is": "Are" if sign.plural else "Is",
    }  # fmt: skip
    whole = all(lead in known for lead in sign.leads if lead in view.record.leads)
    if whole and rng.random() < 0.3 and (showing or balance[f"{name} anywhere"] >= 0):
        balance[f"{name} anywhere"] += 1 if showing else -1
        return _which_leads(view, rng.choice(_SIGN_QUERY).format(**words), showing, "lead query", sign.truth)
    yes = evenly(name, bool(showing), bool(clear), balance, rng)
    if yes is None:
        return None
    lead = least_told(showing if yes else clear, yes, name, balance, rng)
    answer = f"Yes, lead {lead} shows {sign.name}." if yes else f"No, lead {lead} shows no {sign.name}."
    question = rng.choice(_SIGN_VERIFY).format(lead=lead, **words)
    return scored(view, question, answer, "lead verify", ["yes" if yes else "no"], sign.truth)


def _signs_of_lead(
    view: View, known: Mapping[str, Mapping[str, bool]], rng: random.Random, balance: Counter[str]
) -> Dialogue | None:
    """Which signs a lead shows, of those that are clear in it."""
    showing = [lead for lead in view.record.leads if any(of.get(lead) for of in known.values())]
    if not showing or balance["signs of a lead"] > 3:
        showing = list(view.record.leads)
    lead = rng.choice(showing)
    clear = {name: of[lead] for name, of in known.items() if lead in of}
    there = [name for name, holds in clear.items() if holds]
    if len(clear) < 3 or (not there and balance["signs of a lead"] < 0):
        return None
    balance["signs of a lead"] += 1 if there else -2
    question = rng.choice(_SIGNS_OF_LEAD).format(lead=lead, signs=join(list(clear), "or"))
    answer = f"Lead {lead} shows {join(there)}." if there else f"Lead {lead} shows none of them."
    truth, options = "amplitudes measured by anyecg.measure", {name: name for name in clear}
    return scored(view, question, answer, "lead signs query", there, truth, options)


def _which_leads(view: View, question: str, leads: Sequence[str], kind: str, truth: str) -> Dialogue:
    answer = f"{join(leads)}." if leads else "No lead."
    return scored(view, question, answer, kind, leads, truth, {lead: lead for lead in view.record.leads})
