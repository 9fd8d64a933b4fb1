"""Numbers of one sentence with the quantity, unit and leads they belong to.

Every number looks for its name: the last one before it, else one right behind it ("a 160 ms PR interval"), else that
of the number before ("160 ms in ECG 1 and 210 ms in ECG 2"). Limits ("above 120 ms"), differences ("12 ms longer"),
normal ranges and atrial rates are no values, and a number without a unit must stand right behind its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from . import claim_names as names
from .claim_keys import key_of, leads_for, signed
from .claim_lists import pair_lists
from .claim_names import (
    ECG_NAME,
    LEADS,
    NAME,
    QUANTITY,
    QUANTITY_BETWEEN,
    Word,
    leads_of,
    without_definitions,
    without_other_numbers,
)


@dataclass(frozen=True)
class NumberClaim:
    """A value, or a range of values, that a text gives to a measurement."""

    key: str
    """A key of `Measurements.to_dict()` or of one of its leads; "qtc_ms" when the text names no correction formula,
    "rr_ms" for the mean RR interval, "r_s" for the ratio of R to S."""
    low: float
    high: float
    """Equal to `low` for a single value. Milliseconds, beats per minute, degrees or millivolts."""
    said: str
    """The words that were read."""
    leads: tuple[str, ...] = ()
    """The leads of an amplitude or an ST level."""
    span: tuple[int, int] = (0, 0)
    """Where the value stands in the text, without its unit."""
    scale: float = 1.0
    """What one printed unit is in the unit of the key: 1000 for seconds, 0.1 for mm at 10 mm/mV."""
    role: str = ""
    """ "before" or "after" in a change ("from 160 to 210 ms")."""


_NORMAL_RANGE = re.compile(r"\b(?:normal(?:ly|:| range| values?| is)?|n:|ref\w*:?)[ (:]*$")
_REFERENCE = re.compile(r"\s*[,;]?\s*[(\[]\s*$")
_NOT_A_VALUE = re.compile(
    r"[<≤≥]|\b(?:below|above|under|over|exceed\w*|at least|at most|less|more|greater|fewer|than|"
    r"beyond|limits?|"
    r"threshold|reference|atrial|flutter|difference|changed?(?! from)|cut-?off|(?:pvc|pac)s?|extrasystoles?|ectop\w+|"
    r"normal(?:ly)? range|would|should|if)\b"
)
_BY = re.compile(r"\bby (?:about |approximately |up to |some )?$")
_DIFFERENCE_AFTER = re.compile(
    r"\s*(?:longer|shorter|wider|narrower|faster|slower|higher|lower|more|less|difference|apart|upper|"
    r"limit|increase|decrease|or (?:more|less|above|longer|shorter))\b"
)
_WOULD = re.compile(
    r"\s*\)?(?: or (?:more|less|above|longer))?\s*(?:would|might|could|is (?:defined|needed|required))\b"
)
_EARLIER = re.compile(r"\b(?:previously|formerly|earlier|beforehand|last time|prior)\b[^\d]{0,15}$")
_SPREAD = re.compile(r"\b(?:rang\w+|var(?:y|ie)\w*|fluctuat\w+|swing\w*|between)\b[^.]{0,25}$")
_RIGHT_BEHIND = re.compile(r"[\s-]*(?:of )?(?:horizontal |upsloping |tall )?")
_CARRY = re.compile(
    r"(?:[\s,():;*|-]|ecgs? ?#?\d+|\b(?:and|vs|versus|against|in|on|for|the|to|compared with|compared to|but|or|was|is|"
    r"it|now|only|instead of|rather than|up from|down from|from|of|at|this|that|measures?|measured|has|had|shows?|"
    r"showed|then|later|before|previously|earlier|about|approx|around|interval|duration|value|respectively|while|"
    r"whereas|with|after|a|one|another)\b)*"
)
"""What may stand between two values of the same quantity."""
_ARROW = re.compile(r"\s*\)?\s*(?:[-=]?>|(?:up |down )?to)\s*$")


def sentence_claims(sentence: str) -> list[NumberClaim]:
    """Every value that a sentence, as `plain` gives it, claims; those of a change have a role."""
    words = _words(sentence)
    free = _without_words(sentence, words)
    pattern = QUANTITY_BETWEEN if "between" in sentence else QUANTITY
    quantities = list(pattern.finditer(free))
    paired = pair_lists(sentence, words, quantities)
    claims: list[NumberClaim] = []
    last: NumberClaim | None = None
    for k, match in enumerate(quantities):
        following = quantities[k + 1].start() if k + 1 < len(quantities) else len(sentence)
        if k in paired:
            made = _from_name(sentence, words, match, paired[k], 0, following, in_list=True)
        else:
            previous_end = quantities[k - 1].end() if k else 0
            made = _claims_of(sentence, words, match, previous_end, following, last)
        claims += made
        last = made[-1] if made else last
    return claims


def _words(sentence: str) -> list[Word]:
    """Names and leads in order; a lead inside a name ("SV1 + RV5") belongs to the name."""
    found = [Word(m.start(), m.end(), str(m.lastgroup)) for m in NAME.finditer(without_definitions(sentence))]
    for match in LEADS.finditer(sentence):
        start = match.start("list") if match.group("list") else match.start("territory")
        alone = match.group("list") == "i" and not re.search(r"(?:leads?|in|of|for|and|,) ?$", sentence[:start])
        inside = any(w.start <= start < w.end for w in found)
        if not inside and not (alone and sentence[match.end() : match.end() + 1] not in (":", "=", "|")):
            found.append(Word(match.start(), match.end(), "leads", leads_of(match)))
    return sorted(found)


def _without_words(sentence: str, words: list[Word]) -> str:
    """The sentence without digits that belong to names, leads, ECGs, dates or ratios."""
    shown = list(without_other_numbers(ECG_NAME.sub(lambda m: " " * len(m.group(0)), sentence)))
    for word in words:
        if word.what == "leads" or any(c.isdigit() for c in sentence[word.start : word.end]):
            shown[word.start : word.end] = "_" * (word.end - word.start)
    return "".join(shown)


def _claims_of(
    sentence: str, words: list[Word], match: re.Match[str], previous_end: int, following: int, last: NumberClaim | None
) -> list[NumberClaim]:
    """The claims that one quantity makes: none, one, or two for a change or a spread of rates."""
    formula = names.FORMULA_AFTER.match(sentence, previous_end) if previous_end else None
    previous_end = formula.end() if formula and formula.end() <= match.start() else previous_end
    before = [w for w in words if previous_end <= w.start and w.end <= match.start() and w.what != "leads"]
    name = before[-1] if before else None
    if name and name.what == "rhythm" and match.group("unit"):
        name = None  # "rhythm at 72" needs no unit; with one the number speaks for itself
    gap = sentence[name.end if name else previous_end : match.start()]
    after = sentence[match.end() :]
    if _is_conditional(sentence, match) or (">" in gap and not _ARROW.fullmatch(sentence, previous_end, match.start())):
        return []
    if name and sentence[: name.start].rstrip().endswith("+"):
        return []
    if _NOT_A_VALUE.search(gap[-40:]) or _DIFFERENCE_AFTER.match(after) or (name and name.what == "other"):
        return []
    if match.group("high") and (_NORMAL_RANGE.search(gap) or (not name and _REFERENCE.fullmatch(gap))):
        return []
    if _BY.search(gap) and not (name and name.what == "st_mv"):
        return []
    if name is None:
        name = (_name_behind(words, match, sentence) if match.group("unit") else None) or _formula_behind(
            after, match.start()
        )
    if name is None and last and (_CARRY.fullmatch(gap) or _is_lead_list(words, previous_end, match.start(), gap)):
        name = Word(last.span[0], last.span[1], last.key, ())
    carried = last if last and last.role == "before" and _ARROW.search(sentence[previous_end : match.start()]) else None
    if carried and name is None:
        name = Word(0, 0, carried.key)
    word = name or Word(match.start(), match.start(), "")
    made = _from_name(sentence, words, match, (word, match.group("unit") or ""), previous_end, following)
    if (
        made
        and made[0].key == "heart_rate_bpm"
        and made[0].low != made[0].high
        and _SPREAD.search(sentence[: match.start()])
    ):
        return _spread(made[0], match)
    return _with_roles(sentence, match, made, carried is not None)


def _is_conditional(sentence: str, match: re.Match[str]) -> bool:
    """ "If the QRS were 150 ms, …", "an axis of -45° would suggest …" claim nothing."""
    clause = re.split(r"[;:]|, ", sentence[: match.start()])[-1]
    return bool(re.search(r"\b(?:if|unless|suppose|were to)\b", clause) or _WOULD.match(sentence, match.end()))


def _name_behind(words: list[Word], match: re.Match[str], sentence: str) -> Word | None:
    """ "a 160 ms PR interval", "2 mm of ST elevation", "2.1 mV R wave": the name right behind the value."""
    opens = re.search(r"(?:^|[,;:(] ?)(?:with|at) (?:about )?$", sentence[: match.start()])
    for word in words:
        if word.start >= match.end() and word.what != "leads":
            between = sentence[match.end() : word.start]
            is_right_behind = _RIGHT_BEHIND.fullmatch(between) or (opens and re.fullmatch(r",? the ", between))
            in_brackets = re.fullmatch(r"\s*\((?:the )?", between) and re.match(r"(?: \w+)?\)", sentence[word.end :])
            return word if is_right_behind or in_brackets else None
    return None


def _formula_behind(after: str, at: int) -> Word | None:
    formula = names.FORMULA_AFTER.match(after)
    return Word(at, at, str(formula.lastgroup)) if formula else None


def _is_lead_list(words: list[Word], start: int, end: int, gap: str) -> bool:
    """ "R in V5 2.1 mV, V6 1.8 mV" or "2 mm in V2, 3 mm in V3": only leads stand between two values."""
    rest = gap
    for word in words:
        if start <= word.start and word.end <= end:
            rest = rest.replace(gap[word.start - start : word.end - start], " ")
    return re.fullmatch(r"(?:[\s,():;]|and|in|is|lead|leads)*", rest) is not None


def _with_roles(sentence: str, match: re.Match[str], made: list[NumberClaim], is_after: bool) -> list[NumberClaim]:
    """Mark the values of a change ("from 160 to 210 ms", "160 ms -> 210 ms")."""
    if not made:
        return []
    claim = made[0]
    is_from = re.search(r"\bfrom (?:about |around )?$", sentence[: match.start()]) and not _SPREAD.search(
        sentence[: match.start()]
    )
    if is_from and match.group("high"):
        low, high = match.start("low"), match.start("high")
        first, second = (_number(match.group(part)) * claim.scale for part in ("low", "high"))
        return [
            replace(claim, low=first, high=first, role="before", span=(low, match.end("low"))),
            replace(claim, low=second, high=second, role="after", span=(high, match.end("high"))),
        ]
    arrow = re.match(r"\s*\)?\s*[-=]?>\s*[-+]?\d", sentence[match.end() :])
    is_earlier = _EARLIER.search(sentence[max(match.start() - 40, 0) : match.start()])
    role = "after" if is_after else "before" if is_from or arrow or is_earlier else ""
    return [replace(claim, role=role)]


def _spread(claim: NumberClaim, match: re.Match[str]) -> list[NumberClaim]:
    return [
        replace(claim, key="heart_rate_min_bpm", high=claim.low, span=match.span("low")),
        replace(claim, key="heart_rate_max_bpm", low=claim.high, span=match.span("high")),
    ]


def _from_name(
    sentence: str,
    words: list[Word],
    match: re.Match[str],
    named: tuple[Word, str],
    previous_end: int,
    following: int,
    in_list: bool = False,
) -> list[NumberClaim]:
    """A claim from a value and its name, if the unit fits the name."""
    name, unit = named
    gap = sentence[name.end : match.start()] if name.end <= match.start() else ""
    after = sentence[match.end() :]
    bracket = names.FORMULA_AFTER.match(after) if after.lstrip().startswith("(") else None
    gap = "" if in_list or (bracket and name.what.startswith("qtc")) else gap
    low = _number(match.group("low"))
    kind = key_of(unit, name.what, gap, "" if in_list else after, low)
    if kind is None:
        return []
    key, scale = kind
    high = _number(match.group("high")) if match.group("high") else low
    if key.startswith("qtc_"):  # the formula may stand in brackets behind or in between
        behind, between = names.FORMULA_AFTER.match(after), names.FORMULA_AFTER.match(gap)
        formula = behind if key == "qtc_ms" or after.lstrip().startswith("(") else None
        formula = formula or (between if key == "qtc_ms" else None)
        key = str(formula.lastgroup) if formula else key
    leads: tuple[str, ...] = ()
    if key in names.WAVE_KEYS or key == "r_s":
        leads = leads_for(sentence, words, name, match, previous_end, following)
        if not leads:
            return []
        low, high = signed(key, low, high, sentence[max(previous_end, min(name.start, match.start()) - 40) : following])
    said = sentence[min(name.start, match.start()) if name.end else match.start() : match.end()].strip()
    span = (match.start("low"), match.end("high" if match.group("high") else "low"))
    low, high = sorted((low * scale, high * scale)) if key not in names.ANGLE_KEYS else (low, high)
    return [NumberClaim(key, low, high, said, leads, span, scale)]


def _number(text: str) -> float:
    return float(text.replace(",", "."))
