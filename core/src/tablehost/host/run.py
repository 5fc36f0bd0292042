"""One run, from the request to the landed table: preflight, lock, recover, build."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tablehost.commit import commit
from tablehost.commit.output import Output
from tablehost.console.reporter import Reporter
from tablehost.contract.errors import Refused
from tablehost.files.digest_cache import StatCache
from tablehost.host import preflight
from tablehost.host.interrupts import Interrupts
from tablehost.host.request import Landed, Request
from tablehost.host.session import RunSession

if TYPE_CHECKING:
    pass

_log = logging.getLogger("tablehost")


def run(request: Request, reporter: Reporter) -> Landed:
    """Build a table and land it together with its manifest.

    Args:
        request: which builder, with which options, to which place.
        reporter: what tells how it goes.

    Raises:
        Refused: the preflight or the builder says no; nothing was touched.
        BrokenBuilder: the builder failed; the old pair is untouched.
        Interrupted: by a signal; finished items are kept.
    """
    output, overwrite = request.output, request.host.overwrite
    problems = preflight.problems(request.options, output, overwrite=overwrite)
    if problems:
        raise Refused(problems)
    interrupts = Interrupts()
    with interrupts.listening(), _folders(output), commit.locked(output):
        for sentence in commit.recover(output):
            _log.warning("%s: %s", output.table, sentence)
        problems = [] if overwrite else preflight.refusals(output, request.builder.name)
        if problems:
            raise Refused(problems)
        with StatCache() as cache, RunSession(request, reporter, cache, interrupts) as session:
            return session.build()


@contextmanager
def _folders(output: Output) -> Iterator[None]:
    """Make the folders that are missing; where nothing came to lie in them, remove them again."""
    made: list[Path] = []
    for folder in {output.table.absolute().parent, output.manifest.absolute().parent}:
        made += [one for one in (folder, *folder.parents) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for folder in sorted(set(made), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()
