"""A plugin of coverage.py for worker processes, which end by SIGKILL and never reach an exit.

Each of them saves what it has measured before it sends a result: what is received is counted.
"""

from __future__ import annotations

import sys
from typing import Any

from coverage import Coverage


def coverage_init(*_: object) -> None:
    """Called by coverage.py in every process that it measures."""
    if "--multiprocessing-fork" in sys.orig_argv:  # also the name where processes are spawned
        _save_before_sending()


def _save_before_sending() -> None:
    from multiprocessing.connection import Connection

    send = Connection.send

    def save_and_send(connection: Connection, message: Any) -> None:
        if coverage := Coverage.current():
            coverage.save()
        send(connection, message)

    Connection.send = save_and_send
