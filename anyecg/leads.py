"""Lead names: what each spelling means, and which limb leads follow from two others.

The limb leads are linear in each other (Einthoven 1913, Goldberger 1942): II = I + III, aVR = -(I + II) / 2,
aVL = I - II / 2, aVF = II - I / 2. A lead is always found by name, never by position.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

LIMB_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF")
PRECORDIAL_LEADS = ("V1", "V2", "V3", "V4", "V5", "V6")
STANDARD_LEADS = LIMB_LEADS + PRECORDIAL_LEADS
FRANK_LEADS = ("VX", "VY", "VZ")
EXTRA_LEADS = ("V7", "V8", "V9", "V3R", "V4R", "V5R", "V6R")
# Torso-electrode versions of a standard lead, as Holter recorders use: close to it, not equal to it.
MODIFIED_LEADS = {
    "MLI": "I",
    "MLII": "II",
    "MLIII": "III",
    "MV1": "V1",
    "MV2": "V2",
    "MV5": "V5",
    "CM5": "V5",
    "CM2": "V2",
}
KNOWN_LEADS = STANDARD_LEADS + FRANK_LEADS + EXTRA_LEADS + tuple(MODIFIED_LEADS)

_ALIASES = {name.upper(): name for name in KNOWN_LEADS} | {
    "DI": "I", "DII": "II", "DIII": "III", "D1": "I", "D2": "II", "D3": "III", "LEADI": "I", "LEADII": "II",
    "LEADIII": "III", "VR": "aVR", "VL": "aVL", "VF": "aVF", "ML1": "MLI", "ML2": "MLII", "ML3": "MLIII",
    "ML5": "MV5", "MCL1": "MV1", "MCL5": "MV5", "X": "VX", "Y": "VY", "Z": "VZ", "C1": "V1", "C2": "V2", "C3": "V3",
    "C4": "V4", "C5": "V5", "C6": "V6", "MDC_ECG_LEAD_I": "I", "MDC_ECG_LEAD_II": "II", "MDC_ECG_LEAD_III": "III",
}  # fmt: skip
_ALIASES |= {f"MDC_ECG_LEAD_{name.upper()}": name for name in STANDARD_LEADS + FRANK_LEADS + EXTRA_LEADS}
_PREFIXES = ("MDC_ECG_LEAD_", "ECG ", "EKG ", "LEAD ", "EKG-", "ECG-", "LEAD-")

# Each limb lead as (weight of I, weight of II).
_IN_I_AND_II = {
    "I": (1.0, 0.0), "II": (0.0, 1.0), "III": (-1.0, 1.0), "aVR": (-0.5, -0.5), "aVL": (1.0, -0.5), "aVF": (-0.5, 1.0),
}  # fmt: skip


@lru_cache(maxsize=1024)
def canonical_lead(name: str) -> str:
    """Give the standard spelling of a lead; a name that is not known is kept as it is, without outer blanks."""
    text = " ".join(name.split())
    key = text.upper()
    for prefix in _PREFIXES:
        if key not in _ALIASES and key.startswith(prefix):
            key = key.removeprefix(prefix).strip()
    return _ALIASES.get(key, text)


def derive_limb_leads(
    signal: np.ndarray, leads: tuple[str, ...]
) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """Add the limb leads that follow exactly from two recorded ones.

    Args:
        signal: shape (n_leads, n_samples), in mV.
        leads: canonical names, one per row.

    Returns:
        The widened signal and names, standard leads first in the usual order, and the names that were derived.
        Without two independent limb leads the input comes back unchanged.
    """
    have = [name for name in LIMB_LEADS if name in leads]
    missing = tuple(name for name in LIMB_LEADS if name not in leads)
    if len(have) < 2 or not missing:
        return signal, leads, ()
    mixing = np.array([_IN_I_AND_II[name] for name in have])  # (n_have, 2)
    rows = signal[[leads.index(name) for name in have]]
    i_and_ii = np.linalg.pinv(mixing[:2]) @ rows[:2]  # any two limb leads are independent
    known = {name: signal[k] for k, name in enumerate(leads)}
    known |= {name: np.asarray(_IN_I_AND_II[name]) @ i_and_ii for name in missing}
    order = [name for name in STANDARD_LEADS if name in known] + [n for n in leads if n not in STANDARD_LEADS]
    return np.stack([known[name] for name in order]).astype(signal.dtype), tuple(order), missing


def find_lead(name: str, leads: tuple[str, ...], record_name: str = "record") -> int:
    """Find a lead's row by any of its spellings.

    Raises:
        ValueError: when the record has no such lead; the sentence lists those it has.
    """
    canonical = canonical_lead(name)
    if canonical not in leads:
        raise ValueError(f"{record_name} has no lead {name!r}; its leads are {', '.join(leads)}.")
    return leads.index(canonical)
