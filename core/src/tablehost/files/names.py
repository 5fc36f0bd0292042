"""Names of the files beside a table, and of runs."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

RUN_ID = r"\d{8}T\d{6}Z-[0-9a-f]{8}"
"""What `new_run_id` returns, as a regular expression."""

MANIFEST_SUFFIX = ".manifest.json"
LISTING_SUFFIX = ".sha256.gz"
HISTORY_SUFFIX = ".history"
LEDGER_SUFFIX = ".ledger"
LOCK_SUFFIX = ".lock"
FAILED_SUFFIX = ".failed.json"
INTENT_SUFFIX = ".intent.json"
_ENDINGS = (MANIFEST_SUFFIX, LISTING_SUFFIX, LOCK_SUFFIX, FAILED_SUFFIX, INTENT_SUFFIX)
_ANY_LEDGER = re.compile(rf".+{re.escape(LEDGER_SUFFIX)}(\.[a-z]+-{RUN_ID})?(-journal|-wal|-shm)?")

_HIDDEN = re.compile(r"\..+\.(tmp|scratch)")


def staging_name(target: Path, run_id: str = "") -> Path:
    """Return where a file is written before it replaces its target.

    Args:
        target: the file.
        run_id: of the run that writes it, where more than one might.
    """
    return target.with_name(f".{target.name}.{run_id}.tmp" if run_id else f".{target.name}.tmp")


def is_kept_beside(name: str) -> bool:
    """Return whether a file's name is that of a manifest, ledger or the like, not of a table.

    Args:
        name: of the file, without its folder; staged files are hidden and not considered.
    """
    return name.endswith(_ENDINGS) or _ANY_LEDGER.fullmatch(name) is not None


def is_reserved(name: str) -> bool:
    """Return whether a name is one that the host gives to files beside a table, or while it works.

    Args:
        name: of a file that a user wants to have written.
    """
    return (
        is_kept_beside(name) or name.endswith(HISTORY_SUFFIX) or _HIDDEN.fullmatch(name) is not None
    )


def usual_manifest(table: Path) -> Path:
    """Return `<out>.manifest.json`."""
    return beside(table, MANIFEST_SUFFIX)


def beside(path: Path, suffix: str) -> Path:
    """Return a path with a suffix added to its whole name."""
    return path.with_name(path.name + suffix)


def new_run_id() -> str:
    """Return a unique name for a run that sorts by time."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ-") + secrets.token_hex(4)
