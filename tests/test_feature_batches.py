"""Columns of several pieces: each piece has the values that it has alone."""

from dataclasses import replace

import numpy as np
import pytest

from symbolic import EmotionScorer
from symbolic.features import feature_rows
from symbolic.features.columns import BLOCKS, OTHER_BLOCKS
from symbolic.features.onsets import Onsets
from symbolic.notes import ReadError, note_table, read_notes
from symbolic.notes.batch import read_batch
from symbolic.notes.joined import JoinedNotes
from symbolic.notes.pool import apply_many
from symbolic.notes.score import table_score

BLOCK_FUNCTIONS = [
    block for blocks in (*BLOCKS.values(), *OTHER_BLOCKS.values()) for block in blocks
]
EVERY = [
    keys
    for block in BLOCK_FUNCTIONS
    for keys in block(Onsets([note_table([0], [480], [60], [64])]))
]
DAY = 24 * 3600 * 960  # ticks, at 480 per quarter and 120 quarters per minute


def random_piece(rng):
    n = rng.integers(1, 80)
    onset = rng.integers(0, rng.choice([20, 500, 5000, 100_000, 2_000_000]), n)
    ticks = rng.integers(1, rng.choice([2, 2000, 200_000]), n)
    pitch, velocity = rng.integers(0, 128, n), rng.integers(1, 128, n)
    drums = (np.arange(n) > 0) & (rng.random(n) < rng.choice([0, 0.3]))
    return note_table(onset, ticks, pitch, velocity, rng.integers(0, rng.integers(1, 9), n), drums)


def pieces():
    rng = np.random.default_rng(0)
    chord = note_table([0, 0, 0], [480] * 3, [60, 64, 67], [64, 70, 90])
    melody = note_table(np.arange(9) * 480, [480] * 9, np.arange(60, 69), [64] * 9)
    edges = [
        note_table([0], [480], [60], [64]),
        chord,
        replace(chord, duration=np.zeros(3)),
        melody,
        replace(melody, has_dynamics=True),
        note_table([0, 480], [1, 1], [0, 127], [1, 127]),
        note_table([0, DAY], [480, 480], [60, 62], [64, 80]),
        note_table(np.arange(900) * 480, [1000] * 900, 40 + np.arange(900) * 7 % 50, [64] * 900),
    ]
    return [*edges, *(random_piece(rng) for _ in range(60))]


@pytest.mark.parametrize("block", BLOCK_FUNCTIONS, ids=lambda b: b.__name__)
def test_a_piece_of_a_batch_has_the_values_that_it_has_alone(block):
    batch = pieces()
    columns = block(Onsets(batch))
    for row, piece in enumerate(batch):
        alone = block(Onsets([piece]))
        assert list(alone) == list(columns)
        for names, values in columns.items():
            assert values.shape == (() if isinstance(names, str) else (len(names),)) + (len(batch),)
            assert np.array_equal(values[..., row], alone[names][..., 0]), names


def files(folder):
    """MIDI of several tracks, some with drums, each with its own tempos, and a MusicXML score."""
    rng = np.random.default_rng(1)
    paths = []
    for number in range(40):
        piece = random_piece(rng)
        ticks = np.unique(rng.integers(0, 5000, rng.integers(1, 4)))
        piece = replace(piece, tempo_ticks=ticks, tempo=rng.uniform(40, 200, len(ticks)))
        path = folder / f"{number:02d}.mid"
        table_score(piece).dump_midi(path)
        paths.append(path)
    score = folder / "score.musicxml"
    score.write_text(
        "<score-partwise><part-list><score-part id='P1'/></part-list><part id='P1'>"
        "<measure number='1'><attributes><divisions>2</divisions></attributes>"
        + "".join(
            f"<note><pitch><step>{step}</step><octave>4</octave></pitch><duration>2</duration></note>"
            for step in "CEGC"
        )
        + "</measure></part></score-partwise>"
    )
    return [*paths[:20], score, *paths[20:]]


def test_a_batch_of_files_has_the_columns_of_their_tables(tmp_path):
    sources = files(tmp_path)
    batch, errors = read_batch(sources)
    assert errors == [None] * len(sources)
    assert batch.tracks().max() > 2
    order = np.concatenate(
        [
            cut.start + np.argsort(batch.keys(batch.onset_ticks)[cut], kind="stable")
            for cut in batch.slices
        ]
    )
    tables = [read_notes(source) for source in sources]
    names = [name for keys in EVERY for name in ([keys] if isinstance(keys, str) else keys)]
    joined = JoinedNotes.of_batch(batch.take(order))
    expected = feature_rows(tables, names)
    assert np.array_equal(feature_rows(joined, names), expected)


def test_files_are_prepared_as_their_tables_are(tmp_path):
    """Also where one of them cannot be read, and one has no note that the tokenizer emits."""
    preparation = EmotionScorer.from_pretrained().preprocess
    sources = files(tmp_path)
    (tmp_path / "bad.mid").write_bytes(b"MThd\x00\x00\x00\x06\x00")
    table_score(note_table([0], [480], [60], [64], is_drum=[True])).dump_midi(
        tmp_path / "drums.mid"
    )
    sources[3:3] = [tmp_path / "bad.mid", tmp_path / "drums.mid", tmp_path / "missing.mid"]
    found = list(apply_many(preparation, sources, workers=0, files_per_task=len(sources)))
    for source, piece in zip(sources, found, strict=True):
        if isinstance(piece, ReadError):
            with pytest.raises(ReadError) as error:
                preparation.emitted(source)
            assert str(piece) == str(error.value)
            continue
        (expected,) = preparation.pieces([preparation.emitted(source)])
        assert np.array_equal(piece.features, expected.features)
        assert (piece.notes, piece.seconds) == (expected.notes, expected.seconds)
        assert piece.mean_velocity == pytest.approx(expected.mean_velocity, abs=0, nan_ok=True)
    assert sum(isinstance(piece, ReadError) for piece in found) == 3
