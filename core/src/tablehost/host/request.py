"""What somebody asks of the host, and what comes of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from tablehost.builders.builder import Builder
from tablehost.commit.output import Output
from tablehost.contract.build import Items
from tablehost.items.sample import Sample
from tablehost.options.host_options import HostOptions
from tablehost.options.secrets import Redaction


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
