"""The digest of what a source file does: the same for other comments, layout and docstrings.

It is the sha256 of a text of our own, since `ast.dump` writes another one in each version of
Python: of each node its name and, in brackets and by name, the fields that are neither None nor an
empty list. Left out is every statement that is a string alone: a docstring, or an option's help.
"""

# Only the standard library: the tests run this file by every Python that they find.
from __future__ import annotations

import ast
import hashlib
import json
import warnings
from collections.abc import Iterator
from typing import Any


def parsed(source: bytes) -> ast.Module | None:
    """Parse a source file, or return None where this Python cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None  # a template, or broken: nothing imports it


def syntax_digest(tree: ast.Module) -> str:
    """Digest what a source file does."""
    written: list[str] = []
    pending: list[Any] = [tree]  # no recursion: sums of a thousand terms are trees that deep
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            written.append(one)
        else:
            pending += reversed([*(_of_list(one) if isinstance(one, list) else _of_node(one))])
    return hashlib.sha256("".join(written).encode()).hexdigest()


def _of_list(some: list[Any]) -> Iterator[Any]:
    yield "["
    for one in some:
        if not _is_bare_string(one):
            yield _value(one)
            yield ","
    yield "]"


def _of_node(node: ast.AST) -> Iterator[Any]:
    yield f"{type(node).__name__}("
    for name in sorted(node._fields):
        value = getattr(node, name, None)
        if name == "values" and isinstance(node, ast.JoinedStr):
            value = _joined(node)
        if value is None or value == [] or (name == "format_spec" and not _joined(value)):
            continue
        yield f"{name}="
        yield _value(value)
        yield ","
    yield ")"


def _value(value: Any) -> Any:
    """Return nodes and lists as they are, and any other value as text."""
    if isinstance(value, ast.AST | list):
        return value
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, bytes):
        return f"bytes {value.hex()}"
    if isinstance(value, int) and not isinstance(value, bool):
        return hex(value)  # long decimals are refused
    return repr(value)


def _is_bare_string(node: Any) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _joined(node: ast.JoinedStr) -> list[ast.expr]:
    """Return the parts of an f-string, its text in pieces as long as can be."""
    parts: list[ast.expr] = []
    text = ""
    for one in [*node.values, None]:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            text += one.value
            continue
        parts += [ast.Constant(text)] if text else []
        parts += [one] if one else []
        text = ""
    return parts
