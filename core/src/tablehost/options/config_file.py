"""The configuration file, `tablehost.toml`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from tablehost.contract.errors import UsageError
from tablehost.contract.names import normalized
from tablehost.options.convert import RawValue
from tablehost.options.fields import by_name, options_of

_MOST_BYTES = 1 << 24

USUAL = "tablehost.toml"


def locate(explicit: str | None) -> Path | None:
    """Return the configuration to read, or None where there is none.

    Args:
        explicit: the value of `--config`; else `tablehost.toml` in the working directory.

    Raises:
        UsageError: the named file does not exist.
    """
    if explicit is None:
        usual = Path(USUAL)
        return usual if usual.is_file() else None
    if not Path(explicit).is_file():
        msg = f"--config: {explicit}: file not found"
        raise UsageError(msg)
    return Path(explicit)


def section(
    path: Path | None, name: str, cls: type, known: Callable[[], Collection[str]]
) -> Mapping[str, RawValue]:
    """Return the options that one section of the configuration gives.

    Args:
        path: the file, or None where there is none.
        name: `tablehost` or a builder's name.
        cls: the options class that the section is for.
        known: returns the names of builders, which may have sections of their own.

    Raises:
        UsageError: the file is not TOML, a section or key is unknown, or an option is given by
            two names.
    """
    if path is None:
        return {}
    tables = _tables(path)
    allowed = {"tablehost", *known()}
    for table in tables:
        if table not in allowed:
            raise UsageError(_unknown(path, f"section [{table}]", table, allowed))
    options = {option.name for option in options_of(cls)}
    names = {name for option in options_of(cls) for name in option.spellings}
    given = {}
    for key, value in tables.get(name, {}).items():
        where = f"{path} [{name}]"
        if normalized(key) not in names:
            raise UsageError(_unknown(path, f"key {key!r} in [{name}]", normalized(key), options))
        given[normalized(key)] = RawValue(value, "file", where, text=False, base=path.parent)
    return by_name(cls, given)


def table(path: Path | None, name: str) -> dict[str, Any]:
    """Return a section of the configuration as it stands there, unchecked.

    Raises:
        UsageError: the file is not TOML.
    """
    return {} if path is None else _tables(path).get(name, {})


@cache
def _tables(path: Path) -> dict[str, dict[str, Any]]:
    import tomllib  # its patterns are slow to compile

    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            msg = f"{path} is larger than a configuration may be ({_MOST_BYTES} bytes)"
            raise UsageError(msg)
        document = tomllib.loads(content.decode())
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise UsageError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path} is not TOML: {error}"
        raise UsageError(msg) from error
    except RecursionError as error:
        msg = f"{path} is nested too deeply"
        raise UsageError(msg) from error
    except ValueError as error:  # of `int`
        msg = f"{path} has a number of more than {sys.get_int_max_str_digits()} digits"
        raise UsageError(msg) from error
    for key, value in document.items():
        if not isinstance(value, dict):
            msg = f"{path}: key {key!r} is outside a section; put it under [tablehost] or a builder"
            raise UsageError(msg)
    return {normalized(key): value for key, value in document.items()}


def _unknown(path: Path, what: str, name: str, allowed: Collection[str]) -> str:
    close = get_close_matches(name, sorted(allowed), n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(allowed))}"
    return f"{path}: unknown {what}; {hint}"
