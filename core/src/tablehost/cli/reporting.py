"""Which reporter fits the options of a command, and what stderr is."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from tablehost.console.reporter import JsonLines, Meter, Plain, Reporter
from tablehost.console.screen import is_terminal


def reporter(*, as_json: bool, quiet: bool) -> Reporter:
    """Return the reporter that fits the options and what stderr is."""
    if as_json:
        return JsonLines()
    if quiet:
        return Reporter()
    if not is_terminal(sys.stderr):
        return Plain()
    from tablehost.console.terminal import Terminal  # rich, which only a terminal needs

    return Terminal()


def passing_bar(total: int, what: str) -> AbstractContextManager[Meter]:
    """Show progress that leaves nothing behind, where a person waits for more than one thing."""
    if total == 1 or not is_terminal(sys.stderr):
        return Reporter().progress(total, what)
    from tablehost.console.terminal import Terminal  # rich, which only a terminal needs

    return Terminal().bar(total, what)
