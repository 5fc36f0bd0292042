"""Inputs that are no local files, and tables that are made of none."""

import pytest

REMOTE = '''
from attrs import frozen
from tablehost import Build, Gate, Run, hookimpl

@frozen
class Options:
    """Put the number of pages in a table."""
    tag: Gate[str] = "v1"
    """Which version the store has."""
    name: Gate[str] = "pages"
    """The input's name."""
    uri: Gate[str] = "s3://bucket/pages"
    """Where it is."""

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    run.observe(options.name, uri=options.uri, version=options.tag)
    return pa.table({"tag": [options.tag]})
'''

CONSTANT = '''
from attrs import frozen
from tablehost import Build, InputFile, Run, hookimpl

@frozen
class Options:
    """Put a number in a table."""
    number: int = 1
    """A number."""
    text: InputFile | None = None
    """A file."""

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    return Build(pa.table({"number": [options.number]}), inputs="none")
'''


@pytest.fixture
def remote(project):
    """Give a project with a table that was made of an object of a store."""
    project.write("remote.py", REMOTE)
    assert project.run("run", "./remote.py", "--out", "t.parquet").code == 0
    return project


def test_an_observed_input_is_recorded_and_why_says_that_it_was_not_looked_at(remote):
    seen = {"kind": "observed", "uri": "s3://bucket/pages", "version": "v1"}
    assert remote.manifest("t.parquet")["run_provenance"]["inputs"] == {"pages": seen}
    (answer,) = remote.run("why", "t.parquet", "--json").json["tables"]
    assert (answer["verdict"], answer["refresh"]) == ("unknown", None)
    (reason,) = answer["reasons"]
    assert reason["kind"] == "inputs-not-looked-at"
    assert "pages (s3://bucket/pages, version v1)" in reason["text"]
    assert "s3://bucket/pages (version v1)" in remote.run("show", "t.parquet").out
    assert "s3://bucket/pages" in remote.run("lineage", "t.parquet").out
    (checked,) = remote.run("verify", "t.parquet", "--inputs", "full", "--json").json["tables"]
    assert checked["verdict"] == "unverifiable"


def test_another_version_of_an_observed_input_is_another_table_recipe(remote):
    first = remote.manifest("t.parquet")["run_provenance"]["recipe"]["table"]
    assert remote.run("run", "./remote.py", "--tag", "v2", "--out", "u.parquet").code == 0
    assert remote.manifest("u.parquet")["run_provenance"]["recipe"]["table"] != first
    assert "version v1 -> v2" in remote.run("diff", "t.parquet", "u.parquet").out


@pytest.mark.outcome("Exit 3: the name.")
@pytest.mark.parametrize("name", ["tag", "items"])
def test_an_observed_input_with_the_name_of_an_option_is_a_broken_builder(remote, name):
    ended = remote.run("run", "./remote.py", "--name", name, "--out", "u.parquet")
    assert ended.code == 3
    assert f"the name {name!r} is taken" in ended.err


def test_a_table_without_any_input_is_current_only_if_its_builder_says_that_it_has_none(project):
    project.write("constant.py", CONSTANT)
    project.write("unsaid.py", CONSTANT.replace(', inputs="none"', ""))
    for name in ("constant", "unsaid"):
        assert project.run("run", f"./{name}.py", "--out", f"{name}.parquet").code == 0
    assert project.run("why", "constant.parquet").out == "current  constant.parquet\n"
    ended = project.run("why", "unsaid.parquet")
    assert (ended.code, ended.out.split()[0]) == (1, "unknown")
    assert 'Build(inputs="none")' in ended.out


@pytest.mark.outcome("Exit 3: the input.")
def test_a_builder_that_declares_no_inputs_and_has_one_is_broken(project):
    project.write("constant.py", CONSTANT)
    ended = project.run("run", "./constant.py", "--text", "constant.py", "--out", "t.parquet")
    assert ended.code == 3
    assert "inputs='none', and it has the input 'text'" in ended.err


ASIDE = """
import importlib, os, sys
from attrs import frozen
from tablehost import Build, Run, hookimpl
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "aside"))
IMPORT

@frozen
class Options:
    \"\"\"Put a number of a module in a table.\"\"\"

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    return Build(pa.table({"number": [numbers_aside.NUMBER]}), inputs="none")
"""


@pytest.mark.outcome("Named by the run; `why` says unknown.")
def test_a_module_that_no_record_has_is_never_called_current(project):
    project.write("aside/numbers_aside.py", "NUMBER = 1")
    project.write("aside.py", ASIDE.replace("IMPORT", "import numbers_aside"))
    ended = project.process("run", "./aside.py", "--out", "t.parquet")
    assert ended.code == 0, ended.err
    assert "the builder imports numbers_aside (" in ended.err
    (answer,) = project.run("why", "t.parquet", "--json").json["tables"]
    assert answer["verdict"] == "unknown"
    assert "numbers_aside" in answer["reasons"][0]["text"]


@pytest.mark.outcome("Stale after an edit.")
def test_a_module_in_a_folder_without_init_counts_where_its_name_is_put_together(project):
    project.write("space/numbers.py", "NUMBER = 1")
    loaded = "numbers_aside = importlib.import_module('space.' + 'numbers')"
    project.write("apart.py", ASIDE.replace("IMPORT", loaded))
    ended = project.process("run", "./apart.py", "--out", "t.parquet")
    assert ended.code == 0, ended.err
    assert project.run("why", "t.parquet").code == 0
    project.write("space/numbers.py", "NUMBER = 2")
    assert project.run("why", "t.parquet").code == 1


def test_an_observed_input_whose_uri_has_a_password_is_a_broken_builder(remote):
    uri = "https://reader:hunter2@example.com/pages"
    ended = remote.run("run", "./remote.py", "--out", "other.parquet", "--uri", uri)
    assert ended.code == 3
    assert "the uri of 'pages' has a password in it; give it without" in ended.err
    assert "hunter2" not in ended.err
