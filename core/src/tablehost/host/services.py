"""What one run works with."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from tablehost.commit.root import Root
from tablehost.console.reporter import Reporter
from tablehost.contract.build import Session
from tablehost.files.digest_cache import StatCache
from tablehost.host.interrupts import Interrupts
from tablehost.host.replacing import Earlier
from tablehost.host.request import Request
from tablehost.items.ledger import Ledger
from tablehost.items.workers import Workers
from tablehost.provenance.inputs import Inputs


@frozen(kw_only=True)
class Services:
    """What one run works with; `run` opens and closes it.

    Args:
        request: what was asked for.
        session: this run's id, and when it began.
        reporter: shows how the run goes on.
        interrupts: shields the commit from signals.
        earlier: the table that stands at the output.
        root: the folder that paths in the manifest are relative to.
        scratch: the private folder, made when it is first used.
        cache: digests of files that did not change.
        inputs: the inputs that the options name.
        pool: the processes of `run.map`.
        ledger: the finished items.
    """

    request: Request
    session: Session
    reporter: Reporter
    interrupts: Interrupts
    earlier: Earlier
    root: Root
    scratch: Path
    cache: StatCache
    inputs: Inputs
    pool: Workers
    ledger: Ledger
