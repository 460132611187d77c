"""Keys over time: changes at known times, one key, transposition, silence, short pieces, errors."""

from dataclasses import replace

import numpy as np
import pytest

import symbolic
from symbolic.commands.score import main as score
from symbolic.features import TONAL_NAMES
from symbolic.forward.states import KEYS
from symbolic.inference.key_changes import change_onsets
from symbolic.inference.key_path import (
    EVIDENCE,
    OFTEN,
    change_probabilities,
    key_path,
    log_moves,
    viterbi,
)
from symbolic.inference.key_windows import (
    FULL_WINDOW,
    HOP,
    SIDE,
    KeyEvidence,
    KeyNetwork,
    by_onset,
    key_evidence,
    span_probabilities,
)
from symbolic.notes import note_table
from symbolic.notes.keys import KEY_NAMES, parse_key, transpose_key
from symbolic.reports.timeline_plots import key_strip
from symbolic.scoring.emotion import scorer_of
from symbolic.scoring.keys.confidence import key_confidences, key_probabilities
from symbolic.scoring.keys.local import local_keys
from symbolic.scoring.keys.timelines import LocalKey, keys_over_time
from symbolic.scoring.tables import read_rows, read_scores

CADENCE = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7))  # I IV V I, semitones over the tonic
BAR = 2.0  # seconds, a chord and four notes of melody


@pytest.fixture(scope="module")
def network():
    return KeyNetwork.of(scorer_of().predictor.in_numpy())


def bars(*tonics, silent=()):
    """Notes of a bar for each tonic: a major cadence over four bars, with a melody."""
    onset, duration, pitch = [], [], []
    for bar, tonic in enumerate(tonics):
        if bar in silent:
            continue
        chord = [48 + tonic + tone for tone in CADENCE[bar % 4]]
        onset += [bar * 4] * 4
        duration += [4] * 4
        pitch += [*chord, chord[0] - 12]
        onset += [bar * 4 + quarter for quarter in range(4)]
        duration += [1] * 4
        pitch += [chord[quarter % 3] + 24 for quarter in range(4)]
    ticks = np.array([onset, duration]) * 480
    return note_table(*ticks, np.array(pitch), np.full(len(pitch), 80))


def names(found):
    return [one.key for one in found]


def test_a_modulation_is_found_where_it_is(network):
    found = keys_over_time(network, bars(*[0] * 24, *[3] * 24))
    assert names(found) == ["C major", "Eb major"]
    assert found[0].start == 0
    assert found[0].end == found[1].start == pytest.approx(24 * BAR, abs=BAR)
    assert found[1].end == pytest.approx(48 * BAR)
    assert all(0.5 < one.confidence <= 1 for one in found)


def test_a_piece_in_one_key_has_one(network):
    (found,) = keys_over_time(network, bars(*[7] * 40))
    assert (found.key, found.start, found.end) == ("G major", 0.0, 80.0)


def test_a_clear_key_is_certain_and_one_that_windows_contradict_is_less(network):
    (clear,) = keys_over_time(network, bars(*[0] * 24))
    (mixed,) = keys_over_time(network, bars(*[0] * 16, *[2] * 8))
    assert clear.key == mixed.key == "C major"
    assert clear.confidence > 0.95
    assert mixed.confidence < 0.8


def test_evidence_for_a_key_makes_its_confidence_larger():
    rng = np.random.default_rng(1)
    windows = rng.normal(0, 8, (20, KEYS))
    edges = HOP * np.arange(21)
    keys, starts = np.array([3, 5, 3]), np.array([0.0, 9.5, 9.9])  # the second has no frame
    rising = []
    for gain in (0, 4, 8, 60):
        more = windows.copy()
        more[:, 3] += gain
        found = key_confidences(KeyEvidence(edges, more, windows[0]), keys, starts)
        assert ((found >= 0) & (found <= 1)).all()
        rising.append(found[[0, 2]])
    assert (np.diff(rising, axis=0) > 0).all()
    assert (rising[-1] > 0.8).all()


def test_probabilities_of_frames_are_those_of_all_paths():
    windows = np.random.default_rng(0).normal(0, 4, (3, KEYS))
    evidence = KeyEvidence(HOP * np.arange(4), windows, windows[0])
    moves = log_moves(2.0)
    start, second, third = 0.5 * windows
    paths = start[:, None, None] + (moves + second)[:, :, None] + (moves + third)[None]
    joint = np.exp(paths - np.logaddexp.reduce(paths, axis=None))
    found = key_probabilities(evidence, 0.5, 2.0)
    expected = [joint.sum((1, 2)), joint.sum((0, 2)), joint.sum((0, 1))]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("semitones", [1, 5, -4])
def test_a_transposed_piece_has_the_transposed_keys(network, semitones):
    notes = bars(*[0] * 20, *[2] * 20, *[9] * 20)
    found = keys_over_time(network, notes)
    moved = keys_over_time(network, replace(notes, pitch=notes.pitch + semitones))
    assert len(found) > 1
    keys = [KEY_NAMES[transpose_key(parse_key(one.key), semitones)] for one in found]
    assert names(moved) == keys
    np.testing.assert_allclose([one.start for one in moved], [one.start for one in found])
    confidences = [one.confidence for one in found]
    np.testing.assert_allclose([one.confidence for one in moved], confidences)


def test_silence_belongs_to_the_key_before(network):
    tonics = [0] * 20 + [0] * 20 + [3] * 20
    found = keys_over_time(network, bars(*tonics, silent=range(20, 40)))
    assert names(found) == ["C major", "Eb major"]
    assert found[1].start == pytest.approx(40 * BAR)  # the onset after the gap
    found = keys_over_time(network, bars(*[5] * 60, silent=range(20, 40)))
    assert names(found) == ["F major"]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_short_pieces_have_one_key(network, count):
    notes = bars(0).select(slice(0, count))
    (found,) = keys_over_time(network, notes)
    assert found.start == 0
    assert found.end == notes.seconds
    assert 0 < found.confidence <= 1


def test_notes_without_length(network):
    notes = bars(*[0] * 4)
    still = replace(notes, duration=np.zeros(len(notes)), onset=np.zeros(len(notes)))
    (found,) = keys_over_time(network, still)
    assert (found.start, found.end) == (0.0, 0.0)


def test_drums_and_the_order_of_notes_do_not_count(network):
    notes = bars(*[0] * 16, *[4] * 16)
    mixed = notes.select(np.random.default_rng(0).permutation(len(notes)))
    assert keys_over_time(network, mixed) == keys_over_time(network, notes)
    drums = note_table(notes.onset_ticks, notes.duration_ticks, notes.pitch, notes.velocity)
    doubled = replace(
        notes,
        **{
            name: np.concatenate([getattr(notes, name), getattr(drums, name)])
            for name in ("onset_ticks", "duration_ticks", "onset", "duration", "velocity", "track")
        },
        pitch=np.concatenate([notes.pitch, 30 + notes.pitch % 7]),
        is_drum=np.repeat([False, True], len(notes)),
    )
    assert keys_over_time(network, doubled) == keys_over_time(network, notes)


def test_windows_are_the_network_on_the_notes_of_each(network):
    notes = by_onset(bars(*[0] * 10, *[3] * 10))
    evidence = key_evidence(network, notes)
    assert evidence.windows.shape == (40, 24)
    assert evidence.edges.shape == (41,)
    frame = 17
    start = (frame - SIDE) * HOP
    inside = (notes.onset >= start) & (notes.onset < start + (2 * SIDE + 1) * HOP)
    assert inside.sum() >= FULL_WINDOW
    cut = notes.select(inside)
    alone = network.log_probabilities(replace(cut, onset=cut.onset - start))
    np.testing.assert_allclose(evidence.windows[frame], alone[0], atol=1e-9)
    np.testing.assert_array_equal(evidence.windows[0], evidence.windows[SIDE])


def test_spans_without_notes_say_nothing(network):
    notes = by_onset(bars(0))
    found, sizes = span_probabilities(
        network, notes, np.array([0.0, 50.0]), np.array([np.inf, 60.0])
    )
    assert sizes.tolist() == [len(notes), 0]
    assert not found[1].any()
    assert np.exp(found[0]).sum() == pytest.approx(1)


def test_the_columns_are_those_of_the_network(network):
    assert network.names == TONAL_NAMES


def test_changes_cost_the_same_in_every_key():
    chances = change_probabilities()
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    assert not np.diagonal(chances).any()
    for key in range(12):
        moved = np.roll(chances[0].reshape(2, 12), key, axis=1).ravel()
        np.testing.assert_allclose(chances[key], moved)


def test_a_path_changes_where_evidence_pays_for_it():
    scores = np.zeros((40, 24))
    scores[:20, 0] = scores[20:, 7] = 1.0
    assert viterbi(scores, OFTEN).tolist() == [0] * 20 + [7] * 20
    scores[20:, 7] = 0.1  # two nats in all
    assert viterbi(scores, OFTEN).tolist() == [0] * 40


def test_music_that_changes_seldom_is_smoothed_more(network):
    evidence = key_evidence(network, by_onset(bars(*[0] * 60)))
    windows = np.full((120, 24), -20.0)
    windows[:, 0] = 0
    windows[26:31] = -20.0
    windows[26:31, 5] = 0  # 20 nats in all
    once = replace(evidence, windows=windows, whole=np.log(np.full(24, 1 / 24)))
    assert set(viterbi(EVIDENCE * windows, OFTEN)) == {0, 5}
    assert set(key_path(once)) == {0}
    windows[60:65] = windows[90:95] = windows[26:31]
    assert set(key_path(once)) == {0, 5}  # six changes in two minutes


def test_a_change_moves_to_the_onset_that_parts_the_notes():
    notes = by_onset(bars(*[0] * 8, *[6] * 8))
    for late in (-1.5, 0.0, 2.0):
        (found,) = change_onsets(notes, np.array([0, 6]), np.array([16.0 + late]))
        assert found == 16.0
    (after,) = change_onsets(notes, np.array([0, 6]), np.array([90.0]))
    assert after == notes.onset[-1]


def test_files_that_cannot_be_read_have_their_error(tmp_path, write_midi, tune):
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    write_midi(tmp_path / "good.mid", tune(32))
    found = symbolic.local_keys([tmp_path / "broken.mid", tmp_path / "good.mid"], workers=0)
    assert found[0].error
    assert not found[0].keys
    assert found[0].path.endswith("broken.mid")
    assert found[1].keys
    assert not found[1].error
    assert "broken.mid: no keys: " in str(found)
    frame = found.to_frame()
    assert list(frame) == ["path", "key", "start", "end", "confidence", "written_key", "error"]
    assert frame["error"].astype(bool).tolist() == [True] + [False] * len(found[1].keys)


def test_a_model_without_a_network_of_keys_is_refused(tiny_model_folder):
    with pytest.raises(ValueError, match="keys over time need"):
        local_keys([], tiny_model_folder)


def test_keys_at_times_and_as_text(network):
    notes = bars(*[0] * 24, *[3] * 24)
    (found,) = symbolic.local_keys([notes], workers=0)
    assert isinstance(found.keys[0], LocalKey)
    assert [one.key for one in found.at([-1, 0, 47, 49, 500])] == [
        *("C major", "C major", "C major", "Eb major", "Eb major")
    ]
    assert str(LocalKey("b minor", 0.0, 161.4, 0.934)) == "b minor 0-161 s (.93)"
    assert str(found).startswith("C major 0-48 s (")


def test_the_columns_are_there_only_when_asked_for(tmp_path, write_midi, tune, capsys):
    song = write_midi(tmp_path / "song.mid", tune(64))
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    plain, keyed = tmp_path / "plain.csv", tmp_path / "keyed.csv"
    windows = tmp_path / "windows.csv"
    score([str(song), str(tmp_path / "broken.mid"), "-o", str(plain), "--workers", "0"])
    assert "keys" not in plain.read_text().splitlines()[0]
    options = ["--keys", "--timeline", str(windows), "--workers", "0"]
    capsys.readouterr()
    score([str(song), str(tmp_path / "broken.mid"), "-o", str(keyed), *options])
    assert "C major 0-16 s (" in capsys.readouterr().out
    rows = read_scores(keyed).set_index("path")
    (found,) = local_keys([song], workers=0)
    assert rows.loc[str(song), "keys"] == str(found)
    assert not rows.loc[str(tmp_path / "broken.mid"), "keys"]
    before = read_scores(plain).set_index("path")
    assert list(rows) == [*before, "keys", "written_key"]
    assert rows[list(before)].equals(before)
    local = {(row["path"], row["local_key"]) for row in read_rows(windows)}
    assert local == {(str(song), "C major"), (str(tmp_path / "broken.mid"), "")}


def test_the_plot_has_a_strip_of_keys(network):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    keys = [
        LocalKey("C major", 0.0, 80.0, 1.0),
        LocalKey("d minor", 80.0, 84.0, 1.0),
        LocalKey("F# major", 84.0, 84.2, 1.0),
    ]
    key_strip(axes, keys, 100.0)
    assert [text.get_text() for text in axes.texts] == ["C major", "d"]
    hatched = [patch.get_hatch() is not None for patch in axes.patches]
    assert hatched == [False, True, False]
