"""A builder that reads nothing of its folder: its cost is the folder's provenance."""

from attrs import frozen

from tablehost import InputDir, Run, hookimpl


@frozen
class Options:
    """Take a folder as input."""

    files: InputDir
    """The folder."""


@hookimpl
def build_table(options: Options, run: Run):
    """Return one row."""
    import pyarrow as pa

    return pa.table({"folder": [str(options.files)]})
