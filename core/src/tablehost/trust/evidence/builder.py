"""The builder that made a table: its name, and what is there of it now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tablehost.builders.builder import Builder
from tablehost.builders.load import load
from tablehost.console.text import shown
from tablehost.contract.errors import ManifestError
from tablehost.manifest.read import maker
from tablehost.options.fields import Option, options_of
from tablehost.trust.evidence.places import place_of
from tablehost.trust.evidence.subject import Subject

_load = cache(load)  # what is installed stays as it is while it is asked for a thousand tables


def builder_of(subject: Subject, moved: Mapping[Path, Path] | None = None) -> str:
    """Return what to type after `tablehost run`: the builder's name, or the path of its file.

    Args:
        subject: the table that it made.
        moved: folders or files that lie elsewhere now, by where they lay.

    Raises:
        ManifestError: the manifest does not tell.
    """
    name = maker(subject.manifest or {})
    if name is None:
        msg = f"{subject.place or subject.table} does not tell which builder made the table"
        raise ManifestError(msg)
    file = subject.provenance("entrypoint", "path")
    if subject.provenance("code", "plugin", "distribution") or not isinstance(file, str):
        return name
    return shown(place_of(subject, file, moved))


def builder_now(subject: Subject, moved: Mapping[Path, Path] | None = None) -> Builder | Path:
    """Return the installed builder, or the file of one, which is read and never imported.

    Args:
        subject: the table that it made.
        moved: folders or files that lie elsewhere now, by where they lay.

    Raises:
        TablehostError: the manifest does not tell which it is, or it is not there.
    """
    name = builder_of(subject, moved)
    if subject.provenance("code", "plugin", "distribution"):
        return _load(name)
    if not Path(name).is_file():
        msg = f"the builder's file {name} is not there"
        raise ManifestError(msg)
    return Path(name)


def changed_defaults(subject: Subject, builder: Builder) -> list[Option]:
    """Return the options that decide a table, were left to their default, and have another now.

    Args:
        subject: the table.
        builder: the builder that made it, as it is installed now.
    """
    args, origins = subject.mapping("args"), subject.mapping("args_from")
    return [
        option
        for option in options_of(builder.options_class)
        if option.semantic and option.name in args and origins.get(option.name) == "default"
        if option.required or as_json(args[option.name]) != as_json(option.default)
    ]


def as_json(value: object) -> str:
    """Return an option's value as the manifest has it."""
    return json.dumps(value, default=str)
