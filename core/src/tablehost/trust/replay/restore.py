"""The builder and the options of a recorded run, with paths as they are here."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from tablehost.builders.builder import Builder
from tablehost.builders.discover import names_with
from tablehost.builders.load import check, load
from tablehost.contract.errors import Refused, TablehostError
from tablehost.contract.roles import SCRATCH
from tablehost.options import config_file as config
from tablehost.options.convert import RawValue
from tablehost.options.fields import (
    REDACTED,
    Option,
    from_environment,
    options_of,
    resolve,
    variables_of,
)
from tablehost.options.grammar import Either, Many, Pair, Scalar, TypeNode
from tablehost.trust.evidence.builder import builder_file, builder_of, renamed
from tablehost.trust.evidence.places import place_of
from tablehost.trust.evidence.subject import Subject
from tablehost.trust.replay.trusted import check_named, check_tools


@frozen
class Restored:
    """What to run.

    Args:
        builder: the builder, as it is installed now.
        options: its options as they were, their paths as they are now.
        sources: by option, where the value came from.
        subject: the table, with the names that its options have now.
    """

    builder: Builder
    options: Any
    sources: dict[str, str]
    subject: Subject


def restore(subject: Subject, *, trust: bool) -> Restored:
    """Restore a run from its manifest.

    What only the manifest names is run if the user has said so and it is what it was.

    Its paths are located by `place_of`. Secrets are not in a manifest: they come from the
    environment or the configuration, as for `tablehost run`. The folder for scratch files is left
    to its default.

    Raises:
        Refused: something that the run needs is not known or not here.
    """
    allowed = check_named(subject, trust=trust)
    builder = _builder(subject)
    subject, renames = renamed(subject, builder)
    for sentence in renames:
        logging.getLogger("tablehost").warning(sentence)
    recorded = _recorded(subject, builder)
    redacted = [one for one, value in recorded if one.secret and value == REDACTED]
    given = {
        option.name: RawValue(
            _moved(subject, option, value), "file", str(subject.place), text=False
        )
        for option, value in recorded
        if option not in redacted
    }
    resolved = resolve(builder.options_class, _secrets(builder, redacted), given)
    if resolved.problems:
        raise Refused(resolved.problems)
    names = {option.name: value for option, value in recorded if _is_name(subject, option)}
    with attrs.validators.disabled():  # a file here may have such a name and be mistaken for it
        options = attrs.evolve(resolved.instance, **names)
    check_tools(options, allowed)
    return Restored(builder, options, resolved.sources, subject)


def _builder(subject: Subject) -> Builder:
    try:
        file = builder_file(subject)
        builder = load(str(file.absolute()) if file else builder_of(subject))
        check(builder)
    except TablehostError as error:
        raise Refused(error.problems) from error
    return builder


def _recorded(subject: Subject, builder: Builder) -> list[tuple[Option, Any]]:
    """Return the recorded options and values, without those to leave to their defaults."""
    args, origins = subject.manifest.args, subject.manifest.args_from or {}
    if args is None:
        raise Refused(["the manifest does not record the options of the run"])
    options = {option.name: option for option in options_of(builder.options_class)}
    unknown = sorted(args.keys() - options.keys())
    if unknown:
        raise Refused([f"{builder} has no option {name} any more" for name in unknown])
    return [
        (options[name], value)
        for name, value in args.items()
        if SCRATCH not in options[name].type.roles
        and not (value is None and options[name].default is None)
        and not (value == REDACTED and origins.get(name) == "default")
    ]


def _secrets(builder: Builder, redacted: Sequence[Option]) -> dict[str, RawValue]:
    """Find the secrets in the environment and the configuration."""
    if not redacted:
        return {}
    cls, name = builder.options_class, builder.name
    file = config.section(config.locate(None), name, cls, known=partial(names_with, name))
    here = {**file, **from_environment(cls, name, os.environ)}
    variables = variables_of(cls, name)
    problems = [
        f"{option.flag} is secret and not in the manifest; set {variables[option.name]}"
        for option in redacted
        if option.name not in here
    ]
    if problems:
        raise Refused(problems)
    return {option.name: here[option.name] for option in redacted}


def _moved(subject: Subject, option: Option, value: Any) -> Any:
    """Return a recorded value with its paths as they are now."""

    def again(node: TypeNode, value: Any) -> Any:
        match node, value:
            case Many(each=each), list():
                return [again(each, one) for one in value]
            case Pair(value=inner), str():
                label, equals, rest = value.partition("=")
                return f"{label}{equals}{again(inner, rest)}"
            case Scalar(type=kind), str() if kind is Path:
                return str(place_of(subject, value))
            case Either(), str() if not _is_name(subject, option):
                return str(place_of(subject, value))
        return value

    return again(option.type, value)


def _is_name(subject: Subject, option: Option) -> bool:
    """Return whether an option that takes a path or a name was given a name."""
    described = (subject.manifest.inputs, subject.manifest.tools)
    is_path = any(one and option.name in one for one in described)
    return isinstance(option.type, Either) and not is_path
