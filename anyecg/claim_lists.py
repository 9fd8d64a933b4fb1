"""Lists of names beside lists of values: "PR/QRS/QT 160/92/400 ms", "P-R-T axes 50 45 30", "160/92 ms (PR/QRS)"."""

from __future__ import annotations

import itertools
import re

from . import claim_names as names
from .claim_names import Word

_SEPARATOR = re.compile(r"\s*(?:/|,|&|-|\band\b|,\s*and\b)?\s*(?:the )?")
_NAME_SEPARATOR = re.compile(
    r"\s*(?:int(?:ervals?)?|durations?|ax[ei]s|times?)?\s*(?:/|,|&|-|\band\b|,\s*and\b)\s*(?:the )?"
)


def pair_lists(sentence: str, words: list[Word], quantities: list[re.Match[str]]) -> dict[int, tuple[Word, str]]:
    """ "PR/QRS/QT 160/90/400 ms": quantity → (name, unit) where as many values as names follow each other."""
    paired: dict[int, tuple[Word, str]] = {}
    known = [w for w in words if w.what not in ("leads", "other", "rhythm")]
    k = 0
    while k < len(known):
        run = _spelled_out(known[k], quantities)
        count = 1
        while k + count < len(known) and len(run) == count and _is_next(sentence, run[-1], known[k + count]):
            run.append(known[k + count])
            count += 1
        after = [j for j, m in enumerate(quantities) if m.start() >= run[-1].end][: len(run)]
        before = [j for j, m in enumerate(quantities) if m.end() <= run[0].start][-len(run) :]
        if 1 < len(run) == len(after) and _is_list(sentence, run[-1].end, [quantities[j] for j in after]):
            paired |= _paired(run, after, quantities)
        elif 1 < len(run) == len(before) and _names_behind(sentence, run, [quantities[j] for j in before]):
            paired |= _paired(run, before, quantities)
        k += count
    return paired


def _paired(run: list[Word], at: list[int], quantities: list[re.Match[str]]) -> dict[int, tuple[Word, str]]:
    unit = next((u for j in reversed(at) if (u := quantities[j].group("unit"))), "")
    return {j: (word, quantities[j].group("unit") or unit) for j, word in zip(at, run, strict=True)}


def _is_next(sentence: str, word: Word, after: Word) -> bool:
    return _NAME_SEPARATOR.fullmatch(sentence, word.end, after.start) is not None


def _names_behind(sentence: str, run: list[Word], values: list[re.Match[str]]) -> bool:
    """ "160/92/400 ms (PR/QRS/QT)"."""
    joined = all(_SEPARATOR.fullmatch(sentence, a.end(), b.start()) for a, b in itertools.pairwise(values))
    return joined and re.fullmatch(r"\s*\(\s*", sentence[values[-1].end() : run[0].start]) is not None


def _spelled_out(word: Word, quantities: list[re.Match[str]]) -> list[Word]:
    """ "P-R-T axes" stands for three names in a row, "R/S in V1" before two voltages for two."""
    following = [m.group("unit") or "" for m in quantities if m.start() >= word.end][:2]
    keys: tuple[str, ...] = (word.what,)
    if word.what == "p_qrs_t_axes":
        keys = ("p_axis_deg", "axis_deg", "t_axis_deg")
    elif word.what == "r_s" and following and re.fullmatch(names.MV + "|" + names.MM, following[-1]):
        keys = ("r_mv", "s_mv")
    return [word._replace(what=key) for key in keys]


def _is_list(sentence: str, start: int, values: list[re.Match[str]]) -> bool:
    lead_in = sentence[start : values[0].start()]
    joined = all(_SEPARATOR.fullmatch(sentence, a.end(), b.start()) for a, b in itertools.pairwise(values))
    return joined and len(lead_in) <= 30 and not re.search(r"[.;<>]|\bleads?\b|\blimits?\b|\bnormal range", lead_in)
