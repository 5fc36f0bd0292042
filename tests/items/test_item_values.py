"""Which values of an item decide its result."""

import pytest

ITEMS = '''
import dataclasses, datetime, decimal, enum
from pathlib import Path
from typing import Any, NamedTuple
from attrs import frozen
from tablehost import Run, hookimpl

@frozen
class Options:
    """Name items."""

class Pair(NamedTuple):
    first: Any
    second: Any = None

class Colour(enum.Enum):
    RED = 1
    BLUE = 2

@dataclasses.dataclass
class Data:
    value: Any

@frozen
class Job:
    value: Any
    reference: Any = None

@frozen
class Row:
    name: str

class Heir(Data):
    def __init__(self, value, factor):
        super().__init__(value)
        self.factor = factor

class Slotted(Data):
    __slots__ = ("__factor",)
    def __init__(self, value, factor):
        super().__init__(value)
        self.__factor = factor

def endless():
    job = Job([])
    job.value.append(job)
    return job

def work(item: Any, settings: None) -> Row:
    with Path("worked-on").open("a") as file:
        file.write("x\\n")
    return Row("x")

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    found = run.map(work, [ITEM], key=lambda _: "x"MORE)
    return pa.table({"name": [row.name for row in found]})
'''


@pytest.fixture
def item(project):
    """Give a function that makes a table of one item, given as an expression."""

    def run(expression, more=""):
        source = ITEMS.replace("ITEM]", f"{expression}]").replace("MORE", more)
        project.write("one.py", source)
        run = ("run", "./one.py", "--out", "t.parquet", "--workers", 0)
        return project.run(*run, "--keep-items")  # the item is another, as its builder is

    return run


@pytest.mark.outcome("Each is another item; the same values again are the same.")
def test_items_of_other_values_or_types_are_other_items(item, worked_on):
    expressions = ("Job(1)", "Job(True)", "Job(1.0)", "Job('1')", "Data(1)", "Pair(1)")
    for expression in (*expressions, *expressions):
        assert item(expression).code == 0
    assert len(worked_on()) == len(expressions)


UNFIT = {
    "Job(1, Path('x.ref'))": "item 'x': field `reference` is a path that `input` does not name; "
    "name it there, or pass text",
    "Job([{'deep': Path('one.py')}])": "field `value[0]['deep']` is a path that `input` does not",
    "Path('one.py')": "item 'x' is a path that `input` does not name",
    "Job({1, 2})": "field `value` is of the type set, whose value is not known; give run.map ident",
    "Job(object())": "field `value` is of the type object, whose value is not known",
    "endless()": "item 'x' holds values too deep in each other; give run.map identity=",
}


@pytest.mark.outcome("What it sets beside the fields counts like these.")
def test_an_item_of_a_class_that_inherits_from_one_with_fields_counts_whole(item, worked_on):
    expressions = ("Heir(1, 1)", "Heir(1, 2)", "Slotted(1, 1)", "Slotted(1, 2)")
    for expression in (*expressions, *expressions):
        assert item(expression).code == 0
    assert len(worked_on()) == len(expressions)
    assert "field `factor` is of the type set" in item("Heir(1, {1})").err


@pytest.mark.outcome("Exit 3: the field, and the remedy; no item is worked on.")
@pytest.mark.parametrize("expression", UNFIT)
def test_an_item_whose_values_are_not_known_is_a_broken_builder(item, worked_on, expression):
    ended = item(expression)
    assert ended.code == 3, ended.err
    assert UNFIT[expression] in ended.err
    assert "Traceback" not in ended.err
    assert worked_on() == []


@pytest.mark.outcome("It counts in place of the item.")
def test_identity_says_what_of_an_item_counts(item, worked_on):
    for expression in ("Job({1, 2}, 'a')", "Job({3}, 'a')", "Job({3}, 'b')"):
        ended = item(expression, ", identity=lambda job: job.reference")
        assert ended.code == 0, ended.err
    assert len(worked_on()) == 2
    ended = item("Job({1})", ", identity=lambda job: job.value")
    assert ended.code == 3
    assert "the identity of item 'x' is of the type set" in ended.err


@pytest.mark.outcome("Exit 3: a Path, or a tuple of them.")
def test_an_input_that_is_no_path_is_a_broken_builder(item):
    ended = item("Job(1)", ", input=lambda job: 'one.py'")
    assert ended.code == 3
    assert "the input of item 'x' is 'one.py'; return a Path, or a tuple of them" in ended.err


@pytest.mark.outcome("The path counts by its content, and by its place among the inputs.")
def test_paths_that_input_names_count_by_content(project, item, worked_on):
    project.write("a", "same")
    project.write("b", "same")
    project.write("c", "other")
    both = ", input=lambda job: (Path(job.value), Path(job.reference))"
    for pair in ("Job(Path('a'), Path('c'))", "Job(Path('b').absolute(), Path('c'))"):
        assert item(pair, both).code == 0
    assert len(worked_on()) == 1
    assert item("Job(Path('c'), Path('a'))", both).code == 0
    assert item("Job('a', 'c')", both).code == 0
    assert len(worked_on()) == 2
