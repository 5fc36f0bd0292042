"""What two manifests tell otherwise, section by section; what one does not tell is no change.

What differs by nature is no change either: when and where a run took place, and how fast.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

from attrs import evolve, frozen
from packaging.utils import canonicalize_name

from tablehost.manifest.read import dig
from tablehost.table.column import STATISTICS
from tablehost.trust.evidence.code import kind_of
from tablehost.trust.evidence.rows import Column
from tablehost.trust.evidence.subject import Subject


@frozen(kw_only=True)
class Change:
    """One thing that differs.

    Args:
        what: its name.
        kind: whether the second has it in addition, lacks it, or has it otherwise.
        a: what the first has.
        b: what the second has.
        note: a few words more.
    """

    what: str
    kind: Literal["added", "removed", "changed"]
    a: Any = None
    b: Any = None
    note: str = ""


def between(a: Any, b: Any, prefix: str = "") -> Iterator[Change]:
    """Yield how two mappings differ, by name; nothing where either is none.

    Args:
        a: the first.
        b: the second.
        prefix: of the names.
    """
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
    yield from _facts(a.says("run"), b.says("run"), ("status",))
    names = ("rows", "sha256", "key", "tolerance", "writer")
    yield from _facts(a.says("table"), b.says("table"), names)


def option_changes(a: Subject, b: Subject) -> Iterator[Change]:
    """Yield how the options differ that decide the table.

    Paths of inputs, tools and outputs say only where something lies.
    """
    elsewhere = _placed(a) | _placed(b) | (_left_out(a) & _left_out(b))
    for change in between(a.provenance("args"), b.provenance("args")):
        if change.what not in elsewhere:
            sources = [one.provenance("args_from", change.what) for one in (a, b)]
            told = dict.fromkeys(str(source) for source in sources if source is not None)
            yield evolve(change, note=" -> ".join(told))


def code_changes(a: Subject, b: Subject) -> Iterator[Change]:
    """Yield how the code differs that made the tables, and what it stood on."""
    yield from _builder_changes(a, b)
    host, host_b = (side.provenance("code", "host") for side in (a, b))
    yield from _facts(host, host_b, ("version", "sha256"), "tablehost ")
    yield from between(_packages(a), _packages(b), "package ")
    tools, tools_b = (_digests(side.provenance("code", "tools")) for side in (a, b))
    yield from between(tools, tools_b, "tool ")
    machine, machine_b = (side.provenance("environment") for side in (a, b))
    yield from _facts(machine, machine_b, ("python", "platform", "cpu"))


def statistics_changes(a: Iterable[Column] | None, b: Iterable[Column] | None) -> Iterator[Change]:
    """Yield, of each column that both tables have, the statistics that differ."""
    theirs = {one["name"]: one for one in b or ()}
    for one in a or ():
        moved = list(_facts(one, theirs.get(one["name"]), STATISTICS))
        if moved:
            before, now = ({each.what: getattr(each, side) for each in moved} for side in "ab")
            yield Change(what=one["name"], kind="changed", a=before, b=now)


def _facts(a: Any, b: Any, names: Collection[str], prefix: str = "") -> Iterator[Change]:
    """Yield which of some facts differ that both sides tell."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        known = [name for name in names if name in a and name in b]
        yield from between(
            {name: a[name] for name in known}, {name: b[name] for name in known}, prefix
        )


def _builder_changes(a: Subject, b: Subject) -> Iterator[Change]:
    one, other = (side.provenance("code", "plugin") for side in (a, b))
    another = list(_facts(one, other, ("builder",), "another "))
    if another:
        yield from another  # no module of one stands for one of the other
        return
    yield from _facts(one, other, ("distribution", "version"), "plugin ")
    if dig(one, "modules") and dig(other, "modules"):
        yield from _module_changes(a, b)
    else:
        entry, entry_b = (side.provenance("entrypoint") for side in (a, b))
        yield from _facts(entry, entry_b, ("sha256",), "entrypoint ")


def _module_changes(a: Subject, b: Subject) -> Iterator[Change]:
    ours, theirs = (one.provenance("code", "plugin", "modules") for one in (a, b))
    pythons = [one.provenance("environment", "python") for one in (a, b)]
    for change in between(_digests(ours), _digests(theirs)):
        sides = [dig(side, change.what) for side in (ours, theirs)]
        yield evolve(change, what=f"module {change.what}", note=kind_of(*sides, *pythons))


def _digests(told: Any) -> Any:
    """Return the digest of each module or tool; what is no mapping stays as it is."""
    if not isinstance(told, dict):
        return told
    return {name: dig(one, "sha256") for name, one in told.items()}


def _packages(one: Subject) -> Any:
    """Return the versions of the packages but those that are told by themselves."""
    told = one.provenance("code", "packages")
    own = one.provenance("code", "plugin", "distribution")
    if not isinstance(told, dict):
        return told
    return {name: told[name] for name in told.keys() - {"tablehost", canonicalize_name(str(own))}}


def _placed(one: Subject) -> set[str]:
    """Name the options whose value is the path of an input, of a tool or of an output."""
    named = one.mapping("inputs").keys() | one.mapping("code", "tools").keys()
    outputs = [dig(told, "path") for told in one.mapping("outputs").values()]
    args = one.mapping("args").items()
    return named | {name for name, value in args if value is not None and value in outputs}


def _left_out(one: Subject) -> set[str]:
    return {name for name in one.sequence("recipe", "left_out") if isinstance(name, str)}
