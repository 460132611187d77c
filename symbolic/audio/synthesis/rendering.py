"""Rendering of music to audio by FluidSynth with a General MIDI sound font."""

from __future__ import annotations

import os
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from symbolic.audio.decode import MAX_SECONDS, is_regular, read_audio, resample
from symbolic.audio.extra import INSTALL, audio_module
from symbolic.audio.synthesis.channels import BEND
from symbolic.audio.synthesis.instruments import VOICES, Instrument, instruments
from symbolic.notes.midi.reader import is_midi
from symbolic.notes.read import NOTE_SUFFIXES, content_of, format_of, is_file, name_of
from symbolic.notes.table import ReadError

if TYPE_CHECKING:
    from symbolic.notes.read import File, Source

FONT_VARIABLE = "SYMBOLIC_SOUND_FONT"
FONT_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/soundfonts", "/usr/local/share/soundfonts")
FONT_NAMES = ("FluidR3_GM.sf2", "default-GM.sf2", "default.sf2", "TimGM6mb.sf2")
RATE = 44100  # that of sound fonts; FluidSynth has aliasing at lower rates
TAIL = 1.0  # seconds of reverberation after the last note
BLOCK = 2**20  # samples per call of the synthesiser

IGNORED_CONTROLLERS = (10, 124, 125, 126, 127)
"""Controllers that are not sent: panning, since the output is mono, and channel modes, since the
synthesiser's channels are not those of the file."""

DRUM_BANK, DRUM_CHANNEL = 128, 9
CHANNELS = [channel for channel in range(VOICES + 1) if channel != DRUM_CHANNEL]
"""Channels of the voices of a pitched instrument."""

DEBIAN = "apt install fluidsynth fluid-soundfont-gm"


def find_sound_font(sound_font: str | os.PathLike | None = None) -> str:
    """Find the sound font: the one given, that of `SYMBOLIC_SOUND_FONT`, or the system's.

    Raises:
        FileNotFoundError: no sound font; the message says how to install one.
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
        f"or set {FONT_VARIABLE} to a .sf2 file"
    )


def render_midi(
    source: Source, sampling_rate: int, sound_font: str | os.PathLike | None = None
) -> np.ndarray:
    """Render music with a General MIDI synthesiser.

    Notes and their times are those of `read_notes`; programs, controllers and pitch bends are the
    file's: see `symbolic.audio.synthesis.instruments`. Instruments are rendered one by one, each
    after a reset of the synthesiser, and summed. Loudness is kept, without normalisation; panning
    is not: the output is mono.

    Args:
        source: as in `read_notes`; sources other than MIDI are rendered as piano.
        sampling_rate: in Hz.
        sound_font: path of a .sf2 file; None is `find_sound_font()`.

    Returns:
        (n,) float32, with `TAIL` seconds of reverberation after the end of the last note. Full
        scale is 1, which the sum of many loud instruments exceeds.

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
            raise ValueError(f"{font}: FluidSynth cannot read this sound font")
        for instrument in played:
            _play(instrument, synthesiser, number, samples)
    finally:
        synthesiser.delete()
    samples /= np.float32(2**15)
    return resample(samples, RATE, sampling_rate)


def read_sound(source: Source, sampling_rate: int) -> np.ndarray:
    """Read the (n,) float32 samples of a recording, or render MIDI or MusicXML.

    The kind of the source is decided by its content, or else by its name: see `is_music`.

    Raises:
        ReadError: as `read_audio` and `render_midi`.
    """
    if is_music(source):
        return render_midi(source, sampling_rate)
    return read_audio(cast("File", source), sampling_rate)[0]


def is_music(source: Source) -> bool:
    """Whether a source holds notes instead of sound, by its content or its name.

    Objects other than files and bytes, such as note tables, hold notes.
    """
    if not isinstance(source, str | os.PathLike):
        name = name_of(source) or ""
        return not is_file(source) or name.lower().endswith(NOTE_SUFFIXES) or _has_notes(source)
    try:
        if is_regular(os.fspath(source)):
            with open(source, "rb") as file:
                if is_midi(file.read(16)):
                    return True
    except (OSError, ValueError):  # the reader raises the error
        pass
    return os.fspath(source).lower().endswith(NOTE_SUFFIXES)


def _has_notes(source: File) -> bool:
    """Whether content has the format of a file of notes."""
    try:
        return bool(format_of(content_of(source)))
    except ReadError:
        return False


def _fluidsynth():
    try:
        module = audio_module("fluidsynth")
    except ImportError as error:
        raise ImportError(
            f"rendering MIDI needs FluidSynth (Debian: {DEBIAN}) and pyfluidsynth: {INSTALL}",
            name="fluidsynth",
        ) from error
    if not hasattr(module, "Synth"):  # an unrelated distribution has the same module name
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
    for at, simultaneous in groupby(events, key=lambda event: event[0]):
        now = _advance(synthesiser, samples, now, at)
        for _, _, send, channel, *values in simultaneous:
            for place in channels if channel is None else channels[channel : channel + 1]:
                getattr(synthesiser, send)(place, *values)
    _advance(synthesiser, samples, now, events[-1][0] + round(TAIL * RATE))


def _events(instrument: Instrument, length: int) -> list[tuple]:
    """Collect the calls of the synthesiser: sample, order, method, voice or None for all, values.

    At one sample the order is: ends of notes, controllers, bends, onsets of notes.
    """
    begin = np.rint(instrument.onset * RATE).astype(np.int64)
    end = np.rint(instrument.end * RATE).astype(np.int64)
    voice, pitch = instrument.voice.tolist(), instrument.pitch.tolist()
    control = np.rint(instrument.control_time * RATE).astype(np.int64).tolist()
    kinds, values = instrument.control_kind.tolist(), instrument.control_value.tolist()
    events = [
        (at, 0, "noteoff", *note) for at, *note in zip(end.tolist(), voice, pitch, strict=True)
    ]
    events += [
        (at, 2, "pitch_bend", None, value) if kind == BEND else (at, 1, "cc", None, kind, value)
        for at, kind, value in zip(control, kinds, values, strict=True)
        if kind not in IGNORED_CONTROLLERS and at < length
    ]
    events += [
        (at, 3, "noteon", *note)
        for at, *note in zip(
            begin.tolist(), voice, pitch, instrument.velocity.tolist(), strict=True
        )
    ]
    return sorted(events, key=lambda event: event[:2])


def _advance(synthesiser, samples: np.ndarray, now: int, until: int) -> int:
    """Add the left channel of the output between two samples; return the sample reached."""
    until = min(until, len(samples))
    while now < until:
        stop = min(now + BLOCK, until)
        samples[now:stop] += synthesiser.get_samples(stop - now)[::2]
        now = stop
    return now
