"""Pages, looked at in a real browser; each test also finds that they load and report nothing."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

FIRST_NAME = "#cols tbody tr:not(.hide) th"
OTHERS = [("one", "dark"), ("folder", "light"), ("folder", "dark")]
NARROW = {"width": 360, "height": 800}


def shown(page):
    return [text.split("\n")[0] for text in page.locator(FIRST_NAME).all_inner_texts()]


def test_a_slash_goes_to_the_search_which_shows_the_columns_that_fit(look, one):
    page = look(one)
    page.keyboard.press("/")
    page.keyboard.type("SIZ")
    assert shown(page) == ["size"]
    assert page.inner_text("#cols-n") == "1 of 4"


@pytest.mark.long
def test_the_search_reads_what_the_builder_says_of_a_column(look, one):
    page = look(one)
    page.fill("input[type=search]", "of a clip")
    assert shown(page) == ["size"]


def test_a_heading_sorts_up_and_then_down_and_rows_without_a_number_come_last(look, one):
    page = look(one)
    head = page.locator("#cols th", has_text="max")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert shown(page) == ["score", "size", "clip", "kind"]
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert shown(page) == ["size", "score", "clip", "kind"]


@pytest.mark.long
@pytest.mark.parametrize(("name", "left"), [("with missing", ["size"]), ("long tail", [])])
def test_a_filter_shows_the_columns_that_have_it_until_it_is_off(look, one, name, left):
    page = look(one)
    button = page.get_by_role("button", name=name)
    button.click()
    assert shown(page) == left
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert len(shown(page)) == 4


@pytest.mark.long
def test_the_button_at_a_digest_copies_all_of_it(look, one, measured):
    page = look(one, permissions=["clipboard-read", "clipboard-write"])
    row = page.locator("#cols tbody tr", has_text="size")
    row.locator(".copy").click()
    (digest,) = [
        column["digest"]
        for column in measured.manifest("one.parquet")["table"]["columns"]
        if column["name"] == "size"
    ]
    assert page.evaluate("navigator.clipboard.readText()") == digest
    assert row.locator(".copy").inner_text() == "copied"


def test_the_tip_counts_the_values_in_the_bar_under_the_pointer(look, one):
    page = look(one)
    drawn = page.locator("#cols tbody tr", has_text="score").locator("svg.hist")
    counts = [int(one) for one in drawn.get_attribute("data-counts").split()]
    assert sum(counts) == 57
    drawn.hover(position={"x": 1, "y": 30})
    assert page.inner_text("#tip").endswith(f": {counts[0]} ({100 * counts[0] / 57:.1f} %)")
    page.mouse.move(0, 0)
    assert page.locator("#tip").is_hidden()


@pytest.mark.long
def test_the_tip_of_a_density_counts_the_rows_of_a_cell(look, one):
    page = look(one)
    drawn = page.locator("svg.density")
    assert sum(int(one) for one in drawn.get_attribute("data-counts").split()) > 40
    drawn.hover()
    assert "rows about" in page.inner_text("#tip")


@pytest.mark.long
def test_the_button_switches_the_theme_and_names_the_other(look, one):
    page = look(one, color_scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    page.get_by_role("button", name="switch to the light theme").click()
    assert page.evaluate(colour) != dark
    page.get_by_role("button", name="switch to the dark theme").click()
    assert page.evaluate(colour) == dark


def test_a_script_that_is_added_to_the_page_does_not_run(look, one):
    page = look(one)
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "added = 1";
            document.body.append(script);
            document.body.insertAdjacentHTML("afterbegin", "<b onclick='added = 2'>here</b>");
        }"""
    )
    page.click("b")
    assert page.evaluate("window.added") is None
    assert page.noise
    assert all("Content Security Policy" in one for one in page.noise)
    page.noise.clear()


def test_without_javascript_every_row_is_there_and_no_dead_control(look, one):
    page = look(one, java_script_enabled=False)
    assert len(shown(page)) == 4
    assert page.locator("button:visible, input:visible").count() == 0


@pytest.mark.long
def test_a_narrow_page_is_no_wider_than_the_screen(look, one, folder):
    for path in (one, folder):
        page = look(path, viewport=NARROW)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.long
def test_the_tables_of_a_folder_lead_to_their_pages_and_back(look, folder):
    page = look(folder)
    page.get_by_role("link", name="one.parquet").first.click()
    assert page.inner_text("h1") == "one.parquet"
    page.get_by_role("link", name="all tables").click()
    assert page.inner_text("h1") == folder.parent.parent.name
    asked = [url for url in page.noise if not url.startswith(folder.parent.as_uri())]
    assert asked == []
    page.noise.clear()


@pytest.mark.long
def test_the_catalogue_is_searched_by_column_builder_and_digest(look, folder, measured):
    page = look(folder)
    sha256 = measured.manifest("one.parquet")["table"]["sha256"]
    for words, count in (("kind", 2), ("measures size", 2), (sha256, 1), ("nothing such", 0)):
        page.fill("input[type=search]", words)
        assert page.inner_text("#tabs-n") == f"{count} of 2"


@pytest.fixture
def wide(project):
    """Write the page of a table of 400 columns."""
    names = {f"c{one:03}": [-1.0, one] for one in range(400)}
    pq.write_table(pa.table(names), project.path / "wide.parquet")
    assert project.run("report", "wide.parquet").code == 0
    return project.path / "wide.parquet.report.html"


@pytest.mark.long
def test_of_many_columns_the_first_are_shown_and_all_on_request_or_without_javascript(look, wide):
    page = look(wide)
    rows = page.locator("#cols tbody tr").filter(visible=True)
    assert rows.count() == 300
    assert page.inner_text("#cols-n") == "400 of 400, the first 300 shown"
    page.fill("input[type=search]", "c399")
    assert rows.count() == 1
    page.fill("input[type=search]", "")
    page.get_by_role("button", name="show all").click()
    assert rows.count() == 400
    plain = look(wide, java_script_enabled=False)
    assert plain.locator("#cols tbody tr").filter(visible=True).count() == 400


@pytest.mark.long
def test_a_page_prints_to_pages_of_paper(look, one, tmp_path):
    page = look(one)
    page.pdf(path=tmp_path / "one.pdf", format="A4", print_background=True)
    assert (tmp_path / "one.pdf").read_bytes().count(b"/Type /Page\n") >= 2
    page.emulate_media(media="print")
    assert page.locator("nav, .tools, .copy").filter(visible=True).count() == 0


@pytest.mark.parametrize(
    ("which", "theme"),
    [
        ("one", "light"),
        *(pytest.param(*both, marks=pytest.mark.long) for both in OTHERS),
    ],
)
def test_axe_finds_no_violation(look, request, which, theme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="accessibility is not checked; for that, pip install axe-playwright-python",
    )
    page = look(request.getfixturevalue(which), color_scheme=theme, bypass_csp=True)
    page.locator("details").evaluate_all("all => all.forEach((one) => (one.open = true))")
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found] == []
