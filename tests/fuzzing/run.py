"""Fuzzing of the way from bytes to the inputs of a model.

Files are damaged (`mutations.py`) and prepared as a scorer prepares them, in workers with limits. A
file is either prepared (ids within their vocabularies, all numbers finite) or refused with a reason
of one line, with little work and in modest memory. Every other outcome is counted.
"""

import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from limits import HANGS, TooMuchWork, lines_run

from fuzzing.mutations import mutant
from symbolic.features import FEATURE_NAMES, TONAL_NAMES
from symbolic.notes import ReadError
from symbolic.notes.pool import TIMEOUT_SECONDS, apply_many
from symbolic.scoring.notes import NotePreparation, PieceInputs
from symbolic.tokenizers import Tokenizer

NAMES = FEATURE_NAMES + TONAL_NAMES
SLOW = 10.0  # seconds, where lines are not counted
LARGE = 2**30  # bytes that one input may add to the most that its process has taken
BROKEN = (
    "lost",
    "out of time",
    "exception",
    "not finite",
    "bad ids",
    "bad reason",
    "slow",
    "large",
)
TOGETHER = 8


@dataclass(frozen=True)
class Verdict:
    """Outcome of one input ("scored", "refused" or one of `BROKEN`) and its reason."""

    outcome: str
    words: str = ""


def judged(
    sources: Sequence[bytes], tokenizer: Tokenizer, most_lines: int | None = None
) -> list[Verdict]:
    """Prepare each input with all features and ids, and judge the outcome.

    Slow is what runs more than `most_lines` lines of Python, or takes longer than `SLOW`.
    """
    return [_judged(source, tokenizer, most_lines) for source in sources]


def _judged(source: bytes, tokenizer: Tokenizer, most_lines: int | None) -> Verdict:
    memory, start = _peak(), time.perf_counter()
    pieces: list[PieceInputs] = []

    def work() -> None:
        pieces.extend(NotePreparation.of(tokenizer, NAMES, True)([source]))

    try:
        if most_lines is None:
            work()
        else:
            lines_run(work, most=most_lines)
        verdict = _heard(pieces[0], tokenizer)
    except ReadError as error:
        verdict = _refused(error)
    except TooMuchWork as error:
        return Verdict("slow", str(error))
    except Exception as error:
        verdict = Verdict("exception", f"{type(error).__name__}: {error}")
    if most_lines is None and (seconds := time.perf_counter() - start) > SLOW:
        return Verdict("slow", f"{seconds:.0f} s, then {verdict.outcome}: {verdict.words}")
    if (grown := _peak() - memory) > LARGE:
        return Verdict("large", f"{grown >> 20} MiB, then {verdict.outcome}: {verdict.words}")
    return verdict


def _heard(piece: PieceInputs, tokenizer: Tokenizer) -> Verdict:
    numbers = [*piece.features, piece.seconds]
    if not (np.isfinite(numbers).all() and 1 <= np.nan_to_num(piece.mean_velocity, nan=1) <= 127):
        names = np.array([*NAMES, "seconds"])[~np.isfinite(numbers)]
        return Verdict("not finite", ", ".join(names[:5]) or "mean_velocity")
    ids, sizes = piece.ids, tokenizer.vocab_sizes
    if ids.shape != (piece.notes, len(sizes)) or (ids < 0).any() or (ids >= sizes).any():
        return Verdict("bad ids", f"{ids.min(axis=0)} to {ids.max(axis=0)}")
    return Verdict("scored")


def _refused(error: ReadError) -> Verdict:
    reason = error.reason
    good = 0 < len(reason) < 400 and len(reason.splitlines()) == 1 and reason.isprintable()
    return Verdict("refused" if good and "Traceback" not in reason else "bad reason", reason)


def _peak() -> int:
    """Bytes, the most that this process has taken."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def verdicts(
    inputs: Iterable[bytes],
    tokenizer: Tokenizer,
    workers: int | None = None,
    most_lines: int | None = None,
) -> Iterator[Verdict]:
    """Judge each input in workers; an input that ends its process is lost."""
    apply = partial(judged, tokenizer=tokenizer, most_lines=most_lines)
    seconds = TIMEOUT_SECONDS if most_lines is None else HANGS
    for answer in apply_many(apply, inputs, workers, seconds, files_per_task=TOGETHER):
        if isinstance(answer, ReadError):
            late = answer.reason.startswith("not read within")
            answer = Verdict("out of time" if late else "lost", answer.reason)
        yield answer


@dataclass
class Tally:
    """Counts of the outcomes of many inputs."""

    seconds: float = 0.0
    outcomes: Counter = field(default_factory=Counter)
    reasons: Counter = field(default_factory=Counter)
    broken: dict[int, Verdict] = field(default_factory=dict)

    def add(self, number: int, verdict: Verdict) -> None:
        self.outcomes[verdict.outcome] += 1
        if verdict.outcome == "refused":
            self.reasons[kind(verdict.words)] += 1
        elif verdict.outcome != "scored":
            self.broken[number] = verdict

    def row(self) -> dict[str, object]:
        inputs = self.outcomes.total()
        counts = {name: self.outcomes[name] for name in ("scored", "refused", *BROKEN)}
        rate = round(inputs / self.seconds, 1)
        return {"inputs": inputs, **counts, "seconds": round(self.seconds), "inputs/s": rate}


def kind(reason: str) -> str:
    """A reason without its numbers, names and details."""
    head, _, rest = re.sub(r"b?'.*|<.*| \(.*", "...", reason).partition(":")
    if head.startswith("music21"):
        head += f": {rest.split(':')[0].strip()}"
    return re.sub(r"\b\d[\w.,+-]*", "#", head)


def fuzz(
    bases: Sequence[bytes],
    count: int,
    seed: int,
    tokenizer: Tokenizer,
    workers: int | None,
    most_lines: int | None = None,
) -> Tally:
    """Hear as many inputs as `count`, made of the bases."""
    from tqdm import tqdm

    tally, start = Tally(), time.perf_counter()
    inputs = (mutant(bases, seed, number) for number in range(count))
    answers = verdicts(inputs, tokenizer, workers, most_lines)
    for number, verdict in enumerate(tqdm(answers, total=count, unit="input", mininterval=5)):
        tally.add(number, verdict)
    tally.seconds = time.perf_counter() - start
    if tally.outcomes.total() != count:
        raise AssertionError(f"{tally.outcomes.total()} answers to {count} inputs")
    return tally
