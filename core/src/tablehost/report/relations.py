"""What a table was made of and what was made of it, drawn: neighbourhoods, not everything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Final

from attrs import frozen

from tablehost.console.text import counted
from tablehost.report.graph import HEIGHT, WIDTH, components, layout
from tablehost.report.words import clipped, moment, short, size
from tablehost.trust.lineage.lineage import Edge, Lineage, Node

MOST: Final = 60
"""Nodes of a table's neighbourhood that are drawn."""
_MOST_OF_ALL: Final = 90
_NAME: Final = 25


@frozen(kw_only=True)
class Box:
    """A node as it is drawn.

    Args:
        lines: name, and what is known of it.
        kind: `table`, `input` or `unknown`.
        mine: whether it is the table of the page.
        stale: whether it is not what was read, or something that it was made of is not.
        href: its own page, if it has one.
        about: its path, and why it is stale.
    """

    x: float
    y: float
    lines: tuple[str, str, str]
    kind: str
    mine: bool
    stale: bool
    href: str
    about: str


@frozen(kw_only=True)
class Line:
    """An edge as it is drawn, and what is said of it."""

    path: str
    about: str
    stale: bool


@frozen(kw_only=True)
class Graph:
    """Nodes and edges as they are drawn."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    box_width: int = WIDTH
    box_height: int = HEIGHT


@frozen(kw_only=True)
class Relations:
    """Graphs, what is said below them, and whether nothing that is related was left out."""

    graphs: tuple[Graph, ...]
    said: tuple[str, ...]
    is_whole: bool = True


def neighbourhood(
    found: Lineage, table: Path, pages: Mapping[Path, str], stale: Collection[Path] = ()
) -> Relations:
    """Draw the ancestors and descendants of a table.

    Args:
        found: it with the tables beside it.
        table: whose they are.
        pages: by table, where its page is.
        stale: tables that are known to be stale.
    """
    place = str(table.absolute())
    mine = [one.id for one in found.nodes if one.path == place and not one.replaced]
    if not mine:
        return Relations(graphs=(), said=())
    parents, children = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for edge in found.edges:
        parents[edge.child].append(edge.parent)
        children[edge.parent].append(edge.child)
    near = _nearest(mine[0], parents), _nearest(mine[0], children)
    every = dict.fromkeys(one for pair in zip_longest(*near) for one in pair if one)
    shown = list(every)[:MOST]
    said = []
    if len(every) > len(shown):
        said.append(f"{counted(len(every) - len(shown), 'relation')} farther away, not drawn.")
    if len(every) == 1:
        return Relations(graphs=(), said=("Nothing is recorded that it was made of.",))
    drawn = _graph(found, shown, pages, stale, mine[0])
    return Relations(
        graphs=(drawn,),
        said=(*said, *_legend([drawn])),
    )


def everything(
    found: Lineage, pages: Mapping[Path, str], stale: Collection[Path] = ()
) -> Relations:
    """Draw each group of related tables, the largest first, as long as there is room."""
    edges = [(edge.parent, edge.child) for edge in found.edges]
    groups = components([one.id for one in found.nodes], edges)
    related = [one for one in groups if len(one) > 1]
    room, drawn = _MOST_OF_ALL, []
    for group in related:
        if len(group) <= room:
            drawn.append(group)
            room -= len(group)
    graphs = tuple(_graph(found, group, pages, stale, None) for group in drawn)
    said = _legend(graphs)
    single = {one[0] for one in groups if len(one) == 1}
    alone = sum(node.kind == "table" and node.id in single for node in found.nodes)
    if alone:
        said.append(f"{counted(alone, 'table')} with no recorded relation, not drawn.")
    if len(related) > len(drawn):
        left = counted(len(related) - len(drawn), "more group")
        said.append(f"{left} of related tables: each table's own page has its relations.")
    return Relations(graphs=graphs, said=tuple(said), is_whole=len(drawn) == len(related))


def parents_in(found: Lineage) -> dict[Path, list[Path]]:
    """Return by table the tables that it was made of."""
    tables = {one.id: Path(one.path) for one in found.nodes if one.kind == "table"}
    parents: dict[Path, list[Path]] = defaultdict(list)
    for edge in found.edges:
        if edge.child in tables and edge.parent in tables:
            parents[tables[edge.child]].append(tables[edge.parent])
    return parents


def _legend(graphs: Sequence[Graph]) -> list[str]:
    """Say what is drawn, and only that."""
    if not graphs:
        return []
    said = (
        "Found by digest: a box names what had these very bytes when it was read. "
        "Rounded boxes are tables, square ones inputs."
    )
    if any(box.stale for graph in graphs for box in graph.boxes):
        said += " An amber outline marks what is no longer what was read, or was made of such."
    return [said]


def _nearest(start: str, beside: Mapping[str, list[str]]) -> list[str]:
    """Return what can be reached, the nearest first."""
    found, todo = {start: None}, [start]
    for one in todo:  # it grows
        new = [other for other in beside.get(one, ()) if other not in found]
        found |= dict.fromkeys(new)
        todo += dict.fromkeys(new)
    return list(found)


def _graph(
    found: Lineage,
    shown: Sequence[str],
    pages: Mapping[Path, str],
    stale: Collection[Path],
    mine: str | None,
) -> Graph:
    nodes = {one.id: one for one in found.nodes if one.id in set(shown)}
    edges = {(one.parent, one.child): one for one in found.edges}
    edges = {ends: one for ends, one in edges.items() if set(ends) <= set(nodes)}
    placed = layout(list(nodes), list(edges))
    old = _not_as_read(nodes, edges.values())
    return Graph(
        width=placed.width,
        height=placed.height,
        boxes=tuple(
            _box(node, placed.nodes[name], pages, why=_why(node, old, stale), mine=name == mine)
            for name, node in nodes.items()
        ),
        lines=tuple(
            Line(path=path, about=_about(edges[ends]), stale=bool(edges[ends].why))
            for ends, path in placed.paths.items()
        ),
    )


def _not_as_read(nodes: Mapping[str, Node], edges: Iterable[Edge]) -> set[str]:
    """Return the tables that something was read for which is not there any more."""
    return {edge.child for edge in edges if edge.why or nodes[edge.parent].replaced}


def _why(node: Node, old: Collection[str], stale: Collection[Path]) -> str:
    if node.torn or node.why:
        return str(node.torn or node.why)
    if node.replaced:
        return "replaced since"
    if node.id in old:
        return "made of a table that was replaced since"
    return "stale" if Path(node.path) in stale else ""


def _box(
    node: Node, place: tuple[float, float], pages: Mapping[Path, str], *, why: str, mine: bool
) -> Box:
    facts, more = _facts(node)
    return Box(
        x=place[0],
        y=place[1],
        lines=(clipped(Path(node.path).name or node.path, _NAME), facts, more),
        kind=node.kind,
        mine=mine,
        stale=bool(why),
        href="" if mine or node.replaced else pages.get(Path(node.path), ""),
        about=": ".join(filter(None, (clipped(node.path, 300), why))),
    )


def _facts(node: Node) -> tuple[str, str]:
    """Return two short lines about a node."""
    digest = (node.sha256 or "")[:12]
    if node.kind == "table":
        rows = f" · {short(node.rows)} rows" if node.rows is not None else ""
        return clipped(f"{node.builder or ''}{rows}", 34), moment(node.when)
    if node.kind == "unknown":
        return "unknown", digest
    files = f"{counted(node.files, 'file')} · " if node.files is not None else ""
    return f"{files}{size(node.bytes)}", digest


def _about(edge: Edge) -> str:
    return " ".join(filter(None, (edge.option, edge.label, edge.why)))
