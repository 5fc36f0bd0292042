"""Secrets stay on this machine, unless what goes to others is encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from tablehost.console.text import some
from tablehost.contract.errors import Refused
from tablehost.contract.names import flag_of
from tablehost.host.request import Request
from tablehost.items.task import Task
from tablehost.options.grammar import parse
from tablehost.options.secrets import secret_options, secrets_of


def check_settings(request: Request, settings: Any, pickled: bytes) -> None:
    """Check that the settings of a map hold no secret that would travel as it is.

    Args:
        request: says where the work goes.
        settings: of a map.
        pickled: what is sent of them.

    Raises:
        Refused: they do.
    """
    if not _is_open(request):
        return
    texts = [str(getattr(settings, name)) for name in _fields(settings)]
    named = [
        f"the secret option {flag_of(name)}"
        for name, values in secrets_of(request.options).items()
        if any(one.encode() in pickled or one in texts for one in values)
    ]
    own = [f"the secret {name}" for name, is_secret in _fields(settings).items() if is_secret]
    _refuse("the settings of the map hold", named or own)


def checked(request: Request, tasks: Iterator[Task]) -> Iterator[Task]:
    """Yield tasks, of which none holds a secret that would travel as it is.

    Raises:
        Refused: one does.
    """
    if not (_is_open(request) and secret_options(request.options)):
        yield from tasks
        return
    secrets = {
        name: [one.encode() for one in values]
        for name, values in secrets_of(request.options).items()
    }
    for task in tasks:
        named = [
            f"the secret option {flag_of(name)}"
            for name, values in secrets.items()
            if any(one in task.item for one in values)
        ]
        _refuse(f"the item {task.key} holds", named)
        yield task


def _is_open(request: Request) -> bool:
    address = request.host.scheduler
    return address is not None and not address.startswith("tls://")


def _refuse(where: str, named: list[str]) -> None:
    if named:
        msg = (
            f"{where} {some(named)}, which --scheduler would send to other hosts unencrypted; give "
            "a scheduler with tls://, or run without --scheduler"
        )
        raise Refused(msg)


def _fields(settings: Any) -> dict[str, bool]:
    """Return by name whether a field is secret, and is set."""
    if settings is None:
        return {}
    fields = attrs.fields(attrs.resolve_types(type(settings), include_extras=True))
    return {
        one.name: bool(getattr(settings, one.name))
        and any(role.redacted for role in parse(one.type).roles)
        for one in fields
    }
