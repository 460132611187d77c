"""Scoring plan: sorted files, duplicates by content hash, and shards."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from symbolic.notes.read import content_of
from symbolic.notes.sources import display_name
from symbolic.notes.table import ReadError
from symbolic.scoring.progress import progress_bar

if TYPE_CHECKING:
    from symbolic.notes.read import File, Source

DIGEST = 16  # bytes
FILES_PER_BATCH = 256  # read at once, so that little content is in memory
THREADS = 4  # that read files if the disk keeps one waiting; where it does not, one is faster
WAITING = 3  # times the work on a batch: what it takes if the disk keeps it waiting


@dataclass(frozen=True)
class Plan:
    """Files in the order of their rows.

    Attributes:
        sources: n of them, each a file: see `symbolic.notes.read.is_file`.
        digests: (n, 16) uint8, of their content; of their path where there is none to be read.
        first: (n,) int64, the first file with the same content: itself, where it is no duplicate.
        shard: files in a shard, but for the last.
    """

    sources: Sequence[Source]
    digests: np.ndarray
    first: np.ndarray
    shard: int

    def __len__(self) -> int:
        return -(-len(self.sources) // self.shard)

    @property
    def needed_later(self) -> np.ndarray:
        """(n,) bool, files with a duplicate in a later shard: their rows are kept until then."""
        here = np.arange(len(self.first))
        later = self.first[self.first // self.shard < here // self.shard]
        return np.isin(here, later)

    def span(self, shard: int) -> range:
        """The files of a shard."""
        return range(shard * self.shard, min((shard + 1) * self.shard, len(self.sources)))

    def unique(self, shard: int) -> list[int]:
        """List the files of a shard that are scored: the first with their content."""
        return [i for i in self.span(shard) if self.first[i] == i]

    def fingerprint(self, settings: dict[str, Any]) -> str:
        """Compute a digest of the files, their names and content, and of the settings of a run."""
        made = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=DIGEST)
        made.update(f"{self.shard} {len(self.sources)}".encode())
        for source in self.sources:
            made.update(display_name(source).encode() + b"\0")
        made.update(self.digests.tobytes())
        return made.hexdigest()


def make_plan(sources: Sequence[Source], shard: int, progress: bool = False) -> Plan:
    """Read every file once and find duplicates.

    Args:
        sources: files, in the order of their rows.
        shard: files in a shard.
        progress: whether to show a bar on stderr.
    """
    digests = np.zeros((len(sources), DIGEST), np.uint8)
    bar = progress_bar(len(sources), progress, "looking for duplicates")
    waits = False
    with bar, ThreadPoolExecutor(THREADS) as pool:  # its threads begin when they are used
        for start in range(0, len(sources), FILES_PER_BATCH):
            batch = [sources[i] for i in range(start, min(start + FILES_PER_BATCH, len(sources)))]
            began, worked = time.perf_counter(), time.thread_time()
            hashes = b"".join((pool.map if waits else map)(_digest, batch))
            waits |= time.perf_counter() - began > WAITING * (time.thread_time() - worked)
            numbers = np.frombuffer(hashes, np.uint8).reshape(-1, DIGEST)
            digests[start : start + len(batch)] = numbers
            bar.update(len(batch))
    whole = digests.view(f"V{DIGEST}").reshape(-1)
    _, begins, which = np.unique(whole, return_index=True, return_inverse=True)
    return Plan(sources, digests, begins[which.reshape(-1)], shard)


def _digest(source: Source) -> bytes:
    made = hashlib.blake2b(digest_size=DIGEST)
    try:
        made.update(content_of(cast("File", source)))
    except ReadError:  # its row has the reason; two missing files are no duplicates
        made.update(b"\0path\0" + display_name(source).encode())
    return made.digest()


def by_name(sources: Iterator[Source]) -> list[Source]:
    """Sort sources by name, so that their order does not depend on the file system.

    Paths are held as text, of which a hundred thousand take a third of what objects take.
    """
    plain: Iterator[Source] = (
        os.fspath(one) if isinstance(one, str | os.PathLike) else one for one in sources
    )
    return sorted(plain, key=display_name)
