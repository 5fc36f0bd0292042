"""Roles of options: what a value means for the proof, said by its type.

A role is an annotation of an options class, and roles nest: `tuple[InputFile, ...]`,
`InputFile | None`, `Tool | str`, `tuple[Labelled[InputFile], ...]`. A field without a role is
*semantic*: it is part of the recipe.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Generic, TypeVar

from attrs import frozen

T = TypeVar("T")


class Role(Enum):
    """What an option's value means to the host."""

    INPUT_FILE = "input-file"
    INPUT_DIR = "input-dir"
    TOOL = "tool"
    SCRATCH = "scratch"
    TUNING = "tuning"
    GATE = "gate"
    SECRET = "secret"


InputFile = Annotated[Path, Role.INPUT_FILE]
"""A file that the table is made of; the host hashes it."""

InputDir = Annotated[Path, Role.INPUT_DIR]
"""A folder of input files; it is hashed by the items that read them, while they do.

An option named `glob` in the same class tells which of its files the builder looks at.
"""

Tool = Annotated[Path, Role.TOOL]
"""An executable or a model file: its content is in the recipe, its path is not."""

Tuning = Annotated[T, Role.TUNING]
"""How fast, never what: in no recipe."""

Gate = Annotated[T, Role.GATE]
"""May refuse a run, never changes a cell: in no recipe."""

Secret = Annotated[T, Role.SECRET]
"""Redacted wherever it would be written."""

ScratchDir = Annotated[Path, Role.SCRATCH, Role.TUNING]
"""The folder in which `run.scratch` is made, in place of the output's own."""


@frozen
class Labelled(Generic[T]):
    """A value with a label in front of it, written `LABEL=VALUE`."""

    label: str
    value: T

    def __str__(self) -> str:
        return f"{self.label}={self.value}"
