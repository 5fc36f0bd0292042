"""What a builder is handed: parallel work that survives a kill, progress, scratch, a log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:  # start-up is a budget
    import logging

    from tablehost.console.reporter import Meter
    from tablehost.contract.checksums import Checksums

Item = TypeVar("Item")
Settings = TypeVar("Settings")
Result = TypeVar("Result")
Inputs = Path | tuple[Path, ...] | None
Result_co = TypeVar("Result_co", covariant=True)


class Results(Protocol[Result_co]):
    """The results of a map, ordered by key; they may be iterated more than once."""

    def __iter__(self) -> Iterator[Result_co]:
        """Yield the results."""

    def __len__(self) -> int:
        """Return how many there are."""


class Run(ABC):
    """One run, as its builder sees it."""

    log: logging.Logger
    """Where a builder writes what its user should read; secrets are redacted."""

    @property
    @abstractmethod
    def workers(self) -> int:
        """Return how many processes `map` uses."""

    @property
    @abstractmethod
    def scratch(self) -> Path:
        """Return a private folder for this run; it is removed when the run ends."""

    @abstractmethod
    def progress(self, total: int, what: str) -> AbstractContextManager[Meter]:
        """Show the progress of work other than `map`.

        Args:
            total: how much there is to do.
            what: what is counted, in the plural.

        Returns:
            A context manager that yields a function to call with what was done since the last.
        """

    @abstractmethod
    def digest(self, path: Path) -> str:
        """Return the sha256 of an input file, which the host computes in any case.

        It waits until the host has read the file to its end.

        Args:
            path: as it is in the options, or as `parts` returns it.
        """

    @abstractmethod
    def local(self, path: Path) -> Path:
        """Return the file of an input: of an object of a store a copy, which this run removes.

        An object is fetched once. An item of `map` needs no such call: the function is called with
        the file in the place of an object that `input` names.

        Args:
            path: of a file, which is returned as it is, or of an object.

        Raises:
            TablehostError: the store does not give the object, or it was replaced meanwhile.
        """

    @abstractmethod
    def parts(self, path: Path) -> tuple[Path, ...]:
        """Return the files of an input, as the host found them when the run began.

        The host lists a folder or glob once, and the run uses that list.

        Args:
            path: as it is in an option of role `InputFile` or `InputFiles`.

        Raises:
            BrokenBuilder: no such option gives this path.
        """

    @abstractmethod
    def observe(self, name: str, *, uri: str, version: str) -> None:
        """Record an input that is no local file; it is part of the table's recipe.

        Nothing looks at it again: for `why` it is unknown whether it changed.

        Args:
            name: what it is to the table; not the name of an option.
            uri: where it is.
            version: which content was read: an ETag, a snapshot, a commit.

        Raises:
            BrokenBuilder: the name is taken, something is not text, or the URI has a password.
        """

    @abstractmethod
    def leave_out(self, keys: Iterable[str]) -> None:
        """Name items that are there, and that the options leave out of this run.

        The manifest counts those that are finished as `left_out`, not as `removed`.

        Args:
            keys: of the items, as `map` would be given them; called before `map`.

        Raises:
            Refused: the existing table has their rows, and may not be replaced without them.
        """

    @abstractmethod
    def recipe(self, function: Callable[[Item, Settings], Result], settings: Any = None) -> str:
        """Return the item recipe: the digest of what, beside the item, decides a result.

        Args:
            function: the item function.
            settings: what would be given to `map`.
        """

    @abstractmethod
    def map(
        self,
        function: Callable[[Item, Settings], Result],
        items: Iterable[Item],
        *,
        key: Callable[[Item], str],
        settings: Any = None,
        input: Callable[[Item], Inputs] | None = None,  # noqa: A002  # the contract's word
        identity: Callable[[Item], Any] | None = None,
        checksums: Checksums | None = None,
    ) -> Results[Result]:
        """Do long work on many items in parallel; finished items survive a kill.

        Args:
            function: at module level, called as `function(item, settings)` in a worker process.
                Its return annotation names the flat attrs class of its results, `Row`, or
                `list[Row]` where an item has many rows; a result of another type is the item's
                failure. It raises `ItemFailed` for an item that has no result.
            items: what to work on; picklable. Work on what an iterator yields begins while it goes
                on. Its values count: a finished item whose values change is done again.
            key: the name of an item; no two items of a map share one.
            settings: a frozen attrs instance, the same for all items. Fields annotated `Tool` or
                `InputFile` count by their content, `Tuning` fields do not count.
            input: the files and folders that an item reads, if any: a path, or a tuple of them. The
                host hashes them while it is worked on. No other path may be in the item. Of an
                object of a store the function is given a local copy, which goes away with the item.
            identity: what of the item decides its result; None for all of its values.
            checksums: what `read_checksums` returned; an item whose file is in that list and
                differs from it fails as `checksum-mismatch`, also if it was finished before.

        Returns:
            The results, ordered by key, once the last item has ended. Items that failed are kept
            by the host and are not among them.

        Raises:
            BrokenBuilder: the function, a key or an item is not what `map` takes.
            Refused: the existing table was made by another recipe.
        """
