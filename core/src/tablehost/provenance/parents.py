"""The tables among the inputs of a table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tablehost.contract.errors import ManifestError
from tablehost.contract.roles import flag_of
from tablehost.files.digests import file_digest
from tablehost.manifest.read import dig, find, read
from tablehost.manifest.sections import Parent

_log = logging.getLogger("tablehost")


def parents(
    files: Iterable[tuple[str, Path, str]], name: Callable[[Path], str]
) -> Iterator[Parent]:
    """Yield the inputs that are tables with a manifest of their own, and warn of drifted ones.

    Args:
        files: the input files with their options' names and their sha256.
        name: gives a path as the manifest writes it.
    """
    for option, path, sha256 in files:
        try:
            sidecar = find(path)
        except ManifestError:
            continue
        manifest = _read_or_empty(sidecar)
        described = _text(dig(manifest, "table", "sha256"))
        if described not in (None, sha256):
            _log.warning(
                "%s: %s is no longer what its manifest %s describes; the run that parents[] names "
                "did not make these bytes",
                flag_of(option),
                path,
                sidecar,
            )
        yield Parent(
            option=option,
            path=name(path),
            run_id=_text(dig(manifest, "run_provenance", "run_id")),
            table_sha256=described,
            manifest_sha256=file_digest(sidecar).sha256,
        )


def _text(found: Any) -> str | None:
    return found if isinstance(found, str) else None


def _read_or_empty(sidecar: Path) -> dict[str, Any]:
    """Read a parent's manifest; one that a newer tablehost wrote is known by its digest alone."""
    try:
        return read(sidecar)
    except ManifestError:
        return {}
