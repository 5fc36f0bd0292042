"""The command that builds a table again, as its manifest tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tablehost import preflight
from tablehost.errors import ManifestError
from tablehost.manifest import dig
from tablehost.options import REDACTED
from tablehost.output import MANIFEST_SUFFIX, Output, usual_manifest
from tablehost.trust.evidence.code import place_of
from tablehost.trust.evidence.subjects import Subject

_ORIGINS = {"env": "the environment", "file": "a configuration file"}


def command_of(
    subject: Subject, *, out: Path | None = None, moved: Mapping[Path, Path] | None = None
) -> list[str]:
    """Return the command that builds a table again, to be given in the working directory.

    What was left to its default is left to it again. A secret stands as `<redacted>`.

    Args:
        subject: the table.
        out: where to build it; over itself unless given.
        moved: folders or files that lie elsewhere now, by where they lay.

    Returns:
        The arguments, `tablehost` first; not quoted.

    Raises:
        ManifestError: the manifest does not tell which builder made the table.
    """
    command = ["tablehost", "run", builder_of(subject, moved)]
    for option, value in _given(subject).items():
        command += _flags(option, _placed(subject, option, value, moved))
    if out is not None:
        return [*command, "--out", shown(out)]
    return [*command, "--out", shown(subject.table), *_over_itself(subject)]


def builder_of(subject: Subject, moved: Mapping[Path, Path] | None = None) -> str:
    """Return what to type after `tablehost run`: the builder's name, or the path of its file.

    Args:
        subject: the table that it made.
        moved: folders or files that lie elsewhere now, by where they lay.

    Raises:
        ManifestError: the manifest does not tell.
    """
    name = preflight.maker(subject.manifest or {})
    if name is None:
        msg = f"{subject.place or subject.table} does not tell which builder made the table"
        raise ManifestError(msg)
    file = subject.provenance("entrypoint", "path")
    if subject.provenance("code", "plugin", "distribution") or not isinstance(file, str):
        return name
    return shown(place_of(subject, file, moved))


def remarks(subject: Subject) -> list[str]:
    """Say what somebody who gives the command should know of it, one sentence each.

    Args:
        subject: the table that the command builds.
    """
    return list(_remarks(subject))


def _given(subject: Subject) -> dict[str, Any]:
    """Return the options that did not come from defaults."""
    args, origins = subject.provenance("args"), subject.provenance("args_from")
    if not isinstance(args, dict):
        return {}
    defaults = origins if isinstance(origins, dict) else {}
    return {name: value for name, value in args.items() if defaults.get(name) != "default"}


def _flags(option: str, value: Any) -> Iterator[str]:
    """Yield a flag with its value as `tablehost run` takes it."""
    flag = _flag(option)
    if isinstance(value, bool):
        yield flag if value else flag.replace("--", "--no-", 1)
        return
    for one in value if isinstance(value, list) else [] if value is None else [value]:
        text = one if isinstance(one, str) else json.dumps(one)
        yield from [f"{flag}={text}"] if text.startswith("-") else [flag, text]


def _placed(subject: Subject, option: str, value: Any, moved: Mapping[Path, Path] | None) -> Any:
    """Return the value of an option, its paths as they are to be typed here and now."""
    inputs = subject.provenance("inputs", option)
    if inputs is None and subject.provenance("code", "tools", option, "path") != value:
        return value
    labelled = any(dig(one, "label") for one in (inputs if isinstance(inputs, list) else [inputs]))

    def place(text: str) -> str:
        label, equals, path = text.partition("=") if labelled else ("", "", text)
        return label + equals + shown(place_of(subject, path, moved))

    if isinstance(value, list):
        return [place(one) if isinstance(one, str) else one for one in value]
    return place(value) if isinstance(value, str) else value


def _over_itself(subject: Subject) -> list[str]:
    """Return what a run needs to replace the table, and to put its manifest where it is."""
    table, place = subject.table, subject.place or usual_manifest(subject.table)
    usual = place.parent.name == Output.at(table).history.name or place.absolute() in (
        usual_manifest(table).absolute(),
        table.with_suffix(MANIFEST_SUFFIX).absolute(),
    )
    name = preflight.maker(subject.manifest or {}) or ""
    refused = preflight.refusals(Output.at(table, None if usual else place), name)
    return [
        *([] if usual else ["--manifest-out", shown(place)]),
        *(["--overwrite"] if refused else []),
    ]


def _remarks(subject: Subject) -> Iterator[str]:
    given, origins = _given(subject), subject.provenance("args_from")
    for option, value in given.items():
        if value == REDACTED:
            yield f"{_flag(option)} is secret and not in the manifest: put it in for {REDACTED}"
        if value == []:
            yield f"{_flag(option)} was an empty list, which no flag can say"
    for origin, words in _ORIGINS.items():
        names = [
            _flag(name)
            for name in given
            if isinstance(origins, dict) and origins.get(name) == origin
        ]
        if names:
            yield f"{', '.join(names)} came from {words} then"


def _flag(option: str) -> str:
    return "--" + option.replace("_", "-")


def shown(path: Path) -> str:
    """Return a path as somebody in the working directory would type it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
