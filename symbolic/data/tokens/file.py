"""Token files: ids, labels and vocabulary of a corpus, to train without its tokenizer.

Reading and training need torch, transformers, accelerate, numpy and safetensors, nothing else.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from symbolic.data.audit.fingerprints import Fingerprints
from symbolic.data.groups import group_name
from symbolic.data.labels import derived_tasks, reserved_columns, token_dtype
from symbolic.data.tokens.cache import dataset_record, token_vocabulary
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.tasks import VELOCITY

if TYPE_CHECKING:
    from datasets import Dataset

FORMAT, VERSION = "symbolic-tokens", 1
SUFFIXES = (".npz", ".safetensors")
NAMES = ("pieces", "groups", "corpora", "splits")
TOKEN_LABEL = "token_label."  # before names of tasks other than velocity
FINGERPRINT = "fingerprint."  # before names of arrays of `Fingerprints`


@dataclass(frozen=True, eq=False)
class TokenFile:
    """The p pieces of a token file, n tokens in all, end to end.

    Attributes:
        vocabulary: of the ids.
        ids: (n, F) or (n,) of a small integer type.
        offsets: (p + 1,) int64, the first token of each piece, and n.
        token_labels: by name of a task at token level, (n,) class ids or (n, K) values; -100 or NaN
            for tokens without a label.
        labels: by task name, (p,) int16 class ids or (p, K) float32 values; -100 or NaN for none.
        pieces: file name of each piece, without its folder.
        groups, corpora, splits: of each piece, as in `symbolic.data.Piece`.
        features: (p, C) float32 features of whole pieces, C may be 0.
        feature_names: the C columns of `symbolic.features`.
        fingerprints: of the pieces; see `fingerprints_of`.

    Raises:
        ValueError: arrays that do not fit together.
    """

    vocabulary: TokenVocabulary
    ids: np.ndarray
    offsets: np.ndarray
    token_labels: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    pieces: list[str]
    groups: list[str]
    corpora: list[str]
    splits: list[str]
    features: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    feature_names: Sequence[str] = ()
    fingerprints: Fingerprints | None = None

    def __post_init__(self) -> None:
        n = len(self.ids)
        self.vocabulary.check(self.ids[:0])
        whole = len(self.offsets) and self.offsets[0] == 0 and self.offsets[-1] == n
        if not whole or (np.diff(self.offsets) <= 0).any():
            raise ValueError(f"offsets do not cut {n} tokens into pieces")
        for name, values in self.token_labels.items():
            if values.shape[:1] != (n,):
                raise ValueError(f"{name} is {values.shape}, not of {n} tokens")
        for name, values in ({name: getattr(self, name) for name in NAMES} | self.labels).items():
            if len(values) != len(self):
                raise ValueError(f"{len(values)} {name} for {len(self)} pieces")
        if self.fingerprints is not None and len(self.fingerprints) != len(self):
            raise ValueError(f"fingerprints of {len(self.fingerprints)} pieces for {len(self)}")
        columns = len(self.feature_names)
        if columns and self.features.shape != (len(self), columns):
            raise ValueError(f"features are {self.features.shape}, not {(len(self), columns)}")

    @property
    def velocity(self) -> np.ndarray:
        """(n,) int8 dynamic classes of the notes, -100 for tokens without one."""
        return self.token_labels[VELOCITY.name]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """(p,) int64 tokens of each piece."""
        return np.diff(self.offsets)

    def ids_of(self, piece: int) -> np.ndarray:
        """Select the (T, F) or (T,) ids of a piece."""
        return self.ids[self.offsets[piece] : self.offsets[piece + 1]]

    def fingerprints_of(self, pieces: Sequence[int] | np.ndarray) -> Fingerprints:
        """Select the fingerprints of pieces; without any, those of names and groups alone."""
        if self.fingerprints is not None:
            return self.fingerprints.take(pieces)
        groups = [group_name(self.corpora[i], self.groups[i]) for i in pieces]
        return Fingerprints.of_names([self.pieces[i] for i in pieces], groups)

    def feature_columns(self, names: Sequence[str]) -> np.ndarray:
        """Select (p, C) float32 features of all pieces, in the order of the names.

        Raises:
            ValueError: a feature that the file lacks.
        """
        column = {name: i for i, name in enumerate(self.feature_names)}
        if missing := [name for name in names if name not in column]:
            raise ValueError(f"the tokens come without the features {', '.join(missing[:5])}")
        return self.features[:, [column[name] for name in names]]


def save_tokens(
    rows: Dataset | TokenFile | Iterable[Mapping[str, Any]],
    path: str | Path,
    vocabulary: TokenVocabulary | None = None,
) -> None:
    """Write a token file.

    Args:
        rows: a data set that `symbolic.data.build_token_dataset` returned, also after `filter` and
            the like; a token file; or rows with the columns of such a data set, of which only
            `input_ids` is required.
        path: ends with `.npz` (compressed) or `.safetensors` (memory-mapped when it is read).
        vocabulary: of the ids; data sets and token files have their own.

    Raises:
        ValueError: another suffix, no rows, no vocabulary, or ids outside of it.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path}: a token file ends with {' or '.join(SUFFIXES)}")
    tokens = rows if isinstance(rows, TokenFile) else token_file(rows, vocabulary)
    header = {"format": FORMAT, "version": VERSION, "scheme": tokens.vocabulary.to_dict()}
    header |= {name: getattr(tokens, name) for name in NAMES}
    header["feature_names"] = list(tokens.feature_names)
    arrays = {"ids": tokens.ids, "offsets": tokens.offsets}
    for name, values in tokens.token_labels.items():
        arrays[name if name == VELOCITY.name else TOKEN_LABEL + name] = values
    if tokens.feature_names:
        arrays["features"] = tokens.features
    arrays |= {f"label.{name}": values for name, values in tokens.labels.items()}
    if tokens.fingerprints is not None:
        stored = tokens.fingerprints.arrays()
        arrays |= {FINGERPRINT + name: array for name, array in stored.items()}
    text = json.dumps(header)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        everything: dict[str, Any] = {"header": np.frombuffer(text.encode(), np.uint8), **arrays}
        np.savez_compressed(path, **everything)
    else:
        from safetensors.numpy import save_file

        path.touch()
        mode = path.stat().st_mode
        arrays = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
        save_file(arrays, path, metadata={"header": text})
        path.chmod(mode)  # safetensors leaves the file readable by the owner alone


def load_tokens(path: str | Path) -> TokenFile:
    """Read a token file; the arrays of a `.safetensors` file are memory-mapped.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another kind of file, or one that is damaged or of a later version.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path}: a token file ends with {' or '.join(SUFFIXES)}")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such token file")
    try:
        text, arrays = _read_npz(path) if path.suffix == ".npz" else _read_safetensors(path)
        header = json.loads(text)
        if header["format"] != FORMAT:
            raise ValueError("it has another format")
        if header["version"] != VERSION:
            raise ValueError(f"version {header['version']}, not the {VERSION} that is read here")
        token_labels = {VELOCITY.name: arrays.pop(VELOCITY.name)}
        for name in [name for name in arrays if name.startswith(TOKEN_LABEL)]:
            token_labels[name.removeprefix(TOKEN_LABEL)] = arrays.pop(name)
        known = {
            name.removeprefix(FINGERPRINT): arrays.pop(name)
            for name in [name for name in arrays if name.startswith(FINGERPRINT)]
        }
        return TokenFile(
            TokenVocabulary.from_dict(header["scheme"]),
            arrays.pop("ids"),
            arrays.pop("offsets"),
            token_labels,
            features=arrays.pop("features", np.zeros((0, 0), np.float32)),
            feature_names=header.get("feature_names", []),
            fingerprints=Fingerprints.of_arrays(known) if known else None,
            labels={name.removeprefix("label."): values for name, values in arrays.items()},
            **{name: header[name] for name in NAMES},
        )
    except (ValueError, KeyError, TypeError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{path}: not a token file that can be read: {reason}") from error


def _read_npz(path: Path) -> tuple[bytes, dict[str, np.ndarray]]:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return arrays.pop("header").tobytes(), arrays


def _read_safetensors(path: Path) -> tuple[str, dict[str, np.ndarray]]:
    from safetensors import SafetensorError, safe_open

    try:
        # Through torch, whose tensors are maps of the file; those for numpy are copies.
        with safe_open(path, framework="pt") as file:
            arrays = {name: file.get_tensor(name).numpy() for name in file.keys()}  # noqa: SIM118 - no dict
            return (file.metadata() or {})["header"], arrays
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def token_file(
    rows: Dataset | Iterable[Mapping[str, Any]],
    vocabulary: TokenVocabulary | None = None,
    feature_names: Sequence[str] = (),
) -> TokenFile:
    """Join rows to a token file in memory; rows and errors are those of `save_tokens`.

    Args:
        rows: pieces.
        vocabulary: of the ids.
        feature_names: names of the column `features`, for rows that are not a data set.
    """
    records: Sequence[Mapping[str, Any]]
    if hasattr(rows, "with_format"):
        dataset = cast("Dataset", rows)
        vocabulary = vocabulary or token_vocabulary(dataset)
        feature_names = feature_names or dataset_record(dataset)["features"]
        lengths = list(dataset["length"])
        records = cast("Sequence[Mapping[str, Any]]", dataset.with_format("numpy"))
    else:
        records = list(cast("Iterable[Mapping[str, Any]]", rows))
        lengths = [len(row["input_ids"]) for row in records]
    if vocabulary is None:
        raise ValueError("rows without a vocabulary: give that of their ids")
    if not len(records):
        raise ValueError("no rows to write")
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    n = int(offsets[-1])
    shape = (n,) if vocabulary.is_flat else (n, len(vocabulary.field_names))
    ids = np.empty(shape, vocabulary.dtype)
    token_labels = {
        task.name: task.empty_labels(n).numpy().astype(token_dtype(task))
        for task in derived_tasks("token")
    }
    named: dict[str, Any] = {name: [] for name in NAMES}
    labels: dict[str, list] = {}
    reserved = reserved_columns()
    features = np.zeros((len(records), len(feature_names)), np.float32)
    for number, (row, start, end) in enumerate(zip(records, offsets, offsets[1:], strict=False)):
        piece_ids = np.asarray(row["input_ids"])
        vocabulary.check(piece_ids)
        ids[start:end] = piece_ids
        for name, values in token_labels.items():
            if name in row:
                values[start:end] = row[name]
        path = str(row.get("path", number))
        described = [PurePath(path).name, row.get("group", path)]
        described += [row.get(name, "") for name in ("corpus", "split")]
        for name, value in zip(NAMES, described, strict=True):
            named[name].append(str(value))
        if feature_names:
            features[number] = row["features"]
        for name in row.keys() - reserved:
            labels.setdefault(name, []).append(row[name])
    return TokenFile(
        vocabulary,
        ids,
        offsets,
        token_labels,
        {name: _label_array(labels[name]) for name in sorted(labels)},
        **named,
        features=features,
        feature_names=list(feature_names),
    )


def _label_array(values: list) -> np.ndarray:
    array = np.array(values)
    return array.astype(np.int16 if array.dtype.kind == "i" else np.float32)
