"""The command that builds a table again, as its manifest records it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from tablehost.builders.builder import Builder
from tablehost.commit.output import Output
from tablehost.console.text import shown
from tablehost.contract.errors import TablehostError
from tablehost.contract.names import flag_of
from tablehost.files.names import MANIFEST_SUFFIX, usual_manifest
from tablehost.host.replacing import Earlier
from tablehost.manifest.read import dig
from tablehost.options.fields import REDACTED
from tablehost.trust.evidence.builder import builder_now, builder_of, changed_defaults, renamed
from tablehost.trust.evidence.code import module_changes
from tablehost.trust.evidence.places import place_of
from tablehost.trust.evidence.subject import Subject

_ORIGINS = {"env": "the environment", "file": "a configuration file"}


@frozen(kw_only=True)
class Script:
    """The command that builds a table again.

    Args:
        command: for the working directory, `tablehost` first, not quoted; a secret is
            `<redacted>` in it.
        remarks: what to know before running it, one sentence each.
    """

    command: tuple[str, ...]
    remarks: tuple[str, ...]


def refreshing(subject: Subject) -> Script:
    """Return the command that builds a table anew over itself, from what is here today.

    What was left to its default is left to it again.

    Raises:
        ManifestError: the manifest does not record which builder made the table.
    """
    given = _given(subject)
    command = (*_command(subject, given, subject.table), *_over_itself(subject))
    return Script(command=command, remarks=tuple(_remarks(subject, given)))


def replaying(subject: Subject, out: Path) -> Script:
    """Return the command that builds the same table once more, elsewhere.

    What was left to its default is given where that is another one now.

    Raises:
        ManifestError: the manifest does not record which builder made the table.
    """
    subject, changed, unknown = _defaults(subject)
    given = _given(subject, changed)
    remarks = (*_remarks(subject, given), *unknown)
    return Script(command=tuple(_command(subject, given, out)), remarks=remarks)


def _command(subject: Subject, given: Mapping[str, Any], out: Path) -> Iterator[str]:
    yield from ("tablehost", "run", builder_of(subject))
    for option, value in given.items():
        yield from _flags(option, _placed(subject, option, value))
    yield from ("--out", shown(out))


def _defaults(subject: Subject) -> tuple[Subject, list[str], list[str]]:
    """Return a table with today's names of its options, those of another default, and why not."""
    try:
        builder = builder_now(subject)
    except TablehostError as error:
        return subject, [], [f"{error}; so its defaults were not compared"]
    if isinstance(builder, Builder):
        subject, _ = renamed(subject, builder)
        return subject, [option.name for option in changed_defaults(subject, builder)], []
    said = f"{shown(builder)} is not the code that made the table, and its defaults may be others"
    return subject, [], [said] if module_changes(subject, builder) else []


def _given(subject: Subject, more: Collection[str] = ()) -> dict[str, Any]:
    """Return the options that did not come from defaults, and some more."""
    origins = subject.manifest.args_from or {}
    return {
        name: value
        for name, value in (subject.manifest.args or {}).items()
        if origins.get(name) != "default" or name in more
    }


def _flags(option: str, value: Any) -> Iterator[str]:
    """Yield a flag with its value as `tablehost run` takes it."""
    name = flag_of(option)
    if isinstance(value, bool):
        yield name if value else name.replace("--", "--no-", 1)
        return
    for one in value if isinstance(value, list) else [] if value is None else [value]:
        text = one if isinstance(one, str) else json.dumps(one)
        yield from [f"{name}={text}"] if text.startswith("-") else [name, text]


def _placed(subject: Subject, option: str, value: Any) -> Any:
    """Return the value of an option, with its paths as they are to be typed here and now."""
    inputs = dig(subject.manifest.inputs, option)
    if inputs is None and dig(subject.manifest.tools, option, "path") != value:
        return value
    labelled = any(dig(one, "label") for one in (inputs if isinstance(inputs, list) else [inputs]))

    def place(text: str) -> str:
        label, equals, path = text.partition("=") if labelled else ("", "", text)
        return label + equals + shown(place_of(subject, path))

    if isinstance(value, list):
        return [place(one) if isinstance(one, str) else one for one in value]
    return place(value) if isinstance(value, str) else value


def _over_itself(subject: Subject) -> list[str]:
    """Return what a run needs to replace the table, and to put its manifest where it is."""
    table, place = subject.table, subject.place or usual_manifest(subject.table)
    beside = (usual_manifest(table).absolute(), table.with_suffix(MANIFEST_SUFFIX).absolute())
    usual = subject.in_history or place.absolute() in beside
    output = Output.at(table, None if usual else place)
    refused = Earlier.at(output).refusals(subject.manifest.builder or "")
    lost = subject.manifest.item_recipes and not output.ledger.exists()
    return [
        *([] if usual else ["--manifest-out", shown(place)]),
        *(["--overwrite"] if refused else []),
        *(["--fresh"] if lost else []),
    ]


def _remarks(subject: Subject, given: Mapping[str, Any]) -> Iterator[str]:
    origins = subject.manifest.args_from or {}
    for option, value in given.items():
        if value == REDACTED:
            yield f"{flag_of(option)} is secret and not in the manifest: put it in for {REDACTED}"
        if value == [] or (value is None and origins.get(option) == "default"):
            text = json.dumps(value)
            yield f"{flag_of(option)} was {text}, which cannot be set from the command line"
    for origin, words in _ORIGINS.items():
        names = [flag_of(name) for name in given if origins.get(name) == origin]
        if names:
            yield f"{', '.join(names)} came from {words} then"
