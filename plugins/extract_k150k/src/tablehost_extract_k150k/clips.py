"""The clips of a folder: which there are, in which order."""

from __future__ import annotations

import os
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path

from attrs import frozen

from tablehost import Refused


@frozen
class Clip:
    """One file to measure.

    Args:
        name: its name in the folder; it is the key of its row.
        path: of the file, absolute.
    """

    name: str
    path: Path


@frozen
class Found:
    """The clips of a folder.

    Args:
        clips: in the order of the bytes of their names.
        passed_over: names of the files that match no pattern.
        beyond: names of the clips beyond the limit.
    """

    clips: tuple[Clip, ...]
    passed_over: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the names of the files that are there and are not to be measured."""
        return self.passed_over + self.beyond


def find_clips(folder: Path, patterns: Collection[str], limit: int | None = None) -> Found:
    """Find the clips directly in a folder.

    Every name that matches a pattern is returned, also that of a folder or a broken link: the host
    fails what is not a regular file, so that nothing is lost in silence.

    Args:
        folder: where to look; its sub-folders are not searched.
        patterns: of file names, as in a shell.
        limit: take only so many, the first by name.

    Raises:
        Refused: the folder cannot be read, or no name in it matches.
    """
    try:
        root = folder.absolute()
        names = [path.name for path in root.iterdir()]
    except OSError as error:
        problem = f"the folder of the clips cannot be read: {error}"
        raise Refused([problem]) from None
    fitting = {name for name in names if any(fnmatchcase(name, one) for one in patterns)}
    if not fitting:
        wanted = ", ".join(patterns)
        problem = f"no clip in {folder}: none of its {len(names)} files matches {wanted}"
        raise Refused([problem])
    in_order = sorted(fitting, key=os.fsencode)
    clips = tuple(Clip(name, root / name) for name in in_order[:limit])
    others = tuple(name for name in names if name not in fitting)
    return Found(clips, others, tuple(in_order[len(clips) :]))


def clip_name(clip: Clip) -> str:
    """Return the clip's key."""
    return clip.name


def clip_path(clip: Clip) -> Path:
    """Return the file that is read for the clip."""
    return clip.path
