"""What missing leads forbid to judge, and the same words where the leads suffice, so that words alone tell nothing."""

from __future__ import annotations

import random
from collections import Counter

from anyecg.leads import LIMB_LEADS, STANDARD_LEADS

from .balance import evenly
from .view import Dialogue, View, scored
from .wording import capital, join

_TERRITORIES = {
    "an anterior infarction": ("V1", "V2", "V3", "V4"), "a lateral infarction": ("I", "aVL", "V5", "V6"),
    "an inferior infarction": ("II", "III", "aVF"), "right bundle branch block": ("V1", "V6"),
    "left bundle branch block": ("V1", "V6"), "left ventricular hypertrophy by voltage": ("V1", "V5"),
}  # fmt: skip
CODES = {
    "an anterior infarction": ("AMI", "ASMI", "ALMI"), "a lateral infarction": ("LMI", "ALMI", "ILMI", "IPLMI"),
    "an inferior infarction": ("IMI", "ILMI", "IPMI", "IPLMI"), "right bundle branch block": ("CRBBB",),
    "left bundle branch block": ("CLBBB",), "left ventricular hypertrophy by voltage": ("LVH", "VCLVH"),
}  # fmt: skip
ASKED = (
    "Does this recording show {x}?", "Is there {x} here?", "Can you see {x}?", "What about {x}?",
    "Please look for {x}.", "Can {x} be recognised here?", "Do these leads show {x}?", "Would you see {x} here?",
)  # fmt: skip
_FEW = (STANDARD_LEADS[:6], STANDARD_LEADS[:2], STANDARD_LEADS[1:2], STANDARD_LEADS[6:])


def ask(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question that the leads at hand may or may not let one answer.

    Args:
        balance: per topic, "cannot be judged" minus other answers so far; kept near zero.
    """
    forbidden = balance["cannot be judged"] <= 0
    asked = unjudgeable(view, rng, balance) if forbidden else judged(view, rng, balance)
    if asked is not None:
        balance["cannot be judged"] += 1 if forbidden else -1
    return asked


def unjudgeable(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """A question that the leads at hand cannot answer, and what is missing; all 12 leads are cut down first."""
    if len(view.record.leads) == 12:
        view = view.cut(0.0, view.record.duration_s, rng.choice(_FEW))
    leads = view.record.leads
    have = set(leads) | (set(LIMB_LEADS) if len({"I", "II", "III"} & set(leads)) > 1 else set())
    lacking = {x: needed for x, needed in _TERRITORIES.items() if not set(needed) & have}
    if not lacking or not set(leads) & set(STANDARD_LEADS):
        return None
    x = min(lacking, key=lambda x: (balance[f"cannot judge {x}"], rng.random()))
    balance[f"cannot judge {x}"] += 1
    several = len(lacking[x]) > 1
    answer = f"{capital(x)} cannot be judged: {'leads' if several else 'lead'} {join(lacking[x])} "
    answer += f"{'are' if several else 'is'} missing."
    return _dialogue(view, x, answer, "unjudgeable", [x], "leads of the record", rng)


def judged(view: View, rng: random.Random, balance: Counter[str]) -> Dialogue | None:
    """The same where the leads do suffice; what could not be judged most often, and "yes" as often as "no"."""
    if len(view.record.leads) < 12:
        return None
    known = {x: [view.has(code) for code in codes] for x, codes in CODES.items()}
    holds = {x: any(said) for x, said in known.items() if any(said) or all(value is False for value in said)}
    poor = {lead for lead, word in (view.measurements.get("quality") or {}).items() if word != "good"}
    holds = {x: there for x, there in holds.items() if not poor & set(_TERRITORIES[x])}
    if not holds:
        return None
    yes = evenly("judged", any(holds.values()), not all(holds.values()), balance, rng)
    if yes is None:
        return None
    fitting = [x for x, there in holds.items() if there == yes]
    x = max(fitting, key=lambda x: (balance[f"cannot judge {x}"], rng.random()))
    balance[f"cannot judge {x}"] -= 1
    bare = x.removeprefix("an ").removeprefix("a ")
    answer = f"Yes, this ECG shows {x}." if yes else f"No, this ECG shows no {bare}."
    return _dialogue(view, x, answer, "judged verify", ["yes" if yes else "no"], view.truth, rng)


def _dialogue(
    view: View, x: str, answer: str, kind: str, answers: list[str], truth: str, rng: random.Random
) -> Dialogue:
    return scored(view, rng.choice(ASKED).format(x=x), answer, kind, answers, truth)
