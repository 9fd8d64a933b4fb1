"""Closed questions on several ECGs that the evidence answers.

They are: what changed, which one shows a finding, what is new, gone, still or not there, what all have, since when
something is there, and which numbers differ (`several_values`). A change whose two probabilities do not make it likely
(p in the one times 1 - p in the other below `SURE_CHANGE`) is marked uncertain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from ..abstain import UNJUDGED
from ..check_findings import percent
from ..evidence import Evidence
from ..findings import FINDINGS, findings_in_text, phrase, without_findings
from ..measure.serial import MOST as MOST_COMPARED
from ..measure.serial import compare
from .findings import GROUPS
from .relations import ALL_WORDS, HOLDS, KNOWN, dated, in_order, numbers, referring, relation_of
from .said import called, capital, is_called, join
from .several_values import answered_numbers
from .spoken import spoken
from .together import answered_together, dates
from .waves import measured_leads
from .words import plain, understood, word_set

SURE_CHANGE = 0.5
_BETWEEN = word_set("anything something else any treatment therapy medication procedure intervention operation")
_WHICH = re.compile(r"\bwhich\b|\bname the\b|\bwhat ecgs?\b|\bwhere do you\b|\bin how many\b|\bhow many\b")
_WHEN = re.compile(r"\bwhen\b|\bsince when\b|\bhow long\b")
_CHANGED = re.compile(
    r"\b(?:chang|compar|differ|new|develop|course|came and went|follow|evol|happened|progress|gone|went away)"
)
_WHOSE = re.compile(
    r"\b(?:both are of the same patient|the ecgs belong to (?:one patient|different patients)|"
    r"two patients one ecg each|same patient two recordings|"
    r"they are of two different patients|(?:from|of) (?:the same|one) patient)\b"
)
_COURSE = ("New in ECG 2", "Not in ECG 2 any more", "Unchanged")
_INTERVALS = ("pr_ms", "qrs_ms", "qtc_fridericia_ms", "axis_deg")
_APART = ("Only in ECG 2", "Only in ECG 1", "In both")
_AND = re.compile(r"\band\b(?: (?:which|what)(?: ones?)?)?(?: (?:have|has|are|is))?(?: been)?\b")
NEW_AND_GONE = re.compile(r"\bnew\b.*\b(?:resolved?|gone|no longer|disappeared)\b")
_NORMAL = re.compile(r"\b(?:everything (?:is )?normal|normal|no abnormality)\b")
_KINDS = (
    ("r", r"\brhythms?\b"), ("f", r"\bfindings of form\b|\bform (?:findings|statements)\b"),
    ("d", r"\bdiagnos(?:es|tic findings|tic statements|is)\b"),
    ("", r"\bfindings?\b|\babnormalit(?:y|ies)\b|\bproblems?\b"),
)  # fmt: skip
_QUERY_WORDS = KNOWN | word_set(
    "what list over after before earlier either anything something else both ecgs abnormality agree together overlap "
    "kinds"
)


_OLDER = re.compile(
    r"^which (?:one|ecg|recording|tracing)?\b.*\b(?:older|oldest|newer|newest|earlier|earliest|latest)\b"
)


def answered_of_several(question: str, evidences: Sequence[Evidence]) -> str:
    """The answer to a closed question on several ECGs, or "" where the language model has to answer."""
    if len(evidences) < 2 or any(evidence.unjudgeable for evidence in evidences):
        return ""
    if _OLDER.search(plain(question)):
        return dates(question, evidences)
    stated = _WHOSE.sub(" ", plain(question))
    asked = spoken(referring(stated if len(stated.split()) > 2 else question, evidences))
    for answer in (_of_one_finding, _of_group, answered_numbers, _of_kinds, answered_together):
        if said := answer(asked, evidences):
            return said
    return _of_all_findings(plain(question), asked, evidences)


def _of_one_finding(question: str, evidences: Sequence[Evidence]) -> str:
    named = findings_in_text(question)
    asked = without_findings(question)
    if not named and "abnormal" not in asked and _NORMAL.search(asked):
        named, asked = {"NORM": True}, _NORMAL.sub(" ", asked)
    if len(named) != 1 or not understood(asked, ALL_WORDS):
        return ""
    (code,) = named
    if any(evidence.verdicts[code].word == UNJUDGED for evidence in evidences):
        return ""
    has = [is_called(evidence, code) for evidence in evidences]
    said = _related(_noun(code), has, evidences, asked, lambda e: e.labels[code], is_normal=code == "NORM")
    measured = [measured_leads(code, evidence) for evidence in evidences]
    if not said or not all(measured):
        return said
    if [not text.startswith("Measured: no") for text in measured] != has:
        said = re.sub(r"^(?:Yes|No): ", "Not sure: ", said)
    return " ".join([said, *(f"ECG {k}: {text}" for k, text in enumerate(measured, start=1))])


def _of_group(question: str, evidences: Sequence[Evidence]) -> str:
    """The same for a group of statements: "Is the infarction new?"."""
    if findings_in_text(question):
        return ""
    for name, (words, codes, group) in GROUPS.items():
        rest = re.sub(rf"(?<![\w-])(?:{words})(?![\w-])", " ", question)
        if rest == question or not understood(rest, ALL_WORDS):
            continue
        if any(all(e.verdicts[c].word == UNJUDGED for c in codes) for e in evidences):
            return ""

        single = any(called(e, codes) for e in evidences) or not group

        def probability(e: Evidence, codes: Sequence[str] = codes, group: str = group, single: bool = single) -> float:
            return max(e.labels[code] for code in codes) if single else e.labels[group]

        has = [bool(called(e, codes)) if single else is_called(e, group) for e in evidences]
        return _related(name, has, evidences, rest, probability)
    return ""


def _related(
    noun: str, has: Sequence[bool], evidences: Sequence[Evidence], asked: str,
    probability: Callable[[Evidence], float], *, is_normal: bool = False,
) -> str:  # fmt: skip
    """Which ECGs show something, when it came or went, or whether its relation to the ECGs is as asked."""
    values = [probability(evidence) for evidence in evidences]
    given = f"({', '.join(percent(p) for p in values)})"
    relation = relation_of(asked)
    if re.search(r"\bany of (?:them|these|the)\b", asked) and relation is None and not is_normal:
        return _which(noun, has, given)
    if _WHEN.search(asked):
        return _when(noun, has, evidences, given)
    if _WHICH.search(asked) or (is_normal and (relation is None or len(has) > 2)):
        return _which_normal(has, given) if is_normal else _which(noun, has, given)
    if relation is None:
        return ""
    if len(has) > 2:
        return _over_all(asked, relation, noun, has, evidences, given)
    if has[0] != has[1] and values[has.index(True)] <= values[has.index(False)]:
        return (
            f"Not sure: {noun} has {percent(values[0])} in ECG 1 and {percent(values[1])} in ECG 2; no change is clear."
        )
    holds = HOLDS[relation] == tuple(has)
    shows = ["shows" if it_has else "does not show" for it_has in has]
    if has[0] == has[1]:
        said = f"{'both ECGs show' if has[0] else 'neither ECG shows'} {noun}"
    else:
        said = f"ECG 1 {shows[0]} {noun} and ECG 2 {shows[1]} it"
    return f"{'Yes' if holds else 'No'}: {said} ({', '.join(percent(p) for p in values)}){_unsure(has, values)}."


def _unsure(has: Sequence[bool], values: Sequence[float]) -> str:
    """That two probabilities do not make a change likely."""
    if has[0] == has[1]:
        return ""
    there, not_there = (values[0], values[1]) if has[0] else (values[1], values[0])
    return "" if there * (1 - not_there) >= SURE_CHANGE else ", which is uncertain"


def _over_all(
    asked: str, relation: str, noun: str, has: Sequence[bool], evidences: Sequence[Evidence], given: str
) -> str:
    """The same over three ECGs and more: in the ECG that is named against the one before, else in the last by date."""
    order = in_order(evidences)
    named = [int(k) - 1 for k in re.findall(r"\becg (\d)\b", asked)]
    here = order.index(named[0]) if len(named) == 1 and named[0] in order else len(order) - 1
    before, now = has[order[here - 1 if named and here else 0]], has[order[here]]
    holds = {"new": now and not before, "gone": before and not now, "still": now and before, "absent": not any(has)}
    if relation == "still" and re.search(r"\ball\b|\bevery\b|\bboth\b|\bcommon\b", asked):
        holds["still"] = all(has)
    return f"{'Yes' if holds[relation] else 'No'}: {_which(noun, has, given)}"


def _when(noun: str, has: Sequence[bool], evidences: Sequence[Evidence], given: str) -> str:
    """In which ECGs, in the order of their dates, something came and went."""
    order = in_order(evidences)
    if len(set(has)) == 1:
        return f"{_which(noun, has, given)} The ECGs do not show when it {'began' if has[0] else 'was there'}."
    steps = []
    for before, after in pairwise(order):
        if has[before] != has[after]:
            what = "is first seen again" if has[after] and any(has[k] for k in order[: order.index(before)]) else None
            what = what or ("is first seen" if has[after] else "is no longer seen")
            steps.append(f"it {what} in {dated(after, evidences[after])}, after {dated(before, evidences[before])}")
    earliest = dated(order[0], evidences[order[0]])
    first = f"{capital(noun)} is there from the first on, {earliest}; " if has[order[0]] else ""
    text = f"{first}{'; '.join(steps)} {given}."
    return text if first else capital(text.replace("it is", f"{noun} is", 1))


def _which(noun: str, has: Sequence[bool], given: str) -> str:
    those = [k for k, it_has in enumerate(has) if it_has]
    if not those:
        return f"None of them shows {noun} {given}."
    if len(those) == len(has):
        return f"{'Both' if len(has) == 2 else 'All'} of them show {noun} {given}."
    return f"{numbers(those)} show{'s' if len(those) == 1 else ''} {noun} {given}."


def _which_normal(has: Sequence[bool], given: str) -> str:
    those = [k for k, it_has in enumerate(has) if it_has]
    if not those:
        return f"None of them is normal {given}."
    if len(those) == len(has):
        return f"{'Both' if len(has) == 2 else 'All'} of them are normal {given}."
    return f"{numbers(those)} {'is' if len(those) == 1 else 'are'} normal {given}."


def _of_kinds(question: str, evidences: Sequence[Evidence]) -> str:
    """Which findings, or findings of one kind, are new, gone, in one ECG only, or in all."""
    if findings_in_text(question):
        return ""
    kind, cue = next(((k, c) for k, c in _KINDS if re.search(c, question)), ("", ""))
    rest = re.sub(cue, " ", question) if cue else question
    bare = re.search(r"\bwhat\b|\banything\b|\bwhich\b", question)
    relation = relation_of(rest)
    if len(evidences) == 2 and NEW_AND_GONE.search(rest) and understood(_AND.sub(" ", rest), _QUERY_WORDS):
        parts = zip(_COURSE, (1, 0), strict=False)
        return " ".join(f"{heading}: {_uncapital(_told(_in_one(k, evidences, kind)))}" for heading, k in parts)
    if not (cue or bare) or not understood(rest, _QUERY_WORDS):
        return ""
    asks_alone = re.search(r"\becg \d .*\bunlike\b|\bdoes not\b|\bonly\b|\balone\b", rest)
    if asks_alone and (only := _only(rest, len(evidences))):
        return _told(_in_one(only - 1, evidences, kind))
    if relation is None:
        return ""
    if relation in ("still", "absent"):
        numbered = [int(k) - 1 for k in dict.fromkeys(re.findall(r"\becg (\d)\b", rest))]
        some = [evidences[k] for k in numbered if k < len(evidences)] if len(numbered) > 1 else evidences
        codes = [code for code in _codes(some[0], kind) if all(is_called(e, code) for e in some)]
        return _told([(phrase(code), code) for code in codes], some) if relation == "still" else ""
    if len(evidences) > 2:
        return ""
    one = 1 if relation == "new" else 0
    return _told(_in_one(one, evidences, kind))


def _only(question: str, n_ecgs: int) -> int | None:
    """The ECG that a question for what one alone shows is about, counted from 1."""
    named = re.search(r"\bonly (?:\w+ ){0,4}?ecg (\d)\b|\becg (\d) (?:only|alone)\b|\becg (\d)\b", question)
    number = int(next(k for k in named.groups() if k)) if named else 0
    return number if 1 <= number <= n_ecgs else None


def _codes(evidence: Evidence, kind: str) -> list[str]:
    return [code for code, _ in called(evidence) if kind in FINDINGS[code].kinds]


def _in_one(number: int, evidences: Sequence[Evidence], kind: str) -> list[tuple[str, str]]:
    """What is called in this ECG and in none of the others, as words and code; what another cannot show is left out."""
    others = [e for k, e in enumerate(evidences) if k != number]
    found = []
    for code in _codes(evidences[number], kind):
        if any(is_called(e, code) or e.verdicts[code].word == UNJUDGED for e in others):
            continue
        p, highest = evidences[number].labels[code], max(e.labels[code] for e in others)
        unsure = "" if p * (1 - highest) >= SURE_CHANGE else ", uncertain"
        found.append((f"{phrase(code)} ({percent(p)} against {percent(highest)}{unsure})", code))
    return found


def _told(found: Sequence[tuple[str, str]], evidences: Sequence[Evidence] = ()) -> str:
    if not found:
        return "None."
    if not evidences:
        return f"{capital(join([words for words, _ in found]))}."
    listed = [f"{words} ({', '.join(percent(e.labels[code]) for e in evidences)})" for words, code in found]
    return f"{capital(join(listed))}."


def _uncapital(text: str) -> str:
    """The same inside a sentence; an abbreviation keeps its capitals."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _of_all_findings(whole: str, question: str, evidences: Sequence[Evidence]) -> str:
    """What came, went and stayed from each ECG to the next, with the probabilities of what changed."""
    if not _CHANGED.search(question) or not understood(question, ALL_WORDS, _BETWEEN):
        return ""
    if len(evidences) == 2:
        words = _APART if "different patients" in whole or "two patients" in whole else _COURSE
        steps = _steps(*evidences)
        parts = [f"{word}: {', '.join(names)}." for word, names in zip(words, steps, strict=True) if names]
        if not steps[0] and not steps[1]:
            parts.insert(0, "The findings are the same.")
        measured = [] if words is _APART else _measured_changes(evidences)
        return " ".join([*parts, *measured, *_both_rates(evidences)])
    order = in_order(evidences)
    pair = [int(k) - 1 for k in dict.fromkeys(re.findall(r"\becg (\d)\b", question))]
    if len(pair) == 2 and max(pair) < len(evidences):
        new, gone, same = _steps(evidences[pair[0]], evidences[pair[1]])
        told = zip(("new", "no longer", "unchanged"), (new, gone, same), strict=True)
        listed = "; ".join(f"{word} {', '.join(names)}" for word, names in told if names)
        return f"From ECG {pair[0] + 1} to ECG {pair[1] + 1}: {listed or 'no finding in either'}."
    first = [phrase(code) for code, _ in called(evidences[order[0]])]
    parts = [f"ECG {order[0] + 1}: {', '.join(first) or 'no finding'}."]
    for before, after in pairwise(order):
        new, gone, _ = _steps(evidences[before], evidences[after])
        said = [f"new {', '.join(new)}"] if new else []
        said += [f"no longer {', '.join(gone)}"] if gone else []
        parts.append(f"ECG {after + 1}: {'; '.join(said) or 'unchanged'}.")
    return " ".join([*parts, *_measured_changes([evidences[k] for k in order])])


def _steps(before: Evidence, after: Evidence) -> tuple[list[str], list[str], list[str]]:
    """What is called in the second ECG only, in the first only, and in both; what one cannot show is left out."""
    first, second = [code for code, _ in called(before)], [code for code, _ in called(after)]
    shown = {c for c in (*first, *second) if UNJUDGED not in (before.verdicts[c].word, after.verdicts[c].word)}

    def change(code: str) -> str:
        values = before.labels[code], after.labels[code]
        unsure = _unsure((code in first, code in second), values).replace("which is ", "").lstrip(", ")
        mark = f", {unsure}" if unsure else ""
        return f"{phrase(code)} ({percent(values[0])} → {percent(values[1])}{mark})"

    return (
        [change(code) for code in second if code not in first and code in shown],
        [change(code) for code in first if code not in second and code in shown],
        [phrase(code) for code in second if code in first],
    )


def _measured_changes(evidences: Sequence[Evidence]) -> list[str]:
    """The intervals and the axis whose change from the first ECG to the last is beyond day-to-day variation."""
    if len(evidences) > MOST_COMPARED:
        return []
    rows = compare([evidence.measurements for evidence in evidences], [None] * len(evidences))["rows"]
    return [
        _measured_change(row) for row in rows if row["key"] in _INTERVALS and not row["leads"] and row["exceeds"][-1]
    ]


def _measured_change(row: dict) -> str:
    unit = row["unit"] if row["unit"] == "°" else f" {row['unit']}"
    first, last = row["values"][0], row["values"][-1]
    return f"{row['title']} {first:.0f} → {last:.0f}{unit}, beyond day-to-day variation."


def _both_rates(evidences: Sequence[Evidence]) -> list[str]:
    rates = [evidence.measurements.get("heart_rate_bpm") for evidence in evidences]
    return [] if None in rates else [f"Rate {rates[0]:.0f}/min in ECG 1, {rates[1]:.0f}/min in ECG 2."]


def _noun(code: str) -> str:
    return "a normal ECG" if code == "NORM" else phrase(code)
