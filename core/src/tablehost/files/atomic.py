"""Write files whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from tablehost.files.names import staging_name


def write_atomically(path: Path, text: str) -> None:
    """Write a small file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = staging_name(path)
    try:
        staged.write_text(text, encoding="utf-8")
        sync(staged)
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Flush a file or folder from the system's cache to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
