"""How two manifests differ, section by section; what one does not record is not a change.

What differs by nature is not a change either: when and where a run took place, and how fast.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

from attrs import evolve, frozen
from packaging.utils import canonicalize_name

from tablehost.manifest.read import Manifest, dig
from tablehost.table.column import STATISTICS
from tablehost.trust.evidence.code import effect_of
from tablehost.trust.evidence.rows import ColumnFacts
from tablehost.trust.evidence.subject import Subject


@frozen(kw_only=True)
class Change:
    """One thing that differs.

    Args:
        what: its name.
        kind: whether the second has it in addition, lacks it, or has another.
        a: what the first has.
        b: what the second has.
        note: a few words more.
    """

    what: str
    kind: Literal["added", "removed", "changed"]
    a: Any = None
    b: Any = None
    note: str = ""


@frozen(kw_only=True)
class StatisticsChange(Change):
    """The statistics of a column that differ.

    Args:
        shift: how far the mean has moved, in standard deviations of the first; None where that is
            unknown, or they are 0.
    """

    shift: float | None = None


def between(a: Any, b: Any, prefix: str = "") -> Iterator[Change]:
    """Yield how two mappings differ, by name; nothing where either is not a mapping."""
    if not isinstance(a, Mapping) or not isinstance(b, Mapping):
        return
    for name in dict.fromkeys([*a, *b]):
        what = f"{prefix}{name}"
        if name not in a:
            yield Change(what=what, kind="added", b=b[name])
        elif name not in b:
            yield Change(what=what, kind="removed", a=a[name])
        elif a[name] != b[name]:
            yield Change(what=what, kind="changed", a=a[name], b=b[name])


def table_changes(a: Subject, b: Subject) -> Iterator[Change]:
    """Yield how the tables differ as a whole."""
    yield from _known(a.manifest.run, b.manifest.run, ("status",))
    names = ("rows", "sha256", "key", "tolerance", "writer")
    yield from _known(a.manifest.table, b.manifest.table, names)


def option_changes(a: Subject, b: Subject) -> Iterator[Change]:
    """Yield how the options differ that decide the table.

    Paths of inputs, tools and outputs only locate files, whose content is compared elsewhere.
    """
    elsewhere = _placed(a) | _placed(b) | (_left_out(a) & _left_out(b))
    for change in between(a.manifest.args, b.manifest.args):
        if change.what not in elsewhere:
            origins = [dig(one.manifest.args_from, change.what) for one in (a, b)]
            known = dict.fromkeys(str(origin) for origin in origins if origin is not None)
            yield evolve(change, note=" -> ".join(known))


def code_changes(a: Subject, b: Subject) -> Iterator[Change]:
    """Yield how the code that made the tables differs, and its environment."""
    one, other = a.manifest, b.manifest
    yield from _builder_changes(one, other)
    yield from _known(one.host, other.host, ("version", "sha256"), "tablehost ")
    yield from between(_packages(one), _packages(other), "package ")
    yield from between(_digests(one.tools), _digests(other.tools), "tool ")
    yield from _known(one.environment, other.environment, ("python", "platform", "cpu"))


def statistics_changes(
    a: Iterable[ColumnFacts] | None, b: Iterable[ColumnFacts] | None
) -> Iterator[StatisticsChange]:
    """Yield, of each column that both tables have, the statistics that differ."""
    theirs = {one["name"]: one for one in b or ()}
    for one in a or ():
        other = theirs.get(one["name"])
        moved = list(_known(one, other, STATISTICS))
        if moved:
            before, now = ({each.what: getattr(each, side) for each in moved} for side in "ab")
            yield StatisticsChange(
                what=one["name"], kind="changed", a=before, b=now, shift=_shift(one, other)
            )


def _shift(a: Any, b: Any) -> float | None:
    means, std = [dig(a, "mean"), dig(b, "mean")], dig(a, "std")
    if not all(isinstance(known, int | float) for known in (*means, std)) or not std:
        return None
    return float((means[1] - means[0]) / std)


def _known(a: Any, b: Any, names: Collection[str], prefix: str = "") -> Iterator[Change]:
    """Yield which of some facts differ that both sides record."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        known = [name for name in names if name in a and name in b]
        yield from between(
            {name: a[name] for name in known}, {name: b[name] for name in known}, prefix
        )


def _builder_changes(a: Manifest, b: Manifest) -> Iterator[Change]:
    another = list(_known(a.plugin, b.plugin, ("builder",), "another "))
    if another:
        yield from another  # modules of two builders have nothing in common
        return
    yield from _known(a.plugin, b.plugin, ("distribution", "version"), "plugin ")
    if a.modules and b.modules:
        yield from _module_changes(a, b)
    else:
        yield from _known(a.entrypoint, b.entrypoint, ("sha256",), "entrypoint ")


def _module_changes(a: Manifest, b: Manifest) -> Iterator[Change]:
    for change in between(_digests(a.modules), _digests(b.modules)):
        one, other = (dig(side.modules, change.what) for side in (a, b))
        effect = effect_of(one, other, a.python, b.python)
        yield evolve(change, what=f"module {change.what}", note=effect)


def _digests(described: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the digest of each module or tool."""
    if described is None:
        return None
    return {name: dig(one, "sha256") for name, one in described.items()}


def _packages(one: Manifest) -> dict[str, Any] | None:
    """Return the versions of packages, except for builder and host, which are compared by code."""
    if one.packages is None:
        return None
    own = {"tablehost", canonicalize_name(str(one.distribution))}
    return {name: one.packages[name] for name in one.packages.keys() - own}


def _placed(one: Subject) -> set[str]:
    """Name the options whose value is the path of an input, of a tool or of an output."""
    manifest = one.manifest
    named = (manifest.inputs or {}).keys() | (manifest.tools or {}).keys()
    outputs = [dig(file, "path") for file in (manifest.outputs or {}).values()]
    args = (manifest.args or {}).items()
    return named | {name for name, value in args if value is not None and value in outputs}


def _left_out(one: Subject) -> set[str]:
    return {name for name in one.manifest.left_out or [] if isinstance(name, str)}
