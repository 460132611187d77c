"""`symbolic make-tokens`: corpora into a token file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symbolic.commands.arguments import CORPORA, Parser, add_fields, guarded, values_of
from symbolic.data import (
    DataArguments,
    build_token_dataset,
    held_out,
    save_tokens,
    unlabelled_pieces_in,
)
from symbolic.data.audit.fingerprints import assert_not_held_out
from symbolic.data.tokens.build import fingerprinted
from symbolic.features import named_columns
from symbolic.tokenizers import build_tokenizer


@guarded
def main(arguments: Sequence[str] | None = None) -> None:
    """Tokenize corpora once, into a token file for `symbolic train-tokens`."""
    parser = Parser(
        prog="symbolic make-tokens",
        description="Tokenize corpora once, into a token file to train from.",
    )
    parser.add_argument("output", help="token file: .npz or .safetensors")
    add_fields(parser, DataArguments, *CORPORA, "hold_out")
    parser.add_argument("--unlabelled", nargs="*", default=[], help="folders of any music")
    parser.add_argument("--tokenizer", default="cp-performance", help="as in symbolic train")
    parser.add_argument(
        "--features", default="none", help="features of whole pieces, as in symbolic train"
    )
    parser.add_argument("--cache-dir", help="folder of the cached data set")
    options = parser.parse_args(arguments)
    pieces = unlabelled_pieces_in(options.unlabelled)
    data = DataArguments(**values_of(options, *CORPORA, "hold_out"))
    if data.folders:
        train, test = held_out(data)
        assert_not_held_out(pieces, test)
        pieces += [replace(piece, split="train") for piece in train]
        pieces += [replace(piece, split="held_out") for piece in test]
    rows = build_token_dataset(
        pieces,
        build_tokenizer(options.tokenizer),
        options.cache_dir,
        feature_names=named_columns(options.features),
    )
    save_tokens(fingerprinted(rows), options.output)
    print(f"{options.output}: {len(rows)} of {len(pieces)} pieces, {sum(rows['length'])} tokens")
