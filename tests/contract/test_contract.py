"""The contract's own examples run."""

from __future__ import annotations

import doctest

import pytest

from tablehost import hookspecs
from tablehost.table import column_digest as column_digests


@pytest.mark.parametrize("module", [hookspecs, column_digests], ids=lambda module: module.__name__)
def test_the_examples_of_the_docstrings_run(module) -> None:
    results = doctest.testmod(module, raise_on_error=True)
    assert results.attempted
