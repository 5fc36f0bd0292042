"""What makes finished items survive a power cut: a thread that syncs what the ledger wrote."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Self

from tablehost.files.names import beside
from tablehost.items.ledger_file import LedgerError

# Half of the second that a power cut may cost: the rest is for the disk.
_SECONDS = 0.5


class Syncing:
    """Syncs a ledger's write-ahead log soon after it was written to.

    The thread needs nothing of the host's, which may wait for an item or be in the builder's code.

    Args:
        path: the ledger.
        log: its write-ahead log.
    """

    def __init__(self, path: Path, log: Path) -> None:
        self._path = path
        self._descriptor = os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._is_written = True
        self._error: OSError | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """Begin to sync an open ledger, unless it has no log: then SQLite syncs every commit.

        Raises:
            LedgerError: its log cannot be opened.
        """
        log = beside(path, "-wal")
        try:
            return cls(path, log) if log.exists() else None
        except OSError as error:
            raise _unsynced(path, error) from error

    def written(self) -> None:
        """Let the log be synced, within a second.

        Raises:
            LedgerError: it could not be.
        """
        if self._error is not None:
            raise _unsynced(self._path, self._error) from self._error
        self._is_written = True

    def close(self) -> None:
        """Sync what is left, and end the thread."""
        self._ending.set()
        self._thread.join()
        os.close(self._descriptor)

    def _work(self) -> None:
        while not self._ending.wait(_SECONDS):
            self._sync()
        self._sync()

    def _sync(self) -> None:
        if self._is_written and self._error is None:
            self._is_written = False
            try:
                os.fdatasync(self._descriptor)
            except OSError as error:
                self._error = error


def _unsynced(path: Path, error: OSError) -> LedgerError:
    msg = (
        f"the ledger {path} could not be synced: {error.strerror}; see whether its disk is "
        "damaged, and the same command goes on with what it has"
    )
    return LedgerError(msg)
