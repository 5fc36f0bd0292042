"""Names and values that mean something to a browser, a terminal or a reader are text in a page."""

from __future__ import annotations

import html
import json
import re

import pytest

MARKUP = "<script>window.added = 1</script>"
QUOTES = "\"'><img src=x onerror='window.added = 2'>"
CONTROL = "bell\x07 colour\x1b[31m line\nfeed nul\x00"
BACKWARDS = "exe.\u202egpj"
HEBREW = "\u05e9\u05dc\u05d5\u05dd"
LONG = "long" * 2500
HOSTILE = [MARKUP, QUOTES, CONTROL, BACKWARDS, HEBREW, LONG, "{{ 7 * 7 }}", "\u2028"]

BUILDER = f"""
from attrs import frozen

from tablehost import Build, ItemFailed, Run, View, hookimpl

HOSTILE = {HOSTILE!r}


@frozen
class Options:
    text: str = {MARKUP!r}
    \"\"\"Text.\"\"\"


@frozen
class Row:
    text: str


def work(number: int, settings: None) -> Row:
    if number < len(HOSTILE):
        raise ItemFailed(HOSTILE[number][:200].replace("\\n", " "), HOSTILE[number])
    return Row(HOSTILE[number % len(HOSTILE)])


@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow as pa

    rows = list(run.map(work, range(24), key=lambda one: f"{{HOSTILE[one % len(HOSTILE)]}}{{one}}"))
    columns = {{name: [row.text for row in rows] for name in HOSTILE}}
    numbers = {{f"{{name}} number": [float(n) for n in range(len(rows))] for name in HOSTILE}}
    view = View(
        label=f"{{HOSTILE[0]}} number", group=HOSTILE[1], unit={{HOSTILE[0]: HOSTILE[1]}},
        describe={{HOSTILE[0]: HOSTILE[2]}},
    )
    return Build(pa.table(columns | numbers), view=view)
"""


@pytest.fixture(scope="session")
def hostile(new_project, tmp_path_factory):
    """Build a table that is hostile wherever a builder may be, and write its pages."""
    made = new_project(tmp_path_factory.mktemp("hostile"))
    made.write("hostile.py", BUILDER)
    name = "<b>&'\".parquet"
    ended = made.run("run", "./hostile.py", "--workers", 0, "--out", name)
    assert ended.code == 1, ended.err
    assert made.run("report", name, "--against", name).code == 0
    assert made.run("report", ".", "--out", "pages").code == 0
    return made.path


@pytest.fixture(scope="session", params=["<b>&'\".parquet.report.html", "pages/index.html"])
def page(hostile, request):
    return hostile / request.param


def test_no_name_or_value_becomes_markup(page):
    text = page.read_text()
    assert text.count("<script>") == text.count("</script>") == 1
    assert "<img" not in text
    assert "<b>&" not in text
    assert "49" not in re.findall(r"<bdi>(.*?)</bdi>", text)


def test_every_character_of_a_page_can_be_seen(page):
    text = page.read_text()
    assert {one for one in text if not one.isprintable()} <= {"\n"}
    assert BACKWARDS not in text


def test_no_name_is_longer_than_a_page_can_show(hostile):
    page = (hostile / "<b>&'\".parquet.report.html").read_text()
    assert LONG[:500] not in re.sub(r'data-t="[^"]*"', "", page)
    assert f"{LONG[:32]}…" in page


def test_escaped_names_are_the_names(hostile):
    page = (hostile / "<b>&'\".parquet.report.html").read_text()
    named = [html.unescape(one) for one in re.findall(r"<code><bdi>(.*?)</bdi></code>", page)]
    assert {MARKUP, QUOTES, HEBREW, "{{ 7 * 7 }}"} <= set(named)


def test_a_page_has_no_attribute_that_styles_or_runs_something(page):
    for tag in re.findall(r"<[a-z][^>]*>", page.read_text()):
        assert not re.search(r"\s(style|on\w+)\s*=", re.sub(r'"[^"]*"', '""', tag)), tag


def test_a_link_to_a_page_is_never_a_scheme(project):
    project.write("words.py", "")
    (project.path / "pages").mkdir()
    project.write("t.parquet.manifest.json", json.dumps({"schema": "x"}))
    (project.path / "t.parquet.manifest.json").rename(
        project.path / "javascript:alert(1).manifest.json"
    )
    assert project.run("report", ".", "--out", "pages").code == 1
    text = (project.path / "pages/index.html").read_text()
    assert 'href="./javascript%3Aalert%281%29.html"' in text
    assert 'href="javascript' not in text


@pytest.mark.long
def test_a_browser_shows_hostile_names_as_text_and_runs_nothing(look, hostile):
    shown = look(hostile / "<b>&'\".parquet.report.html")
    assert shown.evaluate("window.added") is None
    assert shown.inner_text("h1") == "<b>&'\".parquet"
    assert MARKUP in shown.locator("#cols tbody").inner_text()
    assert shown.locator("main img, main script").count() == 0
    width = "document.documentElement.scrollWidth - innerWidth"
    assert shown.evaluate(width) <= 0
