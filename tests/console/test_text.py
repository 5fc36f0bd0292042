"""Text that is shown is escaped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablehost.console.text import printable


@pytest.mark.outcome("It is shown escaped.")
@given(st.text(st.characters(exclude_categories=[])))
def test_shown_text_has_no_control_character(text):
    shown = printable(text)
    assert all(one.isprintable() or one == "\n" for one in shown)
    assert isinstance(shown.encode(), bytes)
