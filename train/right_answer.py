"""Whether the answer to one question is right: measured numbers, chosen options, the sense of a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from anyecg.claims import number_claims
from anyecg.findings import findings_in_text
from anyecg.mending import BUT_CALLED

from .options import VERIFY, chosen, option_set

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_COUNT = re.compile(
    rf"\b(?:none|{'|'.join(_NUMBERS)})\b|(?<![\w.-])\d+\b(?!\.\d|-\d| ?(?:%|/|°|m?s\b|mv\b|bpm\b|seconds?\b))"
)
_SOURCE = re.compile(r"\s*\(Source: .*\)\s*$")
_RANGES = {
    "below": re.compile(r"\b(?:below|under|short|shortened|low|slow|left axis)\b"),
    "within": re.compile(r"\bwithin\b|\bnormal\b(?! (?:range|limits?|values?|up to|is)\b)|\binside\b"),
    "above": re.compile(r"\b(?:above|over|long|prolonged|high|wide|widened|broad|fast|right axis)\b"),
}
"""The words for where a number lies, those of `anyecg.measure.normal` among them."""


def asserted(text: str) -> set[str]:
    """The statements that a text asserts."""
    return {code for code, holds in findings_in_text(text).items() if holds}


def measurement_is_right(text: str, gold: Mapping[str, Any]) -> float:
    """1.0 if the asked number is given as measured, or said not to be measurable when it is not; else 0.0."""
    key, value = gold["key"], gold["value"]
    if key == "all":
        parts = [(k, v) for k, v in value.items() if v is not None]
        return float(all(_same(number_in(text, k), v) for k, v in parts)) if parts else float("cannot" in text)
    if value is None:
        return float("cannot be measured" in text)
    if isinstance(value, str):
        return float(re.search(rf"(?<!not )\b{value}\b", text.lower()) is not None)
    return float(_same(number_in(text, key), value))


def number_in(text: str, key: str) -> float | None:
    """The value that a text gives to a measurement; a QTc without formula counts as Bazett's."""
    keys = (key, "qtc_ms") if key == "qtc_bazett_ms" else (key,)
    return next((claim.low for claim in number_claims(text) if claim.key in keys), None)


def _same(said: float | None, measured: float) -> bool:
    return said is not None and abs(said - measured) <= 0.51


def question_is_right(text: str, gold: Mapping[str, Any], gold_text: str) -> float:
    """1.0 for the right set of options: yes or no, the set of statements, or the same sentence."""
    kind, answer = str(gold["type"]), [str(option) for option in gold["answer"]]
    if kind.endswith("verify"):
        return float(chosen(text, tuple(VERIFY)) == set(answer))
    if "options" in gold:
        return float(chosen(text, (*gold["options"], "none")) == set(answer))
    if kind == "focused":
        return float(_says_the_same(text, gold_text))
    if kind == "numeric range":
        return float(range_in(text) == answer[0])
    if kind == "count":
        return float(_count_in(text) == int(answer[0]))
    if kind == "unjudgeable":
        return float("cannot be judged" in text.lower())
    if kind in ("choose", "query", "pair query"):
        if gold["codes"] or answer == ["none"]:
            return float(asserted(text) == set(gold["codes"]))
        return float(option_set(text) == option_set(answer))
    if kind.endswith("query"):
        return float(option_set(text) == option_set(answer))
    if kind in ("knowledge", "out of scope"):
        return float(" ".join(_without_source(gold_text)) in " ".join(_without_source(text)))  # with its heading
    return float(_without_source(text) == _without_source(gold_text))


def range_in(text: str) -> str | None:
    """Where a text says that a number lies: "below", "within" or "above" its normal range; None if that is unclear.

    Limits in brackets say nothing of the number, and "not prolonged" is no "above".
    """
    plain = re.sub(r"\([^)]*\)", " ", text.lower())
    said = {
        name
        for clause in re.split(r"[.;,:]\s|\bbut\b", plain)
        for name, words in _RANGES.items()
        if (match := words.search(clause)) and not re.search(r"\b(?:not|no|neither|nor)\b", clause[: match.start()])
    }
    return said.pop() if len(said) == 1 else None


def _says_the_same(text: str, gold_text: str) -> bool:
    """Whether an answer on one thing says yes or no as the gold does and asserts the same statements.

    Of a gold without statements, its first number must be there, and "normal" where the gold says it. Probabilities are
    no numbers of the ECG, and what `mending.but_called` adds is no part of the answer.
    """
    text = text.split(BUT_CALLED)[0]
    word, wanted = (re.match(r"\W*(?:probably )?(yes|no|possibly)\b", said.lower()) for said in (text, gold_text))
    if wanted and (word is None or word.group(1) != wanted.group(1)):
        return False
    said, of_gold = asserted(text), asserted(gold_text)
    if said - {"SR", "NORM"} != of_gold - {"SR", "NORM"}:
        return False
    if of_gold:
        return of_gold <= said
    if numbers := re.findall(r"(?<![A-Za-z])-?\d+(?:\.\d+)?(?! ?%)\b", gold_text):
        return re.search(rf"(?<![\d.]){re.escape(numbers[0])}(?!\d|\.\d)", text) is not None
    return _calls_normal(text) == _calls_normal(gold_text)


def _calls_normal(text: str) -> bool:
    return re.search(r"(?<!not )\bnormal\b", text.lower()) is not None


def _without_source(text: str) -> list[str]:
    return _SOURCE.sub("", text).split()


def _count_in(text: str) -> int | None:
    """The first count of a text, in digits or words; numbers with a unit are none."""
    first = _COUNT.search(text.lower())
    if first is None:
        return None
    return _NUMBERS.index(first[0]) if first[0] in _NUMBERS else 0 if first[0] == "none" else int(first[0])
