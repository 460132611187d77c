"""Tokenize corpora once, into a token file that scripts/train_tokens.py trains from."""

from symbolic.commands.make_tokens import main

if __name__ == "__main__":
    raise SystemExit(main())
