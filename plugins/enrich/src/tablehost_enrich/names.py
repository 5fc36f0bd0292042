"""The names of clips, out of what metadata rows tell."""

from __future__ import annotations


def name_of(own: object, src: object, filename: object) -> str | None:
    """Return the name of a row's clip: its own, or else the base name of its file."""
    if own is None or own == "":
        return _base_name(src) or _base_name(filename)
    name = as_name(own)
    return name if name and is_unicode(name) else None


def as_name(value: object) -> str | None:
    """Return a value as a name, which integers are too; None where it is no name."""
    if type(value) is int:
        return str(value)
    return value if isinstance(value, str) and value else None


def why_nameless(key: str, own: object, src: object, filename: object) -> str:
    """Tell why a row of metadata has no name."""
    told = {key: own, "src": src, "filename": filename}
    wrong = [column for column, value in told.items() if value is not None and value != ""]
    return f"its {wrong[0]} is no name" if wrong else f"no {key}, no src and no filename"


def is_unicode(text: str) -> bool:
    """Tell whether a text has no half of a character, as JSON can spell it."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _base_name(file: object) -> str | None:
    if not isinstance(file, str):
        return None
    name = file.replace("\\", "/").rpartition("/")[2]
    return name if name and is_unicode(name) else None
