"""Critical values: what a colleague would phone about, told from the measurements alone, each with its source.

Deterministic and independent of any model. The limits:

- ventricular fibrillation, ventricular tachycardia (three beats and more, above 100/min; sustained from 30 s): 2017
  AHA/ACC/HRS guideline on ventricular arrhythmias (Al-Khatib et al., Circulation 2018;138:e272);
- wide-complex tachycardia (above 100/min, QRS ≥ 120 ms): 2015 ACC/AHA/HRS guideline on supraventricular tachycardia
  (Page et al., Circulation 2016;133:e506), which takes it for ventricular until shown otherwise;
- asystole, pauses above 3 s, AV block of high grade, rate below 40/min: 2018 ACC/AHA/HRS guideline on bradycardia
  (Kusumoto et al., Circulation 2019;140:e382);
- ST elevation: see `infarction`;
- QTc ≥ 500 ms: AHA/ACC statement on torsade de pointes in hospital settings (Drew et al., Circulation 2010;121:1047),
  by Fridericia and by Hodges (AHA/ACC/HRS part IV, Rautaharju et al., Circulation 2009;119:e241, advises against
  Bazett's); with a wide QRS the QT interval is first shortened by 48.5 % of QRS (Bogossian et al., Heart Rhythm
  2014;11:2273).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..record import EcgRecord
from .infarction import WIDE_QRS_MS, infarction

VENTRICULAR = "2017 AHA/ACC/HRS guideline on ventricular arrhythmias"
SUPRAVENTRICULAR = "2015 ACC/AHA/HRS guideline on supraventricular tachycardia"
BRADYCARDIA = "2018 ACC/AHA/HRS guideline on bradycardia and conduction delay"
RATE_LIMITS = "limits chosen for anyecg: below 40 or above 150 beats/min"
TORSADE = "AHA/ACC scientific statement on torsade de pointes in hospital settings, 2010"
BOGOSSIAN = "AHA/ACC scientific statement on torsade de pointes, 2010; QT for wide QRS by Bogossian et al., 2014"
SLOW_BPM, FAST_BPM = 40.0, 150.0
WIDE_TACHYCARDIA_BPM = 100.0
CONDUCTED_BPM = 120.0
"""Up to here a wide-complex rhythm with a P wave before every QRS complex is sinus tachycardia with a block below."""
QTC_MS = 500.0
SUSTAINED_S = 30.0
WINDOW_S = 10.0
"""Rates of longer recordings are means over so many seconds."""
QT_FASTEST_BPM = 120.0
"""Faster, T and P waves run together and no formula was made for it."""
LEAST_BEATS = 4
URGENCY = (
    "ventricular fibrillation or flutter", "asystole", "sustained ventricular tachycardia", "wide-complex tachycardia",
    "ventricular tachycardia", "ST elevation", "third-degree AV block", "high-grade AV block",
    "second-degree AV block (Mobitz 2)", "2:1 AV block", "pause", "very slow rate", "very fast rate", "long QTc",
    "no signal",
)  # fmt: skip
"""The kinds, most urgent first."""

NO_RHYTHM = ("ventricular fibrillation or flutter", "asystole", "no signal")
"""For half of the recording, these leave no rate to speak of."""
NO_WAVES = ("ventricular tachycardia", "sustained ventricular tachycardia", "wide-complex tachycardia")
"""And these no ST segment and no QT interval that the limits were made for."""
MANY_VENTRICULAR = 0.25
"""Above this share of ventricular beats the intervals before the others are pauses: no QT formula was made for them."""

Critical = dict[str, Any]
Values = Mapping[str, Any]


def critical_values(values: Values, record: EcgRecord) -> list[Critical]:
    """Find the critical values of one ECG.

    Args:
        values: `Measurements.to_dict()`, episodes included.
        record: for age, sex and duration; its samples are not looked at.

    Returns:
        {"kind": one of URGENCY, "sentence", "source", "leads" (empty: all), "start_s", "end_s"}, most urgent first. An
        empty list means that none of these limits was passed, not that the ECG is normal.
    """
    found = [row for episode in values.get("episodes") or () for row in _from_episode(episode, record)]
    if not values.get("not_an_ecg") and not _filled(found, NO_RHYTHM, record.duration_s):
        found += _rates(values, record.duration_s) + _whole(_wide_tachycardia(values), record)
        if not _filled(found, NO_WAVES, record.duration_s):
            found += _whole(_long_qtc(values), record)
            found += _whole(infarction(values, record.age, record.sex), record)
    return sorted(_condensed(found), key=lambda row: (URGENCY.index(row["kind"]), row["start_s"]))


def _whole(rows: list[Critical], record: EcgRecord) -> list[Critical]:
    return [row | {"start_s": 0.0, "end_s": round(record.duration_s, 3)} for row in rows]


def _row(kind: str, sentence: str, source: str, start_s: float = 0.0, end_s: float = 0.0) -> Critical:
    span = {"start_s": round(float(start_s), 3), "end_s": round(float(end_s), 3)}
    return {"kind": kind, "sentence": sentence, "source": source, "leads": [], **span}


def _filled(found: list[Critical], kinds: tuple[str, ...], duration_s: float) -> bool:
    """Whether these kinds take half of the recording."""
    return sum(row["end_s"] - row["start_s"] for row in found if row["kind"] in kinds) > 0.5 * duration_s


def _from_episode(episode: Mapping[str, Any], record: EcgRecord) -> list[Critical]:
    """The sentence for an episode that is critical; none for the others."""
    kind, start_s, end_s = episode["kind"], episode["start_s"], episode["end_s"]
    make = _SENTENCES.get(kind)
    if make is None:
        return []
    when = f"from {start_s:.1f} to {end_s:.1f} s"
    if end_s - start_s > 0.95 * record.duration_s:
        when = f"throughout the {record.duration_s:.0f} s"
    sentence, source = make(episode, when)
    if kind == "ventricular tachycardia" and end_s - start_s >= SUSTAINED_S:
        kind = "sustained ventricular tachycardia"
    return [_row(kind, sentence, source, start_s, end_s)]


def _fibrillation(episode: Mapping[str, Any], when: str) -> tuple[str, str]:
    return (
        f"Ventricular fibrillation or flutter {when}: continuous waves at {episode['rate_bpm']:.0f}/min without QRS "
        "complexes. If the patient has a pulse, look for tremor or motion.",
        VENTRICULAR,
    )


def _asystole(episode: Mapping[str, Any], when: str) -> tuple[str, str]:
    return (
        f"Asystole {when}: no QRS complex, and the leads are quiet. If the patient is awake, check the electrodes.",
        BRADYCARDIA,
    )


def _no_signal(episode: Mapping[str, Any], when: str) -> tuple[str, str]:
    return (
        f"No signal {when}: the leads stand exactly still, as when they are disconnected. Asystole cannot be told from "
        "this: look at the patient and the electrodes.",
        "a constant signal is no recording",
    )


def _tachycardia(episode: Mapping[str, Any], when: str) -> tuple[str, str]:
    length = episode["end_s"] - episode["start_s"]
    word = "Sustained ventricular" if length >= SUSTAINED_S else "Ventricular"
    return (
        f"{word} tachycardia at {episode['rate_bpm']:.0f}/min {when}: three or more ventricular beats in a row.",
        VENTRICULAR,
    )


def _pause(episode: Mapping[str, Any], when: str) -> tuple[str, str]:
    return f"Pause of {episode['end_s'] - episode['start_s']:.1f} s between two QRS complexes, {when}.", BRADYCARDIA


def _block(words: str) -> Callable[[Mapping[str, Any], str], tuple[str, str]]:
    def make(episode: Mapping[str, Any], when: str) -> tuple[str, str]:
        return f"{words}, ventricular rate {episode['rate_bpm']:.0f}/min, {when}.", BRADYCARDIA

    return make


_SENTENCES: dict[str, Callable[[Mapping[str, Any], str], tuple[str, str]]] = {
    "ventricular fibrillation or flutter": _fibrillation,
    "asystole": _asystole,
    "no signal": _no_signal,
    "ventricular tachycardia": _tachycardia,
    "pause": _pause,
    "third-degree AV block": _block("Third-degree AV block: P waves and QRS complexes each keep their own rhythm"),
    "high-grade AV block": _block("High-grade AV block: two or more P waves in a row are not conducted"),
    "second-degree AV block (Mobitz 2)": _block(
        "Second-degree AV block, Mobitz type 2: a P wave is not conducted and the PR interval around it stays the same"
    ),
    "2:1 AV block": _block("2:1 AV block: every second P wave is not conducted; it cannot be told whether type 1 or 2"),
}


def _condensed(found: list[Critical]) -> list[Critical]:
    """One row per kind: the longest episode, which says how many more there are."""
    rows: dict[str, list[Critical]] = {}
    for row in found:
        rows.setdefault(row["kind"], []).append(row)
    condensed = []
    for same in rows.values():
        longest = max(same, key=lambda row: row["end_s"] - row["start_s"])
        if len(same) > 1:
            longest = longest | {"sentence": f"{longest['sentence']} The longest of {len(same)} episodes."}
        condensed.append(longest)
    return condensed


def _rates(values: Values, duration_s: float) -> list[Critical]:
    """Mean rates below 40 or above 150 beats/min, over the recording or over 10 s of a longer one."""
    times = np.array([beat["time_s"] for beat in values.get("beats") or ()])
    if len(times) < LEAST_BEATS or values.get("heart_rate_bpm") is None:
        return []
    rates, spans = _mean_rates(times, duration_s)
    found = []
    for kind, hit, extreme, words in (
        ("very slow rate", rates < SLOW_BPM, np.argmin, "below 40"),
        ("very fast rate", rates > FAST_BPM, np.argmax, "above 150"),
    ):
        if hit.any():
            k = int(extreme(rates))
            where = "" if len(rates) == 1 else f" over {WINDOW_S:g} s from {spans[k, 0]:.0f} s"
            sentence = f"Ventricular rate {rates[k]:.0f}/min{where}, {words}."
            found.append(_row(kind, sentence, RATE_LIMITS, *spans[k]))
    return found


def _mean_rates(times: np.ndarray, duration_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean rates and their spans in seconds, shape (n, 2); windows with fewer than LEAST_BEATS beats are left out."""
    if duration_s < 2 * WINDOW_S:
        return np.array([60 * (len(times) - 1) / (times[-1] - times[0])]), np.array([[0.0, duration_s]])
    starts = np.arange(0, duration_s - WINDOW_S, WINDOW_S / 2)
    first, last = np.searchsorted(times, starts), np.searchsorted(times, starts + WINDOW_S) - 1
    enough = last - first + 1 >= LEAST_BEATS
    starts, first, last = starts[enough], first[enough], last[enough]
    rates = 60 * (last - first) / np.maximum(times[last] - times[first], 1e-6) if len(starts) else np.empty(0)
    return rates, np.stack([starts, starts + WINDOW_S], axis=1)


def _wide_tachycardia(values: Values) -> list[Critical]:
    rate, qrs = values.get("heart_rate_bpm"), values.get("qrs_ms")
    if rate is None or qrs is None or rate <= WIDE_TACHYCARDIA_BPM or qrs < WIDE_QRS_MS or values.get("paced"):
        return []
    with_p = bool(values.get("p_wave_present"))
    if with_p and rate <= CONDUCTED_BPM:
        return []
    sentence = f"Wide-complex tachycardia: rate {rate:.0f}/min, QRS {qrs:.0f} ms; "
    if with_p:
        sentence += "P waves precede the QRS complexes: a supraventricular rhythm with bundle branch block is likely."
    elif values.get("rhythm_regularity") == "irregular":
        sentence += (
            "irregular, no P waves seen: atrial fibrillation with bundle branch block is commoner, but ventricular "
            "tachycardia is not excluded."
        )
    else:
        sentence += "no P waves could be told before the QRS complexes. Ventricular tachycardia until shown otherwise."
    return [_row("wide-complex tachycardia", sentence, SUPRAVENTRICULAR)]


def _long_qtc(values: Values) -> list[Critical]:
    qt, qrs, rate = values.get("qt_ms"), values.get("qrs_ms"), values.get("heart_rate_bpm")
    fridericia, bazett = values.get("qtc_fridericia_ms"), values.get("qtc_bazett_ms")
    if qt is None or qrs is None or rate is None or not fridericia or not bazett or rate > QT_FASTEST_BPM:
        return []
    kinds = [beat["kind"] for beat in values.get("beats") or ()]
    if kinds.count("V") > MANY_VENTRICULAR * len(kinds):
        return []
    if qrs < WIDE_QRS_MS:
        hodges = values.get("qtc_hodges_ms") or fridericia
        if min(fridericia, hodges) < QTC_MS:
            return []
        sentence = (
            f"QTc {fridericia:.0f} ms by Fridericia and {hodges:.0f} ms by Hodges ({bazett:.0f} ms by Bazett; "
            f"QT {qt:.0f} ms, {rate:.0f}/min)."
        )
        return [_row("long QTc", sentence, TORSADE)]
    without_qrs = fridericia * (1 - 0.485 * qrs / qt)
    if without_qrs < QTC_MS:
        return []
    sentence = (
        f"QTc {fridericia:.0f} ms by Fridericia, of which the wide QRS complex ({qrs:.0f} ms) is only a part: "
        f"{without_qrs:.0f} ms remain when it is allowed for (Bogossian)."
    )
    return [_row("long QTc", sentence, BOGOSSIAN)]
