"""Read which of a question's options a free text chooses. The rule sees text and options, never the gold answer.

An option counts when the text names it, or another spelling of the same finding, lead, interval or range, and does not
deny it in that clause. A text that names none of them, but denies, chooses "none"; anything else chooses nothing and
is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from anyecg.findings import FINDINGS, SUPERCLASS_NAMES, code_of, findings_in_text, superclasses_of
from anyecg.leads import STANDARD_LEADS

VERIFY = frozenset({"yes", "no", "not sure"})
_SPELLINGS = {
    "rr interval": ("rr", "r-r interval"), "pr interval": ("pr", "pq interval"), "qrs duration": ("qrs", "qrs width"),
    "qt interval": ("qt", "uncorrected qt"), "p duration": ("p wave duration", "p-wave duration"),
    "qt corrected": ("qtc", "corrected qt", "corrected qt interval", "qtc interval"),
    "above the normal range": ("above normal", "above", "too long", "too high"),
    "below the normal range": ("below normal", "below", "too short", "too low"),
    "within the normal range": ("within normal limits", "within normal", "within", "normal"),
    "left axis deviation": ("left axis",), "right axis deviation": ("right axis",),
    "extreme axis deviation": ("extreme axis",), "normal heart axis": ("normal axis", "axis is normal"),
    "static noise": ("muscle noise", "muscle artefact", "muscle artifact"),
    "burst noise": ("bursts of noise", "motion artefact", "motion artifact"),
    "baseline drift": ("baseline wander", "drifting baseline"),
    "electrodes problems": ("electrode problems", "electrode problem", "loose electrode", "lead off"),
    "early stage of myocardial infarction": ("early stage", "early", "acute"),
    "middle stage of myocardial infarction": ("middle stage", "middle", "subacute"),
    "old stage of myocardial infarction": ("old stage", "old", "healed"),
    "unknown stage of myocardial infarction": ("unknown stage", "stage is unknown"),
    "none of myocardial infarction": ("no myocardial infarction",),
    "st/t change": ("st/t changes", "st-t change", "st-t changes"),
    "conduction disturbance": ("conduction disturbances",),
}  # fmt: skip
_CLASS_OF = {
    name.lower().replace("normal ecg", "norm"): superclass for superclass, name in SUPERCLASS_NAMES.items()
}  # fmt: skip
_CLAUSE = re.compile(r"[.;:\n]|\bbut\b|\bhowever\b|\bwhile\b")
_DENIAL = re.compile(r"\b(?:no|not|without|none|neither|nor|never|nothing|absent|absence of|free of|excluded?)\b")
_UNSURE = re.compile(r"\b(?:not sure|cannot (?:tell|be judged|be measured|say)|uncertain|unclear|borderline)\b")
_OPTION_LETTER = re.compile(r"\(?\b([A-H])[.):]\s*(.+?)(?=\s*[,;\n]?\s*\(?\b[A-H][.):]\s|\s*$)", re.DOTALL)


def chosen(text: str, options: Sequence[str]) -> frozenset[str]:
    """The options that a text chooses, as they are written in `options`."""
    plain = _plain(text)
    if set(options) <= VERIFY:
        return _yes_or_no(plain, options)
    literal = split_options(plain, options)
    if literal is not None:
        return literal
    found = set(_named_leads(text, options)) | _asserted(plain, tuple(options))
    found |= {option for option in options if _CLASS_OF.get(option) in superclasses_of(_codes(text))}
    if not found - {"none"} and "none" in options and _DENIAL.search(plain):
        return frozenset({"none"})
    return frozenset(found - {"none"})


def option_set(answer: str | Collection[str]) -> frozenset[str]:
    """An answer as a set of options: lower case, split at commas, semicolons and "and", no full stop."""
    parts = re.split(r"[,;]|\band\b", answer) if isinstance(answer, str) else list(answer)
    return frozenset(text for part in parts if (text := " ".join(part.lower().strip(" .\n\t").split())))


def split_options(answer: str | Iterable[str], options: Sequence[str]) -> frozenset[str] | None:
    """An answer that consists of options and separators only, as a set; None for any other text.

    Longer options are taken first, so an option with commas in it stays whole.
    """
    parts = [answer] if isinstance(answer, str) else list(answer)
    found, rest = set(), " ; ".join(map(_plain, parts))
    for option in sorted(options, key=len, reverse=True):
        rest, count = re.subn(rf"(?<![\w-]){re.escape(_plain(option))}(?![\w-])", "", rest)
        found |= {option} if count else set()
    return frozenset(found) if found and not re.sub(r"\band\b|[\s,;.&]", "", rest) else None


def chosen_letter(text: str, question: str) -> str | None:
    """The letter of the one option that a text chooses in a question with lettered options; None if it is unclear."""
    options = dict(_OPTION_LETTER.findall(question))
    said = re.match(r"\W*([A-H])\b(?:\W|$)", text) or re.search(r"(?:option is|answer:)\s*\(?([A-H])\b", text, re.I)
    if said:
        return said.group(1)
    names = {name.strip(" .").lower(): letter for letter, name in options.items()}
    hits = chosen(text, tuple(names)) if names else frozenset()
    return names[next(iter(hits))] if len(hits) == 1 else None


def _yes_or_no(plain: str, options: Sequence[str]) -> frozenset[str]:
    first = re.match(r"\W*(?:probably )?(yes|not sure|not?)\b", plain)
    if first:
        return frozenset({{"not": "no"}.get(first.group(1), first.group(1))}) & frozenset(options)
    return frozenset({"not sure"}) & frozenset(options) if _UNSURE.search(plain) else frozenset()


def _asserted(plain: str, options: tuple[str, ...]) -> set[str]:
    pattern, option_of = _spelt(options)
    found: dict[str, bool] = {}
    for clause in _CLAUSE.split(plain):
        denied_from = [match.end() for match in _DENIAL.finditer(clause)]
        for match in pattern.finditer(clause):
            denied = any(end <= match.start() for end in denied_from)
            option = option_of[match.group(0)]
            found[option] = found.get(option, False) or not denied
    return {option for option, holds in found.items() if holds}


@lru_cache(maxsize=256)
def _spelt(options: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    option_of: dict[str, str] = {}
    for option in options:
        for spelling in (option, *_SPELLINGS.get(option.lower(), ()), *_same_finding(option)):
            option_of.setdefault(_plain(spelling), option)
    longest_first = sorted(option_of, key=len, reverse=True)
    return re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![\w-])"), option_of


def _same_finding(option: str) -> tuple[str, ...]:
    names = (option, option.partition(" (")[0], option.replace("-", " "))
    code = next((code for name in names if (code := code_of(name))), None)
    return (FINDINGS[code].phrase, *FINDINGS[code].synonyms) if code else ()


def _plain(text: str) -> str:
    return re.sub(r"\b([a-z])-wave", r"\1 wave", " ".join(text.lower().split()))


def _named_leads(text: str, options: Sequence[str]) -> list[str]:
    """Leads by name; a bare "I" counts only in a list of leads, for it is also a pronoun."""
    wanted = {option.lower(): option for option in options if option.lower().startswith("lead ")}
    if not wanted or re.match(r"\W*(no|none)\b", text.lower()):
        return []
    named = re.findall(rf"\b({'|'.join(lead for lead in STANDARD_LEADS if lead != 'I')})\b", text, re.I)
    if re.search(r"(?:\b[Ll]eads? |: |^|, | and )I(?=[,.]| and\b|$)", text):
        named.append("I")
    return [wanted[f"lead {name.lower()}"] for name in named if f"lead {name.lower()}" in wanted]


def _codes(text: str) -> list[str]:
    return [code for code, holds in findings_in_text(text).items() if holds]
