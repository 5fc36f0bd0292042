"""What a manifest's run was asked for: its builder and its options, as they can be given here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args, get_origin

import attrs
from attrs import frozen

from tablehost.builders.builder import Builder
from tablehost.builders.discover import names_with
from tablehost.builders.load import load
from tablehost.contract.errors import Refused, TablehostError
from tablehost.contract.roles import Labelled, Role, is_union, required_type
from tablehost.options import config_file as config
from tablehost.options.fields import (
    REDACTED,
    Given,
    Option,
    from_environment,
    options_of,
    resolve,
)
from tablehost.trust.evidence.builder import builder_of
from tablehost.trust.evidence.places import place_of
from tablehost.trust.evidence.subject import Subject


@frozen
class Restored:
    """What to run.

    Args:
        builder: the builder, as it is installed now.
        options: its options as they were, their paths as they are now.
        sources: by option, where the value came from.
    """

    builder: Builder
    options: Any
    sources: dict[str, str]


def restore(subject: Subject, moved: Mapping[Path, Path]) -> Restored:
    """Restore a run from its manifest.

    Its paths are looked for as `place_of` does. Secrets are not in a manifest: they come
    from the environment or the configuration, as for `tablehost run`. The folder for scratch files
    is left to its default.

    Args:
        subject: the table.
        moved: folders or files that lie elsewhere now, by where they lay.

    Raises:
        Refused: something that it takes is not known or not here.
    """
    builder = _builder(subject, moved)
    told = _told(subject, builder)
    redacted = [one for one, value in told if Role.SECRET in one.roles and value == REDACTED]
    given = {
        option.name: Given(
            _moved(subject, option, value, moved), "file", str(subject.place), text=False
        )
        for option, value in told
        if option not in redacted
    }
    resolved = resolve(builder.options_class, _secrets(builder, redacted), given)
    if resolved.problems:
        raise Refused(resolved.problems)
    names = {option.name: value for option, value in told if _is_name(subject, option)}
    with attrs.validators.disabled():  # a file here may have such a name, and be taken for it
        options = attrs.evolve(resolved.instance, **names)
    return Restored(builder, options, resolved.sources)


def _builder(subject: Subject, moved: Mapping[Path, Path]) -> Builder:
    try:
        name = builder_of(subject, moved)
        if name.endswith(".py") and not Path(name).is_file():
            msg = f"its builder {name} is not there; where it was moved, --map OLD=NEW tells"
            raise Refused([msg])
        builder = load(name)
    except TablehostError as error:
        raise Refused(error.problems) from error
    return builder


def _told(subject: Subject, builder: Builder) -> list[tuple[Option, Any]]:
    """Return the options with their recorded values, but those to be left to their defaults."""
    told = subject.provenance("args")
    if not isinstance(told, dict):
        raise Refused(["the manifest does not tell the options of the run"])
    options = {option.name: option for option in options_of(builder.options_class)}
    unknown = sorted(told.keys() - options.keys())
    if unknown:
        raise Refused([f"{builder} has no option {name} any more" for name in unknown])
    return [
        (options[name], value)
        for name, value in told.items()
        if Role.SCRATCH not in options[name].roles
        and not (value is None and options[name].default is None)
        and not (value == REDACTED and subject.provenance("args_from", name) == "default")
    ]


def _secrets(builder: Builder, redacted: Sequence[Option]) -> dict[str, Given]:
    """Find the secrets in the environment and the configuration."""
    if not redacted:
        return {}
    cls, prefix = builder.options_class, f"TABLEHOST_{builder.name.upper()}_"
    file = config.section(
        config.locate(None), builder.name, cls, known=partial(names_with, builder.name)
    )
    here = {**file, **from_environment(cls, prefix, os.environ)}
    problems = [
        f"{option.flag} is secret, so the manifest does not tell it; set "
        f"{prefix}{option.name.upper()}"
        for option in redacted
        if option.name not in here
    ]
    if problems:
        raise Refused(problems)
    return {option.name: here[option.name] for option in redacted}


def _moved(subject: Subject, option: Option, value: Any, moved: Mapping[Path, Path]) -> Any:
    """Return a recorded value with its paths as they are now."""

    def again(kind: Any, value: Any) -> Any:
        inner = required_type(kind)
        if isinstance(value, list) and get_origin(inner) is tuple:
            return [again(get_args(inner)[0], one) for one in value]
        if not isinstance(value, str):
            return value
        if get_origin(inner) is Labelled:
            label, equals, rest = value.partition("=")
            return f"{label}{equals}{again(get_args(inner)[0], rest)}"
        if inner is Path or (is_union(inner) and not _is_name(subject, option)):
            return str(place_of(subject, value, moved))
        return value

    return again(option.type, value)


def _is_name(subject: Subject, option: Option) -> bool:
    """Tell whether an option that takes a path or a name was given a name."""
    described = (subject.provenance("inputs"), subject.provenance("code", "tools"))
    is_path = any(isinstance(one, dict) and option.name in one for one in described)
    return is_union(required_type(option.type)) and not is_path
