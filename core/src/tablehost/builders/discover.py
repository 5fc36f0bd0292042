"""Find builders by the metadata of their distributions, without importing any."""

from __future__ import annotations

import re
from difflib import get_close_matches
from importlib.metadata import Distribution, EntryPoint, distributions, version

from attrs import frozen
from packaging.requirements import InvalidRequirement, Requirement

from tablehost import hookspecs
from tablehost.contract.roles import normalized

READY = "ready"


@frozen
class Listing:
    """A builder as its metadata presents it; nothing of it has been imported.

    Args:
        name: as it is typed after `tablehost run`, underscores for hyphens.
        distribution: what was pip-installed.
        version: the distribution's version.
        status: `ready`, or why it cannot run and what to do.
        summary: the distribution's one-line description.
        entry_point: `package.module`.
    """

    name: str
    distribution: str
    version: str
    status: str
    summary: str
    entry_point: str


def discover() -> list[Listing]:
    """List the installed builders without importing any."""
    found = entry_points()
    owners: dict[str, list[str]] = {}
    for point, owner in found:
        owners.setdefault(normalized(point.name), []).append(f"{owner.name} {owner.version}")
    return sorted(
        (
            Listing(
                name=normalized(point.name),
                distribution=owner.name,
                version=owner.version,
                status=status_of(owner, owners[normalized(point.name)]),
                summary=str(owner.metadata.json.get("summary", "")),
                entry_point=point.value,
            )
            for point, owner in found
        ),
        key=lambda listing: (listing.name, listing.distribution),
    )


def names_with(builder: str) -> set[str]:
    """Return the names of the installed builders and of one that may be a file."""
    return {builder, *(listing.name for listing in discover())}


def entry_points() -> list[tuple[EntryPoint, Distribution]]:
    """Return each builder's entry point; a folder that stands twice on sys.path counts once."""
    found: dict[tuple[str, str, str], tuple[EntryPoint, Distribution]] = {}
    for owner in distributions():
        try:
            for point in owner.entry_points:
                if point.group == hookspecs.ENTRY_POINT_GROUP:
                    found.setdefault((owner.name, point.name, point.value), (point, owner))
        except (TypeError, ValueError, AttributeError):
            continue  # its metadata is torn; that disturbs nobody else
    return list(found.values())


def status_of(owner: Distribution, owners: list[str]) -> str:
    """Return `ready`, or why a builder cannot run and what to do.

    Args:
        owner: its distribution.
        owners: every distribution that has a builder of this name, with its version.
    """
    if len(owners) > 1:
        return f"name taken twice, by {' and '.join(sorted(owners))}: uninstall one"
    return _incompatible(owner) or READY


def _incompatible(owner: Distribution) -> str | None:
    """Say how the distribution's own requirement excludes this host."""
    host = version("tablehost")
    for text in owner.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if re.sub(r"[-_.]+", "-", requirement.name).lower() != "tablehost":
            continue
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not requirement.specifier.contains(host, prereleases=True):
            return (
                f"requires tablehost{requirement.specifier}, and this is {host}: "
                f"install a version of {owner.name} or of tablehost that fits"
            )
    return None


def unknown_builder(name: str) -> str:
    """Return what to say of a builder that is not installed."""
    known = sorted({listing.name for listing in discover()})
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    installed = f"installed are {', '.join(known)}" if known else "none is installed"
    distribution = "tablehost-" + name.replace("_", "-")
    return (
        f"there is no builder {name}: {hint}{installed}; "
        f"a builder comes with `pip install {distribution}`, or name a file, ./{name}.py"
    )
