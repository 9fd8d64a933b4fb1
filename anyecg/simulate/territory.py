"""Directions of the walls of the left ventricle, as leads see them."""

from __future__ import annotations

from .dipole import Vector

# Where an infarct or an ischaemic wall lies, seen from the heart's centre (unit-like dipoles in lead space).
TERRITORY: dict[str, Vector] = {
    "ASMI": (0.18, 0.0, -1.0), "AMI": (0.45, 0.0, -0.85), "ALMI": (0.85, -0.20, -0.45), "LMI": (0.90, -0.40, 0.15),
    "IMI": (-0.10, 1.0, 0.15), "ILMI": (0.50, 0.85, 0.20), "PMI": (0.10, 0.15, 1.0),
    "IPMI": (0.0, 0.85, 0.65), "IPLMI": (0.50, 0.65, 0.70),
    "ISCAS": (0.32, 0.0, -0.85), "ISCAN": (0.45, 0.05, -0.85), "ISCAL": (0.85, 0.05, -0.45),
    "ISCLA": (0.95, -0.25, 0.1), "ISCIN": (-0.10, 1.0, 0.10), "ISCIL": (0.60, 0.80, 0.10), "ISC_": (0.85, 0.35, -0.25),
    "INJAS": (0.82, 0.10, -0.52), "INJAL": (0.96, -0.15, -0.15), "INJIN": (0.65, 0.75, 0.10),
    "INJLA": (0.95, -0.25, 0.10), "INJIL": (0.75, 0.65, 0.10),
}  # fmt: skip
_INFERIOR, _LATERAL, _FRONT = ("II", "III", "aVF"), ("I", "aVL", "V5", "V6"), ("V2", "V3", "V4", "V5")
LEADS_OVER: dict[str, tuple[str, ...]] = {
    "ASMI": ("V1", "V2", "V3", "V4"), "AMI": ("V1", *_FRONT), "ALMI": ("V3", "V4", *_LATERAL), "LMI": _LATERAL,
    "IMI": _INFERIOR, "ILMI": (*_INFERIOR, *_LATERAL), "PMI": ("V1", "V2", "V3"), "IPMI": _INFERIOR,
    "IPLMI": (*_INFERIOR, *_LATERAL),
    "ISCAS": ("V2", "V3", "V4"), "ISCAN": _FRONT, "ISCAL": ("V3", "V4", *_LATERAL), "ISCLA": _LATERAL,
    "ISCIN": _INFERIOR, "ISCIL": (*_INFERIOR, *_LATERAL), "ISC_": ("I", "II", "aVL", "aVF", *_FRONT, "V6"),
    "INJAS": (*_FRONT, "V6"), "INJAL": ("V3", "V4", *_LATERAL), "INJIN": _INFERIOR, "INJLA": _LATERAL,
    "INJIL": (*_INFERIOR, *_LATERAL),
}  # fmt: skip
"""The leads in which each of these shows; of the back wall, those that see it in the mirror."""
