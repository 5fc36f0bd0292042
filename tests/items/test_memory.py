"""A map, the folder that it reads and the questions about both take bounded memory."""

import pytest

RUN = """
import sys
from pathlib import Path
from tablehost.cli import execute
code = execute(sys.argv[1:])
status = Path("/proc/self/status").read_text()
print("ended", code, status.partition("VmHWM:")[2].split()[0])  # the most since it began
"""

TEXTS = '''
from attrs import frozen
from tablehost import Build, Run, hookimpl

@frozen
class Options:
    """Count the characters of one text, again and again."""
    count: int
    """How many times."""

@frozen
class Item:
    name: str
    text: str

@frozen
class Row:
    length: int

def length(item: Item, settings: None) -> Row:
    return Row(len(item.text))

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    text = "a" * 20_000
    items = [Item(str(number), text) for number in range(options.count)]
    found = run.map(length, items, key=lambda item: item.name)
    return Build(pa.table({"length": [sum(row.length for row in found)]}), inputs="none")
'''

CLIPS = '''
import os
from pathlib import Path
from attrs import frozen
from tablehost import InputDir, Run, hookimpl

@frozen
class Options:
    """Add up what is measured of the files of a folder."""
    clips: InputDir
    """The folder."""

@frozen
class Row:
    means: list[float]
    deviations: list[float]

def measure(clip: Path, settings: None) -> Row:
    number = int(clip.stem)
    return Row([number / (k + 1.7) for k in range(30)], [number * (k + 1.3) for k in range(30)])

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    clips = (Path(one.path) for one in os.scandir(options.clips))
    rows = run.map(measure, clips, key=lambda clip: clip.name, input=lambda clip: clip)
    return pa.table({"sum": [sum(sum(row.means) + sum(row.deviations) for row in rows)]})
'''


def megabytes(project, *tokens):
    """Run a command, which must succeed, and return the most memory that its process took."""
    process = project._start("-c", RUN, *tokens, env={"ARROW_DEFAULT_MEMORY_POOL": "system"})
    out, err = process.communicate()  # of 100,000 items, it takes minutes
    assert process.returncode == 0, err
    code, kilobytes = out.split("ended ")[1].split()
    assert code == "0", err
    return int(kilobytes) / 1000


@pytest.mark.long
@pytest.mark.outcome("They take no memory: they are on the disk.")
def test_items_that_wait_for_a_worker(project):
    project.write("texts.py", TEXTS)
    run = "run ./texts.py --out t.parquet --workers 1 --overwrite --count".split()
    few = megabytes(project, *run, 100)
    assert megabytes(project, *run, 2000) - few < 15  # as many pickled texts take 40


@pytest.mark.long
@pytest.mark.outcome("At most 40 MB more than for 5,000: to run, go on, answer why and verify.")
def test_a_hundred_thousand_items_of_real_size(project):
    project.write("clips.py", CLIPS)
    peaks = []
    for count in (5_000, 100_000):
        folder = project.path / f"clips-{count}"
        folder.mkdir()
        for number in range(count):
            (folder / f"{number:012d}.mp4").write_bytes(b"%d" % number)
        out = f"t{count}.parquet"
        run = ("run", "./clips.py", "--clips", folder.name, "--out", out, "--workers", 1)
        commands = (run, run, ("why", out), ("verify", out, "--inputs", "stat"))
        peaks.append([megabytes(project, *command) for command in commands])
    for before, now in zip(*peaks, strict=True):
        assert now - before <= 40, peaks
