"""What the pages of `docs` show is what the code does."""

import doctest

import pytest

from symbolic.encoders import AUDIO_SYSTEMS, BOUNDARY_SYSTEMS


@pytest.mark.parametrize(
    ("page", "lines"), [("tokenizers.md", 11), ("sharing.md", 11), ("corpora.md", 5)]
)
def test_what_a_page_shows_is_what_comes_out(root, page, lines):
    shown = doctest.testfile(str(root / "docs" / page), module_relative=False)
    assert shown.attempted >= lines
    assert shown.failed == 0


@pytest.mark.parametrize(
    ("page", "systems"), [("audio.md", AUDIO_SYSTEMS), ("structure.md", BOUNDARY_SYSTEMS)]
)
def test_every_audio_system_stands_in_its_page(root, page, systems):
    text = (root / "docs" / page).read_text(encoding="utf-8")
    for name in systems:
        assert f"`{name}`" in text, name
