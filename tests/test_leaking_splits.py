"""Splits of EMOPIA by clip, which others use: clips of one song are on both sides."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

from symbolic.data import DataArguments, held_out, pieces_to_audit, read_emopia
from symbolic.data.audit.audit import audit
from symbolic.notes import ReadError


@pytest.fixture(scope="module")
def leaking(root):
    """The benchmark that counts songs on both sides of splits by clip."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root / "benchmarks")
        return importlib.import_module("leaking_splits")


def test_clips_are_found_however_a_list_writes_them(leaking, emopia_folder, tmp_path):
    pieces = read_emopia(emopia_folder)
    wanted = [piece for piece in pieces if "_song1" in piece.path.name]
    names = [piece.path.stem for piece in reversed(wanted)]
    (tmp_path / "bare.txt").write_text("\n".join([*names, "", ""]))
    (tmp_path / "paths.txt").write_text("\r\n".join(f"EMOPIA\\midis\\{n}.mid" for n in names))
    (tmp_path / "a.csv").write_text("file,n\n" + "".join(f"x/{n}.mid.npy,1\n" for n in names))
    np.savez(tmp_path / "b.npz", **{f"{n}.mid": np.zeros(1) for n in names})
    for file in ("bare.txt", "paths.txt", "a.csv", "b.npz"):
        assert leaking.listed_pieces(pieces, tmp_path / file) == wanted


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("a.txt", b"Q1_nobody_0", r"a\.txt: 1 of 1 names .* Q1_nobody_0"),
        ("a.txt", b"\n \n", r"a\.txt: no name"),
        ("a.txt", b"\xff\xfe", r"a\.txt: not a list"),
        ("a.csv", b"clip\nQ1_song4_0\n", r"a\.csv: no column file"),
        ("a.npz", b"nonsense", r"a\.npz: not a list"),
        ("a.npz", b"PK\x03\x04nonsense", r"a\.npz: not a list"),
        ("a.npz", b"", r"a\.npz: not a list"),
        ("a.pkl", b"", r"a\.pkl: a list of clips ends with"),
    ],
)
def test_a_list_that_cannot_be_used_is_named(leaking, emopia_folder, tmp_path, file, content, said):
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ValueError, match=said):
        leaking.listed_pieces(read_emopia(emopia_folder), tmp_path / file)
    with pytest.raises(FileNotFoundError, match=r"gone\.txt"):
        leaking.listed_pieces(read_emopia(emopia_folder), tmp_path / "gone.txt")


def test_the_folds_of_clips_cover_the_corpus_once_and_share_songs(leaking, emopia_folder):
    pieces = read_emopia(emopia_folder)
    folds = [leaking.clip_fold(pieces, k, folds=3) for k in range(3)]
    assert sorted(p.path for fold in folds for p in fold) == sorted(p.path for p in pieces)
    assert all(leaking.shared_songs(pieces, fold)[0] for fold in folds)


def test_listed_clips_are_a_split_to_train_with(leaking, emopia_folder, tmp_path):
    (tmp_path / "clips.txt").write_text("Q4_song0_0\nQ4_other_1.mid\n")
    pieces = read_emopia(emopia_folder)
    chosen = leaking.listed_pieces(pieces, tmp_path / "clips.txt")
    leaking.write_table(pieces, chosen, tmp_path / "labels.csv")
    table = str(tmp_path / "labels.csv")
    train, test = held_out(DataArguments(labelled=table, hold_out="labelled-val"))
    assert sorted(piece.path.name for piece in test) == ["Q4_other_1.mid", "Q4_song0_0.mid"]
    assert len(train) + len(test) == len(pieces)
    quadrants = {piece.path: piece.labels["emotion"] for piece in pieces}
    assert all(piece.labels["emotion"] == quadrants[piece.path] for piece in train + test)


def test_the_real_list_of_midi_bert_leaks(leaking, data_folder):
    clips = data_folder / "conformance" / "midibert_cp_emopia_valid.npz"
    if not clips.is_file():
        pytest.skip("no token file of MIDI-BERT")
    pieces = read_emopia(data_folder / "emopia")
    test = leaking.listed_pieces(pieces, clips)
    assert len(test) == 99
    assert leaking.shared_songs(pieces, test)[0] > 60
    audited = pieces_to_audit(data_folder / "emopia", raw=True)[0]
    held = {piece.path for piece in test}
    audited = [replace(p, split="val" if p.path in held else "train") for p in audited]
    sides = ({p.group for p in audited if p.split == split} for split in ("train", "val"))
    found = audit(audited, [ReadError("not read")] * len(audited))
    assert {across.group for across in found.across} == {
        f"emopia: {song}" for song in set.intersection(*sides)
    }
