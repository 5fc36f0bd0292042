"""What the commands that answer a question have in common."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from cyclopts import Parameter

Switch = Annotated[bool, Parameter(negative=())]
"""A flag without a `--no-` form."""

JsonSwitch = Annotated[bool, Parameter(name="--json", negative=())]
"""The option that asks for the answer as JSON."""

_UNPRINTABLE = re.compile(r"[^\n -~]")


def print_json(answer: Any) -> None:
    """Write an answer, an attrs instance or a mapping, as one JSON object of printable text."""
    from tablehost.manifest.write import to_json, to_plain  # cattrs

    print(_UNPRINTABLE.sub(_escaped, to_json(to_plain(answer))), end="")


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]
