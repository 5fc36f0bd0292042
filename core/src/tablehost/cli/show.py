"""`tablehost show`: a manifest for a person, or how far an unfinished run came."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from tablehost.cli.answer import JsonSwitch
from tablehost.commit.intent import Pending
from tablehost.commit.lock import cut_off
from tablehost.commit.output import Output
from tablehost.console import screen
from tablehost.console.humane import size, with_moments
from tablehost.console.text import printable
from tablehost.contract.errors import ManifestError
from tablehost.items.ledger_file import Progress, progress_of
from tablehost.manifest.read import Manifest, dig, find, folder_digest, read_typed

_MOST_COLUMNS = 1000  # to lay out a hundred thousand takes minutes
_CHECKED = ("checked", "differed", "not_listed")


def show(path: Path, /, *, as_json: JsonSwitch = False) -> int:
    """Show what a table is: what it was made of, by what and when, and what is in it.

    For an output whose run has not finished, show how far it came and how to resume it.

    Args:
        path: The table, or its manifest.
        as_json: Write the manifest and the state of an unfinished run as one JSON object.
    """
    output = Output.at(path)
    intent = cut_off(output)
    progress = progress_of(output.ledger)
    unfinished = _state(output, intent, progress)
    try:
        found = read_typed(find(path))
    except ManifestError:
        if unfinished is None:
            raise
        found = None
    if as_json:
        answer = {"manifest": found and found.content, "unfinished": unfinished}
        print(json.dumps(answer, indent=2, sort_keys=True))
        return 0
    if found is not None and not _printed(found):
        print(f"{find(path)} has nothing that tablehost knows; --json shows it")
    for line in (unfinished or {}).get("said", []):
        screen.say(with_moments(line) if screen.is_terminal(sys.stdout) else line)
    return 0


def _state(
    output: Output, intent: Pending | None, progress: Progress | None
) -> dict[str, Any] | None:
    """Return what is unfinished about an output, or None."""
    said = []
    if intent is not None:
        said.append(f"torn: the commit of run {intent.run_id} was cut off")
        said.append(intent.outlook)
    if progress is not None and not progress.is_over:
        state = progress.session.outcome or "running, or killed"
        said.append(f"latest session {progress.session.run_id}: {state}")
        said.append(
            f"{progress.done} done, {progress.failed} failed, {progress.pending} pending; "
            f"last activity {progress.last_activity}"
        )
        if progress.session.outcome != "partial" or progress.failed:
            said.append("to resume, run the same command again: finished items are kept")
    if output.failed.is_file():
        said.append(f"the last run failed; see {output.failed}")
    if not said:
        return None
    return {"said": said, "progress": attrs.asdict(progress) if progress else None}


def _printed(manifest: Manifest) -> bool:
    """Print a manifest: drawn on a terminal, else as plain lines that do not change."""
    if not screen.can_draw(sys.stdout):
        return _print_manifest(manifest)
    from tablehost.cli.card import print_card  # what a terminal needs

    return print_card(manifest)


def _print_manifest(manifest: Manifest) -> bool:
    """Print what a manifest records; what it lacks, or has in another form, is left out.

    Returns:
        Whether there was anything to print.
    """
    from rich.console import Console  # heavier than the rest of this command

    console = Console(highlight=False, soft_wrap=True)
    main = [f"{name:<9}{value}" for name, value in _main_lines(manifest) if value not in (None, "")]
    lines = [*main, *_input_lines(manifest), *_failure_lines(manifest)]
    for line in lines:
        console.print(printable(line), markup=False)
    columns = [one for one in manifest.columns or () if isinstance(one, dict)]
    if columns:
        console.print(_column_table(columns[:_MOST_COLUMNS]))
        if len(columns) > _MOST_COLUMNS:
            console.print(f"and {len(columns) - _MOST_COLUMNS} more columns; --json has them all")
    return bool(lines or columns)


def _main_lines(manifest: Manifest) -> Iterator[tuple[str, Any]]:
    began, ended = manifest.started_at, manifest.finished_at
    yield "schema", manifest.schema
    yield "table", dig(manifest.outputs, "table", "path")
    yield "rows", manifest.rows
    yield "size", None if manifest.bytes is None else size(manifest.bytes)
    who = (manifest.builder, manifest.distribution, manifest.version)
    yield "made by", " ".join(filter(None, who))
    yield "when", f"{began} to {ended}" if began else None
    yield "status", manifest.status
    yield "items", _counts(manifest.items or {})
    if manifest.rows_of_others:
        made = "results were made by another user or on another host"
        yield "others", f"{manifest.rows_of_others} {made}"
    for one in map(_dict, manifest.checksums or []):
        counts = (f"{one.get(name)} {name.replace('_', ' ')}" for name in _CHECKED)
        yield "checked", f"{', '.join(counts)}: {one.get('path')} ({one.get('algorithm')})"


def _counts(items: dict[str, Any]) -> str:
    if not items.get("total"):
        return ""
    order = ("total", "ok", "done_before", "failed", "removed", "left_out")
    return ", ".join(f"{items[name]} {name.replace('_', ' ')}" for name in order if items.get(name))


def _input_lines(manifest: Manifest) -> Iterator[str]:
    for name, described in (manifest.inputs or {}).items():
        for one in map(_dict, described if isinstance(described, list) else [described]):
            digest = str(folder_digest(one) or "?")[:12]
            files = f", {one['files']} files" if "files" in one else ""
            label = f"{one['label']}=" if one.get("label") else ""
            if one.get("kind") == "observed":
                yield f"input    {name}: {one.get('uri')} (version {one.get('version')})"
                continue
            yield f"input    {name}: {label}{one.get('path')} ({one.get('kind')}{files}, {digest})"


def _failure_lines(manifest: Manifest) -> Iterator[str]:
    for failure in manifest.failures[:20]:
        yield "failed   " + ": ".join(str(failure.get(one)) for one in ("key", "reason", "detail"))


def _column_table(columns: list[dict[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    shown = Table("column", "type", "missing", "min", "mean", "max", box=None, pad_edge=False)
    for column in columns:
        counts = [column.get(name) for name in ("nulls", "nan")]
        missing = sum(one for one in counts if isinstance(one, int))
        numbers = [_number(column.get(name)) for name in ("min", "mean", "max")]
        name, kind = (Text(printable(str(column.get(one)))) for one in ("name", "type"))
        shown.add_row(name, kind, str(missing), *numbers)
    return shown


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return printable(str(value)) if isinstance(value, int | str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
