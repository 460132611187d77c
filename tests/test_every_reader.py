"""Every reader: pieces with groups and with labels of their tasks, splits that share nothing; notes
that are those of the file, whatever it is written in.

A reader that is new is tested as soon as it has a line in `READERS` or `NOTATION_READERS`,
and a small corpus or sample here.
"""

import io
import os
import random
import zipfile
from collections import defaultdict
from dataclasses import replace

import pytest
from labels import check_label
from marked_files import marked as marked_file
from marked_files import text
from small_corpora import (
    FMA_ROWS,
    fma_table,
    write_beatles,
    write_magnatagatune,
    write_moods,
    write_percepiano,
    write_pop909_phrases,
    write_salami,
    write_sound,
    write_text,
    write_ym2413,
)
from test_notations import ABC, KERN, MEI, MUSICXML, SOUNDS

from symbolic.data import READERS
from symbolic.notes import NoteTable, read_notes
from symbolic.notes.archives import NamedBytes
from symbolic.notes.formats import notations
from symbolic.notes.read import NOTATION_SUFFIXES, NOTE_SUFFIXES
from symbolic.tasks import IGNORE, TASKS

SPLITS = {"", "train", "val", "test"}
ALONE = ()  # every piece is a group of its own


def emopia(folder, request):
    songs = [f"_song{i}_" for i in range(20)]
    return request.getfixturevalue("emopia_folder"), songs


def vgmidi(folder, request):
    songs = [f"{game}_{k}_" for game in ("Zelda", "Mario", "Sonic") for k in "ABCDEF"]
    return request.getfixturevalue("vgmidi_folder"), songs


def ym2413(folder, request):
    return write_ym2413(folder), ["Out Run", "Ys", "Columns", "Rastan"]


def percepiano(folder, request):
    return write_percepiano(folder), ["_mv2_", "_mv3_"]


def labelled(folder, request):
    for name in ("a.mid", "b.mid", "c.mid"):
        write_text(folder / name, "")
    write_text(
        folder / "labels.csv",
        "path,quadrant,valence,arousal,key,group,split\n"
        "a.mid,Q2,-0.5,0.25,a minor,Suite,train\nb.mid,,,,Gb:maj,Suite,train\nc.mid,4,,,,,val\n",
    )
    return folder, [("a.mid", "b.mid")]


def pop909(folder, request):
    rows = [{"file": "001.mid", "key": "Gb:maj"}, {"file": "002.mid", "key": "G#:min"}]
    write_table = request.getfixturevalue("write_table")
    return write_table(folder / "pop909_keys.csv", rows, files="pop909") / "pop909", ALONE


def when_in_rome(folder, request):
    rows = [
        {"file": f"{key}_song.mxl", "collection": "Songs", "opening_key": key}
        for key in ("Eb", "a", "db")
    ]
    write_table = request.getfixturevalue("write_table")
    return write_table(folder / "when_in_rome_keys.csv", rows, files="scores") / "scores", ALONE


def gtzan(folder, request):
    names = ("blues.00000", "jazz.00033", "jazz.00051", "rock.00001", "metal.00002")
    for name in names:
        write_sound(folder / f"{name}.wav")
    write_text(folder / "train_filtered.txt", "jazz.00033.wav\nblues.00000.wav\n")
    write_text(folder / "valid_filtered.txt", "rock.00001.wav\n")
    write_text(folder / "test_filtered.txt", "metal.00002.wav\n")
    return folder, [("jazz.00033", "jazz.00051")]


def fma(folder, request):
    write_text(folder / "fma_metadata" / "tracks.csv", fma_table(*FMA_ROWS))
    for name in ("000/000002", "000/000005", "001/001001", "001/001002"):
        write_sound(folder / "fma_small" / f"{name}.mp3")
    return folder, [("000002", "000005")]


def magnatagatune(folder, request, most=47):
    return write_magnatagatune(folder, most), [("song_a-0", "song_a-30")]


def moods(folder, request):
    return write_moods(folder), [("000", "001", "002")]


def beatles(folder, request):
    return write_beatles(folder), ALONE


def pop909_structure(folder, request):
    return write_pop909_phrases(folder, request.getfixturevalue("midi_score")), ALONE


def salami(folder, request):
    return write_salami(folder), ALONE


def marked(folder, request):
    parts = (0, text(6, "A")), (4, text(6, "B"))
    for pitch, name in enumerate(("a/x.mid", "b/y.mid", "c/z.mid"), 60):
        (folder / name).parent.mkdir()
        (folder / name).write_bytes(marked_file(*parts, pitch=pitch))
    (folder / "c" / "copy.mid").write_bytes(marked_file(*parts, pitch=62))
    (folder / "a" / "no marks.mid").write_bytes(marked_file(pitch=70))
    (folder / "a" / "words.mid").write_bytes(b"words")
    return folder, [("z.mid", "copy.mid")]


def recordings(folder, request):
    for name in ("a.wav", "b.wav", "c.wav"):
        write_sound(folder / name)
    write_text(
        folder / "labels.csv",
        "path,genre,mood,tags,quadrant,valence,arousal,group,split\n"
        "a.wav,rock,,loud | fast,Q2,-0.5,0.5,Ann,train\n"
        "b.wav,folk,calm,loud;slow,,0.25,-1,Ann,train\nc.wav,rock,,,,,,,test\n",
    )
    return folder, [("a.wav", "b.wav")]


SMALL = {
    "emopia": emopia,
    "vgmidi": vgmidi,
    "ym2413": ym2413,
    "percepiano": percepiano,
    "labelled": labelled,
    "pop909": pop909,
    "when_in_rome": when_in_rome,
    "gtzan": gtzan,
    "fma": fma,
    "magnatagatune": magnatagatune,
    "magnatagatune-10": magnatagatune,
    "moods": moods,
    "beatles": beatles,
    "pop909_structure": pop909_structure,
    "salami": salami,
    "salami-segments": salami,
    "marked": marked,
    "marked-folders": marked,
    "folder": recordings,
}
"""By the name of a reader, what writes its corpus in small: into a folder, with pytest's request.
Returns the folder, and what names of pieces have in common, or which they are, that are one group.
"""


def check_reader(reader, folder, together):
    """Fail where a reader does not do what splits, data and training rely on."""
    corpus = reader(folder)
    pieces, tasks = corpus.pieces, {task.name: task for task in corpus.tasks}
    assert tasks
    assert len(tasks) == len(corpus.tasks)
    assert {piece.corpus for piece in pieces} == {corpus.name}
    check_frames(corpus)
    assert reader(folder).pieces == pieces
    assert len(pieces) > 1
    assert all(isinstance(piece.group, str) and piece.group for piece in pieces)
    assert all(piece.corpus for piece in pieces)
    assert len({piece.path for piece in pieces}) == len(pieces)
    check_labels(pieces, tasks)
    check_groups(pieces, together)
    if corpus.features is None:
        assert all(piece.path.is_file() for piece in pieces)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        reader(folder / "nowhere")


def check_frames(corpus):
    """A corpus has pictures with a front that they fit, or neither."""
    assert (corpus.features is None) == (corpus.front_end is None)
    for frames in corpus.features or ():
        assert frames.ndim == 2
        assert frames.shape[1] == corpus.front_end.width
    if corpus.features is not None:
        assert len(corpus.features) == len(corpus.pieces)


def check_labels(pieces, tasks):
    """Labels are those of tasks, and every task of the corpus has some."""
    told = set()
    for piece in pieces:
        for name, label in piece.labels.items():
            check_label({**TASKS, **tasks}[name], label)
            if label != IGNORE:
                told.add(name)
    assert told >= set(tasks)


def check_groups(pieces, together):
    """What is one song is one group, what is not is not, and no group is in two splits."""
    splits = defaultdict(set)
    for piece in pieces:
        assert piece.split in SPLITS
        splits[piece.group].add(piece.split)
    assert all(len(found - {""}) <= 1 for found in splits.values())
    for names in together:
        parts = [names] if isinstance(names, str) else names
        groups = [p.group for p in pieces if any(part in p.path.name for part in parts)]
        assert len(groups) > 1
        assert len(set(groups)) == 1
    assert len(splits) > 1 or len(pieces) < 6
    if not together:
        assert len(splits) == len(pieces)


@pytest.mark.parametrize("name", READERS)
def test_every_reader_gives_pieces_that_can_be_learnt_from(name, tmp_path, request):
    if not READERS[name].notes:
        pytest.importorskip("soundfile")
    folder, together = SMALL[name](tmp_path, request)
    check_reader(READERS[name], folder, together)


def changed(reader, change):
    """A reader that returns the pieces of another one, each changed by its number and itself."""

    def read(folder):
        corpus = reader(folder)
        pieces = [change(number, piece) for number, piece in enumerate(corpus.pieces)]
        return replace(corpus, pieces=pieces)

    return read


def labelled_as(**labels):
    return lambda _, piece: replace(piece, labels={**piece.labels, **labels})


WRONG = {
    "no group": lambda number, piece: replace(piece, group="" if number == 3 else piece.group),
    "a group each": lambda number, piece: replace(piece, group=f"{piece.group} {number}"),
    "one group": lambda _, piece: replace(piece, group="all", split=""),
    "no corpus": lambda _, piece: replace(piece, corpus=""),
    "one piece": lambda _, piece: replace(piece, path=piece.path.with_name("Q1_song0_0.mid")),
    "not there": lambda _, piece: replace(piece, path=piece.path.with_suffix(".krn")),
    "no labels": lambda _, piece: replace(piece, labels={}),
    "a label too high": labelled_as(emotion=4),
    "a label below 0": labelled_as(emotion=-1),
    "a label of no task": labelled_as(feeling=1),
    "a word": labelled_as(emotion="Q1"),
    "another kind": labelled_as(emotion=(0.0, 1.0)),
    "a group in two splits": lambda n, piece: replace(piece, split=("train", "val")[n % 2]),
    "a split of no name": lambda _, piece: replace(piece, split="tset"),
    "another order": lambda _, piece: replace(piece, group=f"{piece.group}{random.random()}"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_reader_is_found_out(wrong, tmp_path, request):
    folder, together = emopia(tmp_path, request)
    with pytest.raises((AssertionError, KeyError)):
        check_reader(changed(READERS["emopia"], WRONG[wrong]), folder, together)


def test_boundaries_and_pictures_that_are_wrong_are_found_out(tmp_path, request):
    folder, together = beatles(tmp_path, request)
    reader = READERS["beatles"]
    for change in (labelled_as(boundary=(3.0, 2.0)), labelled_as(boundary=(-1.0, 2.0))):
        with pytest.raises(AssertionError):
            check_reader(changed(reader, change), folder, together)
    corpus = reader(folder)
    narrow = [frames[:, 1:] for frames in corpus.features]
    for features in (narrow, corpus.features[1:], None):
        with pytest.raises(AssertionError):
            check_reader(
                lambda folder, features=features: replace(reader(folder), features=features),
                folder,
                together,
            )


def zipped(name, text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


def midi(midi_score):
    """The piece of the samples as MIDI, its repeats played."""
    notes = [
        (round(480 * onset), round(480 * length), pitch, velocity)
        for onset, length, pitch, velocity in SOUNDS
    ]
    tempos = [(0, 90.5), (12 * 480, 120)]
    return midi_score(notes, tempos=tempos, meters=[(0, 2, 4)])


SAMPLES = {
    **dict.fromkeys((".mid", ".midi", ".kar"), lambda score: score.dumps_midi()),
    ".rmi": lambda score: (
        b"RIFF"
        + (len(score.dumps_midi()) + 12).to_bytes(4, "little")
        + b"RMIDdata"
        + len(score.dumps_midi()).to_bytes(4, "little")
        + score.dumps_midi()
    ),
    **dict.fromkeys((".musicxml", ".xml"), lambda _: MUSICXML.encode()),
    ".mxl": lambda _: zipped("score.xml", MUSICXML),
    **dict.fromkeys((".krn", ".kern"), lambda _: KERN.encode()),
    ".abc": lambda _: ABC.encode(),
    ".mei": lambda _: MEI.encode(),
    ".mscx": lambda _: b"<museScore version='3.01'/>",
    ".mscz": lambda _: zipped("piece.mscx", "<museScore version='3.01'/>"),
}
"""By the suffix of files of notes, the piece of `test_notations.py` from its score."""


def check_notes(notes):
    """Fail where notes are not those of the piece, in the order of note tables."""
    assert isinstance(notes, NoteTable)
    assert (notes.onset[1:] >= notes.onset[:-1]).all()
    quarters = notes.ticks_per_quarter
    rows = zip(notes.onset_ticks / quarters, notes.duration_ticks / quarters, notes.pitch,
               notes.velocity, strict=True)  # fmt: skip
    assert sorted(rows) == [pytest.approx(note, abs=0.01) for note in sorted(SOUNDS)]
    bars = 12 * 60 / 90.5
    last = sorted(onset for onset, *_ in SOUNDS)[-1] - 12
    assert notes.onset[-1] == pytest.approx(bars + last * 60 / 120, abs=0.01)
    assert not notes.is_drum.any()


@pytest.fixture
def musescore(tmp_path, monkeypatch):
    """A program called mscore that writes the piece as MusicXML, whatever it is given."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "piece.musicxml").write_text(MUSICXML)
    program = tmp_path / "bin" / "mscore"
    program.write_text(f'#!/bin/sh\ncp "{tmp_path}/piece.musicxml" "$4"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.skipif(os.name != "posix", reason="a program that is a script of the shell")
@pytest.mark.parametrize("suffix", NOTE_SUFFIXES)
def test_every_file_of_notes_is_the_piece(suffix, midi_score, tmp_path, musescore):
    data = SAMPLES[suffix](midi(midi_score))
    path = tmp_path / f"piece{suffix}"
    path.write_bytes(data)
    for source in (path, str(path), data, NamedBytes("elsewhere", data), read_notes(path)):
        check_notes(read_notes(source))


def test_every_notation_has_a_sample(midi_score):
    made = {
        notations.notation_of(sample(midi(midi_score)))
        for suffix, sample in SAMPLES.items()
        if suffix in NOTATION_SUFFIXES
    }
    assert made == set(notations.NOTATION_READERS)


def test_every_object_of_notes_is_the_piece(midi_score):
    import music21
    import pretty_midi

    score = midi(midi_score)
    check_notes(read_notes(score))
    check_notes(read_notes(pretty_midi.PrettyMIDI(io.BytesIO(score.dumps_midi()))))
    stream = music21.converter.parseData(MUSICXML, format="musicxml")
    check_notes(read_notes(stream))


WRONG_NOTES = {
    "higher": lambda notes: replace(notes, pitch=notes.pitch + 1),
    "later": lambda notes: replace(notes, onset_ticks=notes.onset_ticks + notes.ticks_per_quarter),
    "longer": lambda notes: replace(notes, duration_ticks=notes.duration_ticks * 2),
    "louder": lambda notes: replace(notes, velocity=notes.velocity + 1),
    "slower": lambda notes: replace(notes, onset=2 * notes.onset),
    "fewer": lambda notes: notes.select(range(1, len(notes))),
    "backwards": lambda notes: notes.select(range(len(notes))[::-1]),
    "drums": lambda notes: replace(notes, is_drum=~notes.is_drum),
}


@pytest.mark.parametrize("wrong", WRONG_NOTES)
def test_a_wrong_reader_of_notes_is_found_out(wrong, monkeypatch):
    whole = notations.NOTATION_READERS["ABC"]
    monkeypatch.setitem(
        notations.NOTATION_READERS, "ABC", lambda data: WRONG_NOTES[wrong](whole(data))
    )
    with pytest.raises((AssertionError, notations.ReadError)):
        check_notes(read_notes(ABC.encode()))
