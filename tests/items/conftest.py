"""A builder of one file that measures the files of a folder."""

import pytest

LENGTHS = '''
import os, time
from pathlib import Path
from attrs import frozen
from tablehost import InputDir, Run, hookimpl

@frozen
class Options:
    """Measure files, which may ask for something to happen to them meanwhile."""
    folder: InputDir
    """Folder of files."""
    glob: str = "*.txt"
    """Which files."""

@frozen
class Length:
    name: str
    length: int

def measure(path: Path, settings: None) -> Length:
    with Path("worked-on").open("a") as file:
        file.write(f"{path.name}\\n")
    text = path.read_text()
    if text == "replace me":
        path.with_suffix(".new").write_text("else")
        path.with_suffix(".new").replace(path)
    elif text == "truncate me":
        os.truncate(path, 3)
    elif text == "remove me":
        path.unlink()
    return Length(path.name, len(text))

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    files = sorted(options.folder.glob(options.glob))
    found = list(run.map(measure, files, key=lambda p: p.name, input=lambda p: p))
    return pa.table({"name": [f.name for f in found], "length": [f.length for f in found]})
'''


@pytest.fixture
def lengths(project):
    """Give a project with a builder that measures the files of `folder`."""
    project.write("lengths.py", LENGTHS)
    (project.path / "folder").mkdir()
    return project
