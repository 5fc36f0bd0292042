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
        digests: its checksums, by name as it is in the list, without `./` and the like.
        folder: that names may also be relative to, beside the list's own folder.
    """

    path: Path
    sha256: str
    algorithm: str
    digests: Mapping[str, str] = field(repr=False)
    folder: Path | None = None

    def of(self, file: Path) -> str | None:
        """Return the checksum of a file, or None where the list does not have it.

        Its name in the list is absolute, or relative to the list's own folder, or else to `folder`.

        Args:
            file: it need not exist.
        """
        path = os.path.abspath(file)  # noqa: PTH100  # as written: links are not followed
        folders = [self.path.parent, *([self.folder] if self.folder else [])]
        names = [path, *(os.path.relpath(path, folder) for folder in folders)]
        return next((self.digests[name] for name in names if name in self.digests), None)

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
                f"{missing[0]}; names in it are relative to its own folder"
                f"{f' or to {self.folder}' if self.folder else ''}"
            )
            raise Refused([problem])
