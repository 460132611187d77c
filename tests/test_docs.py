"""What the pages of `docs` show is what the code does."""

import doctest

import pytest

from symbolic.encoders import AUDIO_SYSTEMS


@pytest.mark.parametrize("page", ["tokenizers.md", "sharing.md"])
def test_what_a_page_shows_is_what_comes_out(root, page):
    shown = doctest.testfile(str(root / "docs" / page), module_relative=False)
    assert shown.attempted > 10
    assert shown.failed == 0


def test_every_audio_system_stands_in_its_page(root):
    page = (root / "docs" / "audio.md").read_text(encoding="utf-8")
    for name in AUDIO_SYSTEMS:
        assert f"`{name}`" in page, name
