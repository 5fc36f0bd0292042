"""A builder that scales the lengths of files, and what is asked of a table whose code changes."""

import pyarrow.parquet as pq

SCALED = '''
from pathlib import Path
from attrs import frozen
from tablehost import InputDir, Run, hookimpl
from factors import FACTOR

@frozen
class Options:
    """Scale the lengths of files."""
    folder: InputDir
    """Folder of files."""

@frozen
class Scaled:
    name: str
    length: int

def scale(path: Path, settings: None) -> Scaled:
    """Scale one."""
    return Scaled(path.name, FACTOR * len(path.read_text()))

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    import table
    files = sorted(options.folder.glob("*.txt"))
    found = list(run.map(scale, files, key=lambda p: p.name, input=lambda p: p))
    return pa.table({table.NAME: [f.length for f in found]})
'''

RUN = "run ./scaled.py --folder folder --out t.parquet --workers 0".split()


def lengths(project):
    return pq.read_table(project.path / "t.parquet")["length"].to_pylist()


def why(project):
    (answer,) = project.run("why", "t.parquet", "--json").json["tables"]
    return answer["verdict"], [one["kind"] for one in answer["reasons"]], answer


def refresh(project):
    """Run the command that `why` prints, after which the table is current."""
    (command,) = why(project)[2]["refresh"]["commands"]
    ended = project.run(*command[1:])
    assert ended.code == 0, ended.err
    assert why(project)[0] == "current"
    return command
