"""The paths of one output."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from attrs import frozen

from tablehost.contract.errors import UsageError
from tablehost.files.names import (
    FAILED_SUFFIX,
    HISTORY_SUFFIX,
    INTENT_SUFFIX,
    LEDGER_SUFFIX,
    LOCK_SUFFIX,
    RUN_ID,
    beside,
    staging_name,
    usual_manifest,
)


@frozen
class Output:
    """A table, its manifest, and what is beside them while and after it is built.

    Args:
        table: the Parquet file.
        manifest: its JSON sidecar.
    """

    table: Path
    manifest: Path

    @classmethod
    def at(cls, table: Path, manifest: Path | None = None) -> Output:
        """Return the output at a path, with the sidecar at its usual place unless another is given.

        The usual place is `<out>.manifest.json`, literally: two tables that differ only in suffix
        must not share one.
        """
        if not table.name:
            msg = f"{table} is a folder; give the path of a table in it"
            raise UsageError(msg)
        return cls(table, manifest or usual_manifest(table))

    @property
    def ledger(self) -> Path:
        """Return the finished items, kept so that the table can be extended."""
        return beside(self.table, LEDGER_SUFFIX)

    @property
    def lock(self) -> Path:
        """Return the lock of a run that works on this output."""
        return beside(self.table, LOCK_SUFFIX)

    @property
    def failed(self) -> Path:
        """Return the report of a run that failed."""
        return beside(self.table, FAILED_SUFFIX)

    @property
    def history(self) -> Path:
        """Return the folder of earlier manifests and of input listings."""
        return beside(self.table, HISTORY_SUFFIX)

    @property
    def intents(self) -> tuple[Path, ...]:
        """Return the notes of a commit under way, that of the table first."""
        return tuple(self.noted)

    @property
    def noted(self) -> dict[Path, tuple[Path, ...]]:
        """Return the notes of a commit under way, with the targets of each in order of the moves.

        There is one in each folder that has a target.
        """
        table, manifest = (beside(one, INTENT_SUFFIX) for one in (self.table, self.manifest))
        if os.path.realpath(table.parent) == os.path.realpath(manifest.parent):
            return {table: (self.manifest, self.table)}
        return {table: (self.table,), manifest: (self.manifest,)}

    @property
    def kept(self) -> tuple[Path, ...]:
        """Return everything that a run writes beside its targets, under a name that is known."""
        ledgers = (beside(self.ledger, part) for part in ("", "-wal", "-shm", "-journal"))
        return (self.lock, *ledgers, self.history, self.failed, *self.intents, self.scratch(None))

    def scratch(self, folder: Path | None) -> Path:
        """Return the run's private folder, the same in every session so that it can be removed.

        Args:
            folder: where the builder's `ScratchDir` option wants it.
        """
        if folder is None:
            return self.table.with_name(f".{self.table.name}.scratch")
        name = hashlib.sha256(str(self.table.absolute()).encode(errors="surrogateescape"))
        return folder / f"tablehost-{name.hexdigest()[:16]}"

    def staged(self, target: Path, run_id: str) -> Path:
        """Return where a target is written before the commit."""
        return staging_name(target, run_id)

    def leftovers(self) -> list[Path]:
        """Return what killed runs left staged."""
        targets = (self.table, self.manifest, self.failed, *self.intents)
        staged = [path for target in targets for path in _staged_for(target)]
        return [*dict.fromkeys(staged), *sorted(self.history.glob("*.tmp"))]


def _staged_for(target: Path) -> list[Path]:
    """Return the staged files of a target, and of no other whose name begins with its name."""
    name = re.compile(rf"\.{re.escape(target.name)}(\.{RUN_ID})?\.tmp")
    if not target.parent.is_dir():
        return []
    return sorted(path for path in target.parent.iterdir() if name.fullmatch(path.name))
