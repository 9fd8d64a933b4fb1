"""Which of several ECGs a part of a text is about, and comparisons between them held against the measurements.

A sentence is held against the ECG that it names ("ECG 2: …", valid until the next name or line; a line with nothing
else heads those below it); a number with the ECG named right behind it ("60/min in ECG 1") belongs to that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from .check_numbers import INTERVAL_TOLERANCE_MS, RATE_TOLERANCE_BPM, claim_contradiction
from .claim_names import ECG_NAME, NAME, plain
from .claims import NumberClaim, all_claims, sentences

Measured = Mapping[str, Any]

_OPENING = re.compile(rf"[-*#\s]*(?:(?:only|new|not|in|on|for|of|the)\s+)*{ECG_NAME.pattern}")
_HEADING = re.compile(rf"[-*#\s]*{ECG_NAME.pattern}\s*(?:\([^)]*\))?\s*:?\s*")
_CLAUSE = re.compile(r",| against | versus | vs\.? | while | whereas | but | and ")
_RIGHT_BEHIND = re.compile(rf"\s*(?:[^\s\d,;.|]+)?\s*\(?(?:in|on|of|for|at)?\s*(?:the )?(?P<ecg>{ECG_NAME.pattern})")
_COMPARED_WITH = re.compile(r"\b(?:from|with|to|than|vs|versus|unlike|against) (?:the )?$")
_INSTEAD = re.compile(
    r"\b(?:instead of|rather than|up from|down from|compared (?:with|to)|against|versus|vs|previously|formerly|"
    r"before)\b"
)
_FASTER = re.compile(r"\becg (\d) is faster: (\d+)/min against (\d+)/min in ecg (\d)")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_RECORDING = r"(?:ecgs?|ekgs?|recordings?|tracings?|traces?|records?)"
_EARLIER = rf"(?:previous|prior|earlier|old|older|baseline|initial) {_RECORDING}"
_LATER = rf"(?:later|current|latest|newer|new|follow-?up|subsequent|present|today's) {_RECORDING}"


def as_list(value: Any) -> list[Any]:
    """One mapping, several or none, as a list."""
    if value is None:
        return []
    return [value] if isinstance(value, Mapping) else list(value)


def numbered(text: str, n_ecgs: int) -> str:
    """Other names of ECGs as "ECG n": "the second tracing", and of two also "the previous ECG"."""
    if n_ecgs < 2:
        return text
    for k, word in enumerate(_ORDINALS[:n_ecgs], start=1):
        text = re.sub(rf"\b(?:the )?{word} {_RECORDING}\b", f"ECG {k}", text, flags=re.I)
        if k > 1:
            text = re.sub(rf"\bin the {word}(?= one\b|[.,;)]|$)(?: one)?", f"in ECG {k}", text, flags=re.I)
    if n_ecgs == 2:
        text = re.sub(rf"\b(?:the )?{_EARLIER}\b", "ECG 1", text, flags=re.I)
        text = re.sub(rf"\b(?:the )?{_LATER}\b", "ECG 2", text, flags=re.I)
    return re.sub(
        r"\b(ECG|EKG) (one|two|three)\b", lambda m: f"ECG {('one', 'two', 'three').index(m.group(2)) + 1}", text
    )


def scoped(text: str, n_ecgs: int) -> list[tuple[str, list[int]]]:
    """Parts of sentences with the ECGs (0-based) that each speaks of."""
    parts: list[tuple[str, list[int]]] = []
    for sentence, _, standing in _sentences(text, n_ecgs):
        clauses = [clause for clause in _CLAUSE.split(sentence) if clause.strip()]
        if all(ECG_NAME.search(clause) for clause in clauses):  # "70/min in ECG 1, 62/min in ECG 2"
            parts += [(clause, named_ecgs(clause)) for clause in clauses]
        else:
            parts += _from_name_to_name(sentence, standing)
    return [(part, scope) for part, scope in parts if part.strip()]


def _sentences(text: str, n_ecgs: int) -> Iterator[tuple[str, int, list[int]]]:
    """Sentences with the start of their line and the ECGs that stand for them."""
    heading = list(range(n_ecgs))
    start = 0
    for line in plain(text).splitlines(keepends=True):
        if _HEADING.fullmatch(line.strip()):
            heading = named_ecgs(line)
        elif line.strip().endswith(":") and len(line.strip()) < 40:
            heading = list(range(n_ecgs))
        standing = heading
        for sentence in sentences(line):
            yield sentence, start, standing
            opening = _OPENING.match(sentence)
            standing = named_ecgs(opening.group(0)) if opening else standing
        start += len(line)


def _from_name_to_name(sentence: str, scope: list[int]) -> list[tuple[str, list[int]]]:
    """Each name of an ECG governs what follows it, up to the next one; a word like "not" before it stays with it."""
    starts = [match.start() for match in ECG_NAME.finditer(sentence)]
    if len(starts) == 1 and _OPENING.match(sentence):
        return [(sentence, named_ecgs(sentence))]
    cuts = [0, *(start for start in starts if start), len(sentence)]
    pieces = [sentence[start:end] for start, end in pairwise(cuts)]
    return [(piece, named_ecgs(piece) if ECG_NAME.match(piece) else scope) for piece in pieces]


def named_ecgs(text: str) -> list[int]:
    """The ECGs (0-based) that a text names."""
    return [int(number) - 1 for match in ECG_NAME.finditer(text) for number in re.findall(r"\d+", match.group(0))]


def scoped_claims(text: str, n_ecgs: int) -> list[tuple[NumberClaim, list[int]]]:
    """Every number that a text claims with the ECGs (0-based) it may be about."""
    shown = plain(text)
    found: list[tuple[NumberClaim, list[int]]] = []
    mentions = _mentions(shown)
    for claim in all_claims(text):
        behind = _RIGHT_BEHIND.match(shown, claim.span[1])
        if behind and "\n" not in behind.group(0):
            mentions = [m for m in mentions if m[0] != behind.start("ecg")]
            found.append((claim, named_ecgs(behind.group("ecg"))))
            continue
        before = [named for _, end, named in mentions if end <= claim.span[0] and _reaches(shown, end, claim.span[0])]
        scope = before[-1] if before else list(range(n_ecgs))
        scope = _other_ecg(shown, claim, found, scope) if n_ecgs == 2 else scope
        if claim.role and n_ecgs > 1 and len(scope) == n_ecgs:
            scope = [0] if claim.role == "before" else [n_ecgs - 1]
        elif claim.role == "before" or (claim.role and n_ecgs < 2):
            continue
        found.append((claim, scope))
    return found


def _mentions(text: str) -> list[tuple[int, int, list[int]]]:
    """Names of ECGs with their place; in "ECG 2 differs from ECG 1: …" only the first, which the sentence is about."""
    found: list[tuple[int, int, list[int]]] = []
    for match in ECG_NAME.finditer(text):
        start = max(text.rfind("\n", 0, match.start()), text.rfind(". ", 0, match.start())) + 1
        is_second = any(found_start >= start for found_start, _, _ in found)
        if not (
            is_second
            and _COMPARED_WITH.search(text[start : match.start()])
            and text[match.end() : match.end() + 1] in ":,"
        ):
            found.append((match.start(), match.end(), named_ecgs(match.group(0))))
    return found


def _other_ecg(
    text: str, claim: NumberClaim, found: list[tuple[NumberClaim, list[int]]], scope: list[int]
) -> list[int]:
    """ "ECG 2: PR 210 ms instead of 160 ms": the second value is of the other of two ECGs."""
    if not found or len(found[-1][1]) != 1 or found[-1][0].key != claim.key:
        return scope
    between = text[found[-1][0].span[1] : claim.span[0]]
    if not _INSTEAD.search(between) or ECG_NAME.search(between) or "\n" in between:
        return scope
    return [1 - found[-1][1][0]]


def _reaches(text: str, end: int, at: int) -> bool:
    """Whether the name of an ECG still stands: in its line, or below it when it is a heading."""
    between = text[end:at]
    if "\n" not in between:
        return True
    line = text[text.rfind("\n", 0, end) + 1 : text.index("\n", end)]
    lines = between.split("\n")[1:-1]
    return bool(_HEADING.fullmatch(line.strip())) and not any(
        x.strip().endswith(":") and len(x.strip()) < 40 for x in lines
    )


def number_contradictions(text: str, measured: Sequence[Measured | None], is_general: bool) -> list[str]:
    """Single numbers that differ from what was measured; ranges count only in answers about these ECGs."""
    said = []
    for claim, scope in scoped_claims(text, len(measured)):
        if is_general and claim.low != claim.high:
            continue
        known = [values for k in scope if k < len(measured) and (values := measured[k]) is not None]
        said += claim_contradiction(replace(claim, role=""), known)
    return said


def comparison_contradictions(text: str, measured: Sequence[Measured | None]) -> list[str]:
    """Which ECG is called faster with which rates, and by how much a value is said to differ between two ECGs."""
    said = []
    for match in _FASTER.finditer(text.lower()):
        fast, rate_fast, rate_slow, slow = map(int, match.groups())
        if max(fast, slow) > len(measured) or min(fast, slow) < 1:
            continue
        first, second = ((measured[k - 1] or {}).get("heart_rate_bpm") for k in (fast, slow))
        if first is None or second is None:
            continue
        apart = max(abs(first - rate_fast), abs(second - rate_slow))
        if apart > RATE_TOLERANCE_BPM + 0.5 or first < second - 0.5:
            said.append(f"The text calls ECG {fast} faster; measured {first:.0f}/min against {second:.0f}/min.")
    return said + (_differences(text, measured) if len(measured) == 2 else [])


_BY = re.compile(
    r"(?:by|difference (?:of|is)|change of) (?:about |approximately |some )?(?P<by>\d+(?:\.\d+)?) ?(?P<unit>ms|"
    r"/min|bpm|beats/min)(?![\w/])|"
    r"(?P<more>\d+(?:\.\d+)?) ?(?P<unit2>ms|/min|bpm|beats/min) (?:longer|shorter|wider|narrower|faster|slower|"
    r"higher|lower)"
)
_DIFFERING = ("heart_rate_bpm", "p_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_ms", "qtc_bazett_ms", "qtc_fridericia_ms")


def _differences(text: str, measured: Sequence[Measured | None]) -> list[str]:
    """ "The PR is 50 ms longer": the size of a difference between two ECGs, in either direction."""
    said = []
    for sentence in sentences(plain(text)):
        for match in _BY.finditer(sentence):
            names = [str(m.lastgroup) for m in NAME.finditer(sentence, 0, match.start())]
            key = names[-1] if names else "heart_rate_bpm" if "faster" in match.group(0) else ""
            key = "qtc_bazett_ms" if key == "qtc_ms" else key
            first, second = ((values or {}).get(key) for values in measured)
            if key not in _DIFFERING or first is None or second is None:
                continue
            claimed, found = float(match.group("by") or match.group("more")), abs(second - first)
            is_rate = key == "heart_rate_bpm"
            if abs(claimed - found) > (RATE_TOLERANCE_BPM if is_rate else INTERVAL_TOLERANCE_MS) + 1:
                unit = "/min" if is_rate else " ms"
                said.append(f'The text says "{match.group(0)}"; the measured values differ by {found:.0f}{unit}.')
    return said
