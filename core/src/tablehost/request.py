"""What somebody asks of the host, and what comes of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from tablehost.build import Items
from tablehost.errors import BrokenBuilder
from tablehost.options import options_of
from tablehost.output import Output
from tablehost.plugins import Builder
from tablehost.redaction import Redaction
from tablehost.roles import Tuning
from tablehost.sample import Sample


@frozen(kw_only=True)
class HostOptions:
    """Options of every run."""

    out: Path
    """The Parquet file to make; its manifest is OUT.manifest.json."""
    manifest_out: Path | None = None
    """Another place for the manifest."""
    overwrite: bool = False
    """Replace an existing table whatever made it; finished items are still used."""
    workers: Tuning[int | None] = field(default=None)
    """Processes that work in parallel; as many as this process has cores, unless given."""
    dry_run: bool = False
    """Say what would be done, and do nothing of it."""
    fresh: bool = False
    """Do every item again; the ledger of finished ones is set aside."""
    config: Path | None = None
    """Configuration to read; ./tablehost.toml, unless given."""
    json: bool = False
    """Write the result as one JSON object on stdout, and events as JSON lines on stderr."""
    quiet: bool = False
    """Say nothing but warnings and errors."""
    verbose: bool = False
    """Show the traceback of an error."""

    @workers.validator
    def _at_least_one(self, _: Any, value: int | None) -> None:
        if value is not None and value < 1:
            msg = f"must be at least 1, got {value}"
            raise ValueError(msg)


@frozen(kw_only=True)
class Request:
    """A run that somebody asked for.

    Args:
        builder: the loaded builder.
        options: an instance of its options class.
        sources: by option, where the value came from.
        host: the options of every run.
        argv: the command line as it was typed.
        sample: where only some items of every map are to be done.
    """

    builder: Builder
    options: Any
    sources: Mapping[str, str]
    host: HostOptions
    argv: tuple[str, ...] = ()
    sample: Sample | None = None

    @property
    def redact(self) -> Redaction:
        """Return what takes the secrets out of text."""
        return Redaction.of(self.options)

    @property
    def output(self) -> Output:
        """Return where the table and its manifest are to lie."""
        return Output.at(self.host.out, self.host.manifest_out)

    @property
    def workers(self) -> int:
        """Return how many processes to use."""
        return self.host.workers or len(os.sched_getaffinity(0))


@frozen(kw_only=True)
class Landed:
    """What a run came to.

    Args:
        outcome: `complete`, `partial` or `nothing-to-do`.
        output: the table and its manifest.
        run_id: this run's id.
        rows: rows of the table.
        items: what became of the items.
        elapsed: seconds.
    """

    outcome: str
    output: Output
    run_id: str
    rows: int
    items: Items
    elapsed: float

    @property
    def exit_code(self) -> int:
        """Return 1 where items failed, else 0."""
        return 1 if self.outcome == "partial" else 0


def check_collisions(builder: Builder) -> None:
    """Refuse a builder whose option has the name of one that every run has.

    Raises:
        BrokenBuilder: naming both.
    """
    ours = {option.name for option in options_of(HostOptions)}
    for option in options_of(builder.options_class):
        if option.name in ours:
            msg = (
                f"builder {builder}: its option {option.flag} collides with tablehost's own "
                f"{option.flag}; give the field another name"
            )
            raise BrokenBuilder(msg)
