"""Music made for the tests, and a model too small to know anything about it."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: no test may need a network
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # nor more than a core

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, settings
from symusic import Note, Score, Tempo, TimeSignature, Track

torch.set_num_threads(1)

# No test depends on how long something takes.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The corpora, which are not part of the repository: skip where they are missing."""
    folder = Path(os.environ.get("SYMBOLIC_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "emopia" / "midi").is_dir() or not (folder / "vgmidi" / "midi").is_dir():
        pytest.skip("no EMOPIA and VGMIDI: set SYMBOLIC_DATA to the folder that holds them")
    return folder


@pytest.fixture(scope="session")
def midi_score():
    """Build a `symusic.Score` in ticks.

    Each track is a list of (onset, duration, pitch, velocity); `tempos` are (tick, quarters per
    minute), `meters` (tick, numerator, denominator), `drums` the indices of percussion tracks.
    """

    def build(*tracks, tempos=(), meters=(), ticks_per_quarter=480, drums=()) -> Score:
        score = Score(ticks_per_quarter)
        for tick, quarters in tempos:
            score.tempos.append(Tempo(tick, quarters))
        for tick, numerator, denominator in meters:
            score.time_signatures.append(TimeSignature(tick, numerator, denominator))
        for index, notes in enumerate(tracks):
            track = Track(is_drum=index in drums)
            for onset, duration, pitch, velocity in notes:
                track.notes.append(Note(onset, duration, pitch, velocity))
            score.tracks.append(track)
        return score

    return build


@pytest.fixture(scope="session")
def midi_bytes(midi_score):
    """The bytes of a MIDI file; arguments as for `midi_score`."""
    return lambda *tracks, **options: midi_score(*tracks, **options).dumps_midi()


@pytest.fixture(scope="session")
def write_midi(midi_bytes):
    """Write a MIDI file at a path and return the path; other arguments as for `midi_score`."""

    def write(path, *tracks, **options) -> Path:
        path = Path(path)
        path.write_bytes(midi_bytes(*tracks, **options))
        return path

    return write


@pytest.fixture(scope="session")
def raw_midi():
    """A MIDI file with one track of raw events: bytes that no library would write."""

    def build(*events: bytes, division: int = 480) -> bytes:
        track = b"".join(events) + b"\x00\xff\x2f\x00"
        header = b"MThd" + (6).to_bytes(4, "big") + b"\x00\x00\x00\x01"
        return (
            header + division.to_bytes(2, "big") + b"MTrk" + len(track).to_bytes(4, "big") + track
        )

    return build


@pytest.fixture(scope="session")
def tune():
    """A tune with dynamics: `n` notes up and down the scale of a tonic, one each eighth."""

    def notes(n: int = 16, tonic: int = 60, velocity: int = 60, step: int = 240):
        scale = (0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2)
        return [
            (i * step, step, tonic + scale[i % len(scale)], velocity + i * 7 % 40) for i in range(n)
        ]

    return notes


@pytest.fixture(scope="session")
def token_tunes(tune, midi_score):
    """Tunes as a token file in memory: pieces by number, two to a song, quadrants in turn.

    A tune has dynamics and a key, a tonic and a number of notes of its own, `n` or a few more.
    """
    from symbolic.data import Piece, tokens_of
    from symbolic.notes import read_notes
    from symbolic.tokenizers import build_tokenizer

    def build(name="cp-performance", count=8, n=20, spread=3, feature_names=()):
        pieces = [
            Piece(Path(f"{i}.mid"), f"song{i // 2}", {"emotion": i % 4}, "tunes")
            for i in range(count)
        ]
        tables = [
            read_notes(midi_score(tune(n + spread * (i % 5), 54 + i % 12), meters=[(0, 4, 4)]))
            for i in range(count)
        ]
        return tokens_of(pieces, tables, build_tokenizer(name), feature_names)

    return build


@pytest.fixture(scope="session")
def tiny_scorer():
    """A scorer whose weights are random: its answers mean nothing, but are always the same."""
    from symbolic import CPTokenizer, EmotionScorer
    from symbolic.features import FEATURE_SETS
    from symbolic.training.build import build_model
    from symbolic.training.notes import ModelArguments

    tokenizer = CPTokenizer()
    torch.manual_seed(0)
    arguments = ModelArguments(
        hidden_size=32, layers=1, heads=2, field_embedding_size=16, window=64, temperature=0.5
    )
    return EmotionScorer(build_model(tokenizer, arguments, FEATURE_SETS["core"]), tokenizer)


@pytest.fixture(scope="session")
def tiny_model_folder(tiny_scorer, tmp_path_factory) -> Path:
    """The model and tokenizer of `tiny_scorer`, saved."""
    folder = tmp_path_factory.mktemp("model")
    tiny_scorer.model.save_pretrained(folder)
    tiny_scorer.tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def write_table():
    """Write a CSV of rows (dicts) at a path, and the files in its column `file` beside it, empty.

    The files lie in the folder `midi/`, as in EMOPIA and VGMIDI here. Returns the folder.
    """
    import pandas as pd

    def write(path, rows, files="midi") -> Path:
        folder = Path(path).parent / files
        folder.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_csv(path, index=False)
        for row in rows:
            (folder / row["file"]).write_bytes(b"")
        return Path(path).parent

    return write


@pytest.fixture
def emopia_folder(tmp_path, write_table) -> Path:
    """EMOPIA in small: 24 songs of two clips in two quadrants each, three songs look-alikes."""
    splits = {"Ie5koh4qvJc": "val", "FoTXpYZXxJs": "train", "jO2zX6Ul8GM": "train"}
    splits |= {f"song{i}": "train" for i in range(20)} | {"other": "val"}
    rows = [
        {
            "file": f"Q{1 + i % 4}_{song}_{k}.mid",
            "song": song,
            "quadrant": f"Q{1 + (i + k) % 4}",
            "split": split,
            "split_emopia_cls": "" if song == "song0" else "val" if i < 10 else "train",
        }
        for i, (song, split) in enumerate(splits.items())
        for k in range(2)
    ]
    return write_table(tmp_path / "emopia" / "clips.csv", rows)


@pytest.fixture
def vgmidi_folder(tmp_path, write_table) -> Path:
    """VGMIDI in small: three games, each with a "Main Theme" and six more, of two phrases."""
    rows = [
        {
            "file": f"{game}_{piece}_{k}.mid",
            "game": game,
            "piece": piece,
            "quadrant": f"Q{1 + (g + p) % 4}",
            "valence": "1",
            "arousal": "-1",
        }
        for g, game in enumerate(["Zelda", "Mario", "Sonic"])
        for p, piece in enumerate(["Main Theme", *"ABCDEF"])
        for k in range(2)
    ]
    return write_table(tmp_path / "vgmidi" / "phrases.csv", rows)


def _clip(rng, quadrant):
    """Fast and loud where arousal is high, major where valence is."""
    high, positive = quadrant in (0, 1), quadrant in (0, 3)
    n = 40
    scale = np.array([0, 4, 7, 12] if positive else [0, 3, 7, 12])
    step = 120 if high else 960
    velocity = rng.integers(80, 120, n) if high else rng.integers(20, 60, n)
    pitch = rng.integers(40, 52) + rng.choice(scale, n)
    score = Score(480)
    score.tempos.append(Tempo(0, 120))
    score.time_signatures.append(TimeSignature(0, 4, 4))
    notes = [Note(i * step, step, int(pitch[i]), int(velocity[i])) for i in range(n)]
    score.tracks.append(Track(notes=notes))
    return score.dumps_midi()


@pytest.fixture(scope="session")
def emopia(tmp_path_factory):
    """EMOPIA in small, to be heard: 24 songs of two clips; the last six are for validation."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "midi").mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for song in range(24):
        for k in range(2):
            quadrant = (song + k) % 4
            file = f"Q{quadrant + 1}_song{song}_{k}.mid"
            (folder / "midi" / file).write_bytes(_clip(rng, quadrant))
            split = "val" if song >= 18 else "train"
            rows.append((file, f"song{song}", f"Q{quadrant + 1}", split))
    frame = pd.DataFrame(rows, columns=["file", "song", "quadrant", "split"])
    frame.to_csv(folder / "clips.csv", index=False)
    return folder


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory, midi_bytes, tune) -> Path:
    """Thirty files: twins within a shard of 4 and far apart, and some that cannot be read."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "sub").mkdir()
    for i in range(30):
        place = folder / ("sub" if i % 3 else ".") / f"{i:02d}.mid"
        if i % 7 == 3:
            place.write_bytes(b"nothing to hear in number %d" % i)
        else:
            kind = 1 if i in (1, 8, 25, 26) else i
            place.write_bytes(midi_bytes(tune(12 + kind, 50 + kind % 12, 30 + kind)))
    return folder
