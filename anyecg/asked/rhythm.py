"""Questions for rhythm and beats of one ECG: P waves, regularity, pauses, runs, counts, width, pacing, rates."""

from __future__ import annotations

import re
from itertools import pairwise

from ..events import BEAT_KINDS, COUPLET, LOCATABLE
from ..evidence import Evidence
from ..findings import FINDINGS
from ..knowledge import passage
from ..measure.critical import CONDUCTED_BPM
from ..measure.normal import LIMITS, judge, say
from .places import MOST_TOLD, RUNS, in_words, listed, number_of
from .said import asks_yes_or_no, called, capital, join, named, rhythm

WIDE_MS, FAST_BPM, PAUSE_S = 120, 100, 3.0
_IRREGULAR = ("AFIB", "AFLT", "SARRH", "PVC", "PAC", "PRC(S)", "SVARR", "BIGU", "TRIGU", "2AVB", "3AVB")
_BLOCKS = ("1AVB", "2AVB", "3AVB")
_CONDUCTION = (*_BLOCKS, "CRBBB", "CLBBB", "IRBBB", "ILBBB", "LAFB", "LPFB", "IVCD", "WPW")
_COUNTED = {
    "premature ventricular contraction": r"pvcs?|vpbs?|ves|premature ventricular|ventricular (?:extra|ectop|premature)",
    "premature atrial contraction": r"pacs?|apbs?|premature atrial|(?:supra|atrial )\w* ?(?:extra|ectop|premature)",
}
_EXTRA = r"extra ?(?:beats?|systoles?)|ectop(?:y|ics?|ic beats?)|premature beats?"


def p_waves(evidence: Evidence, question: str) -> str:
    measured = evidence.measurements
    present = measured.get("p_wave_present")
    reason = str((measured.get("not_measurable") or {}).get("p_ms") or "they are not clear enough").rstrip(".")
    if present is None:
        return f"I cannot tell whether there are P waves: {reason[:1].lower()}{reason[1:]}."
    yes = "Yes" if present else "No"
    start = f"{yes}: " if asks_yes_or_no(question) else ""
    if not present:
        why = "" if "no p wave" in reason.lower() and "in" not in reason.split() else f" ({reason})"
        return f"{start or 'No P waves: '}no P waves were found before the QRS complexes{why}. {rhythm(evidence)}."
    pr = measured.get("pr_ms")
    text = f"{start}P waves were found before the QRS complexes" + (
        f", with a PR interval of {pr:.0f} ms." if pr else "."
    )
    if (width := measured.get("p_ms")) and re.search(r"\b(?:wide|broad|long|notched|look|shape|duration)", question):
        text += f" They last {width:.0f} ms (normal up to 120 ms)."
    if blocks := called(evidence, _BLOCKS):
        text += f" AV conduction: {named(blocks)}."
    if extra := called(evidence, ("PVC", "PAC", "PRC(S)")):
        text += f" Not every beat need have one: {named(extra)}."
    return capital(text)


def regularity(evidence: Evidence, question: str) -> str:
    measured = evidence.measurements
    word, rate = measured.get("rhythm_regularity"), measured.get("heart_rate_bpm")
    if not word:
        return "I cannot tell: there are too few clear beats to judge the rhythm's regularity."
    said = f"the rhythm is {word}" + (f", at a rate of {rate:.0f}/min." if rate is not None else ".")
    causes = called(evidence, _IRREGULAR)
    asks_irregular = "irregular" in question or "skip" in question or "uneven" in question
    if "irregularly irregular" in question and word == "irregular":
        yes = "Yes" if called(evidence, ("AFIB",)) else "Not surely"
        said = f"{yes}: {said}"
    elif asks_yes_or_no(question):
        said = f"{'Yes' if (word == 'irregular') == asks_irregular else 'No'}: {said}"
    if word == "irregular":
        said += f" This goes with {named(causes)}." if causes else " No usual cause of it is likely enough to be named."
    return capital(said)


def conduction(evidence: Evidence, question: str) -> str:
    measured, sex = evidence.measurements, evidence.record.sex
    blocks = called(evidence, _CONDUCTION)
    text = f"{say(measured, 'pr_ms', sex)} {say(measured, 'qrs_ms', sex)} "
    text += f"Called: {named(blocks)}." if blocks else "No block or delay is likely enough to be named."
    if "constant" in question or "dropped" in question:
        missing = evidence.locate("pause")
        text += f" Second-degree AV block has {named([('2AVB', evidence.labels['2AVB'])])[23:]};"
        text += f" pauses at {listed(missing, MOST_TOLD)}." if missing else " there is no pause of more than 3 s."
        text += " PR is not measured beat by beat."
    return text


def pauses(evidence: Evidence, question: str) -> str:
    times = [beat["time_s"] for beat in evidence.measurements["beats"]]
    if len(times) < 2:
        return "I cannot tell: fewer than two beats were found."
    start, end = max(pairwise(times), key=lambda pair: pair[1] - pair[0])
    longest = f"the longest RR interval is {end - start:.2f} s (from {start:.1f} to {end:.1f} s)"
    found = evidence.locate("pause")
    if found:
        return f"Yes: pauses of more than {PAUSE_S:.0f} s at {listed(found, MOST_TOLD)}; {longest}."
    denied = f"no pause of more than {PAUSE_S:.0f} s was found"
    if "longest" in question:
        return f"{capital(longest)}; {denied}."
    return f"No: {denied}; {longest}."


def runs(evidence: Evidence, question: str) -> str:
    asked = [kind for kind, words in RUNS.items() if re.search(rf"\b(?:{words})", question)]
    if "runs" in question and not re.search(r"runs? of", question):
        asked = [COUPLET, "ventricular tachycardia", "supraventricular tachycardia"]
    found = {kind: evidence.locate(kind) for kind in asked}
    there = [in_words(kind, events, MOST_TOLD) for kind, events in found.items() if events]
    if there:
        return f"Yes: {' '.join(there)}"
    names = join([f"no {LOCATABLE[kind].rstrip('s')}" for kind in asked])
    return f"No: {names} was found by measurement in these {evidence.record.duration_s:.0f} s."


def counts(evidence: Evidence, question: str) -> str:
    beats = len(evidence.measurements["beats"])
    kinds = [kind for kind, words in _COUNTED.items() if re.search(rf"\b(?:{words})", question)]
    kinds = kinds or (list(_COUNTED) if re.search(_EXTRA, question) else [])
    if not kinds and "beat" not in question:
        return ""
    if not kinds:
        return f"{beats} beats were found in {evidence.record.duration_s:.1f} s."
    text = number_of(kinds, evidence)
    if "burden" in question and beats:
        share = 100 * sum(len(evidence.locate(kind)) for kind in kinds) / beats
        text += f" That is {share:.0f} % in {evidence.record.duration_s:.0f} s; a burden is judged over a day."
    return text


def abnormal_beats(evidence: Evidence, question: str) -> str:
    """The beats that are not normal ones, kind by kind, with their times."""
    found = {kind: evidence.locate(kind) for kind in BEAT_KINDS if kind != "normal beat"}
    there = [in_words(kind, events, MOST_TOLD) for kind, events in found.items() if events]
    yes = ("Yes: " if there else "No: ") if asks_yes_or_no(question) else ""
    none = f"no beat stands out as ectopic, paced or blocked among {len(evidence.measurements['beats'])}."
    return capital(f"{yes}{' '.join(there) or none}")


def width(evidence: Evidence, question: str) -> str:
    measured = evidence.measurements
    qrs, rate = measured.get("qrs_ms"), measured.get("heart_rate_bpm")
    if qrs is None:
        return say(measured, "qrs_ms", evidence.record.sex)
    is_wide = round(qrs) >= WIDE_MS
    word = "wide" if is_wide else "narrow"
    text = f"the QRS complexes are {word}: {qrs:.0f} ms (wide from {WIDE_MS} ms on)"
    asks_fast = bool(re.search(r"tachy|svt|\bvt\b|wct", question))
    is_fast = rate is not None and round(rate) > FAST_BPM
    is_conducted = bool(measured.get("p_wave_present")) and rate is not None and rate <= CONDUCTED_BPM
    if asks_fast and rate is not None:
        text += f", and the rate is {rate:.0f}/min, which is {'fast' if is_fast else 'no tachycardia'}"
    text += "."
    if asks_fast and is_fast and is_wide and is_conducted:
        text += (
            " With P waves before the QRS complexes it is a sinus rhythm with slow conduction, if they belong together."
        )
    elif asks_fast and is_fast:
        text += (
            " A wide-complex tachycardia is taken for ventricular until shown otherwise."
            if is_wide
            else " Narrow complexes speak for a supraventricular origin."
        )
        text += f" {rhythm(evidence)}."
    if asks_fast and not is_fast:
        text += f" {rhythm(evidence)}."
    wants_wide = bool(re.search(r"wide|broad", question))
    one_sided = wants_wide != bool(re.search(r"narrow", question))
    if asks_yes_or_no(question) and one_sided:
        holds = is_wide == wants_wide and (is_fast or not asks_fast)
        return f"{'Yes' if holds else 'No'}: {text}"
    return capital(text)


def pacing(evidence: Evidence, question: str) -> str:
    measured = evidence.measurements
    paced, head = measured.get("paced"), called(evidence, ("PACE",))
    notes = [note for note in measured.get("notes") or () if "pacing" in note]
    hidden = f" {capital(notes[0])}." if notes else " Spikes that a filter removed would not be seen."
    if not paced and not head:
        return f"No pacing was found: paced rhythm {named([('PACE', evidence.labels['PACE'])])[13:]}.{hidden}"
    what = f"{paced} pacing spikes were measured" if paced else "no spikes were measured"
    text = f"Pacing: {what}" + (f", {named(head)}." if head else ".")
    open_ones = "Whether every spike captures, every beat is sensed, and which chamber is paced, is not checked."
    return f"{text} {open_ones}" + ("" if paced else hidden)


def extreme_rates(evidence: Evidence, question: str) -> str:
    measured = evidence.measurements
    values = [measured.get(key) for key in ("heart_rate_max_bpm", "heart_rate_min_bpm", "heart_rate_bpm")]
    if any(value is None for value in values):
        return say(measured, "heart_rate_bpm", evidence.record.sex)
    fastest, slowest, mean = (f"{value:.0f}/min" for value in values)
    return f"The fastest rate is {fastest}, the slowest {slowest}, the mean {mean}."


def too_fast_or_slow(evidence: Evidence, question: str) -> str:
    rate = evidence.measurements.get("heart_rate_bpm")
    sentence = say(evidence.measurements, "heart_rate_bpm", evidence.record.sex)
    if rate is None:
        return sentence
    asks_fast = bool(re.search(r"tachy|fast|rac(?:e|ing)|quick|rapid", question))
    judged = judge("heart_rate_bpm", rate, None)
    is_so = judged.endswith(LIMITS["heart_rate_bpm"].above if asks_fast else LIMITS["heart_rate_bpm"].below)
    text = f"{sentence} {rhythm(evidence)}."
    if "why" in question or "cause" in question or "reason" in question:
        general = passage("tachycardia" if asks_fast else "bradycardia", "causes")
        return f"{text} In general: {general.text}" if is_so else text
    return f"{'Yes' if is_so else 'No'}: {sentence[:1].lower()}{sentence[1:]}" if asks_yes_or_no(question) else text


def atrial_rate(evidence: Evidence, question: str) -> str:
    rate = evidence.measurements.get("heart_rate_bpm")
    blocked = called(evidence, ("2AVB", "3AVB", "AFIB", "AFLT"))
    if evidence.measurements.get("p_wave_present") and rate is not None and not blocked:
        return f"With a P wave before the QRS complexes it is the heart rate, {rate:.0f}/min; it is not measured apart."
    why = f" ({named(blocked)})" if blocked else ""
    return f"I cannot tell: the atrial rate is not measured by itself, and is not that of the ventricles here{why}."


def sinus(evidence: Evidence, question: str) -> str:
    found = called(evidence, ("SR", "STACH", "SBRAD", "SARRH"))
    other = [(c, p) for c, p in called(evidence) if "r" in FINDINGS[c].kinds and c in ("AFIB", "AFLT", "PACE", "SVTAC")]
    if found:
        also = f" Beside that: {named(other)}." if other else ""
        return capital(f"{'Yes: ' if asks_yes_or_no(question) else ''}{named(found)}.{also}")
    no = "No" if asks_yes_or_no(question) else "Rather not"
    return f"{no}: {named([('SR', evidence.labels['SR'])])}. {rhythm(evidence)}."


ANSWERS = {
    "p_waves": p_waves, "sinus": sinus, "regularity": regularity,
    "conduction": conduction, "pauses": pauses, "runs": runs, "counts": counts,
    "abnormal_beats": abnormal_beats, "width": width, "pacing": pacing, "extreme_rates": extreme_rates,
    "atrial_rate": atrial_rate, "too_fast_or_slow": too_fast_or_slow,
}  # fmt: skip
