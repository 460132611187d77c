"""Train a model from a token file, as scripts/make_tokens.py writes it; `--help` lists everything.

Needs torch, transformers, accelerate, numpy and safetensors, nothing else.
"""

from symbolic.commands.train_tokens import main

if __name__ == "__main__":
    raise SystemExit(main())
