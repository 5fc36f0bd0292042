"""What builder authors test with: the real host, called from a test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from tablehost.builders.load import load
from tablehost.console.reporter import Reporter
from tablehost.host.request import Landed, Request
from tablehost.host.run import run as run_host
from tablehost.manifest import read as manifest
from tablehost.options.host_options import HostOptions

if TYPE_CHECKING:
    import pyarrow as pa


@frozen
class Built:
    """A table that landed, read back from the disk.

    Args:
        table: its rows.
        manifest: its manifest.
        landed: what the run came to.
    """

    table: pa.Table
    manifest: dict[str, Any]
    landed: Landed


def build(builder: str | Path, out: Path, *, workers: int = 1, **options: Any) -> Built:
    """Build a table as `tablehost run` does, with real workers, ledger and commit.

    Args:
        builder: the builder's name, or the path of its file.
        out: the Parquet file to make.
        workers: processes for `run.map`.
        options: the builder's options, already typed.

    Raises:
        TablehostError: whatever the command line would say in one line.
    """
    import pyarrow.parquet as pq

    loaded = load(str(builder))
    request = Request(
        builder=loaded,
        options=loaded.options_class(**options),
        sources=dict.fromkeys(options, "flag"),
        host=HostOptions(out=out, workers=workers),
    )
    landed = run_host(request, Reporter())
    return Built(pq.read_table(out), manifest.read(request.output.manifest), landed)
