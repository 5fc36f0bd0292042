"""What a command imports before it does anything: counted, since milliseconds depend on the day."""

import sys

import pytest

# Command: how many modules it may import, beyond an empty Python's: the standard library's, others.
BUDGETS = {
    "--version": (125, 10),
    "plugins": (125, 15),
    "run extract_k150k --help": (140, 162),  # two only since the trace itself is printed
}
NEEDLESS = (
    "packaging",
    "cattrs",
    "rich.markdown",
    "tomllib",
    "obstore",
    "tablehost.objects",
    "tablehost.contract.build",
    "tablehost.manifest",
    "tablehost.files",
    "tablehost.host",
    "tablehost.items",
    "tablehost.report",
    "jinja2",
    "tablehost.table",
)
NEEDS_A_PARSER = {"run extract_k150k --help"}
PARSER = ("attr", "cyclopts", "docstring_parser", "pluggy", "rich", "tablehost.options")


def imported(ended):
    """Return the modules that a process imported, as Python itself reports them."""
    assert ended.code == 0, ended.err
    lines = [line for line in ended.err.splitlines() if line.startswith("import time:")]
    assert lines, "Python reported no import at all"
    return {line.rpartition("|")[2].strip() for line in lines[1:]}


@pytest.fixture
def imports(project):
    """Run a command line and return what it imports that an empty Python does not."""
    report = {"PYTHONPROFILEIMPORTTIME": "1"}

    def of(command):
        empty = imported(project.python("pass", env=report))
        return imported(project.process(*command.split(), env=report)) - empty

    return of


@pytest.mark.parametrize("command", BUDGETS)
def test_a_command_imports_no_more_modules_than_its_budget(imports, command):
    found = imports(command)
    others = {name for name in found if name.partition(".")[0] not in sys.stdlib_module_names}
    standard, own = BUDGETS[command]
    assert len(found - others) <= standard, sorted(found - others)
    assert len(others) <= own, sorted(others)


@pytest.mark.parametrize("builder", ["extract_k150k", "combine", "enrich"])
def test_help_of_a_builder_imports_its_options_and_not_what_a_run_builds_or_records(
    imports, builder
):
    found = {name for name in imports(f"run {builder} --help") if builder in name}
    package = f"tablehost_{builder}"
    light = ("builder", "options", "columns", "keys")
    allowed = {package, *(f"{package}.{name}" for name in light)}
    assert f"{package}.options" in found <= allowed


@pytest.mark.parametrize("command", BUDGETS)
def test_a_command_imports_nothing_that_it_has_no_use_for(imports, command):
    needless = NEEDLESS if command in NEEDS_A_PARSER else NEEDLESS + PARSER
    found = imports(command)
    assert not {
        name for name in found if f"{name}.".startswith(tuple(f"{one}." for one in needless))
    }
