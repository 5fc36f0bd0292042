"""`tablehost plugins`: which builders are installed."""

from __future__ import annotations

import json
from typing import Annotated

import attrs
from cyclopts import Parameter

from tablehost.builders.discover import discover


def plugins(*, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False) -> int:
    """List the installed builders, without importing any.

    Args:
        as_json: Write the list as JSON.
    """
    found = discover()
    if as_json:
        print(json.dumps([attrs.asdict(listing) for listing in found], indent=2))
        return 0
    if not found:
        print("no builder is installed; try `pip install tablehost-extract-k150k`")
    for listing in found:
        print(f"{listing.name}  ({listing.distribution} {listing.version})  {listing.status}")
        print(f"    {listing.summary}")
    return 0
