"""What the commands that answer a question have in common."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from tablehost.manifest.write import plain, to_json

Json = Annotated[bool, Parameter(name="--json", negative=())]
"""The option that asks for the answer as JSON."""


def print_json(answer: Any) -> None:
    """Write an answer, an attrs instance, as one JSON object."""
    print(to_json(plain(answer)), end="")
