"""The options of every run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from attrs import field, frozen

from tablehost.contract.roles import Role, Tuning

HOST = "tablehost"
"""The name of their section in the configuration."""

_SCHEDULER = re.compile(r"(tcp|tls)://.+:[0-9]+|local:[1-9][0-9]*|.+\.py")

_Place = Annotated[Path, Role("place", in_recipe=False)]


@frozen(kw_only=True)
class HostOptions:
    """Options of every run."""

    out: _Place
    """The Parquet file to make; its manifest is OUT.manifest.json."""
    manifest_out: _Place | None = None
    """Another place for the manifest."""
    overwrite: bool = False
    """Replace an existing table of any origin; finished items are still used."""
    workers: Tuning[int | None] = field(default=None)
    """Processes that work in parallel; default: available cores; 0: all in this process."""
    scheduler: Tuning[str | None] = field(default=None)
    """Work on a Dask cluster: tcp://HOST:8786, tls://HOST:8786, or local:N to try it out here."""
    lock: bool = True
    """Refuse to run on a file system without locks, where a second run would not be noticed."""
    dry_run: bool = False
    """Show the plan without running it."""
    fresh: bool = False
    """Process every item again; the ledger of finished ones is set aside."""
    keep_items: bool = False
    """Keep finished items that earlier code of the builder has made; the manifest counts them."""
    redo_items: bool = field(default=False)
    """Process those items again that earlier code of the builder has made."""
    accept_ledger: bool = False
    """Use a ledger that belongs to another user; the manifest counts the rows of others."""
    report: bool = False
    """Write a page about the table beside it when it has landed: OUT.report.html."""
    config: _Place | None = None
    """Configuration file; default: ./tablehost.toml, if it exists."""
    json: bool = False
    """Write the result as one JSON object on stdout, and events as JSON lines on stderr."""
    quiet: bool = False
    """Print only warnings and errors."""
    verbose: bool = False
    """Show the traceback of an error."""

    @workers.validator
    def _not_negative(self, _: Any, value: int | None) -> None:
        if value is not None and value < 0:
            msg = f"must be at least 0, got {value}"
            raise ValueError(msg)

    @scheduler.validator
    def _of_known_kind(self, _: Any, value: str | None) -> None:
        if value is not None and not _SCHEDULER.fullmatch(value):
            msg = f"must be tcp://HOST:PORT, tls://HOST:PORT, local:N or FILE.py, got {value!r}"
            raise ValueError(msg)

    @redo_items.validator
    def _not_both(self, _: Any, value: bool) -> None:  # noqa: FBT001  # attrs calls it
        if value and self.keep_items:
            msg = "and --keep-items exclude each other; give one of them"
            raise ValueError(msg)
