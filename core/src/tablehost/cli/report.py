"""`tablehost report`: tables as pages to look at."""

from __future__ import annotations

from pathlib import Path

from tablehost.cli.answer import JsonSwitch, Switch, print_json
from tablehost.console.text import printable, shown


def report(
    path: Path,
    /,
    *,
    against: Path | None = None,
    label: str | None = None,
    group: str | None = None,
    verify: Switch = False,
    out: Path | None = None,
    open: Switch = False,  # noqa: A002  # the option's name
    as_json: JsonSwitch = False,
) -> int:
    """Write a page about a table, or about all tables of a folder.

    A page is one file that loads nothing: how the run went, each column as a histogram, the label
    and the groups, what the table was made of, and the whole record. Of a run that has not ended
    it shows how far it came. Exit code 1 if a table is visibly not the recorded one, or --verify
    finds one that is not intact and current.

    Args:
        path: The table, its manifest, or a folder for every table in it.
        against: Another table; its distributions are drawn over those of this one.
        label: The column that the others are to predict; by default the one its builder names.
        group: The column whose values are the groups of rows; by default likewise.
        verify: Also verify the tables, and ask whether they are stale; this reads all of them.
        out: Where to write; by default TABLE.report.html, or report.html in the folder. For a
            folder it may be a folder, which gets a page for each table too.
        open: Open the page in a browser.
        as_json: Write where the page is as one JSON object.
    """
    from tablehost.report.table_page import Asked
    from tablehost.report.write import write_report

    asked = Asked(against=against, label=label, group=group, verify=verify)
    written = write_report(path, asked, out)
    if as_json:
        print_json(written)
    else:
        print(printable(f"page  {shown(written.page)}"))
    if open:
        _open(written.page)
    return 0 if written.is_sound else 1


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.absolute().as_uri()):
        print("no browser was found; open the page by hand")
