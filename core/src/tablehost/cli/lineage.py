"""`tablehost lineage`: what tables were made of."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tablehost.cli.answer import JsonSwitch, print_json
from tablehost.console import screen
from tablehost.console.humane import moment, size
from tablehost.console.text import counted, printable, shown
from tablehost.objects.path import as_path
from tablehost.trust.lineage.lineage import Edge, Lineage, Node
from tablehost.trust.lineage.lineage import lineage as trace

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

_NO_WRAPPING = 100_000
_INDENT = 4  # of each branch of a tree
_SHAPES = {"table": "[]", "input": ("([", "])"), "unknown": ("{{", "}}")}
_MERMAID = str.maketrans({c: f"#{ord(c)};" for c in '#"<>&`\\\n'})


def lineage(
    path: Path,
    /,
    *,
    format: Literal["tree", "json", "mermaid"] = "tree",  # noqa: A002  # the option's name
    as_json: JsonSwitch = False,
) -> int:
    """Show what a table was made of, up to the raw inputs.

    Ancestors are found by their digests, so that files that were moved keep their ancestry. They
    are searched for in their recorded places and in the folder of the table, histories included.
    An ancestor whose manifest is missing is shown as unknown, and one whose manifest is not the
    one that was read is said to be; either is exit code 1, and so is a commit that was cut off.

    Args:
        path: The table, its manifest, or a folder for every table in it.
        format: A tree to read, a graph of nodes and edges as JSON, or a Mermaid flowchart.
        as_json: Same as --format json.
    """
    found = trace([path])
    if as_json or format == "json":
        print_json(found)
    elif format == "mermaid":
        print("\n".join(_mermaid(found)))
    else:
        _print_tree(found)
    finding = any(node.kind == "unknown" or node.torn for node in found.nodes)
    return 1 if finding or any(edge.why for edge in found.edges) else 0


def _print_tree(found: Lineage) -> None:
    console = screen.console(sys.stdout)
    is_drawn = screen.can_draw(sys.stdout)
    if not is_drawn:
        console.width = _NO_WRAPPING
    branches = _Branches(found, console.width if is_drawn else None)
    for one in found.tables:
        if one not in branches.shown:
            console.print(branches.tree(one))


class _Branches:
    """Draws trees in which the ancestors of a table are drawn once.

    Args:
        found: what there is.
        width: of the terminal; None for plain lines, which are as long as they are.
    """

    def __init__(self, found: Lineage, width: int | None) -> None:
        self._width = width
        self.shown: set[str] = set()
        self._nodes = {node.id: node for node in found.nodes}
        self._edges: dict[str, list[Edge]] = defaultdict(list)
        for edge in found.edges:
            self._edges[edge.child].append(edge)

    def tree(self, table: str) -> Tree:
        from rich.tree import Tree

        top = Tree(self._text(self._nodes[table]))
        self.shown.add(table)
        todo = [(top, edge, 1) for edge in reversed(self._edges[table])]
        while todo:
            branch, edge, depth = todo.pop()
            node, label = self._nodes[edge.parent], f"{edge.label}=" if edge.label else ""
            further, again = self._edges[node.id], node.id in self.shown
            self.shown.add(node.id)
            after = f" ({edge.why})" if edge.why else ""
            after += " (see above)" if further and again else ""
            twig = branch.add(self._text(node, f"{edge.option}: {label}", after, depth))
            todo += [(twig, one, depth + 1) for one in reversed(further) if not again]
        return top

    def _text(self, node: Node, before: str = "", after: str = "", depth: int = 0) -> Text:
        from rich.text import Text

        if self._width is None:
            facts = f" ({', '.join(_facts(node))})" if any(_facts(node)) else ""
            return Text(_in_line(f"{before}{shown(as_path(node.path))}{facts}{after}"))
        before, facts = _in_line(before), _in_line(f"  {', '.join(_short_facts(node))}{after}")
        room = self._width - _INDENT * depth - len(before) - len(facts)
        path = _in_line(shown(as_path(node.path)))
        path = _end_of(path, max(room, len(path.rpartition("/")[2]) + 1))
        worse = "yellow" if node.kind == "unknown" else "red" if node.torn else "dim"
        parts = (before, "dim"), (path, "bold"), (facts, worse)
        return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def _in_line(text: str) -> str:
    return printable(text).replace("\n", "\\n")


def _end_of(path: str, most: int) -> str:
    return path if len(path) <= most else f"…{path[1 - most :]}"


def _short_facts(node: Node) -> Iterator[str]:
    """Yield what is known of a node as a person reads it."""
    for fact in (node.kind == "unknown" and f"unknown: {node.why}", node.torn):
        if fact:
            yield fact
    if node.builder:
        yield node.builder
    for number, what in ((node.rows, "row"), (node.files, "file")):
        if number is not None:
            yield counted(number, what)
    if node.bytes is not None:
        yield size(node.bytes)
    if node.when:
        yield moment(node.when)
    if node.sha256:
        yield node.sha256[:8]
    if node.replaced:
        yield "replaced since"


def _facts(node: Node) -> Iterator[str]:
    """Yield what is known of a node beside its place, in full: for plain lines and charts."""
    if node.kind == "unknown":
        yield f"unknown: {node.why}"
    if node.torn:
        yield f"torn: {node.torn}"
    if node.builder:
        yield f"{node.builder} {node.version or ''}".strip()
    for number, what in ((node.rows, "row"), (node.files, "file"), (node.bytes, "byte")):
        if number is not None:
            yield f"{number} {what}{'' if number == 1 else 's'}"
    if node.when:
        yield node.when
    if node.sha256:
        yield node.sha256[:12]
    if node.replaced:
        yield "replaced since"


def _mermaid(found: Lineage) -> Iterator[str]:
    """Yield the lines of a flowchart; ids are numbers, which need no escaping."""
    numbers = {node.id: f"n{number}" for number, node in enumerate(found.nodes)}
    yield "flowchart TD"
    for node in found.nodes:
        left, right = _SHAPES[node.kind]
        text = "<br/>".join(map(_quoted, (shown(as_path(node.path)), *_facts(node))))
        yield f'    {numbers[node.id]}{left}"{text}"{right}'
    for edge in found.edges:
        text = _quoted(" ".join(filter(None, (edge.option, edge.label, edge.why))))
        yield f'    {numbers[edge.parent]} -->|"{text}"| {numbers[edge.child]}'


def _quoted(text: str) -> str:
    return printable(text).translate(_MERMAID)
