"""How metadata fits a table: the columns of the result, and the values in their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as is_type

from tablehost import Refused
from tablehost.records import listed
from tablehost.table import is_text, stored_type, value_type


def fit(
    schema: pa.Schema, columns: Mapping[str, pa.Array], *, key: str, who: str
) -> tuple[pa.Schema, dict[str, pa.Array]]:
    """Fit metadata to a table.

    Args:
        schema: of the table.
        columns: of the metadata, by key.
        key: the column that identifies a clip.
        who: what to call the table in a message.

    Returns:
        The schema of the filled table, in which columns keep their order and type and new ones
        follow, and the metadata in the types of its columns.

    Raises:
        Refused: the table has no such key, or a value does not fit into its column.
    """
    problems = [*_key_problems(schema, key), *_unwritable(schema)]
    fields = {one.name: one for one in schema}
    fitted = {}
    for name, values in columns.items():
        try:
            fields[name] = _filled_field(schema, name, values.type)
            fitted[name] = _cast(name, values, fields[name].type)
        except _Unfit as unfit:
            problems.append(unfit.problem)
    if problems:
        raise Refused(f"{who}: {problem}" for problem in problems)
    return pa.schema(list(fields.values())), fitted


class _Unfit(Exception):
    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def _key_problems(schema: pa.Schema, key: str) -> list[str]:
    if key not in schema.names:
        shown = listed(schema.names) or "none"
        return [f"no column {key!r}, by which to find a row's clip; its columns are: {shown}"]
    kind = value_type(schema.field(key).type)
    if not (is_text(kind) or is_type.is_integer(kind)):
        return [f"the column {key!r} has the type {kind}; text or integers identify a clip"]
    return []


def _unwritable(schema: pa.Schema) -> Iterator[str]:
    for field in schema:
        try:
            stored_type(field.type)
        except TypeError as error:
            yield f"the column {field.name!r}: {error}; convert or drop it"


def _filled_field(schema: pa.Schema, name: str, kind: pa.DataType) -> pa.Field:
    """Return the field of a filled column: the table's in its stored type, or a new one.

    Raises:
        _Unfit: the table's is of another kind, or its name differs in case only.
    """
    if name in schema.names:
        field = schema.field(name)
        if is_type.is_null(field.type):
            return pa.field(name, kind, nullable=field.nullable)
        if _family(value_type(field.type)) != _family(kind):
            msg = f"{_pair(name, kind, field.type)}; convert one of them"
            raise _Unfit(msg)
        return pa.field(name, stored_type(field.type), nullable=field.nullable)
    for other in schema.names:
        if other.lower() == name.lower():
            msg = f"the column {other!r} differs from {name!r} in case only; rename it"
            raise _Unfit(msg)
    return pa.field(name, kind)


def _family(kind: pa.DataType) -> str:
    if is_type.is_integer(kind) or is_type.is_floating(kind) or is_type.is_decimal(kind):
        return "number"
    return "text" if is_text(kind) else str(kind)


def _pair(name: str, kind: pa.DataType, column: pa.DataType) -> str:
    return f"the values of {name!r} are {kind}, the table's column is {column}"


def _cast(name: str, values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return metadata in the type of its column.

    Raises:
        _Unfit: it does not fit.
    """
    try:
        # a decimal takes what is written; from a number pyarrow refuses what would fit
        written = values.cast(pa.string()) if is_type.is_decimal(kind) else values
        cast = written.cast(kind)
        if is_type.is_floating(kind):
            _check_float(values, cast.cast(pa.float64()))
    except (ValueError, pa.ArrowNotImplementedError) as error:
        problem = f"{_pair(name, values.type, kind)}, into which not all fit: {error}; convert one"
        raise _Unfit(problem) from error
    return cast


def _check_float(values: pa.Array, cast: pa.Array) -> None:
    """Refuse what pyarrow accepts: a float that is too large, an integer that a float rounds.

    Raises:
        ValueError: there is one.
    """
    whole = is_type.is_integer(values.type)
    lost = pc.not_equal(cast, values.cast(pa.float64())) if whole else pc.is_inf(cast)
    if pc.any(lost).as_py():
        msg = f"{values.filter(lost)[0]} does not"
        raise ValueError(msg)
