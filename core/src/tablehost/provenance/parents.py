"""The tables among the inputs of a table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tablehost.contract.errors import ManifestError
from tablehost.contract.names import flag_of
from tablehost.files.digests import file_digest
from tablehost.manifest.read import Manifest, find, read_typed
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
        manifest = _read(sidecar)
        if manifest.table_sha256 not in (None, sha256):
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
            run_id=manifest.run_id,
            table_sha256=manifest.table_sha256,
            manifest_sha256=manifest.digest,
        )


def _read(sidecar: Path) -> Manifest:
    """Read a parent's manifest; one that a newer tablehost wrote is known by its digest alone."""
    try:
        return read_typed(sidecar)
    except ManifestError:
        return Manifest(digest=file_digest(sidecar).sha256)
