"""Every tokenizer: its ids hold the notes, and stand where the data sets look for them.

A tokenizer that is new is tested as soon as it has a line in `TOKENIZERS` or `NAMES`.
"""

import numpy as np
import pytest

from symbolic.data.tokens.transposition import PITCH as PITCH_TOKEN
from symbolic.notes import note_table, read_notes
from symbolic.tokenizers import (
    NAMES,
    TOKENIZERS,
    CPTokenizer,
    FerreiraTokenizer,
    MidiTokTokenizer,
    build_tokenizer,
)

GRID = (
    0.13  # seconds; a 16th at 120 quarters a minute, or what a minute of rounded tempo adds up to
)
PITCH = [60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 66, 64, 61, 59, 60]
BEATS = [1] * 8 + [0.5] * 4 + [1] * 4
VELOCITY = [40 + 5 * (i % 12) for i in range(len(PITCH))]


def melody(pitch=PITCH, velocity=VELOCITY):
    """One note after another, after a rest of a beat of half a second."""
    length = np.array(BEATS) * 480
    return note_table(np.cumsum(length) - length + 480, length, pitch, velocity)


def decoded(tokenizer, ids):
    """The notes that ids stand for."""
    inner = getattr(tokenizer, "tokenizer", tokenizer)
    flat = isinstance(tokenizer, MidiTokTokenizer) and not inner.one_token_stream
    if flat:  # MidiTok takes a sequence of each track
        ids = [ids.tolist()]
    return read_notes(inner.decode(ids if flat else ids.tolist()))


def check_tokenizer(tokenizer):
    """Fail where a tokenizer does not do what data, training and scoring rely on."""
    name = type(tokenizer).__name__
    notes = melody()
    ids = tokenizer.ids(notes)
    check_ids(tokenizer, ids)
    emitted = tokenizer.emitted(notes)
    assert emitted.pitch.tolist() == PITCH, f"{name}.order: notes keep their order in time"
    again = tokenizer.note_ids(emitted)
    assert np.array_equal(again, ids), f"{name}.batch_ids: emitted notes have the ids of the piece"
    for other in tokenizer.ids_many([notes, notes]):
        assert np.array_equal(other, ids), f"{name}.batch_ids: two pieces have the ids of each"
    check_notes(tokenizer, notes, decoded(tokenizer, ids))
    check_positions(tokenizer, ids)
    if tokenizer.note_positions(ids).any():
        check_names(tokenizer, ids)


def check_ids(tokenizer, ids):
    """Ids are within their vocabularies, and none of a note is padding or a mask."""
    name = type(tokenizer).__name__
    sizes = np.array(tokenizer.vocab_sizes)
    assert ids.dtype == np.int64, f"{name}.batch_ids: ids are int64, not {ids.dtype}"
    names = tokenizer.field_names
    assert len(names) == len(sizes), f"{name}: field_names {names} for {len(sizes)} vocabularies"
    rows = ids if ids.ndim == 2 else ids[:, None]
    assert rows.shape[1] == len(sizes), (
        f"{name}: {rows.shape[1]} columns of ids for {len(sizes)} vocabularies; flat ids have one "
        "list of tokens in _create_base_vocabulary"
    )
    assert (rows >= 0).all(), f"{name}.batch_ids: negative ids"
    assert (rows < sizes).all(), f"{name}.batch_ids: ids beyond the vocabulary of {sizes} tokens"
    for special in (tokenizer.pad_ids, tokenizer.mask_ids):
        if special is not None:
            assert ((np.array(special) >= 0) & (np.array(special) < sizes)).all(), (
                f"{name}: PAD or MASK {special} beyond the vocabulary of {sizes} tokens"
            )
            stands = f"{name}.batch_ids: a note has the id of PAD or MASK {special}"
            assert (rows != special).any(axis=1).all(), stands
            if tokenizer.note_positions(ids).any():
                assert (rows != special).all(), stands


def check_notes(tokenizer, notes, back):
    """The decoded notes are the notes, on the grid and with the velocities of the tokenizer."""
    decodes = f"{type(tokenizer).__name__} decodes"
    assert back.pitch.tolist() == notes.pitch.tolist(), f"{decodes} other pitches"
    for what in ("onset", "duration"):
        error = np.abs(getattr(back, what) - getattr(notes, what)).max()
        assert error <= GRID, f"{decodes} an {what} {error:.2f} s away; {GRID} s are allowed"
    if tokenizer.shows_velocity:
        error = np.abs(back.velocity - notes.velocity).max()
        assert error <= 4, f"{decodes} a velocity {error} away; its ids show it, and 4 is allowed"


def check_names(tokenizer, ids):
    """Each note has a token that the vocabulary names by the pitch: `Pitch_60` is middle C."""
    vocabularies = tokenizer.vocab if tokenizer.is_multi_voc else [tokenizer.vocab]
    rows = ids if ids.ndim == 2 else ids[:, None]
    names = [
        {number: name for name, number in vocabulary.items()}[number]
        for vocabulary, column in zip(vocabularies, rows.T, strict=True)
        for number in column.tolist()
    ]
    pitches = [int(found[1]) for name in names if (found := PITCH_TOKEN.fullmatch(name))]
    assert sorted(pitches) == sorted(PITCH), (
        f"{type(tokenizer).__name__}: the token of middle C is called Pitch_60, once for each note"
    )


def check_positions(tokenizer, ids):
    """Each note has a token of its own, which alone changes with its pitch."""
    name = type(tokenizer).__name__
    rng = np.random.default_rng(0)
    if not tokenizer.note_positions(ids).any():  # there is nothing to predict velocities at
        with pytest.raises(ValueError, match="velocity"):
            tokenizer.hide_velocity(ids, 1.0, rng)
        return
    try:
        positions = np.flatnonzero(tokenizer.checked_positions(ids, len(PITCH)))
    except ValueError as error:
        raise AssertionError(error) from error
    for i, position in enumerate(positions):
        pitch = [*PITCH[:i], PITCH[i] + 1, *PITCH[i + 1 :]]
        changed = (tokenizer.ids(melody(pitch)) != ids).reshape(len(ids), -1).any(axis=1)
        assert np.flatnonzero(changed).tolist() == [position], (
            f"{name}: with the pitch of note {i} the tokens {np.flatnonzero(changed)} change; only "
            f"the one that note_positions marks may, {position}"
        )
    assert not tokenizer.velocity_problem, tokenizer.velocity_problem
    louder = tokenizer.ids(melody(velocity=[v + 20 for v in VELOCITY]))
    assert tokenizer.shows_velocity == (not np.array_equal(louder, ids)), (
        f"{name}.shows_velocity is {tokenizer.shows_velocity}, and the ids do not behave like it"
    )
    (hidden, asked), (other, _) = (tokenizer.hide_velocity(one, 1.0, rng) for one in (ids, louder))
    assert np.array_equal(np.flatnonzero(asked), positions), (
        f"{name}.hide_velocity returns the notes whose velocity is hidden: at a share of 1 all"
    )
    assert np.array_equal(hidden, other), f"{name}.hide_velocity leaves velocities in the ids"


@pytest.mark.filterwarnings("ignore")  # of MidiTok, about what it is asked to decode
@pytest.mark.parametrize("name", [*NAMES, *TOKENIZERS])
def test_every_tokenizer_holds_the_notes(name):
    check_tokenizer(build_tokenizer(name))


def test_short_names_are_of_the_classes():
    assert {type(make()) for make in NAMES.values()} <= set(TOKENIZERS.values())


def one_higher(tokenizer, ids):
    """Ids in which every pitch is the next one."""
    ids = ids.copy()
    if ids.ndim == 2:
        ids[:, tokenizer.field_names.index("Pitch")] += 1
    else:
        names = {number: name for name, number in tokenizer.vocab.items()}
        pitched = [names[number].startswith(("Pitch_", "NoteOn_", "n_")) for number in ids.tolist()]
        ids[pitched] += 1
    return ids


class HigherCP(CPTokenizer):
    def batch_ids(self, batch):
        ids, counts = super().batch_ids(batch)
        return one_higher(self, ids), counts


class HigherFerreira(FerreiraTokenizer):
    def _ids_of(self, *words):
        return [one_higher(self, ids) for ids in super()._ids_of(*words)]

    def batch_ids(self, batch):
        ids, counts = super().batch_ids(batch)
        return one_higher(self, ids), counts


class HigherMidiTok(MidiTokTokenizer):
    def note_ids(self, notes):
        return one_higher(self, super().note_ids(notes))


class LateCP(CPTokenizer):
    def batch_ids(self, batch):
        ids, counts = super().batch_ids(batch)
        ids[3:, self.field_names.index("Gap")] += 7
        return ids, counts


class BackwardsCP(CPTokenizer):
    def order(self, batch):
        return super().order(batch)[::-1]


class PaddedCP(CPTokenizer):
    def batch_ids(self, batch):
        ids, counts = super().batch_ids(batch)
        ids[0, self.field_names.index("Velocity")] = 0
        return ids, counts


class UnmarkedCP(CPTokenizer):
    def note_positions(self, ids):
        return super().note_positions(ids) & (np.arange(len(ids)) > 0)


class TellingCP(CPTokenizer):
    def hide_velocity(self, ids, share, rng):
        return ids, self.note_positions(ids)


class MisplacedFerreira(FerreiraTokenizer):
    def note_positions(self, ids):
        return np.roll(super().note_positions(ids), 1)


WRONG = [HigherCP, HigherFerreira, HigherMidiTok, LateCP, BackwardsCP, PaddedCP, UnmarkedCP]
WRONG += [TellingCP, MisplacedFerreira]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_tokenizer_is_found_out(wrong):
    with pytest.raises(AssertionError):
        check_tokenizer(wrong())


def test_a_pitch_under_the_name_of_another_is_found():
    wrong = HigherCP(preset="score")
    check_names(CPTokenizer(preset="score"), CPTokenizer(preset="score").ids(melody()))
    with pytest.raises(AssertionError):
        check_names(wrong, wrong.ids(melody()))
