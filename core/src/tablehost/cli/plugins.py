"""`tablehost plugins`: which builders are installed."""

from __future__ import annotations

from tablehost.builders.discover import discover
from tablehost.console.screen import say


def plugins(*, json: bool = False) -> int:
    """List the installed builders, without importing any.

    Args:
        json: Write the list as JSON.
    """
    found = discover()
    if json:
        from json import dumps

        print(dumps([one._asdict() for one in found], indent=2))
        return 0
    if not found:
        say("no builder is installed; try `pip install tablehost-extract-k150k`")
    for one in found:
        say(one.name, f"  ({one.distribution} {one.version})  {one.status}", style="bold")
        if one.summary:
            say(f"    {one.summary}", hang=0)
    return 0
