"""Results of items: what the annotation allows, and how it is stored in the ledger.

A result is stored as compressed JSON; its large lists of numbers follow as Arrow.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import attrs

from tablehost.contract.annotations import annotation_of
from tablehost.contract.errors import BrokenBuilder, ItemFailed
from tablehost.items.checked import Numbers, WrongValue, checker_of, name_of
from tablehost.items.ledger_format import packed

if TYPE_CHECKING:
    from cattrs.preconf.json import JsonConverter

WRONG_RESULT = "wrong-result"
"""The reason of an item whose result is not what its function announces."""

_MANY_NUMBERS = 10_000  # in the lists of a result: from here on they are stored as Arrow
_WITH_ARROW = b"A"  # how such a result begins; zlib's own first byte is another

_SHOWN = 100  # characters of a wrong result

_PLAIN = {bool, int, float, str, *(one | None for one in (bool, int, float, str))}
_PLAIN |= {list[float], list[int], list[str], list[bool]}  # type: ignore[arg-type]

_DTYPES = {float: "float64", int: "int64"}


@attrs.frozen
class ResultType:
    """What an item function returns.

    Args:
        row: the attrs class of a row.
        many: whether it returns a list of them.
    """

    row: type
    many: bool = False

    @property
    def annotation(self) -> Any:
        """Return the type itself."""
        return list[self.row] if self.many else self.row  # type: ignore[name-defined]


def result_type(function: Callable[..., Any]) -> ResultType:
    """Return what an item function's return annotation names.

    Raises:
        BrokenBuilder: it names no attrs class, nor a list of one.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    try:
        found = annotation_of(function, "return")
    except NameError as error:
        msg = f"the return annotation of {name} cannot be resolved: {error}"
        raise BrokenBuilder(msg) from error
    many = _is_list(found)
    row = get_args(found)[0] if many else found
    if not isinstance(row, type) or not attrs.has(row):
        msg = f"{name} must annotate its return value with the attrs class of its results"
        raise BrokenBuilder(msg)
    _check_fields(row, name)
    return ResultType(row, many)


def _check_fields(row: type, name: str) -> None:
    """Check that every field of a result class has a type that can be stored."""
    try:
        fields = attrs.fields(attrs.resolve_types(row))
    except NameError as error:
        msg = f"{name}: a field of {row.__name__} cannot be resolved: {error}"
        raise BrokenBuilder(msg) from error
    for field in fields:
        unfit = _unfit(field.type, frozenset([row]))
        if unfit is not None:
            msg = (
                f"{name}: field `{field.name}` of {row.__name__} has the type {name_of(unfit)}, as "
                "which no result is stored; use numbers, text, bytes, dates, enums, lists, dicts, "
                "or an attrs class of these"
            )
            raise BrokenBuilder(msg)


def _unfit(annotation: Any, above: frozenset[Any]) -> Any:
    """Return the first part of a type that cannot be stored; None where all of it can.

    Args:
        annotation: the type.
        above: the classes that it is in; one that has a field of its own type is not stored.
    """
    if annotation in (..., None, type(None)):
        return None
    if annotation in above:
        return annotation
    parts = get_args(annotation)[: 1 if get_origin(annotation) is Annotated else None]
    if get_origin(annotation) in (Literal, Callable):
        parts = ()
    if isinstance(annotation, type) and attrs.has(annotation):
        above |= {annotation}
        parts = tuple(one.type for one in attrs.fields(attrs.resolve_types(annotation)))
    found = next((one for one in (_unfit(part, above) for part in parts) if one is not None), None)
    if found is not None or parts:
        return found
    try:
        checker_of(annotation)
        _converter().get_structure_hook(annotation)
    except Exception:  # noqa: BLE001  # cattrs raises this and that
        return annotation
    return None


def columns(cls: type) -> dict[str, str]:
    """Return the fields of a result class with their types' names; part of the item recipe."""
    return {field.name: str(field.type) for field in attrs.fields(attrs.resolve_types(cls))}


def encoder_of(function: Callable[..., Any]) -> Callable[[Any], bytes]:
    """Return what checks a function's results and encodes them.

    It raises `ItemFailed` for a result of another type, and for one that would be read back as
    another: nothing is coerced.
    """
    kind = result_type(function)
    write, decode = _writer(kind), decoder_of(kind)
    if _comes_back(kind.row):
        return write

    def encode(result: Any) -> bytes:
        stored = write(result)
        try:
            found = decode(stored)
            same = write(found) == stored
        except Exception as error:  # noqa: BLE001  # a class may refuse what a field has become
            detail = f"{_short(result)} cannot be read back: {error!r}"[: 2 * _SHOWN]
            raise ItemFailed(WRONG_RESULT, detail) from None
        if not same:
            detail = f"{_short(result)} would be read back as {_short(found)}"
            raise ItemFailed(WRONG_RESULT, detail)
        return stored

    return encode


_OWN_CODE = ("__attrs_pre_init__", "__attrs_init__", "__attrs_post_init__")


def _comes_back(cls: type) -> bool:
    """Return whether every row is read back as it was: of plain values, and made without own code.

    Reading each one back would take as long as writing it.
    """
    own_code = any(hasattr(cls, name) for name in _OWN_CODE) or "__attrs_attrs__" not in vars(cls)
    return not own_code and all(
        field.type in _PLAIN and field.init and not (field.converter or field.validator)
        for field in attrs.fields(attrs.resolve_types(cls))
    )


def _writer(kind: ResultType) -> Callable[[Any], bytes]:
    check, unstructure = checker_of(kind.annotation), _converter().unstructure
    numbers: list[Numbers] = []

    def apart(value: Any) -> Any:
        if not isinstance(value, Numbers):
            return unstructure(value)
        numbers.append(value)
        return len(numbers) - 1

    def inside(value: Any) -> Any:
        return value.as_list() if isinstance(value, Numbers) else unstructure(value)

    json_apart, json_inside = _json_encoder(apart), _json_encoder(inside)

    def written(result: Any) -> bytes:
        numbers.clear()
        try:
            checked = check(result)
        except WrongValue as wrong:
            raise ItemFailed(WRONG_RESULT, str(wrong)) from None
        text = json_apart(checked)
        if not numbers:
            return packed(text.encode())
        if sum(len(one.values) for one in numbers) >= _MANY_NUMBERS:
            with suppress(OverflowError):  # an int has more than 64 bits
                arrow, head = _to_arrow(numbers), packed(text.encode())
                return b"%b%d:%b%b" % (_WITH_ARROW, len(head), head, arrow)
        return packed(json_inside(checked).encode())

    return written


def decoder_of(kind: ResultType) -> Callable[[bytes], Any]:
    """Return what reads the results that were encoded for a type."""
    from cattrs.cols import list_structure_factory

    converter, numbers = _new_converter(), list[list[Any]]()

    def list_hook(annotation: Any) -> Callable[[Any, Any], Any]:
        usual = list_structure_factory(annotation, converter)
        return lambda raw, cls: numbers[raw] if type(raw) is int else usual(raw, cls)

    converter.register_structure_hook_factory(_is_list, list_hook)
    structure = converter.get_structure_hook(kind.annotation)

    def decode(stored: bytes) -> Any:
        numbers.clear()
        if stored.startswith(_WITH_ARROW):
            length, _, rest = stored[1:].partition(b":")
            stored, arrow = rest[: int(length)], rest[int(length) :]
            numbers.extend(_from_arrow(arrow))
        return structure(json.loads(zlib.decompress(stored).decode()), kind.annotation)

    return decode


def _short(value: Any) -> str:
    return repr(value)[:_SHOWN]


def _json_encoder(default: Callable[[Any], Any]) -> Callable[[Any], str]:
    return json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=default).encode


@cache
def _converter() -> JsonConverter:
    return _new_converter()


def _new_converter() -> JsonConverter:
    from cattrs.preconf.json import make_converter  # slow to import

    return make_converter()


def _to_arrow(numbers: Sequence[Numbers]) -> bytes:
    """Write lists as an Arrow stream: one a row, in the column of its type."""
    import numpy as np
    import pyarrow as pa

    columns = []
    for kind, dtype in _DTYPES.items():
        arrays = [np.asarray(one.values if one.kind is kind else (), dtype) for one in numbers]
        offsets = np.cumsum([0, *map(len, arrays)], dtype="int64")
        values = np.concatenate(arrays) if len(arrays) > 1 else np.ascontiguousarray(arrays[0])
        # made of buffers: from arrays, pyarrow would import pandas
        inner = pa.Array.from_buffers(
            getattr(pa, dtype)(), len(values), [None, pa.py_buffer(values)]
        )
        lists, ends = pa.large_list(getattr(pa, dtype)()), [None, pa.py_buffer(offsets)]
        columns.append(pa.Array.from_buffers(lists, len(arrays), ends, children=[inner]))
    batch = pa.record_batch(columns, [kind.__name__ for kind in _DTYPES])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _from_arrow(stored: bytes) -> list[list[Any]]:
    import numpy as np
    import pyarrow as pa

    batch = pa.ipc.open_stream(stored).read_next_batch()
    floats, ints = ((one.offsets.to_pylist(), np.from_dlpack(one.values)) for one in batch.columns)
    rows = range(batch.num_rows)
    return [_row(*floats, row) or _row(*ints, row) for row in rows]


def _row(offsets: Sequence[int], values: Any, row: int) -> list[Any]:
    found: list[Any] = values[offsets[row] : offsets[row + 1]].tolist()
    return found


def _is_list(annotation: Any) -> bool:
    origin: Any = get_origin(annotation)
    return origin is list
