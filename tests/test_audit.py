"""The audit: what leaks between splits and folds, and what it lets pass."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_corpora import write_percepiano, write_ym2413

from symbolic.cli import main
from symbolic.data import Piece, audit_paths
from symbolic.data.audit.audit import audit
from symbolic.data.audit.duplicates import same_melody, same_notes
from symbolic.data.audit.records import BY_CHANCE
from symbolic.data.audit.text import audit_text
from symbolic.data.corpora.emopia import EMOPIA_LOOK_ALIKES
from symbolic.data.readers import READERS, Reader
from symbolic.notes import ReadError, note_table, read_notes
from symbolic.tasks import KEY

PROGRESSION = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16), (2, 5, 9), (7, 11, 14))
BAR = 1920


def tune(seed, notes=64, step=240):
    """A tune in eighths, with an occasional quarter, of tones of the chord and of its scale."""
    rng = np.random.default_rng(seed)
    onset, pitch, played = 0, 72, []
    scale = np.array([p for p in range(64, 88) if p % 12 in (0, 2, 4, 5, 7, 9, 11)])
    for i in range(notes):
        near = scale[(abs(scale - pitch) <= 7) & (scale != pitch)]
        if onset % BAR == 0:  # the first of a bar belongs to the chord
            chord = [c % 12 for c in PROGRESSION[onset // BAR % len(PROGRESSION)]]
            near = near[np.isin(near % 12, chord)] if np.isin(near % 12, chord).any() else near
        pitch = int(rng.choice(near))
        duration = step * int(rng.choice([1, 1, 1, 2]))
        played.append((onset, duration, pitch, 50 + i % 40))
        onset += duration
    return played


def block_chords(end, transpose=0):
    """A chord a bar."""
    return [
        (bar * BAR, BAR, 48 + tone + transpose, 45 + bar % 9)
        for bar in range(end // BAR + 1)
        for tone in PROGRESSION[bar % len(PROGRESSION)]
    ]


def broken_chords(end, transpose=0, step=120):
    """The same chords note by note in sixteenths."""
    return [
        (
            at,
            step,
            36 + transpose + PROGRESSION[at // BAR % len(PROGRESSION)][k % 3],
            40 + k % 7,
        )
        for k, at in enumerate(range(0, end, step))
    ]


def played(notes, tempo=1.0, rubato=0.0, transpose=0):
    """Notes as somebody else plays them: in another key and tempo, swaying, chords rolled."""
    onset, duration, pitch, velocity = np.array(notes, dtype=float).T
    rolled = 5 * (np.arange(len(onset)) % 3)
    swayed = onset * tempo + rubato * np.sin(onset / 2500) + rolled
    columns = (np.maximum(swayed, 0), duration * tempo, pitch + transpose, velocity)
    return [tuple(round(value) for value in note) for note in zip(*columns, strict=True)]


def table(*parts):
    onset, duration, pitch, velocity = np.array([note for part in parts for note in part]).T
    return note_table(onset, duration, pitch, velocity)


def end_of(notes):
    return notes[-1][0] + notes[-1][1]


@pytest.fixture
def corpus(tmp_path, write_midi):
    """Write a corpus laid out as EMOPIA: name of a song to (split, notes of each of its clips)."""

    def write(songs, name="emopia"):
        folder = tmp_path / name
        (folder / "midi").mkdir(parents=True)
        rows = []
        for i, (song, (split, clips)) in enumerate(songs.items()):
            for k, notes in enumerate(clips):
                file = f"Q{1 + i % 4}_{song}_{k}.mid"
                rows.append({"file": file, "song": song, "quadrant": file[:2], "split": split})
                write_midi(folder / "midi" / file, notes, tempos=[(0, 90 + i)])
        pd.DataFrame(rows).to_csv(folder / "clips.csv", index=False)
        return folder

    return write


@pytest.fixture
def run(capsys):
    """Run `symbolic audit` and return its status, its output and its errors."""

    def run(*words):
        status = main(["audit", *map(str, words), "--workers", "0"])
        return status, *capsys.readouterr()

    return run


def test_songs_with_clips_on_both_sides_are_leaks_and_counted():
    both, inside = [f"song{i}" for i in range(84)], [f"other{i}" for i in range(30)]
    pieces = [Piece(Path(f"{s}_{k}.mid"), s, split="train") for s in both + inside for k in (0, 1)]
    pieces += [Piece(Path(f"{song}_2.mid"), song, split="test") for song in both]
    pieces += [Piece(Path(f"{song}_3.mid"), song) for song in inside]
    found = audit(pieces, [ReadError("not here")] * len(pieces))
    assert [across.group for across in found.across] == [f": {song}" for song in both]
    assert all(across.counts == {"train": 2, "test": 1} for across in found.across)
    assert found.leaks
    assert "LEAK: groups in more than one split: 84" in audit_text(found)


def test_the_same_song_in_two_corpora_is_not_one_group():
    pieces = [Piece(Path(c), "Main Theme", corpus=c, split=c) for c in ("train", "test")]
    assert not audit(pieces, [ReadError("not here")] * 2).leaks


def test_a_clean_set_has_status_0(corpus, run):
    songs = {f"s{i}": ("val" if i > 5 else "train", [tune(i), tune(i + 99)]) for i in range(8)}
    status, output, errors = run(corpus(songs))
    assert (status, errors) == (0, "")
    assert "LEAK" not in output
    assert output.splitlines()[-1] == "no leak"
    assert "emopia: 16 pieces of 8 groups: train 12, val 4" in output


def test_a_copied_file_is_a_leak_between_splits_and_between_groups(corpus, run, tmp_path):
    songs = {f"s{i}": ("val" if i > 5 else "train", [tune(i)]) for i in range(8)}
    folder = corpus(songs)
    midi = folder / "midi"
    (midi / "Q3_s6_0.mid").write_bytes((midi / "Q1_s0_0.mid").read_bytes())
    (midi / "Q2_s1_0.mid").write_bytes((midi / "Q3_s2_0.mid").read_bytes())
    status, output, _ = run(folder, "--json", tmp_path / "findings.json")
    assert status == 1
    assert "the same bytes in different splits: 1" in output
    assert "the same bytes in different groups" in output
    found = json.loads((tmp_path / "findings.json").read_text())
    assert found["leaks"] is True
    assert found["pieces"] == 8
    assert {copy["verdict"]: {p["group"] for p in copy["pieces"]} for copy in found["copies"]} == {
        "split": {"s0", "s6"},
        "groups": {"s1", "s2"},
    }
    assert not found["melodies"]  # it is the same melody, but that has been said


def test_notes_are_the_same_whatever_the_file(tmp_path, write_midi):
    notes = tune(1)
    write_midi(tmp_path / "a.mid", notes)
    finer = [(2 * onset, 2 * duration, *rest) for onset, duration, *rest in notes]
    write_midi(tmp_path / "b.mid", finer[::2], finer[1::2], ticks_per_quarter=960)
    louder = [(*rest, velocity + 1) for *rest, velocity in notes]
    write_midi(tmp_path / "c.mid", louder)
    found = audit_paths([tmp_path], workers=0)
    assert [(c.kind, [p.path.name for p in c.pieces]) for c in found.copies] == [
        ("notes", ["a.mid", "b.mid"])
    ]
    assert found.leaks


def test_a_copy_in_one_group_and_split_is_told_and_no_leak(corpus, run):
    status, output, _ = run(corpus({"a": ("train", [tune(1), tune(1)]), "b": ("val", [tune(2)])}))
    assert status == 0
    assert "the same bytes twice in one group: 1" in output


@pytest.mark.parametrize("transpose", [0, 3, -5, 12])
def test_a_cover_is_the_same_melody(transpose):
    """In another key, at another tempo, with rubato, over another accompaniment."""
    notes = tune(7)
    cover = played(notes, tempo=1.15, rubato=200, transpose=transpose)
    pieces = [
        table(notes, block_chords(end_of(notes))),
        table(tune(8), block_chords(end_of(notes))),
        table(cover, broken_chords(end_of(cover), transpose)),
    ]
    (found,) = same_melody(pieces, "abc")
    assert (found.first, found.second) == (0, 2)
    assert found.transposition == (transpose + 5) % 12 - 5
    assert found.figures > 30


def test_songs_saved_in_every_key_are_found_in_each():
    pieces = [table(played(tune(seed), transpose=key)) for seed in (1, 2) for key in range(12)]
    found = same_melody(pieces, [str(i) for i in range(24)])
    assert len(found) == 2 * (12 * 11 // 2)
    assert all(alike.first // 12 == alike.second // 12 for alike in found)


def test_clips_that_overlap_in_part_are_found_and_where():
    notes = tune(3, notes=90)
    middle = notes[30][0]
    late = [(onset - middle, *rest) for onset, *rest in notes[30:]]
    (found,) = same_melody([table(notes[:60]), table(late)], ["a", "b"])
    quarter = 0.5
    assert found.first_span[0] == pytest.approx(middle / 480 * quarter, abs=2)
    assert found.second_span[0] == pytest.approx(0, abs=2)
    assert found.first_span[1] - found.first_span[0] == pytest.approx(
        found.second_span[1] - found.second_span[0]
    )


@pytest.mark.parametrize("accompaniment", [block_chords, broken_chords])
def test_tunes_over_the_same_chords_are_different(accompaniment):
    tunes = [tune(seed, notes=120) for seed in range(8)]
    pieces = [table(notes, accompaniment(end_of(notes))) for notes in tunes]
    assert same_melody(pieces, [str(i) for i in range(8)]) == []


def test_trills_and_alberti_basses_are_no_melody():
    trill = [(i * 60, 60, 72 + i % 2 * 2, 60) for i in range(200)]
    alberti = [(i * 120, 120, 60 + (0, 7, 4, 7)[i % 4], 50) for i in range(100)]
    assert same_melody([table(trill), table(trill[7:])], "ab") == []
    assert same_melody([table(alberti), table(alberti[3:])], "ab") == []


def test_clips_of_one_group_may_share_their_melody():
    notes = tune(4)
    assert same_melody([table(notes), table(played(notes, 1.1))], ["song", "song"]) == []


def test_songs_known_to_look_alike_are_kept_together_and_leak_in_the_raw_table(corpus, run):
    (a, b), (c, val) = EMOPIA_LOOK_ALIKES[0], EMOPIA_LOOK_ALIKES[2]
    notes, other = tune(1), tune(2)
    songs = {a: ("train", [notes]), b: ("train", [played(notes, 1.05)])}
    songs |= {c: ("train", [other]), val: ("val", [played(other, 0.95)])}
    songs |= {f"s{i}": ("train", [tune(i)]) for i in range(10, 14)}
    folder = corpus(songs)
    status, output, _ = run(folder)
    assert status == 0
    assert "the same melody in groups that are kept together: 2" in output
    status, output, _ = run(folder, "--raw")
    assert status == 1
    assert "LEAK: the same melody in different splits: 1" in output
    assert "LEAK: the same melody in different groups" in output


def test_games_are_read_from_the_same_table_as_songs(tmp_path, midi_bytes, run):
    tunes = [tune(i) for i in (0, 1, 2, 3, 0, *range(10, 25))]  # Out Run and Out Run 3D share one
    folder = write_ym2413(tmp_path / "chip", lambda number: midi_bytes(tunes[number]))
    for words in ([folder], ["--ym2413", folder], ["--corpora", f"ym2413={folder}"]):
        status, output, _ = run(*words)
        assert status == 0
        assert "ym2413: 20 pieces of 5 groups" in output
        assert "the same bytes in groups that are kept together: 1" in output
    assert run(folder, "--raw")[0] == 1


def test_performances_of_a_movement_are_one_group(tmp_path, midi_bytes, run):
    folder = write_percepiano(tmp_path / "played", lambda number: midi_bytes(tune(number // 4)))
    status, output, _ = run("--percepiano", folder)
    assert status == 0
    assert "percepiano: 32 pieces of 2 groups" in output
    assert "valence_arousal of 32: mean valence" in output


def test_another_column_can_be_the_split(corpus, run):
    folder = corpus({f"s{i}": ("train", [tune(i), tune(i + 9)]) for i in range(4)})
    frame = pd.read_csv(folder / "clips.csv")
    frame["by_clip"] = ["train", "test"] * 4
    frame.to_csv(folder / "clips.csv", index=False)
    assert run(folder)[0] == 0
    status, output, _ = run(folder, "--split", "by_clip")
    assert status == 1
    assert "LEAK: groups in more than one split: 4" in output


def test_what_is_trained_on_is_compared_with_music_without_labels(
    corpus, run, tmp_path, write_midi
):
    folder = corpus({f"s{i}": ("train", [tune(i)]) for i in range(4)})
    (tmp_path / "more" / "deep").mkdir(parents=True)
    write_midi(tmp_path / "more" / "deep" / "cover.mid", played(tune(2), 1.1, 150, 4))
    write_midi(tmp_path / "more" / "else.mid", tune(50))
    status, output, _ = run(folder, tmp_path / "more")
    assert status == 1
    (line,) = [line for line in output.splitlines() if "figures" in line]
    assert "Q3_s2_0.mid" in line
    assert "deep/cover" in line
    assert "+4 semitones" in line
    assert run(tmp_path / "more", tmp_path / "more" / "deep")[0] == 0  # each file counts once


def test_flat_velocity_and_a_nominal_tempo_are_named_and_no_leak(tmp_path, write_midi, run):
    flat = [(onset, duration, pitch, 64) for onset, duration, pitch, _ in tune(1)]
    write_midi(tmp_path / "flat.mid", flat, tempos=[(0, 120)])
    write_midi(tmp_path / "alive.mid", tune(2), tempos=[(0, 120)])
    status, output, _ = run(tmp_path)
    assert status == 0
    assert "no dynamics: all notes have the same velocity: 1\n  flat.mid" in output
    assert "120 per minute and 4/4 in all 2 files, 100% of the onsets on the grid" in output
    write_midi(tmp_path / "alive.mid", tune(2), tempos=[(0, 120), (960, 100)])
    assert "one tempo" not in run(tmp_path)[1]


def test_a_recording_keeps_to_no_grid(tmp_path, write_midi):
    rng = np.random.default_rng(0)
    for i in range(3):
        write_midi(
            tmp_path / f"{i}.mid", [(at, 99, 60, 50 + i) for at in rng.integers(0, 99999, 400)]
        )
    (tempo,) = audit_paths([tmp_path], workers=0).tempos
    assert tempo.on_grid == pytest.approx(BY_CHANCE, abs=0.05)


def test_a_broken_file_is_named_and_costs_nothing_else(corpus, run):
    folder = corpus({"a": ("train", [tune(1), tune(2)]), "b": ("val", [tune(3), tune(1)])})
    (folder / "midi" / "Q1_a_1.mid").write_bytes(b"MThd")
    status, output, _ = run(folder)
    assert status == 1  # for the other clip
    assert "cannot be read: 1" in output
    assert f"{folder}/midi/Q1_a_1.mid: truncated MIDI file" in output
    assert "the same melody in different splits: 1" in output


def test_labels_are_counted_by_split():
    pieces = [Piece(Path(f"{i}"), str(i), {"emotion": i % 2}, "c", "train") for i in range(5)]
    pieces += [Piece(Path("v"), "v", {"valence_arousal": (-1.0, 0.5)}, "c", "val")]
    found = audit(pieces, [ReadError("not here")] * 6)
    assert [(b.split, b.task, b.pieces, b.values) for b in found.balance] == [
        ("train", "emotion", 5, {"Q1": 3, "Q2": 2, "Q3": 0, "Q4": 0}),
        ("val", "valence_arousal", 1, {"valence": -1.0, "arousal": 0.5}),
    ]
    assert "emotion of 5: Q1 3, Q2 2; no Q3, Q4" in audit_text(found)


def test_ones_own_labelled_folder(tmp_path, write_midi, run):
    rows = [
        {"path": f"{i}.mid", "quadrant": "Q1", "group": f"song{i // 2}", "split": split}
        for i, split in enumerate(["train", "train", "train", "val"])
    ]
    for row, seed in zip(rows, range(4), strict=True):
        write_midi(tmp_path / row["path"], tune(seed))
    pd.DataFrame(rows).to_csv(tmp_path / "labels.csv", index=False)
    status, output, _ = run(tmp_path)
    assert status == 1
    assert "song1: train 1, val 1" in output
    pd.DataFrame(rows).to_csv(tmp_path / "mine.csv", index=False)
    assert run(tmp_path / "mine.csv")[:2] == (status, output)


def test_wrong_usage_is_status_2_and_one_line(corpus, run, tmp_path):
    folder = corpus({"a": ("train", [tune(1)])})
    (tmp_path / "empty").mkdir()
    for words, named in (
        ([tmp_path / "nowhere"], "nowhere"),
        ([tmp_path / "empty"], "empty"),
        ([folder, "--split", "half"], "half"),
    ):
        status, output, errors = run(*words)
        assert (status, output) == (2, "")
        assert errors.startswith("symbolic: error: ")
        assert errors.count("\n") == 1
        assert named in errors
    for words in (["--json", "findings.txt"], ["--loud"]):
        with pytest.raises(SystemExit) as caught:
            run(folder, *words)
        assert caught.value.code == 2


def test_nothing_is_found_in_next_to_nothing():
    assert same_melody([], []) == []
    assert same_notes([]) == []
    short = table([(0, 480, 60, 64)])
    assert same_melody([short, short], "ab") == []
    assert same_notes([short, short]) == [(0, 1)]


def test_the_songs_of_emopia_known_to_look_alike_are_found(data_folder):
    found = audit_paths([data_folder / "emopia"], raw=True, workers=0)
    groups = {frozenset(name.removeprefix("emopia: ") for name in m.groups) for m in found.melodies}
    assert groups >= {frozenset(pair) for pair in EMOPIA_LOOK_ALIKES}
    assert found.leaks
    kept = audit_paths([data_folder / "emopia"], workers=0)
    verdicts = {
        frozenset(n.removeprefix("emopia: ") for n in m.groups): m.verdict for m in kept.melodies
    }
    assert {verdicts[frozenset(pair)] for pair in EMOPIA_LOOK_ALIKES} == {"known"}
    assert not kept.leaks  # so of all pairs of songs no others are found
    (tempo,) = kept.tempos
    assert tempo.tempo == 120
    assert tempo.on_grid < 2 * BY_CHANCE  # transcribed


def test_games_share_a_theme_only_with_themselves(data_folder):
    found = audit_paths([data_folder / "vgmidi"], workers=0)
    assert found.melodies
    for melody in found.melodies:
        games = {name.split(" / ")[0] for name in melody.groups}
        assert len(games) == 1
    flat = [read_notes(piece.path) for piece in found.flat]
    assert flat
    assert all(len(set(notes.velocity)) == 1 for notes in flat)


def test_the_audit_takes_the_corpora_of_training(corpus, run):
    emopia = corpus({"first": ("train", [tune(1)]), "second": ("val", [tune(1)])})
    by_path, by_option = run(emopia), run("--emopia", emopia)
    assert by_path == by_option
    assert by_option[0] == 1
    status, _, errors = run()
    assert status == 2
    assert "--corpora" in errors


def test_the_audit_reads_other_corpora_with_their_readers(run, tmp_path, monkeypatch, write_midi):
    files = [write_midi(tmp_path / f"{name}.mid", tune(2)) for name in "ab"]
    pieces = [
        Piece(path, group, {}, "pop909", split)
        for path, group, split in zip(files, "ab", ("train", "val"), strict=True)
    ]
    monkeypatch.setitem(READERS, "pop909", Reader(lambda folder: pieces, (KEY,)))
    assert run("--corpora", f"pop909={tmp_path}")[0] == 1
    assert run("--corpora", f"nothing={tmp_path}")[0] == 2


def test_files_that_are_not_audited_are_counted_and_named(tmp_path, write_midi):
    for i in range(4):
        write_midi(tmp_path / f"{i}.mid", tune(i))
    (tmp_path / "more").mkdir()
    write_midi(tmp_path / "more" / "forgotten.mid", tune(9))
    (tmp_path / "broken.mid").write_bytes(b"no music")
    (tmp_path / "scan.pdf").write_bytes(b"")
    rows = [("0.mid", "Q1"), ("1.mid", "Q3"), ("2.mid", ""), ("broken.mid", "Q1")]
    pd.DataFrame(rows, columns=["path", "quadrant"]).to_csv(tmp_path / "labels.csv", index=False)
    found = audit_paths([tmp_path], workers=0)
    assert [piece.path.name for piece in found.unlabelled] == ["2.mid"]
    assert [Path(name).name for name in found.without_row] == ["3.mid", "forgotten.mid"]
    assert found.passed_over == {".pdf": 1}
    text = audit_text(found)
    assert "cannot be read: 1\n" in text
    assert "no label in the row of the table: 1\n  2.mid (" in text
    assert "music without a row in the table, not audited: 2\n" in text
    assert text.splitlines()[-3] == "1 file passed over: 1 .pdf; see docs/corpora.md"
    assert not audit_paths([tmp_path / "more"], workers=0).without_row
    main(["audit", str(tmp_path), "--json", str(tmp_path / "audit.json")])
    saved = json.loads((tmp_path / "audit.json").read_text())
    assert saved["without_row"] == list(found.without_row)
    assert saved["unlabelled"][0]["path"].endswith("2.mid")
    assert saved["passed_over"] == {".pdf": 1}


def test_a_folder_with_a_table_of_another_name_is_asked_for_it(write_midi, tmp_path, caplog):
    write_midi(tmp_path / "a.mid", tune(1))
    (tmp_path / "my_ratings.csv").write_text("file,quadrant\na.mid,Q1\n")
    assert main(["audit", str(tmp_path)]) == 0
    said = "no labels.csv: unlabelled; did you mean"
    assert f"{tmp_path}: {said} {tmp_path / 'my_ratings.csv'}?" in caplog.text
    caplog.clear()
    assert main(["audit", str(tmp_path / "my_ratings.csv")]) == 0
    assert said not in caplog.text
