"""What a text calls normal or abnormal beside a number, held against the limits that it gives or that all accept."""

from __future__ import annotations

import re

_CALLED_NORMAL = re.compile(r"(-?\d+) ?[^\s\d]*, which is normal \(normal (-?\d+)[^\d-]*-(-?\d+)")
# What no one calls abnormal in an adult of either sex; QTc after Rautaharju et al. 2009, the others textbook limits.
_NORMAL = {"pr": (120, 200), "qrs": (60, 110), "qtc": (360, 450), "rate": (60, 100), "axis": (-30, 90)}
_CALLED_ABNORMAL = re.compile(
    r"\b(pr|qrs|qtc|rate|axis) (-?\d+)(?: ms|/min|°)? \((?:slightly )?(long|short|wide|fast|slow|left|right|extreme)",
    re.I,
)


def limit_contradictions(text: str) -> list[str]:
    """Values that the text calls normal outside the limits that it gives itself, or abnormal inside all limits."""
    said = []
    for match in _CALLED_NORMAL.finditer(text):
        value, low, high = (float(group) for group in match.groups())
        if not low <= value <= high:
            said.append(f"The text calls {value:.0f} normal, but gives {low:.0f} to {high:.0f} as normal.")
    for match in _CALLED_ABNORMAL.finditer(text):
        low, high = _NORMAL[match.group(1).lower()]
        if low <= float(match.group(2)) <= high:
            said.append(
                f"The text calls {match.group(1)} {match.group(2)} {match.group(3)}; {low} to {high} is normal."
            )
    return said
