"""The note of a commit under way, which stands beside its targets until they are in place.

It holds names of its own folder and no path: a folder that was copied or moved is finished where
it is now, and no note makes the host touch a file elsewhere. Where a table and its manifest are in
two folders, each has a note, which knows the other file by its digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cattrs
from attrs import field, frozen
from attrs.validators import deep_iterable, matches_re, optional

from tablehost.contract.errors import TablehostError
from tablehost.files.atomic import open_own, own_digest, write_atomically
from tablehost.files.names import RUN_ID, staging_name

_SHA256 = r"[0-9a-f]{64}"
_LARGEST_NOTE = 64 * 1024


class TornCommit(TablehostError):
    """A commit did not finish and cannot be finished."""


def _is_digest() -> Any:
    return matches_re(_SHA256)


@frozen
class Intent:
    """What a commit does in one folder, written down before it begins.

    Args:
        run_id: of the run that commits.
        moves: digests of what it places, by the names of the targets in the order of the moves.
        apart: digest of the other file of the pair; None where this folder has both.
        retire: digest of a sidecar at the usual place, which would describe another table.
    """

    run_id: str = field(validator=matches_re(RUN_ID))
    moves: dict[str, str]
    apart: str | None = field(validator=optional(_is_digest()))
    retire: str | None = field(validator=optional(_is_digest()))

    def __attrs_post_init__(self) -> None:
        """Refuse names that are paths, and digests that are none."""
        deep_iterable(_is_digest())(self, field(), self.moves.values())
        strange = [name for name in self.moves if Path(name).name != name or name in ("", "..")]
        if strange or not 1 <= len(self.moves) <= 2:  # noqa: PLR2004  # a table and a manifest
            msg = f"not the names of a table and a manifest: {strange}"
            raise ValueError(msg)


@frozen
class Move:
    """A staged file on its way to its place."""

    target: Path
    run_id: str
    sha256: str

    @property
    def staged(self) -> Path:
        """Return where the file is before it is moved."""
        return staging_name(self.target, self.run_id)

    def is_staged(self) -> bool:
        """Return whether the file waits for its move, with the noted bytes."""
        return own_digest(self.staged) == self.sha256

    def is_in_place(self) -> bool:
        """Return whether the target has the noted bytes."""
        return own_digest(self.target) == self.sha256


@frozen
class Pending:
    """A commit that did not finish.

    Args:
        run_id: of the run that began it.
        moves: what it places, in the order of the moves.
        lacks: the note that is gone, and without which it cannot be finished.
    """

    run_id: str
    moves: tuple[Move, ...]
    lacks: Path | None = None

    @property
    def outlook(self) -> str:
        """Return a sentence on what the next run does about it."""
        if self.lacks is None:
            return "the next run on this path finishes it"
        return (
            f"the next run refuses, since {self.lacks} is missing; put it back, or remove the "
            "other note and build again with --overwrite"
        )

    def state(self) -> dict[str, list[Path]]:
        """Return what stands where: targets in place, still staged, or gone."""
        found: dict[str, list[Path]] = {"in_place": [], "still_staged": [], "gone": []}
        for move in self.moves:
            waits = "still_staged" if move.is_staged() else "gone"
            found["in_place" if move.is_in_place() else waits].append(move.target)
        return found


def said(state: dict[str, list[Path]]) -> list[str]:
    """Return a commit's state in words, one entry for each that has files."""
    return [
        f"{name.replace('_', ' ')}: {', '.join(map(str, targets))}"
        for name, targets in state.items()
        if targets
    ]


def moves_of(place: Path, intent: Intent) -> Iterable[Move]:
    """Return what a note in its folder stands for."""
    folder = place.absolute().parent
    return [Move(folder / name, intent.run_id, sha256) for name, sha256 in intent.moves.items()]


def write_intent(place: Path, intent: Intent) -> None:
    """Write the note of a commit: from now on it is under way."""
    write_atomically(place, json.dumps(cattrs.unstructure(intent), indent=2) + "\n")


def read_intent(place: Path) -> Intent | None:
    """Read the note of a commit, or return None where there is none.

    Raises:
        TornCommit: there is one that cannot be read.
    """
    try:
        with open_own(place) as file:
            note = json.loads(file.read(_LARGEST_NOTE))
        return _STRICT.structure(dict(note), Intent)
    except FileNotFoundError:
        return None
    except (OSError, TypeError, ValueError, RecursionError, cattrs.BaseValidationError) as error:
        msg = f"{place} is not readable as the note of a commit; look at it and remove it"
        raise TornCommit(msg) from error


def _text(value: object, _: object) -> str:
    if not isinstance(value, str):
        msg = f"not a text: {value!r}"
        raise TypeError(msg)
    return value


_STRICT = cattrs.Converter(forbid_extra_keys=True)
_STRICT.register_structure_hook(str, _text)
