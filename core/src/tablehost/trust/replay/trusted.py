"""What a replay would run that only the manifest names: a builder's file, and tools by path."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from tablehost.console.text import shown
from tablehost.contract.errors import Refused, UsageError
from tablehost.files.digest_cache import hash_file
from tablehost.manifest.read import dig
from tablehost.options.fields import options_of
from tablehost.options.record import paths_of
from tablehost.provenance.code import BuilderCode
from tablehost.trust.evidence.builder import builder_file
from tablehost.trust.evidence.code import file_changes
from tablehost.trust.evidence.places import place_of
from tablehost.trust.evidence.subject import Subject

_log = logging.getLogger("tablehost")


class OtherCode(Refused):
    """What would run is not what made the table, so that it is not run.

    Args:
        verdict: which outcome of the replay that is.
        problems: what has changed.
    """

    def __init__(
        self, verdict: Literal["code-changed", "environment-changed"], problems: list[str]
    ) -> None:
        super().__init__(problems)
        self.verdict = verdict


@frozen(kw_only=True)
class Named:
    """A file that a replay would run.

    Args:
        what: `its builder`, or which tool.
        path: where it is now.
        sha256: of its content now.
        recorded: of its content then; None where that is not known.
    """

    what: str
    path: Path
    sha256: str
    recorded: str | None

    def __str__(self) -> str:
        return f"{self.what} {shown(self.path)} (sha256 {self.sha256})"


def check_named(subject: Subject, *, trust: bool) -> frozenset[Path]:
    """Check that what only the manifest names is what it was, and may be run; list it.

    Args:
        subject: the table.
        trust: whether the user has said so.

    Returns:
        The files that may be run.

    Raises:
        OtherCode: one has another digest than the recorded one.
        Refused: one is not there, its digest was not recorded, or the user has not said so.
    """
    file = builder_file(subject)
    code = list(_code(subject, file)) if file is not None else []
    tools = list(_tools(subject))
    unknown = [
        f"the digest of {one} was not recorded" for one in (*code, *tools) if not one.recorded
    ]
    if unknown:
        raise Refused([f"{one}, so that it is not run" for one in unknown])
    if file is not None and (changes := file_changes(subject, file)):
        raise OtherCode("code-changed", [f"{one}, so that it is not run" for one in changes])
    changed = [f"{one} is not the recorded one" for one in tools if one.sha256 != one.recorded]
    if changed:
        raise OtherCode("environment-changed", [f"{one}, so that it is not run" for one in changed])
    found = (*code, *tools)
    if found and not trust:
        advice = "which only the manifest names; if you trust it, give --trust"
        raise Refused([f"it would run {one}, {advice}" for one in found])
    for one in found:
        _log.info("this runs %s, which only the manifest names", one)
    return frozenset(one.path.absolute() for one in found)


def check_tools(options: Any, allowed: frozenset[Path]) -> None:
    """Check that a restored run uses no tool by path that was not checked.

    Args:
        options: of the run.
        allowed: the files that may be run.

    Raises:
        Refused: it does.
    """
    defaults = {option.name: option.default for option in options_of(type(options))}
    unchecked = [
        f"the digest of tool {one.option} {shown(one.path)} was not recorded, so that it is not run"
        for one in paths_of(options)
        if one.role.tool and one.path.absolute() not in allowed and one.path != defaults[one.option]
    ]
    if unchecked:
        raise Refused(unchecked)


def _code(subject: Subject, file: Path) -> Iterator[Named]:
    """Yield the file of the builder and the neighbours that it imports.

    Raises:
        Refused: it is not there.
    """
    if not file.is_file():
        msg = f"its builder {shown(file)} is not there; if it was moved, give --map OLD=NEW"
        raise Refused([msg])
    recorded = subject.manifest.modules or {}
    code = BuilderCode.read(file)
    for path, content in code.contents.items():
        what = "its builder" if path == file else "what its builder imports,"
        sha256 = dig(recorded.get(code.sources.named(path)), "sha256")
        yield Named(
            what=what,
            path=path,
            sha256=content.sha256,
            recorded=sha256 if isinstance(sha256, str) else None,
        )


def _tools(subject: Subject) -> Iterator[Named]:
    """Yield the tools that were given by path.

    Raises:
        Refused: one is not there, or is no regular file.
    """
    args = subject.manifest.args or {}
    for name, described in (subject.manifest.tools or {}).items():
        path, sha256 = dig(described, "path"), dig(described, "sha256")
        if args.get(name) is None or not isinstance(path, str):
            continue  # the builder finds it by itself
        place = place_of(subject, path)
        try:
            now = hash_file(place).sha256
        except (OSError, UsageError) as error:
            msg = f"its tool {name} {shown(place)} cannot be read: {error}"
            raise Refused([msg]) from error
        recorded = sha256 if isinstance(sha256, str) else None
        yield Named(what=f"tool {name}", path=place, sha256=now, recorded=recorded)
