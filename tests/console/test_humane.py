"""Numbers, sizes and times as a person reads them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost.console import humane


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (152265, "152,265"),
        (6.5, "6.5"),
        (0.951278575, "0.9513"),
        (-35.9612, "-35.96"),
        (12345.678, "12,346"),
        (3.3232e-07, "3.323e-7"),
        (1.5e300, "1.5e300"),
        (math.inf, "inf"),
        (True, "True"),
        ("2026-05-21", "2026-05-21"),
    ],
)
def test_a_number_has_four_digits_that_count_and_a_whole_one_all(value, said):
    assert humane.number(value) == said


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_two_numbers_that_differ_are_seen_to_differ(a, b):
    first, second = humane.different(a, b)
    assert (first == second) is (a == b)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (1023, "1.0 KiB"),
        (17_408, "17 KiB"),
        (1_039_360, "1.0 MiB"),
        (5 * 2**40, "5.0 TiB"),
    ],
)
def test_a_size_has_the_unit_in_which_it_is_short(count, said):
    assert humane.size(count) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.24, "0.2 s"),
        (3, "3 s"),
        (59.4, "59 s"),
        (185, "3 min 05 s"),
        (11_100, "3 h 05 min"),
        (223_000, "62 h"),
        (864_000, "10 days"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds, said):
    assert humane.duration(seconds) == said


@pytest.mark.parametrize(
    ("per_second", "said"),
    [(231.4, "231/s"), (1.25, "1.2/s"), (0.405, "24.3/min"), (0.001, "3.6/h"), (0, "0.0/h")],
)
def test_a_rate_below_one_a_second_is_given_by_the_minute_or_the_hour(per_second, said):
    assert humane.rate(per_second) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 4, "0 %"), (1, 1000, "< 1 %"), (1, 3, "33 %"), (999, 1000, "99 %"), (4, 4, "100 %")],
)
def test_all_and_nothing_are_said_only_where_it_is_so(part, whole, said):
    assert humane.share(part, whole) == said
