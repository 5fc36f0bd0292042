"""Find builders by the metadata of their distributions, without importing any."""

from __future__ import annotations

import operator
import re
from contextlib import suppress
from difflib import get_close_matches
from importlib.metadata import Distribution, EntryPoint, distributions, version
from typing import NamedTuple

from tablehost.contract.names import normalized

ENTRY_POINT_GROUP = "tablehost.builders"
READY = "ready"

_SEPARATORS = re.compile(r"[-_.]+")
_REQUIREMENT = re.compile(r"\s*([\w.-]+)(.*)", re.DOTALL)
_RELEASE = re.compile(r"[0-9]+(\.[0-9]+)*")
_CLAUSE = re.compile(rf"\s*(>=|<)\s*({_RELEASE.pattern})\s*")
_COMPARE = {">=": operator.ge, "<": operator.lt}


class Installed(NamedTuple):  # attrs would be half of what `tablehost plugins` imports
    """A builder as its metadata presents it; nothing of it has been imported.

    Args:
        name: as it is typed after `tablehost run`, underscores for hyphens.
        distribution: the name of the distribution that it came with.
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


def discover() -> list[Installed]:
    """List the installed builders without importing any; one that is found twice counts once."""
    found: dict[tuple[str, str, str], Installed] = {}
    for owner in distributions():
        try:
            if ENTRY_POINT_GROUP not in (owner.read_text("entry_points.txt") or ""):
                continue  # most have none of this group: to parse theirs takes longer
            points = [point for point in owner.entry_points if point.group == ENTRY_POINT_GROUP]
            for one in _installed(owner, points) if points else ():
                found.setdefault((one.distribution, one.name, one.entry_point), one)
        except (TypeError, ValueError, AttributeError, KeyError, OSError):
            continue  # torn metadata must not affect other builders
    owners: dict[str, list[str]] = {}
    for one in found.values():
        owners.setdefault(one.name, []).append(f"{one.distribution} {one.version}")
    taken = {
        name: f"name taken twice, by {' and '.join(sorted(several))}: uninstall one"
        for name, several in owners.items()
        if len(several) > 1
    }
    return sorted(one._replace(status=taken.get(one.name, one.status)) for one in found.values())


def _installed(owner: Distribution, points: list[EntryPoint]) -> list[Installed]:
    about = owner.metadata.json
    name, release = str(about["name"]), str(about["version"])
    status = _incompatible(name, owner.requires or []) or READY
    summary = str(about.get("summary", ""))
    return [
        Installed(normalized(point.name), name, release, status, summary, point.value)
        for point in points
    ]


def names_with(builder: str) -> set[str]:
    """Return the names of the installed builders and of one that may be a file."""
    return {builder, *(one.name for one in discover())}


def _incompatible(distribution: str, requires: list[str]) -> str | None:
    """Return how a distribution's own requirement excludes this host."""
    host = version("tablehost")
    for text in requires:
        named = _REQUIREMENT.fullmatch(text)
        if named is None or _SEPARATORS.sub("-", named[1]).lower() != "tablehost":
            continue
        if _admits(named[2], host):
            continue
        from packaging.requirements import InvalidRequirement, Requirement  # slow to import

        with suppress(InvalidRequirement):
            requirement = Requirement(text)
            applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if applies and not requirement.specifier.contains(host, prereleases=True):
                return (
                    f"requires tablehost{requirement.specifier}, and this is {host}: "
                    f"install a version of {distribution} or of tablehost that fits"
                )
    return None


def _admits(clauses: str, host: str) -> bool:
    """Return whether `>=1,<2` and the like admit a release; False where there is more to parse."""
    found = [_CLAUSE.fullmatch(clause) for clause in clauses.split(",")]
    return _RELEASE.fullmatch(host) is not None and all(
        one and _COMPARE[one[1]](_numbers(host), _numbers(one[2])) for one in found
    )


def _numbers(release: str) -> list[int]:
    return [int(number) for number in re.sub(r"(\.0+)+$", "", release).split(".")]  # 1.0 is 1


def unknown_builder(name: str) -> str:
    """Return what to say of a builder that is not installed."""
    known = sorted(names_with(name) - {name})
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    others = f"installed are {', '.join(known)}" if known else "none is installed"
    distribution = "tablehost-" + name.replace("_", "-")
    return (
        f"there is no builder {name}: {hint}{others}; "
        f"a builder comes with `pip install {distribution}`, or name a file, ./{name}.py"
    )
