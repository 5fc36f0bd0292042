"""The hash split: the same share for a name in every run, bit for bit."""

import doctest
from collections import Counter
from hashlib import blake2s

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tablehost.split
from tablehost.split import hash_split

SHARES = {"train": 0.80, "val": 0.10, "test": 0.10}


def test_the_examples_of_the_documentation():
    ended = doctest.testmod(tablehost.split)
    assert ended.attempted > 1
    assert ended.failed == 0


@given(st.text(), st.text())
def test_a_share_follows_the_recorded_formula(name, seed):
    digest = blake2s(f"{seed}\0{name}".encode(), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    assert hash_split(name, seed, SHARES) == (
        "train" if place < 0.80 else "val" if place < 0.90 else "test"
    )


@pytest.mark.parametrize(
    ("shares", "bounds"),
    [
        (SHARES, {"train": 0.80, "val": 0.90, "test": 1.0}),
        ({"a": 0.7, "b": 0.1, "c": 0.2}, {"a": 0.7, "b": 0.8, "c": 1.0}),  # 0.7 + 0.1 < 0.8
        ({"a": 1, "b": 0}, {"a": 1.0, "b": 1.0}),
        (dict.fromkeys("abc", 1 / 3), {"a": 1 / 3, "b": 0.6666666666666666, "c": pytest.approx(1)}),
    ],
)
def test_shares_end_where_their_decimals_add_up_to(shares, bounds):
    assert dict(tablehost.split._bounds(tuple(shares.items()))) == bounds


class Digest:
    """A hash whose place on the line from 0 to 1 is given."""

    def __init__(self, place):
        self.place = place

    def __call__(self, _data, **_kwargs):
        return self

    def digest(self):
        return self.place.to_bytes(8, "big")


@pytest.mark.parametrize("below", [0.80, 0.90])
@pytest.mark.parametrize("away", [-4096, -2048, -1025, -1024, -1, 0, 1, 1024, 1025, 4096])
def test_a_hash_beside_a_bound_is_on_the_side_that_it_always_was(monkeypatch, below, away):
    place = int(below * 2**64) + away
    monkeypatch.setattr(tablehost.split, "blake2s", Digest(place))
    at = place / 2**64
    wanted = "train" if at < 0.80 else "val" if at < 0.90 else "test"
    assert hash_split("any", "seed", SHARES) == wanted


@pytest.mark.parametrize(("place", "share"), [(0, "train"), (2**64 - 1, "test")])
def test_the_first_and_the_last_hash_have_a_share(monkeypatch, place, share):
    monkeypatch.setattr(tablehost.split, "blake2s", Digest(place))
    assert hash_split("any", "seed", SHARES) == share


@pytest.mark.parametrize("shares", [{"a": 1, "b": 0}, {"b": 0, "a": 1}, {"a": 1 - 1e-10, "b": 0}])
@pytest.mark.parametrize("place", [0, 2**64 - 1])
def test_a_share_of_no_size_gets_nothing(monkeypatch, place, shares):
    monkeypatch.setattr(tablehost.split, "blake2s", Digest(place))
    assert hash_split("any", "seed", shares) == "a"


def test_the_shares_have_their_sizes():
    found = Counter(hash_split(f"content-{at}", "s", SHARES) for at in range(5_000))
    assert {share: round(count / 5_000, 1) for share, count in found.items()} == SHARES


def test_an_unpaired_surrogate_is_hashed_too():
    assert hash_split("\ud800", "\udcff", SHARES) in SHARES


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 0.9, "b": 0.2}, {"a": 1.5, "b": -0.5}])
def test_shares_that_do_not_add_up_are_refused(shares):
    with pytest.raises(ValueError, match="sizes from 0 to 1 that add up to 1"):
        hash_split("a", "s", shares)


def test_shares_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="sizes from 0 to 1 that add up to 1"):
        hash_split("x", "s", {"a": float("inf"), "b": float("-inf")})
