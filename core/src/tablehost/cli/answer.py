"""What the commands that answer a question have in common."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

Switch = Annotated[bool, Parameter(negative=())]
"""A flag without a `--no-` form."""

Json = Annotated[bool, Parameter(name="--json", negative=())]
"""The option that asks for the answer as JSON."""


def print_json(answer: Any) -> None:
    """Write an answer, an attrs instance or a mapping, as one JSON object."""
    from tablehost.manifest.write import to_json, to_plain  # cattrs

    print(to_json(to_plain(answer)), end="")
