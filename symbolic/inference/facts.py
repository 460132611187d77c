"""Facts about a piece in words and numbers, from its features, as a musician would name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import exp, expm1

import numpy as np

from symbolic.inference.feature_model import FeatureModel
from symbolic.inference.reasons import (
    DRUMS,
    KEY,
    LOUDNESS,
    OTHER,
    Contributions,
    musical_group,
)

NOTABLE = 0.7
"""Standard deviations from the mean of the training data from which on a value is notable: if
values are distributed normally, a quarter of them on either side is."""

UNDECIDED = 0.65  # probability of a mode, below which neither is named
FACTS = 2  # of one group
BESIDE = 0.4  # least effect of a second fact, as a share of that of the first
LEAST_EFFECT = 0.002  # of a fact, on the probability of the quadrant
PITCHES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True)
class Wording:
    """Words for a column.

    Attributes:
        low, high: for values clearly below and above those of the training data, with `{}` for the
            number; empty where there is nothing to say.
        number: of a value, as text.
        beginnings: of the names of other columns that measure the same.
    """

    low: str
    high: str
    number: Callable[[float], str] = str
    beginnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """Facts that are notable about a piece.

    Attributes:
        group: musical group.
        text: words and a number.
        columns: beginnings of the names of the columns that measure it.
    """

    group: str
    text: str
    columns: tuple[str, ...]


def pitch_name(pitch: float) -> str:
    """Name the nearest pitch of a MIDI number: 60 is C4."""
    nearest = round(pitch)
    return f"{PITCHES[nearest % 12]}{nearest // 12 - 1}"


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _rest(value: float) -> str:
    return _percent(1 - value)


def _rate(value: float) -> str:
    return f"{exp(value):.1f}"


def _kinds(value: float) -> str:
    return f"{exp(value):.0f}"


def _rate_above_1(value: float) -> str:
    return f"{expm1(value):.1f}"


def _kinds_above_1(value: float) -> str:
    return f"{expm1(value):.0f}"


def _seconds(value: float) -> str:
    return f"{exp(value):.2f} s"


def _milliseconds(value: float) -> str:
    return f"{1000 * value:.0f} ms"


def _whole(value: float) -> str:
    return f"{value:.0f}"


def _difference(value: float) -> str:
    return f"{value:+.0f}"


def _tenth(value: float) -> str:
    return f"{value:.1f}"


def _hundredth(value: float) -> str:
    return f"{value:.2f}".removeprefix("0")


_SIZES = ("semitones", "whole_tones", "minor_thirds", "major_thirds", "fourths", "tritones")
_SIZES += ("fifths", "sixths_sevenths", "octaves", "steps", "leaps")

WORDINGS: dict[str, Wording] = {
    # key and mode
    "local_mode_major": Wording(
        "few passages in major ({})", "many passages in major ({})", _percent, ("local_mode_",)
    ),
    "pc_entropy": Wording(
        "few pitch classes (about {})", "chromatic (about {} pitch classes)", _kinds
    ),
    "pc_in_scale": Wording(
        "many notes outside the scale ({})", "few notes outside the scale ({})", _rest
    ),
    "local_key_changes": Wording(
        "stays in its key", "local key changes often", beginnings=("local_key_",)
    ),
    "key_correlation": Wording(
        "unclear key (correlation {})", "clear key (correlation {})", _hundredth, ("key_margin",)
    ),
    "bass_on_tonic": Wording("", "bass on the tonic (at {} of onsets)", _percent),
    # harmony
    "dissonance": Wording(
        "consonant ({} seconds, sevenths, tritones)",
        "dissonant ({} seconds, sevenths, tritones)",
        _percent,
        ("interval_class_1", "interval_class_2", "interval_class_6", "tension_diameter"),
    ),
    "chord_major_share": Wording(
        "few major triads ({} of triads)",
        "many major triads ({} of triads)",
        _percent,
        ("chord_major", "chord_minor", "over_bass_m"),
    ),
    "chord_changes": Wording(
        "few changes of triad (at {} of onsets)",
        "many changes of triad (at {} of onsets)",
        _percent,
        ("chord_change", "tension_momentum"),
    ),
    "chord_diminished": Wording("", "diminished triads (at {} of onsets)", _percent),
    "chord_minor_seventh": Wording("", "minor seventh chords (at {} of onsets)", _percent),
    "chord_major_seventh": Wording("", "major seventh chords (at {} of onsets)", _percent),
    "interval_class_5": Wording(
        "few fourths and fifths ({} of intervals)",
        "many fourths and fifths ({} of intervals)",
        _percent,
    ),
    "tension_strain": Wording("harmony stays near its centre", "harmony strays from its centre"),
    # speed and rhythm
    "onset_density_std": Wording("onsets steadily dense", "onsets now dense, now sparse"),
    "onsets_per_second_log": Wording(
        "slow ({} onsets a second)",
        "fast ({} onsets a second)",
        _rate,
        ("notes_per_second", "ioi_mean", "ioi_log_", "ioi_share", "pulse_period"),
    ),
    "ioi_variability": Wording(
        "even rhythm",
        "uneven rhythm",
        beginnings=("ioi_repeated", "ioi_ratio", "ioi_entropy", "ioi_std"),
    ),
    "pulse_clarity": Wording("weak pulse ({})", "clear pulse ({})", _hundredth),
    # texture
    "notes_per_onset_mean": Wording(
        "thin chords ({} notes an onset)",
        "thick chords ({} notes an onset)",
        _tenth,
        ("notes_per_onset", "onsets_single", "onsets_full"),
    ),
    "polyphony_mean": Wording(
        "few notes sound at once ({})",
        "many notes sound at once ({})",
        _tenth,
        ("notes_sounding", "pcs_sounding"),
    ),
    "silence": Wording("", "rests ({} of the time)", _percent),
    "note_density_std": Wording("notes steadily dense", "notes now dense, now sparse"),
    # loudness
    "velocity_melody": Wording("", "top notes stand out (velocity {})", _difference),
    "velocity_mean": Wording(
        "soft (velocity {})",
        "loud (velocity {})",
        _whole,
        ("velocity_q", "velocity_median", "velocity_share", "played_"),
    ),
    "velocity_std": Wording(
        "even loudness (velocity varies by {})",
        "contrasts of loudness (velocity varies by {})",
        _whole,
        ("velocity_range", "velocity_parts_std", "velocity_change"),
    ),
    "velocity_accents": Wording("", "accents (at {} of onsets)", _percent),
    # articulation
    "duration_log_median": Wording(
        "short notes ({})", "long notes ({})", _seconds, ("duration_log_", "duration_share")
    ),
    "staccato": Wording(
        "", "staccato ({} of notes)", _percent, ("skyline_staccato", "duration_ratio_log")
    ),
    "legato": Wording(
        "detached ({} of notes legato)",
        "legato ({} of notes)",
        _percent,
        ("skyline_legato", "duration_ratio_log"),
    ),
    "chord_asynchrony": Wording("", "chords not quite together ({})", _milliseconds),
    # register
    "pitch_parts_std": Wording("register stays the same", "register changes"),
    "pitch_mean": Wording(
        "low register (mean {})",
        "high register (mean {})",
        pitch_name,
        ("pitch_q", "pitch_median", "pitch_sounding_mean", "skyline_mean", "bass_mean"),
    ),
    "pitch_range": Wording(
        "narrow range ({} semitones)",
        "wide range ({} semitones)",
        _whole,
        ("pitch_std", "pitch_entropy", "skyline_range", "bass_range", "register_"),
    ),
    "skyline_above_bass": Wording(
        "outer voices close together ({} semitones)",
        "outer voices far apart ({} semitones)",
        _whole,
    ),
    # melody and bass
    "skyline_interval_mean": Wording(
        "top line in small intervals (mean {} semitones)",
        "top line in large intervals (mean {} semitones)",
        _tenth,
        tuple(f"skyline_{size}" for size in _SIZES),
    ),
    "skyline_repeats": Wording("", "repeated notes in the top line ({})", _percent),
    "bass_interval_mean": Wording(
        "bass in small intervals (mean {} semitones)",
        "bass in large intervals (mean {} semitones)",
        _tenth,
        ("bass_steps", "bass_leaps"),
    ),
    "bass_repeats": Wording("", "repeated notes in the bass ({})", _percent),
    "bass_fourths_fifths": Wording("", "bass in fourths and fifths ({})", _percent),
    "skyline_turns": Wording("top line turns seldom ({})", "top line turns often ({})", _percent),
    "outer_contrary": Wording("", "outer voices in contrary motion ({} of onsets)", _percent),
    "outer_parallel": Wording("", "outer voices move together ({} of onsets)", _percent),
    # voices
    "voice_rate_log": Wording(
        "slow voices ({} onsets a second each)",
        "fast voices ({} onsets a second each)",
        _rate,
        ("voice_rate_",),
    ),
    "melody_rate_log": Wording(
        "slow melody ({} notes a second)", "fast melody ({} notes a second)", _rate
    ),
    "bass_rate_log": Wording(
        "slow bass ({} notes a second)", "fast bass ({} notes a second)", _rate
    ),
    "voice_doubling": Wording("", "doubled parts ({} of notes)", _percent),
    # drums
    "drums_present": Wording("no drums", "drums", beginnings=("drum",)),
    "drum_rate_log1p": Wording(
        "few drum strokes ({} a second)", "many drum strokes ({} a second)", _rate_above_1
    ),
    "drum_kinds": Wording("few kinds of drums ({})", "many kinds of drums ({})", _kinds_above_1),
    "drum_regularity": Wording("irregular drums", "regular drums"),
}
"""Words by column; a model without the column has no such fact."""

MODE_COLUMNS = (
    *("predicted_", "key_minor", "major_third_share", "major_minus_minor", "major_sixth_share"),
    *("local_mode_", "pc_from_tonic_03", "pc_from_tonic_04", "fifths_mean"),
)
"""Beginnings of the columns that tell major from minor."""


def facts(model: FeatureModel, found: Contributions) -> dict[str, tuple[str, ...]]:
    """Say in words what is notable about a piece and moves the prediction as its group does.

    The effect of a fact is the change of the probability of the predicted quadrant as the columns
    that measure it are put to the mean of the training data: the mean of two changes, with all
    other columns of the piece and without them. A fact whose effect is opposed to that of its group
    is no reason for it.

    Args:
        model: whose prediction was explained.
        found: of a piece.

    Returns:
        By musical group up to `FACTS` facts, the largest effect first.
    """
    notable = list(_notable(found))
    columns = list(found.standardised)
    state = np.array(list(found.standardised.values()))
    own = np.array([[name.startswith(fact.columns) for name in columns] for fact in notable])
    own = own.reshape(len(notable), len(columns))
    best = int(found.prediction.argmax())
    values = model.emotion_of(np.where(np.concatenate([own, ~own]), state, 0.0))[:, best]
    alone, without = values.reshape(2, -1)
    effects = (alone - found.baseline[best] + found.prediction[best] - without) / 2
    direction = dict(zip(found.groups, found.quadrants[:, best].tolist(), strict=True))
    chosen: dict[str, list[tuple[float, str]]] = {group: [] for group in found.groups}
    for k in np.argsort(-np.abs(effects), kind="stable"):
        fact, effect = notable[k], abs(effects[k])
        others = chosen[fact.group]
        least = others[0][0] * BESIDE if others else LEAST_EFFECT
        if effect >= least and effects[k] * direction[fact.group] > 0:
            others.append((effect, fact.text))
    return {group: tuple(text for _, text in some[:FACTS]) for group, some in chosen.items()}


def _notable(found: Contributions) -> Iterator[Fact]:
    """Yield what is notable about a piece, whether or not it moves the prediction."""
    if mode := _mode(found):
        yield Fact(KEY, mode, MODE_COLUMNS)
    quiet = found.values.get("has_dynamics") == 0
    no_drums = found.values.get("drums_present") == 0
    if quiet:
        yield Fact(LOUDNESS, "no dynamics in the file", ("velocity", "has_dynamics"))
    for column, deviation in found.standardised.items():
        group, wording = musical_group(column), WORDINGS.get(column)
        if abs(deviation) < NOTABLE or (quiet and group == LOUDNESS):
            continue
        if no_drums and group == DRUMS and column != "drums_present":
            continue
        if wording is not None:
            words = wording.high if deviation > 0 else wording.low
            text = words.format(wording.number(found.values[column]))
            if words:
                yield Fact(group, text, (column, *wording.beginnings))
        elif group == OTHER and column in found.values:
            words = f"{column.replace('_', ' ')} {'high' if deviation > 0 else 'low'}"
            yield Fact(group, f"{words} ({found.values[column]:.3g})", (column,))


def _mode(found: Contributions) -> str | None:
    """Name the mode: of the predicted key with its probability, else of the key profile."""
    if (scaled := found.standardised.get("predicted_minor")) is None:
        minor = found.values.get("key_minor")
        return None if minor is None else f"{'minor' if minor else 'major'} key"
    minor = (scaled + 2) / 4
    likely = max(minor, 1 - minor)
    if likely < UNDECIDED:
        return f"between minor and major ({_hundredth(minor)} minor)"
    return f"{'minor' if minor > 0.5 else 'major'} key ({_hundredth(likely)})"
