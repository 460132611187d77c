"""music21 streams as they sound."""

import pytest
from musicxml_scores import quarters

from symbolic.notes.formats.streams import stream_notes
from symbolic.notes.table import ReadError


@pytest.fixture(scope="module")
def m21():
    import music21

    return music21


class TestStreams:
    """Streams built with music21 itself."""

    def test_a_flat_stream_and_a_measure_read_alike(self, m21):
        measure = m21.stream.Measure([m21.note.Note("C4"), m21.chord.Chord("E4 G4")])
        assert quarters(stream_notes(measure)) == [(60, 0, 1), (64, 1, 1), (67, 1, 1)]
        assert quarters(stream_notes(measure.flatten())) == quarters(stream_notes(measure))

    def test_an_empty_stream_is_an_empty_table(self, m21):
        assert len(stream_notes(m21.stream.Score())) == 0

    def test_reading_leaves_the_stream_as_it_is(self, m21):
        part = m21.stream.Part(
            [m21.instrument.Clarinet(), m21.note.Note("D4"), m21.note.Note("D4")]
        )
        part.atSoundingPitch = False
        ottava = m21.spanner.Ottava(part.notes[1], type="8va")
        part.insert(0, ottava)
        assert stream_notes(part).pitch.tolist() == [60, 72]
        assert stream_notes(part).pitch.tolist() == [60, 72]
        assert [one.pitch.midi for one in part.notes] == [62, 62]

    def test_a_tempo_beside_the_parts_counts(self, m21):
        part = m21.stream.Part([m21.note.Note("C4", quarterLength=4)])
        whole = m21.stream.Score([m21.tempo.MetronomeMark(number=60), part])
        assert stream_notes(whole).seconds == pytest.approx(4)

    def test_chord_symbols_do_not_sound(self, m21):
        part = m21.stream.Part([m21.harmony.ChordSymbol("C7"), m21.note.Note("C4")])
        assert stream_notes(part).pitch.tolist() == [60]

    def test_an_opus_is_refused(self, m21):
        with pytest.raises(ReadError, match="several scores"):
            stream_notes(m21.stream.Opus())

    def test_a_wedge_leads_to_the_mark_after_it(self, m21):
        notes = [m21.note.Note("C4") for _ in range(4)]
        part = m21.stream.Part([m21.dynamics.Dynamic("p"), *notes])
        part.insert(0, m21.dynamics.Crescendo(notes[0], notes[2]))
        part.insert(3, m21.dynamics.Dynamic("f"))
        assert stream_notes(part).velocity.tolist() == [40, 56, 72, 88]

    def test_a_quarter_tone_is_played_as_the_natural(self, m21):
        notes = [m21.note.Note(m21.pitch.Pitch(ps)) for ps in (60.5, 59.5, 61.0)]
        assert stream_notes(m21.stream.Part(notes)).pitch.tolist() == [60, 59, 61]

    def test_words_in_other_languages_jump(self, m21):
        bars = [m21.stream.Measure(number=k) for k in (1, 2, 3)]
        for bar, name in zip(bars, ("C4", "D4", "E4"), strict=True):
            bar.append(m21.note.Note(name, quarterLength=4))
        bars[1].insert(0, m21.expressions.TextExpression("(Fin)"))
        bars[2].insert(0, m21.expressions.TextExpression("von Anfang bis Fine"))
        assert stream_notes(m21.stream.Part(bars)).pitch.tolist() == [60, 62, 64, 60, 62]
