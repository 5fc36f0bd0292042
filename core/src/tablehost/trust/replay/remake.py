"""Build a table once more, in another place and from nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tablehost.commit.output import Output
from tablehost.console.reporter import Reporter
from tablehost.contract.build import Items
from tablehost.contract.errors import Interrupted, Refused, TablehostError, UsageError
from tablehost.files.folders import remove_folder
from tablehost.host.request import Request
from tablehost.host.run import run as run_host
from tablehost.items.sample import Sample
from tablehost.options.host_options import HostOptions
from tablehost.trust.replay.restore import Restored


class NotRemade(Refused):
    """The builder did not make the table here."""


@contextmanager
def place(name: str, into: Path | None) -> Iterator[Output]:
    """Give a place where nothing is; unless it was named, it goes away again.

    Args:
        name: of the table.
        into: a folder that keeps table and manifest; it must be new or empty.

    Raises:
        UsageError: something is in that folder.
    """
    if into is None:
        with TemporaryDirectory(prefix="tablehost-replay-") as folder:
            yield Output.at(Path(folder, name))
        return
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        msg = f"--into: {into} is not empty; give a new folder"
        raise UsageError(msg)
    output = Output.at(into / name)
    try:
        yield output
    except BaseException:
        with suppress(OSError):
            remove_folder(into)
        raise
    output.ledger.unlink(missing_ok=True)


def remake(
    restored: Restored,
    output: Output,
    reporter: Reporter,
    *,
    workers: int | None,
    sample: Sample | None,
) -> Items:
    """Build a table.

    Args:
        restored: the builder and its options.
        output: where to.
        reporter: shows its progress.
        workers: processes to use; default: available cores.
        sample: which items to do, if not all.

    Returns:
        What became of the items.

    Raises:
        NotRemade: the builder refused or failed.
        Interrupted: by a signal.
    """
    request = Request(
        builder=restored.builder,
        options=restored.options,
        sources=restored.sources,
        host=HostOptions(out=output.table, workers=workers),
        argv=tuple(sys.argv),
        sample=sample,
    )
    reporter.addFilter(request.redact.filter)
    try:
        return run_host(request, reporter).items
    except Interrupted:
        raise
    except TablehostError as error:
        raise NotRemade(map(request.redact, error.problems)) from error
