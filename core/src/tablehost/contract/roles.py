"""Roles of options: what a value means for the proof, said by its type.

A role is an annotation of an options class, and roles nest: `tuple[InputFile, ...]`,
`InputFile | None`, `Tool | str`, `tuple[Labelled[InputFile], ...]`. A field without a role is
*semantic*: it is part of the recipe. A path always has a role, since only a role says whether its
content, its place or neither decides the table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen
class Role:
    """What an option's value means to the host.

    Args:
        name: as messages show it.
        content: what the path must be, where its content is in the recipe and not the path itself:
            a file, files (one, a folder of parts, or a glob), or a folder.
        tool: whether the path is recorded among the tools, not the inputs.
        in_recipe: whether the value is part of the recipe.
        redacted: whether the value is kept out of manifests, logs and messages.
    """

    name: str
    content: Literal["file", "files", "folder"] | None = None
    tool: bool = False
    in_recipe: bool = True
    redacted: bool = False


SCRATCH = Role("scratch", in_recipe=False)

InputFile = Annotated[Path, Role("input-file", content="file")]
"""A file that the table is made of, or an object of a store; the host hashes it.

`Run.local` returns the file of either.
"""

InputFiles = Annotated[Path, Role("input-files", content="files")]
"""A file, a folder of part files, or a glob: `Run.parts` returns the files of it.

The host hashes each of them. They may be objects of a store: `Run.local` returns the file of one.
"""

InputDir = Annotated[Path, Role("input-dir", content="folder")]
"""A folder of input files; it is hashed by the items that read them, while they do.

An option named `glob` in the same class selects the files that the builder reads.
"""

Tool = Annotated[Path, Role("tool", content="file", tool=True)]
"""An executable or a model file: its content is in the recipe, its path is not."""

Tuning = Annotated[T, Role("tuning", in_recipe=False)]
"""How fast, never what: in no recipe."""

Gate = Annotated[T, Role("gate", in_recipe=False)]
"""May refuse a run, never changes a cell: in no recipe."""

Secret = Annotated[T, Role("secret", in_recipe=False, redacted=True)]
"""Redacted wherever it would be written."""

ScratchDir = Annotated[Path, SCRATCH]
"""The folder in which `run.scratch` is made, in place of the output's own."""


@frozen
class Was:
    """An earlier name of an option, which is still taken: `Annotated[int, Was("lower")]`."""

    name: str


@frozen
class Labelled(Generic[T]):
    """A value with a label in front of it, written `LABEL=VALUE`."""

    label: str
    value: T

    def __str__(self) -> str:
        return f"{self.label}={self.value}"
