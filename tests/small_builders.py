"""Builders of one file: of words, of items that can be made to fail, of the sizes of files."""

WORD_COUNT = '''
from attrs import frozen
from tablehost import Build, InputFile, Run, hookimpl

@frozen
class Options:
    """Count the words of every line of a text file."""
    text: InputFile
    """Text file, one document a line."""

@frozen
class Fields:
    """What the word count adds to its manifest."""
    schema: str = "word-count-manifest-v1"
    lines: int = 0

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    lines = options.text.read_text().splitlines()
    return pa.table({"line": range(len(lines)), "words": [len(s.split()) for s in lines]})

@hookimpl
def describe_manifest(options: Options, build: Build) -> Fields:
    return Fields(lines=build.rows)
'''

SQUARES = '''
import os, signal, time
from pathlib import Path
from attrs import frozen
from tablehost import Build, Gate, ItemFailed, Run, Tuning, hookimpl

@frozen
class Options:
    """Square numbers, and note each one that is worked on."""
    count: int = 5
    """How many numbers."""
    skip: tuple[int, ...] = ()
    """Numbers that are not asked for."""
    fail: Gate[tuple[int, ...]] = ()
    """Numbers that fail."""
    kill: Gate[tuple[int, ...]] = ()
    """Numbers that kill their worker."""
    slow: Tuning[float] = 0.0
    """Seconds that each number takes."""
    backwards: Tuning[bool] = False
    """Ask for the last number first."""
    broken: Gate[bool] = False
    """Raise after the map."""

@frozen
class Item:
    number: int
    fails: bool
    kills: bool
    slow: float

@frozen
class Square:
    number: int
    square: int

@frozen
class Fields:
    """What the squares add to their manifest."""
    schema: str = "squares-manifest-v1"

def square(item: Item, settings: None) -> Square:
    with Path("worked-on").open("a") as file:
        file.write(f"{item.number:04d}\\n")
    time.sleep(item.slow)
    if item.kills:
        os.kill(os.getpid(), signal.SIGKILL)
    if item.fails:
        raise ItemFailed("odd", f"{item.number} \\x1b[31mis not liked")
    return Square(item.number, item.number**2)

def name(item: Item) -> str:
    return f"{item.number:04d}"

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    items = [
        Item(n, n in options.fail, n in options.kill, options.slow)
        for n in range(options.count) if n not in options.skip
    ]
    asked = items[::-1] if options.backwards else items
    found = list(run.map(square, asked, key=name, identity=name))
    if options.broken:
        raise RuntimeError("broken on purpose")
    rows = {"number": [s.number for s in found], "square": [s.square for s in found]}
    return Build(pa.table(rows), inputs="none")

@hookimpl
def describe_manifest(options: Options, build: Build) -> Fields:
    return Fields()
'''

RUN_SQUARES = ("run", "./squares.py", "--out", "t.parquet", "--workers", 1)

SIZES = '''
import os
import time
from attrs import frozen
from tablehost import InputDir, Run, hookimpl

@frozen
class Options:
    """Measure the files of a folder."""
    folder: InputDir
    """The folder."""

@frozen
class Size:
    name: str
    bytes: int

def measure(path, settings: None) -> Size:
    time.sleep(float(os.environ.get("PACE", "0")))
    return Size(path.name, len(path.read_bytes()))

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    files = sorted(options.folder.iterdir())
    found = list(run.map(measure, files, key=lambda path: path.name, input=lambda path: path))
    return pa.table({"name": [one.name for one in found], "bytes": [one.bytes for one in found]})
'''

TYPED = '''
import sys
from typing import Literal
from attrs import field, frozen, validators
from tablehost import InputFile, Labelled, Run, Secret, hookimpl

@frozen
class Options:
    """Take an option of every type."""
    size: int = field(default=3, validator=validators.ge(0))
    """A size."""
    ratio: float = 0.5
    """A ratio."""
    exact: bool = False
    """Exactly."""
    mode: Literal["fast", "slow"] = "fast"
    """A mode."""
    depth: Literal[8, 10] = 8
    """A depth."""
    sizes: tuple[int, ...] = ()
    """Sizes."""
    parts: tuple[Labelled[InputFile], ...] = ()
    """Files with a label."""
    text: InputFile | None = None
    """A file."""
    pin: Secret[int | None] = None
    """A secret number."""

@hookimpl
def build_table(options: Options, run: Run):
    print("the builder ran", file=sys.stderr)
    import pyarrow as pa
    return pa.table({"size": [options.size]})
'''
