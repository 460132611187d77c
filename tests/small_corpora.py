"""Corpora in miniature, as they lie on a disk."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from test_phrases import SONG, played

from symbolic.data.corpora.phrases import parse_phrases

TWO_PHRASES_AS_ONE = "i4A8B8b4A4x2B8o3"
FMA_ROWS = (
    (2, 1, "training", "small", "Hip-Hop"),
    (5, 1, "training", "small", "Hip-Hop"),
    (140, 54, "validation", "medium", "Folk"),
    (1001, 70, "test", "small", '"Folk"'),
    (1002, 71, "validation", "small", '"Rock, or\nso"'),
    (9, 1, "test", "large", ""),
)


def write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def write_sound(path: Path, seconds: float = 0.1, rate: int = 8000) -> Path:
    """A short tone; the suffix decides the format, of `.mp3` there is WAV inside."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    soundfile.write(path, tone, rate, format="WAV" if path.suffix == ".mp3" else None)
    return path


def fma_table(*rows: tuple) -> str:
    """Rows are (track, artist, split, subset, genre), as in FMA with its rows of names."""
    lines = [
        ",artist,set,set,track",
        ",id,split,subset,genre_top",
        "track_id,,,,",
    ]
    return "\n".join([*lines, *(",".join(map(str, row)) for row in rows)]) + "\n"


def write_magnatagatune(folder: Path, more_tags: int = 0) -> Path:
    """Two clips each of songs in folders 0, c and d, one without the frequent tags."""
    others = [f"tag{number}" for number in range(more_tags)]
    lines = ["\t".join(["clip_id", "harp", "guitar", "slow", *others, "mp3_path"])]
    clips = [
        ("0/song_a-0-29.mp3", "0\t1\t1"),
        ("0/song_a-30-59.mp3", "0\t1\t0"),
        ("b/song_b-1-0-29.mp3", "1\t0\t0"),
        ("c/song_c-0-29.mp3", "0\t1\t1"),
        ("f/song_d-0-29.mp3", "0\t1\t1"),
    ]
    for number, (path, tags) in enumerate(clips):
        lines.append("\t".join([str(number), tags, *["0"] * more_tags, path]))
        write_sound(folder / path)
    write_text(folder / "annotations_final.csv", "\n".join(lines) + "\n")
    return folder


def write_moods(folder: Path) -> Path:
    """Six pictures of two artists, one of them without a row."""
    pictures = {f"{i:03d}": np.full((64, 5 + i), 51 * i, np.uint8) for i in range(6)}
    np.savez(folder / "moods_mel.npz", **pictures)
    artists = ("ann lee", " Ann  Lee")
    rows = [f"{i:03d},Cluster {1 + i % 5},Wistful,{artists[i % 2]}" for i in range(5)]
    write_text(folder / "moods.csv", "clip,cluster,mood,artist\n" + "\n".join(rows) + "\n")
    return folder


def write_ym2413(folder: Path, content: Callable[[int], bytes] = lambda number: b"") -> Path:
    """YM2413-MDB: five games of four pieces, one in each quadrant; two games have the same music.

    `content` makes the bytes of the file of a number.
    """
    rows = ["file,game,quadrant,tags"]
    for g, game in enumerate(("Out Run", "Out Run 3D", "Ys", "Columns", "Rastan")):
        for k in range(4):
            rows.append(f'{game} (FM) - 0{k}.mid,{game},Q{1 + (g + k) % 4},"cheerful, comic"')
    return _write_pieces(folder, "clips.csv", rows, content)


def write_percepiano(folder: Path, content: Callable[[int], bytes] = lambda number: b"") -> Path:
    """PercePiano: two movements of four segments, each by three players and from the score.

    The columns segment and performer are those of another order. `content` as for `write_ym2413`.
    """
    rows = ["file,segment,performer,dark,energy"]
    for movement in ("mv2", "mv3"):
        for bars, segment in (("8bars", 1), ("8bars", 2), ("8bars", 16), ("16bars", 1)):
            for number, player in enumerate(("0", "1", "12", "Score")):
                name = f"Schubert_D960_{movement}_{bars}_{player}"
                dark, energy = (10 + 7 * number + segment) / 50, (17 + 5 * number - segment) / 40
                rows.append(f"{name}_{segment:02}.mid,{name},{segment:02},{dark},{energy}")
    return _write_pieces(folder, "ratings.csv", rows, content)


def _write_pieces(
    folder: Path, table: str, rows: list[str], content: Callable[[int], bytes]
) -> Path:
    write_text(folder / table, "\n".join(rows) + "\n")
    (folder / "midi").mkdir()
    for number, row in enumerate(rows[1:]):
        (folder / "midi" / row.partition(",")[0]).write_bytes(content(number))
    return folder


def write_pop909_phrases(folder: Path, midi_score) -> Path:
    """Three songs: one begins on its second beat, one at once, one has phrases of another song."""
    (folder / "beats").mkdir()
    (folder / "pop909").mkdir()
    rows = ["file,annotator1,annotator2"]
    for name, start, first in (("001", 1, SONG), ("002", 0, SONG), ("003", 0, "A9i9B9x9o5")):
        beats, score = played(midi_score, parse_phrases(SONG), start)
        score.dump_midi(folder / "pop909" / f"{name}.mid")
        lines = [f"{beat} 1.0 0.0" for beat in beats]
        write_text(folder / "beats" / f"{name}.txt", "\n".join(lines))
        rows.append(f"{name}.mid,{first},{TWO_PHRASES_AS_ONE if name != '003' else SONG}")
    write_text(folder / "pop909_phrases.csv", "\n".join(rows) + "\n")
    return folder


def write_salami(folder: Path) -> Path:
    """Three songs; the first has two annotators, and the last has no recording."""
    for song in ("2", "10", "1000"):
        parsed = folder / "annotations" / song / "parsed"
        large = "0.000\tSilence\n0.400\tA\n30.5\tB\n61\tSilence\n62\tEnd\n"
        functions = "0.000\tSilence\n0.400\tIntro\n30.5\tno_function\n30.5\tVerse\n62\tEnd\n"
        write_text(parsed / "textfile1_functions.txt", functions)
        write_text(parsed / "textfile1_uppercase.txt", large)
        lower = large.replace("30.5\tB", "15\tb\n30.5\tc")
        write_text(parsed / "textfile1_lowercase.txt", lower)
    second = folder / "annotations" / "2" / "parsed" / "textfile2_functions.txt"
    write_text(second, "0\tIntro\n62\tEnd\n")
    for name in ("2.mp3", "10.flac"):
        write_text(folder / "audio" / name, "sound")
    return folder


def write_beatles(folder: Path) -> Path:
    """Two songs of half a minute, as pictures of 80 mel bands and 12 pitch classes."""
    from symbolic.data.recordings.beatles import FRONT

    songs = ("Help!", "Yesterday")
    frames = round(30 * FRONT.rate)
    pictures = {f"{song}/{kind}": np.full((width, frames), 9, np.uint8)
                for song in songs for kind, width in (("mel", 80), ("chroma", 12))}  # fmt: skip
    np.savez(folder / "beatles_features.npz", **pictures)
    rows = [f"{song},{start},{start + 10},verse" for song in songs for start in (0, 10, 20)]
    write_text(folder / "beatles_segments.csv", "song,start,end,label\n" + "\n".join(rows) + "\n")
    return folder
