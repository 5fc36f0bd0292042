"""A list of checksums, by which the files that items read are checked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import field, frozen

from tablehost.contract.errors import Refused


@frozen(kw_only=True)
class Checksums:
    """What a list of checksums says about files; `read_checksums` reads one.

    Args:
        path: of the list.
        sha256: of the list itself.
        algorithm: of its checksums: `md5`, `sha1`, `sha256` or `sha512`.
        digests: its checksums, by absolute path.
        folders: that its names may be relative to.
    """

    path: Path
    sha256: str
    algorithm: str
    digests: Mapping[str, str] = field(repr=False)
    folders: tuple[Path, ...]

    def of(self, file: Path) -> str | None:
        """Return the checksum of a file, or None where the list does not have it.

        Args:
            file: its path as it is given; links are not followed.
        """
        return self.digests.get(os.path.normpath(str(file.absolute())))

    def require(self, files: Iterable[Path]) -> None:
        """Check that the list has every file.

        Raises:
            Refused: it does not.
        """
        every = list(files)
        missing = [file for file in every if self.of(file) is None]
        if missing:
            problem = (
                f"{self.path} does not list {len(missing)} of {len(every)} files, the first is "
                f"{missing[0]}; names in it are relative to "
                f"{' or else to '.join(map(str, self.folders))}"
            )
            raise Refused([problem])
