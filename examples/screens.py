"""Take pictures of the demo's pages with a real browser: `make screens`."""

import shutil
import sys
from pathlib import Path

SIZE = {"width": 1040, "height": 640}
# Picture: the page, the theme, and the part of the page that is at its top, if not its beginning.
PICTURES = {
    "columns": ("combined.parquet.html", "dark", None),
    "label": ("combined.parquet.html", "light", "#label"),
    "lineage": ("index.html", "dark", None),
}


def main(pages: Path, pictures: Path) -> int:
    """Take each picture.

    Args:
        pages: the folder of the demo's pages.
        pictures: the folder that gets the pictures.

    Returns:
        The exit code: 0 done, 2 without a browser or pages.
    """
    browser = shutil.which("chromium")
    if browser is None:
        print("chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 2
    if not (pages / "index.html").is_file():
        print(f"{pages} has no pages: make demo", file=sys.stderr)
        return 2
    from playwright.sync_api import sync_playwright

    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for name, (page, theme, part) in PICTURES.items():
            tab = chromium.new_page(viewport=SIZE, color_scheme=theme, reduced_motion="reduce")
            tab.goto((pages / page).absolute().as_uri())
            if part:
                tab.locator(part).evaluate("one => one.scrollIntoView()")
            tab.screenshot(path=pictures / f"{name}.png")
            print(pictures / f"{name}.png")
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
