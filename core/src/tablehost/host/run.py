"""One run, from the request to the landed table: preflight, lock, recover, build."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from tablehost.commit import commit
from tablehost.commit.lock import locked
from tablehost.commit.output import Output
from tablehost.commit.root import Root
from tablehost.console.reporter import Reporter
from tablehost.console.text import utc_now
from tablehost.contract.build import Session
from tablehost.contract.errors import Refused
from tablehost.contract.roles import SCRATCH
from tablehost.files.digest_cache import StatCache
from tablehost.files.folders import remove_folder
from tablehost.files.names import new_run_id
from tablehost.host import preflight
from tablehost.host.host_run import Services
from tablehost.host.interrupts import Interrupts
from tablehost.host.replacing import Earlier
from tablehost.host.request import Landed, Request
from tablehost.host.session import RunSession
from tablehost.items.ledger import Ledger
from tablehost.items.ledger_file import user_name
from tablehost.items.pool import Pool, pool_of
from tablehost.options.fields import options_of
from tablehost.provenance.code import BuilderCode
from tablehost.provenance.given import given_paths
from tablehost.provenance.inputs import Inputs

_log = logging.getLogger("tablehost")


def run(request: Request, reporter: Reporter) -> Landed:
    """Build a table and land it together with its manifest.

    Args:
        request: which builder, with which options, to which place.
        reporter: shows the progress of the run.

    Raises:
        Refused: the preflight or the builder declines; nothing was touched.
        Stopped: the run cannot go on; the old pair is untouched and finished items are kept.
        BrokenBuilder: the builder failed; the old pair is untouched.
        Interrupted: by a signal; finished items are kept.
    """
    output, overwrite = request.output, request.host.overwrite
    given = given_paths(request.options)
    problems = preflight.problems(given, output, overwrite=overwrite)
    if problems:
        raise Refused(problems)
    interrupts = Interrupts()
    with interrupts.listening(), _folders(output), _lock(request), ExitStack() as open_:
        for sentence in commit.recover(output):
            _log.warning("%s: %s", output.table, sentence)
        earlier = Earlier.at(output, overwrite=overwrite)
        problems = earlier.refusals(request.builder.name)
        if problems:
            raise Refused(problems)
        scheduler = request.host.scheduler
        pool = open_.enter_context(_stopped(pool_of(request.workers, scheduler)))
        code = BuilderCode.read(request.builder)
        session = Session(
            new_run_id(),
            utc_now(),
            workers=pool.count if scheduler else request.workers,
            user=user_name(os.geteuid()),
            host=socket.gethostname(),
            packages=code.packages,
        )
        root, cache = Root.of(output), open_.enter_context(StatCache())
        scratch = open_.enter_context(_removed(output.scratch(_scratch_folder(request.options))))
        services = Services(
            request=request,
            session=session,
            code=code,
            reporter=reporter,
            interrupts=interrupts,
            earlier=earlier,
            root=root,
            scratch=scratch,
            staged=output.staged(output.table, session.run_id),
            cache=cache,
            inputs=open_.enter_context(
                Inputs(request.options, given, output, root, cache, copies=scratch / "inputs")
            ),
            pool=pool,
            ledger=open_.enter_context(
                Ledger(
                    output.ledger,
                    session,
                    fresh=request.host.fresh,
                    accept=request.host.accept_ledger,
                )
            ),
        )
        with RunSession(services) as building:
            return building.build()


@contextmanager
def _stopped(pool: Pool) -> Iterator[Pool]:
    try:
        yield pool
    finally:
        pool.stop()


@contextmanager
def _removed(scratch: Path) -> Iterator[Path]:
    """Remove the scratch folder of a run that was killed, and in the end that of this one."""
    try:
        _remove(scratch)
        yield scratch
    finally:
        _remove(scratch)


def _remove(folder: Path) -> None:
    with suppress(OSError):
        remove_folder(folder)


def _lock(request: Request) -> AbstractContextManager[None]:
    return locked(request.output, must=request.host.lock)


def _scratch_folder(options: Any) -> Path | None:
    """Return the folder that the builder's `ScratchDir` option gives."""
    scratch = (one.name for one in options_of(type(options)) if SCRATCH in one.type.roles)
    return next((getattr(options, name) for name in scratch), None)


@contextmanager
def _folders(output: Output) -> Iterator[None]:
    """Make the folders that are missing, and remove those that stay empty."""
    made: list[Path] = []
    try:
        for folder in {output.table.absolute().parent, output.manifest.absolute().parent}:
            missing = [one for one in (folder, *folder.parents) if not one.exists()]
            made += missing
            for one in reversed(missing):  # `parents=True` calls itself for each, up to a limit
                _make(one)
        yield
    finally:
        for folder in sorted(set(made), reverse=True):
            with suppress(OSError):  # it is not empty
                folder.rmdir()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        msg = f"the folder {folder} cannot be made: {error.strerror}"
        raise Refused(msg) from error
