"""Kinds of noise and their leads, as the ECG-QA grammar asks for them: verify, choose and query.

A question is about one kind or about noise of any kind, in one lead or anywhere in the recording.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .balance import paired
from .leads import NOISE_TRUTH
from .view import Dialogue, View, scored
from .wording import agree, capital, join

KINDS = ("baseline drift", "static noise", "burst noise", "electrode problems")
ANY = "noise of any kind"
_IN_LEAD = (
    "Is there {x} in lead {lead}?", "Does lead {lead} show {x}?", "Can {x} be detected in lead {lead}?",
    "Is {x} present in lead {lead}?", "Do you see {x} in lead {lead}?", "Lead {lead}: is there {x}?",
    "Is lead {lead} disturbed by {x}?", "Does this ECG have {x} in lead {lead}?",
)  # fmt: skip
_ANYWHERE = (
    "Is there {x} in this ECG?", "Does {x} disturb this ECG?", "Is {x} visible in this recording?",
    "Are there signs of {x}?", "Is this recording affected by {x}?", "Do you see {x} in any lead?",
    "Is any lead disturbed by {x}?", "Check this recording for {x}.",
)  # fmt: skip
_CHOOSE = (
    "Which disturbs {place}: {x} or {y}?", "Is it {x} or {y} in {place}?", "Does {place} show {x} or {y}?",
    "{Place}: {x} or {y}?", "Do you see {x} or {y} in {place}?", "Choose for {place}: {x} or {y}.",
    "Which is present in {place}, {x} or {y}?", "Decide between {x} and {y} in {place}.",
)  # fmt: skip
_WHICH_KINDS = (
    "Which kinds of noise does {place} show?", "What disturbs {place}?", "Which noise is in {place}?",
    "Name the kinds of noise in {place}.", "What kind of noise do you see in {place}?",
    "Which disturbances does {place} have?", "{Place}: which kinds of noise?", "List the kinds of noise of {place}.",
)  # fmt: skip
_WHICH_LEADS = (
    "Which leads show {x}?", "In which leads is there {x}?", "Name the leads with {x}.", "Where do you see {x}?",
    "Which leads are disturbed by {x}?", "List the leads with {x}.", "In what leads does {x} occur?",
    "Is there {x}, and in which leads?",
)  # fmt: skip
_OF_NOISY, _OF_CLEAN = (50, 15, 20, 15), (80, 5, 10, 5)  # verify, choose, kinds, leads: clean ones give the "no"
_IN_LEAD_SHARE = 0.65  # of the questions whether there is noise
_CLEAN_QUERIES = 0.25  # of the queries, where the answer is that there is none
Noise = Mapping[str, Sequence[str]]
"""Kind → leads that have it; a kind whose leads nobody named is left out."""


def ask(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question on the noise that a database remarks; None where nothing is known, or the recording is one clean one
    too many: most are, and "no" would be the answer.

    Args:
        balance: per kind and place, "yes" minus "no" answers so far; kept near zero.
    """
    noise = known(view)
    there = any(noise.values())
    if not noise or (not there and balance["noise there"] < 0):
        return None
    balance["noise there"] += 1 if there else -1
    way = rng.choices((_verify, _choose, _kinds, _leads), _OF_NOISY if there else _OF_CLEAN)[0]
    return way(view, noise, rng, balance) or _verify(view, noise, rng, balance)


def known(view: View) -> dict[str, list[str]]:
    """The noise of a view, as far as its leads were named."""
    stated = view.facts.get("noise") or {}
    return {
        kind: [lead for lead in view.record.leads if lead in leads]
        for kind, leads in stated.items() if leads is not None
    }  # fmt: skip


def holds(noise: Noise, kind: str, lead: str = "") -> bool:
    """Whether a kind, or any for `ANY`, is in a lead, or anywhere without one."""
    leads = [lead for found in noise.values() for lead in found] if kind == ANY else noise[kind]
    return lead in leads if lead else bool(leads)


def worded(question: str, kind: str) -> str:
    """The question with its verb in the plural where the noise is electrode problems."""
    return agree(question, kind, kind == "electrode problems")


def topics(noise: Noise) -> tuple[str, ...]:
    """What can be asked for: the kinds that are known, and noise of any kind where all are."""
    return (*noise, ANY) if len(noise) == len(KINDS) else tuple(noise)


def _verify(view: View, noise: Noise, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    places = view.record.leads if rng.random() < _IN_LEAD_SHARE else ("",)
    asked = [(kind, lead) for kind in topics(noise) for lead in ("", *view.record.leads)]
    there = [f"{kind}|{lead}" for kind, lead in asked if lead in places and holds(noise, kind, lead)]
    absent = [f"{kind}|{lead}" for kind, lead in asked if not holds(noise, kind, lead)]
    chosen = paired("noise verify", there, absent, balance, rng)
    if chosen is None:
        return None
    (kind, _, lead), yes = chosen[0].partition("|"), chosen[1]
    where = f" in lead {lead}" if lead else f" {_in_leads(_leads_of(noise, kind, view), view)}" if yes else ""
    be, what = "are" if kind == "electrode problems" else "is", kind.replace(ANY, "noise")
    said = f"Yes, there {be} {what}{where}." if yes else f"No, there {be} no {what}{where}."
    question = worded(rng.choice(_IN_LEAD if lead else _ANYWHERE).format(x=kind, lead=lead), kind)
    return _dialogue(view, question, said, "noise verify", ["yes" if yes else "no"], {})


def _choose(view: View, noise: Noise, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """One of two kinds, both or neither, in a lead or anywhere."""
    lead = _some_lead(view, noise, rng) if rng.random() < 0.6 else ""
    there = [kind for kind in noise if holds(noise, kind, lead)]
    others = [kind for kind in noise if kind not in there]
    pairs = [there] if len(there) > 1 and rng.random() < 0.3 else [others] if rng.random() < 0.25 or not there else []
    pairs = [kinds for kinds in pairs if len(kinds) > 1]
    if not pairs and not (there and others):
        return None
    asked = rng.sample(pairs[0] if pairs else [rng.choice(there), rng.choice(others)], 2)
    right = [kind for kind in asked if kind in there]
    place = f"lead {lead}" if lead else "this ECG"
    question = rng.choice(_CHOOSE).format(x=asked[0], y=asked[1], place=place, Place=capital(place))
    answer = f"{capital(place)} shows {join(right)}." if right else f"{capital(place)} shows neither of them."
    return _dialogue(view, question, answer, "noise choose", right, _options(asked))


def _kinds(view: View, noise: Noise, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """Which kinds are in a lead, or anywhere."""
    if len(noise) < len(KINDS):
        return None
    lead = _some_lead(view, noise, rng) if rng.random() < 0.6 else ""
    kinds = [kind for kind in noise if holds(noise, kind, lead)]
    place = f"lead {lead}" if lead else "this ECG"
    question = rng.choice(_WHICH_KINDS).format(place=place, Place=capital(place))
    answer = f"{capital(place)} shows {join(kinds) if kinds else 'none of them'}."
    return _dialogue(view, question, answer, "noise query", kinds, _options(KINDS))


def _leads(view: View, noise: Noise, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """Which leads show a kind."""
    there = [kind for kind, leads in noise.items() if leads]
    absent = [kind for kind in noise if kind not in there]
    kind = rng.choice(there if there and (not absent or rng.random() > _CLEAN_QUERIES) else absent)
    question = worded(rng.choice(_WHICH_LEADS).format(x=kind), kind)
    answer = f"{capital(kind)} {_in_leads(noise[kind], view)}." if noise[kind] else f"No lead shows {kind}."
    names = {f"lead {lead}": lead for lead in view.record.leads}
    return _dialogue(view, question, answer, "noise query", [f"lead {lead}" for lead in noise[kind]], names)


def _some_lead(view: View, noise: Noise, rng: random.Random) -> str:
    """A noisy lead more often than a clean one, which would be the usual answer."""
    noisy = [lead for lead in view.record.leads if any(lead in leads for leads in noise.values())]
    return rng.choice(noisy if noisy and rng.random() > _CLEAN_QUERIES else view.record.leads)


def _leads_of(noise: Noise, kind: str, view: View) -> list[str]:
    return [lead for lead in view.record.leads if holds(noise, kind, lead)]


def _in_leads(leads: Sequence[str], view: View) -> str:
    if len(leads) == len(view.record.leads) > 2:
        return f"in all leads: {join(leads)}"
    return f"in lead{'s' * (len(leads) > 1)} {join(leads)}"


def _options(names: Iterable[str]) -> dict[str, str]:
    return {name: name for name in names}


def _dialogue(
    view: View, question: str, answer: str, kind: str, answers: Sequence[str], options: Mapping[str, str]
) -> Dialogue:
    return scored(view, question, answer, kind, answers, NOISE_TRUTH, options)
