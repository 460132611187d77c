"""MIDI-BERT's own files of ids: in and out unchanged, anything else refused."""

import numpy as np
import pytest

from symbolic.data import (
    TokenDataset,
    TokenVocabulary,
    load_midibert,
    load_tokens,
    save_midibert,
    save_tokens,
)
from symbolic.tasks import IGNORE
from symbolic.tokenizers import CPTokenizer

TOKENIZER = CPTokenizer(preset="midibert")


def test_files_of_midi_bert_are_read_and_written_as_they_are(midi_bytes, tune, tmp_path):
    ids = [TOKENIZER.ids(midi_bytes(tune(n))) for n in (128, 20, 33, 50, 64, 128)]
    long = np.tile(ids[0], (9, 1))  # 1152 super-tokens: three chunks
    path = tmp_path / "train.npy"
    assert save_midibert(path, [long, *ids[1:]]) == 3 + 5
    whole = np.load(path)
    assert whole.shape == (8, 512, 4)
    assert (whole[2, 1152 - 1024 :] == [2, 16, 86, 64]).all()
    chunks = load_midibert(path)
    assert [len(chunk) for chunk in chunks] == [512, 512, 128, 20, 33, 50, 64, 128]
    assert np.array_equal(np.concatenate(chunks[:3]), long)
    assert all(np.array_equal(a, b) for a, b in zip(chunks[3:], ids[1:], strict=True))
    rows = [{"input_ids": chunk, "group": "song"} for chunk in chunks]
    save_tokens(rows, tmp_path / "train.npz", TokenVocabulary.of(TOKENIZER))
    tokens = load_tokens(tmp_path / "train.npz")
    assert len(TokenDataset(tokens)) == 8
    assert (tokens.velocity == IGNORE).all()


def test_other_arrays_are_no_files_of_midi_bert(tmp_path):
    good = np.full((1, 512, 4), (2, 16, 86, 64))
    good[0, :3] = 0
    cases = {
        "shape": (good[:, :100], r"\(1, 100, 4\), not integers \(n, 512, 4\)"),
        "type": (good.astype(float), "float64"),
        "range": (np.where(good == 86, 88, good), "chunk 0: ids of Pitch go beyond 0 to 87"),
        "middle": (good[:, ::-1], "chunk 0: padding that is not at its end"),
    }
    for name, (array, reason) in cases.items():
        np.save(tmp_path / f"{name}.npy", array)
        with pytest.raises(ValueError, match=rf"{name}\.npy: .*{reason}"):
            load_midibert(tmp_path / f"{name}.npy")
    np.save(tmp_path / "pickle.npy", np.array([{}], dtype=object))
    (tmp_path / "text.npy").write_text("no array")
    for name in ("pickle", "text"):
        with pytest.raises(ValueError, match=rf"{name}\.npy: not a \.npy file"):
            load_midibert(tmp_path / f"{name}.npy")
    with pytest.raises(ValueError, match="piece 1: ids of Bar go beyond"):
        save_midibert(tmp_path / "a.npy", [good[0, :3], np.full((2, 4), 9)])
    with pytest.raises(ValueError, match=r"ends with \.npy"):
        save_midibert(tmp_path / "a.npz", [good[0, :3]])
