"""A tokenizer of one's own: what follows from its names, and what a wrong one is told."""

import doctest
import subprocess
import sys

import numpy as np
import pytest
from test_every_tokenizer import check_tokenizer, melody

from symbolic.commands.train import main
from symbolic.data import PieceDataset, load_tokens, save_tokens
from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.data.pieces import Piece
from symbolic.data.tokens.rows import tokens_of
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.tasks import IGNORE
from symbolic.tokenizers import NAMES, TOKENIZERS
from symbolic.tokenizers.base import NoteTokenizer
from symbolic.tokenizers.scores import add_track, new_score

STEP = 4  # of velocity


class Loud(NoteTokenizer):
    """Sixteenths since the previous onset, pitch, duration, and velocity under another name."""

    field_names = ("Gap", "Pitch", "Duration", "Loud")
    sizes = (64, 128, 64, 128 // STEP)

    def _create_base_vocabulary(self):
        fields = zip(self.field_names, self.sizes, strict=True)
        return [[f"{name}_{value}" for value in range(size)] for name, size in fields]

    def order(self, batch):
        piece = np.arange(len(batch)).repeat(batch.counts)
        return np.lexsort((batch.pitch, batch.onset_ticks, piece))

    def columns(self, batch):
        sixteenth = batch.spread(batch.ticks_per_quarter / 4)
        onset = np.rint(batch.onset_ticks / sixteenth)
        gap = np.diff(onset, prepend=0)
        gap[batch.starts] = onset[batch.starts]
        duration = np.rint(batch.duration_ticks / sixteenth)
        values = [gap, batch.pitch, duration, batch.velocity // STEP]
        limits = zip(values, self.sizes, strict=True)
        return np.stack([np.clip(value, 0, size - 1) for value, size in limits], axis=1)

    def batch_ids(self, batch):
        return self.columns(batch).astype(np.int64) + 2, batch.counts

    def _tokens_to_score(self, tokens, programs=None):
        gap, pitch, duration, velocity = (np.array(tokens.ids).reshape(-1, 4) - 2).T
        score = new_score(4)
        add_track(score, gap.cumsum(), duration.clip(1), pitch, velocity * STEP + STEP // 2, 0)
        return score


class OwnHiding(Loud):
    """Masks the column itself."""

    def hide_velocity(self, ids, share, rng):
        hidden = rng.random(len(ids)) < share
        ids = ids.copy()
        ids[hidden, 3] = self.mask_ids[3]
        return ids, hidden


class Named(Loud):
    """Has the name that velocities have, and nothing else."""

    field_names = ("Gap", "Pitch", "Duration", "Velocity")


class Unaware(Loud):
    """Says that there is no velocity."""

    shows_velocity = False


class Flat(Loud):
    """The same as single tokens: the velocity of a note comes after its pitch."""

    names = ("Gap", "Pitch", "Duration", "Velocity")
    field_names = ("Token",)

    def _create_base_vocabulary(self):
        fields = zip(self.names, self.sizes, strict=True)
        return [f"{name}_{value}" for name, size in fields for value in range(size)]

    @property
    def first(self):
        return 2 + np.cumsum([0, *self.sizes[:-1]])

    def batch_ids(self, batch):
        return (self.columns(batch).astype(np.int64) + self.first).ravel(), 4 * batch.counts

    def _tokens_to_score(self, tokens, programs=None):
        tokens.ids = (np.array(tokens.ids).reshape(-1, 4) - self.first + 2).tolist()
        return super()._tokens_to_score(tokens, programs)


class Positioned(Flat):
    def note_positions(self, ids):
        return np.arange(len(ids)) % 4 == 1


class PositionedAndHiding(Positioned):
    def hide_velocity(self, ids, share, rng):
        hidden = rng.random(len(ids) // 4) < share
        ids = ids.copy()
        ids[3::4][hidden] = self.mask_ids[0]
        return ids, hidden.repeat(4) & self.note_positions(ids)


class CountingNotes(PositionedAndHiding):
    def batch_ids(self, batch):
        ids, _ = super().batch_ids(batch)
        return ids, batch.counts


RIGHT = [OwnHiding, Named, PositionedAndHiding]
WRONG = {
    Loud: "Loud: the ids change with the velocities .* or define hide_velocity",
    Unaware: "Unaware: the ids change with the velocities",
    Positioned: "Positioned.hide_velocity returns notes as hidden whose velocity is still",
    Flat: r"Flat.note_positions marks \d+ of \d+ tokens for \d+ notes",
}


@pytest.fixture(params=[*RIGHT, *WRONG, CountingNotes], ids=lambda kind: kind.__name__)
def registered(request, monkeypatch):
    monkeypatch.setitem(TOKENIZERS, request.param.__name__, request.param)
    monkeypatch.setitem(NAMES, "mine", request.param)
    return request.param


def files_of(kind, tmp_path):
    save_tokens(tokens_of([Piece("a.mid", "a")], [melody()], kind()), tmp_path / "a.npz")
    return load_tokens(tmp_path / "a.npz")


@pytest.mark.parametrize("registered", RIGHT, indirect=True)
def test_velocities_are_hidden_as_the_tokenizer_hides_them(registered, tmp_path):
    check_tokenizer(registered())
    tokens = files_of(registered, tmp_path)
    vocabulary = TokenVocabulary.from_dict(tokens.vocabulary.to_dict())
    ids = tokens.ids_of(0).astype(np.int64)
    mine, asked = vocabulary.hide_velocity(ids, 0.5, np.random.default_rng(1))
    theirs, expected = registered().hide_velocity(ids, 0.5, np.random.default_rng(1))
    assert np.array_equal(mine, theirs)
    assert np.array_equal(asked & registered().note_positions(ids), expected)
    example = TokenDataset(tokens, masked_velocity=0.5)[0]
    predicted = int((example["labels"]["velocity"] != IGNORE).sum())
    assert 0 < predicted == int((example["input_ids"] == 1).sum()) < len(melody())


@pytest.mark.parametrize("registered", WRONG, indirect=True)
def test_velocities_that_stay_in_the_ids_are_found_out(registered, emopia, tmp_path, capsys):
    with pytest.raises(AssertionError, match=WRONG[registered]):
        check_tokenizer(registered())
    if registered is not Flat:
        with pytest.raises(ValueError, match=WRONG[registered]):
            TokenDataset(files_of(registered, tmp_path))
        with pytest.raises(ValueError, match=WRONG[registered]):
            PieceDataset([Piece("a.mid", "a")], [melody()], registered())
        without = TokenDataset(files_of(registered, tmp_path), masked_velocity=None)
        assert len(without[0]["input_ids"])
    assert train(emopia, tmp_path) == 2
    said = capsys.readouterr().err
    assert f"{registered.__name__}.note_positions" in said or "hide_velocity" in said


def test_an_own_hiding_needs_the_class_in_the_table(tmp_path):
    tokens = files_of(OwnHiding, tmp_path)
    with pytest.raises(ValueError, match="OwnHiding has a hide_velocity of its own and no line"):
        TokenDataset(tokens)[0]


def test_counts_of_notes_in_place_of_tokens_are_found_out():
    with pytest.raises(ValueError, match=r"CountingNotes.batch_ids returns 64 tokens and counts"):
        CountingNotes().ids(melody())


def train(emopia, folder):
    sizes = ["--hidden-size", "16", "--layers", "1", "--heads", "2", "--features", "none"]
    words = ["--max_steps", "2", "--use_cpu", "True", "--disable_tqdm", "True"]
    place = ["--emopia", str(emopia), "--output_dir", str(folder / "run")]
    return main(["--tokenizer", "mine", *place, *sizes, *words])


@pytest.mark.parametrize("registered", [OwnHiding], indirect=True)
def test_a_tokenizer_with_its_own_hiding_trains_the_velocity_task(registered, emopia, tmp_path):
    assert train(emopia, tmp_path) == 0


@pytest.fixture
def shown(root):
    """The statements of the example of the page: imports and the class."""
    text = (root / "docs" / "tokenizers.md").read_text(encoding="utf-8")
    (block,) = [block for block in text.split("```") if "class GapTokenizer" in block]
    example = doctest.DocTestParser().get_doctest(block, {}, "example", None, 0)
    return [statement.source for statement in example.examples[:4]]


def test_the_tokenizer_of_the_docs_holds_the_notes(shown):
    names = {}
    for source in shown:
        exec(source, names)
    check_tokenizer(names["GapTokenizer"]())


def test_the_tokenizer_of_the_docs_passes_ruff(shown, root, tmp_path):
    pytest.importorskip("ruff")
    file = tmp_path / "gap.py"
    outside, *inside, body = shown
    imports = f"{outside}\n{''.join(inside)}"
    file.write_text(f'"""Gaps."""\n\n{imports}\n\n{body}', encoding="utf-8")
    words = ["check", "--config", str(root / "pyproject.toml"), str(file)]
    found = subprocess.run([sys.executable, "-m", "ruff", *words], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
