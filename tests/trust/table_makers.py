"""What makes the tables of these tests: builders of one file, and the options of a command."""

COPY = '''
from attrs import frozen
from tablehost import Build, InputFile, Run, hookimpl

@frozen
class Options:
    """Copy a table."""
    source: InputFile
    """The table."""

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow.parquet as pq
    return Build(pq.read_table(options.source), key=("clip_name", "frame_index"))
'''

LENGTHS = '''
from pathlib import Path
from attrs import frozen
from tablehost import InputDir, Run, hookimpl

@frozen
class Options:
    """Measure the files of a folder."""
    clips: InputDir
    """The folder."""
    glob: str = "**/*"
    """Which files."""

@frozen
class Length:
    name: str
    length: int

def measure(path: Path, settings: None) -> Length:
    return Length(path.name, len(path.read_bytes()))

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    files = sorted(options.clips.glob(options.glob))
    found = list(run.map(measure, files, key=lambda path: path.name, input=lambda path: path))
    return pa.table({"name": [f.name for f in found], "length": [f.length for f in found]})
'''

WORDS = '''
from attrs import frozen
from tablehost import InputDir, InputFile, Secret, Tool, hookimpl

@frozen
class Options:
    """Count words."""
    text: InputFile
    """Text."""
    folder: InputDir | None = None
    """Folder."""
    tool: Tool | None = None
    """Tool."""
    token: Secret[str | None] = None
    """Secret."""
    names: tuple[str, ...] = ()
    """Names."""
    number: float = 1.0
    """Number."""
    switch: bool = True
    """Switch."""

@hookimpl
def build_table(options: Options, run):
    import pyarrow as pa
    return pa.table({"words": [len(options.text.read_text().split())]})
'''

PARTS = '''
from pathlib import Path
from attrs import frozen
from tablehost import InputDir, ItemFailed, hookimpl

@frozen
class Options:
    """Measure the first files of a folder."""
    folder: InputDir
    """Folder."""
    limit: int = 1
    """How many."""

@frozen
class Part:
    size: int

def measure(path: Path, settings: None) -> Part:
    if not path.stat().st_size:
        raise ItemFailed("empty", path.name)
    return Part(path.stat().st_size)

@hookimpl
def build_table(options: Options, run):
    import pyarrow as pa
    paths = sorted(options.folder.iterdir())[: options.limit]
    found = run.map(measure, paths, key=lambda path: path.name, input=lambda path: path)
    return pa.table({"size": [part.size for part in found]})
'''

MEASURE = '''
from attrs import frozen
from tablehost import Build, InputDir, InputFile, Labelled, Run, Tuning, hookimpl

@frozen
class Options:
    """Measure texts."""
    folder: InputDir | None = None
    """Folder of texts, of which nothing but the names is used."""
    text: tuple[Labelled[InputFile], ...] = ()
    """Texts, one number a line."""
    scale: float = 1.0
    """What the numbers are multiplied with."""
    threads: Tuning[int] = 1
    """How fast."""

@frozen
class Length:
    name: str
    length: int

def measure(path, settings: None) -> Length:
    return Length(path.name, len(path.read_text()))

@hookimpl
def build_table(options: Options, run: Run) -> Build:
    import pyarrow as pa
    if options.folder:
        files = sorted(options.folder.iterdir())
        found = list(run.map(measure, files, key=lambda path: path.name, input=lambda path: path))
        data = {"name": [one.name for one in found], "value": [one.length for one in found]}
        return Build(pa.table(data), key=("name",))
    lines = [f"{one.label}{at} {line}" for one in options.text
             for at, line in enumerate(one.value.read_text().split())]
    values = [float(line.split()[1]) * options.scale for line in lines]
    data = {"name": [line.split()[0] for line in lines], "value": values}
    key = ("name",) if len(set(data["name"])) == len(lines) else None
    return Build(pa.table(data), key=key, tolerance={"value": 0.25})
'''

RICH = ("enrich", "--features-parquet", "t.parquet", "--metadata-jsonl", "m.jsonl")
OVER = ("--out", "rich.parquet", "--overwrite")
COUNT = ("./words.py", "--text", "w.txt", "--out", "w.parquet", "--overwrite")
