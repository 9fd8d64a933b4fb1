"""Reports in our wording: rhythm and rate, abnormal intervals, findings by importance, conclusion."""

from __future__ import annotations

import random
from typing import Any

from anyecg.findings import SUPERCLASSES, findings_in_text

from . import openly, rhythms
from .localization import LOCALIZABLE, merged_intervals, say_intervals
from .measurement import LIMITS, judge, without_pr
from .view import EVENT_OF_CODE, Dialogue, View
from .wording import (
    CLASS_NAMES,
    RHYTHM_ORDER,
    SUBCLASS_NAMES,
    bare,
    by_importance,
    capital,
    join,
    number,
    rhythm_phrase,
)

QUESTIONS = (
    "Write a report for this ECG.",
    "Please report this ECG.",
    "What does this ECG show?",
    "Interpret this ECG.",
    "Give me a short interpretation of this ECG.",
    "Describe the findings of this ECG.",
    "Please read this recording and summarise it.",
    "What is your reading of this tracing?",
    "Summarise this ECG in a few sentences.",
    "Can you interpret this electrocardiogram for me?",
    "Report rhythm, intervals, findings and conclusion.",
    "I need a concise ECG report.",
)
BRIEF = (
    "What does this ECG show, in one sentence?", "Report this ECG briefly.", "In short, what is on this ECG?",
    "Give me the ECG in one line.", "Just the essentials of this ECG, please.", "What is the main result of this ECG?",
    "Sum this ECG up in a sentence.", "One sentence on this ECG, please.",
)  # fmt: skip
STRUCTURED = (
    "Write a structured report of this ECG.", "Report this ECG under headings.",
    "Please fill in rhythm, intervals, findings and conclusion for this ECG.", "Give me a formal ECG report.",
    "Write the report of this ECG line by line.", "Structure your report of this ECG.",
    "A report with headings for this ECG, please.", "Report this ECG in sections.",
)  # fmt: skip
_MAX_FINDINGS, _MAX_BRIEF = 8, 3
_OPEN = 0.5  # share of reports that are asked for in other words


def ask(view: View, rng: random.Random) -> Dialogue | None:
    """A question for a report with its answer; None if nothing is known that a report could say."""
    if view.is_long or (not view.whole and not view.known_events):
        return None
    if view.whole and not view.findings and not rhythms.present(view):
        return None
    draw = rng.random()
    questions: tuple[str, ...]
    style, questions = (
        (_brief, BRIEF) if draw < 0.12 else (_structured, STRUCTURED) if draw < 0.24 else (_prose, QUESTIONS)
    )
    if rng.random() < _OPEN and style is not _structured:
        held_out = openly.HELD_OUT if view.split == "test" else openly.OPEN
        questions = openly.BRIEFLY if style is _brief else held_out
    text = style(view)
    if not text:
        return None
    source = f"{view.truth}; numbers measured by anyecg.measure" if view.measurements else view.truth
    said = gold(view)
    if style is _brief:
        said["findings"] = [code for code in said["findings"] if code in findings_in_text(text)]
    return Dialogue("report", (view,), ((rng.choice(questions), text),), (source,), said)


def _prose(view: View) -> str:
    sentences = [_rhythm_and_rate(view), abnormal_numbers(view), *_events(view), _findings(view), _conclusion(view)]
    if view.whole:
        sentences = [*_events(view), _rhythm_and_rate(view), abnormal_numbers(view), _findings(view), _conclusion(view)]
    return " ".join(sentence for sentence in sentences if sentence)


def _brief(view: View) -> str:
    """Rhythm, rate and the most important findings in one sentence."""
    begun = _rhythm_and_rate(view).rstrip(".")
    if view.whole and (events := _events(view)):
        begun = "; ".join([events[0].rstrip("."), *([begun[0].lower() + begun[1:]] if begun else [])])
    names = [bare(code) for code in by_importance(view.present())[:_MAX_BRIEF]]
    rest = join(names) if names else "normal ECG" if view.has("NORM") or view.has_class("NORM") else ""
    if not begun or not rest:
        return f"{capital(begun or rest)}." if begun or rest else ""
    return f"{begun}: {rest}."


def _structured(view: View) -> str:
    """The same under headings; what is not known of a heading leaves it out."""
    parts = {
        "Rhythm": _rhythm_and_rate(view), "Intervals": abnormal_numbers(view), "Events": " ".join(_events(view)),
        "Findings": _findings(view), "Conclusion": _conclusion(view).removeprefix("Conclusion: "),
    }  # fmt: skip
    if view.whole:
        parts["Rhythm"] = " ".join(text for text in (parts.pop("Events"), parts["Rhythm"]) if text)
    return "\n".join(f"{name}: {capital(text)}" for name, text in parts.items() if text)


def gold(view: View) -> dict[str, Any]:
    """What a report is scored against: the statements it names, and the classes."""
    stated = [code for code in RHYTHM_ORDER if view.has(code)] + by_importance(view.present())[:_MAX_FINDINGS]
    if view.has("NORM") or view.has_class("NORM"):
        stated.append("NORM")
    return {"findings": stated, "superclasses": [name for name in SUPERCLASSES if view.has_class(name)]}


def _rhythm_and_rate(view: View) -> str:
    if rhythms.without_beats(view):
        return ""
    codes = [code for code in RHYTHM_ORDER if view.has(code) and (view.whole or _is_throughout(view, code))]
    rate, regularity = number(view.measurements, "heart_rate_bpm"), view.measurements.get("rhythm_regularity")
    if rhythms.emergency(view) and codes:
        return f"Otherwise {rhythm_phrase(codes)}."
    if codes and rate:
        of_ventricles = {"AFIB", "AFLT"} & set(codes) or view.has("3AVB") or view.has("2AVB")
        return f"{capital(rhythm_phrase(codes))}, {'ventricular ' if of_ventricles else ''}rate {rate}/min."
    if codes:
        return f"{capital(rhythm_phrase(codes))}."
    if rate:
        return f"Rate {rate}/min, {regularity}." if regularity else f"Rate {rate}/min."
    return ""


def _is_throughout(view: View, code: str) -> bool:
    """Whether an excerpt shows nothing but this rhythm; one that comes or goes is told with its times instead."""
    places = merged_intervals(view, EVENT_OF_CODE[code]) if code in EVENT_OF_CODE else []
    return not places or say_intervals(places, view.record.duration_s).startswith("throughout")


def abnormal_numbers(view: View) -> str:
    """Only what lies outside its limits, with the number; nothing does in an ECG that was judged normal."""
    if view.has("NORM") or rhythms.emergency(view):
        return ""
    parts = []
    for key in ("pr_ms", "qrs_ms", "qtc_bazett_ms", "axis_deg"):
        value = None if key == "pr_ms" and without_pr(view) else view.measurements.get(key)
        verdict = judge(key, value, view.record.sex) if value is not None else "normal"
        if verdict != "normal":
            name, unit = LIMITS[key].short, LIMITS[key].unit
            parts.append(f"{name} {value:.0f}{unit} ({verdict})")
    return f"{capital(join(parts))}." if parts else ""


def _events(view: View) -> list[str]:
    """Where the annotated events of an excerpt are; of a whole record, the rhythms that no statement names."""
    if view.whole:
        said = {name: rhythms.said(view, name) for name in rhythms.present(view)}
        if view.has("SVTAC") and "throughout" in said.get("supraventricular tachycardia", ""):
            del said["supraventricular tachycardia"]  # a statement says it, as the next one
        return [f"{text}." for name, text in said.items() if name != "third-degree AV block"]
    sentences = []
    for kind, name in LOCALIZABLE.items():
        intervals = merged_intervals(view, kind)
        places = say_intervals(intervals, view.record.duration_s) if intervals else ""
        if places.startswith("throughout") and kind in ("atrial fibrillation", "atrial flutter"):
            continue  # the first sentence says so
        if intervals and len(intervals) <= 6:
            sentences.append(f"{capital(name.plural)} {places}.")
        elif intervals:
            sentences.append(f"{len(intervals)} {name.plural}.")
    return sentences


def _findings(view: View) -> str:
    codes = by_importance(view.present())
    if not view.whole:
        codes = [code for code in codes if code not in EVENT_OF_CODE]
    if view.whole and any(name.startswith("second-degree") for name in rhythms.present(view)):
        codes = [code for code in codes if code != "2AVB"]  # said with its type
    names = [bare(code) for code in codes[:_MAX_FINDINGS]]
    names += [SUBCLASS_NAMES[name] for name in view.unnamed_subclasses() if name in SUBCLASS_NAMES]
    return f"{capital(join(names))}." if names else ""


def _conclusion(view: View) -> str:
    classes = [name for name in SUPERCLASSES if view.has_class(name)]
    if urgent := rhythms.conclusion(view):
        return urgent
    if not classes:
        return ""
    abnormal = [CLASS_NAMES[name] for name in classes if name != "NORM"]
    if not abnormal:
        return "Conclusion: normal ECG."
    if "NORM" in classes:
        return f"Conclusion: normal ECG but for {join(abnormal)}."
    return f"Conclusion: abnormal ECG with {join(abnormal)}."
