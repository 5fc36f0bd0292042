"""What is asked of the host, and the result."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from tablehost.builders.builder import Builder
from tablehost.commit.output import Output
from tablehost.contract.build import Items
from tablehost.items.sample import Sample
from tablehost.options.host_options import HostOptions
from tablehost.options.secrets import Redaction


@frozen(kw_only=True)
class Request:
    """A run that is asked for.

    Args:
        builder: the loaded builder.
        options: an instance of its options class.
        sources: by option, where the value came from.
        host: the options of every run.
        argv: the command line as it was typed.
        sample: where only some items of every map are to be done.
        output: where the table and its manifest belong.
        redact: takes the secrets out of text.
        workers: how many processes to use; 0 for the host's own.
    """

    builder: Builder
    options: Any
    sources: Mapping[str, str]
    host: HostOptions
    argv: tuple[str, ...] = ()
    sample: Sample | None = None
    output: Output = field(init=False)
    redact: Redaction = field(init=False)
    workers: int = field(init=False)

    @output.default
    def _output(self) -> Output:
        return Output.at(self.host.out, self.host.manifest_out)

    @redact.default
    def _redact(self) -> Redaction:
        return Redaction.of(self.options)

    @workers.default
    def _workers(self) -> int:
        asked = self.host.workers
        return len(os.sched_getaffinity(0)) if asked is None else asked


@frozen(kw_only=True)
class Landed:
    """The result of a run.

    Args:
        outcome: `complete`, `partial` or `nothing-to-do`.
        output: the table and its manifest.
        run_id: this run's id.
        rows: rows of the table.
        items: how the items ended.
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
        """Return 1 if items failed, else 0."""
        return 1 if self.outcome == "partial" else 0
