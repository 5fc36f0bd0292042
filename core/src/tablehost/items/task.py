"""What passes between the host and a pool: the work, one item of it, and how that ended."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import attrs
from attrs import field, frozen

from tablehost.contract.build import Failure
from tablehost.contract.errors import BrokenBuilder, TablehostError
from tablehost.files.digests import Signature, State
from tablehost.items.checksum import Checksum

T = TypeVar("T")


def _pickled_by_place(cls: type[T]) -> type[T]:
    """Let instances be pickled as the arguments of their class: by name takes twice as long."""
    values = attrgetter(*(one.name for one in attrs.fields(cls)))  # type: ignore[arg-type]

    def reduce(self: T) -> tuple[type[T], tuple[Any, ...]]:
        return cls, values(self)

    cls.__reduce__ = reduce  # type: ignore[assignment]
    return cls


@frozen
class Needs:
    """What a map needs on a host beside the items: what is the same there gives the same results.

    Args:
        modules: the files of the modules that make its items, by name.
        builder: of a builder of one file, the sha256 of that file and of those that it imports.
        contents: the sha256 of the tools and other files that the settings name.
        packages: the distributions whose versions are recorded.
    """

    modules: Mapping[str, Path] = field(factory=dict)
    builder: Mapping[Path, str] = field(factory=dict)
    contents: Mapping[Path, str] = field(factory=dict)
    packages: tuple[str, ...] = ()


@frozen
class Work:
    """The function of a map, as a worker finds it.

    Args:
        module: the function's module.
        qualname: its name in the module.
        file: the builder's file where the module is not installed.
        settings: what is passed beside every item, pickled: its class may be defined in `file`.
        code: the sha256 of the source files of its items, under whose digest results are kept.
        needs: what another host must have for it.
        folder: the working directory; None where it is that of the process already.
        scratch: the folder for copies of objects that items read; None for the usual one.
    """

    module: str
    qualname: str
    file: Path | None
    settings: bytes
    code: Mapping[Path, str] = field(factory=dict)
    needs: Needs = field(factory=Needs)
    folder: Path | None = None
    scratch: Path | None = None

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        file: Path | None,
        settings: Any,
        code: Mapping[Path, str] | None = None,
        needs: Needs | None = None,
    ) -> Work:
        """Describe a function and its settings.

        Raises:
            BrokenBuilder: the settings cannot be pickled.
        """
        pickled = pickled_for_workers(settings, f"settings of {function.__qualname__}")
        name = (function.__module__, function.__qualname__)
        return cls(*name, file, pickled, code or {}, needs or Needs())

    def check_code(self) -> None:
        """Check that what is imported now is the code under whose digest results are kept.

        Raises:
            CodeChanged: a source file has other content.
        """
        for path, sha256 in self.code.items():
            try:
                now = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError:
                now = None
            if now != sha256:
                msg = f"{path} has changed"
                raise CodeChanged(msg)


class CodeChanged(TablehostError):
    """The code of items is not what it was when the run began."""


@_pickled_by_place
@frozen
class Task:
    """One item on its way to a worker.

    Args:
        key: its name.
        item: what the function is called with, pickled when the item was listed.
        identity: the digest of its own values.
        paths: the files and folders that it reads.
        digests: of its files, those that the stat cache knew, by state.
        known: digests of inputs with which the ledger has a result already.
        checksums: what a list of checksums says of its files, by path.
    """

    key: str
    item: bytes
    identity: str = ""
    paths: tuple[Path, ...] = ()
    digests: Mapping[State, str] = field(factory=dict)
    known: frozenset[str] = frozenset()
    checksums: Mapping[Path, Checksum] = field(factory=dict)


@frozen
class ReadFile:
    """A file that an item read.

    Args:
        path: absolute.
        bytes: its size.
        signature: its state before it was read; None for a file of another host.
        sha256: its digest.
        checksum: what a list says of it, and it of itself; None where it is not in one.
    """

    path: str
    signature: Signature | None
    sha256: str
    bytes: int
    checksum: Checksum | None = None


@_pickled_by_place
@frozen
class Outcome:
    """The end of a task: a result, a failure, or neither if the ledger has the result already.

    Args:
        key: of the item.
        identity: the digest of its own values.
        result: encoded.
        failure: why there is none.
        inputs: the digest of everything that the item read.
        read: the files that it read.
        seconds: that it took.
        worker: where it was worked on, `host:pid`.
    """

    key: str
    identity: str = ""
    result: bytes | None = None
    failure: Failure | None = None
    inputs: str = ""
    read: tuple[ReadFile, ...] = ()
    seconds: float | None = None
    worker: str | None = None


def pickled_for_workers(value: Any, what: str) -> bytes:
    """Pickle what workers are sent.

    Raises:
        BrokenBuilder: it cannot be pickled; `what` names it.
    """
    try:
        return pickle.dumps(value)
    except Exception as error:  # a builder's own class may raise anything when it is pickled
        msg = f"{what} cannot be sent to a worker: {error}; it must be picklable"
        raise BrokenBuilder(msg) from error
