"""Lead numbers of SCP-ECG (EN 1064, section 3), which ISO 11073 (MDC partition 2) and DICOM (CID 3001) share."""

from __future__ import annotations

_RUNS = {
    1: "I II V1 V2 V3 V4 V5 V6 V7 V2R V3R V4R V5R V6R V7R X Y Z CC5 CM5 LA RA LL",
    24: "Frank-I Frank-E Frank-C Frank-A Frank-M Frank-F Frank-H",
    31: "derived-I derived-II derived-V1 derived-V2 derived-V3 derived-V4 derived-V5 derived-V6",
    61: "III aVR aVL aVF -aVR V8 V9 V8R V9R Nehb-D Nehb-A Nehb-J",
    86: "C V unaugmented-VR unaugmented-VL unaugmented-VF MCL MCL1 MCL2 MCL3 MCL4 MCL5 MCL6",
    111: "derived-III derived-aVR derived-aVL derived-aVF",
    131: "ES AS AI",
}
LEAD_NUMBERS = {first + k: name for first, names in _RUNS.items() for k, name in enumerate(names.split())}
"""Number → name. A lead that is no standard lead must not look like one: Frank's I, unaugmented VR, derived V1."""


def lead_of_number(number: int) -> str:
    """Name of a lead by its number; a number that is not in the table stays a number."""
    return LEAD_NUMBERS.get(number, f"lead {number}")
