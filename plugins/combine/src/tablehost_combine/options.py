"""The options of `tablehost run combine`."""

from __future__ import annotations

from typing import Any, Literal

from attrs import Attribute, field, frozen

from tablehost import Gate, InputFiles, Labelled
from tablehost_combine.columns import LONGEST_NAME


def _labels(_instance: object, _field: Attribute[Any], value: tuple[Labelled[Any], ...]) -> None:
    if not value:
        msg = "must be one LABEL=PATH or more, got none"
        raise ValueError(msg)
    for shard in value:
        if not shard.label.isprintable() or any(letter.isspace() for letter in shard.label):
            msg = f"must have labels of printable letters without spaces, got {shard.label!r}"
            raise ValueError(msg)
        if len(shard.label) > LONGEST_NAME:
            msg = f"must have labels of {LONGEST_NAME} letters at most, got {shard.label[:20]}..."
            raise ValueError(msg)


def _positive(_instance: object, _field: Attribute[Any], value: int | None) -> None:
    if value is not None and value < 1:
        msg = f"must be 1 or more, got {value}"
        raise ValueError(msg)


def _named(_instance: object, _field: Attribute[Any], value: str | None) -> None:
    if value is not None and not value.strip():
        msg = f"must be a name, got {value!r}"
        raise ValueError(msg)


@frozen(kw_only=True)
class Options:
    """Combine labelled tables of per-frame features into one, in the order of the inputs."""

    input: tuple[Labelled[InputFiles], ...] = field(validator=_labels)
    """Parquet table of per-frame features with the corpus that it is of, as LABEL=PATH: a file, a
    folder of part files, or a glob in quotes; may be given more than once, and the same label twice
    is one corpus."""

    max_rows_per_input: int | None = field(default=None, validator=_positive)
    """Take only the first N rows of every input."""

    assume_teacher: str | None = field(default=None, validator=_named)
    """Teacher model of the inputs that do not record theirs."""

    source_column: str | None = field(default=None, validator=_named)
    """Column that names a row's clip; by default source, else key, else dis_basename."""

    fill_unknown: bool = False
    """Fill in a null codec as unknown, and a null source as the label; else they stay null."""

    on_missing_feature: Gate[Literal["fill", "error"]] = "fill"
    """What to do where an input lacks a feature: fill it with NaN, or refuse."""

    on_duplicate: Gate[Literal["keep", "error"]] = "keep"
    """What to do where two rows have one corpus, source and frame_index: keep both, or refuse."""

    allow_drift: Gate[bool] = False
    """Combine even if an input is no longer what its own manifest describes."""
