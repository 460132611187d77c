"""What a run is to score, before any of it is scored: files in order, their twins, their shards."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.notes.read import content_of, kind_of
from symbolic.notes.sources import display_name
from symbolic.notes.table import ReadError

if TYPE_CHECKING:
    from symbolic.notes.read import Source

DIGEST = 16  # bytes
TOGETHER = 512  # files handed to the threads at once, so that hardly any content is held


@dataclass(frozen=True)
class Plan:
    """Files in the order of their rows.

    Attributes:
        sources: n of them, each a file: see `symbolic.notes.read.is_file`.
        digests: (n, 16) uint8, of their content; of their path where there is none to be read.
        first: (n,) int64, the first file with the same content: itself, where it is none's twin.
        shard: files in a shard, but for the last.
    """

    sources: Sequence[Source]
    digests: np.ndarray
    first: np.ndarray
    shard: int

    def __len__(self) -> int:
        return -(-len(self.sources) // self.shard)

    @property
    def recurs(self) -> np.ndarray:
        """(n,) bool, which files have a twin in a later shard: their rows are kept until then."""
        here = np.arange(len(self.first))
        later = self.first[self.first // self.shard < here // self.shard]
        return np.isin(here, later)

    def span(self, shard: int) -> range:
        """The files of a shard."""
        return range(shard * self.shard, min((shard + 1) * self.shard, len(self.sources)))

    def unique(self, shard: int) -> list[int]:
        """Those of a shard that are to be scored: the first of their content."""
        return [i for i in self.span(shard) if self.first[i] == i]

    def fingerprint(self, told: dict[str, Any]) -> str:
        """A digest of the files, their names and content, and of what else a run depends on."""
        made = hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=DIGEST)
        made.update(f"{self.shard} {len(self.sources)}".encode())
        for source in self.sources:
            made.update(display_name(source).encode() + b"\0")
        made.update(self.digests.tobytes())
        return made.hexdigest()


def make_plan(
    sources: Sequence[Source], shard: int, threads: int = 4, progress: bool = False
) -> Plan:
    """Look at every file once and see which are the same.

    Args:
        sources: files, in the order in which their rows are to stand.
        shard: files in a shard.
        threads: that read files; one core can hash what many disks give.
        progress: whether to show a bar on stderr.
    """
    from tqdm import tqdm

    digests = np.zeros((len(sources), DIGEST), np.uint8)
    bar = tqdm(
        total=len(sources),
        unit="file",
        desc="looking for duplicates",
        leave=False,
        disable=not progress,
    )
    with bar, ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(sources), TOGETHER):
            some = [sources[i] for i in range(start, min(start + TOGETHER, len(sources)))]
            told = b"".join(pool.map(_digest, some))
            digests[start : start + len(some)] = np.frombuffer(told, np.uint8).reshape(-1, DIGEST)
            bar.update(len(some))
    whole = digests.view(f"V{DIGEST}").reshape(-1)
    _, begins, which = np.unique(whole, return_index=True, return_inverse=True)
    return Plan(sources, digests, begins[which.reshape(-1)], shard)


def _digest(source: Source) -> bytes:
    made = hashlib.blake2b(digest_size=DIGEST)
    try:
        made.update(content_of(source))
    except ReadError:  # its row says why; two that are gone are no twins
        made.update(b"\0path\0" + display_name(source).encode())
    return made.digest()


def by_name(sources: Iterator[Source]) -> list[Source]:
    """Sources sorted by what they are called, so that no listing's chance decides their order.

    Paths are held as text, of which a hundred thousand take a third of what objects take.
    """
    plain = (os.fspath(one) if kind_of(one) == "path" else one for one in sources)
    return sorted(plain, key=display_name)
