"""What a table was made of, up to the raw inputs: a graph, joined by digest and not by path."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from tablehost.files.digests import file_digest
from tablehost.manifest.read import dig, folder_digest
from tablehost.trust.evidence.archive import Archive, Kept, claim_of, tables_in
from tablehost.trust.evidence.inputs import Recorded, recorded
from tablehost.trust.evidence.subject import Subject, subjects


@frozen(kw_only=True)
class Node:
    """A table, a raw input, or an ancestor that nobody knows.

    Args:
        id: what edges name it by.
        kind: which of the three.
        path: where it lies now, as far as that can be told.
        sha256: of its content, or what a folder is known by.
        builder: of a table, what made it.
        version: of the builder's distribution.
        rows: of a table.
        when: a table was finished.
        replaced: whether another table lies in the place of a table now.
        files: of a folder.
        bytes: of an input.
        why: of an unknown one, what is missing.
    """

    id: str
    kind: Literal["table", "input", "unknown"]
    path: str
    sha256: str | None = None
    builder: str | None = None
    version: str | None = None
    rows: int | None = None
    when: str | None = None
    replaced: bool = False
    files: int | None = None
    bytes: int | None = None
    why: str | None = None


@frozen(kw_only=True)
class Edge:
    """A table was made of something, or a folder held a table.

    Args:
        child: id of the table, or of the folder.
        parent: id of what it was made of.
        option: the builder's option that it was given by.
        label: in front of its path, if any.
    """

    child: str
    parent: str
    option: str
    label: str | None


@frozen(kw_only=True)
class Lineage:
    """Tables, and everything that they were made of.

    Args:
        tables: ids of those that were asked about; first those that nothing here is made of.
        nodes: each once.
        edges: from each to its parents, a table's in the order of its options.
    """

    tables: tuple[str, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def whole(self) -> bool:
        """Tell whether every ancestor is known."""
        return all(node.kind != "unknown" for node in self.nodes)


def lineage(paths: Iterable[Path]) -> Lineage:
    """Find out what tables were made of.

    Manifests of ancestors are looked for where the ancestors lay, and in the folders of the
    tables, histories included.

    Args:
        paths: of tables, of manifests, or of folders, which stand for every table below them.

    Raises:
        UsageError: a path leads nowhere, or a folder has neither table nor manifest.
    """
    asked = subjects(paths)
    trace = _Trace()
    bare = [one for one in asked if not trace.begin(one)]
    for folder in sorted({one.table.absolute().parent for one in asked}):
        trace.archive.look_in(folder)
    trace.follow()
    for one in bare:
        trace.end(one)
    parents = {edge.parent for edge in trace.edges}
    return Lineage(
        tables=tuple(sorted(trace.asked, key=lambda one: one in parents)),
        nodes=tuple(trace.nodes.values()),
        edges=tuple(trace.edges),
    )


class _Trace:
    """The way up from tables to raw inputs; each table is gone through once."""

    def __init__(self) -> None:
        self.archive = Archive()
        self.asked: dict[str, None] = {}
        self.nodes: dict[str, Node] = {}
        self.edges: dict[Edge, None] = {}
        self._todo: deque[Kept] = deque()

    def begin(self, table: Subject) -> bool:
        """Enter a table that was asked about, unless it has no manifest."""
        kept = self.archive.add(table)
        if kept is not None:
            self.asked[self._enter_table(kept)] = None
        return kept is not None

    def follow(self) -> None:
        """Enter all that the tables were made of."""
        while self._todo:
            child = self._todo.popleft()
            if not isinstance(child.subject.provenance("inputs"), dict):
                path, why = str(child.subject.place), "the manifest does not name its inputs"
                self._join(_id(child), self._enter(_unknown(path, why=why)), "inputs")
            for one in recorded(child.subject):
                found = self._ancestor(child.subject, one)
                self._join(_id(child), found, one.option, one.label)
                for part in tables_in(child.subject, one):
                    self._join(found, self._ancestor(child.subject, part), part.option)

    def end(self, table: Subject) -> None:
        """Enter a table without a manifest, unless it is a raw input of others."""
        if not self._is_raw(table.table):
            why = table.problem or "it has no manifest"
            self.asked[self._enter(_unknown(str(table.table.absolute()), why=why))] = None

    def _is_raw(self, path: Path) -> bool:
        sizes = {node.bytes for node in self.nodes.values() if node.kind == "input"}
        if not path.is_file() or path.stat().st_size not in sizes:
            return False
        return f"input:{file_digest(path).sha256}" in self.nodes

    def _ancestor(self, child: Subject, one: Recorded) -> str:
        parent = self.archive.parent(child, one)
        return self._enter_table(parent) if parent else self._enter(_leaf(child, one))

    def _join(self, child: str, parent: str, option: str, label: str | None = None) -> None:
        self.edges[Edge(child=child, parent=parent, option=option, label=label)] = None

    def _enter_table(self, kept: Kept) -> str:
        if _id(kept) not in self.nodes:
            self._todo.append(kept)
        return self._enter(_table(kept))

    def _enter(self, node: Node) -> str:
        self.nodes.setdefault(node.id, node)
        return node.id


def _id(kept: Kept) -> str:
    return f"table:{kept.sha256}"


def _table(kept: Kept) -> Node:
    table = kept.subject
    plugin = table.provenance("code", "plugin")
    return Node(
        id=_id(kept),
        kind="table",
        path=str(table.table.absolute()),
        sha256=table.sha256,
        builder=_text(dig(plugin, "builder")),
        version=_text(dig(plugin, "version")),
        rows=_number(table.says("table", "rows")),
        when=_text(table.provenance("finished_at")),
        replaced=kept.in_history,
    )


def _leaf(child: Subject, one: Recorded) -> Node:
    """Return what the way ends at: a raw input, unless it was a table or nobody can tell."""
    digest, path = folder_digest(dict(one.told)), str(one.path)
    if claim_of(child, one):
        return _unknown(path, sha256=digest, why="no manifest with this digest found")
    if digest is None:
        return _unknown(path, why="the manifest has no digest of it")
    return Node(
        id=f"input:{digest}",
        kind="input",
        path=path,
        sha256=digest,
        files=_number(one.told.get("files")),
        bytes=_number(one.told.get("bytes")),
    )


def _unknown(path: str, *, why: str, sha256: str | None = None) -> Node:
    return Node(id=f"unknown:{sha256 or path}", kind="unknown", path=path, sha256=sha256, why=why)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None
