"""MIDI made to sound: pretty_midi plays it through FluidSynth and a General MIDI sound font."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.audio.decode import MAX_SECONDS, is_regular, read_audio, resample
from symbolic.audio.extra import INSTALL, audio_module
from symbolic.notes.midi import is_midi
from symbolic.notes.read import SUFFIXES, read_bytes, read_notes
from symbolic.notes.score import table_score
from symbolic.notes.table import ReadError

if TYPE_CHECKING:
    import pretty_midi

    from symbolic.notes.read import Source

FONT_VARIABLE = "SYMBOLIC_SOUND_FONT"
FONT_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/soundfonts", "/usr/local/share/soundfonts")
FONT_NAMES = ("FluidR3_GM.sf2", "default-GM.sf2", "default.sf2", "TimGM6mb.sf2")
RATE = 44100  # of the recordings in sound fonts, which FluidSynth would let alias at a lower one
PAN = 10  # the MIDI controller

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
    """Samples of music as a General MIDI synthesiser plays it.

    Instruments are played one by one, each from a synthesiser that was set back, and are added up.
    Loudness is kept: a piece that is played softly is soft. Panning is not: there is one channel.

    Args:
        source: whatever `read_notes` takes; what is not MIDI is played on a piano.
        sampling_rate: in Hz.
        sound_font: path of a .sf2 file; None is `find_sound_font()`.

    Returns:
        (n,) float32, with a second of reverberation after the last note. Full scale is 1, which
        many loud instruments together exceed.

    Raises:
        ReadError: as `read_notes`, or music longer than `MAX_SECONDS`.
        ImportError, FileNotFoundError: FluidSynth or a sound font is missing; what to install.
    """
    font = find_sound_font(sound_font)
    fluidsynth = _fluidsynth()
    name = os.fspath(source) if isinstance(source, str | os.PathLike) else None
    try:
        music = _playable(source if name is None else read_bytes(name))
    except ReadError as error:
        raise ReadError(error.reason, source=name or error.source) from error
    synthesiser = fluidsynth.Synth(samplerate=float(RATE))
    try:
        number = synthesiser.sfload(font)
        if number < 0:
            raise ValueError(f"{font}: no sound font that FluidSynth reads")
        played = [_play(instrument, synthesiser, number) for instrument in music.instruments]
    finally:
        synthesiser.delete()
    samples = np.zeros(max(map(len, played)), np.float32)
    for one in played:
        samples[: len(one)] += one
    return resample(samples / np.float32(2**15), RATE, sampling_rate)


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
    return os.fspath(source).lower().endswith(SUFFIXES)


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


def _playable(source: Source) -> pretty_midi.PrettyMIDI:
    """The music, checked as notes are before anything is allocated for it."""
    import pretty_midi

    notes = read_notes(source)
    if notes.seconds > MAX_SECONDS:
        raise ReadError(f"lasts longer than {MAX_SECONDS / 3600:g} hours")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tempos on other tracks than the first
        if isinstance(source, pretty_midi.PrettyMIDI):
            return source
        if isinstance(source, bytes) and source[:4] == b"MThd":
            try:
                music = pretty_midi.PrettyMIDI(io.BytesIO(source))
                if music.instruments and music.get_end_time() <= MAX_SECONDS:
                    return music
            except Exception:  # mido refuses some files that symusic reads
                pass
        return pretty_midi.PrettyMIDI(io.BytesIO(table_score(notes).dumps_midi()))


def _play(instrument: pretty_midi.Instrument, synthesiser, number: int) -> np.ndarray:
    """(n,) one instrument, in the middle: pretty_midi keeps the left channel alone."""
    import pretty_midi

    synthesiser.system_reset()  # controllers and notes of the instrument before
    centred = pretty_midi.Instrument(instrument.program, instrument.is_drum, instrument.name)
    centred.notes, centred.pitch_bends = instrument.notes, instrument.pitch_bends
    centred.control_changes = [c for c in instrument.control_changes if c.number != PAN]
    return centred.fluidsynth(synthesizer=synthesiser, sfid=number)
