"""What may be a secret before any option is read, when a builder is imported and may print."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from tablehost.contract.errors import TablehostError
from tablehost.contract.names import normalized
from tablehost.options import config_file
from tablehost.options.fields import options_of
from tablehost.options.host_options import HostOptions
from tablehost.options.secrets import Redaction

_SHORTEST = 4
"""Of a value that may be no secret: a shorter one is in any text."""


def redaction(builder: str, cls: type | None) -> Redaction:
    """Collect the secrets of a builder that flags, environment and configuration give.

    Args:
        builder: its name.
        cls: its options class; None where it could not be imported. Then any of them may be secret.
    """
    secret = None if cls is None else {option.name for option in options_of(cls) if option.secret}
    given = (*_flags(), *_variables(builder), *_configured(builder))
    texts = ((name, text) for name, value in given for text in _texts(value))
    if secret is None:
        ours = {option.name for option in options_of(HostOptions)}
        own = [text for name, text in texts if name not in ours and len(text) >= _SHORTEST]
        return Redaction.of_values(own)
    return Redaction.of_values([text for name, text in texts if text and name in secret])


def _flags() -> Iterator[tuple[str, str]]:
    tokens = sys.argv[1:]
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token.startswith("--"):
            flag, assigned, value = token.partition("=")
            yield normalized(flag.removeprefix("--")), value if assigned else following


def _variables(builder: str) -> Iterator[tuple[str, str]]:
    prefix = f"TABLEHOST_{builder.upper()}_"
    for variable, value in os.environ.items():
        if variable.startswith(prefix):
            yield variable.removeprefix(prefix).lower(), value


def _configured(builder: str) -> Iterator[tuple[str, Any]]:
    explicit = dict(_flags()).get("config") or os.environ.get("TABLEHOST_CONFIG")
    with suppress(TablehostError, OSError):  # what is wrong is said when the options are read
        for name, value in config_file.table(config_file.locate(explicit), builder).items():
            yield normalized(name), value


def _texts(value: Any) -> Iterator[str]:
    """Yield a value as text, and each part of a list; in the environment a list is JSON."""
    yield str(value)
    if isinstance(value, str) and value.startswith("["):
        import json  # its import takes longer than all this

        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if isinstance(value, list):
        yield from map(str, value)
