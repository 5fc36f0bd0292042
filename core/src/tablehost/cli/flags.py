"""Flags from options classes: cyclopts tokenises and prints help, `options` makes the values."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from attrs import evolve
from cyclopts import App, CycloptsError, Group, Parameter

from tablehost.cli import mistyped
from tablehost.contract.errors import UsageError
from tablehost.contract.names import flag_of
from tablehost.options.convert import RawValue, metavar
from tablehost.options.fields import Option, by_name, options_of


def parse(
    name: str, summary: str, groups: Mapping[str, type], tokens: Sequence[str]
) -> dict[str, RawValue] | None:
    """Return the flags that were given, by option name, or None where help was asked for.

    Args:
        name: the command as it is typed: `tablehost run extract_k150k`.
        summary: what the command does.
        groups: options classes by the heading that help gives them.
        tokens: what was typed after the command.

    Raises:
        UsageError: an unknown flag, one without its value, or one given twice or by two names.
    """
    options = {title: tuple(_spelled(cls)) for title, cls in groups.items()}
    _check_switches([one for group in options.values() for one in group], tokens)

    def command(**values: Any) -> dict[str, RawValue]:
        given = {
            name: RawValue(value, "flag", flag_of(name))
            for name, value in values.items()
            if value is not None
        }
        return {name: one for cls in groups.values() for name, one in by_name(cls, given).items()}

    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # made here
        [
            _parameter(option, Group(title, sort_key=order))
            for order, (title, group) in enumerate(options.items())
            for option in group
        ]
    )
    app = App(
        name=name,
        help=summary,
        help_format="plaintext",  # to import a renderer of Markdown would be a third of `--help`
        usage=f"Usage: {name} [OPTIONS]",
        version_flags=(),
        group_commands=Group("Help", sort_key=len(groups)),
        result_action="return_value",
    )
    app.default(command)
    if not {"--help", "-h"}.isdisjoint(tokens):
        app.help_print([])
        return None
    try:
        return app(list(tokens), exit_on_error=False, print_error=False)  # type: ignore[no-any-return]  # ours
    except CycloptsError as error:
        msg = mistyped(error, f"{name} --help")
        raise UsageError(msg) from error


def _spelled(cls: type) -> Iterator[Option]:
    """Yield every option, and once more under each of its earlier names."""
    for option in options_of(cls):
        yield from (evolve(option, name=name) for name in option.spellings)


def _check_switches(options: Sequence[Option], tokens: Sequence[str]) -> None:
    """Refuse `--switch=yes`: cyclopts would take many words for true that no other source does."""
    for option in options:
        if option.boolean and any(token.startswith(f"{option.flag}=") for token in tokens):
            off = option.flag.replace("--", "--no-", 1)
            msg = f"{option.flag} takes no value; write {option.flag} or {off}"
            raise UsageError(msg)


def _parameter(option: Option, group: Group) -> inspect.Parameter:
    kind: Any = bool if option.boolean else list[str] if option.repeatable else str
    about = Parameter(
        name=option.flag,
        help=option.help.replace("`", "") + (" [required]" if option.required else ""),
        group=group,
        metavar=None if option.boolean else metavar(option.type),
        negative=() if option.repeatable else None,
        show=option.name not in option.type.was,
        show_default=_default_text(option),
        allow_leading_hyphen=False,
        allow_repeating=True if option.repeatable else None,
    )
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, about], default=None
    )


def _default_text(option: Option) -> bool | Callable[[Any], str]:
    default = option.default
    if option.required or default is None or default is False or default == ():
        return False
    if isinstance(default, tuple):
        return lambda _: " ".join(str(one) for one in default)
    if isinstance(default, Path | str | int | float):
        return lambda _: str(default)
    return False
