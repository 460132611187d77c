"""What a synthesiser plays: the notes of the table, with the channel messages of the file."""

import io
import sys
import warnings
from types import SimpleNamespace

import mido
import numpy as np
import pretty_midi
import pytest
import soundfile
import symusic

from symbolic.audio import cache, read_sound, render_midi
from symbolic.audio.cache import features_of
from symbolic.audio.front_end import FrontEnd
from symbolic.audio.synthesis import rendering
from symbolic.audio.synthesis.channels import BEND, track_controls
from symbolic.audio.synthesis.instruments import SHORTEST, VOICES, instruments, voices
from symbolic.notes import ReadError, read_notes
from symbolic.notes.midi.reader import parse_midi

RATE = rendering.RATE
LEVEL = 1000  # of one key that is held, in the stand-in's sound
VOLUME, PAN, EXPRESSION, PEDAL = 7, 10, 11, 64


def message(kind, tick, channel=0, **values):
    return tick, mido.Message(kind, channel=channel, **values)


def note(tick, end, pitch, channel=0, velocity=80):
    return [
        message("note_on", tick, channel, note=pitch, velocity=velocity),
        message("note_off", end, channel, note=pitch),
    ]


def control(tick, number, value, channel=0):
    return message("control_change", tick, channel, control=number, value=value)


def program(tick, number, channel=0):
    return message("program_change", tick, channel, program=number)


def bend(tick, value, channel=0):
    return message("pitchwheel", tick, channel, pitch=value)


def controllers(one):
    """Numbers and values of the controllers of an instrument."""
    sent = zip(one.control_kind.tolist(), one.control_value.tolist(), strict=True)
    return [message for message in sent if message[0] != BEND]


def bends(one):
    return one.control_value[one.control_kind == BEND].tolist()


def tempo(tick, quarters):
    return tick, mido.MetaMessage("set_tempo", tempo=round(60e6 / quarters))


def port(number):
    return 0, mido.MetaMessage("midi_port", port=number)


def midi(*tracks, kind=1):
    """A MIDI file of tracks of (tick, message), 480 ticks to a quarter."""
    file = mido.MidiFile(type=kind, ticks_per_beat=480)
    for messages in tracks:
        track, now = mido.MidiTrack(), 0
        flat = [one for some in messages for one in (some if isinstance(some, list) else [some])]
        for tick, one in sorted(flat, key=lambda pair: pair[0]):
            track.append(one.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


class Synth:
    """A stand-in for FluidSynth: each key that is held adds `LEVEL` to the sound."""

    made: list["Synth"] = []  # noqa: RUF012 - emptied by the fixture
    kits = (0,)

    def __init__(self, samplerate):
        assert samplerate == RATE
        self.log, self.now, self.held = [], 0, {}
        Synth.made.append(self)

    def sfload(self, font):
        return 1

    def system_reset(self):
        self.log.append(("reset",))
        self.now, self.held = 0, {}

    def program_select(self, channel, font, bank, preset):
        if bank == 128 and preset not in self.kits:
            return -1
        self.log.append(("program", channel, bank, preset))
        return 0

    def noteon(self, channel, key, velocity):
        self.log.append(("on", self.now, channel, key, velocity))
        self.held[channel, key] = True

    def noteoff(self, channel, key):
        self.log.append(("off", self.now, channel, key))
        self.held.pop((channel, key), None)

    def cc(self, channel, number, value):
        self.log.append(("control", self.now, channel, number, value))

    def pitch_bend(self, channel, value):
        self.log.append(("bend", self.now, channel, value))

    def get_samples(self, count):
        self.now += count
        return np.repeat(np.array([LEVEL * len(self.held), 0], np.int16)[None], count, 0).ravel()

    def delete(self):
        self.log.append(("delete",))


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Play by the stand-in: how many keys are held at each sample, and what it was sent."""
    monkeypatch.setitem(sys.modules, "fluidsynth", SimpleNamespace(Synth=Synth))
    monkeypatch.setattr(Synth, "made", [])
    font = tmp_path / "font.sf2"
    font.write_bytes(b"RIFF")

    def play(source):
        samples = render_midi(source, RATE, font) * 2**15 / LEVEL
        log = Synth.made[-1].log
        assert log[-1] == ("delete",)
        return samples.round().astype(int), log[:-1]

    return play


@pytest.fixture
def synthesiser():
    try:
        rendering.find_sound_font()
        rendering._fluidsynth()
    except (ImportError, FileNotFoundError) as error:
        pytest.skip(str(error))


def held(notes):
    """How many notes of a table sound at each sample, and a second after the last."""
    count = np.zeros(int(np.ceil((notes.seconds + 1) * RATE)), int)
    for begin, end in zip(notes.onset, notes.onset + notes.duration, strict=True):
        count[round(begin * RATE) : round(end * RATE)] += 1
    return count


SLOW_LATER = midi(
    [note(0, 480, 60)], [tempo(0, 60), tempo(960, 240), *note(480, 960, 62), *note(1440, 1920, 64)]
)
OVERLAPPING = midi([note(0, 960, 60), note(480, 1920, 60, velocity=50), note(960, 1440, 67)])


@pytest.mark.parametrize("data", [SLOW_LATER, OVERLAPPING], ids=["tempos", "overlapping"])
def test_what_sounds_is_what_the_table_has(data, stand_in):
    notes = read_notes(data)
    samples, _ = stand_in(data)
    assert samples.tolist() == held(notes).tolist()


def test_tempos_on_a_later_track_are_followed_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notes, played = instruments(SLOW_LATER)
    assert notes.seconds == pytest.approx(2.5)
    onsets = np.sort(np.concatenate([one.onset for one in played]))
    assert onsets.tolist() == pytest.approx([0.0, 1.0, 2.25])


def test_each_of_two_overlapping_notes_of_a_pitch_has_its_own_end(stand_in):
    notes = read_notes(OVERLAPPING)
    _, (one,) = instruments(OVERLAPPING)
    assert one.voice.tolist() == [0, 1, 0]
    np.testing.assert_allclose(one.end, notes.onset + notes.duration)
    _, log = stand_in(OVERLAPPING)
    ended = {(entry[2], entry[3]): entry[1] / RATE for entry in log if entry[0] == "off"}
    begun = {entry[4]: entry[2:4] for entry in log if entry[0] == "on" and entry[3] == 60}
    first, second = (notes.onset + notes.duration)[notes.pitch == 60]
    assert ended[begun[80]] == pytest.approx(first, abs=1 / RATE)
    assert ended[begun[50]] == pytest.approx(second, abs=1 / RATE)


def test_notes_that_follow_one_another_share_a_voice():
    onset, end = np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.5, 3.0])
    assert voices(onset, end, np.array([60, 60, 60]), 4)[0].tolist() == [0, 0, 1]
    assert voices(onset, end, np.array([60, 60, 61]), 4)[0].tolist() == [0, 0, 0]


def test_of_too_many_notes_of_a_pitch_the_next_to_end_gives_way():
    onset, end = np.arange(5.0), np.full(5, 9.0)
    end[1] = 8.0
    voice, ends = voices(onset, end, np.full(5, 60), 3)
    assert voice.tolist() == [0, 1, 2, 1, 0]
    assert ends.tolist() == [4.0, 3.0, 9.0, 9.0, 9.0]
    assert VOICES <= 16


def test_a_note_of_no_length_is_struck_and_ends(stand_in):
    data = midi([note(0, 480, 60), note(480, 480, 62), note(960, 1440, 64)])
    notes = read_notes(data)
    if 62 not in notes.pitch:
        pytest.skip("the reader leaves notes of no length out")
    samples, log = stand_in(data)
    on, off = (next(e[1] for e in log if e[0] == kind and e[3] == 62) for kind in ("on", "off"))
    assert 0 < off - on <= round(2 * SHORTEST * RATE)
    assert not samples[off : round(notes.onset[-1] * RATE)].any()


def test_messages_have_the_times_of_the_tempo_map(stand_in):
    data = midi(
        [
            program(0, 40),
            control(0, VOLUME, 90),
            control(480, PEDAL, 127),
            control(960, PEDAL, 0),
            bend(720, -2000),
            *note(0, 1920, 60),
        ],
        [tempo(0, 60), tempo(480, 240)],
    )
    _, (one,) = instruments(data)
    assert one.program == 40
    assert controllers(one) == [(VOLUME, 90), (PEDAL, 127), (PEDAL, 0)]
    bent = one.control_kind == BEND
    assert one.control_time[~bent].tolist() == pytest.approx([0.0, 1.0, 1.25])
    assert one.control_time[bent].tolist() == pytest.approx([1.125])
    assert bends(one) == [-2000]
    _, log = stand_in(data)
    assert [entry[0] for entry in log] == (
        ["reset", "program", "control", "on", "control", "bend", "control", "off"]
    )
    assert log[1] == ("program", 0, 0, 40)
    assert log[5][1] == pytest.approx(1.125 * RATE, abs=1)


def test_voices_of_an_instrument_have_its_program_and_messages(stand_in):
    data = midi([program(0, 40), control(0, VOLUME, 90), bend(480, 900), *note(0, 960, 60)])
    both = midi(
        [
            *(program(0, 40), control(0, VOLUME, 90), bend(480, 900)),
            *(note(0, 960, 60), note(480, 1440, 60)),
        ]
    )
    for source, channels in ((data, {0}), (both, {0, 1})):
        _, log = stand_in(source)
        for kind, at in (("program", 1), ("control", 2), ("bend", 2), ("on", 2)):
            assert {entry[at] for entry in log if entry[0] == kind} == channels


def test_a_channel_keeps_its_volume_when_its_program_changes():
    data = midi(
        [
            *(program(0, 5), control(0, VOLUME, 50), *note(0, 480, 60)),
            *(control(480, VOLUME, 90), program(480, 6), *note(480, 960, 62)),
            *(program(960, 5), *note(960, 1440, 64)),
        ]
    )
    _, played = instruments(data)
    assert [(one.program, one.pitch.tolist()) for one in played] == [(5, [60, 64]), (6, [62])]
    for one in played:
        assert one.control_value.tolist() == [50, 90]


def test_messages_of_a_track_without_notes_are_for_all_that_play_on_its_channel():
    data = midi(
        [program(0, 5), control(0, VOLUME, 50), control(0, EXPRESSION, 60), bend(0, 100)],
        [note(0, 480, 60), control(0, EXPRESSION, 99)],
        [program(0, 7), *note(0, 480, 64)],
        [note(0, 480, 67, channel=1)],
    )
    _, played = instruments(data)
    found = {one.pitch[0]: one for one in played}
    assert {pitch: one.program for pitch, one in found.items()} == {60: 5, 64: 7, 67: 0}

    def sent(pitch):
        return controllers(found[pitch])

    assert sent(60) == [(VOLUME, 50), (EXPRESSION, 99)]  # its own expression
    assert sent(64) == [(VOLUME, 50), (EXPRESSION, 60)]  # not that of another instrument
    assert sent(67) == []
    assert [bends(found[pitch]) for pitch in (60, 64, 67)] == [[100], [100], []]


def test_the_same_channel_of_another_port_is_another_channel():
    data = midi(
        [port(0), note(0, 480, 60), control(0, VOLUME, 50)],
        [port(1), note(0, 480, 64)],
    )
    _, played = instruments(data)
    assert [one.control_value.tolist() for one in played] == [[50], []]


def test_the_sequences_of_format_2_keep_their_own_messages():
    tracks = [note(0, 480, 60), control(0, VOLUME, 50)], [note(0, 480, 64)]
    score = symusic.Score.from_midi(midi(*tracks))
    for kind, wanted in ((1, [[50], [50]]), (2, [[50], []])):
        data = midi(*tracks, kind=kind)
        assert [one.values.tolist() for one in track_controls(score, data)] == wanted


def test_two_hands_on_one_channel_share_the_pedal():
    data = midi(
        [program(0, 4), control(0, PEDAL, 127), control(480, PEDAL, 0), *note(0, 960, 72)],
        [note(0, 960, 48)],
    )
    _, played = instruments(data)
    for hand in played:
        assert hand.program == 4
        assert hand.control_value.tolist() == [127, 0]


def test_channels_that_play_the_same_notes_keep_their_own_messages():
    same = [note(tick, tick + 480, 60) for tick in range(0, 1920, 480)]
    other = [note(tick, tick + 480, 60, channel=1) for tick in range(0, 1920, 480)]
    third = [note(tick, tick + 480, 60, channel=2) for tick in range(0, 1920, 480)]
    data = midi(
        [control(0, VOLUME, 50), *same],
        [control(0, VOLUME, 70, channel=1), *other],
        [program(0, 9, channel=2), control(0, VOLUME, 90, channel=2), *third],
    )
    _, played = instruments(data)
    assert sorted((one.program, one.control_value.tolist()) for one in played) == (
        [(0, [50]), (0, [70]), (9, [90])]
    )


def test_tracks_of_a_score_find_their_channels_in_whatever_order_they_are():
    data = midi(
        [
            *(program(0, 9, channel=2), control(0, VOLUME, 90, channel=2)),
            *(program(0, 5), control(0, VOLUME, 50), program(480, 7), control(960, VOLUME, 60)),
            *(note(0, 240, 60), note(0, 240, 60, channel=2), note(480, 720, 62)),
        ]
    )
    score = parse_midi(data)
    wanted = {9: [90], 5: [50, 60], 7: [50, 60]}
    for order in (1, -1):
        score.tracks = score.tracks[::order]
        found = {one.program: one.values.tolist() for one in track_controls(score, data)}
        assert found == wanted


def test_a_track_that_is_hardly_found_in_the_file_keeps_its_own_messages():
    data = midi([program(0, 5), control(0, VOLUME, 50), *note(0, 480, 60)])
    other = midi([program(0, 9), control(0, VOLUME, 90), *note(0, 480, 60), *note(480, 960, 62)])
    more = midi([control(0, VOLUME, 70), *(note(i * 480, i * 480 + 480, 60) for i in range(3))])
    assert track_controls(parse_midi(other), data)[0].values.tolist() == [50]  # one of two
    assert track_controls(parse_midi(more), data)[0].values.tolist() == [70]  # one of three


def test_where_mido_cannot_read_a_file_the_scores_own_messages_are_taken():
    data = midi([program(0, 5), control(0, VOLUME, 50), *note(0, 480, 60)])
    score = parse_midi(data)
    for other in (None, b"MThd", midi([note(7, 8, 99)])):
        (one,) = track_controls(score, other)
        assert (one.program, one.values.tolist()) == (5, [50])


def test_scores_and_pretty_midi_are_played_as_the_file_of_them():
    data = midi([program(0, 5), control(0, VOLUME, 50), bend(0, 9), *note(0, 480, 60)])
    music = pretty_midi.PrettyMIDI(io.BytesIO(data))
    for source in (data, parse_midi(data), parse_midi(data).to("second"), music):
        _, (one,) = instruments(source)
        assert (one.program, controllers(one), bends(one)) == (5, [(VOLUME, 50)], [9])
        assert one.end.tolist() == pytest.approx([0.5])


def test_a_note_table_is_played_on_a_piano_and_drums(stand_in):
    data = midi([note(0, 480, 60)], [note(0, 480, 36, channel=9)])
    _, log = stand_in(read_notes(data))
    assert [entry[1:] for entry in log if entry[0] == "program"] == [(0, 0, 0), (9, 128, 0)]


def test_a_drum_that_is_struck_again_is_one_drum(stand_in, monkeypatch):
    monkeypatch.setattr(Synth, "kits", (0, 16))
    strikes = [note(0, 960, 46, channel=9), note(480, 960, 46, channel=9)]
    for kit, wanted in ((16, 16), (25, 0)):  # a kit that the font lacks is the standard one
        data = midi([note(0, 480, 60)], [program(0, kit, channel=9), *strikes])
        _, log = stand_in(data)
        assert [e[1:] for e in log if e[0] == "program"] == [(0, 0, 0), (9, 128, wanted)]
        drums = log[log.index(("program", 9, 128, wanted)) :]
        struck = [entry[1] for entry in drums if entry[0] == "on"]
        assert np.diff(struck).tolist() == [RATE // 2]
        assert all(entry[1] >= struck[1] for entry in drums if entry[0] == "off")


def test_the_panorama_and_a_receivers_modes_are_not_sent(stand_in):
    sent = [control(0, number, 0) for number in (PAN, VOLUME, 124, 125, 126, 127, EXPRESSION)]
    _, log = stand_in(midi([*sent, *note(0, 480, 60)]))
    assert [entry[3] for entry in log if entry[0] == "control"] == [VOLUME, EXPRESSION]


def test_every_instrument_begins_with_a_synthesiser_that_was_set_back(stand_in):
    data = midi([note(0, 480, 60)], [note(0, 480, 64, channel=1)])
    _, log = stand_in(data)
    assert [entry[0] for entry in log] == ["reset", "program", "on", "off"] * 2


def test_nothing_sounds_longer_than_a_second_after_the_last_note(stand_in):
    late = [control(96000, PEDAL, 0), bend(96000, 0)]
    data = midi([control(0, PEDAL, 127), *note(0, 480, 60), *late])
    samples, log = stand_in(data)
    assert len(samples) == 1.5 * RATE
    soon = midi([*note(0, 480, 60), control(768, PEDAL, 0)])
    assert len(stand_in(soon)[0]) == 1.5 * RATE
    assert [entry[0] for entry in log].count("control") == 1


def test_music_that_is_too_long_is_refused_under_its_name(stand_in, tmp_path, monkeypatch):
    path = tmp_path / "long.mid"
    path.write_bytes(midi([note(0, 4800, 60)]))
    monkeypatch.setattr(rendering, "MAX_SECONDS", 1.0)
    with pytest.raises(ReadError, match="longer than") as caught:
        stand_in(path)
    assert caught.value.source == str(path)


def test_features_of_another_rendering_are_not_taken_from_the_cache(
    stand_in, tmp_path, monkeypatch
):
    monkeypatch.setenv(rendering.FONT_VARIABLE, str(tmp_path / "font.sf2"))
    sound, roll = FrontEnd(kinds=("samples",)), FrontEnd(kinds=("roll",), from_notes=True)
    path = tmp_path / "piece.mid"
    path.write_bytes(OVERLAPPING)
    renamed = tmp_path / "piece.wav"  # content decides what is played
    renamed.write_bytes(OVERLAPPING)
    heard = tmp_path / "noise.wav"
    soundfile.write(heard, np.zeros(100), 22050)
    places = {
        (one, front): cache._place(str(one), front, tmp_path)
        for one in (path, renamed, heard)
        for front in (sound, roll)
    }
    features_of([path], sound, tmp_path / "cache", workers=0)
    made = len(Synth.made)
    features_of([path], sound, tmp_path / "cache", workers=0)
    assert len(Synth.made) == made
    monkeypatch.setattr(cache, "MUSIC_VERSION", cache.MUSIC_VERSION + 1)
    features_of([path], sound, tmp_path / "cache", workers=0)
    assert len(Synth.made) == made + 1
    for (one, front), place in places.items():
        changed = cache._place(str(one), front, tmp_path) != place
        assert changed == (front.from_notes or one != heard), (one, front)


# By a synthesiser.


def level(samples, begin, end, rate=22050):
    return float(np.sqrt(np.mean(np.square(samples[int(begin * rate) : int(end * rate)]))))


def pitch(samples, rate=22050):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * rate / len(samples)


@pytest.mark.parametrize("data", [SLOW_LATER, OVERLAPPING], ids=["tempos", "overlapping"])
def test_a_rendering_lasts_a_second_longer_than_the_table(data, synthesiser):
    notes = read_notes(data)
    samples = render_midi(data, 22050)
    assert len(samples) == pytest.approx((notes.seconds + 1) * 22050, abs=2)


def test_every_note_is_struck_where_the_table_has_it(synthesiser):
    samples = render_midi(SLOW_LATER, 22050)
    for onset in read_notes(SLOW_LATER).onset:
        after = level(samples, onset, onset + 0.1)
        assert onset == 0 or after > 1.5 * level(samples, onset - 0.1, onset)
        assert after > 0.005


def test_the_second_of_two_overlapping_notes_sounds_on(synthesiser):
    organ = [program(0, 19)]
    both = midi([*organ, *note(0, 960, 60), *note(480, 3840, 60)])
    alone = midi([*organ, *note(0, 960, 60)])
    second = midi([*organ, *note(480, 3840, 60)])
    samples = render_midi(both, 22050)
    assert level(samples, 2, 3.9) == pytest.approx(
        level(render_midi(second, 22050), 2, 3.9), rel=0.2
    )
    assert level(render_midi(alone, 22050), 1.8, 2) < 0.1 * level(samples, 2, 3.9)


def test_pedals_volumes_and_bends_are_heard(synthesiser):
    def played(*messages):
        return render_midi(midi([*messages, *note(0, 480, 69), *note(3840, 4320, 57)]), 22050)

    plain = played(program(0, 0))
    pedal = played(control(0, PEDAL, 127))
    assert level(pedal, 1, 2) > 5 * level(plain, 1, 2)
    soft = played(control(0, EXPRESSION, 40))
    assert level(soft, 0, 0.5) < 0.5 * level(plain, 0, 0.5)
    silent = played(control(0, VOLUME, 0), control(1920, VOLUME, 100))
    assert level(silent, 0, 0.5) < 0.01 * level(plain, 0, 0.5)
    assert level(silent, 4, 4.5) == pytest.approx(level(plain, 4, 4.5), rel=0.1)
    bent = played(program(0, 19), bend(0, 8191), bend(1920, 0))
    assert pitch(bent[:11025]) / pitch(played(program(0, 19))[:11025]) == pytest.approx(
        2 ** (2 / 12), rel=0.02
    )


def test_a_program_is_what_sounds(synthesiser, tmp_path):
    piano, organ = (midi([program(0, n), *note(0, 1920, 69)]) for n in (0, 19))
    path = tmp_path / "organ.mid"
    path.write_bytes(organ)
    held, struck = read_sound(path, 22050), render_midi(piano, 22050)
    assert level(held, 1.5, 2) > 0.5 * level(held, 0.5, 1)
    assert level(struck, 1.5, 2) < 0.7 * level(struck, 0.0, 0.5)
