"""Train a model from a token file, as scripts/make_tokens.py writes it; `--help` lists everything.

Needs torch, transformers, accelerate, numpy and safetensors, nothing else.
"""

from transformers import HfArgumentParser, TrainingArguments

from symbolic.building import TRAINING_DEFAULTS, ShapeArguments
from symbolic.token_training import TokenArguments, train_tokens


def main() -> None:
    parser = HfArgumentParser((TokenArguments, ShapeArguments, TrainingArguments))
    parser.set_defaults(**TRAINING_DEFAULTS)
    train_tokens(*parser.parse_args_into_dataclasses())


if __name__ == "__main__":
    main()
