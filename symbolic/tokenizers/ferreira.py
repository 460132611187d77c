"""The v/d/n text of Ferreira: velocities, durations and pitches, separated by steps in time.

    v_96 d_32 n_52 n_55 d_16 . n_40 . d_4 n_64 n_71

`v_` and `d_` hold until the next one. `.` is a wait of as many 32nd notes (of 62.5 ms) as the last
`d_` gives, and begins the next step; a wait that differs from the last duration has a `d_` of its
own. A newline ends the piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from miditok import TokenizerConfig, TokSequence

from symbolic.notes import NoteTable, ReadError
from symbolic.notes.archives import NamedBytes
from symbolic.notes.batch import NoteBatch
from symbolic.notes.read import content_of, is_file, name_of
from symbolic.tokenizers.base import SPECIAL_TOKENS, NoteTokenizer
from symbolic.tokenizers.vdn.ids import TokenIds, text_ids
from symbolic.tokenizers.vdn.notes import (
    Played,
    emitted_notes,
    milliseconds,
    played,
    round_units,
    with_steps,
)
from symbolic.tokenizers.vdn.score import text_score

if TYPE_CHECKING:
    from symusic.types import Score

    from symbolic.notes.read import Source

STEP, END = ".", "\n"
DEFAULT_VELOCITY, DEFAULT_UNITS = 64, 8  # of a cut sequence, before its first `v_` and `d_`


class FerreiraTokenizer(NoteTokenizer):
    """Flat ids of v/d/n text; PAD 0, MASK 1, then the tokens. Drums are left out.

    | token | values | meaning |
    |---|---|---|
    | v_ | 32, 36 .. 124 | velocity, kept within 32..127 and rounded down to a multiple of 4 |
    | d_ | 1 .. 56 | duration, or wait, in steps of 62.5 ms, rounded, at most 56 |
    | n_ | 30 .. 95 | pitch, moved by octaves into this range |
    | . | | wait, then begin a step |
    | newline | | end of the piece |

    Time follows the tempo map, in whole milliseconds, rounded down. A step is the set of notes with
    the same onset in milliseconds; a wait is the time since the previous step, or since 0. A wait
    that rounds to 0 is not written and is lost, as is the part of a wait or duration beyond 56. A
    note whose duration rounds to 0 or whose velocity is 0 is dropped, but its step stays: waits are
    counted from it and to it.

    Within a step, notes are sorted by their ends in ticks. Notes with the same end are in the order
    of their note-offs if the source is a MIDI file with all of its notes in one track, else sorted
    by pitch: a `Score` or `NoteTable` does not keep the order of note-offs.

    A note ends at the first release of its key after its onset: of two notes that overlap on one
    pitch of one track, the earlier end counts for both.

    Decoding gives a score whose ids are the decoded ids, whatever their origin; see
    `symbolic.tokenizers.vdn.score`. The text does not hold, so that a decoded score differs
    in: tracks, programs and drums, tempo and meter (120, 4/4), octaves outside the range, the
    rounding of velocity and time, waits and durations beyond 56.

    Args:
        tokenizer_config, params: as in `miditok.MusicTokenizer`.
        pitch_range: lowest and highest pitch, an octave apart or more.
        velocity_range: lowest and highest velocity, within 1..127.
        velocity_step: velocities are rounded down to multiples of it.
        max_duration: longest duration and wait, in steps of 62.5 ms.

    Example:
        >>> FerreiraTokenizer().text("song.mid")  # doctest: +SKIP
        'v_96 d_32 n_52 n_55 d_16 . n_40 \\n'
    """

    def __init__(
        self,
        tokenizer_config: TokenizerConfig | None = None,
        params: str | Path | None = None,
        *,
        pitch_range: tuple[int, int] = (30, 95),
        velocity_range: tuple[int, int] = (32, 127),
        velocity_step: int = 4,
        max_duration: int = 56,
    ) -> None:
        if tokenizer_config is None and params is None:
            low, high = pitch_range
            if not (0 <= low <= high - 11 and high <= 127):
                raise ValueError(f"pitch_range {low, high}: not an octave or more within 0..127")
            low, high = velocity_range
            if not 1 <= low <= high <= 127:
                raise ValueError(f"velocity_range {low, high}: not within 1..127")
            if not (1 <= velocity_step <= 127 and 1 <= max_duration <= 30_000):
                raise ValueError(
                    f"velocity_step {velocity_step} is not within 1..127, "
                    f"or max_duration {max_duration} not within 1..30000"
                )
            tokenizer_config = TokenizerConfig(
                special_tokens=[*SPECIAL_TOKENS],
                fold_range=list(pitch_range),
                velocity_range=list(velocity_range),
                velocity_step=velocity_step,
                max_duration=max_duration,
            )
        super().__init__(tokenizer_config, params)
        self._index()

    def _tweak_config_before_creating_voc(self) -> None:
        option = self.config.additional_params
        low, high = option["fold_range"]
        pitch = np.arange(128)
        pitch = np.where(pitch < low, low + (pitch - low) % 12, pitch)
        self._folded = np.where(pitch > high, high - (high - pitch) % 12, pitch)
        self._softest, self._loudest = option["velocity_range"]
        step = option["velocity_step"]
        self._floored = np.clip(np.arange(128), self._softest, self._loudest) // step * step
        self.max_duration = option["max_duration"]

    def _create_base_vocabulary(self) -> list[str]:
        return [
            *(f"v_{value}" for value in np.unique(self._floored)),
            *(f"d_{value}" for value in range(1, self.max_duration + 1)),
            *(f"n_{value}" for value in np.unique(self._folded)),
            STEP,
            END,
        ]

    def _create_token_types_graph(self) -> dict[str, set[str]]:
        return {
            "v": {"d", "n"},
            "d": {"n", STEP},
            "n": {"v", "d", "n", STEP, END},
            STEP: {"v", "d", "n", STEP, END},
            END: set(),
        }

    def _index(self) -> None:
        """Make the tables from values to ids and back."""
        vocab = self._vocabularies()[0]
        names = np.array(list(vocab), dtype=object)[np.argsort(list(vocab.values()))]
        self._names = names
        self.kinds = np.array([name[:2] for name in names])
        self._values = np.array([int(name[2:]) if name[1:2] == "_" else 0 for name in names])
        self._ids = TokenIds(
            velocity=np.array([vocab[f"v_{value}"] for value in self._floored], np.int16),
            pitch=np.array([vocab[f"n_{value}"] for value in self._folded], np.int16),
            unit=vocab["d_1"],
            longest=self.max_duration,
            step=vocab[STEP],
            end=vocab[END],
        )

    def order(self, batch: NoteBatch) -> np.ndarray:
        """(m,) indices of the notes that are not dropped, in the order of the text.

        `emitted` also shortens notes whose keys are struck again while they sound.
        """
        notes = played(batch)
        return notes.order[notes.units > 0]

    def emitted(self, notes: NoteTable) -> NoteTable:
        """Return the notes that `ids` emits, in its order, with the durations of the text.

        The table is a `StepTable`: it has the steps of the dropped notes, for `note_ids`.
        """
        return emitted_notes(notes)

    def batch_ids(self, batch: NoteBatch) -> tuple[np.ndarray, np.ndarray]:
        """Ids of emitted notes and the steps in their `StepTable`s, and (p,) numbers of tokens."""
        batch = with_steps(batch)
        onset = milliseconds(batch, batch.onset_ticks)
        units = round_units(onset, milliseconds(batch, batch.onset_ticks + batch.duration_ticks))
        units[batch.velocity <= 0] = 0
        return text_ids(self._ids, onset, units, batch.pitch, batch.velocity, batch.counts)

    def _file(self, source: Source) -> Source:
        """Return a file with its bytes, which have the order of note-offs; else the source."""
        if not is_file(source):
            return source
        try:
            content, name = content_of(source), name_of(source)
            return content if name is None else NamedBytes(name, content)
        except ReadError:  # reported when the source is read
            return source

    def _ordered(self, batch: NoteBatch, files: Sequence[Source]) -> tuple[Played, np.ndarray]:
        contents = [file.content if isinstance(file, NamedBytes) else file for file in files]
        notes = played(batch, contents)
        return notes, np.add.reduceat(notes.units > 0, batch.starts, dtype=np.int64)

    def _ordered_ids(self, batch: NoteBatch, ordered: Played) -> tuple[np.ndarray, np.ndarray]:
        pitch, velocity = batch.pitch[ordered.order], batch.velocity[ordered.order]
        return text_ids(self._ids, ordered.onset, ordered.units, pitch, velocity, batch.counts)

    why_dropped = ""  # nearly every performance has notes that are dropped

    def dropped(self, batch: NoteBatch) -> np.ndarray:
        """(p,) pitched notes of each piece whose velocity is 0 or whose duration rounds to 0."""
        return np.add.reduceat(played(batch).units == 0, batch.starts, dtype=np.int64)

    def note_positions(self, ids: np.ndarray) -> np.ndarray:
        """(T,) bool: the `n_` tokens, one for each note of `emitted`, in order."""
        return (self.kinds == "n_")[ids]

    def velocity_labels(self, notes: NoteTable) -> np.ndarray | None:
        """Return the dynamic classes of the notes at their `n_` tokens.

        Args:
            notes: any table; the notes that `ids` emits are labelled.

        Returns:
            (T,) int64 class 0..5 of `symbolic.tasks.velocity` at `n_` tokens, by the velocity in
            the table; -100 elsewhere. None if the piece has no dynamics.
        """
        from symbolic.tasks.velocity import IGNORE, velocity_classes  # loads torch

        if not notes.has_dynamics:
            return None
        notes = self.emitted(notes)
        ids = self.note_ids(notes)
        labels = np.full(len(ids), IGNORE, np.int64)
        labels[self.note_positions(ids)] = velocity_classes(notes.velocity)
        return labels

    def check_velocity_task(self, ids: np.ndarray, labels: np.ndarray) -> None:
        """Check that the input does not contain the velocities to be predicted.

        Args:
            ids: (T,), the input of the model. MASK counts as a masked velocity.
            labels: (T,) classes, -100 for no label.

        Raises:
            ValueError: a label of a note whose velocity precedes it in the ids, or of no note.
        """
        from symbolic.tasks.velocity import IGNORE

        ids, labelled = np.asarray(ids), np.asarray(labels) != IGNORE
        if labelled.shape != ids.shape:
            raise ValueError(f"{ids.shape} ids and {labelled.shape} labels: one label for each id")
        if strays := int((labelled & ~self.note_positions(ids)).sum()):
            raise ValueError(f"{strays} velocity labels are not on n_ tokens")
        if shown := int((labelled & self._velocity.shown(ids)).sum()):
            raise ValueError(
                f"velocity labels of {shown} notes whose velocity is in the input: mask the v_ "
                "tokens with hide_velocity"
            )

    def text(self, source: Source) -> str:
        """Return the text of a source: tokens joined by spaces, a space and a newline last.

        Raises:
            ReadError: see `ids`.
        """
        return self.ids_to_text(self.ids(source))

    def ids_to_text(self, ids: np.ndarray) -> str:
        """Return the tokens of (T,) ids, joined by spaces."""
        return " ".join(self._names[np.asarray(ids, np.int64)].tolist())

    def decode_text(self, text: str) -> Score:
        """Decode a text made by `text`, or one like it.

        Raises:
            ValueError: a token that is not in the vocabulary.
        """
        vocab = self._vocabularies()[0]
        names = text.replace(END, f" {END} ").split(" ")
        try:
            return self.decode([vocab[name] for name in names if name])
        except KeyError as error:
            raise ValueError(f"token {error.args[0]!r} is not in the vocabulary") from error

    def _tokens_to_score(self, tokens: TokSequence, programs=None) -> Score:
        """Decode ids up to the first newline; PAD and MASK are skipped.

        Before the first `v_` or `d_`, velocity is 64 and duration 8 units.
        """
        ids = np.asarray(tokens.ids, np.int64).reshape(-1)
        ids = ids[: (*np.flatnonzero(ids == self._ids.end), len(ids))[0]]
        kinds = self.kinds[ids]
        is_note, is_step = kinds == "n_", kinds == STEP
        velocity = _running(self._values[ids], kinds == "v_", DEFAULT_VELOCITY)
        units = _running(self._values[ids], kinds == "d_", min(DEFAULT_UNITS, self.max_duration))
        return text_score(
            np.cumsum(is_step)[is_note],
            self._values[ids][is_note],
            np.clip(velocity[is_note], self._softest, self._loudest),
            units[is_note],
            units[is_step],
            programs[0][0] if programs else 0,
        )


def _running(values: np.ndarray, given: np.ndarray, default: int) -> np.ndarray:
    """(T,) the last value up to each token at which one is `given`."""
    return np.append(default, values[given])[np.cumsum(given)]
