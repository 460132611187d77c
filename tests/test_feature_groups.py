"""Feature columns, group by group: what they say of music made to be heard one way."""

import numpy as np
import pytest

from symbolic.features import FEATURE_GROUPS, FEATURE_NAMES, features
from symbolic.notes import note_table

SECOND = 960  # ticks, at 480 per quarter and 120 quarters per minute


def named(notes):
    return dict(zip(FEATURE_NAMES, features(notes), strict=True))


def chords(*pitch_lists, gap=SECOND, length=SECOND, velocity=80, transpose=0, **columns):
    """Chords at equal distances, `gap` and `length` in ticks; velocity a number or one per note."""
    pitch = np.concatenate([np.asarray(pitches) for pitches in pitch_lists]) + transpose
    onset = np.repeat(np.arange(len(pitch_lists)) * gap, [len(p) for p in pitch_lists])
    velocity = np.broadcast_to(velocity, pitch.shape)
    return note_table(onset, np.full(len(pitch), length), pitch, velocity, **columns)


def tune(*pitches, **columns):
    """Single notes at equal distances; the rest as for `chords`."""
    return chords(*([pitch] for pitch in pitches), **columns)


def test_rhythm_is_in_seconds():
    steady = named(chords([60], [62], [64], [65], gap=SECOND // 2, length=SECOND // 2))
    assert steady["ioi_mean"] == pytest.approx(0.5)
    assert steady["ioi_log_median"] == pytest.approx(np.log(0.5))
    assert steady["onsets_per_second_log"] == pytest.approx(np.log(2))
    assert steady["ioi_repeated"] == 1
    assert steady["ioi_variability"] == pytest.approx(0)


def test_the_same_ticks_at_half_the_tempo_take_twice_as_long():
    fast = named(chords([60], [62], [64]))
    slow = named(chords([60], [62], [64], tempos=([0], [60.0])))
    assert slow["ioi_mean"] == pytest.approx(2 * fast["ioi_mean"])
    assert slow["duration_log_mean"] == pytest.approx(fast["duration_log_mean"] + np.log(2))
    assert slow["legato"] == fast["legato"] == 1


def test_staccato_notes_are_shorter_than_their_gaps():
    short = named(chords([60], [62], [64], length=SECOND // 10))
    assert short["duration_ratio_log_median"] == pytest.approx(np.log(0.1))
    assert named(chords([60], [62], [64]))["duration_ratio_log_mean"] == pytest.approx(0)


def test_a_slightly_rolled_chord_is_one_onset():
    rolled = note_table([0, 10, 20], [SECOND] * 3, [60, 64, 67], [80] * 3)
    assert named(rolled)["notes_per_onset_mean"] == 3
    arpeggio = note_table([0, 200, 400], [SECOND] * 3, [60, 64, 67], [80] * 3)
    assert named(arpeggio)["notes_per_onset_mean"] == 1


def test_a_crescendo_rises():
    louder = named(chords([60], [60], [60], [60], velocity=[40, 60, 80, 100]))
    # 60 over the three seconds between first and last onset of a piece of four
    assert louder["velocity_slope"] == pytest.approx(80)
    assert louder["velocity_range"] == 60
    assert louder["velocity_mean"] == 70
    assert louder["velocity_change"] == 20
    assert louder["has_dynamics"] == 1


def test_uniform_velocity_is_no_dynamics_and_not_forte():
    quiet, loud = chords([60], [64], velocity=20), chords([60], [64], velocity=120)
    assert np.array_equal(features(quiet), features(loud))
    assert named(loud)["has_dynamics"] == 0


def test_skyline_and_bass_are_the_outer_voices():
    piece = named(chords([48, 55, 72], [50, 57, 74], [43, 59, 74]))
    assert piece["skyline_mean"] == pytest.approx((72 + 74 + 74) / 3)
    assert piece["bass_mean"] == pytest.approx((48 + 50 + 43) / 3)
    assert piece["skyline_repeats"] == piece["skyline_steps"] == 0.5
    assert piece["skyline_rising"] == 1
    assert piece["bass_leaps"] == piece["bass_rising"] == 0.5


def test_major_and_minor_are_told_apart():
    major = named(chords([48, 64, 67], [53, 60, 69], [55, 62, 71], [48, 64, 67]))
    minor = named(chords([48, 63, 67], [53, 60, 68], [55, 62, 71], [48, 63, 67]))
    assert (major["key_minor"], minor["key_minor"]) == (0, 1)
    assert major["major_minus_minor"] > 0 > minor["major_minus_minor"]
    assert major["chord_major"] == 1
    assert minor["chord_minor"] == 0.75
    assert (major["major_third_share"], minor["major_third_share"]) == (1, 0)
    assert major["pc_from_tonic_00"] > major["pc_from_tonic_01"] == 0


def test_a_piece_that_turns_to_minor_halfway_is_half_major():
    major, minor = [[60, 64, 67]] * 4, [[60, 63, 67]] * 4
    bright, both = named(chords(*major, *major)), named(chords(*major, *minor))
    assert (bright["local_mode_major"], both["local_mode_major"]) == (1, 0.5)
    assert bright["local_mode_std"] == pytest.approx(0) != both["local_mode_std"]
    assert bright["local_mode_mean"] > both["local_mode_mean"]


def test_pitch_class_shares_sum_to_one():
    piece = named(tune(60, 61, 64, 67, 70, 66))
    assert sum(piece[f"pc_from_tonic_{k:02d}"] for k in range(12)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("pitches", "interval_class", "consonant"),
    [
        ([60, 61], 1, 0),
        ([60, 70], 2, 0),
        ([60, 63], 3, 1),
        ([60, 68], 4, 1),
        ([60, 79], 5, 1),
        ([60, 66], 6, 0),
    ],
)
def test_intervals_fall_into_their_class(pitches, interval_class, consonant):
    piece = named(chords(pitches))
    assert piece[f"interval_class_{interval_class}"] == 1
    assert piece["dissonance"] == 1 - consonant


def test_a_held_note_is_part_of_the_harmony_until_it_ends():
    held = note_table([0, SECOND], [2 * SECOND, SECOND], [60, 67], [80, 80])
    assert named(held)["interval_class_5"] == 1
    assert named(held)["notes_sounding_mean"] == 1.5
    released = note_table([0, SECOND], [SECOND, SECOND], [60, 67], [80, 80])
    assert named(released)["interval_class_5"] == 0


def test_a_low_bass_under_a_tune_lies_in_a_low_register():
    low = named(tune(60, 62, 64, 36, 60, 62, 64, 36))
    assert (low["register_low"], low["register_high"]) == (0.25, 0)
    assert named(tune(60, 62, 64))["register_low"] == 0


def test_long_notes_weigh_more_in_the_pitch_that_sounds():
    notes = note_table([0, SECOND], [3 * SECOND, SECOND], [48, 60], [80, 80])
    assert named(notes)["pitch_mean"] == 54
    assert named(notes)["pitch_sounding_mean"] == pytest.approx(51)


def test_a_piece_that_climbs_to_another_register_halfway_varies_in_register():
    steady, climbing = named(tune(*[60] * 16)), named(tune(*[60] * 8, *[72] * 8))
    assert (steady["pitch_parts_std"], climbing["pitch_parts_std"]) == (0, 6)
    assert steady["pitch_entropy"] == 0
    assert climbing["pitch_entropy"] == pytest.approx(np.log(2))


def test_a_scale_moves_by_semitones_and_whole_tones():
    scale = named(tune(60, 62, 64, 65, 67, 69, 71, 72))
    assert scale["skyline_whole_tones"] == pytest.approx(5 / 7)
    assert scale["skyline_semitones"] == pytest.approx(2 / 7)


def test_a_scale_in_thirds_moves_in_thirds():
    thirds = named(tune(60, 64, 67, 71, 74))
    assert thirds["skyline_major_thirds"] == thirds["skyline_minor_thirds"] == 0.5


@pytest.mark.parametrize(
    ("semitones", "column"),
    [
        *((0, "repeats"), (5, "fourths"), (6, "tritones"), (7, "fifths"), (8, "sixths_sevenths")),
        *((11, "sixths_sevenths"), (12, "octaves"), (19, "octaves"), (-3, "minor_thirds")),
    ],
)
def test_melodic_intervals_fall_into_their_class(semitones, column):
    assert named(tune(60, 60 + semitones))[f"skyline_{column}"] == 1


def test_classes_of_melodic_intervals_share_out_all_intervals():
    classes = FEATURE_GROUPS["interval"]
    first, last = classes.index("skyline_semitones"), classes.index("skyline_octaves")
    piece = named(tune(60, 60, 61, 63, 60, 67, 55, 63, 84, 78, 74))
    shares = [piece[name] for name in (*classes[first : last + 1], "skyline_repeats")]
    assert sum(shares) == pytest.approx(1)


def test_a_trill_turns_at_every_note_and_a_scale_never():
    assert named(tune(60, 62, 60, 62, 60))["skyline_turns"] == 1
    assert named(tune(60, 62, 62, 64, 65))["skyline_turns"] == 0
    assert named(tune(60, 62, 62, 60))["skyline_turns"] == 1


def test_a_melody_of_one_interval_is_known_beforehand():
    assert named(tune(60, 62, 64, 66))["skyline_interval_entropy"] == 0
    assert named(tune(60, 62, 61))["skyline_interval_entropy"] == pytest.approx(np.log(2))


def test_outer_voices_move_against_each_other_or_in_parallel():
    contrary = named(chords([48, 72], [47, 74], [45, 76]))
    parallel = named(chords([48, 64], [50, 66], [53, 69]))
    assert (contrary["outer_contrary"], contrary["outer_parallel"]) == (1, 0)
    assert (parallel["outer_contrary"], parallel["outer_parallel"]) == (0, 1)


def test_a_bass_that_goes_from_root_to_root_of_a_cadence_moves_by_fifths():
    cadence = named(chords([48, 64, 67], [53, 60, 69], [43, 59, 74], [48, 64, 72]))
    assert cadence["bass_fourths_fifths"] == pytest.approx(2 / 3)


def rhythm(*gaps, **columns):
    """One pitch again and again, the gaps and the length of the last note in ticks."""
    onset = np.cumsum([0, *gaps[:-1]])
    return note_table(onset, gaps, [60] * len(gaps), [80] * len(gaps), **columns)


def test_ratios_of_neighbouring_notes_are_those_of_the_rhythm():
    steady = named(rhythm(480, 480, 480, 480))
    assert (steady["ioi_ratio_1_1"], steady["ioi_lengthening"]) == (1, 0)
    swung = named(rhythm(640, 320, 640, 320))
    assert (swung["ioi_ratio_2_1"], swung["ioi_lengthening"]) == (1, pytest.approx(1 / 3))
    assert named(rhythm(720, 240, 720, 240))["ioi_ratio_3_1"] == 1
    assert named(rhythm(720, 480, 720, 480))["ioi_ratio_3_2"] == 1


def test_ratios_of_a_rhythm_do_not_know_its_tempo():
    gaps = (480, 240, 240, 960, 720, 240, 480)
    names = [name for name in FEATURE_NAMES if name.startswith("ioi_ratio")]
    names += ["ioi_lengthening", "ioi_entropy"]
    fast, slow = rhythm(*gaps), rhythm(*gaps, tempos=([0], [50.0]))
    assert features(fast, names) == pytest.approx(features(slow, names))
    assert named(fast)["ioi_mean"] < named(slow)["ioi_mean"]


def test_a_steady_pulse_is_clear_and_its_period_is_the_gap():
    steady = named(tune(*[60] * 40, gap=SECOND // 2))
    assert steady["pulse_clarity"] > 0.9
    assert steady["pulse_period_log"] == pytest.approx(np.log(0.5))
    rng = np.random.default_rng(0)
    free = named(rhythm(*rng.integers(SECOND // 10, SECOND, 40)))
    assert free["pulse_clarity"] < 0.5


def test_the_pulse_of_a_march_is_that_of_its_loud_beats():
    march = named(tune(*[60] * 40, gap=SECOND // 2, velocity=[110, 40] * 20))
    assert march["pulse_period_log"] == pytest.approx(np.log(1.0))


def test_the_pulse_of_half_the_tempo_is_twice_as_long():
    fast = named(tune(*[60] * 40, gap=SECOND // 2))
    slow = named(tune(*[60] * 40, gap=SECOND // 2, tempos=([0], [60.0])))
    assert slow["pulse_period_log"] == pytest.approx(fast["pulse_period_log"] + np.log(2))


def test_one_note_has_no_pulse():
    alone = named(tune(60))
    assert alone["pulse_clarity"] == pytest.approx(0)
    assert alone["pulse_period_log"] == 0


def test_single_notes_and_full_chords_are_told_apart():
    piece = named(chords([60], [48, 55, 64, 72], [62], [60, 64, 67]))
    assert (piece["onsets_single"], piece["onsets_full"]) == (0.5, 0.25)
    assert piece["polyphony_mean"] == pytest.approx(9 / 4)


def test_silence_is_what_no_note_fills():
    assert named(tune(60, 62, 64, 65))["silence"] == 0
    short = named(tune(60, 62, 64, 65, length=SECOND // 2))
    assert short["silence"] == pytest.approx(1.5 / 3.5)
    pedal = note_table([0, 0, 3 * SECOND], [4 * SECOND, 9, 9], [36, 60, 62], [80] * 3)
    assert named(pedal)["silence"] == 0


def test_a_crowded_half_after_a_sparse_one_varies_in_density():
    even = named(rhythm(*[SECOND] * 16))
    uneven = named(rhythm(*[SECOND] * 8, *[SECOND // 4] * 32))
    assert even["note_density_std"] == 0 < uneven["note_density_std"]


def test_accents_stand_out_from_what_is_beside_them():
    waltz = named(tune(*[60] * 7, velocity=[90, 50, 50, 90, 50, 50, 90]))
    assert waltz["velocity_accents"] == pytest.approx(1 / 5)
    swelling = named(tune(*[60] * 7, velocity=[30, 45, 60, 75, 60, 45, 30]))
    assert swelling["velocity_accents"] == pytest.approx(1 / 5)
    assert named(tune(*[60] * 4, velocity=[50, 60, 70, 80]))["velocity_accents"] == 0


def test_a_melody_over_a_soft_bass_is_louder_on_top():
    piece = named(chords([48, 72], [50, 74], velocity=[40, 90, 40, 90]))
    assert piece["velocity_top_above_bottom"] == 50
    assert (piece["velocity_melody"], piece["velocity_bass"]) == (25, -25)
    assert piece["velocity_pitch"] == pytest.approx(1, abs=0.01)
    assert named(tune(60, 62, velocity=[40, 90]))["velocity_top_above_bottom"] == 0


def test_forte_after_piano_varies_in_loudness_and_without_dynamics_nothing_does():
    loudness = [40] * 8 + [100] * 8
    assert named(tune(*[60] * 16, velocity=loudness))["velocity_parts_std"] == 30
    flat = named(tune(*[60] * 16, velocity=loudness, has_dynamics=False))
    contrasts = ("bass", "top_above_bottom", "accents", "pitch", "parts_std")
    assert [flat[f"velocity_{name}"] for name in contrasts] == [0] * 5


def test_staccato_is_short_against_the_gap():
    # All but the last note, after which no gap is left.
    assert named(tune(60, 62, 64, 65, length=SECOND // 3))["staccato"] == 0.75
    assert named(tune(60, 62, 64, 65, length=SECOND * 2 // 3))["staccato"] == 0
    quick = named(tune(60, 62, 64, gap=SECOND // 3, length=SECOND // 3))
    assert (quick["staccato"], quick["legato"]) == (0, 1)


def test_a_legato_tune_over_a_staccato_bass():
    length = [SECOND // 5, SECOND] * 3
    notes = chords([48, 72], [43, 74], [48, 76])
    piece = named(note_table(notes.onset_ticks, length, notes.pitch, notes.velocity))
    assert (piece["staccato"], piece["skyline_staccato"], piece["skyline_legato"]) == (0.5, 0, 1)
    assert piece["skyline_longer_than_bass"] == pytest.approx(np.log(5))


def test_a_rolled_chord_is_struck_less_exactly():
    ticks = round(0.02 * SECOND)
    rolled = note_table([0, ticks, 2 * ticks], [SECOND] * 3, [60, 64, 67], [80] * 3)
    assert named(rolled)["chord_asynchrony"] == pytest.approx(2 * ticks / SECOND)
    assert named(chords([60, 64, 67], [62]))["chord_asynchrony"] == 0


MAJOR, AEOLIAN, LYDIAN = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 6, 7, 9, 11)


def mode(scale):
    """A scale up over its tonic triad held below, the tonic in the bass."""
    third = 48 + scale[2]
    return chords(*[[36, third, 55, 60 + step] for step in scale])


def test_brighter_modes_stand_higher_on_the_line_of_fifths():
    dark, middle, bright = (named(mode(scale)) for scale in (AEOLIAN, MAJOR, LYDIAN))
    assert dark["fifths_mean"] < middle["fifths_mean"] < bright["fifths_mean"]
    assert (dark["pc_in_scale"], middle["pc_in_scale"]) == (pytest.approx(1), pytest.approx(1))
    assert bright["pc_in_scale"] < 1
    assert (dark["major_sixth_share"], middle["major_sixth_share"]) == (0, 1)
    assert (dark["major_seventh_share"], middle["major_seventh_share"]) == (0, 1)
    assert middle["bass_on_tonic"] == 1


def test_a_piece_that_modulates_changes_its_local_key():
    # IV V I in parts of four seconds, the tonic twice
    def cadence(tonic):
        return [[tonic + step for step in chord] for chord in ((5, 9, 12), (7, 11, 14), (0, 4, 7))]

    def twice(tonic):
        return [*cadence(tonic), [tonic, tonic + 4, tonic + 7]]

    stays = named(chords(*twice(60), *twice(60), *twice(60), *twice(60)))
    leaves = named(chords(*twice(60), *twice(60), *twice(67), *twice(67)))
    assert (stays["local_key_changes"], stays["local_key_distance"]) == (0, 0)
    assert leaves["local_key_changes"] == pytest.approx(1 / 3)
    assert leaves["local_key_distance"] == pytest.approx(1 / 2)
    assert stays["local_key_correlation"] > 0.7


def test_a_minor_key_has_the_signature_of_its_relative_major():
    major = [[60, 64, 67], [65, 69, 72], [67, 71, 74], [60, 64, 67]]
    minor = [[57, 60, 64], [62, 65, 69], [64, 67, 71], [57, 60, 64]]
    both = named(chords(*major, *minor))
    assert (both["local_key_changes"], both["local_key_distance"]) == (1, 0)


@pytest.mark.parametrize(
    ("pitches", "column"),
    [
        ([55, 59, 62, 65], "chord_dominant_seventh"),
        ([60, 64, 67, 71], "chord_major_seventh"),
        ([57, 60, 64, 67], "chord_minor_seventh"),
    ],
)
def test_seventh_chords_are_heard_in_any_position(pitches, column):
    inverted = [*pitches[1:], pitches[0] + 12]
    piece = named(chords(pitches, inverted, pitches[:3]))
    assert piece[column] == pytest.approx(2 / 3)


def test_a_chord_that_is_repeated_does_not_change():
    c, f = [60, 64, 67], [60, 65, 69]
    assert named(chords(c, [64, 67, 72], c))["chord_changes"] == 0
    assert named(chords(c, f, c))["chord_changes"] == 1
    assert named(chords(c, [62], c, f))["chord_changes"] == 0.5  # from triad to triad
    assert named(chords(c, f))["chord_major_share"] == 1
    assert named(chords(c, [60, 63, 67]))["chord_major_share"] == 0.5


def test_the_third_over_the_bass_is_that_of_the_chord_in_root_position():
    root, first_inversion = named(chords([48, 64, 67])), named(chords([52, 60, 67]))
    assert (root["over_bass_major_third"], root["over_bass_minor_third"]) == (1, 0)
    assert root["over_bass_fifth"] == 1
    assert first_inversion["over_bass_minor_third"] == 1
    assert first_inversion["over_bass_fifth"] == 0


def test_far_chords_are_a_longer_way_than_near_ones():
    c, g, f_sharp = [60, 64, 67], [59, 62, 67], [61, 66, 70]
    stays, near, far = (named(chords(c, chord, c, chord)) for chord in (c, g, f_sharp))
    assert stays["tension_momentum_mean"] == 0
    assert 0 < near["tension_momentum_mean"] < far["tension_momentum_mean"]
    assert stays["tension_strain"] == pytest.approx(0)
    assert near["tension_strain"] < far["tension_strain"]


def test_a_tritone_is_wider_than_a_fifth():
    fifth, tritone = named(chords([60, 67])), named(chords([60, 66]))
    assert 0 < fifth["tension_diameter"] < tritone["tension_diameter"]
    assert named(tune(60))["tension_diameter"] == 0
