"""What a table was made of, up to the raw inputs: a graph, joined by digest and not by path."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from tablehost.files.digests import file_digest
from tablehost.objects.path import ObjectPath
from tablehost.trust.evidence.archive import Archive, claim_of, parents_beside, tables_in
from tablehost.trust.evidence.inputs import RecordedInput, inputs_of, observed_by
from tablehost.trust.evidence.subject import Subject, subjects


@frozen(kw_only=True)
class Node:
    """A table, a raw input, or an unknown ancestor.

    Args:
        id: names it in edges.
        kind: which of the three.
        path: where it is now, as far as that is known.
        sha256: of its content; of a folder, its digest.
        builder: of a table, what made it.
        version: of the builder's distribution.
        rows: of a table.
        when: a table was finished.
        replaced: whether another table is in the place of a table now.
        files: of a folder.
        bytes: of an input.
        why: of an unknown one, what is missing.
        torn: of a table, why it and its manifest may not be one pair.
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
    torn: str | None = None


@frozen(kw_only=True)
class Edge:
    """A table was made of something, or a folder contained a table.

    Args:
        child: id of the table, or of the folder.
        parent: id of what it was made of.
        option: the builder's option that it was given by.
        label: in front of its path, if any.
        why: of a parent whose manifest is not the one that the child names.
    """

    child: str
    parent: str
    option: str
    label: str | None
    why: str | None = None


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


def lineage(paths: Iterable[Path]) -> Lineage:
    """Find out what tables were made of.

    Manifests of ancestors are looked for where the ancestors were, and in the folders of the
    tables, histories included.

    Args:
        paths: of tables, of manifests, or of folders, which mean every table below them.

    Raises:
        UsageError: a path does not exist, or a folder has neither table nor manifest.
    """
    return lineage_of(subjects(paths))


def lineage_of(asked: list[Subject]) -> Lineage:
    """Find out what tables were made of that have been read; see `lineage`."""
    trace = _Trace(asked)
    for folder in sorted({one.table.absolute().parent for one in asked}):
        trace.archive.search(folder)
    trace.follow()
    for one in asked:
        if one.problem is not None:
            trace.enter_bare(one)
    parents = {edge.parent for edge in trace.edges}
    return Lineage(
        tables=tuple(sorted(trace.asked, key=lambda one: one in parents)),
        nodes=tuple(trace.nodes.values()),
        edges=tuple(trace.edges),
    )


class _Trace:
    """The way up from tables to raw inputs; each table is entered once.

    Args:
        asked: the tables to begin with; those without a manifest are left out.
    """

    def __init__(self, asked: list[Subject]) -> None:
        self.archive = Archive(asked)
        self.nodes: dict[str, Node] = {}
        self.edges: dict[Edge, None] = {}
        self._todo: deque[Subject] = deque()
        self.asked = {self._enter_table(one): None for one in asked if one.problem is None}

    def follow(self) -> None:
        """Enter everything that the tables were made of."""
        while self._todo:
            child = self._todo.popleft()
            if child.manifest.inputs is None:
                path, why = str(child.place), "the manifest does not name its inputs"
                self._join(_id(child), self._enter(_unknown(path, why=why)), "inputs")
            inputs = list(inputs_of(child))
            parts = [(one, tables_in(child, one)) for one in inputs]
            known = [*inputs, *(part for _, several in parts for part in several)]
            for one, several in parts:
                found = self._join_to(_id(child), child, one)
                for part in several:
                    self._join_to(found, child, part)
            for seen in observed_by(child):
                node = _unknown(seen.uri, why=f"{seen}")
                self._join(_id(child), self._enter(node), seen.name)
            for one in parents_beside(child, known):
                self._join_to(_id(child), child, one)

    def enter_bare(self, table: Subject) -> None:
        """Enter a table without a manifest, unless it is a raw input of others."""
        if not self._is_raw(table.table):
            node = _unknown(str(table.table.absolute()), why=str(table.problem))
            self.asked[self._enter(node)] = None

    def _is_raw(self, path: Path) -> bool:
        sizes = {node.bytes for node in self.nodes.values() if node.kind == "input"}
        if not path.is_file() or path.stat().st_size not in sizes:
            return False
        return f"input:{file_digest(path).sha256}" in self.nodes

    def _join_to(self, below: str, child: Subject, one: RecordedInput) -> str:
        """Join a table, or a folder of its inputs, to one of the tables and inputs it names."""
        parent = self.archive.parent(child, one)
        found = self._enter_table(parent) if parent else self._enter(_leaf(child, one))
        why = _another(child, one, parent) if parent else None
        self._join(below, found, one.option, one.label, why)
        return found

    def _join(
        self, child: str, parent: str, option: str, label: str | None = None, why: str | None = None
    ) -> None:
        edge = Edge(child=child, parent=parent, option=option, label=label, why=why)
        self.edges[edge] = None

    def _enter_table(self, table: Subject) -> str:
        if _id(table) not in self.nodes:
            self._todo.append(table)
        return self._enter(_node(table))

    def _enter(self, node: Node) -> str:
        self.nodes.setdefault(node.id, node)
        return node.id


def _id(table: Subject) -> str:
    return f"table:{table.manifest.digest}"


def _node(table: Subject) -> Node:
    return Node(
        id=_id(table),
        kind="table",
        path=str(table.table.absolute()),
        sha256=table.manifest.sha256,
        builder=table.manifest.builder,
        version=table.manifest.version,
        rows=table.manifest.rows,
        when=table.manifest.finished_at,
        replaced=table.in_history,
        torn=table.torn.why if table.torn else None,
    )


def _another(child: Subject, one: RecordedInput, parent: Subject) -> str | None:
    named = claim_of(child, one).get("manifest_sha256")
    if named in (None, parent.manifest.digest):
        return None
    return f"its manifest is not the one that {child.manifest.builder} read, {str(named)[:12]}"


def _leaf(child: Subject, one: RecordedInput) -> Node:
    """Return an input without parents: unknown if it was a table or has no digest, else raw."""
    path = str(one.path)
    if claim_of(child, one):
        beside = "; the store was not searched" if isinstance(one.path, ObjectPath) else ""
        why = f"no manifest with this digest found{beside}"
        return _unknown(path, sha256=one.digest, why=why)
    if one.digest is None:
        return _unknown(path, why="the manifest has no digest of it")
    return Node(
        id=f"input:{one.digest}",
        kind="input",
        path=path,
        sha256=one.digest,
        files=_number(one.descriptor.get("files")),
        bytes=_number(one.descriptor.get("bytes")),
    )


def _unknown(path: str, *, why: str, sha256: str | None = None) -> Node:
    return Node(id=f"unknown:{sha256 or path}", kind="unknown", path=path, sha256=sha256, why=why)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None
