"""`tablehost lineage`: what tables were made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tablehost.cli.answer import JsonSwitch, print_json
from tablehost.console.text import counted, printable, shown
from tablehost.objects.path import as_path
from tablehost.trust.lineage.lineage import Edge, Lineage, Node
from tablehost.trust.lineage.lineage import lineage as trace

if TYPE_CHECKING:
    from rich.tree import Tree

_NO_WRAPPING = 100_000
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
    from rich.console import Console  # heavier than the rest of this command

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _NO_WRAPPING
    branches = _Branches(found)
    for one in found.tables:
        if one not in branches.shown:
            console.print(branches.tree(one))


class _Branches:
    """Draws trees in which the ancestors of a table are drawn once."""

    def __init__(self, found: Lineage) -> None:
        self.shown: set[str] = set()
        self._nodes = {node.id: node for node in found.nodes}
        self._edges: dict[str, list[Edge]] = defaultdict(list)
        for edge in found.edges:
            self._edges[edge.child].append(edge)

    def tree(self, table: str) -> Tree:
        from rich.text import Text
        from rich.tree import Tree

        top = Tree(Text(_line(self._nodes[table])))
        self.shown.add(table)
        todo = [(top, edge) for edge in reversed(self._edges[table])]
        while todo:
            branch, edge = todo.pop()
            node, label = self._nodes[edge.parent], f"{edge.label}=" if edge.label else ""
            further, again = self._edges[node.id], node.id in self.shown
            self.shown.add(node.id)
            after = f" ({edge.why})" if edge.why else ""
            after += " (see above)" if further and again else ""
            line = _line(node, f"{edge.option}: {label}", after)
            twig = branch.add(Text(line))
            todo += [(twig, one) for one in reversed(further) if not again]
        return top


def _line(node: Node, before: str = "", after: str = "") -> str:
    facts = f" ({', '.join(_facts(node))})" if any(_facts(node)) else ""
    return printable(f"{before}{shown(as_path(node.path))}{facts}{after}").replace("\n", "\\n")


def _facts(node: Node) -> Iterator[str]:
    """Yield what is known of a node beside its place."""
    if node.kind == "unknown":
        yield f"unknown: {node.why}"
    if node.torn:
        yield f"torn: {node.torn}"
    if node.builder:
        yield f"{node.builder} {node.version or ''}".strip()
    for number, what in ((node.rows, "row"), (node.files, "file"), (node.bytes, "byte")):
        if number is not None:
            yield counted(number, what)
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
