"""Names: what counts as one, and the name of a row."""

from __future__ import annotations


def as_name(value: object) -> str | None:
    """Return a value as a name: Unicode text that is not empty, or an integer; None if neither."""
    if type(value) is int:
        return str(value)
    return value if isinstance(value, str) and value and is_unicode(value) else None


def is_unicode(text: str) -> bool:
    """Return whether a text has no unpaired surrogate, which JSON can escape."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def name_of(own: object, *files: object) -> str | None:
    """Return a row's own name, or else the base name of the first file that has one."""
    if own is None or own == "":
        return next(filter(None, map(_base_name, files)), None)
    return as_name(own)


def _base_name(file: object) -> str | None:
    return as_name(file.replace("\\", "/").rpartition("/")[2]) if isinstance(file, str) else None
