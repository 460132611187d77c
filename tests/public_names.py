"""Code of a user: a type checker reports the lines marked `error` and no others."""

import symbolic
from symbolic import EmotionScorer, ScoringArguments, read_notes, score_corpus

scorer = EmotionScorer.from_pretrained()
table = scorer.score(["song.mid"], recursive=False)
print(table["quadrant"].value_counts())

print(symbolic.score("song.mid", workers=0)["quadrant"].value_counts())
print(symbolic.feature_frame(["song.mid", b"", symbolic.NamedBytes("a", b"")]).mean())

notes = read_notes("song.mid")
print(notes.pitch.mean(), len(notes), notes.seconds)

arguments = ScoringArguments(workers=2, batch_size=8)
score_corpus("music", "scores.csv", arguments, resume=True)

EmotionScorer.from_pretraned()  # error
scorer.scores(["song.mid"])  # error
read_notes(3)  # error
print(notes.pitches)  # error
ScoringArguments(workers="two")  # error
symbolic.score("song.mid", workers="two")  # error
symbolic.feature_frame(3)  # error
symbolic.read_note("song.mid")  # error
