"""The options of every run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from attrs import field, frozen

from tablehost.contract.roles import Role, Tuning

HOST = "tablehost"
"""The name of their section in the configuration."""

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
    """Processes that work in parallel; default: available cores."""
    lock: bool = True
    """Refuse to run on a file system without locks, where a second run would not be noticed."""
    dry_run: bool = False
    """Show the plan without running it."""
    fresh: bool = False
    """Process every item again; the ledger of finished ones is set aside."""
    accept_ledger: bool = False
    """Use a ledger that belongs to another user; the manifest counts the rows of others."""
    config: _Place | None = None
    """Configuration file; default: ./tablehost.toml, if it exists."""
    json: bool = False
    """Write the result as one JSON object on stdout, and events as JSON lines on stderr."""
    quiet: bool = False
    """Print only warnings and errors."""
    verbose: bool = False
    """Show the traceback of an error."""

    @workers.validator
    def _at_least_one(self, _: Any, value: int | None) -> None:
        if value is not None and value < 1:
            msg = f"must be at least 1, got {value}"
            raise ValueError(msg)
