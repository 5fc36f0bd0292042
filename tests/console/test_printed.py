"""What a builder prints, in its process and in workers, and streams that are closed or full."""

import json
import os
import subprocess
import sys
import time

import pexpect
import pytest

PRINTER = '''
import os, subprocess, sys
from attrs import frozen
from tablehost import Build, Run, Secret, hookimpl

print("printed by the import", os.environ.get("TABLEHOST_PRINTER_TOKEN"))

@frozen
class Options:
    """Print a secret in every way."""
    token: Secret[str] = "s3cr,et"
    """The secret."""
    lines: int = 0
    """How many lines to print besides."""
    leave: bool = False
    """Leave a process behind that holds stdout open."""

@frozen
class Settings:
    token: Secret[str]

@frozen
class Row:
    number: int

def work(number: int, settings: Settings) -> Row:
    print("by a worker", settings.token)
    print("by a worker on stderr", settings.token, file=sys.stderr)
    subprocess.run(["echo", "by a child of a worker", settings.token])
    return Row(number)

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    print("by the host's process", options.token)
    os.write(1, b"past Python " + options.token.encode() + b"\\n")
    os.write(2, b"past Python on stderr " + options.token.encode() + b"\\n")
    for number in range(options.lines):
        print("line", number, "x" * 100)
    if options.leave:
        subprocess.Popen(["sleep", "5"])
    rows = list(run.map(work, [1, 2], key=str, settings=Settings(options.token)))
    print("\\x1b[31mwithout an end", end="")
    return pa.table({"number": [row.number for row in rows]})
'''
SAID = (
    "by the host's process",
    "past Python",
    "past Python on stderr",
    "by a worker",
    "by a worker on stderr",
    "by a child of a worker",
)
RUN = ("run", "./printer.py", "--out", "t.parquet")


@pytest.fixture
def printer(project):
    """Give a project with a builder that prints."""
    project.write("printer.py", PRINTER)
    return project


@pytest.mark.outcome("On stderr, without the secret; stdout has the result alone.")
def test_what_builder_and_workers_print_is_on_stderr_without_secrets(printer):
    ended = printer.run(*RUN, "--json")
    assert ended.code == 0, ended.err
    assert ended.json["status"] == "complete"
    assert "s3cr,et" not in ended.out + ended.err
    events = [json.loads(line) for line in ended.err.splitlines() if line.startswith("{")]
    lines = [event["line"] for event in events if event["event"] == "printed"]
    assert {f"{said} <redacted>" for said in SAID} <= set(lines)
    assert lines[-1] == "\x1b[31mwithout an end"
    assert lines.count("by a worker <redacted>") == 2


@pytest.mark.outcome("On stderr, without the secret; stdout has the result alone.")
def test_what_a_builder_prints_while_it_is_imported(printer):
    ended = printer.process(*RUN, "--json", env={"TABLEHOST_PRINTER_TOKEN": "s3cr,et"})
    assert ended.code == 0, ended.err
    assert ended.json["status"] == "complete"
    first = json.loads(ended.err.splitlines()[0])
    assert (first["event"], first["line"]) == ("printed", "printed by the import <redacted>")
    assert "s3cr,et" not in ended.err
    helped = printer.process("run", "./printer.py", "--help")
    assert helped.code == 0
    assert "printed by the import" in helped.err
    assert "printed by the import" not in helped.out


WORDY = PRINTER.replace(
    'os.environ.get("TABLEHOST_PRINTER_TOKEN"))',
    'sys.argv, os.environ.get("TABLEHOST_PRINTER_TOKEN"), open("tablehost.toml").read())',
)
VARIABLES = ("TABLEHOST_PRINTER_TOKEN", "TABLEHOST_BROKEN_TOKEN")
REFUSED = (*RUN, "--lines", "many")
BROKEN = ("run", "./broken.py", "--out", "t.parquet")


@pytest.mark.outcome("On stderr, without the secret.")
@pytest.mark.parametrize(
    ("tokens", "code"),
    [
        (("schema", "./printer.py", "--options"), 0),
        (("replay", "t.parquet", "--trust"), 0),
        (REFUSED, 2),
        ((*REFUSED, "--json"), 2),
        ((*REFUSED, "--token", "of-a-flag"), 2),
        ((*RUN, "--workers=none", "--token=of-a-flag"), 2),
        ((*BROKEN, "--token=of-a-flag"), 3),
        (("schema", "./broken.py"), 3),
    ],
)
def test_what_an_import_prints_has_no_secret_in_any_command(printer, tokens, code):
    printer.write("printer.py", WORDY)
    printer.write("broken.py", WORDY.split("@frozen")[0] + "raise ValueError\n")
    printer.write("tablehost.toml", '[printer]\ntoken = "of-a-file"\n')
    if tokens[0] == "replay":
        assert printer.process(*RUN).code == 0
    ended = printer.process(
        *tokens,
        env=dict.fromkeys(VARIABLES, "of-the-environment"),
    )
    assert ended.code == code, ended.err
    assert "printed by the import" in ended.err
    assert "printed by the import" not in ended.out
    assert "<redacted>" in ended.err
    for secret in ("of-a-flag", "of-the-environment"):
        assert secret not in ended.out + ended.err
    if tokens[1] == "./printer.py":  # a worker of `replay` knows the secret that is used
        assert "of-a-file" not in ended.out + ended.err


def test_without_json_stdout_is_empty_and_escapes_are_shown(printer):
    ended = printer.run(*RUN, "--quiet")
    assert (ended.code, ended.out) == (0, "")
    assert {f"{said} <redacted>" for said in SAID} <= set(ended.err.splitlines())
    assert ended.err.endswith("\\x1b[31mwithout an end\n")


def test_every_line_of_a_secret_of_several_lines_is_removed(printer):
    ended = printer.run(*RUN, "--token=first line\nsecond line\n")
    assert ended.code == 0, ended.err
    assert "first line" not in ended.err
    assert "second line" not in ended.err


def test_a_builder_that_prints_much_and_leaves_a_process_behind_holds_nothing_up(printer):
    began = time.monotonic()
    ended = printer.process(*RUN, "--lines", 30_000, "--leave", stdout=subprocess.DEVNULL)
    assert ended.code == 0, ended.err[-500:]
    assert ended.err.count("\nline ") == 30_000
    assert time.monotonic() - began < 60
    time.sleep(max(0, began + 8 - time.monotonic()))  # until it is gone


def test_on_a_terminal_what_is_printed_stands_in_lines_of_its_own(printer):
    command = f"{sys.executable} -m tablehost {' '.join(RUN)}"
    environment = printer.environment | printer.without_pandas | {"TERM": "xterm-256color"}
    child = pexpect.spawn(command, cwd=printer.path, env=environment, encoding="utf-8")
    child.expect(pexpect.EOF, timeout=60)
    child.close()
    assert child.exitstatus == 0
    assert "by a worker <redacted>\r\n" in child.before
    assert "s3cr,et" not in child.before
    assert "2/2" in child.before


@pytest.mark.outcome("The JSON begins on its own.")
@pytest.mark.parametrize("command", [("schema", "./printer.py"), (*RUN, "--dry-run", "--json")])
def test_what_the_import_of_a_builder_prints_is_not_on_stdout(printer, command):
    ended = printer.run(*command)
    assert ended.code == 0, ended.err
    assert ended.json
    assert "printed by the import" in ended.err


def started_with(project, redirections, *tokens):
    """Run a command line with redirections of a shell, which can close a stream."""
    command = 'exec "$0" -m tablehost "$@" ' + redirections
    process = subprocess.run(
        ["sh", "-c", command, sys.executable, *map(str, tokens)],
        cwd=project.path,
        env=project.environment | project.without_pandas,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in process.stderr
    assert "Exception ignored" not in process.stderr
    return process


@pytest.mark.outcome("The run lands.")
@pytest.mark.parametrize("redirections", ["2>&-", ">&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_a_run_does_not_need_its_streams(squares, redirections):
    ended = started_with(
        squares, redirections, "run", "./squares.py", "--out", "t.parquet", "--workers", 1
    )
    assert ended.returncode == 0, ended.stderr
    assert squares.run("verify", "t.parquet").code == 0


@pytest.mark.outcome("Exit 2 and one line.")
@pytest.mark.parametrize("redirections", [">/dev/full", ">&-"])
@pytest.mark.parametrize(
    "command",
    ["--version", "plugins", "show t.parquet", "run ./squares.py --out t.parquet --json"],
)
def test_an_answer_that_cannot_be_written_is_one_line(squared, redirections, command):
    ended = started_with(squared, redirections, *command.split())
    assert ended.returncode == 2
    *_, last = ended.stderr.splitlines()
    why = os.strerror(28 if "full" in redirections else 9)
    assert last == f"tablehost: stdout: {why}"


def test_no_file_takes_the_place_of_a_closed_stderr(project):
    project.write("looks.py", PRINTER.replace("import pyarrow as pa\n", LOOKS))
    ended = started_with(project, "2>&-", "run", "./looks.py", "--out", "t.parquet")
    assert ended.returncode == 0
    assert "t.parquet" not in (project.path / "descriptors").read_text()


LOOKS = """import pyarrow as pa
    with open("descriptors", "w") as file:
        file.write("".join(os.readlink(f"/proc/self/fd/{number}") for number in range(3)))
"""
