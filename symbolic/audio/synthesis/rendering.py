"""Rendering of music: FluidSynth plays its notes with a General MIDI sound font."""

from __future__ import annotations

import os
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.audio.decode import MAX_SECONDS, is_regular, read_audio, resample
from symbolic.audio.extra import INSTALL, audio_module
from symbolic.audio.synthesis.instruments import VOICES, Instrument, instruments
from symbolic.notes.midi.reader import is_midi
from symbolic.notes.read import NOTE_SUFFIXES
from symbolic.notes.table import ReadError

if TYPE_CHECKING:
    from symbolic.notes.read import Source

FONT_VARIABLE = "SYMBOLIC_SOUND_FONT"
FONT_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/soundfonts", "/usr/local/share/soundfonts")
FONT_NAMES = ("FluidR3_GM.sf2", "default-GM.sf2", "default.sf2", "TimGM6mb.sf2")
RATE = 44100  # of the recordings in sound fonts, which FluidSynth would let alias at a lower one
TAIL = 1.0  # seconds of reverberation after the last note
BLOCK = 2**20  # samples, rendered at once

LEFT_OUT = (10, 124, 125, 126, 127)
"""Controllers that are not sent: the panorama, since there is one channel of sound, and modes of a
receiver, whose channels are here not those of the file."""

DRUM_BANK, DRUM_CHANNEL = 128, 9
CHANNELS = [channel for channel in range(VOICES + 1) if channel != DRUM_CHANNEL]
"""Of the voices of a pitched instrument."""

DEBIAN = "apt install fluidsynth fluid-soundfont-gm"


def find_sound_font(sound_font: str | os.PathLike | None = None) -> str:
    """The sound font to use: the one given, that of `SYMBOLIC_SOUND_FONT`, or the system's.

    Raises:
        FileNotFoundError: there is none; the message says how to install one.
    """
    given = sound_font or os.environ.get(FONT_VARIABLE)
    if given:
        if os.path.isfile(given):
            return os.fspath(given)
        raise FileNotFoundError(f"{os.fspath(given)}: no such sound font")
    for folder in FONT_FOLDERS:
        for name in FONT_NAMES:
            if (path := Path(folder, name)).is_file():
                return str(path)
    raise FileNotFoundError(
        f"no General MIDI sound font in {', '.join(FONT_FOLDERS)}: install one (Debian: {DEBIAN}), "
        f"or name a .sf2 file in {FONT_VARIABLE}"
    )


def render_midi(
    source: Source, sampling_rate: int, sound_font: str | os.PathLike | None = None
) -> np.ndarray:
    """Play music with a General MIDI synthesiser.

    Notes and their times are those of `read_notes`; programs, controllers and pitch bends are the
    file's: see `symbolic.audio.synthesis.instruments`. Instruments are played one by one, each by a
    synthesiser that was set back, and are added up. Loudness is kept: a piece that is played softly
    is soft. Panning is not: there is one channel.

    Args:
        source: whatever `read_notes` takes; what is not MIDI is played on a piano.
        sampling_rate: in Hz.
        sound_font: path of a .sf2 file; None is `find_sound_font()`.

    Returns:
        (n,) float32, with `TAIL` seconds of reverberation after the end of the last note. Full
        scale is 1, which many loud instruments together exceed.

    Raises:
        ReadError: as `read_notes`, or music longer than `MAX_SECONDS`.
        ImportError, FileNotFoundError: FluidSynth or a sound font is missing; what to install.
    """
    font = find_sound_font(sound_font)
    fluidsynth = _fluidsynth()
    notes, played = instruments(source)
    if notes.seconds > MAX_SECONDS:
        name = os.fspath(source) if isinstance(source, str | os.PathLike) else None
        raise ReadError(f"lasts longer than {MAX_SECONDS / 3600:g} hours", name)
    samples = np.zeros(int(np.ceil((notes.seconds + TAIL) * RATE)), np.float32)
    synthesiser = fluidsynth.Synth(samplerate=float(RATE))
    try:
        number = synthesiser.sfload(font)
        if number < 0:
            raise ValueError(f"{font}: no sound font that FluidSynth reads")
        for instrument in played:
            _play(instrument, synthesiser, number, samples)
    finally:
        synthesiser.delete()
    samples /= np.float32(2**15)
    return resample(samples, RATE, sampling_rate)


def read_sound(source: str | os.PathLike | bytes, sampling_rate: int) -> np.ndarray:
    """(n,) float32 samples of a recording, or of MIDI or MusicXML that is made to sound.

    What it is, is told by its content, and where that says nothing, by its name.

    Raises:
        ReadError: as `read_audio` and `render_midi`.
    """
    return (
        render_midi(source, sampling_rate)
        if is_music(source)
        else read_audio(source, sampling_rate)[0]
    )


def is_music(source: str | os.PathLike | bytes) -> bool:
    """Whether a source holds notes, not sound: by its content, or by its name."""
    if not isinstance(source, str | os.PathLike):
        return is_midi(bytes(source[:16]))
    try:
        if is_regular(os.fspath(source)):
            with open(source, "rb") as file:
                if is_midi(file.read(16)):
                    return True
    except (OSError, ValueError):  # the reader says why
        pass
    return os.fspath(source).lower().endswith(NOTE_SUFFIXES)


def _fluidsynth():
    try:
        module = audio_module("fluidsynth")
    except ImportError as error:
        raise ImportError(
            f"making MIDI sound needs FluidSynth (Debian: {DEBIAN}) and pyfluidsynth: {INSTALL}",
            name="fluidsynth",
        ) from error
    if not hasattr(module, "Synth"):  # an unrelated distribution is imported by the same name
        raise ImportError("the module fluidsynth is not pyfluidsynth's: pip install pyfluidsynth")
    return module


def _play(instrument: Instrument, synthesiser, font: int, samples: np.ndarray) -> None:
    """Add one instrument to samples, in the scale of int16."""
    synthesiser.system_reset()  # controllers and notes of the instrument before
    count = int(instrument.voice.max()) + 1
    channels = [DRUM_CHANNEL] if instrument.is_drum else CHANNELS[:count]
    bank = DRUM_BANK if instrument.is_drum else 0
    for channel in channels:
        if synthesiser.program_select(channel, font, bank, instrument.program) == -1:
            synthesiser.program_select(channel, font, bank, 0)  # no such preset in the sound font
    events = _events(instrument, len(samples))
    now = events[0][0]
    for at, together in groupby(events, key=lambda event: event[0]):
        now = _advance(synthesiser, samples, now, at)
        for _, _, send, channel, *values in together:
            for one in channels if channel is None else channels[channel : channel + 1]:
                getattr(synthesiser, send)(one, *values)
    _advance(synthesiser, samples, now, events[-1][0] + round(TAIL * RATE))


def _events(instrument: Instrument, length: int) -> list[tuple]:
    """Collect the calls of the synthesiser: sample, order, method, voice or None for all, values.

    At one sample notes end, controllers and then bends change, and notes begin.
    """
    begin = np.rint(instrument.onset * RATE).astype(np.int64)
    end = np.rint(instrument.end * RATE).astype(np.int64)
    voice, pitch = instrument.voice.tolist(), instrument.pitch.tolist()
    control = np.rint(instrument.control_time * RATE).astype(np.int64).tolist()
    numbers, values = instrument.control_number.tolist(), instrument.control_value.tolist()
    bend = np.rint(instrument.bend_time * RATE).astype(np.int64).tolist()
    events = [(at, 0, "noteoff", *one) for at, *one in zip(end.tolist(), voice, pitch, strict=True)]
    events += [
        (at, 1, "cc", None, number, value)
        for at, number, value in zip(control, numbers, values, strict=True)
        if number not in LEFT_OUT and at < length
    ]
    events += [
        (at, 2, "pitch_bend", None, value)
        for at, value in zip(bend, instrument.bend_value.tolist(), strict=True)
        if at < length
    ]
    events += [
        (at, 3, "noteon", *one)
        for at, *one in zip(begin.tolist(), voice, pitch, instrument.velocity.tolist(), strict=True)
    ]
    return sorted(events, key=lambda event: event[:2])


def _advance(synthesiser, samples: np.ndarray, now: int, until: int) -> int:
    """Add what sounds from one sample to another, the left channel alone; where it has come to."""
    until = min(until, len(samples))
    while now < until:
        stop = min(now + BLOCK, until)
        samples[now:stop] += synthesiser.get_samples(stop - now)[::2]
        now = stop
    return now
