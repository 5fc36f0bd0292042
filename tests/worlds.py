"""Builders of many kinds, their inputs, and what can happen to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from attrs import evolve, field, frozen

_BUILDER = '''"""Scores clips{docstring}."""
# {comment}
import csv
from pathlib import Path
from typing import Annotated

from attrs import frozen
from tablehost import Build, Gate, InputDir, InputFile, Run, Tuning, Was, hookimpl
{imports}
{blank_lines}
ITEM_VERSION = {item_version}
CONSTANT = {constant}


@frozen
class Options:
    """Score clips{docstring}."""

    clips: InputDir
    """Folder of clips{docstring}."""
    references: InputDir
    """Folder of their references."""
    factors: InputFile
    """CSV file with the factor of each clip."""
    {option}
    """What scores are multiplied by."""
    speed: Tuning[int] = 1
    """How fast."""
    most: Gate[int] = 1000
    """Most clips."""


@frozen
class Settings:
    scale: int


@frozen
class Job:
    clip: Path
{fields}

@frozen
class Row:
    name: str
    value: int


@frozen
class Sum:
    name: str
    value: int


@frozen
class Fields:
    """What it adds to its manifest."""

    schema: str = "scores-manifest-v1"


def name(job: Job) -> str:
    return job.clip.name


def score(job: Job, settings: Settings) -> {returns}:
    """Score a clip{docstring}."""
    with open("worked-on", "a") as file:
        file.write(job.clip.name + "\\n")
    value = int(job.clip.read_text()) * settings.scale + CONSTANT
{body}
    return {result}


def double(row: Row, settings: None) -> Sum:
    return Sum(row.name, 2 * row.value)


@hookimpl
def build_table(options: Options, run: Run) -> Build:
    import pyarrow as pa

    with options.factors.open() as file:
        factors = {{name: int(factor) for name, factor in csv.reader(file)}}
    clips = sorted(options.clips.glob("*.clip"))
    jobs = [Job({arguments}) for clip in clips]

    def scored(scale: int):
        for found in run.map(score, jobs, key=name, settings=Settings(scale), input={input}):
            yield from {found}

    rows = list(scored(options.{scale}))
{more}
    return Build(pa.table({{"name": [r.name for r in rows], "value": [r.value for r in rows]}},
        schema=pa.schema({{"name": pa.string(), "value": pa.int64()}})))


@hookimpl
def describe_manifest(options: Options, build: Build) -> Fields:
    return Fields()
'''


@frozen(kw_only=True)
class Kind:
    """What a builder is like.

    Args:
        values: whether its items have values beside their file.
        pairs: whether its items read two files.
        many_rows: whether an item makes several rows.
        maps: whether it maps once, twice with other settings, or over the results of a map.
        helper: where the code lies that its items call beside its own file.
    """

    values: bool
    pairs: bool
    many_rows: bool
    maps: Literal["once", "twice", "chained"]
    helper: Literal["nowhere", "beside", "deeper", "package"]


@frozen(kw_only=True)
class World:
    """A builder, its inputs, and the options that it is run with."""

    kind: Kind
    clips: Mapping[str, int] = field(factory=lambda: {"a.clip": 1, "b.clip": 2, "c.clip": 3})
    references: Mapping[str, int] = field(factory=lambda: {f"{n}.clip": 5 for n in "abcd"})
    factors: Mapping[str, int] = field(factory=lambda: {f"{n}.clip": 7 for n in "abcd"})
    folder: str = "clips"
    scale: int | None = None
    default: int = 10
    option: str = "scale"
    constant: int = 0
    helper: int = 0
    unrelated: int = 0
    item_version: int = 1
    comment: int = 0
    docstring: int = 0
    blank_lines: int = 0
    speed: int = 1
    most: int = 1000

    @property
    def tokens(self) -> Iterator[object]:
        """Yield the builder and its options, as they stand on the command line."""
        yield from ("./scores.py", "--clips", self.folder)
        yield from ("--references", "references", "--factors", "factors.csv")
        yield from ("--speed", self.speed, "--most", self.most)
        if self.scale is not None:
            yield from (f"--{self.option}", self.scale)

    def write(self, place: Path) -> None:
        """Write the builder and its inputs into a folder; what is as it was stays as it is."""
        files = {"scores.py": self._builder, "unrelated.py": f"NUMBER = {self.unrelated}\n"}
        files |= self._helper
        files |= {f"{self.folder}/{name}": str(value) for name, value in self.clips.items()}
        files |= {f"references/{name}": str(value) for name, value in self.references.items()}
        files["factors.csv"] = "".join(f"{name},{value}\n" for name, value in self.factors.items())
        for clip in place.glob("*clips*/*"):
            if str(clip.relative_to(place)) not in files:
                clip.unlink()
        for name, text in files.items():
            path = place / name
            path.parent.mkdir(exist_ok=True)
            if not path.exists() or path.read_text() != text:
                path.write_text(text)

    @property
    def _helper(self) -> dict[str, str]:
        add = f"def add(value):\n    return value + {self.helper}\n"
        return {
            "nowhere": {},
            "beside": {"helping.py": add},
            "deeper": {"helping.py": "from deeper import add\n", "deeper.py": add},
            "package": {
                "helping/__init__.py": "from .deeper import add\n",
                "helping/deeper.py": add,
            },
        }[self.kind.helper]

    @property
    def _builder(self) -> str:
        kind, helps = self.kind, self.kind.helper != "nowhere"
        fields, arguments, body = [], ["clip"], []
        if kind.pairs:
            fields.append("    reference: Path\n")
            arguments.append("options.references / clip.name")
            body.append("    value += 1000 * int(job.reference.read_text())")
        if kind.values:
            fields.append("    factor: int\n")
            arguments.append("factors[clip.name]")
            body.append("    value *= job.factor")
        if helps:
            body.append("    value = add(value)")
        option = f"{self.option}: int = {self.default}"
        if self.option != "scale":
            option = f'{self.option}: Annotated[int, Was("scale")] = {self.default}'
        row = "Row(job.clip.name, value)"
        return _BUILDER.format(
            docstring=f", {self.docstring}" if self.docstring else "",
            comment=self.comment,
            blank_lines="\n" * self.blank_lines,
            imports="from helping import add" if helps else "",
            item_version=self.item_version,
            constant=self.constant,
            option=option,
            scale=self.option,
            fields="".join(fields),
            arguments=", ".join(arguments),
            body="\n".join(body),
            returns="list[Row]" if kind.many_rows else "Row",
            result=f"[{row}, Row(job.clip.name, -value)]" if kind.many_rows else row,
            input="lambda job: (job.clip, job.reference)" if kind.pairs else "lambda job: job.clip",
            found="[found]" if not kind.many_rows else "found",
            more={
                "once": "",
                "twice": f"    rows += scored(options.{self.option} + 100)",
                "chained": "    rows += run.map(double, rows, key=lambda r: f'{r.name} {r.value}')",
            }[kind.maps],
        )


def _increase(name: str) -> Callable[[World], World]:
    return lambda world: evolve(world, **{name: getattr(world, name) + 1})


def _other_value(files: str) -> Callable[[World], World]:
    def change(world: World) -> World:
        values = getattr(world, files)
        name = min(values)
        return evolve(world, **{files: {**values, name: values[name] + 1}})

    return change


EVENTS: dict[str, Callable[[World], World]] = {
    "a value": _other_value("factors"),
    "a file": _other_value("clips"),
    "a second file": _other_value("references"),
    "another clip": lambda world: evolve(world, clips={**world.clips, "d.clip": 4}),
    "one clip less": lambda world: evolve(world, clips=dict(sorted(world.clips.items())[1:])),
    "an option": lambda world: evolve(world, scale=(world.scale or world.default) + 1),
    "a default": _increase("default"),
    "the code": _increase("constant"),
    "a helper": _increase("helper"),
    "a version": _increase("item_version"),
    "a rename": lambda world: evolve(world, option="factor"),
    "a moved folder": lambda world: evolve(world, folder=f"{world.folder}s"),
    "a comment": _increase("comment"),
    "a docstring": _increase("docstring"),
    "layout": _increase("blank_lines"),
    "a module that is not imported": _increase("unrelated"),
    "a tuning": _increase("speed"),
    "a gate": _increase("most"),
    "nothing": lambda world: world,
}
"""What can happen, by name."""

ARGUMENTS = {"an option", "a moved folder", "a tuning", "a gate"}
"""What happens on the command line."""

HARMLESS = {
    "a moved folder",
    "a comment",
    "a docstring",
    "layout",
    "a module that is not imported",
    "a tuning",
    "a gate",
    "nothing",
}
"""After these a table is what it was."""
