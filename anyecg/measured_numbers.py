"""Numbers and places in an answer about one ECG come from its evidence, not from the language model.

Where the text stands right before a rate, an interval or the axis ("PR interval is …") and the model is about to write
a number, the measured one is written in its place; where it says that beats or episodes are "at …", the places of the
event head follow. The words after that are the model's again. Without a measured value or a found place, or with
several ECGs, nothing is changed: check.py shows what disagrees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import torch
from transformers import LogitsProcessor

from .events import LOCATABLE
from .evidence import Evidence
from .wording import join

_SLOTS = {
    "heart_rate_bpm": r"(?<!atrial )(?<!flutter )(?<!est )(?<!imum )rate(?: is| of)?",
    "pr_ms": r"PR(?: interval| time)?(?: is| of)?",
    "qrs_ms": r"QRS(?: duration| width)?(?: is| of)?",
    "qt_ms": r"QT(?: interval| time)?(?: is| of)?",
    "qtc_bazett_ms": r"QTc(?: by Bazett| \(Bazett\))?(?: is| of)?",
    "p_axis_deg": r"P(?: wave)? axis(?: is| of)?",
    "t_axis_deg": r"T(?: wave)? axis(?: is| of)?",
    "axis_deg": r"(?<!P )(?<!T )(?<!P wave )(?<!T wave )axis(?: is| of)?",
    "sokolow_lyon_mv": r"Sokolow-Lyon(?: index| voltage)?(?: is| of)?",
    "cornell_mv": r"Cornell(?: index| voltage)?(?: is| of)?",
}
_IN_LEAD = re.compile(
    r"(?<![\w-])(?P<wave>ST|[PQRST])(?:[ -](?:wave|segment|level|amplitude|voltage))* in (?:lead )?"
    r"(?P<lead>V[1-6]|aV[RLF]|I{1,3})(?: is| of| at|:)? (?P<begun>-?(?:\d[\d.]*(?: m?V?)?)?)$"
)
"""Where a text stands before, or inside, the size of a wave or the ST level in one lead."""
_MOST_PLACES = 12
_RATES = "rates of two ECGs"


class MeasuredNumbers(LogitsProcessor):
    """Writes measured numbers and found places where a text is about to give them.

    Args:
        tokenizer: of the language model.
        values: per sequence of the batch, what `values_of` gives; empty leaves that sequence alone.
        prompt_tokens: length of the prompt; only what follows it is looked at.
    """

    def __init__(self, tokenizer: Any, values: Sequence[Mapping[str, str]], prompt_tokens: int = 0):
        self.tokenizer, self.values, self.prompt_tokens = tokenizer, values, prompt_tokens

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """input_ids (batch, tokens), scores (batch, vocabulary); returns scores, changed where something is due."""
        scores = scores.clone()  # the model's own may be read-only
        for row, values in enumerate(self.values):
            if not values:
                continue
            written = self.tokenizer.decode(input_ids[row, self.prompt_tokens :].tolist(), skip_special_tokens=True)
            due = self.due(written, self.tokenizer.decode([int(scores[row].argmax())]), values)
            if due:
                token = self.tokenizer.encode(due, add_special_tokens=False)[0]
                scores[row] = float("-inf")
                scores[row, token] = 0.0
        return scores

    @staticmethod
    def due(written: str, chosen: str, values: Mapping[str, str]) -> str:
        """The text that must come next, or "" where the model is free.

        Args:
            written: the answer so far.
            chosen: what the model would write next.
            values: see `values_of`.
        """
        is_number = bool(chosen) and not chosen.strip("-0123456789")
        in_lead = _IN_LEAD.search(written)
        places = [(_key_in_lead(in_lead), in_lead.group("begun"))] if in_lead else []
        for key in values if not in_lead else ():
            place = _end(key).search(written) if "_mv " not in key else None
            places += [(key, place.group(1))] if place else []
        for key, begun in places:
            value = values.get(key, "")
            if value != begun and value.startswith(begun) and (is_number or begun.strip("-")):
                return value[len(begun) :]
            if value == begun and is_number:
                return _UNITS.get(key, "" if key in _SLOTS or "mv" in key else " ")
        return ""


_UNITS = {"heart_rate_bpm": "/min"} | {key: " ms" if key.endswith("_ms") else "°" for key in _SLOTS
                                        if key.endswith(("_ms", "_deg"))}  # fmt: skip


def _key_in_lead(place: re.Match[str]) -> str:
    return f"{place.group('wave').lower()}_mv {place.group('lead')}"


@cache
def _end(key: str) -> re.Pattern[str]:
    """Where a text stands before, or inside, the value of a key: a measurement, or the plural of an event kind."""
    if key == _RATES:
        return re.compile(r"(?<![\w-])Rate ([\d/minECG, .]*)$")
    if key.startswith("ECG "):
        return re.compile(rf"{key} ([\d/minagstECG .]*)$")
    if key.endswith("_mv"):
        return re.compile(rf"(?<![\w-])(?i:{_SLOTS[key]}) ((?:\d[\d.]*(?: m?V?)?)?)$")
    if key in _SLOTS:
        return re.compile(rf"(?<![\w-])(?i:{_SLOTS[key]}) (-?\d*)$")
    return re.compile(rf"(?<![\w-])(?i:{re.escape(key)}) at ([\d., s\-andmoreplc]*)$")  # "… and 34 more places."


def known_values(evidences: Sequence[Evidence]) -> dict[str, str]:
    """What an answer may state of these ECGs: the values of one, the rates of two, nothing of more."""
    if len(evidences) == 1:
        return values_of(evidences[0].measurements, evidences[0].events)
    return values_of_two(evidences[0].measurements, evidences[1].measurements) if len(evidences) == 2 else {}


def values_of_two(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, str]:
    """What a comparison of two ECGs may state: their measured rates, one after the other."""
    rates = [values.get("heart_rate_bpm") for values in (first, second)]
    if None in rates:
        return {}
    one, two = (f"{rate:.0f}/min" for rate in rates)
    return {
        _RATES: f"{one} in ECG 1, {two} in ECG 2.",
        "ECG 1 is faster:": f"{one} against {two} in ECG 2.",
        "ECG 2 is faster:": f"{two} against {one} in ECG 1.",
    }


def values_of(measurements: Mapping[str, Any], events: Sequence[Mapping[str, Any]] = ()) -> dict[str, str]:
    """What an answer may state of an ECG: measured values as the prompt prints them, and places per kind in the plural.

    Args:
        measurements: `Measurements.to_dict()`.
        events: {kind, start_s, end_s} of the evidence.
    """
    known = {key: measurements[key] for key in _SLOTS if measurements.get(key) is not None}
    values = {key: f"{value:.2f} mV" if key.endswith("_mv") else f"{value:.0f}" for key, value in known.items()}
    values |= _sizes(measurements.get("leads") or {})
    for kind in dict.fromkeys(event["kind"] for event in events):
        places = [f"{e['start_s']:.1f}-{e['end_s']:.1f} s" for e in events if e["kind"] == kind]
        if len(places) > _MOST_PLACES:
            places = [*places[:_MOST_PLACES], f"{len(places) - _MOST_PLACES} more places"]
        values[LOCATABLE[kind]] = f"{join(places)}."
    return values


def _sizes(leads: Mapping[str, Mapping[str, float | None]]) -> dict[str, str]:
    """ "s_mv V1" → "1.20 mV": waves and ST level of each lead; Q and S as depths, waves that are not there left out."""
    values = {}
    for lead, row in leads.items():
        for key in ("p_mv", "q_mv", "r_mv", "s_mv", "t_mv", "st_mv"):
            size = row.get(key)
            if size is not None and (size or key == "st_mv"):
                shown = f"{abs(size) if key in ('q_mv', 's_mv') else size:.2f} mV"
                values[f"{key} {lead}"] = shown.removeprefix("-") if shown == "-0.00 mV" else shown
    return values
