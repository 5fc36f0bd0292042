"""Drawings from recorded histograms agree with the values that these were made of."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost.report.graph import HEIGHT, WIDTH, layout
from tablehost.report.histogram import draw, tick_text, ticks
from tablehost.report.shape import Shape, cells_for, distance, in_cells, stability
from tablehost.table.histogram import Distribution

finite = st.floats(-1e300, 1e300, allow_subnormal=False)
columns = st.one_of(
    st.lists(finite, min_size=1, max_size=200),
    st.lists(st.integers(-300, 300), min_size=1, max_size=400),
    st.lists(st.integers(0, 300).map(lambda one: one / 10), min_size=1, max_size=400),
)


def shape_of(values) -> Shape:
    """Return the shape of values as a manifest would record it."""
    array = np.array(values)
    counted = Distribution()
    counted.update(array, array.min(), array.max())
    found = Shape.recorded(attrs.asdict(counted.finish()), array.min().item(), array.max().item())
    assert found is not None
    return found


@given(columns)
def test_every_value_is_in_one_cell_of_a_drawing(values):
    shape = shape_of(values)
    cells = cells_for(shape)
    assert len(cells) <= 51
    assert (np.diff(cells) > 0).all()
    assert in_cells(shape, cells).sum() == pytest.approx(len(values))
    assert draw(shape, len(values)).total == len(values)


@given(columns)
def test_the_median_of_a_shape_is_among_the_values_that_could_be_it(values):
    shape = shape_of(values)
    ranked = sorted(values)
    low, high = (ranked[(len(values) - 1) // 2], ranked[len(values) // 2])
    within = np.array([shape.quantile(0.5)])
    bins = (shape.high - shape.low).max() + 1e-9 * max(map(abs, values))
    assert low - bins <= within[0] <= high + bins


@pytest.mark.parametrize("step", [1, 0.1, 0.25, 7])
def test_every_bar_of_a_grid_has_as_many_of_its_values(step):
    values = np.arange(100) * step
    assert set(in_cells(shape_of(values), cells_for(shape_of(values)))[:-1]) == {3.0}


def test_a_long_tail_is_in_the_last_bar_and_the_drawing_says_so():
    shape = shape_of([*np.linspace(0, 1, 5000), 1e6])
    cells = cells_for(shape)
    assert cells[-1] < 2
    assert in_cells(shape, cells).sum() == 5001
    assert draw(shape, 5001).open == (False, True)


@given(st.integers(0, 2**32))
def test_stability_and_distance_are_nearly_those_of_the_values(seed):
    random = np.random.default_rng(seed)
    before = random.normal(0, 1, 2000)
    now = random.normal(random.uniform(-1, 1), random.uniform(0.5, 2), 1000)
    places = np.sort(np.concatenate([before, now]))
    exact = np.abs(
        np.searchsorted(np.sort(before), places, "right") / len(before)
        - np.searchsorted(np.sort(now), places, "right") / len(now)
    ).max()
    assert distance(shape_of(before), shape_of(now)) == pytest.approx(exact, abs=0.03)
    tenths = np.quantile(before, np.linspace(0, 1, 11)[1:-1])
    old, new = (
        np.bincount(np.searchsorted(tenths, one, "right"), minlength=10) + 0.5
        for one in (before, now)
    )
    old, new = old / old.sum(), new / new.sum()
    index = float(((new - old) * np.log(new / old)).sum())
    assert stability(shape_of(before), shape_of(now)) == pytest.approx(index, rel=0.1, abs=0.03)


def test_a_table_has_not_drifted_from_itself():
    shape = shape_of(np.random.default_rng(1).normal(size=1000))
    assert stability(shape, shape) == 0
    assert distance(shape, shape) == 0


@pytest.mark.parametrize(
    "histogram",
    [
        None,
        {},
        {"form": "other", "scale": 0, "bins": "1:1"},
        {"form": "linear", "scale": "x", "bins": "1:1"},
        {"form": "linear", "scale": 0, "bins": "1"},
        {"form": "linear", "scale": 0, "bins": ""},
        {"form": "linear", "scale": 5000, "bins": "1:1"},
        {"form": "log", "scale": 42, "bins": "99999999999999:1"},
        {"form": "values", "scale": 0, "bins": "-1.7e308:1 1.7e308:1"},
        {"form": "values", "scale": 0, "bins": "1:-4"},
    ],
)
def test_a_histogram_that_makes_no_sense_is_not_drawn(histogram):
    assert Shape.recorded(histogram, None, None) is None


def test_ticks_that_lie_close_together_have_different_texts():
    found = [tick_text(one) for one in ticks(0.9999990, 1.0000001, 4)]
    assert found == ["0.999999", "0.9999995", "1"]


@given(finite, finite)
def test_ticks_are_round_and_between_the_bounds(one, other):
    low, high = min(one, other), max(one, other)
    found = ticks(low, high)
    span = high - low
    assert found == sorted(found)
    assert len(found) <= 13
    assert all(low - span / 1e6 <= tick <= high + span / 1e6 for tick in found)


graphs = st.integers(2, 14).flatmap(
    lambda size: st.lists(
        st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).filter(
            lambda edge: edge[0] != edge[1]
        ),
        max_size=25,
        unique=True,
    ).map(lambda edges: (size, edges))
)


@given(graphs)
def test_no_two_nodes_of_a_graph_overlap_and_no_edge_leads_back(graph):
    size, edges = graph
    nodes = [f"n{one}" for one in range(size)]
    placed = layout(nodes, [(f"n{one}", f"n{other}") for one, other in edges])
    assert set(placed.nodes) == set(nodes)
    for place, (left, top) in placed.nodes.items():
        assert 0 <= left <= placed.width - WIDTH
        assert 0 <= top <= placed.height - HEIGHT
        for other, (x, y) in placed.nodes.items():
            assert other == place or left != x or abs(top - y) >= HEIGHT
    for parent, child in placed.paths:
        assert placed.nodes[parent][0] < placed.nodes[child][0]
