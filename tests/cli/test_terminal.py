"""What a person sees on a terminal, 80 and 120 columns wide, and what a pipe gets instead."""

import json
import re
import shutil
import sys

import pexpect
import pytest
from small_builders import RUN_SQUARES

WIDTHS = pytest.mark.parametrize("columns", [80, 120])
ESCAPE = "\x1b["
GREEN, YELLOW, RED = "\x1b[32m", "\x1b[33m", "\x1b[31m"
DIGITS = r"20\d\d-\d\d-\d\dT"


@pytest.fixture(scope="module")
def made(tmp_path_factory, new_project):
    """Give two tables, and a third whose file was replaced by the second."""
    project = new_project(tmp_path_factory.mktemp("made"))
    project.write("shapes.py", NUMBERS)
    project.write("t.txt", "a text\n")
    for name, scale in (("a", 1), ("b", 2), ("c", 1)):
        assert (
            project.run(
                "run",
                "./shapes.py",
                "--text",
                "t.txt",
                "--scale",
                scale,
                "--out",
                f"{name}.parquet",
            ).code
            == 0
        )
    (project.path / "c.parquet").write_bytes((project.path / "b.parquet").read_bytes())
    return project


NUMBERS = '''
from attrs import frozen
from tablehost import InputFile, Run, hookimpl

@frozen
class Options:
    """Numbers of several shapes."""
    text: InputFile
    """Any file."""
    scale: float = 1.0
    """How large."""

@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa
    rows = range(1000)
    return pa.table({
        "row": rows,
        "rising": [options.scale * (n % 40) ** 2 / 3 for n in rows],
        "little": [0.1 + n % 7 + options.scale / 1000 for n in rows],
        "kind": ["odd" if n % 4 else "even" for n in rows],
        "nothing": pa.array([None] * 1000, pa.float64()),
        "one": [7] * 1000,
    })
'''


@WIDTHS
@pytest.mark.parametrize(
    "command",
    [
        "show a.parquet",
        "verify .",
        "why .",
        "diff a.parquet b.parquet",
        "lineage .",
        "replay a.parquet",
        "plugins",
        "show gone.parquet",
        "verify a.parquet --fast --full",
        "run ./shapes.py --text t.txt --tekst t.txt --out d.parquet",
        f"run ./shapes.py --text {'not-there-' * 6}.txt --scale many --out d.parquet",
    ],
)
def test_no_line_of_a_command_is_broken_by_the_edge(made, columns, command):
    seen = made.on_terminal(columns, *command.split())
    assert len(seen.lines) == seen.written.count("\r\n") - seen.written.count("\x1b[1A")
    assert all(len(line) < columns for line in seen.lines)


@WIDTHS
@pytest.mark.parametrize(
    "command", ["plugins", "run ./shapes.py --text gone.txt --scale x --out d.parquet"]
)
def test_words_are_those_of_the_plain_lines_and_further_lines_hang(made, columns, command):
    plain = made.run(*command.split())
    seen = made.on_terminal(columns, *command.split())
    assert " ".join(seen.lines).split() == (plain.out + plain.err).split()
    assert len(seen.lines) > len((plain.out + plain.err).splitlines()) or columns == 120
    heads = [line.split()[0] for line in (plain.out + plain.err).splitlines()]
    assert all(line.startswith("    ") for line in seen.lines if line.split()[0] not in heads)


def test_an_error_in_a_pipe_is_one_line_however_narrow_the_terminal(made):
    ended = made.run("verify", "gone.parquet" * 20, env={"COLUMNS": "40"})
    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "coloured"),
    [
        ("verify a.parquet", f"{GREEN}intact"),
        ("verify c.parquet", f"{RED}rows-changed"),
        ("verify .", f"{RED}3 tables:"),
        ("why a.parquet", f"{GREEN}current"),
        ("diff a.parquet b.parquet", f"{YELLOW}different"),
        ("diff a.parquet a.parquet", f"{GREEN}the same"),
        ("replay a.parquet", f"{YELLOW}cannot"),
        ("show a.parquet", f"{GREEN}✔ complete"),
        ("show gone.parquet", f"{RED}tablehost:"),
    ],
)
def test_a_verdict_has_a_colour_on_a_terminal_alone_and_without_no_color(made, command, coloured):
    tokens = command.split()
    assert coloured in made.on_terminal(80, *tokens).written
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        without = made.on_terminal(80, *tokens, **env).written
        assert not re.search(r"\x1b\[[\d;]*m", without)
        assert coloured.partition("m")[2] in without
    piped = made.run(*tokens)
    assert ESCAPE not in piped.out + piped.err


def test_the_bar_of_verify_goes_away(made):
    seen = made.on_terminal(80, "verify", ".")
    assert "3/3" in seen.written
    assert not any("━" in line or "3/3" in line or "done" in line for line in seen.lines)
    assert seen.lines[-1].startswith("3 tables: 1 rows-changed, 2 intact")


@WIDTHS
def test_show_draws_each_column_in_a_line(made, columns):
    seen = made.on_terminal(columns, "show", "a.parquet")
    assert re.fullmatch(r"✔ complete  a\.parquet  1,000 rows, 6 columns, [\d.]+ KiB", seen.lines[0])
    lines = {line.split()[0]: line for line in seen.lines if line}
    assert re.search(
        r"row +·? *[▁▂▃▄▅▆▇█]{10,24} +0 +499\.5 +999$", lines["row"].replace("int64", "")
    )
    assert re.search(r"even 25 %", lines["kind"])
    assert "odd 75 %" in lines["kind"]
    assert "all the same" in lines["one"]
    assert re.search(r"█[▁▂▃▄▅▆▇]{9,23} +0 +171\.2 +507$", lines["rising"])
    assert seen.lines[-1] == "1 column has no value: nothing"
    assert ("float64" in lines["rising"]) is (columns == 120)


def test_names_from_elsewhere_are_shown_as_text_and_stay_in_their_line(project):
    hostile = ["x" * 10_000, "[red]a[/red]", "\x1b[31mred\n", "\u202eright to left", "<b>"]
    text = {"distinct": 5, "most": dict.fromkeys(hostile, 2)}
    columns = [{"name": name, "type": name, "texts": text} for name in hostile]
    project.write(
        "t.parquet.manifest.json", json.dumps({"table": {"rows": 10, "columns": columns}})
    )
    for width in (80, 120):
        seen = project.on_terminal(width, "show", "t.parquet")
        assert (seen.code, len(seen.lines)) == (0, 3 + len(hostile))
        assert all(len(line) <= width for line in seen.lines)
        assert any(line.startswith("[red]a[/red]") for line in seen.lines)
        assert any(line.startswith(r"\x1b[31mred\n") for line in seen.lines)
        assert "\u202e" not in seen.written


@WIDTHS
def test_figures_are_whole_beside_times_and_a_long_name(project, columns):
    shape = {"form": "values", "scale": 0, "bins": "0:5 1:5"}
    ends = {"min": "2023-11-14T22:13:20", "max": "2023-11-28T19:23:20"}
    number = {"type": "float64", "min": 0.0, "mean": 0.5, "max": 1.0, "histogram": shape}
    found = [
        {"name": "when", "type": "timestamp[ms]", **ends},
        *({"name": name, **number} for name in ("n", "x" * 10_000)),
    ]
    project.write("t.parquet.manifest.json", json.dumps({"table": {"rows": 10, "columns": found}}))
    lines = project.on_terminal(columns, "show", "t.parquet").lines
    assert re.search(r"distribution +min +mean +max$", lines[-4])
    assert re.search(r"2023-11-14 +2023-11-28$", lines[-3])
    assert all(re.search(r"█ +█ +0 +0\.5 +1$", line) for line in lines[-2:])


def test_show_in_a_pipe_is_plain_lines_with_every_name(made):
    out = made.run("show", "a.parquet").out
    assert re.search(rf"^when     {DIGITS}.*Z to {DIGITS}.*Z$", out, re.MULTILINE)
    assert re.search(r"^nothing +float64 +1000", out, re.MULTILINE)
    assert not re.search("[▁▂▃▄▅▆▇█✔]", out)


@WIDTHS
def test_diff_has_a_line_a_column_and_the_farthest_first(made, columns):
    seen = made.on_terminal(columns, "diff", "a.parquet", "b.parquet")
    at = seen.lines.index("  statistics")
    assert re.fullmatch(r"    rising  171\.2 -> 342\.3  \+1\.1 sd", seen.lines[at + 1])
    assert re.fullmatch(r"    little  [\d.]+ -> [\d.]+  < 0\.1 sd", seen.lines[at + 2])
    first, second = re.search(r"([\d.]+) -> ([\d.]+)", seen.lines[at + 2]).groups()
    assert first != second
    recorded = made.run("diff", "a.parquet", "b.parquet", "--json").json["statistics"]
    means = [made.manifest(f"{name}.parquet")["table"]["columns"][1]["mean"] for name in "ab"]
    assert [recorded[0][side]["mean"] for side in "ab"] == means


@WIDTHS
def test_lineage_has_a_line_a_table_however_long_its_folder(made, columns, tmp_path, new_project):
    folder = tmp_path / ("long-" * 12) / ("longer-" * 8)
    shutil.copytree(made.path, folder, ignore=shutil.ignore_patterns(".*"))
    top, below = new_project(tmp_path).on_terminal(columns, "lineage", folder / "a.parquet").lines
    assert re.search(r"a\.parquet  shapes, 1,000 rows, \d+ \w+ \d\d:\d\d, [0-9a-f]{8}$", top)
    assert re.search(r"text: .*t\.txt  7 bytes, [0-9a-f]{8}$", below)


def test_a_run_shows_what_failed_and_when_it_will_end(squares):
    options = ("--count", 5, "--slow", 0.3, "--fail", 1, "--fail", 3)
    seen = squares.on_terminal(80, *RUN_SQUARES, *options)
    assert seen.code == 1
    assert re.search(
        r"square  .*━.*[1-4]/5  \d0 %  [\d.]+/(s|min)  .* s left \(.*\d\d:\d\d\)", seen.written
    )
    assert f"{RED}failed 1: odd 1" in seen.written
    assert not any("━" in line for line in seen.lines)
    assert seen.lines[0] == "square: 3 of 5 done, 2 failed (odd 2)"
    partial = seen.lines.index("failed items are tried again by the same command:") - 1
    assert re.fullmatch(r"partial: 2 of 5 failed, in [\d.]+ s", seen.lines[partial])
    again = f"tablehost {' '.join(map(str, (*RUN_SQUARES, *options)))}"
    assert " ".join(seen.lines[partial + 2 :]).replace(" \\", "").split() == again.split()
    assert all(line.endswith(" \\") for line in seen.lines[partial + 2 : -1])


def test_a_run_that_finds_nothing_to_do_says_only_that(squares):
    squares.run(*RUN_SQUARES)
    seen = squares.on_terminal(80, *RUN_SQUARES)
    assert (seen.code, seen.lines) == (0, ["up to date: t.parquet (5 items)"])


def test_a_pipe_gets_the_reasons_on_the_line_of_progress_and_a_program_gets_counts(squares):
    ended = squares.run(*RUN_SQUARES, "--fail", 1)
    assert "square: 4 of 5 done, 1 failed (odd 1)\n" in ended.err
    ended = squares.run(*RUN_SQUARES, "--fail", 1, "--json")
    events = [json.loads(line) for line in ended.err.splitlines()]
    (last,) = [one for one in events if one["event"] == "progress"][-1:]
    assert (last["failed"], last["failed_by_reason"]) == (1, {"odd": 1})


def test_a_question_of_the_command_line_ends_with_a_question_mark(made):
    for tokens in (
        ("run", "./shapes.py", "--tekst", "t.txt", "--out", "d.parquet"),
        ("verify", "--fasst", "."),
    ):
        ended = made.run(*tokens)
        assert ended.code == 2
        assert re.search(r"Did you mean --\w+\? See tablehost .*--help\n$", ended.err)


def test_a_terminal_that_takes_only_ascii_gets_plain_lines(made):
    env = made.environment | {"PYTHONIOENCODING": "ascii"}
    for command in ("show", "lineage"):
        tokens = ["-m", "tablehost", command, "a.parquet"]
        child = pexpect.spawn(sys.executable, tokens, cwd=made.path, env=env)
        shown = child.read()
        assert (child.wait(), shown.isascii()) == (0, True)
