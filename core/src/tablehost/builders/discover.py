"""Find builders by the metadata of their distributions, without importing any."""

from __future__ import annotations

import operator
import re
from difflib import get_close_matches
from importlib.metadata import EntryPoint, distributions, version
from typing import NamedTuple

from tablehost.contract.names import normalized

ENTRY_POINT_GROUP = "tablehost.builders"
READY = "ready"

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)(.*)", re.DOTALL)
_CLAUSE = re.compile(r"\s*(==|!=|<=|>=|<|>)\s*([0-9]+(?:\.[0-9]+)*)\s*")
_COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


class Installed(NamedTuple):  # attrs would be half of what `tablehost plugins` imports
    """A builder as its metadata presents it; nothing of it has been imported.

    Args:
        name: as it is typed after `tablehost run`, underscores for hyphens.
        distribution: the name of the distribution that it came with.
        version: the distribution's version.
        summary: the distribution's one-line description.
        requires: what the distribution requires.
        point: its entry point.
    """

    name: str
    distribution: str
    version: str
    summary: str
    requires: tuple[str, ...]
    point: EntryPoint

    @property
    def origin(self) -> str:
        """Return the distribution with its version."""
        return f"{self.distribution} {self.version}"


class Listing(NamedTuple):
    """A builder as `tablehost plugins` lists it; `status` is `ready`, or why it cannot run."""

    name: str
    distribution: str
    version: str
    status: str
    summary: str
    entry_point: str


def discover() -> list[Listing]:
    """List the installed builders without importing any."""
    found = installed()
    listings = (
        Listing(
            name=one.name,
            distribution=one.distribution,
            version=one.version,
            status=status_of(one, [other for other in found if other.name == one.name]),
            summary=one.summary,
            entry_point=one.point.value,
        )
        for one in found
    )
    return sorted(listings, key=lambda listing: (listing.name, listing.distribution))


def names_with(builder: str) -> set[str]:
    """Return the names of the installed builders and of one that may be a file."""
    return {builder, *(one.name for one in installed())}


def installed() -> list[Installed]:
    """Return the installed builders; a folder that is on sys.path twice counts once."""
    found: dict[tuple[str, str, str], Installed] = {}
    for owner in distributions():
        try:
            points = [point for point in owner.entry_points if point.group == ENTRY_POINT_GROUP]
            about = owner.metadata.json if points else {}
            for point in points:
                one = Installed(
                    name=normalized(point.name),
                    distribution=str(about["name"]),
                    version=str(about["version"]),
                    summary=str(about.get("summary", "")),
                    requires=tuple(owner.requires or ()),
                    point=point,
                )
                found.setdefault((one.distribution, point.name, point.value), one)
        except (TypeError, ValueError, AttributeError, KeyError):
            continue  # torn metadata must not affect other builders
    return list(found.values())


def status_of(one: Installed, namesakes: list[Installed]) -> str:
    """Return `ready`, or why a builder cannot run and what to do.

    Args:
        one: the builder.
        namesakes: every builder of its name, itself included.
    """
    if len(namesakes) > 1:
        owners = sorted(other.origin for other in namesakes)
        return f"name taken twice, by {' and '.join(owners)}: uninstall one"
    return _incompatible(one) or READY


def _incompatible(one: Installed) -> str | None:
    """Return how the distribution's own requirement excludes this host."""
    host = version("tablehost")
    for text in one.requires:
        named = _REQUIREMENT.match(text)
        if named is None or re.sub(r"[-_.]+", "-", named[1]).lower() != "tablehost":
            continue
        excluded = None if _admits(named[2], host) else _exclusion(text, host, one.distribution)
        if excluded:
            return excluded
    return None


def _admits(clauses: str, host: str) -> bool:
    """Return whether `>=1,<2` and the like admit a release; False where more is to be parsed."""
    found = [_CLAUSE.fullmatch(clause) for clause in clauses.split(",")]
    if not re.fullmatch(r"[0-9.]+", host):
        return False
    return all(one and _COMPARE[one[1]](_release(host), _release(one[2])) for one in found)


def _release(version: str) -> list[int]:
    numbers = [int(number) for number in version.split(".")]
    while numbers and not numbers[-1]:  # 1 and 1.0 are one release
        numbers.pop()
    return numbers


def _exclusion(text: str, host: str, distribution: str) -> str | None:
    """Return how any requirement excludes this host."""
    from packaging.requirements import InvalidRequirement, Requirement  # slow to import

    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
        return None
    if requirement.specifier.contains(host, prereleases=True):
        return None
    return (
        f"requires tablehost{requirement.specifier}, and this is {host}: "
        f"install a version of {distribution} or of tablehost that fits"
    )


def unknown_builder(name: str) -> str:
    """Return what to say of a builder that is not installed."""
    known = sorted({one.name for one in installed()})
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    others = f"installed are {', '.join(known)}" if known else "none is installed"
    distribution = "tablehost-" + name.replace("_", "-")
    return (
        f"there is no builder {name}: {hint}{others}; "
        f"a builder comes with `pip install {distribution}`, or name a file, ./{name}.py"
    )
