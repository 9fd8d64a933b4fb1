"""Findings in words for a patient; statements that mean the same to one share their words."""

from __future__ import annotations

from collections.abc import Sequence

from anyecg.findings import FINDINGS

_RHYTHMS = {
    "SR": "the heart beats in its usual rhythm", "STACH": "the heart beats in its usual rhythm, but fast",
    "SBRAD": "the heart beats in its usual rhythm, but slowly",
    "SARRH": "the heartbeat speeds up and slows down a little, which is often harmless",
    "AFIB": "the heartbeat is irregular because the upper chambers flicker instead of beating",
    "AFLT": "the upper chambers beat far too fast", "PACE": "a pacemaker drives the heartbeat",
    "SVARR": "the upper chambers disturb the rhythm", "SVTAC": "the heart races", "PSVT": "the heart races",
    "BIGU": "every second beat comes early", "TRIGU": "every third beat comes early",
}  # fmt: skip
_OTHERS = {
    "NORM": "the ECG looks normal", "WPW": "there is a second electrical path in the heart",
    "3AVB": "the signal from the upper chambers does not reach the lower ones",
    "2AVB": "some signals from the upper chambers do not reach the lower ones",
    "1AVB": "the signal reaches the lower chambers a little late",
    "LPR": "the signal reaches the lower chambers a little late",
    "LNGQT": "the heart takes long to get ready for the next beat",
    "DIG": "a heart drug leaves its trace in the ECG", "EL": "blood salts or a drug leave their trace in the ECG",
    "PVC": "there are extra beats", "PAC": "there are extra beats", "PRC(S)": "there are extra beats",
    "LVOLT": "the signal is weaker than usual", "HVOLT": "the signal is stronger than usual",
    "VCLVH": "the signal is stronger than usual", "LAO/LAE": "an upper chamber may be enlarged",
    "RAO/RAE": "an upper chamber may be enlarged",
}  # fmt: skip
_CLASSES = {
    "CD": "the signal takes a detour through the heart muscle",
    "HYP": "the heart muscle may be thickened",
    "MI": "part of the heart muscle may have been damaged, now or in the past",
    "STTC": "the heart muscle recovers from each beat in an unusual way",
    "": "some waves have an unusual form",
}
_STARVED = "part of the heart muscle may get too little blood"
_MOST = 3


def plain_phrases(codes: Sequence[str]) -> list[str]:
    """What statements mean to a patient, in the order given, each thing once, at most three."""
    return list(dict.fromkeys(_phrase(code) for code in codes))[:_MOST]


def _phrase(code: str) -> str:
    if code in _RHYTHMS or code in _OTHERS:
        return _RHYTHMS.get(code) or _OTHERS[code]
    if code.startswith(("INJ", "ISC")):
        return _STARVED
    return _CLASSES[FINDINGS[code].superclass]
