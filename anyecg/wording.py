"""Words put together in a sentence."""

from __future__ import annotations

from collections.abc import Sequence


def join(words: Sequence[str], last: str = "and") -> str:
    """A list in a sentence: "a, b and c"; "" without words."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def capital(text: str) -> str:
    """The text with its first letter large; the others stay, as in "QRS"."""
    return text[:1].upper() + text[1:]
