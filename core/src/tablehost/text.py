"""Text that is safe to show."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return text with control characters, terminal escapes and stray bytes made visible."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
