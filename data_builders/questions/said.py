"""An answer on one aspect of an ECG, and what all aspects need for it: statements, their names and their source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from anyecg.findings import findings_in_text
from anyecg.measure.normal import LIMITS

from . import measurement
from .view import View
from .wording import RHYTHM_ORDER, bare, by_importance, capital, join

NORMAL, ABNORMAL, UNCLEAR, UNJUDGEABLE = "normal", "abnormal", "unclear", "unjudgeable"
MEASURED = "measured by anyecg.measure"


@dataclass(frozen=True)
class Said:
    """An answer on one aspect."""

    text: str
    state: str
    """NORMAL, ABNORMAL, UNCLEAR ("possibly"), UNJUDGEABLE, or "" where neither a yes nor a no fits."""
    codes: tuple[str, ...]
    """The statements that the text asserts."""
    truth: str


def present(view: View, codes: Sequence[str]) -> tuple[str, ...]:
    """Those statements that hold, rhythms first, then the most important ones."""
    there = [code for code in codes if view.has(code)]
    return (*(code for code in RHYTHM_ORDER if code in there), *by_importance(there))


def asserted(text: str) -> set[str]:
    """The statements that a text says to be there."""
    return {code for code, holds in findings_in_text(text).items() if holds}


def denied(view: View, codes: Sequence[str]) -> bool:
    """Whether all of them are known not to hold."""
    return all(view.has(code) is False for code in codes)


def names(codes: Sequence[str]) -> str:
    """Statements as a list that begins a sentence."""
    return capital(join([bare(code) for code in codes]))


def source(view: View, codes: Sequence[str], absent: str = "", measured: str = "") -> str:
    """Where an answer is from: the statements it rests on, or what none of them says, and what was measured."""
    stated = f"{view.truth}: {', '.join(codes) or absent}" if codes or absent else ""
    return "; ".join(part for part in (stated, f"{measured} {MEASURED}" if measured else "") if part)


def measured(view: View, key: str) -> Said | None:
    """A number with its judgement; None where it was not measured."""
    value = view.measurements.get(key)
    if value is None:
        return None
    return Said(
        measurement.say(view, key), NORMAL if is_normal(view, key) else ABNORMAL, (), f"{LIMITS[key].name} {MEASURED}"
    )


def is_normal(view: View, key: str) -> bool:
    """Whether a measured number lies within its normal range."""
    return measurement.judge(key, view.measurements[key], view.record.sex) == "normal"
