"""What can be said of an ECG as a whole, beside its waves: extra beats, quality, urgency, next step, plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from anyecg.findings import FINDINGS
from anyecg.knowledge.concepts import concepts

from . import localization, report, rhythms
from .leads import noisy_leads
from .plain import plain_phrases
from .said import ABNORMAL, MEASURED, NORMAL, UNCLEAR, Said, asserted, denied, names, present, source
from .view import View
from .wording import RHYTHM_ORDER, bare, by_importance, capital, join, noun, rhythm_phrase

_EARLY = ("PVC", "PAC", "PRC(S)", "BIGU", "TRIGU")
_MOST_PLACES = 4
_INJURY = tuple(code for code in FINDINGS if code.startswith("INJ"))
_INFARCT = tuple(code for code, f in FINDINGS.items() if f.superclass == "MI" and code not in _INJURY)
_ISCHAEMIC = tuple(code for code, f in FINDINGS.items() if f.subclass.startswith("ISC"))
_BLOCKED = ("3AVB", "2AVB")
_FAST = ("AFIB", "AFLT", "SVTAC", "PSVT", "SVARR")
_FAST_BPM = 110
"""From this ventricular rate on a supraventricular arrhythmia is not left for later: the limit of lenient rate control
(Van Gelder et al., N Engl J Med 2010;362:1363)."""
_OPEN = ("DIG", "EL", "WPW", "LNGQT", "STE_", "STD_", "ANEUR", "PACE", "BIGU", "TRIGU")
"""What may be urgent or not by what else is known of the patient, so that nothing is said."""
_MOST_NAMED = 6


def extra_beats(view: View) -> Said | None:
    """Premature beats with their places where there are few."""
    codes = present(view, _EARLY)
    if not codes:
        if not denied(view, _EARLY[:2]):
            return None
        return Said("There are no extra beats.", NORMAL, (), source(view, (), "no premature beats"))
    places = []
    for kind in ("premature ventricular contraction", "premature atrial contraction"):
        intervals = localization.merged_intervals(view, kind)
        if len(intervals) > _MOST_PLACES:
            return None  # counted and located elsewhere
        if intervals:
            plural = capital(localization.LOCALIZABLE[kind].plural)
            places.append(f"{plural} {localization.say_intervals(intervals, view.record.duration_s)}.")
    text = " ".join(places) if len(places) == len(codes) else f"{names(codes)}."
    return Said(text, ABNORMAL, codes, source(view, codes))


def quality(view: View) -> Said | None:
    """Which leads cannot be judged, and what disturbs the others; a database's own remarks included."""
    flags: Mapping[str, str] = view.measurements.get("quality") or {}
    if not flags:
        return None
    remarked = noisy_leads(view)
    truth = source(view, (), "noise" if remarked else "", "signal quality")
    bad, rest = _bad_leads(flags), _disturbed(view)
    if not rest and not bad and remarked and remarked[0]:
        rest = [f"noise in {_leads(view, remarked[0])}"]
    if not bad and not rest:
        return Said("The signal is clean in all leads.", NORMAL, (), truth)
    if bad:
        return Said(f"{'; '.join([*bad, *rest])}.", ABNORMAL, (), truth)
    return Said(f"All leads are readable, with {join(rest)}.", "", (), truth)


def _bad_leads(flags: Mapping[str, str]) -> list[str]:
    by_word: dict[str, list[str]] = {}
    for lead, word in flags.items():
        by_word.setdefault(word, []).append(lead)
    return [
        f"{join(leads)} {'is' if len(leads) == 1 else 'are'} {word} and cannot be judged"
        for word, leads in by_word.items()
        if word != "good"
    ]


def _disturbed(view: View) -> list[str]:
    found: Mapping[str, Sequence[str]] = view.measurements.get("disturbances") or {}
    kinds = dict.fromkeys(kind for of_lead in found.values() for kind in of_lead)
    return [f"{kind} in {_leads(view, [lead for lead, here in found.items() if kind in here])}" for kind in kinds]


def _leads(view: View, leads: Sequence[str]) -> str:
    return "all leads" if len(leads) == len(view.record.leads) > 1 else join(leads)


def urgency(view: View) -> Said | None:
    """Whether somebody has to act now, by what is stated and by the critical values that were measured."""
    urgent = [name for name in rhythms.present(view) if name in rhythms.EMERGENCIES]
    if urgent:
        text = f"{'. '.join(rhythms.said(view, name) for name in urgent)}. This is an emergency: act at once."
        return Said(text, ABNORMAL, (), f"{view.truth}: episodes")
    critical = view.measurements.get("critical") or ()
    if critical:
        if view.has("NORM") or view.has_class("NORM"):
            return None
        first = critical[0]
        text = f"{_critical(first)}. This needs attention now."
        codes = tuple(asserted(text))
        if any(view.has(code) is False for code in codes):
            return None
        if first["kind"] == "ST elevation" and not any(view.has(code) for code in ("STE_", *_INFARCT, *_INJURY)):
            return None
        return Said(text, ABNORMAL, codes, f"critical values {MEASURED}; {first['source']}")
    return _pressing(view) or _nothing_urgent(view)


def _critical(found: Mapping[str, Any]) -> str:
    if found["kind"] == "ST elevation":
        return f"The ST segments are raised in {join(found['leads'])} as in an acute infarction"
    return capital(str(found["kind"]))


def _pressing(view: View) -> Said | None:
    """What a stated finding asks for, where it may not wait."""
    rate = view.measurements.get("heart_rate_bpm") or 0
    for codes, advised, state in (
        (present(view, _BLOCKED), "Monitor the patient and be ready to pace.", ABNORMAL),
        (present(view, _INJURY), "This may be acute: ask for symptoms and an earlier ECG, and take troponin.", UNCLEAR),
        (
            present(view, _FAST) if rate >= _FAST_BPM else (),
            "The ventricles are fast: look at the circulation and the cause.", UNCLEAR,
        ),
        (_undated(view), "The ECG does not tell its age: ask for symptoms and an earlier ECG.", UNCLEAR),
        (present(view, (*_ISCHAEMIC, "CLBBB")), "It is urgent if it is new or if there is chest pain.", UNCLEAR),
    ):  # fmt: skip
        if codes:
            return Said(f"{names(codes)}. {advised}", state, codes, source(view, codes))
    return None


def _undated(view: View) -> tuple[str, ...]:
    """Infarctions that nobody has called old."""
    return () if view.facts.get("stages") == ["old"] else present(view, _INFARCT)


def _nothing_urgent(view: View) -> Said | None:
    if not {"diagnoses", "rhythm"} <= view.known or rhythms.present(view) or any(view.has(code) for code in _OPEN):
        return None
    if view.has("NORM"):
        return Said("Nothing here is urgent. Symptoms still count.", NORMAL, (), source(view, ("NORM",)))
    codes = tuple(by_importance(view.present())[:2])
    if not codes or not view.measurements:
        return None
    text = f"Nothing here calls for haste: {join([noun(code) for code in codes])}. Symptoms still count."
    return Said(text, NORMAL, codes, source(view, codes, measured="critical values"))


def what_next(view: View) -> Said | None:
    """The next step with the most important finding that a written passage knows."""
    if "diagnoses" not in view.known or rhythms.present(view):
        return None
    if pressing := _pressing(view):
        return replace(pressing, state="")
    rhythm = [code for code in RHYTHM_ORDER if view.has(code) and code != "SR"]
    codes = [*by_importance(view.present()), *rhythm] or [code for code in ("NORM",) if view.has(code)]
    passage = next((entry for entry in concepts().values() if codes and entry.get("code") == codes[0]), None)
    if passage is None:
        return None
    text = f"{capital(bare(codes[0]))}: {passage['next'][0].lower()}{passage['next'][1:]}"
    if asserted(text) != set(codes[:1]):
        return None  # it names what is not there
    return Said(text, "", (codes[0],), f"{source(view, codes[:1])}; written by the project {passage['source']}")


def against_normal(view: View) -> Said | None:
    """All that is not as in a normal ECG: rhythm, numbers, findings."""
    if not {"diagnoses", "form", "rhythm"} <= view.known or rhythms.present(view):
        return None
    rhythm = tuple(code for code in RHYTHM_ORDER if view.has(code) and code != "SR")
    codes = tuple(by_importance(view.present())[:_MOST_NAMED])
    if view.has("NORM"):
        if codes or rhythm:
            return None
        return Said("It is a normal ECG.", NORMAL, ("NORM",), source(view, ("NORM",)))
    parts = [capital(rhythm_phrase(rhythm))] if rhythm else []
    parts += [names(codes)] if codes else []
    numbers = report.abnormal_numbers(view)
    text = f"{'. '.join(parts)}." if parts else ""
    text = f"{text} {numbers}".strip()
    return Said(text, ABNORMAL, rhythm + codes, source(view, rhythm + codes, measured="intervals")) if text else None


def plain_words(view: View) -> Said | None:
    """What to tell the patient, without medical words."""
    if not {"diagnoses", "rhythm"} <= view.known:
        return None
    if any(name in rhythms.EMERGENCIES for name in rhythms.present(view)):
        text = "The heart does not pump as it must. This is an emergency and needs help at once."
        return Said(text, "", (), f"{view.truth}: episodes")
    if rhythms.present(view):
        return None
    codes = [code for code in RHYTHM_ORDER if view.has(code)] + by_importance(view.present())
    codes += [code for code in ("NORM",) if view.has(code) and not by_importance(codes)]
    phrases = plain_phrases(codes)
    if not phrases:
        return None
    text = f"{'. '.join(map(capital, phrases))}. A doctor has to judge this together with how you feel."
    return Said(text, "", (), source(view, codes))
