"""The layout of a graph in layers: parents left of children, few lines that cross.

The longest path gives a node its layer, the mean place of its neighbours its order there. An edge
over several layers has a point in each of them, so that it passes between their nodes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from attrs import frozen

WIDTH: Final = 204
HEIGHT: Final = 56
_BESIDE: Final = 74
_BETWEEN: Final = 18
_POINT: Final = 14
_SWEEPS: Final = 12
_PULLS: Final = 6
_EDGE: Final = 2

Edge = tuple[str, str]
"""A parent and a child."""


@frozen
class Layout:
    """Where nodes and edges are, in pixels.

    Args:
        width: of all.
        height: of all.
        nodes: left and top of each node, by its id.
        paths: of each edge, as SVG has them.
    """

    width: float
    height: float
    nodes: Mapping[str, tuple[float, float]]
    paths: Mapping[Edge, str]


def components(nodes: Iterable[str], edges: Iterable[Edge]) -> list[list[str]]:
    """Return the nodes that edges join, the largest group first."""
    above = {node: node for node in nodes}

    def top(node: str) -> str:
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    for parent, child in edges:
        above[top(child)] = top(parent)
    found: dict[str, list[str]] = defaultdict(list)
    for node in above:
        found[top(node)].append(node)
    return sorted(found.values(), key=lambda one: -len(one))


def layout(nodes: Sequence[str], edges: Sequence[Edge]) -> Layout:
    """Place the nodes of a graph; edges that would make it a circle are not drawn."""
    layer, edges = _layers(nodes, edges)
    chains = {edge: _chain(edge, layer) for edge in edges}
    order = _ordered(layer, chains.values())
    y = _heights(order, chains.values(), set(nodes))
    first = min(layer.values())

    def x(node: str) -> float:
        return (layer[node] - first) * (WIDTH + _BESIDE) + _EDGE

    tops = {one: y[one] - _tall(one, nodes) / 2 for one in y}
    least = min(tops.values()) - _EDGE
    return Layout(
        width=max(map(x, nodes)) + WIDTH + _EDGE,
        height=max(tops[one] + _tall(one, nodes) for one in y) - least + _EDGE,
        nodes={one: (x(one), tops[one] - least) for one in nodes},
        paths={
            edge: _path([(x(one), y[one] - least) for one in chain])
            for edge, chain in chains.items()
        },
    )


def _layers(nodes: Sequence[str], edges: Sequence[Edge]) -> tuple[dict[str, int], list[Edge]]:
    """Return the layer of each node, and the edges without those that close a circle."""
    parents, children = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for parent, child in edges:
        parents[child].append(parent)
        children[parent].append(child)
    missing = {node: len(parents[node]) for node in nodes}
    ready = [node for node in nodes if not missing[node]]
    layer = dict.fromkeys(ready, 0)
    for node in ready:  # it grows
        for child in children[node]:
            missing[child] -= 1
            layer[child] = max(layer.get(child, 0), layer[node] + 1)
            if not missing[child]:
                ready.append(child)
    for node in nodes:
        layer.setdefault(node, 0)
    for node in nodes:  # what was made of nothing moves next to what was first made of it
        if not parents[node] and children[node]:
            layer[node] = max(0, min(layer[child] for child in children[node]) - 1)
    return layer, [(one, other) for one, other in edges if layer[one] < layer[other]]


def _chain(edge: Edge, layer: dict[str, int]) -> list[str]:
    """Return the nodes of an edge with a point in every layer between, which is entered too."""
    parent, child = edge
    between = range(layer[parent] + 1, layer[child])
    points = {f"{parent}\0{child}\0{one}": one for one in between}
    layer.update(points)
    return [parent, *points, child]


def _ordered(layer: Mapping[str, int], chains: Iterable[Sequence[str]]) -> list[list[str]]:
    """Return the nodes of each layer in the order that crosses few lines."""
    beside = _neighbours(chains)
    layers: dict[int, list[str]] = defaultdict(list)
    for node in layer:
        layers[layer[node]].append(node)
    numbers = sorted(layers)
    place = {node: at for one in layers.values() for at, node in enumerate(one)}
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for number in numbers if forward else reversed(numbers):
            towards = number - 1 if forward else number + 1
            weight = {}
            for node in layers[number]:
                known = [place[one] for one in beside[node] if layer[one] == towards]
                weight[node] = sum(known) / len(known) if known else place[node]
            layers[number].sort(key=lambda node: (weight[node], place[node]))
            place |= {node: at for at, node in enumerate(layers[number])}
    return [layers[number] for number in numbers]


def _heights(
    order: Sequence[Sequence[str]], chains: Iterable[Sequence[str]], nodes: set[str]
) -> dict[str, float]:
    """Return the middle of each node: near its neighbours, with a gap to the next of its layer."""
    beside = _neighbours(chains)
    total = max(sum(_tall(one, nodes) + _BETWEEN for one in layer) for layer in order)
    y: dict[str, float] = {}
    for layer in order:
        at = (total - sum(_tall(one, nodes) + _BETWEEN for one in layer)) / 2
        for node in layer:
            y[node] = at + _tall(node, nodes) / 2
            at += _tall(node, nodes) + _BETWEEN
    for pull in range(_PULLS):
        for layer in order if pull % 2 else reversed(order):
            wanted = {
                one: sum(y[other] for other in beside[one]) / len(beside[one])
                if beside[one]
                else y[one]
                for one in layer
            }
            y |= _apart(layer, wanted, nodes, total)
    return y


def _apart(
    layer: Sequence[str], wanted: Mapping[str, float], nodes: set[str], total: float
) -> dict[str, float]:
    """Keep the order and the gaps: down where they are too near, then up from the bottom."""
    found: dict[str, float] = {}
    free = float("-inf")
    for node in layer:
        half = _tall(node, nodes) / 2
        found[node] = max(wanted[node], free + half)
        free = found[node] + half + _BETWEEN
    free = total
    for node in reversed(layer):
        half = _tall(node, nodes) / 2
        found[node] = min(found[node], free - half)
        free = found[node] - half - _BETWEEN
    return found


def _neighbours(chains: Iterable[Sequence[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for one, other in pairwise(chain):
            found[one].append(other)
            found[other].append(one)
    return found


def _tall(node: str, nodes: Iterable[str]) -> int:
    return HEIGHT if node in nodes else _POINT


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Return a line that bends between layers, and is straight through them."""
    (x, y), *rest = points
    x += WIDTH
    path = f"M{x:.0f},{y:.1f}"
    for place, (next_x, next_y) in enumerate(rest):
        middle = (x + next_x) / 2
        path += f"C{middle:.0f},{y:.1f} {middle:.0f},{next_y:.1f} {next_x:.0f},{next_y:.1f}"
        x, y = next_x, next_y
        if place < len(rest) - 1:
            x += WIDTH
            path += f"H{x:.0f}"
    return path
