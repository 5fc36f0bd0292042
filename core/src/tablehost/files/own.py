"""The code of tablehost itself."""

from __future__ import annotations

from pathlib import Path

from tablehost.files.digests import file_digest
from tablehost.files.folder_listing import dir_hash1


def tablehost_digest() -> str:
    """Digest the source files of this tablehost, as they are on the disk now."""
    folder = Path(__file__).parents[1]
    files = sorted(folder.rglob("*.py"))
    return dir_hash1(
        (path.relative_to(folder.parent).as_posix(), file_digest(path).sha256) for path in files
    )
