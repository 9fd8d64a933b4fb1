"""Other styles of an answer: brief, or as a list. The question asks for the style, and the facts are those of the gold.

Reports have their own styles (`report.BRIEF`, `report.STRUCTURED`); explanations and refusals keep theirs.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .measurement import LIMITS, judge
from .view import Dialogue
from .wording import capital, join

CUES = {
    "briefly": (
        "Answer briefly.", "Short answer, please.", "Keep it short.", "Just the answer, please.",
        "In a few words, please.", "Be brief.", "Only the answer, please.", "As short as you can.",
    ),
    "as a list": (
        "As a list, please.", "One per line, please.", "Give it line by line.", "List it, please.", "Use a list.",
        "Put each on its own line.", "In separate lines, please.", "Answer as a list.",
    ),
}  # fmt: skip
SHARE = 0.2
"""Of the answers that can be said in another style."""
_JUDGED = re.compile(r"\b(?:normal|judge)\b")
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")


def styled(dialogue: Dialogue, rng: random.Random) -> Dialogue:
    """The dialogue with its last answer in another style now and then; the provenance says so."""
    if dialogue.task == "report" or rng.random() >= SHARE:
        return dialogue
    question, answer = dialogue.turns[-1]
    said = {style: text for style, text in styles(dialogue).items() if text not in ("", answer)}
    if not said:
        return dialogue
    style = rng.choice(sorted(said))
    turn = (f"{question} {rng.choice(CUES[style])}", said[style])
    truth = (*dialogue.provenance[:-1], f"{dialogue.provenance[-1]}; answered {style}")
    return replace(dialogue, turns=(*dialogue.turns[:-1], turn), provenance=truth)


def styles(dialogue: Dialogue) -> dict[str, str]:
    """Style → the last answer in that style, "" where the style does not fit."""
    gold, answer = dialogue.gold, dialogue.turns[-1][1]
    if dialogue.task == "localization":
        return _of_names([f"{start:.1f}-{end:.1f} s" for start, end in gold["intervals"]])
    if dialogue.task == "measurement":
        return _of_numbers(gold["key"], gold["value"], _judgement(dialogue))
    if dialogue.task == "comparison":
        return _of_comparison(gold, answer)
    return _of_question(gold)


def _of_names(names: Sequence[str]) -> dict[str, str]:
    listed = "\n".join(f"- {name}" for name in names) if len(names) > 1 else ""
    return {"briefly": f"{capital(join(names))}." if names else "None.", "as a list": listed}


def _judgement(dialogue: Dialogue) -> str:
    """How a number lies, where the question wants to know, else ""."""
    key, value = dialogue.gold["key"], dialogue.gold["value"]
    if key not in LIMITS or not LIMITS[key].normal or value is None or not _JUDGED.search(dialogue.turns[-1][0]):
        return ""
    return f", {judge(key, value, dialogue.views[0].record.sex)}"


def _of_numbers(key: str, value: Any, judgement: str = "") -> dict[str, str]:
    if key == "all":
        known = [k for k in LIMITS if value.get(k) is not None]
        lines = [f"- {capital(LIMITS[k].short)} {value[k]:.0f}{LIMITS[k].unit}" for k in known]
        return {"as a list": "\n".join(lines) if len(lines) == len(LIMITS) else ""}
    if isinstance(value, str):
        return {"briefly": f"{capital(value)}."}
    if value is None:
        return {}
    return {"briefly": f"{capital(LIMITS[key].short)} {value:.0f}{LIMITS[key].unit}{judgement}."}


def _of_comparison(gold: Mapping[str, Any], answer: str) -> dict[str, str]:
    if "code" in gold:
        return {"briefly": f"{join([f'ECG {k}' for k in gold['answer']])}." if gold["answer"] else "None."}
    if len(gold.get("rates", ())) == 2:
        one, two = gold["rates"]
        return {"briefly": f"{one}/min in ECG 1, {two}/min in ECG 2."}
    return {"as a list": _SENTENCE.sub("\n", answer)}


def _of_question(gold: Mapping[str, Any]) -> dict[str, str]:
    kind, answer = str(gold["type"]), list(gold["answer"])
    if kind.endswith("verify"):
        return {"briefly": f"{capital(answer[0])}."}
    if kind in ("count", "numeric range"):
        return {"briefly": f"{capital(answer[0])}."}
    if "options" in gold:
        there = [option for option in answer if option != "none"]
        return _of_names([o if o.startswith("lead ") else gold["options"][o] for o in there])
    if kind.endswith(("choose", "query")):
        names = _of_names([name for name in answer if name != "none"])
        return names if gold["codes"] else {"briefly": names["briefly"]}
    return {}
