"""A page as a reader sees it."""

import re


def words(text):
    """Return the words of a page as a reader sees them."""
    body = re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())
