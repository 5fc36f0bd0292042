"""A page as one file: nothing is loaded, and nothing runs but what is in it."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tablehost.console.text import counted, printable
from tablehost.report import words

MARK = '<meta name="generator" content="tablehost report">'
"""Every page has it near its beginning, so that nothing else is written over."""


def render(template: str, /, **context: Any) -> str:
    """Return a page.

    Args:
        template: its file.
        context: what the template names. All text is escaped, characters that are not printable
            are made visible.
    """
    style, script = _part("page.css"), _part("page.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template(template)
        .render(
            mark=Markup(MARK),  # noqa: S704  # they are this package's own
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            policy=policy,
            **context,
        )
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("tablehost.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "clipped": words.clipped,
        "number": words.number,
        "share": words.share,
        "size": words.size,
        "moment": words.moment,
        "counted": counted,
        "px": _pixels,
    }
    return made


def _shown(value: Any) -> Any:
    """Return what is written of a value; text that is no markup has only printable characters."""
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Markup) and not value.isprintable():
        return printable(value)
    return value


def _pixels(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _part(name: str) -> str:
    return (files("tablehost.report") / "templates" / name).read_text("utf-8")
