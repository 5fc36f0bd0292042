"""What a builder may hand back, and what is said when it hands back something else."""

import textwrap

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

STREAMS = {
    "pyarrow table": "return table",
    "record batch reader": "return table.to_reader()",
    "record batch": "return table.to_batches()[0]",
    "pandas": "return table.to_pandas()",
    "polars": "import polars; return polars.from_arrow(table)",
    "duckdb": "import duckdb; return duckdb.from_arrow(table)",
    "Build": "return Build(table)",
    "Build of a reader": "return Build(table.to_reader(1))",
    "Build of polars": "import polars; return Build(polars.from_arrow(table))",
    "generator": "return Build((batch for batch in table.to_batches(1)), schema=schema)",
    "generator of tables": "return Build((table.slice(i, 1) for i in range(3)), schema=schema)",
    "list": "return Build(table.to_batches(), schema=schema)",
}


@pytest.mark.parametrize("kind", STREAMS)
def test_any_arrow_stream_becomes_the_same_rows(project, build, kind):
    ended = build(STREAMS[kind])
    assert ended.code == 0, ended.err
    assert pq.read_table(project.path / "t.parquet").to_pydict() == {"n": [0, 1, 2], "t": ["a"] * 3}
    assert project.manifest("t.parquet")["table"]["rows"] == 3


@pytest.mark.outcome("Exit 3: the index, and `reset_index()` as the remedy.")
@pytest.mark.parametrize(
    "index",
    ["['x', 'y', 'z']", "[0, 2, 1]", "range(1, 4)", "pandas.MultiIndex.from_product([range(3)])"],
)
def test_an_unnamed_index_of_pandas_that_says_something_is_refused(build, index):
    ended = build(f"import pandas; return table.to_pandas().set_index(pandas.Index({index}))")
    assert ended.code == 3
    assert "has no name and is not the default one; return frame.reset_index()" in ended.err


KINDS = {
    "pandas.period": "import pandas; x = pandas.period_range('2020-01', periods=3, freq='M')",
    "pandas.interval": "import pandas; x = pandas.interval_range(0, 3)",
    "Int128": "import polars; x = polars.Series([1, 2, 3], dtype=polars.Int128)",
    "List(UInt128)": "import polars; x = polars.Series([[1]], dtype=polars.List(polars.UInt128))",
}


@pytest.mark.outcome("Exit 3: the column, its type, and what to convert it to.")
@pytest.mark.parametrize("kind", KINDS)
def test_a_type_that_only_one_library_reads_is_refused_by_name(build, kind):
    frame = f"{'polars' if '128' in kind else 'pandas'}.DataFrame({{'x': x}})"
    ended = build(f"{KINDS[kind]}; return {frame}")
    assert ended.code == 3
    assert f"column 'x': {kind} cannot be written; convert it to " in ended.err


@pytest.mark.outcome("Exit 0.")
def test_a_table_without_rows_is_a_table(project, build):
    assert build("return table.slice(0, 0)").code == 0
    assert pq.read_table(project.path / "t.parquet").schema.names == ["n", "t"]


def test_what_a_builder_says_of_its_table_stands_in_the_manifest(project, build):
    assert build("return Build(table, invariants={'it is small': True})").code == 0
    found = project.manifest("t.parquet")["table"]["invariants"]
    assert {"name": "it is small", "ok": True} in found


def test_what_a_builder_knows_of_its_columns_stands_in_the_manifest(project, build):
    view = "View(label='n', group='t', unit={'n': 'px'}, describe={'t': 'kind'})"
    assert build(f"return Build(table, view={view})").code == 0
    assert project.manifest("t.parquet")["table"]["view"] == {
        "label": "n",
        "group": "t",
        "unit": {"n": "px"},
        "describe": {"t": "kind"},
    }


def test_a_builder_that_says_nothing_of_its_columns_has_no_view(project, build):
    assert build("return table").code == 0
    assert project.manifest("t.parquet")["table"]["view"] is None


def test_a_builder_is_given_the_digest_of_an_input_that_the_host_reads(project, build):
    project.write("t.txt", "a b")
    lines = """
        import pathlib
        digest = run.digest(pathlib.Path("t.txt"))
        return pa.table({"digest": [digest]})
    """
    assert build(textwrap.dedent(lines)).code == 0
    (found,) = pq.read_table(project.path / "t.parquet")["digest"].to_pylist()
    assert found == project.digest("t.txt")


WRONG = {
    "return None": "build_table returned NoneType; return an Arrow stream",
    "return 3": "build_table returned int; return an Arrow stream",
    "return {'n': [1]}": "build_table returned dict; return an Arrow stream",
    "return Build(None)": "expected an Arrow stream (an object with __arrow_c_stream__), got",
    "return Build('text', schema=schema)": "expected an Arrow stream",
    "return Build(table.to_batches())": "needs a schema: Build(data, schema=...)",
    "return Build([1], schema=schema)": "expected a record batch, got int",
    "return Build([table.select(['n'])], schema=schema)": "expected the columns ['n', 't'], got",
    "return Build([pa.table({'n': ['x'], 't': ['a']})], schema=schema)": "column 'n': expected",
    "return table.select([])": "the table has no columns",
    "return pa.table([[1], [2]], names=['n', 'n'])": "more than one column named 'n'",
    "return Build((1 / 0 for _ in 'a'), schema=schema, key=('m',))": "its key names the column 'm'",
    "return Build((1 / 0 for _ in 'a'), schema=schema, tolerance={'m': 1})": "its tolerance names",
    "return Build(pa.concat_tables([table, table]), key=('n', 't'))": "its key is not unique: more "
    "than one row has n 0, t 'a'",
    "return Build(table, invariants={'it is large': False})": "of its table: ['it is large']",
    "return Build(table, view=View(label='mos', unit={'n': 'px', 'size': 'B'}))": "its View names "
    "'mos', 'size', but the table has only n, t",
    "return Build(table, view={'label': 'n'})": "failed in build_table: TypeError",
    "return Build(table, view=View(unit={'n': 3}))": "failed in build_table: TypeError",
    "return Build(table, schema=3)": "failed in its stream: TypeError",
    "return Build(table, tolerance={'n': 'x'})": "tolerance",
    "raise ValueError('two\\nlines')": "failed in build_table: ValueError: two",
    "raise SystemExit(0)": "failed in build_table: SystemExit",
    "yield 1": "build_table returned generator",
    "def f():\n    yield table.to_batches()[0]\n    raise OSError('odd')\n"
    "return Build(f(), schema=schema)": "failed in the generator of build_table: OSError: odd",
    "def f():\n    raise ValueError('late')\n    yield\n"
    "return pa.RecordBatchReader.from_batches(schema, f())": "late",
}


@pytest.mark.outcome("Exit 3, no table: what was expected.")
@pytest.mark.parametrize("lines", WRONG)
def test_a_builder_that_returns_something_else_is_named_in_a_line(project, build, lines):
    ended = build(lines)
    assert ended.code == 3, ended.err
    assert "builder b (" in ended.err
    assert WRONG[lines] in ended.err
    assert "Traceback" not in ended.err
    assert len(ended.err.splitlines()) == 1
    assert project.files() <= {"b.py", "t.parquet.failed.json"}


@pytest.mark.outcome("Exit 2: all its problems.")
def test_a_refusal_of_the_builder_touches_nothing(project, build):
    ended = build("raise Refused(['this is wrong', 'and this'])")
    assert ended.code == 2
    assert [line.split(": ", 2)[2] for line in ended.err.splitlines()] == [
        "this is wrong",
        "and this",
    ]
    assert project.files() == {"b.py"}


@pytest.mark.outcome("Exit 2: all its problems.")
def test_a_stream_that_refuses_before_its_first_row_touches_nothing(project, build):
    lines = "def f():\n    raise Refused(['no'])\n    yield\nreturn Build(f(), schema=schema)"
    ended = build(lines)
    assert (ended.code, ended.err) == (2, f"tablehost: b ({project.path}/b.py): no\n")
    assert project.files() == {"b.py"}


ONE_ITEM = """
import attrs
@attrs.frozen
class Row:
    n: int
@attrs.frozen
class Settings:
    n: int
def work(item: str, settings: None) -> Row: return Row(1)
def again(item: str, settings: Settings) -> Row: return Row(settings.n)
"""

LATE = {
    "run.map(work, ['a'], key=str)\nraise Refused(['this', 'that'])": "finished items are kept",
    "def f():\n    yield table.to_batches()[0]\n    raise Refused(['this', 'that'])\n"
    "return Build(f(), schema=schema)": "no table was written",
    "def f():\n    yield table.to_batches()[0]\n    raise Refused(['this', 'that'])\n"
    "return pa.RecordBatchReader.from_batches(schema, f())": "no table was written",
}


@pytest.mark.outcome("Exit 2: all its problems, and what was kept.")
@pytest.mark.parametrize("lines", LATE)
def test_a_refusal_after_the_first_item_or_row_says_what_is_kept(project, build, lines):
    ended = build(lines, describe=ONE_ITEM, apart=True)
    first, last = ended.err.splitlines()[-2:]
    assert ended.code == 2, ended.err
    assert first.endswith("): this")
    assert "): that; no table was written" in last
    assert last.endswith(LATE[lines])
    assert "t.parquet.failed.json" in project.files()
    assert "t.parquet" not in project.files()


@pytest.mark.outcome("Exit 2, the table as it was: finished items are kept.")
def test_another_recipe_found_after_the_first_map_says_that_its_items_are_kept(project, build):
    lines = """list(run.map(work, ['a'], key=str))
list(run.map(again, ['a'], key=str, settings=Settings(NUMBER)))
return table"""
    assert build(lines.replace("NUMBER", "1"), describe=ONE_ITEM, apart=True).code == 0
    before = project.digest("t.parquet")
    two = lines.replace("NUMBER", "2")
    ended = build(two, describe=ONE_ITEM, apart=True, more=["--keep-items"])
    assert ended.code == 2, ended.err
    assert "was made with other settings or tools of b:again; give another --out" in ended.err
    assert ended.err.endswith("no table was written, and finished items are kept\n")
    assert project.digest("t.parquet") == before


def test_a_stream_keeps_its_types_and_its_nulls(project, build):
    columns = (
        "{'i': pa.array([1, None], 'int8'), 'f': pa.array([float('nan'), None]), 'l': [[1], []]}"
    )
    assert build(f"return pa.table({columns})").code == 0
    found = pq.read_table(project.path / "t.parquet")
    described = {one["name"]: one for one in project.manifest("t.parquet")["table"]["columns"]}
    assert found.schema.field("i").type == pa.int8()
    assert (described["f"]["nulls"], described["f"]["nan"]) == (1, 1)
    assert found["l"].to_pylist() == [[1], []]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("b.c", "[{'c': 'x', 'd': 0.5}, None]"),
        ("b.list.element", "[[1, 2], []]"),
        ("b.key_value.value", "pa.array([[('k', 'v')], []], pa.map_('string', 'string'))"),
    ],
)
def test_a_column_may_be_named_like_what_is_inside_another(project, build, name, values):
    table = f"pa.table({{'{name}': [0.5, None], 'b': {values}}})"
    ended = build(f"return {table}")
    assert ended.code == 0, ended.err
    assert pq.read_table(project.path / "t.parquet") == eval(table)  # noqa: S307  # the text above
