"""The options of `tablehost run enrich`."""

from __future__ import annotations

from typing import Any

from attrs import Attribute, field, frozen

from tablehost import Gate, InputFile
from tablehost.records import known_format
from tablehost_enrich.keys import KEYS, is_protected


def _is_name(text: str) -> bool:
    """Return whether JSON writes a text as it is."""
    return text.isprintable() and not set(text) & {'"', "\\"} and text != ""


def _named(_instance: object, _field: Attribute[Any], value: str) -> None:
    if not _is_name(value):
        msg = f"must be the name of a column, without quotes or backslashes, got {value!r}"
        raise ValueError(msg)


def _fraction(_instance: object, _field: Attribute[Any], value: float) -> None:
    if not 0 <= value <= 1:
        msg = f"must be a fraction from 0 to 1, got {value}"
        raise ValueError(msg)


def _fillable(instance: Any, _field: Attribute[Any], value: tuple[str, ...]) -> None:
    if not value or not all(map(_is_name, value)) or len(set(value)) < len(value):
        msg = f"must be different names, without quotes or backslashes, got {list(value)}"
        raise ValueError(msg)
    if instance.key in value and value != KEYS:
        msg = f"must not hold {instance.key!r}, which is the --key"
        raise ValueError(msg)
    touched = [key for key in value if is_protected(key)]
    if touched:
        msg = f"must not be features or labels, which metadata never touches, got {touched}"
        raise ValueError(msg)


@frozen(kw_only=True)
class Options:
    """Fill metadata of clips into the table of their features, where it is missing."""

    features_parquet: InputFile
    """Parquet table of features, with one or more rows a clip."""

    metadata_jsonl: InputFile = field(validator=known_format)
    """Metadata of the clips: JSON Lines (also .gz or .zst), CSV or Parquet, by its suffix."""

    overwrite_metadata: bool = False
    """Also replace values that the table has, where the metadata has another."""

    split_seed: str = "chug-hdr-v1"
    """Seed of the hash that splits contents into train, val and test."""

    key: str = field(default="clip_name", validator=_named)
    """Column that identifies a clip; a metadata row without it is found by the base name of its
    src or filename."""

    metadata_keys: tuple[str, ...] = field(default=KEYS, validator=_fillable)
    """Key to fill in, except that of --key; may be given more than once."""

    min_match: Gate[float] = field(default=0.0, validator=_fraction)
    """Refuse to start if a smaller fraction of the table's rows has metadata."""

    @property
    def keys_to_fill(self) -> tuple[str, ...]:
        """Return the keys to fill in, without the one that identifies a clip."""
        return tuple(key for key in self.metadata_keys if key != self.key)
