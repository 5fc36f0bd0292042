"""`tablehost report`: what a page shows, where it lands, and what it says of an unsound table."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from page_text import words


@pytest.fixture
def tables(project, measured):
    """Give a project with both tables, their manifests and ledgers."""
    shutil.copytree(measured.path, project.path, dirs_exist_ok=True)
    for page in project.path.glob("*.html"):
        page.unlink()
    shutil.rmtree(project.path / "pages", ignore_errors=True)
    return project


@pytest.fixture
def page(tables):
    """Give what writes a page, and returns its text."""

    def write(*tokens, code=0):
        ended = tables.run("report", *tokens)
        assert ended.code == code, ended.err
        return (tables.path / ended.out.split(maxsplit=1)[1].strip()).read_text()

    return write


def drawings(text):
    return re.findall(r'data-counts="[^"]*"', text)


def test_the_page_of_a_table_lies_beside_it(tables):
    ended = tables.run("report", "one.parquet")
    assert (ended.code, ended.out) == (0, "page one.parquet.report.html\n".replace(" ", "  "))
    assert tables.run("report", "one.parquet.manifest.json", "--json").json == {
        "is_sound": True,
        "page": "one.parquet.report.html",
    }


def test_a_page_names_every_column_and_what_failed_and_why(page):
    said = words(page("one.parquet"))
    for part in (
        "57 rows × 6 columns, made by measures ;",
        "run: partial",
        "verify: not looked at",
        "why: not looked at",
        "1 column without a value",
        "damaged 3 (100 %) 3 items of 60 have no row",
        "clip007",
        "57 distinct: the key",
        "1 column without a value in any row , left out above: empty",
        "1 column with one and the same value : codec h264",
        "Label: score",
        "Balance of kind",
        "file sha256",
        "--clips 60 default",
    ):
        assert part in said, part


def test_a_page_has_no_row_of_the_table(tables, page):
    rows = pq.read_table(tables.path / "one.parquet").to_pylist()
    text = page("one.parquet", "--verify", code=1)
    scores = {repr(row["score"]) for row in rows} - {"0.0"}
    long = sorted(one for one in scores if len(one) > 10)
    assert len(long) > 40
    assert [one for one in long if one in text] == []


def test_numbers_of_a_drawing_add_up_to_the_values(page):
    size = re.search(r"size: histogram[^>]*data-counts=\"([\d ]+)\"", page("one.parquet"))
    assert sum(map(int, size[1].split())) == 57 - 6


def test_a_manifest_without_distributions_has_the_same_drawings(tables, page):
    recorded = page("one.parquet")
    place = tables.path / "one.parquet.manifest.json"
    manifest = json.loads(place.read_text())
    for column in manifest["table"]["columns"]:
        column.pop("histogram", None)
        column.pop("texts", None)
    manifest["run"].pop("timeline", None)
    manifest["run"].pop("failed_by_reason", None)
    place.write_text(json.dumps(manifest))
    counted = page("one.parquet")
    assert drawings(counted) == drawings(recorded)
    assert "counted from the table when this page was made" in words(counted)


def test_a_table_without_a_manifest_has_a_page_that_says_so(tables, page):
    (tables.path / "one.parquet.manifest.json").unlink()
    text = page("one.parquet")
    assert "57 rows × 6 columns" in words(text)
    assert "run: no manifest" in words(text)
    assert drawings(text)


def test_a_table_that_is_gone_has_a_page_from_its_manifest(tables, page):
    (tables.path / "one.parquet").unlink()
    text = page("one.parquet.manifest.json", code=1)
    assert "the table is not there" in words(text)
    assert drawings(text)


def test_against_another_table_each_drawing_has_its_outline_and_the_measures(page):
    text = page("one.parquet", "--against", "other.parquet")
    assert text.count('<polyline class="ref"') == 2
    assert "PSI" in words(text)
    assert 'data-f="drift"' in text
    assert '<polyline class="ref"' not in page("one.parquet")


def test_a_table_against_itself_has_not_drifted(page):
    text = page("one.parquet", "--against", "one.parquet")
    assert "drifted" not in re.sub("<button.*?</button>", "", text.split("<h2")[0])
    assert "columns drifted" not in words(text)


def test_another_label_and_another_group_may_be_asked_for(page):
    said = words(page("one.parquet", "--label", "size", "--group", "codec"))
    assert "Label: size" in said
    assert "Balance of codec" in said
    assert "Rank correlation with each column score" in said


@pytest.mark.parametrize(
    ("tokens", "problem"),
    [
        (["one.parquet", "--label", "kind"], "the column 'kind' of one.parquet has no numbers"),
        (["one.parquet", "--label", "nope"], "one.parquet has no column 'nope'; it has clip, "),
        (["one.parquet", "--group", "nope"], "one.parquet has no column 'nope'; it has clip, "),
        (["one.parquet", "--against", "none"], "none does not exist"),
        (["none.parquet"], "none.parquet does not exist"),
        ([".", "--label", "score"], "--label and --group are for one table"),
        (["one.parquet", "--out", "other.parquet"], "other.parquet is not a page of tablehost"),
        (["one.parquet", "--out", "measures.py"], "measures.py is not a page of tablehost"),
        (["one.parquet", "--out", "/proc/page.html"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_and_nothing_is_written(tables, tokens, problem):
    before = {name: tables.digest(name) for name in tables.files()}
    ended = tables.run("report", *tokens)
    assert ended.code == 2
    assert problem in ended.err
    assert ended.err.count("\n") == 1
    assert {name: tables.digest(name) for name in tables.files()} == before


def test_a_page_is_written_over_a_page_and_not_through_a_link(tables):
    assert tables.run("report", "one.parquet").code == 0
    assert tables.run("report", "one.parquet").code == 0
    link = tables.path / "link.html"
    link.symlink_to("one.parquet.report.html")
    assert tables.run("report", "other.parquet", "--out", "link.html").code == 2


def test_verify_and_why_say_what_is_wrong_and_the_exit_code_is_1(tables, page):
    other = pa.table({"clip": ["x"]})
    pq.write_table(other, tables.path / "one.parquet")
    assert "not the recorded size" in words(page("one.parquet", code=1))
    said = words(page("one.parquet", "--verify", code=1))
    assert "verify: rows-changed" in said
    assert "why: stale" in said


def test_a_damaged_table_has_a_page_without_what_takes_its_rows(tables, page):
    place = tables.path / "one.parquet"
    place.write_bytes(b"\0" * place.stat().st_size)
    said = words(page("one.parquet"))
    assert "Label and balance are left out: one.parquet: not readable as Parquet" in said


def test_the_catalogue_of_a_folder_lists_its_tables(tables, page):
    text = page(".")
    assert (tables.path / "report.html").is_file()
    assert "2 tables, 114 rows" in words(text)
    assert "href" not in re.sub(r'href="#[a-z]+"', "", text)
    tables.run("report", "one.parquet")
    assert 'href="./one.parquet.report.html"' in page(".")


@pytest.mark.long
def test_the_pages_of_a_folder_lead_to_each_other(tables):
    (tables.path / "deep").mkdir()
    for end in ("", ".manifest.json"):
        shutil.move(tables.path / f"other.parquet{end}", tables.path / f"deep/other.parquet{end}")
    assert tables.run("report", ".", "--out", "pages").out == "page  pages/index.html\n"
    pages = [path for path in (tables.path / "pages").rglob("*") if path.is_file()]
    assert len(pages) == 3
    for path in pages:
        for href in re.findall(r'href="(\./[^"]+|\.\./[^"]+)"', path.read_text()):
            assert (path.parent / href).is_file(), href


def test_a_folder_lists_the_output_of_a_run_that_was_stopped(tables, page):
    (tables.path / "one.parquet").unlink()
    (tables.path / "one.parquet.manifest.json").unlink()
    assert "1 table," in words(page("."))
    with sqlite3.connect(tables.path / "one.parquet.ledger") as db:
        db.execute("UPDATE sessions SET outcome = NULL")
    db.close()
    said = words(page("."))
    assert "2 tables" in said
    assert "1 stopped" in said


@pytest.mark.long
def test_a_folder_is_verified_on_request(tables, page):
    said = words(page(".", "--verify", code=1))
    assert "2 intact" in said
    assert "2 partial" in said


COPY = """
from attrs import frozen

from tablehost import InputFile, Run, hookimpl


@frozen
class Options:
    table: InputFile
    \"\"\"A table.\"\"\"
    rows: int = 3
    \"\"\"How many of its rows.\"\"\"


@hookimpl
def build_table(options: Options, run: Run):
    import pyarrow.parquet as pq

    return pq.read_table(options.table)[: options.rows]
"""


def boxes(text):
    """Return the boxes of a lineage: how each is drawn, and where it leads."""
    found = re.findall(r'<(g|a href="[^"]*")><title>([^<]*)</title><rect class="nd ([^"]*)"', text)
    return {
        title.split(": ")[0].rpartition("/")[2]: (classes, tag.partition(" ")[2])
        for tag, title, classes in found
    }


@pytest.fixture
def chain(tables):
    """Give a project with a table that was made of another, which was made of another."""
    tables.write("copy_rows.py", COPY)
    for of, name in (("one", "copy"), ("copy", "last")):
        command = ("run", "./copy_rows.py", "--table", f"{of}.parquet", "--out", f"{name}.parquet")
        assert tables.run(*command).code == 0
    return tables


def test_what_a_table_was_made_of_and_what_of_it_are_drawn_and_lead_to_their_pages(chain, page):
    page("last.parquet")
    found = boxes(page("copy.parquet"))
    assert found == {
        "one.parquet": ("table", ""),
        "copy.parquet": ("table me", ""),
        "last.parquet": ("table", 'href="./last.parquet.report.html"'),
    }


@pytest.mark.long
def test_a_table_that_was_made_of_one_replaced_since_is_outlined(chain, page):
    again = ("run", "./copy_rows.py", "--table", "one.parquet", "--rows", 2, "--overwrite")
    assert chain.run(*again, "--out", "copy.parquet").code == 0
    found = boxes(page("last.parquet"))
    assert found["last.parquet"][0] == "table me stale"


@pytest.mark.long
def test_a_folder_draws_all_that_are_related_and_counts_the_others(chain, page):
    text = page(".")
    assert set(boxes(text)) == {"one.parquet", "copy.parquet", "last.parquet"}
    assert "1 table with no recorded relation" in words(text)
