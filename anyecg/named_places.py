"""Which kinds of beats and episodes a text names, and where: each place with its kind and its ECG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .check_ecgs import named_ecgs
from .claim_names import ECG_NAME
from .claims import interval_claims, plain
from .events import LOCATABLE
from .findings import code_of, findings_in_text

KIND_OF_CODE = {
    "PVC": "premature ventricular contraction", "PAC": "premature atrial contraction", "AFIB": "atrial fibrillation",
    "AFLT": "atrial flutter", "CLBBB": "left bundle branch block beat", "CRBBB": "right bundle branch block beat",
    "PACE": "paced beat", "SVTAC": "supraventricular tachycardia", "PSVT": "supraventricular tachycardia",
    "BIGU": "bigeminy", "TRIGU": "trigeminy", "3AVB": "third-degree AV block",
}  # fmt: skip
"""Statements of SCP-ECG that have places in time."""


_NAMES = {
    kind: re.compile(rf"(?<!\w)(?:{re.escape(kind.lower())}|{re.escape(plural.lower())})")
    for kind, plural in LOCATABLE.items()
}
"""How each kind is found in a text in lower case; "extrasystole" names no asystole."""


def kind_of(finding: str) -> str:
    """The event kind that a name stands for: a kind, its plural, a statement's code, phrase or synonym.

    Raises:
        ValueError: listing what can be located.
    """
    text = " ".join(finding.strip().lower().split())
    for kind, plural in LOCATABLE.items():
        if text in (kind.lower(), plural.lower()):
            return kind
    code = code_of(finding)
    if code in KIND_OF_CODE:
        return KIND_OF_CODE[str(code)]
    known = f"{finding!r} is a finding of the whole ECG" if code else f"unknown finding {finding!r}"
    raise ValueError(f"{known}; what can be located is {', '.join(LOCATABLE)}.")


def kind_in(text: str) -> str | None:
    """The one event kind that a text speaks of, or None."""
    named = kinds_in(text)
    return named[0] if len(named) == 1 else None


def kinds_in(text: str) -> list[str]:
    """All event kinds that a text names."""
    plain = text.lower()
    named = {kind for kind, cue in _NAMES.items() if cue.search(plain)}
    return sorted(named | {KIND_OF_CODE[code] for code in findings_in_text(text) if code in KIND_OF_CODE})


def named_intervals(text: str, question: str, n_ecgs: int) -> list[dict[str, Any]]:
    """The places that a text names, paragraph by paragraph.

    Args:
        n_ecgs: how many ECGs the text may speak of. A place is in the ECG that is named with it, or that its paragraph
            is headed by ("ECG 2: PVC at 1.0-1.4 s."), else in the only one that is named, else in the last one.

    Returns:
        {"ecg": 1-based, "start_s", "end_s", "kind", "leads"} of each place; "kind" is what stands with it, else the
        one of paragraph, text or question, None where that is unclear.
    """
    only = sorted({number + 1 for number in named_ecgs(plain(text))})
    standing = only if len(only) == 1 else [n_ecgs]
    of_all = kind_in(text) or kind_in(question)
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        claims = interval_claims(paragraph)
        spans = [claim.span for claim in claims]
        kinds = _kinds_of_places(paragraph, spans, kind_in(paragraph) or of_all)
        if heading := _HEADING.match(plain(paragraph)):
            standing = [number + 1 for number in named_ecgs(heading.group(0))]
        ecgs = [[1]] * len(claims) if n_ecgs == 1 else _ecgs_of_places(plain(paragraph), spans, standing)
        found += [
            {"ecg": ecg, "start_s": c.start_s, "end_s": c.end_s, "kind": kind, "leads": list(c.leads)}
            for c, kind, numbers in zip(claims, kinds, ecgs, strict=True)
            for ecg in numbers
        ]
    return found


def _ecgs_of_places(text: str, spans: Sequence[tuple[int, int]], standing: list[int]) -> list[list[int]]:
    """The ECGs (1-based) of each place: named behind it or its list ("1.0-1.4 s and 3.0-3.4 s in ECG 2"), else the
    last one named before it that no other place has, else those that stand for the paragraph.
    """
    behind = [_IN_ECG.match(text, end) for _, end in spans]
    taken = {match.start("ecg") for match in behind if match}
    names = [match for match in ECG_NAME.finditer(text) if match.start() not in taken]
    found: list[list[int]] = []
    for k in range(len(spans) - 1, -1, -1):
        start, end = spans[k]
        before = [match for match in names if match.end() <= start]
        match = behind[k]
        if match:
            found.append([number + 1 for number in named_ecgs(match.group("ecg"))])
        elif k + 1 < len(spans) and behind[k + 1] and _SAME_LIST.fullmatch(text[end : spans[k + 1][0]]):
            behind[k] = behind[k + 1]
            found.append(found[-1])
        else:
            found.append([number + 1 for number in named_ecgs(before[-1].group(0))] if before else standing)
    return found[::-1]


_HEADING = re.compile(rf"[-*#\s]*{ECG_NAME.pattern}[^.:;\n]{{0,30}}:")
_IN_ECG = re.compile(rf" ?\(?(?:in|on|of) (?:the )?(?P<ecg>{ECG_NAME.pattern})")
_SAME_LIST = re.compile(r"(?:,|and|at|\s)*")


def _kinds_of_places(text: str, spans: Sequence[tuple[int, int]], only: str | None) -> list[str | None]:
    """The kind of each place: named before it ("PVCs at 1.0-1.4 s"), or behind it where nothing stands before
    ("1.0-1.4 s: PVC"); a list goes on until another kind is named. None where two kinds share a place.

    Args:
        spans: where the places stand in the text.
        only: the kind where the sentence names none.
    """
    kinds: list[str | None] = []
    behind, standing = False, only
    for k, (start, end) in enumerate(spans):
        before = text[spans[k - 1][1] if k else 0 : start]
        is_new = k == 0 or bool(_ENDS.search(before))
        clause = _ENDS.split(before)[-1]
        if is_new:
            standing, behind = only, not kinds_in(clause)
        after = _UP_TO.split(text[end : spans[k + 1][0] if k + 1 < len(spans) else None])[0]
        named = kinds_in(after if behind else clause)
        if named:
            standing = named[0] if len(named) == 1 else None
        kinds.append(standing)
    return kinds


_ENDS = re.compile(r"[.!?](?=\s|$)|[;\n]|, but ")
"""What parts the names of one list of places from those of the next."""
_UP_TO = re.compile(r"[.!?](?=\s|$)|[,;\n]| and ")
