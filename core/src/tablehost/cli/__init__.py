"""The command line: one file a command, and what they share."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from tablehost.console import streams
from tablehost.console.text import printable
from tablehost.contract.errors import TablehostError

if TYPE_CHECKING:
    from cyclopts import App, CycloptsError

_COMMANDS = {
    "run": "Build a table and its manifest with a builder.",
    "plugins": "List the installed builders.",
    "show": "Show what a table is, or how far its run came.",
    "verify": "Check whether tables still belong to their manifests, and what drifted.",
    "why": "Check whether tables are stale, why, and what refreshes them.",
    "replay": "Make a table again from its manifest, and compare.",
    "diff": "Show what differs between two tables.",
    "lineage": "Show what tables were made of.",
    "report": "Write a page about tables: runs, columns, lineage, record.",
    "schema": "Print the JSON Schema of a builder's options or manifest.",
    "clean": "Remove what is kept beside a table: ledger, history, leftovers.",
}

_LONGEST_NAME = 300


def main() -> None:
    """Run the command line and exit with its code."""
    gc.disable()  # what imports allocate is kept; a command that works turns it on again
    streams.prepare()
    code = execute(sys.argv[1:])
    streams.give_up_failing()
    gc.freeze()  # the process ends: a last collection would take a tenth of a second
    sys.exit(code)


def execute(tokens: list[str]) -> int:
    """Run one command line.

    Returns:
        The exit code: 0 done, 1 a finding or failed items, 2 usage or preflight, 3 a broken
        builder, 130 interrupted.
    """
    try:
        return _answered(tokens)
    except TablehostError as error:
        if "--verbose" in tokens:
            show_traceback(error, error.redact)
        complain([*map(error.redact, error.problems)])
        return error.exit_code
    except KeyboardInterrupt:  # of a command that reads only; `run` has its own way to stop
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:
        if "--verbose" in tokens:
            show_traceback(error)
        complain([of_the_system(error)])
        return 2


def of_the_system(error: OSError) -> str:
    """Return what the system refused, in one line: which file or stream, and why."""
    why = error.strerror or str(error)
    names = [str(one) for one in (error.filename, error.filename2) if one is not None]
    if names:
        return f"{' and '.join(map(_tail, names))}: {why}"
    return f"the system refused a call: {why}; --verbose shows where"


def _answered(tokens: list[str]) -> int:
    code = _dispatch(tokens)
    sys.stdout.flush()  # else it is the interpreter's end that finds out that it cannot be written
    return code


def _tail(name: str) -> str:
    """Return the end of a path that is too long for a line."""
    return name if len(name) <= _LONGEST_NAME else f"...{name[-_LONGEST_NAME:]}"


def _dispatch(tokens: list[str]) -> int:
    """Run one command; the parser is imported for a command line that needs it."""
    if tokens == ["--version"]:
        print(_version())
        return 0
    if tokens in (["plugins"], ["plugins", "--json"]):
        from tablehost.cli.plugins import plugins

        return plugins(json="--json" in tokens)
    if tokens[:1] == ["run"]:  # it reads its tokens itself, with the options of its builder
        from tablehost.cli.run import run

        return run(*tokens[1:])
    return _parsed(tokens)


def _parsed(tokens: list[str]) -> int:
    from cyclopts import CycloptsError

    gc.enable()
    try:
        return int(_app(tokens)(tokens, exit_on_error=False, print_error=False) or 0)
    except CycloptsError as error:
        command = f"{tokens[0]} " if tokens[0] in _COMMANDS else ""
        complain([mistyped(error, f"tablehost {command}--help")])
        return 2


def _version() -> str:
    from importlib.metadata import version

    return f"tablehost {version('tablehost')}"


def _app(tokens: list[str]) -> App:
    """Return the application; a command's module is imported when it is called."""
    from cyclopts import App, Parameter

    app = App(
        name="tablehost",
        help="Build derived Parquet tables with the manifest that proves how they were made.",
        version=_version,
        default_parameter=Parameter(negative=()),  # a switch has no `--no-...`
        result_action="return_value",
    )
    for name, summary in _COMMANDS.items():
        app.command(
            f"tablehost.cli.{name}:{name}",
            name=name,
            help=None if tokens[:1] == [name] else summary,  # its own help is its docstring
            sort_key=list(_COMMANDS).index(name),
        )
    return app


def complain(problems: list[str]) -> None:
    """Write each problem on stderr: as one line, unless a terminal is too narrow for it."""
    from tablehost.console import screen  # a command that succeeds does without

    for problem in problems:
        said = " " + problem.replace("\n", " ")
        streams.say(screen.fitted(sys.stderr, "tablehost:", said, style="bad"))


def show_traceback(error: BaseException, redact: Callable[[str], str] = str) -> None:
    """Show the traceback that `--verbose` asks for, without secrets."""
    import traceback  # only for this

    streams.say(printable(redact("".join(traceback.format_exception(error)))))


def mistyped(error: CycloptsError, help_: str) -> str:
    """Return in a line what is wrong with a command line, and which command shows how it is."""
    text = " ".join(str(error).split())
    if text.endswith("?"):
        return f"{text} See {help_}"
    return f"{text if text.endswith('...') else text.removesuffix('.')}; see {help_}"
