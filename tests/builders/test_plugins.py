from importlib.metadata import version

import pytest

HOST = version("tablehost")

GOOD = '''
from attrs import frozen
from tablehost import Run, hookimpl

@frozen
class Options:
    """Make one row."""
    size: int = 3
    """A size."""

@hookimpl
def build_table(options: Options, run: Run):
    import sys
    print(sorted(name for name in sys.modules if name.startswith("mod_")))
    import pyarrow as pa
    return pa.table({"size": [options.size]})
'''

BROKEN = {
    "failing-import": ("import nowhere_to_be_found", "cannot be imported: ModuleNotFoundError"),
    "syntax-error": ("def build_table(:", "cannot be imported: SyntaxError"),
    "exits": ("raise SystemExit(0)", "cannot be imported: SystemExit"),
    "asserts": ("assert False, 'two\\nlines'", "cannot be imported: AssertionError"),
    "no-hook": (GOOD.replace("@hookimpl", ""), "has no hook build_table"),
    "misspelt": (GOOD.replace("build_table", "build_tabel"), "has a wrong hook: unknown hook"),
    "wrong-argument": (GOOD.replace("run: Run)", "walk: Run)"), "has a wrong hook: Plugin"),
    "no-help": (GOOD.replace('    """A size."""', ""), "option size of mod_no_help.Options has no"),
    "collision": (GOOD.replace("size:", "overwrite:"), "--overwrite collides with tablehost's own"),
    "no-annotation": (GOOD.replace(": Options,", ","), "does not annotate 'options'"),
    "unresolved": (GOOD.replace(": Options,", ': "Optoins",'), "NameError: name 'Optoins'"),
    "not-attrs": (GOOD.replace("@frozen", ""), "annotates 'options' with"),
    "no-module": ("", "has no hook build_table"),
}


@pytest.mark.outcome("Exit 3 and one line: distribution, version, reason.")
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_builder_is_reported_with_its_origin(project, install, name):
    source, reason = BROKEN[name]
    environment = install(source, name)
    ended = project.run("run", name, "--out", "t.parquet", env=environment)
    assert ended.code == 3, ended.err
    assert reason in ended.err
    assert f"{name.replace('-', '_')} ({name} 1.0" in ended.err
    assert "Traceback" not in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.outcome("Exit 3: the module.")
def test_an_entry_point_without_its_module_is_a_broken_builder(project, install):
    environment = install(GOOD, "demo")
    (project.path / "site/mod_demo.py").unlink()
    ended = project.run("run", "demo", "--out", "t.parquet", env=environment)
    assert ended.code == 3
    assert "No module named 'mod_demo'" in ended.err


@pytest.mark.outcome("The traceback, only when asked for.")
def test_verbose_shows_where_a_builder_is_broken(project, install):
    environment = install("import nowhere_to_be_found", "demo")
    ended = project.run("run", "demo", "--out", "t.parquet", "--verbose", env=environment)
    assert "mod_demo.py" in ended.err
    assert ended.code == 3


@pytest.mark.outcome("Exit 3: what it requires, and what this is.")
@pytest.mark.parametrize("requires", ["tablehost>=2", "tablehost<1", "Table.Host==0.9; extra==''"])
def test_a_builder_for_another_host_is_not_even_imported(project, install, requires):
    needs = requires.replace("Table.Host", "TABLEHOST")
    environment = install("raise RuntimeError('imported')", "demo", requires=[needs])
    ended = project.run("run", "demo", "--out", "t.parquet", env=environment)
    assert ended.code == 3
    assert "requires tablehost" in ended.err
    assert f"and this is {HOST}: install a version of demo or of tablehost that fits" in ended.err


@pytest.mark.parametrize("requires", ["tablehost>=1,<2", "tablehost>9; extra=='x'", "not a line!"])
def test_a_builder_for_this_host_runs(project, install, requires):
    environment = install(GOOD, "demo", requires=[requires])
    ended = project.run("run", "demo", "--out", "t.parquet", "--dry-run", env=environment)
    assert ended.code == 0, ended.err


@pytest.mark.outcome("Exit 3: which one to uninstall.")
def test_two_distributions_with_one_name_are_both_named_and_neither_runs(project, install):
    environment = install(GOOD, "first", builder="same-name")
    install(GOOD, "second", builder="same_name")
    for name in ("same-name", "same_name"):
        ended = project.run("run", name, "--out", "t.parquet", env=environment)
        assert ended.code == 3
        assert "name taken twice, by first 1.0 and second 1.0: uninstall one" in ended.err


def test_hyphens_and_underscores_are_one_name(project, install):
    environment = install(GOOD, "my-builder")
    toml = {"my-builder": "[my-builder]", "my_builder": "[my_builder]"}
    for number, (name, section) in enumerate(toml.items()):
        project.write("tablehost.toml", f"{section}\nsize = {number}\n")
        command = ("run", name, "--out", "t.parquet", "--dry-run", "--json")
        ended = project.run(*command, env=environment)
        assert ended.json["options"]["size"] == {"value": number, "from": "file"}


@pytest.mark.outcome("Exit 2.")
@pytest.mark.parametrize("command", ["run", "schema"])
def test_an_unknown_builder_gets_a_guess_and_the_command_that_installs_it(
    project, install, command
):
    environment = install(GOOD, "my-builder")
    ended = project.run(command, "my-bilder", env=environment)
    assert ended.code == 2
    assert "did you mean my_builder?" in ended.err
    assert "pip install tablehost-my-bilder" in ended.err


@pytest.mark.outcome("Exit 2: what is wrong with the path.")
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("./gone.py", "there is no builder file gone.py"),
        (".", "there is no builder ."),
        ("deep/json.py", "a module json exists already"),
    ],
)
def test_a_builder_file_that_cannot_be_used_is_a_usage_error(project, path, said):
    project.write("deep/json.py", GOOD)
    ended = project.run("run", path, "--out", "t.parquet")
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.outcome("Exit 0; no other builder is imported.")
def test_broken_neighbours_disturb_no_one(project, install):
    for name, (source, _) in BROKEN.items():
        install(source, name)
    install(GOOD, "other-host", requires=["tablehost>=9"])
    environment = install(GOOD, "good")
    project.write("site/torn-1.0.dist-info/entry_points.txt", "[tablehost.builders]\nno equals\n")
    project.write("site/bare-1.0.dist-info/entry_points.txt", "[tablehost.builders]\nbare = x\n")
    ended = project.run("run", "good", "--out", "t.parquet", env=environment)
    assert ended.code == 0, ended.err
    assert "['mod_good']\n" in ended.err


def test_plugins_lists_every_builder_with_its_state_and_imports_none(project, install):
    environment = install("raise RuntimeError", "demo")
    install(GOOD, "old", requires=["tablehost<1"])
    listed = project.run("plugins", "--json", env=environment)
    found = {one["name"]: one for one in listed.json}
    about = {"distribution": "demo", "version": "1.0", "status": "ready", "summary": "Makes demo."}
    assert found["demo"] == {"name": "demo", "entry_point": "mod_demo", **about}
    assert found["old"]["status"].startswith(f"requires tablehost<1, and this is {HOST}")
    answer = project.run("plugins", env=environment).out
    assert "demo  (demo 1.0)  ready\n    Makes demo." in answer


@pytest.mark.parametrize(
    "command",
    [
        "--version",
        "--help",
        "plugins",
        "run --help",
        "plugins --help",
        "show --help",
        "schema --help",
        "clean --help",
        "run extract_k150k --help",
        "run extract-k150k --help",
        "schema extract_k150k --options",
    ],
)
def test_what_needs_no_table_imports_nothing_heavy(project, command):
    code = """
        import sys
        from tablehost.cli import execute
        code = execute(sys.argv[1:])
        print("IMPORTED", code, *sys.modules)
    """
    answer = project.python(code, *command.split()).out
    code, *modules = answer.rpartition("IMPORTED ")[2].split()
    assert code == "0"
    assert not {"pyarrow", "pandas", "numpy", "av"} & set(modules)
