"""`tablehost plugins`: which builders are installed."""

from __future__ import annotations

from tablehost.builders.discover import discover


def plugins(*, json: bool = False) -> int:
    """List the installed builders, without importing any.

    Args:
        json: Write the list as JSON.
    """
    found = discover()
    if json:
        from json import dumps

        print(dumps([listing._asdict() for listing in found], indent=2))
        return 0
    if not found:
        print("no builder is installed; try `pip install tablehost-extract-k150k`")
    for listing in found:
        print(f"{listing.name}  ({listing.distribution} {listing.version})  {listing.status}")
        print(f"    {listing.summary}")
    return 0
