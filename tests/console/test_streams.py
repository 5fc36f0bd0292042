import json
import os
import signal
import subprocess
import time

import pexpect
import pytest
from small_builders import RUN_SQUARES


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.outcome("JSON only, with status and exit code, however the run ends.")
@pytest.mark.parametrize(
    ("tokens", "code", "status"),
    [
        ([], 0, "complete"),
        (["--fail", 1], 1, "partial"),
        (["--fail", 0, "--count", 1], 1, "error"),
        (["--broken"], 3, "error"),
        (["--out", "."], 2, "error"),
        (["--count", "many"], 2, "error"),
    ],
)
def test_with_json_both_streams_are_for_programs(squares, tokens, code, status):
    out = () if "--out" in tokens else ("--out", "t.parquet")
    ended = squares.run("run", "./squares.py", "--json", *out, *tokens)
    assert ended.code == code, ended.err
    assert ended.json["status"] == status
    assert ended.json["exit_code"] == code
    assert all("event" in line for line in json_lines(ended.err))


def test_json_events_say_the_progress_and_the_result_counts(squares):
    ended = squares.run(*RUN_SQUARES, "--json", "--fail", 1)
    events = [line for line in json_lines(ended.err) if line["event"] == "progress"]
    assert (events[0]["done"], events[-1]["done"], events[-1]["failed"]) == (0, 4, 1)
    assert ended.json["rows"] == 4
    assert ended.json["items"] == {
        "total": 5, "done_before": 0, "ok": 4, "failed": 1, "removed": 0, "left_out": 0
    }  # fmt: skip


def test_nothing_to_do_is_reported_to_programs_too(squared):
    ended = squared.run(*RUN_SQUARES, "--json")
    assert ended.code == 0
    assert ended.json["status"] == "nothing-to-do"


@pytest.mark.outcome("Nothing for a partial table; a line for each error.")
def test_quiet_says_nothing_but_warnings(squares):
    ended = squares.run(*RUN_SQUARES, "--quiet", "--fail", 1)
    assert (ended.code, ended.out, ended.err) == (1, "", "")
    ended = squares.run(*RUN_SQUARES, "--quiet", "--fresh", "--broken")
    assert ended.code == 3
    assert [line[:10] for line in ended.err.splitlines()] == ["tablehost:"] * 2


@pytest.mark.outcome("No escape, no carriage return.")
def test_a_pipe_gets_plain_lines_without_escapes(squares):
    ended = squares.run(*RUN_SQUARES, "--fail", 1)
    assert "square: 4 of 5 done, 1 failed" in ended.err
    assert "\x1b" not in ended.out + ended.err
    assert "\r" not in ended.err


@pytest.mark.outcome("Escapes of others are shown as text.")
def test_a_terminal_gets_a_bar_and_no_escape_of_an_item(squares):
    command = f"{os.sys.executable} -m tablehost run ./squares.py --out t.parquet --fail 1"
    environment = squares.environment | squares.without_pandas | {"TERM": "xterm-256color"}
    child = pexpect.spawn(command, cwd=squares.path, env=environment, encoding="utf-8")
    child.expect(pexpect.EOF, timeout=60)
    child.close()
    assert child.exitstatus == 1
    assert "━" in child.before
    assert "5/5" in child.before
    assert "is not liked" in child.before
    assert "\x1b[31mis not" not in child.before


@pytest.mark.outcome("Exit 1.")
@pytest.mark.parametrize("command", ["plugins", "schema extract_k150k", "show t.parquet"])
def test_a_reader_that_goes_away_is_no_traceback(squared, command):
    reading, writing = os.pipe()
    os.close(reading)
    process = squared.start(*command.split(), stdout=writing)
    os.close(writing)
    assert "Traceback" not in process.communicate()[1]
    assert process.returncode == 1


@pytest.mark.outcome("Exit 0 or 1; the next run ends well.")
def test_a_run_whose_reader_goes_away_still_lands(squares):
    reading, writing = os.pipe()
    os.close(reading)
    process = squares.start(*RUN_SQUARES, "--json", stdout=writing, stderr=subprocess.STDOUT)
    os.close(writing)
    process.wait()
    assert process.returncode in (0, 1)
    assert squares.run(*RUN_SQUARES).code == 0


@pytest.mark.outcome("Exit 2: its process; the first goes on.")
def test_a_second_run_on_the_same_output_is_refused_and_names_the_first(squares):
    first = squares.start(*RUN_SQUARES, "--slow", 0.4)
    wait_for(squares.path / "worked-on")
    for command in (RUN_SQUARES, ("clean", "t.parquet", "--yes")):
        second = squares.run(*command)
        assert second.code == 2
        assert f"t.parquet is being built by process {first.pid} on " in second.err
    assert squares.run("show", "t.parquet").code == 0
    assert first.wait(60) == 0
    first.communicate()


@pytest.mark.outcome("Exit 0.")
def test_the_lock_of_a_killed_run_holds_no_one_up(squares):
    first = squares.start(*RUN_SQUARES, "--slow", 60)
    wait_for(squares.path / "worked-on")
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert squares.run(*RUN_SQUARES).code == 0


def wait_for(path, lines=1):
    """Wait until a file has some lines."""
    deadline = time.monotonic() + 60
    while not path.exists() or len(path.read_text().split()) < lines:
        assert time.monotonic() < deadline
        time.sleep(0.01)
