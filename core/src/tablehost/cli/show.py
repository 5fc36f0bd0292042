"""`tablehost show`: a manifest for a person, or how far an unfinished run came."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import attrs
from cyclopts import Parameter

from tablehost import commit, ledger, manifest
from tablehost.errors import ManifestError
from tablehost.output import Output
from tablehost.text import printable


def show(
    path: Path, /, *, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False
) -> int:
    """Show what a table is: from what, by what, when, and what is in it.

    On an output whose run has not finished, show how far it came and how to go on.

    Args:
        path: The table, or its manifest.
        as_json: Write the manifest, or the state of the run, as JSON.
    """
    output = Output.at(path)
    intent = commit.pending(output)
    progress = ledger.progress(output.ledger)
    unfinished = _state(output, intent, progress)
    try:
        found = manifest.read(manifest.find(path))
    except ManifestError:
        if unfinished is None:
            raise
        found = None
    if as_json:
        print(json.dumps({"manifest": found, "unfinished": unfinished}, indent=2, sort_keys=True))
        return 0
    if found is not None:
        _print_manifest(found)
    for line in (unfinished or {}).get("said", []):
        print(printable(line))
    return 0


def _state(
    output: Output, intent: commit.Intent | None, progress: ledger.Progress | None
) -> dict[str, Any] | None:
    """Return what is unfinished about an output, or None."""
    said = []
    if intent is not None:
        said.append(f"torn: the commit of run {intent.run_id} was cut off")
        said.append("the next run on this path finishes it")
    if progress is not None and progress.session.outcome not in ("complete", "nothing-to-do"):
        pending = max(progress.total - progress.done - progress.failed, 0)
        state = progress.session.outcome or "running, or killed"
        said.append(f"latest session {progress.session.run_id}: {state}")
        said.append(
            f"{progress.done} done, {progress.failed} failed, {pending} pending; "
            f"last activity {progress.last_activity}"
        )
        if progress.session.outcome != "partial" or progress.failed:
            said.append("to go on, give the same command again: finished items are kept")
    if output.failed.is_file():
        said.append(f"the last run failed; see {output.failed}")
    if not said:
        return None
    return {"said": said, "progress": attrs.asdict(progress) if progress else None}


def _print_manifest(found: dict[str, Any]) -> None:
    from rich.console import Console  # noqa: PLC0415  # heavier than the rest of this command

    console = Console(highlight=False, soft_wrap=True)
    block = found.get("run_provenance") or {}
    table = found.get("table") or {}
    run = found.get("run") or {}
    plugin = (block.get("code") or {}).get("plugin") or {}
    who = " ".join(str(plugin.get(name) or "") for name in ("builder", "distribution", "version"))
    lines = [
        ("schema", found.get("schema")),
        ("table", (block.get("outputs") or {}).get("table", {}).get("path")),
        ("rows", table.get("rows")),
        ("made by", who.strip()),
        ("when", f"{block.get('started_at')} to {block.get('finished_at')}"),
        ("status", run.get("status")),
        ("items", _counts(run.get("items") or {})),
    ]
    for name, value in lines:
        if value not in (None, ""):
            console.print(f"{name:<9}{printable(str(value))}", markup=False)
    _print_inputs(console, block.get("inputs") or {})
    for failure in (run.get("failures") or [])[:20]:
        text = f"failed   {failure['key']}: {failure['reason']}: {failure['detail']}"
        console.print(printable(text), markup=False)
    _print_columns(console, table.get("columns") or [])


def _counts(items: dict[str, int]) -> str:
    if not items.get("total"):
        return ""
    order = ("total", "ok", "done_before", "failed", "removed")
    return ", ".join(f"{items[name]} {name.replace('_', ' ')}" for name in order if items.get(name))


def _print_inputs(console: Any, inputs: dict[str, Any]) -> None:
    for name, described in inputs.items():
        for one in described if isinstance(described, list) else [described]:
            digest = one.get("sha256") or one.get("dir_hash1") or one.get("selection_hash1") or "?"
            files = f", {one['files']} files" if "files" in one else ""
            text = f"input    {name}: {one.get('path')} ({one.get('kind')}{files}, {digest[:12]})"
            console.print(printable(text), markup=False)


def _print_columns(console: Any, columns: list[dict[str, Any]]) -> None:
    if not columns:
        return
    from rich.table import Table  # noqa: PLC0415  # as above

    shown = Table("column", "type", "missing", "min", "mean", "max", box=None, pad_edge=False)
    for column in columns:
        missing = column["nulls"] + column["nan"]
        cells = [column["type"], str(missing), *(_number(column[n]) for n in _STATISTICS)]
        shown.add_row(printable(column["name"]), *cells)
    console.print(shown)


_STATISTICS = ("min", "mean", "max")


def _number(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
