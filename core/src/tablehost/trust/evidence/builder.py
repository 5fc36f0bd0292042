"""The builder that made a table: its name, and what is installed of it now."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from attrs import evolve

from tablehost.builders.builder import Builder
from tablehost.builders.load import load
from tablehost.console.text import shown
from tablehost.contract.errors import ManifestError
from tablehost.contract.names import flag_of
from tablehost.options.fields import Option, options_of
from tablehost.trust.evidence.places import place_of
from tablehost.trust.evidence.subject import Subject

_NAME = re.compile(r"[\w.-]+")
_load = cache(load)  # what is installed does not change while one command runs


def builder_of(subject: Subject) -> str:
    """Return what to type after `tablehost run`: the builder's name, or the path of its file.

    Raises:
        ManifestError: the manifest does not record it, or not by a name.
    """
    file = builder_file(subject)
    if file is not None:
        return shown(file)
    name = subject.manifest.builder or ""
    if not _NAME.fullmatch(name) or name.endswith(".py"):
        msg = f"{subject.place} records the builder {name!r}, which is not a builder's name"
        raise ManifestError(msg)
    return name


def builder_file(subject: Subject) -> Path | None:
    """Return the file of the builder, or None for a builder that was installed.

    Raises:
        ManifestError: the manifest does not record it.
    """
    manifest = subject.manifest
    if manifest.builder is None:
        msg = f"{subject.place or subject.table} does not record which builder made the table"
        raise ManifestError(msg)
    if manifest.distribution or manifest.builder_file is None:
        return None
    return place_of(subject, manifest.builder_file)


def builder_now(subject: Subject) -> Builder | Path:
    """Return the installed builder, or the file of one, which is read and never imported.

    Raises:
        TablehostError: the manifest does not record it, or it is not there.
    """
    file = builder_file(subject)
    if file is None:
        return _load(builder_of(subject))
    if not file.is_file():
        msg = f"the builder's file {shown(file)} is not there"
        raise ManifestError(msg)
    return file


def renamed(subject: Subject, builder: Builder) -> tuple[Subject, list[str]]:
    """Return a table as if its options had had the names of today, and what was renamed."""
    recorded = subject.manifest.args or {}
    now = {
        was: option.name
        for option in options_of(builder.options_class)
        for was in option.type.was
        if was in recorded and option.name not in recorded
    }
    said = [f"{flag_of(was)} is named {flag_of(name)} now" for was, name in now.items()]
    return evolve(subject, manifest=subject.manifest.with_options(now)), said


def changed_defaults(subject: Subject, builder: Builder) -> list[Option]:
    """Return the options that decide a table, were left to their default, and have another now."""
    args, origins = subject.manifest.args or {}, subject.manifest.args_from or {}
    return [
        option
        for option in options_of(builder.options_class)
        if option.semantic and option.name in args and origins.get(option.name) == "default"
        if option.required or as_json(args[option.name]) != as_json(option.default)
    ]


def as_json(value: object) -> str:
    """Return an option's value as the manifest records it."""
    return json.dumps(value, default=str)
