"""Questions for several ECGs as a whole: dates, the most abnormal, better or worse, ST and T, quality, one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise

from ..evidence import Evidence
from ..measure.serial import MOST
from .overview import one_line
from .relations import ALL_WORDS, dated, in_order, numbers
from .said import abnormal, critical, join, mv, named, outside_limits
from .several_values import measured_changes
from .waves import level
from .words import JUDGING, WORRYING, understood, word_set

_KNOWN = (
    ALL_WORDS
    | JUDGING
    | WORRYING
    | word_set(
        "line overview summary interpret interpretation going getting get best worst else better worse worsened "
        "improved"
    )
)


def answered_together(question: str, evidences: Sequence[Evidence]) -> str:
    """The answer to a question on all ECGs together, as `relations.referring` has put it; "" for any other."""
    for cue, answer in _TOPICS:
        rest = re.sub(cue, " ", question)
        if rest != question and understood(rest, _KNOWN):
            return answer(question, evidences)
    return ""


def most_abnormal(question: str, evidences: Sequence[Evidence]) -> str:
    """The ECG with critical values, else with most called findings; what is said is counted, not judged."""
    urgent = [len(e.measurements.get("critical") or ()) for e in evidences]
    found = [len(abnormal(e)) + len(outside_limits(e)) for e in evidences]
    wants_least = re.search(r"\bbest\b|\bmost normal\b|\bleast\b|\bhealthiest\b", question)
    ranked = sorted(range(len(evidences)), key=lambda k: (urgent[k], found[k]), reverse=not wants_least)
    told = [
        f"ECG {k + 1}: {'critical: ' + critical(e) + ' ' if urgent[k] else ''}"
        f"{named(abnormal(e)) or 'no abnormal finding'}; outside its range: {join(outside_limits(e)) or 'nothing'}."
        for k, e in enumerate(evidences)
    ]
    first, second = ranked[0], ranked[1]
    if (urgent[first], found[first]) == (urgent[second], found[second]):
        start = f"By their number {numbers(sorted([first, second]))} cannot be told apart."
    elif urgent[first] != urgent[second] and not wants_least:
        start = f"ECG {first + 1}, by its critical value."
    else:
        few = "fewest" if wants_least else "most"
        start = f"ECG {first + 1} has the {few} findings and values outside their range ({found[first]})."
    return " ".join([start, *told, "Which one weighs most, the clinical picture decides."])


def better_or_worse(question: str, evidences: Sequence[Evidence]) -> str:
    """What came and went, without a judgement that an ECG cannot give."""
    order = in_order(evidences)
    parts = []
    for before, after in pairwise(order):
        first, second = dict(abnormal(evidences[before])), dict(abnormal(evidences[after]))
        came = [(c, p) for c, p in second.items() if c not in first]
        went = [(c, p) for c, p in first.items() if c not in second]
        said = [f"newly called {named(came)}"] if came else []
        said += [f"no longer called {named(went)}"] if went else []
        parts.append(f"{dated(after, evidences[after])}: {'; '.join(said) or 'the same abnormal findings'}.")
    urgent = [f"Critical in ECG {k + 1}: {critical(e)}" for k, e in enumerate(evidences) if critical(e)]
    measured = measured_changes(evidences, _MEASURED) if len(evidences) <= MOST else ""
    return " ".join(["Whether that is better or worse is for a clinician to judge.", *parts, *urgent, measured]).strip()


def waves(question: str, evidences: Sequence[Evidence]) -> str:
    """How ST and T differ by measurement."""
    asks_t = re.search(r"\bt\b", question) and not re.search(r"\bst\b", question)
    if len(evidences) > MOST:
        return ""
    return measured_changes(evidences, ("T",) if asks_t else ("ST", "T "))


def highest_st(question: str, evidences: Sequence[Evidence]) -> str:
    """The ECG and lead with the highest, or lowest, ST level."""
    sign = -1 if "depress" in question else 1
    levels = [
        (sign * value, k, lead)
        for k, e in enumerate(evidences)
        for lead, row in (e.measurements.get("leads") or {}).items()
        if (value := level(row)) is not None and lead != "aVR"
    ]
    if not levels:
        return "I cannot tell: the ST level could be measured in none of them."
    tops = [max((item for item in levels if item[1] == k), default=None) for k in range(len(evidences))]
    told = [f"ECG {k + 1} {mv(sign * top[0])} in {top[2]}" for k, top in enumerate(tops) if top]
    best = max(levels)
    listed = ", ".join(told)
    return f"ECG {best[1] + 1}: {mv(sign * best[0])} in {best[2]}. By ECG: {listed} (0.10 mV counts; aVR left out)."


def dates(question: str, evidences: Sequence[Evidence]) -> str:
    """When they were recorded, in order, and how far apart."""
    when = [e.record.recorded_at for e in evidences]
    if not all(when):
        lacking = numbers([k for k, date in enumerate(when) if not date])
        return f"I cannot tell: {lacking} {'has' if sum(not d for d in when) == 1 else 'have'} no date in the file."
    order = in_order(evidences)
    moments = [datetime.fromisoformat(str(when[k])).replace(tzinfo=None) for k in order]
    listed = ", ".join(f"ECG {k + 1} ({str(when[k])[:16].replace('T', ' ')})" for k in order)
    gaps = [f"{_apart(b - a)} from ECG {i + 1} to ECG {j + 1}"
            for (a, b), (i, j) in zip(pairwise(moments), pairwise(order), strict=True)]  # fmt: skip
    return f"In the order of their dates: {listed}. Between them: {join(gaps)}."


def _apart(gap: object) -> str:
    seconds = gap.total_seconds()  # type: ignore[attr-defined]
    days = seconds / 86400
    return f"{days:.0f} days" if days >= 2 else f"{seconds / 3600:.1f} hours"


def same_patient(question: str, evidences: Sequence[Evidence]) -> str:
    """What the files say; an ECG does not name its patient."""
    told = []
    for k, e in enumerate(evidences):
        age = f"age {e.record.age:.0f}" if e.record.age is not None and e.record.age == e.record.age else "no age"
        told.append(f"ECG {k + 1} {age}, {e.record.sex or 'no sex'}")
    return f"I cannot tell: an ECG does not show whose it is. The files say: {'; '.join(told)}."


def best_quality(question: str, evidences: Sequence[Evidence]) -> str:
    """How many leads are good and undisturbed in each."""
    counts = []
    for e in evidences:
        good = [lead for lead, flag in (e.measurements.get("quality") or {}).items() if flag == "good"]
        clean = [lead for lead in good if not (e.measurements.get("disturbances") or {}).get(lead)]
        counts.append((len(clean), len(good), len(e.record.leads)))
    told = ", ".join(f"ECG {k + 1} {c} of {n} leads undisturbed ({g} usable)" for k, (c, g, n) in enumerate(counts))
    best = [k for k, count in enumerate(counts) if count[:2] == max(c[:2] for c in counts)]
    start = "They do not differ" if len(best) == len(counts) else numbers(best)
    return f"{start}: {told}."


def each_in_a_line(question: str, evidences: Sequence[Evidence]) -> str:
    return "\n".join(f"{dated(k, e)}: {one_line(e, question)}" for k, e in enumerate(evidences))


_MEASURED = ("Rhythm", "Heart rate", "PR", "QRS", "QTc", "ST", "T wave", "The QRS")
_TOPICS: tuple[tuple[str, Callable[[str, Sequence[Evidence]], str]], ...] = (
    (r"\b(?:most|least) (?:abnormal|normal|pathological|worrying|concerning|severe|sick|urgent|dangerous)\b|"
     r"\bworr(?:y|ies|ied)(?: (?:you|me))?(?: (?:the )?most)?\b|"
     r"\b(?:looks? )?(?:best|worst|healthiest|sickest)\b(?! (?:signal|quality|recorded))", most_abnormal),
    (r"\b(?:better|worse|improv\w+|worsen\w*|deteriorat\w+|recover\w+|progress\w*|stable)\b", better_or_worse),
    (r"^which (?:ones?|ecgs?|of them|of these)? ?(?:is|are) abnormal$", most_abnormal),
    (r"\bsignificant(?:ly)?\b|\brelevant(?:ly)?\b", better_or_worse),
    (r"\b(?:highest|greatest|largest|most|deepest|biggest) st(?: segment)? (?:elevations?|depressions?)\b|"
     r"\bst (?:elevations?|depressions?) (?:highest|greatest|most|deepest)\b", highest_st),
    (r"\bst(?:[ -]?t)?(?:[ -]segments?)?(?: (?:changes?|levels?|shifts?|deviations?))*\b|\bt[ -]?waves?\b", waves),
    (r"\b(?:recorded|taken|acquired|made|done)\b|\btime (?:between|apart|lies)\b|\bhow far apart\b|\bwhat order\b|"
     r"\bdates?\b|\bhow (?:long|much time) (?:is )?between\b", dates),
    (r"\b(?:same|one) (?:patient|person|man|woman)\b|\bsame (?:patient|person)'s\b", same_patient),
    (r"\b(?:best|better|worst|good|highest) (?:signal )?quality\b|\b(?:signal )?quality (?:best|better|worst)\b|"
     r"\bcleanest\b", best_quality),
    (r"\b(?:summar(?:y|ise|ize)|one line|one sentence|briefly|each ecg|describe)\b"
     r"(?!.*\b(?:chang|cours|differ|develop))|"
     r"^what do (?:they|these ecgs|the ecgs) show$|^what does (?:it|this ecg|this) show$", each_in_a_line),
)  # fmt: skip
