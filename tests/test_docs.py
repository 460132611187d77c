"""What the pages of `docs` show is what the code does."""

import doctest

import pytest


@pytest.mark.parametrize("page", ["tokenizers.md", "sharing.md"])
def test_what_a_page_shows_is_what_comes_out(root, page):
    shown = doctest.testfile(str(root / "docs" / page), module_relative=False)
    assert shown.attempted > 10
    assert shown.failed == 0
