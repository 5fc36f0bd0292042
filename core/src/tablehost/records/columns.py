"""Arrow columns with one type each, or the lines of the values that do not fit into one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from reprlib import repr as shortened
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tablehost.records.names import is_unicode
from tablehost.records.wording import listed

_TYPES = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), str: pa.string()}
_WORDS = {int: "integer", float: "float", bool: "truth value", str: "text", dict: "object"}


def typed_columns(
    columns: Mapping[str, Sequence[Any]], lines: Sequence[int]
) -> tuple[dict[str, pa.Array], list[str]]:
    """Return the columns that have a value, and the problems of those that have no one type.

    Args:
        columns: by key a value for each row, None where it has none.
        lines: the line of each row.
    """
    arrays: dict[str, pa.Array] = {}
    problems: list[str] = []
    for key, values in columns.items():
        try:
            array = _array(values, lines)
        except _NoOneType as found:
            problems.append(f"the values of {key!r} {found.problem}")
            continue
        if array is not None:
            arrays[key] = array
    return arrays, problems


class _NoOneType(Exception):
    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def _array(values: Sequence[Any], lines: Sequence[int]) -> pa.Array | None:
    """Return a key's values in the one type that fits all; None where there is no value.

    Raises:
        _NoOneType: no type does, with the lines.
    """
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return None
    if kinds == {int, float}:
        problem = "are too large for a float: {}; write all as text"
        _check(values, lines, lambda one: type(one) is int and abs(one) > 2**53, problem)
        kinds = {float}
    kind = kinds.pop()
    if kinds or kind not in _TYPES:
        raise _NoOneType(_mixed(values, lines))
    try:
        array = pa.array(values, _TYPES[kind])
    except OverflowError:
        problem = "do not fit into 64 bits: {}; write all as text"
        _check(values, lines, lambda one: not -(2**63) <= one < 2**63, problem)
        raise
    except UnicodeEncodeError:
        problem = "have an unpaired surrogate, which is not valid Unicode: {}; correct them"
        _check(values, lines, lambda one: not is_unicode(one), problem)
        raise
    if kind is float and pc.any(pc.is_inf(array)).as_py():
        _check(values, lines, math.isinf, "are not finite: {}; correct them or leave them out")
    return array


def _check(
    values: Sequence[Any], lines: Sequence[int], is_bad: Callable[[Any], bool], problem: str
) -> None:
    bad = [
        f"{shortened(value)} on line {line}"
        for line, value in zip(lines, values, strict=True)
        if value is not None and is_bad(value)
    ]
    if bad:
        raise _NoOneType(problem.format(listed(bad)))


def _mixed(values: Sequence[Any], lines: Sequence[int]) -> str:
    first: dict[str, int] = {}
    for line, value in zip(lines, values, strict=True):
        if value is not None:
            first.setdefault(_WORDS.get(type(value), type(value).__name__), line)
    seen = ", ".join(f"{kind} on line {line}" for kind, line in first.items())
    if len(first) > 1:
        return f"have no common type: {seen}; write all in one type"
    return f"are not plain values: {seen}; write them as text, numbers or truth values"
