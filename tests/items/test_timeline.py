"""The timeline of a run's items: what its bins add up to, and which there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost.items.timeline import MOST_BINS, Ends, timeline_of

ENDS = st.builds(
    Ends,
    at=st.floats(1e9, 2e9).map(lambda at: round(at, 6)),
    done=st.integers(0, 5),
    failed=st.integers(0, 5),
    seconds=st.one_of(st.just(0.0), st.floats(0, 1e5)),
)


def bins_of(timeline):
    """Return by bin what is counted in it: done, failed, busy."""
    bins = (one.split(":") for one in timeline.bins.split())
    return {int(one): (int(done), int(failed), float(busy)) for one, done, failed, busy in bins}


@given(st.lists(ENDS, min_size=1, max_size=30))
def test_no_end_and_no_second_of_work_is_lost_however_wide_bins_become(ends):
    found = bins_of(timeline_of(ends)).values()
    done, failed, busy = (sum(column) for column in zip(*found, strict=True))
    assert done == sum(one.done for one in ends)
    assert failed == sum(one.failed for one in ends)
    spent = sum((one.done + one.failed) * one.seconds for one in ends)
    assert busy == pytest.approx(spent, rel=1e-4, abs=0.01 * len(found))


@given(st.lists(ENDS, min_size=1, max_size=30), st.randoms())
def test_bins_are_at_most_200_and_the_same_in_any_order_of_the_ends(ends, random):
    found = timeline_of(ends)
    assert len(bins_of(found)) <= MOST_BINS
    assert found.seconds.bit_count() == 1
    shuffled = timeline_of(random.sample(ends, len(ends)))
    assert found.seconds == shuffled.seconds
    assert bins_of(found).keys() == bins_of(shuffled).keys()


def test_a_second_is_as_wide_as_bins_begin_and_the_stop_between_two_sessions_has_none():
    monday, tuesday = 1_800_000_000, 1_800_086_400
    ends = [Ends(monday + 2.5, 3, 1, 0.25), Ends(tuesday + 0.5, 1, 0, 2.0)]
    found = timeline_of(ends)
    assert found.seconds == 1
    assert bins_of(found) == {
        monday + 2: (3, 1, 1.0),
        tuesday - 2: (0, 0, 0.5),
        tuesday - 1: (0, 0, 1.0),
        tuesday: (1, 0, 0.5),
    }


def test_an_item_that_took_longer_than_there_has_been_time_ends_all_the_same():
    assert len(bins_of(timeline_of([Ends(1e9, 1, 0, float("inf"))]))) <= MOST_BINS


def test_the_manifest_has_when_the_items_of_all_sessions_ended_and_why_they_failed(squares):
    squares.run("run", "./squares.py", "--out", "t.parquet", "--count", 6, "--fail", 1, "--fail", 3)
    squares.run("run", "./squares.py", "--out", "t.parquet", "--count", 9, "--fail", 3)
    run = squares.manifest("t.parquet")["run"]
    found = bins_of_manifest(run)
    assert [sum(column) for column in zip(*found, strict=True)][:2] == [8, 1]
    assert run["failed_by_reason"] == {"odd": 1}


def test_workers_are_busy_as_long_as_items_take_failed_ones_too(squares):
    options = "--count", 4, "--fail", 2, "--slow", 0.1
    squares.run("run", "./squares.py", "--out", "t.parquet", *options)
    busy = sum(one[2] for one in bins_of_manifest(squares.manifest("t.parquet")["run"]))
    assert 0.4 <= busy < 1.2  # an item takes a little longer than it sleeps


def test_a_run_without_items_has_no_timeline(words):
    words.run("run", "./words.py", "--text", "t.txt", "--out", "w.parquet")
    run = words.manifest("w.parquet")["run"]
    assert (run["timeline"], run["failed_by_reason"]) == (None, {})


def test_the_timeline_outlives_the_ledger(squares):
    squares.run("run", "./squares.py", "--out", "t.parquet")
    before = squares.manifest("t.parquet")["run"]["timeline"]
    assert squares.run("clean", "t.parquet", "--yes").code == 0
    assert squares.run("verify", "t.parquet").code == 0
    assert squares.manifest("t.parquet")["run"]["timeline"] == before


def bins_of_manifest(run):
    bins = run["timeline"]["bins"].split()
    return [tuple(map(float, one.split(":")[1:])) for one in bins]
