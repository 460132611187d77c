"""Inputs that follow from the tokens: right values, and nothing of what is masked."""

import numpy as np
import pytest
import torch

from symbolic.encoders.derived import FALL, OCTAVES, SPAN, DerivedInputs, derived_options
from symbolic.notes import note_table
from symbolic.tokenizers import CPTokenizer, build_tokenizer
from symbolic.training.build import ShapeArguments, build_model

UNKNOWN = [12, OCTAVES, SPAN, 2 * FALL + 1]


def derived(tokenizer, ids):
    options = derived_options(tokenizer.field_names, tokenizer.vocab)
    unknown = [[*pair] for pair in zip(tokenizer.pad_ids, tokenizer.mask_ids, strict=True)]
    module = DerivedInputs(4, options, unknown)
    return module(torch.from_numpy(np.asarray(ids, np.int64))[None])[0].numpy()


def two_chords(spread=0):
    """C major and, half a bar later, F major below it; `spread`: ticks between notes of a chord."""
    onset = [0, spread, 2 * spread, 960, 960 + spread, 960 + 2 * spread]
    pitch = [60, 64, 67, 53, 57, 72]
    return note_table(onset, [480] * 6, pitch, [60, 70] * 3, ticks_per_quarter=480)


@pytest.mark.parametrize("name", ["cp-performance", "cp-midibert", "cp-score"])
def test_derived_inputs_of_two_chords(name):
    tokenizer = build_tokenizer(name)
    found = derived(tokenizer, tokenizer.note_ids(two_chords()))
    assert found.tolist() == [
        [0, 5, 0, UNKNOWN[3]],
        [4, 5, 4, UNKNOWN[3]],
        [7, 5, 7, UNKNOWN[3]],
        [5, 4, 0, FALL - 7],
        [9, 4, 4, FALL - 3],
        [0, 6, 19, FALL + 12],
    ]


def test_a_chord_of_a_performance_may_be_spread():
    tokenizer = build_tokenizer("cp-performance")
    near, far = (tokenizer.note_ids(two_chords(spread)) for spread in (20, 100))  # 21 and 104 ms
    assert derived(tokenizer, near)[:, 2].tolist() == [0, 4, 7, 0, 4, 19]
    assert derived(tokenizer, far)[:, 2].tolist() == [0] * 6


def test_few_bins_of_time_are_enough():
    tokenizer = CPTokenizer(time_bins=3)
    found = derived(tokenizer, tokenizer.note_ids(two_chords()))
    assert found[:, 2].tolist() == [0, 4, 7, 0, 4, 19]


@pytest.mark.parametrize("name", ["cp-performance", "cp-midibert", "cp-score"])
def test_nothing_is_derived_from_a_masked_pitch(name):
    tokenizer = build_tokenizer(name)
    pitch = tokenizer.field_names.index("Pitch")
    ids = tokenizer.note_ids(two_chords())
    ids[0, pitch] = ids[4, pitch] = tokenizer.mask_ids[pitch]
    found = derived(tokenizer, ids)
    assert found[[0, 4]].tolist() == [UNKNOWN] * 2
    assert found[1:3, 2].tolist() == [SPAN, SPAN]  # no interval to a bass that is to be predicted
    assert found[3:, 3].tolist() == [UNKNOWN[3]] * 3
    assert found[5, 2] == 19  # its own bass is known


def test_an_unknown_onset_makes_no_interval_to_a_bass():
    tokenizer = build_tokenizer("cp-performance")
    ids = tokenizer.note_ids(two_chords())
    gap = tokenizer.field_names.index("Gap")
    ids[4, gap] = tokenizer.mask_ids[gap]
    found = derived(tokenizer, ids)
    assert found[4].tolist() == [9, 4, SPAN, FALL + 4]
    assert found[5, 2] == SPAN  # the chord that it may begin


def test_padding_is_unknown():
    tokenizer = build_tokenizer("cp-performance")
    ids = np.vstack([tokenizer.note_ids(two_chords()), [tokenizer.pad_ids] * 2])
    assert derived(tokenizer, ids)[-2:].tolist() == [UNKNOWN] * 2


def test_a_model_with_derived_inputs_is_trained_and_saved(tmp_path):
    tokenizer = build_tokenizer("cp-performance")
    shape = ShapeArguments(hidden_size=16, layers=1, heads=2, derived=True, tasks="emotion")
    torch.manual_seed(0)
    model = build_model(tokenizer, shape)
    ids = torch.from_numpy(np.asarray(tokenizer.note_ids(two_chords()), np.int64))[None]
    ids = ids.repeat(200, 1, 1)  # more tokens than ids in the vocabularies
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    fast = model(input_ids=ids).last_hidden_state
    model.eval()
    assert torch.allclose(fast, model(input_ids=ids).last_hidden_state, atol=1e-5)
    model.save_pretrained(tmp_path)
    again = type(model).from_pretrained(tmp_path).eval()
    assert torch.equal(
        again(input_ids=ids[:1]).last_hidden_state, model(input_ids=ids[:1]).last_hidden_state
    )


def test_flat_ids_have_no_derived_inputs():
    tokenizer = build_tokenizer("ferreira")
    with pytest.raises(ValueError, match="super-tokens with Pitch"):
        build_model(tokenizer, ShapeArguments(hidden_size=16, layers=1, heads=2, derived=True))
