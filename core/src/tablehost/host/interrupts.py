"""Ctrl-C, SIGTERM and SIGHUP: the first ends the run in order, a second one at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tablehost.contract.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Raises `Interrupted` in the main thread, except while the commit is shielded."""

    def __init__(self) -> None:
        self._received: signal.Signals | None = None
        self._shielded = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle the signals while a run lasts."""
        if threading.current_thread() is not threading.main_thread():
            yield  # signals reach the main thread only
            return
        before = {
            number: signal.signal(number, self._receive)
            for number in _SIGNALS
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN  # nohup
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Hold a signal back until what must not stop half-way has finished."""
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False

    def _receive(self, number: int, _frame: Any) -> None:
        if self._received is not None:
            os._exit(Interrupted.exit_code)  # workers end with their host's end of the pipe
        self._received = signal.Signals(number)
        if not self._shielded:
            msg = f"stopped by {self._received.name}"
            raise Interrupted(msg)
