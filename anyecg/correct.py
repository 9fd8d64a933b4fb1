"""Put the measured value where a text about one ECG gives a wrong one, if it is certain what is meant.

Certain is: a single value, named once in the text, of which there is one measurement, with no judgement beside it
("normal", "prolonged") that the new value could belie. Everything else is left for `check.contradictions` to show.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .check_ecgs import named_ecgs
from .check_numbers import agrees, claim_words, known_values, printed_with_unit
from .claim_names import plain
from .claims import NumberClaim, all_claims

_JUDGED = re.compile(
    r"\b(?:normal|unremarkable|long|prolonged|short|shortened|wide|broad|narrow|fast|rapid|slow|tachy\w*|brady\w*|"
    r"deviation|left|right|extreme|elevated|raised|reduced|high|low|tall|block|abnormal|borderline|limits?)\b"
)
_AROUND = 45
"""Characters before and behind a value in which a judgement belongs to it, unless its clause ends sooner."""


def corrected(text: str, measurements: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The text with certain corrections made, and one sentence for each.

    Args:
        text: an answer about one ECG; one that names ECGs ("ECG 2") is left as it is.
        measurements: `Measurements.to_dict()` of that ECG.

    Returns:
        (text, corrections): the printed unit and number of decimals stay; without a correction the text is unchanged.
    """
    if named_ecgs(plain(text)):
        return text, []
    claims = all_claims(text)
    said: list[str] = []
    for claim in sorted(claims, key=lambda c: -c.span[0]):  # from the end, so that places in the text stay right
        new = _replacement(text, claim, claims, measurements)
        if new is not None:
            value = known_values(claim.key, claim.leads, measurements)[0][1]
            said.insert(
                0,
                f"The text gave {claim_words(claim)}; corrected to {printed_with_unit(float(value or 0), claim.key)}.",
            )
            text = text[: claim.span[0]] + new + text[claim.span[1] :]
    return text, said


def _replacement(text: str, claim: NumberClaim, claims: list[NumberClaim], measured: Mapping[str, Any]) -> str | None:
    """What to print in place of a wrong value; None where it is right, unknown or not certain."""
    same = [other for other in claims if (other.key, other.leads) == (claim.key, claim.leads)]
    if claim.role or claim.low != claim.high or len(same) > 1 or len(claim.leads) > 1 or claim.key == "r_s":
        return None
    known = known_values(claim.key, claim.leads, measured)
    if agrees(claim, measured) is not False or not known or known[0][1] is None or _is_judged(text, claim):
        return None
    value = float(known[0][1])
    if claim.key.endswith("_mv") and value * claim.low < 0:
        return None  # "ST depression of 1 mm" is not mended by another number
    old = text[claim.span[0] : claim.span[1]].replace(",", ".")
    decimals = len(old.partition(".")[2])
    shown = abs(value) if claim.key.endswith("_mv") and claim.low < 0 and not re.match(r"[-−–]", old) else value
    return f"{shown / claim.scale:.{decimals}f}"


def _is_judged(text: str, claim: NumberClaim) -> bool:
    """Whether the same clause judges the value."""
    lower = plain(text)
    before = re.split(r"[.;,\n](?:\s|$)", lower[max(claim.span[0] - _AROUND, 0) : claim.span[0]])[-1]
    behind = re.split(r"[.;\n](?:\s|$)", lower[claim.span[1] : claim.span[1] + _AROUND])[0]
    name_of_axis = re.sub(r"\b(?:st )?(?:elevation|depression)\b", "", before)
    return bool(_JUDGED.search(name_of_axis) or _JUDGED.search(re.split(r",(?! which)", behind)[0]))
