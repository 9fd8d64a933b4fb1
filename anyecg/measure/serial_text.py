"""Sentences and warnings of a comparison of ECGs, as a careful colleague writes them: numbers first, causes as
possibilities, and the limits of the comparison beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..leads import PRECORDIAL_LEADS
from .serial_beats import exchanged_electrodes
from .serial_limits import LEAD_QUANTITIES, LIKENESS, QUANTITIES

WIDE_QRS_MS = 120.0
"""Bundle-branch block and other wide QRS complexes begin here (Surawicz et al., Circulation 2009, part III)."""
INVERTED_MV = -0.1
"""A T wave at least this negative is inverted (Rautaharju et al., Circulation 2009, part IV)."""
RATE_APART = 20
"""From this difference in rate (1/min), QTc, ST and T are compared with reserve."""
NEIGHBOURS = (("aVL", "I", "II", "aVF", "III"), PRECORDIAL_LEADS)
"""Leads in their order around the heart: a shift of ST or T counts in two that stand side by side (Thygesen 2018)."""
SAID = ("heart_rate_bpm", "pr_ms", "qrs_ms", "qtc_fridericia_ms", "axis_deg")
SAID_AFTER_LEADS = ("qrs_t_angle_deg", "sokolow_lyon_mv", "cornell_mv")
_QUANTITIES = {quantity.key: quantity for quantity in (*QUANTITIES, *LEAD_QUANTITIES, LIKENESS)}
Row = Mapping[str, Any]


def sentences_of(
    rows: Sequence[Row], ecgs: Sequence[Mapping[str, Any]], aligned: Mapping[str, Any] | None
) -> list[str]:
    """What changed since the first ECG, most important first; that nothing did is said as well."""
    scalar = {row["key"]: row for row in rows if not row["leads"]}
    said = [_word_sentence(row) for row in rows if row["limit"] is None and any(row["exceeds"])]
    said += [_number_sentence(scalar[key]) for key in SAID if any(scalar[key]["exceeds"])]
    said += _conduction(ecgs)
    for key, higher, lower in (("st_mv", "higher", "lower"), ("t_mv", "taller or less inverted", "lower or inverted")):
        said += _lead_sentences([row for row in rows if row["key"] == key], higher, lower)
    said += _inversions([row for row in rows if row["key"] == "t_mv"])
    said += _morphology([row for row in rows if row["key"] == LIKENESS.key], aligned, len(ecgs))
    said += [_number_sentence(scalar[key]) for key in SAID_AFTER_LEADS if any(scalar[key]["exceeds"])]
    if not said:
        said.append("No measured difference exceeds day-to-day variation.")
    said += _unchanged([scalar[key] for key in SAID])
    return said


def _unchanged(rows: Sequence[Row]) -> list[str]:
    """What was compared without a difference, and what could not be."""
    same = [row["title"] for row in rows if False in row["exceeds"][1:] and not any(row["exceeds"])]
    said = [f"Within day-to-day variation: {_listed(same)}."] if same else []
    for row in rows:
        reasons = [reason.removeprefix("not comparable, because ") for reason in row["reasons"] if reason]
        if reasons:
            whole = "not comparable" if len(reasons) > len(row["values"]) - 2 else "not comparable throughout"
            said.append(f"{row['title']} is {whole}, because {'; '.join(reasons)}.")
    return said


def _word_sentence(row: Row) -> str:
    return f"{row['title']}: {' → '.join('not known' if value is None else value for value in row['values'])}."


def _number_sentence(row: Row) -> str:
    """As "PR 162 → 214 ms (+52 ms, beyond ±25 ms from day to day)."; with more ECGs, the largest difference."""
    digits = _QUANTITIES[row["key"]].digits
    worst = max((change for change, far in zip(row["differences"], row["exceeds"], strict=True) if far), key=abs)
    values = " → ".join("?" if value is None else _number(value, digits) for value in row["values"])
    unit = row["unit"] if row["unit"] in ("°", "/min") else f" {row['unit']}"
    against = " from the first ECG" if len(row["values"]) > 2 else ""
    return (
        f"{row['title']} {values}{unit} ({_signed(worst, digits)}{unit}{against}, "
        f"beyond ±{_number(row['limit'], digits)}{unit} from day to day)."
    )


def _conduction(ecgs: Sequence[Mapping[str, Any]]) -> list[str]:
    """QRS newly wide or narrow again, with the bundle-branch pattern that V1, I and V6 suggest."""
    said = []
    for k in range(1, len(ecgs)):
        before, now = ecgs[0].get("qrs_ms"), ecgs[k].get("qrs_ms")
        limit = _QUANTITIES["qrs_ms"].limit
        if before is None or now is None or abs(now - before) <= limit or (before < WIDE_QRS_MS) == (now < WIDE_QRS_MS):
            continue
        where = f" in the {_ordinal(k)} ECG" if len(ecgs) > 2 else ""
        if now < WIDE_QRS_MS:
            said.append(f"The QRS complex{where} is narrow again (below {WIDE_QRS_MS:.0f} ms).")
        else:
            pattern = _bundle_branch(ecgs[k].get("leads") or {})
            said.append(
                f"The QRS complex{where} is newly wide (at least {WIDE_QRS_MS:.0f} ms){pattern}; "
                "ST and T change with it."
            )
    return said


def _bundle_branch(leads: Mapping[str, Mapping[str, float | None]]) -> str:
    """What V1, I and V6 suggest of a wide QRS complex, in words; nothing when they do not agree (Surawicz 2009)."""
    if any(lead not in leads for lead in ("V1", "I", "V6")):
        return ""
    r, s, q = ({lead: abs(leads[lead].get(key) or 0) for lead in ("V1", "I", "V6")} for key in ("r_mv", "s_mv", "q_mv"))
    if r["V1"] > s["V1"] and s["I"] > 0.1 and s["V6"] > 0.1:
        return ", with a pattern of right bundle-branch block"
    if s["V1"] > 2 * r["V1"] and r["I"] > s["I"] and r["V6"] > s["V6"] and q["I"] == q["V6"] == 0:
        return ", with a pattern of left bundle-branch block"
    return ""


def _lead_sentences(rows: Sequence[Row], higher: str, lower: str) -> list[str]:
    """One sentence per direction and ECG for a shift that two neighbouring leads share."""
    said = []
    for k in range(1, len(rows[0]["values"]) if rows else 0):
        for word, sign in ((higher, 1), (lower, -1)):
            changed = {row["leads"][0]: row for row in rows if row["exceeds"][k] and sign * row["differences"][k] > 0}
            shared = _neighbouring(changed)
            if shared:
                most = max(shared, key=lambda lead: abs(changed[lead]["differences"][k]))
                row = changed[most]
                title = row["title"].removesuffix(f" in {most}")
                where = f" in the {_ordinal(k)} ECG" if len(row["values"]) > 2 else ""
                said.append(
                    f"{title} {word} in {_listed(shared)}{where}, most in {most}: {_number(row['values'][0], 2)} → "
                    f"{_number(row['values'][k], 2)} mV (beyond ±{_number(row['limit'], 2)} mV from day to day)."
                )
    return said


def _inversions(rows: Sequence[Row]) -> list[str]:
    """T waves that became inverted in two neighbouring leads, or upright again."""
    said = []
    for k in range(1, len(rows[0]["values"]) if rows else 0):
        for word, was, now in (("newly inverted", 0, k), ("upright again", k, 0)):
            turned = [
                row["leads"][0] for row in rows
                if None not in (row["values"][was], row["values"][now]) and row["leads"][0] != "aVR"
                and row["values"][was] > 0 and row["values"][now] <= INVERTED_MV
                and abs(row["differences"][k]) > 0.6 * row["limit"]
            ]  # fmt: skip
            shared = _neighbouring(turned)
            if shared:
                where = f" in the {_ordinal(k)} ECG" if len(rows[0]["values"]) > 2 else ""
                said.append(f"T wave {word} in {_listed(shared)}{where}.")
    return said


def _morphology(rows: Sequence[Row], aligned: Mapping[str, Any] | None, n: int) -> list[str]:
    """Where the QRS complex has another shape, and whether exchanged electrodes would explain it."""
    said = []
    for k in range(1, n if aligned else 0):
        leads = _neighbouring([row["leads"][0] for row in rows if row["exceeds"][k]])
        where = f" in the {_ordinal(k)} ECG" if n > 2 else ""
        if leads:
            said.append(f"QRS morphology changed in {'all leads' if len(leads) > 10 else _listed(leads)}{where}.")
        swap = exchanged_electrodes(aligned, 0, k) if aligned else None
        if swap:
            said.append(
                f"The difference{where} would be explained by exchanged electrodes {' and '.join(swap['electrodes'])} "
                f"in one of the two recordings (likeness {swap['before']:.2f}, {swap['after']:.2f} after exchanging "
                "them back); check the placement before calling it a change."
            )
        elif leads and set(leads) <= set(PRECORDIAL_LEADS):
            said.append("Another position of the chest electrodes would do the same.")
    return said


def _neighbouring(leads: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """Those of the leads that have one of the others beside them around the heart, in that order."""
    found = []
    for ring in NEIGHBOURS:
        for place, lead in enumerate(ring):
            beside = {ring[at] for at in (place - 1, place + 1) if 0 <= at < len(ring)}
            if lead in leads and beside & set(leads):
                found.append(lead)
    return found


def warnings_of(
    ecgs: Sequence[Mapping[str, Any]], numbers: Sequence[int], dates: Sequence[str | None], same_patient: bool | None
) -> list[str]:
    """What limits the comparison."""
    said = []
    if same_patient is False:
        said.append("These ECGs are not of one patient: differences between people are not changes.")
    elif same_patient is None:
        said.append("It is not stated that these ECGs are of one patient; the comparison takes it for granted.")
    if None in dates:
        said.append("Not every ECG is dated; they are compared in the order given.")
    said += _lead_warnings(ecgs, numbers)
    rates = {float(ecg.get("sampling_rate_hz") or 0) for ecg in ecgs}
    if len(rates) > 1:
        listed = " and ".join(f"{rate:g}" for rate in sorted(rates))
        said.append(f"Sampling rates differ ({listed} Hz): narrow waves look smaller at the lower one.")
    beats = [ecg.get("heart_rate_bpm") for ecg in ecgs]
    known = [rate for rate in beats if rate is not None]
    if known and max(known) - min(known) > RATE_APART:
        said.append("The heart rates differ: PR, QTc, ST and T depend on the rate beyond what correction removes.")
    if any(ecg.get("paced") for ecg in ecgs):
        said.append("A paced rhythm was found: QRS, ST and T of paced beats are not compared with conducted ones.")
    few = [f"ECG {k}" for ecg, k in zip(ecgs, numbers, strict=True) if 0 < _beats(ecg) < 3]
    if few:
        said.append(f"{_listed(few)}: the median beat rests on fewer than three beats.")
    return said


def _lead_warnings(ecgs: Sequence[Mapping[str, Any]], numbers: Sequence[int]) -> list[str]:
    everything = dict.fromkeys(lead for ecg in ecgs for lead in ecg.get("quality") or {})
    said = []
    for ecg, k in zip(ecgs, numbers, strict=True):
        quality = ecg.get("quality") or {}
        absent = [lead for lead in everything if lead not in quality]
        poor = [f"{lead} is {word}" for lead, word in quality.items() if word != "good"]
        if absent:
            said.append(f"ECG {k} lacks {_listed(absent)}, which another one has.")
        if poor:
            said.append(f"ECG {k}: {', '.join(poor)}; not compared there.")
        said += [f"ECG {k}: {suspicion['sentence']}" for suspicion in ecg.get("placement") or ()]
        if ecg.get("not_an_ecg"):
            said.append(f"ECG {k} may not be an ECG: {ecg['not_an_ecg']}.")
    return said


def _beats(ecg: Mapping[str, Any]) -> int:
    return int((ecg.get("beats_used") or {}).get("intervals") or 0)


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _signed(value: float, digits: int) -> str:
    return ("+" if value >= 0 else "") + _number(value, digits)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]


def _ordinal(k: int) -> str:
    return ("first", "second", "third", "fourth", "fifth", "sixth")[k]
