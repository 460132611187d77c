"""Louder and slower ids, without the notes."""

import numpy as np
import pytest

from symbolic.data import TokenDataset, TokenVocabulary
from symbolic.data.tokens.variation import Variation
from symbolic.tokenizers import build_tokenizer


class Draws:
    """A generator whose draws are given."""

    def __init__(self, *whole, share=1.0):
        self.whole, self.share = [*whole], share

    def integers(self, low, high):
        value = self.whole.pop(0)
        assert low <= value < high
        return value

    def random(self):
        return self.share


@pytest.fixture(scope="module")
def vocabulary():
    return TokenVocabulary.of(build_tokenizer("cp-performance"))


def ids(vocabulary, *notes):
    """Ids by name of the sub-tokens Velocity, Gap and Hold; the others are 2."""
    rows = np.full((len(notes), 7), 2)
    for row, values in zip(rows, notes, strict=True):
        for name, value in zip(("Velocity", "Gap", "Hold"), values, strict=True):
            field = vocabulary.field_names.index(name)
            row[field] = vocabulary.vocabularies[field][f"{name}_{value}"]
    return rows


def test_velocities_and_times_move_on_their_scales(vocabulary):
    given = ids(vocabulary, (10, 0, 20), (31, 5, 47), (0, 47, 0))
    before = given.copy()
    varied = Variation(vocabulary, velocity=3, tempo=2)(given, Draws(2, -1))
    assert np.array_equal(varied, ids(vocabulary, (12, 0, 19), (31, 4, 46), (2, 46, 0)))
    assert np.array_equal(given, before)


def test_the_ends_of_the_scales_are_not_passed(vocabulary):
    varied = Variation(vocabulary, velocity=3, tempo=2)(
        ids(vocabulary, (0, 1, 1), (31, 47, 47)), Draws(-3, -2)
    )
    assert np.array_equal(varied, ids(vocabulary, (0, 1, 1), (28, 45, 45)))


def test_masks_and_missing_dynamics_stay(vocabulary):
    given = ids(vocabulary, ("None", 3, 4))
    given[0, vocabulary.field_names.index("Gap")] = vocabulary.mask_ids[5]
    varied = Variation(vocabulary, velocity=3, tempo=2)(given, Draws(3, 0))
    assert np.array_equal(varied, given)


def test_dynamics_are_removed_in_a_share_of_windows(vocabulary):
    varied = Variation(vocabulary, without_dynamics=0.5)
    given = ids(vocabulary, (10, 3, 4), (20, 3, 4))
    assert np.array_equal(varied(given, Draws(0, 0, share=0.6)), given)
    without = ids(vocabulary, ("None", 3, 4), ("None", 3, 4))
    assert np.array_equal(varied(given, Draws(0, 0, share=0.4)), without)


def test_what_a_vocabulary_does_not_have_stays(token_tunes):
    for name in ("cp-midibert", "ferreira"):
        tokens = token_tunes(name)
        change = Variation(tokens.vocabulary, 3, 3, 1.0)
        window = TokenDataset(tokens, 16, masked_velocity=None)[0]["input_ids"]
        assert np.array_equal(change(window, np.random.default_rng(0)), window)


def test_windows_of_a_token_file_are_varied(token_tunes):
    tokens = token_tunes("cp-performance", n=30, spread=0)
    plain = TokenDataset(tokens, 64, masked_velocity=None)
    varied = TokenDataset(
        tokens, 64, masked_velocity=None, variation=Variation(tokens.vocabulary, 4, 4)
    )
    same = [np.array_equal(plain[i]["input_ids"], varied[i]["input_ids"]) for i in range(8)]
    assert not all(same)
    for i in range(8):
        assert np.array_equal(plain[i]["input_ids"][:, :4], varied[i]["input_ids"][:, :4])


@pytest.mark.parametrize("options", [{"velocity": -1}, {"tempo": -1}, {"without_dynamics": 1.5}])
def test_wrong_options_are_refused(vocabulary, options):
    with pytest.raises(ValueError, match="steps"):
        Variation(vocabulary, **options)
