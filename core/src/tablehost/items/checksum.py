"""What a list of checksums says of one file, and what the file says of itself."""

from __future__ import annotations

from attrs import evolve, frozen

from tablehost.contract.errors import ItemFailed
from tablehost.files.digests import FileDigest


@frozen
class Checksum:
    """What a list says of a file, and what the file says of itself.

    Args:
        algorithm: of both.
        listed: what the list has.
        own: the file's own; None where it is not known yet.
    """

    algorithm: str
    listed: str
    own: str | None = None

    @property
    def other(self) -> str | None:
        """Return the algorithm that is needed beside sha256, if any."""
        return None if self.algorithm == "sha256" else self.algorithm

    @property
    def agrees(self) -> bool:
        """Return whether the file is the one that is in the list."""
        return self.own == self.listed

    def seen(self, found: FileDigest) -> Checksum:
        """Return it with the file's own digest."""
        return evolve(self, own=found.other if self.other else found.sha256)

    def check(self) -> None:
        """Check that the file is the one that is in the list.

        Raises:
            ItemFailed: it is not.
        """
        if not self.agrees:
            detail = f"its {self.algorithm} is {self.own}, and the list has {self.listed}"
            raise ItemFailed("checksum-mismatch", detail)
